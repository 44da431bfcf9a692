"""Records -> RESULTS.md: medians, ratios, memory, and every disagreement, failure and gap told."""

from __future__ import annotations

import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cells import TITLES
from harness import median, memory_gb, spread

__all__ = ["disagreements", "environment", "figures", "markdown"]

Record = Mapping[str, Any]
FEASIBLE = 1e-6
PACKAGES = ("keruen", "pypsa", "linopy", "highspy", "ortools", "networkx", "aequilibrae", "numpy", "scipy", "pandas", "xarray", "numba")
WORDS = {
    "kazakhstan": (
        "*starts from*: **files** (the case folder), **case** (tables in memory), **tables** (buses, links, generators already made from keruen's "
        "compiled network: not timed), **arrays** (the program's matrix already made by keruen: not timed). Only keruen forms its network from the "
        "case inside the time; the two rows *of which* say what that costs, to add to a peer or take from keruen when like is to be held against "
        "like. PyPSA's `n.optimize` ends with a post-processing that makes a sub-network for every bus, for voltage angles that a network of goods "
        "does not have; the rows *model and solve only* leave it out by calling `create_model`, `n.model.solve`, `assign_solution` and "
        "`assign_duals`."
    ),
    "closures": (
        "Per closure: what is prepared once (model and base solve) taken off, then divided by the closures timed. Whole sweep: prepared once, plus "
        "that for every link; where fewer were timed it is **extrapolated** (~). keruen's answers also hold what was lost, what went round and what "
        "relief is worth; the peers' are objectives alone. keruen solves only closures of what carries something, and knows that the others change "
        "nothing; *solved* counts."
    ),
    "random": (
        "keruen stops at a proven gap of 1e-5; HiGHS, linopy and PyPSA solve the arc program to optimality. Flows of one origin are taken together in"
        " the arc program (as `scipy` or a careful user would), which makes it as small as can be; *by flow* is the plain form. Making the arrays is "
        "timed. All with simplex, HiGHS's choice. Making tables of names for PyPSA is not timed."
    ),
    "growth": ("Certified gap 1e-5. *closed* says whether it was reached."),
    "published": ("Seconds after compilation. *off*: objective against the published optimum, relative. Optima are given to the digits in the manifest."),
    "one": ("Each makes its own graph or arrays inside the time. keruen is told the same network with one source and one sink added."),
    "cold": (
        "Start to exit of a fresh process; the first of the runs (a cold disk cache) is not among those of the median. Memory below 20 MiB is the floor "
        "that the system reports for any child."
    ),
    "kernels": ("*call*: `solve_multiflow` alone. *import*: `keruen.solve.flows` with what it imports. *seconds*: the whole process for first calls."),
    "screening": (
        "A drawn file: half its goods stand in some rule, ways, modes, dates and uses at random. Each row is read, checked, judged, given a way around where "
        "a transit rule forbids it, and written."
    ),
    "equilibrium": (
        "Seconds to a relative gap: what all pay less what the cheapest ways would cost, over what all pay. keruen: each gap from nothing, medians of five, "
        "with the certificate and the paths; the gap is that of the loads it returns. AequilibraE (bi-conjugate Frank-Wolfe, no progress bar, making its "
        "graph not timed): one run to 1e-10 or 120 s, by its own clock and its own gap, which holds the loads after a step against the cheapest ways and "
        "costs before it; medians of three where they fit into a minute. *gap at the end* is keruen's definition on the loads of both. Links without "
        "free-flow time get 1e-4, which AequilibraE needs. *-*: not reached."
    ),
}


def figures(record: Record) -> dict[str, Any]:
    """Median, spread, number of runs and, for sweeps, the time of one closure and of all."""
    seconds: Sequence[float] = record.get("seconds", ())
    found: dict[str, Any] = {"median": median(seconds), "spread": spread(seconds), "runs": len(seconds), "cpu": median(record.get("cpu", ()))}
    answer = record.get("answer", {})
    if found["median"] is not None and answer.get("closures"):
        prepared = answer.get("prepare_s", 0.0)
        found["each"] = (found["median"] - prepared) / answer["closures"]
        found["whole"] = prepared + found["each"] * answer["all"]
        found["sampled"] = answer["closures"] < answer["all"]
    return found


def disagreements(records: Iterable[Record]) -> list[str]:
    """Where programs that must agree do not, in words."""
    groups: dict[str, list[Record]] = defaultdict(list)
    found = []
    for r in records:
        answer = r.get("answer", {})
        if r["agree"] and r["status"] == "ok":
            groups[r["agree"]].append(r)
        if answer.get("closed") and not abs(answer.get("off") or 0.0) <= r["tolerance"]:
            found.append(f"{r['case']}: {r['row']} says it closed, and differs from the published optimum by {answer['off']:.2e} (relative)")
        if not answer.get("violation", 0.0) <= FEASIBLE:
            found.append(f"{r['case']}: {r['row']} breaks a capacity or a demand by {answer['violation']:.2e}")
    for name, group in groups.items():
        first = next((r for r in group if r["base"]), group[0])
        for other in group:
            worst = max(_differences(first["answer"], other["answer"]), default=0.0)
            if not worst <= max(first["tolerance"], other["tolerance"]):
                found.append(f"{name}: {other['row']} differs from {first['row']} by {worst:.2e} (relative)")
    return found


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[float]:
    pairs = [(a["objective"], b["objective"])] if "objective" in a and "objective" in b else []
    one, other = a.get("objectives", {}), b.get("objectives", {})
    pairs += [(one[k], other[k]) for k in one.keys() & other.keys()]
    return [abs(x - y) / max(1.0, abs(x)) for x, y in pairs]


