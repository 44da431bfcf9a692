"""The shipped case: it is sound, it closes, every system named for it is there and can be shut."""

from __future__ import annotations

import csv
from functools import cache

import pytest

import keruen as kr
from keruen.case import numbers_by_kind
from keruen.check import check_case
from keruen.files.folder import shipped_cases
from keruen.plan import Plan


@cache
def case() -> kr.Case:
    return kr.load("kazakhstan")


@cache
def base() -> Plan:
    return case().solve(2023)


def line(plan: Plan, screenline: str) -> float:
    return plan.screenline_flow(screenline)


def crude_exports(plan: Plan) -> tuple[float, float]:
    row = plan.exports.set_index("commodity").loc["crude"]
    return float(row["wanted"]), float(row["moved"])


# Every system the case was asked for, and the rows that stand for it.
SYSTEMS = {
    "CPC": {
        "link": ["pipe-cpc-tengiz-atyrau", "pipe-cpc-atyrau-komsomolskaya", "pipe-cpc-komsomolskaya-kropotkinskaya", "pipe-cpc-kropotkinskaya-novorossiysk"]
    },
    "CPC moorings": {"link": "cpc-moorings"},
    "Atyrau-Samara and onward": {
        "link": ["pipe-atyrau-bolshoi-chagan", "pipe-bolshaya-chernigovka-samara", "pipe-samara-sheskharis", "pipe-samara-ust-luga", "pipe-samara-unecha"]
    },
    "Kenkiyak-Atyrau": {"link": "pipe-atyrau-kenkiyak"},
    "Kenkiyak-Kumkol": {"link": "pipe-kenkiyak-kumkol"},
    "Atasu-Alashankou": {"link": "pipe-atasu-alashankou"},
    "tankers Aktau-Baku": {"link": ["tanker-aktau-sangachal", "tanker-aktau-dubendi"]},
    "tankers Aktau-Makhachkala": {"link": "tanker-aktau-makhachkala"},
    "Aktau oil berths": {"transfer": "aktau-oil-berths"},
    "tanker fleets": {"fleet": ["kmtf-12k", "kmtf-8k", "asco-13k", "ru-5k"]},
    "BTC": {"link": ["pipe-sangachal-tbilisi", "pipe-tbilisi-ceyhan"]},
    "Batumi rail": {"link": ["rail-crude-baku-batumi", "rail-crude-kulsary-batumi"]},
    "Druzhba to Germany": {"link": ["pipe-unecha-adamowo", "pipe-adamowo-schwedt"]},
    "Russian oil in transit": {"consignment": ["crude-russia-china", "crude-russia-uzbekistan"]},
    "refineries": {"plant": ["refinery-atyrau", "refinery-pavlodar", "refinery-shymkent", "caspi-bitum"]},
    "gas plants": {"plant": ["kashagan-gas-plant", "karachaganak-gas-plant", "orenburg-gas-plant"]},
    "Beineu-Bozoy-Shymkent": {"link": ["gas-beineu-bozoy", "gas-bozoy-kyzylorda", "gas-kyzylorda-akbulak"]},
    "Central Asia-China gas": {"link": ["gas-gedaim-uzbek-border", "gas-uzbek-border-akbulak", "gas-akbulak-khorgos"]},
    "Central Asia-Centre gas": {"link": ["gas-beineu-makat", "gas-makat-alexandrov-gai", "gas-beineu-karakalpakia"]},
    "Trans-Caspian by Aktau": {"link": ["sea-aktau-alat-boxes", "sea-aktau-alat-dry"]},
    "Trans-Caspian by Kuryk": {"link": ["ferry-kuryk-alat"]},
    "Northern route through Russia": {"link": ["rail-aktobe-iletsk", "rail-moscow-brest", "rail-brest-malaszewicze"]},
    "rail to Iran": {"link": ["rail-bolashak-serkhetyaka", "rail-etrek-incheh-borun"]},
    "Dostyk": {"place": "dostyk"},
    "Khorgos/Altynkol": {"place": ["altynkol", "khorgos"]},
    "Bakhty": {"place": "bakhty"},
    "Kalzhat": {"place": "kalzhat"},
    "Poti": {"place": "poti"},
    "Batumi": {"place": "batumi"},
    "Baku-Tbilisi-Kars": {"link": ["rail-gardabani-akhalkalaki", "rail-akhalkalaki-kars"]},
    "Chinese and European ends": {"place": ["xian", "urumqi", "lianyungang", "duisburg", "rotterdam"]},
    "the sea route": {"link": ["sea-shanghai-suez", "sea-suez-rotterdam"]},
    "Viet Nam by sea": {"link": "sea-hai-phong-lianyungang"},
    "Viet Nam by rail": {"link": "rail-dong-dang-pingxiang"},
}
PROJECTS = [
    "shymkent-doubling",
    "kashagan-gas-plant-4",
    "karachaganak-gas-plant-4",
    "bakhty-ayagoz",
    "new-track-1300-km",
    "kenkiyak-atyrau-12",
    "tankers-8000-t-two",
]
SCENARIOS = ["cpc-moorings-2022", "unrest-january-2022", "russia-closed", "caspian-low-water", "china-border-jam", "sanctions-tightened", "five-times-caspian"]


def test_no_problem_is_found_and_guesses_are_counted() -> None:
    found, findings = check_case("kazakhstan")
    assert found is not None
    assert [f for f in findings if not f.warning] == []
    counts = numbers_by_kind(found)
    assert sum(c["sourced"] for c in counts.values()) > 900
    assert sum(c["estimate"] for c in counts.values()) > 1000
    assert sum(c["rival"] for c in counts.values()) > 100


