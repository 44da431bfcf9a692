"""A compiled case as a PyPSA network: the same program and the same optimum as docs/model.md.

Buses are (group, vertex), and one for each supply, demand, consignment and plant; links are (group, edge) and the ways in and out;
generators offer, and generators with sign -1 take. Shared capacities, fleets, rules and coupled supplies, which PyPSA does not have,
are constraints on ``n.model``.
"""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pypsa

from keruen.network import Network
from keruen.solve.program import Program

__all__ = ["Tables", "close_link", "extra", "model", "network", "optimize", "quiet", "solve_model", "tables"]

NOW = "now"


@dataclass(frozen=True)
class Tables:
    """What a PyPSA user would have in files. Making these from keruen's network is not timed."""

    buses: list[str]
    links: pd.DataFrame
    plants: pd.DataFrame
    generators: pd.DataFrame
    limits: pd.Series
    limit_of: pd.Series
    sizes: pd.Series
    coupled: list[tuple[str, float, str, float]]
    fleets: dict[str, float]
    services: pd.DataFrame
    ways: dict[str, tuple[pd.Series, list[str]]]
    bounds: list[tuple[str, bool, float, float, pd.Series]]
    closes: dict[str, list[str]]
    offset: float


def tables(program: Program) -> Tables:
    """The tables of a program's network."""
    n = program.network
    at = {(g, v): None for g, group in enumerate(n.groups) for e in group.edges.tolist() for v in (n.edges[e].tail, n.edges[e].head)}
    at |= {(t.group, t.vertex): None for _, t in program.taken}
    buses = [f"g{g} v{v}" for g, v in at]
    link: list[tuple[str, str, str, float]] = []
    limit_of: dict[str, str] = {}
    sizes: dict[str, float] = {}
    closes: dict[str, list[str]] = defaultdict(list)
    by_edge: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for g, group in enumerate(n.groups):
        for e, cost in zip(group.edges.tolist(), group.cost.tolist(), strict=True):
            edge, name = n.edges[e], f"g{g} e{e}"
            link.append((name, f"g{g} v{edge.tail}", f"g{g} v{edge.head}", cost))
            by_edge[e].append((g, name))
            if edge.direction != "transfer":
                closes[edge.name].append(name)
            if edge.limit >= 0:
                limit_of[name] = f"limit {edge.limit}"
                sizes[name] = n.size(edge.limit, group.commodity)
    generators, delivered = _ends(n, program, buses, link)
    plants = _plants(n, buses, generators)
    ways: dict[str, list[tuple[int, str]]] = defaultdict(list)
    served = {name for s in n.ships for name, _ in s.hours_per_mt}
    for e, users in sorted(by_edge.items()):
        if n.edges[e].name in served and n.edges[e].direction != "transfer":
            ways[n.edges[e].label] += users
    services = [(f"{s.name} {name}", s.name, name, hours) for s in n.ships for name, hours in s.hours_per_mt]
    found_ways = {
        label: (
            pd.Series({name: n.counted(n.groups[g].commodity, "Mt") for g, name in users}),
            [w for w, _, name, _ in services if name == label.removesuffix(":back")],
        )
        for label, users in ways.items()
    }
    return Tables(
        buses,
        pd.DataFrame(link, columns=["name", "bus0", "bus1", "marginal_cost"]).set_index("name"),
        plants,
        pd.DataFrame(generators, columns=["name", "bus", "p_nom", "marginal_cost", "sign"]).set_index("name"),
        pd.Series({f"limit {i}": spec.capacity for i, spec in enumerate(n.limits)}),
        pd.Series(limit_of, name="limit").rename_axis("name"),
        pd.Series(sizes).rename_axis("name"),
        _coupled(n),
        {s.name: s.hours for s in n.ships},
        pd.DataFrame(services, columns=["service", "fleet", "link", "hours"]).set_index("service"),
        found_ways,
        _bounds(n, program, by_edge, delivered),
        dict(closes),
        program.offset,
    )


