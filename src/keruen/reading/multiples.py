"""Figures that are no number before a unit: times, fractions, ranks. Each as (start, end, value, unit, wording)."""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from keruen.reading.numbers import parse_digits

__all__ = ["find_multiples"]

Multiple = tuple[int, int, float, str, str]
_NUM = r"(?P<n>\d+(?:[.,]\d+)?)"
_VI_W = r"(?P<w>hai|ba|bốn|năm|sáu|bảy|tám|chín|mười)"
_EN_W = r"(?P<w>two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_RU_W = r"(?P<w>два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|двух|трех|трёх|четырех|пяти|полтора)"
_VALUE = {"đôi": 2.0, "hai": 2.0, "ba": 3.0, "tư": 4.0, "bốn": 4.0, "năm": 5.0, "sáu": 6.0, "bảy": 7.0, "tám": 8.0, "chín": 9.0, "mười": 10.0, "nhì": 2.0, "nhất": 1.0,
          "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0, "twenty": 20.0,
          "first": 1.0, "second": 2.0, "third": 3.0, "fourth": 4.0, "fifth": 5.0, "sixth": 6.0, "seventh": 7.0, "eighth": 8.0, "ninth": 9.0, "tenth": 10.0,
          "два": 2.0, "две": 2.0, "двух": 2.0, "три": 3.0, "трех": 3.0, "трёх": 3.0, "четыре": 4.0, "четырех": 4.0, "пять": 5.0, "пяти": 5.0, "шесть": 6.0, "семь": 7.0,
          "восемь": 8.0, "девять": 9.0, "десять": 10.0, "полтора": 1.5, "перв": 1.0, "втор": 2.0, "трет": 3.0, "четв": 4.0, "пят": 5.0, "шест": 6.0, "седьм": 7.0, "восьм": 8.0,
          "девят": 9.0, "десят": 10.0, "вдвое": 2.0, "втрое": 3.0, "вчетверо": 4.0, "впятеро": 5.0, "double": 2.0, "twice": 2.0, "triple": 3.0, "treble": 3.0, "quadruple": 4.0,
          "twofold": 2.0, "threefold": 3.0, "fourfold": 4.0, "fivefold": 5.0, "sixfold": 6.0, "tenfold": 10.0, "thrice": 3.0}  # fmt: skip
