"""How much wants to move in a year that nobody has counted yet: corridor volumes carried on from the years before.

Growth of a screenline's figure fades: next year's is a part of this year's (a damped trend, Gardner and McKenzie 1985), the
part fitted to all screenlines together, drawn towards one half. Boxes between China and Europe also follow the price by sea.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from keruen.ask.given import Given, consigned_lines, settle
from keruen.case import Case

__all__ = ["SEA_LINES", "Growth", "fit_growth", "sea_prices", "volumes"]

DAMPED = (0.5, 0.25)  # before looking: part of this year's growth that comes again, and how unsure
ELASTIC = (0.35, 0.2)  # the same for the price by sea
NOISE = 0.3  # of a year's growth that nothing explains
LONGEST = 2  # years between figures that still say how fast something grows
MOST = 0.7  # growth of a year taken on, at most
SEA_LINES = ("northern-cn-eu",)


@dataclass(frozen=True)
class Growth:
    """damped: part of a year's growth that comes again; elastic: growth of boxes per growth of the price by sea; noise: standard
    deviation of a year's growth around that (logarithms). last: (year, figure, growth), figures: how many, by screenline. sea: price by year."""

    damped: float
    elastic: float
    noise: float
    last: Mapping[str, tuple[int, float, float]]
    figures: Mapping[str, int]
    sea: Mapping[int, float]

    def of(self, line: str, year: int, sea: float | None) -> float:
        """The figure of a screenline in a year after its last."""
        then, figure, growth = self.last[line]
        total, step = 0.0, growth
        for _ in range(then, year):
            step *= self.damped
            total += step
        if line in SEA_LINES and sea and then in self.sea:
            total += self.elastic * math.log(sea / self.sea[then])
        return figure * math.exp(total)

    def spread(self, line: str, year: int) -> float:
        """Standard deviation of the logarithm of what :meth:`of` says."""
        return self.noise * math.sqrt(max(1, year - self.last[line][0]))


def sea_prices(case: Case, until: int) -> dict[int, float]:
    """Price of a box of forty feet from Shanghai to Rotterdam by year, USD, as far as the case knows it."""
    found = {}
    for o in case.observations:
        if o.subject == "sea price Shanghai-Rotterdam" and o.use == "main" and o.year is not None and o.year <= until:
            found[o.year] = o.quantity
    return found


def series(case: Case, until: int) -> dict[str, dict[int, float]]:
    """Yearly figures of screenlines that consignments make up."""
    lines = consigned_lines(case)
    found: dict[str, dict[int, float]] = {}
    for o in case.observations:
        if o.screenline in lines and o.use == "main" and o.kind == "flow" and not o.period and o.year is not None and o.year <= until and o.quantity > 0:
            found.setdefault(o.screenline, {})[o.year] = o.quantity
    return {n: dict(sorted(v.items())) for n, v in sorted(found.items())}


def fit_growth(case: Case, until: int) -> Growth:
    """Growth as the figures up to a year have it."""
    known, sea = series(case, until), sea_prices(case, until)
    elastic = _elasticity(known, sea)
    steps: dict[str, list[tuple[int, float]]] = {}
    for line, figures in known.items():
        years = list(figures)
        for a, b in pairwise(years):
            if b - a <= LONGEST:
                own = math.log(figures[b] / figures[a])
                if line in SEA_LINES and a in sea and b in sea:
                    own -= elastic * math.log(sea[b] / sea[a])
                steps.setdefault(line, []).append((b, own / (b - a)))
    pairs = [(x, y) for found in steps.values() for (_, x), (_, y) in pairwise(found)]
    centre, unsure = DAMPED
    weight = (NOISE / unsure) ** 2
    damped = (sum(x * y for x, y in pairs) + weight * centre) / (sum(x * x for x, _ in pairs) + weight)
    damped = min(1.0, max(0.0, damped))
    errors = [y - damped * x for x, y in pairs]
    noise = math.sqrt((sum(e * e for e in errors) + 4 * NOISE**2) / (len(errors) + 4))
    last = {}
    for line, figures in known.items():
        year = max(figures)
        growth = next((g for b, g in reversed(steps.get(line, [])) if b == year), 0.0)
        last[line] = (year, figures[year], min(MOST, max(-MOST, growth)))
    return Growth(damped, elastic, noise, last, {n: len(f) for n, f in known.items()}, sea)


def _elasticity(known: Mapping[str, Mapping[int, float]], sea: Mapping[int, float]) -> float:
    centre, unsure = ELASTIC
    top, bottom = centre * (NOISE / unsure) ** 2, (NOISE / unsure) ** 2
    for line in SEA_LINES:
        years = [y for y in known.get(line, {}) if y in sea]
        for a, b in pairwise(years):
            x, y = math.log(sea[b] / sea[a]), math.log(known[line][b] / known[line][a])
            top, bottom = top + x * y / (b - a), bottom + x * x / (b - a)
    return top / bottom


def volumes(case: Case, given: Given, growth: Growth, crossing: Mapping[str, Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Quantity by consignment for a year, and the totals by screenline they follow.

    crossing: by screenline and consignment, units of the line that a unit of the consignment is, in the base year. Given totals
    are taken as they are, the others carried on.
    """
    totals = {line: given.totals.get(line, growth.of(line, given.year, given.sea)) for line in sorted(crossing)
              if crossing[line] and (line in given.totals or line in growth.last)}  # fmt: skip
    base = {name: row.quantity for name, row in case.consignments.items()}
    found = settle(base, {line: crossing[line] for line in totals}, totals)
    return {n: q for n, q in sorted(found.items()) if q != base[n]}, totals
