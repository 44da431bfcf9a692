"""keruen: stress-test a country's trade routes.

Names are loaded when first used, so that ``import keruen`` and ``keruen --help`` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from keruen.api import Case, load
    from keruen.errors import CaseError, KeruenError, ScenarioError, SolveError, UnitError, UsageError
    from keruen.plan import Plan
    from keruen.scenario import Scenario, add, close, scale, set_value, without

_HOME = {
    "Case": "api", "load": "api", "Plan": "plan", "Scenario": "scenario", "add": "scenario", "close": "scenario", "scale": "scenario",
    "set_value": "scenario", "without": "scenario", "CaseError": "errors", "KeruenError": "errors", "ScenarioError": "errors",
    "SolveError": "errors", "UnitError": "errors", "UsageError": "errors",
}  # fmt: skip

__all__ = [
    "Case", "CaseError", "KeruenError", "Plan", "Scenario", "ScenarioError", "SolveError", "UnitError", "UsageError", "add", "close", "load",
    "scale", "set_value", "without",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"keruen.{_HOME[name]}"), name)
    raise AttributeError(f"module 'keruen' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
