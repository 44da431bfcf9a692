"""Run many independent tasks: here, in several processes or on a Dask cluster. What is done is never lost.

The answers do not depend on where, in which order or in how many goes the tasks were run: each is turned into JSON
where it is found, and read back from there, whether it went through a checkpoint or not.

Processes are plain subprocesses that talk through their pipes. So a script needs no ``if __name__ == "__main__"``,
threads of the caller do no harm, and a process that is killed takes nothing with it but the task it was at.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, Any

from keruen import __version__
from keruen.errors import KeruenError, SolveError, UsageError, quote

if TYPE_CHECKING:
    from queue import SimpleQueue
    from subprocess import Popen

__all__ = ["Task", "default_checkpoint", "question_digest", "run_tasks"]

Worker = Callable[[bytes, Any], Any]
# Position of a task, whether it went well, and its JSON, or else the packed error.
Told = tuple[int, bool, bytes]

TRIES = 3
SYNC_EVERY = 1.0  # seconds
CONNECT = 8.0  # seconds to reach a scheduler
WAIT_FOR_WORKERS = 60.0  # seconds
SHARES = 30  # pieces of work each process is given, about
SLICE = 2.0  # seconds after which a worker of a cluster tells what it has
NO_MEMORY = 112  # exit code of a process that ran out of it
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BOOT = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from keruen.ask.tasks import _serve; _serve()"


@dataclass(frozen=True)
class Task:
    """One thing to do. key: its name, told in errors and checkpoints; payload: something small that can be pickled."""

    key: str
    payload: Any = None


def run_tasks(
    tasks: Sequence[Task], worker: Worker, shared: bytes, *, jobs: int | None = None, cluster: str | None = None,
    checkpoint: Path | None = None, digest: str = "", progress: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The answers of all tasks by key, in the order of ``tasks``.

    worker: function of an importable module, called as ``worker(shared, payload)``; tells something JSON can hold.
    shared: what all tasks need, sent once to each process. jobs: processes, all cores if not given, 1 for none but
    this. cluster: address of a Dask scheduler instead. checkpoint: file that keeps the answers; what is in it
    already is not asked again, provided it was written for the same ``digest``. progress: words before the bar on
    stderr, which is shown on a terminal only, or always with KERUEN_PROGRESS=1 in the environment.

    Errors of the worker are passed on. Raises SolveError for a task that ends its process time after time, UsageError
    for a checkpoint or a cluster that cannot be used. Whatever ends it, the checkpoint has all that was done.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is the number of processes, from 1; got {jobs}")
    keys = {task.key for task in tasks}
    if len(keys) < len(tasks):
        raise UsageError("two tasks have the same key")
    with _book(tasks, checkpoint, digest, progress) as book:
        pending = [i for i in range(len(tasks)) if i not in book.results]
        jobs = min(_cores() if jobs is None else jobs, len(pending))
        if cluster is not None and pending:
            _on_cluster(book, pending, worker, shared, cluster)
        elif jobs > 1:
            _Crew(book, pending, worker, shared, jobs).run()
        else:
            for i in pending:
                book.enter(i, _told(worker, shared, tasks[i].payload, tasks[i].key))
    return {task.key: book.results[i] for i, task in enumerate(tasks)}


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


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- what is done ------------------------------------------------------------------------------


class _Book:
    """The answers so far. What is entered goes to the checkpoint and moves the bar."""

    def __init__(self, tasks: Sequence[Task], checkpoint: _Checkpoint | None, bar: Any) -> None:
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
            raise _unpacked(data)
        self.enter(i, data.decode())


@contextmanager
def _book(tasks: Sequence[Task], checkpoint: Path | None, digest: str, progress: str | None) -> Iterator[_Book]:
    kept = None if checkpoint is None else _Checkpoint(checkpoint, digest)
    try:
        book = _Book(tasks, kept, None)
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


class _Checkpoint:
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


# --- one task, wherever it runs ----------------------------------------------------------------


def _told(worker: Worker, shared: bytes, payload: Any, key: str) -> str:
    """The answer as JSON."""
    try:
        return json.dumps(worker(shared, payload))
    except KeruenError:
        raise
    except Exception as error:
        error.add_note(f"in the task {quote(key)}")
        raise


def _tell(worker: Worker, shared: bytes, i: int, key: str, payload: bytes) -> Told:
    """The same in a process that has to send it, errors too."""
    import pickle

    try:
        return i, True, _told(worker, shared, pickle.loads(payload), key).encode()
    except MemoryError:
        raise
    except Exception as error:
        return i, False, _packed(error)


def _packed(error: Exception) -> bytes:
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


def _unpacked(data: bytes) -> Exception:
    import pickle

    found = pickle.loads(data)
    if isinstance(found, Exception):
        return found
    kind, arguments, state = found
    error: Exception = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


def _sendable(worker: Worker) -> bytes:
    """How other processes find the worker."""
    import pickle

    try:
        if getattr(worker, "__module__", None) == "__main__":
            raise pickle.PicklingError("it is in the script that was started")
        return pickle.dumps(worker)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"other processes cannot import the worker {quote(worker)}: {error}") from None


# --- processes ---------------------------------------------------------------------------------


class _Hand:
    """One process, and what it has been given and not yet told. A thread hears it and puts what it says in ``inbox``."""

    def __init__(self, inbox: SimpleQueue[tuple[_Hand, Any]], opening: bytes) -> None:
        import subprocess

        self.at: deque[int] = deque()
        self.begun = False
        # A group of its own: Ctrl-C is for us, and we stop it.
        apart: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process: Popen[bytes] = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | dict.fromkeys(ONE_THREAD, "1"), **apart
        )
        self._thread = Thread(target=self._hear, args=(inbox, opening), daemon=True)
        self._thread.start()

    def _hear(self, inbox: SimpleQueue[tuple[_Hand, Any]], opening: bytes) -> None:
        import pickle

        assert self.process.stdout is not None
        with suppress(Exception):  # it is gone, or was cut off in the middle of a word
            self._say(opening)
            while True:
                inbox.put((self, pickle.load(self.process.stdout)))
        inbox.put((self, None))

    def _say(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def give(self, work: list[tuple[int, str, bytes]]) -> None:
        import pickle

        self.at.extend(i for i, _, _ in work)
        with suppress(OSError):  # it is gone, as its thread will tell
            self._say(pickle.dumps(work))

    def stop(self) -> int:
        """Kill it, if it lives, and hear what it said to the end. Tells its exit code."""
        self.process.kill()
        code = self.process.wait()
        self._thread.join(timeout=5.0)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return code


class _Crew:
    """Tasks on several processes. One that dies is replaced, and what it was at goes to the end of the queue."""

    def __init__(self, book: _Book, pending: list[int], worker: Worker, shared: bytes, jobs: int) -> None:
        import pickle
        from queue import SimpleQueue

        self.book, self.jobs = book, jobs
        self.queue = deque(pending)
        self.most = max(1, len(pending) // (SHARES * jobs))
        self.tries: dict[int, int] = {}
        self.never_begun = 0
        self.hands: set[_Hand] = set()
        self.inbox: SimpleQueue[tuple[_Hand, Any]] = SimpleQueue()
        self.opening = pickle.dumps(sys.path) + pickle.dumps((_sendable(worker), shared))

    def run(self) -> None:
        try:
            for _ in range(self.jobs):
                self.hands.add(_Hand(self.inbox, self.opening))
            while self.queue or any(hand.at for hand in self.hands):
                self.hear(*self.next())
        finally:
            for hand in self.hands:
                hand.process.kill()
            for hand in self.hands:
                hand.stop()
            # They may have said more than was heard.
            while not self.inbox.empty():
                _, word = self.inbox.get()
                if isinstance(word, tuple) and word[1]:
                    self.book.take(word)

    def next(self) -> tuple[_Hand, Any]:
        from queue import Empty

        while True:
            with suppress(Empty):
                return self.inbox.get(timeout=1.0)  # without it, Windows would not hear Ctrl-C

    def hear(self, hand: _Hand, word: Told | bool | None) -> None:
        if word is None:
            self.replace(hand)
            return
        hand.begun = True
        if isinstance(word, tuple):
            self.book.take(word)
            hand.at.popleft()
        if not hand.at:
            self.give(hand)

    def give(self, hand: _Hand) -> None:
        import pickle

        # Less at a time towards the end, so that none is left with much when the others are done.
        size = max(1, min(self.most, len(self.queue) // (2 * self.jobs)))
        work = [self.queue.popleft() for _ in range(min(size, len(self.queue)))]
        if work:
            tasks = self.book.tasks
            hand.give([(i, tasks[i].key, pickle.dumps(tasks[i].payload)) for i in work])

    def replace(self, hand: _Hand) -> None:
        code = hand.stop()
        how = f"signal {-code}" if code < 0 else "no memory left" if code == NO_MEMORY else f"exit code {code}"
        self.hands.remove(hand)
        if not hand.begun:
            self.never_begun += 1
            if self.never_begun >= TRIES:
                if self.hands:
                    return  # on with those that are there
                raise SolveError(f"the processes end before they begin ({how}); run it in this one with --jobs 1")
        if hand.at:
            culprit = hand.at.popleft()
            self.queue.extendleft(reversed(hand.at))
            self.queue.append(culprit)
            self.tries[culprit] = self.tries.get(culprit, 0) + 1
            if self.tries[culprit] == TRIES:
                key = quote(self.book.tasks[culprit].key)
                raise SolveError(f"the task {key} ended its process {TRIES} times ({how}); if the machine is short of memory, give fewer --jobs")
        new = _Hand(self.inbox, self.opening)
        self.hands.add(new)
        # Those with nothing to do need not wait for it.
        for idle in self.hands:
            if idle.begun and not idle.at:
                self.give(idle)


def _serve() -> None:
    """What a process of a crew does, until it is killed or nobody is there to tell."""
    import pickle
    from queue import SimpleQueue

    asked = sys.stdin.buffer
    told = os.fdopen(os.dup(1), "wb")
    # Whatever prints, prints on stderr.
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    given: SimpleQueue[list[tuple[int, str, bytes]]] = SimpleQueue()

    def say(word: Told | bool) -> None:
        try:
            pickle.dump(word, told)
            told.flush()
        except OSError:
            os._exit(1)

    def listen() -> None:
        while True:
            try:
                given.put(pickle.load(asked))
            except Exception:
                os._exit(1)  # the one who asked is gone, and nobody waits for what is being worked at

    packed, shared = pickle.load(asked)
    Thread(target=listen, daemon=True).start()
    worker: Worker | None = None
    say(True)
    while True:
        for i, key, payload in given.get():
            try:
                worker = worker or pickle.loads(packed)
                word = _tell(worker, shared, i, key, payload)
            except MemoryError:
                os._exit(NO_MEMORY)
            except Exception as error:
                word = (i, False, _packed(error))
            say(word)


# --- a cluster ---------------------------------------------------------------------------------


def _on_cluster(book: _Book, pending: list[int], worker: Worker, shared: bytes, address: str) -> None:
    """Tasks on a Dask cluster. Dask itself runs again what was on a worker that died."""
    import logging
    from importlib import import_module

    try:
        distributed: Any = import_module("distributed")  # whose types come and go
    except ImportError:
        raise UsageError('a cluster needs Dask: pip install "keruen[cluster]"') from None
    packed = _sendable(worker)
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
    def __init__(self, book: _Book, packed: bytes, shared: bytes, distributed: Any, client: Any, address: str) -> None:
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
            found.append(_tell(worker, _SHARED[name], *item))
            if not found[-1][1] or time.monotonic() > until:
                break
    return found