def test_every_number_has_a_source_that_exists() -> None:
    for table, rows in case().tables.items():
        for row in rows:
            if hasattr(row, "source") and table != "sources" and table != "provenance":
                assert row.source in case().sources, (table, row)


def test_no_flow_later_than_2023_is_in_the_case() -> None:
    """The blind test: flows after 2023 must not be here. Trade turnover and targets may."""
    late = [o.observation for o in case().observations if o.kind in ("flow", "production") and (o.year or 0) > 2023]
    assert late == []


def test_the_balance_of_2023() -> None:
    commodities = base().commodities.set_index("commodity")
    supplied = sum(o.quantity for o in base().network.offers if o.commodity == "crude")
    assert supplied == pytest.approx(89.98, abs=1e-6)
    assert commodities.left_behind["crude"] == pytest.approx(0.0, abs=1e-6)
    assert commodities.unmet["crude"] == pytest.approx(0.0, abs=1e-6)
    assert crude_exports(base())[1] == pytest.approx(70.5, abs=1e-3)
    runs = base().plants.set_index("plant").run
    assert runs[["refinery-atyrau", "refinery-pavlodar", "refinery-shymkent", "caspi-bitum"]].sum() == pytest.approx(17.43, abs=1e-3)
    assert base().shortages.empty


@pytest.mark.parametrize(("screenline", "low", "high"), [
    ("cpc-kz", 55.0, 57.0), ("atyrau-samara", 9.0, 10.0), ("aktau-btc", 1.39, 1.51), ("aktau-makhachkala", 1.9, 2.1),
    ("china-own", 1.2, 1.22), ("kenkiyak-kumkol", 8.7, 8.9), ("munaitas-total", 5.4, 5.6), ("titr-total", 2.5, 3.0),
    ("kz-china-rail", 27.5, 29.0), ("northern-cn-eu", 210.0, 212.0),
])  # fmt: skip
def test_the_base_is_near_what_was_published(screenline: str, low: float, high: float) -> None:
    assert low <= line(base(), screenline) <= high


def test_with_and_without_contracts() -> None:
    free = case().solve(2023, "no-contracts")
    assert free.objective_musd < base().objective_musd
    assert crude_exports(free)[1] == pytest.approx(70.5, abs=1e-3)
    assert line(free, "aktau-btc") < 0.1


@pytest.mark.parametrize("year", [2023, 2024, 2030])
def test_no_price_is_rounding(year: int) -> None:
    """What is full and has a price is worth it: none of them is the last digit of a large sum."""
    limits = case().solve(year).limits
    priced = limits[limits.price_musd_per_unit > 0]
    assert len(priced) >= 8
    assert (priced.price_musd_per_unit > 1e-3).all()
    assert (priced.one_more_musd > 1e-6).all()


def test_russia_closed() -> None:
    shut = case().solve(2023, kr.close(country="RU"))
    wanted, moved = crude_exports(shut)
    assert wanted == pytest.approx(70.5, abs=1e-6)
    assert 6.8 <= moved <= 7.2
    limits = shut.limits.set_index("limit")
    assert limits.one_more_musd["aktau-oil-berths"] == pytest.approx(630, rel=0.1)
    assert limits.price_musd_per_unit["pipe-atyrau-kenkiyak"] > 300
    tengiz = next(s for s in shut.shortages.to_dict("records") if s["id"] == "crude-tengiz")
    words = "; ".join(tengiz["because"])
    assert "aktau-oil-berths is full" in words
    assert "pipe-atyrau-kenkiyak is full" in words
    assert "closed (close country RU)" in words
    named = case().solve(2023, "russia-closed")
    assert crude_exports(named)[1] == pytest.approx(moved, abs=1e-6)
    more = case().solve(2023, ["russia-closed", "aktau-all-berths"])
    assert 9.0 <= crude_exports(more)[1] <= 9.6


@pytest.mark.slow
@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_system_is_there_and_can_be_closed(system: str) -> None:
    plan = case().solve(2023, kr.close(**SYSTEMS[system]))
    if "consignment" in SYSTEMS[system]:  # a flow that is called off frees room
        assert plan.objective_musd <= base().objective_musd
    else:
        assert plan.objective_musd >= base().objective_musd - 1e-6
    assert plan.certificate.max_violation < 1e-7
    assert abs(plan.certificate.relative_gap) < 1e-8


def test_projects_named_for_the_case_are_there() -> None:
    assert set(PROJECTS) <= set(case().projects)
    doubled = case().solve(2023, kr.add(project="shymkent-doubling"))
    assert doubled.plants.set_index("plant").capacity["refinery-shymkent"] > 11


@pytest.mark.slow
def test_every_scenario_solves() -> None:
    assert set(SCENARIOS) <= set(case().scenario_files)
    for name in case().scenario_files:
        plan = case().solve(2023, name)
        assert abs(plan.certificate.relative_gap) < 1e-8, name


@pytest.mark.slow
def test_years_are_a_loop_with_projects_by_date() -> None:
    by_year = {year: case().solve(year) for year in range(2015, 2036)}
    assert crude_exports(by_year[2015])[1] < crude_exports(by_year[2023])[1] < crude_exports(by_year[2030])[1]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [None, "russia-closed", "sanctions-tightened", "china-border-jam"])
def test_the_second_formulation_agrees(scenario: str | None) -> None:
    plan = case().solve(2023, scenario, verify=True)
    assert plan.certificate.verified is not None
    assert plan.certificate.verified < 1e-9


def test_tables_are_committed_in_the_order_of_the_schema() -> None:
    from keruen.columns import columns_of
    from keruen.tables import TABLES

    folder = shipped_cases()["kazakhstan"]
    for table, row_type in TABLES.items():
        with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [c.name for c in columns_of(row_type)]
