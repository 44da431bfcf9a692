"""The years a choice is judged by, and the closures it has to live through, as functions of what is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.ask.closing import Thing, close_one
from keruen.case import Case
from keruen.investing.candidates import Field, leave_out, undecided
from keruen.investing.dropping import dropped
from keruen.investing.money import Terms
from keruen.investing.targets import Target, weights
from keruen.network import Network, build
from keruen.scenario import Scenario, add, lay
from keruen.solve.builds import Aim, Cut, Year, Yearly, YearMaster, affine, touched
from keruen.solve.choosing import Written
from keruen.solve.program import Program
from keruen.solve.shares import is_export
from keruen.solve.sweep import shut_columns

__all__ = ["Closures", "Costs", "Loss", "Missing", "Worlds", "worlds"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LOADED = 1e-9
# MUSD for one unit that a target lacks: far more than any good is worth, so that only what cannot be had is lacking.
DEAR = 1e4
MOST_CUTS = 8
WORST = 10  # closures told, at least


class Costs(Written):
    """Least cost of a year, MUSD, as far as it differs from that with nothing built."""

    def __init__(self, year: Year, aim: Aim | None, base: float | None, items: int) -> None:
        self.year, self.master = year, YearMaster(year, aim)
        self._seen: dict[bytes, Yearly] = {}
        self.base = self.at(np.zeros(items)).value if base is None else base

    def at(self, z: Floats) -> Yearly:
        """The year with parts z (projects,) built; kept, since the same is asked often."""
        key = z.tobytes()
        if key not in self._seen:
            self._seen[key] = self.master.at(z)
        return self._seen[key]

    def ask(self, z: Floats, level: float) -> tuple[list[Cut], float]:
        """One plane and the value."""
        found = self.at(z)
        return [Cut(found.value - self.base, found.cut.slope, found.cut.at)], found.value - self.base


class Missing(Written):
    """How much a target lacks at least in a year, in its unit."""

    def __init__(self, year: Year, aim: Aim) -> None:
        self.master, self.base = YearMaster(year, aim), 0.0

    def ask(self, z: Floats, level: float) -> tuple[list[Cut], float]:
        """One plane and the value."""
        found = self.master.at(z)
        return [found.cut], found.value


@dataclass(frozen=True)
class Loss:
    """What a closure, or several together, take at most from what could still move: names, Mt."""

    closed: tuple[str, ...]
    lost_mt: float


class Closures:
    """The most that any closure of a set takes away, Mt: what moves without projects and closures, less what could still move.

    deep: also every pair. Closing what a plan does not load takes nothing from it, so only what is loaded is asked; and of pairs
    only those that might be among the worst (:mod:`keruen.investing.dropping`).
    """

    def __init__(self, year: Year, things: Mapping[str, Bools], others: Mapping[str, Year], moved: Mapping[tuple[str, bool], float], deep: int) -> None:
        self.year, self.names, self.deep = year, tuple(things), deep
        self.masks = np.array([things[n] for n in self.names], bool).reshape(len(self.names), len(year.program.cost))
        self._place = {name: i for i, name in enumerate(self.names)}
        self.moved = dict(moved)
        self.total = sum(moved.values())
        self.master = YearMaster(year, _moving(year.program, moved))
        self.others = {name: YearMaster(other, _moving(other.program, moved)) for name, other in sorted(others.items())}
        self._bitten: dict[tuple[str, ...], None] = {}
        self._seen: dict[bytes, list[tuple[tuple[str, ...], Yearly]]] = {}
        self._priced: dict[str, YearMaster] | None = None
        self.watch: Callable[[str], None] | None = None
        self._most = dropped(year.program, [c for c, key in _counted(year.program) if key in self.moved])
        self._by_column = sparse.csr_array(self.masks, dtype=np.float64)

    def _at(self, z: Floats, members: tuple[str, ...]) -> Yearly:
        if members and members[0] in self.others:
            return self.others[members[0]].at(z)
        shut = np.asarray(self.masks[[self._place[m] for m in members]].any(axis=0)) if members else None
        return self.master.at(z, shut)

    def _loaded(self, found: Yearly) -> list[str]:
        used = self.masks[:, np.abs(found.x) > LOADED].any(axis=1)
        return [self.names[i] for i in np.flatnonzero(used).tolist()]

    def everything(self, z: Floats) -> list[tuple[tuple[str, ...], Yearly]]:
        """Every closure that takes anything away, of pairs at least the worst ``WORST``; the worst first."""
        key = z.tobytes()
        if key in self._seen:
            return self._seen[key]
        found: list[tuple[tuple[str, ...], Yearly]] = []
        for name in self._loaded(self._at(z, ())):
            found.append(((name,), self._at(z, (name,))))
        if self.deep > 1:
            found += self._pairs(z, found)
        found += [((name,), self._at(z, (name,))) for name in self.others]
        found.sort(key=lambda f: (-f[1].value, f[0]))
        self._seen[key] = found
        return found

    def _pairs(self, z: Floats, singles: Sequence[tuple[tuple[str, ...], Yearly]]) -> list[tuple[tuple[str, ...], Yearly]]:
        """The worst pairs; a pair whose bound is below the worst found so far is not asked."""
        bounds: dict[tuple[str, ...], float] = {}
        for (name,), one in singles:
            at_most = self._bounds(one)
            for other in self._loaded(one):
                if other != name:
                    pair = tuple(sorted((name, other), key=self._place.__getitem__))
                    bounds[pair] = min(bounds.get(pair, np.inf), float(at_most[self._place[other]]))
        found: list[tuple[tuple[str, ...], Yearly]] = []
        worst: list[float] = sorted((one.value for _, one in singles), reverse=True)[:WORST]
        for i, (pair, most) in enumerate(sorted(bounds.items(), key=lambda b: (-b[1], b[0]))):
            if len(worst) == WORST and most <= worst[-1]:
                break
            if self.watch and i % 20 == 0:
                self.watch(f"pairs: {i} of at most {len(bounds)}")
            found.append((pair, self._at(z, pair)))
            worst = sorted([*worst, found[-1][1].value], reverse=True)[:WORST]
        return found

    def _bounds(self, found: Yearly) -> Floats:
        """(closures,) the most that is lost, Mt, if one more closes: what is lost already and what it would drop."""
        loaded = np.flatnonzero(np.abs(found.x) > LOADED)
        carried = np.zeros(len(found.x))
        carried[loaded] = self._most[loaded] * np.abs(found.x[loaded])
        return np.asarray(found.value + self._by_column @ carried)

    def ask(self, z: Floats, level: float) -> tuple[list[Cut], float]:
        """Planes of what bites: first of closures that bit before, then of all."""
        if level > -np.inf and z.tobytes() not in self._seen:
            again = [(members, self._at(z, members)) for members in self._bitten]
            worse = [f for _, f in again if f.value > level + 1e-6 * max(1.0, abs(level))]
            if worse:
                return [f.cut for f in worse], max(f.value for f in worse)
        found = self.everything(z)
        worst = max([0.0, *(f.value for _, f in found)])
        bites = found[:1] if level == -np.inf else [f for f in found if f[1].value > level + 1e-6 * max(1.0, abs(level))][:MOST_CUTS]
        self._bitten.update(dict.fromkeys(members for members, _ in bites))
        none = Cut(0.0, np.zeros(len(z)), np.zeros(len(z)))
        return [none, *(f.cut for _, f in bites)], worst

    def losses(self, z: Floats) -> list[Loss]:
        """All closures that take anything away, the worst first."""
        return [Loss(members, max(0.0, f.value)) for members, f in self.everything(z) if f.value > 1e-6]

    def costs_closed(self, z: Floats, open_year: Costs) -> dict[tuple[str, ...], float]:
        """MUSD a year of the best plan with parts z built under each single closure; what it does not load does not change it."""
        base = open_year.at(z)
        used = np.asarray(self.masks[:, np.abs(base.x) > LOADED].any(axis=1))
        found: dict[tuple[str, ...], float] = {(n,): open_year.master.at(z, self.masks[i]).value if used[i] else base.value
                                                for i, n in enumerate(self.names)}  # fmt: skip
        return found | {(n,): master.at(z).value for n, master in self._costly().items()}

    def _costly(self) -> dict[str, YearMaster]:
        if self._priced is None:
            self._priced = {name: YearMaster(master.year) for name, master in self.others.items()}
        return self._priced


def _moving(program: Program, moved: Mapping[tuple[str, bool], float]) -> Aim:
    """Lost tonnes: of each commodity, sold abroad and brought home, no more than ``moved`` counts."""
    many = len(program.cost)
    keys = sorted(moved)
    rows = []
    selected = {key: np.zeros(many + len(keys)) for key in keys}
    for (column, mt), key in _counted(program):
        if key in selected:
            selected[key][column] = mt
    for i, key in enumerate(keys):
        line = -selected[key]
        line[many + i] = 1.0
        rows.append((line, -np.inf, 0.0))
    cost = np.concatenate([np.zeros(many), np.full(len(keys), -1.0)])
    return Aim(cost, sum(moved.values()), tuple(rows), tuple(moved[k] for k in keys))


def _counted(program: Program) -> list[tuple[tuple[int, float], tuple[str, bool]]]:
    """((column, Mt in one of it), (commodity, sold abroad)) of what home sells abroad and what is delivered at home."""
    p, n = program, program.network
    found: list[tuple[tuple[int, float], tuple[str, bool]]] = []
    for column, t in p.taken:
        commodity = n.groups[t.group].commodity
        mt = n.counted(commodity, "Mt")
        if is_export(n, t):
            found.append(((column, mt), (commodity, True)))
        elif (t.kind == "demand" and n.wants[t.item].ends[t.end][0].country == n.case.home) or (
            t.kind == "consigned" and n.consigned[t.item].destination.country == n.case.home
        ):
            found.append(((column, mt), (commodity, False)))
    return found


@dataclass
class Worlds:
    """case: with the projects to decide off. costs: by year (position), shared by years that are the same."""

    case: Case
    field: Field
    terms: Terms
    scenario: Scenario
    years: tuple[Year, ...]
    costs: tuple[Costs, ...]
    notes: tuple[str, ...]

    @property
    def adds(self) -> list[dict[str, float]]:
        """What each project adds."""
        return [dict(c.row.adds) for c in self.field.asked]

    def network(self, year: int, more: Scenario | None = None) -> Network:
        """The network of a year in which everything to decide is built."""
        return _full(self.case, self.field, self.scenario + more if more else self.scenario, year)

    def moved(self, commodities: Sequence[str] = ()) -> dict[tuple[str, bool], float]:
        """What moves in the last year with none of the projects and nothing closed, Mt, by (commodity, sold abroad)."""
        x = self.costs[-1].at(np.zeros(len(self.field.asked))).x
        found: dict[tuple[str, bool], float] = {}
        for (column, mt), key in _counted(self.years[-1].program):
            if not commodities or key[0] in commodities:
                found[key] = found.get(key, 0.0) + mt * float(x[column])
        return {key: mt for key, mt in sorted(found.items()) if mt > 1e-9}

    def closures(self, things: Sequence[Thing], scenarios: Mapping[str, Scenario], deep: int, commodities: Sequence[str] = ()) -> Closures:
        """Closures of the last year."""
        year = self.years[-1]
        masks = {}
        for thing in things:
            mask = shut_columns(year.program, lay(close_one(thing), self.case))
            assert mask is not None, "a whole closure"
            masks[str(thing)] = mask
        others = {name: affine(self.network(self.terms.last, s), self.adds) for name, s in scenarios.items()}
        return Closures(year, masks, others, self.moved(commodities), deep)

    def target_costs(self, target: Sequence[Target], position: int) -> tuple[Costs, list[Missing]]:
        """The year made to meet its targets as far as it can, and what each of them, and all together, lack at least."""
        year, p = self.years[position], self.years[position].program
        many = len(p.cost)
        rows: list[tuple[Floats, float, float]] = []
        for i, t in enumerate(target):
            line = np.concatenate([weights(t, p), np.zeros(len(target))])
            line[many + i] = 1.0
            rows.append((line, t.quantity, np.inf))
        most = tuple(t.quantity for t in target)
        priced = Aim(np.concatenate([p.cost, np.full(len(target), DEAR)]), p.offset, tuple(rows), most)
        lacking = Aim(np.concatenate([np.zeros(many), np.ones(len(target))]), 0.0, tuple(rows), most)
        return Costs(year, priced, self.costs[position].base, len(self.field.asked)), [Missing(year, lacking)]


def worlds(case: Case, field: Field, terms: Terms, scenario: Scenario, watch: Callable[[str], None] | None = None) -> Worlds:
    """Build and solve every year once with nothing built."""
    notes: list[str] = []
    bare = undecided(case, field)
    for year in dict.fromkeys((terms.first, terms.last)):
        odd = touched(_full(bare, field, scenario, year), [c.row.adds for c in field.asked], build(bare, year, scenario))
        if odd:
            field = leave_out(field, {field.asked[i].name: why for i, why in sorted(odd.items())})
            bare = undecided(case, field)
    adds = [c.row.adds for c in field.asked]
    years, costs = [], []
    known: dict[tuple[bytes, ...], tuple[Year, Costs]] = {}
    for year in terms.years:
        if watch:
            watch(f"year {year}")
        made = affine(_full(bare, field, scenario, year), adds)
        key = made.key()
        if key not in known:
            known[key] = (made, Costs(made, None, None, len(adds)))
        years.append(known[key][0])
        costs.append(known[key][1])
    notes += [n for n in years[-1].program.network.notes if not n.startswith("project ")]
    return Worlds(bare, field, terms, scenario, tuple(years), tuple(costs), tuple(dict.fromkeys(notes)))


def _full(case: Case, field: Field, scenario: Scenario, year: int) -> Network:
    names = [c.name for c in field.asked]
    return build(case, year, scenario + add(project=names) if names else scenario)
