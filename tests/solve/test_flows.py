"""Many flows: the same least cost as a plain program on arcs, whatever the engine, threads or shape of the network."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from keruen.errors import SolveError, UsageError
from keruen.files.flow_formats import read_dimacs, read_dow, read_mcf, read_tntp
from keruen.solve.flows import Multiflow, certify, solve_multiflow

ENGINES = ("auto", "interior", "simplex", "arcs")
BENCH = Path(os.environ.get("KERUEN_BENCH", Path(__file__).parents[3] / "shared" / "bench"))
present = pytest.mark.skipif(not BENCH.is_dir(), reason=f"the published networks are not in {BENCH}")


def on_arcs(m: Multiflow) -> float | None:
    """Least cost by one program with a column per flow and arc; None where not all can move."""
    k, a = len(m.demand), len(m.tail)
    cost = np.r_[np.tile(m.cost, k), np.full(k, m.unmet if np.isfinite(m.unmet) else 0.0)]
    balance, side = np.zeros((k * m.n, k * a + k)), np.zeros(k * m.n)
    for f in range(k):
        for e in range(a):
            balance[f * m.n + m.head[e], f * a + e] += 1
            balance[f * m.n + m.tail[e], f * a + e] -= 1
        if m.origin[f] != m.destination[f]:
            side[f * m.n + m.destination[f]], side[f * m.n + m.origin[f]] = m.demand[f], -m.demand[f]
            balance[f * m.n + m.destination[f], k * a + f], balance[f * m.n + m.origin[f], k * a + f] = 1, -1
    room = np.hstack([np.eye(a)] * k + [np.zeros((a, k))]) if k else np.zeros((a, 0))
    upper = [(0, None)] * (k * a) + [(0, d if np.isfinite(m.unmet) and o != g else 0) for d, o, g in zip(m.demand, m.origin, m.destination, strict=True)]
    if not k:
        return 0.0
    if not a:
        room = np.zeros((0, k))
    fine = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}  # costs may be as small as 1e-8
    answer = linprog(cost, A_ub=room, b_ub=np.minimum(m.capacity, 1e12), A_eq=balance, b_eq=side, bounds=upper, method="highs", options=fine)
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) if answer.status == 0 else None


@st.composite
def networks(draw: st.DrawFn) -> Multiflow:
    n = draw(st.integers(1, 7))
    a, k = draw(st.integers(0, 16)), draw(st.integers(0, 6))
    place = st.integers(0, n - 1)
    costs = draw(st.sampled_from([st.integers(0, 3), st.integers(0, 1), st.just(0), st.integers(1, 1000), st.floats(0, 10, width=32)]))
    rooms = st.one_of(st.integers(0, 6), st.sampled_from([0.0, 1e9, np.inf, 0.5]))
    amounts = st.one_of(st.integers(0, 5), st.sampled_from([0.25, 1e-3]))
    kinds = ((place, a), (place, a), (costs, a), (rooms, a), (place, k), (place, k), (amounts, k))
    arrays = [draw(st.lists(kind, min_size=size, max_size=size)) for kind, size in kinds]
    unmet = draw(st.sampled_from([np.inf, np.inf, 0.0, 2.0, 1e4]))
    tail, head, cost, capacity, origin, destination, demand = (np.array(v, float) for v in arrays)
    return Multiflow(n, tail.astype(int), head.astype(int), cost, capacity, origin.astype(int), destination.astype(int), demand, unmet)


def check(m: Multiflow, engine: str, gap: float = 1e-6) -> None:
    expected = on_arcs(m)
    if expected is None:
        with pytest.raises(SolveError, match=r"not all can move|no way"):
            solve_multiflow(m, engine=engine, gap=gap, threads=1)
        return
    answer = solve_multiflow(m, engine=engine, gap=gap, threads=1)
    assert answer.violation <= 1e-8
    assert answer.closed
    assert answer.bound <= expected + 1e-7 * max(1, abs(expected))
    assert answer.objective == pytest.approx(expected, rel=2 * gap, abs=2 * gap)
    again = certify(m, answer.path_start, answer.path_arcs, answer.path_flow, answer.path_quantity, answer.unmet, answer.price)
    assert (again.objective, again.bound, again.violation) == (answer.objective, answer.bound, answer.violation)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None)
@given(m=networks())
def test_same_cost_as_a_program_on_arcs(engine: str, m: Multiflow) -> None:
    check(m, engine)


FREE = Multiflow(2, [0], [1], [0], [3], [0], [1], [5], 2.0)  # a way that costs nothing, and not enough of it
APART = Multiflow(2, [1, 1], [0, 0], [1e-30, 1], [1, 1], [1], [0], [2])  # costs too far apart for prices of either


@settings(max_examples=60, deadline=None)
@given(m=networks())
@example(m=FREE)
@example(m=APART)
def test_finished_exactly(m: Multiflow) -> None:
    check(m, "interior", gap=1e-9)


def spread(seed: int, places: int, flows: int, unmet: float = 1e3) -> Multiflow:
    """A ring with chords whose capacities bind."""
    rng = np.random.default_rng(seed)
    a = 4 * places
    tail = np.r_[np.arange(places), rng.integers(0, places, a - places)]
    head = np.r_[(np.arange(places) + 1) % places, rng.integers(0, places, a - places)]
    return Multiflow(places, tail, head, rng.integers(1, 30, a), rng.integers(1, 40, a), rng.integers(0, places, flows), rng.integers(0, places, flows),
                     rng.integers(1, 9, flows), unmet)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_engines_agree(seed: int) -> None:
    m = spread(seed, 40, 120)
    answers = [solve_multiflow(m, engine=engine, gap=1e-7) for engine in ("interior", "simplex", "arcs")]
    assert all(a.closed and a.violation <= 1e-8 for a in answers)
    assert max(a.bound for a in answers) <= min(a.objective for a in answers) + 1e-6
    assert answers[0].objective == pytest.approx(answers[2].objective, rel=3e-7)


def bytes_of(m: Multiflow, engine: str, threads: int) -> bytes:
    a = solve_multiflow(m, engine=engine, threads=threads)
    arrays = (a.load, a.price, a.path_start, a.path_arcs, a.path_flow, a.path_quantity, a.unmet, np.array([a.objective, a.bound]))
    return b"".join(x.tobytes() for x in arrays)


@pytest.mark.parametrize("engine", ["interior", "simplex", "arcs"])
def test_same_bytes_each_time_and_with_any_threads(engine: str) -> None:
    m = spread(3, 60, 400)
    first = bytes_of(m, engine, 1)
    assert bytes_of(m, engine, 1) == first
    assert bytes_of(m, engine, 2) == first


def test_what_makes_no_sense_is_refused() -> None:
    good = {"n": 2, "tail": [0], "head": [1], "cost": [1.0], "capacity": [1.0], "origin": [0], "destination": [1], "demand": [1.0]}
    for change, words in (
        ({"cost": [-1.0]}, r"cost\[0\]: found -1; .*not negative"),
        ({"capacity": [-1.0]}, r"capacity\[0\]: found -1"),
        ({"capacity": [np.nan]}, r"capacity\[0\]: found nan"),
        ({"demand": [np.inf]}, r"demand\[0\]: found inf"),
        ({"demand": [1.0, 2.0]}, "2 of demand"),
        ({"tail": [2]}, r"tail\[0\]: found place 2; expected one from 0 to 1"),
        ({"origin": [-1]}, r"origin\[0\]: found place -1"),
        ({"head": [0.5]}, "head: found entries that are no whole numbers"),
        ({"cost": [[1.0]]}, "cost: found an array of 2 dimensions"),
        ({"cost": ["a lot"]}, "cost: found entries that are no numbers"),
        ({"unmet": -1.0}, "unmet: found -1"),
        ({"n": 1.5}, "n: found 1.5"),
    ):
        with pytest.raises(UsageError, match=words):
            Multiflow(**{**good, **change})
    m = Multiflow(**good)
    for setting in ({"engine": "magic"}, {"gap": -1}, {"threads": 0}):
        with pytest.raises(UsageError):
            solve_multiflow(m, **setting)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_room_says_how_much_must_stay(engine: str) -> None:
    m = Multiflow(3, [0, 1], [1, 2], [1, 1], [5, 3], [0, 0], [2, 1], [4, 1])
    with pytest.raises(SolveError, match="at least 1 of 5 units must stay"):
        solve_multiflow(m, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_flows_to_where_they_are_move_for_nothing(engine: str) -> None:
    m = Multiflow(2, [0, 0], [1, 0], [2, 1], [5, 5], [0, 0, 1], [0, 1, 0], [7, 3, 0], np.inf)
    answer = solve_multiflow(m, engine=engine)
    assert answer.objective == 6
    assert answer.load.tolist() == [3, 0]
    assert dict(zip(answer.path_flow.tolist(), answer.path_quantity.tolist(), strict=True)) == {0: 7, 1: 3}


def test_a_wrong_answer_is_not_certified() -> None:
    m = Multiflow(3, [0, 1], [1, 2], [1, 1], [5, 5], [0], [2], [4])
    price, none = np.zeros(2), np.zeros(1)
    good = certify(m, np.array([0, 2]), np.array([0, 1]), np.array([0]), np.array([4.0]), none, price)
    assert (good.objective, good.bound, good.violation) == (8, pytest.approx(8), 0)
    assert certify(m, np.array([0, 1]), np.array([0]), np.array([0]), np.array([4.0]), none, price).violation == np.inf
    assert certify(m, np.array([0, 2]), np.array([0, 1]), np.array([0]), np.array([3.0]), none, price).violation == 0.25
    assert certify(m, np.array([0, 2]), np.array([0, 1]), np.array([0]), np.array([4.0]), none, np.array([-5.0, 1.0])).bound <= 8


def test_out_of_time_gives_what_there_is() -> None:
    m = spread(5, 60, 500)
    answer = solve_multiflow(m, engine="interior", gap=0, time_limit=1e-9)
    assert answer.violation <= 1e-8
    assert answer.bound <= solve_multiflow(m).objective


def optimum(name: str) -> float:
    with (BENCH / "MANIFEST.csv").open() as file:
        text = {row["file"]: row["optimum"] for row in csv.DictReader(file)}[name]
    return float(text.split(";")[0].rsplit("=", 1)[-1])


def reaches(m: Multiflow, name: str, *, gap: float = 1e-6, rounding: float = 5e-9, **settings: object) -> None:
    answer, best = solve_multiflow(m, gap=gap, **settings), optimum(name)
    assert answer.closed
    assert answer.gap <= gap
    assert answer.violation <= 1e-8
    assert answer.bound <= best * (1 + rounding)
    assert answer.objective >= best * (1 - rounding)


PLANAR = ["planar/planar30", "planar/planar50", "planar/planar80", "planar/planar100", "planar/planar300", "planar/planar500", "grid/grid1", "grid/grid2",
          "grid/grid5", "grid/grid8"]  # fmt: skip


@present
@pytest.mark.parametrize("name", PLANAR)
def test_published_planar_and_grid(name: str) -> None:
    reaches(read_mcf(BENCH / name), name)


@present
@pytest.mark.slow
@pytest.mark.parametrize("name", ["planar/planar150", "planar/planar800", "grid/grid10", "grid/grid12"])
def test_published_planar_and_grid_that_are_hard(name: str) -> None:
    reaches(read_mcf(BENCH / name), name)


@present
@pytest.mark.parametrize("name", ["planar/planar50", "planar/planar100", "grid/grid5"])
def test_published_to_the_last_digit(name: str) -> None:
    reaches(read_mcf(BENCH / name), name, gap=1e-11)


@present
@pytest.mark.parametrize("name", [f"canad/{n}.dow" for n in ("c33", "c35", "c36", "c41", "c42", "c43", "c44", "r04.1", "r04.5", "r07.1", "r10.1", "r10.5")])
def test_published_designs_with_all_arcs_open(name: str) -> None:
    reaches(read_dow(BENCH / name).flows, name, rounding=1e-6)


@present
@pytest.mark.parametrize("name", ["goto_8_08a", "goto_8_10a", "netgen_8_08a", "netgen_8_10a", "netgen_lo_8_10a", "netgen_sr_08a"])
def test_published_single_commodity(name: str) -> None:
    reaches(read_dimacs(BENCH / f"dimacs/{name}.min"), f"dimacs/{name}.min", gap=1e-9)


@present
@pytest.mark.slow
@pytest.mark.parametrize(("name", "divide"), [("ChicagoSketch", 2.4), ("Barcelona", 5050.0)])
def test_published_roads(name: str, divide: float) -> None:
    m = read_tntp(BENCH / f"tntp-linear/{name}_net.tntp.gz", BENCH / f"tntp-linear/{name}_trips.tntp.gz", divide=divide, through_zones=True)
    reaches(m, f"tntp-linear/{name}_net.tntp.gz", rounding=1e-5)


def test_the_command_line_does_not_load_the_compiler() -> None:
    code = "import sys, keruen.cli; print([m for m in ('numba', 'highspy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
