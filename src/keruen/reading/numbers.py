"""Numbers as Vietnamese, English and Russian write them: in figures, in words, and the vague ones (tens of billions).

Separators follow the locale data of Unicode CLDR: vi ``1.234,5``, en ``1,234.5``, ru ``1 234,5``. Where a text breaks its own
language's custom the shape decides: ``1.5`` has a decimal point in any language because groups have three digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from keruen.reading.numberwords import english, russian, vietnamese

__all__ = ["SCALES", "Number", "find_numbers", "parse_digits"]

SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "bn": 1e9, "trn": 1e12}
_DIGITS = r"\d+(?:[.,]\d+|[\u00a0'’]\d{3}(?!\d))*"
_SPACED = r"(?<![\d.,])\d{1,3}(?:[ \u00a0]\d{3})+(?:,\d+)?(?![\d])"
_SCALE = {
    "vi": r"(?P<trn>(?:nghìn|ngàn)\s+tỷ|(?:nghìn|ngàn)\s+tỉ|trillion)|(?P<bn>(?:tỷ|tỉ)(?!\s+(?:lệ|giá|phú|trọng|suất|số)\b)|billion)|(?P<m>triệu|tr\b)|"
          r"(?P<hk>trăm\s+(?:nghìn|ngàn))|(?P<man>vạn)|(?P<k>nghìn|ngàn)",
    "en": r"(?P<trn>trillion|trn|tn)|(?P<bn>billion|bln|bn)|(?P<m>million|mln|mn|mio)|(?P<hk>hundred\s+thousand)|(?P<k>thousand)",
    "ru": r"(?P<trn>триллион\w{0,3}|трлн\.?)|(?P<bn>миллиард\w{0,3}|млрд\.?)|(?P<m>миллион\w{0,3}|млн\.?)|(?P<k>тысяч\w{0,3}|тыс\.?)",
}  # fmt: skip
_FACTOR = {"hk": (1e5, ""), "man": (1e4, "")}
_GLUED = {"k": "k", "K": "k", "m": "m", "M": "m", "bn": "bn", "b": "bn", "B": "bn", "tn": "trn", "T": "trn"}


@dataclass(frozen=True)
class Number:
    """A number in a text. ``value`` counts in ``scale``; None where the text only tells the size (``tens of``)."""

    start: int
    end: int
    value: float | None
    scale: str = ""
    vague: str = ""
    spelt: bool = False
    glued: bool = False  # its scale is one letter that needs a currency or a unit to be believed

    @property
    def base(self) -> float | None:
        return None if self.value is None else tidy(self.value * SCALES[self.scale])


def tidy(value: float) -> float:
    """Without the dust of binary multiplication.

    >>> tidy(124.2 * 1e6)
    124200000.0
    """
    return float(f"{value:.12g}")


def parse_digits(text: str, language: str) -> float | None:
    """A number in figures, or None where the shape is of something else (a date, a version).

    >>> parse_digits("1.300", "vi"), parse_digits("6,5", "vi"), parse_digits("1,500", "en"), parse_digits("1.5", "vi"), parse_digits("1.2.3", "en")
    (1300.0, 6.5, 1500.0, 1.5, None)
    """
    plain = text
    if re.search(r"[ \u00a0'’]", text):
        whole, *fraction = re.split(r"[.,]", text)
        if len(fraction) > 1 or not re.fullmatch(r"\d{1,3}(?:[ \u00a0'’]\d{3})+", whole):
            return None
        return float(re.sub(r"\D", "", whole) + "." + (fraction[0] if fraction else "0"))
    points, commas = plain.count("."), plain.count(",")
    if not points and not commas:
        return float(plain) if len(plain) < 19 else None
    if points and commas:
        decimal, group = (".", ",") if plain.rfind(".") > plain.rfind(",") else (",", ".")
        whole, _, rest = plain.rpartition(decimal)
        if decimal in whole or not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", whole):
            return None
        return float(whole.replace(group, "") + "." + rest)
    mark = "." if points else ","
    parts = plain.split(mark)
    if len(parts) > 2:
        return float("".join(parts)) if 1 <= len(parts[0]) <= 3 and all(len(p) == 3 for p in parts[1:]) else None
    head, tail = parts
    may_group = len(tail) == 3 and len(head) <= 3 and not head.startswith("0")
    groups_here = {"vi": ".", "en": ",", "ru": ""}[language] == mark
    if may_group and (groups_here or tail == "000"):
        return float(head + tail)
    return float(f"{head}.{tail}")


@cache
def _in_figures(language: str) -> re.Pattern[str]:
    spaced = _SPACED if language == "ru" else _SPACED.replace("[ \u00a0]\\d{3})+", "[ \u00a0]\\d{3}){2,}") + "|" + _SPACED.replace("[ \u00a0]", "\u00a0")
    return re.compile(
        rf"(?P<digits>{spaced}|(?<![\w])(?<!\w[.,])(?<!\d/){_DIGITS})"
        rf"(?:(?P<gap>[ \u00a0\-–]{{0,2}})(?P<scale>{_SCALE[language]})(?!\w)|(?P<glued>[KkMmBbT]|bn|tn)(?![\w]))?",
        re.IGNORECASE if language != "en" else 0,
    )


def find_numbers(text: str, language: str) -> list[Number]:
    """All numbers of a sentence, in order, none inside another."""
    found: list[Number] = []
    for match in _in_figures(language).finditer(text):
        value = parse_digits(match["digits"], language)
        if value is None:
            continue
        scale, factor = "", 1.0
        if match["scale"]:
            kind = next(k for k in ("trn", "bn", "m", "hk", "man", "k") if match.groupdict().get(k))
            factor, scale = _FACTOR.get(kind, (1.0, kind))
        elif match["glued"]:
            scale = _GLUED.get(match["glued"], "")
        end = match.end() if match["scale"] or scale else match.end("digits")
        if language == "vi" and match["scale"] and (half := re.match(r"\s+rưỡi\b", text[end:])):
            value, end = value + 0.5, end + half.end()
        found.append(Number(match.start(), end, tidy(value * factor), scale, glued=bool(scale and match["glued"])))
    taken = [(n.start, n.end) for n in found]
    spelt = {"vi": vietnamese, "en": english, "ru": russian}[language](text)
    for start, end, spelt_value, scale, vague in spelt:
        if all(end <= s or start >= e for s, e in taken):
            found.append(Number(start, end, spelt_value, scale, vague, spelt=True))
    return sorted(found, key=lambda n: n.start)
