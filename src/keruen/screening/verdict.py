"""What the rules say of one shipment, and which of them decided."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from keruen.screening.book import Book
from keruen.screening.shipment import Shipment

__all__ = ["STRICTNESS", "VERDICTS", "Verdict", "decide", "judge"]

VERDICTS = ("forbidden", "licence", "monitor", "ask", "clear", "invalid")
STRICTNESS = {"clear": 0, "cap": 0, "exempt": 0, "monitor": 1, "licence": 2, "forbid": 3}
_WORD = {0: "clear", 1: "monitor", 2: "licence", 3: "forbidden"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a shipment.

    verdict: forbidden, licence, monitor, ask or clear. rules: positions in the book of those that decided; for ``ask``
    those that may be stricter than what is certain, then those that are; for ``clear`` the exemptions that lifted a
    ban. missing: what a shipment must say for the open rules to be answered. caps: quotas it counts towards.
    lifted, beaten: rules set aside by an exemption, or by a longer code of the same act.
    """

    verdict: str
    rules: tuple[int, ...]
    missing: tuple[str, ...] = ()
    caps: tuple[int, ...] = ()
    lifted: tuple[int, ...] = ()
    beaten: tuple[int, ...] = ()
    open: tuple[int, ...] = ()


@dataclass(slots=True)
class _Act:
    """The entries of one act that hold (True) or may hold (None) for a shipment."""

    answers: dict[int, bool | None]
    missing: dict[int, tuple[str, ...]]


def decide(book: Book, s: Shipment, term: int, full: Collection[int] = ()) -> Verdict:
    """The verdict on a shipment in a span of days (``Book.term``). ``full``: quotas with no room for it.

    Within one act the longest prefix decides and an exempt row lifts what is not longer; of several acts the
    strictest does. An open rule stricter than what is certain makes ``ask``; so does a contested or indicative one.
    """
    return judge(book, s, term, book.looking(s.hs, s.origin, s.destination, term), full)


def judge(book: Book, s: Shipment, term: int, bits: int, full: Collection[int] = ()) -> Verdict:
    """``decide`` where the entries that look at the shipment are known."""
    acts: dict[str, _Act] = {}
    for i in book.of(bits):
        answer, missing = book.asks(i, s, term)
        if answer is not False:
            act = acts.setdefault(book.entries[i].act, _Act({}, {}))
            act.answers[i], act.missing[i] = answer, missing
    certain: list[tuple[int, int]] = []
    maybe: list[tuple[int, int, tuple[str, ...]]] = []
    caps: list[int] = []
    lifted: list[int] = []
    beaten: list[int] = []
    exempted: list[int] = []
    for act in acts.values():
        depth = {i: book.depth(i, s.hs) for i in act.answers}
        exempt = [i for i in act.answers if book.entries[i].rule.effect == "exempt"]
        others = [i for i in act.answers if i not in exempt]
        longest = max((depth[i] for i in others if act.answers[i] and book.entries[i].decides), default=0)
        for i in others:
            over = [e for e in exempt if not book.entries[e].hs or depth[e] >= depth[i] or book.may_hold(e, s.hs)]
            if any(act.answers[e] for e in over):
                lifted.append(i)
                exempted += [e for e in over if act.answers[e]]
                continue
            if act.answers[i] and book.entries[i].hs and depth[i] < longest:
                beaten.append(i)
                continue
            open_ = act.missing[i] + tuple(m for e in over if act.answers[e] is None for m in act.missing[e])
            rule = book.entries[i].rule
            strict = STRICTNESS[rule.effect]
            if rule.effect == "cap":
                if open_:
                    maybe.append((STRICTNESS["forbid"], i, open_))
                else:
                    caps.append(i)
                    if i in full:
                        certain.append((STRICTNESS["forbid"], i))
            elif not book.entries[i].decides:
                maybe.append((strict, i, (*open_, f"a decision by hand: rule {rule.rule} is {rule.status}")))
            elif open_:
                maybe.append((strict, i, open_))
            else:
                certain.append((strict, i))
    known = max((strict for strict, _ in certain), default=0)
    stricter = [(strict, i, m) for strict, i, m in maybe if strict > known]
    top = [i for strict, i in certain if strict == known]
    tail = tuple(caps), tuple(lifted), tuple(beaten), tuple(i for _, i, _ in maybe)
    if stricter:
        first = sorted(stricter, key=lambda t: (-t[0], t[1]))
        words = dict.fromkeys(m for _, _, missing in first for m in missing)
        return Verdict("ask", (*(i for _, i, _ in first), *top), tuple(words), *tail)
    return Verdict(_WORD[known], tuple(top) if known else tuple(dict.fromkeys(exempted)), (), *tail)
