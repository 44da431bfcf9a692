"""Trade drawn and told: sound SVG that needs nothing, marks where the figures are, a section in the report only where there is trade."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import mkdtemp
from xml.etree import ElementTree as ET

import pytest

import keruen as kr
from keruen.show.report import report_html
from keruen.show.trade import figure_text, number, trade_text
from keruen.show.trade_chart import trade_chart
from small import SOURCE, small_tables, write_small, write_tables

SVG = "{http://www.w3.org/2000/svg}"
TURNOVER = {"kind": "trade", "subject": "trade turnover", "unit": "USD bn", "use": "main", **SOURCE}


def case_with(*rows):
    made = [{**TURNOVER, "observation": f"o-{i}", **dict(zip(("reporter", "partner", "year", "quantity"), r[:4], strict=True)), **(r[4] if len(r) > 4 else {})}
            for i, r in enumerate(rows)]  # fmt: skip
    return kr.load(write_tables(Path(mkdtemp()) / "small", {**small_tables(), "observations": made}))


TWO = (("AA", "BB", 2020, 10), ("AA", "BB", 2022, 20), ("BB", "AA", 2022, 30), ("AA", "BB", 2022, 25, {"note": "statistical side not stated"}))
GOAL = ("AA", "BB", 2026, 40, {"kind": "target"})


@pytest.fixture(scope="module")
def kazakhstan():
    return kr.trade(kr.load("kazakhstan"))


def root(found):
    return ET.fromstring(trade_chart(found))


def titles(svg):
    return [t.text or "" for g in svg.iter(f"{SVG}g") for t in g.findall(f"{SVG}title")]


# --- the chart -------------------------------------------------------------------------------------------


def test_the_chart_is_sound_and_needs_nothing(kazakhstan):
    text = trade_chart(kazakhstan)
    svg = ET.fromstring(text)
    assert svg.get("role") == "img"
    ids = {e.get("id") for e in svg.iter()}
    assert set((svg.get("aria-labelledby") or "").split()) <= ids
    assert not re.search(r"<script|<image|<use|href|@import|url\(|NaN|nan\b", text)
    assert text == trade_chart(kazakhstan)


def test_every_figure_and_target_has_a_mark(kazakhstan):
    told = titles(root(kazakhstan))
    assert "CN, 2022: 31.2 USD bn (nca-jan23, high confidence)" in told
    assert "KZ, 2022: 24.1 USD bn (trend-oct23, high confidence)" in told
    assert "RU, 2023: almost 30 USD bn (ushakov-nov24, medium confidence)" in told
    assert any(t.startswith("target 40 USD bn by 2030") and "reached by the figures of CN" in t for t in told)
    drawn = [f for p in kazakhstan.pairs for s in p.series if s.subject == "trade turnover" and s.unit == "USD bn" for f in s.figures]
    alone = sum(len(s.figures) for p in kazakhstan.pairs if p.between == ("CA5", "RU") for s in p.series)
    assert sum(" confidence)" in t for t in told) == len(drawn) - alone


def test_sides_differ_in_shape_and_no_line_joins_them():
    svg = root(kr.trade(case_with(*TWO, GOAL)))
    groups = {t.text.split(",")[0]: g for g in svg.iter(f"{SVG}g") for t in g.findall(f"{SVG}title") if t.text and not t.text.startswith("target")}
    assert groups["AA"].find(f"{SVG}circle") is not None
    assert groups["BB"].find(f"{SVG}rect") is not None
    assert groups["not known"].find(f"{SVG}path") is not None
    lines = [p.get("class") for p in svg.iter(f"{SVG}path") if re.match("kt-(line|gap)", p.get("class") or "")]
    assert lines == ["kt-gap kt-0"], "AA's two years, two years apart"


def test_a_dashed_line_leads_to_a_target_still_open():
    def dashes(*rows):
        return sum((p.get("class") or "").startswith("kt-want") for p in root(kr.trade(case_with(*rows))).iter(f"{SVG}path"))

    assert dashes(*TWO, GOAL) == 2
    assert dashes(*TWO, ("AA", "BB", 2026, 29, {"kind": "target"})) == 1, "reached by the figures of BB"
    assert dashes(*TWO, ("AA", "BB", "", 40, {"kind": "target"})) == 0
    assert dashes(*TWO) == 0


def test_marks_and_words_stay_inside(kazakhstan):
    svg = root(kazakhstan)
    _, _, width, height = map(float, (svg.get("viewBox") or "").split())
    for group in svg.findall(f"{SVG}g"):
        dx, dy = map(float, re.findall(r"[\d.]+", group.get("transform") or "")[:2])
        for e in group.iter():
            if e.tag == f"{SVG}text":
                assert -1 <= dx + float(e.get("x", 0)) <= width
                assert 0 <= dy + float(e.get("y", 0)) <= height


def test_names_are_escaped():
    chart = trade_chart(kr.trade(case_with(("AA", "B<&>", 2020, 10), ("AA", "B<&>", 2021, 10), ("AA", "B<&>", 2024, 10, {"kind": "target"}))))
    assert "B<&>" not in chart
    assert "B&lt;&amp;&gt;" in chart
    ET.fromstring(chart)


EXPORTS = [("AA", "BB", year, 10, {"subject": "exports"}) for year in (2020, 2021)]


@pytest.mark.parametrize("rows", [[], [("AA", "BB", 2020, 10)], [GOAL], EXPORTS])
def test_nothing_to_draw(rows):
    assert trade_chart(kr.trade(case_with(*rows))) == ""


def test_odd_spans_and_zeros_are_drawn():
    svg = root(kr.trade(case_with(("AA", "BB", 1901, 0), ("AA", "BB", 2099, 0))))
    assert [t.text for t in svg.iter(f"{SVG}text") if re.fullmatch(r"\d{4}", t.text or "")] == ["1950", "2000", "2050"]
    root(kr.trade(case_with(("AA", "BB", 2020, 1e9), ("BB", "AA", 2020, 1e-6))))


# --- the text --------------------------------------------------------------------------------------------


def test_text_keeps_reporters_on_lines_of_their_own(kazakhstan):
    text = trade_text(kazakhstan)
    china = text.split("Kazakhstan (KZ) and China (CN)")[1].split("\n\n")[0]
    own, theirs = (next(line for line in china.splitlines() if line.startswith(who) and "turnover" in line) for who in ("KZ", "CN"))
    assert "24.1" in own
    assert "31.2" not in own
    assert "31.2" in theirs
    assert "cannot be told" in text
    assert "Missed: target-ru-kz-2020 (19.1 of 24 USD bn in 2020 by the figures of RU, 20 % short)" in text


def test_text_with_totals_shows_shares_and_bounds():
    text = trade_text(kr.trade(case_with(("AA", "BB", 2023, 50), ("AA", "CC", 2023, 30), ("AA", "world", 2023, 100))))
    assert re.search(r"share of total +50\.0 %", text)
    assert re.search(r"80\.0 % +0\.340 +0\.380", text)
    assert "cannot be told" not in text


def test_text_of_one_partner_shows_what_is_not_used():
    case = case_with(*TWO, ("AA", "BB", 2022, 21, {"use": "rival"}), ("AA", "BB", 2023, 5, {"use": "part", "period": "Q1"}))
    assert "--partner BB shows them" in trade_text(kr.trade(case))
    one = trade_text(kr.trade(case, "BB"))
    assert "2022: 21 USD bn (o-4)" in one
    assert "2023 Q1: 5 USD bn (o-5)" in one


def test_numbers():
    assert [number(v) for v in (0.3876, 4.97, 28.0, 106.3, 1518.0)] == ["0.388", "4.97", "28", "106.3", "1,518"]
    figure = kr.trade(case_with(("AA", "BB", 2020, 10, {"note": "nearly", "confidence": "low", "use": "rival"}))).pairs[0].series[0].figures[0]
    assert figure_text(figure) == "<10*r"


# --- the report ------------------------------------------------------------------------------------------


def test_report_has_a_section_with_its_sources():
    page = report_html(case_with(*TWO, GOAL).solve(2023))
    section = page.split('<h2 id="trade">')[1].split("<h2")[0]
    assert '<a href="#trade">' in page
    assert "ktrade" in section
    assert "behind" in section or "on course" in section
    assert '<li id="s-book">' in page


def test_report_without_trade_has_no_section():
    page = report_html(kr.load(write_small(Path(mkdtemp()) / "small")).solve(2023))
    assert 'id="trade"' not in page
    assert "#trade" not in page
