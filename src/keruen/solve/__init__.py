"""Network -> Solution: the planner's least-cost plan, with prices, ranges and a certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from keruen.network import Network
from keruen.solve.certificate import Certificate, certify
from keruen.solve.engines import Engine, choose
from keruen.solve.program import Program, assemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keruen.solve.paths import Path

__all__ = ["GAP", "Price", "Solution", "solve"]

Floats = NDArray[np.float64]
FULL = 1e-9
GAP = 1e-6


@dataclass(frozen=True, slots=True)
class Price:
    """What one more unit of a limit, fleet or rule is worth.

    price: MUSD per unit of its capacity; it holds for capacities from holds_from to holds_to.
    degenerate: the solver's price is only one of many; the price shown is then the gain of a little
    more, found by solving again. one_more: MUSD a year gained by one whole unit more, solved anew.
    """

    row: int
    load: float
    price: float
    holds_from: float
    holds_to: float
    degenerate: bool
    one_more: float | None = None


@dataclass(frozen=True)
class Solution:
    """A solved program: x by column, price by row, objective in MUSD with its certificate."""

    program: Program
    x: Floats
    row_dual: Floats
    objective: float
    status: str
    certificate: Certificate
    engine: Engine
    behaviour: ClassVar[str] = "planner"

    @property
    def network(self) -> Network:
        return self.program.network

    @property
    def paid(self) -> float:
        """Money and time, penalties, less the value of what arrived: for a planner that is the objective."""
        return self.objective

    def flows(self, group: int) -> Floats:
        """Flow of a group on each of its edges."""
        first = self.program.flow[group]
        return self.x[first : first + len(self.network.groups[group].edges)]

    def ways(self) -> list[Path] | None:
        """Who uses what, where the solver knows it; None where flows on edges are all there is."""
        return None

    def load(self, row: int) -> float:
        """Left-hand side of a row."""
        return float((self.program.matrix[[row], :] @ self.x)[0])

    def prices(self, rows: Sequence[int], units: Sequence[float] | None = None) -> dict[int, Price]:
        """Prices of ``<=`` rows (``>=`` for floors), with the range each holds over.

        A row whose range has no width above its side is degenerate: its price is found by giving it a
        little more and solving again from the last basis. ``units``: what "one more" is, by row.
        """
        p = self.program
        if not len(p.cost):
            return {row: Price(row, 0.0, 0.0, 0.0, np.inf, False) for row in rows}
        low, high = self.engine.ranges()
        activity = p.matrix @ self.x
        found = {}
        for k, row in enumerate(rows):
            floor = np.isinf(p.row_upper[row])
            side = float(p.row_lower[row] if floor else p.row_upper[row])
            full = abs(activity[row] - side) <= FULL * max(1.0, abs(side))
            price = max(0.0, -float(self.row_dual[row]) * (-1 if floor else 1))
            holds, one_more, degenerate = (float(low[row]), float(high[row])), None, False
            if full and not floor:
                step = max(1e-6, 1e-4 * abs(side))
                degenerate = holds[1] - side < step
                if degenerate:
                    price, holds = self._a_little_more(row, side, step)
                one_more = self._gain(row, side, units[k] if units else 1.0)
            found[row] = Price(row, float(activity[row]), price, *holds, degenerate, one_more)
        return found

    def _a_little_more(self, row: int, side: float, step: float) -> tuple[float, tuple[float, float]]:
        """Price of a little more than ``side``, and the range it holds over, by solving again."""
        gain = self._gain(row, side, step, back=False)
        low, high = self.engine.ranges_here()
        same = float(low[row]) <= side + 1e-9 * max(1.0, abs(side))
        self.engine.set_sides(row, float(self.program.row_lower[row]), side)
        return gain / step, (side, float(high[row]) if same else side + step)

    def _gain(self, row: int, side: float, step: float, *, back: bool = True) -> float:
        lower = float(self.program.row_lower[row])
        self.engine.set_sides(row, lower, side + step)
        better = self.engine.objective()
        if back:
            self.engine.set_sides(row, lower, side)
        return max(0.0, self.objective - better)


def solve(network: Network, *, engine: str = "auto", gap: float = GAP, verify: bool = False) -> Solution:
    """The least-cost plan of a network. Always feasible: what cannot move is part of the answer.

    engine: arcs (one linear program), paths (column generation) or auto. gap: how far above the proven
    bound, relative to the objective, paths may stop; arcs go to the end.
    verify: solve again by a second formulation and put the difference into the certificate.
    Raises SolveError if no optimum is proven, UsageError for an unknown engine.
    """
    program = assemble(network)
    chosen = choose(program, engine, gap)
    found = chosen.optimum()
    certificate = certify(program, found.x, found.row_dual)
    if verify:
        from keruen.solve.verify import objective_by_pairs

        other = objective_by_pairs(network)
        certificate = replace(certificate, verified=abs(other - found.objective) / max(1.0, abs(found.objective)))
    return Solution(program, found.x, found.row_dual, found.objective, "optimal", certificate, chosen)
