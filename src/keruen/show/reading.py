"""Proposed claims on the terminal."""

from __future__ import annotations

import textwrap
from typing import Any

from keruen.reading.propose import Proposal, Reading

__all__ = ["plain", "reading_table"]

ABOUT = 46


def plain(value: Any) -> Any:
    """A value as a cell: whole numbers without a point, nothing for None."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.10g}")
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is None else value


def _reading(p: Proposal) -> str:
    if p.unit in ("date", "year"):
        return p.unit
    number = "" if p.value is None else f"{p.value:,.10g}"
    return " ".join(w for w in (number, p.unit) if w)


def reading_table(reading: Reading, document: str, stripped: bool) -> str:
    from tabulate import tabulate

    day = f", dated {reading.today}" if reading.today else ", no date found: give --date to resolve words such as this year"
    kinds = sum(p.unit in ("date", "year") for p in reading.proposals)
    figures = len(reading.proposals) - kinds
    head = f"{document}: {figures} figure{'s' * (figures != 1)} and {kinds} date{'s' * (kinds != 1)} proposed; language {reading.language}{day}"
    head += f"; {len(reading.stripped)} lines left out"
    rows = [[p.locator, p.figure_text if len(p.figure_text) < 34 else p.figure_text[:32] + "…", _reading(p), p.wording, p.period,
             " ".join((*p.countries, *p.places, *p.organisations, *p.commodities))[:24], textwrap.shorten(p.about, ABOUT, placeholder=" …")]
            for p in reading.proposals]  # fmt: skip
    lines = [head]
    if rows:
        lines += ["", tabulate(rows, headers=("where", "figure", "read as", "wording", "period", "names", "about"), tablefmt="simple", disable_numparse=True)]
    if stripped:
        shown = [[s.line.number, s.reason, textwrap.shorten(s.line.text, 60, placeholder=" …")] for s in reading.stripped]
        lines += ["", "Left out", "", tabulate(shown, headers=("line", "why", "text"), tablefmt="simple", disable_numparse=True) if shown else "nothing"]
    lines += ["", "Proposed, not checked: read each in its sentence (--format csv) before it enters a case."] if rows else []
    return "\n".join(lines)
