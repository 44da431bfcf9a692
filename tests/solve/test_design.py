"""Fixed-charge network design: published networks, an independent formulation, and everything tried on small ones."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from keruen.errors import SolveError, UsageError
from keruen.files.flow_formats import read_dow
from keruen.solve.builds import Cut
from keruen.solve.choosing import Chooser, Column, Item, Wish
from keruen.solve.design import relaxation, solve_design
from keruen.solve.flows import Multiflow

CANAD = Path(__file__).resolve().parents[3] / "shared" / "bench" / "canad"
present = pytest.mark.skipif(not CANAD.is_dir(), reason=f"the Canad networks are not at {CANAD}")
Floats = NDArray[np.float64]
# Optima recalled from the literature in ../shared/bench/README.md; proven again here.
PUBLISHED = {"c33": 423848, "c41": 429398}


def manifest() -> dict[str, float]:
    """Published weak relaxations by name."""
    path = CANAD.parent / "MANIFEST.csv"
    found = {}
    for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else []:
        match = re.search(r"weakLP\(.*?\)=([0-9.]+)", ",".join(row))
        if row and row[0].startswith("canad/") and match:
            found[Path(row[0]).stem] = float(match[1])
    return found


WEAK = manifest()


@present
@pytest.mark.parametrize("name", sorted(WEAK))
def test_weak_relaxation_is_that_of_the_manifest(name: str) -> None:
    d = read_dow(CANAD / f"{name}.dow")
    weak = relaxation(d.flows, d.fixed)
    assert weak == pytest.approx(WEAK[name], rel=1e-6)
    assert relaxation(d.flows, d.fixed, strong=True) >= weak * (1 - 1e-9)


def other_formulation(m: Multiflow, fixed: Floats) -> float:
    """Flows by origin added up, one program for scipy: no rows by flow, whole arcs from the start."""
    origins = sorted(set(m.origin.tolist()))
    arcs, many = len(m.tail), len(origins)
    rows, low = [], []
    for s, origin in enumerate(origins):
        for node in range(m.n):
            line = sparse.lil_array((1, many * arcs + arcs))
            for a in np.flatnonzero(m.tail == node):
                line[0, s * arcs + a] += 1.0
            for a in np.flatnonzero(m.head == node):
                line[0, s * arcs + a] -= 1.0
            rows.append(line)
            mine = m.origin == origin
            low.append(float(m.demand[mine].sum()) * (node == origin) - float(m.demand[mine & (m.destination == node)].sum()))
    equal = LinearConstraint(sparse.vstack(rows).tocsc(), low, low)
    room = sparse.hstack([sparse.hstack([sparse.eye_array(arcs)] * many), -sparse.diags_array(m.capacity)]).tocsc()
    whole = np.concatenate([np.zeros(many * arcs), np.ones(arcs)])
    upper = np.concatenate([np.full(many * arcs, np.inf), np.ones(arcs)])
    found = milp(np.concatenate([np.tile(m.cost, many), fixed]), constraints=[equal, LinearConstraint(room, -np.inf, 0.0)], integrality=whole,
                 bounds=Bounds(0, upper), options={"mip_rel_gap": 1e-6})  # fmt: skip
    assert found.success
    return float(found.fun)


@present
@pytest.mark.parametrize("name", ["r04.1", "r04.5", "r07.1"])
def test_published_design_is_that_of_another_formulation(name: str) -> None:
    d = read_dow(CANAD / f"{name}.dow")
    found = solve_design(d.flows, d.fixed)
    assert found.gap <= 1e-4
    assert found.cost == pytest.approx(other_formulation(d.flows, d.fixed), rel=1e-4)
    assert (found.flow <= d.flows.capacity + 1e-6).all()
    assert found.flow[~found.opened].max(initial=0) <= 1e-6


@present
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_optimum(name: str) -> None:
    d = read_dow(CANAD / f"{name}.dow")
    found = solve_design(d.flows, d.fixed)
    assert found.gap <= 1e-4
    assert found.cost == pytest.approx(PUBLISHED[name], rel=1e-4)
    assert found.bound <= PUBLISHED[name] * (1 + 1e-9)


def small_design(seed: int) -> tuple[Multiflow, Floats]:
    """Four nodes, seven arcs, two flows, drawn by lot."""
    rng = np.random.default_rng(seed)
    n, arcs = 4, 7
    tail = rng.integers(0, n, arcs)
    head = (tail + rng.integers(1, n, arcs)) % n
    origin = rng.integers(0, n, 2)
    destination = (origin + rng.integers(1, n, 2)) % n
    m = Multiflow(n, tail, head, rng.integers(1, 9, arcs).astype(float), rng.integers(2, 6, arcs).astype(float), origin, destination, np.array([1.0, 2.0]))
    fixed = rng.integers(1, 20, arcs).astype(float)
    return m, fixed


class Flowing:
    """Least cost of the flows on the part of each arc that is built; a unit that cannot move costs ``dear``."""

    def __init__(self, m: Multiflow, dear: float) -> None:
        arcs, flows = len(m.tail), len(m.demand)
        blocks = []
        self.sides = np.zeros(flows * m.n)
        extra = sparse.lil_array((flows * m.n, flows))
        place = np.arange(arcs)
        balance = sparse.coo_array((np.r_[np.ones(arcs), -np.ones(arcs)], (np.r_[m.tail, m.head], np.r_[place, place])), shape=(m.n, arcs))
        for k in range(flows):
            blocks.append(balance)
            self.sides[k * m.n + m.origin[k]], self.sides[k * m.n + m.destination[k]] = m.demand[k], -m.demand[k]
            extra[k * m.n + m.origin[k], k], extra[k * m.n + m.destination[k], k] = 1.0, -1.0
        self.equal = sparse.hstack([sparse.block_diag(blocks), extra]).tocsr()
        share = sparse.hstack([sparse.hstack([sparse.eye_array(arcs)] * flows), sparse.coo_array((arcs, flows))])
        each = sparse.hstack([sparse.eye_array(arcs * flows), sparse.coo_array((arcs * flows, flows))])
        self.rooms = sparse.vstack([share, each]).tocsr()
        # An arc takes no more of a flow than the flow is, if built: planes of these rows are the strong ones.
        self.most = np.concatenate([m.capacity, np.minimum.outer(m.demand, m.capacity).ravel()])
        self.arc = np.concatenate([place, np.tile(place, flows)])
        self.cost = np.concatenate([np.tile(m.cost, flows), np.full(flows, dear)])

    def ask(self, z: Floats, level: float) -> tuple[list[Cut], float]:
        found = linprog(self.cost, self.rooms, self.most * z[self.arc], self.equal, self.sides, method="highs")
        slope = np.bincount(self.arc, found.ineqlin.marginals * self.most, len(z))
        return [Cut(float(found.fun), slope, z.copy())], float(found.fun)


@pytest.mark.parametrize("seed", range(8))
def test_the_choice_behind_invest_finds_small_designs(seed: int) -> None:
    m, fixed = small_design(seed)
    items = [Item(f"arc {a}", 1, 0, 1, np.array([f]), np.zeros(1), float(f)) for a, f in enumerate(fixed)]
    flowing = Flowing(m, 1e3)
    chooser, columns = Chooser(items, 1, [flowing]), (Column(0, 0, 1.0),)
    for parts in (np.zeros((len(items), 1)), np.ones((len(items), 1))):
        chooser.learn(parts, columns)
    found = chooser.choose(Wish(columns))
    best = min(flowing.ask(np.array(z, float), 0)[1] + fixed @ z for z in itertools.product((0, 1), repeat=len(items)))
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best, rel=1e-4)
    assert found.gap <= 1e-4
    assert chooser.choose(Wish(columns, barred=frozenset(found.built))).objective >= best - 1e-6
    spent = found.capex
    assert chooser.choose(Wish(columns, capex_most=spent)).objective == pytest.approx(found.objective, rel=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_small_designs_by_trying_every_set_of_arcs(seed: int) -> None:
    m, fixed = small_design(seed)
    arcs = len(fixed)
    flowing = Flowing(m, 1e4)
    best = min(flowing.ask(np.array(z, float), 0)[1] + fixed @ z for z in itertools.product((0, 1), repeat=arcs))
    if best >= 1e4:
        with pytest.raises(SolveError, match="no room"):
            solve_design(m, fixed)
    else:
        assert solve_design(m, fixed).cost == pytest.approx(best, rel=1e-6)


def test_wrong_designs_are_refused() -> None:
    m = Multiflow(2, [0], [1], [1.0], [5.0], [0], [1], [2.0])
    assert solve_design(m, np.array([3.0])).cost == pytest.approx(5.0)
    with pytest.raises(UsageError, match="0 charges for 1 arcs"):
        solve_design(m, np.zeros(0))
    with pytest.raises(UsageError, match="0 or more"):
        solve_design(m, np.array([-1.0]))
    with pytest.raises(UsageError, match="every flow"):
        solve_design(Multiflow(2, [0], [1], [1.0], [5.0], [0], [1], [2.0], unmet=3.0), np.array([3.0]))
