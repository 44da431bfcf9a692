"""Section 4: published instances, and larger ones like them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from harness import Missing, Work
from works.problems import optimum, published
from works.random_family import solved

HERE = Path(__file__).resolve().parent.parent


def keruen(name: str, gap: float, limit: float | None = None) -> Work:
    """keruen to a certified gap, beside the published optimum."""
    work, best = solved(published(name).multiflow, gap, limit), optimum(name)

    def run() -> dict[str, Any]:
        answer = work.run()
        return {**answer, "optimum": best, "off": None if best is None else (answer["objective"] - best) / abs(best)}

    return dataclasses.replace(work, run=run)


def keruen_like(places: int, gap: float, limit: float | None = None) -> Work:
    """An instance of benchmarks/planar_like.py, of the size of the published one that is not at hand."""
    if not (HERE / "planar_like.py").exists():
        raise Missing("benchmarks/planar_like.py is not there")

    def made() -> Any:
        from planar_like import planar_like

        return planar_like(places)

    return solved(made, gap, limit)
