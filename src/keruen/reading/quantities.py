"""Figures of a sentence: number, scale, unit, rate and the words of approximation around them, one row each."""

# ruff: noqa: E501 (lists of words are read more easily on one line)
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from keruen.reading.multiples import find_multiples
from keruen.reading.numbers import SCALES, Number, find_numbers, tidy
from keruen.reading.periods import Period
from keruen.reading.units import Rate, Unit, counted_after, rate_after, symbol_before, unit_after
from keruen.reading.wording import wording_of

__all__ = ["Figure", "find_figures"]


@dataclass(frozen=True)
class Figure:
    """One figure: span in the sentence, value in ``unit``, the same in base units, and how the text words it."""

    start: int
    end: int
    value: float | None
    unit: str
    value_base: float | None
    unit_base: str
    wording: str


# Words that make the number behind them a label, not a quantity.
_LABELS = re.compile(
    r"(?:\b(?:số|no\.?|№|article|điều|khoản|chương|mục|trang|khóa|khoá|kỳ|quốc lộ|đường|phố|tập|bài|nghị quyết|nghị định|thông tư|hình|bảng|kênh|phần|đại hội|"
    r"page|section|chapter|resolution|law|decree|route|highway|figure|table|version|vol\.?|boeing|airbus|flight|annex|rule|group of|g|gate|"
    r"статья|статье|статьи|пункт|пункте|часть|глава|закон|указ|резолюция|резолюции|стр\.|номер|ст\.|п\.|рис\.)\s*|[A-Za-zА-Яа-яĐđ]-|[#№@]\s?)$",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|\b\d{1,3}(?:[-–]\d{1,3})(?=\s*(?:trước|thắng|thua)\b)|\b\d+:\d+\b|\+\d[\d\s()-]{8,}|\b0\d{2,4}[.\s-]\d{3}[.\s-]\d{3,4}\b|\b\d+/\d{4}/[\wĐ-]+|"
    r"\b[A-ZĐ][A-Za-z]*-?\d[\w-]*|[A-ZА-Я]{1,6}[-‑]\d+\w*|\b\d+(?:st|nd|rd|th)\b|\b\d+-(?:й|я|е|го|му|м|ая|ое|ый|ой|х|ми|ю)\b|\b\d+[A-Z]\b"
)  # fmt: skip
_SOFT = {"vi": "nước|bên|dân tộc|nhà lãnh đạo|quan chức|tổng thống|ngoại trưởng|nguyên thủ|chính phủ|phía|quốc gia|vị|ông|miền|nền kinh tế|thủ tướng|đồng minh|chủ tịch|vùng|khu vực",
         "en": "countries|sides|leaders|nations|presidents|states|parties|ministers|sources|peoples|of|or|governments|capitals|economies|men|neighbours|neighbors|regions",
         "ru": "стран|сторон|государств|лидер|президент|держав|министр|глав|народ|экономик|сосед"}  # fmt: skip
_JOIN = re.compile(r"\s*(?:,|và|hoặc|hay|đến|tới|lên|lên tới|lên đến|xuống|xuống còn|-|–|—|and|or|to|и|или|до)\s*(?:hơn|gần|khoảng|nearly|almost|about|более|почти|около)?\s*", re.IGNORECASE)
_WIDE_JOIN = re.compile(r"\s*(?:lên|lên tới|lên đến|xuống|to|до)(?:\s+[^\W\d_]+){1,3}\s*", re.IGNORECASE)
_AGAINST = re.compile(
    r"\s*,?\s*(?:(?:\w+\s+){0,2}(?:against|from|versus|compared with|compared to|than|so với|từ|против|по сравнению с|с))(?:\s+(?:mức|about|nearly|только|just|only|chỉ))?\s*",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:-|–|—|đến|tới|to|до|and)\s*", re.IGNORECASE)


def find_figures(text: str, language: str, periods: list[Period]) -> list[Figure]:
    """Every figure of a sentence, in order."""
    blocked = [(p.start, p.end) for p in periods if p.kind in ("date", "comparison", "clock")]
    blocked += [m.span() for m in _NOISE.finditer(text)]
    multiples = [m for m in find_multiples(text, language) if not _hits(m[0], m[1], blocked)]
    blocked += [(m[0], m[1]) for m in multiples]
    figures = [Figure(s, e, value, unit, value, unit, wording or _grown(wording_of(text, s, e, language))) for s, e, value, unit, wording in multiples]
    drafts = [d for n in find_numbers(text, language) if (d := _draft(n, text, language, blocked))]
    for draft in _same_thing(_shared(drafts, text), text):
        if draft.wanted(text, language):
            figures.append(draft.figure(text, language))
    return sorted(_ranges(figures, text), key=lambda f: (f.start, f.end, f.value or 0.0))


