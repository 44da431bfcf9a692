"""A linear program given as arrays, written in linopy: one vectorised expression a kind of row, none in a Python loop."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["model", "quiet", "solve"]

Floats = NDArray[np.float64]


def model(cost: Floats, upper: Floats, matrix: sparse.csc_array, row_lower: Floats, row_upper: Floats) -> linopy.Model:
    """min cost.x, row_lower <= A x <= row_upper, 0 <= x <= upper, on linopy's sparse path (its quickest; not yet its default)."""
    linopy.options["semantics"] = "v1"
    m = linopy.Model(sparse=True)
    columns = {"column": np.arange(len(cost))}
    x = m.add_variables(lower=0.0, upper=xr.DataArray(upper, dims="column", coords=columns), name="x")
    entries = matrix.tocoo()
    row, column, value = entries.coords[0], entries.coords[1], entries.data
    equal = row_lower == row_upper
    for sign, mask, side in (("=", equal, row_lower), ("<=", ~equal & np.isfinite(row_upper), row_upper), (">=", ~equal & np.isfinite(row_lower), row_lower)):
        kept = mask[row]
        if not kept.any():
            continue
        entry = {"entry": np.arange(int(kept.sum()))}
        terms = x.isel(column=xr.DataArray(column[kept], dims="entry", coords=entry)) * xr.DataArray(value[kept], dims="entry", coords=entry)
        of_row = pd.Series(row[kept], index=pd.Index(entry["entry"], name="entry"), name="row")
        rows = np.unique(row[kept])
        m.add_constraints(terms.groupby(of_row).sum(), sign, xr.DataArray(side[rows], dims="row", coords={"row": rows}), name=f"rows {sign}")
    m.add_objective((x * xr.DataArray(cost, dims="column", coords=columns)).sum())
    return m


def solve(m: linopy.Model, **options: Any) -> float:
    """Solve with HiGHS and return the objective. Raises RuntimeError unless optimal."""
    status, condition = m.solve("highs", log_to_console=False, progress=False, **options)
    if status != "ok":
        raise RuntimeError(f"linopy: {status}, {condition}")
    return float(m.objective.value)


def quiet() -> None:
    """No logging and no warnings on the way."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
