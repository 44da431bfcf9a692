"""One row of text -> typed values. Each cell that will not do gives a finding that says how to mend it.

The kinds of cell are those of :mod:`keruen.columns`. Nothing here looks at another row.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from keruen.columns import Column, Row, columns_of
from keruen.errors import Finding, UnitError, did_you_mean, quote
from keruen.files.numbers import LONGEST_NUMBER, is_rough, why_no_number
from keruen.tables import TABLES, Commodity
from keruen.units import SMALL_UNIT, convert, split_quantity

__all__ = ["as_row", "parse_row", "read_cells", "slug", "table_columns"]

LONGEST_CELL = 20_000
LONGEST_UNIT = 40
MANY_AT_ONCE = 6  # so many bad cells in one row are one fault: its cells stand in the wrong columns
_ID = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")
_FIRST_YEAR, _LAST_YEAR = 1800, 2200  # of dates: an earlier or later one is a slip of the keyboard
_REAL_DATES = ("valid_from", "valid_to", "contract_before")
_YES = {"yes": True, "no": False}
_YES_WORDS = {"y": "yes", "true": "yes", "1": "yes", "t": "yes", "n": "no", "false": "no", "0": "no", "f": "no"}
_SHEET_ERROR = re.compile(r"#(REF|N/A|NAME|VALUE|DIV/0|NUM|NULL|SPILL|CALC)[!?]?")
_BREAKS = {"\n": "a line break", "\r": "a line break", "\t": "a tab"}
_UNIT_BEGINS = re.compile(r"[^\W\d_]|[%°$€£¥₸₽]|1000 m3|/")
_BARRELS = re.compile(r"(?<![A-Za-z])[Mk]?(?:b|bbls?|barrels?)(?![A-Za-z])")
_CURRENCY = re.compile(
    r"(?:(?:AED|AMD|AUD|AZN|BYN|CAD|CHF|CNY|CZK|GBP|GEL|HKD|INR|IRR|JPY|KGS|KRW|MDL|MNT|NOK|PLN|RMB|RUR|SEK|SGD|TJS|TMT|TRY|UAH|UZS|VND|"
    r"[MGTk]?(?:EUR|KZT|RUB)|euros?|tenge|rou?bles?|yuan)\b|[€£¥₸₽])", re.IGNORECASE,
)  # fmt: skip


@cache
def table_columns(table: str) -> tuple[Column, ...]:
    """The columns of a table."""
    return columns_of(TABLES[table])


def parse_row(
    table: str, raw: Mapping[str, str], file: str, line: int, out: list[Finding], commodities: Mapping[str, Commodity]
) -> Row | None:
    """A typed row from its cells, or None with the problems added to ``out``."""
    values, bad = read_cells(table, raw, file, line, out, commodities)
    return None if bad else as_row(table, values, line)


def as_row(table: str, values: Mapping[str, Any], line: int) -> Row:
    """The row of a table that holds these values."""
    return TABLES[table](line=line, **{f"{n}_" if n == "from" else n: v for n, v in values.items()})


def read_cells(
    table: str, raw: Mapping[str, str], file: str, line: int, out: list[Finding], commodities: Mapping[str, Commodity]
) -> tuple[dict[str, Any], set[str]]:
    """Values by column, and the columns whose cell cannot be used (or is not in ``raw``); those are blank.

    Problems are added to ``out``.
    """
    before = len(out)
    columns = table_columns(table)
    row = _Row(columns, raw, file, line, out, commodities)
    values = {}
    for spec in columns:
        if spec.name in raw:
            values[spec.name] = _parse(row, spec, raw[spec.name])
        else:
            row.bad.add(spec.name)
        if spec.name in row.bad:
            values[spec.name] = _blank(spec)
    found = out[before:]
    if len({f.column for f in found}) >= MANY_AT_ONCE:
        out[before:] = [
            Finding("shifted-row", file, line, "", "; ".join(f"{f.column} {f.found}" for f in found), "cells in the order of the header",
                    "Its cells seem to stand in the wrong columns: look for a comma too many or too few, or a lost quote.")
        ]  # fmt: skip
        row.bad.update(raw)
    return values, row.bad


class _Row:
    """The row being read: its cells, where it stands, and which of its cells are bad."""

    __slots__ = ("bad", "columns", "commodities", "file", "line", "out", "raw")

    def __init__(
        self, columns: tuple[Column, ...], raw: Mapping[str, str], file: str, line: int, out: list[Finding], commodities: Mapping[str, Commodity]
    ) -> None:
        self.columns, self.raw, self.file, self.line, self.out, self.commodities = columns, raw, file, line, out, commodities
        self.bad: set[str] = set()

    def wrong(self, spec: Column, code: str, expected: str, remedy: str) -> None:
        """The cell of this column will not do."""
        text = self.raw[spec.name]
        self.bad.add(spec.name)
        self.out.append(Finding(code, self.file, self.line, spec.name, quote(text) if text else "an empty cell", expected, remedy))

    def may_hold(self, column: str, word: str) -> bool:
        choices = next((c.choices for c in self.columns if c.name == column), ())
        return not choices or word in choices

    def commodity_named(self) -> str:
        """The commodity this row is about, where it is about just one."""
        carries = self.raw.get("carries", "")
        return self.raw.get("commodity") or self.raw.get("input") or (carries if ";" not in carries else "")


def _parse(row: _Row, spec: Column, text: str) -> Any:
    if len(text) > LONGEST_CELL:
        row.wrong(spec, "huge-cell", f"at most {LONGEST_CELL:,} characters", "Look for a quote that swallowed the rest of the file.")
        return None
    if not text:
        if spec.required:
            row.wrong(spec, "empty-cell", _expected(spec), "Fill it in.")
        return _blank(spec)
    if text[0] == "#" and _SHEET_ERROR.fullmatch(text):
        row.wrong(spec, "sheet-error", _expected(spec), "Mend the formula in the spreadsheet, then save again.")
        return None
    if (not text.isprintable() or "\ufffd" in text) and not _letters_are_good(row, spec, text):
        return None
    return _PARSERS[spec.kind](row, spec, text)


def _letters_are_good(row: _Row, spec: Column, text: str) -> bool:
    """Whether the cell is free of characters that nobody can see, or that stand for a lost letter."""
    if "\ufffd" in text:
        row.wrong(spec, "lost-letter", "readable letters",
                  "A letter was lost when the file was converted (the sign � stands for it); put it back and save as UTF-8.")  # fmt: skip
        return False
    hidden = sorted({c for c in text if not c.isprintable()})
    if spec.kind == "text":
        hidden = [c for c in hidden if c in "\ufeff\u200b" or (unicodedata.category(c) == "Cc" and c not in "\r\n\t")]
    elif spec.kind in ("number", "integer"):
        hidden = [c for c in hidden if unicodedata.category(c) != "Zs"]  # a space that groups digits has its own message
    elif spec.kind in ("list", "map"):
        hidden = [c for c in hidden if c not in "\r\n\t"]  # an item on each line of a cell is fine
    if not hidden:
        return True
    names = ", ".join(_BREAKS.get(c) or f"U+{ord(c):04X} {unicodedata.name(c, 'a control character').lower()}" for c in hidden[:3])
    spaced = (" " if unicodedata.category(c) == "Zs" and spec.kind != "id" else c for c in text)
    clean = " ".join("".join(c for c in spaced if c.isprintable()).split())
    row.wrong(spec, "hidden-character", "no characters that cannot be seen", f"It holds {names}: type the cell anew as {quote(clean)}.")
    return False


def _text(row: _Row, spec: Column, text: str) -> str:
    return text


def _id(row: _Row, spec: Column, text: str) -> str:
    if not _ID.fullmatch(text):
        better = slug(text)
        remedy = f"Write it as {quote(better)}" if better else "Write it in Latin letters"
        row.wrong(spec, "wrong-id", "lower-case letters, digits and hyphens", remedy + (", here and in the tables that use it." if spec.key else "."))
    return text


def slug(text: str) -> str:
    """Text as an id, or an empty string where it has no Latin letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _choice(row: _Row, spec: Column, text: str) -> str:
    if text not in spec.choices:
        row.wrong(spec, "wrong-choice", _expected(spec), did_you_mean(text, spec.choices) or "Choose one of these.")
    return text


