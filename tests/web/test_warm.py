"""What is kept between answers changes none of them: the same bytes whatever was asked before, in any process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
SIZED = {"w": "900", "h": "600"}
ASKED: list[tuple[str, str, dict[str, str]]] = [
    ("answer", "year=2023", {}),
    ("answer", "year=2023&close=country=RU", {}),
    ("answer", "year=2023&close=country=RU", SIZED),
    ("answer", "year=2030&scale=link=pipe-cpc-tengiz-atyrau,capacity=0.37", {}),
    ("about", "year=2023&close=link=pipe-atasu-alashankou", {"what": "link", "name": "pipe-atasu-alashankou"}),
    ("answer", "year=2023&close=link=pipe-atasu-alashankou", {}),
    ("map", "year=2023&close=link=pipe-atasu-alashankou", {}),
    ("ground", "year=2027", SIZED),
    ("shares", "year=2023&close=country=CN", {}),
    ("answer", "year=2023&close=country=CN", {}),
    ("table", "year=2023&close=country=CN", {"table": "limits"}),
    ("answer", "year=2023&tax=country=RU,usd=5&add=aktau-container-hub", {}),
]
SCRIPT = """
import hashlib, json, sys
import keruen as kr
from keruen.web.answers import ask

case = kr.load("kazakhstan")
print(json.dumps([hashlib.sha256(ask(case, *asked)[0]).hexdigest() for asked in json.loads(sys.argv[1])]))
"""


def answered(asked: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    """Marks of the answers of one fresh process, asked in this order."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    found: list[str] = json.loads(done.stdout)
    return found


def test_an_address_has_the_same_bytes_whatever_was_asked_before() -> None:
    onward = answered(ASKED)
    assert len(set(onward)) == len(ASKED), "every question of these has an answer of its own"
    assert answered(ASKED[::-1])[::-1] == onward
    assert answered(ASKED * 2) == onward * 2
    for i in (1, 3, 5, 8):
        assert answered([ASKED[i]]) == [onward[i]], ASKED[i]
