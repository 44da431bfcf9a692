"""The command line: every command's help, formats, files, wrong use with a hint, and exit codes."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys

import pytest

from keruen import __version__
from keruen.cli import TABLES_OF_PLAN, _parser, main
from small import small_tables, write_small, write_tables

DONE, FINDING, WRONG_USE = 0, 1, 2


def commands():
    parser = _parser()
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return sorted(action.choices)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = write_small(tmp_path_factory.mktemp("case") / "small")
    (path / "scenarios").mkdir()
    (path / "scenarios" / "xx-shut.toml").write_text(
        'title = "XX is shut"\nyear = 2023\nsource = "book"\nconfidence = "high"\n[[close]]\ncountry = "XX"\n', encoding="utf-8"
    )
    (path / "scenarios" / "ten-days.toml").write_text('title = "Ten days"\n[[close]]\nlink = "pipe-hub-terminal"\ndays = 10\n', encoding="utf-8")
    return str(path)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        """(exit code, output, errors)."""
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call


def shell(*arguments, **more):
    return subprocess.run([sys.executable, "-m", "keruen.cli", *map(str, arguments)], capture_output=True, text=True, check=False, **more)


# --- help --------------------------------------------------------------------------------------------


def test_help(run):
    code, out, _ = run("--help")
    assert code == DONE
    for command in ("check", "solve", "depend", "report"):
        assert command in commands()
    for command in commands():
        assert command in out


@pytest.mark.parametrize("command", commands())
def test_help_of_every_command(run, command):
    code, out, err = run(command, "--help")
    assert (code, err) == (DONE, "")
    assert f"keruen {command}" in out
    for option in ("--output",) if command == "screen" else ("--format", "--output"):
        assert option in out


def test_version(run):
    assert run("--version")[:2] == (DONE, f"keruen {__version__}\n")


def test_no_command_shows_help_and_is_wrong_use(run):
    code, out, _ = run()
    assert code == WRONG_USE
    assert "COMMAND" in out


@pytest.mark.parametrize("arguments", [("solv", "x"), ("solve",), ("solve", "kazakhstan", "--yaer", "2023"), ("solve", "kazakhstan", "--format", "xml"),
                                       ("check", "a", "b"),
                                       ("solve", "x", "--table", "nothing"), ("depend", "x", "--near", "much")])  # fmt: skip
def test_wrong_use_of_the_parser(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (WRONG_USE, "")
    assert "usage: keruen" in err


# --- wrong words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--year", "2036"), ["2036", "2015 to 2035"]),
        (("--year", "1066"), ["1066"]),
        (("--year", "2014-2016"), ["2014"]),
        (("--year", "next"), ["next", "--year"]),
        (("--year", "2023-"), ["2023-", "--year"]),
        (("--year", "2025-2023"), ["2025-2023"]),
        (("--year", "²"), ["²", "--year"]),
        (("--year", "20.23"), ["20.23"]),
        (("--year", "-5"), ["-5"]),
        (("--year", "2023-2024-2025"), ["2023-2024-2025"]),
        (("--year", "99999999999999999999"), ["99999999999999999999"]),
        (("--scenario", "xx-shutt"), ["xx-shutt", "Did you mean 'xx-shut'"]),
        (("--scenario", "nothing.toml"), ["nothing.toml"]),
        (("--compare", "bas"), ["bas"]),
        (("--compare", "xx-shutt"), ["Did you mean 'xx-shut'"]),
        (("--close", "XX"), ["'XX'", "KIND=NAME", "country"]),
        (("--close", "=XX"), ["KIND=NAME"]),
        (("--close", "contry=XX"), ["contry", "Did you mean 'country'"]),
        (("--close", "country="), ["country"]),
        (("--close", "country=XY"), ["'XY'"]),
        (("--close", "country=XX;"), ["''"]),
        (("--close", "link=pipe-hub-termnal"), ["pipe-hub-termnal", "Did you mean 'pipe-hub-terminal'"]),
        (("--close", "link = pipe-hub-terminal"), ["link"]),
        (("--close", "share=0.5"), ["share"]),
        (("--add", "new-pip"), ["new-pip", "Did you mean 'new-pipe'"]),
        (("--without", "pipe-quot"), ["pipe-quot", "Did you mean 'pipe-quota'"]),
        (("--without", "kind=quotta"), ["quotta", "Did you mean 'quota'"]),
        (("--without", ""), ["rule"]),
        (("--behaviour", "plannr"), ["plannr", "planner"]),
    ],
)  # fmt: skip
def test_wrong_words_of_solve(run, folder, arguments, words):
    code, out, err = run("solve", folder, *arguments)
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith(("keruen: ", "usage: "))
    assert all(w in err for w in words), err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "contry"), ["contry", "country"]), (("--commodity", "crud"), ["crud", "Did you mean 'crude'"]), (("--near", "-1"), ["--near", "0 to 100"]),
        (("--near", "101"), ["--near"]), (("--near", "nan"), ["--near"]), (("--year", "2036"), ["2036"]), (("--scenario", "xx-shutt"), ["xx-shut"]),
    ],
)  # fmt: skip
def test_wrong_words_of_depend(run, folder, arguments, words):
    code, out, err = run("depend", folder, *arguments)
    assert (code, out) == (WRONG_USE, "")
    assert all(w in err for w in words), err


def test_there_is_no_such_network(run, tmp_path):
    (tmp_path / "planar30.txt").write_text("")
    code, out, err = run("flow", tmp_path / "planar3.txt")
    assert (code, out) == (WRONG_USE, "")
    assert all(w in err for w in (str(tmp_path / "planar3.txt"), "network file", "Did you mean 'planar30.txt'")), err


@pytest.mark.parametrize("command", [c for c in commands() if c not in ("flow", "read", "relations", "screen")])
@pytest.mark.parametrize(("name", "words"), [("kazakstan", ["Did you mean 'kazakhstan'"]), ("no/such/folder", ["no/such/folder"])])
def test_there_is_no_such_case(run, tmp_path, command, name, words):
    more = ("-o", tmp_path / "report.html") if command == "report" else (tmp_path / "out",) if command == "convert" else ()
    code, out, err = run(command, name, *more)
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith("keruen: ")
    assert all(w in err for w in words), err


def test_a_broken_case_is_a_finding(run, tmp_path):
    tables = small_tables()
    tables["links"][0]["to"] = "hubb"
    path = write_tables(tmp_path / "broken", tables)
    for command in ("solve", "depend"):
        code, out, err = run(command, path)
        assert (code, out) == (FINDING, "")
        assert "links.csv" in err
        assert "Did you mean 'hub'" in err
    code, out, _ = run("check", path)
    assert code == FINDING
    assert "'hubb'" in out
    code, out, _ = run("check", path, "--format", "json")
    assert code == FINDING
    assert json.loads(out)["problems"][0]["found"] == "'hubb'"


def test_a_folder_that_holds_no_case(run, tmp_path):
    """Nothing at all is wrong use; the beginning of a case is a case with problems."""
    for command in ("check", "solve"):
        code, out, err = run(command, tmp_path)
        assert (code, out) == (WRONG_USE, "")
        assert "case.toml" in err
    (tmp_path / "case.toml").write_text('title = "a start"\n', encoding="utf-8")
    for command in ("check", "solve"):
        code, out, err = run(command, tmp_path)
        assert code == FINDING
        assert "links.csv" in out + err


# --- check -------------------------------------------------------------------------------------------


def test_check(run, folder):
    code, out, _ = run("check", folder)
    assert code == DONE
    assert "0 problem(s)" in out
    data = json.loads(run("check", folder, "--format", "json")[1])
    assert set(data) == {"keruen", "case", "problems", "warnings", "numbers"}
    assert data["problems"] == []
    rows = list(csv.reader(io.StringIO(run("check", folder, "--format", "csv")[1])))
    assert rows[0] == ["code", "file", "row", "column", "found", "expected", "remedy", "weight"]


def test_warnings_count_when_asked(run, tmp_path):
    tables = small_tables()
    tables["links"][0]["length_km"] = 1
    path = write_tables(tmp_path / "case", tables)
    assert run("check", path)[0] == DONE
    assert run("check", path, "--warnings-too")[0] == FINDING


# --- solve -------------------------------------------------------------------------------------------


def test_solve_as_json(run, folder):
    code, out, err = run("solve", folder, "--format", "json")
    assert (code, err) == (DONE, "")
    data = json.loads(out)
    assert data["objective_musd"] == -4086.5
    assert (data["keruen"], data["case"], data["year"], data["scenario"]) == (__version__, "small", 2023, [])


@pytest.mark.parametrize(
    ("arguments", "names", "objective"),
    [
        (("--close", "country=XX"), ["close country XX"], -803.5),
        (("--scenario", "xx-shut"), ["xx-shut"], -803.5),
        (("--close", "link=pipe-hub-terminal;sea-terminal-market"), ["close link pipe-hub-terminal, sea-terminal-market"], -803.5),
        (("--close", "operator=PipeCo", "--close", "country=YY"), ["close operator PipeCo", "close country YY"], 110.5 + 1000 - 600),
        (("--add", "new-pipe"), ["add project new-pipe"], -4116.5),
        (("--without", "pipe-quota"), ["without rule pipe-quota"], -4371),
        (("--without", "kind=quota"), ["without kind quota"], -4371),
        (("--year", "2020"), [], -3648.5),
        (("--scenario", "xx-shut", "--add", "new-pipe"), ["xx-shut", "add project new-pipe"], -833.5),
        (("--scenario", "ten-days", "--without", "pipe-quota"), ["ten-days", "without rule pipe-quota"], None),
    ],
)
def test_scenarios_on_the_command_line(run, folder, arguments, names, objective):
    code, out, err = run("solve", folder, "--format", "json", *arguments)
    assert (code, err) == (DONE, "")
    data = json.loads(out)
    assert data["scenario"] == names
    if objective is not None:
        assert data["objective_musd"] == pytest.approx(objective)


def test_while_it_lasts(run, folder):
    def pipe(*more):
        data = json.loads(run("solve", folder, "--format", "json", "--scenario", "ten-days", *more)[1])
        return sum(r["flow"] for r in data["links"] if r["link"] == "pipe-hub-terminal"), data["scenario"]

    assert pipe() == (pytest.approx(7), ["ten-days"])  # 8 x 355 / 365 is more than the quota
    assert pipe("--while-it-lasts") == (0, ["ten-days while it lasts"])


def test_years_give_a_list(run, folder):
    data = json.loads(run("solve", folder, "--format", "json", "--year", "2020-2022")[1])
    assert [(d["year"], d["objective_musd"]) for d in data] == [(2020, -3648.5), (2021, -4086.5), (2022, -4086.5)]
    rows = list(csv.DictReader(io.StringIO(run("solve", folder, "--format", "csv", "--year", "2020-2022", "--table", "exports")[1])))
    assert [(r["year"], r["commodity"], float(r["moved"])) for r in rows if r["commodity"] == "crude"] == [
        ("2020", "crude", 9),
        ("2021", "crude", 10),
        ("2022", "crude", 10),
    ]
    code, out, _ = run("solve", folder, "--year", "2020-2022")
    assert code == DONE
    assert all(year in out for year in ("2020", "2021", "2022"))


@pytest.mark.parametrize("name", TABLES_OF_PLAN)
def test_every_table_as_csv(run, folder, name):
    code, out, _ = run("solve", folder, "--format", "csv", "--table", name)
    assert code == DONE
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows
    data = json.loads(run("solve", folder, "--format", "json")[1])
    if name in data:
        assert len(rows) == len(data[name])
        assert list(rows[0]) == ["year", *data[name][0]]
    for row in rows:
        assert None not in row
        for value in row.values():
            assert not value.startswith(("{", "[")), f"Python in a cell: {value}"
            assert value not in ("nan", "None", "inf")


def test_compare(run, folder):
    data = json.loads(run("solve", folder, "--format", "json", "--close", "country=XX", "--compare", "base")[1])
    assert data["compared_with"] == []
    assert {"what": "exports", "name": "crude", "unit": "Mt", "base": 10, "plan": 3, "change": -7} in [
        {k: round(v, 9) if isinstance(v, float) else v for k, v in r.items()} for r in data["comparison"]
    ]
    data = json.loads(run("solve", folder, "--format", "json", "--compare", "xx-shut")[1])
    assert data["compared_with"] == ["xx-shut"]
    rows = list(csv.DictReader(io.StringIO(run("solve", folder, "--format", "csv", "--compare", "xx-shut")[1])))
    assert list(rows[0]) == ["year", "what", "name", "unit", "base", "plan", "change"]
    code, out, _ = run("solve", folder, "--close", "country=XX", "--compare", "base")
    assert code == DONE
    assert "What changed against base" in out


def test_solve_as_text(run, folder):
    code, out, err = run("solve", folder)
    assert (code, err) == (DONE, "")
    for word in ("small 2023, base", "-4,086", "crude", "port-berths is full", "Bottlenecks", "pipe-quota"):
        assert word in out


def test_verify(run, folder, monkeypatch):
    code, out, _ = run("solve", folder, "--verify", "--format", "json")
    assert code == DONE
    assert json.loads(out)["certificate"]["verified"] < 1e-9
    monkeypatch.setattr("keruen.solve.verify.objective_by_pairs", lambda network: -4000.0)
    code, _, err = run("solve", folder, "--verify", "--format", "json")
    assert code == FINDING
    assert "second formulation" in err


# --- depend, scenarios, report -----------------------------------------------------------------------


def test_depend(run, folder):
    code, out, _ = run("depend", folder, "--format", "json", "--commodity", "crude")
    assert code == DONE
    data = json.loads(out)
    assert data["near"] == 0.001
    assert {(r["country"], round(r["share_max"], 6)) for r in data["shares"]} == {("ZZ", 1), ("XX", 0.7), ("YY", 0.3)}
    rows = list(csv.DictReader(io.StringIO(run("depend", folder, "--format", "csv", "--by", "operator")[1])))
    assert [(r["operator"], r["commodity"]) for r in rows] == [("PipeCo", "crude")]
    code, out, _ = run("depend", folder, "--year", "2020-2021", "--format", "csv")
    assert {r["year"] for r in csv.DictReader(io.StringIO(out))} == {"2020", "2021"}
    code, out, _ = run("depend", folder)
    assert code == DONE
    assert "XX" in out


@pytest.mark.skipif("scenarios" not in commands(), reason="no such command")
def test_scenarios(run, folder):
    data = json.loads(run("scenarios", folder, "--format", "json")[1])
    assert [r["scenario"] for r in data] == ["ten-days", "xx-shut"]
    assert "XX is shut" in run("scenarios", folder)[1]
    rows = list(csv.DictReader(io.StringIO(run("scenarios", folder, "--format", "csv")[1])))
    assert [r["title"] for r in rows] == ["Ten days", "XX is shut"]
    assert "Traceback" not in run("scenarios", folder, "--format", "csv")[2]


def test_a_report_needs_a_file(run, folder):
    code, out, err = run("report", folder)
    assert (code, out) == (WRONG_USE, "")
    assert "-o FILE.html" in err


def test_a_report_is_written(run, folder, tmp_path):
    pytest.importorskip("keruen.show.report")
    path = tmp_path / "report.html"
    assert run("report", folder, "-o", path, "--close", "country=XX", "--compare", "base")[0] == DONE
    assert "<html" in path.read_text(encoding="utf-8").lower()
    assert run("solve", folder, "--report", tmp_path / "other.html")[0] == DONE
    assert (tmp_path / "other.html").stat().st_size > 1000


# --- where it goes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [("solve",), ("depend",), ("check",), ("solve", "--format", "json"), ("depend", "--format", "csv"), ("check", "--format", "json")]
)
def test_output_goes_to_a_file(run, folder, tmp_path, arguments):
    command, *more = arguments
    _, screen, _ = run(command, folder, *more)
    path = tmp_path / "out.txt"
    code, out, err = run(command, folder, *more, "--output", path)
    assert (code, out, err) == (DONE, "", "")
    assert path.read_text(encoding="utf-8") == screen


def test_a_place_that_cannot_be_written_is_wrong_use(run, folder, tmp_path):
    for path in (tmp_path / "no" / "such" / "folder.json", tmp_path):
        code, out, err = run("solve", folder, "--output", path)
        assert (code, out) == (WRONG_USE, "")
        assert str(path) in err


def test_as_a_program(folder):
    done = shell("solve", folder, "--format", "json")
    assert done.returncode == DONE
    assert json.loads(done.stdout)["objective_musd"] == -4086.5
    assert shell("solve", folder, "--year", "1800").returncode == WRONG_USE
    assert shell("check", "kazakstan").returncode == WRONG_USE


@pytest.mark.parametrize("arguments", [("solve", "--format", "json"), ("solve",), ("check",)])
def test_a_closed_pipe_is_no_error(folder, arguments):
    """keruen solve ... | head -1: the reader goes away before all is written."""
    command, *more = arguments
    reader, writer = os.pipe()
    os.close(reader)
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    told = [sys.executable, "-m", "keruen.cli", command, folder, *more]
    done = subprocess.run(told, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, env=plain)
    os.close(writer)
    assert (done.returncode, done.stderr) == (DONE, "")


@pytest.mark.slow
def test_the_shipped_case(run):
    code, out, _ = run("check", "kazakhstan", "--format", "json")
    assert (code, json.loads(out)["problems"]) == (DONE, [])
    code, out, _ = run("solve", "kazakhstan", "--close", "link=cpc-moorings", "--format", "csv", "--table", "exports")
    assert code == DONE
    assert "crude" in out
