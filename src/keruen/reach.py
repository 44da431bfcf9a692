"""Which vertex can reach which: the graph of one commodity, before any year or rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any, TypeVar

__all__ = ["COST_COLUMN", "Graph", "Vertex", "great_circle_km", "matches_mode", "negative_cycle", "open_graph", "spread", "track"]

EARTH_KM = 6371.0088
HOURS_A_DAY = 24.0
COST_COLUMN = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}
Vertex = tuple[str, str]
V = TypeVar("V")


def great_circle_km(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Distance on a sphere of the Earth's mean radius, in km (haversine)."""
    a, b, c, d = map(radians, (lon1, lat1, lon2, lat2))
    h = sin((d - b) / 2) ** 2 + cos(b) * cos(d) * sin((c - a) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(h)))


def track(mode: str, gauge_mm: str) -> str:
    """The word that names a mode, or one gauge of rail: what a vertex is made of."""
    return f"{mode}-{gauge_mm}" if gauge_mm else mode


def matches_mode(vertex_track: str, words: Sequence[str]) -> bool:
    """Whether a vertex of this track is meant by any of the words; ``rail`` means every gauge."""
    return not words or vertex_track in words or vertex_track.split("-")[0] in words


def spread(start: Iterable[V], onward: Mapping[V, Sequence[V]]) -> set[V]:
    """Everything that can be reached from ``start`` along ``onward``, itself included."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for head in onward.get(todo.pop(), ()):
            if head not in seen:
                seen.add(head)
                todo.append(head)
    return seen


@dataclass(slots=True)
class Graph:
    """Directed edges (tail, head, cost, name) between (place, track) vertices."""

    edges: list[tuple[Vertex, Vertex, float, str]] = field(default_factory=list)
    tracks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _ways: dict[bool, dict[Vertex, list[Vertex]]] = field(default_factory=dict)
    _part: dict[Vertex, int] = field(default_factory=dict)
    _parts_onward: dict[int, set[int]] = field(default_factory=dict)

    def at(self, place: str, modes: Sequence[str]) -> list[Vertex]:
        return [(place, t) for t in sorted(self.tracks.get(place, ())) if matches_mode(t, modes)]

    def reachable(self, start: Iterable[Vertex], *, back: bool = False) -> set[Vertex]:
        """All vertices that can be reached from any of the given ones, or with ``back`` that can reach one."""
        return spread(start, self._onward(back))

    def leads(self, start: Iterable[Vertex], end: Iterable[Vertex]) -> bool:
        """Whether one of the vertices of ``end`` can be reached from one of ``start``; quick when asked often."""
        if not self._part:
            self._part = _parts(self._onward(False))
            for tail, head, _, _ in self.edges:
                a, b = self._part[tail], self._part[head]
                if a != b:
                    self._parts_onward.setdefault(a, set()).add(b)
        goals = {self._part[v] for v in end if v in self._part}
        seen = {self._part[v] for v in start if v in self._part}
        if not goals:
            return False
        todo, lowest = list(seen), min(goals)
        while todo:
            part = todo.pop()
            if part in goals:
                return True
            if part > lowest:  # a part leads only to parts of lower number
                onward = self._parts_onward.get(part, set()) - seen
                seen |= onward
                todo.extend(onward)
        return False

    def _onward(self, back: bool) -> dict[Vertex, list[Vertex]]:
        if back not in self._ways:
            onward: dict[Vertex, list[Vertex]] = defaultdict(list)
            for tail, head, _, _ in self.edges:
                onward[head if back else tail].append(tail if back else head)
            self._ways[back] = dict(onward)
        return self._ways[back]


def open_graph(rows: Mapping[str, Sequence[Any]], commodity: str) -> Graph:
    """Every way of a commodity that is open or that a project can open. Costs are of money and time."""
    goods = next(r for r in rows["commodities"] if r.commodity == commodity)
    column = COST_COLUMN[goods.unit]
    an_hour = (goods.time_usd_per_day or 0.0) / HOURS_A_DAY
    opened = {t for p in rows["projects"] for t in p.adds}
    graph = Graph()
    for link in rows["links"]:
        if commodity not in link.carries or (link.capacity == 0 and link.link not in opened):
            continue
        word = track(link.mode, link.gauge_mm)
        ends = (link.from_, word), (link.to, word)
        for place, _ in ends:
            graph.tracks[place].add(word)
        price = (getattr(link, column) or 0.0) + an_hour * (link.hours + link.wait_hours)
        graph.edges.append((*ends, price, link.link))
        if link.direction == "both":
            graph.edges.append((ends[1], ends[0], price, link.link))
    for transfer in rows["transfers"]:
        if commodity not in transfer.carries:
            continue
        price = (getattr(transfer, column) or 0.0) + an_hour * transfer.hours
        here = sorted(graph.tracks.get(transfer.place, ()))
        for a in here:
            for b in here:
                forward = matches_mode(a, transfer.from_modes) and matches_mode(b, transfer.to_modes)
                back = transfer.direction == "both" and matches_mode(b, transfer.from_modes) and matches_mode(a, transfer.to_modes)
                if a != b and (forward or back):
                    graph.edges.append(((transfer.place, a), (transfer.place, b), price, transfer.transfer))
    return graph


def _parts(onward: Mapping[Vertex, Sequence[Vertex]]) -> dict[Vertex, int]:
    """Strongly connected parts, numbered so that each leads only to parts of lower number (Tarjan 1972)."""
    order: dict[Vertex, int] = {}
    low: dict[Vertex, int] = {}
    part: dict[Vertex, int] = {}
    stack: list[Vertex] = []
    count = 0
    for root in onward:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        stack.append(root)
        work = [(root, iter(onward[root]))]
        while work:
            vertex, heads = work[-1]
            for head in heads:
                if head not in order:
                    order[head] = low[head] = len(order)
                    stack.append(head)
                    work.append((head, iter(onward.get(head, ()))))
                    break
                if head not in part:
                    low[vertex] = min(low[vertex], order[head])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[vertex])
                if low[vertex] == order[vertex]:
                    while True:
                        member = stack.pop()
                        part[member] = count
                        if member == vertex:
                            break
                    count += 1
    return part


def negative_cycle(graph: Graph) -> list[str]:
    """Names of the links of a circle with negative cost, or an empty list.

    Bellman-Ford; after each round a circle is looked for in the tree of last steps, where one shows
    soon after it is first gone round.
    """
    if not any(cost < 0 for _, _, cost, _ in graph.edges):
        return []
    vertices = sorted({v for e in graph.edges for v in e[:2]})
    distance = dict.fromkeys(vertices, 0.0)
    came: dict[Vertex, tuple[Vertex, str]] = {}
    for _ in range(len(vertices) + 1):
        changed = False
        for tail, head, cost, name in graph.edges:
            if distance[tail] + cost < distance[head] - 1e-9:
                distance[head] = distance[tail] + cost
                came[head] = (tail, name)
                changed = True
        if not changed:
            return []
        circle = _circle(came)
        if circle:
            return circle
    return []


def _circle(came: Mapping[Vertex, tuple[Vertex, str]]) -> list[str]:
    """Names along a circle of steps, in their direction, or an empty list."""
    done: set[Vertex] = set()
    for start in came:
        path: list[Vertex] = []
        vertex, on_path = start, set()
        while vertex in came and vertex not in done and vertex not in on_path:
            path.append(vertex)
            on_path.add(vertex)
            vertex = came[vertex][0]
        if vertex in on_path:
            return [came[v][1] for v in path[path.index(vertex) :]][::-1]
        done |= on_path
    return []
