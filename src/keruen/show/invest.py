"""What to build as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.invest import Invest

__all__ = ["head_lines", "invest_text", "rest_words"]

STATUS = {
    "optimal": "no choice is better by more than {gap}",
    "stopped": "stopped early: another choice may be better by up to {gap}",
    "nearest": "what was asked cannot be had; the plan comes nearest to it, proven within {gap}",
}


def invest_text(found: Invest, top: int) -> str:
    """The decision first, then each project, what else could be, and what it rests on."""
    lines = [*head_lines(found), "", _chosen(found)]
    if found.targets:
        lines += ["", "Targets", table([[t["target"], str(t["year"]), "met" if t["met"] else "out of reach"] for t in found.targets], ["target", "year", ""])]
    if found.survive:
        lines += ["", *_survive(found.survive)]
    if found.insurance:
        lines += ["", *_insurance(found.insurance)]
    known = [r for r in found.projects if r["capex_musd"] is not None]
    if known:
        lines += [
            "",
            "Projects with a known cost (MUSD of the first year; worth in the plan: of a chosen one with it, of another on top of it)",
            table(
                [_known(r) for r in known[:top]],
                ["project", "cost", "built", "worth alone", "in the plan", "worth it up to", "relieves", "useful beside", "spoilt by"],
            ),
            _more(known, top),
        ]
    worth = [r for r in found.unknown if r["break_even_musd"] is None or r["break_even_musd"] > 0]
    if worth:
        lines += [
            "",
            "Cost unknown, so left out of the decision: it would belong to the plan if it cost less than",
            table(
                [[r["project"], r["break_even_musd"], str(r["earliest"]), _names(r["partners"]), _guessed(r)] for r in worth[:top]],
                ["project", "MUSD", "earliest", "useful beside", "guessed"],
            ),
            _more(worth, top),
        ]
    never = [r["project"] for r in found.unknown if r["break_even_musd"] == 0]
    if never:
        lines += ["", f"Cost unknown, and of no use even for nothing, as the case stands: {', '.join(never)}."]
    if found.frontier and found.frontier["points"]:
        lines += ["", *_frontier(found.frontier, top)]
    if found.projects:
        lines += [
            "",
            "What the choice rests on: numbers that would change it within their range"
            if found.rests
            else "What the choice rests on: no cost, effect or discount rate changes it on its own within its range.",
        ]
    if found.rests:
        lines += [table([rest_words(r) for r in found.rests[:top]], ["number", "now", "changes at", "range", "kind", "then"]), _more(found.rests, top)]
    out = {name: why for name, why in found.out.items() if why != "not asked about"}
    if out:
        lines += ["", f"Cannot be decided: {_grouped(out)}."]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join(line for i, line in enumerate(lines) if line or (i and lines[i - 1]))


def head_lines(found: Invest) -> list[str]:
    """What was decided, how well it is proven, and by which terms."""
    name = " + ".join(found.scenario) or "base"
    t = found.terms
    guess = {"discount": "discount rate", "lead_years": "years of building", "life_years": "years a project lasts"}
    guessed = [words for key, words in guess.items() if key in t["guessed"]]
    exact = found.status == "optimal" and found.gap <= 1e-9
    proof = "proven: no choice is better" if exact else STATUS[found.status].format(gap=f"{100 * found.gap:.2g} %")
    checked = "" if found.verified is None else f", a second formulation differs by {found.verified:.1e}"
    least = "least capex" if found.least == "capex" else "least cost"
    budget = "" if found.budget_musd is None else f" of a budget of {found.budget_musd:,.0f}"
    first = (
        f"{found.case} {name}, what to build from {found.first_year} to {found.last_year}: {found.capex_musd:,.0f} MUSD{budget}, "
        f"net present value {found.npv_musd:,.0f} MUSD"
    )
    return [
        first,
        f"{least}; {proof}{checked}; money of {found.first_year}, discount rate {100 * t['discount']:.3g} %, "
        f"{t['lead_years']} years of building and {t['life_years']} of service where no row says" + (f" (guesses: {', '.join(guessed)})" if guessed else ""),
    ]


def _chosen(found: Invest) -> str:
    if not found.chosen:
        return "Nothing is worth building." if found.status == "optimal" and not found.targets and not found.survive else "Nothing needs to be built."
    rows = [[str(c["year"]), c["project"], c["name"], f"{c['units']} of {c['of_units']}" if c["of_units"] > 1 else "", c["capex_musd"]] for c in found.chosen]
    return "To build\n" + table(rows, ["in service", "project", "what", "units", "cost MUSD"])


def _known(r: dict[str, Any]) -> list[Any]:
    even = "any cost" if r["indispensable"] else r["break_even_musd"]
    relieves = "; ".join(f"{x['limit']} {x['price_before']:.3g} to {x['price_after']:.3g}" for x in r["relieves"][:2])
    return [
        r["project"],
        r["capex_musd"],
        str(r["year"]) if r["year"] else "no",
        r["npv_alone_musd"],
        r["npv_in_plan_musd"],
        even if isinstance(even, str) else f"{even:,.0f}",
        relieves,
        _names(r["partners"]),
        _names(r["rivals"] or [{"project": n} for n in r["ruled_out_by"]]),
    ]


def _names(rows: Sequence[dict[str, Any]]) -> str:
    return ", ".join(r["project"] for r in rows[:2]) + (f", +{len(rows) - 2}" if len(rows) > 2 else "")


def _guessed(r: dict[str, Any]) -> str:
    return ", ".join(g.removesuffix("_musd").removesuffix("_years") for g in r["guessed"] if g != "capex_musd")


def _survive(s: dict[str, Any]) -> list[str]:
    words = f"Closures to live through: {', '.join(s['by'])}{', any two of them' if s['deep'] > 1 else ''}"
    lines = [
        f"{words}. Of {s['moved_mt']:,.4g} Mt a year that home sells abroad or takes in, at most {s['allowed_mt']:,.3g} may be out of reach; "
        f"the worst takes {s['lost_mt']:,.3g} Mt"
    ]
    return [
        *lines,
        table([[" + ".join(l["closed"]), l["lost_mt"], f"{100 * l['lost_mt'] / s['moved_mt']:.1f} %"] for l in s["losses"][:5]], ["closed", "Mt lost", ""]),
    ]


def _insurance(i: dict[str, Any]) -> list[str]:
    a, b = i["with"], i["without"]
    rows = [
        [word, x["capex_musd"], x["npv_musd"], x["worst_lost_mt"], " + ".join(x["worst_closed"]), x["worst_musd"], x["expected_musd"]]
        for word, x in (("with it", a), ("without", b))
    ]
    head = (
        f"The price of that insurance: {i['capex_more_musd']:,.0f} MUSD more to build, net present value {i['npv_less_musd']:,.0f} MUSD less. A year of the "
        f"worst closure costs {i['worst_avoided_musd']:,.0f} MUSD less, a year of any of the {i['closures']} (all as likely) {i['expected_avoided_musd']:,.0f}"
    )
    return [head, table(rows, ["", "capex", "net present value", "worst Mt lost", "worst closure", "its year, MUSD", "mean of all, MUSD"])]


def _frontier(f: dict[str, Any], top: int) -> list[str]:
    words = f"Budget against the worst loss by {', '.join(f['by'])}{', any two' if f['deep'] > 1 else ''} (of {f['moved_mt']:,.4g} Mt)"
    rows = [
        [
            p["capex_musd"],
            p["lost_mt"],
            f"{100 * p['lost_mt'] / f['moved_mt']:.1f} %" if f["moved_mt"] else "",
            " + ".join(p["closed"]),
            ", ".join(p["projects"]) or "nothing",
        ]
        for p in f["points"][:top]
    ]
    return [words, table(rows, ["MUSD", "Mt lost at worst", "", "by", "built"])]


def rest_words(r: dict[str, Any]) -> list[str]:
    """A number the choice rests on, in words."""
    then = "; ".join([*(f"{n} comes in" for n in r["enters"]), *(f"{n} drops out" if n != "no plan fits" else n for n in r["leaves"])])
    return [r["number"], f"{r['value']:,.4g} {r['unit']}", f"{r['changes_at']:,.4g}", f"{r['low']:,.4g} to {r['high']:,.4g}", r["kind"], then]


def _grouped(out: dict[str, str]) -> str:
    by: dict[str, list[str]] = {}
    for name, why in out.items():
        by.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in sorted(by.items(), key=lambda g: (-len(g[1]), g[0])))


def _more(rows: Sequence[object], top: int) -> str:
    return f"... and {len(rows) - top} more (--top N, or --format json or csv for all)" if len(rows) > top else ""
