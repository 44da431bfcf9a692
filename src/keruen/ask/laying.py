"""A figure of a cell -> arrays of a program that is already there: which costs, bounds and sides hang on which number.

What :mod:`keruen.solve.levers` does for factors, for every number of every table. Where a number would change the shape of the
network, or hangs together with others in ways not worth following, the network is built anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keruen.ask.results import Result
from keruen.ask.standing import Cell, with_value
from keruen.case import Case
from keruen.network import Network, build
from keruen.network.build import HOURS, _Builder
from keruen.scenario import SETTABLE, Scenario
from keruen.solve.levers import COST_CELL
from keruen.solve.program import Program, assemble
from keruen.units import MUSD_PER_UNIT

__all__ = ["Arrays", "Laying"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a number can change while the network keeps its shape: cost and upper (columns,), sides of rows, offset."""

    cost: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    offset: float

    def same(self, other: Arrays) -> bool:
        pairs = ((self.cost, other.cost), (self.upper, other.upper), (self.row_lower, other.row_lower), (self.row_upper, other.row_upper))
        return self is other or (self.offset == other.offset and all(a is b or np.array_equal(a, b) for a, b in pairs))


class Laying:
    """A year of a case under a scenario, and what becomes of its program with another figure in one cell.

    Raises UsageError and ScenarioError as :func:`keruen.network.build`.
    """

    results: tuple[Result, ...] = ()

    def __init__(self, case: Case, year: int, scenario: Scenario | None = None) -> None:
        self.year = year
        self.network: Network = build(case, year, scenario)
        self.case, self.overlay = self.network.case, self.network.overlay
        self.program = p = assemble(self.network)
        self.arrays = Arrays(p.cost, p.upper, p.row_lower, p.row_upper, p.offset)
        self._builder = _Builder(self.case, year, self.overlay)
        self._index()
        self._quick = {
            "links": self._way, "transfers": self._way, "supplies": self._supplies, "demands": self._demands, "consignments": self._consignments,
            "plants": self._plants, "commodities": self._commodities, "fleets": self._fleets, "rules": self._rules, "projects": self._projects,
        }  # fmt: skip

    def _index(self) -> None:
        """Where the rows of the tables stand in the program."""
        n, p = self.network, self.program
        self._columns: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
        for first, group in zip(p.flow, n.groups, strict=True):
            for column, e in enumerate(group.edges.tolist(), start=first):
                table = "transfers" if n.edges[e].direction == "transfer" else "links"
                self._columns.setdefault((table, n.edges[e].name), []).append((column, group.commodity, e))
        self._limits: dict[tuple[str, str], list[int]] = {}
        seen = {(edge.limit, edge.name, "transfers" if edge.direction == "transfer" else "links") for edge in n.edges if edge.limit >= 0}
        for limit, name, table in sorted(seen):
            self._limits.setdefault((table, name), []).append(limit)
        self._offers = {o.name: i for i, o in enumerate(n.offers)}
        self._wants = {w.name: i for i, w in enumerate(n.wants)}
        self._lots = {c.name: i for i, c in enumerate(n.consigned)}
        self._works = {w.name: i for i, w in enumerate(n.works)}
        self._ships = {s.name: i for i, s in enumerate(n.ships)}
        self._bounds = {b.rule.rule: i for i, b in enumerate(n.bounds)}
        self._in_force = {r.rule for r in n.rules}
        self._taken: dict[int, list[int]] = {}
        for column, t in p.taken:
            if t.kind == "supply":
                self._taken.setdefault(t.item, []).append(column)

    # --- looking up ----------------------------------------------------------------------------------

    def columns_of(self, table: str, name: str) -> tuple[int, ...]:
        """Columns by which flows can use a link or transfer."""
        return tuple(c for c, _, _ in self._columns.get((table, name), ()))

    def added(self, name: str) -> float:
        """What projects that count add to a capacity, supply or fleet."""
        return self._builder.added.get(name, 0.0)

    def counts(self, row: Any) -> bool:
        """Whether a row with a first and last year counts in this one."""
        return self._builder._counts(row)

    def limits_of(self, cell: Cell) -> list[tuple[str, float, str, int]]:
        """Rows of the program that a number is the capacity or quantity of: name, capacity, unit, row."""
        n, p, name = self.network, self.program, cell.row
        if cell.table in ("links", "transfers") and cell.column == "capacity":
            rows = [(i, p.limit_rows[i]) for i in self._limits.get((cell.table, name), ())]
            return [(n.limits[i].name, n.limits[i].capacity, n.limits[i].unit, row) for i, row in rows if row >= 0]
        if cell.table == "supplies" and cell.column == "quantity" and name in self._offers:
            i = self._offers[name]
            return [(name, n.offers[i].quantity, n.commodities[n.offers[i].commodity].unit, p.supply_rows[i])]
        if cell.table == "plants" and cell.column in ("capacity", "availability"):
            i = self._works[name]
            return [(name, n.works[i].capacity, n.commodities[n.works[i].input].unit, p.plant_rows[i])]
        if cell.table == "fleets" and cell.column in ("ships", "downtime", "payload_t"):
            i = self._ships[name]
            return [(name, n.ships[i].hours, "ship-hours/year", p.fleet_rows[i])]
        if cell.table == "rules" and cell.column == "quantity" and name in self._bounds:
            b = n.bounds[self._bounds[name]]
            return [(name, b.quantity, b.rule.unit, p.bound_rows[self._bounds[name]])]
        return []

    # --- a figure -> arrays --------------------------------------------------------------------------

    def arrays_at(self, cell: Cell, value: float) -> Arrays | Program:
        """What the program becomes; the same object where nothing changes, a program where it has another shape."""
        if cell.table not in SETTABLE or cell.column == "barrels_per_t":
            return self.arrays
        quick = self._quick.get(cell.table)
        found = quick(cell, float(value)) if quick is not None else None
        return self.rebuilt(cell, value) if found is None else found

    def rebuilt(self, cell: Cell, value: float) -> Arrays | Program:
        """The same, by building the network anew."""
        case = with_value(self.case, cell, value)
        made, old = assemble(_Builder(case, self.year, self.overlay).network()), self.program
        alike = (
            made.flow == old.flow and made.taken == old.taken and made.matrix.shape == old.matrix.shape
            and np.array_equal(made.matrix.indptr, old.matrix.indptr) and np.array_equal(made.matrix.indices, old.matrix.indices)
            and np.array_equal(made.matrix.data, old.matrix.data)
        )  # fmt: skip
        return Arrays(made.cost, made.upper, made.row_lower, made.row_upper, made.offset) if alike else made

    def _with(
        self, costs: Sequence[tuple[int, float]] = (), uppers: Sequence[tuple[int, float]] = (), rows: Sequence[tuple[int, float]] = (),
        lower_rows: Sequence[tuple[int, float]] = (), offset: float = 0.0,
    ) -> Arrays:  # fmt: skip
        """The arrays with more cost, other upper bounds, other upper and lower sides, and more offset."""
        a = self.arrays
        if not (costs or uppers or rows or lower_rows or offset):
            return a
        cost, upper, high, low = a.cost, a.upper, a.row_upper, a.row_lower
        if costs:
            cost = cost.copy()
            np.add.at(cost, [c for c, _ in costs], [d for _, d in costs])
        if uppers:
            upper = upper.copy()
            upper[[c for c, _ in uppers]] = [v for _, v in uppers]
        if rows:
            high = high.copy()
            high[[r for r, _ in rows]] = [v for _, v in rows]
        if lower_rows:
            low = low.copy()
            low[[r for r, _ in lower_rows]] = [v for _, v in lower_rows]
        return Arrays(cost, upper, low, high, a.offset + offset)

    def _way(self, cell: Cell, value: float) -> Arrays | None:
        """A number of a link or transfer."""
        n, table, name = self.network, cell.table, cell.row
        row = getattr(self.case, table)[name]
        columns = self._columns.get((table, name), ())
        old = getattr(row, cell.column)
        if cell.column == "capacity":
            added, factor = self.added(name), self.overlay.factor(table, name, "capacity")
            if old is None:
                return None
            if self._not_yet(row, added):
                return self.arrays
            now, then = (max(0.0, float(v) + added) * factor for v in (old, value))
            if (now > 0) != (then > 0):
                return None
            rows = [self.program.limit_rows[i] for i in self._limits.get((table, name), ())]
            return self._with(rows=[(r, then) for r in rows if r >= 0]) if now != then else self.arrays
        if cell.column in COST_CELL.values():
            if old is None:
                return None
            more = (value - old) * self.overlay.factor(table, name, "cost")
            fits = {c for c, g in n.commodities.items() if COST_CELL[g.unit] == cell.column}
            return self._with(costs=[(c, more * MUSD_PER_UNIT[n.commodities[g].unit]) for c, g, _ in columns if g in fits] if more else ())
        if cell.column in ("hours", "wait_hours"):
            more = (value - (old or 0.0)) * self.overlay.factor(table, name, "hours") / 24
            goods = n.commodities
            return self._with(costs=[(c, d) for c, g, _ in columns if (d := more * goods[g].time_usd_per_day * MUSD_PER_UNIT[goods[g].unit])])
        if cell.column == "length_km":
            served = any(name in f.links and f.round_trip_h is None for f in self.case.fleets.values())
            return None if served else self.arrays
        return None

    def _not_yet(self, row: Any, added: float) -> bool:
        """Whether it is not open in this year, whatever its capacity."""
        return row.opened is not None and row.opened > self.year and added <= 0

    def _supplies(self, cell: Cell, value: float) -> Arrays | None:
        i = self._offers.get(cell.row)
        if i is None:
            return self.arrays if cell.column in ("quantity", "cost_usd") else None
        row, offer = self.case.supplies[cell.row], self.network.offers[i]
        if cell.column == "cost_usd":
            more = (value - row.cost_usd) * self.overlay.factor("supplies", cell.row, "cost") * MUSD_PER_UNIT[self.network.commodities[row.commodity].unit]
            return self._with(costs=[(c, more) for c in self._taken.get(i, ())] if more else ())
        if cell.column != "quantity" or offer.coupled:
            return None
        full = max(0.0, value + self.added(cell.row))
        return self._with(rows=[(self.program.supply_rows[i], full * self.overlay.factor("supplies", cell.row, "quantity"))])

    def _demands(self, cell: Cell, value: float) -> Arrays | None:
        if cell.column not in ("quantity", "up_to", "price_usd"):
            return None
        i, p = self._wants.get(cell.row), self.program
        if i is None:
            return self.arrays
        row, want = self.case.demands[cell.row], self.network.wants[i]
        if cell.column == "price_usd":
            more = (value - row.price_usd) * self.overlay.factor("demands", cell.row, "price") * MUSD_PER_UNIT[self.network.commodities[row.commodity].unit]
            return self._with(costs=[(p.met + i, -more), (p.extra + i, -more)] if more else ())
        factor = self.overlay.factor("demands", cell.row, "quantity")
        quantity = (value if cell.column == "quantity" else row.quantity) * factor
        most = value if cell.column == "up_to" else row.up_to
        up_to = quantity if most is None else max(quantity, most * factor)
        return self._with(uppers=[(p.met + i, quantity), (p.extra + i, up_to - quantity)], offset=want.penalty * (quantity - want.quantity))

    def _consignments(self, cell: Cell, value: float) -> Arrays | None:
        if cell.column != "quantity":
            return None
        i = self._lots.get(cell.row)
        if i is None:
            return self.arrays
        lot, quantity = self.network.consigned[i], value * self.overlay.factor("consignments", cell.row, "quantity")
        return self._with(uppers=[(self.program.moved + i, quantity)], offset=lot.penalty * (quantity - lot.quantity))

    def _plants(self, cell: Cell, value: float) -> Arrays | None:
        i, row = self._works[cell.row], self.case.plants[cell.row]
        if cell.column == "cost_usd":
            more = (value - row.cost_usd) * self.overlay.factor("plants", cell.row, "cost") * MUSD_PER_UNIT[self.network.commodities[row.input].unit]
            return self._with(costs=[(self.program.run + i, more)] if more else ())
        added = self.added(cell.row)
        if cell.column not in ("capacity", "availability"):
            return None
        if self._not_yet(row, added):
            return self.arrays
        capacity = value if cell.column == "capacity" else float(row.capacity)
        share = value if cell.column == "availability" else row.availability
        most = max(0.0, capacity + added) * self.overlay.factor("plants", cell.row, "capacity") * share
        return self._with(rows=[(self.program.plant_rows[i], most)])

    def _fleets(self, cell: Cell, value: float) -> Arrays | None:
        if cell.column == "deadweight_t":
            return self.arrays
        # A larger payload is as good as more hours, except where the hours themselves are told.
        told = any(r.kind == "limits" and r.name == cell.row for r in self.results)
        if cell.column not in ("ships", "downtime", "payload_t") or (cell.column == "payload_t" and (told or value <= 0)):
            return None
        i, row = self._ships[cell.row], self.case.fleets[cell.row]
        o = self.overlay
        if not self._builder._counts(row) or row.payload_t * o.factor("fleets", cell.row, "payload") <= 0:
            return self.arrays
        ships = ((value if cell.column == "ships" else row.ships) + self.added(cell.row)) * o.factor("fleets", cell.row, "ships")
        downtime = min(1.0, (value if cell.column == "downtime" else row.downtime) * o.factor("fleets", cell.row, "downtime"))
        larger = value / row.payload_t if cell.column == "payload_t" else 1.0
        return self._with(rows=[(self.program.fleet_rows[i], max(0.0, ships) * HOURS * (1 - downtime) * larger)])

    def _commodities(self, cell: Cell, value: float) -> Arrays | None:
        n, p, row = self.network, self.program, self.case.commodities[cell.row]
        unit = MUSD_PER_UNIT[row.unit]
        taxes = [r for r in n.rules if r.effect == "tax"]
        if cell.column == "unmet_usd":
            more = (value - row.unmet_usd) * unit
            wants = [i for i, w in enumerate(n.wants) if w.commodity == cell.row]
            lots = [i for i, c in enumerate(n.consigned) if c.commodity == cell.row]
            offset = more * (sum(n.wants[i].quantity for i in wants) + sum(n.consigned[i].quantity for i in lots))
            return self._with(costs=[(p.met + i, -more) for i in wants] + [(p.moved + i, -more) for i in lots] if more else (), offset=offset)
        if cell.column == "value_usd" and not any(r.per_cent for r in taxes):
            return self.arrays
        if cell.column == "time_usd_per_day" and not any(r.delay_hours for r in taxes):
            more = (value - row.time_usd_per_day) * unit / 24
            found = [(c, d) for columns in self._columns.values() for c, g, e in columns if g == cell.row and (d := more * n.edges[e].hours)]
            return self._with(costs=found)
        if cell.column == "per_train" and not any(limit.unit == "trains/day" for limit in n.limits):
            return self.arrays
        return None

    def _rules(self, cell: Cell, value: float) -> Arrays | None:
        i = self._bounds.get(cell.row)
        if cell.column == "quantity":
            if i is None:
                return self.arrays
            row = self.program.bound_rows[i]
            if self.network.bounds[i].rule.effect == "floor":
                return self._with(lower_rows=[(row, value)], uppers=[(self.program.short[i], value)])
            return self._with(rows=[(row, value)])
        return None if cell.row in self._in_force else self.arrays

    def _projects(self, cell: Cell, value: float) -> Arrays | None:
        """A project that does not count in the year, or counts whatever the figure, changes nothing by it."""
        if cell.column == "capex_musd":
            return self.arrays
        row, base = self.case.projects[cell.row], self.case.base_year
        asked, ready = row.project in self.overlay.projects, row.ready_year
        counts = asked or (ready is not None and ready <= self.year and row.status in ("completed", "under_construction", "operating"))
        taken_back = ready is not None and ready <= base and self.year < ready and not asked
        if cell.column == "adds" and (taken_back if ready is not None and ready <= base else counts):
            return None
        return None if cell.column == "ready_year" else self.arrays
