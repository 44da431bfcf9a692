"""Road networks in TNTP, the format of TransportationNetworks: links with BPR delays, a trip table, node coordinates.

Time of a link with v vehicles: free flow time x (1 + b x (v / capacity) ^ power); cost: that, plus weights times toll and length.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from keruen.errors import UsageError, did_you_mean, quote
from keruen.files.roads import KM, Floats, Ints, Roads, known_length

__all__ = ["nodes_beside", "read_tntp_network", "trips_beside"]

_TAG = re.compile(r"<\s*([^>]+?)\s*>\s*(.*)")
_TRIP = re.compile(r"([^\s:;]+)\s*:\s*([^\s:;]+)\s*(?:;|$)")
_LOOSE = re.compile(r"(\d+)\s+(\d+)\s+([^\s:;]+)\s*;?")
_LENGTH = re.compile(r"\blength\s*\(\s*([A-Za-z]+)\s*\)", re.IGNORECASE)
_NET = re.compile(r"(.*?)(_?)net(\.tntp(?:\.gz)?)", re.IGNORECASE)
_COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "link_type")
_NEEDED = 7
_MOST = 1_000_000  # nodes or links; the largest network of the site has 75,379 links
SITE = "https://github.com/bstabler/TransportationNetworks"


class _File:
    """Lines and tags of a file, and errors that say where."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            try:
                hint = did_you_mean(path.name, (x.name for x in path.parent.iterdir()))
            except OSError:
                hint = ""
            raise UsageError(f"{path}: found no file that can be read ({error.strerror or error}); expected {what}. {hint}".strip()) from None
        try:
            self.lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig").splitlines()
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise UsageError(f"{path.name}: found {error}; expected plain text, or text packed with gzip") from None
        self.tags: dict[str, tuple[int, str]] = {}
        self.begin = 0

    def wrong(self, line: int | None, found: str, expected: str) -> UsageError:
        return UsageError(f"{self.path.name}{f', line {line}' if line else ''}: found {found}; expected {expected}")

    def read_tags(self) -> None:
        for number, text in enumerate(self.lines, start=1):
            if match := _TAG.match(text.strip()):
                if match[1].upper() == "END OF METADATA":
                    self.begin = number
                    return
                self.tags[" ".join(match[1].upper().split())] = number, match[2].strip()
        raise self.wrong(None, "no <END OF METADATA>", "the head of a TNTP file")

    def size(self, name: str, default: int | None = None) -> int:
        if name not in self.tags:
            if default is None:
                raise self.wrong(None, f"no <{name}>", "it in the head of the file")
            return default
        line, text = self.tags[name]
        return self.whole(line, text.split()[0] if text.split() else "", name.lower(), 0, _MOST)

    def whole(self, line: int, word: str, what: str, low: int, high: int) -> int:
        try:
            value = int(word)
        except ValueError:
            raise self.wrong(line, quote(word), f"a whole number for the {what}") from None
        if not low <= value <= high:
            raise self.wrong(line, f"{what} {value}", f"one from {low} to {high}")
        return value

    def number(self, line: int, word: str, what: str, low: float | None = None) -> float:
        try:
            value = float(word)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise self.wrong(line, quote(word), f"a number for the {what}")
        if low is not None and value < low:
            raise self.wrong(line, f"{what} {word}", f"{low:g} or more")
        return value

    def rows(self) -> Iterator[tuple[int, str]]:
        """(number, text) of the lines below the head that are no comment."""
        for number, text in enumerate(self.lines[self.begin :], start=self.begin + 1):
            body = text.split("~")[0].strip()
            if body:
                yield number, body


def trips_beside(net: Path) -> Path | None:
    """``X_trips.tntp`` beside ``X_net.tntp``, packed or not, if it is there."""
    return _beside(net, ("trips",))


def nodes_beside(net: Path) -> Path | None:
    """``X_node.tntp`` or ``X_nodes.tntp`` beside ``X_net.tntp``, if it is there."""
    return _beside(net, ("node", "nodes"))


def _beside(net: Path, words: tuple[str, ...]) -> Path | None:
    match = _NET.fullmatch(net.name)
    if not match or not net.parent.is_dir():
        return None
    wanted = {f"{match[1]}{match[2]}{word}.tntp{packed}".lower() for word in words for packed in ("", ".gz")}
    return next((p for p in sorted(net.parent.iterdir()) if p.name.lower() in wanted), None)


