"""What of a page of plain text is not the article: captions, menus, bylines, teasers, comments. Rules by the shape of lines.

In the manner of Kohlschütter, Fankhauser and Nejdl, Boilerplate detection using shallow text features (WSDM 2010): length, closing
punctuation, repetition and place decide, with a few words that sites of three languages put before what is not the article.
"""

# ruff: noqa: E501 (patterns are read more easily on one line)
from __future__ import annotations

import re
from dataclasses import dataclass

from keruen.reading.lines import Line, sentences_of

__all__ = ["Stripped", "strip"]

_MARKER = re.compile(
    r"\W*(?:xem thêm|đọc thêm|xem nhiều|đọc nhiều|tin liên quan|tin cùng chuyên mục|cùng chuyên mục|tin mới|tin nổi bật|bài liên quan|có thể bạn quan tâm|"
    r"bình luận|ý kiến|gửi ý kiến|chia sẻ|từ khóa|tags?\b|chủ đề|liên hệ|đăng ký|bản quyền|phiên bản di động|theo dõi\b.{0,40}\btrên|quảng cáo|"
    r"tin đọc nhiều|nổi bật|video|"
    r"read more|see also|related|most read|most popular|more (?:from|on|stories|news)|recommended|trending|comments?\b|leave a (?:comment|reply)|share\b|"
    r"subscribe|newsletter|sign up|follow us|follow .{1,30} on|copyright|all rights reserved|advertisement|latest news|editor'?s picks?|"
    r"читайте также|читать также|смотрите также|по теме|похожие|другие новости|популярное|самое читаемое|комментари|поделиться|подпис(?:ывайтесь|аться)|"
    r"следите за|теги|реклама|главные новости|последние новости|все права защищены|новости партн[её]ров)",
    re.IGNORECASE,
)
_INLINE = re.compile(  # a headline of another article between two paragraphs of this one
    r"\W*(?:xem thêm|đọc thêm|xem|mời đọc|read more|also read|see also|read also|read|related|more|читайте также|читать также|читайте|смотрите также|по теме)\s*[:>»|]\s*\S", re.IGNORECASE
)
_CALL = re.compile(r"\W*(?:sign up|subscribe|join us|follow|подпис|следите|theo dõi|đăng ký|mời (?:bạn|quý) )", re.IGNORECASE)
_AGO = re.compile(
    r"^\W*(?:by\s.{0,40})?\D{0,15}\d+\s*(?:(?:phút|giờ|ngày|tuần|minutes?|mins?|hours?|days?|weeks?|минут\w*|час\w*|дн\w*)\s+(?:trước|ago|назад)|"
    r"phút đọc|(?:minutes?|mins?)(?:\s+read)?\W*$|минут\w*(?:\s+(?:чтения|на чтение))?\W*$|(?:views?|lượt xem|просмотр\w*|comments?|bình luận|комментари\w*)\W*$)", re.IGNORECASE
)
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
_SOME_DAY = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}")
_CAPTION = re.compile(
    r"(?:^\W{0,3}(?:ảnh|photo|image|фото|video|đồ họa|infographic)(?: minh họa)?\s*[:/©(]|"
    r"[.(\[|–—-]?\s*\(?\b(?:ảnh|ảnh minh họa|nguồn ảnh|nguồn|photo|photo by|photo credit|image|credit|source|picture|фото|источник фото|источник|иллюстрация|đồ họa)"
    r"\s*:\s*[^:]{1,60}$|©\s*[^.]{1,50}$|\((?:ảnh|photo|фото|afp|reuters|tass|tasc|xinhua|ttxvn|vna|ap|epa|getty images?)\b[^)]{0,40}\)\.?$|/\s*(?:AFP|Reuters|TTXVN|TASS|AP|EPA|Xinhua)\.?$)",
    re.IGNORECASE,
)
_MONTHS = r"(?:tháng|january|february|march|april|may|june|july|august|september|october|november|december|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря)"  # fmt: skip
_DATELINE = re.compile(
    rf"^\W*(?:(?:thứ|chủ nhật|monday|tuesday|wednesday|thursday|friday|saturday|sunday|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)\b.*\d|"
    rf".{{0,25}}\b\d{{1,2}}[:h]\d{{2}}\b.*\d{{4}}|.{{0,25}}\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}.{{0,25}}$|\d{{1,2}}\s+{_MONTHS}\s.{{0,20}}$|{_MONTHS}\s+\d{{1,2}}.{{0,20}}$)",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"[.!?:;]['\"”’»)\]]*$")
