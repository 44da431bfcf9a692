"""Names beside their places, none over another, at every zoom.

The page enlarges the map and keeps the size of the letters, so more names fit the further one looks in. A name gets
the lowest zoom of ``ZOOMS`` at which it fits and stays free of the others at all higher ones.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from keruen.show.projection import Point
from keruen.show.ways import SQUARE

__all__ = ["ZOOMS", "Box", "Label", "Wish", "meet", "place_labels", "text_width"]

ZOOMS = (1, 2, 4, 8)
CROWDED = 7.0  # price above which a name waits for a closer look
NAMES_WITHIN, DOTS_WITHIN = (330.0, 60.0), (170.0, 30.0)  # farther than this to the side or up and down nothing meets a name
Box = tuple[float, float, float, float]  # left, top, right, bottom

_NARROW = frozenset("iljtfrI.,:;'|!()[] -")
_WIDE = frozenset("mwMW@%")


def text_width(text: str, size: float) -> float:
    """Width of a line of plain sans-serif, a little on the safe side."""
    units = 0.0
    for letter in text:
        if letter in _NARROW:
            units += 0.36
        elif letter in _WIDE:
            units += 0.92
        elif letter.isupper():
            units += 0.72
        else:
            units += 0.58
    return units * size


@dataclass(frozen=True)
class Wish:
    """A name that wants a spot beside ``at``; heavier ones choose first."""

    id: str
    text: str
    at: Point
    weight: float
    size: float
    gap: float  # from the point to the letters


@dataclass(frozen=True)
class Label:
    """Where a name goes: its box is ``box`` at zoom 1, measured from the point ``at``."""

    id: str
    text: str
    zoom: int
    at: Point
    box: Box
    anchor: str
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place that a name may take: price, box around the point, text-anchor, and offset of the baseline."""

    price: float
    box: Box
    anchor: str
    dx: float
    dy: float


@lru_cache(maxsize=4096)
def _spots(text: str, size: float, gap: float) -> tuple[tuple[_Spot, ...], Box]:
    """Candidates for a name, and a box round all of them."""
    w, h, g = text_width(text, size), size, gap
    up, down = -0.26 * h, 0.74 * h
    out = []
    for price, anchor, dx, dy in (
        (0.0, "start", g, 0.35 * h), (0.6, "end", -g, 0.35 * h),
        (0.4, "middle", 0.0, -g - 0.1 * h), (0.6, "middle", 0.0, g + 0.75 * h),
        (0.8, "start", 0.8 * g, -0.7 * g), (0.8, "start", 0.8 * g, 0.7 * g + 0.6 * h),
        (1.0, "end", -0.8 * g, -0.7 * g), (1.0, "end", -0.8 * g, 0.7 * g + 0.6 * h),
    ):  # fmt: skip
        left = dx if anchor == "start" else dx - w if anchor == "end" else dx - w / 2
        out.append(_Spot(price, (left, dy - down, left + w, dy - up), anchor, dx, dy))
    lefts, tops, rights, lows = zip(*(spot.box for spot in out), strict=True)
    return tuple(out), (min(lefts), min(tops), max(rights), max(lows))


@lru_cache(maxsize=32)
def _near(points: tuple[Point, ...], far_x: float, far_y: float) -> dict[Point, tuple[Point, ...]]:
    """Who lies so near to each of the points, itself included. The points of a case stay where they are in every scenario."""
    ordered = sorted(points)
    xs = [x for x, _ in ordered]
    return {
        (x, y): tuple(p for p in ordered[bisect_left(xs, x - far_x) : bisect_right(xs, x + far_x)] if -far_x < p[0] - x < far_x and -far_y < p[1] - y < far_y)
        for x, y in ordered
    }


def _shifted(box: Box, at: Point, zoom: float) -> Box:
    x, y = at[0] * zoom, at[1] * zoom
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


def meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _covers(box: Box, near: Sequence[tuple[float, float, Box]], levels: Sequence[int]) -> bool:
    """Whether a box meets one of the others, that far off, at any of the zooms."""
    left, top, right, bottom = box
    for dx, dy, (l, t, r, b) in near:
        for z in levels:
            if left - r < dx * z < right - l and top - b < dy * z < bottom - t:
                return True
    return False


def place_labels(
    wishes: Iterable[Wish],
    *,
    width: float,
    height: float,
    dots: Sequence[tuple[str, Point, float]] = (),
    ink: Iterable[tuple[Iterable[tuple[int, int]], float]] = (),
    faint: Sequence[Box] = (),
    first: int = 40,
) -> list[Label]:
    """Labels for as many wishes as fit.

    ``dots`` are circles that no other name may cover, ``ink`` lines better left free, as the squares they run through with a weight,
    ``faint`` boxes of background names. ``first`` is how many names there may be at the lowest zoom.
    """
    waiting = tuple(sorted(wishes, key=lambda wish: (-wish.weight, wish.id)))
    room = _Room(width, height, tuple(dots), tuple(sorted({*(wish.at for wish in waiting), *(at for _, at, _ in dots)})))
    labels, left = _fitted(ZOOMS[0], waiting, (), room, _drawn(ink), faint, first)
    return [*labels, *_closer(left, labels, room)]


