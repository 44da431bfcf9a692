"""Questions that the tables answer. Evidence from the document that makes the statement does not count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from keruen.ask.relations import relations
from keruen.ask.trade import trade
from keruen.court.answers import Answer, Found, nothing, truth
from keruen.court.question import Question
from keruen.court.words import agrees, period_of
from keruen.dates import span
from keruen.errors import UsageError, did_you_mean
from keruen.tables import Claim

if TYPE_CHECKING:
    from keruen.court.judge import Court

__all__ = ["LEDGER"]

PER_BN = {"USD bn": 1.0, "USD m": 1e3}
ADDED_TO = {"links": "capacity", "transfers": "capacity", "plants": "capacity", "supplies": "quantity", "fleets": "ships"}
ROUNDED = 0.1  # a published "almost" or "more than" figure is taken to be within a tenth


def _need(known: Any, names: Iterable[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise UsageError(f"'{name}' is no {what} of the case. {did_you_mean(name, known)}".rstrip())


def _year(q: Question, claim: Claim) -> int | None:
    if "year" in q.options:
        return int(q.options["year"])
    period = period_of(claim.period)
    return period[1].year if period else None


def _figures(court: Court, q: Question, claim: Claim) -> list[tuple[Any, Any]]:
    """(series, figure) of two sides, of the subject, from other papers than the claim's."""
    one, other = q.args
    subject = q.options.get("subject", "trade turnover")
    pairs = trade(court.case).pairs
    return [(s, f) for pair in pairs if set(pair.between) == {one, other} for s in pair.series if s.subject == subject
            for f in (*s.figures, *s.rivals) if f.source != claim.document]  # fmt: skip


def _found(series: Any, f: Any, factor: float) -> Found:
    value = f.quantity * factor
    low, high = {"less than": (value * (1 - ROUNDED), value), "more than": (value, value * (1 + ROUNDED))}.get(f.wording, (value, value))
    whose = f"figures of {series.reporter or 'nobody named'}, {f.year or f.period}"
    return Found(low, high, whose, f.source, f.confidence, f"observations.{f.observation}.quantity")


def ask_trade(court: Court, claim: Claim, q: Question) -> Answer:
    """trade(A, B, year=Y, subject=S): published figures of the year, each by whose statistics it is."""
    year = _year(q, claim)
    found = tuple(_found(s, f, PER_BN.get(claim.unit, 1.0)) for s, f in _figures(court, q, claim) if f.year == year and not (f.period and "on" not in f.period))
    if not found:
        return nothing(f"a figure of {' and '.join(q.args)} for {year} from another paper")
    return Answer("figures", "published figures", found, rows=tuple(f.row for f in found), sources=tuple(f.source for f in found))


def ask_part(court: Court, claim: Claim, q: Question) -> Answer:
    """part(A, B, year=Y, months=N): what the full year implies for a part of it, give or take a quarter."""
    months, year = int(q.options["months"]), _year(q, claim)
    found = []
    for s, f in _figures(court, q, claim):
        if f.year == year and not f.period:
            whole = f.quantity * PER_BN.get(claim.unit, 1.0)
            part, whose = whole * months / 12, f"{months} months of the year by figures of {s.reporter or 'nobody named'}, give or take a quarter"
            found.append(Found(part * 0.75, min(part * 1.25, whole), whose, f.source, f.confidence, f"observations.{f.observation}.quantity"))
    if not found:
        return nothing(f"a figure of the whole year {year} from another paper")
    return Answer("figures", "what the whole year implies", tuple(found), rows=tuple(f.row for f in found), sources=tuple(f.source for f in found))


def ask_target(court: Court, claim: Claim, q: Question) -> Answer:
    """target(A, B, by=Y): required against achieved growth of the target of this size, by each side's figures."""
    one, other = q.args
    by = int(q.options["by"]) if "by" in q.options else None
    stated = (claim.value or 0.0) / PER_BN.get(claim.unit, 1.0)
    targets = [t for pair in trade(court.case).pairs if set(pair.between) == {one, other} for t in pair.targets
               if abs(t.quantity - stated) < 1e-9 and (by is None or t.year == by)]  # fmt: skip
    if not targets:
        return nothing(f"a row of kind target of {claim.value:g} {claim.unit} between {one} and {other}")
    order = ("missed", "behind", "on course", "reached")
    lines = [(t, line) for t in targets for line in t.lines]
    told = [(t, line) for t, line in lines if line.verdict in order]
    text = "; ".join(_line(line) for _, line in lines)
    rows = tuple(f"observations.{t.observation}.quantity" for t in targets)
    if not told:
        return nothing("; ".join(dict.fromkeys(line.because for _, line in lines)) or "figures")
    # The least favourable of those that can be told.
    verdict = min((line.verdict for _, line in told), key=order.index)
    return Answer("target", text, verdict=verdict, rows=rows)


