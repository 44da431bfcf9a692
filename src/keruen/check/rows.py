"""Checks of what the cells of a row say together, and of rows that must fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keruen.check.looked import Looked, attribute
from keruen.columns import columns_of
from keruen.court.question import read_questions
from keruen.errors import Finding, UsageError, quote
from keruen.reach import COST_COLUMN, great_circle_km
from keruen.tables import TABLES, Rule
from keruen.units import CAPACITY_OF, SMALL_UNIT, size

__all__ = ["ROW_CHECKS", "rule_problems"]

NEAR_ENOUGH = 0.97  # a link may be this share of the great circle: coordinates are rounded
OPEN = ("operating", "completed")
_JOINT = {table: tuple(s for s in columns_of(row_type) if len(s.refs) > 1) for table, row_type in TABLES.items()}


def check_links(c: Looked) -> Iterator[Finding]:
    for link in c.rows("links", "from", "to"):
        if link.from_ == link.to:
            yield c.at("loop-link", "links", link, "to", quote(link.to), "another place than in from",
                       "A link joins two places; changing mode inside one is a row of transfers.")  # fmt: skip
    for link in c.rows("links", "mode", "gauge_mm"):
        if (link.mode == "rail") != bool(link.gauge_mm):
            yield c.at("wrong-gauge", "links", link, "gauge_mm", f"{quote(link.gauge_mm)} on mode {link.mode}",
                       "1520, 1435 or 1000 on rail" if link.mode == "rail" else "nothing, as it is not rail", "Correct mode or gauge.")  # fmt: skip
    for link in c.rows("links", "status", "capacity"):
        if link.status not in OPEN and link.capacity != 0:
            yield c.at("closed-capacity", "links", link, "capacity", f"{quote(_g(link.capacity))} with status {link.status}", "0",
                       "Set it to 0 and let a project add the capacity.")  # fmt: skip
    for link in c.rows("links", "mode", "capacity_unit"):
        if link.capacity_unit == "trains/day" and link.mode != "rail":
            yield c.at("trains-off-rails", "links", link, "capacity_unit", f"'trains/day' on mode {link.mode}", "a unit that fits the mode",
                       "Correct mode or unit.", warning=True)  # fmt: skip


def check_opened(c: Looked) -> Iterator[Finding]:
    if not c.whole("projects", "adds"):
        return
    opened = {t for p in c.rows("projects") for t in p.adds}
    for link in c.rows("links", "status", "link"):
        if link.status not in (*OPEN, "idle") and link.link not in opened and link.link not in c.unknown:
            yield c.at("never-opened", "links", link, "status", link.status, "a project that adds capacity to it",
                       "Add a project, or the link stays shut for ever.", warning=True)  # fmt: skip


def _g(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def check_capacity_and_cost(c: Looked) -> Iterator[Finding]:
    for table in ("links", "transfers"):
        for row in c.rows(table, "capacity", "capacity_unit"):
            if (row.capacity is None) != (row.capacity_unit == ""):
                empty, other = ("capacity", "capacity_unit") if row.capacity is None else ("capacity_unit", "capacity")
                yield c.at("capacity-unit", table, row, empty, f"an empty cell, with {other} {quote(row.capacity_unit or _g(row.capacity))}",
                           "both or neither", "Give the unit with the capacity, or leave both empty for no limit.")  # fmt: skip
        for row in c.rows(table, "carries"):
            yield from _carried(c, table, row)


def _carried(c: Looked, table: str, row: Any) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for name in row.carries:
        commodity = c.get("commodities", name, "unit")
        if commodity is None:
            continue
        mode = row.mode if table == "links" and not c.is_bad(table, row, "mode") else ""
        if "pipeline" in mode and (mode == "gas_pipeline") != (commodity.unit == "bcm"):
            yield c.at("wrong-commodity", table, row, "carries", f"{quote(name)} on mode {mode}", "what that pipeline can hold", "Correct mode or commodity.")
            c.spoil(table, row, "mode")
            return
        column = COST_COLUMN[commodity.unit]
        if getattr(row, column) is None and not c.is_bad(table, row, column):
            missing.setdefault(column, []).append(name)
        unit = row.capacity_unit if not c.is_bad(table, row, "capacity_unit") else ""
        if unit in CAPACITY_OF and c.get("commodities", name, "tonnes_per_unit", "per_train") and size(commodity, unit) is None:
            remedy = f"Give per_train of {name} in commodities, or choose another unit."
            if unit != "trains/day":
                remedy = "Choose another unit, or take the commodity off this row."
            yield c.at("wrong-unit", table, row, "capacity_unit", f"{quote(unit)} for {name}", f"a unit that {name} can be counted in", remedy)
    for column, names in missing.items():
        yield c.at("missing-cost", table, row, column, "an empty cell", f"a cost, since it carries {', '.join(names)}",
                   "Fill it in; write 0 if it is free, for an empty cell is no cost at all.")  # fmt: skip


def check_lengths(c: Looked) -> Iterator[Finding]:
    """No link is shorter than the straight line. Where none of a place's links fits, the place is wrong."""
    ends: dict[str, list[tuple[Any, Any, Any, float]]] = {}
    short: list[tuple[Any, Any, Any, float]] = []
    for link in c.rows("links", "from", "to", "length_km"):
        a, b = (c.get("places", e, "lon", "lat") for e in (link.from_, link.to))
        if a is None or b is None or a is b:
            continue
        straight = great_circle_km(a.lon, a.lat, b.lon, b.lat)
        for place in (a, b):
            ends.setdefault(place.place, []).append((link, a, b, straight))
        if _is_short(link, straight):
            short.append((link, a, b, straight))
    said = set()
    for name, links in ends.items():
        if len(links) > 1 and all(_is_short(link, straight) for link, _, _, straight in links):
            place = c.get("places", name)
            said |= {link.link for link, _, _, _ in links}
            found = f"lon {place.lon:g}, lat {place.lat:g}, further from its neighbours than its {len(links)} links are long"
            remedy = "Longitude and latitude look swapped." if _swapped(place, links) else "Correct its coordinates, or the lengths of its links."
            yield c.at("far-place", "places", place, "lat", found, "where it lies", remedy, warning=True)
    for link, _, _, straight in short:
        if link.link not in said:
            yield c.at("short-link", "links", link, "length_km", f"{link.length_km:g} km", f"at least the great circle, {straight:.0f} km",
                       "Correct the length, or a coordinate of one of its ends.", warning=True)  # fmt: skip


