"""Relations: what holds on a day, dates of which only a part is known, parties through an organisation, levels."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keruen as kr
from keruen.cli import main
from keruen.dates import day_of, span
from keruen.errors import UsageError


@pytest.fixture(scope="module")
def case() -> kr.Case:
    return kr.load("kazakhstan")


def tie(case: kr.Case, country: str, name: str, on: str | None, how: str | None = None) -> dict[str, Any]:
    return next(r for r in kr.relations(case, country, on).rows if r["id"] == name and how in (None, r["how"]))


@pytest.mark.parametrize(
    ("country", "name", "how", "on", "state"),
    [
        ("KG", "EAEU", "member", "2015-08-11", "not yet"), ("KG", "EAEU", "member", "2015-08-12", "in force"),
        ("KZ", "EAEU", "member", "2014-12-31", "not yet"),
        ("GB", "EU", "member", "2020-01-31", "in force"), ("GB", "EU", "member", "2020-02-01", "ended"), ("KZ", "BRICS", "partner", "2024-12-31", "not yet"),
        ("KZ", "BRICS", "partner", "2025-01-01", "in force"), ("KZ", "a01", "party", "2014-12-31", "signed"), ("KZ", "a01", "party", "2014-05-28", "not yet"),
        ("KZ", "a01", "party", "2015-01-01", "in force"), ("KZ", "a17", "party", "2019-08-31", "not yet"), ("KZ", "a17", "party", "2019-09-15", "cannot tell"),
        ("KZ", "a17", "party", "2019-09-30", "in force"), ("KZ", "a04", "party", "2024-01-01", "signed"), ("KZ", "a08", "party", "2025-11-12", "in force"),
    ],
)  # fmt: skip
def test_state_on_a_day(case: kr.Case, country: str, name: str, how: str, on: str, state: str) -> None:
    assert tie(case, country, name, on, how)["state"] == state


def test_bound_through_an_organisation(case: kr.Case) -> None:
    assert tie(case, "KZ", "a30", "2024-01-01")["how"] == "through EAEU"
    assert not [r for r in kr.relations(case, "KG", "2015-08-11").rows if r["id"] == "a30"]  # no member yet
    assert not [r for r in kr.relations(case, "UZ").rows if r["id"] == "a30"]  # an observer is not bound


def test_levels(case: kr.Case) -> None:
    def levels(on: str | None) -> dict[str, tuple[str, str]]:
        return {v["partner"]: (v["level"], v["since"]) for v in kr.relations(case, "KZ", on).levels}

    assert levels("2018-01-01")["CN"] == ("comprehensive strategic partnership", "2011-06-13")
    assert levels("2024-01-01")["CN"] == ("permanent comprehensive strategic partnership", "2019-09-11")
    assert levels("2025-05-05")["VN"][0] == "diplomatic relations"
    assert levels("2025-05-06")["VN"][0] == "strategic partnership"
    assert levels("2025-11-11")["RU"] == ("alliance", "1998-07-06")
    assert levels("2025-11-12")["RU"] == ("comprehensive strategic partnership and alliance", "2025-11-12")
    assert "TR" not in levels("2020-01-01")  # the paper is of 1994, the level of 2022
    assert levels("2023-01-01")["TR"] == ("enhanced strategic partnership", "2022")


def test_what_it_changes_in_the_model(case: kr.Case) -> None:
    eaeu = {r["rule"]: r["in_force"] for r in tie(case, "KZ", "EAEU", "2015-10-01", "member")["rules"]}
    assert eaeu["kz-gold-2015b-7108110000"] is True
    assert eaeu["kz-gold-2014-7108110000"] is False
    assert {r["rule"] for r in tie(case, "KZ", "a48", None)["rules"]} >= {"kz-424", "kz-172"}
    assert tie(case, "KZ", "UN", None)["rules"] == []


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)))
def test_what_is_in_force_has_begun_and_not_ended(case: kr.Case, on: date) -> None:
    for r in kr.relations(case, "KZ", on).rows:
        if r["state"] == "in force":
            assert not r["since"] or span(r["since"])[1] <= on or r["kind"] != "membership"
            assert not r["until"] or span(r["until"])[0] > on
        if r["state"] == "not yet":
            assert span(r["since"])[0] > on


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)))
def test_spans_hold_their_days(day: date) -> None:
    text = day.isoformat()
    for part in (text[:4], text[:7], text):
        first, last = span(part)
        assert first <= day <= last
        assert (first - timedelta(1)).isoformat()[: len(part)] != part != (last + timedelta(1)).isoformat()[: len(part)]


def test_in_order_and_by_partner(case: kr.Case) -> None:
    found = kr.relations(case, "KZ", partner="VN")
    assert all("VN" in r["with"] for r in found.rows)
    dates = [e["date"] for e in found.events]
    assert dates == sorted(dates)
    assert list(found.table.columns)[:3] == ["kind", "id", "name"]


@pytest.mark.parametrize(("country", "words"), [("kz", "Write KZ"), ("KAZ", "two letters"), ("ZZZZ", "expected one of which"), ("FJ", "FJ")])
def test_wrong_countries(case: kr.Case, country: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kr.relations(case, country)


@pytest.mark.parametrize("on", ["2024-02-30", "1.5.2024", "2024", ""])
def test_wrong_days(case: kr.Case, on: str) -> None:
    with pytest.raises(UsageError, match="year-month-day"):
        kr.relations(case, "KZ", on)
    assert day_of(None) is None


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relations", "KZ", "--on", "2024-05-01"]) == 0
    out = capsys.readouterr().out
    assert "permanent comprehensive strategic partnership" in out
    assert "In force" in out
    assert main(["relations", "KZ", "--partner", "XQ"]) == 2
    assert "XQ" in capsys.readouterr().err
    assert main(["relations", "TJ", "--on", "1990-01-01", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("kind,id,name,")
