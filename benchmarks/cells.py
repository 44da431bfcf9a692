"""What is measured: every cell of every section, in full and in the quick version."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import REPEATS, Cell

__all__ = ["SECTIONS", "TITLES", "cells"]

BENCH = (Path(__file__).resolve().parent.parent.parent / "shared" / "bench").resolve()
PYTHON = Path(sys.executable).name

TITLES = {
    "kazakhstan": "1. The Kazakhstan case: build and solve, 2023",
    "closures": "2. Closures: every link of the Kazakhstan case in turn",
    "random": "3. Random multimodal networks: beside the peers",
    "growth": "3b. Random multimodal networks: growth of keruen",
    "published": "4. Published instances",
    "one": "5. One commodity",
    "cold": "6. Cold start: whole commands, a fresh process each time",
    "kernels": "7. Compiled kernels: the first call and the later ones",
    "screening": "8. Screening: shipments against the rules of the Kazakhstan case",
    "equilibrium": "9. Traffic equilibria of published networks",
}
SECTIONS = tuple(TITLES)


def cells(quick: bool, only: str = "") -> list[Cell]:
    """The cells to run, in order."""
    made = [c for name, section in _MAKERS.items() if only in ("", name) for c in section(quick)]
    if not quick:
        return made
    return [Cell(**{**_fields(c), "repeats": 1, "budget_s": 1.0, "timeout_s": min(c.timeout_s, 90.0)}) for c in made]


def _fields(cell: Cell) -> dict[str, Any]:
    return {f: getattr(cell, f) for f in cell.__dataclass_fields__}


def _kazakhstan(quick: bool) -> list[Cell]:
    def cell(row: str, make: str, starts: str, args: Mapping[str, Any] | None = None, **more: Any) -> Cell:
        return Cell("kazakhstan", "build and solve", row, make, args or {}, agree=more.pop("agree", "kazakhstan 2023"), starts=starts, **more)

    rows = [
        cell("keruen", "kazakhstan:keruen_build_and_solve", "case", base=True),
        cell(
            "keruen solve kazakhstan --format json (whole command)",
            "cold:command",
            "files",
            {"words": ["keruen", "solve", "kazakhstan", "--year", "2023", "--format", "json"], "objective": True},
        ),
        cell("of which keruen.network.build", "kazakhstan:keruen_build", "case", agree=""),
        cell("of which assembling the arrays", "kazakhstan:keruen_assemble", "network", agree=""),
        cell("highspy on the same arrays", "kazakhstan:highs", "arrays"),
        cell("linopy, direct", "kazakhstan:linopy", "arrays", {"io_api": "direct"}),
        cell("linopy, LP file (its default)", "kazakhstan:linopy", "arrays", {"io_api": "lp"}),
        cell("PyPSA, model and solve only (no post-processing), direct", "kazakhstan:pypsa", "tables", {"lean": True, "io_api": "direct"}, timeout_s=300),
        cell("PyPSA, model and solve only, direct, simplex", "kazakhstan:pypsa", "tables", {"lean": True, "io_api": "direct", "solver": "simplex"}),
        cell("PyPSA, model and solve only, direct, interior point", "kazakhstan:pypsa", "tables", {"lean": True, "io_api": "direct", "solver": "ipm"}),
        cell("PyPSA, n.optimize as documented", "kazakhstan:pypsa", "tables", {"lean": False}, budget_s=420, timeout_s=900),
    ]
    return [r for r in rows if not (quick and ("n.optimize" in r.row or "simplex" in r.row or "interior" in r.row))]


def _closures(quick: bool) -> list[Cell]:
    def cell(row: str, how: str, args: Mapping[str, Any] | None = None, **more: Any) -> Cell:
        return Cell(
            "closures",
            more.pop("case", "each link, one at a time"),
            row,
            f"closures:{how}",
            {**(args or {}), **({"most": 4 if how.startswith("pypsa") else 12} if quick else {})},
            agree=more.pop("agree", "closures"),
            **{"budget_s": 150, "timeout_s": 600, **more},
        )

    single = [
        cell("keruen, warm ways, idle links not solved", "keruen_ways", {"skip": True}, base=True),
        cell("keruen, warm ways, every link solved", "keruen_ways", {"skip": False}),
        cell("keruen.stress brief, one process: from the case, losses by commodity", "keruen_stress", {"jobs": 1, "brief": True}),
        cell("keruen.stress, one process: detours and reliefs too", "keruen_stress", {"jobs": 1}),
        cell("keruen.stress, all cores", "keruen_stress", {"jobs": 0}),
        cell("keruen, each closure from the case (case.solve)", "keruen_each", repeats=1),
        cell("highspy, arcs, hot start from the base basis", "highs_hot"),
        cell("highspy, arcs, each from nothing", "highs_cold", repeats=1),
        cell("linopy, bounds changed, persistent solver", "linopy", {"kept": True}),
        cell("linopy, bounds changed, m.solve again", "linopy", {"kept": False, "sample": 70}),
        cell("PyPSA, n.model changed, linopy's persistent solver", "pypsa_again", {"kept": True, "sample": 70}),
        cell("PyPSA, n.model changed and solved again", "pypsa_again", {"kept": False, "sample": 40}),
        cell("PyPSA, rebuilt each time (no post-processing)", "pypsa_rebuilt", {"sample": 8}),
    ]
    pairs = [
        cell(
            "keruen.stress deep=2, one process",
            "keruen_stress",
            {"jobs": 1, "deep": 2},
            case="each pair of links",
            agree="pairs",
            base=True,
            repeats=1,
            timeout_s=900,
        ),
        cell("keruen.stress deep=2, all cores", "keruen_stress", {"jobs": 0, "deep": 2}, case="each pair of links", agree="pairs", repeats=1, timeout_s=900),
    ]
    return single if quick else single + pairs


GAP = 1e-5


def _random(quick: bool) -> list[Cell]:
    found = []
    for places, flows in ((100, 100),) if quick else ((100, 100), (300, 300), (1000, 100), (1000, 1000)):
        at: dict[str, Any] = {"places": places, "flows": flows}
        common: dict[str, Any] = {"agree": f"random {places} {flows}", "tolerance": 3 * GAP}
        case = f"{places:,} places, {flows:,} flows"
        big = places * flows >= 1_000_000
        found += [
            Cell("random", case, "keruen, certified to 1e-5", "random_family:keruen", {**at, "gap": GAP}, base=True, **common),
            Cell("random", case, "highspy, arcs by origin", "random_family:highs", at, budget_s=100, **common),
            Cell("random", case, "linopy, arcs by origin, direct", "random_family:linopy", at, budget_s=100, **common),
            Cell(
                "random", case, "PyPSA, buses by origin (no post-processing)", "random_family:pypsa", at, budget_s=60, timeout_s=150 if big else 300, **common
            ),
        ]
        if places * flows <= 10_000:
            found.append(Cell("random", case, "highspy, arcs by flow", "random_family:highs", {**at, "by_origin": False}, budget_s=60, **common))
    return found


def _growth(quick: bool) -> list[Cell]:
    sizes = [(n, 100) for n in (100, 1_000, 5_000, 10_000, 20_000, 50_000)] + [(1_000, k) for k in (1_000, 10_000, 100_000)]
    if quick:
        sizes = [(100, 100), (1_000, 100), (1_000, 1_000)]
    common: dict[str, Any] = {"base": True, "budget_s": 100, "timeout_s": 300}
    return [
        Cell(
            "growth",
            f"{n:,} places, {k:,} flows",
            "keruen, certified to 1e-5",
            "random_family:keruen",
            {"places": n, "flows": k, "gap": GAP, "limit": 150},
            **common,
        )
        for n, k in sizes
    ]


def _published(quick: bool) -> list[Cell]:
    names = [f"planar/planar{n}" for n in (30, 50, 80, 100, 150, 300, 500, 800)] + [f"grid/grid{n}" for n in (1, 2, 5, 8, 10, 12, 15)]
    names += ["tntp-linear/Barcelona", "tntp-linear/ChicagoSketch"]
    if quick:
        names = ["planar/planar30", "planar/planar50", "grid/grid1", "grid/grid5"]
    row, common = "keruen to 1e-5", {"base": True, "tolerance": 2 * GAP, "budget_s": 60.0, "timeout_s": 300.0}
    found = [Cell("published", name, row, "published:keruen", {"name": name, "gap": GAP, "limit": 150}, agree=name, **common) for name in names]
    if not quick:
        found += [
            Cell("published", f"planar-like, {n:,} places", row, "published:keruen_like", {"places": n, "gap": GAP, "limit": 200}, **common)
            for n in (1_000, 2_500)
        ]
    return found


def _one(quick: bool) -> list[Cell]:
    names = ["netgen_8_08a", "goto_8_08a"] if quick else ["netgen_8_08a", "netgen_sr_08a", "goto_8_08a", "netgen_8_10a", "netgen_lo_8_10a", "goto_8_10a"]
    if not (BENCH / "dimacs").is_dir():
        names = ["grid 30 x 30"] if quick else ["grid 30 x 30", "grid 100 x 100"]
    found = []
    for name in names:
        common: dict[str, Any] = {"agree": f"one {name}", "budget_s": 30, "timeout_s": 120}
        found += [
            Cell("one", name, "keruen, certified to 1e-9", "one_commodity:keruen", {"name": name, "gap": 1e-9}, base=True, **common),
            Cell("one", name, "OR-Tools SimpleMinCostFlow", "one_commodity:ortools", {"name": name}, **common),
            Cell("one", name, "highspy, arcs", "one_commodity:highs", {"name": name}, **common),
            Cell("one", name, "NetworkX network_simplex", "one_commodity:networkx", {"name": name}, **common),
        ]
    return found


def _cold(quick: bool) -> list[Cell]:
    commands = [
        ("keruen --version", ["keruen", "--version"]),
        ("keruen --help", ["keruen", "--help"]),
        ("keruen check kazakhstan", ["keruen", "check", "kazakhstan"]),
        ("keruen solve kazakhstan", ["keruen", "solve", "kazakhstan"]),
        ('python -c "import keruen"', [PYTHON, "-c", "import keruen"]),
        ('python -c "import pypsa"', [PYTHON, "-c", "import pypsa"]),
        ('python -c "import linopy"', [PYTHON, "-c", "import linopy"]),
        ('python -c "pass"', [PYTHON, "-c", "pass"]),
    ]
    return [Cell("cold", "whole commands", row, "cold:command", {"words": words}, base=words == ["keruen", "--version"]) for row, words in commands]


def _kernels(quick: bool) -> list[Cell]:
    common: dict[str, Any] = {"repeats": REPEATS, "budget_s": 200, "timeout_s": 400}
    return [
        Cell("kernels", "1,000 places, 100 flows", "a later call in the same process", "kernels:later", base=True, **common),
        Cell("kernels", "1,000 places, 100 flows", "the first call of a process, compiled code on disk", "kernels:first", {"compiled": True}, **common),
        Cell(
            "kernels",
            "1,000 places, 100 flows",
            "the first call ever, everything compiled",
            "kernels:first",
            {"compiled": False},
            **{**common, "repeats": 1 if quick else 3},
        ),
    ]


def _screening(quick: bool) -> list[Cell]:
    many = 20_000 if quick else 1_000_000
    common: dict[str, Any] = {"budget_s": 120, "timeout_s": 300}
    case = f"{many:,} shipments in a CSV file"
    return [
        Cell("screening", case, "keruen screen, whole command, all cores", "screening:command", {"many": many}, base=True, **common),
        Cell("screening", case, "keruen, one process", "screening:keruen", {"many": many, "jobs": 1}, **common),
        Cell("screening", case, "pandas, reads and writes the file and screens nothing", "screening:pandas", {"many": many}, **common),
    ]


def _equilibrium(quick: bool) -> list[Cell]:
    names = ["Sioux Falls", "Anaheim"] if quick else ["Sioux Falls", "Anaheim", "Barcelona", "Chicago Sketch"]
    limit = 5.0 if quick else 120.0
    common: dict[str, Any] = {"agree": "", "budget_s": 1.0, "timeout_s": 600}
    found = []
    for name in names:
        for cores in (1, 2):
            word = f"{cores} core{'s' if cores > 1 else ''}"
            at: dict[str, Any] = {"name": name}
            found.append(Cell("equilibrium", name, f"keruen, {word}", "equilibrium:keruen", {**at, "threads": cores}, base=cores == 1, **common))
            found.append(Cell("equilibrium", name, f"AequilibraE, {word}", "equilibrium:aequilibrae", {**at, "cores": cores, "limit": limit}, **common))
    return found


_MAKERS = {
    "kazakhstan": _kazakhstan,
    "closures": _closures,
    "random": _random,
    "growth": _growth,
    "published": _published,
    "one": _one,
    "cold": _cold,
    "kernels": _kernels,
    "screening": _screening,
    "equilibrium": _equilibrium,
}