def _line(line: Any) -> str:
    told = f"by figures of {line.reporter or 'nobody named'}: {line.verdict}"
    if line.figure is None:
        return told
    both = line.required is not None and line.achieved is not None
    return f"{told} ({line.figure:.3g} in {line.figure_year}" + (f", needs {line.required:+.1%} a year, had {line.achieved:+.1%}" if both else "") + ")"


def ask_growth(court: Court, claim: Claim, q: Question) -> Answer:
    """growth(A, B, subject=S, first=Y, last=Y): ratio of two years of one statistics, or growth in per cent."""
    first, last = int(q.options["first"]), int(q.options["last"])
    by: dict[Any, dict[int, Any]] = {}
    for s, f in _figures(court, q, claim):
        by.setdefault((s.reporter, s.partner), {})[f.year] = (s, f)
    found = []
    for years in by.values():
        if first in years and last in years and years[first][1].quantity:
            ratio = years[last][1].quantity / years[first][1].quantity
            value = ratio if claim.unit.startswith("times") else (ratio - 1) * 100
            found.append(Found(value, value, f"figures of {years[last][0].reporter or 'nobody named'}, {first} to {last}", years[last][1].source,
                               years[last][1].confidence, f"observations.{years[last][1].observation}.quantity"))  # fmt: skip
    if not found:
        return nothing(f"figures of one statistics for {first} and {last} of {q.options.get('subject', 'trade turnover')}")
    return Answer("figures", "growth of published figures", tuple(found), rows=tuple(f.row for f in found), sources=tuple(f.source for f in found))


def ask_figure(court: Court, claim: Claim, q: Question) -> Answer:
    """figure(OBSERVATION+OBSERVATION): published figures by the id of their row."""
    rows = {o.observation: o for o in court.case.observations}
    names = tuple(n for a in q.args for n in a.split("+"))
    _need(rows, names, "observation")
    other = [rows[n] for n in names if rows[n].source != claim.document]
    if not other:
        return nothing("a figure from another paper")
    found = tuple(Found(o.quantity, o.quantity, f"{o.subject or o.screenline} {o.year or ''}".strip(), o.source, o.confidence,
                        f"observations.{o.observation}.quantity") for o in other)  # fmt: skip
    return Answer("figures", "published figures", found, rows=tuple(f.row for f in found), sources=tuple(f.source for f in found))


def ask_ratio(court: Court, claim: Claim, q: Question) -> Answer:
    """ratio(OBSERVATION, OBSERVATION): the first published figure in per cent of the second."""
    rows = {o.observation: o for o in court.case.observations}
    _need(rows, q.args, "observation")
    one, other = (rows[name] for name in q.args)
    if one.unit != other.unit or not other.quantity:
        raise UsageError(f"{one.observation} is in {one.unit} and {other.observation} in {other.unit}: no ratio")
    share = 100 * one.quantity / other.quantity
    whose = f"{one.screenline or one.subject} of {other.screenline or other.subject}, {one.year}"
    cells = tuple(f"observations.{name}.quantity" for name in q.args)
    return Answer("figures", "", (Found(share, share, whose, one.source, one.confidence, cells[0]),), rows=cells, sources=(one.source, other.source))


def ask_trend(court: Court, claim: Claim, q: Question) -> Answer:
    """trend(SCREENLINE, FIRST, LAST): whether a published flow rose."""
    line, first, last = q.args
    rows = {o.year: o for o in court.case.observations if o.screenline == line and o.use == "main" and not o.period}
    if int(first) not in rows or int(last) not in rows:
        return nothing(f"a figure of {line} for {first} and {last}")
    a, b = rows[int(first)], rows[int(last)]
    return truth(b.quantity > a.quantity, f"{line}: {a.quantity:g} {a.unit} in {first}, {b.quantity:g} in {last}",
                 (f"observations.{a.observation}.quantity", f"observations.{b.observation}.quantity"), (a.source, b.source))  # fmt: skip