_FRACTION_NOUNS = r"(?=\s+(?:diện tích|dân số|lượng|tổng|số|sản lượng|kim ngạch|lãnh thổ|thị trường|nguồn|nhu cầu|thế giới|of|the|от|всего|всей|объ[её]ма|экспорта|населения|GDP|ВВП|kinh tế|thương mại|xuất khẩu))"
_PART = {"third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "half": 2, "fifth": 5, "fifths": 5, "tenth": 10}

# (pattern, unit, what it is, wording)
_RULES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "vi": (
        (rf"gấp\s+(?:\w+\s+)?{_NUM}(?:\s*-\s*\d+)?\s+lần", "times", "number", ""), (rf"gấp\s+(?:khoảng\s+|hơn\s+|gần\s+)?{_VI_W}(?:\s+(?P<half>rưỡi))?\s+lần", "times", "word", ""), (r"gấp\s+(?P<w>đôi|ba|bốn|tư|năm|sáu|mười)(?!\w)(?!\s+lần)", "times", "word", ""),
        (rf"(?:tăng|giảm|nhiều hơn|lớn hơn|cao hơn)\s+(?:hơn\s+|gần\s+|khoảng\s+|thêm\s+|tới\s+)?(?P<keep>{_NUM}|{_VI_W})\s+lần(?!\w)", "times", "keep", ""),
        (r"nhân đôi|tăng đôi", "times", "2", "doubled"), (r"(?:quá|hơn|gần)\s+(?P<keep2>nửa)(?=\s+(?:dân số|số|lượng|diện tích|kim ngạch|tổng|trong))|một\s+nửa(?!\s+(?:đầu|cuối|của mình))", "percent", "50", "half"),
        (r"(?P<a>một|hai|ba)\s+phần\s+(?P<b>hai|ba|tư|năm|mười)", "percent", "fraction", "fraction"), (rf"(?<![\d/.,])(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?![\d/]){_FRACTION_NOUNS}", "percent", "fraction", "fraction"),
        (r"(?:một\s+)?trong\s+(?:số\s+)?(?:nhóm\s+|top\s+)?(?P<keep>(?P<n>\d{1,2})|(?P<w>hai|ba|bốn|năm|sáu|bảy|tám|chín|mười))(?=\s+(?:nước|quốc gia|đối tác|nền|nhà|thị trường|bạn hàng|nguồn|cảng|tuyến|tỉnh|trung tâm|doanh nghiệp|công ty|nhóm|mặt hàng|sản phẩm|điểm đến|vùng|khu vực)[^,.;]{0,60}?(?:nhất|hàng đầu|chủ chốt|chủ lực|chính|lớn))", "rank", "keep", "among the top"),
        (r"\btop\s+(?P<n>\d{1,3})", "rank", "number", "among the top"),
        (r"(?:lớn|cao|nhiều|mạnh|dài|quan trọng|đông|rộng|đứng|xếp|hạng|vị trí|xếp hạng|đứng hàng)\s+thứ\s+(?:(?P<n>\d{1,3})|(?P<w>nhất|nhì|hai|ba|tư|năm|sáu|bảy|tám|chín|mười))(?!\w)", "rank", "either", ""),
        (r"(?<!\w)thứ\s+(?:(?P<n>\d{1,3})|(?P<w>hai|ba|tư|năm|sáu|bảy|tám|chín|mười))(?=\s+(?:thế giới|trên thế giới|châu|toàn cầu|khu vực|về\s))", "rank", "either", ""), (r"đứng đầu(?=\s+(?:thế giới|khu vực|toàn cầu|châu|Trung Á|Đông Nam Á|trong số|cả nước))", "rank", "1", "superlative"),
        (r"(?<!\w)(?-i:thứ\s+(?:(?P<n>\d{1,3})|(?P<w>hai|ba|tư|năm|sáu|bảy|tám|chín|mười)))(?!\w)(?!\s*,)", "ordinal", "either", ""),
        (r"(?<!hạng )(?<!cấp )(?:lớn|dài|nhiều|quan trọng|rộng|đông|cao|mạnh|nhanh|ngắn|sâu|giàu)\s+nhất(?=\s+(?:thế giới|trên thế giới|toàn cầu|khu vực|(?:tại|ở|trong|của|vào|sang|châu)\s+\w+))", "rank", "1", "superlative"),
    ),
    "en": (
        (r"(?P<n>\d+(?:\.\d+)?)[\s-]?(?:fold|times)(?!\w)", "times", "number", ""), (rf"{_EN_W}[\s-]?(?:fold|times)(?!\w)(?!\s+(?:a|per)\s)", "times", "word", ""),
        (r"(?P<w>twofold|threefold|fourfold|fivefold|sixfold|tenfold|double|twice|triple|treble|quadruple)(?:d|s)?(?!\w)(?!\s+(?:taxation|track|standard|burden|check))", "times", "word", ""),
        (r"(?:doubling|tripling)(?!\w)", "times", "ing", ""), (r"(?:halved|halving|halve)(?!\w)", "times", "0.5", "halved"),
        (r"(?:a|one)[\s-](?P<b>third|quarter|half|fifth|tenth)(?=\s+of)(?!\s+of\s+(?:20|the\s+year))|(?<=\bby\s)(?:a|one)[\s-](?P<b>third|quarter|half|fifth|tenth)(?!\w)|(?P<a>two|three|four)[\s-](?P<b>thirds|quarters|fifths)|(?<!\w)(?P<b>half)(?=\s+(?:of|the|its|all)\s)(?!\s+of\s+(?:the\s+)?(?:year|20))", "percent", "part", "fraction"),
        (rf"(?<![\d/.,$])(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?![\d/]){_FRACTION_NOUNS}", "percent", "fraction", "fraction"),
        (rf"(?:one|among)\s+(?:of\s+)?(?:the\s+|its\s+|their\s+|Kazakhstan's\s+|Russia's\s+)?(?:top\s+)?(?P<keep>{_NUM}|{_EN_W})(?=\s+(?:\w+\s+){{0,2}}(?:largest|biggest|leading|main|most|top|key))", "rank", "keep", "among the top"),
        (rf"(?<!\w)top[\s-](?:{_NUM}|{_EN_W})(?!\w)", "rank", "either", "among the top"),
        (r"(?<!\w)(?:(?P<n>\d{1,2})(?:st|nd|rd|th)|(?P<w>second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))[\s-](?:largest|biggest|longest|most|highest|busiest|leading|richest|deepest)(?!\w)", "rank", "either", ""),
        (r"(?:ranks?|ranked|ranking|placed)\s+(?:(?P<n>\d{1,3})(?:st|nd|rd|th)|(?P<w>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))(?!\w)", "rank", "either", ""),
        (r"(?:the\s+|'s\s+|s'\s+)(?:world's\s+)?(?:largest|longest|biggest|busiest|highest|deepest)(?!\w)(?=[^.;]{0,60}?(?:\b(?:in|of)\b|world))", "rank", "1", "superlative"),
        (r"(?:(?<=\bthe\s)|(?<=\bits\s)|(?<=\ba\s))(?P<w>second|third|fourth|fifth|sixth)(?=\s+(?:rail|railway|line|border|phase|round|stage|section|meeting|summit|string|unit|reactor|refinery|plant|port|crossing|terminal|track|train|route|corridor|pipeline))", "ordinal", "word", ""),
    ),
    "ru": (
        (rf"(?<!\w)в\s+(?:{_NUM}|{_RU_W})\s+раза?(?!\w)", "times", "either", ""), (r"(?<!\w)(?P<w>вдвое|втрое|вчетверо|впятеро)(?!\w)", "times", "word", ""), (r"(?<!\w)удво\w+", "times", "2", ""), (r"(?<!\w)утро(?:ил|ен|ит)\w*", "times", "3", ""),
        (r"(?<!\w)(?:половин[аыуе])(?=\s+(?:все\w+|экспорт\w*|объ[её]м\w*|населени\w*|от|из|импорт\w*|товар\w*|груз\w*|рынк\w*))", "percent", "50", "half"), (r"(?<!\w)треть(?=\s+(?:все\w+|экспорт\w*|объ[её]м\w*|от|из|населени\w*|импорт\w*))", "percent", "33.3333333333", "fraction"),
        (r"(?<!\w)четверть(?=\s+(?:все\w+|экспорт\w*|объ[её]м\w*|от|из|населени\w*|импорт\w*))", "percent", "25", "fraction"), (r"(?<=\bна\s)треть(?!\w)", "percent", "33.3333333333", "fraction"), (r"(?<=\bна\s)четверть(?!\w)", "percent", "25", "fraction"), (r"(?<=\bна\s)половину(?!\w)|(?<!\w)наполовину(?!\w)", "percent", "50", "half"), (r"(?<!\w)две\s+трети(?!\w)", "percent", "66.6666666667", "fraction"), (r"(?<!\w)три\s+четверти(?!\w)", "percent", "75", "fraction"),
        (r"(?<!\w)топ[\s-](?P<n>\d{1,3})", "rank", "number", "among the top"), (r"(?<!\w)(?:одн(?:а|им|ой|ого|их)|один)\s+из\s+(?P<keep>(?P<w>двух|трех|трёх|четырех|пяти)|(?P<n>\d{1,2}))(?=\s+(?:крупнейш|главн|ведущ|основн))", "rank", "keep", "among the top"),
        (r"(?<!\w)(?P<w>перв|втор|трет|четв|пят|шест|седьм|восьм|девят|десят)\w{1,5}\s+(?:по\s+(?:величине|объ[её]м\w*|значению|размеру|численности)|мест[оае])", "rank", "stem", ""), (r"(?<!\w)(?P<n>\d{1,3})(?:-е|-м|-ое|-ом)?\s+мест[оае](?=\s+(?:в|среди|по))", "rank", "number", ""),
        (r"(?<!\w)(?P<w>втор|трет|четв|пят)\w{1,5}(?=\s+(?:\w+(?:ый|ий|ая|ой|ую|ого|ей)\s+)?(?:лини|железнодорожн|пут|очеред|этап|раунд|нитк|погранпереход|энергоблок|завод|поезд|рейс|заседани|саммит))", "ordinal", "stem", ""),
        (r"(?<!\w)(?:крупнейш\w+|самый\s+\w+|самая\s+\w+)(?=\s+[^.;,]{0,40}?(?:в\s+мире|в\s+регионе|в\s+Центральной|Казахстана|России|в\s+Европе|в\s+Азии))(?<!из крупнейших)(?<!из крупнейшего)", "rank", "1", "superlative"),
    ),
}  # fmt: skip
_NOT_ONE = re.compile(r"(?:một trong những|một trong các|một trong số|trong số những|\btop\s+\d+|một trong (?:\d+|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười)|one of (?:the|its|their|\w+'s)\s*|among (?:the|its)\s*|одн\w+ из\s*|один из\s*|среди\s*)[^,.;]{0,60}$", re.IGNORECASE)


