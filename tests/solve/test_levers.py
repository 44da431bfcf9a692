"""Factors laid over a program against networks built anew."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.errors import UsageError
from keruen.network import build
from keruen.scenario import Scenario
from keruen.solve import solve
from keruen.solve.levers import COST_CELL, LEVERS, LeverMaster, Levers
from keruen.solve.pathform import path_form
from keruen.solve.program import assemble
from random_cases import YEARS, random_case, random_scenario

SELECTOR = {"links": "link", "transfers": "transfer", "plants": "plant", "fleets": "fleet", "supplies": "supply"}


def same(a, b, relative=1e-7):
    return abs(a - b) <= relative * max(1.0, abs(a), abs(b))


def random_factors(rng, case, chance=0.6):
    """Factors on rows of the case, some of them 0."""
    found = {}
    for table, columns in LEVERS.items():
        for name in getattr(case, table):
            for column in columns:
                if column not in COST_CELL.values() and rng.random() < chance:
                    found[(table, name, column)] = rng.choice((0.0, 0.5, 0.9, 1.1, 2.0, 20.0))
    return found


def as_scenario(factors):
    scenario = Scenario()
    for (table, name, column), factor in factors.items():
        scenario = scenario + kr.scale(**{SELECTOR[table]: name, column: factor})
    return scenario


class Warm:
    """A program that factors are laid over, each time from the same state."""

    def __init__(self, network):
        program = assemble(network)
        self.levers, self.master = Levers(program), LeverMaster(path_form(program))
        self.master.solve()
        self.mark = self.master.mark()

    def objective(self, factors):
        cost, lower, upper, shut = self.levers.arrays(factors)
        self.master.back(self.mark)
        self.master.change(cost, lower, upper)
        self.master.close(shut)
        return self.master.solve().objective


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_factors_are_the_case_scaled(first, tmp_path):
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case, year = random_case(rng, tmp_path / "case"), rng.choice(YEARS)
        try:
            base = random_scenario(rng, case) if seed % 2 else Scenario()
            network = build(case, year, base)
        except kr.ScenarioError:
            continue
        warm = Warm(network)
        for _ in range(4):
            factors = random_factors(rng, case, rng.choice((0.1, 0.6, 1.0)))
            assert same(warm.objective(factors), solve(build(case, year, base + as_scenario(factors))).objective), (seed, base.names, factors)
        assert same(warm.objective({}), solve(network).objective)


def test_a_fleet_that_is_always_down_comes_back(tmp_path):
    """Its hours cannot be had from what the scenario leaves of them."""
    for seed in range(40):
        case = random_case(random.Random(seed), tmp_path / "case")
        if not case.fleets:
            continue
        name = min(case.fleets)
        base = kr.scale(fleet=name, downtime=100.0)
        factors = {("fleets", name, "downtime"): 0.001, ("fleets", name, "ships"): 2.0}
        assert same(Warm(build(case, 2023, base)).objective(factors), solve(build(case, 2023, base + as_scenario(factors))).objective)


@pytest.mark.slow
def test_kazakhstan_scaled():
    case = kr.load("kazakhstan")
    rng = random.Random(3)
    for year, base in ((2023, Scenario()), (2030, kr.scale(country="KZ", cost=1.2, capacity=0.9))):
        warm = Warm(build(case, year, base))
        for chance in (0.05, 0.5):
            factors = random_factors(rng, case, chance)
            assert same(warm.objective(factors), solve(build(case, year, base + as_scenario(factors))).objective, 1e-9)


def test_cells_of_a_cost_are_the_cell_set():
    case = kr.load("kazakhstan")
    link = next(l for l in case.links.values() if l.cost_usd_per_t and l.cost_usd_per_teu and l.hours)
    levers = Levers(assemble(build(case, 2023, kr.scale(link=link.link, cost=1.5))))
    cells = {("links", link.link, "cost_usd_per_t"): 1.1, ("links", link.link, "cost_usd_per_teu"): 0.7, ("links", link.link, "cost"): 2.0}
    cost, *_ = levers.arrays(cells)
    scenario = kr.scale(link=link.link, cost=3.0)
    for (table, name, column), factor in cells.items():
        if column != "cost":
            scenario = scenario + kr.set_value(table, name, column, getattr(link, column) * factor)
    assert cost == pytest.approx(assemble(build(case, 2023, scenario)).cost, rel=1e-12, abs=1e-12)


def test_unlimited_ways_are_shut_by_nothing_but_zero():
    case = kr.load("kazakhstan")
    levers = Levers(assemble(build(case, 2023)))
    name = next(l.link for l in case.links.values() if l.capacity is None)
    assert levers.arrays({("links", name, "capacity"): 0.5})[3] is None
    shut = levers.arrays({("links", name, "capacity"): 0.0})[3]
    assert shut is not None
    assert 0 < shut.sum() < 100


def test_what_is_no_lever():
    levers = Levers(assemble(build(kr.load("kazakhstan"), 2023)))
    with pytest.raises(UsageError, match=r"links\.hours"):
        levers.arrays({("links", "cpc-moorings", "hours"): 1.0})
    with pytest.raises(UsageError, match=r"Did you mean 'cpc-moorings'"):
        levers.arrays({("links", "cpc-mooring", "capacity"): 1.0})
    for factor in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="0 or more"):
            levers.arrays({("links", "cpc-moorings", "capacity"): factor})
