"""What is drawn when a case is sampled, and the bench on which each draw is solved.

How far a figure may be off follows from what stands behind it (:data:`HALF_WIDTH`); an outage of the record happens
as often as it did. Every draw is solved exactly, from the same warm state, so an answer does not depend on how many
draws there are, in which order or on how many processes.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.case import Case
from keruen.network import build
from keruen.scenario import Overlay, Scenario, describe, find_scenario, lay
from keruen.solve.levers import COST_CELL, Key, LeverMaster, Levers
from keruen.solve.pathform import path_form
from keruen.solve.pathmaster import PathAnswer
from keruen.solve.program import Program, assemble, capacities
from keruen.solve.shares import is_export
from keruen.solve.sweep import shut_columns
from keruen.units import split_quantity

__all__ = ["DIGITS", "DRAWN", "FULL", "HALF_WIDTH", "SMALL", "DrawBench", "Figure", "FleetHours", "Question", "answer", "bench", "figures_of", "outages_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# How far a figure may lie from the truth, as a share of it, to either side: by what stands behind it and how firm that is.
# What is derived has the error of its source and of the reckoning, 0.05. These are our judgement, not measured.
HALF_WIDTH = {
    ("sourced", "high"): 0.05, ("sourced", "medium"): 0.10, ("sourced", "low"): 0.20,
    ("derived", "high"): 0.10, ("derived", "medium"): 0.15, ("derived", "low"): 0.25,
    ("estimate", "high"): 0.15, ("estimate", "medium"): 0.25, ("estimate", "low"): 0.40,
}  # fmt: skip
# Cells that are drawn, and the factor of keruen.solve.levers that each is. The number of ships is known.
DRAWN = {
    "links": {"capacity": "capacity", **{c: c for c in COST_CELL.values()}}, "transfers": {"capacity": "capacity", **{c: c for c in COST_CELL.values()}},
    "plants": {"capacity": "capacity", "cost_usd": "cost"}, "fleets": {"payload_t": "payload", "downtime": "downtime"}, "supplies": {"cost_usd": "cost"},
}  # fmt: skip
UNIT_OF = {"cost_usd_per_t": "USD/t", "cost_usd_per_teu": "USD/TEU", "cost_usd_per_1000m3": "USD/1000 m3", "payload_t": "t"}
SMALL = {"Mt": "t", "kTEU": "TEU", "bcm": "1000 m3"}
# Draws solved beforehand, of this seed, so that most ways a draw will need are known.
LEARN, LEARN_SEED = 200, 0
FULL = 1e-7
# Digits of quantities after the point, as in a plan: what lies behind them is rounding.
DIGITS = 9


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell that is drawn: from ``low`` to ``high``, most likely ``value``, in the unit of the cell; ``why`` so far."""

    table: str
    id: str
    column: str
    value: float
    low: float
    high: float
    why: str

    @property
    def key(self) -> Key:
        return self.table, self.id, DRAWN[self.table][self.column]


def figures_of(case: Case, rivals: bool, told: frozenset[Key]) -> tuple[tuple[Figure, ...], list[str]]:
    """Every capacity and cost above 0, in a fixed order, and what could not be used.

    rivals: let ranges reach to the rival figures. told: cells that the scenario sets, which keep what it says; they
    stay in the list, so that the same draws lie under every scenario.
    """
    found, notes = [], []
    for table, columns in DRAWN.items():
        for name, row in getattr(case, table).items():
            for column in columns:
                value = getattr(row, column)
                if value is None or value <= 0:
                    continue
                if (table, name, column) in told:
                    found.append(Figure(table, name, column, value, value, value, "set by the scenario, so not drawn"))
                    continue
                own = [p for p in case.provenance.get((table, name, column), ()) if p.kind != "rival"]
                kind, confidence = case.kind_of_number(table, row, column), (own[0].confidence if own else "") or row.confidence
                width = HALF_WIDTH[(kind, confidence)]
                low, high, why = value * (1 - width), value * (1 + width), f"{kind}, {confidence} confidence: {width:.0%} either way"
                if rivals:
                    others, unlike = _rivals(case, table, row, name, column)
                    notes += unlike
                    if others:
                        low, high = min(low, *others), max(high, *others)
                        why += "; rival figures " + ", ".join(f"{v:g}" for v in others)
                most = 1.0 if column == "downtime" else np.inf
                found.append(Figure(table, name, column, value, low, min(high, most), why))
    return tuple(found), notes


