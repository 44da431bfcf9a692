"""The small case by hand: what each table means in a solve, and what a year makes of it.

The base, 2023. A tonne of crude by the pipe: field or north to hub 10, hub to terminal 10, jetty 1, ship 10 = 31 USD.
By the lake: 10 to hub, 10 to port, berths 1, tanker 10, pumps 1, pipe 30 = 62 USD. The quota lets 7 Mt by the
pipe, the berths 3 Mt by the lake (the four tankers could carry 3.355). The market asks for 10 and pays 400,
missing one costs 100. The refinery takes 1.25 Mt of crude (10 to hub, 15 to run) for 1 Mt of products, which go by
rail: 20 + 3 + 20 = 43; they earn 600. A container pays 300 + 30 for a day on each railway and 50 + 15 at the gauge:
725 USD, 50 kTEU of them 36.25 MUSD.
   cost 7 x 31 + 3 x 62 + 1.25 x 25 + 43 + 36.25 = 513.5; earned 10 x 400 + 600 = 4600; objective -4086.5.
"""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.errors import UsageError
from keruen.network import build
from keruen.network.build import Usable
from keruen.reach import spread
from random_cases import YEARS, load_reachable, random_case, random_tables
from small import SETTINGS, SOURCE, small_tables, write_tables

REST = 1.25 * 25 + 43 + 36.25  # refinery, products by rail, boxes: 110.5


def load(path, edit=None):
    tables = small_tables()
    tables["provenance"].clear()
    if edit:
        edit(tables)
    return kr.load(write_tables(path / "case", tables, SETTINGS))


def row(tables, table, name):
    return next(r for r in tables[table] if next(iter(r.values())) == name)


def flows(plan):
    """Mt, kTEU or bcm by (label of the link, commodity)."""
    found = {}
    for r in plan.to_dict(countries=False)["links"]:
        key = r["link"] + (":back" if r["direction"] == "back" else ""), r["commodity"]
        found[key] = found.get(key, 0) + r["flow"]
    return found


def exports(plan):
    return {r["commodity"]: r["moved"] for r in plan.to_dict(countries=False)["exports"]}


# --- the base ----------------------------------------------------------------------------------------


def test_base(tmp_path):
    plan = load(tmp_path).solve(verify=True)
    assert plan.objective_musd == pytest.approx(7 * 31 + 3 * 62 + REST - 4600)
    assert plan.objective_musd == pytest.approx(-4086.5)
    assert plan.cost_musd == pytest.approx(513.5)
    found = flows(plan)
    assert found.pop(("pipe-field-hub", "crude")) + found.pop(("pipe-north-hub", "crude")) == pytest.approx(11.25)
    assert found == pytest.approx({
        ("pipe-hub-terminal", "crude"): 7, ("sea-terminal-market", "crude"): 7, ("terminal-loading", "crude"): 7, ("pipe-hub-port", "crude"): 3,
        ("port-berths", "crude"): 3,
        ("tanker-port-far", "crude"): 3, ("far-port-pumps", "crude"): 3, ("pipe-far-market", "crude"): 3, ("rail-hub-border", "products"): 1,
        ("border-gauge", "products"): 1,
        ("rail-border-east", "products"): 1, ("rail-border-east:back", "boxes"): 50, ("border-gauge", "boxes"): 50, ("rail-hub-border:back", "boxes"): 50,
    })  # fmt: skip


def test_closing_the_neighbour(tmp_path):
    # Only the lake is left: 3 Mt; 7 Mt are missed at 100 USD.
    plan = load(tmp_path).solve(scenario=kr.close(country="XX"), verify=True)
    assert plan.objective_musd == pytest.approx(3 * 62 + REST + 7 * 100 - 3 * 400 - 600)
    assert plan.objective_musd == pytest.approx(-803.5)


def test_more_than_asked_for_is_sold_but_not_missed(tmp_path):
    # A pipe and quota of 20: the market takes all 10.75 Mt left beside the refinery, up to 20; nothing is missed.
    def edit(t):
        row(t, "links", "pipe-hub-terminal")["capacity"] = 20
        t["rules"].clear()

    plan = load(tmp_path, edit).solve()
    assert plan.objective_musd == pytest.approx(10.75 * (31 - 400) + REST - 600)


