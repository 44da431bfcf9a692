"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

if TYPE_CHECKING:
    import pandas as pd

    from keruen.plan import Plan

__all__ = ["comparison_text", "plan_text", "shares_text", "table"]

MOST_ROWS = 15


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    """A plain table; numbers to four significant digits, nothing for None."""
    return str(tabulate([[_cell(v) for v in row] for row in rows], headers=list(header), tablefmt="simple", disable_numparse=True,
                        colalign=[_side(rows, i) for i in range(len(header))] if rows else None))  # fmt: skip


def _side(rows: Sequence[Sequence[Any]], i: int) -> str:
    values = [r[i] for r in rows if r[i] is not None]
    return "right" if values and all(isinstance(v, (int, float)) for v in values) else "left"


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.0f} %"


def plan_text(plan: Plan, *, countries: bool = True) -> str:
    """The plan in a page: totals, exports, shares, bottlenecks, shortages, published figures."""
    data = plan.to_dict(countries=countries)
    name = " + ".join(data["scenario"]) or "base"
    certificate = data["certificate"]
    proof = f"largest violation {certificate['max_violation']:.1e}, gap {certificate['relative_gap']:.1e}"
    proof += f"; solved on {data['engine'].split(':')[0]}"
    if "verified" in certificate:
        proof += f", second formulation differs by {certificate['verified']:.1e}"
    parts = [
        f"{data['case']} {data['year']}, {name} ({data['behaviour']})",
        f"moving and missing cost {data['cost_musd']:,.0f} MUSD; objective {data['objective_musd']:,.1f} MUSD; {proof}",
    ]
    parts += [f"note: {note}" for note in data["notes"]]
    columns = ("commodity", "unit", "offered", "moved", "left_behind", "unmet")
    moved = [[c[name] for name in columns] for c in data["commodities"] if c["offered"] or c["unmet"] or c["made"]]
    parts.append("\nWhat moves\n" + table(moved, ["commodity", "unit", "offered", "moved", "left behind", "unmet demand"]))
    exports = [[e["commodity"], e["unit"], e["wanted"], e["moved"]] for e in data["exports"]]
    parts.append("\nExports of the home country\n" + table(exports,
                                                         ["commodity", "unit", "wanted", "moved"]))  # fmt: skip
    if data["countries"]:
        parts.append(
            "\nWhose land exports cross: share in this plan, least and greatest in any plan at most 0.1 % dearer\n"
            + shares_text(data["countries"], "country")
        )
    binding = [x for x in data["limits"] if x["price_musd_per_unit"] > 1e-6]
    parts.append("\nBottlenecks: what one more unit would be worth\n" + table(
        [[x["limit"], x["kind"], x["load"], x["capacity"], x["unit"], x["price_musd_per_unit"], x["one_more_musd"], x["price_holds_to"],
          "degenerate" if x["degenerate"] else ""] for x in binding[:MOST_ROWS]],
        ["limit", "kind", "load", "capacity", "unit", "price MUSD", "one more, MUSD", "holds to", ""]) + _more(binding))  # fmt: skip
    short = [s for s in data["shortages"] if s["quantity"] > 1e-6]
    if short:
        parts.append("\nWhat could not move, and why\n" + table(
            [[s["side"], s["id"], s["commodity"], s["quantity"], s["unit"], _clip("; ".join(s["because"]))] for s in short[:MOST_ROWS]],
            ["side", "id", "commodity", "quantity", "unit", "because"]) + _more(short))  # fmt: skip
    seen = [s for s in data["screenlines"] if s["use"] == "main"]
    if seen and not data["scenario"]:
        parts.append(f"\nAgainst published figures of {data['year']}\n" + table(
            [[s["screenline"], s["unit"], s["plan"], s["published"], s["difference"], s["confidence"]] for s in seen],
            ["screenline", "unit", "plan", "published", "difference", "confidence"]))  # fmt: skip
    return "\n".join(parts)


def _clip(text: str, most: int = 150) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _more(rows: Sequence[object]) -> str:
    return f"\n... and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""


def shares_text(rows: Sequence[dict[str, Any]], name: str) -> str:
    """Shares as percentages, and what would go around where that was asked."""
    header = [name, "commodity", "share", "least", "greatest"]
    cells = [[r[name], r["commodity"], _percent(r["share"]), _percent(r["share_min"]), _percent(r["share_max"])] for r in rows]
    if rows and "around" in rows[0]:
        header += ["through it", "can go around", "at USD more", "cannot", "unit"]
        cells = [[*c, r["through"], r["around"], r["around_usd"], r["lost"], r["unit"]] for c, r in zip(cells, rows, strict=True)]
    return table(cells, header)


def comparison_text(frame: pd.DataFrame, most: int = 60) -> str:
    """What changed between two plans."""
    rows = [list(r) for r in frame.itertuples(index=False)]
    text = table(rows[:most], list(frame.columns))
    return text + (f"\n... and {len(rows) - most} more (write --format csv for all)" if len(rows) > most else "")
