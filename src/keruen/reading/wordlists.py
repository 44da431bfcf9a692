"""The word lists of this folder: names, units, counted things, topics. Plain CSV that a person can add to.

A cell holds alternatives parted by ``|``. ``*`` at the end of a word stands for up to five more letters
(the endings of Russian, the plural of English), a blank for blanks or a hyphen, ``!`` at the end for a word that
counts only inside a sentence, because at its start it may be a common word with a capital letter.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "Words", "alternation", "table", "words"]

LANGUAGES = ("vi", "en", "ru")


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a list of this folder."""
    text = files("keruen.reading").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _fragment(word: str) -> str:
    parts = [re.escape(p).replace(r"\*", r"\w{0,5}") for p in re.split(r"[ ]+", word.strip())]
    return r"(?:\s+|\s*-\s*)".join(parts)


@dataclass(frozen=True)
class Words:
    """A list compiled to one pattern that prefers the longest alternative, and what each alternative stands for."""

    pattern: re.Pattern[str]
    meanings: tuple[str, ...]
    inner: frozenset[int]  # alternatives that do not count at the start of a sentence

    def meaning(self, found: re.Match[str]) -> tuple[str, bool]:
        """(what it stands for, whether it may stand at the start of a sentence)"""
        number = int((found.lastgroup or "w0")[1:])
        return self.meanings[number], number not in self.inner


def alternation(pairs: list[tuple[str, str]], ignore_case: bool = True) -> Words:
    """One pattern for pairs of (alternative, meaning)."""
    ordered = sorted({p for p in pairs if p[0].strip(" !")}, key=lambda p: (-len(p[0].replace("*", "")), p))
    inner = frozenset(i for i, (word, _) in enumerate(ordered) if word.strip().endswith("!"))
    groups = []
    for i, (word, _) in enumerate(ordered):
        plain = word.strip().rstrip("!")
        before = r"(?<![^\W\d_])" if plain[0].isalnum() else ""  # a unit may follow its number without a blank
        after = r"(?!\w)" if plain[-1].isalnum() or plain[-1] == "*" else ""
        groups.append(f"(?P<w{i}>{before}{_fragment(plain)}{after})")
    return Words(re.compile("|".join(groups) or r"(?!)", re.IGNORECASE if ignore_case else 0), tuple(m for _, m in ordered), inner)


@cache
def words(name: str, language: str, key: str = "unit") -> Words:
    """A list of this folder in one language (and what is written the same in all)."""
    pairs = []
    for row in table(name):
        for column in ("any", language):
            pairs += [(w, row[key]) for w in (row.get(column) or "").split("|") if w]
    return alternation(pairs)
