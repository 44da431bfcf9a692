"""Rounds of the equilibrium: cheapest ways for all pairs, then levelling the paths at hand, until the gap is small.

A round finds each pair's cheapest way at the costs of the moment, which also measures the gap, and lets new
paths in. Then sweeps over the pairs with more than one path level their costs, most of them passing over
pairs that were level when last met. Where sweeps creep, a Newton step for all pairs at once goes between.
What a round does depends on gaps and never on the clock, nor on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from time import monotonic
from typing import Any

import numpy as np

from keruen.errors import SolveError
from keruen.solve.delays import DAVIDSON, DAVIDSON_MARGINAL, Delays
from keruen.solve.equilibrium import kernels
from keruen.solve.equilibrium.newton import newton
from keruen.solve.flows.paths import Floats, Ints
from keruen.solve.interior import Workers

__all__ = ["Level", "NoWay", "Pairs", "level_out"]

Progress = Callable[[int, float, float], None]
SHARES = 16  # of the origins in a search, whatever the number of threads
BATCHES = 32  # of the origins in the first loading
LEVELLED = 0.1  # share of the round's excess that sweeps leave
SWEEPS = 30  # at most, in a round
FULL = 3  # every so many sweeps none is passed over
PASSED = 0.1  # share of the mean excess below which a pair is passed over
NEWTON_FROM = 1e-3  # gap from which Newton steps are tried
NEWTON_AFTER = 5  # sweeps before the first in a round, and between two
GRADIENTS = 60  # steps of conjugate gradients, at most
PATIENCE = 2  # rounds that a path without flow is kept
STUCK = 60  # rounds without a better gap after which it ends
FIRST_ROOM, LAST_ROOM = 1e-2, 1e-11  # share of a Davidson capacity beyond which the curve goes on straight, at first and at last


class NoWay(SolveError):
    """A pair has no way; ``pair`` is its number."""

    def __init__(self, pair: int) -> None:
        super().__init__(f"pair {pair} has no way")
        self.pair = pair


@dataclass(frozen=True)
class Pairs:
    """Pairs that have to move, sorted by origin, and the arcs they may use in compressed rows.

    origins (each once) with of_origin (where its pairs begin); goal, demand by pair; graph: (first, to, arc).
    through: places below it are not passed.
    """

    arcs: int
    graph: tuple[Ints, Ints, Ints]
    origins: Ints
    of_origin: Ints
    goal: Ints
    demand: Floats
    through: int


@dataclass
class Level:
    """What the rounds found: (first, start, arcs, flow) by pair and path, and how many rounds it took."""

    paths: tuple[Ints, Ints, Ints, Floats]
    rounds: int


class _State:
    """Loads, costs and slopes by arc, and the paths."""

    def __init__(self, pairs: Pairs, curves: Delays, workers: Workers) -> None:
        self.pairs, self.delays, self.workers = pairs, curves, workers
        self.curves = curves.curves
        self.steep = (curves.kind == DAVIDSON) | (curves.kind == DAVIDSON_MARGINAL)
        self.room = FIRST_ROOM
        self.knee = self._knees()
        self.load, self.cost, self.slope = (np.zeros(pairs.arcs) for _ in range(3))
        self.paths: Any = (np.zeros(len(pairs.goal) + 1, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0))
        self.idle = np.zeros(0, np.int8)
        self.priced()

    def _knees(self) -> Floats:
        return np.where(self.steep, self.delays.capacity * (1 - self.room), np.inf)

    def tighten(self) -> None:
        self.room *= 0.1
        self.knee = self._knees()

    def priced(self) -> None:
        kernels.arc_costs(self.curves, self.knee, self.load, self.cost, self.slope)

    def loaded(self) -> None:
        """Loads from the paths, from scratch."""
        _, start, arcs, flow = self.paths
        self.load = kernels.path_loads(start, arcs, flow, self.pairs.arcs)
        self.priced()

    @property
    def now(self) -> tuple[Floats, Floats, Floats]:
        return self.load, self.cost, self.slope

    def search(self, better: float, begin: int, end: int) -> tuple[Floats, Floats, Ints, Ints, Ints]:
        """(distance, excess) of the pairs of these origins; new paths as (pair, start, arcs)."""
        p = self.pairs
        cuts = np.linspace(begin, end, min(SHARES, end - begin) + 1).astype(int)

        def share(i: int) -> Any:
            return kernels.search(p.graph, self.cost, p.through, p.origins, p.of_origin, p.goal, self.paths, better, int(cuts[i]), int(cuts[i + 1]))

        found = self.workers.map(share, len(cuts) - 1)
        ends = np.cumsum([0, *(f[3][-1] for f in found)])
        start = np.concatenate([np.zeros(1, np.int64), *(f[3][1:] + e for f, e in zip(found, ends, strict=False))])
        distance, above, who, arcs = (np.concatenate([f[i] for f in found]) for i in (0, 1, 2, 4))
        return distance, above, who, start, arcs

    def merge(self, who: Ints, start: Ints, arcs: Ints) -> None:
        self.paths, self.idle = kernels.merge(self.paths, self.idle, PATIENCE, who, start, arcs)

    def used(self) -> Any:
        """The paths that carry something."""
        none = np.zeros(0, np.int64)
        return kernels.merge(self.paths, self.idle, 0, none, np.zeros(1, np.int64), none.astype(np.int32))[0]


def _first_loading(s: _State) -> None:
    """Every pair on its cheapest way, batch of origins after batch of origins, each seeing the loads of those before."""
    p = s.pairs
    cuts = np.linspace(0, len(p.origins), min(BATCHES, len(p.origins)) + 1).astype(int)
    found = []
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        distance, _, who, start, arcs = s.search(0.0, begin, end)
        if not np.isfinite(distance).all():
            raise NoWay(int(p.of_origin[begin]) + int(np.flatnonzero(~np.isfinite(distance))[0]))
        s.load = s.load + kernels.path_loads(start, arcs, p.demand[who], p.arcs)
        s.priced()
        found.append((who, start, arcs))
    ends = np.cumsum([0, *(len(f[2]) for f in found)])
    start = np.concatenate([np.zeros(1, np.int64), *(f[1][1:] + e for f, e in zip(found, ends, strict=False))])
    s.merge(np.concatenate([f[0] for f in found]), start, np.concatenate([f[2] for f in found]))
    s.paths[3][:] = p.demand


def level_out(pairs: Pairs, curves: Delays, gap: float, workers: Workers, limit: float | None, progress: Progress | None) -> Level:
    """Paths of the pairs at equilibrium under ``curves``, to a relative ``gap``, or as near as ``limit`` seconds and rounding allow.

    Raises SolveError where Davidson curves have no room for the demand, NoWay for a pair that has none.
    """
    end = monotonic() + limit if limit is not None else np.inf
    s = _State(pairs, curves, workers)
    _first_loading(s)
    mark, tick = np.zeros(pairs.arcs, np.int64), np.zeros(1, np.int64)
    best, since, rounds = np.inf, 0, 0
    while True:
        kernels.complete(s.paths, pairs.demand)
        s.loaded()
        _, above, who, start, arcs = s.search(min(1e-9, 0.01 * gap), 0, len(pairs.origins))
        total, excess = fsum((s.load * s.cost).tolist()), fsum(above.tolist())
        now = excess / total if total > 0 else 0.0
        rounds += 1
        if progress is not None:
            objective = fsum(curves.integral(s.load).tolist())
            progress(rounds, objective, objective - excess)
        over = monotonic() > end
        if now <= gap and (s.load > s.knee).any() and not over:
            if s.room <= LAST_ROOM:
                _no_room(s)
            s.tighten()
            best, since = np.inf, 0
            continue
        since = 0 if now < best else since + 1
        best = min(best, now)
        if now <= gap or over or since >= STUCK:
            return Level(s.used(), rounds)
        s.merge(who, start, arcs)
        _sweeps(s, excess, now, mark, tick, end)


def _sweeps(s: _State, excess: float, gap: float, mark: Ints, tick: Ints, end: float) -> None:
    """Level the paths at hand until little of ``excess`` is left among them."""
    several = np.flatnonzero(np.diff(s.paths[0]) > 1)
    seen = np.full(len(s.pairs.goal), np.inf)
    left = np.inf
    for i in range(SWEEPS):
        full = i % FULL == 0
        bar = 0.0 if full else PASSED * left / len(several)
        left = kernels.sweep(s.curves, s.knee, s.now, s.paths, several, seen, bar, mark, tick)
        # What pairs passed over have is old news: only a full sweep knows what is left.
        if (full and i > 0 and left < LEVELLED * excess) or left == 0 or monotonic() > end:
            break
        if gap < NEWTON_FROM and i >= NEWTON_AFTER and i % NEWTON_AFTER == 0:
            newton(s.curves, s.knee, s.now, s.paths, several, 1e-2, GRADIENTS)


def _no_room(s: _State) -> None:
    full = np.flatnonzero(s.load > s.knee)
    a = int(full[np.argmax((s.load / s.delays.capacity)[full])])
    more = f", and {len(full) - 1:,} more like it" if len(full) > 1 else ""
    raise SolveError(
        f"not all can move: arc {a} takes less than its capacity {s.delays.capacity[a]:g} and would carry {s.load[a]:.6g}{more}. "
        "Give less demand, more capacity, or another way without such a limit"
    )
