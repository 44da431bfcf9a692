"""Which figures of the case itself a plan rests on: costs of moving, prices, capacities, supplies and demands, over their ranges.

The prices of the last year say to first order what a figure does to the worth of each project, all of them at once. Figures that
might change a choice by that reckoning are then put into the case, and everything is decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keruen.ask.laying import Arrays, Laying
from keruen.ask.standing import Standing, cells_of, ranges_of, standing
from keruen.investing.desk import Desk
from keruen.scenario import SETTABLE, Scenario, add, set_value
from keruen.solve.choosing import Choice

__all__ = ["figures"]

Floats = NDArray[np.float64]
MOST = 20  # figures decided anew
WIDE = 1.5  # a first-order change is taken for so much more
TINY = 1e-9

Decide = Callable[[Scenario], "frozenset[str] | None"]


def figures(desk: Desk, choice: Choice, rows: Sequence[dict[str, Any]], decide: Decide, watch: Callable[[str], None] | None = None) -> tuple[
        list[dict[str, Any]], list[str]]:  # fmt: skip
    """Figures that, moved alone to an end of their range, change which projects are built, in the shape of :func:`keruen.investing.resting.rests`; and notes.

    rows: details of the projects. decide: the projects of the best plan under a further scenario, None where no plan fits.
    """
    if watch:
        watch("figures of the case")
    margins = _Margins(desk, choice, rows)
    if not margins.names:
        return [], []
    laid = Laying(desk.worlds.case, desk.worlds.terms.last, desk.worlds.scenario + add(project=[c.name for c in desk.asked]))
    same = len(laid.program.cost) == len(margins.x[0]) and len(laid.program.row_upper) == len(margins.prices[0])
    assert same, "the last year with everything built"
    told = frozenset(laid.overlay.values)
    ranges = ranges_of(laid.case, told)
    found: list[tuple[float, Standing, float]] = []
    odd = 0
    for table in SETTABLE:
        if table == "projects":  # what they cost and add is asked elsewhere
            continue
        for cell in cells_of(laid.case, table):
            s = standing(laid.case, cell, told, ranges)
            if s.low is None or s.high is None or s.low == s.high or (cell.table, cell.row, cell.column) in told:
                continue
            for end in (s.low, s.high):
                arrays = laid.arrays_at(cell, end)
                if not isinstance(arrays, Arrays) or cell.key:
                    odd += 1
                    break
                near = margins.nearness(laid.arrays, arrays)
                if near > 1.0:
                    found.append((near, s, end))
    found.sort(key=lambda f: (-f[0], str(f[1].cell), f[2]))
    changed = []
    for _, s, end in found[:MOST]:
        if watch:
            watch(f"{s.cell} at {end:g}")
        now = decide(set_value(s.cell.table, s.cell.row, s.cell.column, end))
        enters, leaves = (sorted(now - margins.built), sorted(margins.built - now)) if now is not None else ([], ["no plan fits"])
        if enters or leaves:
            value = s.value if s.value is not None else end
            changed.append({"number": str(s.cell), "value": value, "unit": s.unit, "low": s.low, "high": s.high, "changes_at": end, "kind": s.kind,
                            "enters": enters, "leaves": leaves})  # fmt: skip
    notes = []
    if len(found) > MOST:
        notes.append(f"{len(found) - MOST} more figures of the case might change the choice; only the {MOST} most likely to were decided anew")
    if odd:
        notes.append(f"{odd} figures that change the shape of the network (yields, ways that open or shut) were not moved to see what the choice rests on")
    return changed, notes


class _Margins:
    """How far each project with a cost is from changing sides, and what prices and flows are with and without it in the last year."""

    def __init__(self, desk: Desk, choice: Choice, rows: Sequence[dict[str, Any]]) -> None:
        service = desk.chooser.service(choice.units)
        costs, terms = desk.worlds.costs[-1], desk.worlds.terms
        plan = costs.at(service[:, -1])
        worth = {row["project"]: row["npv_in_plan_musd"] for row in rows if row["npv_in_plan_musd"] is not None and not row["indispensable"]}
        self.built = frozenset(desk.items[p].name for p in choice.built)
        self.names: list[str] = []
        self.x, self.prices = [plan.x], [plan.prices]
        scale = []
        for p, c in enumerate(desk.asked):
            if c.name not in worth or p in desk.unknown:
                continue
            there = desk.chooser.service(choice.units)
            if p in choice.built:
                other = desk.chooser.service(desk.without(p, choice.units))[:, -1]
            else:
                under = desk.beside(p, choice.units)
                best = desk.best(p, under)
                if best is None:
                    continue
                there = desk.chooser.service(desk.entering(p, best[1], best[2], under))
                other = there[:, -1]
            year = costs.at(other)
            self.names.append(c.name)
            self.x.append(year.x)
            self.prices.append(year.prices)
            years = sum(terms.worth(terms.first + t) for t in range(len(terms.years)) if there[p, t] > 0)
            scale.append(years / max(TINY, abs(worth[c.name])))
        self._scale = np.array(scale)
        self._x, self._y = np.array(self.x), np.array(self.prices)
        program = costs.year.program
        self._left = program.cost - self._y @ program.matrix

    def nearness(self, old: Arrays, new: Arrays) -> float:
        """Largest change of what a project is worth towards changing sides, as a part of what that would take."""
        shift = np.zeros(len(self._x))
        at = np.flatnonzero(new.cost != old.cost)
        shift += self._x[:, at] @ (new.cost[at] - old.cost[at])
        at = np.flatnonzero((new.upper != old.upper) & np.isfinite(new.upper) & np.isfinite(old.upper))
        shift += np.minimum(self._left[:, at], 0.0) @ (new.upper[at] - old.upper[at])
        at = np.flatnonzero((new.row_upper != old.row_upper) & np.isfinite(new.row_upper) & np.isfinite(old.row_upper))
        shift += self._y[:, at] @ (new.row_upper[at] - old.row_upper[at])
        at = np.flatnonzero((new.row_lower != old.row_lower) & np.isfinite(new.row_lower) & np.isfinite(old.row_lower) & (old.row_lower != old.row_upper))
        shift += self._y[:, at] @ (new.row_lower[at] - old.row_lower[at])
        # A built project is spoilt by what makes the plan dearer than the one without it; one that is not built is made by what makes the one with it cheaper.
        return float(np.max(WIDE * self._scale * (shift[0] - shift[1:]), initial=0.0))
