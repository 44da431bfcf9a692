"""A number, many numbers, or what a result hangs on, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keruen.ask.sensitivity import PASSED
from keruen.show.text import table

if TYPE_CHECKING:
    from keruen.ask.sensitivity import Sensitivity
    from keruen.ask.why import Numbers, Why

__all__ = ["numbers_text", "sensitivity_text", "why_text"]

WIDE, MOST_ROWS = 110, 60


def _figure(value: float | None, unit: str = "") -> str:
    if value is None:
        return "nothing"
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".rstrip()


def _signed(value: float | None, digits: int = 4) -> str:
    return "" if value is None else "0" if abs(value) < 1e-9 else f"{value:+,.{digits}g}" if abs(value) < 1000 else f"{value:+,.0f}"


def _points(value: float | None) -> str:
    """A change of a share, in percentage points."""
    return "" if value is None else "0" if abs(value) < 5e-6 else f"{100 * value:+.2f}"


def _source(s: Mapping[str, str]) -> str:
    words = ", ".join(s[k] for k in ("publisher", "title", "date") if s[k])
    return " ".join(part for part in (s["source"] + (":" if words else ""), words, f"({s['url']})" if s["url"] else "") if part) or "none named"


def _entry(name: str, text: str) -> str:
    return textwrap.fill(text, WIDE, initial_indent=f"{name:<14}", subsequent_indent=" " * 14, break_long_words=False, break_on_hyphens=False)


def why_text(found: Why) -> str:
    """Everything there is to say of a number, in a page."""
    t = found.told
    value = _figure(t["value"], t["unit"]) if t["value"] is not None else f"empty: {t['blank'] or 'no figure'}"
    name = " + ".join(found.scenario) or "base"
    lines = [f"{found.number} = {value}", ""]
    pairs = [
        ("what", t["meaning"]), ("of", t["row"]),
        ("scenario", "the scenario sets this figure" if t["set_by_scenario"] else ""),
        ("stands", f"{t['kind']}, {t['confidence'] or 'no'} confidence"), ("source", _source(t["source"])),
        ("how", t["derivation"]), ("note", t["note"]), ("range", _range(t)),
    ]  # fmt: skip
    lines += [_entry(word, text) for word, text in pairs if text]
    for r in t["rivals"]:
        differs = "" if r["differs"] is None else f", {_signed(r['differs'])}"
        differs += "" if r["differs_share"] is None else f" ({100 * r['differs_share']:+.0f} %)"
        what = _figure(r["value"], r["unit"]) + differs if r["value"] is not None else f"'{r['text']}', which is in no unit of this number"
        lines.append(_entry("rival", f"{what}; {r['confidence'] or 'no'} confidence; {_source(r['source'])}" + (f" - {r['note']}" if r["note"] else "")))
    lines += ["", f"What rests on it in {found.year}, {name}"]
    if not t["enters"]:
        lines.append(textwrap.fill(f"Nothing: {t['because']}.", WIDE, break_long_words=False))
    else:
        if t["because"]:
            lines.append(textwrap.fill(f"No result moves: {t['because']}.", WIDE, break_long_words=False))
        lines += ["", _moves(t)]
        if t["one_more_musd"] is not None and abs(t["one_more_musd"]) > 1e-9:
            worth = "is worth" if t["one_more_musd"] > 0 else "costs"
            lines += ["", f"One {t['unit']} more {worth} {abs(t['one_more_musd']):,.4g} MUSD a year."]
        lines += _limits(t)
    if t["named_by"]:
        lines += ["", "Named by"]
        by: dict[str, list[str]] = {}
        for n in t["named_by"]:
            by.setdefault(n["table"], []).append(n["id"])
        lines += [_entry(where, ", ".join(ids)) for where, ids in by.items()]
    return "\n".join(lines)


def _range(t: Mapping[str, Any]) -> str:
    r = t["range"]
    if r["low"] is None:
        return f"none: {r['why']}"
    text = f"{_figure(r['low'])} to {_figure(r['high'], t['unit'])} ({r['why']})"
    if (r["low"], r["high"]) != (r["low_with_rivals"], r["high_with_rivals"]):
        text += f"; with the rivals {_figure(r['low_with_rivals'])} to {_figure(r['high_with_rivals'])}"
    return text + ("; keruen stress --sample draws it from there" if r["drawn"] else "; keruen stress --sample does not draw it")


def _moves(t: Mapping[str, Any]) -> str:
    base = t["base"]
    cross = base["crossing"]
    goods = {e["commodity"]: e["unit"] for m in t["moves"] for e in m["exports"]}
    header = ["", "figure", "objective MUSD", "cost MUSD", *(f"{c} exports {u}" for c, u in sorted(goods.items()))]
    as_is: list[Any] = ["as it is", _figure(t["value"]), f"{base['objective_musd']:,.1f}", f"{base['cost_musd']:,.1f}"]
    exported = {e["commodity"]: e["quantity"] for e in base["exports"]}
    as_is += [_figure(exported.get(c, 0.0)) for c in sorted(goods)]
    if cross:
        header.append(f"{cross['commodity']} touching {cross['country']}, points")
        as_is.append(f"{100 * cross['share']:.2f} % ({100 * cross['share_min']:.1f}-{100 * cross['share_max']:.1f})")
    rows = [as_is]
    for m in t["moves"]:
        change = {e["commodity"]: e["change"] for e in m["exports"]}
        row = [f"{m['at']}{' of ' + m['source'] if m['source'] else ''}", _figure(m["value"]),
               _signed(m["objective_change_musd"]), _signed(m["cost_change_musd"])]  # fmt: skip
        row += [_signed(change.get(c, 0.0)) for c in sorted(goods)]
        rows.append(row + ([_points(m["share_change"])] if cross else []))
    text = table(rows, header)
    for m in t["moves"]:
        if m["refused"]:
            text += "\n" + textwrap.fill(f"A case with {_figure(m['value'])} would not pass keruen check: {m['refused']}", WIDE, break_long_words=False)
    return text


def _limits(t: Mapping[str, Any]) -> list[str]:
    lines = []
    for x in t["limits"]:
        line = f"{x['limit']}: {_figure(x['load'])} of {_figure(x['capacity'], x['unit'])} used"
        if x["price_musd_per_unit"] > 1e-9:
            holds = "" if x["price_holds_to"] is None else f", up to {_figure(x['price_holds_to'])}" if x["price_holds_to"] < 1e9 else ", without end"
            line += f"; a little more is worth {x['price_musd_per_unit']:,.4g} MUSD per unit{holds}{' (degenerate)' if x['degenerate'] else ''}"
        lines.append(line + ".")
    return ["", *lines] if lines else []


def numbers_text(found: Numbers) -> str:
    """The numbers of a row, each with its standing; of a table, by kind, and its guesses."""
    total = sum(found.kinds.values())
    many = found.name.count(".") == 0
    head = f"{found.name}: {total} number{'' if total == 1 else 's'}" + (f" - {found.words}" if found.words else "")
    kinds = ", ".join(f"{n} {k} ({100 * n / total:.0f} %)" for k, n in found.kinds.items()) if total else "none"
    rows = list(found.rows)
    if many:
        order = {"estimate": 0, "derived": 1, "sourced": 2}
        firm = {"low": 0, "medium": 1, "high": 2}
        rows.sort(key=lambda r: (order[r["kind"]], firm.get(r["confidence"], -1), r["number"]))
    cells = [[r["number"].removeprefix(f"{found.name}."), _figure(r["value"], r["unit"]), r["kind"], r["confidence"], r["source"],
              "" if r["low"] is None else f"{_figure(r['low'])} to {_figure(r['high'])}", ", ".join(v["text"] for v in r["rivals"])]
             for r in rows[:MOST_ROWS]]  # fmt: skip
    text = f"{head}\n{kinds}" + (", the least firm first" if many and total > 1 else "")
    if not rows:
        return text
    text += "\n\n" + table(cells, ["number", "value", "kind", "confidence", "source", "range", "rivals"])
    if len(rows) > MOST_ROWS:
        text += f"\n... and {len(rows) - MOST_ROWS} more (--format csv or json has all)"
    return text + f"\n\nWhat stands behind one, and what rests on it: keruen why {found.case} {rows[0]['number']}"


def sensitivity_text(found: Sensitivity, top: int) -> str:
    """The numbers that a result hangs on most, then what became of all others."""
    name = " + ".join(found.scenario) or "base"
    kinds = "" if len(found.kinds) == 3 else f" ({', '.join(found.kinds)} only)"
    value = "nothing is exported" if found.value is None else _figure(found.value, "" if found.unit == "share" else found.unit)
    lines = [f"{found.case} {found.year} {name}: {found.words} = {value}", "",
             f"What it hangs on{kinds}: each number moved alone to both ends of its range" + (", rivals included" if found.rivals else ""), ""]  # fmt: skip
    rows = [[r["number"], _figure(r["value"]), _figure(r["low"]), _figure(r["high"]), r["unit"], _change(found, r["result_low"]),
             _change(found, r["result_high"]), r["kind"], r["confidence"], r["source"]] for r in found.rows[:top]]  # fmt: skip
    header = ["number", "value", "low", "high", "unit", "result at low", "at high", "kind", "confidence", "source"]
    lines.append(table(rows, header) if rows else "No number moves it.")
    if len(found.rows) > top:
        lines.append(f"... and {len(found.rows) - top} more that move it less (--top N, or --format csv or json, has all)")
    lines += ["", f"Of {sum(found.counts.values()):,} numbers:"]
    lines += [textwrap.fill(f"{found.counts[k]:>6,}  {words}", WIDE, subsequent_indent=" " * 8) for k, words in PASSED.items() if found.counts[k]]
    return "\n".join(lines)


def _change(found: Sensitivity, value: float | None) -> str:
    if value is None or found.value is None:
        return "nothing" if value is None else _figure(value)
    change = value - found.value
    return _points(change) + " points" if found.unit == "share" and abs(change) > 5e-6 else _signed(change)