def _swapped(place: Any, links: list[tuple[Any, Any, Any, float]]) -> bool:
    """Whether all links of a place would be long enough if its longitude and latitude changed places."""
    others = [(link, b if a is place else a) for link, a, b, _ in links]
    return abs(place.lon) <= 90 and not any(_is_short(link, great_circle_km(place.lat, place.lon, o.lon, o.lat)) for link, o in others)


def _is_short(link: Any, straight: float) -> bool:
    return bool(link.length_km < NEAR_ENOUGH * straight - 5)


def check_joint_ids(c: Looked) -> Iterator[Finding]:
    """An id that a cell may look for in several tables must be in one of them only."""
    said = set()
    for table, specs in _JOINT.items():
        for spec in specs:
            for row in c.rows(table, spec.name):
                for word in getattr(row, attribute(spec.name)):
                    stem = word.split(":")[0]
                    homes = [ref for ref in spec.refs if stem in c.names[ref]]
                    if len(homes) > 1 and stem not in said:
                        said.add(stem)
                        found = f"{quote(stem)}, an id of {' and of '.join(homes)}"
                        yield c.at("two-meanings", table, row, spec.name, found, "an id of one table only", "Rename one of the two rows.")


def check_flows(c: Looked) -> Iterator[Finding]:
    for table in ("supplies", "demands", "consignments", "fleets"):
        for row in c.rows(table, "first_year", "last_year"):
            if row.first_year is not None and row.last_year is not None and row.first_year > row.last_year:
                yield c.at("years-reversed", table, row, "last_year", str(row.last_year), f"{row.first_year} or later", "Swap or correct the years.")
    for demand in c.rows("demands", "quantity", "up_to"):
        if demand.up_to is not None and demand.up_to < demand.quantity:
            yield c.at("up-to-below", "demands", demand, "up_to", f"{demand.up_to:g}", f"at least quantity, {demand.quantity:g}", "Leave it empty or raise it.")
    for consignment in c.rows("consignments", "from", "to"):
        if consignment.from_ == consignment.to:
            yield c.at("loop-flow", "consignments", consignment, "to", quote(consignment.to), "another place than in from", "Correct one of them.")
    if c.whole("supplies", "coupled"):
        coupled: dict[str, list[Any]] = {}
        for supply in c.rows("supplies"):
            if supply.coupled:
                coupled.setdefault(supply.coupled, []).append(supply)
        for word, group in sorted(coupled.items()):
            if len(group) == 1:
                yield c.at("coupled-alone", "supplies", group[0], "coupled", quote(word), "the same word on two supplies or more",
                           "Give the other supply the same word, or empty this cell.")  # fmt: skip


