"""Tasks on several processes of this machine.

Processes are plain subprocesses that talk through their pipes. So a script needs no ``if __name__ == "__main__"``,
threads of the caller do no harm, and a process that is killed takes nothing with it but the task it was at.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from keruen.ask.book import Book, Told, Worker, packed_error, sendable, tell
from keruen.errors import SolveError, quote

if TYPE_CHECKING:
    from queue import SimpleQueue
    from subprocess import Popen

__all__ = ["SHARES", "TRIES", "Crew", "serve"]

TRIES = 3
SHARES = 30  # pieces of work each process is given, about
NO_MEMORY = 112  # exit code of a process that ran out of it
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BOOT = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from keruen.ask.crew import serve; serve()"


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


class Crew:
    """Tasks on several processes. One that dies is replaced, and what it was at goes to the end of the queue."""

    def __init__(self, book: Book, pending: list[int], worker: Worker, shared: bytes, jobs: int) -> None:
        import pickle
        from queue import SimpleQueue

        self.book, self.jobs = book, jobs
        self.queue = deque(pending)
        self.most = max(1, len(pending) // (SHARES * jobs))
        self.tries: dict[int, int] = {}
        self.never_begun = 0
        self.hands: set[_Hand] = set()
        self.inbox: SimpleQueue[tuple[_Hand, Any]] = SimpleQueue()
        self.opening = pickle.dumps(sys.path) + pickle.dumps((sendable(worker), shared))

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


def serve() -> None:
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
                word = tell(worker, shared, i, key, payload)
            except MemoryError:
                os._exit(NO_MEMORY)
            except Exception as error:
                word = (i, False, packed_error(error))
            say(word)
