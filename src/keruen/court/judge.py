"""Claims judged: each gets its question put, and a verdict that follows from what is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.case import Case
from keruen.court.answers import Answer, nothing
from keruen.court.ledger import LEDGER
from keruen.court.model import MODEL
from keruen.court.question import Question, read_questions
from keruen.court.words import agrees, allowed
from keruen.errors import KeruenError, UsageError, did_you_mean
from keruen.tables import Claim

if TYPE_CHECKING:
    import pandas as pd

    from keruen.plan import Plan
    from keruen.scenario import Scenario

__all__ = ["VERDICTS", "Claims", "Court", "Judged", "claims"]

VERDICTS = ("holds", "differs", "contradicted", "feasible", "infeasible", "reached", "on course", "behind", "missed", "cannot tell", "opinion")
QUESTIONS: dict[str, Callable[..., Answer]] = {**LEDGER, **MODEL}
COLUMNS = ("claim", "verdict", "kind", "statement", "stated", "found", "evidence", "at_odds", "sources")


@dataclass(frozen=True)
class Judged:
    """One claim with its verdict. answer: what the question found; at_odds: other claims that the same question answers otherwise;
    besides: further questions, which decide nothing."""

    claim: Claim
    verdict: str
    question: Question | None
    answer: Answer
    at_odds: tuple[str, ...] = ()
    besides: tuple[tuple[Question, Answer], ...] = ()

    @property
    def stated(self) -> str:
        c = self.claim
        return "" if c.value is None else f"{c.wording + ' ' if c.wording else ''}{c.value:,g} {c.unit}"

    @property
    def found(self) -> str:
        """What was found beside what was stated, and by how much it differs."""
        return self._found(self.answer)

    @property
    def beside(self) -> str:
        """What the further questions found."""
        return "; ".join(f"{q}: {self._found(a) or a.text or 'nothing: ' + a.missing}" for q, a in self.besides)

    def _found(self, answer: Answer) -> str:
        c, told = self.claim, []
        for f in answer.found:
            value = f"{f.low:,.4g}" if abs(f.high - f.low) <= 1e-9 * max(1.0, abs(f.high)) else f"{f.low:,.4g} to {f.high:,.4g}"
            if answer.sort == "figures" and c.value and not agrees(c.value, c.wording, f.low, f.high):
                near = f.low if f.low > c.value else f.high
                value += f" ({(near / c.value - 1):+.0%})"
            told.append(f"{value} {c.unit if answer.sort == 'figures' else ''} [{f.whose}]".replace("  ", " "))
        return "; ".join(told)

    @property
    def evidence(self) -> str:
        a = self.answer
        parts = [a.text] if a.text else []
        parts += [f"missing: {a.missing}"] if a.missing else []
        parts += [f"held by {', '.join(b['limit'] for b in a.binding)}"] if a.binding and self.verdict == "infeasible" else []
        parts += [f"what would do: {', '.join(a.would)}"] if a.would else []
        parts += [f"beside it: {self.beside}"] if self.besides else []
        return "; ".join(parts)


class Court:
    """A case with the plans that questions share; ``scenario`` lies under every question."""

    def __init__(self, case: Case, scenario: Scenario | None = None) -> None:
        self.case, self.scenario = case, scenario
        self._plans: dict[int, Plan] = {}
        self._shares: dict[tuple[int, str], list[dict[str, Any]]] = {}

    def plan(self, year: int, scenario: Scenario | None = None) -> Plan:
        """The plan of a year; without a scenario it is kept."""
        from keruen.network import build
        from keruen.plan import Plan
        from keruen.solve import solve

        if scenario is not None:
            return Plan(solve(build(self.case, year, scenario)))
        if year not in self._plans:
            self._plans[year] = Plan(solve(build(self.case, year, self.scenario)))
        return self._plans[year]

    def dependence(self, year: int, commodity: str) -> list[dict[str, Any]]:
        from keruen.ask.dependence import dependence

        if (year, commodity) not in self._shares:
            self._shares[year, commodity] = list(dependence(self.plan(year), "country", [commodity], 1e-3))
        return self._shares[year, commodity]

    def judge(self, claim: Claim) -> Judged:
        """The verdict on one claim. Raises UsageError where its question makes no sense, with the claim's row."""
        if claim.kind == "opinion":
            return Judged(claim, "opinion", None, nothing(""))
        if not claim.check:
            return Judged(claim, "cannot tell", None, nothing("no question is put to it: the case has no table for such things"))
        try:
            asked = read_questions(claim.check)
            answers = [QUESTIONS[q.name](self, claim, q) for q in asked]
        except (KeruenError, ValueError, KeyError, IndexError) as error:
            raise UsageError(f"claims.csv, row {claim.line}, {claim.claim}, column check: {error}; found {claim.check!r}") from None
        question, answer = asked[0], answers[0]
        if answer.sort == "truth" and answer.holds and "lacks" in question.options:
            answer = replace(answer, holds=None, missing=question.options["lacks"])  # it bears on the claim and does not settle it
        return Judged(claim, _verdict(claim, answer), question, answer, besides=tuple(zip(asked[1:], answers[1:], strict=True)))


