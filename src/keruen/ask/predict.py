"""Foretell the flows of a year from what is known of it from outside, with a range, beside two plain rivals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keruen.ask.calibrate import Calibration, with_parameters
from keruen.ask.given import Given, consigned_lines, items_of, network_of, observed, quantity_of
from keruen.ask.volumes import SEA_LINES, Growth, fit_growth, volumes
from keruen.case import Case
from keruen.errors import UsageError
from keruen.network import Network, build
from keruen.plan import Plan, rounded
from keruen.scenario import without
from keruen.solve import solve
from keruen.solve.certificate import Certificate
from keruen.solve.shippers import Shippers, solve_shippers
from keruen.tables import Screenline

__all__ = ["Foretold", "Prediction", "predict"]

RANGE = 1.2816  # standard deviations either side: four of five years should fall inside
UNFITTED = 0.25  # standard deviation of what no figure was fitted to, part of the flow
FITTED = 0.05  # the least of a fitted line; else MORE times what left-out years were missed by, at most WIDEST
MORE, WIDEST = 1.5, 1.1
LEAST = 0.02  # the same of anything that is not given
ALIKE = (0.6, 1.6)  # model against figure, where the network holds what the figure counts
BACK = 4  # years back in which a last figure is looked for


@dataclass(frozen=True)
class Foretold:
    """A screenline in the year asked for, in its unit.

    stands_on: given; fitted (choice with constants); trend (its volume carried on, its way chosen); model (choice without figures
    to fit); carried (the case does not hold what the figure counts: its last one, carried on). last: figure of the last year used.
    same_shares, planner: the rivals. published: the figure of the year itself, where the case has one.
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

    def row(self, screenline: str) -> Foretold:
        return next(r for r in self.rows if r.screenline == screenline)

    def errors(self) -> dict[str, dict[str, float]]:
        """Miss of the prediction and of its rivals at every published figure, part of the figure; rows that were given are left out."""
        return {
            r.screenline: {"prediction": _off(r.value, r.published), "same shares": _off(r.same_shares, r.published), "planner": _off(r.planner, r.published)}
            for r in self.rows if r.published and r.stands_on != "given" and r.same_shares is not None
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As plain data, in the shape of docs/json.md."""
        from keruen import __version__

        g, c = self.given, self.plan.certificate
        data: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "until": self.until,
            "given": {"totals": dict(sorted(g.totals.items())), "set": {".".join(k): v for k, v in sorted(g.values.items())},
                      "projects": list(g.projects), "scenarios": list(g.scenarios), "sea_usd_per_feu": g.sea},
            "screenlines": [{
                "screenline": r.screenline, "name": r.name, "unit": r.unit, "value": r.value, "low": r.low, "high": r.high, "stands_on": r.stands_on,
                "last_year": r.last_year, "last": r.last, "same_shares": r.same_shares, "planner": r.planner, "published": r.published,
            } for r in self.rows],
            "certificate": {}, "notes": list(self.notes),
        })  # fmt: skip
        data["certificate"] = {"max_violation": c.max_violation, "relative_gap": c.relative_gap}
        return data


def _off(value: float | None, figure: float | None) -> float:
    return math.nan if value is None or not figure else (value - figure) / figure


def predict(case: Case, given: Given, *, calibration: Calibration | None = None) -> Prediction:
    """Foretell a year. calibration: parameters to use instead of those of the case; no figure of the years after its end is used.

    Raises UsageError where the case has no parameters and none are given, or a total is given that is to be foretold.
    """
    if calibration is not None:
        case = with_parameters(case, calibration)
    fitted = {p.screenline: p for p in case.parameters.values() if p.kind == "constant"}
    spreads = [p for p in case.parameters.values() if p.kind == "spread"]
    if not spreads:
        raise UsageError(f"the case {case.name} has no parameters; run: keruen calibrate {case.name} --save")
    until = calibration.until if calibration is not None else max((int(y) for p in spreads for y in p.years), default=case.base_year)
    growth = fit_growth(case, until)
    crossing, base_flow = _crossing(case)
    held = {name for name in base_flow if _is_held(case, name, base_flow[name], until)}
    drivers = {name: on for name, on in crossing.items() if name in held and (name in given.totals or name in SEA_LINES or growth.figures.get(name, 0) > 1)}
    amounts, totals = volumes(case, given, growth, drivers)
    network = network_of(case, given, amounts)
    plan, plain = Plan(solve_shippers(network)), Plan(solve(network))
    more = _more_to_send(case, network)
    pooled = next((p.miss for p in spreads if p.miss is not None), UNFITTED)
    rows = []
    for name, line in case.screenlines.items():
        value, last = plan.screenline_flow(name), _last(case, name, until)
        same = None if last is None else last[1] * (more(line.commodities[0], last[0]) if len(line.commodities) == 1 else 1.0)
        if name in given.totals:
            kind, deviation = "given", 0.0
            if not items_of(case, line):
                value = given.totals[name] if name not in totals else min(value, given.totals[name])
        elif items_of(case, line):
            kind, deviation = "model", LEAST
        elif name in totals:
            kind, deviation = "trend", growth.spread(name, given.year)
        elif name in fitted:
            own = fitted[name].miss
            kind, deviation = "fitted", min(WIDEST, max(FITTED, MORE * (pooled if own is None else own)))
        elif same is not None and last is not None and name not in held:
            kind, deviation = "carried", growth.noise * math.sqrt(max(1, given.year - last[0]))
            value = _carried(name, line, given, growth, same)
        else:
            kind, deviation = "model", UNFITTED
        low, high = value * math.exp(-RANGE * deviation), value * math.exp(RANGE * deviation)
        published = observed(case, given.year).get(name) if given.year <= case.base_year else None
        rows.append(Foretold(name, line.name, line.unit, value, low, high, kind, last[0] if last else None, last[1] if last else None, same,
                             plain.screenline_flow(name), published))  # fmt: skip
    unused = [f"{n}: given, but the case does not hold what it counts; its figure is passed on as it is" for n in sorted(given.totals)
              if not items_of(case, case.screenlines[n]) and n not in totals]  # fmt: skip
    notes = unused + [f"{n}: {totals[n]:.4g} {case.screenlines[n].unit} wants to cross, {plan.screenline_flow(n):.4g} does" for n in sorted(totals)
             if plan.screenline_flow(n) < 0.98 * totals[n]]  # fmt: skip
    return Prediction(case.name, given.year, until, given, tuple(rows), plan, tuple(notes))


def _is_held(case: Case, name: str, flow: float, until: int) -> bool:
    """Whether the network holds what the figure counts: it says about as much as was published of its own year."""
    figure = observed(case, case.base_year).get(name)
    if figure is None:
        last = _last(case, name, until)
        figure = last[1] if last else flow
    return ALIKE[0] * figure <= flow <= ALIKE[1] * figure


def _carried(name: str, line: Screenline, given: Given, growth: Growth, same: float) -> float:
    return growth.of(name, given.year, given.sea) if name in growth.last else same


def _crossing(case: Case) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """By screenline of consigned goods: units that one unit of each consignment puts on it in the base year; and what crosses each line."""
    s = Shippers(build(case, case.base_year, without(kind="practice")))
    s.solve()
    taken, n = dict(s.program.taken), s.program.network
    last = [taken[int(s.ways.columns[e - 1])] for e in s.ways.start[1:]]
    lots = np.array([t.item if t.kind == "consigned" else -1 for t in last], np.int64)
    found: dict[str, dict[str, float]] = {}
    for line in sorted(consigned_lines(case)):
        on = s.lines.on_ways(line, s.ways.start, s.ways.columns) * s.quantity
        found[line] = {}
        for i in sorted(set(lots.tolist()) - {-1}):
            lot = n.consigned[i]
            whole = n.counted(lot.commodity, case.screenlines[line].unit) * lot.quantity
            if whole and (share := float(on[lots == i].sum())) > 0.05 * whole:
                found[line][lot.name] = share / lot.quantity
    flows = {name: s.flow(name) for name, line in case.screenlines.items() if not items_of(case, line)}
    return found, flows


def _last(case: Case, line: str, until: int) -> tuple[int, float] | None:
    """The last main figure of a whole year."""
    for year in range(until, until - BACK, -1):
        figure = observed(case, year).get(line)
        if figure is not None:
            return year, figure
    return None


def _more_to_send(case: Case, network: Network) -> Callable[[str, int], float]:
    """A function of (commodity, year): what home has to send now, against that year."""
    now = {c: sum(o.quantity for o in network.offers if o.commodity == c and o.end.country == case.home) for c in case.commodities}

    def more(commodity: str, year: int) -> float:
        supplies = [n for n, r in case.supplies.items() if r.commodity == commodity and case.places[r.place].country == case.home]
        before = sum(quantity_of(case, "supplies", n) for n in supplies)
        whole = next((n for n, line in case.screenlines.items() if sorted(w for _, w in items_of(case, line)) == sorted(supplies)), "")
        before = observed(case, year).get(whole, before)
        return now[commodity] / before if before and now[commodity] else 1.0

    return more
