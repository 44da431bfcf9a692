"""One task, wherever it is done, and the book of answers.

An answer is turned into JSON where it is found and read back from there, whether it went through a checkpoint or not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keruen.ask.checkpoints import Checkpoint
from keruen.errors import KeruenError, SolveError, UsageError, quote

__all__ = ["Book", "Task", "Told", "Worker", "open_book", "packed_error", "sendable", "tell", "told_by"]

Worker = Callable[[bytes, Any], Any]
# Position of a task, whether it went well, and its JSON, or else the packed error.
Told = tuple[int, bool, bytes]


@dataclass(frozen=True)
class Task:
    """One thing to do. key: its name, told in errors and checkpoints; payload: something small that can be pickled."""

    key: str
    payload: Any = None


class Book:
    """The answers so far. What is entered goes to the checkpoint and moves the bar."""

    def __init__(self, tasks: Sequence[Task], checkpoint: Checkpoint | None, bar: Any) -> None:
        self.tasks, self.checkpoint, self.bar = tasks, checkpoint, bar
        self.results: dict[int, Any] = {}
        if checkpoint is not None:
            self.results = {i: checkpoint.found[task.key] for i, task in enumerate(tasks) if task.key in checkpoint.found}

    def enter(self, i: int, text: str) -> None:
        if i in self.results:
            return
        if self.checkpoint is not None:
            self.checkpoint.write(self.tasks[i].key, text)
        self.results[i] = json.loads(text)
        if self.bar is not None:
            self.bar.update()

    def take(self, told: Told) -> None:
        """Enter an answer that came from elsewhere, or raise the error that came instead."""
        i, well, data = told
        if not well:
            raise unpacked_error(data)
        self.enter(i, data.decode())


@contextmanager
def open_book(tasks: Sequence[Task], checkpoint: Path | None, digest: str, progress: str | None) -> Iterator[Book]:
    kept = None if checkpoint is None else Checkpoint(checkpoint, digest)
    try:
        book = Book(tasks, kept, None)
        if progress is None:
            yield book
            return
        from tqdm import tqdm

        before = len(book.results)
        if before:
            print(f"resumed: {before:,} of {len(tasks):,} were done before", file=sys.stderr)
        hidden = os.environ.get("KERUEN_PROGRESS") != "1" and not sys.stderr.isatty()
        with tqdm(total=len(tasks), initial=before, desc=progress, file=sys.stderr, disable=hidden, dynamic_ncols=True, smoothing=0.05) as book.bar:
            yield book
    finally:
        if kept is not None:
            kept.close()


def told_by(worker: Worker, shared: bytes, payload: Any, key: str) -> str:
    """The answer as JSON."""
    try:
        return json.dumps(worker(shared, payload))
    except KeruenError:
        raise
    except Exception as error:
        error.add_note(f"in the task {quote(key)}")
        raise


def tell(worker: Worker, shared: bytes, i: int, key: str, payload: bytes) -> Told:
    """The same in a process that has to send it, errors too."""
    import pickle

    try:
        return i, True, told_by(worker, shared, pickle.loads(payload), key).encode()
    except MemoryError:
        raise
    except Exception as error:
        return i, False, packed_error(error)


def packed_error(error: Exception) -> bytes:
    import pickle
    import traceback

    if isinstance(error, KeruenError):
        # Not by pickling it: that calls __init__ with the message, whatever it asks for.
        return pickle.dumps((type(error), error.args, error.__dict__))
    try:
        error.add_note("".join(traceback.format_exception(error)).rstrip())
        data = pickle.dumps(error)
        if type(pickle.loads(data)) is type(error):
            return data
    except Exception:
        pass
    return pickle.dumps(SolveError("".join(traceback.format_exception_only(error)).rstrip()))


def unpacked_error(data: bytes) -> Exception:
    import pickle

    found = pickle.loads(data)
    if isinstance(found, Exception):
        return found
    kind, arguments, state = found
    error: Exception = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


def sendable(worker: Worker) -> bytes:
    """How other processes find the worker."""
    import pickle

    try:
        if getattr(worker, "__module__", None) == "__main__":
            raise pickle.PicklingError("it is in the script that was started")
        return pickle.dumps(worker)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"other processes cannot import the worker {quote(worker)}: {error}") from None
