"""Which inputs a result is most sensitive to: every uncertain figure moved to each end of its range, one at a time, each exactly solved.

The ranges are those that ensembles draw from (:mod:`keruen.ask.sample`). The program stays warm: only costs and sides change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keruen.ask.sample import Figure, figures_of
from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.network import build
from keruen.scenario import Scenario, lay
from keruen.solve.levers import LeverMaster, Levers
from keruen.solve.pathform import path_form
from keruen.solve.program import assemble
from keruen.solve.snapshot import Measures, Snapshot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RESULTS", "Sensitivity", "sensitivity"]

RESULTS = ("objective", "cost", "exports", "delivered", "flow")
COLUMNS = ("number", "value", "low", "high", "at_low", "at_high", "swing", "kind", "source", "confidence")
TINY = 1e-6


@dataclass(frozen=True)
class Sensitivity:
    """result: what was asked; plan: its value with every figure as it stands, in ``unit``. rows: one a figure that moves it, the widest
    swing first: number (table.row.column), value, low, high (range), at_low, at_high (the result there), swing (the greater of the
    two moves), kind, source, confidence. tried: figures that were moved; idle: those the year's network does not hang on.
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    result: str
    unit: str
    plan: float
    rows: tuple[dict[str, Any], ...]
    tried: int
    idle: int

    def __repr__(self) -> str:
        top = f"; most by {self.rows[0]['number']}: {self.rows[0]['swing']:,.4g}" if self.rows else ""
        return f"<Sensitivity of {self.result} {self.case} {self.year}: {self.plan:,.6g} {self.unit}, {len(self.rows)} of {self.tried} figures move it{top}>"

    @property
    def table(self) -> pd.DataFrame:
        """One row a figure."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen why CASE RESULT --format json`` writes it."""
        from keruen import __version__
        from keruen.plan import rounded

        told: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "result": self.result, "unit": self.unit,
            "plan": self.plan, "tried": self.tried, "idle": self.idle, "figures": list(self.rows),
        })  # fmt: skip
        return told


def sensitivity(
    case: Case, result: str = "objective", year: int | None = None, *, scenario: Scenario | None = None, rivals: bool = True, guesses_only: bool = False
) -> Sensitivity:
    """Move every capacity, cost, payload and downtime that the year hangs on to each end of its range, and solve.

    result: ``objective``, ``cost`` (of moving), ``exports.crude``, ``delivered.grain`` or ``flow.LINK.COMMODITY`` (of a link, ``LINK:back``
    for its way back). rivals: ranges reach to rival figures. guesses_only: only figures that no source gives.
    Raises UsageError for a result that is none.

    >>> import keruen as kr
    >>> kr.sensitivity(kr.load("kazakhstan"), "exports.crude", guesses_only=True).unit
    'Mt'
    """
    year = case.base_year if year is None else year
    under = scenario or Scenario()
    overlay = lay(under, case)
    program = assemble(build(case, year, under))
    levers, measures = Levers(program), Measures(program)
    told = frozenset((t, r, c) for t, r, c in overlay.values)
    figures, _ = figures_of(case, rivals, told)
    at = np.array([levers.position(f.key) for f in figures], np.int64)
    used = levers.used()[at]
    master = LeverMaster(path_form(program))
    first = master.solve()
    base = measures.of(master.flows(first), first.objective)
    read, unit = _reader(result, base, program.network.commodities)
    plan = read(base)
    mark = master.mark()
    rows = []
    tried = 0
    for k, f in enumerate(figures):
        kind = _kind(case, f)
        if not used[k] or f.low == f.high or (guesses_only and kind != "estimate"):
            continue
        tried += 1
        ends = []
        for end in (f.low, f.high):
            vector = np.ones(levers.size)
            vector[at[k]] = end / f.value
            cost, lower, upper, shut = levers.of(vector)
            master.back(mark)
            master.change(cost, lower, upper)
            master.close(shut)
            solved = master.solve()
            ends.append(read(measures.of(master.flows(solved), solved.objective)))
        swing = max(abs(e - plan) for e in ends)
        if swing > TINY * max(1.0, abs(plan)):
            row = getattr(case, f.table)[f.id]
            own = next((p for p in case.provenance.get((f.table, f.id, f.column), ()) if p.kind != "rival"), None)
            rows.append({"number": f"{f.table}.{f.id}.{f.column}", "value": f.value, "low": f.low, "high": f.high, "at_low": ends[0], "at_high": ends[1],
                         "swing": swing, "kind": kind, "source": own.source if own and own.source else row.source,
                         "confidence": own.confidence if own and own.confidence else row.confidence})  # fmt: skip
    rows.sort(key=lambda r: (-r["swing"], r["number"]))
    return Sensitivity(case.name, year, under.names, result, unit, plan, tuple(rows), tried, int((~used).sum()))


def _kind(case: Case, f: Figure) -> str:
    return case.kind_of_number(f.table, getattr(case, f.table)[f.id], f.column)


def _reader(result: str, base: Snapshot, commodities: Any) -> tuple[Any, str]:
    """How to read a result off a snapshot, and its unit."""
    what, _, rest = result.partition(".")
    if what not in RESULTS:
        raise UsageError(f"'{what}' is no result. {did_you_mean(what, RESULTS) or 'There are: ' + ', '.join(RESULTS)}")
    if what in ("objective", "cost"):
        return (lambda s: s.objective) if what == "objective" else (lambda s: s.moving), "MUSD"
    link, _, commodity = rest.rpartition(".")
    name = commodity if what == "flow" else rest
    if name not in commodities:
        raise UsageError(f"'{name}' is no commodity of the case. {did_you_mean(name, commodities)}; expected a result such as exports.crude")
    unit = commodities[name].unit
    if what == "flow":
        known = {label for label, _ in base.flow}
        if link not in known:
            raise UsageError(f"nothing flows on '{link}' in the plan. {did_you_mean(link, known)}".rstrip())
        return (lambda s: s.flow.get((link, commodity), 0.0)), unit
    return (lambda s: getattr(s, "exported" if what == "exports" else "delivered").get(rest, 0.0)), unit


