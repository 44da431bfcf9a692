"""What lies under the links: sea, land, and faint names of countries and seas."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from keruen.errors import UsageError
from keruen.show.labels import Box, meet, text_width
from keruen.show.projection import Frame, Point
from keruen.show.ways import Way, number

__all__ = ["FaintName", "draw_land", "faint_names", "load_outlines", "safe", "settled"]

SPECK = 12.0  # islands with a smaller box are not drawn
BEYOND = 0.25  # land is drawn this far past the frame, for panning
FINE, COARSE = 0.6, 1.8  # points nearer than this to the one before are left out, at home and elsewhere
AROUND = ((0, 0), (0, -8), (0, 8), (-12, 0), (12, 0))  # a faint name may move this far to be free


@lru_cache(maxsize=8192)
def safe(text: str) -> str:
    """Safe inside an element and inside double quotes; control characters go."""
    if not text.isprintable():
        text = "".join(c for c in text if c in "\n\t" or c >= " ")
    return escape(text, {'"': "&quot;"})


def load_outlines(path: Path | None = None) -> Mapping[str, Any]:
    """The outlines that come with keruen, or those of a file made like them (see ``tools/outlines.py``)."""
    return _shipped() if path is None else _checked(json.loads(path.read_text(encoding="utf-8")), str(path))


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Any]:
    return _checked(json.loads(resources.files("keruen.show").joinpath("outlines.json").read_text("utf-8")), "outlines")


def _checked(outlines: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(outlines, dict) or not isinstance(outlines.get("land"), dict) or not outlines.get("scale"):
        raise UsageError(f"{name} is not a file of outlines: it needs 'land' and 'scale', as tools/outlines.py writes them")
    return outlines


def _clipped(ring: list[Point], box: Box) -> list[Point]:
    """A polygon cut at a box (Sutherland and Hodgman 1974)."""
    for axis, edge, sign in ((0, box[0], 1), (1, box[1], 1), (0, box[2], -1), (1, box[3], -1)):
        out: list[Point] = []
        for a, b in zip(ring[-1:] + ring[:-1], ring, strict=True):
            in_a, in_b = (a[axis] - edge) * sign >= 0, (b[axis] - edge) * sign >= 0
            if in_a != in_b:
                t = (edge - a[axis]) / (b[axis] - a[axis])
                out.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
            if in_b:
                out.append(b)
        ring = out
        if not ring:
            break
    return ring


def _land(rings: Sequence[Sequence[int]], unit: float, frame: Frame, least: float) -> str:
    """Path of a country; points nearer than ``least`` to the one before are left out."""
    dx, dy = frame.width * BEYOND, frame.height * BEYOND
    box = (-dx, -dy, frame.width + dx, frame.height + dy)
    parts = []
    for ring in rings:
        lon = lat = 0
        points = []
        for i in range(0, len(ring), 2):
            lon, lat = lon + ring[i], lat + ring[i + 1]
            points.append(frame(lon / unit, lat / unit))
        slim: list[Point] = []
        for p in _clipped(points, box):
            if not slim or math.dist(p, slim[-1]) >= least:
                slim.append(p)
        xs, ys = [p[0] for p in slim], [p[1] for p in slim]
        if len(slim) < 3 or (max(xs) - min(xs)) * (max(ys) - min(ys)) < SPECK:
            continue
        steps, last = [], (0.0, 0.0)
        for x, y in slim:  # rounded before the difference is taken, so that errors do not add up
            here = (round(x, 1), round(y, 1))
            steps.append(f"{number(here[0] - last[0])} {number(here[1] - last[1])}")
            last = here
        parts.append(f"M{steps[0]}l{' '.join(steps[1:])}z")
    return "".join(parts)


def draw_land(outlines: Mapping[str, Any], frame: Frame, home: str | None) -> str:
    """Sea and countries, the home country last so that its border shows."""
    w, h = frame.width, frame.height
    out = [f'<rect class="kmap-sea" x="{number(-w)}" y="{number(-h)}" width="{number(3 * w)}" height="{number(3 * h)}"/>']
    for code in sorted(outlines["land"], key=lambda c: (c == home, c)):
        d = _land(outlines["land"][code], outlines["scale"], frame, FINE if code == home else COARSE)
        if d:
            extra = " kmap-home" if code == home else ""
            out.append(f'<path class="kmap-land{extra}" data-country="{safe(code)}" d="{d}"/>')
    return "".join(out)


@dataclass(frozen=True, slots=True)
class FaintName:
    """A name in the background, and the box it would like."""

    text: str
    style: str
    at: Point
    box: Box


def faint_names(outlines: Mapping[str, Any], frame: Frame) -> list[FaintName]:
    """Names of the countries and seas that the frame shows."""
    out = []
    for text, lon, lat, kind in outlines.get("labels", ()):
        x, y = frame(lon, lat)
        shown = text.upper() if kind == "country" else text
        half = text_width(shown, 11.5) / 2
        if half < x < frame.width - half and 10 < y < frame.height - 4:
            style = "kmap-name" if kind == "country" else "kmap-water"
            out.append(FaintName(shown, style, (x, y), (x - half, y - 9, x + half, y + 3)))
    return out


def settled(names: Sequence[FaintName], taken: Sequence[Box], lines: Sequence[Way] = ()) -> str:
    """Each name once, in the first of its places where no box and no line lies over it; names without such a place are left out."""
    out: list[str] = []
    done: set[str] = set()
    boxes = list(taken)
    for name in names:
        if name.text in done:
            continue
        left, top, right, bottom = name.box
        around = (left - 12, top - 8, right + 12, bottom + 8)
        near = [box for box in boxes if meet(box, around)]
        near += [(x, y, x, y) for line in lines if meet(line.bounds, around) for x, y in line.samples]
        for dx, dy in AROUND:
            box = (left + dx, top + dy, right + dx, bottom + dy)
            if not any(meet(box, other) for other in near):
                at = f"{number(name.at[0] + dx)} {number(name.at[1] + dy)}"
                out.append(f'<g transform="translate({at})"><text class="kmap-pin {name.style}">{safe(name.text)}</text></g>')
                done.add(name.text)
                boxes.append(box)
                break
    return "".join(out)
