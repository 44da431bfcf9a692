"""Which projects are worth it, in which order, within which budget, and which keep the country trading when something shuts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from keruen.case import Case
from keruen.errors import UsageError
from keruen.investing.candidates import candidates
from keruen.investing.desk import Desk
from keruen.investing.details import details
from keruen.investing.figures import Decide, figures
from keruen.investing.money import GUESSED, Terms
from keruen.investing.resting import rests
from keruen.investing.surviving import Threats, frontier, insurance, threats_of
from keruen.investing.targets import read_target
from keruen.investing.worlds import worlds
from keruen.plan import rounded
from keruen.scenario import Scenario
from keruen.solve.choosing import Choice, Wish

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Invest", "invest"]

INF = float("inf")
GAP = 1e-4
LOST = 0.1
SLACK = 1e-6
AIMS = ("cost", "capex")


@dataclass(frozen=True)
class Invest:
    """What to build and why.

    status: optimal; stopped: time was up or somebody interrupted, and ``gap`` says how far the plan may be off; nearest: no choice
    of projects meets what was asked, and the plan is the best of those that come nearest. gap: relative to the net present value
    (or, where least capex was asked, to the capex). Money in MUSD of the money year; present values are those of ``first_year``.
    chosen: what is built, when, how much of it. projects: every project that can be decided, with a cost or without
    (docs/json.md has the keys); settled: id -> year of what comes anyway; out: id -> why it cannot be decided.
    frontier: least worst loss by money spent. insurance: price of surviving, None where it was not asked. rests: numbers that
    would change the choice. verified: difference of the optimum from that of a second formulation, relative to it, where that was asked.
    """

    case: str
    first_year: int
    last_year: int
    scenario: tuple[str, ...]
    least: str
    status: str
    gap: float
    terms: dict[str, Any]
    budget_musd: float | None
    capex_musd: float
    npv_musd: float
    gain_musd: float
    charge_musd: float
    chosen: tuple[dict[str, Any], ...]
    years: tuple[dict[str, Any], ...]
    targets: tuple[dict[str, Any], ...]
    survive: dict[str, Any] | None
    projects: tuple[dict[str, Any], ...]
    settled: Mapping[str, int]
    out: Mapping[str, str]
    frontier: dict[str, Any] | None
    insurance: dict[str, Any] | None
    rests: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    verified: float | None = None

    def __repr__(self) -> str:
        names = ", ".join(f"{c['project']} {c['year']}" for c in self.chosen) or "nothing"
        return f"<Invest {self.case} by {self.last_year}: {names}; {self.capex_musd:,.0f} MUSD, net present value {self.npv_musd:,.0f} ({self.status})>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a project that can be decided."""
        import pandas as pd

        columns = ["project", "name", "year", "units", "of_units", "capex_musd", "npv_alone_musd", "year_alone", "npv_in_plan_musd", "break_even_musd",
                   "earliest", "lead_years", "life_years", "guessed", "rivals", "partners", "relieves"]  # fmt: skip
        rows = [{**r, "rivals": [x["project"] for x in r["rivals"]], "partners": [x["project"] for x in r["partners"]],
                 "relieves": [x["limit"] for x in r["relieves"]]} for r in self.projects]  # fmt: skip
        return pd.DataFrame(rows, columns=columns).astype({"year": "Int64", "year_alone": "Int64"})

    @property
    def unknown(self) -> tuple[dict[str, Any], ...]:
        """Projects whose cost nobody knows, those that may cost most first."""
        rows = [r for r in self.projects if r["capex_musd"] is None]
        return tuple(sorted(rows, key=lambda r: (-(INF if r["break_even_musd"] is None else r["break_even_musd"]), r["project"])))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen invest --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "first_year": self.first_year, "last_year": self.last_year, "scenario": list(self.scenario),
            "least": self.least, "status": self.status, "gap": self.gap, "terms": self.terms, "budget_musd": self.budget_musd,
            "capex_musd": self.capex_musd, "npv_musd": self.npv_musd, "gain_musd": self.gain_musd, "charge_musd": self.charge_musd,
            "chosen": list(self.chosen), "years": list(self.years), "targets": list(self.targets), "survive": self.survive,
            "projects": list(self.projects), "settled": [{"project": n, "year": y} for n, y in self.settled.items()],
            "out": [{"project": n, "why": w} for n, w in self.out.items()], "frontier": self.frontier, "insurance": self.insurance,
            "rests": list(self.rests), "notes": list(self.notes), "verified": self.verified,
        })  # fmt: skip
        return found


