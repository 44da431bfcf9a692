"""How well a reading does against claims that people wrote: recall on their figures, precision on its own findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keruen.reading.numbers import SCALES, tidy
from keruen.reading.propose import Proposal

__all__ = ["Gold", "Score", "gold_of", "score"]

# Units that say the same of a figure: what somebody called a document another calls an agreement.
_ALIKE = (
    {"rank", "ordinal", "line number"}, {"documents", "agreements", "treaties", "contracts"}, {"products", "goods"}, {"ships", "tankers"},
)  # fmt: skip
_VAGUE = re.compile(r"\((?:tens|hundreds|thousands|millions|billions)[^)]*\)")


@dataclass(frozen=True)
class Gold:
    """A figure that a person found in a document."""

    claim: str
    document: str
    line: str
    sentence: str
    base: float | None
    unit: str


def gold_of(rows: Iterable[Mapping[str, str]]) -> list[Gold]:
    """The rows of claims with a figure, or with a unit that tells its size in words such as ``(tens of)``."""
    out = []
    for row in rows:
        unit = row["unit"]
        if not row["value"] and not _VAGUE.search(unit):
            continue
        place = re.match(r"L(\d+)\.S(\d+)", row.get("sentence_number_or_locator") or row.get("locator") or "")
        base, name = _base(float(row["value"]) if row["value"] else None, re.sub(r"\s*\(.*?\)", "", unit))
        out.append(Gold(row.get("claim_id") or row.get("claim", ""), row["document"], place[1] if place else "", place[2] if place else "", base, name))
    return out


def _base(value: float | None, unit: str) -> tuple[float | None, str]:
    """27, 'USD bn' -> 2.7e10, 'USD'; 6.5, 'Mt a year' -> 6.5e6, 't a year'."""
    words = unit.split()
    factor = 1.0
    if len(words) > 1 and words[0].isupper() and words[1] in SCALES:
        factor = SCALES[words.pop(1)]
    elif words and words[0] in ("m", "bn") and len(words) > 1:
        factor = SCALES[words.pop(0)]
    elif words and words[0] in ("Mt", "kt"):
        factor, words[0] = {"Mt": 1e6, "kt": 1e3}[words[0]], "t"
    elif words and words[0] == "km":
        factor, words[0] = 1e3, "m"
    return (None if value is None else tidy(value * factor)), " ".join(words)


def _agrees(gold: Gold, row: Proposal) -> bool:
    if f"L{gold.line}." not in row.locator + "." or not row.locator.startswith(f"L{gold.line}.S"):
        return False
    if gold.base is None:
        return row.value_base is None and row.unit_base == gold.unit
    if row.value_base is None or abs(row.value_base - gold.base) > 1e-9 * abs(gold.base):
        return False
    return row.unit_base == gold.unit or any({gold.unit, row.unit_base} <= alike for alike in _ALIKE)


@dataclass
class Score:
    """Counts of one document, with what was missed and what was wrong."""

    document: str
    gold: int = 0
    found: int = 0
    stated: int = 0  # gold that the text states in so many words
    findings: int = 0
    right: int = 0
    other_sentence: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.gold if self.gold else 1.0

    @property
    def recall_stated(self) -> float:
        return self.found / self.stated if self.stated else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.findings if self.findings else 1.0


def score(
    document: str, gold: Sequence[Gold], rows: Sequence[Proposal], judged: Mapping[tuple[str, int, str], bool], counted: Iterable[str] = ()
) -> Score:  # fmt: skip
    """One document. ``judged`` says of a finding by (document, start, value) whether it is right, and decides also over findings that match a
    gold figure; one that is neither judged nor gold counts as wrong. ``counted`` names gold figures that somebody counted or concluded and the
    text does not state."""
    out = Score(document)
    free = list(rows)
    matched: set[str] = set()
    derived = set(counted)
    for g in (g for g in gold if g.document == document):
        out.gold += 1
        hits = sorted((r for r in free if _agrees(g, r)), key=lambda r: r.locator != f"L{g.line}.S{g.sentence}")
        out.stated += g.claim not in derived or bool(hits)
        if not hits:
            out.missed.append(g.claim)
            continue
        free.remove(hits[0])
        matched.add(hits[0].claim)
        out.found += 1
        out.other_sentence += hits[0].locator != f"L{g.line}.S{g.sentence}"
    for row in rows:
        value = "" if row.value is None else f"{row.value:.10g}"
        verdict = judged.get((document, row.start, value))
        out.findings += 1
        if verdict is None and row.claim not in matched:
            out.unjudged.append(f"{row.start}:{value}")
        if verdict if verdict is not None else row.claim in matched:
            out.right += 1
        else:
            out.wrong.append(f"{row.start}:{value}")
    return out
