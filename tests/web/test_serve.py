"""The server: answers held to their schema and to the command line, and refusals of whatever is wrong."""

from __future__ import annotations

import gzip
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pandas as pd
import pytest

import keruen as kr
from keruen.cli import main
from keruen.web.app import STATIC
from small import write_small
from web_server import SRC, Served, serving

SCHEMA = json.loads((SRC.parent / "docs" / "schemas" / "serve.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("case") / "small")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(str(folder), "--workers", "1") as found:
        yield found


def held(data: Any, part: str) -> Any:
    """The data, if it is what the schema says."""
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}).validate(data)
    return data


def test_the_schema_is_strict_and_says_what_every_key_means() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name, part in SCHEMA["$defs"].items():
        assert part["additionalProperties"] is False, name
        for key, spec in part["properties"].items():
            assert "$ref" in spec or spec["description"], (name, key)
            if "number" in spec.get("type", ()):
                assert {"unit", "unitFrom"} & set(spec) or "relative" in spec["description"], (name, key)
            assert spec.get("unitFrom", key) in part["properties"], (name, key)


@pytest.mark.parametrize("path", ["/api/answer?close=country=XX", "/api/case", "/api/table?table=links&format=csv", "/api/map?close=country=XX"])
def test_answers_are_packed_for_those_who_can_unpack_them(served: Served, path: str) -> None:
    plain = served.get(path)[2]
    for accepted, packed in (("gzip, deflate, br", True), ("identity", False), ("br, gzip;q=0", False)):
        line = HTTPConnection("127.0.0.1", served.port, timeout=60)
        line.request("GET", path, headers={"Accept-Encoding": accepted})
        answer = line.getresponse()
        body = answer.read()
        line.close()
        assert (answer.getheader("content-encoding") == "gzip") is packed
        assert answer.getheader("vary") == "accept-encoding"
        assert (gzip.decompress(body) if packed else body) == plain
        assert len(body) < len(plain) or not packed


def test_it_says_who_can_reach_it(served: Served) -> None:
    assert f"http://127.0.0.1:{served.port}/" in served.said
    assert "Only this machine" in served.said


@pytest.mark.parametrize("query", ["", "close=country=XX", "year=2024&tax=place=terminal,usd=3", "scale=transfer=port-berths,capacity=2"])
def test_every_answer_is_what_the_schema_says(served: Served, query: str) -> None:
    for part in ("answer", "ground", "shares", "worst", "claims"):
        held(served.json(f"/api/{part}?{query}"), part)
    for what, name in (("link", "pipe-hub-terminal"), ("place", "port"), ("country", "XX")):
        held(served.json(f"/api/about?{query}&what={what}&name={name}"), "about")
    held(served.json("/api/case"), "case")


