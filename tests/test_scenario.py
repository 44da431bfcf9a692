"""Scenarios: arithmetic by hand, names that must fit, files, and that nothing asked for is silently dropped."""

from __future__ import annotations

import random

import pytest

import keruen as kr
from keruen.columns import columns_of
from keruen.errors import KeruenError, ScenarioError, UsageError
from keruen.scenario import SELECTORS, Scenario, find_scenario, lay
from keruen.tables import TABLES
from random_cases import YEARS, random_case, random_scenario
from small import SETTINGS, SOURCE, small_tables, write_small, write_tables


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return kr.load(write_small(tmp_path_factory.mktemp("case") / "small"))


@pytest.fixture(scope="module")
def base(case):
    return case.solve().objective_musd


def capacity(plan, name):
    return next(limit.capacity for limit in plan.network.limits if limit.name == name)


# --- arithmetic --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "left"),
    [
        (kr.close(link="pipe-hub-terminal"), 0),
        (kr.close(link="pipe-hub-terminal", share=0.25), 6),  # 8 x (1 - 0.25)
        (kr.close(link="pipe-hub-terminal", days=73), 6.4),  # 8 x (1 - 73 / 365)
        (kr.close(link="pipe-hub-terminal", share=0.5, days=73), 7.2),  # 8 x (1 - 0.5 x 0.2)
        (kr.close(link="pipe-hub-terminal", share=0), 8),
        (kr.close(link="pipe-hub-terminal", days=0), 8),
        (kr.close(link="pipe-hub-terminal", share=0.5) + kr.close(link="pipe-hub-terminal", share=0.5), 2),
        (kr.close(operator="PipeCo", share=0.25), 6),
        (kr.close(country="XX", share=0.25), 6),
        (kr.close(place="hub", share=0.25), 6),
        (kr.close(mode="oil_pipeline", share=0.25), 6),
        (kr.close(link="*", share=0.25), 6),
        (kr.scale(link="pipe-hub-terminal", capacity=0.5), 4),
        (kr.scale(country="XX", capacity=0.5) + kr.scale(operator="PipeCo", capacity=3), 12),
        (kr.set_value("links", "pipe-hub-terminal", "capacity", 5), 5),
        (kr.set_value("links", "pipe-hub-terminal", "capacity", 5) + kr.scale(link="pipe-hub-terminal", capacity=0.5), 2.5),
        (kr.scale(link="pipe-hub-terminal", capacity=0.5) + kr.set_value("links", "pipe-hub-terminal", "capacity", 5), 2.5),
        (kr.close(link="pipe-hub-terminal") + kr.scale(link="pipe-hub-terminal", capacity=4), 0),
    ],
)
def test_what_is_left_of_a_pipe_of_8(case, scenario, left):
    assert capacity(case.solve(scenario=scenario), "pipe-hub-terminal") == pytest.approx(left, abs=1e-12)


@pytest.mark.parametrize(("share", "days", "crude"), [(0, 365, 10), (0.1, 365, 10), (0.25, 365, 9), (0.5, 365, 7), (0.5, 73, 10), (1, 146, 7.8), (1, 365, 3)])
def test_exports_when_the_pipe_is_closed_in_part(case, share, days, crude):
    # The pipe carries min(8 x (1 - share x days / 365), quota 7), the port 3.
    plan = case.solve(scenario=kr.close(link="pipe-hub-terminal", share=share, days=days))
    assert plan.exports.set_index("commodity").moved["crude"] == pytest.approx(crude)


def test_while_it_lasts_takes_days_for_the_whole_year(case):
    short = kr.close(link="pipe-hub-terminal", share=0.75, days=10)
    assert capacity(case.solve(scenario=short), "pipe-hub-terminal") == pytest.approx(8 * (1 - 7.5 / 365))
    assert capacity(case.solve(scenario=short.while_it_lasts()), "pipe-hub-terminal") == pytest.approx(2)


