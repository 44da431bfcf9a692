"""The process of one cell: make the work, time it, print the result. Called by harness.run_cell."""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import RESULT, Missing, free_gb, rss_mb, timed  # noqa: E402

MEMORY_SHARE = 0.8  # of what is free when the cell begins


def _limit_memory() -> None:
    """No cell may bring the machine down: past this much memory it fails, and is reported so."""
    try:
        import resource

        most = int(free_gb() * MEMORY_SHARE * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):
        pass


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """The record of one cell."""
    _limit_memory()
    module, function = spec["make"].split(":")
    try:
        work = getattr(importlib.import_module(f"works.{module}"), function)(**spec["args"])
        before = rss_mb()
        return {"status": "ok", "before_mb": before, **timed(work, spec["repeats"], spec["budget_s"])}
    except Missing as error:
        return {"status": "missing", "message": str(error)}
    except MemoryError as error:
        return {"status": "failed", "message": f"out of memory ({MEMORY_SHARE:.0%} of what was free): {error}"[:300]}
    except Exception as error:
        traceback.print_exc()
        return {"status": "failed", "message": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    print(RESULT + json.dumps(main(json.loads(sys.argv[1]))), flush=True)
