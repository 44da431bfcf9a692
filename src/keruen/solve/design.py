"""Which arcs of a network to pay for: fixed-charge capacitated network design, as published test networks put it.

A mixed-integer program in HiGHS: flows by origin, an arc carries only if it is paid for, within its capacity. The flow of an
origin on an arc is at most what the origin sends, if the arc is paid for; these rows make the relaxation strong and come in as they
are broken. The decisions of ``keruen invest`` come from :mod:`keruen.solve.choosing`; here is the same question without a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import SolveError, UsageError
from keruen.solve.flows import Multiflow

__all__ = ["Designed", "relaxation", "solve_design"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS = 60
TINY = 1e-6


@dataclass(frozen=True)
class Designed:
    """opened (arcs,) which arcs are paid for; flow (arcs,) on them; cost of both; bound no design can beat."""

    opened: NDArray[np.bool_]
    flow: Floats
    cost: float
    bound: float

    @property
    def gap(self) -> float:
        """How far the cost may lie above the optimum, relative to it."""
        return max(0.0, self.cost - self.bound) / max(1.0, abs(self.cost))


class _Program:
    """Columns: flows by origin and arc, then one a arc that says how much of it is paid for."""

    def __init__(self, d: Multiflow, fixed: Floats, by_flow: bool) -> None:
        if len(fixed) != len(d.tail) or not np.isfinite(fixed).all() or (len(fixed) and fixed.min() < 0):
            raise UsageError(f"fixed: found {len(fixed)} charges for {len(d.tail)} arcs; expected one of 0 or more for every arc")
        if np.isfinite(d.unmet):
            raise UsageError(f"unmet: found {d.unmet:g}; a design moves every flow, so expected inf")
        self.d = d
        self.sources = np.arange(len(d.origin)) if by_flow else np.unique(d.origin)
        self.sent = np.zeros((len(self.sources), d.n))
        for k in range(len(d.origin)):
            s = k if by_flow else int(np.searchsorted(self.sources, d.origin[k]))
            self.sent[s, d.origin[k]] += d.demand[k]
            self.sent[s, d.destination[k]] -= d.demand[k]
        self.total = np.maximum(self.sent, 0).sum(axis=1)
        self.arcs = len(d.tail)
        self.room = np.minimum(d.capacity, d.demand.sum())
        self.flows = len(self.sources) * self.arcs
        place = np.arange(self.arcs)
        balance = sparse.coo_array((np.concatenate([np.ones(self.arcs), -np.ones(self.arcs)]),
                                    (np.concatenate([d.tail, d.head]), np.concatenate([place, place]))), shape=(d.n, self.arcs))  # fmt: skip
        blocks = sparse.block_diag([balance] * len(self.sources)) if len(self.sources) else sparse.coo_array((0, 0))
        room = sparse.hstack([sparse.hstack([sparse.eye_array(self.arcs)] * len(self.sources)), -sparse.diags_array(self.room)])
        matrix = sparse.vstack([sparse.hstack([blocks, sparse.coo_array((blocks.shape[0], self.arcs))]), room])
        self.matrix = sparse.csc_array(matrix)
        self.low = np.concatenate([self.sent.ravel(), np.full(self.arcs, -np.inf)])
        self.high = np.concatenate([self.sent.ravel(), np.zeros(self.arcs)])
        self.cost = np.concatenate([np.tile(d.cost, len(self.sources)), fixed])
        self.upper = np.concatenate([np.minimum(np.repeat(self.total, self.arcs), np.tile(self.room, len(self.sources))), np.ones(self.arcs)])

    def highs(self, gap: float, limit_s: float) -> Any:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.flows + self.arcs, len(self.low)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.cost, np.zeros(len(self.cost)), self.upper
        lp.row_lower_, lp.row_upper_ = self.low, self.high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = self.matrix.indptr, self.matrix.indices, self.matrix.data
        found: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_rel_gap", gap), ("time_limit", min(limit_s, 1e7))):
            found.setOptionValue(option, value)
        found.passModel(lp)
        return found

    def strengthen(self, highs: Any) -> int:
        """Rows ``flow of an origin <= what it sends x paid`` that the last solution breaks."""
        x = np.array(highs.getSolution().col_value)
        most = np.minimum.outer(self.total, self.room)
        broken = np.argwhere(x[: self.flows].reshape(len(self.sources), self.arcs) > most * x[self.flows :] + TINY * np.maximum(1.0, most))
        for s, a in broken.tolist():
            highs.addRow(-np.inf, 0.0, 2, np.array([s * self.arcs + a, self.flows + a], np.int32), np.array([1.0, -most[s, a]]))
        return len(broken)


def relaxation(d: Multiflow, fixed: Floats, *, strong: bool = False) -> float:
    """Least cost if arcs could be paid for in part. fixed (arcs,): charge of each arc. strong: with the rows by flow."""
    p = _Program(d, fixed, by_flow=strong)
    highs = p.highs(0.0, np.inf)
    for _ in range(ROUNDS):
        highs.run()
        _sound(highs)
        if not strong or not p.strengthen(highs):
            break
    return float(highs.getInfo().objective_function_value)


def solve_design(d: Multiflow, fixed: Floats, *, gap: float = 1e-4, limit_s: float = np.inf) -> Designed:
    """The cheapest arcs and flows, every flow moved, proven within ``gap``, or as far as ``limit_s`` seconds lead.

    fixed (arcs,): charge of each arc. Raises SolveError where the flows have no room even with every arc, UsageError for numbers that make no sense.
    """
    p = _Program(d, fixed, by_flow=True)
    highs = p.highs(gap, limit_s)
    for _ in range(ROUNDS):
        highs.run()
        _sound(highs)
        if not p.strengthen(highs):
            break
    highs.changeColsIntegrality(p.arcs, np.arange(p.flows, p.flows + p.arcs, dtype=np.int32), np.full(p.arcs, highspy.HighsVarType.kInteger))
    highs.setOptionValue("time_limit", highs.getRunTime() + min(limit_s, 1e7))
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kTimeLimit:
        _sound(highs)
    info, x = highs.getInfo(), np.array(highs.getSolution().col_value)
    if not np.isfinite(info.objective_function_value) or len(x) != len(p.cost):
        raise SolveError(f"no design was found in {limit_s:g} seconds")
    opened = x[p.flows :] > 0.5
    flow = x[: p.flows].reshape(len(p.sources), p.arcs).sum(axis=0)
    return Designed(opened, flow, float(flow @ d.cost + fixed[opened].sum()), float(info.mip_dual_bound))


def _sound(highs: Any) -> None:
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        raise SolveError("the flows have no room, even with every arc")
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
        raise SolveError(f"HiGHS stopped with '{highs.modelStatusToString(status)}'")
