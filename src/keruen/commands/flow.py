"""The command for published networks of flows, at least cost or at equilibrium."""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import TYPE_CHECKING, Any

from keruen.commands.common import DONE, FINDING, as_csv, as_json, write
from keruen.errors import UsageError

if TYPE_CHECKING:
    from keruen.files.flow_formats import PublishedFlow
    from keruen.solve.equilibrium import Assignment, EquilibriumAnswer

__all__ = ["flow"]

ALIKE = 1e-6  # relative to the published flow


def flow(args: argparse.Namespace) -> int:
    """``keruen flow``: exit 1 where the gap asked for was not reached."""
    if args.trips is not None and args.trips_named is not None:
        raise UsageError(f"--trips: found '{args.trips_named}' beside '{args.trips}'; expected the trips once")
    args.trips = args.trips or args.trips_named
    if args.equilibrium:
        return _equilibrium(args)
    for word, given in (("--system", args.system), ("--compare", args.compare), ("--toll-weight", args.toll_weight),
                        ("--distance-weight", args.distance_weight)):  # fmt: skip
        if given:
            raise UsageError(f"{word}: found without --equilibrium; expected both, as without it costs do not grow with load")
    return _least_cost(args)


def _least_cost(args: argparse.Namespace) -> int:
    from keruen.files.flow_formats import read_flows
    from keruen.solve.flows import solve_multiflow

    m = read_flows(args.network, args.trips)
    answer = solve_multiflow(m, gap=args.gap, engine=args.engine, threads=args.threads, time_limit=args.limit)
    head = {"network": args.network.name, "places": m.n, "arcs": len(m.tail), "flows": len(m.demand), "objective": answer.objective, "bound": answer.bound,
            "gap": answer.gap, "violation": answer.violation, "unmet": float(answer.unmet.sum()), "engine": f"{answer.engine}: {answer.why}",
            "rounds": answer.rounds}  # fmt: skip
    arcs = zip(m.tail.tolist(), m.head.tolist(), m.cost.tolist(), m.capacity.tolist(), answer.load.tolist(), answer.price.tolist(), strict=True)
    columns = ("tail", "head", "cost", "capacity", "load", "price")
    rows = [(t + 1, h + 1, c, None if k == float("inf") else k, x, p) for t, h, c, k, x, p in arcs]
    full = sum(1 for *_, k, x, _ in rows if k is not None and k > 0 and x >= k * (1 - 1e-6))
    _write(args, head, columns, rows, lambda: f"{_lines(head)}\nfull arcs  {full:,}")
    return DONE if answer.closed else FINDING


def _equilibrium(args: argparse.Namespace) -> int:
    from keruen.files.flow_formats import read_tntp_flow, read_tntp_roads
    from keruen.solve.equilibrium import solve_equilibrium

    if args.trips is None:
        raise UsageError(f"{args.network.name}: found no trips; expected a trip table of the TNTP format, as --trips FILE")
    if args.engine != "auto":
        raise UsageError(f"--engine: found '{args.engine}' with --equilibrium; expected none, there is one method")
    a = read_tntp_roads(args.network, args.trips, toll_weight=args.toll_weight, distance_weight=args.distance_weight)
    published = read_tntp_flow(args.compare) if args.compare else None
    volume = published.on(a.tail, a.head)[0] if published else None
    began = perf_counter()
    answer = solve_equilibrium(a, gap=args.gap, system=args.system, threads=args.threads, time_limit=args.limit)
    seconds = perf_counter() - began
    head = {"network": args.network.name, "equilibrium": "system" if args.system else "user", "places": a.n, "arcs": len(a.tail), "trips": len(a.demand),
            "objective": answer.objective, "bound": answer.bound, "gap": answer.gap, "average_excess": answer.average_excess, "total_cost": answer.total,
            "violation": answer.violation, "paths": len(answer.path_quantity), "rounds": answer.rounds}  # fmt: skip
    if published is not None:
        head["compared"] = _compared(a, answer, published)
    columns: tuple[str, ...] = ("tail", "head", "load", "cost", "free_cost", "capacity")
    arrays = [a.tail + 1, a.head + 1, answer.load, answer.cost, a.curves.free, a.delays.capacity]
    if volume is not None:
        columns, arrays = (*columns, "published"), [*arrays, volume]
    rows = list(zip(*(x.tolist() for x in arrays), strict=True))
    _write(args, head, columns, rows, lambda: f"{_lines(head)}\nseconds        {seconds:.3f}\n\n{_fullest(a, answer, args.top)}")
    return DONE if answer.closed else FINDING


def _compared(a: Assignment, answer: EquilibriumAnswer, published: PublishedFlow) -> dict[str, Any]:
    """The largest differences to published flows, and the objective of those flows."""
    import numpy as np

    volume, _ = published.on(a.tail, a.head)
    off = np.abs(answer.load - volume)
    unlike = off > ALIKE * np.maximum(volume, 1.0)
    rises = a.delays.slope(np.maximum(answer.load, volume)) > 0
    curves = a.curves.marginal() if answer.system else a.curves
    worst = int(off.argmax()) if len(off) else -1
    return {
        "file": published.name,
        "largest_difference": float(off.max(initial=0.0)),
        "at": f"{a.tail[worst] + 1} to {a.head[worst] + 1}" if worst >= 0 else "",
        "unlike": int(unlike.sum()),
        "unlike_where_cost_rises": int((unlike & rises).sum()),
        "objective_published": float(curves.integral(np.maximum(volume, 0.0)).sum()),
        "total_cost_published": float(volume @ a.curves.cost(np.maximum(volume, 0.0))),
    }


def _fullest(a: Assignment, answer: EquilibriumAnswer, top: int) -> str:
    """The links whose delay takes most from those on them, as a table."""
    import numpy as np
    from tabulate import tabulate

    lost = answer.load * (answer.cost - a.curves.free)
    shown = [i for i in np.argsort(-lost, kind="stable")[: max(top, 0)].tolist() if lost[i] > 0]
    if not shown:
        return "no link costs more than without load"
    share, free = answer.load / a.delays.capacity, a.curves.free
    rows = [(f"{a.tail[i] + 1} to {a.head[i] + 1}", answer.load[i], share[i], answer.cost[i], free[i], lost[i]) for i in shown]
    return str(tabulate(rows, ("link", "load", "load/capacity", "cost", "free", "delay x load"), floatfmt=",.6g"))


def _lines(head: dict[str, Any]) -> str:
    flat = {k: v for k, v in head.items() if not isinstance(v, dict)} | {k: v for d in head.values() if isinstance(d, dict) for k, v in d.items()}
    wide = max(10, *map(len, flat))
    plain = {"gap", "average_excess", "violation", "largest_difference"}
    told = {k: f"{v:,.15g}" if isinstance(v, (int, float)) and k not in plain else v for k, v in flat.items()}
    return "\n".join(f"{k.replace('_', ' '):<{wide}} {v}" for k, v in told.items())


def _write(args: argparse.Namespace, head: dict[str, Any], columns: tuple[str, ...], rows: list[tuple[Any, ...]], text: Any) -> None:
    if args.format == "csv":
        write(args, as_csv(rows, columns))
    elif args.format == "json":
        from keruen import __version__

        plain = [tuple(None if isinstance(x, float) and x in (float("inf"), float("-inf")) else x for x in row) for row in rows]
        write(args, as_json({"keruen": __version__, **head, "links": [dict(zip(columns, row, strict=True)) for row in plain]}))
    else:
        write(args, text())