def test_figures_of_every_kind_are_scaled(case):
    # 4 ships x 8760 h x 0.9 and 2 x 500 km / 18.52 km/h + 40 h = 93.995680 h for 10,000 t.
    hours, trip = 4 * 8760 * 0.9, 2 * 500 / 18.52 + 40
    fleet = case.solve().network.ships[0]
    assert fleet.hours == pytest.approx(hours)
    assert dict(fleet.hours_per_mt) == {"tanker-port-far": pytest.approx(trip * 100)}
    fleet = case.solve(scenario=kr.scale(fleet="tankers", ships=0.5, payload=2, downtime=3)).network.ships[0]
    assert fleet.hours == pytest.approx(2 * 8760 * 0.7)
    assert dict(fleet.hours_per_mt) == {"tanker-port-far": pytest.approx(trip * 50)}
    network = case.solve(
        scenario=kr.scale(demand="market-crude", quantity=0.5, price=2) + kr.scale(supply="*", quantity=2) + kr.scale(consignment="*", quantity=3)
    ).network
    want = next(w for w in network.wants if w.name == "market-crude")
    assert (want.quantity, want.up_to, want.price) == (5, 10, 800)
    assert {o.name: o.quantity for o in network.offers} == {"crude-field": 18, "crude-north": 6}
    assert network.consigned[0].quantity == 150
    # A container pays 300 USD and 30 USD for the day; three times the hours and half the money: 150 + 90.
    network = case.solve(scenario=kr.scale(link="rail-hub-border", cost=0.5, hours=3)).network
    assert next(e for e in network.edges if e.name == "rail-hub-border").cost["boxes"] == pytest.approx(0.240)


def test_scaling_a_refinery(case):
    # Half of the refinery still makes 0.8 Mt of the 1 Mt of products asked for.
    plan = case.solve(scenario=kr.scale(plant="refinery", capacity=0.5))
    assert plan.exports.set_index("commodity").moved["products"] == pytest.approx(0.8)


def test_adding_up_keeps_order_and_names(case):
    a, b = kr.close(country="XX"), kr.add(project="new-pipe")
    assert (a + b).names == a.names + b.names
    assert case.solve(scenario=a + b).objective_musd == pytest.approx(case.solve(scenario=b + a).objective_musd)
    assert (Scenario() + a).changes == a.changes


def test_a_scenario_leaves_the_case_alone(case, base):
    case.solve(scenario=kr.close(country="XX") + kr.set_value("supplies", "crude-field", "quantity", 1) + kr.without(rule="pipe-quota"))
    assert case.solve().objective_musd == base
    assert case.links["pipe-hub-terminal"].capacity == 8


# --- closing takes away; what was wanted stays wanted -------------------------------------------------


def test_a_closed_country_leaves_its_consignments_as_shortages(case):
    # East is the origin of 50 kTEU and takes 1 Mt of products: neither disappears from the answer.
    plan = case.solve(scenario=kr.close(country="EE"))
    short = {(s["side"], s["id"]): s["quantity"] for s in plan.to_dict()["shortages"]}
    assert short["demand", "east-products"] == pytest.approx(1)
    assert short["consignment", "boxes-east-hub"] == pytest.approx(50)


def test_a_closed_place_says_so(case):
    plan = case.solve(scenario=kr.close(place="field"))
    row = next(s for s in plan.to_dict()["shortages"] if s["id"] == "crude-field")
    assert row["quantity"] == pytest.approx(9)
    assert any("field" in w and "closed" in w for w in row["because"])


@pytest.mark.parametrize("seed", range(60))
def test_closing_never_gains(seed, tmp_path):
    """Less to choose from is never better: the objective of a closure is at least the base's."""
    rng = random.Random(seed)
    case, year = random_case(rng, tmp_path / "case"), rng.choice(YEARS)
    before = case.solve(year).objective_musd
    countries = sorted({p.country for p in case.places.values()})
    part = 1.0 if any(s.coupled for s in case.supplies.values()) else 0.5  # coupled supplies have a test of their own
    for scenario in (kr.close(country=rng.choice(countries)), kr.close(place=rng.choice(sorted(case.places))), kr.close(link=rng.choice(sorted(case.links))),
                     kr.close(mode=rng.choice(sorted({r.mode for r in case.links.values()}))),
                     kr.close(country=rng.choice(countries), share=part)):  # fmt: skip
        assert case.solve(year, scenario).objective_musd >= before - 1e-7 * max(1, abs(before)), scenario.names