def _rivals(case: Case, table: str, row: Any, name: str, column: str) -> tuple[list[float], list[str]]:
    """Rival figures of a cell in its own unit, and words on those that are in another."""
    if column == "capacity":
        unit = case.commodities[row.input].unit if table == "plants" else row.capacity_unit
        units = {unit, f"{unit}/year"} if table == "plants" else {unit}
    elif column == "cost_usd":
        commodity = case.commodities[row.input if table == "plants" else row.commodity]
        units = {"USD", f"USD/{SMALL[commodity.unit]}"}
    else:
        units = {UNIT_OF[column]} if column in UNIT_OF else set()
    others, notes = [], []
    for p in case.provenance.get((table, name, column), ()):
        if p.kind == "rival":
            given = split_quantity(p.value)
            if given is not None and given[0] >= 0 and (not given[1] or given[1] in units):
                others.append(given[0])
            else:
                expected = f"a number in {min(units, key=len)}" if units else "a plain number"
                notes.append(f"the rival '{p.value}' of {table} {name} {column} is not {expected}, so the range does not reach to it")
    return others, notes


def outages_of(case: Case) -> tuple[tuple[Scenario, ...], list[str]]:
    """Dated scenarios up to the base year that only close things: what happened, not what may. And what was left out.

    What is dated later is kept to test the model on, so it must not shape the draws.
    """
    found, other = [], []
    for about in describe(case):
        if about["year"] is None or not case.first_year <= about["year"] <= case.base_year:
            continue
        scenario = find_scenario(about["scenario"], case)
        closes = bool(scenario.changes) and all(c.kind == "close" for c in scenario.changes)
        if closes and not any(table in ("demands", "consignments") for table, _, _ in lay(scenario, case).factors):
            found.append(scenario)
        else:
            other.append(about["scenario"])
    notes = [f"dated scenarios that do more than close ways, plants, fleets or supplies are not played: {', '.join(other)}"] if other else []
    return tuple(found), notes


@dataclass(frozen=True)
class Question:
    """Everything a worker needs. chance: of each outage in a draw. pool: ways to begin with (start, columns)."""

    case: Case
    year: int
    scenario: Scenario
    figures: tuple[Figure, ...]
    outages: tuple[Scenario, ...]
    chance: float
    seed: int
    pool: tuple[Ints, Ints] | None = None

    def __getstate__(self) -> dict[str, Any]:
        # What was reckoned meanwhile is left out, so that the same question is the same bytes.
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def pickled(self) -> bytes:
        return pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)

    def uniforms(self, i: int, seed: int | None = None) -> Floats:
        """Draw i, numbers from 0 to 1: figures, then outages. A stream of its own, whatever else is drawn."""
        key = np.array([self.seed if seed is None else seed, i], np.uint64)
        return np.random.Generator(np.random.Philox(key=key)).random(len(self.figures) + len(self.outages))

    def happened(self, uniforms: Floats) -> list[int]:
        """Outages of a draw, by position. What the scenario lays on every draw does not happen twice."""
        found = np.flatnonzero(uniforms[len(self.figures) :] < self.chance).tolist()
        return [k for k in found if not self.is_laid(k)]

    def is_laid(self, outage: int) -> bool:
        """Whether an outage is part of the scenario already."""
        (name,) = self.outages[outage].names
        return any(laid in (name, *self.outages[outage].while_it_lasts().names) for laid in self.scenario.names)

    @cached_property
    def _ends(self) -> tuple[Floats, Floats, Floats]:
        """Least and greatest factor of each figure, and the chance of one below 1."""
        low, high = (np.array([getattr(f, end) / f.value for f in self.figures], np.float64) for end in ("low", "high"))
        width = high - low
        return low, high, np.divide(1 - low, width, out=np.ones_like(width), where=width > 0)

    def factors(self, uniforms: Floats) -> Floats:
        """Factors on the figures: triangular, most likely 1."""
        low, high, below = self._ends
        u = uniforms[: len(low)]
        drawn = np.where(u < below, low + np.sqrt(u * (high - low) * (1 - low)), high - np.sqrt((1 - u) * (high - low) * (high - 1)))
        return np.where(high > low, drawn, 1.0)


