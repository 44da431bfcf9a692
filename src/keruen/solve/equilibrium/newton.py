"""One Newton step for all pairs at once, for networks so full that shifts pair by pair creep.

Every path with flow moves against the fullest path of its pair. With E (arcs, moves) the arcs that a move
loads (+1) and unloads (-1) and s the slopes by arc, moves y solve (E' s E) y = -(difference of costs), by
conjugate gradients with the diagonal as preconditioner (Hestenes and Stiefel 1952). Flows that would fall
below 0 stop there (projected Newton, Bertsekas 1982), then a search along the line keeps the step downhill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from keruen.solve.equilibrium.kernels import _cost, arc_costs

__all__ = ["newton"]

Array = Any  # numba sees through annotations
STIFF = 1e-9  # added to the diagonal, relative: path flows are not unique


@njit(cache=True, nogil=True)
def _moves(state: Array, paths: Array, pairs: Array) -> Array:
    """(path, path given up, start, signed arcs, difference of costs, diagonal) of each move. Arc a unloaded is ~a."""
    first, start, arcs, flow = paths
    _, cost, slope = state
    mark = np.zeros(len(cost), np.int64)
    most = 0
    length = 0
    for i in range(len(pairs)):
        d = pairs[i]
        longest = 0
        for p in range(first[d], first[d + 1]):
            longest = max(longest, start[p + 1] - start[p])
        count = first[d + 1] - first[d] - 1
        most += count
        length += start[first[d + 1]] - start[first[d]] + count * longest
    path = np.empty(most, np.int64)
    base = np.empty(most, np.int64)
    begin = np.zeros(most + 1, np.int64)
    signed = np.empty(length, np.int32)
    r = np.empty(most)
    diagonal = np.empty(most)
    count = 0
    at = 0
    t = 0
    for i in range(len(pairs)):
        d = pairs[i]
        b = first[d]
        for p in range(first[d], first[d + 1]):
            if flow[p] > flow[b]:
                b = p
        t += 2
        for j in range(start[b], start[b + 1]):
            mark[arcs[j]] = t
        for p in range(first[d], first[d + 1]):
            if p == b:
                continue
            g = 0.0
            s = 0.0
            here = at
            for j in range(start[p], start[p + 1]):
                a = arcs[j]
                if mark[a] == t:
                    mark[a] = t + 1
                else:
                    g += cost[a]
                    s += slope[a]
                    signed[here] = a
                    here += 1
            for j in range(start[b], start[b + 1]):
                a = arcs[j]
                if mark[a] == t:
                    g -= cost[a]
                    s += slope[a]
                    signed[here] = ~a
                    here += 1
                else:
                    mark[a] = t
            if s > 0.0 and (flow[p] > 0.0 or g < 0.0):
                path[count] = p
                base[count] = b
                r[count] = g
                diagonal[count] = s
                count += 1
                at = here
                begin[count] = at
    return path[:count], base[:count], begin[: count + 1], signed[:at], r[:count], diagonal[:count]


@njit(cache=True, nogil=True)
def _spread(begin: Array, signed: Array, y: Array, m: int) -> Array:
    out = np.zeros(m)
    for k in range(len(y)):
        v = y[k]
        for j in range(begin[k], begin[k + 1]):
            a = signed[j]
            if a >= 0:
                out[a] += v
            else:
                out[~a] -= v
    return out


@njit(cache=True, nogil=True)
def _gather(begin: Array, signed: Array, x: Array, out: Array) -> None:
    for k in range(len(out)):
        total = 0.0
        for j in range(begin[k], begin[k + 1]):
            a = signed[j]
            total += x[a] if a >= 0 else -x[~a]
        out[k] = total


@njit(cache=True, nogil=True)
def newton(curves: Array, knee: Array, state: Array, paths: Array, pairs: Array, tolerance: float, most: int) -> int:
    """One step for all paths of ``pairs``, in place; returns the number of steps of conjugate gradients."""
    load, cost, slope = state
    flow = paths[3]
    m = len(load)
    path, base, begin, signed, r, diagonal = _moves(state, paths, pairs)
    k = len(path)
    if k == 0:
        return 0
    y = np.zeros(k)
    rest = -r
    z = rest / diagonal
    p = z.copy()
    product = np.empty(k)
    rho = float(np.sum(rest * z))
    goal = tolerance * tolerance * rho
    steps = 0
    while steps < most and rho > goal:
        x = _spread(begin, signed, p, m)
        for a in range(m):
            x[a] *= slope[a]
        _gather(begin, signed, x, product)
        bend = 0.0
        for i in range(k):
            product[i] += STIFF * diagonal[i] * p[i]
            bend += p[i] * product[i]
        if not bend > 0.0:
            break
        step = rho / bend
        old = rho
        rho = 0.0
        for i in range(k):
            y[i] += step * p[i]
            rest[i] -= step * product[i]
            z[i] = rest[i] / diagonal[i]
            rho += rest[i] * z[i]
        for i in range(k):
            p[i] = z[i] + (rho / old) * p[i]
        steps += 1
    # Within bounds, pair by pair: moves of a pair stand side by side.
    i = 0
    while i < k:
        b = base[i]
        end = i
        gained = 0.0
        while end < k and base[end] == b:
            y[end] = max(y[end], -flow[path[end]])
            gained += y[end]
            end += 1
        if gained > flow[b]:
            share = flow[b] / gained
            for e in range(i, end):
                y[e] *= share
        i = end
    x = _spread(begin, signed, y, m)
    fall = float(np.sum(r * y))
    if not fall < 0.0:
        return steps
    best = 1.0
    low = 0.0
    high = 1.0
    for _ in range(12):
        slant = fall
        for a in range(m):
            if x[a] != 0.0:
                slant += x[a] * (_cost(curves, knee, a, max(load[a] + best * x[a], 0.0)) - cost[a])
        if slant > -0.1 * fall:  # past the lowest point
            high = best
        elif best == 1.0 or slant >= 0.5 * fall:
            break
        else:
            low = best
        best = 0.5 * (low + high)
    for i in range(k):
        v = best * y[i]
        if best == 1.0 and y[i] == -flow[path[i]]:
            flow[path[i]] = 0.0
        else:
            flow[path[i]] = max(flow[path[i]] + v, 0.0)
        flow[base[i]] = max(flow[base[i]] - v, 0.0)
    for a in range(m):
        load[a] = max(load[a] + best * x[a], 0.0)
    arc_costs(curves, knee, load, cost, slope)
    return steps
