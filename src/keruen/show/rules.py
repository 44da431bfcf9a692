"""What rules cost, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.rules import RuleCosts

__all__ = ["rules_text"]


def rules_text(found: RuleCosts) -> str:
    """The rules that bind, the dearest first; then those that are met and cost nothing."""
    name = " + ".join(found.scenario) or "base"
    rows = [[r["rule"], r["effect"], r["kind"], r["costs_musd"],
             "; ".join(f"{m['commodity']} {m['quantity']:.3g} {m['unit']}" for m in r["more"]),
             "; ".join(f"{l['commodity']} {l['more']:.3g} by {l['link']}" for l in r["instead"]), r["source"], r["confidence"]]
            for r in found.rows]  # fmt: skip
    lines = [f"{found.case} {found.year} {name}: what each rule costs a year, beside the best plan without it", ""]
    header = ["rule", "effect", "kind", "costs MUSD", "would arrive more", "goes instead", "source", "confidence"]
    lines.append(table(rows, header) if rows else "No rule costs anything.")
    if found.idle:
        lines += ["", f"Met by flows and free of cost: {', '.join(found.idle)}."]
    return "\n".join(lines)