@pytest.mark.parametrize(("share", "crude"), [(0, 9), (0.5, 4.5), (0.99, 0.09), (1, 0)])
def test_closing_a_part_of_a_coupled_supply_holds_back_its_partner(tmp_path, share, crude):
    """Field and gas well move in equal shares: with half of the one closed, half of the other can move."""
    tables = small_tables()
    tables["supplies"][0]["coupled"] = "together"
    tables["supplies"][1] |= {"quantity": 0}
    tables["supplies"].append({"supply": "by-product", "place": "hub", "commodity": "crude", "quantity": 1, "coupled": "together", **SOURCE})
    case = kr.load(write_tables(tmp_path / "case", tables))
    plan = case.solve(scenario=kr.close(supply="by-product", share=share))
    flows = plan.flows
    assert flows.quantity[flows["from"] == "crude-field"].sum() == pytest.approx(crude, abs=1e-9)


# --- words that do not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (kr.close(link="pipe-hub-termnal"), ["'pipe-hub-termnal'", "Did you mean 'pipe-hub-terminal'"]),
        (kr.close(country="XY"), ["'XY'", "country"]),
        (kr.close(place="hubb"), ["'hubb'", "'hub'"]),
        (kr.close(mode="rial"), ["'rial'", "'rail'"]),
        (kr.close(mode="air"), ["'air'", "mode of the case"]),
        (kr.close(operator="PipeCoo"), ["'PipeCoo'", "PipeCo"]),
        (kr.close(country="*"), ["'*'"]),
        (kr.scale(fleet="tanker", ships=2), ["'tanker'", "'tankers'"]),
        (kr.add(project="new-pip"), ["'new-pip'", "'new-pipe'"]),
        (kr.without(rule="pipe-quot"), ["'pipe-quot'", "'pipe-quota'"]),
        (kr.without(kind="quotas"), ["'quotas'", "'quota'"]),
        (kr.set_value("link", "x", "capacity", 1), ["'link'", "'links'"]),
        (kr.set_value("links", "pipe-hub-termnal", "capacity", 1), ["'pipe-hub-terminal'"]),
        (kr.set_value("links", "pipe-hub-terminal", "capasity", 1), ["'capasity'", "'capacity'"]),
        (kr.set_value("links", "pipe-hub-terminal", "capacity", "8 Mt"), ["'8 Mt'", "number"]),
        (kr.close(link="") , ["''"]),
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_a_hint(case, scenario, words):
    with pytest.raises(ScenarioError) as caught:
        case.solve(scenario=scenario)
    assert all(w in str(caught.value) for w in words), str(caught.value)