@cache
def _compiled(language: str) -> tuple[tuple[re.Pattern[str], str, str, str], ...]:
    out = []
    for pattern, unit, how, wording in _RULES[language]:
        seen: dict[str, int] = {}

        def rename(m: re.Match[str], seen: dict[str, int] = seen) -> str:
            seen[m[1]] = seen.get(m[1], 0) + 1
            return m[0] if seen[m[1]] == 1 else f"(?P<{m[1]}__{seen[m[1]]}>"

        out.append((re.compile(re.sub(r"\(\?P<(\w+)>", rename, pattern), re.IGNORECASE), unit, how, wording))
    return tuple(out)


def find_multiples(text: str, language: str) -> list[Multiple]:
    """All of them in a sentence; an earlier rule wins over a later one."""
    out: list[Multiple] = []
    for pattern, unit, how, wording in _compiled(language):
        for found in pattern.finditer(text):
            if any(found.start() < e and s < found.end() for s, e, *_ in out):
                continue
            if wording == "superlative" and _NOT_ONE.search(text[max(0, found.start() - 100) : found.start()]):
                continue
            out += _read(found, unit, how, wording, language)
    return sorted(out)


def _part(found: re.Match[str], name: str) -> tuple[str, int, int]:
    for key, text in found.groupdict().items():
        if key.split("__")[0] == name and text:
            return text, found.start(key), found.end(key)
    return "", found.start(), found.end()


