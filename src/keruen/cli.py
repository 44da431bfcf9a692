"""The command line: parse, call :mod:`keruen.commands`, say what went wrong. Commands are loaded when called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from keruen import __version__
from keruen.errors import CaseError, KeruenError

__all__ = ["main"]

DONE, FINDING, WRONG_USE = 0, 1, 2
TABLES_OF_PLAN = ("links", "limits", "commodities", "exports", "plants", "shortages", "countries", "screenlines", "flows")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0 done, 1 a finding, 2 wrong use."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return WRONG_USE
    try:
        code = int(getattr(import_module(f"keruen.commands.{args.module}"), args.command)(args))
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

    check = _command(commands, "check", "plans", "what is wrong with the tables of a case, all of it at once")
    check.add_argument("--warnings-too", action="store_true", help="exit with 1 on warnings as well")

    _command(commands, "scenarios", "plans", "the named scenarios of a case")

    solve = _command(commands, "solve", "plans", "the least-cost plan of a year, its prices and what could not move")
    _scenario_options(solve)
    solve.add_argument("--behaviour", default="planner", metavar="WORD", help="planner: least total cost (default); shippers: what they would do, with "
                       "path-size logit and queues")  # fmt: skip
    solve.add_argument("--engine", default="auto", metavar="WORD", help="arcs, paths, or auto: whichever is likely to be quicker (default)")
    solve.add_argument("--gap", type=float, default=1e-6, metavar="G", help="how far above its proven bound, relative, paths may stop (default 1e-6)")
    solve.add_argument("--compare", metavar="SCENARIO", help="show what changed against 'base' or a named scenario")
    solve.add_argument("--report", type=Path, metavar="FILE.html", help="write the report as one HTML file")
    solve.add_argument("--verify", action="store_true", help="solve again by a second formulation; exit 1 if they differ by more than 1e-6")
    solve.add_argument("--table", choices=TABLES_OF_PLAN, default="links", help="which table --format csv writes (default: links)")

    stress = _command(commands, "stress", "questions", "what is lost when links, places, countries or operators close: in turn, together, at worst, by chance")
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

    invest = _command(commands, "invest", "invest", "which projects are worth it, when, within which budget, and which keep the country trading")
    _scenario_options(invest)
    invest.add_argument("--by", type=int, metavar="YEAR", help="last year looked at (default: that of the case)")
    invest.add_argument("--start", type=int, metavar="YEAR", help="first year looked at; building begins then (default: the base year)")
    invest.add_argument("--budget", metavar="USD", help="spend at most so much on building, such as 5e9 or '5 bn'")
    invest.add_argument("--target", action="append", default=[], metavar="WORDS", help="what must be reached, such as 'crude to CN >= 6.5 Mt'; may be repeated")
    invest.add_argument("--survive", action="append", default=[], metavar="any-KIND|SCENARIO|FILE", help="any-link, any-country, ...; a scenario; a .toml; "
                        "or a .csv or .txt list of scenarios: still move most of what is moved, whichever happens; may be repeated")  # fmt: skip
    invest.add_argument("--at-most-lost", default="10%", metavar="SHARE", help="with --survive: of the tonnes sold abroad and taken in (default 10%%)")
    invest.add_argument("--deep", type=int, default=1, metavar="N", help="with --survive: 2 for any pair of closures")
    invest.add_argument("--commodity", action="append", default=[], metavar="ID", help="only this one counts as lost; may be repeated")
    invest.add_argument("--least", choices=("cost", "capex"), help="cost: best net present value (default); capex: least building (default with --target)")
    invest.add_argument("--discount", metavar="RATE", help="what money of next year is worth less, such as 8%% (default: case.toml, else 8%%, a guess)")
    invest.add_argument("--lead", type=int, metavar="YEARS", help="years of building where no row says (default 3, a guess)")
    invest.add_argument("--life", type=int, metavar="YEARS", help="years a project lasts where no row says (default 30, a guess)")
    invest.add_argument("--decide", action="append", default=[], metavar="PROJECT|all", help="decide this one too, though it is under way; may be repeated")
    invest.add_argument("--only", action="append", default=[], metavar="PROJECT", help="look at no other project; may be repeated")
    invest.add_argument("--capex", action="append", default=[], metavar="PROJECT=MUSD", help="a cost of your own for a project; may be repeated")
    invest.add_argument("--brief", action="store_true", help="the decision alone: no frontier, no word on each project, nothing on what it rests on")
    invest.add_argument("--gap", type=float, default=0.01, metavar="PERCENT", help="how near the proof has to come (default 0.01)")
    invest.add_argument("--verify", action="store_true", help="choose again with every year written out; exit 1 if the optima differ by more than the gap")
    invest.add_argument("--limit", type=float, default=float("inf"), metavar="SECONDS", help="decide with the best plan found after this long")
    invest.add_argument("--top", type=int, default=15, metavar="N", help="rows of each table shown (default 15; json and csv have all)")
    invest.add_argument("--table", choices=("projects", "chosen", "years", "frontier", "rests", "out"), default="projects",
                        help="which table --format csv writes (default: projects)")  # fmt: skip
    invest.add_argument("--report", type=Path, metavar="FILE.html", help="write a page with the frontier as a chart")
    invest.add_argument("--quiet", action="store_true", help="no progress line")

    depend = _command(commands, "depend", "questions", "share of exports that crosses each country, place or operator, as a range")
    _scenario_options(depend)
    depend.add_argument("--by", default="country", metavar="WORD", help="country (default), place or operator")
    depend.add_argument("--commodity", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    depend.add_argument("--near", type=float, default=0.1, metavar="PERCENT", help="how much dearer than the best a plan may be (default 0.1)")

    calibrate = _command(commands, "calibrate", "calibrate", "fit what money and time do not explain to published flows, for behaviour shippers")
    calibrate.add_argument("--commodity", default="crude", metavar="ID", help="whose flows to fit (default: crude)")
    calibrate.add_argument("--until", type=int, metavar="YEAR", help="last year whose figures may be used (default, and at the latest: the base year)")
    calibrate.add_argument("--spread", type=float, metavar="USD", help="keep this spread instead of the one that foretells left-out years best")
    calibrate.add_argument("--save", action="store_true", help="write parameters.csv, and its source, into the case's folder")

    predict = _command(commands, "predict", "calibrate", "foretell the flows of a year from what is known of it from outside, with ranges")
    predict.add_argument("--year", type=int, metavar="YEAR", help="the year (default: the one FILE names)")
    predict.add_argument("--given", type=Path, metavar="FILE", help="what is known: TOML, or CSV with name and value (docs/shippers.md)")
    predict.add_argument("--until", type=int, metavar="YEAR", help="fit anew, with figures up to this year only, instead of the case's parameters")
    predict.add_argument("--all", action="store_true", help="every screenline, also those nothing is known of (json and csv have all)")

    rules = _command(commands, "rules", "questions", "what each rule costs: the year with it beside the year without, and which way flows go because of it")
    _scenario_options(rules)
    rules.add_argument("--rule", action="append", default=[], metavar="ID", help="only this one; may be repeated")

    screen = commands.add_parser(
        "screen", help="which shipments are forbidden, need a licence, are watched or must be asked about, by which rule",
        description="Screen shipments against the rules of a case: each row of a CSV or Parquet file gets a verdict, the rules that decided with their "
        "sources and dates, what is missing to decide, and a lawful way around.",
        epilog="Columns: shipment, hs, origin, destination; may be empty: via (countries in order, parted by ;), mode, date, contract_date, quantity, unit, "
        "value_usd, end_use. Exit: 0 done, 1 some rows are no shipments, 2 wrong use.",
    )  # fmt: skip
    screen.add_argument("shipments", type=Path, nargs="?", metavar="SHIPMENTS", help="CSV or Parquet file")
    screen.add_argument("--case", default="kazakhstan", metavar="CASE", help="case whose rules are asked (default: kazakhstan)")
    screen.add_argument("--on", metavar="DATE", help="day of shipments that have no date, such as 2024-05-01")
    screen.add_argument("--explain", metavar="WORDS", help='one shipment in words: "8542.31 DE KZ via RU by road 2024-05-01 for assembly"')
    screen.add_argument("--without", action="append", default=[], metavar="RULE", help="switch a rule off, or all of a kind by kind=law; may be repeated")
    screen.add_argument("--with-rules", action="append", default=[], metavar="FILE", help="rules of a CSV file on top; may be repeated")
    screen.add_argument("--no-around", action="store_true", help="look for no ways around")
    screen.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a .csv or .parquet file instead of the screen")
    screen.set_defaults(module="screen")

    claims = _command(commands, "claims", "claims", "what documents state, put to the model and the ledgers: verdicts, with evidence")
    claims.add_argument("--claim", action="append", default=[], metavar="ID", help="only this one, in full, such as c0-19; may be repeated")
    claims.add_argument("--document", metavar="ID", help="only claims of this document, such as article-0")
    claims.add_argument("--verdict", metavar="WORDS", help="only claims with this verdict, such as infeasible or 'cannot tell'")

    why = _command(commands, "why", "why", "what stands behind a number, its rivals, and what rests on it; or which numbers a result hangs on")
    why.add_argument("name", nargs="?", default="objective", metavar="NAME",
                     help="number: TABLE.ROW.COLUMN; TABLE.ROW or TABLE lists numbers; result: objective (default), cost, "
                     "exports.COMMODITY[.COUNTRY], crossing.COMMODITY.COUNTRY, limits.NAME, plants.NAME")  # fmt: skip
    _scenario_options(why)
    why.add_argument("--top", type=int, default=10, metavar="N", help="of a result: numbers shown (default 10; json and csv have all)")
    why.add_argument("--rivals", action="store_true", help="of a result: ranges reach to the rival figures of the tables too")
    why.add_argument("--guesses", action="store_true", help="of a result: only numbers that are estimates")

    about = "agreements, memberships and partnership levels of a country, on a day or over time, and what each changes in the model"
    relations = commands.add_parser("relations", help=about, description=about[0].upper() + about[1:] + ".")
    relations.add_argument("country", metavar="COUNTRY", help="ISO code, such as KZ")
    relations.add_argument("--on", metavar="DATE", help="what holds on this day, such as 2024-05-01")
    relations.add_argument("--partner", "--with", metavar="CODE", help="only what is shared with this country or organisation")
    relations.add_argument("--case", default="kazakhstan", metavar="CASE", help="case to look in (default: kazakhstan)")
    relations.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write the answer (default: table)")
    relations.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    relations.set_defaults(module="relations")

    trade = _command(commands, "trade", "trade", "published trade by partner and by whose figures: growth, targets and how they fare, balance of partners")
    trade.add_argument("--partner", metavar="CODE", help="only trade with this one, such as CN, with the parts of a year and rival figures")
    trade.add_argument("--reporter", metavar="CODE", help="only figures of this one's statistics; 'unknown' for those that do not say whose they are")
    trade.add_argument("--table", choices=("figures", "targets", "balances"), default="figures", help="which table --format csv writes (default: figures)")

    read = commands.add_parser(
        "read", help="figures of an article, with units, periods and names of a case, proposed as claims",
        description="Read an article (plain text or HTML; Vietnamese, English, Russian) and propose its figures as claims, each with its exact place. "
        "Nothing enters a case: a person reads them first.",
        epilog="Reading HTML needs: pip install \"keruen[read]\". How it works and how well: docs/reading.md.",
    )  # fmt: skip
    read.add_argument("file", type=Path, metavar="FILE", help="plain text or HTML")
    read.add_argument("--case", default="kazakhstan", metavar="CASE", help="case whose names are looked for (default: kazakhstan)")
    read.add_argument("--document", metavar="ID", help="id of the document in the rows (default: the name of the file)")
    read.add_argument("--date", metavar="DATE", help="day of the article, such as 2024-11-28, where it states none: 'this year' is reckoned from it")
    read.add_argument("--language", choices=("vi", "en", "ru"), help="language of the article (default: told from its letters)")
    read.add_argument("--stripped", action="store_true", help="list the lines left out as menus, captions and teasers, too")
    read.add_argument("--text", type=Path, metavar="FILE", help="write the text that start and end count in: for HTML, what was taken from the page")
    read.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write the answer (default: table)")
    read.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    read.set_defaults(module="read")

    formats = "planar and grid (CommaLab), DIMACS .min, Canad .dow (all arcs open), TNTP with its trips; any of them packed with gzip"
    flow = commands.add_parser("flow", help="solve a published network of flows: cost, proof and loads", description=f"Solve a network of flows: {formats}.")
    flow.add_argument("network", type=Path, metavar="FILE", help="the network")
    flow.add_argument("trips", type=Path, nargs="?", metavar="TRIPS", help="trips of a TNTP network")
    flow.add_argument("--trips", type=Path, dest="trips_named", metavar="TRIPS", help="the same, named")
    flow.add_argument("--equilibrium", action="store_true", help="of a TNTP network: every trip on a way that costs it least, where roads slow down with load")
    flow.add_argument("--system", action="store_true", help="with --equilibrium: least total cost of all instead")
    flow.add_argument("--toll-weight", type=float, default=0.0, metavar="W", help="with --equilibrium: time that a unit of toll counts for (default 0)")
    flow.add_argument("--distance-weight", type=float, default=0.0, metavar="W", help="with --equilibrium: time that a unit of length counts for (default 0)")
    flow.add_argument("--compare", type=Path, metavar="FLOW", help="with --equilibrium: published link flows to hold the answer against")
    flow.add_argument("--threads", type=int, metavar="N", help="at most so many threads (default: all cores; the answer is the same)")
    flow.add_argument("--top", type=int, default=10, metavar="N", help="with --equilibrium: fullest links shown (default 10)")
    flow.add_argument("--gap", type=float, default=1e-6, metavar="G", help="how far above its proven bound, relative, the plan may be (default 1e-6); "
                      "of an equilibrium: the relative gap, down to 1e-12 and less")  # fmt: skip
    flow.add_argument("--engine", default="auto", metavar="WORD", help="interior, simplex, arcs, or auto (default)")
    flow.add_argument("--limit", type=float, metavar="SECONDS", help="come back with the best plan after this long; exit 1 if the gap is not reached")
    flow.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write it; csv and json have every arc (default: table)")
    flow.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    flow.set_defaults(module="flow")

    convert = commands.add_parser(
        "convert", help="a case into GeoJSON, GMNS, PyPSA, Parquet or CSV; GeoJSON, GMNS or a TNTP road network into a case",
        description="Write a case in another format, or make a case of another format. What FROM is, is told from what it holds.",
        epilog="FROM: a case, a .geojson file written by keruen, a folder with node.csv and link.csv (GMNS), or X_net.tntp with X_trips.tntp beside it. "
        "What each format keeps and what it cannot: docs/convert.md. Exit: 0 done, 1 the case that was made has a problem, 2 wrong use.",
    )  # fmt: skip
    convert.add_argument("source", metavar="FROM", help="case, file or folder to read")
    convert.add_argument("target", type=Path, metavar="TO", help="folder or .geojson file to write")
    convert.add_argument("--to", metavar="FORMAT", help="csv, parquet, geojson, gmns or pypsa (default: by the ending of TO, else a case in csv)")
    convert.add_argument("--force", action="store_true", help="write over a file, or into a folder that is not empty")
    convert.add_argument("--trips", type=Path, metavar="FILE", help="trips of a TNTP network, or demand of a GMNS one (default: found beside it)")
    convert.add_argument("--nodes", type=Path, metavar="FILE", help="coordinates of a TNTP network (default: X_node.tntp beside it, if it is there)")
    convert.add_argument("--toll-weight", type=float, default=0.0, metavar="W", help="TNTP, GMNS: minutes that a unit of toll counts as (default 0)")
    convert.add_argument("--distance-weight", type=float, default=0.0, metavar="W", help="TNTP, GMNS: minutes that a unit of length counts as (default 0)")
    convert.add_argument("--length-unit", default="", metavar="UNIT", help="TNTP, GMNS: km, mile, m or ft (default: what the file says)")
    convert.add_argument("--leave-out-unreachable", action="store_true", help="TNTP, GMNS: leave out trips that have no way, instead of refusing them")
    convert.add_argument("--year", default="", metavar="YEAR", help="PyPSA: year written (default: the base year); TNTP, GMNS: year of the case (default 2023)")
    convert.add_argument("--scenario", action="append", default=[], metavar="NAME|FILE", help="PyPSA: scenario laid over the case; may be repeated")
    convert.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write what was done (default: table)")
    convert.add_argument("-o", "--output", type=Path, metavar="FILE", help="write what was done to a file instead of the screen")
    convert.set_defaults(module="convert")

    report = _command(commands, "report", "plans", "one offline HTML file: map, flows, bottlenecks, shares, trade, claims, sources")
    _scenario_options(report)
    report.add_argument("--brief", action="store_true", help="leave out claims, and the figures that results hang on")
    report.add_argument("--compare", metavar="SCENARIO", help="show what changed against 'base' or a named scenario")

    page = commands.add_parser(
        "serve", help="the what-if page: a map on this machine to play with",
        description="The what-if page: a map on this machine where links, places and countries are closed, widened and taxed, and the answer is seen at once.",
        epilog="Only this machine can reach the page, unless --host says otherwise; then everybody needs the token. More: docs/serve.md.",
    )  # fmt: skip
    page.add_argument("case", nargs="?", default="kazakhstan", metavar="CASE", help="folder of tables, or a shipped name (default: kazakhstan)")
    page.add_argument("--port", type=int, default=8000, metavar="N", help="port to listen at, 0 for any that is free (default 8000)")
    page.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen at (default 127.0.0.1, only this machine); others need --token")
    page.add_argument("--token", default="", metavar="WORD", help="word that everybody must know; better in the environment as KERUEN_TOKEN")
    page.add_argument("--workers", type=int, default=2, metavar="N", help="processes that solve (default 2; one more comes for slow questions)")
    page.set_defaults(module="serve")
    return parser


def _command(commands: Any, name: str, module: str, about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    command.add_argument("case", metavar="CASE", help="folder of tables, or a shipped name such as kazakhstan")
    command.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to write the answer (default: table)")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead of the screen")
    command.set_defaults(module=module)
    return command


def _scenario_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--year", default="", metavar="YEAR", help="year, or first-last such as 2023-2035 (default: the base year)")
    command.add_argument("--scenario", action="append", default=[], metavar="NAME|FILE", help="scenario of the case or TOML file; may be repeated")
    command.add_argument("--close", action="append", default=[], metavar="KIND=NAME", help="close link=, place=, country=, mode=, operator=, ...")
    command.add_argument("--while-it-lasts", action="store_true", help="take closures of some days as if they lasted all year: rates during the event")
    command.add_argument("--add", action="append", default=[], metavar="PROJECT", help="switch a project on")
    command.add_argument("--with-rules", action="append", default=[], type=Path, metavar="FILE.csv", help="rules laid over those of the case")
    command.add_argument("--without", "--without-rule", action="append", default=[], metavar="RULE|kind=KIND",
                         help="switch a rule off, or all of a kind (contract, quota, ...)")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
