"""What binds a country to others on a day: memberships, agreements, the level of each partnership, and what they change in the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.ask.levels import LEVELS, levels_named
from keruen.case import Case
from keruen.check.countries import country_remedy
from keruen.dates import day_of, span
from keruen.errors import UsageError, did_you_mean, quote
from keruen.tables import Agreement, Membership, Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Relations", "is_paper", "relations"]

# Papers that need no ratification count from their signature.
_ON_SIGNATURE = ("declaration", "programme", "membership")
COLUMNS = ("kind", "id", "name", "with", "how", "signed", "since", "until", "state", "why", "level", "level_since", "effect", "rules", "source",
           "confidence", "note")  # fmt: skip


@dataclass(frozen=True)
class Relations:
    """What is known of a country's relations.

    rows: one a membership or agreement, in order of their first date. Keys: kind (membership, treaty, fta, declaration,
    programme, visa), id, name, with (the other parties; of a membership whoever has a place beside it), how (party, member,
    observer, partner, ..., or through whom), signed, since (when it took effect for this country), until (each as much of a date
    as is known, "" where nothing is), state (on ``on``: in force, signed, not yet, ended, cannot tell; "" without a day), why
    (it cannot be told), level and level_since, effect (what it changes, in words), rules ({rule, effect, in_force}: rules of the
    case that follow from it or look at the members of the organisation), source, confidence, note.
    levels: by partner the closest level agreed by then: partner, level ("" where none is sure), since, agreement, source,
    confidence, perhaps (a closer one that may have been reached by the day). events: {date, event, what, id, source, confidence}, in order.
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


def relations(case: Case, country: str, on: date | str | None = None, partner: str | None = None) -> Relations:
    """Agreements, memberships and partnership levels of a country.

    on: the state of each on that day. partner: only those with this country or organisation, itself or through an organisation.
    Raises UsageError for a country or partner of which the case knows nothing, and for a date that is none.

    >>> import keruen as kr
    >>> [(r["how"], r["state"]) for r in kr.relations(kr.load("kazakhstan"), "KZ", "2014-12-31").rows if r["id"] == "EAEU"]
    [('member', 'not yet')]
    """
    day = day_of(on)
    _known(case, country, "country")
    if partner is not None:
        _known(case, partner, "partner")
    rows = [_membership(case, m, day) for m in case.memberships if m.country == country]
    for a in case.agreements.values():
        if country in a.parties:
            rows.append(_agreement(case, a, country, None, day))
        else:
            rows += [_agreement(case, a, country, m, day) for m in case.memberships if _bound(a, m, country)]
    if partner is not None:
        rows = [shared for r in rows if (shared := _shared(case, r, country, partner, day))]
    rows.sort(key=lambda r: (min((d for d in (r["signed"], r["since"]) if d), default="9999"), r["kind"], r["id"]))
    return Relations(case.name, country, day, partner, tuple(rows), tuple(_levels(case, rows, day)), tuple(_events(rows)))


def is_paper(row: dict[str, Any]) -> bool:
    """Whether a row is an agreement (accessions to organisations among them), else a place in an organisation."""
    return str(row["how"]).startswith(("party", "through "))


def _known(case: Case, code: str, what: str) -> None:
    named = {p for a in case.agreements.values() for p in a.parties}
    known = named | {m.country for m in case.memberships} | {m.organisation for m in case.memberships} | {p.country for p in case.places.values()}
    if code not in known:
        hint = (country_remedy(code) if len(code) < 4 else "") or did_you_mean(code, known) or f"Parties to its agreements: {', '.join(sorted(named))}."
        raise UsageError(f"found the {what} {quote(code)}, expected one of which the case {quote(case.name)} knows something. {hint}")


def _begun(text: str, on: date) -> bool | None:
    """Whether a date has come by a day; None where only its month or year is known and the day lies in it."""
    first, last = span(text)
    return None if first <= on < last else on >= last


