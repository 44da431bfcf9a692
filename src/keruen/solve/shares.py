"""How much of the home country's exports crosses a country, place or operator: a range, not a number.

An optimal flow is rarely unique, so the least and greatest share are found over all plans that export
as much and cost at most a little more (:mod:`keruen.solve.floors`).

Most questions need no such solve. With the prices of the best plan every way has a reduced cost, what it
is dearer than the best; a plan within the allowed extra cost can put at most extra / (reduced cost of the
cheapest way that touches) on ways that touch, and as much on ways that avoid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keruen.network import Network
from keruen.solve import Solution
from keruen.solve.paths import Path, paths_of
from keruen.solve.program import ENTERS, Taken

if TYPE_CHECKING:
    from keruen.solve.floors import Floors

__all__ = ["LEAST_SHOWN", "NEAR", "Around", "Share", "Shares", "exported", "touching"]

NEAR = 1e-3
LEAST_SHOWN = 0.01
INF = float("inf")


@dataclass(frozen=True, slots=True)
class Share:
    """Of home exports of a commodity, the part that touches something: in the plan, and at least and at most."""

    plan: float
    least: float
    most: float


def touching(n: Network, selector: str, name: str) -> frozenset[int]:
    """Edges that touch a country, place, operator or link."""
    places = n.vertices
    return frozenset(
        i
        for i, e in enumerate(n.edges)
        if (selector == "country" and name in e.countries and e.direction != "transfer")
        or (selector == "place" and name in (places[e.tail][0], places[e.head][0]))
        or (selector == "operator" and e.operator == name)
        or (selector == "link" and e.name == name)
    )


def is_export(n: Network, t: Taken) -> bool:
    """Whether what leaves by this column is a home export: from home, to a market abroad."""
    group = n.groups[t.group]
    home = n.case.home
    if t.kind == "consigned":
        c = n.consigned[t.item]
        return c.origin.country == home and c.destination.country != home
    if t.kind != "demand" or n.wants[t.item].use != "market" or n.wants[t.item].ends[t.end][0].country == home:
        return False
    kind, i = group.origins[0]
    return (n.offers[i].end if kind == "supply" else n.works[i].end).country == home


def exported(solution: Solution, commodity: str) -> float:
    """Home exports of the commodity in the plan."""
    n = solution.network
    return float(sum(solution.x[c] for c, t in solution.program.taken if n.groups[t.group].commodity == commodity and is_export(n, t)))


def transport_cost(solution: Solution) -> float:
    """What moving and missing cost, in MUSD: the objective without the value of what demands got."""
    p = solution.program
    value = sum(w.price * float(solution.x[p.met + i] + solution.x[p.extra + i]) for i, w in enumerate(solution.network.wants))
    return solution.paid + value


@dataclass(frozen=True, slots=True)
class Around:
    """Of the exports that go ``through`` something, how much would go ``around`` it, at how much more (MUSD per unit; None for nothing)."""

    through: float
    around: float
    dearer: float | None


class Shares:
    """Shares of the exports of one commodity in one plan.

    near: how much dearer than the best a plan may be, relative to what moving these exports costs
    (money and time on links and transfers along their paths).
    """

    def __init__(self, solution: Solution, commodity: str, near: float = NEAR) -> None:
        self.solution, self.commodity, self.n = solution, commodity, solution.network
        self.total = exported(solution, commodity)
        n = self.n
        self.groups = tuple(g for g, group in enumerate(n.groups) if group.commodity == commodity and self._exports(g))
        known = solution.ways()
        paths = [p for g in self.groups for p in paths_of(solution, g)] if known is None else [p for p in known if p.group in self.groups]
        self.paths: list[Path] = [p for p in paths if is_export(n, p.destination)]
        cost = sum(p.quantity * sum(n.edges[e].cost[commodity] for e in p.edges) for p in self.paths)
        self.extra = near * abs(cost)
        self._last: tuple[frozenset[int], Floors] | None = None

    def _exports(self, g: int) -> bool:
        group = self.n.groups[g]
        ends = [Taken(k, i, g, -1, end) for k, i, end in group.destinations if k == "demand"]
        return any(is_export(self.n, t) for t in ends + [Taken("consigned", i, g, -1) for i in group.consigned])

    def countries(self) -> list[str]:
        """Every country but home that some way of these exports may cross."""
        used = {e for g in self.groups for e in self.n.groups[g].edges.tolist()}
        return sorted({c for e in used for c in self.n.edges[e].countries} - {self.n.case.home})

    def of(self, edges: frozenset[int]) -> Share | None:
        """The share that touches any of the edges; None where nothing is exported."""
        if self.total <= 1e-9:
            return None
        plan = min(1.0, sum(p.quantity for p in self.paths if edges & set(p.edges)) / self.total)
        if self.solution.behaviour != "planner":  # what people choose is one plan, not the best of many
            return Share(plan, plan, plan)
        touch, avoid = self._cheapest(edges)
        most = self._bound(touch)
        if plan == 0.0 and most < LEAST_SHOWN:
            return Share(0.0, 0.0, most)
        if avoid == INF:
            return Share(1.0, 1.0, 1.0)
        if touch == INF:
            return Share(0.0, 0.0, 0.0)
        least, most = self._floors(edges).range(self.solution.objective + self.extra, self.total)
        return Share(plan, min(plan, least), max(plan, most))

    def _bound(self, reduced_cost: float) -> float:
        return 1.0 if reduced_cost <= 1e-12 else min(1.0, self.extra / (reduced_cost * self.total))

    # reduced costs of ways

    @cached_property
    def _reduced(self) -> NDArray[np.float64]:
        p = self.solution.program
        reduced: NDArray[np.float64] = p.cost - p.matrix.T @ self.solution.row_dual
        return np.maximum(0.0, reduced)

    @cached_property
    def _ends(self) -> dict[int, tuple[dict[int, float], dict[int, float]]]:
        """Per group: reduced cost of entering and of leaving as an export, by vertex."""
        found: dict[int, tuple[dict[int, float], dict[int, float]]] = {g: ({}, {}) for g in self.groups}
        for column, t in self.solution.program.taken:
            if t.group in found and (t.kind in ENTERS or is_export(self.n, t)):
                side = found[t.group][0 if t.kind in ENTERS else 1]
                side[t.vertex] = min(side.get(t.vertex, INF), float(self._reduced[column]))
        return found

    @cached_property
    def _ways(self) -> dict[int, list[tuple[int, int, int, float]]]:
        """Per group: (edge, tail, head, reduced cost)."""
        p, n = self.solution.program, self.n
        return {
            g: [(e, n.edges[e].tail, n.edges[e].head, float(self._reduced[p.flow[g] + k])) for k, e in enumerate(n.groups[g].edges.tolist())]
            for g in self.groups
        }

    @cached_property
    def _distances(self) -> dict[int, tuple[dict[int, float], dict[int, float]]]:
        """Per group: least reduced cost from any origin to each vertex, and from each vertex to any market."""
        return {g: (_dijkstra(self._ends[g][0], ways), _dijkstra(self._ends[g][1], ((e, h, t, c) for e, t, h, c in ways))) for g, ways in self._ways.items()}

    def _cheapest(self, edges: frozenset[int]) -> tuple[float, float]:
        """Reduced cost of the cheapest way that touches the edges, and of the cheapest that avoids them."""
        touch = avoid = INF
        for g in self.groups:
            ahead, behind = self._distances[g]
            touch = min([touch] + [ahead.get(t, INF) + c + behind.get(h, INF) for e, t, h, c in self._ways[g] if e in edges])
            around = _dijkstra(self._ends[g][0], (w for w in self._ways[g] if w[0] not in edges))
            avoid = min([avoid] + [around.get(v, INF) + c for v, c in self._ends[g][1].items()])
        return touch, avoid

    # the exact range

    def around(self, edges: frozenset[int]) -> Around:
        """What becomes of the exports that touch the edges if no export of this commodity may; all else is as it was."""
        through = sum(p.quantity for p in self.paths if edges & set(p.edges))
        if through <= 1e-9:
            return Around(0.0, 0.0, None)
        still, objective = self._floors(edges).untouched()
        around = min(through, max(0.0, through - (self.total - still)))
        if around <= 1e-6:
            return Around(through, 0.0, None)
        # The same exports with every way open: what they cost when they need not go around.
        rest = self._floors(edges).exporting(min(still, self.total))
        return Around(through, around, max(0.0, objective - rest) / around)

    def _floors(self, edges: frozenset[int]) -> Floors:
        """The network with a second floor for these edges; that of the last question is kept."""
        from keruen.solve.floors import Floors

        if self._last is None or self._last[0] != edges:
            self._last = (edges, Floors(self.n, frozenset(self.groups), edges, lambda n, t: n.groups[t.group].commodity == self.commodity and is_export(n, t)))
        return self._last[1]


def _dijkstra(start: dict[int, float], ways: Iterable[tuple[int, int, int, float]]) -> dict[int, float]:
    onward: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for _, tail, head, cost in ways:
        onward[tail].append((head, cost))
    distance: dict[int, float] = {}
    heap = [(c, v) for v, c in sorted(start.items())]
    heap.sort()
    while heap:
        d, v = heappop(heap)
        if v in distance:
            continue
        distance[v] = d
        for head, cost in onward.get(v, ()):
            if head not in distance:
                heappush(heap, (d + cost, head))
    return distance
