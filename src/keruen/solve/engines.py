"""Two engines for one program: arcs in one piece, or ways found as they are needed. Either can answer "what if" again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from keruen.errors import UsageError, did_you_mean
from keruen.solve.highs import Solver
from keruen.solve.program import Program

if TYPE_CHECKING:
    from keruen.solve.pathmaster import PathMaster

__all__ = ["ENGINES", "Engine", "Optimum", "choose"]

Floats = NDArray[np.float64]
ENGINES = ("auto", "arcs", "paths")
# Below this many columns one solve on arcs takes less time than loading the compiled search (docs/engine.md).
SMALL = 5_000
# From this many on the first ways are found at the prices of the interior point.
LARGE = 150_000


@dataclass(frozen=True, slots=True)
class Optimum:
    """x by column, price by row, objective in MUSD, a bound below it, rounds of pricing (0 on arcs)."""

    x: Floats
    row_dual: Floats
    objective: float
    bound: float
    rounds: int


class Engine(Protocol):
    """What a solution asks of the engine that made it. Rows are those of the program."""

    name: str
    why: str

    def optimum(self) -> Optimum:
        """Solve the program as it stands."""

    def ranges(self) -> tuple[Floats, Floats]:
        """Back to the optimum; then, for every row, the sides between which its price stays the same."""

    def ranges_here(self) -> tuple[Floats, Floats]:
        """The same for what was solved last."""

    def set_sides(self, row: int, lower: float, upper: float) -> None:
        """Other sides of one row, until they are set back."""

    def objective(self) -> float:
        """Objective of the program with the sides set now."""


class Arcs:
    """The whole program in HiGHS."""

    name = "arcs"

    def __init__(self, program: Program, why: str) -> None:
        self.why, self._offset = why, program.offset
        self._solver = Solver(program.cost, program.upper, program.matrix, program.row_lower, program.row_upper)

    def optimum(self) -> Optimum:
        answer = self._solver.solve()
        self._basis = self._solver.basis()
        objective = answer.objective + self._offset
        return Optimum(answer.x, answer.row_dual, objective, objective, 0)

    def ranges(self) -> tuple[Floats, Floats]:
        self._solver.start_from(self._basis)
        self._solver.solve()
        return self._solver.row_ranges()

    def ranges_here(self) -> tuple[Floats, Floats]:
        return self._solver.row_ranges()

    def set_sides(self, row: int, lower: float, upper: float) -> None:
        self._solver.set_row(row, lower, upper)

    def objective(self) -> float:
        return self._solver.solve().objective + self._offset


class Paths:
    """Column generation over ways, kept warm."""

    name = "paths"

    def __init__(self, program: Program, why: str, gap: float) -> None:
        from keruen.solve.pathform import path_form
        from keruen.solve.pathmaster import PathMaster

        self.why, self._gap, self._first = why, gap, len(program.balance)
        self.master: PathMaster = PathMaster(path_form(program))
        self._large = len(program.cost) >= LARGE

    def optimum(self) -> Optimum:
        if self._large and not self.master.ways:
            from keruen.solve.pathinterior import learn_ways

            learn_ways(self.master)
        answer = self.master.solve(self._gap)
        self._mark = self.master.mark()
        return Optimum(self.master.flows(answer), self.master.row_duals(answer), answer.objective, answer.bound, answer.rounds)

    def ranges(self) -> tuple[Floats, Floats]:
        self.master.back(self._mark)
        self.master.solve(self._gap)
        return self.ranges_here()

    def ranges_here(self) -> tuple[Floats, Floats]:
        low, high = self.master.row_ranges()
        none = np.zeros(self._first)
        return np.concatenate([none, low]), np.concatenate([none, high])

    def set_sides(self, row: int, lower: float, upper: float) -> None:
        self.master.set_row(row - self._first, lower, upper)

    def objective(self) -> float:
        return self.master.solve(self._gap).objective


def choose(program: Program, engine: str, gap: float) -> Engine:
    """The engine asked for; ``auto`` takes the one that is likely to be quicker and says why. Raises UsageError for another word."""
    if engine not in ENGINES:
        raise UsageError(f"engine '{engine}' is not known; choose {', '.join(ENGINES)}. {did_you_mean(engine, ENGINES)}".strip())
    columns = len(program.cost)
    if engine == "auto":
        small = columns < SMALL
        why = f"{columns:,} columns, {'fewer' if small else 'more'} than {SMALL:,}"
        return Arcs(program, why) if small else Paths(program, why, gap)
    return Arcs(program, "asked for") if engine == "arcs" else Paths(program, "asked for", gap)
