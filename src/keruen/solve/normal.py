"""Compiled loops of the interior point: the normal equations over rows, with every flow eliminated.

Columns are sorted by flow: flow f owns columns ``first[f]:first[f + 1]``, and the columns from ``first[-1]``
on belong to none. Column p has its entries at ``start[p]:start[p + 1]`` of ``row`` and ``value``. With
theta = x / z and the key column of a flow the one of largest theta, the columns enter as differences to the
key, so that what all paths of a flow share cancels exactly (generalised upper bounds eliminated, as in
Dantzig and Van Slyke 1967; interior points on them, Gondzio and Sarkissian 2003).

``local`` is the position of each entry among the rows its flow touches, ``touched[touch[f]:touch[f + 1]]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["add_up", "assemble", "centre", "direction", "local_rows", "right_side", "row_sums"]

Array = Any


@njit(cache=True, nogil=True)
def local_rows(first: Array, start: Array, row: Array, rows: int) -> Array:
    """(touch, touched, local): the rows each flow touches, in order, and where each entry stands among them."""
    flows = len(first) - 1
    touch = np.zeros(flows + 1, np.int64)
    touched = np.empty(max(1, start[first[flows]]), np.int32)
    local = np.empty(max(1, start[first[flows]]), np.int32)
    seen = np.full(rows, -1, np.int64)
    at = np.empty(rows, np.int32)
    count = 0
    for f in range(flows):
        begin = count
        for e in range(start[first[f]], start[first[f + 1]]):
            if seen[row[e]] != f:
                seen[row[e]] = f
                touched[count] = row[e]
                count += 1
        if count - begin > 1:
            touched[begin:count].sort()
        for j in range(begin, count):
            at[touched[j]] = j - begin
        for e in range(start[first[f]], start[first[f + 1]]):
            local[e] = at[row[e]]
        touch[f + 1] = count
    return touch, touched[:count].copy(), local


@njit(cache=True, nogil=True)
def assemble(
    first: Array, start: Array, row: Array, value: Array, touch: Array, touched: Array, local: Array, theta: Array, key: Array, begin: int, end: int, out: Array
) -> None:  # fmt: skip
    """Add the part of flows ``begin:end`` to the lower triangle of ``out`` (rows, rows); the key columns go to ``key``."""
    most = 1
    for f in range(begin, end):
        most = max(most, touch[f + 1] - touch[f])
    block = np.zeros((most, most))
    shared = np.zeros(most)
    base = np.zeros(most)
    apart = np.zeros(most)
    where = np.empty(most, np.int64)
    met = np.empty(most, np.int64)
    seen = np.zeros(most, np.uint8)
    for f in range(begin, end):
        p0 = first[f]
        p1 = first[f + 1]
        best = p0
        total = 0.0
        for p in range(p0, p1):
            total += theta[p]
            if theta[p] > theta[best]:
                best = p
        key[f] = best
        if p1 - p0 < 2:
            continue
        u = touch[f + 1] - touch[f]
        t0 = touch[f]
        for e in range(start[best], start[best + 1]):
            base[local[e]] = value[e]
        single = p1 - p0 == 2
        if not single:
            hit = 0
        for p in range(p0, p1):
            if p == best:
                continue
            apart[:u] = -base[:u]
            for e in range(start[p], start[p + 1]):
                apart[local[e]] += value[e]
            many = 0
            for i in range(u):
                if apart[i] != 0.0:
                    where[many] = i
                    many += 1
            if single:
                scale = theta[p] * (theta[best] / total)
                for i in range(many):
                    r = touched[t0 + where[i]]
                    c = scale * apart[where[i]]
                    for j in range(i + 1):
                        out[r, touched[t0 + where[j]]] += c * apart[where[j]]
            else:
                scale = theta[p]
                for i in range(many):
                    r = where[i]
                    if seen[r] == 0:
                        seen[r] = 1
                        for j in range(hit):
                            block[r, met[j]] = 0.0
                            block[met[j], r] = 0.0
                        block[r, r] = 0.0
                        shared[r] = 0.0
                        met[hit] = r
                        hit += 1
                    c = scale * apart[r]
                    shared[r] += c
                    for j in range(i + 1):
                        block[r, where[j]] += c * apart[where[j]]
        if not single and hit > 0:
            if hit > 1:
                met[:hit].sort()
            for i in range(hit):
                a = met[i]
                seen[a] = 0
                c = shared[a] / total
                r = touched[t0 + a]
                for j in range(i + 1):
                    b = met[j]
                    out[r, touched[t0 + b]] += block[a, b] - c * shared[b]
        for e in range(start[best], start[best + 1]):
            base[local[e]] = 0.0


@njit(cache=True, nogil=True)
def add_up(out: Array, other: Array, diagonal: Array, first: Array, start: Array, row: Array, value: Array, theta: Array) -> None:
    """The second half onto the first, the columns of no flow, and the diagonal of the rows' own slacks."""
    n = len(diagonal)
    for i in range(n):
        if len(other) > 0:
            for j in range(i + 1):
                out[i, j] += other[i, j]
        out[i, i] += diagonal[i]
    for p in range(first[len(first) - 1], len(start) - 1):
        for e in range(start[p], start[p + 1]):
            c = theta[p] * value[e]
            for g in range(start[p], start[p + 1]):
                if row[g] <= row[e]:
                    out[row[e], row[g]] += c * value[g]


