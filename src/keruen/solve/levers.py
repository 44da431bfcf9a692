"""Factors on figures of the tables -> arrays of a program that is already there, with nothing built anew.

What a scenario that scales figures does to a network shows in three places: costs of columns, sides of rows, and
columns that are shut. Here each of them knows which figures it hangs on, so that thousands of such scenarios can
be laid over one program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from keruen.errors import SolveError, UsageError, did_you_mean
from keruen.network.build import _Builder
from keruen.solve.pathmaster import ROUNDS, PathAnswer, PathMaster
from keruen.solve.program import Program
from keruen.units import MUSD_PER_UNIT

__all__ = ["COST_CELL", "LEVERS", "Key", "LeverMaster", "Levers"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Key = tuple[str, str, str]

# Column that holds the money of a link or transfer, by the unit of the commodity.
COST_CELL = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}
# What can be multiplied. ``cost`` is all money of a row; links and transfers also have each of its cells on its own.
LEVERS = {
    "links": ("capacity", "cost", *COST_CELL.values()), "transfers": ("capacity", "cost", *COST_CELL.values()), "plants": ("capacity", "cost"),
    "fleets": ("ships", "payload", "downtime"), "supplies": ("quantity", "cost"),
}  # fmt: skip
# Position of a factor that is always 1, for what has no second one.
ONE = 0


class Levers:
    """The figures of one program that a factor can change.

    A factor multiplies what the scenario of the network made of the figure, as one more
    :func:`keruen.scenario.scale` would. Positions of factors in a vector: :meth:`position`.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        case = program.network.case
        names = {"links": case.links, "transfers": case.transfers, "plants": case.plants, "fleets": case.fleets, "supplies": case.supplies}
        self._position: dict[Key, int] = {}
        for table, columns in LEVERS.items():
            for name in names[table]:
                for column in columns:
                    self._position[(table, name, column)] = len(self._position) + 1
        self._first = len(program.balance)
        self._cost, self._row_lower, self._row_upper = program.cost, program.row_lower[self._first :], program.row_upper[self._first :]
        self._money()
        self._sides()
        self._fleets()

    @property
    def size(self) -> int:
        """Length of a vector of factors."""
        return len(self._position) + 1

    def position(self, key: Key) -> int:
        """Where the factor of (table, id, column) stands in a vector. Raises UsageError for what cannot be multiplied."""
        found = self._position.get(key)
        if found is None:
            table, name, column = key
            if table not in LEVERS or column not in LEVERS[table]:
                known = [f"{t}.{c}" for t, columns in LEVERS.items() for c in columns]
                raise UsageError(f"no factor can be laid on {table}.{column}. {did_you_mean(f'{table}.{column}', known)} Known: {', '.join(known)}.")
            near = did_you_mean(name, {n for t, n, _ in self._position if t == table})
            raise UsageError(f"there is no '{name}' among the {table} of the case. {near}".strip())
        return found

    def vector(self, factors: Mapping[Key, float]) -> Floats:
        """Factors by position, 1 where none is given. Raises UsageError for unknown keys and for factors below 0."""
        found = np.ones(self.size)
        for key, factor in factors.items():
            if not 0 <= factor < np.inf:
                raise UsageError(f"the factor of {', '.join(key)} is {factor}; expected a number of 0 or more")
            found[self.position(key)] = factor
        return found

    def arrays(self, factors: Mapping[Key, float]) -> tuple[Floats, Floats, Floats, Bools | None]:
        """cost (columns,) of all columns, lower and upper sides of the linking rows, and columns that are shut (None for none).

        factors: by (table, id, column), 0 or more, for the columns in LEVERS; what the year leaves out may be
        named, it changes nothing. Raises UsageError for anything else.
        """
        return self.of(self.vector(factors))

    def of(self, vector: Floats) -> tuple[Floats, Floats, Floats, Bools | None]:
        """The same for factors by position (size,), not checked again."""
        cost = self._cost.copy()
        cost[self._paid] += self._amount * (vector[self._by_row] * vector[self._by_cell] - 1.0)
        upper = self._row_upper.copy()
        upper[self._rows] *= vector[self._by_figure]
        if len(self._fleet_rows):
            downtime = np.minimum(1.0, self._downtime * vector[self._by_downtime])
            # A larger payload carries more in an hour; the hours a Mt needs stay, so the hours grow instead.
            upper[self._fleet_rows] = self._ship_hours * (1 - downtime) * vector[self._by_ships] * vector[self._by_payload]
        shut = None
        closed = vector[self._by_unlimited] == 0.0
        if closed.any():
            shut = np.zeros(len(cost), bool)
            shut[self._unlimited[closed]] = True
        return cost, self._row_lower, upper, shut

    def used(self) -> Bools:
        """Which factors (size,) the program hangs on: those of what nothing can use, or what has no limit, change nothing."""
        found = np.zeros(self.size, bool)
        found[[*self._by_row, *self._by_cell, *self._by_figure, *self._by_ships, *self._by_payload, *self._by_downtime]] = True
        found[ONE] = False
        return found

    # --- which column and row hangs on which figure ----------------------------------------------------

    def _money(self) -> None:
        """Columns that cost money: MUSD of a unit without the time, and by which figures."""
        p, n, overlay = self.program, self.program.network, self.program.network.overlay
        paid: list[tuple[int, float, int, int]] = []
        unlimited: list[tuple[int, int]] = []
        for first, group in zip(p.flow, n.groups, strict=True):
            unit = n.commodities[group.commodity].unit
            for column, e in enumerate(group.edges.tolist(), start=first):
                edge = n.edges[e]
                table = "transfers" if edge.direction == "transfer" else "links"
                row = n.case.transfers[edge.name] if table == "transfers" else n.case.links[edge.name]
                money = float(getattr(row, COST_CELL[unit])) * overlay.factor(table, edge.name, "cost") * MUSD_PER_UNIT[unit]
                if money != 0.0:
                    paid.append((column, money, self.position((table, edge.name, "cost")), self.position((table, edge.name, COST_CELL[unit]))))
                if edge.limit < 0:
                    unlimited.append((column, self.position((table, edge.name, "capacity"))))
        for column, t in p.taken:
            if t.kind == "supply" and n.offers[t.item].cost != 0.0:
                paid.append((column, n.offers[t.item].cost, self.position(("supplies", n.offers[t.item].name, "cost")), ONE))
        for i, works in enumerate(n.works):
            paid.append((p.run + i, works.cost, self.position(("plants", works.name, "cost")), ONE))
        self._paid, self._by_row, self._by_cell = _ints(c for c, *_ in paid), _ints(k for *_, k, _ in paid), _ints(k for *_, k in paid)
        self._amount: Floats = np.array([money for _, money, *_ in paid], np.float64)
        self._unlimited, self._by_unlimited = _ints(c for c, _ in unlimited), _ints(k for _, k in unlimited)

    def _sides(self) -> None:
        """Rows whose upper side is a figure times factors."""
        p, n = self.program, self.program.network
        kinds = {"link": "links", "transfer": "transfers"}
        # A limit for the way back has another name than its link.
        named = {edge.limit: edge.name for edge in n.edges if edge.limit >= 0}
        found = [(row, (kinds[n.limits[i].kind], named[i], "capacity")) for i, row in enumerate(p.limit_rows) if row >= 0]
        found += [(row, ("plants", works.name, "capacity")) for works, row in zip(n.works, p.plant_rows, strict=True)]
        found += [(row, ("supplies", offer.name, "quantity")) for offer, row in zip(n.offers, p.supply_rows, strict=True)]
        self._rows, self._by_figure = _ints(row - self._first for row, _ in found), _ints(self.position(key) for _, key in found)

    def _fleets(self) -> None:
        """Rows of ship-hours: hours without the downtime, and the downtime."""
        p, n = self.program, self.program.network
        names = [ships.name for ships in n.ships]
        # Where the scenario leaves no hours at all, these cannot be had from what is left.
        never_down = replace(n.overlay, factors=n.overlay.factors | {("fleets", name, "downtime"): 0.0 for name in names})
        self._ship_hours: Floats = np.array([ships.hours for ships in _Builder(n.case, n.year, never_down)._ships()], np.float64)
        self._downtime: Floats = np.array([n.case.fleets[f].downtime * n.overlay.factor("fleets", f, "downtime") for f in names], np.float64)
        self._fleet_rows = _ints(row - self._first for row in p.fleet_rows)
        self._by_ships, self._by_payload, self._by_downtime = (_ints(self.position(("fleets", f, c)) for f in names) for c in ("ships", "payload", "downtime"))


