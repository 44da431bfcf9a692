"""Many closures on one network, each solved from the same warm state.

Closing what carries nothing changes nothing: the plan stays feasible and no better one can appear. So a closure
needs a solve only if the plan without it loads what it closes. Every solve starts from a remembered state, so an
answer does not depend on what was asked before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.scenario import CLOSED, Overlay
from keruen.solve.pathform import path_form
from keruen.solve.pathmaster import Mark, PathAnswer, PathMaster
from keruen.solve.program import Program

__all__ = ["Closed", "Sweep", "Ways", "shut_columns"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
LOADED = 1e-9


@dataclass(frozen=True)
class Ways:
    """Ways that carry something: start (ways+1,) into columns, quantity (ways,)."""

    start: Ints
    columns: Ints
    quantity: Floats

    def touching(self, shut: Bools) -> Bools:
        """Which of them use a column that is shut."""
        if not len(self.quantity):
            return np.zeros(0, bool)
        return np.add.reduceat(shut[self.columns], self.start[:-1], dtype=np.int64) > 0


@dataclass(frozen=True)
class Closed:
    """A plan with something closed: objective in MUSD, x by column, price by linking row, which things carry something, by which ways."""

    objective: float
    x: Floats
    prices: Floats
    loaded: frozenset[int]
    ways: Ways



def shut_columns(program: Program, overlay: Overlay) -> Bools | None:
    """Columns (columns,) that a scenario of whole closures shuts; None where it does anything else."""
    n = program.network
    if overlay.values or overlay.projects or overlay.rules_off or overlay.rules:
        return None
    for (table, _, what), factor in overlay.factors.items():
        if factor != 0.0 or what != CLOSED.get(table) or table in ("demands", "consignments"):
            return None
    named = {(table, name) for table, name, _ in overlay.factors}
    vertex = np.array([place in overlay.closed_places for place, _ in n.vertices] or [False])
    edge = np.array([
        ("transfers" if e.direction == "transfer" else "links", e.name) in named or vertex[e.tail] or vertex[e.head] for e in n.edges
    ] or [False])  # fmt: skip
    shut = np.zeros(len(program.cost), bool)
    for first, group in zip(program.flow, n.groups, strict=True):
        shut[first : first + len(group.edges)] = edge[group.edges]
    for column, t in program.taken:
        works = ("plants", n.works[t.item].name) if t.kind in ("made", "intake") else None
        offer = ("supplies", n.offers[t.item].name) if t.kind == "supply" else None
        shut[column] = vertex[t.vertex] or works in named or offer in named
    for (fleet, _), column in program.ships.items():
        shut[column] = ("fleets", n.ships[fleet].name) in named
    return shut


class Sweep:
    """A program and things that may be closed, as (columns,) masks.

    learn: solve every loaded thing's closure once at the start and keep the ways found, which pays where
    hundreds of closures follow.
    """

    def __init__(self, program: Program, things: list[Bools], *, learn: bool = False) -> None:
        self.program = program
        self.master = PathMaster(path_form(program))
        self.things = things
        self._use = sparse.csr_array(np.array(things, np.float64).reshape(len(things), len(self.program.cost)))
        answer = self.master.solve()
        if learn:
            for i in sorted(self._closed(answer).loaded):
                self.master.close(things[i])
                self.master.solve()
            self.master.close(None)
            answer = self.master.solve()
        self._mark = self.master.mark()
        self.base = self._closed(answer)

    def _closed(self, answer: PathAnswer) -> Closed:
        x = self.master.flows(answer)
        start, columns = self.master.pool()
        used = np.flatnonzero(answer.quantity > 0)
        lengths = np.diff(start)[used]
        begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # Columns of the used ways, one way after the other.
        place = np.repeat(start[used] - begins[:-1], lengths) + np.arange(begins[-1])
        ways = Ways(begins, columns[place], answer.quantity[used])
        return Closed(answer.objective, x, answer.prices, frozenset(np.flatnonzero(self._use @ x > LOADED).tolist()), ways)

    def mask(self, things: tuple[int, ...]) -> Bools:
        shut = np.zeros(len(self.program.cost), bool)
        for i in things:
            shut |= self.things[i]
        return shut

    def close(self, things: tuple[int, ...], start: Mark | None = None) -> Closed:
        """The plan with these things closed, solved from the base or from a mark."""
        return self.close_columns(self.mask(things), start)

    def close_columns(self, shut: Bools, start: Mark | None = None) -> Closed:
        """The same for a mask of columns."""
        self.master.back(start or self._mark)
        self.master.close(shut)
        return self._closed(self.master.solve())

    def used(self, shut: Bools) -> dict[str, float]:
        """What the base plan carries over columns that are shut, by commodity, in its unit."""
        groups, ways = self.program.network.groups, self.base.ways
        found: dict[str, float] = {}
        for way in np.flatnonzero(ways.touching(shut)).tolist():
            commodity = groups[self.master.form.group[ways.columns[ways.start[way]]]].commodity
            found[commodity] = found.get(commodity, 0.0) + float(ways.quantity[way])
        return found

    def mark(self) -> Mark:
        """Where the master stands, for closures on top of the last one."""
        return self.master.mark()

    def more_of(self, row: int, step: float, before: float) -> float:
        """MUSD gained by ``step`` more on a ``<=`` row, on top of the last closure, whose objective was ``before``."""
        linking = row - len(self.program.balance)
        lower, upper = float(self.master.row_lower[linking]), float(self.master.row_upper[linking])
        self.master.set_row(linking, lower, upper + step)
        after = self.master.solve().objective
        self.master.set_row(linking, lower, upper)
        return max(0.0, before - after)