def check_works(c: Looked) -> Iterator[Finding]:
    """Plants and fleets."""
    for plant in c.rows("plants", "input", "outputs"):
        if plant.input in plant.outputs:
            yield c.at("plant-loop", "plants", plant, "outputs", f"{quote(plant.input)} out of {plant.input}", "outputs other than the input",
                       "A plant turns a commodity into others.")  # fmt: skip
            continue
        units = {name: commodity.unit for name in (plant.input, *plant.outputs) if (commodity := c.get("commodities", name, "unit"))}
        made = sum(share for name, share in plant.outputs.items() if units.get(name) == units.get(plant.input))
        if units.get(plant.input) == "Mt" and made > 1 + 1e-9:
            yield c.at("more-than-all", "plants", plant, "outputs", f"{made:g} Mt out of 1 Mt", "at most 1, or mass comes from nowhere",
                       "Correct the yields.", warning=True)  # fmt: skip
    for fleet in c.rows("fleets", "round_trip_h", "speed_kn"):
        if fleet.round_trip_h is None and fleet.speed_kn is None:
            yield c.at("no-round-trip", "fleets", fleet, "speed_kn", "an empty cell", "a speed, or round_trip_h", "Give one of the two.")
    for fleet in c.rows("fleets", "payload_t", "deadweight_t"):
        if fleet.deadweight_t is not None and fleet.payload_t > fleet.deadweight_t:
            yield c.at("overloaded", "fleets", fleet, "payload_t", f"{fleet.payload_t:g} t", f"at most the deadweight, {fleet.deadweight_t:g} t",
                       "Correct one of the two.")  # fmt: skip


def check_projects(c: Looked) -> Iterator[Finding]:
    needs = {p.project: p.needs for p in c.rows("projects", "needs", "project")}
    said: set[str] = set()
    for project in c.rows("projects", "needs", "project"):
        circle = _circle(project.project, needs)
        if circle and not said & set(circle):
            said |= set(circle)
            remedy = f"Break the circle: {' needs '.join([*circle, circle[0]])}."
            yield c.at("needs-loop", "projects", project, "needs", quote(";".join(project.needs)), "no way round to itself", remedy)
    for project in c.rows("projects", "needs", "excludes"):
        both = [n for n in (*project.needs, project.project) if n in project.excludes]
        if both:
            yield c.at("excludes-needed", "projects", project, "excludes", quote(both[0]), "projects it does not need", "Take it out of needs or excludes.")
    for project in c.rows("projects", "capex_musd", "fixed_musd"):
        if project.fixed_musd and (project.capex_musd is None or project.fixed_musd > project.capex_musd):
            most = "no cost of the whole" if project.capex_musd is None else f"{project.capex_musd:g} MUSD"
            yield c.at("fixed-above-capex", "projects", project, "fixed_musd", f"{project.fixed_musd:g} MUSD",
                       f"a part of the cost of the whole in capex_musd, which has {most}", "Correct one of the two.")  # fmt: skip
    for project in c.rows("projects", "adds"):
        for target in project.adds:
            for table in ("links", "transfers"):
                row = c.get(table, target, "capacity")
                if row is not None and row.capacity is None:
                    yield c.at("adds-to-nothing", "projects", project, "adds", f"{quote(target)}, which has no limit", "something with a capacity",
                               f"Give row {row.line} of {c.folder.files[table]} a capacity, or take it out of adds.")  # fmt: skip


