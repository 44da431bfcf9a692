"""Codes of the Harmonized System: what exists is let through, what exists nowhere is named, no text crashes."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keruen as kr
from keruen.screening import hs
from keruen.screening.hs import EDITIONS, hs_digits, hs_editions, hs_problem


@pytest.mark.parametrize(
    "code",
    [
        *("01", "97", "27", "2709", "270900", "2710", "271012", "271019", "2710198600", "27101921"),
        *("854231", "854211", "8542399000", "8549", "8524", "852410", "852491", "8548", "8806", "880730", "8803", "880330"),
        *("0410", "041010", "2404", "240412", "300670", "3825", "382600", "382711", "430160", "430170", "962000", "741910", "630900", "631090"),
        *("152000", "152110", "152200", "100119", "100190", "310210", "710812", "720449", "740400", "760110", "440131", "440320"),
        *("98", "9999", "9950000000"),  # left to each country
    ],
)
def test_real_codes_pass(code: str) -> None:
    assert hs_problem(code) == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("77", "chapter 77 is reserved"),
        ("770100", "chapter 77 is reserved"),
        ("00", "no chapter 00"),
        ("8599", "heading 8599 exists in no edition; chapter 85 has 8501 to 8549; nearest: 8549"),
        ("8550310000", "heading 8550"),
        ("2717", "chapter 27 has 2701 to 2716; nearest: 2716"),
        ("8542000000", "heading 8542 filled up with zeros"),
        ("8500", "nearest: 8501 (chapter 85 filled up with zeros?)"),
        ("854298", "subheading 854298 exists in no edition; 8542 has in 2022 31, 32, 33, 39, 90; nearest: 854290"),
        ("8542.98.00", "subheading 854298"),
        ("270910", "2709 is not divided: 270900 only"),
        ("271021", "nearest: 271020"),  # stands in UN statistics, never in the System
        ("880340", "8803 has 10 (1988-2017), 20 (1988-2017), 30 (1988-2017), 90 (1988-2017)"),
        ("10121", "5 digits; a code has 2, 4, 6, 8 or 10: a spreadsheet may have dropped a leading zero"),
        ("1012100", "a leading zero"),
        ("101210000", "a leading zero"),
        ("123456789012", "12 digits"),
        ("", "no code"),
        ("crude oil", "'crude oil' is not a code"),
        ("15.01.2024", "split where no code"),
        ("²²²²", "is not a code"),
    ],
)
def test_what_exists_nowhere_is_named(code: str, said: str) -> None:
    assert said in hs_problem(code)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("8542.31", "854231"),
        ("8542 31 00", "85423100"),
        (" 854231 ", "854231"),
        ("85.42", "8542"),
        ("85 42 31", "854231"),
        ("8542\u00a031\u00a0900\u00a00", "8542319000"),
        ("8542 31 900 0", "8542319000"),
        ("8542.31.0001", "8542310001"),
        ("0101", "0101"),
        ("101", None),
        ("10121", None),
        ("8542.31.0", None),
        ("854231.0", None),
        ("15.01.2024", None),
        ("2024-01-15", None),
        ("854,231", None),
        ("8542; 8543", None),
        ("0101\n0102", None),
        ("٨٥٤٢", None),
        ("", None),
    ],
)
def test_digits(text: str, digits: str | None) -> None:
    assert hs_digits(text) == digits


def test_editions() -> None:
    assert hs_editions("854231") == EDITIONS[3:]
    assert hs_editions("8524") == ("1988", "1996", "2002", "2022")
    assert hs_editions("880330") == EDITIONS[:6]
    assert hs_editions("8549") == hs_editions("8806") == ("2022",)
    assert hs_editions("240412") == hs_editions("080810") == EDITIONS  # the table does not tell
    assert hs_editions("271000") == ("1988", "1996")
    assert hs_editions("2709001009") == EDITIONS
    assert hs_editions("8599") == hs_editions("nothing") == ()


def test_chapters_and_headings_of_the_newest_edition() -> None:
    known = hs._known()
    assert sum(len(code) == 2 for code in known) == 96
    assert sum(len(code) == 4 for code in known) == 1265  # in any edition
    assert sum(len(code) == 6 and known[code] >> 6 & 1 for code in known) > 600


def test_table_is_in_order_and_says_each_code_once() -> None:
    text = (files("keruen.screening") / "hs_codes.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and line[0] != "#"]
    codes = [heading + sub[:2] for heading, *subs in lines if len(heading) == 4 for sub in subs]
    assert codes == sorted(set(codes))
    assert all(len(code) == 6 and code.isdecimal() for code in codes)


def test_codes_of_the_kazakh_case_exist() -> None:
    case = kr.load("kazakhstan")
    named = {code for rule in case.rules.values() for code in rule.hs} | {code for good in case.commodities.values() for code in good.hs}
    assert len(named) > 150
    assert {code: hs_problem(code) for code in named if hs_problem(code)} == {}


@given(st.text() | st.text("0123456789. \u00a0", max_size=14))
def test_any_text_is_answered(text: str) -> None:
    digits = hs_digits(text)
    assert isinstance(hs_problem(text), str)
    if digits is None:
        assert hs_problem(text)
    else:
        assert digits.isascii()
        assert digits.isdecimal()
        assert len(digits) in (2, 4, 6, 8, 10)
        assert hs_digits(digits) == digits
        assert hs_problem(digits) == hs_problem(text)
        assert (hs_problem(text) == "") == (bool(hs_editions(text)) or digits[:2] in hs.NATIONAL)


@given(st.integers(0, 999999))
def test_nearest_code_exists(number: int) -> None:
    said = hs_problem(f"{number:06}")
    if "nearest: " in said:
        assert hs_problem(said.split("nearest: ")[1].split()[0]) == ""


@given(st.integers(0, 999999), st.integers(0, 9999))
def test_national_digits_change_nothing(number: int, national: int) -> None:
    assert hs_problem(f"{number:06}") == hs_problem(f"{number:06}{national:04}")
