"""Deciding what to build: equal to trying everything, whatever the case; and what is said of it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import keruen as kr
from keruen.ask.invest import invest
from keruen.ask.standing import cells_of, ranges_of, standing
from keruen.cli import main
from keruen.files.flow_formats import read_dow
from keruen.network import build
from keruen.solve import choosing
from keruen.solve.program import assemble
from keruen.solve.shares import is_export
from random_cases import load_reachable, random_tables
from small import SOURCE, small_tables, write_tables

FIRST, LAST, RATE = 2023, 2026, 0.1
NEVER = 99


def with_lot(seed: int, path: Path) -> kr.Case:
    """A random case with projects to decide: costs known, leads, lives, parts, fixed costs, needs and excludes."""
    rng = random.Random(seed)
    for attempt in range(60):
        tables = random_tables(random.Random(1000 * seed + attempt))
        targets = [r[key] for table, key in (("links", "link"), ("transfers", "transfer")) for r in tables[table]
                   if r.get("capacity", "") != "" and not r.get("opened")]  # fmt: skip
        targets += [r["plant"] for r in tables["plants"] if not r.get("opened")] + [r["fleet"] for r in tables["fleets"]]
        targets += [r["supply"] for r in tables["supplies"] if not r.get("coupled")]
        if len(targets) < 3:
            continue
        tables["projects"] = [
            {"project": f"p{k}", "name": f"p{k}", "adds": ";".join(f"{t} {rng.choice((0.5, 1, 2, 4))}" for t in rng.sample(targets, rng.choice((1, 2)))),
             "capex_musd": rng.choice((3, 20, 60, 150)), "status": rng.choice(("planned", "idle")), "lead_years": rng.choice((0, 1, 2)),
             "life_years": rng.choice((2, 10, 30)), **SOURCE} for k in range(3)
        ]  # fmt: skip
        if rng.random() < 0.5:
            tables["projects"][0] |= {"units": 3, "fixed_musd": rng.choice(("", 2))}
        if rng.random() < 0.4:
            tables["projects"][1]["needs"] = "p0"
        elif rng.random() < 0.4:
            tables["projects"][2]["excludes"] = rng.choice(("p0", "p1"))
        case = load_reachable(path, tables)
        every = kr.add(project=["p0", "p1", "p2"])
        if case.solve(LAST, every).objective_musd < case.solve(LAST).objective_musd - 1:
            return case
    raise AssertionError("no case in which projects matter")


class Tried:
    """Every schedule of a case, by its own reckoning from docs/invest.md."""

    def __init__(self, case: kr.Case) -> None:
        self.case, self.names = case, sorted(case.projects)
        self.seen: dict[Any, float] = {}

    def cost(self, year: int, parts: tuple[float, ...]) -> float:
        key = (year, parts)
        if key not in self.seen:
            changes = kr.Scenario()
            rows = [(n, part) for n, part in zip(self.names, parts, strict=True) if part]
            tables = dict(self.case.tables)
            part = dict(rows)
            tables["projects"] = tuple(replace(p, adds={k: v * part.get(p.project, 0.0) for k, v in p.adds.items()}) for p in self.case.projects.values())
            changed = replace(self.case, tables=tables)
            if rows:
                changes = kr.add(project=[n for n, _ in rows])
            self.seen[key] = changed.solve(year, changes).objective_musd
        return self.seen[key]

    def schedules(self) -> Any:
        """(year, parts) of each project; parts that enter in one year, and with three units also in two years."""
        options = []
        for n in self.names:
            p = self.case.projects[n]
            first = FIRST + (p.lead_years or 0)
            mine: list[tuple[tuple[int, int], ...]] = [()]
            years = range(first, LAST + 1)
            mine += [((s, k),) for s in years for k in range(1, p.units + 1)]
            if p.units == 3:
                mine += [((s, k), (t, m)) for s, t in itertools.combinations(years, 2) for k in (1, 2) for m in range(1, 4 - k)]
                mine += [((s, 1), (t, 1), (u, 1)) for s, t, u in itertools.combinations(years, 3)]
            options.append(mine)
        return itertools.product(*options)

    def best(self, budget: float = np.inf, fits: Any = None) -> float:
        """Least net cost."""
        found = np.inf
        worth = {y: (1 + RATE) ** (FIRST - y) for y in range(FIRST, LAST + 1)}
        nothing = tuple(0.0 for _ in self.names)
        for schedule in self.schedules():
            started = {n: min((s for s, _ in mine), default=NEVER * 100) for n, mine in zip(self.names, schedule, strict=True)}
            rows = [self.case.projects[n] for n in self.names]
            if any(started[p.project] < NEVER * 100 and any(started[q] > started[p.project] for q in p.needs) for p in rows):
                continue
            if any(started[p.project] < NEVER * 100 and any(started[q] < NEVER * 100 for q in p.excludes) for p in rows):
                continue
            spent = charge = 0.0
            for p, mine in zip(rows, schedule, strict=True):
                fixed = p.fixed_musd or 0.0
                lead, life = p.lead_years or 0, p.life_years or 30
                ready = np.mean([(1 + RATE) ** k for k in range(1, lead + 1)]) if lead else 1.0
                yearly = ready * RATE / (1 - (1 + RATE) ** -life)
                for i, (s, k) in enumerate(mine):
                    money = (p.capex_musd - fixed) * k / p.units + (fixed if i == 0 else 0.0)
                    spent += money
                    charge += money * yearly * sum(worth[t] for t in range(s, min(LAST, s + life - 1) + 1))
            if spent > budget + 1e-9:
                continue
            parts = {
                t: tuple(sum(k for s, k in mine if s <= t < s + (p.life_years or 30)) / p.units for p, mine in zip(rows, schedule, strict=True))
                for t in worth
            }
            if fits is not None and not fits(parts[LAST]):
                continue
            total = charge + sum(worth[t] * (self.cost(t, parts[t]) - self.cost(t, nothing)) for t in worth)
            found = min(found, total)
        return found


@pytest.fixture(params=["planes", "written out"])
def formulation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small cases are written out unless told otherwise."""
    if request.param == "planes":
        monkeypatch.setattr(choosing, "SMALL", -1)
        monkeypatch.setattr(choosing, "PATIENCE", -1)
    return str(request.param)


