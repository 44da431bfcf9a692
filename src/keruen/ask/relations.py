"""What binds a country to others on a day: memberships, agreements, the level of each partnership, and what they change in the model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.case import Case
from keruen.check.countries import country_remedy
from keruen.dates import day_of, span
from keruen.errors import UsageError, did_you_mean, quote
from keruen.tables import Agreement, Membership, Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Relations", "relations"]

# Levels of a partnership as their papers word them, the closest first. The first that a paper names is its level.
LEVELS = (
    ("comprehensive strategic partnership and alliance", r"comprehensive strategic partnership and alliance"),
    ("permanent comprehensive strategic partnership", r"permanent comprehensive strategic partnership"),
    ("alliance", r"\balliance\b|\ballied\b"),
    ("comprehensive strategic partnership", r"comprehensive strategic partnership"),
    ("enhanced strategic partnership", r"enhanced strategic partnership"),
    ("strategic partnership", r"strategic partner(ship)?\b"),
    ("enhanced partnership and cooperation", r"enhanced partnership and cooperation"),
    ("friendship and cooperation", r"friendship"),
    ("diplomatic relations", r"diplomatic relations"),
)
# Papers that need no ratification count from their signature.
_ON_SIGNATURE = ("declaration", "programme", "membership")
COLUMNS = ("kind", "id", "name", "with", "how", "since", "until", "state", "level", "level_since", "effect", "rules", "source", "confidence", "note")


@dataclass(frozen=True)
class Relations:
    """What is known of a country's relations.

    rows: one a membership or agreement, in order of their first date. Keys: kind (membership, treaty, fta, declaration,
    programme, visa), id, name, with (the other parties), how (party, member, observer, partner, ..., or through whom), since,
    until (as much of a date as is known), state (on ``on``: in force, signed, not yet, ended, cannot tell; "" without a day),
    level and level_since, effect (what it changes, in words), rules ({rule, effect, in_force}: rules of the case that follow from it or name
    the organisation), source, confidence, note. levels: by partner the last level agreed by then: partner, level, since,
    agreement, source, confidence. events: {date, what, id}, in order.
    """

    case: str
    country: str
    on: date | None
    partner: str | None
    rows: tuple[dict[str, Any], ...]
    levels: tuple[dict[str, Any], ...]
    events: tuple[dict[str, str], ...]

    def __repr__(self) -> str:
        return f"<Relations {self.case} {self.country}{f' on {self.on}' if self.on else ''}: {len(self.rows)} ties, {len(self.levels)} levels>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a membership or agreement."""
        import pandas as pd

        return pd.DataFrame([{**r, "rules": [x["rule"] for x in r["rules"]]} for r in self.rows], columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen relations --format json`` writes it."""
        from keruen import __version__

        return {"keruen": __version__, "case": self.case, "country": self.country, "on": self.on and self.on.isoformat(), "partner": self.partner,
                "ties": list(self.rows), "levels": list(self.levels), "events": list(self.events)}  # fmt: skip


def _begun(since: str, on: date) -> bool | None:
    first, last = span(since)
    return None if first <= on < last else on >= last


def relations(case: Case, country: str, on: date | str | None = None, partner: str | None = None) -> Relations:
    """Agreements, memberships and partnership levels of a country.

    on: the state of each on that day. partner: only those with this country or organisation.
    Raises UsageError for a country or partner of which the case knows nothing, and for a date that is none.

    >>> import keruen as kr
    >>> [r["name"] for r in kr.relations(kr.load("kazakhstan"), "KZ", "2014-12-31").rows if r["id"] == "EAEU"]
    ['EAEU']
    >>> [r["state"] for r in kr.relations(kr.load("kazakhstan"), "KZ", "2014-12-31").rows if r["id"] == "EAEU"]
    ['not yet']
    """
    day = day_of(on)
    _known(case, country, "country")
    if partner is not None:
        _known(case, partner, "partner")
    rows = [_membership(case, m, day) for m in case.memberships if m.country == country]
    for a in case.agreements.values():
        through = _through(case, a, country, day)
        if through is not None:
            rows.append(_agreement(case, a, country, through, day))
    rows = [r for r in rows if partner is None or partner in r["with"] or partner == r["id"]]
    rows.sort(key=lambda r: (r["since"] or "9999", r["kind"], r["id"]))
    return Relations(case.name, country, day, partner, tuple(rows), tuple(_levels(rows, day)), tuple(_events(rows)))


def _known(case: Case, code: str, what: str) -> None:
    known = {m.country for m in case.memberships} | {m.organisation for m in case.memberships}
    known |= {p for a in case.agreements.values() for p in a.parties} | {p.country for p in case.places.values()}
    if code not in known:
        hint = country_remedy(code) if len(code) < 4 else ""
        raise UsageError(f"found the {what} {quote(code)}, expected one of which the case knows something. {hint or did_you_mean(code, known)}".rstrip())


def _told(rule: Rule, on: date | None) -> dict[str, Any]:
    held = None if on is None else rule.status == "in_force" and (rule.valid_from or on) <= on <= (rule.valid_to or on)
    return {"rule": rule.rule, "effect": rule.effect, "in_force": held}


def _membership(case: Case, m: Membership, on: date | None) -> dict[str, Any]:
    named = [r for _, r in sorted(case.rules.items()) if any(w in (m.organisation, f"NON-{m.organisation}") for w in (*r.origin, *r.destination, *r.transit))]
    effect = "rules look at its members, and at those that are none" if named and m.status == "member" else "changes nothing in the model"
    told = [_told(r, on) for r in named] if m.status == "member" else []
    others = sorted({o.country for o in case.memberships if o.organisation == m.organisation and o.country != m.country})
    state = ""
    if on is not None:
        begun = True if not m.since else _begun(m.since, on)
        ended = False if not m.until else _begun(m.until, on)
        state = "cannot tell" if begun is None or ended is None else "ended" if ended else "in force" if begun else "not yet"
    return {"kind": "membership", "id": m.organisation, "name": m.organisation, "with": others, "how": m.status, "since": m.since, "until": m.until,
            "state": state, "level": "", "level_since": "", "effect": effect, "rules": told, "source": m.source,
            "confidence": m.confidence, "note": m.note}  # fmt: skip


def _through(case: Case, a: Agreement, country: str, on: date | None) -> str | None:
    """"" for a party, the organisation through which it is bound, or None."""
    if country in a.parties:
        return ""
    for party in a.parties:
        if country in (case.members_on(party, on) if on else {m.country for m in case.memberships if m.organisation == party and m.status == "member"}):
            return party
    return None


def _agreement(case: Case, a: Agreement, country: str, through: str, on: date | None) -> dict[str, Any]:
    since = a.in_force or (a.signed if a.kind in _ON_SIGNATURE else "")
    state = ""
    if on is not None:
        begun = _begun(since, on) if since else None
        signed = _begun(a.signed, on) if a.signed else None
        if since:
            state = "cannot tell" if begun is None else "in force" if begun else "signed" if signed else "not yet"
        else:
            state = "not yet" if signed is False else "signed" if signed else "cannot tell"
    rules = [_told(r, on) for _, r in sorted(case.rules.items()) if r.agreement == a.agreement]
    words = f"{a.name} {a.effect} {a.note}".lower()
    others = sorted(p for p in a.parties if p != country)
    level, level_since = _level(words) if len(others) == 1 and not through else ("", "")
    return {
        "kind": a.kind, "id": a.agreement, "name": a.name, "with": others, "how": f"through {through}" if through else "party", "since": since or a.signed,
        "until": "", "state": state, "level": level, "level_since": level_since or since or a.signed, "effect": a.effect, "rules": rules, "source": a.source,
        "confidence": a.confidence, "note": a.note,
    }  # fmt: skip


def _level(words: str) -> tuple[str, str]:
    """The closest level that a paper names, and the year from which it says it holds, if it does."""
    for name, pattern in LEVELS:
        if re.search(pattern, words):
            since = re.search(rf"(?:{pattern}) since (?P<year>\d{{4}})", words)
            return name, since["year"] if since else ""
    return "", ""


def _levels(rows: Iterable[dict[str, Any]], on: date | None) -> list[dict[str, Any]]:
    """The closest level that two states have agreed on by the day. A later paper that names a lower one takes nothing back."""
    order = {name: i for i, (name, _) in enumerate(LEVELS)}
    best: dict[str, dict[str, Any]] = {}
    for r in rows:
        reached = on is None or (r["state"] in ("in force", "signed") and _begun(r["level_since"] or "1000", on) is not False)
        if r["level"] and reached:
            partner = r["with"][0]
            told = {"partner": partner, "level": r["level"], "since": r["level_since"], "agreement": r["id"]}
            told |= {"source": r["source"], "confidence": r["confidence"]}
            if partner not in best or order[told["level"]] < order[best[partner]["level"]]:
                best[partner] = told
    return [best[p] for p in sorted(best)]


def _events(rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    found = []
    for r in rows:
        what = f"{r['how']} of {r['name']}" if r["kind"] == "membership" else r["name"]
        if r["since"]:
            found.append({"date": r["since"], "what": what, "id": r["id"]})
        if r["until"]:
            found.append({"date": r["until"], "what": f"no longer {what}", "id": r["id"]})
    return sorted(found, key=lambda e: (e["date"], e["id"], e["what"]))
