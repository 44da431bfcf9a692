"""The command for published networks of flows."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from keruen.commands.common import (
    DONE,
    FINDING,
    as_csv,
    as_json,
    write,
)

if TYPE_CHECKING:
    pass



def flow(args: argparse.Namespace) -> int:
    from keruen.files.flow_formats import read_flows
    from keruen.solve.flows import solve_multiflow

    m = read_flows(args.network, args.trips)
    answer = solve_multiflow(m, gap=args.gap, engine=args.engine, time_limit=args.limit)
    head = {"network": args.network.name, "places": m.n, "arcs": len(m.tail), "flows": len(m.demand), "objective": answer.objective, "bound": answer.bound,
            "gap": answer.gap, "violation": answer.violation, "unmet": float(answer.unmet.sum()), "engine": f"{answer.engine}: {answer.why}",
            "rounds": answer.rounds}  # fmt: skip
    arcs = zip(m.tail.tolist(), m.head.tolist(), m.cost.tolist(), m.capacity.tolist(), answer.load.tolist(), answer.price.tolist(), strict=True)
    columns = ("tail", "head", "cost", "capacity", "load", "price")
    rows = [(t + 1, h + 1, c, None if k == float("inf") else k, x, p) for t, h, c, k, x, p in arcs]
    if args.format == "csv":
        write(args, as_csv(rows, columns))
    elif args.format == "json":
        from keruen import __version__

        write(args, as_json({"keruen": __version__, **head, "links": [dict(zip(columns, row, strict=True)) for row in rows]}))
    else:
        full = sum(1 for *_, k, x, _ in rows if k is not None and k > 0 and x >= k * (1 - 1e-6))
        write(args, "\n".join(f"{k:<10} {v:,.10g}" if isinstance(v, (int, float)) and k != "gap" else f"{k:<10} {v}" for k, v in head.items())
               + f"\nfull arcs  {full:,}")  # fmt: skip
    return DONE if answer.closed else FINDING
