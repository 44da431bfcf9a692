"""keruen screen: shipments in a file, or one in words."""

from __future__ import annotations

import argparse
import sys

from keruen.commands.common import DONE, FINDING, load_case, scenario_of_rules, write
from keruen.errors import UsageError

__all__ = ["screen"]


def screen(args: argparse.Namespace) -> int:
    """keruen screen"""
    from keruen.dates import day_of

    on = day_of(args.on)
    if (args.shipments is None) == (args.explain is None):
        raise UsageError('keruen screen takes a file of shipments, or --explain "8542.31 DE KZ via RU 2024-05-01"')
    case, rules = load_case(args), scenario_of_rules(args)
    if args.explain is not None:
        from keruen.screening.sentence import read_sentence
        from keruen.show.screen import explain

        write(args, explain(case, read_sentence(args.explain), on, rules))
        return DONE
    from keruen.screening.files import screen_file

    done = screen_file(args.shipments, case, on, output=args.output or sys.stdout, around=not args.no_around, rules=rules)
    print(done, file=sys.stderr)
    if args.output:
        print(f"written to {args.output}", file=sys.stderr)
    return FINDING if done.counts["invalid"] else DONE
