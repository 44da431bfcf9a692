"""Many flows by the simplex method of HiGHS: paths brought in by price, or one program on the arcs.

The program on paths is kept warm: columns and rows are added when they are wanted, flows with one path
stay out of it, and prices are smoothed towards the best known (Wentges 1997), with a valid bound each round.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy import sparse

from keruen.errors import SolveError
from keruen.solve.flows import kernels
from keruen.solve.flows.paths import CannotMove, Floats, Ints, Outcome, Paths, Problem, Watch, fits

__all__ = ["by_arcs", "by_simplex"]

SMOOTH = 0.3
# What breaking a capacity costs at first, in costs of a mean journey: at 2 the early prices tell too little.
DEAR = 20.0
MOST_ROUNDS = 2000
INF = np.inf


def _highs() -> Any:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("parallel", "off"),
                          ("primal_feasibility_tolerance", 1e-9), ("dual_feasibility_tolerance", 1e-9)):  # fmt: skip
        highs.setOptionValue(option, value)
    return highs


class _Master:
    """The restricted program in HiGHS. Rows: an equality per flow with several paths, a ceiling per full arc."""

    def __init__(self, paths: Paths, rho: Floats) -> None:
        self.paths, self.p, self.rho = paths, paths.problem, rho
        self.highs = _highs()
        self.column = np.full(0, -1)  # of each path
        self.flow_row: dict[int, int] = {}
        self.arc_row: dict[int, int] = {}
        self.slack: dict[int, int] = {}
        self.columns = self.rows = 0
        self.alone = np.full(len(self.p.demand), -1)
        self.fixed = np.zeros(self.p.arcs)

    def update(self, use: Ints, arcs: Ints) -> None:
        """Bring in paths ``use`` and ceilings on ``arcs``, all at once where the program is still empty."""
        p, paths = self.p, self.paths
        self.column = np.r_[self.column, np.full(paths.count - len(self.column), -1)]
        by_flow: dict[int, list[int]] = {}
        for path in use.tolist():
            by_flow.setdefault(int(paths.flow[path]), []).append(path)
        new_columns: list[int] = []
        changed: set[int] = set()
        for k, mine in by_flow.items():
            if k in self.flow_row:
                new_columns += mine
                continue
            old = int(self.alone[k])
            if old < 0 and len(mine) == 1:
                self.alone[k] = mine[0]
                changed |= self._shift(mine[0], p.demand[k])
                continue
            if old >= 0:
                changed |= self._shift(old, -p.demand[k])
                mine = [old, *mine]
                self.alone[k] = -1
            self.flow_row[k] = self.rows
            self.rows += 1
            self.highs.addRow(p.demand[k], p.demand[k], 0, np.zeros(0, np.int32), np.zeros(0))
            new_columns += mine
        fresh = [a for a in arcs.tolist() if a not in self.arc_row]
        if fresh:
            self._add_rows(fresh)
        for a in changed:
            if a in self.arc_row and a not in fresh:
                self.highs.changeRowBounds(self.arc_row[a], -INF, p.capacity[a] - self.fixed[a])
        if new_columns:
            self._add_columns(new_columns)

    def _shift(self, path: int, quantity: float) -> set[int]:
        mine = self.paths.arcs[self.paths.start[path] : self.paths.start[path + 1]]
        self.fixed[mine] += quantity
        return set(mine.tolist())

    def _add_rows(self, arcs: list[int]) -> None:
        where = np.full(self.p.arcs, -1)
        where[arcs] = np.arange(len(arcs))
        known = np.flatnonzero(self.column >= 0)
        inside: list[list[int]] = [[] for _ in arcs]
        start, held = self.paths.start, self.paths.arcs
        for path in known.tolist():
            for r in where[held[start[path] : start[path + 1]]].tolist():
                if r >= 0:
                    inside[r].append(int(self.column[path]))
        for a, mine in zip(arcs, inside, strict=True):
            self.arc_row[a] = self.rows
            self.rows += 1
            self.highs.addRow(-INF, self.p.capacity[a] - self.fixed[a], len(mine), np.array(mine, np.int32), np.ones(len(mine)))
            self.slack[a] = self.columns
            self.columns += 1
            self.highs.addCol(self.rho[a], 0.0, INF, 1, np.array([self.arc_row[a]], np.int32), np.array([-1.0]))

    def _add_columns(self, new: list[int]) -> None:
        start, arcs = self.paths.start, self.paths.arcs
        begin, index = [0], []
        for path in new:
            index.append(self.flow_row[int(self.paths.flow[path])])
            index += [self.arc_row[a] for a in arcs[start[path] : start[path + 1]].tolist() if a in self.arc_row]
            begin.append(len(index))
            self.column[path] = self.columns
            self.columns += 1
        self.highs.addCols(len(new), self.paths.cost[new], np.zeros(len(new)), np.full(len(new), INF), len(index),
                           np.array(begin[:-1], np.int32), np.array(index, np.int32), np.ones(len(index)))  # fmt: skip

    def solve(self, left: float) -> tuple[Floats, Floats, Floats] | None:
        """(x by path, price by arc, price by flow), or None where HiGHS found no optimum, or no time."""
        p = self.p
        x, mu, sigma = np.zeros(self.paths.count), np.zeros(p.arcs), np.full(len(p.demand), np.nan)
        lone = self.alone[self.alone >= 0]
        x[lone] = p.demand[self.paths.flow[lone]]
        if not self.columns:
            return x, mu, sigma
        if np.isfinite(left):
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + max(0.1, left))
        self.highs.run()
        status = self.highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        found = self.highs.getSolution()
        value, dual = np.array(found.col_value), np.array(found.row_dual)
        here = np.flatnonzero(self.column >= 0)
        x[here] = np.maximum(value[self.column[here]], 0.0)
        total = np.bincount(self.paths.flow, x, minlength=len(p.demand))
        x *= (p.demand / np.where(total > 0, total, 1.0))[self.paths.flow]
        if self.arc_row:
            arcs = np.array(list(self.arc_row))
            mu[arcs] = np.maximum(0.0, -dual[np.array(list(self.arc_row.values()))])
        if self.flow_row:
            sigma[np.array(list(self.flow_row))] = dual[np.array(list(self.flow_row.values()))]
        self.broken = [a for a, c in self.slack.items() if value[c] > 1e-9 * max(1.0, p.capacity[a])]
        return x, mu, sigma

    def raise_price(self, arc: int) -> None:
        self.rho[arc] *= 10
        self.highs.changeColCost(self.slack[arc], self.rho[arc])


def by_simplex(problem: Problem, gap: float, watch: Watch, start: tuple[Paths, Ints, Floats, Floats] | None = None) -> Outcome:
    """Solve on paths. start: (paths, which of them to begin with, arc prices, load) from elsewhere; else the shortest ways."""
    p = problem
    best_mu, mu = np.zeros(p.arcs), np.zeros(p.arcs)
    lower, upper, x_best = -INF, INF, None
    if start is None:
        paths = Paths(p)
        distance, _ = paths.price_out(mu)
        p.need_ways(distance)
        use, rows = np.arange(paths.count), np.zeros(0, np.int64)
        lower = p.bound(mu, distance)
    else:
        paths, use, best_mu, load = start
        rows = np.flatnonzero((best_mu > 0) | (load > 0.99 * p.capacity))
        distance, _ = paths.price_out(best_mu)
        lower = p.bound(best_mu, distance)
    typical = float(p.demand @ np.minimum(distance, p.unmet)) / max(1e-300, float(p.demand.sum()))
    master = _Master(paths, np.maximum(4 * best_mu, (typical or 1.0) * DEAR))
    master.update(use, rows)
    round_, closed = 0, False
    while round_ < MOST_ROUNDS and not watch.over:
        round_ += 1
        answer = master.solve(watch.left)
        if answer is None:
            break
        x, mu, _ = answer
        load = paths.loads(x)
        cost = float(paths.cost @ x)
        fitting = fits(load, p.capacity)
        if fitting and cost < upper:
            upper, x_best = cost, x
        price, _ = paths.best(mu)
        known = np.full(len(p.demand), INF)
        inside = np.r_[master.column >= 0, np.zeros(paths.count - len(master.column), bool)]
        inside[master.alone[master.alone >= 0]] = True
        np.minimum.at(known, paths.flow[inside], price[inside])
        added = 0
        for weight in (SMOOTH, 0.0) if round_ > 1 and lower > -INF else (0.0,):
            at = weight * best_mu + (1 - weight) * mu
            _, least = paths.best(at)
            distance, _ = paths.price_below(at, np.where(np.isfinite(least), least, known))
            bound = p.bound(at, distance)
            if bound > lower:
                lower, best_mu = bound, at
            outside = np.ones(paths.count, bool)
            outside[: len(inside)] = ~inside
            priced = paths.cost + kernels.path_prices(paths.start, paths.arcs, mu)
            good = np.flatnonzero(outside & (priced < (known - 1e-10 * np.maximum(1.0, np.abs(known)))[paths.flow]))
            added = len(good)
            if added:
                break
        watch.say(round_, upper, lower)
        if np.isfinite(upper) and upper - lower <= gap * max(1.0, abs(upper)):
            closed = True
            break
        over = np.flatnonzero(load > p.capacity * (1 + 1e-9) + 1e-9)
        fresh = np.array([a for a in over.tolist() if a not in master.arc_row], np.int64)
        if not added and not len(fresh):
            if fitting or not master.broken:
                break  # optimal as far as the simplex can tell
            for a in master.broken:
                master.raise_price(a)
            if float(np.max(master.rho)) > 1e12 * (typical or 1.0):
                break
        master.update(good, fresh)
    return Outcome(paths, x_best, best_mu, round_, closed, "" if closed else "the simplex found nothing more to gain")


def by_arcs(problem: Problem, watch: Watch) -> Outcome:
    """One program on the arcs, the flows of an origin together, taken apart into paths afterwards."""
    p = problem
    p.need_ways(p.price(np.zeros(p.arcs), np.full(len(p.demand), -INF))[0])
    n, m, origins = p.n, len(p.arc), len(p.origins)
    tail, head = p.tail[p.arc].astype(np.int64), p.head[p.arc].astype(np.int64)
    which = np.repeat(np.arange(origins), np.diff(p.of_origin))
    leave = np.isfinite(p.unmet)
    k = len(p.demand)
    at = np.arange(origins)[:, None]
    column = (at * m + np.arange(m)[None, :]).ravel()
    rows = [(at * n + head[None, :]).ravel(), (at * n + tail[None, :]).ravel()]
    columns, values = [column, column], [np.ones(origins * m), -np.ones(origins * m)]
    tight = np.flatnonzero(p.capacity[p.arc] < float(p.demand.sum()))
    rows.append((origins * n + np.arange(len(tight))[None, :] + 0 * at).ravel())
    columns.append((at * m + tight[None, :]).ravel())
    values.append(np.ones(origins * len(tight)))
    side = np.zeros(origins * n)
    np.add.at(side, which * n + p.goal, p.demand)
    np.add.at(side, which * n + p.origin, -p.demand)
    cost, upper = np.tile(p.cost[p.arc], origins), np.full(origins * m, INF)
    if leave:
        own = origins * m + np.arange(k)
        rows += [which * n + p.goal, which * n + p.origin]
        columns += [own, own]
        values += [np.ones(k), -np.ones(k)]
        cost, upper = np.r_[cost, np.full(k, p.unmet)], np.r_[upper, p.demand]
    matrix = sparse.csc_array(
        sparse.coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(origins * n + len(tight), len(cost)))
    )
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), origins * n + len(tight)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), upper
    lp.row_lower_, lp.row_upper_ = np.r_[side, np.full(len(tight), -INF)], np.r_[side, p.capacity[p.arc][tight]]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = _highs()
    if np.isfinite(watch.left):
        highs.setOptionValue("time_limit", max(0.1, watch.left))
    highs.passModel(lp)
    highs.run()
    status = highs.getModelStatus()
    paths = Paths(p)
    if status == highspy.HighsModelStatus.kTimeLimit:
        return Outcome(paths, None, np.zeros(p.arcs), 1, False, "HiGHS ran out of time")
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise CannotMove("there is not enough room for all flows")
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
        raise SolveError(f"HiGHS stopped with '{highs.modelStatusToString(status)}' on a program of arcs; this is a fault of keruen")
    solution = highs.getSolution()
    value, dual = np.array(solution.col_value), np.array(solution.row_dual)
    mu = np.zeros(p.arcs)
    mu[p.arc[tight]] = np.maximum(0.0, -dual[origins * n :])
    left = np.minimum(np.maximum(value[origins * m :], 0.0), p.demand) if leave else np.zeros(k)
    first, by_head = kernels.ancestors(tail, head, n)
    quantity: list[Floats] = []
    for o in range(origins):
        mine = slice(int(p.of_origin[o]), int(p.of_origin[o + 1]))
        wanted = p.demand[mine] - left[mine]
        tiny = 1e-12 * max(1.0, float(wanted.max(initial=0.0)))
        flow = np.maximum(value[o * m : (o + 1) * m], 0.0)
        who, much, start, arcs, missing = kernels.unravel(first, by_head, tail, flow, int(p.origins[o]), p.goal[mine], wanted, tiny)
        # What rounding left over goes the way of the flow's largest path.
        for g in np.flatnonzero(missing > 0).tolist():
            own = np.flatnonzero(who == g)
            if len(own):
                much[own[np.argmax(much[own])]] += missing[g]
            elif leave:
                left[mine.start + g] += missing[g]
        paths.add(who + mine.start, start, p.arc[arcs])
        quantity.append(much)
    x = np.concatenate(quantity) if quantity else np.zeros(0)
    short = np.flatnonzero(left > 0)
    paths.add(short, np.zeros(len(short) + 1, np.int64), np.zeros(0, np.int32))
    x = np.r_[x, left[short]]
    if not leave:
        # A flow whose trace was lost in rounding altogether takes its shortest way.
        lost = np.flatnonzero(np.bincount(paths.flow, x, minlength=k) <= 0)
        if len(lost):
            least = np.full(k, -INF)
            least[lost] = INF
            paths.price_below(mu, least)
            x = np.r_[x, p.demand[paths.flow[len(x) :]]]
    total = np.bincount(paths.flow, x, minlength=k)
    x = x * (p.demand / np.where(total > 0, total, 1.0))[paths.flow]
    return Outcome(paths, x, mu, 1, True)
