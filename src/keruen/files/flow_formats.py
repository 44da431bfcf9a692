"""Published formats of network flow problems, read into arrays.

``read_mcf``: the planar and grid families (CommaLab, Pisa). ``read_dimacs``: minimum-cost flow, one
commodity (DIMACS 1991). ``read_dow``: network design of the Canad family. ``read_tntp``: road networks
with trip tables (TransportationNetworks), as flows with fixed costs; ``read_tntp_roads``: the same with
delays that grow with load; ``read_tntp_flow``: link flows published for such a network. Files ending in .gz are unpacked on the way. A file that is not
what it should be raises UsageError with file, line, what was found and what was expected.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keruen.errors import UsageError, did_you_mean, quote

if TYPE_CHECKING:
    from keruen.solve.equilibrium import Assignment
    from keruen.solve.flows import Multiflow

__all__ = ["Design", "PublishedFlow", "read_dimacs", "read_dow", "read_flows", "read_mcf", "read_tntp", "read_tntp_flow", "read_tntp_roads"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]
_TAG = re.compile(r"<\s*([^>]+?)\s*>\s*([^\t~]*)")
_TRIP = re.compile(r"([^\s:;]+)\s*:\s*([^\s:;]+)\s*;?")


@dataclass(frozen=True)
class Design:
    """A network design problem: the flows with every arc open, and what opening each arc costs."""

    flows: Multiflow
    fixed: Floats


@dataclass(frozen=True)
class PublishedFlow:
    """Link flows somebody published. tail, head (places from 0), volume, cost: by row of the file ``name``."""

    name: str
    tail: Ints
    head: Ints
    volume: Floats
    cost: Floats

    def on(self, tail: Ints, head: Ints) -> tuple[Floats, Floats]:
        """(volume, cost) in the order of the arcs with these ends; parallel arcs as they come. Raises UsageError where links differ."""
        here, there = np.lexsort((head, tail)), np.lexsort((self.head, self.tail))
        ours, theirs = (set(zip(t.tolist(), h.tolist(), strict=True)) for t, h in ((tail, head), (self.tail, self.head)))
        if ours != theirs or len(here) != len(there) or (tail[here] != self.tail[there]).any() or (head[here] != self.head[there]).any():
            odd = sorted(ours ^ theirs)
            which = f"link {odd[0][0] + 1} to {odd[0][1] + 1} in only one of them" if odd else "a link that comes more often in one of them"
            raise UsageError(f"{self.name}: found {len(there):,} links, and {which}; expected the {len(here):,} links of the network")
        volume, cost = np.empty(len(here)), np.empty(len(here))
        volume[here], cost[here] = self.volume[there], self.cost[there]
        return volume, cost


def _like(path: Path) -> str:
    """A hint at a file of nearly that name in the same folder, or an empty string."""
    try:
        hint = did_you_mean(path.name, (x.name for x in path.parent.iterdir()))
    except OSError:
        hint = ""
    return f". {hint}" if hint else ""


class _Reader:
    """Lines of a file with their numbers, and errors that say where."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise UsageError(f"{self.path}: found no file that can be read ({error.strerror or error}); expected a network file{_like(self.path)}") from None
        try:
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            self.lines = data.decode("utf-8-sig").splitlines()
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.path.name}: found {error}; expected plain text, or text packed with gzip") from None

    def wrong(self, line: int | None, found: str, expected: str) -> UsageError:
        return UsageError(f"{self.path.name}{f', line {line}' if line else ''}: found {found}; expected {expected}")

    def words(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, words) of the lines that hold any."""
        for number, text in enumerate(self.lines, start=1):
            if words := text.split():
                yield number, words

    def number(self, line: int, word: str, what: str) -> float:
        try:
            value = float(word)
        except ValueError:
            raise self.wrong(line, quote(word), f"a number for the {what}") from None
        if value != value:
            raise self.wrong(line, quote(word), f"a number for the {what}")
        return value

    def whole(self, line: int, word: str, what: str, most: int | None = None) -> int:
        """A whole number, from 1 to ``most`` if that is given, else from 0."""
        try:
            value = int(word)
        except ValueError:
            raise self.wrong(line, quote(word), f"a whole number for the {what}") from None
        if most is not None and not 1 <= value <= most:
            raise self.wrong(line, f"{what} {value}", f"one from 1 to {most}")
        if value < 0:
            raise self.wrong(line, f"{what} {value}", "none below 0")
        return value

    def table(self, rows: Iterator[tuple[int, list[str]]], count: int, names: tuple[str, ...], ends: int, n: int, what: str) -> Floats:
        """``count`` rows of numbers; the first ``ends`` columns name nodes from 1 to n, and come back from 0."""
        out = np.empty((count, len(names)))
        line = 0
        for i in range(count):
            line, words = next(rows, (0, []))
            if not line:
                raise self.wrong(None, f"{i:,} {what} lines", f"{count:,} as its first lines say")
            if len(words) < len(names):
                raise self.wrong(line, f"{len(words)} entries", f"{len(names)} for {'an' if what[0] in 'ae' else 'a'} {what}: {', '.join(names)}")
            for j, name in enumerate(names):
                out[i, j] = self.whole(line, words[j], name, n) - 1 if j < ends else self.number(line, words[j], name)
        return out


def read_mcf(path: str | Path) -> Multiflow:
    """A file of the planar or grid family: nodes, arcs and flows; then from, to, cost, capacity; then from, to, demand."""
    from keruen.solve.flows import Multiflow

    r = _Reader(path)
    rows = r.words()
    sizes: list[int] = []
    while len(sizes) < 3:
        line, words = next(rows, (0, []))
        if not line:
            raise r.wrong(None, f"{len(sizes)} of the three sizes", "the numbers of nodes, arcs and flows")
        sizes += [r.whole(line, w, what) for w, what in zip(words, ("number of nodes", "number of arcs", "number of flows")[len(sizes) :], strict=False)]
    n, m, k = sizes
    arcs = r.table(rows, m, ("from", "to", "cost", "capacity"), 2, n, "arc")
    flows = r.table(rows, k, ("from", "to", "demand"), 2, n, "flow")
    _finished(r, rows)
    return Multiflow(n, arcs[:, 0].astype(int), arcs[:, 1].astype(int), arcs[:, 2], arcs[:, 3], flows[:, 0].astype(int), flows[:, 1].astype(int), flows[:, 2])


def read_dow(path: str | Path) -> Design:
    """A network design file: a name; nodes, arcs, flows; then from, to, cost, capacity, fixed cost, two more; then from, to, demand."""
    from keruen.solve.flows import Multiflow

    r = _Reader(path)
    rows = r.words()
    next(rows, None)
    line, words = next(rows, (0, []))
    if len(words) < 3:
        raise r.wrong(line or None, f"{len(words)} entries", "three sizes after the name: nodes, arcs, flows")
    n, m, k = (r.whole(line, w, what) for w, what in zip(words[:3], ("number of nodes", "number of arcs", "number of flows"), strict=True))
    arcs = r.table(rows, m, ("from", "to", "cost", "capacity", "fixed cost"), 2, n, "arc")
    flows = r.table(rows, k, ("from", "to", "demand"), 2, n, "flow")
    _finished(r, rows)
    flow = Multiflow(n, arcs[:, 0].astype(int), arcs[:, 1].astype(int), arcs[:, 2], arcs[:, 3], flows[:, 0].astype(int), flows[:, 1].astype(int), flows[:, 2])
    return Design(flow, arcs[:, 4])


def _finished(r: _Reader, rows: Iterator[tuple[int, list[str]]]) -> None:
    line, words = next(rows, (0, []))
    if line:
        raise r.wrong(line, quote(" ".join(words)), "the end of the file after the last flow")


def read_dimacs(path: str | Path) -> Multiflow:
    """A DIMACS ``.min`` file: one flow from a vertex before all supplies to one behind all demands.

    The two come after the file's nodes (numbers n and n + 1). Lower bounds other than 0 are refused.
    """
    from keruen.solve.flows import Multiflow

    r = _Reader(path)
    n = m = -1
    supply: dict[int, float] = {}
    arcs: list[tuple[int, int, float, float]] = []
    for line, words in r.words():
        kind = words[0]
        if kind == "c":
            continue
        if kind == "p":
            if len(words) < 4 or words[1] != "min":
                raise r.wrong(line, quote(" ".join(words)), "'p min NODES ARCS'")
            n, m = r.whole(line, words[2], "number of nodes"), r.whole(line, words[3], "number of arcs")
        elif n < 0:
            raise r.wrong(line, quote(" ".join(words)), "the line 'p min NODES ARCS' first")
        elif kind == "n":
            if len(words) < 3:
                raise r.wrong(line, quote(" ".join(words)), "'n NODE SUPPLY'")
            supply[r.whole(line, words[1], "node", n) - 1] = r.number(line, words[2], "supply")
        elif kind == "a":
            if len(words) < 6:
                raise r.wrong(line, quote(" ".join(words)), "'a FROM TO LOW CAPACITY COST'")
            if r.number(line, words[3], "lower bound") != 0:
                raise r.wrong(line, f"lower bound {words[3]}", "0: flows that must run are not supported")
            tail, head = r.whole(line, words[1], "node", n) - 1, r.whole(line, words[2], "node", n) - 1
            arcs.append((tail, head, r.number(line, words[5], "cost"), r.number(line, words[4], "capacity")))
        else:
            raise r.wrong(line, quote(kind), "a line that begins with c, p, n or a")
    if n < 0:
        raise r.wrong(None, "no line 'p min NODES ARCS'", "one before all others")
    if len(arcs) != m:
        raise r.wrong(None, f"{len(arcs):,} arcs", f"{m:,} as its first line says")
    given, taken = sum(q for q in supply.values() if q > 0), -sum(q for q in supply.values() if q < 0)
    if abs(given - taken) > 1e-9 * max(given, taken):
        raise r.wrong(None, f"supplies of {given:g} and demands of {taken:g}", "as much of the one as of the other")
    arcs += [(n, v, 0.0, q) if q > 0 else (v, n + 1, 0.0, -q) for v, q in sorted(supply.items()) if q != 0]
    a = np.array(arcs, float).reshape(-1, 4)
    return Multiflow(n + 2, a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2], a[:, 3], np.array([n]), np.array([n + 1]), np.array([given]))


def read_tntp(net: str | Path, trips: str | Path, *, divide: float = 1.0, through_zones: bool = False) -> Multiflow:
    """A road network and its trip table as flows with fixed costs: cost is the free-flow time.

    divide: demands are divided by this, so that they fit the capacities. Zones below FIRST THRU NODE may be
    begun and ended at but not passed: each gets a second vertex, after the others, that its flows leave from.
    through_zones: let flows pass them all the same, as some published optima do. Trips inside a zone are left out.
    """
    from keruen.solve.flows import Multiflow

    if not divide > 0:
        raise UsageError(f"divide: found {divide:g}; expected a number above 0")
    n, through, arcs = _links(_Reader(net), ("init node", "term node", "capacity", "length", "free flow time"))
    origin, goal, demand = _trips(_Reader(trips), n)
    demand = [x / divide for x in demand]
    tail, head = arcs[:, 0].astype(int), arcs[:, 1].astype(int)
    closed = 0 if through_zones else min(max(through - 1, 0), n)
    # What leaves a zone nobody may pass leaves from its second vertex, which no arc enters.
    tail = np.where(tail < closed, tail + n, tail)
    start = np.array([o + n if o < closed else o for o in origin], int)
    return Multiflow(n + closed, tail, head, arcs[:, 4], arcs[:, 2], start, np.array(goal, int), np.array(demand, float))


def read_tntp_roads(net: str | Path, trips: str | Path, *, toll_weight: float = 0.0, distance_weight: float = 0.0) -> Assignment:
    """A road network and its trip table with delays: free-flow time x (1 + b (load / capacity)^power) on each link.

    toll_weight, distance_weight: time for a unit of toll and of length, as the README of a network states them; both
    are added to time and do not grow. Zones below FIRST THRU NODE are not passed. Trips inside a zone are left out.
    """
    from keruen.solve.delays import Delays
    from keruen.solve.equilibrium import Assignment

    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not 0 <= weight < np.inf:
            raise UsageError(f"{name}: found {weight:g}; expected a number from 0")
    r = _Reader(net)
    n, through, a = _links(r, ("init node", "term node", "capacity", "length", "free flow time", "b", "power", "speed", "toll"))
    origin, goal, demand = _trips(_Reader(trips), n)
    fixed = (toll_weight * a[:, 8] if toll_weight else 0.0) + (distance_weight * a[:, 3] if distance_weight else np.zeros(len(a)))
    try:
        delays = Delays.bpr(a[:, 4], a[:, 5] * a[:, 4], a[:, 2], a[:, 6])
        return Assignment(n, a[:, 0].astype(int), a[:, 1].astype(int), delays, np.array(origin, int), np.array(goal, int), np.array(demand, float), fixed,
                          min(max(through - 1, 0), n), r.path.name)  # fmt: skip
    except UsageError as error:
        raise UsageError(f"{r.path.name}: {error} (by link, the first is 0)") from None


def read_tntp_flow(path: str | Path) -> PublishedFlow:
    """Link flows published for a TNTP network: rows of from, to, volume, cost, with or without a head, colons and semicolons."""
    r = _Reader(path)
    rows: list[tuple[float, ...]] = []
    for line, text in enumerate(r.lines, start=1):
        words = text.split("~")[0].replace(":", " ").replace(";", " ").split()
        if not words or text.lstrip().startswith("<"):
            continue
        if not rows and not words[0][0].isdigit():
            continue  # the names of the columns
        if not 4 <= len(words) <= 5:
            hint = " (this looks like the network itself)" if len(words) > 7 else ""
            raise r.wrong(line, f"{len(words)} entries", f"4 for a link: from, to, volume, cost{hint}")
        ends = [r.whole(line, w, what) for w, what in zip(words[:2], ("from", "to"), strict=True)]
        for end, what in zip(ends, ("from", "to"), strict=True):
            if end < 1:
                raise r.wrong(line, f"{what} {end}", "a node from 1")
        rows.append((ends[0] - 1, ends[1] - 1, r.number(line, words[2], "volume"), r.number(line, words[3], "cost")))
    if not rows:
        raise r.wrong(None, "no link flows", "rows of from, to, volume, cost")
    a = np.array(rows, float)
    return PublishedFlow(r.path.name, a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2], a[:, 3])


def _links(r: _Reader, names: tuple[str, ...]) -> tuple[int, int, Floats]:
    """(nodes, first node that may be passed, links) of a TNTP network."""
    tags, begin = _tags(r)
    n = _size(r, tags, "NUMBER OF NODES")
    m = _size(r, tags, "NUMBER OF LINKS")
    through = _size(r, tags, "FIRST THRU NODE") if "FIRST THRU NODE" in tags else 1
    rows = ((line, words) for line, words in ((i, t.replace(";", " ").split()) for i, t in enumerate(r.lines[begin:], start=begin + 1))
            if words and not words[0].startswith("~"))  # fmt: skip
    arcs = r.table(rows, m, names, 2, n, "link")
    line, words = next(rows, (0, []))
    if line:
        raise r.wrong(line, quote(" ".join(words)), f"the end of the file after {m:,} links")
    return n, through, arcs


def _trips(q: _Reader, n: int) -> tuple[list[int], list[int], list[float]]:
    """(origin, destination, trips) of a TNTP trip table, from 0; trips inside a zone are left out."""
    tags, begin = _tags(q)
    zones = _size(q, tags, "NUMBER OF ZONES")
    origin, goal, demand, at = [], [], [], 0
    for number, text in enumerate(q.lines[begin:], start=begin + 1):
        body = text.split("~")[0].strip()
        if not body:
            continue
        if body.lower().startswith("origin"):
            at = q.whole(number, [*body.split(), ""][1], "origin", min(zones, n))
            continue
        pairs = _TRIP.findall(body)
        if not at or (not pairs and _TRIP.sub("", body).strip()):
            loose = re.fullmatch(r"(\d+)\s+(\d+)\s+(\S+)", body)  # three plain columns, as some files have
            if loose is None:
                raise q.wrong(number, quote(body), "'Origin ZONE', then 'ZONE : TRIPS ;'")
            at, pairs = q.whole(number, loose[1], "origin", min(zones, n)), [(loose[2], loose[3])]
        for zone, much in pairs:
            to, value = q.whole(number, zone, "destination", min(zones, n)), q.number(number, much, "trips")
            if value < 0:
                raise q.wrong(number, f"{value:g} trips", "none below 0")
            if to != at and value > 0:
                origin.append(at - 1)
                goal.append(to - 1)
                demand.append(value)
    return origin, goal, demand


def _tags(r: _Reader) -> tuple[dict[str, tuple[int, str]], int]:
    """The tags at the head of a TNTP file, and the number of lines they take."""
    tags: dict[str, tuple[int, str]] = {}
    for number, text in enumerate(r.lines, start=1):
        if match := _TAG.match(text.strip()):
            if match[1].upper() == "END OF METADATA":
                return tags, number
            tags[match[1].upper()] = (number, match[2].strip())
    raise r.wrong(None, "no <END OF METADATA>", "the head of a TNTP file")


def _size(r: _Reader, tags: dict[str, tuple[int, str]], name: str) -> int:
    if name not in tags:
        raise r.wrong(None, f"no <{name}>", "it in the head of the file")
    line, text = tags[name]
    return r.whole(line, text.split()[0] if text.split() else "", name.lower())


def read_flows(path: str | Path, trips: str | Path | None = None) -> Multiflow:
    """Any of the formats, by its name: .min is DIMACS, .dow Canad with every arc open, .tntp needs its trips; all else is read as planar and grid."""
    name = Path(path).name.removesuffix(".gz").lower()
    if name.endswith(".tntp"):
        if trips is None:
            raise UsageError(f"{Path(path).name}: found a road network; expected its trips as well, in a second file")
        return read_tntp(path, trips)
    if trips is not None:
        raise UsageError(f"{Path(trips).name}: found a second file; only a TNTP network, a file ending in .tntp, needs trips")
    if name.endswith(".min"):
        return read_dimacs(path)
    return read_dow(path).flows if name.endswith(".dow") else read_mcf(path)
