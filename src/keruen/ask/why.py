"""Why a number is what it is: value, source, rivals, the range it may lie in, and what results rest on it.

What rests on it is found by solving the year with the number at each end of its range and at each rival figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keruen.ask.sample import HALF_WIDTH
from keruen.case import Case
from keruen.columns import Column, columns_of
from keruen.errors import UsageError, did_you_mean
from keruen.network import build
from keruen.scenario import SETTABLE, Scenario, describe, find_scenario, set_value
from keruen.solve import Solution, solve
from keruen.solve.paths import paths_of
from keruen.solve.shares import is_export
from keruen.tables import TABLES, key_columns
from keruen.units import split_quantity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Number", "Why", "headlines", "number_of", "numbers_of", "why"]

TINY = 1e-6
COLUMNS = ("at", "value", "result", "plan", "then", "change", "unit")


@dataclass(frozen=True)
class Number:
    """A number of a case. unit: "" for none; kind: sourced, derived or estimate; rivals: {value, source, note, differs} with ``differs``
    relative, or None where it is in another unit; low, high: the range that ensembles draw it from."""

    table: str
    row: str
    column: str
    value: float
    unit: str
    meaning: str
    kind: str
    source: str
    confidence: str
    note: str
    low: float
    high: float
    rivals: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.row}.{self.column}"


@dataclass(frozen=True)
class Why:
    """A number, and what rests on it in a year. moves: {at, value, result, plan, then, change, unit}, one a trial and headline result
    that changes; trials: how often the year was solved with another value; named: rows that name the number's row, by table;
    silent: why nothing moves, or "".
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    number: Number
    moves: tuple[dict[str, Any], ...]
    trials: int
    named: dict[str, tuple[str, ...]]
    silent: str

    def __repr__(self) -> str:
        return f"<Why {self.number.name} = {self.number.value:g} {self.number.unit}: {self.number.kind}, {len(self.moves)} results move>"

    @property
    def table(self) -> pd.DataFrame:
        """One row a trial and result that moves."""
        import pandas as pd

        return pd.DataFrame(list(self.moves), columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen why --format json`` writes it."""
        from keruen import __version__
        from keruen.plan import rounded

        n = self.number
        told: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "number": n.name, "value": n.value, "unit": n.unit,
            "meaning": n.meaning, "kind": n.kind, "source": n.source, "confidence": n.confidence, "note": n.note, "low": n.low, "high": n.high,
            "rivals": list(n.rivals), "moves": list(self.moves), "trials": self.trials, "named": {k: list(v) for k, v in self.named.items()},
            "silent": self.silent,
        })  # fmt: skip
        return told


def number_of(case: Case, name: str) -> Number:
    """A number by ``table.row.column``. Raises UsageError, with a hint, for what the case does not have or what is no number."""
    parts = name.split(".")
    if len(parts) != 3:
        raise UsageError(f"found '{name}', expected table.row.column, such as links.cpc-1.capacity")
    table, row, column = parts
    rows = _rows(case, table)
    if row not in rows:
        raise UsageError(f"there is no '{row}' in {table}. {did_you_mean(row, rows) or 'It has ' + str(len(rows)) + ' rows.'}")
    specs = {s.name: s for s in columns_of(TABLES[table]) if s.kind in ("number", "integer")}
    if column not in specs:
        raise UsageError(f"'{column}' is no column of numbers of {table}. {did_you_mean(column, specs) or 'There are: ' + ', '.join(specs)}")
    value = getattr(rows[row], column)
    if value is None:
        raise UsageError(f"{name} is empty, which means: {specs[column].blank}")
    return _number(case, table, row, rows[row], specs[column])


def numbers_of(case: Case, name: str) -> list[Number]:
    """All numbers of a table (``links``) or of a row (``links.cpc-1``)."""
    table, _, row = name.partition(".")
    rows = _rows(case, table)
    if row and row not in rows:
        raise UsageError(f"there is no '{row}' in {table}. {did_you_mean(row, rows) or 'It has ' + str(len(rows)) + ' rows.'}")
    specs = [s for s in columns_of(TABLES[table]) if s.kind in ("number", "integer") and s.unit != "year"]
    return [_number(case, table, key, one, s) for key, one in sorted(rows.items()) if row in ("", key) for s in specs if getattr(one, s.name) is not None]


def _rows(case: Case, table: str) -> dict[str, Any]:
    if table not in TABLES:
        raise UsageError(f"'{table}' is no table. {did_you_mean(table, TABLES) or 'There are: ' + ', '.join(TABLES)}")
    keys = [c.name for c in key_columns(TABLES[table])]
    return {"/".join(str(getattr(r, k)) for k in keys): r for r in case.tables[table]}


def _number(case: Case, table: str, key: str, row: Any, spec: Column) -> Number:
    value = float(getattr(row, spec.name))
    unit = "" if spec.unit == "year" else spec.unit
    if unit.startswith("{"):
        unit = str(getattr(row, unit[1:-1], "") or "")
        unit = case.commodities[unit].unit if unit in case.commodities else unit
    rows = case.provenance.get((table, key, spec.name), ())
    own = next((p for p in rows if p.kind != "rival"), None)
    kind = case.kind_of_number(table, row, spec.name)
    confidence = (own.confidence if own and own.confidence else getattr(row, "confidence", "")) or "low"
    rivals = []
    low, high = (value * (1 + sign * HALF_WIDTH[kind, confidence]) for sign in (-1, 1))
    for p in rows:
        if p.kind == "rival":
            given = split_quantity(p.value)
            same = given is not None and (not given[1] or given[1].split("/")[0] == unit.split("/")[0])
            rival = given[0] if same and given is not None else None
            rivals.append({"value": p.value, "number": rival, "source": p.source, "note": p.note,
                           "differs": rival / value - 1 if rival is not None and value else None})  # fmt: skip
            if rival is not None:
                low, high = min(low, rival), max(high, rival)
    if spec.high is not None:
        high = min(high, spec.high)
    if spec.low is not None:
        low = max(low, spec.low)
    return Number(table, key, spec.name, value, unit, spec.meaning, kind, (own.source if own and own.source else getattr(row, "source", "")), confidence,
                  (own.note if own and own.note else getattr(row, "note", "")), low, high, tuple(rivals))  # fmt: skip


def headlines(solution: Solution) -> dict[str, tuple[float, str]]:
    """Results that a reader asks for first, with their units: objective, exports by commodity, and of the export worth most the
    share that crosses each country in this plan."""
    n = solution.network
    found = {"objective": (solution.objective, "MUSD")}
    sold: dict[str, float] = {}
    for column, t in solution.program.taken:
        if is_export(n, t):
            commodity = n.groups[t.group].commodity
            sold[commodity] = sold.get(commodity, 0.0) + float(solution.x[column])
    for commodity, quantity in sorted(sold.items()):
        found[f"exports of {commodity}"] = (quantity, n.commodities[commodity].unit)
    main = max(sold, key=lambda c: (sold[c] * n.commodities[c].value_usd * n.commodities[c].tonnes_per_unit, c), default="")
    if main and sold[main] > TINY:
        crossing: dict[str, float] = {}
        for g, group in enumerate(n.groups):
            if group.commodity == main:
                for path in paths_of(solution, g):
                    if is_export(n, path.destination):
                        for country in {c for e in path.edges for c in n.edges[e].countries} - {n.case.home}:
                            crossing[country] = crossing.get(country, 0.0) + path.quantity
        top = sorted(crossing, key=lambda c: (-crossing[c], c))[:4]
        found |= {f"share of {main} exports that crosses {c}": (100 * crossing[c] / sold[main], "%") for c in sorted(top)}
    return found


def why(case: Case, name: str, year: int | None = None, *, scenario: Scenario | None = None) -> Why:
    """What stands behind a number, ``table.row.column``, and what rests on it in a year.

    Raises UsageError for what the case does not have.

    >>> import keruen as kr
    >>> found = kr.why(kr.load("kazakhstan"), "transfers.aktau-oil-berths.capacity")
    >>> found.number.value, found.number.unit
    (5.2, 'Mt/year')
    """
    number = number_of(case, name)
    year = case.base_year if year is None else year
    under = scenario or Scenario()
    base = solve(build(case, year, under))
    named = _named(case, number)
    silent = _silent(case, number, base)
    if silent:
        return Why(case.name, year, under.names, number, (), 0, named, silent)
    now = headlines(base)
    trials = {"low end": number.low, "high end": number.high}
    trials |= {f"rival of {r['source']}": r["number"] for r in number.rivals if r["number"] is not None}
    moves = []
    for at, value in trials.items():
        if abs(value - number.value) <= 1e-12 * max(1.0, abs(number.value)):
            continue
        then = headlines(solve(build(case, year, under + set_value(number.table, number.row, number.column, value))))
        for result in sorted(now.keys() | then.keys()):
            (a, unit), (b, other) = now.get(result, (0.0, "")), then.get(result, (0.0, ""))
            if abs(b - a) > 1e-6 * max(1.0, abs(a)):
                moves.append({"at": at, "value": value, "result": result, "plan": a, "then": b, "change": b - a, "unit": unit or other})
    none = "" if moves else "the year was solved with it at each end of its range: no headline result moves"
    return Why(case.name, year, under.names, number, tuple(moves), len(trials), named, none)


def _silent(case: Case, number: Number, base: Solution) -> str:
    """Why a number cannot move anything this year, or ""."""
    if number.table not in SETTABLE:
        return f"{number.table} do not enter the network: they are compared with it"
    n = base.network
    if number.table in ("links", "transfers"):
        there = (n.edges[i] for i in n.open_edges)
        if number.row not in {e.name for e in there if (e.direction == "transfer") == (number.table == "transfers")}:
            return f"{number.row} is not there in {n.year}"
    if number.table == "projects" and number.row not in n.overlay.projects:
        ready = case.projects[number.row].ready_year
        if ready is None or ready > n.year:
            return f"{number.row} is not built in {n.year}; --scenario or --add switches it on"
    return ""


def _named(case: Case, number: Number) -> dict[str, tuple[str, ...]]:
    """Rows of other tables that name the number's row."""
    name = number.row
    found = {
        "rules": [r.rule for r in case.rules.values() if name in {w.split(":")[0] for w in r.links}],
        "projects": [p.project for p in case.projects.values() if name in p.adds or name in p.needs],
        "screenlines": [s.screenline for s in case.screenlines.values() if name in {w.split(":")[0] for w in s.links}],
        "fleets": [f.fleet for f in case.fleets.values() if name in f.links],
        "claims": [c.claim for c in case.claims.values() if name in re.findall(r"[\w-]+", c.check)],
        "scenarios": [s["scenario"] for s in describe(case) if any(name in c.names for c in find_scenario(s["scenario"], case).changes)],
    }
    return {table: tuple(sorted(rows)) for table, rows in found.items() if rows}
