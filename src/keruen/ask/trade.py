"""Bilateral trade as it was published: figures by whose statistics they are, growth, targets and balance.

Two statistics of one trade differ by a third and more (Kazakhstan and China 2022: 24.1 and 31.2 billion USD), so
figures of two reporters never meet in a series, a ratio, a growth or a share. How rows are read: docs/model.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.ask.balance import Balance, balance
from keruen.ask.published import WORLD, Groups, Pair, Series, Totals, pair_of, read, totals_of
from keruen.ask.targets import Line, Target
from keruen.case import Case
from keruen.errors import UsageError, did_you_mean, quote

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNKNOWN", "Trade", "trade"]

COUNTRY = re.compile("[A-Z]{2}")
UNKNOWN = "unknown"  # stands for a reporter where whose figures they are is not known


@dataclass(frozen=True)
class Trade:
    """What the case has of trade. balance: of the home country, or of the reporter asked for; empty where one partner was asked for."""

    case: str
    home: str
    partner: str | None
    reporter: str | None
    pairs: tuple[Pair, ...]
    balance: tuple[Balance, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        figures = sum(len(s.figures) for _, s in self._series())
        return f"<Trade {self.case}: {figures} figures of {len(self.pairs)} pairs, {len(self.targets)} lines on targets, {len(self.missed)} missed>"

    def _series(self) -> Iterator[tuple[Pair, Series]]:
        return ((pair, series) for pair in self.pairs for series in pair.series)

    def lines(self) -> Iterator[tuple[Pair, Target, Line]]:
        """Every target with each of the statistics it can be held against."""
        return ((pair, target, line) for pair in self.pairs for target in pair.targets for line in target.lines)

    @property
    def missed(self) -> tuple[dict[str, Any], ...]:
        """Targets whose year has passed with a figure below: observation, between, reporter, subject, unit, year, target, figure, short (of the target)."""
        return tuple(
            {"observation": t.observation, "between": list(pair.between), "reporter": line.reporter, "subject": t.subject, "unit": t.unit, "year": t.year,
             "target": t.quantity, "figure": line.figure, "short": 1 - line.figure / t.quantity, "confidence": line.confidence}
            for pair, t, line in self.lines() if line.verdict == "missed" and line.figure is not None
        )  # fmt: skip

    @cached_property
    def figures(self) -> pd.DataFrame:
        """One row a figure; role: figure (a full year, in its series), rival or part."""
        return self._frame([
            {"between": "-".join(pair.between), "reporter": s.reporter, "partner": s.partner, "subject": s.subject, "unit": s.unit, "role": role, **asdict(f)}
            for pair, s in self._series() for role, group in (("figure", s.figures), ("rival", s.rivals), ("part", s.parts)) for f in group
        ], "between reporter partner subject unit role observation year period quantity wording use share published published_unit kind source "
           "confidence note")  # fmt: skip

    @cached_property
    def targets(self) -> pd.DataFrame:
        """One row a target and reporter."""
        return self._frame([
            {"observation": t.observation, "between": "-".join(pair.between), "subject": t.subject, "unit": t.unit, "target": t.quantity,
             "target_year": t.year, "target_wording": t.wording, **asdict(line)}
            for pair, t, line in self.lines()
        ], "observation between subject unit target target_year target_wording reporter figure_year figure required achieved achieved_from achieved_to "
           "achieved_least achieved_most verdict because confidence")  # fmt: skip

    @cached_property
    def balances(self) -> pd.DataFrame:
        """One row a reporter, subject and year."""
        return self._frame(
            [{"reporter": b.reporter, "subject": b.subject, "unit": b.unit, **asdict(y)} for b in self.balance for y in b.years],
            "reporter subject unit year partners left_out quantity total covered index like least most why_no_bounds",
        )

    @staticmethod
    def _frame(rows: list[dict[str, Any]], columns: str) -> pd.DataFrame:
        import pandas as pd

        from keruen.plan import rounded  # late: it brings the solvers

        frame = pd.DataFrame([{k: list(v) if isinstance(v, tuple) else v for k, v in rounded(row).items()} for row in rows], columns=columns.split())
        years = {c: "Int64" for c in frame.columns if c in ("year", "target_year", "figure_year", "achieved_from", "achieved_to")}
        return frame.astype(years)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen trade --format json`` writes it."""
        from keruen import __version__
        from keruen.plan import rounded

        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "home": self.home, "partner": self.partner, "reporter": self.reporter,
            "pairs": [asdict(pair) for pair in self.pairs], "missed": list(self.missed), "balance": [asdict(b) for b in self.balance],
            "notes": list(self.notes),
        })  # fmt: skip
        return found


