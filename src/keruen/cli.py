"""The command line: parse, call, print. Heavy modules are imported inside the commands."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen import __version__
from keruen.errors import CaseError, KeruenError, UsageError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from keruen.api import Case
    from keruen.plan import Plan
    from keruen.scenario import Scenario

__all__ = ["main"]

DONE, FINDING, WRONG_USE = 0, 1, 2
TABLES_OF_PLAN = ("links", "limits", "commodities", "exports", "plants", "shortages", "countries", "screenlines", "flows")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0 done, 1 a finding, 2 wrong use."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if not hasattr(args, "run"):
        parser.print_help()
        return WRONG_USE
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except CaseError as error:
        from keruen.errors import say

        print(f"The case {error.name} cannot be used: {len(error.findings)} problem(s).\n{say(error.findings)}", file=sys.stderr)
        return FINDING
    except BrokenPipeError:
        # The reader went away, as in `keruen ... | head`; what is left in the buffer must not fail when Python ends.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return DONE
    except OSError as error:
        print(f"keruen: cannot use '{error.filename}': {error.strerror}", file=sys.stderr)
        return WRONG_USE
    except KeruenError as error:
        print(f"keruen: {error}", file=sys.stderr)
        return WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keruen",
        description="Stress-test a country's trade routes: what can still leave and arrive, by which way, at what cost.",
        epilog="CASE is a folder of tables or a shipped name (kazakhstan). Exit: 0 done, 1 a finding such as a problem in a case, 2 wrong use.",
    )
    parser.add_argument("--version", action="version", version=f"keruen {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")

    check = _command(commands, "check", _check, "what is wrong with the tables of a case, all of it at once")
    check.add_argument("--warnings-too", action="store_true", help="exit with 1 on warnings as well")

    _command(commands, "scenarios", _scenarios, "the named scenarios of a case")

    solve = _command(commands, "solve", _solve, "the least-cost plan of a year, its prices and what could not move")
    _scenario_options(solve)
    solve.add_argument("--behaviour", default="planner", metavar="WORD", help="planner: least total cost (default)")
    solve.add_argument("--engine", default="auto", metavar="WORD", help="arcs, paths, or auto: whichever is likely to be quicker (default)")
    solve.add_argument("--gap", type=float, default=1e-6, metavar="G", help="how far above its proven bound, relative, paths may stop (default 1e-6)")
    solve.add_argument("--compare", metavar="SCENARIO", help="show what changed against 'base' or a named scenario")
    solve.add_argument("--report", type=Path, metavar="FILE.html", help="write the report as one HTML file")
    solve.add_argument("--verify", action="store_true", help="solve again by a second formulation; exit 1 if they differ by more than 1e-6")
    solve.add_argument("--table", choices=TABLES_OF_PLAN, default="links", help="which table --format csv writes (default: links)")

    stress = _command(commands, "stress", _stress, "what is lost when links, places, countries or operators close: in turn, together, at worst, by chance")
    _scenario_options(stress)
    stress.add_argument("--by", action="append", default=[], metavar="KIND", help="link (default), transfer, place, country, operator, plant, fleet or event; "
                        "may be repeated")  # fmt: skip
    stress.add_argument("--deep", type=int, default=1, metavar="N", help="2: every pair as well, 3: every triple")
    stress.add_argument("--worst", type=int, metavar="K", help="only the K closures that together hurt most, with proof")
    stress.add_argument("--sample", type=int, metavar="N", help="instead, draw capacities, costs and outages N times from their ranges")
    stress.add_argument("--seed", type=int, default=1, metavar="S", help="with --sample: which draws (default 1)")
    stress.add_argument("--rivals", action="store_true", help="with --sample: ranges reach to the rival figures of the tables too")
    stress.add_argument("--gap", type=float, default=0.01, metavar="PERCENT", help="with --worst: how near the proof has to come (default 0.01)")
    stress.add_argument("--limit", type=float, default=600.0, metavar="SECONDS", help="with --worst: give up the proof after this long (default 600)")
    stress.add_argument("--brief", action="store_true", help="only losses: not what goes another way, becomes full or would be worth having; quicker")
    stress.add_argument("--top", type=int, default=20, metavar="N", help="rows of the table shown (default 20; json and csv have all)")
    stress.add_argument("--jobs", type=int, metavar="N", help="processes (default: all cores where there is enough to do)")
    stress.add_argument("--cluster", metavar="ADDRESS", help="run on the Dask cluster with its scheduler there, such as tcp://host:8786")
    stress.add_argument("--checkpoint", type=Path, metavar="FILE", help="keep what is finished here; asked again, it goes on from there")
    stress.add_argument("--quiet", action="store_true", help="no progress bar")

    depend = _command(commands, "depend", _depend, "share of exports that crosses each country, place or operator, as a range")
    _scenario_options(depend)
    depend.add_argument("--by", default="country", metavar="WORD", help="country (default), place or operator")
    depend.add_argument("--commodity", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    depend.add_argument("--near", type=float, default=0.1, metavar="PERCENT", help="how much dearer than the best a plan may be (default 0.1)")

    formats = "planar and grid (CommaLab), DIMACS .min, Canad .dow (all arcs open), TNTP with its trips; any of them packed with gzip"
    flow = commands.add_parser("flow", help="solve a published network of flows: cost, proof and loads", description=f"Solve a network of flows: {formats}.")
    flow.add_argument("network", type=Path, metavar="FILE", help="the network")
    flow.add_argument("trips", type=Path, nargs="?", metavar="TRIPS", help="trips of a TNTP network")
    flow.add_argument("--gap", type=float, default=1e-6, metavar="G", help="how far above its proven bound, relative, the plan may be (default 1e-6)")
    flow.add_argument("--engine", default="auto", metavar="WORD", help="interior, simplex, arcs, or auto (default)")
    flow.add_argument("--limit", type=float, metavar="SECONDS", help="come back with the best plan after this long; exit 1 if the gap is not reached")
    flow.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write it; csv and json have every arc (default: table)")
    flow.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    flow.set_defaults(run=_flow)

    report = _command(commands, "report", _report, "one offline HTML file: map, flows, bottlenecks, shares, sources")
    _scenario_options(report)
    report.add_argument("--compare", metavar="SCENARIO", help="show what changed against 'base' or a named scenario")
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    command.add_argument("case", metavar="CASE", help="folder of tables, or a shipped name such as kazakhstan")
    command.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write the answer (default: table)")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    command.set_defaults(run=run)
    return command


def _scenario_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--year", default="", metavar="YEAR", help="year, or first-last such as 2023-2035 (default: the base year)")
    command.add_argument("--scenario", action="append", default=[], metavar="NAME|FILE", help="scenario of the case or TOML file; may be repeated")
    command.add_argument("--close", action="append", default=[], metavar="KIND=NAME", help="close link=, place=, country=, mode=, operator=, ...")
    command.add_argument("--while-it-lasts", action="store_true", help="take closures of some days as if they lasted all year: rates during the event")
    command.add_argument("--add", action="append", default=[], metavar="PROJECT", help="switch a project on")
    command.add_argument("--without", action="append", default=[], metavar="RULE|kind=KIND", help="switch a rule off, or all of a kind (contract, quota, ...)")


# --- commands ----------------------------------------------------------------------------------------


def _check(args: argparse.Namespace) -> int:
    from keruen.case import numbers_by_kind
    from keruen.check import check_case
    from keruen.errors import say

    case, findings = check_case(args.case)
    problems = [f for f in findings if not f.warning]
    if args.format == "json":
        import dataclasses

        counts = numbers_by_kind(case) if case else {}
        _write(args, _json({"keruen": __version__, "case": str(args.case), "problems": [dataclasses.asdict(f) for f in problems],
                            "warnings": [dataclasses.asdict(f) for f in findings if f.warning], "numbers": counts}))  # fmt: skip
    elif args.format == "csv":
        _write(args, _csv([(f.code, f.file, f.row, f.column, f.found, f.expected, f.remedy, "warning" if f.warning else "problem") for f in findings],
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
        _write(args, "\n".join(lines))
    return FINDING if problems or (args.warnings_too and findings) else DONE


def _scenarios(args: argparse.Namespace) -> int:
    from keruen.scenario import describe
    from keruen.show.text import table

    rows = describe(_load(args))
    if args.format == "json":
        _write(args, _json(rows))
    elif args.format == "csv":
        _write(args, _csv([tuple(r.values()) for r in rows], ("scenario", "year", "title", "text", "confidence", "source")))
    else:
        _write(args, table([[r["scenario"], None if r["year"] is None else str(r["year"]), r["title"], r["confidence"]] for r in rows],
                           ["scenario", "year", "what", "confidence"]))  # fmt: skip
    return DONE


def _solve(args: argparse.Namespace) -> int:
    case = _load(args)
    if not 0 <= args.gap < 1:
        raise UsageError(f"--gap is relative, from 0 to less than 1; got {args.gap:g}")
    scenario = _scenario(args, case)
    years = _years(args.year, case)
    how: dict[str, Any] = {"behaviour": args.behaviour, "engine": args.engine, "gap": args.gap}
    plans = [case.solve(year, scenario, **how, verify=args.verify) for year in years]
    bases = [case.solve(year, None if args.compare == "base" else args.compare, **how) for year in years] if args.compare else []
    if args.format == "json":
        against: Sequence[Plan | None] = bases or [None] * len(plans)
        data = [_with_comparison(plan.to_dict(), plan, base) for plan, base in zip(plans, against, strict=True)]
        _write(args, _json(data[0] if len(data) == 1 else data))
    elif args.format == "csv":
        _write(args, _plans_csv(plans, bases, args.table))
    else:
        _write(args, _plans_text(plans, bases))
    if args.report:
        _write_report(args.report, plans[-1], bases[-1] if bases else None)
    if args.verify and any((p.certificate.verified or 0.0) > 1e-6 for p in plans):
        print("keruen: the second formulation disagrees; please report this with the case", file=sys.stderr)
        return FINDING
    return DONE


def _stress(args: argparse.Namespace) -> int:
    case = _load(args)
    years = _years(args.year, case)
    if len(years) > 1:
        raise UsageError(f"keruen stress takes one year; got '{args.year}'")
    if args.worst is not None and args.sample is not None:
        raise UsageError("--worst and --sample are two questions; ask one at a time")
    scenario, by = _scenario(args, case), args.by or ["link"]
    if args.sample is not None:
        return _sample(args, case, years[0], scenario)
    if args.worst is not None:
        from keruen.ask.worst import worst
        from keruen.show.stress import worst_text

        found = worst(case, args.worst, years[0], by, scenario=scenario, gap=args.gap / 100, limit_s=args.limit, progress=not args.quiet)
        if args.format == "csv":
            told = found.to_dict()
            _write(args, _csv([(" + ".join(told["closed"]), told["loss_musd"], told["bound_musd"], told["gap"])], ("closed", "loss_musd", "bound_musd", "gap")))
        else:
            _write(args, _json(found.to_dict()) if args.format == "json" else worst_text(found))
        return DONE
    from keruen.ask.stress import stress
    from keruen.show.stress import stress_text

    answer = stress(case, years[0], by, scenario=scenario, deep=args.deep, brief=args.brief, jobs=args.jobs, cluster=args.cluster,
                    checkpoint=args.checkpoint, progress=not args.quiet)  # fmt: skip
    if args.format == "json":
        _write(args, _json(answer.to_dict()))
    elif args.format == "csv":
        _write(args, _frame_csv(answer.closures))
    else:
        _write(args, stress_text(answer, args.top))
    return DONE


def _sample(args: argparse.Namespace, case: Case, year: int, scenario: Scenario) -> int:
    from keruen.ask.sample import sample
    from keruen.show.stress import sample_text

    found = sample(case, args.sample, seed=args.seed, year=year, scenario=scenario, rivals=args.rivals, jobs=args.jobs, cluster=args.cluster,
                   checkpoint=args.checkpoint, progress=not args.quiet)  # fmt: skip
    if args.format == "json":
        _write(args, _json(found.to_dict()))
    else:
        _write(args, _frame_csv(found.distributions) if args.format == "csv" else sample_text(found, args.top))
    return DONE


def _depend(args: argparse.Namespace) -> int:
    from keruen.ask.dependence import dependence
    from keruen.show.text import shares_text

    case = _load(args)
    if not 0 <= args.near <= 100:
        raise UsageError(f"--near is a percentage from 0 to 100; got {args.near:g}")
    rows = []
    for year in _years(args.year, case):
        plan = case.solve(year, _scenario(args, case))
        rows += [{"year": year, **row} for row in dependence(plan, args.by, args.commodity, args.near / 100)]
    if args.format == "json":
        _write(args, _json({"keruen": __version__, "case": case.name, "scenario": list(_scenario(args, case).names), "near": args.near / 100, "shares": rows}))
    elif args.format == "csv":
        _write(args, _csv([tuple(r.values()) for r in rows], tuple(rows[0]) if rows else ("year", args.by, "commodity", "share", "share_min", "share_max")))
    else:
        _write(args, f"Share of exports that touches each {args.by}: in the plan, least and greatest in any plan within {args.near:g} % of the cost.\n"
               f"And if they had to avoid it: how much of what goes through it could go around, and what that would cost more, a t, TEU or 1000 m3.\n\n"
               + shares_text(rows, args.by))  # fmt: skip
    return DONE


def _flow(args: argparse.Namespace) -> int:
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
        _write(args, _csv(rows, columns))
    elif args.format == "json":
        from keruen import __version__

        _write(args, _json({"keruen": __version__, **head, "links": [dict(zip(columns, row, strict=True)) for row in rows]}))
    else:
        full = sum(1 for *_, k, x, _ in rows if k is not None and k > 0 and x >= k * (1 - 1e-6))
        _write(args, "\n".join(f"{k:<10} {v:,.10g}" if isinstance(v, (int, float)) and k != "gap" else f"{k:<10} {v}" for k, v in head.items())
               + f"\nfull arcs  {full:,}")  # fmt: skip
    return DONE if answer.closed else FINDING


def _report(args: argparse.Namespace) -> int:
    if args.output is None:
        raise UsageError("say where to write the report: -o FILE.html")
    case = _load(args)
    year = _years(args.year, case)[-1]
    plan = case.solve(year, _scenario(args, case))
    base = case.solve(year, None if args.compare == "base" else args.compare) if args.compare else None
    _write_report(args.output, plan, base)
    return DONE


# --- helpers -----------------------------------------------------------------------------------------


def _load(args: argparse.Namespace) -> Case:
    from keruen.api import load

    return load(args.case)


def _years(text: str, case: Case) -> list[int]:
    if not text:
        return [case.base_year]
    match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if last < first:
        raise UsageError(f"--year takes a year or first-last, such as 2023 or 2023-2035; got '{text}'")
    return list(range(first, last + 1))


def _scenario(args: argparse.Namespace, case: Case) -> Scenario:
    from keruen.scenario import SELECTORS, Scenario, add, close, find_scenario, without

    combined = Scenario()
    for name in args.scenario:
        combined = combined + find_scenario(name, case)
    for word in args.close:
        selector, equals, names = word.partition("=")
        if not equals or selector not in SELECTORS:
            raise UsageError(f"--close takes KIND=NAME with KIND one of {', '.join(SELECTORS)}; got '{word}'. {did_you_mean(selector, SELECTORS)}".strip())
        combined = combined + close(**{selector: names.split(";")})
    for name in args.add:
        combined = combined + add(project=name)
    for word in args.without:
        kind, equals, name = word.partition("=")
        combined = combined + (without(kind=name) if equals and kind == "kind" else without(rule=word))
    return combined.while_it_lasts() if args.while_it_lasts else combined


def _write(args: argparse.Namespace, text: str) -> None:
    if args.output:
        args.output.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


def _write_report(path: Path, plan: Plan, base: Plan | None) -> None:
    from keruen.show.report import write_report

    write_report(path, plan, base)
    print(f"report written to {path}", file=sys.stderr)


def _json(data: Any) -> str:
    import json

    return json.dumps(data, indent=1, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A cell as the tables of a case write it: lists ``a;b``, maps ``a 1;b 2``."""
    if isinstance(value, list):
        return ";".join(map(str, value))
    return ";".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value


def _csv(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(v) for v in row] for row in rows)
    return out.getvalue().rstrip("\n")


def _frame_csv(frame: pd.DataFrame) -> str:
    return _csv([[None if isinstance(v, float) and v != v else v for v in row] for row in frame.itertuples(index=False, name=None)], tuple(frame.columns))


def _with_comparison(data: dict[str, Any], plan: Plan, base: Plan | None) -> dict[str, Any]:
    if base is not None:
        from keruen.compare import as_rows

        data["compared_with"] = list(base.scenario)
        data["comparison"] = as_rows(plan.compare(base))
    return data


def _plans_csv(plans: Sequence[Plan], bases: Sequence[Plan], name: str) -> str:
    frames = [plan.compare(base) for plan, base in zip(plans, bases, strict=True)] if bases else [getattr(plan, name) for plan in plans]
    rows = [(plan.year, *row) for plan, frame in zip(plans, frames, strict=True) for row in frame.itertuples(index=False, name=None)]
    return _csv([[None if v != v else v for v in row] for row in rows], ("year", *frames[0].columns))


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


if __name__ == "__main__":
    raise SystemExit(main())
