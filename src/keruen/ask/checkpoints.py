"""The answers of a long question, kept in a file: what is done is never lost, whatever ends the run."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from keruen import __version__
from keruen.errors import UsageError, quote

__all__ = ["Checkpoint", "default_checkpoint", "question_digest"]

SYNC_EVERY = 1.0  # seconds


def question_digest(*parts: str | bytes) -> str:
    """A word that identifies a question: the same for the same parts and version of keruen, else another."""
    found = hashlib.sha256()
    for part in (__version__, *parts):
        data = part.encode() if isinstance(part, str) else part
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.hexdigest()[:32]


def default_checkpoint(digest: str) -> Path:
    """Where the checkpoint of a question is kept if nobody says where: the user's cache folder."""
    variable, otherwise = ("LOCALAPPDATA", "AppData/Local") if sys.platform == "win32" else ("XDG_CACHE_HOME", ".cache")
    cache = Path(os.environ.get(variable, ""))
    return (cache if cache.is_absolute() else Path.home() / otherwise) / "keruen" / f"{digest}.jsonl"


class Checkpoint:
    """A file of JSON lines: whose answers these are, then one line for each.

    It is locked while in use, and the system drops the lock of a process that dies. ``found``: answers by key.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.path = path
        self.found: dict[str, Any] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._opened()
        try:
            self._read(json.dumps({"keruen": __version__, "digest": digest}).encode() + b"\n")
        except BaseException:
            self._file.close()
            raise
        self._synced = time.monotonic()

    def _opened(self) -> Any:
        while True:
            file = open(self.path, "a+b", buffering=0)  # noqa: SIM115
            try:
                _lock(file)
            except BlockingIOError:
                file.close()
                raise UsageError(f"another run is writing the checkpoint {self.path}; wait until it is done, or give another --checkpoint") from None
            # The run that had it before may just have removed it.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(self.path)):
                    return file
            file.close()

    def _read(self, header: bytes) -> None:
        self._file.seek(0)
        data = self._file.read()
        first, end, rest = data.partition(b"\n")
        if not end and header.startswith(first):
            self._file.truncate(0)
            self._write(header)
            return
        try:
            about = json.loads(first)
            version, digest = about["keruen"], about["digest"]
        except (ValueError, TypeError, KeyError):
            raise UsageError(f"{self.path} is not a checkpoint of keruen and is left as it is; give another --checkpoint") from None
        if (version, digest) != tuple(json.loads(header).values()):
            whose = "another question, or other data" if version == __version__ else f"keruen {quote(version)}, and this is {__version__}"
            raise UsageError(f"the checkpoint {self.path} is of {whose}; remove it, or give another --checkpoint")
        whole = len(first) + 1
        for line in rest.splitlines(keepends=True):
            try:
                if not line.endswith(b"\n"):
                    break
                told = json.loads(line)
                self.found[told["key"]] = told["result"]
            except (ValueError, TypeError, KeyError):
                break
            whole += len(line)
        if whole < len(data):
            # The machine went down while this was written. What it told is asked again.
            self._file.truncate(whole)

    def write(self, key: str, text: str) -> None:
        self._write(f'{{"key": {json.dumps(key)}, "result": {text}}}\n'.encode())
        if time.monotonic() - self._synced > SYNC_EVERY:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _write(self, data: bytes) -> None:
        # One call of the system a line, so that Ctrl-C cannot cut it in two.
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            error.filename = str(self.path)
            raise

    def close(self) -> None:
        with suppress(OSError):
            os.fsync(self._file.fileno())
        self._file.close()


def _lock(file: IO[bytes]) -> None:
    """Lock a file until it is closed. Raises BlockingIOError if it is locked already."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 40)  # far behind the end, or nobody could read it
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
    else:
        import fcntl

        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return  # file systems of some clusters cannot lock
