"""Close everything in turn, in pairs, in triples: what no longer moves, what it costs, what it goes round by.

Exact, without solving most of it: if a plan with some things closed does not load another thing, closing that one
too changes nothing. A set of closures is solved only if each of its members is loaded in the plan without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen.ask.closing import Question, Thing, answer, bench, scenarios_of, things_of
from keruen.ask.tasks import Task, default_checkpoint, question_digest, run_tasks
from keruen.case import Case
from keruen.errors import UsageError
from keruen.plan import rounded
from keruen.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Stress", "stress"]

DEEPEST = 3
TINY = 1e-6
# Fewer closures than this are solved before other processes would have started.
FEW = 1500
COLUMNS = ("closed", "loss_musd", "moving_musd", "lost_mt", "lost_value_musd", "lost", "rerouted", "became_full", "relief")


@dataclass(frozen=True)
class Stress:
    """The answer of a stress test.

    rows: one for each closure, or set of closures, that changes the plan; the worst first. Keys: closed (names),
    loss_musd (how much worse the objective), moving_musd (change of money and time spent), lost (what no longer
    arrives, by commodity), rerouted (what goes another way, and the links that take it), became_full, relief (what
    one more unit of what is full then would be worth); sets have instead more_than_apart_musd, by how much the set
    hurts more than its members one by one.
    idle: what carries nothing, so closing it alone changes nothing. counts: sets there are, and sets solved, by size.
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    by: tuple[str, ...]
    deep: int
    objective_musd: float
    rows: tuple[dict[str, Any], ...]
    idle: tuple[str, ...]
    counts: dict[str, dict[str, int]]

    def __repr__(self) -> str:
        worst = f"; worst: {' + '.join(self.rows[0]['closed'])}, {self.rows[0]['loss_musd']:,.0f} MUSD" if self.rows else ""
        return f"<Stress {self.case} {self.year} by {', '.join(self.by)}, {len(self.rows)} closures hurt, {len(self.idle)} are idle{worst}>"

    @cached_property
    def closures(self) -> pd.DataFrame:
        """One row a closure or set of closures, the worst first."""
        import pandas as pd

        return pd.DataFrame([_flat(row) for row in self.rows], columns=list(COLUMNS))

    @cached_property
    def lost(self) -> pd.DataFrame:
        """What no longer arrives: one row a closure and commodity."""
        import pandas as pd

        rows = [{"closed": " + ".join(r["closed"]), **lost} for r in self.rows for lost in r["lost"]]
        return pd.DataFrame(rows, columns=["closed", "commodity", "quantity", "unit", "exports", "mt", "value_musd"])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen stress --format json`` writes it."""
        from keruen import __version__

        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "by": list(self.by), "deep": self.deep,
            "objective_musd": self.objective_musd, "counts": self.counts, "closures": list(self.rows), "idle": list(self.idle),
        })  # fmt: skip
        return found


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "closed": " + ".join(row["closed"]), "loss_musd": row["loss_musd"], "moving_musd": row.get("moving_musd"),
        "lost_mt": sum(r["mt"] for r in row["lost"]), "lost_value_musd": sum(r["value_musd"] for r in row["lost"]),
        "lost": {r["commodity"]: r["quantity"] for r in row["lost"]},
        "rerouted": {r["commodity"]: r["quantity"] for r in row.get("rerouted", ())},
        "became_full": row.get("became_full", []), "relief": {r["limit"]: r["worth_musd"] for r in row.get("relief", ())},
    }  # fmt: skip


def stress(
    case: Case, year: int | None = None, by: str | Sequence[str] = "link", *, scenario: Scenario | None = None, deep: int = 1, brief: bool = False,
    jobs: int | None = None, cluster: str | None = None, checkpoint: Path | None = None, progress: bool = False,
) -> Stress:  # fmt: skip
    """Close every link, place, country, operator, ... or play every named event, in turn; or every pair or triple of them.

    by: one kind or several (link, transfer, place, country, operator, plant, fleet, event). deep: 2 for every pair,
    3 for every triple too. brief: only losses, which takes a third of the time. jobs: processes, as many as cores if
    not given and there is enough to do. cluster: address of a Dask scheduler instead. checkpoint: file that keeps
    what is finished; the same question asked again with it goes on where it stopped. Raises UsageError for what cannot be asked.

    >>> import keruen as kr
    >>> kr.stress(kr.load("kazakhstan"), 2023, by="country").rows[0]["closed"]
    ['country RU']
    """
    kinds = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
    if not 1 <= deep <= DEEPEST:
        raise UsageError(f"deep is from 1 to {DEEPEST}, how many things are closed together; got {deep}")
    things = [t for kind in kinds for t in things_of(case, kind)]
    events = [t for t in things if t.kind == "event"]
    if "event" in kinds and deep > 1:
        raise UsageError("events are played one by one; close links, places, countries or operators in pairs, or lay events over each other with --scenario")
    base = scenario or Scenario()
    closable = tuple(t for t in things if t.kind != "event")
    question = Question(case, case.base_year if year is None else year, base, closable, scenarios_of(case, events), learn=deep > 1)
    run = _Run(question, events, deep, jobs, cluster, checkpoint, progress)
    rows = run.singles(brief=brief)
    for size in range(2, deep + 1):
        rows += run.sets(size)
    rows.sort(key=lambda r: (-r["loss_musd"], r["closed"]))
    run.finish()
    idle = tuple(str(t) for i, t in enumerate(closable) if i not in run.base.loaded)
    return Stress(case.name, question.year, base.names, kinds, deep, run.base.objective, tuple(rows), idle, run.counts)


class _Run:
    """One stress test on its way: what each set of closures came to, by the positions of its members."""

    def __init__(
        self, question: Question, events: list[Thing], deep: int, jobs: int | None, cluster: str | None, checkpoint: Path | None, progress: bool
    ) -> None:
        self.things, self.events = question.things, events
        self.shared = question.pickled()
        self.base = bench(self.shared).sweep.base
        self.counts: dict[str, dict[str, int]] = {}
        self.value: dict[tuple[int, ...], float] = {(): self.base.objective}
        self.loaded: dict[tuple[int, ...], frozenset[int]] = {(): self.base.loaded}
        self.jobs, self.cluster, self.progress = jobs, cluster, progress
        self.digest = question_digest("stress", question.words())
        self._own = checkpoint is None and (deep > 1 or cluster is not None)
        self.checkpoint = default_checkpoint(self.digest) if self._own else checkpoint

    def finish(self) -> None:
        """All is told, so a checkpoint nobody asked for is not needed any more."""
        if self._own and self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)

    def _ask(self, tasks: list[Task], solves: int, words: str) -> dict[str, Any]:
        jobs = 1 if self.jobs is None and solves < FEW else self.jobs
        return run_tasks(tasks, answer, self.shared, jobs=jobs, cluster=self.cluster, checkpoint=self.checkpoint, digest=self.digest,
                         progress=words if self.progress else None)  # fmt: skip

    def singles(self, *, brief: bool = False) -> list[dict[str, Any]]:
        question = "loss" if brief else "closed"
        tasks = [Task(str(self.things[i]), (question, [i])) for i in sorted(self.base.loaded)]
        tasks += [Task(str(t), ("event", j)) for j, t in enumerate(self.events)]
        found = self._ask(tasks, len(tasks), "one at a time")
        rows = []
        for i, thing in enumerate(self.things):
            self.value[(i,)], self.loaded[(i,)] = self.base.objective, self.base.loaded
            if i in self.base.loaded:
                told = found[str(thing)]
                self.value[(i,)], self.loaded[(i,)] = told["objective_musd"], frozenset(told.pop("loaded"))
                rows.append({"closed": [str(thing)], **told})
        rows += [{"closed": [str(t)], **found[str(t)]} for t in self.events]
        self.counts["1"] = {"sets": len(self.things) + len(self.events), "solved": len(tasks)}
        return rows

    def sets(self, size: int) -> list[dict[str, Any]]:
        """All sets of a size. Those with a member that is idle without it come to what the others come to."""
        wanted: dict[tuple[int, ...], list[int]] = {}
        for members in self._candidates(size):
            wanted.setdefault(members[:-1], []).append(members[-1])
        solved = sum(len(others) for others in wanted.values())
        names = [",".join(map(str, first)) for first in wanted]
        tasks = [Task(f"{size}:{name}", ("after", list(first), others)) for name, (first, others) in zip(names, wanted.items(), strict=True)]
        found = self._ask(tasks, solved, f"{size} at a time")
        rows = []
        for task, first in zip(tasks, wanted, strict=True):
            for i, objective, lost, loaded in found[task.key]:
                members = (*first, i)
                self.value[members], self.loaded[members] = objective, frozenset(loaded)
                fewer = max(self.value_of(part) for part in combinations(members, size - 1))
                if objective - fewer > TINY * max(1.0, abs(fewer)):
                    loss = objective - self.base.objective
                    apart = sum(self.value_of((k,)) - self.base.objective for k in members)
                    rows.append({"closed": [str(self.things[k]) for k in members], "objective_musd": objective, "loss_musd": loss,
                                 "more_than_apart_musd": loss - apart, "lost": lost})  # fmt: skip
        count = 1
        for k in range(size):
            count = count * (len(self.things) - k) // (k + 1)
        self.counts[str(size)] = {"sets": count, "solved": solved, "worse_than_fewer": len(rows)}
        return rows

    def _candidates(self, size: int) -> Iterator[tuple[int, ...]]:
        """Sets in which each member is loaded in the plan without it."""
        ever = sorted(frozenset.union(*self.loaded.values()))
        for first in combinations(ever, size - 1):
            for i in sorted(self.plan_of(first)):
                if i > first[-1] and all(first[k] in self.plan_of((*first[:k], *first[k + 1 :], i)) for k in range(size - 1)):
                    yield (*first, i)

    def plan_of(self, members: tuple[int, ...]) -> frozenset[int]:
        """What the plan of a set loads."""
        return self.loaded[self._key(members)]

    def value_of(self, members: tuple[int, ...]) -> float:
        return self.value[self._key(members)]

    def _key(self, members: tuple[int, ...]) -> tuple[int, ...]:
        """The solved set that a set comes down to: members that are idle without them are left out."""
        while members not in self.loaded:
            for k in range(len(members)):
                rest = (*members[:k], *members[k + 1 :])
                if members[k] not in self.plan_of(rest):
                    members = rest
                    break
            else:
                raise AssertionError("a set whose members all matter was not solved")
        return members

