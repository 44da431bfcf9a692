"""What is known of a year from outside: files, totals that must add up, and what they make of a case."""

from __future__ import annotations

from pathlib import Path

import pytest

import keruen as kr
from keruen.ask.given import Given, consigned_lines, laid, network_of, read_given, settle
from keruen.errors import UsageError

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def case():
    return kr.load("kazakhstan")


def file(tmp_path, text, name="given.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_and_csv_say_the_same(case, tmp_path):
    toml = read_given(file(tmp_path, 'year = 2024\nprojects = ["tankers-8000-t-two"]\nscenarios = ["red-sea-2024"]\nsea_usd_per_feu = 3000\n'
                           '[totals]\nfield-tengiz = 28\n[set]\n"links.cpc-moorings.capacity" = 60\n'), case)  # fmt: skip
    csv = read_given(file(tmp_path, "name,value,source\nyear,2024,\nproject,tankers-8000-t-two,x\nscenario,red-sea-2024,\nsea_usd_per_feu,3000,\n"
                          "field-tengiz,28,book\nlinks.cpc-moorings.capacity,60,\n", "given.csv"), case)  # fmt: skip
    assert toml == csv
    assert toml == Given(2024, {"field-tengiz": 28.0}, {("links", "cpc-moorings", "capacity"): 60.0}, ("tankers-8000-t-two",), ("red-sea-2024",), 3000.0)


@pytest.mark.parametrize(("text", "words"), [
    ("year = 2024\n[totals]\nfield-tengis = 28\n", ["'field-tengis'", "Did you mean 'field-tengiz'"]),
    ("year = 2024\n[totals]\nfield-tengiz = -3\n", ["found -3", "a number from 0"]),
    ("year = 2024\n[totals]\nfield-tengiz = 'much'\n", ["found 'much'", "a number from 0"]),
    ("year = 1066\n", ["1066", "from 2015 to 2035"]),
    ("[totals]\nfield-tengiz = 28\n", ["found no year"]),
    ("year = 2024\ntotal = 3\n", ["'total'", "Did you mean 'totals'"]),
    ("year = 2024\n[totals]\ncpc-kz = 55\n", ["cpc-kz: found a screenline of links", "keruen predicts"]),
    ("year = 2024\nprojects = ['tankers']\n", ["found project 'tankers'"]),
    ("year 2024", ["expected TOML"]),
])  # fmt: skip
def test_wrong_files_say_what_to_mend(case, tmp_path, text, words):
    with pytest.raises(UsageError) as error:
        read_given(file(tmp_path, text), case)
    assert all(word in str(error.value) for word in ["given.toml", *words])


def test_at_most_five_are_named(case, tmp_path):
    text = "year = 2024\n[totals]\n" + "".join(f"no-such-{i} = 1\n" for i in range(9))
    with pytest.raises(UsageError) as error:
        read_given(file(tmp_path, text), case)
    assert str(error.value).count("\n") == 5
    assert "and 4 more" in str(error.value)


def test_csv_without_its_columns_and_no_file(case, tmp_path):
    with pytest.raises(UsageError, match="expected name and value"):
        read_given(file(tmp_path, "what,much\na,1\n", "given.csv"), case)
    with pytest.raises(UsageError, match="found no file that can be read"):
        read_given(tmp_path / "none.toml", case)
    with pytest.raises(UsageError, match=r"found year 2024; expected 2025"):
        read_given(file(tmp_path, "year = 2024\n"), case, 2025)


def test_totals_settle_from_narrow_to_wide():
    base = {"a": 2.0, "b": 1.0, "c": 3.0}
    parts = {"all": {"a": 1, "b": 1, "c": 1}, "a alone": {"a": 1.0}}
    assert settle(base, parts, {"all": 10.0, "a alone": 4.0}) == pytest.approx({"a": 4.0, "b": 1.5, "c": 4.5})
    assert settle(base, {"all": {"a": 2.0, "b": 1.0}}, {"all": 10.0}) == pytest.approx({"a": 4.0, "b": 2.0})
    assert settle({"a": 0.0}, {"x": {"a": 2.0}}, {"x": 6.0}) == {"a": 3.0}


def test_a_year_as_it_is_known(case):
    given = Given(2022, {"crude-production": 84.24, "field-tengiz": 29.2, "refining-total": 17.0})
    n = network_of(case, given)
    offers = {o.name: o.quantity for o in n.offers if o.commodity == "crude"}
    assert offers["crude-tengiz"] == pytest.approx(29.2)
    assert sum(offers.values()) == pytest.approx(84.24)
    intake = sum(w.capacity for w in n.works if w.input == "crude") + sum(w.quantity for w in n.wants if w.name == "crude-mini-refineries")
    assert intake == pytest.approx(17.0)
    assert not any(r.kind == "practice" and r.effect in ("cap", "floor") for r in n.rules)


def test_the_price_by_sea_moves_oceans_and_not_the_caspian(case):
    n = network_of(case, Given(2024, sea=2 * 1479.0))
    base = network_of(case, Given(2024))
    dear = {e.name for e, b in zip(n.edges, base.edges, strict=True) if e.cost != b.cost}
    assert {"sea-shanghai-suez", "sea-suez-rotterdam"} <= dear
    assert not any("aktau" in name or "kuryk" in name for name in dear)


def test_lines_of_consigned_goods(case):
    lines = consigned_lines(case)
    assert {"titr-total", "kz-china-rail", "northern-cn-eu"} <= lines
    assert not {"cpc-kz", "crude-production", "gas-china-own"} & lines


def test_the_example_of_the_docs(case):
    given = read_given(DOCS / "given-2024.toml", case)
    assert given.year == 2024
    assert laid(case, given).names == ("what is given of 2024",)
