"""How a number of a case stands: what it is, where it comes from, who says otherwise, and how far it may be off.

A number is named ``TABLE.ROW.COLUMN``, as in ``links.cpc-moorings.capacity``; a number of a column that holds several has a
fourth part, as in ``plants.refinery-atyrau.outputs.products``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from keruen.ask.draws import DRAWN, HALF_WIDTH, SMALL, Figure, figures_of
from keruen.case import Case
from keruen.columns import Column, columns_of
from keruen.errors import UnitError, UsageError, did_you_mean
from keruen.tables import TABLES, Source, key_columns
from keruen.units import convert, split_quantity

__all__ = ["Cell", "Rival", "Standing", "cells_of", "find", "numeric_columns", "standing", "table_rows", "unit_of", "value_of", "with_value"]

Name = tuple[str, str, str]
# Tables whose rows one id names and whose columns hold numbers.
NUMBERED = tuple(
    t for t, row_type in TABLES.items() if len(key_columns(row_type)) == 1 and any(c.numeric for c in columns_of(row_type))
)  # fmt: skip
# Columns that no row writes a unit for, and what they count.
COUNTS = {("fleets", "ships"): "ships", ("fleets", "downtime"): "share", ("plants", "availability"): "share", ("rules", "per_cent"): "per cent"}


@dataclass(frozen=True, slots=True)
class Cell:
    """The name of a number; ``key`` is which one of a column that holds several."""

    table: str
    row: str
    column: str
    key: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.table, self.row, self.column, self.key) if part)


@dataclass(frozen=True, slots=True)
class Rival:
    """Another figure for a number. value: in the unit of the number, None where ``text`` cannot be turned into it."""

    value: float | None
    text: str
    source: str
    confidence: str
    note: str


@dataclass(frozen=True)
class Standing:
    """Everything the tables say of a number.

    value: None where the cell is empty and that is no number (``blank`` says what it means). low, high: the range it is
    moved over, from ``why``, None where it has none; wide: the same reaching to the rivals. drawn: whether ``keruen stress
    --sample`` draws it from that range. derivation: how it was come by, where the tables say.
    """

    cell: Cell
    value: float | None
    unit: str
    meaning: str
    blank: str
    kind: str
    confidence: str
    source: str
    derivation: str
    title: str
    note: str
    rivals: tuple[Rival, ...]
    low: float | None
    high: float | None
    wide: tuple[float, float] | None
    why: str
    drawn: bool


# --- names ---------------------------------------------------------------------------------------------


def find(case: Case, name: str) -> Cell:
    """The number, row or table that a name stands for; a part that the name leaves out is empty.

    Raises UsageError, with a hint, for what the case does not have.
    """
    text = name.strip()
    if not text:
        raise UsageError("name a number as TABLE.ROW.COLUMN, such as links.ID.capacity, or a table or row alone")
    if any(mark in text for mark in " /\\:,\t"):
        tidy = ".".join(part for part in "".join("." if c in " /\\:,\t." else c for c in text).split(".") if part)
        raise UsageError(f"the parts of a name are joined by points: write '{tidy}' and not '{text}'")
    table, _, rest = text.partition(".")
    if table not in NUMBERED:
        also = " It holds no numbers." if table in TABLES else ""
        raise UsageError(f"'{table}' is no table with numbers of its own.{also} {did_you_mean(table, NUMBERED)}".replace("  ", " ").strip()
                         + f" Tables: {', '.join(NUMBERED)}.")  # fmt: skip
    if not rest.strip("."):
        return Cell(table, "", "")
    rows = table_rows(case, table)
    parts = rest.split(".")
    row = next((".".join(parts[:k]) for k in range(len(parts), 0, -1) if ".".join(parts[:k]) in rows), None)
    if row is None:
        hint = did_you_mean(parts[0], rows)
        holding = [name for name in rows if len(parts[0]) > 1 and parts[0].lower() in name.lower()]
        if not hint and holding:
            hint = f"It is part of {', '.join(holding[:6])}{f' and {len(holding) - 6} more' if len(holding) > 6 else ''}."
        raise UsageError(f"there is no '{parts[0]}' among the {table} of the case. {hint}".strip()
                         + f" List them with: keruen why {case.name} {table}")  # fmt: skip
    column, _, key = ".".join(parts[row.count(".") + 1 :]).partition(".")
    if not column:
        return Cell(table, row, "")
    known = {c.name: c for c in numeric_columns(table)}
    if column not in known:
        other = {c.name: c for c in columns_of(TABLES[table])}.get(column)
        if other is not None:
            raise UsageError(f"{table}.{row}.{column} is no number but a {other.kind.replace('_', '/')}: {other.meaning}. Numbers: {', '.join(known)}.")
        raise UsageError(f"'{column}' is no column of {table}. {did_you_mean(column, known)}".strip() + f" Numbers: {', '.join(known)}.")
    if known[column].kind != "map":
        if key:
            raise UsageError(f"{table}.{row}.{column} is one number; '.{key}' says nothing more about it")
        return Cell(table, row, column)
    keys = list(getattr(rows[row], column))
    if not key and len(keys) == 1:
        return Cell(table, row, column, keys[0])
    if key and key not in keys:
        raise UsageError(f"{table}.{row}.{column} says nothing of '{key}'. {did_you_mean(key, keys)}".strip() + f" It has: {', '.join(keys) or 'nothing'}.")
    return Cell(table, row, column, key)




def table_rows(case: Case, table: str) -> Mapping[str, Any]:
    """Rows of a table by id."""
    found = getattr(case, table, None)
    if isinstance(found, Mapping):
        return found
    key = key_columns(TABLES[table])[0].name
    return {str(getattr(row, key)): row for row in sorted(case.tables[table], key=lambda r: str(getattr(r, key)))}


@cache
def numeric_columns(table: str) -> tuple[Column, ...]:
    """The columns of a table that hold numbers."""
    return tuple(c for c in columns_of(TABLES[table]) if c.numeric)


def cells_of(case: Case, table: str, row: str = "", column: str = "") -> Iterator[Cell]:
    """Every number that is written in a table, row or column, in order."""
    rows = table_rows(case, table)
    for name in [row] if row else rows:
        for spec in numeric_columns(table):
            value = getattr(rows[name], spec.name)
            if (column and spec.name != column) or value is None or (spec.blank in ("0", "1") and value == float(spec.blank)):
                continue
            if spec.kind == "map":
                yield from (Cell(table, name, spec.name, key) for key in value)
            else:
                yield Cell(table, name, spec.name)




def value_of(case: Case, cell: Cell) -> float | None:
    """What is written, or what an empty cell counts as."""
    value = getattr(table_rows(case, cell.table)[cell.row], cell.column)
    return value.get(cell.key) if isinstance(value, dict) else value


def with_value(case: Case, cell: Cell, value: float) -> Case:
    """The case with another figure in one cell, not checked again."""
    key = key_columns(TABLES[cell.table])[0].name
    rows = []
    for row in case.tables[cell.table]:
        if str(getattr(row, key)) == cell.row:
            old = getattr(row, cell.column)
            cells: dict[str, Any] = {cell.column: {**old, cell.key: value} if isinstance(old, dict) else value}
            row = replace(row, **cells)
        rows.append(row)
    return replace(case, tables={**case.tables, cell.table: tuple(rows)})


# --- what stands behind a number -----------------------------------------------------------------------


def spec_of(cell: Cell) -> Column:
    return next(c for c in numeric_columns(cell.table) if c.name == cell.column)


def unit_of(case: Case, table: str, row: Any, spec: Column, key: str = "") -> str:
    """Unit of a column in this row: that of its commodity, of its capacity, or of what a project adds to."""
    if (table, spec.name) in COUNTS:
        return COUNTS[(table, spec.name)]
    if table == "projects" and spec.name == "adds":
        return _unit_added(case, key)
    if table == "plants" and spec.name == "outputs":
        made, taken = (SMALL[case.commodities[c].unit] if c in case.commodities else "" for c in (key, row.input))
        return f"{made}/{taken}" if made and taken else ""
    if spec.unit.startswith("{"):
        word = str(getattr(row, spec.unit[1:-1], "") or "")
        return case.commodities[word].unit if word in case.commodities else word
    small = _small(case, table, row)
    if small and spec.unit in ("USD", "USD/day"):
        return f"{spec.unit}/{small}" if spec.unit == "USD" else f"USD/day a {small}"
    if small and table == "commodities" and spec.unit in ("t", "t or TEU"):
        return f"t/{small}" if spec.unit == "t" else f"{small}/train"
    return "" if spec.unit == "year" else spec.unit


def _small(case: Case, table: str, row: Any) -> str:
    if table == "commodities":
        return SMALL[row.unit]
    commodity = getattr(row, "input", "") or getattr(row, "commodity", "")
    if table == "rules":
        return SMALL.get(row.unit, "") or (SMALL[case.commodities[row.commodities[0]].unit] if len(row.commodities) == 1 else "")
    return SMALL[case.commodities[commodity].unit] if commodity in case.commodities else ""


def _unit_added(case: Case, target: str) -> str:
    for table in ("links", "transfers"):
        if target in getattr(case, table):
            return str(getattr(case, table)[target].capacity_unit or "Mt/year")
    if target in case.plants:
        return case.commodities[case.plants[target].input].unit
    if target in case.supplies:
        return case.commodities[case.supplies[target].commodity].unit
    return "ships" if target in case.fleets else ""


def standing(
    case: Case, cell: Cell, told: frozenset[Name] = frozenset(), figures: Mapping[Name, tuple[Figure, Figure]] | None = None, *, rivals: bool = True
) -> Standing:
    """Everything the tables say of a number. told: cells that a scenario sets; figures: those of :func:`ranges_of`, where they are at hand.

    rivals: whether rivals are wanted, which takes longer.
    """
    row, spec = table_rows(case, cell.table)[cell.row], spec_of(cell)
    name = (cell.table, cell.row, cell.column)
    rows = case.provenance.get(name, ())
    own = next((p for p in rows if p.kind != "rival"), None)
    value, unit = value_of(case, cell), unit_of(case, cell.table, row, spec, cell.key)
    kind = case.kind_of_number(cell.table, row, cell.column)
    confidence = (own.confidence if own else "") or str(getattr(row, "confidence", ""))
    others = tuple(_rival(case, cell, row, unit, p.value, p.source or str(getattr(row, "source", "")), p.confidence or confidence, p.note)
                   for p in rows if rivals and p.kind == "rival")  # fmt: skip
    low, high, wide, why, drawn = _range(case, cell, spec, value, kind, confidence, others, name in told, figures)
    blank = spec.blank or ""
    title = str(next((getattr(row, c) for c in ("title", "name", "statement", "subject") if getattr(row, c, "")), ""))
    return Standing(
        cell, value, unit, spec.meaning, blank if value is None or (blank in ("0", "1") and value == float(blank)) else "", kind, confidence,
        (own.source if own else "") or str(getattr(row, "source", "")), own.note if own else "", title, str(getattr(row, "note", "")),
        others, low, high, wide, why, drawn,
    )  # fmt: skip


def _rival(case: Case, cell: Cell, row: Any, unit: str, text: str, source: str, confidence: str, note: str) -> Rival:
    plain = text
    if cell.key:
        entries = dict(part.strip().rsplit(" ", 1) for part in text.split(";") if " " in part.strip())
        plain = entries.get(cell.key, text)
    given, value = split_quantity(plain), None
    if given is not None:
        word = given[1]
        spec = spec_of(cell)
        if not word or word in (unit, spec.unit) or f"{word}" == f"{unit}/year" or (spec.unit == "USD" and unit.startswith(word)):
            value = given[0]
        else:
            commodity = getattr(row, "input", "") or getattr(row, "commodity", "")
            try:
                value = convert(given[0], word, unit, case.commodities.get(commodity)) if unit else None
            except UnitError:
                value = None
    if value is not None and ((spec_of(cell).low is not None and value < (spec_of(cell).low or 0.0)) or value != value):
        value = None
    return Rival(value, text, source, confidence, note)


def ranges_of(case: Case, told: frozenset[Name]) -> dict[Name, tuple[Figure, Figure]]:
    """What an ensemble draws, by cell: its range without and with the rivals."""
    plain, wide = figures_of(case, False, told)[0], figures_of(case, True, told)[0]
    return {(f.table, f.id, f.column): (f, g) for f, g in zip(plain, wide, strict=True)}


def _range(
    case: Case, cell: Cell, spec: Column, value: float | None, kind: str, confidence: str, rivals: tuple[Rival, ...], told: bool,
    figures: Mapping[Name, tuple[Figure, Figure]] | None,
) -> tuple[float | None, float | None, tuple[float, float] | None, str, bool]:  # fmt: skip
    """low, high, range with the rivals, why, whether an ensemble draws it."""
    name = (cell.table, cell.row, cell.column)
    others = [r.value for r in rivals if r.value is not None]
    if told:
        return None, None, None, "the scenario sets it", False
    if value is None:
        return None, None, None, "the cell is empty", False
    if cell.column == "tonnes_per_unit" and table_rows(case, cell.table)[cell.row].unit == "Mt":
        return None, None, None, "a tonne is a tonne", False
    if spec.kind == "integer":
        return None, None, (min(value, *others), max(value, *others)) if others else None, "a year has no range", False
    drawable = cell.column in DRAWN.get(cell.table, {})
    if drawable and value > 0:
        found = (figures if figures is not None else ranges_of(case, frozenset())).get(name)
        if found is not None:
            plain, wide = found
            reach = [wide.low, wide.high, *others]
            return plain.low, plain.high, (min(reach), _at_most(max(reach), spec)), plain.why, True
    width = HALF_WIDTH.get((kind, confidence))
    if width is None:
        return None, None, None, "nothing says how firm it is", False
    if value == 0:
        return None, None, (min(0.0, *others), max(0.0, *others)) if others else None, "a range is a share of the figure, and this one is 0", False
    low, high = sorted((value * (1 - width), value * (1 + width)))
    high = _at_most(high, spec)
    why = f"{kind}, {confidence} confidence: {width:.0%} either way"
    return low, high, (min(low, *others), max(high, *others)) if others else (low, high), why, False


def _at_most(high: float, spec: Column) -> float:
    return min(high, spec.high) if spec.high is not None else 1.0 if spec.name == "downtime" else high


def source_of(case: Case, source: str) -> dict[str, str]:
    """A source in full; empty strings for what is not known."""
    row: Source | None = case.sources.get(source)
    return {"source": source, **{c: str(getattr(row, c, "") or "") for c in ("publisher", "title", "date", "url", "kind")}}
