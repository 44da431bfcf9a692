"""One shipment and the rules, in words."""

from __future__ import annotations

import textwrap
from datetime import date

from keruen.case import Case
from keruen.scenario import Scenario
from keruen.screening.book import Book, Entry
from keruen.screening.shipment import Shipment
from keruen.screening.verdict import decide
from keruen.screening.ways import Ways

__all__ = ["explain"]

WIDTH = 110
MISSES = 5
WHAT_TO_DO = {
    "forbidden": "Forbidden: a rule in force stops it.",
    "licence": "Licence: it may go with a licence.",
    "monitor": "Monitor: it may go, under watch or with a clause in its papers.",
    "ask": "Ask: a rule may stop it, and what is said of the shipment does not tell.",
    "clear": "Clear: no rule of this case stops it. That no rule is found is no clearance by any authority.",
}


def _said(s: Shipment, day: date | None) -> str:
    parts = [f"{s.hs[:4]}{'.' + s.hs[4:6] if len(s.hs) > 4 else ''}{s.hs[6:]}", f"{s.origin} to {s.destination}"]
    parts += [f"via {' > '.join(s.via)}"] if s.via else []
    parts += [f"by {' or '.join(sorted(s.modes)).replace('_', ' ')}"] if s.modes else []
    parts += [f"on {day}"] if day else []
    parts += [f"contract of {s.contract}"] if s.contract else []
    parts += [f"{s.quantity:g} {s.unit}".strip()] if s.quantity is not None else []
    parts += [f"for {s.end_use}"] if s.end_use else []
    return ", ".join(parts)


def _told(entry: Entry, more: str = "") -> list[str]:
    r = entry.rule
    span = f"from {r.valid_from or 'long ago'}" + (f" to {r.valid_to}" if r.valid_to else ", no end known")
    status = "" if r.status == "in_force" else f", {r.status}"
    lines = [f"  {r.rule}: {r.effect}{status}", f"      {r.title}", f"      {span}; source {r.source}, confidence {r.confidence}"]
    lines += [f"      {more}"] if more else []
    lines += textwrap.wrap(r.note, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return lines


def explain(case: Case, s: Shipment, on: date | None = None, rules: Scenario | None = None) -> str:
    """The verdict on one shipment, what decided it, what would settle it, what was set aside, and a way around."""
    day = s.day or on
    if day is None:
        return f"{_said(s, day)}\nAsk: the rules change with time, so a date is needed: add it, or give --on."
    book = Book(case, rules)
    term = book.term(day)
    verdict = decide(book, s, term)
    lines = [_said(s, day), WHAT_TO_DO[verdict.verdict]]
    if verdict.missing:
        lines += ["", "What would settle it", *(f"  - {m}" for m in verdict.missing)]
    certain = [i for i in verdict.rules if i not in verdict.open]
    if verdict.verdict == "clear":
        _section(lines, book, "Exempted by", certain)
    else:
        _section(lines, book, "Open" if verdict.verdict == "ask" else "", [i for i in verdict.rules if i in verdict.open])
        _section(lines, book, "Decided by" if verdict.verdict != "ask" else "Holds in any case", certain)
    _section(lines, book, "Quotas it counts towards", list(verdict.caps))
    _section(lines, book, "Less strict, and open", [i for i in verdict.open if i not in verdict.rules])
    _section(lines, book, "Set aside by an exemption", list(verdict.lifted))
    _section(lines, book, "Set aside by a longer code of the same act", list(verdict.beaten))
    if s.via and any(book.entries[i].rule.transit for i in verdict.rules) and verdict.verdict in ("forbidden", "ask"):
        way = Ways(book, book.case_year(day)).around(s, term)
        lines += ["", f"A way around by the network: {way}" if way else "The network has no way around that raises no such question."]
    _near_misses(lines, book, s, term, verdict.rules + verdict.open + verdict.lifted + verdict.beaten + verdict.caps)
    return "\n".join(lines)


def _section(lines: list[str], book: Book, title: str, entries: list[int]) -> None:
    if entries and title:
        lines += ["", title, *(line for i in entries for line in _told(book.entries[i]))]


def _near_misses(lines: list[str], book: Book, s: Shipment, term: int, seen: tuple[int, ...]) -> None:
    """Rules about these goods and ends that do not hold now: other days, ways, modes or uses; and those that were denied."""
    inside, finer = book.goods(s.hs)
    bits = (inside | finer) & book.end(s.origin, term, True) & book.end(s.destination, term, False)
    missed = []
    for i in book.of(bits):
        rule = book.entries[i].rule
        if i in seen or rule.effect == "exempt":
            continue
        if not book.in_force(term) >> i & 1:
            missed.append((rule, "not in force on the day"))
        elif rule.transit and s.via:
            missed.append((rule, "does not go that way"))
        elif book.asks(i, s, term)[0] is False and not rule.transit:
            missed.append((rule, "its mode, end use, quantity or contract is another"))
    denied = [e.rule for e in book.asides if (not e.hs or any(s.hs.startswith(p) for p in e.hs)) and book.is_in(s.origin, e.rule.origin, term)
              and book.is_in(s.destination, e.rule.destination, term)]  # fmt: skip
    if missed or denied:
        lines += ["", "Looked at and not binding"]
        for rule, why in missed[:MISSES]:
            lines.append(f"  {rule.rule} ({rule.effect}, {rule.valid_from or ''}..{rule.valid_to or ''}): {why}")
        if len(missed) > MISSES:
            lines.append(f"  and {len(missed) - MISSES} more")
        lines += [f"  {r.rule} ({r.effect}): {r.status}; {r.note}" for r in denied]
