"""The check finds every fault once, says where it is and what to do, and never breaks off."""

from __future__ import annotations

import csv
import json
import random
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broken import FAULTS, Fault
from faults import all_of, append, data, drop, put, remove, scenario, text_line, whole
from keruen.check import check_case, load_case
from keruen.cli import main
from keruen.errors import CaseError, Finding, Names, UsageError, did_you_mean, quote, say
from keruen.reach import Graph, negative_cycle
from small import SOURCE, small_tables, write_small, write_tables

CHECK_SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "schemas" / "check.json"


def problems(path: Path) -> list[Finding]:
    return [f for f in check_case(path)[1] if not f.warning]


def spoilt(path: Path, *faults: Any) -> Path:
    folder = write_small(path / "small")
    all_of(*faults)(folder)
    return folder


def test_small_case_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, findings = check_case(write_small(tmp_path / "small"))
    assert findings == []
    assert case is not None
    assert case == load_case(tmp_path / "small")
    assert main(["check", str(tmp_path / "small")]) == 0
    assert "0 problem(s), 0 warning(s)" in capsys.readouterr().out


# --- one fault, one finding ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)
def test_one_fault_gives_one_finding(fault: Fault, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spoilt(tmp_path, fault.spoil)
    case, findings = check_case(path)
    assert len(findings) == 1, [str(f) for f in findings]
    found = findings[0]
    assert (found.code, found.file, found.row, found.column, found.warning) == (fault.code, fault.file, fault.row, fault.column, fault.warning)
    assert found.found.startswith(fault.found)
    assert fault.expected in found.expected
    assert fault.remedy in found.remedy
    assert found.remedy[-1] in ".?"
    assert str(path) not in str(found)
    assert str(found).isprintable()
    assert (case is None) is not fault.warning
    assert main(["check", str(path)]) == (0 if fault.warning else 1)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert f"[{fault.code}] {found.where}: found {found.found}" in printed.out
    if not fault.warning:
        with pytest.raises(CaseError) as caught:
            load_case(path)
        assert caught.value.findings == (found,)


def test_faults_are_many_and_differ() -> None:
    assert len(FAULTS) >= 70
    assert len({f.name for f in FAULTS}) == len(FAULTS)


def test_warnings_count_when_asked_to(tmp_path: Path) -> None:
    assert main(["check", str(spoilt(tmp_path, put("links", 4, length_km=100))), "--warnings-too"]) == 1


def test_paths_that_are_no_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_small(tmp_path / "small")
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, words in (
        (tmp_path / "nowhere", ("there is no folder", "Shipped: kazakhstan")),
        (Path("kazakstan"), ("Did you mean 'kazakhstan'?",)),
        (path / "links.csv", ("is a file", "Give the folder it is in")),
        (empty, ("holds no case", "case.toml")),
        (tmp_path, ("holds no case", "Did you mean", "small")),
        (Path("x" * 5000), ("cannot be opened",)),
        (Path("a\0b"), ("keruen:",)),
    ):
        assert main(["check", str(name)]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("keruen: ")
        assert all(word in printed.err for word in words), printed.err
        with pytest.raises(UsageError):
            check_case(name)


# --- many faults ---------------------------------------------------------------------------------------

MANY = (
    put("links", 2, length_km="far"), put("links", 3, source="boook"), put("links", 4, capacity="8 EUR"), put("links", 5, to="prt"),
    put("links", 9, gauge_mm=""), put("links", 10, countries="AA"), put("transfers", 3, cost_usd_per_t=""), put("supplies", 2, commodity="crud"),
    put("supplies", 3, first_year=2030, last_year=2020), put("demands", 2, up_to=1), put("demands", 3, price_usd="6,5"), put("plants", 2, outputs="products"),
    put("fleets", 2, speed_kn=""), put("projects", 2, needs="new-pipe"), put("projects", 3, status="done"),
    put("rules", 2, origin="UNIONN", valid_from="2023-02-30"),
    put("observations", 2, unit="kTEU"), put("provenance", 3, table="link"), put("memberships", 2, country="aa"),
    data("links.xlsx", b""), whole("case.toml", lambda t: t.replace('"USD"', '"EUR"')), scenario('[[close]]\nlin = "x"\n'),
)  # fmt: skip


def test_all_faults_are_found_in_one_pass(tmp_path: Path) -> None:
    found = problems(spoilt(tmp_path, *MANY))
    assert sorted((f.file, f.row, f.column) for f in found if f.row is not None) == [
        ("case.toml", 4, "currency"), ("demands.csv", 2, "up_to"), ("demands.csv", 3, "price_usd"), ("fleets.csv", 2, "speed_kn"),
        ("links.csv", 2, "length_km"), ("links.csv", 3, "source"), ("links.csv", 4, "capacity"), ("links.csv", 5, "to"), ("links.csv", 9, "gauge_mm"),
        ("links.csv", 10, "countries"), ("memberships.csv", 2, "country"), ("observations.csv", 2, "unit"), ("plants.csv", 2, "outputs"),
        ("projects.csv", 2, "needs"), ("projects.csv", 3, "status"), ("provenance.csv", 3, "table"), ("rules.csv", 2, "origin"), ("rules.csv", 2, "valid_from"),
        ("scenarios/s.toml", 1, "close"), ("supplies.csv", 2, "commodity"), ("supplies.csv", 3, "last_year"), ("transfers.csv", 3, "cost_usd_per_t"),
    ]  # fmt: skip
    assert [f.file for f in found if f.row is None] == ["links.xlsx"]


def test_ways_are_searched_although_other_cells_are_bad(tmp_path: Path) -> None:
    found = problems(spoilt(tmp_path, put("transfers", 5, carries="boxes", cost_usd_per_t=""), put("links", 9, hours="long"), put("rules", 2, kind="x")))
    assert sorted(f.code for f in found) == ["unreachable-demand", "wrong-choice", "wrong-number"]


@pytest.mark.parametrize("column", ["value_usd", "tonnes_per_unit"])
def test_what_a_rule_pays_is_not_reckoned_from_bad_cells(column: str, tmp_path: Path) -> None:
    pays = put("rules", 2, effect="tax", per_cent=-5, quantity="", unit="")
    found = problems(spoilt(tmp_path, pays, put("commodities", 2, **{column: "much"})))
    assert [(f.code, f.file, f.column) for f in found] == [("wrong-number", "commodities.csv", column)]


def test_ways_are_not_searched_on_half_a_network(tmp_path: Path) -> None:
    found = problems(spoilt(tmp_path, put("links", 9, carries="product;boxes"), put("links", 10, mode="rial", gauge_mm="")))
    assert sorted(f.code for f in found) == ["unknown-id", "wrong-choice"]


@pytest.mark.parametrize("table", sorted(t for t in small_tables() if t != "provenance"))
@pytest.mark.parametrize("fault", ["no file", "header of nothing", "broken off", "wide rows", "blank names"])
def test_a_table_that_cannot_be_read_brings_no_unknown_ids(table: str, fault: str, tmp_path: Path) -> None:
    file = f"{table}.csv"
    spoil = {
        "no file": all_of(data(f"{table}x.csv", b""), remove(file)),
        "header of nothing": data(file, b"x,y\n1,2\n"),
        "broken off": whole(file, text_line(2, lambda line: '"' + line)),
        "wide rows": whole(file, lambda text: "\r\n".join(line + ",x" if i and line else line for i, line in enumerate(text.split("\r\n")))),
        "blank names": whole(file, lambda text: "\r\n".join("," + line.split(",", 1)[1] if i and line else line for i, line in enumerate(text.split("\r\n")))),
    }[fault]
    found = problems(
        spoilt(tmp_path, spoil, scenario('[[close]]\nlink = "pipe-hub-terminal"\n[[without]]\nrule = "pipe-quota"\n[[add]]\nproject = "new-pipe"\n'))
    )
    assert found
    assert all(f.file in (file, f"{table}x.csv") for f in found), say(found)


def test_text_shows_five_of_a_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spoilt(tmp_path, *(put("links", row, length_km=-row) for row in range(2, 11)), put("links", 11, mode="rial"))
    assert main(["check", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:5]] == [f"problem [out-of-bounds] links.csv, row {row}, column length_km" for row in range(2, 7)]
    assert lines[5] == "problem [out-of-bounds] and 4 more of this kind"
    assert lines[6].startswith("problem [wrong-choice] links.csv, row 11, column mode: found 'rial'; expected one of oil_pipeline")
    assert lines[7].endswith("10 problem(s), 0 warning(s)")


def test_json_and_csv_hold_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spoilt(tmp_path, *(put("links", row, length_km=-row) for row in range(2, 12)), put("demands", 2, modes="rail"), put("supplies", 2, to="\u200bxx"))
    findings = check_case(path)[1]
    assert main(["check", str(path), "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    jsonschema.validate(answer, json.loads(CHECK_SCHEMA.read_text(encoding="utf-8")))
    assert len(answer["problems"]) == sum(not f.warning for f in findings) > 10
    assert [p["row"] for p in answer["problems"] if p["column"] == "length_km"] == list(range(2, 12))
    assert answer["numbers"] == {}
    assert main(["check", str(path), "--format", "csv", "-o", str(tmp_path / "out.csv")]) == 1
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8", newline="")))
    assert [(r["code"], r["file"], r["row"], r["found"]) for r in rows] == [(f.code, f.file, str(f.row), f.found) for f in findings]


def test_one_unknown_word_in_many_cells_is_one_finding(tmp_path: Path) -> None:
    tables = small_tables()
    for row in tables["links"]:
        row["source"] = "boook"
    tables["links"] *= 3
    for i, row in enumerate(map(dict, tables["links"])):
        tables["links"][i] = row | {"link": f"link-{i}"}
    found = [f for f in problems(write_tables(tmp_path / "small", tables)) if f.column == "source"]
    assert [(f.row, f.found) for f in found] == [(2, "'boook', also in links.csv rows 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 and 17 more cells")]


# --- whatever is written ------------------------------------------------------------------------------


FILES = sorted([*(f"{t}.csv" for t in small_tables()), "case.toml", "scenarios/close.toml"])
SCENARIO = b"""title = "x"
source = ["book"]
[[close]]
link = ["pipe-hub-terminal"]
share = 0.5
[[set]]
table = "links"
row = "pipe-hub-port"
column = "hours"
value = 3
"""
ODD = ["", " ", "-1", "nan", "1e400", "1 000", "8 Mt/year", "5 (((", "1/0 t", "0 t**0", "9 %", "a;b", ";", "a 1;b", "hub", "HUB", "\u200b", "\ufffd",
       "=1", "2023-13-01", "99999999999999999999", "yes", "rail", "a:back", "'", "x" * 30_000, "\n", "KZ", "NON-", "1e", "५", "1-2", "#REF!", ";;;", ":",
       "0x1p3", "1_000"]  # fmt: skip
BITS = [b'"', b",", b"\n", b"\r\n", b";", b"\xff\xfe", b"\0", b"\xef\xbb\xbf", b"[", b"]", b"=", b"'", b"-", b"."]


def _holds(path: Path) -> None:
    case, findings = check_case(path)
    assert (case is None) is any(not f.warning for f in findings)
    for f in findings:
        assert f.code and f.file and f.found and f.expected and f.remedy, f  # noqa: PT018
        assert str(f).isprintable()
        assert len(str(f)) < 10_000
        assert f.row is None or f.row >= 1
    json.dumps([f.found for f in findings]).encode()
    say(findings).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_bytes_break_the_check(tmp_path: Path, data: st.DataObject) -> None:
    path = write_small(tmp_path / "small")
    (path / "scenarios").mkdir(exist_ok=True)
    (path / "scenarios" / "close.toml").write_bytes(SCENARIO)
    for _ in range(data.draw(st.integers(1, 3))):
        file = path / data.draw(st.sampled_from(FILES))
        content = bytearray(file.read_bytes())
        at = data.draw(st.integers(0, len(content)))
        new = data.draw(st.binary(max_size=4) | st.sampled_from(BITS))
        content[at : at + data.draw(st.integers(0, 40))] = new
        file.write_bytes(bytes(content))
    _holds(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_cells_break_the_check(tmp_path: Path, data: st.DataObject) -> None:
    path = write_small(tmp_path / "small")
    for _ in range(data.draw(st.integers(1, 6))):
        file = path / f"{data.draw(st.sampled_from(sorted(small_tables())))}.csv"
        rows = list(csv.reader(file.open(encoding="utf-8", newline="")))
        rows = [(r + [""] * len(rows[0]))[: len(rows[0])] for r in rows]
        a, b = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(1, len(rows) - 1))
        i, j = data.draw(st.integers(0, len(rows[0]) - 1)), data.draw(st.integers(0, len(rows[0]) - 1))
        do = data.draw(st.sampled_from(["swap", "odd", "text", "drop", "twice", "lose"]))
        if do == "swap":
            rows[a][i], rows[b][j] = rows[b][j], rows[a][i]
        elif do == "odd":
            rows[b][j] = data.draw(st.sampled_from(ODD))
        elif do == "text":
            rows[b][j] = data.draw(st.text(st.characters(codec="utf-8"), max_size=12))
        elif do == "drop":
            del rows[b]
        elif do == "twice":
            rows.append(list(rows[b]))
        else:
            del rows[b][j]
        if len(rows) < 2:
            rows.append([""] * len(rows[0]))
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    _holds(path)


# --- large cases --------------------------------------------------------------------------------------


def _grid(side: int, consignments: int, wrong: int = 0) -> dict[str, list[dict[str, Any]]]:
    rng = random.Random(7)
    tables = small_tables()
    n = side * side
    tables = {t: rows for t, rows in tables.items() if t in ("sources", "commodities")}
    tables["places"] = [
        {"place": f"p{i}", "name": "x", "country": "AA", "lon": i % side * 0.1, "lat": i // side * 0.1, "kind": "city", **SOURCE} for i in range(n)
    ]
    ends = [(i, i + 1) for i in range(n) if (i + 1) % side] + [(i, i + side) for i in range(n - side)]
    link = {"mode": "road", "direction": "both", "length_km": 12, "carries": "boxes", "cost_usd_per_teu": 3, "countries": "AA", "status": "operating", **SOURCE}
    tables["links"] = [{"link": f"l{a}-{b}", "from": f"p{a + wrong}", "to": f"p{b + wrong}", **link} for a, b in ends]
    draws = [rng.sample(range(n), 2) for _ in range(consignments)]
    tables["consignments"] = [
        {"consignment": f"c{i}", "from": f"p{a}", "to": f"p{b}", "commodity": "boxes", "quantity": 1, **SOURCE} for i, (a, b) in enumerate(draws)
    ]
    return tables


@pytest.mark.slow
def test_time_grows_with_size_not_with_its_square(tmp_path: Path) -> None:
    took = []
    for side, consignments in ((16, 100), (64, 1600)):
        path = write_tables(tmp_path / str(side), _grid(side, consignments))
        start = time.perf_counter()
        assert check_case(path)[1] == []
        took.append(time.perf_counter() - start)
    assert took[1] < 60 * took[0] + 1


@pytest.mark.slow
def test_thousands_of_unknown_ids_are_told_in_seconds(tmp_path: Path) -> None:
    path = write_tables(tmp_path / "small", _grid(45, 10, wrong=100_000))
    start = time.perf_counter()
    found = problems(path)
    assert time.perf_counter() - start < 30
    assert len(found) == 2025
    assert "Did you mean" in found[0].remedy


# --- the parts ----------------------------------------------------------------------------------------


def test_many_doubled_ids_and_columns_are_quick(tmp_path: Path) -> None:
    header = ",".join(f"c{i}" for i in range(50_000)) + ",place\n"
    start = time.perf_counter()
    found = problems(spoilt(tmp_path, data("places.csv", header.encode()), *[append("sources", 2)] * 20))
    assert time.perf_counter() - start < 20
    assert sum(f.code == "duplicate-id" for f in found) == 20
    assert sum(f.code == "unknown-column" for f in found) <= 20


def test_names_near_a_word() -> None:
    words = [f"pipe-{a}-{b}" for a in ("tengiz", "atyrau", "aktau", "samara") for b in range(200)]
    for known in (words, words[:50]):
        assert Names(known).near("pipe-tengz-7")[0] == "pipe-tengiz-7"
        assert did_you_mean("Pipe_Tengiz 7", known) == did_you_mean("pipe-tengiz-7", known)
    assert did_you_mean("zzz", words) == ""
    assert did_you_mean("x" * 10_000_000, words) == ""
    assert did_you_mean(5, ["5"]) == "Did you mean '5'?"
    assert len(Names(words)) == 800
    assert list(Names(["b", "a"])) == ["a", "b"]


def test_quotes_show_what_cannot_be_seen() -> None:
    assert quote("a\u200b\nb") == "'a<U+200B><U+000A>b'"
    assert quote("a" * 70) == "'" + "a" * 40 + "...' (70 characters)"
    assert quote(16**6000) == "'a number of thousands of digits'"


def test_circles_that_earn_money_are_found_wherever_they_are() -> None:
    for seed in range(300):
        rng = random.Random(seed)
        graph = Graph()
        vertices = [(str(i), "rail") for i in range(rng.randint(2, 7))]
        for k in range(rng.randint(1, 14)):
            graph.edges.append((*rng.sample(vertices, 2), rng.choice((-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)), str(k)))
        best = {(a, b): (0.0 if a == b else float("inf")) for a in vertices for b in vertices}
        for tail, head, cost, _ in graph.edges:
            best[tail, head] = min(best[tail, head], cost)
        for _ in range(2):  # Floyd and Warshall, twice round for the circles
            for k in vertices:
                for a in vertices:
                    for b in vertices:
                        best[a, b] = min(best[a, b], best[a, k] + best[k, b])
        circle = negative_cycle(graph)
        assert bool(circle) is any(best[v, v] < -1e-9 for v in vertices), seed
        if circle:
            steps = [next(e for e in graph.edges if e[3] == name) for name in circle]
            assert sum(e[2] for e in steps) < 0
            assert all(a[1] == b[0] for a, b in zip(steps, [*steps[1:], steps[0]], strict=True))


def test_a_way_is_told_the_same_quickly_and_slowly() -> None:
    for seed in range(300):
        rng = random.Random(seed)
        vertices = [(str(i), "sea") for i in range(rng.randint(2, 9))]
        graph = Graph([(*rng.sample(vertices, 2), 1.0, "x") for _ in range(rng.randint(1, 14))])
        on_map = {v for e in graph.edges for v in e[:2]}
        for a in on_map:
            assert {b for b in on_map if graph.leads([a], [b])} == graph.reachable([a])
            assert {b for b in on_map if graph.leads([b], [a])} == graph.reachable([a], back=True)


def test_time_counts_in_a_circle(tmp_path: Path) -> None:
    """A subsidy that pays for no more than the time of the way round is no free profit."""
    assert problems(spoilt(tmp_path, put("links", 9, cost_usd_per_teu=-29))) == []
    assert [f.code for f in problems(spoilt(tmp_path / "b", put("links", 9, cost_usd_per_teu=-31)))] == ["free-profit"]


def test_supply_to_nobody(tmp_path: Path) -> None:
    findings = check_case(spoilt(tmp_path, append("supplies", 2, supply="spare", place="east", commodity="boxes"), drop("provenance", 2)))[1]
    assert [(f.code, f.row, f.warning, f.remedy) for f in findings] == [("stranded-supply", 4, True, "No demand or plant takes boxes.")]
