"""A scenario as an address: read, written, refused; the same as on the command line and in a file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keruen as kr
from keruen.cli import main
from keruen.web.address import KEYS, LONGEST, MOST, Ask, ask_of_toml, read_ask
from small import write_small


@cache
def small() -> kr.Case:
    return kr.load(write_small(Path(mkdtemp()) / "small"))


def cost(ask: Ask) -> float:
    return small().solve(ask.year, ask.scenario(small())).objective_musd


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("close=country=XX", kr.close(country="XX")),
        ("close=link=pipe-hub-terminal,share=0.5,days=73", kr.close(link="pipe-hub-terminal", share=0.5, days=73)),
        ("close=place=port;terminal", kr.close(place=["port", "terminal"])),
        ("close=operator=PipeCo", kr.close(operator="PipeCo")),
        ("scale=link=pipe-hub-terminal,capacity=1.5", kr.scale(link="pipe-hub-terminal", capacity=1.5)),
        ("scale=transfer=port-berths,capacity=2,cost=3", kr.scale(transfer="port-berths", capacity=2, cost=3)),
        ("set=links/pipe-hub-terminal/capacity=2.5", kr.set_value("links", "pipe-hub-terminal", "capacity", 2.5)),
        ("lasts=1&close=link=pipe-hub-terminal,days=30", kr.close(link="pipe-hub-terminal", days=30).while_it_lasts()),
    ],
)
def test_an_address_is_what_python_says(query: str, same: kr.Scenario) -> None:
    assert read_ask(query, small()).scenario(small()).changes == same.changes
    assert cost(read_ask(query, small())) == small().solve(2023, same).objective_musd


def test_the_same_question_has_one_address() -> None:
    one = read_ask("close=country=XX&scale=link=pipe-hub-terminal,capacity=0.5&year=2023", small())
    other = read_ask("?year=2023&scale=link%3Dpipe-hub-terminal%2Ccapacity%3D0.5&close=country%3DXX&close=country=XX", small())
    assert one == other
    assert one.query() == "year=2023&close=country=XX&scale=link=pipe-hub-terminal,capacity=0.5"
    assert read_ask(one.query(), small()) == one


def test_a_tax_is_paid_once_at_each_entry() -> None:
    """All 8 Mt that cross XX enter it by the one pipeline: 8 x 5 MUSD, as long as nothing goes another way for it."""
    base, taxed = small().solve(2023), small().solve(2023, read_ask("tax=country=XX,usd=0.01", small()).scenario(small()))
    entering = sum(r["flow"] for r in base._links if r["link"] == "pipe-hub-terminal")
    assert taxed.objective_musd - base.objective_musd == pytest.approx(0.01 * entering, rel=1e-6)
    place = small().solve(2023, read_ask("tax=place=terminal,usd=0.01", small()).scenario(small()))
    assert place.objective_musd == pytest.approx(taxed.objective_musd, rel=1e-9)


@pytest.mark.parametrize(
    "query",
    [
        "close=country=XX&scale=link=pipe-hub-terminal,capacity=0.25", "tax=link=pipe-hub-port,usd=7.5", "lasts=1&close=link=pipe-hub-terminal,days=30",
        "set=links/pipe-hub-terminal/capacity=2.5&close=place=port", "year=2024", "",
    ],
)  # fmt: skip
def test_there_and_back_by_a_file(query: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has the same plan in the command line, and read again the same address to the letter."""
    asked = read_ask(query, small())
    (tmp_path / "saved.toml").write_text(asked.toml(small()), encoding="utf-8")
    again = ask_of_toml(asked.toml(small()), small())
    assert cost(again) == cost(asked)
    assert ask_of_toml(again.toml(small()), small()) == again
    assert main(["solve", str(small().path), "--year", str(asked.year), "--scenario", str(tmp_path / "saved.toml"), "--format", "json"]) == 0
    assert f'"objective_musd": {round(cost(asked), 9)}' in capsys.readouterr().out


def test_named_scenarios_are_written_out(tmp_path: Path) -> None:
    case = kr.load("kazakhstan")
    for name in ("sanctions-tightened", "five-times-caspian", "no-contracts", "russia-closed"):
        asked = read_ask([("scenario", name), ("without", "kind=practice")], case)
        again = ask_of_toml(asked.toml(case), case)
        assert case.solve(2023, again.scenario(case)).objective_musd == case.solve(2023, asked.scenario(case)).objective_musd, name


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("close=contry=XX", "Did you mean 'country'"),
        ("close=country=XXX", "Did you mean 'XX'"),
        ("close=XX", "KIND=NAME, such as country=RU"),
        ("close=country=XX,share=2", "share must be from 0 to 1"),
        ("close=country=XX,part=1", "share, days"),
        ("yeer=2023", "Did you mean 'year'"),
        ("year=1066", "one year from"),
        ("year=2023&year=2024", "twice"),
        ("year=٢٠٢٣", "one year from"),
        ("lasts=yes", "0 or 1"),
        ("behaviour=shipper", "is not known"),
        ("scenario=../../../etc/passwd", "no scenario"),
        ("scenario=/etc/passwd.toml", "no scenario"),
        ("scale=link=pipe-hub-terminal,capacity=nan", "KIND=NAME"),
        ("scale=link=pipe-hub-terminal,capacity=1e999", "KIND=NAME|number of 0 or more"),
        ("scale=link=pipe-hub-terminal", "at least one factor"),
        ("tax=country=XX", "an amount"),
        ("tax=country=XX,usd=-3", "number of 0 or more"),
        ("tax=mode=rail,usd=3", "link, place, country"),
        ("set=links/pipe-hub-terminal/capacity=-1", "from 0"),
        ("set=sources/book/date=1", "can be set"),
        ("add=nothing", "not a project"),
        ("off=nothing", "no project"),
        ("with={", "JSON object"),
        ('with={"rule":"x","colour":"red"}', "no column of rules"),
        ("with=" + "[" * 900, "JSON object"),
        ("close=%ff", "UTF-8"),
        ("close=" + "x" * LONGEST, "characters"),
        ("&".join(f"close=link=a{i}" for i in range(MOST + 50)), "at most 200"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(query: str, told: str) -> None:
    with pytest.raises(kr.KeruenError, match=told):
        read_ask(query, small())


@given(st.lists(st.tuples(st.sampled_from([*KEYS, "year", "x"]), st.text(max_size=60)), max_size=4))
def test_whatever_is_asked_is_answered_or_refused(words: list[tuple[str, str]]) -> None:
    try:
        asked = read_ask(words, small())
    except kr.KeruenError:
        return
    assert read_ask(asked.query(), small()) == asked


@pytest.mark.parametrize(
    "text",
    ["close = 3", "[[close]]\ncontry = 'XX'", "x" * 100, "[[close]]\ncountry = 'XXX'", "year = 'soon'", "a = " + "[" * 5000, "[[with]]\nrule = 3"],
)
def test_a_file_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(kr.KeruenError):
        ask_of_toml(text, small())
