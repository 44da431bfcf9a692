"""The command trade."""

from __future__ import annotations

import argparse

from keruen.commands.common import DONE, as_json, frame_as_csv, load_case, write

__all__ = ["trade"]


def trade(args: argparse.Namespace) -> int:
    """keruen trade"""
    from keruen.ask.trade import trade
    from keruen.show.trade import trade_text

    found = trade(load_case(args), args.partner, args.reporter)
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        frame = getattr(found, args.table).astype(object)
        write(args, frame_as_csv(frame.where(frame.notna(), None)))  # years that are not known are empty cells
    else:
        write(args, trade_text(found))
    return DONE
