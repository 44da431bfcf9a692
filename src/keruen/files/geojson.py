"""A case as one GeoJSON file (RFC 7946), and back: places are points, links are lines, each with its columns.

What is not on the map (settings, other tables, scenarios) stands in a member ``keruen`` beside the features, so that
the file holds the whole case. Map programs show the file; not all keep that member when they save it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keruen.case import Case
from keruen.columns import columns_of
from keruen.errors import Names, UsageError, quote
from keruen.files.lines import as_text
from keruen.files.schema import row_as_json
from keruen.files.sheets import SETTINGS, Cells, Sheets, number_text, settings_of, sheets_of
from keruen.tables import TABLES

__all__ = ["geojson_of", "read_geojson"]

_SHAPES = {"places": ("Point",), "links": ("LineString", "MultiLineString")}


def geojson_of(case: Case) -> bytes:
    """The FeatureCollection. Longitude and latitude stand in the geometry only, so that a point moved on the map is moved."""
    from keruen import __version__

    at = {p.place: (p.lon, p.lat) for p in case.places.values()}
    features = []
    for table in _SHAPES:
        for row in case.tables[table]:
            plain = row_as_json(row)
            if table == "places":
                shape = {"type": "Point", "coordinates": [_plain(plain.pop("lon")), _plain(plain.pop("lat"))]}
            else:
                shape = _line(at[plain["from"]], at[plain["to"]])
            said = {"table": table, **{k: _plain(v) for k, v in plain.items()}}
            features.append({"type": "Feature", "id": plain[table[:-1]], "geometry": shape, "properties": said})
    rest = {t: [{k: _plain(v) for k, v in row_as_json(row).items()} for row in rows] for t, rows in case.tables.items() if rows and t not in _SHAPES}
    about = {"version": __version__, "case": case.name, "settings": settings_of(case), "tables": rest, "scenarios": dict(sheets_of(case).scenarios)}
    whole = {"type": "FeatureCollection", "keruen": about, "features": features}
    return (json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace('{"type":"Feature",', '\n{"type":"Feature",') + "\n").encode("utf-8")


def _plain(value: Any) -> Any:
    """Whole numbers without a point."""
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _line(a: tuple[float, float], b: tuple[float, float]) -> dict[str, Any]:
    """A straight line; one that is shorter the other way round the Earth is cut in two where the date changes."""
    (x, y), (u, v) = a, b
    if abs(u - x) <= 180:
        return {"type": "LineString", "coordinates": [[_plain(x), _plain(y)], [_plain(u), _plain(v)]]}
    edge = 180 if x > 0 else -180
    there = u + 2 * edge  # the far end as if degrees went on
    middle = y + (v - y) * (edge - x) / (there - x)
    return {"type": "MultiLineString", "coordinates": [[[_plain(x), _plain(y)], [edge, middle]], [[-edge, middle], [_plain(u), _plain(v)]]]}


def read_geojson(path: Path) -> Sheets:
    """The sheets of a file that keruen wrote, perhaps edited since. Raises UsageError for any other; cells are checked with the case."""
    try:
        whole = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: found no file that can be read ({error.strerror or error}); expected a GeoJSON file") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name}: found text that is no JSON ({quote(error, 200, '')}); expected a GeoJSON file written by keruen convert") from None
    kind = whole.get("type") if isinstance(whole, dict) else None
    if kind != "FeatureCollection" or not isinstance(whole.get("features"), list):
        found = f"type {quote(kind)}" if kind else "no FeatureCollection"
        raise UsageError(f"{path.name}: found {found}; expected a FeatureCollection written by keruen convert")
    about = whole.get("keruen")
    if not isinstance(about, dict) or not isinstance(about.get("settings"), dict) or not isinstance(about.get("tables"), dict):
        raise UsageError(f"{path.name}: found no member 'keruen' with settings and tables; expected that of a file written by keruen convert. A map program "
                         "may have dropped it when it saved the file: copy it back from the file keruen wrote.")  # fmt: skip
    settings = {key: about["settings"][key] for key in SETTINGS if key in about["settings"]}
    lacking = [key for key in SETTINGS if key not in settings]
    if lacking:
        raise UsageError(f"{path.name}, keruen.settings: found no {', '.join(lacking)}; expected {', '.join(SETTINGS)}")
    tables: dict[str, list[Cells]] = {}
    for table, rows in about["tables"].items():
        if table not in TABLES:
            raise UsageError(f"{path.name}, keruen.tables: found {quote(table)}; expected a table of a case. {Names(TABLES).hint(table)}".strip())
        if not isinstance(rows, list):
            raise UsageError(f"{path.name}, keruen.tables.{table}: found no list; expected a list of rows")
        tables[table] = [_cells(path, table, f"keruen.tables.{table}, row {i}", row) for i, row in enumerate(rows, start=1)]
    tables |= {table: [] for table in _SHAPES}
    for i, feature in enumerate(whole["features"], start=1):
        table, cells = _feature(path, i, feature)
        tables[table].append(cells)
    scenarios = about.get("scenarios", {})
    if not isinstance(scenarios, dict) or not all(isinstance(text, str) and _is_name(name) for name, text in scenarios.items()):
        raise UsageError(f"{path.name}, keruen.scenarios: found something else than texts by name; expected the TOML of each scenario")
    return Sheets(settings, tables, scenarios)


def _is_name(name: str) -> bool:
    return bool(name) and not set(name) & set("/\\:\0") and not name.startswith(".")


def _feature(path: Path, i: int, feature: Any) -> tuple[str, Cells]:
    """The table and the cells of a feature."""
    where = f"feature {i}"
    said = feature.get("properties") if isinstance(feature, dict) else None
    table = said.get("table") if isinstance(said, dict) else None
    if not isinstance(said, dict) or table not in _SHAPES:
        raise UsageError(f"{path.name}, {where}: found {'table ' + quote(table) if table else 'no property table'}; expected places or links. "
                         "Give each new feature the property table and the columns of that table.")  # fmt: skip
    shape = feature.get("geometry")
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind not in _SHAPES[table]:
        raise UsageError(f"{path.name}, {where}: found {quote(kind) if kind else 'no geometry'}; expected {' or '.join(_SHAPES[table])} for {table}")
    cells = _cells(path, table, where, {k: v for k, v in said.items() if k != "table"})
    if table == "places":
        spot = shape.get("coordinates") if isinstance(shape, dict) else None
        if not isinstance(spot, list) or len(spot) < 2 or not all(map(_is_degrees, spot[:2])):
            raise UsageError(f"{path.name}, {where}: found {quote(spot)}; expected [longitude, latitude]")
        cells |= {"lon": number_text(spot[0]), "lat": number_text(spot[1])}
    return table, cells


def _is_degrees(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 360


def _cells(path: Path, table: str, where: str, row: Any) -> Cells:
    """A row of JSON as cells."""
    if not isinstance(row, Mapping):
        raise UsageError(f"{path.name}, {where}: found {quote(row)}; expected an object with the columns of {table}")
    names = Names(c.name for c in columns_of(TABLES[table]))
    for name in row:
        if name not in names:
            raise UsageError(f"{path.name}, {where}: found the property {quote(name)}; expected columns of {table}. {names.hint(name) or 'Take it out.'}")
    return {name: number_text(v) if isinstance(v, float) and v - v == 0 else as_text(v) for name, v in row.items()}