class LeverMaster(PathMaster):
    """The master of a program whose costs and sides all change between two solves.

    It ends when no way would pay, without looking at bounds: what bounds columns and ways holds for the figures as
    they were, and a bound that is too high would end the search too early. After such a change the last basis fits
    neither costs nor sides; the primal simplex then takes half the time of the dual one.
    """

    def solve(self, gap: float = 0.0) -> PathAnswer:
        """Optimal ways for what is set now; ``gap`` is not used. Raises SolveError if the prices do not settle."""
        if not self.ways:
            self.add(*self.first_ways())
        for rounds in range(1, ROUNDS):
            answer = self._solver.solve(new_cost=True)
            reduced = self.form.reduced(self.cost, answer.row_dual)
            if not self._pays(reduced) or not self._more(reduced):
                objective = answer.objective + self.form.program.offset
                used = answer.x[self._first :]
                return PathAnswer(used, answer.x[: self._first], answer.row_dual, objective, objective, rounds)
        raise SolveError(f"no end after {ROUNDS} rounds of new ways; this is a fault of keruen")

    def _pays(self, reduced: Floats) -> bool:
        """Whether any way would pay. One search tells; finding good ones takes a second, from where things leave."""
        form = self.form
        cost = reduced if self.shut is None else np.where(self.shut, np.inf, reduced)
        circle, there, _ = form._trees(form.ahead, form.enters, cost, np.ones(len(form.parts) - 1, bool))
        return circle >= 0 or bool((there[form.leaves.vertex] + cost[form.leaves.column] < -self.tolerance).any())

    def _more(self, reduced: Floats) -> int:
        """Let the ways that pay in. Returns how many were new."""
        found = self.form.price(reduced, self.shut, self.tolerance)
        return self.add(found.start, found.columns)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)
