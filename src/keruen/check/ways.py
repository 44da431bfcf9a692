"""Checks of the network: places without a way, ways that earn money by going round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keruen.check.looked import Looked
from keruen.check.names import MODE_WORDS
from keruen.errors import Finding, quote
from keruen.reach import COST_COLUMN, Graph, negative_cycle, open_graph
from keruen.rules import looks_at, tax_usd
from keruen.tables import TABLES

__all__ = ["WAY_CHECKS", "check_free_profit", "check_paid_circles"]

# The cells that say who can get where.
_WAYS = {"commodities": ("commodity", "unit"), "links": ("link", "from", "to", "mode", "gauge_mm", "direction", "capacity", "carries"),
         "transfers": ("place", "from_modes", "to_modes", "direction", "carries"), "projects": ("adds",)}  # fmt: skip
_ENDS = {"supplies": ("place", "commodity", "modes"), "demands": ("places", "commodity", "modes"), "plants": ("place", "input", "outputs", "modes")}
MOST_REASONS = 50  # ends without a way for which it is looked up how far a way leads
_LOOK = "Check the links, transfers and gauges on the way, and which of them carry it."


def check_transfer_modes(c: Looked) -> Iterator[Finding]:
    """A transfer joins modes that meet at its place."""
    if not c.whole("links", "from", "to", "mode", "gauge_mm"):
        return
    present: dict[str, set[str]] = {}
    for link in c.rows("links"):
        words = {link.mode, f"rail-{link.gauge_mm}"} if link.mode == "rail" else {link.mode}
        for end in (link.from_, link.to):
            present.setdefault(end, set()).update(words)
    for name in ("from_modes", "to_modes"):
        for transfer in c.rows("transfers", "place", name):
            here = present.get(transfer.place, set())
            for word in getattr(transfer, name):
                if word in MODE_WORDS and word not in here:
                    yield c.at("no-such-mode-here", "transfers", transfer, name, quote(word),
                               f"a mode with a link at {transfer.place}: {', '.join(sorted(here)) or 'none'}", "Correct the mode or the place.")  # fmt: skip


def check_ways_back(c: Looked) -> Iterator[Finding]:
    """``id:back`` names the way back of a link that has one."""
    for table in ("rules", "screenlines"):
        for row in c.rows(table, "links"):
            for word in row.links:
                stem, _, way = word.partition(":")
                link = c.get("links", stem, "direction")
                if way == "back" and (link is None or link.direction == "one_way") and (link or c.get("transfers", stem)):
                    yield c.at("no-way-back", table, row, "links", quote(word), "a link with direction both", f"Write {stem}, or give the link a way back.")


def check_places_used(c: Looked) -> Iterator[Finding]:
    if not c.whole("links", "from", "to"):
        return
    used = {e for link in c.rows("links") for e in (link.from_, link.to)}
    for place in c.rows("places", "place"):
        if place.place not in used:
            yield c.at("lonely-place", "places", place, "place", quote(place.place), "a link to or from it", "Join it, or remove it.", warning=True)


def _tables(c: Looked) -> dict[str, list[Any]]:
    """The rows a graph is made of, those with a bad cell that matters left out."""
    return {table: list(c.rows(table, *_WAYS.get(table, ()))) for table in TABLES}


def check_connected(c: Looked) -> Iterator[Finding]:
    """Demands nothing can reach, supplies that reach nothing, consignments without a way."""
    if not all(c.whole(table, *columns) for table, columns in _WAYS.items()):
        return
    ends_are_good = all(c.whole(table, *columns) for table, columns in _ENDS.items())
    rows = _tables(c)
    for name in sorted(r.commodity for r in rows["commodities"]):
        graph = open_graph(rows, name)
        if ends_are_good:
            yield from _ends_meet(c, name, graph)
        lost = 0
        for row in c.rows("consignments", "from", "to", "commodity", "from_modes", "to_modes"):
            if row.commodity != name or row.from_ == row.to:
                continue
            if not graph.leads(graph.at(row.from_, row.from_modes), graph.at(row.to, row.to_modes)):
                lost += 1
                remedy = _why(graph, name, [(row.to, row.to_modes)], [(row.from_, row.from_modes)]) if lost <= MOST_REASONS else _LOOK
                yield c.at("unreachable-consignment", "consignments", row, "to", quote(row.to), f"a way for {name} from {row.from_}", remedy)


def _ends_meet(c: Looked, name: str, graph: Graph) -> Iterator[Finding]:
    supplies = [r for r in c.rows("supplies") if r.commodity == name]
    demands = [r for r in c.rows("demands") if r.commodity == name]
    makers = [(r.place, r.modes) for r in supplies] + [(r.place, r.modes) for r in c.rows("plants") if name in r.outputs]
    takers = [(p, r.modes) for r in demands for p in r.places] + [(r.place, r.modes) for r in c.rows("plants") if r.input == name]
    reached = graph.reachable(v for place, modes in makers for v in graph.at(place, modes))
    made_at = {place for place, _ in makers}
    linked = {end for link in c.rows("links") for end in (link.from_, link.to)}  # elsewhere nothing comes or goes
    unmet = 0
    for row in demands:
        if row.quantity is None or row.quantity <= 0:
            continue
        if not any((p in made_at and p in linked) or not reached.isdisjoint(graph.at(p, row.modes)) for p in row.places):
            unmet += 1
            remedy = _why(graph, name, [(p, row.modes) for p in row.places], makers) if unmet <= MOST_REASONS else _LOOK
            yield c.at("unreachable-demand", "demands", row, "places", quote(";".join(row.places)), f"a place that some {name} can reach", remedy)
    if unmet and unmet == sum(1 for r in demands if r.quantity) and not any(r.input == name for r in c.rows("plants")):
        return  # that supplies lead nowhere is then the same fault
    leading = graph.reachable((v for place, modes in takers for v in graph.at(place, modes)), back=True)
    taken_at = {place for place, _ in takers}
    for row in supplies:
        if row.place not in taken_at and leading.isdisjoint(graph.at(row.place, row.modes)):
            yield c.at("stranded-supply", "supplies", row, "place", quote(row.place), f"a way to some demand or plant for {name}",
                       f"No demand or plant takes {name}." if not takers else _why_stuck(graph, name, row), warning=True)  # fmt: skip


def _why(graph: Graph, name: str, wanted: list[tuple[str, tuple[str, ...]]], makers: list[tuple[str, tuple[str, ...]]]) -> str:
    """Where the way of a commodity ends that does not come to one of these places."""
    if not makers:
        return f"No supply or plant offers {name}; add one."
    for place, modes in wanted:
        if graph.at(place, modes):
            break
        if not graph.at(place, ()):
            return f"No open link at {place} carries {name}. {_LOOK}"
    else:
        return f"No open link of these modes carries {name} there. {_LOOK}"
    if not any(graph.at(place, modes) for place, modes in makers):
        return f"No open link carries {name} away from {makers[0][0]}. {_LOOK}"
    ends = [v for p, m in wanted for v in graph.at(p, m)]
    gates = [f"{place} ({word})" for place, word in sorted(graph.reachable(ends, back=True) - set(ends))]
    if not gates:
        return f"Links that carry {name} lead away from there, none leads in. {_LOOK}"
    return f"A way leads in from {', '.join(gates[:3])}{' and others' if len(gates) > 3 else ''}, but nothing gets that far. {_LOOK}"


def _why_stuck(graph: Graph, name: str, row: Any) -> str:
    return (f"No open link carries {name} away from {row.place}. " if not graph.at(row.place, row.modes) else "") + _LOOK


def check_free_profit(c: Looked) -> Iterator[Finding]:
    """Going round in a circle must not earn money."""
    rows = _tables(c)
    said: set[frozenset[str]] = set()
    for commodity in sorted(rows["commodities"], key=lambda r: str(r.commodity)):
        name, column = commodity.commodity, COST_COLUMN[commodity.unit]
        circle = negative_cycle(open_graph(rows, name))
        if not circle or frozenset(circle) in said:
            continue
        said.add(frozenset(circle))
        cheapest = min((r for n in circle for t in ("links", "transfers") if (r := c.get(t, n))), key=lambda r: getattr(r, column) or 0.0)
        table = "links" if hasattr(cheapest, "link") else "transfers"
        found = f"{getattr(cheapest, column) or 0:g}, so that going round earns money on {name}: {', '.join(circle[:5])}"
        yield c.at("free-profit", table, cheapest, column, found, "costs that add up to zero or more round any circle", "Correct a negative cost.")


def check_paid_circles(c: Looked) -> Iterator[Finding]:
    """A rule that pays for use of a link must not pay more than going round in a circle costs: a flow could run round for the money."""
    rows = _tables(c)
    graphs: dict[str, Graph] = {}
    for rule in c.rows("rules", "effect", "commodities", "links", "transit", "modes", "operators", "amount_usd", "per_cent", "unit", "status"):
        about_links = rule.links or rule.transit or rule.modes or rule.operators
        pays = (rule.effect == "tax" and ((rule.amount_usd or 0) < 0 or (rule.per_cent or 0) < 0)) or (rule.effect == "floor" and (rule.amount_usd or 0) > 0)
        if not about_links or not pays or rule.status != "in_force" or (rule.hs and not rule.commodities):
            continue
        for commodity in sorted(rows["commodities"], key=lambda r: str(r.commodity)):
            name = commodity.commodity
            if (rule.commodities and name not in rule.commodities) or c.is_bad("commodities", commodity, "value_usd", "tonnes_per_unit"):
                continue
            if name not in graphs:
                graphs[name] = open_graph(rows, name)
            graph = graphs[name]
            gain = _gain(rule, commodity)
            paid = [(t, h, cost - gain if _looked_at(c, rule, t, n) else cost, n) for t, h, cost, n in graph.edges]
            circle = negative_cycle(Graph(paid, graph.tracks))
            if circle:
                yield c.at("free-profit", "rules", rule, "amount_usd", f"{gain:g} for each {name}, more than it costs to go round: {', '.join(circle[:5])}",
                           "less than any circle through these links costs", "Lower it, or name the links in one direction only.")  # fmt: skip
                break


def _gain(rule: Any, commodity: Any) -> float:
    """What a rule pays for a t, TEU or 1000 m3."""
    if rule.effect == "tax":
        return -tax_usd(rule, commodity)
    return float(rule.amount_usd) * (1.0 if rule.unit == commodity.unit else float(commodity.tonnes_per_unit))


def _looked_at(c: Looked, rule: Any, tail: tuple[str, str], name: str) -> bool:
    """Whether a rule about links looks at this edge; organisations are taken as of any date."""
    link = c.get("links", name)
    if link is None:
        transfer = c.get("transfers", name)
        place = c.get("places", transfer.place) if transfer else None
        direction, operator, countries = "transfer", transfer.operator if transfer else "", (place.country,) if place else ()
    else:
        direction, operator, countries = "forward" if tail[0] == link.from_ else "back", link.operator, link.countries
    members = {m.country for m in c.rows("memberships", "country", "organisation") if m.organisation in rule.transit} if rule.transit else set()
    return looks_at(rule, name, direction, tail[1], operator, any(code in rule.transit or code in members for code in countries))


WAY_CHECKS = (check_transfer_modes, check_ways_back, check_places_used, check_connected, check_free_profit, check_paid_circles)
