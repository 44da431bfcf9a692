"""Compiled loops on graphs: shortest ways from many origins, prices of stored paths, paths out of flows.

Graphs are in compressed rows: the arcs that leave vertex v stand at ``first[v]:first[v + 1]`` of
``to`` (head) and ``weight``; ``arc`` holds the caller's number of each. Every kernel works alone on its
share and frees the interpreter's lock, so that callers run shares on threads; which thread ran what
never changes a result. Compiled code is kept beside this file (numba's cache).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["ancestors", "entries", "loads", "path_prices", "put_way", "shortest_ways", "survey", "unravel", "walk_ends"]

Array = Any  # numba sees through annotations; strict types would only repeat the docstrings


@njit(cache=True, nogil=True)
def _sift_up(heap: Array, place: Array, key: Array, i: int) -> None:
    v = heap[i]
    k = key[v]
    while i > 0:
        parent = (i - 1) >> 2
        u = heap[parent]
        if key[u] <= k:
            break
        heap[i] = u
        place[u] = i
        i = parent
    heap[i] = v
    place[v] = i


@njit(cache=True, nogil=True)
def _sift_down(heap: Array, place: Array, key: Array, size: int) -> None:
    v = heap[0]
    k = key[v]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        last = min(child + 4, size)
        best = child
        for j in range(child + 1, last):
            if key[heap[j]] < key[heap[best]]:
                best = j
        u = heap[best]
        if key[u] >= k:
            break
        heap[i] = u
        place[u] = i
        i = best
    heap[i] = v
    place[v] = i


@njit(cache=True, nogil=True)
def put_way(paths: Array, used: int, arc: Array, came: Array, source: Array, root: int, goal: int) -> Any:
    """Write the arcs of the way from a root to a goal behind ``paths[:used]``. Returns the array, a longer one where it was full, and where the way ends."""
    hops = 0
    v = goal
    while v != root:
        hops += 1
        v = source[v]
    if used + hops > len(paths):
        longer = np.empty(2 * (used + hops), np.int32)
        longer[:used] = paths[:used]
        paths = longer
    v = goal
    at = used + hops
    while v != root:
        at -= 1
        paths[at] = arc[came[v]]
        v = source[v]
    return paths, used + hops


@njit(cache=True, nogil=True)
def shortest_ways(
    first: Array, to: Array, arc: Array, weight: Array, origins: Array, of_origin: Array, goal: Array, beat: Array, begin: int, end: int
) -> Array:
    """Shortest ways for the flows of ``origins[begin:end]``, and the paths of those that beat a price.

    first (n + 1,), to, arc, weight (m,): the graph, weight >= 0. of_origin (origins + 1,): where the flows of
    each origin begin in ``goal`` (destination, flows sorted by origin) and ``beat`` (price to beat).
    Returns distance (inf where there is no way), the positions of the flows whose path is given, and these
    paths as (start, arcs). Dijkstra with a heap of four branches, stopped once every goal is reached
    (Dijkstra 1959; Johnson 1975).
    """
    n = len(first) - 1
    f0 = of_origin[begin]
    distance = np.full(of_origin[end] - f0, np.inf)
    key = np.empty(n)
    came = np.empty(n, np.int64)  # position of the arc on the way in
    source = np.empty(n, np.int64)
    place = np.empty(n, np.int64)  # -2 not seen, -1 done, else position in the heap
    heap = np.empty(n, np.int64)
    wanted = np.zeros(n, np.uint8)
    who = np.empty(max(1, len(distance)), np.int64)
    start = np.zeros(len(distance) + 1, np.int64)
    paths = np.empty(1024, np.int32)
    count = 0
    for i in range(begin, end):
        place[:] = -2
        key[:] = np.inf
        root = origins[i]
        left = 0
        for k in range(of_origin[i], of_origin[i + 1]):
            if wanted[goal[k]] == 0:
                wanted[goal[k]] = 1
                left += 1
        key[root] = 0.0
        heap[0] = root
        place[root] = 0
        size = 1
        while size > 0:
            v = heap[0]
            size -= 1
            place[v] = -1
            if size > 0:
                heap[0] = heap[size]
                _sift_down(heap, place, key, size)
            if wanted[v] == 1:
                wanted[v] = 0
                left -= 1
                if left == 0:
                    break
            base = key[v]
            for e in range(first[v], first[v + 1]):
                w = to[e]
                if place[w] == -1:
                    continue
                far = base + weight[e]
                if far < key[w]:
                    key[w] = far
                    came[w] = e
                    source[w] = v
                    if place[w] == -2:
                        heap[size] = w
                        place[w] = size
                        size += 1
                    _sift_up(heap, place, key, place[w])
        for k in range(of_origin[i], of_origin[i + 1]):
            v = goal[k]
            wanted[v] = 0
            if place[v] != -1:
                continue
            distance[k - f0] = key[v]
            if key[v] < beat[k]:
                paths, end_of_way = put_way(paths, start[count], arc, came, source, root, v)
                who[count] = k
                count += 1
                start[count] = end_of_way
    return distance, who[:count].copy(), start[: count + 1].copy(), paths[: start[count]].copy()


@njit(cache=True, nogil=True)
def path_prices(start: Array, arcs: Array, weight: Array) -> Array:
    """Sum of ``weight`` (by arc) along each path."""
    out = np.empty(len(start) - 1)
    for p in range(len(out)):
        total = 0.0
        for e in range(start[p], start[p + 1]):
            total += weight[arcs[e]]
        out[p] = total
    return out


@njit(cache=True, nogil=True)
def loads(start: Array, arcs: Array, quantity: Array, m: int) -> Array:
    """Load on each of ``m`` arcs when path p carries ``quantity[p]``."""
    out = np.zeros(m)
    for p in range(len(start) - 1):
        if quantity[p] != 0.0:
            for e in range(start[p], start[p + 1]):
                out[arcs[e]] += quantity[p]
    return out


@njit(cache=True, nogil=True)
def walk_ends(start: Array, arcs: Array, tail: Array, head: Array, origin: Array, destination: Array) -> int:
    """The first path that is no walk from its origin to its destination, or -1."""
    for p in range(len(start) - 1):
        v = origin[p]
        for e in range(start[p], start[p + 1]):
            if tail[arcs[e]] != v:
                return p
            v = head[arcs[e]]
        if v != destination[p]:
            return p
    return -1


@njit(cache=True, nogil=True)
def ancestors(tail: Array, head: Array, n: int) -> Array:
    """Arcs by head in compressed rows: (first, arc)."""
    first = np.zeros(n + 1, np.int64)
    for a in range(len(head)):
        first[head[a] + 1] += 1
    for v in range(n):
        first[v + 1] += first[v]
    at = first.copy()
    arc = np.empty(len(head), np.int64)
    for a in range(len(head)):
        arc[at[head[a]]] = a
        at[head[a]] += 1
    return first, arc


@njit(cache=True, nogil=True)
def unravel(first: Array, arc: Array, tail: Array, flow: Array, root: int, goal: Array, wanted: Array, tiny: float) -> Array:
    """Take the flow from one origin apart into paths, backwards from each goal along the fullest arc.

    first, arc: :func:`ancestors`. flow (m,): by arc, used up. goal, wanted: destination and quantity.
    Returns (goal index, quantity, start, arcs) by path, and what could not be traced by goal. Circles met
    are cancelled.
    """
    n = len(first) - 1
    stamp = np.full(n, -1, np.int64)
    walk = np.empty(n + 1, np.int64)
    who = np.empty(16, np.int64)
    much = np.empty(16)
    start = np.zeros(17, np.int64)
    arcs = np.empty(256, np.int32)
    missing = np.zeros(len(goal))
    count = 0
    for g in range(len(goal)):
        left = wanted[g]
        while left > tiny:
            stamp[:] = -1
            v = goal[g]
            hops = 0
            stamp[v] = 0
            stuck = False
            while v != root:
                best = -1
                for e in range(first[v], first[v + 1]):
                    a = arc[e]
                    if flow[a] > tiny and (best < 0 or flow[a] > flow[best]):
                        best = a
                if best < 0:
                    stuck = True
                    break
                walk[hops] = best
                hops += 1
                v = tail[best]
                if stamp[v] >= 0:
                    back = stamp[v]
                    least = np.inf
                    for j in range(back, hops):
                        least = min(least, flow[walk[j]])
                    for j in range(back, hops):
                        flow[walk[j]] -= least
                        if j > back:
                            stamp[tail[walk[j - 1]]] = -1
                    hops = back
                    stamp[v] = back
                else:
                    stamp[v] = hops
            if stuck:
                missing[g] = left
                break
            much_here = left
            for j in range(hops):
                much_here = min(much_here, flow[walk[j]])
            for j in range(hops):
                flow[walk[j]] -= much_here
            left -= much_here
            if count == len(who):
                who = np.concatenate((who, np.empty_like(who)))
                much = np.concatenate((much, np.empty_like(much)))
                start = np.concatenate((start, np.zeros(count, np.int64)))
            used = start[count]
            while used + hops > len(arcs):
                arcs = np.concatenate((arcs, np.empty_like(arcs)))
            for j in range(hops):
                arcs[used + j] = walk[hops - 1 - j]
            who[count] = g
            much[count] = much_here
            count += 1
            start[count] = used + hops
        if left > 0 and missing[g] == 0.0:
            missing[g] = left
    return who[:count].copy(), much[:count].copy(), start[: count + 1].copy(), arcs[: start[count]].copy(), missing


@njit(cache=True, nogil=True)
def survey(first: Array, listed: Array, start: Array, arcs: Array, demand: Array, m: int) -> Array:
    """(fixed, extra) by arc: load that cannot move, and how much more there could be.

    Paths of flow f are ``listed[first[f]:first[f + 1]]``. What all paths of a flow use is fixed; what some
    of them use could carry all of its demand.
    """
    fixed = np.zeros(m)
    extra = np.zeros(m)
    count = np.zeros(m, np.int32)
    for f in range(len(first) - 1):
        ways = first[f + 1] - first[f]
        if ways == 1:
            p = listed[first[f]]
            for e in range(start[p], start[p + 1]):
                fixed[arcs[e]] += demand[f]
            continue
        for i in range(first[f], first[f + 1]):
            p = listed[i]
            for e in range(start[p], start[p + 1]):
                count[arcs[e]] += 1
        for i in range(first[f], first[f + 1]):
            p = listed[i]
            for e in range(start[p], start[p + 1]):
                a = arcs[e]
                if count[a] == ways:
                    fixed[a] += demand[f]
                elif count[a] > 0:
                    extra[a] += demand[f]
                count[a] = 0
    return fixed, extra


@njit(cache=True, nogil=True)
def entries(first: Array, listed: Array, start: Array, arcs: Array, row_of: Array, rows: int) -> Array:
    """Columns of the flows with more than one path: (path of column, start, row, hash by row, entries by row).

    row_of: row of each arc or -1. Arcs that all paths of a flow use are left out. Rows with the same hash
    and as many entries hold the same columns.
    """
    m = len(row_of)
    count = np.zeros(m, np.int32)
    columns = 0
    most = 0
    for f in range(len(first) - 1):
        if first[f + 1] - first[f] > 1:
            columns += first[f + 1] - first[f]
            for i in range(first[f], first[f + 1]):
                most += start[listed[i] + 1] - start[listed[i]]
    path = np.empty(columns, np.int64)
    begin = np.zeros(columns + 1, np.int64)
    row = np.empty(max(1, most), np.int32)
    mark = np.zeros(rows, np.uint64)
    held = np.zeros(rows, np.int64)
    c = 0
    at = 0
    for f in range(len(first) - 1):
        ways = first[f + 1] - first[f]
        if ways < 2:
            continue
        for i in range(first[f], first[f + 1]):
            p = listed[i]
            for e in range(start[p], start[p + 1]):
                count[arcs[e]] += 1
        for i in range(first[f], first[f + 1]):
            p = listed[i]
            mix = np.uint64(c + 1) * np.uint64(0x9E3779B97F4A7C15)
            mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mix = (mix ^ (mix >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mix = mix ^ (mix >> np.uint64(31))
            for e in range(start[p], start[p + 1]):
                a = arcs[e]
                r = row_of[a]
                if r >= 0 and count[a] < ways:
                    row[at] = r
                    at += 1
                    mark[r] += mix
                    held[r] += 1
            path[c] = p
            c += 1
            begin[c] = at
        for i in range(first[f], first[f + 1]):
            p = listed[i]
            for e in range(start[p], start[p + 1]):
                count[arcs[e]] = 0
    return path, begin, row[:at].copy(), mark, held
