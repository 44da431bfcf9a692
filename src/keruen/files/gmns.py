"""A case as a folder in the General Modeling Network Specification (GMNS 0.96), and back; other GMNS folders as a case.

GMNS knows roads: nodes, links, lengths, speeds, lanes. It has no commodities, costs by commodity, borders or gauges, so links and
nodes carry a freight profile: the columns of our tables, with ``freight_`` before their names. What is neither node nor link
stands in a folder ``keruen`` beside them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from keruen.case import Case
from keruen.columns import columns_of
from keruen.errors import UsageError, did_you_mean, quote
from keruen.files.cells import slug
from keruen.files.roads import KM, Floats, Roads, known_length
from keruen.files.sheets import SETTINGS, Cells, Sheets, rows_of_csv, sheets_of, table_csv, toml
from keruen.tables import TABLES

__all__ = ["GMNS_OWNED", "gmns_files", "is_gmns", "read_gmns_case", "read_gmns_roads", "written_by_us"]

GMNS_VERSION = "0.96"
_REST = "keruen"
_MOST_SPEED = 200.0
# Column of ours by that of GMNS; the other columns of ours are the freight profile.
_NODE = {"node_id": "place", "name": "name", "x_coord": "lon", "y_coord": "lat", "node_type": "kind"}
_LINK = {"link_id": "link", "from_node_id": "from", "to_node_id": "to", "length": "length_km", "facility_type": "mode", "jurisdiction": "operator"}
_LINK_OTHER = ("directed", "dir_flag", "free_speed", "allowed_uses")
_NODE_MORE = ("z_coord", "ctrl_type", "zone_id", "parent_node_id")
_LINK_MORE = ("name", "geometry_id", "geometry", "parent_link_id", "grade", "capacity", "lanes", "bike_facility", "ped_facility", "parking", "toll",
              "row_width")  # fmt: skip
_CONFIG = ("dataset_name", "short_length", "long_length", "speed", "crs", "geometry_field_format", "currency", "version_number", "id_type")
GMNS_OWNED = ("config.csv", "node.csv", "link.csv", "use_definition.csv", *(f"{_REST}/{name}" for name in ("case.toml", *(f"{t}.csv" for t in TABLES))))


def _columns(table: str) -> list[str]:
    return [c.name for c in columns_of(TABLES[table])]


def _profile(table: str, taken: Mapping[str, str], also: Sequence[str] = ()) -> list[str]:
    """Columns of ours that GMNS has no place for."""
    return [c for c in _columns(table) if c not in taken.values() and c not in also]


def gmns_files(case: Case) -> dict[str, bytes]:
    """The files of the folder: config.csv, node.csv, link.csv, use_definition.csv, and the other tables in ``keruen``.

    Lengths in km, speeds in km/h, coordinates in degrees; the freight profile in the units of our tables. ``free_speed`` is length by
    hours where that lies within the bounds of GMNS; ``capacity``, ``lanes`` and ``toll`` stay empty, for they count cars.
    """
    sheets = sheets_of(case)
    nodes = [{g: row[ours] for g, ours in _NODE.items()} | {f"freight_{c}": row[c] for c in _profile("places", _NODE)} for row in sheets.tables["places"]]
    links = []
    for row, link in zip(sheets.tables["links"], case.tables["links"], strict=True):
        km, hours = link.length_km, link.hours  # type: ignore[attr-defined]
        speed = km / hours if hours > 0 else 0.0
        links.append({
            **{g: row[ours] for g, ours in _LINK.items()}, "directed": "false" if row["direction"] == "both" else "true", "dir_flag": "0",
            "free_speed": f"{speed:.6g}" if 0 < speed <= _MOST_SPEED else "", "allowed_uses": row["carries"].replace(";", ","),
            **{f"freight_{c}": row[c] for c in _profile("links", _LINK, ("direction", "carries"))}})  # fmt: skip
    uses = [{"use": row["commodity"], "persons_per_vehicle": "0", "pce": "0", "description": row["name"]} for row in sheets.tables["commodities"]]
    config = {"dataset_name": case.title, "short_length": "m", "long_length": "km", "speed": "kph", "crs": "EPSG:4326", "geometry_field_format": "WKT",
              "currency": "USD", "version_number": GMNS_VERSION, "id_type": "string"}  # fmt: skip
    node_header = [*_NODE, *(f"freight_{c}" for c in _profile("places", _NODE))]
    link_header = [*_LINK, *_LINK_OTHER, *(f"freight_{c}" for c in _profile("links", _LINK, ("direction", "carries")))]
    files = {"config.csv": table_csv(_CONFIG, [config]), "node.csv": table_csv(node_header, nodes), "link.csv": table_csv(link_header, links),
             "use_definition.csv": table_csv(("use", "persons_per_vehicle", "pce", "description"), uses),
             f"{_REST}/case.toml": toml(sheets.settings).encode("utf-8")}  # fmt: skip
    for table, rows in sheets.tables.items():
        if rows and table not in ("places", "links"):
            files[f"{_REST}/{table}.csv"] = table_csv(_columns(table), rows)
    return files | {f"{_REST}/scenarios/{name}.toml": text.encode("utf-8") for name, text in sheets.scenarios.items()}


def is_gmns(folder: Path) -> bool:
    """Whether a folder holds node.csv and link.csv."""
    return (folder / "node.csv").is_file() and (folder / "link.csv").is_file()


def written_by_us(folder: Path) -> bool:
    """Whether the folder holds what keruen put beside the nodes and links."""
    return (folder / _REST / "case.toml").is_file()


def _read(folder: Path, name: str) -> list[Cells]:
    try:
        return rows_of_csv(name, (folder / name).read_bytes())
    except OSError as error:
        raise UsageError(f"{folder / name}: found no file that can be read ({error.strerror or error}); expected a table of GMNS") from None


def read_gmns_case(folder: Path) -> Sheets:
    """The sheets of a case that keruen wrote as GMNS, perhaps edited since. Raises UsageError; cells are checked with the case."""
    rest = folder / _REST
    try:
        settings = tomllib.loads((rest / "case.toml").read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{_REST}/case.toml: found {quote(error, 200, '')}; expected the settings of a case") from None
    lacking = [key for key in SETTINGS if key not in settings]
    if lacking:
        raise UsageError(f"{_REST}/case.toml: found no {', '.join(lacking)}; expected {', '.join(SETTINGS)}")
    tables = {t: _read(rest, f"{t}.csv") for t in TABLES if (rest / f"{t}.csv").is_file()}
    for table, rows in tables.items():
        _known(f"{_REST}/{table}.csv", rows, _columns(table))
    nodes, rows = _read(folder, "node.csv"), _read(folder, "link.csv")
    ours = _profile("places", _NODE), _profile("links", _LINK, ("direction", "carries"))
    unread = [*_known("node.csv", nodes, [f"freight_{c}" for c in ours[0]], _NODE, _NODE_MORE),
              *_known("link.csv", rows, [f"freight_{c}" for c in ours[1]], [*_LINK, *_LINK_OTHER], _LINK_MORE)]  # fmt: skip
    tables["places"] = [{c: row.get(g, "") for g, c in _NODE.items()} | _freight(row) for row in nodes]
    links = []
    for i, row in enumerate(rows, start=2):
        links.append({c: row.get(g, "") for g, c in _LINK.items()} | _freight(row) | {
            "direction": "one_way" if _directed(row, i) else "both",
            "carries": ";".join(u.strip() for u in row.get("allowed_uses", "").split(","))})  # fmt: skip
    tables["links"] = links
    scenarios = {p.stem: p.read_bytes().decode("utf-8-sig") for p in sorted((rest / "scenarios").glob("*.toml"))}
    notes = (f"not read, though filled in: {', '.join(unread)}",) if unread else ()
    return Sheets({key: settings[key] for key in SETTINGS}, tables, scenarios, notes)


def _known(name: str, rows: list[Cells], columns: Sequence[str], read: Iterable[str] = (), unread: Sequence[str] = ()) -> list[str]:
    """Refuse columns that are neither ours nor those of GMNS; give those of GMNS that are filled in and not read."""
    known = [*columns, *read, *unread]
    for column in rows[0] if rows else ():
        if column not in known:
            raise UsageError(f"{name}: found the column {quote(column)}; expected {', '.join(known)}. {did_you_mean(column, known) or 'Take it out.'}")
    return [f"{name} {column}" for column in (rows[0] if rows else ()) if column in unread and any(row[column] for row in rows)]


def _freight(row: Cells) -> Cells:
    return {name.removeprefix("freight_"): text for name, text in row.items() if name.startswith("freight_")}


def _directed(row: Cells, line: int) -> bool:
    """Whether a link runs one way; without a word on it, it does."""
    word = row.get("directed", "").lower()
    if word in ("true", "1", "t", "yes", "y", ""):
        return True
    if word in ("false", "0", "f", "no", "n"):
        return False
    raise UsageError(f"link.csv, row {line}, column directed: found {quote(word)}; expected true or false")


# --- networks of others ----------------------------------------------------------------------------------

_SPEEDS = {"mph": "mile", "mi/h": "mile", "mile/h": "mile", "miles/h": "mile", "miles per hour": "mile", "kph": "km", "kmh": "km", "km/h": "km", "kmph": "km",
           "km per hour": "km", "m/h": "m", "ft/h": "ft"}  # fmt: skip
_TIME, _ALPHA, _BETA = ("vdf_fftt", "vdf_fftt1", "fftt"), ("vdf_alpha", "vdf_alpha1"), ("vdf_beta", "vdf_beta1")


def read_gmns_roads(
    folder: Path, trips: Path | None = None, *, toll_weight: float = 0.0, distance_weight: float = 0.0, length_unit: str = "", year: int = 2023,
) -> Roads:  # fmt: skip
    """A network of GMNS as roads; ``demand.csv`` in the folder, or ``trips``, has o_zone_id, d_zone_id and volume.

    Minutes are length by free_speed, or ``vdf_fftt`` where a link has that. ``vdf_alpha`` and ``vdf_beta`` make a BPR delay on capacity times
    lanes; without them that is a hard limit. A zone of several nodes becomes a place joined to each of them at no cost.
    Raises UsageError with file, row and column.
    """
    for weight, option in ((toll_weight, "--toll-weight"), (distance_weight, "--distance-weight")):
        if not np.isfinite(weight) or weight < 0:
            raise UsageError(f"{option}: found {weight:g}; expected a number of minutes, 0 or more")
    nodes, rows = _lower(_read(folder, "node.csv")), _lower(_read(folder, "link.csv"))
    config = (_lower(_read(folder, "config.csv")) or [{}])[0] if (folder / "config.csv").is_file() else {}
    unit, speed_unit = _units(config, length_unit)
    _need("node.csv", nodes, ("node_id",))
    _need("link.csv", rows, ("link_id", "from_node_id", "to_node_id"))
    names = [row["node_id"] for row in nodes]
    number = {name: i for i, name in enumerate(names)}
    if len(number) < len(names):
        twice = next(name for i, name in enumerate(names) if number[name] != i)
        raise UsageError(f"node.csv, column node_id: found {quote(twice)} more than once; expected each node once")
    at = _spots(nodes)
    arcs: list[tuple[str, int, int, bool, float, float, float, float, float, float, float, str]] = []
    for line, row in enumerate(rows, start=2):
        a, b = (_end(number, line, row, column) for column in ("from_node_id", "to_node_id"))
        length = _number(row, line, ("length",)) or 0.0
        minutes = _minutes(row, line, length * KM[unit], speed_unit)
        money = toll_weight * (_number(row, line, ("toll",), low=None) or 0.0) + distance_weight * length
        capacity, lanes = _number(row, line, ("capacity",)), _number(row, line, ("lanes",))
        full = np.nan if capacity is None else capacity * (1.0 if lanes is None else lanes)
        alpha, beta = _number(row, line, _ALPHA), _number(row, line, _BETA)
        delay = (alpha or 0.0) * minutes if beta else 0.0
        if delay > 0 and not full > 0:
            raise UsageError(f"link.csv, row {line}, column capacity: found {quote(row.get('capacity', ''))} beside a delay; expected a number above 0")
        curve = alpha is not None and beta is not None
        flat = (alpha or 0.0) * minutes if beta == 0 else 0.0  # then the waiting is there without load, too
        said = "; ".join(f"{c} {row[c]}" for c in ("name", "facility_type", "free_speed", "lanes", "toll", "allowed_uses") if row.get(c) not in (None, "", "0"))
        arcs.append((row["link_id"], a, b, not _directed(row, line), minutes + flat, money, length * KM[unit], delay, beta or 0.0,
                     full if curve else 0.0, np.nan if curve else full, said))  # fmt: skip
    notes = [f"{folder.name}: {len(nodes):,} nodes, {len(rows):,} links; lengths in {unit}, speeds in {speed_unit}/h"]
    read = {"node_id", "x_coord", "y_coord", "zone_id", "link_id", "from_node_id", "to_node_id", "directed", "length", "capacity", "lanes", "free_speed",
            "toll", "name", "facility_type", "allowed_uses", *_TIME, *_ALPHA, *_BETA}  # fmt: skip
    both = ("node.csv", nodes), ("link.csv", rows)
    unread = [f"{name} {c}" for name, table in both for c in table[0] if c not in read and any(row[c] not in ("", "0") for row in table)]
    if unread:
        notes.append(f"not read, though filled in: {', '.join(unread)}")
    if any(not np.isnan(a[10]) for a in arcs):
        notes.append("capacity is in cars an hour, times lanes, and a hard limit: trips must be those of an hour")
    demand = trips or (folder / "demand.csv" if (folder / "demand.csv").is_file() else None)
    closed = [False] * len(nodes)
    ids, called = _ids(names, "n"), [row.get("name") or row["node_id"] for row in nodes]
    origin, goal, volume, zones = _demand(demand, nodes)
    if demand is None:
        notes.append("no demand.csv: the case has no trips yet")
    for zone, members in zones.items():
        if len(members) > 1:  # a place of its own, joined to its nodes
            for k, i in enumerate(members, start=1):
                arcs.append((f"zone {zone} {k}", len(called), i, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, "joins a zone to a node"))
                arcs.append((f"zone {zone} {k} back", i, len(called), False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, "joins a zone to a node"))
            if at is not None:
                at = np.vstack([at, at[members].mean(axis=0)])
            zones[zone] = [len(called)]
            called.append(f"zone {zone}")
            ids.append("")
            closed.append(True)
    ids = _ids([i or name for name, i in zip(called, ids, strict=True)], "n") if "" in ids else ids
    title = config.get("dataset_name") or folder.resolve().name
    source = {"source": "network", "publisher": "not known", "title": f"{title}: node.csv and link.csv (GMNS)", "kind": "sourced", "note": "Say who made it."}
    also = [{"source": "trips", "publisher": "not known", "title": demand.name, "kind": "sourced", "note": "Say who made it."}] if demand else []

    def column(i: int, kind: type = float) -> Floats:
        return np.array([a[i] for a in arcs], kind)

    return Roads(
        title, tuple(ids), tuple(called), at, np.array(closed, bool), tuple(_ids([a[0] for a in arcs], "l")), column(1, int), column(2, int),  # type: ignore[arg-type]
        column(3, bool), column(4), column(5), column(6), column(7), column(8), column(9), column(10), tuple(a[11] for a in arcs),  # type: ignore[arg-type]
        np.array([zones[o][0] for o in origin], np.int64), np.array([zones[g][0] for g in goal], np.int64), np.array(volume, float),
        (source, *also), year=year, notes=tuple(notes),
    )  # fmt: skip


def _lower(rows: list[Cells]) -> list[Cells]:
    return [{name.lower(): "" if text == "NaN" else text for name, text in row.items()} for row in rows]


def _need(name: str, rows: list[Cells], columns: tuple[str, ...]) -> None:
    if not rows:
        raise UsageError(f"{name}: found no row below the header; expected at least one")
    for column in columns:
        if column not in rows[0]:
            raise UsageError(f"{name}: found no column {column}; expected {', '.join(columns)}. {did_you_mean(column, rows[0])}".strip())
        line = next((i for i, row in enumerate(rows, start=2) if not row.get(column)), None)
        if line:
            raise UsageError(f"{name}, row {line}, column {column}: found an empty cell; expected a name")


def _units(config: Cells, length_unit: str) -> tuple[str, str]:
    """Units of length and of length in speeds."""
    word = length_unit or config.get("long_length", "")
    unit = known_length(word)
    if not unit:
        found = f"config.csv, column long_length: found {quote(word)}" if word else "config.csv: found no unit of length"
        where = f"--length-unit: found {quote(length_unit)}" if length_unit else found
        raise UsageError(f"{where}; expected {', '.join(KM)}. Give it by --length-unit. {did_you_mean(word, KM) if word else ''}".strip())
    speed = config.get("speed", "").lower()
    if speed and speed not in _SPEEDS:
        raise UsageError(f"config.csv, column speed: found {quote(speed)}; expected {', '.join(_SPEEDS)}. {did_you_mean(speed, _SPEEDS)}".strip())
    return unit, _SPEEDS[speed] if speed else unit


def _number(row: Cells, line: int, columns: tuple[str, ...], low: float | None = 0.0) -> float | None:
    """The number of the first of these columns that has one."""
    for column in columns:
        text = row.get(column, "")
        if text:
            try:
                value = float(text)
            except ValueError:
                value = np.nan
            if not np.isfinite(value) or (low is not None and value < low):
                raise UsageError(f"link.csv, row {line}, column {column}: found {quote(text)}; expected a number{'' if low is None else f', {low:g} or more'}")
            return value
    return None


def _minutes(row: Cells, line: int, km: float, speed_unit: str) -> float:
    """Time without load."""
    given = _number(row, line, _TIME)
    if given is not None:
        return given
    speed = _number(row, line, ("free_speed",))
    if km == 0:
        return 0.0
    if not speed:
        raise UsageError(f"link.csv, row {line}, column free_speed: found {quote(row.get('free_speed', ''))}; expected a speed above 0, or minutes in vdf_fftt")
    return km / (speed * KM[speed_unit]) * 60


def _end(number: Mapping[str, int], line: int, row: Cells, column: str) -> int:
    name = row[column]
    if name not in number:
        raise UsageError(f"link.csv, row {line}, column {column}: found {quote(name)}; expected a node_id of node.csv. {did_you_mean(name, number)}".strip())
    return number[name]


def _spots(nodes: list[Cells]) -> Floats | None:
    """(n, 2) coordinates, or None where no node has any."""
    if not any(row.get("x_coord") or row.get("y_coord") for row in nodes):
        return None
    at = np.zeros((len(nodes), 2))
    for i, row in enumerate(nodes):
        for j, column in enumerate(("x_coord", "y_coord")):
            try:
                at[i, j] = float(row.get(column, ""))
            except ValueError:
                at[i, j] = np.nan
            if not np.isfinite(at[i, j]):
                raise UsageError(f"node.csv, row {i + 2}, column {column}: found {quote(row.get(column, ''))}; expected a number, as other nodes have one")
    return at


def _ids(names: list[str], letter: str) -> list[str]:
    """An id for each name: numbers padded with zeros, words as they are written in ids, and each only once."""
    wide = max((len(n) for n in names if n.isascii() and n.isdigit()), default=0)
    used: set[str] = set()
    found = []
    for i, name in enumerate(names, start=1):
        stem = f"{letter}{name:0>{wide}}" if name.isascii() and name.isdigit() else slug(name) or f"{letter}{i}"
        unique, k = stem, 1
        while unique in used:
            k += 1
            unique = f"{stem}-{k}"
        used.add(unique)
        found.append(unique)
    return found


def _demand(file: Path | None, nodes: list[Cells]) -> tuple[list[str], list[str], list[float], dict[str, list[int]]]:
    """Zones of origin and destination, volumes, and the nodes of each zone that has trips."""
    if file is None:
        return [], [], [], {}
    try:
        rows = _lower(rows_of_csv(file.name, file.read_bytes()))
    except OSError as error:
        raise UsageError(f"{file}: found no file that can be read ({error.strerror or error}); expected a table of o_zone_id, d_zone_id and volume") from None
    if rows:
        _need(file.name, rows, ("o_zone_id", "d_zone_id", "volume"))
    of_zone: dict[str, list[int]] = {}
    for i, row in enumerate(nodes):
        if row.get("zone_id"):
            of_zone.setdefault(row["zone_id"], []).append(i)
    origin, goal, volume = [], [], []
    asked: dict[str, list[int]] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("o_zone_id", "d_zone_id"):
            if row[column] not in of_zone:
                raise UsageError(f"{file.name}, row {line}, column {column}: found {quote(row[column])}; expected a zone_id of some node. "
                                 f"{did_you_mean(row[column], of_zone)}".strip())  # fmt: skip
            asked.setdefault(row[column], of_zone[row[column]])
        try:
            much = float(row["volume"])
        except ValueError:
            much = np.nan
        if not np.isfinite(much) or much < 0:
            raise UsageError(f"{file.name}, row {line}, column volume: found {quote(row['volume'])}; expected a number, 0 or more")
        origin.append(row["o_zone_id"])
        goal.append(row["d_zone_id"])
        volume.append(much)
    return origin, goal, volume, {z: asked[z] for z in sorted(asked)}
