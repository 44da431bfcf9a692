"""Plan: what moves where, what it costs, what binds, what could not move; as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from keruen.network import Edge, Network
from keruen.rules import End, RuleBook
from keruen.solve import Price, Solution
from keruen.solve.lines import end_of
from keruen.solve.paths import Path, paths_of
from keruen.solve.program import Taken, capacities
from keruen.solve.reasons import Reasons
from keruen.solve.shares import LEAST_SHOWN, Shares, exported, is_export, touching, transport_cost
from keruen.units import SMALL_PER_UNIT

if TYPE_CHECKING:
    import pandas as pd

    from keruen.tables import Observation, Screenline

__all__ = ["Plan", "rounded"]

TINY = 1e-7
LINK_COLUMNS = (
    "link",
    "direction",
    "from",
    "to",
    "mode",
    "commodity",
    "flow",
    "unit",
    "capacity",
    "utilisation",
    "price_usd_per_t",
    "price_holds_to",
    "cost_musd",
)
LIMIT_COLUMNS = (
    "limit",
    "kind",
    "load",
    "capacity",
    "unit",
    "utilisation",
    "price_musd_per_unit",
    "price_holds_from",
    "price_holds_to",
    "degenerate",
    "one_more_musd",
)
SCREENLINE_COLUMNS = ("screenline", "name", "unit", "plan", "published", "difference", "use", "confidence", "source")


def _frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


class Plan:
    """The answer of a solve. Every table is a data frame, made when first asked for.

    commodities  offered, moved, unmet by commodity
    exports      what the home country sends abroad, wanted and moved
    links        flow, capacity, price of every link and transfer that carries something
    limits       everything that has a capacity: load, price, and the range the price holds over
    plants       what each plant runs and makes
    shortages    what did not move, and why
    countries    share of home exports that crosses each country, as a range
    screenlines  flow beside the published figures of the year
    flows        who goes from where to where, by which way
    """

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.network: Network = solution.network
        self.objective_musd = solution.objective
        self.certificate = solution.certificate
        self.status = solution.status
        self.year = solution.network.year
        self.scenario = solution.network.overlay.names
        self.behaviour = solution.behaviour

    def __repr__(self) -> str:
        moved = "; ".join(f"{r['commodity']} {r['moved']:.4g} of {r['wanted']:.4g} {r['unit']}" for r in self._exports)
        name = " + ".join(self.scenario) or "base"
        return (
            f"<Plan {self.network.case.name} {self.year} {name}: transport cost {self.cost_musd:,.0f} MUSD, "
            f"exports {moved or 'none'}; gap {self.certificate.relative_gap:.0e}>"
        )

    @property
    def cost_musd(self) -> float:
        """Money and time of moving, plants, and penalties for what is missing; without the value of what arrived."""
        return transport_cost(self.solution)

    # --- tables ---------------------------------------------------------------------------------

    @cached_property
    def _commodities(self) -> list[dict[str, Any]]:
        n, p, x = self.network, self.solution.program, self.solution.x
        rows = []
        for name, commodity in n.commodities.items():
            offers = [i for i, o in enumerate(n.offers) if o.commodity == name]
            lots = [i for i, c in enumerate(n.consigned) if c.commodity == name]
            wants = [i for i, w in enumerate(n.wants) if w.commodity == name]
            offered = sum(n.offers[i].quantity for i in offers) + sum(n.consigned[i].quantity for i in lots)
            taken = sum(self.solution.load(p.supply_rows[i]) for i in offers) + sum(float(x[p.moved + i]) for i in lots)
            unmet = sum(n.wants[i].quantity - float(x[p.met + i]) for i in wants) + sum(n.consigned[i].quantity - float(x[p.moved + i]) for i in lots)
            made = sum(float(x[c]) for c, t in p.taken if t.kind == "made" and n.groups[t.group].commodity == name)
            rows.append({"commodity": name, "unit": commodity.unit, "offered": offered, "moved": taken, "left_behind": max(0.0, offered - taken),
                         "made": made, "unmet": max(0.0, unmet)})  # fmt: skip
        return rows

    @cached_property
    def _exports(self) -> list[dict[str, Any]]:
        n = self.network
        rows = []
        homes = {(n.groups[t.group].commodity, t.kind, t.item) for _, t in self.solution.program.taken if is_export(n, t)}
        for name, commodity in n.commodities.items():
            wanted = sum(w.quantity for w in n.wants if w.commodity == name and w.use == "market" and all(e.country != n.case.home for e, _ in w.ends)
                         and self._home_offers(name))  # fmt: skip
            wanted += sum(c.quantity for c in n.consigned if c.commodity == name and c.origin.country == n.case.home != c.destination.country)
            if wanted > 0 or any(h[0] == name for h in homes):
                rows.append({"commodity": name, "unit": commodity.unit, "wanted": wanted, "moved": exported(self.solution, name)})
        return rows

    def _home_offers(self, commodity: str) -> bool:
        n = self.network
        offers = any(o.commodity == commodity and o.end.country == n.case.home for o in n.offers)
        return offers or any(w.end.country == n.case.home and commodity in dict(w.outputs) for w in n.works)

    @cached_property
    def edge_flows(self) -> dict[tuple[int, str], float]:
        """Flow by (edge, commodity), in the commodity's unit."""
        flows: dict[tuple[int, str], float] = defaultdict(float)
        for g, group in enumerate(self.network.groups):
            for e, q in zip(group.edges.tolist(), self.solution.flows(g).tolist(), strict=True):
                if q > TINY:
                    flows[(e, group.commodity)] += q
        return dict(sorted(flows.items()))

    @cached_property
    def prices(self) -> dict[int, Price]:
        """Price by row, for everything that has a capacity."""
        return self.solution.prices([row for *_, row in capacities(self.solution.program)])

    def _limit_of(self, edge: Edge) -> tuple[float | None, Price | None]:
        """Capacity in its own unit and price of an edge's limit."""
        if edge.limit < 0:
            return None, None
        row = self.solution.program.limit_rows[edge.limit]
        return self.network.limits[edge.limit].capacity, self.prices.get(row)

    @cached_property
    def _links(self) -> list[dict[str, Any]]:
        n, rows = self.network, []
        for (e, commodity), flow in self.edge_flows.items():
            edge, row = n.edges[e], n.commodities[commodity]
            capacity, price = self._limit_of(edge)
            size = n.size(edge.limit, commodity) if edge.limit >= 0 else 1.0
            tonnes = row.tonnes_per_unit * SMALL_PER_UNIT[row.unit]
            full = price.load / capacity if price and capacity else None
            rows.append({
                "link": edge.name, "direction": edge.direction, "from": n.vertices[edge.tail][0], "to": n.vertices[edge.head][0],
                "mode": "transfer" if edge.direction == "transfer" else edge.track.split("-")[0], "commodity": commodity, "flow": flow, "unit": row.unit,
                "capacity": None if capacity is None else capacity / size, "utilisation": full,
                "price_usd_per_t": price.price * size * 1e6 / tonnes if price else 0.0,
                "price_holds_to": min(price.holds_to / size, 1e9) if price and price.price > 0 else None,
                "cost_musd": flow * edge.cost[commodity],
            })  # fmt: skip
        return rows

    @cached_property
    def loads(self) -> dict[str, dict[str, Any]]:
        """Every link: Mt of all it carries both ways (by weight), how full its fuller way is, whether it is shut, and its flows."""
        n = self.network
        found: dict[str, dict[str, Any]] = {
            name: {"mt": 0.0, "utilisation": None, "capacity": None, "unit": link.capacity_unit, "open": False, "flows": []}
            for name, link in n.case.links.items()
        }
        for e, edge in enumerate(n.edges):
            if edge.direction == "transfer":
                continue
            load = found[edge.name]
            load["open"] = load["open"] or e in n.open_edges
            capacity, price = self._limit_of(edge)
            if capacity is not None:
                load["capacity"] = capacity
                full = price.load / capacity if price and capacity > 0 else 0.0
                load["utilisation"] = max(load["utilisation"] or 0.0, full)
        for row in self._links:
            if row["direction"] != "transfer":
                load = found[row["link"]]
                load["mt"] += row["flow"] * n.counted(row["commodity"], "Mt")
                load["flows"].append(row)
        return found

    @cached_property
    def _limits(self) -> list[dict[str, Any]]:
        """Every limit that something can use, the dearest first."""
        p = self.solution.program
        rows = []
        fleet_loads = dict(zip(p.fleet_rows, self._fleet_loads(), strict=True))
        for name, kind, capacity, unit, row in capacities(p):
            price = self.prices[row]
            load = fleet_loads.get(row, price.load)
            rows.append({
                "limit": name, "kind": kind, "load": load, "capacity": capacity, "unit": unit,
                "utilisation": load / capacity if capacity > 0 else None, "price_musd_per_unit": price.price,
                "price_holds_from": price.holds_from if price.price > 0 else None,
                "price_holds_to": min(price.holds_to, 1e9) if price.price > 0 else None, "degenerate": price.degenerate,
                "one_more_musd": price.one_more,
            })  # fmt: skip
        return sorted(rows, key=lambda r: (-r["price_musd_per_unit"], -(r["utilisation"] or 0.0), r["limit"]))

    def _fleet_loads(self) -> list[float]:
        """Ship-hours needed, by fleet: hours handed out but not needed are taken back in proportion."""
        n, p, x = self.network, self.solution.program, self.solution.x
        need: dict[str, float] = defaultdict(float)
        for (e, commodity), flow in self.edge_flows.items():
            need[n.edges[e].label] += flow * n.counted(commodity, "Mt")
        given: dict[str, float] = defaultdict(float)
        for (_, link), column in p.ships.items():
            given[link] += float(x[column])
        loads = []
        for f, ships in enumerate(n.ships):
            load = 0.0
            for link, hours in ships.hours_per_mt:
                wanted = max(need.get(link, 0.0), need.get(f"{link}:back", 0.0))
                if given[link] > 0:
                    load += float(x[p.ships[(f, link)]]) * hours * min(1.0, wanted / given[link])
            loads.append(load)
        return loads

    @cached_property
    def _plants(self) -> list[dict[str, Any]]:
        n, p, x = self.network, self.solution.program, self.solution.x
        rows = []
        for i, w in enumerate(n.works):
            made: dict[str, float] = defaultdict(float)
            for c, t in p.taken:
                if t.kind == "made" and t.item == i:
                    made[n.groups[t.group].commodity] += float(x[c])
            run = float(x[p.run + i])
            rows.append({"plant": w.name, "place": w.end.place, "input": w.input, "run": run, "capacity": w.capacity,
                         "utilisation": run / w.capacity if w.capacity else None,
                         "made": {k: round(v, 9) for k, v in sorted(made.items())}})  # fmt: skip
        return rows

    @cached_property
    def _shortages(self) -> list[dict[str, Any]]:
        n, p, x = self.network, self.solution.program, self.solution.x
        why, rows = Reasons(self.solution), []

        def add(side: str, name: str, place: str, commodity: str, quantity: float, because: list[str]) -> None:
            rows.append({"side": side, "id": name, "place": place, "commodity": commodity, "quantity": quantity,
                         "unit": n.commodities[commodity].unit, "because": because})  # fmt: skip

        for i, o in enumerate(n.offers):
            left = o.quantity - self.solution.load(p.supply_rows[i])
            if left > TINY and not self._import_option(i):
                add("supply", o.name, o.end.place, o.commodity, left, why.of_supply(i, left))
        for i, w in enumerate(n.wants):
            short = w.quantity - float(x[p.met + i])
            if short > TINY:
                add("demand", w.name, w.ends[0][0].place, w.commodity, short, why.of_demand(i, short))
        for i, c in enumerate(n.consigned):
            short = c.quantity - float(x[p.moved + i])
            if short > TINY:
                add("consignment", c.name, c.origin.place, c.commodity, short, why.of_consignment(i, short))
        side = {"supply": 0, "demand": 1, "consignment": 2}
        return sorted(rows, key=lambda r: (side[r["side"]], r["commodity"], -r["quantity"], r["id"]))

    def _import_option(self, i: int) -> bool:
        """Unused foreign supply is no shortage of the home country."""
        return self.network.offers[i].end.country != self.network.case.home

    @cached_property
    def _countries(self) -> list[dict[str, Any]]:
        n, rows = self.network, []
        for entry in self._exports:
            shares = Shares(self.solution, entry["commodity"])
            for country in shares.countries():
                share = shares.of(touching(n, "country", country))
                if share is not None and share.most >= LEAST_SHOWN:
                    rows.append({"country": country, "commodity": entry["commodity"], "share": share.plan, "share_min": share.least, "share_max": share.most})
        return rows

    @cached_property
    def paths(self) -> list[Path]:
        known = self.solution.ways()
        return [path for g in range(len(self.network.groups)) for path in paths_of(self.solution, g)] if known is None else known

    @cached_property
    def _flows(self) -> list[dict[str, Any]]:
        n, rows = self.network, []
        for path in self.paths:
            group = n.groups[path.group]
            names = [n.edges[e].name for e in path.edges]
            countries = dict.fromkeys(c for e in path.edges for c in n.edges[e].countries)
            hours = sum(n.edges[e].hours for e in path.edges)
            cost = sum(n.edges[e].cost[group.commodity] for e in path.edges)
            small = SMALL_PER_UNIT[n.commodities[group.commodity].unit] / 1e6
            rows.append({
                "commodity": group.commodity, "from": self._name_of(path.origin), "to": self._name_of(path.destination),
                "quantity": path.quantity, "unit": n.commodities[group.commodity].unit, "cost_usd": cost / small, "days": hours / 24,
                "countries": list(countries), "route": names,
            })  # fmt: skip
        return sorted(rows, key=lambda r: (r["commodity"], r["from"], r["to"], -r["quantity"], r["route"]))

    def _name_of(self, t: Taken) -> str:
        n = self.network
        if t.kind == "supply":
            return n.offers[t.item].name
        if t.kind in ("made", "intake"):
            return n.works[t.item].name
        if t.kind == "demand":
            return n.wants[t.item].name
        return self.end_of(t).place

    def screenline_flow(self, screenline: str) -> float:
        """Flow over a screenline in its unit. Where a group mixes ends that count and ends that do not, its paths decide."""
        n, line = self.network, self.network.case.screenlines[screenline]
        book = RuleBook(n.case, n.overlay, n.year)
        total = 0.0
        for name in line.links:
            stem, _, way = name.partition(":")
            if stem in n.case.supplies or stem in n.case.demands or stem in n.case.plants:
                total += self._item_flow(stem, line.commodities, line.unit)
                continue
            ways = {"": ("forward", "transfer"), "back": ("back",), "both": ("forward", "back", "transfer")}[way]
            for g, group in enumerate(n.groups):
                if group.commodity not in line.commodities:
                    continue
                flow = sum(q for e, q in zip(group.edges.tolist(), self.solution.flows(g).tolist(), strict=True)
                           if n.edges[e].name == stem and n.edges[e].direction in ways)  # fmt: skip
                if flow > TINY:
                    fits = self._fits(book, g, line.origin, line.destination)
                    if fits is None:
                        flow = self._by_paths(book, g, line, stem, ways)
                    total += flow * n.counted(group.commodity, line.unit) * (fits is not False)
        return total

    def _by_paths(self, book: RuleBook, g: int, line: Screenline, name: str, ways: Sequence[str]) -> float:
        n = self.network
        return sum(
            path.quantity
            for path in self.paths
            if path.group == g
            and any(n.edges[e].name == name and n.edges[e].direction in ways for e in path.edges)
            and book.is_one_of(self.end_of(path.origin), line.origin)
            and book.is_one_of(self.end_of(path.destination), line.destination)
        )

    def end_of(self, t: Taken) -> End:
        """Where a path begins or ends."""
        return end_of(self.network, t)

    def _item_flow(self, name: str, commodities: Sequence[str], unit: str) -> float:
        n, p, x = self.network, self.solution.program, self.solution.x
        for i, o in enumerate(n.offers):
            if o.name == name:
                return self.solution.load(p.supply_rows[i]) * n.counted(o.commodity, unit)
        for i, w in enumerate(n.wants):
            if w.name == name:
                return float(x[p.met + i] + x[p.extra + i]) * n.counted(w.commodity, unit)
        for i, works in enumerate(n.works):
            if works.name == name:
                if works.input in commodities:
                    return float(x[p.run + i]) * n.counted(works.input, unit)
                return float(sum(x[c] for c, t in p.taken if t.kind == "made" and t.item == i and n.groups[t.group].commodity in commodities))
        return 0.0

    def _fits(self, book: RuleBook, g: int, origin: Sequence[str], destination: Sequence[str]) -> bool | None:
        n, group = self.network, self.network.groups[g]
        origins = [n.offers[i].end if k == "supply" else n.works[i].end for k, i in group.origins] or [n.consigned[group.consigned[0]].origin]
        ends = [n.wants[i].ends[k][0] if kind == "demand" else n.works[i].end for kind, i, k in group.destinations]
        ends = ends or [n.consigned[i].destination for i in group.consigned]
        answers = {book.is_one_of(e, origin) for e in origins}, {book.is_one_of(e, destination) for e in ends}
        if answers[0] == {False} or answers[1] == {False}:
            return False
        return None if len(answers[0]) > 1 or len(answers[1]) > 1 else True

    @cached_property
    def _screenlines(self) -> list[dict[str, Any]]:
        """Plan beside every published figure of the year; differences are shown, not hidden."""
        case, rows = self.network.case, []
        for name, line in case.screenlines.items():
            flow = self.screenline_flow(name)
            figures: list[Observation | None] = [o for o in case.observations if o.screenline == name and o.year == self.year and o.use != "part"]
            figures.sort(key=lambda o: (o.use != "main", o.observation) if o else (True, ""))
            for o in figures or [None]:
                rows.append({
                    "screenline": name, "name": line.name, "unit": line.unit, "plan": flow, "published": o.quantity if o else None,
                    "difference": flow - o.quantity if o else None, "use": o.use if o else "",
                    "confidence": o.confidence if o else "", "source": o.source if o else "",
                })  # fmt: skip
        return rows

    # The same as data frames. Columns are those of docs/json.md.

    @property
    def commodities(self) -> pd.DataFrame:
        return _frame(self._commodities, ("commodity", "unit", "offered", "moved", "left_behind", "made", "unmet"))

    @property
    def exports(self) -> pd.DataFrame:
        return _frame(self._exports, ("commodity", "unit", "wanted", "moved"))

    @property
    def links(self) -> pd.DataFrame:
        return _frame(self._links, LINK_COLUMNS)

    @property
    def limits(self) -> pd.DataFrame:
        return _frame(self._limits, LIMIT_COLUMNS)

    @property
    def plants(self) -> pd.DataFrame:
        return _frame(self._plants, ("plant", "place", "input", "run", "capacity", "utilisation", "made"))

    @property
    def shortages(self) -> pd.DataFrame:
        return _frame(self._shortages, ("side", "id", "place", "commodity", "quantity", "unit", "because"))

    @property
    def countries(self) -> pd.DataFrame:
        return _frame(self._countries, ("country", "commodity", "share", "share_min", "share_max"))

    @property
    def screenlines(self) -> pd.DataFrame:
        return _frame(self._screenlines, SCREENLINE_COLUMNS)

    @property
    def flows(self) -> pd.DataFrame:
        return _frame(self._flows, ("commodity", "from", "to", "quantity", "unit", "cost_usd", "days", "countries", "route"))

    def compare(self, base: Plan) -> pd.DataFrame:
        """What changed against another plan of the same case, in quantities, money and time.

        Rows: exports and shortages by commodity, money, mean days of exports, screenlines, transit countries, links.
        """
        from keruen.compare import compare

        return compare(self, base)

    def to_dict(self, *, countries: bool = True) -> dict[str, Any]:
        """The plan as plain data, in the shape of the JSON that the command line writes (docs/json.md)."""
        from keruen import __version__

        n = self.network
        certificate = {"max_violation": self.certificate.max_violation, "relative_gap": self.certificate.relative_gap}
        if self.certificate.verified is not None:
            certificate["verified"] = self.certificate.verified
        data: dict[str, Any] = rounded({
            "keruen": __version__, "case": n.case.name, "year": n.year, "scenario": list(self.scenario), "behaviour": self.behaviour,
            "status": self.status, "engine": f"{self.solution.engine.name}: {self.solution.engine.why}",
            "objective_musd": self.objective_musd, "cost_musd": self.cost_musd, "certificate": {},
            "commodities": self._commodities, "exports": self._exports, "links": self._links, "limits": self._limits, "plants": self._plants,
            "countries": self._countries if countries else [], "shortages": self._shortages, "screenlines": self._screenlines,
            "notes": list(n.notes),
        })  # fmt: skip
        data["certificate"] = certificate
        return data


def rounded(value: Any) -> Any:
    """Nine significant digits after the point are more than any figure of a case has; they keep outputs identical."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    if isinstance(value, (float, np.floating)):
        number = round(float(value), 9)
        return 0.0 if number == 0 else number
    return value
