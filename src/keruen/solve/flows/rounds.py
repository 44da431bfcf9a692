"""Many flows by rounds: an interior point on the paths known so far, then exact shortest ways at its prices.

Primal-dual column generation (Gondzio, Gonzalez-Brevis and Munari 2013) with rows added when they are
overloaded and dropped where no choice of paths could fill them. The only things carried from round to
round are the paths, the arc prices and the cost at which a ceiling may be broken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keruen.solve.flows import kernels
from keruen.solve.flows.paths import CannotMove, Floats, Ints, Outcome, Paths, Problem, Watch, fits
from keruen.solve.interior import Master, Point, interior

__all__ = ["by_rounds"]

WARM_UP = 4
INF = np.inf
MOST_ROUNDS = 400
DEAR = 20.0  # what breaking a ceiling costs at first where leaving has a price, in costs of a mean journey
STEPS = 45  # of the interior point in a round
MORE = 40  # of them after a round that did not get there
START = 0.5  # barrier to start a round from, as a share of the gap at the prices it starts from
BACK = 5.0  # how many times the best gap prices may have before the best ones are taken again
JUMP = 2  # round from which a ceiling that stays broken costs as much as leaving unmet
RAISE = 16.0  # what a ceiling that is broken by much costs more each round


@dataclass
class _Compact:
    """A master program and what its rows, columns and fixed loads are."""

    master: Master
    arc: Ints  # arc of each row
    path: Ints  # path of each column
    alone: Ints  # the path of each flow that has one only
    columns_of: Ints


class _Rounds:
    def __init__(self, problem: Problem, gap: float, watch: Watch) -> None:
        self.p, self.gap, self.watch = problem, gap, watch
        self.paths = Paths(problem)
        m = problem.arcs
        self.mu = np.zeros(m)
        self.best_mu = np.zeros(m)
        self.lower, self.upper = -np.inf, np.inf
        self.x_best: Floats | None = None
        self.watched = np.zeros(m, bool)
        self.rho = np.zeros(m)
        self.boost = 1.0
        self.gap_here = 0.0
        # No plan without circles costs more, so a bound above it proves that there is none.
        self.most = float(problem.cost @ np.minimum(problem.capacity, float(problem.demand.sum()))) * (1 + 1e-6) + 1e-6
        self.typical = 1.0
        self.round = 0

    # What is known so far

    def heard(self, mu: Floats, distance: Floats) -> float:
        """The bound from distances at mu; the best is kept."""
        bound = self.p.bound(mu, distance)
        if bound > self.lower:
            self.lower, self.best_mu = bound, mu.copy()
        return bound

    def padded(self, x: Floats) -> Floats:
        return np.concatenate((x, np.zeros(self.paths.count - len(x))))

    def offer(self, x: Floats, load: Floats) -> None:
        """A plan by path that moves every demand: take it if it fits, else mix it with the one that did."""
        p = self.p
        if not fits(load, p.capacity):
            if self.x_best is None:
                return
            best = self.padded(self.x_best)
            held = self.paths.loads(best)
            over = load > p.capacity
            share = float(np.max((load - p.capacity)[over] / np.maximum(load - held, 1e-300)[over]))
            if not 0 <= share < 1:
                return
            share = min(1.0, share * (1 + 1e-12))
            x = (1 - share) * x + share * best
            if not fits(self.paths.loads(x), p.capacity):
                return
        cost = float(self.paths.cost @ x)
        if cost < self.upper:
            self.upper, self.x_best = cost, x

    def trimmed(self, x: Floats, load: Floats) -> None:
        """Offer x with everything above a capacity left unmet, where that has a price."""
        p = self.p
        if not np.isfinite(p.unmet):
            return
        keep = np.where(load > p.capacity, p.capacity / np.where(load > p.capacity, load, 1.0), 1.0)
        share = np.ones(self.paths.count)
        _least_along(self.paths.start, self.paths.arcs, keep, share)
        kept = x * share
        lost = np.bincount(self.paths.flow, x - kept, minlength=len(p.demand))
        cost = float(self.paths.cost @ kept) + p.unmet * float(lost.sum())
        if cost < self.upper:
            short = np.flatnonzero(lost > 0)
            self.paths.add(short, np.zeros(len(short) + 1, np.int64), np.zeros(0, np.int32))
            self.paths.active[self.paths.count - len(short) :] = False
            self.upper, self.x_best = cost, np.r_[kept, lost[short]]

    @property
    def open(self) -> float:
        """Gap still open, relative to the cost."""
        return (self.upper - self.lower) / max(1.0, abs(self.upper)) if np.isfinite(self.upper) else np.inf

    @property
    def closed(self) -> bool:
        return self.open <= self.gap

    # Start

    def begin(self) -> Floats:
        """First paths by a few all-or-nothing rounds; the load of their average."""
        p, paths = self.p, self.paths
        distance, _ = paths.price_out(self.mu)
        p.need_ways(distance)
        self.heard(self.mu, distance)
        moved = np.minimum(distance, p.unmet)
        self.typical = float(p.demand @ moved) / max(1e-300, float(p.demand.sum()))
        x = p.demand[paths.flow]
        load = paths.loads(x)
        self.offer(x, load)
        if not np.isfinite(self.upper):
            self.trimmed(x, load)
        if self.closed:
            return load
        cost_load = float(p.cost @ load)
        self.arc_cost = cost_load / float(load.sum()) if cost_load > 0 else self.typical or (p.unmet if np.isfinite(p.unmet) else 0.0) or 1.0
        average = load
        for i in range(1, WARM_UP + 1):
            mu = 2 * self.arc_cost * np.maximum(0.0, average / np.where(p.capacity > 0, p.capacity, INF) - 1.0)
            before = paths.count
            _, least = paths.best(mu)
            distance, _ = paths.price_below(mu, least)
            self.heard(mu, distance)
            choice = self.cheapest(mu)
            average = (average * i + paths.loads(choice)) / (i + 1)
            if paths.count == before:
                break
        self.watched = average > p.capacity * (1 + 1e-9)
        # Where what stays has a price, ceilings may be dear from the start: there is always a plan that keeps them.
        self.rho = np.full(p.arcs, DEAR * (self.typical or self.arc_cost) if np.isfinite(p.unmet) else self.arc_cost)
        self.mu = mu
        return average

    def cheapest(self, mu: Floats) -> Floats:
        """Every demand on the cheapest of its paths."""
        price, _ = self.paths.best(mu)
        order = np.lexsort((np.arange(len(price)), price, self.paths.flow))
        lead = order[np.r_[True, np.diff(self.paths.flow[order]) > 0]]
        x = np.zeros(self.paths.count)
        x[lead] = self.p.demand[self.paths.flow[lead]]
        return x

    # One round

    def compact(self) -> _Compact:
        p, paths = self.p, self.paths
        first, listed = paths.grouped()
        fixed, extra = kernels.survey(first, listed, paths.start, paths.arcs, p.demand, p.arcs)
        b = p.capacity - fixed
        arc = np.flatnonzero(self.watched & (extra > b))
        row_of = np.full(p.arcs, -1, np.int64)
        row_of[arc] = np.arange(len(arc))
        path, start, row, mark, held = kernels.entries(first, listed, paths.start, paths.arcs, row_of, len(arc))
        # Of rows with the same columns the tightest says it all.
        order = np.lexsort((np.arange(len(arc)), b[arc], held, mark))
        fresh = np.r_[True, (np.diff(mark[order]) != 0) | (np.diff(held[order]) != 0)] if len(arc) else np.zeros(0, bool)
        if not fresh.all():
            group = np.cumsum(fresh) - 1
            lead = order[fresh]
            of_row = np.empty(len(arc), np.int64)
            of_row[order] = group
            total = np.bincount(of_row, self.mu[arc])
            least_rho = np.zeros(len(lead))
            np.maximum.at(least_rho, of_row, self.rho[arc])
            self.mu[arc], self.rho[arc[lead]] = 0.0, least_rho
            self.mu[arc[lead]] = total
            kept = np.sort(lead)
            number = np.full(len(arc), -1)
            number[kept] = np.arange(len(kept))
            keep = number[row] >= 0
            count = np.r_[0, np.cumsum(keep)]
            start, row, arc = count[start], number[row[keep]], arc[kept]
        flow = paths.flow[path]
        ways = np.diff(first)
        several = np.flatnonzero(ways > 1)
        number = np.full(len(ways), -1)
        number[several] = np.arange(len(several))
        columns = paths.cost[path], number[flow], start, row.astype(np.int32), np.ones(len(row))
        master = Master(*columns, p.demand[several], b[arc], np.zeros(len(arc)), self.rho[arc])
        return _Compact(master, arc, path, listed[first[:-1][ways == 1]], flow)

    def one(self, open_abs: float) -> tuple[float, Point, _Compact]:
        """A round: solve, price, note. Returns the gap of the penalised program, and what was solved."""
        p = self.p
        self.rho = np.maximum(self.rho, 4 * self.mu)
        c = self.compact()
        n = max(1, len(c.path) + 2 * len(c.arc))
        rough = open_abs > 0.03 * abs(self.lower)
        target = max((0.5 if rough else 0.1) * open_abs, 0.2 * self.gap * max(1.0, abs(self.lower))) / n
        tau = max(target * self.boost, START * self.gap_here / n)
        mu = np.maximum(self.mu[c.arc], np.minimum(tau / (0.2 * np.maximum(p.capacity[c.arc], 1e-300)), 0.3 * c.master.high))
        point = interior(c.master, mu=mu, barrier=tau, target=target, most_steps=STEPS + (MORE if self.boost > 1 else 0), hold=0.2, workers=p.workers)
        self.mu = np.zeros(p.arcs)
        self.mu[c.arc] = np.maximum(point.mu, 0.0)
        x = np.zeros(self.paths.count)
        x[c.path] = point.x
        x[c.alone] = p.demand[self.paths.flow[c.alone]]
        load = self.paths.loads(x)
        over = np.maximum(0.0, load - p.capacity)
        value = float(self.paths.cost @ x) + float(self.rho[c.arc] @ over[c.arc])
        self.offer(x, load)
        price, least = self.paths.best(self.mu)
        distance, self.new = self.paths.price_below(self.mu, least)
        bound = self.heard(self.mu, distance)
        if self.upper > self.lower and self.open > 10 * self.gap:
            self.trimmed(self.padded(x), load)
        self.boost = self.boost * (64 if self.round < 4 else 8) if not point.converged else max(1.0, self.boost / 8)
        self.gap_here = max(0.0, value - bound) if np.isfinite(bound) else 0.0
        if self.gap_here > BACK * (value - self.lower):
            self.mu = self.best_mu.copy()
            self.gap_here = max(0.0, value - self.lower)
        tight = self.mu > self.rho / 2
        broken = over[tight] > 0.01 * p.capacity[tight]
        self.rho[tight] *= np.where(broken, RAISE, 4.0)
        if self.round >= JUMP and np.isfinite(p.unmet):  # what cannot go round it will be left: no price above that is needed
            self.rho[tight] = np.maximum(self.rho[tight], np.where(broken, 2.0 * p.unmet, 0.0))
        self.watched |= load > p.capacity * (1 + 1e-9)
        if self.round >= 3 and point.converged:
            self.prune(c, point, price, least, max(min(self.upper, value) - bound, self.gap * abs(self.lower)))
        elif self.round >= 3 and np.isfinite(self.upper):
            self.prune(c, point, *self.paths.best(self.best_mu), 2 * (self.upper - self.lower))
        return value - self.lower, point, c

    def prune(self, c: _Compact, point: Point, price: Floats, least: Floats, gap: float) -> None:
        """Rest paths that carry next to nothing and cost too much at these prices, if they are many."""
        d = self.p.demand[c.columns_of]
        apart = (price[c.path] - least[c.columns_of]) * d
        idle = ((point.x < 1e-3 * d) & (apart > 0.5 * gap)) | ((point.x < 1e-5 * d) & (apart > 0.02 * gap))
        if idle.sum() > 0.05 * len(d):
            self.paths.active[c.path[idle]] = False


def _least_along(start: Ints, arcs: Ints, keep: Floats, share: Floats) -> None:
    """Least of ``keep`` along each path, into ``share`` (1 for a path without arcs)."""
    some = np.diff(start) > 0
    if some.any():
        share[some] = np.minimum.reduceat(keep[arcs], start[:-1][some])


def by_rounds(problem: Problem, gap: float, watch: Watch, most_rounds: int = MOST_ROUNDS) -> Outcome:
    """Solve to ``gap`` or until time, rounds or progress run out. Raises CannotMove where a flow has no way."""
    s, p = _Rounds(problem, gap, watch), problem
    load = s.begin()
    over = np.maximum(0.0, load - p.capacity)
    held = over > 0
    open_abs = max(float(p.cost @ load) + float(s.rho[held] @ over[held]) - s.lower, 1e-3 * abs(s.lower)) if not s.closed else 0.0
    s.gap_here = 0.2 * open_abs
    still, mark = 0, np.inf
    while not s.closed and s.round < most_rounds and not watch.over:
        s.round += 1
        gap_now, _, _ = s.one(open_abs)
        # While breaking a ceiling is cheap the penalised cost says nothing, and may even lie below the bound.
        known = s.upper - s.lower
        least = 0.003 * known if np.isfinite(known) else 0.003 * abs(s.lower) if gap_now <= 0 else 0.0
        now = min(known, max(gap_now, least))
        open_abs = min(now, 2 * open_abs)
        watch.say(s.round, s.upper, s.lower)
        if not np.isfinite(p.unmet) and s.lower > s.most:
            raise CannotMove("there is not enough room for all flows")
        if float(np.max(s.rho, initial=0.0)) > 1e12 * s.arc_cost:
            break
        measure = s.open if np.isfinite(s.open) else gap_now / max(1.0, abs(s.lower))
        still = 0 if measure < 0.7 * mark else still + 1
        mark = min(mark, measure)
        if still >= 25:
            break
    x = None if s.x_best is None else s.padded(s.x_best)
    return Outcome(s.paths, x, s.best_mu, s.round, s.closed, "" if s.closed else "the interior point stopped gaining")