@dataclass(frozen=True)
class _Room:
    """Where names go: size of the drawing, circles that no other name may cover, and all points there are."""

    width: float
    height: float
    dots: tuple[tuple[str, Point, float], ...]
    points: tuple[Point, ...]


@lru_cache(maxsize=64)
def _closer(waiting: tuple[Wish, ...], labels: tuple[Label, ...], room: _Room) -> tuple[Label, ...]:
    """What a closer look shows besides. Lines do not matter there, so that many scenarios have the same."""
    found: list[Label] = []
    for zoom in ZOOMS[1:]:
        more, waiting = _fitted(zoom, waiting, (*labels, *found), room)
        found += more
    return tuple(found)


def _fitted(
    zoom: int, waiting: Sequence[Wish], labels: Sequence[Label], room: _Room, drawn: Mapping[int, Mapping[int, float]] | None = None,
    faint: Sequence[Box] = (), first: int | None = None,
) -> tuple[tuple[Label, ...], tuple[Wish, ...]]:  # fmt: skip
    """Labels that fit at a zoom beside those there are, and who still waits. ``drawn``, ``faint`` and ``first`` are for the lowest zoom."""
    levels = [z for z in ZOOMS if z >= zoom]
    names_near, dots_near = (_near(room.points, x / zoom, y / zoom) for x, y in (NAMES_WITHIN, DOTS_WITHIN))
    round_dots: dict[Point, list[tuple[str, float]]] = defaultdict(list)
    for name, at, r in room.dots:
        round_dots[at].append((name, r))
    placed: dict[Point, list[Box]] = defaultdict(list)
    for label in labels:
        placed[label.at].append(label.box)
    found: list[Label] = []
    left: list[Wish] = []
    for wish in waiting:
        if first is not None and len(found) >= first:
            left.append(wish)
            continue
        x0, y0 = wish.at
        spots, outer = _spots(wish.text, wish.size, wish.gap)
        near = [
            item for at in names_near[wish.at] if at in placed for box in placed[at]
            if _covers(outer, (item := (at[0] - x0, at[1] - y0, box),), levels)
        ]  # fmt: skip
        around = _shifted(outer, wish.at, zoom)
        close = [
            circle for at in dots_near[wish.at] if at in round_dots for name, r in round_dots[at] if name != wish.id
            if meet(around, circle := (at[0] * zoom - r, at[1] * zoom - r, at[0] * zoom + r, at[1] * zoom + r))
        ]  # fmt: skip
        behind = [box for box in faint if meet(around, box)]
        best: tuple[float, _Spot] | None = None
        for spot in spots:
            edge = _shifted(spot.box, wish.at, zoom)
            if edge[0] < 2 or edge[1] < 2 or edge[2] > room.width * zoom - 2 or edge[3] > room.height * zoom - 2:
                continue
            if _covers(spot.box, near, levels) or any(meet(edge, circle) for circle in close):
                continue
            price = spot.price
            if drawn is not None:
                price += _under(edge, drawn) * 0.35
                price += 4.0 * sum(meet(edge, box) for box in behind)
            if best is None or price < best[0]:
                best = price, spot
        if best is None or (drawn is not None and best[0] > CROWDED):
            left.append(wish)
            continue
        spot = best[1]
        placed[wish.at].append(spot.box)
        found.append(Label(wish.id, wish.text, zoom, wish.at, spot.box, spot.anchor, spot.dx, spot.dy))
    return tuple(found), tuple(left)


def _drawn(ink: Iterable[tuple[Iterable[tuple[int, int]], float]]) -> dict[int, dict[int, float]]:
    """The heaviest line in each square, by column and row."""
    drawn: dict[int, dict[int, float]] = defaultdict(dict)
    for line, weight in ink:
        for column, row in line:
            rows = drawn[column]
            if weight > rows.get(row, 0.0):
                rows[row] = weight
    return drawn


def _under(box: Box, drawn: Mapping[int, Mapping[int, float]]) -> float:
    """How much is drawn under a box."""
    total, top, low = 0.0, int(box[1] // SQUARE), int(box[3] // SQUARE)
    for column in range(int(box[0] // SQUARE), int(box[2] // SQUARE) + 1):
        rows = drawn.get(column)
        if rows:
            for row in range(top, low + 1):
                total += rows.get(row, 0.0)
    return total
