"""Lines and sentences: the locators ``L<line>.S<sentence>`` of claims.

A line is a line of the file, counted from 1 with the empty ones. A sentence ends at ``.``, ``!``, ``?`` or ``…`` (and the
quotation marks and brackets that close with it) before a blank and a capital letter, a figure or an opening quotation mark;
not after an abbreviation, an initial or a number's own point. Rules in the manner of Mikheev, Periods, Capitalized Words, etc.,
Computational Linguistics 28 (2002), without its statistics.
"""

# ruff: noqa: E501 (lists of words are read more easily on one line)
from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Line", "Sentence", "lines_of", "sentences_of"]

_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_END = re.compile(r"(?:[.!?…]+)[\"'”’»)\]]*(?=\s+[\"'“‘«(\[–—-]*\s*[\w$€£¥₸₽])")
_ABBREVIATIONS = frozenset(
    ["mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "gen", "col", "lt", "sen", "rep", "gov", "hon", "no", "nos", "vs", "etc", "inc", "ltd", "co", "corp", "approx", "est", "fig", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.s", "u.k", "u.n", "e.g", "i.e", "a.m", "p.m", "ts", "ths", "gs", "pgs", "bs", "ks", "tp", "tx", "đ", "q", "p", "vv", "tt", "cty", "г", "гг", "в", "вв", "млн", "млрд", "тыс", "трлн", "руб", "долл", "коп", "тел", "им", "ул", "д", "стр", "рис", "см", "др", "пр", "напр", "т.е", "т.д", "т.п", "т.к", "н.э", "кв", "куб", "чел", "акад", "проф", "ст", "п", "пп", "экз", "ок"]
)
_CLOSES = frozenset(["млн", "млрд", "тыс", "руб", "долл", "кв", "куб", "г", "гг"])  # may end a sentence as well: they do before a new subject


@dataclass(frozen=True)
class Line:
    """A line of the file: its number, where it starts in the text, and its text without the line break."""

    number: int
    start: int
    text: str


@dataclass(frozen=True)
class Sentence:
    """A sentence of a line. ``start`` counts in the line's text."""

    number: int
    start: int
    text: str


def lines_of(text: str) -> list[Line]:
    """
    >>> [(line.number, line.text) for line in lines_of("one\\r\\n\\ntwo")]
    [(1, 'one'), (2, ''), (3, 'two')]
    """
    out: list[Line] = []
    start = 0
    for found in _BREAK.finditer(text):
        out.append(Line(len(out) + 1, start, text[start : found.start()]))
        start = found.end()
    out.append(Line(len(out) + 1, start, text[start:]))
    return out


def sentences_of(text: str) -> list[Sentence]:
    """
    >>> [s.text for s in sentences_of('Mr. A. Smith paid $1.5 million... He left. "Why?" 5 ships came.')]
    ['Mr. A. Smith paid $1.5 million...', 'He left.', '"Why?"', '5 ships came.']
    """
    out: list[Sentence] = []
    start = 0

    def add(stop: int) -> None:
        piece = text[start:stop]
        lead = len(piece) - len(piece.lstrip())
        if piece.strip():
            out.append(Sentence(len(out) + 1, start + lead, piece.strip()))

    for found in _END.finditer(text):
        if _ends(text, found):
            add(found.end())
            start = found.end()
    add(len(text))
    return out


def _ends(text: str, found: re.Match[str]) -> bool:
    following = text[found.end() :].lstrip()
    first = following.lstrip("\"'“‘«([–—- \u00a0")[:1]
    if first.islower():
        return False
    marks = found[0].rstrip("\"'”’»)]")
    if marks != ".":
        return True
    words = text[max(0, found.start() - 20) : found.start()].split()
    word = words[-1].lstrip("(\"'“«").lower() if words else ""
    if len(word) == 1 and word.isalpha() and text[found.start() - 1].isupper():
        return False  # an initial
    if word in _CLOSES:
        return first.isupper() and word not in ("г", "гг", "млн", "млрд", "тыс")
    return word not in _ABBREVIATIONS
