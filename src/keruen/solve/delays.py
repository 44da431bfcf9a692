"""Costs that grow with load, one curve an edge: flat, BPR, Davidson with a vertical limit, or points.

::

    flat       free
    bpr        free + scale (v / capacity)^power            US Bureau of Public Roads 1964
    davidson   free + scale u / (1 - u), u = v / capacity   Davidson 1966; never reaches u = 1
    points     free + the line through (share of capacity, extra) points, going on with its last slope

Every curve has its integral (Beckmann, McGuire, Winsten 1956), its inverse and its conjugate in closed form. The
conjugate gives lower bounds: for any prices w, min over v of integral(v) - w v.

The scalar versions (``cost_at`` and its like) take ``Delays.curves`` and the number of an edge, and can be called from
compiled loops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from keruen.errors import UsageError

__all__ = ["BPR", "DAVIDSON", "DAVIDSON_MARGINAL", "FLAT", "POINTS", "Delays", "conjugate_at", "cost_at", "integral_at", "inverse_at", "slope_at"]

Array = Any  # numba sees through annotations
Floats = NDArray[np.float64]
Ints = NDArray[Any]
FLAT, BPR, DAVIDSON, POINTS, DAVIDSON_MARGINAL = range(5)
KINDS = ("flat", "bpr", "davidson", "points", "marginal of davidson")
NEAR_ZERO = 1e-12  # share of capacity at which a slope that is infinite without load is taken


@njit(cache=True, nogil=True)
def _segment(x: Array, first: int, last: int, u: float, right: bool) -> int:
    """The point before the part of the line that holds ``u``; at a corner the part to its left, or to its ``right``."""
    i = first
    while i < last - 2 and (x[i + 1] < u or (right and x[i + 1] == u)):
        i += 1
    return i


@njit(cache=True, nogil=True)
def cost_at(curves: Array, e: int, v: float) -> float:
    """Cost of a unit on edge ``e`` under load ``v >= 0``; inf where a Davidson curve has no room. At a step of points, the lower cost."""
    kind, free, scale, capacity, power, start, x, y = curves
    k = kind[e]
    if k == FLAT:
        return float(free[e])
    u = v / capacity[e]
    if k == BPR:
        p = power[e]
        if p == 4.0:
            u *= u
            return float(free[e] + scale[e] * (u * u))
        return float(free[e] + scale[e] * (u if p == 1.0 else u**p))
    if k >= DAVIDSON and k != POINTS:
        if u >= 1.0:
            return np.inf
        ratio = u / (1.0 - u)
        return float(free[e] + scale[e] * (ratio if k == DAVIDSON else ratio * (2.0 - u) / (1.0 - u)))
    first, last = start[e], start[e + 1]
    if last - first == 1:
        return float(free[e] + y[first])
    i = _segment(x, first, last, u, False)
    width = x[i + 1] - x[i]
    return float(free[e] + y[i] + ((u - x[i]) * ((y[i + 1] - y[i]) / width) if width > 0.0 else 0.0))


@njit(cache=True, nogil=True)
def slope_at(curves: Array, e: int, v: float) -> float:
    """Growth of cost with load, to the right at a corner of points. A BPR curve with power below 1 is steep, not vertical, without load."""
    kind, _, scale, capacity, power, start, x, y = curves
    k = kind[e]
    if k == FLAT:
        return 0.0
    u = v / capacity[e]
    if k == BPR:
        p = power[e]
        if p == 4.0:
            return float(4.0 * scale[e] / capacity[e] * (u * u * u))
        if p == 1.0:
            return float(scale[e] / capacity[e])
        return float(p * scale[e] / capacity[e] * (max(u, NEAR_ZERO) if p < 1.0 else u) ** (p - 1.0))
    if k >= DAVIDSON and k != POINTS:
        if u >= 1.0:
            return np.inf
        room = 1.0 - u
        return float(scale[e] / capacity[e] / (room * room) * (1.0 if k == DAVIDSON else 2.0 / room))
    first, last = start[e], start[e + 1]
    if last - first == 1:
        return 0.0
    i = _segment(x, first, last, u, True)
    width = x[i + 1] - x[i]
    return float((y[i + 1] - y[i]) / width / capacity[e]) if width > 0.0 else 0.0


@njit(cache=True, nogil=True)
def integral_at(curves: Array, e: int, v: float) -> float:
    """Integral of cost from 0 to ``v``; inf beyond the room of a Davidson curve."""
    kind, free, scale, capacity, power, start, x, y = curves
    k = kind[e]
    if k == FLAT:
        return float(free[e] * v)
    c = capacity[e]
    u = v / c
    if k == BPR:
        p = power[e]
        grown = u * u * u * u if p == 4.0 else u**p
        return float(v * (free[e] + scale[e] * grown / (p + 1.0)))
    if k == DAVIDSON:
        if u >= 1.0:
            return np.inf
        return float(free[e] * v + scale[e] * c * _davidson_area(u))
    if k == DAVIDSON_MARGINAL:
        return float(free[e] * v + scale[e] * v * (u / (1.0 - u))) if u < 1.0 else np.inf
    first, last = start[e], start[e + 1]
    area = 0.0
    if last - first == 1:
        area = y[first] * u
    else:
        for i in range(first, last - 1):
            if x[i] >= u:
                break
            end = x[i + 1] if i < last - 2 and x[i + 1] < u else u
            if x[i + 1] > x[i]:
                rise = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
                area += (end - x[i]) * (y[i] + 0.5 * rise * (end - x[i]))
    return float(free[e] * v + c * area)


@njit(cache=True, nogil=True)
def _davidson_area(u: float) -> float:
    """-ln(1 - u) - u, without cancellation near 0."""
    if u > 0.01:
        return -math.log1p(-u) - u
    term, total, k = u * u, 0.0, 2
    while term > 1e-20 * u * u and k < 60:
        total += term / k
        term *= u
        k += 1
    return total


@njit(cache=True, nogil=True)
def inverse_at(curves: Array, e: int, w: float) -> float:
    """The least load at which cost is ``w``: 0 where it starts above, inf where it never comes to it."""
    kind, free, scale, capacity, power, start, x, y = curves
    extra = w - free[e]
    k = kind[e]
    if k == FLAT:
        return 0.0 if extra <= 0.0 else np.inf
    c = capacity[e]
    if k == POINTS:
        first, last = start[e], start[e + 1]
        if extra <= y[first]:
            return 0.0
        for i in range(first, last - 1):
            if extra <= y[i + 1]:
                return float(c * (x[i] + (x[i + 1] - x[i]) * ((extra - y[i]) / (y[i + 1] - y[i]))))
        if last - first == 1 or y[last - 1] == y[last - 2]:
            return np.inf
        return float(c * (x[last - 1] + (extra - y[last - 1]) * ((x[last - 1] - x[last - 2]) / (y[last - 1] - y[last - 2]))))
    if extra <= 0.0:
        return 0.0
    ratio = extra / scale[e]
    if k == BPR:
        p = power[e]
        return float(c * (math.sqrt(math.sqrt(ratio)) if p == 4.0 else ratio ** (1.0 / p)))
    if k == DAVIDSON:
        return float(c * (ratio / (1.0 + ratio)))
    root = math.sqrt(1.0 + ratio)
    return float(c * (ratio / (root * (root + 1.0))))  # 1 - 1 / root


@njit(cache=True, nogil=True)
def conjugate_at(curves: Array, e: int, w: float, limit: float) -> float:
    """Least integral(v) - w v over 0 <= v <= ``limit``: never above 0, -inf where it falls for ever."""
    kind, free, scale, capacity, power, start, x, y = curves
    extra = w - free[e]
    v = inverse_at(curves, e, w)
    k = kind[e]
    if v <= 0.0 or limit <= 0.0:
        return 0.0
    if np.isinf(v) and np.isinf(limit):
        return -np.inf
    if k == FLAT:
        return float(-extra * limit)
    if v > limit:
        return integral_at(curves, e, limit) - w * limit
    c = capacity[e]
    u = v / c
    if k == BPR:
        p = power[e]
        return float(-extra * v * (p / (p + 1.0)))
    if k == DAVIDSON:  # scale c (-ln(1 - u) - u) - extra v, with extra = scale u / (1 - u)
        ratio = extra / scale[e]
        return float(-scale[e] * c * (ratio - math.log1p(ratio))) if ratio > 0.01 else float(-scale[e] * c * (ratio * u - _davidson_area(u)))
    if k == DAVIDSON_MARGINAL:
        return float(-v * (extra - scale[e] * (u / (1.0 - u))))
    area = 0.0
    for i in range(start[e], start[e + 1] - 1):  # between the curve and w, part by part: no part is negative
        if x[i] >= u:
            break
        end = x[i + 1] if i < start[e + 1] - 2 and x[i + 1] < u else u
        if x[i + 1] > x[i]:
            rise = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
            area += (end - x[i]) * (extra - y[i] - 0.5 * rise * (end - x[i]))
    return float(-c * area)


@njit(cache=True, nogil=True)
def _each(curves: Array, what: int, at: Array, limit: Array) -> Array:
    out = np.empty(len(at))
    for e in range(len(at)):
        if what == 0:
            out[e] = cost_at(curves, e, at[e])
        elif what == 1:
            out[e] = slope_at(curves, e, at[e])
        elif what == 2:
            out[e] = integral_at(curves, e, at[e])
        elif what == 3:
            out[e] = inverse_at(curves, e, at[e])
        else:
            out[e] = conjugate_at(curves, e, at[e], limit[e])
    return out


@dataclass(frozen=True, eq=False)
class Delays:
    """A delay curve for each edge. Arrays are copied and frozen; one number stands for all edges.

    kind (edges,): 0 flat, 1 bpr, 2 davidson, 3 points. free: cost without load, may be 0. scale: what growth is
    multiplied by, in units of cost. capacity: in units of load. power: of bpr, from 0. point_start (edges + 1,),
    point_x, point_y: points of edge e at ``point_start[e]:point_start[e + 1]``, x a share of capacity, y extra cost
    that never falls; a row that begins above 0 gets (0, 0) first. What a kind does not need is not looked at.
    A bpr that cannot grow (scale or power 0, no end of capacity) becomes flat. Raises UsageError.
    """

    kind: Ints
    free: Floats
    scale: Floats
    capacity: Floats
    power: Floats
    point_start: Ints
    point_x: Floats
    point_y: Floats

    def __init__(self, kind: ArrayLike, free: ArrayLike, scale: ArrayLike = 0.0, capacity: ArrayLike = np.inf, power: ArrayLike = 1.0,
                 point_start: ArrayLike | None = None, point_x: ArrayLike = (), point_y: ArrayLike = ()) -> None:  # fmt: skip
        given = {"kind": kind, "free": free, "scale": scale, "capacity": capacity, "power": power}
        arrays = {name: _numbers(name, value) for name, value in given.items()}
        edges = max((a.size for a in arrays.values()), default=0)
        if any(a.size == 0 for a in arrays.values() if a.ndim):
            edges = 0
        for name, a in arrays.items():
            if a.ndim and a.size != edges:
                raise UsageError(f"{name}: found {a.size:,} entries; expected one for each of {edges:,} edges, or one number for all")
            arrays[name] = np.array(np.broadcast_to(a, (edges,)))
        k, f, s, c, p = arrays.values()
        _refuse("kind", k, (k != np.floor(k)) | (k < 0) | (k > DAVIDSON_MARGINAL), ", ".join(f"{i} {w}" for i, w in enumerate(KINDS[:4])))
        _refuse("free", f, ~(f >= 0) | np.isinf(f), "a cost from 0")
        bpr, davidson, points = k == BPR, (k == DAVIDSON) | (k == DAVIDSON_MARGINAL), k == POINTS
        _refuse("scale", s, bpr & (~(s >= 0) | np.isinf(s)), "a number from 0 for a bpr curve")
        _refuse("power", p, bpr & (~(p >= 0) | np.isinf(p)), "a number from 0 for a bpr curve")
        s = np.where(bpr & (p == 0), 0.0, s)
        f = np.where(bpr & (p == 0), f + arrays["scale"], f)
        _refuse("capacity", c, bpr & (s > 0) & ~(c > 0), "a number above 0 for a bpr curve that grows; close an edge by leaving it out")
        k = np.where(bpr & ((s == 0) | np.isinf(c)), FLAT, k)
        _refuse("scale", s, davidson & (~(s > 0) | np.isinf(s)), "a number above 0 for a davidson curve; without growth use a flat one and a hard capacity")
        _refuse("capacity", c, (davidson | points) & (~(c > 0) | np.isinf(c)), "a number above 0, not inf, for a curve by share of capacity")
        start, x, y = _points(edges, points, point_start, point_x, point_y)
        kept: dict[str, Any] = {"kind": k.astype(np.int8), "free": f, "scale": s, "capacity": c, "power": p, "point_start": start, "point_x": x, "point_y": y}
        for name, array in kept.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def bpr(cls, free: ArrayLike, scale: ArrayLike, capacity: ArrayLike, power: ArrayLike) -> Delays:
        """free + scale (v / capacity)^power on every edge. The files of TNTP have scale = b x free-flow time."""
        return cls(BPR, free, scale, capacity, power)

    @property
    def curves(self) -> tuple[Any, ...]:
        """What the scalar versions take."""
        return (self.kind, self.free, self.scale, self.capacity, self.power, self.point_start, self.point_x, self.point_y)

    def __len__(self) -> int:
        return len(self.kind)

    def cost(self, v: ArrayLike) -> Floats:
        """Cost of a unit by edge under loads ``v`` (edges,) from 0."""
        return self._at(0, v)

    def slope(self, v: ArrayLike) -> Floats:
        """Derivative of cost by edge."""
        return self._at(1, v)

    def integral(self, v: ArrayLike) -> Floats:
        """Integral of cost from 0 to ``v`` by edge."""
        return self._at(2, v)

    def inverse(self, w: ArrayLike) -> Floats:
        """Least load by edge at which a unit costs ``w``: 0 where it never costs so little, inf where it never costs so much."""
        return self._at(3, w)

    def conjugate_min(self, w: ArrayLike, limit: ArrayLike | None = None) -> Floats:
        """Least integral(v) - w v by edge, over v from 0, within the room of a Davidson curve and, if given, up to ``limit``."""
        return self._at(4, w, limit)

    def _at(self, what: int, at: ArrayLike, limit: ArrayLike | None = None) -> Floats:
        values = np.ascontiguousarray(np.broadcast_to(np.asarray(at, float), (len(self),)))
        most = np.ascontiguousarray(np.broadcast_to(np.asarray(np.inf if limit is None else limit, float), (len(self),)))
        return _each(self.curves, what, values, most)  # type: ignore[no-any-return]

    def marginal(self) -> Delays:
        """Curves of cost + v x slope: their equilibrium is the system optimum. Points must grow ever faster; else UsageError."""
        if (self.kind == DAVIDSON_MARGINAL).any():
            raise UsageError("delays: found marginal curves already; expected average ones")
        kind = np.where(self.kind == DAVIDSON, DAVIDSON_MARGINAL, self.kind)
        scale = np.where(self.kind == BPR, self.scale * (1.0 + self.power), self.scale)
        start = np.zeros(len(self) + 1, np.int64)
        xs: list[Floats] = []
        ys: list[Floats] = []
        for e in range(len(self)):
            x, y = (a[self.point_start[e] : self.point_start[e + 1]] for a in (self.point_x, self.point_y))
            wide = np.flatnonzero(np.diff(x) > 0)
            rise = np.diff(y)[wide] / np.diff(x)[wide]
            if len(wide) < len(x) - 1 or (rise[1:] < rise[:-1] * (1 - 1e-12)).any():
                raise UsageError(f"delays: found points of edge {e} that grow slower further on, or in steps; expected ever faster growth for a system optimum")
            if len(x) == 1:
                xs, ys = [*xs, x], [*ys, y]
            elif len(x):
                xs.append(np.column_stack((x[:-1], x[1:])).ravel())
                ys.append(np.column_stack((y[:-1] + x[:-1] * rise, y[1:] + x[1:] * rise)).ravel())
            start[e + 1] = start[e] + (len(xs[-1]) if len(x) else 0)
        return Delays(kind, self.free, scale, self.capacity, self.power, start, np.concatenate([*xs, np.zeros(0)]), np.concatenate([*ys, np.zeros(0)]))

    def plus(self, fixed: ArrayLike) -> Delays:
        """The same curves with ``fixed`` added to the cost without load."""
        return Delays(self.kind, self.free + np.asarray(fixed, float), self.scale, self.capacity, self.power, self.point_start, self.point_x, self.point_y)


def _numbers(name: str, given: ArrayLike) -> Floats:
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"{name}: found entries that are no numbers; expected one number for each edge") from None
    if array.ndim > 1:
        raise UsageError(f"{name}: found an array of {array.ndim} dimensions; expected one")
    return array


def _refuse(name: str, values: Floats, wrong: NDArray[np.bool_], expected: str) -> None:
    bad = np.flatnonzero(wrong)
    if bad.size:
        more = f"; and {bad.size - 1:,} more like it" if bad.size > 1 else ""
        raise UsageError(f"{name}[{bad[0]}]: found {values[bad[0]]:g}; expected {expected}{more}")


def _points(edges: int, used: NDArray[np.bool_], point_start: ArrayLike | None, point_x: ArrayLike, point_y: ArrayLike) -> tuple[Ints, Floats, Floats]:
    """Rows of points, checked: those of curves that are no points are left out, and each begins at 0."""
    begin = np.zeros(edges + 1) if point_start is None else _numbers("point_start", point_start)
    x, y = _numbers("point_x", point_x), _numbers("point_y", point_y)
    sound = begin.shape == (edges + 1,) and begin[0] == 0 and (np.diff(begin) >= 0).all() and begin[-1] == len(x) == len(y) and (begin == np.floor(begin)).all()
    if not sound:
        raise UsageError(f"point_start: found rows that do not fit {len(x):,} x and {len(y):,} y; expected {edges + 1:,} entries, from 0 up to that number")
    row = begin.astype(np.int64)
    start, xs, ys = np.zeros(edges + 1, np.int64), [], []
    for e in np.flatnonzero(used).tolist():
        a, b = x[row[e] : row[e + 1]], y[row[e] : row[e + 1]]
        if not len(a) or not (np.isfinite(a) & np.isfinite(b) & (a >= 0) & (b >= 0)).all():
            raise UsageError(f"points of edge {e}: found {'none' if not len(a) else 'one that is negative or no number'}; expected shares and extras from 0")
        if (np.diff(a) < 0).any() or (np.diff(b) < 0).any() or (len(a) > 1 and a[-1] == a[-2]):
            found = list(zip(a.tolist(), b.tolist(), strict=True))
            raise UsageError(f"points of edge {e}: found {found}; expected rising shares, and extras that never fall")
        if a[0] > 0:
            a, b = np.r_[0.0, a], np.r_[0.0, b]
        xs.append(a)
        ys.append(b)
        start[e + 1] = len(a)
    return np.cumsum(start), np.concatenate([*xs, np.zeros(0)]), np.concatenate([*ys, np.zeros(0)])
