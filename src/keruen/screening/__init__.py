"""Who may carry what, where, when: rules asked about single shipments.

``Book`` holds the rules of a case, ``verdict`` decides, ``quotas`` counts, ``ways`` finds a lawful way around,
``screener`` puts them together for the rows of a frame (``screen``), of a file (``screen_file``) or one sentence
(``explain``). The meaning is in docs/screening.md.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from keruen.case import Case
from keruen.dates import day_of

if TYPE_CHECKING:
    import pandas as pd

    from keruen.scenario import Scenario

__all__ = ["screen"]


def screen(frame: pd.DataFrame, case: Case, on: date | str | None = None, *, around: bool = True, rules: Scenario | None = None) -> pd.DataFrame:
    """Screen shipments against the rules of a case.

    frame: one row a shipment, with the columns shipment, hs, origin, destination and, where they are known, via, mode, date,
    contract_date, quantity, unit, value_usd, end_use (text, as in a file of ``keruen screen``). on: the day of shipments
    without a date. around: look for a lawful way around for those that a transit rule forbids.
    rules: rules switched off or laid on top (``without``, ``with_rules``).

    Returns the frame with verdict (forbidden, licence, monitor, ask, clear or invalid), rules, sources, in_force, missing,
    around and problem behind it. Raises UsageError where a needed column is missing.
    """
    from keruen.files.lines import as_text
    from keruen.screening.quotas import used_up
    from keruen.screening.screener import ADDED, Screener, columns_at

    kept = frame[[c for c in frame.columns if str(c).strip().lower() not in ADDED]]
    names = [str(c) for c in kept.columns]
    at = columns_at(names, "the frame")
    columns = [["" if v is None or v != v else as_text(v) for v in kept.iloc[:, i].tolist()] for i in range(len(names))]
    rows = [list(cells) for cells in zip(*columns, strict=True)]
    screener = Screener(case, at, len(names), day_of(on), around, rules)
    full = used_up(screener.book, (note for number, row in enumerate(rows) for note in screener.count(number, row)))
    answers = [screener.screen(row, full.get(number, ())) for number, row in enumerate(rows)]
    out = kept.copy()
    for i, name in enumerate(ADDED):
        out[name] = [answer[i] for answer in answers]
    return out
