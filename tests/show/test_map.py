"""The map: right places, one element a link, the same drawing every time."""

from __future__ import annotations

import importlib.util
import random
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from keruen.errors import UsageError
from keruen.show.labels import ZOOMS, Wish, place_labels, text_width
from keruen.show.map import FULL, MapLink, MapPlace, draw_map, draw_parts, fullness, load_outlines, round_up
from keruen.show.projection import Albers, Frame
from keruen.show.seaways import sea_way

PLACES = [
    MapPlace("atyrau", "Atyrau <hub> & \"more\"", "KZ", 51.9, 47.1, "city"),
    MapPlace("samara", "Samara", "RU", 50.1, 53.1, "city"),
    MapPlace("almaty", "Almaty", "KZ", 76.9, 43.2, "city"),
    MapPlace("novorossiysk", "Novorossiysk", "RU", 37.8, 44.7, "port"),
    MapPlace("trieste", "Trieste", "IT", 13.8, 45.6, "port"),
    MapPlace("rotterdam", "Rotterdam", "NL", 4.1, 51.9, "port"),
    MapPlace("shanghai", "Shanghai", "CN", 121.5, 31.2, "port"),
]
COASTS = ("RU", "TR", "IT", "ES", "FR", "SA", "IR", "IN", "LK", "CN", "VN", "MY", "SE")
LINKS = [
    MapLink("pipe-b", "atyrau", "samara", "oil_pipeline", 9.0, 17.5, 0.51),
    MapLink("pipe-a", "atyrau", "samara", "oil_pipeline", 3.0, 3.0, 1.0),
    MapLink("rail-c", "atyrau", "samara", "rail", 0.0),
    MapLink("sea-d", "novorossiysk", "trieste", "sea", 20.0),
    MapLink("pipe-e", "samara", "novorossiysk", "oil_pipeline", 0.0, closed=True),
    MapLink("rail-f", "almaty", "shanghai", "rail", 5.0, changed=True),
]


def drawn() -> str:
    return draw_map(PLACES, LINKS)


def test_the_projection_agrees_with_a_worked_example() -> None:
    """Snyder, Map Projections: A Working Manual (1987), p. 291: sphere of radius 1, parallels 29.5 and 45.5, centre 96 W, 23 N."""
    x, y = Albers(south=29.5, north=45.5, origin=23.0, axis=-96.0)(-75.0, 35.0)
    assert x == pytest.approx(0.2952720, abs=5e-7)
    assert y == pytest.approx(0.2416774, abs=5e-7)


def test_the_drawing_is_well_formed_and_the_same_every_time() -> None:
    ElementTree.fromstring(drawn())
    assert draw_map(list(reversed(PLACES)), list(reversed(LINKS))) == drawn()


def test_every_link_is_one_element_in_order_of_id() -> None:
    names = re.findall(r'<g data-link="([^"]+)"', drawn())
    assert names == sorted(link.link for link in LINKS)
    assert re.findall(r'<g data-link="[^"]+"[^>]*tabindex="0"', drawn())[0].startswith('<g data-link="pipe-a"')
    assert drawn().count('tabindex="0"') == 1


def test_parallel_links_do_not_lie_on_each_other() -> None:
    paths = dict(re.findall(r'<g data-link="([^"]+)".*?<path class="kmap-hit"[^>]*d="([^"]+)"', drawn()))
    assert len({paths["pipe-a"], paths["pipe-b"], paths["rail-c"]}) == 3


def test_names_are_escaped() -> None:
    assert "<hub>" not in drawn()
    assert "Atyrau &lt;hub&gt; &amp;" in drawn()


@pytest.mark.parametrize(
    ("share", "flow", "key"),
    [(None, 1, "free"), (0.2, 1, "calm"), (0.7, 1, "busy"), (0.9, 1, "tight"), (1.0, 1, "full"), (0.0, 0, "idle")],
)
def test_colour_follows_how_full_a_link_is(share: float | None, flow: float, key: str) -> None:
    assert fullness(MapLink("x", "a", "b", "rail", flow, None, share)) == key


