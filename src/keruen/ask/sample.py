"""Draw capacities, costs and outages from what the tables say of them, and solve each draw: not one plan but how far it may be off.

What is drawn, and how a draw is solved: :mod:`keruen.ask.draws`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keruen.ask.draws import DIGITS, FULL, DrawBench, Question, answer, bench, figures_of, outages_of
from keruen.ask.tasks import Task, default_checkpoint, question_digest, run_tasks
from keruen.case import Case
from keruen.errors import UsageError
from keruen.scenario import Scenario, lay

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sample", "sample"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Draws in a task, and how many draws are worth other processes.
CHUNK, FEW = 50, 400
# Losses nearer to each other than this, in MUSD, are the same loss.
SAME_LOSS = 1e-4
DRIVERS = 20
# Numbers held at a time when draws are ranked.
HELD = 25_000_000
QUANTILES = {"p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95}
COLUMNS = {
    "distributions": ("measure", "unit", "plan", "mean", "sd", "min", *QUANTILES, "max"),
    "full": ("capacity", "kind", "share", "in_plan"),
    "drivers": ("table", "id", "column", "rank_correlation", "beyond_chance", "mean_loss_with", "mean_loss_without"),
    "outages": ("scenario", "draws", "mean_loss_with", "mean_loss_without"),
    "ranges": ("table", "id", "column", "value", "low", "high", "why"),
}


@dataclass(frozen=True)
class Sample:
    """The answer of a sample: what comes of a plan when its figures are drawn from their ranges.

    n draws of a seed; objective_musd: of the plan with the figures as they are, from which losses count (below 0 is
    a gain). values: each measure by draw, in MUSD or the unit of the commodity; outage_draws: numbers of the draws in
    which each outage happens. tables: rows behind the data frames.
    """

    case: str
    year: int
    scenario: tuple[str, ...]
    n: int
    seed: int
    rivals: bool
    objective_musd: float
    values: dict[str, tuple[float, ...]]
    outage_draws: dict[str, tuple[int, ...]]
    tables: dict[str, tuple[dict[str, Any], ...]]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        loss = self.tables["distributions"][0]
        name = " + ".join(self.scenario) or "base"
        return (f"<Sample {self.case} {self.year} {name}, {self.n:,} draw{'s' if self.n > 1 else ''} of seed {self.seed}: "
                f"loss {loss['mean']:,.0f} MUSD on average, nine draws in ten between {loss['p5']:,.0f} and {loss['p95']:,.0f}>")  # fmt: skip

    def _frame(self, table: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(list(self.tables[table]), columns=list(COLUMNS[table]))

    @cached_property
    def distributions(self) -> pd.DataFrame:
        """One row a measure: the plan without a draw, then mean, standard deviation and quantiles over the draws.

        loss_musd; moving_musd (money and time spent on moving, supplies and plants); delivered and exported by commodity.
        """
        return self._frame("distributions")

    @cached_property
    def full(self) -> pd.DataFrame:
        """Capacities that are ever full: in which share of the draws, and whether in the plan."""
        return self._frame("full")

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What the loss goes with: the 20 figures and outages whose rank correlation with it is strongest.

        beyond_chance: whether a correlation this strong would come by chance in less than one sample of 20, given how
        many figures there are. For outages (table ``scenarios``) also the mean loss of draws with and without it.
        """
        return self._frame("drivers")

    @cached_property
    def outages(self) -> pd.DataFrame:
        """Every outage of the record: draws it happens in, mean loss in MUSD of these and of the others."""
        return self._frame("outages")

    @cached_property
    def ranges(self) -> pd.DataFrame:
        """Every figure that is drawn, in the unit of its cell, from where to where, and why."""
        return self._frame("ranges")

    @cached_property
    def draws(self) -> pd.DataFrame:
        """One row a draw, one column a measure."""
        import pandas as pd

        return pd.DataFrame(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``keruen stress --sample N --format json`` writes it."""
        from keruen import __version__

        return {"keruen": __version__, "case": self.case, "year": self.year, "scenario": list(self.scenario), "draws": self.n, "seed": self.seed,
                "rivals": self.rivals, "objective_musd": self.objective_musd, **{t: list(rows) for t, rows in self.tables.items()},
                "notes": list(self.notes)}  # fmt: skip


def sample(
    case: Case, n: int, *, seed: int = 1, year: int | None = None, scenario: Scenario | None = None, rivals: bool = False,
    jobs: int | None = None, cluster: str | None = None, checkpoint: Path | None = None, progress: bool = False,
) -> Sample:  # fmt: skip
    """Draw capacities, costs and outages ``n`` times from their ranges and solve each draw.

    seed: which draws; draw i of a seed is the same however many there are and under every scenario, so samples can
    be compared draw by draw. year: the base year if not given. rivals: ranges reach to the rival figures of the
    tables too. jobs: processes, as many as cores if not given and there is enough to do. cluster: address of a
    Dask scheduler instead. checkpoint: file that keeps what is finished; the same question asked again with it,
    also for more draws, goes on where it stopped.
    Raises UsageError for what cannot be asked, ScenarioError for names the case lacks.

    >>> import keruen as kr
    >>> found = kr.sample(kr.load("kazakhstan"), 2, seed=7)
    >>> list(found.distributions["measure"])[:2]
    ['loss_musd', 'moving_musd']
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise UsageError(f"the number of draws is a whole number from 1; got {n}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise UsageError(f"the seed is a whole number from 0 to {2**64 - 1}; got {seed}")
    n, seed, base = int(n), int(seed), scenario or Scenario()
    figures, unlike = figures_of(case, rivals, frozenset(lay(base, case).values))
    outages, left_out = outages_of(case)
    years = case.base_year - case.first_year + 1
    question = Question(case, case.base_year if year is None else year, base, figures, outages, 1 / years, seed)
    digest = question_digest("sample", question.pickled())
    shared = replace(question, pool=DrawBench(question).learn()).pickled()
    own = checkpoint is None and (n >= FEW or cluster is not None)
    kept = default_checkpoint(digest) if own else checkpoint
    tasks = [Task(f"{first}-{min(first + CHUNK, n)}", (first, min(first + CHUNK, n))) for first in range(0, n, CHUNK)]
    found = run_tasks(tasks, answer, shared, jobs=1 if jobs is None and n < FEW else jobs, cluster=cluster, checkpoint=kept, digest=digest,
                      progress=f"tasks of {CHUNK} draws" if progress else None)  # fmt: skip
    told = _told(bench(shared), [draw for task in tasks for draw in found[task.key]], rivals, [*unlike, *left_out, *_record(question, years)])
    if own and kept is not None:
        kept.unlink(missing_ok=True)
    return told


def _record(question: Question, years: int) -> Iterator[str]:
    yield "figures are drawn one by one, each on its own; quantities, prices, hours and the number of ships stay as they are"
    names = ", ".join(s.names[0] for k, s in enumerate(question.outages) if not question.is_laid(k))
    if names:
        case = question.case
        yield f"outages of the record of {case.first_year} to {case.base_year}, each in one draw of {years}: {names}"


def _told(desk: DrawBench, draws: list[dict[str, Any]], rivals: bool, notes: list[str]) -> Sample:
    """All draws -> distributions, bottlenecks and drivers."""
    question, base, n = desk.question, desk.base, len(draws)
    commodities = desk.program.network.commodities
    plan = {"loss_musd": 0.0, "moving_musd": base["moving"]}
    units = {"loss_musd": "MUSD", "moving_musd": "MUSD"}
    values = {"loss_musd": np.array([d["objective"] for d in draws]) - base["objective"], "moving_musd": np.array([d["moving"] for d in draws])}
    for what in ("delivered", "exported"):
        for i, name in enumerate(desk.measures.names):
            by_draw = np.array([d[what][i] for d in draws])
            if base[what][i] > FULL or (by_draw > FULL).any():
                measure = f"{what} {name}"
                plan[measure], units[measure], values[measure] = base[what][i], commodities[name].unit, by_draw
    loss = values["loss_musd"]
    happened = np.zeros((n, len(question.outages)), bool)
    for i, d in enumerate(draws):
        happened[i, d["outages"]] = True
    outages = [{"scenario": s.names[0], "draws": int(h.sum()), **_means(loss, h)} for s, h in zip(question.outages, happened.T, strict=True)]
    drivers, chance = _drivers(desk, loss, happened)
    if chance is not None:
        notes = [*notes, f"with {n:,} draws, rank correlations nearer to 0 than {chance:.2f} may be chance"]
    counts = np.bincount(np.array([i for d in draws for i in d["full"]], np.int64), minlength=len(desk.measures.capacities))
    full: list[dict[str, Any]] = [{"capacity": name, "kind": kind, "share": float(counts[i] / n), "in_plan": i in base["full"]}
            for i, (name, kind, *_) in enumerate(desk.measures.capacities) if counts[i] or i in base["full"]]  # fmt: skip
    tables = {
        "distributions": [{"measure": m, "unit": units[m], "plan": plan[m], **_spread(v)} for m, v in values.items()],
        "full": sorted(full, key=lambda r: (-r["share"], r["capacity"])), "drivers": drivers, "outages": outages,
        "ranges": [{c: getattr(f, c) for c in COLUMNS["ranges"]} for f in question.figures],
    }  # fmt: skip
    return Sample(
        question.case.name, question.year, question.scenario.names, n, question.seed, rivals, base["objective"],
        {m: tuple(v.tolist()) for m, v in values.items()},
        {s.names[0]: tuple(np.flatnonzero(h).tolist()) for s, h in zip(question.outages, happened.T, strict=True)},
        {t: tuple(rows) for t, rows in tables.items()}, tuple(notes),
    )  # fmt: skip


def _spread(values: Floats) -> dict[str, float]:
    found = {"mean": values.mean(), "sd": values.std(ddof=1) if len(values) > 1 else 0.0, "min": values.min(),
             **dict(zip(QUANTILES, np.percentile(values, list(QUANTILES.values())), strict=True)), "max": values.max()}  # fmt: skip
    return {name: round(float(value), DIGITS) for name, value in found.items()}


def _means(loss: Floats, happened: Bools) -> dict[str, float | None]:
    """Mean loss of the draws with and without an outage; None where there are none."""
    return {"mean_loss_with": float(loss[happened].mean()) if happened.any() else None,
            "mean_loss_without": float(loss[~happened].mean()) if not happened.all() else None}  # fmt: skip


def _drivers(desk: DrawBench, loss: Floats, happened: Bools) -> tuple[list[dict[str, Any]], float | None]:
    """Figures and outages by rank correlation with the loss (Spearman), the strongest first; and how strong chance alone may be."""
    question, n = desk.question, len(loss)
    ranks = _ranks(np.round(loss / SAME_LOSS))
    if ranks.std() == 0:
        return [], None
    drawn = np.flatnonzero(desk.used() & np.array([f.high > f.low for f in question.figures], bool))
    rows: list[dict[str, Any]] = []
    step = max(1, HELD // n)
    for k in range(0, len(drawn), step):
        some = drawn[k : k + step]
        # A factor grows with its uniform number, so both rank the same.
        uniforms = np.array([question.uniforms(i)[some] for i in range(n)])
        order = np.argsort(uniforms, axis=0)
        placed = np.empty_like(uniforms)
        np.put_along_axis(placed, order, np.arange(n, dtype=np.float64)[:, None], axis=0)
        for j, rho in zip(some.tolist(), _correlation(placed, ranks).tolist(), strict=True):
            f = question.figures[j]
            rows.append({"table": f.table, "id": f.id, "column": f.column, "rank_correlation": rho, "mean_loss_with": None, "mean_loss_without": None})
    either = np.flatnonzero(happened.any(axis=0) & ~happened.all(axis=0))
    for j, rho in zip(either.tolist(), _correlation(happened[:, either].astype(np.float64), ranks).tolist(), strict=True):
        rows.append({"table": "scenarios", "id": question.outages[j].names[0], "column": "happened", "rank_correlation": rho, **_means(loss, happened[:, j])})
    chance = float(NormalDist().inv_cdf(1 - 0.025 / max(1, len(rows))) / np.sqrt(n - 1))
    rows.sort(key=lambda r: (-abs(float(r["rank_correlation"])), r["table"], r["id"], r["column"]))
    for row in rows[:DRIVERS]:
        row["beyond_chance"] = abs(row["rank_correlation"]) > chance
    return rows[:DRIVERS], min(1.0, chance)


def _correlation(columns: Floats, ranks: Floats) -> Floats:
    """Of each column with the ranks."""
    apart, other = columns - columns.mean(axis=0), ranks - ranks.mean()
    found: Floats = (other @ apart) / np.sqrt((apart**2).sum(axis=0) * (other @ other))
    return found


def _ranks(values: Floats) -> Floats:
    """Ranks from 0; equal values share their mean rank."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean = np.cumsum(counts).astype(np.float64) - (counts + 1) / 2
    return mean[which]
