"""Rules on the small case: what each condition looks at and what each effect costs, worked by hand.

Without a rule of its own the small case exports 10 Mt of crude (7 by the pipe through XX, held by a quota, and 3
by ship over the lake to YY), sends 1 Mt of products by rail to EE and takes in 50 kTEU from there. Objective
-4086.5 MUSD (see test_network).
"""

from __future__ import annotations

import pytest

import keruen as kr
from keruen.errors import CaseError
from keruen.rules import End, RuleBook
from keruen.scenario import Scenario, lay
from small import SOURCE, small_tables, write_tables

BASE = -4086.5
RULE = {"rule": "mine", "title": "mine", "kind": "law", "status": "in_force", **SOURCE}


def load(path, *rules, edit=None):
    tables = small_tables()
    tables["rules"] += [{**RULE, "rule": f"mine-{i}", **r} for i, r in enumerate(rules)]
    if edit:
        edit(tables)
    return kr.load(write_tables(path / "case", tables))


def moved(plan):
    """(crude exported, products exported, boxes brought)."""
    by = {r["commodity"]: r["moved"] for r in plan.to_dict(countries=False)["exports"]}
    boxes = next(r["moved"] for r in plan.to_dict(countries=False)["commodities"] if r["commodity"] == "boxes")
    return pytest.approx((by.get("crude", 0), by.get("products", 0), boxes), abs=1e-6)


@pytest.mark.parametrize(
    ("rule", "flows"),
    [
        ({"commodities": "crude", "transit": "XX"}, (3, 1, 50)),
        ({"commodities": "crude", "transit": "YY"}, (7, 1, 50)),
        ({"commodities": "crude", "transit": "NON-AA"}, (0, 1, 50)),
        ({"commodities": "products", "transit": "XX"}, (10, 1, 50)),
        ({"commodities": "crude", "operators": "PipeCo"}, (3, 1, 50)),
        ({"commodities": "crude", "modes": "tanker"}, (7, 1, 50)),
        ({"commodities": "crude", "modes": "sea"}, (3, 1, 50)),
        ({"modes": "rail"}, (10, 0, 0)),
        ({"modes": "rail-1435"}, (10, 0, 0)),
        ({"commodities": "boxes", "modes": "rail-1520"}, (10, 1, 0)),
        ({"modes": "rail-1000"}, (10, 1, 50)),
        ({"commodities": "crude", "links": "pipe-hub-terminal"}, (3, 1, 50)),
        ({"commodities": "crude", "links": "port-berths"}, (7, 1, 50)),
        ({"links": "rail-border-east"}, (10, 0, 50)),  # products go there, boxes come back
        ({"links": "rail-border-east:back"}, (10, 1, 0)),
        ({"links": "rail-border-east:both"}, (10, 0, 0)),
        ({"links": "border-gauge"}, (10, 0, 0)),
        ({"commodities": "crude", "links": "pipe-hub-terminal", "transit": "YY"}, (10, 1, 50)),  # all conditions must hold
        ({"commodities": "crude", "links": "pipe-hub-terminal;pipe-hub-port", "transit": "XX"}, (3, 1, 50)),
        ({"commodities": "crude", "operators": "PipeCo", "modes": "tanker"}, (10, 1, 50)),
        ({"commodities": "crude", "origin": "AA", "destination": "ZZ"}, (0, 1, 50)),
        ({"commodities": "crude", "destination": "sea-market"}, (0, 1, 50)),
        ({"commodities": "crude", "origin": "XX", "destination": "ZZ"}, (10, 1, 50)),
        ({"commodities": "crude", "origin": "UNION", "destination": "ZZ"}, (0, 1, 50)),
        ({"commodities": "crude", "origin": "NON-UNION", "destination": "ZZ"}, (10, 1, 50)),
        ({"commodities": "crude", "origin": "NON-AA"}, (10, 1, 50)),
        ({"commodities": "crude", "destination": "NON-ZZ"}, (10, 0, 50)),  # the refinery gets none
        ({"commodities": "crude", "origin": "field", "destination": "ZZ"}, (3, 1, 50)),  # only the 3 of north
        ({"commodities": "crude", "origin": "field", "links": "pipe-hub-terminal"}, (6, 1, 50)),  # north by pipe, field by ship
        ({"commodities": "crude", "origin": "north;field", "destination": "ZZ;EE"}, (0, 1, 50)),
        ({"origin": "EE"}, (10, 1, 0)),
        ({"destination": "AA"}, (10, 0, 0)),  # the refinery and the boxes
        ({}, (0, 0, 0)),
    ],
)
def test_what_a_ban_looks_at(tmp_path, rule, flows):
    case = load(tmp_path, {"effect": "forbid", **rule})
    plan = case.solve(verify=True)
    assert flows == moved(plan)
    assert plan.certificate.verified < 1e-9


