"""The decision itself: items, years and closures put to the choice, and what each answer says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from keruen.investing.candidates import Candidate
from keruen.investing.money import Terms, charge, factor
from keruen.investing.targets import Target
from keruen.investing.worlds import Closures, Costs, Missing, Worlds
from keruen.solve.choosing import Choice, Chooser, Column, Item, Oracle, Watch, Wish

__all__ = ["Desk", "Plain"]

Floats = NDArray[np.float64]
Units = NDArray[np.int64]
INF = float("inf")


@dataclass(frozen=True)
class Plain:
    """What one schedule comes to against building nothing: gain (worth of cheaper years) and charge in MUSD of the first year, npv their difference."""

    gain: float
    charge: float

    @property
    def npv(self) -> float:
        """Net present value."""
        return self.gain - self.charge


@dataclass
class Desk:
    """Everything a decision is made from. free: without targets and closures, by year; told: with them."""

    worlds: Worlds
    targets: tuple[Target, ...] = ()
    closures: Closures | None = None
    begun: float = 0.0
    limit_s: float = INF
    gap: float = 1e-4
    items: tuple[Item, ...] = field(init=False)
    chooser: Chooser = field(init=False)

    def __post_init__(self) -> None:
        w, terms = self.worlds, self.worlds.terms
        self.begun = monotonic()
        asked = w.field.asked
        place = {c.name: p for p, c in enumerate(asked)}
        self.items = tuple(_item(c, terms, place) for c in asked)
        oracles: list[Oracle] = []
        where: dict[int, int] = {}

        def put(oracle: Costs | Missing | Closures) -> int:
            if id(oracle) not in where:
                where[id(oracle)] = len(oracles)
                oracles.append(oracle)
            return where[id(oracle)]

        self.free = tuple(Column(put(c), t, terms.worth(year)) for t, (year, c) in enumerate(zip(terms.years, w.costs, strict=True)))
        self.told: tuple[Column, ...] = self.free
        self.lacking: tuple[Column, ...] = ()
        for year in sorted({t.year for t in self.targets}):
            at = year - terms.first
            costs, missing = w.target_costs([t for t in self.targets if t.year == year], at)
            self.told = tuple(Column(put(costs), at, c.weight) if c.year == at else c for c in self.told)
            self.lacking += tuple(Column(put(m), at, 0.0, 0.0) for m in missing)
        self.lost = Column(put(self.closures), len(terms.years) - 1, 0.0, INF) if self.closures else None
        self.chooser = Chooser(self.items, len(terms.years), oracles)
        self.unknown = frozenset(p for p, c in enumerate(asked) if c.capex_musd is None)
        everything = np.ones((len(asked), len(terms.years)))
        columns = [*self.free, *self.told, *self.lacking, *([self.lost] if self.lost else [])]
        for z in (0.0 * everything, everything):
            self.chooser.learn(z, columns)

    @property
    def asked(self) -> tuple[Candidate, ...]:
        """Projects to decide, in the order of the items."""
        return self.worlds.field.asked

    def left(self) -> float:
        """Seconds left."""
        return self.limit_s - (monotonic() - self.begun)

    def learn_singles(self) -> None:
        """Ask every year about every project with what it needs: good first planes, wanted later anyway."""
        for p in range(len(self.items)):
            z = np.zeros((len(self.items), len(self.worlds.terms.years)))
            z[sorted(self.with_needs(p))] = 1.0
            self.chooser.learn(z, self.told)

    def with_needs(self, p: int) -> frozenset[int]:
        """A project and all that must come before it."""
        found, todo = {p}, [p]
        while todo:
            for q in self.items[todo.pop()].needs:
                if q not in found:
                    found.add(q)
                    todo.append(q)
        return frozenset(found)

    def without(self, p: int, units: Units) -> Units:
        """A schedule without a project and without those that need it."""
        gone = {q for q in range(len(self.items)) if p in self.with_needs(q)}
        left = units.copy()
        left[sorted(gone)] = 0
        return left

    # --- wishes ----------------------------------------------------------------------------------------

    def wish(self, *, at_most_lost: float = INF, lacking: Sequence[float] = (), budget: float = INF, aim: str = "cost") -> Wish:
        """The plan that is asked for. lacking: how much each of the targets' years may lack."""
        columns = [*self.told, *(replace(c, upper=up) for c, up in zip(self.lacking, lacking, strict=True))]
        if self.lost and at_most_lost < INF:
            columns.append(replace(self.lost, upper=at_most_lost))
        return Wish(tuple(columns), barred=self.unknown, capex_most=budget, aim=aim)

    def choose(self, wish: Wish, *, gap: float | None = None, watch: Watch | None = None, written: bool = False) -> Choice:
        """Ask for it, in the time left."""
        return self.chooser.choose(wish, gap=self.gap if gap is None else gap, limit_s=self.left(), watch=watch, written=written)

    def plain(self, units: Units, charges: Mapping[int, tuple[Floats, Floats]] | None = None) -> Plain:
        """What a schedule comes to, targets and closures left aside."""
        wish = Wish(self.free, charges=dict(charges or {}), aim="columns")
        return Plain(0.0 - self.chooser.value(units, wish)[0], self.chooser.charge(units, wish))

    # --- one project at a time -------------------------------------------------------------------------

    def entering(self, p: int, s: int, units: int, under: Units) -> Units:
        """A schedule with so many units of a project entering service in a year, and what it needs by then."""
        found = under.copy()
        found[p] = 0
        for q in sorted(self.with_needs(p) - {p}):
            start = np.flatnonzero(found[q])
            if not len(start) or start[0] > s:
                found[q] = 0
                found[q, s] = self.items[q].units
        found[p, s] = units
        return found

    def clashes(self, p: int, units: Units) -> list[int]:
        """Items of a schedule that a project, or what it needs, rules out."""
        mine = self.with_needs(p)
        built = set(np.flatnonzero(units.sum(axis=1)).tolist())
        return sorted(q for q in built - mine if any(q in self.items[m].excludes or m in self.items[q].excludes for m in mine))

    def beside(self, p: int, units: Units) -> Units:
        """A schedule without what a project, or what it needs, rules out."""
        left = units
        for q in self.clashes(p, units):
            left = self.without(q, left)
        return left

    def best(self, p: int, under: Units) -> tuple[Plain, int, int] | None:
        """The best year (position) and number of units of a project on top of a schedule: what it adds to it. None if it can never come."""
        first = max(self.items[q].first for q in self.with_needs(p))
        before = self.plain(under)
        found: tuple[Plain, int, int] | None = None
        many = self.items[p].units
        for k in sorted({many} | ({max(1, round(many * i / 10)) for i in range(1, 11)} if many > 1 else set())):
            for s in range(first, len(self.worlds.terms.years)):
                now = self.plain(self.entering(p, s, k, under))
                told = Plain(now.gain - before.gain, now.charge - before.charge)
                if found is None or (told.npv if p not in self.unknown else told.gain) > (found[0].npv if p not in self.unknown else found[0].gain) + 1e-9:
                    found = (told, s, k)
        return found

    def break_even(self, p: int, wish: Wish) -> float | None:
        """The cost in MUSD of the whole project up to which it belongs to the best plan; None where there is no plan without it.

        Newton's method on the best value as a function of the cost (as Dinkelbach's of 1967 for ratios): each plan that
        has the project tells up to which cost it beats the best plan without.
        """
        c = self.asked[p]
        share = c.fixed_musd / c.capex_musd if c.capex_musd else 0.0
        by_year = factor(self.worlds.terms, c.lead_years, c.life_years)
        base = self.choose(replace(wish, barred=wish.barred | {p}), gap=1e-6)
        if base.status == "infeasible":
            return None
        cost = 0.0
        for _ in range(20):
            charges = {**wish.charges, p: (by_year * cost * (1 - share), by_year * cost * share)}
            capex = {**wish.capex, p: (cost, cost * share)}
            barred = wish.barred - self.with_needs(p) if p in wish.barred else wish.barred
            barred |= (self.unknown & self.with_needs(p)) - {p}
            now = self.choose(replace(wish, barred=barred, charges=charges, capex=capex), gap=1e-6)
            if p not in now.built or now.objective >= base.objective - 1e-6 * max(1.0, abs(base.objective)):
                break
            one = replace(wish, charges={p: (by_year * (1 - share), by_year * share)})
            alone = np.zeros_like(now.units)
            alone[p] = now.units[p]
            higher = cost + (base.objective - now.objective) / self.chooser.charge(alone, one)
            if wish.capex_most < INF:
                spent = self.chooser.capex(now.units, replace(wish, capex=capex)) - self.chooser.capex(alone, replace(wish, capex=capex))
                part = self.chooser.capex(alone, replace(wish, capex={p: (1.0, share)}))
                higher = min(higher, (wish.capex_most - spent) / part)
            if higher <= cost * (1 + 1e-6) + 1e-9:
                break
            cost = higher
        return cost


def _item(c: Candidate, terms: Terms, place: Mapping[str, int]) -> Item:
    life, years = c.life_years, len(terms.years)
    whole, fixed = (c.capex_musd or 0.0), (c.fixed_musd if c.capex_musd is not None else 0.0)
    by_year, start = charge(terms, c.lead_years, life, whole, fixed)
    needs = tuple(sorted(place[n] for n in c.row.needs if n in place))
    excludes = tuple(sorted(place[n] for n in c.row.excludes if n in place))
    return Item(c.name, c.row.units, min(years, c.first - terms.first), life, by_year, start, whole, fixed, needs, excludes)
