"""The one schema: a row type for every table of a case folder.

Everything that reads, checks, documents or draws a form for a table derives it from here.
Column names are the attribute names; ``from_`` is written ``from`` in the file.
The meaning of each column in a solve is in ``docs/model.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from keruen.columns import Column, Row, col, columns_of

__all__ = ["MODES", "NEEDED", "TABLES", "WORDINGS", "key_columns"]

WORDINGS = ("", "about", "nearly", "more than", "at least", "up to", "record", "among", "tens of", "billions of")
MODES = ("oil_pipeline", "gas_pipeline", "rail", "road", "ferry", "tanker", "sea", "air")
GAUGES = ("1520", "1435", "1000")
STATUSES = ("operating", "idle", "planned", "under_construction", "completed")


def _source() -> Any:
    return col("id", "where the numbers of this row come from", refs=("sources",))


def _confidence() -> Any:
    return col("choice", "how firm they are", choices=("high", "medium", "low"))


def _note() -> Any:
    return col("text", "anything a reader should know", blank="nothing to say")


def _modes(meaning: str) -> Any:
    return col("list", meaning + " (rail-1520 or rail-1435 for one gauge only)", blank="every mode of the place")


def _first() -> Any:
    return col("integer", "first year in which the row counts", unit="year", low=1900, high=2100, blank="always")


def _last() -> Any:
    return col("integer", "last year in which the row counts", unit="year", low=1900, high=2100, blank="for ever")


def _usd(per: str, meaning: str, low: float | None = None) -> Any:
    return col("number", meaning, unit=f"USD/{per}", low=low, blank=f"it carries nothing counted in {per}")


@dataclass(frozen=True, kw_only=True)
class Place(Row):
    """A point on the map."""

    place: str = col("id", "name of the row, used by the other tables", key=True)
    name: str = col("text", "what people call it")
    country: str = col("text", "ISO 3166 code of two letters")
    lon: float = col("number", "longitude", unit="degree", low=-180, high=180)
    lat: float = col("number", "latitude", unit="degree", low=-90, high=90)
    kind: str = col(
        "choice", "what it is",
        choices=("field", "terminal", "refinery", "gas_plant", "pump_station", "port", "border", "station",
                 "dry_port", "city", "market", "waypoint"),
    )  # fmt: skip
    aliases: tuple[str, ...] = col("list", "other names", blank="none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Link(Row):
    """A way between two places in one mode."""

    link: str = col("id", "name of the row", key=True)
    from_: str = col("id", "place where it starts", refs=("places",))
    to: str = col("id", "place where it ends", refs=("places",))
    mode: str = col("choice", "mode of transport", choices=MODES)
    gauge_mm: str = col("choice", "track gauge, for rail", choices=GAUGES, blank="not a railway")
    direction: str = col("choice", "one_way from start to end, or both ways", choices=("one_way", "both"))
    capacity: float | None = col(
        "number", "most that can pass in a year, each way unless shared", unit="{capacity_unit}", low=0,
        blank="no limit known: never binds",
    )  # fmt: skip
    capacity_unit: str = col(
        "choice", "unit of capacity",
        choices=("Mt/year", "kTEU/year", "bcm/year", "trains/day"), blank="capacity is empty",
    )  # fmt: skip
    capacity_shared: bool = col("yes_no", "both directions share one capacity", blank="no")
    length_km: float = col("number", "length", unit="km", low=0, high=30000)
    carries: tuple[str, ...] = col("list", "commodities it can carry", refs=("commodities",))
    cost_usd_per_t: float | None = _usd("t", "tariff, freight and fees for a tonne")
    cost_usd_per_teu: float | None = _usd("TEU", "the same for a container of twenty feet")
    cost_usd_per_1000m3: float | None = _usd("1000 m3", "the same for a thousand cubic metres of gas")
    hours: float = col("number", "running time", unit="h", low=0, high=8760, blank="0")
    wait_hours: float = col("number", "waiting at the border or port", unit="h", low=0, high=8760, blank="0")
    countries: tuple[str, ...] = col("list", "countries it lies in, those of both ends among them")
    operator: str = col("text", "who runs it", blank="not known")
    status: str = col("choice", "all but operating need a capacity of 0 and a project that opens them", choices=STATUSES)
    opened: int | None = _first()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Transfer(Row):
    """Changing mode or gauge inside a place. Modes meet nowhere else."""

    transfer: str = col("id", "name of the row", key=True)
    place: str = col("id", "where", refs=("places",))
    from_modes: tuple[str, ...] = col("list", "from any of these modes (rail-1520 for one gauge)")
    to_modes: tuple[str, ...] = col("list", "to any of these modes")
    direction: str = col("choice", "one_way, or both ways", choices=("one_way", "both"))
    capacity: float | None = col(
        "number", "most in a year, over all its modes and directions together", unit="{capacity_unit}", low=0,
        blank="no limit known: never binds",
    )  # fmt: skip
    capacity_unit: str = col(
        "choice", "unit of capacity",
        choices=("Mt/year", "kTEU/year", "bcm/year", "trains/day"), blank="capacity is empty",
    )  # fmt: skip
    carries: tuple[str, ...] = col("list", "commodities it can handle", refs=("commodities",))
    cost_usd_per_t: float | None = _usd("t", "handling cost of a tonne")
    cost_usd_per_teu: float | None = _usd("TEU", "handling cost of a container of twenty feet")
    cost_usd_per_1000m3: float | None = _usd("1000 m3", "handling cost of a thousand cubic metres of gas")
    hours: float = col("number", "time it takes, waiting included", unit="h", low=0, high=8760, blank="0")
    operator: str = col("text", "who runs it", blank="not known")
    opened: int | None = _first()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Commodity(Row):
    """What moves. Quantities are in its unit; money is per t, TEU or 1000 m3."""

    commodity: str = col("id", "name of the row", key=True)
    name: str = col("text", "what people call it")
    unit: str = col("choice", "unit of all its quantities", choices=("Mt", "kTEU", "bcm"))
    hs: tuple[str, ...] = col("list", "prefixes of the Harmonized System", blank="none")
    tonnes_per_unit: float = col("number", "tonnes in a t, TEU or 1000 m3", unit="t", low=1e-6, high=1e3)
    barrels_per_t: float | None = col("number", "barrels in a tonne", unit="barrel/t", low=1, high=20, blank="not counted in barrels")
    per_train: float | None = col("number", "t or TEU on one train", unit="t or TEU", low=1e-6, blank="not moved by train")
    value_usd: float = col("number", "what a t, TEU or 1000 m3 is worth", unit="USD", low=0)
    time_usd_per_day: float = col("number", "what a day of delay of a t, TEU or 1000 m3 costs", unit="USD/day", low=0)
    unmet_usd: float = col("number", "penalty for a t, TEU or 1000 m3 asked for and not delivered", unit="USD", low=0)
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Supply(Row):
    """What a place offers in a year, to any counterpart unless ``to`` names some."""

    supply: str = col("id", "name of the row", key=True)
    place: str = col("id", "where", refs=("places",))
    commodity: str = col("id", "what", refs=("commodities",))
    quantity: float = col("number", "most that can be taken in a year", unit="{commodity}", low=0)
    cost_usd: float = col("number", "cost of a t, TEU or 1000 m3 at the gate", unit="USD", blank="0")
    modes: tuple[str, ...] = _modes("modes it can leave by")
    to: tuple[str, ...] = col("list", "only for these places, countries or organisations", blank="for any")
    coupled: str = col("id", "supplies with the same word here move in equal shares of their quantity, also when a scenario cuts one", blank="on its own")
    first_year: int | None = _first()
    last_year: int | None = _last()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Demand(Row):
    """What places take in a year, together, from any counterpart unless ``from`` names some."""

    demand: str = col("id", "name of the row", key=True)
    places: tuple[str, ...] = col("list", "delivered at any of these", refs=("places",))
    commodity: str = col("id", "what", refs=("commodities",))
    quantity: float = col("number", "asked for in a year; missing it costs the commodity's penalty", unit="{commodity}", low=0)
    up_to: float | None = col("number", "most that would be bought, without penalty above quantity", unit="{commodity}", low=0, blank="the same as quantity")
    price_usd: float = col("number", "paid for a t, TEU or 1000 m3", unit="USD", low=0)
    modes: tuple[str, ...] = _modes("modes it can arrive by")
    from_: tuple[str, ...] = col("list", "only from these places, countries or organisations", blank="from any")
    use: str = col("choice", "what for", choices=("market", "processing", "own_use"))
    first_year: int | None = _first()
    last_year: int | None = _last()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Consignment(Row):
    """A fixed flow from one place to another."""

    consignment: str = col("id", "name of the row", key=True)
    from_: str = col("id", "origin", refs=("places",))
    to: str = col("id", "destination", refs=("places",))
    commodity: str = col("id", "what", refs=("commodities",))
    quantity: float = col("number", "in a year", unit="{commodity}", low=0)
    from_modes: tuple[str, ...] = _modes("modes it can leave by")
    to_modes: tuple[str, ...] = _modes("modes it can arrive by")
    first_year: int | None = _first()
    last_year: int | None = _last()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Path(Row):
    """How a supply, demand or consignment grows or shrinks over the years. Between two years a straight line; after the last as in the last."""

    flow: str = col("id", "the supply, demand or consignment", refs=("supplies", "demands", "consignments"), key=True)
    year: int = col("integer", "year it holds for; the base year is 1 unless given", unit="year", low=1900, high=2100, key=True)
    factor: float = col("number", "quantity of that year, as a multiple of the quantity in its table", low=0, high=1000)
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Plant(Row):
    """Turns one commodity into others at a place. Outputs that nobody takes are left unused."""

    plant: str = col("id", "name of the row", key=True)
    place: str = col("id", "where", refs=("places",))
    input: str = col("id", "commodity it takes in", refs=("commodities",))
    capacity: float = col("number", "most input in a year", unit="{input}", low=0)
    availability: float = col("number", "share of the year it can run", low=0, high=1, blank="1")
    outputs: dict[str, float] = col("map", "units made of each commodity from one unit of input", refs=("commodities",), low=0)
    cost_usd: float = col("number", "cost of a t, TEU or 1000 m3 of input", unit="USD", low=0)
    modes: tuple[str, ...] = _modes("modes by which input comes and output leaves")
    operator: str = col("text", "who runs it", blank="not known")
    opened: int | None = _first()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Fleet(Row):
    """Ships (or tank cars) shared by links: a link named here carries only what fleets give it."""

    fleet: str = col("id", "name of the row", key=True)
    links: tuple[str, ...] = col("list", "links it can serve", refs=("links",))
    ships: float = col("number", "how many", low=0)
    deadweight_t: float | None = col("number", "deadweight of one", unit="t", low=0, blank="not known")
    payload_t: float = col("number", "cargo of one voyage at today's draught", unit="t", low=1e-6)
    speed_kn: float | None = col("number", "speed", unit="knot", low=0.1, high=60, blank="round_trip_h is given")
    handling_h: float = col("number", "loading, discharging and waiting of one round trip", unit="h", low=0, blank="0")
    round_trip_h: float | None = col(
        "number", "whole round trip, instead of length, speed and handling", unit="h", low=0.1, blank="reckoned from length and speed"
    )
    downtime: float = col("number", "share of the year lost to weather, ice and repair", low=0, high=1, blank="0")
    operator: str = col("text", "who runs it", blank="not known")
    first_year: int | None = _first()
    last_year: int | None = _last()
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Project(Row):
    """A dated change of capacity that money can buy. Base-year figures hold what was ready by then."""

    project: str = col("id", "name of the row", key=True)
    name: str = col("text", "what people call it")
    adds: dict[str, float] = col(
        "map", "what it adds to the capacity of links, transfers and plants, to supplies, or ships to fleets",
        refs=("links", "transfers", "plants", "supplies", "fleets"), blank="no figure is known",
    )  # fmt: skip
    capex_musd: float | None = col("number", "cost of the whole", unit="MUSD", low=0, blank="not known")
    fixed_musd: float | None = col("number", "part of the cost that even one of its units needs, so more come cheaper", unit="MUSD", low=0, blank="0")
    units: int = col("integer", "equal parts it can be built in, such as ships of a fleet; any number of them may be chosen", low=1, high=1000, blank="1")
    lead_years: int | None = col("integer", "years of building before it counts; the cost is spent over them", unit="year", low=0, high=30, blank="not known")
    life_years: int | None = col("integer", "years it lasts", unit="year", low=1, high=200, blank="not known")
    ready_year: int | None = col("integer", "first year it counts", unit="year", low=1900, high=2100, blank="no date is known")
    status: str = col("choice", "how far it is", choices=STATUSES)
    needs: tuple[str, ...] = col("list", "projects that must come first", refs=("projects",), blank="none")
    excludes: tuple[str, ...] = col("list", "projects it rules out", refs=("projects",), blank="none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Rule(Row):
    """Who may carry what, from where, to where, through where, when. Empty conditions match all."""

    rule: str = col("id", "name of the row", key=True)
    act: str = col("text", "law or list it stands in: in one act the longest HS prefix decides, and an exempt row lifts the others", blank="stands alone")
    title: str = col("text", "what people call it")
    effect: str = col("choice", "what it does", choices=("forbid", "licence", "monitor", "cap", "floor", "tax", "exempt"))
    kind: str = col("choice", "where it comes from", choices=("law", "sanction", "contract", "quota", "right", "practice"))
    commodities: tuple[str, ...] = col("list", "only these", refs=("commodities",), blank="any")
    hs: tuple[str, ...] = col("list", "only these prefixes of the Harmonized System", blank="any")
    origin: tuple[str, ...] = col("list", "only from these places, countries or organisations; NON-X is anywhere but X", blank="any")
    destination: tuple[str, ...] = col("list", "only to these, written the same way", blank="any")
    transit: tuple[str, ...] = col("list", "only on links in these countries or organisations", blank="anywhere")
    modes: tuple[str, ...] = col("list", "only on links of these modes", blank="any")
    operators: tuple[str, ...] = col("list", "only on links of these operators", blank="any")
    links: tuple[str, ...] = col("list", "only on these links or transfers; link:back is the way back", refs=("links", "transfers"), blank="any")
    quantity: float | None = col(
        "number", "of a cap or floor: per year, or (in screening) for its whole term if that is shorter; of an exempt row: the largest shipment",
        unit="{unit}", low=0, blank="not a cap or floor",
    )  # fmt: skip
    unit: str = col("choice", "unit of quantity", choices=("Mt", "kTEU", "bcm", "head", "t"), blank="no quantity")
    amount_usd: float | None = col("number", "tax on a t, TEU or 1000 m3; for a floor, payment for each one not carried", unit="USD", blank="none")
    per_cent: float | None = col("number", "tax in per cent of the commodity's value", low=-100, high=1000, blank="none")
    delay_hours: float | None = col("number", "time a tax costs besides money: papers, inspections, refused payments", unit="h", low=0, high=8760, blank="none")
    end_use: str = col("text", "only for these uses or kinds of goods, parted by ;. 'other than a;b' is any but those", blank="any")
    end_use_kind: str = col(
        "choice", "use: a shipment that says none is asked; list: goods of a list given in words, asked unless named; claim: only where it is claimed",
        choices=("use", "list", "claim"), blank="use",
    )  # fmt: skip
    valid_from: date | None = col("date", "first day in force", blank="always was")
    valid_to: date | None = col("date", "last day in force", blank="no end known")
    contract_before: date | None = col("date", "spares contracts made before this day", blank="no such condition")
    status: str = col(
        "choice", "only rules in force bind a solve",
        choices=("in_force", "announced", "denied", "expired", "proposed", "contested", "indicative"),
    )  # fmt: skip
    agreement: str = col("id", "agreement it follows from", refs=("agreements",), blank="none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Agreement(Row):
    """A treaty, declaration or programme between states."""

    agreement: str = col("id", "name of the row", key=True)
    name: str = col("text", "what people call it")
    parties: tuple[str, ...] = col("list", "countries and organisations")
    kind: str = col("choice", "what it is", choices=("treaty", "fta", "declaration", "programme", "visa", "membership"))
    signed: str = col("date", "day of signature, or as much of it as is known", blank="not known")
    in_force: str = col("date", "day it took effect, or as much of it as is known", blank="not known, or not yet")
    effect: str = col("text", "what it changes")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Membership(Row):
    """A country's place in an organisation, with dates."""

    country: str = col("text", "ISO 3166 code of two letters", key=True)
    organisation: str = col("text", "short name of the organisation", key=True)
    status: str = col("choice", "as what", choices=("member", "observer", "partner", "declined", "suspended"), key=True)
    since: str = col("date", "from when", blank="not known: for as long as the case looks back")
    until: str = col("date", "until when", blank="to this day")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Screenline(Row):
    """A set of links whose flow a published figure counts."""

    screenline: str = col("id", "name of the row", key=True)
    name: str = col("text", "what people call it")
    links: tuple[str, ...] = col(
        "list", "links and transfers counted, in their direction; link:back the way back, link:both both ways; "
        "a plant counts its input, a supply or demand what it moves",
        refs=("links", "transfers", "plants", "supplies", "demands"),
    )  # fmt: skip
    commodities: tuple[str, ...] = col("list", "commodities counted, added up in the unit of the figure", refs=("commodities",))
    origin: tuple[str, ...] = col("list", "only flows from these places, countries or organisations", blank="any")
    destination: tuple[str, ...] = col("list", "only flows to these", blank="any")
    unit: str = col("choice", "unit of the figures", choices=("Mt", "kTEU", "bcm"))
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Observation(Row):
    """A flow, trade figure or target somebody published."""

    observation: str = col("id", "name of the row", key=True)
    kind: str = col("choice", "what it tells", choices=("flow", "production", "trade", "target", "context"))
    screenline: str = col("id", "screenline it counts", refs=("screenlines",), blank="not a flow on the map")
    subject: str = col("text", "what is counted, where there is no screenline", blank="the screenline says")
    reporter: str = col("text", "whose figure", blank="not known")
    partner: str = col("text", "with whom", blank="no partner")
    year: int | None = col("integer", "year it belongs to", unit="year", low=1900, high=2100, blank="no year is stated")
    period: str = col("text", "part of the year, as in the source", blank="the whole year")
    quantity: float = col("number", "the figure", unit="{unit}")
    unit: str = col("text", "its unit")
    use: str = col("choice", "main: the better figure; rival: another one for the same thing; part: less than a year", choices=("main", "rival", "part"))
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Delay(Row):
    """Waiting that grows with the load of a link or transfer. Shippers reckon with it; the planner does not."""

    delay: str = col("id", "name of the row", key=True)
    of: str = col("id", "link or transfer it is on; a link waits each way", refs=("links", "transfers"))
    kind: str = col("choice", "how it grows with the share of full load", choices=("bpr", "davidson", "points"))
    hours: float | None = col("number", "waiting on top: bpr when full, davidson at half load", unit="h", low=0, high=8760, blank="points say it")
    power: float | None = col("number", "how steeply a bpr delay rises", low=0, high=50, blank="4")
    full: float | None = col("number", "load that counts as full, in the capacity unit of the link or transfer", low=0, blank="its capacity")
    points: dict[str, float] = col("map", "hours on top by share of full load, such as 0.5 0;0.9 12;1 48", low=0, blank="bpr and davidson have none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Parameter(Row):
    """What calibration found that money and time do not explain. Shippers reckon with it; the planner does not."""

    parameter: str = col("id", "name of the row", key=True)
    kind: str = col("choice", "spread: how far shippers differ in what a way costs them; constant: cost on top, or less, of what a screenline counts",
                    choices=("spread", "constant"))  # fmt: skip
    commodity: str = col("id", "whose", refs=("commodities",))
    screenline: str = col("id", "where a constant is paid", refs=("screenlines",), blank="a spread is had everywhere")
    usd: float = col("number", "for a t, TEU or 1000 m3", unit="USD", low=-1e5, high=1e5)
    error_usd: float | None = col("number", "standard error", unit="USD", low=0, blank="not estimated")
    miss: float | None = col("number", "how far left-out years were foretold off, root mean square, part of the figure", low=0, blank="not tried")
    years: tuple[str, ...] = col("list", "years it was fitted to", blank="fitted to none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Event(Row):
    """Something that happened on a day, or was to happen: a visit, a summit, a law, a change of name."""

    event: str = col("id", "name of the row", key=True)
    name: str = col("text", "what happened")
    since: str = col("date", "day, or as much of it as is known")
    until: str = col("date", "last day, of something that lasts", blank="the same day, or to this day if it is a state")
    who: tuple[str, ...] = col("list", "countries and organisations", blank="not said")
    quantity: float | None = col("number", "a figure that goes with it", unit="{unit}", blank="none")
    unit: str = col("text", "its unit", blank="none")
    source: str = _source()
    confidence: str = _confidence()
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Claim(Row):
    """A statement from a document."""

    claim: str = col("id", "name of the row", key=True)
    document: str = col("id", "file or paper it stands in", refs=("sources",))
    locator: str = col("text", "place in the document: line and sentence")
    language: str = col("text", "language of the document")
    topic: str = col("text", "field it belongs to")
    subject: str = col("text", "who or what")
    predicate: str = col("text", "does or is")
    object: str = col("text", "whom or what", blank="none")
    value: float | None = col("number", "figure stated", unit="{unit}", blank="no figure")
    unit: str = col("text", "unit of the figure", blank="none")
    wording: str = col("choice", "how the figure is worded, which says how far off it may be", choices=WORDINGS[1:], blank="as it is")
    period: str = col("text", "when it holds", blank="not stated")
    as_of: str = col("text", "date of the document")
    kind: str = col("choice", "what sort of statement", choices=("observed", "plan", "target", "opinion"))
    statement: str = col("text", "the statement in our words")
    check: str = col("text", "question that tests it, such as trade(KZ, RU, year=2022); docs/claims.md lists them", blank="none: it is only stored")


@dataclass(frozen=True, kw_only=True)
class Source(Row):
    """Where a number comes from. ``guess`` and ``reckoned`` are ours."""

    source: str = col("id", "name of the row", key=True)
    publisher: str = col("text", "who published it")
    title: str = col("text", "what it is")
    date: str = col("text", "when", blank="not known")
    url: str = col("text", "where", blank="not on the web, or not kept")
    kind: str = col("choice", "what numbers from it are", choices=("sourced", "derived", "estimate"))
    note: str = _note()


@dataclass(frozen=True, kw_only=True)
class Provenance(Row):
    """Says of one cell where its number comes from, or holds a rival figure for it."""

    table: str = col("text", "table of the cell", key=True)
    row: str = col("text", "id of its row", key=True)
    column: str = col("text", "its column", key=True)
    kind: str = col("choice", "sourced, derived, estimate; rival: another figure, not used", choices=("sourced", "derived", "estimate", "rival"), key=True)
    value: str = col("text", "the figure: that of the cell, or the rival one", key=True)
    source: str = col("id", "where it comes from", refs=("sources",), blank="the source of the row")
    confidence: str = col("choice", "how firm it is", choices=("high", "medium", "low"), blank="that of the row")
    note: str = _note()


# Order of reading: what others refer to comes first.
TABLES: dict[str, type[Row]] = {
    "sources": Source,
    "commodities": Commodity,
    "places": Place,
    "links": Link,
    "transfers": Transfer,
    "supplies": Supply,
    "demands": Demand,
    "consignments": Consignment,
    "paths": Path,
    "plants": Plant,
    "fleets": Fleet,
    "projects": Project,
    "agreements": Agreement,
    "memberships": Membership,
    "rules": Rule,
    "screenlines": Screenline,
    "observations": Observation,
    "delays": Delay,
    "parameters": Parameter,
    "events": Event,
    "claims": Claim,
    "provenance": Provenance,
}
# A folder without these is no case; the other tables may be left out.
NEEDED = ("sources", "commodities", "places", "links")


def key_columns(row_type: type[Row]) -> tuple[Column, ...]:
    """The columns that together name a row."""
    return tuple(c for c in columns_of(row_type) if c.key)
