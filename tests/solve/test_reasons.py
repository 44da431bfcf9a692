"""Why something did not move: the words name the full link, the closed link, the rule, and nothing that is not so."""

from __future__ import annotations

import random
import re

import pytest

import keruen as kr
from random_cases import YEARS, random_case, random_scenario
from small import SOURCE, small_tables, write_tables

RULE = {"rule": "mine", "title": "mine", "kind": "law", "status": "in_force", **SOURCE}


def load(path, edit=None):
    tables = small_tables()
    tables["provenance"].clear()
    if edit:
        edit(tables)
    return kr.load(write_tables(path / "case", tables))


def row(tables, table, name):
    return next(r for r in tables[table] if next(iter(r.values())) == name)


def because(plan, name):
    found = [s["because"] for s in plan.to_dict(countries=False)["shortages"] if s["id"] == name]
    assert found, f"{name} is not short"
    return "; ".join(found[0])


def add_rule(**rule):
    return lambda t: t["rules"].append({**RULE, **rule})


@pytest.mark.parametrize(
    ("edit", "scenario", "name", "words", "not_words"),
    [
        pytest.param(None, None, "crude-field", ["port-berths is full", "3", "pipe-quota", "7"], ["closed", "cost more", "pipe-hub-terminal"], id="base"),
        pytest.param(None, kr.close(country="XX"), "crude-field", ["closed", "close country XX", "pipe-hub-terminal", "port-berths is full"], ["quota"],
                     id="closed country"),
        pytest.param(None, kr.close(country="XX"), "market-crude", ["closed", "close country XX", "port-berths is full"], ["quota"],
                     id="closed country, seen from the market"),
        pytest.param(None, kr.close(link="pipe-hub-port"), "crude-field", ["pipe-hub-port", "closed", "pipe-quota"], ["berths"], id="closed link"),
        pytest.param(None, kr.close(transfer="port-berths"), "crude-field", ["port-berths", "closed", "pipe-quota"], [], id="closed transfer"),
        pytest.param(None, kr.close(place="port"), "crude-field", ["closed", "close place port"], ["berths is full"], id="closed place on the way"),
        pytest.param(None, kr.close(place="sea-market"), "market-crude", ["closed"], ["full"], id="closed market"),
        pytest.param(None, kr.close(country="EE"), "boxes-east-hub", ["east", "closed"], [], id="closed origin of a consignment"),
        pytest.param(None, kr.close(operator="PipeCo"), "crude-field", ["close operator PipeCo", "pipe-hub-terminal"], ["quota"], id="closed operator"),
        pytest.param(None, kr.without(rule="pipe-quota") + kr.scale(link="pipe-hub-terminal", capacity=0.5), "crude-field",
                     ["pipe-hub-terminal is full (4 Mt/year)", "port-berths is full"], ["rule"], id="full link"),
        pytest.param(lambda t: t["fleets"][0].update(ships=2), None, "crude-field", ["tankers", "tanker-port-far", "pipe-quota"], ["berths"], id="ships"),
        pytest.param(lambda t: t["fleets"][0].update(ships=0), None, "crude-field", ["tankers", "tanker-port-far"], ["berths"], id="no ships"),
        pytest.param(None, kr.close(fleet="tankers"), "crude-field", ["tanker-port-far", "tankers"], ["berths"], id="closed fleet"),
        pytest.param(lambda t: row(t, "links", "rail-border-east").update(capacity=1), None, "boxes-east-hub", ["rail-border-east:back is full"],
                     ["rail-hub"], id="full the way back"),
        pytest.param(lambda t: row(t, "links", "rail-border-east").update(capacity=1), None, "east-products", ["rail-border-east is full"], [":back"],
                     id="full the way there"),
        pytest.param(lambda t: row(t, "links", "rail-border-east").update(capacity=1, capacity_shared="yes"), None, "boxes-east-hub",
                     ["rail-border-east is full"], [], id="shared"),
        pytest.param(add_rule(effect="forbid", commodities="crude", transit="XX"), None, "crude-field", ["mine", "port-berths is full"], ["closed", "quota"],
                     id="ban on transit"),
        pytest.param(add_rule(effect="forbid", commodities="boxes", links="rail-hub-border:back"), None, "boxes-east-hub", ["mine", "rail-hub-border"],
                     ["full"], id="ban on a link"),
        pytest.param(add_rule(effect="forbid", commodities="crude", origin="AA", destination="ZZ"), None, "crude-field", ["mine"], ["cost more", "full"],
                     id="ban on delivery"),
        pytest.param(add_rule(effect="forbid", commodities="crude", origin="AA", destination="ZZ"), None, "market-crude", ["mine"], ["cost more", "full"],
                     id="ban on delivery, seen from the market"),
        pytest.param(add_rule(effect="forbid", commodities="boxes", origin="EE"), None, "boxes-east-hub", ["mine"], ["cost more", "full"],
                     id="ban on a consignment"),
        pytest.param(add_rule(effect="cap", commodities="crude", destination="ZZ", quantity=4, unit="Mt"), None, "crude-field", ["mine"],
                     ["cost more", "berths"], id="cap on delivery"),
        pytest.param(add_rule(effect="cap", commodities="boxes", quantity=5, unit="kTEU"), None, "boxes-east-hub", ["mine", "5 kTEU"], ["cost more", "full"],
                     id="cap on a consignment"),
        pytest.param(lambda t: row(t, "links", "pipe-hub-terminal").update(opened=2025), None, "crude-field", ["pipe-hub-terminal", "not open in 2023"],
                     ["quota"], id="not yet open"),
        pytest.param(None, None, "crude-field", ["port-berths is full"], ["pipe-planned"], id="a planned pipe leads to the same berths"),
        pytest.param(lambda t: (row(t, "demands", "market-crude").update(price_usd=1), row(t, "commodities", "crude").update(unmet_usd=1)), None,
                     "market-crude",
                     ["cost more"], ["full", "rule"], id="not worth it"),
        pytest.param(lambda t: row(t, "demands", "market-crude").update(quantity=5, up_to=5), None, "crude-field", [], ["full", "rule"], id="nobody asks"),
        pytest.param(lambda t: (row(t, "supplies", "crude-field").update(coupled="two"), row(t, "supplies", "crude-north").update(coupled="two", quantity=0)),
                     None,
                     "crude-field", ["crude-north"], [], id="coupled"),
        pytest.param(lambda t: row(t, "supplies", "crude-north").update(to="EE"), None, "crude-north", [], ["cost more", "full"], id="for nobody that asks"),
        pytest.param(lambda t: row(t, "demands", "east-products").update(quantity=2), None, "east-products", ["refinery"], ["cost more"], id="full plant"),
        pytest.param(None, kr.close(plant="refinery"), "east-products", ["refinery", "clos"], ["cost more"], id="closed plant"),
        pytest.param(None, kr.close(supply="*"), "east-products", [], ["cost more", "is full"], id="nothing to make it from"),
        pytest.param(None, kr.close(supply="*"), "market-crude", [], ["cost more", "is full", "elsewhere"], id="nothing offered"),
        pytest.param(lambda t: (t["supplies"].append({"supply": "foreign", "place": "far-port", "commodity": "crude", "quantity": 1, **SOURCE}),
                                add_rule(effect="forbid", commodities="crude", origin="YY", links="pipe-hub-port")(t)), None, "crude-field",
                     ["port-berths is full", "pipe-quota"], ["mine"], id="a ban on others"),
    ],
)  # fmt: skip
def test_reasons(tmp_path, edit, scenario, name, words, not_words):
    said = because(load(tmp_path, edit).solve(scenario=scenario), name)
    missing, wrong = [w for w in words if w not in said], [w for w in not_words if w in said]
    assert not missing, f"{missing} not in: {said}"
    assert not wrong, f"{wrong} in: {said}"