def _ends(
    n: Network, program: Program, buses: list[str], link: list[tuple[str, str, str, float]]
) -> tuple[list[tuple[str, str, float, float, float]], list[tuple[int, str]]]:
    """Supplies, demands and consignments with the ways in and out; and every delivery (group, link)."""
    stopped = {o.coupled for o in n.offers if o.coupled and o.full == 0}
    generators = [(f"supply {i}", f"supply {i}", 0.0 if o.coupled in stopped else o.quantity, o.cost, 1.0) for i, o in enumerate(n.offers)]
    for i, w in enumerate(n.wants):
        generators.append((f"met {i}", f"demand {i}", w.quantity, -(w.price + w.penalty), -1.0))
        generators.append((f"extra {i}", f"demand {i}", w.up_to - w.quantity, -w.price, -1.0))
    for i, c in enumerate(n.consigned):
        generators.append((f"moved {i}", f"lot {i}", c.quantity, -c.penalty, -1.0))
    buses += [f"supply {i}" for i in range(len(n.offers))] + [f"demand {i}" for i in range(len(n.wants))] + [f"lot {i}" for i in range(len(n.consigned))]
    delivered = []
    for column, t in program.taken:
        at, name = f"g{t.group} v{t.vertex}", f"way {column}"
        cost = n.groups[t.group].delivery_cost
        if t.kind == "supply":
            link.append((name, f"supply {t.item}", at, 0.0))
        elif t.kind == "made":
            link.append((name, f"plant {t.item} {n.groups[t.group].commodity}", at, 0.0))
        elif t.kind == "start":
            generators.append((name, at, sum(n.consigned[i].quantity for i in n.groups[t.group].consigned), 0.0, 1.0))
        else:
            to = {"demand": "demand", "intake": "plant", "consigned": "lot"}[t.kind]
            link.append((name, at, f"{to} {t.item}", cost))
            delivered.append((t.group, name))
    return generators, delivered


