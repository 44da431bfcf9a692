"""What to build, and when: a mixed-integer program over projects, with years and closures known by planes below them.

Benders (1962): a small program chooses builds; each convex function of what is built (the least cost of a year, what is
still lost under a closure) is asked at that choice and answers with planes below it; the choice is made again. The small
program bounds every choice from below and the best choice asked bounds the optimum from above, so the gap is proven.
Closures come in only when they bite (column-and-constraint generation, Zeng and Zhao 2013).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import SolveError
from keruen.solve.builds import Cut, YearMaster
from keruen.solve.extensive import size_of, write_out

__all__ = ["Choice", "Chooser", "Column", "Item", "Oracle", "Wish", "Written"]

Floats = NDArray[np.float64]
INF = float("inf")
LP_ROUNDS = 100
SMALL = 12_000  # columns of all years together up to which they are written out from the start
PATIENCE, LARGE = 40, 50_000  # rounds after which they are written out if they have no more columns than that
MOST_ROUNDS = 2000
NEAR = 1e-6  # how far above its upper end a value may lie, relative


@dataclass(frozen=True)
class Item:
    """A project as the choice sees it.

    units: equal parts; first: earliest year of service (position); life: years of service. charge (years,): cost in the
    objective of the whole entering service in a year, all its units; start (years,): what comes on top once, however many
    units. capex, fixed: the same in money spent, for a budget. needs, excludes: positions of other items.
    """

    name: str
    units: int
    first: int
    life: int
    charge: Floats
    start: Floats
    capex: float
    fixed: float = 0.0
    needs: tuple[int, ...] = ()
    excludes: tuple[int, ...] = ()


class Oracle(Protocol):
    """A convex function of the parts built."""

    def ask(self, z: Floats, level: float) -> tuple[list[Cut], float]:
        """Planes below it near z (projects,), and its value there. Where a plane is above ``level`` already, the value may be any lower bound above it."""
        ...


class Written:
    """An oracle that is the least cost of a linear program, ``master``, less ``base``: it can be written out."""

    master: YearMaster
    base: float


@dataclass(frozen=True)
class Column:
    """A function of what is in service in a year: its weight in the objective, and the most it may be."""

    oracle: int
    year: int
    weight: float
    upper: float = INF


@dataclass(frozen=True)
class Wish:
    """What is asked of a choice. barred: items that must not be built; forced: item -> year (position) in which all of it enters service.

    scale (items,): factor on what each adds. aim: cost (charges and columns), capex (money spent alone) or columns (without charges).
    capex_most: budget. charges: other charge and start, capex: other capex and fixed, by item.
    """

    columns: tuple[Column, ...]
    barred: frozenset[int] = frozenset()
    forced: Mapping[int, int] = field(default_factory=dict)
    scale: Floats | None = None
    capex_most: float = INF
    aim: str = "cost"
    charges: Mapping[int, tuple[Floats, Floats]] = field(default_factory=dict)
    capex: Mapping[int, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """units (items, years) entering service; objective as asked, and the bound no choice can beat; values of the columns there.

    status: optimal, stopped (time is up), interrupted (``bound`` tells how far either may be off) or infeasible.
    """

    units: NDArray[np.int64]
    objective: float
    bound: float
    values: tuple[float, ...]
    capex: float
    status: str
    rounds: int

    @property
    def built(self) -> tuple[int, ...]:
        """Items of which something is built."""
        return tuple(np.flatnonzero(self.units.sum(axis=1)).tolist())

    @property
    def gap(self) -> float:
        """How far the objective may lie above the optimum, relative to the objective."""
        return max(0.0, self.objective - self.bound) / max(1.0, abs(self.objective))


Watch = Callable[[float, float, int], None]


class Chooser:
    """Items, years and functions, with all planes found so far: they hold whatever is asked next."""

    def __init__(self, items: Sequence[Item], years: int, oracles: Sequence[Oracle]) -> None:
        self.items, self.years, self.oracles = tuple(items), years, tuple(oracles)
        self.cuts: list[list[Cut]] = [[] for _ in oracles]
        self._known: list[set[bytes]] = [set() for _ in oracles]
        for p, item in enumerate(self.items):
            if p in item.needs or p in item.excludes or not 0 <= item.first <= years or item.units < 1 or item.life < 1:
                raise SolveError(f"{item.name} cannot be decided: {item}")

    # --- what is in service --------------------------------------------------------------------------

    def service(self, units: NDArray[np.int64]) -> Floats:
        """Parts in service (items, years) of units entering service (items, years)."""
        z = np.zeros(units.shape)
        for p, item in enumerate(self.items):
            for s in np.flatnonzero(units[p]).tolist():
                z[p, s : s + item.life] += units[p, s] / item.units
        return z

    def charge(self, units: NDArray[np.int64], wish: Wish) -> float:
        """What the units cost in the objective."""
        total = 0.0
        for p, item in enumerate(self.items):
            entering = np.flatnonzero(units[p])
            if len(entering):
                charge, start = wish.charges.get(p, (item.charge, item.start))
                total += float(charge[entering] @ units[p, entering]) / item.units + float(start[entering[0]])
        return total

    def capex(self, units: NDArray[np.int64], wish: Wish) -> float:
        """Money spent on the units."""
        total = 0.0
        for p, item in enumerate(self.items):
            whole, fixed = wish.capex.get(p, (item.capex, item.fixed))
            built = int(units[p].sum())
            total += fixed + (whole - fixed) * built / item.units if built else 0.0
        return total

    def learn(self, z: Floats, columns: Sequence[Column], scale: Floats | None = None) -> None:
        """Ask the functions of some columns at parts z (items, years)."""
        for oracle, year in sorted({(c.oracle, c.year) for c in columns}):
            at = z[:, year] if scale is None else z[:, year] * scale
            self._keep(oracle, self.oracles[oracle].ask(at, -INF)[0])

    def _keep(self, oracle: int, cuts: Sequence[Cut]) -> int:
        new = 0
        for cut in cuts:
            key = np.round(np.append(cut.slope, cut.constant), 9).tobytes()
            if key not in self._known[oracle]:
                self._known[oracle].add(key)
                self.cuts[oracle].append(cut)
                new += 1
        return new

    # --- the choice ------------------------------------------------------------------------------------

    def value(self, units: NDArray[np.int64], wish: Wish) -> tuple[float, tuple[float, ...]]:
        """Objective and values of the columns of one schedule."""
        values = self._values(self.service(units), wish, [-INF if c.weight else c.upper for c in wish.columns])[0]
        return self._total(units, values, wish), values

    def _total(self, units: NDArray[np.int64], values: Sequence[float], wish: Wish) -> float:
        if wish.aim == "capex":
            return self.capex(units, wish)
        worth = sum(c.weight * v for c, v in zip(wish.columns, values, strict=True))
        return worth + (self.charge(units, wish) if wish.aim == "cost" else 0.0)

    def _values(self, z: Floats, wish: Wish, levels: Sequence[float]) -> tuple[tuple[float, ...], int]:
        """Values of the columns for parts z, and how many new planes were found."""
        values, new = [], 0
        for column, level in zip(wish.columns, levels, strict=True):
            at = z[:, column.year] if wish.scale is None else z[:, column.year] * wish.scale
            cuts, value = self.oracles[column.oracle].ask(at, level)
            new += self._keep(column.oracle, cuts)
            values.append(value)
        return tuple(values), new

    def choose(self, wish: Wish, *, gap: float = 1e-4, limit_s: float = INF, watch: Watch | None = None, written: bool = False) -> Choice:
        """The best schedule for a wish. KeyboardInterrupt or the limit end it early, with the best so far and its bound.

        written: have every year that is a linear program written out from the start; otherwise only where planes lead nowhere.
        """
        begun = monotonic()
        model = _Model(self, wish)
        none = np.zeros((len(self.items), self.years), np.int64)
        best, best_units, bound, rounds, status = INF, none, -INF, 0, "optimal"
        best_values: tuple[float, ...] = ()
        try:
            if written or model.size() <= SMALL:
                model.write_out()
            bound = self._relaxed(model, wish, gap, begun, limit_s)
            while rounds < MOST_ROUNDS:
                rounds += 1
                if rounds == PATIENCE and model.size() <= LARGE:
                    model.write_out()
                left = limit_s - (monotonic() - begun)
                solved = model.solve(gap / 10, max(1.0, left), integer=True)
                if solved is None:
                    return Choice(none, INF, INF, (), 0.0, "infeasible", rounds)
                units, levels, low = solved
                bound = max(bound, min(low, best))
                levels = [level if c.weight else c.upper for c, level in zip(wish.columns, levels, strict=True)]
                values, new = self._values(self.service(units), wish, levels)
                fits = all(v <= c.upper + NEAR * max(1.0, abs(c.upper)) for c, v in zip(wish.columns, values, strict=True) if c.upper < INF)
                total = self._total(units, values, wish)
                # A value cut short above its level says too little for a bound from above.
                if fits and total < best - 1e-12 * max(1.0, abs(total)):
                    exact = self.value(units, wish)
                    if exact[0] < best:
                        best, best_units, best_values = exact[0], units, exact[1]
                if watch:
                    watch(best, bound, rounds)
                if best - bound <= gap * max(1.0, abs(best)):
                    break
                if not new:
                    # Nothing more can be learnt there: what is left is rounding.
                    if fits:
                        break
                    model.forbid(units)
                if left <= 0:
                    status = "stopped"
                    break
            else:
                status = "stopped"
        except KeyboardInterrupt:
            status = "interrupted"
        if best == INF:
            # Interrupted before any schedule was found to fit.
            return Choice(none, INF, bound, (), 0.0, "stopped" if status == "optimal" else status, rounds)
        return Choice(best_units, best, min(bound, best), best_values, self.capex(best_units, wish), status, rounds)

    def _relaxed(self, model: _Model, wish: Wish, gap: float, begun: float, limit_s: float) -> float:
        """Planes at the choice of parts of projects, which is quick to make; its bound holds for whole ones.

        Asked halfway between that choice and the best parts so far, which keeps it from jumping about (in-out, Ben-Ameur and Neto 2007).
        """
        low, best, stay = -INF, INF, None
        for turn in range(LP_ROUNDS):
            if monotonic() - begun > limit_s:
                break
            solved = model.solve(gap / 10, max(1.0, limit_s - (monotonic() - begun)), integer=False)
            if solved is None:
                return low
            _, levels, bound = solved
            low = max(low, bound)
            there = model.parts()
            asked = [there] if stay is None else [(there + stay) / 2, there]
            new = 0
            for z in asked:
                told = [level if c.weight else c.upper for c, level in zip(wish.columns, levels, strict=True)]
                values, found = self._values(z, wish, told)
                new += found
                fits = all(v <= c.upper + NEAR * max(1.0, abs(c.upper)) for c, v in zip(wish.columns, values, strict=True) if c.upper < INF)
                if z is there:
                    total = model.money() + sum(c.weight * v for c, v in zip(wish.columns, values, strict=True) if wish.aim != "capex")
                    if fits and total < best:
                        best, stay = total, there
                elif found and turn % 3:
                    stay = z
                    break
            if not new or best - low <= gap * max(1.0, abs(best)):
                break
        return low


class _Model:
    """The small program: when each unit enters service, and what is known of the functions."""

    def __init__(self, chooser: Chooser, wish: Wish) -> None:
        self.chooser, self.wish = chooser, wish
        self.cost: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[int] = []
        self._rows: list[tuple[list[int], list[float], float, float]] = []
        self._sent = 0
        items, years = chooser.items, chooser.years
        self.f: list[dict[int, int]] = []
        self.y: list[dict[int, int]] = []
        self.z = np.full((len(items), years), -1, np.int64)
        spend: list[tuple[int, float]] = []
        for p, item in enumerate(items):
            barred = p in wish.barred
            charge, start = wish.charges.get(p, (item.charge, item.start))
            whole, fixed = wish.capex.get(p, (item.capex, item.fixed))
            f, y = {}, {}
            for s in range(item.first, years):
                in_year = not barred and wish.forced.get(p, s) == s
                f[s] = self.column(self._money(float(start[s]), fixed), 0.0, float(in_year), True)
                y[s] = self.column(self._money(float(charge[s]) / item.units, (whole - fixed) / item.units), 0.0, item.units * float(in_year), True)
                spend += [(f[s], fixed), (y[s], (whole - fixed) / item.units)]
                self.row([y[s], f[s]], [1.0, -1.0], 0.0, INF)
                if wish.forced.get(p) == s:
                    self.low[f[s]], self.low[y[s]] = 1.0, float(item.units)
            self.f.append(f)
            self.y.append(y)
            if f:
                self.row(list(f.values()), [1.0] * len(f), -INF, 1.0)
                self.row(list(y.values()), [1.0] * len(y), -INF, float(item.units))
            for s in f:
                before = [t for t in f if t <= s]
                self.row([y[s], *(f[t] for t in before)], [1.0, *[-float(item.units)] * len(before)], -INF, 0.0)
            for t in range(years):
                self.z[p, t] = self.column(0.0, 0.0, 1.0, False)
                there = [y[s] for s in y if t - item.life < s <= t]
                self.row([int(self.z[p, t]), *there], [1.0, *[-1.0 / item.units] * len(there)], 0.0, 0.0)
        for p, item in enumerate(items):
            for q in item.needs:
                for t in self.f[p]:
                    mine, theirs = ([f[s] for s in f if s <= t] for f in (self.f[p], self.f[q]))
                    self.row([*mine, *theirs], [1.0] * len(mine) + [-1.0] * len(theirs), -INF, 0.0)
            for q in item.excludes:
                both = [*self.f[p].values(), *self.f[q].values()]
                self.row(both, [1.0] * len(both), -INF, 1.0)
        if wish.capex_most < INF and spend:
            self.row([c for c, _ in spend], [v for _, v in spend], -INF, wish.capex_most * (1 + 1e-9))
        money = 0.0 if wish.aim == "capex" else 1.0
        self.v = [self.column(c.weight * money, -INF, c.upper, False) for c in wish.columns]
        self._cuts = [0] * len(wish.columns)
        self._written: set[int] = set()
        self._x = np.zeros(0)

    def _money(self, charge: float, capex: float) -> float:
        return {"cost": charge, "capex": capex, "columns": 0.0}[self.wish.aim]

    def column(self, cost: float, low: float, high: float, whole: bool) -> int:
        """Add a column; returns its number."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        if whole:
            self.whole.append(len(self.cost) - 1)
        return len(self.cost) - 1

    def row(self, columns: list[int], values: list[float], low: float, high: float) -> None:
        """Add a row."""
        self._rows.append((columns, values, low, high))

    def forbid(self, units: NDArray[np.int64]) -> None:
        """Leave out one choice of starts: it was asked and does not fit."""
        ones = [self.f[p][s] for p, f in enumerate(self.f) for s in f if units[p, s] and not units[p, :s].any()]
        rest = [c for f in self.f for c in f.values() if c not in set(ones)]
        self.row([*ones, *rest], [1.0] * len(ones) + [-1.0] * len(rest), -INF, len(ones) - 1.0)

    def _programs(self) -> list[tuple[int, Written]]:
        """Columns of the wish whose function is a linear program that is not written out yet."""
        oracles = self.chooser.oracles
        found = [(k, oracles[c.oracle]) for k, c in enumerate(self.wish.columns) if k not in self._written]
        return [(k, oracle) for k, oracle in found if isinstance(oracle, Written)]

    def size(self) -> int:
        """Columns that writing out would add."""
        return sum(size_of(oracle.master) for _, oracle in self._programs())

    def write_out(self) -> None:
        """Write every year out that is a linear program: nothing is left to learn of it."""
        for k, oracle in self._programs():
            master = oracle.master
            write_out(self, master, self.z[:, self.wish.columns[k].year], self.wish.scale, self.v[k], oracle.base)
            self._written.add(k)

    def _new_cuts(self) -> None:
        scale = self.wish.scale
        for k, column in enumerate(self.wish.columns):
            for cut in self.chooser.cuts[column.oracle][self._cuts[k] :]:
                slope = cut.slope if scale is None else cut.slope * scale
                used = np.flatnonzero(slope)
                self.row([self.v[k], *self.z[used, column.year].tolist()], [1.0, *(-slope[used]).tolist()], cut.constant, INF)
            self._cuts[k] = len(self.chooser.cuts[column.oracle])

    def solve(self, gap: float, limit_s: float, *, integer: bool) -> tuple[NDArray[np.int64], list[float], float] | None:
        """Units, values of the columns as far as known, and a bound; None if nothing fits."""
        self._new_cuts()
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("parallel", "off"), ("mip_rel_gap", gap), ("mip_abs_gap", 1e-9),
                              ("mip_feasibility_tolerance", 1e-9), ("primal_feasibility_tolerance", 1e-9), ("dual_feasibility_tolerance", 1e-9),
                              ("time_limit", min(limit_s, 1e7))):  # fmt: skip
            highs.setOptionValue(option, value)
        start = np.concatenate([[0], np.cumsum([len(c) for c, *_ in self._rows])])
        index = np.array([c for columns, *_ in self._rows for c in columns], np.int32)
        values = np.array([v for _, vs, *_ in self._rows for v in vs], np.float64)
        matrix = sparse.csc_array(sparse.csr_array((values, index, start), shape=(len(self._rows), len(self.cost))))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self._rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(self.cost), np.array(self.low), np.array(self.high)
        lp.row_lower_, lp.row_upper_ = np.array([r[2] for r in self._rows]), np.array([r[3] for r in self._rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        if integer:
            kinds = np.full(len(self.cost), highspy.HighsVarType.kContinuous)
            kinds[self.whole] = highspy.HighsVarType.kInteger
            lp.integrality_ = list(kinds)
        highs.passModel(lp)
        highs.run()
        status = highs.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        self._x = np.array(highs.getSolution().col_value)
        info = highs.getInfo()
        if status != highspy.HighsModelStatus.kOptimal and (status != highspy.HighsModelStatus.kTimeLimit or len(self._x) != len(self.cost)):
            raise SolveError(f"HiGHS stopped with '{highs.modelStatusToString(status)}' while choosing what to build; this is a fault of keruen")
        bound = float(info.mip_dual_bound if integer and self.whole else info.objective_function_value)
        units = np.zeros((len(self.y), self.chooser.years), np.int64)
        for p, y in enumerate(self.y):
            for s, column in y.items():
                units[p, s] = round(self._x[column])
        return units, [float(self._x[c]) for c in self.v], bound

    def money(self) -> float:
        """Charges, or money spent, in the last solution."""
        rest = np.array(self.cost) * self._x
        rest[self.v] = 0.0
        return float(rest.sum())

    def parts(self) -> Floats:
        """Parts in service in the last solution, whole or not, (items, years)."""
        return np.clip(self._x[self.z], 0.0, 1.0)