def test_it_stays_home_where_the_price_is_too_low(tmp_path):
    # At 40 USD the lake (62) is worth it only while a missed tonne costs 100: 40 + 100 > 62, so 10 Mt still move.
    def edit(t):
        row(t, "demands", "market-crude")["price_usd"] = 40
        row(t, "links", "pipe-hub-terminal")["capacity"] = 20
        t["rules"].clear()

    plan = load(tmp_path, edit).solve()
    assert exports(plan)["crude"] == pytest.approx(10.75)  # 31 < 40: the pipe earns on the rest too

    def dearer(t):
        edit(t)
        row(t, "links", "pipe-hub-terminal")["cost_usd_per_t"] = 25  # 46 a tonne now

    assert exports(load(tmp_path / "dearer", dearer).solve())["crude"] == pytest.approx(10)


# --- capacities --------------------------------------------------------------------------------------

TRAIN_OF_PRODUCTS, TRAIN_OF_BOXES = 2000 * 365 / 1e6, 96 * 365 / 1e3  # Mt and kTEU a year by one train a day


@pytest.mark.parametrize(
    ("shared", "trains", "products", "boxes"),
    [
        ("", 10, 1, 50),
        ("", 1, TRAIN_OF_PRODUCTS, TRAIN_OF_BOXES),  # one train each way
        ("yes", 10, 1, 50),
        # A train of products is worth 2000 x 1425.75 USD, one of boxes 96 x 19275: products first, boxes have the rest.
        ("yes", 2, 1, (2 - 1 / TRAIN_OF_PRODUCTS) * TRAIN_OF_BOXES),
        ("yes", 1, TRAIN_OF_PRODUCTS, 0),
    ],
)
def test_trains_a_day_each_way_or_shared(tmp_path, shared, trains, products, boxes):
    def edit(t):
        row(t, "links", "rail-border-east").update(capacity=trains, capacity_shared=shared)

    plan = load(tmp_path, edit).solve(verify=True)
    found = flows(plan)
    assert found.get(("rail-border-east", "products"), 0) == pytest.approx(products)
    assert found.get(("rail-border-east:back", "boxes"), 0) == pytest.approx(boxes)
    assert pytest.approx(22.08) == (2 - 1 / TRAIN_OF_PRODUCTS) * TRAIN_OF_BOXES


def test_products_and_boxes_share_the_trains_of_one_direction(tmp_path):
    """Boxes go east as well: both are on the same trains, and what a train is worth decides."""

    def edit(t):
        row(t, "links", "rail-border-east")["capacity"] = 2
        t["consignments"].append({"consignment": "boxes-hub-east", "from": "hub", "to": "east", "commodity": "boxes", "quantity": 50, **SOURCE})

    found = flows(load(tmp_path, edit).solve())
    assert found["rail-border-east", "products"] == pytest.approx(1)
    assert found["rail-border-east", "boxes"] == pytest.approx(22.08)
    assert found["rail-border-east:back", "boxes"] == pytest.approx(50)


def test_a_transfer_is_one_capacity_for_both_directions(tmp_path):
    # 0.5 Mt a year at the gauge: a tonne of products is worth 1425.75 USD, of boxes 19275 / 14 = 1376.8.
    def edit(t):
        row(t, "transfers", "border-gauge").update(capacity=0.5, capacity_unit="Mt/year")

    found = flows(load(tmp_path, edit).solve())
    assert found["border-gauge", "products"] == pytest.approx(0.5)
    assert ("border-gauge", "boxes") not in found

    def cheaper(t):
        edit(t)
        row(t, "commodities", "products")["unmet_usd"] = 800  # 1325.75 now: boxes first, 0.5 / 0.014 kTEU

    found = flows(load(tmp_path / "cheaper", cheaper).solve())
    assert found["border-gauge", "boxes"] == pytest.approx(0.5 / 0.014)
    assert ("border-gauge", "products") not in found


