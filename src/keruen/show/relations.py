"""Relations of a country, as text: what holds on a day, or the whole time line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.relations import Relations

__all__ = ["relations_text"]

MOST = 6
NAME = 70
STATES = ("in force", "signed", "cannot tell", "not yet", "ended")


def relations_text(found: Relations) -> str:
    """The level with each partner, then memberships and agreements; without a day, in the order they came."""
    who = f"{found.case}: {found.country}" + (f" and {found.partner}" if found.partner else "")
    lines = [f"{who}, {f'on {found.on}' if found.on else 'all that is known, in order of time (with --on DATE: what holds that day)'}"]
    if not found.rows:
        return lines[0] + "\n\nNothing is known."
    if found.levels:
        lines += ["", "Level of relations, by the paper that first reached it",
                  table([[v["partner"], v["level"], v["since"], v["agreement"], v["source"], v["confidence"]] for v in found.levels],
                        ["with", "level", "since", "agreement", "source", "confidence"])]  # fmt: skip
    header = ["since", "until", "what", "with", "as", "changes", "source", "confidence"]
    if found.on is None:
        lines += ["", table([_row(r) for r in found.rows], header)]
    else:
        for state in STATES:
            rows = [_row(r) for r in found.rows if r["state"] == state]
            if rows:
                lines += ["", {"signed": "Signed, entry into force not seen by then", "cannot tell": "Cannot tell: the date is not known well enough"}.get(
                    state, state.capitalize()), table(rows, header)]  # fmt: skip
    return "\n".join(lines)


def _row(r: dict[str, Any]) -> list[str]:
    others = r["with"]
    parties = ", ".join(others[:MOST]) + (f" and {len(others) - MOST} more" if len(others) > MOST else "")
    name = r["name"] if len(r["name"]) <= NAME else r["name"][: NAME - 1] + "…"
    return [r["since"] or "?", r["until"], name, parties, r["how"], _changes(r), r["source"], r["confidence"]]


def _changes(r: dict[str, Any]) -> str:
    if r["rules"]:
        held = [x["rule"] for x in r["rules"] if x["in_force"] is not False]
        told = f"{len(r['rules'])} rule{'s' if len(r['rules']) > 1 else ''}"
        told += f", {len(held)} in force" if len(held) < len(r["rules"]) else ""
        return told + (f": {', '.join(held[:2])}{', ...' if len(held) > 2 else ''}" if held else "")
    return "" if r["effect"].startswith("changes nothing") else (r["effect"] if len(r["effect"]) <= NAME else r["effect"][: NAME - 1] + "…")
