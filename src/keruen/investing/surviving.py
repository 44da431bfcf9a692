"""Closures a plan must live through: how they are named, the frontier of budget against loss, and the price of the insurance."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keruen.ask.closing import KINDS, Thing, things_of
from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.investing.desk import Desk
from keruen.investing.worlds import Closures
from keruen.scenario import Scenario, find_scenario
from keruen.solve.choosing import Choice, Wish

__all__ = ["Threats", "frontier", "insurance", "threats_of"]

MOST_POINTS = 12
INF = float("inf")


@dataclass(frozen=True)
class Threats:
    """What may happen: things that may close, and scenarios, by name. words: as asked."""

    words: tuple[str, ...]
    things: tuple[Thing, ...]
    scenarios: dict[str, Scenario]


def threats_of(case: Case, words: Sequence[str]) -> Threats:
    """``any-link``, ``any-country``, ... or a scenario of the case, a TOML file, or a list of those in a CSV or text file."""
    things: list[Thing] = []
    scenarios: dict[str, Scenario] = {}
    for word in words:
        kind = word.removeprefix("any-")
        if kind != word and kind in KINDS and kind != "event":
            things += things_of(case, kind)
        elif word == "any-event":
            scenarios |= {name: find_scenario(name, case) for name in sorted(case.scenario_files)}
        elif Path(word).suffix.lower() in (".csv", ".txt"):
            scenarios |= {name: find_scenario(name, case) for name in _listed(Path(word))}
        elif word.endswith(".toml") or word in case.scenario_files:
            scenarios[word] = find_scenario(word, case)
        else:
            known = [*(f"any-{k}" for k in KINDS), *case.scenario_files]
            raise UsageError(f"nothing to survive is called '{word}'. {did_you_mean(word, known)} Expected {', '.join(f'any-{k}' for k in KINDS)}, a "
                             "scenario of the case, a .toml file, or a .csv or .txt file that lists scenarios.".replace("  ", " "))  # fmt: skip
    return Threats(tuple(words), tuple(dict.fromkeys(things)), dict(sorted(scenarios.items())))


def _listed(path: Path) -> list[str]:
    """Names in the column ``scenario``, or in the first one, of a file."""
    if not path.is_file():
        raise UsageError(f"there is no file '{path}'; expected a list of scenarios, one a line")
    try:
        rows = [r for r in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if r and r[0].strip() and not r[0].startswith("#")]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"'{path}' cannot be read as a list of scenarios in UTF-8: {error}") from error
    at = rows[0].index("scenario") if rows and "scenario" in rows[0] else 0
    body = rows[1:] if rows and "scenario" in rows[0] else rows
    names = [r[at].strip() for r in body if len(r) > at]
    if not names:
        raise UsageError(f"'{path}' lists no scenario; expected one a line, such as russia-closed")
    return names


def frontier(desk: Desk, wish: Wish, watch: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
    """Least tonnes that the worst closure can take, by money spent: every plan that more money betters, the cheapest first."""
    assert desk.lost is not None
    points: list[dict[str, Any]] = []
    budget = wish.capex_most
    worst = replace(desk.lost, weight=1.0)
    for _ in range(MOST_POINTS):
        best = desk.choose(Wish((worst,), barred=wish.barred, capex_most=budget, aim="columns"))
        if best.status == "infeasible" or not best.values:
            break
        level = best.values[0]
        cheap = desk.choose(Wish((replace(desk.lost, upper=level * (1 + 1e-6) + 1e-6),), barred=wish.barred, capex_most=budget, aim="capex"))
        units = cheap.units if cheap.values else best.units
        points.append(_point(desk, units, cheap.capex if cheap.values else best.capex))
        if watch:
            watch(f"frontier at {points[-1]['capex_musd']:,.0f} MUSD")
        if points[-1]["capex_musd"] <= 0:
            break
        budget = points[-1]["capex_musd"] * (1 - 1e-6) - 1e-6
        if budget < 0:
            break
    if points and points[-1]["capex_musd"] > 0:
        points.append(_point(desk, np.zeros((len(desk.items), len(desk.worlds.terms.years)), np.int64), 0.0))
    points.reverse()
    return [q for i, q in enumerate(points) if i == 0 or q["lost_mt"] < points[i - 1]["lost_mt"] - 1e-6]


def _point(desk: Desk, units: Any, capex: float) -> dict[str, Any]:
    closures = desk.closures
    assert closures is not None
    losses = closures.losses(desk.chooser.service(units)[:, -1])
    worst = losses[0] if losses else None
    return {"capex_musd": capex, "lost_mt": worst.lost_mt if worst else 0.0, "closed": list(worst.closed) if worst else [],
            "projects": [desk.items[p].name for p in np.flatnonzero(units.sum(axis=1)).tolist()]}  # fmt: skip


def insurance(desk: Desk, closures: Closures, plan: Choice, plain: Choice) -> dict[str, Any]:
    """What living through the closures costs, and what it saves while one lasts all year, against the plan without that wish.

    Losses of both plans are counted from the open year of the plan without that wish.
    """
    costs = desk.worlds.costs[-1]
    open_cost = costs.at(desk.chooser.service(plain.units)[:, -1]).value
    told: dict[str, dict[str, Any]] = {}
    for word, choice in (("with", plan), ("without", plain)):
        z = desk.chooser.service(choice.units)[:, -1]
        harm = {members: value - open_cost for members, value in closures.costs_closed(z, costs).items()}
        worst = max(harm, key=lambda k: (harm[k], k)) if harm else ()
        losses = closures.losses(z)
        told[word] = {
            "capex_musd": choice.capex, "npv_musd": desk.plain(choice.units).npv,
            "worst_closed": list(worst), "worst_musd": harm.get(worst, 0.0), "expected_musd": float(np.mean(list(harm.values()))) if harm else 0.0,
            "worst_lost_mt": losses[0].lost_mt if losses else 0.0,
        }  # fmt: skip
    a, b = told["with"], told["without"]
    return {"with": a, "without": b, "capex_more_musd": a["capex_musd"] - b["capex_musd"], "npv_less_musd": b["npv_musd"] - a["npv_musd"],
            "worst_avoided_musd": b["worst_musd"] - a["worst_musd"], "expected_avoided_musd": b["expected_musd"] - a["expected_musd"],
            "worst_avoided_mt": b["worst_lost_mt"] - a["worst_lost_mt"], "closures": len(closures.names) + len(closures.others)}  # fmt: skip
