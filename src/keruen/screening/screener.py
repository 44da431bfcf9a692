"""Rows of cells in, verdicts out: what files, frames and single shipments share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean, quote
from keruen.scenario import Scenario
from keruen.screening.book import Book
from keruen.screening.hs import hs_digits
from keruen.screening.quotas import Note, notes
from keruen.screening.shipment import COLUMNS, NEEDED, Bad, Cells, Reader, Shipment
from keruen.screening.verdict import Verdict, judge
from keruen.screening.ways import Ways

__all__ = ["ADDED", "Screener", "columns_at"]

ADDED = ("verdict", "rules", "sources", "in_force", "missing", "around", "problem")
Answer = tuple[str, str, str, str, str, str, str]
_NO_DATE = "date, or --on for all"


def columns_at(header: Sequence[str], where: str) -> dict[str, int]:
    """Positions of the known columns in a header.

    Raises UsageError where a needed column is missing, one stands twice, or a name looks like a slip of a known one.
    """
    names = [h.strip().lower() for h in header]
    at: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in COLUMNS:
            if name in at:
                raise UsageError(f"{where}: the column {name} stands twice; remove one")
            at[name] = i
    lacking = [c for c in NEEDED if c not in at]
    if lacking:
        others = [n for n in names if n not in COLUMNS]
        hint = next((f" Rename {quote(n)}." for n in others for c in lacking if did_you_mean(n, [c])), "")
        raise UsageError(f"{where}, row 1: found the columns {', '.join(names[:12]) or 'none'}; expected {', '.join(lacking)} as well.{hint}")
    for n in names:
        if n not in COLUMNS and n not in ADDED:
            near = [c for c in COLUMNS if c not in at]
            if near and (hint := did_you_mean(n, near)):
                raise UsageError(f"{where}, row 1: found a column {quote(n)}. {hint} Rename it, or give it another name if it is something else")
    return at


class Screener:
    """Screens rows of a table with these columns. ``on``: the day of shipments that have no date of their own.

    Quotas are used in order of date over all rows: ``count`` every row first, and give ``screen`` what is used up.
    """

    def __init__(self, case: Case, at: Mapping[str, int], width: int, on: date | None = None, around: bool = True, rules: Scenario | None = None) -> None:
        self.book = Book(case, rules)
        self.on = on
        self._reader = Reader(at, width)
        self._hs_at = at["hs"]
        self._around = around
        self._ways: dict[int, Ways] = {}
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._answers: dict[Verdict, Answer] = {}
        self._may: dict[str, bool] = {}
        self._clear = ("clear", "", "", "", "", "", "")

    # --- quotas -------------------------------------------------------------------------------------

    def count(self, number: int, row: Sequence[str]) -> list[Note]:
        """What the shipment of a row takes of quotas; quick where no quota is about its goods."""
        if not self.book.caps or self._hs_at >= len(row):
            return []
        text = row[self._hs_at]
        may = self._may.get(text)
        if may is None:
            digits = hs_digits(text)
            may = self._may[text] = digits is not None and bool(sum(self.book.goods(digits)) & self.book.caps)
        if not may:
            return []
        try:
            cells = self._reader.cells(row)
        except Bad:
            return []
        day = cells[5] or self.on
        if day is None:
            return []
        s = replace(Shipment(*cells), day=day)
        term = self.book.term(day)
        return notes(self.book, number, s, day, judge(self.book, s, term, self.book.looking(s.hs, s.origin, s.destination, term)))

    # --- verdicts -----------------------------------------------------------------------------------

    def screen(self, row: Sequence[str], full: tuple[int, ...] = ()) -> Answer:
        """The added cells of a row. ``full``: quotas with no room for it (``used_up``)."""
        try:
            cells = self._reader.cells(row)
        except Bad as error:
            return ("invalid", "", "", "", "", "", str(error))
        day = cells[5] or self.on
        if day is None:
            return ("ask", "", "", "", _NO_DATE, "", "")
        book = self.book
        term = book.term(day)
        bits = book.looking(cells[0], cells[1], cells[2], term)
        if not bits:
            return self._clear
        verdict = self._verdict(cells, day, term, bits, full)
        if verdict is None:
            return self._clear
        answer = self._answers.get(verdict)
        if answer is None:
            answer = self._answers[verdict] = self._answer(verdict)
        if verdict.verdict == "forbidden" and self._around and bits & book.about_way and cells[3]:
            way = self._way(Shipment(*cells), term, day)
            answer = (*answer[:5], way, "")
        return answer

    def _verdict(self, cells: Cells, day: date, term: int, bits: int, full: tuple[int, ...]) -> Verdict | None:
        """Judged once for all shipments of which no rule asks for a difference; None where none is left that looks."""
        book = self.book
        hs, _, _, via, modes, _, contract, quantity, unit, use = cells
        if bits & book.about_way:
            bits &= ~book.by_way(via, term)
        open_mode = open_use = open_contract = 0
        if bits & book.about_mode:
            no, open_mode = book.by_mode(modes)
            bits &= ~no
        if bits & book.about_use:
            no, open_use = book.by_use(use)
            bits &= ~no
        if bits & book.about_contract:
            no, open_contract = book.by_contract(contract, day)
            bits &= ~no
        if not bits:
            return None
        size = book.kind_of_quantity(quantity, unit) if bits & book.about_quantity else None
        key = (bits, book.kind_of_goods(hs), open_mode & bits, open_use & bits, open_contract & bits, size, full)
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = judge(book, replace(Shipment(*cells), day=day), term, bits, full)
            if len(self._verdicts) > MOST_KEPT:
                self._verdicts.clear()
        return found

    def _answer(self, verdict: Verdict) -> Answer:
        rules = [self.book.entries[i].rule for i in verdict.rules]
        spans = (f"{r.valid_from or ''}..{r.valid_to or ''}" for r in rules)
        return (verdict.verdict, ";".join(r.rule for r in rules), ";".join(r.source for r in rules), ";".join(spans), "; ".join(verdict.missing), "", "")

    def _way(self, s: Shipment, term: int, day: date) -> str:
        year = self.book.case_year(day)
        if year not in self._ways:
            self._ways[year] = Ways(self.book, year)
        way = self._ways[year].around(replace(s, day=day), term)
        return str(way) if way else ""



MOST_KEPT = 500_000
