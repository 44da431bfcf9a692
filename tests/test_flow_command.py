"""``keruen flow --equilibrium``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from keruen.cli import DONE, FINDING, WRONG_USE, main

NET = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 5\n<END OF METADATA>\n~ a b cap len time b power speed toll type ;\n" \
      "1 3 1 100 0.00000001 1000000000 1 0 0 1;\n1 4 1 100 50 0.02 1 0 0 1;\n3 2 1 100 50 0.02 1 0 0 1;\n" \
      "3 4 1 100 10 0.1 1 0 0 1;\n4 2 1 100 0.00000001 1000000000 1 0 9 1;\n"  # fmt: skip
TRIPS = "<NUMBER OF ZONES> 2\n<END OF METADATA>\nOrigin 1\n 1 : 0 ; 2 : 6 ;\n"
FLOW = "From To Volume Cost\n1 3 4 40\n1 4 2 52\n3 2 2 52\n3 4 2 12\n4 2 4 40\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for name, text in (("net.tntp", NET), ("trips.tntp", TRIPS), ("flow.tntp", FLOW)):
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / f"{name}.tntp") for name in ("net", "trips", "flow")}


def test_table(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["flow", files["net"], "--trips", files["trips"], "--equilibrium", "--gap", "1e-12", "--compare", files["flow"], "--top", "2", "--threads", "1"]
    assert main(words) == DONE
    out = capsys.readouterr().out
    told = dict(line.rsplit(None, 1) for line in out.split("\n\n")[0].splitlines())
    assert float(told["objective"]) == pytest.approx(386, abs=1e-5)
    assert float(told["total cost"]) == pytest.approx(552, abs=1e-5)
    assert float(told["gap"]) <= 1e-12
    assert float(told["largest difference"]) < 1e-6
    assert (told["unlike"], told["equilibrium"]) == ("0", "user")
    assert float(told["seconds"]) >= 0
    assert len(out.split("\n\n")[1].splitlines()) == 4  # head, rule and two links
    assert "1 to 3" in out


def test_json_and_csv(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    at = ["flow", files["net"], files["trips"], "--equilibrium", "--gap", "1e-10"]
    assert main([*at, "--system", "--format", "json"]) == DONE
    data = json.loads(capsys.readouterr().out)
    assert data["equilibrium"] == "system"
    assert data["total_cost"] == pytest.approx(498)
    assert "seconds" not in data  # the same bytes each time
    assert [r["load"] for r in data["links"]] == pytest.approx([3, 3, 3, 0, 3], abs=1e-6)
    assert main([*at, "--format", "csv", "--compare", files["flow"], "--toll-weight", "100"]) == DONE
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [r["tail"] for r in rows] == ["1", "1", "3", "3", "4"]
    assert [r["published"] for r in rows] == ["4.0", "2.0", "2.0", "2.0", "4.0"]
    assert float(rows[4]["free_cost"]) == pytest.approx(900)
    assert float(rows[4]["load"]) == 0


def test_out_of_time_is_a_finding(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flow", files["net"], files["trips"], "--equilibrium", "--gap", "1e-12", "--limit", "0"]) == FINDING
    assert "gap" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "found no trips; expected a trip table"),
        (["TRIPS", "--trips", "TRIPS"], "--trips: found"),
        (["TRIPS", "--engine", "arcs"], "--engine: found 'arcs' with --equilibrium"),
        (["TRIPS", "--gap", "-1"], "gap: found -1"),
        (["TRIPS", "--toll-weight", "-1"], "toll_weight: found -1"),
        (["TRIPS", "--compare", "NET"], "line 7: found 10 entries; expected 4 for a link: from, to, volume, cost (this looks like the network itself)"),
        (["TRIPS", "--compare", "no-such-file"], "no-such-file"),
        (["FLOW"], "found no <END OF METADATA>"),
        (["TRIPS", "--threads", "0"], "threads: found 0"),
        (["TRIPS", "--limit", "-3"], "time_limit: found -3"),
    ],
)
def test_wrong_use(files: dict[str, str], capsys: pytest.CaptureFixture[str], more: list[str], words: str) -> None:
    assert main(["flow", files["net"], *(files.get(w.lower(), w) for w in more), "--equilibrium"]) == WRONG_USE
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err


@pytest.mark.parametrize("word", [["--system"], ["--toll-weight", "1"], ["--distance-weight", "1"], ["--compare", "x"]])
def test_words_that_need_equilibrium(files: dict[str, str], capsys: pytest.CaptureFixture[str], word: list[str]) -> None:
    assert main(["flow", files["net"], files["trips"], *word]) == WRONG_USE
    assert f"{word[0]}: found without --equilibrium" in capsys.readouterr().err


def test_no_way_is_said(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.tntp"
    cut.write_text(NET.replace("LINKS> 5", "LINKS> 3").replace("3 2 1 100 50 0.02 1 0 0 1;\n", "").replace("4 2 1 100 0.00000001 1000000000 1 0 9 1;\n", ""))
    assert main(["flow", str(cut), files["trips"], "--equilibrium"]) == WRONG_USE
    assert "found no way" in capsys.readouterr().err


def test_empty_tables(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none.tntp"
    none.write_text("<NUMBER OF ZONES> 2\n<END OF METADATA>\n")
    assert main(["flow", files["net"], str(none), "--equilibrium"]) == DONE
    assert "no link costs more than without load" in capsys.readouterr().out