def _yes_no(row: _Row, spec: Column, text: str) -> bool:
    if text not in _YES:
        word = _YES_WORDS.get(text.lower(), text.lower())
        row.wrong(spec, "wrong-choice", "yes or no", f"Write {word}." if word in _YES else "Write yes or no.")
    return _YES.get(text, False)


def _list(row: _Row, spec: Column, text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(";") if part.strip())
    if len(set(parts)) < len(parts):
        twice = Counter(parts).most_common(1)[0][0]
        row.wrong(spec, "twice-in-list", "each word once", f"{quote(twice)} stands twice; keep one.")
    elif not parts and spec.required:
        row.wrong(spec, "empty-cell", _expected(spec), "Fill it in.")
    return parts


def _date(row: _Row, spec: Column, text: str) -> Any:
    """A day; where treaties are known by their year or month alone, text that begins with it."""
    partial = spec.name not in _REAL_DATES
    match = _PARTIAL_DATE.fullmatch(text) if partial else None
    try:
        if match is not None:
            day = date(int(match[1]), int(match[2] or 1), 1)
        elif _DAY.fullmatch(text):
            day = date.fromisoformat(text)
        else:
            raise ValueError
    except ValueError:
        row.wrong(spec, "wrong-date", "a day such as 2023-05-17" + (", or 2023-05, or 2023" if partial else ""), _date_remedy(text))
        return None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        row.wrong(spec, "wrong-date", f"a day from {_FIRST_YEAR} to {_LAST_YEAR}", "Correct the year.")
    return text if partial else day


