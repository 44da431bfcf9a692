"""Commands about a case and its plans: check, scenarios, solve, report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keruen import __version__
from keruen.commands.common import (
    DONE,
    FINDING,
    as_csv,
    as_json,
    load_case,
    scenario_of,
    write,
    write_report,
    years_of,
)
from keruen.errors import UsageError

if TYPE_CHECKING:
    from keruen.plan import Plan



def check(args: argparse.Namespace) -> int:
    from keruen.case import numbers_by_kind
    from keruen.check import check_case
    from keruen.errors import say

    case, findings = check_case(args.case)
    problems = [f for f in findings if not f.warning]
    if args.format == "json":
        import dataclasses

        counts = numbers_by_kind(case) if case else {}
        write(args, as_json({"keruen": __version__, "case": str(args.case), "problems": [dataclasses.asdict(f) for f in problems],
                            "warnings": [dataclasses.asdict(f) for f in findings if f.warning], "numbers": counts}))  # fmt: skip
    elif args.format == "csv":
        write(args, as_csv([(f.code, f.file, f.row, f.column, f.found, f.expected, f.remedy, "warning" if f.warning else "problem") for f in findings],
                          ("code", "file", "row", "column", "found", "expected", "remedy", "weight")))  # fmt: skip
    else:
        lines = [say(findings)] if findings else []
        lines.append(f"{args.case}: {len(problems)} problem(s), {len(findings) - len(problems)} warning(s)")
        if case:
            from keruen.show.text import table

            counts = numbers_by_kind(case)
            total = {k: sum(c[k] for c in counts.values()) for k in ("sourced", "derived", "estimate", "rival")}
            rows = [[t, *c.values()] for t, c in counts.items()] + [["all", *total.values()]]
            lines.append("\nNumbers by what stands behind them\n" + table(rows, ["table", "sourced", "derived", "estimate", "rivals kept beside"]))
        write(args, "\n".join(lines))
    return FINDING if problems or (args.warnings_too and findings) else DONE


def scenarios(args: argparse.Namespace) -> int:
    from keruen.scenario import describe
    from keruen.show.text import table

    rows = describe(load_case(args))
    if args.format == "json":
        write(args, as_json(rows))
    elif args.format == "csv":
        write(args, as_csv([tuple(r.values()) for r in rows], ("scenario", "year", "title", "text", "confidence", "source")))
    else:
        write(args, table([[r["scenario"], None if r["year"] is None else str(r["year"]), r["title"], r["confidence"]] for r in rows],
                           ["scenario", "year", "what", "confidence"]))  # fmt: skip
    return DONE


def solve(args: argparse.Namespace) -> int:
    case = load_case(args)
    if not 0 <= args.gap < 1:
        raise UsageError(f"--gap is relative, from 0 to less than 1; got {args.gap:g}")
    scenario = scenario_of(args, case)
    years = years_of(args.year, case)
    how: dict[str, Any] = {"behaviour": args.behaviour, "engine": args.engine, "gap": args.gap}
    plans = [case.solve(year, scenario, **how, verify=args.verify) for year in years]
    bases = [case.solve(year, None if args.compare == "base" else args.compare, **how) for year in years] if args.compare else []
    if args.format == "json":
        against: Sequence[Plan | None] = bases or [None] * len(plans)
        data = [_with_comparison(plan.to_dict(), plan, base) for plan, base in zip(plans, against, strict=True)]
        write(args, as_json(data[0] if len(data) == 1 else data))
    elif args.format == "csv":
        write(args, _plans_csv(plans, bases, args.table))
    else:
        write(args, _plans_text(plans, bases))
    if args.report:
        write_report(args.report, plans[-1], bases[-1] if bases else None)
    if args.verify and any((p.certificate.verified or 0.0) > 1e-6 for p in plans):
        print("keruen: the second formulation disagrees; please report this with the case", file=sys.stderr)
        return FINDING
    return DONE


def report(args: argparse.Namespace) -> int:
    if args.output is None:
        raise UsageError("say where to write the report: -o FILE.html")
    case = load_case(args)
    year = years_of(args.year, case)[-1]
    scenario = scenario_of(args, case)
    plan = case.solve(year, scenario)
    base = case.solve(year, None if args.compare == "base" else args.compare) if args.compare else None
    if args.brief:
        write_report(args.output, plan, base)
    else:
        from keruen.ask.sensitivity import guesses

        write_report(args.output, plan, base, guesses=guesses(case, year=year, scenario=scenario), claims=True)
    return DONE


def _with_comparison(data: dict[str, Any], plan: Plan, base: Plan | None) -> dict[str, Any]:
    if base is not None:
        from keruen.compare import as_rows

        data["compared_with"] = list(base.scenario)
        data["comparison"] = as_rows(plan.compare(base))
    return data


def _plans_csv(plans: Sequence[Plan], bases: Sequence[Plan], name: str) -> str:
    frames = [plan.compare(base) for plan, base in zip(plans, bases, strict=True)] if bases else [getattr(plan, name) for plan in plans]
    rows = [(plan.year, *row) for plan, frame in zip(plans, frames, strict=True) for row in frame.itertuples(index=False, name=None)]
    return as_csv([[None if v != v else v for v in row] for row in rows], ("year", *frames[0].columns))


def _plans_text(plans: Sequence[Plan], bases: Sequence[Plan]) -> str:
    from keruen.show.text import comparison_text, plan_text, table

    if len(plans) > 1:
        names = sorted({r["commodity"] for plan in plans for r in plan.exports.to_dict("records")})
        rows = []
        for plan in plans:
            by = {r["commodity"]: r["moved"] for r in plan.exports.to_dict("records")}
            rows.append(
                [str(plan.year), plan.cost_musd, len(plan.shortages), *[by.get(c) for c in names]]
            )
        return "Exports by year\n" + table(rows, ["year", "cost MUSD", "shortages", *names])
    text = plan_text(plans[0])
    if bases:
        text += f"\n\nWhat changed against {' + '.join(bases[0].scenario) or 'base'}\n" + comparison_text(plans[0].compare(bases[0]))
    return text
