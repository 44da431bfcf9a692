"""Long questions: a process of the command line each, with progress, a result and a way to stop it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from keruen.api import Case
from keruen.errors import UsageError, did_you_mean
from keruen.errors import quote as shown
from keruen.web.address import Ask
from keruen.web.desk import Busy

__all__ = ["LONG", "Job", "Jobs"]

LONG = {"pairs": "every pair closed together", "worst": "the closures that together hurt most, with proof", "sample": "capacities, costs and outages drawn"}
BY = ("link", "place", "country", "operator")
RUNNING, KEPT, ROWS = 2, 24, 20
UNWATCHED = 90.0  # seconds without anybody asking how far it is
LONGEST = 3600.0  # seconds
_BAR = re.compile(rb"([\w ,]*):?\s*(\d{1,3})%\|")


@dataclass
class Job:
    """A long question on its way. state: running, done, failed or stopped."""

    job: str
    question: str
    words: str
    query: str
    state: str = "running"
    percent: int = 0
    doing: str = "starting"
    result: dict[str, Any] | None = None
    error: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    watched: float = field(default_factory=time.monotonic)
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = None

    def told(self) -> dict[str, Any]:
        """What the page is told."""
        seconds = (self.ended or time.monotonic()) - self.began
        return {"job": self.job, "question": self.question, "words": self.words, "query": self.query, "state": self.state, "percent": self.percent,
                "doing": self.doing, "seconds": round(seconds, 1), "error": self.error, "result": self.result}  # fmt: skip


class Jobs:
    """The long questions of one server. ``name`` is the case as the command line is given it."""

    def __init__(self, case: Case, name: str) -> None:
        self._case, self._name = case, name
        self._jobs: dict[str, Job] = {}

    def start(self, ask: Ask, wanted: Mapping[str, Any]) -> Job:
        """Start what is wanted: question, by, k, n. Raises UsageError, or Busy when enough run already."""
        question, by = wanted.get("question"), wanted.get("by", "link")
        if not isinstance(question, str) or question not in LONG:
            raise UsageError(f"there are the long questions {', '.join(LONG)}; got {shown(question)}. {did_you_mean(question, LONG)}".strip())
        if not isinstance(by, str) or by not in BY:
            raise UsageError(f"by takes one of {', '.join(BY)}; got {shown(by)}. {did_you_mean(by, BY)}".strip())
        if ask.behaviour != "planner":
            raise UsageError("long questions are answered for the planner alone; choose behaviour planner")
        count = _whole(wanted, {"worst": ("k", 3, 2, 5), "sample": ("n", 200, 10, 2000)}.get(question))
        if sum(j.state == "running" for j in self._jobs.values()) >= RUNNING:
            raise Busy(f"{RUNNING} long questions are running already; wait for one, or stop it")
        ended = sorted((j for j in self._jobs.values() if j.ended), key=lambda j: j.ended or 0.0)
        for job in ended[: max(0, len(self._jobs) - KEPT + 1)]:
            del self._jobs[job.job]
        words = {"pairs": f"every pair of {by}s closed together", "worst": f"the worst {count} {by}s together", "sample": f"{count} draws"}[question]
        job = Job(secrets.token_urlsafe(12), question, words, ask.query())
        more = {"pairs": ["--by", by, "--deep", "2", "--brief"], "worst": ["--by", by, "--worst", str(count)], "sample": ["--sample", str(count)]}[question]
        self._jobs[job.job] = job
        job.task = asyncio.create_task(self._run(job, ask, more))
        return job

    def find(self, name: str) -> Job | None:
        """A job by its name; asking keeps it alive."""
        job = self._jobs.get(name)
        if job:
            job.watched = time.monotonic()
        return job

    def stop(self, job: Job, state: str = "stopped") -> None:
        """End its process and all that it started."""
        if job.state != "running":
            return
        job.state, job.ended = state, time.monotonic()
        if job.process is not None and job.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(job.process.pid, signal.SIGKILL)
                else:
                    job.process.kill()

    async def close(self) -> None:
        """Stop all of them."""
        tasks = [j.task for j in self._jobs.values() if j.task]
        for job in self._jobs.values():
            self.stop(job)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, ask: Ask, more: list[str]) -> None:
        folder = Path(mkdtemp(prefix="keruen-job-"))
        try:
            scenario, out = folder / "scenario.toml", folder / "out.json"
            scenario.write_text(ask.toml(self._case), encoding="utf-8")
            command = [sys.executable, "-m", "keruen.cli", "stress", self._name, "--year", str(ask.year), "--scenario", str(scenario), *more,
                       "--jobs", str(max(1, (os.cpu_count() or 2) - 1)), "--format", "json", "-o", str(out)]  # fmt: skip
            if job.question != "worst":
                command += ["--checkpoint", str(folder / "checkpoint")]
            job.process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
                env={**os.environ, "KERUEN_PROGRESS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
            if job.state != "running":  # stopped before it began
                job.state = "running"
                self.stop(job)
            watcher = asyncio.create_task(self._watch(job))
            tail = await _follow(job)
            code = await job.process.wait()
            watcher.cancel()
            if job.state == "running":
                if code == 0 and out.is_file():
                    job.result = _short(json.loads(out.read_text(encoding="utf-8")), job.question)
                    job.state, job.percent, job.doing = "done", 100, "done"
                else:
                    job.state, job.error = "failed", tail.strip()[-400:] or f"the process ended with {code}"
        except Exception as error:
            job.state, job.error = "failed", f"{type(error).__name__}: {error}"
        finally:
            job.ended = job.ended or time.monotonic()
            shutil.rmtree(folder, ignore_errors=True)

    async def _watch(self, job: Job) -> None:
        """A page that was closed asks no more: its question ends too."""
        while job.state == "running":
            await asyncio.sleep(2.0)
            now = time.monotonic()
            if now - job.watched > UNWATCHED or now - job.began > LONGEST:
                job.error = "stopped: nobody was waiting for it any more" if now - job.watched > UNWATCHED else "stopped after an hour; use the command line"
                self.stop(job)


async def _follow(job: Job) -> str:
    """Read what the process says of its progress until it ends; the last of it in words."""
    assert job.process is not None
    assert job.process.stderr is not None
    tail = b""
    while chunk := await job.process.stderr.read(4096):
        tail = (tail + chunk)[-8192:]
        if found := _BAR.findall(tail):
            doing, percent = found[-1]
            job.doing, job.percent = doing.decode(errors="replace").strip() or job.doing, min(100, int(percent))
    return tail.decode(errors="replace").rpartition("\r")[2]


def _whole(wanted: Mapping[str, Any], asked: tuple[str, int, int, int] | None) -> int:
    if asked is None:
        return 0
    name, usual, least, most = asked
    value = wanted.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"{name} is a whole number from {least} to {most}; got {shown(value)}")
    return value


def _short(told: dict[str, Any], question: str) -> dict[str, Any]:
    """What a page has room for; the command line has all of it."""
    if question == "pairs":
        rows = [{"closed": r["closed"], "loss_musd": r["loss_musd"], "more_than_apart_musd": r.get("more_than_apart_musd")}
                for r in told["closures"] if len(r["closed"]) == 2]  # fmt: skip
        return {"rows": rows[:ROWS], "in_all": len(rows), "counts": told["counts"]}
    if question == "worst":
        return {k: told[k] for k in ("closed", "loss_musd", "bound_musd", "gap") if k in told}
    rows = [r for r in told.get("distributions", ()) if isinstance(r, dict)]
    return {"rows": rows[:ROWS], "in_all": len(rows)}
