"""A compiled network as a folder of CSV files that PyPSA reads, with the planner's program of docs/model.md and the same optimum.

A bus is a vertex of a flow group; a link an edge of it, with 1 MW for 1 unit a year and money in MUSD. What PyPSA has no component
for is said with buses that hold no goods but permission: a capacity that several groups share is a bus with a generator of
that size, from which each link that uses it draws by a second output of negative efficiency. Fleets, caps, floors and coupled
supplies are the same. A generator that must run once bears the constant of the objective.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from keruen.errors import UsageError
from keruen.files.sheets import Cells, number_text, table_csv

if TYPE_CHECKING:
    from keruen.network import Group, Network

__all__ = ["PYPSA_OWNED", "pypsa_files"]

PYPSA_OWNED = ("network.csv", "snapshots.csv", "carriers.csv", "buses.csv", "links.csv", "generators.csv", "loads.csv")
_NOW = "now"
_ENDLESS = "inf"


class _Tables:
    """Rows of the PyPSA tables as they are made."""

    def __init__(self) -> None:
        self.buses: dict[str, Cells] = {}
        self.links: list[tuple[Cells, list[tuple[str, float]]]] = []
        self.generators: list[Cells] = []
        self.loads: list[Cells] = []
        self.names: set[str] = set()
        self.constant = 0.0

    def name(self, word: str) -> str:
        """A name not used yet."""
        unique, k = word, 1
        while unique in self.names:
            k += 1
            unique = f"{word} ({k})"
        self.names.add(unique)
        return unique

    def bus(self, name: str, carrier: str, x: float = 0.0, y: float = 0.0) -> str:
        self.buses.setdefault(name, {"name": name, "carrier": carrier, "x": number_text(x), "y": number_text(y)})
        return name

    def link(self, word: str, carrier: str, bus0: str, bus1: str, cost: float, ports: Iterable[tuple[str, float]] = (), most: float | None = None) -> None:
        """A link from bus0 to bus1 (may be none); ``ports`` are further buses with what a unit brings there, or takes from it."""
        row = {"name": self.name(word), "carrier": carrier, "bus0": bus0, "p_nom": _ENDLESS if most is None else number_text(most),
               "marginal_cost": number_text(cost)}  # fmt: skip
        self.links.append((row, [*([(bus1, 1.0)] if bus1 else []), *ports]))

    def generator(self, word: str, carrier: str, bus: str, most: float | None, cost: float = 0.0, sign: int = 1) -> None:
        self.generators.append({"name": self.name(word), "carrier": carrier, "bus": bus, "p_nom": _ENDLESS if most is None else number_text(most),
                                "marginal_cost": number_text(cost), "sign": str(sign)})  # fmt: skip

    def load(self, word: str, carrier: str, bus: str, much: float) -> None:
        self.loads.append({"name": self.name(word), "carrier": carrier, "bus": bus, "p_set": number_text(much)})

    def files(self, title: str) -> dict[str, bytes]:
        most = max((len(ports) for _, ports in self.links), default=1)
        extra = [column for k in range(2, most + 1) for column in (f"bus{k}", f"efficiency{k}")]
        rows = []
        for row, ports in self.links:
            said = dict(row)
            for k, (bus, share) in enumerate(ports, start=1):
                said |= {f"bus{k}": bus, "efficiency" if k == 1 else f"efficiency{k}": number_text(share)}
            rows.append(said)
        carriers = sorted({b["carrier"] for b in self.buses.values()} | {r["carrier"] for r, _ in self.links} | {r["carrier"] for r in self.generators})
        weights = ("objective", "stores", "generators")
        files = {
            "network.csv": table_csv(("name",), [{"name": title}]),
            "snapshots.csv": table_csv(("snapshot", *weights), [{"snapshot": _NOW, **dict.fromkeys(weights, "1")}]),
            "carriers.csv": table_csv(("name",), [{"name": c} for c in carriers]),
            "buses.csv": table_csv(("name", "carrier", "x", "y"), self.buses.values()),
            "links.csv": table_csv(("name", "carrier", "bus0", "bus1", "efficiency", "p_nom", "marginal_cost", *extra), rows),
            "generators.csv": table_csv(("name", "carrier", "bus", "p_nom", "marginal_cost", "sign"), self.generators),
            "loads.csv": table_csv(("name", "carrier", "bus", "p_set"), self.loads),
        }
        return {name: data for name, data in files.items() if data.count(b"\n") > 1}


def pypsa_files(network: Network) -> dict[str, bytes]:
    """The files of the folder: network, snapshots, carriers, buses, links, generators and loads. Raises UsageError for a network without flows."""
    n, t = network, _Tables()
    if not n.groups and not n.wants and not n.consigned:
        raise UsageError(f"the case {n.case.name} has nothing to move in {n.year}; expected a demand or a consignment. PyPSA refuses an empty network.")
    limits = _limits(n, t)
    ways = _fleets(n, t)
    on_edge, on_delivery = _bounds(n, t)
    for g, group in enumerate(n.groups):
        for e, cost in zip(group.edges.tolist(), group.cost.tolist(), strict=True):
            edge = n.edges[e]
            ports = [*on_edge[g, e]]
            if edge.limit >= 0:
                ports.append((limits[edge.limit], -n.size(edge.limit, group.commodity)))
            if edge.direction != "transfer" and edge.label in ways:
                ports.append((ways[edge.label], -n.counted(group.commodity, "Mt")))
            track = f" {edge.track}" if edge.direction == "transfer" else ""
            t.link(f"{edge.label}{track} [{_tag(g, group)}]", group.commodity, _vertex(n, t, g, edge.tail), _vertex(n, t, g, edge.head), cost, ports)
    _ends(n, t)
    for g, group in enumerate(n.groups):
        _enter_and_leave(n, t, g, group, on_delivery[g])
    if t.constant:
        t.bus("constant", "constant")
        t.load("constant", "constant", "constant", 1.0)
        t.generator("constant of the objective", "constant", "constant", 1.0, t.constant)
    return t.files(f"{n.case.name} {n.year}")


def _tag(g: int, group: Group) -> str:
    return f"{group.commodity} {g}"


def _vertex(n: Network, t: _Tables, g: int, vertex: int) -> str:
    place, track = n.vertices[vertex]
    p = n.case.places[place]
    return t.bus(f"{place} {track} [{_tag(g, n.groups[g])}]", n.groups[g].commodity, p.lon, p.lat)


def _limits(n: Network, t: _Tables) -> dict[int, str]:
    """Buses that hold the capacity of links and transfers."""
    found = {}
    for i in sorted({n.edges[e].limit for group in n.groups for e in group.edges.tolist()} - {-1}):
        limit = n.limits[i]
        found[i] = t.bus(f"capacity of {limit.name}", "capacity")
        t.generator(f"capacity of {limit.name}", "capacity", found[i], limit.capacity)
    return found


def _fleets(n: Network, t: _Tables) -> dict[str, str]:
    """Buses that hold the Mt that ships can take along each way of a link they serve."""
    served: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for f, ships in enumerate(n.ships):
        for link, hours in ships.hours_per_mt:
            served[link].append((f, hours))
    free = {link for link, by in served.items() if any(hours <= 0 for _, hours in by)}  # such ships take any amount
    labels: dict[str, list[str]] = defaultdict(list)
    for e in sorted({e for group in n.groups for e in group.edges.tolist()}):
        edge = n.edges[e]
        if edge.direction != "transfer" and edge.name in served and edge.name not in free:
            labels[edge.name].append(edge.label)
    ways: dict[str, str] = {}
    for link in sorted(labels):
        for label in sorted(set(labels[link])):
            ways[label] = t.bus(f"ships along {label}", "ships")
            t.generator(f"room left along {label}", "ships", ways[label], None, sign=-1)
        for f, hours in served[link]:
            name = n.ships[f].name
            bus = f"hours of {name}"
            if bus not in t.buses:
                t.bus(bus, "ships")
                t.generator(bus, "ships", bus, n.ships[f].hours)
            t.link(f"{name} on {link}", "ships", bus, "", 0.0, [(ways[label], 1 / hours) for label in sorted(set(labels[link]))])
    return ways


def _bounds(n: Network, t: _Tables) -> tuple[dict[tuple[int, int], list[tuple[str, float]]], dict[int, list[tuple[str, float]]]]:
    """Caps and floors: what a unit of a group draws from or brings to their buses, by (group, edge) and on delivery."""
    on_edge: dict[tuple[int, int], list[tuple[str, float]]] = defaultdict(list)
    on_delivery: dict[int, list[tuple[str, float]]] = defaultdict(list)
    position = {rule.rule: i for i, rule in enumerate(n.rules)}
    for b in n.bounds:
        mine = [g for g, group in enumerate(n.groups) if position[b.rule.rule] in group.rules]
        floor = b.rule.effect == "floor"
        bus = t.bus(f"{b.rule.effect} of {b.rule.rule}", "rules")
        if floor:
            t.load(f"floor of {b.rule.rule}", "rules", bus, b.quantity)
            t.generator(f"short of {b.rule.rule}", "rules", bus, b.quantity, b.payment)
            t.generator(f"above {b.rule.rule}", "rules", bus, None, sign=-1)
        else:
            t.generator(f"cap of {b.rule.rule}", "rules", bus, b.quantity)
        for g in mine:
            counts = n.counted(n.groups[g].commodity, b.rule.unit) * (1.0 if floor else -1.0)
            if not b.on_links:
                on_delivery[g].append((bus, counts))
                continue
            for e in n.groups[g].edges.tolist():
                if e in b.edges:
                    on_edge[g, e].append((bus, counts))
    return on_edge, on_delivery


def _ends(n: Network, t: _Tables) -> None:
    """Supplies, demands, consignments and plants, each at a bus of its own."""
    coupled: dict[str, list[int]] = defaultdict(list)
    for i, offer in enumerate(n.offers):
        t.bus(f"supply {offer.name}", offer.commodity)
        if offer.coupled:
            coupled[offer.coupled].append(i)
        else:
            t.generator(f"supply {offer.name}", offer.commodity, f"supply {offer.name}", offer.quantity)
    for word, members in sorted(coupled.items()):  # all in equal shares of their full quantity; one without any stops the others
        if all(n.offers[i].full > 0 for i in members):
            bus = t.bus(f"coupled {word}", "coupled")
            t.generator(f"coupled {word}", "coupled", bus, min(n.offers[i].quantity / n.offers[i].full for i in members))
            t.link(f"coupled {word}", "coupled", bus, "", 0.0, [(f"supply {n.offers[i].name}", n.offers[i].full) for i in members])
    for want in n.wants:
        bus = t.bus(f"demand {want.name}", want.commodity)
        t.load(f"demand {want.name}", want.commodity, bus, want.quantity)
        t.generator(f"unmet {want.name}", want.commodity, bus, want.quantity, want.penalty + want.price)
        if want.up_to > want.quantity:
            t.generator(f"extra {want.name}", want.commodity, bus, want.up_to - want.quantity, -want.price, sign=-1)
        t.constant -= want.price * want.quantity
    for lot in n.consigned:
        bus = t.bus(f"consignment {lot.name}", lot.commodity)
        t.load(f"consignment {lot.name}", lot.commodity, bus, lot.quantity)
        t.generator(f"unmoved {lot.name}", lot.commodity, bus, lot.quantity, lot.penalty)
    for works in n.works:
        made = [(t.bus(f"plant {works.name} out {c}", c), share) for c, share in works.outputs]
        for (bus, _), (c, _) in zip(made, works.outputs, strict=True):
            t.generator(f"left over at {works.name} {c}", c, bus, None, sign=-1)
        t.link(f"plant {works.name}", "plants", t.bus(f"plant {works.name} in", works.input), "", works.cost, made, works.capacity)


def _enter_and_leave(n: Network, t: _Tables, g: int, group: Group, counted: list[tuple[str, float]]) -> None:
    """Ways from supplies and plants into a group, and from it to demands, plants and consignments."""
    c, tag = group.commodity, _tag(g, group)

    def into(word: str, bus: str, vertices: Iterable[int], cost: float) -> None:
        for v in vertices:
            t.link(f"{word} by {n.vertices[v][1]} [{tag}]", c, bus, _vertex(n, t, g, v), cost)

    def out(word: str, bus: str, vertices: Iterable[int]) -> None:
        for v in vertices:
            t.link(f"{word} by {n.vertices[v][1]} at {n.vertices[v][0]} [{tag}]", c, _vertex(n, t, g, v), bus, group.delivery_cost, counted)

    for kind, i in group.origins:
        if kind == "supply":
            into(f"from {n.offers[i].name}", f"supply {n.offers[i].name}", n.offers[i].vertices, n.offers[i].cost)
        else:
            into(f"made by {n.works[i].name}", f"plant {n.works[i].name} out {c}", n.works[i].vertices[c], 0.0)
    for kind, i, k in group.destinations:
        if kind == "demand":
            out(f"to {n.wants[i].name}", f"demand {n.wants[i].name}", n.wants[i].ends[k][1])
        else:
            out(f"into {n.works[i].name}", f"plant {n.works[i].name} in", n.works[i].vertices[c])
    if group.consigned:
        first = n.consigned[group.consigned[0]]
        total = sum(n.consigned[i].quantity for i in group.consigned)
        for v in first.vertices[0]:
            t.generator(f"sent from {n.vertices[v][0]} by {n.vertices[v][1]} [{tag}]", c, _vertex(n, t, g, v), total)
        for i in group.consigned:
            out(f"arrived {n.consigned[i].name}", f"consignment {n.consigned[i].name}", n.consigned[i].vertices[1])

