"""Random small cases, as tables: whatever a case may hold, in a size that two other programs can check.

``random_tables(rng)`` draws from anything that has the methods of ``random.Random``: a seeded one, or the one
that ``hypothesis.strategies.randoms()`` draws, so that failures shrink. Figures come from short lists, so that
ties are common. What is drawn passes ``keruen check``; demands and consignments nobody can reach are taken out.

Left out on purpose, each has a test of its own: fleets whose years are over, payments for a floor that are worth
a ride in a circle, taxes below zero.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import keruen as kr
from keruen.errors import CaseError
from keruen.scenario import Scenario
from small import SOURCE, write_tables

Tables = dict[str, list[dict[str, Any]]]

HOME, BASE_YEAR = "AA", 2023
COUNTRIES = ("AA", "BB", "CC", "DD")
YEARS = (2019, 2023, 2026, 2030)
SETTINGS = f"""title = "Drawn by lot"
home = "{HOME}"
base_year = {BASE_YEAR}
currency = "USD"
money_year = 2023
first_year = 2015
last_year = 2035
"""
COST_COLUMN = {"Mt": "cost_usd_per_t", "kTEU": "cost_usd_per_teu", "bcm": "cost_usd_per_1000m3"}
COSTS = {"Mt": (5, 5, 10, 10, 20), "kTEU": (50, 100, 100, 300), "bcm": (5, 10, 10, 20)}
QUANTITIES = {"Mt": (0, 1, 2, 2, 3, 5), "kTEU": (0, 10, 20, 20, 50), "bcm": (0, 1, 2, 2, 4)}
CAPACITIES = {"Mt/year": (0, 0.5, 1, 1, 2, 3, 5), "kTEU/year": (0, 10, 20, 30), "bcm/year": (0, 1, 2, 3), "trains/day": (0, 0.5, 1, 2, 2, 4)}
COMMODITIES = {
    "oil": {"unit": "Mt", "tonnes_per_unit": 1, "barrels_per_t": 7.5, "per_train": 2000, "value_usd": 500, "unmet_usd": 100},
    "goods": {"unit": "Mt", "tonnes_per_unit": 1, "per_train": 1000, "value_usd": 900, "unmet_usd": 700},
    "grain": {"unit": "Mt", "tonnes_per_unit": 1, "value_usd": 200, "unmet_usd": 50},
    "boxes": {"unit": "kTEU", "tonnes_per_unit": 12, "per_train": 96, "value_usd": 30000, "unmet_usd": 5000},
    "gas": {"unit": "bcm", "tonnes_per_unit": 0.7, "per_train": 1500, "value_usd": 250, "unmet_usd": 300},
}
UNREACHABLE = ("unreachable-demand", "unreachable-consignment")


def _some(rng: random.Random, words: Any, least: int = 1, most: int | None = None) -> list[Any]:
    words = list(words)
    most = len(words) if most is None else min(most, len(words))
    return sorted(rng.sample(words, rng.randint(min(least, most), most)))


def _maybe(rng: random.Random, chance: float) -> bool:
    return rng.random() < chance


def _years(rng: random.Random) -> dict[str, int]:
    if not _maybe(rng, 0.15):
        return {}
    return rng.choice(({"first_year": 2022}, {"first_year": 2025}, {"last_year": 2020}, {"last_year": 2027}))


class _Draw:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.tables: Tables = {
            t: [] for t in ("links", "transfers", "supplies", "demands", "consignments", "plants", "fleets", "projects", "rules", "memberships")
        }
        names = _some(rng, COMMODITIES, 1, 3)
        times = (0, 0, 1, 24)
        self.commodities = {n: {"commodity": n, "name": n, "time_usd_per_day": rng.choice(times), **COMMODITIES[n], **SOURCE} for n in names}
        if "goods" in self.commodities and _maybe(rng, 0.3):
            self.commodities["goods"].pop("per_train", None)
        self.country = {f"p{i}": rng.choice(COUNTRIES) for i in range(rng.randint(3, 8))}
        self.country["p0"], self.country["p1"] = HOME, "BB"
        self.places = sorted(self.country)
        self.track_of: dict[str, set[str]] = {p: set() for p in self.places}
        self.modes_here = _some(rng, ("rail", "road", "oil_pipeline", "gas_pipeline", "tanker", "sea", "ferry", "air"), 2, 4)
        self.floors = _maybe(rng, 0.4)  # on links; every edge must then cost more than a floor pays
        self.words = [*sorted(set(self.country.values())), "ORG", "p0", "p1"]

    def unit(self, commodity: str) -> str:
        return str(self.commodities[commodity]["unit"])

    def costs(self, carries: list[str], free: bool = False) -> dict[str, float]:
        found = {}
        for unit in sorted({self.unit(c) for c in carries}):
            found[COST_COLUMN[unit]] = 0 if free and _maybe(self.rng, 0.5) else self.rng.choice(COSTS[unit])
        return found

    def capacity(self, carries: list[str], chance: float = 0.6) -> dict[str, Any]:
        rng, units = self.rng, {self.unit(c) for c in carries}
        if not _maybe(rng, chance):
            return {}
        choices = ["Mt/year"]
        if len(units) == 1 and units != {"Mt"}:
            choices.append({"kTEU": "kTEU/year", "bcm": "bcm/year"}[next(iter(units))])
        if all("per_train" in self.commodities[c] for c in carries):
            choices.append("trains/day")
        unit = rng.choice(choices)
        return {"capacity": rng.choice(CAPACITIES[unit]), "capacity_unit": unit}

    def modes(self, place: str, chance: float = 0.2) -> str:
        tracks = sorted(self.track_of[place])
        return ";".join(_some(self.rng, tracks)) if tracks and _maybe(self.rng, chance) else ""

    # tables

    def links(self) -> None:
        rng = self.rng
        for i in range(rng.randint(4, 14)):
            a, b = rng.sample(self.places, 2)
            mode = rng.choice(self.modes_here)
            fits = [c for c in self.commodities if "pipeline" not in mode or (mode == "gas_pipeline") == (self.unit(c) == "bcm")]
            if not fits:
                mode, fits = "road", list(self.commodities)
            carries = fits if _maybe(rng, 0.6) else _some(rng, fits)
            gauge = rng.choice(("1520", "1520", "1435")) if mode == "rail" else ""
            row = {"link": f"l{i}", "from": a, "to": b, "mode": mode, "gauge_mm": gauge, "direction": rng.choice(("one_way", "both", "both")),
                   "length_km": rng.choice((200, 500, 900)), "carries": ";".join(carries), "status": "operating",
                   "countries": ";".join(sorted({self.country[a], self.country[b], *_some(rng, COUNTRIES, 0, 1)})),
                   "operator": rng.choice(("", "", "Rails", "Pipes")), **self.costs(carries), **self.capacity(carries), **SOURCE}  # fmt: skip
            if _maybe(rng, 0.3):
                row |= {"hours": rng.choice((12, 24)), "wait_hours": rng.choice((0, 24))}
            if row["direction"] == "both" and "capacity" in row and _maybe(rng, 0.5):
                row["capacity_shared"] = "yes"
            if _maybe(rng, 0.1):
                row["opened"] = rng.choice((2021, 2025))
            if _maybe(rng, 0.1):
                row |= {"capacity": 0, "capacity_unit": "Mt/year", "status": rng.choice(("planned", "idle"))}
            self.tables["links"].append(row)
            for place in (a, b):
                self.track_of[place].add(f"{mode}-{gauge}" if gauge else mode)

    def transfers(self) -> None:
        rng = self.rng
        for place in self.places:
            tracks = sorted(self.track_of[place])
            for k in range(rng.choice((0, 1, 1, 1, 2)) if len(tracks) > 1 else 0):
                words = sorted({*tracks, *(t.split("-")[0] for t in tracks)})
                carries = list(self.commodities) if _maybe(rng, 0.6) else _some(rng, self.commodities)
                row = {"transfer": f"t{place}-{k}", "place": place, "from_modes": ";".join(_some(rng, words, 2)), "to_modes": ";".join(_some(rng, words)),
                       "direction": rng.choice(("one_way", "both", "both")), "carries": ";".join(carries), "hours": rng.choice((0, 0, 12)),
                       "operator": rng.choice(("", "", "Docks")), **self.costs(carries, free=not self.floors), **self.capacity(carries, 0.5),
                       **SOURCE}  # fmt: skip
                if _maybe(rng, 0.05):
                    row["opened"] = 2025
                self.tables["transfers"].append(row)

    def ends(self) -> None:
        rng = self.rng
        for commodity in self.commodities:
            quantities = QUANTITIES[self.unit(commodity)]
            for k in range(rng.randint(1, 3)):
                place = rng.choice(self.places)
                self.tables["supplies"].append({
                    "supply": f"s-{commodity}-{k}", "place": place, "commodity": commodity, "quantity": rng.choice(quantities),
                    "cost_usd": rng.choice(("", "", 1, 5)), "modes": self.modes(place), "to": ";".join(_some(rng, self.words)) if _maybe(rng, 0.15) else "",
                    **_years(rng), **SOURCE})  # fmt: skip
            for k in range(rng.randint(1, 3)):
                places = _some(rng, self.places, 1, 3)
                quantity = rng.choice(quantities)
                self.tables["demands"].append({
                    "demand": f"d-{commodity}-{k}", "places": ";".join(places), "commodity": commodity, "quantity": quantity,
                    "up_to": rng.choice(("", "", quantity, quantity + 1, 3 * quantity)), "price_usd": rng.choice((0, 0, 15, 40, 200)),
                    "modes": self.modes(places[0], 0.1),
                    "from": ";".join(_some(rng, self.words)) if _maybe(rng, 0.15) else "", "use": rng.choice(("market", "market", "own_use", "processing")),
                    **_years(rng), **SOURCE})  # fmt: skip
            for k in range(rng.randint(0, 2)):
                a, b = rng.sample(self.places, 2)
                self.tables["consignments"].append({
                    "consignment": f"c-{commodity}-{k}", "from": a, "to": b, "commodity": commodity, "quantity": rng.choice(quantities),
                    "from_modes": self.modes(a, 0.1), "to_modes": self.modes(b, 0.1), **_years(rng), **SOURCE})  # fmt: skip
        if len(self.tables["supplies"]) > 1 and _maybe(rng, 0.35):
            for row in rng.sample(self.tables["supplies"], 2 if len(self.tables["supplies"]) < 3 or _maybe(rng, 0.7) else 3):
                row["coupled"] = "together"

    def plants(self) -> None:
        rng, names = self.rng, list(self.commodities)
        for k in range(rng.randint(0, 2) if len(names) > 1 else 0):
            into = rng.choice(names)
            outputs = _some(rng, [n for n in names if n != into], 1, 2)
            place = rng.choice(self.places)
            self.tables["plants"].append({
                "plant": f"works-{k}", "place": place, "input": into, "capacity": rng.choice(QUANTITIES[self.unit(into)]),
                "availability": rng.choice(("", "", 0.5)),
                "outputs": ";".join(f"{n} {rng.choice((0.2, 0.5, 0.9, 1.5))}" for n in outputs), "cost_usd": rng.choice((0, 5)), "modes": self.modes(place),
                **({"opened": 2025} if _maybe(rng, 0.1) else {}), **SOURCE})  # fmt: skip

    def fleets(self) -> None:
        rng = self.rng
        wet = [r["link"] for r in self.tables["links"] if r["mode"] in ("tanker", "sea", "ferry", "rail")]
        for k in range(rng.randint(0, 2) if wet else 0):
            row = {"fleet": f"f{k}", "links": ";".join(_some(rng, wet, 1, 3)), "ships": rng.choice((0, 1, 2, 3)), "payload_t": rng.choice((5000, 10000)),
                   "downtime": rng.choice(("", 0.1, 0.25)), **SOURCE}  # fmt: skip
            row |= rng.choice(({"round_trip_h": rng.choice((48, 100))}, {"speed_kn": 10, "handling_h": rng.choice(("", 40))}))
            self.tables["fleets"].append(row)

    def projects(self) -> None:
        rng = self.rng
        targets = [r[key] for table, key in (("links", "link"), ("transfers", "transfer")) for r in self.tables[table] if r.get("capacity", "") != ""]
        for table, key in (("plants", "plant"), ("supplies", "supply"), ("fleets", "fleet")):
            targets += [r[key] for r in self.tables[table]]
        for k in range(rng.randint(0, 4) if targets else 0):
            self.tables["projects"].append({
                "project": f"project-{k}", "name": f"project {k}", "adds": ";".join(f"{t} {rng.choice((0.5, 1, 2, 4))}" for t in _some(rng, targets, 1, 2)),
                "ready_year": rng.choice((2017, 2020, 2023, 2024, 2026, 2028, "")),
                "status": rng.choice(("operating", "completed", "under_construction", "planned", "idle")), **SOURCE})  # fmt: skip

    def rules(self) -> None:
        rng = self.rng
        words = ["AA", "BB", "CC", "ORG", "NON-AA", "NON-ORG", *self.places[:2]]
        on_links = [r["link"] for r in self.tables["links"]]
        on_links += [f"{r['link']}:back" for r in self.tables["links"] if r["direction"] == "both"]
        on_links += [f"{r['link']}:both" for r in self.tables["links"]] + [r["transfer"] for r in self.tables["transfers"]]
        floors = 0
        for k in range(rng.randint(0, 5)):
            commodities = _some(rng, self.commodities, 1) if _maybe(rng, 0.8) else []
            row: dict[str, Any] = {"rule": f"rule-{k}", "title": f"rule {k}", "kind": rng.choice(("law", "sanction", "contract", "quota", "right", "practice")),
                                   "effect": rng.choice(("forbid", "forbid", "cap", "cap", "floor", "tax", "tax", "monitor", "exempt")),
                                   "status": rng.choice(("in_force", "in_force", "in_force", "in_force", "announced", "expired")), **SOURCE}  # fmt: skip
            for column in ("origin", "destination"):
                if _maybe(rng, 0.35):
                    row[column] = ";".join(_some(rng, words, 1, 2))
            about = rng.choice(("delivery", "delivery", "links", "transit", "modes", "operators", "two"))
            if about in ("links", "two"):
                row["links"] = ";".join(_some(rng, on_links, 1, 3))
            if about in ("transit", "two"):
                row["transit"] = ";".join(_some(rng, ("BB", "CC", "DD", "ORG", "NON-AA", "NON-ORG"), 1, 2))
            if about == "modes":
                row["modes"] = ";".join(_some(rng, ("rail", "rail-1520", "road", "sea", "tanker", "oil_pipeline"), 1, 2))
            if about == "operators":
                row["operators"] = ";".join(_some(rng, ("Rails", "Pipes", "Docks"), 1, 2))
            if row["effect"] in ("cap", "floor"):
                units = {self.unit(c) for c in commodities or self.commodities}
                row |= {"quantity": rng.choice((0, 0.5, 1, 2)), "unit": rng.choice(("Mt", "t")) if units != {"kTEU"} or _maybe(rng, 0.3) else "kTEU"}
                if "bcm" in units:
                    row["unit"] = "bcm" if units == {"bcm"} else "t"
                if row["unit"] == "t":
                    row["quantity"] *= 1e6
                if row["unit"] == "kTEU":
                    row["quantity"] *= 10
            if row["effect"] == "floor":
                # Paid by each edge it looks at, so it must stay below the cheapest edge: else riding in a circle would pay.
                row["amount_usd"] = rng.choice((1, 3, 4))
                if about == "delivery":
                    row["amount_usd"] = rng.choice((0, 4, 30, 200))
                elif not self.floors or floors or any(self.unit(c) == "kTEU" for c in commodities or self.commodities):
                    row["effect"] = "cap"
                floors += about != "delivery"
            if row["effect"] == "tax":
                row |= rng.choice(({"amount_usd": 3}, {"amount_usd": 12}, {"per_cent": 2}, {"amount_usd": 1, "per_cent": 1}, {"delay_hours": 48}))
            if _maybe(rng, 0.15):
                row["valid_from"] = rng.choice(("2021-07-01", "2023-07-01", "2023-07-02"))
            elif _maybe(rng, 0.15):
                row["valid_to"] = rng.choice(("2023-06-30", "2023-07-01", "2026-01-01"))
            if _maybe(rng, 0.05):
                row["end_use"] = "military"
            elif _maybe(rng, 0.05) and row["effect"] not in ("cap", "floor"):
                row["unit"] = "head"
            elif _maybe(rng, 0.1):
                row["hs"] = "2709"
                row["commodities"] = ""
            if "hs" not in row and commodities:
                row["commodities"] = ";".join(commodities)
            self.tables["rules"].append(row)

    def memberships(self) -> None:
        for country in _some(self.rng, COUNTRIES, 1, 3):
            row = {"country": country, "organisation": "ORG", "status": self.rng.choice(("member", "member", "member", "observer")), **SOURCE}
            row |= self.rng.choice(({}, {}, {"since": "2016"}, {"since": "2023-07-01"}, {"since": "2024-01-01"}, {"until": "2022-05-01"}))
            self.tables["memberships"].append(row)

    def all(self) -> Tables:
        self.links()
        self.transfers()
        self.ends()
        self.plants()
        self.fleets()
        self.projects()
        self.rules()
        self.memberships()
        used = {p for r in self.tables["links"] for p in (r["from"], r["to"])}
        spot = {p: (self.rng.choice((50, 51)), 45) for p in self.places}
        places = [{"place": p, "name": p, "country": self.country[p], "lon": spot[p][0], "lat": spot[p][1],
                   "kind": "city" if p in used else "waypoint", **SOURCE} for p in self.places]  # fmt: skip
        book = [{"source": "book", "publisher": "A press", "title": "A book", "kind": "sourced"}]
        return {"sources": book, "commodities": list(self.commodities.values()), "places": places, **self.tables}


def random_tables(rng: random.Random) -> Tables:
    """Tables of a random case; they may hold demands and consignments that nobody can reach."""
    return _Draw(rng).all()


def load_reachable(path: Path, tables: Tables) -> kr.Case:
    """Write and load a case, without the demands and consignments that the check calls unreachable and the rules it refuses.

    They leave ``tables`` too.
    """
    for _ in range(3):
        shutil.rmtree(path, ignore_errors=True)
        write_tables(path, tables, SETTINGS)
        try:
            return kr.load(path)
        except CaseError as error:
            if any(f.code not in UNREACHABLE and f.file != "rules.csv" for f in error.findings):
                raise
            for table in ("demands", "consignments", "rules"):
                out = {f.row for f in error.findings if f.file == f"{table}.csv"}
                tables[table] = [r for line, r in enumerate(tables[table], start=2) if line not in out]
    raise AssertionError("the check goes on finding rows that cannot be reached")


def random_case(rng: random.Random | int, path: Path) -> kr.Case:
    """A random case that passes the check, written to a folder. An integer is a seed."""
    return load_reachable(path, random_tables(random.Random(rng) if isinstance(rng, int) else rng))


def random_scenario(rng: random.Random, case: kr.Case, most: int = 3) -> Scenario:
    """One to ``most`` changes of any kind, laid over each other."""
    scenario = Scenario()
    for _ in range(rng.randint(1, most)):
        scenario = scenario + _one_change(rng, case)
    return scenario


def _one_change(rng: random.Random, case: kr.Case) -> Scenario:
    links, places = sorted(case.links), sorted(case.places)
    kind = rng.choice(("country", "link", "place", "mode", "operator", "part", "scale", "scale", "set", "set", "add", "without"))
    if kind == "country":
        return kr.close(country=rng.choice(sorted({p.country for p in case.places.values()})))
    if kind == "link":
        return kr.close(link=_some(rng, links, 1, 2))
    if kind == "place":
        return kr.close(place=rng.choice(places))
    if kind == "mode":
        return kr.close(mode=rng.choice(sorted({r.mode for r in case.links.values()})))
    if kind == "operator":
        operators = sorted({r.operator for r in [*case.links.values(), *case.transfers.values()] if r.operator})
        return kr.close(operator=rng.choice(operators)) if operators else Scenario()
    if kind == "part":
        return kr.close(link=rng.choice(links), share=rng.choice((0.25, 1.0)), days=rng.choice((10, 73, 365)))
    if kind == "scale":
        return rng.choice((
            kr.scale(link="*", capacity=rng.choice((0.5, 2))), kr.scale(link=rng.choice(links), cost=rng.choice((0, 0.5, 3))),
            kr.scale(demand="*", quantity=rng.choice((0.5, 1.5)), price=2), kr.scale(supply="*", quantity=rng.choice((0.5, 2)), cost=2),
            kr.scale(country="AA", capacity=0.5, hours=3), kr.scale(fleet="*", ships=2, payload=0.8, downtime=2), kr.scale(consignment="*", quantity=1.5),
        ))  # fmt: skip
    if kind == "set":
        link, supply, demand = rng.choice(links), rng.choice(sorted(case.supplies)), rng.choice(sorted(case.demands) or [""])
        options = [kr.set_value("links", link, "hours", 36), kr.set_value("supplies", supply, "quantity", 2.5)]
        if case.links[link].capacity is not None:
            options.append(kr.set_value("links", link, "capacity", rng.choice((0, 0.75, 6))))
        if demand:
            least, most = case.demands[demand].quantity, case.demands[demand].up_to
            options += [kr.set_value("demands", demand, "quantity", 4 if most is None else most / 2), kr.set_value("demands", demand, "price_usd", 90)]
            options += [] if most is None else [kr.set_value("demands", demand, "up_to", least + 2)]
        return rng.choice(options)
    if kind == "add" and case.projects:
        return kr.add(project=_some(rng, case.projects, 1, 2))
    if kind == "without" and case.rules:
        return rng.choice((kr.without(rule=rng.choice(sorted(case.rules))), kr.without(kind=rng.choice(sorted({r.kind for r in case.rules.values()})))))
    return Scenario()
