"""What every engine for many flows stands on: the flows that must move, shortest ways, and a store of paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keruen.errors import SolveError
from keruen.solve.flows import kernels
from keruen.solve.interior import Workers

__all__ = ["CannotMove", "Outcome", "Paths", "Problem", "Watch", "fits"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]
SHARES = 16  # of the origins, whatever the number of threads
ROOM = 1e-9  # how far above its capacity a load may stand, relative and absolute


class CannotMove(SolveError):
    """Some flows must move and cannot: no way, or no room."""


@dataclass(frozen=True)
class Problem:
    """Flows with demand and different ends, sorted by origin, on the arcs that can carry something.

    tail, head, cost, capacity: all arcs of the caller. origin, goal, demand, unmet: by flow. origins and
    of_origin: each origin once, and where its flows begin. first, to, arc: the usable arcs by tail.
    """

    n: int
    tail: Ints
    head: Ints
    cost: Floats
    capacity: Floats
    origin: Ints
    goal: Ints
    demand: Floats
    unmet: float
    workers: Workers
    origins: Ints = field(init=False)
    of_origin: Ints = field(init=False)
    first: Ints = field(init=False)
    to: Ints = field(init=False)
    arc: Ints = field(init=False)

    def __post_init__(self) -> None:
        origins, begin = np.unique(self.origin, return_index=True)
        usable = np.flatnonzero((self.capacity > 0) & (self.tail != self.head))
        arc = usable[np.argsort(self.tail[usable], kind="stable")].astype(np.int32)
        first = np.r_[0, np.cumsum(np.bincount(self.tail[arc], minlength=self.n))].astype(np.int64)
        for name, value in (("origins", origins.astype(np.int64)), ("of_origin", np.r_[begin, len(self.origin)].astype(np.int64)),
                            ("first", first), ("to", self.head[arc].astype(np.int32)), ("arc", arc)):  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def arcs(self) -> int:
        return len(self.tail)

    def price(self, mu: Floats, beat: Floats) -> tuple[Floats, Ints, Ints, Ints]:
        """Distances by flow at arc prices ``cost + mu``, and the paths of flows that are shorter than ``beat``.

        Returns (distance, flows given a path, start, arcs).
        """
        weight = (self.cost + mu)[self.arc]
        goal, origins = self.goal, self.origins
        cuts = np.linspace(0, len(origins), min(SHARES, len(origins)) + 1).astype(int) if len(origins) else np.zeros(1, int)

        def share(i: int) -> Any:
            return kernels.shortest_ways(self.first, self.to, self.arc, weight, origins, self.of_origin, goal, beat, int(cuts[i]), int(cuts[i + 1]))

        found = self.workers.map(share, len(cuts) - 1)
        if not found:
            return np.zeros(0), np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int32)
        sizes = np.concatenate([np.diff(f[2]) for f in found])
        return (
            np.concatenate([f[0] for f in found]),
            np.concatenate([f[1] for f in found]),
            np.r_[0, np.cumsum(sizes)].astype(np.int64),
            np.concatenate([f[3] for f in found]),
        )

    def need_ways(self, distance: Floats) -> None:
        """Raise CannotMove where a flow that must move has no way at all."""
        if not np.isfinite(self.unmet) and not np.isfinite(distance).all():
            none = np.flatnonzero(~np.isfinite(distance))
            more = f", nor for {len(none) - 1:,} more flows" if len(none) > 1 else ""
            raise CannotMove(f"there is no way with any capacity from {self.origin[none[0]]} to {self.goal[none[0]]}{more}")

    def bound(self, mu: Floats, distance: Floats) -> float:
        """A lower bound on the cost of any plan: it holds for every mu >= 0 (weak duality)."""
        held = mu > 0
        return float(self.demand @ np.minimum(distance, self.unmet)) - float(mu[held] @ self.capacity[held])


class Paths:
    """A store of paths that only grows; ``active`` ones take part. A path without arcs leaves its flow unmet."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.count = 0
        self._start, self._arcs = np.zeros(1025, np.int64), np.empty(4096, np.int32)
        self._flow, self._cost, self._active = np.empty(1024, np.int64), np.empty(1024), np.empty(1024, bool)

    @property
    def start(self) -> Ints:
        return self._start[: self.count + 1]

    @property
    def arcs(self) -> Ints:
        return self._arcs[: self._start[self.count]]

    @property
    def flow(self) -> Ints:
        return self._flow[: self.count]

    @property
    def cost(self) -> Floats:
        return self._cost[: self.count]

    @property
    def active(self) -> NDArray[np.bool_]:
        return self._active[: self.count]

    def add(self, flow: Ints, start: Ints, arcs: Ints) -> None:
        """Add paths given as :meth:`Problem.price` gives them; unmet ones have no arcs."""
        new, used = len(flow), int(self._start[self.count])
        if not new:
            return
        while self.count + new > len(self._flow):
            self._flow, self._cost, self._active = (np.concatenate((a, np.empty_like(a))) for a in (self._flow, self._cost, self._active))
            self._start = np.concatenate((self._start, np.zeros(len(self._start) - 1, np.int64)))
        while used + len(arcs) > len(self._arcs):
            self._arcs = np.concatenate((self._arcs, np.empty_like(self._arcs)))
        here = slice(self.count, self.count + new)
        self._arcs[used : used + len(arcs)] = arcs
        self._start[self.count + 1 : self.count + new + 1] = start[1:] + used
        self._flow[here], self._active[here] = flow, True
        self._cost[here] = np.where(np.diff(start) > 0, kernels.path_prices(start, arcs, self.problem.cost), self.problem.unmet)
        self.count += new

    def best(self, mu: Floats) -> tuple[Floats, Floats]:
        """(price of each path at mu, least of the active ones by flow; inf where a flow has none)."""
        price = self.cost + kernels.path_prices(self.start, self.arcs, mu)
        least = np.full(len(self.problem.demand), np.inf)
        np.minimum.at(least, self.flow[self.active], price[self.active])
        return price, least

    def price_out(self, mu: Floats) -> tuple[Floats, int]:
        """Add each flow's shortest way where it is shorter than all active ones; (distance, how many were added)."""
        _, least = self.best(mu)
        return self.price_below(mu, least)

    def price_below(self, mu: Floats, least: Floats) -> tuple[Floats, int]:
        """The same against given prices."""
        p = self.problem
        beat = least * (1 - 1e-11)
        distance, flow, start, arcs = p.price(mu, np.minimum(beat, p.unmet))
        self.add(flow, start, arcs)
        leave = np.flatnonzero((distance >= p.unmet) & (beat > p.unmet) & np.isfinite(least)) if np.isfinite(p.unmet) else np.zeros(0, np.int64)
        new = np.flatnonzero(~np.isfinite(least) & (distance >= p.unmet)) if np.isfinite(p.unmet) else leave
        leave = np.union1d(leave, new)
        self.add(leave, np.zeros(len(leave) + 1, np.int64), np.zeros(0, np.int32))
        return distance, len(flow) + len(leave)

    def loads(self, x: Floats) -> Floats:
        """Load by arc of quantities by path."""
        return kernels.loads(self.start, self.arcs, x, self.problem.arcs)  # type: ignore[no-any-return]

    def grouped(self) -> tuple[Ints, Ints]:
        """Active paths by flow: (first, listed)."""
        at = np.flatnonzero(self.active)
        listed = at[np.argsort(self.flow[at], kind="stable")]
        return np.r_[0, np.cumsum(np.bincount(self.flow[at], minlength=len(self.problem.demand)))].astype(np.int64), listed


@dataclass
class Outcome:
    """What an engine found: paths with quantities, and arc prices for the bound. ``closed``: to the gap asked for."""

    paths: Paths
    x: Floats | None
    mu: Floats
    rounds: int
    closed: bool
    note: str = ""


class Watch:
    """Time left, and the caller's wish to hear about rounds."""

    def __init__(self, limit: float | None, progress: Callable[[int, float, float], None] | None) -> None:
        self._end = monotonic() + limit if limit is not None else np.inf
        self._progress = progress

    @property
    def over(self) -> bool:
        return monotonic() > self._end

    @property
    def left(self) -> float:
        return float(self._end - monotonic())

    def say(self, round_: int, objective: float, bound: float) -> None:
        if self._progress is not None:
            self._progress(round_, objective, bound)


def fits(load: Floats, capacity: Floats) -> bool:
    """Whether no load stands above its capacity, beyond rounding."""
    return bool((load <= capacity * (1 + ROOM) + ROOM).all())
