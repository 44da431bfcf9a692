"""The words around a figure that say how to take it: more than, nearly, up to, record, rose by."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

import re
from functools import cache

__all__ = ["wording_of"]

# (what a claim says, words right before the figure)
_BEFORE = {
    "vi": (
        ("more than", r"hơn|trên|quá|vượt|vượt quá|vượt mốc|vượt mức"), ("higher by", r"nhiều hơn|lớn hơn|cao hơn"), ("lower by", r"thấp hơn|ít hơn"), ("nearly", r"gần|xấp xỉ|ngót|sắp|suýt|ngót nghét|tiệm cận"),
        ("about", r"khoảng|chừng|ước|ước tính|ước đạt|tầm|cỡ|vào khoảng|ước khoảng|bình quân khoảng"), ("up to", r"lên tới|lên đến|tới|có thể lên tới|đạt tới"),
        ("at most", r"không quá|tối đa|nhiều nhất|không vượt quá|cao nhất"), ("at least", r"ít nhất|tối thiểu|không dưới|không ít hơn"), ("less than", r"dưới|chưa đến|chưa tới|chưa đầy|không đến"),
        ("only", r"chỉ|chỉ có|chỉ đạt|vỏn vẹn"), ("total", r"tổng cộng"), ("among the top", r"một trong|top"),
    ),
    "en": (
        ("more than", r"more than|over|above|exceeding|exceeded|exceeds|in excess of|upwards of|greater than|higher than|surpassed|surpassing|topped"),
        ("nearly", r"nearly|almost|close to|just under|just below|approaching|approached"), ("about", r"about|around|approximately|some|roughly|circa|an estimated|estimated|estimated at|approx\.?|~"),
        ("at most", r"at most|no more than|not more than|a maximum of|maximum of|capped at"), ("up to", r"up to|as much as|as many as|to as much as"),
        ("at least", r"at least|no less than|not less than|a minimum of|no fewer than"), ("less than", r"less than|under|below|fewer than"), ("only", r"only|just"), ("total", r"a total of|totalling|totaling"),
    ),
    "ru": (
        ("more than", r"более чем|более|больше|свыше|превысил[аио]?|превышает|превышающ\w+|сверх|выше"), ("nearly", r"почти|практически|без малого|едва не"),
        ("about", r"около|примерно|порядка|приблизительно|ориентировочно|приблизилось к|в районе"), ("at most", r"не более|не более чем|максимум|не превышает|не свыше"),
        ("up to", r"вплоть до|до"), ("at least", r"не менее|не менее чем|как минимум|минимум|по меньшей мере|не меньше"), ("less than", r"менее чем|менее|меньше|ниже"), ("only", r"только|лишь|всего лишь|всего"),
    ),
}  # fmt: skip
_CHANGE = {
    "vi": (("rose by", r"tăng(?:\s+trưởng)?(?:\s+thêm)?(?:\s+tới|\s+mạnh|\s+vọt)?"), ("rose to", r"(?:tăng|nâng|đưa)\b(?:[^,.;]|[.,](?=\d)){0,60}?\blên(?:\s+tới|\s+đến|\s+mức)?"), ("fell by", r"giảm(?:\s+mạnh|\s+tới)?|sụt"),
           ("fell to", r"(?:giảm|rút ngắn|cắt giảm|hạ)\b(?:[^,.;]|[.,](?=\d)){0,40}?(?:xuống|còn)(?:\s+còn|\s+mức)?")),
    "en": (("rose by", r"(?:rose|rise|rising|grew|grow|growing|growth\s+of|increased?|increasing|increase\s+of|up|jumped|surged|gained|climbed|soared)(?:\s+by)?"), ("fell by", r"(?:fell|fall|falling|dropped|drop\s+of|declined?|decrease[ds]?(?:\s+of)?|down|shrank|slumped|contracted)(?:\s+by)?"),
           ("rose to", r"(?:rose|grew|increased?|raise[ds]?|boost(?:ed)?|climbed|doubl\w+|expand\w*)\b(?:[^,.;]|[.,](?=\d)){0,60}?\bto"), ("fell to", r"(?:fell|dropped|declined?|decreased?|cut|reduc\w+)\b(?:[^,.;]|[.,](?=\d)){0,40}?\bto")),
    "ru": (("rose by", r"(?:вырос\w*|вырас\w*|увелич\w*|возрос\w*|рост\w*|прирост\w*|повыс\w*|подня\w*)(?:\s+\w+){0,2}?\s+на|прибавил\w*"), ("fell by", r"(?:снизил\w*|сократил\w*|упал\w*|уменьш\w*|снижени\w*|сокращени\w*|падени\w*)(?:\s+\w+){0,2}?\s+на"),
           ("rose to", r"(?:вырос\w*|вырас\w*|увелич\w*|возрос\w*|довест\w*|повыс\w*|нараст\w*|подня\w*)\b(?:[^,.;]|[.,](?=\d)){0,50}?\bдо"), ("fell to", r"(?:снизил\w*|сократил\w*|упал\w*)\b(?:[^,.;]|[.,](?=\d)){0,40}?\bдо")),
}  # fmt: skip
_RECORD = {"vi": r"kỷ lục", "en": r"record|all-time high", "ru": r"рекорд\w*"}
_AFTER = {
    "vi": (("at least", r"\s+trở lên"), ("at most", r"\s+trở xuống"), ("from", r"\s+(?:lên|xuống)(?!\w)")), "en": (("at least", r"\s+or more"), ("at most", r"\s+or less"), ("more than", r"\+|\s+plus\b"), ("rose by", r"\s+(?:more than in|higher|up on)\b"), ("fell by", r"\s+(?:lower|less than in|down on)\b")),
    "ru": (("at least", r"\s+и более"), ("at most", r"\s+и менее"), ("rose by", r"\s+(?:больше|выше)(?!\w)"), ("fell by", r"\s+(?:меньше|ниже)(?!\w)")),
}  # fmt: skip
_FROM = re.compile(r"(?<!\w)(?:từ(?:\s+mức)?|from|со?|от)\s*$", re.IGNORECASE)
_TO = re.compile(r"\s*(?:lên|xuống|đến|tới|to|до)(?!\w)", re.IGNORECASE)
_LOOK = 90


@cache
def _compiled(language: str) -> tuple[tuple[tuple[str, re.Pattern[str]], ...], ...]:
    before = tuple((name, re.compile(rf"(?:^|(?<=[\s(«“\"'\-–]))(?:{p})\s*$", re.IGNORECASE)) for name, p in _BEFORE[language])
    change = tuple((name, re.compile(rf"(?<!\w)(?:{p})\s*$", re.IGNORECASE)) for name, p in _CHANGE[language])
    after = tuple((name, re.compile(p, re.IGNORECASE)) for name, p in _AFTER[language])
    record = (("record", re.compile(rf"(?<!\w)(?:{_RECORD[language]})(?!\w)", re.IGNORECASE)),)
    return before, change, after, record


def wording_of(text: str, start: int, end: int, language: str) -> str:
    """
    >>> wording_of("thương mại đạt kỷ lục hơn 31 tỷ USD", 26, 35, "vi")
    'more than; record'
    """
    before, change, after, record = _compiled(language)
    lead = text[max(0, start - _LOOK) : start]
    clause = re.split(r"[,;:.!?](?=\s)", lead)[-1]
    said: list[str] = []
    rest = re.sub(r"(?:US\$|[$€£¥₸₽])\s?$", "", clause)
    for _ in range(2):
        hits = [(m.start(), name) for name, pattern in before if (m := pattern.search(rest))]
        if not hits:
            break
        at, name = min(hits)
        said.append(name)
        rest = rest[:at]
    if _FROM.search(rest) and _TO.match(text, end):
        said.append("from")
        rest = ""
    hits = [(m.start(), name) for name, pattern in change if (m := pattern.search(rest))]
    if not hits and "up to" in said:
        whole = re.sub(r",(?=\s)", " ", lead) if language == "ru" else clause
        hits = [(m.start(), name) for name, pattern in change if (m := pattern.search(whole))]
        said = [s for s in said if s != "up to"] if any(n.endswith(" to") for _, n in hits) else said
    if hits:
        said.append(min(hits)[1])
    said += [name for name, pattern in after if pattern.match(text, end) and (name != "from" or _FROM.search(lead))]
    if record[0][1].search(clause[-50:]):
        said.append("record")
    return "; ".join(dict.fromkeys(said))
