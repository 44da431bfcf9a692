"""Section 7: what compiling costs. Each run is a fresh process that times one call of ``solve_multiflow``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import Work

HERE = Path(__file__).resolve().parent.parent
SIZE = (1_000, 100)
CALL = """
import sys, time
sys.path.insert(0, {here!r})
from works.problems import random_network
p = random_network(*{size!r})
start = time.perf_counter()
from keruen.solve.flows import solve_multiflow
imported = time.perf_counter()
answer = solve_multiflow(p.multiflow(), gap=1e-5)
print(time.perf_counter() - imported, imported - start, answer.objective)
"""


def later() -> Work:
    """A call in a process that has made it before."""
    from works.random_family import keruen

    return keruen(*SIZE, 1e-5)


def first(compiled: bool) -> Work:
    """The first call of a process, with numba's cache filled, or empty. ``call_s`` and ``import_s`` are told apart from the process."""
    kept = tempfile.TemporaryDirectory()
    script = CALL.format(here=str(HERE), size=SIZE)

    def call(folder: str) -> dict[str, Any]:
        done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "NUMBA_CACHE_DIR": folder}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        seconds, imported, objective = (float(w) for w in done.stdout.split())
        return {"call_s": seconds, "import_s": imported, "objective": objective}

    if compiled:
        call(kept.name)

    def run() -> dict[str, Any]:
        if compiled:
            return call(kept.name)
        with tempfile.TemporaryDirectory() as empty:
            return call(empty)

    return Work(run, warm_up=False)