# --- solving draws: the part that runs in worker processes -------------------------------------------


class DrawBench:
    """One question, solved without a draw and ready for draws."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.program = program = assemble(build(question.case, question.year, question.scenario))
        self.levers = Levers(program)
        self.measures = _Measures(program)
        self.at = np.array([self.levers.position(f.key) for f in question.figures], np.int64)
        self.outages = [self._outage(s) for s in question.outages]
        self.master = LeverMaster(path_form(program))
        if question.pool is not None:
            self.master.add(*question.pool)
        found = self.master.solve()
        self.mark = self.master.mark()
        self.base = self.measures.of(self.master.flows(found), found, self.levers.of(np.ones(self.levers.size)))

    def _outage(self, scenario: Scenario) -> tuple[Ints, Floats, Bools | None]:
        """Positions and factors of an outage, and what a place or country that is shut for the year shuts."""
        overlay = lay(scenario, self.question.case)
        shut = shut_columns(self.program, Overlay(closed_places=overlay.closed_places)) if overlay.closed_places else None
        at = np.array([self.levers.position(key) for key in overlay.factors], np.int64)
        return at, np.array(list(overlay.factors.values()), np.float64), shut

    def used(self) -> Bools:
        """Which figures the program of this year and scenario hangs on."""
        found: Bools = self.levers.used()[self.at]
        return found

    def learn(self) -> tuple[Ints, Ints]:
        """Ways that draws need, from draws that are always the same."""
        for i in range(LEARN):
            self._solve(self.question.uniforms(i, LEARN_SEED))
        start, columns = self.master.pool()
        return start, columns

    def draws(self, first: int, last: int) -> list[dict[str, Any]]:
        """Draws from ``first`` up to but not including ``last``."""
        found = []
        for i in range(first, last):
            uniforms = self.question.uniforms(i)
            self.master.back(self.mark)
            solved, arrays = self._solve(uniforms)
            found.append({**self.measures.of(self.master.flows(solved), solved, arrays), "outages": self.question.happened(uniforms)})
        return found

    def _solve(self, uniforms: Floats) -> tuple[PathAnswer, _Arrays]:
        vector = np.ones(self.levers.size)
        vector[self.at] = self.question.factors(uniforms)
        masks = []
        for k in self.question.happened(uniforms):
            at, factors, shut = self.outages[k]
            vector[at] *= factors
            if shut is not None:
                masks.append(shut)
        arrays = cost, lower, upper, closed = self.levers.of(vector)
        masks += [] if closed is None else [closed]
        self.master.change(cost, lower, upper)
        self.master.close(np.logical_or.reduce(masks) if masks else None)
        return self.master.solve(), arrays


_Arrays = tuple[Floats, Floats, Floats, Bools | None]


class _Measures:
    """What is told of a plan of one program when its costs and sides may differ from the program's."""

    def __init__(self, program: Program) -> None:
        self.program = p = program
        n = p.network
        self.names = list(n.commodities)
        place = {c: i for i, c in enumerate(self.names)}
        arrived = [(place[w.commodity], c + i) for i, w in enumerate(n.wants) for c in (p.met, p.extra)]
        arrived += [(place[c.commodity], p.moved + i) for i, c in enumerate(n.consigned)]
        leaves = [(place[n.groups[t.group].commodity], column) for column, t in p.taken if is_export(n, t)]
        self._delivered, self._exported = _sums(p, len(place), arrived), _sums(p, len(place), leaves)
        # What arriving is worth and what a floor not kept costs is no cost of moving.
        self._worth = np.array([*range(p.met, p.run), *(c for c in p.short if c >= 0)], np.int64)
        self.capacities = capacities(p)
        rows = [row for *_, row in self.capacities]
        self._rows, self._sides = sparse.csr_array(p.matrix.tocsr()[rows, :]), np.array(rows, np.int64) - len(p.balance)
        self._fleets = np.array([i for i, (_, kind, *_) in enumerate(self.capacities) if kind == "fleet"], np.int64)
        self._hours = FleetHours(p)

    def of(self, x: Floats, solved: PathAnswer, arrays: _Arrays) -> dict[str, Any]:
        """objective and moving in MUSD; delivered and exported by commodity, in its unit; positions of capacities that are full."""
        cost, _, upper, _ = arrays
        # Not ``cost @ x``: that wakes the threads of BLAS, which takes longer than a solve.
        paid = cost * x
        load, sides = self._rows @ x, upper[self._sides]
        load[self._fleets] = self._hours.needed(x)
        full = np.flatnonzero((sides > 0) & (load >= sides - FULL * np.maximum(1.0, sides)))
        return {
            "objective": solved.objective, "moving": float(paid.sum() - paid[self._worth].sum()),
            "delivered": np.round(self._delivered @ x, DIGITS).tolist(), "exported": np.round(self._exported @ x, DIGITS).tolist(), "full": full.tolist(),
        }  # fmt: skip


