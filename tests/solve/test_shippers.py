"""What shippers do: the planner's plan without spread, logit with it, queues, capacities, prices; on random and real cases."""

from __future__ import annotations

import random

import numpy as np
import pytest

import keruen as kr
from keruen.errors import UsageError
from keruen.network import build
from keruen.solve import solve
from keruen.solve.shippers import Shippers, solve_shippers
from random_cases import YEARS, random_case, random_scenario
from small import small_tables, write_tables


@pytest.fixture(scope="module")
def kazakhstan():
    return kr.load("kazakhstan")


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_without_spread_shippers_are_the_planner(first, tmp_path):
    for seed in range(first, first + 20):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        network = build(case, rng.choice(YEARS), random_scenario(rng, case) if seed % 2 else None)
        s = Shippers(network, spreads={}, constants={})
        certificate = s.solve()
        assert s.objective == pytest.approx(solve(network, engine="arcs").objective, rel=1e-6, abs=1e-6), seed
        assert certificate.relative_gap <= 1e-6, seed
        assert s.x.min(initial=0.0) >= 0, seed


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_with_spread_the_gap_is_closed(first, tmp_path):
    for seed in range(first, first + 20):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        network = build(case, rng.choice(YEARS), random_scenario(rng, case) if seed % 2 else None)
        for usd in (3.0, 40.0):
            s = Shippers(network, spreads={c: usd * (20 if row.unit == "kTEU" else 1) for c, row in case.commodities.items()}, constants={})
            assert s.solve().relative_gap <= 1e-6, seed
            over = s.program.matrix @ s.x - s.program.row_upper
            assert (over <= 1e-7 * np.maximum(1, np.abs(s.program.row_upper))).all(), seed


def two_ways(path, cost=(10, 12), capacity=None, delays=(), quantity=6):
    """A field and a market with two ways between them, of 10 and 12 USD."""
    tables = small_tables()
    keep = ("sources", "commodities", "places")
    tables = {k: (tables[k] if k in keep else []) for k in tables}
    source = {"source": "book", "confidence": "high"}
    link = {"from": "field", "to": "sea-market", "mode": "oil_pipeline", "direction": "one_way", "length_km": 900, "carries": "crude", "countries": "AA;ZZ",
            "status": "operating", **source}  # fmt: skip
    room = {} if capacity is None else {"capacity": capacity, "capacity_unit": "Mt/year"}
    tables["commodities"] = [{**c, "time_usd_per_day": 24} for c in tables["commodities"]]
    tables["links"] = [{"link": "near", "cost_usd_per_t": cost[0], **room, **link}, {"link": "far", "cost_usd_per_t": cost[1], **link}]
    tables["supplies"] = [{"supply": "oil", "place": "field", "commodity": "crude", "quantity": quantity, "cost_usd": 0, **source}]
    tables["demands"] = [{"demand": "market", "places": "sea-market", "commodity": "crude", "quantity": 20, "price_usd": 500, "use": "market", **source}]
    tables["delays"] = [{"delay": f"d{i}", **d, **source} for i, d in enumerate(delays)]
    write_tables(path, tables)
    return kr.load(path)


def flow(s, link):
    n = s.program.network
    return sum(float(s.x[s.program.flow[g] + k]) for g, group in enumerate(n.groups) for k, e in enumerate(group.edges) if n.edges[e].name == link)


def test_shares_are_logit(tmp_path):
    case = two_ways(tmp_path / "case")
    for usd in (1.0, 4.0, 25.0):
        s = Shippers(build(case, 2023), spreads={"crude": usd}, gap=1e-10)
        s.solve()
        assert flow(s, "near") / 6 == pytest.approx(1 / (1 + np.exp(-2 / usd)), rel=1e-6)


