"""Network -> what shippers would do: choice among ways by path-size logit, queues that grow with load, hard capacities.

The program (docs/model.md, "Shippers") is the planner's with two terms more: for every way the spread of what its users
think of it, quantity x (ln(quantity / (offer x path size)) - 1), and for every delayed limit the sum of waiting over its load.
Its optimum is the stochastic equilibrium with capacities (Fisk 1980; Bell 1995): shares follow cost plus prices plus waiting.
Commodities without a spread take the cheapest ways only. Ways come from :mod:`keruen.solve.choice`, and then from pricing, as in
the planner's program, until none is missing that anybody would take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keruen.case import Case
from keruen.errors import SolveError
from keruen.network import Network
from keruen.solve import Price, Solution
from keruen.solve.certificate import Certificate, largest_breach
from keruen.solve.choice import choices, incidence, path_sizes
from keruen.solve.convex import ConvexProgram, minimise
from keruen.solve.lines import LineCounter
from keruen.solve.pathform import PathForm, path_form
from keruen.solve.paths import Path
from keruen.solve.program import Program, assemble
from keruen.solve.queues import Queues, queues_of
from keruen.solve.roads import Roads, roads_of
from keruen.units import MUSD_PER_UNIT

__all__ = ["Shippers", "ShippersSolution", "solve_shippers"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS = 25
SEEN = 1e-4  # share of an offer that a way must be worth to be looked for
FULL = 1e-6
TINY = 1e-9


@dataclass(frozen=True)
class _Ways:
    """Ways as (start (ways+1,), columns), who chooses each (an offer, by number), path size, and whether anything bounds them."""

    start: Ints
    columns: Ints
    chooser: Ints
    size: Floats

    @property
    def count(self) -> int:
        return len(self.start) - 1


class Shippers:
    """The convex program of a network, kept warm: other costs or sides, the same ways and more if they are wanted."""

    name = "ways"

    def __init__(self, network: Network, *, gap: float = 1e-6, spreads: Mapping[str, float] | None = None,
                 constants: Mapping[str, float] | None = None, program: Program | None = None) -> None:  # fmt: skip
        self.program: Program = assemble(network) if program is None else program
        self.form: PathForm = path_form(self.program)
        self.gap = gap
        self._fine = min(1e-9, max(1e-13, 0.1 * gap))
        self.lines = LineCounter(self.program)
        self.constants = dict(constants_of(network.case) if constants is None else constants)
        self.queues: Queues = queues_of(self.program)
        self.lower, self.upper = self.program.row_lower.copy(), self.program.row_upper.copy()
        self._first = len(self.program.balance)
        self._item = {int(c): int(i) for seeds in (self.form.enters, self.form.leaves) for c, i in zip(seeds.column, seeds.item, strict=True)}
        spread = dict(spreads_of(network.case) if spreads is None else spreads)
        self._spread_of_group = np.array([spread.get(g.commodity, 0.0) * MUSD_PER_UNIT[network.commodities[g.commodity].unit] for g in network.groups])
        self._known: set[bytes] = set()
        self._pieces: list[Ints] = []
        self.ways = self._gathered()
        start, columns = choices(self.form, self.cost, self._shut())
        self._take(start, columns)
        self.x: Floats = np.zeros(len(self.program.cost))
        self._guess: tuple[Floats, Floats] | None = None
        self.rounds = 0

    @property
    def why(self) -> str:
        return f"{self.ways.count:,} ways among which shippers choose"

    @property
    def cost(self) -> Floats:
        return self.program.cost

    def unexplained(self, start: Ints, columns: Ints) -> Floats:
        """(ways,) calibrated constants of every way, MUSD per unit."""
        total = np.zeros(len(start) - 1)
        for line, usd in sorted(self.constants.items()):
            # A constant is paid for a t, TEU or 1000 m3 of the line: thousands of MUSD are a unit of a million.
            row = self.program.network.case.screenlines[line]
            total += usd * MUSD_PER_UNIT[row.unit] * self.lines.on_ways(line, start, columns)
        return total

    def flow(self, line: str) -> float:
        """What crosses a screenline of links and transfers, in its unit."""
        return float(self.lines.on_ways(line, self.ways.start, self.ways.columns) @ self.quantity)

    def _shut(self) -> NDArray[np.bool_]:
        """Columns that cannot carry anything: a row with their use has no room."""
        none = np.flatnonzero((self.upper[self._first :] <= 0) & np.isneginf(self.lower[self._first :]))
        rows = self.form.linking.tocsr()[none, :]
        shut = np.asarray((rows > 0).sum(axis=0)).ravel() > 0
        # Rows of fleets and plants say how much they do for others, which is no closure.
        has_way_out = np.asarray((rows < 0).sum(axis=1)).ravel() > 0
        if has_way_out.any():
            shut = np.asarray((rows[~has_way_out, :] > 0).sum(axis=0)).ravel() > 0
        return np.asarray(shut, bool)

    # --- ways ----------------------------------------------------------------------------------------

    def _take(self, start: Ints, columns: Ints) -> int:
        """Let ways in that are not known yet; returns how many."""
        before = len(self._pieces)
        for i in range(len(start) - 1):
            way = columns[start[i] : start[i + 1]]
            # A circle begins where nothing enters: it moves nothing, and is nobody's choice.
            if self._item.get(int(way[0]), -2) == -2 or way.tobytes() in self._known:
                continue
            self._known.add(way.tobytes())
            self._pieces.append(way)
        if len(self._pieces) > before:
            self.ways = self._gathered()
        return len(self._pieces) - before

    def _gathered(self) -> _Ways:
        pieces = self._pieces
        start = np.concatenate([[0], np.cumsum([len(w) for w in pieces])]).astype(np.int64)
        columns = np.concatenate([np.zeros(0, np.int64), *pieces]).astype(np.int64)
        chooser = np.array([self._chooser(w) for w in pieces], np.int64)
        return _Ways(start, columns, chooser, path_sizes(start, columns, self.program.cost, chooser))

    def _chooser(self, way: Ints) -> int:
        item = self._item[int(way[0])]
        return item if item >= 0 else self._item[int(way[-1])]

    # --- solving -------------------------------------------------------------------------------------

    def solve(self) -> Certificate:
        """The equilibrium, in ``x`` and ``row_dual``; returns how right it is. Raises SolveError where it is not found."""
        f, p = self.form, self.program
        for self.rounds in range(1, ROUNDS + 1):
            self._one()
            reduced = f.reduced(self.cost, self.linking_dual) + self.queues.loads.T @ self.queue_price
            worth = -self._spread_of_group[f.group.clip(0)] * np.log(SEEN) if len(self._spread_of_group) else np.zeros(0)
            found = f.price(reduced, self._shut(), -float(np.max(worth, initial=0.0)) if len(worth) else 0.0)
            if np.isneginf(found.bound):
                break
            start, columns = self._wanted(found.start, found.columns, reduced)
            if not self._take(start, columns):
                break
        self.certificate = self._certified()
        while self.certificate.relative_gap > self.gap and self._fine > 1e-13:  # the objective may be small beside what it is made of
            self._fine *= 1e-2
            self._one()
            self.certificate = self._certified()
        if self.certificate.relative_gap > max(self.gap, 1e-12) or self._breach() > 1e-7:
            raise SolveError(f"the equilibrium was not found: gap {self.certificate.relative_gap:.1e}, violation {self.certificate.max_violation:.1e}")
        assert len(p.cost) == len(self.x)
        return self.certificate

    def _wanted(self, start: Ints, columns: Ints, reduced: Floats) -> tuple[Ints, Ints]:
        """Of the ways found, those that would carry more than SEEN of an offer."""
        keep = []
        for i in range(len(start) - 1):
            way = columns[start[i] : start[i + 1]]
            if way.tobytes() in self._known:
                continue
            spread = float(self._spread_of_group[self.form.group[way[0]]])
            dear = float(reduced[way].sum()) + float(self.unexplained(np.array([0, len(way)]), way)[0])
            if dear < (-spread * np.log(SEEN) if spread > 0 else -1e-9):
                keep.append(way)
        return np.concatenate([[0], np.cumsum([len(w) for w in keep])]).astype(np.int64), np.concatenate([np.zeros(0, np.int64), *keep]).astype(np.int64)

    def _one(self) -> None:
        """One convex program on the ways known."""
        f, p, w, queues = self.form, self.program, self.ways, self.queues
        self.incidence = incidence(w.start, w.columns, len(p.cost))
        use = sparse.csr_array(self.incidence @ f.by_column).T
        rows = sparse.csr_array(sparse.hstack([use, f.linking[:, f.other], sparse.csr_array((use.shape[0], queues.count))]))
        waits = sparse.csr_array(sparse.hstack([queues.loads @ self.incidence.T, queues.loads[:, f.other], -sparse.eye_array(queues.count)]))
        self.way_cost = self.incidence @ self.cost + self.unexplained(w.start, w.columns)
        cost = np.concatenate([self.way_cost, self.cost[f.other], np.zeros(queues.count)])
        most = f.item_most[w.chooser] if w.count else np.zeros(0)
        spread = np.concatenate([self._spread_of_group[f.group[w.columns[w.start[:-1]]]] if w.count else np.zeros(0),
                                 np.zeros(len(f.other) + queues.count)])  # fmt: skip
        scale = np.concatenate([most * w.size, np.ones(len(f.other) + queues.count)])
        top = np.concatenate([np.where(most > 0, np.inf, 0.0), p.upper[f.other], queues.most])
        lower, upper = self.lower[self._first :], self.upper[self._first :]
        whole = sparse.csr_array(sparse.vstack([rows, waits]))
        still = np.zeros(queues.count)
        columns = len(cost)

        def slopes(x: Floats) -> tuple[Floats, Floats]:
            first, second = np.zeros(columns), np.zeros(columns)
            load = x[columns - queues.count :]
            first[columns - queues.count :], second[columns - queues.count :] = queues.cost(load), queues.slope(load)
            return first, second

        sides = np.concatenate([lower, still]), np.concatenate([upper, still])
        convex = ConvexProgram(cost, top, np.where(scale > 0, spread, 0.0), np.maximum(scale, 1e-300), whole, *sides, slopes if queues.count else None)
        self._answer = answer = minimise(convex, tolerance=self._fine)
        z = answer.x
        self.live_columns = ~answer.fixed
        self.quantity = z[: w.count]
        self.x = np.asarray(self.incidence.T @ self.quantity)
        self.x[f.other] = z[w.count : w.count + len(f.other)]
        self.linking_dual = answer.prices[: len(lower)]
        self.load = np.asarray(queues.loads @ self.x)
        self.queue_price = queues.cost(self.load)
        self.spread, self.scale = spread[: w.count], scale[: w.count]

    def response(self, lines: Sequence[str]) -> Floats:
        """(lines, lines): how the flow over each line moves with the constant of each, units per USD, to first order."""
        w = self.ways
        counts = np.stack([self.lines.on_ways(line, w.start, w.columns) for line in lines], axis=1) if lines else np.zeros((w.count, 0))
        case = self.program.network.case
        usd = np.array([MUSD_PER_UNIT[case.screenlines[line].unit] for line in lines])
        push = np.concatenate([counts * usd[None, :], np.zeros((len(self.live_columns) - w.count, len(lines)))])
        moved = self._answer.response(push)
        return np.asarray(counts.T @ moved[: w.count])

    @property
    def row_dual(self) -> Floats:
        """Prices of all rows: what one more of the side costs (negative: saves); those of balance rows are not kept."""
        return np.concatenate([np.zeros(self._first), self.linking_dual])

    def _entropy(self) -> float:
        q, s, t = self.quantity, self.scale, self.spread
        some = (q > 0) & (t > 0) & (s > 0)
        return float(t[some] @ (q[some] * (np.log(q[some] / s[some]) - 1)))

    @property
    def objective(self) -> float:
        paid = float(self.way_cost @ self.quantity) + float(self.cost[self.form.other] @ self.x[self.form.other])
        return paid + self._entropy() + self.queues.total(self.load) + self.program.offset

    def _breach(self) -> float:
        """Largest breach of a row, as a part of its side where that is above 1: ship-hours are many."""
        activity = self.program.matrix @ self.x
        over = np.maximum(self.lower - activity, activity - self.upper)
        side = np.where(np.isfinite(self.upper), np.abs(self.upper), np.where(np.isfinite(self.lower), np.abs(self.lower), 1.0))
        return float(np.max(over / np.maximum(1.0, side), initial=0.0))

    def _certified(self) -> Certificate:
        """Violation and gap from the arrays. The bound is the dual of the convex program at the prices, over the ways known
        (a way of a spread commodity that is not known would carry less than SEEN of its offer)."""
        f, p, w = self.form, self.program, self.ways
        violation = largest_breach(p, self.x, self.lower, self.upper)
        lower, upper = self.lower[self._first :], self.upper[self._first :]
        y = np.where((self.linking_dual > 0) & np.isinf(lower), 0.0, self.linking_dual)
        y = np.where((y < 0) & np.isinf(upper), 0.0, y)
        side = np.where(y > 0, lower, np.where(y < 0, upper, 0.0))
        bound = float(y @ np.where(y == 0, 0.0, side)) + p.offset
        bound += self.queues.least(self.queue_price)
        reduced = f.reduced(self.cost, y) + self.queues.loads.T @ self.queue_price
        ways = np.asarray(self.incidence @ reduced) + self.way_cost - self.incidence @ self.cost
        live = self.live_columns[: w.count]
        spread = (self.spread > 0) & (self.scale > 0) & live
        bound -= float(self.spread[spread] @ (self.scale[spread] * np.exp(np.minimum(-ways[spread] / self.spread[spread], 50.0))))
        linear = ~spread & live
        least = np.zeros(len(f.item_most))
        np.minimum.at(least, w.chooser[linear], ways[linear])
        bound += float(least @ f.item_most)
        free = self.live_columns[w.count : w.count + len(f.other)]
        left = reduced[f.other]
        bound += float(np.minimum(left, 0.0) @ np.where(free, p.most[f.other], 0.0)) + float(left @ np.where(free, 0.0, self.x[f.other]))
        return Certificate(violation, (self.objective - bound) / max(1.0, abs(self.objective)))

    def set_sides(self, row: int, lower: float, upper: float) -> None:
        self.lower[row], self.upper[row] = lower, upper


@dataclass(frozen=True)
class ShippersSolution(Solution):
    """A solution by shippers. Prices hold where they are: costs bend with every tonne, so their range is a point."""

    shippers: Shippers | Roads | None = None
    behaviour: ClassVar[str] = "shippers"

    @property
    def paid(self) -> float:
        p = self.program
        s = self.shippers
        assert s is not None
        return float(p.cost @ self.x) + p.offset + float(s.queue_price @ s.load)

    def ways(self) -> list[Path]:
        """The ways that shippers take, by group, largest first."""
        s = self.shippers
        assert s is not None
        taken = dict(self.program.taken)
        found = []
        for i in np.flatnonzero(s.quantity > TINY).tolist():
            way = s.ways.columns[s.ways.start[i] : s.ways.start[i + 1]].tolist()
            first = taken[way[0]]
            begin, edges = self.program.flow[first.group], self.network.groups[first.group].edges
            found.append(Path(first.group, first, taken[way[-1]], tuple(int(edges[c - begin]) for c in way[1:-1]), float(s.quantity[i])))
        return sorted(found, key=lambda w: (w.group, -w.quantity, w.edges, w.origin.item, w.destination.item, w.destination.end))

    def prices(self, rows: Sequence[int], units: Sequence[float] | None = None) -> dict[int, Price]:
        assert self.shippers is not None
        p, found = self.program, {}
        activity = p.matrix @ self.x
        for k, row in enumerate(rows):
            floor = np.isinf(p.row_upper[row])
            side = float(p.row_lower[row] if floor else p.row_upper[row])
            price = max(0.0, -float(self.row_dual[row]) * (-1 if floor else 1))
            full = abs(activity[row] - side) <= FULL * max(1.0, abs(side)) and price > 1e-6
            one_more = self._gain_here(row, side, units[k] if units else 1.0) if full and not floor else None
            found[row] = Price(row, float(activity[row]), price if price > 1e-6 else 0.0, side, side, False, one_more)
        return found

    def _gain_here(self, row: int, side: float, step: float) -> float:
        s = self.shippers
        assert isinstance(s, Shippers)  # roads have no limits, so no price is asked of them
        kept = dict(s.__dict__)
        s.set_sides(row, float(self.program.row_lower[row]), side + step)
        s._one()
        better = s.objective
        s.set_sides(row, float(self.program.row_lower[row]), side)
        s.__dict__.update(kept)
        return max(0.0, self.objective - better)


def spreads_of(case: Case) -> dict[str, float]:
    """How far shippers differ, by commodity, USD: the case's own parameters."""
    return {p.commodity: p.usd for p in case.parameters.values() if p.kind == "spread"}


