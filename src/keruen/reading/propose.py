"""From a text to proposed claims: one row a figure, and one a dated event."""

# ruff: noqa: E501 (lists of words are read more easily on one line)
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from itertools import pairwise

from keruen.case import Case
from keruen.reading.boilerplate import Stripped, strip
from keruen.reading.lines import Line, Sentence, lines_of, sentences_of
from keruen.reading.names import Linker, Links
from keruen.reading.periods import Period, article_date, find_periods
from keruen.reading.quantities import Figure, find_figures
from keruen.reading.text import Mapped, language_of
from keruen.reading.wordlists import words

__all__ = ["Proposal", "Reading", "propose"]

SENTENCE_SHOWN, ABOUT_SHOWN, LONGEST = 300, 90, 2000
_BREAK = re.compile(
    r"[,;:–—(](?=\s|\w)|\)|\s-\s|\s(?:và|nhưng|trong khi|còn|song(?!\s+(?:phương|song))|đồng thời|and|but|while|whereas|и|а|но|тогда как)\s", re.IGNORECASE
)
_BASE_OF_COMPARISON = re.compile(
    r"(?<!\w)(?:from|than|against|versus|compared (?:with|to)|so với(?: mức| con số)?|từ mức|против|по сравнению с|чем)\s+(?:hơn |gần |chỉ |mức |about |some |only |just |more than )?$", re.IGNORECASE
)
_EVENT = {
    "vi": r"mở|khai trương|ký|ký kết|thành lập|thiết lập|có hiệu lực|khởi công|khánh thành|đưa vào|vận hành|hoàn thành|bắt đầu|áp dụng|gia nhập|ra mắt|thông qua|thăm|"
          r"đã\s+(?:đến|tới)|diễn ra|tổ chức|khai mạc|ban hành|mời|bầu|tham dự|nhậm chức|trở lại|phê chuẩn|phóng|khởi hành|công bố|tuyên bố|triển khai|tái đắc cử|nâng cấp|ủng hộ|hội đàm|gặp",
    "en": r"open\w*|launch\w*|sign\w*|establish\w*|found\w*|took effect|entered into force|enter\w* into|start\w*|began|begin|complet\w*|commission\w*|join\w*|visit\w*|held|host\w*|"
          r"took place|announc\w*|adopt\w*|ratif\w*|arriv\w*|met|elect\w*|inaugurat\w*|agreed|approv\w*|due|scheduled|expected|built|introduc\w*|impos\w*|ban\w*|stop\w*|halt\w*|suspend\w*|resum\w*",
    "ru": r"откры\w*|запу\w*|подпис\w*|учрежд\w*|основ\w*|созда\w*|вступи\w*|нача\w*|заверш\w*|введ\w*|ввел\w*|присоедин\w*|посет\w*|прош[её]л\w*|прошла|состо\w*|объяв\w*|принят\w*|принял\w*|"
          r"ратифиц\w*|прибы\w*|встрет\w*|избра\w*|одобр\w*|заплан\w*|построен\w*|приостанов\w*|возобнов\w*|провед\w*|провел\w*",
}  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """One proposed claim. ``start`` and ``end`` count characters of the text read, so that ``text[start:end]`` is ``figure_text``."""

    claim: str
    document: str
    locator: str
    start: int
    end: int
    language: str
    figure_text: str
    value: float | None
    unit: str
    value_base: float | None
    unit_base: str
    wording: str
    period: str
    about: str
    topic: str
    places: tuple[str, ...]
    countries: tuple[str, ...]
    organisations: tuple[str, ...]
    commodities: tuple[str, ...]
    sentence: str
    status: str = "proposed"

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return tuple(f.name for f in fields(cls))


@dataclass(frozen=True)
class Reading:
    """What was read: the proposals, the lines left out, and what the reader should know about how it was done."""

    proposals: tuple[Proposal, ...]
    stripped: tuple[Stripped, ...]
    language: str
    today: date | None
    notes: tuple[str, ...] = ()


