"""Which numbers a result hangs on: every uncertain number of the year moved to both ends of its range, one at a time, all else as it is.

Nothing is left to a guess: a number is passed over only where it is proven that the plan stays the best without a solve.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.ask.moves import Bench
from keruen.ask.results import Result, result_of
from keruen.ask.standing import Cell, Standing, cells_of, ranges_of, standing
from keruen.case import Case
from keruen.errors import UsageError
from keruen.network import build
from keruen.plan import rounded
from keruen.scenario import SETTABLE, Scenario
from keruen.solve.program import assemble

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Guesses", "Sensitivity", "guesses", "sensitivity"]

KINDS = ("sourced", "derived", "estimate")
# A result that moves by less than this part of itself, or of one unit where it is near 0, does not move: rounding does as much.
TINY = 1e-9
COLUMNS = ("number", "value", "unit", "low", "high", "result_low", "result_high", "swing", "kind", "confidence", "source", "why")
# What becomes of a number, and the rule that decides it.
PASSED = {
    "no_range": "a year, a figure of 0, or one that the scenario sets: it has no range to be moved over",
    "outside": "not in the network: the program of the year is the same with it at both ends of its range",
    "stays": "the plan stays the best by its own prices: it does not use what gets dearer or smaller, and nothing else gets cheap enough to be used",
    "still": "solved with it at both ends of its range, and the result does not move",
    "moves": "solved, and the result moves",
}  # fmt: skip


@dataclass(frozen=True)
class Sensitivity:
    """What a result hangs on. rows: numbers that move it, those that move it most first; value: the result as it stands.

    Keys of a row: number, value and unit, low and high (the range it is moved over), result_low and result_high (the result with
    the number at each; None for a share of nothing), swing (from the least to the greatest of the three), kind, confidence, source,
    why (the range). counts: how many numbers, by what became of them (:data:`PASSED`).
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    result: str
    words: str
    unit: str
    value: float | None
    kinds: tuple[str, ...]
    rivals: bool
    rows: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]

    def __repr__(self) -> str:
        first = f"; most on {self.rows[0]['number']}, by {self.rows[0]['swing']:,.4g} {self.unit}" if self.rows else ""
        value = "nothing" if self.value is None else f"{self.value:,.6g} {self.unit}"
        return f"<Sensitivity {self.case} {self.year} {self.result}: {value}, hangs on {len(self.rows)} of {sum(self.counts.values())} numbers{first}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a number that moves the result, the strongest first."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen why CASE RESULT --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "result": self.result, "words": self.words,
            "unit": self.unit, "value": self.value, "kinds": list(self.kinds), "rivals": self.rivals, "counts": dict(self.counts), "numbers": list(self.rows),
        })  # fmt: skip
        return found


def sensitivity(
    case: Case, result: str = "objective", *, year: int | None = None, scenario: Scenario | None = None, rivals: bool = False, kinds: Sequence[str] = KINDS
) -> Sensitivity:
    """Move every uncertain number of a year to both ends of its range, one at a time, and see what a result does.

    result: objective, cost, exports.COMMODITY, exports.COMMODITY.COUNTRY, crossing.COMMODITY.COUNTRY (a share), limits.NAME (load)
    or plants.NAME (run). rivals: ranges reach to the rival figures too. kinds: only numbers of these kinds (sourced, derived, estimate).
    Raises UsageError for what cannot be asked, ScenarioError for names the case lacks.

    >>> import keruen as kr
    >>> kr.sensitivity(kr.load("kazakhstan"), "plants.refinery-atyrau", kinds=["sourced"]).unit
    'Mt'
    """
    kinds = _kinds(kinds)
    year = case.base_year if year is None else year
    network = build(case, year, scenario)
    asked = result_of(network, result, assemble(network))
    bench = Bench(case, year, scenario, (asked,))
    moved, counts = _move_all(bench, rivals, kinds)
    rows = [row for row in (_row(s, low, high, bench.base.values, *ends, 0) for s, low, high, ends in moved) if row is not None]
    counts["still"] = len(moved) - len(rows)
    counts["moves"] = len(rows)
    rows.sort(key=lambda r: (-r["swing"], r["number"]))
    return Sensitivity(case.name, year, bench.overlay.names, str(asked), asked.words, asked.unit, bench.base.values[0], kinds, rivals, tuple(rows), counts)


def _kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    given = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not given or not set(given) <= set(KINDS):
        raise UsageError(f"kinds are one or more of {', '.join(KINDS)}; got {', '.join(map(str, given)) or 'none'}")
    return tuple(k for k in KINDS if k in given)


Ends = tuple[tuple[float | None, ...], tuple[float | None, ...]]


