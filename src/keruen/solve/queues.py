"""Waiting that grows with load, on the limits of a program: curves of linking rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.solve.pathform import PathForm
from keruen.solve.program import Program

__all__ = ["Queues", "queues_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Queues:
    """No queue yet."""

    rows: NDArray[np.int64]

    def slopes(self, rows: sparse.csr_array, live: NDArray[np.bool_]) -> Callable[[Floats], tuple[Floats, Floats]] | None:
        return None

    def marginal(self, form: PathForm, load: Floats) -> Floats:
        return np.zeros(len(load))

    def total(self, load: Floats) -> float:
        return 0.0

    def least(self, load: Floats) -> float:
        return 0.0


def queues_of(program: Program) -> Queues:
    return Queues(np.zeros(0, np.int64))
