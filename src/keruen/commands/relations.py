"""The command relations."""

from __future__ import annotations

import argparse

from keruen.commands.common import DONE, as_json, frame_as_csv, load_case, write

__all__ = ["relations"]


def relations(args: argparse.Namespace) -> int:
    """keruen relations"""
    from keruen.ask.relations import relations
    from keruen.show.relations import relations_text

    found = relations(load_case(args), args.country, args.on, args.partner)
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        write(args, frame_as_csv(found.table))
    else:
        write(args, relations_text(found))
    return DONE
