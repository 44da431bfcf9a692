"""Quantities with dimensions, and what a unit of a commodity weighs and costs.

Inside keruen a quantity is a plain float in the unit of its column or commodity
(Mt, kTEU, bcm) and money is in million USD. A cell that names another unit is converted
here, once, when it is read. Pint does the arithmetic; it is slow to import and rarely needed,
so it is loaded on the first such cell.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from keruen.errors import UnitError, did_you_mean

if TYPE_CHECKING:
    from keruen.tables import Commodity

__all__ = ["CAPACITY_OF", "MUSD_PER_UNIT", "SMALL_UNIT", "convert", "size", "split_quantity"]

# One commodity unit holds a million t, a thousand TEU or a million thousand-m3.
SMALL_UNIT = {"Mt": "t", "kTEU": "TEU", "bcm": "1000 m3"}
# USD per small unit x quantity in commodity units x this = million USD.
MUSD_PER_UNIT = {"Mt": 1.0, "kTEU": 1e-3, "bcm": 1.0}
SMALL_PER_UNIT = {"Mt": 1e6, "kTEU": 1e3, "bcm": 1e6}
# What a capacity unit counts in a year.
CAPACITY_OF = {"Mt/year": "mass", "kTEU/year": "containers", "bcm/year": "gas", "trains/day": "trains"}
DAYS = 365.0

_NUMBER = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*$")
_SPELLINGS = (
    (r"\bM(?:b|bbl)(?=/|$)", "megabarrel"),
    (r"\bk(?:b|bbl)(?=/|$)", "kilobarrel"),
    (r"\b(?:b|bbl|bbls|barrels?)(?=/|$)", "barrel"),
    (r"\bkt(?=/|$)", "kilotonnes"),  # pint would read knots
    (r"\bmillion t(?:onnes|ons)?\b", "Mt"),
    (r"(?:/|\bper )(?:d|day)\b", "/day"),
    (r"(?:/|\bper )(?:y|yr|a|year)\b", "/year_of_365_days"),
    (r"\bMUSD\b", "MUSD"),
    (r"\bbn ?USD\b", "GUSD"),
    (r"\$", "USD"),
)
_WORDS = ("Mt/year", "Mt", "t", "kt", "kTEU", "TEU", "FEU", "bcm", "Mb/d", "kb/d", "barrel", "km", "mile", "h", "day",
          "trains/day", "USD", "MUSD", "USD/t", "knot", "degree", "m3", "head", "year")  # fmt: skip


def split_quantity(text: str) -> tuple[float, str] | None:
    """``"1.4 Mb/d"`` -> ``(1.4, "Mb/d")``; ``"7"`` -> ``(7.0, "")``; None where no number leads.

    >>> split_quantity("1.4 Mb/d")
    (1.4, 'Mb/d')
    """
    match = _NUMBER.match(text)
    return (float(match[1]), match[2] or "") if match else None


@cache
def _registry() -> Any:
    import pint

    ureg: Any = pint.UnitRegistry(cache_folder=None)
    for line in (
        "t = 1000 kg",
        "kilotonnes = 1e6 kg",
        "year_of_365_days = 365 day",
        "TEU = [container]",
        "FEU = 2 TEU",
        "train = [train] = trains",
        "USD = [money]",
        "head = [head]",
        "bcm = 1e9 m**3",
        "thousand_m3 = 1000 m**3",
        "barrel = 0.158987294928 m**3",
        "degree_of_arc = degree",
    ):
        ureg.define(line)
    return ureg


def _quantity(value: float, unit: str) -> Any:
    tidy = unit.strip().replace("1000 m3", "thousand_m3").replace("m3", "m**3")
    for pattern, name in _SPELLINGS:
        tidy = re.sub(pattern, name, tidy)
    try:
        return _registry().Quantity(value, _registry().parse_units(tidy))
    except Exception:  # pint reads a unit as an expression and fails in many ways on what is none
        raise UnitError(f"the unit '{unit}' is not known. {did_you_mean(unit, _WORDS)}".strip()) from None


def convert(value: float, unit: str, to: str, commodity: Commodity | None = None) -> float:
    """``value`` from ``unit`` to ``to``, through the commodity's density where one is needed.

    Barrels become tonnes by ``barrels_per_t``; gas in tonnes becomes cubic metres by
    ``tonnes_per_unit``. Raises :class:`~keruen.errors.UnitError` when the dimensions differ.

    >>> convert(500.0, "kt", "Mt")
    0.5
    """
    if unit == to:
        return value
    given, wanted = _quantity(value, unit), _quantity(1.0, to)
    if given.dimensionality == wanted.dimensionality:
        return float(given.to(wanted.units).magnitude)
    volume = dict(given.dimensionality).get("[length]") == 3
    if commodity is not None and volume and dict(wanted.dimensionality).get("[mass]") == 1:
        if commodity.unit == "Mt" and commodity.barrels_per_t is not None:
            given = given * _registry().Quantity(1.0 / commodity.barrels_per_t, "t/barrel")
        elif commodity.unit == "bcm":
            given = given * _registry().Quantity(commodity.tonnes_per_unit, "t/thousand_m3")
    if given.dimensionality != wanted.dimensionality:
        raise UnitError(f"'{unit}' cannot be turned into '{to}'")
    return float(given.to(wanted.units).magnitude)


def size(commodity: Commodity, capacity_unit: str) -> float | None:
    """Capacity units that one unit of the commodity takes in a year; None where it cannot use them.

    Mt of anything count in Mt/year by ``tonnes_per_unit``; trains by ``per_train``.
    """
    counted = CAPACITY_OF[capacity_unit]
    if counted == "mass":
        return commodity.tonnes_per_unit * SMALL_PER_UNIT[commodity.unit] / 1e6
    if counted == "containers":
        return 1.0 if commodity.unit == "kTEU" else None
    if counted == "gas":
        return 1.0 if commodity.unit == "bcm" else None
    if commodity.per_train is None:
        return None
    return SMALL_PER_UNIT[commodity.unit] / commodity.per_train / DAYS
