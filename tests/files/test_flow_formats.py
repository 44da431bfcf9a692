"""Published formats: read as they are meant, refused with file, line, what was found and what was expected."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from keruen.errors import UsageError
from keruen.files.flow_formats import read_dimacs, read_dow, read_mcf, read_tntp, read_tntp_flow, read_tntp_roads
from keruen.solve.equilibrium import solve_equilibrium
from keruen.solve.flows import solve_multiflow

MCF = "3\n3\n2\n1 2 5 10\n2 3 1 4\n1 3 9 9\n1 3 6\n2 3 1\n"
DIMACS = "c two ways\np min 3 3\nn 1 4\nn 3 -4\na 1 2 0 3 1\na 2 3 0 9 1\na 1 3 0 9 5\n"
DOW = "MULTIGEN.DAT:\n 2 2 1\n 1 2 3 10 100 1 1\n 2 1 4 10 200 1 2\n 1 2 6\n"
NET = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 3\n<FIRST THRU NODE> 3\n<NUMBER OF LINKS> 3\n<END OF METADATA>\n~ init term cap len time b p s t type ;\n" \
      "\t1\t3\t10\t1\t2\t0\t0\t0\t0\t1\t;\n\t3\t2\t10\t1\t2\t0\t0\t0\t0\t1\t;\n\t2\t1\t10\t1\t7\t0\t0\t0\t0\t1\t;\n"  # fmt: skip
TRIPS = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 12\n<END OF METADATA>\n\nOrigin 1\n 1 : 3.0 ; 2 : 8.0 ;\nOrigin  2\n 1 : 4 ;\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_planar_and_grid(tmp_path: Path) -> None:
    m = read_mcf(write(tmp_path, "tiny", MCF))
    assert (m.n, m.tail.tolist(), m.head.tolist()) == (3, [0, 1, 0], [1, 2, 2])
    assert (m.cost.tolist(), m.capacity.tolist()) == ([5, 1, 9], [10, 4, 9])
    assert (m.origin.tolist(), m.destination.tolist(), m.demand.tolist()) == ([0, 1], [2, 2], [6, 1])
    assert solve_multiflow(m).objective == pytest.approx(3 * 6 + 3 * 9 + 1)
    assert read_mcf(write(tmp_path, "one-line", MCF.replace("\n", " ", 2))).n == 3


def test_dimacs(tmp_path: Path) -> None:
    m = read_dimacs(write(tmp_path, "tiny.min", DIMACS))
    assert (m.n, m.origin.tolist(), m.destination.tolist(), m.demand.tolist()) == (5, [3], [4], [4])
    assert m.cost.tolist() == [1, 1, 5, 0, 0]
    assert solve_multiflow(m).objective == pytest.approx(3 * 2 + 5)


def test_dow(tmp_path: Path) -> None:
    design = read_dow(write(tmp_path, "tiny.dow", DOW))
    assert design.fixed.tolist() == [100, 200]
    assert solve_multiflow(design.flows).objective == 18


def test_tntp_and_zones_nobody_passes(tmp_path: Path) -> None:
    net, trips = write(tmp_path, "net.tntp", NET), write(tmp_path, "trips.tntp", TRIPS)
    m = read_tntp(net, trips, divide=2.0)
    assert m.n == 5
    assert m.demand.tolist() == [4, 2]
    assert solve_multiflow(m).objective == pytest.approx(4 * 4 + 2 * 7)
    assert read_tntp(net, trips, through_zones=True).n == 3
    packed = tmp_path / "net.tntp.gz"
    packed.write_bytes(gzip.compress(NET.encode()))
    assert read_tntp(packed, trips).tail.tolist() == [3, 2, 4]
    with pytest.raises(UsageError, match="divide: found 0"):
        read_tntp(net, trips, divide=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"of the three sizes; expected the numbers of nodes, arcs and flows"),
        (MCF.replace("5 10", "5 ten"), r"line 4: found 'ten'; expected a number for the capacity"),
        (MCF.replace("1 2 5 10", "1 4 5 10"), r"line 4: found to 4; expected one from 1 to 3"),
        (MCF.replace("1 2 5 10", "1 2 5"), r"line 4: found 3 entries; expected 4 for an arc"),
        (MCF.replace("2 3 1\n", "", 1)[:-1], r"expected"),
        (MCF + "1 2 3\n", r"line 9: found '1 2 3'; expected the end of the file"),
        (MCF.replace("3\n", "-3\n", 1), r"line 1: found number of nodes -3"),
        (MCF.replace("5 10", "5 nan"), r"line 4: found 'nan'"),
        (MCF.replace("5 10", "-5 10"), r"cost\[0\]: found -5"),
    ],
)
def test_wrong_planar_files(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_mcf(write(tmp_path, "bad", text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c nothing\n", "no line 'p min NODES ARCS'"),
        ("n 1 2\n", "line 1: found 'n 1 2'; expected the line 'p min"),
        (DIMACS.replace("p min", "p max"), "line 2: found 'p max 3 3'"),
        (DIMACS.replace("a 1 2 0", "a 1 2 1"), "line 5: found lower bound 1; expected 0"),
        (DIMACS.replace("n 3 -4", "n 3 -5"), "found supplies of 4 and demands of 5"),
        (DIMACS + "x 1\n", "line 8: found 'x'"),
        (DIMACS.replace("p min 3 3", "p min 3 4"), "found 3 arcs; expected 4"),
        (DIMACS.replace("a 1 2 0 3 1", "a 1 2 0"), "line 5: found 'a 1 2 0'"),
    ],
)
def test_wrong_dimacs_files(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_dimacs(write(tmp_path, "bad.min", text))


@pytest.mark.parametrize(
    ("net", "trips", "words"),
    [
        (NET.replace("<END OF METADATA>\n", ""), TRIPS, "net.tntp: found no <END OF METADATA>"),
        (NET.replace("<NUMBER OF LINKS> 3", "<NUMBER OF LINKS> 4"), TRIPS, "found 3 link lines; expected 4"),
        (NET.replace("<NUMBER OF LINKS> 3", "<NUMBER OF LINKS> 2"), TRIPS, "line 9: .*expected the end of the file after 2 links"),
        (NET.replace("\t1\t3\t10", "\t1\t9\t10"), TRIPS, "line 7: found term node 9; expected one from 1 to 3"),
        (NET, TRIPS.replace("2 : 8.0", "5 : 8.0"), "trips.tntp, line 6: found destination 5; expected one from 1 to 2"),
        (NET, TRIPS.replace("2 : 8.0", "2 : much"), "line 6: found 'much'; expected a number for the trips"),
        (NET, TRIPS.replace("Origin 1\n", ""), "line 5: .*expected 'Origin ZONE'"),
        (NET, TRIPS.replace("4 ;", "-4 ;"), "line 8: found -4 trips"),
        (NET, TRIPS.replace("<NUMBER OF ZONES> 2\n", ""), "no <NUMBER OF ZONES>"),
    ],
)
def test_wrong_tntp_files(tmp_path: Path, net: str, trips: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_tntp(write(tmp_path, "net.tntp", net), write(tmp_path, "trips.tntp", trips))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing: found no file that can be read"):
        read_mcf(tmp_path / "missing")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(UsageError, match="expected plain text, or text packed with gzip"):
        read_mcf(tmp_path / "broken.gz")
    (tmp_path / "image").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UsageError, match="expected plain text"):
        read_mcf(tmp_path / "image")


# --- road networks with delays ------------------------------------------------------------------------

ROADS = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 3\n<NUMBER OF LINKS> 4\n<END OF METADATA>\n" \
        "~ init term capacity length fftime b power speed toll type ;\n" \
        "1 3 1 10 0 0.15 4 0 0 1 ;\n3 2 2 20 4 0.15 4 0 5 1 ;\n1 4 1 1 3 0 0 0 0 1 ;\n4 2 5 1 3 1 1 0 0 1;\n"  # fmt: skip


def test_roads_with_delays(tmp_path: Path) -> None:
    net, trips = write(tmp_path, "net.tntp", ROADS), write(tmp_path, "trips.tntp", "<NUMBER OF ZONES> 2\n<END OF METADATA>\nOrigin 1\n1 : 4 ; 2 : 6.0 ;\n")
    a = read_tntp_roads(net, trips, toll_weight=0.1, distance_weight=0.5)
    assert (a.n, a.first_thru, a.name) == (4, 2, "net.tntp")
    assert a.fixed is not None
    assert a.fixed.tolist() == [5, 10.5, 0.5, 0.5]
    assert a.delays.cost(2).tolist() == pytest.approx([0, 4 * 1.15, 3, 3 + 3 * 0.4])
    assert (a.origin.tolist(), a.destination.tolist(), a.demand.tolist()) == ([0], [1], [6])  # trips inside a zone are left out
    plain = read_tntp_roads(net, trips)
    assert plain.fixed is not None
    assert plain.fixed.tolist() == [0] * 4
    answer = solve_equilibrium(plain, gap=1e-12)
    assert answer.load[0] + answer.load[2] == pytest.approx(6)
    assert answer.cost[0] + answer.cost[1] == pytest.approx(answer.cost[2] + answer.cost[3])


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        (ROADS.replace("3 2 2 20", "3 2 0 20"), {}, r"net.tntp: capacity\[1\]: found 0; expected a number above 0.*by link, the first is 0"),
        (ROADS.replace("3 2 2 20 4", "3 2 2 20 -4"), {}, r"net.tntp: free\[1\]: found -4"),
        (ROADS.replace("0 5 1 ;", ";"), {}, "line 8: found 7 entries; expected 9 for a link: init node"),
        (ROADS, {"toll_weight": -1}, "toll_weight: found -1; expected a number from 0"),
        (ROADS, {"distance_weight": float("nan")}, "distance_weight: found nan"),
    ],
)
def test_wrong_roads(tmp_path: Path, net: str, options: dict[str, float], words: str) -> None:
    trips = write(tmp_path, "trips.tntp", TRIPS)
    with pytest.raises(UsageError, match=words):
        read_tntp_roads(write(tmp_path, "net.tntp", net), trips, **options)


@pytest.mark.parametrize(
    "text",
    [
        "From \tTo \tVolume \tCost \n4 2 1.5 7\n1 3 4.5 2.0\n3 2 4.5 1e1\n1 4 1.5 3\n",
        "<NUMBER OF LINKS> 4\n<END OF METADATA>\n~ Tail Head : Volume Cost ;\n\t4\t2\t:\t1.5\t7\t;\n1 3 : 4.5 2 ;\n3 2 : 4.5 10 ;\n1 4 : 1.5 3 ;\n",
    ],
)
def test_published_flows_of_both_kinds(tmp_path: Path, text: str) -> None:
    flow = read_tntp_flow(write(tmp_path, "flow.tntp", text))
    volume, cost = flow.on(np.array([0, 2, 0, 3]), np.array([2, 1, 3, 1]))
    assert (volume.tolist(), cost.tolist()) == ([4.5, 4.5, 1.5, 1.5], [2, 10, 3, 7])
    with pytest.raises(UsageError, match=r"flow.tntp: found 4 links, and link 1 to 4 in only one of them; expected the 3 links of the network"):
        flow.on(np.array([0, 2, 3]), np.array([2, 1, 1]))
    with pytest.raises(UsageError, match="a link that comes more often in one of them"):
        flow.on(np.array([0, 2, 0, 3, 3]), np.array([2, 1, 3, 1, 1]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "flow.tntp: found no link flows"),
        ("From To Volume Cost\n1 2 3\n", "line 2: found 3 entries; expected 4"),
        ("1 2 much 4\n", "line 1: found 'much'; expected a number for the volume"),
        ("1 2 3 4\nx 2 3 4\n", "line 2: found 'x'; expected a whole number for the from"),
        ("0 2 3 4\n", "line 1: found from 0; expected a node from 1"),
    ],
)
def test_wrong_published_flows(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_tntp_flow(write(tmp_path, "flow.tntp", text))
