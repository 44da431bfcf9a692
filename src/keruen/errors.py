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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = [
    "CaseError",
    "Finding",
    "KeruenError",
    "ScenarioError",
    "SolveError",
    "UnitError",
    "UsageError",
    "did_you_mean",
    "say",
]

MOST_SHOWN = 5


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
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    lines: list[str] = []
    for code, group in groups.items():
        word = "warning" if group[0].warning else "problem"
        for finding in group[:most]:
            lines.append(f"{word} [{code}] {finding}")
        if len(group) > most:
            lines.append(f"{word} [{code}] and {len(group) - most} more of this kind")
    return "\n".join(lines)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known words, or an empty string."""
    names = sorted(set(known))
    folded = {name.lower().replace("_", "-"): name for name in names}
    near = get_close_matches(word.lower().replace("_", "-").replace(" ", "-"), list(folded), n=3, cutoff=0.6)
    if not near:
        return ""
    return "Did you mean " + " or ".join(f"'{folded[n]}'" for n in near) + "?"
