"""Blocks of rows, screened in this process or in several, in order."""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from keruen.case import Case
from keruen.scenario import Scenario
from keruen.screening.book import Book
from keruen.screening.quotas import Full, Note
from keruen.screening.screener import Screener

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

__all__ = ["SHOWN", "Block", "Job", "run_blocks"]

SHOWN = 5  # problems told of one file
AHEAD = 2  # blocks in waiting for each process
T = TypeVar("T")
Counted = tuple[int, list[Note]]
Answered = tuple[int, Any, Counter[str], list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: CSV text that ends where a row ends, or rows of cells. ``skip``: rows of the header among them."""

    data: str | list[list[str]]
    delimiter: str = ","
    skip: int = 0

    def rows(self) -> list[list[str]]:
        """Empty lines are rows without cells, so that rows keep their numbers."""
        if isinstance(self.data, list):
            return self.data
        csv.field_size_limit(2**31 - 1)
        return list(csv.reader(io.StringIO(self.data, newline=""), delimiter=self.delimiter))[self.skip :]


@dataclass(frozen=True)
class Job:
    """What every process needs to know: the case, its rules, the columns of the file, those kept, and the form of the answer."""

    case: Case
    at: dict[str, int]
    width: int
    kept: tuple[int, ...]
    on: date | None
    around: bool
    rules: Scenario | None
    as_csv: bool


class _Worker:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.screener = Screener(job.case, job.at, job.width, job.on, job.around, job.rules)

    def count(self, block: Block) -> Counted:
        """(rows, what they take of quotas, by row in the block)"""
        rows = block.rows()
        return len(rows), [note for number, row in enumerate(rows) for note in self.screener.count(number, row)]

    def screen(self, block: Block, full: Full) -> Answered:
        """(rows, CSV text or rows with the answers, how many of each verdict, the first problems by row in the block)"""
        job, rows = self.job, block.rows()
        whole = len(job.kept) == job.width
        counts: Counter[str] = Counter()
        problems: list[tuple[int, str]] = []

        def answered() -> Iterator[list[str]]:
            for number, row in enumerate(rows):
                if row:
                    answer = self.screener.screen(row, full.get(number, ()))
                    counts[answer[0]] += 1
                    if answer[6] and len(problems) < SHOWN:
                        problems.append((number, answer[6]))
                    yield [*(row if whole and len(row) == job.width else _fitted(row, job.kept, job.width)), *answer]

        if not job.as_csv:
            return len(rows), list(answered()), counts, problems
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(answered())
        return len(rows), text.getvalue(), counts, problems


def _fitted(row: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    """The kept cells of a row; what a too long row has over stays in its last cell, so that nothing is lost."""
    cells = [row[i] if i < len(row) else "" for i in kept]
    if len(row) > width and cells:
        cells[-1] = ",".join([cells[-1], *row[width:]])
    return cells


_worker: _Worker | None = None  # of a process of the pool


def _start(job: Job) -> None:
    global _worker
    _worker = _Worker(job)


def _count(block: Block) -> Counted:
    assert _worker is not None
    return _worker.count(block)


def _screen(block: Block, full: Full) -> Answered:
    assert _worker is not None
    return _worker.screen(block, full)


class _Run:
    """Blocks go out in order and come back in order; few are under way at a time."""

    def __init__(self, job: Job, pool: ProcessPoolExecutor | None, many: int) -> None:
        self._pool, self._most = pool, many * AHEAD
        self._own = _Worker(job) if pool is None else None
        self.book = self._own.screener.book if self._own else Book(job.case, job.rules)
        self.has_quotas = bool(self.book.caps)

    def count(self, blocks: Iterator[Block]) -> Iterator[Counted]:
        if self._own:
            yield from map(self._own.count, blocks)
        else:
            yield from self._in_order(_count, ((b,) for b in blocks))

    def screen(self, blocks: Iterator[Block], starts: Sequence[int], full: Full) -> Iterator[Answered]:
        """``starts``: row in the file of the first row of each block, where ``full`` names any row."""
        told = ((block, self._part(full, starts, i)) for i, block in enumerate(blocks))
        if self._own:
            yield from (self._own.screen(*t) for t in told)
        else:
            yield from self._in_order(_screen, told)

    @staticmethod
    def _part(full: Full, starts: Sequence[int], i: int) -> Full:
        if not full:
            return {}
        first, last = starts[i], starts[i + 1]
        return {row - first: entries for row, entries in full.items() if first <= row < last}

    def _in_order(self, call: Callable[..., T], tasks: Iterator[tuple[Any, ...]]) -> Iterator[T]:
        assert self._pool is not None
        waiting: deque[Future[T]] = deque()
        for task in tasks:
            waiting.append(self._pool.submit(call, *task))
            if len(waiting) >= self._most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def run_blocks(job: Job, many: int) -> Iterator[_Run]:
    """Something that counts and screens blocks, in ``many`` processes."""
    if many == 1:
        yield _Run(job, None, 1)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(many, initializer=_start, initargs=(job,)) as pool:
        yield _Run(job, pool, many)
