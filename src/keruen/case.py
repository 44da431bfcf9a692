"""The Case: what was written, frozen and checked, with look-ups by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from keruen.columns import Row
from keruen.tables import (
    Agreement,
    Claim,
    Commodity,
    Consignment,
    Delay,
    Demand,
    Event,
    Fleet,
    Link,
    Membership,
    Observation,
    Parameter,
    Place,
    Plant,
    Project,
    Provenance,
    Rule,
    Screenline,
    Source,
    Supply,
    Transfer,
    key_columns,
)
from keruen.tables import Path as FlowPath

__all__ = ["Case", "numbers_by_kind"]

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Case:
    """A system of trade routes: tables that were read and found sound. Never changed after that.

    Scenarios, years and rules are laid over it when a network is built.
    """

    name: str
    path: Path
    title: str
    home: str
    base_year: int
    first_year: int
    last_year: int
    money_year: int
    tables: Mapping[str, tuple[Row, ...]]
    scenario_files: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    discount_rate: float | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(rows)} {t}" for t, rows in self.tables.items() if rows and t in _COUNTED)
        return f"<Case {self.name}: {self.title}; base year {self.base_year}; {counts}>"

    def __getstate__(self) -> dict[str, Any]:
        # Look-ups are made again where the case arrives: read-only views cannot be sent to another process.
        return {f.name: dict(v) if isinstance(v := getattr(self, f.name), Mapping) else v for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({k: MappingProxyType(v) if isinstance(v, dict) else v for k, v in state.items()})

    def _by_id(self, table: str, row_type: type[R]) -> Mapping[str, R]:
        key = key_columns(row_type)[0].name
        rows = sorted(self.tables[table], key=lambda r: str(getattr(r, key)))
        return MappingProxyType({getattr(r, key): cast(R, r) for r in rows})

    @cached_property
    def places(self) -> Mapping[str, Place]:
        return self._by_id("places", Place)

    @cached_property
    def links(self) -> Mapping[str, Link]:
        return self._by_id("links", Link)

    @cached_property
    def transfers(self) -> Mapping[str, Transfer]:
        return self._by_id("transfers", Transfer)

    @cached_property
    def commodities(self) -> Mapping[str, Commodity]:
        return self._by_id("commodities", Commodity)

    @cached_property
    def supplies(self) -> Mapping[str, Supply]:
        return self._by_id("supplies", Supply)

    @cached_property
    def demands(self) -> Mapping[str, Demand]:
        return self._by_id("demands", Demand)

    @cached_property
    def consignments(self) -> Mapping[str, Consignment]:
        return self._by_id("consignments", Consignment)

    @cached_property
    def _growth(self) -> Mapping[str, tuple[tuple[int, float], ...]]:
        """(year, factor) of each flow with a path, by year; the base year among them."""
        found: dict[str, dict[int, float]] = {}
        for row in self.tables.get("paths", ()):
            p = cast(FlowPath, row)
            found.setdefault(p.flow, {self.base_year: 1.0})[p.year] = p.factor
        return MappingProxyType({name: tuple(sorted(points.items())) for name, points in sorted(found.items())})

    def growth(self, flow: str, year: int) -> float:
        """What paths.csv makes of the quantity of a supply, demand or consignment in a year; 1 where it has no path."""
        points = self._growth.get(flow)
        if points is None:
            return 1.0
        before = [p for p in points if p[0] <= year]
        after = [p for p in points if p[0] > year]
        if not before or not after:
            return (before or after)[-1 if before else 0][1]
        (y0, f0), (y1, f1) = before[-1], after[0]
        return f0 + (f1 - f0) * (year - y0) / (y1 - y0)

    @cached_property
    def plants(self) -> Mapping[str, Plant]:
        return self._by_id("plants", Plant)

    @cached_property
    def fleets(self) -> Mapping[str, Fleet]:
        return self._by_id("fleets", Fleet)

    @cached_property
    def projects(self) -> Mapping[str, Project]:
        return self._by_id("projects", Project)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        return self._by_id("rules", Rule)

    @cached_property
    def agreements(self) -> Mapping[str, Agreement]:
        return self._by_id("agreements", Agreement)

    @cached_property
    def events(self) -> Mapping[str, Event]:
        return self._by_id("events", Event)

    @cached_property
    def delays(self) -> Mapping[str, Delay]:
        return self._by_id("delays", Delay)

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        return self._by_id("parameters", Parameter)

    @cached_property
    def claims(self) -> Mapping[str, Claim]:
        return self._by_id("claims", Claim)

    @cached_property
    def screenlines(self) -> Mapping[str, Screenline]:
        return self._by_id("screenlines", Screenline)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        return self._by_id("sources", Source)

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(cast(Observation, r) for r in self.tables["observations"])

    @cached_property
    def memberships(self) -> tuple[Membership, ...]:
        return tuple(cast(Membership, r) for r in self.tables["memberships"])

    @cached_property
    def provenance(self) -> Mapping[tuple[str, str, str], tuple[Provenance, ...]]:
        """Rows of provenance.csv by (table, row, column)."""
        found: dict[tuple[str, str, str], list[Provenance]] = {}
        for row in self.tables["provenance"]:
            p = cast(Provenance, row)
            found.setdefault((p.table, p.row, p.column), []).append(p)
        return MappingProxyType({k: tuple(v) for k, v in sorted(found.items())})

    def members(self, organisation: str, year: int) -> frozenset[str]:
        """Countries that were members on 1 July of the year. Unknown dates count as open."""
        return self.members_on(organisation, date(year, 7, 1))

    def members_on(self, organisation: str, day: date) -> frozenset[str]:
        """Countries that were members on a day; a date of which only the year or month is known counts from its first day."""
        text = day.isoformat()
        return frozenset(
            m.country
            for m in self.memberships
            if m.organisation == organisation and m.status == "member" and (not m.since or m.since <= text) and (not m.until or m.until > text)
        )

    def kind_of_number(self, table: str, row: Any, column: str) -> str:
        """``sourced``, ``derived`` or ``estimate``: what stands behind a number of a cell."""
        key = key_columns(type(row))[0].name
        for p in self.provenance.get((table, str(getattr(row, key)), column), ()):
            if p.kind != "rival":
                return p.kind
        source = self.sources.get(getattr(row, "source", ""))
        return source.kind if source else "estimate"


_COUNTED = ("places", "links", "supplies", "demands", "consignments", "plants", "fleets", "projects", "rules")


def numbers_by_kind(case: Case) -> dict[str, dict[str, int]]:
    """How many numbers of each table are sourced, derived or estimates, and how many rivals stand by."""
    from keruen.columns import columns_of
    from keruen.tables import TABLES

    counts: dict[str, dict[str, int]] = {}
    for table, row_type in TABLES.items():
        columns = [c for c in columns_of(row_type) if c.numeric]
        if not columns or not case.tables[table] or not any(c.name == "source" for c in columns_of(row_type)):
            continue
        count = {"sourced": 0, "derived": 0, "estimate": 0, "rival": 0}
        for row in case.tables[table]:
            for spec in columns:
                if getattr(row, spec.name) not in (None, {}) and not _is_blank_default(spec.blank, getattr(row, spec.name)):
                    count[case.kind_of_number(table, row, spec.name)] += 1
        count["rival"] = sum(p.kind == "rival" for k, ps in case.provenance.items() if k[0] == table for p in ps)
        counts[table] = count
    return counts


def _is_blank_default(blank: str | None, value: Any) -> bool:
    return blank in ("0", "1") and value == float(blank)
