"""Trade as published: verdicts and indices by hand, statistics never mixed, parts of a year never whole ones."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keruen as kr
from keruen.ask.balance import balance, concentration, concentration_bounds
from keruen.ask.targets import meets, wording
from keruen.ask.trade import trade
from keruen.cli import main
from keruen.errors import UsageError
from keruen.tables import Observation
from small import SOURCE, small_tables, write_tables

ROOT = Path(__file__).resolve().parents[2]
TURNOVER = {"kind": "trade", "subject": "trade turnover", "unit": "USD bn", "use": "main", **SOURCE}


def row(reporter, partner, year, quantity, **more):
    name = more.pop("observation", f"{more.get('kind', 'trade')}-{reporter}-{partner}-{year}-{quantity}".lower().replace(".", "-"))
    return {"observation": name, "reporter": reporter, "partner": partner, "year": year, "quantity": quantity, **TURNOVER, **more}


def goal(reporter, partner, year, quantity, **more):
    return row(reporter, partner, year, quantity, kind="target", **more)


def case_with(path, *rows, **tables):
    return kr.load(write_tables(path / "small", {**small_tables(), "observations": list(rows), **tables}))


def light(*rows):
    """What trade() reads of a case, without files; home is AA."""
    made = [Observation(**{"screenline": "", "period": "", "note": "", **r}) for r in rows]
    return SimpleNamespace(name="light", home="AA", observations=tuple(made), screenlines={}, kind_of_number=lambda *_: "sourced",
                           members=lambda *_: frozenset())  # fmt: skip


def only_line(found):
    ((_, _, line),) = found.lines()
    return line


# --- verdicts by hand ------------------------------------------------------------------------------------


def judged(*rows, year=2030, quantity=30, **target):
    return only_line(trade(light(*rows, goal("AA", "BB", year, quantity, **target))))


def test_on_course_and_behind():
    """10 to 20 in two years is 41 % a year; from 20 to 40 in four it needs 19 %, to 80 in two 100 %."""
    figures = row("AA", "BB", 2022, 10), row("AA", "BB", 2024, 20)
    line = judged(*figures, year=2028, quantity=40)
    assert (line.verdict, line.figure_year, line.achieved_from, line.achieved_to) == ("on course", 2024, 2022, 2024)
    assert line.achieved == pytest.approx(math.sqrt(2) - 1)
    assert line.required == pytest.approx(2**0.25 - 1)
    line = judged(*figures, year=2026, quantity=80)
    assert line.verdict == "behind"
    assert line.required == pytest.approx(1)


def test_exactly_as_fast_as_needed_is_on_course():
    assert judged(row("AA", "BB", 2022, 10), row("AA", "BB", 2024, 20), year=2026, quantity=40).verdict == "on course"


def test_the_first_year_taken_can_turn_the_verdict():
    """10, 29, 30: since 2021 it tripled, since 2023 it grew by 3.4 %; 40 by 2030 needs 4.9 %."""
    line = judged(row("AA", "BB", 2021, 10), row("AA", "BB", 2023, 29), row("AA", "BB", 2024, 30), quantity=40)
    assert line.verdict == "on course"
    assert line.because == "counted from 2023 it is 3.4 % a year: behind"
    assert (line.achieved_least, line.achieved_most) == pytest.approx((1 / 29, 3 ** (1 / 3) - 1))


def test_only_the_last_five_years_tell_the_growth_achieved():
    line = judged(row("AA", "BB", 2000, 1), row("AA", "BB", 2019, 20), row("AA", "BB", 2024, 20))
    assert (line.verdict, line.achieved, line.achieved_from) == ("behind", pytest.approx(0), 2019)
    line = judged(row("AA", "BB", 2000, 1), row("AA", "BB", 2024, 20))
    assert line.achieved_from == 2000, "there is nothing later"


def test_reached_and_missed_by_the_figure_of_the_year():
    figures = row("AA", "BB", 2019, 50), row("AA", "BB", 2020, 29), row("AA", "BB", 2024, 90)
    assert judged(*figures, year=2020, quantity=29).verdict == "reached"
    found = trade(light(*figures, goal("AA", "BB", 2020, 30)))
    assert only_line(found).verdict == "missed"
    assert [(m["figure"], m["target"], m["short"]) for m in found.missed] == [(29, 30, pytest.approx(1 / 30))]


def test_reached_before_its_year_and_without_one():
    figures = row("AA", "BB", 2023, 20), row("AA", "BB", 2024, 31)
    assert judged(*figures).verdict == "reached"
    assert judged(*figures, year=None).verdict == "reached"


@pytest.mark.parametrize(
    ("rows", "target", "missing"),
    [
        ([row("AA", "BB", 2023, 20), row("AA", "BB", 2024, 21)], {"year": None}, "no target year"),
        ([row("AA", "BB", 2024, 21)], {}, "only one full year"),
        ([row("AA", "BB", 2019, 20), row("AA", "BB", 2024, 21)], {"year": 2020}, "no full-year figure of 2020"),
        ([], {}, "no full-year figure of 'trade turnover' in USD bn"),
        ([row("", "BB", 2023, 20), row("", "BB", 2024, 21)], {}, "not known whose"),
        ([row("AA", "BB", 2023, 0), row("AA", "BB", 2024, 0)], {}, "not above 0"),
        ([row("AA", "BB", 2023, 0), row("AA", "BB", 2024, 3)], {}, "not above 0"),
        ([row("AA", "BB", 2023, 20, unit="Mt"), row("AA", "BB", 2024, 21, unit="Mt")], {}, "no full-year figure of"),
    ],
)
def test_cannot_tell_says_what_is_missing(rows, target, missing):
    line = judged(*rows, **target)
    assert line.verdict == "cannot tell"
    assert missing in line.because


def test_words_decide_between_equal_numbers():
    def said(note, aim=""):
        return judged(row("AA", "BB", 2024, 30, note=note), year=2024, note=aim).verdict

    assert said("") == said("more than; a speaker") == "reached"
    assert said("nearly; a speaker") == said("close to") == "missed"
    assert said("about") == "cannot tell"
    assert said("", "above 30") == "missed"
    assert said("exceeds", "forecast above 30") == "reached"


@pytest.mark.parametrize(
    ("note", "word"),
    [("28 and something; x", "more than"), ("over; 1.5 trn", "more than"), ("almost; x", "less than"), ("around; up 5%", "about"), ("up 34%", ""),
     ("Kazakh data; also above 26", ""), ("overseas", ""), ("aboutness", ""), ("", "")],
)  # fmt: skip
def test_wording(note, word):
    assert wording(note) == word


def test_a_clear_difference_beats_words():
    made = [o.observations[0] for o in (light(row("AA", "BB", 2024, 31, note="almost")), light(goal("AA", "BB", 2024, 30)))]
    assert meets(*made) is True


# --- statistics are never mixed --------------------------------------------------------------------------


def test_each_reporter_has_its_own_line():
    found = trade(light(row("AA", "BB", 2023, 10), row("AA", "BB", 2024, 11), row("BB", "AA", 2023, 30), row("BB", "AA", 2024, 40),
                        row("AA", "BB", 2022, 8, note="statistical side not stated"), goal("AA", "BB", 2030, 35)))  # fmt: skip
    assert {(s.reporter, tuple(f.quantity for f in s.figures)) for s in found.pairs[0].series} == {("AA", (10, 11)), ("BB", (30, 40)), (None, (8,))}
    assert [(line.reporter, line.verdict) for _, _, line in found.lines()] == [("AA", "behind"), ("BB", "reached"), (None, "cannot tell")]


def test_exports_have_a_direction():
    """What BB says it exports to AA tells nothing of AA's exports."""
    found = trade(light(row("BB", "AA", 2024, 50, subject="exports"), goal("AA", "BB", 2024, 30, subject="exports")))
    assert only_line(found).verdict == "cannot tell"