def test_what_moves_has_no_reason(tmp_path):
    plan = load(tmp_path).solve()
    assert [s["id"] for s in plan.to_dict()["shortages"]] == ["crude-field"] or [s["id"] for s in plan.to_dict()["shortages"]] == ["crude-north"]
    assert plan.to_dict()["shortages"][0]["quantity"] == pytest.approx(0.75)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_whatever_is_said_is_so(first, tmp_path):
    """On random cases: every shortage has a reason, and what is called full is full, what is called closed is closed."""
    said = 0
    for seed in range(first, first + 10):
        rng = random.Random(seed)
        case = random_case(rng, tmp_path / "case")
        plan = case.solve(rng.choice(YEARS), random_scenario(rng, case) if seed % 2 else None)
        n, limits = plan.network, {r["limit"]: r for r in plan.to_dict(countries=False)["limits"]}
        wanted = sum(w.quantity for w in n.wants) + sum(c.quantity for c in n.consigned)
        shortages = plan.to_dict(countries=False)["shortages"]
        missed = sum(s["quantity"] for s in shortages if s["side"] != "supply")
        assert missed == pytest.approx(wanted - _met(plan), abs=1e-5)
        for s in shortages:
            assert s["because"], (seed, s)
            for word in s["because"]:
                said += 1
                assert isinstance(word, str)
                full = re.match(r"(\S+) is full", word)
                if full:
                    assert limits[full[1]]["load"] == pytest.approx(limits[full[1]]["capacity"], rel=1e-6), (seed, word)
                rule = re.search(r"rule (rule-\d)", word)
                if rule:
                    assert rule[1] in {r.rule for r in n.rules}, (seed, word)
                if "allows no more than" in word:
                    assert limits[rule[1]]["load"] == pytest.approx(limits[rule[1]]["capacity"], rel=1e-6), (seed, word)
                if word.startswith("closed ("):
                    for name in word.split(": ", 1)[1].split(" and ")[0].split(", "):
                        assert ("links", name) in n.overlay.closed_by or ("transfers", name) in n.overlay.closed_by, (seed, word)
    assert said > 5


def _met(plan):
    p, x = plan.solution.program, plan.solution.x
    n = plan.network
    return float(x[p.met : p.met + len(n.wants)].sum() + x[p.moved : p.moved + len(n.consigned)].sum())
