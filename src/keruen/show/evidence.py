"""Where each number of a row comes from, for a reader: source, kind, confidence, and the rival figures kept beside it."""

from __future__ import annotations

from typing import Any

from keruen.ask.standing import unit_of
from keruen.case import Case, numbers_by_kind
from keruen.columns import Row, columns_of
from keruen.tables import key_columns

__all__ = ["evidence", "kinds_by_table", "source_line"]


def evidence(case: Case, table: str, row: Row) -> list[dict[str, Any]]:
    """One entry for every number of the row: name, value, unit, kind, source, confidence, note, rivals."""
    key = str(getattr(row, key_columns(type(row))[0].name))
    found = []
    for spec in columns_of(type(row)):
        value = getattr(row, spec.name, None)
        if not spec.numeric or value is None or value == {} or (spec.blank in ("0", "1") and value == float(spec.blank)):
            continue
        rows = case.provenance.get((table, key, spec.name), ())
        own = next((p for p in rows if p.kind != "rival"), None)
        unit = "" if spec.kind == "map" else unit_of(case, table, row, spec)
        found.append({
            "name": spec.name.replace("_", " "), "value": _text(value), "unit": unit, "kind": case.kind_of_number(table, row, spec.name),
            "source": (own.source if own and own.source else getattr(row, "source", "")),
            "confidence": (own.confidence if own and own.confidence else getattr(row, "confidence", "")),
            "note": own.note if own else "",
            "rivals": [{"value": p.value, "source": p.source, "note": p.note} for p in rows if p.kind == "rival"],
        })  # fmt: skip
    return found


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k} {v:g}" for k, v in value.items())
    return str(value) if isinstance(value, int) else f"{value:,.6g}"


def kinds_by_table(case: Case) -> dict[str, Any]:
    """How many numbers are sourced, derived and guessed: of all tables together and of each, the largest first."""
    counts = numbers_by_kind(case)
    rows: list[dict[str, Any]] = [{"table": table, "total": c["sourced"] + c["derived"] + c["estimate"], **c} for table, c in counts.items()]
    total = {k: sum(r[k] for r in rows) for k in ("total", "sourced", "derived", "estimate", "rival")}
    return {"all": total, "tables": sorted((r for r in rows if r["total"]), key=lambda r: (-r["total"], r["table"]))}


def source_line(case: Case, source: str) -> str:
    """A source in one line."""
    row = case.sources.get(source)
    return source if row is None else ", ".join(part for part in (row.publisher, row.title, row.date) if part)
