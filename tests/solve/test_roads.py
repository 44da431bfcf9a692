"""Cases of trips that only choose their ways: the equilibrium engine against the convex program, and who may use it."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.network import build
from keruen.plan import Plan
from keruen.solve.program import assemble
from keruen.solve.roads import roads_of
from keruen.solve.shippers import Shippers, solve_shippers
from small import small_tables, write_tables

SOURCE = {"source": "book", "confidence": "high"}
RULE = {"rule": "of-cars", "title": "a rule for cars", "status": "in_force", "kind": "law", "commodities": "cars", **SOURCE}


def roads(rng, path, *, unmet=100_000, changes=None):
    """A random road network with delays of two kinds, trips for two goods, some of them with nowhere to go."""
    tables = {k: [] for k in (*small_tables(), "delays")}
    tables["sources"] = small_tables()["sources"]
    goods = ("cars", "lorries")
    good = {"unit": "Mt", "tonnes_per_unit": 1, "value_usd": 0, "time_usd_per_day": 24, "unmet_usd": unmet, **SOURCE}
    tables["commodities"] = [{"commodity": c, "name": c, **good} for c in goods]
    n = rng.randint(4, 8)
    places = [f"p{i}" for i in range(n)]
    tables["places"] = [{"place": p, "name": p, "country": "AA", "lon": 50 + 0.1 * rng.random(), "lat": 47 + 0.1 * rng.random(), "kind": "city", **SOURCE}
                        for p in places]  # fmt: skip
    ends = [(i, (i + 1) % n) for i in range(n)] + [tuple(rng.sample(range(n), 2)) for _ in range(n)]
    for k, (i, j) in enumerate(ends):
        name = f"l{k}"
        tables["links"].append({"link": name, "from": places[i], "to": places[j], "mode": "road", "direction": rng.choice(["one_way", "both"]), "length_km": 20,
                                "carries": ";".join(goods), "cost_usd_per_t": rng.randint(0, 3), "hours": rng.randint(1, 9), "countries": "AA",
                                "status": "operating", **SOURCE})  # fmt: skip
        kind = rng.choice(["none", "bpr", "bpr", "points"])
        curve = {"bpr": {"power": rng.choice([1, 4]), "hours": rng.randint(1, 9)}, "points": {"points": "0 0;0.5 1;1 6"}}.get(kind)
        if curve:
            tables["delays"].append({"delay": f"d{k}", "of": name, "kind": kind, "full": rng.randint(2, 9), **curve, **SOURCE})
    pairs = {(*rng.sample(range(n), 2), rng.choice(goods)) for _ in range(rng.randint(3, 9))}
    tables["consignments"] = [{"consignment": f"t-{i}-{j}-{c}", "from": places[i], "to": places[j], "commodity": c, "quantity": rng.randint(1, 9), **SOURCE}
                              for i, j, c in sorted(pairs)]  # fmt: skip
    if changes:
        changes(tables)
    write_tables(path, tables)
    return kr.load(path)


def both(case, gap=1e-9, **how):
    network = build(case, 2023, how.get("scenario"))
    program = assemble(network)
    quick = roads_of(program, {}, {}, gap=gap)
    assert quick is not None
    certificate = quick.solve()
    assert certificate is not None
    slow = Shippers(network, gap=1e-7, spreads={}, constants={})
    slow.solve()
    return quick, certificate, slow


@pytest.mark.parametrize("first", range(0, 80, 20))
@pytest.mark.parametrize("unmet", [100_000, 14])
def test_the_same_equilibrium_as_the_convex_program(first, unmet, tmp_path):
    """unmet 14: for some trips it is better to stay than to wait."""
    stayed = 0.0
    for seed in range(first, first + 20):
        quick, certificate, slow = both(roads(random.Random(seed), tmp_path / "case", unmet=unmet))
        assert quick.objective == pytest.approx(slow.objective, rel=1e-6, abs=1e-9), seed
        assert certificate.relative_gap <= 1e-9
        assert certificate.max_violation <= 1e-9
        assert quick.queue_price == pytest.approx(slow.queue_price, abs=2e-2), seed
        assert quick.x.min(initial=0.0) >= 0
        stayed += sum(quick._trips.quantity) - quick.quantity.sum()
    assert (stayed > 1) == (unmet == 14)  # without any way they are not among the trips


def test_closed_links_and_shut_off_places(tmp_path):
    rng = random.Random(5)
    case = roads(rng, tmp_path / "case")
    for scenario in (kr.close(link="l0"), kr.close(link="l1") + kr.close(link="l2"), kr.close(country="AA")):
        network = build(case, 2023, scenario)
        plan = Plan(solve_shippers(network))
        slow = Shippers(network, spreads={}, constants={})
        slow.solve()
        assert plan.objective_musd == pytest.approx(slow.objective, rel=1e-6)
        assert not {"l0"} & {e for p in plan.paths for e in p.edges} if "l0" in str(scenario) else True


def test_paths_add_up(tmp_path):
    plan = Plan(solve_shippers(build(roads(random.Random(2), tmp_path / "case"), 2023)))
    assert plan.to_dict()["engine"].startswith("equilibrium: ")
    moved = sum(p.quantity for p in plan.paths)
    assert moved == pytest.approx(sum(c.quantity for c in plan.network.consigned), rel=1e-9)
    s = plan.solution.shippers
    assert plan.cost_musd == pytest.approx(float(plan.solution.program.cost @ plan.solution.x) + plan.solution.program.offset + s.queue_price @ s.load)
    assert s.queue_price @ s.load > 0


@pytest.mark.parametrize(("why", "changes"), [
    ("a hard limit", lambda t: [row.update(capacity=5, capacity_unit="Mt/year") for row in t["links"]]),
    ("one queue for both ways", lambda t: [row.update(capacity=500, capacity_unit="Mt/year", capacity_shared="yes", direction="both") for row in t["links"]]),
    ("a vertical queue", lambda t: [row.update(kind="davidson", hours=1, points="", power="") for row in t["delays"]]),
    ("a toll for one good on some links", lambda t: t["rules"].append({**RULE, "effect": "tax", "links": "l0;l1;l2", "amount_usd": 3})),
])  # fmt: skip
def test_where_more_than_cost_and_waiting_counts_the_convex_program_answers(why, changes, tmp_path):
    network = build(roads(random.Random(3), tmp_path / "case", changes=changes), 2023)
    program = assemble(network)
    assert roads_of(program, {}, {}, gap=1e-6) is None, why
    assert solve_shippers(network).engine.name == "ways"


def test_a_spread_is_not_for_this_engine(tmp_path):
    program = assemble(build(roads(random.Random(3), tmp_path / "case"), 2023))
    assert roads_of(program, {"cars": 2.0}, {}, gap=1e-6) is None
    assert roads_of(program, {"cars": 0.0}, {}, gap=1e-6) is not None


def test_an_edge_closed_to_one_good_only(tmp_path):
    """The equilibrium would send everybody over it, so the convex program has to answer."""

    def ban(tables):
        tables["rules"].append({**RULE, "effect": "forbid", "links": "l0;l1;l2;l3"})

    seen = set()
    for seed in range(12):
        network = build(roads(random.Random(seed), tmp_path / "case", changes=ban), 2023)
        found = solve_shippers(network)
        slow = Shippers(network, spreads={}, constants={})
        slow.solve()
        seen.add(found.engine.name)
        assert found.objective == pytest.approx(slow.objective, rel=1e-6), seed
    assert "ways" in seen
