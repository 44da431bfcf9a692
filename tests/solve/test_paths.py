"""Paths: they add up to the flows, hang together, start and end where something enters and leaves, and never circle."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

import keruen as kr
from keruen.network import build
from keruen.plan import Plan
from keruen.solve import solve
from keruen.solve.paths import paths_of
from random_cases import YEARS, random_case, random_scenario
from small import write_small


def solved(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    return solve(build(case, rng.choice(YEARS), random_scenario(rng, case) if seed % 2 else None))


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_paths_add_up_to_what_moves(first, tmp_path):
    for seed in range(first, first + 10):
        solution = solved(seed, tmp_path)
        n, x = solution.network, solution.x
        for g, group in enumerate(n.groups):
            paths = paths_of(solution, g)
            on_edge, entered, left = defaultdict(float), defaultdict(float), defaultdict(float)
            for path in paths:
                assert path.quantity > 0
                assert path.group == path.origin.group == path.destination.group == g
                vertices = [path.origin.vertex, *(n.edges[e].head for e in path.edges)]
                assert [n.edges[e].tail for e in path.edges] == vertices[:-1], "a path hangs together"
                assert vertices[-1] == path.destination.vertex
                assert len(set(vertices)) == len(vertices), "a path never comes to a place twice"
                for e in path.edges:
                    on_edge[e] += path.quantity
                entered[path.origin] += path.quantity
                left[path.destination] += path.quantity
            for column, t in solution.program.taken:
                if t.group == g:
                    total = entered if t.kind in ("supply", "made", "start") else left
                    assert total[t] == pytest.approx(float(x[column]), abs=1e-6), (seed, t)
            flow = dict(zip(group.edges.tolist(), solution.flows(g).tolist(), strict=True))
            for e, q in on_edge.items():
                assert q <= flow[e] + 1e-6
            # What is left over runs in circles; every link costs something here, so nothing does.
            if all(c > 0 for c in group.cost):
                for e, q in flow.items():
                    assert on_edge[e] == pytest.approx(q, abs=1e-6), (seed, e)


@pytest.mark.parametrize("seed", range(10))
def test_paths_are_the_same_twice(seed, tmp_path):
    solution = solved(seed, tmp_path)
    for g in range(len(solution.network.groups)):
        assert paths_of(solution, g) == paths_of(solution, g)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_the_table_of_flows_adds_up(first, tmp_path):
    """What ``flows`` sends is what ``commodities`` moved or made, and what consignments and demands got."""
    for seed in range(first, first + 10):
        plan = Plan(solved(seed, tmp_path))
        flows = plan.flows
        for row in plan.commodities.to_dict("records"):
            mine = flows[flows.commodity == row["commodity"]]
            made = row["made"]
            assert mine.quantity.sum() == pytest.approx(row["moved"] + made, abs=1e-6), (seed, row)
        for row in flows.to_dict("records"):
            n = plan.network
            assert row["days"] >= 0
            assert row["cost_usd"] >= 0
            assert set(row["countries"]) == {c for name in row["route"] for c in _countries(n, name)}


def _countries(n, name):
    return next(e.countries for e in n.edges if e.name == name)


def test_the_small_case(tmp_path):
    flows = kr.load(write_small(tmp_path / "small")).solve().flows.to_dict("records")
    boxes = next(r for r in flows if r["commodity"] == "boxes")
    assert (boxes["from"], boxes["to"], boxes["quantity"], boxes["unit"]) == ("east", "hub", 50, "kTEU")
    assert boxes["route"] == ["rail-border-east", "border-gauge", "rail-hub-border"]
    assert boxes["days"] == pytest.approx((24 + 12 + 24) / 24)
    assert boxes["cost_usd"] == pytest.approx(725)
    assert boxes["countries"] == ["AA", "EE"]
    crude = [r for r in flows if r["commodity"] == "crude" and r["to"] == "market-crude"]
    assert sum(r["quantity"] for r in crude) == pytest.approx(10)
    for r in crude:
        assert r["cost_usd"] == pytest.approx(31 if "pipe-hub-terminal" in r["route"] else 62)
    products = next(r for r in flows if r["commodity"] == "products")
    assert (products["from"], products["to"], products["cost_usd"]) == ("refinery", "east-products", pytest.approx(43))


def test_circles_are_taken_out(tmp_path):
    """Put a circle into a solution by hand: the paths stay what they were."""
    solution = kr.load(write_small(tmp_path / "small")).solve().solution
    n = solution.network
    g = next(i for i, group in enumerate(n.groups) if group.commodity == "products")
    before = paths_of(solution, g)
    edges = n.groups[g].edges.tolist()
    both = [k for k, e in enumerate(edges) if n.edges[e].name == "rail-hub-border"]
    assert len(both) == 2
    for k in both:
        solution.x[solution.program.flow[g] + k] += 4
    assert paths_of(solution, g) == before
