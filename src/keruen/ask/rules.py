"""What each rule of the network costs: the plan with it beside the best plan without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.network import Network, build
from keruen.plan import rounded
from keruen.scenario import Scenario, without
from keruen.solve import Solution, solve
from keruen.solve.snapshot import Measures, Snapshot
from keruen.tables import Rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RuleCosts", "rule_costs"]

TINY = 1e-6
COLUMNS = ("rule", "title", "effect", "kind", "costs_musd", "moves_more", "goes_around", "source", "confidence")


@dataclass(frozen=True)
class RuleCosts:
    """rows: one a rule that some flow of the year meets, the dearest first. Keys: rule, title, effect, kind,
    costs_musd (how much better the year would be without it; below 0 where it pays), more (by commodity, what would
    arrive more without it, in its unit), instead (what flows do because of it: links that carry more with the rule
    than without), source, confidence. idle: rules that are met and cost nothing. unmet: rules in force that no flow meets.
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    objective_musd: float
    rows: tuple[dict[str, Any], ...]
    idle: tuple[str, ...]
    unmet: tuple[str, ...]

    def __repr__(self) -> str:
        dearest = f"; the dearest: {self.rows[0]['rule']}, {self.rows[0]['costs_musd']:,.0f} MUSD a year" if self.rows else ""
        return f"<RuleCosts {self.case} {self.year}: {len(self.rows)} rules bind, {len(self.idle)} are met and cost nothing{dearest}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a rule."""
        import pandas as pd

        rows = [{**row, "moves_more": {m["commodity"]: m["quantity"] for m in row["more"]}, "goes_around": [l["link"] for l in row["instead"]]}
                for row in self.rows]  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen rules --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "objective_musd": self.objective_musd,
            "rules": list(self.rows), "idle": list(self.idle), "unmet": list(self.unmet),
        })  # fmt: skip
        return found


def rule_costs(case: Case, year: int | None = None, *, scenario: Scenario | None = None, rules: Sequence[str] = ()) -> RuleCosts:
    """Solve a year without each rule in turn that its flows meet. rules: only these, by id.

    Raises UsageError for an id that is no rule of the year's network.

    >>> import keruen as kr
    >>> kr.rule_costs(kr.load("kazakhstan"), 2023, rules=["btc-contract-tengiz"]).rows[0]["effect"]
    'floor'
    """
    year = case.base_year if year is None else year
    under = scenario or Scenario()
    network = build(case, year, under)
    known = {rule.rule: rule for rule in network.rules}
    for name in rules:
        if name not in known:
            raise UsageError(f"'{name}' is no rule that binds flows in {year}. {did_you_mean(name, known)}".rstrip())
    base = solve(network, gap=0.0)
    now = Measures(base.program).of(base.x, base.objective)
    met = _met(network)
    rows, idle = [], []
    for name in rules or sorted(known):
        if name not in met:
            continue
        told = _without(case, year, under, known[name], base, now)
        if abs(told["costs_musd"]) > TINY:
            rows.append(told)
        else:
            idle.append(name)
    rows.sort(key=lambda r: (-r["costs_musd"], r["rule"]))
    return RuleCosts(case.name, year, under.names, base.objective, tuple(rows), tuple(idle), tuple(sorted(set(rules or known) - met)))


def _met(network: Network) -> frozenset[str]:
    """Rules that some flow group matches, and those that bar a flow altogether."""
    matched = {network.rules[r].rule for group in network.groups for r in group.rules}
    return frozenset(matched | {rule.rule for rule in network.rules if rule.effect == "forbid"})


def _without(case: Case, year: int, under: Scenario, rule: Rule, base: Solution, now: Snapshot) -> dict[str, Any]:
    network = build(case, year, under + without(rule=rule.rule))
    free = solve(network, gap=0.0)
    then = Measures(free.program).of(free.x, free.objective)
    more = [{"commodity": c, "quantity": q - now.delivered[c], "unit": network.commodities[c].unit}
            for c, q in sorted(then.delivered.items()) if q - now.delivered[c] > TINY]  # fmt: skip
    edges = {e.label: e for e in network.edges if e.direction != "transfer"}
    gains = sorted(((q - then.flow.get(key, 0.0), key) for key, q in now.flow.items() if key[0] in edges), key=lambda g: (-g[0], g[1]))
    instead: list[dict[str, Any]] = []
    for quantity, (label, commodity) in gains:
        # Links in a row carry the same; one of them stands for all.
        if quantity > TINY and len(instead) < 3 and not any(abs(l["more"] - quantity) <= 1e-3 * quantity for l in instead):
            instead.append({"link": label, "commodity": commodity, "more": quantity})
    return {"rule": rule.rule, "title": rule.title, "effect": rule.effect, "kind": rule.kind, "costs_musd": base.objective - free.objective,
            "more": more, "instead": instead, "source": rule.source, "confidence": rule.confidence}  # fmt: skip
