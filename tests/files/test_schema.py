"""The files derived from the schema are in step with it, and they describe what the reader reads."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from keruen.check import check_case, load_case
from keruen.columns import columns_of
from keruen.files.folder import shipped_cases
from keruen.files.schema import case_format_markdown, data_package, row_as_json, table_json_schema
from keruen.tables import TABLES
from small import small_tables, write_tables

ROOT = Path(__file__).resolve().parents[2]
KAZAKHSTAN = shipped_cases()["kazakhstan"]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tools" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    return dict(json.loads((KAZAKHSTAN / "datapackage.json").read_text(encoding="utf-8")))


def test_written_files_are_in_step(generate: ModuleType) -> None:
    assert generate.stale() == [], "run: python tools/generate.py"
    assert generate.main(["--check"]) == 0


def test_check_fails_on_a_changed_file(generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "CASE", KAZAKHSTAN)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "case_format_intro.md").write_text("# Title\n")
    assert generate.main(["--check"]) == 1
    assert "docs/case-format.md" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_package_covers_every_table_of_the_shipped_case(package: dict[str, Any]) -> None:
    assert {r["path"] for r in package["resources"]} == {p.name for p in KAZAKHSTAN.glob("*.csv")}
    for resource in package["resources"]:
        with (KAZAKHSTAN / resource["path"]).open(encoding="utf-8") as file:
            assert sorted(f["name"] for f in resource["schema"]["fields"]) == sorted(file.readline().strip().split(","))


def test_package_keys_refer_to_what_is_there(package: dict[str, Any]) -> None:
    fields = {r["name"]: {f["name"] for f in r["schema"]["fields"]} for r in package["resources"]}
    for resource in package["resources"]:
        assert set(resource["schema"]["primaryKey"]) <= fields[resource["name"]]
        for key in resource["schema"].get("foreignKeys", ()):
            assert set(key["fields"]) <= fields[resource["name"]]
            assert set(key["reference"]["fields"]) <= fields[key["reference"]["resource"]]
    links = next(r for r in package["resources"] if r["name"] == "links")["schema"]
    assert {tuple(k["fields"]) for k in links["foreignKeys"]} == {("from",), ("to",), ("source",)}


def test_package_of_some_tables_refers_to_no_other() -> None:
    resources = data_package("toy", "A toy", ["places", "links"])["resources"]
    assert [r["name"] for r in resources] == ["places", "links"]
    assert {k["reference"]["resource"] for r in resources for k in r["schema"].get("foreignKeys", ())} == {"places"}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_meaning(table: str) -> None:
    assert (TABLES[table].__doc__ or "").strip()
    for spec in columns_of(TABLES[table]):
        assert spec.meaning.strip(), spec.name
        assert spec.blank is None or spec.blank.strip(), spec.name


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_the_shipped_case_fit_the_json_schema(table: str) -> None:
    schema = table_json_schema(table)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for row in load_case(KAZAKHSTAN).tables[table]:
        plain = json.loads(json.dumps(row_as_json(row), allow_nan=False))
        assert not list(validator.iter_errors(plain)), plain


@pytest.mark.parametrize(
    ("change", "good"),
    [({}, True), ({"lon": 181}, False), ({"kind": "moon"}, False), ({"place": "Hub"}, False), ({"place": "-hub"}, False), ({"place": "h"}, True),
     ({"name": None}, False), ({"note": None}, True), ({"aliases": []}, True), ({"spare": 1}, False)],
)  # fmt: skip
def test_json_schema_refuses_what_the_reader_refuses(change: dict[str, Any], good: bool) -> None:
    row = {"place": "hub", "name": "Hub", "country": "AA", "lon": 50, "lat": 40, "kind": "city", "aliases": ["H"], "source": "book", "confidence": "high"}
    assert jsonschema.Draft202012Validator(table_json_schema("places")).is_valid(row | change) is good


@pytest.mark.parametrize("word", ["a", "a-b", "a_b1", "1a", "A", "a-", "-a", "a b", "a.b", "é", "_a"])
def test_ids_are_those_the_reader_takes(word: str, tmp_path: Path) -> None:
    tables = small_tables()
    tables["sources"].append({"source": word, "publisher": "x", "title": "x", "kind": "sourced"})
    taken = check_case(write_tables(tmp_path / "case", tables))[0] is not None
    field = data_package("x", "x")["resources"][0]["schema"]["fields"][0]
    assert bool(re.fullmatch(field["constraints"]["pattern"], word)) is taken
    assert bool(re.search(table_json_schema("sources")["properties"]["source"]["pattern"], word)) is taken


@pytest.mark.parametrize("text", ["2015", "2015-01", "2015-01-01", "15", "2015-1", "2015/01/01", "in 2015"])
def test_dates_known_by_the_year_are_those_the_reader_takes(text: str, tmp_path: Path) -> None:
    tables = small_tables()
    tables["memberships"][0]["since"] = text
    taken = check_case(write_tables(tmp_path / "case", tables))[0] is not None
    assert bool(re.search(table_json_schema("memberships")["properties"]["since"]["pattern"], text)) is taken


@pytest.mark.parametrize(
    "text",
    ["products 0.8", "products 0.8; boxes 1e-2", "products 0.8;boxes .1", "products 1.", "products", "products 0.8;", "0.8 products", "products 0.8 Mt",
     "products 1.2.3"],
)  # fmt: skip
def test_maps_are_those_the_reader_takes(text: str, tmp_path: Path) -> None:
    tables = small_tables()
    tables["plants"][0]["outputs"] = text
    findings = [f for f in check_case(write_tables(tmp_path / "case", tables))[1] if f.file == "plants.csv" and f.column == "outputs"]
    plants = next(r for r in data_package("x", "x")["resources"] if r["name"] == "plants")
    pattern = next(f for f in plants["schema"]["fields"] if f["name"] == "outputs")["constraints"]["pattern"]
    assert bool(re.fullmatch(pattern, text)) is not bool(findings)


def test_days_are_told_from_dates_known_by_the_year() -> None:
    kinds = {(r["name"], f["name"]): f["type"] for r in data_package("x", "x")["resources"] for f in r["schema"]["fields"]}
    assert kinds["rules", "valid_from"] == "date"
    assert kinds["memberships", "since"] == "string"


def test_markdown_names_every_table_and_column() -> None:
    sections = re.split(r"^### ", case_format_markdown(), flags=re.M)
    by_table = {s.split("\n", 1)[0]: s for s in sections[1:]}
    assert list(by_table) == list(TABLES)
    for table, row_type in TABLES.items():
        for spec in columns_of(row_type):
            assert f"\n| `{spec.name}` |" in by_table[table]
            assert spec.meaning in by_table[table]
