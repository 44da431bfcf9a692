"""Dates and periods in Russian."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

from datetime import date

from keruen.reading.periods import ROMAN, Build, D, M, Match, Y, around, edge, iso, months, near_year, span_days

__all__ = ["RULES"]

_STEMS = ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")
_MW = r"(?P<mw>январ[ьяею]|феврал[ьяею]|март[ае]?|апрел[ьяею]|ма[йяею]|июн[ьяею]|июл[ьяею]|август[ае]?|сентябр[ьяею]|октябр[ьяею]|ноябр[ьяею]|декабр[ьяею])"
_MW2 = _MW.replace("?P<mw>", "?P<mw2>")
_G = r"(?:\s*(?:год(?:а|у|ом|е|ы|ов|ам|ах)?|гг\.?|г\.?)(?!\w))"
_E = r"(?:(?P<edge>начал[еуао]|середин[еуыа]|кон(?:ец|це|цу|ца))\s+)?"
_COUNT = {"один": 1, "два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9, "десять": 10, "одиннадцать": 11}
_COUNT |= {"двух": 2, "трех": 3, "трёх": 3, "четырех": 4, "пяти": 5, "шести": 6, "семи": 7, "восьми": 8, "девяти": 9, "десяти": 10}
_N = rf"(?P<n>\d{{1,2}}|{'|'.join(sorted(_COUNT, key=len, reverse=True))})"
_ORDINAL = {"перв": 1, "втор": 2, "трет": 3, "четв": 4}
_THIS = r"(?P<this>этого|этом|текущего|текущем|нынешнего|нынешнем|прошлого|прошлом|минувшего|минувшем|следующего|следующем|будущего|будущем|предыдущего)"


def _shift(word: str) -> int:
    word = word.lower()
    return -1 if word.startswith(("прошл", "минув", "предыд")) else 1 if word.startswith(("следу", "будущ")) else 0


def _month(word: str) -> int:
    word = word.lower()
    return next(i + 1 for i, stem in enumerate(_STEMS) if word.startswith(stem) and not (stem == "ма" and word.startswith("март")))


def _year(m: Match, today: date | None) -> int | None:
    return int(m["y"]) if m["y"] else today.year + (_shift(m["this"]) if m["this"] else 0) if today else None


def _full(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m["mw"]) if m["mw"] else int(m["m"])
    year = int(m["y"]) if m["y"] else near_year(today, month, int(m["d"]))
    return iso(year, month, int(m["d"])), "date" if iso(2024, month, int(m["d"])) else ""


def _days(m: Match, today: date | None) -> tuple[str, str]:
    month, first, last = _month(m["mw"]), int(m["d"]), int(m["d2"])
    return span_days(int(m["y"]) if m["y"] else near_year(today, month, first), month, first, last), "date" if first < last else ""


def _of_month(m: Match, today: date | None) -> tuple[str, str]:
    month = _month(m["mw"])
    year = int(m["y"]) if m["y"] else _year(m, today) if m["this"] else near_year(today, month)
    value = iso(year, month)
    return value + edge(m["edge"]) if value else "", "date"


def _from_to(m: Match, today: date | None) -> tuple[str, str]:
    first, last = _month(m["mw"]), _month(m["mw2"])
    year = _year(m, today) if m["y"] or m["this"] else near_year(today, last)
    return months(year, first, last), "date" if first < last else ""


def _first_months(m: Match, today: date | None) -> tuple[str, str]:
    word = m["n"].lower()
    n = int(word) if word.isdigit() else _COUNT[word]
    return months(_year(m, today), 1, n), "date" if 1 <= n <= 12 else ""


def _quarter(m: Match, today: date | None) -> tuple[str, str]:
    q = _ORDINAL.get(m["q"].lower()[:4]) or ROMAN[m["q"].lower().split("-")[0]]
    return months(_year(m, today), 3 * q - 2, 3 * q), "date"


def _half(m: Match, today: date | None) -> tuple[str, str]:
    first = m["q"].lower().startswith(("перв", "i-", "1")) or m["q"].lower() == "i"
    return months(_year(m, today), 1 if first else 7, 6 if first else 12), "date"


def _of_year(m: Match, today: date | None) -> tuple[str, str]:
    return m["y"] + edge(m["edge"]), "date"


def _span(m: Match, today: date | None) -> tuple[str, str]:
    return (f"{m['y']}-{m['y2']}", "date") if int(m["y"]) < int(m["y2"]) else ("", "")


def _relative_year(m: Match, today: date | None) -> tuple[str, str]:
    value = around(today, _shift(m["this"]))
    return value + edge(m["edge"]) if value else "", "relative"


def _words(kind: str) -> Build:
    return lambda m, t: ("", kind)


_OF_YEAR = rf"(?:\s+(?:{Y}{_G}?|{_THIS}\s+года|года))"
RULES: tuple[tuple[str, str, Build], ...] = (
    (r"(?:(?:по сравнению с|в сравнении с|чем|относительно)\s+|к\s+(?=аналог|уровн|показат|тому же|прошл|предыд))(?:(?:аналогичн\w+|так\w+ же|тому же|тем же|уровн\w+|показател\w+)\s+)*(?:период\w+\s+)?(?:(?:прошл\w+|предыдущ\w+|минувш\w+|(?:19|20)\d\d)\s*(?:год\w*|г\.?))|(?:(?:чем|к)\s+)?(?:за\s+|в\s+)?аналогичн\w+\s+период\w*(?:\s+(?:прошл\w+|предыдущ\w+|минувш\w+)\s+года?|\s+(?:19|20)\d\d(?:-го|\s*год\w*|\s*г\.?)?)?|(?:по сравнению с|в сравнении с|чем в|чем за|против)\s+(?:[а-яё]+(?:\s*[-–]\s*[а-яё]+)?\s+)?(?:19|20)\d\d(?:\s*г(?:од\w*|\.)?)?(?!\w)|год к году|в годовом выражении|г/г",
     "comparison", _words("comparison")),
    (rf"(?<![\d.,]){D}\s*[-–—]\s*(?P<d2>[12]?\d|3[01])\s+{_MW}(?!\w)(?:\s+{Y}{_G}?)?", "date", _days),
    (rf"(?<![\d.,])(?:с\s+)?{D}\s+по\s+(?P<d2>[12]?\d|3[01])\s+{_MW}(?!\w)(?:\s+{Y}{_G}?)?", "date", _days),
    (rf"(?<![\d.,]){D}\s+{_MW}(?!\w)(?:\s+{Y}{_G}?)?", "date", _full),
    (rf"(?<![\d.,]){D}[./-]{M}[./-]{Y}(?!\d){_G}?", "date", _full),
    (rf"(?<!\w){_MW}\s*[-–—]\s*{_MW2}(?!\w){_OF_YEAR}?", "date", _from_to),
    (rf"(?<!\w)с\s+{_MW}\s+по\s+{_MW2}(?!\w){_OF_YEAR}", "date", _from_to),
    (rf"(?:(?:за|в|по итогам|первые|первых)\s+)*{_N}\s+(?:первых\s+)?месяц(?:а|ев|ах){_OF_YEAR}", "date", _first_months),
    (rf"(?P<q>(?:перв|втор|трет|четв)\w*|iv|iii|ii|i|[1-4](?:-\w+)?)\s+квартал(?:а|е|у|ом)?(?!\w){_OF_YEAR}?", "date", _quarter),
    (rf"(?P<q>перв\w+|втор\w+|i|ii|[12]-\w+)\s+(?:полугоди[еяию]|половин\w+){_OF_YEAR}?", "date", _half),
    (rf"(?<!\w){_E}{_MW}(?!\w)\s+(?:{Y}{_G}?|{_THIS}\s+года)", "date", _of_month),
    (rf"(?<=\b[вк])\s+{_E}{_MW}(?!\w)|(?<=\b(?:на|до))\s+{_E}{_MW}(?!\w)", "date", _of_month),
    (rf"(?:(?:с|в|за|на)\s+)?(?<![\w.,/-]){Y}{_G}?\s*(?:[-–—]|по|до)\s*(?P<y2>(?:19|20)\d\d)(?!\d){_G}?", "date", _span),
    (r"(?<!\d)(?:19|20)?\d0-[ехx]{1,2}(?:\s+год\w+)?|(?<!\w)(?:[ivx]+|\d{1,2})\s+век\w*", "clock", _words("clock")),
    (rf"{_E}(?<![\d.,/$€£-])(?<!\w){Y}(?:{_G}|-\w{{1,3}}(?:\s+год\w*)?)", "date", _of_year),
    (rf"{_E}{_THIS}\s+год(?:а|у|е)(?!\w)", "relative", _relative_year),
    (r"(?P<edge>начал[еуао]|кон(?:ец|це|цу|ца))\s+года(?!\w)", "relative", _relative_year),
    (rf"(?:в|за|на)\s+(?:ближайш\w+|последн\w+|следующ\w+|прошедш\w+)\s+(?:{_N}\s+|несколько\s+)?(?:год\w*|лет|месяц\w*|недел\w*|дн\w*)", "relative", _words("relative")),
    (r"(?<!\w)вчера(?!\w)", "relative", lambda m, t: (around(t, day_shift=-1, what="day"), "relative")),
    (r"(?<!\w)сегодня(?!\w)", "relative", lambda m, t: (around(t, what="day"), "relative")),
)  # fmt: skip
