"""What a Network is made of: frozen records and arrays. The meaning of every symbol is in docs/model.md."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keruen.case import Case
from keruen.rules import End
from keruen.scenario import Overlay
from keruen.tables import Commodity, Rule
from keruen.units import SMALL_PER_UNIT, size

__all__ = ["Bound", "Consigned", "Edge", "Group", "Limit", "Network", "Offer", "Ships", "Want", "Works"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edge:
    """One directed way: ``direction`` is forward or back along a link, or transfer."""

    name: str
    direction: str
    tail: int
    head: int
    track: str
    countries: tuple[str, ...]
    operator: str
    cost: dict[str, float]
    hours: float
    carries: frozenset[str]
    limit: int

    @property
    def label(self) -> str:
        return f"{self.name}:back" if self.direction == "back" else self.name


@dataclass(frozen=True, slots=True)
class Limit:
    """A capacity in its own unit per year, over one or more edges."""

    name: str
    kind: str
    capacity: float
    unit: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A supply. ``cost`` in MUSD per unit; ``full`` is the quantity before a scenario cuts it, which coupled supplies go by."""

    name: str
    commodity: str
    end: End
    vertices: tuple[int, ...]
    quantity: float
    full: float
    cost: float
    coupled: str


@dataclass(frozen=True, slots=True)
class Want:
    """A demand at one or more places: (end, vertices) each. ``price`` in MUSD per unit."""

    name: str
    commodity: str
    ends: tuple[tuple[End, tuple[int, ...]], ...]
    quantity: float
    up_to: float
    price: float
    penalty: float
    use: str


@dataclass(frozen=True, slots=True)
class Works:
    """A plant. ``outputs`` are (commodity, units per unit of input)."""

    name: str
    end: End
    vertices: dict[str, tuple[int, ...]]
    input: str
    capacity: float
    outputs: tuple[tuple[str, float], ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Consigned:
    """A consignment."""

    name: str
    commodity: str
    origin: End
    destination: End
    vertices: tuple[tuple[int, ...], tuple[int, ...]]
    quantity: float
    penalty: float


@dataclass(frozen=True, slots=True)
class Ships:
    """A fleet: ship-hours in a year, and ship-hours to carry one Mt one way on each link it serves."""

    name: str
    hours: float
    hours_per_mt: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A cap or floor of a rule: edges (by group) or deliveries counted, in the rule's unit."""

    rule: Rule
    quantity: float
    payment: float
    on_links: bool
    edges: frozenset[int]


@dataclass(frozen=True)
class Group:
    """Flows that share commodity, rules and edges.

    ``edges`` (n,) indices, ``cost`` (n,) MUSD per unit. ``origins`` are ("supply", i) or ("plant", i);
    ``destinations`` ("demand", i, which end) or ("plant", i, 0). For a consignment group both are
    empty and ``consigned`` holds the positions. ``rules`` are positions in ``Network.rules``.
    """

    commodity: str
    rules: tuple[int, ...]
    edges: Ints
    cost: Floats
    delivery_cost: float
    origins: tuple[tuple[str, int], ...] = ()
    destinations: tuple[tuple[str, int, int], ...] = ()
    consigned: tuple[int, ...] = ()


@dataclass(frozen=True)
class Network:
    """A case in one year under one scenario, ready to be solved. Quantities in commodity units, money in MUSD."""

    case: Case
    year: int
    overlay: Overlay
    commodities: dict[str, Commodity]
    vertices: tuple[tuple[str, str], ...]
    edges: tuple[Edge, ...]
    limits: tuple[Limit, ...]
    offers: tuple[Offer, ...]
    wants: tuple[Want, ...]
    works: tuple[Works, ...]
    consigned: tuple[Consigned, ...]
    ships: tuple[Ships, ...]
    bounds: tuple[Bound, ...]
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    open_edges: frozenset[int]
    notes: tuple[str, ...] = field(default=())

    def size(self, limit: int, commodity: str) -> float:
        """Capacity units of a limit that one unit of the commodity takes."""
        found = size(self.commodities[commodity], self.limits[limit].unit)
        assert found is not None, "checked when the case was read"
        return found

    def counted(self, commodity: str, unit: str) -> float:
        """How many ``unit`` one unit of the commodity is, for a rule or a screenline."""
        row = self.commodities[commodity]
        if row.unit == unit:
            return 1.0
        tonnes = row.tonnes_per_unit * SMALL_PER_UNIT[row.unit]
        return tonnes if unit == "t" else tonnes / 1e6