def test_a_transfer_is_one_capacity_over_its_modes(tmp_path):
    """Crude reaches the terminal by pipe and by road; the jetty that serves both lets 5 Mt through in all."""

    def edit(t):
        t["rules"].clear()
        t["links"].append({"link": "road-hub-terminal", "from": "hub", "to": "terminal", "mode": "road", "length_km": 700, "direction": "one_way",
                           "carries": "crude",
                           "cost_usd_per_t": 12, "countries": "AA;XX", "status": "operating", **SOURCE})  # fmt: skip
        t["transfers"].append({"transfer": "to-road", "place": "hub", "from_modes": "oil_pipeline", "to_modes": "road", "direction": "one_way",
                           "carries": "crude",
                               "cost_usd_per_t": 0, **SOURCE})  # fmt: skip
        row(t, "links", "pipe-hub-terminal")["capacity"] = 2
        row(t, "transfers", "terminal-loading").update(from_modes="oil_pipeline;road", capacity=5, capacity_unit="Mt/year")

    plan = load(tmp_path, edit).solve(verify=True)
    assert flows(plan)["terminal-loading", "crude"] == pytest.approx(5)
    assert flows(plan)["pipe-hub-terminal", "crude"] == pytest.approx(2)
    assert flows(plan)["road-hub-terminal", "crude"] == pytest.approx(3)
    assert exports(plan)["crude"] == pytest.approx(8)


def test_rail_of_two_gauges_needs_a_transfer(tmp_path):
    def edit(t):
        t["transfers"] = [r for r in t["transfers"] if r["transfer"] != "border-gauge"]
        t["demands"] = [r for r in t["demands"] if r["demand"] != "east-products"]
        t["consignments"] = [{"consignment": "boxes-border-hub", "from": "border", "to": "hub", "commodity": "boxes", "quantity": 5, **SOURCE}]

    assert flows(load(tmp_path, edit).solve())["rail-hub-border:back", "boxes"] == pytest.approx(5)

    def modes(t):
        edit(t)
        t["consignments"][0]["from_modes"] = "rail-1435"

    with pytest.raises(kr.CaseError, match="unreachable-consignment"):
        load(tmp_path / "modes", modes)


@pytest.mark.parametrize(("shared", "there", "back"), [("", 0.3, 21.42857142857143), ("yes", 0.3, 0)])
def test_mt_a_year_count_containers_by_weight(tmp_path, shared, there, back):
    def edit(t):
        row(t, "links", "rail-border-east").update(capacity=0.3, capacity_unit="Mt/year", capacity_shared=shared)

    found = flows(load(tmp_path, edit).solve())  # 0.3 Mt are 0.3 / 0.014 = 21.43 kTEU
    assert found["rail-border-east", "products"] == pytest.approx(there)
    assert found.get(("rail-border-east:back", "boxes"), 0) == pytest.approx(back)


# --- ends --------------------------------------------------------------------------------------------


def test_coupled_supplies_move_in_equal_shares(tmp_path):
    # 2 Mt of products come with the 9 Mt of field, and only 1 Mt of products can be sold: half of both.
    # Crude: 4.5 + 3 of north = 7.5 exported: 7 x 31 + 0.5 x 62, 2.5 missed; products by rail 43; no refinery.
    def edit(t):
        row(t, "supplies", "crude-field")["coupled"] = "together"
        t["supplies"].append({"supply": "products-hub", "place": "hub", "commodity": "products", "quantity": 2, "coupled": "together", **SOURCE})

    plan = load(tmp_path, edit).solve(verify=True)
    assert exports(plan) == pytest.approx({"crude": 7.5, "products": 1})
    assert plan.objective_musd == pytest.approx(7 * 31 + 0.5 * 62 + 43 + 36.25 + 250 - 7.5 * 400 - 600)

    def nothing(t):
        edit(t)
        t["supplies"][-1]["quantity"] = 0

    assert exports(load(tmp_path / "nothing", nothing).solve())["crude"] == pytest.approx(3 - 1.25)  # without its partner field gives nothing


