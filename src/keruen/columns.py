"""What a column of a table is: its kind, unit, bounds and meaning.

``tables.py`` declares the tables with these; reading, checking, the data package,
the JSON Schema and the docs are all derived from them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Column", "Row", "col", "columns_of"]

KINDS = ("id", "text", "number", "integer", "choice", "yes_no", "list", "map", "date")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    kind: one of ``KINDS``. A ``list`` is written ``a;b;c``, a ``map`` ``a 1.5;b 2``.
    unit: unit of a plain number in the cell; ``{capacity_unit}`` means "as that column of the row
        says", ``{commodity}`` "the unit of the row's commodity".
    refs: tables whose ids the cell may name. blank: what an empty cell means; None means that
        an empty cell is a problem.
    """

    name: str
    kind: str
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    blank: str | None = None
    key: bool = False

    @property
    def required(self) -> bool:
        return self.blank is None

    @property
    def numeric(self) -> bool:
        return self.kind in ("number", "integer", "map")


def col(
    kind: str,
    meaning: str,
    *,
    name: str = "",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    refs: tuple[str, ...] = (),
    blank: str | None = None,
    key: bool = False,
) -> Any:
    """A dataclass field that carries a :class:`Column`."""
    assert kind in KINDS, kind
    spec = Column(name, kind, meaning, unit, low, high, choices, refs, blank, key)
    return field(metadata={"column": spec})


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of any table. ``line`` is its row in the file, counted as a spreadsheet does."""

    line: int = field(default=0, compare=False, repr=False)


_FOUND: dict[type[Row], tuple[Column, ...]] = {}  # asked for thousands of times a report


def columns_of(row_type: type[Row]) -> tuple[Column, ...]:
    """The columns of a row type, in order; a trailing underscore of the attribute is not in the file."""
    if row_type in _FOUND:
        return _FOUND[row_type]
    found = []
    for entry in dataclasses.fields(row_type):
        spec = entry.metadata.get("column")
        if spec is not None:
            found.append(dataclasses.replace(spec, name=spec.name or entry.name.rstrip("_")))
    return _FOUND.setdefault(row_type, tuple(found))
