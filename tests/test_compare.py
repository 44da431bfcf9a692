"""Two plans side by side: what changed on the small case, by hand; order, signs and nothing else."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.compare import COLUMNS, as_rows
from random_cases import YEARS, random_case, random_scenario
from small import write_small


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small"))


def table(frame):
    return {(r["what"], r["name"]): (r["base"], r["plan"], r["change"]) for r in as_rows(frame)}


def test_a_plan_differs_not_from_itself(case):
    assert len(case.solve().compare(case.solve())) == 0
    assert list(case.solve().compare(case.solve()).columns) == list(COLUMNS)


def test_closing_the_neighbour(case):
    rows = table(case.solve(scenario=kr.close(country="XX")).compare(case.solve()))
    assert rows["exports", "crude"] == pytest.approx((10, 3, -7))
    assert ("exports", "products") not in rows
    assert rows["left behind", "crude"] == pytest.approx((0.75, 7.75, 7))
    assert rows["unmet demand", "crude"] == pytest.approx((0, 7, 7))
    assert rows["money", "objective"] == pytest.approx((-4086.5, -803.5, 3283))
    assert rows["money", "cost of moving and missing"] == pytest.approx((513.5, 513.5 - 7 * 31 + 700, 483))
    assert rows["route", "by-pipe"] == pytest.approx((7, 0, -7))
    assert rows["crude by country", "XX"] == pytest.approx((7, 0, -7))
    assert rows["crude by country", "ZZ"] == pytest.approx((10, 3, -7))
    assert rows["crude on link", "pipe-hub-terminal"] == pytest.approx((7, 0, -7))
    assert ("crude on link", "tanker-port-far") not in rows
    assert ("boxes on link", "rail-hub-border:back") not in rows


def test_the_way_back_is_told_apart(case):
    rows = table(case.solve(scenario=kr.close(consignment="boxes-east-hub")).compare(case.solve()))
    assert rows["boxes on link", "rail-hub-border:back"] == pytest.approx((50, 0, -50))
    assert ("products on link", "rail-hub-border") not in rows


def test_days_on_the_way(case):
    # Trains twice as slow: 2 x 24 + 12 + 2 x 24 hours for boxes and products.
    rows = table(case.solve(scenario=kr.scale(mode="rail", hours=2)).compare(case.solve()))
    assert rows["mean days on the way", "boxes"] == pytest.approx((2.5, 4.5, 2))
    assert rows["mean days on the way", "products"] == pytest.approx((2.5, 4.5, 2))


@pytest.mark.parametrize("seed", range(30))
def test_the_other_way_round_changes_signs_only(seed, tmp_path):
    rng = random.Random(seed)
    case, year = random_case(rng, tmp_path / "case"), rng.choice(YEARS)
    a, b = case.solve(year), case.solve(year, random_scenario(rng, case))
    there, back = table(b.compare(a)), table(a.compare(b))
    assert there.keys() == back.keys()
    for key, (base, plan, change) in there.items():
        assert change == pytest.approx(plan - base)
        assert abs(change) > 1e-6
        assert back[key] == pytest.approx((plan, base, -change))