@pytest.mark.parametrize("seed", range(12))
def test_equals_trying_everything(seed: int, formulation: str, tmp_path: Path) -> None:
    case = with_lot(seed, tmp_path / "lot")
    tried = Tried(case)
    for budget in (np.inf, 50.0):
        usd = None if budget == np.inf else budget * 1e6
        plan = invest(case, LAST, discount=RATE, budget_usd=usd, brief=True, verify=seed % 3 == 0)
        best = tried.best(budget)
        assert -plan.npv_musd == pytest.approx(best, abs=1e-4 * max(1.0, abs(best)) + 1e-6)
        assert plan.capex_musd <= budget + 1e-6
        assert plan.gap <= 1e-4
        assert (plan.verified or 0.0) <= 2e-4
        assert (plan.verified is None) == (seed % 3 > 0)
        assert plan.npv_musd == pytest.approx(plan.gain_musd - plan.charge_musd)


def lost(case: kr.Case, parts: tuple[float, ...], closed: kr.Scenario, moved: dict[tuple[str, bool], float]) -> float:
    """Least Mt lost, by a program of our own."""
    names = [n for n, part in zip(sorted(case.projects), parts, strict=True) if part]
    program = assemble(build(case, LAST, (kr.add(project=names) + closed) if names else closed))
    n, many = program.network, len(program.cost)
    keys = sorted(moved)
    rows = np.zeros((len(keys), many + len(keys)))
    for column, t in program.taken:
        commodity = n.groups[t.group].commodity
        home = t.kind in ("demand", "consigned") and not is_export(n, t) and (
            n.wants[t.item].ends[t.end][0].country if t.kind == "demand" else n.consigned[t.item].destination.country) == n.case.home  # fmt: skip
        if (is_export(n, t) or home) and (commodity, is_export(n, t)) in moved:
            rows[keys.index((commodity, is_export(n, t))), column] = -n.counted(commodity, "Mt")
    for i in range(len(keys)):
        rows[i, many + i] = 1.0
    matrix = np.hstack([program.matrix.toarray(), np.zeros((program.matrix.shape[0], len(keys)))])
    low, high = np.isfinite(program.row_lower), np.isfinite(program.row_upper)
    upper = np.vstack([matrix[high], -matrix[low], rows])
    side = np.concatenate([program.row_upper[high], -program.row_lower[low], np.zeros(len(keys))])
    bounds = [(0, None if u == np.inf else u) for u in program.upper] + [(0, moved[k]) for k in keys]
    cost = np.concatenate([np.zeros(many), -np.ones(len(keys))])
    return sum(moved.values()) + float(linprog(cost, upper, side, bounds=bounds, method="highs").fun)


