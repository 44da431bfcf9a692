"""Shares as ranges: by hand, and against every way written out one by one on tiny networks."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from scipy import optimize

import keruen as kr
from keruen.solve.shares import LEAST_SHOWN, Shares, touching
from random_cases import YEARS, random_case
from small import SOURCE, small_tables, write_small, write_tables

ROAD = {"mode": "road", "direction": "one_way", "length_km": 1, "carries": "crude", "status": "operating", **SOURCE}


def roads(path, country, links, supplies, demands, **more):
    """A case of one good on roads. links: (from, to, cost, capacity or None[, both]); supplies: (place, quantity); demands: (place, quantity)."""
    tables = {k: v for k, v in small_tables().items() if k in ("sources", "commodities")}
    tables["places"] = [{"place": p, "name": p, "country": c, "lon": 50, "lat": 45, "kind": "city", **SOURCE} for p, c in country.items()]
    tables["links"] = []
    for i, (a, b, cost, capacity, *both) in enumerate(links):
        limit = {} if capacity is None else {"capacity": capacity, "capacity_unit": "Mt/year"}
        tables["links"].append({**ROAD, "link": f"{a}-{b}-{i}", "from": a, "to": b, "cost_usd_per_t": cost,
                                "countries": ";".join(sorted({country[a], country[b]})),
                                **limit, **({"direction": "both"} if both else {})})  # fmt: skip
    tables["supplies"] = [{"supply": f"s-{p}", "place": p, "commodity": "crude", "quantity": q, **SOURCE} for p, q in supplies]
    tables["demands"] = [
        {"demand": f"d-{p}", "places": p, "commodity": "crude", "quantity": q, "price_usd": 100, "use": "market", **SOURCE} for p, q in demands
    ]
    return kr.load(write_tables(path / "case", {**tables, **more}))


def share(plan, name, near=1e-3, by="country"):
    found = Shares(plan.solution, "crude", near).of(touching(plan.network, by, name))
    return (found.plan, found.least, found.most)


# --- by hand -----------------------------------------------------------------------------------------


def two_ways(path, south, capacity=None):
    """6 Mt from AA to DD: by BB for 10 a tonne, by CC for ``south``."""
    country = {"home": "AA", "north": "BB", "south": "CC", "market": "DD"}
    links = [("home", "north", 5, capacity), ("north", "market", 5, None), ("home", "south", south / 2, None), ("south", "market", south / 2, None)]
    return roads(path, country, links, [("home", 6)], [("market", 6)]).solve()


def test_one_way_only_is_all(tmp_path):
    plan = two_ways(tmp_path, 20)
    assert share(plan, "DD") == (1, 1, 1)
    assert share(plan, "BB") == pytest.approx((1, 1 - 0.001 * 60 / (10 * 6), 1))  # 0.06 MUSD more pay for 0.006 Mt by CC at 10 more a tonne


@pytest.mark.parametrize("near", [0, 1e-3, 0.01, 0.1, 1, 2])
def test_how_much_dearer_a_plan_may_be_is_what_can_move_over(tmp_path, near):
    # Moving costs 60. near x 60 pays for near x 60 / 10 Mt of 6 by CC, all of them when near is 1.
    plan, other = two_ways(tmp_path, 20), min(1, near * 60 / 10 / 6)
    assert share(plan, "BB", near) == pytest.approx((1, 1 - other, 1), abs=1e-7)
    found = share(plan, "CC", near)
    assert found == pytest.approx((0, 0, other), abs=1e-7)


def test_equal_ways_are_a_range_from_nothing_to_all(tmp_path):
    plan = two_ways(tmp_path, 10)
    for name in ("BB", "CC"):
        found = share(plan, name, 0)
        assert found[1:] == pytest.approx((0, 1), abs=1e-7)
        assert 0 <= found[0] <= 1
    assert share(plan, "BB")[0] + share(plan, "CC")[0] == pytest.approx(1)


def test_a_full_way_bounds_the_share(tmp_path):
    plan = two_ways(tmp_path, 20, capacity=4)
    assert share(plan, "BB", 0) == pytest.approx((4 / 6, 4 / 6, 4 / 6))
    assert share(plan, "CC", 0) == pytest.approx((2 / 6, 2 / 6, 2 / 6))


def test_a_country_entered_twice_counts_once(tmp_path):
    """AA - BB - CC - BB - DD: all of it crosses BB, once, though it enters twice."""
    country = {"home": "AA", "b1": "BB", "c": "CC", "b2": "BB", "market": "DD", "round": "EE"}
    links = [("home", "b1", 1, None), ("b1", "c", 1, None), ("c", "b2", 1, None), ("b2", "market", 1, 4), ("c", "round", 4, None), ("round", "market", 4, None),
             ("home", "round", 30, None)]  # fmt: skip
    plan = roads(tmp_path, country, links, [("home", 10)], [("market", 10)]).solve()
    # 4 Mt by b2 for 4 a tonne, 6 by c and round for 10; all enter BB at b1.
    assert share(plan, "BB", 0) == pytest.approx((1, 1, 1))
    assert share(plan, "CC", 0) == pytest.approx((1, 1, 1))
    assert share(plan, "EE", 0) == pytest.approx((0.6, 0.6, 0.6))
    # Round straight from home costs 34, 24 more than by c: 24 MUSD more let 1 of 10 Mt leave BB out.
    cost = 4 * 4 + 6 * 10
    assert share(plan, "BB", 24 / cost) == pytest.approx((1, 0.9, 1), abs=1e-6)


def test_touching_in_the_middle_or_at_the_end_is_the_same(tmp_path):
    """A country touched first, last or in the middle, and ways that fork after the touch."""
    country = {"home": "AA", "x": "XX", "y": "YY", "z": "ZZ", "market": "DD"}
    links = [("home", "x", 1, None), ("x", "y", 1, 3), ("x", "z", 1, 3), ("home", "y", 1.5, 2), ("y", "market", 1, None), ("z", "market", 1, None)]
    plan = roads(tmp_path, country, links, [("home", 8)], [("market", 8)]).solve()
    # By y straight 2 Mt (2.5), by x: 3 to y, 3 to z (3 each).
    assert share(plan, "XX", 0) == pytest.approx((6 / 8,) * 3)
    assert share(plan, "YY", 0) == pytest.approx((5 / 8,) * 3)
    assert share(plan, "ZZ", 0) == pytest.approx((3 / 8,) * 3)
    assert share(plan, "x", 0, by="place") == pytest.approx((6 / 8,) * 3)
    assert share(plan, "home", 0, by="place") == (1, 1, 1)


def test_imports_of_others_are_no_exports(tmp_path):
    """BB sells to DD as well: the share of BB in what AA exports is not touched by that."""
    country = {"home": "AA", "b": "BB", "market": "DD"}
    links = [("home", "b", 1, 2), ("b", "market", 1, None), ("home", "market", 9, None)]
    plan = roads(tmp_path, country, links, [("home", 4), ("b", 5)], [("market", 9)]).solve()
    assert share(plan, "BB", 0) == pytest.approx((0.5,) * 3)
    assert plan.exports.moved.tolist() == [4]


def test_nothing_exported_has_no_share(tmp_path):
    plan = kr.load(write_small(tmp_path / "small")).solve(scenario=kr.close(country="AA"))
    assert Shares(plan.solution, "crude").of(touching(plan.network, "country", "XX")) is None
    assert plan.to_dict()["countries"] == []


def test_the_small_case(tmp_path):
    # 7 of 10 by the pipe through XX: both ways are full, so no other plan exports as much.
    plan = kr.load(write_small(tmp_path / "small")).solve()
    rows = {(r["country"], r["commodity"]): (r["share"], r["share_min"], r["share_max"]) for r in plan.to_dict()["countries"]}
    assert rows == {("XX", "crude"): pytest.approx((0.7,) * 3), ("YY", "crude"): pytest.approx((0.3,) * 3), ("ZZ", "crude"): pytest.approx((1,) * 3),
                    ("EE", "products"): pytest.approx((1,) * 3)}  # fmt: skip


# --- every way written out ---------------------------------------------------------------------------


def tiny(seed, path):
    rng = random.Random(seed)
    places = [f"p{i}" for i in range(rng.randint(4, 6))]
    country = {p: rng.choice(("AA", "BB", "BB", "CC", "DD")) for p in places}
    country["p0"], country[places[-1]] = "AA", "DD"
    pairs = [(a, b) for a in places for b in places if a != b]
    links = [("p0", "p1", 1, None), (places[-2], places[-1], 1, None)]
    for a, b in rng.sample(pairs, min(len(pairs), rng.randint(5, 8))):
        links.append((a, b, rng.choice((1, 1, 2, 3, 5)), rng.choice((None, None, 1, 2, 3)), *([True] if rng.random() < 0.4 else [])))
    supplies = [("p0", rng.choice((2, 4, 6)))] + [(p, rng.choice((1, 3))) for p in places[1:3] if rng.random() < 0.5]
    demands = [(places[-1], rng.choice((3, 5, 8)))] + [(p, rng.choice((1, 2))) for p in places[2:-1] if rng.random() < 0.3]
    linked = {p for link in links for p in link[:2]}  # a place without links has a test in test_network
    supplies, demands = [s for s in supplies if s[0] in linked], [d for d in demands if d[0] in linked]
    try:
        return roads(path, country, links, supplies, demands)
    except kr.CaseError:
        return None


def ways_of(case, origin, goal, touched):
    """All walks from a place to another, as (cost, links with direction, touched?); no state (place, touched) twice."""
    out = defaultdict(list)
    for name, link in case.links.items():
        if link.capacity != 0:
            out[link.from_].append((link.to, name, 1, link.cost_usd_per_t, touched(link)))
            if link.direction == "both":
                out[link.to].append((link.from_, name, -1, link.cost_usd_per_t, touched(link)))
    found, todo = [], [((origin, False), frozenset({(origin, False)}), 0.0, ())]
    while todo:
        (place, hit), seen, cost, used = todo.pop()
        if place == goal:
            found.append((cost, used, hit))
        for to, name, way, price, touches in out[place]:
            state = (to, hit or touches)
            if state not in seen:
                todo.append((state, seen | {state}, cost + price, (*used, (name, way))))
    return found


def brute_range(case, plan, country, near):
    """Least and greatest share by a program over all walks; None where nothing is exported."""
    at, home = case.places, case.home
    walks = []
    for s in case.supplies.values():
        for d in case.demands.values():
            for cost, used, hit in ways_of(case, s.place, d.places[0], lambda link: country in link.countries):
                walks.append((s, d, cost, used, hit, at[s.place].country == home != at[d.places[0]].country))
    demands, count = list(case.demands.values()), len(walks)
    penalty = case.commodities["crude"].unmet_usd
    cost = np.array([w[2] for w in walks] + [-d.price_usd - penalty for d in demands])
    bounds = [(0, None)] * count + [(0, d.quantity) for d in demands]
    below, below_to, equal = [], [], []
    for s in case.supplies.values():
        below.append([float(w[0] is s) for w in walks] + [0.0] * len(demands))
        below_to.append(s.quantity)
    for name, link in case.links.items():
        if link.capacity is not None:
            for way in (1, -1):
                below.append([float(w[3].count((name, way))) for w in walks] + [0.0] * len(demands))
                below_to.append(link.capacity)
    for k, d in enumerate(demands):
        equal.append([float(w[1] is d) for w in walks] + [-float(j == k) for j in range(len(demands))])
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    best = optimize.linprog(cost, below, below_to, equal, [0.0] * len(demands), bounds, options=options)
    offset = penalty * sum(d.quantity for d in demands)
    assert best.fun + offset == pytest.approx(plan.objective_musd, rel=1e-9, abs=1e-9)
    total = plan.exports.set_index("commodity").moved.get("crude", 0.0)
    if total < 1e-9:
        return None
    homes = {f"s-{p}" for p in at if at[p].country == home}
    abroad = {f"d-{p}" for p in at if at[p].country != home}
    flows = plan.flows
    spent = sum(r["quantity"] * r["cost_usd"] for r in flows.to_dict("records") if r["from"] in homes and r["to"] in abroad)
    below.append(cost.tolist())
    below_to.append(best.fun + near * spent + 1e-9)
    equal.append([float(w[5]) for w in walks] + [0.0] * len(demands))
    hit = np.array([float(w[4] and w[5]) for w in walks] + [0.0] * len(demands))
    ends = []
    for sign in (1, -1):
        result = optimize.linprog(sign * hit, below, below_to, equal, [0.0] * len(demands) + [total], bounds, options=options)
        assert result.status == 0, result.message
        ends.append(sign * result.fun / total)
    return tuple(ends)


@pytest.mark.parametrize("first", range(0, 80, 10))
def test_ranges_are_those_of_all_ways(first, tmp_path):
    seen = 0
    for seed in range(first, first + 10):
        case = tiny(seed, tmp_path / str(seed))
        if case is None:
            continue
        plan = case.solve()
        for country in sorted({c for link in case.links.values() for c in link.countries} - {"AA"}):
            for near in (0, 1e-3, 0.3):
                expected = brute_range(case, plan, country, near)
                found = Shares(plan.solution, "crude", near).of(touching(plan.network, "country", country))
                if expected is None:
                    assert found is None
                    continue
                seen += 1
                if found.plan == 0 and found.most < LEAST_SHOWN:
                    assert expected[0] <= 1e-6  # too little to show: a bound is enough
                    assert expected[1] <= found.most + 1e-6, (seed, country, near)
                else:
                    assert (found.least, found.most) == pytest.approx(expected, abs=2e-6), (seed, country, near)
                assert found.least - 1e-9 <= found.plan <= found.most + 1e-9
    assert seen > 5


# --- of any case -------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_least_plan_most_are_in_order_and_grow_with_what_is_allowed(first, tmp_path):
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        plan = random_case(rng, tmp_path / "case").solve(rng.choice(YEARS))
        for commodity in plan.network.commodities:
            before = None
            for near in (0, 1e-3, 0.2):
                shares = Shares(plan.solution, commodity, near)
                found = {c: shares.of(touching(plan.network, "country", c)) for c in shares.countries()}
                for country, s in found.items():
                    if s is None:
                        continue
                    assert -1e-9 <= s.least <= s.plan + 1e-9 <= s.most + 2e-9 <= 1 + 3e-9, (seed, commodity, country, near)
                    # Where next to nothing can touch, the greatest is a bound and need not be reached.
                    if before and before.get(country) and (s.plan > 0 or before[country].most >= LEAST_SHOWN):
                        assert s.least <= before[country].least + 1e-6
                        assert s.most >= before[country].most - 1e-6
                before = found


@pytest.mark.parametrize("seed", range(10))
def test_links_of_nobody_are_touched_by_nothing(seed, tmp_path):
    plan = random_case(seed, tmp_path / "case").solve()
    assert touching(plan.network, "country", "QQ") == frozenset()
    for commodity in plan.network.commodities:
        found = Shares(plan.solution, commodity).of(frozenset())
        assert found is None or (found.plan, found.least, found.most) == (0, 0, 0)
        everything = Shares(plan.solution, commodity).of(frozenset(range(len(plan.network.edges))))
        assert everything is None or everything.most == pytest.approx(1)
