"""Fit what money and time do not explain: constants of screenlines and the spread of a commodity's shippers.

All years are one convex program: what shippers do in each, tied by the misfit of every screenline, summed over the years, at a
price that grows with it. The price of each misfit is the constant that explains it, so a screenline gets only as much
unexplained cost as its figures force on it: positive mathematical programming (Howitt 1995; Paris, Drogue and Anania
2011) with a choice model and a prior. Years without a figure of a screenline are filled in with what the constants
say of them, and the program is solved again (Dempster, Laird and Rubin 1977). The spread is the one that foretells left-out
years best. While the constants are sought, other goods stay where they are without them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.ask.given import Given, items_of, network_of, observed
from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.plan import rounded
from keruen.solve.convex import ConvexProgram, minimise
from keruen.solve.shippers import Shippers
from keruen.tables import Parameter, Source
from keruen.units import MUSD_PER_UNIT

__all__ = ["Calibration", "Fit", "calibrate", "lines_to_fit", "year_given"]

Floats = NDArray[np.float64]
FAR = 1e3  # misfits are counted from here, so that their columns need no lower bound that binds
PRIOR_USD = 100.0  # how large a constant may well be
RELATIVE, ABSOLUTE = 0.01, 0.03  # how well a figure is taken to be known: a part of it, and Mt
OLDER = 0.6  # weight of a year against the one after it
OLDEST = 8  # years back that still count
SMALL = 1.0  # Mt below which a miss says little about the rest
AGAIN = 8  # times that gaps are filled in anew
STILL = 0.05  # USD by which no constant may move any more
SPREADS = (4.0, 8.0, 16.0)
SOURCE = Source(source="calibration", publisher="keruen", title="Fitted to the published flows of this case by keruen calibrate", date="", url="",
                kind="derived", note="docs/shippers.md says how")  # fmt: skip
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fit:
    """One figure: what was published, what the fitted model says, and, where the year was left out, what it foretold."""

    screenline: str
    year: int
    unit: str
    published: float
    fitted: float
    foretold: float | None


@dataclass(frozen=True)
class Calibration:
    """What was fitted to the figures of a commodity up to a year.

    spread: USD. constants, errors: USD by screenline. covariance: of the constants, in the order of ``lines``. fits: by figure.
    unexplained: MUSD a year that each constant stands for, at the flow of the last year. tried: mean error of left-out years by
    spread, relative to exports.
    """

    case: str
    commodity: str
    until: int
    years: tuple[int, ...]
    lines: tuple[str, ...]
    spread: float
    constants: Mapping[str, float]
    errors: Mapping[str, float]
    covariance: tuple[tuple[float, ...], ...]
    fits: tuple[Fit, ...]
    unexplained: Mapping[str, float]
    tried: Mapping[float, float]

    def miss(self) -> dict[str, float]:
        """Root mean square of (foretold - published) / published by screenline, and of all under an empty name."""
        found: dict[str, list[float]] = {}
        for f in self.fits:
            if f.foretold is not None and f.published > 0:
                off = (f.foretold - f.published) / f.published
                found.setdefault(f.screenline, []).append(off)
                if f.published > SMALL:
                    found.setdefault("", []).append(off)
        return {n: round(math.sqrt(sum(x * x for x in v) / len(v)), 4) for n, v in sorted(found.items())}

    def to_dict(self) -> dict[str, Any]:
        """As plain data, in the shape of docs/json.md."""
        from keruen import __version__

        miss = self.miss()
        data: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "commodity": self.commodity, "until": self.until, "years": list(self.years),
            "spread_usd": self.spread, "tried": [{"spread_usd": s, "miss": None if math.isinf(e) else e} for s, e in self.tried.items()],
            "miss": miss.get(""),
            "constants": [{"screenline": n, "usd": self.constants[n], "error_usd": self.errors[n], "miss": miss.get(n),
                           "unexplained_musd": self.unexplained[n]} for n in self.lines],
            "fits": [{"screenline": f.screenline, "year": f.year, "unit": f.unit, "published": f.published, "fitted": f.fitted, "foretold": f.foretold}
                     for f in self.fits],
        })  # fmt: skip
        return data

    def parameters(self, source: str = SOURCE.source) -> tuple[Parameter, ...]:
        """As rows of parameters.csv."""
        years = tuple(map(str, self.years))
        miss = self.miss()
        spread = Parameter(parameter=f"{self.commodity}-spread", kind="spread", commodity=self.commodity, screenline="", usd=self.spread, error_usd=None,
                           miss=miss.get(""), years=years, source=source, confidence="low", note="foretells left-out years best of those tried")  # fmt: skip
        rows = [Parameter(parameter=f"{self.commodity}-{line}", kind="constant", commodity=self.commodity, screenline=line, usd=round(self.constants[line], 3),
                          error_usd=round(self.errors[line], 3),
                          miss=miss.get(line), years=years, source=source, confidence="low", note="fitted by keruen calibrate")
                for line in self.lines]  # fmt: skip
        return (spread, *rows)


def lines_to_fit(case: Case, commodity: str, until: int) -> dict[str, dict[int, float]]:
    """Screenlines of links that count only flows of home in this commodity, with their main figures by year; sums of others are left out."""
    found: dict[str, dict[int, float]] = {}
    foreign = {c.from_ for c in case.consignments.values() if c.commodity == commodity and case.places[c.from_].country != case.home}
    for name, line in case.screenlines.items():
        if line.commodities != (commodity,) or items_of(case, line) or (foreign and not _only_home(case, line.origin, line.links)):
            continue
        for year in range(max(case.first_year, until - OLDEST), until + 1):
            figure = observed(case, year).get(name)
            if figure is not None:
                found.setdefault(name, {})[year] = figure
    links = {name: frozenset(case.screenlines[name].links) for name in found}

    def says_nothing_new(name: str) -> bool:
        """Whether other lines add up to it, or one counts the same links for home alone."""
        parts = [v for n, v in links.items() if n != name and len(v) < len(links[name]) and v <= links[name]]
        twin = not case.screenlines[name].origin and any(links[n] == links[name] and case.screenlines[n].origin for n in found)
        return twin or (len(parts) > 1 and frozenset().union(*parts) == links[name])

    return {name: figures for name, figures in sorted(found.items()) if not says_nothing_new(name)}


def _only_home(case: Case, origin: Sequence[str], links: Sequence[str]) -> bool:
    """Whether only flows from home count: by its origin, or as it begins at home where nothing comes in from abroad."""
    if origin:
        return set(origin) == {case.home}
    stems = [word.partition(":")[0] for word in links]
    return all(s in case.links and case.places[case.links[s].from_].country == case.home for s in stems)


def year_given(case: Case, year: int, until: int) -> Given:
    """What is known from outside of a year that has been: the main figures of supplies, demands and plants, and its events."""
    totals = {n: v for n, v in observed(case, year).items() if n in case.screenlines and items_of(case, case.screenlines[n]) and not _abroad(case, n)}
    if year > until:
        raise UsageError(f"figures of {year} are not to be used: the calibration ends in {until}")
    return Given(year, totals)


def _abroad(case: Case, line: str) -> bool:
    """Totals of markets abroad are outcomes as much as causes."""
    return any(t == "demands" and case.demands[i].use == "market" for t, i in items_of(case, case.screenlines[line]))


class _Year:
    """One year's network, cut down to the ways of one commodity, and its figures."""

    def __init__(self, case: Case, year: int, until: int, commodity: str, figures: Mapping[str, float], lines: Sequence[str], spread: float) -> None:
        self.year, self.commodity, self.lines = year, commodity, tuple(lines)
        self.network = network_of(case, year_given(case, year, until))
        self.known = np.array([line in figures for line in lines])
        self.figures = np.array([figures.get(line, 0.0) for line in lines])
        s = Shippers(self.network, spreads={commodity: spread}, constants={})
        s.solve()
        self._cut(s)
        self.flows: Floats = self.counts.T @ self.quantity[: self.ways]

    def _cut(self, s: Shippers) -> None:
        """Keep the ways of the commodity, its deliveries and its ships free; all else stays as found."""
        f, p, w = s.form, s.program, s.ways
        n = self.network
        mine = np.array([n.groups[g].commodity == self.commodity for g in f.group[w.columns[w.start[:-1]]]] or [], bool)
        goods = {**{p.met + i: v.commodity for i, v in enumerate(n.wants)}, **{p.extra + i: v.commodity for i, v in enumerate(n.wants)},
                 **{p.moved + i: v.commodity for i, v in enumerate(n.consigned)}, **{p.run + i: "" for i in range(len(n.works))}}  # fmt: skip
        others = np.array([goods.get(c, self.commodity) == self.commodity for c in f.other.tolist()], bool)
        free = np.concatenate([mine, others]) & s.live_columns[: w.count + len(f.other)]
        rows = sparse.csr_array(sparse.hstack([sparse.csr_array(s.incidence @ f.by_column).T, f.linking[:, f.other]]))
        z = np.concatenate([s.quantity, s.x[f.other]])
        used = rows @ np.where(free, 0.0, z)
        held = np.asarray(abs(rows[:, free]).sum(axis=1)).ravel() > 0
        self.rows = sparse.csr_array(rows[held, :][:, free])
        grain = 1e-9 * np.maximum(1.0, np.abs(used[held]))
        lower, upper = s.lower[s._first :][held] - used[held], s.upper[s._first :][held] - used[held]
        loose = lower < upper
        self.lower, self.upper = np.where(loose, lower - grain, lower), np.where(loose, upper + grain, upper)
        self.ways = int((mine & s.live_columns[: w.count]).sum())
        self.cost = np.concatenate([s.way_cost, s.cost[f.other]])[free]
        self.top = np.concatenate([np.full(w.count, np.inf), p.upper[f.other]])[free]
        self.curved = np.concatenate([s.spread > 0, np.zeros(len(f.other), bool)])[free]
        self.unit = MUSD_PER_UNIT[n.commodities[self.commodity].unit]
        self.scale = np.concatenate([s.scale, np.ones(len(f.other))])[free]
        kept = np.flatnonzero(mine & s.live_columns[: w.count])
        self.counts = np.stack([s.lines.on_ways(line, w.start, w.columns)[kept] for line in self.lines], axis=1)
        self.quantity = z[free]

    def program(self, spread: float, constants: Floats | None = None) -> ConvexProgram:
        """What shippers of this commodity would do, as a program of its own."""
        cost = self.cost.copy()
        if constants is not None:
            cost[: self.ways] += self.unit * (self.counts @ constants)
        return ConvexProgram(cost, self.top, np.where(self.curved, spread * self.unit, 0.0), self.scale, self.rows, self.lower, self.upper)

    def foretold(self, spread: float, constants: Floats) -> Floats:
        """(lines,) flows at these constants."""
        answer = minimise(self.program(spread, constants), tolerance=1e-8)
        return np.asarray(self.counts.T @ answer.x[: self.ways])