@pytest.mark.parametrize(("seed", "by", "deep"), [(6, "link", 1), (7, "link", 1), (17, "link", 1), (23, "link", 1), (13, "country", 1), (0, "country", 2),
                                                 (17, "link", 2), (22, "link", 2)])  # fmt: skip
def test_survives_what_trying_everything_survives(seed: int, by: str, deep: int, formulation: str, tmp_path: Path) -> None:
    case = with_lot(seed, tmp_path / "lot")
    rows = tuple(replace(p, units=1, fixed_musd=None) for p in case.projects.values())
    case = replace(case, tables={**case.tables, "projects": rows})

    def ask(share: float) -> kr.Invest:
        return invest(case, LAST, discount=RATE, survive=f"any-{by}", at_most_lost=share, deep=deep, brief=True)

    told = ask(1.0).survive
    assert told is not None
    moved = {(r["commodity"], r["sold_abroad"]): r["mt"] for r in told["moved"]}
    total = sum(moved.values())
    names = sorted(case.links)
    if by == "country":
        names = sorted(({c for x in case.links.values() for c in x.countries} | {p.country for p in case.places.values()}) - {case.home})
    sets = [s for size in range(1, deep + 1) for s in itertools.combinations(names, size)]
    known: dict[tuple[float, ...], float] = {}

    def worst(parts: tuple[float, ...]) -> float:
        if parts not in known:
            known[parts] = max([0.0, *(lost(case, parts, kr.close(**{by: list(s)}), moved) for s in sets)])
        return known[parts]

    tried = Tried(case)
    least, most = worst((1.0,) * 3), worst((0.0,) * 3)
    for level in sorted({least, (least + most) / 2, most, least / 2}):
        share = min(1.0, (level + 1e-5) / total)
        best, plan = tried.best(fits=lambda parts: worst(parts) <= share * total + 1e-6), ask(share)  # noqa: B023
        assert plan.status == ("nearest" if best == np.inf else "optimal")
        assert plan.survive is not None
        built = {c["project"] for c in plan.chosen}
        assert plan.survive["lost_mt"] == pytest.approx(worst(tuple(float(n in built) for n in sorted(case.projects))), abs=1e-5)
        if best < np.inf:
            assert -plan.npv_musd == pytest.approx(best, abs=1e-4 * max(1.0, abs(best)) + 1e-6)
        else:
            assert plan.survive["lost_mt"] <= least + 1e-4


# --- a small country ---------------------------------------------------------------------------------


def small(path: Path, *projects: dict[str, Any], settings: str | None = None) -> kr.Case:
    """The small case with other projects. Its pipe of 8, with a quota of 7, is full; crude of 12 waits; the port takes 3."""
    tables = small_tables()
    tables["projects"] = [{"name": p["project"], "status": "planned", **SOURCE, **p} for p in projects]
    write_tables(path, tables, settings) if settings else write_tables(path, tables)
    return kr.load(path)


BERTHS = {"project": "more-berths", "adds": "port-berths 2", "capex_musd": 100, "lead_years": 2, "life_years": 20}
SHIPS = {"project": "ships", "adds": "tankers 6", "units": 6, "capex_musd": 120, "fixed_musd": 12, "lead_years": 1, "life_years": 20}
DEAR = {"project": "dear-berths", "adds": "port-berths 5", "capex_musd": 1e6, "lead_years": 2, "life_years": 20}


