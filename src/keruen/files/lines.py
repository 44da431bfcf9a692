"""A CSV or Parquet file -> lines of cells, or a finding that says why it is no table."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keruen.errors import Finding

__all__ = ["Lines", "as_text"]

_SAVE = "Save it as \"CSV UTF-8\"."
_FETCH = "It was not downloaded as the file itself; fetch the file again."
# First bytes of files that are no CSV, whatever their name says.
_OTHER_FILES = (
    (b"pk\x03\x04", "an Excel workbook or a zip file", "Open it in the spreadsheet program and save each sheet as \"CSV UTF-8\"."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Open it in the spreadsheet program and save each sheet as \"CSV UTF-8\"."),
    (b"par1", "a Parquet file", "Give it the ending .parquet."),
    (b"\x1f\x8b", "a gzip file", "Unpack it."),
    (b"%pdf", "a PDF file", "Type its table into a CSV file."),
    (b"<!doctype", "a web page", _FETCH),
    (b"<html", "a web page", _FETCH),
    (b"<?xml", "an XML file", _SAVE),
    (b"{", "a JSON file", _SAVE),
    (b"[{", "a JSON file", _SAVE),
    (b"version https://git-lfs", "a Git LFS pointer", "Run: git lfs pull."),
)


@dataclass(slots=True)
class Lines:
    """Iterates over (row number, cells). ``broken`` is set where the file is no table, or breaks off."""

    file: Path
    out: list[Finding]
    broken: bool = False

    def wrong(self, code: str, row: int | None, column: str, found: str, expected: str, remedy: str) -> None:
        self.out.append(Finding(code, self.file.name, row, column, found, expected, remedy))
        self.broken = True

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        if self.file.suffix == ".parquet":
            yield from self._parquet()
            return
        try:
            data = self.file.read_bytes()
        except OSError as error:
            self.wrong("unreadable-file", None, "", str(error.strerror or error), "a file that can be read", "See whether it is a file, and who may read it.")
            return
        text = self._decoded(data)
        if text is not None:
            yield from self._csv(text)

    def _csv(self, text: str) -> Iterator[tuple[int, list[str]]]:
        line = 1
        try:
            for cells in _reader(text, strict=True):
                yield line, cells
                line += 1
        except csv.Error as error:
            self.wrong("broken-csv", line, "", str(error), "cells in balanced quotes",
                       "Look for a quote in this row that is not closed, or stands inside a cell without being doubled.")  # fmt: skip

    def _decoded(self, data: bytes) -> str | None:
        lead = data[:40].lower()
        for start, what, remedy in _OTHER_FILES:
            if lead.startswith(start):
                self.wrong("not-csv", None, "", what, "a CSV file", remedy)
                return None
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\0\0\xfe\xff":
            self.wrong("wrong-encoding", None, "", "UTF-16 or UTF-32", "UTF-8", _SAVE)
            return None
        if data[:400].count(0) > len(data[:400]) / 3:
            self.wrong("wrong-encoding", None, "", "a zero byte beside each letter, as in UTF-16", "UTF-8", _SAVE)
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row, column = _first_bad(data.decode("utf-8-sig", "surrogateescape"), lambda cell: any("\udc80" <= c <= "\udcff" for c in cell))
            self.wrong("wrong-encoding", row, column, f"byte 0x{data[error.start]:02x}", "UTF-8",
                       _SAVE[:-1] + "; it may be in a Windows code page such as 1251 or 1252.")  # fmt: skip
            return None
        if "\0" in text:
            row, column = _first_bad(text, lambda cell: "\0" in cell)
            self.wrong("wrong-encoding", row, column, "a zero byte", "UTF-8 text",
                       "This is not a text file, or it is damaged; export the table again as \"CSV UTF-8\".")  # fmt: skip
            return None
        return text

    def _parquet(self) -> Iterator[tuple[int, list[str]]]:
        try:
            import pyarrow
            import pyarrow.parquet
        except ModuleNotFoundError:
            self.wrong("no-parquet", None, "", "a Parquet file", "pyarrow to be installed", "Run: pip install \"keruen[parquet]\".")
            return
        try:
            table = pyarrow.parquet.read_table(self.file)
            columns = [column.to_pylist() for column in table.columns]
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0].replace(str(self.file), self.file.name)
            self.wrong("broken-parquet", None, "", why[:200], "a Parquet file", "Write it again.")
            return
        yield 1, [str(name) for name in table.column_names]
        for line, cells in enumerate(zip(*columns, strict=True), start=2):
            yield line, [as_text(c) for c in cells]


def _reader(text: str, *, strict: bool) -> Iterator[list[str]]:
    csv.field_size_limit(2**31 - 1)
    return csv.reader(io.StringIO(text, newline=""), strict=strict)


def as_text(value: object) -> str:
    """A value of a Parquet file as it would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        pairs = value and all(isinstance(v, tuple) and len(v) == 2 for v in value)  # a map
        return ";".join(f"{as_text(v[0])} {as_text(v[1])}" if pairs else as_text(v) for v in value)
    if isinstance(value, dict):
        return ";".join(f"{k} {as_text(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _first_bad(text: str, bad: Callable[[str], bool]) -> tuple[int | None, str]:
    """Row and column of the first cell that is bad, counted as a spreadsheet does."""
    header: list[str] = []
    try:
        for line, cells in enumerate(_reader(text, strict=False), start=1):
            header = header or cells
            for i, cell in enumerate(cells):
                if bad(cell):
                    name = header[i].strip() if line > 1 and i < len(header) else ""
                    return line, name if name.isascii() and name.isprintable() else ""
    except csv.Error:
        pass
    return None, ""
