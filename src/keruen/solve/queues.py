"""Waiting that grows with load, on the links and transfers of a program.

All that wait in one queue wait alike, so an hour there must cost everybody the same for the choice of ways to be one convex
program: the mean of what an hour costs the goods that the link carries, by unit of its capacity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.network import Network
from keruen.solve.program import Program
from keruen.tables import Delay, Link, Transfer
from keruen.units import MUSD_PER_UNIT, size

if TYPE_CHECKING:
    from keruen.solve.delays import Delays

__all__ = ["Queues", "queues_of"]

Floats = NDArray[np.float64]
POWER = 4.0
KINDS = {"bpr": 1, "davidson": 2, "points": 3}


@dataclass(frozen=True)
class Queues:
    """names: of each queue (a link each way, or a transfer). loads (queues, columns): capacity units that a unit on each column is.
    most (queues,): load that cannot be reached or passed. curves: MUSD for a unit of capacity; None where nothing waits.
    """

    names: tuple[str, ...]
    loads: sparse.csr_array
    most: Floats
    curves: Delays | None

    @property
    def count(self) -> int:
        return len(self.names)

    def cost(self, load: Floats) -> Floats:
        return self.curves.cost(np.maximum(load, 0.0)) if self.curves is not None else np.zeros(0)

    def slope(self, load: Floats) -> Floats:
        return self.curves.slope(np.maximum(load, 0.0)) if self.curves is not None else np.zeros(0)

    def total(self, load: Floats) -> float:
        """Waiting summed over all loads up to these (Beckmann, McGuire and Winsten 1956)."""
        return float(self.curves.integral(np.maximum(load, 0.0)).sum()) if self.curves is not None else 0.0

    def least(self, price: Floats) -> float:
        """Least of total(load) - price.load over all loads."""
        return float(self.curves.conjugate_min(price).sum()) if self.curves is not None else 0.0


def queues_of(program: Program) -> Queues:
    """The queues of a program; a delay of something shut has none."""
    n, columns = program.network, len(program.cost)
    if not n.case.delays:
        return Queues((), sparse.csr_array((0, columns)), np.zeros(0), None)
    from keruen.solve.delays import Delays

    at: dict[str, list[int]] = {}
    for e, edge in enumerate(n.edges):
        at.setdefault(edge.name, []).append(e)
    names, rows, curves = list[str](), list[tuple[Delay, Link | Transfer, float]](), list[float]()
    triples: tuple[list[int], list[int], list[float]] = ([], [], [])
    by_edge: dict[int, list[tuple[int, str]]] = {}
    for g, group in enumerate(n.groups):
        for k, e in enumerate(group.edges.tolist()):
            by_edge.setdefault(e, []).append((program.flow[g] + k, group.commodity))
    for delay in n.case.delays.values():
        row = n.case.links.get(delay.of) or n.case.transfers[delay.of]
        together = isinstance(row, Transfer) or row.capacity_shared
        edges = at.get(delay.of, [])
        unit = row.capacity_unit or "Mt/year"
        limits = [n.edges[e].limit for e in edges]
        capacity = n.limits[limits[0]].capacity if limits and limits[0] >= 0 else None
        full = delay.full if delay.full is not None else capacity
        if not edges or not full or (capacity is not None and capacity <= 0):
            continue
        for part in [edges] if together else [[e] for e in edges]:
            for e in part:
                for column, commodity in by_edge.get(e, []):
                    triples[0].append(len(names))
                    triples[1].append(column)
                    triples[2].append(size(n.commodities[commodity], unit) or 0.0)
            names.append(n.edges[part[0]].label if not together else delay.of)
            rows.append((delay, row, float(full)))
            curves.append(_hour(n, row, unit))
    loads = sparse.csr_array((triples[2], (triples[0], triples[1])), shape=(len(names), columns))
    kind = [KINDS[d.kind] for d, _, _ in rows]
    hour = np.array(curves)
    points = [sorted((float(k), v) for k, v in d.points.items()) if d.kind == "points" else [] for d, _, _ in rows]
    start = np.concatenate([[0], np.cumsum([len(p) for p in points])]).astype(np.int64)
    made = Delays(
        kind, np.zeros(len(rows)), np.array([(d.hours or 0.0) for d, _, _ in rows]) * hour, np.array([f for _, _, f in rows]),
        np.array([POWER if d.power is None else d.power for d, _, _ in rows]), start, np.array([x for p in points for x, _ in p]),
        np.array([y * h for p, h in zip(points, hour, strict=True) for _, y in p]),
    )  # fmt: skip
    most = np.array([f * (1 - 1e-12) if d.kind == "davidson" else np.inf for d, _, f in rows])
    return Queues(tuple(names), loads, most, made)


def _hour(n: Network, row: Link | Transfer, unit: str) -> float:
    """What an hour costs a unit of capacity, MUSD: the mean over the goods carried."""
    found = []
    for commodity in row.carries:
        c = n.commodities[commodity]
        units = size(c, unit)
        if units:
            found.append(c.time_usd_per_day / 24 * MUSD_PER_UNIT[c.unit] / units)
    return sum(found) / len(found) if found else 0.0
