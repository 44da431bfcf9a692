"""A shipment, read from cells of text: what it is, or what is wrong with it. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import itemgetter

from keruen.check.countries import country_remedy
from keruen.errors import did_you_mean, quote
from keruen.screening.hs import hs_digits, hs_problem

__all__ = ["COLUMNS", "NEEDED", "Bad", "Reader", "Shipment", "in_tonnes"]

NEEDED = ("shipment", "hs", "origin", "destination")
COLUMNS = (*NEEDED, "via", "mode", "date", "contract_date", "quantity", "unit", "value_usd", "end_use")
# What a shipment may call its mode, and the modes of links it stands for. Water is one family.
_WATER = frozenset({"ferry", "sea", "tanker"})
MODES: dict[str, frozenset[str]] = {
    "road": frozenset({"road"}), "rail": frozenset({"rail"}), "air": frozenset({"air"}), "sea": _WATER, "ferry": _WATER, "tanker": _WATER,
    "water": _WATER, "pipeline": frozenset({"oil_pipeline", "gas_pipeline"}), "oil_pipeline": frozenset({"oil_pipeline"}),
    "gas_pipeline": frozenset({"gas_pipeline"}),
}  # fmt: skip
FIRST, LAST = date(1988, 1, 1), date(2100, 12, 31)  # the Harmonized System began in 1988
INFINITE = float("inf")
_TONNES = {"t": 1.0, "tonne": 1.0, "tonnes": 1.0, "kg": 1e-3, "kt": 1e3, "mt": 1e6}


class Bad(ValueError):
    """A cell that cannot be what it should: column, found, expected, remedy in one sentence."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """One shipment. ``hs`` digits only; ``via`` countries in order; ``modes`` modes of links, empty where none is said; money in USD."""

    hs: str
    origin: str
    destination: str
    via: tuple[str, ...] = ()
    modes: frozenset[str] = frozenset()
    day: date | None = None
    contract: date | None = None
    quantity: float | None = None
    unit: str = ""
    end_use: str = ""


def in_tonnes(quantity: float | None, unit: str) -> float | None:
    """A quantity in t, or None where that cannot be told. ``Mt`` is a million tonnes."""
    factor = _TONNES.get(unit.strip().lower())
    return None if quantity is None or factor is None else quantity * factor


def _bad(column: str, text: str, expected: str, remedy: str = "") -> Bad:
    return Bad(f"{column}: found {quote(text) if text else 'an empty cell'}, expected {expected}{'. ' + remedy if remedy else ''}".rstrip(".") + ".")


@cache
def _hs(text: str) -> str:
    text = text.strip()
    digits = hs_digits(text) if text else None
    if digits is None:
        lost = re.fullmatch(r"\d{3}|\d{5}|\d{7}|\d{9}", re.sub(r"[.\s]", "", text))
        remedy = "A spreadsheet may have taken a leading zero; correct the code." if lost else ""
        raise _bad("hs", text, "2, 4, 6, 8 or 10 digits of the Harmonized System", remedy)
    if problem := hs_problem(digits):
        raise _bad("hs", text, "a code of some edition of the Harmonized System", problem[0].upper() + problem[1:])
    return digits


def _country(text: str, column: str) -> str:
    text = text.strip()
    remedy = country_remedy(text) if text else "Fill it in."
    if remedy or re.fullmatch(r"([A-Z])\1|Q[M-Z]|X[A-JL-Z]", text):
        raise _bad(column, text, "an ISO 3166 code of two letters, such as KZ", remedy or "There is no such country.")
    return text


@cache
def _via(text: str) -> tuple[str, ...]:
    return tuple(_country(word.strip(), "via") for word in text.split(";") if word.strip()) if text else ()


@cache
def _modes(text: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in filter(None, (w.strip().lower() for w in text.split(";"))):
        if word not in MODES:
            raise _bad("mode", text, f"one of {', '.join(MODES)}, or several parted by ;", did_you_mean(word, MODES))
        found |= MODES[word]
    return found


def _day(text: str, column: str) -> date | None:
    text = text.strip()
    if not text:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise _bad(column, text, "a day written year-month-day, such as 2024-05-01")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _bad(column, text, "a day of the calendar", "There is no such day.") from None
    if not FIRST <= day <= LAST:
        raise _bad(column, text, f"a day from {FIRST} to {LAST}", "The Harmonized System began in 1988." if day < FIRST else "")
    return day


def _number(text: str, column: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        if not text.strip():
            return None
        raise _bad(column, text.strip(), "a number with a point as decimal mark and nothing else") from None
    if 0 <= value < INFINITE:
        return value
    raise _bad(column, text.strip(), "a number that is not below 0")


@cache
def _origin(text: str) -> str:
    return _country(text, "origin")


@cache
def _destination(text: str) -> str:
    return _country(text, "destination")


@cache
def _date(text: str) -> date | None:
    return _day(text, "date")


@cache
def _contract_date(text: str) -> date | None:
    return _day(text, "contract_date")


Cells = tuple[str, str, str, tuple[str, ...], frozenset[str], date | None, date | None, float | None, str, str]


class Reader:
    """Shipments from rows of cells; ``at`` maps names of columns to positions in a row, ``width`` is how many cells a row has."""

    def __init__(self, at: Mapping[str, int], width: int) -> None:
        self._width = width
        # A row gets an empty cell behind it, for the columns that are not there.
        self._pick = itemgetter(*(at.get(c, width) for c in COLUMNS))

    def cells(self, row: Sequence[str]) -> Cells:
        """The fields of a Shipment, in order. Raises Bad with every problem of the row."""
        if len(row) != self._width:
            raise Bad(f"the row: found {len(row)} cells, expected {self._width} as in the header. Look for a comma too many or too few, or a lost quote.")
        name, hs, origin, destination, via, mode, day, contract, quantity, unit, value, use = self._pick((*row, ""))
        try:
            if not name or name.isspace():
                raise _bad("shipment", "", "a name for the shipment")
            if value:
                _number(value, "value_usd")
            return (_hs(hs), _origin(origin), _destination(destination), _via(via), _modes(mode), _date(day), _contract_date(contract),
                    _number(quantity, "quantity") if quantity else None, unit.strip(), use.strip())  # fmt: skip
        except Bad:
            raise Bad(" ".join(_problems(name, hs, origin, destination, via, mode, day, contract, quantity, value))) from None

    def read(self, row: Sequence[str]) -> Shipment:
        """As ``cells``, as a Shipment."""
        return Shipment(*self.cells(row))


def _problems(name: str, hs: str, origin: str, destination: str, via: str, mode: str, day: str, contract: str, quantity: str, value: str) -> list[str]:
    """Every problem of a row, one sentence each."""
    found = [] if name.strip() else [str(_bad("shipment", "", "a name for the shipment"))]
    for read, text, more in (
        (_hs, hs, ()), (_origin, origin, ()), (_destination, destination, ()), (_via, via, ()), (_modes, mode, ()),
        (_date, day, ()), (_contract_date, contract, ()), (_number, quantity, ("quantity",)), (_number, value, ("value_usd",)),
    ):  # fmt: skip
        try:
            read(text, *more)
        except Bad as error:
            found.append(str(error))
    return found
