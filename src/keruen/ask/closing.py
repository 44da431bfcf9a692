"""What may be closed, and what comes of it: the part of a stress test that runs in worker processes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.network import Network, build
from keruen.scenario import Scenario, close, find_scenario, lay
from keruen.solve.program import assemble, capacities
from keruen.solve.snapshot import Measures, Snapshot
from keruen.solve.sweep import Closed, Sweep, shut_columns
from keruen.units import MUSD_PER_UNIT

__all__ = ["KINDS", "Question", "Thing", "answer", "things_of"]

KINDS = ("link", "transfer", "place", "country", "operator", "plant", "fleet", "event")
TINY = 1e-6
SHOWN = 3
HOURS = 8760.0


@dataclass(frozen=True, order=True)
class Thing:
    """Something that may be closed, or a named event."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Question:
    """Everything a worker needs: the case, year and scenario underneath, and the things that may be closed."""

    case: Case
    year: int
    scenario: Scenario
    things: tuple[Thing, ...]
    events: tuple[Scenario, ...]
    learn: bool

    def words(self) -> str:
        """All of it in words that are the same in every process: what a checkpoint is known by."""
        tables = [(name, rows) for name, rows in sorted(self.case.tables.items())]
        return repr((self.case.name, self.case.home, self.case.base_year, tables, self.year, self.scenario, self.things, self.events, self.learn))

    def pickled(self) -> bytes:
        return pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)


def things_of(case: Case, kind: str) -> list[Thing]:
    """All things of a kind, by name. Home is no country to close. Raises UsageError for an unknown kind."""
    names: Sequence[str]
    if kind in ("link", "transfer", "place", "plant", "fleet"):
        names = list(getattr(case, f"{kind}s"))
    elif kind == "country":
        names = sorted({c for link in case.links.values() for c in link.countries} | {p.country for p in case.places.values()} - {case.home})
        names = [c for c in names if c != case.home]
    elif kind == "operator":
        names = sorted({r.operator for t in (case.links, case.transfers, case.plants, case.fleets) for r in t.values() if r.operator})
    elif kind == "event":
        names = sorted(case.scenario_files)
    else:
        raise UsageError(f"'{kind}' cannot be closed in turn. {did_you_mean(kind, KINDS)} Choose {', '.join(KINDS)}.".replace("  ", " "))
    return [Thing(kind, name) for name in names]


def close_one(thing: Thing) -> Scenario:
    selector: dict[str, Any] = {thing.kind: thing.name}
    return close(**selector)


