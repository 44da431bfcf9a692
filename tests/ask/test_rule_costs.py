"""What rules cost, and rules from a file."""

from __future__ import annotations

import pytest

import keruen as kr
from keruen.ask.rules import rule_costs
from keruen.errors import ScenarioError, UsageError
from small import SOURCE, small_tables, write_small, write_tables

HEADER = (
    "rule,title,effect,kind,commodities,hs,origin,destination,transit,modes,operators,links,quantity,unit,amount_usd,per_cent,delay_hours,end_use,"
    "valid_from,valid_to,contract_before,status,agreement,source,confidence,note"
)


def case_with(path, *rules):
    tables = small_tables()
    tables["rules"] = [{"title": "a rule", "kind": "law", "status": "in_force", **SOURCE, **rule} for rule in rules]
    return kr.load(write_tables(path / "small", tables))


def costs(found):
    return {r["rule"]: r["costs_musd"] for r in found.rows}


def test_a_tax_costs_what_is_paid_or_going_round(tmp_path):
    """8 Mt go by the pipe: a tax of 1 USD on it costs 8 million."""
    case = case_with(tmp_path, {"rule": "toll", "effect": "tax", "commodities": "crude", "links": "pipe-hub-terminal", "amount_usd": 1})
    assert costs(rule_costs(case)) == pytest.approx({"toll": 8})


def test_a_ban_costs_what_is_lost(tmp_path):
    case = case_with(tmp_path, {"rule": "ban", "effect": "forbid", "commodities": "crude", "transit": "XX"})
    found = rule_costs(case)
    assert costs(found)["ban"] == pytest.approx(case.solve().objective_musd - case.solve(scenario=kr.without(rule="ban")).objective_musd)
    more = {m["commodity"]: m["quantity"] for m in found.rows[0]["more"]}
    assert more["crude"] > 5, "what the ban keeps at home"


def test_idle_and_unmet(tmp_path):
    case = case_with(
        tmp_path,
        {"rule": "wide-cap", "effect": "cap", "commodities": "crude", "links": "pipe-hub-terminal", "quantity": 100, "unit": "Mt"},
        {"rule": "elsewhere", "effect": "tax", "commodities": "crude", "origin": "ZZ", "amount_usd": 3},
    )
    found = rule_costs(case)
    assert found.rows == ()
    assert found.idle == ("wide-cap",)
    assert found.unmet == ("elsewhere",)
    assert "0 rules bind" in repr(found)
    assert found.to_dict()["idle"] == ["wide-cap"]
    assert next(iter(found.table.columns)) == "rule"


def test_wrong_rule(tmp_path):
    case = case_with(tmp_path, {"rule": "toll", "effect": "tax", "commodities": "crude", "amount_usd": 1})
    with pytest.raises(UsageError, match="Did you mean 'toll'"):
        rule_costs(case, rules=["tol"])


def test_rules_from_a_file(tmp_path):
    case = kr.load(write_small(tmp_path / "small"))
    file = tmp_path / "more.csv"
    file.write_text(f"{HEADER}\nslow,papers at the border,tax,law,boxes,,,,,,,,,,,,48,,,,,in_force,,book,high,\n")
    base, slower = case.solve(), case.solve(scenario=kr.with_rules(file))
    assert slower.objective_musd - base.objective_musd == pytest.approx(50 * 0.06)  # 50 kTEU, two days at 30 USD
    file.write_text(f"{HEADER}\nslow,papers,tax,law,boxes,,,,,,,,,,,,never,,,,,in_force,,book,high,\n")
    with pytest.raises(ScenarioError, match="delay_hours"):
        kr.with_rules(file)
    with pytest.raises(ScenarioError, match="nowhere"):
        kr.with_rules(tmp_path / "nowhere.csv")


def test_kazakhstan_adds_up():
    """Every price is the difference of two solves."""
    case = kr.load("kazakhstan")
    found = rule_costs(case, 2023, rules=["druzhba-germany-quota", "samara-right-15"])
    free = case.solve(2023, kr.without(rule="druzhba-germany-quota"), gap=0).objective_musd
    assert costs(found)["druzhba-germany-quota"] == pytest.approx(found.objective_musd - free)
    assert found.idle == ("samara-right-15",)
