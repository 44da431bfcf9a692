"""How evenly trade is spread over partners: the Herfindahl-Hirschman index, and what it can be where partners are missing.

The index is the sum of squared shares (Hirschman 1945, Herfindahl 1950): 1 for one partner, 1/n for n equal ones.
Figures are of one reporter, one subject and one year; nothing here mixes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import fsum

__all__ = ["Balance", "BalanceChange", "BalanceYear", "balance", "concentration", "concentration_bounds"]

ROUNDING = 1e-9


@dataclass(frozen=True)
class BalanceYear:
    """One year. quantity: sum over ``partners``; total: that of all partners, if the case has it; covered: quantity over
    total; index: of the shares of the sum; like: how many partners of equal size give this index; least, most: bounds of the index
    of all partners, whoever the missing ones are; why_no_bounds: what is missing, or an empty text."""

    year: int
    partners: tuple[str, ...]
    left_out: tuple[str, ...]
    quantity: float
    total: float | None
    covered: float | None
    index: float
    like: float
    least: float | None
    most: float | None
    why_no_bounds: str


@dataclass(frozen=True)
class BalanceChange:
    """Two years on the partners that both have. identical: neither year has others. shares: a row a partner."""

    first_year: int
    last_year: int
    partners: tuple[str, ...]
    identical: bool
    index_first: float
    index_last: float
    change: float
    shares: tuple[dict[str, str | float], ...]


@dataclass(frozen=True)
class Balance:
    """Of one reporter, subject and unit."""

    reporter: str
    subject: str
    unit: str
    years: tuple[BalanceYear, ...]
    change: BalanceChange | None
    why_no_change: str


def concentration(quantities: Mapping[str, float]) -> float:
    """Sum of squared shares of the sum, 0 to 1.

    >>> concentration({"CN": 3, "RU": 1})
    0.625
    """
    total = fsum(quantities.values())
    return fsum((q / total) ** 2 for q in quantities.values())


def concentration_bounds(quantities: Mapping[str, float], total: float) -> tuple[float, float]:
    """Least and greatest index of all partners, where those known here are part of ``total``.

    What is missing adds its square most where it is one partner, and ever less the more partners it is split over;
    so the greatest is met, and the least is approached and met only where nothing is missing.
    Raises ValueError where the partners come to more than the total.

    >>> concentration_bounds({"CN": 3, "RU": 1}, 8)
    (0.15625, 0.40625)
    """
    missing = total - fsum(quantities.values())
    if missing < -ROUNDING * abs(total) or total <= 0:
        raise ValueError(f"the partners come to {fsum(quantities.values()):g}, more than the total of {total:g}")
    known = fsum((q / total) ** 2 for q in quantities.values())
    return known, known + (max(missing, 0.0) / total) ** 2


def balance(
    reporter: str, subject: str, unit: str, by_year: Mapping[int, Mapping[str, float]], totals: Mapping[int, float],
    members: Callable[[str, int], frozenset[str]],
) -> Balance | None:  # fmt: skip
    """The index by year, and its change on the partners that two years share; None without two partners in any year.

    by_year: quantity by year and partner. members: countries of an organisation in a year; an organisation is left
    out of a year that has one of its members too, which would count twice.
    """
    years, kept = [], {}
    for year in sorted(by_year):
        found = {p: q for p, q in sorted(by_year[year].items()) if q > 0}
        out = tuple(p for p in found if members(p, year) & (set(found) - {p}))
        used = {p: q for p, q in found.items() if p not in out}
        if len(used) > 1:
            kept[year] = used
            years.append(_year(year, used, out, totals.get(year), f"the case has no total of {reporter}'s {subject} for {year}"))
    if not years:
        return None
    change = _change(kept)
    why = "" if change else "no two years have two partners in common" if len(kept) > 1 else "only one year has two partners or more"
    return Balance(reporter, subject, unit, tuple(years), change, why)


def _year(year: int, used: Mapping[str, float], out: tuple[str, ...], total: float | None, why: str) -> BalanceYear:
    index, least, most, quantity = concentration(used), None, None, fsum(used.values())
    if total is not None:
        try:
            (least, most), why = concentration_bounds(used, total), ""
        except ValueError as error:
            why = str(error)
    return BalanceYear(year, tuple(used), out, quantity, total, quantity / total if total else None, index, 1 / index, least, most, why)


def _change(kept: Mapping[int, Mapping[str, float]]) -> BalanceChange | None:
    """Of all pairs of years the one with the most partners in common; of these one with identical sets; of these the latest."""

    def merit(pair: tuple[int, int]) -> tuple[int, bool, int, int]:
        first, last = pair
        return len(kept[first].keys() & kept[last].keys()), kept[first].keys() == kept[last].keys(), last, first

    pairs = [pair for pair in combinations(sorted(kept), 2) if merit(pair)[0] > 1]
    if not pairs:
        return None
    first, last = max(pairs, key=merit)
    common = sorted(kept[first].keys() & kept[last].keys())
    before, after = ({p: kept[year][p] for p in common} for year in (first, last))
    index = concentration(before), concentration(after)
    shares: tuple[dict[str, str | float], ...] = tuple(
        {"partner": p, "first": before[p] / fsum(before.values()), "last": after[p] / fsum(after.values())} for p in common
    )
    return BalanceChange(first, last, tuple(common), merit((first, last))[1], *index, index[1] - index[0], shares)