@pytest.mark.parametrize(
    ("rule", "binds"),
    [
        ({}, True), ({"status": "announced"}, False), ({"status": "denied"}, False), ({"status": "expired"}, False), ({"status": "proposed"}, False),
        ({"status": "contested"}, False), ({"status": "indicative"}, False),
        ({"valid_from": "2023-07-01"}, True), ({"valid_from": "2023-07-02"}, False), ({"valid_to": "2023-07-01"}, True), ({"valid_to": "2023-06-30"}, False),
        ({"valid_from": "2022-01-01", "valid_to": "2024-01-01"}, True), ({"hs": "2709"}, True), ({"hs": "2709", "commodities": ""}, False),
        ({"end_use": "military"}, False), ({"effect": "licence"}, False), ({"effect": "monitor"}, False), ({"effect": "exempt"}, False),
        ({"unit": "head"}, False),
        ({"agreement": ""}, True),
    ],
)  # fmt: skip
def test_when_a_rule_binds(tmp_path, rule, binds):
    case = load(tmp_path, {"effect": "forbid", "commodities": "crude", "transit": "XX", **rule})
    assert (3 if binds else 10, 1, 50) == moved(case.solve())


def test_a_rule_binds_by_the_middle_of_the_year(tmp_path):
    case = load(tmp_path, {"effect": "forbid", "commodities": "crude", "transit": "XX", "valid_from": "2024-03-01", "valid_to": "2026-06-30"})
    closed = [case.solve(year).exports.set_index("commodity").moved["crude"] == pytest.approx(3) for year in (2023, 2024, 2025, 2026)]
    assert closed == [False, True, True, False]


@pytest.mark.parametrize(
    ("membership", "year", "inside"),
    [
        ({"since": "2020"}, 2020, True), ({"since": "2020-07-01"}, 2020, True), ({"since": "2020-07-02"}, 2020, False), ({"since": "2020-07-02"}, 2021, True),
        ({"since": "", "until": "2020-06-30"}, 2019, True), ({"since": "", "until": "2020-06-30"}, 2020, False),
        ({"since": "", "until": "2020-12-31"}, 2020, True),
        ({"status": "observer"}, 2023, False), ({"status": "suspended"}, 2023, False), ({}, 2023, True),
    ],
)  # fmt: skip
def test_membership_counts_on_the_first_of_july(tmp_path, membership, year, inside):
    def edit(tables):
        tables["memberships"] = [{"country": "AA", "organisation": "UNION", "status": "member", **SOURCE, **membership}]

    case = load(tmp_path, {"effect": "forbid", "commodities": "crude", "origin": "UNION", "transit": "XX"}, edit=edit)
    book = RuleBook(case, lay(Scenario(), case), year)
    assert book.is_one_of(End("field", "AA"), ("UNION",)) is inside
    assert book.is_one_of(End("field", "AA"), ("NON-UNION",)) is not inside
    flows = case.solve(year).links
    assert ("pipe-hub-terminal" in set(flows.link)) is not inside


@pytest.mark.parametrize(
    ("rule", "flows"),
    [
        ({"commodities": "crude", "links": "pipe-hub-terminal", "quantity": 2, "unit": "Mt"}, (5, 1, 50)),
        ({"commodities": "crude", "links": "pipe-hub-terminal", "quantity": 2e6, "unit": "t"}, (5, 1, 50)),
        ({"commodities": "crude", "links": "pipe-hub-terminal;pipe-hub-port", "quantity": 8, "unit": "Mt"}, (8, 1, 50)),
        ({"commodities": "crude", "links": "port-berths", "quantity": 1, "unit": "Mt"}, (8, 1, 50)),
        ({"commodities": "crude", "destination": "ZZ", "quantity": 4, "unit": "Mt"}, (4, 1, 50)),
        ({"commodities": "crude", "origin": "field", "destination": "ZZ", "quantity": 4, "unit": "Mt"}, (7, 1, 50)),
        (
            {"commodities": "crude", "origin": "field", "links": "pipe-hub-terminal", "quantity": 2, "unit": "Mt"},
            (8, 1, 50),
        ),  # field 2 + north 3 by pipe, 3 by ship
        ({"commodities": "boxes", "links": "rail-border-east:back", "quantity": 0.35, "unit": "Mt"}, (10, 1, 25)),  # 25 kTEU x 14 t
        ({"commodities": "boxes", "destination": "AA", "quantity": 10, "unit": "kTEU"}, (10, 1, 10)),
        ({"commodities": "boxes", "quantity": 140000, "unit": "t"}, (10, 1, 10)),
        ({"commodities": "boxes", "quantity": 10, "unit": "head"}, (10, 1, 50)),
        ({"commodities": "crude", "destination": "ZZ", "quantity": 0, "unit": "Mt"}, (0, 1, 50)),
        ({"links": "border-gauge", "quantity": 0.5, "unit": "Mt"}, (10, 0.5, 0)),  # products are worth 1425.75 USD/t here, boxes 19275 / 14
    ],
)
def test_caps(tmp_path, rule, flows):
    plan = load(tmp_path, {"effect": "cap", **rule}).solve(verify=True)
    assert flows == moved(plan)
    assert plan.certificate.verified < 1e-9


