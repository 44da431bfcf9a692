"""A tornado chart: how far each figure can move a result, as one SVG without scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keruen.ask.sensitivity import Sensitivity

__all__ = ["tornado"]

BAR, GAP, LABEL, WIDTH, HEAD = 18, 8, 330, 900, 34


def tornado(s: Sensitivity, top: int = 10, *, name: str = "") -> str:
    """Bars of the figures with the widest swing, from the result at the low end of their range to that at the high end.

    Blue is the low end, orange the high end. An empty text where nothing moves the result.
    """
    rows = s.rows[:top]
    if not rows:
        return ""
    ends = [v for r in rows for v in (r["at_low"], r["at_high"], s.plan)]
    low, high = min(ends), max(ends)
    scale = (WIDTH - LABEL - 130) / (high - low)
    height = HEAD + len(rows) * (BAR + GAP) + 8

    def x(value: float) -> float:
        return LABEL + 65 + (value - low) * scale

    title = name or f"What {s.result} hangs on, {s.case} {s.year}"
    size = f'viewBox="0 0 {WIDTH} {height}" role="img" class="tornado" aria-label="{escape(title)}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}><title>{escape(title)}</title>',
           f'<text x="{x(s.plan):.1f}" y="14" text-anchor="middle" class="t-axis">{s.plan:,.5g} {escape(s.unit)} in the plan</text>']  # fmt: skip
    for i, r in enumerate(rows):
        y = HEAD + i * (BAR + GAP)
        words = f"{r['number']}: {r['low']:,.4g} to {r['high']:,.4g} (now {r['value']:,.4g}) moves it from {r['at_low']:,.5g} to {r['at_high']:,.5g} {s.unit}"
        out.append(f'<g><title>{escape(words)}</title><text x="{LABEL}" y="{y + 13}" text-anchor="end" class="t-name">{escape(r["number"])}</text>')
        for value, kind in ((r["at_low"], "low"), (r["at_high"], "high")):
            a, b = sorted((x(s.plan), x(value)))
            if b - a > 0.3:
                out.append(f'<rect x="{a:.1f}" y="{y}" width="{b - a:.1f}" height="{BAR}" class="t-{kind}"/>')
                at, anchor = (b + 4, "start") if value > s.plan else (a - 4, "end")
                out.append(f'<text x="{at:.1f}" y="{y + 13}" text-anchor="{anchor}" class="t-axis">{value - s.plan:+,.3g}</text>')
        out.append("</g>")
    out.append(f'<line x1="{x(s.plan):.1f}" x2="{x(s.plan):.1f}" y1="{HEAD - 12}" y2="{height - 6}" class="t-line"/></svg>')
    return "".join(out)
