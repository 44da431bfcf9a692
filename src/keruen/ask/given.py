"""What is known of a year from outside: totals, prices, projects, events; read from a file and laid over a case.

A file is TOML or CSV (docs/shippers.md). Totals are named by screenlines that count supplies, demands, plants or
consignments: their rows are scaled until they add up, the narrowest totals first. Markets abroad grow with what there is
to export.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keruen.case import Case
from keruen.errors import UsageError, did_you_mean, quote
from keruen.network import Network, build
from keruen.scenario import SETTABLE, Scenario, add, find_scenario, scale, set_value, without
from keruen.tables import Screenline

__all__ = ["SEA_PRICE", "Given", "consigned_lines", "items_of", "laid", "network_of", "observed", "read_given", "settle"]

SEA_PRICE = "sea_usd_per_feu"
_TOP = ("year", "projects", "scenarios", SEA_PRICE, "totals", "set", "title", "note", "source")
_ITEMS = ("supplies", "demands", "plants")
# The way by sea whose price is asked for: Shanghai to Rotterdam, a box of forty feet (two of twenty).
OCEAN_KM = 3000.0  # sea links this long follow its price; those of the Caspian and the Black Sea do not
SEA_ROUTE = ("sea-shanghai-suez", "sea-suez-rotterdam")


@dataclass(frozen=True)
class Given:
    """What is known of a year. totals: by screenline, in its unit; values: (table, row, column) to figure; sea: USD per FEU."""

    year: int
    totals: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    projects: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    sea: float | None = None


def read_given(path: Path, case: Case, year: int | None = None) -> Given:
    """A file of what is known of a year. Raises UsageError that says what to mend, every problem at once."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: found no file that can be read ({getattr(error, 'strerror', None) or error}); expected a TOML or CSV file") from None
    wrong: list[str] = []
    entries = _from_csv(path.name, text, wrong) if path.suffix.lower() == ".csv" else _from_toml(path.name, text, wrong)
    found = _Reader(case, wrong)
    for where, name, value in entries:
        found.take(where, name, value)
    if found.year is None:
        found.year = year
    if found.year is None:
        wrong.append(f"{path.name}: found no year; expected year = 2024, or --year")
    elif year is not None and found.year != year:
        wrong.append(f"{path.name}: found year {found.year}; expected {year}, the year asked for")
    if wrong:
        more = f"\nand {len(wrong) - 5} more like these" if len(wrong) > 5 else ""
        raise UsageError("\n".join(wrong[:5]) + more)
    assert found.year is not None
    return Given(found.year, found.totals, found.values, tuple(found.projects), tuple(found.scenarios), found.sea)


