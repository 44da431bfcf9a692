"""The public names, lazy imports, loading, frozen cases, and the same bytes twice."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import keruen as kr
from small import small_tables, write_small, write_tables


@pytest.fixture
def folder(tmp_path):
    return write_small(tmp_path / "small")


def run(code, *arguments, seed="0"):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- names -------------------------------------------------------------------------------------------


def test_every_public_name_is_there():
    for name in kr.__all__:
        assert getattr(kr, name) is not None
    assert set(kr.__all__) <= set(dir(kr))
    assert kr.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = kr.no_such_name


def test_errors_are_one_tree():
    for error in (kr.CaseError, kr.ScenarioError, kr.SolveError, kr.UnitError, kr.UsageError):
        assert issubclass(error, kr.KeruenError)


def test_importing_keruen_is_light():
    heavy = json.loads(run("import sys, json, keruen; print(json.dumps([m for m in ('numpy', 'pandas', 'scipy', 'highspy', 'pint') if m in sys.modules]))"))
    assert heavy == []


def test_help_is_light():
    code = """
import sys, json
from keruen.cli import main
try:
    main(['--help'])
except SystemExit as stop:
    assert stop.code == 0
print(json.dumps([m for m in ('numpy', 'pandas', 'scipy', 'highspy', 'pint') if m in sys.modules]))
"""
    assert json.loads(run(code).splitlines()[-1]) == []


def test_a_case_is_read_without_solver_or_data_frames(folder):
    code = """
import sys, json, keruen.check as c
c.load_case(sys.argv[1])
print(json.dumps([m for m in ('pandas', 'scipy', 'highspy', 'pint') if m in sys.modules]))
"""
    assert json.loads(run(code, folder)) == []


# --- loading -----------------------------------------------------------------------------------------


def test_load(folder):
    case = kr.load(folder)
    assert (case.name, case.home, case.base_year, case.first_year, case.last_year) == ("small", "AA", 2023, 2015, 2035)
    assert kr.load(str(folder)) == case
    assert "10 links" in repr(case)
    assert list(case.links) == sorted(case.links)


@pytest.mark.parametrize(
    ("name", "words"), [("kazakstan", ["kazakstan", "Did you mean 'kazakhstan'"]), ("nowhere/at/all", ["nowhere/at/all", "Shipped: kazakhstan"]), ("", [])]
)
def test_there_is_no_such_case(name, words):
    with pytest.raises(kr.KeruenError) as caught:
        kr.load(name)
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_a_file_is_no_case(folder):
    with pytest.raises(kr.UsageError, match="folder"):
        kr.load(folder / "links.csv")


def test_all_problems_come_at_once(tmp_path):
    tables = small_tables()
    tables["links"][0]["to"] = "hubb"
    tables["links"][1]["capacity"] = -1
    tables["supplies"][0]["commodity"] = "crud"
    with pytest.raises(kr.CaseError) as caught:
        kr.load(write_tables(tmp_path / "case", tables))
    assert {(f.file, f.column) for f in caught.value.findings} >= {("links.csv", "to"), ("links.csv", "capacity"), ("supplies.csv", "commodity")}


def test_a_case_is_frozen(folder):
    case = kr.load(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.home = "XX"
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.links["pipe-hub-port"].capacity = 5
    with pytest.raises(TypeError):
        case.links["new"] = case.links["pipe-hub-port"]
    with pytest.raises(TypeError):
        case.tables["links"] = ()


# --- solving -----------------------------------------------------------------------------------------


def test_solve_takes_what_it_says(folder):
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "shut.toml").write_text('[[close]]\ncountry = "XX"\n', encoding="utf-8")
    case = kr.load(folder)
    assert case.solve().year == 2023
    assert case.solve(2020).year == case.solve(year=2020).year == 2020
    shut = kr.close(country="XX")
    for scenario in (shut, "shut", ["shut"], str(folder / "scenarios" / "shut.toml")):
        assert case.solve(2023, scenario).objective_musd == pytest.approx(-803.5)
    assert case.solve(scenario=[]).scenario == case.solve(scenario=None).scenario == ()
    assert case.solve(behaviour="planner").behaviour == "planner"
    with pytest.raises(kr.UsageError, match="plannner"):
        case.solve(behaviour="plannner")


def test_the_example_of_the_design(folder):
    case = kr.load(folder)
    base, shut = case.solve(year=2023), case.solve(year=2023, scenario=kr.close(country="XX"))
    frame = shut.compare(base)
    assert len(frame) > 5
    assert set(base.links.columns) >= {"link", "flow"}
    assert base.countries.share.max() == 1


# --- the same bytes twice ----------------------------------------------------------------------------

SOLVE = """
import sys, keruen as kr
from keruen.cli import main
main(['solve', sys.argv[1], '--format', 'json', *sys.argv[2:]])
main(['depend', sys.argv[1], '--format', 'json', '--by', 'place'])
"""


def test_same_bytes_whatever_the_hash_seed(folder):
    runs = {run(SOLVE, folder, "--close", "link=pipe-hub-port", "--compare", "base", seed=seed) for seed in ("0", "1", "12345")}
    assert len(runs) == 1


def test_same_bytes_on_random_cases(tmp_path):
    code = """
import sys, random, json
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from random_cases import random_case, random_scenario
for seed in range(25):
    rng = random.Random(seed)
    case = random_case(rng, Path(sys.argv[2]))
    print(json.dumps(case.solve(2023, random_scenario(rng, case)).to_dict()))
"""
    here = Path(__file__).parent
    runs = {run(code, here, tmp_path / "case", seed=seed) for seed in ("0", "7")}
    assert len(runs) == 1


@pytest.mark.slow
def test_same_bytes_of_kazakhstan():
    runs = {
        run("import sys\nfrom keruen.cli import main\nmain(['solve', 'kazakhstan', '--format', 'json', '--scenario', 'russia-closed'])", seed=seed)
        for seed in ("0", "4")
    }
    assert len(runs) == 1
    data = json.loads(runs.pop())
    assert data["certificate"]["max_violation"] < 1e-7
    assert abs(data["certificate"]["relative_gap"]) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("year", [2023, 2030])
def test_the_shipped_case_verifies(year):
    assert kr.load("kazakhstan").solve(year, verify=True).certificate.verified < 1e-9
