"""keruen invest: which projects are worth it, when, and which keep the country trading."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from keruen.commands.common import DONE, FINDING, as_csv, as_json, frame_as_csv, load_case, scenario_of, write
from keruen.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from keruen.ask.invest import Invest

__all__ = ["invest"]


def invest(args: argparse.Namespace) -> int:
    """keruen invest"""
    if args.year:
        raise UsageError(f"keruen invest looks at all years up to one: write --by {args.year}, and --start for the first")
    case = load_case(args)
    from keruen.ask.invest import invest
    from keruen.show.invest import invest_text

    found = invest(
        case, args.by, budget_usd=_money(args.budget), targets=args.target, survive=args.survive, at_most_lost=_share(args.at_most_lost, "--at-most-lost"),
        deep=args.deep, least=args.least, scenario=scenario_of(args, case), start=args.start,
        discount=None if args.discount is None else _share(args.discount, "--discount"), lead_years=args.lead, life_years=args.life,
        decide=_names(args.decide), only=_names(args.only), capex=dict(_cost(word, case.projects) for word in args.capex), commodities=_names(args.commodity),
        brief=args.brief, gap=args.gap / 100, limit_s=args.limit,
        verify=args.verify, progress=not args.quiet,
    )  # fmt: skip
    if args.format == "json":
        write(args, as_json(found.to_dict()))
    elif args.format == "csv":
        write(args, _csv(found, args.table))
    else:
        write(args, invest_text(found, args.top))
    if args.report:
        from keruen.show.investpage import write_invest_page

        write_invest_page(args.report, found, case)
        print(f"report written to {args.report}", file=sys.stderr)
    if found.verified is not None and found.verified > 2 * args.gap / 100:
        print(f"the second formulation differs by {found.verified:.2e}; this is a fault of keruen, please report it", file=sys.stderr)
        return FINDING
    return FINDING if found.status == "nearest" else DONE


def _csv(found: Invest, table: str) -> str:
    if table == "projects":
        return frame_as_csv(found.table)
    rows = {"chosen": list(found.chosen), "years": list(found.years), "frontier": (found.frontier or {}).get("points", []), "rests": list(found.rests),
            "out": [{"project": n, "why": w} for n, w in found.out.items()]}[table]  # fmt: skip
    return as_csv([tuple(r.values()) for r in rows], tuple(rows[0]) if rows else ("project",))


def _names(words: list[str]) -> list[str]:
    return [name for word in words for name in re.split(r"[;,]", word) if name]


def _money(text: str | None) -> float | None:
    """USD, such as 5e9, 5,000,000,000 or 5 bn."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(?:USD\s*)?([0-9][0-9,_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(bn|billion|mn|million|MUSD)?\s*(?:USD)?\s*", text)
    if not match:
        raise UsageError(f"--budget is an amount in USD, such as 5e9 or '5 bn'; got '{text}'")
    return float(re.sub("[,_]", "", match[1])) * {"bn": 1e9, "billion": 1e9, "mn": 1e6, "million": 1e6, "MUSD": 1e6}.get(match[2] or "", 1.0)


def _share(text: str, option: str) -> float:
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(%?)\s*", text)
    if not match:
        raise UsageError(f"{option} is a share such as 10% or 0.1; got '{text}'")
    value = float(match[1]) / (100 if match[2] else 1)
    if value > 1:
        raise UsageError(f"{option} is a share such as 10% or 0.1; got '{text}'. Did you mean {match[1]}%?" if not match[2] else
                         f"{option} is at most 100%; got '{text}'")  # fmt: skip
    return value


def _cost(word: str, known: object) -> tuple[str, float]:
    name, equals, text = word.partition("=")
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = float("nan")
    if not equals or value != value:
        raise UsageError(f"--capex takes PROJECT=MUSD, such as shymkent-doubling=4000; got '{word}'. {did_you_mean(name, known)}".strip())  # type: ignore[arg-type]
    return name, value
