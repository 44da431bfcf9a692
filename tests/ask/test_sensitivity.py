"""Which numbers a result hangs on: against solves from nothing, and what was passed over against brute force."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

import keruen as kr
from keruen.ask.laying import Arrays
from keruen.ask.moves import Bench
from keruen.ask.results import result_of
from keruen.ask.sensitivity import guesses, sensitivity
from keruen.ask.standing import cells_of, find, ranges_of, standing, value_of, with_value
from keruen.cli import main
from keruen.errors import UsageError
from keruen.network import build
from keruen.scenario import SETTABLE
from keruen.solve import solve
from keruen.solve.shares import Shares, exported, is_export, touching
from random_cases import random_case, random_scenario
from small import write_small

DOCS = Path(__file__).resolve().parents[2] / "docs"
YEARS = (2019, 2023, 2026, 2030)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("sensitivity") / "small"))


@pytest.fixture(scope="module")
def shipped():
    return kr.load("kazakhstan")


def cold(bench, cell, value):
    """Solved from nothing, on arcs."""
    return solve(build(with_value(bench.case, cell, value), bench.year), engine="arcs", gap=0.0)


def test_rows_of_the_small_case(case):
    found = sensitivity(case)
    base = case.solve(gap=0.0).objective_musd
    assert found.value == pytest.approx(base)
    assert {"demands.market-crude.price_usd", "links.pipe-hub-terminal.capacity"} <= {r["number"] for r in found.rows[:3]}
    assert found.counts["moves"] == len(found.rows)
    assert sum(found.counts.values()) == sum(1 for t in SETTABLE for _ in cells_of(case, t))
    for row in found.rows:
        cell = find(case, row["number"])
        for end in ("low", "high"):
            if not cell.key:
                again = case.solve(scenario=kr.set_value(cell.table, cell.row, cell.column, row[end]), gap=0.0).objective_musd
                assert row[f"result_{end}"] == pytest.approx(again, abs=1e-6)
        ends = (found.value, row["result_low"], row["result_high"])
        assert row["swing"] == pytest.approx(max(ends) - min(ends))
    assert list(found.table["swing"]) == sorted(found.table["swing"], reverse=True)
    assert "hangs on" in repr(found)


@pytest.mark.parametrize("name", ["objective", "cost", "exports.crude", "exports.crude.ZZ", "crossing.crude.XX", "limits.pipe-hub-terminal", "limits.tankers",
                                  "limits.pipe-quota", "plants.refinery"])  # fmt: skip
def test_every_kind_of_result(case, name):
    found = sensitivity(case, name)
    told = found.to_dict()
    jsonschema.Draft202012Validator(json.loads((DOCS / "schemas" / "why-result.json").read_text(encoding="utf-8"))).validate(told)
    plan = case.solve(gap=0.0)
    n = plan.network
    wanted = {
        "objective": plan.objective_musd, "cost": plan.cost_musd, "exports.crude": exported(plan.solution, "crude"),
        "exports.crude.ZZ": exported(plan.solution, "crude"), "limits.pipe-quota": 7.0, "limits.pipe-hub-terminal": 7.0,
        "plants.refinery": plan.plants["run"][0], "limits.tankers": plan.limits.set_index("limit")["load"]["tankers"],
        "crossing.crude.XX": Shares(plan.solution, "crude").of(touching(n, "country", "XX")).plan,
    }  # fmt: skip
    assert found.value == pytest.approx(wanted[name])
    assert found.rows, "each hangs on something"


@pytest.mark.parametrize(("name", "words"), [
    ("objectve", "Did you mean 'objective'"), ("exports.crud", "Did you mean 'crude'"), ("exports.crude.QQ", "no place or link lies in 'QQ'"),
    ("crossing.crude", "crossing.COMMODITY.COUNTRY"), ("limits.pipe-hub-termnal", "Did you mean 'pipe-hub-terminal'"),
    ("plants.refnery", "Did you mean 'refinery'"), ("objective.crude", "is one number"), ("exports.boxes", "does not export"),
])  # fmt: skip
def test_misspelt_results(case, name, words):
    with pytest.raises(UsageError, match=words):
        sensitivity(case, name)


def test_kinds_and_rivals(case):
    with pytest.raises(UsageError, match="kinds are"):
        sensitivity(case, kinds=["guess"])
    assert sensitivity(case, kinds="estimate").rows == ()
    derived = sensitivity(case, "limits.pipe-hub-terminal", kinds=["derived"])
    assert sum(derived.counts.values()) == 1
    (row,) = sensitivity(case, kinds=["derived"], rivals=True).rows or [{"high": 10}]
    assert row["high"] == 10, "the rival of 9 lies inside"


def test_what_a_scenario_sets_is_not_moved(case):
    scenario = kr.set_value("demands", "market-crude", "price_usd", 300)
    found = sensitivity(case, scenario=scenario)
    assert all(r["number"] != "demands.market-crude.price_usd" for r in found.rows)
    row = next(r for r in found.rows if r["number"] == "links.pipe-hub-terminal.capacity")
    again = case.solve(scenario=scenario + kr.set_value("links", "pipe-hub-terminal", "capacity", row["low"]), gap=0.0)
    assert row["result_low"] == pytest.approx(again.objective_musd, abs=1e-6)


# --- random cases ------------------------------------------------------------------------------------------


def quick_and_rebuilt(bench):
    for table in SETTABLE:
        for cell in cells_of(bench.case, table):
            value = value_of(bench.case, cell)
            if isinstance(value, float):
                for factor in (0.6, 1.4):
                    yield cell, bench.arrays_at(cell, value * factor), bench.rebuilt(cell, value * factor)


@pytest.mark.parametrize("seed", range(12))
def test_quick_arrays_are_those_of_a_network_built_anew(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    bench = Bench(case, rng.choice(YEARS), rng.choice((None, random_scenario(rng, case))))
    for cell, quick, built in quick_and_rebuilt(bench):
        if cell.column == "payload_t":
            continue  # laid on the hours instead
        assert isinstance(quick, Arrays) == isinstance(built, Arrays), cell
        if isinstance(quick, Arrays):
            for part in ("cost", "upper", "row_lower", "row_upper", "offset"):
                np.testing.assert_allclose(getattr(quick, part), getattr(built, part), rtol=1e-12, atol=1e-12, err_msg=f"{cell} {part}")


@pytest.mark.parametrize("seed", range(12))
def test_random_cases_against_solves_from_nothing(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    bench = Bench(case, rng.choice(YEARS))
    cells = [c for t in SETTABLE for c in cells_of(case, t)]
    for cell in rng.sample(cells, min(25, len(cells))):
        value = value_of(case, cell)
        if not isinstance(value, float) or (cell.table == "rules" and cell.column == "amount_usd"):
            continue
        for factor in (0.6, 1.4):
            if cell.column in ("availability", "downtime") and value * factor > 1:
                continue
            moved, again = bench.at(cell, value * factor), cold(bench, cell, value * factor)
            assert moved.values[0] == pytest.approx(again.objective, rel=1e-7, abs=1e-6), (cell, factor, moved.how)


def test_what_is_passed_over_moves_nothing(tmp_path):
    """The rule that saves a solve, held against the solve."""
    stays = 0
    for seed in range(8):
        case = random_case(seed, tmp_path / str(seed))
        bench = Bench(case, 2023)
        for cell in (c for t in SETTABLE for c in cells_of(case, t)):
            value = value_of(case, cell)
            for factor in (0.6, 1.4) if isinstance(value, float) else ():
                moved = bench.at(cell, value * factor)
                if moved.how in ("same", "stays") and not (cell.column in ("availability", "downtime") and value * factor > 1):
                    stays += moved.how == "stays"
                    if stays % 5 == 0:
                        assert moved.values[0] == pytest.approx(cold(bench, cell, value * factor).objective, rel=1e-8, abs=1e-7), (seed, cell)
    assert stays > 50


@pytest.mark.parametrize("seed", range(10))
def test_of_plans_that_cost_the_same_the_one_that_exports_most(seed, tmp_path):
    bench = Bench(random_case(seed, tmp_path / "case"), 2023)
    p, n = bench.program, bench.network
    if not len(p.cost):
        return
    sold = np.zeros(len(p.cost))
    sold[[c for c, t in p.taken if is_export(n, t)]] = 1.0
    equal = p.row_lower == p.row_upper
    most, least = ~equal & np.isfinite(p.row_upper), ~equal & np.isfinite(p.row_lower)
    best = float(p.cost @ bench.x)
    sides = sparse.vstack([p.matrix[most, :], -p.matrix[least, :], sparse.csr_array(p.cost[None, :])])
    room = np.concatenate([p.row_upper[most], -p.row_lower[least], [best + 1e-7 * max(1.0, abs(best))]])
    answer = linprog(-sold, A_ub=sides, b_ub=room, A_eq=p.matrix[equal, :], b_eq=p.row_upper[equal], bounds=np.stack([np.zeros(len(p.cost)), p.upper], axis=1))
    assert answer.status == 0
    assert sold @ bench.x == pytest.approx(-answer.fun, abs=1e-3)


def test_answers_do_not_depend_on_what_was_asked_before(case):
    cells = [c for t in SETTABLE for c in cells_of(case, t) if isinstance(value_of(case, c), float)]
    one, other = Bench(case, 2023), Bench(case, 2023)
    told = [one.at(c, value_of(case, c) * 1.3) for c in cells]
    back = [other.at(c, value_of(case, c) * 1.3) for c in reversed(cells)]
    assert told == back[::-1]


# --- the shipped case --------------------------------------------------------------------------------------


def test_shipped_case_and_what_was_passed_over(shipped):
    """A sample of the numbers passed over, and of those solved, against solves from nothing."""
    bench = Bench(shipped, 2023)
    figures = ranges_of(shipped, frozenset())
    by_how = {}
    for cell in (c for t in SETTABLE for c in cells_of(shipped, t)):
        s = standing(shipped, cell, figures=figures)
        if s.low is not None and s.low != s.value and cell.table not in ("commodities", "fleets", "projects"):
            by_how.setdefault(bench.at(cell, s.low).how, []).append((cell, s.low))
    assert set(by_how) >= {"same", "stays", "warm"}
    for how in sorted(by_how):
        for cell, value in random.Random(1).sample(by_how[how], min(6, len(by_how[how]))):
            again = solve(build(with_value(shipped, cell, value), 2023), gap=0.0).objective
            moved = bench.at(cell, value)
            assert moved.values[0] == pytest.approx(again, rel=1e-9), (how, cell)
            if how in ("same", "stays"):
                assert again == pytest.approx(bench.base.values[0], rel=1e-9)


def test_share_lies_in_the_range_of_near_best_plans(shipped):
    bench = Bench(shipped, 2023)
    share = Shares(solve(bench.network, gap=0.0), "crude").of(touching(bench.network, "country", "RU"))
    assert share.least - 1e-6 <= bench.base.values[2] <= share.most + 1e-6
    assert str(bench.results[2]) == "crossing.crude.RU"
    assert str(result_of(bench.network, "exports.crude.CN", bench.program)) == "exports.crude.CN"


# --- guesses and the command line ---------------------------------------------------------------------------


def test_guesses(case):
    assert guesses(case).rows == (), "the small case has none"
    found = guesses(case, kinds=["sourced", "derived"], top=3)
    assert len(found.rows) == 3
    assert [r["result"] for r in found.results] == ["objective", "exports.crude", "crossing.crude.XX"]
    spread = [max(0.0, *r["moves"][0]) - min(0.0, *r["moves"][0]) for r in found.rows]
    assert spread == sorted(spread, reverse=True)
    assert found.counts["moves"] > 3
    alone = {r["number"]: r for r in sensitivity(case).rows}
    for row in found.rows:
        low, high = row["moves"][0]
        if row["number"] in alone:
            base = found.results[0]["value"]
            assert low == pytest.approx(alone[row["number"]]["result_low"] - base, abs=1e-6)
            assert high == pytest.approx(alone[row["number"]]["result_high"] - base, abs=1e-6)


def test_command(case, capsys):
    assert main(["why", str(case.path), "exports.crude", "--top", "2"]) == 0
    text = capsys.readouterr().out
    for words in ("crude exported = ", "What it hangs on", "more that move it less", "numbers:", "the plan stays the best"):
        assert words in text
    assert main(["why", str(case.path), "plants.refinery"]) == 0
    text = capsys.readouterr().out
    assert "run of refinery" in text
    assert "outputs.products" in text
    assert main(["why", str(case.path), "objective", "--guesses"]) == 0
    assert "No number moves it." in capsys.readouterr().out
    assert main(["why", str(case.path), "crossing.crude.XX", "--format", "csv", "--close", "link=pipe-hub-port"]) == 0
    assert capsys.readouterr().out.startswith("number,value,unit,low,high")


def test_nothing_is_exported(case, capsys):
    assert main(["why", str(case.path), "crossing.crude.XX", "--close", "place=hub"]) in (0, 2)
    assert sensitivity(case, "objective", scenario=kr.close(place="hub")).value is not None
