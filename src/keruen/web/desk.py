"""Questions go to worker processes; the same question is solved once and its answer kept in a bounded store.

The page's own process solves nothing, so it stays quick whatever is asked. Quick questions and slow ones have workers
of their own, so that nobody waits for a redraw behind somebody else's report.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import pickle
import signal
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, parent_process
from threading import Thread

from keruen.api import Case
from keruen.errors import KeruenError, UsageError

__all__ = ["Busy", "Desk", "Late"]

Asked = tuple[bytes, str]
QUICK = ("answer", "about", "case", "ground", "map", "toml", "table")
KEPT_BYTES, KEPT_ANSWERS = 64_000_000, 2000  # packed
PACKED = 1  # level of gzip: a map gets five times smaller in 2 ms
WAITING = {"quick": 120, "slow": 24}
SECONDS = {"quick": 60.0, "slow": 240.0}
COLLECT = 20_000, 20, 20
_CASE: list[Case] = []


class Busy(KeruenError):
    """More questions wait than can be answered soon."""


class Late(KeruenError):
    """A question took longer than a page can wait for."""


class Desk:
    """Takes questions about one case; :meth:`ask` from one event loop only."""

    def __init__(self, case: Case, *, workers: int = 2) -> None:
        self._sent = pickle.dumps(case, protocol=pickle.HIGHEST_PROTOCOL)
        self._sizes = {"quick": max(1, workers), "slow": 1}
        self._pools: dict[str, ProcessPoolExecutor] = {}
        self._kept: OrderedDict[tuple[str, ...], Asked] = OrderedDict()
        self._bytes = 0
        self._open: dict[tuple[str, ...], asyncio.Task[Asked]] = {}
        self._askers: dict[tuple[str, ...], int] = {}
        # What waits, waits here and not in the pool: there nothing can be taken back.
        self._free = {lane: asyncio.Semaphore(size) for lane, size in self._sizes.items()}
        self._waiting = dict.fromkeys(self._sizes, 0)
        self.counts = {"asked": 0, "kept": 0, "solved": 0, "refused": 0}

    async def ask(self, question: str, query: str, extra: Mapping[str, str] | None = None) -> Asked:
        """The answer and its content type. Raises UsageError for what cannot be asked, Busy, Late."""
        body, kind = await self.packed(question, query, extra)
        return gzip.decompress(body), kind

    async def packed(self, question: str, query: str, extra: Mapping[str, str] | None = None) -> Asked:
        """The same, packed with gzip as it is kept and as browsers take it."""
        given = dict(sorted((extra or {}).items()))
        key = (question, query, *(f"{k}={v}" for k, v in given.items()))
        self.counts["asked"] += 1
        if key in self._kept:
            self.counts["kept"] += 1
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._open or self._open[key].cancelling():
            lane = "quick" if question in QUICK else "slow"
            if self._waiting[lane] >= WAITING[lane]:
                self.counts["refused"] += 1
                raise Busy(f"{self._waiting[lane]} questions are waiting already; ask again in a few seconds")
            self._waiting[lane] += 1
            self._open[key] = asyncio.create_task(self._solve(lane, key, question, query, given))
            self._open[key].add_done_callback(lambda task: self._gone(lane, key, task))
        self._askers[key] = self._askers.get(key, 0) + 1
        try:
            # Shielded: others may wait for the same answer when this one goes away.
            return await asyncio.shield(self._open[key])
        finally:
            self._askers[key] -= 1
            if not self._askers[key]:
                del self._askers[key]
                task = self._open.get(key)
                if task is not None and not task.done():
                    task.cancel()

    def _gone(self, lane: str, key: tuple[str, ...], task: asyncio.Task[Asked]) -> None:
        self._waiting[lane] -= 1
        if self._open.get(key) is task:
            del self._open[key]
        if not task.cancelled():
            task.exception()  # those who asked were told, if any are left

    async def _solve(self, lane: str, key: tuple[str, ...], question: str, query: str, extra: dict[str, str]) -> Asked:
        async with self._free[lane]:
            word, body, kind = await self._run(lane, question, query, extra)
        if word != "done":
            raise UsageError(kind) if word == "refused" else KeruenError(kind)
        self.counts["solved"] += 1
        self._keep(key, (body, kind))
        return body, kind

    async def _run(self, lane: str, question: str, query: str, extra: dict[str, str]) -> tuple[str, bytes, str]:
        for again in (True, False):
            pool = self._pool(lane)
            try:
                future = asyncio.get_running_loop().run_in_executor(pool, _work, question, query, extra)
                if not await _seated(future, SECONDS[lane]):
                    self._drop(lane, pool)
                    raise Late(f"no answer within {SECONDS[lane]:.0f} seconds; the command line has no such limit")
                return future.result()
            except BrokenProcessPool:
                # A worker was killed, by lack of memory perhaps: once more with new ones.
                self._drop(lane, pool)
                if not again:
                    raise KeruenError("the process that worked on this ended twice; the machine may be short of memory") from None
        raise AssertionError("one of the two tries returns or raises")

    def _pool(self, lane: str) -> ProcessPoolExecutor:
        if lane not in self._pools:
            # Spawned, so that workers share no thread or lock with the server.
            self._pools[lane] = ProcessPoolExecutor(self._sizes[lane], get_context("spawn"), _begin, (self._sent, lane))
        return self._pools[lane]

    def _drop(self, lane: str, pool: ProcessPoolExecutor) -> None:
        if self._pools.get(lane) is pool:
            del self._pools[lane]
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)

    def _keep(self, key: tuple[str, ...], asked: Asked) -> None:
        if len(asked[0]) > KEPT_BYTES // 8:
            return
        self._kept[key] = asked
        self._bytes += len(asked[0])
        while self._bytes > KEPT_BYTES or len(self._kept) > KEPT_ANSWERS:
            _, (body, _) = self._kept.popitem(last=False)
            self._bytes -= len(body)

    async def warm(self, query: str) -> None:
        """Have every quick worker read the case and solve the base before somebody asks; then the slow one."""
        with suppress(KeruenError, BrokenProcessPool):
            await asyncio.gather(*(self._run("quick", "answer", query, {}) for _ in range(self._sizes["quick"])))
            await self._run("slow", "toml", query, {})

    def close(self) -> None:
        """End every worker."""
        for lane, pool in list(self._pools.items()):
            self._drop(lane, pool)


async def _seated(future: asyncio.Future[tuple[str, bytes, str]], seconds: float) -> bool:
    """Whether a worker is through in time. It cannot be interrupted: if nobody waits any more, its seat stays taken until then."""
    try:
        return bool((await asyncio.wait((future,), timeout=seconds))[0])
    except asyncio.CancelledError:
        await asyncio.wait((future,), timeout=seconds)
        raise


def _with_parent() -> None:
    """End when the server ends, however it does."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _begin(sent: bytes, lane: str) -> None:
    # Ctrl-C reaches the whole group; the server ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    if lane == "slow" and hasattr(os, "nice"):
        os.nice(10)
    _CASE[:] = [pickle.loads(sent)]
    # The case stays as long as the worker: looking through it for garbage again and again took a tenth of every answer.
    gc.freeze()
    gc.set_threshold(*COLLECT)


def _work(question: str, query: str, extra: dict[str, str]) -> tuple[str, bytes, str]:
    """In a worker: ``done`` with answer and content type, or ``refused`` or ``broken`` with why."""
    from keruen.web.answers import about_case, ask

    try:
        body, kind = about_case(_CASE[0]) if question == "case" else ask(_CASE[0], question, query, extra)
        return "done", gzip.compress(body, PACKED, mtime=0), kind
    except KeruenError as error:
        return "refused", b"", str(error)
    except Exception as error:
        import traceback

        traceback.print_exc()
        return "broken", b"", f"this should not happen ({type(error).__name__}); the terminal of the server says more. Please report it with the address"