def propose(text: str, case: Case, document: str, *, language: str = "", today: date | None = None) -> Reading:
    """Every figure and dated event of a text, in its order.

    >>> import keruen as kr
    >>> reading = propose("In 2022 trade between Kazakhstan and China reached a record $31 billion.", kr.load("kazakhstan"), "doc")
    >>> [(p.figure_text, p.value, p.unit, p.wording, p.period, p.countries) for p in reading.proposals]
    [('$31 billion', 31.0, 'USD bn', 'record', '2022', ('KZ', 'CN'))]
    """
    lines = lines_of(text)
    mapped = {line.number: Mapped.of(line.text) for line in lines}
    plain = [Line(line.number, line.start, mapped[line.number].text) for line in lines]
    kept, stripped = strip(plain)
    notes: list[str] = []
    if not language:
        language, doubt = language_of(" ".join(line.text for line in kept) or text)
        notes += [doubt] if doubt else []
    if today is None:
        today = article_date([line.text for line in plain], language)
    linker = Linker(case, language)
    rows: list[Proposal] = []
    for line in kept:
        own = _own_date(line, plain)
        for sentence in (piece for whole in sentences_of(line.text) for piece in _pieces(whole)):
            every = _of_sentence(sentence, language, today, own)
            links = linker.links(sentence.text) if every else Links()
            for found in every:
                start, end = mapped[line.number].span(sentence.start + found.figure.start, sentence.start + found.figure.end)
                start, end = start + line.start, end + line.start
                rows.append(Proposal(
                    claim=f"p-{len(rows) + 1:02d}", document=document, locator=f"L{line.number}.S{sentence.number}", start=start, end=end, language=language,
                    figure_text=text[start:end], value=found.figure.value, unit=found.figure.unit, value_base=found.figure.value_base,
                    unit_base=found.figure.unit_base, wording=found.figure.wording, period=found.period, about=found.about,
                    topic=_topic(sentence.text, found.about, language), places=links.places, countries=links.countries, organisations=links.organisations,
                    commodities=links.commodities, sentence=_cut(sentence.text, found.figure.start),
                ))  # fmt: skip
    return Reading(tuple(rows), tuple(stripped), language, today, tuple(notes))


def _pieces(sentence: Sentence) -> Iterator[Sentence]:
    """A sentence of thousands of characters (a list, a table in one line) in pieces cut at blanks, so that time grows with length and no faster."""
    start, text = 0, sentence.text
    while len(text) - start > LONGEST:
        cut = text.rfind(" ", start + 1, start + LONGEST)
        stop = cut if cut > start else start + LONGEST
        yield Sentence(sentence.number, sentence.start + start, text[start:stop])
        start = stop
    yield Sentence(sentence.number, sentence.start + start, text[start:])


def _own_date(line: Line, lines: list[Line]) -> bool:
    """Whether the line opens the file with its own date, which is the article's and no event."""
    first = next((other for other in lines if other.text.strip()), line)
    return line.number == first.number and bool(re.match(r"\W*(?:date\s+)?\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", line.text, re.IGNORECASE))


@dataclass(frozen=True)
class _Found:
    figure: Figure
    period: str
    about: str


def _of_sentence(sentence: Sentence, language: str, today: date | None, own_date: bool) -> list[_Found]:
    text = sentence.text
    periods = find_periods(text, language, today)
    figures = find_figures(text, language, periods)
    clauses = _clauses(text, figures, periods)
    out: list[_Found] = []
    used: set[int] = set()
    for figure in figures:
        period = _period_of(figure, periods, clauses, bool(_BASE_OF_COMPARISON.search(text[max(0, figure.start - 60) : figure.start])), figures)
        if period:
            used.add(period.start)
        out.append(_Found(figure, period.shown if period else "", _about(text, figure.start, figure.end, clauses)))
    for period in periods:
        if period.kind != "date" or (own_date and period.start < 20):
            continue
        a = _clause(clauses, period.start)[0]
        busy = any(a <= f.start < period.start for f in figures)
        if period.start in used and (busy or not re.search(rf"(?<!\w)(?:{_EVENT[language]})(?!\w)", text[a : period.start], re.IGNORECASE)):
            continue
        whole = re.fullmatch(r"\d{4}", period.value)
        value = float(period.value) if whole else None
        figure = Figure(period.start, period.end, value, "year" if whole else "date", value, "year" if whole else "date", "")
        out.append(_Found(figure, period.shown, _about(text, period.start, period.end, clauses)))
    return sorted(out, key=lambda f: (f.figure.start, f.figure.end))


