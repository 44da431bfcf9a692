"""An interior point for separable convex programs with sparse rows and few of them.

::

    minimise  cost.x + sum of spread x (ln(x / scale) - 1) + sum of curve(x)   subject to  lower <= A x <= upper,  0 <= x <= top

The method is the primal-dual barrier of Saunders' PDCO (Saunders and Kim 2002): Newton steps on the perturbed optimality
conditions, x eliminated, one dense symmetric system with a row for each row of A. Rows without freedom are equalities, the
others get a slack. Curves are given by their slope and its slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from keruen.errors import SolveError
from keruen.solve.interior import one_blas_thread

__all__ = ["ConvexAnswer", "ConvexProgram", "minimise"]

Floats = NDArray[np.float64]
INF = np.inf
STEPS = 200
SHORT = 0.995  # how much of the way to a bound a step may go
FALL = 0.2  # how fast the barrier falls at most


@dataclass(frozen=True)
class ConvexProgram:
    """cost, top, spread, scale (columns,): spread 0 for a linear column, scale > 0 where it is not. matrix (rows, columns),
    lower, upper (rows,). slopes(x): slope of the curves and its slope, each (columns,), 0 where there is none, or None.
    """

    cost: Floats
    top: Floats
    spread: Floats
    scale: Floats
    matrix: sparse.csr_array
    lower: Floats
    upper: Floats
    slopes: Callable[[Floats], tuple[Floats, Floats]] | None = None


@dataclass(frozen=True)
class ConvexAnswer:
    """x (columns,), prices (rows,): what one more of the side is worth (negative: a cost saved). steps taken; closed: whether
    the conditions hold to the tolerance asked for. fixed (columns,): those that rows and bounds leave no choice."""

    x: Floats
    prices: Floats
    steps: int
    closed: bool
    fixed: NDArray[np.bool_]
    interior: _Interior
    state: _State

    def response(self, cost: Floats) -> Floats:
        """(columns, k): how x moves with each of k changes of cost, (columns, k), to first order (the implicit function theorem
        on the optimality conditions)."""
        moved = np.zeros_like(cost)
        with one_blas_thread():
            moved[~self.fixed] = self.interior.response(self.state, cost[~self.fixed])
        return moved


@dataclass
class _State:
    v: Floats
    y: Floats
    below: Floats  # multipliers of the lower bounds
    above: Floats


class _Interior:
    def __init__(self, p: ConvexProgram) -> None:
        self.p = p
        columns = len(p.cost)
        equal = p.lower == p.upper
        self.loose = np.flatnonzero(~equal)
        rows = len(p.lower)
        size = np.sqrt(np.asarray(p.matrix.multiply(p.matrix).sum(axis=1)).ravel())
        self.size = np.where(size > 0, size, 1.0)
        scaled = sparse.diags_array(1 / self.size) @ p.matrix
        slack = sparse.csr_array((-np.ones(len(self.loose)), (self.loose, np.arange(len(self.loose)))), shape=(rows, len(self.loose)))
        self.b = np.where(equal, p.lower, 0.0) / self.size
        self.matrix = sparse.csr_array(sparse.hstack([scaled, slack]))
        self.turned = sparse.csr_array(self.matrix.T)
        self.low = np.concatenate([np.zeros(columns), p.lower[self.loose] / self.size[self.loose]])
        self.high = np.concatenate([p.top, p.upper[self.loose] / self.size[self.loose]])
        self.columns = columns
        self.has_low, self.has_high = np.isfinite(self.low), np.isfinite(self.high)
        self.curved = p.spread > 0

    def derivatives(self, v: Floats) -> tuple[Floats, Floats]:
        p, x = self.p, v[: self.columns]
        first, second = p.cost.copy(), np.zeros(self.columns)
        c = self.curved
        first[c] += p.spread[c] * np.log(x[c] / p.scale[c])
        second[c] = p.spread[c] / x[c]
        if p.slopes is not None:
            a, b = p.slopes(x)
            first, second = first + a, second + b
        zeros = np.zeros(len(v) - self.columns)
        return np.concatenate([first, zeros]), np.concatenate([second, zeros])

    def room(self, v: Floats) -> tuple[Floats, Floats]:
        """How far from the bounds; never nothing, whatever rounding says."""
        grain = 1e-17 * (1.0 + np.abs(v))
        return np.where(self.has_low, np.maximum(v - self.low, grain), 1.0), np.where(self.has_high, np.maximum(self.high - v, grain), 1.0)

    def start(self, guess: Floats | None) -> _State:
        """Well inside the bounds; a guess is pushed inwards."""
        width = np.where(self.has_low & self.has_high, self.high - self.low, INF)
        inside = np.minimum(1.0, 0.1 * width)
        v = np.where(self.has_low, self.low + inside, np.where(self.has_high, self.high - inside, 0.0))
        c = np.flatnonzero(self.curved)
        v[c] = np.minimum(v[c], 0.1 * self.p.scale[c])
        if guess is not None:
            v[: self.columns] = guess
        v[self.columns :] = (self.matrix[:, : self.columns] @ v[: self.columns])[self.loose]
        room = inside if guess is None else np.minimum(1e-3, inside)
        v = np.maximum(v, np.where(self.has_low, self.low + room, -INF))
        v = np.minimum(v, np.where(self.has_high, self.high - room, INF))
        one = max(1.0, float(np.median(np.abs(self.p.cost))) if self.columns else 1.0)
        return _State(v, np.zeros(len(self.b)), np.where(self.has_low, one, 0.0), np.where(self.has_high, one, 0.0))

    def solve(self, tolerance: float, guess: Floats | None) -> tuple[Floats, Floats, int, bool, _State]:
        s = self.start(guess)
        pairs = max(1, int(self.has_low.sum() + self.has_high.sum()))
        closed = False
        step = 0
        for step in range(1, STEPS + 1):  # noqa: B007
            first, second = self.derivatives(s.v)
            down, up = self.room(s.v)
            gap = float(s.below @ np.where(self.has_low, down, 0.0) + s.above @ np.where(self.has_high, up, 0.0))
            missing = self.b - self.matrix @ s.v
            wrong = first - self.turned @ s.y - s.below + s.above
            worth = max(1.0, abs(float(first @ s.v)))
            far = float(np.max(np.abs(missing), initial=0.0)) / max(1.0, float(np.max(np.abs(self.b), initial=0.0)))
            off = float(np.abs(wrong) @ np.abs(s.v)) / worth
            if far <= 1e-10 and off <= tolerance and gap <= tolerance * worth:
                closed = True
                break
            target = min(gap / pairs * (FALL if max(far, off) < 1e3 * gap / worth or gap < 1e-6 * worth else 0.7), 1e9)
            target = max(target, 0.1 * tolerance * worth / pairs)
            curve = second + np.where(self.has_low, s.below / down, 0.0) + np.where(self.has_high, s.above / up, 0.0)
            pull = first - self.turned @ s.y - np.where(self.has_low, target / down, 0.0) + np.where(self.has_high, target / up, 0.0)
            weight = 1.0 / np.maximum(curve, 1e-300)
            dy = self._system(weight, missing + self.matrix @ (weight * pull))
            dv = weight * (self.turned @ dy - pull)
            dbelow = np.where(self.has_low, (target - s.below * dv) / down - s.below, 0.0)
            dabove = np.where(self.has_high, (target + s.above * dv) / up - s.above, 0.0)
            primal = min(_most(dv, down, self.has_low), _most(-dv, up, self.has_high))
            dual = min(_most(dbelow, s.below, self.has_low), _most(dabove, s.above, self.has_high))
            if self.curved.any() or self.p.slopes is not None:
                primal = dual = min(primal, dual)
            s.v, s.y = s.v + primal * dv, s.y + dual * dy
            s.below, s.above = s.below + dual * dbelow, s.above + dual * dabove
        return s.v[: self.columns], s.y / self.size, step, closed, s

    def response(self, s: _State, cost: Floats) -> Floats:
        _, second = self.derivatives(s.v)
        down, up = self.room(s.v)
        weight = 1.0 / np.maximum(second + np.where(self.has_low, s.below / down, 0.0) + np.where(self.has_high, s.above / up, 0.0), 1e-300)
        moved = np.zeros_like(cost)
        for k in range(cost.shape[1]):
            push = np.concatenate([cost[:, k], np.zeros(len(s.v) - self.columns)])
            dy = self._system(weight, self.matrix @ (weight * push))
            moved[:, k] = (weight * (self.turned @ dy - push))[: self.columns]
        return moved

    def _system(self, weight: Floats, side: Floats) -> Floats:
        """Solve (A W A') dy = side, with a grain on the diagonal and one refinement."""
        if not len(side):
            return side
        normal = (self.matrix @ sparse.diags_array(weight) @ self.turned).toarray()
        size = np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
        normal /= size[:, None]
        normal /= size[None, :]
        right, grain = side / size, 1e-15
        for _ in range(8):
            try:
                factor = linalg.cho_factor(normal + grain * np.eye(len(side)), check_finite=False)
            except linalg.LinAlgError:
                grain *= 30
                continue
            dy = linalg.cho_solve(factor, right, check_finite=False)
            for _ in range(3):
                dy = dy + linalg.cho_solve(factor, right - normal @ dy, check_finite=False)
            if np.isfinite(dy).all():
                return np.asarray(dy / size, dtype=float)
            grain *= 30
        raise SolveError("the convex program cannot be solved: its rows are too near to each other")


def _most(move: Floats, room: Floats, counts: NDArray[np.bool_]) -> float:
    """Longest step, up to 1, that keeps clear of the bounds."""
    falls = counts & (move < 0)
    return min(1.0, SHORT * float(np.min(room[falls] / -move[falls], initial=INF)))


def minimise(program: ConvexProgram, *, tolerance: float = 1e-9, guess: Floats | None = None) -> ConvexAnswer:
    """Solve to a relative complementarity and dual residual of ``tolerance``. guess (columns,): where to start.

    Columns that rows and bounds leave no choice are set first, as an interior point needs an interior; rows that then say
    nothing have no price. Raises SolveError where the linear systems break down. An infeasible program is not
    recognised: give slack a price.
    """
    fixed, x, rows, used = _settled(program)
    free = ~fixed
    p = program
    held = p.slopes
    # Curves see all columns: those that are fixed stay where they are.
    def slopes(z: Floats) -> tuple[Floats, Floats]:
        assert held is not None
        whole = x.copy()
        whole[free] = z
        first, second = held(whole)
        return first[free], second[free]

    small = ConvexProgram(p.cost[free], p.top[free], p.spread[free], p.scale[free], sparse.csr_array(p.matrix[rows, :][:, free]),
                          p.lower[rows] - used[rows], p.upper[rows] - used[rows], slopes if held is not None else None)  # fmt: skip
    with one_blas_thread():  # the systems are small: more threads only wait for each other
        interior = _Interior(small)
        found, prices, steps, closed, state = interior.solve(tolerance, None if guess is None else guess[free])
    x[free] = found
    price = np.zeros(len(p.lower))
    price[rows] = prices
    return ConvexAnswer(x, price, steps, closed, fixed, interior, state)


def _settled(p: ConvexProgram) -> tuple[NDArray[np.bool_], Floats, NDArray[np.bool_], Floats]:
    """Columns without choice, their values (0 for the others), rows that still say something, and what fixed columns use of each row."""
    fixed = p.top <= 0
    x = np.zeros(len(p.cost))
    plus, minus = sparse.csr_array(p.matrix.maximum(0)), sparse.csr_array((-p.matrix).maximum(0))
    finite = np.isfinite(p.top)
    rows = np.ones(len(p.lower), bool)
    used = np.zeros(len(p.lower))
    while True:
        free = ~fixed
        bounded = np.where(free & finite, p.top, 0.0)
        endless = (free & ~finite).astype(float)
        used = np.asarray(p.matrix @ x)
        least = used - minus @ bounded
        least = np.where(minus @ endless > 0, -INF, least)
        most = np.where(plus @ endless > 0, INF, used + plus @ bounded)
        some = np.asarray((plus + minus) @ free.astype(float)) > 0
        size = 1e-11 * np.maximum(1.0, np.abs(np.where(np.isfinite(least), least, 0.0)))
        down = rows & some & (least >= p.upper - size)  # nothing above its least fits
        up = rows & some & (most <= p.lower + size)
        rows &= some & ~down & ~up
        if not (down.any() or up.any()):
            rows &= (least < p.lower - size) | (most > p.upper + size)  # the others always hold
            return fixed, x, rows, used
        at_top = np.asarray(minus[down, :].sum(axis=0) + plus[up, :].sum(axis=0)).ravel() > 0
        at_zero = np.asarray(plus[down, :].sum(axis=0) + minus[up, :].sum(axis=0)).ravel() > 0
        x = np.where(free & at_top & ~at_zero, np.where(finite, p.top, 0.0), x)
        fixed = fixed | at_top | at_zero
