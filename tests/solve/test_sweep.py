"""Closures on a warm network against networks built anew."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

import keruen as kr
from keruen.ask.closing import close_one, things_of
from keruen.network import build
from keruen.scenario import lay
from keruen.solve import solve
from keruen.solve.program import assemble
from keruen.solve.sweep import Sweep, shut_columns
from keruen.solve.worst import worst_closures
from random_cases import random_case

KINDS = ("link", "transfer", "place", "country", "operator", "plant", "fleet")


def same(a, b, relative=1e-7):
    return abs(a - b) <= relative * max(1.0, abs(a), abs(b))


def sweep_of(case, things, **options):
    program = assemble(build(case, 2023))
    return Sweep(program, [shut_columns(program, lay(close_one(t), case)) for t in things], **options)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_a_closure_is_the_case_without_it(first, tmp_path):
    for seed in range(first, first + 10):
        case = random_case(random.Random(seed), tmp_path / "case")
        things = [t for kind in KINDS for t in things_of(case, kind)]
        sweep = sweep_of(case, things, learn=seed % 2 == 0)
        for i, thing in enumerate(things):
            anew = solve(build(case, 2023, close_one(thing))).objective
            assert same(sweep.close((i,)).objective, anew), (seed, str(thing))
            if i not in sweep.base.loaded:
                assert same(anew, sweep.base.objective), "closing what is idle changes nothing"


def test_what_is_no_whole_closure():
    case = kr.load("kazakhstan")
    program = assemble(build(case, 2023))
    for scenario in (kr.close(link="cpc-moorings", share=0.5), kr.scale(link="cpc-moorings", cost=2), kr.add(project="cpc-expansion")
                     if "cpc-expansion" in case.projects else kr.without(kind="practice"), kr.close(demand=next(iter(case.demands)))):  # fmt: skip
        assert shut_columns(program, lay(scenario, case)) is None
    mask = shut_columns(program, lay(kr.close(country="RU") + kr.close(fleet="kmtf-12k"), case))
    assert mask is not None
    assert mask.any()


@pytest.mark.parametrize("seed", range(40))
def test_the_worst_is_the_worst(seed, tmp_path):
    """Against every set there is, on cases with plants, floors, fleets and coupled supplies."""
    case = random_case(random.Random(seed), tmp_path / "case")
    things = things_of(case, "link")[:7] + things_of(case, "country")[:2]
    sweep = sweep_of(case, things)
    for many in (1, 2, 3):
        found = worst_closures(sweep, many, gap=0.0)
        best = max(sweep.close(members).objective for members in combinations(range(len(things)), many))
        assert same(found.objective, best), (many, [str(things[i]) for i in found.things])
        assert found.bound >= best - 1e-7 * max(1.0, abs(best))
        assert same(found.bound, found.objective, 1e-6), "proven"
        assert same(sweep.close(found.things).objective, found.objective)


def test_no_plan_exceeds_the_bound_of_a_cut(tmp_path):
    """What a plan says about other closures holds for all of them: the heart of the proof."""
    from keruen.solve.worst import _Losses

    for seed in range(60):
        case = random_case(random.Random(seed), tmp_path / "case")
        things = things_of(case, "link")
        sweep = sweep_of(case, things)
        rng = np.random.default_rng(seed)
        losses = _Losses(sweep)
        for _ in range(3):
            plan = sweep.close(tuple(np.flatnonzero(rng.random(len(things)) < 0.2).tolist()))
            cut = losses.of(plan)
            for _ in range(5):
                shut = set(np.flatnonzero(rng.random(len(things)) < rng.choice([0.1, 0.5, 0.9])).tolist())
                most = plan.objective + sum(loss for signature, loss in cut.items() if signature & shut)
                true = sweep.close(tuple(sorted(shut))).objective
                assert true <= most + 1e-7 * max(1.0, abs(most)), seed


@pytest.mark.slow
def test_kazakhstan_closures_are_the_case_without():
    case = kr.load("kazakhstan")
    things = [t for kind in ("link", "place", "operator") for t in things_of(case, kind)][::9] + things_of(case, "country")
    sweep = sweep_of(case, things)
    for i, thing in enumerate(things):
        assert same(sweep.close((i,)).objective, solve(build(case, 2023, close_one(thing))).objective, 1e-9), str(thing)
