"""The path engine against the arcs, warm and cold, whole and stopped early."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keruen as kr
from keruen.errors import UsageError
from keruen.network import build
from keruen.solve import solve
from keruen.solve.certificate import certify
from keruen.solve.pathform import path_form
from keruen.solve.pathmaster import PathMaster
from keruen.solve.program import assemble
from random_cases import YEARS, random_case, random_scenario
from small import write_small

MANY = range(0, 400, 40)


def same(a, b, relative=1e-7):
    return abs(a - b) <= relative * max(1.0, abs(a), abs(b))


def agree(network, seed=None):
    arcs, paths = solve(network, engine="arcs"), solve(network, engine="paths", gap=0.0)
    assert same(arcs.objective, paths.objective), seed
    assert paths.certificate.max_violation < 1e-7, seed
    assert abs(paths.certificate.relative_gap) < 1e-8, seed


@pytest.mark.parametrize("first", MANY)
def test_paths_and_arcs_agree(first, tmp_path):
    for seed in range(first, first + 40):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        for scenario in (None, random_scenario(rng, case)):
            agree(build(case, rng.choice(YEARS), scenario), seed)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_paths_and_arcs_agree_on_what_hypothesis_draws(rng):
    with tempfile.TemporaryDirectory() as folder:
        case = random_case(rng, Path(folder) / "case")
        agree(build(case, rng.choice(YEARS), random_scenario(rng, case) if rng.random() < 0.5 else None))


def test_extremes(tmp_path):
    """Nothing offered, no capacity at all, huge capacities, and all of one price."""
    for seed in range(60):
        rng = random.Random(seed)
        network = build(random_case(rng, tmp_path / "case"), 2023)
        agree(replace(network, limits=tuple(replace(x, capacity=0.0) for x in network.limits)), seed)
        agree(replace(network, limits=tuple(replace(x, capacity=1e9) for x in network.limits)), seed)
        agree(replace(network, offers=tuple(replace(o, quantity=0.0) for o in network.offers)), seed)
        agree(replace(network, groups=tuple(replace(g, cost=np.ones(len(g.edges))) for g in network.groups)), seed)
        agree(replace(network, groups=tuple(replace(g, cost=np.zeros(len(g.edges))) for g in network.groups)), seed)
        agree(replace(network, groups=()), seed)


def test_a_payment_worth_a_ride_in_a_circle(tmp_path):
    """A floor that pays more than going round costs: the arcs go round, and so must the ways."""
    circles = 0
    for seed in range(300):
        rng = random.Random(seed)
        network = build(random_case(rng, tmp_path / "case"), 2023)
        if not any(b.rule.effect == "floor" for b in network.bounds):
            continue
        network = replace(network, bounds=tuple(replace(b, payment=b.payment * 50 + 1000) for b in network.bounds))
        agree(network, seed)
        master = PathMaster(path_form(assemble(network)))
        answer = master.solve()
        start, columns = master.pool()
        taken = {c for c, _ in assemble(network).taken}
        circles += sum(q > 1e-9 and int(columns[start[i]]) not in taken for i, q in enumerate(answer.quantity))
    assert circles > 1, "some of them do"


def test_what_was_asked_before_does_not_matter(tmp_path):
    for seed in range(30):
        rng = random.Random(seed)
        program = assemble(build(random_case(rng, tmp_path / "case"), 2023))
        masks = [np.array([rng.random() < 0.1 for _ in program.cost]) & (np.arange(len(program.cost)) < program.met) for _ in range(6)]
        master = PathMaster(path_form(program))
        master.solve()
        mark = master.mark()

        def ask(mask, master=master, mark=mark):
            master.back(mark)
            master.close(mask)
            answer = master.solve()
            return answer.objective, master.flows(answer).tobytes(), answer.prices.tobytes()

        first = [ask(m) for m in masks]
        assert [ask(m) for m in reversed(masks)] == first[::-1], seed
        fresh = PathMaster(path_form(program))
        for mask, answer in zip(masks, first, strict=True):
            fresh.close(mask)
            assert same(fresh.solve().objective, answer[0]), seed


def test_changed_costs_and_sides(tmp_path):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        program = assemble(build(random_case(random.Random(seed), tmp_path / "case"), 2023))
        many = len(program.balance)
        master = PathMaster(path_form(program))
        master.solve()
        for _ in range(3):
            factor = np.ones(len(program.cost))
            factor[: program.met] = rng.uniform(0.5, 2.0, program.met)
            upper = program.row_upper.copy()
            side = (upper > 0) & np.isfinite(upper)
            upper[side] *= rng.uniform(0.3, 1.5, side.sum())
            other = replace(program, cost=program.cost * factor, row_upper=upper)
            master.change(cost=other.cost, row_upper=upper[many:])
            answer = master.solve()
            assert same(answer.objective, PathMaster(path_form(other)).solve().objective), seed
            certificate = certify(other, master.flows(answer), master.row_duals(answer))
            assert abs(certificate.relative_gap) < 1e-8
            assert certificate.max_violation < 1e-7


def test_stopping_early_is_honest(tmp_path):
    stopped = 0
    for seed in range(120):
        network = build(random_case(random.Random(seed), tmp_path / "case"), 2023)
        best = solve(network, engine="arcs").objective
        master = PathMaster(path_form(assemble(network)))
        answer = master.solve(gap=0.05)
        tiny = 1e-7 * max(1.0, abs(best))
        assert answer.bound - tiny <= best <= answer.objective + tiny, seed
        assert answer.objective - answer.bound <= 0.05 * max(1.0, abs(answer.objective)) + tiny
        stopped += answer.objective > best + tiny
    assert stopped, "some stop before the end"


def test_prices_by_either_engine(tmp_path):
    """One more unit of a limit is worth the same, whoever says so; prices differ only where there are many."""
    network = build(kr.load(write_small(tmp_path / "small")), 2023)
    arcs, paths = solve(network, engine="arcs"), solve(network, engine="paths")
    rows = [r for r in arcs.program.limit_rows if r >= 0]
    a, b = arcs.prices(rows), paths.prices(rows)
    for row in rows:
        assert (a[row].one_more is None) == (b[row].one_more is None)
        assert a[row].one_more is None or a[row].one_more == pytest.approx(b[row].one_more, abs=1e-6)
        if not a[row].degenerate and not b[row].degenerate:
            assert a[row].price == pytest.approx(b[row].price, abs=1e-6)


def test_engine_words(tmp_path):
    network = build(kr.load(write_small(tmp_path / "small")), 2023)
    assert solve(network).engine.name == "arcs"
    assert "fewer than" in solve(network).engine.why
    assert solve(network, engine="paths").engine.name == "paths"
    with pytest.raises(UsageError, match="choose auto, arcs, paths"):
        solve(network, engine="path")


@pytest.mark.slow
def test_kazakhstan_by_paths():
    case = kr.load("kazakhstan")
    for year, scenario in ((2023, None), (2016, None), (2030, None), (2023, kr.close(country="RU")), (2023, kr.without(kind="practice"))):
        agree(build(case, year, scenario), (year, scenario))
