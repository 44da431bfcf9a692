"""Ways to spoil a written case, one fault at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

Spoil = Callable[[Path], None]


def _read(path: Path, table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((path / f"{table}.csv").read_text(encoding="utf-8"), newline="")))


def _write(path: Path, table: str, rows: list[list[str]]) -> None:
    with (path / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def put(table: str, row: int, /, **cells: object) -> Spoil:
    """Other words in cells of a row, counted as a spreadsheet does. ``from_`` is the column from."""

    def spoil(path: Path) -> None:
        rows = _read(path, table)
        for name, value in cells.items():
            rows[row - 1][rows[0].index("from" if name == "from_" else name)] = str(value)
        _write(path, table, rows)

    return spoil


def append(table: str, like: int, /, **cells: object) -> Spoil:
    """A copy of a row at the end, with other words in some cells."""

    def spoil(path: Path) -> None:
        rows = _read(path, table)
        _write(path, table, [*rows, list(rows[like - 1])])
        put(table, len(rows) + 1, **cells)(path)

    return spoil


def drop(table: str, *rows: int) -> Spoil:
    """Take rows out."""

    def spoil(path: Path) -> None:
        _write(path, table, [cells for line, cells in enumerate(_read(path, table), 1) if line not in rows])

    return spoil


def whole(file: str, change: Callable[[str], str]) -> Spoil:
    """A file's text turned into another."""

    def spoil(path: Path) -> None:
        with (path / file).open(encoding="utf-8", newline="") as stream:
            before = stream.read()
        with (path / file).open("w", encoding="utf-8", newline="") as stream:
            stream.write(change(before))

    return spoil


def data(file: str, change: Callable[[bytes], bytes] | bytes) -> Spoil:
    """A file's bytes turned into others; a new file where there is none."""

    def spoil(path: Path) -> None:
        (path / file).parent.mkdir(exist_ok=True)
        (path / file).write_bytes(change if isinstance(change, bytes) else change((path / file).read_bytes()))

    return spoil


def scenario(toml: str) -> Spoil:
    """A scenario file."""
    return data("scenarios/s.toml", toml.encode())


def text_line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    """One line of a file's text turned into another."""

    def changed(before: str) -> str:
        lines = before.split("\r\n")
        lines[number - 1] = change(lines[number - 1])
        return "\r\n".join(lines)

    return changed


def folder(name: str) -> Spoil:
    def spoil(path: Path) -> None:
        (path / name).mkdir()

    return spoil


def remove(*files: str) -> Spoil:
    def spoil(path: Path) -> None:
        for file in files:
            (path / file).unlink()

    return spoil


def rename(old: str, new: str) -> Spoil:
    def spoil(path: Path) -> None:
        (path / old).rename(path / new)

    return spoil


def all_of(*spoils: Spoil) -> Spoil:
    def spoil(path: Path) -> None:
        for one in spoils:
            one(path)

    return spoil