def _circle(start: str, needs: dict[str, tuple[str, ...]]) -> list[str]:
    """Projects of a circle of needs through this one, or an empty list."""
    came, todo = {start: ""}, [start]
    while todo:
        name = todo.pop()
        for other in needs.get(name, ()):
            if other == start:
                circle = [name]
                while came[circle[-1]]:
                    circle.append(came[circle[-1]])
                return circle[::-1]
            if other not in came:
                came[other] = name
                todo.append(other)
    return []


Problem = tuple[str, str, str, str, str]


def rule_problems(c: Looked, rule: Rule, bad: frozenset[str] | set[str] = frozenset()) -> Iterator[Problem]:
    """(code, column, found, expected, remedy) for what the cells of a rule say together; ``bad`` ones are left alone."""
    bound = "effect" not in bad and rule.effect in ("cap", "floor")
    if bound and not bad & {"quantity", "unit"} and (rule.quantity is None or not rule.unit):
        empty = "quantity" if rule.quantity is None else "unit"
        yield "rule-quantity", empty, "an empty cell", f"a quantity and a unit, as its effect is {rule.effect}", "Give both."
    if not bad & {"effect", "amount_usd", "per_cent", "delay_hours"}:
        if rule.effect == "tax" and rule.amount_usd is None and rule.per_cent is None and rule.delay_hours is None:
            yield "rule-amount", "amount_usd", "an empty cell", "amount_usd, per_cent or delay_hours, as its effect is tax", "Give one."
        if rule.effect == "floor" and rule.amount_usd is None:
            yield "rule-amount", "amount_usd", "an empty cell", "what each unit not carried costs", "Give it; 0 makes the floor idle."
    if not bad & {"valid_from", "valid_to"} and rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
        yield "dates-reversed", "valid_to", str(rule.valid_to), f"{rule.valid_from} or later", "Swap or correct the dates."
    if bound and not bad & {"commodities", "unit"} and rule.unit in SMALL_UNIT:
        if rule.unit != "Mt" and not rule.commodities and not rule.hs:
            yield "wrong-unit", "commodities", "an empty cell", f"the commodities that are counted in {rule.unit}", "Name them, or count in Mt."
        for name in rule.commodities:
            commodity = c.get("commodities", name, "unit")
            # Boxes may be counted by weight; nothing else may be counted in boxes or gas.
            if commodity is not None and commodity.unit != rule.unit and (commodity.unit, rule.unit) != ("kTEU", "Mt"):
                yield "wrong-unit", "unit", f"{quote(rule.unit)} for {name}", commodity.unit, "Use the commodity's unit."


def check_rules(c: Looked) -> Iterator[Finding]:
    for rule in c.rows("rules"):
        for problem in rule_problems(c, rule, c.bad.get(("rules", rule.line), set())):
            code, column, found, expected, remedy = problem
            yield c.at(code, "rules", rule, column, found, expected, remedy)


def check_dates(c: Looked) -> Iterator[Finding]:
    for table, first, last in (("memberships", "since", "until"), ("agreements", "signed", "in_force")):
        for row in c.rows(table, first, last):
            a, b = getattr(row, first), getattr(row, last)
            if a and b and a[: len(b)] > b[: len(a)]:
                yield c.at("dates-reversed", table, row, last, quote(b), f"{a} or later", "Swap or correct the dates.")


def check_claims(c: Looked) -> Iterator[Finding]:
    """A claim's questions can be read; whether they make sense is seen when they are put."""
    for row in c.rows("claims", "check"):
        if row.check:
            try:
                read_questions(row.check)
            except UsageError as error:
                expected = "questions such as trade(KZ, RU, year=2022)"
                yield c.at("wrong-check", "claims", row, "check", quote(row.check), expected, f"{error}.".replace("..", "."))


