"""The most that could go somewhere in a year: capacity of the whole system, whatever it costs, with nothing else made worse off.

A linear program on the arcs of the year with another aim: the most of what is asked about, while home needs and the
consignments of others get what they get in the best plan. Buyers abroad are taken to want whatever arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.network import Network, build
from keruen.scenario import Scenario
from keruen.solve import solve
from keruen.solve.highs import Solver
from keruen.solve.program import Program, assemble, with_rows

__all__ = ["Most", "delivered_abroad", "most", "over_screenline"]

TINY = 1e-6
WORTH, SHIP_HOUR = 1e-2, 1e-9  # least that one more unit must be worth to be told
DETOUR = 1e-6  # MUSD against units: keeps flows off circles, and is far too little to keep one back
INF = float("inf")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Most:
    """quantity: the most, in ``unit`` a year; plan: how much goes in the best plan. binding: limits that hold it down,
    {limit, kind, capacity, unit, worth}: ``worth`` is how much more would go for one more unit of the limit.
    """

    what: str
    year: int
    scenario: tuple[str, ...]
    quantity: float
    plan: float
    unit: str
    binding: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        return f"<Most {self.what} {self.year}: {self.quantity:,.3g} {self.unit}, {self.plan:,.3g} in the plan, {len(self.binding)} limits hold it>"


def most(
    case: Case, commodity: str, *, to: Sequence[str] = (), over: str = "", by: str = "", year: int | None = None, scenario: Scenario | None = None
) -> Most:
    """The most of a commodity that could in a year be delivered to countries (``to``), cross a screenline (``over``), or be
    taken in by a plant (``by``); one of the three.

    Raises UsageError for a name that the case does not have.

    >>> import keruen as kr
    >>> from keruen.ask.most import most
    >>> round(most(kr.load("kazakhstan"), "crude", over="aktau-total", year=2023).quantity, 1)
    5.2
    """
    if sum(map(bool, (to, over, by))) != 1:
        raise UsageError("ask for one of: delivered to countries, over a screenline, taken in by a plant")
    for name, known, what in ((commodity, case.commodities, "commodity"), (over, case.screenlines, "screenline"), (by, case.plants, "plant")):
        if name and name not in known:
            raise UsageError(f"'{name}' is no {what} of the case. {did_you_mean(name, known)}".rstrip())
    year = case.base_year if year is None else year
    under = scenario or Scenario()
    network = build(case, year, under)
    program = assemble(network)
    base = solve(network, engine="arcs").x
    if over:
        weight, what = over_screenline(network, program, over, commodity), f"{commodity} over {over}"
        unit = case.screenlines[over].unit
    elif by:
        weight, what, unit = np.zeros(len(program.cost)), f"{commodity} into {by}", case.commodities[commodity].unit
        weight[program.run + [w.name for w in network.works].index(by)] = 1.0
    else:
        weight, what, unit = delivered_abroad(network, program, commodity, frozenset(to)), f"{commodity} to {', '.join(to)}", case.commodities[commodity].unit
    return _most(network, program, base, weight, what, unit)


def delivered_abroad(n: Network, p: Program, commodity: str, countries: frozenset[str]) -> Floats:
    """Home goods of the commodity delivered in the countries."""
    weight = np.zeros(len(p.cost))
    for column, t in p.taken:
        group = n.groups[t.group]
        if group.commodity != commodity:
            continue
        if t.kind == "consigned":
            c = n.consigned[t.item]
            weight[column] = float(c.origin.country == n.case.home and c.destination.country in countries)
        elif t.kind == "demand" and n.wants[t.item].ends[t.end][0].country in countries:
            kind, i = group.origins[0]
            weight[column] = float((n.offers[i].end if kind == "supply" else n.works[i].end).country == n.case.home)
    return weight


def over_screenline(n: Network, p: Program, screenline: str, commodity: str) -> Floats:
    """Flow columns that the screenline counts, for groups whose ends all count."""
    line = n.case.screenlines[screenline]
    ways = {"": ("forward", "transfer"), "back": ("back",), "both": ("forward", "back", "transfer")}
    counted = {(stem, direction) for name in line.links for stem, _, way in (name.partition(":"),) for direction in ways[way]}
    home = set(line.origin) if line.origin else None
    weight = np.zeros(len(p.cost))
    for g, group in enumerate(n.groups):
        if group.commodity != commodity or group.commodity not in line.commodities:
            continue
        kinds = [(n.offers[i].end if k == "supply" else n.works[i].end) for k, i in group.origins] or [n.consigned[i].origin for i in group.consigned]
        if home is not None and not all({e.country, e.place} & home for e in kinds):
            continue
        for k, e in enumerate(group.edges.tolist()):
            if (n.edges[e].name, n.edges[e].direction) in counted:
                weight[p.flow[g] + k] = n.counted(commodity, line.unit)
    return weight


def _most(n: Network, p: Program, base: Floats, weight: Floats, what: str, unit: str) -> Most:
    upper = p.upper.copy()
    rows: list[tuple[Floats, float, float]] = []
    for i, want in enumerate(n.wants):
        if want.use == "market" and all(end.country != n.case.home for end, _ in want.ends):
            upper[p.extra + i] = INF  # buyers abroad want whatever arrives
        elif base[p.met + i] > TINY:
            rows.append((_unit(p, p.met + i), base[p.met + i] * (1 - 1e-6), INF))
    own = {t.item for c, t in p.taken if t.kind == "consigned" and weight[c]}
    rows += [(_unit(p, p.moved + i), base[p.moved + i] * (1 - 1e-6), INF) for i in range(len(n.consigned)) if i not in own and base[p.moved + i] > TINY]
    held = with_rows(p, rows) if rows else p
    # A circle over the line would be counted again and again: a little cost, and what is possible at all as a bound.
    bounded = np.where(weight > 0, np.minimum(upper, np.where(np.isfinite(p.most), p.most, INF)), upper)
    answer = Solver(DETOUR * np.maximum(p.cost, 0.0) - weight, bounded, held.matrix, held.row_lower, held.row_upper).solve()
    duals = answer.row_dual
    held_by: list[tuple[str, str, float, str, int]] = []
    held_by += [(l.name, l.kind, l.capacity, l.unit, row) for l, row in zip(n.limits, p.limit_rows, strict=True) if row >= 0]
    held_by += [(s.name, "fleet", s.hours, "ship-hours", row) for s, row in zip(n.ships, p.fleet_rows, strict=True)]
    held_by += [(o.name, "supply", o.quantity, n.commodities[o.commodity].unit, row) for o, row in zip(n.offers, p.supply_rows, strict=True)]
    held_by += [(w.name, "plant", w.capacity, n.commodities[w.input].unit, row) for w, row in zip(n.works, p.plant_rows, strict=True)]
    held_by += [(b.rule.rule, "rule", b.quantity, b.rule.unit, row) for b, row in zip(n.bounds, p.bound_rows, strict=True)]
    found: list[dict[str, Any]] = [{"limit": name, "kind": kind, "capacity": capacity, "unit": unit, "worth": -float(duals[row])}
                                   for name, kind, capacity, unit, row in held_by if -duals[row] > (SHIP_HOUR if kind == "fleet" else WORTH)]  # fmt: skip
    found.sort(key=lambda b: (-b["worth"], b["limit"]))
    return Most(what, n.year, n.overlay.names, float(weight @ answer.x), float(weight @ base), unit, tuple(found))


def _unit(p: Program, column: int) -> Floats:
    values = np.zeros(len(p.cost))
    values[column] = 1.0
    return values
