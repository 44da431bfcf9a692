"""The few closures that together hurt most, with proof: network interdiction by cuts.

A plan that was optimal with some things closed shows how bad any closures can be at most: stop every way of it
that they touch, and lose what those ways bring. So each plan gives an upper bound on the harm of every set, and a
small integer program finds the set that all bounds leave the most room for; its true harm and its plan follow from
one warm solve. After Israeli and Wood (2002), with ways instead of arcs, so that two closures on one way count once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from keruen.solve.program import Program, Taken
from keruen.solve.sweep import Closed, Sweep, Ways

__all__ = ["Worst", "worst_closures"]

Floats = NDArray[np.float64]
TINY = 1e-9


@dataclass(frozen=True)
class Worst:
    """things: positions of the worst set found. objective with them closed; no set of the size exceeds bound. Both in MUSD.

    rounds: sets that were solved on the way.
    """

    things: tuple[int, ...]
    objective: float
    bound: float
    rounds: int


def worst_closures(
    sweep: Sweep, many: int, *, gap: float = 1e-4, limit_s: float = 600.0, watch: Callable[[float, float, int], None] | None = None
) -> Worst:
    """The ``many`` things whose closure raises the objective most.

    gap: stop when the bound on the harm is within this share of the harm found. limit_s: or after this many
    seconds; the answer then has a gap. watch(harm, bound, rounds) is called after each round.
    """
    base, begun = sweep.base.objective, monotonic()
    leader = _Leader(len(sweep.things), many, _nothing_moves(sweep.program))
    losses = _Losses(sweep)
    leader.cut(base, losses.of(sweep.base))
    best, bound, rounds = base, np.inf, 0
    best_set: tuple[int, ...] = ()
    seen: set[tuple[int, ...]] = set()
    # The worst single closures make good first bounds, and a first answer.
    singles = sorted(((sweep.close((i,)).objective, i) for i in sorted(sweep.base.loaded)), key=lambda s: (-s[0], s[1]))
    first = [(i,) for _, i in singles[: 2 * many]] + [tuple(sorted(i for _, i in singles[:many]))]
    for members in first:
        best, best_set = _try(sweep, losses, leader, members, best, best_set)
        seen.add(members)
        rounds += 1
    while True:
        members, bound = leader.solve(max(1.0, limit_s - (monotonic() - begun)))
        bound = max(bound, best)
        if watch:
            watch(best - base, bound - base, rounds)
        if bound - best <= gap * max(bound - base, TINY) or members in seen or monotonic() - begun > limit_s:
            return Worst(_without_idle(sweep, best_set, best), best, bound, rounds)
        seen.add(members)
        rounds += 1
        best, best_set = _try(sweep, losses, leader, members, best, best_set)


def _try(sweep: Sweep, losses: _Losses, leader: _Leader, members: tuple[int, ...], best: float, best_set: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
    closed = sweep.close(members)
    leader.cut(closed.objective, losses.of(closed))
    return (closed.objective, members) if closed.objective > best else (best, best_set)


def _without_idle(sweep: Sweep, members: tuple[int, ...], objective: float) -> tuple[int, ...]:
    """The set without members that add nothing."""
    for i in members:
        rest = tuple(m for m in members if m != i)
        if rest and sweep.close(rest).objective >= objective - TINY * max(1.0, abs(objective)):
            return _without_idle(sweep, rest, objective)
    return members


def _nothing_moves(p: Program) -> float:
    """Objective of the plan in which nothing moves: always open, so no closure is worse."""
    return p.offset + sum(float(p.cost[c] * p.upper[c]) for c in p.short if c >= 0)


class _Losses:
    """What stopping the ways of a plan costs at most: by the set of things that touch them."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        p = sweep.program
        self.taken: dict[int, Taken] = dict(p.taken)
        self.floors = [(row - len(p.balance), float(p.cost[c])) for row, c in zip(p.bound_rows, p.short, strict=True) if c >= 0]

    def of(self, closed: Closed) -> dict[frozenset[int], float]:
        """MUSD lost at most, by signature: the things that touch a way. Stopping two ways loses no more than both."""
        ways = closed.ways
        worth = self._worth(ways)
        signature: list[list[int]] = [[] for _ in range(len(ways.quantity))]
        for i in sorted(closed.loaded):
            for way in np.flatnonzero(ways.touching(self.sweep.things[i])).tolist():
                signature[way].append(i)
        found: dict[frozenset[int], float] = {}
        for things, loss in zip(signature, (worth * ways.quantity).tolist(), strict=True):
            if things and loss > TINY:
                key = frozenset(things)
                found[key] = found.get(key, 0.0) + loss
        return found

    def _worth(self, ways: Ways) -> Floats:
        """MUSD lost for each unit of a way that stops: what it brings less what it costs, and what stops with it."""
        p, n, form = self.sweep.program, self.sweep.program.network, self.sweep.master.form
        count = len(ways.quantity)
        start = ways.start
        cost = np.add.reduceat(p.cost[ways.columns], start[:-1]) if count else np.zeros(0)
        worth = -cost
        for row, payment in self.floors:
            line = form.linking[[row], :].toarray().ravel()
            worth += payment * np.maximum(0.0, np.add.reduceat(line[ways.columns], start[:-1]) if count else 0.0)
        # A way begins with what enters and ends with what leaves; a circle has neither.
        enters = [self.taken.get(int(c)) for c in ways.columns[start[:-1]]] if count else []
        leaves = [self.taken.get(int(c)) for c in ways.columns[start[1:] - 1]] if count else []
        made: dict[int, list[int]] = {}
        intake: dict[int, list[int]] = {}
        coupled: dict[str, dict[int, list[int]]] = {}
        for w, (source, sink) in enumerate(zip(enters, leaves, strict=True)):
            if source is None or sink is None:
                continue
            if sink.kind == "demand":
                worth[w] += n.wants[sink.item].price + n.wants[sink.item].penalty
            elif sink.kind == "consigned":
                worth[w] += n.consigned[sink.item].penalty
            else:
                intake.setdefault(sink.item, []).append(w)
            if source.kind == "made":
                made.setdefault(source.item, []).append(w)
            elif source.kind == "supply" and n.offers[source.item].coupled:
                coupled.setdefault(n.offers[source.item].coupled, {}).setdefault(source.item, []).append(w)
        # Less goes in, so as much less of everything comes out. Plants that feed each other: from the last one back.
        told: set[int] = set()
        for _ in range(len(intake) + 1):
            for plant, inputs in sorted(intake.items()):
                outputs = made.get(plant, [])
                feeds = {leaves[w].item for w in outputs if leaves[w] is not None and leaves[w].kind == "intake"}  # type: ignore[union-attr]
                if plant in told or not feeds <= told:
                    continue
                told.add(plant)
                run = float(ways.quantity[inputs].sum())
                worth[inputs] += float(np.maximum(worth[outputs], 0.0) @ ways.quantity[outputs]) / run
        for plant in sorted(set(intake) - told):
            worth[intake[plant]] = np.inf
        worth = np.maximum(worth, 0.0)
        # Coupled supplies stop together, in shares of what they are in full.
        more = np.zeros(count)
        for members in coupled.values():
            for i, mine in members.items():
                used = float(ways.quantity[mine].sum())
                for j, theirs in members.items():
                    if j != i:
                        more[mine] += float(worth[theirs] @ ways.quantity[theirs]) / used
        return np.asarray(worth + more)


