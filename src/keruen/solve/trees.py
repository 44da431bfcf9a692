"""Cheapest ways within flow groups: compiled kernels over one graph in which each group is a part of its own.

Prices may make a way cheaper than nothing (a floor that still pays), so a vertex may be improved after it was
settled; a circle that earns is found and given back instead of going round in it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["spread_costs", "walk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TIE = 1e-12
MANY = 50


@njit(cache=True, nogil=True)
def spread_costs(
    parts: Ints, start: Ints, onward: Ints, column: Ints, cost: Floats, seed_start: Ints, seed_vertex: Ints, seed_column: Ints,
    asked: Bools, distance: Floats, via: Ints,
) -> int:  # fmt: skip
    """Least cost to every vertex from the seeds of its part, as Dijkstra (1959) with a binary heap.

    parts (groups+1,) first vertex of each; start (vertices+1,), onward, column: who follows a vertex, by which
    column; cost (columns,), inf is shut; seed_start (groups+1,), seed_vertex, seed_column: where a part begins;
    asked (groups,): the others are left out, and nothing leads there.
    Fills distance (vertices,), inf where nothing leads, and via (vertices,), the column one came by, -1 for none.
    Returns -1, or a vertex on or behind a circle that earns.
    """
    groups = len(parts) - 1
    most = 0
    for g in range(groups):
        most = max(most, parts[g + 1] - parts[g])
    heap = np.empty(4 * most + 16, np.int64)
    keys = np.empty(4 * most + 16, np.float64)
    for g in range(groups):
        first, last = parts[g], parts[g + 1]
        for v in range(first, last):
            distance[v] = np.inf
            via[v] = -1
        if not asked[g]:
            continue
        size = 0
        for k in range(seed_start[g], seed_start[g + 1]):
            v, d = seed_vertex[k], cost[seed_column[k]]
            if d < distance[v]:
                distance[v] = d
                via[v] = seed_column[k]
        for v in range(first, last):
            if distance[v] < np.inf:
                size = _push(heap, keys, size, v, distance[v])
        pops, limit = 0, MANY * (last - first) + 1000
        while size > 0:
            v, d = heap[0], keys[0]
            size = _pop(heap, keys, size)
            if d > distance[v]:
                continue
            pops += 1
            if pops > limit:
                return int(v)
            for k in range(start[v], start[v + 1]):
                c = cost[column[k]]
                if c == np.inf:
                    continue
                w = onward[k]
                # Ties stay with the first found, so that rounding makes no circle.
                if d + c < distance[w] - TIE * max(1.0, abs(distance[w])) or distance[w] == np.inf:
                    distance[w] = d + c
                    via[w] = column[k]
                    if size + 1 >= len(heap):
                        heap, keys = np.concatenate((heap, np.empty_like(heap))), np.concatenate((keys, np.empty_like(keys)))
                    size = _push(heap, keys, size, w, distance[w])
    return -1


@njit(cache=True, nogil=True)
def _push(heap: Ints, keys: Floats, size: int, vertex: int, key: float) -> int:
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if keys[up] <= key:
            break
        heap[i], keys[i] = heap[up], keys[up]
        i = up
    heap[i], keys[i] = vertex, key
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap: Ints, keys: Floats, size: int) -> int:
    size -= 1
    vertex, key = heap[size], keys[size]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and keys[down + 1] < keys[down]:
            down += 1
        if keys[down] >= key:
            break
        heap[i], keys[i] = heap[down], keys[down]
        i = down
    heap[i], keys[i] = vertex, key
    return size


@njit(cache=True, nogil=True)
def walk(vertices: Ints, via: Ints, back: Ints, start: Ints, out: Ints) -> int:
    """Columns from each vertex back along ``via`` to where its tree began.

    back (columns,): the vertex a column came from, -1 where the tree begins. Fills start (vertices+1,) and
    out; returns how many columns, or minus the room needed if ``out`` is too short.
    """
    used = 0
    start[0] = 0
    for i in range(len(vertices)):
        v = vertices[i]
        while v >= 0:
            c = via[v]
            if used < len(out):
                out[used] = c
            used += 1
            v = back[c]
        start[i + 1] = used
    return used if used <= len(out) else -used
