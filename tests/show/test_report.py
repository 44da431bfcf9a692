"""The report: one file, complete, with no address it would need a network for, working in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

import keruen as kr
from keruen.show.evidence import evidence, source_line
from keruen.show.report import report_html
from small import write_small

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@cache
def small() -> kr.Case:
    return kr.load(write_small(Path(mkdtemp()) / "small"))


@cache
def report() -> str:
    return report_html(small().solve(2023, kr.close(country="XX")), small().solve(2023))


def test_the_report_needs_no_network() -> None:
    """Addresses of sources may be named as links to follow; nothing is loaded from one."""
    assert re.findall(r"""(?:src|@import|url\()\s*=?\s*["'(]?https?:""", report()) == []
    assert "<link" not in report()


def test_the_report_is_the_same_every_time() -> None:
    again = report_html(small().solve(2023, kr.close(country="XX")), small().solve(2023))
    assert again == report()


def test_every_link_of_the_map_can_tell_where_its_numbers_come_from() -> None:
    about = json.loads(re.search(r'<script id="links" type="application/json">(.*?)</script>', report(), re.S)[1])  # type: ignore[index]
    on_map = set(re.findall(r'data-link="([a-z0-9-]+)"', report()))
    assert on_map == set(about)
    capacity = next(n for n in about["pipe-hub-terminal"]["numbers"] if n["name"] == "capacity")
    assert capacity["kind"] == "derived"
    assert capacity["source"] == "book"
    assert capacity["rivals"] == [{"value": "9", "source": "guess", "note": ""}]
    assert about["pipe-hub-terminal"]["closed"] == "close country XX"


def test_evidence_of_a_row() -> None:
    entries = {e["name"]: e for e in evidence(small(), "links", small().links["pipe-hub-port"])}
    assert entries["length km"]["value"] == "400"
    assert entries["cost usd per t"]["kind"] == "sourced"
    assert "hours" not in entries  # a blank cell is no number
    assert source_line(small(), "book") == "A press, A book, 2023"


def test_differences_and_shortages_are_shown() -> None:
    assert "what could not move" in report().lower()
    assert "port-berths is full (3 Mt/year)" in report()
    assert "by-pipe" in report()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_in_a_browser_a_link_shows_its_numbers(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report(), encoding="utf-8")
    assert BROWSER is not None
    run = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=4000", "--dump-dom", f"file://{page}#link=pipe-hub-terminal"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    panel = re.search(r'<aside id="about".*?</aside>', run.stdout, re.S)
    assert panel is not None
    assert "pipe-hub-terminal" in panel[0]
    assert "rival 9" in panel[0]
    assert "Closed: close country XX" in panel[0]
    assert not re.search(r"CONSOLE.*(Error|Uncaught)", run.stderr)
