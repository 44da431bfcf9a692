"""The ways among which shippers choose: the nearest ones between every two ends of a group, and how much they overlap.

Ways come in the order of their cost, by a search that knows the distance still to go (Hart, Nilsson and Raphael 1968) and
keeps every simple path it meets. The overlap is the path size of Ben-Akiva and Bierlaire (1999): the share of a way that
it has to itself, with the cost of its parts for their length.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.solve.pathform import Graph, PathForm

__all__ = ["choices", "incidence", "path_sizes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = np.inf
MOST = 12  # ways between two ends
LOOKED = 4_000  # partial ways looked at for two ends
WIDER = 1.6  # the dearest way counted, against the cheapest
APART = 40.0  # the same, in MUSD a unit on top


def choices(form: PathForm, cost: Floats, shut: NDArray[np.bool_], most: int = MOST) -> tuple[Ints, Ints]:
    """Ways of every group, as (start (ways+1,), columns), each from its entering to its leaving column.

    cost (columns,): not negative on edges. shut (columns,): columns that no way may use.
    """
    start, columns = [0], list[int]()
    for g in range(len(form.parts) - 1):
        enters = range(form.enters.start[g], form.enters.start[g + 1])
        leaves = range(form.leaves.start[g], form.leaves.start[g + 1])
        for k in leaves:
            out, goal = int(form.leaves.column[k]), int(form.leaves.vertex[k])
            if shut[out]:
                continue
            home = _distances(form.behind, cost, shut, goal)
            for j in enters:
                into, root = int(form.enters.column[j]), int(form.enters.vertex[j])
                if shut[into] or root not in home:
                    continue
                for way in _nearest(form.ahead, cost, shut, home, root, goal, most):
                    columns += [into, *way, out]
                    start.append(len(columns))
    return np.array(start, np.int64), np.array(columns, np.int64)


def _distances(behind: Graph, cost: Floats, shut: NDArray[np.bool_], goal: int) -> dict[int, float]:
    """Least cost from every vertex to the goal (Dijkstra 1959)."""
    done: dict[int, float] = {}
    heap = [(0.0, goal)]
    while heap:
        far, v = heapq.heappop(heap)
        if v in done:
            continue
        done[v] = far
        for e in range(behind.start[v], behind.start[v + 1]):
            c, w = int(behind.column[e]), int(behind.onward[e])
            if w not in done and not shut[c]:
                heapq.heappush(heap, (far + max(0.0, float(cost[c])), w))
    return done


def _nearest(ahead: Graph, cost: Floats, shut: NDArray[np.bool_], home: dict[int, float], root: int, goal: int, most: int) -> list[list[int]]:
    """Up to ``most`` simple ways in the order of their cost, as lists of edge columns."""
    found: list[list[int]] = []
    limit = max(WIDER * home[root], home[root] + APART)
    heap: list[tuple[float, int, float, int, tuple[int, ...], frozenset[int]]] = [(home[root], 0, 0.0, root, (), frozenset([root]))]
    order = 0
    for _ in range(LOOKED):
        if not heap or len(found) >= most:
            break
        _, _, far, v, way, seen = heapq.heappop(heap)
        if v == goal:
            found.append(list(way))
            continue
        for e in range(ahead.start[v], ahead.start[v + 1]):
            c, w = int(ahead.column[e]), int(ahead.onward[e])
            if w in seen or shut[c] or w not in home:
                continue
            there = far + max(0.0, float(cost[c]))
            if there + home[w] <= limit:
                order += 1
                heapq.heappush(heap, (there + home[w], order, there, w, (*way, c), seen | {w}))
    return found


def path_sizes(start: Ints, columns: Ints, length: Floats, chooser: Ints) -> Floats:
    """Path size of every way, 0 to 1: the mean over its length of 1 / (ways of the same chooser with that part).

    length (columns,): 0 or more; a way without length has its share of those like it. chooser (ways,): who chooses.
    """
    ways = len(start) - 1
    hops = np.diff(start)
    whose = np.repeat(chooser, hops)
    key = whose * (int(columns.max(initial=0)) + 1) + columns
    _, which, count = np.unique(key, return_inverse=True, return_counts=True)
    weight = np.maximum(length[columns], 0.0) + 1e-9
    row = np.repeat(np.arange(ways), hops)
    whole = np.bincount(row, weight, minlength=ways)
    alone = np.bincount(row, weight / count[which], minlength=ways)
    return np.asarray(np.where(whole > 0, alone / np.where(whole > 0, whole, 1.0), 1.0))


def incidence(start: Ints, columns: Ints, width: int) -> sparse.csr_array:
    """(ways, columns) with a 1 for each column of a way."""
    return sparse.csr_array((np.ones(len(columns)), columns, start), shape=(len(start) - 1, width))
