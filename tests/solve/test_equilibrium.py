"""Equilibria: published ones, ones by hand, random ones against SciPy; and what cannot be solved."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

import keruen as kr
from keruen.errors import SolveError, UsageError
from keruen.files.flow_formats import read_tntp_flow, read_tntp_roads
from keruen.solve.delays import DAVIDSON, POINTS, Delays
from keruen.solve.equilibrium import Assignment, EquilibriumAnswer, certify, solve_equilibrium

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench" / "tntp-ue"
published = pytest.mark.skipif(not BENCH.exists(), reason="the published networks are not at hand")


def roads(folder: str, name: str, toll: float = 0.0, distance: float = 0.0) -> Assignment:
    at = BENCH / folder
    return read_tntp_roads(at / f"{name}_net.tntp", at / f"{name}_trips.tntp", toll_weight=toll, distance_weight=distance)


def bytes_of(answer: EquilibriumAnswer) -> bytes:
    return b"".join(x.tobytes() for x in (answer.load, answer.cost, answer.path_start, answer.path_arcs, answer.path_flow, answer.path_quantity))


def braess(demand: float = 6.0) -> Assignment:
    """Two ways of 50 + v and 10 v, and a short cut of 10 + v between them (Braess 1968)."""
    return Assignment(4, [0, 0, 2, 3, 2], [2, 3, 1, 1, 3], ([0, 50, 50, 0, 10], [10, 1, 1, 10, 1], 1.0, 1.0), [0], [1], [demand])


# --- by hand -----------------------------------------------------------------------------------------


def test_braess() -> None:
    user, system = solve_equilibrium(braess(), gap=1e-12), solve_equilibrium(braess(), gap=1e-12, system=True)
    assert user.load == pytest.approx([4, 2, 2, 4, 2])
    assert user.cost @ user.load == pytest.approx(552)
    assert user.total == pytest.approx(552)
    assert user.objective == pytest.approx(386)
    assert system.load == pytest.approx([3, 3, 3, 3, 0])
    assert system.total == system.objective == pytest.approx(498)
    assert (user.closed, system.closed, user.gap < 1e-12) == (True, True, True)
    assert sorted(user.path_quantity.tolist()) == pytest.approx([2, 2, 2])
    without = replace(braess(), tail=[0, 0, 2, 3], head=[2, 3, 1, 1], delays=([0, 50, 50, 0], [10, 1, 1, 10], 1.0, 1.0), fixed=None)
    assert solve_equilibrium(without, gap=1e-12).total == pytest.approx(498)  # the short cut harms all


def test_a_toll_turns_user_into_system() -> None:
    # Pigou 1920: a road of constant cost 1 beside one that costs its load.
    a = Assignment(2, [0, 0], [1, 1], ([1, 0], [0, 1], 1.0, 1.0), [0], [1], [1.0])
    assert solve_equilibrium(a, gap=1e-12).load == pytest.approx([0, 1])
    assert solve_equilibrium(a, gap=1e-12, system=True).load == pytest.approx([0.5, 0.5])
    assert solve_equilibrium(replace(a, fixed=[0, 0.5]), gap=1e-12).load == pytest.approx([0.5, 0.5])


def test_powers_below_one_and_no_free_cost() -> None:
    # sqrt(v) beside 1: all but one unit go the constant way.
    a = Assignment(2, [0, 0], [1, 1], ([0, 1], [1, 0], 1.0, [0.5, 1]), [0], [1], [3.0])
    assert solve_equilibrium(a, gap=1e-12).load == pytest.approx([1, 2])


def test_davidson_keeps_its_limit() -> None:
    # 1 + u/(1-u) beside a flat 101: u = 100/101.
    d = Delays([DAVIDSON, 0], [1, 101], 1.0, 10.0)
    a = Assignment(2, [0, 0], [1, 1], d, [0], [1], [30.0])
    for system in (False, True):
        answer = solve_equilibrium(a, gap=1e-12, system=system)
        u = 100 / 101 if not system else 1 - 101**-0.5  # (1 - u)^-2 = 101
        assert answer.load == pytest.approx([10 * u, 30 - 10 * u])
        assert answer.gap <= 1e-12
    alone = Assignment(2, [0], [1], Delays(DAVIDSON, [1.0], 1.0, 10.0), [0], [1], [9.9999])
    assert solve_equilibrium(alone).cost == pytest.approx([1 + 99999])
    with pytest.raises(SolveError, match="arc 0 takes less than its capacity 10 and would carry 10"):
        solve_equilibrium(replace(alone, demand=[10.0]))


def test_points() -> None:
    d = Delays([POINTS, 0], [1, 3], 0.0, 10.0, 1.0, [0, 3, 3], [0, 0.5, 1], [0, 1, 5])
    a = Assignment(2, [0, 0], [1, 1], d, [0], [1], [30.0])
    assert solve_equilibrium(a, gap=1e-12).load == pytest.approx([6.25, 23.75])


# --- what is odd but allowed -------------------------------------------------------------------------


def test_odd_trips() -> None:
    a = Assignment(3, [0, 0, 1, 1], [1, 1, 2, 1], ([1, 1, 0, 1], [1, 1, 0, 1], 1.0, 1.0), [0, 0, 2, 1, 0], [1, 2, 2, 0, 1], [1.0, 2.0, 5.0, 0.0, 1.0])
    answer = solve_equilibrium(a, gap=1e-12)
    assert answer.load == pytest.approx([2, 2, 2, 0])  # parallel arcs share; a loop carries nothing
    stays = answer.path_flow == 2
    assert answer.path_quantity[stays].tolist() == [5]
    assert np.diff(answer.path_start)[stays].tolist() == [0]
    moved = np.bincount(answer.path_flow, answer.path_quantity, minlength=5)
    assert moved == pytest.approx([1, 2, 5, 0, 1])
    assert answer.violation < 1e-12


@pytest.mark.parametrize(
    "a",
    [
        Assignment(0, [], [], ([], [], [], []), [], [], []),
        Assignment(2, [0], [1], ([1], [1], [1], [1]), [], [], []),
        Assignment(2, [0], [1], ([1], [1], [1], [1]), [1], [0], [0.0]),
        Assignment(2, [], [], ([], [], [], []), [1], [1], [3.0]),
    ],
)
def test_nothing_to_move(a: Assignment) -> None:
    answer = solve_equilibrium(a)
    assert (answer.objective, answer.gap, answer.average_excess, answer.closed, answer.rounds) == (0, 0, 0, True, 0)
    assert not answer.load.any()


def test_costs_of_nothing_at_all() -> None:
    answer = solve_equilibrium(Assignment(2, [0, 0], [1, 1], ([0, 0], 0, 1, 1), [0], [1], [3.0]), gap=0)
    assert (answer.gap, answer.closed, answer.load.sum()) == (0, True, 3)


def test_zones_are_not_passed() -> None:
    # 0 -> 1 -> 2 is cheap but passes zone 1; 0 -> 3 -> 2 is dear.
    a = Assignment(4, [0, 1, 0, 3], [1, 2, 3, 2], ([1, 1, 5, 5], 0, 1, 1), [0, 1], [2, 2], [1.0, 1.0], first_thru=3)
    assert solve_equilibrium(a).load.tolist() == [0, 1, 1, 1]
    assert solve_equilibrium(replace(a, first_thru=0)).load.tolist() == [1, 2, 0, 0]
    with pytest.raises(SolveError, match=r"trip 0 .1 from place 0 to place 2.*no way without passing one below place 4"):
        solve_equilibrium(replace(a, first_thru=4))


def test_no_way() -> None:
    a = Assignment(3, [0], [1], ([1], [1], [1], [1]), [0, 0, 1, 2], [1, 2, 2, 0], [1.0, 7.0, 1.0, 0.0])
    with pytest.raises(SolveError, match=r"trip 1 \(7 from place 0 to place 2, numbered from 0\): found no way, and 1 more trips have none"):
        solve_equilibrium(a)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": -1}, "n: found -1"), ({"n": "two"}, "n: found two"), ({"first_thru": 1.5}, "first_thru: found 1.5"),
        ({"tail": [0, 0, 2, 3, 9]}, r"tail\[4\]: found place 9"),
        ({"demand": [-1.0]}, r"demand\[0\]: found -1"), ({"demand": [1.0, 2.0]}, "2 of demand"), ({"delays": 3}, "found neither Delays nor four arrays"),
        ({"delays": ([1], [1], [1], [1])}, "1 of delays"), ({"delays": ([1] * 5, 1, 0, 1)}, r"capacity\[0\]: found 0"),
        ({"fixed": [-1] * 5}, r"fixed\[0\]: found -1"), ({"fixed": [1]}, "1 of fixed"),
    ],
)  # fmt: skip
def test_wrong_arrays(change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replace(braess(), **change)


@pytest.mark.parametrize(("settings_", "words"), [({"gap": -1}, "gap: found -1"), ({"gap": float("nan")}, "gap"), ({"threads": 0}, "threads: found 0"),
                                                  ({"time_limit": -1}, "time_limit: found -1")])  # fmt: skip
def test_wrong_settings(settings_: dict[str, float], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        solve_equilibrium(braess(), **settings_)  # type: ignore[arg-type]


# --- random ones against SciPy -----------------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> Assignment:
    """Few places in a ring, so that every trip has a way, and some more arcs; curves of every kind that grows without limit."""
    n = draw(st.integers(2, 5))
    more = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] != e[1]), max_size=6))
    ends = [(i, (i + 1) % n) for i in range(n)] + more
    number = st.integers(0, 40).map(lambda x: x / 10)
    m = len(ends)
    free, scale = ([draw(number) for _ in range(m)] for _ in range(2))
    capacity, power = [draw(st.sampled_from([1.0, 2.0, 5.0])) for _ in range(m)], [draw(st.sampled_from([1.0, 4.0, 2.5, 1.5, 0.0])) for _ in range(m)]
    trips = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(0, 9)), min_size=1, max_size=4))
    fixed = [draw(st.sampled_from([0.0, 0.0, 1.0])) for _ in range(m)]
    return Assignment(n, [e[0] for e in ends], [e[1] for e in ends], (free, scale, capacity, power), [t[0] for t in trips], [t[1] for t in trips],
                      [float(t[2]) for t in trips], fixed)  # fmt: skip


def least(a: Assignment, system: bool) -> float:
    """The same program on arcs by trip, by SciPy: nothing of ours but the curves."""
    m, k = len(a.tail), len(a.demand)
    node = np.zeros((a.n, m))
    for e in range(m):
        node[a.tail[e], e] += 1
        node[a.head[e], e] -= 1
    side = np.zeros((k, a.n))
    for t in range(k):
        side[t, a.origin[t]] += a.demand[t]
        side[t, a.destination[t]] -= a.demand[t]
    free, scale, cap, power = a.delays.free + a.fixed, a.delays.scale, a.delays.capacity, a.delays.power

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        v = np.maximum(x.reshape(k, m).sum(0), 0)
        grown = scale * (v / cap) ** power * (a.delays.kind == 1)
        if system:
            return float(v @ (free + grown)), np.tile(free + (1 + power) * grown, k)
        return float(v @ (free + grown / (power + 1))), np.tile(free + grown, k)

    rows = np.kron(np.eye(k), node[:-1])
    size = max(1.0, value(np.full(k * m, a.demand.sum() / k))[0])

    def scaled(x: np.ndarray) -> tuple[float, np.ndarray]:
        worth, slope = value(x)
        return worth / size, slope / size

    found = minimize(scaled, np.full(k * m, 1.0), jac=True, method="SLSQP", bounds=[(0, None)] * (k * m),
                     constraints=LinearConstraint(rows, side[:, :-1].ravel(), side[:, :-1].ravel()), options={"maxiter": 500, "ftol": 1e-13})  # fmt: skip
    assert found.status in (0, 8), found.message  # 8: no more digits to be had
    assert np.abs(rows @ found.x - side[:, :-1].ravel()).max(initial=0) < 1e-7
    return float(found.fun) * size


@settings(max_examples=60)
@given(networks(), st.booleans())
def test_random_networks(a: Assignment, system: bool) -> None:
    answer = solve_equilibrium(a, gap=1e-11, system=system)
    assert answer.closed
    assert answer.violation < 1e-12
    best = least(a, system)
    assert answer.objective == pytest.approx(best, rel=1e-5, abs=1e-5)
    assert answer.bound <= best + 1e-5 * max(1.0, best)
    other = solve_equilibrium(a, gap=1e-11, system=not system)
    ue, so = (other, answer) if system else (answer, other)
    assert so.total <= ue.total * (1 + 1e-9) + 1e-12
    # The answer's word on itself: loads from paths, costs from loads, and no used path dearer than the cheapest.
    load = np.zeros(len(a.tail))
    for p, q in enumerate(answer.path_quantity):
        np.add.at(load, answer.path_arcs[answer.path_start[p] : answer.path_start[p + 1]], q)
    assert load == pytest.approx(answer.load, abs=1e-12)
    assert answer.cost == pytest.approx(a.curves.cost(load))


@settings(max_examples=30)
@given(networks())
def test_the_certificate_tells(a: Assignment) -> None:
    answer = solve_equilibrium(a, gap=1e-11)
    paths = [answer.path_start, answer.path_arcs, answer.path_flow, answer.path_quantity]
    again = certify(a, *paths)
    assert (again.objective, again.gap, again.violation) == (answer.objective, answer.gap, answer.violation)
    moving = np.flatnonzero(np.diff(answer.path_start) > 0)
    if len(moving):
        much = answer.path_quantity.copy()
        much[moving[0]] += 1
        assert certify(a, *paths[:3], much).violation >= 1 / max(1.0, a.demand[answer.path_flow[moving[0]]]) - 1e-12
        loose = answer.path_arcs.copy()
        last = answer.path_start[moving[0] + 1] - 1
        loose[last] = next((e for e in range(len(a.tail)) if a.head[e] != a.head[loose[last]]), loose[last])
        if loose[last] != answer.path_arcs[last]:
            assert certify(a, answer.path_start, loose, *paths[2:]).violation == np.inf


# --- published ---------------------------------------------------------------------------------------


PUBLISHED = [
    ("SiouxFalls", "SiouxFalls", 0, 0, 42.31335287107440 * 1e5, 1e-12),
    ("Anaheim", "Anaheim", 0, 0, None, 1e-12),
    ("Barcelona", "Barcelona", 0, 0, 1265654.92203176, 1e-13),
    ("Chicago-Sketch", "ChicagoSketch", 0.02, 0.04, 17313018.7387477, 1e-13),
]


@published
@pytest.mark.parametrize(("folder", "name", "toll", "distance", "objective", "gap"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_published_flows(folder: str, name: str, toll: float, distance: float, objective: float | None, gap: float) -> None:
    a = roads(folder, name, toll, distance)
    answer = solve_equilibrium(a, gap=gap)
    assert answer.closed
    assert answer.gap <= gap
    assert answer.violation < 1e-12
    volume, cost = read_tntp_flow(BENCH / folder / f"{name}_flow.tntp").on(a.tail, a.head)
    theirs = float(a.curves.integral(volume).sum())
    assert answer.objective <= theirs * (1 + 1e-14)
    assert answer.objective == pytest.approx(theirs, rel=1e-12)
    if objective is not None:
        assert answer.objective == pytest.approx(objective, rel=2e-14)
    assert answer.total == pytest.approx(float(volume @ cost), rel=1e-11)
    assert answer.cost == pytest.approx(cost, rel=1e-8)
    # Loads are unique only where cost grows with load.
    unique = a.delays.slope(np.maximum(answer.load, volume)) > 0
    assert answer.load[unique] == pytest.approx(volume[unique], rel=1e-6, abs=1e-5)
    assert unique.mean() > 0.3


@published
@pytest.mark.parametrize(("folder", "name", "toll", "distance", "objective", "gap"), PUBLISHED[:3], ids=[p[0] for p in PUBLISHED[:3]])
def test_same_bytes_and_the_system(folder: str, name: str, toll: float, distance: float, objective: float | None, gap: float) -> None:
    a = roads(folder, name, toll, distance)
    one, two = (solve_equilibrium(a, gap=1e-8, threads=t) for t in (1, 2))
    assert bytes_of(one) == bytes_of(two)
    system = solve_equilibrium(a, gap=1e-12, system=True)
    assert system.closed
    assert system.total == pytest.approx(system.objective, rel=1e-13)
    assert system.total < one.total


@published
def test_braess_as_published() -> None:
    answer = solve_equilibrium(roads("Braess-Example", "Braess"), gap=1e-12)
    assert answer.load == pytest.approx([4, 2, 2, 2, 4], rel=1e-6)
    assert answer.total == pytest.approx(552, rel=1e-6)


@published
def test_out_of_time_and_told_of_rounds() -> None:
    a = roads("Barcelona", "Barcelona")
    told: list[tuple[int, float, float]] = []
    answer = solve_equilibrium(a, gap=1e-12, time_limit=0, progress=lambda *x: told.append(x))
    assert not answer.closed
    assert answer.gap > 1e-3
    assert answer.violation < 1e-12
    assert len(told) == answer.rounds == 1
    told.clear()
    best = solve_equilibrium(a, gap=1e-6, progress=lambda *x: told.append(x))
    assert [t[0] for t in told] == list(range(1, best.rounds + 1))
    assert all(bound <= best.objective <= objective * (1 + 1e-12) for _, objective, bound in told)
    assert answer.bound <= best.objective


@published
def test_full_roads_still_close() -> None:
    a = roads("Barcelona", "Barcelona")
    answer = solve_equilibrium(replace(a, demand=a.demand * 1.5), gap=1e-10)
    assert answer.closed


def test_public_names() -> None:
    assert kr.solve_equilibrium is solve_equilibrium
    assert isinstance(solve_equilibrium(braess()), kr.EquilibriumAnswer)
    assert all(x.flags.writeable is False for x in itertools.chain((braess().tail, braess().demand), [braess().fixed]))
