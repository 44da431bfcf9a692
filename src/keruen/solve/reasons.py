"""Why something did not move, in words: the full links, closures and rules that cut it off.

From a source, follow every way that still has room; what stops it there, on the side towards somebody
who would still take it, is the reason. The same backwards from a demand.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from keruen.network import Network
from keruen.solve import Solution

__all__ = ["Reasons"]

ROOM = 1e-7
MOST = 5


@dataclass(slots=True)
class _State:
    """Which edges have room for a commodity, and what to say of those that have none."""

    onward: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    back: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    blocked: list[tuple[int, int, str, str]] = field(default_factory=list)


class Reasons:
    """Answers for one solution; the work is shared between questions about one commodity."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.n: Network = solution.network
        p = solution.program
        activity = p.matrix @ solution.x
        self._full = {
            limit for limit, row in enumerate(p.limit_rows) if row >= 0 and activity[row] >= p.row_upper[row] - ROOM * max(1.0, p.row_upper[row])
        }
        # Ships may be handed out without being needed, so only a fleet with a price is short.
        self._fleet_full = {f for f, row in enumerate(p.fleet_rows) if solution.row_dual[row] < -ROOM or p.row_upper[row] <= 0}
        self._served: dict[str, list[int]] = defaultdict(list)
        for f, ships in enumerate(self.n.ships):
            for link, _ in ships.hours_per_mt:
                self._served[link].append(f)
        self._rule_full = {
            b.rule.rule: b for b, row in zip(self.n.bounds, p.bound_rows, strict=True)
            if b.rule.effect == "cap" and activity[row] >= p.row_upper[row] - ROOM * max(1.0, p.row_upper[row])
        }  # fmt: skip
        self._states: dict[tuple[str, tuple[int, ...], float], _State] = {}

    def _why_shut(self, e: int, rules: tuple[int, ...]) -> tuple[str, str]:
        """("", "") where the edge has room; else what stops one more unit: a cause, and the link if the cause stops several."""
        n, edge = self.n, self.n.edges[e]
        table = "transfers" if edge.direction == "transfer" else "links"
        closed = n.overlay.closed_by.get((table, edge.name))
        if closed:
            return f"closed ({closed})", edge.name
        if e not in n.open_edges:
            place = next((n.vertices[v][0] for v in (edge.tail, edge.head) if n.vertices[v][0] in n.overlay.closed_places), None)
            return (f"{place} is closed", "") if place else (f"not open in {n.year}", edge.name)
        if edge.limit in self._full:
            limit = n.limits[edge.limit]
            return f"{limit.name} is full ({limit.capacity:.4g} {limit.unit})", ""
        if edge.name in self._served and all(f in self._fleet_full for f in self._served[edge.name]):
            return f"fully used fleet {', '.join(n.ships[f].name for f in self._served[edge.name])}", edge.name
        for r in rules:
            rule = n.rules[r]
            if not self._about(rule.rule, e):
                continue
            if rule.effect == "forbid":
                return f"forbidden by rule {rule.rule}", edge.name
            if rule.rule in self._rule_full:
                return f"rule {rule.rule} allows no more than {rule.quantity:g} {rule.unit}", ""
        return "", ""

    def _about(self, rule_id: str, e: int) -> bool:
        for b in self.n.bounds:
            if b.rule.rule == rule_id:
                return e in b.edges
        if not hasattr(self, "_book"):
            from keruen.rules import RuleBook

            self._book = RuleBook(self.n.case, self.n.overlay, self.n.year)
        edge = self.n.edges[e]
        rule = next(r for r in self.n.rules if r.rule == rule_id)
        return self._book.on_some_links_only(rule) and self._book.looks_at(rule, edge.name, edge.direction, edge.track, edge.operator, edge.countries)

    def _state(self, commodity: str, rules: tuple[int, ...], least: float) -> _State:
        """least: flows smaller than this are not worth taking back to make room."""
        key = (commodity, rules, least)
        if key not in self._states:
            state = _State()
            carried: dict[int, float] = defaultdict(float)
            for g, group in enumerate(self.n.groups):
                if group.commodity == commodity:
                    for e, x in zip(group.edges.tolist(), self.solution.flows(g).tolist(), strict=True):
                        carried[e] += x
            for e, edge in enumerate(self.n.edges):
                if commodity not in edge.carries:
                    continue
                why, name = self._why_shut(e, rules)
                if why:
                    state.blocked.append((edge.tail, edge.head, why, name))
                else:
                    state.onward[edge.tail].append(edge.head)
                    state.back[edge.head].append(edge.tail)
                if carried[e] > least:  # what flows one way can be taken back
                    state.onward[edge.head].append(edge.tail)
                    state.back[edge.tail].append(edge.head)
            self._states[key] = state
        return self._states[key]

    @staticmethod
    def _spread(start: tuple[int, ...], onward: dict[int, list[int]]) -> set[int]:
        seen, todo = set(start), list(start)
        while todo:
            for head in onward.get(todo.pop(), ()):
                if head not in seen:
                    seen.add(head)
                    todo.append(head)
        return seen

    def _wish(self, commodity: str) -> set[int]:
        """Vertices where somebody would still take the commodity: buyers first, plants where no buyer is left."""
        p, x = self.solution.program, self.solution.x
        found: set[int] = set()
        for i, w in enumerate(self.n.wants):
            room = w.up_to - float(x[p.met + i]) - float(x[p.extra + i])
            if w.commodity == commodity and room > ROOM:
                found.update(v for _, at in w.ends for v in at)
        for i, works in enumerate(() if found else self.n.works):
            if works.input == commodity and works.capacity - float(x[p.run + i]) > ROOM:
                found.update(works.vertices[commodity])
        return found

    def _left(self, commodity: str) -> set[int]:
        """Vertices where some of the commodity was left behind."""
        p = self.solution.program
        found: set[int] = set()
        for i, o in enumerate(self.n.offers):
            if o.commodity == commodity and o.quantity - self.solution.load(p.supply_rows[i]) > ROOM:
                found.update(o.vertices)
        return found

    def _spare(self, commodity: str) -> set[int]:
        """Vertices of plants that could make more of the commodity, or made some that nobody took."""
        p, x = self.solution.program, self.solution.x
        found: set[int] = set()
        for i, works in enumerate(self.n.works):
            rate = dict(works.outputs).get(commodity, 0.0)
            if rate > 0:
                given = sum(float(x[c]) for c, t in p.taken if t.kind == "made" and t.item == i and self.n.groups[t.group].commodity == commodity)
                if rate * works.capacity - given > ROOM:
                    found.update(works.vertices[commodity])
        return found

    def of_supply(self, i: int, quantity: float) -> list[str]:
        offer = self.n.offers[i]
        if not offer.vertices:
            return [f"{offer.end.place} is closed"]
        if offer.coupled:
            partners = [o.name for o in self.n.offers if o.coupled == offer.coupled and o.name != offer.name]
            coupled = [f"it moves only together with {', '.join(partners)}"]
        else:
            coupled = []
        return self._cut(offer.commodity, offer.vertices, self._wish(offer.commodity), quantity, ahead=True) + coupled

    def of_demand(self, i: int, quantity: float) -> list[str]:
        want = self.n.wants[i]
        at = tuple(v for _, vs in want.ends for v in vs)
        if not at:
            return ["all its places are closed"]
        made = self._left(want.commodity) | self._spare(want.commodity)
        if not made:
            return ["all that is offered is used elsewhere"]
        return self._cut(want.commodity, at, made, quantity, ahead=False)

    def of_consignment(self, i: int, quantity: float) -> list[str]:
        c = self.n.consigned[i]
        if not c.vertices[0] or not c.vertices[1]:
            return [f"{(c.origin if not c.vertices[0] else c.destination).place} is closed"]
        return self._cut(c.commodity, c.vertices[0], set(c.vertices[1]), quantity, ahead=True)

    def _cut(self, commodity: str, start: tuple[int, ...], goal: set[int], quantity: float, *, ahead: bool) -> list[str]:
        if not goal:
            return ["nobody would take more of it"]
        # The rules of any group of the commodity that could serve this flow: the mildest are used for the search.
        rules = tuple(sorted({r for g in self.n.groups if g.commodity == commodity for r in g.rules}))
        state = self._state(commodity, rules, max(ROOM, 0.05 * quantity))
        reached = self._spread(start, state.onward if ahead else state.back)
        if reached & goal:
            return ["moving it would cost more than it is worth"]
        # Beyond a blocked edge, any way at all must lead to the goal, full or not.
        all_back: dict[int, list[int]] = defaultdict(list)
        for e in self.n.edges:
            if commodity in e.carries:
                a, b = (e.tail, e.head) if ahead else (e.head, e.tail)
                all_back[b].append(a)
        useful = self._spread(tuple(goal), all_back)
        causes: dict[str, list[str]] = {}
        for tail, head, why, name in state.blocked:
            near, far = (tail, head) if ahead else (head, tail)
            if near in reached and far not in reached and far in useful:
                names = causes.setdefault(why, [])
                if name and name not in names:
                    names.append(name)
        if not causes:
            return ["no way leads there"]
        order = sorted(causes, key=lambda w: ("full" not in w, "rule" not in w, "not open" in w, w))
        return [_with_names(why, sorted(causes[why])) for why in order]


def _with_names(why: str, names: list[str]) -> str:
    if not names:
        return why
    return f"{why}: " + ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
