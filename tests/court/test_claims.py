"""Claims: wordings, questions, verdicts against a key of our own, and that other inputs give other verdicts."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import keruen as kr
from keruen.ask.most import most
from keruen.cli import main
from keruen.court.judge import QUESTIONS, VERDICTS, Court
from keruen.court.question import NAMES, read_question, read_questions
from keruen.court.words import agrees, allowed, period_of
from keruen.errors import UsageError
from keruen.tables import WORDINGS, Claim


@pytest.fixture(scope="module")
def case() -> kr.Case:
    return kr.load("kazakhstan")


@pytest.fixture(scope="module")
def all_of_them(case: kr.Case) -> kr.Claims:
    return kr.claims(case)


def changed(case: kr.Case, table: str, row: str, **cells: Any) -> kr.Case:
    """The case with other cells in one row."""
    key = {"links": "link", "transfers": "transfer", "fleets": "fleet", "claims": "claim", "observations": "observation", "memberships": "country"}[table]
    rows = tuple(dataclasses.replace(r, **cells) if getattr(r, key) == row else r for r in case.tables[table])
    return dataclasses.replace(case, tables={**case.tables, table: rows})


def verdict(case: kr.Case, claim: str) -> str:
    return kr.claims(case, [claim]).judged[0].verdict


# --- wordings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wording", "yes", "no"),
    [
        (27, "", [27, 27.4, 26.6], [28.2, 26.1]), (31, "", [31.2], [24.1]), (1.5, "", [1.54], [1.6]), (584, "", [580], [600]),
        (85, "about", [80, 93], [70, 100]), (30, "nearly", [28.7, 29.9, 30], [26, 31]), (20, "more than", [20.1, 26], [17]), (20, "at least", [20], [19]),
        (10, "up to", [7, 10], [12]), (3, "among", [1, 3], [4]), (2, "tens of", [30], [19, 100]), (1, "billions of", [5], [1.5]), (28, "record", [28.2], [30]),
    ],
)  # fmt: skip
def test_what_a_wording_allows(value: float, wording: str, yes: list[float], no: list[float]) -> None:
    assert all(agrees(value, wording, found) for found in yes)
    assert not any(agrees(value, wording, found) for found in no)


@given(st.floats(0.01, 1e6), st.sampled_from(WORDINGS), st.floats(0.0, 1e7), st.floats(0.0, 1e5))
def test_a_wider_range_is_never_further_off(value: float, wording: str, low: float, more: float) -> None:
    least, most_ = allowed(value, wording)
    assume(least <= most_)
    if agrees(value, wording, low):
        assert agrees(value, wording, low, low + more)
    if wording not in ("tens of", "billions of"):
        assert agrees(value, wording, value)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("2023-11-09", (2023, 11, 9), (2023, 11, 9)), ("late 2023-10", (2023, 10, 1), (2023, 10, 31)), ("2024-01/2024-09", (2024, 1, 1), (2024, 9, 30)),
     ("2001-2004", (2001, 1, 1), (2004, 12, 31)), ("since 2019-09", (2019, 9, 1), (2019, 9, 30)), ("2022", (2022, 1, 1), (2022, 12, 31))],
)  # fmt: skip
def test_periods(text: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert period_of(text) == (date(*first), date(*last))
    assert period_of("annual level, year not stated") is None


# --- questions ----------------------------------------------------------------------------------------


def test_questions_are_read() -> None:
    q = read_question(" most( crude , to=CN, add=a+b ) ")
    assert (q.name, q.args, q.listed("add"), q.listed("to")) == ("most", ("crude",), ("a", "b"), ("CN",))
    assert read_question(str(q)) == q
    assert [q.name for q in read_questions("figure(x); crossing(y, KZ)")] == ["figure", "crossing"]
    for text in ("", "trade", "trade(KZ", "trade(KZ))", "Trade(KZ)", "trad(KZ)"):
        with pytest.raises(UsageError):
            read_question(text)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("trad(KZ, RU)", ["'trad' is no question", "'trade'"]), ("event(putin-astana)", ["no event", "Did you mean"]),
        ("most(crud, to=CN)", ["no commodity", "crude"]), ("project(shymkent)", ["no project"]), ("most(crude)", ["ask for one of"]),
        ("crossing(nothing, KZ)", ["no consignment"]), ("part(KZ, RU)", ["check"]),
    ],
)  # fmt: skip
def test_checks_that_make_no_sense_are_told_with_their_row(case: kr.Case, check: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        kr.claims(changed(case, "claims", "c0-08", check=check), ["c0-08"])
    assert all(w in str(error.value) for w in ["claims.csv, row", "c0-08", "column check", *words]), str(error.value)


def test_names_are_those_of_the_answers() -> None:
    assert sorted(QUESTIONS) == sorted(NAMES)


def test_every_question_is_explained() -> None:
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
    for name, ask in QUESTIONS.items():
        assert f"`{name}(" in page
        assert (ask.__doc__ or "").startswith(f"{name}(")


# --- verdicts -----------------------------------------------------------------------------------------

# Reasoned by hand from the tables and from what is known of the statements.
KEY = {
    "c0-01": "contradicted", "c0-08": "holds", "c0-09": "differs", "c0-10": "differs", "c0-15": "holds", "c0-16": "holds", "c0-17": "cannot tell",
    "c0-18": "infeasible", "c0-19": "differs", "c0-21": "infeasible", "c0-29": "holds", "c0-31": "holds", "c0-34": "holds", "c0-36": "reached",
    "c0-38": "holds", "c0-39": "contradicted", "c0-44": "holds", "c0-45": "differs", "c0-47": "holds", "c0-48": "infeasible", "c0-49": "feasible",
    "c1-07": "holds", "c1-12": "holds", "c1-15": "behind", "c1-17": "holds", "c1-23": "holds", "c1-28": "holds", "c1-32": "holds", "c2-07": "holds",
    "c2-14": "holds", "c2-15": "holds", "c2-16": "holds", "c2-24": "behind", "c2-26": "cannot tell", "c2-31": "cannot tell", "c3-02": "holds",
    "c3-11": "holds", "c3-15": "holds", "c3-17": "holds", "c4-04": "holds", "c4-05": "holds", "c4-13": "holds", "c4-21": "differs", "c4-22": "contradicted",
    "c4-29": "holds", "c0-02": "opinion",
}  # fmt: skip


def test_a_key_of_hand_checked_verdicts(all_of_them: kr.Claims) -> None:
    found = {j.claim.claim: j.verdict for j in all_of_them.judged}
    assert {c: found[c] for c in KEY} == KEY


def test_at_least_120_statements_get_a_real_check(all_of_them: kr.Claims) -> None:
    facts = [j for j in all_of_them.judged if j.claim.kind != "opinion"]
    assert len(facts) == 137
    assert sum(j.question is not None for j in facts) >= 120
    assert all(j.verdict in VERDICTS for j in all_of_them.judged)
    for j in facts:
        assert j.evidence or j.found, j.claim.claim
        if j.verdict == "cannot tell":
            assert j.answer.missing, j.claim.claim
        elif j.answer.sort != "target":
            assert j.answer.rows, j.claim.claim


def test_a_document_is_no_evidence_for_itself(all_of_them: kr.Claims) -> None:
    for j in all_of_them.judged:
        if j.verdict not in ("cannot tell", "opinion"):
            assert j.claim.document not in j.answer.sources, j.claim.claim


def test_rows_named_as_evidence_are_there(case: kr.Case, all_of_them: kr.Claims) -> None:
    for j in all_of_them.judged:
        for row in j.answer.rows:
            table, _, rest = row.partition(".")
            if rest and table in ("links", "transfers", "plants", "fleets", "supplies", "rules", "projects", "agreements", "events", "consignments"):
                assert rest.split(".")[0] in getattr(case, table), row


# --- other inputs, other verdicts ---------------------------------------------------------------------


def test_wider_berths_make_an_infeasible_plan_feasible(case: kr.Case) -> None:
    assert verdict(case, "c0-18") == "infeasible"
    judged = kr.claims(case, ["c0-18"]).judged[0]
    assert judged.answer.would == ("more at aktau-oil-berths",)
    assert verdict(changed(case, "transfers", "aktau-oil-berths", capacity=20.0), "c0-18") == "feasible"


def test_a_larger_fleet_makes_an_infeasible_plan_feasible(case: kr.Case) -> None:
    """With berths enough the ships decide: none but two small tankers, and then many."""
    wide = changed(case, "transfers", "aktau-oil-berths", capacity=20.0)
    few = wide
    for fleet in ("kmtf-12k", "asco-13k", "ru-5k"):
        few = changed(few, "fleets", fleet, ships=0.0)
    judged = kr.claims(changed(few, "fleets", "kmtf-8k", ships=2.0), ["c0-18"]).judged[0]
    assert judged.verdict == "infeasible"
    assert "kmtf-8k" in {b["limit"] for b in judged.answer.binding}
    assert verdict(changed(few, "fleets", "kmtf-8k", ships=40.0), "c0-18") == "feasible"


def test_other_figures_give_other_verdicts(case: kr.Case) -> None:
    assert verdict(changed(case, "observations", "turnover-cn-kz-2022", quantity=28.0), "c0-34") == "differs"
    assert verdict(changed(case, "claims", "c0-19", value=95.0), "c0-19") == "holds"
    assert verdict(changed(case, "claims", "c2-15", period="2014"), "c2-15") == "contradicted"
    assert verdict(changed(case, "links", "pipe-karakoin-shymkent", capacity=14.0), "c0-48") == "feasible"


def test_claims_at_odds_are_named(case: kr.Case) -> None:
    other = changed(case, "claims", "c1-13", check="trade(KZ, RU, year=2022)", value=35.0)
    judged = {j.claim.claim: j for j in kr.claims(other, ["c0-09", "c1-13"]).judged}
    assert judged["c0-09"].at_odds == ("c1-13",)
    assert judged["c1-13"].at_odds == ("c0-09",)


# --- the most that could be ---------------------------------------------------------------------------


def test_the_most_is_no_less_than_the_plan_and_leaves_others_alone(case: kr.Case) -> None:
    for ask in ({"to": ["CN"]}, {"over": "aktau-total"}, {"by": "refinery-shymkent"}):
        found = most(case, "crude", year=2023, **ask)  # type: ignore[arg-type]
        assert found.quantity >= found.plan - 1e-6
        assert found.binding
        assert found.quantity < 200


def test_the_most_grows_by_what_a_limit_is_worth(case: kr.Case) -> None:
    base = most(case, "crude", over="aktau-total", year=2023)
    berths = next(b for b in base.binding if b["limit"] == "aktau-oil-berths")
    more = most(case, "crude", over="aktau-total", year=2023, scenario=kr.set_value("transfers", "aktau-oil-berths", "capacity", berths["capacity"] + 0.1))
    assert more.quantity - base.quantity == pytest.approx(0.1 * berths["worth"], rel=1e-3)


@pytest.mark.parametrize("wrong", [{}, {"to": ["CN"], "over": "aktau-total"}, {"over": "aktau"}, {"by": "shymkent"}])
def test_the_most_of_nothing(case: kr.Case, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        most(case, "crude", **wrong)


# --- the command --------------------------------------------------------------------------------------


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "kazakhstan", "--claim", "c0-48"]) == 0
    out = capsys.readouterr().out
    assert "infeasible" in out
    assert "what would make it feasible: more at pipe-karakoin-shymkent" in out
    assert main(["claims", "kazakhstan", "--document", "article-2"]) == 0
    assert "c2-07" in capsys.readouterr().out
    for wrong, word in (("--claim", "c9-99"), ("--document", "article-9"), ("--verdict", "true")):
        assert main(["claims", "kazakhstan", wrong, word]) == 2
        assert word in capsys.readouterr().err


def test_a_case_without_claims(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    from small import write_small

    folder = write_small(tmp_path_factory.mktemp("case") / "small")
    assert main(["claims", str(folder)]) == 0
    assert "0 claims" in capsys.readouterr().out


def test_one_claim_needs_no_other(case: kr.Case) -> None:
    claim = next(c for c in case.tables["claims"] if isinstance(c, Claim) and c.claim == "c2-15")
    assert Court(case).judge(claim).verdict == "holds"
