"""Section 1: the shipped case, built and solved."""

from __future__ import annotations

from typing import Any

from harness import Work

YEAR = 2023


def _program() -> Any:
    import keruen
    from keruen.network import build
    from keruen.solve.program import assemble

    return assemble(build(keruen.load("kazakhstan"), YEAR))


def _arrays(p: Any) -> tuple[Any, ...]:
    return p.cost, p.upper, p.matrix, p.row_lower, p.row_upper


def keruen_build_and_solve() -> Work:
    """Case in memory -> plan with its certificate, in process."""
    import keruen
    from keruen.network import build
    from keruen.solve import solve

    case = keruen.load("kazakhstan")

    def run() -> dict[str, Any]:
        solution = solve(build(case, YEAR))
        return {"objective": solution.objective, "gap": solution.certificate.relative_gap}

    return Work(run)


def keruen_build() -> Work:
    """Case in memory -> network alone."""
    import keruen
    from keruen.network import build

    case = keruen.load("kazakhstan")
    return Work(lambda: {"edges": len(build(case, YEAR).edges)})


def keruen_assemble() -> Work:
    """Network -> arrays alone, which linopy and highspy are then given."""
    import keruen
    from keruen.network import build
    from keruen.solve.program import assemble

    network = build(keruen.load("kazakhstan"), YEAR)
    return Work(lambda: {"columns": len(assemble(network).cost)})


def pypsa(lean: bool, **options: Any) -> Work:
    """Tables -> PyPSA network -> optimum. lean: without ``post_processing``."""
    from peers import pypsa_case

    pypsa_case.quiet()
    t = pypsa_case.tables(_program())

    def run() -> dict[str, Any]:
        n = pypsa_case.network(t)
        if not lean:
            return {"objective": pypsa_case.optimize(n, t, **options)}
        pypsa_case.model(n, t)
        return {"objective": pypsa_case.solve_model(n, t, **options)}

    return Work(run)


def linopy(**options: Any) -> Work:
    """Arrays -> linopy model -> optimum."""
    from peers import linopy_lp

    linopy_lp.quiet()
    p = _program()
    return Work(lambda: {"objective": linopy_lp.solve(linopy_lp.model(*_arrays(p)), **options) + p.offset})


def highs(**options: Any) -> Work:
    """Arrays -> HiGHS -> optimum."""
    from peers import highs_lp

    p = _program()
    return Work(lambda: {"objective": highs_lp.solve(highs_lp.model(*_arrays(p), **options)) + p.offset})
