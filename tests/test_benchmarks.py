"""The benchmark harness: it parses, keeps what it measured, counts right, and writes its tables. Nothing here is timed."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
if not (FOLDER / "run.py").exists():
    pytest.skip("the benchmarks are not in this copy", allow_module_level=True)
sys.path.insert(0, str(FOLDER))

import cells  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
import run  # noqa: E402


def record(row="keruen", seconds=(1.0, 2.0, 3.0), **more):
    made = {"section": "kazakhstan", "case": "build and solve", "row": row, "make": "kazakhstan:x", "base": False, "agree": "k", "tolerance": 1e-6,
            "starts": "case", "status": "ok", "seconds": list(seconds), "cpu": [1.5], "first_s": 9.0, "peak_mb": 100.0, "before_mb": 50.0, "load": 0.5,
            "answer": {"objective": 100.0}, "key": row}  # fmt: skip
    return {**made, **more}


ABOUT = {"keruen": "0.1.0", "python": "3.11", "machine": "a box, 2 cores, 24 GiB", "system": "Linux"}


def written(records, quick=False):
    return report.markdown(records, ABOUT, quick=quick, date="2026-11-22")


@pytest.mark.parametrize("quick", [False, True])
def test_cells_are_unlike_one_another_and_each_case_has_one_base(quick):
    made = cells.cells(quick)
    assert len({harness.key_of(c) for c in made}) == len(made)
    assert {c.section for c in made} == set(cells.SECTIONS)
    for section, case in {(c.section, c.case) for c in made}:
        assert sum(c.base for c in made if (c.section, c.case) == (section, case)) == 1


def test_every_cell_names_a_function_that_is_there():
    for cell in cells.cells(False) + cells.cells(True):
        module, function = cell.make.split(":")
        assert f"def {function}(" in (FOLDER / "works" / f"{module}.py").read_text(encoding="utf-8"), cell


def test_the_full_run_repeats_at_least_five_times_where_it_can():
    few = {c.row for c in cells.cells(False) if c.repeats < 5}
    assert few == {
        "keruen, each closure from the case (case.solve)", "highspy, arcs, each from nothing", "keruen.stress deep=2, one process",
        "keruen.stress deep=2, all cores", "the first call ever, everything compiled",
        "a lever every 4 s each, a quarter never asked before", "a lever every 8 s each, all never asked before",
    }  # fmt: skip


def test_quick_is_one_repetition_and_keeps_other_files():
    assert {c.repeats for c in cells.cells(True)} == {1}
    full, quick, only = run.files(False, ""), run.files(True, ""), run.files(False, "one")
    assert full[1].name == "RESULTS.md"
    assert len({*full, *quick, *only}) == 6


def test_median_and_spread():
    assert harness.median([3.0, 1.0, 2.0]) == 2.0
    assert harness.median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert harness.median([]) is None
    assert harness.spread([1.0, 2.0, 4.0]) == 1.5
    assert harness.spread([1.0]) is None


def test_timed_leaves_the_first_run_out_and_stops_at_its_budget():
    calls = []
    work = harness.Work(lambda: {"n": calls.append(1) or len(calls)})
    found = harness.timed(work, 5, 60.0)
    assert (len(calls), len(found["seconds"]), len(found["cpu"]), found["answer"]) == (6, 5, 5, {"n": 6})
    found = harness.timed(work, 5, -1.0)
    assert len(found["seconds"]) == 1
    assert found["seconds"] == [found["first_s"]]
    assert len(harness.timed(dataclasses.replace(work, warm_up=False), 3, 60.0)["seconds"]) == 3


def test_figures_of_a_sweep_take_off_what_was_prepared_and_extrapolate():
    sweep = record(seconds=[12.0], answer={"closures": 10, "all": 100, "prepare_s": 2.0, "objectives": {}})
    found = report.figures(sweep)
    assert (found["each"], found["whole"], found["sampled"]) == (1.0, 102.0, True)


def test_records_survive_a_cut_line_and_the_last_one_of_a_cell_counts(tmp_path):
    path = tmp_path / "deep" / "records.jsonl"
    for value in (record("a"), record("b", status="failed", message="no"), record("b", seconds=[7.0])):
        harness.append(path, value)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "c", "sta')
    found = harness.read(path)
    assert [(r["row"], r["status"]) for r in found] == [("a", "ok"), ("b", "ok")]
    assert harness.read(tmp_path / "none.jsonl") == []


def test_table_has_medians_ratios_runs_and_memory():
    text = written([record(base=True), record("PyPSA", seconds=[50.0, 40.0, 60.0], starts="tables")])
    assert "| **keruen** | 2 | 1 | 1.5 | 3 | 100% | 9 | 100 (50) | 100 |  | case |" in text
    assert "| PyPSA | 50 | 25 | 1.5 | 3 | 40% | 9 | 100 (50) | 100 |  | tables |" in text
    assert "a box, 2 cores, 24 GiB" in text
    assert "All objectives that must agree do (1 groups)." in text
    assert "QUICK" not in text
    assert "QUICK" in written([record(base=True)], quick=True)


def test_disagreement_is_loud():
    wrong = [record(base=True), record("PyPSA", answer={"objective": 100.1})]
    assert report.disagreements(wrong) == ["k: PyPSA differs from keruen by 1.00e-03 (relative)"]
    assert "## DISAGREEMENTS" in written(wrong)
    assert report.disagreements([wrong[0], record("PyPSA", answer={"objective": 100.00009})]) == []
    assert report.disagreements([wrong[0], record("PyPSA", answer={"objective": float("nan")})])


def test_closures_are_compared_one_by_one_on_what_both_solved():
    one = record(base=True, answer={"objectives": {"a": 1.0, "b": 2.0}})
    assert report.disagreements([one, record("x", answer={"objectives": {"b": 2.0}})]) == []
    assert report.disagreements([one, record("x", answer={"objectives": {"b": 2.1}})])


def test_a_published_optimum_and_the_capacities_must_hold():
    good = {"objective": 1.0, "off": 1e-6, "closed": True, "violation": 1e-12}
    assert report.disagreements([record(tolerance=2e-5, answer=good)]) == []
    assert report.disagreements([record(tolerance=2e-5, answer={**good, "off": 1e-3})])
    assert report.disagreements([record(tolerance=2e-5, answer={**good, "off": 1e-3, "closed": False})]) == []
    assert report.disagreements([record(answer={**good, "violation": 1e-3})])


def test_failures_are_told_and_not_dropped():
    text = written([record(base=True), {**record("PyPSA"), "status": "timeout", "message": "stopped after 300 s", "seconds": [], "answer": {}}])
    assert "| PyPSA | timeout |" in text
    assert "PyPSA: **timeout**. stopped after 300 s" in text
    assert "**1 of 2 cells have no figure**" in text


def test_every_section_can_be_written():
    for cell in cells.cells(False):
        plain = {**dataclasses.asdict(cell), "load": 0.0, "key": harness.key_of(cell)}
        done = {"status": "ok", "seconds": [1.0], "first_s": 1.0, "peak_mb": 1.0, "before_mb": 1.0}
        for more in (
            {"status": "missing", "message": "not there"},
            {**done, "answer": {"closures": 2, "all": 4, "objectives": {}}},
            {**done, "answer": {"objective": 1.0, "gap": 1e-6, "closed": True, "optimum": None, "off": None}},
        ):
            assert cells.TITLES[cell.section] in written([json.loads(json.dumps({**plain, **more}))])


def test_a_cell_that_fails_or_takes_too_long_is_a_record():
    failing = harness.Cell("cold", "c", "r", "cold:command", {"words": ["no-such-program"]})
    found = harness.run_cell(failing)
    assert (found["status"], found["row"]) == ("missing", "r")
    assert "no-such-program" in found["message"]
    broken = harness.run_cell(harness.Cell("cold", "c", "r", "cold:nothing_of_the_name"))
    assert broken["status"] == "failed"
    slow = harness.Cell("cold", "c", "r", "cold:command", {"words": [Path(sys.executable).name, "-c", "import time; time.sleep(30)"]}, timeout_s=1.0)
    assert harness.run_cell(slow)["status"] == "timeout"


def test_a_cell_runs_in_a_process_of_its_own():
    found = harness.run_cell(harness.Cell("cold", "c", "r", "cold:command", {"words": [Path(sys.executable).name, "-c", "pass"]}, repeats=2))
    assert found["status"] == "ok"
    assert len(found["seconds"]) == 2
    assert found["peak_mb"] > 1


def test_command_line(capsys):
    assert run.main(["--quick", "--list"]) == 0
    assert "kazakhstan" in capsys.readouterr().out
    assert run.main(["--only", "nothing"]) == run.WRONG_USE
    assert "closures" in capsys.readouterr().err
