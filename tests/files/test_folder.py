"""Reading a folder: what cells may say, what is forgiven because nothing is lost, and Parquet the same as CSV."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faults import all_of, append, data, put, text_line, whole
from keruen.check import check_case, load_case
from keruen.errors import Finding
from keruen.files.cells import read_cells, slug, table_columns
from keruen.files.folder import find_case, read_folder, shipped_cases
from keruen.files.table import read_table
from keruen.tables import TABLES
from small import small_tables, write_small


def _said(table: str, column: str, text: str) -> list[Finding]:
    """What reading says of one cell."""
    out: list[Finding] = []
    read_cells(table, {column: text}, "x.csv", 2, out, {})
    return out


def _case(path: Path, *faults: Any) -> Any:
    folder = write_small(path / "small")
    all_of(*faults)(folder)
    case, findings = check_case(folder)
    assert case is not None, [str(f) for f in findings]
    assert findings == []
    return case


def _findings(path: Path, *faults: Any) -> list[Finding]:
    folder = write_small(path / "small")
    all_of(*faults)(folder)
    return check_case(folder)[1]


# --- quantities ---------------------------------------------------------------------------------------

GOOD = (
    ("links", 5, "capacity", {"capacity": "500 kt/year", "capacity_unit": "Mt/year"}, 0.5),
    ("links", 5, "capacity", {"capacity": "1 Mb/d", "capacity_unit": "Mt/year"}, 365 / 7.5),
    ("links", 5, "capacity", {"capacity": " 7 ", "capacity_unit": "Mt/year"}, 7.0),
    ("links", 5, "capacity", {"capacity": "+7.", "capacity_unit": "Mt/year"}, 7.0),
    ("links", 5, "capacity", {"capacity": "7e0", "capacity_unit": "Mt/year"}, 7.0),
    ("links", 5, "length_km", {"length_km": "300 mile"}, 482.8032),
    ("links", 5, "hours", {"hours": "2 day"}, 48.0),
    ("links", 5, "cost_usd_per_t", {"cost_usd_per_t": "0.5 USD/kg"}, 500.0),
    ("links", 5, "cost_usd_per_t", {"cost_usd_per_t": "12 $/t"}, 12.0),
    ("links", 5, "opened", {"opened": "2001.0"}, 2001),
    ("supplies", 2, "quantity", {"quantity": "9 million t"}, 9.0),
    ("supplies", 2, "quantity", {"quantity": "9000 kt"}, 9.0),
    ("consignments", 2, "quantity", {"quantity": "50000 TEU"}, 50.0),
    ("plants", 2, "capacity", {"capacity": "2000 kt"}, 2.0),
    ("fleets", 2, "speed_kn", {"speed_kn": "18.52 km/h"}, 10.0),
    ("projects", 2, "capex_musd", {"capex_musd": "0.3 bn USD"}, 300.0),
    ("places", 4, "lon", {"lon": "52°"}, 52.0),
    ("commodities", 3, "per_train", {"per_train": "2 kt"}, 2000.0),
)


@pytest.mark.parametrize(("table", "row", "column", "cells", "value"), GOOD, ids=lambda v: str(v) if isinstance(v, dict) else None)
def test_units_are_turned_into_the_columns(table: str, row: int, column: str, cells: dict[str, str], value: float, tmp_path: Path) -> None:
    read = next(r for r in _case(tmp_path, put(table, row, **cells)).tables[table] if r.line == row)
    assert getattr(read, column) == pytest.approx(value, rel=1e-9)


BAD = (
    ("links", "capacity", "５ hundred", "wrong-unit", ""), ("links", "hours", "12 EUR", "wrong-unit", "'EUR' is money"),
    ("links", "cost_usd_per_t", "12 KZT", "wrong-currency", "convert it"), ("links", "cost_usd_per_t", "12 ₽/t", "wrong-currency", "convert it"),
    ("links", "cost_usd_per_t", "12 mln tenge", "wrong-unit", ""), ("links", "length_km", "9" * 400, "wrong-number", "plain number"),
    ("links", "length_km", "5 t/0", "wrong-unit", "not known"), ("links", "length_km", "5 km**", "wrong-unit", "not known"),
    ("links", "length_km", "5 " + "k" * 50, "wrong-unit", "not known"), ("links", "length_km", "5 KM", "wrong-unit", "Did you mean 'km'?"),
    ("links", "length_km", "12,34", "decimal-comma", "12.34"), ("links", "length_km", "0,766", "decimal-comma", "0.766"),
    ("links", "length_km", "1,234,567.5 km", "thousands", "1234567.5 km"), ("links", "length_km", "1.234.567", "thousands", "1234567"),
    ("links", "length_km", "1.234,5", "thousands", "1234.5"), ("links", "length_km", "-1,200", "thousands", "-1200, or -1.200"),
    ("links", "length_km", "ca. 5", "wrong-number", "confidence"), ("links", "length_km", "5 to 7", "wrong-number", "confidence"),
    ("links", "length_km", "5+", "wrong-number", "confidence"), ("links", "length_km", "5–7 km", "wrong-number", "confidence"),
    ("links", "length_km", "-", "wrong-number", "estimate"), ("links", "wait_hours", "?", "wrong-number", "Leave the cell empty: that means 0."),
    ("links", "length_km", "5 x 7", "wrong-unit", ""), ("links", "length_km", " " * 50_000 + "5 " + " " * 15_000 + "x", "wrong-number", ""),
    ("places", "lon", "E 52", "wrong-number", ""), ("places", "lon", "52 E", "wrong-number", "south and west are negative"),
    ("places", "lat", "5123456", "out-of-bounds", "decimal degrees"), ("projects", "ready_year", "2023 year", "wrong-unit", "without 'year'"),
    ("projects", "ready_year", "2,028", "thousands", "2028"), ("projects", "ready_year", "in 2028", "wrong-number", "2028"),
    ("plants", "availability", "90 %", "wrong-unit", "0.9"), ("rules", "valid_from", "20230517", "wrong-date", "2023-05-17"),
    ("rules", "valid_from", "2023/5/7", "wrong-date", "2023-05-07"), ("rules", "valid_from", "31.12.2023", "wrong-date", "2023-12-31."),
    ("rules", "valid_from", "May 2023", "wrong-date", "year-month-day"), ("rules", "valid_from", "32.13.2023", "wrong-date", "year-month-day"),
    ("memberships", "since", "2023-5", "wrong-date", "Write year-month-day"), ("memberships", "since", "0001", "wrong-date", "Correct the year"),
    ("links", "capacity_shared", "y", "wrong-choice", "Write yes."), ("links", "link", "Ключ", "wrong-id", "Latin letters"),
    ("links", "link", "A  b!", "wrong-id", "'a-b', here and"), ("plants", "outputs", "a 1;;b 2", "wrong-map", "parts nothing"),
    ("plants", "outputs", "fuel-oil0.1", "wrong-map", "'fuel-oil 0.1'"), ("plants", "outputs", "a b c", "wrong-map", "a name, a space"),
    ("plants", "outputs", "a" * 5000, "wrong-map", "a name, a space"), ("plants", "outputs", "a -1", "out-of-bounds", "or its sign"),
    ("links", "carries", "a;b; a", "twice-in-list", "'a' stands twice"), ("links", "carries", " ; ", "empty-cell", "Fill it in"),
    ("places", "name", "#N/A", "sheet-error", "formula"), ("places", "name", "a\x00b", "hidden-character", "U+0000"),
    ("places", "name", "a\u200bb", "hidden-character", "zero width space"), ("links", "mode", "r\u00a0ail", "hidden-character", "no-break"),
)  # fmt: skip


@pytest.mark.parametrize(("table", "column", "text", "code", "remedy"), BAD, ids=lambda v: ascii(v)[:30])
def test_cells_that_will_not_do(table: str, column: str, text: str, code: str, remedy: str) -> None:
    found = _said(table, column, text.strip())
    assert [f.code for f in found] == [code]
    assert remedy in found[0].remedy
    assert len(found[0].found) < 400
    assert str(found[0]).isprintable()


def test_cells_that_will_do() -> None:
    for table, column, value in (
        ("links", "capacity_shared", "yes"), ("links", "capacity", "3"),
        ("links", "capacity", ""), ("links", "carries", "a;b"), ("rules", "valid_from", "2023-05-17"),
        ("memberships", "since", "2023-05"), ("places", "name", "Каспий — море, “Озеро”\u00a0№ 1"), ("places", "name", "می\u200cخواهم"),
        ("links", "note", "two\nlines\tand a tab"), ("links", "carries", "a;\nb"), ("fleets", "downtime", "1"), ("places", "note", "= no formula"),
    ):  # fmt: skip
        assert _said(table, column, value) == []


def test_slugs() -> None:
    assert [slug(t) for t in ("The Hub", "a--b", "Ключ", "x_1", " é ")] == ["the-hub", "a-b", "", "x-1", ""]


# --- what is forgiven ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        data("links.csv", lambda b: b"\xef\xbb\xbf" + b),
        data("case.toml", lambda b: b"\xef\xbb\xbf" + b),
        whole("links.csv", lambda t: t.replace("\r\n", "\n")),
        whole("links.csv", lambda t: t.replace("\r\n", "\r")),
        whole("links.csv", lambda t: t.rstrip("\r\n")),
        whole("links.csv", lambda t: t.replace("\r\n", "\r\n\r\n , \r\n") + "\r\n" * 9),
        whole("links.csv", lambda t: t.replace("\r\n", ",,\r\n")),
        whole("links.csv", lambda t: t.replace(",", " , ")),
        whole("links.csv", lambda t: "\r\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in t.rstrip("\r\n").split("\r\n"))),
        whole("places.csv", lambda t: "\r\n".join(",".join(reversed(line.split(","))) for line in t.split("\r\n"))),
        data(".~lock.links.csv#", b"x"), data("~$links.xlsx", b"x"), data(".DS_Store", b"x"), data("README.md", b"x"), data("datapackage.json", b"{}"),
        data("scenarios/README.md", b"x"), data("scenarios/.gitkeep", b""), data("scenarios/empty.toml", b""), data("sub/links.csv", b"x"),
    ],
)  # fmt: skip
def test_what_loses_nothing_is_forgiven(spoil: Any, tmp_path: Path) -> None:
    plain = load_case(write_small(tmp_path / "plain"))
    assert dict(_case(tmp_path, spoil).tables) == dict(plain.tables)


def test_rows_are_those_of_a_spreadsheet(tmp_path: Path) -> None:
    """A line break in a quoted cell makes no row; an empty line does."""
    found = _findings(
        tmp_path, put("links", 2, note="one\r\ntwo\nthree"), put("links", 5, length_km=-1), append("links", 5, link="x", length_km=-1),
        whole("links.csv", text_line(7, lambda line: line + "\r\n")),
    )  # fmt: skip
    assert [(f.code, f.row) for f in found] == [("out-of-bounds", 5), ("out-of-bounds", 13)]


def test_a_byte_of_another_code_page_is_found_in_its_cell(tmp_path: Path) -> None:
    found = _findings(tmp_path, put("places", 3, note="one\ntwo"), put("places", 5, note="@"), data("places.csv", lambda b: b.replace(b"@", b"\xcf\xee")))
    assert [(f.code, f.row, f.column, f.found) for f in found] == [("wrong-encoding", 5, "note", "byte 0xcf")]


def test_rows_of_a_spoilt_table_are_still_read(tmp_path: Path) -> None:
    """A header with a slip, and a bad cell: both are told, and what is good of the row still counts."""
    out: list[Finding] = []
    path = write_small(tmp_path / "small")
    all_of(put("places", 4, lon="east", country="aa"), whole("places.csv", lambda t: t.replace("aliases", "alias", 1)))(path)
    read = read_table(path / "places.csv", "places", out)
    assert [(f.row, f.column) for f in out] == [(1, "alias"), (4, "lon")]
    assert len(read.rows) == 9
    assert read.bad == {4: {"lon"}}
    assert {"hub", "east"} <= read.names
    assert (read.whole, read.unread) == (True, False)
    assert read.rows[2].country == "aa"  # type: ignore[attr-defined]


def test_cases_are_found_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small(tmp_path / "kazakhstan-2")
    assert find_case(path) == path
    assert find_case("kazakhstan") == shipped_cases()["kazakhstan"]
    monkeypatch.chdir(path)
    assert read_folder(find_case(".")).name == "kazakhstan-2"


def test_every_table_has_columns() -> None:
    assert all(len(table_columns(t)) > 4 for t in TABLES)


# --- Parquet ------------------------------------------------------------------------------------------


def _to_parquet(path: Path, table: str, **columns: Any) -> None:
    """A table as a typed Parquet file instead of CSV; some columns of other kinds."""
    with (path / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (path / f"{table}.csv").unlink()
    kinds = {c.name: c.kind for c in table_columns(table)}

    def typed(name: str, text: str) -> Any:
        if text == "":
            return None
        if kinds[name] == "integer":
            return int(text)
        if kinds[name] == "yes_no":
            return text == "yes"
        try:
            return float(text) if kinds[name] == "number" else text
        except ValueError:
            return text

    arrays = {name: pa.array([typed(name, r[name]) for r in rows]) for name in rows[0]}
    pq.write_table(pa.table(arrays | columns), path / f"{table}.parquet")


def test_parquet_reads_the_same_as_csv(tmp_path: Path) -> None:
    plain = load_case(write_small(tmp_path / "plain"))
    path = write_small(tmp_path / "parquet")
    for table in small_tables():
        _to_parquet(path, table)
    assert not list(path.glob("*.csv"))
    case = load_case(path)
    assert dict(case.tables) == dict(plain.tables)
    assert [r.line for r in case.tables["links"]] == list(range(2, 12))


def test_parquet_types_read_as_cells(tmp_path: Path) -> None:
    plain = load_case(write_small(tmp_path / "plain"))
    path = write_small(tmp_path / "small")
    links = [r.carries for r in plain.links.values()]
    _to_parquet(path, "plants", outputs=pa.array([{"products": 0.8}]), capacity=pa.array([Decimal("2.0")]))
    _to_parquet(path, "projects", adds=pa.array([[("pipe-planned", 5.0)], [("port-berths", 1.0)]], pa.map_(pa.string(), pa.float64())))
    _to_parquet(path, "rules", valid_from=pa.array([datetime.datetime(2023, 5, 1)]), valid_to=pa.array([datetime.date(2023, 12, 31)]))
    _to_parquet(
        path,
        "links",
        carries=pa.array([list(r.carries) for r in plain.tables["links"]]),
        mode=pa.array([r.mode for r in plain.tables["links"]]).dictionary_encode(),
    )  # type: ignore[attr-defined]
    _to_parquet(path, "places", name=pa.array([b"x"] * 9))
    case = load_case(path)
    assert [r.carries for r in case.links.values()] == links
    assert case.plants["refinery"].outputs == {"products": 0.8}
    assert case.projects["new-pipe"].adds == {"pipe-planned": 5.0}
    assert case.rules["pipe-quota"].valid_from == datetime.date(2023, 5, 1)
    assert case.rules["pipe-quota"].valid_to == datetime.date(2023, 12, 31)
    assert case.places["hub"].name == "x"


def test_faults_in_parquet_are_told_as_in_csv(tmp_path: Path) -> None:
    faults = (put("links", 4, capacity=-8, to="termnal"), put("links", 9, length_km="nan"), append("links", 2))
    in_csv = _findings(tmp_path / "csv", *faults)
    in_parquet = _findings(
        tmp_path / "parquet", *faults, lambda path: _to_parquet(path, "links", length_km=pa.array([200.0] * 7 + [float("nan")] + [9000.0] * 3))
    )
    plain = [(f.code, f.row, f.column, f.remedy) for f in in_csv]
    assert [(f.code, f.row, f.column, f.remedy) for f in in_parquet if not f.warning] == plain
    assert len(plain) == 4
    assert {f.file for f in in_parquet if not f.warning} == {"links.parquet"}


def test_a_column_that_pandas_adds_is_told(tmp_path: Path) -> None:
    found = _findings(tmp_path, lambda path: _to_parquet(path, "links", __index_level_0__=pa.array(range(10))))
    assert [(f.code, f.file, f.row, f.column) for f in found] == [("unknown-column", "links.parquet", 1, "__index_level_0__")]


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small(tmp_path / "small")
    _to_parquet(path, "rules")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert [(f.code, f.file, f.remedy) for f in check_case(path)[1]] == [("no-parquet", "rules.parquet", 'Run: pip install "keruen[parquet]".')]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 20 + b"PAR1", b"a,b\n1,2\n"])
def test_broken_parquet_is_told(content: bytes, tmp_path: Path) -> None:
    path = write_small(tmp_path / "small")
    (path / "rules.csv").unlink()
    (path / "rules.parquet").write_bytes(content)
    assert [(f.code, f.file) for f in check_case(path)[1]] == [("broken-parquet", "rules.parquet")]