def _fit(years: Sequence[_Year], weights: Sequence[float], spread: float, start: Floats, again: int = AGAIN) -> tuple[Floats, Floats]:
    """(constants, covariance) that fit the figures of these years."""
    lines = len(start)
    unit = years[0].unit
    typical = np.array([float(np.average([y.figures[i] for y in years if y.known[i]] or [0.0])) for i in range(lines)])
    # A misfit of one standard deviation in every year bears a constant of PRIOR_USD.
    soft = sum(weights) * (RELATIVE * typical + ABSOLUTE) / (PRIOR_USD * unit)
    programs = [y.program(spread) for y in years]
    sizes = [len(p.cost) for p in programs]
    at = np.concatenate([[0], np.cumsum(sizes)])
    block = sparse.block_diag([p.matrix for p in programs], format="csr")
    tie = sparse.hstack([sparse.csr_array(np.pad(w * y.counts, ((0, n - y.ways), (0, 0))).T) for y, w, n in zip(years, weights, sizes, strict=True)])
    whole = sparse.csr_array(sparse.block_array([[block, None], [tie, -sparse.eye_array(lines)]]))
    # Misfits are free: a plain column would need bounds that never bind.
    cost = np.concatenate([*(w * p.cost for p, w in zip(programs, weights, strict=True)), np.zeros(lines)])
    top = np.concatenate([*(p.top for p in programs), np.full(lines, np.inf)])
    spreads = np.concatenate([*(w * p.spread for p, w in zip(programs, weights, strict=True)), np.zeros(lines)])
    scales = np.concatenate([*(p.scale for p in programs), np.ones(lines)])
    lower, upper = np.concatenate([p.lower for p in programs]), np.concatenate([p.upper for p in programs])
    base = np.zeros(len(cost))

    def slopes(x: Floats) -> tuple[Floats, Floats]:
        first, second = base.copy(), base.copy()
        first[-lines:], second[-lines:] = (x[-lines:] - FAR) / soft, 1 / soft
        return first, second

    constants, flows = start, [y.flows for y in years]
    answer = None
    for _ in range(max(1, again)):
        if answer is None and start.any():
            flows = [y.foretold(spread, start) for y in years]
        target = sum(w * np.where(y.known, y.figures, q) for y, w, q in zip(years, weights, flows, strict=True)) - FAR
        answer = minimise(ConvexProgram(cost, top, spreads, scales, whole, np.concatenate([lower, target]), np.concatenate([upper, target]), slopes),
                          tolerance=1e-8)  # fmt: skip
        before, constants = constants, (answer.x[-lines:] - FAR) / soft / unit
        flows = [y.counts.T @ answer.x[at[k] : at[k] + y.ways] for k, y in enumerate(years)]
        if float(np.max(np.abs(constants - before), initial=0.0)) < STILL:
            break
    assert answer is not None
    return constants, _covariance(years, weights, spread, constants)


