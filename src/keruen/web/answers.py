"""What the page asks, answered as plain data. Every function is pure: a case and an address give the same bytes, in any process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from keruen import __version__
from keruen.api import Case
from keruen.errors import UsageError, did_you_mean
from keruen.errors import quote as shown
from keruen.plan import Plan, rounded
from keruen.web.address import Ask, behaviours, read_ask

if TYPE_CHECKING:
    from keruen.court.judge import Claims

__all__ = ["QUESTIONS", "TABLES", "Asked", "about_case", "ask"]

Asked = tuple[bytes, str]  # body, content type
JSON = "application/json"
TABLES = ("links", "limits", "commodities", "exports", "plants", "shortages", "countries", "screenlines", "flows", "changes")
FORMATS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
CLOSABLE = ("link", "place", "country", "operator", "transfer", "plant", "fleet", "event")
BOTTLENECKS, SHORTAGES, WORST = 12, 40, 5
TINY = 1e-6
SIZES = {"w": (400, 2000, 1200), "h": (300, 1400, 700)}  # least, most and usual size of the map
PLANS = 12


class _Plans:
    """The last plans, so that a second question about the same address does not solve again."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.plan = lru_cache(maxsize=PLANS)(self._solved)

    def _solved(self, ask: Ask) -> Plan:
        return self.case.solve(ask.year, ask.scenario(self.case), behaviour=ask.behaviour)

    def base(self, ask: Ask) -> Plan:
        return self.plan(Ask(ask.year, behaviour=ask.behaviour))

    @cached_property
    def claims(self) -> Claims:
        """The claims of the case, judged without a scenario: some seconds, once."""
        from keruen.court.judge import claims

        return claims(self.case)


_PLANS: list[_Plans] = []


def _plans(case: Case) -> _Plans:
    if not _PLANS or _PLANS[0].case is not case:
        _PLANS[:] = [_Plans(case)]
    return _PLANS[0]


def ask(case: Case, question: str, query: str, extra: Mapping[str, str]) -> Asked:
    """One question about the scenario of an address. Raises KeruenError for what cannot be asked."""
    return QUESTIONS[question](_plans(case), read_ask(query, case), extra)