COUNTRIES = ["AA", "BB", "CC", ""]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(COUNTRIES), st.sampled_from(["BB", "CC", "world"]), st.integers(2018, 2024), st.integers(1, 99),
        st.sampled_from(["main", "rival", "part"]),
    ),
    max_size=14,
)  # fmt: skip


def _facts(case, reporter):
    """Everything that rests on the figures of one reporter."""
    found = trade(case)
    series = [(p.between, s) for p in found.pairs for s in p.series if s.reporter == reporter]
    lines = [(p.between, t.observation, line) for p, t, line in found.lines() if line.reporter == reporter and line.figure is not None]
    return series, lines, found.balance if reporter == "AA" else None


@given(ROWS, st.integers(2, 9))
def test_figures_of_others_change_nothing(rows, times):
    """Multiply the figures of every reporter but AA: all that AA's own figures say stays."""
    goals = [goal("AA", "BB", 2024, 50), goal("AA", "CC", 2030, 50)]

    def made(factor):
        out = [row(r, p, y, q * (1 if r == "AA" else factor), observation=f"o-{i}", use=u, period="Jan" if u == "part" else "")
               for i, (r, p, y, q, u) in enumerate(rows) if r != p]  # fmt: skip
        return light(*out, *goals)

    assert _facts(made(1), "AA") == _facts(made(times), "AA")


