"""Units behind (and before) a number, rates, and the things that are counted, by the lists units.csv and counted.csv."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from keruen.reading.wordlists import table, words

__all__ = ["Rate", "Unit", "counted_after", "rate_after", "symbol_before", "unit_after"]


@dataclass(frozen=True)
class Unit:
    """A unit: what it is called in a claim, what it measures and how many base units it is."""

    name: str
    kind: str
    factor: float
    base: str
    text: str

    @property
    def strong(self) -> bool:
        """Whether a number before it cannot be a year."""
        return self.kind not in ("count", "time", "") or self.name == "hours"


@dataclass(frozen=True)
class Rate:
    """``a year``, ``a day``: what a quantity is counted per."""

    word: str


@cache
def _units() -> dict[str, dict[str, str]]:
    return {row["unit"]: row for row in table("units")}


_BEFORE = re.compile(r"(US\$|A\$|S\$|C\$|\$|€|£|¥|₸|₽|₹|₩|\bUSD|\bEUR|\bRUB|\bKZT|\bCNY|\bRMB|\bVND|\bGBP)\s?$")
_SYMBOL = {"US$": "USD", "$": "USD", "C$": "CAD", "A$": "AUD", "S$": "SGD", "€": "EUR", "£": "GBP", "¥": "CNY", "₸": "KZT", "₽": "RUB", "₹": "INR", "₩": "KRW", "RMB": "CNY"}
_GAP = re.compile(r"[\s\-–]{0,2}")
_RATES = {
    "vi": (r"\s*/\s*(?P<a>năm|tháng|tuần|ngày đêm|ngày|giờ|giây|phút|người|thùng|tấn|container|TEU|m3|kWh)|\s+(?:mỗi|một|hằng|hàng)\s+(?P<b>năm|tháng|tuần|ngày|giờ|giây|phút|chuyến|tấn|người|thùng)(?!\w)",
           {"năm": "year", "tháng": "month", "tuần": "week", "ngày": "day", "ngày đêm": "day", "giờ": "hour", "giây": "second", "phút": "minute", "người": "person",
            "chuyến": "trip", "tấn": "t", "thùng": "barrel", "container": "container", "teu": "TEU", "m3": "m3", "kwh": "kWh"}),
    "en": (r"\s*/\s*(?P<a>year|yr|y|month|week|day|d|hour|h|second|s|barrel|bbl|tonne|ton|t|TEU|kWh)(?!\w)|\s+(?:a|an|per|each|every)\s+(?P<b>year|annum|month|week|day|hour|second|person|capita|barrel|tonne|ton)(?!\w)|\s+(?P<c>annually|yearly|daily|weekly|monthly|pa|p\.a\.)(?!\w)",
           {"year": "year", "yr": "year", "y": "year", "annum": "year", "annually": "year", "yearly": "year", "pa": "year", "p.a.": "year", "month": "month", "monthly": "month",
            "week": "week", "weekly": "week", "day": "day", "d": "day", "daily": "day", "hour": "hour", "h": "hour", "second": "second", "s": "second", "person": "person",
            "capita": "person", "barrel": "barrel", "bbl": "barrel", "tonne": "t", "ton": "t", "t": "t", "teu": "TEU", "kwh": "kWh"}),
    "ru": (r"\s*/\s*(?P<a>год|мес|сут|сутки|день|час|ч|т)(?!\w)|\s+(?:в|за)\s+(?P<b>год|месяц|неделю|сутки|день|час|секунду)(?!\w)|\s+(?P<c>ежегодно|ежемесячно|ежедневно|еженедельно)(?!\w)|\s+за\s+(?P<d>тонну|баррель)(?!\w)",
           {"год": "year", "ежегодно": "year", "мес": "month", "месяц": "month", "ежемесячно": "month", "неделю": "week", "еженедельно": "week", "сут": "day", "сутки": "day",
            "день": "day", "ежедневно": "day", "час": "hour", "ч": "hour", "секунду": "second", "т": "t", "тонну": "t", "баррель": "barrel"}),
}  # fmt: skip


def symbol_before(text: str, start: int) -> tuple[int, Unit] | None:
    """The currency written before a number: (where it starts, what it is)."""
    first = max(0, start - 6)
    found = _BEFORE.search(text[first:start])
    if not found:
        return None
    name = _SYMBOL.get(found[1], found[1])
    return first + found.start(1), Unit(name, "money", 1.0, name, found[1])


def unit_after(text: str, end: int, language: str) -> tuple[Unit, int] | None:
    """The unit that follows a number directly: (what it is, where it ends)."""
    gap = _GAP.match(text, end)
    at = gap.end() if gap else end
    found = words("units", language).pattern.match(text, at)
    if not found:
        return None
    name, _ = words("units", language).meaning(found)
    row = _units()[name]
    if found[0].islower() is False and row["kind"] == "length" and found[0] in ("M", "Mm"):
        return None
    if row["kind"] == "time" and found[0] in ("h", "ч") and gap and gap.end() - gap.start() > 1:
        return None
    if language == "vi" and found[0].lower() == "đồng" and re.match(r"\s+(?:minh|chí|bào|nghiệp|thời|hồ)", text[found.end() :]):
        return None
    if row["kind"] == "time" and re.match(r"\s+(?:đầu|cuối)\s+năm", text[found.end() :]):
        return None
    if name == "years" and language == "vi" and re.match(r"\s*(?:19|20)\d\d", text[found.end() :]):
        return None
    return Unit(name, row["kind"], float(row["factor"]), row["base"], found[0]), found.end()


@cache
def _rate_pattern(language: str) -> re.Pattern[str]:
    return re.compile(_RATES[language][0], re.IGNORECASE)


def rate_after(text: str, end: int, language: str) -> tuple[Rate, int] | None:
    """``a year`` right behind a unit (and where it ends), or behind what is measured: ``10 bcm of gas annually`` (the figure then ends at its unit)."""
    found = _rate_pattern(language).match(text, end)
    if not found:
        return _rate_further(text, end, language)
    word = next(g for g in found.groups() if g).lower()
    return Rate(_RATES[language][1][word]), found.end()


def _rate_further(text: str, end: int, language: str) -> tuple[Rate, int] | None:
    stops = set(_STOP[language].split("|")) - {"of"}
    at = end
    for _ in range(4):
        token = re.compile(r"\s+([^\W\d_][\w'’-]*)").match(text, at)
        if not token or token[1].lower() in stops:
            return None
        at = token.end()
        found = _rate_pattern(language).match(text, at)
        if found:
            word = next(g for g in found.groups() if g).lower()
            return Rate(_RATES[language][1][word]), end
    return None


_STOP = {
    "vi": "và|của|trong|tại|ở|từ|đến|tới|với|cho|là|được|đã|sẽ|đang|so|do|bởi|vào|về|trên|dưới|sang|qua|theo|để|khi|mà|thì|này|đó|kia|nữa|mới|khác|cùng|đạt|có|ra|lên|"
          "xuống|hoặc|hay|nhằm|bằng|như|giữa|bị|cũng|còn|mỗi|hiện|thuộc|trở|trước|sau|vì|nhưng|năm|tháng|ngày|thứ|nằm|gồm|tăng|giảm|chiếm|vẫn|tham|ký|đi|gia|đầu",
    "en": "and|of|in|at|from|to|with|for|is|are|was|were|by|on|as|or|per|that|which|this|than|between|over|under|has|have|had|will|would|its|their|the|a|an|but|into|out|up|"
          "down|more|less|after|before|when|while|who|it|he|she|they|be|been|also|said|against|during|through|until|since|not|last|next|each|compared|ago|earlier|later|other|others",
    "ru": "и|в|на|с|из|к|по|для|от|до|или|что|как|это|при|за|о|об|у|же|а|но|не|его|её|их|был|была|было|были|будет|будут|который|которые|чем|через|между|под|над|без|из-за|"
          "более|менее|уже|ещё|еще|том|том числе|году|года|лет|других|другие",
}  # fmt: skip
_TOKEN = re.compile(r"[\s\-–]{1,2}((?:\d[\d.,]*-)?[^\W\d_][\w'’/-]*)")
_ADJECTIVE = re.compile(r"(?:ых|их|ые|ие|ый|ий|ой|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ыми|ими)$", re.IGNORECASE)


_PAIR = {"ru": re.compile(r"\s+\w+(?:ых|их|ые|ие|ого|его)\s"), "en": re.compile(r"\s+\w+(?:al|ic|ive|ary)\s"), "vi": re.compile(r"(?!)")}


def counted_after(text: str, end: int, language: str, known_only: bool = False) -> tuple[Unit, int] | None:
    """The thing a number counts: a known one under its English name, else the words of the text themselves."""
    stops = set(_STOP[language].split("|"))
    listed = words("counted", language)
    tokens: list[re.Match[str]] = []
    at = end
    while len(tokens) < (5 if language != "vi" else 3) and (token := _TOKEN.match(text, at)):
        joined = token[1].lower() in ("и", "and") and tokens and (language == "en" or _ADJECTIVE.search(tokens[-1][1])) and _PAIR[language].match(text, token.end())
        if (token[1].lower() in stops and not joined) or (language == "vi" and token[1][0].isupper() and not tokens):
            break
        tokens.append(token)
        at = token.end()
    reach = tokens if language != "vi" else tokens[:2]
    for i, token in enumerate(reach):
        found = listed.pattern.match(text, token.start(1))
        if found and (language != "vi" or i == 0 or tokens[0][1].lower() in ("chiếc", "con", "cái", "lượt", "loại", "nhóm", "bộ", "hệ", "đại", "siêu", "trong", "số", "cặp")):
            name = listed.meaning(found)[0]
            return Unit(name, "count", 1.0, name, found[0]), found.end()
    if known_only or not tokens:
        return None
    if language == "vi":
        chosen = tokens[:2]
    elif language == "en":
        plural = next((i for i, t in enumerate(tokens) if t[1].lower().endswith("s") and len(t[1]) > 2), None)
        chosen = tokens[: plural + 1] if plural is not None else tokens[:1]
        if plural is None and not text[end : end + 1].startswith("-"):
            return None
    else:
        noun = next((i for i, t in enumerate(tokens) if not _ADJECTIVE.search(t[1])), None)
        chosen = tokens[: (noun or 0) + 1]
    name = " ".join(t[1] for t in chosen)
    return Unit(name, "count", 1.0, name, name), chosen[-1].end()
