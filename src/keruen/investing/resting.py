"""What a plan rests on: which guesses, moved over their range, would change what is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from keruen.ask.draws import HALF_WIDTH
from keruen.investing.desk import Desk
from keruen.investing.money import charge
from keruen.solve.choosing import Choice, Wish

__all__ = ["rests"]

POINTS = 0.03  # of the discount rate, either way
LIVES = (0.5, 1.5)  # of the years a project lasts
TINY = 1e-9


def rests(desk: Desk, choice: Choice, wish: Wish, rows: list[dict[str, Any]], watch: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
    """One row a number that, on its own, changes which projects are built somewhere in its range; the others only counted by what they are.

    rows: details of the projects, with their break-even costs.
    """
    found: list[dict[str, Any]] = []
    built = frozenset(choice.built)
    even = {row["project"]: row for row in rows}
    for p, c in enumerate(desk.asked):
        if c.capex_musd is not None:
            kind, width = _width(desk, p, "capex_musd")
            if c.given:
                kind, width = "given", HALF_WIDTH[("estimate", "low")]
            turn = even[c.name]["break_even_musd"]
            low, high = c.capex_musd * (1 - width), c.capex_musd * (1 + width)
            if turn is not None and low <= turn <= high and (turn < c.capex_musd) != (p in built):
                enters, leaves = ([], [c.name]) if p in built else ([c.name], [])
                found.append(_told(f"projects.{c.name}.capex_musd", c.capex_musd, "MUSD", low, high, turn, kind, enters, leaves))
    for p, c in enumerate(desk.asked):
        if c.capex_musd is None or not c.row.adds:
            continue
        if watch:
            watch(f"what {c.name} adds")
        kind, width = _width(desk, p, "adds")
        for factor in (1 - width, 1 + width):
            scale = np.ones(len(desk.items))
            scale[p] = factor
            _try(desk, built, replace(wish, scale=scale), found, (f"projects.{c.name}.adds", 1.0, "x what it adds", factor, kind))
    terms = desk.worlds.terms
    for rate in (max(0.0, terms.discount - POINTS), terms.discount + POINTS):
        other = replace(terms, discount=rate)
        charges = {p: charge(other, c.lead_years, c.life_years, desk.items[p].capex, desk.items[p].fixed) for p, c in enumerate(desk.asked)}
        columns = tuple(replace(c, weight=c.weight and other.worth(terms.first + c.year)) for c in wish.columns)
        _try(desk, built, replace(wish, charges=charges, columns=columns), found,
             ("discount_rate", terms.discount, "share", rate, "guess" if "discount" in terms.guessed else "given"))  # fmt: skip
    for factor in LIVES:
        charges = {p: charge(terms, c.lead_years, max(1, round(c.life_years * factor)), desk.items[p].capex, desk.items[p].fixed)
                   for p, c in enumerate(desk.asked) if "life_years" in c.guessed}  # fmt: skip
        if charges:
            _try(desk, built, replace(wish, charges=charges), found, ("life_years where no row says", float(terms.life_years), "years",
                                                                      float(max(1, round(terms.life_years * factor))), "guess"))  # fmt: skip
    return found


def _width(desk: Desk, p: int, column: str) -> tuple[str, float]:
    row = desk.asked[p].row
    kind = desk.worlds.case.kind_of_number("projects", row, column)
    return kind, HALF_WIDTH[(kind, row.confidence)]


def _told(number: str, value: float, unit: str, low: float, high: float, turn: float, kind: str, enters: list[str], leaves: list[str]) -> dict[str, Any]:
    return {"number": number, "value": value, "unit": unit, "low": low, "high": high, "changes_at": turn, "kind": kind, "enters": enters, "leaves": leaves}


def _try(desk: Desk, built: frozenset[int], wish: Wish, found: list[dict[str, Any]], what: tuple[str, float, str, float, str]) -> None:
    """Choose again with one number at an end of its range."""
    now = desk.choose(wish)
    if now.status == "infeasible":
        number, value, unit, end, kind = what
        found.append(_told(number, value, unit, min(value, end), max(value, end), end, kind, [], ["no plan fits"]))
        return
    enters = [desk.items[p].name for p in sorted(set(now.built) - built)]
    leaves = [desk.items[p].name for p in sorted(built - set(now.built))]
    if enters or leaves:
        number, value, unit, end, kind = what
        found.append(_told(number, value, unit, min(value, end), max(value, end), end, kind, enters, leaves))
