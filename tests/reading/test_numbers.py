"""Numbers in figures and in words, in three languages."""

# ruff: noqa: E501 (tables of cases are read more easily with a case on a line)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keruen.reading.numbers import find_numbers, parse_digits

MARKS = {"vi": (".", ","), "en": (",", "."), "ru": ("\u00a0", ",")}


def write(value: int, decimals: str, language: str) -> str:
    group, point = MARKS[language]
    whole = f"{value:,}".replace(",", group)
    return whole + (point + decimals if decimals else "")


# Not three decimals: 1,234 and 1.234 are written alike, and the language decides. Not zeros alone: 7,000 is seven thousand anywhere.
DECIMALS = st.one_of(st.just(""), st.from_regex(r"[0-9]{0,1}[1-9]|[0-9]{3}[1-9]", fullmatch=True))


@given(st.integers(0, 10**12), DECIMALS, st.sampled_from(sorted(MARKS)))
def test_what_a_language_writes_reads_back(value: int, decimals: str, language: str) -> None:
    text = write(value, decimals, language)
    assert parse_digits(text, language) == float(f"{value}.{decimals or 0}")
    found = find_numbers(f"x {text} x", language)
    assert [(n.start, n.end) for n in found] == [(2, 2 + len(text))]


@given(st.integers(1, 999), st.sampled_from([("vi", {"k": "nghìn", "m": "triệu", "bn": "tỷ"}), ("en", {"k": "thousand", "m": "million", "bn": "billion"}),
                                             ("ru", {"k": "тысяч", "m": "миллионов", "bn": "млрд"})]))  # fmt: skip
def test_scales(value: int, words: tuple[str, dict[str, str]]) -> None:
    language, scales = words
    for scale, word in scales.items():
        (number,) = find_numbers(f"{value} {word}", language)
        assert (number.value, number.scale) == (value, scale)


@given(st.integers(1, 999))
def test_vietnamese_words(value: int) -> None:
    ones = ["", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
    hundreds, rest = divmod(value, 100)
    tens, one = divmod(rest, 10)
    words = [f"{ones[hundreds]} trăm"] if hundreds else []
    if tens > 1:
        words += [f"{ones[tens]} mươi", {1: "mốt", 5: "lăm"}.get(one, ones[one])]
    elif tens:
        words += ["mười", {5: "lăm"}.get(one, ones[one])]
    elif one:
        words += (["linh"] if hundreds else []) + [ones[one]]
    (number,) = find_numbers(" ".join(w for w in words if w) + " triệu", "vi")
    assert (number.value, number.scale) == (value, "m")


@pytest.mark.parametrize(("text", "language", "value", "scale"), [
    ("hai mươi lăm triệu rưỡi", "vi", 25.5, "m"), ("một trăm linh năm", "vi", 105, ""), ("mười lăm", "vi", 15, ""), ("5 nghìn tỷ", "vi", 5, "trn"), ("3 triệu rưỡi", "vi", 3.5, "m"),
    ("10 vạn", "vi", 100000, ""), ("1.5 tỷ", "vi", 1.5, "bn"), ("1,5 tỷ", "vi", 1.5, "bn"), ("1.234,5", "vi", 1234.5, ""), ("7,000", "vi", 7000, ""), ("0,125", "vi", 0.125, ""),
    ("two hundred and fifty million", "en", 250, "m"), ("a billion", "en", 1, "bn"), ("half a million", "en", 0.5, "m"), ("one and a half million", "en", 1.5, "m"),
    ("twenty-five", "en", 25, ""), ("a dozen", "en", 12, ""), ("5bn", "en", 5, "bn"), ("1,500", "en", 1500, ""), ("1.500", "en", 1.5, ""), ("1,234.5", "en", 1234.5, ""),
    ("двадцать пять млн", "ru", 25, "m"), ("полтора миллиарда", "ru", 1.5, "bn"), ("полмиллиона", "ru", 0.5, "m"), ("сто двадцать тысяч", "ru", 120, "k"), ("1 500", "ru", 1500, ""),
    ("2\u00a0500\u00a0000", "ru", 2500000, ""), ("27,5 млрд", "ru", 27.5, "bn"),
])  # fmt: skip
def test_known(text: str, language: str, value: float, scale: str) -> None:
    assert [(n.value, n.scale, n.start, n.end) for n in find_numbers(text, language)] == [(value, scale, 0, len(text))]


@pytest.mark.parametrize(("text", "language", "vague", "scale"), [
    ("hàng chục tỷ", "vi", "tens of", "bn"), ("hàng tỷ", "vi", "billions of", "bn"), ("hàng chục nghìn", "vi", "tens of thousands of", ""), ("hàng trăm triệu", "vi", "hundreds of", "m"),
    ("tens of billions of", "en", "tens of", "bn"), ("thousands of", "en", "thousands of", ""), ("десятки миллиардов", "ru", "tens of", "bn"),
    ("десятки тысяч", "ru", "tens of thousands of", ""), ("несколько миллионов", "ru", "millions of", "m"),
])  # fmt: skip
def test_vague(text: str, language: str, vague: str, scale: str) -> None:
    assert [(n.value, n.vague, n.scale) for n in find_numbers(text, language)] == [(None, vague, scale)]


@pytest.mark.parametrize(("text", "language"), [("tỷ lệ", "vi"), ("2 tỷ phú", "vi"), ("1.2.3.4", "en"), ("12.5.2024", "ru")])
def test_no_scale_or_number_where_none_is(text: str, language: str) -> None:
    assert all(not n.scale for n in find_numbers(text, language))
    assert all(n.value in (2.0,) for n in find_numbers(text, language))
