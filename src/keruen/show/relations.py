"""Relations of a country, as text: what holds on a day, or the whole time line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from keruen.ask.relations import is_paper
from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.relations import Relations

__all__ = ["relations_text"]

MOST = 8
STATES = {
    "in force": "In force",
    "signed": "Signed, entry into force not seen by then",
    "cannot tell": "Cannot tell: the date is not known well enough",
    "not yet": "Not yet",
    "ended": "Ended",
}
NOTHING = "nothing yet"


def relations_text(found: Relations) -> str:
    """The level with each partner, then the time line; on a day, memberships and agreements by their state."""
    who = f"{found.case}: {found.country}" + (f" and {found.partner}" if found.partner else "")
    lines = [f"{who}, {f'on {found.on}' if found.on else 'all that is known, in order of time (with --on DATE: what holds that day)'}"]
    if not found.rows:
        return lines[0] + "\n\nThe tables have no membership and no agreement here: it is not known whether there is any."
    lines += _levels(found)
    lines += _on_a_day(found) if found.on else _time_line(found)
    if any(_model(r) == NOTHING for r in found.rows):
        lines += ["", f"In the model: rules that follow from it or look at members; '{NOTHING}': it changes nothing in the model yet."]
    return "\n".join(lines)


def _levels(found: Relations) -> list[str]:
    if not found.levels:
        return []
    header = ["with", "level", "since", "paper", "source", "confidence"]
    rows = [[v["partner"], v["level"] or "cannot tell", v["since"], v["agreement"], v["source"], v["confidence"]] for v in found.levels]
    if any(v["perhaps"] for v in found.levels):
        header.append("perhaps by then")
        rows = [[*row, v["perhaps"]] for row, v in zip(rows, found.levels, strict=True)]
    return ["", "Level of relations, by the paper that first reached it", table(rows, header)]


def _time_line(found: Relations) -> list[str]:
    """Every dated event; what a tie changes is told where it takes effect."""
    ties = {(r["id"], "" if is_paper(r) else r["how"]): r for r in found.rows}
    rows, told = [], set()
    for e in reversed(found.events):
        key = (e["id"], e["event"].removeprefix("no longer "))
        r = ties.get(key) or ties[e["id"], ""]
        # The last of its beginnings: the way back through time meets it first.
        full = not e["event"].startswith("no longer") and id(r) not in told
        told |= {id(r)} if full else set()
        rows.append([e["date"], e["event"], *_cells(r, full), f"{e['source']} ({e['confidence']})"])
    lines = ["", table(rows[::-1], ["date", "", "what", "with", "as", "in the model", "in words", "source (confidence)"])]
    undated = [[*_cells(r, True), f"{r['source']} ({r['confidence']})"] for r in found.rows if not (r["signed"] or r["since"] or r["until"])]
    if undated:
        lines += ["", "Since when is not known", table(undated, ["what", "with", "as", "in the model", "in words", "source (confidence)"])]
    return lines


def _on_a_day(found: Relations) -> list[str]:
    lines = []
    for state, title in STATES.items():
        first = {"signed": "signed", "not yet": "date"}.get(state, "since")
        there = sorted(((_first(r, first), r) for r in found.rows if r["state"] == state), key=lambda f: f[0] or "9999")
        if not there:
            continue
        header = [first, "until", "what", "with", "as", "in the model", "in words", "source (confidence)"]
        rows = [[day or "?", r["until"], *_cells(r, True), f"{r['source']} ({r['confidence']})"] for day, r in there]
        if state == "cannot tell":
            header = [*header[2:], "why"]
            rows = [[*row[2:], _fold(r["why"], 24)] for row, (_, r) in zip(rows, there, strict=True)]
        elif not any(row[1] for row in rows):
            header = [header[0], *header[2:]]
            rows = [[row[0], *row[2:]] for row in rows]
        lines += ["", title, table(rows, header)]
    return lines


def _first(r: dict[str, Any], column: str) -> str:
    """The date of a row in a table; in that of what is to come, of what comes next."""
    return str((r["signed"] or r["since"]) if column == "date" else r[column])


def _cells(r: dict[str, Any], full: bool) -> list[str]:
    """What, with, as, in the model, in words."""
    others: Sequence[str] = r["with"]
    parties = ", ".join(others[:MOST]) + (f" and {len(others) - MOST} more" if len(others) > MOST else "")
    words = r["effect"] if full and is_paper(r) else ""
    return [_fold(f"{r['id']} {r['name']}" if is_paper(r) else r["name"], 40), _fold(parties, 18), _fold(r["how"].replace("; ", ";\n"), 16),
            _fold(_model(r), 26) if full else "", _fold(words, 44)]  # fmt: skip


def _model(r: dict[str, Any]) -> str:
    """How many rules, what they do, how many of them are in force on the day, and the first of them by name."""
    rules = r["rules"]
    if not rules:
        return NOTHING
    effects = ", ".join(f"{n} {effect}" for effect, n in sorted(Counter(x["effect"] for x in rules).items()))
    told = f"{len(rules)} rule{'s' if len(rules) > 1 else ''} ({effects})"
    held = [x["rule"] for x in rules if x["in_force"] is not False]
    if rules[0]["in_force"] is not None:
        told += f", {len(held) or 'none'} in force"
    return told + (f": {', '.join(held[:2])}{', ...' if len(held) > 2 else ''}" if held else "")


def _fold(text: str, width: int) -> str:
    return "\n".join(line for part in text.split("\n") for line in wrap(part, width, break_on_hyphens=False) or [""])