def _covariance(years: Sequence[_Year], weights: Sequence[float], spread: float, constants: Floats) -> Floats:
    """Of the constants, from how strongly the figures answer to them and the prior (Laplace)."""
    precision = np.eye(len(constants)) / PRIOR_USD**2
    for y, w in zip(years, weights, strict=True):
        answer = minimise(y.program(spread, constants), tolerance=1e-8)
        push = np.zeros((len(y.cost), len(constants)))
        push[: y.ways] = y.unit * y.counts
        slope = (y.counts.T @ answer.response(push)[: y.ways]) * y.known[:, None] / (RELATIVE * y.figures + ABSOLUTE)[:, None]
        precision += w * slope.T @ slope
    return np.asarray(np.linalg.inv(precision))


def calibrate(
    case: Case, commodity: str = "crude", *, until: int | None = None, spread: float | None = None, folds: bool = True, progress: Progress | None = None
) -> Calibration:
    """Fit constants and the spread of a commodity to its published flows up to a year (the base year if none is given).

    spread: USD, to keep it; by default the one of ``SPREADS`` that foretells left-out years best. folds: leave one year out in turn.
    Raises UsageError where there is no figure to fit.
    """
    until = case.base_year if until is None else until
    if until > case.base_year:
        raise UsageError(f"figures after {case.base_year} are kept apart to judge predictions; calibrate until {case.base_year} or earlier")
    if commodity not in case.commodities:
        raise UsageError(f"'{commodity}' is no commodity of the case. {did_you_mean(commodity, case.commodities)}".strip())
    figures = lines_to_fit(case, commodity, until)
    lines = tuple(figures)
    span = sorted({y for f in figures.values() for y in f if y >= case.first_year})
    if not lines or not span:
        raise UsageError(f"no published flow of {commodity} up to {until} counts on a screenline of links; there is nothing to fit")
    say = progress or (lambda _: None)
    weights = [OLDER ** (until - y) for y in span]
    middle = SPREADS[len(SPREADS) // 2] if spread is None else spread
    years = []
    for y in span:
        say(f"{y}")
        years.append(_Year(case, y, until, commodity, {n: f[y] for n, f in figures.items() if y in f}, lines, middle))
    nothing = np.zeros(len(lines))
    tried: dict[float, float] = {}
    best: tuple[float, float, dict[int, Floats], Floats, Floats] | None = None
    for value in (spread,) if spread is not None else SPREADS:
        say(f"spread {value:g} USD")
        constants, covariance = _fit(years, weights, value, nothing)
        foretold = _left_out(years, weights, value, constants) if folds else {}
        error = _error(years, foretold or {y.year: y.foretold(value, constants) for y in years}, weights)
        tried[value] = error
        if best is None or error < best[0]:
            best = (error, value, foretold, constants, covariance)
    assert best is not None
    _, chosen, foretold, constants, covariance = best
    units = {n: case.screenlines[n].unit for n in lines}
    by_name = dict(zip(lines, constants.tolist(), strict=True))
    flows = {}
    for one in years:
        say(f"{one.year} again, with all goods")
        s = Shippers(one.network, spreads={commodity: chosen}, constants=by_name)
        s.solve()
        flows[one.year] = [s.flow(line) for line in lines]
    fits = tuple(
        Fit(lines[i], y.year, units[lines[i]], float(y.figures[i]), flows[y.year][i], float(foretold[y.year][i]) if y.year in foretold else None)
        for y in years for i in np.flatnonzero(y.known).tolist()
    )  # fmt: skip
    last = flows[years[-1].year]
    return Calibration(
        case.name, commodity, until, tuple(span), lines, chosen, by_name,
        {n: float(math.sqrt(v)) for n, v in zip(lines, np.diag(covariance), strict=True)}, tuple(tuple(map(float, row)) for row in covariance), fits,
        {n: by_name[n] * f for n, f in zip(lines, last, strict=True)}, tried,
    )  # fmt: skip


def _left_out(years: Sequence[_Year], weights: Sequence[float], spread: float, start: Floats) -> dict[int, Floats]:
    """What the others foretell of each year, by year."""
    if len(years) < 2:
        return {}
    found = {}
    for k, out in enumerate(years):
        constants, _ = _fit([y for j, y in enumerate(years) if j != k], [w for j, w in enumerate(weights) if j != k], spread, start, 3)
        found[out.year] = out.foretold(spread, constants)
    return found


def _error(years: Sequence[_Year], foretold: Mapping[int, Floats], weights: Sequence[float]) -> float:
    """Mean weighted miss of what was foretold, in standard deviations of the figures."""
    top = bottom = 0.0
    for y, w in zip(years, weights, strict=True):
        if y.year in foretold:
            sigma = RELATIVE * y.figures + ABSOLUTE
            top += w * float(np.sum((np.abs(foretold[y.year] - y.figures) / sigma)[y.known]))
            bottom += w * int(y.known.sum())
    return top / bottom if bottom else math.inf


def with_parameters(case: Case, calibration: Calibration) -> Case:
    """The case with these parameters instead of its own of the same commodity."""
    rows = tuple(p for p in case.parameters.values() if p.commodity != calibration.commodity) + calibration.parameters()
    sources = case.tables["sources"]
    if SOURCE.source not in case.sources:
        sources = (*sources, SOURCE)
    return replace(case, tables={**case.tables, "parameters": rows, "sources": sources})
