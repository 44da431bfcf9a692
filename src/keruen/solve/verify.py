"""The same plan by another formulation, through SciPy: one flow for every pair of origin and destination.

Nothing of ``program.py`` is used, no groups are formed: each supply or plant, towards each demand
place or plant, and each consignment, is a flow of its own that asks the rules for itself. Bigger and
slower than the program it checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from keruen.errors import SolveError
from keruen.network import Network
from keruen.rules import End, RuleBook
from keruen.tables import Commodity, Rule
from keruen.units import MUSD_PER_UNIT

__all__ = ["objective_by_pairs"]


@dataclass(frozen=True, slots=True)
class _Pair:
    commodity: str
    origin: tuple[str, int]
    destination: tuple[str, int]
    ends: tuple[End, End]
    start: tuple[int, ...]
    stop: tuple[int, ...]


def _pairs(n: Network, book: RuleBook) -> Iterator[_Pair]:
    for commodity in n.commodities:
        origins = [(("supply", i), o.end, o.vertices, n.case.supplies[o.name].to) for i, o in enumerate(n.offers) if o.commodity == commodity]
        origins += [(("plant", i), w.end, w.vertices[commodity], ()) for i, w in enumerate(n.works) if dict(w.outputs).get(commodity) is not None]
        stops = [(("demand", i), e, at, n.case.demands[w.name].from_) for i, w in enumerate(n.wants) if w.commodity == commodity for e, at in w.ends]
        stops += [(("plant", i), w.end, w.vertices[commodity], ()) for i, w in enumerate(n.works) if w.input == commodity]
        for origin, o_end, start, to in origins:
            for destination, d_end, stop, from_ in stops:
                if book.is_one_of(d_end, to) and book.is_one_of(o_end, from_):
                    yield _Pair(commodity, origin, destination, (o_end, d_end), start, stop)
        for i, c in enumerate(n.consigned):
            if c.commodity == commodity:
                yield _Pair(commodity, ("consigned", i), ("consigned", i), (c.origin, c.destination), *c.vertices)


def objective_by_pairs(n: Network) -> float:
    """The objective in MUSD. Raises SolveError if SciPy finds no optimum."""
    book = RuleBook(n.case, n.overlay, n.year)
    cost: list[float] = []
    upper: list[float] = []
    entries: list[tuple[object, int, float]] = []

    def new(price: float = 0.0, most: float = np.inf) -> int:
        cost.append(price)
        upper.append(most)
        return len(cost) - 1

    equal: dict[object, float] = defaultdict(float)
    most: dict[object, float] = {}
    for i, o in enumerate(n.offers):
        most["supply", i] = o.quantity
    shares: dict[str, list[int]] = defaultdict(list)
    for i, o in enumerate(n.offers):
        if o.coupled:
            shares[o.coupled].append(i)
    couple_of: dict[int, list[tuple[object, float]]] = defaultdict(list)
    for word, members in shares.items():
        if any(n.offers[i].full == 0 for i in members):
            for i in members:
                most["supply", i] = 0.0
            continue
        share = new()
        for i in members:
            key = ("share", word, i)
            equal[key] = 0.0
            entries.append((key, share, -1.0))
            couple_of[i].append((key, 1.0 / n.offers[i].full))
    offset = 0.0
    for i, w in enumerate(n.wants):
        equal["demand", i] = 0.0
        entries.append((("demand", i), new(-w.price - w.penalty, w.quantity), -1.0))
        entries.append((("demand", i), new(-w.price, w.up_to - w.quantity), -1.0))
        offset += w.penalty * w.quantity
    for i, c in enumerate(n.consigned):
        equal["consigned", i] = 0.0
        entries.append((("consigned", i), new(-c.penalty, c.quantity), -1.0))
        offset += c.penalty * c.quantity
    for i, works in enumerate(n.works):
        run = new(works.cost, works.capacity)
        equal["intake", i] = 0.0
        entries.append((("intake", i), run, -1.0))
        for commodity, rate in works.outputs:
            most["made", i, commodity] = 0.0
            entries.append((("made", i, commodity), run, -rate))
    served: dict[str, list[int]] = defaultdict(list)
    for f, fleet in enumerate(n.ships):
        most["fleet", f] = fleet.hours
        for link, hours in fleet.hours_per_mt:
            column = new()
            served[link].append(column)
            entries.append((("fleet", f), column, hours))
    for b in n.bounds:
        sign = -1.0 if b.rule.effect == "floor" else 1.0
        most["rule", b.rule.rule] = sign * b.quantity
        if b.rule.effect == "floor":
            entries.append((("rule", b.rule.rule), new(b.payment, b.quantity), -1.0))

    for k, pair in enumerate(_pairs(n, book)):
        rules = [book.rules[r] for r in book.matching(pair.commodity, *pair.ends)]
        whole = [r for r in rules if not book.on_some_links_only(r)]
        partial = [r for r in rules if book.on_some_links_only(r)]
        if any(r.effect == "forbid" for r in whole):
            continue
        row = n.commodities[pair.commodity]

        def tax(rule_list: list[Rule], row: Commodity = row) -> float:
            # Written out, not asked of the rule book: this is the second opinion.
            paid = ((r.amount_usd or 0.0) + (r.per_cent or 0.0) / 100 * row.value_usd + (r.delay_hours or 0.0) / 24 * row.time_usd_per_day
                    for r in rule_list if r.effect == "tax")  # fmt: skip
            return sum(paid) * MUSD_PER_UNIT[row.unit]

        for e in sorted(n.open_edges):
            edge = n.edges[e]
            if pair.commodity not in edge.carries:
                continue
            seen = [r for r in partial if book.looks_at(r, edge.name, edge.direction, edge.track, edge.operator, edge.countries)]
            if any(r.effect == "forbid" for r in seen):
                continue
            column = new(edge.cost[pair.commodity] + tax(list(seen)))
            equal[k, edge.tail] = equal[k, edge.head] = 0.0
            entries += [((k, edge.tail), column, 1.0), ((k, edge.head), column, -1.0)]
            if edge.limit >= 0:
                most["limit", edge.limit] = n.limits[edge.limit].capacity
                entries.append((("limit", edge.limit), column, n.size(edge.limit, pair.commodity)))
            if edge.name in served and edge.direction != "transfer":
                most["served", edge.label] = 0.0
                entries.append((("served", edge.label), column, n.counted(pair.commodity, "Mt")))
            for r in seen:
                if r.effect in ("cap", "floor"):
                    entries.append((("rule", r.rule), column, (-1.0 if r.effect == "floor" else 1.0) * n.counted(pair.commodity, r.unit)))
        for vertex in pair.start:
            column = new(n.offers[pair.origin[1]].cost if pair.origin[0] == "supply" else 0.0)
            equal[k, vertex] = 0.0
            entries.append(((k, vertex), column, -1.0))
            if pair.origin[0] == "supply":
                entries.append((pair.origin, column, 1.0))
                entries += [(key, column, rate) for key, rate in couple_of[pair.origin[1]]]
            elif pair.origin[0] == "plant":
                entries.append((("made", pair.origin[1], pair.commodity), column, 1.0))
        for vertex in pair.stop:
            column = new(tax(list(whole)))
            equal[k, vertex] = 0.0
            entries.append(((k, vertex), column, 1.0))
            kind, i = pair.destination
            entries.append((("intake", i) if kind == "plant" else (kind, i), column, 1.0))
            for r in whole:
                if r.effect in ("cap", "floor"):
                    entries.append((("rule", r.rule), column, (-1.0 if r.effect == "floor" else 1.0) * n.counted(pair.commodity, r.unit)))
    for link, columns in served.items():
        for label in (link, f"{link}:back"):
            if ("served", label) in most:
                entries += [(("served", label), column, -1.0) for column in columns]
    return _linprog(cost, upper, entries, equal, most) + offset


def _linprog(cost: list[float], upper: list[float], entries: list[tuple[object, int, float]], equal: dict[object, float], most: dict[object, float]) -> float:
    shape = len(cost)
    if not shape:
        return 0.0
    matrices = []
    for rows in (equal, most):
        at = {key: i for i, key in enumerate(rows)}
        mine = [(at[key], column, value) for key, column, value in entries if key in at]
        r, c, v = zip(*mine, strict=True) if mine else ((), (), ())
        matrices.append(sparse.csr_array(sparse.coo_array((v, (r, c)), shape=(len(rows), shape))))
    bounds = np.column_stack([np.zeros(shape), np.array(upper)])
    result = optimize.linprog(cost, A_eq=matrices[0], b_eq=list(equal.values()), A_ub=matrices[1], b_ub=list(most.values()), bounds=bounds, method="highs")
    if result.status != 0:
        raise SolveError(f"the second formulation found no optimum: {result.message}")
    return float(result.fun)
