"""What to build as one HTML page: the decision, each project, and the frontier of budget against loss as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen.show.evidence import source_line
from keruen.show.invest import head_lines, rest_words

if TYPE_CHECKING:
    from keruen.ask.invest import Invest
    from keruen.case import Case

__all__ = ["frontier_chart", "invest_page", "write_invest_page"]

WIDE, HIGH, LEFT, RIGHT, TOP, FOOT = 860, 360, 70, 30, 24, 54
STYLE = """
:root{--ink:#1d2733;--soft:#5b6b7a;--line:#d5dde4;--paper:#fff;--mark:#0b6e99;--warn:#a8480f}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9fb0bf;--line:#33414d;--paper:#12181e;--mark:#5cb8e0;--warn:#f0a36b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.lead{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr.in td:first-child{font-weight:600;color:var(--mark)}
.guess{color:var(--warn)}svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}svg .grid{stroke:var(--line)}
svg .step{fill:none;stroke:var(--mark);stroke-width:2}svg circle{fill:var(--mark)}
""".strip()


def write_invest_page(path: Path, found: Invest, case: Case) -> None:
    """Write the page to a file."""
    path.write_text(invest_page(found, case), encoding="utf-8")


def invest_page(found: Invest, case: Case) -> str:
    """The page as a text; it opens with no network."""
    lines = head_lines(found)
    parts = [f"<h1>{escape(case.title)}: what to build by {found.last_year}</h1>", *(f'<p class="lead">{escape(line)}</p>' for line in lines)]
    parts += [f'<p class="guess">{escape(note)}</p>' for note in found.notes]
    parts += _section(
        "To build",
        ["in service", "project", "units", "cost, MUSD", "guessed"],
        [
            [
                str(c["year"]),
                f"{c['project']}: {c['name']}",
                f"{c['units']} of {c['of_units']}" if c["of_units"] > 1 else "",
                c["capex_musd"],
                ", ".join(c["guessed"]),
            ]
            for c in found.chosen
        ],
        "Nothing.",
    )
    parts += _section(
        "Year by year",
        ["year", "enters service", "capex, MUSD", "the year is cheaper by, MUSD"],
        [[str(y["year"]), ", ".join(y["enters"]), y["capex_musd"], y["saved_musd"]] for y in found.years],
    )
    if found.targets:
        rows = [[t["target"], str(t["year"]), "met" if t["met"] else "out of reach"] for t in found.targets]
        parts += _section("Targets", ["target", "year", ""], rows)
    if found.survive:
        s = found.survive
        words = (
            f"Of {_number(s['moved_mt'])} Mt a year that home sells abroad or takes in, at most {_number(s['allowed_mt'])} may be out of reach "
            f"({', '.join(s['by'])}{', any two' if s['deep'] > 1 else ''})."
        )
        parts += _section("Closures to live through", ["closed", "Mt lost"], [[" + ".join(l["closed"]), l["lost_mt"]] for l in s["losses"]], words)
    if found.insurance:
        i = found.insurance
        head = ["", "capex", "net present value", "Mt lost at worst", "worst closure", "its year, MUSD", "mean of all closures, MUSD"]
        rows = [
            [word, x["capex_musd"], x["npv_musd"], x["worst_lost_mt"], " + ".join(x["worst_closed"]), x["worst_musd"], x["expected_musd"]]
            for word, x in (("living through them", i["with"]), ("without that wish", i["without"]))
        ]
        parts += _section("The price of that insurance", head, rows)
    if found.frontier and found.frontier["points"]:
        parts += ["<h2>Budget against the worst loss</h2>", f'<div class="wide">{frontier_chart(found.frontier)}</div>']
        parts += _table(
            ["MUSD", "Mt lost at worst", "by", "built"],
            [[p["capex_musd"], p["lost_mt"], " + ".join(p["closed"]), ", ".join(p["projects"]) or "nothing"] for p in found.frontier["points"]],
        )
    known = [r for r in found.projects if r["capex_musd"] is not None]
    parts += _section(
        "Projects with a known cost",
        ["project", "cost", "built", "worth alone", "worth in the plan", "worth it up to", "relieves", "useful beside", "spoilt by", "source"],
        [_known(r) for r in known],
        chosen=[r["year"] is not None for r in known],
    )
    unknown = found.unknown
    parts += _section(
        "Cost unknown",
        ["project", "would belong to the plan below, MUSD", "earliest", "useful beside", "guessed", "source"],
        [
            [
                f"{r['project']}: {r['name']}",
                "any cost" if r["indispensable"] else r["break_even_musd"],
                str(r["earliest"]),
                _names(r["partners"]),
                ", ".join(r["guessed"]),
                r["source"],
            ]
            for r in unknown
        ],
    )
    if found.projects:
        rest = [rest_words(r) for r in found.rests]
        parts += _section(
            "What the choice rests on",
            ["number", "now", "changes at", "range", "kind", "then"],
            rest,
            "" if rest else "No cost, effect or discount rate changes it on its own within its range.",
        )
    if found.settled:
        parts += _section("Comes anyway", ["project", "since"], [[n, str(y)] for n, y in found.settled.items()])
    if found.out:
        parts += _section("Cannot be decided", ["project", "why"], [[n, w] for n, w in found.out.items()])
    sources = sorted({r["source"] for r in found.projects if r["source"]})
    parts += _section("Sources", ["id", "what"], [[s, source_line(case, s)] for s in sources])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(case.title)}: what to build</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def frontier_chart(frontier: dict[str, Any]) -> str:
    """SVG: money spent across, tonnes that the worst closure takes upwards; a step down is a plan that more money buys."""
    points = frontier["points"]
    most = max(p["capex_musd"] for p in points) or 1.0
    top = max(p["lost_mt"] for p in points) or 1.0
    across, up = _round_up(most * 1.05), _round_up(top)

    def x(v: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * v / across

    def y(v: float) -> float:
        return HIGH - FOOT - (HIGH - TOP - FOOT) * v / up

    parts = [
        f'<svg role="img" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" xmlns="http://www.w3.org/2000/svg">',
        "<title>Budget against the worst loss</title>",
    ]
    for k in range(5):
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y(up * k / 4):.1f}" y2="{y(up * k / 4):.1f}"/>',
            f'<text x="{LEFT - 8}" y="{y(up * k / 4) + 4:.1f}" text-anchor="end">{_number(up * k / 4)}</text>',
            f'<text x="{x(across * k / 4):.1f}" y="{HIGH - FOOT + 18}" text-anchor="middle">{_number(across * k / 4)}</text>',
        ]
    path = f"M{x(points[0]['capex_musd']):.1f} {y(points[0]['lost_mt']):.1f}"
    for p in points[1:]:
        path += f"H{x(p['capex_musd']):.1f}V{y(p['lost_mt']):.1f}"
    parts.append(f'<path class="step" d="{path}H{WIDE - RIGHT}"/>')
    for p in points:
        built, closed = ", ".join(p["projects"]) or "nothing", " + ".join(p["closed"]) or "nothing"
        words = f"{_number(p['capex_musd'])} MUSD: {_number(p['lost_mt'])} Mt lost at worst, by {closed}; built: {built}"
        parts.append(f'<circle cx="{x(p["capex_musd"]):.1f}" cy="{y(p["lost_mt"]):.1f}" r="4.5"><title>{escape(words)}</title></circle>')
    parts += [
        f'<text class="soft" x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 10}" text-anchor="middle">spent on building, MUSD</text>',
        f'<text class="soft" x="{LEFT}" y="{TOP - 8}">Mt a year out of reach in the worst of: {escape(", ".join(frontier["by"]))}</text>',
        "</svg>",
    ]
    return "".join(parts)


def _round_up(value: float) -> float:
    step = 10 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return float(-(-value // step) * step)


def _known(r: dict[str, Any]) -> list[Any]:
    relieves = "; ".join(f"{x['limit']} ({x['price_before']:.3g} to {x['price_after']:.3g} MUSD per {x['unit']})" for x in r["relieves"])
    return [
        f"{r['project']}: {r['name']}",
        r["capex_musd"],
        str(r["year"] or "no"),
        r["npv_alone_musd"],
        r["npv_in_plan_musd"],
        "any cost" if r["indispensable"] else r["break_even_musd"],
        relieves,
        _names(r["partners"]),
        _names(r["rivals"]) or ", ".join(r["ruled_out_by"]),
        r["source"],
    ]


def _names(rows: Sequence[dict[str, Any]]) -> str:
    return ", ".join(r["project"] for r in rows)


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]], words: str = "", *, chosen: Sequence[bool] = ()) -> list[str]:
    if not rows:
        return [f"<h2>{escape(title)}</h2><p>{escape(words)}</p>"] if words else []
    return [f"<h2>{escape(title)}</h2>", *([f"<p>{escape(words)}</p>"] if words and words != "Nothing." else []), *_table(header, rows, chosen)]


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]], chosen: Sequence[bool] = ()) -> list[str]:
    numeric = [any(isinstance(r[i], (int, float)) for r in rows) for i in range(len(header))]
    head = "".join(f"<th{' class=n' if n else ''}>{escape(h)}</th>" for h, n in zip(header, numeric, strict=True))
    body = []
    for k, row in enumerate(rows):
        cells = "".join(f"<td{' class=n' if n else ''}>{escape(_number(v))}</td>" for v, n in zip(row, numeric, strict=True))
        body.append(f"<tr{' class=in' if chosen and chosen[k] else ''}>{cells}</tr>")
    return [f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>']


def _number(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    if abs(value) < 5e-4:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