@pytest.mark.parametrize(("to", "crude"), [("ZZ", 10), ("sea-market", 10), ("AA", 10), ("hub", 10), ("UNION", 10), ("YY", 9)])
def test_supplies_for_some_only(tmp_path, to, crude):
    # North's 3 Mt for home only feed the refinery (1.25): 9 + 0 are left for export; for others they may go anywhere named.
    def edit(t):
        row(t, "supplies", "crude-north")["to"] = to
        t["memberships"].append({"country": "YY", "organisation": "LAKE", "status": "member", **SOURCE})

    plan = load(tmp_path, edit).solve()
    expected = {"ZZ": (10, 1), "sea-market": (10, 1), "AA": (9, 1), "hub": (9, 1), "UNION": (9, 1), "YY": (9 - 1.25, 1)}[to]
    assert exports(plan) == pytest.approx(dict(zip(("crude", "products"), expected, strict=True)))


def test_demands_from_some_only(tmp_path):
    def edit(t):
        row(t, "demands", "market-crude")["from"] = "north"

    assert exports(load(tmp_path, edit).solve())["crude"] == pytest.approx(3)


def test_a_demand_at_several_places_is_one_demand(tmp_path):
    # By the lake to far-port: 10 + 10 + 1 + 10 = 31 a tonne, as by the pipe to the sea market.
    def edit(t):
        row(t, "demands", "market-crude")["places"] = "sea-market;far-port"

    plan = load(tmp_path, edit).solve(verify=True)
    assert exports(plan)["crude"] == pytest.approx(10)
    assert ("pipe-far-market", "crude") not in flows(plan)
    assert plan.objective_musd == pytest.approx(7 * 31 + 3 * 31 + REST - 4600)


def test_modes_of_ends(tmp_path):
    def edit(t):
        row(t, "demands", "market-crude")["modes"] = "oil_pipeline"

    assert exports(load(tmp_path, edit).solve())["crude"] == pytest.approx(3)  # the pipe from far-port only

    def sea(t):
        row(t, "demands", "market-crude")["modes"] = "sea"

    assert exports(load(tmp_path / "sea", sea).solve())["crude"] == pytest.approx(7)


def test_a_plant_makes_what_its_yield_says(tmp_path):
    # 2 Mt of products are asked for: the refinery runs its 2 Mt of crude and makes 1.6; half of the year, 0.8.
    def edit(t):
        row(t, "demands", "east-products")["quantity"] = 2

    assert exports(load(tmp_path, edit).solve()) == pytest.approx({"crude": 10, "products": 1.6})

    def half(t):
        edit(t)
        t["plants"][0]["availability"] = 0.5

    assert exports(load(tmp_path / "half", half).solve())["products"] == pytest.approx(0.8)


def test_supply_and_demand_at_one_place_need_no_link(tmp_path):
    def edit(t):
        t["demands"].append({"demand": "hub-crude", "places": "field", "commodity": "crude", "quantity": 2, "price_usd": 1000, "use": "own_use", **SOURCE})

    plan = load(tmp_path, edit).solve(verify=True)
    assert exports(plan)["crude"] == pytest.approx(8.75)
    assert plan.objective_musd == pytest.approx(7 * 31 + 1.75 * 62 + REST + 1.25 * 100 - 8.75 * 400 - 2000 - 600)


def test_supply_and_demand_at_a_place_without_links(tmp_path):
    """Either the check says that nothing reaches it, or it is delivered: what is made there can be used there."""

    def edit(t):
        t["places"].append({"place": "island", "name": "island", "country": "AA", "lon": 50, "lat": 50, "kind": "city", **SOURCE})
        t["supplies"].append({"supply": "crude-island", "place": "island", "commodity": "crude", "quantity": 2, **SOURCE})
        t["demands"].append({"demand": "island-crude", "places": "island", "commodity": "crude", "quantity": 2, "price_usd": 50, "use": "own_use", **SOURCE})

    try:
        case = load(tmp_path, edit)
    except kr.CaseError:
        return
    assert case.solve(verify=True).objective_musd == pytest.approx(-4086.5 - 100)


