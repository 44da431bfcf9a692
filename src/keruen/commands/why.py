"""The command why: a number of the case, or a result."""

from __future__ import annotations

import argparse

from keruen.commands.common import DONE, as_csv, as_json, frame_as_csv, load_case, scenario_of, write, years_of
from keruen.errors import UsageError

__all__ = ["why"]


def why(args: argparse.Namespace) -> int:
    """keruen why"""
    from keruen.ask.sensitivity import RESULTS, sensitivity
    from keruen.ask.why import numbers_of, why
    from keruen.show.why import numbers_text, sensitivity_text, why_text
    from keruen.tables import TABLES

    case = load_case(args)
    years = years_of(args.year, case)
    if len(years) > 1:
        raise UsageError(f"keruen why takes one year; got '{args.year}'")
    scenario, first = scenario_of(args, case), args.what.split(".")[0]
    if first in RESULTS and first not in TABLES:
        found = sensitivity(case, args.what, years[0], scenario=scenario, guesses_only=args.guesses)
        if args.format == "json":
            write(args, as_json(found.to_dict()))
        else:
            write(args, frame_as_csv(found.table) if args.format == "csv" else sensitivity_text(found, args.top))
    elif first in TABLES and args.what.count(".") < 2:
        numbers = numbers_of(case, args.what)
        rows = [(n.name, n.value, n.unit, n.kind, n.confidence, n.source, n.low, n.high, len(n.rivals)) for n in numbers]
        header = ("number", "value", "unit", "kind", "confidence", "source", "low", "high", "rivals")
        if args.format == "json":
            write(args, as_json([dict(zip(header, row, strict=True)) for row in rows]))
        else:
            write(args, as_csv(rows, header) if args.format == "csv" else numbers_text(args.what, numbers))
    elif first in TABLES:
        told = why(case, args.what, years[0], scenario=scenario)
        if args.format == "json":
            write(args, as_json(told.to_dict()))
        else:
            write(args, frame_as_csv(told.table) if args.format == "csv" else why_text(case, told))
    else:
        from keruen.errors import did_you_mean

        raise UsageError(f"found '{args.what}', expected a number such as links.cpc-1.capacity, a table, a row, or a result: {', '.join(RESULTS)}. "
                         f"{did_you_mean(first, [*TABLES, *RESULTS])}".rstrip())  # fmt: skip
    return DONE
