"""Network -> linear program on arcs: plain arrays, no modelling layer.

The rows and columns are those of docs/model.md, in its order. All quantities are in
commodity units, money in MUSD.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.network import Network

__all__ = ["Program", "Taken", "assemble", "capacities", "most_taken", "with_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = np.inf


@dataclass(frozen=True, slots=True)
class Taken:
    """A column by which something enters or leaves group ``group`` at vertex ``vertex``.

    kind: supply, made (by a plant), start (of consignments) enter; demand, intake (of a plant),
    consigned leave. item: position among offers, works, wants or consignments.
    end: which place of a demand. commodity: what a plant makes.
    """

    kind: str
    item: int
    group: int
    vertex: int
    end: int = 0


@dataclass(frozen=True)
class Program:
    """min cost.x + offset, row_lower <= A x <= row_upper, 0 <= x <= upper.

    Where things stand: ``flow`` first column of each group's edges; ``taken`` columns entering and
    leaving; ``met``, ``extra`` by demand; ``moved`` by consignment; ``run`` by plant; ``ships`` by
    (fleet, link); ``short`` by bound (-1 for a cap). Rows: ``balance`` first, one for each (group, vertex),
    sorted; then ``limit_rows`` by limit (-1 if no flow can use it), ``fleet_rows``, ``bound_rows``,
    ``supply_rows``, ``plant_rows`` (capacity). ``most`` is a finite bound on every column.
    """

    network: Network
    cost: Floats
    upper: Floats
    matrix: sparse.csc_array
    row_lower: Floats
    row_upper: Floats
    offset: float
    flow: tuple[int, ...]
    taken: tuple[tuple[int, Taken], ...]
    met: int
    extra: int
    moved: int
    run: int
    ships: dict[tuple[int, str], int]
    short: tuple[int, ...]
    limit_rows: tuple[int, ...]
    fleet_rows: tuple[int, ...]
    bound_rows: tuple[int, ...]
    supply_rows: tuple[int, ...]
    plant_rows: tuple[int, ...]
    balance: Ints
    most: Floats


class _Rows:
    """Grows a sparse matrix, entry by entry or by whole arrays."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self._many: list[tuple[Ints, Ints, Floats]] = []

    def add(self, lower: float, upper: float) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def add_many(self, lower: float, upper: float, count: int) -> None:
        self.lower += [lower] * count
        self.upper += [upper] * count

    def put(self, row: int, column: int, value: float) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(value)

    def put_many(self, rows: Ints, columns: Ints, values: Floats) -> None:
        self._many.append((rows, columns, values))

    def matrix(self, columns: int) -> sparse.csc_array:
        pieces = [*self._many, (np.array(self.row, np.int64), np.array(self.column, np.int64), np.array(self.value))]
        row, column, value = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        made = sparse.csc_array(sparse.coo_array((value, (row, column)), shape=(len(self.lower), columns)))
        made.sum_duplicates()
        return made


class _Columns:
    def __init__(self, cost: Floats) -> None:
        self.cost: list[float] = cost.tolist()
        self.upper: list[float] = [INF] * len(self.cost)

    def add(self, cost: float = 0.0, upper: float = INF) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        return len(self.cost) - 1


class _Uses:
    """Who uses which edge: one entry a flow column, in the order of the columns."""

    def __init__(self, n: Network) -> None:
        sizes = [len(group.edges) for group in n.groups]
        self.first: list[int] = np.concatenate([[0], np.cumsum(sizes)]).astype(int).tolist()
        self.edge: Ints = np.concatenate([np.zeros(0, np.int64), *(group.edges for group in n.groups)])
        self.group: Ints = np.repeat(np.arange(len(sizes)), sizes)
        self.column: Ints = np.arange(len(self.edge))

    def on(self, edges: Iterable[int], count: int) -> Ints:
        """Columns on any of the edges; ``count`` edges there are."""
        wanted = np.zeros(count + 1, bool)
        wanted[list(edges)] = True
        return self.column[wanted[self.edge]]


