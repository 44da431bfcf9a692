"""Commands that ask more of a plan: stress, depend, rules."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from keruen import __version__
from keruen.commands.common import (
    DONE,
    as_csv,
    as_json,
    frame_as_csv,
    load_case,
    scenario_of,
    write,
    years_of,
)
from keruen.errors import UsageError

if TYPE_CHECKING:
    from keruen.api import Case
    from keruen.scenario import Scenario



def stress(args: argparse.Namespace) -> int:
    case = load_case(args)
    years = years_of(args.year, case)
    if len(years) > 1:
        raise UsageError(f"keruen stress takes one year; got '{args.year}'")
    if args.worst is not None and args.sample is not None:
        raise UsageError("--worst and --sample are two questions; ask one at a time")
    scenario, by = scenario_of(args, case), args.by or ["link"]
    if args.sample is not None:
        return _sample(args, case, years[0], scenario)
    if args.worst is not None:
        from keruen.ask.worst import worst
        from keruen.show.stress import worst_text

        found = worst(case, args.worst, years[0], by, scenario=scenario, gap=args.gap / 100, limit_s=args.limit, progress=not args.quiet)
        if args.format == "csv":
            told, columns = found.to_dict(), ("closed", "loss_musd", "bound_musd", "gap")
            write(args, as_csv([(" + ".join(told["closed"]), *(told[c] for c in columns[1:]))], columns))
        else:
            write(args, as_json(found.to_dict()) if args.format == "json" else worst_text(found))
        return DONE
    from keruen.ask.stress import stress
    from keruen.show.stress import stress_text

    answer = stress(case, years[0], by, scenario=scenario, deep=args.deep, brief=args.brief, jobs=args.jobs, cluster=args.cluster,
                    checkpoint=args.checkpoint, progress=not args.quiet)  # fmt: skip
    if args.format == "json":
        write(args, as_json(answer.to_dict()))
    elif args.format == "csv":
        write(args, frame_as_csv(answer.closures))
    else:
        write(args, stress_text(answer, args.top))
    return DONE


def _sample(args: argparse.Namespace, case: Case, year: int, scenario: Scenario) -> int:
    from keruen.ask.sample import sample
    from keruen.show.stress import sample_text

    found = sample(case, args.sample, seed=args.seed, year=year, scenario=scenario, rivals=args.rivals, jobs=args.jobs, cluster=args.cluster,
                   checkpoint=args.checkpoint, progress=not args.quiet)  # fmt: skip
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    else:
        write(args, frame_as_csv(found.distributions) if args.format == "csv" else sample_text(found, args.top))
    return DONE


def depend(args: argparse.Namespace) -> int:
    from keruen.ask.dependence import dependence
    from keruen.show.text import shares_text

    case = load_case(args)
    if not 0 <= args.near <= 100:
        raise UsageError(f"--near is a percentage from 0 to 100; got {args.near:g}")
    rows = []
    for year in years_of(args.year, case):
        plan = case.solve(year, scenario_of(args, case))
        rows += [{"year": year, **row} for row in dependence(plan, args.by, args.commodity, args.near / 100)]
    if args.format == "json":
        told = {"keruen": __version__, "case": case.name, "scenario": list(scenario_of(args, case).names), "near": args.near / 100, "shares": rows}
        write(args, as_json(told))
    elif args.format == "csv":
        write(args, as_csv([tuple(r.values()) for r in rows], tuple(rows[0]) if rows else ("year", args.by, "commodity", "share", "share_min", "share_max")))
    else:
        write(args, f"Share of exports that touches each {args.by}: in the plan, least and greatest in any plan within {args.near:g} % of the cost.\n"
               f"And if they had to avoid it: how much of what goes through it could go around, and what that would cost more, a t, TEU or 1000 m3.\n\n"
               + shares_text(rows, args.by))  # fmt: skip
    return DONE


def rules(args: argparse.Namespace) -> int:
    """keruen rules"""
    from keruen.ask.rules import rule_costs
    from keruen.show.rules import rules_text

    case = load_case(args)
    years = years_of(args.year, case)
    if len(years) > 1:
        raise UsageError(f"keruen rules takes one year; got '{args.year}'")
    found = rule_costs(case, years[0], scenario=scenario_of(args, case), rules=args.rule)
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    else:
        write(args, frame_as_csv(found.table) if args.format == "csv" else rules_text(found))
    return DONE
