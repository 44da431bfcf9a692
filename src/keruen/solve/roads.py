"""A network on which trips do no more than choose their ways by cost and waiting: answered as a traffic equilibrium.

Many converted cases (docs/convert.md) are of this sort: consignments only, no spread of taste, no hard limit. The
dense convex program of :mod:`keruen.solve.shippers` is the same one, but has a row for every trip; the engine of
:mod:`keruen.solve.equilibrium` takes networks with a hundred thousand trips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import SolveError
from keruen.solve.certificate import Certificate, largest_breach
from keruen.solve.delays import BPR, DAVIDSON, FLAT, POINTS, Delays
from keruen.solve.equilibrium import Assignment, EquilibriumAnswer, solve_equilibrium
from keruen.solve.program import Program
from keruen.solve.queues import Queues, queues_of
from keruen.solve.sweep import Ways

__all__ = ["Roads", "roads_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLOSER = 0.2  # the next gap to try, as a part of the last one
FINEST = 1e-15


@dataclass(frozen=True)
class _Trips:
    """One for each consignment that has a group: its position (item), group, columns by which it starts and leaves, vertices, quantity,
    and the dearest way it would take."""

    item: Ints
    group: Ints
    into: Ints
    away: Ints
    origin: Ints
    destination: Ints
    quantity: Floats
    worth: Floats


class Roads:
    """The equilibrium of trips on a network, with what :class:`keruen.solve.shippers.ShippersSolution` asks of its engine."""

    name = "equilibrium"

    def __init__(self, program: Program, queues: Queues, trips: _Trips, curves: Delays, *, gap: float) -> None:
        self.program, self.queues, self.gap = program, queues, gap
        self._trips, self._curves = trips, curves
        edges = program.network.edges
        used = np.zeros(len(edges), bool)
        for group in program.network.groups:
            used[group.edges] = True
        # An edge of no group leads from its end to its end.
        self._ends_at = np.array([e.head for e in edges], np.int64)
        self._begins_at = np.where(used, np.array([e.tail for e in edges], np.int64), self._ends_at)
        self.row_dual: Floats = np.zeros(len(program.row_lower))

    @property
    def why(self) -> str:
        return f"{len(self._trips.quantity):,} trips that only choose their ways"

    def solve(self) -> Certificate | None:
        """The equilibrium, in ``x`` and ``ways``; None where a trip took an edge that is not open to it, so that this engine cannot tell.

        Raises SolveError where the gap is not reached.
        """
        stays, asked = self._lost(), self.gap
        while True:
            answer = self._assigned(stays, asked)
            dear = self._dear(answer) & ~stays
            if dear.any():
                stays |= dear
                continue
            if not self._taken(answer):
                return None
            certificate = self._certified(answer)
            if certificate.relative_gap <= max(self.gap, 1e-12):
                return certificate
            if asked <= FINEST:
                raise SolveError(f"the equilibrium was not found: gap {certificate.relative_gap:.1e}, violation {certificate.max_violation:.1e}")
            asked = max(FINEST, asked * CLOSER)

    def _lost(self) -> NDArray[np.bool_]:
        """Trips that have no way at all."""
        n, t = len(self.program.network.vertices), self._trips
        graph = sparse.csr_array((np.ones(len(self._ends_at)), (self._begins_at, self._ends_at)), shape=(n, n))
        lost = np.zeros(len(t.quantity), bool)
        for origin in np.unique(t.origin).tolist():
            seen = np.zeros(n, bool)
            seen[sparse.csgraph.breadth_first_order(graph, origin, return_predecessors=False)] = True
            mine = t.origin == origin
            lost[mine] = ~seen[t.destination[mine]]
        return lost

    def _assigned(self, stays: NDArray[np.bool_], gap: float) -> EquilibriumAnswer:
        """The equilibrium; a trip that ``stays`` may stay behind too, by a way of its own to an end of its own."""
        n, t = len(self.program.network.vertices), self._trips
        at = np.flatnonzero(stays)
        ends = n + np.arange(len(at))
        destination = t.destination.copy()
        destination[at] = ends
        self._tail = np.concatenate([self._begins_at, t.destination[at], t.origin[at]])
        self._head = np.concatenate([self._ends_at, ends, ends])
        fixed = np.concatenate([np.zeros(len(at)), t.worth[at]])
        c = self._curves
        more = 2 * len(at)
        curves = Delays(
            np.concatenate([c.kind, np.full(more, FLAT)]), np.concatenate([c.free, fixed]), np.concatenate([c.scale, np.zeros(more)]),
            np.concatenate([c.capacity, np.full(more, np.inf)]), np.concatenate([c.power, np.ones(more)]),
            np.concatenate([c.point_start, np.full(more, c.point_start[-1])]), c.point_x, c.point_y,
        )  # fmt: skip
        return solve_equilibrium(Assignment(n + len(at), self._tail, self._head, curves, t.origin, destination, t.quantity), gap=gap)

    def _dear(self, answer: EquilibriumAnswer) -> NDArray[np.bool_]:
        """Trips whose way costs more than they are worth."""
        hops = np.diff(answer.path_start)
        paid = np.bincount(np.repeat(np.arange(len(hops)), hops), answer.cost[answer.path_arcs], minlength=len(hops))
        dear = np.zeros(len(self._trips.quantity), bool)
        dear[answer.path_flow[(paid > self._trips.worth[answer.path_flow]) & (answer.path_quantity > 0)]] = True
        return dear

    def _taken(self, answer: EquilibriumAnswer) -> bool:
        """Put the answer into columns; False where an edge on a way is not one of its group."""
        p, t = self.program, self._trips
        edges = len(p.network.edges)
        column = np.full((len(p.network.groups), edges), -1, np.int64) if edges else np.zeros((0, 0), np.int64)
        for g, group in enumerate(p.network.groups):
            column[g, group.edges] = p.flow[g] + np.arange(len(group.edges))
        hops = np.diff(answer.path_start)
        carried = answer.path_quantity > 0
        # A way to an end of its own has one arc more; one that stays behind is no way at all.
        last = answer.path_arcs[(answer.path_start[1:] - 1)[hops > 0]]
        gone = np.ones(len(hops), bool)
        gone[hops > 0] = last < edges + (len(self._tail) - edges) // 2
        kept = np.flatnonzero(carried & gone)
        start, columns, whose = [0], list[Ints](), answer.path_flow[kept]
        for i, trip in zip(kept.tolist(), whose.tolist(), strict=True):
            arcs = answer.path_arcs[answer.path_start[i] : answer.path_start[i + 1]]
            way = column[t.group[trip], arcs[arcs < edges]]
            if (way < 0).any():
                return False
            columns += [t.into[trip : trip + 1], way, t.away[trip : trip + 1]]
            start.append(start[-1] + len(way) + 2)
        self.quantity: Floats = answer.path_quantity[kept]
        self.ways = Ways(np.array(start, np.int64), np.concatenate([np.zeros(0, np.int64), *columns]), self.quantity)
        self.x: Floats = np.bincount(self.ways.columns, np.repeat(self.quantity, np.diff(self.ways.start)), minlength=len(p.cost)).astype(float)
        self.x[p.moved + t.item] = np.bincount(whose, self.quantity, minlength=len(t.quantity))
        self.load: Floats = np.asarray(self.queues.loads @ self.x)
        self.queue_price: Floats = self.queues.cost(self.load)
        return True

    @property
    def objective(self) -> float:
        return float(self.program.cost @ self.x) + self.program.offset + self.queues.total(self.load)

    def _certified(self, answer: EquilibriumAnswer) -> Certificate:
        """Violation from the arrays; the gap is the excess over the cheapest ways, which bounds how far the objective is from its least."""
        p = self.program
        violation = largest_breach(p, self.x, p.row_lower, p.row_upper)
        return Certificate(violation, (answer.objective - answer.bound) / max(1.0, abs(self.objective)))


def roads_of(program: Program, spreads: Mapping[str, float], constants: Mapping[str, float], *, gap: float) -> Roads | None:
    """The engine for a program, or None where anything but cost and waiting has a say: see the module."""
    n = program.network
    moved = {c.commodity for c in n.consigned}
    if not n.consigned or n.offers or n.wants or n.works or n.bounds or n.ships or constants or any(spreads.get(c, 0.0) > 0 for c in moved):
        return None
    if any(row >= 0 for row in program.limit_rows):
        return None
    cost = np.zeros(len(n.edges))
    for group in n.groups:
        cost[group.edges] = group.cost
    if (cost < 0).any() or any((cost[group.edges] != group.cost).any() for group in n.groups):
        return None
    queues = queues_of(program)
    curves = _curves(program, queues, cost)
    trips = _trips(program)
    return Roads(program, queues, trips, curves, gap=gap) if curves is not None and trips is not None else None


def _curves(program: Program, queues: Queues, cost: Floats) -> Delays | None:
    """A curve for every edge; None where a queue is for several edges, counts otherwise than in units of the goods, or has no room."""
    edges, n = len(cost), program.network
    if queues.curves is None:
        return Delays(np.full(edges, FLAT), cost)
    edge_of = np.concatenate([np.zeros(0, np.int64), *(group.edges for group in n.groups)])
    use, of = queues.loads.tocoo(), queues.curves
    if (use.data != 1.0).any() or (of.kind == DAVIDSON).any():
        return None
    pairs = np.unique(np.stack([use.row, edge_of[use.col]], axis=1), axis=0) if len(use.row) else np.zeros((0, 2), np.int64)
    if len(np.unique(pairs[:, 0])) < len(pairs) or len(np.unique(pairs[:, 1])) < len(pairs):
        return None
    mine = np.full(edges, -1, np.int64)
    mine[pairs[:, 1]] = pairs[:, 0]
    has = mine >= 0
    q = mine[has]
    kind, scale, capacity, power, count = np.full(edges, FLAT), np.zeros(edges), np.full(edges, np.inf), np.ones(edges), np.zeros(edges, np.int64)
    kind[has], scale[has], capacity[has], power[has] = of.kind[q], of.scale[q], of.capacity[q], of.power[q]
    points = kind == POINTS
    count[points] = np.diff(of.point_start)[mine[points]]
    at = np.concatenate([np.zeros(0, np.int64), *(np.arange(of.point_start[i], of.point_start[i + 1]) for i in mine[points].tolist())])
    free = cost.copy()
    free[has] += of.free[q]
    assert set(np.unique(kind[has]).tolist()) <= {FLAT, BPR, POINTS}
    return Delays(kind, free, scale, capacity, power, np.concatenate([[0], np.cumsum(count)]), of.point_x[at], of.point_y[at])


def _trips(program: Program) -> _Trips | None:
    """Consignments that have a group; None where one may start or end in several ways."""
    n = program.network
    starts = {t.group: column for column, t in program.taken if t.kind == "start"}
    ends = sorted((t.item, t.group, column) for column, t in program.taken if t.kind == "consigned")
    item, group, away = (np.array([e[k] for e in ends], np.int64) for k in range(3))
    lots = [n.consigned[i] for i in item.tolist()]
    if len(starts) < sum(t.kind == "start" for _, t in program.taken) or len(np.unique(item)) < len(item):
        return None
    worth = np.array([c.penalty for c in lots]) - np.array([n.groups[g].delivery_cost for g in group.tolist()])
    if not lots or (worth < 0).any():
        return None
    origin, destination = (np.array([c.vertices[k][0] for c in lots], np.int64) for k in (0, 1))
    return _Trips(item, group, np.array([starts[g] for g in group.tolist()], np.int64), away, origin, destination,
                  np.array([c.quantity for c in lots]), worth)  # fmt: skip
