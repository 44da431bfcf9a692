"""Named changes laid over a case: close, scale, set, add a project, switch rules off or on.

A scenario never copies a case. It is a list of changes; :func:`lay` turns it, for one case, into an
:class:`Overlay` of factors and values that the network is built with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from keruen.case import Case
from keruen.columns import columns_of
from keruen.errors import Finding, ScenarioError, UsageError, did_you_mean, say
from keruen.files.folder import parse_row
from keruen.tables import TABLES, Rule, key_columns

__all__ = ["Change", "Overlay", "Scenario", "add", "close", "describe", "find_scenario", "lay", "parse_scenario", "scale", "set_value",
           "with_rules", "without"]  # fmt: skip

DAYS = 365.0
INF = float("inf")
TABLE_OF = {"link": "links", "transfer": "transfers", "plant": "plants", "fleet": "fleets", "supply": "supplies",
            "demand": "demands", "consignment": "consignments"}  # fmt: skip
SELECTORS = (*TABLE_OF, "place", "country", "mode", "operator")
FACTORS = {"capacity": ("links", "transfers", "plants"), "cost": ("links", "transfers", "plants", "supplies"),
           "hours": ("links", "transfers"), "quantity": ("supplies", "demands", "consignments"), "price": ("demands",),
           "payload": ("fleets",), "ships": ("fleets",), "downtime": ("fleets",)}  # fmt: skip
# Tables whose numbers a scenario may set: those a network is made of.
SETTABLE = (*TABLE_OF.values(), "commodities", "projects", "rules")
# What closing takes away: the column that is brought down.
CLOSED = {"links": "capacity", "transfers": "capacity", "plants": "capacity", "fleets": "ships", "supplies": "quantity",
          "demands": "quantity", "consignments": "quantity"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``kind`` is close, scale, set, add, without or with."""

    kind: str
    selector: str = ""
    names: tuple[str, ...] = ()
    factors: tuple[tuple[str, float], ...] = ()
    table: str = ""
    column: str = ""
    value: object = None
    rule: Rule | None = None

    def __str__(self) -> str:
        what = f"{self.selector} {', '.join(self.names)}".strip()
        if self.kind == "close":
            share, days = (f for _, f in self.factors)
            words = f"close {what}" + (f" by {100 * share:.3g} %" if share < 1 else "")
            return words + (f" for {days:g} days" if days < DAYS else "")
        if self.kind == "scale":
            return f"scale {what}: " + ", ".join(f"{n} x {f:g}" for n, f in self.factors)
        if self.kind == "set":
            return f"set {self.table} {what} {self.column} to {self.value}"
        if self.kind == "with" and self.rule is not None:
            return f"with rule {self.rule.rule}"
        return f"{self.kind} {what}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes with a name. Scenarios add up: ``close(country="RU") + add(project="...")``."""

    names: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    title: str = ""

    def while_it_lasts(self) -> Scenario:
        """The same, with closures of some days taken as if they lasted all year: yearly rates during the event.

        A year's plan lets the rest of the year make up for an event as far as there is room; this one does not.
        """
        changes = tuple(replace(c, factors=(c.factors[0], ("days", DAYS))) if c.kind == "close" else c for c in self.changes)
        return Scenario(tuple(f"{n} while it lasts" for n in self.names), changes, self.title)

    def __add__(self, other: Scenario) -> Scenario:
        title = "; ".join(t for t in (self.title, other.title) if t)
        return Scenario(self.names + other.names, self.changes + other.changes, title)


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _one(change: Change) -> Scenario:
    return Scenario((str(change),), (change,))


def _select(selectors: Mapping[str, str | Sequence[str]]) -> tuple[str, tuple[str, ...]]:
    if len(selectors) != 1:
        raise UsageError(f"name exactly one of {', '.join(SELECTORS)}; got {', '.join(selectors) or 'none'}")
    selector, value = next(iter(selectors.items()))
    if selector not in SELECTORS:
        raise UsageError(f"'{selector}' cannot be selected. {did_you_mean(selector, SELECTORS)} Choose one of {', '.join(SELECTORS)}.")
    return selector, _names(value)


