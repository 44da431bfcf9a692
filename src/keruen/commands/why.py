"""keruen why: what stands behind a number and what rests on it, or what a result hangs on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from keruen.commands.common import DONE, as_json, frame_as_csv, load_case, scenario_of, write, years_of
from keruen.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from keruen.api import Case
    from keruen.ask.standing import Cell

__all__ = ["why"]


def why(args: argparse.Namespace) -> int:
    """keruen why"""
    from keruen.ask.results import HEADS, is_result
    from keruen.ask.standing import NUMBERED, find
    from keruen.tables import TABLES

    if args.top < 1:
        raise UsageError(f"--top is a number of rows from 1; got {args.top}")
    case = load_case(args)
    years = years_of(args.year, case)
    if len(years) > 1:
        raise UsageError(f"keruen why takes one year; got '{args.year}'")
    name = args.name.strip()
    head = name.split(".")[0]
    if head and head not in TABLES and head not in HEADS and not any(mark in name for mark in " /\\:,\t"):
        raise UsageError(f"'{head}' is no table and no result. {did_you_mean(head, (*NUMBERED, *HEADS))}".strip()
                         + f" A number is TABLE.ROW.COLUMN with a table of {', '.join(NUMBERED)}; a result begins with {', '.join(HEADS)}.")  # fmt: skip
    if is_result(name):
        return _result(args, case, name, years[0])
    cell = find(case, name)
    if cell.table == "plants" and cell.row and not cell.column:
        return _result(args, case, name, years[0])
    if cell.column and _is_one(case, cell):
        from keruen.ask.why import why
        from keruen.show.why import why_text

        found = why(case, name, year=years[0], scenario=scenario_of(args, case))
        if args.format == "json":
            write(args, as_json(found.to_dict()))
        else:
            write(args, frame_as_csv(found.table) if args.format == "csv" else why_text(found))
        return DONE
    from keruen.ask.why import numbers
    from keruen.show.why import numbers_text

    listed = numbers(case, name)
    if args.format == "json":
        write(args, as_json(listed.to_dict()))
    else:
        write(args, frame_as_csv(listed.table) if args.format == "csv" else numbers_text(listed))
    return DONE


def _is_one(case: Case, cell: Cell) -> bool:
    """Whether a name is that of one number, not of a column that holds several."""
    from keruen.ask.standing import table_rows

    return bool(cell.key) or not isinstance(getattr(table_rows(case, cell.table)[cell.row], cell.column), dict)


def _result(args: argparse.Namespace, case: Case, name: str, year: int) -> int:
    from keruen.ask.sensitivity import KINDS, sensitivity
    from keruen.show.why import numbers_text, sensitivity_text

    kinds = ("estimate",) if args.guesses else KINDS
    found = sensitivity(case, name, year=year, scenario=scenario_of(args, case), rivals=args.rivals, kinds=kinds)
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        write(args, frame_as_csv(found.table))
    else:
        text = sensitivity_text(found, args.top)
        if name.startswith("plants."):
            from keruen.ask.why import numbers

            text += "\n\n" + numbers_text(numbers(case, name))
        write(args, text)
    return DONE
