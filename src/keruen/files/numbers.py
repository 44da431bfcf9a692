"""What somebody meant who wrote something that is no plain number."""

from __future__ import annotations

import re
import unicodedata

from keruen.columns import Column

__all__ = ["LONGEST_NUMBER", "is_rough", "why_no_number"]

LONGEST_NUMBER = 100
_COMMA = re.compile(r"([-+]?\d+),(\d+)(\s*[^\d\s,.].*)?")
_GROUPED = re.compile(r"([-+]?\d{1,3}(?:([ ,.'’_])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?(\s*[^\d\s,.].*)?")
_ROUGH = re.compile(r"(?:[~<>≈≤≥±]|ca?\.|about|over|under|up to).*\d.*|\d[\d.]*\s*(?:-|–|—|\.\.+|to\s)\s*\d.*|\d[\d.]*\s*\+", re.IGNORECASE)
_UNIT_FIRST = re.compile(r"([^\d\s+.,-][^\d]*?)\s*([-+]?\d[\d.,]*)")
_NOT_KNOWN = ("nan", "inf", "-inf", "+inf", "infinity", "-infinity", "null", "none", "n/a", "na", "nil", "-", "--", "?", "x", "unknown", "tbd", "tbc", "...")


def is_rough(text: str) -> bool:
    """Whether the text is a range or an about, such as ``5-7`` or ``~5``."""
    return _ROUGH.fullmatch(text) is not None


def why_no_number(spec: Column, text: str) -> tuple[str, str]:
    """Code and remedy for a cell that is no number."""
    if len(text) > LONGEST_NUMBER:
        return "wrong-number", "Write a plain number."
    tidy = "".join(" " if unicodedata.category(c) == "Zs" else "-" if c in "−–—" and i == 0 else c for i, c in enumerate(text))
    if tidy.lower() in _NOT_KNOWN:
        return "wrong-number", f"Leave the cell empty: that means {spec.blank}." if spec.blank else "Find the number, or put in an estimate and mark it as one."
    if spec.unit == "degree" and re.search(r"\d\s*[°'′NSEW]", text):
        return "wrong-number", "Write decimal degrees such as 51.17; south and west are negative."
    if (match := _GROUPED.fullmatch(tidy)) and not match[1].lstrip("+-").startswith("0"):
        whole, tail = re.sub(r"[^\d+-]", "", match[1]), match[5] or ""
        plain = f"{whole}.{match[4]}" if match[4] else whole
        if match[2] == "," and not match[4] and tidy.count(",") == 1:  # 1,200 is either
            return "thousands", f"Write {plain}{tail}, or {_point(match[1])}{tail} if the comma is a decimal one."
        return "thousands", f"Write the number without marks between its digits: {plain}{tail}."
    if _COMMA.fullmatch(tidy):
        return "decimal-comma", f"Write a decimal point: {_point(tidy)}."
    if tidy[0] == "-" != text[0]:
        return "wrong-number", "Write the minus sign as a plain hyphen."
    if text[0] == "=":
        return "wrong-number", "Write the result, not the formula."
    if is_rough(tidy):
        return "wrong-number", "Write one plain number; put the doubt into confidence and note."
    if match := _UNIT_FIRST.fullmatch(tidy):
        marks = "" if "," not in match[2] else ", without marks between its digits"
        return "wrong-number", f"Write the number first{marks}, then its unit: {match[2].replace(',', '')} {match[1]}."
    if spec.unit == "year":
        return "wrong-number", "Write the year alone, such as 2023."
    return "wrong-number", "Write a plain number" + (", or a number and its unit." if spec.unit else ".")


def _point(text: str) -> str:
    return text.replace(",", ".", 1)
