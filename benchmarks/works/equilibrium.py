"""Section 9: traffic equilibria of published networks, seconds to each relative gap."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness import Missing, Work, median

GAPS = (1e-4, 1e-6, 1e-8, 1e-10)
BENCH = (Path(__file__).resolve().parent.parent.parent.parent / "shared" / "bench" / "tntp-ue").resolve()
LEAST = 1e-4  # free cost of links that have none, for both programs: AequilibraE refuses 0
NETWORKS = {
    "Sioux Falls": ("SiouxFalls", "SiouxFalls", 0.0, 0.0),
    "Anaheim": ("Anaheim", "Anaheim", 0.0, 0.0),
    "Barcelona": ("Barcelona", "Barcelona", 0.0, 0.0),
    "Chicago Sketch": ("Chicago-Sketch", "ChicagoSketch", 0.02, 0.04),
}


def roads(name: str) -> Any:
    """The network with free costs of at least ``LEAST``, without links into dead ends (in its table of results AequilibraE puts loads on those)."""
    from keruen.files.flow_formats import read_tntp_roads
    from keruen.solve.delays import Delays

    folder, file, toll, distance = NETWORKS[name]
    net, trips = (BENCH / folder / f"{file}_{what}.tntp" for what in ("net", "trips"))
    if not net.exists():
        raise Missing(f"{net} is not there")
    a = read_tntp_roads(net, trips, toll_weight=toll, distance_weight=distance)
    d, on = a.delays, np.isin(a.head, np.r_[a.tail, a.destination])
    delays = Delays(d.kind[on], np.maximum(d.free, LEAST)[on], d.scale[on], d.capacity[on], d.power[on])
    return dataclasses.replace(a, tail=a.tail[on], head=a.head[on], delays=delays, fixed=a.fixed[on])


def gap_of(a: Any, load: Any) -> tuple[float, float]:
    """(relative gap as keruen defines it, Beckmann objective) of loads by arc: what all pay, less the cheapest ways at the same costs."""
    from keruen.solve.equilibrium import certify, solve_equilibrium

    cost = a.curves.cost(load)
    flat = dataclasses.replace(a, delays=(cost, 0.0, 1.0, 1.0), fixed=None)
    least = certify(flat, *_paths(solve_equilibrium(flat, gap=0.5))).total
    total = float(load @ cost)
    return (total - least) / total, float(a.curves.integral(load).sum())


def _paths(answer: Any) -> tuple[Any, ...]:
    return answer.path_start, answer.path_arcs, answer.path_flow, answer.path_quantity


def keruen(name: str, threads: int, repeats: int = 5) -> Work:
    """Each gap from nothing, ``repeats`` times; medians."""
    from keruen.solve.equilibrium import solve_equilibrium

    a = roads(name)
    solve_equilibrium(a, gap=1e-4, threads=threads)  # compiled code comes from the disk

    def run() -> dict[str, Any]:
        times, rounds = {}, {}
        for gap in GAPS:
            seconds = []
            for _ in range(repeats):
                began = time.perf_counter()
                answer = solve_equilibrium(a, gap=gap, threads=threads)
                seconds.append(time.perf_counter() - began)
            times[f"{gap:g}"], rounds[f"{gap:g}"] = median(seconds) if answer.closed else None, answer.rounds
        gap = gap_of(a, answer.load)[0]
        return {"times": times, "rounds": rounds["1e-10"], "own_gap": answer.gap, "gap": gap, "objective": answer.objective, "runs": repeats}

    return Work(run, warm_up=False)


def aequilibrae(name: str, cores: int, limit: float, repeats: int = 3) -> Work:
    """One run through all gaps, to the last or the limit, its own clock and its own gap; ``repeats`` times where that takes under a minute in all."""
    try:
        from peers.aequilibrae_roads import Roads
    except ImportError as error:
        raise Missing(f"AequilibraE is not installed ({error})") from None
    a = roads(name)
    zones = int(max(a.origin.max(), a.destination.max())) + 1

    def run() -> dict[str, Any]:
        found: dict[str, list[float]] = {f"{gap:g}": [] for gap in GAPS}
        began, runs = time.perf_counter(), 0
        while runs < repeats and (not runs or (time.perf_counter() - began) * (runs + 1) / runs < 60):
            seconds, gaps, load = Roads(a, zones, cores).run(GAPS[-1], limit)
            runs += 1
            for gap in GAPS:
                reached = [s for s, g in zip(seconds, gaps, strict=True) if g <= gap]
                if reached:
                    found[f"{gap:g}"].append(reached[0])
        gap, objective = gap_of(a, load)
        times = {g: median(s) for g, s in found.items()}
        return {"times": times, "rounds": len(seconds), "own_gap": gaps[-1], "gap": gap, "objective": objective, "runs": runs}

    return Work(run, warm_up=False)
