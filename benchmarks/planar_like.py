"""Networks of the same character as the planar family of CommaLab (Pisa), for sizes that are not at hand.

What was read off planar100 to planar800: places on a square joined by a planar graph of 5.3 to 5.7 arcs a
place, every arc both ways with one cost and one capacity; costs run over four to five powers of ten with the
square of the length; capacities are uniform between c and 2c with c from 0.08 to 0.36 of the largest
load were every flow on its shortest way (0.2 here);
demands are uniform from 2 to 11; pairs are random. ``planar_like(1000)`` and ``planar_like(2500)`` take the
sizes of planar1000 and planar2500. Same arguments, same arrays.

``python benchmarks/planar_like.py 1000`` solves one and prints a line a round.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from keruen.solve.flows import Multiflow, solve_multiflow

Floats = NDArray[np.float64]
Ints = NDArray[Any]
SIZES = {150: (850, 2239), 300: (1680, 3584), 500: (2842, 3525), 800: (4388, 12756), 1000: (5200, 20000), 2500: (12990, 81430)}


def planar_like(places: int, arcs: int | None = None, flows: int | None = None, *, tight: float = 0.2, seed: int = 1) -> Multiflow:
    """A network; ``tight``: least capacity over the largest load were every flow on its shortest way."""
    usual = SIZES.get(places, (int(5.3 * places), 12 * places))
    edges, flows = (arcs or usual[0]) // 2, flows or usual[1]
    rng = np.random.default_rng(places * 1009 + seed)
    points = rng.random((places, 2))
    triangles = Delaunay(points).simplices
    pairs = np.unique(np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0)
    length = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(sp.csr_matrix((length, (pairs[:, 0], pairs[:, 1])), shape=(places, places))).tocoo()
    in_tree = np.isin(pairs[:, 0] * places + pairs[:, 1], np.minimum(tree.row, tree.col).astype(np.int64) * places + np.maximum(tree.row, tree.col))
    rank = np.where(in_tree, -1.0, rng.random(len(pairs)))
    pairs = pairs[np.sort(np.argsort(rank)[: min(edges, len(pairs))])].astype(np.int64)
    squared = ((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1)
    cost = np.maximum(1, np.round(squared * 1e6))
    od = rng.choice(places * (places - 1), flows, replace=False)
    origin, destination = od // (places - 1), od % (places - 1)
    destination = destination + (destination >= origin)
    demand = rng.integers(2, 12, flows).astype(float)
    tail, head = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    cost = np.r_[cost, cost]
    order = np.lexsort((destination, origin))
    origin, destination, demand = origin[order], destination[order], demand[order]
    least = tight * float(_all_or_nothing(places, tail, head, cost, origin, destination, demand).max())
    capacity = np.round(rng.uniform(1, 2, len(pairs)) * least)
    return Multiflow(places, tail, head, cost, np.r_[capacity, capacity], origin, destination, demand, name=f"planar-like-{places}")


def _all_or_nothing(n: int, tail: Ints, head: Ints, cost: Floats, origin: Ints, destination: Ints, demand: Floats) -> Floats:
    """Load by arc with every flow on its shortest way."""
    sources, row = np.unique(origin, return_inverse=True)
    _, before = dijkstra(sp.csr_matrix((cost, (tail, head)), shape=(n, n)), indices=sources, return_predecessors=True)
    arc_of = {(t, h): i for i, (t, h) in enumerate(zip(tail.tolist(), head.tolist(), strict=True))}
    load = np.zeros(len(tail))
    for k, (o, v) in enumerate(zip(origin.tolist(), destination.tolist(), strict=True)):
        while v != o:
            u = int(before[row[k], v])
            load[arc_of[u, v]] += demand[k]
            v = u
    return load


def main() -> None:
    m = planar_like(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    began = time.perf_counter()

    def say(round_: int, cost: float, bound: float) -> None:
        print(f"{round_:4d} {time.perf_counter() - began:8.2f} s  cost {cost:.8g}  bound {bound:.8g}", flush=True)

    answer = solve_multiflow(m, gap=float(sys.argv[2]) if len(sys.argv) > 2 else 1e-5, progress=say, time_limit=600)
    print(f"gap {answer.gap:.2e}, violation {answer.violation:.1e}, {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
