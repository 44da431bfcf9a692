"""The interior point for separable convex programs: against SciPy, against closed forms, and its response."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import LinearConstraint, linprog
from scipy.optimize import minimize as by_scipy

from keruen.solve.convex import ConvexProgram, minimise

INF = np.inf


def program(cost, top, spread, scale, matrix, lower, upper, slopes=None):
    arrays = [np.array(v, float) for v in (cost, top, spread, scale)]
    return ConvexProgram(*arrays, sparse.csr_array(np.array(matrix, float)), np.array(lower, float), np.array(upper, float), slopes)


def value(p, x):
    some = (p.spread > 0) & (x > 0)
    return float(p.cost @ x) + float(p.spread[some] @ (x[some] * (np.log(x[some] / p.scale[some]) - 1)))


def test_shares_are_logit():
    """Ten units, three ways: shares follow exp(-cost / spread)."""
    p = program([10, 12, 20], [INF] * 3, [4] * 3, [10] * 3, [[1, 1, 1]], [10], [10])
    answer = minimise(p, tolerance=1e-12)
    weight = np.exp(-np.array([10, 12, 20]) / 4)
    assert answer.closed
    assert answer.x == pytest.approx(10 * weight / weight.sum(), rel=1e-9)
    # The price is the logsum: what one more unit costs.
    assert answer.prices[0] == pytest.approx(-4 * np.log(weight.sum()), rel=1e-8)


def test_a_capacity_has_a_price_that_shares_follow():
    p = program([10, 12], [INF] * 2, [4] * 2, [10] * 2, [[1, 1], [1, 0]], [10, -INF], [10, 3])
    answer = minimise(p, tolerance=1e-12)
    assert answer.x == pytest.approx([3, 7], abs=1e-8)
    assert 10 - answer.prices[1] + 4 * np.log(3 / 10) == pytest.approx(12 + 4 * np.log(7 / 10), abs=1e-6)


def test_columns_without_choice_are_set():
    p = program([1, -5, 2], [0, 3, 4], [0, 0, 0], [1, 1, 1], [[0, 1, 0], [0, 0, 1]], [0, 4], [0, INF])
    answer = minimise(p)
    assert answer.x.tolist() == [0, 0, 4]
    assert answer.fixed.tolist() == [True, True, True]


@st.composite
def programs(draw):
    columns, rows = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    whole = st.integers(-3, 3)
    matrix = np.array([[draw(whole) for _ in range(columns)] for _ in range(rows)], float)
    inside = np.array([draw(st.floats(0.2, 2)) for _ in range(columns)])
    activity = matrix @ inside
    equal = [draw(st.booleans()) for _ in range(rows)]
    room = [draw(st.floats(0.05, 2)) for _ in range(rows)]
    lower = [a if e else -INF for a, e in zip(activity, equal, strict=True)]
    upper = [a if e else a + r for a, e, r in zip(activity, equal, room, strict=True)]
    curved = [draw(st.sampled_from([0.0, 0.5, 3.0])) for _ in range(columns)]
    cost = [draw(st.integers(-5, 20)) for _ in range(columns)]
    return program(cost, [5.0] * columns, curved, [draw(st.sampled_from([0.5, 1.0, 4.0])) for _ in range(columns)], matrix, lower, upper)


@settings(max_examples=150, deadline=None)
@given(p=programs())
def test_nobody_does_better(p):
    answer = minimise(p, tolerance=1e-10)
    assert answer.closed
    activity = p.matrix @ answer.x
    assert (activity <= p.upper + 1e-7).all()
    assert (activity >= p.lower - 1e-7).all()
    assert ((answer.x >= 0) & (answer.x <= p.top + 1e-9)).all()
    both = np.vstack([p.matrix.toarray(), -p.matrix.toarray()])
    linear = linprog(p.cost, A_ub=both, b_ub=np.r_[p.upper, -p.lower].clip(-1e9, 1e9), bounds=[(0, 5)] * len(p.cost))
    starts = [np.full(len(p.cost), 1.0)] + ([np.maximum(linear.x, 1e-3)] if linear.status == 0 else [])
    floor = [(1e-12, t) for t in p.top]
    for start in starts:
        equal = p.lower == p.upper
        rows = p.matrix.toarray()
        held = [LinearConstraint(rows[which], p.lower[which], p.upper[which]) for which in (equal, ~equal) if which.any()]
        other = by_scipy(lambda x: value(p, x), start, bounds=floor, constraints=held, method="SLSQP", options={"maxiter": 500, "ftol": 1e-12})
        moved = p.matrix @ other.x
        feasible = (moved <= p.upper + 1e-9).all() and (moved >= p.lower - 1e-9).all()
        if feasible:
            assert value(p, answer.x) <= value(p, other.x) + 1e-6 * max(1, abs(value(p, other.x)))


@settings(max_examples=60, deadline=None)
@given(p=programs())
def test_prices_prove_it(p):
    """The dual of the program at the prices comes to the same: a bound that needs no other solver."""
    answer = minimise(p, tolerance=1e-11)
    reduced = p.cost - p.matrix.T @ answer.prices
    bound = float(answer.prices @ np.where(answer.prices > 0, np.where(np.isfinite(p.lower), p.lower, 0), p.upper))
    for j, (r, s, n, u) in enumerate(zip(reduced, p.spread, p.scale, p.top, strict=True)):
        if answer.fixed[j]:
            x = answer.x[j]
        elif s > 0:
            x = min(u, n * np.exp(-r / s))
        else:
            x = u if r < 0 else 0.0
        bound += r * x + (s * x * (np.log(x / n) - 1) if s > 0 and x > 0 else 0.0)
    assert bound == pytest.approx(value(p, answer.x), abs=1e-5)


def test_a_curve_finds_its_balance():
    """Two ways, one with waiting that grows as the fourth power: both cost the same at last."""
    def slopes(x):
        return np.array([10 * x[0] ** 4, 0.0]), np.array([40 * x[0] ** 3, 0.0])

    answer = minimise(program([1, 5], [INF] * 2, [0, 0], [1, 1], [[1, 1]], [3], [3], slopes), tolerance=1e-12)
    assert answer.x[0] == pytest.approx(0.4**0.25, rel=1e-8)


def test_response_is_the_derivative():
    cost = np.array([10.0, 12.0, 14.0])
    def p(c):
        return program(c, [INF] * 3, [4] * 3, [10] * 3, [[1, 1, 1], [1, 0, 0]], [10, -INF], [10, 4])

    answer = minimise(p(cost), tolerance=1e-12)
    push = np.eye(3)
    found = answer.response(push)
    for k in range(3):
        step = 1e-4
        there = minimise(p(cost + step * push[k]), tolerance=1e-13).x
        back = minimise(p(cost - step * push[k]), tolerance=1e-13).x
        assert found[:, k] == pytest.approx((there - back) / (2 * step), abs=1e-4)
