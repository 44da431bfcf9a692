"""Take a plan's flows on edges apart into paths: who goes from where to where by which way.

An optimal flow can be taken apart in more ways than one; this one is fixed by always following
the fullest edge, ties by position, so that the same plan gives the same paths.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from keruen.solve import Solution
from keruen.solve.program import ENTERS, Taken

__all__ = ["Path", "paths_of"]

TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Path:
    """``quantity`` units of a group along ``edges`` (indices), from ``origin`` to ``destination``."""

    group: int
    origin: Taken
    destination: Taken
    edges: tuple[int, ...]
    quantity: float


def paths_of(solution: Solution, group: int) -> list[Path]:
    """All paths of one group, largest choices first. Flow that runs in a circle is left out: it moves nothing."""
    n, x = solution.network, solution.x
    left: dict[int, dict[int, float]] = defaultdict(dict)
    for e, q in zip(n.groups[group].edges.tolist(), solution.flows(group).tolist(), strict=True):
        if q > TINY:
            left[n.edges[e].tail][e] = q
    sources: list[tuple[Taken, float]] = []
    sinks: dict[int, list[tuple[Taken, float]]] = defaultdict(list)
    for column, t in solution.program.taken:
        if t.group == group and x[column] > TINY:
            if t.kind in ENTERS:
                sources.append((t, float(x[column])))
            else:
                sinks[t.vertex].append((t, float(x[column])))
    found: list[Path] = []
    for source, amount in sources:
        remaining = amount
        while remaining > TINY:
            walk = _walk(n, left, sinks, source.vertex)
            if walk is None:
                break
            edges, vertex = walk
            sink, room = sinks[vertex][0]
            q = min([remaining, room] + [left[n.edges[e].tail][e] for e in edges])
            for e in edges:
                _take(left, n.edges[e].tail, e, q)
            sinks[vertex][0] = (sink, room - q)
            if room - q <= TINY:
                sinks[vertex].pop(0)
            remaining -= q
            found.append(Path(group, source, sink, tuple(edges), q))
    return found


def _take(left: dict[int, dict[int, float]], tail: int, e: int, q: float) -> None:
    left[tail][e] -= q
    if left[tail][e] <= TINY:
        del left[tail][e]


def _walk(n: object, left: dict[int, dict[int, float]], sinks: dict[int, list[tuple[Taken, float]]], vertex: int) -> tuple[list[int], int] | None:
    """Edges from a vertex to the first one where something leaves; circles met on the way are taken out."""
    edges: list[int] = []
    visited = {vertex: 0}
    while not sinks.get(vertex):
        options = left.get(vertex)
        if not options:
            return None
        e = max(options, key=lambda k: (options[k], -k))
        edges.append(e)
        vertex = n.edges[e].head  # type: ignore[attr-defined]
        if vertex in visited:
            circle = edges[visited[vertex] :]
            q = min(left[n.edges[k].tail][k] for k in circle)  # type: ignore[attr-defined]
            for k in circle:
                _take(left, n.edges[k].tail, k, q)  # type: ignore[attr-defined]
            edges = edges[: visited[vertex]]
            visited = {v: d for v, d in visited.items() if d <= len(edges)}
        else:
            visited[vertex] = len(edges)
    return edges, vertex
