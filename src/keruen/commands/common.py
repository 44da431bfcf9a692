"""What the commands share: the case and scenario asked for, and how an answer is written."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from keruen.api import Case
    from keruen.ask.sensitivity import Guesses
    from keruen.plan import Plan
    from keruen.scenario import Scenario

__all__ = ["DONE", "FINDING", "as_csv", "as_json", "frame_as_csv", "load_case", "scenario_of", "scenario_of_rules", "write", "write_report", "years_of"]

DONE, FINDING = 0, 1


def load_case(args: argparse.Namespace) -> Case:
    from keruen.api import load

    return load(args.case)


def years_of(text: str, case: Case) -> list[int]:
    if not text:
        return [case.base_year]
    match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if last < first:
        raise UsageError(f"--year takes a year or first-last, such as 2023 or 2023-2035; got '{text}'")
    return list(range(first, last + 1))


def scenario_of(args: argparse.Namespace, case: Case) -> Scenario:
    from keruen.scenario import SELECTORS, Scenario, add, close, find_scenario

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
    combined = combined + scenario_of_rules(args)
    return combined.while_it_lasts() if args.while_it_lasts else combined


def scenario_of_rules(args: argparse.Namespace) -> Scenario:
    """The rules switched off and laid on top."""
    from keruen.scenario import Scenario, with_rules, without

    combined = Scenario()
    for word in args.without:
        kind, equals, name = word.partition("=")
        combined = combined + (without(kind=name) if equals and kind == "kind" else without(rule=word))
    for path in args.with_rules:
        combined = combined + with_rules(path)
    return combined


def write(args: argparse.Namespace, text: str) -> None:
    if args.output:
        args.output.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


def write_report(path: Path, plan: Plan, base: Plan | None, *, guesses: Guesses | None = None, claims: bool = False) -> None:
    from keruen.show.report import write_report

    write_report(path, plan, base, guesses=guesses, claims=claims)
    print(f"report written to {path}", file=sys.stderr)


def as_json(data: Any) -> str:
    import json

    return json.dumps(data, indent=1, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A cell as the tables of a case write it: lists ``a;b``, maps ``a 1;b 2``."""
    if isinstance(value, list):
        return ";".join(map(str, value))
    return ";".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value


def as_csv(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(v) for v in row] for row in rows)
    return out.getvalue().rstrip("\n")


def frame_as_csv(frame: pd.DataFrame) -> str:
    return as_csv([[None if isinstance(v, float) and v != v else v for v in row] for row in frame.itertuples(index=False, name=None)], tuple(frame.columns))
