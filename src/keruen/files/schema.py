"""The schema of ``tables.py`` in the words of others: Frictionless Data Package, JSON Schema, Markdown.

``tools/generate.py`` writes what these functions return; a test keeps the written files in step.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any, get_type_hints

from keruen.columns import Column, Row, columns_of
from keruen.tables import NEEDED, TABLES, key_columns

__all__ = ["case_format_markdown", "data_package", "row_as_json", "table_json_schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PROFILES = "https://datapackage.org/profiles/2.0/"
_FRICTIONLESS = {"id": "string", "text": "string", "number": "number", "integer": "integer", "choice": "string", "yes_no": "boolean",
                 "list": "list", "map": "string"}  # fmt: skip
_JSON = {"id": "string", "text": "string", "number": "number", "integer": "integer", "choice": "string", "yes_no": "boolean", "list": "array",
         "map": "object", "date": "string"}  # fmt: skip
# What the reader takes for an id and for a date that may be known by its year alone; a test holds the two together.
_ID = "[a-z0-9]([a-z0-9_-]*[a-z0-9])?"
_PARTIAL_DATE = "[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
_PAIR = r"[^;\s]+ +[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?"
_MAP = f" *{_PAIR} *(; *{_PAIR} *)*"


def _attribute(spec: Column) -> str:
    return "from_" if spec.name == "from" else spec.name


def _whole_day(table: str, spec: Column) -> bool:
    """Whether a date column holds days; the others may hold a year or a month alone."""
    return "date" in str(get_type_hints(TABLES[table])[_attribute(spec)])


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _unit(spec: Column) -> dict[str, str]:
    """``unit`` where the column has one, ``unitFrom`` where another column of the row decides it."""
    if not spec.unit:
        return {}
    return {"unitFrom": spec.unit.strip("{}")} if spec.unit.startswith("{") else {"unit": spec.unit}


def _bounds(spec: Column) -> dict[str, Any]:
    return {word: _number(bound) for word, bound in (("minimum", spec.low), ("maximum", spec.high)) if bound is not None}


# --- Frictionless --------------------------------------------------------------------------------------


def data_package(name: str, title: str, tables: Collection[str] = tuple(TABLES)) -> dict[str, Any]:
    """The descriptor of a case folder: Data Package 2.0, with a Table Schema for each table.

    ``tables`` are those the folder has. A list of ids cannot be a foreign key in that standard, so such
    columns carry ``references``, the names of the tables, as a property of our own, like ``unit``,
    ``unitFrom`` and ``blank``. The package describes plain numbers; ``1.4 Mb/d`` in a cell is keruen's own.

    >>> package = data_package("toy", "A toy", ["sources"])
    >>> package["resources"][0]["path"], package["resources"][0]["schema"]["primaryKey"]
    ('sources.csv', ['source'])
    """
    resources = [
        {
            "$schema": PROFILES + "dataresource.json", "name": table, "type": "table", "path": f"{table}.csv", "description": _about(table),
            "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "schema": _table_schema(table, tables),
        }
        for table in TABLES if table in tables
    ]  # fmt: skip
    return {"$schema": PROFILES + "datapackage.json", "name": name, "title": title, "resources": resources}


def _table_schema(table: str, tables: Collection[str]) -> dict[str, Any]:
    columns = columns_of(TABLES[table])
    keys = [
        {"fields": [c.name], "reference": {"resource": c.refs[0], "fields": [key_columns(TABLES[c.refs[0]])[0].name]}}
        for c in columns if c.kind == "id" and len(c.refs) == 1 and c.refs[0] in tables
    ]  # fmt: skip
    schema: dict[str, Any] = {
        "$schema": PROFILES + "tableschema.json",
        "fields": [_field(table, c) for c in columns],
        "primaryKey": [c.name for c in key_columns(TABLES[table])],
        "missingValues": [""],
    }
    return schema | ({"foreignKeys": keys} if keys else {})


def _field(table: str, spec: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": spec.name, "type": _FRICTIONLESS.get(spec.kind, "string"), "description": spec.meaning} | _unit(spec)
    limits: dict[str, Any] = {"required": True} if spec.required else {}
    if spec.kind in ("number", "integer"):
        limits |= _bounds(spec)
    elif spec.kind == "choice":
        limits["enum"] = list(spec.choices)
    elif spec.kind == "id":
        limits["pattern"] = _ID
    elif spec.kind == "map":
        limits["pattern"] = _MAP
    elif spec.kind == "yes_no":
        field |= {"trueValues": ["yes"], "falseValues": ["no"]}
    elif spec.kind == "list":
        field |= {"delimiter": ";", "itemType": "string"}
    elif spec.kind == "date":
        if _whole_day(table, spec):
            field["type"] = "date"
        else:
            limits["pattern"] = _PARTIAL_DATE
    if spec.refs:
        field["references"] = list(spec.refs)
    if spec.blank is not None:
        field["blank"] = spec.blank
    return field | ({"constraints": limits} if limits else {})


# --- JSON Schema ---------------------------------------------------------------------------------------


def table_json_schema(table: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one row of a table, in the shape of :func:`row_as_json`.

    >>> table_json_schema("places")["properties"]["lon"]["maximum"]
    180
    """
    columns = columns_of(TABLES[table])
    return {
        "$schema": DRAFT,
        "title": f"A row of {table}",
        "description": _about(table),
        "type": "object",
        "properties": {c.name: _property(table, c) for c in columns},
        "required": [c.name for c in columns if c.required],
        "additionalProperties": False,
    }


