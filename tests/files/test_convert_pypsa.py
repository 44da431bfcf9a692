"""PyPSA folders: the linear program that PyPSA makes of them, written here by its documentation, has the planner's optimum."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

import keruen as kr
from keruen.cli import main
from random_cases import random_case, random_scenario
from small import write_small


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    file = folder / f"{name}.csv"
    return list(csv.DictReader(file.open(encoding="utf-8"))) if file.exists() else []


def optimum(folder: Path) -> float:
    """Least cost: generators and links within p_nom, each bus in balance; a link takes p from bus0 and gives efficiency p to the others."""
    at = {r["name"]: i for i, r in enumerate(rows(folder, "buses"))}
    cost: list[float] = []
    most: list[float | None] = []
    entries: list[tuple[int, int, float]] = []
    for r in rows(folder, "generators"):
        entries.append((at[r["bus"]], len(cost), float(r["sign"])))
        cost.append(float(r["marginal_cost"]))
        most.append(None if r["p_nom"] == "inf" else float(r["p_nom"]))
    for r in rows(folder, "links"):
        entries.append((at[r["bus0"]], len(cost), -1.0))
        for column, bus in r.items():
            if column.startswith("bus") and column != "bus0" and bus:
                k = column.removeprefix("bus")
                entries.append((at[bus], len(cost), float(r["efficiency" if k == "1" else f"efficiency{k}"])))
        cost.append(float(r["marginal_cost"]))
        most.append(None if r["p_nom"] == "inf" else float(r["p_nom"]))
    wanted = np.zeros(len(at))
    for r in rows(folder, "loads"):
        wanted[at[r["bus"]]] += float(r["p_set"])
    i, j, v = zip(*entries, strict=True)
    answer = linprog(cost, A_eq=coo_matrix((v, (i, j)), shape=(len(at), len(cost))).tocsr(), b_eq=wanted, bounds=[(0, m) for m in most], method="highs")
    assert answer.status == 0, answer.message
    return float(answer.fun)


def test_the_small_case(tmp_path):
    case = kr.load(write_small(tmp_path / "small"))
    assert main(["convert", str(tmp_path / "small"), str(tmp_path / "p"), "--to", "pypsa"]) == 0
    assert optimum(tmp_path / "p") == pytest.approx(case.solve().objective_musd, rel=1e-9)


def test_another_year_and_a_scenario(tmp_path):
    case = kr.load(write_small(tmp_path / "small"))
    (tmp_path / "shut.toml").write_text('title = "shut"\n[[close]]\ncountry = "XX"\n', encoding="utf-8")
    arguments = ["convert", str(tmp_path / "small"), str(tmp_path / "p"), "--to", "pypsa", "--year", "2030", "--scenario", str(tmp_path / "shut.toml")]
    assert main(arguments) == 0
    found = optimum(tmp_path / "p")
    assert found == pytest.approx(case.solve(2030, kr.close(country="XX")).objective_musd, rel=1e-9)
    assert found != pytest.approx(case.solve(2030).objective_musd, rel=1e-3)


def test_the_shipped_case(tmp_path):
    assert main(["convert", "kazakhstan", str(tmp_path / "p"), "--to", "pypsa"]) == 0
    assert optimum(tmp_path / "p") == pytest.approx(kr.load("kazakhstan").solve().objective_musd, rel=1e-8)


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.sampled_from((2019, 2023, 2026, 2030)))
def test_random_cases(tmp_path_factory, rng, year):
    folder = tmp_path_factory.mktemp("pypsa")
    case = random_case(rng, folder / "case")
    wanted = case.solve(year).objective_musd
    code = main(["convert", str(folder / "case"), str(folder / "p"), "--to", "pypsa", "--year", str(year)])
    if code:
        assert wanted == pytest.approx(0, abs=1e-9)  # nothing to move
    else:
        assert optimum(folder / "p") == pytest.approx(wanted, rel=1e-7, abs=1e-7)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_random_scenarios(tmp_path_factory, rng):
    from keruen.files.pypsa import pypsa_files
    from keruen.files.sheets import put
    from keruen.network import build

    folder = tmp_path_factory.mktemp("pypsa")
    case = random_case(rng, folder / "case")
    scenario = random_scenario(rng, case)
    network = build(case, case.base_year, scenario)
    if network.wants or network.consigned:
        put(folder / "p", pypsa_files(network))
        assert optimum(folder / "p") == pytest.approx(case.solve(scenario=scenario).objective_musd, rel=1e-7, abs=1e-7)


def test_a_case_with_nothing_to_move_is_refused(tmp_path, capsys):
    folder = write_small(tmp_path / "small")
    for table in ("supplies", "demands", "consignments", "plants"):
        lines = (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()
        (folder / f"{table}.csv").write_text(lines[0] + "\n", encoding="utf-8")
    assert main(["check", str(folder)]) == 0
    assert main(["convert", str(folder), str(tmp_path / "p"), "--to", "pypsa"]) == 2
    assert "nothing to move in 2023" in capsys.readouterr().err


def test_names_are_said_once_and_buses_are_known(tmp_path):
    assert main(["convert", "kazakhstan", str(tmp_path / "p"), "--to", "pypsa"]) == 0
    buses = {r["name"] for r in rows(tmp_path / "p", "buses")}
    for table in ("buses", "links", "generators", "loads"):
        names = [r["name"] for r in rows(tmp_path / "p", table)]
        assert len(set(names)) == len(names) > 0
    assert {r["bus"] for t in ("generators", "loads") for r in rows(tmp_path / "p", t)} <= buses
    assert {b for r in rows(tmp_path / "p", "links") for c, b in r.items() if c.startswith("bus") and b} <= buses
    carriers = {r["name"] for r in rows(tmp_path / "p", "carriers")}
    assert {r["carrier"] for t in ("buses", "links", "generators", "loads") for r in rows(tmp_path / "p", t)} <= carriers


def test_pypsa_itself(tmp_path):
    pypsa = pytest.importorskip("pypsa")
    case = kr.load(write_small(tmp_path / "small"))
    assert main(["convert", str(tmp_path / "small"), str(tmp_path / "p"), "--to", "pypsa"]) == 0
    n = pypsa.Network()
    n.import_from_csv_folder(str(tmp_path / "p"))
    assert n.optimize(solver_name="highs", log_to_console=False, include_objective_constant=False)[0] == "ok"
    assert n.objective == pytest.approx(case.solve().objective_musd, rel=1e-9)
