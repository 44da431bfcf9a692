"""The least cost of a year, worked out again from the rows of a case and nothing else.

Written from the words of ``tables.py`` and of the design, without keruen's network, rules, scenarios or solver:
one flow for each commodity, origin row and destination (row and place), over single links and transfers, in SciPy.
It knows the case as written, in any year, and with countries, links or consignments taken away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy import optimize, sparse

from keruen.case import Case

MONEY = {"Mt": 1.0, "kTEU": 1e-3, "bcm": 1.0}  # USD for a small unit times a quantity, in million USD
SMALL = {"Mt": 1e6, "kTEU": 1e3, "bcm": 1e6}
COST = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}
READY = ("completed", "under_construction", "operating")
ON_LINKS = ("links", "transit", "modes", "operators")
Vertex = tuple[str, str]


@dataclass(frozen=True)
class Way:
    """A link in one direction, or a transfer between two modes."""

    row: Any
    name: str
    tail: Vertex
    head: Vertex
    kind: str
    countries: tuple[str, ...]
    limit: Hashable


class _Books:
    """Columns and rows of a program, by name."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.most: list[float] = []
        self.equal: dict[Hashable, dict[int, float]] = defaultdict(dict)
        self.equal_to: dict[Hashable, float] = defaultdict(float)
        self.below: dict[Hashable, dict[int, float]] = defaultdict(dict)
        self.below_to: dict[Hashable, float] = {}

    def new(self, cost: float = 0.0, most: float = np.inf) -> int:
        self.cost.append(cost)
        self.most.append(most)
        return len(self.cost) - 1

    @staticmethod
    def put(row: dict[int, float], column: int, value: float) -> None:
        row[column] = row.get(column, 0.0) + value

    def solve(self) -> float:
        if not self.cost:
            return 0.0

        def matrix(rows: Iterable[dict[int, float]], count: int) -> Any:
            where = [(i, c, v) for i, row in enumerate(rows) for c, v in row.items()]
            r, c, v = zip(*where, strict=True) if where else ((), (), ())
            return sparse.csr_array(sparse.coo_array((v, (r, c)), shape=(count, len(self.cost))))

        below = [self.below_to[k] for k in self.below]
        result = optimize.linprog(
            self.cost, matrix(self.below.values(), len(below)) if below else None, below or None,
            matrix(self.equal.values(), len(self.equal)) if self.equal else None, [self.equal_to[k] for k in self.equal] or None,
            np.column_stack([np.zeros(len(self.cost)), self.most]), method="highs",
            options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
        )  # fmt: skip
        assert result.status == 0, result.message
        return float(result.fun)


