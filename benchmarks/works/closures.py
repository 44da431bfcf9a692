"""Section 2: shut each link of the Kazakhstan case in turn. Every answer is kept and must agree between programs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from harness import Missing, Work, peak_mb

YEAR = 2023


class _Case:
    """The case, its arrays, and the columns that each closure shuts."""

    def __init__(self, most: int | None, sample: int | None) -> None:
        import keruen
        from keruen.network import build
        from keruen.solve.program import assemble

        self.case = keruen.load("kazakhstan")
        self.program = p = assemble(build(self.case, YEAR))
        links = list(self.case.links)
        self.all = len(links)
        if most is not None:
            links = links[:: max(1, len(links) // most)][:most]
        elif sample is not None:
            links = links[:: max(1, len(links) // sample)][:sample]
        self.links = links
        found: dict[str, list[int]] = {link: [] for link in self.case.links}
        for g, group in enumerate(p.network.groups):
            for k, e in enumerate(group.edges.tolist()):
                edge = p.network.edges[e]
                if edge.direction != "transfer":
                    found[edge.name].append(p.flow[g] + k)
        self.columns = {link: np.array(columns, np.int32) for link, columns in found.items()}

    @property
    def arrays(self) -> tuple[Any, ...]:
        p = self.program
        return p.cost, p.upper, p.matrix, p.row_lower, p.row_upper


def _sweep(c: _Case, prepare: Callable[[], Callable[[str], float]]) -> Work:
    """A work that prepares, closes each link and keeps the objectives. ``prepare_s`` is part of the time, and told apart."""

    def run() -> dict[str, Any]:
        start = time.perf_counter()
        close = prepare()
        prepared = time.perf_counter() - start
        return {"objectives": {link: close(link) for link in c.links}, "closures": len(c.links), "all": c.all, "prepare_s": prepared}

    return Work(run, warm_up=False)


def keruen_stress(jobs: int, deep: int = 1, brief: bool = False, most: int | None = None) -> Work:
    """``keruen.stress`` over links, one at a time or in pairs: unless ``brief``, detours and reliefs included, not losses alone."""
    try:
        from keruen.ask import closing
        from keruen.ask.stress import stress
    except ImportError as error:
        raise Missing(f"keruen.stress is not in this version of keruen ({error})") from None
    import keruen

    case = keruen.load("kazakhstan")

    def run() -> dict[str, Any]:
        closing.bench.cache_clear()  # a second sweep must not begin from what the first one kept
        answer = stress(case, year=YEAR, by="link", jobs=jobs or os.cpu_count() or 1, deep=deep, brief=brief)
        counts = answer.counts[str(deep)]
        told: dict[str, Any] = {"solved": sum(c["solved"] for c in answer.counts.values())}
        if deep == 1:
            return {"objectives": objectives_of(answer), "closures": counts["sets"], "all": counts["sets"], **told}
        return {"objective": answer.objective_musd, "closures": counts["sets"], "all": counts["sets"], **told}

    return Work(run, peak=_peak_of_all, warm_up=False)


def _peak_of_all() -> float:
    """Peak memory of this process and of its helpers, MiB: as if every helper needed as much as the largest at the same time."""
    import resource

    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    return peak_mb() + largest * (os.cpu_count() or 1)


def objectives_of(answer: Any) -> dict[str, float]:
    """Objective by link shut, from what ``keruen.stress`` returns."""
    found = {name.removeprefix("link "): float(answer.objective_musd) for name in answer.idle}
    found |= {row["closed"][0].removeprefix("link "): float(answer.objective_musd + row["loss_musd"]) for row in answer.rows}
    return found


def keruen_ways(skip: bool, most: int | None = None) -> Work:
    """The warm path master alone: an objective for each link, as the peers give. ``skip``: what is idle is not solved."""
    from keruen.solve.sweep import Sweep

    c = _Case(most, None)
    masks = []
    for link in c.links:
        mask = np.zeros(len(c.program.cost), bool)
        mask[c.columns[link]] = True
        masks.append(mask)
    position = {link: i for i, link in enumerate(c.links)}

    def prepare() -> Callable[[str], float]:
        sweep = Sweep(c.program, masks)

        def close(link: str) -> float:
            i = position[link]
            return sweep.base.objective if skip and i not in sweep.base.loaded else sweep.close((i,)).objective

        return close

    return _sweep(c, prepare)


def keruen_each(most: int | None = None) -> Work:
    """Every closure as a user would ask for one: a scenario, built and solved from the case."""
    import keruen

    c = _Case(most, None)
    return _sweep(c, lambda: lambda link: float(c.case.solve(YEAR, keruen.close(link=link)).objective_musd))


def highs_hot(most: int | None = None) -> Work:
    """One HiGHS model: bounds changed, solved from the base basis, bounds put back."""
    from peers import highs_lp

    c = _Case(most, None)
    upper = np.asarray(c.program.upper)

    def prepare() -> Callable[[str], float]:
        h = highs_lp.model(*c.arrays)
        highs_lp.solve(h)
        basis = h.getBasis()

        def close(link: str) -> float:
            columns = c.columns[link]
            count, zeros = len(columns), np.zeros(len(columns))
            if count:
                h.changeColsBounds(count, columns, zeros, zeros)
            objective = highs_lp.solve(h) + c.program.offset
            if count:
                h.changeColsBounds(count, columns, zeros, upper[columns])
            h.setBasis(basis)
            return objective

        return close

    return _sweep(c, prepare)


def highs_cold(most: int | None = None) -> Work:
    """A new HiGHS model for each closure, from the arrays."""
    from peers import highs_lp

    c = _Case(most, None)

    def close(link: str) -> float:
        cost, upper, *rest = c.arrays
        shut = np.array(upper)
        shut[c.columns[link]] = 0.0
        return highs_lp.solve(highs_lp.model(cost, shut, *rest)) + c.program.offset

    return _sweep(c, lambda: close)


def _kept_solver(m: Any) -> Callable[[], float]:
    """linopy's persistent solver on a model: it finds what changed, hands HiGHS the difference, and HiGHS goes on from its basis."""
    import linopy

    solver = linopy.solvers.Solver.from_name("highs", model=m, io_api="direct", track_updates=True, options={"output_flag": False})
    solver.solve(m, assign=True)

    def solve() -> float:
        solver.solve(m, assign=True, disallow_rebuild=True)
        return float(m.objective.value)

    return solve


