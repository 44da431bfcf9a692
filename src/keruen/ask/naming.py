"""Who names a row: the projects that add to it, the rules that look at it, the scenarios that change it, the claims that speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from keruen.case import Case
from keruen.columns import columns_of
from keruen.errors import KeruenError
from keruen.scenario import TABLE_OF, Change, find_scenario
from keruen.tables import TABLES, key_columns

__all__ = ["describe_row", "named_by"]

SKIPPED = ("provenance", "sources")


def named_by(case: Case, table: str, row: str) -> list[dict[str, str]]:
    """Every row of another table, and every scenario, that names this one: table, id, column. In order of tables."""
    found = [{"table": t, "id": i, "column": c} for t, i, c in _rows(case, table, row)]
    for name in case.scenario_files:
        try:
            scenario = find_scenario(name, case)
        except KeruenError:  # keruen check tells what is wrong with it
            continue
        if any(_changes(change, table, row) for change in scenario.changes):
            found.append({"table": "scenarios", "id": name, "column": ""})
    return found


def _rows(case: Case, table: str, row: str) -> Iterator[tuple[str, str, str]]:
    # A word such as ``crude`` stands in many texts; one such as ``cpc-moorings`` means the row.
    telling = re.compile(rf"(?<![\w-]){re.escape(row)}(?![\w-])") if re.search(r"[-_0-9]", row) else None
    for other, row_type in TABLES.items():
        if other in SKIPPED:
            continue
        key = key_columns(row_type)[0].name
        specs = [c for c in columns_of(row_type) if table in c.refs or (telling is not None and c.kind == "text")]
        for entry in case.tables[other]:
            name = str(getattr(entry, key))
            if other == table and name == row:
                continue
            for spec in specs:
                value = getattr(entry, spec.name if hasattr(entry, spec.name) else f"{spec.name}_")
                if (table in spec.refs and row in _ids(value)) or (spec.kind == "text" and telling is not None and telling.search(str(value))):
                    yield other, name, spec.name
                    break


def _ids(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    return {str(v).partition(":")[0] for v in value or ()}


def _changes(change: Change, table: str, row: str) -> bool:
    if change.kind == "set":
        return change.table == table and row in change.names
    if change.kind == "with":
        return change.rule is not None and any(row in _ids(getattr(change.rule, c)) for c in ("links", "commodities"))
    selects = TABLE_OF.get(change.selector) or {"project": "projects", "rule": "rules", "place": "places"}.get(change.selector)
    return selects == table and row in change.names


def describe_row(case: Case, table: str, row: Any) -> str:
    """A row in words: its title or name, or from where to where, or what of."""

    def place(name: str) -> str:
        return case.places[name].name if name in case.places else name

    for column in ("title", "name", "statement"):
        if getattr(row, column, ""):
            return str(getattr(row, column))
    if table == "links":
        return f"{row.mode.replace('_', ' ')} from {place(row.from_)} to {place(row.to)}" + (f", {row.operator}" if row.operator else "")
    if table == "transfers":
        return f"transfer at {place(row.place)} from {', '.join(row.from_modes)} to {', '.join(row.to_modes)}".replace("_", " ")
    if table == "supplies":
        return f"{row.commodity} offered at {place(row.place)}"
    if table == "demands":
        return f"{row.commodity} asked for at {', '.join(place(p) for p in row.places)}"
    if table == "consignments":
        return f"{row.commodity} from {place(row.from_)} to {place(row.to)}"
    if table == "plants":
        return f"plant at {place(row.place)}, takes in {row.input}"
    if table == "fleets":
        return f"ships on {', '.join(row.links)}"
    if table == "observations":
        return f"{row.subject or row.screenline}, {row.year or 'no year stated'}"
    return ""
