"""Two plans side by side: what changed, in quantities, money and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from keruen.plan import Plan

__all__ = ["compare"]

TINY = 1e-6
COLUMNS = ("what", "name", "unit", "base", "plan", "change")


def compare(plan: Plan, base: Plan) -> pd.DataFrame:
    """Rows (what, name, unit, base, plan, change); only what differs."""
    import pandas as pd

    before, after = _facts(base), _facts(plan)
    rows = []
    for key in sorted(set(before) | set(after)):
        a, b = before.get(key, 0.0), after.get(key, 0.0)
        if abs(a - b) > TINY:
            order, what, name, unit = key
            rows.append((order, what, name, unit, a, b, b - a))
    rows.sort(key=lambda r: (r[0], r[1], -abs(r[6]), r[2]))
    return pd.DataFrame([r[1:] for r in rows], columns=list(COLUMNS))


def _facts(plan: Plan) -> dict[tuple[int, str, str, str], float]:
    """Everything compared, by (order, what, name, unit)."""
    facts: dict[tuple[int, str, str, str], float] = {}

    def put(order: int, what: str, name: str, unit: str, value: float) -> None:
        key = (order, what, name, unit)
        facts[key] = facts.get(key, 0.0) + value

    for row in plan._exports:
        put(0, "exports", row["commodity"], row["unit"], row["moved"])
    for row in plan._commodities:
        put(1, "left behind", row["commodity"], row["unit"], row["left_behind"])
        put(2, "unmet demand", row["commodity"], row["unit"], row["unmet"])
    put(3, "money", "objective", "MUSD", plan.objective_musd)
    put(3, "money", "cost of moving and missing", "MUSD", plan.cost_musd)
    for commodity, days in _mean_days(plan).items():
        put(4, "mean days on the way", commodity, "days", days)
    for row in plan._screenlines:
        if row["plan"] is not None and row["use"] in ("main", ""):
            facts[(5, "route", row["screenline"], row["unit"])] = row["plan"]
    for row in plan._flows:
        for country in row["countries"]:
            put(6, f"{row['commodity']} by country", country, row["unit"], row["quantity"])
    for row in plan._links:
        put(7, f"{row['commodity']} on link", f"{row['link']}{':back' if row['direction'] == 'back' else ''}", row["unit"], row["flow"])
    return facts


def _mean_days(plan: Plan) -> dict[str, float]:
    total: dict[str, list[float]] = {}
    for row in plan._flows:
        pair = total.setdefault(row["commodity"], [0.0, 0.0])
        pair[0] += row["quantity"]
        pair[1] += row["quantity"] * row["days"]
    return {c: d / q for c, (q, d) in sorted(total.items()) if q > 0}


def as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A comparison as plain data."""
    return [dict(zip(COLUMNS, values, strict=True)) for values in frame.itertuples(index=False)]
