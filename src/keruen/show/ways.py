"""The shape of each link on the drawing: smooth, side by side with its neighbours, and the same every time.

Three rules keep several hundred links apart. A mode has its own lane, so that pipe and railway of one corridor run
beside each other over many places. Links of the same pair of places are packed by their widths. Sea links that
share a strait take different lanes through it. A line that goes on in its mode beyond a place passes it smoothly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from keruen.show.projection import Point

__all__ = ["SQUARE", "Leg", "Way", "lay_out"]

LANE = {
    "oil_pipeline": -2.4, "rail": 0.0, "gas_pipeline": 2.4, "road": 4.2,
    "ferry": -3.0, "sea": 0.0, "tanker": 3.0, "air": 0.0,
}  # fmt: skip
BOW = {"ferry": -0.10, "tanker": 0.10, "sea": 0.04, "air": 0.16}  # of the length; a rise to the left going east
PLAIN_BOW = 0.04
FAMILY = {"sea": "water", "tanker": "water", "ferry": "water"}
STRAIGHT_ON = -0.5  # cosine: a link goes on in another one when they meet at more than 120 degrees
GAP = 1.2
AT_ENDS = 0.4  # of its lane: near enough to the dot at every zoom
SEA_LANE = 2.4
MOST_LANES = 3  # to each side; more would leave the water
STEP = 7.0  # between samples
SQUARE = 8.0
KEPT = 4096  # shapes; scenario after scenario draws most links alike

Course = tuple[str, str, str, str, Point, Point]  # link, start, end, mode, and where it starts and ends
Heading = tuple[Point, bool]


@dataclass(frozen=True)
class Leg:
    """What the shape of a link depends on; points are those of the drawing."""

    link: str
    start: str
    end: str
    mode: str
    width: float
    points: tuple[Point, ...]  # start, turning points, end
    idle: bool = False


@dataclass(frozen=True)
class Way:
    """Bezier curves end to end: first point, then (control, control, point) for each."""

    first: Point
    curves: tuple[tuple[Point, Point, Point], ...]

    @cached_property
    def d(self) -> str:
        """The ``d`` of an SVG path."""
        here = (round(self.first[0], 1), round(self.first[1], 1))
        parts = [f"M{number(here[0])} {number(here[1])}c"]
        for curve in self.curves:  # steps from a rounded point, so that errors do not add up
            parts.append(" ".join(f"{number(x - here[0])} {number(y - here[1])}" for x, y in curve))
            here = (round(here[0] + round(curve[2][0] - here[0], 1), 1), round(here[1] + round(curve[2][1] - here[1], 1), 1))
        return parts[0] + " ".join(parts[1:])

    def at(self, curve: int, t: float) -> Point:
        a = self.first if curve == 0 else self.curves[curve - 1][2]
        b, c, d = self.curves[curve]
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        return (
            w[0] * a[0] + w[1] * b[0] + w[2] * c[0] + w[3] * d[0],
            w[0] * a[1] + w[1] * b[1] + w[2] * c[1] + w[3] * d[1],
        )

    @cached_property
    def middle(self) -> Point:
        odd = len(self.curves) % 2
        return self.at(len(self.curves) // 2, 0.5) if odd else self.curves[len(self.curves) // 2 - 1][2]

    def mark(self, part: float) -> tuple[Point, Point]:
        """The point at a part (0 to 1) of the curves, and the direction there."""
        curve = min(int(part * len(self.curves)), len(self.curves) - 1)
        t = part * len(self.curves) - curve
        return self.at(curve, t), _unit(self.at(curve, max(0.0, t - 0.02)), self.at(curve, min(1.0, t + 0.02)))

    @cached_property
    def samples(self) -> tuple[Point, ...]:
        """Points all along it, some ``STEP`` apart."""
        out: list[Point] = []
        last = self.first
        for i, curve in enumerate(self.curves):
            n = max(1, round(math.dist(last, curve[2]) / STEP))
            out += [self.at(i, k / n) for k in range(n)]
            last = curve[2]
        return (*out, last)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its samples, a little outside them."""
        xs, ys = [x for x, _ in self.samples], [y for _, y in self.samples]
        return min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1

    @cached_property
    def squares(self) -> frozenset[tuple[int, int]]:
        """The squares of ``SQUARE`` a side that its samples lie in."""
        return frozenset((int(x // SQUARE), int(y // SQUARE)) for x, y in self.samples)


def number(value: float) -> str:
    """One decimal, no trailing zero, no minus zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _unit(a: Point, b: Point) -> Point:
    length = math.dist(a, b)
    return ((b[0] - a[0]) / length, (b[1] - a[1]) / length) if length > 1e-9 else (1.0, 0.0)


def _side(direction: Point) -> Point:
    """The normal on one and the same side of a corridor, whichever way a link through it was written."""
    x, y = direction
    if x < -1e-6 or (abs(x) <= 1e-6 and y > 0):
        x, y = -x, -y
    return (-y, x)


def _move(point: Point, direction: Point, by: float) -> Point:
    return (point[0] + direction[0] * by, point[1] + direction[1] * by)


def _turned(direction: Point, angle: float) -> Point:
    c, s = math.cos(angle), math.sin(angle)
    return (direction[0] * c - direction[1] * s, direction[0] * s + direction[1] * c)


def _packed(legs: Sequence[Leg]) -> dict[str, float]:
    """Sideways place of each direct link, those of one pair of places packed by their widths."""
    pairs: dict[tuple[str, str], list[Leg]] = {}
    for leg in legs:
        pairs.setdefault((min(leg.start, leg.end), max(leg.start, leg.end)), []).append(leg)
    out: dict[str, float] = {}
    for group in pairs.values():
        group.sort(key=lambda leg: (LANE[leg.mode], leg.link))
        places, edge = [], 0.0
        for leg in group:
            width = max(leg.width, 1.6)
            places.append(edge + width / 2)
            edge += width + GAP
        lanes = [LANE[leg.mode] for leg in group]
        if len(group) > 1 and places[-1] - places[0] < lanes[-1] - lanes[0]:
            places = lanes  # wide enough apart as it is
        shift = sum(lanes) / len(lanes) - sum(places) / len(places)
        for leg, place in zip(group, places, strict=True):
            out[leg.link] = place + shift
    return out


def _heading(name: str, a: Point, b: Point, mates: Sequence[tuple[str, Point]]) -> Heading:
    """Direction in which a link leaves the place at ``a``, and whether another of its kind goes on beyond."""
    out = _unit(a, b)
    best: tuple[float, str, Point] | None = None
    for link, other in mates:
        cosine = out[0] * other[0] + out[1] * other[1]
        if link != name and cosine < STRAIGHT_ON and (best is None or (cosine, link) < best[:2]):
            best = (cosine, link, other)
    if best is None:
        return out, False
    return _unit(best[2], out), True


@lru_cache(maxsize=8)
def _headings(courses: tuple[Course, ...]) -> dict[str, tuple[Heading, Heading]]:
    """How each direct link leaves its two ends: the same whatever the links carry."""
    mates: dict[tuple[str, str], list[tuple[str, Point]]] = {}
    for link, start, end, mode, a, b in courses:
        family = FAMILY.get(mode, mode)
        mates.setdefault((start, family), []).append((link, _unit(a, b)))
        mates.setdefault((end, family), []).append((link, _unit(b, a)))
    out = {}
    for link, start, end, mode, a, b in courses:
        family = FAMILY.get(mode, mode)
        out[link] = _heading(link, a, b, mates[start, family]), _heading(link, b, a, mates[end, family])
    return out


@lru_cache(maxsize=KEPT)
def _direct(mode: str, a: Point, b: Point, leaving: Heading, arriving: Heading, side: float) -> Way:
    length = math.dist(a, b)
    (towards, on_a), (back, on_b) = leaving, arriving
    if (not on_a and not on_b) or mode in BOW:
        east = 1 if b[0] > a[0] or (b[0] == a[0] and b[1] < a[1]) else -1
        angle = -east * math.atan(4 * BOW.get(mode, PLAIN_BOW))
        towards, back = _turned(_unit(a, b), angle), _turned(_unit(b, a), -angle)
    along = _unit(a, b)
    middle = math.copysign(min(abs(side), 0.35 * length + 0.8), side)
    lane = math.copysign(min(abs(LANE[mode]), 0.2 * length), LANE[mode]) * AT_ENDS
    first, last = _move(a, _side(towards), lane), _move(b, _side(back), lane)
    normal = _side(along)
    extra = (middle - lane) * 4 / 3
    reach = length * 0.34
    return Way(
        first,
        ((_move(_move(first, towards, reach), normal, extra), _move(_move(last, back, reach), normal, extra), last),),
    )


@lru_cache(maxsize=KEPT)
def _around(points: tuple[Point, ...], slot: int) -> Way:
    """A smooth line through the turning points (Catmull and Rom 1974, eased), one lane aside from others there."""
    aside = slot * SEA_LANE
    moved = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        moved.append(_move(here, _side(_unit(before, after)), aside))
    moved.append(points[-1])
    curves = []
    for i in range(len(moved) - 1):
        a, b = moved[i], moved[i + 1]
        before, after = moved[max(i - 1, 0)], moved[min(i + 2, len(moved) - 1)]
        reach = math.dist(a, b) * 0.3
        curves.append((_move(a, _unit(before, b), reach), _move(b, _unit(after, a), reach), b))
    return Way(moved[0], tuple(curves))


def _slots(legs: Sequence[Leg]) -> dict[str, int]:
    """A lane for each sea link that no wider one uses in the same strait: 0, 1, -1, 2, -2 ...

    Links that carry nothing share the middle, where the others cover them.
    """
    used: dict[tuple[Point, Point], set[int]] = {}
    out: dict[str, int] = {}
    for leg in sorted(legs, key=lambda leg: (-leg.width, leg.link)):
        steps = [(min(p, q), max(p, q)) for p, q in pairwise(leg.points)]
        taken = set().union(*(used.get(step, set()) for step in steps))
        free = (s for k in range(MOST_LANES + 1) for s in (k, -k) if s not in taken)
        slot = 0 if leg.idle else next(free, 0)
        out[leg.link] = slot
        for step in steps:
            used.setdefault(step, set()).add(slot)
    return out


def lay_out(legs: Sequence[Leg]) -> dict[str, Way]:
    """The shape of every link, by its id."""
    ordered = sorted(legs, key=lambda leg: leg.link)
    direct = [leg for leg in ordered if len(leg.points) == 2]
    around = [leg for leg in ordered if len(leg.points) > 2]
    headings = _headings(tuple((leg.link, leg.start, leg.end, leg.mode, leg.points[0], leg.points[-1]) for leg in direct))
    sides = _packed(direct)
    ways = {leg.link: _direct(leg.mode, leg.points[0], leg.points[-1], *headings[leg.link], sides[leg.link]) for leg in direct}
    slots = _slots(around)
    ways.update({leg.link: _around(leg.points, slots[leg.link]) for leg in around})
    return ways
