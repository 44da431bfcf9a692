"""Compile a case: years and projects, vertices and edges, what comes, goes and is made, and the flow groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keruen.case import Case
from keruen.check import check_laid
from keruen.errors import ScenarioError, UsageError, say
from keruen.network.parts import Bound, Consigned, Edge, Floats, Group, Ints, Limit, Network, Offer, Ships, Want, Works
from keruen.reach import COST_COLUMN, matches_mode, spread, track
from keruen.rules import End, RuleBook, tax_usd
from keruen.scenario import Overlay, Scenario, lay
from keruen.tables import Rule
from keruen.units import MUSD_PER_UNIT

__all__ = ["build"]

Ways = tuple[str, tuple[str, ...]]  # a commodity and the rules that forbid it some links

KNOT_KM_H = 1.852
HOURS = 8760.0


def build(case: Case, year: int, scenario: Scenario | None = None) -> Network:
    """Compile a case for one year under a scenario.

    Raises UsageError for a year outside the case, ScenarioError for names the case lacks.
    """
    if not case.first_year <= year <= case.last_year:
        raise UsageError(f"the year {year} is outside the case; it covers {case.first_year} to {case.last_year}")
    overlay = lay(scenario or Scenario(), case)
    laid = overlay.laid_over(case)
    if overlay.values or overlay.rules:
        problems = check_laid(laid, overlay.rules)
        if problems:
            raise ScenarioError("the case does not hold with what the scenario sets\n" + say(problems))
    return _Builder(laid, year, overlay).network()


class Usable:
    """Edges that a flow may use, and what can be reached by them."""

    def __init__(self, usable: Sequence[int], ends: Sequence[tuple[int, int]]) -> None:
        self.edges: Ints = np.array(usable, np.int64)
        self._ahead: dict[int, list[int]] = defaultdict(list)
        self._behind: dict[int, list[int]] = defaultdict(list)
        for tail, head in [ends[i] for i in usable]:
            self._ahead[tail].append(head)
            self._behind[head].append(tail)
        self._core: tuple[frozenset[int], frozenset[int]] | None = None

    def from_(self, start: set[int]) -> frozenset[int]:
        """Vertices that can be reached from any of these."""
        return self._spread(start, 0)

    def to(self, stop: set[int]) -> frozenset[int]:
        """Vertices from which any of these can be reached."""
        return self._spread(stop, 1)

    def _spread(self, begin: set[int], way: int) -> frozenset[int]:
        if self._core is None and self._ahead:
            one = {max(self._ahead, key=lambda v: (len(self._ahead[v]), v))}
            self._core = frozenset(spread(one, self._ahead)), frozenset(spread(one, self._behind))
        # From one vertex of a circle the same can be reached as from all of it, and most of a network is one circle.
        if self._core and begin <= self._core[way] and not begin.isdisjoint(self._core[1 - way]):
            return self._core[way]
        return frozenset(spread(begin, self._behind if way else self._ahead))


class _Builder:
    def __init__(self, case: Case, year: int, overlay: Overlay) -> None:
        self.case, self.year, self.overlay = case, year, overlay
        self.book = RuleBook(case, overlay, year)
        self.notes = list(overlay.notes)
        self.added = self._added_by_projects()
        self.limits: list[Limit] = []
        self.vertex: dict[tuple[str, str], int] = {}
        self.tracks: dict[str, list[str]] = defaultdict(list)
        self.edges: list[Edge] = []

    # years and projects

    def _added_by_projects(self) -> dict[str, float]:
        """Change of each capacity, supply or fleet against the base year."""
        added: dict[str, float] = defaultdict(float)
        base = self.case.base_year
        for project in self.case.projects.values():
            ready, asked = project.ready_year, project.project in self.overlay.projects
            sign = 0
            if ready is not None and ready <= base:
                sign = -1 if self.year < ready and not asked else 0
            elif asked or (ready is not None and ready <= self.year and project.status in ("completed", "under_construction", "operating")):
                sign = 1
            if asked and not project.adds:
                self.notes.append(f"project {project.project} has no figure for what it adds, so it changes nothing")
            for target, quantity in project.adds.items():
                added[target] += sign * quantity
        return added

    def _counts(self, row: Any) -> bool:
        return (row.first_year is None or row.first_year <= self.year) and (row.last_year is None or row.last_year >= self.year)

    def _capacity(self, table: str, row: Any, name: str) -> float | None:
        """Capacity in this year and scenario; None is no limit, 0 is shut."""
        given = row.capacity
        factor = self.overlay.factor(table, name, "capacity")
        added = self.added.get(name, 0.0)
        if row.opened is not None and row.opened > self.year and added <= 0:
            return 0.0
        if given is None:
            return 0.0 if factor == 0 else None
        return max(0.0, float(given) + added) * factor

    # places and edges

    def _at(self, place: str, words: Sequence[str] = ()) -> tuple[int, ...]:
        """Vertices of a place by the modes named; none where the place is closed."""
        if place in self.overlay.closed_places:
            return ()
        return tuple(self.vertex[(place, t)] for t in self.tracks.get(place, ()) if matches_mode(t, words))

    def _end(self, place: str) -> End:
        return End(place, self.case.places[place].country)

    def _costs(self, table: str, row: Any, name: str, hours: float) -> dict[str, float]:
        """MUSD for one unit of each commodity carried: money and time."""
        costs, factor = {}, self.overlay.factor(table, name, "cost")
        for commodity in row.carries:
            c = self.case.commodities[commodity]
            money = float(getattr(row, COST_COLUMN[c.unit])) * factor
            costs[commodity] = (money + c.time_usd_per_day * hours / 24) * MUSD_PER_UNIT[c.unit]
        return costs

    def _make_edges(self) -> None:
        used = {(p, track(r.mode, r.gauge_mm)) for r in self.case.links.values() for p in (r.from_, r.to)}
        for place, word in sorted(used):
            self.vertex[(place, word)] = len(self.vertex)
            self.tracks[place].append(word)
        for name, link in self.case.links.items():
            word = track(link.mode, link.gauge_mm)
            hours = (link.hours + link.wait_hours) * self.overlay.factor("links", name, "hours")
            costs = self._costs("links", link, name, hours)
            capacity = self._capacity("links", link, name)
            a, b = self.vertex[(link.from_, word)], self.vertex[(link.to, word)]
            limit = self._limit(name, "link", capacity, link.capacity_unit)
            both = link.direction == "both"
            back_limit = limit if link.capacity_shared or not both else self._limit(f"{name}:back", "link", capacity, link.capacity_unit)
            rest = (word, link.countries, link.operator, costs, hours, frozenset(link.carries))
            self.edges.append(Edge(name, "forward", a, b, *rest, limit))
            if both:
                self.edges.append(Edge(name, "back", b, a, *rest, back_limit))
        for name, transfer in self.case.transfers.items():
            hours = transfer.hours * self.overlay.factor("transfers", name, "hours")
            costs = self._costs("transfers", transfer, name, hours)
            limit = self._limit(name, "transfer", self._capacity("transfers", transfer, name), transfer.capacity_unit)
            here = self.tracks.get(transfer.place, ())
            country, carries = (self.case.places[transfer.place].country,), frozenset(transfer.carries)
            begins, ends = ([t for t in here if matches_mode(t, words)] for words in (transfer.from_modes, transfer.to_modes))
            turns = {(p, q) for p in begins for q in ends if p != q}
            turns |= {(q, p) for p, q in turns} if transfer.direction == "both" else set()
            for p, q in sorted(turns):
                a, b = self.vertex[(transfer.place, p)], self.vertex[(transfer.place, q)]
                self.edges.append(Edge(name, "transfer", a, b, f"{p}>{q}", country, transfer.operator, costs, hours, carries, limit))

    def _limit(self, name: str, kind: str, capacity: float | None, unit: str) -> int:
        """Position of a new limit, or -1 where there is none."""
        if capacity is None:
            return -1
        self.limits.append(Limit(name, kind, capacity, unit or "Mt/year"))
        return len(self.limits) - 1

    # what comes, goes and is made

    def _offers(self) -> tuple[Offer, ...]:
        found = []
        for name, row in self.case.supplies.items():
            if not self._counts(row):
                continue
            unit = MUSD_PER_UNIT[self.case.commodities[row.commodity].unit]
            full = max(0.0, row.quantity * self.case.growth(name, self.year) + self.added.get(name, 0.0))
            quantity = full * self.overlay.factor("supplies", name, "quantity")
            cost = row.cost_usd * self.overlay.factor("supplies", name, "cost") * unit
            found.append(Offer(name, row.commodity, self._end(row.place), self._at(row.place, row.modes), quantity, full, cost, row.coupled))
        return tuple(found)

    def _wants(self) -> tuple[Want, ...]:
        found = []
        for name, row in self.case.demands.items():
            if not self._counts(row):
                continue
            c = self.case.commodities[row.commodity]
            factor = self.overlay.factor("demands", name, "quantity") * self.case.growth(name, self.year)
            quantity = row.quantity * factor
            up_to = quantity if row.up_to is None else max(quantity, row.up_to * factor)
            price = row.price_usd * self.overlay.factor("demands", name, "price")
            ends = tuple((self._end(p), self._at(p, row.modes)) for p in sorted(row.places))
            unit = MUSD_PER_UNIT[c.unit]
            found.append(Want(name, row.commodity, ends, quantity, up_to, price * unit, c.unmet_usd * unit, row.use))
        return tuple(found)

    def _works(self) -> tuple[Works, ...]:
        found = []
        for name, row in self.case.plants.items():
            capacity = self._capacity("plants", row, name) or 0.0
            capacity *= row.availability
            cost = row.cost_usd * MUSD_PER_UNIT[self.case.commodities[row.input].unit] * self.overlay.factor("plants", name, "cost")
            vertices = self._at(row.place, row.modes)
            outputs = tuple(sorted(row.outputs.items()))
            at = dict.fromkeys((row.input, *row.outputs), vertices)
            found.append(Works(name, self._end(row.place), at, row.input, capacity, outputs, cost))
        return tuple(found)

    def _consigned(self) -> tuple[Consigned, ...]:
        found = []
        for name, row in self.case.consignments.items():
            if not self._counts(row):
                continue
            c = self.case.commodities[row.commodity]
            quantity = row.quantity * self.overlay.factor("consignments", name, "quantity") * self.case.growth(name, self.year)
            ways = self._at(row.from_, row.from_modes), self._at(row.to, row.to_modes)
            found.append(Consigned(name, row.commodity, self._end(row.from_), self._end(row.to), ways, quantity, c.unmet_usd * MUSD_PER_UNIT[c.unit]))
        return tuple(found)

    def _ships(self) -> tuple[Ships, ...]:
        found = []
        for name, row in self.case.fleets.items():
            # A fleet of other years still says that its links need ships.
            ships = (row.ships + self.added.get(name, 0.0)) * self.overlay.factor("fleets", name, "ships")
            downtime = min(1.0, row.downtime * self.overlay.factor("fleets", name, "downtime"))
            payload = row.payload_t * self.overlay.factor("fleets", name, "payload")
            rates = []
            for link in sorted(set(row.links)):
                trip = row.round_trip_h
                if trip is None:
                    assert row.speed_kn is not None, "checked when the case was read"
                    trip = 2 * self.case.links[link].length_km / (KNOT_KM_H * row.speed_kn) + row.handling_h
                rates.append((link, trip * 1e6 / (payload or 1.0)))
            hours = max(0.0, ships) * HOURS * (1 - downtime) if payload > 0 and self._counts(row) else 0.0
            found.append(Ships(name, hours, tuple(rates)))
        return tuple(found)

    # groups

    def network(self) -> Network:
        self._make_edges()
        offers, wants, works, consigned = self._offers(), self._wants(), self._works(), self._consigned()
        closed = {v for (place, _), v in self.vertex.items() if place in self.overlay.closed_places}
        open_edges = frozenset(
            i for i, e in enumerate(self.edges)
            if (e.limit < 0 or self.limits[e.limit].capacity > 0) and e.tail not in closed and e.head not in closed
        )  # fmt: skip
        self._named: dict[str, list[int]] = defaultdict(list)
        for i, e in enumerate(self.edges):
            self._named[e.name].append(i)
        self._ends = [(e.tail, e.head) for e in self.edges]
        self._vertices = np.array(self._ends, np.int64).reshape(-1, 2)
        self._ways: dict[Ways, Usable] = {}
        self._kept: dict[tuple[Ways, frozenset[int], frozenset[int]], tuple[Ints, Floats]] = {}
        self._looked: dict[str, frozenset[int]] = {}
        self._open = sorted(open_edges)
        groups: list[Group] = []
        for commodity in self.case.commodities:
            groups += self._pooled(commodity, offers, wants, works)
            groups += self._shipped(commodity, consigned)
        bounds = tuple(self._bound(r) for r in self.book.rules if r.effect in ("cap", "floor"))
        return Network(
            self.case, self.year, self.overlay, dict(self.case.commodities), tuple(sorted(self.vertex, key=self.vertex.__getitem__)),
            tuple(self.edges), tuple(self.limits), offers, wants, works, consigned, self._ships(), bounds,
            self.book.rules, tuple(groups), open_edges, tuple(self.notes),
        )  # fmt: skip

    def _pooled(self, commodity: str, offers: Sequence[Offer], wants: Sequence[Want], works: Sequence[Works]) -> list[Group]:
        """Groups of supplies and plants towards demands and plants, split only as rules need."""
        origins = [(("supply", i), o.end, self.case.supplies[o.name].to, o.vertices) for i, o in enumerate(offers) if o.commodity == commodity]
        origins += [(("plant", i), w.end, (), w.vertices[commodity]) for i, w in enumerate(works) if any(c == commodity for c, _ in w.outputs)]
        ends: list[tuple[tuple[str, int, int], End, tuple[str, ...], tuple[int, ...]]] = []
        for i, want in enumerate(wants):
            if want.commodity == commodity:
                only = self.case.demands[want.name].from_
                ends += [(("demand", i, k), end, only, at) for k, (end, at) in enumerate(want.ends)]
        ends += [(("plant", i, 0), w.end, (), w.vertices[commodity]) for i, w in enumerate(works) if w.input == commodity]
        # Origins with the same destinations under the same rules can share one group.
        # Home and foreign origins are kept apart, so that what the home country exports is known.
        split: dict[tuple[bool, tuple[int, ...], tuple[int, ...]], list[int]] = defaultdict(list)
        for o, (_, origin, to, _) in enumerate(origins):
            by_rules: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for d, (_, destination, from_, _) in enumerate(ends):
                if self.book.is_one_of(destination, to) and self.book.is_one_of(origin, from_):
                    rules = self.book.matching(commodity, origin, destination)
                    if not self._barred(rules):
                        by_rules[rules].append(d)
            for rules, to_these in sorted(by_rules.items()):
                split[(origin.country == self.case.home, rules, tuple(to_these))].append(o)
        groups = []
        for (_, rules, reached), members in sorted(split.items()):
            start = {v for o in members for v in origins[o][3]}
            stop = {v for d in reached for v in ends[d][3]}
            made = self._group(commodity, rules, start, stop)
            if made is not None or self._same_place(start, stop):
                edges, cost, delivery = made or (np.zeros(0, np.int64), np.zeros(0), self._delivery(commodity, rules))
                groups.append(Group(commodity, rules, edges, cost, delivery, tuple(origins[o][0] for o in members), tuple(ends[d][0] for d in reached)))
        return groups

    def _same_place(self, start: set[int], stop: set[int]) -> bool:
        return bool(start & stop)

    def _shipped(self, commodity: str, consigned: Sequence[Consigned]) -> list[Group]:
        """Groups of consignments: one origin, one set of rules, any number of destinations."""
        lots: dict[tuple[str, tuple[int, ...], tuple[int, ...]], list[int]] = defaultdict(list)
        for i, c in enumerate(consigned):
            if c.commodity == commodity:
                rules = self.book.matching(commodity, c.origin, c.destination)
                if not self._barred(rules):
                    lots[(c.origin.place, c.vertices[0], rules)].append(i)
        groups = []
        for (_, start, rules), members in sorted(lots.items()):
            made = self._group(commodity, rules, set(start), {v for i in members for v in consigned[i].vertices[1]})
            if made is not None:
                groups.append(Group(commodity, rules, *made, consigned=tuple(members)))
        return groups

    def _barred(self, rules: Iterable[int]) -> bool:
        return any(self.book.rules[r].effect == "forbid" and not self.book.on_some_links_only(self.book.rules[r]) for r in rules)

    def _delivery(self, commodity: str, rules: Iterable[int]) -> float:
        return sum(self._tax(commodity, self.book.rules[r]) for r in rules
                   if self.book.rules[r].effect == "tax" and not self.book.on_some_links_only(self.book.rules[r]))  # fmt: skip

    def _tax(self, commodity: str, rule: Rule) -> float:
        c = self.case.commodities[commodity]
        return tax_usd(rule, c) * MUSD_PER_UNIT[c.unit]

    def _touches(self, rule: Rule, edge: Edge) -> bool:
        return self.book.looks_at(rule, edge.name, edge.direction, edge.track, edge.operator, edge.countries)

    def _group(self, commodity: str, rules: tuple[int, ...], start: set[int], stop: set[int]) -> tuple[Ints, Floats, float] | None:
        """Edges between start and stop that the commodity may use, and what they cost; None if there is no way."""
        about_links = [self.book.rules[r] for r in rules if self.book.on_some_links_only(self.book.rules[r])]
        forbids = [r for r in about_links if r.effect == "forbid"]
        taxes = [r for r in about_links if r.effect == "tax"]
        key = commodity, tuple(r.rule for r in forbids)
        usable = self._usable(key, forbids)
        between = key, usable.from_(start), usable.to(stop)
        if between not in self._kept:
            useful = np.zeros(len(self.vertex), bool)
            useful[list(between[1] & between[2])] = True
            kept = usable.edges[useful[self._vertices[usable.edges]].all(axis=1)]
            self._kept[between] = kept, np.array([self.edges[i].cost[commodity] for i in kept.tolist()])
        kept, plain = self._kept[between]
        if not len(kept):
            return None
        cost = plain.copy()
        for rule in taxes:
            touched = self._touched(rule)
            cost += np.array([self._tax(commodity, rule) if i in touched else 0.0 for i in kept.tolist()])
        return kept, cost, self._delivery(commodity, rules)

    def _usable(self, key: Ways, forbids: Sequence[Rule]) -> Usable:
        """Open edges that carry the commodity and that no rule forbids."""
        if key not in self._ways:
            shut = frozenset().union(*(self._touched(r) for r in forbids))
            self._ways[key] = Usable([i for i in self._open if key[0] in self.edges[i].carries and i not in shut], self._ends)
        return self._ways[key]

    def _touched(self, rule: Rule) -> frozenset[int]:
        """Edges a rule looks at."""
        if rule.rule not in self._looked:
            names = {word.partition(":")[0] for word in rule.links}
            edges = [i for name in names for i in self._named.get(name, ())] if names else range(len(self.edges))
            self._looked[rule.rule] = frozenset(i for i in edges if self._touches(rule, self.edges[i]))
        return self._looked[rule.rule]

    def _bound(self, rule: Rule) -> Bound:
        on_links = self.book.on_some_links_only(rule)
        edges = self._touched(rule) if on_links else frozenset()
        assert rule.quantity is not None, "checked when the case was read"
        # A floor's payment is given per small unit; counted in the rule's unit it is MUSD per unit.
        payment = (rule.amount_usd or 0.0) * MUSD_PER_UNIT.get(rule.unit, 1e-6)
        return Bound(rule, rule.quantity, payment, on_links, edges)
