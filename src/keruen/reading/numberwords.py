"""Numbers in words, each as (start, end, value, scale, vague). Value is None for ``tens of billions``, told in ``vague``."""

# ruff: noqa: E501 (lists of words are read more easily on one line)
from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Spelt", "english", "russian", "vietnamese"]

Spelt = tuple[int, int, float | None, str, str]
_SCALE_VALUE = {"k": 1e3, "m": 1e6, "bn": 1e9, "trn": 1e12}

# --- Vietnamese --------------------------------------------------------------------------------------

_VI = {"một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "nhăm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8, "chín": 9}
_U = r"(?:một|hai|ba|bốn|năm|sáu|bảy|bẩy|tám|chín)"
_TENS = rf"(?:{_U}\s+mươi(?:\s+(?:mốt|một|hai|ba|tư|bốn|lăm|nhăm|sáu|bảy|bẩy|tám|chín))?|mười(?:\s+(?:một|hai|ba|bốn|lăm|sáu|bảy|bẩy|tám|chín))?)"
_SMALL = rf"(?:{_U}\s+trăm(?:\s+(?:(?:linh|lẻ)\s+(?:{_U}|tư)|{_TENS}))?|{_TENS}|{_U})"
_BIG = r"(?:nghìn|ngàn|vạn|triệu|(?:tỷ|tỉ)(?!\s+(?:lệ|giá|phú|trọng|suất|số)\b))"
_VI_NUMBER = re.compile(rf"(?<!\w){_SMALL}(?:\s+{_BIG}(?:\s+rưỡi)?(?:\s+{_SMALL}(?=\s+{_BIG}))?)*(?!\w)", re.IGNORECASE)
_VI_VAGUE = re.compile(
    rf"(?<!\w)(?:hàng|vài|mấy|nhiều|cả)\s+(?:(chục|trăm)\s+)?({_BIG}|chục|trăm)(?:\s+(triệu|tỷ|tỉ))?(?!\w)", re.IGNORECASE
)  # fmt: skip
_VI_NAMES = {"chục": "tens", "trăm": "hundreds", "nghìn": "thousands", "ngàn": "thousands", "vạn": "tens of thousands", "triệu": "millions", "tỷ": "billions",
             "tỉ": "billions"}  # fmt: skip
_VI_SCALE = {"nghìn": "k", "ngàn": "k", "triệu": "m", "tỷ": "bn", "tỉ": "bn"}


def vietnamese(text: str) -> Iterator[Spelt]:
    taken: list[tuple[int, int]] = []
    for m in _VI_VAGUE.finditer(text):
        first, middle, last = (g.lower() if g else "" for g in m.groups())
        words = [w for w in (first, middle, last) if w]
        scale = _VI_SCALE.get(words[-1], "")
        names = [_VI_NAMES[w] for w in (words[:-1] if scale in ("m", "bn") and len(words) > 1 else words)]
        taken.append(m.span())
        yield (*m.span(), None, scale if scale in ("m", "bn") else "", " of ".join(names) + " of" if names else "")
    for m in _VI_NUMBER.finditer(text):
        if any(m.start() < e and s < m.end() for s, e in taken):
            continue
        value, scale = _vi_value(m[0].lower().split())
        yield (*m.span(), value, scale, "")


def _vi_value(words: list[str]) -> tuple[float, str]:
    total, small, last, scale = 0.0, 0.0, 1.0, ""
    for i, w in enumerate(words):
        if w in _VI_SCALE or w == "vạn":
            factor = 1e4 if w == "vạn" else _SCALE_VALUE[_VI_SCALE[w]]
            total, small, last = (total + small) * factor if w in ("tỷ", "tỉ") and total < factor and total else total + small * factor, 0.0, factor
            scale = _VI_SCALE.get(w, "")
        elif w == "rưỡi":
            total += last / 2
        elif w == "trăm":
            small *= 100
        elif w in ("mươi", "mười"):
            small = small - small % 10 + small % 10 * 10 if w == "mươi" else small + 10
        elif w in _VI:
            small += _VI[w]
        last = last if w in _VI_SCALE or w in ("rưỡi", "vạn") else (last if i else 1.0)
    value = total + small
    return (value / _SCALE_VALUE[scale], scale) if scale and small == 0 else (value, "")