def test_cost_unknown_is_never_nothing(tmp_path: Path) -> None:
    nameless = {**BERTHS, "capex_musd": ""}
    plan = invest(small(tmp_path / "s", nameless, SHIPS), 2030)
    assert "more-berths" not in [c["project"] for c in plan.chosen]
    row = next(r for r in plan.unknown if r["project"] == "more-berths")
    even = row["break_even_musd"]
    assert even > 0
    for factor, wanted in ((0.999, True), (1.001, False)):
        priced = small(tmp_path / f"s{factor}", {**BERTHS, "capex_musd": even * factor}, SHIPS)
        assert ("more-berths" in [c["project"] for c in invest(priced, 2030, brief=True).chosen]) is wanted
    given = invest(small(tmp_path / "s", nameless, SHIPS), 2030, capex={"more-berths": 0.5 * even}, brief=True)
    assert "more-berths" in [c["project"] for c in given.chosen]


def test_ships_come_as_whole_numbers_and_fixed_cost_once(tmp_path: Path) -> None:
    plan = invest(small(tmp_path / "s", BERTHS, SHIPS), 2030)
    ships = [c for c in plan.chosen if c["project"] == "ships"]
    assert ships
    assert all(isinstance(c["units"], int) and 1 <= c["units"] <= 6 for c in ships)
    total = sum(c["units"] for c in ships)
    assert sum(c["capex_musd"] for c in ships) == pytest.approx(12 + 108 * total / 6)
    assert plan.capex_musd == pytest.approx(sum(c["capex_musd"] for c in plan.chosen))
    assert sum(y["capex_musd"] for y in plan.years) == pytest.approx(plan.capex_musd)


def test_partners_and_what_is_too_dear(tmp_path: Path) -> None:
    plan = invest(small(tmp_path / "s", BERTHS, SHIPS, DEAR), 2030)
    rows = {r["project"]: r for r in plan.projects}
    assert rows["dear-berths"]["year"] is None
    assert rows["dear-berths"]["npv_alone_musd"] < 0
    assert 0 <= rows["dear-berths"]["break_even_musd"] < 1e6
    assert "more-berths" in [x["project"] for x in rows["dear-berths"]["rivals"]] or "ships" in [x["project"] for x in rows["dear-berths"]["partners"]]
    chosen = {c["project"] for c in plan.chosen}
    for name in chosen:
        assert rows[name]["npv_in_plan_musd"] > 0
        assert rows[name]["break_even_musd"] > rows[name]["capex_musd"] * 0.99
        assert rows[name]["year"] >= rows[name]["earliest"]


def test_figures_of_the_case_that_the_choice_rests_on(tmp_path: Path) -> None:
    """Every figure moved to both ends and decided anew: those told change the choice as told, and no others do."""
    even = next(r["break_even_musd"] for r in invest(small(tmp_path / "even", BERTHS, SHIPS), 2027).projects if r["project"] == "more-berths")
    case = small(tmp_path / "near", {**BERTHS, "capex_musd": 0.93 * even}, SHIPS)
    plan = invest(case, 2027)
    built = {c["project"] for c in plan.chosen}
    assert "more-berths" in built
    others = ("projects.", "discount", "life")
    told = {(r["number"], r["changes_at"]): (set(r["enters"]), set(r["leaves"])) for r in plan.rests if not r["number"].startswith(others)}
    ranges, changed = ranges_of(case, frozenset()), {}
    for table in ("links", "transfers", "supplies", "demands", "commodities", "fleets", "rules"):
        for cell in cells_of(case, table):
            found = standing(case, cell, frozenset(), ranges)
            if cell.key or found.low is None or found.low == found.high:
                continue
            for end in (found.low, found.high):
                now = {c["project"] for c in invest(case, 2027, scenario=kr.set_value(table, cell.row, cell.column, end), brief=True).chosen}
                if now != built:
                    changed[(str(cell), end)] = (now - built, built - now)
    assert len(changed) >= 3
    assert told == changed


