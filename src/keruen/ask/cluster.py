"""Tasks on a Dask cluster."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from keruen import __version__
from keruen.ask.book import Book, Told, Worker, sendable, tell
from keruen.ask.crew import SHARES, TRIES
from keruen.errors import SolveError, UsageError, quote

__all__ = ["on_cluster"]

CONNECT = 8.0  # seconds to reach a scheduler
WAIT_FOR_WORKERS = 60.0  # seconds
SLICE = 2.0  # seconds after which a worker of a cluster tells what it has


def on_cluster(book: Book, pending: list[int], worker: Worker, shared: bytes, address: str) -> None:
    """Tasks on a Dask cluster. Dask itself runs again what was on a worker that died."""
    import logging
    from importlib import import_module

    try:
        distributed: Any = import_module("distributed")  # whose types come and go
    except ImportError:
        raise UsageError('a cluster needs Dask: pip install "keruen[cluster]"') from None
    packed = sendable(worker)
    try:
        _reach(distributed, address)
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except Exception as error:  # whatever answers there may say anything
        raise UsageError(f"no Dask scheduler answers at {quote(address)}: {error}") from None
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what goes wrong is said by us
    try:
        _Cluster(book, packed, shared, distributed, client, address).run(pending)
    finally:
        with suppress(Exception):
            client.close(timeout=5)
        log.setLevel(level)


def _reach(distributed: Any, address: str) -> None:
    """Raise an error if nobody answers there. A client that cannot connect would hang again when it is collected."""
    import asyncio

    async def knock() -> None:
        security = distributed.Security().get_connection_args("client")
        comm = await distributed.comm.connect(address, timeout=CONNECT, **security)
        await comm.close()

    found: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(knock())
        except Exception as error:
            found.append(error)

    thread = Thread(target=run, daemon=True)  # notebooks have a loop of their own in this one
    thread.start()
    thread.join()
    if found:
        raise found[0]


class _Cluster:
    def __init__(self, book: Book, packed: bytes, shared: bytes, distributed: Any, client: Any, address: str) -> None:
        self.book, self.packed, self.shared, self.address = book, packed, shared, address
        self.distributed, self.client = distributed, client
        self.name = hashlib.sha256(shared).hexdigest()
        self.tries: dict[int, int] = {}
        # Tasks by the future that runs them.
        self.at: dict[Any, list[int]] = {}
        self.sent: Any = None

    def run(self, pending: list[int]) -> None:
        self.look()
        self.send()
        size = max(1, len(pending) // (SHARES * len(self.client.nthreads())))
        for start in range(0, len(pending), size):
            self.submit(pending[start : start + size])
        done = self.distributed.as_completed(list(self.at), loop=self.client.loop)
        try:
            for future in done:
                work = self.at.pop(future)
                done.update([self.submit(again) for again in self.hear(future, work)])
        finally:
            with suppress(Exception):
                self.client.cancel(list(self.at), force=True)

    def look(self) -> None:
        """Are there workers that have keruen?"""
        if not self.client.nthreads():
            print(f"keruen: waiting for workers at {self.address}", file=sys.stderr)
            try:
                self.client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
            except TimeoutError:
                raise UsageError(f"the scheduler at {self.address} has no workers; start some with: dask worker {self.address} --nthreads 1") from None

        def version() -> str | None:  # goes there as code, since it cannot be imported where keruen is missing
            try:
                from keruen import __version__ as found
            except ImportError:
                return None
            return found

        have = {"the scheduler": self.client.run_on_scheduler(version)}
        have |= {f"the worker {where}": found for where, found in sorted(self.client.run(version, on_error="return").items())}
        for where, found in have.items():
            if isinstance(found, Exception):
                continue  # it died at this very moment
            if found != __version__:
                which = "does not have keruen" if found is None else f"has keruen {found}"
                raise UsageError(f"{where} {which}; install keruen {__version__} there, as it is here")
        threads = max(self.client.nthreads().values(), default=1)
        if threads > 1:
            print(f"keruen: a worker of the cluster has {threads} threads, and one of them will be used; start workers with --nthreads 1", file=sys.stderr)

    def send(self) -> None:
        """The shared bytes go there once, and workers have them from each other.

        As a task, not by scatter(): were they lost with the last worker that had them, the scheduler would know what to do.
        """
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this is large
            self.sent = self.client.submit(bytes, self.shared, pure=False, key=f"keruen-shared-{os.urandom(12).hex()}")

    def submit(self, work: list[int]) -> Any:
        import pickle

        tasks = self.book.tasks
        items = [(i, tasks[i].key, pickle.dumps(tasks[i].payload)) for i in work]
        future = self.client.submit(_run_there, self.packed, self.name, self.sent, items, pure=False, key=f"keruen-{os.urandom(12).hex()}")
        self.at[future] = work
        return future

    def hear(self, future: Any, work: list[int]) -> list[list[int]]:
        """Enter what a future found. Tells the tasks that have to be sent again, by future."""
        from concurrent.futures import CancelledError

        try:
            found = future.result()
            for told in found:
                self.book.take(told)
            return [work[len(found) :]] if len(found) < len(work) else []
        except self.distributed.KilledWorker:
            why = "ended the workers it was run on"
        except CancelledError:
            why = "was cancelled on the cluster"
            if self.client.status != "running":
                raise SolveError(f"the scheduler at {self.address} is gone; with a checkpoint, what was done is kept") from None
        except MemoryError:
            why = "found no memory left"
        except ModuleNotFoundError as error:
            raise UsageError(f"a worker of the cluster lacks {quote(error.name)}; install keruen {__version__} there") from None
        if self.sent.status in ("error", "cancelled", "lost"):
            self.send()
        for i in work:
            # In company it may have been another.
            self.tries[i] = self.tries.get(i, 0) + (len(work) == 1)
            if self.tries[i] == TRIES:
                raise SolveError(f"the task {quote(self.book.tasks[i].key)} {why}, {TRIES} times over; the workers may be short of memory")
        # One by one: only the one that does the harm is lost again.
        return [[i] for i in work]


_SHARED: dict[str, bytes] = {}
_ONE_AT_A_TIME = Lock()


def _run_there(packed: bytes, name: str, shared: bytes, items: list[tuple[int, str, bytes]]) -> list[Told]:
    """Some tasks on a worker of a cluster, up to the first that fails, or until it is time to tell."""
    import pickle

    # Workers keep what they made of the shared bytes, and use it for one task at a time.
    with _ONE_AT_A_TIME:
        if name not in _SHARED:
            _SHARED.clear()
            _SHARED[name] = shared
        worker = pickle.loads(packed)
        found: list[Told] = []
        until = time.monotonic() + SLICE
        for item in items:
            found.append(tell(worker, _SHARED[name], *item))
            if not found[-1][1] or time.monotonic() > until:
                break
    return found