def invest(
    case: Case, by: int | None = None, *, budget_usd: float | None = None, targets: Sequence[str] = (), survive: str | Sequence[str] = (),
    at_most_lost: float = LOST, deep: int = 1, least: str | None = None, scenario: Scenario | None = None, start: int | None = None,
    discount: float | None = None, lead_years: int | None = None, life_years: int | None = None, decide: Sequence[str] = (), only: Sequence[str] = (),
    capex: Mapping[str, float] | None = None, commodities: Sequence[str] = (), brief: bool = False, gap: float = GAP, limit_s: float = INF,
    verify: bool = False, progress: bool = False,
) -> Invest:  # fmt: skip
    """What to build, when, and why: the projects of a case decided together over the years from ``start`` to ``by``.

    Money is spent on what makes the years cheaper by more than it costs. budget_usd: at most so much capex. targets: such as
    "crude to CN >= 6.5 Mt". survive: ``any-link``, ``any-country`` (any kind that ``keruen stress`` closes), scenarios, files of them; in
    the last year at most the share ``at_most_lost`` of the tonnes that home sells abroad and takes in is then out of reach; deep: 2 for any pair.
    least: cost, or capex (the default with targets). decide: projects under way to decide after all, or "all". only: no others.
    capex: costs in MUSD by project. commodities: only these count as lost. brief: the decision alone. verify: choose again with every
    year written out in one mixed-integer program, and say how far its optimum is off. Missing costs are never 0: such
    projects are left out and get the cost up to which they would belong to the plan.

    Raises UsageError for what cannot be asked, ScenarioError for names the case lacks.

    >>> import keruen as kr
    >>> plan = kr.invest(kr.load("kazakhstan"), 2030, only=["kashagan-gas-plant-4", "shymkent-doubling"], brief=True)
    >>> [(c["project"], c["year"]) for c in plan.chosen]
    [('kashagan-gas-plant-4', 2028)]
    """
    terms = _terms(case, by, start, discount, lead_years, life_years)
    words = (survive,) if isinstance(survive, str) else tuple(survive)
    wanted = tuple(read_target(t, case, terms.last) for t in ((targets,) if isinstance(targets, str) else targets))
    _sound(case, budget_usd, at_most_lost, deep, least, gap, limit_s, commodities)
    under = scenario or Scenario()
    threats = threats_of(case, words)
    tell = _teller(progress)
    watched = threats if words else threats_of(case, ("any-country",))

    def begun(more: Scenario, brief: bool, tell: Callable[[str], None] | None) -> _Run:
        field = candidates(case, terms, under + more, decide=decide, only=only, capex=capex)
        world = worlds(case, field, terms, under + more, tell)
        closures = world.closures(watched.things, watched.scenarios, deep, commodities) if words or not brief else None
        if closures is not None:
            closures.watch = tell
        desk = Desk(world, wanted, closures, limit_s=limit_s, gap=gap)
        return _Run(desk, threats, INF if budget_usd is None else budget_usd / 1e6, at_most_lost, least or ("capex" if wanted else "cost"), tell)

    def again(more: Scenario) -> frozenset[str] | None:
        run = begun(more, True, None)
        run.reach()
        choice = run.decide()
        return None if choice.status == "infeasible" else frozenset(run.desk.items[p].name for p in choice.built)

    try:
        return begun(Scenario(), brief, tell).answer(brief, deep, watched, verify, again)
    except KeyboardInterrupt:
        raise UsageError("stopped before any plan was found") from None


