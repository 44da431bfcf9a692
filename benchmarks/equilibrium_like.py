"""Road networks of any size, made like the published ones: streets on a jittered grid, faster and wider roads every
few blocks, zones tied on by connectors without delay, trips that fall off with distance. The same in every run."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["road_like"]


def road_like(nodes: int, zones: int, pairs: int, load: float = 1.0, seed: int = 1) -> dict[str, Any]:
    """Arrays of ``keruen.Assignment``: about ``nodes`` crossings, ``zones`` that may not be passed, ``pairs`` with trips.

    load: how full the roads are; at 1 the fullest carry two to three times their capacity at equilibrium.
    """
    draw = np.random.default_rng(seed)
    side = max(2, round(nodes**0.5))
    n = side * side
    x, y = (a.ravel() + draw.uniform(-0.3, 0.3, n) for a in np.meshgrid(np.arange(side), np.arange(side)))
    number = np.arange(n).reshape(side, side)
    a = np.r_[number[:, :-1].ravel(), number[:-1].ravel()]
    b = np.r_[number[:, 1:].ravel(), number[1:].ravel()]
    line = np.r_[np.repeat(np.arange(side), side - 1), np.tile(np.arange(side), side - 1)]
    rank = np.where(line % 16 == 8, 2, np.where(line % 4 == 2, 1, 0))
    kept = (rank > 0) | (draw.random(len(a)) < 0.65)
    a, b, rank = a[kept], b[kept], rank[kept]
    seats = draw.choice(n, zones, replace=False)
    near = [seats, np.minimum(seats + 1, n - 1), np.maximum(seats - 1, 0)]
    zone, place = np.tile(np.arange(zones), 3), np.concatenate(near)
    tail = np.r_[zones + a, zones + b, zone, zones + place]
    head = np.r_[zones + b, zones + a, zones + place, zone]
    far = np.hypot(x[a] - x[b], y[a] - y[b])
    free, capacity = far * np.array([1.0, 0.6, 0.35])[rank], np.array([600.0, 1500.0, 5000.0])[rank]
    ties = 2 * len(zone)
    free, capacity = np.r_[free, free, np.full(ties, 0.3)], np.r_[capacity, capacity, np.full(ties, 1e5)]
    scale = np.r_[np.full(2 * len(a), 0.15), np.zeros(ties)] * free
    weight = draw.lognormal(0, 0.8, zones)
    gap = np.hypot(x[seats][:, None] - x[seats], y[seats][:, None] - y[seats])
    trips = weight[:, None] * weight * np.exp(-gap / (side / 6)) * draw.lognormal(0, 0.5, gap.shape)
    np.fill_diagonal(trips, 0.0)
    least = np.partition(trips.ravel(), -min(pairs, zones * (zones - 1)))[-min(pairs, zones * (zones - 1))]
    origin, destination = np.nonzero(trips >= least)
    demand = trips[origin, destination]
    room = float(capacity[: len(a)] @ far) * 2
    demand *= load * room / float(demand @ gap[origin, destination]) * 0.55
    return {"n": zones + n, "tail": tail, "head": head, "free": free, "scale": scale, "capacity": capacity, "power": np.full(len(tail), 4.0),
            "origin": origin, "destination": destination, "demand": demand, "first_thru": zones}  # fmt: skip