def close(*, share: float = 1.0, days: float = DAYS, **selectors: str | Sequence[str]) -> Scenario:
    """Close links, places, countries, modes, operators, plants, ...: ``close(country="RU")``.

    share: part of the capacity lost, 0 to 1. days: how many days of the year; the year as a whole
    loses share x days / 365 of the capacity. A link without a limit can only be closed wholly.
    """
    if not 0 <= share <= 1 or not 0 <= days <= DAYS:
        raise UsageError(f"share must be from 0 to 1 and days from 0 to 365; got {share:g} and {days:g}")
    selector, names = _select(selectors)
    return _one(Change("close", selector, names, (("share", share), ("days", days))))


def scale(
    *, capacity: float | None = None, cost: float | None = None, hours: float | None = None, quantity: float | None = None,
    price: float | None = None, payload: float | None = None, ships: float | None = None, downtime: float | None = None,
    **selectors: str | Sequence[str],
) -> Scenario:  # fmt: skip
    """Multiply figures: ``scale(fleet="kmtf-12k", payload=0.8)``, ``scale(country="KZ", capacity=0.5)``."""
    given = {"capacity": capacity, "cost": cost, "hours": hours, "quantity": quantity, "price": price,
             "payload": payload, "ships": ships, "downtime": downtime}  # fmt: skip
    factors = tuple((name, float(f)) for name, f in given.items() if f is not None)
    if not factors or not all(0 <= f < INF for _, f in factors):
        raise UsageError("give at least one factor of 0 or more: " + ", ".join(given))
    selector, names = _select(selectors)
    return _one(Change("scale", selector, names, factors))


def set_value(table: str, row: str, column: str, value: float | str) -> Scenario:
    """Put another figure into one cell, in the unit of its column."""
    return _one(Change("set", "", (row,), table=table, column=column, value=value))


def add(*, project: str | Sequence[str]) -> Scenario:
    """Switch projects on, whatever their status and year."""
    return _one(Change("add", "project", _names(project)))


def without(*, rule: str | Sequence[str] = (), kind: str | Sequence[str] = ()) -> Scenario:
    """Switch rules off, by id or by kind (contract, quota, right, practice, law, sanction)."""
    changes = [Change("without", s, _names(v)) for s, v in (("rule", rule), ("kind", kind)) if v]
    if not changes:
        raise UsageError("give rule= or kind=")
    return Scenario(tuple(map(str, changes)), tuple(changes))


def with_rules(path: str | Path) -> Scenario:
    """Rules laid over a case from a CSV file with the columns of rules.csv; those with the id of a rule of the case take its place.

    Columns whose cells may be empty may be left out.

    Raises ScenarioError with every problem of the file.
    """
    from keruen.files.table import read_table

    findings: list[Finding] = []
    rows = read_table(Path(path), "rules", findings).rows
    needed = {c.name for c in columns_of(Rule) if c.required}
    findings = [f for f in findings if f.code != "missing-column" or f.column in needed]
    if findings:
        raise ScenarioError(f"the rules of {path} cannot be used\n{say(findings)}")
    changes = tuple(Change("with", "rule", (row.rule,), rule=row) for row in rows if isinstance(row, Rule))
    return Scenario((f"rules of {Path(path).name}",), changes)


# --- files -------------------------------------------------------------------------------------------


def find_scenario(name: str, case: Case) -> Scenario:
    """A scenario of the case by name, or from a TOML file by path."""
    path = case.scenario_files.get(name) or (Path(name) if name.endswith(".toml") else None)
    if path is None or not path.is_file():
        known = sorted(case.scenario_files)
        hint = did_you_mean(name, known) or f"The case has {len(known)}; list them with: keruen scenarios {case.name}"
        raise ScenarioError(f"there is no scenario '{name}': no such file, and the case has none of that name. {hint}")
    scenario, findings = read_scenario(path.stem, path)
    if findings:
        raise ScenarioError("\n".join(str(f) for f in findings))
    return scenario


