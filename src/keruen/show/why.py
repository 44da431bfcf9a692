"""Why a number is what it is, and what a result is most sensitive to, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keruen.show.evidence import source_line
from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.sensitivity import Sensitivity
    from keruen.ask.why import Number, Why
    from keruen.case import Case

__all__ = ["numbers_text", "sensitivity_text", "why_text"]

WIDTH = 110
MOST = 40


def why_text(case: Case, w: Why) -> str:
    """One number: what stands behind it, the range, rivals, what names it, what moves with it."""
    n = w.number
    lines = [f"{w.case} {n.name} = {n.value:,.6g} {n.unit}".rstrip(), f"  {n.meaning}"]
    lines.append(f"  {n.kind}, {n.confidence} confidence; source {n.source}: {source_line(case, n.source)}")
    if n.note:
        lines += textwrap.wrap(n.note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    lines.append(f"  may lie from {n.low:,.4g} to {n.high:,.4g}, by what stands behind it" + (" and its rivals" if n.rivals else ""))
    if n.rivals:
        lines += ["", "Rival figures", table([[r["value"], "" if r["differs"] is None else f"{r['differs']:+.0%}", r["source"], r["note"]] for r in n.rivals],
                                             ["value", "differs", "source", "note"])]  # fmt: skip
    if w.named:
        lines += ["", "Named in", *(f"  {t}: {', '.join(rows[:8])}{f' and {len(rows) - 8} more' if len(rows) > 8 else ''}" for t, rows in w.named.items())]
    name = " + ".join(w.scenario) or "base"
    lines += ["", f"What rests on it in {w.year}, {name}"]
    if w.silent:
        lines += textwrap.wrap(w.silent[0].upper() + w.silent[1:] + ".", WIDTH, initial_indent="  ", subsequent_indent="  ")
    else:
        rows = [[f"{m['at']} ({m['value']:,.4g})", m["result"], m["plan"], m["then"], m["change"], m["unit"]] for m in w.moves]
        lines.append(table(rows, ["with it at the", "result", "now", "then", "change", "unit"]))
    return "\n".join(lines)


def numbers_text(name: str, numbers: Sequence[Number]) -> str:
    """The numbers of a table or row with what stands behind them."""
    kinds = {k: sum(n.kind == k for n in numbers) for k in ("sourced", "derived", "estimate")}
    head = f"{name}: {len(numbers)} numbers; " + ", ".join(f"{v} {k}" for k, v in kinds.items())
    rows = [[n.name, n.value, n.unit, n.kind, n.confidence, n.source, len(n.rivals) or ""] for n in numbers[:MOST]]
    more = f"\nand {len(numbers) - MOST} more; --format csv has all" if len(numbers) > MOST else ""
    return head + "\n\n" + table(rows, ["number", "value", "unit", "kind", "confidence", "source", "rivals"]) + more


def sensitivity_text(s: Sensitivity, top: int) -> str:
    """The figures that can move a result most."""
    name = " + ".join(s.scenario) or "base"
    lines = [f"{s.case} {s.year} {name}: {s.result} is {s.plan:,.6g} {s.unit}"]
    lines.append(f"{s.tried} figures moved to each end of their range, one at a time, each solved; {len(s.rows)} move it.")
    lines.append(f"The network of this year does not hang on {s.idle} more.")
    rows: list[list[Any]] = [[r["number"], r["value"], f"{r['low']:,.4g} to {r['high']:,.4g}", r["at_low"], r["at_high"], r["swing"], r["kind"], r["source"],
                              r["confidence"]] for r in s.rows[:top]]  # fmt: skip
    header = ["number", "value", "range", "result at low", "at high", "swing", "kind", "source", "confidence"]
    lines += ["", table(rows, header) if rows else "No figure moves it."]
    if len(s.rows) > top:
        lines.append(f"and {len(s.rows) - top} more; --top N shows more")
    return "\n".join(lines)
