"""The tables of a plan: by hand on the small case, and against each other on random ones."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict

import pytest

import keruen as kr
from random_cases import YEARS, random_case, random_scenario
from small import SOURCE, small_tables, write_small, write_tables

KEYS = ("keruen", "case", "year", "scenario", "behaviour", "status", "engine", "objective_musd", "cost_musd", "certificate", "commodities", "exports",
        "links", "limits", "plants", "countries", "shortages", "screenlines", "notes")  # fmt: skip
# What design section 6 promises of every row.
PROMISED = {
    "commodities": {"commodity", "unit", "offered", "moved", "unmet"},
    "links": {"link", "mode", "commodity", "flow", "unit", "capacity", "utilisation", "price_usd_per_t", "price_holds_to"},
    "countries": {"country", "commodity", "share", "share_min", "share_max"},
    "shortages": {"place", "commodity", "quantity", "because"},
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small")).solve()


def load(path, edit):
    tables = small_tables()
    tables["provenance"].clear()
    edit(tables)
    return kr.load(write_tables(path / "case", tables))


def by(rows, *names):
    return {tuple(r[n] for n in names) if len(names) > 1 else r[names[0]]: r for r in rows}


# --- by hand -----------------------------------------------------------------------------------------


def test_head(plan):
    data = plan.to_dict()
    assert tuple(data) == KEYS
    assert (data["case"], data["year"], data["scenario"], data["behaviour"], data["status"]) == ("small", 2023, [], "planner", "optimal")
    assert data["objective_musd"] == -4086.5
    assert data["cost_musd"] == 513.5
    assert set(data["certificate"]) == {"max_violation", "relative_gap"}
    for table, keys in PROMISED.items():
        assert data[table]
        for row in data[table]:
            assert keys <= set(row)


def test_commodities(plan):
    rows = by(plan.to_dict()["commodities"], "commodity")
    assert rows["crude"] == {"commodity": "crude", "unit": "Mt", "offered": 12, "moved": 11.25, "left_behind": 0.75, "made": 0, "unmet": 0}
    assert rows["products"] == {"commodity": "products", "unit": "Mt", "offered": 0, "moved": 0, "left_behind": 0, "made": 1, "unmet": 0}
    assert rows["boxes"] == {"commodity": "boxes", "unit": "kTEU", "offered": 50, "moved": 50, "left_behind": 0, "made": 0, "unmet": 0}


def test_exports(plan):
    assert plan.to_dict()["exports"] == [
        {"commodity": "crude", "unit": "Mt", "wanted": 10, "moved": 10},
        {"commodity": "products", "unit": "Mt", "wanted": 1, "moved": 1},
    ]


def test_exports_are_market_sales_abroad(tmp_path):
    """Own use abroad, sales at home and imports are no exports; consignments from home are."""

    def edit(t):
        t["demands"] += [{"demand": "own", "places": "east", "commodity": "products", "quantity": 0.2, "price_usd": 600, "use": "own_use", **SOURCE},
                         {"demand": "home", "places": "border", "commodity": "products", "quantity": 0.1, "price_usd": 600, "use": "market",
                         **SOURCE}]  # fmt: skip
        t["consignments"].append({"consignment": "boxes-out", "from": "hub", "to": "east", "commodity": "boxes", "quantity": 7, **SOURCE})

    rows = by(load(tmp_path, edit).solve().to_dict()["exports"], "commodity")
    assert rows["products"]["moved"] == pytest.approx(1)
    assert (rows["boxes"]["wanted"], rows["boxes"]["moved"]) == (7, pytest.approx(7))


def test_links(plan):
    rows = by(plan.to_dict()["links"], "link", "direction", "commodity")
    row = rows["rail-border-east", "back", "boxes"]
    assert (row["from"], row["to"], row["mode"], row["flow"], row["unit"]) == ("east", "border", "rail", 50, "kTEU")
    assert row["capacity"] == pytest.approx(10 * 96 * 365 / 1000)  # trains a day, in kTEU a year
    assert row["utilisation"] == pytest.approx(50e3 / 96 / 365 / 10)
    assert row["cost_musd"] == pytest.approx(50 * 330 / 1000)
    assert (row["price_usd_per_t"], row["price_holds_to"]) == (0, None)
    row = rows["pipe-hub-port", "forward", "crude"]
    assert (row["capacity"], row["utilisation"], row["cost_musd"]) == (None, None, 30)
    row = rows["port-berths", "transfer", "crude"]
    assert (row["from"], row["to"], row["mode"], row["capacity"], row["utilisation"]) == ("port", "port", "transfer", 3, 1)
    assert row["price_usd_per_t"] == pytest.approx(338)  # 400 - 62 for a tonne more
    # Links and the refinery are all there is to pay for.
    assert sum(r["cost_musd"] for r in rows.values()) + 1.25 * 15 == pytest.approx(513.5)


def test_limits(plan):
    rows = by(plan.to_dict()["limits"], "limit")
    assert (rows["pipe-quota"]["kind"], rows["pipe-quota"]["load"], rows["pipe-quota"]["unit"]) == ("rule (quota)", 7, "Mt/year")
    assert (rows["port-berths"]["kind"], rows["port-berths"]["load"]) == ("transfer", 3)
    assert (rows["pipe-hub-terminal"]["load"], rows["pipe-hub-terminal"]["utilisation"]) == (7, 7 / 8)
    fleet = rows["tankers"]
    assert (fleet["kind"], fleet["unit"]) == ("fleet", "ship-hours/year")
    assert fleet["capacity"] == pytest.approx(4 * 8760 * 0.9)
    assert fleet["load"] == pytest.approx(3 * 100 * (2 * 500 / 18.52 + 40))
    prices = [r["price_musd_per_unit"] for r in plan.to_dict()["limits"]]
    assert prices == sorted(prices, reverse=True)


def test_plants(plan):
    assert plan.to_dict()["plants"] == [
        {"plant": "refinery", "place": "hub", "input": "crude", "run": 1.25, "capacity": 2, "utilisation": 0.625, "made": {"products": 1}}
    ]


def test_screenlines(plan):
    row = plan.to_dict()["screenlines"][0]
    assert (row["screenline"], row["plan"], row["published"], row["difference"], row["use"], row["source"]) == ("by-pipe", 7, 6.5, 0.5, "main", "book")


@pytest.mark.parametrize(
    ("line", "flow"),
    [
        ({"links": "pipe-hub-terminal"}, 7), ({"links": "pipe-hub-terminal;pipe-hub-port"}, 10), ({"links": "port-berths"}, 3), ({"links": "pipe-planned"}, 0),
        ({"links": "rail-border-east", "commodities": "products"}, 1), ({"links": "rail-border-east:back", "commodities": "products"}, 0),
        ({"links": "rail-border-east:back", "commodities": "boxes", "unit": "kTEU"}, 50),
        ({"links": "rail-border-east", "commodities": "boxes", "unit": "kTEU"}, 0),
        ({"links": "rail-border-east:both", "commodities": "boxes;products", "unit": "Mt"}, 1.7),  # 50 kTEU x 14 t
        ({"links": "border-gauge", "commodities": "boxes;products", "unit": "Mt"}, 1.7),
        ({"links": "refinery"}, 1.25), ({"links": "refinery", "commodities": "products"}, 1), ({"links": "market-crude"}, 10),
        ({"links": "pipe-hub-terminal", "origin": "XX"}, 0), ({"links": "pipe-hub-terminal", "destination": "ZZ"}, 7),
        ({"links": "pipe-hub-terminal", "destination": "YY"}, 0),
        ({"links": "pipe-hub-terminal", "origin": "UNION"}, 7),
        ({"links": "rail-hub-border:back", "commodities": "boxes", "unit": "kTEU", "origin": "EE", "destination": "AA"}, 50),
    ],
)  # fmt: skip
def test_what_a_screenline_counts(tmp_path, line, flow):
    def edit(t):
        t["screenlines"] = [{"screenline": "mine", "name": "mine", "commodities": "crude", "unit": "Mt", **line}]
        t["observations"] = []

    assert load(tmp_path, edit).solve().to_dict()["screenlines"][0]["plan"] == pytest.approx(flow)


def test_a_screenline_parts_the_origins_of_one_group(tmp_path):
    """Field and north share a group; a screenline that counts only one of them sees what its paths carry."""

    def edit(t):
        t["screenlines"] = [{"screenline": s, "name": s, "links": "pipe-field-hub;pipe-north-hub", "commodities": "crude", "origin": s, "destination": "ZZ",
        "unit": "Mt"}
                            for s in ("field", "north")]  # fmt: skip
        t["observations"] = []

    rows = by(load(tmp_path, edit).solve().to_dict()["screenlines"], "screenline")
    assert rows["field"]["plan"] + rows["north"]["plan"] == pytest.approx(10)
    assert 7 - 1e-6 <= rows["field"]["plan"] <= 9 + 1e-6
    assert 1 - 1e-6 <= rows["north"]["plan"] <= 3 + 1e-6


def test_words(plan):
    assert repr(plan).startswith("<Plan small 2023 base: transport cost 514 MUSD, exports crude 10 of 10 Mt; products 1 of 1 Mt")


def test_frames_have_their_columns_even_when_empty(plan):
    empty = kr.Plan(plan.solution).network.case.solve(scenario=kr.close(country="AA"))
    for name in ("commodities", "exports", "links", "limits", "plants", "shortages", "countries", "screenlines", "flows"):
        full, none = getattr(plan, name), getattr(empty, name)
        assert list(full.columns) == list(none.columns), name
        assert len(full) > 0
    assert len(empty.links) == len(empty.flows) == len(empty.countries) == 0
    assert empty.cost_musd == pytest.approx(10 * 100 + 900 + 50 * 20)


# --- against each other ------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_tables_agree_with_each_other(first, tmp_path):
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        plan = case.solve(rng.choice(YEARS), random_scenario(rng, case) if seed % 2 else None)
        data, n = plan.to_dict(), plan.network
        text = json.dumps(data, allow_nan=False)
        assert json.loads(text) == data
        assert tuple(data) == KEYS
        limits = by(data["limits"], "limit")
        load = defaultdict(float)
        for r in data["links"]:
            c = n.commodities[r["commodity"]]
            assert r["flow"] > 0
            assert r["price_usd_per_t"] >= 0
            assert r["capacity"] is None or r["flow"] <= r["capacity"] + 1e-6
            assert r["utilisation"] is None or r["utilisation"] <= 1 + 1e-6
            label = r["link"] + (":back" if r["direction"] == "back" and f"{r['link']}:back" in {x.name for x in n.limits} else "")
            unit = next((x.unit for x in n.limits if x.name == label), None)
            if unit is not None:
                tonnes = c.tonnes_per_unit
                load[label] += r["flow"] * {"Mt/year": {"Mt": tonnes, "kTEU": tonnes / 1000, "bcm": tonnes}[c.unit], "kTEU/year": 1, "bcm/year": 1,
                                            "trains/day": {"Mt": 1e6, "kTEU": 1e3, "bcm": 1e6}[c.unit] / (c.per_train or 1) / 365}[unit]  # fmt: skip
        for name, r in limits.items():
            assert r["price_musd_per_unit"] >= 0
            if r["kind"] in ("link", "transfer"):
                assert r["load"] == pytest.approx(load[name], abs=1e-5), (seed, name)
            assert r["load"] <= r["capacity"] + 1e-6 * max(1, r["capacity"])
            assert (r["price_holds_to"] is None) == (r["price_holds_from"] is None)
        for r in data["commodities"]:
            assert r["moved"] + r["left_behind"] == pytest.approx(r["offered"], abs=1e-6)
        for r in data["plants"]:
            rates = case.plants[r["plant"]].outputs
            assert r["run"] <= r["capacity"] + 1e-6
            for commodity, made in r["made"].items():
                assert made <= rates[commodity] * r["run"] + 1e-6
        wanted = sum(w.quantity for w in n.wants) + sum(c.quantity for c in n.consigned)
        assert sum(r["unmet"] for r in data["commodities"]) == pytest.approx(sum(s["quantity"] for s in data["shortages"] if s["side"] != "supply"), abs=1e-5)
        assert sum(r["unmet"] for r in data["commodities"]) <= wanted + 1e-6
        moved = by(data["exports"], "commodity")
        for r in data["countries"]:
            assert r["country"] != case.home
            assert moved[r["commodity"]]["moved"] > 0
            assert -1e-9 <= r["share_min"] <= r["share"] + 1e-9 <= r["share_max"] + 2e-9 <= 1 + 3e-9
        value = sum(_value(n, plan, i) for i in range(len(n.wants)))
        assert plan.cost_musd == pytest.approx(plan.objective_musd + value, rel=1e-9, abs=1e-6)
        assert all(math.isfinite(r["objective_musd"]) for r in [data])


def _value(n, plan, i):
    p, x = plan.solution.program, plan.solution.x
    return n.wants[i].price * float(x[p.met + i] + x[p.extra + i])


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_the_parts_of_the_cost_add_up(first, tmp_path):
    """Without rules: links, gates, plants and what is missed are the whole cost."""
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        off = [kr.without(rule=r) for r in case.rules]
        scenario = off[0] if off else None
        for more in off[1:]:
            scenario = scenario + more
        plan = case.solve(rng.choice(YEARS), scenario)
        data, n = plan.to_dict(countries=False), plan.network
        money = {"Mt": 1.0, "kTEU": 1e-3, "bcm": 1.0}
        cost = sum(r["cost_musd"] for r in data["links"])
        taken = defaultdict(float)
        for r in plan.flows.to_dict("records"):
            taken[r["from"]] += r["quantity"]
        cost += sum(taken[name] * s.cost_usd * money[n.commodities[s.commodity].unit] for name, s in case.supplies.items())
        cost += sum(r["run"] * case.plants[r["plant"]].cost_usd * money[n.commodities[r["input"]].unit] for r in data["plants"])
        cost += sum(r["unmet"] * n.commodities[r["commodity"]].unmet_usd * money[r["unit"]] for r in data["commodities"])
        assert plan.cost_musd == pytest.approx(cost, rel=1e-6, abs=1e-4), seed
