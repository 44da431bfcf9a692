"""Which projects there are to decide, which are settled already, and what of each is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean
from keruen.investing.money import Terms
from keruen.scenario import Scenario, lay
from keruen.tables import Project

__all__ = ["Candidate", "Field", "candidates", "leave_out", "undecided"]

NEVER = 2100
GOING_ON = ("completed", "under_construction", "operating")


@dataclass(frozen=True)
class Candidate:
    """A project to decide. capex_musd: None if nobody knows. first: earliest year of service.

    guessed: which of lead_years, life_years and capex_musd no row gives; given: capex is the caller's.
    """

    row: Project
    capex_musd: float | None
    fixed_musd: float
    lead_years: int
    life_years: int
    first: int
    guessed: tuple[str, ...]
    given: bool = False

    @property
    def name(self) -> str:
        """Id of the project."""
        return self.row.project


@dataclass(frozen=True)
class Field:
    """asked: projects to decide, those with a cost and those without, by id. settled: id -> first year, of those that come anyway.

    out: id -> why it cannot be decided.
    """

    asked: tuple[Candidate, ...]
    settled: Mapping[str, int]
    out: Mapping[str, str]

    @property
    def priced(self) -> tuple[Candidate, ...]:
        """Those with a cost."""
        return tuple(c for c in self.asked if c.capex_musd is not None)


def candidates(
    case: Case, terms: Terms, scenario: Scenario, *, decide: Sequence[str] = (), only: Sequence[str] = (), capex: Mapping[str, float] | None = None
) -> Field:
    """Sort the projects of a case. decide: of those under way, which to decide after all ("all" for all that are not yet
    ready in the first year); only: look at no others; capex: costs (MUSD) the caller gives.

    Raises UsageError for names the case does not have.
    """
    capex = dict(capex or {})
    for word, names in (("decide", [n for n in decide if n != "all"]), ("only", only), ("capex", capex)):
        for name in names:
            if name not in case.projects:
                raise UsageError(f"{word}: there is no project '{name}'. {did_you_mean(name, case.projects)}".strip())
    for name, value in capex.items():
        if not 0 <= value < float("inf"):
            raise UsageError(f"capex of {name} is a cost in MUSD of 0 or more; got {value:g}")
    overlay = lay(scenario, case)
    asked, settled, out = [], {}, {}
    for name, found in case.projects.items():
        cells = {column: value for (table, id, column), value in overlay.values.items() if table == "projects" and id == name}
        row = replace(found, **cells) if cells else found
        ready = row.ready_year
        goes = row.status in GOING_ON and ready is not None
        if name in overlay.projects:
            settled[name] = terms.first
        elif (ready is not None and ready <= terms.first and (goes or ready <= case.base_year)) or (
            goes and ready is not None and ready <= terms.last and name not in decide and "all" not in decide
        ):
            settled[name] = ready
        elif only and name not in only:
            out[name] = "not asked about"
        elif not row.adds:
            out[name] = "no figure is known for what it adds"
        else:
            made = _candidate(row, terms, capex.get(name))
            if made.first > terms.last:
                out[name] = f"it cannot be ready before {made.first}"
            else:
                asked.append(made)
    for name in (*decide, *only, *capex):
        if name in settled and name not in overlay.projects:
            ready = settled[name]
            if ready <= terms.first:
                raise UsageError(f"{name} is there since {ready}: nothing is left to decide")
            if name in only or name in capex:
                raise UsageError(f"{name} is under way, to be ready in {ready}, so it is not decided; to decide it after all: --decide {name}")
    return _tied(asked, settled, out)


def _candidate(row: Project, terms: Terms, given: float | None) -> Candidate:
    lead = terms.lead_years if row.lead_years is None else row.lead_years
    life = terms.life_years if row.life_years is None else row.life_years
    known = row.capex_musd if given is None else given
    guessed = [column for column, value in (("lead_years", row.lead_years), ("life_years", row.life_years), ("capex_musd", known)) if value is None]
    if row.ready_year is not None and row.lead_years is None:
        guessed.remove("lead_years")  # the announced year says when it can be there
    first = max(terms.first + (0 if row.ready_year is not None and row.lead_years is None else lead), row.ready_year or 0)
    fixed = row.fixed_musd or 0.0
    if given is not None:
        fixed = fixed / row.capex_musd * given if row.capex_musd else 0.0
    return Candidate(row, known, fixed, lead, life, first, tuple(guessed), given is not None)


def _tied(asked: list[Candidate], settled: dict[str, int], out: dict[str, str]) -> Field:
    """Those whose needs can be met, and that nothing settled rules out."""
    while True:
        there = {c.name for c in asked}
        bad = {}
        for c in asked:
            lost = [n for n in c.row.needs if n not in there and n not in settled]
            barred = sorted(n for n in settled if n in c.row.excludes)
            if lost:
                bad[c.name] = f"it needs {lost[0]}, which cannot be decided ({out.get(lost[0], 'it is not there')})"
            elif barred:
                bad[c.name] = f"{barred[0]} rules it out, which comes anyway"
        if not bad:
            break
        out |= bad
        asked = [c for c in asked if c.name not in bad]
    ready = [replace(c, first=max([c.first, *(settled[n] for n in c.row.needs if n in settled)])) for c in asked]
    return Field(tuple(sorted(ready, key=lambda c: c.name)), dict(sorted(settled.items())), dict(sorted(out.items())))


def undecided(case: Case, field: Field) -> Case:
    """The case in which the projects to decide never come by themselves; only a scenario that adds them builds them."""
    names = {c.name for c in field.asked}
    rows = tuple(replace(p, ready_year=NEVER) if isinstance(p, Project) and p.project in names else p for p in case.tables["projects"])
    return replace(case, tables={**case.tables, "projects": rows})


def leave_out(field: Field, why: Mapping[str, str]) -> Field:
    """The field without some projects, and without those that need them."""
    asked = [c for c in field.asked if c.name not in why]
    return _tied(asked, dict(field.settled), dict(field.out) | dict(why))