def _move_all(bench: Bench, rivals: bool, kinds: tuple[str, ...]) -> tuple[list[tuple[Standing, float, float, Ends]], dict[str, int]]:
    """Every number that needed a solve: its range, and the results at both ends. And how many did not, by why."""
    told = frozenset(bench.overlay.values)
    figures = ranges_of(bench.case, told)
    count = Counter(dict.fromkeys(PASSED, 0))
    moved = []
    for cell in _cells(bench.case):
        s = standing(bench.case, cell, told, figures, rivals=rivals)
        if s.kind not in kinds:
            continue
        low, high = (s.wide if rivals and s.wide is not None else (s.low, s.high))
        if low is None or high is None or low == high or (s.cell.table, s.cell.row, s.cell.column) in told:
            count["no_range"] += 1
            continue
        ends = [bench.at(cell, value) for value in (low, high)]
        hows = {m.how for m in ends}
        if hows == {"same"}:
            count["outside"] += 1
        elif hows <= {"same", "stays"} and all(m.values == bench.base.values for m in ends):
            count["stays"] += 1
        else:
            moved.append((s, low, high, (ends[0].values, ends[1].values)))
    return moved, dict(count)


def _cells(case: Case) -> list[Cell]:
    return [cell for table in SETTABLE for cell in cells_of(case, table)]


def _row(
    s: Standing, low: float, high: float, base: tuple[float | None, ...], at_low: tuple[float | None, ...], at_high: tuple[float | None, ...], k: int
) -> dict[str, Any] | None:
    """What a number does to result ``k``; None where that does not move."""
    three = [v for v in (base[k], at_low[k], at_high[k]) if v is not None]
    swing = max(three, default=0.0) - min(three, default=0.0)
    if swing <= TINY * max(1.0, *map(abs, three), 0.0) and len(three) in (0, 3):
        return None
    return {"number": str(s.cell), "value": s.value, "unit": s.unit, "low": low, "high": high, "result_low": at_low[k], "result_high": at_high[k],
            "swing": swing, "kind": s.kind, "confidence": s.confidence, "source": s.source, "why": s.why}  # fmt: skip


# --- the headline results, for the report ------------------------------------------------------------------


@dataclass(frozen=True)
class Guesses:
    """How far numbers of some kinds can move the headline results of a year, each on its own.

    results: name, words, unit and value of each. rows: numbers, each with a list ``moves`` of (low, high) by result, as changes
    against the plan, the number at the low and at the high end of its range; those that matter most first.
    """

    case: str
    year: int
    kinds: tuple[str, ...]
    results: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]


def guesses(case: Case, *, year: int | None = None, scenario: Scenario | None = None, top: int = 10, kinds: Sequence[str] = ("estimate",)) -> Guesses:
    """The numbers that are guesses and matter most: the first of each headline result, then the second of each, and so on.

    The headline results are the objective, exports of the good that is worth most, and the share of it that touches the country
    most of it crosses.
    """
    kinds = _kinds(kinds)
    year = case.base_year if year is None else year
    bench = Bench(case, year, scenario)
    shown = [k for k, r in enumerate(bench.results) if r != Result("cost")]
    moved, counts = _move_all(bench, False, kinds)
    rows: dict[str, dict[str, Any]] = {}
    order: list[list[tuple[float, str]]] = []
    for k in shown:
        found = [row for row in (_row(s, low, high, bench.base.values, *ends, k) for s, low, high, ends in moved) if row is not None]
        order.append(sorted((-row["swing"], row["number"]) for row in found))
        for row in found:
            one = rows.setdefault(row["number"], {n: row[n] for n in ("number", "value", "unit", "low", "high", "kind", "confidence", "source", "why")})
            one.setdefault("moves", [(0.0, 0.0)] * len(shown))
            base = bench.base.values[k]
            one["moves"][shown.index(k)] = tuple(0.0 if v is None or base is None else v - base for v in (row["result_low"], row["result_high"]))
    deepest = max(map(len, order), default=0)
    best = list(dict.fromkeys(ranked[place][1] for place in range(deepest) for ranked in order if place < len(ranked)))
    counts["still"], counts["moves"] = len(moved) - len(rows), len(rows)
    chosen = sorted(best[:top], key=lambda name: (-_spread(rows[name]["moves"][0]), name))
    results = tuple({"result": str(r), "words": r.words, "unit": r.unit, "value": bench.base.values[k]} for k, r in enumerate(bench.results) if k in shown)
    return Guesses(case.name, year, kinds, results, tuple(rows[name] for name in chosen), counts)


def _spread(ends: tuple[float, float]) -> float:
    return max(0.0, *ends) - min(0.0, *ends)
