"""A year written out in the small program of a choice, instead of planes below it: the same optimum by another formulation.

Planes say little where projects are worth something only together, as the arcs of a new network are. Then a year is better kept
in the choice itself (partial Benders decomposition: Crainic, Hewitt, Maggioni and Rei 2021). With every year written out
nothing is left to learn, which is how ``keruen invest --verify`` checks a plan.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keruen.solve.builds import YearMaster

__all__ = ["Rows", "size_of", "write_out"]

Floats = NDArray[np.float64]
INF = float("inf")


class Rows(Protocol):
    """A program that grows."""

    def column(self, cost: float, low: float, high: float, whole: bool) -> int:
        """Add a column; returns its number."""
        ...

    def row(self, columns: list[int], values: list[float], low: float, high: float) -> None:
        """Add a row."""
        ...


def size_of(master: YearMaster) -> int:
    """Columns of a year."""
    return len(master.aim.cost)


def write_out(into: Rows, master: YearMaster, parts: NDArray[np.int64], scale: Floats | None, value: int, base: float) -> None:
    """Add a year: its columns, its rows with their sides moved by the parts built, and that its cost less ``base`` is column ``value``.

    parts (projects,): columns of the parts built; scale: factor on what each adds.
    """
    year, aim = master.year, master.aim
    first = [into.column(0.0, 0.0, float(most), False) for most in master.upper]
    matrix, many = master.matrix.tocsr(), len(year.none)
    none = np.concatenate([year.none, master.rest])
    more = year.more.tocsr()
    for r in range(matrix.shape[0]):
        at = slice(matrix.indptr[r], matrix.indptr[r + 1])
        columns, values = [first[c] for c in matrix.indices[at].tolist()], matrix.data[at].tolist()
        low, high = float(master.lower[r]), float(none[r])
        built = slice(more.indptr[r], more.indptr[r + 1]) if r < many else slice(0, 0)
        if built.stop > built.start:
            projects, adds = more.indices[built], more.data[built]
            if scale is not None:
                adds = adds * scale[projects]
            if low > -INF:
                into.row(columns, values, low, INF)
            into.row([*columns, *parts[projects].tolist()], [*values, *(-adds).tolist()], -INF, high)
        else:
            into.row(columns, values, low, high)
    used = np.flatnonzero(aim.cost)
    into.row([value, *(first[c] for c in used.tolist())], [1.0, *(-aim.cost[used]).tolist()], aim.offset - base, aim.offset - base)
