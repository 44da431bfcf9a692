"""What the wording of a figure allows: tolerances, and when a period of a statement is meant."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from keruen.dates import span
from keruen.tables import WORDINGS

__all__ = ["agrees", "allowed", "period_of"]

INF = float("inf")
ABOUT, NEARLY = 0.10, 0.10
LEAST = 0.01
_DATE = re.compile(r"(?<!\d)\d{4}(?:-(?:0[1-9]|1[0-2])(?!\d)(?:-\d{2}(?!\d))?)?")


def allowed(value: float, wording: str) -> tuple[float, float]:
    """Least and greatest figure that a statement of this value and wording allows.

    Without a word: half of the last digit written, and at least 1 %. about: 10 % either way. nearly: up to 10 % less. more than,
    at least: anything above. up to: anything below. tens of: 20 to 99 times the unit; billions of: 2 and more.
    """
    assert wording in WORDINGS, wording
    written = Decimal(repr(value)).normalize()
    exponent = written.as_tuple().exponent
    digit = 0.5 * 10.0 ** min(int(exponent), 0)
    near = max(digit, LEAST * abs(value))
    return {
        "": (value - near, value + near), "record": (value - near, value + near), "about": (value * (1 - ABOUT), value * (1 + ABOUT)),
        "nearly": (value * (1 - NEARLY), value + digit), "more than": (value - digit / 5, INF), "at least": (value - digit / 5, INF),
        "up to": (-INF, value + near), "among": (-INF, value), "tens of": (20.0, 99.0), "billions of": (2.0, INF),
    }[wording]  # fmt: skip


def agrees(value: float, wording: str, low: float, high: float | None = None) -> bool:
    """Whether a figure found, or a range of it, meets what the statement allows."""
    least, most = allowed(value, wording)
    return (low if high is None else high) >= least and low <= most


def period_of(text: str) -> tuple[date, date] | None:
    """First and last day of a period such as ``2023-11-09``, ``2024-01/2024-09``, ``late 2023-10`` or ``since 2019-09``; None where it names no date."""
    found = _DATE.findall(text)
    spans = []
    for word in found:
        try:
            spans.append(span(word))
        except ValueError:
            return None
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
