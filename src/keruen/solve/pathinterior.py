"""First ways for a large path program, found at the centred prices of our own interior point.

Where hundreds of capacities bind, most of the time of column generation goes to simplex masters of early rounds,
whose prices jump about. Here those rounds are solved by :mod:`keruen.solve.interior`, stopped early. Supplies and
consignments are its flows; limits enter its rows once they are overloaded; deliveries, plants, fleets, rules and
coupled supplies are rows from the start. The ways found go to HiGHS, which ends exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.solve.interior import Master, interior, one_blas_thread
from keruen.solve.pathmaster import PathMaster

__all__ = ["learn_ways"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = np.inf
ROUNDS = 60
STEPS = 30
ENOUGH = 1e-4


def learn_ways(master: PathMaster, *, enough: float = ENOUGH, rounds: int = ROUNDS) -> tuple[int, float]:
    """Fill the pool of a master that has none yet. Returns rounds taken and the gap estimated at the end.

    enough: relative gap at which it stops; the estimate takes the interior point's plan, which keeps the rows only
    nearly, so it is no certificate.
    """
    with one_blas_thread():
        return _Learner(master).learn(enough, rounds)


class _Learner:
    """flow_of (columns,): the flow a column begins or ends, -1 for none. Flows are supplies, then consignments: row_of_flow
    the row that each keeps by itself, demand its side, worth what arriving brings. active, lazy (linking rows,): rows
    in the interior point, and those that wait until they are overloaded. price, rho (linking rows,): last prices, and
    what breaking a row costs.
    """

    def __init__(self, master: PathMaster) -> None:
        self.master, form = master, master.form
        p = form.program
        n, first, many = p.network, len(p.balance), len(form.row_lower)
        offers, lots = len(n.offers), p.moved + np.arange(len(n.consigned))
        own = [row - first for row in p.supply_rows] + [int(master.rows_of(c)[0]) for c in lots.tolist()]
        self.row_of_flow = np.array(own, np.int64)
        self.demand = np.concatenate([form.row_upper[self.row_of_flow[:offers]], p.upper[lots]])
        self.worth = np.concatenate([np.zeros(offers), -p.cost[lots]])
        self.flow_of = np.full(len(p.cost), -1, np.int64)
        for column, t in p.taken:
            if t.kind in ("supply", "consigned"):
                self.flow_of[column] = t.item + (offers if t.kind == "consigned" else 0)
        self.other = form.other[~np.isin(form.other, lots) & (p.upper[form.other] > 0)]
        kept = np.isfinite(form.row_lower) | np.isfinite(form.row_upper)
        kept[self.row_of_flow] = False
        needed = np.isfinite(form.row_lower)
        needed[form.linking[:, self.other].indices] = True
        self.active, self.lazy = kept & needed, kept & ~needed
        self.price = np.zeros(many)
        self.rho = np.full(many, 4.0 * float(np.max(np.abs(p.cost), initial=1.0)))
        self.size = max(1.0, float(np.abs(self.worth) @ self.demand), float(np.abs(p.cost[self.other]) @ np.minimum(p.upper, p.most)[self.other]))

    def learn(self, enough: float, rounds: int) -> tuple[int, float]:
        master, form = self.master, self.master.form
        p = form.program
        start, columns = master.first_ways()
        known = {columns[start[i] : start[i + 1]].tobytes() for i in range(len(start) - 1)}
        best, gap, gap_abs, taken = -INF, INF, INF, 0
        x, reduced = np.zeros(0), p.cost
        while len(known) and taken < rounds:
            taken += 1
            rows_before = int(self.active.sum())
            x, y, objective = self._round(start, columns, gap_abs, enough)
            reduced = form.reduced(p.cost, y)
            found = form.price(reduced, None, 0.0)
            best = max(best, master.bound_of(y, reduced, found) + p.offset)
            gap_abs = min(max(objective - best, 0.0), 2 * gap_abs)
            gap = gap_abs / max(1.0, abs(objective))
            pieces = [found.columns[found.start[i] : found.start[i + 1]] for i in range(len(found.start) - 1)]
            pieces = [piece for piece in pieces if piece.tobytes() not in known]
            more_rows = int(self.active.sum()) > rows_before
            if not more_rows and (gap <= enough or not pieces):
                break
            if pieces:
                known.update(piece.tobytes() for piece in pieces)
                start = np.concatenate([start, start[-1] + np.cumsum([len(piece) for piece in pieces])])
                columns = np.concatenate([columns, *pieces])
        if known:
            self._keep(start, columns, x, reduced, gap_abs)
        return taken, gap

    def _keep(self, start: Ints, columns: Ints, x: Floats, reduced: Floats, gap_abs: float) -> None:
        """Ways that carry something or nearly pay go to the master: the others would only slow its last solves down."""
        pays = np.add.reduceat(reduced[columns], start[:-1]) <= 10 * max(gap_abs, 1e-9) / np.maximum(1e-9, self._volume(start, columns))
        pays[: len(x)] |= x[: len(pays)] > 1e-7
        keep = np.flatnonzero(pays)
        lengths = np.diff(start)[keep]
        begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.master.add(begins, columns[np.repeat(start[keep] - begins[:-1], lengths) + np.arange(begins[-1])])

    def _flows(self, start: Ints, columns: Ints) -> Ints:
        """The flow of each way, -1 for none: of a circle, or of what a plant makes."""
        found: Ints = np.maximum(self.flow_of[columns[start[:-1]]], self.flow_of[columns[start[1:] - 1]])
        return found

    def _volume(self, start: Ints, columns: Ints) -> Floats:
        """The most a way could carry: its flow's demand, or much."""
        flow = self._flows(start, columns)
        return np.where(flow >= 0, np.append(self.demand, 0.0)[flow], float(self.demand.sum()))

    def _round(self, start: Ints, columns: Ints, gap_abs: float, enough: float) -> tuple[Floats, Floats, float]:
        """One restricted master from the last prices: x by way, prices of all linking rows, objective with what is broken."""
        form, p = self.master.form, self.master.form.program
        ways = sparse.csr_array((np.ones(len(columns)), columns, start), shape=(len(start) - 1, len(p.cost)))
        takes = sparse.csr_array(sparse.vstack([sparse.csr_array(ways @ form.by_column), form.by_column[self.other, :]]))
        flow = self._flows(start, columns)
        cost = ways @ p.cost - np.append(self.worth, 0.0)[flow]
        # Columns with a bound are flows of their own; what a flow leaves is a column that costs nothing.
        bounded = np.flatnonzero(np.isfinite(p.upper[self.other]))
        own = np.full(len(self.other), -1, np.int64)
        own[bounded] = len(self.demand) + np.arange(len(bounded))
        demand = np.concatenate([self.demand, p.upper[self.other[bounded]]])
        rest = np.arange(len(demand))
        rows = np.flatnonzero(self.active)
        at = sparse.csr_array(takes[:, rows])
        at.sort_indices()
        entries = np.concatenate([at.indptr, np.full(len(rest), at.nnz)]).astype(np.int64)
        has_upper = np.isfinite(form.row_upper[rows])
        low = np.where(np.isfinite(form.row_lower[rows]), -self.rho[rows], 0.0)
        high = np.where(has_upper, self.rho[rows], 0.0)
        m = Master(
            np.concatenate([cost, p.cost[self.other], np.zeros(len(rest))]), np.concatenate([flow, own, rest]), entries, at.indices.astype(np.int64),
            at.data, demand, np.where(has_upper, form.row_upper[rows], form.row_lower[rows]), low, high,
        )  # fmt: skip
        wanted = max(0.1 * min(gap_abs, 1e-2 * self.size), 0.2 * enough * self.size) / (len(m.cost) + 2 * len(rows))
        point = interior(m, mu=np.clip(-self.price[rows], low, high), barrier=10 * wanted, target=wanted, most_steps=STEPS, hold=0.2)
        x = point.x[: len(cost) + len(self.other)]
        load = takes.T @ x
        over = np.where(self.lazy, np.maximum(0.0, load - form.row_upper), 0.0)
        over[over <= 1e-9 * np.maximum(1.0, np.abs(form.row_upper))] = 0.0
        self.price[:] = 0.0
        self.price[rows] = -point.mu
        near = rows[np.abs(point.mu) > 0.5 * self.rho[rows]]
        objective = float(m.cost[: len(x)] @ x) + p.offset + float(over @ self.rho)
        self.rho[near] *= 4
        new = self.lazy & (over > 0)
        self.active, self.lazy = self.active | new, self.lazy & ~new
        y = self.price.copy()
        # Prices of the rows that flows keep by themselves follow from what their columns cost.
        y[self.row_of_flow] = np.minimum(0.0, point.sigma[: len(self.demand)]) + self.worth
        return x[: len(cost)], y, objective
