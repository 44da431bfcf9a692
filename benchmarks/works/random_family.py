"""Section 3: random multimodal networks, by keruen on paths and by the peers on arcs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness import Missing, Work
from works.problems import arc_program, random_network

__all__ = ["highs", "keruen", "linopy", "pypsa", "solved"]


def solved(made: Callable[[], Any], gap: float, limit: float | None = None) -> Work:
    """keruen's work on a Multiflow: compiled first on a small one, so that compilation is not in the figures. limit: seconds, then the best so far."""
    try:
        from keruen.solve.flows import solve_multiflow
    except ImportError as error:
        raise Missing(f"keruen.solve.flows is not in this version of keruen ({error})") from None
    warm_kernels()
    m = made()

    def run() -> dict[str, Any]:
        answer = solve_multiflow(m, gap=gap, time_limit=limit)
        return {
            "objective": answer.objective,
            "bound": answer.bound,
            "gap": answer.gap,
            "violation": answer.violation,
            "rounds": answer.rounds,
            "engine": answer.engine,
            "why": answer.why,
            "closed": bool(answer.closed),
        }

    return Work(run)


def warm_kernels() -> None:
    """Have every kernel compiled, or taken from numba's cache, before anything is timed."""
    from keruen.solve.flows import solve_multiflow

    small = random_network(60, 40)
    for engine in ("interior", "simplex", "arcs"):
        solve_multiflow(small.multiflow(), gap=1e-5, engine=engine)  # type: ignore[arg-type]


def keruen(places: int, flows: int, gap: float, limit: float | None = None) -> Work:
    """Paths, to a certified gap."""
    return solved(random_network(places, flows).multiflow, gap, limit)


def highs(places: int, flows: int, by_origin: bool = True) -> Work:
    """Arcs in HiGHS; making the arrays is timed, as it is keruen's own work too."""
    from peers import highs_lp

    p = random_network(places, flows)
    return Work(lambda: {"objective": highs_lp.solve(highs_lp.model(*arc_program(p, by_origin)))})


def linopy(places: int, flows: int) -> Work:
    """The same arrays in linopy."""
    from peers import linopy_lp

    linopy_lp.quiet()
    p = random_network(places, flows)
    return Work(lambda: {"objective": linopy_lp.solve(linopy_lp.model(*arc_program(p)), io_api="direct")})


def pypsa(places: int, flows: int) -> Work:
    """Buses by (origin, place), links by (origin, arc), shared capacities added to ``n.model``."""
    from peers import pypsa_flows

    pypsa_flows.quiet()
    t = pypsa_flows.tables(random_network(places, flows))
    return Work(lambda: {"objective": pypsa_flows.solve(t)})
