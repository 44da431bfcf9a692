"""Dates and periods in English."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

import re
from datetime import date

from keruen.reading.periods import ROMAN, Build, D, Match, Y, around, edge, iso, months, near_year, span_days

__all__ = ["RULES"]

_NAMES = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
_MW = (
    r"(?P<mw>January|February|March|April|(?-i:May)|June|July|August|September|October|November|December|Jan\.?|Feb\.?|(?-i:Mar\.?)|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
_MW2 = _MW.replace("?P<mw>", "?P<mw2>")
_ORD = r"(?:st|nd|rd|th)?"
_E = r"(?:(?:the\s+)?(?P<edge>early|mid|late|beginning|end|middle)(?:\s+of|\s+in)?[\s-]+)?"
_COUNT = {w: i + 1 for i, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])}
_N = rf"(?P<n>\d{{1,2}}|{'|'.join(sorted(_COUNT, key=len, reverse=True))})"
_Q = r"(?P<q>first|second|third|fourth)"
_QUARTER = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_THIS = r"(?P<this>this|last|next|the\s+previous|the\s+same|current|the\s+current)"


def _month(word: str) -> int:
    return next(i + 1 for i, name in enumerate(_NAMES) if name.startswith(word.lower().rstrip(".")[:3]))


def _shift(word: str) -> int:
    word = word.lower()
    return -1 if "last" in word or "previous" in word else 1 if "next" in word else 0


def _full(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m["mw"])
    year = int(m["y"]) if m["y"] else near_year(today, month, int(m["d"]))
    return iso(year, month, int(m["d"])), "date" if iso(2024, month, int(m["d"])) else ""


def _days(m: Match, today: date | None) -> tuple[str, str]:
    month, first, last = _month(m["mw"]), int(m["d"]), int(m["d2"])
    return span_days(int(m["y"]) if m["y"] else near_year(today, month, first), month, first, last), "date" if first < last else ""


def _of_month(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m["mw"])
    year = int(m["y"]) if m["y"] else today.year + _shift(m["this"]) if m["this"] and today else None if m["this"] else near_year(today, month)
    value = iso(year, month)
    return value + edge(m["edge"]) if value else "", "date"


def _year(m: Match, today: date | None) -> int | None:
    return int(m["y"]) if m["y"] else (today.year + _shift(m["this"]) if today else None)


def _from_to(m: Match, today: date | None) -> tuple[str, str]:
    first, last = _month(m["mw"]), _month(m["mw2"])
    year = _year(m, today) if m["y"] or m["this"] else near_year(today, last)
    return months(year, first, last), "date" if first < last else ""


def _first_months(m: Match, today: date | None) -> tuple[str, str]:
    word = m["n"].lower()
    n = int(word) if word.isdigit() else _COUNT[word]
    return (months(_year(m, today), 13 - n, 12) if m["last"] else months(_year(m, today), 1, n)), "date" if 1 <= n <= 12 else ""


def _quarter(m: Match, today: date | None) -> tuple[str, str]:
    q = _QUARTER[m["q"].lower()] if m["q"].lower() in _QUARTER else ROMAN[m["q"]]
    return months(_year(m, today), 3 * q - 2, 3 * q), "date"


def _half(m: Match, today: date | None) -> tuple[str, str]:
    first = m["q"].lower() in ("first", "1")
    return months(_year(m, today), 1 if first else 7, 6 if first else 12), "date"


def _of_year(m: Match, today: date | None) -> tuple[str, str]:
    return m["y"] + edge(m["edge"]), "date"


def _span(m: Match, today: date | None) -> tuple[str, str]:
    second = m["y2"] if len(m["y2"]) == 4 else m["y"][:2] + m["y2"]
    return (f"{m['y']}-{second}", "date") if int(m["y"]) < int(second) <= int(m["y"]) + 60 else ("", "")


def _relative_year(m: Match, today: date | None) -> tuple[str, str]:
    value = around(today, _shift(m["this"]))
    return value + edge(m["edge"]) if value else "", "relative"


def _relative_month(m: Match, today: date | None) -> tuple[str, str]:
    return around(today, month_shift=_shift(m["this"]), what="month"), "relative"


def _words(kind: str) -> Build:
    return lambda m, t: ("", kind)


_OF_YEAR = rf"(?:\s*,)?(?:\s+(?:of\s+)?(?:the\s+)?(?:{Y}|{_THIS}\s+year|year))"
RULES: tuple[tuple[str, str, Build], ...] = (
    (r"(?:compared\s+(?:to|with)|than|against|from|over|versus|vs\.?)\s+(?:(?:in|the)\s+)*(?:same\s+(?:period|month|quarter)(?:\s+(?:of|in|a|last)\s+(?:(?:19|20)\d\d|(?:the\s+)?(?:previous|last)\s+year|year(?:\s+earlier)?))?"
     r"|(?:a|one)\s+year\s+(?:earlier|ago|before)|(?:the\s+)?(?:previous|last)\s+year)|year[\s-]on[\s-]year|y/y|yoy|(?<=%)\s+(?:on|from|over)\s+(?:19|20)\d\d|(?<=percent)\s+(?:on|from|over)\s+(?:19|20)\d\d|than\s+in\s+(?:19|20)\d\d|(?:compared\s+(?:to|with))\s+(?:19|20)\d\d", "comparison", _words("comparison")),
    (rf"(?<!\w){_MW}\s+{D}{_ORD}\s*[-–]\s*(?P<d2>[12]?\d|3[01]){_ORD}(?:\s*,?\s+{Y})?(?!\d)", "date", _days),
    (rf"(?<![\d.,]){D}{_ORD}\s*[-–]\s*(?P<d2>[12]?\d|3[01]){_ORD}\s+(?:of\s+)?{_MW}(?!\w)(?:,?\s+{Y})?", "date", _days),
    (rf"(?<!\w){_MW}\s*[-–]\s*{_MW2}(?!\w){_OF_YEAR}?", "date", _from_to),
    (rf"(?:from\s+)?(?<!\w){_MW}\s+(?:to|through)\s+{_MW2}(?!\w){_OF_YEAR}", "date", _from_to),
    (rf"(?<!\w){_MW}\s+{D}{_ORD}(?!\d)(?!\s*(?:million|billion|percent|%))(?:\s*,?\s+{Y}(?!\d))?", "date", _full),
    (rf"(?<![\d.,])(?:the\s+)?{D}{_ORD}\s+(?:of\s+)?{_MW}(?!\w)(?:,?\s+{Y})?", "date", _full),
    (rf"(?<!\d){D}[./]{re.escape('')}(?P<m>0?[1-9]|1[0-2])[./]{Y}(?!\d)", "date", lambda m, t: (iso(int(m["y"]), int(m["m"]), int(m["d"])), "date")),
    (rf"(?:the\s+)?first\s+{_N}\s+months{_OF_YEAR}?(?!\w)", "date", _first_months),
    (rf"(?:the\s+)?(?P<last>last)\s+{_N}\s+months\s+of\s+(?:the\s+)?(?:{Y}|{_THIS}\s+year|year)", "date", _first_months),
    (rf"(?<!\w)(?:in\s+)?{_N}\s+months\s+(?:of|to|in)\s+{Y}", "date", _first_months),
    (rf"(?:the\s+)?{_Q}\s+quarter{_OF_YEAR}", "date", _quarter),
    (rf"(?<!\w)Q(?P<q>[1-4])(?:\s*,?\s*(?:of\s+)?{Y})", "date", _quarter),
    (rf"(?:the\s+)?(?P<q>first|second)\s+half{_OF_YEAR}", "date", _half),
    (rf"(?<!\w)H(?P<q>[12])\s+(?:of\s+)?{Y}", "date", _half),
    (rf"(?<!\w){_E}{_MW}(?!\w)(?:\s*,?\s+(?:of\s+)?(?:{Y}|{_THIS}\s+year))(?!\d)", "date", _of_month),
    (rf"(?<=\b(?:in|of|by|to))\s+{_E}{_MW}(?!\w)", "date", _of_month),
    (rf"(?<=\bsince)\s+{_MW}(?!\w)|(?<=\b(?:last|this|next))\s+{_MW}(?!\w)", "date", _of_month),
    (rf"(?:from\s+|between\s+)?(?<![\w.,/-]){Y}\s*(?:[-–—/]|to|and|through)\s*(?P<y2>(?:19|20)\d\d|\d\d)(?![\w/])(?![.,]\d)", "date", _span),
    (r"(?:the\s+)?(?:(?:early|mid|late)[\s-]+)?(?:19|20)\d0'?s(?!\w)|\b\d{1,2}(?:st|nd|rd|th)[\s-]+century", "clock", _words("clock")),
    (rf"(?<!\w){_E}(?<![\d.,/$€£-]){Y}(?![\w/%$€£-])(?![.,]\d)", "date", _of_year),
    (rf"(?<!\w){_E}{_THIS}\s+year(?!\w)", "relative", _relative_year),
    (rf"(?<!\w){_THIS}\s+month(?!\w)", "relative", _relative_month),
    (r"(?:by\s+)?(?:the\s+)?(?P<edge>end|beginning)\s+of\s+(?:the|this)\s+year", "relative", _relative_year),
    (rf"(?:in\s+|over\s+|within\s+)?(?:the\s+)?(?:coming|next|past|last|recent)\s+(?:{_N}\s+)?(?:few\s+)?(?:years|months|weeks|days|decades)", "relative", _words("relative")),
    (r"(?<!\w)(?:yesterday)(?!\w)", "relative", lambda m, t: (around(t, day_shift=-1, what="day"), "relative")),
    (r"(?<!\w)(?:today)(?!\w)", "relative", lambda m, t: (around(t, what="day"), "relative")),
    (r"(?<![\d.,])(?:1[0-2]|0?[1-9])\s*(?:a\.m\.|p\.m\.|am|pm)(?!\w)|24/7", "clock", _words("clock")),
)  # fmt: skip