def describe(case: Case) -> list[dict[str, Any]]:
    """Name, title, text, year, confidence and sources of every scenario of the case."""
    found = []
    for name, path in case.scenario_files.items():
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append({"scenario": name, "year": data.get("year"), "title": str(data.get("title", "")), "text": str(data.get("text", "")),
                      "confidence": str(data.get("confidence", "")), "source": list(_names(data.get("source", ())))})  # fmt: skip
    return found


_TOP = ("title", "text", "source", "confidence", "year", "close", "scale", "set", "add", "without", "with")


def read_scenario(name: str, path: Path) -> tuple[Scenario, list[Finding]]:
    """Parse a scenario file; what is wrong is returned, not raised."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return Scenario((name,)), [Finding("scenario", f"scenarios/{path.name}", None, "", str(error), "a TOML file", "Mend the line it names.")]
    return parse_scenario(name, text, path.name)


def parse_scenario(name: str, text: str, file: str) -> tuple[Scenario, list[Finding]]:
    """The same from the text of a file; ``file`` is what findings call it."""
    out: list[Finding] = []

    def wrong(part: str, found: str, expected: str, remedy: str) -> None:
        out.append(Finding("scenario", f"scenarios/{file}", None, part, found, expected, remedy))

    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        wrong("", str(error), "a TOML file", "Mend the line it names.")
        return Scenario((name,)), out
    changes: list[Change] = []
    for key, value in data.items():
        if key not in _TOP:
            wrong(key, "an unknown key", "one of " + ", ".join(_TOP), did_you_mean(key, _TOP) or "Remove it.")
        elif key in ("close", "scale", "set", "add", "without", "with"):
            if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
                wrong(key, repr(value)[:60], f"a list of tables, [[{key}]]", f"Write [[{key}]] in double brackets.")
                continue
            for entry in value:
                try:
                    changes.extend(_change(key, dict(entry), out, file))
                except (UsageError, TypeError, ValueError, KeyError) as error:
                    wrong(key, repr(entry)[:80], "a change keruen knows", str(error))
    return Scenario((name,), tuple(changes), str(data.get("title", name))), out


def _change(key: str, entry: dict[str, Any], out: list[Finding], file: str) -> tuple[Change, ...]:
    if key == "close":
        return close(**entry).changes
    if key == "scale":
        return scale(**entry).changes
    if key == "set":
        return set_value(**entry).changes
    if key == "add":
        return add(**entry).changes
    if key == "without":
        return without(**entry).changes
    columns = [c.name for c in columns_of(Rule)]
    for word in entry:
        if word not in columns:
            raise UsageError(f"'{word}' is no column of rules. {did_you_mean(word, columns)}")
    raw = {c: _cell(entry.get(c, "")) for c in columns}
    row = parse_row("rules", raw, f"scenarios/{file}", 1, out, {})
    return (Change("with", "rule", (raw["rule"],), rule=row),) if isinstance(row, Rule) else ()


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def check_scenario_file(name: str, path: Path, ids: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Problems of one scenario file of a case, unknown names included."""
    scenario, findings = read_scenario(name, path)
    yield from findings
    for change in scenario.changes:
        for problem in _unknown(change, ids):
            yield Finding("scenario", f"scenarios/{path.name}", None, change.kind, problem[0], problem[1], problem[2])