def trade(case: Case, partner: str | None = None, reporter: str | None = None) -> Trade:
    """Figures, growth, targets and balance of trade in a case. Nothing is solved, fitted or looked up.

    partner: only trade with this one; reporter: only its figures (``"unknown"`` for those that do not say whose they are).
    Raises UsageError for one that the case has no figures of.

    >>> import keruen as kr
    >>> [line.verdict for _, target, line in kr.trade(kr.load("kazakhstan"), "CN").lines() if target.observation == "target-kz-cn-2030"]
    ['on course', 'reached']
    """
    groups, notes = read(case)
    _known(partner, {end for ends in groups for end in ends} - {case.home}, "partner")
    _known(reporter, {key.reporter or UNKNOWN for found in groups.values() for key in found}, "reporter")
    totals = totals_of(groups)
    pairs = [pair_of(ends, found, totals) for ends, found in groups.items()]
    shown = [_only(pair, reporter) for pair in pairs if partner is None or partner in pair.between]
    shown = [pair for pair in shown if pair.series or any(t.lines for t in pair.targets)]
    shown.sort(key=lambda p: (WORLD in p.between, case.home not in p.between, -sum(len(s.figures) for s in p.series), p.between))
    notes += [f"{name} is not a country: figures under it may come from several statistics"
              for name in sorted({s.reporter for p in shown for s in p.series if s.reporter and not COUNTRY.fullmatch(s.reporter)})]  # fmt: skip
    whole = partner is None and COUNTRY.fullmatch(reporter or case.home) is not None
    balances = _balances(case, groups, reporter or case.home, totals) if whole else ()
    return Trade(case.name, case.home, partner, reporter, tuple(shown), balances, tuple(notes))


def _known(name: str | None, known: set[str], what: str) -> None:
    if name is None or name in known:
        return
    hint = did_you_mean(name, known) or (f"Choose one of {', '.join(sorted(known))}." if known else "It has no figures of trade.")
    raise UsageError(f"the case has no figures of trade with the {what} {quote(name)}. {hint}")


def _only(pair: Pair, reporter: str | None) -> Pair:
    """What one reporter says; targets stay, held against its figures alone."""
    if reporter is None:
        return pair
    whose = None if reporter == UNKNOWN else reporter
    targets = tuple(replace(t, lines=tuple(line for line in t.lines if line.reporter == whose)) for t in pair.targets)
    return replace(pair, series=tuple(s for s in pair.series if s.reporter == whose), targets=tuple(t for t in targets if t.lines))


def _balances(case: Case, groups: Groups, reporter: str, totals: Totals) -> tuple[Balance, ...]:
    """By subject and unit, over the partners of one reporter."""
    found: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    for roles_of in groups.values():
        for key, roles in roles_of.items():
            if key.reporter == reporter and key.partner != WORLD:
                for f in roles.figures:
                    if f.year is not None:
                        found.setdefault((key.subject, key.unit), {}).setdefault(f.year, {})[key.partner] = f.quantity
    made = []
    for (subject, unit), by_year in sorted(found.items(), key=lambda item: (-sum(map(len, item[1].values())), item[0])):
        known = {year: total for (who, what, of, year), total in totals.items() if (who, what, of) == (reporter, subject, unit) and year is not None}
        made.append(balance(reporter, subject, unit, by_year, known, case.members))
    return tuple(b for b in made if b is not None)
