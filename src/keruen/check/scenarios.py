"""Checks of the scenario files of a case."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keruen.check.looked import Looked
from keruen.check.names import counterpart_problem, counterparts
from keruen.check.rows import rule_problems
from keruen.errors import Finding, Names, quote
from keruen.files.folder import read_toml
from keruen.scenario import check_scenario_file, read_scenario
from keruen.tables import Rule

__all__ = ["check_scenarios"]

_PLAIN = "Name what changes and how: words in quotes, numbers without."
# What Python says of a number where a word should stand, or of a key that is missing.
_PYTHON = re.compile(r"not supported between|str instance|argument|unhashable|object is not|could not convert|must be real|iterable|NoneType|^'\w+'$")
_CONFIDENCE = ("high", "medium", "low")
# What a scenario may name; where one of these could not be read, nothing is said against a name.
_NAMED = {"places": ("place", "country"), "links": ("link", "countries", "mode", "operator"), "transfers": ("transfer", "operator"),
          "plants": ("plant", "operator"), "fleets": ("fleet", "operator"), "supplies": ("supply",), "demands": ("demand",),
          "consignments": ("consignment",), "projects": ("project",), "rules": ("rule", "kind"), "commodities": ("commodity",)}  # fmt: skip


def check_scenarios(c: Looked) -> Iterator[Finding]:
    names_are_good = all(c.whole(table, *columns) for table, columns in _NAMED.items())
    for name, path in c.folder.scenarios.items():
        shown = "scenarios/" + quote(path.name, mark="")
        out: list[Finding] = []
        read = read_toml(path, shown, out) if path.is_file() else None
        if read is None:
            yield from out
            continue
        data, text = read
        if path.read_bytes().startswith(b"\xef\xbb\xbf"):
            yield Finding("hidden-character", shown, 1, "", "U+FEFF, a byte order mark", "TOML from the first byte", "Save it as UTF-8 without BOM.")
            continue
        yield from _head(c, shown, data, text)
        try:
            found = list(check_scenario_file(name, path, _ids(c)) if names_are_good else read_scenario(name, path)[1])
            found += _values(c, name, path, shown) if names_are_good else []
        except (TypeError, ValueError, AttributeError, KeyError) as error:  # a value of a kind no change takes
            found = [Finding("scenario", shown, None, "", quote(error, 200, ""), "changes as docs/case-format.md describes them",
                             "Look for a list or table where a word should stand.")]  # fmt: skip
        for finding in found:
            yield _tidy(finding, shown, text)


def _tidy(finding: Finding, shown: str, text: str) -> Finding:
    """The finding with its line in the file, and a whole sentence for a remedy."""
    remedy = _PLAIN if _PYTHON.search(finding.remedy) else finding.remedy or "Correct it."
    remedy = remedy[0].upper() + remedy[1:] + ("" if remedy[-1] in ".?" else ".")
    row = _word(text, finding.found) or _line(text, finding.column)
    return dataclasses.replace(finding, file=shown, row=row, found=quote(finding.found, 200, ""), remedy=quote(remedy, 400, ""))


def _ids(c: Looked) -> dict[str, dict[str, Any]]:
    return {table: {name: c.get(table, name) for name in c.names[table]} for table in c.names}


def _head(c: Looked, shown: str, data: dict[str, Any], text: str) -> Iterator[Finding]:
    """Source and confidence of a scenario: as in a table."""

    def wrong(code: str, key: str, found: object, expected: str, remedy: str) -> Finding:
        return Finding(code, shown, _line(text, key), key, quote(found), expected, remedy)

    value = data.get("source", [])
    for word in [value] if isinstance(value, str) else value if isinstance(value, list) else [str(value)]:
        if not c.knows("sources", str(word)) and word not in c.unknown:
            yield wrong("unknown-id", "source", word, "an id of sources", f"{c.names['sources'].hint(word)} Otherwise add it to sources.".strip())
    confidence = data.get("confidence", "high")
    if confidence not in _CONFIDENCE:
        yield wrong("wrong-choice", "confidence", confidence, "one of " + ", ".join(_CONFIDENCE), Names(_CONFIDENCE).hint(confidence) or "Choose one of these.")
    year = data.get("year", 2000)
    if not isinstance(year, int) or isinstance(year, bool) or not 1900 <= year <= 2100:
        yield wrong("out-of-bounds", "year", year, "a year from 1900 to 2100", "Correct the year.")
    for key in ("title", "text"):
        if not isinstance(data.get(key, ""), str):
            yield wrong("wrong-setting", key, data[key], "a text", "Put it in quotes.")


def _values(c: Looked, name: str, path: Path, shown: str) -> Iterator[Finding]:
    """Rules and values that a scenario brings along are held to what those of the case are held to."""
    scenario, _ = read_scenario(name, path)
    known = counterparts(c)
    for change in scenario.changes:
        if change.kind in ("close", "scale", "add", "without") and not change.names:
            yield Finding("scenario", shown, None, change.kind, "no name", "what the change is about", f"Name at least one {change.selector}.")
        if isinstance(change.rule, Rule):
            yield from _rule(c, change.rule, shown, known)


def _rule(c: Looked, rule: Rule, shown: str, known: Names) -> Iterator[Finding]:
    for column in ("origin", "destination", "transit"):
        for word in getattr(rule, column):
            remedy = counterpart_problem(c, "rules", word, known)
            if remedy:
                yield Finding("unknown-counterpart", shown, None, column, quote(word), "a place, a country, or an organisation of memberships", remedy)
    for code, column, found, expected, remedy in rule_problems(c, rule):
        yield Finding(code, shown, None, column, found, expected, remedy)


def _word(text: str, found: str) -> int | None:
    """The line of a word found, where it stands in quotes once in the file."""
    if len(found) < 3 or found[0] != "'" or found[-1] != "'":
        return None
    lines = [i for i, line in enumerate(text.split("\n"), 1) if f'"{found[1:-1]}"' in line]
    return lines[0] if len(lines) == 1 else None


def _line(text: str, key: str) -> int | None:
    """The line of a key or of a table of that name, where it stands once in the file."""
    if not key:
        return None
    pattern = re.compile(rf"\s*(?:[\"']?{re.escape(key)}[\"']?\s*=|\[+\s*{re.escape(key)}\s*\]+)")
    found = [i for i, line in enumerate(text.split("\n"), 1) if pattern.match(line)]
    return found[0] if len(found) == 1 else None
