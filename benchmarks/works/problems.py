"""Multicommodity flow problems: random ones and published ones, as arrays; and their linear program on arcs."""

from __future__ import annotations

import gzip
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cells import BENCH
from harness import Missing

__all__ = ["Problem", "arc_program", "optimum", "published", "random_network"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
COEFFICIENT = {"Barcelona": 5050.0, "ChicagoSketch": 2.4}


@dataclass(frozen=True)
class Problem:
    """Arcs and flows; ``unmet`` is the cost of a unit not moved, inf where all must move."""

    n: int
    tail: Ints
    head: Ints
    cost: Floats
    capacity: Floats
    origin: Ints
    destination: Ints
    demand: Floats
    unmet: float

    def multiflow(self) -> Any:
        """The same for keruen."""
        from keruen.solve.flows import Multiflow

        return Multiflow(self.n, self.tail, self.head, self.cost, self.capacity, self.origin, self.destination, self.demand, self.unmet)


def _module(path: Path) -> Any:
    if not path.exists():
        raise Missing(f"{path} is not there")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_network(places: int, flows: int, seed: int = 1) -> Problem:
    """One of the random multimodal family of shared/bench/random_networks.py."""
    a = _module(BENCH / "random_networks.py").network(places, flows, seed)
    return Problem(int(a["n"]), a["tail"].astype(int), a["head"].astype(int), a["cost"], a["cap"], a["O"].astype(int), a["D"].astype(int), a["dem"], a["M"])


def published(name: str) -> Problem:
    """A published instance of shared/bench by family/name."""
    if name.startswith("tntp-linear/"):
        return _tntp(name.split("/")[1])
    path = BENCH / name
    if not path.exists():
        raise Missing(f"{path} is not there")
    values = np.array(path.read_text(encoding="ascii").split(), float)
    n, arcs, flows = (int(v) for v in values[:3])
    arc = values[3 : 3 + 4 * arcs].reshape(arcs, 4)
    flow = values[3 + 4 * arcs : 3 + 4 * arcs + 3 * flows].reshape(flows, 3)
    return Problem(n, arc[:, 0].astype(int) - 1, arc[:, 1].astype(int) - 1, arc[:, 2], arc[:, 3],
                   flow[:, 0].astype(int) - 1, flow[:, 1].astype(int) - 1, flow[:, 2], np.inf)  # fmt: skip


def _tntp(name: str) -> Problem:
    """A traffic network as linear flow: cost is free-flow time, demands are divided by the coefficient of the manifest."""
    net, trips = BENCH / "tntp-linear" / f"{name}_net.tntp.gz", BENCH / "tntp-linear" / f"{name}_trips.tntp.gz"
    if not net.exists() or not trips.exists():
        raise Missing(f"{net} is not there")
    text = gzip.decompress(net.read_bytes()).decode("latin-1")
    rows = [line.split("~")[0].replace(";", " ").split() for line in text.split("<END OF METADATA>")[1].splitlines()]
    arc = np.array([row[:5] for row in rows if len(row) >= 5], float)
    n = int(_meta(text, "NUMBER OF NODES"))
    origin, destination, demand = [], [], []
    here = 0
    for line in gzip.decompress(trips.read_bytes()).decode("latin-1").split("<END OF METADATA>")[1].splitlines():
        if line.strip().lower().startswith("origin"):
            here = int(line.split()[1])
        for zone, quantity in re.findall(r"(\d+)\s*:\s*([0-9.eE+-]+)", line):
            if float(quantity) > 0 and int(zone) != here:
                origin.append(here - 1)
                destination.append(int(zone) - 1)
                demand.append(float(quantity) / COEFFICIENT[name])
    return Problem(n, arc[:, 0].astype(int) - 1, arc[:, 1].astype(int) - 1, arc[:, 4], arc[:, 2],
                   np.array(origin), np.array(destination), np.array(demand), np.inf)  # fmt: skip


def _meta(text: str, word: str) -> str:
    found = re.search(rf"<{word}>\s*([^\s~]+)", text)
    assert found is not None, word
    return found[1]


def optimum(name: str) -> float | None:
    """The published optimum of the manifest, if it has one."""
    import csv

    path = BENCH / "MANIFEST.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["file"] in (name, f"{name}_net.tntp.gz"):
                try:
                    return float(row["optimum"])
                except ValueError:
                    return None
    return None


def arc_program(p: Problem, by_origin: bool = True) -> tuple[Floats, Floats, sparse.csc_array, Floats, Floats]:
    """The linear program on arcs: cost, upper, A, row_lower, row_upper; flows of one origin together, or each on its own.

    Columns: flow of each group on each arc, then what stays of each demand (only where ``unmet`` is finite). Rows: balance by group and vertex,
    then capacity by arc.
    """
    keep = p.origin != p.destination
    origin, destination, demand = p.origin[keep], p.destination[keep], p.demand[keep]
    group = np.unique(origin, return_inverse=True)[1] if by_origin else np.arange(len(origin))
    groups, arcs = int(group.max()) + 1, len(p.tail)
    column = np.arange(groups * arcs)
    g, a = np.divmod(column, arcs)
    finite = np.isfinite(p.capacity)
    capacity_row = np.cumsum(finite) - 1 + groups * p.n
    limited = finite[a]
    rows = [g * p.n + p.tail[a], g * p.n + p.head[a], capacity_row[a[limited]]]
    columns = [column, column, column[limited]]
    values = [np.ones(len(column)), -np.ones(len(column)), np.ones(int(limited.sum()))]
    cost, upper = np.tile(p.cost, groups), np.full(len(column), np.inf)
    side = np.zeros(groups * p.n)
    np.add.at(side, group * p.n + origin, demand)
    np.add.at(side, group * p.n + destination, -demand)
    if np.isfinite(p.unmet):
        stay = len(column) + np.arange(len(demand))
        rows += [group * p.n + origin, group * p.n + destination]
        columns += [stay, stay]
        values += [np.ones(len(demand)), -np.ones(len(demand))]
        cost, upper = np.r_[cost, np.full(len(demand), p.unmet)], np.r_[upper, demand]
    count = groups * p.n + int(finite.sum())
    matrix = sparse.csc_array(sparse.coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, len(cost))))
    matrix.sum_duplicates()
    capacity = p.capacity[finite]
    return cost, upper, matrix, np.r_[side, np.full(len(capacity), -np.inf)], np.r_[side, capacity]
