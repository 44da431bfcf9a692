"""Score ``keruen read`` on the five articles against the claims that a person wrote, by document.

    python tools/score_reading.py [SHARED]          the table
    python tools/score_reading.py [SHARED] --list   and every finding that is neither gold nor judged

SHARED is the folder with ``articles`` and ``facts`` (default: ``../shared`` beside the checkout). The articles are not in the repository;
``reading_judged.csv`` judges the findings that the claims do not list, by document, offset and value alone.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import keruen as kr
from keruen.reading.propose import Reading, propose
from keruen.reading.score import Score, gold_of, score
from keruen.reading.text import read_source

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"


def judgements() -> tuple[dict[tuple[str, int, str], bool], set[str]]:
    """(findings judged right or wrong, gold figures that the text does not state)"""
    with open(HERE / "reading_judged.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    judged = {(r["document"], int(r["start"]), r["value"]): r["verdict"] == "right" for r in rows if r["start"]}
    return judged, {r["claim"] for r in rows if r["claim"]}


def scores(shared: Path = SHARED) -> list[tuple[Score, Reading]]:
    """A score for each article, read as a user would: without --date or --language."""
    with open(shared / "facts" / "rules" / "claims.csv", encoding="utf-8", newline="") as file:
        gold = gold_of(csv.DictReader(file))
    case = kr.load("kazakhstan")
    judged, counted = judgements()
    out = []
    for path in sorted((shared / "articles").glob("*.txt")):
        reading = propose(read_source(path).text, case, path.stem)
        out.append((score(path.name, gold, reading.proposals, judged, counted), reading))
    return out


def main() -> int:
    given = [a for a in sys.argv[1:] if not a.startswith("--")]
    shared = Path(given[0]) if given else SHARED
    if not (shared / "articles").is_dir():
        print(f"there is no folder {shared / 'articles'}: the articles are not in the repository", file=sys.stderr)
        return 2
    total = Score("all")
    print("| document | gold | found | recall | stated | recall of stated | findings | right | precision |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    every = scores(shared)
    for s, _ in every:
        for name in ("gold", "found", "stated", "findings", "right"):
            setattr(total, name, getattr(total, name) + getattr(s, name))
    for s in [s for s, _ in every] + [total]:
        cells = (s.document[:3], s.gold, s.found, f"{s.recall:.1%}", s.stated, f"{s.recall_stated:.1%}", s.findings, s.right, f"{s.precision:.1%}")
        print("| " + " | ".join(map(str, cells)) + " |")
    for s, reading in every:
        print(f"{s.document}: missed {', '.join(s.missed) or 'nothing'}; wrong {', '.join(s.wrong) or 'nothing'}; in another sentence {s.other_sentence}")
        if "--list" in sys.argv:
            for p in reading.proposals:
                value = "" if p.value is None else f"{p.value:.10g}"
                if f"{p.start}:{value}" in s.unjudged:
                    print(f"   {s.document},{p.start},{value}   {p.locator} {p.figure_text!r} {p.unit} {p.wording} {p.period}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
