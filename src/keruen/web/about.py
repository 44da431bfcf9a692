"""All about one link, place or country in a plan: its flows, limits and figures, each figure with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keruen.errors import UsageError, did_you_mean
from keruen.errors import quote as shown
from keruen.plan import Plan
from keruen.show.evidence import evidence, source_line
from keruen.tables import Project

__all__ = ["about"]

KINDS = ("link", "place", "country")
FLOW = ("commodity", "direction", "flow", "unit", "capacity", "utilisation", "price_usd_per_t")
TINY = 1e-6
MOST = 30


def about(plan: Plan, base: Plan, what: str, name: str) -> dict[str, Any]:
    """What, name, title, words about it, flows, limits, rows of the case with their figures, and the sources these name.

    Raises UsageError for a kind or name that there is not.
    """
    case = plan.network.case
    known: Mapping[str, Any] = {"link": case.links, "place": case.places, "country": dict.fromkeys(_countries(plan))}
    if what not in KINDS:
        raise UsageError(f"there is something to say about a {', '.join(KINDS)}; got {shown(what)}. {did_you_mean(what, KINDS)}".strip())
    if name not in known[what]:
        raise UsageError(f"there is no {what} {shown(name)} in the case. {did_you_mean(name, known[what])}".strip())
    found = {"link": _link, "place": _place, "country": _country}[what](plan, base, name)
    named = {n["source"] for row in found["rows"] for n in row["numbers"]} | {
        r["source"] for row in found["rows"] for n in row["numbers"] for r in n["rivals"]
    }
    sources = [{"source": s, "line": source_line(case, s), "url": _url(case, s)} for s in sorted(named - {""})]
    return {"what": what, "name": name, **found, "sources": sources}


def _countries(plan: Plan) -> set[str]:
    case = plan.network.case
    return {p.country for p in case.places.values()} | {c for link in case.links.values() for c in link.countries}


def _url(case: Any, source: str) -> str:
    """Only addresses a browser may follow: a case is somebody's tables."""
    url = case.sources[source].url if source in case.sources else ""
    return url if url.startswith(("https://", "http://")) else ""


def _row(plan: Plan, table: str, name: str) -> dict[str, Any]:
    row = getattr(plan.network.case, table)[name]
    return {"table": table, "row": name, "numbers": evidence(plan.network.case, table, row), "note": getattr(row, "note", "")}


def _limits(plan: Plan, names: set[str]) -> list[dict[str, Any]]:
    keys = ("limit", "kind", "load", "capacity", "unit", "utilisation", "price_musd_per_unit", "one_more_musd")
    return [{k: r[k] for k in keys} for r in plan._limits if r["limit"].removesuffix(":back") in names][:MOST]


def _link(plan: Plan, base: Plan, name: str) -> dict[str, Any]:
    case = plan.network.case
    link = case.links[name]
    start, end = case.places[link.from_], case.places[link.to]
    words = [f"{link.mode.replace('_', ' ')} from {start.name} to {end.name}" + (", both ways" if link.direction == "both" else "")]
    words += [f"operator: {link.operator}"] if link.operator else []
    words += [f"on the land of {', '.join(link.countries)}"] if link.countries else []
    projects = [p.project for p in case.projects.values() if name in p.adds and _waits(p, plan)]
    words += [f"projects: {', '.join(projects)}"] if projects else []
    closed = plan.network.overlay.closed_by.get(("links", name), "")
    return {
        "title": f"{start.name} - {end.name}", "words": words, "closed": closed, "built": bool(plan.loads[name]["open"] or closed),
        "limited": link.capacity is not None, "projects": projects,
        "load_mt": plan.loads[name]["mt"], "base_load_mt": base.loads[name]["mt"],
        "flows": [{k: f[k] for k in FLOW} for f in plan.loads[name]["flows"]], "limits": _limits(plan, {name}), "rows": [_row(plan, "links", name)],
    }  # fmt: skip


def _waits(project: Project, plan: Plan) -> bool:
    """Whether building it would change this plan: it is neither in the figures of the base year nor ready by date."""
    ready = project.ready_year
    if ready is None:
        return True
    return ready > plan.network.case.base_year and not (ready <= plan.year and project.status in ("completed", "operating", "under_construction"))


def _place(plan: Plan, base: Plan, name: str) -> dict[str, Any]:
    case = plan.network.case
    place = case.places[name]
    transfers = [t for t, row in case.transfers.items() if row.place == name]
    plants = [t for t, row in case.plants.items() if row.place == name]
    supplies = [t for t, row in case.supplies.items() if row.place == name]
    demands = [t for t, row in case.demands.items() if name in row.places]
    tables = {"transfers": transfers, "plants": plants, "supplies": supplies, "demands": demands}
    rows = [_row(plan, table, n) for table, names in tables.items() for n in names]
    links = {n for n, link in case.links.items() if name in (link.from_, link.to)}
    return {
        "title": place.name, "words": [f"{place.kind.replace('_', ' ')} in {place.country}", f"{len(links)} links meet here"],
        "closed": plan.network.overlay.closed_places.get(name, ""), "built": True, "limited": True, "projects": [],
        "load_mt": _through(plan, name), "base_load_mt": _through(base, name),
        "flows": _flows(plan, links), "limits": _limits(plan, {*transfers, *plants}), "rows": rows[:MOST],
    }  # fmt: skip


def _through(plan: Plan, place: str) -> float:
    """Mt that leaves, arrives or passes, by the way in or the way out, whichever has more."""
    n = plan.network
    ways = {"in": 0.0, "out": 0.0}
    for row in plan._links:
        if row["direction"] != "transfer":
            for side, end in (("in", "to"), ("out", "from")):
                ways[side] += row["flow"] * n.counted(row["commodity"], "Mt") if row[end] == place else 0.0
    return max(ways.values())


def _flows(plan: Plan, links: set[str]) -> list[dict[str, Any]]:
    """The largest flows on these links."""
    rows = [{"link": r["link"], **{k: r[k] for k in FLOW}} for r in plan._links if r["link"] in links and r["direction"] != "transfer"]
    n = plan.network
    return sorted(rows, key=lambda r: (-r["flow"] * n.counted(r["commodity"], "Mt"), r["link"], r["direction"]))[:MOST]


def _country(plan: Plan, base: Plan, name: str) -> dict[str, Any]:
    case = plan.network.case
    places = {p.place for p in case.places.values() if p.country == name}
    links = {n for n, link in case.links.items() if name in link.countries}
    overlay = plan.network.overlay
    closed = bool(places or links) and places <= set(overlay.closed_places) and all(("links", k) in overlay.closed_by for k in links)
    border = {n for n in links if {case.places[case.links[n].from_].country == name, case.places[case.links[n].to].country == name} == {True, False}}
    return {
        "title": name, "words": [f"{len(places)} places, {len(links)} links touch it"],
        "closed": "everything here is closed" if closed else "", "built": True, "limited": True, "projects": [],
        "load_mt": sum(plan.loads[k]["mt"] for k in border), "base_load_mt": sum(base.loads[k]["mt"] for k in border),
        "flows": _flows(plan, border or links), "limits": _limits(plan, links), "rows": [],
    }  # fmt: skip
