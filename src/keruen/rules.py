"""Rules and memberships -> which rules bind a flow from here to there in a year, and on which links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from keruen.case import Case
from keruen.reach import matches_mode
from keruen.scenario import Overlay
from keruen.tables import Commodity, Rule

__all__ = ["End", "RuleBook", "looks_at", "tax_usd"]


@dataclass(frozen=True, slots=True, order=True)
class End:
    """Where a flow begins or ends: a place and its country."""

    place: str
    country: str


class RuleBook:
    """The rules that bind the yearly network: in force on 1 July of the year and not switched off.

    A rule that names HS codes but no commodity, or an end use, decides about single shipments
    and is left to screening. Licences and monitoring cost nothing here; exemptions neither.
    """

    BINDING = ("forbid", "cap", "floor", "tax")

    def __init__(self, case: Case, overlay: Overlay, year: int) -> None:
        self._case = case
        self._year = year
        day = date(year, 7, 1)
        mine = [r for r in case.rules.values() if r.rule not in overlay.rules_off and r.status == "in_force"]
        rules = {r.rule: r for r in [*mine, *overlay.rules] if self._binds(r, day)}
        self.rules: tuple[Rule, ...] = tuple(rules[k] for k in sorted(rules))
        self._members = cache(lambda organisation: case.members(organisation, year))
        self._leaving = cache(self._about)
        self._crosses = cache(lambda words, countries: any(self.is_one_of(End("", c), words) for c in countries))

    def _binds(self, rule: Rule, day: date) -> bool:
        if rule.effect not in self.BINDING or rule.end_use or (rule.hs and not rule.commodities) or rule.unit == "head":
            return False
        return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or rule.valid_to >= day)

    def _about(self, commodity: str, origin: End) -> list[tuple[int, tuple[str, ...]]]:
        """Positions of the rules for what leaves here, and the destinations each names."""
        goods = ((i, r) for i, r in enumerate(self.rules) if not r.commodities or commodity in r.commodities)
        return [(i, r.destination) for i, r in goods if self.is_one_of(origin, r.origin)]

    def is_one_of(self, end: End, words: Sequence[str]) -> bool:
        """Whether an end is a place named, in a country named, or in a member of an organisation named.

        ``NON-X`` means anywhere but X, a country or an organisation.
        """
        return not words or any(self._is(end, word) for word in words)

    def _is(self, end: End, word: str) -> bool:
        if word in (end.place, end.country) or end.country in self._members(word):
            return True
        return word.startswith("NON-") and not self._is(end, word[4:])

    def matching(self, commodity: str, origin: End, destination: End) -> tuple[int, ...]:
        """Positions in ``rules`` of those that look at this flow."""
        return tuple(i for i, words in self._leaving(commodity, origin) if not words or self.is_one_of(destination, words))

    def on_some_links_only(self, rule: Rule) -> bool:
        """Whether the rule is about links; else it is about the flow as a whole, where it is delivered."""
        return bool(rule.links or rule.transit or rule.modes or rule.operators)

    def looks_at(self, rule: Rule, name: str, direction: str, track: str, operator: str, countries: Sequence[str]) -> bool:
        """Whether a rule about links looks at this link (or transfer) in this direction.

        ``direction`` is forward, back or transfer. All conditions given must hold.
        """
        return _this_way(rule, name, direction, track, operator) and (not rule.transit or self._crosses(rule.transit, tuple(countries)))


def looks_at(rule: Rule, name: str, direction: str, track: str, operator: str, in_transit: bool) -> bool:
    """Whether a rule about links looks at a link or transfer; ``in_transit``: it lies in one of the countries the rule names."""
    return (in_transit or not rule.transit) and _this_way(rule, name, direction, track, operator)


def _this_way(rule: Rule, name: str, direction: str, track: str, operator: str) -> bool:
    """All of it but the countries."""
    if rule.links and f"{name}:both" not in rule.links and (f"{name}:back" if direction == "back" else name) not in rule.links:
        return False
    if rule.operators and operator not in rule.operators:
        return False
    return not rule.modes or (direction != "transfer" and matches_mode(track, rule.modes))


def tax_usd(rule: Rule, commodity: Commodity) -> float:
    """What a tax costs a t, TEU or 1000 m3 in USD: an amount, a part of its value, and the time it takes."""
    hours = (rule.delay_hours or 0.0) / 24 * commodity.time_usd_per_day
    return (rule.amount_usd or 0.0) + (rule.per_cent or 0.0) / 100 * commodity.value_usd + hours
