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
        ("KZ", "a24", "party", "2016-09-30", "not yet"), ("KZ", "a24", "party", "2016-10-15", "cannot tell"), ("KZ", "a24", "party", "2016-10-31", "signed"),
        ("KZ", "a24", "party", "2017-07-01", "cannot tell"), ("KZ", "a35", "party", "2022-12-15", "cannot tell"),
        ("KZ", "a35", "party", "2023-01-01", "signed"),
        ("AM", "CSTO", "member", "2024-02-21", "in force"), ("AM", "CSTO", "member", "2024-02-22", "ended"),
        ("AM", "CSTO", "suspended", "2024-02-22", "in force"),
        ("UZ", "CSTO", "member", "2012-06-01", "cannot tell"), ("KZ", "IMF", "member", "1900-01-01", "cannot tell"),
        ("KZ", "IMF", "member", "2015-01-01", "in force"), ("VN", "a43", "through CICA", "2010-05-31", "not yet"),
        ("VN", "a43", "through CICA", "2010-06-15", "cannot tell"), ("VN", "a43", "through CICA", "2010-06-30", "in force"),
        ("GB", "a20", "through EU", "2015-12-20", "not yet"), ("GB", "a20", "through EU", "2020-01-31", "signed"),
        ("GB", "a20", "through EU", "2020-03-01", "ended"), ("KG", "a30", "through EAEU", "2015-08-11", "not yet"),
        ("KZ", "a01", "party", "2015-01-01", "in force"), ("KZ", "a17", "party", "2019-08-31", "not yet"), ("KZ", "a17", "party", "2019-09-15", "cannot tell"),
        ("KZ", "a17", "party", "2019-09-30", "in force"), ("KZ", "a04", "party", "2024-01-01", "signed"), ("KZ", "a08", "party", "2025-11-12", "in force"),
    ],
)  # fmt: skip
def test_state_on_a_day(case: kr.Case, country: str, name: str, how: str, on: str, state: str) -> None:
    assert tie(case, country, name, on, how)["state"] == state


def test_bound_through_an_organisation(case: kr.Case) -> None:
    assert tie(case, "KZ", "a30", "2024-01-01")["how"] == "through EAEU"
    assert not [r for r in kr.relations(case, "UZ").rows if r["id"] == "a30"]  # an observer is not bound
    assert not [r for r in kr.relations(case, "TJ").rows if r["id"] == "a41"]  # the accession of another
    act = tie(case, "VN", "a43", None)
    assert (act["signed"], act["since"]) == ("", "2010-06")  # signed by others, before it joined
    british = tie(case, "GB", "a20", None)
    assert (british["signed"], british["since"], british["until"]) == ("2015-12-21", "", "2020-02-01")  # never in force for it


def test_partner_through_an_organisation(case: kr.Case) -> None:
    def shared(partner: str, on: str | None) -> dict[str, str]:
        return {r["id"]: r["how"] for r in kr.relations(case, "KZ", on, partner).rows}

    assert shared("DE", "2024-05-01") == {"a20": "party; DE through EU"}
    assert "a20" not in shared("GB", "2020-02-01")
    assert "a20" in shared("GB", "2020-01-31")
    assert "a30" not in shared("AM", None)  # on the same side of it
    assert {"CIS", "CSTO"} & set(shared("GE", None)) == {"CIS"}  # gone from CSTO before KZ is a member there by these tables
    assert not {"CIS", "CSTO"} & set(shared("GE", "2024-05-01"))
    assert "UZ" not in tie(case, "KZ", "OTS", "2019-09-30")["with"]


def test_why_it_cannot_be_told(case: kr.Case) -> None:
    assert tie(case, "KZ", "a24", "2017-07-01")["why"] == "took effect some time in 2017"
    assert tie(case, "KZ", "a24", "2016-10-15")["why"] == "signed some time in 2016-10"
    assert tie(case, "UZ", "CSTO", "2012-06-01")["why"] == "ended some time in 2012"
    assert tie(case, "KZ", "IMF", "1900-01-01")["why"] == "since when is not known"
    assert tie(case, "VN", "a43", "2010-06-15")["why"] == "CICA: began some time in 2010-06"