def test_every_unknown_name_is_told_five_at_most(case):
    with pytest.raises(ScenarioError, match=r"and 3 more"):
        case.solve(scenario=kr.close(link=[f"nowhere-{i}" for i in range(8)]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: kr.close(), lambda: kr.close(link="a", country="B"), lambda: kr.close(links="a"), lambda: kr.close(link="a", share=1.1),
        lambda: kr.close(link="a", share=-0.1), lambda: kr.close(link="a", days=366), lambda: kr.close(link="a", days=-1),
        lambda: kr.close(link="a", share=float("nan")),
        lambda: kr.scale(link="a"), lambda: kr.scale(link="a", capacity=-1), lambda: kr.scale(capacity=2), lambda: kr.without(),
        lambda: kr.scale(link="a", capacity=float("nan")), lambda: kr.scale(link="a", cost=float("inf")),
    ],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(call):
    with pytest.raises(UsageError):
        call()


@pytest.mark.parametrize(
    ("table", "row", "column", "value"),
    [
        ("links", "pipe-hub-terminal", "capacity", -100.0), ("links", "pipe-hub-terminal", "capacity", float("nan")),
        ("links", "rail-hub-border", "hours", -5.0), ("supplies", "crude-field", "quantity", -1.0), ("demands", "market-crude", "quantity", float("inf")),
        ("fleets", "tankers", "downtime", 1.5), ("fleets", "tankers", "payload_t", 0.0),
    ],
)  # fmt: skip
def test_values_out_of_bounds_are_refused(case, table, row, column, value):
    """The bounds of a cell hold for the cell a scenario writes too."""
    with pytest.raises(KeruenError):
        case.solve(scenario=kr.set_value(table, row, column, value))


def test_a_circle_that_earns_money_is_refused_as_it_is_in_a_case(case):
    # Both ways of the railway at -100 USD: going round and round would earn without end.
    with pytest.raises(ScenarioError):
        case.solve(scenario=kr.set_value("links", "rail-hub-border", "cost_usd_per_t", -100.0))


NUMBERS = [
    ("links", "pipe-hub-port"), ("links", "rail-border-east"), ("transfers", "port-berths"), ("transfers", "border-gauge"), ("supplies", "crude-field"),
    ("demands", "market-crude"), ("consignments", "boxes-east-hub"), ("plants", "refinery"), ("fleets", "tankers"), ("commodities", "boxes"),
    ("commodities", "crude"),
    ("rules", "pipe-quota"), ("rules", "a-tax"), ("projects", "berths"), ("places", "hub"), ("observations", "by-pipe-2023"),
]  # fmt: skip
# A figure no plan of a year reads; setting it may change nothing. Those of projects are for what to build.
IDLE = {("places", "lon"), ("places", "lat"), ("fleets", "deadweight_t"), ("commodities", "barrels_per_t"), ("observations", "quantity"),
        ("observations", "year"), *(("projects", c) for c in ("capex_musd", "fixed_musd", "units", "lead_years", "life_years"))}  # fmt: skip


@pytest.fixture(scope="module")
def tight(tmp_path_factory):
    """A small case in which every figure matters: limits bind, time costs, a rule caps and a rule taxes."""
    tables = small_tables()
    tables["rules"].append(
        {
            "rule": "a-tax",
            "title": "tax",
            "effect": "tax",
            "kind": "law",
            "commodities": "boxes",
            "amount_usd": 3,
            "per_cent": 1,
            "status": "in_force",
            **SOURCE,
        }
    )
    for row in tables["commodities"]:
        row["time_usd_per_day"] = 5
    for row in tables["links"]:
        row["hours"] = 10
        row.setdefault("cost_usd_per_teu", 300 if "boxes" in row["carries"] else "")
    tables["plants"][0]["availability"] = 0.5  # 1 of 2 Mt: below the 1.25 Mt that 1 Mt of products takes
    tables["fleets"][0]["ships"] = 2  # 1.68 Mt, below the 3 of the berths
    tables["links"][8]["capacity"] = 1  # trains a day, below the 1.427 of the boxes
    tables["demands"][0]["first_year"] = 2016
    tables["supplies"][0]["cost_usd"] = 1
    return kr.load(write_tables(tmp_path_factory.mktemp("tight") / "case", tables))


@pytest.mark.parametrize(("table", "row"), NUMBERS)
def test_setting_a_figure_changes_the_plan_or_is_refused(tight, table, row):
    """Nothing is silently dropped: a figure a plan is made of moves the objective, or setting it is refused or noted."""
    before, silent = tight.solve(), []
    rows = {**{t: getattr(tight, t) for t in TABLES if isinstance(getattr(tight, t, None), dict) or hasattr(getattr(tight, t, None), "keys")}}
    for column in columns_of(TABLES[table]):
        name = "from_" if column.name == "from" else column.name
        if column.kind not in ("number", "integer") or (table, column.name) in IDLE:
            continue
        old = getattr(rows[table][row], name) if table in rows else None
        if old is None:
            continue
        value = {"availability": 0.4, "downtime": 0.5}.get(column.name, old * 0.5 if old else 2.0)
        if column.kind == "integer":
            value = old + 8
        try:
            after = tight.solve(scenario=kr.set_value(table, row, column.name, value))
        except KeruenError:
            continue
        if abs(after.objective_musd - before.objective_musd) < 1e-9 and after.network.notes == before.network.notes and not _loose(table, row, column.name):
            silent.append(column.name)
    assert not silent, f"set on {table} {row} is taken and does nothing: {', '.join(silent)}"


def _loose(table, row, column):
    """Figures of a row that do not bind in ``tight``."""
    loose = {"pipe-hub-port": {"cost_usd_per_teu", "length_km", "wait_hours", "capacity"}, "rail-border-east": {"cost_usd_per_t", "length_km"},
             "port-berths": {"capacity"}, "border-gauge": {"cost_usd_per_t"}, "market-crude": {"up_to"}, "boxes": {"tonnes_per_unit"},
             "crude": {"tonnes_per_unit", "value_usd"}, "refinery": set(), "berths": {"ready_year"}}  # fmt: skip
    return column in loose.get(row, set())


def test_tables_no_plan_reads_are_refused_not_a_crash(case):
    for table in ("observations", "claims", "provenance", "memberships", "agreements"):
        with pytest.raises(KeruenError):
            case.solve(scenario=kr.set_value(table, "by-pipe-2023", "quantity" if table == "observations" else "note", 3))


def test_words_that_touch_nothing_are_noted(case):
    plan = case.solve(scenario=kr.scale(link="pipe-hub-port", payload=2))
    assert any("touches nothing" in n for n in plan.network.notes)
    plan = case.solve(scenario=kr.close(link="pipe-hub-port", share=0.5))
    assert any("pipe-hub-port" in n and "no known limit" in n for n in plan.network.notes)
    plan = case.solve(scenario=kr.scale(link="pipe-hub-port", capacity=2))
    assert any("pipe-hub-port" in n for n in plan.network.notes)


def test_ships_without_payload_carry_nothing(case):
    plan = case.solve(scenario=kr.scale(fleet="tankers", payload=0))
    assert plan.exports.set_index("commodity").moved["crude"] == pytest.approx(7)


# --- files -------------------------------------------------------------------------------------------


def write(tmp_path, text):
    path = tmp_path / "what-if.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


RULE = 'rule = "x"\ntitle = "x"\nkind = "law"\nstatus = "in_force"\nsource = "book"\nconfidence = "high"\n'


def test_a_file_with_every_kind_of_change(case, tmp_path):
    path = write(tmp_path, f"""
title = "Everything at once"
text = "to test"
source = ["book"]
[[close]]
link = ["pipe-hub-terminal"]
share = 0.5
days = 73
[[scale]]
demand = "market-crude"
quantity = 1.1
[[set]]
table = "supplies"
row = "crude-north"
column = "quantity"
value = 4
[[add]]
project = ["new-pipe"]
[[without]]
rule = "pipe-quota"
[[with]]
{RULE}
effect = "cap"
commodities = ["crude"]
links = ["pipe-hub-terminal"]
quantity = 5
unit = "Mt"
""")  # fmt: skip
    scenario = find_scenario(path, case)
    assert scenario.title == "Everything at once"
    assert scenario.names == ("what-if",)
    network = case.solve(scenario=path).network
    limits = {x.name: x.capacity for x in network.limits}
    assert limits["pipe-hub-terminal"] == pytest.approx(7.2)
    assert limits["pipe-planned"] == 5
    assert {o.name: o.quantity for o in network.offers}["crude-north"] == 4
    assert network.wants[[w.name for w in network.wants].index("market-crude")].quantity == pytest.approx(11)
    assert [r.rule for r in network.rules] == ["x"]


def test_scenarios_of_the_case_by_name(tmp_path):
    folder = write_small(tmp_path / "small")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "xx-shut.toml").write_text('title = "XX is shut"\n[[close]]\ncountry = "XX"\n', encoding="utf-8")
    case = kr.load(folder)
    assert case.solve(scenario="xx-shut").objective_musd == pytest.approx(case.solve(scenario=kr.close(country="XX")).objective_musd)
    assert case.solve(scenario=["xx-shut"]).scenario == ("xx-shut",)
    with pytest.raises(ScenarioError, match="Did you mean 'xx-shut'"):
        case.solve(scenario="xx-shutt")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[close]\n", ["TOML"]),
        ("[[closed]]\nlink = 'a'\n", ["closed", "Did you mean 'close'"]),
        ("[close]\nlink = 'pipe-hub-port'\n", ["[[close]]"]),
        ("[[close]]\nlink = 'pipe-hub-port'\nshare = 2\n", ["share"]),
        ("[[close]]\nlink = 'pipe-hub-port'\nshare = 'half'\n", ["close"]),
        ("[[close]]\nlink = 5\n", ["close"]),
        ("[[close]]\nlinks = 'pipe-hub-port'\n", ["links"]),
        ("[[scale]]\nlink = 'pipe-hub-port'\n", ["factor"]),
        ("[[scale]]\nlink = 'pipe-hub-port'\ncapacity = 'x'\n", ["scale"]),
        ("[[set]]\ntable = 'links'\n", ["set"]),
        ("[[add]]\nprojects = 'new-pipe'\n", ["add"]),
        ("[[without]]\n", ["rule"]),
        (f"[[with]]\n{RULE}effect = 'forbiden'\n", ["forbiden", "forbid"]),
        (f"[[with]]\n{RULE}effect = 'forbid'\ncolour = 'red'\n", ["colour"]),
        ("[[close]]\nlink = 'pipe-hub-prt'\n", ["pipe-hub-prt", "pipe-hub-port"]),
    ],
)
def test_broken_files_are_told_not_a_crash(case, tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        case.solve(scenario=path)
    assert all(w in str(caught.value) for w in words), str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        'effect = "forbid"\nlinks = ["pipe-hub-termnal"]', 'effect = "forbid"\ncommodities = ["crud"]\nlinks = ["pipe-hub-terminal"]',
        'effect = "forbid"\nmodes = ["rial"]',
        'effect = "cap"\nlinks = ["pipe-hub-terminal"]', 'effect = "floor"\nlinks = ["pipe-hub-terminal"]\nquantity = 1\nunit = "Mt"',
        'effect = "tax"\nlinks = ["pipe-hub-terminal"]',
        'effect = "forbid"\norigin = ["XXX-land"]', 'effect = "cap"\ncommodities = ["crude"]\nquantity = 1\nunit = "bcm"',
    ],
)  # fmt: skip
def test_a_rule_of_a_scenario_is_checked_like_one_of_the_case(case, tmp_path, wrong):
    with pytest.raises(ScenarioError):
        case.solve(scenario=write(tmp_path, f"[[with]]\n{RULE}{wrong}\n"))


