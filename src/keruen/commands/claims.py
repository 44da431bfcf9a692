"""The command claims."""

from __future__ import annotations

import argparse

from keruen.commands.common import DONE, as_json, frame_as_csv, load_case, write

__all__ = ["claims"]


def claims(args: argparse.Namespace) -> int:
    """keruen claims"""
    from keruen.court.judge import claims
    from keruen.show.claims import claim_text, claims_text

    found = claims(load_case(args), args.claim, document=args.document or "", verdict=args.verdict or "")
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        write(args, frame_as_csv(found.table))
    elif args.claim:
        write(args, "\n\n".join(claim_text(j, found.case) for j in found.judged))
    else:
        write(args, claims_text(found))
    return DONE
