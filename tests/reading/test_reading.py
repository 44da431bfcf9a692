"""Files, lines, boilerplate, HTML, the command, and what holds for any text."""

# ruff: noqa: E501 (tables of cases are read more easily with a case on a line)
from __future__ import annotations

import csv
import io
import json
import sys
import time
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keruen as kr
from keruen.cli import main
from keruen.errors import UsageError
from keruen.reading.boilerplate import strip
from keruen.reading.lines import lines_of, sentences_of
from keruen.reading.propose import Proposal, propose
from keruen.reading.text import Mapped, language_of, read_source

CASE = kr.load("kazakhstan")
ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
TEXT = "Kazakhstan xuất khẩu hơn 1,5 triệu tấn dầu sang Trung Quốc năm 2023. Hai nước hướng tới mục tiêu 40 tỷ USD."
PIECES = ["1,5 triệu tấn", "$5bn", "10–12 млн тонн", "ngày 9/11", "năm", "gấp đôi", "5.000", "\u00a0", "Ảnh: X", "\n", "\r\n", ". ", "Covid-19", "27-28/11/2024", "hàng chục tỷ USD",
          "e\u0302\u0323", "€", "1/4", "2024", "от 5 до 7", "в 5 раз", "half of", "tháng 13", "31/2", "\u200b", "İ", "٣", "²", "½", "Kazakhstan", "999999999999999999999"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)),
       st.sampled_from(["vi", "en", "ru", ""]), st.sampled_from([None, date(2024, 2, 29)]))  # fmt: skip
def test_any_text_is_read_and_offsets_hold(text: str, language: str, today: date | None) -> None:
    reading = propose(text, CASE, "doc", language=language, today=today)
    assert reading == propose(text, CASE, "doc", language=language, today=today)
    for p in reading.proposals:
        assert 0 <= p.start < p.end <= len(text)
        assert text[p.start : p.end] == p.figure_text
        line = int(p.locator[1:].split(".")[0])
        assert lines_of(text)[line - 1].start <= p.start
        assert p.status == "proposed"


@given(st.text(max_size=80))
def test_normalising_keeps_track(text: str) -> None:
    mapped = Mapped.of(text)
    assert len(mapped.origin) == len(mapped.text) + 1
    assert list(mapped.origin) == sorted(mapped.origin)
    for i in range(len(mapped.text)):
        start, end = mapped.span(i, i + 1)
        assert start < end


def test_decomposed_vietnamese_reads_the_same_with_its_own_offsets() -> None:
    composed, decomposed = (propose(unicodedata.normalize(form, TEXT), CASE, "doc").proposals for form in ("NFC", "NFD"))
    assert [(p.value, p.unit, p.wording, p.period, p.countries) for p in composed] == [(p.value, p.unit, p.wording, p.period, p.countries) for p in decomposed]
    assert [p.start for p in composed] != [p.start for p in decomposed]
    assert [unicodedata.normalize("NFC", p.figure_text) for p in decomposed] == [p.figure_text for p in composed]


@pytest.mark.parametrize(("text", "sentences"), [
    ("Один. Два в 2023 г. Три тыс. тонн.", 2), ("Mr. A. Smith of the U.S. Navy paid $1.5 million. He left.", 2), ("Như dầu... nhằm bán. Rồi.", 2), ('Ông nói: “Vâng”. "Không."', 2), ("", 0),
])  # fmt: skip
def test_sentences(text: str, sentences: int) -> None:
    assert len(sentences_of(text)) == sentences


PAGE = """Kazakhstan builds a line
Thứ Tư, 12/1/2022 10:00
Jane Doe
Kazakhstan will build 300 km of railway, the ministry said on Tuesday. The work will take three years and cost 2 billion dollars in all.
A train at the border on 5 May. Photo: Agency
The same ministry expects 10 million tonnes of freight a year on the new line. It did not say when that would be, or who would pay for the wagons.
Follow us on Somewhere

Ten things to know about 50 cities
Ten things to know about 50 cities
They are 50 and they are old, and here is what to see in ...
Related news
Gold rises by 2 percent
© 2022 Somebody"""


