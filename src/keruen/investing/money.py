"""What a project costs over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keruen.errors import UsageError

__all__ = ["Terms", "charge", "factor"]

Floats = NDArray[np.float64]
GUESSED = {"discount": 0.08, "lead_years": 3, "life_years": 30}


@dataclass(frozen=True)
class Terms:
    """discount: what money of next year is worth less; lead_years, life_years: of projects whose rows say none.

    years: first year (the one all money is counted in) and last. guessed: which of them nobody gave.
    """

    discount: float
    lead_years: int
    life_years: int
    first: int
    last: int
    guessed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.discount <= 1:
            raise UsageError(f"the discount rate is a share from 0 to 1 (8 % is 0.08); got {self.discount:g}")
        if not 0 <= self.lead_years <= 30:
            raise UsageError(f"years of building are from 0 to 30; got {self.lead_years}")
        if not 1 <= self.life_years <= 200:
            raise UsageError(f"years a project lasts are from 1 to 200; got {self.life_years}")

    @property
    def years(self) -> range:
        """Years looked at."""
        return range(self.first, self.last + 1)

    def worth(self, year: int) -> float:
        """What 1 of a year is worth in the first year."""
        return float((1 + self.discount) ** (self.first - year))


def factor(terms: Terms, lead: int, life: int) -> Floats:
    """(years,) What 1 MUSD of cost comes to in money of the first year, by the year a project enters service.

    The cost is spent in equal parts over the years of building, carried to the first year of service with interest, and
    paid back in equal parts over the life (an annuity); the parts of the years looked at count, so that a project late in
    the period is not charged for years nobody looks at.
    """
    r = terms.discount
    ready = float(np.mean([(1 + r) ** k for k in range(1, lead + 1)])) if lead else 1.0
    part = ready * (r / (1 - (1 + r) ** -life) if r else 1.0 / life)
    worth = [terms.worth(year) for year in terms.years]
    return part * np.array([sum(worth[s : s + life]) for s in range(len(worth))])


def charge(terms: Terms, lead: int, life: int, capex: float, fixed: float) -> tuple[Floats, Floats]:
    """(years,) each: what all units of a project cost without the part that comes once, and that part, by the year of service."""
    by_year = factor(terms, lead, life)
    return by_year * (capex - fixed), by_year * fixed
