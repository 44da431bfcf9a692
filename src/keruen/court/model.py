"""Questions that the model answers, by solving."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keruen.ask.most import Most, most
from keruen.court.answers import Answer, Found, nothing, truth
from keruen.court.question import Question
from keruen.court.words import allowed, period_of
from keruen.errors import UsageError, did_you_mean
from keruen.scenario import Scenario, add, find_scenario, scale, without
from keruen.tables import Claim

if TYPE_CHECKING:
    from keruen.court.judge import Court

__all__ = ["MODEL"]

LIFTS = 6
TABLES = {"link": "links", "transfer": "transfers", "plant": "plants", "fleet": "fleets", "supply": "supplies", "rule": "rules"}
MUCH = 100.0
TINY = 1e-6


def _year(court: Court, q: Question, claim: Claim) -> int:
    """The year that is asked, within those of the case."""
    period = period_of(claim.period)
    year = int(q.options["year"]) if "year" in q.options else period[1].year if period else court.case.base_year
    return min(max(year, court.case.first_year), court.case.last_year)


def _scenario(court: Court, q: Question) -> Scenario:
    """Projects added, stand-ins for shippers' habits switched off unless asked for: a question of what could be, not what is usual."""
    found = court.scenario or Scenario()
    for kind in q.listed("without") or ("practice",):
        if any(r.kind == kind for r in court.case.rules.values()):
            found = found + without(kind=kind)
    return found + add(project=list(q.listed("add"))) if q.listed("add") else found


def ask_share(court: Court, claim: Claim, q: Question) -> Answer:
    """share(COMMODITY, COUNTRY, year=Y): per cent of home exports that cross a country, least and greatest in any plan near the best."""
    commodity, country = q.args
    year = _year(court, q, claim)
    row = next((r for r in court.dependence(year, commodity) if r["country"] == country), None)
    if row is None:
        return truth(False, f"no export of {commodity} crosses {country} in {year}")
    found = Found(100 * row["share_min"], 100 * row["share_max"], f"share of {commodity} exports that cross {country} in the model, {year}")
    text = f"{100 * row['share']:.1f} % in the plan, {100 * row['share_min']:.1f} to {100 * row['share_max']:.1f} % in any plan near the best"
    return Answer("figures", text, (found,), rows=("plan",))


def ask_share_above(court: Court, claim: Claim, q: Question) -> Answer:
    """share_above(COMMODITY, COUNTRY, PERCENT, year=Y): at least this part of home exports crosses a country in every plan near the best."""
    commodity, country, least = q.args
    found = ask_share(court, claim, Question("share", (commodity, country), q.options))
    return truth(bool(found.found) and found.found[0].low >= float(least), found.text, ("plan",))


def ask_most(court: Court, claim: Claim, q: Question) -> Answer:
    """most(COMMODITY, to=CN | over=SCREENLINE | by=PLANT, year=Y, add=PROJECT+..., without=KIND+..., times=SCREENLINE@YEAR).

    The most that could be, in the model, against the figure stated; ``times``: against so many times a published flow.
    """
    year, scenario = _year(court, q, claim), _scenario(court, q)
    commodity = q.args[0]
    wanted = claim.value
    rows: list[str] = []
    if "times" in q.options:
        line, _, base = q.options["times"].partition("@")
        seen = next((o for o in court.case.observations if o.screenline == line and o.year == int(base) and o.use == "main" and not o.period), None)
        if seen is None or wanted is None:
            return nothing(f"a figure of {line} for {base}")
        wanted *= seen.quantity
        rows.append(f"observations.{seen.observation}.quantity")

    def ask(under: Scenario) -> Most:
        return most(court.case, commodity, to=q.listed("to"), over=q.options.get("over", ""), by=q.options.get("by", ""), year=year, scenario=under)

    plant = court.case.plants.get(q.options.get("by", ""))
    if plant is not None and wanted is not None:
        wanted *= plant.availability  # what is stated is what the plant can take when it runs
    found = ask(scenario)
    rows += [f"{TABLES[b['kind']]}.{b['limit']}" for b in found.binding[:3]]
    text = f"at most {found.quantity:.3g} {found.unit} in {year}, {found.plan:.3g} in the plan" + (f"; asked: {wanted:.3g}" if wanted is not None else "")
    answer = Answer("most", text, (Found(found.quantity, found.quantity, found.what),), rows=tuple(rows), binding=found.binding[:5])
    if wanted is None:
        return replace(answer, holds=found.quantity > found.plan + 1e-3 or found.quantity > TINY)
    least = allowed(wanted, claim.wording)[0]
    if found.quantity >= least:
        return replace(answer, holds=True)
    return replace(answer, holds=False, would=_would(court, found, scenario, least, ask))


