"""The map of a plan, as the notebook shows it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import keruen as kr
from small import write_small


def test_the_notebook_shows_the_map_with_no_server(tmp_path: Path) -> None:
    case = kr.load(write_small(tmp_path / "small"))
    base = case.solve(2023)
    shown = case.solve(2023, kr.close(country="XX")).map(base)
    assert shown.title.endswith("2023: close country XX")
    assert shown.svg in shown._repr_html_()
    assert "<script" not in shown._repr_html_()
    ElementTree.fromstring(shown.svg)
    assert re.findall(r'<g data-link="([^"]+)"', shown.svg) == sorted(set(case.links) - {"pipe-planned"})
    assert "pipe-hub-terminal: hub - terminal, closed" in shown.svg
    shown.save(tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text(encoding="utf-8").strip() == shown.svg
    assert len(repr(shown)) < 200


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    case = kr.load(write_small(tmp_path / "small"))
    assert case.solve(2023).map().svg == case.solve(2023).map().svg
