"""The program against two others: the pairs of ``verify.py`` on the same network, and an oracle that reads only the tables."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle

import keruen as kr
from keruen.network import build
from keruen.plan import Plan
from keruen.scenario import Scenario
from keruen.solve import solve
from keruen.solve.program import assemble
from keruen.solve.verify import objective_by_pairs
from random_cases import YEARS, random_case, random_scenario
from small import write_small

MANY = range(0, 120, 10)


def same(a, b, relative=1e-7):
    return abs(a - b) <= relative * max(1.0, abs(a), abs(b))


def trust(solution):
    """What has to hold of every solution."""
    assert solution.status == "optimal"
    assert solution.certificate.max_violation < 1e-7
    assert abs(solution.certificate.relative_gap) < 1e-8


# --- against the pairs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", MANY)
def test_groups_and_pairs_agree(first, tmp_path):
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        for scenario in (Scenario(), random_scenario(rng, case)):
            year = rng.choice(YEARS)
            network = build(case, year, scenario)
            solution = solve(network)
            trust(solution)
            assert same(solution.objective, objective_by_pairs(network)), (seed, year, scenario.names)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_groups_and_pairs_agree_on_what_hypothesis_draws(rng):
    with tempfile.TemporaryDirectory() as folder:
        case = random_case(rng, Path(folder) / "case")
        network = build(case, rng.choice(YEARS), random_scenario(rng, case) if rng.random() < 0.5 else None)
        solution = solve(network)
        trust(solution)
        assert same(solution.objective, objective_by_pairs(network))


# --- against the tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("first", MANY)
def test_the_oracle_agrees(first, tmp_path):
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case, year = random_case(rng, tmp_path / "case"), rng.choice(YEARS)
        country = rng.choice(sorted({p.country for p in case.places.values()}))
        link = rng.choice(sorted(case.links))
        assert same(case.solve(year).objective_musd, Oracle(case, year).objective()), (seed, year)
        assert same(case.solve(year, kr.close(country=country)).objective_musd, Oracle(case, year, countries=[country]).objective()), (seed, year, country)
        assert same(case.solve(year, kr.close(link=link)).objective_musd, Oracle(case, year, links=[link]).objective()), (seed, year, link)


def test_the_oracle_agrees_on_the_small_case(tmp_path):
    case = kr.load(write_small(tmp_path / "small"))
    for year in range(case.first_year, case.last_year + 1, 4):
        assert same(case.solve(year).objective_musd, Oracle(case, year).objective())
    for country in ("AA", "XX", "YY", "ZZ", "EE"):
        assert same(case.solve(scenario=kr.close(country=country)).objective_musd, Oracle(case, 2023, countries=[country]).objective())
    for link in case.links:
        assert same(case.solve(scenario=kr.close(link=link)).objective_musd, Oracle(case, 2023, links=[link]).objective())
    # The numbers of test_network, by both.
    assert Oracle(case, 2023).objective() == pytest.approx(-4086.5)
    assert Oracle(case, 2023, countries=["XX"]).objective() == pytest.approx(-803.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("year", "countries", "links"),
    [(2023, (), ()), (2030, (), ()), (2023, ("RU",), ()), (2023, ("CN",), ()), (2023, (), ("cpc-moorings",)), (2016, (), ())],
    ids=["base", "2030", "without-russia", "without-china", "without-cpc-moorings", "2016"],
)
def test_the_oracle_agrees_on_kazakhstan(year, countries, links):
    case = kr.load("kazakhstan")
    assert set(links) <= set(case.links)
    scenario = Scenario()
    if countries:
        scenario = scenario + kr.close(country=list(countries))
    if links:
        scenario = scenario + kr.close(link=list(links))
    plan = case.solve(max(year, case.first_year), scenario)
    trust(plan.solution)
    assert same(plan.objective_musd, Oracle(case, plan.year, countries=countries, links=links).objective())


# --- shape -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 50, 10))
def test_rows_and_columns_stand_where_the_program_says(first, tmp_path):
    """Every number a plan reads from the program, worked out again from flows on edges."""
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        network = build(case, rng.choice(YEARS))
        solution = solve(network)
        p, x, n = solution.program, solution.x, network
        assert (x >= -1e-9).all()
        assert (x <= p.upper + 1e-9).all()
        load = np.zeros(len(n.limits))
        for g, group in enumerate(n.groups):
            assert len(solution.flows(g)) == len(group.edges) == len(group.cost)
            for e, q in zip(group.edges.tolist(), solution.flows(g).tolist(), strict=True):
                assert e in n.open_edges
                assert group.commodity in n.edges[e].carries
                if n.edges[e].limit >= 0:
                    load[n.edges[e].limit] += q * n.size(n.edges[e].limit, group.commodity)
        for limit, at in enumerate(p.limit_rows):
            assert load[limit] <= n.limits[limit].capacity + 1e-7
            if at >= 0:
                assert solution.load(at) == pytest.approx(load[limit], abs=1e-9)
        for i, offer in enumerate(n.offers):
            taken = sum(float(x[c]) for c, t in p.taken if t.kind == "supply" and t.item == i)
            assert taken <= offer.quantity + 1e-9
            assert solution.load(p.supply_rows[i]) == pytest.approx(taken, abs=1e-9)
        for i, want in enumerate(n.wants):
            got = sum(float(x[c]) for c, t in p.taken if t.kind == "demand" and t.item == i)
            assert got == pytest.approx(float(x[p.met + i] + x[p.extra + i]), abs=1e-9)
            assert got <= want.up_to + 1e-9
        for i, works in enumerate(n.works):
            run = float(x[p.run + i])
            assert run == pytest.approx(sum(float(x[c]) for c, t in p.taken if t.kind == "intake" and t.item == i), abs=1e-9)
            for commodity, rate in works.outputs:
                made = sum(float(x[c]) for c, t in p.taken if t.kind == "made" and t.item == i and n.groups[t.group].commodity == commodity)
                assert made <= rate * run + 1e-9
        assert solution.objective == pytest.approx(float(p.cost @ x) + p.offset, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_more_capacity_is_never_worse(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    network = build(case, rng.choice(YEARS))
    before = solve(network).objective
    for i, limit in enumerate(network.limits):
        if limit.capacity > 0:
            limits = (*network.limits[:i], replace(limit, capacity=limit.capacity * 1.5), *network.limits[i + 1 :])
            assert solve(replace(network, limits=limits)).objective <= before + 1e-7 * max(1, abs(before))


@pytest.mark.parametrize("seed", range(20))
def test_money_in_another_scale_gives_the_same_plan(seed, tmp_path):
    """All costs, prices, penalties and payments doubled: the objective doubles."""
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    network = build(case, rng.choice(YEARS))
    double = replace(
        network,
        groups=tuple(replace(g, cost=g.cost * 2, delivery_cost=g.delivery_cost * 2) for g in network.groups),
        offers=tuple(replace(o, cost=o.cost * 2) for o in network.offers),
        wants=tuple(replace(w, price=w.price * 2, penalty=w.penalty * 2) for w in network.wants),
        works=tuple(replace(w, cost=w.cost * 2) for w in network.works),
        consigned=tuple(replace(c, penalty=c.penalty * 2) for c in network.consigned),
        bounds=tuple(replace(b, payment=b.payment * 2) for b in network.bounds),
    )
    assert same(solve(double).objective, 2 * solve(network).objective)


@pytest.mark.parametrize("seed", range(30))
def test_a_solve_gives_the_same_numbers_to_the_last_bit(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    network = build(case, 2023)
    a, b = solve(network), solve(network)
    assert a.x.tobytes() == b.x.tobytes()
    assert a.row_dual.tobytes() == b.row_dual.tobytes()
    assert assemble(network).matrix.data.tobytes() == a.program.matrix.data.tobytes()


# --- prices ------------------------------------------------------------------------------------------


def with_side(network, kind, i, side):
    """The network with another capacity of one limit, fleet or cap."""
    if kind == "limit":
        return replace(network, limits=(*network.limits[:i], replace(network.limits[i], capacity=side), *network.limits[i + 1 :]))
    if kind == "fleet":
        return replace(network, ships=(*network.ships[:i], replace(network.ships[i], hours=side), *network.ships[i + 1 :]))
    return replace(network, bounds=(*network.bounds[:i], replace(network.bounds[i], quantity=side), *network.bounds[i + 1 :]))


def priced(solution):
    """(kind, position, capacity, row) of everything that has a price."""
    n, p = solution.network, solution.program
    found = [("limit", i, n.limits[i].capacity, row) for i, row in enumerate(p.limit_rows) if row >= 0]
    found += [("fleet", i, n.ships[i].hours, row) for i, row in enumerate(p.fleet_rows) if n.ships[i].hours > 0]
    return found + [("cap", i, b.quantity, row) for i, (b, row) in enumerate(zip(n.bounds, p.bound_rows, strict=True)) if b.rule.effect == "cap"]


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_prices_are_what_solving_again_says(first, tmp_path):
    """A price is the gain of a little more, one_more the gain of one whole unit, and the price holds where it says."""
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        network = build(case, rng.choice(YEARS))
        solution = solve(network)
        plan = Plan(solution)
        for kind, i, side, row in priced(solution):
            price, where = plan.prices[row], (seed, kind, i, plan.prices[row])

            def gain(to, kind=kind, i=i):
                return solution.objective - solve(with_side(network, kind, i, to)).objective  # noqa: B023

            noise = 1e-8 * max(1.0, abs(solution.objective))
            assert price.load <= side + 1e-7 * max(1, side)
            step = 1e-4 * max(1.0, side)
            if price.price > 0 and not price.degenerate:
                step = min(step, price.holds_to - side)
            assert gain(side + step) == pytest.approx(price.price * step, rel=1e-5, abs=noise), where
            if price.one_more is not None:
                assert gain(side + 1) == pytest.approx(price.one_more, rel=1e-6, abs=noise), where
            if price.price > 0:
                top = min(price.holds_to, 1e4 * max(1.0, side))
                assert price.holds_from <= side * (1 + 1e-9) + 1e-9, where
                assert price.holds_to >= side * (1 - 1e-9) - 1e-9, where
                assert gain(top) == pytest.approx(price.price * (top - side), rel=1e-6, abs=noise), where
                bottom = max(price.holds_from, 0.0)
                if kind == "limit" and bottom == 0:
                    bottom = 1e-3 * side  # a limit of 0 is another network: what is shut is left out
                assert gain(bottom) == pytest.approx(price.price * (bottom - side), rel=1e-6, abs=noise), where


def one_road(tmp_path, capacity, supply=10, price=100, second=None):
    """Crude from AA to BB: one road for 10 USD with a capacity, perhaps a second for more."""
    from small import SOURCE, small_tables, write_tables

    tables = {k: v for k, v in small_tables().items() if k in ("sources", "commodities")}
    tables["places"] = [{"place": p, "name": p, "country": c, "lon": 50, "lat": 45, "kind": "city", **SOURCE} for p, c in (("here", "AA"), ("there", "BB"))]
    road = {
        "from": "here",
        "to": "there",
        "mode": "road",
        "direction": "one_way",
        "length_km": 1,
        "carries": "crude",
        "countries": "AA;BB",
        "status": "operating",
        **SOURCE,
    }
    tables["links"] = [{"link": "road", "cost_usd_per_t": 10, "capacity": capacity, "capacity_unit": "Mt/year", **road}]
    if second:
        tables["links"].append({"link": "second", "cost_usd_per_t": second, **road})
    tables["supplies"] = [{"supply": "crude-here", "place": "here", "commodity": "crude", "quantity": supply, **SOURCE}]
    tables["demands"] = [{"demand": "crude-there", "places": "there", "commodity": "crude", "quantity": 20, "price_usd": price, "use": "market", **SOURCE}]
    return kr.load(write_tables(tmp_path / "case", tables))


def test_the_price_of_a_road_by_hand(tmp_path):
    # A tonne delivered earns 100, spares 100 of penalty and costs 10: 190 MUSD for a Mt, from 0 to the 10 there are.
    limit = one_road(tmp_path, 4).solve().to_dict()["limits"][0]
    assert (limit["limit"], limit["kind"], limit["load"], limit["capacity"], limit["unit"]) == ("road", "link", 4, 4, "Mt/year")
    assert limit["price_musd_per_unit"] == pytest.approx(190)
    assert limit["price_holds_from"] == pytest.approx(0, abs=1e-9)
    assert limit["price_holds_to"] == pytest.approx(10)
    assert limit["one_more_musd"] == pytest.approx(190)
    assert limit["degenerate"] is False
    link = one_road(tmp_path, 4).solve().to_dict()["links"][0]
    assert (link["flow"], link["capacity"], link["utilisation"]) == (4, 4, 1)
    assert link["price_usd_per_t"] == pytest.approx(190)
    assert link["price_holds_to"] == pytest.approx(10)


def test_the_price_of_a_road_with_a_way_round(tmp_path):
    # The way round costs 25: a Mt more of the road spares 15.
    limit = one_road(tmp_path, 4, second=25).solve().to_dict()["limits"][0]
    assert limit["price_musd_per_unit"] == pytest.approx(15)
    assert limit["price_holds_to"] == pytest.approx(10)


def test_one_more_where_less_than_one_is_left(tmp_path):
    limit = one_road(tmp_path, 9.75).solve().to_dict()["limits"][0]
    assert limit["price_musd_per_unit"] == pytest.approx(190)
    assert limit["one_more_musd"] == pytest.approx(190 * 0.25)


def test_a_road_that_just_fits_is_degenerate_and_worth_nothing_more(tmp_path):
    """10 Mt on a road of 10 Mt: the solver may say 0 or 190; one more is worth nothing, and the plan says both."""
    plan = one_road(tmp_path, 10).solve()
    limit = plan.to_dict()["limits"][0]
    assert limit["utilisation"] == 1
    assert limit["price_musd_per_unit"] == pytest.approx(0, abs=1e-6)
    assert limit["one_more_musd"] == pytest.approx(0, abs=1e-6)


def test_a_degenerate_price_says_so_and_gives_the_range_of_the_price_it_shows(tmp_path):
    """In the small case the market is just full with pipe quota and berths: below them the price is 469, above it 369.

    369 = 400 - 31 is what a tonne more by the pipe earns, up to the 0.75 Mt left at home.
    """
    plan = kr.load(write_small(tmp_path / "small")).solve()
    limit = next(x for x in plan.to_dict()["limits"] if x["limit"] == "pipe-quota")
    assert limit["degenerate"] is True
    assert limit["price_musd_per_unit"] == pytest.approx(369)
    assert limit["one_more_musd"] == pytest.approx(0.75 * 369 + 0.25 * 31)  # then a quarter moves over from the lake
    for end in ("price_holds_from", "price_holds_to"):
        assert limit[end] is None or 7 - 1e-6 <= limit[end] <= 7.75 + 1e-6, end


def test_asking_for_prices_twice_gives_the_same(tmp_path):
    solution = kr.load(write_small(tmp_path / "small")).solve().solution
    rows = [r for r in solution.program.limit_rows if r >= 0]
    first = solution.prices(rows)
    assert solution.prices(rows) == first
    assert solution.prices(rows[:1]) == {rows[0]: first[rows[0]]}


def test_prices_do_not_change_the_solution(tmp_path):
    plan = kr.load(write_small(tmp_path / "small")).solve()
    x, objective = plan.solution.x.copy(), plan.objective_musd
    assert plan.prices
    assert plan.to_dict()
    assert (plan.solution.x == x).all()
    assert plan.objective_musd == objective
