"""Commands for what shippers do: calibrate, predict."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from typing import TYPE_CHECKING

from keruen.commands.common import DONE, as_csv, as_json, load_case, write
from keruen.errors import UsageError

if TYPE_CHECKING:
    from keruen.api import Case
    from keruen.ask.calibrate import Calibration

__all__ = ["calibrate", "predict"]


def _say(word: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{word}", end="", file=sys.stderr, flush=True)


def _hush() -> None:
    _say("")


def calibrate(args: argparse.Namespace) -> int:
    from keruen.ask.calibrate import calibrate
    from keruen.show.shippers import calibration_text

    case = load_case(args)
    if args.spread is not None and not 0 < args.spread < 1e5:
        raise UsageError(f"--spread: found {args.spread:g}; expected USD above 0")
    found = calibrate(case, args.commodity, until=args.until, spread=args.spread, progress=_say)
    _hush()
    if args.save:
        _save(case, found)
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        write(args, _parameters_csv(case, found).rstrip("\n"))
    else:
        write(args, calibration_text(found))
    return DONE


def _parameters_csv(case: Case, found: Calibration) -> str:
    """parameters.csv with these parameters instead of the commodity's own."""
    from keruen.ask.calibrate import with_parameters
    from keruen.files.cells import table_columns

    columns = [c.name for c in table_columns("parameters")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in with_parameters(case, found).parameters.values():
        cells = [getattr(row, c) for c in columns]
        writer.writerow([";".join(v) if isinstance(v, tuple) else "" if v is None else f"{v:.10g}" if isinstance(v, float) else v for v in cells])
    return out.getvalue()


def _save(case: Case, found: Calibration) -> None:
    from keruen.ask.calibrate import SOURCE
    from keruen.files.cells import table_columns

    assert case.path is not None
    if (case.path / "sources.parquet").is_file() or (case.path / "parameters.parquet").is_file():
        raise UsageError(f"{case.path}: found Parquet tables; --save writes CSV only. Use --format csv -o parameters.csv and add it yourself")
    (case.path / "parameters.csv").write_text(_parameters_csv(case, found), encoding="utf-8")
    if SOURCE.source not in case.sources:
        with (case.path / "sources.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow([getattr(SOURCE, c.name) for c in table_columns("sources")])
    print(f"written: {case.path / 'parameters.csv'}", file=sys.stderr)


def predict(args: argparse.Namespace) -> int:
    from keruen.ask.calibrate import calibrate
    from keruen.ask.given import Given, read_given
    from keruen.ask.predict import predict
    from keruen.show.shippers import prediction_text

    case = load_case(args)
    if args.given is None and args.year is None:
        raise UsageError("say which year: --year 2024, or --given FILE with what is known of it")
    if args.given is None and not case.first_year <= args.year <= case.last_year:
        raise UsageError(f"the year {args.year} is outside the case; it covers {case.first_year} to {case.last_year}")
    given = read_given(args.given, case, args.year) if args.given is not None else Given(args.year)
    found = predict(case, given, calibration=calibrate(case, until=args.until, progress=_say) if args.until is not None else None)
    _hush()
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        rows = found.to_dict()["screenlines"]
        write(args, as_csv([tuple(r.values()) for r in rows], tuple(rows[0])) if rows else "")
    else:
        write(args, prediction_text(found, args.all))
    return DONE