def _all(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def _stay(case: Case, m: Membership, on: date) -> tuple[bool | None, bool | None]:
    """Whether a membership has begun, and whether it has ended. Without a date it counts as far back as the case looks."""
    begun = _begun(m.since, on) if m.since else True if on.year >= case.first_year else None
    return begun, _begun(m.until, on) if m.until else False


def _before(until: str, since: str) -> bool:
    """Whether something had ended when something else began."""
    return bool(until and since) and span(until)[0] <= span(since)[0]


def _told(rule: Rule, on: date | None) -> dict[str, Any]:
    held = None if on is None else rule.status == "in_force" and (rule.valid_from or on) <= on <= (rule.valid_to or on)
    return {"rule": rule.rule, "effect": rule.effect, "in_force": held}


def _membership(case: Case, m: Membership, on: date | None) -> dict[str, Any]:
    named = [r for _, r in sorted(case.rules.items()) if any(w in (m.organisation, f"NON-{m.organisation}") for w in (*r.origin, *r.destination, *r.transit))]
    member = m.status == "member"
    effect = "rules look at its members, and at those that are none" if named and member else "changes nothing in the model"
    state, why = _state_of_membership(case, m, on) if on else ("", "")
    return {"kind": "membership", "id": m.organisation, "name": m.organisation, "with": _beside(case, m, on), "how": m.status, "signed": "",
            "since": m.since, "until": m.until, "state": state, "why": why, "level": "", "level_since": "", "effect": effect,
            "rules": [_told(r, on) for r in named] if member else [], "source": m.source, "confidence": m.confidence, "note": m.note}  # fmt: skip


def _state_of_membership(case: Case, m: Membership, on: date) -> tuple[str, str]:
    begun, ended = _stay(case, m, on)
    if ended:
        return "ended", ""
    if begun is None:
        return "cannot tell", f"began some time in {m.since}" if m.since else "since when is not known"
    if begun and ended is None:
        return "cannot tell", f"ended some time in {m.until}"
    return "in force" if begun else "not yet", ""


def _beside(case: Case, m: Membership, on: date | None) -> list[str]:
    """Who else has a place in the organisation: on the day, as far as can be told, or at any time of this membership."""
    found = set()
    for o in case.memberships:
        if o.organisation != m.organisation or o.country == m.country or o.status == "declined":
            continue
        begun, ended = _stay(case, o, on) if on else (not _before(m.until, o.since), _before(o.until, m.since))
        if begun is not False and not ended:
            found.add(o.country)
    return sorted(found)


def _in_force(a: Agreement) -> str:
    return a.in_force or (a.signed if a.kind in _ON_SIGNATURE else "")


def _bound(a: Agreement, m: Membership, country: str) -> bool:
    """Whether a membership makes its country a party: not if it ended before there was anything to be bound by.

    An accession binds the one that accedes.
    """
    first = min((d for d in (a.signed, _in_force(a)) if d), default="")
    return m.country == country and m.status == "member" and m.organisation in a.parties and a.kind != "membership" and not _before(m.until, first)


def _agreement(case: Case, a: Agreement, country: str, m: Membership | None, on: date | None) -> dict[str, Any]:
    """m: the membership through which the country is bound, None for a party."""
    since, signed, until = _in_force(a), a.signed, ""
    state, why = _state_of_agreement(case, a, m, on) if on else ("", "")
    if m is not None:
        until = m.until
        signed = "" if signed and m.since and span(signed)[1] < span(m.since)[0] else signed  # by the others, before it joined
        since = max(since, m.since, key=lambda d: span(d)[::-1]) if since and m.since else since
        since = "" if _before(until, since) else since
    others = sorted(p for p in a.parties if p != country)
    levels = levels_named(f"{a.name} {a.effect} {a.note}") if len(others) == 1 and m is None else []
    level, year = levels[0] if levels else ("", "")
    return {
        "kind": a.kind, "id": a.agreement, "name": a.name, "with": others, "how": f"through {m.organisation}" if m else "party", "signed": signed,
        "since": since, "until": until, "state": state, "why": why, "level": level, "level_since": level and (year or since or signed),
        "effect": a.effect, "rules": [_told(r, on) for _, r in sorted(case.rules.items()) if r.agreement == a.agreement], "source": a.source,
        "confidence": a.confidence, "note": a.note,
    }  # fmt: skip


def _state_of_agreement(case: Case, a: Agreement, m: Membership | None, on: date) -> tuple[str, str]:
    since = _in_force(a)
    joined, left = _stay(case, m, on) if m else (True, False)
    begun = _begun(since, on) if since else False
    signed = _begun(a.signed, on) if a.signed else False
    held, agreed = _all(joined, begun, left if left is None else not left), _all(joined, signed)
    if left:
        return "ended", ""
    if held is None or (not held and agreed is None) or not (since or a.signed):
        if not (since or a.signed):
            return "cannot tell", "no date is known"
        if m and None in (joined, left):
            return "cannot tell", f"{m.organisation}: {_state_of_membership(case, m, on)[1]}"
        return "cannot tell", f"took effect some time in {since}" if begun is None else f"signed some time in {a.signed}"
    return "in force" if held else "signed" if agreed else "not yet", ""


def _shared(case: Case, r: dict[str, Any], country: str, partner: str, on: date | None) -> dict[str, Any] | None:
    """The row if it is with the partner, itself or through an organisation of which the country is no member."""
    if partner in r["with"] or partner == r["id"]:
        return r
    if not is_paper(r):
        return None
    first = r["since"] or r["signed"]
    own = {m.organisation for m in case.memberships if m.country == country and m.status == "member"}
    for m in case.memberships:
        if m.country != partner or m.status != "member" or m.organisation not in r["with"] or m.organisation in own:
            continue
        begun, ended = _stay(case, m, on) if on else (True, _before(m.until, first))
        if begun is not False and not ended:
            return {**r, "how": f"{r['how']}; {partner} through {m.organisation}"}
    return None


def _levels(case: Case, rows: Iterable[dict[str, Any]], on: date | None) -> list[dict[str, Any]]:
    """The closest level that two states have agreed on by the day. A later paper that names a lower one takes nothing back."""
    order = {name: i for i, (name, _) in enumerate(LEVELS)}
    sure: dict[str, tuple[int, dict[str, Any]]] = {}
    perhaps: dict[str, tuple[int, dict[str, Any]]] = {}
    for r in rows:
        if not r["level"]:
            continue
        a, partner = case.agreements[r["id"]], r["with"][0]
        for level, year in levels_named(f"{a.name} {a.effect} {a.note}"):
            told = {"partner": partner, "level": level, "since": year or r["since"] or r["signed"], "agreement": a.agreement}
            told |= {"source": a.source, "confidence": a.confidence, "perhaps": ""}
            there = {"in force": True, "signed": True, "cannot tell": None}.get(r["state"], on is None)
            reached = _all(there, True if on is None or not told["since"] else _begun(told["since"], on))
            best = sure if reached else perhaps
            if reached is not False and (partner not in best or order[level] < best[partner][0]):
                best[partner] = order[level], told
    for partner, (rank, told) in perhaps.items():
        if partner not in sure:
            sure[partner] = rank, {**told, "level": "", "since": "", "perhaps": f"{told['level']}, since some time in {told['since']}"}
        elif rank < sure[partner][0]:
            sure[partner][1]["perhaps"] = f"{told['level']}, since some time in {told['since']} ({told['agreement']})"
    return [sure[p][1] for p in sorted(sure)]


def _events(rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    found = []
    for r in rows:
        if not is_paper(r):
            dated = [(r["since"], r["how"])]
        elif r["signed"] == r["since"]:
            dated = [(r["since"], "signed, in force")]
        else:
            dated = [(r["signed"], "signed"), (r["since"], "in force")]
        dated.append((r["until"], f"no longer {'bound' if is_paper(r) else r['how']}"))
        told = {"what": r["name"], "id": r["id"], "source": r["source"], "confidence": r["confidence"]}
        found += [{"date": day, "event": event, **told} for day, event in dated if day]
    return sorted(found, key=lambda e: (e["date"], e["id"], e["event"]))
