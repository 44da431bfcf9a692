"""One number of a case moved, all else as it is: the plan with it, solved from the warm plan without it.

Three ways, each exact. Where the plan stays the best by its own prices (nothing it uses gets dearer or smaller, nothing it
does not use gets cheap enough), there is nothing to solve. Where the network keeps its shape, costs and sides are laid
over the warm master. Where it does not (a way opens or shuts, a yield changes), it is solved from nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keruen.ask.draws import FleetHours
from keruen.ask.laying import Arrays, Laying
from keruen.ask.results import Reader, Result, headline
from keruen.ask.standing import Cell
from keruen.case import Case
from keruen.scenario import Scenario
from keruen.solve.levers import LeverMaster
from keruen.solve.pathform import path_form
from keruen.solve.program import Program

__all__ = ["Bench", "Moved"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ZERO = 1e-12
ROUNDING = 1e-9


@dataclass(frozen=True)
class Moved:
    """values: by result, None for a share of nothing. how: what it took: same (the network is the same), stays (so does the plan),
    warm or cold (solved). exported: what home sends abroad, by commodity."""

    values: tuple[float | None, ...]
    exported: dict[str, float]
    how: str


class _Master(LeverMaster):
    """A master whose columns also change how much they may carry."""

    _at_most: Floats | None = None

    def limit(self, upper: Floats) -> None:
        """Upper bounds (columns,) of the arc program's columns that are part of no way."""
        other = self.form.other
        wanted = upper[other]
        now = self.form.program.upper[other] if self._at_most is None else self._at_most
        changed = np.flatnonzero(wanted != now)
        if len(changed):
            self._solver.set_upper(changed, wanted[changed])
        self._at_most = wanted


class _Desk:
    """One program, solved."""

    def __init__(self, program: Program, results: Sequence[Result], pool: tuple[Ints, Ints] | None = None) -> None:
        self.program = program
        self.reader = Reader(program, results)
        self.tie = self.reader.tie()
        self.master = _Master(path_form(program))
        if pool is not None:
            self.master.add(*pool)
        self.arrays = Arrays(program.cost, program.upper, program.row_lower, program.row_upper, program.offset)
        self.solve(self.arrays)

    def solve(self, arrays: Arrays) -> None:
        first = len(self.program.balance)
        self.master.change(arrays.cost + self.tie, arrays.row_lower[first:], arrays.row_upper[first:])
        self.master.limit(arrays.upper)
        self.answer = self.master.solve()
        self.x = self.master.flows(self.answer)
        self.ways = (*self.master.pool(), self.answer.quantity)

    def read(self, arrays: Arrays, how: str) -> Moved:
        values = tuple(self.reader.read(r, self.x, arrays.cost, arrays.offset, self.ways) for r in self.reader.results)
        return Moved(values, self.reader.exported(self.x), how)


class Bench(Laying):
    """A year of a case under a scenario, ready for its numbers to be moved one at a time.

    results: what is read of each plan; the headline results if None. Raises UsageError and ScenarioError as :func:`keruen.network.build`.
    """

    def __init__(self, case: Case, year: int, scenario: Scenario | None = None, results: Sequence[Result] | None = None) -> None:
        super().__init__(case, year, scenario)
        if results is None:
            found = _Desk(self.program, (Result("objective"),))
            results = (*headline(found.reader, found.x, found.ways), Result("cost"))
        # The result that decides between plans that cost the same comes first in the tie, whatever the order asked for.
        self.results = tuple(results)
        self._ordered = tuple(sorted(self.results, key=lambda r: r.kind in ("objective", "cost", "exports") and not r.country))
        self._desk = desk = _Desk(self.program, self._ordered)
        self.mark, self.pool = desk.master.mark(), desk.master.pool()
        self.x, self.answer = desk.x, desk.answer
        self.prices = desk.master.row_duals(desk.answer)
        self.reduced = desk.arrays.cost + desk.tie - self.program.matrix.T @ self.prices
        self.load = self.program.matrix @ self.x
        self.base = self._in_order(desk.read(desk.arrays, "base"))

    def _in_order(self, moved: Moved) -> Moved:
        by = dict(zip(self._ordered, moved.values, strict=True))
        return Moved(tuple(by[r] for r in self.results), moved.exported, moved.how)

    # --- asking --------------------------------------------------------------------------------------

    def at(self, cell: Cell, value: float) -> Moved:
        """The plan with another figure in one cell."""
        arrays = self.arrays_at(cell, value)
        if isinstance(arrays, Program):
            known = arrays.flow == self.program.flow and arrays.taken == self.program.taken
            desk = _Desk(arrays, self._ordered, self.pool if known else None)
            return self._in_order(desk.read(desk.arrays, "cold"))
        if arrays.same(self.arrays):
            return Moved(self.base.values, self.base.exported, "same")
        desk = self._desk
        if self.stays(arrays):
            more = arrays.offset - self.arrays.offset
            values = tuple(v if v is None or r.kind not in ("objective", "cost") else v + more for r, v in zip(self.results, self.base.values, strict=True))
            return Moved(values, self.base.exported, "stays")
        desk.master.back(self.mark)
        desk.solve(arrays)
        return self._in_order(desk.read(arrays, "warm"))

    def stays(self, arrays: Arrays) -> bool:
        """Whether the plan is still the best one, by its own prices (the conditions of Karush, Kuhn and Tucker)."""
        old, x, y, r = self.arrays, self.x, self.prices, self.reduced
        at = np.flatnonzero(arrays.cost != old.cost)
        if len(at) and ((x[at] > ZERO).any() or (r[at] + arrays.cost[at] - old.cost[at] < -ROUNDING).any()):
            return False
        at = np.flatnonzero((arrays.row_upper != old.row_upper) | (arrays.row_lower != old.row_lower))
        if len(at):
            room = ROUNDING * np.maximum(1.0, np.abs(self.load[at]))
            if (np.abs(y[at]) > ZERO).any() or (self.load[at] > arrays.row_upper[at] + room).any() or (self.load[at] < arrays.row_lower[at] - room).any():
                return False
        at = np.flatnonzero(arrays.upper != old.upper)
        return not (len(at) and ((r[at] < -ZERO).any() or (x[at] > arrays.upper[at] + ROUNDING).any()))

    def used(self, table: str, name: str) -> bool:
        """Whether a flow of the plan uses a link or transfer."""
        return bool((self.x[list(self.columns_of(table, name))] > ROUNDING).any())

    def load_of(self, row: int) -> float:
        """What the plan uses of a row; of the hours of a fleet what it needs, for it may be given more at no cost."""
        if row in self.program.fleet_rows:
            return float(FleetHours(self.program).needed(self.x)[self.program.fleet_rows.index(row)])
        return float(self.load[row])
