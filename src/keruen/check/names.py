"""Checks of words: ids, modes, countries, organisations, operators, codes and cells that must be known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from keruen.check.countries import COUNTRIES, country_remedy
from keruen.check.looked import Looked, attribute
from keruen.columns import Column, Row, columns_of
from keruen.errors import Finding, Names, did_you_mean, quote
from keruen.tables import GAUGES, MODES, TABLES

__all__ = ["MODE_WORDS", "NAME_CHECKS", "check_provenance", "counterpart_problem", "counterparts", "references"]

MOST_PLACES = 12  # of one unknown word that are listed
MOST_HINTS = 200  # unknown words for which a near one is looked for; with more, it is the wrong table
MODE_WORDS = Names([*MODES, *(f"rail-{g}" for g in GAUGES)])
_DIRECTION = re.compile(r":(back|both)$")
_HS = re.compile(r"\d{2}|\d{4}|\d{6}|\d{8}|\d{10}")
_MODE_COLUMNS = {"transfers": ("from_modes", "to_modes"), "supplies": ("modes",), "demands": ("modes",), "plants": ("modes",),
                 "consignments": ("from_modes", "to_modes"), "rules": ("modes",)}  # fmt: skip
_COUNTERPARTS = {"supplies": ("to",), "demands": ("from",), "rules": ("origin", "destination", "transit"), "screenlines": ("origin", "destination")}
_REFERENCES = {table: tuple(c for c in columns_of(row_type) if c.refs) for table, row_type in TABLES.items()}


def references(c: Looked, table: str, row: Row, columns: tuple[Column, ...] = ()) -> Iterator[tuple[Column, str, str]]:
    """(column, word, id) of every id a row names that the case does not have."""
    for spec in columns or _REFERENCES[table]:
        value = getattr(row, attribute(spec.name))
        for word in (value,) if isinstance(value, str) else value:
            stem = _DIRECTION.sub("", word) if ":" in word and "links" in spec.refs else word
            if stem and not any(c.knows(ref, stem) for ref in spec.refs):
                yield spec, word, stem


def check_references(c: Looked) -> Iterator[Finding]:
    """Ids that no row has. A word that is unknown in many cells is one fault, so it gives one finding."""
    where: dict[tuple[tuple[str, ...], str], list[tuple[str, Any, Column, str]]] = {}
    for table, columns in _REFERENCES.items():
        for spec in columns:
            for row in c.rows(table, spec.name):
                for _, word, stem in references(c, table, row, (spec,)):
                    where.setdefault((spec.refs, stem), []).append((table, row, spec, word))
    known = {refs: Names(name for ref in refs for name in c.names[ref]) for refs in {refs for refs, _ in where}}
    order = list(TABLES)
    for i, ((refs, stem), cells) in enumerate(where.items()):
        cells.sort(key=lambda cell: (order.index(cell[0]), cell[1].line))
        table, row, spec, word = cells[0]
        c.unknown.add(stem)
        remedy = _id_remedy(c, stem, refs, known[refs]) if i < MOST_HINTS else f"Correct it, or add it to {refs[0]}."
        yield c.at("unknown-id", table, row, spec.name, quote(word) + _others(c, cells[1:]), "an id of " + " or ".join(refs), remedy)
        for other, again, column, _ in cells[1:]:
            c.spoil(other, again, column.name)


def _id_remedy(c: Looked, stem: str, refs: tuple[str, ...], known: Names) -> str:
    parts = [p for p in re.split(r"[,|/]\s*|\s+", stem) if p]
    if len(parts) > 1 and all(p in known for p in parts):
        return "Part the ids by ;."
    elsewhere = next((t for t in TABLES if t not in refs and stem in c.names[t] and t != "provenance"), "")
    hint = known.hint(stem) or (f"It is an id of {elsewhere}." if elsewhere else "")
    return f"{hint} Otherwise add it to {refs[0]}." if hint else f"Correct it, or add it to {refs[0]}."


def _others(c: Looked, cells: list[tuple[str, Any, Column, str]]) -> str:
    """Where else a word stands: ``, also in links.csv rows 3, 5``."""
    if not cells:
        return ""
    rows: dict[str, list[str]] = {}
    for table, row, _, _ in cells[:MOST_PLACES]:
        rows.setdefault(c.folder.files[table], []).append(str(row.line))
    words = "; ".join(f"{file} row{'s' if len(lines) > 1 else ''} {', '.join(lines)}" for file, lines in rows.items())
    return f", also in {words}" + (f" and {len(cells) - MOST_PLACES} more cells" if len(cells) > MOST_PLACES else "")


def check_modes(c: Looked) -> Iterator[Finding]:
    for table, names in _MODE_COLUMNS.items():
        for name in names:
            for row in c.rows(table, name):
                for word in getattr(row, name):
                    if word not in MODE_WORDS:
                        remedy = MODE_WORDS.hint(word) or "Choose one of these."
                        yield c.at("wrong-mode", table, row, name, quote(word), "one of " + ", ".join(MODE_WORDS), remedy)


def check_countries(c: Looked) -> Iterator[Finding]:
    for table, name in (("places", "country"), ("memberships", "country"), ("links", "countries")):
        for row in c.rows(table, name):
            value = getattr(row, name)
            for code in (value,) if isinstance(value, str) else value:
                remedy = country_remedy(code)
                if remedy:
                    yield c.at("wrong-country", table, row, name, quote(code), "an ISO 3166 code of two letters", remedy)
    for row in c.rows("agreements", "parties"):
        for word in row.parties:
            remedy = country_remedy(word)
            if remedy and len(word) <= 2 and word != "EU":
                expected = "countries by their ISO 3166 code, organisations by their short name"
                yield c.at("wrong-country", "agreements", row, "parties", quote(word), expected, remedy)
    home = c.folder.settings.get("home")
    known = sorted({p.country for p in c.rows("places", "country")})
    if home is not None and home not in known and c.whole("places", "country"):
        yield Finding("wrong-setting", "case.toml", c.folder.setting_rows.get("home"), "home", quote(home), "the country of some place",
                      country_remedy(home) or did_you_mean(home, known) or "Choose one of " + ", ".join(known) + ".")  # fmt: skip


def check_link_countries(c: Looked) -> Iterator[Finding]:
    """A link lies in the countries of both its ends."""
    links = [(row, p) for row in c.rows("links", "countries", "from", "to") for e in (row.from_, row.to) if (p := c.get("places", e, "country"))]
    lacking = [(row, place) for row, place in links if place.country not in row.countries]
    at_place: dict[str, int] = {}
    for _, place in links:
        at_place[place.place] = at_place.get(place.place, 0) + 1
    by_place: dict[str, list[Any]] = {}
    for row, place in lacking:
        by_place.setdefault(place.place, []).append(row)
    said = set()
    for row, place in lacking:
        rows = by_place[place.place]
        if len(rows) > 1 and len(rows) == at_place[place.place]:  # then the place is wrong, not its links
            if place.place not in said:
                said.add(place.place)
                theirs = sorted(set.intersection(*(set(r.countries) for r in rows)))
                remedy = f"Write {' or '.join(theirs)}, or correct the column countries of the links." if theirs else "Correct one of them."
                yield c.at("missing-country", "places", place, "country", f"{quote(place.country)}, where none of its {len(rows)} links lies",
                           "a country of its links", remedy)  # fmt: skip
        elif not c.is_bad("links", row, "countries"):
            end = "from" if place.place == row.from_ else "to"
            yield c.at("missing-country", "links", row, "countries", quote(";".join(row.countries)),
                       f"{place.country} among them, the country of {place.place} ({end})",
                       f"Add {place.country}; closing a country or barring transit reads this column.")  # fmt: skip


def counterpart_problem(c: Looked, table: str, word: str, known: Names) -> str:
    """What to do about a word that should be a place, country or organisation; empty where it is one."""
    if word in known or word in c.unknown:
        return ""
    stem = word.removeprefix("NON-") if table == "rules" else word
    if stem in known or (table == "rules" and stem in COUNTRIES):  # a rule may name states far from any route
        return ""
    if any(c.folder.tables[t].unread for t in ("places", "memberships")):
        return ""
    parts = [p for p in re.split(r"[,/|]\s*|\s+", stem) if p]
    if len(parts) > 1 and all(p in known or p in COUNTRIES for p in parts):
        return "Part them by ;."
    return known.hint(stem) or "Correct it, or add the place, or the organisation to memberships."


def counterparts(c: Looked) -> Names:
    """Words that may stand for a counterpart of a flow."""
    members = [w for m in c.folder.tables["memberships"].rows for w in (m.country, m.organisation)]  # type: ignore[attr-defined]
    return Names([*members, *(p.country for p in c.folder.tables["places"].rows), *c.names["places"]])  # type: ignore[attr-defined]


def check_counterparts(c: Looked) -> Iterator[Finding]:
    known = counterparts(c)
    for table, names in _COUNTERPARTS.items():
        for name in names:
            for row in c.rows(table, name):
                for word in getattr(row, attribute(name)):
                    remedy = counterpart_problem(c, table, word, known)
                    if remedy:
                        yield c.at("unknown-counterpart", table, row, name, quote(word), "a place, a country, or an organisation of memberships", remedy)


def check_operators(c: Looked) -> Iterator[Finding]:
    """A rule about an operator nobody is would never bind."""
    if not all(c.whole(table, "operator") for table in ("links", "transfers")):
        return
    known = Names(row.operator for table in ("links", "transfers") for row in c.rows(table, "operator") if row.operator)
    for row in c.rows("rules", "operators"):
        for word in row.operators:
            if word not in known:
                remedy = known.hint(word) or "Correct it."
                yield c.at("unknown-operator", "rules", row, "operators", quote(word), "an operator of some link or transfer", remedy)


def check_hs(c: Looked) -> Iterator[Finding]:
    for table in ("commodities", "rules"):
        for row in c.rows(table, "hs"):
            for code in row.hs:
                if not _HS.fullmatch(code):
                    lost = re.fullmatch(r"\d{1,9}", code)
                    remedy = f"Write 0{code} if a spreadsheet took the leading zero." if lost else "Write digits only, no dots or spaces."
                    yield c.at("wrong-hs", table, row, "hs", quote(code), "2, 4, 6, 8 or 10 digits of the Harmonized System", remedy)


def check_provenance(c: Looked) -> Iterator[Finding]:
    """Each row of provenance tells of a cell that is there and still says the same."""
    tables = Names(t for t in TABLES if t != "provenance")
    columns = {t: {s.name: s for s in columns_of(TABLES[t])} for t in tables}
    for row in c.rows("provenance", "table"):
        if row.table not in tables:
            yield c.at("unknown-id", "provenance", row, "table", quote(row.table), "a table", tables.hint(row.table) or "Correct it.")
            continue
        if not c.is_bad("provenance", row, "row") and not c.knows(row.table, row.row) and row.row not in c.unknown:
            yield c.at("unknown-id", "provenance", row, "row", quote(row.row), f"an id of {row.table}",
                       c.names[row.table].hint(row.row) or f"Delete the row, or add the id to {row.table}.")  # fmt: skip
        if not c.is_bad("provenance", row, "column") and row.column not in columns[row.table]:
            yield c.at("unknown-id", "provenance", row, "column", quote(row.column), f"a column of {row.table}",
                       did_you_mean(row.column, columns[row.table]) or "Correct it.")  # fmt: skip
        yield from _stale(c, row, columns[row.table])


def _stale(c: Looked, row: Any, columns: dict[str, Column]) -> Iterator[Finding]:
    if c.is_bad("provenance", row, "row", "column", "value", "kind") or row.kind == "rival":
        return
    target = c.get(row.table, row.row, row.column)
    if target is None or columns[row.column].kind not in ("number", "integer"):
        return
    value = getattr(target, attribute(row.column))
    try:
        same = value is not None and abs(float(row.value) - value) <= 1e-9 + 1e-6 * abs(value)
    except ValueError:
        same = False
    if not same:
        there = "an empty cell" if value is None else f"{value:g}"
        yield c.at("stale-provenance", "provenance", row, "value", quote(row.value),
                   f"{there}, as in row {target.line} of {c.folder.files[row.table]}", "Bring the two in line.")  # fmt: skip


NAME_CHECKS = (check_references, check_modes, check_countries, check_link_countries, check_counterparts, check_operators, check_hs)