def test_boilerplate_by_shape() -> None:
    kept, stripped = strip(lines_of(PAGE))
    assert [line.number for line in kept] == [4, 6]
    reasons = {s.line.number: s.reason for s in stripped}
    assert "caption" in reasons[5]
    assert "date line" in reasons[2]
    assert "byline" in reasons[3]
    assert "menu" in reasons[7]
    assert sorted(reasons) == [1, 2, 3, 5, 7, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize(("lines", "body", "language"), [
    (["Latest:2023-05-17 18:24:15 Views:0 From:X", "A train with 2.500 tấn đường trắng đã đi qua ga này trong năm 2022.", "Thời gian: 3 phút đọc"], [2], "vi"),
    (["Home | News | Business", "16 giờ trướcBài gốc", "Cây cầu dài 2.200 mét đã được hoàn thành. Kim ngạch hai nước đạt 100 tỷ USD.", "Cầu dài 2.200 mét. Ảnh: A/B", "- Xuất khẩu: 60 tỷ USD",
      "Từ khóa: cầu, Nga", "Bình luận (12)", "5 điều cần biết về cầu"], [3, 5], "vi"),
    (["By Jane Doe, 5 min read", "Published: January 8, 2025 09:00", "Traffic rose 62% to 4.5 million tons. Trains numbered 358.", "ALSO READ: Oil price falls 3%",
      "The ministry expects more. It wants 10 million tons by 2030.", "Sign up for our newsletter - join 50,000 readers", "Most Read", "1. Gold up 5%"], [3, 5], "en"),
    (["1 минута", "12:45, 18 июля 2023", "Объем торговли достигнет 40 млрд долларов. Китай закупил 1,5 млн тонн зерна.", "Читайте также: Экспорт нефти вырос на 5%", "Поделиться: 25",
      "Популярное", "В городе выпало 20 мм осадков за сутки"], [3], "ru"),
])  # fmt: skip
def test_pages_of_other_sites(lines: list[str], body: list[int], language: str) -> None:
    assert [line.number for line in strip(lines_of("\n".join(lines)))[0]] == body


def test_what_follows_a_headline_in_between_is_still_the_article() -> None:
    page = "\n".join(["It is long and has two sentences. " * 9] * 1 + ["See also: Ten things", "Short but of two sentences. It says 5 tonnes.", "And so is this one. It says 7 tonnes."])
    assert [line.number for line in strip(lines_of(page))[0]] == [1, 3, 4]


def test_a_long_line_is_read_in_time() -> None:
    text = "Kazakhstan xuất khẩu 1,5 triệu tấn dầu, hơn 20% sang Nga và 27-28/11 " * 300
    start = time.perf_counter()
    assert len(propose(text, CASE, "doc", language="vi").proposals) >= 590
    assert time.perf_counter() - start < 60


def test_a_list_of_figures_is_not_taken_for_a_menu() -> None:
    reading = propose("The report says:\n- Oil: 70 million tonnes\n- Gas: 59 bcm\nIt was published by the ministry in Astana.", CASE, "doc")
    assert [(p.value, p.unit) for p in reading.proposals] == [(70.0, "Mt"), (59.0, "bn m3")]


@pytest.mark.parametrize(("text", "language"), [(TEXT, "vi"), ("Trade grew by 5 percent.", "en"), ("Торговля выросла на 5%.", "ru")])
def test_language(text: str, language: str) -> None:
    assert language_of(text) == (language, "")


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.pdf", b"%PDF-1.7", "a PDF"), ("a.docx", b"PK\x03\x04xx", "packed"), ("a.txt", b"", "is empty"), ("a.txt", b" \n", "is empty"), ("a.txt", bytes(range(256)) * 9, "is binary"),
])  # fmt: skip
def test_what_is_no_text_is_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=words):
        read_source(tmp_path / name)


