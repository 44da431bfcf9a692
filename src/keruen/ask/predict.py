"""Foretell the flows of a year from what is known of it from outside, with a range, beside two plain rivals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keruen.ask.calibrate import Calibration, with_parameters
from keruen.ask.given import Given, consigned_lines, items_of, network_of, observed, quantity_of
from keruen.ask.volumes import fit_growth, volumes
from keruen.case import Case
from keruen.errors import UsageError
from keruen.network import Network, build
from keruen.plan import Plan
from keruen.scenario import without
from keruen.solve import solve
from keruen.solve.certificate import Certificate
from keruen.solve.shippers import Shippers, ShippersSolution, solve_shippers

__all__ = ["Foretold", "Prediction", "predict"]

RANGE = 1.2816  # standard deviations either side: four of five years should fall inside
UNFITTED = 0.25  # standard deviation of what no figure was fitted to, part of the flow
LEAST = 0.02  # the same of anything that is not given


@dataclass(frozen=True)
class Foretold:
    """A screenline in the year asked for, in its unit. stands_on: given, fitted, trend or model. last: figure of the last year known up to
    the calibration's end. same_shares, planner: the rivals; published: the figure of the year itself, where the case has one and may know it.
    """

    screenline: str
    name: str
    unit: str
    value: float
    low: float
    high: float
    stands_on: str
    last_year: int | None
    last: float | None
    same_shares: float | None
    planner: float
    published: float | None


@dataclass(frozen=True)
class Prediction:
    """rows: every screenline. plan: the whole equilibrium. until: last year whose figures were used."""

    case: str
    year: int
    until: int
    given: Given
    rows: tuple[Foretold, ...]
    plan: Plan
    notes: tuple[str, ...]

    @property
    def certificate(self) -> Certificate:
        return self.plan.certificate

    def errors(self) -> dict[str, dict[str, float]]:
        """Miss of the prediction and of its rivals at every published figure, part of the figure; rows that were given are left out."""
        return {
            r.screenline: {"prediction": _off(r.value, r.published), "same shares": _off(r.same_shares, r.published), "planner": _off(r.planner, r.published)}
            for r in self.rows if r.published and r.stands_on != "given" and r.same_shares is not None
        }  # fmt: skip


def _off(value: float | None, figure: float | None) -> float:
    return math.nan if value is None or not figure else (value - figure) / figure


def predict(case: Case, given: Given, *, calibration: Calibration | None = None) -> Prediction:
    """Foretell a year. calibration: parameters to use instead of those of the case; nothing of the years after its end is used.

    Raises UsageError where the case has no parameters and none are given, or a total is given that nothing outside decides.
    """
    if calibration is not None:
        case = with_parameters(case, calibration)
    fitted = {p.screenline: p for p in case.parameters.values() if p.kind == "constant"}
    spreads = [p for p in case.parameters.values() if p.kind == "spread"]
    if not spreads:
        raise UsageError(f"the case {case.name} has no parameters; run: keruen calibrate CASE --save")
    until = calibration.until if calibration is not None else max((int(y) for p in spreads for y in p.years), default=case.base_year)
    wrong = [n for n in given.totals if not items_of(case, case.screenlines[n]) and n not in consigned_lines(case)]
    if wrong:
        raise UsageError(f"{wrong[0]}: found a screenline of links; expected one of supplies, demands, plants or consignments: flows on links are foretold")
    growth = fit_growth(case, until)
    crossing = _crossing(case)
    amounts, totals = volumes(case, given, growth, crossing)
    network = network_of(case, given, amounts)
    plan = Plan(solve_shippers(network))
    plain = Plan(solve(network))
    more = _supply(case, network)
    pooled = next((p.miss for p in spreads if p.miss is not None), UNFITTED)
    rows = []
    for name, line in case.screenlines.items():
        value = plan.screenline_flow(name)
        last = _last(case, name, until)
        kind, deviation = "model", UNFITTED
        if name in given.totals:
            kind, deviation = "given", 0.0
        elif items_of(case, line):
            kind, deviation = "model", LEAST
        elif name in totals:
            kind, deviation = "trend", growth.spread(name, given.year)
        elif name in fitted:
            kind, deviation = "fitted", max(LEAST, math.sqrt(((fitted[name].miss or pooled) ** 2 + pooled**2) / 2))
        low, high = (value * math.exp(-RANGE * deviation), value * math.exp(RANGE * deviation)) if kind != "given" else (value, value)
        same = None
        if last is not None:
            same = last[1] * (more(line.commodities[0], last[0]) if len(line.commodities) == 1 else 1.0)
        published = observed(case, given.year).get(name) if given.year <= case.base_year else None
        rows.append(Foretold(name, line.name, line.unit, value, low, high, kind, last[0] if last else None, last[1] if last else None, same,
                             plain.screenline_flow(name), published))  # fmt: skip
    notes = [f"{n}: {totals[n]:.4g} {case.screenlines[n].unit} wants to cross, {plan.screenline_flow(n):.4g} does" for n in sorted(totals)
             if plan.screenline_flow(n) < 0.98 * totals[n]]  # fmt: skip
    return Prediction(case.name, given.year, until, given, tuple(rows), plan, tuple(notes))


def _crossing(case: Case) -> dict[str, dict[str, float]]:
    """By screenline of consigned goods: units that one unit of each consignment puts on it in the base year."""
    s = Shippers(build(case, case.base_year, without(kind="practice")))
    s.solve()
    taken, n = dict(s.program.taken), s.program.network
    last = [taken[int(s.ways.columns[e - 1])] for e in s.ways.start[1:]]
    lots = np.array([t.item if t.kind == "consigned" else -1 for t in last], np.int64)
    found: dict[str, dict[str, float]] = {}
    for line in sorted(consigned_lines(case)):
        on = s.lines.on_ways(line, s.ways.start, s.ways.columns) * s.quantity
        share = {n.consigned[i].name: float(on[lots == i].sum()) / n.consigned[i].quantity for i in sorted(set(lots.tolist()) - {-1}) if n.consigned[i].quantity}
        found[line] = {name: v for name, v in share.items() if v > 0.05}
    return found


def _last(case: Case, line: str, until: int) -> tuple[int, float] | None:
    """The last main figure of a whole year."""
    for year in range(until, until - 4, -1):
        figure = observed(case, year).get(line)
        if figure is not None:
            return year, figure
    return None


def _supply(case: Case, network: Network):  # type: ignore[no-untyped-def]
    """A function of (commodity, year): what home has to send abroad now, against that year."""
    now = {c: sum(o.quantity for o in network.offers if o.commodity == c and o.end.country == case.home) for c in case.commodities}

    def more(commodity: str, year: int) -> float:
        supplies = [n for n, r in case.supplies.items() if r.commodity == commodity and case.places[r.place].country == case.home]
        if not supplies or not now[commodity]:
            return 1.0
        before = sum(quantity_of(case, "supplies", n) for n in supplies)
        whole = next((n for n, line in case.screenlines.items() if sorted(w for _, w in items_of(case, line)) == sorted(supplies)), "")
        before = observed(case, year).get(whole, before)
        return now[commodity] / before if before else 1.0

    return more


def same_rows(rows: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(rows.items()))


_ = ShippersSolution
