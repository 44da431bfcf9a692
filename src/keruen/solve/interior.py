"""A primal-dual interior point for programs of columns that share demands and rows with bounded prices.

::

    min  sum c_p x_p + sum high_r s_r - sum low_r t_r
         sum of the x of flow k = d_k
         sum a_rp x_p - s_r + t_r = b_r
         x, s, t >= 0

Row r has a price in the box ``low_r <= mu_r <= high_r``: that is what s (one unit above the side costs
``high``) and t (one unit below costs ``-low``) mean. A ceiling that may be broken at ``rho`` a unit is
[0, rho]; an equality [-rho, rho]; a floor that pays p for each unit missing [-p, 0]. An infinite end
means that the row cannot be broken on that side.

Flows are eliminated one by one, so that each step factors a dense matrix over the rows only
(:mod:`keruen.solve.normal`). Predictor and corrector of Mehrotra (1992), stopped at the barrier the
caller wants: columns are generated well at points that are centred and not yet optimal (Gondzio,
Gonzalez-Brevis and Munari 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from threadpoolctl import ThreadpoolController

from keruen.errors import SolveError, UsageError
from keruen.solve import normal

__all__ = ["Master", "Point", "Workers", "interior", "one_blas_thread"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]
INF = np.inf
TO_BOUNDARY = 0.95
PARTS = 2  # shares of the assembly; fixed, so that sums do not depend on the number of threads
MANY = 20_000  # entries from which on threads are worth their start


class Workers:
    """Threads for kernels that free the interpreter's lock; with one thread everything runs in the caller's."""

    def __init__(self, threads: int) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def map(self, work: Callable[[int], Any], shares: int) -> list[Any]:
        """Results of ``work(0) .. work(shares - 1)``, in this order."""
        if self._pool is None or shares < 2:
            return [work(i) for i in range(shares)]
        return list(self._pool.map(work, range(shares)))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


ALONE = Workers(1)


def one_blas_thread() -> Any:
    """A context in which the BLAS keeps to one thread: faster beside threads of our own, and always the same bits."""
    return ThreadpoolController().limit(limits=1, user_api="blas")


@dataclass(frozen=True)
class Master:
    """The program above.

    cost, flow (columns,): cost of a unit, and its flow or -1. start (columns + 1,), row, value: entries of
    column p at ``start[p]:start[p + 1]``, a row at most once. demand (flows,). side, low, high (rows,).
    """

    cost: Floats
    flow: Ints
    start: Ints
    row: Ints
    value: Floats
    demand: Floats
    side: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Point:
    """x by column, mu by row, sigma by flow, s and t by row (0 where there is none).

    converged: the barrier wanted was reached with rows that hold. steps: factorisations. barrier: mean
    product of the pairs. left: largest residual of a row, relative to its side.
    """

    x: Floats
    mu: Floats
    sigma: Floats
    above: Floats
    below: Floats
    converged: bool
    steps: int
    barrier: float
    left: float

    @property
    def any_not_finite(self) -> bool:
        return not (np.isfinite(self.x).all() and np.isfinite(self.mu).all())


def interior(
    master: Master,
    *,
    mu: Floats | None = None,
    barrier: float | None = None,
    target: float | None = None,
    gap: float = 1e-9,
    most_steps: int = 100,
    hold: float | None = None,
    workers: Workers | None = None,
) -> Point:
    """Solve ``master`` down to a barrier.

    mu: row prices to start from (mid-box if None). barrier: where to start; it is doubled until the
    rows' residuals are small against it. target: barrier to stop at; if None, the one at which the gap is
    ``gap`` times the cost. hold: with ``target``, how large the priced residual of the rows may be at
    the end, as a share of pairs times target (0.2 in column generation); without, rows must hold to 1e-9.
    Raises UsageError where the arrays make no sense, SolveError where a flow has demand and no column.
    """
    return _Run(master, workers or ALONE).solve(mu, barrier, target, gap, most_steps, hold)


class _Run:
    """One solve: the columns in order of their flows, those of flows without demand left out."""

    def __init__(self, m: Master, workers: Workers) -> None:
        self.m, self.workers = m, workers
        _check(m)
        flow = np.asarray(m.flow, np.int64)
        flows, wide = len(m.demand), len(m.side)
        counts = np.bincount(flow[flow >= 0], minlength=flows)
        if (lacking := np.flatnonzero((counts == 0) & (m.demand > 0))).size:
            raise SolveError(f"flow {lacking[0]} has demand and no column to carry it")
        self.kept_flows = np.flatnonzero(m.demand > 0)
        number = np.full(flows + 1, -1)
        number[self.kept_flows] = np.arange(len(self.kept_flows))
        live = (flow < 0) | (m.demand[np.maximum(flow, 0)] > 0) if flows else np.ones(len(flow), bool)
        rank = np.where(flow < 0, flows, flow)
        order = np.argsort(rank, kind="stable")
        self.columns = order[live[order]]
        in_flow = flow[self.columns] >= 0
        self.free = int((~in_flow).sum())
        self.first = np.r_[0, np.cumsum(counts[self.kept_flows])].astype(np.int64)
        self.of = number[np.where(in_flow, flow[self.columns], 0)][in_flow]
        if len(self.columns) == len(flow) and np.array_equal(self.columns, np.arange(len(flow))):
            self.start, self.row, self.value = np.asarray(m.start, np.int64), np.asarray(m.row, np.int32), np.asarray(m.value, float)
        else:
            length = np.diff(m.start)[self.columns]
            self.start = np.r_[0, np.cumsum(length)].astype(np.int64)
            take = np.repeat(np.asarray(m.start)[self.columns] - self.start[:-1], length) + np.arange(self.start[-1])
            self.row, self.value = np.asarray(m.row, np.int32)[take], np.asarray(m.value, float)[take]
        self.cost, self.demand = np.asarray(m.cost, float)[self.columns], np.asarray(m.demand, float)[self.kept_flows]
        self.touch, self.touched, self.local = normal.local_rows(self.first, self.start, self.row, wide)
        self.has_s, self.has_t = np.isfinite(m.high), np.isfinite(m.low)
        self.pairs = len(self.columns) + int(self.has_s.sum()) + int(self.has_t.sum())
        # A price still near an end of its box says little about what a residual costs.
        self.floor = np.where(self.has_s & self.has_t, 0.1 * (m.high - m.low), 0.0)
        self.parts = self._parts()
        self.shares = PARTS if len(self.row) >= MANY else 1

    def _parts(self) -> list[int]:
        """Where to cut the flows into shares of equal work."""
        work = np.cumsum(np.diff(self.touch) ** 2 * np.diff(self.first)) if len(self.first) > 1 else np.zeros(0)
        cut = int(np.searchsorted(work, work[-1] / 2)) if len(work) else 0
        return [0, cut, len(self.first) - 1]

    def lhs(self, x: Floats) -> Floats:
        """Sum of a x by row."""
        return _by_row(self.row, np.repeat(x, np.diff(self.start)) * self.value, len(self.m.side))

    def priced(self, mu: Floats) -> Floats:
        """Sum of mu a by column."""
        out = np.empty(len(self.cost))
        normal.row_sums(self.start, self.row, self.value, mu, out)
        return out

    def solve(self, mu: Floats | None, barrier: float | None, target: float | None, gap: float, most_steps: int, hold: float | None) -> Point:
        self._begin(mu, barrier, target)
        steps, done, best_left = 0, False, INF
        while True:
            tau, left = self._tau(), float(np.max(np.abs(self.ra) / (1.0 + np.abs(self.m.side)), initial=0.0))
            goal = target if target is not None else gap * max(1e-9, abs(self._objective())) / max(1, self.pairs)
            if not np.isfinite(tau):
                break
            if target is not None and hold is not None:
                done = steps > 0 and tau <= 1.2 * goal and float(np.abs(self.ra) @ np.maximum(self._weight(self.mu), self.floor)) <= hold * self.pairs * goal
            else:
                rd = float(np.max(np.abs(self.rd), initial=0.0))
                done = tau <= 1.2 * goal and left <= 1e-9 and rd <= 1e-9 * (1.0 + float(np.max(np.abs(self.cost), initial=0.0)))
            if done or steps >= most_steps or self.pairs == 0:
                break
            best_left = min(best_left, left)
            if not self._step(goal):
                break
            steps += 1
        return self._point(done or self.pairs == 0, steps, tau, left)

    # Where a solve begins

    def _weight(self, mu: Floats) -> Floats:
        """What a unit of a row's residual is worth: the distance to the nearer end of its box."""
        below = np.where(self.has_t, mu - self.m.low, np.abs(mu))
        return np.minimum(below, np.where(self.has_s, self.m.high - mu, below))

    def _begin(self, mu: Floats | None, barrier: float | None, target: float | None) -> None:
        m = self.m
        width = m.high - m.low
        scale = float(np.mean(np.abs(self.cost))) if len(self.cost) else 1.0
        scale = scale or 1.0
        middle = np.where(self.has_s & self.has_t, 0.5 * (np.where(self.has_t, m.low, 0) + np.where(self.has_s, m.high, 0)),
                          np.where(self.has_t, m.low + scale, np.where(self.has_s, m.high - scale, 0.0)))  # fmt: skip
        given = middle if mu is None else np.asarray(mu, float)
        inset = np.where(np.isfinite(width), 1e-9 * np.where(np.isfinite(width), width, 1.0), 1e-9 * scale)
        self.mu = np.clip(given, m.low + inset, m.high - inset)
        flows = len(self.demand)
        n_in = int(self.first[-1])
        self.sigma, self.x, self.z = np.zeros(flows), np.empty(len(self.cost)), np.empty(len(self.cost))
        price = self.cost + self.priced(self.mu)
        tau = barrier
        if tau is None:
            tau = 1e-2 * scale * (float(self.demand.mean()) if flows else float(np.mean(np.abs(m.side))) if len(m.side) else 1.0)
        tau = max(tau, 1e-300)
        for _ in range(80):
            normal.centre(self.first, price[:n_in], self.demand, tau, self.sigma, self.x)
            self.z[:n_in] = tau / self.x[:n_in]
            self.z[n_in:] = np.maximum(np.abs(price[n_in:]), 1e-3 * scale)
            self.x[n_in:] = tau / self.z[n_in:]
            self.zs: Floats = np.where(self.has_s, m.high - self.mu, INF)
            self.zt: Floats = np.where(self.has_t, self.mu - m.low, INF)
            self.s: Floats = np.where(self.has_s, tau / self.zs, 0.0)
            self.t: Floats = np.where(self.has_t, tau / self.zt, 0.0)
            self._residuals()
            if float(np.abs(self.ra) @ self._weight(self.mu)) <= 3.0 * self.pairs * tau:
                break
            tau *= 2.0

    def _residuals(self) -> None:
        n_in = int(self.first[-1])
        self.ra = self.m.side - self.lhs(self.x) + self.s - self.t
        self.rd = self.cost + self.priced(self.mu) - self.z
        self.rd[:n_in] -= self.sigma[self.of]

    def _tau(self) -> float:
        total = float(self.x @ self.z) + float(self.s[self.has_s] @ self.zs[self.has_s]) + float(self.t[self.has_t] @ self.zt[self.has_t])
        return total / max(1, self.pairs)

    def _objective(self) -> float:
        return float(self.cost @ self.x) + float(self.m.high[self.has_s] @ self.s[self.has_s]) - float(self.m.low[self.has_t] @ self.t[self.has_t])

    # One step

    def _step(self, goal: float) -> bool:
        theta = self.x / self.z
        if not self._factor(theta):
            return False
        tau = self._tau()
        zero = np.zeros(len(self.s))
        plain = self._solve(theta, -self.x, -self.s * self.zs_or_0, -self.t * self.zt_or_0)
        ap, ad = self._lengths(plain, 1.0)
        dx, dz, _, dmu, ds, dt = plain
        after = float((self.x + ap * dx) @ (self.z + ad * dz)) + float((self.s + ap * ds) @ np.where(self.has_s, self.zs - ad * dmu, zero))
        after = (after + float((self.t + ap * dt) @ np.where(self.has_t, self.zt + ad * dmu, zero))) / self.pairs
        wanted = max((max(after, 0.0) / tau) ** 3 * tau, 0.9 * goal)
        both = ap * ad
        v = (wanted - both * dx * dz) / self.z - self.x
        r_s = np.where(self.has_s, wanted + both * ds * dmu - self.s * self.zs_or_0, 0.0)
        r_t = np.where(self.has_t, wanted - both * dt * dmu - self.t * self.zt_or_0, 0.0)
        move = self._solve(theta, v, r_s, r_t)
        ap, ad = self._lengths(move, TO_BOUNDARY)
        dx, dz, dsigma, dmu, ds, dt = move
        if not (np.isfinite(dmu).all() and np.isfinite(dx).all()):
            return False
        self.x = self.x + ap * dx
        self.s, self.t = self.s + ap * ds, self.t + ap * dt
        self.z, self.mu, self.sigma = self.z + ad * dz, self.mu + ad * dmu, self.sigma + ad * dsigma
        self.zs, self.zt = self.zs - ad * dmu, self.zt + ad * dmu
        self._residuals()
        return True

    def _factor(self, theta: Floats) -> bool:
        wide = len(self.m.side)
        self.key = np.zeros(len(self.demand), np.int64)
        self.zs_or_0, self.zt_or_0 = np.where(self.has_s, self.zs, 0.0), np.where(self.has_t, self.zt, 0.0)
        if not wide:
            for k, (a, b) in enumerate(zip(self.first[:-1].tolist(), self.first[1:].tolist(), strict=True)):
                self.key[k] = a + int(np.argmax(theta[a:b]))
            self.lower = np.zeros((0, 0))
            return True
        diagonal = self.s / self.zs + self.t / self.zt
        halves = [np.zeros((wide, wide)) for _ in range(self.shares)]
        cuts = self.parts if self.shares == 2 else [0, len(self.demand)]

        def part(i: int) -> None:
            shape = self.first, self.start, self.row, self.value, self.touch, self.touched, self.local
            normal.assemble(*shape, theta, self.key, cuts[i], cuts[i + 1], halves[i])

        self.workers.map(part, self.shares)
        normal.add_up(halves[0], halves[-1] if self.shares == 2 else _NOTHING, diagonal, self.first, self.start, self.row, self.value, theta)
        grown = halves[0]
        self.diagonal = np.diagonal(grown).copy()
        # A row without slack and without columns that can differ leaves a zero: a grain keeps the factor alive.
        grain = 1e-14 * float(self.diagonal.max())
        for push in (0.0, 1.0, 1e3, 1e6):
            trial = grown if push == 0.0 and (self.diagonal > 0).all() else grown + np.diag(np.full(wide, max(push, 1.0) * grain + 1e-300))
            factor, info = lapack.dpotrf(trial.T, lower=0, overwrite_a=0, clean=0)
            if info == 0:
                self.lower = factor
                return True
        return False

    def _solve(self, theta: Floats, v: Floats, r_s: Floats, r_t: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Steps (dx, dz, dsigma, dmu, ds, dt) for one right-hand side."""
        n_in, wide = int(self.first[-1]), len(self.m.side)
        v = v - theta * self.rd
        right = np.where(self.has_t, r_t / self.zt, 0.0) - np.where(self.has_s, r_s / self.zs, 0.0) - self.ra
        cuts = self.parts if self.shares == 2 else [0, len(self.demand)]
        sums = [np.zeros(wide) for _ in range(self.shares)]

        def gather(i: int) -> None:
            normal.right_side(self.first, self.start, self.row, self.value, theta, v, self.key, cuts[i], cuts[i + 1], sums[i])

        self.workers.map(gather, self.shares)
        for part in sums:
            right = right + part
        if self.free:
            at = self.start[n_in]
            right += _by_row(self.row[at:], np.repeat(v[n_in:], np.diff(self.start[n_in:])) * self.value[at:], wide)
        dmu = lapack.dpotrs(self.lower, right, lower=0)[0] if wide else np.zeros(0)
        dx, dz, dsigma = np.empty(len(v)), np.empty(len(v)), np.empty(len(self.demand))

        def spread(i: int) -> None:
            normal.direction(self.first, self.start, self.row, self.value, theta, v, self.key, dmu, self.rd, dx, dz, dsigma, cuts[i], cuts[i + 1])

        self.workers.map(spread, self.shares)
        if self.free:
            along = np.empty(self.free)
            normal.row_sums(self.start[n_in:], self.row, self.value, dmu, along)
            dx[n_in:] = v[n_in:] - theta[n_in:] * along
            dz[n_in:] = along + self.rd[n_in:]
        ds = np.where(self.has_s, (r_s + self.s * dmu) / self.zs, 0.0)
        dt = np.where(self.has_t, (r_t - self.t * dmu) / self.zt, 0.0)
        return dx, dz, dsigma, dmu, ds, dt

    def _lengths(self, move: tuple[Floats, Floats, Floats, Floats, Floats, Floats], share: float) -> tuple[float, float]:
        dx, dz, _, dmu, ds, dt = move
        primal = max(_ratio(dx, self.x), _ratio(ds[self.has_s], self.s[self.has_s]), _ratio(dt[self.has_t], self.t[self.has_t]))
        dual = max(_ratio(dz, self.z), _ratio(-dmu[self.has_s], self.zs[self.has_s]), _ratio(dmu[self.has_t], self.zt[self.has_t]))
        return min(1.0, share / primal) if primal > 0 else 1.0, min(1.0, share / dual) if dual > 0 else 1.0

    def _point(self, done: bool, steps: int, tau: float, left: float) -> Point:
        m = self.m
        x, sigma = np.zeros(len(m.cost)), np.zeros(len(m.demand))
        n_in = int(self.first[-1])
        if n_in:
            total = np.add.reduceat(self.x[:n_in], self.first[:-1])
            self.x[:n_in] *= (self.demand / total)[self.of]
        x[self.columns] = self.x
        sigma[self.kept_flows] = self.sigma
        if len(self.kept_flows) < len(sigma):
            price = np.asarray(m.cost, float).copy()
            np.add.at(price, np.repeat(np.arange(len(price)), np.diff(m.start)), self.mu[m.row] * m.value)
            least = np.full(len(sigma), INF)
            flow = np.asarray(m.flow)
            np.minimum.at(least, flow[flow >= 0], price[flow >= 0])
            idle = np.asarray(m.demand) <= 0
            sigma[idle] = np.where(np.isfinite(least), least, 0.0)[idle]
        return Point(x, self.mu, sigma, np.where(self.has_s, self.s, 0.0), np.where(self.has_t, self.t, 0.0), done, steps, tau, left)


_NOTHING = np.zeros((0, 0))


def _by_row(row: Ints, weight: Floats, rows: int) -> Floats:
    return np.bincount(row, weight, minlength=rows)[:rows].astype(float, copy=False)


def _ratio(move: Floats, of: Floats) -> float:
    """Largest share of its own size by which anything shrinks."""
    return float(np.max(-move / of, initial=0.0))


def _check(m: Master) -> None:
    columns, rows = len(m.cost), len(m.side)
    if len(m.flow) != columns or len(m.start) != columns + 1 or len(m.low) != rows or len(m.high) != rows or len(m.row) != len(m.value):
        raise UsageError("the arrays of the master program do not fit each other in length")
    if columns and (int(m.start[-1]) != len(m.row) or int(np.max(m.flow)) >= len(m.demand)):
        raise UsageError("the columns of the master program end elsewhere than their entries, or name a flow that is not there")
    if len(m.row) and (int(np.min(m.row)) < 0 or int(np.max(m.row)) >= rows):
        raise UsageError("a column of the master program names a row that is not there")
    if not (m.low < m.high).all():
        raise UsageError("every row's price needs a box with low < high")
    if (m.demand < 0).any():
        raise UsageError("a demand of the master program is negative")
