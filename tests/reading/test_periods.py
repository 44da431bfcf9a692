"""Dates and periods, resolved against 28 November 2024."""

# ruff: noqa: E501 (tables of cases are read more easily with a case on a line)
from __future__ import annotations

from datetime import date

import pytest

from keruen.reading.periods import article_date, find_periods

TODAY = date(2024, 11, 28)
VI = {
    "ngày 29-6-1992": "1992-06-29", "Tháng 10-2016": "2016-10", "Bốn tháng đầu năm 2023": "2023-01/2023-04", "9 tháng đầu năm": "2024-01/2024-09", "từ ngày 27-28/11": "2024-11-27/2024-11-28",
    "ngày 9/11": "2024-11-09", "ngày 12/11/2025": "2025-11-12", "tháng 10 năm 2016": "2016-10", "quý I/2024": "2024-01/2024-03", "quý 2 năm 2024": "2024-04/2024-06", "giai đoạn 2001-2004": "2001-2004",
    "Tháng 12/2021": "2021-12", "cuối tháng 10": "2024-10 (late)", "đầu tháng này": "2024-11 (early)", "năm 2030": "2030", "cuối năm nay": "2024 (late)", "tháng 5 vừa qua": "2024-05",
    "Tháng 10 năm nay": "2024-10", "12 Tháng Giêng 2022": "2022-01-12", "từ tháng 9-2019": "2019-09", "nửa đầu năm 2025": "2025-01/2025-06", "từ 2021 đến 2025": "2021-2025",
    "ngày 3 tháng 7 năm 2024": "2024-07-03", "từ tháng 1 đến tháng 9/2024": "2024-01/2024-09", "thứ Hai 19/8": "2024-08-19", "ngày 20-22/8/2023": "2023-08-20/2023-08-22", "hồi năm ngoái": "2023",
}  # fmt: skip
EN = {
    "November 27, 2024": "2024-11-27", "12 June 2025": "2025-06-12", "in May 2023": "2023-05", "first nine months of 2024": "2024-01/2024-09", "January-September 2024": "2024-01/2024-09",
    "Q1 2024": "2024-01/2024-03", "first quarter of this year": "2024-01/2024-03", "H1 2025": "2025-01/2025-06", "by 2030": "2030", "2023-2025": "2023-2025", "from 2021 to 2024": "2021-2024",
    "last year": "2023", "in October": "2024-10", "2023/24": "2023-2024", "end of 2025": "2025 (late)", "3-4 July 2024": "2024-07-03/2024-07-04", "early 2024": "2024 (early)",
}  # fmt: skip
RU = {
    "12 ноября 2025 года": "2025-11-12", "в ноябре 2024 г.": "2024-11", "в 2023 году": "2023", "в 2021–2024 годах": "2021-2024", "за девять месяцев 2024 года": "2024-01/2024-09",
    "в январе–сентябре": "2024-01/2024-09", "в I квартале 2024 года": "2024-01/2024-03", "первое полугодие 2024 года": "2024-01/2024-06", "12.11.2025": "2025-11-12", "к 2030 году": "2030",
    "в прошлом году": "2023", "27–28 ноября": "2024-11-27/2024-11-28", "к концу 2025 года": "2025 (late)", "в 2024-м": "2024",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value", "language"), [(t, v, lang) for lang, cases in (("vi", VI), ("en", EN), ("ru", RU)) for t, v in cases.items()])
def test_resolved(text: str, value: str, language: str) -> None:
    assert [p.value for p in find_periods(text, language, TODAY)] == [value]


@pytest.mark.parametrize(("text", "language"), [("ngày 9/11", "vi"), ("năm nay", "vi"), ("last year", "en"), ("в прошлом году", "ru"), ("những năm tới", "vi")])
def test_unresolved_without_a_day_stays_in_words(text: str, language: str) -> None:
    (period,) = find_periods(text, language)
    assert period.value == ""
    assert period.shown


@pytest.mark.parametrize(("text", "language", "kind"), [
    ("so với cùng kỳ năm ngoái", "vi", "comparison"), ("compared with the same period last year", "en", "comparison"), ("по сравнению с прошлым годом", "ru", "comparison"),
    ("những năm 1990", "vi", "clock"), ("the 1990s", "en", "clock"), ("lúc 15h30", "vi", "clock"),
])  # fmt: skip
def test_what_is_no_period_of_a_figure(text: str, language: str, kind: str) -> None:
    assert [p.kind for p in find_periods(text, language, TODAY)] == [kind]


@pytest.mark.parametrize(("text", "language"), [("2.024 tấn", "vi"), ("2,024 tonnes", "en"), ("2 030 тонн", "ru"), ("1/4 diện tích", "vi"), ("năm tàu", "vi"), ("ngày 31/2/2024", "vi")])
def test_none_where_there_is_none(text: str, language: str) -> None:
    assert [p.value for p in find_periods(text, language, TODAY) if p.value] == []


@pytest.mark.parametrize(("lines", "day"), [
    (["A title", "Thứ Tư, 12/1/2022 10:00"], date(2022, 1, 12)), (["date 2025-11-13 A long title " + "x" * 90], date(2025, 11, 13)), (["Talks were held on 2024-01-05 in Astana."], None), ([], None),
])  # fmt: skip
def test_article_date(lines: list[str], day: date | None) -> None:
    assert article_date(lines, "vi") == day
