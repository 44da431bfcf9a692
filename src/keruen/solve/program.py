"""Network -> linear program on arcs: plain arrays, no modelling layer.

The rows and columns are those of docs/model.md, in its order. All quantities are in
commodity units, money in MUSD.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.network import Network

__all__ = ["Program", "Taken", "assemble"]

Floats = NDArray[np.float64]
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
    (fleet, link); ``short`` by bound (-1 for a cap). Rows: ``limit_rows`` by limit (-1 if no flow can use
    it), ``fleet_rows``, ``bound_rows``, ``supply_rows``, ``plant_rows`` (capacity), and ``balance_rows`` by (group, vertex), which come first.
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
    balance_rows: dict[tuple[int, int], int]
    most: Floats


class _Rows:
    """Grows a sparse matrix row by row."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []

    def add(self, lower: float, upper: float) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def put(self, row: int, column: int, value: float) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(value)


class _Columns:
    def __init__(self) -> None:
        self.cost: list[float] = []
        self.upper: list[float] = []

    def add(self, cost: float = 0.0, upper: float = INF) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        return len(self.cost) - 1


def assemble(network: Network) -> Program:
    """The arc program of a network."""
    n, columns, rows = network, _Columns(), _Rows()
    offset = sum(w.penalty * w.quantity for w in n.wants) + sum(c.penalty * c.quantity for c in n.consigned)
    flow = []
    for group in n.groups:
        flow.append(len(columns.cost))
        for cost in group.cost.tolist():
            columns.add(cost)
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

    balance_rows = _balance(n, rows, flow, taken)
    supply_rows = _supply(n, rows, columns, taken)
    _delivery(n, rows, taken, met, extra, moved)
    plant_rows = _plants(n, rows, taken, run)
    limit_rows, by_edge = _limits(n, rows, flow)
    fleet_rows = _fleets(n, rows, ships, by_edge)
    bound_rows = _bounds(n, rows, taken, by_edge, short)

    shape = (len(rows.lower), len(columns.cost))
    matrix = sparse.csc_array(sparse.coo_array((rows.value, (rows.row, rows.column)), shape=shape))
    matrix.sum_duplicates()
    upper = np.array(columns.upper)
    return Program(
        n, np.array(columns.cost), upper, matrix, np.array(rows.lower), np.array(rows.upper), offset, tuple(flow), taken,
        met, extra, moved, run, ships, short, limit_rows, fleet_rows, bound_rows, supply_rows, plant_rows, balance_rows, _most(n, upper, ships, run),
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


def _balance(n: Network, rows: _Rows, flow: list[int], taken: tuple[tuple[int, Taken], ...]) -> dict[tuple[int, int], int]:
    """What leaves a vertex of a group is what came in."""
    at: dict[tuple[int, int], int] = {}

    def row(g: int, vertex: int) -> int:
        if (g, vertex) not in at:
            at[(g, vertex)] = rows.add(0.0, 0.0)
        return at[(g, vertex)]

    for g, group in enumerate(n.groups):
        for k, e in enumerate(group.edges.tolist()):
            edge = n.edges[e]
            rows.put(row(g, edge.tail), flow[g] + k, 1.0)
            rows.put(row(g, edge.head), flow[g] + k, -1.0)
    for column, t in taken:
        rows.put(row(t.group, t.vertex), column, -1.0 if t.kind in ENTERS else 1.0)
    return at


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


def _limits(n: Network, rows: _Rows, flow: list[int]) -> tuple[tuple[int, ...], dict[int, list[tuple[int, int]]]]:
    """Sum over groups of size x flow is at most the capacity. Also: who uses each edge, (group, column)."""
    by_edge: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for g, group in enumerate(n.groups):
        for k, e in enumerate(group.edges.tolist()):
            by_edge[e].append((g, flow[g] + k))
    by_limit: dict[int, list[int]] = defaultdict(list)
    for e in sorted(by_edge):
        if n.edges[e].limit >= 0:
            by_limit[n.edges[e].limit].append(e)
    found = []
    for limit, spec in enumerate(n.limits):
        if limit not in by_limit:
            found.append(-1)
            continue
        row = rows.add(-INF, spec.capacity)
        found.append(row)
        for e in by_limit[limit]:
            for g, column in by_edge[e]:
                rows.put(row, column, n.size(limit, n.groups[g].commodity))
    return tuple(found), by_edge


def _fleets(n: Network, rows: _Rows, ships: dict[tuple[int, str], int], by_edge: dict[int, list[tuple[int, int]]]) -> tuple[int, ...]:
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
    for e in sorted(by_edge):
        if n.edges[e].name in serving and n.edges[e].direction != "transfer":
            by_way[n.edges[e].label].append(e)
    for _, edges in sorted(by_way.items()):
        row = rows.add(-INF, 0.0)
        for e in edges:
            for g, column in by_edge[e]:
                rows.put(row, column, n.counted(n.groups[g].commodity, "Mt"))
        for column in serving[n.edges[edges[0]].name]:
            rows.put(row, column, -1.0)
    return tuple(found)


def _bounds(
    n: Network, rows: _Rows, taken: tuple[tuple[int, Taken], ...], by_edge: dict[int, list[tuple[int, int]]], short: tuple[int, ...]
) -> tuple[int, ...]:
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
            for e in sorted(bound.edges):
                for g, column in by_edge.get(e, ()):
                    if g in mine:
                        rows.put(row, column, n.counted(n.groups[g].commodity, bound.rule.unit))
        else:
            for column, t in taken:
                if t.group in mine and t.kind not in ENTERS:
                    rows.put(row, column, n.counted(n.groups[t.group].commodity, bound.rule.unit))
    return tuple(found)


def _most(n: Network, upper: Floats, ships: dict[tuple[int, str], int], run: int) -> Floats:
    """A finite bound on every column that no sensible plan exceeds, for the dual bound of the certificate."""
    volume = 1.0 + sum(o.quantity for o in n.offers) + sum(c.quantity for c in n.consigned)
    volume += sum(w.capacity * sum(s for _, s in w.outputs) for w in n.works)
    most = np.where(np.isfinite(upper), upper, volume)
    for column in ships.values():
        most[column] = volume * 30.0  # tonnes per unit of any commodity, at most
    return most