def assemble(network: Network) -> Program:
    """The arc program of a network."""
    n, rows, uses = network, _Rows(), _Uses(network)
    columns = _Columns(np.concatenate([np.zeros(0), *(group.cost for group in n.groups)]))
    offset = sum(w.penalty * w.quantity for w in n.wants) + sum(c.penalty * c.quantity for c in n.consigned)
    taken = _taken(n, columns)
    met = len(columns.cost)
    for w in n.wants:
        columns.add(-(w.price + w.penalty), w.quantity)
    extra = len(columns.cost)
    for w in n.wants:
        columns.add(-w.price, w.up_to - w.quantity)
    moved = len(columns.cost)
    for c in n.consigned:
        columns.add(-c.penalty, c.quantity)
    run = len(columns.cost)
    for works in n.works:
        columns.add(works.cost)
    ships = {(f, link): columns.add() for f, s in enumerate(n.ships) for link, _ in s.hours_per_mt}
    short = tuple(columns.add(b.payment, b.quantity) if b.rule.effect == "floor" else -1 for b in n.bounds)

    balance = _balance(n, rows, uses, taken)
    supply_rows = _supply(n, rows, columns, taken)
    _delivery(n, rows, taken, met, extra, moved)
    plant_rows = _plants(n, rows, taken, run)
    limit_rows = _limits(n, rows, uses)
    fleet_rows = _fleets(n, rows, ships, uses)
    bound_rows = _bounds(n, rows, taken, uses, short)

    upper = np.array(columns.upper)
    return Program(
        n, np.array(columns.cost), upper, rows.matrix(len(upper)), np.array(rows.lower), np.array(rows.upper), offset, tuple(uses.first[:-1]), taken,
        met, extra, moved, run, ships, short, limit_rows, fleet_rows, bound_rows, supply_rows, plant_rows, balance, _most(n, upper, ships, taken),
    )  # fmt: skip


def _taken(n: Network, columns: _Columns) -> tuple[tuple[int, Taken], ...]:
    """Columns for entering and leaving groups; delivery taxes are paid on leaving."""
    found: list[tuple[int, Taken]] = []

    def put(kind: str, item: int, group: int, vertices: tuple[int, ...], cost: float, end: int = 0) -> None:
        for vertex in vertices:
            found.append((columns.add(cost), Taken(kind, item, group, vertex, end)))

    for g, group in enumerate(n.groups):
        for kind, i in group.origins:
            if kind == "supply":
                put("supply", i, g, n.offers[i].vertices, n.offers[i].cost)
            else:
                put("made", i, g, n.works[i].vertices[group.commodity], 0.0)
        for kind, i, k in group.destinations:
            if kind == "demand":
                put("demand", i, g, n.wants[i].ends[k][1], group.delivery_cost, k)
            else:
                put("intake", i, g, n.works[i].vertices[group.commodity], group.delivery_cost)
        if group.consigned:
            put("start", group.consigned[0], g, n.consigned[group.consigned[0]].vertices[0], 0.0)
            for i in group.consigned:
                put("consigned", i, g, n.consigned[i].vertices[1], group.delivery_cost)
    return tuple(found)


ENTERS = frozenset({"supply", "made", "start"})