def _terms(case: Case, by: int | None, start: int | None, discount: float | None, lead: int | None, life: int | None) -> Terms:
    last, first = case.last_year if by is None else by, case.base_year if start is None else start
    for word, year in (("start", first), ("by", last)):
        if not case.first_year <= year <= case.last_year:
            raise UsageError(f"{word}: the year {year} is outside the case; it covers {case.first_year} to {case.last_year}")
    if first < case.base_year:
        raise UsageError(f"start: what was built before the base year {case.base_year} is not decided any more; got {first}")
    if last <= first:
        raise UsageError(f"by: a year after {first} is expected, the first year looked at; got {last}")
    rate = case.discount_rate if discount is None else discount
    given = {"discount": rate, "lead_years": lead, "life_years": life}
    used: dict[str, Any] = {k: GUESSED[k] if v is None else v for k, v in given.items()}
    return Terms(used["discount"], used["lead_years"], used["life_years"], first, last, tuple(k for k, v in given.items() if v is None))


def _sound(case: Case, budget: float | None, lost: float, deep: int, least: str | None, gap: float, limit_s: float, commodities: Sequence[str]) -> None:
    from keruen.errors import did_you_mean

    if budget is not None and not 0 <= budget < INF:
        raise UsageError(f"the budget is an amount in USD of 0 or more; got {budget:g}")
    if not 0 <= lost <= 1:
        raise UsageError(f"at most lost is a share from 0 to 1, or per cent from 0 % to 100 %; got {lost:g}")
    if deep not in (1, 2):
        raise UsageError(f"deep is 1 for any closure or 2 for any pair; got {deep}")
    if least is not None and least not in AIMS:
        raise UsageError(f"least is {' or '.join(AIMS)}; got '{least}'. {did_you_mean(least, AIMS)}".strip())
    if not 0 < gap < 1:
        raise UsageError(f"the gap is relative, above 0 and below 1; got {gap:g}")
    if not limit_s > 0:
        raise UsageError(f"the limit is a number of seconds above 0; got {limit_s:g}")
    for name in commodities:
        if name not in case.commodities:
            raise UsageError(f"'{name}' is no commodity of the case. {did_you_mean(name, case.commodities)}".strip())


def _teller(progress: bool) -> Callable[[str], None] | None:
    if not progress or not sys.stderr.isatty():
        return None

    def tell(words: str) -> None:
        print(f"\r{words[:100]:<100}\r", end="", file=sys.stderr, flush=True)

    return tell