# --- English -----------------------------------------------------------------------------------------

_EN: dict[str, float] = {w: float(i) for i, w in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"])}
_EN |= {w: 10.0 * (i + 2) for i, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])}
_EN_SCALE = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_EN_LETTER = {"thousand": "k", "million": "m", "billion": "bn", "trillion": "trn"}
_E = "|".join(sorted(_EN, key=len, reverse=True))
_ES = "|".join(_EN_SCALE)
_EN_NUMBER = re.compile(
    rf"(?<![\w-])(?:half\s+a\s+(?:{_ES})|(?:(?:an?|{_E})(?:[\s-]+and\s+a\s+half)?(?=[\s-]+(?:{_ES})\b)|{_E})(?:(?:[\s-]+|\s+and\s+)(?:{_ES}|{_E})\b)*)(?!\w)", re.IGNORECASE
)
_EN_VAGUE = re.compile(
    r"(?<!\w)(?:(?:(tens|dozens|scores|hundreds)\s+of\s+)?(thousands|millions|billions|trillions)|(tens|dozens|hundreds))\s+(?:of\b)|"
    r"(?<!\w)(?:several|a few|many)\s+(dozen|hundred|thousand|million|billion)(?!\w)", re.IGNORECASE
)  # fmt: skip


def english(text: str) -> Iterator[Spelt]:
    taken: list[tuple[int, int]] = []
    for m in _EN_VAGUE.finditer(text):
        first, big, alone, several = (g.lower() if g else "" for g in m.groups())
        scale = _EN_LETTER.get((big or several).rstrip("s"), "")
        keep = scale in ("m", "bn", "trn")
        if several:
            vague = "" if keep else f"{several}s of"
            vague = vague or "several"
        elif first:
            vague = f"{first} of" if keep else f"{first} of {big} of"
        else:
            vague = f"{big or alone} of"
        taken.append(m.span())
        yield (*m.span(), None, scale if keep else "", vague)
    for m in _EN_NUMBER.finditer(text):
        if any(m.start() < e and s < m.end() for s, e in taken):
            continue
        parsed = _en_value(re.split(r"[\s-]+", m[0].lower()))
        if parsed:
            yield (*m.span(), *parsed, "")


def _en_value(words: list[str]) -> tuple[float, str] | None:
    total, small, seen, scale = 0.0, 0.0, False, ""
    if words[:2] == ["half", "a"]:
        return (0.5, _EN_LETTER[words[2]]) if words[2] in _EN_LETTER else (0.5 * _EN_SCALE[words[2]], "")
    for i, w in enumerate(words):
        if w in ("and", "a", "an") and i:
            continue
        if w in ("a", "an"):
            small = 1.0
        elif w == "half":
            small += 0.5
        elif w in _EN:
            if seen and (small % 10 or (small and _EN[w] >= 10 and small % 100)):
                return None  # "two three": not one number
            small += _EN[w]
            seen = True
        elif w in ("hundred", "dozen"):
            small = (small or 1.0) * _EN_SCALE[w]
        elif w in _EN_SCALE:
            total, small, scale = total + (small or 1.0) * _EN_SCALE[w], 0.0, _EN_LETTER[w]
    value = total + small
    return (value / _SCALE_VALUE[scale], scale) if scale and small == 0 else (value, "")


# --- Russian -----------------------------------------------------------------------------------------

