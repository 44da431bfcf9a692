"""What a question finds: figures, a truth, a capacity or a target, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "Found", "nothing", "truth"]


@dataclass(frozen=True)
class Found:
    """One figure beside a statement: its range in the statement's unit, whose it is, where it stands."""

    low: float
    high: float
    whose: str
    source: str = ""
    confidence: str = ""
    row: str = ""


@dataclass(frozen=True)
class Answer:
    """sort: figures (``found``), truth (``holds``; None: cannot be told), most (the first of ``found`` is the most that could be), target
    (``verdict`` by the ledger), nothing (``missing`` says why). text: the evidence in words; rows: cells and rows it rests on;
    sources: who says so; binding: limits that hold it down; would: what would make it feasible.
    """

    sort: str
    text: str
    found: tuple[Found, ...] = ()
    holds: bool | None = None
    verdict: str = ""
    missing: str = ""
    rows: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    binding: tuple[dict[str, Any], ...] = ()
    would: tuple[str, ...] = field(default=())


def nothing(missing: str) -> Answer:
    return Answer("nothing", "", missing=missing)


def truth(holds: bool | None, text: str, rows: tuple[str, ...] = (), sources: tuple[str, ...] = (), missing: str = "") -> Answer:
    return Answer("truth", text, holds=holds, rows=rows, sources=tuple(dict.fromkeys(filter(None, sources))), missing=missing)
