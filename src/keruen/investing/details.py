"""Of each project: what it is worth alone, in the chosen set and on top of it, what it relieves, and which others spoil or make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keruen.investing.desk import Desk
from keruen.solve.choosing import Choice, Wish

__all__ = ["details"]

Units = NDArray[np.int64]
Floats = NDArray[np.float64]
TINY = 1e-6
SHOWN, LOOKED = 3, 6
TELLS = 1e-4
SPOILS, MAKES = 0.5, 1.5


def details(desk: Desk, choice: Choice, wish: Wish, watch: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
    """One row a project, those with a cost first, by what they are worth in the plan."""
    rows = []
    gains = _Gains(desk)
    for p, c in enumerate(desk.asked):
        if watch:
            watch(c.name)
        rows.append(_row(desk, choice, wish, p, gains))
    return sorted(
        rows, key=lambda r: (r["capex_musd"] is None, r["year"] is None, -(r["npv_in_plan_musd"] or 0.0), -(r["break_even_musd"] or 0.0), r["project"])
    )


def _row(desk: Desk, choice: Choice, wish: Wish, p: int, gains: _Gains) -> dict[str, Any]:
    c, terms, none = desk.asked[p], desk.worlds.terms, np.zeros_like(choice.units)
    known = p not in desk.unknown and not (desk.with_needs(p) & desk.unknown)
    alone = desk.best(p, none)
    chosen = bool(choice.units[p].any())
    if chosen:
        with_it, without = desk.plain(choice.units), desk.plain(desk.without(p, choice.units))
        gain, npv, year = with_it.gain - without.gain, with_it.npv - without.npv, int(np.flatnonzero(choice.units[p])[0])
        clash: list[int] = []
    else:
        clash, under = desk.clashes(p, choice.units), desk.beside(p, choice.units)
        added = desk.best(p, under)
        gap = desk.plain(choice.units).npv - desk.plain(under).npv
        gain, npv, year = (added[0].gain, added[0].npv - gap, added[1]) if added else (0.0, 0.0, -1)
    even = desk.break_even(p, wish)
    first = terms.first
    return {
        "project": c.name, "name": c.row.name, "adds": dict(sorted(c.row.adds.items())), "capex_musd": c.capex_musd,
        "year": first + year if chosen else None, "units": int(choice.units[p].sum()), "of_units": c.row.units,
        "npv_alone_musd": alone[0].npv if alone and known else None, "gain_alone_musd": alone[0].gain if alone else 0.0,
        "year_alone": first + alone[1] if alone and (alone[0].npv if known else alone[0].gain) > TINY else None,
        "npv_in_plan_musd": npv if known else None, "gain_in_plan_musd": gain,
        "break_even_musd": even, "indispensable": even is None,
        "earliest": c.first, "lead_years": c.lead_years, "life_years": c.life_years, "guessed": list(c.guessed),
        "needs": [desk.asked[q].name for q in sorted(desk.with_needs(p) - {p})], "ruled_out_by": [desk.asked[q].name for q in clash],
        "relieves": _relieves(desk, choice, p), "rivals": gains.rivals(p), "partners": gains.partners(p),
        "kind": desk.worlds.case.kind_of_number("projects", c.row, "capex_musd") if c.capex_musd is not None and not c.given else None,
        "confidence": c.row.confidence, "source": c.row.source, "note": c.row.note,
    }  # fmt: skip


def _relieves(desk: Desk, choice: Choice, p: int) -> list[dict[str, Any]]:
    """Limits of the last year whose price the project brings down most: prices of the plan without it and with it."""
    costs, last = desk.worlds.costs[-1], -1
    z = desk.chooser.service(choice.units)[:, last]
    if choice.units[p].any():
        low, high = desk.chooser.service(desk.without(p, choice.units))[:, last], z
    else:
        low = desk.chooser.service(desk.beside(p, choice.units))[:, last]
        high = low.copy()
        high[sorted(desk.with_needs(p))] = 1.0
    master, plan_low, plan_high = costs.master, costs.at(low), costs.at(high)
    rows = []
    for one, other in zip(master.limits(low, plan_low), master.limits(high, plan_high), strict=True):
        name, kind, capacity, unit, row, price = one
        # What the solver's prices say to fall may be one of several prices: a little more of the limit tells.
        if price - other[-1] > TELLS:
            rows.append((-(price - other[-1]) * max(capacity, other[2], 1e-3), name, kind, unit, row))
    found = []
    for _, name, kind, unit, row in sorted(rows)[:LOOKED]:
        before, after = (round(master.little_more(z, row, plan.value), 6) for z, plan in ((low, plan_low), (high, plan_high)))
        if before - after > max(TELLS, 1e-3 * before):
            found.append({"limit": name, "kind": kind, "unit": unit, "price_before": before, "price_after": after})
    return found[:SHOWN]


class _Gains:
    """MUSD that sets of projects save in the last year."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sets = [desk.with_needs(p) for p in range(len(desk.items))]

    def of(self, members: frozenset[int]) -> float:
        z = np.zeros(len(self.desk.items))
        z[sorted(members)] = 1.0
        return -self.desk.worlds.costs[-1].ask(z, 0.0)[1]

    def _beside(self, p: int) -> list[tuple[int, float, float]]:
        """Each other project, what this one saves alone, and what beside it."""
        found = []
        for q in range(len(self.sets)):
            if q not in self.sets[p] and p not in self.sets[q]:
                found.append((q, self.of(self.sets[p]), self.of(self.sets[p] | self.sets[q]) - self.of(self.sets[q])))
        return found

    def rivals(self, p: int) -> list[dict[str, Any]]:
        """Projects beside which this one saves less than half as much."""
        rows = [(beside, q) for q, alone, beside in self._beside(p) if alone > 1e-3 and beside < SPOILS * alone]
        return [{"project": self.desk.items[q].name, "leaves": max(0.0, beside) / self.of(self.sets[p])} for beside, q in sorted(rows)[:SHOWN]]

    def partners(self, p: int) -> list[dict[str, Any]]:
        """Projects beside which this one saves half as much again, or anything at all."""
        rows = [(-beside, q) for q, alone, beside in self._beside(p) if beside > 1e-3 and beside > SPOILS * 1e-3 + MAKES * max(alone, 0.0)]
        return [{"project": self.desk.items[q].name, "saves_musd": -minus} for minus, q in sorted(rows)[:SHOWN]]
