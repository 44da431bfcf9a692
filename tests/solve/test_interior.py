"""The interior point against HiGHS on programs of its own form: shared demands, rows with prices in a box."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from keruen.errors import SolveError, UsageError
from keruen.solve.interior import Master, Point, Workers, interior, one_blas_thread
from keruen.solve.normal import local_rows


def two(cost: list[float], start: list[int], demand: float, side: float, low: float, high: float) -> Master:
    """Columns of one flow, and one row."""
    entries = start[-1]
    row = np.zeros(entries, int)
    return Master(np.array(cost), np.zeros(len(cost), int), np.array(start), row, np.ones(entries), *(np.array([v]) for v in (demand, side, low, high)))


def some_master(seed: int, *, size: int = 1) -> Master:
    """Columns with and without flow, rows that are ceilings, floors that pay and equalities, any signs."""
    rng = np.random.default_rng(seed)
    flows, loose, rows = int(rng.integers(0, 8 * size)), int(rng.integers(0, 6 * size)), int(rng.integers(1, 10 * size))
    flow = np.r_[np.repeat(np.arange(flows), rng.integers(1, 5, flows)), np.full(loose, -1)].astype(int)
    rng.shuffle(flow)
    matrix = (rng.random((rows, len(flow))) < min(0.4, 4 / rows)) * np.round(rng.normal(0, 2, (rows, len(flow))), int(rng.integers(0, 3)))
    cost = np.round(rng.uniform(-3, 10, len(flow)), 1)
    cost[flow < 0] = np.abs(cost[flow < 0])
    demand = np.round(rng.exponential(5, flows), 1)
    side = np.round(rng.normal(3, 6, rows), 1)
    kind, rho = rng.integers(0, 3, rows), np.round(rng.uniform(1, 30, rows), 1)
    p, r = np.nonzero(matrix.T)
    start = np.r_[0, np.cumsum(np.bincount(p, minlength=len(flow)))]
    return Master(cost, flow, start, r, matrix[r, p], demand, side, np.where(kind == 0, 0, -rho), np.where(kind == 2, 0, rho))


def dense(m: Master) -> np.ndarray:
    out = np.zeros((len(m.side), len(m.cost)))
    out[m.row, np.repeat(np.arange(len(m.cost)), np.diff(m.start))] = m.value
    return out


def by_highs(m: Master) -> float | None:
    rows, flows = len(m.side), len(m.demand)
    shares = np.array([[float(f == k) for f in m.flow] for k in range(flows)]).reshape(flows, len(m.cost))
    high, low = np.where(np.isfinite(m.high), m.high, 0), np.where(np.isfinite(m.low), m.low, 0)
    limits = [(0, None)] * len(m.cost) + [(0, None if np.isfinite(h) else 0) for h in m.high] + [(0, None if np.isfinite(v) else 0) for v in m.low]
    equal = np.block([[dense(m), -np.eye(rows), np.eye(rows)], [shares, np.zeros((flows, 2 * rows))]])
    answer = linprog(np.r_[m.cost, high, -low], A_eq=equal, b_eq=np.r_[m.side, m.demand], bounds=limits, method="highs")
    return float(answer.fun) if answer.status == 0 else None


def paid(m: Master, p: Point) -> float:
    return float(m.cost @ p.x + np.where(np.isfinite(m.high), m.high, 0) @ p.above - np.where(np.isfinite(m.low), m.low, 0) @ p.below)


def check(m: Master) -> None:
    p = interior(m)
    assert p.converged
    assert paid(m, p) == pytest.approx(by_highs(m), rel=1e-7, abs=1e-7)
    assert (p.x >= 0).all()
    assert ((p.mu >= m.low) & (p.mu <= m.high)).all()
    assert dense(m) @ p.x - p.above + p.below == pytest.approx(m.side, abs=1e-6)
    assert np.bincount(m.flow[m.flow >= 0], p.x[m.flow >= 0], minlength=len(m.demand)) == pytest.approx(m.demand, rel=1e-12)
    reduced = m.cost + dense(m).T @ p.mu
    reduced[m.flow >= 0] -= p.sigma[m.flow[m.flow >= 0]]
    carried = np.where(m.flow >= 0, m.demand[np.maximum(m.flow, 0)] > 0, True) if len(m.demand) else np.ones(len(m.cost), bool)
    assert (reduced[carried] >= -1e-6 * (1 + np.abs(m.cost).max(initial=0))).all()


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_same_cost_as_highs(first: int) -> None:
    for seed in range(first, first + 100):
        check(some_master(seed))


@pytest.mark.parametrize("seed", range(12))
def test_same_cost_as_highs_when_larger(seed: int) -> None:
    check(some_master(1000 + seed, size=12))


def test_rows_that_cannot_be_broken() -> None:
    # Two ways of 1 and 3 a unit for 5 units; the cheap one holds 2, and nothing may pass that.
    for high in (np.inf, 50.0):
        m = two([1.0, 3.0], [0, 1, 1], 5.0, 2.0, 0.0, high)
        p = interior(m)
        assert p.converged
        assert p.x == pytest.approx([2, 3], abs=1e-6)
        assert p.mu == pytest.approx([2], abs=1e-5)
        assert p.sigma == pytest.approx([3], abs=1e-5)


def test_a_floor_pays_for_what_is_missing() -> None:
    # 5 units; the dear way should carry at least 4, at 1 for each unit missing: it costs 2 more, so all is paid.
    m = two([1.0, 3.0], [0, 0, 1], 5.0, 4.0, -1.0, 0.0)
    p = interior(m)
    assert p.x == pytest.approx([5, 0], abs=1e-5)
    assert p.below == pytest.approx([4], abs=1e-5)
    assert p.mu == pytest.approx([-1], abs=1e-6)


def test_no_rows_no_flows_no_columns() -> None:
    none, whole = np.zeros(0), np.zeros(0, int)
    assert interior(Master(none, whole, np.zeros(1, int), whole, none, none, none, none, none)).converged
    only = interior(Master(np.array([2.0, 1.0]), np.array([0, 0]), np.zeros(3, int), whole, none, np.array([3.0]), none, none, none))
    assert only.x == pytest.approx([0, 3], abs=1e-6)
    row = interior(Master(none, whole, np.zeros(1, int), whole, none, none, np.array([-2.0]), np.array([0.0]), np.array([7.0])))
    assert row.above == pytest.approx([2], abs=1e-6)


def test_flows_without_demand_still_have_a_price() -> None:
    columns = np.array([4.0, 2.0, 1.0]), np.array([0, 0, 1]), np.array([0, 1, 1, 2]), np.array([0, 0]), np.ones(2)
    m = Master(*columns, np.array([0.0, 3.0]), np.array([1.0]), np.array([0.0]), np.array([9.0]))
    p = interior(m)
    assert p.x[:2].tolist() == [0, 0]
    assert p.sigma[0] == pytest.approx(2)


def test_a_start_nearby_gives_the_same() -> None:
    m = some_master(1003, size=12)
    cold = interior(m)
    warm = interior(m, mu=cold.mu, barrier=cold.barrier * 1e3)
    assert warm.converged
    assert paid(m, warm) == pytest.approx(paid(m, cold), rel=1e-7)


def test_same_bytes_with_any_threads() -> None:
    m = some_master(1, size=120)
    with one_blas_thread():
        answers = [interior(m, workers=Workers(threads), target=1e-3, hold=0.2) for threads in (1, 2, 1)]
    assert len({p.x.tobytes() + p.mu.tobytes() for p in answers}) == 1


def test_what_makes_no_sense_is_refused() -> None:
    one, zero = np.ones(1), np.zeros(1)
    whole = np.zeros(1, int)
    good = {"cost": one, "flow": whole, "start": np.array([0, 1]), "row": whole, "value": one, "demand": one, "side": one, "low": zero, "high": one}
    assert interior(Master(**good)).converged
    for change in (
        {"flow": np.array([1])}, {"row": np.array([3])}, {"high": zero}, {"demand": -one}, {"value": np.ones(2)},
        {"start": np.array([0, 2])}, {"low": np.zeros(2)},
    ):
        with pytest.raises(UsageError):
            interior(Master(**{**good, **change}))
    with pytest.raises(SolveError, match="no column"):
        interior(Master(**{**good, "flow": np.array([-1])}))


def test_local_rows() -> None:
    touch, touched, local = local_rows(np.array([0, 2]), np.array([0, 2, 3]), np.array([4, 1, 2], np.int32), 5)
    assert touch.tolist() == [0, 3]
    assert touched.tolist() == [1, 2, 4]
    assert local.tolist() == [2, 0, 1]
