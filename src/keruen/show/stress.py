"""Stress tests as text: what closes, what is lost, which way the rest goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.sample import Sample
    from keruen.ask.stress import Stress
    from keruen.ask.worst import WorstClosures

__all__ = ["sample_text", "stress_text", "worst_text"]

FEW = 3


def stress_text(answer: Stress, top: int) -> str:
    """The worst closures as a table, and what was found on the way."""
    name = " + ".join(answer.scenario) or "base"
    lines = [f"{answer.case} {answer.year} {name}: closed in turn by {', '.join(answer.by)}. The plan without closures: {answer.objective_musd:,.0f} MUSD"]
    for size in range(1, answer.deep + 1):
        rows = [r for r in answer.rows if len(r["closed"]) == size]
        lines += ["", _counted(answer, size, len(rows)), _rows(rows[:top], size)]
        if len(rows) > top:
            lines.append(f"and {len(rows) - top:,} more (--top N, or --format json or csv for all)")
    if answer.idle:
        lines += ["", f"{len(answer.idle)} carry nothing in the plan, so closing one of them alone changes nothing."]
    return "\n".join(lines)


def _counted(answer: Stress, size: int, shown: int) -> str:
    count = answer.counts[str(size)]
    if size == 1:
        return f"One at a time: {count['sets']:,} closures, {count['solved']:,} solved, the rest are idle"
    words = {2: "Pairs", 3: "Triples"}[size]
    return f"{words}: {count['sets']:,}, of which {count['solved']:,} had to be solved; {shown:,} hurt more than fewer closures do"


def _rows(rows: Sequence[dict[str, Any]], size: int) -> str:
    if size == 1 and any("rerouted" not in r for r in rows):
        return table([[r["closed"][0], r["loss_musd"], _lost(r["lost"])] for r in rows], ["closed", "loss MUSD", "no longer arrives"])
    if size == 1:
        cells = [[r["closed"][0], r["loss_musd"], _lost(r["lost"]), _rerouted(r["rerouted"]), _names(r["became_full"]), _relief(r["relief"])] for r in rows]
        return table(cells, ["closed", "loss MUSD", "no longer arrives", "goes another way", "becomes full", "one more is worth, MUSD"])
    cells = [[" + ".join(r["closed"]), r["loss_musd"], r["more_than_apart_musd"], _lost(r["lost"])] for r in rows]
    return table(cells, ["closed", "loss MUSD", "more than apart", "no longer arrives"])


def _lost(rows: Sequence[dict[str, Any]]) -> str:
    return _cut([f"{r['commodity']} {r['quantity']:.3g} {r['unit']}{_home(r)}" for r in sorted(rows, key=lambda r: -r["value_musd"])])


def _home(row: dict[str, Any]) -> str:
    """How much of a loss are exports of home, where that is a part of it."""
    return f" ({row['exports']:.3g} exports)" if 1e-6 < row["exports"] < row["quantity"] - 1e-6 else " (exports)" if row["exports"] > 1e-6 else ""


def _rerouted(rows: Sequence[dict[str, Any]]) -> str:
    return _cut([f"{r['commodity']} {r['quantity']:.3g} {r['unit']} by {_links(r, 2)}" for r in rows], 2)


def _links(row: dict[str, Any], most: int = FEW) -> str:
    return ", ".join(l["link"] for l in row["links"][:most])


def _relief(rows: Sequence[dict[str, Any]]) -> str:
    return _cut([f"{r['limit']} {r['worth_musd']:,.0f} per {r['unit']}" for r in rows if r["worth_musd"] >= 0.5], 2)


def _names(names: Sequence[str]) -> str:
    return _cut(list(names))


def _cut(words: list[str], most: int = FEW) -> str:
    return "; ".join(words[:most]) + (f"; +{len(words) - most}" if len(words) > most else "")


def worst_text(found: WorstClosures) -> str:
    """The worst set, what it does and how far it is proven."""
    name = " + ".join(found.scenario) or "base"
    proof = "no set of as many hurts more"
    if found.gap > 1e-4:
        proof = f"not proven: another set may lose up to {found.bound_musd:,.0f} MUSD (gap {found.gap:.1%})"
    lines = [f"{found.case} {found.year} {name}: the worst {found.many} closures by {', '.join(found.by)}", "",
             *[f"  {c}" for c in found.closed], "",
             f"Together they cost {found.loss_musd:,.0f} MUSD a year; {proof}. {found.rounds:,} sets were solved."]  # fmt: skip
    if len(found.closed) < found.many:
        lines.append("Closing more would not hurt more.")
    told = found.told
    parts = (
        ("No longer arrives", [f"{r['commodity']}: {r['quantity']:.4g} {r['unit']}{_home(r)}, worth {r['value_musd']:,.0f} MUSD" for r in told["lost"]]),
        ("Goes another way", [f"{r['commodity']}: {r['quantity']:.4g} {r['unit']} by {_links(r)}" for r in told["rerouted"]]),
        ("Becomes full", list(told["became_full"])),
        ("One more would be worth", [f"{r['limit']}: {r['worth_musd']:,.1f} MUSD per {r['unit']}" for r in told["relief"]]),
    )
    for title, words in parts:
        if words:
            lines += ["", title, *[f"  {w}" for w in words]]
    return "\n".join(lines)


def sample_text(found: Sample, top: int) -> str:
    """Distributions, bottlenecks and what drives the loss."""
    frames = (("Distribution over the draws", found.distributions), ("Full in so many draws", found.full), ("What the loss goes with", found.drivers))
    lines = [repr(found).strip("<>")]
    for title, frame in frames:
        lines += ["", title, table(frame.head(top).values.tolist(), list(frame.columns))]
    return "\n".join([*lines, *[f"note: {note}" for note in found.notes]])
