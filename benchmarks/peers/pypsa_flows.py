"""A multicommodity flow in PyPSA: a bus for each (origin, place), a link for each (origin, arc), a load for each demand with shedding at its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pypsa

from peers.pypsa_case import NOW, quiet

__all__ = ["Tables", "quiet", "solve", "tables"]


@dataclass(frozen=True)
class Tables:
    """What a PyPSA user would have in files."""

    buses: list[str]
    links: pd.DataFrame
    arc: pd.Series
    capacity: pd.Series
    loads: pd.DataFrame
    supplies: pd.DataFrame
    unmet: float


def tables(p: Any) -> Tables:
    """From a works.problems.Problem with a finite cost of unmet units."""
    origins = np.unique(p.origin)
    arcs = np.arange(len(p.tail))
    links = pd.DataFrame({
        "name": [f"o{o} a{a}" for o in origins for a in arcs],
        "bus0": [f"o{o} v{v}" for o in origins for v in p.tail],
        "bus1": [f"o{o} v{v}" for o in origins for v in p.head],
        "marginal_cost": np.tile(p.cost, len(origins)),
    }).set_index("name")  # fmt: skip
    wanted = pd.DataFrame({"bus": [f"o{o} v{d}" for o, d in zip(p.origin, p.destination, strict=True)], "demand": p.demand}).groupby("bus").sum()
    return Tables(
        [f"o{o} v{v}" for o in origins for v in range(p.n)],
        links,
        pd.Series(np.tile(arcs, len(origins)), index=links.index, name="arc"),
        pd.Series(p.capacity, index=pd.Index(arcs, name="arc")),
        wanted,
        pd.DataFrame({"bus": [f"o{o} v{o}" for o in origins]}, index=pd.Index([f"o{o}" for o in origins], name="name")),
        float(p.unmet),
    )


def solve(t: Tables) -> float:
    """Build, solve with HiGHS (direct), take the flows back; without ``post_processing``. The objective."""
    n = pypsa.Network(snapshots=[NOW])
    n.add("Bus", t.buses)
    n.add("Link", t.links.index, bus0=t.links["bus0"], bus1=t.links["bus1"], marginal_cost=t.links["marginal_cost"], p_nom=np.inf)
    n.add("Generator", t.supplies.index, bus=t.supplies["bus"], p_nom=np.inf)
    n.add("Load", "load " + t.loads.index, bus=t.loads.index, p_set=t.loads["demand"].to_numpy())
    n.add("Generator", "unmet " + t.loads.index, bus=t.loads.index, p_nom=t.loads["demand"].to_numpy(), marginal_cost=t.unmet)
    n.optimize.create_model(include_objective_constant=False, consistency_check=False)
    used = n.model["Link-p"].loc[NOW].groupby(t.arc).sum()
    n.model.add_constraints(used <= t.capacity.to_xarray(), name="shared-capacity")
    status, condition = n.model.solve(solver_name="highs", log_to_console=False, progress=False, io_api="direct")
    if status != "ok":
        raise RuntimeError(f"PyPSA: {status}, {condition}")
    n.optimize.assign_solution()
    return float(n.model.objective.value)
