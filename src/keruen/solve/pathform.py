"""The arc program seen as paths: which columns form a way through a group, and what a way takes of every other row.

Dantzig and Wolfe (1960): the balance rows of a group say no more than that its flow is made of ways from where
something enters to where something leaves. So a way is one column of a smaller program, which keeps the other
rows: limits, fleets, rules, supplies, deliveries, plants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.solve.program import ENTERS, Program, most_taken
from keruen.solve.trees import spread_costs, walk

__all__ = ["Found", "PathForm", "Seeds", "path_form"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = np.inf
ROUNDING = 1e-10  # MUSD per unit; prices found anew differ by this


@dataclass(frozen=True)
class Seeds:
    """Columns by which something enters (or leaves) groups, sorted by group: vertex, group, start (groups+1,) of each group.

    item: what bounds the column, -1 where nothing does; several columns may share one.
    """

    column: Ints
    vertex: Ints
    group: Ints
    start: Ints
    item: Ints


@dataclass(frozen=True)
class Graph:
    """Who follows a vertex, by which column: start (vertices+1,), onward and column (arcs,); back (columns,) where a column came from."""

    start: Ints
    onward: Ints
    column: Ints
    back: Ints


@dataclass(frozen=True)
class Found:
    """Ways found by pricing: start (ways+1,) into columns; and the bound that the prices prove (-inf if a circle earns)."""

    start: Ints
    columns: Ints
    bound: float
    worst: float


@dataclass(frozen=True)
class PathForm:
    """What pricing needs of a program. Vertices are its balance rows; linking rows are the others, in their order.

    group (columns,): which group a column of a way is in, -1 for the others. both_ends (groups,): whether
    ways are searched from both ends. linking (linking rows, columns): what
    every column takes of the linking rows. other: columns that are part of no way (deliveries, runs, ships,
    shortfalls). item_most: most that all columns of an item can carry.
    """

    program: Program
    parts: Ints
    ahead: Graph
    behind: Graph
    enters: Seeds
    leaves: Seeds
    linking: sparse.csc_array
    by_column: sparse.csr_array
    group: Ints
    both_ends: Bools
    other: Ints
    item_most: Floats
    row_lower: Floats
    row_upper: Floats

    @property
    def vertices(self) -> int:
        return len(self.program.balance)

    def reduced(self, cost: Floats, prices: Floats) -> Floats:
        """Reduced cost of every column at prices of the linking rows."""
        left: Floats = cost - self.by_column @ prices
        return left

    def price(self, reduced: Floats, shut: Bools | None, tolerance: float, known: Floats | None = None) -> Found:
        """Cheapest way to every leaving column and from every entering one, where cheaper than ``-tolerance``.

        reduced (columns,): reduced costs; shut: columns that may not be used. The bound is what the ways can add at most.
        known: reduced costs at which no way was cheaper, with no more shut than now; groups in which no column
        has become cheaper since are not searched again.
        """
        cost = reduced if shut is None else np.where(shut, INF, reduced)
        asked = np.ones(len(self.parts) - 1, bool)
        if known is not None:
            asked[:] = False
            asked[self.group[cost < known - ROUNDING]] = True
            if not asked.any():
                return Found(np.zeros(1, np.int64), np.zeros(0, np.int64), 0.0, 0.0)
        circle, there, via = self._trees(self.ahead, self.enters, cost, asked)
        if circle >= 0:
            return self._circle(circle, via, cost)
        # Where all that leaves are consignments, the tree from their origin says it all.
        circle, home, via_home = self._trees(self.behind, self.leaves, cost, asked & self.both_ends)
        assert circle < 0, "a circle shows in both directions"
        to_leave, to_enter = there[self.leaves.vertex] + cost[self.leaves.column], cost[self.enters.column] + home[self.enters.vertex]
        least = np.zeros(len(self.item_most))
        for seeds, total in ((self.leaves, to_leave), (self.enters, to_enter)):
            bounded = seeds.item >= 0
            np.minimum.at(least, seeds.item[bounded], total[bounded])
        wanted, wanted_home = to_leave < -tolerance, to_enter < -tolerance
        start, columns = self._ways(self.leaves.vertex[wanted], via, self.ahead, self.leaves.column[wanted])
        start_home, columns_home = self._ways(self.enters.vertex[wanted_home], via_home, self.behind, self.enters.column[wanted_home], turned=True)
        worst = min(float(np.min(to_leave, initial=0.0)), float(np.min(to_enter, initial=0.0)))
        return Found(np.concatenate([start, start[-1] + start_home[1:]]), np.concatenate([columns, columns_home]), float(least @ self.item_most), worst)

    def potentials(self, reduced: Floats, shut: Bools | None) -> Floats:
        """Price of every balance row: the least still to pay from its vertex on."""
        cost = reduced if shut is None else np.where(shut, INF, reduced)
        _, home, _ = self._trees(self.behind, self.leaves, cost, np.ones(len(self.parts) - 1, bool))
        known = home < INF
        home[~known] = float(np.max(home[known], initial=0.0)) + float(np.max(np.abs(reduced), initial=0.0)) + 1.0
        return home

    def _trees(self, graph: Graph, seeds: Seeds, cost: Floats, asked: Bools) -> tuple[int, Floats, Ints]:
        distance, via = np.empty(self.vertices), np.empty(self.vertices, np.int64)
        circle = spread_costs(self.parts, graph.start, graph.onward, graph.column, cost, seeds.start, seeds.vertex, seeds.column, asked, distance, via)
        return circle, distance, via

    def _ways(self, vertices: Ints, via: Ints, graph: Graph, last: Ints, *, turned: bool = False) -> tuple[Ints, Ints]:
        """Columns of each way, from where it enters to where it leaves; start says where each begins.

        The tree gives a way from its far end; ``turned`` trees are rooted where things leave.
        """
        start, out = np.zeros(len(vertices) + 1, np.int64), np.empty(16 * len(vertices) + 16, np.int64)
        used = walk(vertices, via, graph.back, start, out)
        if used < 0:
            out = np.empty(-used, np.int64)
            used = walk(vertices, via, graph.back, start, out)
        # Each way is written once, in the order of travel, so that the same way found twice is known.
        begins = start + np.arange(len(start))
        columns = np.empty(begins[-1], np.int64)
        place = np.arange(used) + np.repeat(np.arange(len(vertices)), np.diff(start))
        if turned:
            columns[begins[:-1]] = last
            columns[place + 1] = out[:used]
        else:
            columns[begins[1:] - 1] = last
            way = np.repeat(np.arange(len(vertices)), np.diff(start))
            columns[begins[way] + start[way + 1] - 1 - np.arange(used)] = out[:used]
        return begins, columns

    def _circle(self, vertex: int, via: Ints, cost: Floats) -> Found:
        """The circle that a vertex is on or behind, as a way of its own."""
        seen: dict[int, int] = {}
        walked: list[int] = []
        while vertex not in seen:
            seen[vertex] = len(walked)
            column = int(via[vertex])
            walked.append(column)
            vertex = int(self.ahead.back[column])
            if vertex < 0:
                raise AssertionError("the search went round without a circle")
        circle = np.array(walked[seen[vertex] :], np.int64)
        return Found(np.array([0, len(circle)]), circle, -INF, float(cost[circle].sum()))


def path_form(program: Program) -> PathForm:
    """Split a program into ways and linking rows."""
    n, many = program.network, len(program.balance)
    top = program.matrix[:many, :].tocoo()
    columns = program.matrix.shape[1]
    tail, head = np.full(columns, -1, np.int64), np.full(columns, -1, np.int64)
    out = top.data > 0
    tail[top.col[out]] = top.row[out]
    comes = top.data < 0
    head[top.col[comes]] = top.row[comes]
    groups = len(n.groups)
    parts = np.searchsorted(program.balance[:, 0], np.arange(groups + 1)) if many else np.zeros(groups + 1, np.int64)
    ways = np.flatnonzero((tail >= 0) & (head >= 0))
    item_of, item_most = _items(program)
    linking = program.matrix[many:, :].tocsc()
    taken = {column for column, _ in program.taken}
    flows = int(sum(len(g.edges) for g in n.groups))
    other = np.array([c for c in range(flows, columns) if c not in taken], np.int64)
    group = np.full(columns, -1, np.int64)
    ends = np.maximum(tail, head)
    group[ends >= 0] = program.balance[ends[ends >= 0], 0]
    pooled = np.array([not g.consigned for g in n.groups], bool)
    into = np.array([c for c, t in program.taken if t.kind in ENTERS], np.int64)
    away = np.array([c for c, t in program.taken if t.kind not in ENTERS], np.int64)
    return PathForm(
        program, parts.astype(np.int64), _graph(ways, tail, head, many, columns), _graph(ways, head, tail, many, columns),
        _seeds(into, head, program.balance, groups, item_of), _seeds(away, tail, program.balance, groups, item_of),
        linking, linking.T.tocsr(), group, pooled, other, item_most, program.row_lower[many:], program.row_upper[many:],
    )  # fmt: skip


def _graph(ways: Ints, tail: Ints, head: Ints, vertices: int, columns: int) -> Graph:
    order = ways[np.lexsort((ways, tail[ways]))]
    start = np.searchsorted(tail[order], np.arange(vertices + 1))
    back = np.full(columns, -1, np.int64)
    back[order] = tail[order]
    return Graph(start.astype(np.int64), head[order], order, back)


def _seeds(columns: Ints, vertex: Ints, balance: Ints, groups: int, item_of: dict[int, int]) -> Seeds:
    at = vertex[columns]
    group = balance[at, 0] if len(at) else np.zeros(0, np.int64)
    order = np.lexsort((columns, group))
    columns, at, group = columns[order], at[order], group[order]
    start = np.searchsorted(group, np.arange(groups + 1)).astype(np.int64)
    return Seeds(columns, at, group, start, np.array([item_of.get(c, -1) for c in columns.tolist()], np.int64))


def _items(program: Program) -> tuple[dict[int, int], Floats]:
    """What bounds each way: the supply it comes from, what a plant can make, or the consignment it is part of."""
    n = program.network
    numbers: dict[tuple[str, int, str], int] = {}
    most: list[float] = []
    item_of: dict[int, int] = {}
    for column, t in program.taken:
        if t.kind in ("supply", "made", "consigned"):
            key = (t.kind, t.item, n.groups[t.group].commodity)
            if key not in numbers:
                numbers[key] = len(most)
                most.append(most_taken(n, t))
            item_of[column] = numbers[key]
    return item_of, np.array(most)