def _date_remedy(text: str) -> str:
    if match := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text):
        a, b, year = int(match[1]), int(match[2]), match[3]
        ways = [f"{year}-{m:02}-{d:02}" for d, m in dict.fromkeys([(a, b), (b, a)]) if 1 <= m <= 12 and 1 <= d <= 31]
        if ways:
            return "Write year-month-day: " + " or ".join(ways) + (", whichever is meant." if len(ways) > 1 else ".")
    if match := re.fullmatch(r"(\d{4})(?:[./](\d{1,2})[./](\d{1,2})|(\d\d)(\d\d))", text):
        return f"Write year-month-day: {match[1]}-{int(match[2] or match[4]):02}-{int(match[3] or match[5]):02}."
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T].*", text):
        return f"Write the day without the time: {text[:10]}."
    if _DAY.fullmatch(text) or re.fullmatch(r"\d{4}-\d{2}", text):
        return "There is no such day in the calendar; correct it."
    if re.fullmatch(r"\d{5}", text):
        return "This looks like a spreadsheet's number for a day; format the column as text and write year-month-day."
    return "Write year-month-day."


def _map(row: _Row, spec: Column, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in (p.strip() for p in text.split(";")):
        words = part.split()
        number = split_quantity(words[1]) if len(words) == 2 and len(part) <= LONGEST_NUMBER else None
        if number is None or number[1] or not math.isfinite(number[0]):
            row.wrong(spec, "wrong-map", "pairs such as 'products 0.77; fuel-oil 0.14'", f"{quote(part)} is no pair. {_pair_remedy(part)}")
            return {}
        if words[0] in found:
            row.wrong(spec, "wrong-map", "each name once", f"{quote(words[0])} stands twice; keep one.")
            return {}
        if spec.low is not None and number[0] < spec.low:
            row.wrong(spec, "out-of-bounds", f"numbers of {spec.low:g} or more", f"Correct the number of {quote(words[0])}, or its sign.")
            return {}
        found[words[0]] = number[0]
    return found


def _pair_remedy(part: str) -> str:
    if not part:
        return "Delete the ; that parts nothing."
    if len(part) <= LONGEST_NUMBER:
        if match := re.fullmatch(r"([a-z][\w-]*?)\s*[:=]?\s*([-+]?\d+)(?:[.,](\d+))?", part):
            return f"Write '{match[1].rstrip('-')} {match[2].lstrip('-')}{'.' if match[3] else ''}{match[3] or ''}'; part pairs by ;."
        if match := re.fullmatch(r"([-+]?\d+(?:\.\d+)?)\s+([\w-]+)", part):
            return f"Write the name first: '{match[2]} {match[1]}'."
    return "Write a name, a space and a plain number; part pairs by ;."


def _integer(row: _Row, spec: Column, text: str) -> int | None:
    value = _number(row, spec, text)
    if value is not None and value != int(value):
        row.wrong(spec, "wrong-number", _expected(spec), "Write a whole number.")
        return None
    return None if value is None else int(value)


def _number(row: _Row, spec: Column, text: str) -> float | None:
    parts = split_quantity(text) if len(text) <= LONGEST_NUMBER else None
    if parts is None or not math.isfinite(parts[0]) or (parts[1] and (not _UNIT_BEGINS.match(parts[1]) or is_rough(text) or _is_angle(spec, parts[1]))):
        code, remedy = why_no_number(spec, text)
        row.wrong(spec, code, _expected(spec), remedy)
        return None
    value, unit = parts
    if unit:
        converted = _converted(row, spec, value, unit)
        if converted is None:
            return None
        value = converted
    if not math.isfinite(value) or (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
        row.wrong(spec, "out-of-bounds", _expected(spec), _bounds_remedy(row, spec, value))
        return None
    return value + 0.0  # no minus before a zero


def _is_angle(spec: Column, unit: str) -> bool:
    """Whether this is a coordinate in degrees and minutes, or with a letter for its side."""
    return spec.unit == "degree" and not re.fullmatch(r"deg(rees?)?|°", unit)


def _converted(row: _Row, spec: Column, value: float, unit: str) -> float | None:
    """The value in the column's unit; None with a finding, or where another finding already says why not."""
    name = row.commodity_named()
    commodity = row.commodities.get(name)
    wanted = spec.unit
    if wanted in ("{commodity}", "{input}"):
        if commodity is None and name:
            row.bad.add(spec.name)  # the commodity is unknown or its row is bad, which is said elsewhere
            return None
        wanted = commodity.unit if commodity else ""
    elif wanted == "t or TEU":
        wanted = SMALL_UNIT.get(row.raw.get("unit", ""), "")
    elif wanted.startswith("{"):
        column = wanted[1:-1]
        wanted = row.raw.get(column, "")
        if not wanted:
            row.wrong(spec, "wrong-unit", f"a plain number, its unit in {column}", f"Fill in {column}.")
            return None
        if not row.may_hold(column, wanted):
            row.bad.add(spec.name)  # the unit's own cell is bad, which is said there
            return None
    if unit == "%" and spec.high == 1:
        row.wrong(spec, "wrong-unit", _expected(spec), f"Write the share: {value / 100:g}.")
        return None
    if not wanted or wanted == "year":
        row.wrong(spec, "wrong-unit", _expected(spec), f"Write the number without {quote(unit)}.")
        return None
    if _CURRENCY.match(unit):
        if "USD" in wanted:
            row.wrong(spec, "wrong-currency", f"a quantity in {wanted}", "All money is in USD of the money year of case.toml; convert it.")
        else:
            row.wrong(spec, "wrong-unit", f"a quantity in {wanted}", f"{quote(unit)} is money. Give it in {wanted}.")
        return None
    if ("bcm" in unit and commodity is not None and commodity.unit == "Mt") or (_BARRELS.search(unit) and "bcm" in wanted):
        row.wrong(spec, "wrong-unit", f"a quantity in {wanted}", f"{'bcm counts gas' if 'bcm' in unit else 'Barrels count oil'}. Give it in {wanted}.")
        return None
    try:
        if len(unit) > LONGEST_UNIT:
            raise UnitError(f"the unit {quote(unit)} is not known")
        return convert(value, unit, wanted, commodity)
    except UnitError as error:
        why = str(error).rstrip(". ")
    near = next((w for w in (wanted, *wanted.split("/")) if w.lower() == unit.lower() and w != unit), "")
    hint = f" Large and small letters count: did you mean '{near}'?" if near and why[-1] != "?" else ""
    row.wrong(spec, "wrong-unit", f"a quantity in {wanted}", f"{why[0].upper()}{why[1:]}{'' if why[-1] == '?' else '.'}{hint} Give it in {wanted}.")
    return None


def _bounds_remedy(row: _Row, spec: Column, value: float) -> str:
    if spec.unit == "degree":
        other = split_quantity(row.raw.get("lon", "")[:LONGEST_NUMBER])
        if spec.name == "lat" and abs(value) <= 180 and other and abs(other[0]) <= 90:
            return "Correct it; longitude and latitude look swapped."
        return "Write decimal degrees such as 51.17."
    if value < 0 and spec.low is not None and spec.low >= 0:
        return "Correct the number, or its sign."
    if spec.high == 1 and value <= 100:
        return f"Write a share of one: {value / 100:g} if {value:g} % is meant."
    return "Correct the year." if spec.unit == "year" else "Correct the number."


def _expected(spec: Column) -> str:
    if spec.kind in ("number", "integer"):
        unit = f" in {spec.unit}" if spec.unit and spec.unit != "year" and "{" not in spec.unit else ""
        bounds = ""
        if spec.low is not None and spec.high is not None:
            bounds = f" from {spec.low:g} to {spec.high:g}"
        elif spec.low is not None:
            bounds = f" of {spec.low:g} or more"
        noun = "year" if spec.unit == "year" else f"{'whole ' if spec.kind == 'integer' else ''}number"
        return f"a {noun}{unit}{bounds}: {spec.meaning}"
    return "one of " + ", ".join(spec.choices) if spec.kind == "choice" else spec.meaning


def _blank(spec: Column) -> Any:
    """What an empty cell reads as."""
    if spec.kind == "number" and spec.blank in ("0", "1"):
        return float(spec.blank)
    if spec.kind == "integer" and spec.blank in ("0", "1"):
        return int(spec.blank)
    if spec.kind == "date":
        return None if spec.name in _REAL_DATES else ""
    empty: dict[str, Any] = {"list": (), "map": {}, "yes_no": False, "number": None, "integer": None}
    return empty.get(spec.kind, "")


_PARSERS: dict[str, Callable[[_Row, Column, str], Any]] = {
    "text": _text, "id": _id, "choice": _choice, "yes_no": _yes_no, "list": _list, "date": _date, "map": _map, "integer": _integer, "number": _number,
}  # fmt: skip
