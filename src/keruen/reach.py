"""Which vertex can reach which: the graph of one commodity, before any year or rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any

__all__ = ["Graph", "great_circle_km", "matches_mode", "negative_cycle", "open_graph", "reachable", "track"]

EARTH_KM = 6371.0088
Vertex = tuple[str, str]


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


@dataclass(slots=True)
class Graph:
    """Directed edges (tail, head, cost, name) between (place, track) vertices."""

    edges: list[tuple[Vertex, Vertex, float, str]] = field(default_factory=list)
    tracks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def at(self, place: str, modes: Sequence[str]) -> list[Vertex]:
        return [(place, t) for t in sorted(self.tracks.get(place, ())) if matches_mode(t, modes)]


def open_graph(rows: Mapping[str, Sequence[Any]], commodity: str) -> Graph:
    """Every way of a commodity that is open or that a project can open."""
    unit = next(r.unit for r in rows["commodities"] if r.commodity == commodity)
    cost = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}[unit]
    opened = {t for p in rows["projects"] for t in p.adds}
    graph = Graph()
    for link in rows["links"]:
        word = track(link.mode, link.gauge_mm)
        if commodity not in link.carries or (link.capacity == 0 and link.link not in opened):
            continue
        ends = (link.from_, word), (link.to, word)
        for place, _ in ends:
            graph.tracks[place].add(word)
        price = getattr(link, cost) or 0.0
        graph.edges.append((*ends, price, link.link))
        if link.direction == "both":
            graph.edges.append((ends[1], ends[0], price, link.link))
    for transfer in rows["transfers"]:
        if commodity not in transfer.carries:
            continue
        here = sorted(graph.tracks.get(transfer.place, ()))
        for a in here:
            for b in here:
                forward = matches_mode(a, transfer.from_modes) and matches_mode(b, transfer.to_modes)
                back = transfer.direction == "both" and matches_mode(b, transfer.from_modes) and matches_mode(a, transfer.to_modes)
                if a != b and (forward or back):
                    graph.edges.append(((transfer.place, a), (transfer.place, b), getattr(transfer, cost) or 0.0, transfer.transfer))
    return graph


def reachable(graph: Graph, start: Iterable[Vertex]) -> set[Vertex]:
    """All vertices that can be reached from any of the given ones."""
    onward: dict[Vertex, list[Vertex]] = defaultdict(list)
    for tail, head, _, _ in graph.edges:
        onward[tail].append(head)
    seen, todo = set(start), list(start)
    while todo:
        for head in onward.get(todo.pop(), ()):
            if head not in seen:
                seen.add(head)
                todo.append(head)
    return seen


def negative_cycle(graph: Graph) -> list[str]:
    """Names of the links of a circle with negative cost, or an empty list (Bellman-Ford)."""
    if not any(cost < 0 for _, _, cost, _ in graph.edges):
        return []
    vertices = sorted({v for e in graph.edges for v in e[:2]})
    distance = dict.fromkeys(vertices, 0.0)
    came: dict[Vertex, tuple[Vertex, str]] = {}
    last: Vertex | None = None
    for _ in range(len(vertices)):
        last = None
        for tail, head, cost, name in graph.edges:
            if distance[tail] + cost < distance[head] - 1e-9:
                distance[head] = distance[tail] + cost
                came[head] = (tail, name)
                last = head
        if last is None:
            return []
    assert last is not None
    for _ in vertices:
        last = came[last][0]
    circle, vertex = [], last
    while True:
        vertex, name = came[vertex]
        circle.append(name)
        if vertex == last:
            return circle[::-1]
