"""What exports do if they touch something, or may not: a network with a second floor.

The network of the commodity gets a second floor: a flow steps up to it when it touches what is asked about, and
never comes down. What is delivered there has touched it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from keruen.network import Edge, Network
from keruen.solve.pathform import path_form
from keruen.solve.pathmaster import PathMaster
from keruen.solve.program import Taken, assemble, with_rows

__all__ = ["Floors"]

INF = float("inf")


class Floors:
    """One question: the groups that get a second floor, the edges that lead up to it, what counts as an export."""

    def __init__(self, network: Network, groups: frozenset[int], edges: frozenset[int], exports: Callable[[Network, Taken], bool]) -> None:
        tall = _second_floor(network, groups, edges)
        self.program = assemble(tall)
        base = len(network.vertices)
        self.up, self.out = np.zeros(len(self.program.cost)), np.zeros(len(self.program.cost))
        for column, t in self.program.taken:
            if exports(tall, t):
                self.out[column] = 1.0
                self.up[column] = float(t.vertex >= base)
        rows = [(values, -INF, INF) for values in (self.program.cost, self.out, self.up)]
        self.master = PathMaster(path_form(with_rows(self.program, rows)))
        many = len(self.master.row_lower)
        self._cost, self._exports, self._touched = many - 3, many - 2, many - 1

    def range(self, objective: float, exports: float) -> tuple[float, float]:
        """Least and greatest share of the exports on the second floor, among plans of at most this objective that export this much."""
        # First the best plan with nothing limited: with its ways in the pool the limits can be kept.
        self._limits()
        self.master.change(cost=self.program.cost)
        self.master.solve()
        self._limits(cost=objective - self.program.offset, exports=(exports - 1e-9, exports + 1e-9))
        self.master.change(cost=self.up)
        least = self.master.solve().objective - self.program.offset
        self.master.change(cost=-self.up)
        most = self.program.offset - self.master.solve().objective
        return max(0.0, least / exports), min(1.0, most / exports)

    def untouched(self) -> tuple[float, float]:
        """Exports and objective of the best plan in which no export reaches the second floor."""
        self._limits(touched=0.0)
        self.master.change(cost=self.program.cost)
        answer = self.master.solve()
        return float(self.out @ self.master.flows(answer)), answer.objective

    def exporting(self, most: float) -> float:
        """Objective of the best plan that exports at most this much, on whichever floor."""
        self._limits(exports=(-INF, most))
        self.master.change(cost=self.program.cost)
        return self.master.solve().objective

    def _limits(self, cost: float = INF, exports: tuple[float, float] = (-INF, INF), touched: float = INF) -> None:
        self.master.set_row(self._cost, -INF, cost)
        self.master.set_row(self._exports, *exports)
        self.master.set_row(self._touched, -INF, touched)


def _second_floor(n: Network, groups: frozenset[int], edges: frozenset[int]) -> Network:
    """The network with vertices doubled for the groups: ``v + base`` is v after touching an edge."""
    base = len(n.vertices)
    more: list[Edge] = list(n.edges)
    upstairs: dict[int, int] = {}
    stepping: dict[int, int] = {}
    for e in sorted({e for g in groups for e in n.groups[g].edges.tolist()}):
        edge = n.edges[e]
        upstairs[e] = len(more)
        more.append(replace(edge, tail=edge.tail + base, head=edge.head + base))
        if e in edges:
            stepping[e] = len(more)
            more.append(replace(edge, head=edge.head + base))
    made = []
    for g, group in enumerate(n.groups):
        if g not in groups:
            made.append(group)
            continue
        own = group.edges.tolist()
        where = [stepping.get(e, e) for e in own] + [upstairs[e] for e in own]
        made.append(replace(group, edges=np.array(where, np.int64), cost=np.concatenate([group.cost, group.cost])))
    wants = tuple(replace(w, ends=tuple((end, at + tuple(v + base for v in at)) for end, at in w.ends)) for w in n.wants)
    consigned = tuple(replace(c, vertices=(c.vertices[0], c.vertices[1] + tuple(v + base for v in c.vertices[1]))) for c in n.consigned)
    # What a plant takes in may have touched it; what it makes has not.
    works = tuple(replace(w, vertices={**w.vertices, w.input: w.vertices[w.input] + tuple(v + base for v in w.vertices[w.input])}) for w in n.works)
    bounds = tuple(
        replace(b, edges=b.edges | {upstairs[e] for e in b.edges if e in upstairs} | {stepping[e] for e in b.edges if e in stepping}) for b in n.bounds
    )
    return replace(n, vertices=n.vertices + n.vertices, edges=tuple(more), wants=wants, consigned=consigned, works=works, bounds=bounds, groups=tuple(made))
