"""keruen convert: a case into other formats, and other formats into a case."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from keruen.commands.common import DONE, FINDING, as_csv, as_json, write
from keruen.errors import CaseError, UsageError, quote, say

if TYPE_CHECKING:
    from keruen.case import Case
    from keruen.files.sheets import Sheets

__all__ = ["convert"]


def convert(args: argparse.Namespace) -> int:
    """keruen convert"""
    from keruen.files.convert import OWNS, format_of, format_to
    from keruen.files.gmns import written_by_us
    from keruen.files.sheets import case_files, put

    source, found = format_of(Path(args.source))
    kind = format_to(args.to, source, args.target)
    name = args.target.resolve().name or "case"
    _apart(found, args.target)
    _fits(args, source, kind, source == "tntp" or (source == "gmns" and not written_by_us(found)))
    notes: list[str] = []
    findings: list[Any] = []
    if source == "case":
        from keruen.check import load_case

        files = _files(load_case(str(found)), kind, name, args)
    else:
        sheets = _sheets(source, found, args)
        notes += sheets.notes
        if kind == "csv":
            files = case_files(sheets, name)
        else:
            with TemporaryDirectory() as spare:  # read and checked as a case before it goes on
                from keruen.check import load_case

                put(Path(spare) / name, case_files(sheets, name))
                try:
                    files = _files(load_case(Path(spare) / name), kind, name, args)
                except CaseError as error:
                    raise CaseError(f"made of {args.source}", error.findings) from None
    put(args.target, files, OWNS[kind], force=args.force)
    if kind in ("csv", "parquet") and source != "case":
        from keruen.check import check_case

        findings = check_case(args.target)[1]
    _tell(args, source, kind, files, notes, findings)
    return FINDING if any(not f.warning for f in findings) else DONE


def _apart(found: Path, target: Path) -> None:
    """Nothing is written over what is read."""
    a, b = found.resolve(), target.resolve()
    if found.exists() and (a == b or b in a.parents or (a.is_dir() and a in b.parents)):
        raise UsageError(f"TO, {quote(target, 400)}, and FROM, {quote(found, 400)}, lie within each other; expected a folder or file of its own.")


def _fits(args: argparse.Namespace, source: str, kind: str, roads: bool) -> None:
    """Options that would do nothing are refused."""
    given = {"--trips": (args.trips, roads), "--nodes": (args.nodes, source == "tntp"), "--toll-weight": (args.toll_weight, roads),
             "--distance-weight": (args.distance_weight, roads), "--length-unit": (args.length_unit, roads),
             "--leave-out-unreachable": (args.leave_out_unreachable, roads), "--scenario": (args.scenario, kind == "pypsa"),
             "--year": (args.year, kind == "pypsa" or roads)}  # fmt: skip
    for option, (value, used) in given.items():
        if value and not used:
            what = "--to pypsa" if option == "--scenario" else "a TNTP network" if option == "--nodes" else "a road network in TNTP or GMNS"
            raise UsageError(f"{option} is for {what}{' or --to pypsa' if option == '--year' else ''}; FROM is {_named(source)} and TO is {kind}.")


def _named(source: str) -> str:
    return {"case": "a case", "geojson": "GeoJSON", "gmns": "GMNS", "tntp": "TNTP"}[source]


def _sheets(source: str, found: Path, args: argparse.Namespace) -> Sheets:
    """What was read, as the sheets of a case."""
    from keruen.files.geojson import read_geojson
    from keruen.files.gmns import read_gmns_case, read_gmns_roads, written_by_us
    from keruen.files.roads import roads_sheets
    from keruen.files.tntp import read_tntp_network

    if source == "geojson":
        return read_geojson(found)
    if source == "gmns" and written_by_us(found):
        return read_gmns_case(found)
    weights = {"toll_weight": args.toll_weight, "distance_weight": args.distance_weight, "length_unit": args.length_unit, "year": _year(args.year)}
    roads = read_tntp_network(found, args.trips, args.nodes, **weights) if source == "tntp" else read_gmns_roads(found, args.trips, **weights)
    return roads_sheets(roads, leave_out=args.leave_out_unreachable)


def _year(text: str) -> int:
    if not text:
        return 2023
    if not (text.isascii() and text.isdigit() and 1900 <= int(text[:5]) <= 2100):
        raise UsageError(f"--year: found {quote(text)}; expected one year from 1900 to 2100")
    return int(text)


def _files(case: Case, kind: str, name: str, args: argparse.Namespace) -> dict[str, bytes]:
    """The files to write, by their place in the target."""
    from keruen.files.geojson import geojson_of
    from keruen.files.gmns import gmns_files
    from keruen.files.pypsa import pypsa_files
    from keruen.files.sheets import case_files, parquet_files, sheets_of

    if kind == "csv":
        return case_files(sheets_of(case), name)
    if kind == "parquet":
        return parquet_files(case)
    if kind == "geojson":
        return {"": geojson_of(case)}
    if kind == "gmns":
        return gmns_files(case)
    from keruen.network import build
    from keruen.scenario import Scenario, find_scenario

    scenario = Scenario()
    for word in args.scenario:
        scenario = scenario + find_scenario(word, case)
    return pypsa_files(build(case, _year(args.year) if args.year else case.base_year, scenario))


def _tell(args: argparse.Namespace, source: str, kind: str, files: dict[str, bytes], notes: list[str], findings: list[Any]) -> None:
    """What was written, what should be known of it, and the problems of a case that was made."""
    written = [(name or args.target.name, len(data)) for name, data in files.items()]
    if args.format == "csv":
        write(args, as_csv(written, ("file", "bytes")))
    elif args.format == "json":
        from dataclasses import asdict

        from keruen import __version__

        write(args, as_json({"keruen": __version__, "from": args.source, "from_format": source, "to": str(args.target), "to_format": kind,
                             "files": [{"file": n, "bytes": b} for n, b in written], "notes": notes,
                             "problems": [asdict(f) for f in findings if not f.warning],
                             "warnings": [asdict(f) for f in findings if f.warning]}))  # fmt: skip
        return
    else:
        size = sum(b for _, b in written)
        lines = [f"{args.target}: {len(written)} file(s), {size:,} bytes, from {_named(source)} to {kind}", *(f"  {note}" for note in notes)]
        write(args, "\n".join(lines))
    if findings:
        print(say(findings), file=sys.stderr)