def luminance(colour: str) -> float:
    """Relative luminance as the Web Content Accessibility Guidelines define it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_fuller_is_darker_so_that_print_and_every_eye_can_tell() -> None:
    shades = [luminance(FULL[key][0]) for key in ("idle", "calm", "busy", "tight", "full")]
    assert shades == sorted(shades, reverse=True)
    assert (luminance("#f1eee5") + 0.05) / (shades[2] + 0.05) > 2.5
    assert (shades[1] + 0.05) / (shades[4] + 0.05) > 2.4, "half empty and full must differ in print"


def test_ships_go_round_the_land() -> None:
    bosporus = [p for p in sea_way(37.8, 44.7, 13.8, 45.6) if 28.5 < p[0] < 29.5 and 40.8 < p[1] < 41.6]
    assert bosporus, "Novorossiysk-Trieste must pass the Bosporus"
    malacca = [p for p in sea_way(121.8, 31.2, 32.5, 30.0) if 95 < p[0] < 105 and 0 < p[1] < 7]
    assert malacca, "Shanghai-Suez must pass the Strait of Malacca"


def test_a_link_to_nowhere_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="samarra"):
        draw_map(PLACES, [MapLink("x", "atyrau", "samarra", "rail", 1.0)])


def test_outlines_say_where_they_come_from() -> None:
    text = str({k: v for k, v in load_outlines().items() if k != "land"})
    assert "Natural Earth" in text
    assert "borders" in text


def test_rounding_up() -> None:
    assert [round_up(v) for v in (0.3, 1, 1.2, 3, 63.9, 100)] == [0.5, 1, 2, 5, 100, 100]


def boxes(svg: str, zoom: int) -> list[tuple[str, float, float, float, float]]:
    """Boxes of the names that are seen at a zoom, read back from the drawing."""
    out = []
    for x, y, inside in re.findall(r'data-place="[^"]+" transform="translate\((\S+) (\S+)\)">(.*?)</g></g>', svg):
        found = re.search(r'<text class="kmap-label([^"]*)" x="(\S+)" y="(\S+)"(?: text-anchor="(\w+)")?>(.*?)</text>', inside)
        if not found:
            continue
        style, dx, dy, anchor, text = found.groups()
        tier = re.search(r"t(\d)", style)
        if tier and int(tier[1]) > zoom:
            continue
        size = 11.5 if "great" in style else 10
        wide = text_width(text, size)
        left = float(x) * zoom + float(dx) - {"end": wide, "middle": wide / 2}.get(anchor or "", 0)
        base = float(y) * zoom + float(dy)
        out.append((text, left, base - 0.7 * size, left + wide, base + 0.2 * size))
    return out


def crowd() -> str:
    rnd = random.Random(4)
    words = ("Aktau", "Kandyagash", "Shu", "Zhanaozen field", "Semiglavy Mar", "Almaty", "Dostyk", "Petropavl")
    places = [
        MapPlace(f"p{i}", f"{rnd.choice(words)} {i}", "KZ", rnd.gauss(66, 6), rnd.gauss(47, 3), rnd.choice(("city", "station", "port")))
        for i in range(140)
    ]
    links = [MapLink(f"k{i}", f"p{i}", f"p{i + 1}", rnd.choice(("rail", "road", "oil_pipeline")), rnd.random() * 9) for i in range(139)]
    return draw_map(places, links)


def test_names_do_not_overlap_at_any_zoom() -> None:
    svg = crowd()
    counts = []
    for zoom in ZOOMS:
        seen = boxes(svg, zoom)
        counts.append(len(seen))
        for i, (one, a, b, c, d) in enumerate(seen):
            for other, e, f, g, h in seen[i + 1 :]:
                assert not (a < g and e < c and b < h and f < d), f"{one} and {other} overlap at zoom {zoom}"
    assert counts[0] >= 12
    assert counts == sorted(counts)
    assert counts[-1] > 1.5 * counts[0], "looking closer must show more names"


@pytest.mark.parametrize("seed", range(6))
def test_names_that_are_free_stay_free_when_enlarged(seed: int) -> None:
    rnd = random.Random(seed)
    wishes = [Wish(f"w{i}", "Name" * rnd.randint(1, 3), (rnd.gauss(150, 40), rnd.gauss(100, 25)), rnd.random(), 10, 4) for i in range(120)]
    at = {wish.id: wish.at for wish in wishes}
    labels = place_labels(wishes, width=300, height=200)
    assert len(labels) > 20
    for zoom in ZOOMS:
        seen = [
            (k.box[0] + at[k.id][0] * zoom, k.box[1] + at[k.id][1] * zoom, k.box[2] + at[k.id][0] * zoom, k.box[3] + at[k.id][1] * zoom)
            for k in labels
            if k.zoom <= zoom
        ]
        for i, (a, b, c, d) in enumerate(seen):
            assert not any(a < g and e < c and b < h and f < d for e, f, g, h in seen[i + 1 :]), f"overlap at zoom {zoom}"


def test_a_name_keeps_to_the_frame_and_the_heavier_one_wins() -> None:
    wishes = [
        Wish("light", "Same spot", (100, 50), 1, 10, 4),
        Wish("heavy", "Same spot", (101, 50), 2, 10, 4),
        Wish("edge", "At the edge", (199, 80), 1, 10, 4),
    ]
    labels = {label.id: label for label in place_labels(wishes, width=200, height=100, first=2)}
    assert labels["heavy"].zoom == 1
    assert labels["edge"].zoom == 1
    assert labels["edge"].box[2] + 199 <= 200
    assert "light" not in labels or labels["light"].zoom > 1


def test_the_busiest_is_painted_last_and_closed_ones_get_a_cross() -> None:
    painted = re.findall(r'data-paint="([^"]+)"', drawn())
    assert sorted(painted) == sorted(link.link for link in LINKS)
    flows = {link.link: link.flow for link in LINKS}
    is_open = [name for name in painted if name != "pipe-e"]
    assert [flows[name] for name in is_open] == sorted(flows[name] for name in is_open)
    assert drawn().count('stroke-width="1.6" d="M-3-3 3 3M-3 3 3-3"') == 1


def test_what_takes_the_pointer_is_wide_and_what_is_seen_grows_with_flow() -> None:
    hits = re.findall(r'class="kmap-hit" stroke-width="([^"]+)"', drawn())
    assert len(hits) == len(LINKS)
    assert min(map(float, hits)) >= 10
    seen = {name: float(w) for w, name in re.findall(r'stroke-width="([^"]+)" data-paint="([^"]+)"', drawn())}
    assert seen["rail-c"] < seen["pipe-a"] < seen["rail-f"] < seen["pipe-b"] < seen["sea-d"]
    assert seen["sea-d"] / seen["rail-f"] == pytest.approx(2.0, abs=0.05), "four times the flow is twice the width"


def test_the_view_and_the_legend_do_not_share_ground() -> None:
    view = re.search(r'class="kmap-view" width="1200" height="(\S+)" viewBox', drawn())
    legend = re.search(r'class="kmap-legend" transform="translate\(0 (\S+)\)"', drawn())
    assert view
    assert legend
    assert float(view[1]) <= float(legend[1])
    for word in ("How full", "Mt a year", "oil pipeline", "rail", "sea", "closed", "changed", "no position on borders"):
        assert word in drawn()[drawn().index('class="kmap-legend"') :]


def test_coordinates_have_one_decimal() -> None:
    body = re.sub(r"<style>.*?</style>", "", drawn())
    for numbers in re.findall(r' (?:d|x|y|transform)="([^"]*)"', body):
        assert not re.search(r"\d\.\d\d|-0(?![.\d])|\de", numbers), numbers


def test_focus_brings_places_into_the_frame() -> None:
    svg = draw_map(PLACES, LINKS, focus=["atyrau", "samara"])
    places = {n: (float(x), float(y)) for n, x, y in re.findall(r'data-place="([^"]+)" transform="translate\((\S+) (\S+)\)"', svg)}
    for name in ("atyrau", "samara"):
        assert 0 < places[name][0] < 1200
        assert 0 < places[name][1] < 760
    home = re.findall(r'data-place="(?:atyrau|samara)" transform="translate\((\S+) (\S+)\)"', drawn())
    apart = abs(float(home[0][1]) - float(home[1][1]))
    assert abs(places["atyrau"][1] - places["samara"][1]) > 3 * apart


@pytest.mark.parametrize(
    ("links", "focus", "word"),
    [
        ([MapLink("x", "atyrau", "samara", "rail", -1.0)], None, "0 or more"),
        ([MapLink("x", "atyrau", "samara", "rail", float("nan"))], None, "0 or more"),
        ([MapLink("x", "atyrau", "samara", "rails", 1.0)], None, "rail"),
        ([LINKS[0], LINKS[0]], None, "twice"),
        ([], ["almati"], "almaty"),
    ],
)
def test_what_cannot_be_drawn_is_refused(links: list[MapLink], focus: list[str] | None, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        draw_map(PLACES, links, focus=focus)


@lru_cache
def rings(code: str) -> list[list[tuple[float, float]]]:
    outlines = load_outlines()
    out = []
    for steps in outlines["land"][code]:
        x = y = 0
        points = []
        for i in range(0, len(steps), 2):
            x, y = x + steps[i], y + steps[i + 1]
            points.append((x / outlines["scale"], y / outlines["scale"]))
        out.append(points)
    return out


def lies_in(code: str, lon: float, lat: float) -> bool:
    inside = False
    for points in rings(code):
        if not (min(p[0] for p in points) <= lon <= max(p[0] for p in points)):
            continue
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


@pytest.mark.parametrize(
    ("code", "lon", "lat"),
    [("UA", 34.1, 45.2), ("UA", 31, 49), ("RU", 37.6, 55.7), ("RU", 179, 67), ("KZ", 71.4, 51.1), ("CY", 33.3, 35.3), ("CN", 121, 31), ("SG", 103.82, 1.35)],
)
def test_outlines_hold_known_spots(code: str, lon: float, lat: float) -> None:
    assert lies_in(code, lon, lat)


def test_outlines_leave_the_caspian_free_and_crimea_out_of_russia() -> None:
    assert not lies_in("RU", 34.1, 45.2)
    assert not any(lies_in(code, 50.5, 42.0) for code in ("KZ", "RU", "AZ", "TM", "IR"))


def test_no_outline_runs_across_the_whole_map() -> None:
    widest = max(abs(b[0] - a[0]) for code in load_outlines()["land"] for p in rings(code) for a, b in pairwise(p))
    assert widest < 25


def test_lanes_keep_off_the_great_land_masses() -> None:
    """Canals and narrow straits may touch a simplified shore; nothing goes far through a country."""
    ports = [(4.1, 51.9), (30.3, 59.9), (37.8, 44.7), (13.8, 45.6), (32.5, 29.9), (73, 19), (121.8, 31.2), (56.1, 27.1), (106.7, 20.8), (103.9, 1.2)]
    for i, a in enumerate(ports):
        for b in ports[i + 1 :]:
            way = sea_way(*a, *b)
            assert way == tuple(reversed(sea_way(*b, *a))), f"{a} - {b} differs by direction"
            spots = [
                (p[0] + (q[0] - p[0]) * k / 6, p[1] + (q[1] - p[1]) * k / 6) for p, q in pairwise(way) for k in range(6)
            ]
            ashore = [s for s in spots if any(lies_in(c, *s) for c in COASTS)]
            assert len(ashore) <= 0.1 * len(spots) + 2, f"{a} - {b}: {ashore[:5]}"


def test_the_tool_merges_and_simplifies() -> None:
    path = Path(__file__).resolve().parents[2] / "tools" / "outlines.py"
    spec = importlib.util.spec_from_file_location("outlines_tool", path)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    # two squares side by side: arc 0 is their common border
    arcs = [[(1.0, 0.0), (1.0, 1.0)], [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0)], [(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]]
    (ring,) = tool.dissolve([[0, 1], [~0, 2]], arcs)
    assert tool.area(tool.corners(ring, arcs)) == pytest.approx(2.0)
    assert tool.simplify([(0.0, 0.0), (0.5, 0.001), (1.0, 0.0)]) == [(0.0, 0.0), (1.0, 0.0)]
    assert len(tool.simplify([(0.0, 0.0), (0.5, 0.4), (1.0, 0.0)])) == 3
    assert max(lon for lon, _ in tool.corners([0], [[(179.0, 60.0), (-179.0, 61.0), (179.0, 62.0), (179.0, 60.0)]])) == pytest.approx(181.0)


def test_the_file_of_outlines_is_small() -> None:
    path = Path(__file__).resolve().parents[2] / "src" / "keruen" / "show" / "outlines.json"
    assert path.stat().st_size < 200_000


def test_one_place_alone_is_not_blown_up_without_end() -> None:
    frame = Frame.fit([(70, 45)], 1200, 700)
    assert frame(70, 45) == pytest.approx((600, 350))
    assert 1 < abs(frame(71, 45)[0] - 600) < 1000


def test_an_arrow_points_the_way_of_the_flow_and_what_is_planned_is_dotted() -> None:
    def angles(heading: str) -> list[float]:
        svg = draw_map(PLACES, [MapLink("x", "novorossiysk", "trieste", "rail", 9.0, heading=heading)])
        return [float(a) for a in re.findall(r'rotate\((\S+)\)"><g class="kmap-pin"><path class="kmap-arrow"', svg)]

    (forward,), (back,) = angles("forward"), angles("back")
    assert abs(forward) > 135, "from Novorossiysk to Trieste is west"
    assert abs(back) < 45
    assert len(angles("both")) == 2
    assert angles("") == []
    planned = draw_map(PLACES, [MapLink("x", "novorossiysk", "trieste", "rail", 0.0, planned=True)])
    assert '<path class="kmap-planned" stroke-width="1.6" data-paint="x"' in planned
    assert "planned, not built in this year" in planned
    assert "not built yet" in planned[planned.index('class="kmap-legend"') :]


def test_the_pieces_are_those_of_the_whole() -> None:
    whole, parts = drawn(), draw_parts(PLACES, LINKS)
    for piece in (parts.land, parts.names, parts.paint, parts.touch, parts.pins, parts.legend):
        assert piece
        assert piece in whole
    bare = draw_parts(PLACES, LINKS, legend=False, titles=False)
    assert bare.legend == ""
    assert bare.view == bare.height == 760
    assert "<title>" not in bare.touch + bare.pins
