"""The program of one year as a function of what has been built: value and slope, warm.

Capacities enter the program of docs/model.md only as sides of rows, and a project changes them in proportion to the
part of it that is built. So the least cost of a year is a convex function of those parts, and the prices of a solve
give a plane below it that touches it there. That is all a decision needs to know of a year (Benders 1962).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.network import Network
from keruen.solve.highs import Solver
from keruen.solve.program import Program, assemble, capacities

__all__ = ["Aim", "Cut", "Year", "YearMaster", "Yearly", "affine", "touched"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HOURS = 8760.0
TINY = 1e-9
INF = np.inf


@dataclass(frozen=True)
class Cut:
    """A plane below a convex function of the parts built: value + slope . (z - at), all (projects,)."""

    value: float
    slope: Floats
    at: Floats

    @property
    def constant(self) -> float:
        """The plane at nothing built."""
        return self.value - float(self.slope @ self.at)


@dataclass(frozen=True)
class Year:
    """A program with everything built, and what its sides are for parts built: upper side = ``none`` + ``more`` @ z.

    program: assembled with all projects; more: (rows, projects) sparse.
    """

    program: Program
    none: Floats
    more: sparse.csr_array

    def key(self) -> tuple[bytes, ...]:
        """The same for years whose programs are the same, number for number."""
        p, m = self.program, self.program.matrix
        arrays = (p.cost, p.upper, m.data, m.indices, m.indptr, p.row_lower, self.none, self.more.data, self.more.indices, self.more.indptr, [p.offset])
        return tuple(np.asarray(a).tobytes() for a in arrays)


@dataclass(frozen=True)
class Aim:
    """What is asked of a year instead of its least cost. cost (columns,) is minimised, plus ``offset``.

    rows: more rows (values by column, lower, upper); columns of the program come first, then ``extra`` columns of the aim,
    with upper bounds ``extra_upper``; shut: columns that carry nothing.
    """

    cost: Floats
    offset: float = 0.0
    rows: tuple[tuple[Floats, float, float], ...] = ()
    extra_upper: tuple[float, ...] = ()
    shut: Bools | None = None


@dataclass(frozen=True)
class Yearly:
    """A solved year: least value, its plane, the plan x (columns,) and the prices (rows,)."""

    value: float
    cut: Cut
    x: Floats
    prices: Floats


def touched(network: Network, projects: Sequence[Mapping[str, float]], none: Network) -> dict[int, str]:
    """Projects (positions) whose effect is not in proportion to what is built, and why.

    none: the network with none of the projects.
    """
    case, found = network.case, {}
    names = {o.name: o for o in none.offers}
    base = _capacities(none)
    falls: dict[str, float] = {}
    for adds in projects:
        for target, quantity in adds.items():
            if quantity < 0:
                falls[target] = falls.get(target, 0.0) + quantity
    for i, adds in enumerate(projects):
        for target, quantity in sorted(adds.items()):
            if target in names and names[target].coupled and quantity:
                found[i] = f"it adds to {target}, which moves in equal shares with other supplies"
            if quantity < 0 and base.get(target, 0.0) + falls[target] * _per_added(none, target) < -TINY:
                found[i] = f"it takes away more from {target} than there is"
            for table in ("links", "transfers", "plants"):
                row = getattr(case, table).get(target)
                if row is not None and row.opened is not None and row.opened > network.year and (row.capacity or 0.0) > 0:
                    found[i] = f"it opens {target} before {row.opened}, whatever it adds"
    return found


def affine(network: Network, projects: Sequence[Mapping[str, float]]) -> Year:
    """The program of a network in which all ``projects`` (id -> what it adds) are built, as a function of the parts built.

    Only for projects that :func:`touched` does not name.
    """
    program = assemble(network)
    rows: dict[str, list[tuple[int, float]]] = {}
    edges = {edge.limit: edge.name for edge in network.edges if edge.limit >= 0}
    overlay, case = network.overlay, network.case
    for i, row in enumerate(program.limit_rows):
        if row >= 0:
            table = "transfers" if network.limits[i].kind == "transfer" else "links"
            rows.setdefault(edges[i], []).append((row, overlay.factor(table, edges[i], "capacity")))
    for works, row in zip(network.works, program.plant_rows, strict=True):
        rows.setdefault(works.name, []).append((row, _per_added(network, works.name)))
    for offer, row in zip(network.offers, program.supply_rows, strict=True):
        rows.setdefault(offer.name, []).append((row, overlay.factor("supplies", offer.name, "quantity")))
    for ships, row in zip(network.ships, program.fleet_rows, strict=True):
        if ships.name in case.fleets:
            rows.setdefault(ships.name, []).append((row, _per_added(network, ships.name)))
    entries: list[tuple[int, int, float]] = []
    for p, adds in enumerate(projects):
        for target, quantity in sorted(adds.items()):
            entries += [(row, p, quantity * factor) for row, factor in rows.get(target, ()) if quantity * factor]
    at = np.array([(r, p) for r, p, _ in entries], np.int64).reshape(-1, 2)
    more = sparse.csr_array((np.array([v for *_, v in entries], np.float64), (at[:, 0], at[:, 1])), shape=(len(program.row_upper), len(projects)))
    none = program.row_upper.copy()
    full = np.asarray(more.sum(axis=1)).ravel()
    changed = np.flatnonzero(full)
    none[changed] = none[changed] - full[changed]
    none[changed] = np.where(np.abs(none[changed]) < TINY, 0.0, none[changed])
    return Year(program, none, more)


def _per_added(n: Network, target: str) -> float:
    """How much of the side of its row one unit of what a project adds is."""
    overlay, case = n.overlay, n.case
    if target in case.plants:
        return case.plants[target].availability * overlay.factor("plants", target, "capacity")
    if target in case.fleets:
        row = case.fleets[target]
        counts = (row.first_year is None or row.first_year <= n.year) and (row.last_year is None or row.last_year >= n.year)
        afloat = counts and row.payload_t * overlay.factor("fleets", target, "payload") > 0
        downtime = min(1.0, row.downtime * overlay.factor("fleets", target, "downtime"))
        return overlay.factor("fleets", target, "ships") * HOURS * (1 - downtime) if afloat else 0.0
    if target in case.supplies:
        return overlay.factor("supplies", target, "quantity")
    return overlay.factor("transfers" if target in case.transfers else "links", target, "capacity")


def _capacities(n: Network) -> dict[str, float]:
    edges = {edge.limit: edge.name for edge in n.edges if edge.limit >= 0}
    found = {edges[i]: limit.capacity for i, limit in enumerate(n.limits) if i in edges}
    found |= {w.name: w.capacity for w in n.works} | {s.name: s.hours for s in n.ships} | {o.name: o.quantity for o in n.offers}
    return found


class YearMaster:
    """A year kept in HiGHS: least cost, or an aim, for any parts built."""

    def __init__(self, year: Year, aim: Aim | None = None) -> None:
        self.year, p = year, year.program
        aim = aim or Aim(p.cost, p.offset)
        self.aim, self.offset = aim, aim.offset
        columns = len(p.cost) + len(aim.extra_upper)
        upper = np.concatenate([p.upper, np.array(aim.extra_upper, np.float64)])
        matrix = p.matrix
        if aim.extra_upper:
            matrix = sparse.csc_array(sparse.hstack([matrix, sparse.csc_array((matrix.shape[0], len(aim.extra_upper)))]))
        if aim.rows:
            matrix = sparse.csc_array(sparse.vstack([matrix, sparse.csc_array(np.array([values for values, _, _ in aim.rows]))]))
        self.lower = np.concatenate([p.row_lower, [low for _, low, _ in aim.rows]])
        self._rest = np.array([high for *_, high in aim.rows], np.float64)
        if aim.shut is not None:
            upper = np.where(np.concatenate([aim.shut, np.zeros(len(aim.extra_upper), bool)]), 0.0, upper)
        assert len(aim.cost) == columns
        self.matrix: sparse.csc_array = matrix
        self._upper, self._shut = upper, np.zeros(0, np.int64)
        self.empty = columns == 0
        self._solver = None if self.empty else Solver(aim.cost, upper, matrix, self.lower, np.concatenate([year.none, self._rest]))

    @property
    def upper(self) -> Floats:
        """(columns,) most of each column, those of the aim after those of the program."""
        return self._upper

    @property
    def rest(self) -> Floats:
        """Upper sides of the rows of the aim, which come after those of the program."""
        return self._rest

    def sides(self, z: Floats) -> Floats:
        """Upper sides of the rows of the program for parts built."""
        return np.asarray(self.year.none + self.year.more @ z)

    def at(self, z: Floats, shut: Bools | None = None) -> Yearly:
        """The year with parts z (projects,) built, and columns ``shut`` of the program carrying nothing."""
        p = self.year.program
        if self._solver is None:
            return Yearly(self.offset, Cut(self.offset, np.zeros(len(z)), z), np.zeros(0), np.zeros(len(p.row_upper)))
        self._solver.set_rows(self.lower, np.concatenate([self.sides(z), self._rest]))
        if len(self._shut):
            self._solver.set_upper(self._shut, self._upper[self._shut])
        self._shut = np.zeros(0, np.int64) if shut is None else np.flatnonzero(shut)
        if len(self._shut):
            self._solver.set_upper(self._shut, 0.0)
        answer = self._solver.solve()
        prices = answer.row_dual[: len(p.row_upper)]
        value = answer.objective + self.offset
        slope = np.asarray(self.year.more.T @ prices)
        return Yearly(value, Cut(value, np.where(np.abs(slope) < TINY, 0.0, slope), z.copy()), answer.x[: len(p.cost)], prices)

    def limits(self, z: Floats, found: Yearly) -> list[tuple[str, str, float, str, int, float]]:
        """(name, kind, capacity, unit, row, price of the solver in MUSD of one more) of everything with a capacity."""
        sides = self.sides(z)
        told = capacities(self.year.program)
        return [(name, kind, float(sides[row]), unit, row, max(0.0, -float(found.prices[row]))) for name, kind, _, unit, row in told]

    def little_more(self, z: Floats, row: int, value: float) -> float:
        """MUSD of one more on a row, by a little more of it; ``value`` is the least cost without. The one price where the solver has several."""
        if self._solver is None:
            return 0.0
        side = float(self.sides(z)[row])
        step = max(1e-6, 1e-4 * abs(side))
        raised = np.concatenate([self.sides(z), self._rest])
        raised[row] += step
        self._solver.set_rows(self.lower, raised)
        if len(self._shut):
            self._solver.set_upper(self._shut, self._upper[self._shut])
            self._shut = np.zeros(0, np.int64)
        return max(0.0, value - self._solver.solve().objective - self.offset) / step
