"""From rows of observations.csv to series that may be compared: by whose figures they are, full years apart from parts, main apart from rival."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from keruen.ask.targets import Figure, Growth, Line, Target, growth, judge, wording
from keruen.case import Case
from keruen.tables import Observation

__all__ = ["WORLD", "Groups", "Key", "Pair", "Roles", "Series", "Totals", "both_ways", "pair_of", "read", "totals_of"]

WORLD = "world"  # the partner of a total
NOT_STATED = re.compile(r"\bside (?:is )?not (?:stated|known)\b")
PER_BN = {"k": 1e6, "m": 1e3, "mn": 1e3, "mln": 1e3, "million": 1e3, "bn": 1.0, "billion": 1.0, "trn": 1e-3, "trillion": 1e-3}
RANKS = ("high", "medium", "low")


@dataclass(frozen=True)
class Series:
    """Figures that may be compared: one reporter (None: not known whose), partner, subject and unit.

    figures: full years, one a year; rivals: other figures for one of them, and levels that name no year; parts: parts of a year.
    why_no_growth, why_no_share: what is missing, or an empty text.
    """

    reporter: str | None
    partner: str
    subject: str
    unit: str
    figures: tuple[Figure, ...]
    rivals: tuple[Figure, ...]
    parts: tuple[Figure, ...]
    growth: Growth | None
    why_no_growth: str
    why_no_share: str


@dataclass(frozen=True)
class Pair:
    """Two sides that trade: the home country first, where it is one of them."""

    between: tuple[str, str]
    series: tuple[Series, ...]
    targets: tuple[Target, ...]


class Key(NamedTuple):
    """What a series has in common."""

    reporter: str | None
    partner: str
    subject: str
    unit: str


@dataclass
class Roles:
    """The rows of one key while they are being read."""

    figures: list[Figure]
    rivals: list[Figure]
    parts: list[Figure]
    targets: list[Figure]


Groups = dict[tuple[str, str], dict[Key, Roles]]
Totals = Mapping[tuple[str | None, str, str, int | None], float]


def read(case: Case) -> tuple[Groups, list[str]]:
    """Rows of kind trade and target by the two sides and by series, and notes on what was left out or stands double.

    Whose figure a row is: its reporter, unless its note says that the side is not stated. A rival becomes a figure only
    where the table gives no main figure of a full year under the same names.
    """
    rows = sorted((r for r in case.observations if r.kind in ("trade", "target")), key=lambda r: r.observation)
    mains = {_named(case, r) for r in rows if r.kind == "trade" and r.use == "main" and not r.period}
    groups: Groups = {}
    alone = []
    for row in rows:
        one, subject = row.reporter or case.home, _subject(case, row)
        if not row.partner or one == row.partner:
            alone.append(row.observation)
            continue
        swap = row.partner == case.home or (case.home != one and row.partner < one and row.partner != WORLD)
        ends = (row.partner, one) if swap else (one, row.partner)
        reporter = None if NOT_STATED.search(row.note) else row.reporter or None
        unit, divisor = _unit(row.unit)
        # Without a reporter, turnover has no direction; exports and imports keep theirs.
        key = Key(reporter, ends[1] if reporter is None and both_ways(subject) else row.partner, subject, unit)
        figure = Figure(row.observation, row.year, row.period, row.quantity / divisor, wording(row.note), row.use, None, row.quantity, row.unit,
                        case.kind_of_number("observations", row, "quantity"), row.source, row.confidence, row.note)  # fmt: skip
        roles = groups.setdefault(ends, {}).setdefault(key, Roles([], [], [], []))
        _role(roles, row, _named(case, row) in mains).append(figure)
    notes = [f"left out, because they do not name two sides: {', '.join(alone)}"] if alone else []
    for found in groups.values():
        for roles in found.values():
            _one_a_year(roles, notes)
    return {ends: groups[ends] for ends in sorted(groups)}, notes


def _named(case: Case, row: Observation) -> tuple[object, ...]:
    return row.reporter, row.partner, _subject(case, row), _unit(row.unit)[0], row.year


def _subject(case: Case, row: Observation) -> str:
    return row.subject or (case.screenlines[row.screenline].name if row.screenline in case.screenlines else "trade")


def _unit(unit: str) -> tuple[str, float]:
    """Dollars of any size in billions, other units as they are; with what to divide by."""
    words = ["USD", "M"] if unit == "MUSD" else unit.split()
    sizes = [w.lower() for w in words if w.upper() != "USD"]
    if len(words) == 2 and len(sizes) == 1 and sizes[0] in PER_BN:
        return "USD bn", PER_BN[sizes[0]]
    return unit, 1.0


def both_ways(subject: str) -> bool:
    """Turnover is the sum of both directions, so either side may report it."""
    return "turnover" in subject.lower()


def _role(roles: Roles, row: Observation, has_main: bool) -> list[Figure]:
    if row.kind == "target":
        return roles.targets
    if row.use == "part" or (row.period and row.year is not None):
        return roles.parts
    if row.year is None or row.period or (row.use == "rival" and has_main):
        return roles.rivals
    return roles.figures


def _rank(figure: Figure) -> tuple[bool, int, str]:
    return figure.use != "main", RANKS.index(figure.confidence) if figure.confidence in RANKS else len(RANKS), figure.observation


def _one_a_year(roles: Roles, notes: list[str]) -> None:
    """The best figure of each year stays; others go to the rivals, and two main ones are noted."""
    best: dict[int | None, Figure] = {}
    for figure in sorted(roles.figures, key=_rank):
        kept = best.setdefault(figure.year, figure)
        if kept is not figure:
            roles.rivals.append(figure)
            if figure.use == "main":
                notes.append(f"two main figures for one year: {kept.observation} is used, {figure.observation} shown beside it")
    roles.figures = sorted(best.values(), key=_order)
    roles.rivals.sort(key=_order)
    roles.parts.sort(key=_order)


def _order(figure: Figure) -> tuple[int, str]:
    return figure.year or 9999, figure.observation


def totals_of(groups: Groups) -> Totals:
    """Totals of known reporters by reporter, subject, unit and year."""
    return {(key.reporter, key.subject, key.unit, f.year): f.quantity for ends, found in groups.items() if WORLD in ends
            for key, roles in found.items() if key.reporter for f in roles.figures}  # fmt: skip


def pair_of(ends: tuple[str, str], found: Mapping[Key, Roles], totals: Totals) -> Pair:
    """Series with growth and shares, and targets held against each of them."""
    series = []
    for key, roles in found.items():
        if roles.figures or roles.rivals or roles.parts:
            figures, no_share = _shares(key, roles.figures, totals)
            grown, no_growth = growth(figures, key.reporter)
            series.append(Series(*key, figures, tuple(roles.rivals), tuple(roles.parts), grown, no_growth, no_share))
    count: dict[tuple[str, str], int] = {}
    for s in series:
        count[s.subject, s.unit] = count.get((s.subject, s.unit), 0) + len(s.figures)
    rank = {ends[0]: 0, ends[1]: 1}
    series.sort(key=lambda s: (not both_ways(s.subject), -count[s.subject, s.unit], s.subject, s.unit, rank.get(s.reporter or "", 2), s.partner))
    targets = [t for key, roles in found.items() for t in _targets(key, roles.targets, series)]
    return Pair(ends, tuple(series), tuple(sorted(targets, key=lambda t: (t.year or 9999, t.observation))))


def _shares(key: Key, figures: Sequence[Figure], totals: Totals) -> tuple[tuple[Figure, ...], str]:
    if key.partner == WORLD:
        return tuple(figures), "it is the total"
    if key.reporter is None:
        return tuple(figures), "whose figures these are is not known, so no total goes with them"
    shared, lacking = [], []
    for f in figures:
        total = totals.get((key.reporter, key.subject, key.unit, f.year))
        shared.append(replace(f, share=f.quantity / total if total else None))
        if not total:
            lacking.append(str(f.year))
    return tuple(shared), f"no total (partner {WORLD}) of {key.reporter}'s {key.subject} for {', '.join(lacking)}" if lacking else ""


def _targets(key: Key, rows: Sequence[Figure], series: Sequence[Series]) -> list[Target]:
    """Targets of one key; rivals of the same year beside the main one, or the first of them where there is none."""
    against = [s for s in series if s.figures and (s.subject, s.unit) == (key.subject, key.unit)
               and (both_ways(key.subject) or (s.reporter in (key.reporter, None) and s.partner == key.partner))]  # fmt: skip
    found = []
    for year in {row.year for row in rows}:
        same = sorted((row for row in rows if row.year == year), key=_rank)
        for one in [row for row in same if row.use == "main"] or same[:1]:
            lines = [judge(one, s.figures, s.reporter) for s in against]
            # Figures of nobody known that tell nothing of the target year are no line.
            lines = [line for line in lines if line.reporter is not None or line.figure is not None] or [_nothing(key)]
            beside = tuple(row for row in same if row is not one and row.use != "main")
            found.append(Target(one.observation, key.reporter, key.partner, key.subject, key.unit, one.quantity, year, one.wording, one.kind, one.source,
                                one.confidence, one.note, beside, tuple(lines)))  # fmt: skip
    return found


def _nothing(key: Key) -> Line:
    return Line(key.reporter, None, None, None, None, None, None, None, None, "cannot tell", f"no full-year figure of '{key.subject}' in {key.unit}", "")