def read_tntp_network(
    net: Path, trips: Path | None = None, nodes: Path | None = None, *, toll_weight: float = 0.0, distance_weight: float = 0.0,
    length_unit: str = "", year: int = 2023,
) -> Roads:  # fmt: skip
    """A network, its trips and, if there are any, its coordinates; files not named are looked for beside the network.

    toll_weight: minutes for a unit of toll; distance_weight: minutes for a unit of length, both of the file's units.
    length_unit: km, mile, m or ft; without it what the head of the file says, else km. Raises UsageError with file and line.
    """
    for weight, option in ((toll_weight, "--toll-weight"), (distance_weight, "--distance-weight")):
        if not np.isfinite(weight) or weight < 0:
            raise UsageError(f"{option}: found {weight:g}; expected a number of minutes, 0 or more")
    f = _File(net, "a TNTP network, X_net.tntp")
    f.read_tags()
    if "NUMBER OF LINKS" not in f.tags and "NUMBER OF ZONES" in f.tags:
        raise f.wrong(None, "a trip table", "the network, X_net.tntp; give the trips by --trips")
    trips = trips or trips_beside(net)
    if trips is None:
        name = _NET.sub(r"\1\2trips.tntp", net.name) if _NET.fullmatch(net.name) else "X_trips.tntp"
        raise UsageError(f"{net.name}: found no trips beside it; expected {name}. Give the file by --trips FILE.")
    nodes = nodes or nodes_beside(net)
    n = f.size("NUMBER OF NODES")
    table, lines, types = _links(f, n, f.size("NUMBER OF LINKS"))
    first = f.size("FIRST THRU NODE", 1)
    notes = [f"{net.name}: {n:,} nodes, {len(table):,} links; trips of {trips.name}" + (f"; coordinates of {nodes.name}" if nodes else "")]
    closed = np.arange(n) < first - 1
    if closed.any():
        notes.append(f"nodes below {first} may not be passed through: each is a place that is arrived at, and one ending in '-out' that trips leave from")
    origin, goal, much = _trips(_File(trips, "a TNTP trip table, X_trips.tntp"), n)
    capacity, length, free, b, power, toll = (table[:, i] for i in (2, 3, 4, 5, 6, 8))
    flat = power == 0  # then the waiting is there without load, too
    delay = np.where(flat, 0.0, b * free)
    bad = np.nonzero((delay > 0) & (capacity <= 0))[0]
    if len(bad):
        raise f.wrong(lines[bad[0]], f"a capacity of {capacity[bad[0]]:g} with B {b[bad[0]]:g}", "one above 0, for the waiting divides by it")
    if flat.any() and (b[flat] * free[flat]).any():
        notes.append(f"{int((flat & (b * free > 0)).sum()):,} link(s) have B and a power of 0: their waiting does not depend on the load and is in hours")
    km, unit = _kilometres(f, length, length_unit)
    if not unit:
        notes.append("the file does not say in which unit lengths are: taken as km (--length-unit says otherwise)")
    at = _coordinates(_File(nodes, "a TNTP node file"), n, table) if nodes else None
    digits, wide = len(str(n)), len(str(len(table)))
    name = _NET.sub(r"\1", net.name).rstrip("_") or net.stem
    says = "If it is from elsewhere, correct publisher and url. Data sets there are for academic research."
    base = {"publisher": "Transportation Networks for Research", "url": SITE, "kind": "sourced", "note": says}
    title = net.name + (f" and {nodes.name}" if nodes else "")
    sources = ({"source": "network", "title": title, **base}, {"source": "trips", "title": trips.name, **base})
    return Roads(
        name, tuple(f"n{i:0{digits}}" for i in range(1, n + 1)), tuple(f"node {i}" for i in range(1, n + 1)), at, closed,
        tuple(f"l{i:0{wide}}" for i in range(1, len(table) + 1)), table[:, 0].astype(np.int64) - 1, table[:, 1].astype(np.int64) - 1,
        np.zeros(len(table), bool), np.where(flat, free * (1 + b), free), toll_weight * toll + distance_weight * length, km, delay, power, capacity,
        np.full(len(table), np.nan), tuple(types), origin, goal, much, sources, year=year, notes=tuple(notes),
    )  # fmt: skip