def environment() -> dict[str, str]:
    """Versions and machine."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        **found,
        "machine": f"{_processor()}, {cores} cores, {memory_gb():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "by": sys.executable,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


# --- writing ----------------------------------------------------------------------------------------


def markdown(records: Sequence[Record], about: Mapping[str, str], *, quick: bool, date: str) -> str:
    """The whole file."""
    lines = ["# Benchmarks: keruen beside its peers", ""]
    if quick:
        lines += ["**QUICK VERSION: one repetition, small sizes. Not for quoting.**", ""]
    versions = ", ".join(f"{name} {about[name]}" for name in ("keruen", "python", *PACKAGES[1:]) if name in about)
    loads = [r["load"] for r in records if "load" in r]
    lines += [
        f"Written by `python benchmarks/run.py` on {date}. Do not edit.",
        "",
        f"Machine: {about.get('machine', '?')}; {about.get('system', '?')}. Load average when cells began: median {median(loads) or 0:.2f}, "
        f"most {max(loads, default=0):.2f}; other work on the machine slows everything.",
        "",
        f"Versions: {versions}.",
        "",
        "Seconds are medians of the runs named, after one run that is not counted (*first*); where time allowed only one, that one counts. "
        "*x keruen* is the time divided by keruen's in the same table: 20 means keruen is 20 times quicker, 0.5 that it is half as quick. "
        "Memory is the peak resident memory of the process, MiB, with what it held before the timed work in brackets. "
        "*cpu*: processor seconds of a run; where seconds are much more, others were using the machine. "
        "Every row ran in a process of its own. How fairness is kept: `benchmarks/README.md`.",
        "",
    ]
    wrong = disagreements(records)
    if wrong:
        lines += [
            "## DISAGREEMENTS",
            "",
            "Programs that must find the same objective did not. **Do not use these figures.**",
            "",
            *[f"- {w}" for w in wrong],
            "",
        ]
    else:
        compared = len({r["agree"] for r in records if r["agree"] and r["status"] == "ok"})
        lines += [f"All objectives that must agree do ({compared} groups).", ""]
    empty = [r for r in records if r["status"] != "ok"]
    if empty:
        lines += [f"**{len(empty)} of {len(records)} cells have no figure**; why is said under their table.", ""]
    for section, title in TITLES.items():
        mine = [r for r in records if r["section"] == section]
        if mine:
            lines += [f"## {title}", "", WORDS[section], "", *_LAYOUT.get(section, _by_case)(mine), ""]
            notes = [r for r in mine if r["status"] != "ok"]
            lines += [f"- {r['case']}, {r['row']}: **{r['status']}**. {r['message']}" for r in notes] + ([""] if notes else [])
    return "\n".join(lines).rstrip() + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|",
        *["| " + " | ".join(row) + " |" for row in rows],
    ]


def _s(value: float | None) -> str:
    """Seconds, three figures."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value >= 0.1 else f"{value:.2g}" if value >= 0.001 else f"{value:.1e}"


def _ratio(value: float | None, base: float | None) -> str:
    return "" if value is None or not base else f"{value / base:,.0f}" if value / base >= 100 else f"{value / base:.2g}"


def _memory(r: Record) -> str:
    if r["status"] != "ok":
        return ""
    before = r.get("before_mb")
    own = r["make"] in ("cold:command", "kernels:first")
    peak = "" if r["make"] == "kernels:first" else f"{r['peak_mb']:,.0f}"
    return peak if own or before is None else f"{peak} ({before:,.0f})"


def _name(r: Record) -> str:
    text: str = r["row"].replace("|", "/")
    return f"**{text}**" if r["base"] else text