def _hits(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < e and s < end for s, e in spans)


@dataclass(frozen=True)
class _Draft:
    number: Number
    start: int
    end: int
    unit: Unit | None
    rate: Rate | None = None
    inherited: bool = False

    def wanted(self, text: str, language: str) -> bool:
        n, u = self.number, self.unit
        if n.value is None and u is None:
            return False
        if u is None:
            return bool(n.scale) and not n.spelt and not n.glued
        if n.spelt and not n.scale and n.value is not None:
            return _believable(n, u, text, language)
        whole = text[n.start : n.end]
        if not n.scale and re.fullmatch(r"(?:19|20)\d\d", whole):
            return u.strong
        return True

    def figure(self, text: str, language: str) -> Figure:
        n, u = self.number, self.unit or Unit("", "", 1.0, "", "")
        value, scale = n.value, n.scale
        if value is not None and u.kind == "count" and scale == "k":
            value, scale = tidy(value * 1000), ""
        per = f" a {self.rate.word}" if self.rate else ""
        base = None if value is None else tidy(value * SCALES[scale] * u.factor)
        if u.factor != 1 and scale and u.name in ("Mt", "kt"):
            value, scale = base, ""
        name = _with_scale(u, scale)
        wording = wording_of(text, n.start, self.end, language)
        if n.vague:
            wording = _with(n.vague, wording)
        return Figure(self.start, self.end, value, name + per, base, u.base + per, wording)


def _with_scale(unit: Unit, scale: str) -> str:
    if not scale:
        return unit.name
    if unit.kind == "money":
        return f"{unit.name} {'thousand' if scale == 'k' else scale}"
    if unit.name == "t":
        return {"k": "kt", "m": "Mt", "bn": "Gt", "trn": "trn t"}[scale]
    return f"{'thousand' if scale == 'k' else scale} {unit.name or '(count)'}"


def _draft(n: Number, text: str, language: str, blocked: list[tuple[int, int]]) -> _Draft | None:
    if _hits(n.start, n.end, blocked) or (not n.spelt and _LABELS.search(text[max(0, n.start - 16) : n.start])):
        return None
    before = symbol_before(text, n.start)
    if before:
        start, unit = before
        end = n.end
        named = unit_after(text, n.end, language)
        if named and named[0].kind == "money":  # US$5 billion dollars, $5 million USD
            end = named[1]
        rate, stop = _rate(text, end, language)
        return _Draft(n, start, stop or end, unit, rate)
    found = unit_after(text, n.end, language)
    if n.glued and n.scale == "m" and (not found or found[0].kind in ("time",)):
        n = replace(n, end=n.end - 1, scale="", glued=False)
        found = unit_after(text, n.end, language)
    elif n.glued and not found:
        return None
    if found is None:
        counted = counted_after(text, n.end, language, known_only=n.spelt and (n.value or 99) < 10)
        if counted is None:
            return _Draft(n, n.start, n.end, None)
        rate, stop = _rate(text, counted[1], language)
        return _Draft(n, n.start, stop or counted[1], counted[0], rate)
    unit, end = found
    if unit.name in ("bcm", "mcm"):
        n, unit = replace(n, scale={"bcm": "bn", "mcm": "m"}[unit.name]), Unit("m3", "volume", 1.0, "m3", unit.text)
    if _hits(n.end, end, blocked):
        return _Draft(n, n.start, n.end, None)
    rate, stop = _rate(text, end, language)
    return _Draft(n, n.start, stop or end, unit, rate)


def _rate(text: str, end: int, language: str) -> tuple[Rate | None, int]:
    found = rate_after(text, end, language)
    return found if found else (None, 0)


@cache
def _soft(language: str) -> re.Pattern[str]:
    return re.compile(rf"\s+(?:\w+\s+)?(?:{_SOFT[language]})", re.IGNORECASE)


