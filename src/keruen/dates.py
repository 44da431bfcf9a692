"""Days, and dates of which only the year or the month is known."""

from __future__ import annotations

import calendar
from datetime import date

from keruen.errors import UsageError, quote

__all__ = ["day_of", "span"]


def day_of(on: date | str | None) -> date | None:
    """A day from itself or from ``2024-05-01``. Raises UsageError."""
    if on is None or isinstance(on, date):
        return on
    try:
        return date.fromisoformat(on if len(on) == 10 else "")
    except ValueError:
        raise UsageError(f"found the date {quote(on)}, expected a day of the calendar written year-month-day, such as 2024-05-01") from None


def span(text: str) -> tuple[date, date]:
    """First and last day of ``2024``, ``2024-05`` or ``2024-05-01``.

    >>> span("2024-02")
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    """
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    last = month or 12
    return date(year, month or 1, day or 1), date(year, last, day or calendar.monthrange(year, last)[1])
