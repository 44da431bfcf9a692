"""Screening of whole files: CSV and Parquet, in a stream, each row kept."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.files.lines import as_text
from keruen.scenario import Scenario
from keruen.screening.blocks import SHOWN, Block, Job, run_blocks
from keruen.screening.quotas import used_up
from keruen.screening.screener import ADDED, columns_at
from keruen.screening.verdict import VERDICTS

__all__ = ["Screened", "screen_file"]

BLOCK = 2**18  # characters of a CSV file screened at a time
BATCH = 5_000  # rows of a Parquet file screened at a time
LARGE = 2**24  # bytes from which more than one process is worth its start


@dataclass
class Screened:
    """What a file came to: shipments by verdict, and the first rows that are no shipment (row in the file, what is wrong)."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        total = sum(self.counts.values())
        told = ", ".join(f"{self.counts[v]:,} {v}" for v in VERDICTS if self.counts[v])
        lines = [f"{total:,} shipment{'s' if total != 1 else ''}{': ' + told if told else ''}"]
        lines += [f"  row {number}: {problem}" for number, problem in self.problems]
        if (more := self.counts["invalid"] - len(self.problems)) > 0:
            lines.append(f"  and {more:,} more; all are kept, with verdict invalid and the column problem")
        return "\n".join(lines)


class _Csv:
    """A CSV file: its header, and blocks of whole rows as often as asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.delimiter = ","
        with self._open() as stream:
            first = self._read(stream.readline)
        if not first.strip():
            raise UsageError(f"{path}: found {'an empty first line' if first else 'an empty file'}, expected a header with the columns of shipments")
        self.delimiter = max(",;\t", key=first.count)
        self.header = next(csv.reader(io.StringIO(next(self._texts()), newline=""), delimiter=self.delimiter))

    def _open(self) -> TextIO:
        return self.path.open(encoding="utf-8-sig", newline="")

    def _read(self, read: Any, *size: int) -> str:
        try:
            return str(read(*size))
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.path}: found the byte 0x{error.object[error.start]:02x}, expected text in UTF-8. Save it as CSV UTF-8") from None

    def _texts(self) -> Iterator[str]:
        """The file in pieces that end where a row ends: at a line end with an even number of quotes before it."""
        with self._open() as stream:
            rest = ""
            while text := self._read(stream.read, BLOCK):
                rest += text
                end = rest.rfind("\n") + 1
                while end and rest.count('"', 0, end) % 2:
                    end = rest.rfind("\n", 0, end - 1) + 1
                if end:
                    yield rest[:end]
                    rest = rest[end:]
                elif len(rest) > 256 * BLOCK:
                    raise UsageError(f"{self.path}: found a row of more than {256 * BLOCK:,} characters; look for a quote that is never closed")
            if rest:
                yield rest

    def blocks(self) -> Iterator[Block]:
        for i, text in enumerate(self._texts()):
            yield Block(text, self.delimiter, skip=int(i == 0))


class _Parquet:
    """A Parquet file, its cells as text."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet as parquet
        except ModuleNotFoundError:
            raise UsageError(f'{path}: to read Parquet run: pip install "keruen[parquet]"') from None
        try:
            self.file = parquet.ParquetFile(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise UsageError(f"{path}: found no Parquet file ({str(error).splitlines()[0]})") from None
        self.header = list(self.file.schema_arrow.names)

    def blocks(self) -> Iterator[Block]:
        for batch in self.file.iter_batches(BATCH):
            columns = [[as_text(v) for v in column.to_pylist()] for column in batch.columns]
            yield Block([list(cells) for cells in zip(*columns, strict=True)])


def screen_file(
    path: str | Path, case: Case, on: date | None = None, *, output: Path | TextIO, around: bool = True, rules: Scenario | None = None, jobs: int = 0
) -> Screened:
    """Screen a CSV or Parquet file of shipments into another, block by block: memory does not grow with the file.

    output: a file ending in .csv or .parquet, replaced only when all is done, or a text stream for CSV. All columns are
    kept as they are; those of ``ADDED`` are put behind them, in place of old ones of these names. jobs: processes; 0: all
    cores for a large file, else one. The answer does not depend on it.
    Raises UsageError for a file that cannot be read or lacks a needed column.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file. {_near(path)}".strip())
    if isinstance(output, Path) and output.suffix not in (".csv", ".parquet"):
        raise UsageError(f"{output}: found the ending '{output.suffix}', expected .csv or .parquet")
    if isinstance(output, Path) and output.exists() and os.path.samefile(path, output):
        raise UsageError(f"{output}: the output would overwrite the shipments; name another file")
    source = _Parquet(path) if path.suffix == ".parquet" else _Csv(path)
    width = len(source.header)
    kept = tuple(i for i, name in enumerate(source.header) if name.strip().lower() not in ADDED)
    job = Job(case, columns_at(source.header, path.name), width, kept, on, around, rules, as_csv=not (isinstance(output, Path) and output.suffix == ".parquet"))
    header = [source.header[i] for i in kept] + list(ADDED)
    done = Screened()
    many = jobs or ((os.cpu_count() or 1) if path.stat().st_size > LARGE else 1)
    with run_blocks(job, many) as run:
        starts, noted = [2], []
        if run.has_quotas:
            for rows, notes in run.count(source.blocks()):
                noted += [(i, period, day, starts[-1] + row, amount) for i, period, day, row, amount in notes]
                starts.append(starts[-1] + rows)
        full = used_up(run.book, noted)

        def answered() -> Iterator[Any]:
            start = 2
            for rows, answer, counts, problems in run.screen(source.blocks(), starts, full):
                done.counts.update(counts)
                done.problems.extend((start + row, problem) for row, problem in problems[: SHOWN - len(done.problems)])
                start += rows
                yield answer

        if not isinstance(output, Path):
            _write_csv(output, header, answered())
        elif job.as_csv:
            with _replaced(output) as part, part.open("w", encoding="utf-8", newline="") as stream:
                _write_csv(stream, header, answered())
        else:
            with _replaced(output) as part:
                _write_parquet(part, header, answered())
    return done


def _near(path: Path) -> str:
    try:
        return did_you_mean(path.name, (p.name for p in path.parent.iterdir()))
    except OSError:
        return ""


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """A file to write into that takes the place of ``path`` when all went well."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write_csv(stream: TextIO, header: Sequence[str], texts: Iterator[str]) -> None:
    csv.writer(stream, lineterminator="\n").writerow(header)
    for text in texts:
        stream.write(text)


def _write_parquet(path: Path, header: Sequence[str], blocks: Iterator[list[list[str]]]) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        raise UsageError(f'{path.name}: to write Parquet run: pip install "keruen[parquet]"') from None
    schema: Any = pa.schema([(name, pa.string()) for name in header])
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in blocks:
            if rows:
                writer.write_table(pa.Table.from_arrays([pa.array(c, pa.string()) for c in zip(*rows, strict=True)], schema=schema))
