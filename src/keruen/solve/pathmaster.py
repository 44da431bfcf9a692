"""The path program, solved by column generation and kept warm: close something, change costs or sides, solve again.

A restricted master in HiGHS holds the ways found so far. Its prices say what every edge is worth, a search finds
the ways that would still pay, and so on until none does. Each round's prices also prove a bound, so the search can
stop at a gap. Prices are smoothed towards the best seen (Wentges 1997), which takes fewer rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.errors import SolveError
from keruen.solve.highs import Solver
from keruen.solve.pathform import Found, PathForm

__all__ = ["Mark", "PathAnswer", "PathMaster"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = np.inf
TOLERANCE = 1e-9
ROUNDS = 1000
SMOOTH = 0.3


@dataclass(frozen=True)
class PathAnswer:
    """quantity (ways,) of every way in the pool, other (columns,) of those that are part of none; prices of linking rows.

    objective and bound in MUSD; rounds of pricing it took.
    """

    quantity: Floats
    other: Floats
    prices: Floats
    objective: float
    bound: float
    rounds: int


@dataclass(frozen=True)
class Mark:
    """A state of a :class:`PathMaster`."""

    ways: int
    basis: Any
    shut: Bools | None
    settled: Floats | None


class PathMaster:
    """The restricted master of one program. ``tolerance``: how much a way must save, in MUSD per unit, to be let in."""

    def __init__(self, form: PathForm, *, tolerance: float = TOLERANCE, smooth: float = SMOOTH) -> None:
        p = form.program
        self.form, self.tolerance, self.smooth = form, tolerance, smooth
        self.cost = p.cost
        self.row_lower, self.row_upper = form.row_lower, form.row_upper
        self.shut: Bools | None = None
        self._solver = Solver(p.cost[form.other], p.upper[form.other], form.linking[:, form.other], form.row_lower, form.row_upper)
        self._first = len(form.other)
        self._start = np.zeros(1, np.int64)
        self._columns = np.zeros(0, np.int64)
        self._known: set[bytes] = set()
        self._shut_ways = np.zeros(0, np.int64)
        self._shut_other = np.zeros(0, np.int64)
        self._bounded = True
        # Reduced costs at which no way was cheaper than nothing, with no more shut than now.
        self._settled: Floats | None = None

    # --- the pool of ways ------------------------------------------------------------------------

    @property
    def ways(self) -> int:
        return len(self._start) - 1

    def pool(self) -> tuple[Ints, Ints]:
        """Every way in the pool: start (ways+1,) into columns."""
        return self._start, self._columns

    def add(self, start: Ints, columns: Ints) -> int:
        """Let ways in that are not in the pool yet. Returns how many were new."""
        keep = []
        for i in range(len(start) - 1):
            key = columns[start[i] : start[i + 1]].tobytes()
            if key not in self._known:
                self._known.add(key)
                keep.append(i)
        if not keep:
            return 0
        pieces = [columns[start[i] : start[i + 1]] for i in keep]
        lengths = np.array([len(p) for p in pieces])
        new = np.concatenate(pieces)
        begins = np.concatenate([[0], np.cumsum(lengths)])
        ways = sparse.csr_array((np.ones(len(new)), new, begins), shape=(len(keep), len(self.cost)))
        rows = sparse.csr_array(ways @ self.form.by_column)
        rows.sum_duplicates()
        upper = np.full(len(keep), INF)
        if self.shut is not None:
            upper[ways @ self.shut.astype(np.float64) > 0] = 0.0
            self._shut_ways = np.concatenate([self._shut_ways, self.ways + np.flatnonzero(upper == 0)])
        self._solver.add_columns(ways @ self.cost, upper, rows)
        self._start = np.concatenate([self._start, self._start[-1] + begins[1:]])
        self._columns = np.concatenate([self._columns, new])
        return len(keep)

    def mark(self) -> Mark:
        """Remember the pool, the basis and what is shut, to come :meth:`back` to. Call it right after a solve that found no more ways."""
        return Mark(self.ways, self._solver.basis(), self.shut, self._settled)

    def back(self, mark: Mark) -> None:
        """Back to a mark: ways found since are forgotten, closures too. What follows does not depend on what was asked before."""
        if self.ways > mark.ways:
            self._open()
            self._solver.drop_columns(self._first + mark.ways, self._first + self.ways)
            for i in range(mark.ways, self.ways):
                self._known.discard(self._columns[self._start[i] : self._start[i + 1]].tobytes())
            self._columns, self._start = self._columns[: self._start[mark.ways]], self._start[: mark.ways + 1]
        self.close(mark.shut)
        self._settled = mark.settled
        self._solver.start_from(mark.basis)

    # --- changes -----------------------------------------------------------------------------------

    def close(self, shut: Bools | None) -> None:
        """Shut columns (columns,) of the arc program and no others; ways that use them carry nothing. None opens all."""
        if self._settled is not None and self.shut is not None and (shut is None or (self.shut & ~shut).any()):
            self._settled = None  # a column opens, so ways may pay that did not
        self._open()
        self.shut = shut
        if shut is not None and self.ways:
            self._shut_ways = np.flatnonzero(np.add.reduceat(shut[self._columns], self._start[:-1], dtype=np.int64))
            self._solver.set_upper(self._first + self._shut_ways, 0.0)
        if shut is not None:
            self._shut_other = np.flatnonzero(shut[self.form.other])
            self._solver.set_upper(self._shut_other, 0.0)

    def _open(self) -> None:
        if len(self._shut_ways):
            self._solver.set_upper(self._first + self._shut_ways, INF)
            self._shut_ways = np.zeros(0, np.int64)
        if len(self._shut_other):
            self._solver.set_upper(self._shut_other, self.form.program.upper[self.form.other[self._shut_other]])
            self._shut_other = np.zeros(0, np.int64)

    def change(self, cost: Floats | None = None, row_lower: Floats | None = None, row_upper: Floats | None = None) -> None:
        """Other costs (of the arc program's columns) or other sides of the linking rows."""
        if cost is not None:
            self.cost, self._settled = cost, None
            ways = np.add.reduceat(cost[self._columns], self._start[:-1]) if self.ways else np.zeros(0)
            self._solver.set_cost(np.concatenate([cost[self.form.other], ways]))
        if row_lower is not None or row_upper is not None:
            self.row_lower = self.row_lower if row_lower is None else row_lower
            self.row_upper = self.row_upper if row_upper is None else row_upper
            # What supplies and plants can give at most was taken from the program's own sides.
            self._bounded = bool((self.row_upper <= self.form.row_upper).all())
            self._solver.set_rows(self.row_lower, self.row_upper)

    # --- solving -----------------------------------------------------------------------------------

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Other sides of one linking row."""
        self.row_lower, self.row_upper = self.row_lower.copy(), self.row_upper.copy()
        self.row_lower[row], self.row_upper[row] = lower, upper
        self._bounded = bool((self.row_upper <= self.form.row_upper).all())
        self._solver.set_row(row, lower, upper)

    def row_ranges(self) -> tuple[Floats, Floats]:
        """For every linking row, the sides between which each price stays the same.

        The basis of the master keeps its prices over them, and at these prices no way outside the pool pays.
        """
        return self._solver.row_ranges()

    def solve(self, gap: float = 0.0) -> PathAnswer:
        """Optimal ways for what is set now: until no way would pay, or the bound is within ``gap`` (relative).

        Raises SolveError if the prices do not settle.
        """
        form, offset = self.form, self.form.program.offset
        if not self.ways:
            self.add(*self.first_ways())
        best, best_prices = -INF, None
        for rounds in range(1, ROUNDS):
            answer = self._solver.solve()
            objective = answer.objective + offset
            prices = answer.row_dual
            # First at smoothed prices; where they find nothing new, at the master's own.
            at = prices if best_prices is None else self.smooth * best_prices + (1 - self.smooth) * prices
            new = 0
            for tried in (at,) if at is prices else (at, prices):
                reduced = form.reduced(self.cost, tried)
                found = form.price(reduced, self.shut, self.tolerance, self._settled)
                bound = self.bound_of(tried, reduced, found) + offset if self._bounded else -INF
                if bound > best:
                    best, best_prices = bound, tried
                new = self.add(found.start, found.columns)
                if new:
                    break
            if not new:
                self._settled = reduced
            if not new or objective - best <= gap * max(1.0, abs(objective)):
                return PathAnswer(answer.x[self._first : self._first + self.ways - new], answer.x[: self._first], prices, objective, best, rounds)
        raise SolveError(f"no end after {ROUNDS} rounds of new ways; this is a fault of keruen")

    def flows(self, answer: PathAnswer) -> Floats:
        """Every column of the arc program."""
        used = len(answer.quantity)
        x = np.bincount(
            self._columns[: self._start[used]], weights=np.repeat(answer.quantity, np.diff(self._start[: used + 1])), minlength=len(self.cost)
        ).astype(np.float64)
        x[self.form.other] = answer.other
        return x

    def row_duals(self, answer: PathAnswer) -> Floats:
        """Prices of all rows of the arc program: balance rows get the least still to pay from their vertex on."""
        reduced = self.form.reduced(self.cost, answer.prices)
        return np.concatenate([self.form.potentials(reduced, self.shut), answer.prices])

    def first_ways(self) -> tuple[Ints, Ints]:
        """The cheapest ways, as if nothing had a limit and everything paid its full price: start (ways+1,) into columns."""
        p = self.form.program
        n, first = p.network, len(p.balance)
        prices = np.zeros(len(self.row_lower))
        worth: dict[str, float] = {}
        for column, commodity in [(p.met + i, w.commodity) for i, w in enumerate(n.wants)] + [(p.moved + i, c.commodity) for i, c in enumerate(n.consigned)]:
            prices[self.rows_of(column)] = -self.cost[column]
            worth[commodity] = max(worth.get(commodity, 0.0), -float(self.cost[column]))
        for i, works in enumerate(n.works):
            column = p.run + i
            rows = self.rows_of(column)
            intake = rows[[r + first not in p.plant_rows and self.row_lower[r] == 0.0 == self.row_upper[r] for r in rows.tolist()]]
            prices[intake] = max(0.0, sum(s * worth.get(c, 0.0) for c, s in works.outputs) - works.cost)
        found = self.form.price(self.form.reduced(self.cost, prices), self.shut, 0.0)
        return found.start, found.columns

    def rows_of(self, column: int) -> Ints:
        """Linking rows that a column is in."""
        linking = self.form.linking
        rows: Ints = linking.indices[linking.indptr[column] : linking.indptr[column + 1]].astype(np.int64)
        return rows

    def bound_of(self, prices: Floats, reduced: Floats, found: Found) -> float:
        """What no plan can go below at these prices, without the offset (Lagrange)."""
        p, other = self.form.program, self.form.other
        y = np.where((prices > 0) & np.isinf(self.row_lower), 0.0, prices)
        y = np.where((y < 0) & np.isinf(self.row_upper), 0.0, y)
        side = np.where(y > 0, self.row_lower, self.row_upper)
        side = np.where(y == 0, 0.0, side)
        return float(y @ side) + float(np.minimum(reduced[other], 0.0) @ p.most[other]) + found.bound
