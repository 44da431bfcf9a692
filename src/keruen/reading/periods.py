"""Dates and periods, resolved against the day of the article where they need one and kept in words where there is none.

Written as ISO 8601 to the precision known: ``2024-11-27``, ``2024-10``, ``2024``; a span of days or months ``2024-01/2024-09``,
of years ``2001-2004``; ``(early)``, ``(mid)``, ``(late)`` after it where the text says so.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

__all__ = ["Period", "article_date", "find_periods"]


@dataclass(frozen=True)
class Period:
    """A date or period in a sentence. ``value`` is empty where it could not be resolved.

    kind: ``date`` (day, month, year or span of them), ``relative`` (this year, the coming years: its numbers are figures of their own),
    ``comparison`` (than the year before: not when the figure holds), ``clock`` (a time of day, an era: no period at all).
    """

    start: int
    end: int
    text: str
    value: str
    kind: str

    @property
    def shown(self) -> str:
        return self.value or self.text


Build = Callable[["Match", date | None], tuple[str, str]]


class Match:
    """Named parts of a pattern found, empty when absent."""

    def __init__(self, found: re.Match[str]) -> None:
        self.groups: dict[str, str] = {}
        for name, part in found.groupdict().items():
            self.groups[name.split("__")[0]] = self.groups.get(name.split("__")[0]) or part or ""

    def __getitem__(self, key: str) -> str:
        return self.groups.get(key, "")


D = r"(?P<d>0?[1-9]|[12]\d|3[01])"
M = r"(?P<m>0?[1-9]|1[0-2])"
Y = r"(?P<y>(?:19|20)\d\d)"
_EDGE = {"đầu": "early", "giữa": "mid", "cuối": "late", "early": "early", "mid": "mid", "late": "late", "beginning": "early", "end": "late", "middle": "mid",
         "нач": "early", "сер": "mid", "кон": "late"}  # fmt: skip
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}


def edge(word: str) -> str:
    word = word.strip().lower()
    name = next((v for k, v in _EDGE.items() if word.startswith(k)), "")
    return f" ({name})" if name else ""


def iso(year: int | None, month: int | None = None, day: int | None = None) -> str:
    """As much as is known; empty without a year or for a day that is none."""
    if year is None or (month is not None and not 1 <= month <= 12):
        return ""
    if day is not None and (month is None or not 1 <= day <= monthrange(year, month)[1]):
        return ""
    return f"{year:04d}" + (f"-{month:02d}" if month else "") + (f"-{day:02d}" if month and day else "")


def near_year(today: date | None, month: int, day: int = 15) -> int | None:
    """The year that puts a day without one nearest to the article; news looks back more than ahead, so a day to come counts as twice as far."""
    if today is None:
        return None

    def far(year: int) -> int:
        days = (date(year, month, min(day, monthrange(year, month)[1])) - today).days
        return 2 * days if days > 0 else -days

    return min((today.year - 1, today.year, today.year + 1), key=far)


def months(year: int | None, first: int, last: int) -> str:
    return f"{iso(year, first)}/{iso(year, last)}" if year is not None and 1 <= first <= last <= 12 else ""


def span_days(year: int | None, month: int, first: int, last: int) -> str:
    a, b = iso(year, month, first), iso(year, month, last)
    return f"{a}/{b}" if a and b else ""


def around(today: date | None, years: int = 0, month_shift: int = 0, day_shift: int = 0, what: str = "year") -> str:
    if today is None:
        return ""
    if what == "day":
        return date.fromordinal(today.toordinal() + day_shift).isoformat()
    if what == "month":
        index = today.year * 12 + today.month - 1 + month_shift
        return iso(index // 12, index % 12 + 1)
    return str(today.year + years)


def _distinct(pattern: str) -> str:
    """A pattern may say ``(?P<y>`` in several alternatives: the later ones become ``y__2``, ``y__3``; Match puts them together."""
    seen: dict[str, int] = {}

    def rename(found: re.Match[str]) -> str:
        seen[found[1]] = seen.get(found[1], 0) + 1
        return found[0] if seen[found[1]] == 1 else f"(?P<{found[1]}__{seen[found[1]]}>"

    return re.sub(r"\(\?P<(\w+)>", rename, pattern)


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str, Build], ...]:
    if language == "vi":
        from keruen.reading.periods_vi import RULES
    elif language == "ru":
        from keruen.reading.periods_ru import RULES
    else:
        from keruen.reading.periods_en import RULES
    return tuple((re.compile(_distinct(pattern), re.IGNORECASE), kind, build) for pattern, kind, build in (*_ANY, *RULES, *_LAST))


def _day(m: Match, today: date | None) -> tuple[str, str]:
    return iso(int(m["y"]), int(m["m"]), int(m["d"])), "date"


def _years(m: Match, today: date | None) -> tuple[str, str]:
    first, last = int(m["y"]), int(m["y2"] if len(m["y2"]) == 4 else m["y"][:2] + m["y2"])
    return (f"{first}-{last}", "date") if first < last <= first + 60 else ("", "")


_ANY: tuple[tuple[str, str, Build], ...] = (
    (rf"(?<![\d.,]){Y}-{M}-{D}(?!\d)", "date", _day),
    (r"(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s*(?:am|pm|gmt|utc|giờ|msk))?(?!\d)", "clock", lambda m, t: ("", "clock")),
)
_LAST: tuple[tuple[str, str, Build], ...] = (
    (rf"(?<![\w.,/-]){Y}\s*[-–—]\s*(?P<y2>(?:19|20)\d\d)(?![\w/])", "date", _years),
    (rf"(?<![\w.,/$€£₸₽-]){Y}(?![\w/%$€£])(?![.,]\d)", "date", lambda m, t: (m["y"], "date")),
)


def find_periods(text: str, language: str, today: date | None = None) -> list[Period]:
    """Every date and period of a sentence, in order; earlier rules win, none overlaps another."""
    taken: list[Period] = []
    for pattern, kind, build in _patterns(language):
        for found in pattern.finditer(text):
            if any(found.start() < p.end and p.start < found.end() for p in taken):
                continue
            value, said = build(Match(found), today)
            if not value and not said:
                continue
            inner = found.group(0)
            lead = len(inner) - len(inner.lstrip())
            taken.append(Period(found.start() + lead, found.end(), inner.strip(), value, said if said != "date" else kind))
    return sorted(taken, key=lambda p: p.start)


_STATED = re.compile(
    r"(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?<!\d)(?P<d2>\d{1,2})[/.-](?P<m2>\d{1,2})[/.-](?P<y2>(?:19|20)\d\d)(?!\d)"
)


def article_date(lines: list[str], language: str) -> date | None:
    """The day an article states for itself: a date line among its first lines (or last ones), or a date that opens the first line."""
    full = [line.strip() for line in lines if line.strip()]
    for place, line in enumerate([*full[:8], *full[-3:]]):
        head = line if len(line) <= 90 else line[:25] if place < 2 else ""
        head = re.sub(r"(?<=(?:19|20)\d\d)(?=\d{1,2}:\d\d)", " ", head[:0] + head) if head else ""
        if not head or (len(line) <= 90 and re.search(r"[.!?]['\"”»)]*$", line) and not re.match(r"\W*\d", line)):
            continue
        stated = _STATED.search(head)
        if stated:
            parts = [int(g) for g in stated.groups() if g]
            year, month, day = parts if stated["y"] else parts[::-1]
            if iso(year, month, day):
                return date(year, month, day)
        for period in find_periods(head, language):
            if re.fullmatch(r"\d{4}-\d\d-\d\d", period.value) and len(line) <= 90:
                return date.fromisoformat(period.value)
    return None