def test_numbers_are_those_of_the_command_line(served: Served, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = served.json("/api/answer?close=country=XX")
    assert main(["solve", str(folder), "--close", "country=XX", "--compare", "base", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert told["objective_musd"] == plan["objective_musd"]
    assert told["cost_musd"] == plan["cost_musd"]
    assert {g["commodity"]: g["exports"] for g in told["goods"] if g["exports"] is not None} == {e["commodity"]: e["moved"] for e in plan["exports"]}
    assert {b["limit"]: b["price_musd_per_unit"] for b in told["bottlenecks"]} == {
        x["limit"]: x["price_musd_per_unit"] for x in plan["limits"] if x["price_musd_per_unit"] > 1e-6
    }
    assert served.json("/api/shares?close=country=XX")["countries"] == plan["countries"]
    base = served.json("/api/answer")
    assert (told["base_cost_musd"], told["base_objective_musd"]) == (base["cost_musd"], base["objective_musd"])


def test_the_worst_closures_are_those_of_the_command_line(served: Served, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = served.json("/api/worst?by=place&close=link=pipe-hub-port")
    assert main(["stress", str(folder), "--by", "place", "--close", "link=pipe-hub-port", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["closures"][:5]
    assert [(f"{c['kind']} {c['name']}", c["loss_musd"]) for c in told["closures"]] == [(r["closed"][0], r["loss_musd"]) for r in rows]
    assert rows


def test_the_same_question_gives_the_same_bytes_however_it_is_put(served: Served) -> None:
    one = served.get("/api/answer?close=country=XX&year=2023")[2]
    assert served.get("/api/answer?year=2023&close=country%3DXX&close=country=XX")[2] == one


def test_claims_are_judged_in_the_world_of_the_scenario() -> None:
    case, only = kr.load("kazakhstan"), ["c0-19", "c1-17", "c2-15"]
    free, shut = ({j.claim.claim: j.verdict for j in kr.claims(case, only, scenario=under).judged} for under in (None, kr.close(country="RU")))
    assert free == {"c0-19": "differs", "c1-17": "holds", "c2-15": "holds"}
    assert shut == {"c0-19": "contradicted", "c1-17": "contradicted", "c2-15": "holds"}


def test_tables_can_be_taken_away(served: Served, folder: Path) -> None:
    status, headers, body = served.get("/api/table?table=links&format=csv&close=country=XX")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="small-2023-links.csv"'
    plan = kr.load(folder).solve(2023, kr.close(country="XX"))
    table = pd.read_csv(io.BytesIO(body))
    assert list(table.columns) == list(plan.links.columns)
    assert table.flow.tolist() == plan.links.flow.tolist()
    for name in served.json("/api/case")["tables"]:
        status, _, body = served.get(f"/api/table?table={name}&format=parquet&close=country=XX")
        assert status == 200, body
        assert len(pd.read_parquet(io.BytesIO(body))) == len(pd.read_csv(io.BytesIO(served.get(f"/api/table?table={name}&close=country=XX")[2])))


def test_map_report_and_scenario_file(served: Served) -> None:
    assert served.get("/api/map")[2].startswith(b"<svg ")
    status, headers, body = served.get("/api/report?close=country=XX")
    assert (status, headers["content-disposition"]) == (200, 'attachment; filename="small-2023-report.html"')
    assert b"<!doctype html>" in body[:200].lower()
    text = served.get("/api/toml?close=country=XX")[2]
    told = served.json("/api/scenario", method="POST", body=text, content_type="application/toml")
    assert told == {"query": "year=2023&close=country=XX"}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/api/answer?close=country=XXX", 400, "Did you mean 'XX'"),
        ("/api/answer?colour=red", 400, "nothing that an address may say"),
        ("/api/answer?w=99999", 400, "from 400 to 2000"),
        ("/api/answer?w=%D9%A3%D9%A0%D9%A0", 400, "from 400 to 2000"),
        ("/api/answer?" + "close=link=a&" * 400, 400, "at most 200|characters"),
        ("/api/answer?close=" + "x" * 17000, 414, "longer than"),
        ("/api/about?what=link&name=pipe", 400, "no link 'pipe'"),
        ("/api/about", 400, "link, place, country"),
        ("/api/worst?by=colour", 400, "by takes one of"),
        ("/api/table?table=secrets", 400, "there are the tables"),
        ("/api/table?table=../../x&format=csv", 400, "there are the tables"),
        ("/static/../app.py", 404, "nothing at"),
        ("/static/%2e%2e%2fapp.py", 404, "nothing at"),
        ("/static/..%2f..%2fcases/kazakhstan/case.toml", 404, "nothing at"),
        ("/static/page.html", 404, "nothing at"),
        ("//etc/passwd", 404, "nothing at"),
        ("/api/jobs/nobody", 404, "no such long question"),
        ("/api/answer?scenario=../../../../etc/passwd", 400, "no scenario"),
    ],
)
def test_bad_addresses_are_refused_in_words(served: Served, path: str, status: int, told: str) -> None:
    found, words = served.refused(path)
    assert found == status
    held({"error": {"status": found, "message": words}}, "error")
    assert any(part in words for part in told.split("|")), words
    assert "Traceback" not in words


@pytest.mark.parametrize(
    ("body", "kind", "status", "told"),
    [
        (b"[[close]]\ncountry = 'XXX'", "application/toml", 400, "XXX"),
        (b"[[close]]\ncountry = 'XX'", "text/plain", 415, "application/toml"),
        (b"[[close]]\ncountry = '\xff'", "application/toml", 400, "UTF-8"),
        (b"#" * 300_000, "application/toml", 413, "at most 200,000 bytes"),
        (b"a = " + b"[" * 150_000, "application/toml", 400, ""),
        (b"".join(b"[[close]]\nlink = 'pipe-hub-port'\nshare = 0.%d\n" % i for i in range(1, 400)), "application/toml", 400, "at most 200"),
    ],
)
def test_bad_scenario_files_are_refused_in_words(served: Served, body: bytes, kind: str, status: int, told: str) -> None:
    found, words = served.refused("/api/scenario", method="POST", body=body, content_type=kind)
    assert found == status
    assert told in words
    assert len(words) < 2000


def test_bodies_without_a_length_are_cut_off(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(b"POST /api/scenario HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/toml\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(40):
                line.sendall(b"4000\r\n" + b"#" * 0x4000 + b"\r\n")
        except OSError:
            pass
        assert b" 413 " in line.recv(4096)


def test_nonsense_on_the_line_harms_nobody(served: Served) -> None:
    long = b"a" * 90_000
    for rubbish in (b"\x00\xff" * 50 + b"\r\n\r\n", b"GET /" + long + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + long):
        with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
            try:
                line.sendall(rubbish)
                line.shutdown(socket.SHUT_WR)
                line.recv(4096)
            except OSError:
                pass
    assert served.json("/health")["case"] == "small"


def test_strangers_pages_change_nothing(served: Served) -> None:
    body = b'{"question": "worst", "query": ""}'
    for headers in ({"origin": "https://elsewhere.example"}, {"sec_fetch_site": "cross-site"}):
        assert served.refused("/api/jobs", method="POST", body=body, content_type="application/json", **headers)[0] == 403
    assert served.refused("/api/answer", host="elsewhere.example")[0] == 403
    assert served.refused("/api/answer", host=f"elsewhere.example:{served.port}")[0] == 403
    assert served.get("/api/case", host=f"localhost:{served.port}")[0] == 200
    assert served.refused("/api/answer", method="POST", body=b"")[0] == 405


def test_headers_of_safety(served: Served) -> None:
    for path in ("/", "/static/main.js", "/api/case", "/nothing"):
        headers = served.get(path)[1]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    assert "default-src 'none'" in served.get("/api/report")[1]["content-security-policy"]


def test_every_file_of_the_page_is_there_and_names_no_other_place(served: Served) -> None:
    folder = SRC / "keruen" / "web" / "static"
    assert sorted(p.name for p in folder.iterdir()) == sorted([*STATIC, "page.html"])
    for name in STATIC:
        status, headers, body = served.get(f"/static/{name}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, STATIC[name])
        assert b"http" not in body.replace(b"http://www.w3.org/", b"")
    assert b"http" not in served.get("/")[2]


def test_long_questions_run_outside_and_are_watched(served: Served, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"question": "pairs", "by": "link", "query": "close=link=pipe-hub-port"}).encode()
    job = held(served.json("/api/jobs", method="POST", body=body, content_type="application/json"), "job")
    until = time.monotonic() + 120
    while job["state"] == "running" and time.monotonic() < until:
        time.sleep(0.2)
        job = held(served.json(f"/api/jobs/{job['job']}"), "job")
    assert (job["state"], job["percent"], job["error"]) == ("done", 100, "")
    assert main(["stress", str(folder), "--deep", "2", "--brief", "--close", "link=pipe-hub-port", "--format", "json"]) == 0
    rows = [r for r in json.loads(capsys.readouterr().out)["closures"] if len(r["closed"]) == 2]
    assert job["result"]["in_all"] == len(rows)
    assert [r["closed"] for r in job["result"]["rows"]] == [r["closed"] for r in rows[:20]]


def test_long_questions_can_be_stopped_and_are_few(served: Served) -> None:
    def start() -> tuple[int, Any]:
        body = json.dumps({"question": "sample", "n": 2000, "query": ""}).encode()
        status, _, told = served.get("/api/jobs", method="POST", body=body, content_type="application/json")
        return status, json.loads(told)

    first, second, third = start(), start(), start()
    assert [first[0], second[0], third[0]] == [202, 202, 503]
    assert "running already" in third[1]["error"]["message"]
    for _, job in (first, second):
        assert served.json(f"/api/jobs/{job['job']}", method="DELETE")["state"] == "stopped"
    again = start()
    assert again[0] == 202
    assert served.json(f"/api/jobs/{again[1]['job']}", method="DELETE")["state"] == "stopped"


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"[]", "a JSON object"), (b"{", "not JSON"), (b'{"question": "all"}', "long questions"), (b'{"question": "worst", "k": 99}', "from 2 to 5"),
     (b'{"question": "worst", "by": "moon"}', "by takes"), (b'{"question": "worst", "query": "close=x"}', "KIND=NAME"),
     (b'{"question": ["worst"]}', "long questions")],
)  # fmt: skip
def test_bad_long_questions_are_refused_in_words(served: Served, body: bytes, told: str) -> None:
    status, words = served.refused("/api/jobs", method="POST", body=body, content_type="application/json")
    assert status == 400
    assert told in words


def test_several_at_once_get_their_own_answers(served: Served) -> None:
    queries = [f"scale=link=pipe-hub-terminal,capacity={c}" for c in (0.2, 0.4, 0.6, 0.8)] * 6
    alone = {q: served.json(f"/api/answer?{q}")["objective_musd"] for q in set(queries)}
    assert len(set(alone.values())) > 1
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda q: served.json(f"/api/answer?{q}&w=500")["objective_musd"], queries))
    assert found == [alone[q] for q in queries]


def test_one_who_goes_away_takes_nothing_with_him(served: Served) -> None:
    def leave(i: int) -> None:
        with socket.create_connection(("127.0.0.1", served.port)) as line:
            line.sendall(f"GET /api/shares?scale=link=pipe-hub-port,cost=1.{i} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            time.sleep(0.05)

    threads = [threading.Thread(target=leave, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served.get("/api/shares?scale=link=pipe-hub-port,cost=3")[0] == 200


def test_a_worker_that_is_killed_is_replaced(served: Served) -> None:
    psutil = pytest.importorskip("psutil")
    served.get("/api/answer")
    for child in psutil.Process(served.process.pid).children(recursive=True):
        if any("spawn_main" in word for word in child.cmdline()):
            child.kill()
    assert served.get("/api/answer?scale=link=pipe-hub-port,cost=1.77")[0] == 200


def test_with_a_token_only_those_who_know_it(folder: Path) -> None:
    token = "a-long-enough-word"
    with serving(str(folder), "--host", "0.0.0.0", "--token", token, "--workers", "1") as found:
        assert "need the token" in found.said
        assert token not in found.said
        assert found.refused("/")[0] == 401
        assert found.refused("/api/answer")[0] == 401
        assert found.refused("/?token=wrong-wrong-wrong")[0] == 401
        assert found.refused("/api/case", authorization="Bearer wrong-wrong")[0] == 401
        assert found.refused("/api/case", cookie="keruen-token=wrong; \x01")[0] == 401
        assert found.get("/api/case", authorization=f"Bearer {token}")[0] == 200
        status, headers, _ = found.get(f"/?token={token}&close=country%3DXX")
        assert (status, headers["location"]) == (303, "/?close=country%3DXX")
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert found.get("/", cookie=cookie.partition(";")[0])[0] == 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "needs --token"),
        (["--host", "0.0.0.0", "--token", "short"], "at least 12"),
        (["--token", "words with spaces in"], "at least 12 letters or digits"),
        (["--port", "99999"], "from 0"),
        (["--workers", "0"], "from 1 to 64"),
        (["--host", "no.such.host.invalid", "--token", "a-long-enough-word"], "no address of this machine"),
    ],
)
def test_wrong_use_is_refused_before_anything_listens(folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(folder), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(folder: Path, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(folder), "--port", str(served.port)]) == 2
    assert "Choose another with --port" in capsys.readouterr().err


def test_other_names_of_an_address_are_read_the_same(served: Served) -> None:
    assert served.json("/api/answer?" + quote("close=country=XX", safe="="))["scenario"] == ["close country XX"]