@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows, random):
    out = [row(r, p, y, q, observation=f"o-{i}", use=u) for i, (r, p, y, q, u) in enumerate(rows)]
    before = trade(light(*out)).to_dict()
    random.shuffle(out)
    assert trade(light(*out)).to_dict() == before


@given(ROWS)
def test_a_series_has_one_row_a_year_and_every_row_has_a_place(rows):
    out = [row(r, p, y, q, observation=f"o-{i}", use=u) for i, (r, p, y, q, u) in enumerate(rows)]
    found = trade(light(*out))
    told = [f.observation for p in found.pairs for s in p.series for f in (*s.figures, *s.rivals, *s.parts)]
    left = [name for note in found.notes if note.startswith("left out") for name in re.findall(r"o-\d+", note)]
    assert sorted(told + left) == sorted(r["observation"] for r in out)
    for pair in found.pairs:
        for s in pair.series:
            years = [f.year for f in s.figures]
            assert years == sorted(set(years))
            assert not {f.use for f in s.figures} & {"part"}


# --- which rows count ------------------------------------------------------------------------------------


def test_parts_of_a_year_are_never_whole_ones():
    part = {"use": "part", "period": "January-September"}
    found = trade(light(row("AA", "BB", 2022, 10), row("AA", "BB", 2023, 12), row("AA", "BB", 2024, 99, **part), goal("AA", "BB", 2024, 50)))
    (series,) = found.pairs[0].series
    assert [f.year for f in series.figures] == [2022, 2023]
    assert [f.quantity for f in series.parts] == [99]
    assert series.growth.per_year == pytest.approx(0.2)
    assert only_line(found).verdict != "reached"


def test_a_period_makes_a_part_whatever_its_use():
    (series,) = trade(light(row("AA", "BB", 2024, 99, period="Q1"))).pairs[0].series
    assert (series.figures, len(series.parts)) == ((), 1)


def test_a_rival_stands_in_only_where_there_is_no_main():
    found = trade(light(row("AA", "BB", 2023, 10), row("AA", "BB", 2023, 12, use="rival"), row("AA", "BB", 2024, 13, use="rival"),
                        row("AA", "BB", None, 14, use="rival", period="level named on 2024-05-05")))  # fmt: skip
    (series,) = found.pairs[0].series
    assert [f.quantity for f in series.figures] == [10, 13]
    assert [f.quantity for f in series.rivals] == [12, 14]


def test_a_rival_of_a_figure_of_unknown_side_does_not_stand_in():
    found = trade(light(row("BB", "AA", 2022, 584, note="statistical side not stated"), row("BB", "AA", 2022, 600, use="rival")))
    assert {s.reporter: [f.quantity for f in s.figures] for s in found.pairs[0].series} == {"BB": [], None: [584]}


