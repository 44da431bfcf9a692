"""The rules of a case, made ready to be asked about single shipments.

Which rules look at a shipment's goods, ends and date is found with one bit a rule; what else a rule
asks (way, mode, end use, contract) is answered yes, no or not told.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

from keruen.case import Case
from keruen.dates import span
from keruen.reach import matches_mode
from keruen.scenario import Scenario, lay
from keruen.screening.hs import EDITIONS, hs_editions
from keruen.screening.shipment import Shipment, in_tonnes
from keruen.tables import Rule

__all__ = ["Book", "Entry"]

SCREENED = ("forbid", "licence", "monitor", "cap", "exempt")
MOST_KEPT = 100_000
ASIDE = ("denied", "expired")
_STOP = frozenset(("a", "an", "and", "any", "for", "from", "goods", "in", "is", "items", "of", "on", "or", "other", "the", "to", "with"))
_NOT = frozenset({"not", "no", "non", "without", "unlisted", "uncontrolled"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule in the book. ``hs``: its prefixes, from its commodities where it names none itself; empty: any goods."""

    rule: Rule
    hs: tuple[str, ...]
    act: str

    @property
    def decides(self) -> bool:
        return self.rule.status == "in_force"


def _whole(code: str) -> str:
    """A code without what does not divide it further: 381121 00 is all of 381121, 7404 00 all of 7404."""
    while len(code) > 4 and code.endswith("00"):
        code = code[:-2]
    return code