class _Run:
    """One decision on its way."""

    def __init__(self, desk: Desk, threats: Threats, budget: float, at_most_lost: float, least: str, tell: Callable[[str], None] | None) -> None:
        self.desk, self.threats, self.budget, self.share, self.least, self.tell = desk, threats, budget, at_most_lost, least, tell
        self.notes = list(desk.worlds.notes)
        self.nearest = False
        self.lacking = tuple(0.0 for _ in desk.lacking)
        self.allowed = INF

    def _watch(self, best: float, bound: float, rounds: int) -> None:
        if self.tell:
            found = "none yet" if best == INF else f"{-best:,.1f}"
            self.tell(f"round {rounds}: best {found}, at most {-bound:,.1f} MUSD")

    def _wish(self, *, living: bool = True, aim: str = "cost", budget: float | None = None) -> Wish:
        allowed = self.allowed if living else INF
        return self.desk.wish(at_most_lost=allowed, lacking=self.lacking, budget=self.budget if budget is None else budget, aim=aim)

    def reach(self) -> None:
        """Where what is asked cannot be had, ask for as much of it as can be."""
        desk, closures = self.desk, self.desk.closures
        if self.threats.words and closures is not None:
            self.allowed = self.share * closures.total
        columns = tuple(replace(c, weight=1.0, upper=INF) for c in desk.lacking)
        if columns:
            near = desk.choose(Wish(columns, barred=desk.unknown, capex_most=self.budget, aim="columns"))
            if near.values and sum(near.values) > SLACK:
                self.nearest = True
                self.lacking = tuple(v * (1 + SLACK) + SLACK for v in near.values)
                self.notes.append("no choice of the projects with a known cost meets every target"
                                  + (" within the budget" if self.budget < INF else "") + "; the plan comes as near as can be")  # fmt: skip
        if self.threats.words and desk.lost is not None:
            held = tuple(replace(c, upper=most) for c, most in zip(desk.lacking, self.lacking, strict=True))
            near = desk.choose(Wish((replace(desk.lost, weight=1.0), *held), barred=desk.unknown, capex_most=self.budget, aim="columns"))
            if near.values and near.values[0] > self.allowed + SLACK * max(1.0, self.allowed):
                self.nearest = True
                assert closures is not None
                self.notes.append(f"no choice of the projects with a known cost{' within the budget' if self.budget < INF else ''} keeps the loss within "
                                  f"{self.allowed:,.3g} Mt ({100 * self.share:.3g} %); the least worst loss is {near.values[0]:,.3g} Mt "
                                  f"({100 * near.values[0] / closures.total:.3g} %), and the plan keeps to that")  # fmt: skip
                self.allowed = near.values[0] * (1 + SLACK) + SLACK

    def decide(self, *, living: bool = True) -> Choice:
        """The plan that was asked for; not living: whatever closures take."""
        desk = self.desk
        if self.least == "cost":
            return desk.choose(self._wish(living=living), watch=self._watch)
        spend = desk.choose(self._wish(living=living, aim="capex"), watch=self._watch)
        if not spend.values or spend.status == "infeasible":
            return spend
        # Of all plans that cost as little to build, the one whose years are cheapest.
        found = desk.choose(self._wish(living=living, budget=spend.objective * (1 + SLACK) + SLACK), watch=self._watch)
        return replace(found, bound=found.objective, status=spend.status) if spend.status in ("stopped", "interrupted") else found

    def answer(self, brief: bool, deep: int, watched: Threats, verify: bool, again: Decide) -> Invest:
        """Decide, check and explain."""
        desk, terms = self.desk, self.desk.worlds.terms
        self.reach()
        if not brief:
            desk.learn_singles()
        choice = self.decide()
        if choice.status == "infeasible":
            raise UsageError("no choice of projects fits what is asked, targets and closures together; ask for less, or leave one of them out")
        if choice.status in ("stopped", "interrupted") and not choice.values:
            raise UsageError("stopped before any plan was found; give it more time")
        if choice.status == "interrupted":
            brief = True
            self.notes.append("interrupted: the plan is the best found so far, and nothing explains it")
        if brief and desk.unknown:
            names = [desk.items[p].name for p in sorted(desk.unknown)]
            said = names[0] if len(names) == 1 else f"{len(names)} projects"
            self.notes.append(f"the cost of {said} is not known, so left out of the decision; without brief it says up to which cost each would be chosen")
        verified = self._verified(choice) if verify and choice.status == "optimal" else None
        rows: list[dict[str, Any]] = []
        front: dict[str, Any] | None = None
        insured: dict[str, Any] | None = None
        found: list[dict[str, Any]] = []
        wish = self._wish()
        # What explains the plan may take as long as it likes; the limit is the decision's.
        desk.limit_s = INF
        try:
            if self.threats.words and desk.closures is not None and deep == 1 and choice.status != "interrupted":
                insured = insurance(desk, desk.closures, choice, self.decide(living=False))
            if not brief:
                rows = details(desk, choice, wish, self.tell)
                found = rests(desk, choice, wish, rows, self.tell)
                more, notes = figures(desk, choice, rows, again, self.tell)
                found += more
                self.notes += notes
                if desk.closures is not None:
                    points = frontier(desk, wish, self.tell)
                    front = {"by": list(watched.words), "deep": deep, "moved_mt": desk.closures.total, "points": points}
        except KeyboardInterrupt:
            self.notes.append("interrupted: what explains the plan is not complete; the decision is")
        if self.tell:
            self.tell("")
        plain = desk.plain(choice.units)
        status = "stopped" if choice.status in ("stopped", "interrupted") else "nearest" if self.nearest else "optimal"
        return Invest(
            desk.worlds.case.name, terms.first, terms.last, self._names(), self.least, status, choice.gap,
            {"discount": terms.discount, "lead_years": terms.lead_years, "life_years": terms.life_years, "guessed": list(terms.guessed)},
            None if self.budget == INF else self.budget, choice.capex, plain.npv, plain.gain, plain.charge, _chosen(desk, choice), self._years(choice),
            self._targets(), self._survive(choice, deep), tuple(rows), desk.worlds.field.settled, desk.worlds.field.out, front, insured, tuple(found),
            tuple(self.notes), verified,
        )  # fmt: skip

    def _verified(self, choice: Choice) -> float | None:
        """How far the optimum is from that with every year written out, relative."""
        if self.tell:
            self.tell("choosing again, every year written out")
        spent = self.budget if self.least == "cost" else choice.capex * (1 + SLACK) + SLACK
        again = self.desk.choose(self._wish(budget=spent), written=True)
        if again.status != "optimal":
            self.notes.append("the second formulation was not solved in the time given")
            return None
        return abs(again.objective - choice.objective) / max(1.0, abs(choice.objective))

    def _names(self) -> tuple[str, ...]:
        return self.desk.worlds.scenario.names

    def _years(self, choice: Choice) -> tuple[dict[str, Any], ...]:
        desk, terms = self.desk, self.desk.worlds.terms
        service = desk.chooser.service(choice.units)
        rows = []
        for t, year in enumerate(terms.years):
            enter = np.flatnonzero(choice.units[:, t]).tolist()
            spent = desk.chooser.capex(choice.units[:, : t + 1], Wish(())) - desk.chooser.capex(choice.units[:, :t], Wish(()))
            rows.append({"year": year, "enters": [desk.items[p].name for p in enter], "capex_musd": spent,
                         "saved_musd": -desk.worlds.costs[t].ask(service[:, t], 0.0)[1]})  # fmt: skip
        return tuple(rows)

    def _targets(self) -> tuple[dict[str, Any], ...]:
        by_year = dict(zip(sorted({t.year for t in self.desk.targets}), self.lacking, strict=True))
        return tuple({"target": t.text, "year": t.year, "quantity": t.quantity, "unit": t.unit, "met": by_year[t.year] <= 2 * SLACK} for t in self.desk.targets)

    def _survive(self, choice: Choice, deep: int) -> dict[str, Any] | None:
        desk, closures = self.desk, self.desk.closures
        if not self.threats.words or closures is None:
            return None
        losses = closures.losses(desk.chooser.service(choice.units)[:, -1])
        return {"by": list(self.threats.words), "deep": deep, "at_most_lost": self.share, "moved_mt": closures.total,
                "moved": [{"commodity": c, "sold_abroad": abroad, "mt": mt} for (c, abroad), mt in closures.moved.items()],
                "allowed_mt": self.share * closures.total, "lost_mt": losses[0].lost_mt if losses else 0.0,
                "closures": len(closures.names) + len(closures.others),
                "losses": [{"closed": list(loss.closed), "lost_mt": loss.lost_mt} for loss in losses[:10]]}  # fmt: skip


def _chosen(desk: Desk, choice: Choice) -> tuple[dict[str, Any], ...]:
    rows = []
    for p in choice.built:
        c, item = desk.asked[p], desk.items[p]
        for s in np.flatnonzero(choice.units[p]).tolist():
            units = int(choice.units[p, s])
            first = not choice.units[p, :s].any()
            cost = (item.capex - item.fixed) * units / item.units + (item.fixed if first else 0.0)
            rows.append({"project": c.name, "name": c.row.name, "year": desk.worlds.terms.first + s, "units": units, "of_units": item.units,
                         "capex_musd": cost, "guessed": list(c.guessed)})  # fmt: skip
    return tuple(sorted(rows, key=lambda r: (r["year"], r["project"])))