def test_a_cap_on_transit_counts_every_way_it_looks_at(tmp_path):
    """docs/model.md: a path over two of the edges counts twice. A tonne uses three ways in XX: pipe, jetty and ship."""
    case = load(tmp_path, {"effect": "cap", "commodities": "crude", "transit": "XX", "quantity": 6, "unit": "Mt"})
    assert moved(case.solve()) == (5, 1, 50)  # 6 / 3 by XX, 3 by the lake


def test_a_cap_in_containers_does_not_count_tonnes(tmp_path):
    """10 kTEU say nothing about products, which are counted in Mt. (Refusing such a rule is right too.)"""
    try:
        case = load(tmp_path, {"effect": "cap", "links": "rail-border-east", "quantity": 0.5, "unit": "kTEU"})
    except CaseError:
        return
    assert moved(case.solve()) == (10, 1, 50)


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        # On the way: 7 Mt pay 1 USD each; below 500 - 31 = 469 the pipe is still worth it (400 paid, 100 of penalty spared).
        ({"commodities": "crude", "links": "pipe-hub-terminal", "amount_usd": 1}, 7),
        ({"commodities": "crude", "links": "pipe-hub-terminal", "per_cent": 10}, 350),  # 10 % of 500 USD
        ({"commodities": "crude", "links": "pipe-hub-terminal", "amount_usd": 2, "per_cent": 1}, 49),
        ({"commodities": "crude", "links": "pipe-hub-terminal", "amount_usd": 480}, 469 * 7),  # not worth it: what 7 Mt were worth is lost
        ({"commodities": "crude", "origin": "north", "links": "pipe-hub-terminal", "amount_usd": 1}, 0),  # field uses the pipe, north the ship
        ({"commodities": "crude", "transit": "XX", "amount_usd": 1}, 21),  # pipe, jetty and ship
        ({"commodities": "crude", "modes": "oil_pipeline", "amount_usd": 1}, 7 * 2 + 3 * 3 + 1.25),  # 2 pipes, 3 pipes, 1 pipe to the refinery
        ({"commodities": "crude", "operators": "PipeCo", "amount_usd": 1}, 7),
        # On delivery.
        ({"commodities": "crude", "destination": "ZZ", "amount_usd": 5}, 50),
        ({"commodities": "crude", "amount_usd": 5}, 5 * 11.25),  # the refinery is a delivery too
        ({"commodities": "crude", "destination": "ZZ", "per_cent": 1}, 50),
        ({"commodities": "boxes", "amount_usd": 100}, 5),  # 50 kTEU x 100 USD
        ({"commodities": "boxes", "amount_usd": 1, "per_cent": 1}, 50 * 0.401),
        ({"commodities": "boxes", "delay_hours": 48}, 50 * 0.06),  # two days at 30 USD a day
        ({"commodities": "boxes", "links": "rail-border-east", "amount_usd": 100}, 0),
        ({"commodities": "boxes", "links": "rail-border-east:both", "amount_usd": 100}, 5),
        ({"commodities": "products", "destination": "EE", "amount_usd": -7}, -7),  # a subsidy
    ],
)  # fmt: skip
def test_taxes(tmp_path, rule, more):
    plan = load(tmp_path, {"effect": "tax", **rule}).solve(verify=True)
    assert plan.objective_musd == pytest.approx(BASE + more)
    assert plan.certificate.verified < 1e-9


def test_two_taxes_add_up(tmp_path):
    tax = {"effect": "tax", "commodities": "crude", "links": "pipe-hub-terminal"}
    assert load(tmp_path, {**tax, "amount_usd": 1}, {**tax, "amount_usd": 2, "transit": "XX"}).solve().objective_musd == pytest.approx(BASE + 21)