class Book:
    """The rules of a case that can be asked about single shipments.

    ``scenario``: only its rules count, those switched off and those laid on top.
    Left out: rules about single links, operators or places, floors and taxes (they are the network's), rules
    that were denied or have expired (see ``asides``). What is contested, indicative, announced or proposed stays in, but
    never decides alone.
    """

    def __init__(self, case: Case, scenario: Scenario | None = None) -> None:
        self.case = case
        overlay = lay(scenario or Scenario(), case)
        rules = {r.rule: r for r in case.rules.values() if r.rule not in overlay.rules_off} | {r.rule: r for r in overlay.rules}
        kept = [r for _, r in sorted(rules.items()) if r.effect in SCREENED and not r.links and not r.operators and self._about_goods(r)]
        self.entries = tuple(Entry(r, self._hs(r), r.act or r.rule) for r in kept if r.status not in ASIDE)
        self.asides = tuple(Entry(r, self._hs(r), r.act or r.rule) for r in kept if r.status in ASIDE)
        self.about_way = self._bits([bool(e.rule.transit) for e in self.entries])
        self.about_mode = self._bits([bool(e.rule.modes) for e in self.entries])
        self.about_use = self._bits([bool(e.rule.end_use) for e in self.entries])
        self.about_contract = self._bits([e.rule.contract_before is not None for e in self.entries])
        self.about_quantity = self._bits([e.rule.quantity is not None for e in self.entries])
        self.caps = self._bits([e.rule.effect == "cap" for e in self.entries])
        self._origins: dict[tuple[str, ...], int] = {}
        self._destinations: dict[tuple[str, ...], int] = {}
        for i, e in enumerate(self.entries):
            self._origins[e.rule.origin] = self._origins.get(e.rule.origin, 0) | 1 << i
            self._destinations[e.rule.destination] = self._destinations.get(e.rule.destination, 0) | 1 << i
        self._contract_days = sorted({e.rule.contract_before for e in self.entries if e.rule.contract_before})
        self._sizes = sorted({e.rule.quantity for e in self.entries if e.rule.effect == "exempt" and e.rule.quantity is not None})
        self._kinds: dict[str, int] = {}
        self._kind_of: dict[tuple[object, ...], int] = {}
        self._by_way: dict[tuple[tuple[str, ...], int], int] = {}
        self._by_mode: dict[frozenset[str], tuple[int, int]] = {}
        self._by_use: dict[str, tuple[int, int]] = {}
        self._by_contract: dict[tuple[int, ...], tuple[int, int]] = {}
        self._terms: dict[int, int] = {}
        self._ends: dict[tuple[str, str, int], int] = {}
        self._hs_bits: dict[str, tuple[int, int]] = {}
        self._day_bits: dict[int, int] = {}
        self._end_bits: dict[tuple[str, int, bool], int] = {}
        self._groups: dict[tuple[str, int], frozenset[str]] = {}

    @staticmethod
    def _about_goods(rule: Rule) -> bool:
        return bool(rule.hs or rule.commodities or rule.end_use or rule.kind in ("law", "sanction"))

    def _hs(self, rule: Rule) -> tuple[str, ...]:
        codes = rule.hs or {code for c in rule.commodities for code in self.case.commodities[c].hs}
        return tuple(sorted({_whole(code) for code in codes}))

    # --- days: between two of these, rules and members are the same ------------------------------------

    @cached_property
    def _turns(self) -> list[int]:
        days = {e.rule.valid_from for e in self.entries if e.rule.valid_from}
        days |= {e.rule.valid_to + timedelta(1) for e in self.entries if e.rule.valid_to}
        days |= {span(t)[0] for m in self.case.memberships for t in (m.since, m.until) if t}
        return sorted(d.toordinal() for d in days)

    def term(self, day: date) -> int:
        """The number of the span of days, between two changes, that a day lies in."""
        ordinal = day.toordinal()
        found = self._terms.get(ordinal)
        if found is None:
            found = self._terms[ordinal] = bisect_right(self._turns, ordinal)
        return found

    def _a_day_of(self, term: int) -> date:
        return date.fromordinal(self._turns[term - 1] if term else max(1, self._turns[0] - 1) if self._turns else 1)

    def case_year(self, day: date) -> int:
        """The year of a day, or the nearest that the case has."""
        return min(max(day.year, self.case.first_year), self.case.last_year)

    def members(self, organisation: str, term: int) -> frozenset[str]:
        key = (organisation, term)
        if key not in self._groups:
            self._groups[key] = self.case.members_on(organisation, self._a_day_of(term))
        return self._groups[key]

    def is_in(self, country: str, words: Sequence[str], term: int) -> bool:
        """Whether a country is named, or is a member of an organisation named; ``NON-X`` is anywhere but X. No words: any."""
        return not words or any(self._is(country, word, term) for word in words)

    def _is(self, country: str, word: str, term: int) -> bool:
        if word == country or country in self.members(word, term):
            return True
        return word.startswith("NON-") and not self._is(country, word[4:], term)

    # --- bits: one for each entry ----------------------------------------------------------------------

    def _bits(self, wanted: Sequence[bool]) -> int:
        return sum(1 << i for i, yes in enumerate(wanted) if yes)

    def goods(self, hs: str) -> tuple[int, int]:
        """(entries whose codes hold this one, entries whose codes are finer than it and may hold it)."""
        if hs not in self._hs_bits:
            inside = [not e.hs or any(hs.startswith(p) for p in e.hs) for e in self.entries]
            old = self.is_old(hs)
            finer = [not yes and any(p.startswith(hs) or (old and len(p) > 4 and p[:4] == hs[:4]) for p in e.hs)
                     for yes, e in zip(inside, self.entries, strict=True)]  # fmt: skip
            self._hs_bits[hs] = self._bits(inside), self._bits(finer)
        return self._hs_bits[hs]

    # Shipments of the same kind in every respect that some rule asks about are judged once: see Screener.

    def kind_of_goods(self, hs: str) -> int:
        """A number that codes share which no rule tells apart."""
        found = self._kinds.get(hs)
        if found is None:
            inside, finer = self.goods(hs)
            told = (inside, finer, self.is_old(hs), *(self.depth(i, hs) for i in self.of(inside)))
            found = self._kinds[hs] = self._kind_of.setdefault(told, len(self._kind_of))
        return found

    def by_way(self, via: tuple[str, ...], term: int) -> int:
        """Bits of the entries about transit that do not look at this way."""
        key = (via, term)
        found = self._by_way.get(key)
        if found is None:
            found = self._by_way[key] = self._bits([not self._goes(e.rule, via, term) for e in self.entries])
        return found

    def by_mode(self, modes: frozenset[str]) -> tuple[int, int]:
        """Bits of the entries that these modes rule out, and of those they leave open."""
        if modes not in self._by_mode:
            self._by_mode[modes] = self._answers([_mode(e.rule, modes)[0] for e in self.entries])
        return self._by_mode[modes]

    def by_use(self, end_use: str) -> tuple[int, int]:
        """Bits of the entries that this end use rules out, and of those it leaves open."""
        found = self._by_use.get(end_use)
        if found is None:
            if len(self._by_use) > MOST_KEPT:
                self._by_use.clear()
            found = self._by_use[end_use] = self._answers([_use(e.rule, end_use)[0] for e in self.entries])
        return found

    def by_contract(self, contract: date | None, day: date | None) -> tuple[int, int]:
        """Bits of the entries that the day of the contract rules out, and of those it leaves open."""
        kind = tuple(-1 if (made := _made(contract, day, limit)) is None else int(made >= limit) for limit in self._contract_days)
        if kind not in self._by_contract:
            self._by_contract[kind] = self._answers([_contract(e.rule, contract, day)[0] for e in self.entries])
        return self._by_contract[kind]

    def _answers(self, answers: Sequence[bool | None]) -> tuple[int, int]:
        return self._bits([a is False for a in answers]), self._bits([a is None for a in answers])

    def kind_of_quantity(self, quantity: float | None, unit: str) -> tuple[object, ...]:
        """What rules about quantities can see of one: whether it is told, its unit, and which sizes it is above."""
        tonnes = in_tonnes(quantity, unit)
        return quantity is None, unit, None if tonnes is None else bisect_left(self._sizes, tonnes)

    @staticmethod
    def is_old(hs: str) -> bool:
        """Whether only older editions than the newest have this code: what it became may stand elsewhere under its heading."""
        return len(hs) >= 6 and EDITIONS[-1] not in hs_editions(hs)

    def in_force(self, term: int) -> int:
        if term not in self._day_bits:
            day = self._a_day_of(term)
            self._day_bits[term] = self._bits([_covers(e.rule, day) for e in self.entries])
        return self._day_bits[term]

    def end(self, country: str, term: int, origin: bool) -> int:
        key = (country, term, origin)
        if key not in self._end_bits:
            asked = self._origins if origin else self._destinations
            self._end_bits[key] = sum(bits for words, bits in asked.items() if self.is_in(country, words, term))
        return self._end_bits[key]

    def looking(self, hs: str, origin: str, destination: str, term: int) -> int:
        """Bits of the entries that look at goods, ends and day of a shipment."""
        key = (origin, destination, term)
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = self.in_force(term) & self.end(origin, term, True) & self.end(destination, term, False)
        inside, finer = self.goods(hs)
        return (inside | finer) & ends

    def of(self, bits: int) -> list[int]:
        """Positions of the bits that are set."""
        found = []
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return found

    # --- what else a rule asks --------------------------------------------------------------------------

    def depth(self, i: int, hs: str) -> int:
        """Digits of the longest of the entry's prefixes that holds this code; 0 where it names none or only finer ones."""
        return max((len(p) for p in self.entries[i].hs if hs.startswith(p)), default=0)

    def may_hold(self, i: int, hs: str) -> bool:
        """Whether this code may be inside the entry's codes, but is too short, or too old, to tell."""
        return bool(self.goods(hs)[1] >> i & 1)

    def asks(self, i: int, s: Shipment, term: int) -> tuple[bool | None, tuple[str, ...]]:
        """Whether an entry that looks at a shipment holds for it: True, False, or None with what is missing to tell."""
        rule, missing = self.entries[i].rule, []
        if not self._goes(rule, s.via, term):
            return False, ()
        if self.may_hold(i, s.hs):
            missing.append(f"hs of the edition of {EDITIONS[-1]}" if self.is_old(s.hs) else "hs with more digits")
        for answer, lack in (_mode(rule, s.modes), _use(rule, s.end_use), _contract(rule, s.contract, s.day), _quantity(rule, s)):
            if answer is False:
                return False, ()
            if answer is None:
                missing.append(lack)
        return (None, tuple(missing)) if missing else (True, ())

    def _goes(self, rule: Rule, via: tuple[str, ...], term: int) -> bool:
        return not rule.transit or any(self.is_in(c, rule.transit, term) for c in via)


