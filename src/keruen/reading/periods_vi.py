"""Dates and periods in Vietnamese."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

from datetime import date

from keruen.reading.periods import ROMAN, Build, D, M, Match, Y, around, edge, iso, months, near_year, span_days

__all__ = ["RULES"]

_MONTHS = {"giêng": 1, "một": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8, "chín": 9, "mười": 10, "mười một": 11,
           "mười hai": 12, "chạp": 12}  # fmt: skip
_COUNT = {"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10, "mười một": 11}
_N = r"(?P<n>\d{1,2}|mười một|một|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười)"
_MW = rf"(?:{M}(?!\d)|(?P<mw>mười một|mười hai|giêng|một|hai|ba|tư|bốn|năm(?!\s*(?:\d|nay|ngoái))|sáu|bảy|bẩy|tám|chín|mười|chạp)(?!\w))"
_AT = r"(?:(?:vào|từ|đến|tới|hôm|sáng|trưa|chiều|tối|trước|sau|hết|kể từ)\s+)?"
_DAY = r"(?:(?:ngày|mùng|hôm|sáng|trưa|chiều|tối)\s+)"
_E = r"(?:(?P<edge>đầu|giữa|cuối|hết|vào cuối|trong)\s+)?"
_THIS = r"(?P<this>nay|này|ngoái|trước|qua|vừa qua|vừa rồi|tới|sau|sắp tới)"


def _shift(word: str) -> int:
    return {"nay": 0, "này": 0, "ngoái": -1, "trước": -1, "qua": -1, "vừa qua": -1, "vừa rồi": -1, "tới": 1, "sau": 1, "sắp tới": 1}[word.lower()]


def _month(m: Match) -> int:
    return int(m["m"]) if m["m"] else _MONTHS[" ".join(m["mw"].lower().split())]


def _number(word: str) -> int:
    word = " ".join(word.lower().split())
    return int(word) if word.isdigit() else _COUNT[word]


def _year(m: Match, today: date | None) -> int | None:
    if m["y"]:
        return int(m["y"])
    if m["this"] and today:
        return today.year + _shift(m["this"])
    return None


def _full(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m)
    year = _year(m, today) or near_year(today, month, int(m["d"]))
    return iso(year, month, int(m["d"])), "date" if iso(2024, month, int(m["d"])) else ""


def _days(m: Match, today: date | None) -> tuple[str, str]:
    month, first, last = _month(m), int(m["d"]), int(m["d2"])
    if first >= last:
        return "", ""
    return span_days(int(m["y"]) if m["y"] else near_year(today, month, first), month, first, last), "date"


def _of_month(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m)
    year = _year(m, today)
    if year is None and not m["this"]:
        year = near_year(today, month)
        if today and m["rel"]:
            past, ahead = m["rel"].lower() in ("vừa qua", "vừa rồi", "qua"), m["rel"].lower() in ("tới", "sau", "sắp tới")
            year = today.year - (past and month > today.month) + (ahead and month < today.month)
    value = iso(year, month)
    return value + edge(m["edge"]) if value else "", "date"


def _first_months(m: Match, today: date | None) -> tuple[str, str]:
    n = _number(m["n"])
    year = _year(m, today) if m["y"] or m["this"] else (today.year if today else None)
    if not 1 <= n <= 12:
        return "", ""
    return (months(year, 13 - n, 12) if m["last"] else months(year, 1, n)), "date"


def _half(m: Match, today: date | None) -> tuple[str, str]:
    year = _year(m, today) if m["y"] or m["this"] else (today.year if today else None)
    return (months(year, 1, 6) if m["half"].lower() in ("đầu", "1", "i") else months(year, 7, 12)), "date"


def _quarter(m: Match, today: date | None) -> tuple[str, str]:
    q = ROMAN[m["q"].lower()]
    year = _year(m, today) if m["y"] or m["this"] else (today.year if today else None)
    return months(year, 3 * q - 2, 3 * q), "date"


def _of_year(m: Match, today: date | None) -> tuple[str, str]:
    return m["y"] + edge(m["edge"]), "date"


def _this_year(m: Match, today: date | None) -> tuple[str, str]:
    if m["this"].lower() in ("qua", "vừa qua", "vừa rồi"):
        return "", "relative"  # the twelve months behind, or the year before: it does not say
    value = around(today, _shift(m["this"])) if m["this"] else around(today)
    return value + edge(m["edge"]) if value else "", "relative"


def _this_month(m: Match, today: date | None) -> tuple[str, str]:
    value = around(today, month_shift=_shift(m["this"]), what="month")
    return value + edge(m["edge"]) if value else "", "relative"


def _span(m: Match, today: date | None) -> tuple[str, str]:
    first, last = int(m["y"]), int(m["y2"])
    return (f"{first}-{last}", "date") if first < last else ("", "")


def _month_to_month(m: Match, today: date | None) -> tuple[str, str]:
    first, last = int(m["m"]), int(m["m2"])
    year = int(m["y"]) if m["y"] else _year(m, today) if m["this"] else near_year(today, last)
    return months(year, first, last), "date" if first < last else ""


_M2 = r"(?P<m2>0?[1-9]|1[0-2])"
RULES: tuple[tuple[str, str, Build], ...] = (
    (r"so với\s+(?:mức\s+|con số\s+)?(?:cùng kỳ\s+)?(?:năm\s+)?(?:(?:19|20)\d\d|năm\s+(?:ngoái|trước(?: đó)?|liền trước|qua))(?!\w)|so với\s+cùng kỳ(?:\s+năm\s+(?:ngoái|trước))?"
     r"|cùng kỳ\s+(?:năm\s+)?(?:(?:19|20)\d\d|năm\s+(?:ngoái|trước)|ngoái|trước)|so với\s+(?:cùng kỳ\s+)?(?:quý|tháng)\s+(?:trước|[\divx]+(?:\s*[/-]\s*(?:19|20)\d\d|\s+năm\s+(?:(?:19|20)\d\d|ngoái|trước))?)(?!\w)", "comparison", lambda m, t: ("", "comparison")),
    (rf"{_AT}(?:(?:các\s+)?ngày\s+)?(?<![\d/.,]){D}\s*(?:[-–]|đến|tới|và)\s*(?:ngày\s+)?(?P<d2>[12]?\d|3[01])\s*[/.-]\s*{M}(?:[/.-]{Y})?(?![\d/])(?!\s*%)", "date", _days),
    (rf"{_AT}{_DAY}?{D}\s*(?P<s>[/.-]){M}(?P=s){Y}(?!\d)", "date", _full),
    (rf"{_AT}{_DAY}{D}\s+tháng\s+{_MW}(?:\s*,?\s*(?:năm\s+)?{Y}|\s+năm\s+{_THIS})?(?!\d)", "date", _full),
    (rf"(?<![\d/.,]){D}\s+tháng\s+{_MW}(?:\s*,?\s*(?:năm\s+)?{Y})?(?!\d)(?!\s+(?:đầu|cuối)\s+năm)", "date", _full),
    (rf"{_AT}(?:các\s+)?ngày\s+{D}\s*(?:[-–]|đến|và)\s*(?:ngày\s+)?(?P<d2>[12]?\d|3[01])\s+tháng\s+{_MW}(?:\s*,?\s*(?:năm\s+)?{Y})?(?!\d)", "date", _days),
    (rf"{_E}(?:quý|quí)\s+(?P<q>iv|iii|ii|i|[1-4])(?!\w)(?:\s*[/-]\s*{Y}|\s+(?:năm\s+)?{Y}|\s+năm\s+{_THIS})?", "date", _quarter),
    (rf"(?:nửa|6 tháng nửa)\s+(?P<half>đầu|cuối|sau)\s+(?:của\s+)?(?:năm\s+{Y}|{Y}|năm\s+{_THIS}|năm)(?!\w)", "date", _half),
    (rf"{_N}\s+tháng\s+(?:đầu(?:\s+tiên)?|(?P<last>cuối)|(?:của|trong))\s+(?:của\s+)?(?:năm\s+{Y}|{Y}|năm\s+{_THIS}|năm)(?!\w)", "date", _first_months),
    (rf"{_N}\s+tháng\s*(?:năm\s+)?[/-]?\s*{Y}(?!\d)(?<!/\d\d\d\d)", "date", _first_months),
    (rf"{_AT}(?:(?:ngày|hôm|sáng|trưa|chiều|tối|đến|tới)\s+)(?:ngày\s+)?{D}\s*[/-]\s*{M}(?![\d/%-]|\.\d)(?!\s*(?:triệu|tỷ|nghìn|%))", "date", _full),
    (rf"(?:thứ\s+(?:hai|ba|tư|năm|sáu|bảy)|chủ nhật)\s*,?\s*(?:ngày\s+)?\(?{D}\s*[/-]\s*{M}(?:[/-]{Y})?(?![\d/])", "date", _full),
    (rf"{_AT}ngày\s+{D}\.{M}(?![\d])(?!\.\d)", "date", _full),
    (rf"(?<!\w)(?:mai|kia|hôm nay|hôm qua|nay)\s+{D}/{M}(?![\d/%])", "date", _full),
    (rf"(?<=\(){D}/{M}(?=\))", "date", _full),
    (rf"(?:từ\s+)?tháng\s+{M}\s*(?:-|–|đến|tới)\s*(?:hết\s+)?(?:tháng\s+)?{_M2}(?![\d.,])(?:\s*[/-]\s*{Y}|\s+năm\s+(?:{Y}|{_THIS}))?(?!\d)", "date", _month_to_month),
    (rf"{_E}tháng\s+{M}\s*[/.-]\s*{Y}(?!\d)", "date", _of_month),
    (rf"{_E}tháng\s+{_MW}(?:\s*,?\s+(?:năm\s+)?{Y}|\s+năm\s+{_THIS}|\s+(?P<rel>vừa qua|vừa rồi|qua|này|tới|sau|sắp tới))?(?!\d)(?!\w)", "date", _of_month),
    (rf"(?:giai đoạn|nhiệm kỳ|thời kỳ|niên khóa|niên vụ|từ năm|trong các năm|các năm|những năm|năm|từ)?\s*(?<![\d.,/])(?<!\w){Y}\s*(?:[-–—]|đến(?:\s+năm)?|tới(?:\s+năm)?)\s*(?P<y2>(?:19|20)\d\d)(?!\d)", "date", _span),
    (r"(?:thập niên|thập kỷ|những năm)\s+(?P<e>(?:19|20)?\d0)(?!\d)|thế kỷ\s+(?:thứ\s+)?(?:\d{1,2}|[ivx]+)(?!\w)", "clock", lambda m, t: ("", "clock")),
    (rf"{_E}(?:(?:trong|vào|từ|đến|tới|của|trước|sau)\s+)?năm\s+{Y}(?![\d/])(?![.,]\d)", "date", _of_year),
    (r"(?:trong\s+)?(?:những|các|vài|nhiều|một vài)\s+(?:năm|tháng|tuần|ngày|thập kỷ)\s+(?:tới|qua|gần đây|vừa qua|sắp tới|tiếp theo)(?!\w)", "relative", lambda m, t: ("", "relative")),
    (rf"(?:trong\s+|suốt\s+)?(?:vòng\s+)?{_N}\s+(?:năm|tháng|tuần|ngày|thập kỷ)\s+(?:tới|qua|gần đây|vừa qua|sắp tới|tiếp theo|liên tiếp)(?!\w)", "relative", lambda m, t: ("", "relative")),
    (rf"{_E}năm\s+{_THIS}(?!\w)(?!\s+đó)", "relative", _this_year),
    (rf"{_E}tháng\s+{_THIS}(?!\w)", "relative", _this_month),
    (r"(?P<edge>đầu|giữa|cuối)\s+năm(?!\s*\d)(?!\s+(?:nay|ngoái|tới|sau|qua))(?!\w)", "relative", _this_year),
    (r"(?:mỗi|hằng|hàng)\s+(?:năm|tháng|tuần|ngày)(?!\w)", "rate", lambda m, t: ("", "rate")),
    (r"(?<!\w)(?:hôm nay)(?!\w)", "relative", lambda m, t: (around(t, what="day"), "relative")),
    (r"(?<!\w)(?:hôm qua)(?!\w)", "relative", lambda m, t: (around(t, day_shift=-1, what="day"), "relative")),
    (r"(?<![\d.,])(?:[01]?\d|2[0-3])\s*(?:giờ|h)\s*[0-5]\d(?:\s*phút)?(?!\d)|(?<![\d.,])(?:[01]?\d|2[0-3])\s*(?:giờ|h)\s*(?:sáng|trưa|chiều|tối|đêm)(?!\w)|(?:lúc|vào lúc)\s+\d{1,2}\s*(?:giờ|h)(?!\w)", "clock",
     lambda m, t: ("", "clock")),
)  # fmt: skip
