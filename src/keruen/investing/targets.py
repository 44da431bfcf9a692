"""What a plan is told to reach: ``crude to CN >= 6.5 Mt``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keruen.ask.most import delivered_abroad, over_screenline
from keruen.case import Case
from keruen.errors import UnitError, UsageError, did_you_mean
from keruen.solve.program import Program
from keruen.solve.shares import is_export
from keruen.units import convert, split_quantity

__all__ = ["Target", "read_target", "weights"]

Floats = NDArray[np.float64]
FORM = ("COMMODITY exports|to COUNTRY|over SCREENLINE or LINK|by PLANT [in YEAR] >= QUANTITY UNIT, such as "
        "'crude to CN >= 6.5 Mt' or 'gas exports in 2030 >= 10 bcm'")  # fmt: skip
_WORDS = re.compile(
    r"\s*(?P<commodity>[\w-]+)\s+(?:(?P<exports>exports)|(?P<how>to|over|by)\s+(?P<name>[\w:+;,-]+))"
    r"(?:\s+in\s+(?P<year>\d{4}))?\s*>=\s*(?P<quantity>.+?)\s*", re.I,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """At least ``quantity`` (in the unit of the commodity) of a commodity in a year. how: exports, to, over, by."""

    text: str
    commodity: str
    how: str
    names: tuple[str, ...]
    year: int
    quantity: float
    unit: str


def read_target(text: str, case: Case, last: int) -> Target:
    """A target in words. last: year it holds in where it says none. Raises UsageError with what is wrong."""
    match = _WORDS.fullmatch(text)
    if match is None:
        raise UsageError(f"the target '{text}' is not understood; write {FORM}")
    commodity, how = match["commodity"], (match["how"] or "exports").lower()
    if commodity not in case.commodities:
        raise UsageError(f"target '{text}': '{commodity}' is no commodity of the case. {did_you_mean(commodity, case.commodities)}".strip())
    names = tuple(filter(None, re.split(r"[+;,]", match["name"] or "")))
    countries = {p.country for p in case.places.values()}
    known = {"to": countries, "over": {*case.screenlines, *case.links}, "by": set(case.plants), "exports": set()}[how]
    what = {"to": "country", "over": "screenline or link", "by": "plant", "exports": ""}[how]
    for name in names:
        if name not in known:
            raise UsageError(f"target '{text}': '{name}' is no {what} of the case. {did_you_mean(name, known)}".strip())
    if how in ("over", "by") and len(names) != 1:
        raise UsageError(f"target '{text}': name one {what}")
    if how == "by" and case.plants[names[0]].input != commodity:
        raise UsageError(f"target '{text}': {names[0]} takes in {case.plants[names[0]].input}, not {commodity}")
    year = int(match["year"] or last)
    if not case.base_year <= year <= last:
        raise UsageError(f"target '{text}': the year is from {case.base_year} to {last}, the years looked at; got {year}")
    unit = case.screenlines[names[0]].unit if how == "over" and names[0] in case.screenlines else case.commodities[commodity].unit
    try:
        number, given = split_quantity(match["quantity"]) or (float("nan"), "")
        quantity = convert(number, given, unit, case.commodities[commodity]) if given else number
    except UnitError as error:
        raise UsageError(f"target '{text}': a quantity in {unit} is expected; {error}") from error
    if not 0 <= quantity < float("inf"):
        raise UsageError(f"target '{text}': a quantity of 0 or more is expected; got {quantity:g}")
    return Target(text.strip(), commodity, how, names, year, quantity, unit)


def weights(target: Target, program: Program) -> Floats:
    """(columns,) How much each column counts for the target."""
    n, p = program.network, program
    found = np.zeros(len(p.cost))
    if target.how == "to":
        return delivered_abroad(n, p, target.commodity, frozenset(target.names))
    if target.how == "over" and target.names[0] in n.case.screenlines:
        return over_screenline(n, p, target.names[0], target.commodity)
    if target.how == "over":
        for first, group in zip(p.flow, n.groups, strict=True):
            if group.commodity == target.commodity:
                for k, e in enumerate(group.edges.tolist()):
                    found[first + k] = float(n.edges[e].name == target.names[0] and n.edges[e].direction == "forward")
    elif target.how == "by":
        found[p.run + [w.name for w in n.works].index(target.names[0])] = 1.0
    else:
        for column, t in p.taken:
            found[column] = float(n.groups[t.group].commodity == target.commodity and is_export(n, t))
    return found