def test_home_and_foreign_supplies_of_one_market_are_told_apart(tmp_path):
    """Foreign crude for the same market is not an export of home."""

    def edit(t):
        t["rules"].clear()
        t["supplies"].append({"supply": "a-foreign-crude", "place": "terminal", "commodity": "crude", "quantity": 6, **SOURCE})

    # The ship from terminal costs 11: foreign crude comes first (6), home sends the 8 the pipe holds and 2.75 more up to 20.
    plan = load(tmp_path, edit).solve()
    assert exports(plan)["crude"] == pytest.approx(10.75)
    assert flows(plan)["sea-terminal-market", "crude"] == pytest.approx(14)
    shares = {(r["country"], r["commodity"]): r["share"] for r in plan.to_dict()["countries"]}
    assert shares["XX", "crude"] == pytest.approx(8 / 10.75)


# --- fleets ------------------------------------------------------------------------------------------

TRIP = 2 * 500 / (1.852 * 10) + 40  # hours


@pytest.mark.parametrize(
    ("change", "mt"),
    [
        ({}, 3.0),  # berths; the ships could carry 3.355
        ({"ships": 2}, 2 * 8760 * 0.9 / TRIP / 100),
        ({"ships": 2, "downtime": ""}, 2 * 8760 / TRIP / 100),
        ({"ships": 2, "payload_t": 5000}, 2 * 8760 * 0.9 / TRIP / 200),
        ({"ships": 1, "round_trip_h": 73}, 8760 * 0.9 / 73 / 100),
        ({"ships": 2, "handling_h": ""}, 2 * 8760 * 0.9 / (TRIP - 40) / 100),
        ({"ships": 0}, 0),
        ({"downtime": 1}, 0),
    ],
)
def test_ships_carry_what_their_hours_allow(tmp_path, change, mt):
    def edit(t):
        t["fleets"][0].update(change)

    plan = load(tmp_path, edit).solve(verify=True)
    assert flows(plan).get(("tanker-port-far", "crude"), 0) == pytest.approx(mt)


def test_ships_serve_both_ways_and_fleets_add_up(tmp_path):
    """The same voyages bring boxes back; two fleets serve one link; one fleet divides itself between two links."""

    def edit(t):
        row(t, "links", "tanker-port-far").update(direction="both", carries="crude;boxes", cost_usd_per_teu=100)
        t["fleets"][0]["ships"] = 1
        t["fleets"].append({"fleet": "more", "links": "tanker-port-far;sea-terminal-market", "ships": 1, "payload_t": 10000, "round_trip_h": 87.6, **SOURCE})
        t["consignments"] = [{"consignment": "boxes-far-port", "from": "far-port", "to": "port", "commodity": "boxes", "quantity": 500, **SOURCE}]
        row(t, "links", "pipe-hub-terminal")["capacity"] = 100

    # Fleet "tankers": 7884 / TRIP / 100 = 0.8388 Mt; "more": 8760 / 87.6 / 100 = 1 Mt, for the lake or the sea.
    plan = load(tmp_path, edit).solve(verify=True)
    found, own = flows(plan), 8760 * 0.9 / TRIP / 100
    # A box is worth 20,000 - 100 USD for 14 t: more than any crude, so all ships go to the lake for them, and crude goes that way too.
    assert found["tanker-port-far:back", "boxes"] * 0.014 == pytest.approx(own + 1)
    assert found["tanker-port-far", "crude"] == pytest.approx(own + 1)
    assert ("sea-terminal-market", "crude") not in found


@pytest.mark.parametrize("years", [{"first_year": 2025}, {"last_year": 2020}])
def test_a_link_whose_ships_are_not_there_carries_nothing(tmp_path, years):
    """A link named by a fleet carries only what fleets give it: nothing before they come or after they left."""

    def edit(t):
        t["fleets"][0].update(years)

    case = load(tmp_path, edit)
    assert exports(case.solve(2023))["crude"] == pytest.approx(7)
    assert exports(case.solve(2026 if "first_year" in years else 2019))["crude"] == pytest.approx(10 if "first_year" in years else 9)


# --- years and projects ------------------------------------------------------------------------------


