"""keruen convert: round trips through CSV, Parquet, GeoJSON and GMNS are exact; wrong files and targets are refused in words."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keruen as kr
from keruen.cli import main
from keruen.columns import columns_of
from keruen.files.sheets import cell, number_text
from keruen.tables import TABLES
from random_cases import random_case
from small import write_small

DONE, FINDING, WRONG_USE = 0, 1, 2
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "convert.json"
FORMATS = ("csv", "parquet", "geojson", "gmns")


def same(a: kr.Case, b: kr.Case) -> None:
    """Every row, setting and scenario."""
    for table in TABLES:
        assert a.tables[table] == b.tables[table], table
    for setting in ("title", "home", "base_year", "first_year", "last_year", "money_year"):
        assert getattr(a, setting) == getattr(b, setting)
    assert {n: p.read_bytes() for n, p in a.scenario_files.items()} == {n: p.read_bytes() for n, p in b.scenario_files.items()}


def there_and_back(case: str | Path, kind: str, folder: Path) -> kr.Case:
    """A case through a format, back as CSV."""
    way = folder / f"way-{kind}{'.geojson' if kind == 'geojson' else ''}"
    assert main(["convert", str(case), str(way), "--to", kind]) == DONE
    if kind in ("csv", "parquet"):
        return kr.load(way)
    assert main(["convert", str(way), str(folder / f"back-{kind}")]) == DONE
    return kr.load(folder / f"back-{kind}")


# --- round trips -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_the_shipped_case_comes_back_the_same(tmp_path, kind):
    same(kr.load("kazakhstan"), there_and_back("kazakhstan", kind, tmp_path))


@settings(max_examples=12)
@given(st.randoms(use_true_random=False))
def test_random_cases_come_back_the_same(tmp_path_factory, rng):
    folder = tmp_path_factory.mktemp("round")
    case = random_case(rng, folder / "case")
    for kind in FORMATS:
        same(case, there_and_back(folder / "case", kind, folder))


def test_a_long_way_round_ends_where_it_began(tmp_path):
    case = kr.load(write_small(tmp_path / "small"))
    assert main(["convert", str(tmp_path / "small"), str(tmp_path / "g.geojson")]) == DONE
    assert main(["convert", str(tmp_path / "g.geojson"), str(tmp_path / "m"), "--to", "gmns"]) == DONE
    assert main(["convert", str(tmp_path / "m"), str(tmp_path / "p"), "--to", "parquet"]) == DONE
    back = kr.load(tmp_path / "p")
    same(case, back)
    assert back.solve().objective_musd == case.solve().objective_musd


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_exactly(value):
    assert float(number_text(value)) == value


def test_what_a_blank_cell_means_is_left_blank():
    specs = {c.name: c for c in columns_of(TABLES["links"])}
    assert cell(specs["hours"], 0.0) == ""
    assert cell(specs["length_km"], 0.0) == "0"
    assert cell(specs["capacity"], 0.0) == "0"
    assert cell(specs["capacity"], None) == ""
    assert cell(specs["capacity_shared"], False) == ""
    assert cell(specs["capacity_shared"], True) == "yes"


def test_same_bytes_every_time(tmp_path):
    for kind in (*FORMATS, "pypsa"):
        for name in ("a", "b"):
            assert main(["convert", "kazakhstan", str(tmp_path / kind / name / "x"), "--to", kind]) == DONE
        one, two = ({p.relative_to(tmp_path / kind / n): p.read_bytes() for p in (tmp_path / kind / n).rglob("*") if p.is_file()} for n in ("a", "b"))
        assert one == two


# --- GeoJSON -----------------------------------------------------------------------------------------


def geojson(tmp_path: Path) -> tuple[Path, dict]:
    write_small(tmp_path / "small")
    assert main(["convert", str(tmp_path / "small"), str(tmp_path / "g.geojson")]) == DONE
    return tmp_path / "g.geojson", json.loads((tmp_path / "g.geojson").read_text(encoding="utf-8"))


def test_geojson_is_what_map_programs_read(tmp_path):
    _, whole = geojson(tmp_path)
    places = {f["id"]: f for f in whole["features"] if f["properties"]["table"] == "places"}
    links = {f["id"]: f for f in whole["features"] if f["properties"]["table"] == "links"}
    assert places["port"]["geometry"] == {"type": "Point", "coordinates": [51, 44]}
    assert links["pipe-hub-port"]["geometry"] == {"type": "LineString", "coordinates": [[52, 47], [51, 44]]}
    assert links["pipe-hub-terminal"]["properties"]["capacity"] == 8
    assert links["pipe-hub-terminal"]["properties"]["countries"] == ["AA", "XX"]


def test_a_point_moved_on_the_map_is_moved(tmp_path):
    path, whole = geojson(tmp_path)
    next(f for f in whole["features"] if f["id"] == "north")["geometry"]["coordinates"] = [51.5, 48.5]
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert main(["convert", str(path), str(tmp_path / "back")]) == DONE
    north = kr.load(tmp_path / "back").places["north"]
    assert (north.lon, north.lat) == (51.5, 48.5)


def test_lines_over_the_date_line_are_cut(tmp_path):
    folder = write_small(tmp_path / "small")
    text = (folder / "places.csv").read_text(encoding="utf-8").replace("sea-market,sea-market,ZZ,40,44", "sea-market,sea-market,ZZ,-170,40")
    (folder / "places.csv").write_text(text.replace("terminal,terminal,XX,46,45", "terminal,terminal,XX,170,50"), encoding="utf-8")
    assert main(["convert", str(folder), str(tmp_path / "g.geojson")]) == DONE
    whole = json.loads((tmp_path / "g.geojson").read_text(encoding="utf-8"))
    shape = next(f for f in whole["features"] if f["id"] == "sea-terminal-market")["geometry"]
    assert shape == {"type": "MultiLineString", "coordinates": [[[170, 50], [180, 45]], [[-180, 45], [-170, 40]]]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("keruen"), ["no member 'keruen'", "copy it back"]),
        (lambda w: w["keruen"].pop("settings"), ["no member 'keruen'"]),
        (lambda w: w["keruen"]["settings"].pop("home"), ["keruen.settings", "found no home"]),
        (lambda w: w.update(type="Feature"), ["type 'Feature'", "FeatureCollection"]),
        (lambda w: w["features"][0]["properties"].pop("table"), ["feature 1", "no property table"]),
        (lambda w: w["features"][0]["properties"].update(table="plces"), ["feature 1", "'plces'"]),
        (lambda w: w["features"][0]["properties"].update(contry="AA"), ["feature 1", "'contry'", "Did you mean 'country'"]),
        (lambda w: w["features"][0].update(geometry=None), ["feature 1", "no geometry", "Point"]),
        (lambda w: w["features"][0]["geometry"].update(coordinates=["east", 3]), ["feature 1", "longitude, latitude"]),
        (lambda w: w["features"][0]["geometry"].update(coordinates=[float("nan"), 3]), ["feature 1", "longitude, latitude"]),
        (lambda w: w["keruen"]["tables"].update(linkz=[]), ["'linkz'", "Did you mean 'links'"]),
        (lambda w: w["keruen"]["tables"].update(rules=3), ["keruen.tables.rules"]),
        (lambda w: w["keruen"]["tables"].update(rules=[3]), ["keruen.tables.rules, row 1"]),
        (lambda w: w["keruen"].update(scenarios={"../x": "a"}), ["keruen.scenarios"]),
    ],
)
def test_wrong_geojson(tmp_path, run, change, words):
    path, whole = geojson(tmp_path)
    change(whole)
    path.write_text(json.dumps(whole), encoding="utf-8")
    code, _, err = run(path, tmp_path / "back")
    assert code == WRONG_USE
    assert all(w in err for w in ["g.geojson", *words]), err
    assert not (tmp_path / "back").exists()


def test_wrong_cells_are_problems_of_the_case_that_is_made(tmp_path, run):
    path, whole = geojson(tmp_path)
    next(f for f in whole["features"] if f["id"] == "pipe-hub-terminal")["properties"]["to"] = "terminl"
    path.write_text(json.dumps(whole), encoding="utf-8")
    code, out, err = run(path, tmp_path / "back")
    assert code == FINDING
    assert "problem [unknown-id] links.csv" in err
    assert "Did you mean 'terminal'" in err
    assert "GeoJSON to csv" in out
    code, _, err = run(path, tmp_path / "m", "--to", "gmns")
    assert (code, (tmp_path / "m").exists()) == (FINDING, False)
    assert err.startswith(f"The case made of {path} cannot be used: 1 problem(s).\nproblem [unknown-id] links.csv")


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '"x"', "{}", '{"type": "FeatureCollection"}', "\ufeff{}", "[" * 100_000])
def test_text_that_is_no_geojson(tmp_path, run, text):
    (tmp_path / "x.geojson").write_text(text, encoding="utf-8")
    code, _, err = run(tmp_path / "x.geojson", tmp_path / "back")
    assert code == WRONG_USE
    assert "x.geojson" in err


# --- GMNS --------------------------------------------------------------------------------------------


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


def test_gmns_has_the_columns_and_units_of_the_specification(tmp_path):
    assert main(["convert", str(write_small(tmp_path / "small")), str(tmp_path / "m"), "--to", "gmns"]) == DONE
    config, nodes, links = (table(tmp_path / "m" / f"{n}.csv") for n in ("config", "node", "link"))
    assert (config[0]["long_length"], config[0]["speed"], config[0]["crs"], config[0]["id_type"]) == ("km", "kph", "EPSG:4326", "string")
    assert nodes[0]["node_id"] == "field"
    assert (float(nodes[0]["x_coord"]), float(nodes[0]["y_coord"])) == (50, 47)
    assert {r["node_id"] for r in nodes} >= {r["from_node_id"] for r in links} | {r["to_node_id"] for r in links}
    rail = next(r for r in links if r["link_id"] == "rail-hub-border")
    assert (rail["directed"], rail["length"], rail["facility_type"], rail["allowed_uses"]) == ("false", "700", "rail", "products,boxes")
    assert float(rail["free_speed"]) == pytest.approx(700 / 24, rel=1e-5)
    assert (rail["freight_gauge_mm"], rail["freight_cost_usd_per_teu"], rail["freight_countries"]) == ("1520", "300", "AA")
    uses = {r["use"] for r in table(tmp_path / "m" / "use_definition.csv")}
    assert {u for r in links for u in r["allowed_uses"].split(",")} <= uses
    speeds = [float(r["free_speed"]) for r in links if r["free_speed"]]
    assert all(0 <= s <= 200 for s in speeds)


def test_gmns_of_ours_may_be_edited(tmp_path, run):
    folder = tmp_path / "m"
    assert main(["convert", str(write_small(tmp_path / "small")), str(folder), "--to", "gmns"]) == DONE
    code, out, err = run(folder, tmp_path / "plain")
    assert (code, err, "not read" in out) == (DONE, "", False)
    text = (folder / "link.csv").read_text(encoding="utf-8")
    (folder / "link.csv").write_text(text.replace(",hub,port,400,", ",hub,port,444,").replace("freight_status,", "freight_stats,"), encoding="utf-8")
    code, _, err = run(folder, tmp_path / "back")
    assert code == WRONG_USE
    assert all(w in err for w in ("link.csv", "'freight_stats'", "Did you mean 'freight_status'")), err
    (folder / "link.csv").write_text(text.replace(",hub,port,400,", ",hub,port,444,"), encoding="utf-8")
    (folder / "node.csv").write_text((folder / "node.csv").read_text(encoding="utf-8").replace("node_id,", "zone_id,node_id,").replace("\n", "\n7,")[:-2],
                                     encoding="utf-8")  # fmt: skip
    code, out, _ = run(folder, tmp_path / "back")
    assert code == DONE
    assert "not read, though filled in: node.csv zone_id" in out
    assert kr.load(tmp_path / "back").links["pipe-hub-port"].length_km == 444
    assert run(folder, tmp_path / "other", "--trips", "x")[0] == WRONG_USE
    (folder / "keruen" / "case.toml").write_text('title = "x"\n', encoding="utf-8")
    code, _, err = run(folder, tmp_path / "other")
    assert (code, "found no home" in err) == (WRONG_USE, True)


NODE = "node_id,name,x_coord,y_coord,zone_id\n1,,10.00,50.0,1\n2,,10.02,50.0,2\n3,,10.04,50.0,\n4,,10.06,50.0,3\n5,,10.06,50.01,3\n9,,11,51,\n"
LINK = (
    "link_id,from_node_id,to_node_id,directed,length,free_speed,lanes,capacity,toll,vdf_alpha,vdf_beta\n"
    "1,1,2,true,2,60,2,900,0,0.15,4\n2,1,3,true,6,60,1,900,5,0.15,4\n3,2,3,false,2,30,1,900,0,,\n4,3,4,true,1,60,1,900,0,0.15,4\n5,3,5,true,1,120,1,50,0,0.15,4\n"
)
CONFIG = "dataset_name,long_length,speed\nToy,km,kph\n"
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,100\n1,3,40\n2,3,10\n2,2,7\n"


def gmns(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in ({"node": NODE, "link": LINK, "config": CONFIG, "demand": DEMAND} | files).items():
        if text:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_gmns_road_network_becomes_a_case(tmp_path, run):
    code, out, err = run(gmns(tmp_path / "toy"), tmp_path / "case")
    assert (code, err) == (DONE, "")
    case = kr.load(tmp_path / "case")
    # 1 to 2: 2 minutes. To zone 3 (nodes 4 and 5): link 2 is 6 minutes and link 3 takes 4, so both ways are 6, then half a minute.
    assert case.solve().objective_musd == pytest.approx(100 * 2 + 40 * 6.5 + 10 * 4.5, rel=1e-12)
    assert case.links["l3"].direction == "both"
    assert (case.links["l3"].capacity, case.links["l1"].capacity) == (900, None)
    delay = {d.of: d for d in case.delays.values()}
    assert (delay["l1"].full, delay["l1"].power, delay["l1"].hours) == (1800, 4, pytest.approx(0.15 * 2 / 60))
    assert "n9" not in case.places
    assert "7 trips that end in the zone they begin in" in out
    assert "1 node(s) without a link are left out" in out
    assert main(["check", str(tmp_path / "case"), "--warnings-too"]) == DONE


def test_gmns_tolls_and_distances_count_as_minutes(tmp_path):
    assert main(["convert", str(gmns(tmp_path / "toy")), str(tmp_path / "case"), "--toll-weight", "0.5", "--distance-weight", "0.1"]) == DONE
    link = kr.load(tmp_path / "case").links["l2"]
    assert link.cost_usd_per_t == pytest.approx(2.5 + 0.6)


def test_gmns_without_demand_is_a_network_to_fill_in(tmp_path, run):
    code, out, _ = run(gmns(tmp_path / "toy", demand=""), tmp_path / "case")
    assert code == DONE
    assert "no demand.csv" in out
    assert len(kr.load(tmp_path / "case").links) == 5


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config": ""}, ["no unit of length", "--length-unit"]),
        ({"config": CONFIG.replace("km,kph", "parsec,kph")}, ["config.csv", "'parsec'", "km, mile, m, ft"]),
        ({"config": CONFIG.replace("kph", "knots")}, ["config.csv, column speed", "'knots'"]),
        ({"link": LINK.replace("2,1,3,true,6", "2,1,7,true,6")}, ["link.csv, row 3, column to_node_id", "'7'", "node_id of node.csv"]),
        ({"link": LINK.replace("2,1,3,true,6,60", "2,1,3,true,6,0")}, ["link.csv, row 3, column free_speed", "'0'", "vdf_fftt"]),
        ({"link": LINK.replace("2,1,3,true,6", "2,1,3,perhaps,6")}, ["link.csv, row 3, column directed", "'perhaps'"]),
        ({"link": LINK.replace("2,1,3,true,6", "2,1,3,true,-6")}, ["link.csv, row 3, column length", "'-6'", "0 or more"]),
        ({"link": LINK.replace("2,1,3,true,6", "2,1,3,true,six")}, ["link.csv, row 3, column length", "'six'"]),
        ({"link": LINK.replace("true,6,60,1,900", "true,6,60,1,")}, ["link.csv, row 3, column capacity"]),
        ({"link": LINK.replace("from_node_id", "from_node")}, ["link.csv", "no column from_node_id", "Did you mean 'from_node'"]),
        ({"link": LINK.splitlines()[0]}, ["link.csv", "no row"]),
        ({"link": LINK.replace("2,1,3,true,6,60,1,900,5,0.15,4", "2,1,3,true,6,60,1,900,5,0.15,4,7")}, ["link.csv, row 3", "12 cells"]),
        ({"node": NODE.replace("\n2,", "\n1,")}, ["node.csv", "'1' more than once"]),
        ({"node": NODE.replace("10.02", "")}, ["node.csv, row 3, column x_coord"]),
        ({"node": "\n"}, ["node.csv", "empty first line"]),
        ({"demand": DEMAND.replace("1,3,40", "1,8,40")}, ["demand.csv, row 3, column d_zone_id", "'8'"]),
        ({"demand": DEMAND.replace("1,3,40", "1,3,lots")}, ["demand.csv, row 3, column volume", "'lots'"]),
        ({"link": LINK.replace("3,2,3,false", "3,2,3,true").replace("1,1,2,true", "1,2,1,true")},
         ["1 pair(s)", "1 to 2 (100 trips)", "--leave-out-unreachable"]),
    ],
)  # fmt: skip
def test_wrong_gmns(tmp_path, run, files, words):
    code, _, err = run(gmns(tmp_path / "toy", **files), tmp_path / "case")
    assert code == WRONG_USE
    assert all(w in err for w in words), err
    assert not (tmp_path / "case").exists()


# --- targets and sources -----------------------------------------------------------------------------


def test_nothing_is_overwritten_without_force(tmp_path, run):
    folder, target = write_small(tmp_path / "small"), tmp_path / "there"
    target.mkdir()
    (target / "links.csv").write_text("mine", encoding="utf-8")
    (target / "letter.txt").write_text("mine", encoding="utf-8")
    code, _, err = run(folder, target, "--to", "parquet")
    assert code == WRONG_USE
    assert all(w in err for w in ("holds 2 file(s)", "--force"))
    assert sorted(p.name for p in target.iterdir()) == ["letter.txt", "links.csv"]
    assert run(folder, target, "--to", "parquet", "--force")[0] == DONE
    assert (target / "letter.txt").read_text(encoding="utf-8") == "mine"
    assert not (target / "links.csv").exists()  # else there would be two tables of links
    same(kr.load(folder), kr.load(target))


def test_a_file_is_not_overwritten_without_force(tmp_path, run):
    folder, target = write_small(tmp_path / "small"), tmp_path / "g.geojson"
    target.write_text("mine", encoding="utf-8")
    code, _, err = run(folder, target)
    assert (code, target.read_text(encoding="utf-8")) == (WRONG_USE, "mine")
    assert "exists already" in err
    assert run(folder, target, "--force")[0] == DONE
    assert target.read_text(encoding="utf-8").startswith("{")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("small", "out"), ["is a case already", "--to", "pypsa"]),
        (("small", "out", "--to", "gmn"), ["'gmn'", "Did you mean 'gmns'"]),
        (("small", "out", "--to", "tntp"), ["'tntp'", "does not write it"]),
        (("small", "small", "--to", "csv"), ["within each other"]),
        (("small", "small/inside", "--to", "csv"), ["within each other"]),
        (("small", ".", "--to", "csv", "--force"), ["within each other"]),
        (("smal", "out"), ["'smal'", "Did you mean 'small'"]),
        (("kazakstan", "out", "--to", "csv"), ["Did you mean 'kazakhstan'"]),
        (("small/links.csv", "out"), ["one file of a case", "small"]),
        (("letter.txt", "out"), ["'.txt'", ".tntp"]),
        (("bare", "out"), ["0 file(s)", "case.toml"]),
        (("half", "out"), ["link.csv is missing"]),
        (("pypsa", "out"), ["folder of PyPSA", "does not read it"]),
        (("small", "letter.txt", "--to", "csv"), ["is a file", "folder"]),
        (("small", "letter.txt", "--to", "csv", "--force"), ["is a file", "folder"]),
        (("small", "bare", "--to", "geojson"), ["is a folder", "name of a file"]),
        (("small", "out", "--to", "csv", "--trips", "x"), ["--trips is for a road network in TNTP or GMNS", "FROM is a case"]),
        (("small", "out", "--to", "csv", "--year", "2023"), ["--year is for"]),
        (("small", "out", "--to", "pypsa", "--year", "soon"), ["--year", "'soon'"]),
        (("small", "out", "--to", "pypsa", "--year", "2040"), ["2040", "2015 to 2035"]),
        (("small", "out", "--to", "pypsa", "--scenario", "no.toml"), ["no.toml"]),
        (("small", "out", "--to", "csv", "--scenario", "x"), ["--scenario is for --to pypsa"]),
    ],
)  # fmt: skip
def test_wrong_use(tmp_path, monkeypatch, run, arguments, words):
    monkeypatch.chdir(tmp_path)
    write_small(tmp_path / "small")
    Path("letter.txt").write_text("dear", encoding="utf-8")
    for name, file in (("bare", ""), ("half", "node.csv"), ("pypsa", "buses.csv")):
        Path(name).mkdir()
        if file:
            (Path(name) / file).write_text("x\n1\n", encoding="utf-8")
    code, _, err = run(*arguments)
    assert code == WRONG_USE
    assert all(w in err for w in words), err
    assert not Path("out").exists()


def test_a_case_with_problems_is_not_converted(tmp_path, run):
    folder = write_small(tmp_path / "small")
    (folder / "links.csv").write_text((folder / "links.csv").read_text(encoding="utf-8").replace(",hub,terminal,", ",hub,terminl,"), encoding="utf-8")
    code, _, err = run(folder, tmp_path / "g.geojson")
    assert code == FINDING
    assert "terminl" in err
    assert not (tmp_path / "g.geojson").exists()


def test_what_was_done_as_json_and_csv(tmp_path, run):
    write_small(tmp_path / "small")
    code, out, _ = run(tmp_path / "small", tmp_path / "m", "--to", "gmns", "--format", "json")
    said = json.loads(out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(said)
    assert (code, said["from_format"], said["to_format"]) == (DONE, "case", "gmns")
    assert {f["file"] for f in said["files"]} >= {"node.csv", "link.csv", "config.csv"}
    assert all((tmp_path / "m" / f["file"]).stat().st_size == f["bytes"] for f in said["files"])
    _, whole = geojson(tmp_path)
    whole["features"][0]["properties"]["country"] = "nowhere"
    (tmp_path / "g.geojson").write_text(json.dumps(whole), encoding="utf-8")
    code, out, _ = run(tmp_path / "g.geojson", tmp_path / "bad", "--format", "json")
    said = json.loads(out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(said)
    assert (code, said["problems"][0]["file"]) == (FINDING, "places.csv")
    code, out, _ = run(tmp_path / "small", tmp_path / "c", "--to", "csv", "--format", "csv", "-o", tmp_path / "done.csv")
    assert (code, out) == (DONE, "")
    assert "links.csv" in (tmp_path / "done.csv").read_text(encoding="utf-8")


def test_random_cases_hold_what_has_to_come_back(tmp_path):
    held = {t for seed in range(6) for t, rows in random_case(random.Random(seed), tmp_path / str(seed)).tables.items() if rows}
    assert held >= {"places", "links", "rules", "supplies", "demands", "consignments", "transfers"}
