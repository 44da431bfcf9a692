"""Which codes of the Harmonized System exist in any of its editions, from 1988/92 to 2022.

Chapters and headings are all known. Subheadings are known for the headings that rules name (``hs_codes.txt``); under
the others any is let through. What comes after six digits is national (EU, EAEU, China, ...) and is not checked;
neither are chapters 98 and 99, which each country fills as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

__all__ = ["EDITIONS", "hs_digits", "hs_editions", "hs_problem"]

EDITIONS = ("1988", "1996", "2002", "2007", "2012", "2017", "2022")
ALL = (1 << len(EDITIONS)) - 1
NATIONAL = ("98", "99")
_SHOWN = 12  # longer lists of subheadings are cut to those of the newest edition, and those to the nearest
_NEAR = 6
_GAP = "[ .\u00a0\u2009\u202f]"  # space, dot, no-break and thin spaces
_WRITTEN = re.compile(
    rf"[0-9]{{2}}(?:{_GAP}[0-9]{{2}}){{0,4}}"  # 85.42, 85 42 31 00
    rf"|[0-9]{{4}}(?:{_GAP}?[0-9]{{2}}){{0,3}}"  # 8542.31, 854231, 8542 3100
    rf"|[0-9]{{4}}{_GAP}?[0-9]{{2}}{_GAP}?[0-9]{{3}}{_GAP}?[0-9]"  # 8542 31 900 0, as the EAEU writes it
)


def hs_digits(text: str) -> str | None:
    """The digits of a code as people write it, or None where the text is no code of 2, 4, 6, 8 or 10 digits.

    An odd number of digits is refused: a spreadsheet may have eaten a leading zero, but which digit is missing
    cannot be known. ``hs_problem`` puts it in words.

    >>> hs_digits("8542.31"), hs_digits("8542 31 900 0"), hs_digits("10121")
    ('854231', '8542319000', None)
    """
    text = text.strip()
    return re.sub(_GAP, "", text) if _WRITTEN.fullmatch(text) else None


def hs_editions(code: str) -> tuple[str, ...]:
    """The editions that have the code's first six digits (or its heading, or chapter, where it is shorter). All, where
    the table does not tell.

    >>> hs_editions("854231"), hs_editions("8549"), hs_editions("7701")
    (('2007', '2012', '2017', '2022'), ('2022',), ())
    """
    digits = hs_digits(code)
    if digits is None:
        return ()
    known = _known()
    bits = known.get(digits[:6])
    if bits is None:
        bits = known.get(digits[:4], 0) if len(digits) > 4 and not _under(digits[:4], 6) else 0
    return tuple(edition for bit, edition in enumerate(EDITIONS) if bits >> bit & 1)


def hs_problem(code: str) -> str:
    """What is wrong with a code of the Harmonized System, in words; empty where it exists in some edition.

    A code is right as far as its first six digits; national digits are not checked. Nor is anything after 98 or 99.

    >>> hs_problem("8542319000")
    ''
    >>> hs_problem("8599")
    'heading 8599 exists in no edition; chapter 85 has 8501 to 8549; nearest: 8549'
    """
    digits = hs_digits(code)
    if digits is None:
        return _no_code(code)
    known = _known()
    chapter, heading, sub = digits[:2], digits[:4], digits[:6]
    if chapter in NATIONAL or sub in known:
        return ""
    if chapter not in known:
        if chapter == "77":
            return "chapter 77 is reserved and empty in every edition"
        return "there is no chapter 00; chapters are 01 to 97"
    if heading not in known:
        there = _under(chapter, 4)
        return f"heading {heading} exists in no edition; chapter {chapter} has {there[0]} to {there[-1]}; nearest: {_nearest(heading, there)}{_padded(heading)}"
    there = _under(heading, 6)
    if not there:  # a heading whose subheadings are not in the table
        return ""
    if len(there) == 1:
        return f"subheading {sub} exists in no edition; {heading} is not divided: {there[0]}{_span(there[0])} only"
    last = _known()[heading].bit_length() - 1  # the newest edition that has the heading: the code meant is likely one of its
    newest = [one for one in there if _known()[one] >> last & 1]
    if len(there) <= _SHOWN:
        has = f"has {', '.join(one[4:] + _span(one) for one in there)}"
    elif len(newest) <= _SHOWN:
        has = f"has in {EDITIONS[last]} {', '.join(one[4:] for one in newest)}"
    else:
        near = sorted(sorted(newest, key=lambda one: abs(int(one) - int(sub)))[:_NEAR])
        has = f"has {len(newest)} in {EDITIONS[last]}, near it {', '.join(one[4:] for one in near)}"
    return f"subheading {sub} exists in no edition; {heading} {has}; nearest: {_nearest(sub, newest)}{_padded(sub)}"


def _no_code(text: str) -> str:
    shown = text.strip()
    if not shown:
        return "no code is given"
    digits = re.sub(_GAP, "", shown)
    if not re.fullmatch("[0-9]+", digits):
        return f"{shown[:40]!r} is not a code of the Harmonized System: 2, 4, 6, 8 or 10 digits, with dots or spaces at most"
    if len(digits) > 10:
        return f"{shown[:40]!r} has {len(digits)} digits; a code has 2, 4, 6, 8 or 10"
    if len(digits) % 2:
        return f"{shown!r} has {len(digits)} digit{'s' if len(digits) > 1 else ''}; a code has 2, 4, 6, 8 or 10: a spreadsheet may have dropped a leading zero"
    return f"{shown!r} is split where no code of the Harmonized System is: such codes go 8542.31, 8542 31 00 or 8542 31 900 0"


def _padded(code: str) -> str:
    """A code of an upper level is often filled up with zeros: 8500 or 854200."""
    upper = code[:-2]
    return f" ({'heading' if len(upper) == 4 else 'chapter'} {upper} filled up with zeros?)" if code.endswith("00") else ""


@cache
def _under(prefix: str, length: int) -> tuple[str, ...]:
    return tuple(sorted(one for one in _known() if len(one) == length and one.startswith(prefix)))


def _nearest(code: str, there: Collection[str]) -> str:
    return min(there, key=lambda one: (abs(int(one) - int(code)), one))


def _span(code: str) -> str:
    """Where a code is not in every edition: the years of those that have it, such as (2007-)."""
    have = [bit for bit in range(len(EDITIONS)) if _known()[code] >> bit & 1]
    if len(have) == len(EDITIONS):
        return ""
    runs: list[list[int]] = []
    for bit in have:
        if runs and runs[-1][1] == bit - 1:
            runs[-1][1] = bit
        else:
            runs.append([bit, bit])
    last = len(EDITIONS) - 1
    said = (f"{EDITIONS[a]}-" if b == last else EDITIONS[a] if a == b else f"{EDITIONS[a]}-{EDITIONS[b]}" for a, b in runs)
    return f" ({', '.join(said)})"


@cache
def _known() -> dict[str, int]:
    """Every chapter, heading and subheading, with one bit for each edition that has it."""
    known: dict[str, int] = {}
    for line in (files("keruen.screening") / "hs_codes.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        heading, *subs = line.split()
        if len(heading) == 2:
            for code in (heading, *(f"{heading}{n:02}" for n in range(1, int(subs[0]) + 1))):
                known[code] = ALL
            continue
        known[heading] = 0
        for sub in subs:
            digits, _, when = sub.partition("@")
            bits = _bits(when)
            for code in (heading + digits, heading):
                known[code] = known.get(code, 0) | bits
    return known


@cache
def _bits(when: str) -> int:
    """The editions of a mark of the table: "2007-", "-1996", "2002", "-1996,2022-", or "" for all."""
    bits = 0
    for span in when.split(","):
        first, dash, last = span.partition("-")
        start = EDITIONS.index(first) if first else 0
        stop = EDITIONS.index(last) if last else len(EDITIONS) - 1 if dash or not first else start
        for bit in range(start, stop + 1):
            bits |= 1 << bit
    return bits
