"""keruen beside its peers, in one run: ``python benchmarks/run.py``. Writes benchmarks/RESULTS.md; see benchmarks/README.md."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cells import SECTIONS, cells  # noqa: E402
from harness import append, key_of, read, run_cell  # noqa: E402
from report import disagreements, environment, figures, markdown  # noqa: E402

DONE, WRONG, WRONG_USE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="benchmarks/run.py", description="Measure keruen beside its peers and write benchmarks/RESULTS.md.")
    made.add_argument("--quick", action="store_true", help="one repetition of small sizes, under three minutes; writes benchmarks/out/RESULTS-quick.md")
    made.add_argument("--only", default="", metavar="NAME", help=f"one section, into a file of its own in benchmarks/out: {', '.join(SECTIONS)}")
    made.add_argument("--resume", action="store_true", help="keep what an interrupted run finished; failed cells run again")
    made.add_argument("--list", action="store_true", help="name the cells and stop")
    return made


def files(quick: bool, only: str) -> tuple[Path, Path]:
    """Where records and results of such a run are kept."""
    words = [w for w in ("quick" if quick else "", only) if w]
    if not words:
        return HERE / "out" / "records.jsonl", HERE / "RESULTS.md"
    name = "-".join(words)
    return HERE / "out" / f"records-{name}.jsonl", HERE / "out" / f"RESULTS-{name}.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. 0: done; 1: programs that must agree do not; 2: wrong use. Cells without a figure are told in the results."""
    args = parser().parse_args(arguments)
    if args.only and args.only not in SECTIONS:
        print(f"run.py: --only takes one of {', '.join(SECTIONS)}; got '{args.only}'", file=sys.stderr)
        return WRONG_USE
    wanted = cells(args.quick, args.only)
    if args.list:
        print("\n".join(f"{c.section:11} {c.case:32} {c.row}" for c in wanted))
        return DONE
    kept, results = files(args.quick, args.only)
    if not args.resume:
        kept.unlink(missing_ok=True)
    done = {r["key"]: r for r in read(kept) if r["status"] in ("ok", "timeout")}
    began = time.monotonic()
    print(f"{len(wanted)} cells" + ("; QUICK: one repetition, small sizes, not for quoting" if args.quick else ""), flush=True)
    records = []
    for number, cell in enumerate(wanted, 1):
        record = done.get(key_of(cell))
        if record is None:
            record = json.loads(json.dumps(run_cell(cell)))
            append(kept, record)
        records.append(record)
        middle = figures(record)["median"]
        told = f"{middle:.3g} s" if middle is not None else f"{record['status']}: {record.get('message', '')}"
        print(f"[{number}/{len(wanted)} {time.monotonic() - began:4.0f} s] {cell.section}, {cell.case}: {cell.row}: {told}", flush=True)
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(markdown(records, environment(), quick=args.quick, date=date), encoding="utf-8")
    print(f"written to {results}")
    wrong = disagreements(records)
    for line in wrong:
        print(f"DISAGREEMENT: {line}", file=sys.stderr)
    return WRONG if wrong else DONE


if __name__ == "__main__":
    raise SystemExit(main())