class _Bench:
    """One question, solved and ready for closures."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.network: Network = build(question.case, question.year, question.scenario)
        program = assemble(self.network)
        masks = []
        for thing in question.things:
            mask = shut_columns(program, lay(close_one(thing), question.case))
            assert mask is not None, "a whole closure"
            masks.append(mask)
        self.sweep = Sweep(program, masks, learn=question.learn)
        self.measures = Measures(program)
        self.base = self.measures.of(self.sweep.base.x, self.sweep.base.objective)

    # --- one closure, or several together, in full -------------------------------------------------

    def closed(self, members: Sequence[int]) -> dict[str, Any]:
        closed = self.sweep.close(tuple(members))
        now = self.measures.of(closed.x, closed.objective)
        used = self.sweep.used(self.sweep.mask(tuple(members)))
        return {**self._told(now, used), "relief": self._relief(self.sweep, closed), "loaded": sorted(closed.loaded)}

    def loss(self, members: Sequence[int]) -> dict[str, Any]:
        """The same, without what follows from it."""
        closed = self.sweep.close(tuple(members))
        lost = self._lost(self.measures.delivered(closed.x), self.measures.exported(closed.x))
        return {"objective_musd": closed.objective, "loss_musd": closed.objective - self.base.objective, "lost": lost, "loaded": sorted(closed.loaded)}

    def event(self, j: int) -> dict[str, Any]:
        question = self.question
        network = build(question.case, question.year, question.scenario + question.events[j])
        bench = Sweep(assemble(network), [])
        now = Measures(bench.program).of(bench.base.x, bench.base.objective)
        return {**self._told(now, None), "relief": self._relief(bench, bench.base)}

    def _told(self, now: Snapshot, used: dict[str, float] | None) -> dict[str, Any]:
        base = self.base
        return {
            "objective_musd": now.objective, "loss_musd": now.objective - base.objective, "moving_musd": now.moving - base.moving,
            "lost": self._lost(now.delivered, now.exported), "rerouted": self._rerouted(now, used), "became_full": sorted(now.full - base.full),
        }  # fmt: skip

    def _lost(self, delivered: dict[str, float], exported: dict[str, float]) -> list[dict[str, Any]]:
        """What no longer arrives, by commodity, and how much of it are exports of home; gains are left out."""
        rows = []
        for commodity, before in self.base.delivered.items():
            lost = before - delivered[commodity]
            if lost > TINY:
                c = self.network.commodities[commodity]
                rows.append({"commodity": commodity, "quantity": lost, "unit": c.unit, "exports": max(0.0, self.base.exported[commodity] - exported[commodity]),
                             "mt": lost * self.network.counted(commodity, "Mt"), "value_musd": lost * c.value_usd * MUSD_PER_UNIT[c.unit]})  # fmt: skip
        return rows

    def _rerouted(self, now: Snapshot, used: dict[str, float] | None) -> list[dict[str, Any]]:
        """What still moves, by another way; and the links that carry more of it, those that leave home first.

        used: what the base carried by what is closed; None where that is not known: then the largest gain of a link counts.
        """
        n, rows = self.network, []
        edges = {e.label: e for e in n.edges}
        for commodity in sorted(self.base.carried if used is None else used):
            stopped = max(0.0, self.base.carried[commodity] - now.carried[commodity])
            more = {label: flow - self.base.flow.get((label, c), 0.0) for (label, c), flow in now.flow.items() if c == commodity}
            gains = sorted(((q, label) for label, q in more.items() if q > TINY and edges[label].direction != "transfer"),
                           key=lambda g: (_nearness(edges[g[1]].countries, n.case.home), -g[0], g[1]))  # fmt: skip
            links: list[dict[str, Any]] = []
            for q, label in gains:
                # Links in a row gain the same; one of them stands for all.
                if len(links) < 3 and not any(abs(l["more"] - q) <= 1e-3 * q for l in links):
                    links.append({"link": label, "more": q})
            quantity = max((l["more"] for l in links), default=0.0) if used is None else used[commodity] - stopped
            if quantity > TINY and links:
                rows.append({"commodity": commodity, "quantity": quantity, "unit": n.commodities[commodity].unit, "links": links})
        return rows

    def _relief(self, sweep: Sweep, closed: Closed) -> list[dict[str, Any]]:
        """What one more unit of the tightest limits would be worth, solved again."""
        p, prices = sweep.program, closed.prices
        first = len(p.balance)
        tight = [(float(-prices[row - first]) * max(0.1 * capacity, 1e-3), name, kind, unit, row) for name, kind, capacity, unit, row in capacities(p)
                 if prices[row - first] < -TINY and capacity > 0]  # fmt: skip
        rows = []
        for _, name, kind, unit, row in sorted(tight, key=lambda t: (-t[0], t[1]))[:SHOWN]:
            step, unit = (HOURS, "ship") if kind == "fleet" else (1.0, unit)
            rows.append({"limit": name, "kind": kind, "unit": unit, "worth_musd": sweep.more_of(row, step, closed.objective)})
        return sorted(rows, key=lambda r: (-r["worth_musd"], r["limit"]))

    # --- closures on top of others ------------------------------------------------------------------

    def after(self, first: list[int], others: list[int]) -> list[list[Any]]:
        """For each other thing: [it, objective, lost, loaded] with the first ones closed as well."""
        self.sweep.close(tuple(first))
        mark = self.sweep.mark()
        found = []
        for i in others:
            closed = self.sweep.close((*first, i), mark)
            found.append([i, closed.objective, self._lost(self.measures.delivered(closed.x), self.measures.exported(closed.x)), sorted(closed.loaded)])
        return found


def _nearness(countries: Sequence[str], home: str) -> int:
    """Links over the border of home tell most about a way, then those over another border."""
    return 2 if len(countries) < 2 else int(home not in countries)


@lru_cache(maxsize=2)
def bench(shared: bytes) -> _Bench:
    """The question, solved; kept, since every task of a process asks for the same."""
    return _Bench(pickle.loads(shared))


def answer(shared: bytes, payload: Sequence[Any]) -> Any:
    """Run one task: ("closed", things), ("loss", things), ("event", j) or ("after", things closed first, things closed on top in turn)."""
    kind, *arguments = payload
    return getattr(bench(shared), kind)(*arguments)


def scenarios_of(case: Case, things: Sequence[Thing]) -> tuple[Scenario, ...]:
    return tuple(find_scenario(t.name, case) for t in things if t.kind == "event")
