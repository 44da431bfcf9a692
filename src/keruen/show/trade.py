"""Trade as published: text for a terminal, and what the report shows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.balance import Balance
    from keruen.ask.published import Pair, Series
    from keruen.ask.targets import Figure, Line, Target
    from keruen.ask.trade import Trade

__all__ = ["NAMES", "figure_text", "named", "rate", "trade_sections", "trade_text", "whose"]

WIDTH = 116
NAMES = {
    "AE": "the Emirates", "AF": "Afghanistan", "AM": "Armenia", "AZ": "Azerbaijan", "BY": "Belarus", "CH": "Switzerland", "CN": "China", "DE": "Germany",
    "FR": "France", "GB": "Britain", "GE": "Georgia", "IN": "India", "IR": "Iran", "IT": "Italy", "JP": "Japan", "KG": "Kyrgyzstan", "KR": "Korea",
    "KZ": "Kazakhstan", "MN": "Mongolia", "NL": "Netherlands", "PK": "Pakistan", "PL": "Poland", "RU": "Russia", "TJ": "Tajikistan",
    "TM": "Turkmenistan", "TR": "Turkey", "UA": "Ukraine", "US": "United States", "UZ": "Uzbekistan", "VN": "Vietnam", "CA5": "Central Asia",
    "EU": "European Union", "EAEU": "Eurasian Economic Union", "EUROPE": "Europe", "world": "the world",
}  # fmt: skip
MARKS = {"more than": ">", "less than": "<", "about": "~"}


def named(code: str) -> str:
    """What people call a partner, or its code."""
    return NAMES.get(code, code)


def whose(reporter: str | None) -> str:
    return reporter or "not known"


def rate(value: float | None) -> str:
    """A growth a year, or nothing."""
    return "" if value is None else f"{100 * value:+.1f} %"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.4g}"


def figure_text(figure: Figure) -> str:
    """The figure with its marks: > more than, < almost, ~ about, * low confidence, r a rival that stands in."""
    return f"{MARKS.get(figure.wording, '')}{number(figure.quantity)}{'*' if figure.confidence == 'low' else ''}{'r' if figure.use == 'rival' else ''}"


def trade_text(found: Trade) -> str:
    """A table a pair, then targets, balance and what was left out."""
    asked = f", with {named(found.partner)} ({found.partner})" if found.partner else ""
    asked += f", by the figures of {found.reporter}" if found.reporter else ""
    lines = [f"{found.case}: trade as published{asked}"]
    if not found.pairs:
        return f"{lines[0]}\n\nThe case has no figures of trade with a partner."
    lines += ["Every line holds figures of one statistics only. > more than, < almost, ~ about, * low confidence, r a rival figure (there is no main one)."]
    for pair in found.pairs:
        lines += ["", _pair_text(pair, full=found.partner is not None)]
    lines += _target_text(found)
    lines += [line for one in found.balance for line in ("", *_balance_text(one))]
    if notes := [*_share_notes(found), *found.notes]:
        lines += ["", "Notes", *_items(notes)]
    return "\n".join(lines)


def _items(texts: Iterable[str]) -> list[str]:
    return [textwrap.fill(t, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) for t in texts]


def _pair_text(pair: Pair, full: bool) -> str:
    title = " and ".join(f"{named(e)} ({e})" if named(e) != e and e != "world" else named(e) for e in pair.between)
    shown = [s for s in pair.series if s.figures]
    years = sorted({f.year for s in shown for f in s.figures if f.year is not None})
    header = ["figures of", "what", "unit", *map(str, years), "growth a year"]
    rows: list[list[Any]] = []
    for s in shown:
        by_year = {f.year: f for f in s.figures}
        grown = f"{rate(s.growth.per_year)} {s.growth.first_year}-{s.growth.last_year}{'*' if s.growth.confidence == 'low' else ''}" if s.growth else ""
        rows.append([whose(s.reporter), _what(s), s.unit, *(figure_text(by_year[y]) if y in by_year else "" for y in years), grown])
        if any(f.share is not None for f in s.figures):
            rows.append(["", "  share of total", "", *(_percent(by_year[y].share) if y in by_year else "" for y in years), ""])
    lines = [title, table(rows, header) if rows else "No figure of a full year."]
    beside = [(s, f) for s in pair.series for f in (*s.rivals, *s.parts)]
    if full:
        lines += _beside_text("Beside them, not used:", [(s, f) for s in pair.series for f in s.rivals])
        lines += _beside_text("Parts of a year, compared with nothing:", [(s, f) for s in pair.series for f in s.parts])
    elif beside:
        rivals, parts = sum(len(s.rivals) for s in pair.series), sum(len(s.parts) for s in pair.series)
        words = [f"{n} {what}" for n, what in ((rivals, "rival figures" if rivals > 1 else "rival figure"), (parts, "for parts of a year")) if n]
        partner = pair.between[1]
        lines.append(f"besides {' and '.join(words)}: --partner {partner} shows them")
    return "\n".join(lines)


def _what(s: Series) -> str:
    return s.subject if "turnover" in s.subject or s.reporter is None else f"{s.subject} {'from' if s.subject == 'imports' else 'to'} {s.partner}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _beside_text(title: str, rows: Sequence[tuple[Series, Figure]]) -> list[str]:
    told = []
    for s, f in rows:
        when = " ".join(str(w) for w in (f.year, f.period) if w)
        told.append(f"{whose(s.reporter)}, {_what(s)}, {when}: {figure_text(f).removesuffix('r')} {s.unit} ({f.observation}{'; ' + f.note if f.note else ''})")
    return [title, *_items(told)] if told else []


def _target_text(found: Trade) -> list[str]:
    rows = []
    for pair, target, line in found.lines():
        first = target.lines[0] is line
        rows.append([
            "-".join(pair.between) if first else "", target.subject if first else "", target_words(target) if first else "",
            whose(line.reporter) if line.figure is not None else "" if line.because.startswith("no full-year figure of '") else whose(line.reporter),
            base_words(line), rate(line.required), achieved_words(line), line.verdict, line.because,
        ])  # fmt: skip
    if not rows:
        return []
    header = ["between", "what", "target", "figures of", "figure", "needs a year", "had a year", "verdict", ""]
    told = ["", "Targets, held against each statistics on its own", table([[*row[:-1], _short(row[-1])] for row in rows], header)]
    if found.missed:
        told.append("Missed: " + "; ".join(f"{m['observation']} ({number(m['figure'])} of {number(m['target'])} {m['unit']} in {m['year']} by the figures of "
                                           f"{whose(m['reporter'])}, {100 * m['short']:.0f} % short)" for m in found.missed) + ".")  # fmt: skip
    beside = [f"{t.observation}: beside it {', '.join(f'{number(r.quantity)} ({r.observation})' for r in t.rivals)}"
              for pair in found.pairs for t in pair.targets if t.rivals]  # fmt: skip
    return told + _items(beside)


def _short(text: str) -> str:
    return text if len(text) <= 62 else text[:60] + "..."


def target_words(target: Target) -> str:
    """The target with its year."""
    mark = MARKS.get(target.wording, "")
    return f"{mark}{number(target.quantity)} {target.unit}{f' by {target.year}' if target.year else ', no year'}"


def base_words(line: Line) -> str:
    """The figure a target is held against; * where it rests on one of low confidence."""
    return "" if line.figure is None else f"{number(line.figure)} in {line.figure_year}{'*' if line.confidence == 'low' and line.achieved is None else ''}"


def achieved_words(line: Line) -> str:
    """Growth a year and its years; * where it rests on a figure of low confidence."""
    return "" if line.achieved is None else f"{rate(line.achieved)} {line.achieved_from}-{line.achieved_to}{'*' if line.confidence == 'low' else ''}"


def _balance_text(one: Balance) -> list[str]:
    title = f"Balance of {one.reporter}'s {one.subject} between partners, by its own figures"
    if len(one.years) == 1 and one.years[0].total is None:
        y = one.years[0]
        return [f"{title}: {y.index:.3f} in {y.year}, like {y.like:.1f} equal partners ({', '.join(y.partners)}: {number(y.quantity)} {one.unit})",
                *([f"left out {', '.join(y.left_out)}, which a member would count again"] if y.left_out else [])]  # fmt: skip
    rows = [[str(y.year), len(y.partners), " ".join(y.partners), y.quantity, f"{y.index:.3f}", f"{y.like:.1f}", _percent(y.covered),
             "" if y.least is None else f"{y.least:.3f}", "" if y.most is None else f"{y.most:.3f}"] for y in one.years]  # fmt: skip
    title += ": 1 is one partner, 1/n is n equal ones"
    header = ["year", "partners", "", f"sum, {one.unit}", "index", "like so many", "of the total", "at least", "at most"]
    if all(y.total is None for y in one.years):
        rows, header = [row[:6] for row in rows], header[:6]
    lines = [title, table(rows, header), *(f"{y.year}: left out {', '.join(y.left_out)}, which a member would count again" for y in one.years if y.left_out)]
    return lines + _items([balance_words(one)])


def balance_words(one: Balance) -> str:
    """How the balance changed, in a sentence or two."""
    c = one.change
    if c is None:
        return f"No change of it: {one.why_no_change}."
    told = f"From {c.first_year} to {c.last_year} the index went from {c.index_first:.3f} to {c.index_last:.3f} ({c.change:+.3f})"
    told += f" on {', '.join(c.partners)}, " + ("the only ones in both years." if c.identical else "the partners both years have; the years differ in others.")
    moved = max(c.shares, key=lambda s: abs(float(s["last"]) - float(s["first"])))
    told += f" The share that moved most: {moved['partner']}, {_percent(float(moved['first']))} to {_percent(float(moved['last']))}."
    if any(y.total is None for y in one.years):
        told += " Without the total of all partners the index of all of them has no bounds: it may be less or more."
    return told


def _share_notes(found: Trade) -> list[str]:
    """One note a reporter and subject that has no total, not one a series."""
    lacking: dict[tuple[str, str], set[int]] = {}
    for pair in found.pairs:
        for s in pair.series:
            for f in s.figures:
                if s.reporter and s.partner != "world" and f.share is None and f.year is not None:
                    lacking.setdefault((s.reporter, s.subject), set()).add(f.year)
    unknown = any(s.reporter is None and len(s.figures) > 1 for pair in found.pairs for s in pair.series)
    words = "; ".join(f"{who}'s {what} {_years(years)}" for (who, what), years in sorted(lacking.items()))
    return [f"shares of a reporter's total cannot be told: the case has no total (partner 'world') of {words}"] * bool(lacking) + [
        "figures that are not known whose are listed and not compared: they may come from several statistics"] * unknown  # fmt: skip


def _years(years: Iterable[int]) -> str:
    """2015-2018, 2020"""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def trade_sections(found: Trade) -> dict[str, Any]:
    """What the report shows beside the chart: rows of targets, words on the balance, ids of sources."""
    targets = [
        {"between": " and ".join(map(named, pair.between)), "what": t.subject, "target": target_words(t), "first": t.lines[0] is line, "span": len(t.lines),
         "reporter": whose(line.reporter) if line.figure is not None or line.reporter else "", "figure": base_words(line), "required": rate(line.required),
         "achieved": achieved_words(line), "verdict": line.verdict, "because": line.because, "source": t.source}
        for pair, t, line in found.lines()
    ]  # fmt: skip
    figures = [f for pair in found.pairs for s in pair.series for f in s.figures]
    sources = {f.source for f in figures} | {t.source for pair in found.pairs for t in pair.targets}
    return {"targets": targets, "balance": [(f"{b.reporter}'s {b.subject}", balance_words(b)) for b in found.balance if b.change], "sources": sources}