def _unknown(change: Change, ids: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """(found, expected, remedy) for every name the case does not have."""
    if change.kind == "set":
        if change.table not in SETTABLE:
            yield f"'{change.table}'", "a table whose figures can be set: " + ", ".join(SETTABLE), did_you_mean(change.table, SETTABLE)
            return
        known: Mapping[str, Any] | set[str] = ids[change.table]
        columns = {c.name: c for c in columns_of(TABLES[change.table]) if c.kind in ("number", "integer")}
        spec = columns.get(change.column)
        if spec is None:
            yield f"'{change.column}'", f"a column of numbers of {change.table}: " + ", ".join(columns), did_you_mean(change.column, columns)
        elif isinstance(change.value, bool) or not isinstance(change.value, (int, float)) or not abs(change.value) < INF:
            yield f"'{change.value}'", "a number", "Write a plain number in the column's unit."
        elif (spec.low is not None and change.value < spec.low) or (spec.high is not None and change.value > spec.high):
            yield f"{change.value:g}", f"from {_g(spec.low)} to {_g(spec.high)}, for {change.column}", "Correct the number."
    elif change.kind == "with":
        if change.rule is not None:
            for words, tables in (
                (change.rule.commodities, ("commodities",)),
                (change.rule.links, ("links", "transfers")),
                ((change.rule.source,), ("sources",)),
            ):
                there = {i for t in tables for i in ids[t]}
                for word in words:
                    if word.split(":")[0] not in there:
                        yield f"'{word}'", f"an id of {' or '.join(tables)}", did_you_mean(word, there)
        return
    elif change.selector == "country":
        known = {p.country for p in ids["places"].values()} | {x for r in ids["links"].values() for x in r.countries}
    elif change.selector == "mode":
        known = {r.mode for r in ids["links"].values()}
    elif change.selector == "operator":
        known = {r.operator for t in ("links", "transfers", "plants", "fleets") for r in ids[t].values() if r.operator}
    elif change.selector == "kind":
        known = {r.kind for r in ids["rules"].values()}
    else:
        known = ids[{"place": "places", "project": "projects", "rule": "rules"}.get(change.selector) or TABLE_OF[change.selector]]
    for word in change.names:
        if word not in known and not (word == "*" and change.selector in TABLE_OF):
            what = change.table or change.selector
            yield f"'{word}'", f"a {what} of the case", did_you_mean(word, known) or f"The case has no such {what}."


def _g(bound: float | None) -> str:
    return "anything" if bound is None else f"{bound:g}"


# --- laid over a case --------------------------------------------------------------------------------


@dataclass(slots=True)
class Overlay:
    """What a scenario makes of one case: factors and values by (table, id, column)."""

    names: tuple[str, ...] = ()
    factors: dict[tuple[str, str, str], float] = field(default_factory=dict)
    values: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    closed_by: dict[tuple[str, str], str] = field(default_factory=dict)
    closed_places: dict[str, str] = field(default_factory=dict)
    projects: set[str] = field(default_factory=set)
    rules_off: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def factor(self, table: str, name: str, column: str) -> float:
        return self.factors.get((table, name, column), 1.0)

    def laid_over(self, case: Case) -> Case:
        """The case with the cells that the scenario sets; all other rows are the same objects."""
        if not self.values:
            return case
        tables = dict(case.tables)
        for table in sorted({table for table, _, _ in self.values}):
            key = key_columns(TABLES[table])[0].name
            wanted = {(row, column): value for (t, row, column), value in self.values.items() if t == table}
            rows = []
            for row in tables[table]:
                cells = {column: value for (name, column), value in wanted.items() if name == getattr(row, key)}
                rows.append(replace(row, **cells) if cells else row)
            tables[table] = tuple(rows)
        return replace(case, tables=tables)


def lay(scenario: Scenario, case: Case) -> Overlay:
    """The overlay of a scenario on a case. Raises ScenarioError naming what the case does not have."""
    ids = {t: getattr(case, t) for t in (*SETTABLE, "places", "sources")}
    problems = []
    for change in scenario.changes:
        problems += [f"{f} is not {e}. {r}".strip() for f, e, r in _unknown(change, ids)]
        if change.rule is not None:  # a later change may switch it off again
            ids["rules"] = {**ids["rules"], change.rule.rule: change.rule}
    if problems:
        shown = problems[:5] + ([f"and {len(problems) - 5} more"] if len(problems) > 5 else [])
        raise ScenarioError("the scenario does not fit the case: " + "; ".join(shown))
    overlay = Overlay(scenario.names)
    for change in scenario.changes:
        _lay_one(change, case, overlay)
    return overlay


def _lay_one(change: Change, case: Case, overlay: Overlay) -> None:
    if change.kind == "add":
        overlay.projects.update(change.names)
    elif change.kind == "without":
        for rule in case.rules.values():
            if (rule.rule if change.selector == "rule" else rule.kind) in change.names:
                overlay.rules_off[rule.rule] = str(change)
        overlay.rules = [r for r in overlay.rules if (r.rule if change.selector == "rule" else r.kind) not in change.names]
    elif change.kind == "with" and change.rule is not None:
        overlay.rules.append(change.rule)
    elif change.kind == "set":
        overlay.values[(change.table, change.names[0], change.column)] = change.value
    else:
        chosen = _chosen(change, case)
        if change.kind == "close":
            share, days = (f for _, f in change.factors)
            left = 1 - share * days / DAYS
            shut = left == 0 and change.selector in ("place", "country")
            for table, name in chosen:
                # What a shut place offers stays on offer: that it cannot move is part of the answer.
                if not (shut and table == "supplies"):
                    _bring_down(overlay, case, table, name, left, str(change))
            if shut:
                for place in case.places.values():
                    if (place.place if change.selector == "place" else place.country) in change.names:
                        overlay.closed_places[place.place] = str(change)
        else:
            touched = False
            for what, factor in change.factors:
                for table, name in chosen:
                    if table in FACTORS[what]:
                        key = (table, name, what)
                        overlay.factors[key] = overlay.factors.get(key, 1.0) * factor
                        touched = True
                        if what == "capacity" and table in ("links", "transfers") and getattr(case, table)[name].capacity is None:
                            overlay.notes.append(f"{name} has no known limit, so scaling its capacity changes nothing")
            if not touched:
                overlay.notes.append(f"'{change}' touches nothing: no such figure on what it selects")


def _bring_down(overlay: Overlay, case: Case, table: str, name: str, left: float, why: str) -> None:
    key = (table, name, CLOSED[table])
    overlay.factors[key] = overlay.factors.get(key, 1.0) * left
    if left == 0:
        overlay.closed_by[(table, name)] = why
    elif table in ("links", "transfers") and getattr(case, table)[name].capacity is None:
        overlay.notes.append(f"{name} has no known limit, so closing a part of it changes nothing")


def _chosen(change: Change, case: Case) -> list[tuple[str, str]]:
    """(table, id) of everything a close or scale touches, in order."""
    names, selector = change.names, change.selector
    if selector in TABLE_OF:
        table = TABLE_OF[selector]
        return [(table, n) for n in (sorted(getattr(case, table)) if "*" in names else names)]
    found: list[tuple[str, str]] = []
    for link in case.links.values():
        hit = {
            "place": link.from_ in names or link.to in names,
            "country": any(c in names for c in link.countries),
            "mode": link.mode in names,
            "operator": link.operator in names,
        }[selector]
        if hit:
            found.append(("links", link.link))
    if selector == "mode":
        return found
    if selector == "operator":
        for table in ("transfers", "plants", "fleets"):
            found += [(table, n) for n, r in getattr(case, table).items() if r.operator in names]
        return found

    def inside(place: str) -> bool:
        return (place if selector == "place" else case.places[place].country) in names

    for table in ("transfers", "plants", "supplies"):
        found += [(table, n) for n, r in getattr(case, table).items() if inside(r.place)]
    found += [("demands", n) for n, r in case.demands.items() if change.kind == "scale" and all(inside(p) for p in r.places)]
    return found
