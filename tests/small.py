"""A small sound case that tests write to disk, change a cell of, and read back.

Two fields, two ways out (a pipe through XX and a ship over a lake), a refinery, a border by rail
with a change of gauge, a consignment and a rule.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from keruen.columns import columns_of
from keruen.tables import TABLES

SOURCE = {"source": "book", "confidence": "high"}
SETTINGS = """title = "A small country"
home = "AA"
base_year = 2023
currency = "USD"
money_year = 2023
first_year = 2015
last_year = 2035
"""


def small_tables() -> dict[str, list[dict[str, Any]]]:
    """Rows of every table; cells left out are empty."""
    place = [
        ("field", "AA", 50, 47, "field"), ("north", "AA", 51, 48, "field"), ("hub", "AA", 52, 47, "city"), ("port", "AA", 51, 44, "port"),
        ("terminal", "XX", 46, 45, "terminal"), ("sea-market", "ZZ", 40, 44, "market"), ("far-port", "YY", 49, 40, "port"),
        ("border", "AA", 60, 46, "border"), ("east", "EE", 66, 45, "city"),
    ]  # fmt: skip
    oil = {"carries": "crude", "cost_usd_per_t": 10, **SOURCE, "status": "operating", "direction": "one_way"}
    rail = {"mode": "rail", "carries": "products;boxes", "cost_usd_per_t": 20, "cost_usd_per_teu": 300, "hours": 24, "status": "operating",
            "direction": "both", **SOURCE}  # fmt: skip
    return {
        "sources": [
            {"source": "book", "publisher": "A press", "title": "A book", "date": "2023", "kind": "sourced"},
            {"source": "guess", "publisher": "us", "title": "a guess", "kind": "estimate"},
        ],
        "commodities": [
            {"commodity": "crude", "name": "crude oil", "unit": "Mt", "hs": "2709", "tonnes_per_unit": 1, "barrels_per_t": 7.5, "value_usd": 500,
             "time_usd_per_day": 0, "unmet_usd": 100, **SOURCE},
            {"commodity": "products", "name": "oil products", "unit": "Mt", "hs": "2710", "tonnes_per_unit": 1, "barrels_per_t": 8, "per_train": 2000,
             "value_usd": 700, "time_usd_per_day": 0, "unmet_usd": 900, **SOURCE},
            {"commodity": "boxes", "name": "containers", "unit": "kTEU", "tonnes_per_unit": 14, "per_train": 96, "value_usd": 40000,
             "time_usd_per_day": 30, "unmet_usd": 20000, **SOURCE},
        ],
        "places": [{"place": p, "name": p, "country": c, "lon": x, "lat": y, "kind": k, **SOURCE} for p, c, x, y, k in place],
        "links": [
            {"link": "pipe-field-hub", "from": "field", "to": "hub", "mode": "oil_pipeline", "length_km": 200, "countries": "AA", **oil},
            {"link": "pipe-north-hub", "from": "north", "to": "hub", "mode": "oil_pipeline", "length_km": 200, "countries": "AA", **oil},
            {"link": "pipe-hub-terminal", "from": "hub", "to": "terminal", "mode": "oil_pipeline", "length_km": 600, "countries": "AA;XX",
             "capacity": 8, "capacity_unit": "Mt/year", "operator": "PipeCo", **oil},
            {"link": "pipe-hub-port", "from": "hub", "to": "port", "mode": "oil_pipeline", "length_km": 400, "countries": "AA", **oil},
            {"link": "tanker-port-far", "from": "port", "to": "far-port", "mode": "tanker", "length_km": 500, "countries": "AA;YY", **oil},
            {"link": "sea-terminal-market", "from": "terminal", "to": "sea-market", "mode": "sea", "length_km": 600, "countries": "XX;ZZ", **oil},
            {"link": "pipe-far-market", "from": "far-port", "to": "sea-market", "mode": "oil_pipeline", "length_km": 1500, "countries": "YY;ZZ", **oil,
             "cost_usd_per_t": 30},
            {"link": "rail-hub-border", "from": "hub", "to": "border", "gauge_mm": 1520, "length_km": 700, "countries": "AA", **rail},
            {"link": "rail-border-east", "from": "border", "to": "east", "gauge_mm": 1435, "length_km": 600, "countries": "AA;EE",
             "capacity": 10, "capacity_unit": "trains/day", **rail},
            {"link": "pipe-planned", "from": "north", "to": "port", "mode": "oil_pipeline", "length_km": 500, "countries": "AA", **oil,
             "capacity": 0, "capacity_unit": "Mt/year", "status": "planned"},
        ],
        "transfers": [
            {"transfer": "port-berths", "place": "port", "from_modes": "oil_pipeline", "to_modes": "tanker", "direction": "one_way", "capacity": 3,
             "capacity_unit": "Mt/year", "carries": "crude", "cost_usd_per_t": 1, **SOURCE},
            {"transfer": "terminal-loading", "place": "terminal", "from_modes": "oil_pipeline", "to_modes": "sea", "direction": "one_way",
             "carries": "crude", "cost_usd_per_t": 1, **SOURCE},
            {"transfer": "far-port-pumps", "place": "far-port", "from_modes": "tanker", "to_modes": "oil_pipeline", "direction": "one_way",
             "carries": "crude", "cost_usd_per_t": 1, **SOURCE},
            {"transfer": "border-gauge", "place": "border", "from_modes": "rail-1520", "to_modes": "rail-1435", "direction": "both",
             "carries": "products;boxes", "cost_usd_per_t": 3, "cost_usd_per_teu": 50, "hours": 12, **SOURCE},
        ],
        "supplies": [
            {"supply": "crude-field", "place": "field", "commodity": "crude", "quantity": 9, **SOURCE},
            {"supply": "crude-north", "place": "north", "commodity": "crude", "quantity": 3, **SOURCE},
        ],
        "demands": [
            {"demand": "market-crude", "places": "sea-market", "commodity": "crude", "quantity": 10, "up_to": 20, "price_usd": 400, "use": "market", **SOURCE},
            {"demand": "east-products", "places": "east", "commodity": "products", "quantity": 1, "price_usd": 600, "use": "market", **SOURCE},
        ],
        "consignments": [
            {"consignment": "boxes-east-hub", "from": "east", "to": "hub", "commodity": "boxes", "quantity": 50, **SOURCE},
        ],
        "plants": [
            {"plant": "refinery", "place": "hub", "input": "crude", "capacity": 2, "outputs": "products 0.8", "cost_usd": 15, **SOURCE},
        ],
        "fleets": [
            {"fleet": "tankers", "links": "tanker-port-far", "ships": 4, "payload_t": 10000, "speed_kn": 10, "handling_h": 40, "downtime": 0.1, **SOURCE},
        ],
        "projects": [
            {"project": "new-pipe", "name": "a new pipe", "adds": "pipe-planned 5", "capex_musd": 300, "ready_year": 2028, "status": "planned", **SOURCE},
            {"project": "berths", "name": "more berths", "adds": "port-berths 1", "ready_year": 2021, "status": "completed", **SOURCE},
        ],
        "rules": [
            {"rule": "pipe-quota", "title": "a quota of the neighbour", "effect": "cap", "kind": "quota", "commodities": "crude", "origin": "AA",
             "links": "pipe-hub-terminal", "quantity": 7, "unit": "Mt", "status": "in_force", **SOURCE},
        ],
        "memberships": [{"country": "AA", "organisation": "UNION", "status": "member", "since": "2015-01-01", **SOURCE}],
        "screenlines": [{"screenline": "by-pipe", "name": "crude by pipe", "links": "pipe-hub-terminal", "commodities": "crude", "origin": "AA", "unit": "Mt"}],
        "observations": [
            {"observation": "by-pipe-2023", "kind": "flow", "screenline": "by-pipe", "year": 2023, "quantity": 6.5, "unit": "Mt", "use": "main", **SOURCE},
        ],
        "provenance": [
            {"table": "links", "row": "pipe-hub-terminal", "column": "capacity", "kind": "derived", "value": "8", "source": "book", "confidence": "low"},
            {"table": "links", "row": "pipe-hub-terminal", "column": "capacity", "kind": "rival", "value": "9", "source": "guess", "confidence": "low"},
        ],
    }  # fmt: skip


def write_tables(path: Path, tables: dict[str, list[dict[str, Any]]], settings: str = SETTINGS) -> Path:
    """Write tables as a case folder; all columns of a table get written."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "case.toml").write_text(settings, encoding="utf-8")
    for table, rows in tables.items():
        names = [c.name for c in columns_of(TABLES[table])]
        with (path / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    return path


def write_small(path: Path) -> Path:
    """The small case as a folder."""
    return write_tables(path, small_tables())