class Oracle:
    """``Oracle(case, year).objective()``; countries, links and consignments named are taken away."""

    def __init__(self, case: Case, year: int, *, countries: Collection[str] = (), links: Collection[str] = (), consignments: Collection[str] = ()) -> None:
        self.case, self.year = case, year
        self.shut_countries, self.shut_links, self.dropped = set(countries), set(links), set(consignments)
        self.change = self._projects()
        self.rules = [r for r in case.rules.values() if self._in_force(r)]
        self.tracks: dict[str, set[str]] = defaultdict(set)
        for link in case.links.values():
            for place in (link.from_, link.to):
                self.tracks[place].add(self._track(link))
        self.capacity_of: dict[Hashable, tuple[float, str]] = {}
        self.ways = [*self._links(), *self._transfers()]

    # --- rows of the year -------------------------------------------------------------------------

    def _projects(self) -> dict[str, float]:
        change: dict[str, float] = defaultdict(float)
        base = self.case.base_year
        for p in self.case.projects.values():
            for target, quantity in p.adds.items():
                if p.ready_year is not None and base < p.ready_year <= self.year and p.status in READY:
                    change[target] += quantity
                if p.ready_year is not None and self.year < p.ready_year <= base:
                    change[target] -= quantity
        return change

    def _in_force(self, rule: Any) -> bool:
        day = date(self.year, 7, 1)
        if rule.status != "in_force" or rule.effect not in ("forbid", "cap", "floor", "tax"):
            return False
        if rule.end_use or rule.unit == "head" or (rule.hs and not rule.commodities):
            return False
        return not (rule.valid_from and day < rule.valid_from) and not (rule.valid_to and day > rule.valid_to)

    def _of_year(self, rows: Iterable[Any]) -> list[Any]:
        return [r for r in rows if (r.first_year or 0) <= self.year <= (r.last_year or 9999)]

    def _capacity(self, row: Any, name: str) -> float:
        added = self.change.get(name, 0.0)
        if row.opened is not None and row.opened > self.year and not added > 0:
            return 0.0
        return np.inf if row.capacity is None else max(0.0, row.capacity + added)

    def _shut(self, place: str) -> bool:
        return self.case.places[place].country in self.shut_countries

    # --- ways -------------------------------------------------------------------------------------

    @staticmethod
    def _track(link: Any) -> str:
        return f"rail-{link.gauge_mm}" if link.mode == "rail" else str(link.mode)

    @staticmethod
    def _is(track: str, words: Sequence[str]) -> bool:
        return not words or track in words or (track.startswith("rail-") and "rail" in words)

    def _vertices(self, place: str, words: Sequence[str]) -> list[Vertex]:
        return [] if self._shut(place) else [(place, t) for t in sorted(self.tracks[place]) if self._is(t, words)]

    def _links(self) -> Iterable[Way]:
        for name, link in self.case.links.items():
            capacity = self._capacity(link, name)
            if name in self.shut_links or self.shut_countries & set(link.countries) or capacity == 0:
                continue
            a, b = (link.from_, self._track(link)), (link.to, self._track(link))
            for kind, tail, head in (("there", a, b), ("back", b, a)):
                if kind == "there" or link.direction == "both":
                    limit = (name, "both" if link.capacity_shared else kind)
                    self.capacity_of[limit] = capacity, link.capacity_unit
                    yield Way(link, name, tail, head, kind, link.countries, limit)

    def _transfers(self) -> Iterable[Way]:
        for name, transfer in self.case.transfers.items():
            capacity = self._capacity(transfer, name)
            if self._shut(transfer.place) or capacity == 0:
                continue
            self.capacity_of[name] = capacity, transfer.capacity_unit
            pairs = {(a, b) for a in self.tracks[transfer.place] for b in self.tracks[transfer.place]
                     if a != b and self._is(a, transfer.from_modes) and self._is(b, transfer.to_modes)}  # fmt: skip
            if transfer.direction == "both":
                pairs |= {(b, a) for a, b in pairs}
            country = self.case.places[transfer.place].country
            for a, b in sorted(pairs):
                yield Way(transfer, name, (transfer.place, a), (transfer.place, b), "transfer", (country,), name)

    def _price(self, way: Way, commodity: str) -> float:
        c = self.case.commodities[commodity]
        hours = way.row.hours + (0.0 if way.kind == "transfer" else way.row.wait_hours)
        return (getattr(way.row, COST[c.unit]) + c.time_usd_per_day * hours / 24) * MONEY[c.unit]

    def _size(self, commodity: str, unit: str) -> float:
        c = self.case.commodities[commodity]
        if unit == "Mt/year":
            return c.tonnes_per_unit * {"Mt": 1.0, "kTEU": 1e-3, "bcm": 1.0}[c.unit]
        if unit == "trains/day":
            return SMALL[c.unit] / c.per_train / 365
        assert unit == {"kTEU": "kTEU/year", "bcm": "bcm/year"}[c.unit]
        return 1.0

    def _counted(self, commodity: str, unit: str) -> float:
        c = self.case.commodities[commodity]
        tonnes = c.tonnes_per_unit * SMALL[c.unit]
        return 1.0 if unit == c.unit else {"t": tonnes, "Mt": tonnes / 1e6}[unit]

    # --- rules ------------------------------------------------------------------------------------

    def _members(self, organisation: str) -> set[str]:
        day = f"{self.year}-07-01"
        return {m.country for m in self.case.memberships if m.organisation == organisation and m.status == "member"
                and (not m.since or m.since <= day) and (not m.until or m.until > day)}  # fmt: skip

    def _named(self, place: str, country: str, words: Sequence[str]) -> bool:
        def one(word: str) -> bool:
            if word.startswith("NON-"):
                return not one(word[4:])
            return word in (place, country) or country in self._members(word)

        return not words or any(one(w) for w in words)

    def _looks_at_flow(self, rule: Any, commodity: str, origin: str, destination: str) -> bool:
        at = self.case.places
        return (
            (not rule.commodities or commodity in rule.commodities)
            and self._named(origin, at[origin].country, rule.origin)
            and self._named(destination, at[destination].country, rule.destination)
        )

    def _looks_at_way(self, rule: Any, way: Way) -> bool:
        if rule.links:
            names = {"there": {way.name, f"{way.name}:both"}, "back": {f"{way.name}:back", f"{way.name}:both"}, "transfer": {way.name}}[way.kind]
            if not names & set(rule.links):
                return False
        if rule.transit and not any(self._named("", c, rule.transit) for c in way.countries):
            return False
        if rule.modes and (way.kind == "transfer" or not self._is(way.tail[1], rule.modes)):
            return False
        return not rule.operators or way.row.operator in rule.operators

    def _tax(self, rules: Iterable[Any], commodity: str) -> float:
        c = self.case.commodities[commodity]
        delay = sum((r.delay_hours or 0.0) * c.time_usd_per_day / 24 for r in rules if r.effect == "tax")
        return (delay + sum((r.amount_usd or 0.0) + (r.per_cent or 0.0) * c.value_usd / 100 for r in rules if r.effect == "tax")) * MONEY[c.unit]

    # --- the program ------------------------------------------------------------------------------

    def objective(self) -> float:
        """Million USD a year."""
        b = self.books = _Books()
        self.offset = 0.0
        self._rows_of_ends()
        self._rows_of_ships()
        for rule in self.rules:
            if rule.effect in ("cap", "floor"):
                sign = -1.0 if rule.effect == "floor" else 1.0
                b.below_to["rule", rule.rule] = sign * rule.quantity
                if rule.effect == "floor":
                    per_unit = MONEY.get(rule.unit, 1e-6)  # a tonne
                    b.put(b.below["rule", rule.rule], b.new(rule.amount_usd * per_unit, rule.quantity), -1.0)
        for flow in self._flows():
            self._one_flow(*flow)
        return b.solve() + self.offset

    def _rows_of_ends(self) -> None:
        b, case = self.books, self.case
        self.supplies = self._of_year(case.supplies.values())
        for s in self.supplies:
            quantity = max(0.0, s.quantity + self.change.get(s.supply, 0.0))
            b.below_to["supply", s.supply] = 0.0 if self._shut(s.place) else quantity
        together: dict[str, list[Any]] = defaultdict(list)
        for s in self.supplies:
            if s.coupled:
                together[s.coupled].append(s)
        self.share_row: dict[str, tuple[Hashable, float]] = {}
        for word, group in together.items():
            offered = {s.supply: b.below_to["supply", s.supply] for s in group}
            share = b.new(0.0, 1.0 if all(offered.values()) else 0.0)
            for s in group:
                # taken = share x offered
                self.share_row[s.supply] = ("share", word, s.supply), 1.0
                b.put(b.equal["share", word, s.supply], share, -offered[s.supply])
        self.demands = self._of_year(case.demands.values())
        for d in self.demands:
            c = case.commodities[d.commodity]
            money = MONEY[c.unit]
            met, extra = b.new(-(d.price_usd + c.unmet_usd) * money, d.quantity), b.new(-d.price_usd * money, max(d.quantity, d.up_to or 0.0) - d.quantity)
            for column in (met, extra):
                b.put(b.equal["demand", d.demand], column, -1.0)
            self.offset += c.unmet_usd * money * d.quantity
        self.lots = [r for r in self._of_year(case.consignments.values()) if r.consignment not in self.dropped]
        for lot in self.lots:
            c = case.commodities[lot.commodity]
            penalty = c.unmet_usd * MONEY[c.unit]
            b.put(b.equal["lot", lot.consignment], b.new(-penalty, lot.quantity), -1.0)
            self.offset += penalty * lot.quantity
        for plant in case.plants.values():
            c = case.commodities[plant.input]
            most = 0.0 if self._shut(plant.place) else self._capacity(plant, plant.plant) * plant.availability
            run = b.new(plant.cost_usd * MONEY[c.unit], most)
            b.put(b.equal["intake", plant.plant], run, -1.0)
            for made, rate in plant.outputs.items():
                b.below_to["made", plant.plant, made] = 0.0
                b.put(b.below["made", plant.plant, made], run, -rate)

    def _rows_of_ships(self) -> None:
        b, case = self.books, self.case
        self.by_ship = {link for fleet in case.fleets.values() for link in fleet.links}
        for link in self.by_ship:
            b.below_to["ships", link, "there"] = b.below_to["ships", link, "back"] = 0.0
        for fleet in self._of_year(case.fleets.values()):
            ships = max(0.0, fleet.ships + self.change.get(fleet.fleet, 0.0))
            b.below_to["fleet", fleet.fleet] = ships * 8760 * (1 - fleet.downtime)
            for link in set(fleet.links):
                hours = fleet.round_trip_h
                if hours is None:
                    hours = 2 * case.links[link].length_km / (1.852 * fleet.speed_kn) + fleet.handling_h
                given = b.new()
                b.put(b.below["fleet", fleet.fleet], given, hours * 1e6 / fleet.payload_t)
                b.put(b.below["ships", link, "there"], given, -1.0)
                b.put(b.below["ships", link, "back"], given, -1.0)

    def _flows(self) -> Iterable[tuple[str, Hashable, Hashable, str, str, list[Vertex], list[Vertex]]]:
        """(commodity, what it is taken from, what it counts for, place from, place to, vertices)."""
        case = self.case
        for lot in self.lots:
            ends = self._vertices(lot.from_, lot.from_modes), self._vertices(lot.to, lot.to_modes)
            yield lot.commodity, None, ("lot", lot.consignment), lot.from_, lot.to, *ends
        for commodity in case.commodities:
            origins = [(("supply", s.supply), s.place, s.modes, s.to) for s in self.supplies if s.commodity == commodity]
            origins += [(("made", p.plant, commodity), p.place, p.modes, ()) for p in case.plants.values() if commodity in p.outputs]
            goals = [(("demand", d.demand), place, d.modes, d.from_) for d in self.demands if d.commodity == commodity for place in d.places]
            goals += [(("intake", p.plant), p.place, p.modes, ()) for p in case.plants.values() if p.input == commodity]
            for taken, a, out, to in origins:
                for counts, z, into, only in goals:
                    if self._named(z, case.places[z].country, to) and self._named(a, case.places[a].country, only):
                        yield commodity, taken, counts, a, z, self._vertices(a, out), self._vertices(z, into)

    def _one_flow(self, commodity: str, taken: Any, counts: Any, a: str, z: str, start: list[Vertex], stop: list[Vertex]) -> None:
        b, k = self.books, object()
        rules = [r for r in self.rules if self._looks_at_flow(r, commodity, a, z)]
        on_delivery = [r for r in rules if not any(getattr(r, c) for c in ON_LINKS)]
        on_links = [r for r in rules if any(getattr(r, c) for c in ON_LINKS)]
        if any(r.effect == "forbid" for r in on_delivery) or not start or not stop:
            return
        open_ways = []
        for way in self.ways:
            if commodity in way.row.carries:
                seen = [r for r in on_links if self._looks_at_way(r, way)]
                if not any(r.effect == "forbid" for r in seen):
                    open_ways.append((way, seen))
        useful = _onward(start, [(w.tail, w.head) for w, _ in open_ways]) & _onward(stop, [(w.head, w.tail) for w, _ in open_ways])
        for way, seen in open_ways:
            if way.tail not in useful or way.head not in useful:
                continue
            x = b.new(self._price(way, commodity) + self._tax(seen, commodity))
            b.put(b.equal[k, way.tail], x, 1.0)
            b.put(b.equal[k, way.head], x, -1.0)
            capacity, unit = self.capacity_of[way.limit]
            if np.isfinite(capacity):
                b.below_to["limit", way.limit] = capacity
                b.put(b.below["limit", way.limit], x, self._size(commodity, unit))
            if way.name in self.by_ship and way.kind != "transfer":
                b.put(b.below["ships", way.name, way.kind], x, self._counted(commodity, "Mt"))
            self._count(seen, commodity, x)
        for vertex in start:
            x = b.new()
            b.put(b.equal[k, vertex], x, -1.0)
            if taken is not None:
                b.put(b.below[taken], x, 1.0)
                if taken[0] == "supply":
                    row = self.case.supplies[taken[1]]
                    b.cost[x] = row.cost_usd * MONEY[self.case.commodities[commodity].unit]
                    if taken[1] in self.share_row:
                        key, rate = self.share_row[taken[1]]
                        b.put(b.equal[key], x, rate)
        for vertex in stop:
            x = b.new(self._tax(on_delivery, commodity))
            b.put(b.equal[k, vertex], x, 1.0)
            b.put(b.equal[counts], x, 1.0)
            self._count(on_delivery, commodity, x)

    def _count(self, rules: Iterable[Any], commodity: str, column: int) -> None:
        for r in rules:
            if r.effect in ("cap", "floor"):
                self.books.put(self.books.below["rule", r.rule], column, (-1.0 if r.effect == "floor" else 1.0) * self._counted(commodity, r.unit))


def _onward(start: Iterable[Vertex], steps: Iterable[tuple[Vertex, Vertex]]) -> set[Vertex]:
    after = defaultdict(list)
    for tail, head in steps:
        after[tail].append(head)
    seen, todo = set(start), list(start)
    while todo:
        for head in after[todo.pop()]:
            if head not in seen:
                seen.add(head)
                todo.append(head)
    return seen