def _property(table: str, spec: Column) -> dict[str, Any]:
    kind: str = _JSON[spec.kind]
    found: dict[str, Any] = {"description": spec.meaning, "type": kind} | _unit(spec)
    if spec.kind in ("number", "integer"):
        found |= _bounds(spec)
    elif spec.kind == "choice":
        found["enum"] = list(spec.choices)
    elif spec.kind == "id":
        found["pattern"] = f"^{_ID}$"
    elif spec.kind == "text":
        found["minLength"] = 1
    elif spec.kind == "date":
        found |= {"format": "date"} if _whole_day(table, spec) else {"pattern": f"^{_PARTIAL_DATE}$"}
    elif spec.kind == "list":
        found |= {"items": {"type": "string", "minLength": 1}} | ({"minItems": 1} if spec.required else {})
    elif spec.kind == "map":
        found |= {"additionalProperties": {"type": "number"} | _bounds(spec)} | ({"minProperties": 1} if spec.required else {})
    if spec.refs:
        found["references"] = list(spec.refs)
    if spec.blank is not None:
        found["blank"] = spec.blank
        if spec.kind not in ("list", "map", "yes_no"):
            found["type"] = [kind, "null"]
            if "enum" in found:
                found["enum"].append(None)
    return found


def row_as_json(row: Row) -> dict[str, Any]:
    """A row as plain data: numbers in the unit of the column, lists, objects for maps, null for blank.

    >>> from keruen.tables import Membership
    >>> row = Membership(country="KZ", organisation="SCO", status="member", since="2001", until="", source="un", confidence="high", note="")
    >>> row_as_json(row)["since"], row_as_json(row)["until"]
    ('2001', None)
    """
    plain: dict[str, Any] = {}
    for spec in columns_of(type(row)):
        value = getattr(row, _attribute(spec))
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, date):
            value = value.isoformat()
        plain[spec.name] = None if isinstance(value, str) and not value else value
    return plain


# --- Markdown ------------------------------------------------------------------------------------------


def case_format_markdown() -> str:
    """The tables of a case for a reader: a section a table, a line a column."""
    parts = ["## The tables\n"]
    parts.append("A key names a row and may stand only once. A column without a word under \"blank means\" must be filled in.\n")
    parts.append("| table | what a row is | needed |\n|---|---|---|")
    parts += [f"| [{t}](#{t}) | {_about(t)} | {'yes' if t in NEEDED else ''} |" for t in TABLES]
    for table, row_type in TABLES.items():
        parts.append(f"\n### {table}\n\n{_about(table)} File `{table}.csv`. As JSON Schema: [{table}.json](schemas/tables/{table}.json).\n")
        parts.append("| column | kind | unit | what it means | blank means |\n|---|---|---|---|---|")
        parts += [f"| `{c.name}` | {_kind_words(table, c)} | {_unit_words(c)} | {_cell(c.meaning)} | {_cell(c.blank or '')} |" for c in columns_of(row_type)]
    return "\n".join(parts) + "\n"


def _about(table: str) -> str:
    return re.sub(r"`{2}", "`", " ".join((TABLES[table].__doc__ or "").split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _kind_words(table: str, spec: Column) -> str:
    words = {"yes_no": "yes or no", "choice": "one of " + ", ".join(f"`{c}`" for c in spec.choices), "integer": "whole number"}.get(spec.kind, spec.kind)
    if spec.kind == "date" and not _whole_day(table, spec):
        words = "date, or year, or year and month"
    if spec.refs:
        words += " of " + ", ".join(f"[{r}](#{r})" for r in spec.refs)
    if spec.low is not None:
        words += f", {spec.low:g} to {spec.high:g}" if spec.high is not None else f", {spec.low:g} or more"
    return ("key, " if spec.key else "") + words


def _unit_words(spec: Column) -> str:
    if not spec.unit.startswith("{"):
        return spec.unit
    column = spec.unit.strip("{}")
    return f"that of the `{column}`" if column in ("commodity", "input") else f"as `{column}` says"