@pytest.mark.parametrize(("year", "berths", "objective"), [(2015, 2, -3648.5), (2020, 2, -3648.5), (2021, 3, -4086.5), (2023, 3, -4086.5), (2030, 3, -4086.5)])
def test_before_a_project_of_the_past_its_capacity_is_missing(tmp_path, year, berths, objective):
    # 2 Mt by the lake: 7 x 31 + 2 x 62 + 110.5 + 100 (one missed) - 9 x 400 - 600 = -3648.5.
    plan = load(tmp_path).solve(year)
    assert next(x.capacity for x in plan.network.limits if x.name == "port-berths") == berths
    assert plan.objective_musd == pytest.approx(objective)


@pytest.mark.parametrize("status", ["operating", "completed", "under_construction", "planned", "idle"])
@pytest.mark.parametrize(("year", "ready"), [(2020, False), (2023, False), (2027, False), (2028, True), (2035, True)])
def test_projects_to_come_count_when_somebody_builds_them(tmp_path, status, year, ready):
    # North to port directly spares 10 USD on 3 Mt (2 in 2020).
    def edit(t):
        t["projects"][0]["status"] = status

    case = load(tmp_path, edit)
    built = ready and status in ("operating", "completed", "under_construction")
    plan = case.solve(year)
    assert next(x.capacity for x in plan.network.limits if x.name == "pipe-planned") == (5 if built else 0)
    base = -3648.5 if year == 2020 else -4086.5
    assert plan.objective_musd == pytest.approx(base - (30 if built else 0))
    with_project = case.solve(year, kr.add(project="new-pipe"))
    assert with_project.objective_musd == pytest.approx(base - (20 if year == 2020 else 30))


@pytest.mark.parametrize(
    ("ready", "year", "capacity"),
    [(2023, 2022, 2), (2023, 2023, 3), (2024, 2023, 3), (2024, 2024, 4), (2024, 2022, 3), ("", 2035, 3), (1990, 2015, 3)],
)
def test_the_year_a_project_is_ready(tmp_path, ready, year, capacity):
    def edit(t):
        t["projects"][1]["ready_year"] = ready

    assert next(x.capacity for x in load(tmp_path, edit).solve(year).network.limits if x.name == "port-berths") == capacity


def test_capacity_never_falls_below_zero(tmp_path):
    def edit(t):
        t["projects"][1]["adds"] = "port-berths 50; crude-north 50; tankers 50"

    plan = load(tmp_path, edit).solve(2020, verify=True)
    assert next(x.capacity for x in plan.network.limits if x.name == "port-berths") == 0
    assert {o.name: o.quantity for o in plan.network.offers}["crude-north"] == 0
    assert plan.network.ships[0].hours == 0
    assert exports(plan)["crude"] == pytest.approx(7)


def test_projects_for_supplies_plants_and_fleets(tmp_path):
    def edit(t):
        t["projects"][0].update(adds="crude-north 2; refinery 1; tankers 6", status="completed")

    network = load(tmp_path, edit).solve(2028).network
    assert {o.name: o.quantity for o in network.offers} == {"crude-field": 9, "crude-north": 5}
    assert network.works[0].capacity == 3
    assert network.ships[0].hours == pytest.approx(10 * 8760 * 0.9)


@pytest.mark.parametrize(("year", "open_"), [(2024, False), (2025, True)])
def test_opened_later_carries_nothing_before(tmp_path, year, open_):
    for table, name in (("links", "pipe-hub-terminal"), ("transfers", "terminal-loading"), ("links", "sea-terminal-market")):

        def edit(t, table=table, name=name):
            row(t, table, name)["opened"] = 2025

        assert exports(load(tmp_path / name, edit).solve(year))["crude"] == pytest.approx(10 if open_ else 3)

    def plant(t):
        t["plants"][0]["opened"] = 2025

    assert exports(load(tmp_path / "plant", plant).solve(year)).get("products", 0) == pytest.approx(1 if open_ else 0)


def test_rows_count_in_their_years(tmp_path):
    def edit(t):
        row(t, "supplies", "crude-north")["last_year"] = 2024
        row(t, "demands", "east-products")["first_year"] = 2020
        t["consignments"][0].update(first_year=2021, last_year=2023)

    case = load(tmp_path, edit)
    for year, crude, products, boxes in ((2019, 9, 0, 0), (2020, 9, 1, 0), (2021, 10, 1, 50), (2023, 10, 1, 50), (2024, 10, 1, 0), (2025, 7.75, 1, 0)):
        plan = case.solve(year)
        assert exports(plan).get("crude", 0) == pytest.approx(crude), year
        assert exports(plan).get("products", 0) == pytest.approx(products), year
        assert flows(plan).get(("rail-hub-border:back", "boxes"), 0) == pytest.approx(boxes), year