def test_a_subsidy_on_a_road_both_ways_is_no_well_of_money(tmp_path):
    """50 USD for each tonne on a railway that costs 20 each way must not be earned by going round and round."""
    try:
        case = load(tmp_path, {"effect": "tax", "commodities": "products", "links": "rail-hub-border:both", "amount_usd": -50})
    except CaseError:
        return
    assert case.solve().objective_musd == pytest.approx(BASE - 50)


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ({"links": "pipe-hub-port", "commodities": "crude", "quantity": 2, "unit": "Mt", "amount_usd": 60}, 0),  # 3 Mt go there anyway
        ({"links": "pipe-hub-port", "commodities": "crude", "quantity": 5, "unit": "Mt", "amount_usd": 60}, 120),  # the berths stop at 3
        ({"links": "pipe-hub-port", "commodities": "crude", "quantity": 5e6, "unit": "t", "amount_usd": 60}, 120),
        ({"links": "pipe-hub-port", "commodities": "crude", "origin": "XX", "quantity": 1, "unit": "Mt", "amount_usd": 60}, 60),
        ({"commodities": "products", "destination": "EE", "quantity": 2, "unit": "Mt", "amount_usd": 10}, 10),
        ({"commodities": "boxes", "quantity": 60, "unit": "kTEU", "amount_usd": 100}, 1),  # 10 kTEU short
        ({"commodities": "boxes", "quantity": 0.84, "unit": "Mt", "amount_usd": 100}, 14),  # 0.14 Mt short
        ({"links": "rail-border-east:back", "commodities": "boxes", "quantity": 60, "unit": "kTEU", "amount_usd": 100}, 1),
        ({"links": "pipe-planned", "commodities": "crude", "quantity": 2, "unit": "Mt", "amount_usd": 3}, 6),
        ({"links": "pipe-hub-port", "commodities": "crude", "quantity": 5, "unit": "Mt", "amount_usd": 0}, 0),
    ],
)  # fmt: skip
def test_floors_are_paid_for_what_is_not_carried(tmp_path, rule, more):
    plan = load(tmp_path, {"effect": "floor", **rule}).solve(verify=True)
    assert plan.objective_musd == pytest.approx(BASE + more)
    assert plan.certificate.verified < 1e-9


@pytest.mark.parametrize(("payment", "objective", "by_ship"), [(20, -3072.5 + 40, 0), (40, -3072.5 + 62, 2)])
def test_a_floor_is_kept_where_that_is_cheaper_than_paying(tmp_path, payment, objective, by_ship):
    # The market takes 7: all by pipe at 31 USD. By ship it is 62, so a floor of 2 Mt is paid at 20 USD and kept at 40.
    # 7 x 31 + 110.5 (refinery, products, boxes) - 7 x 400 - 600 = -3072.5.
    def edit(tables):
        tables["demands"][0] |= {"quantity": 7, "up_to": ""}

    rule = {"effect": "floor", "commodities": "crude", "links": "tanker-port-far", "quantity": 2, "unit": "Mt", "amount_usd": payment}
    plan = load(tmp_path, rule, edit=edit).solve()
    assert plan.objective_musd == pytest.approx(objective)
    assert plan.links.flow[plan.links.link == "tanker-port-far"].sum() == pytest.approx(by_ship)


def test_a_floor_is_not_kept_by_riding_in_a_circle(tmp_path):
    """1 Mt of products is all there is. Sending 4 Mt more forth and back on the railway carries nothing: 4 Mt stay unpaid for.

    The payment is 100 USD and a tonne forth and back costs 40, so a program on links alone is tempted: such a rule is refused.
    """
    rule = {"effect": "floor", "commodities": "products", "links": "rail-hub-border", "quantity": 5, "unit": "Mt", "amount_usd": 100}
    with pytest.raises(CaseError, match="go round"):
        load(tmp_path, rule)


def test_rules_of_a_kind_can_be_switched_off(tmp_path):
    # Without the quota the pipe carries its 8: 8 + 2.75 of the 12 Mt less 1.25 for the refinery.
    # 8 x 31 + 2.75 x 62 + 110.5 - 10.75 x 400 - 600 = -4371.
    case = load(tmp_path)
    for scenario in (kr.without(rule="pipe-quota"), kr.without(kind="quota")):
        plan = case.solve(scenario=scenario)
        assert plan.objective_musd == pytest.approx(-4371)
        assert moved(plan) == (10.75, 1, 50)
    assert case.solve(scenario=kr.without(rule="pipe-quota")).network.rules == ()