def _links(f: _File, n: int, m: int) -> tuple[Floats, list[int], list[str]]:
    """(m, 10) numbers in the order of the format, the line of each, and what else the file says of it."""
    if m > len(f.lines):
        raise f.wrong(None, f"{len(f.lines):,} lines in all", f"{m:,} links, as its head says")
    order = _order(f)
    table = np.zeros((m, len(_COLUMNS)))
    lines: list[int] = []
    notes: list[str] = []
    for number, body in f.rows():
        words = body.replace(";", " ").split()
        if not words:
            continue
        i = len(lines)
        if i == m:
            raise f.wrong(number, quote(body), f"the end of the file after {m:,} links, as its head says")
        if len(words) < _NEEDED:
            raise f.wrong(number, f"{len(words)} entries", f"at least {_NEEDED} for a link: {', '.join(_COLUMNS[:_NEEDED])}")
        for j, name in enumerate(_COLUMNS):
            at = order[j]
            if at >= len(words):
                continue
            what = name.replace("_", " ")
            if j < 2:
                table[i, j] = f.whole(number, words[at], what, 1, n)
            elif name != "link_type":
                table[i, j] = f.number(number, words[at], what, None if name in ("toll", "speed") else 0.0)
        said = [(w, words[order[j]]) for j, w in ((7, "speed"), (8, "toll"), (9, "type")) if order[j] < len(words)]
        notes.append("; ".join(f"{w} {v}" for w, v in said if v not in ("0", "0.0")))
        lines.append(number)
    if len(lines) < m:
        raise f.wrong(None, f"{len(lines):,} links", f"{m:,}, as its head says")
    return table, lines, notes


def _order(f: _File) -> list[int]:
    """Where each column stands: as a comment below the head names them, else in the usual order."""
    for text in f.lines[f.begin :]:
        words = [w.lower() for w in text.strip().lstrip("~").replace(";", " ").split()]
        if text.strip().startswith("~") and set(_COLUMNS[:_NEEDED]) <= set(words):
            return [words.index(c) if c in words else len(words) for c in _COLUMNS]
        if text.strip() and not text.strip().startswith("~"):
            break
    return list(range(len(_COLUMNS)))


def _trips(f: _File, n: int) -> tuple[Ints, Ints, Floats]:
    """Origins, destinations and trips of a trip table."""
    f.read_tags()
    zones = min(f.size("NUMBER OF ZONES", n), n)
    origin: list[int] = []
    goal: list[int] = []
    much: list[float] = []
    at = 0
    for number, body in f.rows():
        if body.lower().startswith("origin"):
            at = f.whole(number, [*body.split(), ""][1], "origin", 1, zones)
            continue
        pairs = _TRIP.findall(body)
        if loose := _LOOSE.fullmatch(body):  # three plain columns, as some files have
            at, pairs = f.whole(number, loose[1], "origin", 1, zones), [(loose[2], loose[3])]
        elif not at or not pairs or _TRIP.sub("", body).strip():
            raise f.wrong(number, quote(body), "'Origin ZONE', then 'ZONE : TRIPS ;'")
        for zone, text in pairs:
            origin.append(at - 1)
            goal.append(f.whole(number, zone, "destination", 1, zones) - 1)
            much.append(f.number(number, text, "trips", 0.0))
    return np.array(origin, np.int64), np.array(goal, np.int64), np.array(much, float)


def _kilometres(f: _File, length: Floats, unit: str) -> tuple[Floats, str]:
    """Lengths in km, and the unit they were in; an empty string where nothing says."""
    if unit and not known_length(unit):
        raise UsageError(f"--length-unit: found {quote(unit)}; expected {', '.join(KM)}. {did_you_mean(unit, KM)}".strip())
    match = _LENGTH.search(" ".join(f.lines[: f.begin]))
    word = known_length(unit) or (known_length(match[1]) if match else "")
    return length * KM[word or "km"], word


def _coordinates(f: _File, n: int, table: Floats) -> Floats:
    """(n, 2) coordinates; every node with a link must have them."""
    at = np.full((n, 2), np.nan)
    for number, body in f.rows():
        words = re.split(r"[\s,;]+", body.strip(" \t;"))
        if number <= 2 and not re.fullmatch(r"\d+", words[0]):  # the header, which not every file has
            continue
        if len(words) < 3:
            raise f.wrong(number, quote(body), "a node and its two coordinates")
        node = f.whole(number, words[0], "node", 1, n)
        at[node - 1] = f.number(number, words[1], "first coordinate"), f.number(number, words[2], "second coordinate")
    used = np.unique(table[:, :2].astype(np.int64)) - 1
    lacking = used[np.isnan(at[used, 0])]
    if len(lacking):
        raise f.wrong(None, f"no coordinates of node {lacking[0] + 1}" + (f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""), "those of every node")
    return np.where(np.isnan(at), 0.0, at)
