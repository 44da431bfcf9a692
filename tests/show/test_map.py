"""The map: right places, one element a link, the same drawing every time."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from keruen.errors import UsageError
from keruen.show.map import MapLink, MapPlace, draw_map, fullness, load_outlines, round_up
from keruen.show.projection import Albers
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


@pytest.mark.parametrize(("share", "flow", "key"), [(None, 1, "free"), (0.2, 1, "calm"), (0.7, 1, "busy"), (0.9, 1, "tight"), (1.0, 1, "full"), (0.0, 0, "idle")])
def test_colour_follows_how_full_a_link_is(share: float | None, flow: float, key: str) -> None:
    assert fullness(MapLink("x", "a", "b", "rail", flow, None, share)) == key


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