def _covers(rule: Rule, day: date) -> bool:
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day <= rule.valid_to)


# Answers: yes, no, or None with what is missing to tell.


def _mode(rule: Rule, modes: frozenset[str]) -> tuple[bool | None, str]:
    if not rule.modes:
        return True, ""
    if not modes:
        return None, f"mode: is it {' or '.join(rule.modes)}"
    return any(matches_mode(m, rule.modes) for m in modes), ""


def _use(rule: Rule, said: str) -> tuple[bool | None, str]:
    if not rule.end_use:
        return True, ""
    text, other = rule.end_use, "other than "
    if other in text:
        names = text.split(other, 1)[1]
        return (not _names(names, said), "") if said else (None, f"end_use: is it for {names.replace(';', ', ')}")
    if said and _names(text, said):
        return not _denies(said), ""
    if rule.end_use_kind == "claim":
        return False, ""
    missing = f"end_use: is it {text.replace(';', ', ')}"
    if rule.end_use_kind == "list":
        return (False if _denies(said) else None), missing
    return (False, "") if said else (None, missing)


def _made(contract: date | None, day: date | None, limit: date) -> date | None:
    """When a contract was made, as far as it matters: what was shipped before a day was signed before it."""
    return contract or (day if day and day < limit else None)


def _contract(rule: Rule, contract: date | None, day: date | None) -> tuple[bool | None, str]:
    if rule.contract_before is None:
        return True, ""
    made = _made(contract, day, rule.contract_before)
    return (None, f"contract_date: is it before {rule.contract_before}") if made is None else (made >= rule.contract_before, "")


