"""On whom exports depend: shares by transit country, place or operator, as ranges, and what could go around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keruen.errors import UsageError, did_you_mean
from keruen.plan import Plan
from keruen.solve.shares import LEAST_SHOWN, NEAR, Shares, touching
from keruen.units import MUSD_PER_UNIT

__all__ = ["dependence"]

SELECTORS = ("country", "place", "operator")
TINY = 1e-7


def dependence(plan: Plan, by: str = "country", commodities: Sequence[str] = (), near: float = NEAR) -> list[dict[str, Any]]:
    """Share of home exports that touches each country (place, operator): in the plan, least and greatest; and without it.

    by: country, place or operator. commodities: only these, all exported ones if empty.
    near: how much dearer than the best a plan may be. Rows: commodity, the name asked by, share, share_min,
    share_max; and if these exports had to avoid it: ``around``, of what goes ``through`` it in the plan (in the
    commodity's unit) how much would leave by other ways, ``lost`` the rest, and ``around_usd``, what a t, TEU or
    1000 m3 of ``around`` would cost more (None where nothing goes around): the best plan that avoids it beside the
    best one that exports as much and need not. The most exposed first.
    Raises UsageError for unknown words.
    """
    if by not in SELECTORS:
        raise UsageError(f"cannot list by '{by}'; choose {', '.join(SELECTORS)}. {did_you_mean(by, SELECTORS)}".strip())
    n = plan.network
    for name in commodities:
        if name not in n.commodities:
            raise UsageError(f"there is no commodity '{name}'. {did_you_mean(name, n.commodities)} Known: {', '.join(n.commodities)}.")
    rows = []
    for entry in plan.exports.to_dict("records"):
        commodity = entry["commodity"]
        if entry["moved"] <= TINY or (commodities and commodity not in commodities):
            continue
        shares = Shares(plan.solution, commodity, near)
        for name in shares.countries() if by == "country" else _names(plan, by, commodity):
            edges = touching(n, by, name)
            share = shares.of(edges)
            if share is None or share.most < LEAST_SHOWN:
                continue
            c, around = n.commodities[commodity], shares.around(edges)
            dearer = None if around.dearer is None else round(around.dearer / MUSD_PER_UNIT[c.unit], 4)
            rows.append({by: name, "commodity": commodity, "share": round(share.plan, 9), "share_min": round(share.least, 9),
                         "share_max": round(share.most, 9), "unit": c.unit, "through": round(around.through, 9), "around": round(around.around, 9),
                         "lost": round(around.through - around.around, 9), "around_usd": dearer})  # fmt: skip
    return sorted(rows, key=lambda r: (r["commodity"], -r["share_min"], -r["share_max"], r[by]))


def _names(plan: Plan, by: str, commodity: str) -> list[str]:
    """Places and operators are many: those the plan uses are asked about."""
    n = plan.network
    edges = {e for e, c in plan.edge_flows if c == commodity}
    if by == "operator":
        return sorted({n.edges[e].operator for e in edges if n.edges[e].operator})
    return sorted({n.vertices[v][0] for e in edges for v in (n.edges[e].tail, n.edges[e].head)})

