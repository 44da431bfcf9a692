"""Pairs of closures: the bound by dropping is one, and the worst pairs are those of asking them all."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

import keruen as kr
from keruen.ask.closing import things_of
from keruen.ask.invest import _terms
from keruen.investing.candidates import candidates
from keruen.investing.worlds import WORST, Closures, worlds
from random_cases import load_reachable, random_tables
from small import SOURCE


def closures(seed: int, path: Path, kind: str) -> Closures:
    """All closures of a kind in a random case with plants, coupled supplies and one project, in which something moves."""
    for attempt in range(100):
        tables = random_tables(random.Random(1000 * seed + attempt))
        limited = [r["link"] for r in tables["links"] if r.get("capacity", "") != "" and not r.get("opened")]
        if not limited:
            continue
        tables["projects"] = [{"project": "p", "name": "p", "adds": f"{limited[0]} 1", "capex_musd": 1, "status": "planned", "lead_years": 1, **SOURCE}]
        case = load_reachable(path, tables)
        terms = _terms(case, 2025, None, None, None, None)
        world = worlds(case, candidates(case, terms, kr.Scenario()), terms, kr.Scenario())
        if world.field.asked and world.moved():
            return world.closures(things_of(case, kind), {}, 2)
    raise AssertionError("no case in which something moves")


def brute(found: Closures, z: np.ndarray) -> dict[tuple[str, ...], float]:
    """Loss by every one and every pair, Mt."""
    ones = {(n,): found._at(z, (n,)).value for n in found.names}
    return ones | {pair: found._at(z, pair).value for pair in itertools.combinations(found.names, 2)}


@pytest.mark.parametrize(("seed", "kind"), [(s, k) for s in range(40) for k in ("link", "place")])
def test_the_worst_pairs_are_those_of_asking_them_all(seed: int, kind: str, tmp_path: Path) -> None:
    found = closures(seed, tmp_path / "case", kind)
    z = np.zeros(1)
    every = brute(found, z)
    told = {members: one.value for members, one in found.everything(z)}
    for members, value in told.items():
        assert value == pytest.approx(every[members], abs=1e-6)
    assert max([0.0, *told.values()]) == pytest.approx(max(every.values()), abs=1e-6)
    # Different pairs may take the same: what is compared is how much the worst take.
    strict = {m: v for m, v in every.items() if len(m) == 1 or v > max(every[(n,)] for n in m) + 1e-6}
    mine = sorted((told.get(m, 0.0) for m in strict), reverse=True)[:WORST]
    assert mine == pytest.approx(sorted(strict.values(), reverse=True)[:WORST], abs=1e-6)


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_dropping_is_a_bound(seed: int, tmp_path: Path) -> None:
    found = closures(seed, tmp_path / "case", "link")
    z = np.zeros(1)
    for name in found.names:
        most = found._bounds(found._at(z, (name,)))
        for other, bound in zip(found.names, most.tolist(), strict=True):
            if other != name:
                assert found._at(z, (name, other)).value <= bound + 1e-6
