"""Why something did not move, in words: the full links, closures and rules that cut it off.

From a source, follow every way that still has room; what stops it there, on the side towards somebody
who would still take it, is the reason. The same backwards from a demand. Rules are asked for the flow
in question, so a ban on others is no reason.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from keruen.network import Network
from keruen.reach import spread
from keruen.rules import End, RuleBook
from keruen.solve import Solution
from keruen.tables import Rule

__all__ = ["Reasons"]

ROOM = 1e-7
MOST = 5


@dataclass(frozen=True, slots=True)
class _Other:
    """Who is at the far end of a flow that did not happen."""

    end: End
    vertices: tuple[int, ...]


class Reasons:
    """Answers for one solution."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.n: Network = solution.network
        self.book = RuleBook(self.n.case, self.n.overlay, self.n.year)
        p = solution.program
        activity = solution.activity
        self._full = {limit for limit, row in enumerate(p.limit_rows) if row >= 0 and activity[row] >= p.row_upper[row] - ROOM * max(1.0, p.row_upper[row])}
        # Ships may be handed out without being needed, so only a fleet with a price is short.
        self._fleet_full = {f for f, row in enumerate(p.fleet_rows) if solution.row_dual[row] < -ROOM or p.row_upper[row] <= 0}
        self._served: dict[str, list[int]] = defaultdict(list)
        for f, ships in enumerate(self.n.ships):
            for link, _ in ships.hours_per_mt:
                self._served[link].append(f)
        self._caps_full = {
            b.rule.rule for b, row in zip(self.n.bounds, p.bound_rows, strict=True)
            if b.rule.effect == "cap" and activity[row] >= p.row_upper[row] - ROOM * max(1.0, p.row_upper[row])
        }  # fmt: skip
        self._carried: dict[str, dict[int, float]] = {}

    # --- questions ------------------------------------------------------------------------------

    def of_supply(self, i: int, quantity: float) -> list[str]:
        """Why ``quantity`` of supply i stayed behind."""
        n, offer = self.n, self.n.offers[i]
        closed = n.overlay.closed_places.get(offer.end.place)
        if closed:
            return [f"{offer.end.place} is closed ({closed})"]
        words = self._cut(offer.commodity, offer.end, offer.vertices, self._takers(offer.commodity, n.case.supplies[offer.name].to), quantity, ahead=True)
        if offer.coupled:
            partners = [o.name for o in n.offers if o.coupled == offer.coupled and o.name != offer.name]
            words.append(f"it moves only together with {', '.join(partners)}")
        return words

    def of_demand(self, i: int, quantity: float) -> list[str]:
        """Why ``quantity`` did not reach demand i."""
        n, want = self.n, self.n.wants[i]
        at = tuple(v for _, vs in want.ends for v in vs)
        if not at:
            closed = [f"{end.place} is closed ({n.overlay.closed_places[end.place]})" for end, _ in want.ends if end.place in n.overlay.closed_places]
            return closed or ["no way leads there"]
        givers = self._givers(want.commodity, n.case.demands[want.name].from_)
        if givers:
            # Any of its places would do; the first open one stands for all.
            end = next(end for end, vs in want.ends if vs)
            return self._cut(want.commodity, end, at, givers, quantity, ahead=False)
        return self._nothing_left(want.commodity)

    def of_consignment(self, i: int, quantity: float) -> list[str]:
        """Why ``quantity`` of consignment i was not moved."""
        n, c = self.n, self.n.consigned[i]
        for end in (c.origin, c.destination):
            if end.place in n.overlay.closed_places:
                return [f"{end.place} is closed ({n.overlay.closed_places[end.place]})"]
        return self._cut(c.commodity, c.origin, c.vertices[0], [_Other(c.destination, c.vertices[1])], quantity, ahead=True)

    # --- who is at the other end ----------------------------------------------------------------

    def _takers(self, commodity: str, only: tuple[str, ...]) -> list[_Other]:
        """Who would still take the commodity: buyers first, plants where no buyer is left."""
        p, x = self.solution.program, self.solution.x
        found = []
        for i, w in enumerate(self.n.wants):
            if w.commodity == commodity and w.up_to - float(x[p.met + i]) - float(x[p.extra + i]) > ROOM:
                found += [_Other(end, at) for end, at in w.ends if self.book.is_one_of(end, only)]
        for i, works in enumerate(() if found else self.n.works):
            if works.input == commodity and works.capacity - float(x[p.run + i]) > ROOM and self.book.is_one_of(works.end, only):
                found.append(_Other(works.end, works.vertices[commodity]))
        return found

    def _givers(self, commodity: str, only: tuple[str, ...], made_of: tuple[str, ...] = ()) -> list[_Other]:
        """Who still has some of the commodity, or could make more with what is left of its input."""
        p = self.solution.program
        found = [
            _Other(o.end, o.vertices)
            for i, o in enumerate(self.n.offers)
            if o.commodity == commodity and o.vertices and o.quantity - self.solution.load(p.supply_rows[i]) > ROOM and self.book.is_one_of(o.end, only)
        ]
        for i, works in enumerate(self.n.works):
            rate = dict(works.outputs).get(commodity, 0.0)
            if rate <= 0 or not works.vertices[commodity] or works.input in made_of or not self.book.is_one_of(works.end, only):
                continue
            run = float(self.solution.x[p.run + i])
            unused = rate * run - self._given(i, commodity) > ROOM
            if unused or (works.capacity - run > ROOM and self._givers(works.input, (), (*made_of, commodity))):
                found.append(_Other(works.end, works.vertices[commodity]))
        return found

    def _given(self, i: int, commodity: str) -> float:
        n, x = self.n, self.solution.x
        return sum(float(x[c]) for c, t in self.solution.program.taken if t.kind == "made" and t.item == i and n.groups[t.group].commodity == commodity)

    def _nothing_left(self, commodity: str) -> list[str]:
        """What holds back those who offer or make a commodity of which nothing is left."""
        n, p, x = self.n, self.solution.program, self.solution.x
        words = []
        for i, works in enumerate(n.works):
            if commodity in dict(works.outputs):
                closed = n.overlay.closed_by.get(("plants", works.name)) or n.overlay.closed_places.get(works.end.place)
                if closed:
                    words.append(f"{works.name} is closed ({closed})")
                elif 0 < works.capacity <= float(x[p.run + i]) + ROOM:
                    words.append(f"{works.name} is full ({works.capacity:.4g} {n.commodities[works.input].unit} of {works.input} a year)")
                elif works.capacity > 0:
                    words.append(f"{works.name} has no more {works.input}")
        offers = [o for o in n.offers if o.commodity == commodity]
        for o in offers:
            closed = n.overlay.closed_by.get(("supplies", o.name)) or n.overlay.closed_places.get(o.end.place)
            if closed:
                words.append(f"{o.name} is closed ({closed})")
        if any(o.vertices and o.quantity > 0 for o in offers):
            words.append("all that is offered is used elsewhere" if offers else "")
        return _few(words) or ["nobody offers any"]

    # --- what cuts a flow off -------------------------------------------------------------------

    def _cut(self, commodity: str, end: End, start: tuple[int, ...], others: list[_Other], quantity: float, *, ahead: bool) -> list[str]:
        """Reasons why nothing more goes from ``start`` to the others (or, not ahead, from them to it)."""
        whole: dict[str, None] = {}
        allowed: list[tuple[_Other, frozenset[int]]] = []
        for other in others:
            matched = self.book.matching(commodity, end, other.end) if ahead else self.book.matching(commodity, other.end, end)
            stops = [self._stops_all(self.book.rules[r]) for r in matched if not self.book.on_some_links_only(self.book.rules[r])]
            if any(stops):
                whole.update(dict.fromkeys(w for w in stops if w))
            else:
                allowed.append((other, frozenset(r for r in matched if self.book.on_some_links_only(self.book.rules[r]))))
        if not allowed:
            return _few(list(whole)) or ["nobody would take more of it"]
        goal = {v for other, _ in allowed for v in other.vertices}
        # A rule is in the way only if it looks at the flow to every one who would take it.
        rules = [self.book.rules[r] for r in sorted(frozenset.intersection(*(rules for _, rules in allowed)))]
        return self._search(commodity, start, goal, rules, max(ROOM, 0.05 * quantity), ahead=ahead) + _few(list(whole))

    def _stops_all(self, rule: Rule) -> str:
        if rule.effect == "forbid":
            return f"forbidden by rule {rule.rule}"
        return self._cap_words(rule) if rule.rule in self._caps_full else ""

    @staticmethod
    def _cap_words(rule: Rule) -> str:
        return f"rule {rule.rule} allows no more than {rule.quantity:g} {rule.unit}"

    def _search(self, commodity: str, start: tuple[int, ...], goal: set[int], rules: list[Rule], least: float, *, ahead: bool) -> list[str]:
        n = self.n
        onward: dict[int, list[int]] = defaultdict(list)
        towards: dict[int, list[int]] = defaultdict(list)
        blocked: list[tuple[int, int, str, str]] = []
        carried = self._carried_by(commodity)
        for e, edge in enumerate(n.edges):
            if commodity not in edge.carries:
                continue
            near, far = (edge.tail, edge.head) if ahead else (edge.head, edge.tail)
            towards[far].append(near)  # any way at all, full or not
            why, name = self._why_shut(e, rules)
            if why:
                blocked.append((near, far, why, name))
            else:
                onward[near].append(far)
            if carried.get(e, 0.0) > least:  # what flows one way can be taken back
                onward[far].append(near)
        reached = spread(start, onward)
        if reached & goal:
            return ["moving it would cost more than it is worth"]
        useful = spread(goal, towards)
        causes: dict[str, list[str]] = {}
        for near, far, why, name in blocked:
            if near in reached and far not in reached and far in useful:
                names = causes.setdefault(why, [])
                if name and name not in names:
                    names.append(name)
        order = sorted(causes, key=lambda w: ("full" not in w, "rule" not in w, "not open" in w, w))
        return [_with_names(why, sorted(causes[why])) for why in order] or ["no way leads there"]

    def _carried_by(self, commodity: str) -> dict[int, float]:
        if commodity not in self._carried:
            found: dict[int, float] = defaultdict(float)
            for g, group in enumerate(self.n.groups):
                if group.commodity == commodity:
                    for e, q in zip(group.edges.tolist(), self.solution.flows(g).tolist(), strict=True):
                        found[e] += q
            self._carried[commodity] = found
        return self._carried[commodity]

    def _why_shut(self, e: int, rules: list[Rule]) -> tuple[str, str]:
        """("", "") where the edge has room; else what stops one more unit: a cause, and the link if the cause stops several."""
        n, edge = self.n, self.n.edges[e]
        table = "transfers" if edge.direction == "transfer" else "links"
        closed = n.overlay.closed_by.get((table, edge.name))
        if closed:
            return f"closed ({closed})", edge.name
        if e not in n.open_edges:
            return f"not open in {n.year}", edge.name
        if edge.limit in self._full:
            limit = n.limits[edge.limit]
            return f"{limit.name} is full ({limit.capacity:.4g} {limit.unit})", ""
        if edge.direction != "transfer" and edge.name in self._served and all(f in self._fleet_full for f in self._served[edge.name]):
            return f"fully used fleet {', '.join(n.ships[f].name for f in self._served[edge.name])}", edge.name
        for rule in rules:
            if self.book.looks_at(rule, edge.name, edge.direction, edge.track, edge.operator, edge.countries):
                if rule.effect == "forbid":
                    return f"forbidden by rule {rule.rule}", edge.name
                if rule.rule in self._caps_full:
                    return self._cap_words(rule), ""
        return "", ""


def _few(words: list[str]) -> list[str]:
    return words[:MOST] + ([f"and {len(words) - MOST} more"] if len(words) > MOST else [])


def _with_names(why: str, names: list[str]) -> str:
    if not names:
        return why
    return f"{why}: " + ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
