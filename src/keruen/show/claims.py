"""Claims with their verdicts, as text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.court.judge import Claims, Judged

__all__ = ["claim_text", "claims_text"]

STATEMENT, EVIDENCE, WIDTH = 64, 90, 110
MEANS = {
    "holds": "what is known bears it out", "differs": "the figure is another", "contradicted": "what is known speaks against it",
    "feasible": "the model can do it", "infeasible": "the model cannot do it", "reached": "the target is reached", "on course": "growth so far is enough",
    "behind": "growth so far is not enough", "missed": "the year passed below the target", "cannot tell": "data are missing",
    "opinion": "not a matter of fact",
}  # fmt: skip


def claims_text(found: Claims) -> str:
    """How many of each verdict, then a row a claim that is no opinion."""
    counts = "; ".join(f"{n} {v}" for v, n in found.counts.items())
    rows = [[j.claim.claim, j.verdict, _cut(j.claim.statement, STATEMENT), _cut(" | ".join(filter(None, (j.found, j.evidence))), EVIDENCE)]
            for j in found.judged if j.verdict != "opinion"]  # fmt: skip
    head = f"{found.case}: {len(found.judged)} claims: {counts}"
    return head + ("\n\n" + table(rows, ["claim", "verdict", "statement", "found"]) if rows else "") + "\n\nOne in full: --claim ID"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def claim_text(j: Judged, case: str) -> str:
    """One claim in full: where it stands, what it says, what was asked, what was found, on what that rests."""
    c, a = j.claim, j.answer
    lines = [f"{case} {c.claim}: {j.verdict} ({MEANS[j.verdict]})", *_wrapped("", c.statement)]
    lines.append(f"  {c.kind} in {c.document}, {c.locator}" + (f", of {c.period}" if c.period else ""))
    if j.stated:
        lines.append(f"  stated: {j.stated}")
    if c.check:
        lines.append(f"  asked: {c.check}")
    lines += _wrapped("found: ", j.found) if j.found else []
    lines += _wrapped("because: ", a.text) if a.text else []
    lines += _wrapped("missing: ", a.missing) if a.missing else []
    lines += _wrapped("beside it: ", j.beside) if j.besides else []
    if a.binding:
        lines.append("  what holds it down")
        lines += [f"    {b['kind']} {b['limit']}: {b['capacity']:,.4g} {b['unit']}; one more is worth {b['worth']:.3g}" for b in a.binding]
    lines += _wrapped("what would make it feasible: ", "; ".join(a.would)) if a.would else []
    lines += _wrapped("other claims say otherwise: ", ", ".join(j.at_odds)) if j.at_odds else []
    lines += _wrapped("rests on: ", ", ".join(dict.fromkeys(a.rows))) if a.rows else []
    lines += _wrapped("sources: ", ", ".join(dict.fromkeys(filter(None, a.sources)))) if a.sources else []
    return "\n".join(lines)


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(head + text, WIDTH, initial_indent="  ", subsequent_indent="    ") if text else []
