"""Calibration and prediction as text."""

from __future__ import annotations

from keruen.ask.calibrate import Calibration
from keruen.ask.predict import Prediction
from keruen.show.text import table

__all__ = ["calibration_text", "prediction_text"]


def calibration_text(found: Calibration) -> str:
    """The parameters, what they stand for, and how well they fit."""
    miss = found.miss()
    parts = [f"{found.case}, {found.commodity}: fitted to {len(found.fits)} figures of {', '.join(map(str, found.years))}"]
    tried = "; ".join(f"{s:g} USD: {e:.3g}" for s, e in found.tried.items())
    parts.append(f"Spread among shippers {found.spread:g} USD (miss of left-out years in standard errors by spread: {tried})")
    if "" in miss:
        parts.append(f"Left-out years were foretold {100 * miss['']:.0f} % off (root mean square, figures above 1)")
    parts.append("\nConstants: cost on top (or less) that money and time do not explain")
    off = {n: f"{100 * m:.0f} %" for n, m in miss.items()}
    parts.append(table([[n, found.constants[n], found.errors[n], found.unexplained[n], off.get(n)] for n in found.lines],
                       ["screenline", "USD", "error", "MUSD a year", "left out: off by"]))  # fmt: skip
    parts.append("\nFit by screenline and year")
    parts.append(table([[f.screenline, str(f.year), f.unit, f.published, f.fitted, f.foretold] for f in found.fits],
                       ["screenline", "year", "unit", "published", "fitted", "foretold, year left out"]))  # fmt: skip
    return "\n".join(parts)


def prediction_text(found: Prediction, everything: bool = False) -> str:
    """Screenlines of the year with ranges, beside the rivals and, where known, the published figure."""
    c = found.plan.certificate
    parts = [f"{found.case} {found.year}, foretold from figures up to {found.until}; gap {c.relative_gap:.1e}, largest violation {c.max_violation:.1e}"]
    known = any(r.published is not None for r in found.rows)
    rows = [r for r in found.rows if everything or (r.stands_on != "given" and (r.last is not None or r.stands_on == "fitted"))]
    head = ["screenline", "unit", "foretold", "low", "high", "stands on", "last", "same shares", "planner"]
    cells = [[r.screenline, r.unit, r.value, r.low, r.high, r.stands_on, r.last, r.same_shares, r.planner, r.published] for r in rows]
    parts.append(table([row if known else row[:-1] for row in cells], [*head, "published"] if known else head))
    parts.append("Four of five years should fall between low and high. Rivals: shares of the last year, and the planner without calibration.")
    if found.notes:
        parts += ["", *found.notes]
    return "\n".join(parts)
