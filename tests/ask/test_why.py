"""Why a number, and what a result hangs on: held against cold solves with the number set."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.ask.why import number_of, numbers_of
from keruen.cli import main
from keruen.errors import UsageError
from keruen.show.tornado import tornado


@pytest.fixture(scope="module")
def case() -> kr.Case:
    return kr.load("kazakhstan")


@pytest.fixture(scope="module")
def objective(case: kr.Case) -> kr.Sensitivity:
    return kr.sensitivity(case)


def test_moves_are_those_of_a_cold_solve(case: kr.Case, objective: kr.Sensitivity) -> None:
    for row in random.Random(5).sample(objective.rows, 12):
        table, name, column = row["number"].split(".")
        for end, found in (("low", row["at_low"]), ("high", row["at_high"])):
            cold = case.solve(scenario=kr.set_value(table, name, column, row[end]))
            assert found == pytest.approx(cold.objective_musd, rel=1e-9), (row["number"], end)


def test_what_does_not_move_in_the_sweep_does_not_move_cold(case: kr.Case, objective: kr.Sensitivity) -> None:
    from keruen.ask.sample import figures_of

    moving = {r["number"] for r in objective.rows}
    figures, _ = figures_of(case, True, frozenset())
    still = [f for f in figures if f"{f.table}.{f.id}.{f.column}" not in moving and f.low != f.high]
    for f in random.Random(6).sample(still, 12):
        for end in (f.low, f.high):
            cold = case.solve(scenario=kr.set_value(f.table, f.id, f.column, end))
            assert cold.objective_musd == pytest.approx(objective.plan, rel=2e-6), f


def test_results(case: kr.Case) -> None:
    exports = kr.sensitivity(case, "exports.crude", guesses_only=True)
    assert exports.plan == pytest.approx(70.5, abs=0.01)
    assert exports.rows
    assert all(r["kind"] == "estimate" for r in exports.rows)
    assert [r["swing"] for r in exports.rows] == sorted((r["swing"] for r in exports.rows), reverse=True)
    assert kr.sensitivity(case, "flow.pipe-cpc-atyrau-komsomolskaya.crude", guesses_only=True).unit == "Mt"
    assert next(iter(exports.table.columns)) == "number"


@pytest.mark.parametrize(
    ("result", "words"),
    [("exports", "no commodity"),
     ("export.crude", "Did you mean 'exports'"), ("exports.crud", "Did you mean 'crude'"), ("flow.pipe-cpc.crude", "nothing flows")],
)  # fmt: skip
def test_results_that_are_none(case: kr.Case, result: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kr.sensitivity(case, result)


def test_a_number_with_its_rivals(case: kr.Case) -> None:
    found = kr.why(case, "plants.refinery-shymkent.capacity")
    n = found.number
    assert (n.value, n.unit, n.kind, n.confidence) == (6.0, "Mt", "sourced", "high")
    assert [r["number"] for r in n.rivals] == [6.2]
    assert n.low <= 6.0 <= 6.2 <= n.high
    assert "shymkent-doubling" in found.named["projects"]
    for m in found.moves:
        cold = case.solve(scenario=kr.set_value("plants", "refinery-shymkent", "capacity", m["value"]))
        if m["result"] == "objective":
            assert m["then"] == pytest.approx(cold.objective_musd, rel=1e-9)
        if m["result"] == "exports of crude":
            assert m["then"] == pytest.approx(float(cold.exports.set_index("commodity").moved["crude"]), abs=1e-6)


def test_numbers_that_cannot_move_anything_say_why(case: kr.Case) -> None:
    assert "not built in 2023" in kr.why(case, "projects.shymkent-doubling.ready_year").silent
    assert "do not enter the network" in kr.why(case, "observations.cpc-kz-2023.quantity").silent
    later = next(name for name, link in case.links.items() if link.opened and link.opened > case.first_year)
    assert f"is not there in {case.first_year}" in kr.why(case, f"links.{later}.length_km", case.first_year).silent
    assert not kr.why(case, "transfers.aktau-oil-berths.capacity", scenario=kr.close(country="RU")).silent


def test_every_number_of_the_case_can_be_asked_for(case: kr.Case) -> None:
    for table in ("links", "transfers", "plants", "fleets", "supplies", "demands", "consignments", "projects"):
        numbers = numbers_of(case, table)
        assert numbers
        for n in numbers[:: max(1, len(numbers) // 40)]:
            assert n.low <= n.value <= n.high, n.name
            assert number_of(case, n.name) == n


@pytest.mark.parametrize(
    ("name", "words"),
    [("links", "table.row.column"), ("links.cpc", "table.row.column"), ("link.x.capacity", "Did you mean 'links'"),
     ("plants.refinery-shimkent.capacity", "refinery-shymkent"),
     ("plants.refinery-shymkent.capacty", "Did you mean 'capacity'"), ("plants.refinery-shymkent.place", "no column of numbers")],
)  # fmt: skip
def test_wrong_names(case: kr.Case, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kr.why(case, name)


def test_tornado(objective: kr.Sensitivity) -> None:
    svg = tornado(objective, 5)
    assert svg.count('class="t-name"') == 5
    assert 'role="img"' in svg
    assert tornado(kr.Sensitivity("c", 2023, (), "objective", "MUSD", 1.0, (), 0, 0)) == ""


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "kazakhstan", "fleets.kmtf-12k"]) == 0
    assert "fleets.kmtf-12k.payload_t" in capsys.readouterr().out
    assert main(["why", "kazakhstan", "fleets", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("number,value,unit,")
    assert main(["why", "kazakhstan", "plants.refinery-shymkent.capacity"]) == 0
    assert "Rival figures" in capsys.readouterr().out
    for wrong in ("link", "links.pipe-cpc", "exports.crud", ""):
        assert main(["why", "kazakhstan", wrong]) == 2
        assert capsys.readouterr().err.startswith("keruen: ")
