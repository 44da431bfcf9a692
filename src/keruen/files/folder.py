"""Read a case folder: settings, tables and the names of its scenarios, with every problem found on the way.

Cells are read in :mod:`keruen.files.cells`, tables in :mod:`keruen.files.table`.
Nothing here compares rows with each other; that is :mod:`keruen.check`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from keruen.errors import Finding, Names, UsageError, did_you_mean, quote
from keruen.files.cells import parse_row, table_columns
from keruen.files.table import Table, read_table
from keruen.tables import NEEDED, TABLES, Commodity, key_columns

__all__ = ["Folder", "find_case", "parse_row", "read_folder", "read_toml", "shipped_cases"]

ENDINGS = (".csv", ".parquet")
SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_LINE = re.compile(r"at line (\d+)")


@dataclass(slots=True)
class Folder:
    """What was read: tables, settings, scenario files, and the problems."""

    name: str
    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    setting_rows: dict[str, int] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
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
    shipped = shipped_cases()
    try:
        if path.is_dir():
            return _with_tables(path)
        if str(case) in shipped:
            return shipped[str(case)]
        if path.is_file():
            raise UsageError(f"{quote(case, 400)} is a file; a case is a folder of tables. Give the folder it is in.")
    except (OSError, ValueError) as error:  # a name the system cannot hold, or a folder it will not open
        raise UsageError(f"{quote(case, 400)} cannot be opened: {error}") from None
    raise UsageError(
        f"there is no folder {quote(case, 400)} and no shipped case of that name. Shipped: {', '.join(shipped)}. {did_you_mean(case, shipped)}".strip()
    )


def _with_tables(path: Path) -> Path:
    names = {p.name.lower() for p in path.iterdir()}
    if "case.toml" in names or any(f"{t}{e}" in names for t in TABLES for e in ENDINGS):
        return path
    inside = sorted(p for p in path.iterdir() if p.is_dir() and (p / "case.toml").is_file())
    hint = f"Did you mean {quote(inside[0], 400)}?" if inside else f"A case needs case.toml and the tables {', '.join(NEEDED)}."
    raise UsageError(f"the folder {quote(path, 400)} holds no case: neither case.toml nor a table. {hint}")


def read_folder(path: Path) -> Folder:
    """Read all tables; problems are collected in ``findings``, never raised."""
    folder = Folder(path.resolve().name or str(path), path)
    out = folder.findings
    _read_settings(folder)
    misnamed = _strays(path, out)
    commodities: dict[str, Commodity] = {}
    for table in TABLES:
        found = [path / f"{table}{e}" for e in ENDINGS if (path / f"{table}{e}").exists()]
        file = found[0] if found else path / f"{table}.csv"
        folder.files[table] = file.name
        if not found:
            lacking = table in NEEDED or table in misnamed
            if table in NEEDED and table not in misnamed:
                out.append(
                    Finding("missing-file", file.name, None, "", "no such file", f"the table {table}",
                            f"Every case needs {', '.join(NEEDED)}; make this file.")
                )  # fmt: skip
            folder.tables[table] = Table(whole=not lacking, unread=lacking)
            continue
        if len(found) > 1:
            out.append(
                Finding("two-files", file.name, None, "", f"{file.name} beside {found[1].name}", f"one file for {table}",
                        "Move one of the two out of the folder, so that it is clear which counts.")
            )  # fmt: skip
        before = len(out)
        read = folder.tables[table] = read_table(file, table, out, commodities)
        if table == "commodities":
            commodities = {r.commodity: r for r in read.rows if isinstance(r, Commodity) and r.line not in read.bad}
        if not read.names and table in NEEDED:
            read.whole, read.unread = False, True
            if len(out) == before:
                out.append(
                    Finding("empty-table", file.name, None, "", "a header and no rows", "at least one row",
                            f"Fill in {table}; a case without it has nothing to solve.")
                )  # fmt: skip
    _drop_repeats(folder)
    scenarios = path / "scenarios"
    if scenarios.is_dir():
        folder.scenarios = {p.stem: p for p in sorted(scenarios.glob("*.toml"))}
    return folder


def _drop_repeats(folder: Folder) -> None:
    """Say of an id that is written wrong only where it is given, not again wherever it is used."""
    table_of = {file: table for table, file in folder.files.items()}
    given = {(table_of.get(f.file), f.found) for f in folder.findings if f.code == "wrong-id" and f.column in _KEYS.get(table_of.get(f.file, ""), ())}
    folder.findings[:] = [
        f for f in folder.findings
        if f.code != "wrong-id" or not any((ref, f.found) in given for ref in _REFS.get((table_of.get(f.file, ""), f.column), ()))
    ]  # fmt: skip


_KEYS = {table: tuple(c.name for c in key_columns(row_type)) for table, row_type in TABLES.items()}
_REFS = {(table, c.name): c.refs for table in TABLES for c in table_columns(table) if c.refs}


def _strays(path: Path, out: list[Finding]) -> set[str]:
    """Say which files look like tables or scenarios but will not be read. Returns the tables they were probably meant for."""
    known = Names(f"{t}{e}" for t in TABLES for e in ENDINGS)
    misnamed: set[str] = set()

    def stray(name: str, found: str, expected: str, remedy: str) -> None:
        out.append(Finding("unknown-file", quote(name, mark=""), None, "", found, expected, remedy))

    tables = "one of " + ", ".join(f"{t}.csv" for t in TABLES)
    for entry in sorted(path.iterdir()):
        name, ending = entry.name, entry.suffix.lower()
        if name.startswith((".", "~$")) or name in known:
            continue
        if entry.is_dir():
            if name != "scenarios" and Names(["scenarios"]).near(name) and any(entry.glob("*.toml")):
                stray(name, "a folder keruen does not look into", "scenarios", "Rename it to scenarios.")
        elif ending in (*ENDINGS, *SHEETS, ".tsv") or any(name.lower().startswith(f"{t}.csv") for t in TABLES):
            stem = name.lower().split(".")[0]
            guess = stem if stem in TABLES else next(iter(Names(TABLES).near(stem)), "")
            free = bool(guess) and not any((path / f"{guess}{e}").exists() for e in ENDINGS)
            if free:
                misnamed.add(guess)
            if ending in SHEETS:
                stray(name, "a workbook", tables,
                      "Save each of its sheets as \"CSV UTF-8\" under the name of its table, and move the workbook out of the case folder.")  # fmt: skip
            else:
                remedy = f"Did you mean {guess}{ending if ending in ENDINGS else '.csv'}? Rename it" if free else "Rename it"
                stray(name, "a table keruen does not know", tables, f"{remedy}, or move it out of the case folder.")
        elif ending == ".toml" and name != "case.toml":
            lost = Names(["case.toml"]).near(name) and not (path / "case.toml").exists()
            remedy = "Rename it to case.toml." if lost else "Move it into the folder scenarios if it is one."
            stray(name, "a TOML file keruen does not read here", "case.toml alone", remedy)
    scenarios = path / "scenarios"
    for entry in sorted(scenarios.iterdir()) if scenarios.is_dir() else ():
        if not entry.name.startswith(".") and entry.suffix.lower() not in (".md", ".txt") and (entry.suffix != ".toml" or not entry.is_file()):
            stray(f"scenarios/{entry.name}", "something that is no scenario", "files that end in .toml", "Rename it, or move it out of the folder.")
    return misnamed


_SETTINGS: dict[str, tuple[type, str]] = {
    "title": (str, "a text"),
    "home": (str, "a country code such as \"KZ\""),
    "base_year": (int, "a year such as 2023"),
    "currency": (str, "\"USD\""),
    "money_year": (int, "a year such as 2023"),
    "first_year": (int, "a year such as 2015"),
    "last_year": (int, "a year such as 2035"),
}
# Settings that may be left out.
_MAY: dict[str, tuple[type, str]] = {"discount_rate": (float, "a share of 1 such as 0.08, from 0 to 1")}


def read_toml(file: Path, shown: str, out: list[Finding]) -> tuple[dict[str, Any], str] | None:
    """What a TOML file says, and its text; None with a finding where it is none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        why = str(error.strerror or error)
        out.append(Finding("unreadable-file", shown, None, "", why, "a file that can be read", "See whether it is a file, and who may read it."))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = None if b"\0" in data else data[: error.start].count(b"\n") + 1
        out.append(Finding("wrong-encoding", shown, row, "", f"byte 0x{data[error.start]:02x}", "UTF-8", "Save it as UTF-8."))
        return None
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:
        match = _LINE.search(str(error))
        row = int(match[1]) if match else None
        lines = text.split("\n")
        found = quote(lines[row - 1].strip()) if row and row <= len(lines) else "the whole file"
        why = "brackets nested too deep" if isinstance(error, RecursionError) else str(error)
        remedy = "Mend it: " + quote(why, 200, "") + "."
        out.append(Finding("not-toml", shown, row, "", found, "TOML: lines such as key = \"text\" or key = 2023", remedy))
        return None


