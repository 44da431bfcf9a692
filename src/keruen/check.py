"""Find every problem of a case in one pass. Each check is one function that yields findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from keruen.case import Case
from keruen.columns import Row, columns_of
from keruen.errors import CaseError, Finding, did_you_mean
from keruen.files.folder import Folder, find_case, read_folder
from keruen.reach import negative_cycle, open_graph, reachable
from keruen.tables import GAUGES, MODES, TABLES, key_columns
from keruen.units import CAPACITY_OF, SMALL_UNIT, size

__all__ = ["check_case", "load_case"]

R = TypeVar("R", bound=Row)
COST_COLUMN = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}
_COUNTRY = re.compile(r"^[A-Z]{2}$")
MODE_WORDS = frozenset(MODES) | {f"rail-{g}" for g in GAUGES}
NEAR_ENOUGH = 0.97  # a link may be this share of the great circle: coordinates are rounded


@dataclass(slots=True)
class _Looked:
    """A folder with its rows by id, for the checks that compare rows."""

    folder: Folder
    ids: Mapping[str, Mapping[str, Any]]

    def rows(self, table: str) -> Any:
        return self.folder.rows[table]

    def at(self, code: str, table: str, row: Row | None, column: str, found: str, expected: str, remedy: str, *, warning: bool = False) -> Finding:
        line = row.line if row is not None else None
        return Finding(code, self.folder.files[table], line, column, found, expected, remedy, warning)


def load_case(case: str | Path) -> Case:
    """Read, check and freeze a case. Raises CaseError with all findings if it has a problem."""
    frozen, findings = check_case(case)
    if frozen is None:
        raise CaseError(str(case), [f for f in findings if not f.warning])
    return frozen


def check_case(case: str | Path) -> tuple[Case | None, list[Finding]]:
    """The case, if it has no problem, and everything found, warnings included."""
    folder = read_folder(find_case(case))
    findings = list(folder.findings)
    ids = {
        table: {getattr(r, key_columns(t)[0].name.rstrip("_")): r for r in folder.rows[table]} for table, t in TABLES.items()
    }
    looked = _Looked(folder, ids)
    for check in CHECKS:
        findings.extend(check(looked))
    if not any(not f.warning for f in findings):
        # Only a case whose references hold can be searched for paths.
        for deep in DEEP_CHECKS:
            findings.extend(deep(looked))
    if any(not f.warning for f in findings):
        return None, findings
    return _freeze(folder), findings


def _freeze(folder: Folder) -> Case:
    s = folder.settings
    return Case(
        folder.name, folder.path, s["title"], s["home"], s["base_year"], s["first_year"], s["last_year"], s["money_year"],
        MappingProxyType(dict(folder.rows)), MappingProxyType(dict(folder.scenarios)),
    )  # fmt: skip


def check_references(c: _Looked) -> Iterator[Finding]:
    for table, row_type in TABLES.items():
        for spec in columns_of(row_type):
            if not spec.refs:
                continue
            attribute = "from_" if spec.name == "from" else spec.name
            known = [i for ref in spec.refs for i in c.ids[ref]]
            known_set = set(known)
            for row in c.rows(table):
                value = getattr(row, attribute)
                words = [value] if isinstance(value, str) else list(value)
                for word in words:
                    stem = re.sub(r":(back|both)$", "", word) if "links" in spec.refs else word
                    if word and stem not in known_set:
                        yield c.at("unknown-id", table, row, spec.name, f"'{word}'", "an id of " + " or ".join(spec.refs),
                                   f"{did_you_mean(stem, known)} Otherwise add it to {spec.refs[0]}.".strip())  # fmt: skip


def check_modes(c: _Looked) -> Iterator[Finding]:
    columns = {"transfers": ("from_modes", "to_modes"), "supplies": ("modes",), "demands": ("modes",), "plants": ("modes",),
               "consignments": ("from_modes", "to_modes"), "rules": ("modes",)}  # fmt: skip
    for table, names in columns.items():
        for row in c.rows(table):
            for name in names:
                for word in getattr(row, name):
                    if word not in MODE_WORDS:
                        yield c.at("wrong-mode", table, row, name, f"'{word}'", "one of " + ", ".join(sorted(MODE_WORDS)),
                                   did_you_mean(word, MODE_WORDS) or "Choose one of these.")  # fmt: skip
                if table == "transfers" and not getattr(row, name):
                    yield c.at("empty-cell", table, row, name, "an empty cell", "at least one mode", "Fill it in.")


def check_countries(c: _Looked) -> Iterator[Finding]:
    for place in c.rows("places"):
        if not _COUNTRY.match(place.country):
            yield c.at("wrong-country", "places", place, "country", f"'{place.country}'", "two capital letters such as KZ",
                       "Write the ISO 3166 code.")  # fmt: skip
    known = {p.country for p in c.rows("places")}
    for link in c.rows("links"):
        for code in link.countries:
            if not _COUNTRY.match(code):
                yield c.at("wrong-country", "links", link, "countries", f"'{code}'", "two capital letters such as KZ", "Write the ISO 3166 codes, parted by ;.")
        for end, name in ((link.from_, "from"), (link.to, "to")):
            place = c.ids["places"].get(end)
            if place is not None and place.country not in link.countries:
                yield c.at("missing-country", "links", link, "countries", f"'{';'.join(link.countries)}'",
                           f"{place.country} among them, the country of {end} ({name})",
                           f"Add {place.country}; closing a country or barring transit reads this column.")  # fmt: skip
    home = c.folder.settings.get("home")
    if isinstance(home, str) and known and home not in known:
        yield Finding("wrong-setting", "case.toml", None, "home", f"'{home}'", "the country of some place",
                      did_you_mean(home, known) or "Choose one of " + ", ".join(sorted(known)) + ".")  # fmt: skip


def check_links(c: _Looked) -> Iterator[Finding]:
    opened = {t for p in c.rows("projects") for t in p.adds}
    for link in c.rows("links"):
        if link.from_ == link.to:
            yield c.at("loop-link", "links", link, "to", f"'{link.to}'", "another place than in from", "A link joins two places; changing mode inside one is a row of transfers.")
        if (link.mode == "rail") != bool(link.gauge_mm):
            yield c.at("wrong-gauge", "links", link, "gauge_mm", f"'{link.gauge_mm}' on mode {link.mode}",
                       "1520, 1435 or 1000 on rail" if link.mode == "rail" else "nothing, as it is not rail", "Correct mode or gauge.")  # fmt: skip
        if link.status not in ("operating", "completed") and link.capacity != 0:
            yield c.at("closed-capacity", "links", link, "capacity", f"'{_g(link.capacity)}' with status {link.status}", "0",
                       "Set it to 0 and let a project add the capacity.")  # fmt: skip
        if link.status not in ("operating", "completed", "idle") and link.link not in opened:
            yield c.at("never-opened", "links", link, "status", link.status, "a project that adds capacity to it",
                       "Add a project, or the link stays shut for ever.", warning=True)  # fmt: skip
        yield from _capacity_and_cost(c, "links", link)


def _g(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _capacity_and_cost(c: _Looked, table: str, row: Any) -> Iterator[Finding]:
    if (row.capacity is None) != (row.capacity_unit == ""):
        yield c.at("capacity-unit", table, row, "capacity_unit", f"'{row.capacity_unit}' with capacity '{_g(row.capacity)}'",
                   "both or neither", "Give the unit with the capacity, or leave both empty for no limit.")  # fmt: skip
    missing: dict[str, list[str]] = {}
    for name in row.carries:
        commodity = c.ids["commodities"].get(name)
        if commodity is None:
            continue
        column = COST_COLUMN[commodity.unit]
        if getattr(row, column) is None:
            missing.setdefault(column, []).append(name)
        if row.capacity_unit in CAPACITY_OF and size(commodity, row.capacity_unit) is None:
            yield c.at("wrong-unit", table, row, "capacity_unit", f"'{row.capacity_unit}' for {name}",
                       f"a unit that {name} can be counted in", "Choose another unit, or take the commodity off this row.")  # fmt: skip
        if table == "links" and (row.mode == "gas_pipeline") != (commodity.unit == "bcm") and "pipeline" in row.mode:
            yield c.at("wrong-commodity", table, row, "carries", f"'{name}' on mode {row.mode}", "what that pipeline can hold", "Correct mode or commodity.")
    for column, names in missing.items():
        yield c.at("missing-cost", table, row, column, "an empty cell", f"a cost, since it carries {', '.join(names)}",
                   "Fill it in; write 0 if it is free, for an empty cell is no cost at all.")  # fmt: skip


def check_lengths(c: _Looked) -> Iterator[Finding]:
    from keruen.reach import great_circle_km

    for link in c.rows("links"):
        a, b = c.ids["places"].get(link.from_), c.ids["places"].get(link.to)
        if a is None or b is None or link.from_ == link.to:
            continue
        straight = great_circle_km(a.lon, a.lat, b.lon, b.lat)
        if link.length_km < NEAR_ENOUGH * straight - 5:
            yield c.at("short-link", "links", link, "length_km", f"{link.length_km:g} km", f"at least the great circle, {straight:.0f} km",
                       "Correct the length, or a coordinate of one of its ends.", warning=True)  # fmt: skip


def check_transfers(c: _Looked) -> Iterator[Finding]:
    present: dict[str, set[str]] = {}
    for link in c.rows("links"):
        words = {link.mode, f"rail-{link.gauge_mm}"} if link.mode == "rail" else {link.mode}
        present.setdefault(link.from_, set()).update(words)
        present.setdefault(link.to, set()).update(words)
    for transfer in c.rows("transfers"):
        yield from _capacity_and_cost(c, "transfers", transfer)
        if transfer.place not in c.ids["places"]:
            continue
        for name in ("from_modes", "to_modes"):
            for word in getattr(transfer, name):
                if word in MODE_WORDS and word not in present.get(transfer.place, set()):
                    yield c.at("no-such-mode-here", "transfers", transfer, name, f"'{word}'", f"a mode with a link at {transfer.place}: "
                               + (", ".join(sorted(present.get(transfer.place, ()))) or "none"), "Correct the mode or the place.")  # fmt: skip


def check_flows(c: _Looked) -> Iterator[Finding]:
    for table in ("supplies", "demands", "consignments", "fleets"):
        for row in c.rows(table):
            if row.first_year is not None and row.last_year is not None and row.first_year > row.last_year:
                yield c.at("years-reversed", table, row, "last_year", str(row.last_year), f"{row.first_year} or later", "Swap or correct the years.")
    for demand in c.rows("demands"):
        if demand.up_to is not None and demand.up_to < demand.quantity:
            yield c.at("up-to-below", "demands", demand, "up_to", f"{demand.up_to:g}", f"at least quantity, {demand.quantity:g}", "Leave it empty or raise it.")
        if not demand.places:
            yield c.at("empty-cell", "demands", demand, "places", "an empty cell", "at least one place", "Fill it in.")
    for consignment in c.rows("consignments"):
        if consignment.from_ == consignment.to:
            yield c.at("loop-flow", "consignments", consignment, "to", f"'{consignment.to}'", "another place than in from", "Correct one of them.")
    coupled: dict[str, list[Any]] = {}
    for supply in c.rows("supplies"):
        if supply.coupled:
            coupled.setdefault(supply.coupled, []).append(supply)
    for word, group in sorted(coupled.items()):
        if len(group) == 1:
            yield c.at("coupled-alone", "supplies", group[0], "coupled", f"'{word}'", "the same word on two supplies or more", "Give the other supply the same word, or empty this cell.")
    for plant in c.rows("plants"):
        if plant.input in plant.outputs:
            yield c.at("plant-loop", "plants", plant, "outputs", f"'{plant.input}' out of {plant.input}", "outputs other than the input", "A plant turns a commodity into others.")
    for fleet in c.rows("fleets"):
        if fleet.round_trip_h is None and fleet.speed_kn is None:
            yield c.at("no-round-trip", "fleets", fleet, "speed_kn", "an empty cell", "a speed, or round_trip_h", "Give one of the two.")


def check_counterparts(c: _Looked) -> Iterator[Finding]:
    countries = {p.country for p in c.rows("places")} | {m.country for m in c.rows("memberships")}
    organisations = {m.organisation for m in c.rows("memberships")}
    known = countries | organisations | set(c.ids["places"])
    columns = {"supplies": ("to",), "demands": ("from_",), "rules": ("origin", "destination", "transit"), "screenlines": ("origin", "destination")}
    for table, names in columns.items():
        for row in c.rows(table):
            if table == "rules" and not row.commodities and row.hs:
                continue  # a rule on HS codes alone is for screening; it may name states far from any route
            for name in names:
                for word in getattr(row, name):
                    if word not in known and not (table == "rules" and re.match(r"^[A-Z][A-Z-]+$", word)):
                        yield c.at("unknown-counterpart", table, row, name.rstrip("_"), f"'{word}'", "a place, a country of a place, or an organisation of memberships",
                                   did_you_mean(word, known) or "Correct it, or add the place.")  # fmt: skip


def check_projects(c: _Looked) -> Iterator[Finding]:
    needs = {p.project: p.needs for p in c.rows("projects")}
    for project in c.rows("projects"):
        seen, todo = set(), list(project.needs)
        while todo:
            name = todo.pop()
            if name == project.project:
                yield c.at("needs-loop", "projects", project, "needs", f"'{';'.join(project.needs)}'", "no way round to itself", "Break the circle.")
                break
            if name not in seen:
                seen.add(name)
                todo.extend(needs.get(name, ()))
        for target in project.adds:
            row = c.ids["links"].get(target) or c.ids["transfers"].get(target)
            if row is not None and row.capacity is None:
                yield c.at("adds-to-nothing", "projects", project, "adds", f"'{target}', which has no limit", "something with a capacity",
                           "Give that row a capacity, or take it out of adds.")  # fmt: skip


def check_rules(c: _Looked) -> Iterator[Finding]:
    for rule in c.rows("rules"):
        if rule.effect in ("cap", "floor") and (rule.quantity is None or not rule.unit):
            yield c.at("rule-quantity", "rules", rule, "quantity", f"'{_g(rule.quantity)} {rule.unit}'", f"a quantity and unit, as its effect is {rule.effect}", "Give both.")
        if rule.effect == "tax" and rule.amount_usd is None and rule.per_cent is None:
            yield c.at("rule-amount", "rules", rule, "amount_usd", "an empty cell", "amount_usd or per_cent, as its effect is tax", "Give one.")
        if rule.effect == "floor" and rule.amount_usd is None:
            yield c.at("rule-amount", "rules", rule, "amount_usd", "an empty cell", "what each unit not carried costs", "Give it; 0 makes the floor idle.")
        if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
            yield c.at("dates-reversed", "rules", rule, "valid_to", str(rule.valid_to), f"{rule.valid_from} or later", "Swap or correct the dates.")
        if rule.unit in SMALL_UNIT and rule.effect in ("cap", "floor"):
            for name in rule.commodities:
                commodity = c.ids["commodities"].get(name)
                if commodity is not None and commodity.unit != rule.unit and "kTEU" not in (commodity.unit, rule.unit):
                    yield c.at("wrong-unit", "rules", rule, "unit", f"'{rule.unit}' for {name}", commodity.unit, "Use the commodity's unit.")


def check_memberships(c: _Looked) -> Iterator[Finding]:
    for table, first, last in (("memberships", "since", "until"), ("agreements", "signed", "in_force")):
        for row in c.rows(table):
            a, b = getattr(row, first), getattr(row, last)
            if a and b and a[: len(b)] > b[: len(a)]:
                yield c.at("dates-reversed", table, row, last, f"'{b}'", f"{a} or later", "Swap or correct the dates.")


def check_observations(c: _Looked) -> Iterator[Finding]:
    for row in c.rows("observations"):
        line = c.ids["screenlines"].get(row.screenline)
        if line is not None and row.unit != line.unit:
            yield c.at("wrong-unit", "observations", row, "unit", f"'{row.unit}'", f"{line.unit}, the unit of screenline {row.screenline}", "Convert the figure.")
        if row.kind == "flow" and row.use == "main" and row.screenline and row.year is None:
            yield c.at("empty-cell", "observations", row, "year", "an empty cell", "the year of the flow", "Fill it in.")


def check_provenance(c: _Looked) -> Iterator[Finding]:
    for row in c.rows("provenance"):
        if row.table not in TABLES or row.table == "provenance":
            yield c.at("unknown-id", "provenance", row, "table", f"'{row.table}'", "a table", did_you_mean(row.table, TABLES) or "Correct it.")
            continue
        target = c.ids[row.table].get(row.row)
        if target is None:
            yield c.at("unknown-id", "provenance", row, "row", f"'{row.row}'", f"an id of {row.table}", did_you_mean(row.row, c.ids[row.table]) or "Correct it.")
            continue
        columns = [s.name for s in columns_of(TABLES[row.table])]
        if row.column not in columns:
            yield c.at("unknown-id", "provenance", row, "column", f"'{row.column}'", f"a column of {row.table}", did_you_mean(row.column, columns) or "Correct it.")
            continue
        value = getattr(target, "from_" if row.column == "from" else row.column)
        if row.kind != "rival" and isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                same = abs(float(row.value) - value) <= 1e-9 + 1e-6 * abs(value)
            except ValueError:
                same = False
            if not same:
                yield c.at("stale-provenance", "provenance", row, "value", f"'{row.value}'", f"{value:g}, as in {row.table}", "Bring the two in line.")


def check_places_used(c: _Looked) -> Iterator[Finding]:
    used = {e for link in c.rows("links") for e in (link.from_, link.to)}
    for place in c.rows("places"):
        if place.place not in used and c.rows("links"):
            yield c.at("lonely-place", "places", place, "place", f"'{place.place}'", "a link to or from it", "Join it, or remove it.", warning=True)


def check_connected(c: _Looked) -> Iterator[Finding]:
    """Demands nothing can reach, supplies that reach nothing, consignments without a way."""
    rows = c.folder.rows
    for name, commodity in sorted(c.ids["commodities"].items()):
        graph = open_graph(rows, name)
        makers = [(r.place, r.modes) for r in c.rows("supplies") if r.commodity == name]
        makers += [(r.place, r.modes) for r in c.rows("plants") if name in r.outputs]
        takers = [(p, r.modes) for r in c.rows("demands") if r.commodity == name for p in r.places]
        takers += [(r.place, r.modes) for r in c.rows("plants") if r.input == name]
        reached = reachable(graph, [v for place, modes in makers for v in graph.at(place, modes)])
        made_at = {place for place, _ in makers}
        for row in c.rows("demands"):
            if row.commodity == name and row.quantity > 0 and not any(p in made_at or reached & set(graph.at(p, row.modes)) for p in row.places):
                yield c.at("unreachable-demand", "demands", row, "places", f"'{';'.join(row.places)}'", f"a place that some {name} can reach",
                           "Check the links, transfers and gauges on the way, and which of them carry it.")  # fmt: skip
        taken_at = {place for place, _ in takers}
        for row in c.rows("supplies"):
            if row.commodity == name and row.place not in taken_at and not (
                reachable(graph, graph.at(row.place, row.modes)) & {v for p, m in takers for v in graph.at(p, m)}
            ):
                yield c.at("stranded-supply", "supplies", row, "place", f"'{row.place}'", f"a way to some demand or plant for {name}",
                           "Check the links, transfers and gauges on the way, and which of them carry it.", warning=True)  # fmt: skip
        for row in c.rows("consignments"):
            if row.commodity == name and not reachable(graph, graph.at(row.from_, row.from_modes)) & set(graph.at(row.to, row.to_modes)):
                yield c.at("unreachable-consignment", "consignments", row, "to", f"'{row.to}'", f"a way for {name} from {row.from_}",
                           "Check the links, transfers and gauges on the way, and which of them carry it.")  # fmt: skip


def check_free_profit(c: _Looked) -> Iterator[Finding]:
    """Going round in a circle must not earn money."""
    for name in sorted(c.ids["commodities"]):
        circle = negative_cycle(open_graph(c.folder.rows, name))
        if circle:
            first = c.ids["links"].get(circle[0]) or c.ids["transfers"].get(circle[0])
            table = "links" if circle[0] in c.ids["links"] else "transfers"
            commodity = c.ids["commodities"][name]
            yield c.at("free-profit", table, first, COST_COLUMN[commodity.unit], f"a circle that earns money on {name}: " + ", ".join(circle[:5]),
                       "costs that add up to zero or more round any circle", "Correct a negative cost.")  # fmt: skip


def check_scenarios(c: _Looked) -> Iterator[Finding]:
    from keruen.scenario import check_scenario_file

    for name, path in c.folder.scenarios.items():
        yield from check_scenario_file(name, path, c.ids)


Check = Callable[[_Looked], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    check_references, check_modes, check_countries, check_links, check_lengths, check_transfers, check_flows,
    check_counterparts, check_projects, check_rules, check_memberships, check_observations, check_provenance,
    check_places_used,
)  # fmt: skip
DEEP_CHECKS: tuple[Check, ...] = (check_connected, check_free_profit, check_scenarios)
