"""What the command line writes as JSON is what docs/schemas say, key for key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest

from keruen.cli import main
from small import small_tables, write_small, write_tables

DOCS = Path(__file__).resolve().parents[1] / "docs"
Run = Callable[..., Any]


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8")))


def _no_constant(word: str) -> NoReturn:
    raise AssertionError(f"{word} is not JSON")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "small")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(name: str, *arguments: str, code: int = 0, shape: str = "") -> Any:
        """Run ``keruen NAME ... --format json``, check the exit code, validate by the schema NAME or ``shape``, return the data."""
        assert main([name, *arguments, "--format", "json"]) == code
        data = json.loads(capsys.readouterr().out, parse_constant=_no_constant)
        jsonschema.Draft202012Validator(schema(shape or name)).validate(data)
        return data

    return call


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that describes an object with named keys."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for part in node.values():
            yield from _objects(part)
    elif isinstance(node, list):
        for part in node:
            yield from _objects(part)


SHAPES = [
    "solve", "check", "depend", "stress", "worst", "sample", "invest", "rules", "relations", "trade", "claims", "why", "why-numbers", "why-result",
    "read", "calibrate", "predict", "convert",
]  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_schema_is_strict_and_says_what_every_key_means(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    found = list(_objects(schema(name)))
    assert found
    for part in found:
        assert part["additionalProperties"] is False
        for key, spec in part["properties"].items():
            assert "$ref" in spec or spec.get("description"), key
            if "number" in spec.get("type", ()) and not {"unit", "unitFrom"} & set(spec):
                assert "relative" in spec["description"], key
            assert spec.get("unitFrom", key) in part["properties"]


@pytest.mark.parametrize("name", SHAPES)
def test_page_explains_every_key(name: str) -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", page, flags=re.M)
    titles = {"worst": "stress --worst", "sample": "stress --sample", "why-result": "why RESULT", "why-numbers": "why TABLE"}
    title = f"keruen {titles.get(name, name)}"
    text = next(part for part in section if part.startswith(title))
    for part in _objects(schema(name)):
        for key in part["properties"]:
            assert f"`{key}`" in text, f"{name}: {key}"


def test_base(folder: Path, run: Run) -> None:
    plan = run("solve", str(folder))
    assert plan["scenario"] == []
    assert plan["status"] == "optimal"
    assert "comparison" not in plan
    flow = {(r["link"], r["commodity"]): r["flow"] for r in plan["links"]}
    assert flow["pipe-hub-terminal", "crude"] == pytest.approx(7)
    assert plan["screenlines"][0]["difference"] == pytest.approx(0.5)


def test_closed_country_and_comparison(folder: Path, run: Run) -> None:
    plan = run("solve", str(folder), "--close", "country=XX", "--compare", "base")
    assert plan["compared_with"] == []
    assert {s["side"] for s in plan["shortages"]} >= {"supply", "demand"}
    changed = {(r["what"], r["name"]): r for r in plan["comparison"]}
    exports = changed["exports", "crude"]
    assert exports["change"] == pytest.approx(exports["plan"] - exports["base"])
    assert exports["change"] < 0 < changed["unmet demand", "crude"]["change"]


def test_several_years_and_verify(folder: Path, run: Run) -> None:
    plans = run("solve", str(folder), "--year", "2027-2028", "--verify")
    assert [p["year"] for p in plans] == [2027, 2028]
    assert plans[0]["certificate"]["verified"] < 1e-6


def test_signs(folder: Path, run: Run) -> None:
    """The conventions that docs/json.md promises."""
    plan = run("solve", str(folder), "--close", "country=XX")
    for row in plan["commodities"]:
        assert row["left_behind"] == pytest.approx(row["offered"] - row["moved"])
    for row in plan["limits"]:
        if row["price_musd_per_unit"] > 0:
            assert row["load"] == pytest.approx(row["capacity"])
            assert row["price_holds_from"] <= row["capacity"] <= row["price_holds_to"]
    assert all(r["share_min"] - 1e-6 <= r["share"] <= r["share_max"] + 1e-6 for r in plan["countries"])


@pytest.mark.parametrize("by", ["country", "place", "operator"])
def test_depend(folder: Path, run: Run, by: str) -> None:
    data = run("depend", str(folder), "--by", by, "--year", "2023-2024")
    assert data["shares"]
    assert {by} == {"country", "place", "operator"} & set(data["shares"][0])
    assert {r["year"] for r in data["shares"]} == {2023, 2024}


def test_stress(folder: Path, run: Run) -> None:
    data = run("stress", str(folder), "--by", "link", "--by", "country", "--deep", "2", "--quiet")
    assert data["closures"][0]["loss_musd"] > 0
    assert run("stress", str(folder), "--by", "plant", "--year", "2024", "--quiet")["by"] == ["plant"]


def test_worst(folder: Path, run: Run) -> None:
    data = run("stress", str(folder), "--worst", "2", "--quiet", shape="worst")
    assert len(data["closed"]) <= 2
    assert data["gap"] <= 1e-4


def test_invest(folder: Path, run: Run) -> None:
    plan = run("invest", str(folder), "--by", "2030", "--quiet")
    assert plan["status"] == "optimal"
    assert plan["projects"][0]["project"] == "new-pipe"
    assert run("invest", str(folder), "--by", "2030", "--brief", "--quiet", "--target", "crude over tanker-port-far >= 1 Mt")["targets"][0]["met"]
    safe = run("invest", str(folder), "--by", "2030", "--quiet", "--survive", "any-link", "--at-most-lost", "0%", code=1)
    assert safe["status"] == "nearest"
    assert safe["insurance"]["closures"] == 10


def test_calibrate_and_predict(run: Run) -> None:
    assert run("calibrate", "kazakhstan", "--until", "2021", "--spread", "8")["constants"]
    assert run("predict", "kazakhstan", "--given", str(DOCS / "given-2024.toml"))["year"] == 2024
    assert run("solve", "kazakhstan", "--behaviour", "shippers")["status"] == "equilibrium"


def test_sample(folder: Path, run: Run) -> None:
    data = run("stress", str(folder), "--sample", "20", "--seed", "3", "--quiet", shape="sample")
    assert data["draws"] == 20


def test_rules_relations_and_trade_of_the_shipped_case(run: Run) -> None:
    assert run("rules", "kazakhstan", "--scenario", "sanctions-tightened")["rules"][0]["costs_musd"] > 0
    assert run("relations", "KZ", "--on", "2024-05-01")["levels"]
    assert run("relations", "KZ", "--partner", "VN")["on"] is None
    assert run("trade", "kazakhstan")["balance"]
    assert run("why", "kazakhstan", "plants.refinery-shymkent.capacity")["moves"]
    assert run("why", "kazakhstan", "exports.crude", "--guesses", shape="why-result")
    assert run("claims", "kazakhstan")["counts"]["infeasible"] == 3
    assert run("trade", "kazakhstan", "--partner", "CN")["balance"] == []


def test_read(tmp_path: Path, run: Run) -> None:
    article = tmp_path / "article.txt"
    text = "In 2022 trade reached more than 31 billion dollars. Some 40 ships came, twice as many as in 2021."
    article.write_text(f"By Our Own Reporter\n\n{text}", encoding="utf-8")
    found = run("read", str(article), "--stripped")
    assert {p["value"] for p in found["proposals"]} >= {31, 40, 2}
    assert run("read", str(article), "--date", "2023-05-01")["date"] == "2023-05-01"


def test_check_of_a_sound_case(folder: Path, run: Run) -> None:
    data = run("check", str(folder))
    assert data["problems"] == []
    assert data["numbers"]["links"]["rival"] == 1


def test_check_of_a_case_with_problems(tmp_path: Path, run: Run) -> None:
    tables = small_tables()
    tables["links"][0]["to"] = "hubb"
    tables["supplies"][0]["quantity"] = -9
    data = run("check", str(write_tables(tmp_path / "bad", tables)), code=1)
    assert {p["code"] for p in data["problems"]} >= {"unknown-id", "out-of-bounds"}
    assert data["numbers"] == {}