def test_levels(case: kr.Case) -> None:
    def levels(on: str | None) -> dict[str, tuple[str, str]]:
        return {v["partner"]: (v["level"], v["since"]) for v in kr.relations(case, "KZ", on).levels}

    assert levels("2018-01-01")["CN"] == ("comprehensive strategic partnership", "2011-06-13")
    assert levels("2024-01-01")["CN"] == ("permanent comprehensive strategic partnership", "2019-09-11")
    assert levels("2025-05-05")["VN"][0] == "diplomatic relations"
    assert levels("2025-05-06")["VN"][0] == "strategic partnership"
    assert levels("2025-11-11")["RU"] == ("alliance", "1998-07-06")
    assert levels("2025-11-12")["RU"] == ("comprehensive strategic partnership and alliance", "2025-11-12")
    assert levels("2020-01-01")["TR"] == ("friendship and cooperation", "1994")  # its paper names the level of 2022 too
    perhaps = {v["partner"]: v for v in kr.relations(case, "KZ", "2022-03-01").levels}["TR"]
    assert (perhaps["level"], perhaps["perhaps"]) == ("friendship and cooperation", "enhanced strategic partnership, since some time in 2022 (a44)")
    unsure = {v["partner"]: v for v in kr.relations(case, "KZ", "2018-06-01").levels}["US"]
    assert (unsure["level"], unsure["perhaps"], unsure["agreement"]) == ("", "enhanced strategic partnership, since some time in 2018", "a32")
    assert levels("2023-01-01")["TR"] == ("enhanced strategic partnership", "2022")


def test_what_it_changes_in_the_model(case: kr.Case) -> None:
    eaeu = {r["rule"]: r["in_force"] for r in tie(case, "KZ", "EAEU", "2015-10-01", "member")["rules"]}
    assert eaeu["kz-gold-2015b-7108110000"] is True
    assert eaeu["kz-gold-2014-7108110000"] is False
    assert {r["rule"] for r in tie(case, "KZ", "a48", None)["rules"]} >= {"kz-424", "kz-172"}
    assert tie(case, "KZ", "UN", None)["rules"] == []


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.sampled_from(["KZ", "AM", "BY", "GB", "VN", "UZ", "GE"]))
def test_what_holds_is_bracketed_by_its_events(case: kr.Case, on: date, country: str) -> None:
    found = kr.relations(case, country, on)
    for r in found.rows:
        begins, ends = ("in force", "signed, in force", r["how"]), ("no longer bound", f"no longer {r['how']}")
        dated = [e for e in found.events if e["id"] == r["id"]]
        if r["state"] == "in force":
            assert not r["since"] or any(e["event"] in begins and span(e["date"])[0] <= on for e in dated)
            assert not any(e["event"] in ends and e["date"] == r["until"] and span(e["date"])[1] <= on for e in dated)
        if r["state"] == "ended":
            assert any(e["event"] in ends and span(e["date"])[1] <= on for e in dated)
        if r["state"] == "not yet":
            assert all(span(d)[0] > on for d in (r["since"], r["signed"]) if d)
        assert bool(r["why"]) == (r["state"] == "cannot tell")


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.sampled_from(["KZ", "AM", "BY", "GB", "VN", "UZ", "GE"]))
def test_states_change_at_events_only(case: kr.Case, on: date, country: str) -> None:
    before, after = kr.relations(case, country, on), kr.relations(case, country, on + timedelta(1))
    assert [(r["id"], r["how"]) for r in before.rows] == [(r["id"], r["how"]) for r in after.rows]
    for r, s in zip(before.rows, after.rows, strict=True):
        if r["state"] != s["state"] and (r["signed"] or r["since"] or r["until"]):
            edges = [d for e in before.events if e["id"] == r["id"] for d in span(e["date"])]
            assert {on, on + timedelta(1)} & set(edges), (r["id"], r["state"], s["state"])


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
    assert {("a06", "2013-11-11", "signed"), ("a06", "2014-12-22", "in force"), ("a05", "1998-07-06", "signed, in force")} <= {
        (e["id"], e["date"], e["event"]) for e in kr.relations(case, "KZ").events}  # fmt: skip
    assert all(e["source"] and e["confidence"] for e in found.events)
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
    assert main(["relations", "KZ", "--with", "DE"]) == 0
    assert "DE through EU" in capsys.readouterr().out
    assert main(["relations", "KZ", "--with", "GB", "--on", "2021-01-01"]) == 0
    assert "not known whether there is any" in capsys.readouterr().out
    assert main(["relations", "KZ", "--on", "2018-06-01"]) == 0
    out = capsys.readouterr().out
    assert all(w in out for w in ("Cannot tell", "took effect some time", "perhaps by then"))
    assert main(["relations", "KZ"]) == 0
    line = capsys.readouterr().out
    assert line.index("2013-11-11  signed") < line.index("2014-12-22  in force") < line.index("Since when is not known")
    assert main(["relations", "KZ", "--partner", "XQ"]) == 2
    assert "XQ" in capsys.readouterr().err
    assert main(["relations", "TJ", "--on", "1990-01-01", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("kind,id,name,")
