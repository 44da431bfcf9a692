"""A scenario as the query of an address, and as a TOML file; both ways, nothing lost.

The words are those of the command line: ``?year=2023&close=country=RU&scale=link=cpc,capacity=0.5``.
Whatever order they come in, the same question has one address: :meth:`Ask.query`.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from keruen.case import Case
from keruen.columns import columns_of
from keruen.errors import ScenarioError, UsageError, did_you_mean
from keruen.errors import quote as shown
from keruen.scenario import FACTORS, SELECTORS, Change, Scenario, add, close, find_scenario, lay, parse_scenario, scale, set_value, without
from keruen.tables import Rule

__all__ = ["KEYS", "LONGEST", "MOST", "Ask", "ask_of_toml", "behaviours", "read_ask"]

KEYS = ("scenario", "close", "scale", "tax", "set", "add", "off", "without", "with")
SINGLE = ("year", "lasts", "behaviour")
MOST = 200  # changes of one scenario
LONGEST = 16_000  # characters of an address
NEVER = 2100  # the last year that a project's date may be
TAXED = ("link", "place", "country")
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,2})?", re.IGNORECASE)
_WORD = re.compile(r"([a-z_]{1,20})=([^=]{1,400}?)((?:,[a-z_]{1,20}=[0-9.eE+-]{1,40})*)")


def behaviours() -> tuple[str, ...]:
    """The ways to decide that :meth:`keruen.Case.solve` accepts."""
    from keruen import api

    return tuple(getattr(api, "BEHAVIOURS", ("planner",)))


@dataclass(frozen=True, slots=True)
class Ask:
    """What an address asks: a year and changes, as sorted (key, word). It holds for one case, and was checked against it."""

    year: int
    changes: tuple[tuple[str, str], ...] = ()
    lasts: bool = False
    behaviour: str = "planner"

    def query(self) -> str:
        """The address of the question, without ``?``: the same for the same question."""
        words: list[tuple[str, str]] = [("year", str(self.year)), *self.changes]
        words += [("lasts", "1")] if self.lasts else []
        words += [("behaviour", self.behaviour)] if self.behaviour != "planner" else []
        return urlencode(words, quote_via=quote, safe="=,;:/")

    def scenario(self, case: Case) -> Scenario:
        """The changes. Raises UsageError or ScenarioError for what the case does not have."""
        found = Scenario()
        for key, word in self.changes:
            found = found + _READERS[key](word, case)
        return found.while_it_lasts() if self.lasts else found

    def toml(self, case: Case) -> str:
        """A file that ``keruen solve --scenario FILE --year YEAR`` reads; named scenarios are written out in full."""
        scenario = self.scenario(case)
        title = " + ".join(scenario.names) or "base"
        lines = [f"title = {_toml(title[:300])}", f"year = {self.year}"]
        for change in _settled(scenario.changes, case):
            lines += ["", f"[[{change.kind}]]", *(f"{k} = {_toml(v)}" for k, v in _entry(change).items())]
        return "\n".join(lines) + "\n"


def read_ask(query: str | Iterable[tuple[str, str]], case: Case) -> Ask:
    """The question of an address. Raises UsageError or ScenarioError that says what is wrong with it and what is known."""
    if isinstance(query, str):
        if len(query) > LONGEST:
            raise UsageError(f"the address has {len(query):,} characters; at most {LONGEST:,} can be read")
        try:
            query = parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="strict", max_num_fields=MOST + len(SINGLE))
        except ValueError as error:
            raise UsageError(f"the address cannot be read: {error}; at most {MOST} changes, in UTF-8") from None
    year, lasts, behaviour, changes, seen = case.base_year, False, "planner", [], set()
    for key, value in query:
        if key in SINGLE:
            if key in seen:
                raise UsageError(f"'{key}' is given twice; once is enough")
            seen.add(key)
        if key == "year":
            if not re.fullmatch(r"[0-9]{4}", value) or not case.first_year <= int(value) <= case.last_year:
                raise UsageError(f"year takes one year from {case.first_year} to {case.last_year}; got {shown(value)}")
            year = int(value)
        elif key == "lasts":
            if value not in ("0", "1"):
                raise UsageError(f"lasts takes 0 or 1; got {shown(value)}")
            lasts = value == "1"
        elif key == "behaviour":
            if value not in behaviours():
                raise UsageError(f"behaviour {shown(value)} is not known; choose {' or '.join(behaviours())}")
            behaviour = value
        elif key in KEYS:
            changes.append((key, value.strip()))
        else:
            raise UsageError(f"{shown(key)} is nothing that an address may say. {did_you_mean(key, KEYS + SINGLE)} "
                             f"Known are {', '.join(SINGLE + KEYS)}.".replace("  ", " "))  # fmt: skip
    if len(changes) > MOST:
        raise UsageError(f"{len(changes)} changes; at most {MOST} can be laid over a case at once")
    ask = Ask(year, tuple(sorted(dict.fromkeys(changes), key=lambda c: (KEYS.index(c[0]), c[1]))), lasts, behaviour)
    lay(ask.scenario(case), case)
    return ask


def ask_of_toml(text: str, case: Case) -> Ask:
    """The question of a scenario file. Raises ScenarioError with every problem of it."""
    scenario, findings = parse_scenario("file", text, "the file")
    if findings:
        raise ScenarioError("\n".join(str(f) for f in findings[:5]) + (f"\nand {len(findings) - 5} more" if len(findings) > 5 else ""))
    year = tomllib.loads(text).get("year", case.base_year)
    words = [("year", str(year)), *(_word(change) for change in _settled(scenario.changes, case))]
    return read_ask(words, case)


# --- words -> changes --------------------------------------------------------------------------------


def _parts(key: str, word: str, numbers: Sequence[str], example: str) -> tuple[str, list[str], dict[str, float]]:
    """KIND, names and figures of ``KIND=NAME;NAME,figure=1``."""
    match = _WORD.fullmatch(word)
    if not match:
        raise UsageError(f"{key} takes KIND=NAME, such as {example}; got {shown(word)}")
    kind, names, rest = match.groups()
    figures: dict[str, float] = {}
    for part in filter(None, rest.split(",")):
        name, _, value = part.partition("=")
        if name not in numbers:
            raise UsageError(f"{key} takes the figures {', '.join(numbers)}; got {shown(name)}. {did_you_mean(name, numbers)}".strip())
        figures[name] = _figure(f"{key}, {name}", value)
    return kind, [n.strip() for n in names.split(";")], figures


def _figure(what: str, value: str) -> float:
    number = float(value) if _NUMBER.fullmatch(value) else math.inf
    if not math.isfinite(number):
        raise UsageError(f"{what} takes a number of 0 or more, such as 0.5; got {shown(value)}")
    return number


def _selected(key: str, kind: str, known: Sequence[str]) -> None:
    if kind not in known:
        raise UsageError(f"{key} takes one of {', '.join(known)} before the =; got {shown(kind)}. {did_you_mean(kind, known)}".strip())


def _named(word: str, case: Case) -> Scenario:
    # Only scenarios of the case: a path from an address is never opened.
    if word not in case.scenario_files:
        raise ScenarioError(f"there is no scenario {shown(word)} in the case. {did_you_mean(word, case.scenario_files)}".strip())
    return find_scenario(word, case)


def _close(word: str, case: Case) -> Scenario:
    kind, names, figures = _parts("close", word, ("share", "days"), "country=RU")
    _selected("close", kind, SELECTORS)
    given: dict[str, Any] = {**figures, kind: names}
    return close(**given)


def _scale(word: str, case: Case) -> Scenario:
    kind, names, figures = _parts("scale", word, tuple(FACTORS), "link=NAME,capacity=1.5")
    _selected("scale", kind, SELECTORS)
    given: dict[str, Any] = {**figures, kind: names}
    return scale(**given)


def _set(word: str, case: Case) -> Scenario:
    match = re.fullmatch(r"([a-z_]+)/([a-z0-9-]+)/([a-z0-9_]+)=(-?[0-9.eE+-]{1,40})", word)
    if not match:
        raise UsageError(f"set takes TABLE/ROW/COLUMN=NUMBER, such as links/NAME/capacity=10; got {shown(word)}")
    table, row, column, value = match.groups()
    sign = -1.0 if value.startswith("-") else 1.0
    number = sign * _figure("set", value.removeprefix("-"))
    return set_value(table, row, column, int(number) if number.is_integer() and abs(number) < 1e15 else number)


def _off(word: str, case: Case) -> Scenario:
    project = case.projects.get(word)
    if project is None:
        raise ScenarioError(f"there is no project {shown(word)} in the case. {did_you_mean(word, case.projects)}".strip())
    if project.ready_year is not None and project.ready_year <= case.base_year:
        raise UsageError(f"project '{word}' was ready in {project.ready_year}, so the figures of {case.base_year} hold it already; close what it built instead")
    found = set_value("projects", word, "ready_year", NEVER)
    return Scenario((f"without project {word}",), found.changes)


def _without(word: str, case: Case) -> Scenario:
    kind, equals, name = word.partition("=")
    return without(kind=name.split(";")) if equals and kind == "kind" else without(rule=word.split(";"))


def _tax(word: str, case: Case) -> Scenario:
    """A tax on a link, or paid at each entry to a place or country."""
    kind, names, figures = _parts("tax", word, ("usd",), "country=RU,usd=5")
    _selected("tax", kind, TAXED)
    if "usd" not in figures:
        raise UsageError(f"tax takes an amount a t, TEU or 1000 m3, such as country=RU,usd=5; got {shown(word)}")
    known: dict[str, Callable[[], Any]] = {"link": lambda: case.links, "place": lambda: case.places, "country": lambda: sorted(_countries(case))}
    found = Scenario()
    for name in names:
        if name not in known[kind]():
            raise ScenarioError(f"there is no {kind} {shown(name)} in the case. {did_you_mean(name, known[kind]())}".strip())
        if not (links := _entries(kind, name, case)):
            raise UsageError(f"no link of the case enters {kind} '{name}', so there is nothing to tax")
        row = {"rule": f"tax-on-{kind}-{name.lower()}", "title": f"tax on {kind} {name}", "effect": "tax", "kind": "law", "links": links,
               "amount_usd": figures["usd"], "status": "in_force", "source": _guess(case), "confidence": "low"}  # fmt: skip
        changes = _with(json.dumps(row), case).changes
        found = found + Scenario((f"tax {kind} {name} {figures['usd']:g} USD",), changes)
    return found


def _entries(kind: str, name: str, case: Case) -> list[str]:
    """Ways that pay: both of a link, those that lead into a place, those that come from outside into a country."""
    if kind == "link":
        return [f"{name}:both"] if case.links[name].direction == "both" else [name]
    found = []
    for link in case.links.values():
        for way, start, end in ((link.link, link.from_, link.to), (f"{link.link}:back", link.to, link.from_)):
            if way.endswith(":back") and link.direction != "both":
                continue
            if (end == name) if kind == "place" else (name in link.countries and case.places[start].country != name):
                found.append(way)
    return found


def _countries(case: Case) -> set[str]:
    return {p.country for p in case.places.values()} | {c for link in case.links.values() for c in link.countries}


def _guess(case: Case) -> str:
    estimates = [s for s, row in case.sources.items() if row.kind == "estimate"]
    return "guess" if "guess" in estimates else (estimates or list(case.sources))[0]


def _with(word: str, case: Case) -> Scenario:
    try:
        row = json.loads(word)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not all(isinstance(v, (str, int, float)) or _is_list(v) for v in row.values()):
        raise UsageError(f"with takes a rule as a JSON object of texts, numbers and lists of texts; got {shown(word)}")
    text = "[[with]]\n" + "\n".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in sorted(row.items()))
    scenario, findings = parse_scenario(f"with rule {row.get('rule', '')}", text, "the address")
    if findings:
        raise ScenarioError("\n".join(str(f) for f in findings[:5]))
    return scenario


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


_READERS: Mapping[str, Callable[[str, Case], Scenario]] = {
    "scenario": _named, "close": _close, "scale": _scale, "tax": _tax, "set": _set, "add": lambda word, case: add(project=word.split(";")),
    "off": _off, "without": _without, "with": _with,
}  # fmt: skip


# --- changes -> words and TOML -----------------------------------------------------------------------


def _settled(changes: Sequence[Change], case: Case) -> list[Change]:
    """The same in the order of an address: rules that a later change switches off again are left out, so that the order no longer matters."""
    out: list[Change] = []
    for change in changes:
        if change.kind == "without":
            column = "rule" if change.selector == "rule" else "kind"
            out = [c for c in out if c.rule is None or getattr(c.rule, column) not in change.names]
            if change.selector == "rule":
                names = tuple(n for n in change.names if n in case.rules)
                if not names:
                    continue
                change = replace(change, names=names)
        out.append(change)
    return sorted(out, key=lambda c: KEYS.index(c.kind))


def _word(change: Change) -> tuple[str, str]:
    names = ";".join(change.names)
    if change.kind in ("close", "scale"):
        plain = {"share": 1.0, "days": 365.0} if change.kind == "close" else {}
        figures = "".join(f",{n}={_plain(f)}" for n, f in change.factors if plain.get(n) != f)
        return change.kind, f"{change.selector}={names}{figures}"
    if change.kind == "set":
        return "set", f"{change.table}/{names}/{change.column}={_plain(change.value)}"
    if change.kind == "with":
        return "with", json.dumps(_entry(change), ensure_ascii=False, sort_keys=True)
    return change.kind, f"kind={names}" if change.selector == "kind" else names


def _entry(change: Change) -> dict[str, Any]:
    """A change as the keys of its table in a scenario file."""
    names: Any = list(change.names) if len(change.names) > 1 else "".join(change.names)
    if change.kind == "close":
        return {change.selector: names, **{n: f for n, f in change.factors if f != {"share": 1.0, "days": 365.0}[n]}}
    if change.kind == "scale":
        return {change.selector: names, **dict(change.factors)}
    if change.kind == "set":
        return {"table": change.table, "row": names, "column": change.column, "value": change.value}
    if change.kind == "with" and change.rule is not None:
        cells = {c.name: getattr(change.rule, c.name) for c in columns_of(Rule)}
        return {k: _plain_cell(v) for k, v in cells.items() if v not in (None, "", ())}
    return {change.selector: names}


def _plain_cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, (int, float, str)) else value.isoformat()


def _plain(value: Any) -> str:
    return f"{value:.15g}"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        # A JSON string is a basic string of TOML, but for DEL.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
