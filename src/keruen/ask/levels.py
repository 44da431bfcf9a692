"""Levels of a partnership as the papers of two states word them."""

from __future__ import annotations

import re

__all__ = ["LEVELS", "levels_named"]

# The closest first: the level, and the words by which a paper is known to name it. Papers state no rank: the order is ours.
LEVELS = (
    ("comprehensive strategic partnership and alliance", r"comprehensive strategic partnership and alliance"),
    ("permanent comprehensive strategic partnership", r"permanent comprehensive strategic partnership"),
    ("alliance", r"\balliance\b|\ballied\b"),
    ("comprehensive strategic partnership", r"comprehensive strategic partnership"),
    ("enhanced strategic partnership", r"enhanced strategic partnership"),
    ("strategic partnership", r"strategic partner(ship)?\b"),
    ("enhanced partnership and cooperation", r"enhanced partnership and cooperation"),
    ("friendship and cooperation", r"friendship"),
    ("diplomatic relations", r"diplomatic relations"),
)


def levels_named(words: str) -> list[tuple[str, str]]:
    """Levels that a paper names, the closest first: each with the year since which the paper says it holds, or "".

    A level with a year of its own leaves the rest of the paper to name another.

    >>> levels_named("Agreement on friendship; strategic partnership since 2022")
    [('strategic partnership', '2022'), ('friendship and cooperation', '')]
    """
    rest, found = words.lower(), []
    for name, pattern in LEVELS:
        later = re.search(rf"(?:{pattern}) since (?P<year>\d{{4}})", rest)
        if later:
            found.append((name, later["year"]))
            rest = rest.replace(later[0], " ")
    found += [(name, "") for name, pattern in LEVELS if re.search(pattern, rest)][:1]
    order = {name: i for i, (name, _) in enumerate(LEVELS)}
    return sorted(found, key=lambda f: (order[f[0]], f[1]))
