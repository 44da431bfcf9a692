"""First ways from the interior point: whatever they are, the end is the same."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.network import build
from keruen.solve import solve
from keruen.solve.certificate import certify
from keruen.solve.engines import Paths
from keruen.solve.pathform import path_form
from keruen.solve.pathinterior import learn_ways
from keruen.solve.pathmaster import PathMaster
from keruen.solve.program import assemble
from random_cases import YEARS, random_case, random_scenario


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_the_end_is_the_same(first, tmp_path):
    """With every kind of row: plants, fleets, quotas, take-or-pay, coupled supplies, shared capacities."""
    for seed in range(first, first + 30):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        network = build(case, rng.choice(YEARS), random_scenario(rng, case))
        program = assemble(network)
        master = PathMaster(path_form(program))
        learn_ways(master)
        answer = master.solve()
        best = solve(network, engine="arcs").objective
        assert answer.objective == pytest.approx(best, rel=1e-7, abs=1e-6), seed
        certificate = certify(program, master.flows(answer), master.row_duals(answer))
        assert abs(certificate.relative_gap) < 1e-8
        assert certificate.max_violation < 1e-7


def test_its_ways_are_good(tmp_path):
    """On the real case the master needs hardly a round more, and no more ways than it finds by itself."""
    program = assemble(build(kr.load("kazakhstan"), 2023))
    plain, learned = PathMaster(path_form(program)), PathMaster(path_form(program))
    rounds, gap = learn_ways(learned)
    assert rounds < 30
    assert gap < 0.01
    a, b = plain.solve(), learned.solve()
    assert a.objective == pytest.approx(b.objective, rel=1e-12)
    assert b.rounds <= a.rounds


def test_large_programs_begin_so(tmp_path, monkeypatch):
    monkeypatch.setattr("keruen.solve.engines.LARGE", 1)
    program = assemble(build(random_case(random.Random(7), tmp_path / "case"), 2023))
    engine = Paths(program, "", 0.0)
    monkeypatch.setattr("keruen.solve.engines.LARGE", 10**9)
    assert engine.optimum().objective == pytest.approx(Paths(program, "", 0.0).optimum().objective, rel=1e-9)
