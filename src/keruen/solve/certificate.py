"""How right an answer is, recomputed from the arrays and not taken from the solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keruen.solve.program import Program

__all__ = ["Certificate", "certify", "largest_breach"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Certificate:
    """max_violation: largest breach of any constraint, in the unit of its row.

    relative_gap: (primal - dual) / max(1, |primal|), where the dual is a bound that holds for these
    row prices whatever their rounding. verified: relative difference of a second formulation, if asked.
    """

    max_violation: float
    relative_gap: float
    verified: float | None = None


def largest_breach(program: Program, x: Floats, row_lower: Floats, row_upper: Floats) -> float:
    """By how much x (columns,) breaks a row or a bound at most, with these sides of the rows."""
    activity = program.matrix @ x
    return max(
        float(np.max(row_lower - activity, initial=0.0)),
        float(np.max(activity - row_upper, initial=0.0)),
        float(np.max(-x, initial=0.0)),
        float(np.max(x - program.upper, initial=0.0)),
    )


def certify(program: Program, x: Floats, row_dual: Floats) -> Certificate:
    """Certificate of a primal x (columns,) and row prices (rows,).

    Any prices give a bound: for each row its price times the side it presses on, for each column its
    reduced cost times the bound it presses on. Columns without a bound get one that no sensible plan
    exceeds (:attr:`Program.most`), so that a tiny wrong sign costs a tiny amount instead of the bound.
    """
    violation = largest_breach(program, x, program.row_lower, program.row_upper)
    primal = float(program.cost @ x) + program.offset
    y = np.where((row_dual > 0) & np.isinf(program.row_lower), 0.0, row_dual)
    y = np.where((y < 0) & np.isinf(program.row_upper), 0.0, y)
    side = np.where(y > 0, program.row_lower, program.row_upper)
    side = np.where(y == 0, 0.0, side)
    reduced = program.cost - program.matrix.T @ y
    dual = float(y @ side) + float(np.minimum(reduced, 0.0) @ program.most) + program.offset
    return Certificate(violation, (primal - dual) / max(1.0, abs(primal)))
