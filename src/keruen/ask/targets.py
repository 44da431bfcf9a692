"""Published figures, the growth between two of them, and what a target asks of them.

Growth is compound, a year: ``(last / first) ** (1 / years) - 1``, between full years of one statistics only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

__all__ = ["RECENT", "VERDICTS", "Figure", "Growth", "Line", "Target", "growth", "judge", "meets", "wording"]

RECENT = 5  # years back from the latest figure that tell the growth achieved
VERDICTS = ("reached", "missed", "on course", "behind", "cannot tell")
RANKS = ("high", "medium", "low")
_WORDS = (
    ("more than", r"more than|over|above|exceed(?:s|ed|ing)?|at least|[\d.,]+ and something"),
    ("less than", r"less than|almost|nearly|close to|under|below|up to"),
    ("about", r"about|around|roughly|approximately"),
)


@dataclass(frozen=True)
class Figure:
    """One row of observations.csv. quantity: in the unit of its series; wording: more than, less than, about or an empty text, from the head
    of the note; use: main, rival or part; share: of the reporter's total, 0 to 1; published, published_unit: as in the table;
    kind: sourced, derived or estimate."""

    observation: str
    year: int | None
    period: str
    quantity: float
    wording: str
    use: str
    share: float | None
    published: float
    published_unit: str
    kind: str
    source: str
    confidence: str
    note: str


@dataclass(frozen=True)
class Growth:
    """per_year: compound, 0.05 is 5 % a year. confidence: that of the weaker figure."""

    first_year: int
    last_year: int
    per_year: float
    confidence: str


@dataclass(frozen=True)
class Line:
    """A target held against the figures of one reporter (None: not known whose).

    figure: that of the target year where that has passed, else the latest full year. required: growth a year from there to the target;
    achieved: from the first full year of the last five to the latest one; achieved_least, achieved_most: over every first year among
    these. because: the figure that decides, what is missing, or for which first year the verdict would be another.
    confidence: of the weakest figure used.
    """

    reporter: str | None
    figure_year: int | None
    figure: float | None
    required: float | None
    achieved: float | None
    achieved_from: int | None
    achieved_to: int | None
    achieved_least: float | None
    achieved_most: float | None
    verdict: str
    because: str
    confidence: str


@dataclass(frozen=True)
class Target:
    """A target or forecast somebody named. reporter: who, by the table; rivals: other figures for the same year."""

    observation: str
    reporter: str | None
    partner: str
    subject: str
    unit: str
    quantity: float
    year: int | None
    wording: str
    kind: str
    source: str
    confidence: str
    note: str
    rivals: tuple[Figure, ...]
    lines: tuple[Line, ...]


def wording(note: str) -> str:
    """``more than``, ``less than``, ``about`` or an empty text: what the head of a note says of its figure.

    >>> wording("nearly; 35% of foreign trade"), wording("forecast above 20"), wording("up 34.5%")
    ('less than', 'more than', '')
    """
    return next((word for word, pattern in _WORDS if re.match(rf"(?:forecast,? )?(?:{pattern})\b", note.strip(), re.IGNORECASE)), "")


def meets(figure: Figure, target: Figure) -> bool | None:
    """Whether a figure is as much as a target. The words around two equal numbers decide between them; None where they cannot."""
    if not isclose(figure.quantity, target.quantity, rel_tol=1e-9):
        return figure.quantity > target.quantity
    if figure.wording in ("more than", "less than"):
        return figure.wording == "more than"
    if figure.wording == "about":
        return None
    return target.wording != "more than"


def lowest(*figures: Figure) -> str:
    """The confidence of the weakest figure."""
    return max((f.confidence for f in figures), key=lambda c: RANKS.index(c) if c in RANKS else len(RANKS))


def _per_year(first: Figure, last: Figure) -> float | None:
    if first.year is None or last.year is None or first.quantity <= 0 or last.quantity < 0:
        return None
    return float((last.quantity / first.quantity) ** (1 / (last.year - first.year)) - 1)


def growth(figures: Sequence[Figure], reporter: str | None) -> tuple[Growth | None, str]:
    """Between the first and the last full year; or None and why. Figures are in order of year, one a year."""
    if reporter is None:
        return None, "not known whose figures these are"
    if len(figures) < 2:
        return None, "only one full year" if figures else "no full year"
    first, last = figures[0], figures[-1]
    rate = _per_year(first, last)
    if rate is None or first.year is None or last.year is None:
        return None, f"the first figure, of {first.year}, is not above 0"
    return Growth(first.year, last.year, rate, lowest(first, last)), ""


def judge(target: Figure, figures: Sequence[Figure], reporter: str | None) -> Line:
    """The verdict on a target by the full years of one reporter, in order of year and at least one. Only these decide: nothing is known of today."""
    last = figures[-1]
    assert last.year is not None, "figures of full years have one"
    if target.year is not None and target.year <= last.year:
        return _passed(target, figures, reporter)
    met = meets(last, target)
    if met:
        return _line(reporter, last, "reached", "")
    if met is None:
        return _line(reporter, last, "cannot tell", f"the figure of {last.year} is 'about' the target")
    if target.year is None:
        return _line(reporter, last, "cannot tell", "no target year is stated")
    required = (target.quantity / last.quantity) ** (1 / (target.year - last.year)) - 1 if last.quantity > 0 else None
    if required is None:
        return _line(reporter, last, "cannot tell", f"the figure of {last.year} is not above 0")
    whole, why = growth(figures, reporter)
    if whole is None:
        return _line(reporter, last, "cannot tell", f"no growth to compare with: {why}", required)
    return _open(figures, reporter, required)


def _line(reporter: str | None, figure: Figure, verdict: str, because: str, required: float | None = None) -> Line:
    return Line(reporter, figure.year, figure.quantity, required, None, None, None, None, None, verdict, because, figure.confidence)


def _passed(target: Figure, figures: Sequence[Figure], reporter: str | None) -> Line:
    own = next((f for f in figures if f.year == target.year), None)
    if own is None:
        return Line(reporter, None, None, None, None, None, None, None, None, "cannot tell", f"no full-year figure of {target.year}", "")
    met = meets(own, target)
    if met is None:
        return _line(reporter, own, "cannot tell", f"the figure of {target.year} is 'about' the target")
    if met:
        return _line(reporter, own, "reached", "")
    return _line(reporter, own, "missed", "")


def _open(figures: Sequence[Figure], reporter: str | None, required: float) -> Line:
    """Growth achieved against growth required, and whether another first year would say otherwise."""
    last = figures[-1]
    assert last.year is not None
    recent = [f for f in figures[:-1] if f.year is not None and f.year >= last.year - RECENT and f.quantity > 0] or [figures[-2]]
    rates = {f.year: rate for f in recent if f.year is not None and (rate := _per_year(f, last)) is not None}
    if not rates:
        return _line(reporter, last, "cannot tell", "no growth to compare with: the figures before are not above 0", required)
    start = min(rates)
    good = {year: rate >= required - 1e-12 for year, rate in rates.items()}
    verdict = "on course" if good[start] else "behind"
    other = max((year for year in good if good[year] != good[start]), default=None)
    because = "" if other is None else f"counted from {other} it is {100 * rates[other]:.2g} % a year: {'on course' if good[other] else 'behind'}"
    first = next(f for f in recent if f.year == start)
    return Line(reporter, last.year, last.quantity, required, rates[start], start, last.year, min(rates.values()), max(rates.values()), verdict, because,
                lowest(first, last))  # fmt: skip