def test_two_main_figures_are_noted():
    found = trade(light(row("AA", "BB", 2023, 10, confidence="low"), row("AA", "BB", 2023, 12)))
    assert [f.quantity for f in found.pairs[0].series[0].figures] == [12]
    assert "two main figures" in found.notes[0]


def test_targets_are_no_figures_and_older_ones_stand_beside():
    found = trade(light(goal("AA", "BB", 2030, 40), goal("AA", "BB", 2030, 35, use="rival")))
    (target,) = found.pairs[0].targets
    assert found.pairs[0].series == ()
    assert (target.quantity, [r.quantity for r in target.rivals]) == (40, [35])


def test_dollars_of_any_size_meet_and_other_units_do_not():
    found = trade(light(row("AA", "BB", 2023, 584, unit="USD m"), row("AA", "BB", 2024, 1.168, unit="bn USD"), row("AA", "BB", 2024, 7, unit="Mt")))
    money, weight = found.pairs[0].series
    assert [f.quantity for f in money.figures] == [0.584, 1.168]
    assert money.figures[0].published_unit == "USD m"
    assert money.growth.per_year == pytest.approx(1)
    assert weight.unit == "Mt"


def test_shares_need_the_total_of_the_same_reporter_subject_and_year():
    found = trade(light(row("AA", "BB", 2022, 10), row("AA", "BB", 2023, 20), row("BB", "AA", 2023, 30), row("AA", "world", 2023, 80),
                        row("AA", "world", 2022, 40, subject="exports")))  # fmt: skip
    own, other = found.pairs[0].series
    assert [f.share for f in own.figures] == [None, 0.25]
    assert own.why_no_share == "no total (partner world) of AA's trade turnover for 2022"
    assert other.figures[0].share is None
    assert "BB's" in other.why_no_share


def test_nobody_knows_whose_totals_these_are():
    found = trade(light(row("", "BB", 2023, 20), row("", "world", 2023, 80)))
    assert found.pairs[0].series[0].figures[0].share is None


# --- balance ---------------------------------------------------------------------------------------------


def test_index_by_hand():
    assert concentration({"BB": 50, "CC": 30, "DD": 20}) == pytest.approx(0.38)
    assert concentration_bounds({"BB": 50, "CC": 30}, 100) == pytest.approx((0.34, 0.38))
    assert concentration_bounds({"BB": 5, "CC": 5}, 10) == pytest.approx((0.5, 0.5))
    with pytest.raises(ValueError, match="more than the total"):
        concentration_bounds({"BB": 50, "CC": 60}, 100)


AMOUNTS = st.floats(0.001, 1e4)


@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.lists(AMOUNTS, max_size=8))
def test_no_completion_leaves_the_bounds(known, missing):
    total = math.fsum(known + missing)
    least, most = concentration_bounds({f"K{i}": q for i, q in enumerate(known)}, total)
    whole = concentration({str(i): q for i, q in enumerate(known + missing)})
    assert least * (1 - 1e-9) <= whole <= most * (1 + 1e-9)


@given(st.lists(AMOUNTS, min_size=1, max_size=6), AMOUNTS)
def test_bounds_are_tight(known, rest):
    """One missing partner meets the greatest; a thousand come near the least."""
    total = math.fsum(known) + rest
    names = {f"K{i}": q for i, q in enumerate(known)}
    least, most = concentration_bounds(names, total)
    assert concentration({**names, "M": rest}) == pytest.approx(most, rel=1e-6)
    assert concentration({**names, **{f"M{i}": rest / 1000 for i in range(1000)}}) == pytest.approx(least, abs=2e-3)


def test_balance_of_the_home_country_with_its_total():
    found = trade(light(row("AA", "BB", 2023, 50), row("AA", "CC", 2023, 30), row("AA", "world", 2023, 100), row("BB", "AA", 2023, 900)))
    (year,) = found.balance[0].years
    assert (year.partners, year.quantity, year.covered) == (("BB", "CC"), 80, 0.8)
    assert year.index == pytest.approx((50 / 80) ** 2 + (30 / 80) ** 2)
    assert (year.least, year.most) == pytest.approx((0.34, 0.38))
    assert found.balance[0].why_no_change == "only one year has two partners or more"