@pytest.mark.parametrize(("encoding", "noted"), [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", "utf-16-le")])
def test_encodings(tmp_path: Path, encoding: str, noted: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode(encoding))
    source = read_source(path)
    assert source.text == TEXT
    assert noted in " ".join(source.notes)


def test_old_encodings_are_guessed_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = "Казахстан экспортировал 1,5 млн тонн нефти."
    path.write_bytes(text.encode("windows-1251"))
    source = read_source(path)
    assert (source.text, source.encoding) == (text, "windows-1251")
    assert "taken for windows-1251" in source.notes[0]
    path.write_bytes("Kim nga\u0323ch đa\u0323t 5 triê\u0323u tâ\u0301n va\u0300o năm 2023".encode("windows-1258"))
    source = read_source(path)
    assert source.encoding == "windows-1258"
    assert [(p.value, p.unit) for p in propose(source.text, CASE, "d", language="vi").proposals] == [(5.0, "Mt")]


HTML = """<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="article:published_time" content="2024-07-05T08:00"></head><body>
<ul><li><a href="/">Home</a></li><li><a href="/x">World 24h</a></li></ul><h1>Aktau grows to 240,000 TEU</h1>
<p>The government of Kazakhstan said that in the first half of this year the port of Aktau handled more than 3.8 million tonnes of freight, which is 12.5 percent
more than it was a year before, and that the number of containers has doubled in the same time.</p>
<p>The project will cost about 150 million dollars and is to be finished before the end of the decade, with the help of those who invest in it from China.</p>
<div><h3>Related</h3><ul><li><a>10 places</a></li></ul></div></body></html>"""


def test_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("justext")
    page, text = tmp_path / "page.html", tmp_path / "page.txt"
    page.write_text(HTML, encoding="utf-8")
    assert main(["read", str(page), "--format", "json", "--text", str(text)]) == 0
    told = json.loads(capsys.readouterr().out)
    body = text.read_text(encoding="utf-8")
    assert told["date"] == "2024-07-05"
    assert [(p["value"], p["unit"]) for p in told["proposals"]][:3] == [(240000, "TEU"), (3.8, "Mt"), (12.5, "percent")]
    assert all(body[p["start"] : p["end"]] == p["figure_text"] for p in told["proposals"])
    assert "places" not in body


def test_html_without_its_library(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "justext", None)
    page = tmp_path / "page.html"
    page.write_text(HTML, encoding="utf-8")
    assert main(["read", str(page)]) == 2
    assert 'pip install "keruen[read]"' in capsys.readouterr().err


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "news.txt", tmp_path / "rows.csv"
    path.write_text(TEXT, encoding="utf-8")
    assert main(["read", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "1,5 triệu tấn" in shown
    assert "Proposed, not checked" in shown
    assert main(["read", str(path), "--format", "csv", "-o", str(out), "--document", "n-1"]) == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert tuple(rows[0]) == Proposal.columns()
    assert (rows[0]["claim"], rows[0]["document"], rows[0]["locator"], rows[0]["value"], rows[0]["unit"], rows[0]["value_base"], rows[0]["unit_base"], rows[0]["status"]) == (
        "p-01", "n-1", "L1.S1", "1.5", "Mt", "1500000", "t", "proposed")  # fmt: skip
    assert {r["status"] for r in rows} == {"proposed"}


@pytest.mark.parametrize(("arguments", "words"), [
    (("nothing.txt",), "there is no file"), ((".",), "is a folder"), (("news.txt", "--date", "yesterday"), "--date takes a day"), (("news.txt", "--case", "kazakstan"), "Did you mean 'kazakhstan'"),
])  # fmt: skip
def test_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "news.txt").write_text(TEXT, encoding="utf-8")
    assert main(["read", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.skipif(not (SHARED / "articles").is_dir(), reason="the articles are not in the repository")
def test_the_five_articles() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from score_reading import scores
    finally:
        sys.path.pop(0)
    every = [s for s, _ in scores(SHARED)]
    assert sum(s.found for s in every) >= 0.95 * sum(s.stated for s in every)
    assert sum(s.right for s in every) >= 0.9 * sum(s.findings for s in every)
    assert not [u for s in every for u in s.unjudged]


def test_no_sentence_of_an_article_is_in_the_repository() -> None:
    if not (SHARED / "articles").is_dir():
        pytest.skip("the articles are not in the repository")
    sentences = [s.text for path in (SHARED / "articles").glob("*.txt") for line in lines_of(path.read_text(encoding="utf-8")) for s in sentences_of(line.text) if len(s.text) > 60]
    ours = "".join(p.read_text(encoding="utf-8") for p in [*(ROOT / "src/keruen/reading").iterdir(), *(ROOT / "tests/reading").glob("*.py"), ROOT / "docs/reading.md"] if p.is_file())
    assert not [s for s in sentences if s in ours]