def constants_of(case: Case) -> dict[str, float]:
    """Unexplained cost by screenline, USD: the case's own parameters."""
    return {p.screenline: p.usd for p in case.parameters.values() if p.kind == "constant"}


def solve_shippers(network: Network, *, gap: float = 1e-6, spreads: Mapping[str, float] | None = None,
                   constants: Mapping[str, float] | None = None) -> ShippersSolution:  # fmt: skip
    """What shippers would do on a network. spreads: by commodity, constants: by screenline, USD for a t, TEU or 1000 m3;
    those of the case if none are given.

    Raises SolveError where the equilibrium is not found to the gap.
    """
    program = assemble(network)
    spreads = spreads_of(network.case) if spreads is None else spreads
    constants = constants_of(network.case) if constants is None else constants
    roads = roads_of(program, spreads, constants, gap=gap)
    if roads is not None and (certified := roads.solve()) is not None:
        return ShippersSolution(program, roads.x, roads.row_dual, roads.objective, "equilibrium", certified, roads, roads)  # type: ignore[arg-type]
    s = Shippers(network, gap=gap, spreads=spreads, constants=constants, program=program)
    certificate = s.solve()
    return ShippersSolution(s.program, s.x, s.row_dual, s.objective, "equilibrium", certificate, s, s)  # type: ignore[arg-type]
