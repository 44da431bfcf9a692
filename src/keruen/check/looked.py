"""What the checks look at: the rows of a folder, and which cells can be relied on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from keruen.columns import Row
from keruen.errors import Finding, Names
from keruen.files.folder import Folder
from keruen.tables import TABLES, key_columns

__all__ = ["Looked", "attribute"]


def attribute(column: str) -> str:
    """The attribute of a row that holds a column."""
    return "from_" if column == "from" else column


class Looked:
    """A folder with its rows, for checks that compare them. ``bad`` cells are those already complained of."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.bad: dict[tuple[str, int], set[str]] = defaultdict(set)
        for table, read in folder.tables.items():
            for line, columns in read.bad.items():
                self.bad[table, line] |= columns
        self.names = {table: Names(read.names) for table, read in folder.tables.items()}
        self.unknown: set[str] = set()  # words already said to be no id of any table
        self._ids: dict[str, dict[str, Any]] = {}
        for table, row_type in TABLES.items():
            key = attribute(key_columns(row_type)[0].name)
            self._ids[table] = {getattr(row, key): row for row in folder.tables[table].rows}

    def rows(self, table: str, *columns: str) -> Iterator[Any]:
        """Rows of a table whose cells in these columns are good."""
        wanted = set(columns)
        for row in self.folder.tables[table].rows:
            bad = self.bad.get((table, row.line))
            if not bad or not bad & wanted:
                yield row

    def get(self, table: str, name: str, *columns: str) -> Any:
        """The row of this id if it is there and its cells in these columns are good, else None."""
        row = self._ids[table].get(name)
        return None if row is None or self.is_bad(table, row, *columns) else row

    def is_bad(self, table: str, row: Row, *columns: str) -> bool:
        bad = self.bad.get((table, row.line))
        return bool(bad) and not bad.isdisjoint(columns)  # type: ignore[union-attr]

    def knows(self, table: str, name: str) -> bool:
        """Whether a row has this id, or might: nothing is said against a table that could not be read."""
        return name in self.names[table] or self.folder.tables[table].unread

    def whole(self, table: str, *columns: str) -> bool:
        """Whether every row of a table was read and is good in these columns."""
        read = self.folder.tables[table]
        return read.whole and not read.unread and not any(self.is_bad(table, row, *columns) for row in read.rows)

    def spoil(self, table: str, row: Row, *columns: str) -> None:
        """Keep later checks away from these cells."""
        self.bad[table, row.line].update(columns)

    def at(self, code: str, table: str, row: Row, column: str, found: str, expected: str, remedy: str, *, warning: bool = False) -> Finding:
        """A finding about a cell; a problem spoils the cell for later checks."""
        if not warning:
            self.spoil(table, row, column)
        return Finding(code, self.folder.files[table], row.line, column, found, expected, remedy, warning)
