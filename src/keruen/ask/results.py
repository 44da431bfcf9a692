"""Results of a plan by name, such as ``objective``, ``exports.crude`` or ``crossing.crude.RU``, and how they are read off it.

An optimal plan is rarely unique. So that a result is one number, and does not depend on how a plan was found, the plan that
counts is fixed: of all that cost the least, the one that exports most, and of those the one in which the result is least.
A price too small to matter, laid on what the rule speaks of, makes it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import UsageError, did_you_mean
from keruen.network import Network
from keruen.solve.program import Program, Taken, capacities
from keruen.solve.shares import is_export
from keruen.units import MUSD_PER_UNIT

__all__ = ["HEADS", "Reader", "Result", "headline", "is_result", "result_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
HEADS = ("objective", "cost", "exports", "crossing", "limits", "plants")
# MUSD a unit: more than the solver's tolerance of 1e-9, far less than any price of a case.
MOST_EXPORTS, LEAST_RESULT, LEAST_OTHER = 1e-6, 1e-7, 1e-8
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Result:
    """kind: one of HEADS. commodity and country: of exports and crossings; name: of a limit or plant."""

    kind: str
    commodity: str = ""
    country: str = ""
    name: str = ""
    unit: str = "MUSD"

    def __str__(self) -> str:
        return ".".join(part for part in (self.kind, self.commodity, self.country, self.name) if part)

    @property
    def words(self) -> str:
        """For a reader."""
        if self.kind == "exports":
            return f"{self.commodity} exported" + (f" to {self.country}" if self.country else "")
        if self.kind == "crossing":
            return f"share of {self.commodity} exports that touches {self.country}"
        return {"objective": "objective", "cost": "cost of moving and missing", "limits": f"load of {self.name}", "plants": f"run of {self.name}"}[self.kind]


def is_result(name: str) -> bool:
    """Whether a name can only be that of a result, or of a plant, which is both."""
    head, _, rest = name.strip().partition(".")
    return head in HEADS and not (head == "plants" and ("." in rest or not rest))


def result_of(network: Network, name: str, program: Program) -> Result:
    """The result that a name stands for. Raises UsageError, with a hint, for what a plan of this network does not have."""
    head, *rest = name.strip().split(".")
    if head not in HEADS:
        raise UsageError(f"'{name}' is no result. {did_you_mean(head, HEADS)} Results: objective, cost, exports.COMMODITY, exports.COMMODITY.COUNTRY, "
                         "crossing.COMMODITY.COUNTRY, limits.NAME, plants.NAME.".replace("  ", " "))  # fmt: skip
    if head in ("objective", "cost"):
        if rest:
            raise UsageError(f"'{head}' is one number; '.{'.'.join(rest)}' says nothing more about it")
        return Result(head)
    if head in ("limits", "plants"):
        limits = {name: unit for name, _, _, unit, _ in capacities(program)}
        known = limits if head == "limits" else {w.name: network.commodities[w.input].unit for w in network.works}
        word = ".".join(rest)
        if word not in known:
            what = "has a capacity that something could use" if head == "limits" else "is a plant"
            raise UsageError(f"nothing named '{word}' {what} in {network.year}. {did_you_mean(word, known)}".strip())
        return Result(head, name=word, unit=known[word])
    words = "exports.COMMODITY or exports.COMMODITY.COUNTRY" if head == "exports" else "crossing.COMMODITY.COUNTRY"
    if len(rest) not in ((1, 2) if head == "exports" else (2,)):
        raise UsageError(f"write {words}; got '{name}'")
    sold = sorted({network.groups[t.group].commodity for _, t in program.taken if is_export(network, t)})
    if not sold:
        raise UsageError(f"home can export nothing in {network.year} under this scenario, so there is no '{name}'")
    if rest[0] not in sold:
        raise UsageError(f"home does not export '{rest[0]}' in {network.year}. {did_you_mean(rest[0], sold)}".strip() + f" It can export: {', '.join(sold)}.")
    unit = network.commodities[rest[0]].unit if head == "exports" else "share"
    if len(rest) == 1:
        return Result(head, rest[0], unit=unit)
    countries = sorted({c for e in network.edges for c in e.countries} | {p.country for p in network.case.places.values()})
    if rest[1] not in countries:
        raise UsageError(f"no place or link lies in '{rest[1]}'. {did_you_mean(rest[1], countries)}".strip() + " Countries are ISO 3166 codes such as RU.")
    return Result(head, rest[0], rest[1], unit=unit)


class Reader:
    """Reads results off plans of one program."""

    def __init__(self, program: Program, results: Sequence[Result] = ()) -> None:
        self.program, self.results = program, tuple(results)
        n = self.n = program.network
        self.commodities = list(n.commodities)
        place = {c: i for i, c in enumerate(self.commodities)}
        sold = [(column, t) for column, t in program.taken if is_export(n, t)]
        self._sold = np.array([column for column, _ in sold], np.int64)
        self._good = np.array([place[n.groups[t.group].commodity] for _, t in sold], np.int64)
        self._to = [self._country(t) for _, t in sold]
        self._sells = np.full(len(program.cost), -1, np.int64)
        self._sells[self._sold] = self._good
        self._edge = np.full(len(program.cost), -1, np.int64)
        self._crosses: dict[str, Bools] = {}
        for first, group in zip(program.flow, n.groups, strict=True):
            self._edge[first : first + len(group.edges)] = group.edges

    def _country(self, t: Taken) -> str:
        n = self.n
        return str((n.wants[t.item].ends[t.end][0] if t.kind == "demand" else n.consigned[t.item].destination).country)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for name, _, _, _, row in capacities(self.program)}

    @cached_property
    def _by_row(self) -> sparse.csr_array:
        return self.program.matrix.tocsr()

    def crosses(self, country: str) -> Bools:
        """Columns (columns,) on links that touch a country."""
        if country not in self._crosses:
            touch = np.array([country in e.countries and e.direction != "transfer" for e in self.n.edges] + [False])
            self._crosses[country] = touch[self._edge]
        return self._crosses[country]

    # --- which plan counts ---------------------------------------------------------------------------

    def tie(self) -> Floats:
        """What is added to the cost of columns so that one plan is the best of those that cost the same."""
        found = np.zeros(len(self.program.cost))
        found[self._sold] -= MOST_EXPORTS
        for k, result in enumerate(self.results):
            small = LEAST_RESULT if k == 0 else LEAST_OTHER
            if result.kind == "exports" and result.country:
                found[self._chosen(result)] += small
            elif result.kind == "crossing":
                found[self._entering(result)] += small
            elif result.kind == "plants":
                found[self._run(result)] += small
            elif result.kind == "limits" and result.name in self._rows:
                row = self._by_row[[self._rows[result.name]], :]
                found[row.indices] += small * np.abs(row.data) / np.abs(row.data).max(initial=1e-300)
        return found

    def _chosen(self, result: Result) -> Ints:
        good = self.commodities.index(result.commodity)
        mine = (self._good == good) & np.array([not result.country or c == result.country for c in self._to], bool)
        columns: Ints = self._sold[mine]
        return columns

    def _entering(self, result: Result) -> Ints:
        """Columns by which what home sells of a commodity enters a country: the only ones that a way must pay for."""
        n, p = self.n, self.program
        enters = {
            i for i, e in enumerate(n.edges)
            if e.direction != "transfer" and result.country in e.countries and n.case.places[n.vertices[e.tail][0]].country != result.country
        }  # fmt: skip
        sells = {t.group for c, t in p.taken if self._sells[c] >= 0}
        found = [first + k for g, (first, group) in enumerate(zip(p.flow, n.groups, strict=True)) if g in sells and group.commodity == result.commodity
                 for k, e in enumerate(group.edges.tolist()) if e in enters]  # fmt: skip
        return np.array(found, np.int64)

    def _run(self, result: Result) -> int:
        return self.program.run + [w.name for w in self.n.works].index(result.name)

    # --- reading -------------------------------------------------------------------------------------

    def exported(self, x: Floats) -> dict[str, float]:
        """What home sends abroad, by commodity, in its unit."""
        sums = np.bincount(self._good, x[self._sold], len(self.commodities))
        here = np.bincount(self._good, minlength=len(self.commodities)) > 0
        return {c: float(q) for c, q, sold in zip(self.commodities, sums, here, strict=True) if sold}

    def crossing(self, commodity: str, countries: Sequence[str], start: Ints, columns: Ints, quantity: Floats, *, through: bool = False) -> list[float | None]:
        """Share of the exports of a commodity that touches each country; ``through``: without what ends there. None where nothing is exported."""
        used = np.flatnonzero(quantity > TINY)
        last = columns[start[used + 1] - 1]
        mine = used[self._sells[last] == self.commodities.index(commodity)] if len(used) else used
        total = float(quantity[mine].sum())
        if total <= TINY:
            return [None for _ in countries]
        ends = dict(zip(self._sold.tolist(), self._to, strict=True))
        goes_to = [ends[c] for c in columns[start[mine + 1] - 1].tolist()]
        found: list[float | None] = []
        for country in countries:
            mask = self.crosses(country)
            crossed = sum(float(quantity[w]) for w, to in zip(mine.tolist(), goes_to, strict=True)
                          if (not through or to != country) and mask[columns[start[w] : start[w + 1]]].any())  # fmt: skip
            found.append(crossed / total)
        return found

    def read(self, result: Result, x: Floats, cost: Floats, offset: float, ways: tuple[Ints, Ints, Floats]) -> float | None:
        """A result of the plan x (columns,); ways: start, columns and quantity. None for a share of nothing."""
        p = self.program
        if result.kind in ("objective", "cost"):
            # A product and a sum, not ``@``: that would wake the threads of BLAS.
            found = float((cost * x).sum()) + offset
            if result.kind == "cost":
                found += sum(-float(cost[p.extra + i]) * float(x[p.met + i] + x[p.extra + i]) for i in range(len(self.n.wants)))
            return found
        if result.kind == "exports":
            return float(x[self._chosen(result)].sum())
        if result.kind == "crossing":
            return self.crossing(result.commodity, [result.country], *ways)[0]
        if result.kind == "plants":
            return float(x[self._run(result)])
        row = self._rows.get(result.name, -1)
        return float((self._by_row[[row], :] @ x)[0]) if row >= 0 else 0.0


def headline(reader: Reader, x: Floats, ways: tuple[Ints, Ints, Floats]) -> tuple[Result, ...]:
    """The results that a plan is judged by: the objective, exports of the good that is worth most, and the share of it through the
    country that most of it crosses."""
    n = reader.n
    exported = reader.exported(x)
    if not exported:
        return (Result("objective"),)
    worth = {c: q * n.commodities[c].value_usd * MUSD_PER_UNIT[n.commodities[c].unit] for c, q in exported.items()}
    good = min(worth, key=lambda c: (-worth[c], c))
    found = [Result("objective"), Result("exports", good, unit=n.commodities[good].unit)]
    countries = sorted({c for e in n.edges for c in e.countries} - {n.case.home})
    shares = reader.crossing(good, countries, *ways, through=True)
    best = min(zip(countries, shares, strict=True), key=lambda s: (-(s[1] or 0.0), s[0]), default=("", None))
    return (*found, Result("crossing", good, best[0], unit="share")) if best[1] else tuple(found)