def check_observations(c: Looked) -> Iterator[Finding]:
    for row in c.rows("observations", "screenline", "unit"):
        line = c.get("screenlines", row.screenline, "unit")
        if line is not None and row.unit != line.unit:
            expected = f"{line.unit}, the unit of screenline {row.screenline}"
            yield c.at("wrong-unit", "observations", row, "unit", quote(row.unit), expected, "Convert the figure.")
    for row in c.rows("observations", "kind", "use", "screenline", "year"):
        if row.kind == "flow" and row.use == "main" and row.screenline and row.year is None:
            yield c.at("empty-cell", "observations", row, "year", "an empty cell", "the year of the flow", "Fill it in.")


def check_delays(c: Looked) -> Iterator[Finding]:
    """A curve has what its kind needs, and a load that counts as full."""
    for d in c.rows("delays", "kind", "hours", "points"):
        if d.kind == "points":
            yield from _bad_points(c, d)
        elif not d.hours:
            yield c.at("delay-hours", "delays", d, "hours", "an empty cell" if d.hours is None else "0", f"hours above 0, as the kind is {d.kind}",
                       "Give the waiting, or delete the row.")  # fmt: skip
    for d in c.rows("delays", "of", "full"):
        row = c.get("links", d.of, "capacity") or c.get("transfers", d.of, "capacity")
        if d.full is None and row is not None and row.capacity is None:
            yield c.at("delay-full", "delays", d, "full", f"an empty cell, and {quote(d.of)} has no capacity", "the load that counts as full",
                       "Give full, or a capacity.")  # fmt: skip
        elif d.full == 0:
            yield c.at("delay-full", "delays", d, "full", "0", "a load above 0", "Correct it; a link is closed by its capacity.")


def _bad_points(c: Looked, d: Any) -> Iterator[Finding]:
    shares = []
    for word in d.points:
        try:
            shares.append(float(word))
        except ValueError:
            shares.append(-1.0)
    hours = [h for _, h in sorted(zip(shares, d.points.values(), strict=True))]
    if not shares or min(shares) < 0 or max(shares) > 100 or hours != sorted(hours):
        found = "none" if not shares else "; ".join(f"{k} {v:g}" for k, v in d.points.items())
        yield c.at("delay-points", "delays", d, "points", found, "shares of full load with hours that never fall, such as 0.5 0;0.9 12;1 48",
                   "Write share and hours, parted by a space; part pairs by ;.")  # fmt: skip


def check_parameters(c: Looked) -> Iterator[Finding]:
    """A constant belongs to a screenline of links, a spread to none and is not below 0."""
    seen: dict[tuple[str, str, str], int] = {}
    for p in c.rows("parameters", "kind", "screenline", "usd", "commodity"):
        if (p.kind == "constant") != bool(p.screenline):
            yield c.at("parameter-line", "parameters", p, "screenline", quote(p.screenline) if p.screenline else "an empty cell",
                       "a screenline" if p.kind == "constant" else "nothing, as a spread is had everywhere", "Correct kind or screenline.")  # fmt: skip
        elif p.kind == "spread" and p.usd < 0:
            yield c.at("parameter-spread", "parameters", p, "usd", f"{p.usd:g}", "0 or more", "0 means that all take the cheapest way.")
        key = (p.kind, p.commodity, p.screenline)
        if key in seen:
            yield c.at("parameter-twice", "parameters", p, "parameter", quote(p.parameter), f"one {p.kind} of these, as in row {seen[key]}",
                       "Keep one of them.")  # fmt: skip
        seen.setdefault(key, p.line)


ROW_CHECKS = (check_capacity_and_cost, check_links, check_opened, check_lengths, check_joint_ids, check_flows, check_works, check_projects, check_rules,
              check_claims, check_dates, check_observations, check_delays, check_parameters)  # fmt: skip