def _nobody(organisation, year):
    return frozenset()


def test_change_takes_the_years_with_most_partners_in_common():
    by_year = {2020: {"BB": 1.0, "CC": 1.0, "DD": 2.0}, 2021: {"BB": 3.0, "CC": 1.0, "DD": 4.0, "EE": 9.0}, 2022: {"BB": 1.0, "CC": 5.0}}
    change = balance("AA", "trade turnover", "USD bn", by_year, {}, _nobody).change
    assert (change.first_year, change.last_year, change.partners, change.identical) == (2020, 2021, ("BB", "CC", "DD"), False)
    assert change.index_first == pytest.approx((1 + 1 + 4) / 16)
    assert change.index_last == pytest.approx((9 + 1 + 16) / 64)
    assert change.change == pytest.approx(26 / 64 - 6 / 16)


def test_change_prefers_identical_sets():
    by_year = {2020: {"BB": 1.0, "CC": 1.0}, 2021: {"BB": 1.0, "CC": 2.0}, 2023: {"BB": 1.0, "CC": 1.0, "DD": 2.0}}
    change = balance("AA", "trade turnover", "USD bn", by_year, {}, _nobody).change
    assert (change.first_year, change.last_year, change.identical) == (2020, 2021, True)


def test_nothing_in_common():
    found = balance("AA", "x", "Mt", {2020: {"BB": 1.0, "CC": 1.0}, 2021: {"DD": 1.0, "EE": 1.0}}, {}, _nobody)
    assert (found.change, found.why_no_change) == (None, "no two years have two partners in common")
    assert balance("AA", "x", "Mt", {2020: {"BB": 1.0}}, {}, _nobody) is None


def test_an_organisation_does_not_count_beside_its_members(tmp_path):
    member = [{"country": "BB", "organisation": "UNION", "status": "member", "since": "2015-01-01", **SOURCE}]
    case = case_with(tmp_path, row("AA", "BB", 2023, 50), row("AA", "CC", 2023, 30), row("AA", "UNION", 2023, 60), memberships=member)
    (year,) = trade(case).balance[0].years
    assert (year.partners, year.left_out) == (("BB", "CC"), ("UNION",))


# --- questions -------------------------------------------------------------------------------------------


def test_wrong_names_get_a_hint(tmp_path):
    case = case_with(tmp_path, row("AA", "BB", 2023, 50))
    with pytest.raises(UsageError, match="Did you mean 'BB'"):
        trade(case, "bb")
    with pytest.raises(UsageError, match="Choose one of BB"):
        trade(case, "QQQQ")
    with pytest.raises(UsageError, match="reporter 'BB'"):
        trade(case, reporter="BB")


def test_empty_tables(tmp_path, capsys):
    path = write_tables(tmp_path / "small", {**small_tables(), "observations": []})
    found = kr.trade(kr.load(path))
    assert (found.pairs, found.balance, found.missed) == ((), (), ())
    assert found.figures.empty
    assert found.targets.empty
    assert main(["trade", str(path)]) == 0
    assert "no figures of trade" in capsys.readouterr().out
    with pytest.raises(UsageError, match="It has no figures of trade"):
        kr.trade(kr.load(path), "CN")


def test_what_does_not_name_two_sides_is_noted():
    assert "no-one" in trade(light(row("AA", "", 2023, 5, observation="no-one"))).notes[0]


def test_asking_for_a_reporter():
    case = light(row("AA", "BB", 2023, 10), row("BB", "AA", 2023, 30), row("", "BB", 2023, 20), goal("AA", "BB", 2023, 25))
    for reporter, verdict in (("AA", "missed"), ("BB", "reached"), ("unknown", "missed")):
        found = trade(case, reporter=reporter)
        assert {s.reporter for s in found.pairs[0].series} == {None if reporter == "unknown" else reporter}
        assert only_line(found).verdict == verdict


# --- the shipped case ------------------------------------------------------------------------------------


