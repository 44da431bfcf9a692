"""Cells, their records and how they are run: each cell in a process of its own, one line of JSON a cell, written as soon as it is known."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Missing", "Work", "append", "cpu_s", "free_gb", "key_of", "median", "memory_gb", "peak_mb", "read", "rss_mb", "run_cell", "spread", "timed"]

HERE = Path(__file__).resolve().parent
RESULT = "RESULT "
REPEATS = 5


class Missing(Exception):
    """Something the cell needs is not there: a file, or a part of keruen not yet written."""


@dataclass(frozen=True)
class Work:
    """What a cell measures: ``run`` is timed and returns figures of its answer; making the Work is not timed.

    peak: where the memory of interest is that of a child process, its peak in MiB after ``run``.
    """

    run: Callable[[], dict[str, Any]]
    peak: Callable[[], float] | None = None
    warm_up: bool = True


@dataclass(frozen=True)
class Cell:
    """One measurement: ``make`` is ``module:function`` under benchmarks/works, called with ``args`` in a process of its own.

    case: what is solved (rows of one case are compared with ``base``, the row the ratios are against). agree: cells with the same word
    must find the same objective to ``tolerance``. budget_s: no new repetition begins after this; timeout_s: the process is stopped.
    starts: what the program is given, said in the table.
    """

    section: str
    case: str
    row: str
    make: str
    args: Mapping[str, Any] = field(default_factory=dict)
    base: bool = False
    agree: str = ""
    tolerance: float = 1e-6
    repeats: int = REPEATS
    budget_s: float = 60.0
    timeout_s: float = 300.0
    starts: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def key_of(cell: Cell) -> str:
    """What makes a cell the same cell in another run."""
    return json.dumps([cell.section, cell.case, cell.row, cell.make, dict(cell.args), cell.repeats], sort_keys=True)


def median(values: Sequence[float]) -> float | None:
    """Median, or None of nothing."""
    return statistics.median(values) if values else None


def spread(values: Sequence[float]) -> float | None:
    """(largest - smallest) / median, or None of fewer than two."""
    middle = median(values)
    return (max(values) - min(values)) / middle if len(values) > 1 and middle else None


# --- inside the process of a cell -------------------------------------------------------------------


def _status(word: str) -> float | None:
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(word + ":"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def peak_mb() -> float:
    """Peak resident memory of this process, MiB."""
    found = _status("VmHWM")
    if found is not None:
        return found
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def rss_mb() -> float | None:
    """Resident memory of this process now, MiB."""
    return _status("VmRSS")


def memory_gb() -> float:
    """Memory of the machine, GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def free_gb() -> float:
    """Memory that can be had now, GiB."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) / 2**20
    except OSError:
        pass
    return memory_gb()


def timed(work: Work, repeats: int, budget_s: float) -> dict[str, Any]:
    """Run a work once, then ``repeats`` times more while the budget lasts.

    The first run (which pays for imports inside libraries, caches and compilation) is kept apart as ``first_s``; where the budget allows no
    other, it is the only figure and counts.
    """
    began, used = time.perf_counter(), cpu_s()
    answer = work.run()
    first, first_cpu = time.perf_counter() - began, cpu_s() - used
    seconds: list[float] = []
    cpu: list[float] = []
    for _ in range(repeats if work.warm_up else repeats - 1):
        if time.perf_counter() - began + first * 0.5 > budget_s:
            break
        start, used = time.perf_counter(), cpu_s()
        answer = work.run()
        seconds.append(time.perf_counter() - start)
        cpu.append(cpu_s() - used)
    if not work.warm_up or not seconds:
        seconds.insert(0, first)
        cpu.insert(0, first_cpu)
    return {"first_s": first, "seconds": seconds, "cpu": cpu, "peak_mb": work.peak() if work.peak else peak_mb(), "answer": answer}


def cpu_s() -> float:
    """Processor seconds of this process and of its ended children: what a busy machine does not lengthen."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


# --- outside ----------------------------------------------------------------------------------------


def run_cell(cell: Cell, python: str = sys.executable) -> dict[str, Any]:
    """Run a cell in a process of its own; a failure or timeout is part of the record."""
    began, load = time.time(), os.getloadavg()[0]
    spec = json.dumps({"make": cell.make, "args": dict(cell.args), "repeats": cell.repeats, "budget_s": cell.budget_s})
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([python, str(HERE / "worker.py"), spec], stdout=out, stderr=subprocess.STDOUT, text=True,
                                   env={**os.environ, **cell.environment}, cwd=HERE, start_new_session=True)  # fmt: skip
        found: dict[str, Any]
        try:
            code = process.wait(cell.timeout_s)
            out.seek(0)
            found = _result(out.read(), code)
        except subprocess.TimeoutExpired:
            found = {"status": "timeout", "message": f"stopped after {cell.timeout_s:g} s"}
        finally:
            _end(process)
    record = {k: v for k, v in asdict(cell).items() if k != "environment"}
    return {**record, "key": key_of(cell), "load": load, "wall_s": time.time() - began, **found}


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and whatever it started."""
    import signal

    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _result(text: str, code: int) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        if line.startswith(RESULT):
            found: dict[str, Any] = json.loads(line[len(RESULT) :])
            return found
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "no output")
    return {"status": "failed", "message": f"exit {code}: {last.strip()[:300]}"}


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record as one line, at once on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[dict[str, Any]]:
    """Records of a file; a last line cut short by an interruption is left out. The last record of a cell counts."""
    found: dict[str, dict[str, Any]] = {}
    lines: Iterable[str] = path.read_text(encoding="utf-8").splitlines() if path.exists() else ()
    for line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[record["key"]] = record
    return list(found.values())