_TRUNCATED = re.compile(r"(?:…|\.\.\.)\s*$")
LONG = 180
BYLINE_WORDS = 6


@dataclass(frozen=True)
class Stripped:
    """A line left out, and why."""

    line: Line
    reason: str


def strip(lines: list[Line]) -> tuple[list[Line], list[Stripped]]:
    """The lines of the article, and those left out with a reason. Empty lines are in neither."""
    full = [line for line in lines if line.text.strip()]
    reasons: dict[int, str] = {}
    kept_of: dict[str, int] = {}
    for i, line in enumerate(full):
        text = _plain(line.text)
        if i and text == _plain(full[i - 1].text) and len(text) > 3:
            reasons[i] = "says again the line before it"
            if not _first_text(full, i - 1):
                reasons.setdefault(i - 1, "teaser: said twice in a row")
        elif text in kept_of and len(text) > 3:
            reasons[i] = f"says again line {full[kept_of[text]].number}"
        kept_of.setdefault(text, i)
        reason = _by_shape(line.text.strip())
        if reason and i not in reasons:
            reasons[i] = reason
    for i in range(1, len(full)):
        if i not in reasons and i - 1 in reasons and "line before it" in reasons[i - 1] and i >= 2 and not _is_body(full[i].text):
            reasons[i] = "blurb below a teaser"
    _tail(full, reasons)
    article = [line for i, line in enumerate(full) if i not in reasons]
    if not article:  # better a menu too many than an article too few
        return full, []
    return article, [Stripped(full[i], reasons[i]) for i in sorted(reasons)]


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _first_text(full: list[Line], i: int) -> bool:
    return i < 1


def _by_shape(text: str) -> str:
    words = len(text.split())
    if len(text) < 400 and _CAPTION.search(text) and len(sentences_of(text)) <= 3:
        return "caption or source of a picture"
    if words <= 25 and _INLINE.match(text):
        return "headline of another article"
    if (words <= 8 and _MARKER.match(text)) or (words <= 14 and _CALL.match(text) and not _CLOSING.search(text)):
        return "menu or call of the site"
    if words <= 12 and _AGO.match(text):
        return "date line"
    if len(text) <= 110 and _CLOCK.search(text) and not _CLOSING.search(text) and (_SOME_DAY.search(text) or re.search(rf"\b{_MONTHS}\b", text, re.IGNORECASE)):
        return "date line"
    if len(text) <= 110 and _DATELINE.match(text) and not _CLOSING.search(text.rstrip("). ")) and words <= 16:
        return "date line"
    if words <= BYLINE_WORDS and not _CLOSING.search(text) and not re.search(r"\d", text):
        return "heading, byline or menu: short, without a full stop"
    return ""


def _is_body(text: str) -> bool:
    text = text.strip()
    if _TRUNCATED.search(text) or not _CLOSING.search(text):
        return False
    return len(text) >= LONG or len(sentences_of(text)) >= 2


def _tail(full: list[Line], reasons: dict[int, str]) -> None:
    """Cuts all from the first call of the site, date line or teaser behind which little of an article stands."""
    weight = [len(line.text) if i not in reasons and _is_body(line.text) else 0 for i, line in enumerate(full)]
    total = sum(weight)
    if not total:
        return
    before = 0
    for i in range(len(full)):
        strong = i in reasons and not reasons[i].startswith(("caption", "heading", "headline"))
        goes_on = any(weight[k] and weight[k + 1] for k in range(i, len(full) - 1))  # two paragraphs in a row: still the article
        if strong and not goes_on and before > 0 and (total - before) < 0.3 * before:
            for k in range(i, len(full)):
                reasons.setdefault(k, f"after the article: below line {full[i].number} ({reasons[i]})")
            return
        before += weight[i]
