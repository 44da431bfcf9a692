"""What stands behind a number and what rests on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import keruen as kr
from keruen.ask.standing import cells_of, find, ranges_of, standing, value_of, with_value
from keruen.cli import main
from keruen.errors import UsageError
from keruen.tables import TABLES
from small import small_tables, write_small, write_tables

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("why") / "small"))


@pytest.fixture(scope="module")
def shipped():
    return kr.load("kazakhstan")


def schema(name):
    found = json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def rival(table, row, column, value):
    return {"table": table, "row": row, "column": column, "kind": "rival", "value": value, "source": "guess", "confidence": "low"}


def changed(case, table, row, **cells):
    """The small case with other cells, on disk and read back."""
    tables = small_tables()
    key = next(iter(tables[table][0]))
    for entry in tables[table]:
        if entry[key] == row:
            entry.update(cells)
    return kr.load(write_tables(case, tables))


def test_a_number_in_full(case):
    found = kr.why(case, "links.pipe-hub-terminal.capacity").told
    assert (found["value"], found["unit"], found["kind"], found["confidence"]) == (8, "Mt/year", "derived", "low")
    assert found["row"] == "oil pipeline from hub to terminal, PipeCo"
    assert found["source"]["publisher"] == "A press"
    assert (found["range"]["low"], found["range"]["high"]) == (6, 10), "derived and low: a quarter either way"
    (rival,) = found["rivals"]
    assert (rival["value"], rival["differs"], rival["source"]["source"]) == (9, 1, "guess")
    assert rival["differs_share"] == pytest.approx(1 / 8)
    assert {(n["table"], n["id"]) for n in found["named_by"]} == {("rules", "pipe-quota"), ("screenlines", "by-pipe")}


def test_the_range_is_what_an_ensemble_draws(case, shipped):
    for one in (case, shipped):
        drawn = {(r["table"], r["id"], r["column"]): r for r in kr.sample(one, 1, rivals=False).tables["ranges"]}
        wide = {(r["table"], r["id"], r["column"]): r for r in kr.sample(one, 1, rivals=True).tables["ranges"]}
        for name in sorted(drawn)[:: max(1, len(drawn) // 15)]:
            cell = find(one, ".".join(name))
            s = standing(one, cell)
            assert s.drawn
            assert (s.low, s.high) == (drawn[name]["low"], drawn[name]["high"])
            assert s.wide is not None
            assert s.wide[0] <= wide[name]["low"] + 1e-12
            assert s.wide[1] >= wide[name]["high"] - 1e-12


def test_moves_are_differences_of_two_solves(case):
    base = case.solve(gap=0.0)
    for name in ("links.pipe-hub-terminal.capacity", "links.sea-terminal-market.cost_usd_per_t", "supplies.crude-north.quantity", "fleets.tankers.payload_t",
                 "demands.market-crude.price_usd", "rules.pipe-quota.quantity", "commodities.boxes.time_usd_per_day", "plants.refinery.capacity"):  # fmt: skip
        found = kr.why(case, name).told
        table, row, column = name.split(".")
        assert found["moves"], name
        for move in found["moves"]:
            cold = case.solve(scenario=kr.set_value(table, row, column, move["value"]), gap=0.0)
            assert move["objective_change_musd"] == pytest.approx(cold.objective_musd - base.objective_musd, abs=1e-6), name
            assert move["cost_change_musd"] == pytest.approx(cold.cost_musd - base.cost_musd, abs=1e-4), name


def test_worth_of_one_more(case):
    found = kr.why(case, "rules.pipe-quota.quantity").told
    (limit,) = found["limits"]
    assert limit["load"] == pytest.approx(7)
    assert limit["one_more_musd"] == pytest.approx(found["one_more_musd"])
    assert limit["price_musd_per_unit"] > found["one_more_musd"] > 0, "the fields have not so much for all of it"
    assert kr.why(case, "links.pipe-hub-terminal.cost_usd_per_t").told["one_more_musd"] == pytest.approx(-7)


def test_why_a_number_does_not_enter(case, tmp_path):
    def because(name, of=case, **how):
        found = kr.why(of, name, **how)
        assert not found.told["enters"], name
        assert "not in the network" in repr(found)
        return found.told["because"]

    assert "draws the map" in because("places.hub.lon")
    assert "published figure" in because("observations.by-pipe-2023.quantity")
    assert "planned" in because("projects.new-pipe.adds")
    assert "--add new-pipe" in because("projects.new-pipe.adds.pipe-planned")
    assert "hold it already" in because("projects.berths.adds")
    assert "chooses none" in because("projects.new-pipe.capex_musd")
    assert "a year" in because("projects.new-pipe.ready_year")
    assert "new-pipe (planned, 2028)" in because("links.pipe-planned.cost_usd_per_t")
    assert "0" in because("links.pipe-planned.capacity")
    assert "round trip of ships" in because("links.pipe-field-hub.length_km")
    assert "cell is empty" in because("links.rail-hub-border.cost_usd_per_1000m3")
    no_boxes = changed(tmp_path / "a", "consignments", "boxes-east-hub", last_year=2020)
    assert "nothing that pays USD/TEU" in because("links.rail-hub-border.cost_usd_per_teu", no_boxes)
    assert "no limit known" in because("links.pipe-field-hub.capacity")
    assert "per cent" in because("commodities.crude.value_usd")
    assert "barrels" in because("commodities.crude.barrels_per_t")
    assert "time_usd_per_day is 0" in because("links.pipe-field-hub.hours", changed(tmp_path / "b", "links", "pipe-field-hub", hours=5))
    late = changed(tmp_path / "c", "supplies", "crude-north", first_year=2026)
    assert "from 2026" in because("supplies.crude-north.quantity", late)
    assert kr.why(late, "supplies.crude-north.quantity", year=2027).told["enters"]
    expired = changed(tmp_path / "d", "rules", "pipe-quota", status="expired")
    assert "expired" in because("rules.pipe-quota.quantity", expired)
    assert "switches the rule off" in because("rules.pipe-quota.quantity", scenario=kr.without(rule="pipe-quota"))
    assert "scenario shuts it" in because("links.pipe-hub-port.cost_usd_per_t", scenario=kr.close(link="pipe-hub-port"))


def test_a_number_that_enters_and_moves_nothing(case, tmp_path):
    wide = changed(tmp_path / "wide", "plants", "refinery", capacity=50)
    found = kr.why(wide, "plants.refinery.capacity").told
    assert found["enters"]
    assert "does not bind: " in found["because"]
    assert "of 50 Mt of refinery are used" in found["because"]
    assert "up to 0 MUSD" in repr(kr.why(wide, "plants.refinery.capacity"))


def test_a_project_that_a_scenario_adds(case):
    found = kr.why(case, "projects.new-pipe.adds", scenario=kr.add(project="new-pipe"))
    assert found.number == "projects.new-pipe.adds.pipe-planned"
    assert found.told["unit"] == "Mt/year"
    low = next(m for m in found.told["moves"] if m["at"] == "low")
    cell = find(case, found.number)
    cold = kr.load(case.path).solve(scenario=kr.add(project="new-pipe")).objective_musd
    other = type(case).solve(with_value(case, cell, low["value"]), scenario=kr.add(project="new-pipe")).objective_musd
    assert low["objective_change_musd"] == pytest.approx(other - cold, abs=1e-6)


def test_a_scenario_that_sets_the_number(case):
    found = kr.why(case, "links.pipe-hub-terminal.capacity", scenario=kr.set_value("links", "pipe-hub-terminal", "capacity", 3)).told
    assert found["set_by_scenario"]
    assert found["value"] == 3
    assert [m["at"] for m in found["moves"]] == ["rival"], "what a scenario sets has no range"


def test_zero_has_no_range_but_rivals(tmp_path):
    tables = small_tables()
    tables["provenance"].append(rival("links", "pipe-planned", "capacity", "4"))
    found = kr.why(kr.load(write_tables(tmp_path / "zero", tables)), "links.pipe-planned.capacity").told
    assert found["range"]["low"] is None
    (move,) = found["moves"]
    assert found["enters"]
    assert move["objective_change_musd"] < 0, "a pipe of 4 Mt helps"


def test_a_rival_that_check_would_refuse_or_in_another_unit(tmp_path):
    tables = small_tables()
    tables["fleets"][0]["deadweight_t"] = 11000
    for column, value in (("payload_t", "12000"), ("ships", "five boats"), ("handling_h", "2 day")):
        tables["provenance"].append(rival("fleets", "tankers", column, value))
    case = kr.load(write_tables(tmp_path / "odd", tables))
    payload = next(m for m in kr.why(case, "fleets.tankers.payload_t").told["moves"] if m["at"] == "rival")
    assert "deadweight" in payload["refused"]
    assert kr.why(case, "fleets.tankers.ships").told["rivals"][0]["value"] is None
    assert kr.why(case, "fleets.tankers.handling_h").told["rivals"][0]["value"] == pytest.approx(48)


def test_no_source_known(tmp_path):
    """A source that the case does not describe is no fault of keruen why; the check finds it."""
    case = kr.load(write_small(tmp_path / "small"))
    tables = {**case.tables, "sources": ()}
    found = kr.why(replace(case, tables=tables), "links.pipe-hub-port.cost_usd_per_t").told
    assert found["source"] == {"source": "book", "publisher": "", "title": "", "date": "", "url": "", "kind": ""}
    assert found["kind"] == "estimate"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("link.pipe-hub-port.capacity", "Did you mean 'links'"), ("links.pipe-hub-prt.capacity", "Did you mean 'pipe-hub-port'"),
        ("links.pipe-hub-port.capcity", "Did you mean 'capacity'"), ("links.pipe-hub-port.mode", "is no number but a choice"),
        ("links/pipe-hub-port/capacity", "write 'links.pipe-hub-port.capacity'"), ("links pipe-hub-port capacity", "write 'links.pipe-hub-port.capacity'"),
        ("links.pipe-hub-port.capacity.more", "is one number"), ("plants.refinery.outputs.product", "Did you mean 'products'"),
        ("links.pipe-hub-port", "holds many numbers"), ("links.far", "It is part of pipe-far-market, tanker-port-far"),
        ("", "TABLE.ROW.COLUMN"), ("sources.book.date", "no numbers"),
    ],
)  # fmt: skip
def test_misspelt(case, name, words):
    with pytest.raises(UsageError, match=words):
        kr.why(case, name)


def test_year_outside(case):
    with pytest.raises(UsageError, match="2015 to 2035"):
        kr.why(case, "links.pipe-hub-terminal.capacity", year=2050)


def test_numbers_of_a_row_and_table(case):
    row = kr.numbers(case, "links.pipe-hub-terminal")
    assert [r["number"].rsplit(".", 1)[1] for r in row.rows] == ["capacity", "length_km", "cost_usd_per_t"]
    assert row.kinds == {"sourced": 2, "derived": 1, "estimate": 0}
    assert row.table.loc[0, "rivals"] == 1
    assert sum(kr.numbers(case, "links").kinds.values()) == len(list(cells_of(case, "links")))
    assert "derived" in repr(row)
    for name in ("links", "links.pipe-hub-terminal", "plants.refinery.outputs"):
        schema("why-numbers").validate(kr.numbers(case, name).to_dict())


def test_every_number_of_the_shipped_case_can_be_told(shipped):
    """Units are resolved, and ranges lie around their figures."""
    count, figures = 0, ranges_of(shipped, frozenset())
    for table in TABLES:
        if table in ("sources", "provenance", "memberships", "agreements", "screenlines"):
            continue
        for cell in cells_of(shipped, table):
            s = standing(shipped, cell, figures=figures)
            count += 1
            assert "{" not in s.unit
            assert s.value == value_of(shipped, cell)
            if s.low is not None:
                assert s.low <= s.value <= s.high
                assert s.wide[0] <= s.low
                assert s.high <= s.wide[1]
    assert count > 3000


def test_shipped_case_against_cold_solves(shipped):
    base = shipped.solve(2023, gap=0.0).objective_musd
    for name in ("links.pipe-atasu-pavlodar.capacity", "links.rail-dostyk-alashankou.wait_hours", "transfers.cpc-loading.cost_usd_per_t",
                 "plants.refinery-pavlodar.availability", "consignments.crude-russia-china.quantity"):  # fmt: skip
        table, row, column = name.split(".")
        for move in kr.why(shipped, name).told["moves"]:
            cold = shipped.solve(2023, kr.set_value(table, row, column, move["value"]), gap=0.0).objective_musd
            assert move["objective_change_musd"] == pytest.approx(cold - base, abs=1e-6 * abs(base))


# --- the command line --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["links.pipe-hub-terminal.capacity", "places.hub.lon", "links.pipe-field-hub.capacity", "rules.pipe-quota.quantity"])
def test_json_of_a_number(case, capsys, name):
    assert main(["why", str(case.path), name, "--format", "json"]) == 0
    schema("why").validate(json.loads(capsys.readouterr().out))


def test_words(case, capsys):
    assert main(["why", str(case.path), "links.pipe-hub-terminal.capacity"]) == 0
    text = capsys.readouterr().out
    for words in ("= 8 Mt/year", "derived, low confidence", "A press, A book, 2023", "9 Mt/year, +1 (+12 %)", "6 to 10 Mt/year", "rival of guess",
                  "pipe-quota"):  # fmt: skip
        assert words in text
    assert main(["why", str(case.path), "places.hub.lon"]) == 0
    assert "Nothing: where a place lies" in capsys.readouterr().out
    assert main(["why", str(case.path), "links"]) == 0
    assert "the least firm first" in capsys.readouterr().out
    assert main(["why", str(case.path), "plants.refinery.outputs"]) == 0
    assert "0.8" in capsys.readouterr().out
    assert main(["why", str(case.path), "links.pipe-hub-terminal", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("number,value,unit")
    assert main(["why", str(case.path), "links.pipe-hub-terminal.capacity", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("at,value,objective_change_musd")


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [("linx.a.b", (), "Did you mean 'links'"), ("exports", (), "write exports.COMMODITY"), ("links a b", (), "links.a.b"),
     ("objectiv", (), "Did you mean 'objective'"), ("links", ("--year", "2023-2024"), "takes one year"), ("objective", ("--top", "0"), "--top"),
     ("objective", ("--year", "2050"), "2015 to 2035")],
)  # fmt: skip
def test_wrong_use(case, capsys, name, more, words):
    assert main(["why", str(case.path), name, *more]) == 2
    assert words in capsys.readouterr().err


def test_same_bytes(case, capsys):
    told = []
    for _ in range(2):
        main(["why", str(case.path), "rules.pipe-quota.quantity", "--format", "json"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]

