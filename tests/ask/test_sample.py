"""Draws against scenarios built anew; ranges and outages against the tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

import keruen as kr
from keruen.ask import draws
from keruen.ask import sample as module
from keruen.ask.draws import HALF_WIDTH, DrawBench, Question, bench, figures_of, outages_of
from keruen.errors import UsageError
from keruen.network import build
from keruen.plan import Plan
from keruen.scenario import Scenario, find_scenario
from keruen.show.stress import sample_text
from keruen.solve import solve
from small import SETTINGS, small_tables, write_tables

SELECTOR = {"links": "link", "transfers": "transfer", "plants": "plant", "fleets": "fleet", "supplies": "supply"}
SCENARIOS = {
    "storm-2021": 'title = "a storm"\nyear = 2021\n[[close]]\ntransfer = ["port-berths"]\nshare = 0.5\n',
    "border-2023": 'title = "a border"\nyear = 2023\n[[close]]\nplace = ["border"]\n[[close]]\nsupply = ["crude-north"]\ndays = 73\n',
    "east-2015": 'title = "the east"\nyear = 2015\n[[close]]\ncountry = ["EE"]\nshare = 0.2\n',
    "later-2024": 'title = "after the base year"\nyear = 2024\n[[close]]\nlink = ["pipe-hub-terminal"]\n',
    "early-2014": 'title = "before the case"\nyear = 2014\n[[close]]\nlink = ["pipe-hub-terminal"]\n',
    "dear-2020": 'title = "no closure alone"\nyear = 2020\n[[close]]\nlink = ["pipe-hub-port"]\n[[scale]]\nlink = ["pipe-hub-terminal"]\ncost = 2\n',
    "no-boxes-2022": 'title = "a consignment"\nyear = 2022\n[[close]]\nconsignment = ["boxes-east-hub"]\n',
    "what-if": 'title = "no date"\n[[close]]\nlink = ["pipe-hub-port"]\n',
}


@pytest.fixture(autouse=True)
def _few(monkeypatch, tmp_path):
    """Few draws to learn from, and checkpoints out of the way."""
    monkeypatch.setattr(draws, "LEARN", 10)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def small_case(path, provenance=(), scenarios=SCENARIOS, **changed):
    """changed: table -> {row id: {column: value}}. What is made and wanted at the border needs no way, but is stopped when the place is shut."""
    tables = small_tables()
    here = {"commodity": "products", "quantity": 0.5, "source": "book", "confidence": "high"}
    tables["supplies"].append({"supply": "products-border", "place": "border", "cost_usd": 10, **here})
    tables["demands"].append({"demand": "border-products", "places": "border", "price_usd": 500, "use": "own_use", **here})
    for table, rows in changed.items():
        for row in tables[table]:
            row |= rows.get(next(iter(row.values())), {})
    tables["provenance"] += [dict(zip(("table", "row", "column", "kind", "value", "source", "confidence"), p, strict=True)) for p in provenance]
    write_tables(path, tables, SETTINGS)
    (path / "scenarios").mkdir()
    for name, text in scenarios.items():
        (path / "scenarios" / f"{name}.toml").write_text(f'confidence = "high"\nsource = ["book"]\ntext = "x"\n{text}', encoding="utf-8")
    return kr.load(path)


def question_of(case, seed=1, rivals=False, scenario=None, year=None):
    figures, _ = figures_of(case, rivals, frozenset())
    return Question(case, year or case.base_year, scenario or Scenario(), figures, outages_of(case)[0], 1 / 3, seed)


def as_scenario(question, i):
    """Draw i as changes that a network is built with."""
    uniforms = question.uniforms(i)
    scenario = question.scenario
    for figure, factor in zip(question.figures, question.factors(uniforms).tolist(), strict=True):
        table, name, column = figure.key
        if column.startswith("cost_"):
            scenario = scenario + kr.set_value(table, name, column, figure.value * factor)
        else:
            scenario = scenario + kr.scale(**{SELECTOR[table]: name, column: factor})
    for k in question.happened(uniforms):
        scenario = scenario + question.outages[k]
    return scenario


def same_as_rebuilt(question, draws, relative):
    found = bench(question.pickled()).draws(0, max(draws) + 1)
    for i in draws:
        told, plan = found[i], Plan(solve(build(question.case, question.year, as_scenario(question, i))))
        assert told["objective"] == pytest.approx(plan.objective_musd, rel=relative, abs=1e-6)
    return found


# --- a draw is a scenario ------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [Scenario(), kr.scale(link="*", cost=1.5, capacity=0.8) + kr.close(fleet="tankers", share=0.5)])
def test_a_draw_is_the_case_scaled(scenario, tmp_path):
    question = question_of(small_case(tmp_path / "case"), scenario=scenario)
    found = same_as_rebuilt(question, range(40), 1e-7)
    assert len({tuple(d["outages"]) for d in found}) > 4, "several at once, too"
    assert len({round(d["objective"], 6) for d in found}) > 30


@pytest.mark.slow
def test_draws_of_kazakhstan():
    """One plan may be as good as another, so beside the objective only what is never in doubt is compared."""
    question = question_of(kr.load("kazakhstan"), seed=5, rivals=True)
    same_as_rebuilt(question, (0, 1, 2), 1e-8)


def test_measures_are_those_of_the_plan():
    case = kr.load("kazakhstan")
    desk = bench(question_of(case).pickled())
    plan = case.solve(2023)
    told = dict(zip(desk.measures.names, desk.base["exported"], strict=True))
    for row in plan.exports.to_dict("records"):
        assert told[row["commodity"]] == pytest.approx(row["moved"], abs=1e-6)
    assert desk.base["objective"] == pytest.approx(plan.objective_musd, rel=1e-9)
    # Money and time on moving: what the objective has beside worth and penalties.
    p, n, x = plan.solution.program, plan.network, plan.solution.x
    arrived = sum(p.cost[c] * x[c] for c in (*range(p.met, p.run), *(c for c in p.short if c >= 0)))
    assert desk.base["moving"] == pytest.approx(plan.objective_musd - p.offset - arrived, rel=1e-4)
    delivered = {c: sum(x[p.met + i] + x[p.extra + i] for i, w in enumerate(n.wants) if w.commodity == c) for c in n.commodities}
    for i, c in enumerate(n.consigned):
        delivered[c.commodity] += x[p.moved + i]
    assert dict(zip(desk.measures.names, desk.base["delivered"], strict=True)) == pytest.approx(delivered, abs=1e-5)


def test_a_fleet_is_full_when_its_hours_are_needed(tmp_path):
    """Hours handed out beyond need do not count; a fleet that carries all it can is full."""
    desk = bench(question_of(small_case(tmp_path / "case", scenarios={})).pickled())
    names = [name for name, *_ in desk.measures.capacities]
    x = np.zeros(len(desk.program.cost))
    fleet, hours = names.index("tankers"), desk.program.network.ships[0]
    column, per_mt = desk.program.ships[(0, "tanker-port-far")], hours.hours_per_mt[0][1]
    x[column] = hours.hours / per_mt
    arrays = desk.levers.arrays({})
    solved = desk.master.solve()
    assert fleet not in desk.measures.of(x, solved, arrays)["full"]
    n = desk.program.network
    way = next(f + k for f, g in zip(desk.program.flow, n.groups, strict=True) for k, e in enumerate(g.edges) if n.edges[e].name == "tanker-port-far")
    x[way] = x[column]
    assert fleet in desk.measures.of(x, solved, arrays)["full"]
    assert fleet not in desk.measures.of(x, solved, desk.levers.arrays({("fleets", "tankers", "payload"): 1.1}))["full"]


# --- the same draws however they are asked -----------------------------------------------------------


def test_a_draw_is_the_same_whatever_is_asked(tmp_path, monkeypatch):
    case = small_case(tmp_path / "case")
    long = kr.sample(case, 130, seed=3)
    short = kr.sample(case, 60, seed=3)
    assert {m: v[:60] for m, v in long.values.items()} == short.values
    assert kr.sample(case, 60, seed=4).values != short.values
    apart = kr.sample(case, 130, seed=3, jobs=2, checkpoint=tmp_path / "kept.jsonl")
    assert apart.to_dict() == long.to_dict()
    assert (tmp_path / "kept.jsonl").exists()
    # Asked again from what was kept, and for more.
    monkeypatch.setattr(module, "answer", None)
    assert kr.sample(case, 100, seed=3, checkpoint=tmp_path / "kept.jsonl").values == {m: v[:100] for m, v in long.values.items()}


def test_order_is_nothing_to_a_draw():
    """Later draws first, and a draw on its own, to the last digit."""
    desk = DrawBench(question_of(kr.load("kazakhstan")))
    told = desk.draws(0, 6)
    assert [desk.draws(i, i + 1)[0] for i in (5, 2, 0)] == [told[i] for i in (5, 2, 0)]


@pytest.mark.slow
def test_processes_tell_the_same():
    case = kr.load("kazakhstan")
    here = kr.sample(case, 100, seed=2)
    assert kr.sample(case, 100, seed=2, jobs=2).to_dict() == here.to_dict()


def test_a_checkpoint_of_its_own_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FEW", 60)
    case = small_case(tmp_path / "case")
    seen = []
    run = module.run_tasks
    monkeypatch.setattr(module, "run_tasks", lambda *a, **k: (seen.append(k["checkpoint"]), run(*a, **k | {"jobs": 1}))[1])
    kr.sample(case, 60)
    assert seen[0] is not None
    assert not seen[0].exists()
    kr.sample(case, 59)
    assert seen[1] is None


def test_a_question_is_the_same_bytes_after_use(tmp_path):
    """Else a checkpoint would not be found again."""
    question = question_of(small_case(tmp_path / "case"))
    before = question.pickled()
    question.factors(question.uniforms(0))
    assert question.pickled() == before


def test_scenarios_share_their_draws(tmp_path):
    """So that samples can be compared draw by draw."""
    case = small_case(tmp_path / "case")
    figures, _ = figures_of(case, False, frozenset())
    told, _ = figures_of(case, False, frozenset({("links", "pipe-hub-terminal", "capacity")}))
    assert [f.key for f in figures] == [f.key for f in told]
    found = kr.sample(case, 3, scenario=kr.set_value("links", "pipe-hub-terminal", "capacity", 5))
    row = found.ranges[(found.ranges["id"] == "pipe-hub-terminal") & (found.ranges["column"] == "capacity")].iloc[0]
    assert "set by the scenario" in row["why"]
    assert found.scenario == ("set links pipe-hub-terminal capacity to 5",)


# --- ranges ----------------------------------------------------------------------------------------------


def test_no_spread_is_the_plan(tmp_path, monkeypatch):
    monkeypatch.setattr(draws, "HALF_WIDTH", dict.fromkeys(HALF_WIDTH, 0.0))
    case = small_case(tmp_path / "case", scenarios={})
    found = kr.sample(case, 8)
    spread = found.distributions.set_index("measure")
    assert spread["sd"].abs().max() < 1e-9
    assert (spread["mean"] - spread["plan"]).abs().max() < 1e-7
    assert found.objective_musd == pytest.approx(case.solve().objective_musd)
    assert set(found.full["share"]) <= {1.0}
    assert found.full["in_plan"].all()
    assert found.drivers.empty


def test_ranges_follow_what_stands_behind(tmp_path):
    case = small_case(
        tmp_path / "case", links={"rail-border-east": {"confidence": "medium"}},
        provenance=[("links", "pipe-far-market", "cost_usd_per_t", "estimate", "30", "guess", ""),
                    ("fleets", "tankers", "payload_t", "sourced", "10000", "book", "low"),
                    ("plants", "refinery", "capacity", "estimate", "2", "guess", "low")],
    )  # fmt: skip
    ranges = kr.sample(case, 1).ranges.set_index(["table", "id", "column"])

    def width(*key):
        row = ranges.loc[key]
        assert row["high"] - row["value"] == pytest.approx(row["value"] - row["low"])
        return pytest.approx((row["high"] - row["value"]) / row["value"])

    # The row: sourced, high.
    assert width("transfers", "port-berths", "capacity") == HALF_WIDTH["sourced", "high"] == 0.05
    assert width("links", "rail-border-east", "capacity") == HALF_WIDTH["sourced", "medium"]
    # The cell: derived with low confidence; the rival is none of its own.
    assert width("links", "pipe-hub-terminal", "capacity") == HALF_WIDTH["derived", "low"] == 0.25
    # The cell with no word on its confidence: that of the row.
    assert width("links", "pipe-far-market", "cost_usd_per_t") == HALF_WIDTH["estimate", "high"]
    assert width("fleets", "tankers", "payload_t") == HALF_WIDTH["sourced", "low"]
    assert width("plants", "refinery", "capacity") == HALF_WIDTH["estimate", "low"]
    assert width("fleets", "tankers", "downtime") == 0.05
    keys = set(ranges.index)
    assert ("links", "pipe-planned", "capacity") not in keys, "a figure of 0 is no figure to be off"
    assert ("fleets", "tankers", "ships") not in keys
    assert ("links", "rail-hub-border", "cost_usd_per_teu") in keys


def test_rivals_widen_ranges(tmp_path):
    case = small_case(
        tmp_path / "case", links={"rail-border-east": {"note": "x"}},
        provenance=[("links", "rail-border-east", "capacity", "rival", "4 trains/day", "guess", "low"),
                    ("links", "rail-border-east", "capacity", "rival", "30 Mt/year", "guess", "low"),
                    ("plants", "refinery", "capacity", "rival", "2.05 Mt/year", "guess", "low"),
                    ("fleets", "tankers", "payload_t", "rival", "about 9", "guess", "low")],
    )  # fmt: skip
    plain, wide = (kr.sample(case, 1, rivals=r) for r in (False, True))
    low_high = {(f.table, f.id, f.column): (f.low, f.high) for f in figures_of(case, True, frozenset())[0]}
    assert low_high["links", "pipe-hub-terminal", "capacity"] == (6.0, 10.0), "the rival 9 lies within"
    assert low_high["links", "rail-border-east", "capacity"] == (4.0, pytest.approx(10.5))
    assert low_high["plants", "refinery", "capacity"] == (pytest.approx(1.9), pytest.approx(2.1))
    assert sum("rival" in note for note in wide.notes) == 2
    assert any("30 Mt/year" in note and "trains/day" in note for note in wide.notes)
    assert not any("rival" in note for note in plain.notes)
    assert wide.ranges["why"].str.contains("rival figures 4").any()
    assert wide.rivals


def test_draws_are_triangular(tmp_path):
    """Within the range, most likely the figure: mean and variance of the triangle, also where it leans."""
    case = small_case(tmp_path / "case", provenance=[("links", "rail-border-east", "capacity", "rival", "4", "guess", "low")])
    question = question_of(case, rivals=True)
    drawn = np.array([question.factors(question.uniforms(i)) for i in range(4000)])
    for j, f in enumerate(question.figures):
        a, b = f.low / f.value, f.high / f.value
        assert a - 1e-12 <= drawn[:, j].min() <= drawn[:, j].max() <= b + 1e-12
        sd = np.sqrt((a * a + b * b + 1 - a * b - a - b) / 18)
        assert drawn[:, j].mean() == pytest.approx((a + b + 1) / 3, abs=5 * sd / np.sqrt(4000))
        assert drawn[:, j].std() == pytest.approx(sd, rel=0.08)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.08


# --- outages --------------------------------------------------------------------------------------------


def test_only_what_happened_is_an_outage(tmp_path):
    case = small_case(tmp_path / "case")
    found, notes = outages_of(case)
    assert {s.names[0] for s in found} == {"storm-2021", "border-2023", "east-2015"}
    assert "dear-2020" in notes[0]
    assert "no-boxes-2022" in notes[0]
    assert not any(name in notes[0] for name in ("later-2024", "early-2014", "what-if"))


def test_no_outage_of_kazakhstan_is_dated_after_the_base_year():
    case = kr.load("kazakhstan")
    found, _ = outages_of(case)
    assert len(found) > 10
    assert not any(word in scenario.names[0] for scenario in found for word in ("2024", "2025", "2026"))


def test_outages_come_as_often_as_they_did(tmp_path):
    case = small_case(tmp_path / "case")
    found = kr.sample(case, 900)
    assert list(found.outages["scenario"]) == ["border-2023", "east-2015", "storm-2021"]
    for row in found.outages.to_dict("records"):
        # Once in the nine years of 2015 to 2023.
        assert abs(row["draws"] - 100) < 4 * np.sqrt(900 / 9 * 8 / 9)
        draws = found.draws["loss_musd"]
        mine = list(found.outage_draws[row["scenario"]])
        assert row["draws"] == len(mine)
        assert row["mean_loss_with"] == pytest.approx(draws[mine].mean())
        assert row["mean_loss_without"] == pytest.approx(draws.drop(mine).mean())
    assert any("one draw of 9" in note for note in found.notes)


def test_an_outage_of_the_scenario_does_not_happen_twice(tmp_path):
    case = small_case(tmp_path / "case")
    storm = find_scenario("storm-2021", case)
    for laid in (storm, kr.scale(link="*", cost=1.1) + storm.while_it_lasts()):
        found = kr.sample(case, 60, scenario=laid)
        assert found.outages.set_index("scenario")["draws"]["storm-2021"] == 0
        assert not any("storm-2021" in note for note in found.notes)
        assert found.outage_draws["east-2015"] == kr.sample(case, 60).outage_draws["east-2015"]


# --- what is told ---------------------------------------------------------------------------------------


def test_tables_follow_from_the_draws(tmp_path):
    from scipy.stats import spearmanr

    case = small_case(tmp_path / "case")
    found = kr.sample(case, 200, seed=9)
    draws, spread = found.draws, found.distributions.set_index("measure")
    for measure in draws:
        row = spread.loc[measure]
        assert row["mean"] == pytest.approx(draws[measure].mean(), abs=1e-8)
        assert row["sd"] == pytest.approx(draws[measure].std(), abs=1e-8)
        assert [row[q] for q in ("min", "p5", "p50", "p95", "max")] == pytest.approx(np.percentile(draws[measure], (0, 5, 50, 95, 100)).tolist())
    assert spread.loc["exported crude", "unit"] == "Mt"
    assert spread.loc["delivered boxes", "unit"] == "kTEU"
    assert found.full["share"].between(0, 1).all()
    assert found.full["in_plan"].any()
    figures, _ = figures_of(case, False, frozenset())
    question = Question(case, 2023, Scenario(), figures, outages_of(case)[0], 1 / 9, 9)
    factors = np.array([question.factors(question.uniforms(i)) for i in range(200)])
    at = {(f.table, f.id, f.column): j for j, f in enumerate(figures)}
    assert len(found.drivers) == module.DRIVERS
    for row in found.drivers.to_dict("records"):
        if row["table"] == "scenarios":
            happened = np.isin(np.arange(200), found.outage_draws[row["id"]])
            expected = spearmanr(happened, draws["loss_musd"]).statistic
        else:
            expected = spearmanr(factors[:, at[row["table"], row["id"], row["column"]]], draws["loss_musd"]).statistic
        assert row["rank_correlation"] == pytest.approx(expected, abs=1e-6)
    assert found.drivers["rank_correlation"].abs().is_monotonic_decreasing
    assert found.drivers["beyond_chance"].iloc[0]
    assert not found.drivers["beyond_chance"].iloc[-1]


def test_drivers_do_not_depend_on_how_much_is_held(tmp_path, monkeypatch):
    case = small_case(tmp_path / "case")
    whole = kr.sample(case, 50).drivers
    monkeypatch.setattr(module, "HELD", 150)
    assert kr.sample(case, 50).drivers.equals(whole)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_it_can_be_written(n, tmp_path):
    found = kr.sample(small_case(tmp_path / "case"), n, seed=2**64 - 1)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["draws"] == n
    assert set(module.COLUMNS) <= set(told)
    assert f"{n} draw{'s' if n > 1 else ''} of seed" in repr(found)
    assert sample_text(found, 5)


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": -5}, {"n": 2.5}, {"n": True}, {"seed": -1}, {"seed": 1.5}, {"seed": "one"}, {"seed": 2**64},
                                       {"year": 1900}, {"jobs": 0}])  # fmt: skip
def test_what_cannot_be_asked(arguments, tmp_path):
    case = small_case(tmp_path / "case")
    with pytest.raises(UsageError):
        kr.sample(case, **{"n": 2, **arguments})


def test_a_scenario_of_another_case_is_an_error(tmp_path):
    case = small_case(tmp_path / "case")
    with pytest.raises(kr.ScenarioError):
        kr.sample(case, 2, scenario=kr.close(link="cpc-moorings"))
    assert kr.sample(case, 2, scenario=find_scenario("what-if", case)).scenario == ("what-if",)
