"""TNTP road networks as cases: what the planner pays is the sum of shortest ways, reckoned here from the files by SciPy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

import keruen as kr
from keruen.check import check_case
from keruen.cli import main
from keruen.errors import UsageError
from keruen.files.roads import roads_sheets
from keruen.files.tntp import read_tntp_network
from keruen.network import build

DONE, FINDING, WRONG_USE = 0, 1, 2
PUBLISHED = Path("/work/shared/bench/tntp-ue")
WEIGHTS = {"Chicago-Sketch": ("0.02", "0.04")}

HEAD = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 3\n<NUMBER OF LINKS> 8\n<ORIGINAL HEADER>~ a b Length (miles)\n<END OF METADATA>\n\n"
COLUMNS = "~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;\n"
# Zones 1 and 2 may not be passed. Two parallel arcs 3 to 4, a link of no time, one with b of 0, one with a power of 0, one on itself.
LINKS = """\t1\t3\t10\t1\t2\t0.15\t4\t30\t0\t1\t;
\t2\t3\t10\t1\t0\t0.15\t4\t0\t0\t3\t;
\t3\t2\t10\t1\t0\t0.15\t4\t0\t0\t3\t;
\t3\t4\t10\t5\t5\t0.15\t4\t0\t10\t1\t;
\t3\t4\t20\t7\t3\t0\t4\t0\t0\t1\t;
\t4\t2\t5\t1\t4\t0.5\t0\t0\t0\t1\t;
\t4\t4\t5\t1\t4\t0.5\t2\t0\t0\t1\t;
\t2\t1\t5\t1\t1\t0.15\t1.5\t0\t0\t1\t;
"""
NET = HEAD + COLUMNS + LINKS
TRIPS = (
    "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 20.0\n<END OF METADATA>\n\n\nOrigin \t1 \n    1 :      4.0;     2 :     12.5; \n\n"
    "Origin 2\n1 : 3 ;\n1 : 1 ; 2 : 0.0 ;\n"
)
NODES = "Node\tX\tY\t;\n1\t-90.5\t41\t;\n2\t-90.4\t41.1\t;\n3\t-90.45\t41.2\t;\n4\t-90\t41.3\t;\n"


def write(folder: Path, net: str = NET, trips: str = TRIPS, nodes: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in (("net", net), ("trips", trips), ("node", nodes)):
        if text:
            (folder / f"toy_{name}.tntp").write_text(text, encoding="utf-8")
    return folder / "toy_net.tntp"


# --- read a second time, without keruen ----------------------------------------------------------------


def plain(net: Path, trips: Path) -> tuple[int, int, np.ndarray, dict[tuple[int, int], float]]:
    """(nodes, first node that may be passed, links, trips by pair), as the text of the files has them."""
    text = net.read_text(encoding="utf-8")
    n, first = (int(re.search(rf"<{tag}>\s*(\d+)", text)[1]) for tag in ("NUMBER OF NODES", "FIRST THRU NODE"))
    body = (line.replace(";", " ").split() for line in text.split("<END OF METADATA>")[1].splitlines() if not line.strip().startswith("~"))
    links = np.array([words[:10] for words in body if words], float)
    pairs: dict[tuple[int, int], float] = {}
    for part in re.split(r"Origin", trips.read_text(encoding="utf-8").split("<END OF METADATA>")[1])[1:]:
        origin = int(part.split()[0])
        for goal, much in re.findall(r"(\d+)\s*:\s*([\d.eE+-]+)", part):
            key = origin, int(goal)
            pairs[key] = pairs.get(key, 0.0) + float(much)
    return n, first, links, pairs


def cost_of(links: np.ndarray, toll: float, distance: float) -> np.ndarray:
    """Cost without load by link: a power of 0 makes the waiting constant."""
    return links[:, 4] * np.where(links[:, 6] == 0, 1 + links[:, 5], 1) + toll * links[:, 8] + distance * links[:, 3]


def least(net: Path, trips: Path, toll: float = 0.0, distance: float = 0.0) -> float:
    """Trips times the length of the shortest way, over all pairs."""
    n, first, links, pairs = plain(net, trips)
    tail, head, cost = links[:, 0].astype(int) - 1, links[:, 1].astype(int) - 1, cost_of(links, toll, distance)
    best: dict[tuple[int, int], float] = {}
    for t, h, c in zip(np.where(tail < first - 1, tail + n, tail).tolist(), head.tolist(), cost.tolist(), strict=True):
        best[t, h] = min(c, best.get((t, h), np.inf))
    keys = np.array(list(best))
    graph = csr_matrix((list(best.values()), (keys[:, 0], keys[:, 1])), shape=(2 * n, 2 * n))
    rows = {o: dijkstra(graph, indices=o - 1 + (n if o < first else 0)) for o in {o for o, _ in pairs}}
    return float(sum(q * rows[o][d - 1] for (o, d), q in pairs.items() if o != d and q > 0))


# --- by hand -------------------------------------------------------------------------------------------


def test_a_small_network_by_hand(tmp_path, run):
    code, out, err = run(write(tmp_path), tmp_path / "case")
    assert (code, err) == (DONE, "")
    case = kr.load(tmp_path / "case")
    # 1 to 2: 2 + 0 by node 3. 2 to 1: 1, by the only link there is.
    assert case.solve().objective_musd == pytest.approx(12.5 * 2 + 4 * 1, rel=1e-12)
    assert case.solve().objective_musd == pytest.approx(least(write(tmp_path), tmp_path / "toy_trips.tntp"), rel=1e-12)
    assert "4 trips that end in the zone they begin in" in out
    assert "1 links that end where they begin are left out" in out
    assert check_case(tmp_path / "case")[1] == []


def test_zones_below_the_first_through_node_are_not_passed(tmp_path):
    trips = TRIPS.replace("Origin 2\n", "Origin 2\n").replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 4") + "Origin 3\n 1 : 1 ;\n"
    net = NET.replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 4")
    with pytest.raises(UsageError, match=r"1 pair\(s\) with trips and no way between them: node 3 to node 1 \(1 trips\)"):  # only through zone 2
        roads_sheets(read_tntp_network(write(tmp_path, net, trips)))
    open_net = net.replace("<FIRST THRU NODE> 3", "<FIRST THRU NODE> 1")
    assert main(["convert", str(write(tmp_path, open_net, trips)), str(tmp_path / "case")]) == DONE
    assert kr.load(tmp_path / "case").solve().objective_musd == pytest.approx(12.5 * 2 + 4 + 1, rel=1e-12)


def test_trips_without_a_way_can_be_left_out(tmp_path, run):
    trips = TRIPS.replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 4") + "Origin 3\n 1 : 1.5 ;\n"
    net = write(tmp_path, NET.replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 4"), trips)
    assert run(net, tmp_path / "case")[0] == WRONG_USE
    code, out, _ = run(net, tmp_path / "case", "--leave-out-unreachable")
    assert code == DONE
    assert "1 pair(s) with 1.5 trips have no way" in out
    assert sorted(kr.load(tmp_path / "case").consignments) == ["t1-2", "t2-1"]


def test_delays_are_those_of_the_file(tmp_path):
    assert main(["convert", str(write(tmp_path)), str(tmp_path / "case")]) == DONE
    case = kr.load(tmp_path / "case")
    delays = {d.of: d for d in case.delays.values()}
    assert sorted(delays) == ["l1", "l4", "l8"]  # no time, b of 0 and power of 0 have none
    assert (delays["l4"].kind, delays["l4"].full, delays["l4"].power) == ("bpr", 10, 4)
    assert delays["l4"].hours == pytest.approx(0.15 * 5 / 60, rel=1e-15)
    assert delays["l8"].power == 1.5
    assert case.links["l6"].hours == pytest.approx(4 * 1.5 / 60, rel=1e-15)  # a power of 0: there without load
    assert all(link.capacity is None for link in case.links.values())
    assert case.links["l4"].note == "toll 10; type 1"


def test_a_delay_beyond_a_year_keeps_its_curve(tmp_path):
    net = NET.replace("\t2\t0.15\t4\t30", "\t2000\t6000\t4\t30")
    assert main(["convert", str(write(tmp_path, net)), str(tmp_path / "case")]) == DONE
    d = kr.load(tmp_path / "case").delays["wait-l1"]
    for load in (0.1, 3.0, 40.0):
        assert d.hours * (load / d.full) ** d.power == pytest.approx(6000 * 2000 / 60 * (load / 10) ** 4, rel=1e-12)


def test_lengths_are_turned_into_km(tmp_path):
    assert main(["convert", str(write(tmp_path)), str(tmp_path / "said")]) == DONE
    assert kr.load(tmp_path / "said").links["l5"].length_km == pytest.approx(7 * 1.609344)
    assert main(["convert", str(write(tmp_path)), str(tmp_path / "told"), "--length-unit", "ft"]) == DONE
    assert kr.load(tmp_path / "told").links["l5"].length_km == pytest.approx(7 * 0.0003048)


def test_coordinates_in_degrees_are_kept(tmp_path, run):
    code, _, err = run(write(tmp_path, nodes=NODES), tmp_path / "case")
    assert (code, err) == (DONE, "")
    case = kr.load(tmp_path / "case")
    assert [(case.places[p].lon, case.places[p].lat) for p in ("n1", "n1-out", "n3")] == [(-90.5, 41), (-90.5, 41), (-90.45, 41.2)]
    assert case.places["n3"].source == "network"
    assert case.links["l1"].length_km > 20  # a mile in the file; the map says more, and so does the note
    assert "1.609344 km in the file" in case.links["l1"].note


def test_other_coordinates_are_drawn_small_and_marked(tmp_path, run):
    nodes = NODES.replace("-90.5\t41\t", "600000\t1900000\t")
    code, out, err = run(write(tmp_path, nodes=nodes), tmp_path / "case")
    assert (code, err) == (DONE, "")
    assert "no degrees" in out
    places = kr.load(tmp_path / "case").places.values()
    assert all(abs(p.lon) <= 0.02 and abs(p.lat) <= 0.02 and p.source == "guess" and p.confidence == "low" for p in places)
    assert len({(p.lon, p.lat) for p in places}) > 1


def test_files_may_be_packed_and_named(tmp_path):
    write(tmp_path)
    (tmp_path / "a.tntp.gz").write_bytes(gzip.compress(NET.encode()))
    (tmp_path / "b.txt").write_text(TRIPS, encoding="utf-8")
    assert main(["convert", str(tmp_path / "a.tntp.gz"), str(tmp_path / "case"), "--trips", str(tmp_path / "b.txt")]) == DONE
    assert kr.load(tmp_path / "case").solve().objective_musd == pytest.approx(29, rel=1e-12)


def test_columns_may_stand_in_another_order(tmp_path):
    words = [line.split() for line in (COLUMNS.strip("~\n") + "\n" + LINKS).replace(";", "").splitlines()]
    turned = [[w[i] for i in (0, 1, 4, 2, 3, 6, 5, 7, 8, 9)] for w in words]
    net = HEAD + "~ " + "\n".join(" ".join(w) + " ;" for w in turned)
    a, b = read_tntp_network(write(tmp_path / "a")), read_tntp_network(write(tmp_path / "b", net))
    for name in ("minutes", "km", "delay", "power", "full", "tail", "head"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_a_folder_with_one_network_is_enough(tmp_path):
    write(tmp_path / "toy")
    assert main(["convert", str(tmp_path / "toy"), str(tmp_path / "case"), "--to", "parquet"]) == DONE
    assert (tmp_path / "case" / "links.parquet").is_file()
    assert kr.load(tmp_path / "case").solve().objective_musd == pytest.approx(29, rel=1e-12)


def test_a_network_without_trips_to_make_is_a_case(tmp_path):
    assert main(["convert", str(write(tmp_path, trips="<NUMBER OF ZONES> 2\n<END OF METADATA>\n")), str(tmp_path / "case")]) == DONE
    assert kr.load(tmp_path / "case").solve().objective_musd == 0


@pytest.mark.parametrize(
    ("net", "trips", "words"),
    [
        (NET.replace("<END OF METADATA>\n", ""), TRIPS, ["toy_net.tntp: found no <END OF METADATA>"]),
        (NET.replace("<NUMBER OF NODES> 4\n", ""), TRIPS, ["no <NUMBER OF NODES>"]),
        (NET.replace("<NUMBER OF NODES> 4", "<NUMBER OF NODES> four"), TRIPS, ["line 2", "'four'"]),
        (NET.replace("<NUMBER OF LINKS> 8", "<NUMBER OF LINKS> 9"), TRIPS, ["found 8 links", "9"]),
        (NET.replace("<NUMBER OF LINKS> 8", "<NUMBER OF LINKS> 999999"), TRIPS, ["found 16 lines in all; expected 999,999 links"]),
        (NET.replace("<NUMBER OF NODES> 4", "<NUMBER OF NODES> 99999999"), TRIPS, ["line 2: found number of nodes 99999999; expected one from 0 to 1000000"]),
        (NET.replace("<NUMBER OF NODES> 4", "<NUMBER OF NODES> 0"), TRIPS, ["found init node 1"]),
        (NET.replace("<NUMBER OF LINKS> 8", "<NUMBER OF LINKS> 7"), TRIPS, ["line 16", "the end of the file after 7 links"]),
        (NET.replace("<NUMBER OF LINKS> 8", "<NUMBER OF LINKS> 0").replace(LINKS, ""), TRIPS, ["no link between two nodes"]),
        (NET.replace("\t1\t3\t10", "\t1\t5\t10"), TRIPS, ["line 9: found term node 5; expected one from 1 to 4"]),
        (NET.replace("\t1\t3\t10", "\t1\tc\t10"), TRIPS, ["line 9: found 'c'"]),
        (NET.replace("\t1\t3\t10", "\t1\t3\tnan"), TRIPS, ["line 9: found 'nan'; expected a number for the capacity"]),
        (NET.replace("\t1\t3\t10", "\t1\t3\t0"), TRIPS, ["line 9: found a capacity of 0"]),
        (NET.replace("\t1\t3\t10\t1\t2", "\t1\t3\t10\t1\t-2"), TRIPS, ["line 9: found free flow time -2; expected 0 or more"]),
        (NET.replace("\t1\t3\t10\t1\t2\t0.15\t4\t30\t0\t1\t;", "\t1\t3\t10;"), TRIPS, ["line 9: found 3 entries"]),
        (NET.replace("\t1\t3\t10\t1\t", "\t1\t3\t10\t99999\t"), TRIPS, ["160,933 km", "--length-unit"]),
        (NET.replace("\t1\t3\t10\t1\t2\t", "\t1\t3\t10\t1\t1e9\t"), TRIPS, ["1e+09 minutes on the link l1"]),
        (NET, TRIPS.replace("2 :     12.5", "9 :     12.5"), ["toy_trips.tntp, line 7: found destination 9; expected one from 1 to 2"]),
        (NET, TRIPS.replace("12.5", "many"), ["line 7: found 'many'"]),
        (NET, TRIPS.replace("12.5", "-1"), ["line 7: found trips -1"]),
        (NET, TRIPS.replace("Origin \t1 \n", ""), ["line 6", "'Origin ZONE'"]),
        (NET, TRIPS.replace("Origin 2", "Origin x"), ["line 9: found 'x'"]),
        (NET, TRIPS.replace("2 :     12.5", "2      12.5"), ["line 7", "'ZONE : TRIPS ;'"]),
        (NET, "", ["found no trips beside it; expected toy_trips.tntp", "--trips"]),
        (TRIPS, TRIPS, ["found a trip table; expected the network"]),
        ("", TRIPS, ["no <END OF METADATA>"]),
        ("\x89PNG", TRIPS, ["no <END OF METADATA>"]),
    ],
)  # fmt: skip
def test_wrong_files(tmp_path, run, net, trips, words):
    path = write(tmp_path, net or " ", trips)
    code, _, err = run(path, tmp_path / "case")
    assert code == WRONG_USE
    assert all(w in err for w in words), err
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trips", "toy_tripz.tntp"], ["toy_tripz.tntp", "Did you mean 'toy_trips.tntp'"]),
        (["--nodes", "nowhere.tntp"], ["nowhere.tntp", "TNTP node file"]),
        (["--nodes", "short.tntp"], ["short.tntp: found no coordinates of node 2 and 2 more"]),
        (["--toll-weight", "-1"], ["--toll-weight", "0 or more"]),
        (["--toll-weight", "nan"], ["--toll-weight"]),
        (["--length-unit", "league"], ["'league'", "km, mile, m, ft"]),
        (["--year", "1066"], ["'1066'", "1900 to 2100"]),
    ],
)
def test_wrong_options(tmp_path, monkeypatch, run, arguments, words):
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("short.tntp").write_text("node X Y ;\n1 3 4 ;\n", encoding="utf-8")
    code, _, err = run("toy_net.tntp", "case", *arguments)
    assert code == WRONG_USE
    assert all(w in err for w in words), err
    assert not Path("case").exists()


# --- published -----------------------------------------------------------------------------------------


def published(name: str) -> Path:
    if not (PUBLISHED / name).is_dir():
        pytest.skip("the published networks are not here")
    return next((PUBLISHED / name).glob("*_net.tntp"))


@pytest.mark.parametrize("name", ["Braess-Example", "SiouxFalls", "Anaheim", "Barcelona"])
def test_the_planner_takes_the_shortest_ways(tmp_path, name):
    net = published(name)
    assert main(["convert", str(net), str(tmp_path / "case")]) == DONE
    case, findings = check_case(tmp_path / "case")
    assert (case is not None, findings) == (True, [])
    plan = kr.load(tmp_path / "case").solve()
    assert plan.objective_musd == pytest.approx(least(net, Path(str(net).replace("_net", "_trips"))), rel=1e-9)
    assert list(plan.shortages.quantity) == []


@pytest.mark.parametrize("name", ["SiouxFalls", "Anaheim", "Barcelona", "Chicago-Sketch"])
def test_costs_and_trips_are_those_of_the_file(tmp_path, name):
    net = published(name)
    toll, distance = WEIGHTS.get(name, ("0", "0.1"))
    assert main(["convert", str(net), str(tmp_path / "case"), "--toll-weight", toll, "--distance-weight", distance]) == DONE
    network = build(kr.load(tmp_path / "case"), 2023)
    n, first, links, pairs = plain(net, Path(str(net).replace("_net", "_trips")))
    wanted = cost_of(links, float(toll), float(distance))
    got = np.array([e.cost["trips"] for e in sorted(network.edges, key=lambda e: e.name)])
    assert np.abs(got - wanted).max() <= 1e-12 * wanted.max()
    assert np.all(np.abs(got - wanted) <= 1e-12 * np.maximum(wanted, 1e-300))
    sent = {(int(c.name[1:].split("-")[0]), int(c.name.split("-")[1])): c.quantity for c in network.consigned}
    assert sent == {pair: q for pair, q in pairs.items() if q > 0 and pair[0] != pair[1]}
    bound = {(network.vertices[e.tail][0], network.vertices[e.head][0]) for e in network.edges}
    digits = len(str(n))
    assert bound == {(f"n{int(t):0{digits}}" + ("-out" if t < first else ""), f"n{int(h):0{digits}}") for t, h in links[:, :2]}


@pytest.mark.parametrize(("name", "objective"), [("SiouxFalls", 42.31335287107440e5), ("Barcelona", 1265654.92203176)])
def test_shippers_are_the_published_equilibrium(tmp_path, name, objective):
    assert main(["convert", str(published(name)), str(tmp_path / "case")]) == DONE
    plan = kr.load(tmp_path / "case").solve(behaviour="shippers", gap=1e-10)
    assert plan.objective_musd == pytest.approx(objective, rel=2e-10)
    assert plan.certificate.relative_gap <= 1e-10
    assert plan.to_dict()["engine"].startswith("equilibrium")