def ask_member(court: Court, claim: Claim, q: Question) -> Answer:
    """member(COUNTRY, ORG+ORG, on=DATE, status=member): on the day, or all through the claim's period."""
    country, organisations = q.args[0], tuple(o for a in q.args[1:] for o in a.split("+"))
    status = q.options.get("status", "member")
    on = q.options.get("on", "") or claim.period
    period = period_of(on) or period_of(claim.as_of)
    if period is None:
        return nothing("a day")
    told, rows, sources, holds = [], [], [], True
    for name in organisations:
        mine = [m for m in court.case.memberships if m.country == country and m.organisation == name and m.status == status]
        ok = any((not m.since or span(m.since)[0] <= period[1]) and (not m.until or span(m.until)[0] > period[0]) for m in mine if m.source != claim.document)
        only = mine and all(m.source == claim.document for m in mine)
        if only:
            return nothing(f"a source on {country} and {name} other than the paper itself")
        told.append(f"{country} {'is' if ok else 'is no'} {status} of {name}" + (f" since {mine[0].since}" if mine and mine[0].since else ""))
        rows += [f"memberships.{country}.{name}" for m in mine]
        sources += [m.source for m in mine]
        holds &= ok
    if claim.value is not None and claim.unit.startswith("organisation"):
        holds &= agrees(claim.value, claim.wording, float(len(organisations)))
    return truth(holds, "; ".join(told), tuple(rows), tuple(sources))


def ask_agreement(court: Court, claim: Claim, q: Question) -> Answer:
    """agreement(ID+ID, on=DATE): signed, or in force, on the day the claim speaks of."""
    names = tuple(n for a in q.args for n in a.split("+"))
    agreements = court.case.agreements
    _need(agreements, names, "agreement")
    period = period_of(q.options.get("on", "") or claim.period) or period_of(claim.as_of)
    other = [agreements[n] for n in names if agreements[n].source != claim.document]
    if not other:
        return nothing("a source on the paper other than the article itself")
    told, holds = [], True
    for a in other:
        day = a.signed or a.in_force
        held = None if period is None or not day else span(day)[0] <= period[1]
        dates = [f"{word} {day}" for word, day in (("signed", a.signed), ("in force", a.in_force)) if day]
        told.append(f"{a.name}: {', '.join(dates)}")
        holds &= held is not False
    return truth(holds, "; ".join(told), tuple(f"agreements.{a.agreement}" for a in other), tuple(a.source for a in other))


def ask_level(court: Court, claim: Claim, q: Question) -> Answer:
    """level(A, B, is=WORDS): the level of relations at the end of the claim's period names these words."""
    one, other = q.args
    period = period_of(q.options.get("on", "") or claim.period) or period_of(claim.as_of)
    found = next((v for v in relations(court.case, one, period[1] if period else None).levels if v["partner"] == other), None)
    if found is None or found["source"] == claim.document:
        return nothing(f"a level of relations of {one} and {other} from another paper")
    text = f"the level by then is '{found['level']}', since {found['since']}"
    return truth(q.options["is"] in found["level"], text, (f"agreements.{found['agreement']}",), (found["source"],))


def ask_event(court: Court, claim: Claim, q: Question) -> Answer:
    """event(ID+ID, on=DATE): it happened in the claim's period; a state held then. A figure is compared where the event has one."""
    names = tuple(n for a in q.args for n in a.split("+"))
    events = court.case.events
    _need(events, names, "event")
    other = [events[n] for n in names if events[n].source != claim.document]
    if not other:
        return nothing("another source on it")
    period = period_of(q.options.get("on", "") or claim.period) or period_of(claim.as_of)
    told, holds, counted = [], True, claim.value is None or claim.unit == "year"
    for e in other:
        first, last = span(e.since)[0], span(e.until or e.since)[1]
        if period is not None:
            holds &= first <= period[1] and last >= period[0]
        told.append(f"{e.name}, {e.since}{' to ' + e.until if e.until and e.until != e.since else ''}")
        if e.quantity is not None and claim.value is not None:
            counted = True
            holds &= agrees(claim.value, claim.wording, e.quantity)
            told[-1] += f": {e.quantity:g} {e.unit}"
    settled: bool | None
    if holds and not counted:
        settled, missing = None, f"a figure of {claim.unit} from another paper"
    else:
        settled, missing = holds, ""
    return truth(settled, "; ".join(told), tuple(f"events.{e.event}" for e in other), tuple(e.source for e in other), missing)