def test_kazakhstan_by_the_table():
    """Figures and targets as the csv has them, read without keruen."""
    case = kr.load("kazakhstan")
    with (case.path / "observations.csv").open(encoding="utf-8") as file:
        by_id = {r["observation"]: r for r in csv.DictReader(file)}
    found = trade(case)
    told = {f.observation for p in found.pairs for s in p.series for f in (*s.figures, *s.rivals, *s.parts)}
    wanted = {name for name, r in by_id.items() if r["kind"] == "trade"}
    left = set(re.findall(r"[a-z0-9-]+", next(n for n in found.notes if n.startswith("left out")).split(":")[1]))
    assert told | left == wanted
    assert not told & left
    for pair in found.pairs:
        for s in pair.series:
            for f in (*s.figures, *s.rivals, *s.parts):
                assert f.published == float(by_id[f.observation]["quantity"])
                assert s.reporter in (None, by_id[f.observation]["reporter"])
            assert all(by_id[f.observation]["period"] == "" for f in s.figures)


def test_kazakhstan_and_china():
    found = trade(kr.load("kazakhstan"), "CN")
    own, theirs = found.pairs[0].series[:2]
    assert {f.year: f.quantity for f in own.figures}[2022] == 24.1
    assert {f.year: f.quantity for f in theirs.figures}[2022] == 31.2
    assert own.growth.per_year == pytest.approx((30.1 / 12) ** (1 / 6) - 1)
    lines = {(t.observation, line.reporter): line for _, t, line in found.lines()}
    assert lines["target-kz-cn-2030", "KZ"].required == pytest.approx((40 / 30.1) ** (1 / 6) - 1)
    assert lines["target-kz-cn-2030", "KZ"].verdict == "on course"
    assert lines["target-kz-cn-2030", "CN"].verdict == "reached"
    assert lines["target-kz-cn-undated", "KZ"].verdict == "cannot tell"
    assert found.balance == ()


def test_kazakhstan_and_russia():
    """The 28 of 2023 does not say whose it is; 'close to 30' in 2023 is no 30."""
    found = trade(kr.load("kazakhstan"), "RU")
    series = {s.reporter: {f.year: f.quantity for f in s.figures} for s in found.pairs[0].series}
    assert series["KZ"] == {2021: 24.5, 2022: 26.1, 2024: 28}
    assert series[None] == {2023: 28}
    assert [(m["observation"], m["reporter"], m["figure"]) for m in found.missed] == [("target-ru-kz-2020", "RU", 19.1)]


def test_kazakhstan_balance():
    change = trade(kr.load("kazakhstan")).balance[0].change
    assert (change.first_year, change.last_year, change.partners) == (2021, 2022, ("CN", "EU", "RU", "TR", "US"))
    before = [18.0, 31.3, 24.5, 4.1, 2.3]
    assert change.index_first == pytest.approx(sum(q * q for q in before) / sum(before) ** 2)


# --- what is written -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--partner", "VN"], ["--reporter", "unknown"], ["--reporter", "CA5"]])
def test_json_keeps_to_its_schema(options, capsys):
    assert main(["trade", "kazakhstan", *options, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schemas/trade.json").read_text(encoding="utf-8"))).validate(data)
    assert data["pairs"]


@pytest.mark.parametrize("table", ["figures", "targets", "balances"])
def test_csv_has_empty_cells_for_what_is_not_known(table, capsys):
    assert main(["trade", "kazakhstan", "--format", "csv", "--table", table]) == 0
    out = capsys.readouterr().out
    rows = list(csv.DictReader(out.splitlines()))
    assert len(rows) > 5
    assert not re.search(r"nan|<NA>|None", out)
    assert all(re.fullmatch(r"\d{4}|", r[c]) for r in rows for c in r if c in ("year", "target_year", "figure_year"))


def test_wrong_partner_on_the_command_line(capsys):
    assert main(["trade", "kazakhstan", "--partner", "Cn"]) == 2
    assert "Did you mean 'CN'" in capsys.readouterr().err
