"""Closures in turn and together, against the case solved anew without them."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from functools import reduce
from itertools import combinations

import pytest

import keruen as kr
from keruen.ask.closing import Question, close_one, scenarios_of, things_of
from keruen.ask.stress import _Run, stress
from keruen.ask.worst import worst
from keruen.errors import UsageError
from keruen.scenario import Scenario
from random_cases import random_case
from small import write_small


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small"))


@pytest.fixture(scope="module")
def kazakhstan():
    return kr.load("kazakhstan")


def same(a, b, relative=1e-7):
    return abs(a - b) <= relative * max(1.0, abs(a), abs(b))


@pytest.mark.parametrize("seed", range(12))
def test_every_set_up_to_three(seed, tmp_path):
    """Solved or not: what is said of a set of closures is what the case says without them."""
    case = random_case(random.Random(seed), tmp_path / "case")
    things = tuple(things_of(case, "link")[:7] + things_of(case, "country")[:2])
    run = _Run(Question(case, 2023, Scenario(), things, (), True), [], 3, 1, None, None, False)
    run.singles()
    told = [*run.sets(2), *run.sets(3)]
    worse = {tuple(r["closed"]): r for r in told}
    for size in (1, 2, 3):
        for members in combinations(range(len(things)), size):
            anew = case.solve(2023, reduce(Scenario.__add__, (close_one(things[i]) for i in members))).objective_musd
            assert same(run.value_of(members), anew), [str(things[i]) for i in members]
            if size > 1:
                fewer = max(run.value_of(part) for part in combinations(members, size - 1))
                key = tuple(str(things[i]) for i in members)
                assert (key in worse) == (anew - fewer > 1e-6 * max(1.0, abs(fewer))), key
                if key in worse:
                    assert worse[key]["loss_musd"] == pytest.approx(anew - run.base.objective, abs=1e-6)


def test_small_case(small):
    """Without the pipe, 3 Mt of 10 leave by the ship, as the berths allow."""
    answer = stress(small, by="link")
    rows = {r["closed"][0]: r for r in answer.rows}
    pipe = rows["link pipe-hub-terminal"]
    lost = {r["commodity"]: r for r in pipe["lost"]}
    assert lost["crude"]["quantity"] == pytest.approx(7)
    assert lost["crude"]["exports"] == pytest.approx(7)
    assert lost["crude"]["value_musd"] == pytest.approx(7 * 500)
    assert pipe["loss_musd"] == pytest.approx(small.solve(2023, kr.close(link="pipe-hub-terminal")).objective_musd - small.solve(2023).objective_musd)
    assert "link pipe-planned" in answer.idle
    assert [r["loss_musd"] for r in answer.rows] == sorted((r["loss_musd"] for r in answer.rows), reverse=True)


def test_what_is_rerouted_and_what_relief_is_worth(small):
    """With room to spare elsewhere, what the pipe carried goes by ship until the berths are full."""
    room = kr.scale(transfer="port-berths", capacity=2) + kr.scale(fleet=next(iter(small.fleets)), ships=5)
    answer = stress(small, by="country", scenario=room)
    row = next(r for r in answer.rows if r["closed"] == ["country XX"])
    crude = next(r for r in row["rerouted"] if r["commodity"] == "crude")
    assert crude["quantity"] > 1
    assert any(l["link"] == "tanker-port-far" for l in crude["links"])
    assert "port-berths" in row["became_full"]
    relief = next(r for r in row["relief"] if r["limit"] == "port-berths")
    shut = room + kr.close(country="XX")
    more = small.solve(2023, kr.set_value("transfers", "port-berths", "capacity", 3.5) + shut).objective_musd  # 3.5 x 2: one more than 6
    less = small.solve(2023, shut).objective_musd
    assert relief["worth_musd"] == pytest.approx(less - more, abs=1e-6)


def test_events(kazakhstan):
    names = [t for t in things_of(kazakhstan, "event") if t.name in ("russia-closed", "cpc-moorings-2022")]
    run = _Run(Question(kazakhstan, 2023, Scenario(), (), scenarios_of(kazakhstan, names), False), names, 1, 1, None, None, False)
    rows = {r["closed"][0]: r for r in run.singles()}
    base = kazakhstan.solve(2023).objective_musd
    for name in ("russia-closed", "cpc-moorings-2022"):
        assert rows[f"event {name}"]["loss_musd"] == pytest.approx(kazakhstan.solve(2023, name).objective_musd - base, abs=1e-5)


def test_frames_and_words(small):
    answer = stress(small, by=["link", "operator"], deep=2)
    assert list(answer.closures.columns)[:2] == ["closed", "loss_musd"]
    assert len(answer.closures) == len(answer.rows)
    assert set(answer.lost["commodity"]) <= {"crude", "products", "boxes"}
    assert "worst:" in repr(answer)
    data = answer.to_dict()
    assert data["by"] == ["link", "operator"]
    assert set(data["counts"]) == {"1", "2"}


def test_same_again_by_any_number_of_processes(small, tmp_path):
    one = stress(small, by="link", deep=2, jobs=1).to_dict()
    assert stress(small, by="link", deep=2, jobs=2).to_dict() == one
    file = tmp_path / "kept.jsonl"
    assert stress(small, by="link", deep=2, jobs=1, checkpoint=file).to_dict() == one
    kept = file.read_text().splitlines()
    file.write_text("\n".join(kept[: len(kept) // 2]) + "\n" + kept[-1][:10])
    assert stress(small, by="link", deep=2, jobs=1, checkpoint=file).to_dict() == one, "resumed half-way"


def test_wrong_words(small, tmp_path):
    with pytest.raises(UsageError, match="Choose link, transfer"):
        stress(small, by="lnk")
    with pytest.raises(UsageError, match="from 1 to 3"):
        stress(small, deep=4)
    with pytest.raises(UsageError, match="one by one"):
        stress(small, by="event", deep=2)
    with pytest.raises(UsageError, match="worst 0"):
        worst(small, 0)
    with pytest.raises(UsageError, match="events are not closures"):
        worst(small, 1, by="event")
    stress(small, by="link", checkpoint=tmp_path / "a.jsonl")
    with pytest.raises(UsageError, match=r"a\.jsonl"):
        stress(small, by="country", checkpoint=tmp_path / "a.jsonl")


def test_worst_against_pairs(kazakhstan):
    found = worst(kazakhstan, 2, by="country")
    pairs = stress(kazakhstan, by="country", deep=2)
    best = next(r for r in pairs.rows if len(r["closed"]) == 2)
    assert list(found.closed) == best["closed"]
    assert found.loss_musd == pytest.approx(best["loss_musd"], rel=1e-9)
    assert 0 <= found.gap <= 1e-4
    assert {r["commodity"]: r["quantity"] for r in found.told["lost"]} == pytest.approx({r["commodity"]: r["quantity"] for r in best["lost"]}, rel=1e-6)


def test_brief_says_the_same_losses(kazakhstan):
    whole, brief = stress(kazakhstan, by="country"), stress(kazakhstan, by="country", brief=True)
    for a, b in zip(whole.rows, brief.rows, strict=True):
        assert (a["closed"], a["loss_musd"], a["lost"]) == (b["closed"], b["loss_musd"], b["lost"])
        assert "relief" in a
        assert "relief" not in b


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker(kazakhstan, tmp_path):
    """Two real worker processes, one of them killed when some closures are done: the sweep ends complete and the same."""
    distributed = pytest.importorskip("distributed")
    here = stress(kazakhstan, by="operator", deep=3, jobs=1).to_dict()
    kept, killed = tmp_path / "kept.jsonl", []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def kill() -> None:
            while not (kept.exists() and kept.read_text().count("\n") > 40):  # single closures and some pairs are told
                time.sleep(0.05)
            killed.append(len(kept.read_text().splitlines()))
            os.kill(next(iter(cluster.workers.values())).process.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        found = stress(kazakhstan, by="operator", deep=3, cluster=cluster.scheduler_address, checkpoint=kept).to_dict()
    assert killed
    assert killed[0] < len(kept.read_text().splitlines()), "it was killed half-way"
    assert found == here
