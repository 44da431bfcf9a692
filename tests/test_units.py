"""Units: conversions by hand, wrong dimensions, and that no text makes them crash."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keruen.errors import UnitError
from keruen.tables import Commodity
from keruen.units import CAPACITY_OF, MUSD_PER_UNIT, SMALL_PER_UNIT, SMALL_UNIT, convert, size, split_quantity


def commodity(unit: str, tonnes: float, barrels: float | None = None, train: float | None = None) -> Commodity:
    return Commodity(commodity="thing", name="thing", unit=unit, hs=(), tonnes_per_unit=tonnes, barrels_per_t=barrels, per_train=train, value_usd=1,
                     time_usd_per_day=0, unmet_usd=1, source="book", confidence="high", note="")  # fmt: skip


CRUDE = commodity("Mt", 1, barrels=7.5, train=2000)
BOXES = commodity("kTEU", 14, train=96)
GAS = commodity("bcm", 0.7, train=1500)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.4 Mb/d", (1.4, "Mb/d")), ("7", (7.0, "")), ("-3.5e-2t", (-0.035, "t")), (".5 km", (0.5, "km")), ("+2", (2.0, "")),
        ("  8  Mt/year ", (8.0, "Mt/year")),
        ("1,5", (1.0, ",5")), ("about 7", None), ("", None), ("e5", None), ("nan", None), ("inf", None), ("7.", (7.0, "")), ("1 000", (1.0, "000")),
    ],
)  # fmt: skip
def test_a_cell_is_a_number_and_what_follows(text, parts):
    assert split_quantity(text) == parts


@pytest.mark.parametrize(
    ("value", "unit", "to", "what", "result"),
    [
        (500, "kt", "Mt", None, 0.5),
        (3, "million tonnes", "Mt", None, 3),
        (2, "FEU", "TEU", None, 4),
        (1200, "TEU", "kTEU", None, 1.2),
        (1, "mile", "km", None, 1.609344),
        (2, "day", "h", None, 48),
        (5, "bcm", "m3", None, 5e9),
        (15, "barrel", "t", CRUDE, 2),  # 15 barrels / 7.5 barrels a tonne
        (7.5, "Mb", "Mt", CRUDE, 1),
        (1, "bn USD", "MUSD", None, 1000),
        (4, "$/t", "USD/t", None, 4),
        (24, "trains/day", "trains/h", None, 1),
        (10, "knot", "km/h", None, 18.52),
        (1, "bcm", "Mt", GAS, 0.7),  # 0.7 t in 1000 m3
    ],
)
def test_conversions_by_hand(value, unit, to, what, result):
    assert convert(value, unit, to, what) == pytest.approx(result, rel=1e-12)


def test_barrels_a_day_become_tonnes_a_year():
    # 1.4 million barrels a day, 7.5 barrels a tonne: 1.4 / 7.5 x (365 or 365.25) Mt a year.
    assert convert(1.4, "Mb/d", "Mt/year", CRUDE) == pytest.approx(1.4 / 7.5 * 365, rel=1e-3)


def test_the_year_has_the_same_length_everywhere():
    # A capacity of 3650 trains a year is 10 a day: limits count 365 days, closures too, ships sail 8760 h = 365 x 24.
    assert convert(3650, "trains/year", "trains/day") == pytest.approx(10, rel=1e-9)


@pytest.mark.parametrize(
    ("unit", "to", "what"),
    [("t", "km", None), ("barrel", "t", None), ("barrel", "t", BOXES), ("t", "kTEU", BOXES), ("Mt", "Mt/year", None), ("trains/day", "Mt/year", CRUDE),
    ("head", "t", None),
     ("USD", "t", None), ("bcm", "Mt", CRUDE if CRUDE.barrels_per_t is None else None)],
)  # fmt: skip
def test_other_dimensions_are_refused(unit, to, what):
    with pytest.raises(UnitError, match="cannot be turned into"):
        convert(1, unit, to, what)


@pytest.mark.parametrize("unit", ["tonz", "Mb//d", "furlongs per fortnigh", "Mt/yearr", "(", ")", "**", "km^", "%%", "²", "1/0"])
def test_unknown_units_are_refused(unit):
    with pytest.raises(UnitError):
        convert(1, unit, "Mt")


def test_a_misspelt_unit_gets_a_hint():
    with pytest.raises(UnitError, match="Did you mean 'Mt/year'"):
        convert(1, "Mt/yeer", "Mt/year")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12) | st.text("Mktbd/ *^()-+.0123456789earyUSD", max_size=10), st.sampled_from(["Mt", "Mt/year", "USD/t", "h", "trains/day"]))
@example("0", "Mt")
@example("t**t", "Mt")
@example("Mt**1e9", "Mt")
@example("degC", "h")
@example("dB", "h")
def test_no_unit_makes_it_crash(unit, to):
    with contextlib.suppress(UnitError):
        assert isinstance(convert(1.5, unit, to, CRUDE), float)


@given(st.floats(1e-6, 1e9), st.sampled_from([("t", "kt"), ("Mt", "t"), ("TEU", "kTEU"), ("km", "mile"), ("h", "day"), ("Mt/year", "t/day"), ("m3", "bcm")]))
def test_there_and_back_is_the_same(value, pair):
    a, b = pair
    assert convert(convert(value, a, b), b, a) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("what", "unit", "taken"),
    [
        (CRUDE, "Mt/year", 1.0),
        (BOXES, "Mt/year", 0.014),  # 1000 TEU x 14 t
        (GAS, "Mt/year", 0.7),  # 10^6 x 1000 m3 x 0.7 t
        (BOXES, "kTEU/year", 1.0), (CRUDE, "kTEU/year", None), (GAS, "kTEU/year", None),
        (GAS, "bcm/year", 1.0), (CRUDE, "bcm/year", None), (BOXES, "bcm/year", None),
        (CRUDE, "trains/day", 1e6 / 2000 / 365), (BOXES, "trains/day", 1000 / 96 / 365), (GAS, "trains/day", 1e6 / 1500 / 365),
        (commodity("Mt", 1), "trains/day", None),
    ],
)  # fmt: skip
def test_what_a_unit_takes_of_a_capacity(what, unit, taken):
    assert size(what, unit) == (None if taken is None else pytest.approx(taken, rel=1e-15))


def test_small_units_and_money_agree():
    for unit, small in SMALL_PER_UNIT.items():
        # quantity x small units x USD = money; in million USD.
        assert math.isclose(small / 1e6, MUSD_PER_UNIT[unit])
    assert set(SMALL_PER_UNIT) == set(MUSD_PER_UNIT) == set(SMALL_UNIT)
    assert set(CAPACITY_OF) == {"Mt/year", "kTEU/year", "bcm/year", "trains/day"}