def _cases(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for r in records:
        found[r["case"]].append(r)
    return found


def _objective(r: Record) -> str:
    answer = r.get("answer", {})
    return f"{answer['objective']:.9g}" if "objective" in answer else ""


def _gap(r: Record) -> str:
    gap = r.get("answer", {}).get("gap")
    return "" if gap is None else f"{gap:.0e}" if gap > 0 else "0"


def _by_case(records: Sequence[Record]) -> list[str]:
    lines: list[str] = []
    starts = any(r["starts"] for r in records)
    objectives = any("objective" in r.get("answer", {}) for r in records)
    for case, rows in _cases(records).items():
        base = next((figures(r)["median"] for r in rows if r["base"]), None)
        made = []
        for r in rows:
            f = figures(r)
            seconds = _s(f["median"]) if r["status"] == "ok" else r["status"]
            cell = [
                _name(r),
                seconds,
                _ratio(f["median"], base),
                _s(f["cpu"]),
                str(f["runs"] or ""),
                "" if f["spread"] is None else f"{f['spread']:.0%}",
                _s(r.get("first_s")),
                _memory(r),
            ]
            made.append(cell + ([_objective(r), _gap(r)] if objectives else []) + ([r["starts"]] if starts else []))
        head = (
            ["", "seconds", "x keruen", "cpu", "runs", "spread", "first", "memory"]
            + (["objective", "gap"] if objectives else [])
            + (["starts from"] if starts else [])
        )
        lines += [f"### {case}", "", *_table(head, made), ""]
    return lines[:-1]


def _sweeps(records: Sequence[Record]) -> list[str]:
    lines: list[str] = []
    for case, rows in _cases(records).items():
        of = {id(r): figures(r) for r in rows}
        base = next((of[id(r)] for r in rows if r["base"]), {})
        made = []
        for r in rows:
            f, answer = of[id(r)], r.get("answer", {})
            sure = "~" if f.get("sampled") else ""
            made.append(
                [
                    _name(r),
                    _s(f["each"] * 1000) if "each" in f else r["status"],
                    _ratio(f.get("each"), base.get("each")),
                    sure + _s(f.get("whole")) if "whole" in f else "",
                    _ratio(f.get("whole"), base.get("whole")),
                    f"{answer['closures']:,}" if "closures" in answer else "",
                    f"{answer['solved']:,}" if "solved" in answer else "",
                    str(f["runs"] or ""),
                    _memory(r),
                ]
            )
        head = ["", "ms a closure", "x keruen", "whole sweep, s", "x keruen", "closures timed", "solved", "sweeps", "memory"]
        lines += [f"### {case}", "", *_table(head, made), ""]
    return lines[:-1]


def _flat(columns: Sequence[tuple[str, Callable[[Record], str]]]) -> Callable[[Sequence[Record]], list[str]]:
    def layout(records: Sequence[Record]) -> list[str]:
        return _table([head for head, _ in columns], [[of(r) for _, of in columns] for r in records])

    return layout


def _answer(name: str, form: str) -> Callable[[Record], str]:
    def of(r: Record) -> str:
        value = r.get("answer", {}).get(name)
        return "" if value is None else format(value, form)

    return of


def _seconds(r: Record) -> str:
    return _s(figures(r)["median"]) if r["status"] == "ok" else str(r["status"])


def _levels(records: Sequence[Record]) -> list[str]:
    """A table for each network: seconds by gap, and how many times keruen's on as many cores."""
    lines: list[str] = []
    for case, rows in _cases(records).items():
        gaps = list(next((r["answer"]["times"] for r in rows if r.get("answer", {}).get("times")), {}))
        made = []
        for r in rows:
            answer = r.get("answer", {})
            times = answer.get("times", {})
            mate = next((o.get("answer", {}).get("times", {}) for o in rows if o["row"] == r["row"].replace("AequilibraE", "keruen")), {})
            told = []
            for g in gaps:
                much = _s(times.get(g)) or "-"
                ratio = "" if r["row"].startswith("keruen") else _ratio(times.get(g), mate.get(g))
                told.append(f"{much} ({ratio}x)" if ratio else much)
            end = f"{answer['gap']:.1e}" if answer.get("gap") is not None else ""
            last = [end, _answer("rounds", ",")(r), _answer("objective", ".14g")(r), _answer("runs", "")(r), _memory(r)]
            made.append([_name(r), *(told if r["status"] == "ok" else [str(r["status"]), *[""] * (len(gaps) - 1)][: len(gaps)]), *last])
        head = ["", *(f"s to {g}" for g in gaps), "gap at the end", "rounds", "objective", "runs", "memory"]
        lines += [f"### {case}", "", *_table(head, made), ""]
    return lines[:-1]


_INSTANCE = [("", lambda r: str(r["case"])), ("seconds", _seconds), ("runs", lambda r: str(figures(r)["runs"] or "")), ("gap", _gap)]
_END = [
    ("rounds", _answer("rounds", ",")),
    ("engine", _answer("engine", "")),
    ("closed", lambda r: {True: "yes", False: "no"}.get(r.get("answer", {}).get("closed"), "")),
    ("memory", _memory),
]
_LAYOUT: dict[str, Callable[[Sequence[Record]], list[str]]] = {
    "closures": _sweeps,
    "equilibrium": _levels,
    "growth": _flat([*_INSTANCE, ("objective", _objective), *_END]),
    "published": _flat(
        [*_INSTANCE, ("objective", _answer("objective", ".10g")), ("published optimum", _answer("optimum", ".10g")), ("off", _answer("off", "+.1e")), *_END]
    ),
    "kernels": _flat(
        [
            ("", lambda r: str(r["row"])),
            ("seconds", _seconds),
            ("runs", lambda r: str(figures(r)["runs"] or "")),
            ("call, s", _answer("call_s", ".3g")),
            ("import, s", _answer("import_s", ".3g")),
        ]
    ),
}
