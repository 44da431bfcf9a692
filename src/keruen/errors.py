"""Every error keruen raises on purpose, in one tree.

::

    KeruenError
    |-- CaseError        a case folder cannot be used; carries the findings
    |-- UnitError        a quantity has the wrong dimension or an unknown unit
    |-- ScenarioError    a scenario names something the case does not have
    |-- SolveError       the solver did not return a proven optimum
    `-- UsageError       a command or call was given arguments that make no sense
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nsmallest

__all__ = [
    "CaseError",
    "Finding",
    "KeruenError",
    "Names",
    "ScenarioError",
    "SolveError",
    "UnitError",
    "UsageError",
    "did_you_mean",
    "quote",
    "say",
]

MOST_SHOWN = 5
LONGEST_QUOTE = 60


class KeruenError(Exception):
    """Base of all errors of this package; catching it catches them all."""


class UnitError(KeruenError):
    """A unit is unknown, or its dimension is not the one expected."""


class ScenarioError(KeruenError):
    """A scenario is malformed or names something the case does not have."""


class SolveError(KeruenError):
    """The solver stopped without a proven optimum."""


class UsageError(KeruenError):
    """Arguments that make no sense together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or odd) in a case, and what to do about it.

    ``row`` is the line of the file as a spreadsheet shows it: the header is row 1.
    It is None where the finding is about a whole file. ``column`` may be empty likewise.
    """

    code: str
    file: str
    row: int | None
    column: str
    found: str
    expected: str
    remedy: str
    warning: bool = False

    @property
    def where(self) -> str:
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; expected {self.expected}. {self.remedy}"


class CaseError(KeruenError):
    """A case that cannot be used. ``findings`` holds every problem, not only the first."""

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        self.name = name
        self.findings = tuple(findings)
        super().__init__(f"the case {name} has {len(self.findings)} problem(s)\n" + say(findings))


def say(findings: Iterable[Finding], most: int = MOST_SHOWN) -> str:
    """Findings as text, grouped by code: at most ``most`` of a kind, then how many more."""
    groups: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.warning), []).append(finding)
    lines: list[str] = []
    for (code, warning), group in groups.items():
        word = "warning" if warning else "problem"
        for finding in group[:most]:
            lines.append(f"{word} [{code}] {finding}")
        if len(group) > most:
            lines.append(f"{word} [{code}] and {len(group) - most} more of this kind")
    return "\n".join(lines)


def quote(text: object, most: int = LONGEST_QUOTE, mark: str = "'") -> str:
    """Text in quotes for a message: cut when long, characters nobody can see spelt out.

    >>> print(quote("hub\\u200b"))
    'hub<U+200B>'
    """
    try:
        full = str(text)
    except ValueError:  # an integer of thousands of digits
        full = "a number of thousands of digits"
    shown = full if len(full) <= most else full[: most * 2 // 3]
    shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in shown)
    return f"{mark}{shown}{mark}" if len(full) <= most else f"{mark}{shown}...{mark} ({len(full):,} characters)"


class Names:
    """Words that are known, and the nearest of them to one that is not, quickly among many thousands."""

    MANY = 300  # from here on only words that share pairs of letters are compared
    LONG = 80  # nobody misspells a word into this many characters

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._folded: dict[str, str] = {}
        self._pairs: dict[str, list[str]] = {}

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._words))

    def __len__(self) -> int:
        return len(self._words)

    def near(self, word: object) -> list[str]:
        """At most three known words that look like this one, the nearest first."""
        folded = _fold(str(word)[: self.LONG + 1])
        if len(folded) > self.LONG:
            return []
        if not self._folded:
            self._folded = {_fold(name): name for name in sorted(self._words)}
        candidates = list(self._folded)
        if len(candidates) > self.MANY:
            if not self._pairs:
                for name in candidates:
                    for pair in _pairs(name):
                        self._pairs.setdefault(pair, []).append(name)
            shared = Counter(name for pair in _pairs(folded) for name in self._pairs.get(pair, ()))
            # What shares most of its own pairs, too: long names share some with everything.
            candidates = nsmallest(20, shared, key=lambda name: (-shared[name] / (len(name) + len(folded)), name))
        return [self._folded[n] for n in get_close_matches(folded, candidates, n=3, cutoff=0.6)]

    def hint(self, word: object) -> str:
        """``Did you mean ...?`` with the nearest known words, or an empty string."""
        near = self.near(word)
        return "Did you mean " + " or ".join(map(quote, near)) + "?" if near else ""


def _fold(word: str) -> str:
    return word.lower().replace("_", "-").replace(" ", "-")


def _pairs(word: str) -> set[str]:
    return {word[i : i + 2] for i in range(len(word) - 1)}


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint that names the nearest known words, or an empty string."""
    return (known if isinstance(known, Names) else Names(known)).hint(word)