def _believable(n: Number, unit: Unit, text: str, language: str) -> bool:
    """Small numbers in words are figures only before a thing that is counted; ``hai nước`` and ``both sides`` tell who, not how many."""
    if n.value == 1:
        return False
    before = text[max(0, n.start - 12) : n.start].lower()
    if n.value == 2 and _soft(language).match(text[n.end :]):
        return False
    if language == "vi":
        word = text[n.start : n.end]
        if word[0].isupper() and n.start > 0:
            return False  # a name: Ba Lan, Thứ Tư
        if word.lower() == "năm" and re.search(r"(?:mỗi|hàng|hằng|trong|cả|đầu|cuối|giữa|cùng|các|nhiều|những|một|hai|ba|bốn|vài|tháng|\d)\s*$", before):
            return False
        if re.search(r"(?:thứ|tháng|ngày)\s*$", before):
            return False
    return True


def _shared(drafts: list[_Draft], text: str) -> list[_Draft]:
    """``from 1.2 to 1.8 million tonnes``: a bare number takes unit and scale of the next one when only a joining word stands between."""
    out = list(drafts)
    for i in range(len(out) - 2, -1, -1):
        here, following = out[i], out[i + 1]
        if here.unit is not None or here.number.spelt or following.unit is None:
            continue
        between = text[here.end : following.start]
        if not (_JOIN.fullmatch(between) or _WIDE_JOIN.fullmatch(between)) or following.number.value is None:
            continue
        scale = here.number.scale or (following.number.scale if (here.number.value or 0) < 1000 else "")
        out[i] = replace(here, unit=following.unit, rate=following.rate, number=replace(here.number, scale=scale), inherited=True)
    for i in range(1, len(out)):
        here, former = out[i], out[i - 1]
        if here.unit is None and here.number.scale and former.unit and _AGAINST.fullmatch(text[former.end : here.start]):
            out[i] = replace(here, unit=former.unit, rate=former.rate, inherited=True)
    return out


def _same_thing(drafts: list[_Draft], text: str) -> list[_Draft]:
    """``two oil tankers ... two more ships``: the plain word behind a figure stands for what an earlier figure of the sentence called by its full name."""
    out = list(drafts)
    for i, draft in enumerate(out):
        more = re.match(r"\s+(?:more|others?|nữa|khác|ещё|еще)(?!\w)(?!\s+than)", text[draft.end :])
        if draft.unit is None and more and draft.number.value is not None:
            counted = next((e.unit for e in reversed(out[:i]) if e.unit and e.unit.kind == "count"), None)
            out[i] = draft = replace(draft, unit=counted)
        if draft.unit and draft.unit.text.lower() == "chuyến":
            what = [m[0].lower() for m in re.finditer(r"bay|hàng không|tàu|phà", text[: draft.start], re.IGNORECASE)]
            name = {"bay": "flights", "hàng không": "flights", "tàu": "trains", "phà": "ferry trips"}.get(what[-1] if what else "", "trips")
            out[i] = draft = replace(draft, unit=replace(draft.unit, name=name, base=name))
        for earlier in reversed(out[:i]):
            a, b = earlier.unit, draft.unit
            if a and b and a.kind == b.kind == "count" and a.name != b.name and a.text.lower().startswith(b.text.lower() + " "):
                out[i] = replace(draft, unit=replace(b, name=a.name, base=a.base))
                break
    return out


def _ranges(figures: list[Figure], text: str) -> list[Figure]:
    """The two ends of ``10-12 million tonnes`` both show the whole range as their text."""
    out = sorted(figures, key=lambda f: f.start)
    for i in range(len(out) - 1):
        a, b = out[i], out[i + 1]
        if a.unit == b.unit and a.value is not None and b.value is not None and a.value < b.value and _RANGE.fullmatch(text[a.end : b.start]):
            dash = re.fullmatch(r"\s*[-–—]\s*", text[a.end : b.start])
            lead = re.search(r"(?<!\w)(?:từ|from|between|от|с)\s+$", text[max(0, a.start - 12) : a.start], re.IGNORECASE)
            changed = re.search(r"(?:rose|fell) to", b.wording)  # it rose from the one to the other: no range
            if dash or (lead and not changed):
                out[i] = replace(a, end=b.end, wording=_with(a.wording.replace("from", "").strip("; "), "range from"))
                out[i + 1] = replace(b, start=a.start, wording=_with(b.wording, "range to"))
    return out


def _grown(wording: str) -> str:
    """``rose fivefold`` is a rise to five times, and whether by or to its language does not say: only that it rose."""
    return re.sub(r"(rose|fell) (?:by|to)", r"\1", wording)


def _with(wording: str, more: str) -> str:
    return "; ".join(w for w in (wording, more) if w)