@pytest.mark.parametrize("year", [2014, 2036, 0, -5, 99999])
def test_years_outside_the_case_are_refused(tmp_path, year):
    with pytest.raises(UsageError, match="2015 to 2035"):
        load(tmp_path).solve(year)


# --- poor cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [("sources", "commodities", "places", "links"), ("sources", "commodities", "places", "links", "supplies"),
                                  ("sources", "commodities", "places", "links", "fleets", "transfers"),
                                  ("sources", "commodities", "places", "links", "rules")])  # fmt: skip
def test_a_case_with_nothing_to_move_has_an_empty_plan(tmp_path, kept):
    """Always feasible: nothing asked for is a plan too."""
    tables = {k: v for k, v in small_tables().items() if k in kept}
    plan = kr.load(write_tables(tmp_path / "case", tables)).solve()
    assert plan.objective_musd == 0
    assert plan.to_dict()["links"] == []


# --- order and direction do not matter ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_the_order_of_rows_and_lists_changes_nothing(seed, tmp_path):
    rng = random.Random(seed)
    tables, year = random_tables(rng), rng.choice(YEARS)
    before = load_reachable(tmp_path / "case", tables).solve(year).to_dict()
    for rows in tables.values():
        rng.shuffle(rows)
        for r in rows:
            for column in (
                "carries",
                "countries",
                "places",
                "from_modes",
                "to_modes",
                "modes",
                "origin",
                "destination",
                "links",
                "commodities",
                "outputs",
                "adds",
            ):
                if ";" in str(r.get(column, "")):
                    words = r[column].split(";")
                    rng.shuffle(words)
                    r[column] = ";".join(words)
    assert load_reachable(tmp_path / "case", tables).solve(year).to_dict() == before


@pytest.mark.parametrize("seed", range(25))
def test_a_network_is_compiled_the_same_twice(seed, tmp_path):
    rng = random.Random(seed)
    case, year = random_case(rng, tmp_path / "case"), rng.choice(YEARS)
    a, b = build(case, year), build(case, year)
    assert (a.vertices, a.edges, a.limits, a.offers, a.wants, a.works, a.ships, a.bounds) == (
        b.vertices,
        b.edges,
        b.limits,
        b.offers,
        b.wants,
        b.works,
        b.ships,
        b.bounds,
    )
    for g, h in zip(a.groups, b.groups, strict=True):
        assert (g.commodity, g.rules, g.origins, g.destinations, g.consigned, g.delivery_cost) == (
            h.commodity,
            h.rules,
            h.origins,
            h.destinations,
            h.consigned,
            h.delivery_cost,
        )
        assert g.edges.tolist() == h.edges.tolist()
        assert g.cost.tolist() == h.cost.tolist()


def test_reach_is_that_of_a_plain_search():
    """Circles with ways in and out, and loose ends: what is known of one vertex of a circle holds for all of it and for no other."""
    hits = 0
    for seed in range(200):
        rng = random.Random(seed)
        many = rng.randint(2, 14)
        ends = [(rng.randrange(many), rng.randrange(many)) for _ in range(rng.randint(1, 3 * many))]
        usable = sorted(rng.sample(range(len(ends)), rng.randint(0, len(ends))))
        ahead, behind = {}, {}
        for tail, head in (ends[i] for i in usable):
            ahead.setdefault(tail, []).append(head)
            behind.setdefault(head, []).append(tail)
        found = Usable(usable, ends)
        for _ in range(6):
            some = set(rng.sample(range(many), rng.randint(0, min(3, many))))
            assert found.from_(some) == spread(some, ahead), (seed, some)
            assert found.to(some) == spread(some, behind), (seed, some)
            hits += found.from_(some) is found.from_(some) and bool(some)
    assert hits > 100, "the short cut was taken"