def test_a_rule_of_a_scenario_binds_and_takes_the_place_of_its_namesake(case, tmp_path):
    text = f"[[with]]\n{RULE}effect = 'cap'\nlinks = ['pipe-hub-terminal']\nquantity = 2\nunit = 'Mt'\n".replace('rule = "x"', 'rule = "pipe-quota"')
    plan = case.solve(scenario=write(tmp_path, text))
    assert plan.exports.set_index("commodity").moved["crude"] == pytest.approx(5)  # 2 by pipe, 3 by ship


def test_selectors_are_those_close_takes(case):
    names = {"link": "pipe-hub-port", "transfer": "port-berths", "plant": "refinery", "fleet": "tankers", "supply": "crude-field", "demand": "market-crude",
             "consignment": "boxes-east-hub", "place": "hub", "country": "XX", "mode": "rail", "operator": "PipeCo"}  # fmt: skip
    assert set(SELECTORS) == set(names)
    for selector, name in names.items():
        lay(kr.close(**{selector: name}), case)


@pytest.mark.parametrize("seed", range(40))
def test_random_scenarios_lay_and_solve_the_same_twice(seed, tmp_path):
    rng = random.Random(seed)
    case = random_case(rng, tmp_path / "case")
    scenario, year = random_scenario(rng, case), rng.choice(YEARS)
    assert case.solve(year, scenario).to_dict() == case.solve(year, scenario).to_dict()


def test_settings_of_the_small_case_are_used(case):
    assert "base_year = 2023" in SETTINGS
    with pytest.raises(UsageError, match="2015 to 2035"):
        case.solve(2036)
