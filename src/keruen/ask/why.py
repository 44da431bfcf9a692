"""Why a number is what it is: source, confidence, rivals, range; and what rests on it, found by moving it and solving again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keruen.ask.entering import reason
from keruen.ask.moves import Bench, Moved
from keruen.ask.naming import describe_row, named_by
from keruen.ask.results import Result
from keruen.ask.standing import Cell, Standing, cells_of, find, ranges_of, source_of, standing, table_rows
from keruen.case import Case
from keruen.check import check_laid
from keruen.errors import UsageError
from keruen.plan import rounded
from keruen.scenario import Scenario
from keruen.solve import Solution, solve
from keruen.solve.shares import Shares, touching

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Numbers", "Why", "numbers", "why"]

TINY = 1e-6
NUMBER_COLUMNS = ("number", "value", "unit", "kind", "confidence", "source", "rivals", "low", "high")
MOVE_COLUMNS = ("at", "value", "objective_change_musd", "cost_change_musd", "exports", "share_change", "source")


@dataclass(frozen=True)
class Why:
    """Everything there is to say of one number; the keys of ``told`` are those of docs/json.md."""

    case: str
    year: int
    scenario: tuple[str, ...]
    number: str
    told: Mapping[str, Any]

    def __repr__(self) -> str:
        t = self.told
        value = "empty" if t["value"] is None else f"{t['value']:g} {t['unit']}".rstrip()
        most = max((abs(m["objective_change_musd"]) for m in t["moves"]), default=0.0)
        rests = f"moves the objective of {self.year} by up to {most:,.4g} MUSD" if t["enters"] else f"not in the network of {self.year}"
        return f"<Why {self.number}: {value}, {t['kind']}, {t['confidence'] or 'no'} confidence, {len(t['rivals'])} rivals; {rests}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """What results do when the number is moved: one row an end of its range, a rival, or one more."""
        import pandas as pd

        rows = [{**m, "exports": {e["commodity"]: e["change"] for e in m["exports"]}} for m in self.told["moves"]]
        return pd.DataFrame(rows, columns=list(MOVE_COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen why CASE NUMBER --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({"keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario),
                                         "number": self.number, **self.told})  # fmt: skip
        return found


def why(case: Case, number: str, *, year: int | None = None, scenario: Scenario | None = None) -> Why:
    """What stands behind a number, and which results rest on it.

    number: TABLE.ROW.COLUMN. year: the base year if not given. The year is solved with the number at both ends of its range, at
    each rival, and with one more unit. Raises UsageError, with a hint, for a number that the case does not have.

    >>> import keruen as kr
    >>> kr.why(kr.load("kazakhstan"), "links.pipe-cpc-tengiz-atyrau.capacity").told["unit"]
    'Mt/year'
    """
    cell = find(case, number)
    if not cell.column:
        rest = "COLUMN" if cell.row else "ROW.COLUMN"
        raise UsageError(f"'{number}' holds many numbers; name one as {cell}.{rest}, or list them with keruen.numbers")
    year = case.base_year if year is None else year
    bench = Bench(case, year, scenario)
    name = (cell.table, cell.row, cell.column)
    told = frozenset(bench.overlay.values)
    laid = bench.case  # with what the scenario sets
    row = table_rows(laid, cell.table)[cell.row]
    if not cell.key and isinstance(getattr(row, cell.column), dict):
        keys = ", ".join(getattr(row, cell.column))
        raise UsageError(f"'{cell}' holds several numbers; name one of them as {cell}.ID: {keys}" if keys else f"'{cell}' is empty: it holds no number")
    stands = standing(laid, cell, told)
    solution = solve(bench.network, gap=0.0)
    moves, hows = _moves(bench, stands)
    enters = any(how != "same" for how in hows)
    because = reason(bench, stands, enters, moves)
    one_more = next((-m["objective_change_musd"] for m in moves if m["at"] == "one more"), None)
    return Why(case.name, year, bench.overlay.names, str(cell), {
        "row": describe_row(laid, cell.table, row), "meaning": stands.meaning, "value": stands.value, "unit": stands.unit, "blank": stands.blank,
        "set_by_scenario": name in told, "kind": stands.kind, "confidence": stands.confidence, "source": source_of(case, stands.source),
        "derivation": stands.derivation, "note": stands.note, "rivals": _rivals(case, stands), "range": _range(stands),
        "enters": enters, "because": because, "base": _base(bench, solution), "moves": moves, "one_more_musd": one_more if enters else None,
        "limits": _limits(bench, solution, cell), "named_by": named_by(case, cell.table, cell.row),
    })  # fmt: skip


def _rivals(case: Case, s: Standing) -> list[dict[str, Any]]:
    found = []
    for r in s.rivals:
        differs = None if r.value is None or s.value is None else r.value - s.value
        share = differs / s.value if differs is not None and s.value else None
        found.append({"value": r.value, "text": r.text, "unit": s.unit, "differs": differs, "differs_share": share,
                      "confidence": r.confidence, "source": source_of(case, r.source), "note": r.note})  # fmt: skip
    return found


def _range(s: Standing) -> dict[str, Any]:
    low, high = s.wide or (None, None)
    return {"low": s.low, "high": s.high, "low_with_rivals": low, "high_with_rivals": high, "why": s.why, "drawn": s.drawn}


def _tries(s: Standing) -> list[tuple[str, float, str]]:
    """Figures to solve with: what each is, the figure, whose."""
    found = [("low", s.low, ""), ("high", s.high, "")]
    tries = [(at, value, source) for at, value, source in found if value is not None and value != s.value]
    tries += [("rival", r.value, r.source) for r in s.rivals if r.value is not None and r.value != s.value]
    if s.value is not None and s.low is not None and s.unit not in ("share", "") and s.cell.column not in ("outputs", "tonnes_per_unit"):
        tries.append(("one more", s.value + 1, ""))
    return tries


def _moves(bench: Bench, s: Standing) -> tuple[list[dict[str, Any]], list[str]]:
    moves, hows = [], []
    for at, value, source in _tries(s):
        moved = bench.at(s.cell, value)
        refused = _refused(bench, s.cell, value) if moved.how != "same" else ""
        moves.append({"at": at, "value": value, "source": source, **_change(bench, moved), "refused": refused})
        hows.append(moved.how)
    return moves, hows


def _refused(bench: Bench, cell: Cell, value: float) -> str:
    """What ``keruen check`` would say of the case with this figure; empty where it says nothing."""
    from keruen.ask.standing import with_value

    found = check_laid(with_value(bench.case, cell, value))
    return str(found[0]) if found else ""


def _change(bench: Bench, moved: Moved) -> dict[str, Any]:
    base = bench.base
    by = dict(zip(bench.results, zip(base.values, moved.values, strict=True), strict=True))
    goods = bench.network.commodities
    shares = [pair for r, pair in by.items() if r.kind == "crossing"]
    return {
        "objective_change_musd": _less(by, "objective"), "cost_change_musd": _less(by, "cost"),
        "exports": [{"commodity": c, "unit": goods[c].unit, "change": moved.exported.get(c, 0.0) - base.exported.get(c, 0.0)}
                    for c in goods if abs(moved.exported.get(c, 0.0) - base.exported.get(c, 0.0)) > TINY],
        "share_change": None if not shares or None in shares[0] else (shares[0][1] or 0.0) - (shares[0][0] or 0.0),
    }  # fmt: skip


def _less(by: Mapping[Result, tuple[float | None, float | None]], kind: str) -> float:
    before, after = next(pair for r, pair in by.items() if r.kind == kind)
    return (after or 0.0) - (before or 0.0)


def _base(bench: Bench, solution: Solution) -> dict[str, Any]:
    by = dict(zip(bench.results, bench.base.values, strict=True))
    crossing = None
    for r, value in by.items():
        if r.kind == "crossing" and value is not None:
            near = Shares(solution, r.commodity).of(touching(bench.network, "country", r.country))
            least, most = (value, value) if near is None else (min(value, near.least), max(value, near.most))
            crossing = {"commodity": r.commodity, "country": r.country, "share": value, "share_min": least, "share_max": most}
    exports = [{"commodity": c, "unit": bench.network.commodities[c].unit, "quantity": q} for c, q in bench.base.exported.items() if q > TINY]
    return {"objective_musd": by[Result("objective")], "cost_musd": by[Result("cost")], "exports": exports, "crossing": crossing}


def _limits(bench: Bench, solution: Solution, cell: Cell) -> list[dict[str, Any]]:
    """Load, capacity and price of what the number limits."""
    rows = bench.limits_of(cell)
    if not rows:
        return []
    prices = solution.prices([row for _, _, _, row in rows])
    found = []
    for name, capacity, unit, row in rows:
        p = prices[row]
        load = bench.load_of(row) if row in bench.program.fleet_rows else p.load
        found.append({"limit": name, "load": load, "capacity": capacity, "unit": unit, "price_musd_per_unit": p.price,
                      "price_holds_from": p.holds_from if p.price > 0 else None, "price_holds_to": min(p.holds_to, 1e9) if p.price > 0 else None,
                      "degenerate": p.degenerate, "one_more_musd": p.one_more})  # fmt: skip
    return found


# --- many numbers ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numbers:
    """The numbers of a row or table and how each stands. rows: one a number; kinds: how many are sourced, derived, estimates."""

    case: str
    name: str
    words: str
    rows: tuple[dict[str, Any], ...]
    kinds: dict[str, int]

    def __repr__(self) -> str:
        return f"<Numbers {self.name}: {len(self.rows)}, of them {', '.join(f'{n} {k}' for k, n in self.kinds.items())}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a number."""
        import pandas as pd

        return pd.DataFrame([{**r, "rivals": len(r["rivals"])} for r in self.rows], columns=list(NUMBER_COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen why CASE TABLE --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({"keruen": __version__, "case": self.case, "name": self.name, "words": self.words, "kinds": self.kinds,
                                         "numbers": list(self.rows)})  # fmt: skip
        return found


def numbers(case: Case, name: str) -> Numbers:
    """The numbers of a table or row, and how each stands; nothing is solved. Raises UsageError, with a hint, for a name the case lacks.

    >>> import keruen as kr
    >>> kr.numbers(kr.load("kazakhstan"), "plants.refinery-atyrau").rows[0]["number"]
    'plants.refinery-atyrau.capacity'
    """
    cell = find(case, name)
    figures = ranges_of(case, frozenset())
    rows = []
    for one in cells_of(case, cell.table, cell.row, cell.column):
        if cell.key and one.key != cell.key:
            continue
        s = standing(case, one, figures=figures)
        rows.append({"number": str(one), "value": s.value, "unit": s.unit, "kind": s.kind, "confidence": s.confidence, "source": s.source,
                     "rivals": [{"value": r.value, "text": r.text, "source": r.source, "confidence": r.confidence} for r in s.rivals],
                     "low": s.low, "high": s.high})  # fmt: skip
    count = Counter(r["kind"] for r in rows)
    words = describe_row(case, cell.table, table_rows(case, cell.table)[cell.row]) if cell.row else ""
    return Numbers(case.name, str(cell), words, tuple(rows), {k: count[k] for k in ("sourced", "derived", "estimate")})
