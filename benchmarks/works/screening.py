"""Section 8: shipments screened. The file is drawn, not real: goods of rules and others, ways, dates, uses, all mixed, one in eight looked at closely."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harness import Work

COUNTRIES = ["KZ", "KZ", "KZ", "RU", "DE", "CN", "UZ", "KG", "US", "TR", "PL", "NL", "FR", "IT", "JP", "AE", "VN", "IN", "BY", "AM", "GE", "AZ"]
OTHERS = "610910 080810 300490 950300 870323 730429 848180 010410 271012 100199 3926 8481 8708 6403 9403 2204 0901 1806 3304 4818 7318 8536 8504 8471 8517"
VIA = ["", "", "", "RU", "PL;BY;RU", "TR;GE;AZ", "UZ", "UZ;TM", "GE;AZ"]
MODES = ["road", "rail", "air", "sea", "", "road;ferry"]
USES = ["", "", "", "resale", "assembly", "refining", "breeding", "dual-use", "humanitarian aid", "own production"]


def draw(path: Path, many: int) -> None:
    """A file of shipments, the same each time."""
    import keruen

    rnd = random.Random(1)
    codes = sorted({c for rule in keruen.load("kazakhstan").rules.values() for c in rule.hs if len(c) >= 6}) + OTHERS.split()
    with path.open("w", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["shipment", "hs", "origin", "destination", "via", "mode", "date", "contract_date", "quantity", "unit", "value_usd", "end_use"])
        for i in range(many):
            day = date(2021, 1, 1) + timedelta(rnd.randrange(2000))
            contract = day - timedelta(rnd.randrange(400)) if rnd.random() < 0.5 else ""
            size = round(rnd.lognormvariate(1, 1), 2)
            out.writerow([f"S{i}", rnd.choice(codes), rnd.choice(COUNTRIES), rnd.choice(COUNTRIES), rnd.choice(VIA), rnd.choice(MODES), day, contract,
                          size, rnd.choice(["t", "kg", "head", "pcs"]), rnd.randrange(100, 1_000_000), rnd.choice(USES)])  # fmt: skip


def _file(many: int) -> tuple[tempfile.TemporaryDirectory[str], Path]:
    kept = tempfile.TemporaryDirectory()
    path = Path(kept.name) / "shipments.csv"
    draw(path, many)
    return kept, path


def keruen(many: int, jobs: int) -> Work:
    """The whole of it: load the case, read, screen, write."""
    import keruen as kr
    from keruen.screening.files import screen_file

    kept, path = _file(many)

    def run() -> dict[str, Any]:
        done = screen_file(path, kr.load("kazakhstan"), output=Path(kept.name) / "out.csv", jobs=jobs)
        return {"shipments": sum(done.counts.values()), "forbidden": done.counts["forbidden"]}

    return Work(run, warm_up=False)


def command(many: int) -> Work:
    """The command in a process of its own."""
    kept, path = _file(many)
    program = Path(sys.executable).parent / "keruen"

    def run() -> dict[str, Any]:
        subprocess.run([str(program), "screen", str(path), "-o", str(Path(kept.name) / "out.csv")], check=True, stderr=subprocess.DEVNULL)
        return {"shipments": many}

    return Work(run, warm_up=False)


def pandas(many: int) -> Work:
    """Only reads the file as text and writes it again: a floor for the rest."""
    import pandas as pd

    kept, path = _file(many)

    def run() -> dict[str, Any]:
        pd.read_csv(path, dtype=str, keep_default_na=False).to_csv(Path(kept.name) / "out.csv", index=False)
        return {"shipments": many}

    return Work(run, warm_up=False)
