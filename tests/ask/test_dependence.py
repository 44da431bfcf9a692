"""``depend``: who is asked about, in what order, and wrong words."""

from __future__ import annotations

import pytest

import keruen as kr
from keruen.ask.dependence import SELECTORS, dependence
from keruen.errors import UsageError
from small import small_tables, write_small, write_tables


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small")).solve()


def shares(rows, by):
    return {(r[by], r["commodity"]): (r["share"], r["share_min"], r["share_max"]) for r in rows}


def same(*values):
    return {key: pytest.approx((v, v, v), abs=1e-6) for key, v in values}


def test_countries(plan):
    # Both ways are full: no other plan exports 10 Mt. Home itself is not listed.
    rows = dependence(plan)
    assert shares(rows, "country") == same((("ZZ", "crude"), 1), (("XX", "crude"), 0.7), (("YY", "crude"), 0.3), (("EE", "products"), 1))
    assert [(r["commodity"], r["country"]) for r in rows] == [("crude", "ZZ"), ("crude", "XX"), ("crude", "YY"), ("products", "EE")], "the most exposed first"
    assert list(rows[0]) == ["country", "commodity", "share", "share_min", "share_max", "unit", "through", "around", "lost", "around_usd"]


def test_operators(plan):
    assert shares(dependence(plan, "operator"), "operator") == same((("PipeCo", "crude"), 0.7))


def test_places(plan):
    found = shares(dependence(plan, "place"), "place")
    assert found["hub", "crude"] == pytest.approx((1, 1, 1))
    assert found["terminal", "crude"] == pytest.approx((0.7, 0.7, 0.7), abs=1e-6)
    assert found["far-port", "crude"] == pytest.approx((0.3, 0.3, 0.3), abs=1e-6)
    assert found["border", "products"] == found["east", "products"] == pytest.approx((1, 1, 1))
    # 12 Mt are offered and 11.25 taken: north gives at least 2.25 and at most 3, of which the refinery may take 1.25.
    plan_share, least, most = found["north", "crude"]
    assert (least, most) == pytest.approx(((2.25 - 1.25) / 10, 0.3), abs=1e-6)
    assert least - 1e-9 <= plan_share <= most + 1e-9


def test_only_what_is_asked_for(plan):
    assert {r["commodity"] for r in dependence(plan, commodities=["products"])} == {"products"}
    assert {r["commodity"] for r in dependence(plan, commodities=["products", "crude"])} == {"products", "crude"}
    assert dependence(plan, commodities=["boxes"]) == []  # imports


def test_dearer_plans_widen_the_range(tmp_path):
    """With 20 Mt of berths and ships the lake is open to all: at 31 USD more a tonne."""
    tables = small_tables()
    tables["transfers"][0]["capacity"] = 20
    tables["fleets"][0]["ships"] = 100
    plan = kr.load(write_tables(tmp_path / "case", tables)).solve()
    # 10.75 Mt are exported: 7 by the pipe, 3.75 by the lake, for 7 x 31 + 3.75 x 62 = 449.5.
    for near in (0, 0.001, 0.01, 0.1, 1):
        moved = min(7, near * 449.5 / 31)
        found = shares(dependence(plan, near=near), "country")
        assert found["XX", "crude"] == pytest.approx((7 / 10.75, (7 - moved) / 10.75, 7 / 10.75), abs=1e-6), near
        assert found["YY", "crude"] == pytest.approx((3.75 / 10.75, 3.75 / 10.75, (3.75 + moved) / 10.75), abs=1e-6), near


@pytest.mark.parametrize(
    ("by", "commodities", "words"),
    [("countries", (), ["countries", "country"]), ("link", (), ["link"]), ("", (), list(SELECTORS)), ("country", ("crud",), ["crud", "Did you mean 'crude'"]),
     ("country", ("crude", "gold"), ["gold", "Known"])],
)  # fmt: skip
def test_wrong_words(plan, by, commodities, words):
    with pytest.raises(UsageError) as caught:
        dependence(plan, by, commodities)
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_nothing_exported(tmp_path):
    plan = kr.load(write_small(tmp_path / "small")).solve(scenario=kr.close(country="AA"))
    for by in SELECTORS:
        assert dependence(plan, by) == []
