"""One HTML file that opens with no network: map, bottlenecks, shortages, shares, published figures, sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen.compare import as_rows
from keruen.show.evidence import evidence, kinds_by_table, source_line
from keruen.show.plan_map import plan_map
from keruen.units import MUSD_PER_UNIT

if TYPE_CHECKING:
    from keruen.ask.sensitivity import Guesses
    from keruen.court.judge import Claims
    from keruen.plan import Plan

__all__ = ["plan_map", "report_html", "write_report"]

TINY = 1e-6
COLOURS = {"holds": "high", "feasible": "high", "reached": "high", "on course": "high", "cannot tell": ""}


def write_report(path: Path, plan: Plan, base: Plan | None = None, *, guesses: Guesses | None = None, claims: bool = False) -> None:
    """Write the report of a plan; with ``base``, what changed against it is shown first; with ``guesses``, which of them matter most; with
    ``claims``, the claims of the case with their verdicts."""
    path.write_text(report_html(plan, base, guesses=guesses, claims=claims), encoding="utf-8")


def report_html(plan: Plan, base: Plan | None = None, *, guesses: Guesses | None = None, claims: Claims | bool = False) -> str:
    """The report as a text. ``claims``: as for :func:`write_report`, or those of the case where they were judged before."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from keruen.show.tornado import tornado

    env = Environment(loader=PackageLoader("keruen.show", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["num"] = _number
    env.filters["pct"] = lambda v: "" if v is None else f"{100 * v:.1f} %"
    case, data = plan.network.case, plan.to_dict()
    about, sources = _about_links(plan)
    shown = [r for r in data["screenlines"] if r["published"] is not None]
    sources |= {r["source"] for r in shown if r["source"]}
    rules = [_rule(plan, rule, data) for rule in plan.network.rules]
    sources |= {r["source"] for r in rules}
    trade = _trade(plan)
    sources |= trade["sources"] | {row["source"] for row in (guesses.rows if guesses else ()) if row["source"]}
    judged = _claims(plan, None if claims is True else claims) if claims else {"rows": [], "counts": [], "sources": set()}
    sources |= judged["sources"]
    return env.get_template("report.html").render(
        title=case.title, case=case, data=data, plan=plan, scenario=" + ".join(data["scenario"]) or "base",
        svg=plan_map(plan, base), base_svg=plan_map(base) if base else "",
        base_name=(" + ".join(base.scenario) or "base") if base else "",
        changes=_changes(plan, base) if base else [], exports=_exports(data, base), cards=_cards(plan, data, base),
        bottlenecks=[x for x in data["limits"] if x["price_musd_per_unit"] > TINY],
        fullest=[x for x in data["limits"] if x["price_musd_per_unit"] <= TINY and (x["utilisation"] or 0) >= 0.85],
        shortages=[s for s in data["shortages"] if s["quantity"] > TINY], screenlines=shown, rules=rules, trade=trade,
        claims=judged, kinds=kinds_by_table(case), guesses=guesses, tornado=tornado(guesses) if guesses else "",
        about=json.dumps(about, ensure_ascii=False, sort_keys=True).replace("</", "<\\/"),
        sources=[{"id": s, "line": source_line(case, s), "url": case.sources[s].url if s in case.sources else ""} for s in sorted(sources)],
    )  # fmt: skip


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if abs(value) < 5e-4:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) >= 0.1 else f"{value:.3f}"


def _exports(data: dict[str, Any], base: Plan | None) -> list[dict[str, Any]]:
    before = {r["commodity"]: r["moved"] for r in base.to_dict(countries=False)["exports"]} if base else {}
    return [{**r, "base": before.get(r["commodity"])} for r in data["exports"]]


def _cards(plan: Plan, data: dict[str, Any], base: Plan | None, most: int = 4) -> list[dict[str, Any]]:
    """The exports worth most, for the head of the page."""
    goods = plan.network.commodities
    worth = {name: row.value_usd * MUSD_PER_UNIT[row.unit] for name, row in goods.items()}
    return sorted(_exports(data, base), key=lambda r: (-max(r["wanted"], r["moved"]) * worth[r["commodity"]], r["commodity"]))[:most]


def _changes(plan: Plan, base: Plan) -> list[dict[str, Any]]:
    """The comparison without the links, which the map shows."""
    return [r for r in as_rows(plan.compare(base)) if not r["what"].endswith("on link") and abs(r["change"]) > 5e-4]


def _rule(plan: Plan, rule: Any, data: dict[str, Any]) -> dict[str, Any]:
    limit = next((x for x in data["limits"] if x["limit"] == rule.rule), None)
    return {"id": rule.rule, "title": rule.title, "effect": rule.effect, "kind": rule.kind, "quantity": rule.quantity, "unit": rule.unit,
            "load": limit["load"] if limit else None, "price": limit["price_musd_per_unit"] if limit else None,
            "source": rule.source, "confidence": rule.confidence, "note": rule.note}  # fmt: skip


def _trade(plan: Plan) -> dict[str, Any]:
    """Published trade of the case, whatever the plan; an empty chart and no targets where it has none."""
    from keruen.ask.trade import trade
    from keruen.show.trade import trade_sections
    from keruen.show.trade_chart import trade_chart

    found = trade(plan.network.case)
    return {"chart": trade_chart(found), **trade_sections(found)}


def _claims(plan: Plan, found: Claims | None) -> dict[str, Any]:
    """Claims that are no opinions, with verdicts; they are put to the case, not to this plan."""
    from keruen.court.judge import claims
    from keruen.show.claims import MEANS

    found = found or claims(plan.network.case)
    rows = [{"id": j.claim.claim, "verdict": j.verdict, "statement": j.claim.statement, "document": j.claim.document, "stated": j.stated, "found": j.found,
             "evidence": j.evidence, "colour": COLOURS.get(j.verdict, "low"),
             "at_odds": ", ".join(j.at_odds), "sources": list(dict.fromkeys(filter(None, j.answer.sources)))[:4]}
            for j in found.judged if j.verdict != "opinion"]  # fmt: skip
    counts = [{"verdict": v, "count": n, "means": MEANS[v]} for v, n in found.counts.items()]
    return {"rows": rows, "counts": counts, "sources": {s for r in rows for s in r["sources"]} | {r["document"] for r in rows}}


def _about_links(plan: Plan) -> tuple[dict[str, Any], set[str]]:
    """What a click on a link shows, and the sources named there."""
    case, about, sources = plan.network.case, {}, set()
    for name, link in case.links.items():
        load = plan.loads[name]
        if not load["open"] and ("links", name) not in plan.network.overlay.closed_by:
            continue
        numbers = evidence(case, "links", link)
        for entry in numbers:
            sources |= {entry["source"], *(r["source"] for r in entry["rivals"])} - {""}
        about[name] = {
            "from": case.places[link.from_].name, "to": case.places[link.to].name, "mode": link.mode.replace("_", " "), "operator": link.operator,
            "countries": ", ".join(link.countries), "note": link.note, "closed": plan.network.overlay.closed_by.get(("links", name), ""),
            "flows": [_flow(f) for f in load["flows"]],
            "numbers": numbers,
        }  # fmt: skip
    return about, sources


def _flow(f: dict[str, Any]) -> dict[str, str]:
    full = "" if f["utilisation"] is None else f"{100 * f['utilisation']:.0f} %"
    return {
        "commodity": f["commodity"], "way": "back" if f["direction"] == "back" else "", "flow": _number(f["flow"]), "unit": f["unit"], "full": full,
        "price": _number(f["price_usd_per_t"]),
    }  # fmt: skip