class _Leader:
    """The integer program that looks for the set the bounds leave the most room for."""

    def __init__(self, things: int, many: int, most: float) -> None:
        self.things, self.most = things, most
        self.highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_rel_gap", 1e-6)):
            self.highs.setOptionValue(option, value)
        # Column 0 is the harm, then one a thing, then one a signature.
        self.highs.addCol(1.0, -highspy.kHighsInf, most, 0, np.zeros(0, np.int32), np.zeros(0))
        for _ in range(things):
            self.highs.addCol(0.0, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        self.highs.changeColsIntegrality(things, np.arange(1, things + 1, dtype=np.int32), np.full(things, highspy.HighsVarType.kInteger))
        self.highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.highs.addRow(-highspy.kHighsInf, float(many), things, np.arange(1, things + 1, dtype=np.int32), np.ones(things))
        self.column: dict[frozenset[int], int] = {}

    def cut(self, objective: float, losses: dict[frozenset[int], float]) -> None:
        """harm <= objective + sum of the losses of what is touched."""
        places, values = [0], [1.0]
        for things, loss in sorted(losses.items(), key=lambda item: sorted(item[0])):
            places.append(self._touched(things))
            values.append(-min(loss, max(0.0, self.most - objective)))
        self.highs.addRow(-highspy.kHighsInf, objective, len(places), np.array(places, np.int32), np.array(values))

    def _touched(self, things: frozenset[int]) -> int:
        """1 if any of the things is closed."""
        if len(things) == 1:
            return 1 + next(iter(things))
        if things not in self.column:
            self.highs.addCol(0.0, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
            self.column[things] = 1 + self.things + len(self.column)
            members = [1 + i for i in sorted(things)]
            values = np.array([1.0] + [-1.0] * len(members))
            self.highs.addRow(-highspy.kHighsInf, 0.0, len(values), np.array([self.column[things], *members], np.int32), values)
        return self.column[things]

    def solve(self, limit_s: float) -> tuple[tuple[int, ...], float]:
        """The set, and the bound that holds for every set."""
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + limit_s)
        self.highs.run()
        x = np.array(self.highs.getSolution().col_value)
        bound = float(self.highs.getInfo().mip_dual_bound)
        return tuple(i for i in range(self.things) if len(x) and x[1 + i] > 0.5), min(bound, self.most)