def _balance(n: Network, rows: _Rows, uses: _Uses, taken: tuple[tuple[int, Taken], ...]) -> Ints:
    """What leaves a vertex of a group is what came in. Returns the sorted (group, vertex) of the rows, (rows, 2)."""
    tail, head = (np.array([getattr(e, end) for e in n.edges], np.int64) for end in ("tail", "head"))
    many = 1 + max([len(n.vertices), *tail.tolist(), *head.tolist(), *(t.vertex for _, t in taken)])
    leaves, comes = uses.group * many + tail[uses.edge], uses.group * many + head[uses.edge]
    at = np.array([t.group * many + t.vertex for _, t in taken], np.int64)
    keys = np.sort(np.concatenate([leaves, comes, at]))
    keys = keys[np.diff(keys, prepend=-1) != 0]  # np.unique takes three times as long
    rows.add_many(0.0, 0.0, len(keys))
    ones = np.ones(len(uses.column))
    rows.put_many(np.searchsorted(keys, leaves), uses.column, ones)
    rows.put_many(np.searchsorted(keys, comes), uses.column, -ones)
    sign = np.array([-1.0 if t.kind in ENTERS else 1.0 for _, t in taken])
    rows.put_many(np.searchsorted(keys, at), np.array([column for column, _ in taken], np.int64), sign)
    return np.stack([keys // many, keys % many], axis=1)


def _supply(n: Network, rows: _Rows, columns: _Columns, taken: tuple[tuple[int, Taken], ...]) -> tuple[int, ...]:
    """At most what is offered; coupled supplies in equal shares."""
    by_item: dict[int, list[int]] = defaultdict(list)
    for column, t in taken:
        if t.kind == "supply":
            by_item[t.item].append(column)
    coupled: dict[str, list[int]] = defaultdict(list)
    for i, offer in enumerate(n.offers):
        if offer.coupled:
            coupled[offer.coupled].append(i)
    stopped = {i for members in coupled.values() if any(n.offers[i].full == 0 for i in members) for i in members}
    found = []
    for i, offer in enumerate(n.offers):
        row = rows.add(-INF, 0.0 if i in stopped else offer.quantity)
        found.append(row)
        for column in by_item[i]:
            rows.put(row, column, 1.0)
    for _, members in sorted(coupled.items()):
        if members[0] in stopped:
            continue
        for other in members[1:]:
            row = rows.add(0.0, 0.0)
            for i, sign in ((members[0], 1.0), (other, -1.0)):
                for column in by_item[i]:
                    rows.put(row, column, sign / n.offers[i].full)
    return tuple(found)


def _delivery(n: Network, rows: _Rows, taken: tuple[tuple[int, Taken], ...], met: int, extra: int, moved: int) -> None:
    """What a demand gets is what arrives, at all its places; the same for a consignment."""
    wants = [rows.add(0.0, 0.0) for _ in n.wants]
    for i, row in enumerate(wants):
        rows.put(row, met + i, -1.0)
        rows.put(row, extra + i, -1.0)
    lots = [rows.add(0.0, 0.0) for _ in n.consigned]
    for i, row in enumerate(lots):
        rows.put(row, moved + i, -1.0)
    for column, t in taken:
        if t.kind == "demand":
            rows.put(wants[t.item], column, 1.0)
        elif t.kind == "consigned":
            rows.put(lots[t.item], column, 1.0)


def _plants(n: Network, rows: _Rows, taken: tuple[tuple[int, Taken], ...], run: int) -> tuple[int, ...]:
    """A plant runs within its capacity, takes in what it runs, and gives out at most its yields of that."""
    capacity = tuple(rows.add(-INF, works.capacity) for works in n.works)
    intake = [rows.add(0.0, 0.0) for _ in n.works]
    output = {(i, c): rows.add(-INF, 0.0) for i, w in enumerate(n.works) for c, _ in w.outputs}
    for i, works in enumerate(n.works):
        rows.put(capacity[i], run + i, 1.0)
        rows.put(intake[i], run + i, -1.0)
        for commodity, share in works.outputs:
            rows.put(output[(i, commodity)], run + i, -share)
    for column, t in taken:
        if t.kind == "intake":
            rows.put(intake[t.item], column, 1.0)
        elif t.kind == "made":
            rows.put(output[(t.item, n.groups[t.group].commodity)], column, 1.0)
    return capacity


def _limits(n: Network, rows: _Rows, uses: _Uses) -> tuple[int, ...]:
    """Sum over groups of size x flow is at most the capacity."""
    commodities = {c: i for i, c in enumerate(n.commodities)}
    carried = np.array([commodities[group.commodity] for group in n.groups], np.int64)[uses.group]
    limit = np.array([edge.limit for edge in n.edges], np.int64)[uses.edge]
    bound = limit >= 0
    limit, carried, column = limit[bound], carried[bound], uses.column[bound]
    # One size for each limit and commodity that meet.
    meetings, which = np.unique(limit * len(commodities) + carried, return_inverse=True)
    names = list(commodities)
    size = np.array([n.size(m // len(names), names[m % len(names)]) for m in meetings.tolist()], np.float64)
    row_of = np.full(len(n.limits), -1, np.int64)
    for i in np.unique(limit).tolist():
        row_of[i] = rows.add(-INF, n.limits[i].capacity)
    rows.put_many(row_of[limit], column, size[which])
    return tuple(row_of.tolist())


def _fleets(n: Network, rows: _Rows, ships: dict[tuple[int, str], int], uses: _Uses) -> tuple[int, ...]:
    """A fleet has so many ship-hours; a link served by fleets carries, each way, what they give it (Mt)."""
    found = []
    serving: dict[str, list[int]] = defaultdict(list)
    for f, fleet in enumerate(n.ships):
        row = rows.add(-INF, fleet.hours)
        found.append(row)
        for link, hours in fleet.hours_per_mt:
            rows.put(row, ships[(f, link)], hours)
            serving[link].append(ships[(f, link)])
    by_way: dict[str, list[int]] = defaultdict(list)
    for e in np.unique(uses.edge).tolist():
        if n.edges[e].name in serving and n.edges[e].direction != "transfer":
            by_way[n.edges[e].label].append(e)
    for _, edges in sorted(by_way.items()):
        row = rows.add(-INF, 0.0)
        _count(n, rows, row, uses, uses.on(edges, len(n.edges)), "Mt")
        for column in serving[n.edges[edges[0]].name]:
            rows.put(row, column, -1.0)
    return tuple(found)


def _count(n: Network, rows: _Rows, row: int, uses: _Uses, columns: Ints, unit: str) -> None:
    """Put the flow columns into a row, counted in the unit."""
    for column, group in zip(columns.tolist(), uses.group[columns].tolist(), strict=True):
        rows.put(row, column, n.counted(n.groups[group].commodity, unit))


def _bounds(n: Network, rows: _Rows, taken: tuple[tuple[int, Taken], ...], uses: _Uses, short: tuple[int, ...]) -> tuple[int, ...]:
    """Caps and floors of rules, over the links they look at or over what is delivered."""
    position = {rule.rule: i for i, rule in enumerate(n.rules)}
    found = []
    for b, bound in enumerate(n.bounds):
        floor = bound.rule.effect == "floor"
        row = rows.add(bound.quantity if floor else -INF, INF if floor else bound.quantity)
        found.append(row)
        if floor:
            rows.put(row, short[b], 1.0)
        mine = {g for g, group in enumerate(n.groups) if position[bound.rule.rule] in group.rules}
        if bound.on_links:
            columns = uses.on(bound.edges, len(n.edges))
            _count(n, rows, row, uses, columns[np.isin(uses.group[columns], sorted(mine))], bound.rule.unit)
        else:
            for column, t in taken:
                if t.group in mine and t.kind not in ENTERS:
                    rows.put(row, column, n.counted(n.groups[t.group].commodity, bound.rule.unit))
    return tuple(found)


def most_taken(n: Network, t: Taken) -> float:
    """The most that can enter or leave by a column; columns of one item share it."""
    if t.kind == "supply":
        return n.offers[t.item].quantity
    if t.kind == "made":
        works = n.works[t.item]
        return works.capacity * dict(works.outputs)[n.groups[t.group].commodity]
    if t.kind == "demand":
        return n.wants[t.item].up_to
    if t.kind == "intake":
        return n.works[t.item].capacity
    return n.consigned[t.item].quantity if t.kind == "consigned" else sum(n.consigned[i].quantity for i in n.groups[t.group].consigned)


def _most(n: Network, upper: Floats, ships: dict[tuple[int, str], int], taken: tuple[tuple[int, Taken], ...]) -> Floats:
    """A finite bound on every column that no sensible plan exceeds, for the dual bound of the certificate."""
    volume = 1.0 + sum(o.quantity for o in n.offers) + sum(c.quantity for c in n.consigned)
    volume += sum(w.capacity * sum(s for _, s in w.outputs) for w in n.works)
    most = np.where(np.isfinite(upper), upper, volume)
    for column, t in taken:
        most[column] = most_taken(n, t)
    for column in ships.values():
        most[column] = volume * 30.0  # tonnes per unit of any commodity, at most
    return most


def capacities(program: Program) -> list[tuple[str, str, float, str, int]]:
    """Everything that has a capacity and can be used: (name, kind, capacity, unit, row)."""
    n, p = program.network, program
    found = [(l.name, l.kind, l.capacity, l.unit, row) for l, row in zip(n.limits, p.limit_rows, strict=True) if row >= 0]
    found += [(s.name, "fleet", s.hours, "ship-hours/year", row) for s, row in zip(n.ships, p.fleet_rows, strict=True)]
    found += [(w.name, "plant", w.capacity, f"{n.commodities[w.input].unit}/year", row) for w, row in zip(n.works, p.plant_rows, strict=True)]
    found += [(b.rule.rule, f"rule ({b.rule.kind})", b.quantity, f"{b.rule.unit}/year", row)
              for b, row in zip(n.bounds, p.bound_rows, strict=True) if b.rule.effect == "cap"]  # fmt: skip
    return found


def with_rows(program: Program, rows: list[tuple[Floats, float, float]]) -> Program:
    """The program with more rows at its end: (values by column, lower, upper) each."""
    more = sparse.csc_array(np.array([values for values, _, _ in rows]))
    return replace(
        program,
        matrix=sparse.csc_array(sparse.vstack([program.matrix, more])),
        row_lower=np.concatenate([program.row_lower, [lower for _, lower, _ in rows]]),
        row_upper=np.concatenate([program.row_upper, [upper for _, _, upper in rows]]),
    )
