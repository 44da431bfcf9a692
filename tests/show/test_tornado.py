"""The drawing of guesses, and the page of evidence in the report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

import keruen as kr
from keruen.ask.sensitivity import guesses
from keruen.cli import main
from keruen.show.evidence import kinds_by_table
from keruen.show.report import report_html
from keruen.show.tornado import change_text, tornado
from small import write_small

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("tornado") / "small"))


@pytest.fixture(scope="module")
def found(case):
    return guesses(case, kinds=["sourced", "derived", "estimate"])


def test_drawing_is_sound_and_tells_what_it_shows(found):
    tree = ET.fromstring(tornado(found))
    assert tree.get("role") == "img"
    title, told = tree.find(f"{SVG}title"), tree.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert all(row["number"] in told.text for row in found.rows)
    assert "script" not in tornado(found)
    texts = ["".join(t.itertext()) for t in tree.iter(f"{SVG}text")]
    for row in found.rows:
        assert row["number"] in texts
        for result, ends in zip(found.results, row["moves"], strict=True):
            assert all(change_text(v, result["unit"]) in ("", *texts) for v in ends)


def test_bars_stay_inside(found):
    tree = ET.fromstring(tornado(found))
    _, _, width, height = map(float, tree.get("viewBox").split())
    for group in tree.findall(f"{SVG}g"):
        x0 = float(re.match(r"translate\(([\d.]+)", group.get("transform"))[1])
        for bar in group.findall(f"{SVG}rect"):
            left, across = float(bar.get("x")), float(bar.get("width"))
            assert x0 + left >= 0
            assert x0 + left + across <= width
            assert float(bar.get("y")) + float(bar.get("height")) <= height


def test_no_guesses_no_drawing(case):
    assert tornado(guesses(case)) == ""


@pytest.mark.parametrize(
    ("change", "unit", "text"), [(1234.5, "MUSD", "+1,234"), (-0.5, "Mt", "-0.5"), (0.0, "Mt", ""), (-0.0614, "share", "-6.1"), (1e-6, "share", "")]
)
def test_figures(change, unit, text):
    assert change_text(change, unit) == text


def test_page_of_evidence(case, found):
    plan = case.solve()
    kinds = kinds_by_table(case)
    assert kinds["all"]["total"] == sum(t["total"] for t in kinds["tables"])
    plain, full = report_html(plan), report_html(plan, None, guesses=found)
    for page in (plain, full):
        assert '<h2 id="evidence">' in page
        assert '<a href="#evidence">' in page
    assert "ktornado" not in plain
    assert "keruen report shows it" in plain
    assert 'class="ktornado"' in full
    assert "matter most" in full
    assert "No guess moves" in report_html(plan, None, guesses=guesses(case))


def test_commands(case, tmp_path):
    file = tmp_path / "r.html"
    assert main(["report", str(case.path), "-o", str(file)]) == 0
    assert "No guess moves" in file.read_text(encoding="utf-8")
    assert main(["report", str(case.path), "-o", str(file), "--brief"]) == 0
    assert "keruen report shows it" in file.read_text(encoding="utf-8")