def test_excluded_sizes_and_needs(tmp_path: Path) -> None:
    big = {**BERTHS, "project": "berths-big", "adds": "port-berths 4", "capex_musd": 150, "excludes": "more-berths"}
    plan = invest(small(tmp_path / "s", BERTHS, big, SHIPS), 2030, brief=True)
    assert len({"more-berths", "berths-big"} & {c["project"] for c in plan.chosen}) == 1
    tied = {**SHIPS, "needs": "more-berths"}
    plan = invest(small(tmp_path / "t", BERTHS, tied), 2030, brief=True)
    years = {c["project"]: c["year"] for c in reversed(plan.chosen)}
    assert "ships" not in years or years["ships"] >= years["more-berths"]
    lost_need = {**SHIPS, "needs": "unpriced"}
    unpriced = {"project": "unpriced", "adds": ""}
    plan = invest(small(tmp_path / "u", lost_need, unpriced), 2030, brief=True)
    assert plan.out == {"ships": "it needs unpriced, which cannot be decided (no figure is known for what it adds)",
                        "unpriced": "no figure is known for what it adds"}  # fmt: skip


def test_target_is_met_at_least_cost_of_building(tmp_path: Path) -> None:
    case = small(tmp_path / "s", BERTHS, SHIPS, DEAR)
    most = invest(case, 2030, targets=["crude over tanker-port-far >= 4 Mt"], brief=True)
    assert most.targets[0]["met"]
    assert most.least == "capex"
    free = invest(case, 2030, targets=["crude over tanker-port-far >= 0.1 Mt"], brief=True)
    assert free.capex_musd == 0
    out = invest(case, 2030, targets=["crude over tanker-port-far >= 4000 kt", "crude exports in 2029 >= 500 Mt"], brief=True)
    assert out.status == "nearest"
    assert [t["met"] for t in out.targets] == [True, False]
    assert any("meets every target" in n for n in out.notes)


def test_budget_buys_what_is_worth_most(tmp_path: Path) -> None:
    case = small(tmp_path / "s", BERTHS, SHIPS)
    values = [invest(case, 2030, budget_usd=b, brief=True).npv_musd for b in (0, 40e6, 100e6, 150e6, 1e9)]
    assert values[0] == 0
    assert values == sorted(values)
    assert values[-1] > 0


def test_paths_of_supply_change_the_choice(tmp_path: Path) -> None:
    tables = small_tables()
    tables["projects"] = [{"name": "b", "status": "planned", **SOURCE, **BERTHS}, {"name": "s", "status": "planned", **SOURCE, **SHIPS}]
    now = invest(kr.load(write_tables(tmp_path / "a", tables)), 2030, brief=True)
    tables["paths"] = [{"flow": "crude-field", "year": 2025, "factor": 0.3, **SOURCE}, {"flow": "crude-north", "year": 2024, "factor": 0, **SOURCE}]
    case = kr.load(write_tables(tmp_path / "b", tables))
    assert [case.growth("crude-field", y) for y in (2020, 2023, 2024, 2025, 2031)] == [1, 1, 0.65, 0.3, 0.3]
    assert case.growth("other", 2030) == 1
    assert build(case, 2024).offers[0].quantity == pytest.approx(9 * 0.65)
    assert now.chosen
    assert not invest(case, 2030, brief=True).chosen


def test_under_way_is_settled_unless_asked(tmp_path: Path) -> None:
    case = small(tmp_path / "s", {**BERTHS, "status": "under_construction", "ready_year": 2026}, SHIPS)
    assert invest(case, 2030, brief=True).settled == {"more-berths": 2026}
    asked = invest(case, 2030, decide=["more-berths"], brief=True)
    assert asked.settled == {}
    assert invest(case, 2030, decide=["all"], brief=True).npv_musd == pytest.approx(asked.npv_musd)
    none = invest(small(tmp_path / "t", {**BERTHS, "status": "completed", "ready_year": 2020}), 2030)
    assert none.chosen == ()
    assert none.settled == {"more-berths": 2020}


