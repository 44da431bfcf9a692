"""Many flows on one network at least cost: arcs with capacities, flows with a demand each.

::

    from keruen.solve.flows import Multiflow, solve_multiflow
    answer = solve_multiflow(Multiflow(n, tail, head, cost, capacity, origin, destination, demand))

Three engines give the same answer: an interior point on paths (:mod:`keruen.solve.flows.rounds`), the
simplex method on paths and on arcs (:mod:`keruen.solve.flows.simplex`). Whatever the engine, cost, bound
and violation are computed again from the arrays at the end, by :func:`certify`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from keruen.errors import SolveError, UsageError
from keruen.solve.flows import kernels
from keruen.solve.flows.paths import CannotMove, Floats, Ints, Outcome, Problem, Watch
from keruen.solve.flows.rounds import by_rounds
from keruen.solve.flows.simplex import by_arcs, by_simplex
from keruen.solve.interior import Workers, one_blas_thread

__all__ = ["Certificate", "Multiflow", "MultiflowAnswer", "certify", "solve_multiflow"]

Engine = Literal["auto", "interior", "simplex", "arcs"]
Progress = Callable[[int, float, float], None]
ARCS_WORK = 60_000  # arcs times origins up to which one program on arcs is quick
FINE = 2e-7  # gaps below this are the simplex's
SIMPLEX_WORK = 8_000_000  # flows times arcs up to which the simplex is quicker, where what stays has a price


@dataclass(frozen=True)
class Multiflow:
    """A network and its flows. Arrays are copied and frozen.

    n: places, numbered from 0. tail, head, cost (per unit), capacity (units; inf for none): by arc.
    origin, destination, demand (units): by flow. unmet: cost of a unit left where it is, or inf where all
    must move. Arcs may run in parallel. Raises UsageError for arrays that make no sense.
    """

    n: int
    tail: Ints
    head: Ints
    cost: Floats
    capacity: Floats
    origin: Ints
    destination: Ints
    demand: Floats
    unmet: float = np.inf
    name: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or int(self.n) != self.n or self.n < 0:
            raise UsageError(f"n: found {self.n}; expected the number of places, a whole number from 0")
        object.__setattr__(self, "n", int(self.n))
        for group, names in (("arc", ("tail", "head", "cost", "capacity")), ("flow", ("origin", "destination", "demand"))):
            sizes = {}
            for name in names:
                whole = name in ("tail", "head", "origin", "destination")
                array = _whole(name, getattr(self, name), self.n) if whole else _amount(name, getattr(self, name))
                array.setflags(write=False)
                object.__setattr__(self, name, array)
                sizes[name] = len(array)
            if len(set(sizes.values())) > 1:
                raise UsageError(f"found {', '.join(f'{v:,} of {k}' for k, v in sizes.items())}; expected one of each for every {group}")
        if np.isnan(self.unmet) or self.unmet < 0:
            raise UsageError(f"unmet: found {self.unmet}; expected a cost from 0, or inf where all must move")
        object.__setattr__(self, "unmet", float(self.unmet))


def _whole(name: str, given: Any, n: int) -> Ints:
    array = np.array(given)
    if array.ndim != 1:
        raise UsageError(f"{name}: found an array of {array.ndim} dimensions; expected one")
    if array.size and array.dtype.kind not in "iu" and not (array.dtype.kind == "f" and (array == np.floor(array)).all()):
        raise UsageError(f"{name}: found entries that are no whole numbers; expected places from 0 to {n - 1}")
    bad = np.flatnonzero((array < 0) | (array >= n)) if array.size else np.zeros(0, int)
    if bad.size:
        raise UsageError(f"{name}[{bad[0]}]: found place {array[bad[0]]:g}; expected one from 0 to {n - 1}" + _more(bad))
    return array.astype(np.int32)


def _amount(name: str, given: Any) -> Floats:
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"{name}: found entries that are no numbers; expected one number each") from None
    if array.ndim != 1:
        raise UsageError(f"{name}: found an array of {array.ndim} dimensions; expected one")
    wrong = np.isnan(array) | (array < 0) | (np.isinf(array) if name != "capacity" else False)
    bad = np.flatnonzero(wrong)
    if bad.size:
        why = " (shortest ways need costs that are not negative)" if name == "cost" and array[bad[0]] < 0 else ""
        raise UsageError(f"{name}[{bad[0]}]: found {array[bad[0]]:g}; expected a number from 0{why}" + _more(bad))
    return array


def _more(bad: Ints) -> str:
    return f"; and {len(bad) - 1:,} more like it" if len(bad) > 1 else ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """objective: cost of the paths and of what stays. bound: no plan costs less. violation: the largest breach
    of a capacity or a demand, in units, relative to it where it is above 1; inf where a path hangs loose."""

    objective: float
    bound: float
    violation: float

    @property
    def gap(self) -> float:
        return (self.objective - self.bound) / max(1.0, abs(self.objective))


@dataclass(frozen=True)
class MultiflowAnswer:
    """What moves where, and how good that is.

    load, price (value of one more unit of capacity, from the bound): by arc. Paths: arcs of path i are
    ``path_arcs[path_start[i]:path_start[i + 1]]``, of flow ``path_flow[i]``, carrying ``path_quantity[i]``;
    a flow whose origin is its destination has one path without arcs. unmet: by flow. rounds: of pricing.
    engine: which one, and ``why`` in a phrase. closed: whether the gap asked for was reached.
    """

    objective: float
    bound: float
    gap: float
    violation: float
    load: Floats
    price: Floats
    path_start: Ints
    path_arcs: Ints
    path_flow: Ints
    path_quantity: Floats
    unmet: Floats
    rounds: int
    engine: str
    why: str
    closed: bool = field(default=True)


def certify(m: Multiflow, path_start: Ints, path_arcs: Ints, path_flow: Ints, path_quantity: Floats, unmet: Floats, price: Floats,
            workers: Workers | None = None) -> Certificate:  # fmt: skip
    """Cost, bound and violation of paths, quantities left unmet and arc prices, whoever found them.

    Any prices give a bound (weak duality): the demands at their shortest ways under cost plus price, less
    the price of all capacity. Prices below 0, and those of arcs without a limit, count as 0.
    """
    x = np.asarray(path_quantity, float)
    load = kernels.loads(path_start, path_arcs, x, len(m.tail))
    left = np.asarray(unmet, float)
    paid = float(m.unmet * left.sum()) if np.isfinite(m.unmet) else 0.0
    objective = float(m.cost @ load) + paid
    loose = kernels.walk_ends(path_start, path_arcs, m.tail, m.head, m.origin[path_flow], m.destination[path_flow])
    moved = np.bincount(path_flow, x, minlength=len(m.demand))
    held = np.where(np.isfinite(m.capacity), m.capacity, 0.0)
    breach = max(
        float(np.max(np.where(np.isfinite(m.capacity), load - held, 0.0) / np.maximum(1.0, held), initial=0.0)),
        float(np.max(np.abs(moved + left - m.demand) / np.maximum(1.0, m.demand), initial=0.0)),
        float(np.max(-x, initial=0.0)),
        float(np.max(-left, initial=0.0)),
        float(np.max(left, initial=0.0)) if not np.isfinite(m.unmet) else 0.0,
    )
    mu = np.where(np.isfinite(m.capacity), np.maximum(price, 0.0), 0.0)
    problem, _ = _problem(m, workers or Workers(1))
    # A grain below every distance, so that rounding in sums along a path cannot lift the bound.
    distance, *_ = problem.price(mu, np.full(len(problem.demand), -np.inf))
    bound = problem.bound(mu, np.where(np.isfinite(distance), distance * (1 - 1e-15 * 8), distance))
    return Certificate(objective, bound, np.inf if loose >= 0 else breach)


def solve_multiflow(
    m: Multiflow,
    *,
    gap: float = 1e-6,
    engine: Engine = "auto",
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> MultiflowAnswer:
    """Move every demand at least cost within the capacities, to a proven gap.

    gap: (cost - bound) / max(1, cost) to stop at. threads: at most this many (all cores if None); the answer
    does not depend on it. time_limit: seconds, after which the best plan so far comes back with ``closed``
    False. progress: called with (round, cost so far, bound) after each round. Raises UsageError for settings
    that make no sense, SolveError where flows must move and cannot, or no plan was found in time.
    """
    if engine not in ("auto", "interior", "simplex", "arcs"):
        raise UsageError(f"engine: found {engine!r}; expected auto, interior, simplex or arcs")
    if not 0 <= gap < 1:
        raise UsageError(f"gap: found {gap}; expected a number from 0 and below 1")
    if threads is not None and threads < 1:
        raise UsageError(f"threads: found {threads}; expected a number from 1")
    workers = Workers(min(threads or os.cpu_count() or 1, 16))
    try:
        with one_blas_thread():
            return _solve(m, gap, engine, workers, Watch(time_limit, progress))
    finally:
        workers.close()


def _solve(m: Multiflow, gap: float, engine: Engine, workers: Workers, watch: Watch) -> MultiflowAnswer:
    problem, kept = _problem(m, workers)
    if not len(kept):
        return _answer(m, problem, kept, None, "none", "nothing has to move", workers, gap)
    chosen, why = _choose(problem, gap) if engine == "auto" else (engine, "asked for")
    try:
        outcome, chosen, why = _run(problem, gap, chosen, why, watch)
    except CannotMove as error:
        raise SolveError(_say_cannot(problem, str(error), watch)) from None
    if outcome.x is None and np.isfinite(problem.unmet):
        k = len(kept)  # to leave everything where it is fits always
        outcome.paths.add(np.arange(k), np.zeros(k + 1, np.int64), np.zeros(0, np.int32))
        outcome.x = np.r_[np.zeros(outcome.paths.count - k), problem.demand]
    if outcome.x is None and not watch.over and _least_stay(problem, watch) > 0:
        raise SolveError(_say_cannot(problem, "there is not enough room for all flows", watch))
    if outcome.x is None and not watch.over and chosen != "arcs" and len(problem.origins) * len(problem.arc) <= ARCS_WORK * 10:
        outcome, chosen, why = by_arcs(problem, watch), "arcs", f"{chosen} found no plan: {outcome.note}"  # costs too far apart in size
    if outcome.x is None:
        raise SolveError(f"no plan that fits the capacities was found: {'out of time' if watch.over else outcome.note}")
    return _answer(m, problem, kept, outcome, chosen, why, workers, gap)


def _problem(m: Multiflow, workers: Workers) -> tuple[Problem, Ints]:
    """The flows that have to be moved, sorted by origin, and their numbers."""
    moving = np.flatnonzero((m.demand > 0) & (m.origin != m.destination))
    kept = moving[np.lexsort((m.destination[moving], m.origin[moving]))]
    origin, goal = m.origin[kept].astype(np.int64), m.destination[kept].astype(np.int64)
    return Problem(m.n, m.tail, m.head, m.cost, m.capacity, origin, goal, m.demand[kept], m.unmet, workers), kept


def _choose(p: Problem, gap: float) -> tuple[str, str]:
    origins, arcs = len(p.origins), len(p.arc)
    finite = p.capacity[p.arc][np.isfinite(p.capacity[p.arc])]
    large = float(p.demand.mean()) > float(np.median(finite)) if len(finite) else False
    if origins * arcs <= 2_000:
        return "arcs", "a small network"
    if (origins <= 2 and arcs <= 200_000) or (large and origins * arcs <= ARCS_WORK):
        return "arcs", "few origins, and flows that fill many arcs each"
    if np.isfinite(p.unmet) and len(p.demand) * arcs <= SIMPLEX_WORK:
        return "simplex", "few flows, and what stays has a price"
    return "interior", "many flows on paths" + (", finished by the simplex" if gap < FINE else "")


def _run(p: Problem, gap: float, engine: str, why: str, watch: Watch) -> tuple[Outcome, str, str]:
    if engine == "arcs":
        return by_arcs(p, watch), engine, why
    if engine == "simplex":
        return by_simplex(p, gap, watch), engine, why
    outcome = by_rounds(p, max(gap, FINE), watch)
    if (outcome.closed and gap >= FINE) or watch.over:
        return outcome, engine, why
    if not outcome.closed and len(p.demand) > 40_000:
        return outcome, engine, why
    # Exact finish: the simplex on what survived.
    paths = outcome.paths
    price, least = paths.best(outcome.mu)
    slack = max(1e-4 * abs(float(p.demand @ np.minimum(least, p.unmet))), 1e-9)
    use = np.flatnonzero(paths.active & ((price - least[paths.flow]) * p.demand[paths.flow] <= slack))
    load = paths.loads(outcome.x) if outcome.x is not None else np.zeros(p.arcs)
    finish = by_simplex(p, gap, watch, (paths, use, outcome.mu, load))
    finish.rounds += outcome.rounds
    if finish.x is None and outcome.x is not None:
        finish.x = np.r_[outcome.x, np.zeros(paths.count - len(outcome.x))]
    return finish, engine, why if gap < FINE else why + ", finished by the simplex"


def _say_cannot(p: Problem, why: str, watch: Watch) -> str:
    least, total = _least_stay(p, watch), float(p.demand.sum())
    how = f"at least {least:.6g} of {total:.6g} units must stay" if least > 0 else "some of it must stay"
    return f"not all can move: {why}; {how}. Give a cost for unmet units, or more capacity"


def _least_stay(p: Problem, watch: Watch) -> float:
    """How much must stay at least, proven by moving as much as possible; 0 where rounding could explain it."""
    loose = Problem(p.n, p.tail, p.head, np.zeros(len(p.tail)), p.capacity, p.origin, p.goal, p.demand, 1.0, p.workers)
    engine = "arcs" if len(p.origins) * len(p.arc) <= ARCS_WORK * 10 else "interior"
    outcome, _, _ = _run(loose, 1e-6, engine, "", Watch(min(watch.left, 60.0), None))
    distance, *_ = loose.price(outcome.mu, np.full(len(p.demand), -np.inf))
    least = loose.bound(outcome.mu, distance)
    return least if least > 1e-9 * max(1.0, float(p.demand.sum())) else 0.0


def _answer(m: Multiflow, p: Problem, kept: Ints, outcome: Outcome | None, engine: str, why: str, workers: Workers, gap: float) -> MultiflowAnswer:
    unmet = np.zeros(len(m.demand))
    stay = np.flatnonzero((m.demand > 0) & (m.origin == m.destination))
    flow, quantity, start, arcs = stay.astype(np.int64), m.demand[stay], np.zeros(len(stay) + 1, np.int64), np.zeros(0, np.int32)
    price = np.zeros(len(m.tail))
    if outcome is not None and outcome.x is not None:
        paths = outcome.paths
        x = _tidy(outcome.x, paths.flow[: len(outcome.x)], p.demand)
        hops = np.diff(paths.start)[: len(x)]
        left = np.flatnonzero((x > 0) & (hops == 0))
        unmet[kept] = np.bincount(paths.flow[left], x[left], minlength=len(kept))
        used = np.flatnonzero((x > 0) & (hops > 0))
        used = used[np.argsort(kept[paths.flow[used]], kind="stable")]
        length = hops[used]
        begin = np.r_[0, np.cumsum(length)].astype(np.int64)
        take = np.repeat(paths.start[used] - begin[:-1], length) + np.arange(begin[-1])
        flow, quantity = np.r_[flow, kept[paths.flow[used]]], np.r_[quantity, x[used]]
        start, arcs = np.r_[start, begin[1:]], paths.arcs[take]
        price = outcome.mu
    proof = certify(m, start, arcs, flow, quantity, unmet, price, workers)
    rounds = outcome.rounds if outcome is not None else 0
    load = kernels.loads(start, arcs, quantity, len(m.tail))
    return MultiflowAnswer(proof.objective, proof.bound, proof.gap, proof.violation, load, price, start, arcs, flow, quantity, unmet, rounds, engine, why,
                           proof.gap <= gap)  # fmt: skip


def _tidy(x: Floats, flow: Ints, demand: Floats) -> Floats:
    """Quantities without dust: what is below 1e-12 of its demand is shared among the others."""
    kept = np.where(x > 1e-12 * demand[flow], x, 0.0)
    total = np.bincount(flow, kept, minlength=len(demand))
    return kept * (demand / np.where(total > 0, total, 1.0))[flow]