class FleetHours:
    """Ship-hours that a plan needs. A fleet may hand out more at no cost, which says nothing."""

    def __init__(self, p: Program) -> None:
        n = p.network
        links = {link: i for i, link in enumerate(sorted({link for _, link in p.ships}))}
        ways: dict[str, list[tuple[int, int]]] = {"forward": [], "back": []}
        for first, group in zip(p.flow, n.groups, strict=True):
            for column, e in enumerate(group.edges.tolist(), start=first):
                edge = n.edges[e]
                if edge.direction in ways and edge.name in links:
                    ways[edge.direction].append((links[edge.name], column))
        self._ways = [_sums(p, len(links), entries) for entries in ways.values()]
        mt = np.concatenate([np.zeros(0), *(np.full(len(g.edges), n.counted(g.commodity, "Mt")) for g in n.groups)])
        self._mt, self._flows = mt, len(mt)
        self._column = np.array(list(p.ships.values()), np.int64)
        self._link, self._fleet = np.array([links[link] for _, link in p.ships], np.int64), np.array([f for f, _ in p.ships], np.int64)
        self._hours = np.array([dict(n.ships[f].hours_per_mt)[link] for f, link in p.ships], np.float64)
        self._links, self._fleets = len(links), len(n.ships)

    def needed(self, x: Floats) -> Floats:
        """By fleet, with what is handed out on a link shared among its fleets in proportion."""
        carried = x.copy()
        carried[: self._flows] *= self._mt
        wanted = np.maximum(*(ways @ carried for ways in self._ways))
        given = np.bincount(self._link, x[self._column], self._links)
        share = np.minimum(1.0, np.divide(wanted, given, out=np.zeros(self._links), where=given > 0))
        hours = x[self._column] * self._hours * share[self._link]
        return np.bincount(self._fleet, hours, self._fleets).astype(np.float64)


def _sums(p: Program, rows: int, entries: list[tuple[int, int]]) -> sparse.csr_array:
    """A matrix that adds columns up: entries are (row, column)."""
    at = np.array(entries, np.int64).reshape(-1, 2)
    return sparse.csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(rows, len(p.cost)))


@lru_cache(maxsize=2)
def bench(shared: bytes) -> DrawBench:
    """The question, solved; kept, since every task of a process asks for the same."""
    return DrawBench(pickle.loads(shared))


def answer(shared: bytes, payload: Sequence[int]) -> list[dict[str, Any]]:
    """Run one task: the draws from one number up to another."""
    first, last = payload
    return bench(shared).draws(first, last)