def test_frontier_falls_and_insurance_has_a_price(tmp_path: Path) -> None:
    case = small(tmp_path / "s", BERTHS, SHIPS, DEAR)
    plan = invest(case, 2030)
    assert plan.frontier is not None
    points = plan.frontier["points"]
    assert [p["capex_musd"] for p in points] == sorted(p["capex_musd"] for p in points)
    assert [p["lost_mt"] for p in points] == sorted((p["lost_mt"] for p in points), reverse=True)
    assert points[0]["projects"] == []
    goal = (points[-1]["lost_mt"] + 1e-4) / plan.frontier["moved_mt"]
    safe = invest(case, 2030, survive="any-country", at_most_lost=goal, brief=True)
    assert safe.status == "optimal"
    assert safe.insurance is not None
    assert safe.insurance["npv_less_musd"] >= 0
    assert safe.insurance["worst_avoided_mt"] >= 0
    beyond = invest(case, 2030, survive="any-country", at_most_lost=0.0, brief=True)
    assert beyond.status == "nearest"
    assert any("least worst loss" in n for n in beyond.notes)


def test_same_again(tmp_path: Path) -> None:
    case = small(tmp_path / "s", BERTHS, SHIPS, DEAR)
    assert invest(case, 2028).to_dict() == invest(case, 2028).to_dict()


def test_interrupt_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keruen.investing import details

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(details, "_row", stop)
    plan = invest(small(tmp_path / "s", BERTHS, SHIPS), 2028)
    assert plan.chosen
    assert any("interrupted" in n for n in plan.notes)


