"""A lawful way around: the cheapest way of the network through countries where no rule stops the goods."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

from keruen.network import Network, build
from keruen.screening.book import Book
from keruen.screening.shipment import Shipment
from keruen.screening.verdict import Verdict, decide
from keruen.units import MUSD_PER_UNIT

__all__ = ["Around", "Ways"]

TRIES = 8
DEFAULT = "containers"


@dataclass(frozen=True, slots=True)
class Around:
    """A way that is not forbidden: transit countries in order, modes, USD a t, TEU or 1000 m3, hours, and the verdict it gets."""

    via: tuple[str, ...]
    modes: tuple[str, ...]
    usd: float
    unit: str
    hours: float
    verdict: str

    def __str__(self) -> str:
        through = " > ".join(self.via) or "straight"
        return f"{through} ({', '.join(self.modes)}; about {self.usd:,.0f} USD/{self.unit}, {self.hours / 24:.0f} days): {self.verdict}"


class Ways:
    """Ways of the network of a year, built when first asked for."""

    def __init__(self, book: Book, year: int) -> None:
        self.book = book
        self.year = year
        self._paths: dict[tuple[object, ...], Around | None] = {}
        self._found: dict[tuple[object, ...], Around | None] = {}

    @cached_property
    def network(self) -> Network:
        return build(self.book.case, self.year)

    def commodity(self, hs: str) -> str:
        """The commodity of the case with the longest prefix of this code; else containers, else the first."""
        best = max(((len(p), name) for name, c in self.book.case.commodities.items() for p in c.hs if hs.startswith(p)), default=(0, ""))
        return best[1] or (DEFAULT if DEFAULT in self.book.case.commodities else min(self.book.case.commodities))

    def around(self, s: Shipment, term: int) -> Around | None:
        """The cheapest way, by any modes, that no rule forbids, for a shipment that a rule about transit forbids; None where there is none."""
        key = (s.hs, s.origin, s.destination, s.via, s.modes, s.end_use, term, self.book.by_contract(s.contract, s.day))
        if key not in self._found:
            self._found[key] = self._around(s, term)
        return self._found[key]

    def _around(self, s: Shipment, term: int) -> Around | None:
        if decide(self.book, replace(s, via=(), modes=frozenset()), term).verdict == "forbidden":
            return None
        commodity, shut = self.commodity(s.hs), set(self._stopped(s, term, s.via))
        for _ in range(TRIES):
            way = self._cheapest(s, term, commodity, frozenset(shut))
            if way is None:
                return None
            verdict = decide(self.book, replace(s, via=way.via, modes=s.modes), term).verdict
            stopped = self._stopped(s, term, way.via)
            if not stopped:
                return replace(way, verdict=verdict) if verdict != "forbidden" else None
            shut |= set(stopped)
        return None

    def _stopped(self, s: Shipment, term: int, via: tuple[str, ...]) -> list[str]:
        """Countries of a way through which a rule forbids the goods, or may."""
        found = []
        for country in via:
            verdict: Verdict = decide(self.book, replace(s, via=(country,)), term)
            plain = decide(self.book, replace(s, via=()), term)
            harder = {"clear": 0, "monitor": 1, "licence": 2, "ask": 3, "forbidden": 4}
            if harder[verdict.verdict] > harder[plain.verdict] and verdict.verdict in ("ask", "forbidden"):
                found.append(country)
        return found

    def _places(self, country: str, term: int) -> frozenset[str]:
        """The country itself, or where the case has no place of it, the members of the EU if it is one."""
        known = {p.country for p in self.book.case.places.values()}
        if country in known:
            return frozenset({country})
        union = self.book.members("EU", term)
        return frozenset(union & known) if country in union else frozenset()

    def _cheapest(self, s: Shipment, term: int, commodity: str, shut: frozenset[str]) -> Around | None:
        starts, ends = self._places(s.origin, term), self._places(s.destination, term)
        key = (starts, ends, commodity, shut)
        if key not in self._paths:
            self._paths[key] = self._path(starts, ends, commodity, shut) if starts and ends else None
        way = self._paths[key]
        return way and replace(way, via=tuple(c for c in way.via if c not in (s.origin, s.destination)))

    def _path(self, starts: frozenset[str], ends: frozenset[str], commodity: str, shut: frozenset[str]) -> Around | None:
        n, case = self.network, self.book.case
        country = [case.places[place].country for place, _ in n.vertices]
        onward: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for k in sorted(n.open_edges):
            e = n.edges[k]
            if commodity in e.carries and not shut.intersection(e.countries):
                onward[e.tail].append((k, e.cost.get(commodity, 0.0)))
        heap = [(0.0, v, -1) for v in range(len(n.vertices)) if country[v] in starts]
        heapq.heapify(heap)
        came: dict[int, int] = {}
        best: dict[int, float] = {}
        goal = -1
        while heap:
            cost, v, edge = heapq.heappop(heap)
            if v in best:
                continue
            best[v] = cost
            came[v] = edge
            if country[v] in ends:
                goal = v
                break
            for k, more in onward.get(v, ()):
                if n.edges[k].head not in best:
                    heapq.heappush(heap, (cost + max(0.0, more), n.edges[k].head, k))
        if goal < 0:
            return None
        edges = []
        v = goal
        while came[v] >= 0:
            edges.append(n.edges[came[v]])
            v = edges[-1].tail
        edges.reverse()
        crossed = dict.fromkeys(c for e in edges for c in (reversed(e.countries) if e.direction == "back" else e.countries))
        via = tuple(c for c in crossed if c not in starts and c not in ends)
        used = tuple(dict.fromkeys(e.track.split("-")[0].replace("_", " ") for e in edges if e.direction != "transfer"))
        unit = {"Mt": "t", "kTEU": "TEU", "bcm": "1000 m3"}[case.commodities[commodity].unit]
        return Around(via, used, best[goal] / MUSD_PER_UNIT[case.commodities[commodity].unit], unit, sum(e.hours for e in edges), "")
