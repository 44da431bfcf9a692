"""A road network with trips -> the sheets of a case. What TNTP and GMNS have in common.

A commodity ``trips`` stands for vehicles: 1 Mt is one vehicle, 1 USD a minute, so that MUSD in an answer are vehicle-minutes.
A node nobody may pass through becomes two places: one that is only arrived at and one that is only left from.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keruen.errors import UsageError
from keruen.files.sheets import Cells, Sheets, number_text
from keruen.reach import great_circle_km

__all__ = ["KM", "LEAVE", "Floats", "Ints", "Roads", "known_length", "roads_sheets"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TRIPS = "trips"
LEAVE = "-out"  # ends the name of the place that the trips of a closed node leave from
KM = {"km": 1.0, "mile": 1.609344, "m": 0.001, "ft": 0.0003048}
_SPELT = {"kilometer": "km", "kilometers": "km", "kilometre": "km", "kilometres": "km", "kms": "km", "miles": "mile", "mi": "mile", "meter": "m",
          "meters": "m", "metre": "m", "metres": "m", "feet": "ft", "foot": "ft"}  # fmt: skip
_SMALL_DEGREES = 0.02  # places without coordinates lie this near to one spot: closer than the check of lengths looks
_NEAR, _SLACK_KM = 0.97, 5.0  # a link this much shorter than the straight line is one the check warns of
_MOST_HOURS = 8760.0
_MOST_KM = 30000.0
_MINUTES_A_DAY = 1440.0


@dataclass(frozen=True)
class Roads:
    """A road network. Arrays by node (n,), by arc (m,), by pair (k,).

    name: what the network is called. at: (n, 2) coordinates, or None. closed: nodes nobody may pass through.
    minutes: time without load; money: the rest of the cost, in minutes too; km: length. delay: minutes on top at ``full`` vehicles,
    0 for none; power: how it rises. capacity: hard limit, NaN for none. note: words by arc.
    sources: rows of sources.csv; the first is that of the network, that named ``trips`` that of the trips.
    """

    name: str
    node: tuple[str, ...]
    called: tuple[str, ...]
    at: Floats | None
    closed: NDArray[np.bool_]
    arc: tuple[str, ...]
    tail: Ints
    head: Ints
    both: NDArray[np.bool_]
    minutes: Floats
    money: Floats
    km: Floats
    delay: Floats
    power: Floats
    full: Floats
    capacity: Floats
    note: tuple[str, ...]
    origin: Ints
    goal: Ints
    trips: Floats
    sources: tuple[Cells, ...]
    country: str = "XX"
    year: int = 2023
    notes: tuple[str, ...] = field(default=())


def known_length(unit: str) -> str:
    """``km``, ``mile``, ``m`` or ``ft`` for a unit of length as people spell it; an empty string where it is none of these."""
    word = unit.strip().lower().rstrip(".")
    word = _SPELT.get(word, word)
    return word if word in KM else ""


def roads_sheets(roads: Roads, *, leave_out: bool = False) -> Sheets:
    """The sheets of a case that the planner solves to the least sum of trips times cost.

    leave_out: leave out trips between nodes with no way between them instead of refusing them. Raises UsageError for these,
    and for figures that no table holds.
    """
    r, notes = roads, list(roads.notes)
    if not len(r.arc) or (r.tail == r.head).all():
        raise UsageError(f"{r.name}: found no link between two nodes; expected at least one.")
    loop = r.tail == r.head
    if loop.any():
        notes.append(f"{int(loop.sum()):,} links that end where they begin are left out: nobody gains by them")
    order = np.nonzero(~loop)[0]
    inside = r.origin == r.goal
    if r.trips[inside].any():
        notes.append(f"{number_text(float(r.trips[inside].sum()))} trips that end in the zone they begin in are left out: they use no link")
    origin, goal, trips = _summed(r.origin[~inside], r.goal[~inside], r.trips[~inside])
    far, lost = _ways(r, order, origin, goal)
    if lost.any():
        pairs = ", ".join(f"{r.called[o]} to {r.called[g]} ({number_text(float(t))} trips)"
                          for o, g, t in zip(origin[lost][:5], goal[lost][:5], trips[lost][:5], strict=True))  # fmt: skip
        count = int(lost.sum())
        if not leave_out:
            raise UsageError(f"{r.name}: found {count:,} pair(s) with trips and no way between them: {pairs}{' and more' if count > 5 else ''}; expected a "
                             "way for each. Correct the network or the trips, or pass --leave-out-unreachable.")  # fmt: skip
        notes.append(f"{count:,} pair(s) with {number_text(float(trips[lost].sum()))} trips have no way between them and are left out: {pairs}")
        origin, goal, trips = origin[~lost], goal[~lost], trips[~lost]
    comes, leaves, back = np.zeros(len(r.node), bool), np.zeros(len(r.node), bool), order[r.both[order]]
    leaves[r.tail[order]] = comes[r.head[order]] = True
    leaves[r.head[back]] = comes[r.tail[back]] = True
    alone = int((~comes & ~leaves).sum())
    if alone:
        notes.append(f"{alone:,} node(s) without a link are left out")
    lon, lat, guessed = _positions(r, notes, comes | leaves)
    start = [name + LEAVE if shut else name for name, shut in zip(r.node, r.closed.tolist(), strict=True)]
    source, asked = r.sources[0]["source"], {r.node[i] for i in np.unique(np.concatenate([origin, goal])).tolist()}
    places: list[Cells] = []
    for i, name in enumerate(r.node):
        here = {name: bool(comes[i]), start[i]: bool(leaves[i])} if r.closed[i] else {name: bool(comes[i] or leaves[i])}
        for place, used in here.items():
            if used:
                places.append({
                    "place": place, "name": r.called[i] + (" (leaving)" if place != name else ""), "country": r.country, "lon": number_text(lon[i]),
                    "lat": number_text(lat[i]), "kind": "city" if name in asked else "waypoint", "source": "guess" if guessed else source,
                    "confidence": "low" if guessed else "medium"})  # fmt: skip
    links, delays = _links(r, order, start, (lon, lat), guessed, notes)
    digits = len(str(len(r.node)))
    word = r.sources[-1]["source"]
    flows = [
        {"consignment": f"t{o + 1:0{digits}}-{g + 1:0{digits}}", "from": start[o], "to": r.node[g], "commodity": TRIPS, "quantity": number_text(t),
         "source": word, "confidence": "medium"}
        for o, g, t in zip(origin.tolist(), goal.tolist(), trips.tolist(), strict=True)
    ]  # fmt: skip
    penalty = 10.0 ** max(3, int(np.ceil(np.log10(max(far, 1.0)))) + 3)
    commodity = {
        "commodity": TRIPS, "name": "vehicle trips", "unit": "Mt", "tonnes_per_unit": "1", "value_usd": "0", "time_usd_per_day": number_text(_MINUTES_A_DAY),
        "unmet_usd": number_text(penalty), "source": "guess", "confidence": "low",
        "note": "1 Mt stands for one vehicle and 1 USD for a minute, so that MUSD in a plan are vehicle-minutes. unmet_usd is far above any way."}  # fmt: skip
    guess = {"source": "guess", "publisher": "keruen", "title": "set by keruen convert", "kind": "estimate",
             "note": "Units, penalty, and positions where there are no coordinates in degrees."}  # fmt: skip
    settings = {"title": f"{r.name}, a road network", "home": r.country, "base_year": r.year, "currency": "USD", "money_year": r.year,
                "first_year": r.year, "last_year": r.year}  # fmt: skip
    tables = {"sources": [*r.sources, guess], "commodities": [commodity], "places": places, "links": links, "consignments": flows, "delays": delays}
    return Sheets(settings, tables, notes=tuple(notes))


def _summed(origin: Ints, goal: Ints, trips: Floats) -> tuple[Ints, Ints, Floats]:
    """Trips of each pair, in order; those of 0 left out."""
    many = int(max([*origin.tolist(), *goal.tolist(), 0])) + 1
    keys, which = np.unique(origin * many + goal, return_inverse=True)
    total = np.bincount(which, trips, len(keys)).astype(float)
    keep = total > 0
    return keys[keep] // many, keys[keep] % many, total[keep]


def _ways(r: Roads, order: Ints, origin: Ints, goal: Ints) -> tuple[float, NDArray[np.bool_]]:
    """Length of the longest of the shortest ways, in cost without load, and which pairs have none."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    n = len(r.node)
    cost = np.maximum(r.minutes + r.money, 0.0)
    back = order[r.both[order]]
    tail = np.concatenate([r.tail[order], r.head[back]])
    head = np.concatenate([r.head[order], r.tail[back]])
    weight = np.concatenate([cost[order], cost[back]])
    tail = np.where(r.closed[tail], tail + n, tail)  # what leaves a closed node leaves from a second vertex
    first = np.lexsort((weight, head, tail))  # of parallel arcs the cheapest; a matrix would add them up
    tail, head, weight = tail[first], head[first], weight[first]
    keep = np.ones(len(tail), bool)
    keep[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    graph = csr_matrix((weight[keep], (tail[keep], head[keep])), shape=(2 * n, 2 * n))
    far, lost = 0.0, np.zeros(len(origin), bool)
    starts, begin = np.unique(origin, return_index=True)
    for i, o in enumerate(starts.tolist()):
        mine = slice(int(begin[i]), int(begin[i + 1]) if i + 1 < len(begin) else len(origin))
        reach = dijkstra(graph, indices=o + n if r.closed[o] else o)[goal[mine]]
        lost[mine] = np.isinf(reach)
        far = max(far, float(reach[np.isfinite(reach)].max(initial=0.0)))
    return far, lost


def _positions(r: Roads, notes: list[str], used: NDArray[np.bool_]) -> tuple[list[float], list[float], bool]:
    """Longitude and latitude of the nodes, and whether they are made up."""
    n = len(r.node)
    if r.at is not None:
        seen = r.at[used] if used.any() else r.at
        if np.all(np.abs(seen[:, 0]) <= 180) and np.all(np.abs(seen[:, 1]) <= 90):
            return np.clip(r.at[:, 0], -180, 180).tolist(), np.clip(r.at[:, 1], -90, 90).tolist(), False
        middle = (seen.max(axis=0) + seen.min(axis=0)) / 2
        width = float(np.hypot(*(seen - middle).T).max()) or 1.0
        notes.append("the coordinates are no degrees: the map is drawn small around 0 N 0 E, in the same shape, and marked a guess")
        small = np.clip((r.at - middle) * (_SMALL_DEGREES / width), -_SMALL_DEGREES, _SMALL_DEGREES).round(9)
        return small[:, 0].tolist(), small[:, 1].tolist(), True
    notes.append("no coordinates are given: the nodes are laid out on a small circle around 0 N 0 E, marked a guess")
    turn = 2 * np.pi * np.arange(n) / max(n, 1)
    return (_SMALL_DEGREES * np.cos(turn)).round(9).tolist(), (_SMALL_DEGREES * np.sin(turn)).round(9).tolist(), True


def _links(r: Roads, order: Ints, start: list[str], at: tuple[list[float], list[float]], guessed: bool, notes: list[str]) -> tuple[list[Cells], list[Cells]]:
    """Rows of links and of delays."""
    (lon, lat), source, longer = at, r.sources[0]["source"], 0
    links: list[Cells] = []
    delays: list[Cells] = []
    for e in order.tolist():
        a, b, name, note = int(r.tail[e]), int(r.head[e]), r.arc[e], r.note[e]
        if r.both[e] and (r.closed[a] or r.closed[b]):
            raise UsageError(f"{r.name}: found the two-way link {name} at a node nobody may pass through; expected two one-way links. Split it.")
        km = float(r.km[e])
        if km > _MOST_KM:
            raise UsageError(f"{r.name}: found a link of {km:,.0f} km, {name}; expected at most {_MOST_KM:,.0f}. Say in which unit lengths are by "
                             f"--length-unit ({', '.join(KM)}).")  # fmt: skip
        straight = 0.0 if guessed else great_circle_km(lon[a], lat[a], lon[b], lat[b])
        if km < _NEAR * straight - _SLACK_KM:
            note = f"{note}; {number_text(km)} km in the file, less than the straight line".removeprefix("; ")
            longer += 1
            km = round(straight, 3)
        hours = float(r.minutes[e]) / 60
        if hours > _MOST_HOURS:
            raise UsageError(f"{r.name}: found {r.minutes[e]:g} minutes on the link {name}; expected at most a year, {_MOST_HOURS * 60:,.0f}.")
        row = {
            "link": name, "from": start[a], "to": r.node[b], "mode": "road", "direction": "both" if r.both[e] else "one_way", "length_km": number_text(km),
            "carries": TRIPS, "cost_usd_per_t": number_text(float(r.money[e])), "hours": number_text(hours) if hours else "", "countries": r.country,
            "status": "operating", "source": source, "confidence": "medium", "note": note}  # fmt: skip
        if not np.isnan(r.capacity[e]):
            row |= {"capacity": number_text(float(r.capacity[e])), "capacity_unit": "Mt/year"}
        links.append(row)
        if r.delay[e] > 0:
            delays.append(_delay(r, e, name, source))
    if longer:
        notes.append(f"{longer:,} link(s) shorter than the straight line between their ends have its length in length_km; their note has the file's")
    return links, delays


def _delay(r: Roads, e: int, name: str, source: str) -> Cells:
    """A row of delays.csv; hours beyond a year are the same curve with less that counts as full."""
    hours, full, power = float(r.delay[e]) / 60, float(r.full[e]), float(r.power[e])
    if hours > _MOST_HOURS:
        full *= (_MOST_HOURS / hours) ** (1 / power)
        hours = _MOST_HOURS
    return {"delay": f"wait-{name}", "of": name, "kind": "bpr", "hours": number_text(hours), "power": number_text(power), "full": number_text(full),
            "source": source, "confidence": "medium"}  # fmt: skip

