"""The column ``check`` of claims.csv: a question with its arguments, such as ``trade(KZ, RU, year=2022)``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keruen.errors import UsageError, did_you_mean, quote

__all__ = ["NAMES", "Question", "read_question", "read_questions"]

NAMES = (
    "adds", "agreement", "borders", "cell", "crossing", "event", "figure", "growth", "length", "level", "longest", "member", "most", "moves", "part", "project",
    "rank", "ratio", "rule", "rules", "scenario", "share", "share_above", "target", "trade", "trend", "way",
)  # fmt: skip

_CALL = re.compile(r"\s*([a-z_]+)\s*\(([^()]*)\)\s*")
_OPTION = re.compile(r"([a-z_]+)\s*=\s*(.*)", re.S)


@dataclass(frozen=True)
class Question:
    """A question by name. args: in order; options: by name. Several values of one are parted by ``+``."""

    name: str
    args: tuple[str, ...]
    options: dict[str, str]

    def __str__(self) -> str:
        return f"{self.name}({', '.join([*self.args, *(f'{k}={v}' for k, v in self.options.items())])})"

    def listed(self, option: str) -> tuple[str, ...]:
        """The values of an option, none if it is not given."""
        return tuple(filter(None, (v.strip() for v in self.options.get(option, "").split("+"))))


def read_question(text: str) -> Question:
    """Raises UsageError where the text is no question, or one of no known name.

    >>> read_question("trade(KZ, RU, year=2022)")
    Question(name='trade', args=('KZ', 'RU'), options={'year': '2022'})
    """
    found = _CALL.fullmatch(text)
    if not found:
        raise UsageError(f"found the check {quote(text)}, expected a question such as trade(KZ, RU, year=2022)")
    if found[1] not in NAMES:
        raise UsageError(f"'{found[1]}' is no question. {did_you_mean(found[1], NAMES)}".rstrip())
    args: list[str] = []
    options: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in found[2].split(","))):
        option = _OPTION.fullmatch(part)
        if option:
            options[option[1]] = option[2].strip()
        else:
            args.append(part)
    return Question(found[1], tuple(args), options)


def read_questions(text: str) -> tuple[Question, ...]:
    """Several questions parted by ``;``: the first decides, the others are told beside it."""
    return tuple(read_question(part) for part in text.split(";"))
