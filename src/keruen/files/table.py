"""One file of a case folder -> rows: headers, widths, doubled ids. Its lines of cells come from :mod:`keruen.files.lines`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from keruen.columns import Column, Row
from keruen.errors import Finding, Names, quote
from keruen.files.cells import as_row, read_cells, slug, table_columns
from keruen.files.lines import Lines
from keruen.tables import TABLES, Commodity, key_columns

__all__ = ["Table", "read_table"]

LONGEST_ID = 1000
AHEAD = 10  # rows looked through for a header that is not in row 1
SEPARATORS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


@dataclass(slots=True)
class Table:
    """What was read of one table.

    rows: typed rows; a bad cell of one is blank. bad: columns of the bad cells by row number.
    names: ids of all rows, of those too that could not be used. whole: no row was left out.
    unread: rows may be missing from ``names``, so that nothing can be said of an id that is not there.
    """

    rows: list[Row] = field(default_factory=list)
    bad: dict[int, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    whole: bool = True
    unread: bool = False


def read_table(file: Path, table: str, out: list[Finding], commodities: Mapping[str, Commodity] | None = None) -> Table:
    """The rows of one table; problems are added to ``out``."""
    found = Table()
    lines = Lines(file, out)
    stream = iter(lines)
    first = [h.strip() for h in next(stream, (1, []))[1]]
    ahead = list(islice(stream, AHEAD))
    header = _Header.read(file.name, table, first, ahead, out) if first or not lines.broken else None
    if header is None:
        found.whole, found.unread = False, True
        return found
    keys = [c.name for c in key_columns(TABLES[table])]
    seen: dict[tuple[str, ...], int] = {}
    conflict = ""
    for line, cells in chain(ahead, stream):
        if not any(c.strip() for c in cells):
            continue
        if cells[0].startswith(CONFLICT) and len(cells) < header.width:
            if not conflict:
                out.append(Finding("merge-conflict", file.name, line, "", quote(cells[0]), "a row",
                                   "Two versions were merged here and differ: keep one, and delete the lines that begin with <<<, === and >>>."))  # fmt: skip
            conflict, found.whole = cells[0][:7], False
            continue
        if [c.strip() for c in cells] == first:
            out.append(Finding("header-again", file.name, line, "", "the header once more", "a row", "Delete this row."))
            continue
        raw = {name: cells[i].strip() if i < len(cells) else "" for name, i in header.at.items()}
        key = tuple(raw.get(k, "") for k in keys)
        found.names.add(key[0])
        if conflict == "=======":  # the other version of the rows above
            continue
        if len(cells) != header.width or any(cells[i].strip() for i in header.empty):
            _wrong_width(file.name, line, cells, header, out)
            found.whole = False
            continue
        values, bad = read_cells(table, raw, file.name, line, out, commodities or {})
        if all(key):
            if key in seen:
                out.append(Finding("duplicate-id", file.name, line, keys[0], quote(" / ".join(key)), f"an id not used before (row {seen[key]} has it)",
                                   "Give one of the two another id, or delete it."))  # fmt: skip
            seen.setdefault(key, line)
        found.rows.append(as_row(table, values, line))
        if bad:
            found.bad[line] = bad
            if keys[0] in bad:
                name = slug(key[0]) if len(key[0]) <= LONGEST_ID else ""
                found.names.add(name)  # what other rows may call it already
                found.unread |= not name
    if lines.broken or keys[0] not in header.at:
        found.whole, found.unread = False, True
    return found


def _wrong_width(file: str, line: int, cells: list[str], header: _Header, out: list[Finding]) -> None:
    found, width = f"{len(cells)} cells", header.width
    if len(cells) == width:
        found, remedy = "a cell under no column", "Put the cell under a column, or delete it."
    elif any(c.lstrip().startswith('"') for c in cells):
        remedy = "Delete the space before a cell's opening quote."
    elif cells[0].startswith(("#", "//")):
        remedy = "Tables have no comment lines; use the column note."
    elif len(cells) > width:
        remedy = "A cell with a comma in it needs quotes, and a number needs a decimal point."
    else:
        remedy = "Each cell needs its comma, an empty one too."
    out.append(Finding("wrong-width", file, line, "", found, f"{width}, as in the header", remedy))


@dataclass(slots=True)
class _Header:
    """Where each known column stands; ``width`` cells a row; ``empty``: positions without a name."""

    at: dict[str, int]
    width: int
    empty: tuple[int, ...] = ()

    @classmethod
    def read(cls, file: str, table: str, cells: list[str], ahead: list[tuple[int, list[str]]], out: list[Finding]) -> _Header | None:
        """The header, with findings for columns that are unknown, doubled or missing; None if it is none."""
        specs = {c.name: c for c in table_columns(table)}
        expected = f"the header of {table}: " + ",".join(specs)
        if not any(cells):
            below = _header_below(ahead, specs)
            out.append(
                Finding("empty-table", file, 1, "", "an empty row" if ahead else "an empty file", expected,
                        f"Delete the rows above row {below}." if below else "Write the header line.")
            )  # fmt: skip
            return None
        other = next((t for t in TABLES if t != table and {c.name for c in table_columns(t)} == set(cells)), "")
        if other:
            out.append(Finding("no-header", file, 1, "", f"the header of {other}", expected, "Put each table into the file of its name."))
            return None
        if not {_clean(c) for c in cells} & set(specs) and not _may_be_header(file, cells, ahead, specs, expected, out):
            return None
        return cls._columns(file, cells, specs, out)

    @classmethod
    def _columns(cls, file: str, cells: list[str], specs: dict[str, Column], out: list[Finding]) -> _Header:
        """A name that is nearly that of a missing column is taken for it, so that one slip gives one finding."""
        last = max(i for i, c in enumerate(cells) if c)
        at: dict[str, int] = {}
        known = Names(specs)
        missing = [name for name in specs if name not in cells]
        unknown: list[tuple[int, str]] = []
        styled: list[tuple[str, str]] = []
        first = {name: i for i, name in reversed(list(enumerate(cells[: last + 1])))}
        counts = Counter(cells[: last + 1])
        strange = [name for name in counts if name not in specs]
        for name, count in counts.items():
            i, clean = first[name], _clean(name)
            if name in specs:
                at[name] = i
                if count > 1:
                    lost = missing.pop() if len(missing) == 1 and not strange else ""
                    hint = f"One of them may be meant as '{lost}': rename it." if lost else "Remove all but one of them."
                    out.append(Finding("double-column", file, 1, name, f"the column {count} times", "once", hint))
                continue
            guess = clean if clean in missing else next((g for g in known.near(name) if g in missing), "")
            if not guess and name and len(strange) == len(missing) == 1:
                guess = missing[0]
            if not guess:
                unknown.append((i, name))
                continue
            missing.remove(guess)
            at[guess] = i
            if guess == clean:
                styled.append((name, guess))
            else:
                out.append(Finding("unknown-column", file, 1, quote(name, mark=""), f"a column keruen does not know, {quote(name)}", f"the column {guess}",
                                   f"Did you mean '{guess}'? Rename or remove it."))  # fmt: skip
        if styled:
            found = ", ".join(quote(name) for name, _ in styled)
            out.append(Finding("unknown-column", file, 1, quote(styled[0][0], mark=""), found, ", ".join(f"'{guess}'" for _, guess in styled),
                               "Write column names letter by letter as expected."))  # fmt: skip
        for i, name in unknown[:AHEAD]:
            what = f"a column keruen does not know, {quote(name)}" if name else f"a column without a name, number {i + 1}"
            out.append(Finding("unknown-column", file, 1, quote(name, mark="") if name else "(no name)", what, "one of " + ", ".join(specs),
                               "Remove it; what it says can go into note." if name else "Name it or remove it."))  # fmt: skip
        if len(unknown) > AHEAD:
            more = f"{len(unknown) - AHEAD} more columns keruen does not know"
            out.append(Finding("unknown-column", file, 1, "", more, "one of " + ", ".join(specs), "Remove them."))
        for name in missing:
            out.append(Finding("missing-column", file, 1, name, "no such column", specs[name].meaning,
                               "Add the column." if specs[name].required else "Add the column; its cells may be empty."))  # fmt: skip
        # A spreadsheet often saves empty columns at the end: nothing is lost where their cells are empty too.
        return cls(at, len(cells), tuple(range(last + 1, len(cells))))


def _may_be_header(
    file: str, cells: list[str], ahead: list[tuple[int, list[str]]], specs: Mapping[str, Column], expected: str, out: list[Finding]
) -> bool:
    """Say why the first row names no known column. True where it may be a header with misspelt names."""
    joined = ",".join(cells)
    if joined.lower().startswith("sep="):
        out.append(Finding("wrong-separator", file, 1, "", quote(joined), expected, "Delete this line, and save the file with commas."))
        return False
    for mark, word in SEPARATORS:
        if len({_clean(c) for c in joined.split(mark)} & set(specs)) > 1:
            out.append(Finding("wrong-separator", file, 1, "", f"cells parted by {word}", "commas", "Save it as a comma-separated file."))
            return False
    below = _header_below(ahead, specs)
    known = Names(specs)
    if not below and sum(1 for c in cells[: 2 * len(specs)] if known.near(c)) > len(specs) / 2:
        return True
    remedy = f"The header stands in row {below}; delete the rows above it." if below else "Put this header above the rows."
    out.append(Finding("no-header", file, 1, "", quote(joined), expected, remedy))
    return False


def _header_below(ahead: list[tuple[int, list[str]]], specs: Mapping[str, Column]) -> int | None:
    return next((line for line, cells in ahead if len({c.strip() for c in cells} & set(specs)) > len(specs) / 2), None)


def _clean(name: str) -> str:
    """A column's name as people vary it: capitals, spaces, letters that cannot be seen."""
    return "_".join("".join(c if c.isprintable() else " " for c in name).lower().replace("-", " ").replace("_", " ").split())
