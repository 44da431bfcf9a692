"""How much of the home country's exports crosses a country, place or operator: a range, not a number.

An optimal flow is rarely unique, so the least and greatest share are found over all plans that export
as much and cost at most a little more. The network of the commodity gets a second floor: a flow steps
up to it when it touches what is asked about, and never comes down. What is delivered there has touched it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keruen.network import Edge, Network
from keruen.solve import Solution
from keruen.solve.highs import Solver
from keruen.solve.paths import paths_of
from keruen.solve.program import Taken, assemble

__all__ = ["NEAR", "Share", "exported", "share_of", "touching"]

NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Share:
    """Of home exports of a commodity, the part that touches something: in the plan, and at least and at most."""

    plan: float
    least: float
    most: float


def touching(n: Network, selector: str, name: str) -> frozenset[int]:
    """Edges that touch a country, place, operator or link."""
    places = n.vertices
    return frozenset(
        i
        for i, e in enumerate(n.edges)
        if (selector == "country" and name in e.countries and e.direction != "transfer")
        or (selector == "place" and name in (places[e.tail][0], places[e.head][0]))
        or (selector == "operator" and e.operator == name)
        or (selector == "link" and e.name == name)
    )


def is_export(n: Network, t: Taken) -> bool:
    """Whether what leaves by this column is a home export: from home, to a market abroad."""
    group = n.groups[t.group]
    home = n.case.home
    if t.kind == "consigned":
        c = n.consigned[t.item]
        return c.origin.country == home and c.destination.country != home
    if t.kind != "demand" or n.wants[t.item].use != "market" or n.wants[t.item].ends[t.end][0].country == home:
        return False
    kind, i = group.origins[0]
    return (n.offers[i].end if kind == "supply" else n.works[i].end).country == home


def exported(solution: Solution, commodity: str) -> float:
    """Home exports of the commodity in the plan."""
    n = solution.network
    return float(sum(solution.x[c] for c, t in solution.program.taken if n.groups[t.group].commodity == commodity and is_export(n, t)))


def share_of(solution: Solution, commodity: str, edges: frozenset[int], near: float = NEAR) -> Share | None:
    """The share of exports that touches any of the edges; None where nothing is exported.

    near: how much dearer than the best a plan may be, relative to the cost of moving everything
    (the objective without the value of what is delivered).
    """
    n, total = solution.network, exported(solution, commodity)
    if total <= 1e-9:
        return None
    groups = [g for g, group in enumerate(n.groups) if group.commodity == commodity and _exports(n, g)]
    used = sum(
        p.quantity for g in groups for p in paths_of(solution, g) if is_export(n, p.destination) and edges & set(p.edges)
    )
    if not any(edges & set(n.groups[g].edges.tolist()) for g in groups):
        return Share(0.0, 0.0, 0.0)
    least, most = _range(solution, commodity, frozenset(groups), edges, total, near)
    return Share(min(1.0, used / total), least, most)


def _exports(n: Network, g: int) -> bool:
    group = n.groups[g]
    ends = [Taken(k, i, g, -1, end) for k, i, end in group.destinations if k == "demand"]
    return any(is_export(n, t) for t in ends + [Taken("consigned", i, g, -1) for i in group.consigned])


def _range(solution: Solution, commodity: str, groups: frozenset[int], edges: frozenset[int], total: float, near: float) -> tuple[float, float]:
    tall = _second_floor(solution.network, groups, edges)
    program = assemble(tall)
    base = len(solution.network.vertices)
    up = np.zeros(len(program.cost))
    out = np.zeros(len(program.cost))
    for column, t in program.taken:
        if tall.groups[t.group].commodity == commodity and is_export(tall, t):
            out[column] = 1.0
            up[column] = float(t.vertex >= base)
    solver = Solver(program.cost, program.upper, program.matrix, program.row_lower, program.row_upper)
    solver.solve()
    slack = near * abs(transport_cost(solution))
    _row(solver, program.cost, -np.inf, solution.objective - program.offset + slack)
    _row(solver, out, total - 1e-7, total + 1e-7)
    solver.set_cost(up)
    least = solver.solve().objective
    solver.set_cost(-up)
    most = -solver.solve().objective
    return max(0.0, least / total), min(1.0, most / total)


def _row(solver: Solver, values: NDArray[np.float64], lower: float, upper: float) -> None:
    columns = np.flatnonzero(values).astype(np.int32)
    solver.add_row(lower, upper, columns, values[columns])


def transport_cost(solution: Solution) -> float:
    """What moving and missing cost, in MUSD: the objective without the value of what demands got."""
    p = solution.program
    value = sum(
        w.price * float(solution.x[p.met + i] + solution.x[p.extra + i]) for i, w in enumerate(solution.network.wants)
    )
    return solution.objective + value


def _second_floor(n: Network, groups: frozenset[int], edges: frozenset[int]) -> Network:
    """The network with vertices doubled for the groups: ``v + base`` is v after touching an edge."""
    base = len(n.vertices)
    more: list[Edge] = list(n.edges)
    upstairs: dict[int, int] = {}
    stepping: dict[int, int] = {}
    for e in sorted({e for g in groups for e in n.groups[g].edges.tolist()}):
        edge = n.edges[e]
        upstairs[e] = len(more)
        more.append(replace(edge, tail=edge.tail + base, head=edge.head + base))
        if e in edges:
            stepping[e] = len(more)
            more.append(replace(edge, head=edge.head + base))
    made = []
    for g, group in enumerate(n.groups):
        if g not in groups:
            made.append(group)
            continue
        own = group.edges.tolist()
        where = [stepping.get(e, e) for e in own] + [upstairs[e] for e in own]
        made.append(replace(group, edges=np.array(where, np.int64), cost=np.concatenate([group.cost, group.cost])))
    wants = tuple(replace(w, ends=tuple((end, at + tuple(v + base for v in at)) for end, at in w.ends)) for w in n.wants)
    consigned = tuple(replace(c, vertices=(c.vertices[0], c.vertices[1] + tuple(v + base for v in c.vertices[1]))) for c in n.consigned)
    # What a plant takes in may have touched it; what it makes has not.
    works = tuple(
        replace(w, vertices={**w.vertices, w.input: w.vertices[w.input] + tuple(v + base for v in w.vertices[w.input])}) for w in n.works
    )
    bounds = tuple(
        replace(b, edges=b.edges | {upstairs[e] for e in b.edges if e in upstairs} | {stepping[e] for e in b.edges if e in stepping})
        for b in n.bounds
    )
    return replace(
        n, vertices=n.vertices + n.vertices, edges=tuple(more), wants=wants, consigned=consigned, works=works, bounds=bounds, groups=tuple(made)
    )