def _from_toml(file: str, text: str, wrong: list[str]) -> list[tuple[str, str, Any]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        wrong.append(f"{file}: found {error}; expected TOML")
        return []
    entries: list[tuple[str, str, Any]] = []
    for key, value in data.items():
        if key not in _TOP:
            wrong.append(f"{file}: found {quote(key)}; expected one of {', '.join(_TOP)}. {did_you_mean(key, _TOP)}".strip())
        elif key in ("totals", "set"):
            if not isinstance(value, dict):
                wrong.append(f"{file}, {key}: found {value!r}; expected a table, [{key}]")
                continue
            entries += [(f"{file}, [{key}]", str(name), v) for name, v in value.items()]
        elif key in ("projects", "scenarios"):
            names = value if isinstance(value, list) else [value]
            entries += [(f"{file}, {key}", key[:-1], v) for v in names]
        elif key in ("year", SEA_PRICE):
            entries.append((file, key, value))
    return entries


def _from_csv(file: str, text: str, wrong: list[str]) -> list[tuple[str, str, Any]]:
    rows = csv.DictReader(text.splitlines())
    names = rows.fieldnames or []
    if not {"name", "value"} <= set(names):
        wrong.append(f"{file}, row 1: found the columns {', '.join(map(str, names)) or 'none'}; expected name and value (unit, source, note may stand beside)")
        return []
    return [(f"{file}, row {i}", (r["name"] or "").strip(), (r["value"] or "").strip()) for i, r in enumerate(rows, start=2) if (r["name"] or "").strip()]


class _Reader:
    def __init__(self, case: Case, wrong: list[str]) -> None:
        self.case, self.wrong = case, wrong
        self.year: int | None = None
        self.totals: dict[str, float] = {}
        self.values: dict[tuple[str, str, str], float] = {}
        self.projects: list[str] = []
        self.scenarios: list[str] = []
        self.sea: float | None = None

    def take(self, where: str, name: str, value: Any) -> None:
        if name in ("project", "scenario"):
            self._switch(where, name, str(value))
            return
        number = self._number(where, name, value)
        if number is None:
            return
        if name == "year":
            if number != int(number) or not self.case.first_year <= number <= self.case.last_year:
                self.wrong.append(f"{where}, year: found {value}; expected a year from {self.case.first_year} to {self.case.last_year}")
            else:
                self.year = int(number)
        elif name == SEA_PRICE:
            self.sea = number
        elif name in self.case.screenlines:
            if not items_of(self.case, self.case.screenlines[name]) and name not in consigned_lines(self.case):
                self.wrong.append(f"{where}, {name}: found a screenline of links; expected one of supplies, demands, plants or consignments: "
                                  "flows on links are what keruen predicts")  # fmt: skip
            self.totals[name] = number
        elif name.count(".") == 2 and name.split(".")[0] in SETTABLE:
            table, row, column = name.split(".")
            self.values[(table, row, column)] = number
        else:
            known = [*self.case.screenlines, SEA_PRICE, "year", "project", "scenario"]
            self.wrong.append(f"{where}: found {quote(name)}; expected a screenline, TABLE.ROW.COLUMN, {SEA_PRICE}, project or scenario. "
                              f"{did_you_mean(name, known)}".strip())  # fmt: skip

    def _number(self, where: str, name: str, value: Any) -> float | None:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number) or number < 0:
            self.wrong.append(f"{where}, {name}: found {value!r}; expected a number from 0")
            return None
        return number

    def _switch(self, where: str, kind: str, name: str) -> None:
        if kind == "project":
            if name not in self.case.projects:
                self.wrong.append(f"{where}: found project {quote(name)}; expected a project of the case. {did_you_mean(name, self.case.projects)}".strip())
            self.projects.append(name)
        else:
            self.scenarios.append(name)


def items_of(case: Case, line: Screenline) -> list[tuple[str, str]]:
    """(table, id) of what a screenline counts, where that is no link or transfer; an empty list where it is."""
    found = []
    for word in line.links:
        table = next((t for t in _ITEMS if word in getattr(case, t)), "")
        if not table:
            return []
        found.append((table, word))
    return found


def consigned_lines(case: Case) -> frozenset[str]:
    """Screenlines of links with goods that only consignments bring: how much wants to cross can be known from outside."""
    pooled = {row.commodity for t in ("supplies", "demands") for row in getattr(case, t).values()}
    return frozenset(n for n, line in case.screenlines.items() if not items_of(case, line) and set(line.commodities) - pooled)


def observed(case: Case, year: int) -> dict[str, float]:
    """Main figures of a whole year by screenline."""
    return {o.screenline: o.quantity for o in case.observations if o.screenline and o.year == year and o.use == "main" and not o.period
            and o.kind in ("flow", "trade", "production")}  # fmt: skip


def quantity_of(case: Case, table: str, name: str) -> float:
    """What a row offers, asks for or takes in, in the base year."""
    row = getattr(case, table)[name]
    return float(row.capacity * row.availability if table == "plants" else row.quantity)


def settle(base: Mapping[str, float], parts: Mapping[str, Mapping[str, float]], totals: Mapping[str, float]) -> dict[str, float]:
    """Quantities by item that add up to the totals, the narrowest first; what a total leaves to items not settled yet is shared as
    in the base. parts: by total, item and how much of the total one unit of it is."""
    found: dict[str, float] = {}
    for total in sorted(totals, key=lambda t: (len(parts[t]), t)):
        free = {i: w for i, w in parts[total].items() if i not in found}
        left = totals[total] - sum(found[i] * w for i, w in parts[total].items() if i in found)
        now = sum(base[i] * w for i, w in free.items())
        if now > 0:
            found |= {i: base[i] * max(0.0, left) / now for i in free}
        elif len(free) == 1:
            item, weight = next(iter(free.items()))
            found[item] = max(0.0, left) / weight
    return found