def test_a_full_way_has_a_price(tmp_path):
    case = two_ways(tmp_path / "case", capacity=2)
    plan = kr.plan.Plan(solve_shippers(build(case, 2023), spreads={"crude": 4.0}))
    near = plan.limits.set_index("limit").loc["near"]
    assert near.load == pytest.approx(2, abs=1e-6)
    # Both ways are as good to the one who chooses last: 10 + price + 4 ln(2 / 6) = 12 + 4 ln(4 / 6).
    assert near.price_musd_per_unit == pytest.approx(2 + 4 * np.log(2), rel=1e-5)
    assert near.one_more_musd > 0
    assert plan.behaviour == "shippers"
    assert plan.status == "equilibrium"


@pytest.mark.parametrize(("delay", "waiting"), [
    ({"of": "near", "kind": "bpr", "hours": 8, "power": 4, "full": 4}, lambda v: 8 * (v / 4) ** 4),
    ({"of": "near", "kind": "davidson", "hours": 1, "full": 5}, lambda v: v / 5 / (1 - v / 5)),
    ({"of": "near", "kind": "points", "full": 4, "points": "0.5 0;1 8"}, lambda v: max(0.0, (v / 4 - 0.5) * 16)),
])  # fmt: skip
def test_queues_even_out_costs(tmp_path, delay, waiting):
    """An hour costs a dollar here, so that near waits two hours when both ways are used (Wardrop 1952)."""
    case = two_ways(tmp_path / "case", delays=[delay])
    s = Shippers(build(case, 2023), spreads={}, gap=1e-9)
    certificate = s.solve()
    assert certificate.relative_gap <= 1e-9
    assert waiting(flow(s, "near")) == pytest.approx(2, rel=1e-4)
    assert flow(s, "near") + flow(s, "far") == pytest.approx(6, abs=1e-9)


def test_constants_move_shares_and_are_no_cost_of_the_plan(tmp_path):
    two_ways(tmp_path / "case")
    header = "screenline,name,links,commodities,origin,destination,unit,note"
    (tmp_path / "case" / "screenlines.csv").write_text(f"{header}\nnear,near,near,crude,,,Mt,\n", encoding="utf-8")
    case = kr.load(tmp_path / "case")
    s = Shippers(build(case, 2023), spreads={"crude": 4.0}, constants={"near": 2.0}, gap=1e-10)
    s.solve()
    assert flow(s, "near") == pytest.approx(3, rel=1e-6)
    slope = s.response(["near"])[0, 0]
    assert slope == pytest.approx(-6 * 0.25 / 4, rel=1e-4)  # logit: -quantity p (1 - p) / spread
    plan = kr.plan.Plan(solve_shippers(build(case, 2023), spreads={"crude": 4.0}, constants={"near": 2.0}))
    assert plan.cost_musd == pytest.approx(3 * 10 + 3 * 12 + (20 - 6) * 100, rel=1e-5)


def test_the_shipped_case(kazakhstan):
    plan = kazakhstan.solve(2023, behaviour="shippers", gap=1e-9)
    assert plan.certificate.relative_gap <= 1e-9
    assert plan.certificate.max_violation <= 1e-6
    assert plan.screenline_flow("cpc-kz") == pytest.approx(sum(
        p.quantity for p in plan.paths if any(plan.network.edges[e].name == "pipe-cpc-atyrau-komsomolskaya" for e in p.edges)
        and plan.end_of(p.origin).country == "KZ"), rel=1e-6)  # fmt: skip
    countries = plan.countries
    assert (countries.share_min == countries.share_max).all()


def test_same_bytes(kazakhstan):
    first, second = (kazakhstan.solve(2023, behaviour="shippers").to_dict() for _ in range(2))
    assert first == second


def test_russia_closed_and_what_moves(kazakhstan):
    shut = kazakhstan.solve(2023, kr.close(country="RU"), behaviour="shippers")
    planner = kazakhstan.solve(2023, kr.close(country="RU"))
    moved = [float(p.exports.set_index("commodity").moved["crude"]) for p in (shut, planner)]
    assert 0 < moved[0] <= moved[1] + 1e-6


def test_wrong_words(kazakhstan):
    with pytest.raises(UsageError, match="Did you mean 'shippers'"):
        kazakhstan.solve(behaviour="shipers")
    with pytest.raises(UsageError, match="one engine of its own"):
        kazakhstan.solve(behaviour="shippers", engine="arcs")
