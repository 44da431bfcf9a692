"""The map: places and links on country outlines, as one SVG that needs nothing else.

The same drawing serves the report, the page and the notebook. What a page may count on:

* ``svg.kmap`` holds ``svg.kmap-view``, the part that pans and zooms by its viewBox, and below it a strip with the
  legend, which stays put. Lines, dots and letters keep their size when the view is enlarged if the page sets the
  CSS variable ``--z`` of ``.kmap-view`` to the zoom, and the class ``z2``, ``z4`` or ``z8`` (with the smaller ones) from
  that zoom on shows the names that did not fit before.
* each link is one ``g[data-link]``, in order of id, with ``data-flow``, a title, a place in the focus order (roving:
  the first has ``tabindex="0"``) and a wide unseen path that takes the pointer.
* what is seen of a link is painted in a layer below, busiest last, as ``[data-paint]``. An SVG has no z-index: the order of
  elements is both the order of painting and that of reading, so the two orders need two layers. Where several links
  lie under the pointer, ``document.elementsFromPoint`` gives them all, and ``data-flow`` says which is the busiest.
* each place is one ``g[data-place]``, each country one ``path[data-country]``.

:func:`draw_parts` gives the same in pieces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keruen.errors import UsageError, did_you_mean
from keruen.show.ground import FaintName, draw_land, faint_names, load_outlines, safe, settled
from keruen.show.labels import Box, Wish, place_labels, text_width
from keruen.show.projection import Frame, Point
from keruen.show.seaways import sea_way
from keruen.show.ways import LANE, Leg, Way, lay_out, number

__all__ = ["FULL", "MODES", "MapLink", "MapParts", "MapPlace", "draw_map", "draw_parts", "fullness", "load_outlines", "round_up"]

HOME_FRAME: tuple[Point, ...] = ((3.0, 52.0), (122.5, 30.5), (30.0, 61.0), (52.0, 27.0), (15.0, 35.0))
WIDEST = 8.0
THINNEST = 0.8
LONGEST = 24  # letters of a label

# Colours for how full a link is: hue from blue to red for most eyes, ever darker for all eyes and for print.
FULL = {
    "idle": ("#a9aca6", "no flow"),
    "free": ("#64788a", "no limit known"),
    "calm": ("#3aa2ba", "under 50 %"),
    "busy": ("#bb8200", "50 to 85 %"),
    "tight": ("#c04a08", "85 to 99.9 %"),
    "full": ("#860a24", "full"),
}
CLOSED, CHANGED, INK = "#3a3e44", "#7a3fa8", "#30343a"
PLANNED = "1 4"  # dots
ARROW = "M-2.2-3.2 2.2 0-2.2 3.2"
POINTED = 1.6  # least width of a line that shows its direction
MODES = {  # dashes in units of the drawing, label
    "oil_pipeline": ("", "oil pipeline"),
    "gas_pipeline": ("2.4 2", "gas pipeline"),
    "rail": ("9 2", "rail"),
    "road": ("4.5 2.5", "road"),
    "sea": ("14 4", "sea"),
    "tanker": ("12 3 2 3", "tanker"),
    "ferry": ("7 3 2 3", "ferry"),
    "air": ("1.2 3.2", "air"),
}
WEIGHT = {
    "city": 3.0, "port": 3.0, "border": 2.4, "refinery": 2.6, "field": 2.4, "market": 2.0, "dry_port": 2.0,
    "terminal": 1.6, "gas_plant": 1.0, "station": 0.6, "pump_station": 0.4, "waypoint": -9.0,
}  # fmt: skip
WATER = ("sea", "tanker", "ferry")
MAKERS = ("field", "refinery", "gas_plant")
Course = tuple[str, str, str, str, tuple[Point, ...]]  # link, from, to, mode, turning points given

STYLE = (
    ".kmap{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif;"
    "background:#fff}"
    ".kmap .kmap-sea{fill:#dce8ee}.kmap .kmap-land{fill:#f1eee5;stroke:#cdc7b8;stroke-width:.7;stroke-linejoin:round}"
    ".kmap .kmap-home{fill:#fffdf7;stroke:#9d9684;stroke-width:1.1}"
    ".kmap path{vector-effect:non-scaling-stroke}"
    ".kmap .kmap-name{fill:#a39c8b;font-size:10px;letter-spacing:.16em;text-anchor:middle}"
    ".kmap .kmap-water{fill:#86a3b3;font-style:italic;font-size:10px;letter-spacing:.06em;text-anchor:middle}"
    ".kmap .kmap-pin{transform:scale(calc(1/var(--z,1)))}"
    ".kmap-paint path{fill:none;stroke-linecap:butt;stroke-linejoin:round}"
    ".kmap .kmap-halo{stroke:#fbf9f2}.kmap .kmap-wake{stroke:#dce8ee}"
    f".kmap .kmap-changed{{stroke:{CHANGED};opacity:.36}}"
    + "".join(f".kmap .kmap-{k}{{stroke:{c}}}" for k, (c, _) in FULL.items())
    + f".kmap .kmap-closed{{stroke:{CLOSED}}}"
    + f".kmap .kmap-planned{{stroke:#6f7378;stroke-linecap:round;stroke-dasharray:{PLANNED}}}"
    + ".kmap .kmap-arrow{fill:none;stroke:#fff;stroke-width:1.5;stroke-linejoin:round}"
    + "".join(f".kmap .m-{m}{{stroke-dasharray:{d}}}" for m, (d, _) in MODES.items() if d)
    + ".kmap .kmap-hit{fill:none;stroke:#111;stroke-opacity:0;pointer-events:stroke;cursor:pointer}"
    ".kmap [data-link]:hover .kmap-hit{stroke-opacity:.16}"
    ".kmap [data-link]:focus{outline:none}.kmap [data-link]:focus-visible .kmap-hit{stroke:#0b3fd0;stroke-opacity:.6}"
    f".kmap circle{{fill:#fff;stroke:{INK};stroke-width:1.1}}.kmap .kmap-maker{{fill:{INK}}}"
    ".kmap .kmap-minor{fill:#8b8d88;stroke:none}"
    f".kmap .kmap-label{{fill:{INK};font-size:10px;paint-order:stroke;stroke:#fff;stroke-opacity:.88;stroke-width:2.6;"
    "stroke-linejoin:round;pointer-events:none}.kmap .kmap-great{font-size:11.5px;font-weight:600}"
    ".kmap .t2,.kmap .t4,.kmap .t8{display:none}"
    ".kmap .z2 .t2,.kmap .z4 .t4,.kmap .z8 .t8{display:inline}"
    f".kmap .kmap-legend{{fill:{INK};font-size:10.5px}}.kmap .kmap-head{{font-weight:600}}.kmap .kmap-note{{fill:#6d6f6c}}"
    ".kmap .kmap-legend path{fill:none}"
)


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A point to draw; the columns of the table ``places``."""

    place: str
    name: str
    country: str
    lon: float
    lat: float
    kind: str