@pytest.mark.parametrize("after", [0, 3, 25, 60, 90, 200])
def test_interrupt_while_deciding_never_loses_a_plan(after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keruen.solve.builds import YearMaster

    case, count, at = small(tmp_path / "s", BERTHS, SHIPS, DEAR), itertools.count(), YearMaster.at
    best = invest(case, 2028, brief=True)

    def once(self: YearMaster, *rest: Any) -> Any:
        if next(count) == after:
            raise KeyboardInterrupt
        return at(self, *rest)

    monkeypatch.setattr(YearMaster, "at", once)
    try:
        plan = invest(case, 2028)
    except kr.UsageError as error:
        assert "stopped before any plan was found" in str(error)  # noqa: PT017
        assert after < 60
    else:
        assert plan.npv_musd <= best.npv_musd + 1e-4 * abs(best.npv_musd)
        assert plan.status == "stopped" or plan.npv_musd == pytest.approx(best.npv_musd, rel=1e-3)
        assert any("interrupted" in n for n in plan.notes) or after > next(count) - 1


WRONG = [
    (["--by", "2050"], "covers 2015 to 2035"), (["--by", "2023"], "a year after 2023"), (["--budget", "lots"], "an amount in USD"),
    (["--target", "crud to XX >= 1 Mt"], "Did you mean 'crude'?"), (["--target", "crude"], "is not understood"),
    (["--target", "crude to Q >= 1 Mt"], "no country of the case"), (["--target", "crude to XX >= 1 km"], "a quantity in Mt is expected"),
    (["--target", "crude to XX in 2050 >= 1 Mt"], "the years looked at"), (["--survive", "any-lnk"], "Did you mean 'any-link'"),
    (["--survive", "none.csv"], "there is no file"), (["--at-most-lost", "10"], "Did you mean 10%?"), (["--only", "berth"], "there is no project 'berth'"),
    (["--capex", "more-berths"], "--capex takes PROJECT=MUSD"), (["--capex", "more-berths=-1"], "0 or more"), (["--deep", "3"], "deep is 1"),
    (["--discount", "200%"], "at most 100%"), (["--life", "0"], "from 1 to 200"), (["--year", "2030"], "write --by 2030"),
    (["--gap", "0"], "above 0"), (["--commodity", "crud"], "Did you mean 'crude'?"), (["--start", "2020"], "before the base year"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[" ".join(w) for w, _ in WRONG])
def test_wrong_use_is_said(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(tmp_path / "s", BERTHS, SHIPS)
    assert main(["invest", str(tmp_path / "s"), *words]) == 2
    assert told in capsys.readouterr().err


def test_command_writes_every_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(tmp_path / "s", BERTHS, SHIPS, DEAR, {"project": "idea", "adds": "port-berths 1"})
    folder, page = str(tmp_path / "s"), tmp_path / "page.html"
    assert main(["invest", folder, "--by", "2028", "--survive", "any-link", "--at-most-lost", "90%", "--report", str(page)]) == 0
    text = capsys.readouterr().out
    for words in ("To build", "Cost unknown", "Projects with a known cost", "Budget against the worst loss", "The price of that insurance"):
        assert words in text
    html = page.read_text(encoding="utf-8")
    assert "<svg" in html
    assert "http" not in html.replace("http://www.w3.org", "")
    for table in ("projects", "chosen", "years", "frontier", "rests", "out"):
        assert main(["invest", folder, "--by", "2028", "--format", "csv", "--table", table, "--quiet"]) == 0
        assert capsys.readouterr().out.strip()


CANAD = Path(__file__).resolve().parents[3] / "shared" / "bench" / "canad"
# As in tests/solve/test_design.py, which proves them by a program of its own.
OPTIMA = {"r04.1": 31730.0, "r04.5": 53790.0, "r07.1": 32807.0, "c33": 423848.0}


def network_to_design(name: str, path: Path, unmet: float) -> tuple[kr.Case, float]:
    """A published network as a case: every arc a project, nothing there yet. Also what moving nothing costs."""
    d = read_dow(CANAD / f"{name}.dow")
    m, room = d.flows, float(d.flows.demand.sum())
    arcs, lots = range(len(m.tail)), range(len(m.origin))
    link = {"mode": "road", "direction": "one_way", "length_km": 20, "carries": "goods", "capacity": 0, "capacity_unit": "Mt/year", "countries": "AA",
            "status": "planned", **SOURCE}  # fmt: skip
    project = {"lead_years": 0, "life_years": 1, "ready_year": FIRST + 1, "status": "planned", **SOURCE}
    tables = {
        **{table: [] for table in small_tables()}, "sources": small_tables()["sources"],
        "commodities": [{"commodity": "goods", "name": "goods", "unit": "Mt", "tonnes_per_unit": 1, "value_usd": 0, "time_usd_per_day": 0, "unmet_usd": unmet,
                         **SOURCE}],
        "places": [{"place": f"n{i}", "name": f"n{i}", "country": "AA", "lon": 50 + 0.001 * i, "lat": 47, "kind": "city", **SOURCE} for i in range(m.n)],
        "links": [{"link": f"a{k}", "from": f"n{m.tail[k]}", "to": f"n{m.head[k]}", "cost_usd_per_t": m.cost[k], **link} for k in arcs],
        "projects": [{"project": f"b{k}", "name": f"b{k}", "adds": f"a{k} {min(m.capacity[k], room):.10g}", "capex_musd": d.fixed[k], **project} for k in arcs],
        "consignments": [{"consignment": f"c{k}", "from": f"n{m.origin[k]}", "to": f"n{m.destination[k]}", "commodity": "goods", "quantity": m.demand[k],
                          "first_year": FIRST + 1, "last_year": FIRST + 1, **SOURCE} for k in lots],
    }  # fmt: skip
    write_tables(path, tables)
    return kr.load(path), unmet * room


@pytest.mark.skipif(not CANAD.is_dir(), reason=f"the Canad networks are not at {CANAD}")
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "c33" else n for n in OPTIMA])
def test_published_networks_are_designed_as_proven(name: str, tmp_path: Path) -> None:
    case, nothing = network_to_design(name, tmp_path / "case", 2000.0)
    plan = invest(case, FIRST + 1, discount=0.0, brief=True, gap=1e-6)
    assert plan.status == "optimal"
    assert nothing - plan.npv_musd == pytest.approx(OPTIMA[name], rel=1e-6)
    assert nothing - plan.npv_musd >= OPTIMA[name] * (1 - 1e-9)
