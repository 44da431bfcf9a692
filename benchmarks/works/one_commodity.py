"""Section 5: one commodity, minimum-cost flow, DIMACS instances or a generated grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cells import BENCH
from harness import Missing, Work
from works.problems import Problem

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Single:
    """Arcs with whole costs and capacities; supply (negative: demand) by vertex."""

    n: int
    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints


def read(name: str) -> Single:
    """A DIMACS .min file of shared/bench, or a generated ``grid R x C``."""
    if name.startswith("grid "):
        return _grid(*(int(w) for w in name.split() if w.isdigit()))
    path = BENCH / "dimacs" / f"{name}.min"
    if not path.exists():
        raise Missing(f"{path} is not there")
    n, arcs, supply = 0, [], np.zeros(0, int)
    for line in path.read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[:1] == ["p"]:
            n = int(words[2])
            supply = np.zeros(n, int)
        elif words[:1] == ["n"]:
            supply[int(words[1]) - 1] = int(words[2])
        elif words[:1] == ["a"]:
            if int(words[3]) != 0:
                raise Missing(f"{name} has lower bounds, which this reader leaves out")
            arcs.append((int(words[1]) - 1, int(words[2]) - 1, int(words[4]), int(words[5])))
    a = np.array(arcs)
    return Single(n, a[:, 0], a[:, 1], a[:, 2], a[:, 3], supply)


def _grid(rows: int, columns: int) -> Single:
    rng = np.random.default_rng(1)
    place = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.vstack([np.c_[place[:, :-1].ravel(), place[:, 1:].ravel()], np.c_[place[:-1].ravel(), place[1:].ravel()]])
    tail, head = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    supply = np.zeros(rows * columns, int)
    supply[place[:, 0]], supply[place[:, -1]] = 10, -10
    return Single(rows * columns, tail, head, rng.integers(8, 30, len(tail)), rng.integers(1, 100, len(tail)), supply)


def keruen(name: str, gap: float) -> Work:
    """One flow from a source joined to every supply to a sink joined to every demand."""
    from works.random_family import solved

    s = read(name)
    gives, takes = np.flatnonzero(s.supply > 0), np.flatnonzero(s.supply < 0)
    source, sink = s.n, s.n + 1
    total = float(s.supply[gives].sum())
    p = Problem(
        s.n + 2,
        np.r_[s.tail, np.full(len(gives), source), takes],
        np.r_[s.head, gives, np.full(len(takes), sink)],
        np.r_[s.cost, np.zeros(len(gives) + len(takes))].astype(float),
        np.r_[s.capacity, s.supply[gives], -s.supply[takes]].astype(float),
        np.array([source]),
        np.array([sink]),
        np.array([total]),
        np.inf,
    )
    return solved(p.multiflow, gap)


def ortools(name: str) -> Work:
    """OR-Tools' network simplex with cost scaling."""
    from ortools.graph.python import min_cost_flow

    s = read(name)

    def run() -> dict[str, Any]:
        m = min_cost_flow.SimpleMinCostFlow()
        m.add_arcs_with_capacity_and_unit_cost(s.tail, s.head, s.capacity, s.cost)
        m.set_nodes_supplies(np.arange(s.n), s.supply)
        status = m.solve()
        if status != m.OPTIMAL:
            raise RuntimeError(f"OR-Tools: status {status}")
        return {"objective": float(m.optimal_cost())}

    return Work(run)


def highs(name: str) -> Work:
    """The arc program in HiGHS."""
    from scipy import sparse

    from peers import highs_lp

    s = read(name)

    def run() -> dict[str, Any]:
        arcs = np.arange(len(s.tail))
        entries = (np.r_[np.ones(len(arcs)), -np.ones(len(arcs))], (np.r_[s.tail, s.head], np.r_[arcs, arcs]))
        matrix = sparse.csc_array(sparse.coo_array(entries, shape=(s.n, len(arcs))))
        side = s.supply.astype(float)
        return {"objective": highs_lp.solve(highs_lp.model(s.cost.astype(float), s.capacity.astype(float), matrix, side, side))}

    return Work(run)


def networkx(name: str) -> Work:
    """NetworkX: the graph is made anew each time, as ``keruen`` and the others make theirs."""
    import networkx as nx

    s = read(name)

    def run() -> dict[str, Any]:
        g = nx.MultiDiGraph()
        g.add_nodes_from((v, {"demand": -q}) for v, q in enumerate(s.supply.tolist()))
        g.add_edges_from(
            (t, h, {"capacity": u, "weight": c}) for t, h, u, c in zip(s.tail.tolist(), s.head.tolist(), s.capacity.tolist(), s.cost.tolist(), strict=True)
        )
        return {"objective": float(nx.network_simplex(g)[0])}

    return Work(run)