def _clauses(text: str, figures: list[Figure], periods: list[Period]) -> list[tuple[int, int]]:
    """The sentence cut at commas, dashes and conjunctions that stand outside figures and dates."""
    spans = [(f.start, f.end) for f in figures] + [(p.start, p.end) for p in periods]
    cuts = [0]
    for found in _BREAK.finditer(text):
        if not any(s <= found.start() < e for s, e in spans):
            cuts.append(found.end())
    cuts.append(len(text))
    return list(pairwise(cuts))


def _clause(clauses: list[tuple[int, int]], at: int) -> tuple[int, int]:
    return next(((a, b) for a, b in clauses if a <= at < b), clauses[-1])


def _period_of(figure: Figure, periods: list[Period], clauses: list[tuple[int, int]], compared: bool, figures: list[Figure]) -> Period | None:
    """The period of its own clause that is nearest, else the last one before it, else the next one after.

    What a figure is compared with (``up from 6 million``) belongs to another time than the rest: it takes only a period of its own clause.
    """
    real = [p for p in periods if p.kind in ("date", "relative") and not (p.start < figure.end and figure.start < p.end)]
    if figure.unit in ("days", "weeks", "months", "years", "hours") and any(p.start <= figure.start and figure.end <= p.end for p in periods):
        return None
    a, b = _clause(clauses, figure.start)
    inside = [p for p in real if a <= p.start < b]
    if any(p.end <= figure.start and p.kind == "date" for p in real):  # a period behind another figure is that figure's
        inside = [p for p in inside if p.end <= figure.start or not any(figure.end <= f.start < p.start for f in figures)]
    if inside:
        if compared:
            inside = [p for p in inside if p.start >= figure.end] or inside
        return min(inside, key=lambda p: (min(abs(p.start - figure.end), abs(figure.start - p.end)), p.start))
    if compared:
        return None
    before = [p for p in real if p.end <= figure.start and p.kind == "date"]
    after = [p for p in real if p.start >= figure.end and p.kind == "date"]
    return before[-1] if before else after[0] if after else None


def _about(text: str, start: int, end: int, clauses: list[tuple[int, int]]) -> str:
    """What the figure is about: its clause, with more to the left when that is little; figure shown as ``…``."""
    index = next((i for i, (a, b) in enumerate(clauses) if a <= start < b), len(clauses) - 1)
    first = index
    while first > 0 and len(text[clauses[first][0] : start].split()) < 4:
        first -= 1
    left = text[clauses[first][0] : start].strip(" ,;:–—-(\u00a0\"“”«»")
    right = text[end : max(end, clauses[index][1])].strip(" ,;:–—-().\u00a0\"“”«»")
    right = right if len(right.split()) <= 10 else " ".join(right.split()[:10])
    if len(left) > ABOUT_SHOWN:
        left = left[-ABOUT_SHOWN:].partition(" ")[2]
    return re.sub(r"\s+", " ", f"{left} … {right}".strip() if right else left)


@lru_cache(maxsize=64)
def _topic_words(text: str, language: str) -> tuple[tuple[str, int], ...]:
    listed = words("topics", language, "topic")
    return tuple(Counter(listed.meaning(found)[0] for found in listed.pattern.finditer(text)).items())


def _topic(sentence: str, about: str, language: str) -> str:
    """The topic whose words occur most, those near the figure counting three times; none when none occurs, or two tie."""
    score = Counter({name: 3 * n for name, n in _topic_words(about, language)}) + Counter(dict(_topic_words(sentence, language)))
    best = sorted(score.items(), key=lambda item: (-item[1], item[0]))
    return best[0][0] if best and (len(best) == 1 or best[0][1] > best[1][1]) else ""


def _cut(sentence: str, at: int) -> str:
    text = re.sub(r"\s+", " ", sentence)
    if len(text) <= SENTENCE_SHOWN:
        return text
    first = max(0, min(at - SENTENCE_SHOWN // 2, len(text) - SENTENCE_SHOWN))
    return ("…" if first else "") + text[first : first + SENTENCE_SHOWN - 2].strip() + ("…" if first + SENTENCE_SHOWN < len(text) else "")