def laid(case: Case, given: Given, volumes: Mapping[str, float] | None = None) -> Scenario:
    """The scenario of a year. volumes: quantity by consignment, from :mod:`keruen.ask.volumes`.

    Rules of kind practice, stand-ins for what the base year did, are off: constants and what is given take their place.
    """
    base: dict[str, float] = {}
    parts: dict[str, dict[str, float]] = {}
    for name in given.totals:
        items = items_of(case, case.screenlines[name])
        if items:
            parts[name] = {f"{t}.{i}": 1.0 for t, i in items}
            base |= {f"{t}.{i}": quantity_of(case, t, i) for t, i in items}
    fixed = {f"{t}.{row}": v for (t, row, column), v in given.values.items() if column in ("quantity", "capacity")}
    found = {i: q for i, q in settle(base, parts, {n: v for n, v in given.totals.items() if n in parts}).items() if i not in fixed}
    scenario = without(kind="practice")
    for item, quantity in sorted((found | _markets(case, found | fixed)).items()):
        table, name = item.split(".")
        if table == "plants":
            scenario = scenario + set_value("plants", name, "capacity", quantity) + set_value("plants", name, "availability", 1.0)
        else:
            scenario = scenario + set_value(table, name, "quantity", quantity)
            row = getattr(case, table)[name]
            if table == "demands" and row.up_to is not None and row.up_to < quantity:
                scenario = scenario + set_value(table, name, "up_to", quantity)
    for name, quantity in sorted((volumes or {}).items()):
        scenario = scenario + set_value("consignments", name, "quantity", quantity)
    if given.sea is not None and all(link in case.links for link in SEA_ROUTE):
        now = 2 * sum(case.links[link].cost_usd_per_teu or 0.0 for link in SEA_ROUTE)
        links = sorted(n for n, r in case.links.items() if r.mode == "sea" and r.cost_usd_per_teu and (r.length_km or 0.0) >= OCEAN_KM)
        scenario = scenario + scale(link=links, cost=given.sea / now)
    for (table, name, column), value in sorted(given.values.items()):
        scenario = scenario + set_value(table, name, column, value)
    for name in given.projects:
        scenario = scenario + add(project=name)
    for name in given.scenarios:
        scenario = scenario + find_scenario(name, case)
    return Scenario((f"what is given of {given.year}",), scenario.changes)


def _markets(case: Case, found: Mapping[str, float]) -> dict[str, float]:
    """Markets abroad follow what home has to export of a commodity whose supplies are known."""
    more: dict[str, float] = {}
    for commodity in sorted({case.supplies[i.split(".")[1]].commodity for i in found if i.startswith("supplies.")}):
        supplies = [n for n, r in case.supplies.items() if r.commodity == commodity and case.places[r.place].country == case.home]
        plants = [n for n, r in case.plants.items() if r.input == commodity and case.places[r.place].country == case.home]
        home = [n for n, r in case.demands.items() if r.commodity == commodity and r.use != "market"]
        abroad = [n for n, r in case.demands.items() if r.commodity == commodity and r.use == "market" and f"demands.{n}" not in found
                  and all(case.places[p].country != case.home for p in r.places)]  # fmt: skip

        def left(get: Any, supplies: Iterable[str] = supplies, plants: Iterable[str] = plants, home: Iterable[str] = home) -> float:
            return float(sum(get("supplies", n) for n in supplies) - sum(get("plants", n) for n in plants) - sum(get("demands", n) for n in home))

        before = left(lambda t, n: quantity_of(case, t, n))
        now = left(lambda t, n: found.get(f"{t}.{n}", quantity_of(case, t, n)))
        if before > 0:
            more |= {f"demands.{n}": case.demands[n].quantity * max(0.0, now) / before for n in abroad}
    return more


def network_of(case: Case, given: Given, volumes: Mapping[str, float] | None = None) -> Network:
    """The network of a year as it is known from outside."""
    return build(case, given.year, laid(case, given, volumes))
