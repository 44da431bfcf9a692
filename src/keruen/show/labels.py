"""Names beside their places, none over another, at every zoom.

The page enlarges the map and keeps the size of the letters, so more names fit the further one looks in. A name gets
the lowest zoom of ``ZOOMS`` at which it fits and stays free of the others at all higher ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keruen.show.projection import Point

__all__ = ["ZOOMS", "Box", "Label", "Wish", "meet", "place_labels", "text_width"]

ZOOMS = (1, 2, 4, 8)
CROWDED = 7.0  # price above which a name waits for a closer look
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
    """Where a name goes: its box is ``box`` at zoom 1, measured from the point."""

    id: str
    text: str
    zoom: int
    box: Box
    anchor: str
    dx: float
    dy: float


def _spots(wish: Wish) -> list[tuple[float, Box, str, float, float]]:
    """Candidates: price, box around the point, text-anchor, and offset of the baseline."""
    w, h, g = text_width(wish.text, wish.size), wish.size, wish.gap
    up, down = -0.26 * h, 0.74 * h
    out = []
    for price, anchor, dx, dy in (
        (0.0, "start", g, 0.35 * h), (0.6, "end", -g, 0.35 * h),
        (0.4, "middle", 0.0, -g - 0.1 * h), (0.6, "middle", 0.0, g + 0.75 * h),
        (0.8, "start", 0.8 * g, -0.7 * g), (0.8, "start", 0.8 * g, 0.7 * g + 0.6 * h),
        (1.0, "end", -0.8 * g, -0.7 * g), (1.0, "end", -0.8 * g, 0.7 * g + 0.6 * h),
    ):  # fmt: skip
        left = dx if anchor == "start" else dx - w if anchor == "end" else dx - w / 2
        out.append((price, (left, dy - down, left + w, dy - up), anchor, dx, dy))
    return out


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
    ink: Iterable[tuple[Point, float]] = (),
    faint: Sequence[Box] = (),
    first: int = 40,
) -> list[Label]:
    """Labels for as many wishes as fit.

    ``dots`` are circles that no other name may cover, ``ink`` points of lines better left free with their weight,
    ``faint`` boxes of background names. ``first`` is how many names there may be at the lowest zoom.
    """
    cell = 8.0
    drawn: dict[tuple[int, int], float] = {}
    for (x, y), weight in ink:
        key = (int(x // cell), int(y // cell))
        drawn[key] = max(drawn.get(key, 0.0), weight)

    def under(box: Box) -> float:
        columns = range(int(box[0] // cell), int(box[2] // cell) + 1)
        rows = range(int(box[1] // cell), int(box[3] // cell) + 1)
        return sum(drawn.get((c, r), 0.0) for c in columns for r in rows)

    waiting = sorted(wishes, key=lambda wish: (-wish.weight, wish.id))
    placed: list[tuple[Point, Box]] = []
    labels: list[Label] = []
    for zoom in ZOOMS:
        levels = [z for z in ZOOMS if z >= zoom]
        left: list[Wish] = []
        count = 0
        for wish in waiting:
            choices: list[tuple[float, int, Box, str, float, float]] = []
            x0, y0 = wish.at
            far_x, far_y = 330 / zoom, 60 / zoom
            near = [
                (at[0] - x0, at[1] - y0, box) for at, box in placed
                if -far_x < at[0] - x0 < far_x and -far_y < at[1] - y0 < far_y
            ]  # fmt: skip
            left_x, right_x, top_y, low_y = x0 - 170 / zoom, x0 + 170 / zoom, y0 - 30 / zoom, y0 + 30 / zoom
            close = [
                (at, r) for name, at, r in dots
                if left_x < at[0] < right_x and top_y < at[1] < low_y and name != wish.id
            ]  # fmt: skip
            for price, box, anchor, dx, dy in _spots(wish) if zoom > 1 or count < first else ():
                here = _shifted(box, wish.at, 1)
                edge = _shifted(box, wish.at, zoom)
                if edge[0] < 2 or edge[1] < 2 or edge[2] > width * zoom - 2 or edge[3] > height * zoom - 2:
                    continue
                if _covers(box, near, levels):
                    continue
                if any(
                    meet(edge, (at[0] * zoom - r, at[1] * zoom - r, at[0] * zoom + r, at[1] * zoom + r))
                    for at, r in close
                ):
                    continue
                price += under(here) * 0.35 if zoom == 1 else 0.0
                price += 4.0 * sum(meet(here, box) for box in faint) if zoom == 1 else 0.0
                choices.append((price, len(choices), box, anchor, dx, dy))
            if not choices or (zoom == 1 and min(choices)[0] > CROWDED):
                left.append(wish)
                continue
            _, _, box, anchor, dx, dy = min(choices)
            placed.append((wish.at, box))
            labels.append(Label(wish.id, wish.text, zoom, box, anchor, dx, dy))
            count += 1
        waiting = left
    return labels
