"""Whole commands, from nothing: each run is a fresh process, timed from start to exit, with the peak memory of that process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Missing, Work


def command(words: Sequence[str], objective: bool = False) -> Work:
    """Run a command of this environment. objective: read ``objective_musd`` from the JSON it prints."""
    program = Path(sys.executable).parent / words[0]
    if not program.exists():
        raise Missing(f"{words[0]} is not installed beside {sys.executable}")
    peak = [0.0]

    def run() -> dict[str, Any]:
        process = subprocess.Popen([str(program), *words[1:]], stdout=subprocess.PIPE if objective else subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"exit {process.returncode}: {' '.join(words)}")
        peak[0] = max(peak[0], usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024))
        return {"objective": json.loads(text)["objective_musd"]} if objective else {}

    return Work(run, peak=lambda: peak[0])