def _quantity(rule: Rule, s: Shipment) -> tuple[bool | None, str]:
    """An exempt row may be for small shipments only; a cap counts in its own unit."""
    if rule.quantity is None:
        return True, ""
    amount = counted(rule, s)
    if rule.effect != "exempt":
        return (True, "") if amount is not None else (None, f"quantity in {rule.unit}")
    return (True, "") if amount is None else (amount <= rule.quantity, "")


def counted(rule: Rule, s: Shipment) -> float | None:
    """How much of a rule's quantity a shipment is, in the rule's unit; None where its own unit does not tell."""
    if rule.unit in ("t", "Mt"):
        tonnes = in_tonnes(s.quantity, s.unit)
        return tonnes if rule.unit == "t" or tonnes is None else tonnes / 1e6
    same = s.unit.strip().lower() in {rule.unit.lower(), *(("heads", "pcs", "animals") if rule.unit == "head" else ())}
    return s.quantity if same else None


def _words(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+", text.lower().replace("dual-use", "dualuse").replace("dual use", "dualuse"))
    return [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words]


@lru_cache(maxsize=100_000)
def _names(phrases: str, text: str) -> bool:
    """Whether a text names one of the phrases: has all of its words, or is a part of it."""
    said = {w for w in _words(text) if w not in _STOP and w not in _NOT}
    if not said:
        return False
    meant = [{w for w in _words(p) if w not in _STOP} for p in phrases.split(";")]
    return any(m and (m <= said or said <= m) for m in meant)


@lru_cache(maxsize=10_000)
def _denies(text: str) -> bool:
    return any(w in _NOT for w in _words(text))
