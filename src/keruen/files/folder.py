"""Read the tables of a case folder: bytes -> cells -> typed rows, with every problem found on the way.

Nothing here compares rows with each other; that is :mod:`keruen.check`.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from keruen.columns import Column, Row, columns_of
from keruen.errors import Finding, UnitError, UsageError, did_you_mean
from keruen.tables import NEEDED, TABLES, Commodity, key_columns
from keruen.units import convert, split_quantity

__all__ = ["Folder", "find_case", "parse_row", "read_folder", "read_rows", "shipped_cases"]

LONGEST_CELL = 20_000
_ID = re.compile(r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$")
_PARTIAL_DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")
_DECIMAL_COMMA = re.compile(r"^[-+]?\d+,\d+$")
_YES = {"yes": True, "no": False}


@dataclass(slots=True)
class Folder:
    """What was read: typed rows by table, settings, scenario files, and the problems."""

    name: str
    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    scenarios: dict[str, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def shipped_cases() -> dict[str, Path]:
    """Names and folders of the cases that come with the package."""
    root = Path(str(resources.files("keruen"))) / "cases"
    return {p.name: p for p in sorted(root.iterdir()) if (p / "case.toml").is_file()}


def find_case(case: str | Path) -> Path:
    """The folder of a case given by path or shipped name. Raises UsageError if there is none."""
    path = Path(case)
    if path.is_dir():
        return path
    shipped = shipped_cases()
    if str(case) in shipped:
        return shipped[str(case)]
    if path.is_file():
        raise UsageError(f"'{case}' is a file; a case is a folder of tables. Give the folder it is in.")
    hint = did_you_mean(str(case), shipped)
    raise UsageError(
        f"there is no folder '{case}' and no shipped case of that name. Shipped: {', '.join(shipped)}. {hint}".strip()
    )


def read_folder(path: Path) -> Folder:
    """Read all tables; problems are collected in ``findings``, never raised."""
    folder = Folder(path.name or str(path), path)
    out = folder.findings
    _read_settings(folder)
    known = {f"{t}{ext}" for t in TABLES for ext in (".csv", ".parquet")}
    for stray in sorted(p.name for p in path.iterdir() if p.suffix.lower() in (".csv", ".parquet", ".xlsx", ".tsv")):
        if stray not in known:
            hint = did_you_mean(stray, known)
            out.append(
                Finding("unknown-file", stray, None, "", "a table keruen does not know", "one of " + ", ".join(TABLES),
                        f"{hint} Rename it, or move it out of the case folder.".strip())
            )  # fmt: skip
    commodities: dict[str, Commodity] = {}
    for table, row_type in TABLES.items():
        file = path / f"{table}.csv"
        if not file.is_file() and (path / f"{table}.parquet").is_file():
            file = path / f"{table}.parquet"
        folder.files[table] = file.name
        if not file.is_file():
            if table in NEEDED:
                out.append(
                    Finding("missing-file", file.name, None, "", "no such file", f"the table {table}",
                            f"Every case needs {', '.join(NEEDED)}; make this file, with at least a header.")
                )  # fmt: skip
            folder.rows[table] = ()
            continue
        rows = read_rows(file, table, out, commodities)
        folder.rows[table] = rows
        if table == "commodities":
            commodities = {r.commodity: r for r in rows if isinstance(r, Commodity)}
        if not rows and table in NEEDED and not any(f.file == file.name for f in out):
            out.append(
                Finding("empty-table", file.name, None, "", "a header and no rows", "at least one row",
                        f"Fill in {table}; a case without it has nothing to solve.")
            )  # fmt: skip
    scenario_dir = path / "scenarios"
    if scenario_dir.is_dir():
        folder.scenarios = {p.stem: p for p in sorted(scenario_dir.glob("*.toml"))}
    return folder


_SETTINGS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "title": (str, "a text"),
    "home": (str, "a country code such as \"KZ\""),
    "base_year": (int, "a year such as 2023"),
    "currency": (str, "\"USD\""),
    "money_year": (int, "a year such as 2023"),
    "first_year": (int, "a year"),
    "last_year": (int, "a year"),
}


def _read_settings(folder: Folder) -> None:
    file, out = folder.path / "case.toml", folder.findings
    if not file.is_file():
        out.append(
            Finding("missing-file", "case.toml", None, "", "no such file", "title, home, base_year, currency, money_year",
                    "Make it; docs/case-format.md has an example.")
        )  # fmt: skip
        return
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        out.append(Finding("not-toml", "case.toml", None, "", str(error), "a TOML file", "Mend the line it names."))
        return
    for key, (kind, wanted) in _SETTINGS.items():
        value = settings.get(key)
        if key not in settings:
            out.append(Finding("missing-setting", "case.toml", None, key, "nothing", wanted, f"Add the line {key} = ..."))
        elif not isinstance(value, kind) or isinstance(value, bool):
            out.append(Finding("wrong-setting", "case.toml", None, key, repr(value), wanted, "Correct the line."))
    for key in settings:
        if key not in _SETTINGS:
            out.append(Finding("unknown-setting", "case.toml", None, key, "an unknown key", "one of " + ", ".join(_SETTINGS),
                               did_you_mean(key, _SETTINGS) or "Remove the line."))  # fmt: skip
    if settings.get("currency", "USD") != "USD":
        out.append(Finding("wrong-currency", "case.toml", None, "currency", repr(settings["currency"]), "\"USD\"",
                           "All money columns are in USD; convert them."))  # fmt: skip
    if isinstance(settings.get("base_year"), int) and not 1900 <= settings["base_year"] <= 2100:
        out.append(Finding("wrong-setting", "case.toml", None, "base_year", str(settings["base_year"]), "1900 to 2100", "Correct the year."))
    folder.settings = settings


def _raw(file: Path, out: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    """Lines of cells with their row number; stops with a finding where the file is not a table."""
    if file.suffix == ".parquet":
        yield from _raw_parquet(file, out)
        return
    data = file.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        out.append(Finding("wrong-encoding", file.name, None, "", "UTF-16", "UTF-8", "Save it as \"CSV UTF-8\"."))
        return
    if b"\0" in data:
        out.append(Finding("wrong-encoding", file.name, data[: data.index(b"\0")].count(b"\n") + 1, "", "a zero byte", "UTF-8 text",
                           "This is not a text file; export the table again as \"CSV UTF-8\"."))  # fmt: skip
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        out.append(Finding("wrong-encoding", file.name, row, "", f"byte 0x{data[error.start]:02x}", "UTF-8",
                           "Save it as \"CSV UTF-8\"; it may be in a Windows code page."))  # fmt: skip
        return
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line += 1
    except csv.Error as error:
        out.append(Finding("broken-csv", file.name, line, "", str(error), "cells in balanced quotes",
                           "Look for a quote that is not closed near this row."))  # fmt: skip


def _raw_parquet(file: Path, out: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        out.append(Finding("no-parquet", file.name, None, "", "a Parquet file", "pyarrow to be installed", "Run: pip install \"keruen[parquet]\"."))
        return
    try:
        table = pyarrow.parquet.read_table(file)
    except (pyarrow.ArrowInvalid, OSError) as error:
        out.append(Finding("broken-parquet", file.name, None, "", str(error).splitlines()[0], "a Parquet file", "Write it again."))
        return
    yield 1, list(table.column_names)
    columns = [column.to_pylist() for column in table.columns]
    for line, cells in enumerate(zip(*columns, strict=True), start=2):
        yield line, ["" if c is None else ("yes" if c else "no") if isinstance(c, bool) else str(c) for c in cells]


def read_rows(
    file: Path, table: str, out: list[Finding], commodities: Mapping[str, Commodity] | None = None
) -> tuple[Row, ...]:
    """Typed rows of one table; a row with a problem is left out and the problem added to ``out``."""
    row_type = TABLES[table]
    columns = columns_of(row_type)
    by_name = {c.name: c for c in columns}
    lines = _raw(file, out)
    header = [h.strip() for h in next(lines, (1, []))[1]]
    if not _header_is_good(file.name, header, by_name, out):
        return ()
    rows: list[Row] = []
    seen: dict[tuple[str, ...], int] = {}
    keys = [c.name for c in key_columns(row_type)]
    for line, cells in lines:
        if not any(c.strip() for c in cells):
            continue
        if len(cells) != len(header):
            out.append(Finding("wrong-width", file.name, line, "", f"{len(cells)} cells", f"{len(header)}, as in the header",
                               "A cell with a comma in it needs quotes; a missing cell needs its comma."))  # fmt: skip
            continue
        raw = dict(zip(header, (c.strip() for c in cells), strict=True))
        row = parse_row(table, raw, file.name, line, out, commodities or {})
        key = tuple(raw[k] for k in keys)
        if key in seen and all(key):
            out.append(Finding("duplicate-id", file.name, line, keys[0], f"'{' / '.join(key)}'", f"an id not used before (row {seen[key]} has it)",
                               "Give one of the two another id, or delete it."))  # fmt: skip
        seen.setdefault(key, line)
        if row is not None:
            rows.append(row)
    return tuple(rows)


def parse_row(
    table: str, raw: Mapping[str, str], file: str, line: int, out: list[Finding], commodities: Mapping[str, Commodity]
) -> Row | None:
    """A typed row from its cells, or None with the problems added to ``out``."""
    before = len(out)
    row_type = TABLES[table]
    values = {c.name: _parse(c, raw, file, line, out, commodities) for c in columns_of(row_type)}
    if len(out) > before:
        return None
    return row_type(line=line, **{f"{n}_" if n == "from" else n: v for n, v in values.items()})


def _header_is_good(file: str, header: list[str], known: Mapping[str, Column], out: list[Finding]) -> bool:
    if not any(header):
        out.append(Finding("empty-table", file, 1, "", "an empty file", "a header: " + ",".join(known), "Write the header line."))
        return False
    if len(header) == 1:
        for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in header[0]:
                out.append(Finding("wrong-separator", file, 1, "", f"cells parted by {word}", "commas", "Save it as a comma-separated file."))
                return False
    good = True
    for name in sorted({h for h in header if header.count(h) > 1}):
        out.append(Finding("double-column", file, 1, name or "(no name)", "the column twice", "once", "Remove one of them."))
        good = False
    for name in header:
        if name not in known:
            hint = did_you_mean(name, known)
            out.append(Finding("unknown-column", file, 1, name or "(no name)", "a column keruen does not know",
                               "one of " + ", ".join(known), f"{hint} Rename or remove it.".strip()))  # fmt: skip
            good = False
    for name in known:
        if name not in header:
            out.append(Finding("missing-column", file, 1, name, "no such column", known[name].meaning,
                               "Add the column; cells may be empty." if not known[name].required else "Add the column."))  # fmt: skip
            good = False
    return good


def _show(text: str) -> str:
    return f"'{text}'" if len(text) <= 60 else f"'{text[:40]}...' ({len(text)} characters)"


def _parse(
    spec: Column, raw: Mapping[str, str], file: str, line: int, out: list[Finding], commodities: Mapping[str, Commodity]
) -> Any:
    text = raw[spec.name]

    def wrong(code: str, expected: str, remedy: str) -> None:
        out.append(Finding(code, file, line, spec.name, _show(text) if text else "an empty cell", expected, remedy))

    if len(text) > LONGEST_CELL:
        wrong("huge-cell", f"at most {LONGEST_CELL} characters", "Look for a quote that swallowed the rest of the file.")
        return None
    if not text:
        if spec.required:
            wrong("empty-cell", _expected(spec), "Fill it in.")
        return _blank(spec)
    if spec.kind == "text":
        return text
    if spec.kind == "id":
        if not _ID.match(text):
            wrong("wrong-id", "lower-case letters, digits and hyphens", f"Write it as '{_slug(text)}'.")
        return text
    if spec.kind == "choice":
        if text not in spec.choices:
            hint = did_you_mean(text, spec.choices)
            wrong("wrong-choice", "one of " + ", ".join(spec.choices), hint or "Choose one of these.")
        return text
    if spec.kind == "yes_no":
        if text not in _YES:
            wrong("wrong-choice", "yes or no", "Write yes or no.")
        return _YES.get(text, False)
    if spec.kind == "list":
        return tuple(part.strip() for part in text.split(";") if part.strip())
    if spec.kind == "date":
        return _date(spec, text, wrong)
    if spec.kind == "map":
        return _map(spec, text, wrong)
    value = _number(spec, text, raw, wrong, commodities)
    if spec.kind == "integer" and value is not None:
        if value != int(value):
            wrong("wrong-number", _expected(spec), "Write a whole number.")
            return None
        return int(value)
    return value


def _blank(spec: Column) -> Any:
    if spec.kind == "list":
        return ()
    if spec.kind == "map":
        return {}
    if spec.kind == "yes_no":
        return False
    if spec.kind == "number" and spec.blank in ("0", "1"):
        return float(spec.blank)
    return None if spec.kind in ("number", "integer") else _blank_text(spec)


def _blank_text(spec: Column) -> Any:
    # Dates kept as text (treaties known by the year) are empty text; real dates are None.
    return None if spec.name in ("valid_from", "valid_to", "contract_before") else ""


def _expected(spec: Column) -> str:
    unit = f" in {spec.unit}" if spec.unit and "{" not in spec.unit else ""
    if spec.kind in ("number", "integer"):
        bounds = ""
        if spec.low is not None and spec.high is not None:
            bounds = f" from {spec.low:g} to {spec.high:g}"
        elif spec.low is not None:
            bounds = f" of {spec.low:g} or more"
        return f"a {'whole ' if spec.kind == 'integer' else ''}number{unit}{bounds}: {spec.meaning}"
    if spec.kind == "choice":
        return "one of " + ", ".join(spec.choices)
    return spec.meaning


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "a-name"


def _date(spec: Column, text: str, wrong: Any) -> Any:
    partial = spec.name not in ("valid_from", "valid_to", "contract_before")
    if partial and _PARTIAL_DATE.match(text):
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        wrong("wrong-date", "a day such as 2023-05-17", "Write year-month-day.")
        return None
    return text if partial else day


def _map(spec: Column, text: str, wrong: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split(";"):
        words = part.split()
        number = split_quantity(words[1]) if len(words) == 2 else None
        if number is None or number[1]:
            wrong("wrong-map", "pairs such as 'products 0.77; fuel_oil 0.14'", "Write a name, a space and a number; part pairs by ;")
            return {}
        if words[0] in found:
            wrong("wrong-map", "each name once", f"'{words[0]}' stands twice; keep one.")
        if spec.low is not None and number[0] < spec.low:
            wrong("out-of-bounds", f"numbers of {spec.low:g} or more", "Correct the number.")
        found[words[0]] = number[0]
    return found


def _number(
    spec: Column, text: str, raw: Mapping[str, str], wrong: Any, commodities: Mapping[str, Commodity]
) -> float | None:
    parts = split_quantity(text)
    if parts is None or not math.isfinite(parts[0]):
        if _DECIMAL_COMMA.match(text):
            wrong("decimal-comma", _expected(spec), f"Write a decimal point: {text.replace(',', '.')}.")
        else:
            wrong("wrong-number", _expected(spec), "Write a plain number, or a number and its unit.")
        return None
    value, unit = parts
    if unit and unit.startswith(","):
        wrong("decimal-comma", _expected(spec), "Write a decimal point and no group marks.")
        return None
    if unit:
        commodity = commodities.get(raw.get("commodity") or raw.get("input") or _only(raw.get("carries", "")))
        wanted = spec.unit
        if wanted == "{commodity}" or wanted == "{input}":
            wanted = commodity.unit if commodity else ""
        elif wanted.startswith("{"):
            wanted = raw.get(wanted[1:-1], "")
        if not wanted or wanted == "year":
            wrong("wrong-unit", _expected(spec), f"Write the number without '{unit}'.")
            return None
        try:
            value = convert(value, unit, wanted, commodity)
        except UnitError as error:
            wrong("wrong-unit", f"a quantity in {wanted}", f"{str(error)[0].upper()}{str(error)[1:]}; give it in {wanted}.")
            return None
    if spec.low is not None and value < spec.low or spec.high is not None and value > spec.high:
        wrong("out-of-bounds", _expected(spec), "Correct the number, or its sign.")
        return None
    return value


def _only(carries: str) -> str:
    """The commodity of a link that carries just one, else nothing."""
    return carries.strip() if carries and ";" not in carries else ""
