"""Whether a number enters the network of a year, and if not, or if nothing moves with it, why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keruen.ask.moves import Bench
from keruen.ask.standing import Standing
from keruen.rules import RuleBook
from keruen.scenario import SETTABLE
from keruen.solve.levers import COST_CELL

__all__ = ["reason"]

TINY = 1e-6
OUTSIDE = {
    "places": "where a place lies draws the map; distances are numbers of links",
    "observations": "it is a published figure: plans are laid beside it, and it is not part of any",
    "claims": "it is a statement of a document: plans are held against it, and it is not part of any",
}  # fmt: skip
NEVER = {
    "barrels_per_t": "it only turns cells written in barrels into tonnes when a case is read",
    "deadweight_t": "what ships carry is their payload_t; the deadweight is kept for the record",
    "capex_musd": "what a project costs is weighed when projects are chosen, and a plan of one year chooses none",
}  # fmt: skip


def reason(bench: Bench, s: Standing, enters: bool, moves: Sequence[dict[str, Any]]) -> str:
    """In words: why it does not enter, why nothing moves, or an empty text where results move."""
    if enters:
        moved = any(abs(m["objective_change_musd"]) > TINY or m["exports"] or abs(m["share_change"] or 0.0) > TINY for m in moves)
        return "" if moved else _idle(bench, s)
    if s.value is None:
        return f"the cell is empty: {s.blank or 'no figure'}"
    for table, words in OUTSIDE.items():
        if s.cell.table == table:
            return words
    if s.cell.table not in SETTABLE:
        return f"no solve reads the table {s.cell.table}"
    if s.cell.column in NEVER:
        return NEVER[s.cell.column]
    if s.cell.column in ("first_year", "last_year", "opened", "ready_year"):
        rivals = "; its rivals say the same of this year" if moves else ""
        return f"it is a year, which says whether the row counts in {bench.year}, and is not moved{rivals}"
    absent = _absent(bench, s)
    if absent:
        return absent
    if not moves and s.value == 0:
        return "it is 0, so it has no range to be moved over"
    return _column(bench, s)


def _absent(bench: Bench, s: Standing) -> str:
    """Why the row is not in the network; empty where it is, or where that is not the reason."""
    table, name, year = s.cell.table, s.cell.row, bench.year
    row = getattr(bench.case, table)[name]
    if table in ("supplies", "demands", "consignments", "fleets") and not bench.counts(row):
        return f"the row counts only {_years(row)}, not in {year}"
    if table == "projects":
        return _project(bench, row)
    if table == "rules":
        return _rule(bench, row)
    if table in ("links", "transfers") and not bench.columns_of(table, name):
        closed = bench.overlay.closed_by.get((table, name))
        if closed:
            return f"the scenario shuts it: {closed}"
        if row.opened is not None and row.opened > year:
            return f"it opens in {row.opened}, not in {year}"
        if row.capacity is not None and max(0.0, row.capacity + bench.added(name)) == 0:
            adds = [p.project + (f" ({p.status}, {p.ready_year or 'no date'})") for p in bench.case.projects.values() if name in p.adds]
            opens = f"; projects that would open it: {', '.join(adds)}. Switch one on with --add" if adds else ""
            status = f"{row.status.replace('_', ' ')}: " if getattr(row, "status", "operating") != "operating" else ""
            return f"{status}its capacity in {year} is 0, so nothing can use it{opens}"
        return f"no flow of {year} can use it: no origin and destination of what it carries are joined by a way over it that capacities and rules leave open"
    return ""


def _years(row: Any) -> str:
    first, last = row.first_year, row.last_year
    return f"from {first} to {last}" if first and last else f"from {first}" if first else f"up to {last}"


def _project(bench: Bench, row: Any) -> str:
    year, base = bench.year, bench.case.base_year
    if not row.adds:
        return "the project has no figure for what it adds"
    if row.ready_year is not None and row.ready_year <= base:
        return f"the project was ready in {row.ready_year}: figures of the base year {base} hold it already"
    if row.status in ("planned", "idle"):
        return f"the project is {row.status}, so it counts only where a scenario adds it: --add {row.project}"
    if row.ready_year is None:
        return f"the project has no date, so it counts only where a scenario adds it: --add {row.project}"
    return f"the project is ready in {row.ready_year}, after {year}" if row.ready_year > year else ""


def _rule(bench: Bench, row: Any) -> str:
    if row.rule in bench.overlay.rules_off:
        return f"the scenario switches the rule off: {bench.overlay.rules_off[row.rule]}"
    if row.status != "in_force":
        return f"the rule is {row.status.replace('_', ' ')}; only rules in force bind a plan"
    if row.rule not in {r.rule for r in RuleBook(bench.case, bench.overlay, bench.year).rules}:
        if (row.valid_from and row.valid_from.isoformat() > f"{bench.year}-07-01") or (row.valid_to and row.valid_to.isoformat() < f"{bench.year}-07-01"):
            return f"the rule is not in force on 1 July {bench.year}: it holds from {row.valid_from or 'ever'} to {row.valid_to or 'now'}"
        return "the rule speaks of shipments that a yearly plan cannot tell apart (HS codes, end uses, licences), so keruen screen reads it and a plan does not"
    return ""


def _column(bench: Bench, s: Standing) -> str:
    """Why a number of a row that is in the network is not read."""
    cell, year = s.cell, bench.year
    if cell.column == "length_km":
        return ("a plan reads the length of a link only to reckon the round trip of ships, and none that are reckoned so serve this one; "
                "its cost and hours are numbers of their own")  # fmt: skip
    if cell.column in COST_CELL.values():
        return f"nothing that pays {s.unit} can use it in {year}"
    if cell.column in ("hours", "wait_hours"):
        return f"nothing that can use it in {year} has a value of time (commodities.time_usd_per_day is 0)"
    if cell.column == "per_train":
        return f"no way of {year} that can carry it has a capacity in trains/day"
    if cell.column == "value_usd":
        return "a plan reads the value only for taxes in per cent of it, and none is in force; losses and headlines are told by it"
    if cell.table == "commodities":
        return f"nothing of it can move in {year}"
    if cell.column == "capacity":
        return f"nothing can use it in {year}, so how much could is of no matter"
    return f"no row of the program of {year} is made from it"


def _idle(bench: Bench, s: Standing) -> str:
    """Why nothing moves with a number that is in the network."""
    cell = s.cell
    ends = [v for v in (s.low, *(r.value for r in s.rivals)) if v is not None]
    least = min(ends, default=s.value or 0.0)
    if cell.column in ("capacity", "quantity", "ships", "availability", "up_to") or (cell.table == "projects" and cell.column == "adds"):
        limits = bench.limits_of(cell)
        used = "; ".join(f"{bench.load_of(row):.4g} of {capacity:.4g} {unit} of {name} are used" for name, capacity, unit, row in limits)
        return f"it does not bind: {used}; even at {least:.4g} {s.unit} it would not" if used else f"it does not bind, not even at {least:.4g} {s.unit}"
    if cell.table in ("links", "transfers"):
        if bench.used(cell.table, cell.row):
            return "what it costs makes no difference to the plan at any figure tried"
        return "no flow of the plan uses it, and none would at any figure tried"
    return "no figure tried makes a difference to the plan"
