"""The certificate: it sees every breach and every price that proves less, and never more than is true."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

import keruen as kr
from keruen.network import build
from keruen.solve import solve
from keruen.solve.certificate import certify
from keruen.solve.verify import objective_by_pairs
from random_cases import YEARS, random_case
from small import write_small


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small")).solve().solution


def breach(p, x):
    """Largest violation, written out row by row."""
    worst = 0.0
    dense = p.matrix.toarray()
    for i in range(dense.shape[0]):
        value = float(dense[i] @ x)
        worst = max(worst, p.row_lower[i] - value, value - p.row_upper[i])
    for j, value in enumerate(x):
        worst = max(worst, -value, value - p.upper[j])
    return worst


def test_the_optimum_is_proven(solution):
    assert solution.certificate.max_violation <= 1e-9
    assert abs(solution.certificate.relative_gap) <= 1e-12
    assert solution.certificate.verified is None


def test_every_breach_is_seen(solution):
    p, rng = solution.program, np.random.default_rng(0)
    for column in range(len(solution.x)):
        for step in (0.5, -0.5, 1e-3):
            x = solution.x.copy()
            x[column] += step
            assert certify(p, x, solution.row_dual).max_violation == pytest.approx(breach(p, x), abs=1e-12)
    x = rng.normal(size=len(solution.x))
    assert certify(p, x, solution.row_dual).max_violation == pytest.approx(breach(p, x))
    assert breach(p, x) > 0.1


def test_a_worse_plan_shows_its_gap(solution):
    """Nothing moves at all: feasible, and the gap is the whole gain of 4086.5 and the penalties of what is missed."""
    p = solution.program
    nothing = certify(p, np.zeros(len(solution.x)), solution.row_dual)
    assert nothing.max_violation == 0
    missed = 10 * 100 + 900 + 50 * 20  # crude, products, boxes in MUSD
    assert p.offset == pytest.approx(missed)
    assert nothing.relative_gap == pytest.approx((missed + 4086.5) / missed)


def test_wrong_prices_show_a_gap_never_less_than_none(solution):
    p = solution.program
    assert certify(p, solution.x, np.zeros(len(solution.row_dual))).relative_gap > 0.1
    for factor in (0.5, 0.99, 1.01, 2, -1):
        assert certify(p, solution.x, solution.row_dual * factor).relative_gap > 1e-4


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_any_prices_give_a_bound(first, tmp_path):
    """Weak duality: whatever the row prices, the bound never exceeds the optimum."""
    for seed in range(first, first + 10):
        rng, noise = random.Random(seed), np.random.default_rng(seed)
        solution = solve(build(random_case(rng, tmp_path / "case"), rng.choice(YEARS)))
        p = solution.program
        assert (solution.x <= p.most + 1e-9).all(), seed
        for _ in range(5):
            prices = solution.row_dual + noise.normal(scale=rng.choice((0.01, 1, 100)), size=len(solution.row_dual))
            assert certify(p, solution.x, prices).relative_gap >= -1e-12, seed


def test_a_claimed_optimum_off_by_a_little_is_caught(solution):
    """A plan that is dearer by a millionth has a gap of a millionth."""
    p = solution.program
    dearer = replace(p, cost=p.cost * (1 + 1e-6))
    gap = certify(dearer, solution.x, solution.row_dual).relative_gap
    assert 1e-8 < abs(gap) < 1e-4


def test_verify_puts_the_difference_into_the_certificate(tmp_path, monkeypatch):
    case = kr.load(write_small(tmp_path / "small"))
    assert case.solve(verify=True).certificate.verified < 1e-12
    monkeypatch.setattr("keruen.solve.verify.objective_by_pairs", lambda network: objective_by_pairs(network) * 1.001)
    assert case.solve(verify=True).certificate.verified == pytest.approx(1e-3)


def test_verify_notices_a_wrong_program(tmp_path, monkeypatch):
    """With the capacities doubled behind the back of the pairs, the two no longer agree."""
    import keruen.solve as module
    from keruen.solve.program import assemble

    def doubled(network):
        return assemble(replace(network, limits=tuple(replace(x, capacity=2 * x.capacity) for x in network.limits)))

    monkeypatch.setattr(module, "assemble", doubled)
    case = kr.load(write_small(tmp_path / "small"))
    assert case.solve(scenario=kr.without(rule="pipe-quota"), verify=True).certificate.verified > 1e-4