@dataclass(frozen=True, slots=True)
class MapLink:
    """A link to draw. ``flow`` gives the width and counts in million tonnes or what stands for them.

    ``utilisation`` is None where no limit is known. ``title`` is what the pointer and a screen reader tell;
    empty makes one of the other fields. ``via`` are turning points (longitude, latitude); sea, tanker and
    ferry links without any take the lanes of :mod:`keruen.show.seaways`. ``heading`` is the way most of the flow
    goes: forward, back, both, or empty for no arrow. ``planned``: not built in this year.
    """

    link: str
    from_place: str
    to_place: str
    mode: str
    flow: float
    capacity: float | None = None
    utilisation: float | None = None
    unit: str = "Mt"
    title: str = ""
    closed: bool = False
    changed: bool = False
    via: tuple[Point, ...] = ()
    heading: str = ""
    planned: bool = False


@dataclass(frozen=True, slots=True)
class MapParts:
    """A drawing in pieces of SVG: ``land`` and ``names`` below, then ``paint`` (what is seen of the links), ``touch`` (what takes
    pointer and keyboard) and ``pins`` (places). ``view`` is the height of the map, ``legend`` the strip below it."""

    width: int
    height: int
    view: float
    land: str
    names: str
    paint: str
    touch: str
    pins: str
    legend: str


def fullness(link: MapLink) -> str:
    """The key of its colour in ``FULL``, or ``closed`` or ``planned``."""
    if link.closed:
        return "closed"
    if link.planned:
        return "planned"
    if link.flow <= 0:
        return "idle"
    if link.utilisation is None:
        return "free"
    return next((k for k, top in (("calm", 0.5), ("busy", 0.85), ("tight", 0.999)) if link.utilisation < top), "full")