@njit(cache=True, nogil=True)
def right_side(first: Array, start: Array, row: Array, value: Array, theta: Array, v: Array, key: Array, begin: int, end: int, out: Array) -> None:
    """Add the columns' part of the right-hand side, where v is what each x would move by if its price stood still."""
    for f in range(begin, end):
        p0 = first[f]
        p1 = first[f + 1]
        if p1 - p0 < 2:
            continue
        q = 0.0
        total = 0.0
        for p in range(p0, p1):
            q += v[p]
            total += theta[p]
        share = q / total
        moved = 0.0
        for p in range(p0, p1):
            if p == key[f]:
                continue
            w = v[p] - theta[p] * share
            moved += w
            for e in range(start[p], start[p + 1]):
                out[row[e]] += w * value[e]
        for e in range(start[key[f]], start[key[f] + 1]):
            out[row[e]] -= moved * value[e]


@njit(cache=True, nogil=True)
def direction(
    first: Array, start: Array, row: Array, value: Array, theta: Array, v: Array, key: Array, dmu: Array, residual: Array,
    dx: Array, dz: Array, dsigma: Array, begin: int, end: int
) -> None:  # fmt: skip
    """Steps of x, z and sigma of flows ``begin:end`` from the step of the row prices."""
    for f in range(begin, end):
        p0 = first[f]
        p1 = first[f + 1]
        k = key[f]
        base = 0.0
        for e in range(start[k], start[k + 1]):
            base += value[e] * dmu[row[e]]
        total = 0.0
        top = 0.0
        for p in range(p0, p1):
            a = 0.0
            if p != k:
                for e in range(start[p], start[p + 1]):
                    a += value[e] * dmu[row[e]]
                a -= base
            dz[p] = a
            total += theta[p]
            top += theta[p] * a - v[p]
        shift = top / total
        dsigma[f] = shift + base
        moved = 0.0
        for p in range(p0, p1):
            a = dz[p] - shift
            if p != k:
                dx[p] = v[p] - theta[p] * a
                moved += dx[p]
            dz[p] = a + residual[p]
        dx[k] = -moved


@njit(cache=True, nogil=True)
def row_sums(start: Array, row: Array, value: Array, weight: Array, out: Array) -> None:
    """Per column p from 0: ``out[p]`` = sum of value times ``weight`` of its rows."""
    for p in range(len(start) - 1):
        total = 0.0
        for e in range(start[p], start[p + 1]):
            total += value[e] * weight[row[e]]
        out[p] = total


@njit(cache=True, nogil=True)
def centre(first: Array, price: Array, demand: Array, tau: float, sigma: Array, x: Array) -> None:
    """For each flow sigma with sum of tau / (price - sigma) = demand, and x = tau / (price - sigma).

    Newton on the reciprocal of the sum, which is concave, kept between its brackets.
    """
    for f in range(len(first) - 1):
        p0 = first[f]
        p1 = first[f + 1]
        least = np.inf
        for p in range(p0, p1):
            least = min(least, price[p])
        d = demand[f]
        # gap = least - sigma lies between tau / d and (p1 - p0) tau / d
        low = tau / d
        high = (p1 - p0) * tau / d
        gap = low
        for _ in range(60):
            total = 0.0
            slope = 0.0
            for p in range(p0, p1):
                y = 1.0 / (price[p] - least + gap)
                total += y
                slope += y * y
            total *= tau
            slope *= tau
            if abs(total - d) <= 1e-14 * d:
                break
            if total > d:
                low = gap
            else:
                high = gap
            step = (total / d - 1.0) * total / slope
            new = gap + step
            if not (low < new < high):
                new = 0.5 * (low + high)
            if new == gap:
                break
            gap = new
        sigma[f] = least - gap
        total = 0.0
        for p in range(p0, p1):
            x[p] = tau / (price[p] - least + gap)
            total += x[p]
        for p in range(p0, p1):
            x[p] *= d / total
