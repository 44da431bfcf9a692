"""Traffic equilibrium: every trip on a way that costs it least, where costs grow with load (Wardrop 1952).

::

    from keruen.solve.equilibrium import Assignment, solve_equilibrium
    answer = solve_equilibrium(Assignment(n, tail, head, delays, origin, destination, demand), gap=1e-12)

It is the least of a convex function, the integrals of cost added up (Beckmann, McGuire, Winsten 1956); with
``system`` the total cost is the least instead. The method is path-based: columns by Dijkstra, and shifts
between a pair's paths by Newton steps on the arcs they do not share (Jayakrishnan, Tsai, Prashker,
Rajadhyaksha 1994), every shift seen by the next one and pairs at rest passed over (after Xie, Nie, Liu 2018).
Gap and bound are computed again from the paths at the end, by :func:`certify`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from math import fsum
from typing import Any, SupportsInt

import numpy as np

from keruen.errors import SolveError, UsageError
from keruen.solve.delays import Delays
from keruen.solve.equilibrium.rounds import NoWay, Pairs, level_out
from keruen.solve.flows import _amount as amount
from keruen.solve.flows import _whole as whole
from keruen.solve.flows import kernels
from keruen.solve.flows.paths import Floats, Ints
from keruen.solve.interior import Workers

__all__ = ["Assignment", "EquilibriumAnswer", "EquilibriumCertificate", "certify", "solve_equilibrium"]

Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Assignment:
    """A network with delays, and trips that choose their ways on it. Arrays are copied and frozen.

    n: places, numbered from 0. tail, head: by arc. delays: a curve for each arc, or (free, scale, capacity, power)
    of BPR curves: free + scale (load / capacity)^power. origin, destination, demand (units): by trip; a pair may
    come twice. fixed: cost by arc that load does not change, such as tolls (None: none). first_thru: places below
    it are begun and ended at, never passed. Arcs may run in parallel. Raises UsageError for arrays that make no sense.
    """

    n: int
    tail: Ints
    head: Ints
    delays: Delays
    origin: Ints
    destination: Ints
    demand: Floats
    fixed: Floats | None = None
    first_thru: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        for name, lowest in (("n", 0), ("first_thru", 0)):
            value = getattr(self, name)
            if isinstance(value, (bool, str)) or not isinstance(value, SupportsInt) or int(value) != value or int(value) < lowest:
                raise UsageError(f"{name}: found {value}; expected a whole number from {lowest}")
            object.__setattr__(self, name, int(value))
        for group, names in (("arc", ("tail", "head", "fixed")), ("trip", ("origin", "destination", "demand"))):
            sizes = {}
            for name in names:
                given = getattr(self, name)
                if name == "fixed" and given is None:
                    given = np.zeros(len(self.tail))
                array = amount(name, given) if name in ("fixed", "demand") else whole(name, given, self.n)
                array.setflags(write=False)
                object.__setattr__(self, name, array)
                sizes[name] = len(array)
            if group == "arc":
                if not isinstance(self.delays, Delays):
                    object.__setattr__(self, "delays", _bpr(self.delays, len(self.tail)))
                sizes["delays"] = len(self.delays)
            if len(set(sizes.values())) > 1:
                raise UsageError(f"found {', '.join(f'{v:,} of {k}' for k, v in sizes.items())}; expected one of each for every {group}")

    @property
    def curves(self) -> Delays:
        """What a unit pays by arc: delay and fixed cost."""
        return self.delays.plus(self.fixed) if self.fixed is not None and self.fixed.any() else self.delays


def _bpr(given: Any, arcs: int) -> Delays:
    try:
        free, scale, capacity, power = given
    except (TypeError, ValueError):
        raise UsageError("delays: found neither Delays nor four arrays; expected Delays, or (free, scale, capacity, power) of BPR curves") from None
    return Delays.bpr(np.broadcast_to(np.asarray(free, float), (arcs,)) if np.ndim(free) == 0 else free, scale, capacity, power)


@dataclass(frozen=True, slots=True)
class EquilibriumCertificate:
    """objective: the integrals of cost (``system``: the total cost). bound: no flows have less. total: what all pay, at the costs
    that decide (``system``: marginal ones). excess: how much of it is above the cheapest ways. violation: the largest
    difference between a demand and its paths, or flow below 0, in units, relative where above 1; inf where a path hangs loose."""

    objective: float
    bound: float
    total: float
    excess: float
    violation: float

    @property
    def gap(self) -> float:
        """excess / total, the relative gap."""
        return self.excess / self.total if self.total > 0 else 0.0


@dataclass(frozen=True)
class EquilibriumAnswer:
    """Who goes where, what it costs, and how near that is to equilibrium.

    objective: integrals of cost added up; with ``system`` the total cost. bound: proven, no flows have less. gap: relative,
    (what all pay - what the cheapest ways would cost) / what all pay. average_excess: the same difference by unit of demand
    that moves. total: what all pay, at the cost of each arc under its load. load, cost: by arc. Paths: arcs of path i are
    ``path_arcs[path_start[i]:path_start[i + 1]]``, of trip ``path_flow[i]``, carrying ``path_quantity[i]``; a trip whose
    origin is its destination has one path without arcs. rounds: of searching cheapest ways. closed: whether the gap
    asked for was reached. How flow divides among paths is not unique; loads are, on arcs whose cost grows.
    """

    objective: float
    bound: float
    gap: float
    average_excess: float
    total: float
    violation: float
    load: Floats
    cost: Floats
    path_start: Ints
    path_arcs: Ints
    path_flow: Ints
    path_quantity: Floats
    rounds: int
    system: bool
    closed: bool = field(default=True)


def solve_equilibrium(
    assignment: Assignment,
    *,
    gap: float = 1e-6,
    system: bool = False,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> EquilibriumAnswer:
    """Flows at which no trip has a cheaper way, or (``system``) at which all together pay least.

    gap: relative, to stop at; 1e-12 and less can be had, rounding ends it near 1e-16. threads: at most this many (all
    cores if None); the answer does not depend on it. time_limit: seconds, after which the flows so far come back with
    ``closed`` False. progress: called with (round, objective, bound) after each round. Raises UsageError for settings
    that make no sense, SolveError where a trip has no way or vertical delays no room.
    """
    a = assignment
    if not 0 <= gap < 1:
        raise UsageError(f"gap: found {gap}; expected a number from 0 and below 1")
    if threads is not None and threads < 1:
        raise UsageError(f"threads: found {threads}; expected a number from 1")
    if time_limit is not None and not time_limit >= 0:
        raise UsageError(f"time_limit: found {time_limit}; expected seconds from 0")
    curves = a.curves.marginal() if system else a.curves
    pairs, kept = _pairs(a)
    stay = np.flatnonzero((a.demand > 0) & (a.origin == a.destination))
    start, arcs, flow, quantity, rounds = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0), 0
    workers = Workers(min(threads or os.cpu_count() or 1, 16))
    try:
        if len(kept):
            try:
                found = level_out(pairs, curves, gap, workers, time_limit, progress)
            except NoWay as error:
                raise SolveError(_say_no_way(a, kept[error.pair], kept)) from None
            (first, start, arcs, quantity), rounds = found.paths, found.rounds
            flow = np.repeat(kept, np.diff(first))
        start = np.r_[np.zeros(len(stay), np.int64), start]
        flow, quantity = np.r_[stay, flow], np.r_[a.demand[stay], quantity]
        proof = certify(a, start, arcs, flow, quantity, system=system, workers=workers)
    finally:
        workers.close()
    load = kernels.loads(start, arcs, quantity, len(a.tail))
    cost = a.curves.cost(load)
    moved = fsum(a.demand[kept].tolist())
    return EquilibriumAnswer(proof.objective, proof.bound, proof.gap, proof.excess / moved if moved > 0 else 0.0, fsum((load * cost).tolist()),
                             proof.violation, load, cost, start, arcs, flow, quantity, rounds, system, proof.gap <= gap)  # fmt: skip


def certify(a: Assignment, path_start: Ints, path_arcs: Ints, path_flow: Ints, path_quantity: Floats, *, system: bool = False,
            workers: Workers | None = None) -> EquilibriumCertificate:  # fmt: skip
    """Objective, bound, excess and violation of paths with quantities, whoever found them.

    The bound is that of convexity: no flows have an objective below this one's less its excess. Cheapest ways
    are searched on a network in which places that may not be passed are split in two.
    """
    curves = a.curves.marginal() if system else a.curves
    load = kernels.loads(path_start, path_arcs, path_quantity, len(a.tail))
    cost = curves.cost(load)
    closed = min(a.first_thru, a.n)
    tail, origin = (np.where(x < closed, x + a.n, x).astype(np.int32) for x in (a.tail, a.origin))
    usable = np.flatnonzero(a.tail != a.head)
    arc = usable[np.argsort(tail[usable], kind="stable")].astype(np.int32)
    first = np.r_[0, np.cumsum(np.bincount(tail[arc], minlength=a.n + closed))].astype(np.int64)
    order = np.lexsort((a.destination, a.origin))
    order = order[(a.demand[order] > 0) & (a.origin[order] != a.destination[order])]
    origins, begin = np.unique(origin[order], return_index=True)
    rank = np.argsort(begin, kind="stable")
    origins, of_origin = origins[rank].astype(np.int64), np.r_[begin[rank], len(order)].astype(np.int64)
    goal, never = a.destination[order].astype(np.int64), np.full(len(order), -np.inf)
    weight, cuts = cost[arc], np.linspace(0, len(origins), min(16, len(origins)) + 1).astype(int)

    def share(i: int) -> Any:
        return kernels.shortest_ways(first, a.head[arc], arc, weight, origins, of_origin, goal, never, int(cuts[i]), int(cuts[i + 1]))[0]

    least = np.zeros(len(a.demand))
    if len(order):
        least[order] = np.concatenate((workers or Workers(1)).map(share, len(cuts) - 1))
    price = kernels.path_prices(path_start, path_arcs, cost)
    paid = path_quantity > 0
    excess = fsum(np.maximum((path_quantity * (price - least[path_flow]))[paid], 0.0).tolist())
    hops = np.diff(path_start)
    ends = np.where(hops > 0, origin[path_flow], a.origin[path_flow]).astype(np.int64)
    loose = kernels.walk_ends(path_start, path_arcs, tail, a.head, ends, a.destination[path_flow].astype(np.int64))
    short = np.abs(np.bincount(path_flow, path_quantity, minlength=len(a.demand)) - a.demand) / np.maximum(1.0, a.demand)
    breach = max(float(np.max(short, initial=0.0)), float(np.max(-path_quantity, initial=0.0)))
    objective, total = fsum(curves.integral(load).tolist()), fsum((load * cost).tolist())
    return EquilibriumCertificate(objective, objective - excess, total, excess, np.inf if loose >= 0 else breach)


def _pairs(a: Assignment) -> tuple[Pairs, Ints]:
    """The trips that have to move, sorted by origin and destination, and their numbers."""
    moving = np.flatnonzero((a.demand > 0) & (a.origin != a.destination))
    kept = moving[np.lexsort((a.destination[moving], a.origin[moving]))]
    origins, begin = np.unique(a.origin[kept], return_index=True)
    usable = np.flatnonzero(a.tail != a.head)
    arc = usable[np.argsort(a.tail[usable], kind="stable")].astype(np.int32)
    first = np.r_[0, np.cumsum(np.bincount(a.tail[arc], minlength=a.n))].astype(np.int64)
    graph = (first, a.head[arc].astype(np.int32), arc)
    of_origin = np.r_[begin, len(kept)].astype(np.int64)
    return Pairs(len(a.tail), graph, origins.astype(np.int64), of_origin, a.destination[kept].astype(np.int64), a.demand[kept], a.first_thru), kept


def _say_no_way(a: Assignment, trip: int, kept: Ints) -> str:
    """Which trips have no way: the first, and how many more."""
    first, to = _pairs(a)[0].graph[:2]
    lost = 0
    for o in np.unique(a.origin[kept]).tolist():
        seen = np.zeros(a.n, bool)
        seen[o] = True
        queue = [o]
        while queue:
            v = queue.pop()
            if v < a.first_thru and v != o:
                continue
            near = to[first[v] : first[v + 1]]
            fresh = np.unique(near[~seen[near]])
            seen[fresh] = True
            queue.extend(fresh.tolist())
        lost += int((~seen[a.destination[kept[a.origin[kept] == o]]]).sum())
    more = f", and {lost - 1:,} more trips have none" if lost > 1 else ""
    zones = f" without passing one below place {a.first_thru}" if a.first_thru else ""
    return (
        f"trip {trip} ({a.demand[trip]:g} from place {a.origin[trip]} to place {a.destination[trip]}, numbered from 0): found no way{zones}{more}; "
        "expected arcs that lead there. Add them, or leave the trip out"
    )
