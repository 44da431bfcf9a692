"""The most that could be lost if what flows through something were simply dropped: a bound that saves most solves of pairs.

What is left of a plan when some of its ways are dropped is a plan again, once what hangs on them is dropped too: what a plant
would have made of it, and the equal shares of coupled supplies. So a closure loses at most that much, whatever goes round it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from keruen.solve.program import ENTERS, Program

__all__ = ["dropped"]

Floats = NDArray[np.float64]
ROUNDS = 30
INF = float("inf")


def dropped(program: Program, counted: Iterable[tuple[int, float]]) -> Floats:
    """(columns,) Mt counted that are lost at most for one unit on a column that is dropped; inf where no bound is known.

    counted: (column, Mt in one of it) of the deliveries that count.
    """
    n = program.network
    mt = dict(counted)
    reach: list[float] = [0.0] * len(n.groups)  # Mt for a unit of a group, by way of deliveries and plants
    made: dict[str, float] = {}
    for _ in range(ROUNDS):
        made = {}
        for g, group in enumerate(n.groups):
            made[group.commodity] = max(made.get(group.commodity, 0.0), reach[g])
        last = list(reach)
        for column, t in program.taken:
            if t.kind not in ENTERS:
                chain = sum(share * made.get(c, 0.0) for c, share in n.works[t.item].outputs) if t.kind == "intake" else 0.0
                reach[t.group] = max(reach[t.group], mt.get(column, 0.0), chain)
        if reach == last:
            break
    else:
        return np.full(len(program.cost), INF)
    tied = _tied(program, reach)
    found = np.full(len(program.cost), INF)
    for first, g in zip(program.flow, range(len(n.groups)), strict=True):
        found[first : first + len(n.groups[g].edges)] = reach[g] + tied[g]
    return found


def _tied(program: Program, reach: list[float]) -> list[float]:
    """By group: Mt for a unit that starts there, by way of supplies that move in equal shares with its own."""
    n = program.network
    best: dict[int, float] = {}
    for _, t in program.taken:
        if t.kind == "supply":
            best[t.item] = max(best.get(t.item, 0.0), reach[t.group])
    tied = [0.0] * len(n.groups)
    for _, t in program.taken:
        if t.kind == "supply" and (set_ := n.offers[t.item].coupled):
            full = n.offers[t.item].full
            others = [j for j, o in enumerate(n.offers) if o.coupled == set_ and j != t.item]
            lost = sum(n.offers[j].full * best.get(j, 0.0) for j in others) / full if full > 0 else 0.0
            tied[t.group] = max(tied[t.group], lost)
    return tied
