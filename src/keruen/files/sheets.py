"""A case as text: the cells of its tables, its settings and its scenarios, and how they are written to a folder.

What comes from another format is made into sheets first, so that it is read and checked like any case.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from keruen.case import Case
from keruen.columns import Column, Row, columns_of
from keruen.errors import UsageError, quote
from keruen.files.schema import data_package
from keruen.tables import NEEDED, TABLES

__all__ = [
    "OWNED", "SETTINGS", "Cells", "Sheets", "case_files", "cell", "number_text", "parquet_files", "put", "rows_of_csv", "settings_of", "sheets_of",
    "table_csv", "toml",
]  # fmt: skip

SETTINGS = ("title", "home", "base_year", "currency", "money_year", "first_year", "last_year")
# What a case folder may hold of ours: with --force these go, so that no old table stays beside the new ones.
OWNED = ("case.toml", "datapackage.json", *(f"{t}{e}" for t in TABLES for e in (".csv", ".parquet")))
_WHOLE = 1e15  # integers up to here are exact as floats

Cells = dict[str, str]


@dataclass(frozen=True)
class Sheets:
    """Settings of case.toml, rows of cells by table, and the text of scenario files by name. ``notes`` are for the user."""

    settings: Mapping[str, Any]
    tables: Mapping[str, Sequence[Cells]]
    scenarios: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def number_text(value: float) -> str:
    """A number as the shortest text that reads back as the same.

    >>> number_text(5.0), number_text(0.1)
    ('5', '0.1')
    """
    return str(int(value)) if value == int(value) and abs(value) < _WHOLE else repr(float(value))


def cell(spec: Column, value: Any) -> str:
    """A value as the text of its cell; what a blank cell means is left blank."""
    if value is None or (isinstance(value, float) and spec.blank in ("0", "1") and value == float(spec.blank)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "" if spec.blank is not None else "no"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, dict):
        return ";".join(f"{name} {number_text(number)}" for name, number in value.items())
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(row: Row, spec: Column) -> Any:
    return getattr(row, "from_" if spec.name == "from" else spec.name)


def sheets_of(case: Case) -> Sheets:
    """The text of a case. Read again, it gives the same rows."""
    tables = {}
    for table, rows in case.tables.items():
        specs = columns_of(TABLES[table])
        tables[table] = [{s.name: cell(s, _value(row, s)) for s in specs} for row in rows]
    return Sheets(settings_of(case), tables, _scenarios(case))


def settings_of(case: Case) -> dict[str, Any]:
    """What case.toml says."""
    return {s: "USD" if s == "currency" else getattr(case, s) for s in SETTINGS}


def toml(settings: Mapping[str, Any]) -> str:
    """Settings as TOML. JSON writes texts and whole numbers as TOML does, but for one control character."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", "\\u007f") for key, value in settings.items())


def table_csv(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table as CSV in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return out.getvalue().encode("utf-8")


def rows_of_csv(name: str, data: bytes) -> list[Cells]:
    """Rows of a CSV file below its header, from row 2 on; names and cells without blanks around them. Raises UsageError where it is none."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{name}: found {error}; expected a table as comma-separated text in UTF-8. Save it as \"CSV UTF-8\".") from None
    header = [c.strip() for c in lines[0]] if lines else []
    if not any(header):
        raise UsageError(f"{name}: found {'an empty first line' if lines else 'an empty file'}; expected a header line.")
    while not any(c.strip() for c in lines[-1]):
        lines.pop()
    found = []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
            raise UsageError(f"{name}, row {number}: found {len(cells)} cells; expected {len(header)}, as in the header. "
                             "A cell with a comma in it needs quotes.")  # fmt: skip
        found.append({n: cells[i].strip() if i < len(cells) else "" for i, n in enumerate(header) if n})
    return found


def _held(tables: Mapping[str, Sequence[Any]]) -> list[str]:
    return [t for t in TABLES if tables.get(t) or t in NEEDED]


def _scenario_files(scenarios: Mapping[str, str]) -> dict[str, bytes]:
    return {f"scenarios/{name}.toml": text.encode("utf-8") for name, text in sorted(scenarios.items())}


def case_files(sheets: Sheets, name: str) -> dict[str, bytes]:
    """The files of a case folder, its tables in CSV, by their place in the folder. Empty tables are left out unless needed."""
    held = _held(sheets.tables)
    package = data_package(name, str(sheets.settings["title"]), held)
    files = {"case.toml": toml(sheets.settings).encode("utf-8"), "datapackage.json": (json.dumps(package, indent=1, ensure_ascii=False) + "\n").encode("utf-8")}
    for table in held:
        files[f"{table}.csv"] = table_csv([c.name for c in columns_of(TABLES[table])], sheets.tables.get(table, ()))
    return files | _scenario_files(sheets.scenarios)


def parquet_files(case: Case) -> dict[str, bytes]:
    """The files of a case folder, its tables in Parquet with typed columns. Raises UsageError where pyarrow is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise UsageError("writing Parquet needs pyarrow. Run: pip install \"keruen[parquet]\".") from None
    kinds = {"number": pa.float64(), "integer": pa.int64(), "yes_no": pa.bool_(), "list": pa.list_(pa.string()), "map": pa.map_(pa.string(), pa.float64())}
    files = {"case.toml": toml(settings_of(case)).encode("utf-8")}
    for table in _held(case.tables):
        rows, columns = case.tables[table], {}
        for spec in columns_of(TABLES[table]):
            values = [_value(row, spec) for row in rows]
            if spec.kind == "map":
                values = [list(v.items()) for v in values]
            elif spec.kind not in kinds:
                values = [v.isoformat() if isinstance(v, date) else v or None for v in values]
            columns[spec.name] = pa.array(values, kinds.get(spec.kind, pa.string()))
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        files[f"{table}.parquet"] = out.getvalue()
    return files | _scenario_files(_scenarios(case))


def _scenarios(case: Case) -> dict[str, str]:
    return {name: path.read_bytes().decode("utf-8-sig") for name, path in sorted(case.scenario_files.items())}


def put(target: Path, files: Mapping[str, bytes], owned: Iterable[str] = (), *, force: bool = False) -> None:
    """Write files into a folder, or one file where its place in the folder is ''.

    A folder with something in it, and a file that exists, are left alone without ``force``; with it, ``owned`` files
    that are not written anew are taken away, and everything else in the folder stays. Raises UsageError.
    """
    again = "Choose another, or pass --force to write over it."
    if "" in files:
        if target.is_dir():
            raise UsageError(f"{quote(target, 400)} is a folder; expected the name of a file to write.")
        if target.exists() and not force:
            raise UsageError(f"{quote(target, 400)} exists already; expected a file that is not there yet. {again}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[""])
        return
    if target.exists() and not target.is_dir():
        raise UsageError(f"{quote(target, 400)} is a file; expected a folder to write to.")
    there = sorted(p.name for p in target.iterdir()) if target.is_dir() else []
    if there and not force:
        raise UsageError(f"the folder {quote(target, 400)} holds {len(there)} file(s), such as {quote(there[0])}; expected a new or an empty one. {again}")
    target.mkdir(parents=True, exist_ok=True)
    scenarios = sorted((target / "scenarios").glob("*.toml")) if "case.toml" in files and (target / "scenarios").is_dir() else []
    for old in (*(target / name for name in owned), *scenarios):
        if old.is_file() and old.relative_to(target).as_posix() not in files:
            old.unlink()
    for name, data in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
