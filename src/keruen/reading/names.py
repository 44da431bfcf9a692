"""Names in a sentence, linked to ids of a case. What could mean two things is left unlinked."""

# ruff: noqa: E501 (lists of words are read more easily on one line)
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from keruen.case import Case
from keruen.reading.wordlists import LANGUAGES, Words, alternation, table
from keruen.tables import Commodity, Link, Membership, Place

__all__ = ["Linker", "Links"]

KINDS = ("place", "country", "organisation", "commodity")
# Names of places that are common words or short names of something else: linked only by names.csv.
_COMMON = frozenset(["van", "shu", "oral", "oasis", "razi", "kars", "keles", "arys", "brest", "lokot", "tobol", "bp", "db", "rai", "primorsk", "market", "suez", "makat", "uzen", "samara"])
_KINDS_OF_PLACE = (
    "offshore field|fields and head station|head station and field|head station|fields|field|oil terminal|oil port|port|terminal|refinery|refineries|rail station|station|"
    "pump station|gas hub|gas processing plant|compressor and storage|compressor|market|marine terminal|international sea port|crude market|border"
)


@dataclass(frozen=True)
class Links:
    """Ids named in a piece of text, each kind in the order of the text."""

    places: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    commodities: tuple[str, ...] = ()


@dataclass
class Linker:
    """Finds names of one case in one language."""

    case: Case
    language: str
    _words: dict[bool, Words] = field(default_factory=dict)

    def __post_init__(self) -> None:
        proper: dict[str, set[str]] = {}
        common: dict[str, set[str]] = {}
        known = self._known()
        for row in table("names"):
            allowed = not row["id"] or row["kind"] == "country" or row["id"] in known[row["kind"]]
            into = common if row["kind"] == "commodity" else proper
            for word in row[self.language].split("|"):
                if word and allowed:
                    into.setdefault(word, set()).add(f"{row['kind']}:{row['id']}")
        listed = {w.rstrip("!*").lower() for row in table("names") for lang in LANGUAGES for w in row[lang].split("|")}
        for word, place in self._places_of_case():
            if word.lower() not in listed:
                proper.setdefault(word, set()).add(f"place:{place}")
        for operator in sorted(known["organisation"]):
            if len(operator) > 2 and operator.lower() not in _COMMON and operator.lower() not in listed:
                proper.setdefault(operator, set()).add(f"organisation:{operator}")
        self._words = {ignore: alternation([(w, m.pop() if len(m) == 1 else "") for w, m in found.items()], ignore)
                       for ignore, found in ((False, proper), (True, common))}  # fmt: skip

    def _known(self) -> dict[str, set[str]]:
        rows = self.case.tables
        operators = {row.operator for row in rows.get("links", ()) if isinstance(row, Link) and row.operator}
        members = {row.organisation for row in rows.get("memberships", ()) if isinstance(row, Membership)} - {"PARTNER"}
        return {"place": {row.place for row in rows["places"] if isinstance(row, Place)}, "organisation": operators | members,
                "commodity": {row.commodity for row in rows["commodities"] if isinstance(row, Commodity)}}  # fmt: skip

    def _places_of_case(self) -> Iterable[tuple[str, str]]:
        """Names and aliases of the places table; a name without the word for its kind as well when no other place has it."""
        found: dict[str, set[str]] = {}
        for row in self.case.tables["places"]:
            if isinstance(row, Place):
                plain = re.sub(r"\s*\(.*?\)", "", row.name)
                bare = re.sub(rf"(?:\s+(?:{_KINDS_OF_PLACE}))+$", "", plain.split(" / ")[0], flags=re.IGNORECASE)
                for word in {row.name, plain, bare, *row.aliases}:
                    if len(word) > 3 and word[0].isupper() and word.lower() not in _COMMON:
                        found.setdefault(word, set()).add(row.place)
        return [(word, places.pop() if len(places) == 1 else "") for word, places in sorted(found.items())]

    def links(self, text: str) -> Links:
        """Every name of a piece of text; the longest one wins where two begin at one letter or overlap."""
        out: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for pattern in self._words.values():
            for found in pattern.pattern.finditer(text):
                meaning, anywhere = pattern.meaning(found)
                kind, _, name = meaning.partition(":")
                if not name or (not anywhere and not text[: found.start()].strip(" \"'“‘«(-–—")):
                    continue
                if name not in out[kind]:
                    out[kind].append(name)
        return Links(*(tuple(out[kind]) for kind in KINDS))
