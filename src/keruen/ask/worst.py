"""The K closures that together hurt most, proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keruen.ask.closing import Question, bench, things_of
from keruen.case import Case
from keruen.errors import UsageError
from keruen.plan import rounded
from keruen.scenario import Scenario
from keruen.solve.worst import worst_closures

__all__ = ["WorstClosures", "worst"]

GAP = 1e-4


@dataclass(frozen=True)
class WorstClosures:
    """The worst set found, what it does, and the proof.

    closed: names; fewer than asked for where more would not hurt more. loss_musd; bound_musd: no set of that many
    can lose more. gap: (bound - loss) / bound; 0 or close to it is a proof. told: lost, rerouted, became_full,
    relief, as in :class:`keruen.ask.stress.Stress`. rounds: sets solved on the way.
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    by: tuple[str, ...]
    many: int
    objective_musd: float
    closed: tuple[str, ...]
    loss_musd: float
    bound_musd: float
    told: dict[str, Any]
    rounds: int

    @property
    def gap(self) -> float:
        return (self.bound_musd - self.loss_musd) / self.bound_musd if self.bound_musd > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen stress --worst K --format json`` writes it."""
        from keruen import __version__

        told = {k: self.told[k] for k in ("moving_musd", "lost", "rerouted", "became_full", "relief")}
        found: dict[str, Any] = rounded({
            "keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "by": list(self.by), "worst": self.many,
            "objective_musd": self.objective_musd, "closed": list(self.closed), "loss_musd": self.loss_musd, "bound_musd": self.bound_musd,
            "gap": self.gap, "sets_solved": self.rounds, **told,
        })  # fmt: skip
        return found


def worst(
    case: Case, many: int, year: int | None = None, by: str | Sequence[str] = "link", *, scenario: Scenario | None = None,
    gap: float = GAP, limit_s: float = 600.0, progress: bool = False,
) -> WorstClosures:  # fmt: skip
    """The ``many`` closures that together hurt most: proven within ``gap`` of the harm, or as far as ``limit_s`` seconds lead.

    by: one kind or several (link, transfer, place, country, operator, plant, fleet). Raises UsageError for what cannot be asked.

    >>> import keruen as kr
    >>> kr.worst(kr.load("kazakhstan"), 2, by="country").closed
    ('country CN', 'country RU')
    """
    kinds = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
    things = tuple(t for kind in kinds for t in things_of(case, kind))
    if "event" in kinds:
        raise UsageError("the worst closures are looked for among links, transfers, places, countries, operators, plants or fleets; events are not closures")
    if not 1 <= many <= len(things):
        raise UsageError(f"there are {len(things)} things to close; asked for the worst {many}")
    question = Question(case, case.base_year if year is None else year, scenario or Scenario(), things, (), learn=True)
    desk = bench(question.pickled())
    found = worst_closures(desk.sweep, many, gap=gap, limit_s=limit_s, watch=_watch(many) if progress else None)
    base = desk.sweep.base.objective
    return WorstClosures(
        case.name, question.year, question.scenario.names, kinds, many, base, tuple(str(things[i]) for i in found.things),
        found.objective - base, found.bound - base, desk.closed(found.things), found.rounds,
    )  # fmt: skip


def _watch(many: int) -> Any:
    """Tells how far the proof is, on one line that is written over."""
    import sys

    def watch(harm: float, bound: float, rounds: int) -> None:
        if sys.stderr.isatty():
            print(f"\rworst {many}: {harm:,.0f} MUSD found, at most {bound:,.0f} possible, {rounds} sets solved ", end="", file=sys.stderr, flush=True)

    return watch