def _plants(n: Network, buses: list[str], generators: list[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    """Plants are links with several outputs; what nobody takes of an output may be left over."""
    most = max((len(w.outputs) for w in n.works), default=0)
    rows = []
    for i, w in enumerate(n.works):
        buses.append(f"plant {i}")
        row: dict[str, Any] = {"name": f"plant {i}", "bus0": f"plant {i}", "p_nom": w.capacity, "marginal_cost": w.cost}
        for k in range(most):
            commodity, share = w.outputs[k] if k < len(w.outputs) else ("", 0.0)
            row[f"bus{k + 1}"] = f"plant {i} {commodity}" if commodity else ""
            row["efficiency" if k == 0 else f"efficiency{k + 1}"] = share
            if commodity:
                buses.append(f"plant {i} {commodity}")
                generators.append((f"left {i} {commodity}", f"plant {i} {commodity}", np.inf, 0.0, -1.0))
        rows.append(row)
    return pd.DataFrame(rows).set_index("name")


def _coupled(n: Network) -> list[tuple[str, float, str, float]]:
    by_word: dict[str, list[int]] = defaultdict(list)
    for i, o in enumerate(n.offers):
        if o.coupled:
            by_word[o.coupled].append(i)
    pairs = []
    for members in by_word.values():
        if all(n.offers[i].full > 0 for i in members):
            pairs += [(f"supply {members[0]}", n.offers[members[0]].full, f"supply {i}", n.offers[i].full) for i in members[1:]]
    return pairs


def _bounds(
    n: Network, program: Program, by_edge: dict[int, list[tuple[int, str]]], delivered: list[tuple[int, str]]
) -> list[tuple[str, bool, float, float, pd.Series]]:
    """Caps and floors: name, whether a floor, quantity, payment, and what one unit on each link counts."""
    position = {rule.rule: i for i, rule in enumerate(n.rules)}
    found = []
    for b in n.bounds:
        mine = {g for g, group in enumerate(n.groups) if position[b.rule.rule] in group.rules}
        users = [u for e in sorted(b.edges) for u in by_edge.get(e, ())] if b.on_links else delivered
        weights = pd.Series({name: n.counted(n.groups[g].commodity, b.rule.unit) for g, name in users if g in mine}, dtype=float)
        found.append((b.rule.rule, b.rule.effect == "floor", b.quantity, b.payment, weights))
    return found


def network(t: Tables) -> pypsa.Network:
    """Build the network."""
    n = pypsa.Network(snapshots=[NOW])
    n.add("Bus", t.buses)
    n.add("Link", t.links.index, bus0=t.links["bus0"], bus1=t.links["bus1"], marginal_cost=t.links["marginal_cost"], p_nom=np.inf)
    n.add("Link", t.plants.index, **{c: t.plants[c] for c in t.plants.columns})
    n.add("Generator", t.generators.index, **{c: t.generators[c] for c in t.generators.columns})
    return n


def extra(t: Tables) -> Callable[[pypsa.Network, Any], None]:
    """``extra_functionality``: what PyPSA has no components for."""

    def add(n: pypsa.Network, snapshots: Any) -> None:
        m = n.model
        p, u = m["Link-p"].loc[NOW], m["Generator-p"].loc[NOW]
        used = (p.loc[t.limit_of.index] * t.sizes.to_xarray()).groupby(t.limit_of).sum()
        capacity = t.limits.loc[used.indexes["limit"]].rename_axis("limit").to_xarray()
        m.add_constraints(used <= capacity, name="shared-capacity")
        for k, (one, full, other, other_full) in enumerate(t.coupled):
            m.add_constraints(u.loc[one] * (1 / full) - u.loc[other] * (1 / other_full) == 0, name=f"coupled-{k}")
        if len(t.services):
            y = m.add_variables(lower=0, coords=[t.services.index], name="given")
            for fleet, mine in t.services.groupby("fleet"):
                m.add_constraints((y.loc[mine.index] * mine["hours"].to_xarray()).sum() <= t.fleets[str(fleet)], name=f"fleet-{fleet}")
            for label, (mt, services) in t.ways.items():
                carried = (p.loc[mt.index] * mt.rename_axis("name").to_xarray()).sum()
                m.add_constraints(carried - y.loc[services].sum() <= 0, name=f"served-{label}")
        paid = None
        for name, floor, quantity, payment, weights in t.bounds:
            if floor:
                short = m.add_variables(lower=0, upper=quantity, name=f"short-{name}")
                paid = payment * short if paid is None else paid + payment * short
                counted = 1 * short
                if len(weights):
                    counted = (p.loc[weights.index] * weights.rename_axis("name").to_xarray()).sum() + counted
                m.add_constraints(counted >= quantity, name=f"floor-{name}")
            elif len(weights):
                m.add_constraints((p.loc[weights.index] * weights.rename_axis("name").to_xarray()).sum() <= quantity, name=f"cap-{name}")
        if paid is not None:
            m.objective = m.objective.expression + paid

    return add


def optimize(n: pypsa.Network, t: Tables, **options: Any) -> float:
    """``n.optimize`` as the documentation has it; the objective in MUSD, with keruen's constant. Raises RuntimeError unless optimal."""
    status, condition = n.optimize(extra_functionality=extra(t), log_to_console=False, include_objective_constant=False, **options)
    if status != "ok":
        raise RuntimeError(f"PyPSA: {status}, {condition}")
    return float(n.model.objective.value) + t.offset


def model(n: pypsa.Network, t: Tables) -> None:
    """The model alone, in ``n.model``."""
    n.optimize.create_model(include_objective_constant=False, consistency_check=False)
    extra(t)(n, n.snapshots)


def solve_model(n: pypsa.Network, t: Tables, *, back: bool = True, **options: Any) -> float:
    """Solve ``n.model``, without ``post_processing`` (see benchmarks/README.md). back: write flows and prices back into the network."""
    status, condition = n.model.solve(solver_name="highs", log_to_console=False, progress=False, **options)
    if status != "ok":
        raise RuntimeError(f"PyPSA: {status}, {condition}")
    if back:
        n.optimize.assign_solution()
        n.optimize.assign_duals()
    return float(n.model.objective.value) + t.offset


def close_link(n: pypsa.Network, t: Tables, link: str) -> None:
    """Shut a link of the case in a network not yet optimized."""
    n.links.loc[t.closes.get(link, []), "p_nom"] = 0.0


def quiet() -> None:
    """No logging and no warnings on the way."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