def _verdict(claim: Claim, a: Answer) -> str:
    if a.sort == "nothing":
        return "cannot tell"
    if a.sort == "target":
        return a.verdict
    if a.sort == "most":
        return "feasible" if a.holds else "infeasible"
    if a.sort == "truth":
        return "cannot tell" if a.holds is None else "holds" if a.holds else "contradicted"
    if claim.value is None:
        return "cannot tell"
    return "holds" if any(agrees(claim.value, claim.wording, f.low, f.high) for f in a.found) else "differs"


@dataclass(frozen=True)
class Claims:
    """Every claim of a case with its verdict, in the order of the table."""

    case: str
    judged: tuple[Judged, ...]

    def __repr__(self) -> str:
        return f"<Claims {self.case}: {', '.join(f'{n} {v}' for v, n in self.counts.items())}>"

    @cached_property
    def counts(self) -> dict[str, int]:
        found = {v: sum(j.verdict == v for j in self.judged) for v in VERDICTS}
        return {v: n for v, n in found.items() if n}

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a claim: claim, verdict, kind, statement, stated, found, evidence, at_odds, sources."""
        import pandas as pd

        return pd.DataFrame([[j.claim.claim, j.verdict, j.claim.kind, j.claim.statement, j.stated, j.found, j.evidence, list(j.at_odds), list(dict.fromkeys(
            filter(None, j.answer.sources)))] for j in self.judged], columns=list(COLUMNS))  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen claims --format json`` writes it."""
        from keruen import __version__
        from keruen.plan import rounded

        rows = []
        for j in self.judged:
            c, a = j.claim, j.answer
            rows.append({
                "claim": c.claim, "document": c.document, "locator": c.locator, "kind": c.kind, "topic": c.topic, "statement": c.statement, "value": c.value,
                "unit": c.unit, "wording": c.wording, "period": c.period, "check": c.check, "verdict": j.verdict, "evidence": a.text, "missing": a.missing,
                "found": [{"low": f.low, "high": f.high, "whose": f.whose, "source": f.source, "confidence": f.confidence, "row": f.row} for f in a.found],
                "binding": [dict(b) for b in a.binding], "would": list(a.would), "rows": list(a.rows), "sources": list(dict.fromkeys(filter(None, a.sources))),
                "at_odds": list(j.at_odds), "beside": j.beside,
            })  # fmt: skip
        told: dict[str, Any] = rounded({"keruen": __version__, "case": self.case, "counts": self.counts, "claims": rows})
        return told


def claims(case: Case, only: Sequence[str] = (), *, document: str = "", verdict: str = "", scenario: Scenario | None = None) -> Claims:
    """Judge the claims of a case: all, those named, of one document, or with one verdict; with ``scenario``, in a world where that holds.

    Raises UsageError for a name that the case does not have, or a check that makes no sense.

    >>> import keruen as kr
    >>> kr.claims(kr.load("kazakhstan"), ["c2-15"]).judged[0].verdict
    'holds'
    """
    _known(case, only, document, verdict)
    court = Court(case, scenario)
    rows = [c for c in case.tables["claims"] if isinstance(c, Claim) and (not only or c.claim in only) and (not document or c.document == document)]
    judged = _at_odds([court.judge(c) for c in rows])
    return Claims(case.name, tuple(j for j in judged if not verdict or j.verdict == verdict))


def _known(case: Case, only: Sequence[str], document: str, verdict: str) -> None:
    asked = [(name, "claim", set(case.claims)) for name in only]
    asked += [(document, "document with claims", {c.document for c in case.claims.values()}), (verdict, "verdict", set(VERDICTS))]
    wrong = [(name, what, known) for name, what, known in asked if name and name not in known]
    if wrong:
        name, what, known = wrong[0]
        raise UsageError(f"'{name}' is no {what} of the case. {did_you_mean(name, known) or 'There are: ' + ', '.join(sorted(known)[:12])}")


def _at_odds(judged: list[Judged]) -> list[Judged]:
    """Claims that put the same question and allow no common figure contradict each other."""
    same: dict[str, list[Judged]] = {}
    for j in judged:
        if j.question and j.claim.value is not None and j.answer.sort == "figures":
            same.setdefault(f"{j.question} {j.claim.unit}", []).append(j)
    found = []
    for j in judged:
        others = same.get(f"{j.question} {j.claim.unit}", []) if j.question else []
        odds = tuple(o.claim.claim for o in others if o is not j and o.claim.document != j.claim.document and _apart(j.claim, o.claim))
        found.append(replace(j, at_odds=odds) if odds else j)
    return found


def _apart(a: Claim, b: Claim) -> bool:
    assert a.value is not None
    assert b.value is not None
    low, high = allowed(a.value, a.wording)
    return not agrees(b.value, b.wording, low, high)
