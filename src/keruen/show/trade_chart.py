"""Trade by partner as one SVG that needs nothing else: a panel a pair, a shape and a colour for each side's figures, hollow marks for targets.

It has no ground of its own and writes in the colour of the text around it, so it is readable on light and dark pages alike.
Colours are near those of Okabe and Ito (2008), which colour-blind eyes tell apart, and stand out from white and from black; shapes
tell the same.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING

from keruen.ask.published import WORLD, both_ways
from keruen.show.labels import Box, meet, text_width
from keruen.show.projection import Point
from keruen.show.trade import base_words, figure_text, named, number, target_words, whose

if TYPE_CHECKING:
    from keruen.ask.published import Pair, Series
    from keruen.ask.targets import Figure, Target
    from keruen.ask.trade import Trade

__all__ = ["trade_chart"]

COLUMNS, WIDE, TALL, GAP = 3, 312.0, 208.0, 14.0
LEFT, RIGHT, TOP, BOTTOM, HEAD = 34.0, 64.0, 40.0, 22.0, 34.0  # of a panel; HEAD is the legend above all
SHAPES = (("circle", "#1f83c6"), ("square", "#d55e00"), ("triangle", "#8a63a8"))
STYLE = (
    ".ktrade{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:11px;color:inherit}"
    ".ktrade text{fill:currentColor}.ktrade .kt-name{font-size:14px;font-weight:600}.ktrade .kt-soft{opacity:.72}"
    ".ktrade .kt-grid{stroke:currentColor;stroke-width:1;opacity:.14}.ktrade .kt-axis{stroke:currentColor;stroke-width:1;opacity:.5}"
    ".ktrade .kt-line{fill:none;stroke-width:1.8}.ktrade .kt-gap{fill:none;stroke-width:1.2;opacity:.6}"
    ".ktrade .kt-want{fill:none;stroke-width:1.3;stroke-dasharray:4 3}.ktrade .kt-target{fill:none;stroke:currentColor;stroke-width:1.5}"
    ".ktrade .kt-value{font-weight:600}"
    + "".join(f".ktrade .kt-{n}{{stroke:{c}}}.ktrade .kt-fill-{n}{{fill:{c}}}" for n, (_, c) in enumerate(SHAPES))
)


def trade_chart(found: Trade) -> str:
    """The drawing of turnover, or an empty text where no pair has two figures to draw."""
    panels = [(pair, _drawn(pair)) for pair in found.pairs if WORLD not in pair.between]
    panels = [(pair, series) for pair, series in panels if sum(len(s.figures) for s in series) > 1]
    if not panels:
        return ""
    years = [f.year for _, series in panels for s in series for f in s.figures if f.year is not None]
    years += [t.year for pair, series in panels for t in _targets(pair, series) if t.year is not None]
    span = (min(years), max(max(years), min(years) + 1))
    across = min(COLUMNS, len(panels))
    width = max(across * WIDE + (across - 1) * GAP, 640.0)
    height = HEAD + -(-len(panels) // COLUMNS) * (TALL + GAP) - GAP
    told = "; ".join(_told(pair, series) for pair, series in panels)
    parts = [
        f'<svg class="ktrade" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-labelledby="ktrade-title ktrade-desc">',
        f'<title id="ktrade-title">Trade turnover by partner, {span[0]} to {max(_last_years(panels))}, with targets</title>',
        f'<desc id="ktrade-desc">{escape(told)}.</desc><style>{STYLE}</style>',
        _legend(found),
    ]
    for i, (pair, series) in enumerate(panels):
        x, y = i % COLUMNS * (WIDE + GAP), HEAD + i // COLUMNS * (TALL + GAP)
        parts.append(f'<g transform="translate({x:g} {y:g})">{_panel(pair, series, span, found.home)}</g>')
    return "".join(parts) + "</svg>"


def _last_years(panels: list[tuple[Pair, list[Series]]]) -> list[int]:
    return [f.year for _, series in panels for s in series for f in s.figures if f.year is not None]


def _drawn(pair: Pair) -> list[Series]:
    """Series of turnover in the unit that most of them share."""
    series = [s for s in pair.series if both_ways(s.subject) and s.figures]
    if not series:
        return []
    kinds = [(s.subject, s.unit) for s in series]
    most = max(sorted(set(kinds)), key=lambda k: sum(len(s.figures) for s, own in zip(series, kinds, strict=True) if own == k))
    return [s for s, own in zip(series, kinds, strict=True) if own == most]


def _targets(pair: Pair, series: list[Series]) -> list[Target]:
    return [t for t in pair.targets if (t.subject, t.unit) == (series[0].subject, series[0].unit)]


def _style(pair: Pair, reporter: str | None, home: str) -> int:
    """0 for the home country, 1 for its partner, 2 for others and where it is not known whose figures they are."""
    return 0 if reporter == home else 1 if reporter == pair.between[1] else 2


def _title(pair: Pair, home: str) -> str:
    return named(pair.between[1]) if pair.between[0] == home else " and ".join(map(named, pair.between))


def _told(pair: Pair, series: list[Series]) -> str:
    lasts = ", ".join(f"{number(s.figures[-1].quantity)} {s.unit} in {s.figures[-1].year} by the figures of {whose(s.reporter)}" for s in series)
    aims = ", ".join(f"target {target_words(t)}: {' and '.join(sorted({line.verdict for line in t.lines}))}" for t in _targets(pair, series))
    return f"{' and '.join(map(named, pair.between))}: {lasts}{', ' + aims if aims else ''}"


def _mark(style: int, x: float, y: float, small: bool) -> str:
    r = 2.6 if small else 4.2
    shape, cls = SHAPES[style][0], f'class="kt-fill-{style}"'
    if shape == "circle":
        return f'<circle {cls} cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    if shape == "square":
        return f'<rect {cls} x="{x - r + 0.3:.1f}" y="{y - r + 0.3:.1f}" width="{2 * r - 0.6:.1f}" height="{2 * r - 0.6:.1f}"/>'
    return f'<path {cls} d="M{x:.1f} {y - r - 0.6:.1f}l{r + 0.6:.1f} {2 * r:.1f}h{-2 * r - 1.2:.1f}z"/>'


def _aim(x: float, y: float, missed: bool) -> str:
    d = f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5-5.5 5.5-5.5-5.5z" + ("m-2.7 2.8l5.4 5.4m0-5.4l-5.4 5.4" if missed else "")
    return f'<path class="kt-target" d="{d}"/>'


def _legend(found: Trade) -> str:
    home = named(found.home)
    entries = [
        (_mark(0, 5, 0, False), f"figures of {home}"), (_mark(1, 5, 0, False), "of the partner"), (_mark(2, 5, 0, False), "of neither, or not known whose"),
        (_mark(0, 4, 0, True), "small: low confidence"), (_aim(5, 0, False), "target"), (_aim(5, 0, True), "missed by some figures"),
    ]  # fmt: skip
    parts, x = [], 2.0
    for mark, words in entries:
        parts.append(f'<g transform="translate({x:.0f} 12)">{mark}<text x="15" y="4">{escape(words)}</text></g>')
        x += 34 + 5.9 * len(words)
    return "".join(parts)


def _ticks(top: float) -> list[float]:
    step = next(s * 10.0**e for e in range(-6, 13) for s in (1, 2, 5) if s * 10.0**e * 5 >= top)
    return [i * step for i in range(int(top / step) + 1)]


def _panel(pair: Pair, series: list[Series], span: tuple[int, int], home: str) -> str:
    aims = _targets(pair, series)
    top = 1.12 * max([f.quantity for s in series for f in s.figures] + [t.quantity for t in aims]) or 1.0
    undated = WIDE - 19.0
    right = WIDE - RIGHT

    def at(year: int, quantity: float) -> tuple[float, float]:
        return LEFT + (year - span[0]) / (span[1] - span[0]) * (right - LEFT), TALL - BOTTOM - quantity / top * (TALL - BOTTOM - TOP)

    parts = [f'<text class="kt-name" x="0" y="13">{escape(_title(pair, home))}</text><text class="kt-soft" x="0" y="28">{escape(series[0].unit)}</text>']
    for tick in _ticks(top):
        y = at(span[0], tick)[1]
        parts.append(f'<path class="kt-{"grid" if tick else "axis"}" d="M{LEFT - 4:g} {y:.1f}H{WIDE:g}"/>'
                     f'<text class="kt-soft" x="{LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')  # fmt: skip
    every = next(step for step in (1, 2, 5, 10, 20, 50) if step == 50 or (span[1] - span[0]) / step <= 4)
    for year in range(-(-span[0] // every) * every, span[1] + 1, every):
        parts.append(f'<text class="kt-soft" x="{at(year, 0)[0]:.1f}" y="{TALL - 6:g}" text-anchor="middle">{year}</text>')
    if any(t.year is None for t in aims):
        parts.append(f'<text class="kt-soft" x="{undated:g}" y="{TALL - 6:g}" text-anchor="middle">no year</text>')
    for s in series:
        style = _style(pair, s.reporter, home)
        for a, b in pairwise(s.figures):
            if s.reporter is not None and a.year is not None and b.year is not None:
                (x1, y1), (x2, y2) = at(a.year, a.quantity), at(b.year, b.quantity)
                parts.append(f'<path class="kt-{"line" if b.year - a.year == 1 else "gap"} kt-{style}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>')
    dashes = _wanted(series, aims, at)
    for s, (x1, y1), (x2, y2) in dashes:
        parts.append(f'<path class="kt-want kt-{_style(pair, s.reporter, home)}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>')
    for s in series:
        for f in s.figures:
            mark = _mark(_style(pair, s.reporter, home), *at(f.year or 0, f.quantity), f.confidence == "low")
            parts.append(f"<g><title>{escape(_hover(s, f))}</title>{mark}</g>")
    aim_at = [(t, at(t.year, t.quantity) if t.year is not None else (undated, at(span[0], t.quantity)[1])) for t in aims]
    parts += [_target(t, x, y) for t, (x, y) in aim_at]
    return "".join(parts + _values(series, [spot for _, spot in aim_at], [(a, b) for _, a, b in dashes], at))


def _target(t: Target, x: float, y: float) -> str:
    lines = [f"{line.verdict} by the figures of {whose(line.reporter)}{', ' + base_words(line) if line.figure is not None else ''}" for line in t.lines]
    hover = f"target {target_words(t)} ({t.source}): {'; '.join(lines)}"
    return (f'<g><title>{escape(hover)}</title>{_aim(x, y, any(line.verdict == "missed" for line in t.lines))}'
            f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{number(t.quantity)}</text></g>')  # fmt: skip


At = Callable[[int, float], tuple[float, float]]


def _hover(s: Series, f: Figure) -> str:
    words = {"more than": "more than ", "less than": "almost ", "about": "about "}.get(f.wording, "")
    return f"{whose(s.reporter)}, {f.year}: {words}{number(f.quantity)} {s.unit} ({f.source}, {f.confidence} confidence)"


def _wanted(series: list[Series], aims: list[Target], at: At) -> list[tuple[Series, Point, Point]]:
    """From the last figure of each side to the targets that are still open for it, up to the rim of the hollow mark."""
    found = []
    for s in series:
        for t in aims:
            line = next((one for one in t.lines if one.reporter == s.reporter), None)
            if s.reporter is None or line is None or line.required is None or line.figure is None or line.figure_year is None or t.year is None:
                continue
            (x1, y1), (x2, y2) = at(line.figure_year, line.figure), at(t.year, t.quantity)
            cut = min(6.5 / max(hypot(x2 - x1, y2 - y1), 1e-9), 1.0)
            found.append((s, (x1, y1), (x2 - cut * (x2 - x1), y2 - cut * (y2 - y1))))
    return found


def _values(series: list[Series], aims: list[Point], dashes: list[tuple[Point, Point]], at: At) -> list[str]:
    """The last figure of each side, where around its mark it covers least of marks, lines, targets and other figures."""
    ink = [(x + dx, y + dy, 3.0) for x, y in aims for dx, dy in ((0, 0), (-7, -13), (0, -13), (7, -13))]
    for s in series:
        spots = [at(f.year, f.quantity) for f in s.figures if f.year is not None]
        ink += [(x, y, 5.0) for x, y in spots]
        dashes = [*dashes, *pairwise(spots)]
    ink += [(x1 + k / 12 * (x2 - x1), y1 + k / 12 * (y2 - y1), 0.8) for (x1, y1), (x2, y2) in dashes for k in range(1, 12)]
    texts: list[Box] = []
    parts = []
    for s in sorted((s for s in series if s.reporter is not None or len(series) == 1), key=lambda s: (-s.figures[-1].quantity, s.reporter or "")):
        f = s.figures[-1]
        text = f"{s.reporter or ''} {figure_text(f).rstrip('*r')}".strip()
        spot, wide = at(f.year or 0, f.quantity), text_width(text, 11.5)
        # Offset of the left foot of the text, in order of liking.
        wishes = [(-wide / 2, -9.0), (-wide - 2, -8.0), (3.0, 17.0), (9.0, 4.0), (-wide / 2, 19.0), (2.0, -9.0), (-wide - 8, 4.0), (-wide - 2, 17.0),
                  (3.0, 30.0), (-wide / 2, -22.0), (-wide / 2, 32.0)]  # fmt: skip
        boxes = [(spot[0] + dx, spot[1] + dy - 10, spot[0] + dx + wide, spot[1] + dy + 2) for dx, dy in wishes]
        _, best = min((_price(box, ink, texts) + 0.3 * i, i) for i, box in enumerate(boxes))
        texts.append(boxes[best])
        parts.append(f'<text class="kt-value" x="{boxes[best][0]:.1f}" y="{boxes[best][3] - 2:.1f}">{escape(text)}</text>')
    return parts


def _price(box: Box, ink: list[tuple[float, float, float]], texts: list[Box]) -> float:
    left, top, right, bottom = box
    over = sum(w for x, y, w in ink if left - 4 < x < right + 4 and top - 3 < y < bottom + 3)
    out = left < LEFT or right > WIDE or top < TOP - 20 or bottom > TALL - BOTTOM
    return over + 30.0 * sum(meet(box, other) for other in texts) + 20.0 * out