def linopy(kept: bool, sample: int | None = None, most: int | None = None) -> Work:
    """linopy with bounds changed: one persistent solver kept, or ``m.solve`` again, which makes a new solver each time."""
    import xarray as xr

    from peers import linopy_lp

    linopy_lp.quiet()
    c = _Case(most, sample)
    open_upper = np.asarray(c.program.upper)

    def prepare() -> Callable[[str], float]:
        m = linopy_lp.model(*c.arrays)
        x = m.variables["x"]
        again = _kept_solver(m) if kept else lambda: linopy_lp.solve(m, io_api="direct")

        def close(link: str) -> float:
            shut = open_upper.copy()
            shut[c.columns[link]] = 0.0
            x.upper = xr.DataArray(shut, dims="column", coords={"column": np.arange(len(shut))})
            return again() + c.program.offset

        return close

    return _sweep(c, prepare)


def pypsa_again(kept: bool, sample: int | None = None, most: int | None = None) -> Work:
    """A PyPSA network and its model made once; bounds of ``n.model`` changed and solved again, by linopy's persistent solver or ``m.solve``.

    Results are not written back into the network: on a second solve that alone takes PyPSA 1.4.0 a minute (``combine_first`` by column).
    """
    from peers import pypsa_case

    pypsa_case.quiet()
    c = _Case(most, sample)
    t = pypsa_case.tables(c.program)

    def prepare() -> Callable[[str], float]:
        n = pypsa_case.network(t)
        pypsa_case.model(n, t)
        p = n.model["Link-p"]
        open_upper = p.upper.copy()
        again = _kept_solver(n.model) if kept else lambda: pypsa_case.solve_model(n, t, back=False, io_api="direct") - t.offset

        def close(link: str) -> float:
            shut = open_upper.copy()
            shut.loc[{"name": t.closes.get(link, [])}] = 0.0
            p.upper = shut
            return again() + t.offset

        return close

    return _sweep(c, prepare)


def pypsa_rebuilt(sample: int | None = None, most: int | None = None) -> Work:
    """A new PyPSA network, model and solve for each closure, without ``post_processing``."""
    from peers import pypsa_case

    pypsa_case.quiet()
    c = _Case(most, sample)
    t = pypsa_case.tables(c.program)

    def close(link: str) -> float:
        n = pypsa_case.network(t)
        pypsa_case.close_link(n, t, link)
        pypsa_case.model(n, t)
        return pypsa_case.solve_model(n, t, back=False, io_api="direct")

    return _sweep(c, lambda: close)
