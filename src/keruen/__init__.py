"""keruen: stress-test a country's trade routes.

Names are loaded when first used, so that ``import keruen`` and ``keruen --help`` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from keruen.api import Case, load
    from keruen.ask.dependence import dependence
    from keruen.ask.invest import Invest, invest
    from keruen.ask.relations import Relations, relations
    from keruen.ask.rules import RuleCosts, rule_costs
    from keruen.ask.sample import Sample, sample
    from keruen.ask.sensitivity import Sensitivity, sensitivity
    from keruen.ask.stress import Stress, stress
    from keruen.ask.trade import Trade, trade
    from keruen.ask.why import Numbers, Why, numbers, why
    from keruen.ask.worst import WorstClosures, worst
    from keruen.court.judge import Claims, claims
    from keruen.errors import CaseError, KeruenError, ScenarioError, SolveError, UnitError, UsageError
    from keruen.plan import Plan
    from keruen.scenario import Scenario, add, close, scale, set_value, with_rules, without
    from keruen.screening import screen
    from keruen.solve.delays import Delays
    from keruen.solve.equilibrium import Assignment, EquilibriumAnswer, solve_equilibrium
    from keruen.solve.flows import Multiflow, solve_multiflow

_HOME = {
    "Invest": "ask.invest", "invest": "ask.invest", "Numbers": "ask.why", "numbers": "ask.why",
    "Sensitivity": "ask.sensitivity", "sensitivity": "ask.sensitivity", "Why": "ask.why", "why": "ask.why",
    "Case": "api", "load": "api", "Plan": "plan", "Scenario": "scenario", "add": "scenario", "close": "scenario", "scale": "scenario",
    "set_value": "scenario", "without": "scenario", "screen": "screening", "CaseError": "errors", "KeruenError": "errors", "ScenarioError": "errors",
    "SolveError": "errors", "UnitError": "errors", "UsageError": "errors", "dependence": "ask.dependence", "Sample": "ask.sample",
    "sample": "ask.sample", "Claims": "court.judge", "claims": "court.judge", "Relations": "ask.relations", "relations": "ask.relations",
    "RuleCosts": "ask.rules", "rule_costs": "ask.rules", "with_rules": "scenario", "Stress": "ask.stress", "stress": "ask.stress",
    "WorstClosures": "ask.worst", "worst": "ask.worst", "Trade": "ask.trade", "trade": "ask.trade", "Multiflow": "solve.flows",
    "solve_multiflow": "solve.flows", "Assignment": "solve.equilibrium", "Delays": "solve.delays", "EquilibriumAnswer": "solve.equilibrium",
    "solve_equilibrium": "solve.equilibrium",
}  # fmt: skip

__all__ = [
    "Assignment", "Case", "CaseError", "Claims", "Delays", "EquilibriumAnswer", "Invest", "KeruenError", "Multiflow", "Numbers", "Plan", "Relations",
    "RuleCosts", "Sample", "Scenario", "ScenarioError", "Sensitivity", "SolveError", "Stress", "Trade", "UnitError", "UsageError", "Why",
    "WorstClosures", "add", "claims", "close", "dependence", "invest", "load", "numbers", "relations", "rule_costs", "sample", "scale", "screen",
    "sensitivity", "set_value", "solve_equilibrium", "solve_multiflow", "stress", "trade", "why", "with_rules", "without", "worst",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"keruen.{_HOME[name]}"), name)
    raise AttributeError(f"module 'keruen' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
