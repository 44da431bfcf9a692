"""What screenlines count: of every column, and of every way between its ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keruen.network import Network
from keruen.rules import End, RuleBook
from keruen.solve.choice import incidence
from keruen.solve.program import Program, Taken
from keruen.tables import Screenline

__all__ = ["LineCounter", "directions_counted", "end_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_WAYS = {"": ("forward", "transfer"), "back": ("back",), "both": ("forward", "back", "transfer")}


def directions_counted(line: Screenline) -> frozenset[tuple[str, str]]:
    """(link or transfer, direction) that the line counts; supplies, demands and plants among its words are passed over."""
    return frozenset((stem, direction) for name in line.links for stem, _, way in (name.partition(":"),) for direction in _WAYS[way])


def end_of(n: Network, t: Taken) -> End:
    """Where a way begins or ends."""
    if t.kind == "supply":
        return n.offers[t.item].end
    if t.kind in ("made", "intake"):
        return n.works[t.item].end
    if t.kind == "demand":
        return n.wants[t.item].ends[t.end][0]
    return n.consigned[t.item].origin if t.kind == "start" else n.consigned[t.item].destination


class LineCounter:
    """Counts screenlines on ways of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._taken = dict(program.taken)
        n = program.network
        self._book = RuleBook(n.case, n.overlay, n.year)
        self._weights: dict[str, Floats] = {}

    def weight(self, name: str) -> Floats:
        """(columns,) units of the line that one unit on a flow column is, whatever its ends."""
        if name not in self._weights:
            n, p = self.program.network, self.program
            line = n.case.screenlines[name]
            counted = directions_counted(line)
            mine = np.array([(e.name, e.direction) in counted for e in n.edges] or [False])
            weight = np.zeros(len(p.cost))
            for g, group in enumerate(n.groups):
                if group.commodity in line.commodities and len(group.edges):
                    weight[p.flow[g] : p.flow[g] + len(group.edges)] = mine[group.edges] * n.counted(group.commodity, line.unit)
            self._weights[name] = weight
        return self._weights[name]

    def on_ways(self, name: str, start: Ints, columns: Ints) -> Floats:
        """(ways,) units of the line that one unit on each way is."""
        line = self.program.network.case.screenlines[name]
        count = np.asarray(incidence(start, columns, len(self.program.cost)) @ self.weight(name))
        if line.origin or line.destination:
            n = self.program.network
            for way in np.flatnonzero(count).tolist():
                first, last = self._taken[int(columns[start[way]])], self._taken[int(columns[start[way + 1] - 1])]
                fits = self._book.is_one_of(end_of(n, first), line.origin) and self._book.is_one_of(end_of(n, last), line.destination)
                count[way] *= fits
        return count
