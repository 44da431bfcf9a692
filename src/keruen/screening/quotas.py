"""Quotas over a whole file: which shipments still fit, counted in order of date, then of row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from keruen.screening.book import Book, counted
from keruen.screening.shipment import Shipment
from keruen.screening.verdict import Verdict

__all__ = ["Full", "Note", "notes", "used_up"]

A_YEAR = timedelta(366)
Note = tuple[int, int, date, int, float]  # entry of the book, period, day, row, amount
Full = dict[int, tuple[int, ...]]  # row: entries of the book whose quota has no room for its shipment


def notes(book: Book, row: int, s: Shipment, day: date, verdict: Verdict) -> list[Note]:
    """What a shipment takes of quotas; nothing if it is forbidden anyway.

    A quota runs over the term of its rule if that is at most a year (period 0), else over each calendar year.
    """
    if verdict.verdict == "forbidden":
        return []
    found = []
    for i in verdict.caps:
        rule = book.entries[i].rule
        amount = counted(rule, s)
        assert amount is not None, "a cap holds only for shipments that can be counted"
        bounded = rule.valid_from and rule.valid_to and rule.valid_to - rule.valid_from <= A_YEAR
        found.append((i, 0 if bounded else day.year, day, row, amount))
    return found


def used_up(book: Book, noted: Iterable[Note]) -> Full:
    """Rows whose shipment does not fit a quota any more. What does not fit is not counted: a smaller one after it may still go."""
    by_quota: dict[tuple[int, int], list[tuple[date, int, float]]] = defaultdict(list)
    for i, period, day, row, amount in noted:
        by_quota[i, period].append((day, row, amount))
    full: dict[int, list[int]] = defaultdict(list)
    for (i, _), taken in sorted(by_quota.items()):
        left = book.entries[i].rule.quantity or 0.0
        for _, row, amount in sorted(taken):
            if amount <= left * (1 + 1e-12):
                left -= amount
            else:
                full[row].append(i)
    return {row: tuple(entries) for row, entries in full.items()}