def _json(data: Any) -> Asked:
    return json.dumps(rounded(data), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(), JSON


def _head(plans: _Plans, ask: Ask) -> dict[str, Any]:
    names = [*ask.scenario(plans.case).names]
    return {"keruen": __version__, "case": plans.case.name, "year": ask.year, "query": ask.query(), "scenario": names, "behaviour": ask.behaviour}


# --- the answer --------------------------------------------------------------------------------------


def _answer(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """Figures beside the base, bottlenecks, shortages, and the map in pieces."""
    from keruen.show.plan_map import plan_parts

    plan, base = plans.plan(ask), plans.base(ask)
    width, height = size(extra)
    parts = plan_parts(plan, None if plan is base else base, width=width, height=height)
    return _json({
        **_head(plans, ask),
        "status": plan.status,
        "certificate": {"max_violation": plan.certificate.max_violation, "relative_gap": plan.certificate.relative_gap},
        "objective_musd": plan.objective_musd, "base_objective_musd": base.objective_musd,
        "cost_musd": plan.cost_musd, "base_cost_musd": base.cost_musd,
        "goods": _goods(plan, base), "bottlenecks": _bottlenecks(plan, base),
        "shortages": [s for s in plan._shortages if s["quantity"] > TINY][:SHORTAGES],
        "shortages_in_all": sum(s["quantity"] > TINY for s in plan._shortages),
        "closed": {"links": sorted(n for t, n in plan.network.overlay.closed_by if t == "links"), "places": sorted(plan.network.overlay.closed_places)},
        "notes": list(plan.network.notes),
        "map": {"width": parts.width, "height": parts.view, "names": parts.names, "paint": parts.paint, "touch": parts.touch, "pins": parts.pins},
    })  # fmt: skip


def size(extra: Mapping[str, str]) -> tuple[int, int]:
    """Width and height of the map that the page asks for, in its pixels."""
    found = []
    for word, (least, most, usual) in SIZES.items():
        text = extra.get(word, str(usual))
        if not (text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= most):
            raise UsageError(f"{word} is a size of the map from {least} to {most}; got {shown(text)}")
        found.append(int(text))
    return found[0], found[1]


def _ground(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """The land, which is the same under every scenario."""
    from keruen.show.plan_map import plan_parts

    width, height = size(extra)
    parts = plan_parts(plans.base(ask), width=width, height=height)
    return _json({"width": parts.width, "height": parts.view, "land": parts.land})


def _goods(plan: Plan, base: Plan) -> list[dict[str, Any]]:
    """By commodity: exports, what demand lacks and what is left behind, each beside the base. Those worth most come first."""
    from keruen.units import MUSD_PER_UNIT

    def by(p: Plan) -> dict[str, dict[str, Any]]:
        exports = {r["commodity"]: r for r in p._exports}
        return {r["commodity"]: {**r, "export": exports.get(r["commodity"])} for r in p._commodities}

    now, before, rows = by(plan), by(base), []
    for name, row in plan.network.commodities.items():
        a, b = now.get(name), before.get(name)
        if a is None or b is None:
            continue
        out = {"commodity": name, "name": row.name, "unit": row.unit,
               "exports": a["export"]["moved"] if a["export"] else None, "base_exports": b["export"]["moved"] if b["export"] else None,
               "wanted": a["export"]["wanted"] if a["export"] else None, "moved": a["moved"], "base_moved": b["moved"],
               "unmet": a["unmet"], "base_unmet": b["unmet"], "left_behind": a["left_behind"], "base_left_behind": b["left_behind"]}  # fmt: skip
        worth = max(a["moved"], b["moved"], b["export"]["moved"] if b["export"] else 0.0) * row.value_usd * MUSD_PER_UNIT[row.unit]
        rows.append((-worth, name, out))
    return [out for *_, out in sorted(rows, key=lambda r: r[:2])]


def _bottlenecks(plan: Plan, base: Plan) -> list[dict[str, Any]]:
    """Full limits by what one more unit of them is worth."""
    before = {r["limit"]: r["price_musd_per_unit"] for r in base._limits}
    found = [r for r in plan._limits if r["price_musd_per_unit"] > TINY][:BOTTLENECKS]
    return [{**{k: r[k] for k in ("limit", "kind", "load", "capacity", "unit", "price_musd_per_unit", "one_more_musd", "degenerate")},
             "new": before.get(r["limit"], 0.0) <= TINY} for r in found]  # fmt: skip


# --- questions that take longer ----------------------------------------------------------------------


def _shares(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """Share of exports that crosses each country, as ranges."""
    return _json({**_head(plans, ask), "countries": plans.plan(ask)._countries})


def _worst(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """The closures that would hurt most on top of what is closed already."""
    from keruen.ask.stress import stress

    by = extra.get("by", "link")
    if by not in CLOSABLE:
        raise UsageError(f"by takes one of {', '.join(CLOSABLE)}; got {shown(by)}. {did_you_mean(by, CLOSABLE)}".strip())
    _planner_only(ask)
    found = stress(plans.case, ask.year, by, scenario=ask.scenario(plans.case), jobs=1, brief=by != "event")
    rows = [{"kind": r["closed"][0].partition(" ")[0], "name": r["closed"][0].partition(" ")[2], "loss_musd": r["loss_musd"],
             "lost": [{k: part[k] for k in ("commodity", "quantity", "unit")} for part in r["lost"]]} for r in found.rows[:WORST]]  # fmt: skip
    return _json({**_head(plans, ask), "by": by, "hurt": len(found.rows), "idle": len(found.idle), "closures": rows})


def _claims(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """Claims whose verdict is another one than in the base."""
    from keruen.court.judge import claims

    _planner_only(ask)
    scenario = ask.scenario(plans.case)
    before = {j.claim.claim: j.verdict for j in plans.claims.judged}
    rows = []
    if scenario.changes:
        for j in claims(plans.case, scenario=scenario).judged:
            if j.verdict != before[j.claim.claim]:
                rows.append({"claim": j.claim.claim, "document": j.claim.document, "statement": j.claim.statement, "base_verdict": before[j.claim.claim],
                             "verdict": j.verdict, "evidence": j.evidence})  # fmt: skip
    return _json({**_head(plans, ask), "judged": len(before), "changed": rows})


def _planner_only(ask: Ask) -> None:
    if ask.behaviour != "planner":
        raise UsageError("this question is answered for the planner alone; choose behaviour planner")


# --- one thing ---------------------------------------------------------------------------------------


def _about(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    """All about one link, place or country in this plan, its figures with their sources."""
    from keruen.web.about import about

    return _json({**_head(plans, ask), **about(plans.plan(ask), plans.base(ask), extra.get("what", ""), extra.get("name", ""))})


# --- to take away ------------------------------------------------------------------------------------


def _table(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    name, form = extra.get("table", "links"), extra.get("format", "csv")
    if name not in TABLES or form not in FORMATS:
        raise UsageError(f"there are the tables {', '.join(TABLES)} as csv or parquet; got {shown(name)} as {shown(form)}")
    plan = plans.plan(ask)
    frame = plan.compare(plans.base(ask)) if name == "changes" else getattr(plan, name)
    if form == "csv":
        from keruen.commands.common import frame_as_csv

        return (frame_as_csv(frame) + "\n").encode(), FORMATS[form]
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError('tables in Parquet need pyarrow on the machine of the server: pip install "keruen[parquet]"') from None
    out = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(_flat(frame), preserve_index=False), out)
    return out.getvalue().to_pybytes(), FORMATS[form]


def _flat(frame: Any) -> Any:
    """Cells that hold maps as JSON: a column of Parquet has one shape."""
    out = frame.copy()
    for column in out.columns:
        if any(isinstance(v, dict) for v in out[column]):
            out[column] = [json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for v in out[column]]
    return out


def _drawing(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    from keruen.show.plan_map import plan_map

    plan, base = plans.plan(ask), plans.base(ask)
    return plan_map(plan, None if plan is base else base, planned=True).encode(), "image/svg+xml"


def _report(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    from keruen.show.report import report_html

    plan, base = plans.plan(ask), plans.base(ask)
    return report_html(plan, None if plan is base else base, claims=plans.claims if plans.case.claims else False).encode(), "text/html; charset=utf-8"


def _toml(plans: _Plans, ask: Ask, extra: Mapping[str, str]) -> Asked:
    return ask.toml(plans.case).encode(), "application/toml"


QUESTIONS: dict[str, Callable[[_Plans, Ask, Mapping[str, str]], Asked]] = {
    "answer": _answer, "about": _about, "shares": _shares, "worst": _worst, "claims": _claims, "table": _table, "map": _drawing, "report": _report,
    "toml": _toml, "ground": _ground,
}  # fmt: skip


# --- the case ----------------------------------------------------------------------------------------


def about_case(case: Case) -> Asked:
    """What the levers are made of: years, events, projects, rules, supplies, prices, and every name that may be looked for."""
    from keruen.scenario import describe
    from keruen.show.map import FULL, MODES

    countries = sorted({p.country for p in case.places.values()} | {c for link in case.links.values() for c in link.countries})
    return _json({
        "keruen": __version__, "case": case.name, "title": case.title, "home": case.home, "base_year": case.base_year,
        "first_year": case.first_year, "last_year": case.last_year, "behaviours": list(behaviours()),
        "events": [{k: s[k] for k in ("scenario", "title", "text", "year", "confidence")} for s in describe(case)],
        "projects": [{"project": p.project, "name": p.name, "ready_year": p.ready_year, "status": p.status, "capex_musd": p.capex_musd, "figure": bool(p.adds)}
                     for p in case.projects.values()],
        "rules": [{"rule": r.rule, "title": r.title, "effect": r.effect, "kind": r.kind} for r in case.rules.values() if _binds(r)],
        "supplies": [{"supply": s.supply, "place": case.places[s.place].name, "commodity": s.commodity} for s in case.supplies.values()],
        "demands": [{"demand": d.demand, "place": case.places[d.places[0]].name, "commodity": d.commodity, "priced": bool(d.price_usd)}
                    for d in case.demands.values()],
        "links": [{"link": k.link, "from": case.places[k.from_].name, "to": case.places[k.to].name, "mode": k.mode, "limited": k.capacity is not None}
                  for k in case.links.values()],
        "places": [{"place": p.place, "name": p.name, "country": p.country, "kind": p.kind} for p in case.places.values()],
        "countries": countries, "has_claims": bool(case.claims), "tables": list(TABLES),
        "legend": {"full": {k: text for k, (_, text) in FULL.items()}, "modes": {m: text for m, (_, text) in MODES.items()}},
    })  # fmt: skip


def _binds(rule: Any) -> bool:
    """Whether a rule can bind a solve at all: see docs/model.md."""
    return rule.status == "in_force" and rule.effect in ("forbid", "cap", "floor", "tax") and not (rule.hs and not rule.commodities) and not rule.end_use
