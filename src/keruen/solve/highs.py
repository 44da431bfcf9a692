"""Run HiGHS on plain arrays: one thread, simplex, nothing random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import SolveError

__all__ = ["Answer", "Solver"]

Floats = NDArray[np.float64]
DUAL, PRIMAL = 1, 4  # HiGHS's numbers for its simplex strategies


@dataclass(frozen=True)
class Answer:
    """Primal and dual values of a program, with the solver's word on it."""

    status: str
    objective: float
    x: Floats
    row_dual: Floats


class Solver:
    """A HiGHS model that can be changed and solved again from the last basis."""

    def __init__(self, cost: Floats, upper: Floats, matrix: sparse.csc_array, row_lower: Floats, row_upper: Floats) -> None:
        self.rows, self.columns = int(matrix.shape[0]), int(matrix.shape[1])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, self.rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(self.columns), upper
        lp.row_lower_, lp.row_upper_ = row_lower, row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self.highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("solver", "simplex"), ("parallel", "off"),
                              ("primal_feasibility_tolerance", 1e-9), ("dual_feasibility_tolerance", 1e-9)):  # fmt: skip
            self.highs.setOptionValue(option, value)
        self.highs.passModel(lp)

    def solve(self, *, new_cost: bool = False) -> Answer:
        """Solve, from the last basis where there is one. Raises SolveError if no optimum is proven.

        new_cost: only costs changed, so the last basis is still feasible and the primal simplex goes on
        from it; after a change of bounds the dual simplex does.
        """
        self.highs.setOptionValue("simplex_strategy", PRIMAL if new_cost else DUAL)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kModelEmpty:
            return Answer("optimal", 0.0, np.zeros(self.columns), np.zeros(self.rows))
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise SolveError("going round in a circle earns money without end: look for negative costs, or rules that pay, on the way there and back")
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolveError(f"HiGHS stopped with '{self.highs.modelStatusToString(status)}'; a plan always exists, so this is a fault of keruen")
        solution = self.highs.getSolution()
        return Answer("optimal", self.highs.getInfo().objective_function_value, np.array(solution.col_value), np.array(solution.row_dual))

    def set_cost(self, cost: Floats) -> None:
        self.highs.changeColsCost(self.columns, np.arange(self.columns, dtype=np.int32), cost)

    def set_row(self, row: int, lower: float, upper: float) -> None:
        self.highs.changeRowBounds(row, lower, upper)

    def set_rows(self, lower: Floats, upper: Floats) -> None:
        self.highs.changeRowsBounds(self.rows, np.arange(self.rows, dtype=np.int32), lower, upper)

    def set_upper(self, columns: NDArray[np.int64], upper: float | Floats) -> None:
        """Upper bounds of some columns; all have 0 as the lower."""
        count = len(columns)
        self.highs.changeColsBounds(count, columns.astype(np.int32), np.zeros(count), np.broadcast_to(upper, (count,)).astype(np.float64))

    def add_columns(self, cost: Floats, upper: Floats, rows: sparse.csr_array) -> None:
        """New columns, one a row of ``rows`` (columns, rows of the program)."""
        count = len(cost)
        starts, places = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
        self.highs.addCols(count, cost, np.zeros(count), upper, rows.nnz, starts, places, rows.data)
        self.columns += count

    def drop_columns(self, first: int, last: int) -> None:
        """Take out the columns from ``first`` up to but not including ``last``."""
        self.highs.deleteCols(last - first, np.arange(first, last, dtype=np.int32))
        self.columns -= last - first

    def add_row(self, lower: float, upper: float, columns: NDArray[np.int32], values: Floats) -> int:
        self.highs.addRow(lower, upper, len(columns), columns, values)
        self.rows += 1
        return self.rows - 1

    def basis(self) -> Any:
        """The last basis, as HiGHS keeps it: ``col_status`` and ``row_status``."""
        return self.highs.getBasis()

    def start_from(self, basis: Any) -> None:
        """Begin the next solve from this basis and nothing else; HiGHS mends it where it does not fit."""
        self.highs.clearSolver()  # else weights and factors of earlier solves would choose among ties
        self.highs.setBasis(basis)

    def row_ranges(self) -> tuple[Floats, Floats]:
        """For every row, the right-hand sides between which the basis, and so each price, stays the same."""
        _, ranging = self.highs.getRanging()
        return np.array(ranging.row_bound_dn.value_), np.array(ranging.row_bound_up.value_)