def _read_settings(folder: Folder) -> None:
    file, out = folder.path / "case.toml", folder.findings
    if not file.exists():
        if not any(Names(["case.toml"]).near(p.name) and p.suffix == ".toml" for p in folder.path.iterdir()):  # else it is misnamed, which is said
            out.append(
                Finding("missing-file", "case.toml", None, "", "no such file", ", ".join(_SETTINGS), "Make it; docs/case-format.md has an example.")
            )  # fmt: skip
        return
    read = read_toml(file, "case.toml", out)
    if read is None:
        return
    settings, text = read
    for i, line in enumerate(text.split("\n"), 1):
        if match := re.match(r"\s*\[*\s*[\"']?([\w-]+)", line):
            folder.setting_rows.setdefault(match[1], i)

    def wrong(code: str, key: str, found: str, expected: str, remedy: str) -> None:
        out.append(Finding(code, "case.toml", folder.setting_rows.get(key), quote(key, mark=""), found, expected, remedy))

    missing = [key for key in _SETTINGS if key not in settings]
    for key in settings:
        if key not in _SETTINGS and key not in _MAY:
            guess = next((g for g in Names([*_SETTINGS, *_MAY]).near(key) if g in missing or (g in _MAY and g not in settings)), "")
            if guess in missing:
                missing.remove(guess)
            wrong("unknown-setting", key, "an unknown key", f"the key {guess}" if guess else "one of " + ", ".join((*_SETTINGS, *_MAY)),
                  f"Did you mean '{guess}'?" if guess else "Remove the line.")  # fmt: skip
    for key in missing:
        wrong("missing-setting", key, "nothing", _SETTINGS[key][1], f"Add a line: {key} = ...")
    good: dict[str, Any] = {}
    for key, (kind, wanted) in (_SETTINGS | _MAY).items():
        value: Any = settings.get(key)
        if value is None:
            continue
        if kind is float:
            if not (_is_a(value, float) or _is_a(value, int)) or not 0 <= value <= 1:
                wrong("wrong-setting", key, quote(value), wanted, "Write it as a share: 8 % is 0.08.")
            else:
                good[key] = float(value)
        elif not _is_a(value, kind):
            quoted = kind is int and isinstance(value, str)
            wrong("wrong-setting", key, quote(value), wanted, "Write the year without quotes." if quoted else "Correct the line.")
        elif key == "currency" and value != "USD":
            wrong("wrong-currency", key, quote(value), "\"USD\"", "All money columns are in USD; convert them.")
        elif kind is int and not 1900 <= value <= 2100:
            wrong("wrong-setting", key, quote(value), "a year from 1900 to 2100", "Correct the year.")
        elif key == "title" and not value.strip():
            wrong("wrong-setting", key, "an empty text", wanted, "Say what the case is about.")
        else:
            good[key] = value
    base = good.get("base_year")
    if base is not None and good.get("first_year", base) > base:
        wrong("wrong-setting", "first_year", str(good["first_year"]), f"base_year, {base}, or earlier", "Correct one of the two years.")
    if base is not None and good.get("last_year", base) < base:
        wrong("wrong-setting", "last_year", str(good["last_year"]), f"base_year, {base}, or later", "Correct one of the two years.")
    folder.settings = good


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
