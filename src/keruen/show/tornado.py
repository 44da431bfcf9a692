"""How far numbers can move results, as one SVG that needs nothing else: a row a number, a panel a result, a bar to each side.

It has no ground of its own and writes in the colour of the text around it, so it is readable on light and dark pages alike.
The two colours are near those of Okabe and Ito (2008), which colour-blind eyes tell apart; the bar of the low end is also the
hollow one, and every bar has its figure.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from keruen.show.labels import text_width

if TYPE_CHECKING:
    from keruen.ask.sensitivity import Guesses

__all__ = ["tornado"]

NAMES, PANEL, GAP, ROW, HEAD, FOOT = 318.0, 262.0, 16.0, 40.0, 72.0, 8.0
MARGIN = 6.0  # between a bar and its figure, and around the panel
LOW, HIGH = "#1f83c6", "#d55e00"
STYLE = (
    ".ktornado{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:11.5px;color:inherit}"
    ".ktornado text{fill:currentColor}.ktornado .kn-name{font-size:12.5px;font-weight:600}.ktornado .kn-head{font-size:13px;font-weight:600}"
    ".ktornado .kn-soft{opacity:.74}.ktornado .kn-zero{stroke:currentColor;stroke-width:1;opacity:.6}"
    ".ktornado .kn-rule{stroke:currentColor;stroke-width:1;opacity:.13}"
    f".ktornado .kn-low{{fill:{LOW};fill-opacity:.22;stroke:{LOW};stroke-width:1.6}}.ktornado .kn-high{{fill:{HIGH};stroke:{HIGH};stroke-width:1.6}}"
)


def tornado(found: Guesses) -> str:
    """The drawing, or an empty text where no number moves anything."""
    if not found.rows:
        return ""
    panels = len(found.results)
    width = NAMES + panels * PANEL + (panels - 1) * GAP
    height = HEAD + len(found.rows) * ROW + FOOT
    parts = [
        f'<svg class="ktornado" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-labelledby="ktornado-title ktornado-desc">',
        f'<title id="ktornado-title">How far {len(found.rows)} numbers can move the results of {found.year}</title>',
        f'<desc id="ktornado-desc">{escape(_told(found))}</desc><style>{STYLE}</style>', _legend(),
    ]  # fmt: skip
    for i, row in enumerate(found.rows):
        y = HEAD + i * ROW
        parts.append(f'<path class="kn-rule" d="M0 {y:g}h{width:g}"/>')
        parts.append(f'<text class="kn-name" x="0" y="{y + 17:g}"{_squeeze(row["number"], 12.5, NAMES - 8)}>{escape(row["number"])}</text>')
        words = f"{_plain(row['value'])} ({_plain(row['low'])} to {_plain(row['high'])}) {row['unit']}".strip()
        words += f" · {row['source']}, {row['confidence'] or 'no'} confidence"
        parts.append(f'<text class="kn-soft" x="0" y="{y + 32:g}"{_squeeze(words, 11.5, NAMES - 8)}>{escape(words)}</text>')
    for k in range(panels):
        x = NAMES + k * (PANEL + GAP)
        parts.append(f'<g transform="translate({x:g} 0)">{_panel(found, k)}</g>')
    return "".join(parts) + "</svg>"


def _squeeze(text: str, size: float, room: float) -> str:
    return f' textLength="{room:g}" lengthAdjust="spacingAndGlyphs"' if text_width(text, size) > room * 1.04 else ""


def _plain(value: Any) -> str:
    return f"{value:,.4g}" if abs(value) < 10000 else f"{value:,.0f}"


def _legend() -> str:
    return ('<g transform="translate(0 12)"><rect class="kn-low" x="1" y="-8" width="16" height="10"/><text x="23" y="1">the number at its low end</text>'
            '<rect class="kn-high" x="1" y="9" width="16" height="10"/><text x="23" y="18">at its high end</text></g>')  # fmt: skip


def change_text(change: float, unit: str) -> str:
    """A change of a result; of a share in percentage points. Empty where it is none."""
    if unit == "share":
        return "" if abs(change) < 5e-5 else f"{100 * change:+.2f}" if abs(change) < 0.01 else f"{100 * change:+.1f}"
    return "" if abs(change) < 5e-4 else f"{change:+,.0f}" if abs(change) >= 100 else f"{change:+.3g}"


def _panel(found: Guesses, k: int) -> str:
    result = found.results[k]
    unit = result["unit"]
    now = "nothing" if result["value"] is None else f"{100 * result['value']:.1f} %" if unit == "share" else f"{result['value']:,.5g} {unit}"
    if unit == "MUSD" and result["value"] is not None:
        now = f"{result['value']:,.0f} MUSD"
    measure = "change in percentage points" if unit == "share" else f"change in {unit}"
    words = result["words"].replace("share of ", "").replace("exports that touches", "exports touching")
    words = words[0].upper() + words[1:] + (", below 0 is better" if result["result"] == "objective" else "")
    moves = [row["moves"][k] for row in found.rows]
    ends = [v for pair in moves for v in pair]
    least, most = min(0.0, *ends), max(0.0, *ends)
    # Room for the figures beside the longest bars on both sides.
    left = max([text_width(change_text(min(pair), unit), 11.5) for pair in moves if min(pair) < 0] + [0.0]) + 2 * MARGIN
    right = max([text_width(change_text(max(pair), unit), 11.5) for pair in moves if max(pair) > 0] + [0.0]) + 2 * MARGIN
    scale = (PANEL - left - right) / (most - least) if most > least else 0.0
    zero = left - least * scale if scale else PANEL / 2
    parts = [
        f'<text class="kn-head" x="{MARGIN:g}" y="16"{_squeeze(words, 13, PANEL - 2 * MARGIN)}>{escape(words)}</text>',
        f'<text class="kn-soft" x="{MARGIN:g}" y="32">now {escape(now)}; {escape(measure)}</text>',
        f'<path class="kn-zero" d="M{zero:.1f} {HEAD - 16:g}V{HEAD + len(moves) * ROW:g}"/>',
        f'<text class="kn-soft" x="{zero:.1f}" y="{HEAD - 20:g}" text-anchor="middle">0</text>',
    ]
    for i, pair in enumerate(moves):
        y = HEAD + i * ROW
        both = pair[0] * pair[1] > 0  # to the same side: one under the other
        for j, (name, change) in enumerate(zip(("low", "high"), pair, strict=True)):
            text = change_text(change, unit)
            if not text:
                continue
            tall = 13.0 if both else 20.0
            top = y + (5 + 16 * j if both else 10.0)
            start, end = sorted((zero, zero + change * scale))
            parts.append(f'<rect class="kn-{name}" x="{start:.1f}" y="{top:.1f}" width="{max(1.0, end - start):.1f}" height="{tall:g}"/>')
            x, anchor = (start - MARGIN, "end") if change < 0 else (end + MARGIN, "start")
            parts.append(f'<text x="{x:.1f}" y="{top + tall / 2 + 4:.1f}" text-anchor="{anchor}">{escape(text)}</text>')
        if not any(change_text(change, unit) for change in pair):
            fits = zero + MARGIN + text_width("no change", 11.5) <= PANEL
            x, anchor = (zero + MARGIN, "start") if fits else (zero - MARGIN, "end")
            parts.append(f'<text class="kn-soft" x="{x:.1f}" y="{y + 24:g}" text-anchor="{anchor}">no change</text>')
    return "".join(parts)


def _told(found: Guesses) -> str:
    lines = []
    for row in found.rows:
        moves = []
        for result, (low, high) in zip(found.results, row["moves"], strict=True):
            ends = [f"{change_text(v, result['unit']) or 'no change'} at the {end} end" for v, end in ((low, "low"), (high, "high"))]
            moves.append(f"{result['words']}{' in percentage points' if result['unit'] == 'share' else ' in ' + result['unit']}: {', '.join(ends)}")
        lines.append(f"{row['number']}, {_plain(row['low'])} to {_plain(row['high'])} {row['unit']}: {'; '.join(moves)}.")
    return " ".join(lines)
