"""Compiled loops of the traffic equilibrium: cheapest ways, shifts between the paths of a pair, loads.

A pair is an origin and a destination with a demand. Its paths stand side by side: those of pair d are
``first[d]:first[d + 1]`` of ``flow``, and the arcs of path p are ``start[p]:start[p + 1]`` of ``arcs``.
``curves`` is ``Delays.curves``; ``knee`` (arcs,) the load from which a Davidson curve goes on as a straight line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from keruen.solve.delays import cost_at, slope_at
from keruen.solve.flows.kernels import _sift_down, _sift_up, put_way

__all__ = ["arc_costs", "complete", "merge", "path_loads", "search", "sweep"]

Array = Any  # numba sees through annotations
SAME = 1e-15  # two costs nearer than this, relative, are one


@njit(cache=True, nogil=True)
def _cost(curves: Array, knee: Array, a: int, v: float) -> float:
    k = knee[a]
    if v <= k:
        return float(cost_at(curves, a, v))
    return float(cost_at(curves, a, k) + slope_at(curves, a, k) * (v - k))


@njit(cache=True, nogil=True)
def _slope(curves: Array, knee: Array, a: int, v: float) -> float:
    return float(slope_at(curves, a, min(v, knee[a])))


@njit(cache=True, nogil=True)
def arc_costs(curves: Array, knee: Array, load: Array, cost: Array, slope: Array) -> None:
    """Fill ``cost`` and ``slope`` by arc at ``load``."""
    for a in range(len(load)):
        cost[a] = _cost(curves, knee, a, load[a])
        slope[a] = _slope(curves, knee, a, load[a])


@njit(cache=True, nogil=True)
def path_loads(start: Array, arcs: Array, flow: Array, m: int) -> Array:
    """Load by arc of flows by path, added up with the rounding errors kept (Neumaier 1974)."""
    load = np.zeros(m)
    rest = np.zeros(m)
    for p in range(len(flow)):
        q = flow[p]
        if q == 0.0:
            continue
        for i in range(start[p], start[p + 1]):
            a = arcs[i]
            old = load[a]
            new = old + q
            rest[a] += (old - new) + q if old >= q else (q - new) + old
            load[a] = new
    return np.maximum(load + rest, 0.0)


@njit(cache=True, nogil=True)
def search(
    graph: Array, cost: Array, through: int, origins: Array, of_origin: Array, goal: Array, paths: Array, better: float, begin: int, end: int
) -> Array:
    """Cheapest ways of the pairs of ``origins[begin:end]``, and a path for each pair that has none so cheap.

    graph: (first, to, arc) in compressed rows. through: vertices below it are not passed. paths: (first, start,
    arcs, flow). better: how much cheaper, relative, a new path must be. Returns distance and excess (flow x cost
    above distance) by pair, positions of the pairs with a new path, and these as (start, arcs).
    Dijkstra (1959), stopped once every goal is reached. Arcs are added up from the origin on, here and
    wherever a path is priced: so no path comes out cheaper than the distance, not even by rounding.
    """
    row, to, arc = graph
    first, start, arcs, flow = paths
    n = len(row) - 1
    d0 = of_origin[begin]
    distance = np.full(of_origin[end] - d0, np.inf)
    above = np.zeros(of_origin[end] - d0)
    key = np.empty(n)
    came = np.empty(n, np.int32)
    source = np.empty(n, np.int32)
    place = np.empty(n, np.int32)
    heap = np.empty(n, np.int32)
    wanted = np.zeros(n, np.uint8)
    who = np.empty(len(distance), np.int64)
    new_start = np.zeros(len(distance) + 1, np.int64)
    new_arcs = np.empty(1024, np.int32)
    count = 0
    for i in range(begin, end):
        place[:] = -2
        root = origins[i]
        left = 0
        for d in range(of_origin[i], of_origin[i + 1]):
            if wanted[goal[d]] == 0:
                wanted[goal[d]] = 1
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
            if v < through and v != root:
                continue
            base = key[v]
            for e in range(row[v], row[v + 1]):
                w = to[e]
                if place[w] == -1:
                    continue
                far = base + cost[arc[e]]
                if place[w] == -2:
                    key[w] = far
                    heap[size] = w
                    place[w] = size
                    size += 1
                elif far < key[w]:
                    key[w] = far
                else:
                    continue
                came[w] = e
                source[w] = v
                _sift_up(heap, place, key, place[w])
        for d in range(of_origin[i], of_origin[i + 1]):
            v = goal[d]
            wanted[v] = 0
            if place[v] != -1:
                continue
            least = key[v]
            distance[d - d0] = least
            best = np.inf
            for p in range(first[d], first[d + 1]):
                c = 0.0
                for j in range(start[p], start[p + 1]):
                    c += cost[arcs[j]]
                best = min(best, c)
                above[d - d0] += flow[p] * (c - least)
            if least < best - better * best or best == np.inf:
                new_arcs, end_of_way = put_way(new_arcs, new_start[count], arc, came, source, root, v)
                who[count] = d
                count += 1
                new_start[count] = end_of_way
    return distance, above, who[:count].copy(), new_start[: count + 1].copy(), new_arcs[: new_start[count]].copy()


@njit(cache=True, nogil=True)
def merge(paths: Array, idle: Array, patience: int, who: Array, new_start: Array, new_arcs: Array) -> Array:
    """The paths with the new ones, each pair's in one row; those without flow for ``patience`` calls are left out.

    who: pair of each new path, rising. Returns (first, start, arcs, flow), idle.
    """
    first, start, arcs, flow = paths
    pairs = len(first) - 1
    room, length = len(who), len(new_arcs)
    keep = np.zeros(len(flow), np.uint8)
    for p in range(len(flow)):
        age = idle[p] + 1 if flow[p] == 0.0 else 0
        idle[p] = age
        if age <= patience:
            keep[p] = 1
            room += 1
            length += start[p + 1] - start[p]
    out_first = np.zeros(pairs + 1, np.int64)
    out_start = np.zeros(room + 1, np.int64)
    out_arcs = np.empty(length, np.int32)
    out_flow = np.zeros(room)
    out_idle = np.zeros(room, np.int8)
    at = 0
    used = 0
    g = 0
    for d in range(pairs):
        for p in range(first[d], first[d + 1]):
            if keep[p] == 1:
                for j in range(start[p], start[p + 1]):
                    out_arcs[used] = arcs[j]
                    used += 1
                out_flow[at] = flow[p]
                out_idle[at] = idle[p]
                at += 1
                out_start[at] = used
        if g < len(who) and who[g] == d:
            for j in range(new_start[g], new_start[g + 1]):
                out_arcs[used] = new_arcs[j]
                used += 1
            g += 1
            at += 1
            out_start[at] = used
        out_first[d + 1] = at
    return (out_first, out_start, out_arcs, out_flow), out_idle


@njit(cache=True, nogil=True)
def _shift(curves: Array, knee: Array, state: Array, diff: Array, out: int, into: int, least: float, most: float) -> float:
    """Move flow between two paths until both cost the same, or one is empty; returns what was moved.

    diff: the ``out`` arcs that only the first path has, then the ``into`` arcs of the second. Newton's method
    on the difference of costs, held between the bounds known so far.
    """
    load, cost, slope = state
    g = 0.0
    s = 0.0
    size = 0.0
    for j in range(out):
        g += cost[diff[j]]
        s += slope[diff[j]]
    size = g
    for j in range(out, out + into):
        g -= cost[diff[j]]
        s += slope[diff[j]]
    moved = 0.0
    low, high = least, most  # the root lies between
    for _ in range(8):
        if abs(g) <= SAME * size:
            break
        if g > 0.0:
            low = moved
            to = moved + g / s if s > 0.0 else high
            if to >= high:
                to = high if high == most else 0.5 * (low + high)
        else:
            high = moved
            to = moved + g / s if s > 0.0 else low
            if to <= low:
                to = low if low == least else 0.5 * (low + high)
        step = to - moved
        if step == 0.0:
            break
        moved = to
        before = abs(g)
        g = 0.0
        s = 0.0
        for j in range(out):
            a = diff[j]
            load[a] = max(load[a] - step, 0.0)
            cost[a] = _cost(curves, knee, a, load[a])
            slope[a] = _slope(curves, knee, a, load[a])
            g += cost[a]
            s += slope[a]
        for j in range(out, out + into):
            a = diff[j]
            load[a] = max(load[a] + step, 0.0)
            cost[a] = _cost(curves, knee, a, load[a])
            slope[a] = _slope(curves, knee, a, load[a])
            g -= cost[a]
            s += slope[a]
        if abs(g) <= 0.25 * before or (moved == most and g > 0.0) or (moved == least and g < 0.0):
            break
    return moved


@njit(cache=True, nogil=True)
def sweep(curves: Array, knee: Array, state: Array, paths: Array, pairs: Array, seen: Array, bar: float, mark: Array, tick: Array) -> float:
    """Level the paths of each of ``pairs`` in turn, loads and costs following at once; returns the excess met on the way.

    state: (load, cost, slope) by arc, changed in place, as is the flow of ``paths``. seen (pairs of the problem,):
    the excess each pair had when last met; pairs below ``bar`` are passed over.
    """
    first, start, arcs, flow = paths
    cost = state[1]
    diff = np.empty(2 * len(cost) + 1, np.int32)
    price = np.empty(64)
    total = 0.0
    for i in range(len(pairs)):
        d = pairs[i]
        if seen[d] < bar:
            total += seen[d]
            continue
        a, b = first[d], first[d + 1]
        if b - a > len(price):
            price = np.empty(2 * (b - a))
        best = a
        for p in range(a, b):
            c = 0.0
            for j in range(start[p], start[p + 1]):
                c += cost[arcs[j]]
            price[p - a] = c
            if c < price[best - a]:
                best = p
        least = price[best - a]
        extra = 0.0
        for p in range(a, b):
            extra += flow[p] * (price[p - a] - least)
        seen[d] = extra
        total += extra
        if extra <= 0.0:
            continue
        tick[0] += 2
        t = tick[0]
        for j in range(start[best], start[best + 1]):
            mark[arcs[j]] = t
        for p in range(a, b):
            if p == best or flow[p] == 0.0:
                continue
            out = 0
            for j in range(start[p], start[p + 1]):
                x = arcs[j]
                if mark[x] == t:
                    mark[x] = t + 1
                else:
                    diff[out] = x
                    out += 1
            into = 0
            for j in range(start[best], start[best + 1]):
                x = arcs[j]
                if mark[x] == t:
                    diff[out + into] = x
                    into += 1
                else:
                    mark[x] = t
            moved = _shift(curves, knee, state, diff, out, into, -flow[best], flow[p])
            if moved == flow[p]:
                flow[best] += flow[p]
                flow[p] = 0.0
            else:
                flow[p] -= moved
                flow[best] = max(flow[best] + moved, 0.0)
    return total


@njit(cache=True, nogil=True)
def complete(paths: Array, demand: Array) -> None:
    """What rounding left of a demand, or added to it, goes to the pair's fullest path."""
    first, _, _, flow = paths
    for d in range(len(demand)):
        fullest = first[d]
        for p in range(first[d], first[d + 1]):
            if flow[p] > flow[fullest]:
                fullest = p
        others = 0.0
        for p in range(first[d], first[d + 1]):
            if p != fullest:
                others += flow[p]
        flow[fullest] = max(demand[d] - others, 0.0)
