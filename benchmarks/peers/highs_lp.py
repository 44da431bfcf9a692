"""A linear program given as arrays, in HiGHS itself: the floor for everything that solves arcs with HiGHS."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["model", "solve"]

Floats = NDArray[np.float64]


def model(cost: Floats, upper: Floats, matrix: sparse.csc_array, row_lower: Floats, row_upper: Floats, **options: Any) -> highspy.Highs:
    """min cost.x, row_lower <= A x <= row_upper, 0 <= x <= upper."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    for name, value in options.items():
        h.setOptionValue(name, value)
    h.passModel(lp)
    return h


def solve(h: highspy.Highs) -> float:
    """Run and return the objective. Raises RuntimeError unless optimal."""
    h.run()
    status = h.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS: {h.modelStatusToString(status)}")
    return float(h.getInfo().objective_function_value)