def _would(court: Court, found: Most, scenario: Scenario, least: float, ask: object) -> tuple[str, ...]:
    """Limits that must give way, one after the other, until enough could go."""
    assert callable(ask)
    lifted: list[str] = []
    for _ in range(LIFTS):
        held = [b for b in found.binding if b["kind"] in ("link", "transfer", "plant", "fleet") and b["limit"] not in lifted]
        if not held:
            stays = [b["limit"] for b in found.binding if b["kind"] in ("supply", "rule")]
            by = ", ".join(stays[:3]) or "nothing that can be widened"
            return (*(f"more at {name}" for name in lifted), f"still only {found.quantity:.3g}: held by {by}")
        name, kind = held[0]["limit"], held[0]["kind"]
        lifted.append(name)
        if kind == "fleet":
            ships = court.case.fleets[name].ships
            scenario = scenario + scale(fleet=[name], ships=MUCH if ships else 1.0)
        else:
            selector: dict[str, Any] = {kind: [name]}
            scenario = scenario + scale(capacity=MUCH, **selector)
        found = ask(scenario)
        if found.quantity >= least:
            return tuple(f"more at {name}" for name in lifted)
    return (*(f"more at {name}" for name in lifted), f"still only {found.quantity:.3g}")


def ask_crossing(court: Court, claim: Claim, q: Question) -> Answer:
    """crossing(CONSIGNMENT+..., COUNTRY, year=Y): per cent of these consignments that cross a country in the plan."""
    names, country = q.args[0].split("+"), q.args[1]
    unknown = [name for name in names if name not in court.case.consignments]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is no consignment of the case. {did_you_mean(unknown[0], court.case.consignments)}".rstrip())
    plan = court.plan(_year(court, q, claim))
    n = plan.network
    total = crossed = 0.0
    for path in plan.paths:
        if path.destination.kind == "consigned" and n.consigned[path.destination.item].name in names:
            total += path.quantity
            crossed += path.quantity * any(country in n.edges[e].countries for e in path.edges)
    if total <= TINY:
        return nothing("consignments that move")
    share = 100 * crossed / total
    if claim.value is None:
        return truth(share > 0, f"{share:.0f} % of them cross {country} in the plan", tuple(f"consignments.{c}.quantity" for c in names))
    return Answer("figures", f"of {total:,.0f} thousand TEU or Mt moved", (Found(share, share, f"share that crosses {country} in the plan of {plan.year}"),),
                  rows=tuple(f"consignments.{c}.quantity" for c in names))  # fmt: skip


def ask_way(court: Court, claim: Claim, q: Question) -> Answer:
    """way(A, B, mode=rail, year=Y): a way by this mode alone joins two countries."""
    from keruen.network import build
    from keruen.reach import spread

    one, other = q.args
    mode, year = q.options["mode"], _year(court, q, claim)
    n = build(court.case, year, court.scenario)
    onward: dict[int, list[int]] = {}
    for i in sorted(n.open_edges):
        e = n.edges[i]
        if e.direction == "transfer" or e.track.split("-")[0] == mode:
            onward.setdefault(e.tail, []).append(e.head)
    country = [court.case.places[place].country for place, _ in n.vertices]
    reached = spread([v for v in range(len(n.vertices)) if country[v] == one and n.vertices[v][1].split("-")[0] == mode], onward)
    holds = any(country[v] == other and n.vertices[v][1].split("-")[0] == mode for v in reached)
    return truth(holds, f"a way by {mode} from {one} to {other} is {'open' if holds else 'not open'} in {year}", ("links",))


def ask_moves(court: Court, claim: Claim, q: Question) -> Answer:
    """moves(COUNTRY, COMMODITY+..., year=Y): each of the commodities moves between home and the country in the plan."""
    country, commodities = q.args[0], q.args[1].split("+")
    plan = court.plan(_year(court, q, claim))
    n, home = plan.network, court.case.home
    moved: dict[str, float] = {}
    for path in plan.paths:
        ends = {plan.end_of(path.origin).country, plan.end_of(path.destination).country}
        if ends == {home, country}:
            commodity = n.groups[path.group].commodity
            moved[commodity] = moved.get(commodity, 0.0) + path.quantity
    told = "; ".join(f"{c} {moved[c]:.3g} {n.commodities[c].unit}" for c in commodities if c in moved)
    return truth(all(moved.get(c, 0.0) > TINY for c in commodities), f"between {home} and {country} in the plan of {plan.year}: {told or 'nothing'}", ("plan",))


def ask_scenario(court: Court, claim: Claim, q: Question) -> Answer:
    """scenario(NAME): the event as a scenario of the case, and what it costs; a stated number of days is compared with its own."""
    found = find_scenario(q.args[0], court.case)
    year = _year(court, q, claim)
    base, hit = court.plan(year), court.plan(year, (court.scenario or Scenario()) + found)
    days = [dict(c.factors).get("days", 0.0) for c in found.changes if c.kind == "close"]
    cost = hit.objective_musd - base.objective_musd
    text = f"in the model it costs {cost:,.0f} MUSD in {year}"
    if claim.value is not None and any(days):
        return Answer("figures", text, (Found(max(days), max(days), f"days of scenario {q.args[0]}"),), rows=(f"scenarios.{q.args[0]}",))
    return truth(cost > 0, text, (f"scenarios.{q.args[0]}",))


MODEL = {
    "share": ask_share, "share_above": ask_share_above, "most": ask_most, "crossing": ask_crossing, "way": ask_way, "moves": ask_moves,
    "scenario": ask_scenario,
}  # fmt: skip