_RU: dict[str, float] = {}
for _value, _forms in {
    1: "один одна одно одного одной одну одному одним", 2: "два две двух двум двумя", 3: "три трех трёх трем трём тремя", 4: "четыре четырех четырёх четырем четырьмя",
    5: "пять пяти пятью", 6: "шесть шести шестью", 7: "семь семи семью", 8: "восемь восьми", 9: "девять девяти девятью", 10: "десять десяти десятью",
    11: "одиннадцать одиннадцати", 12: "двенадцать двенадцати", 13: "тринадцать тринадцати", 14: "четырнадцать четырнадцати", 15: "пятнадцать пятнадцати",
    16: "шестнадцать шестнадцати", 17: "семнадцать семнадцати", 18: "восемнадцать восемнадцати", 19: "девятнадцать девятнадцати", 20: "двадцать двадцати",
    30: "тридцать тридцати", 40: "сорок сорока", 50: "пятьдесят пятидесяти", 60: "шестьдесят шестидесяти", 70: "семьдесят семидесяти",
    80: "восемьдесят восьмидесяти", 90: "девяносто", 100: "сто ста", 200: "двести двухсот", 300: "триста трехсот трёхсот", 400: "четыреста четырехсот четырёхсот",
    500: "пятьсот пятисот", 600: "шестьсот шестисот", 700: "семьсот семисот", 800: "восемьсот восьмисот", 900: "девятьсот девятисот",
}.items():  # fmt: skip
    _RU |= dict.fromkeys(_forms.split(), float(_value))
_RU_BIG = {"тысяч": "k", "тыс": "k", "миллион": "m", "млн": "m", "миллиард": "bn", "млрд": "bn", "триллион": "trn", "трлн": "trn"}
_R = "|".join(sorted(_RU, key=len, reverse=True))
_RB = r"(?:тысяч\w{0,3}|миллион\w{0,3}|миллиард\w{0,3}|триллион\w{0,3}|тыс\.?|млн\.?|млрд\.?|трлн\.?)"
_RU_NUMBER = re.compile(rf"(?<![\w-])(?:полтор[аы]|полутора|пол(?=миллион|миллиард)|{_R})(?:(?:\s+|(?<=пол))(?:{_R}|{_RB})(?![\w]))*(?!\w)", re.IGNORECASE)
_RU_VAGUE = re.compile(
    r"(?<!\w)(?:(десятк|сотн)(?:и|ов|ах|ам|ами|ен)?\s+(тысяч|миллионов|миллиардов|млн|млрд|тыс)|(?:несколько\s+|несколькими\s+)?(десятк(?:и|ов)|сот(?:ни|ен)|тысячи|миллионы|миллиарды)|"
    r"несколько\s+(тысяч|миллионов|миллиардов|млн|млрд))\.?(?!\w)", re.IGNORECASE
)  # fmt: skip
_RU_NAMES = {"дес": "tens", "сот": "hundreds", "тыс": "thousands", "мил": "millions"}


def russian(text: str) -> Iterator[Spelt]:
    taken: list[tuple[int, int]] = []
    for m in _RU_VAGUE.finditer(text):
        first, big, alone, several = (g.lower() if g else "" for g in m.groups())
        word = big or several or alone
        scale = next((s for stem, s in _RU_BIG.items() if word.startswith(stem)), "")
        keep = scale in ("m", "bn")
        size = {"k": "thousands", "m": "millions", "bn": "billions"}.get(scale, _RU_NAMES.get(word[:3], ""))
        vague = f"{_RU_NAMES[first[:3]]} of" + ("" if keep else f" {size} of") if first else f"{size} of"
        taken.append(m.span())
        yield (*m.span(), None, scale if keep else "", vague)
    for m in _RU_NUMBER.finditer(text):
        if not any(m.start() < e and s < m.end() for s, e in taken):
            yield from _ru_values(m)


def _ru_values(found: re.Match[str]) -> Iterator[Spelt]:
    """One number, or none where the words make no one number."""
    total, small, scale = 0.0, 0.0, ""
    for w in re.findall(r"пол(?=миллион|миллиард)|[\w]+", found[0].lower()):
        big = next((s for stem, s in _RU_BIG.items() if w.startswith(stem)), "")
        if big:
            total, small, scale = total + (small or 1.0) * _SCALE_VALUE[big], 0.0, big
        elif w.startswith(("полтор", "полутор")):
            small = 1.5
        elif w == "пол":
            small = 0.5
        else:
            value = _RU[w]
            if small and (value >= 100 or (value >= 10 and small % 100) or small % 10 or (small < 20 and small >= 10)):
                return
            small += value
    value = total + small
    yield (*found.span(), *((value / _SCALE_VALUE[scale], scale) if scale and small == 0 else (value, "")), "")
