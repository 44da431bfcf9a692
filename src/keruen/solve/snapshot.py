"""What a plan comes to, in a few arrays, so that thousands of plans can be laid beside a base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.solve.program import ENTERS, Program, capacities
from keruen.solve.shares import is_export

__all__ = ["Measures", "Snapshot"]

Floats = NDArray[np.float64]
FULL = 1e-7


@dataclass(frozen=True)
class Snapshot:
    """objective and moving (money and time spent on moving, supplies and plants) in MUSD.

    delivered: by commodity, in its unit: what reached demands and consignees; carried: with what went into plants;
    exported: what home sent abroad. flow: by (way of an edge, commodity).
    full: names of what has no room left.
    """

    objective: float
    moving: float
    delivered: dict[str, float]
    carried: dict[str, float]
    exported: dict[str, float]
    flow: dict[tuple[str, str], float]
    full: frozenset[str]


class Measures:
    """Takes snapshots of plans of one program."""

    def __init__(self, program: Program) -> None:
        self.program = p = program
        n = p.network
        self._commodities = list(n.commodities)
        place = {c: i for i, c in enumerate(self._commodities)}
        columns = [(p.met + i, place[w.commodity]) for i, w in enumerate(n.wants)] + [(p.extra + i, place[w.commodity]) for i, w in enumerate(n.wants)]
        columns += [(p.moved + i, place[c.commodity]) for i, c in enumerate(n.consigned)]
        self._delivered = _selection(len(place), columns, len(p.cost))
        entered = [(c, place[n.groups[t.group].commodity]) for c, t in p.taken if t.kind in ENTERS]
        self._carried = _selection(len(place), entered, len(p.cost))
        sold = [(c, place[n.groups[t.group].commodity]) for c, t in p.taken if is_export(n, t)]
        self._exported = _selection(len(place), sold, len(p.cost))
        worth = np.zeros(len(p.cost), bool)
        worth[p.met : p.run] = True
        worth[[c for c in p.short if c >= 0]] = True
        self._moving = np.where(worth, 0.0, p.cost)
        keys: dict[tuple[str, str], int] = {}
        entries = []
        for first, group in zip(p.flow, n.groups, strict=True):
            for k, e in enumerate(group.edges.tolist()):
                entries.append((first + k, keys.setdefault((n.edges[e].label, group.commodity), len(keys))))
        self._keys = list(keys)
        self._flow = _selection(len(keys), entries, len(p.cost))
        rows = capacities(p)
        self._named = [name for name, *_ in rows]
        self._rows = p.matrix.tocsr()[[row for *_, row in rows], :] if rows else sparse.csr_array((0, len(p.cost)))
        self._sides = p.row_upper[[row for *_, row in rows]] if rows else np.zeros(0)

    def delivered(self, x: Floats) -> dict[str, float]:
        """What reached demands and consignees, by commodity, in its unit."""
        return dict(zip(self._commodities, (self._delivered @ x).tolist(), strict=True))

    def exported(self, x: Floats) -> dict[str, float]:
        """What home sent abroad, by commodity, in its unit."""
        return dict(zip(self._commodities, (self._exported @ x).tolist(), strict=True))

    def of(self, x: Floats, objective: float) -> Snapshot:
        """The snapshot of a plan x (columns,)."""
        # A product and a sum, not ``@``: that would wake the threads of BLAS, which takes longer than a solve.
        flow = self._flow @ x
        full = np.flatnonzero(self._rows @ x >= self._sides - FULL * np.maximum(1.0, self._sides))
        return Snapshot(
            objective, float((self._moving * x).sum()), self.delivered(x), dict(zip(self._commodities, (self._carried @ x).tolist(), strict=True)),
            self.exported(x),
            {self._keys[k]: float(flow[k]) for k in np.flatnonzero(flow > FULL).tolist()},
            frozenset(self._named[i] for i in full.tolist() if self._sides[i] > 0),
        )  # fmt: skip


def _selection(rows: int, entries: list[tuple[int, int]], columns: int) -> sparse.csr_array:
    """A matrix of ones: entries are (column, row)."""
    at = np.array(entries, np.int64).reshape(-1, 2)
    return sparse.csr_array((np.ones(len(at)), (at[:, 1], at[:, 0])), shape=(rows, columns))