def _read(found: re.Match[str], unit: str, how: str, wording: str, language: str) -> Iterator[Multiple]:
    start, end = found.span()
    text, word = _part(found, "n")[0], _part(found, "w")[0].lower()
    value: float | None
    if how == "keep":
        _, start, end = _part(found, "keep")
        end = found.end() if unit == "times" else end
        value = parse_digits(text, language) if text else _VALUE[word]
    elif how in ("number", "either", "word") and (text or word):
        value = parse_digits(text, language) if text else _VALUE[word]
        value = value + 0.5 if value is not None and _part(found, "half")[0] else value
    elif how == "stem":
        value = _VALUE[word]
    elif how == "ing":
        value = 2.0 if found[0].lower().startswith("d") else 3.0
    elif how == "part":
        value = 100 * {"": 1, "two": 2, "three": 3, "four": 4}[_part(found, "a")[0].lower()] / _PART[_part(found, "b")[0].lower()]
    elif how == "fraction":
        a, b = (_small(_part(found, g)[0]) for g in "ab")
        if not b or a >= b:
            return
        value = 100 * a / b
    else:
        value = float(how)
        if _part(found, "keep2")[0]:
            _, start, end = _part(found, "keep2")
    if value is not None:
        yield start, end, float(f"{value:.12g}"), unit, wording


def _small(word: str) -> float:
    return float(word) if word.isdigit() else _VALUE.get(word.lower(), 1.0)