def ask_rule(court: Court, claim: Claim, q: Question) -> Answer:
    """rule(ID+ID): rules in force bear it out; denied or expired ones speak against; contested and indicative ones cannot tell."""
    names = tuple(n for a in q.args for n in a.split("+"))
    _need(court.case.rules, names, "rule")
    rules = [court.case.rules[n] for n in names]
    text = "; ".join(f"{r.title}: {r.status}{' (' + r.note + ')' if r.note else ''}" for r in rules)
    holds = False if any(r.status in ("denied", "expired") for r in rules) else True if all(r.status == "in_force" for r in rules) else None
    missing = "" if holds is not None else "rules that are not merely " + " or ".join(sorted({r.status for r in rules} - {"in_force"}))
    return truth(holds, text, tuple(f"rules.{r.rule}" for r in rules), tuple(r.source for r in rules), missing)


def ask_rules(court: Court, claim: Claim, q: Question) -> Answer:
    """rules(origin=KZ, destination=RU, kind=sanction, effect=forbid+licence, are=none|some): how many such rules are in force then."""
    period = period_of(claim.period) or period_of(claim.as_of)
    day: date | None = period[1] if period else None
    kinds, effects = q.listed("kind"), q.listed("effect")
    ends = [(q.options[end], end) for end in ("origin", "destination") if end in q.options]
    found = [r for _, r in sorted(court.case.rules.items()) if r.status == "in_force" and (not kinds or r.kind in kinds)
             and (not effects or r.effect in effects) and all(name in getattr(r, end) for name, end in ends)
             and (day is None or (r.valid_from or day) <= day <= (r.valid_to or day))]  # fmt: skip
    asked = ", ".join(f"{k} {v}" for k, v in q.options.items() if k != "are")
    few = ", ".join(r.rule for r in found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return truth(bool(found) == (q.options.get("are", "some") == "some"), f"{len(found)} rules in force with {asked}" + (f": {few}" if few else ""),
                 tuple(f"rules.{r.rule}" for r in found[:5]) or ("rules",), tuple(r.source for r in found[:5]))  # fmt: skip


def ask_project(court: Court, claim: Claim, q: Question) -> Answer:
    """project(ID+ID, status=completed, by=YEAR): the works are on record; with a status, as far as that by then. A stated number counts them."""
    names = tuple(n for a in q.args for n in a.split("+"))
    projects = court.case.projects
    _need(projects, names, "project")
    other = [projects[n] for n in names if projects[n].source != claim.document]
    if not other:
        return nothing("a source on the works other than the article itself")
    status = q.listed("status")
    by = _year(q, claim)
    ok = all(not status or (p.status in status and not ("completed" in status and by and p.ready_year and p.ready_year > by)) for p in other)
    if claim.value is not None and q.options.get("count") == "yes":
        ok = ok and agrees(claim.value, claim.wording, float(len(names)))
    text = "; ".join(f"{p.name}: {p.status.replace('_', ' ')}{f', ready {p.ready_year}' if p.ready_year else ''}" for p in other)
    return truth(ok, text, tuple(f"projects.{p.project}" for p in other), tuple(p.source for p in other))


def ask_adds(court: Court, claim: Claim, q: Question) -> Answer:
    """adds(PROJECT, ITEM, total=yes): what a project adds to a link, plant, supply or fleet; with total the capacity there is then."""
    project, item = q.args
    _need(court.case.projects, [project], "project")
    p = court.case.projects[project]
    if item not in p.adds:
        return nothing(f"what {project} adds to {item}")
    value = p.adds[item]
    table, column = next((t, c) for t, c in ADDED_TO.items() if item in getattr(court.case, t))
    rows = [f"projects.{project}.adds"]
    if q.options.get("total") == "yes":
        value += getattr(getattr(court.case, table)[item], column) or 0.0
        rows.append(f"{table}.{item}.{column}")
    return Answer("figures", "", (Found(value, value, f"{item} with {p.name}", p.source, p.confidence, rows[0]),), rows=tuple(rows), sources=(p.source,))


def ask_cell(court: Court, claim: Claim, q: Question) -> Answer:
    """cell(TABLE.ROW.COLUMN): a number of the case."""
    table, row, column = q.args[0].split(".")
    known = getattr(court.case, table)
    _need(known, [row], f"row of {table}")
    one = known[row]
    value = getattr(one, column)
    if value is None:
        return nothing(f"a figure in {q.args[0]}")
    if one.source == claim.document:
        return nothing(f"a source on {q.args[0]} other than the article itself")
    found = Found(float(value), float(value), q.args[0], one.source, one.confidence, q.args[0])
    return Answer("figures", "", (found,), rows=(q.args[0],), sources=(one.source,))


def ask_rank(court: Court, claim: Claim, q: Question) -> Answer:
    """rank(OF, WHO, year=Y, top=N): place of a partner in the turnover of a country, by its own figures."""
    of, who = q.args
    year = _year(q, claim)
    known: dict[str, tuple[float, Any]] = {}
    for pair in trade(court.case).pairs:
        for s in pair.series:
            if s.reporter == of and s.subject == "trade turnover":
                for f in s.figures:
                    if f.year == year and f.source != claim.document and not court.case.members(s.partner, f.year or 0):
                        known[s.partner] = (f.quantity, f)
    if who not in known or len(known) < 3:
        return nothing(f"own figures of {of} for {year} with {who} and at least two other countries")
    order = sorted(known, key=lambda p: -known[p][0])
    place = order.index(who) + 1
    text = ", ".join(f"{p} {known[p][0]:.3g}" for p in order)
    return truth(place <= int(q.options.get("top", "3")), f"{who} is number {place} of {len(order)} partners with figures for {year}: {text} USD bn",
                 tuple(f"observations.{known[p][1].observation}.quantity" for p in order), tuple(known[p][1].source for p in order))  # fmt: skip


def ask_borders(court: Court, claim: Claim, q: Question) -> Answer:
    """borders(A, B+C): some way by land crosses straight from one to each of the others."""
    one, others = q.args[0], q.args[1].split("+")
    found: dict[str, str] = {}
    for name, link in court.case.links.items():
        if link.mode in ("rail", "road", "oil_pipeline", "gas_pipeline"):
            ends = {court.case.places[link.from_].country, court.case.places[link.to].country}
            for other in others:
                if ends == {one, other}:
                    found.setdefault(other, name)
    text = "; ".join(f"{n} joins {one} and {o}" for o, n in sorted(found.items()))
    return truth(set(found) == set(others), text, tuple(f"links.{n}" for n in found.values()), tuple(court.case.links[n].source for n in found.values()))


def ask_length(court: Court, claim: Claim, q: Question) -> Answer:
    """length(PROJECT+PROJECT): km of the links that the projects, and those they need, add to."""
    todo = [n for a in q.args for n in a.split("+")]
    _need(court.case.projects, todo, "project")
    names: dict[str, None] = {}
    while todo:
        name = todo.pop(0)
        if name not in names:
            names[name] = None
            todo += court.case.projects[name].needs
    links = [link for name in names for link in court.case.projects[name].adds if link in court.case.links]
    total = sum(court.case.links[link].length_km for link in dict.fromkeys(links))
    if not links:
        return nothing("links of these projects")
    whose = ", ".join(f"{link} {court.case.links[link].length_km:,.0f}" for link in dict.fromkeys(links))
    rows, sources = tuple(f"links.{link}.length_km" for link in dict.fromkeys(links)), tuple(court.case.links[k].source for k in links)
    return Answer("figures", whose, (Found(total, total, "the lines of these works together"),), rows=rows, sources=sources)


def ask_longest(court: Court, claim: Claim, q: Question) -> Answer:
    """longest(OBSERVATION, OBSERVATION+...): the first figure is the greatest."""
    rows = {o.observation: o for o in court.case.observations}
    names = [n for a in q.args for n in a.split("+")]
    _need(rows, names, "observation")
    first, others = rows[names[0]], [rows[n] for n in names[1:]]
    greater = [o for o in others if o.quantity > first.quantity]
    text = "; ".join(f"{o.subject}: {o.quantity:,.0f} {o.unit}" for o in (first, *others))
    return truth(not greater, text, tuple(f"observations.{n}.quantity" for n in names), tuple(rows[n].source for n in names))


LEDGER = {
    "trade": ask_trade, "part": ask_part, "target": ask_target, "growth": ask_growth, "figure": ask_figure, "ratio": ask_ratio, "trend": ask_trend,
    "member": ask_member, "agreement": ask_agreement, "level": ask_level, "event": ask_event, "rule": ask_rule, "rules": ask_rules,
    "project": ask_project, "adds": ask_adds, "cell": ask_cell, "rank": ask_rank, "borders": ask_borders, "length": ask_length, "longest": ask_longest,
}  # fmt: skip
