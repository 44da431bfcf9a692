"""What people call from Python: load a case, ask it things."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keruen.case
from keruen.check import load_case
from keruen.errors import UsageError, did_you_mean
from keruen.network import build
from keruen.plan import Plan
from keruen.scenario import Scenario, find_scenario
from keruen.solve import GAP, solve

__all__ = ["Case", "load"]

BEHAVIOURS = ("planner", "shippers")


class Case(keruen.case.Case):
    """A case that can be asked questions."""

    def solve(
        self, year: int | None = None, scenario: Scenario | str | list[str] | None = None, *, behaviour: str = "planner", engine: str = "auto",
        gap: float = GAP, verify: bool = False,
    ) -> Plan:  # fmt: skip
        """The plan of a year (the base year if none is given) under a scenario.

        scenario: what :func:`keruen.close` and its sisters return, or names of scenarios of the case
        or of TOML files. behaviour: planner (least total cost) or shippers (what shippers would do: choice by
        path-size logit, queues; docs/shippers.md). engine: arcs, paths or auto; gap: how far above its bound, relative,
        paths and shippers may stop (docs/engine.md). Raises ScenarioError, UsageError or SolveError.

        >>> import keruen as kr
        >>> plan = kr.load("kazakhstan").solve(2023, kr.close(country="RU"))
        >>> plan.status
        'optimal'
        """
        if behaviour not in BEHAVIOURS:
            hint = did_you_mean(behaviour, BEHAVIOURS)
            raise UsageError(f"behaviour '{behaviour}' is not known; choose {' or '.join(BEHAVIOURS)}. {hint}".strip())
        if isinstance(scenario, (str, list)):
            combined = Scenario()
            for name in [scenario] if isinstance(scenario, str) else scenario:
                combined = combined + find_scenario(name, self)
            scenario = combined
        network = build(self, self.base_year if year is None else year, scenario)
        if behaviour == "planner":
            return Plan(solve(network, engine=engine, gap=gap, verify=verify))
        if engine != "auto" or verify:
            raise UsageError("behaviour shippers has one engine of its own and no second formulation; leave engine and verify out")
        from keruen.solve.shippers import solve_shippers

        return Plan(solve_shippers(network, gap=gap))


def load(case: str | Path) -> Case:
    """A case by shipped name or folder. Raises CaseError with every problem found, UsageError if there is no such case.

    >>> import keruen as kr
    >>> kr.load("kazakhstan").home
    'KZ'
    """
    found = load_case(case)
    return Case(**{f.name: getattr(found, f.name) for f in dataclasses.fields(found)})