def draw_map(
    places: Iterable[MapPlace],
    links: Iterable[MapLink],
    *,
    outlines: Mapping[str, Any] | None = None,
    width: int = 1200,
    height: int = 760,
    focus: Sequence[str] | None = None,
    home: str | None = "KZ",
    full_width: float | None = None,
    name: str = "Map of places and links",
) -> str:
    """One ``<svg>`` with the legend in it.

    ``focus`` names the places to fit; without it the frame runs from Western Europe to Shanghai, or round all places
    if most of them lie outside that. ``home`` is the country drawn lighter. ``full_width`` is the flow that gets the
    widest line: give the same to two drawings to compare them; without it, it is the largest flow, rounded up.
    """
    p = draw_parts(places, links, outlines=outlines, width=width, height=height, focus=focus, home=home, full_width=full_width)
    tall = number(p.view)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kmap" viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="{safe(name)}"><style>{STYLE}</style>'
        f'<svg class="kmap-view" width="{width}" height="{tall}" viewBox="0 0 {width} {tall}">'
        f'<g aria-hidden="true">{p.land}{p.names}</g>{p.paint}{p.touch}{p.pins}</svg>{p.legend}</svg>'
    )


def draw_parts(
    places: Iterable[MapPlace],
    links: Iterable[MapLink],
    *,
    outlines: Mapping[str, Any] | None = None,
    width: int = 1200,
    height: int = 760,
    focus: Sequence[str] | None = None,
    home: str | None = "KZ",
    full_width: float | None = None,
    legend: bool = True,
    titles: bool = True,
) -> MapParts:
    """The drawing in pieces; see :func:`draw_map`. Without ``titles`` a link tells its ``aria-label``, a place its ``data-told``."""
    spots = _by_id(places, "place", lambda p: p.place)
    ways_in = _by_id(links, "link", lambda k: k.link)
    _refuse(spots, ways_in, focus, width, height)
    top = full_width or round_up(max((k.flow for k in ways_in.values() if not k.closed), default=1.0))
    below, strip = _legend(list(ways_in.values()), width, height, top) if legend else ("", 0)
    courses = tuple((k.link, k.from_place, k.to_place, k.mode, k.via) for k in ways_in.values())
    frame, at, points = _set_out(tuple(spots.values()), courses, tuple(focus or ()), width, height - strip)
    widths = {k.link: _width(k, top) for k in ways_in.values()}
    legs = [Leg(k.link, k.from_place, k.to_place, k.mode, widths[k.link], points[k.link], idle=k.flow <= 0 or k.closed) for k in ways_in.values()]
    shapes = lay_out(legs)
    faint = faint_names(outlines, frame) if outlines else _shipped_names(frame)
    lines = {k: way.d for k, way in shapes.items()}
    pins, covered = _pins(spots, ways_in, at, shapes, widths, frame, [wanted.box for wanted in faint], home, titles)
    return MapParts(
        width, height, frame.height,
        land=draw_land(outlines, frame, home) if outlines else _shipped_land(frame, home),
        names=settled(faint, covered, [shapes[k] for k in ways_in if widths[k] >= 1.6]),
        paint=_painted(ways_in, shapes, lines, widths),
        touch=_touched(ways_in, spots, lines, widths, titles),
        pins=pins,
        legend=below,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _shipped_names(frame: Frame) -> tuple[FaintName, ...]:
    return tuple(faint_names(load_outlines(), frame))


@lru_cache(maxsize=8)
def _shipped_land(frame: Frame, home: str | None) -> str:
    return draw_land(load_outlines(), frame, home)


def _by_id(items: Iterable[Any], what: str, key: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for item in items:
        if key(item) in out:
            raise UsageError(f"the {what} {key(item)!r} is given twice to the map")
        out[key(item)] = item
    return dict(sorted(out.items()))


def _refuse(
    spots: Mapping[str, MapPlace], links: Mapping[str, MapLink], focus: Sequence[str] | None, width: int, height: int
) -> None:
    if width < 300 or height < 240:
        raise UsageError(f"a map of {width} by {height} is too small: at least 300 by 240")
    for who, place in [("focus", p) for p in focus or ()] + [
        (f"link {k.link!r}", p) for k in links.values() for p in (k.from_place, k.to_place)
    ]:
        if place not in spots:
            raise UsageError(f"{who} of the map names an unknown place {place!r}. {did_you_mean(place, spots)}".rstrip())
    for link in links.values():
        if link.mode not in LANE:
            raise UsageError(f"link {link.link!r} has an unknown mode {link.mode!r}. {did_you_mean(link.mode, LANE)}".rstrip())
        if not math.isfinite(link.flow) or link.flow < 0:
            raise UsageError(f"link {link.link!r} has a flow of {link.flow}: it must be 0 or more")


@lru_cache(maxsize=16)
def _set_out(
    places: tuple[MapPlace, ...], courses: tuple[Course, ...], focus: tuple[str, ...], width: int, height: int
) -> tuple[Frame, dict[str, Point], dict[str, tuple[Point, ...]]]:
    """The frame, and where places and links lie in it: the same under every scenario of a case."""
    spots = {p.place: p for p in places}
    frame = _frame(spots, focus, width, height)
    at = {p.place: frame(p.lon, p.lat) for p in places}
    return frame, at, {name: (at[a], *(frame(*spot) for spot in _via(spots[a], spots[b], mode, via)), at[b]) for name, a, b, mode, via in courses}


def _via(a: MapPlace, b: MapPlace, mode: str, via: tuple[Point, ...]) -> tuple[Point, ...]:
    return via if via or mode not in WATER else sea_way(a.lon, a.lat, b.lon, b.lat)


def _frame(spots: Mapping[str, MapPlace], focus: Sequence[str], width: int, height: int) -> Frame:
    if focus:
        return Frame.fit([(spots[p].lon, spots[p].lat) for p in focus], width, height, pad=0.1)
    frame = Frame.fit(HOME_FRAME, width, height, pad=0.015)
    seen = sum(frame.holds(frame(p.lon, p.lat)) for p in spots.values())
    if seen * 2 >= len(spots):
        return frame
    return Frame.fit([(p.lon, p.lat) for p in spots.values()], width, height, pad=0.06)


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 ..."""
    if value <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(value))
    return next(step * ten for step in (1, 2, 5, 10) if value <= step * ten * (1 + 1e-9))


def _width(link: MapLink, top: float) -> float:
    if link.closed or link.flow <= 0:
        return THINNEST
    return max(THINNEST, round(WIDEST * math.sqrt(min(link.flow / top, 1.0)), 1))


def _painted(links: Mapping[str, MapLink], shapes: Mapping[str, Way], lines: Mapping[str, str], widths: Mapping[str, float]) -> str:
    """What is seen of the links, busiest last; not for the pointer or the reader."""
    changed = [
        f'<path stroke-width="{number(widths[k] + 5)}" d="{lines[k]}"/>' for k, link in links.items() if link.changed
    ]
    out = ['<g class="kmap-paint" aria-hidden="true" pointer-events="none">', '<g class="kmap-changed">', *changed, "</g>"]
    marks = []
    for link in sorted(links.values(), key=lambda k: (k.closed, k.flow, k.link)):
        d, w, colour = lines[link.link], widths[link.link], fullness(link)
        if w >= 1.6:  # a rim that keeps crossing lines apart
            rim = "wake" if link.mode in WATER else "halo"
            out.append(f'<path class="kmap-{rim}" stroke-width="{number(w + 1.8)}" d="{d}"/>')
        width = 0.9 if link.closed else 1.6 if link.planned else w
        out.append(
            f'<path class="kmap-{colour}{"" if link.planned else f" m-{link.mode}"}" stroke-width="{number(width)}" data-paint="{safe(link.link)}" d="{d}"/>'
        )
        if link.heading and w >= POINTED and not link.closed:
            marks.append(_arrow(shapes[link.link], link.heading))
        if link.closed:
            x, y = shapes[link.link].middle
            marks.append(
                f'<g transform="translate({number(x)} {number(y)})"><g class="kmap-pin">'
                '<path class="kmap-halo" stroke-width="4" d="M-3-3 3 3M-3 3 3-3"/>'
                '<path class="kmap-closed" stroke-width="1.6" d="M-3-3 3 3M-3 3 3-3"/></g></g>'
            )
    return "".join([*out, *marks, "</g>"])


def _arrow(way: Way, heading: str) -> str:
    """A chevron on a line, a little off its middle where both ways carry something."""
    out = []
    for back in {"forward": (False,), "back": (True,), "both": (False, True)}[heading]:
        (x, y), (dx, dy) = way.mark(0.5 if heading != "both" else 0.42 if back else 0.58)
        angle = math.degrees(math.atan2(-dy, -dx) if back else math.atan2(dy, dx))
        out.append(
            f'<g transform="translate({number(x)} {number(y)}) rotate({number(angle)})"><g class="kmap-pin">'
            f'<path class="kmap-arrow" d="{ARROW}"/></g></g>'
        )
    return "".join(out)


def _told(link: MapLink, spots: Mapping[str, MapPlace]) -> str:
    """What a link says of itself when the caller gave no title."""
    start = f"{spots[link.from_place].name} - {spots[link.to_place].name}, {MODES[link.mode][1]}: "
    if link.closed:
        return start + "closed"
    if link.planned:
        return start + "planned, not built in this year"
    of = "" if link.capacity is None else f" of {link.capacity:g}"
    share = "" if link.utilisation is None else f" ({link.utilisation:.0%} full)"
    return f"{start}{link.flow:.3g}{of} {link.unit}{share}"


def _touched(
    links: Mapping[str, MapLink], spots: Mapping[str, MapPlace], lines: Mapping[str, str], widths: Mapping[str, float], titles: bool
) -> str:
    """The layer for pointer, keyboard and screen reader, in order of id."""
    out = ['<g class="kmap-links">']
    for i, (name, link) in enumerate(links.items()):
        told = safe(link.title or _told(link, spots))
        out.append(
            f'<g data-link="{safe(name)}" data-flow="{number(link.flow)}" tabindex="{-1 if i else 0}" role="button" '
            f'aria-label="{told}">{f"<title>{told}</title>" if titles else ""}'
            f'<path class="kmap-hit" stroke-width="{number(max(12.0, widths[name] + 4))}" d="{lines[name]}"/></g>'
        )
    return "".join([*out, "</g>"])


@lru_cache(maxsize=2048)
def _short(name: str) -> str:
    """A name without its explanations; a long one ends after a whole word."""
    short = re.split(r"\s*[(/,]", name)[0] or name
    if len(short) <= LONGEST:
        return short
    words = short[:LONGEST].split(" ")[:-1] or [short[:LONGEST]]
    while len(words) > 1 and words[-1] in ("and", "of", "the", "-"):
        words.pop()
    return " ".join(words) + " \u2026"


def _pins(
    spots: Mapping[str, MapPlace],
    links: Mapping[str, MapLink],
    at: Mapping[str, Point],
    shapes: Mapping[str, Way],
    widths: Mapping[str, float],
    frame: Frame,
    faint: Sequence[Box],
    home: str | None,
    titles: bool,
) -> tuple[str, list[Box]]:
    """Dots and names of the places, and the boxes of the names seen without zoom."""
    through = dict.fromkeys(spots, 0.0)
    for link in links.values():
        for place in {link.from_place, link.to_place}:
            through[place] += link.flow
    seen = [p for p in spots.values() if p.kind != "waypoint" and frame.holds(at[p.place], min(frame.width, frame.height))]
    weight, size = {}, {}
    for p in seen:
        # by doublings, so that a small change of flow does not reshuffle the names
        busy = min(7, math.floor(math.log2(1 + through[p.place]))) if through[p.place] else -3
        weight[p.place] = WEIGHT.get(p.kind, 1.0) + 0.6 * busy + (1.2 if p.country == home else 0.0)
        size[p.place] = 2.7 if weight[p.place] >= 4 else 2.1 if weight[p.place] >= 1.5 else 1.3
    wishes = []
    for p in seen:
        short = _short(p.name)
        great = p.kind in ("city", "port") and weight[p.place] >= 6
        wishes.append(Wish(p.place, short, at[p.place], weight[p.place] - 0.15 * max(0, len(short) - 12), 12 if great else 10, size[p.place] + 2.6))
    labels = place_labels(
        wishes,
        width=frame.width,
        height=frame.height,
        dots=[(p.place, at[p.place], size[p.place]) for p in seen if size[p.place] > 2],
        ink=[(shapes[k].squares, 0.4 + widths[k] / 4) for k in links if links[k].flow > 0],
        faint=faint,
        first=max(12, round(frame.width * frame.height / 20000)),
    )
    shown = {label.id: label for label in labels}
    big = {wish.id for wish in wishes if wish.size > 10}
    out = ['<g class="kmap-places">']
    for p in sorted(seen, key=lambda p: (size[p.place], p.place)):
        x, y = at[p.place]
        kind = " class=\"kmap-maker\"" if p.kind in MAKERS else ""
        dot = ' class="kmap-minor"' if size[p.place] < 2 else kind
        told = f"{p.name} ({p.kind.replace('_', ' ')}, {p.country})"
        said = f"><title>{safe(told)}</title>" if titles else f' data-told="{safe(told)}">'
        out.append(
            f'<g data-place="{safe(p.place)}" transform="translate({number(x)} {number(y)})"{said}'
            f'<g class="kmap-pin"><circle r="{number(size[p.place])}"{dot}/>'
        )
        if p.place in shown:
            label = shown[p.place]
            tier = f" t{label.zoom}" if label.zoom > 1 else ""
            style = " kmap-great" if p.place in big else ""
            anchor = "" if label.anchor == "start" else f' text-anchor="{label.anchor}"'
            out.append(
                f'<text class="kmap-label{style}{tier}" x="{number(label.dx)}" y="{number(label.dy)}"{anchor}>'
                f"{safe(label.text)}</text>"
            )
        out.append("</g></g>")
    covered = [
        (x + label.box[0], y + label.box[1], x + label.box[2], y + label.box[3])
        for label in labels if label.zoom == 1
        for x, y in (label.at,)
    ]  # fmt: skip
    return "".join([*out, "</g>"]), covered


def _legend(links: Sequence[MapLink], width: int, height: int, top: float) -> tuple[str, int]:
    """The strip below the map, and its height: how full, how much, which mode, and the word on borders."""
    colours = {fullness(link) for link in links}
    items: list[list[tuple[str, str]]] = [[("kmap-head", "How full")], [("kmap-head", "Mt a year")], [("kmap-head", "Mode")]]
    items[0] += [(f'<path class="kmap-{k}" stroke-width="{1 if k == "idle" else 4}" d="M0 0H22"/>', text)
                 for k, (_, text) in FULL.items() if k in colours or k in ("calm", "busy", "tight", "full")]  # fmt: skip
    if "closed" in colours:
        items[0].append(('<path class="kmap-closed" stroke-width="1.2" d="M0 0H22M8-3 14 3M8 3 14-3"/>', "closed"))
    if "planned" in colours:
        items[0].append(('<path class="kmap-planned" stroke-width="1.6" d="M0 0H22"/>', "not built yet"))
    if any(link.changed for link in links):
        items[0].append(('<path class="kmap-changed" stroke-width="7" d="M0 0H22"/>', "changed"))
    for part in (0.01, 0.1, 0.5, 1.0):
        w = max(THINNEST, WIDEST * math.sqrt(part))
        items[1].append((f'<path stroke="{INK}" stroke-width="{number(w)}" d="M0 0H22"/>', f"{top * part:g}"))
    used = {link.mode for link in links}
    items[2] += [(f'<path class="m-{m}" stroke="{INK}" stroke-width="2.2" d="M0 0H34"/>', text)
                 for m, (_, text) in MODES.items() if m in used]  # fmt: skip
    out, x, y, line = [], 12.0, 17.0, 19.0
    for group in items:
        for i, (mark, text) in enumerate(group):
            sample = 0.0 if i == 0 else 40.0 if mark.startswith('<path class="m-') else 28.0
            need = sample + text_width(text, 10.5) + 14
            if x + need > width - 12 or (i == 0 and x > 12 and x + sum(60 for _ in group) > width):
                x, y = 12.0, y + line
            if i == 0:
                out.append(f'<text class="{mark}" x="{number(x)}" y="{number(y + 3.5)}">{text}</text>')
            else:
                out.append(f'<g transform="translate({number(x)} {number(y)})">{mark}'
                           f'<text x="{number(sample)}" y="3.5">{text}</text></g>')  # fmt: skip
            x += need
        x += 14
    note = "Outlines: Natural Earth. They take no position on borders."
    if x + text_width(note, 10.5) > width - 12:
        y += line
    out.append(f'<text class="kmap-note" x="{width - 12}" y="{number(y + 3.5)}" text-anchor="end">{note}</text>')
    strip = round(y + 15)
    return f'<g class="kmap-legend" transform="translate(0 {height - strip})">{"".join(out)}</g>', strip
