"""The article of an HTML page, by jusText (Pomikálek, Removing Boilerplate and Duplicate Content from Web Corpora, Brno 2011).

jusText and lxml are an extra, ``pip install "keruen[read]"``: rules without a model, so the same page gives the same text.
"""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from importlib import import_module
from typing import Any

from keruen.errors import UsageError
from keruen.reading.periods import iso

__all__ = ["article_of_html", "date_of_html"]

_STOPLISTS = {"vi": "Vietnamese", "en": "English", "ru": "Russian"}
_DATE = re.compile(
    r"<meta[^>]+(?:article:published_time|datePublished|pubdate|publish-?date|DC\.date(?:\.issued)?|og:pubdate)[\"'][^>]*content=[\"'](\d{4})-(\d\d)-(\d\d)|"
    r"<meta[^>]+content=[\"'](\d{4})-(\d\d)-(\d\d)[^>]*(?:article:published_time|datePublished|pubdate)|"
    r"[\"']datePublished[\"']\s*:\s*[\"'](\d{4})-(\d\d)-(\d\d)|<time[^>]+datetime=[\"'](\d{4})-(\d\d)-(\d\d)",
    re.IGNORECASE,
)


def _justext() -> Any:
    try:
        return import_module("justext")
    except ImportError as error:
        raise UsageError(
            f'reading HTML needs jusText ({error}): pip install "keruen[read]". Or save the page as plain text: keruen reads that without it.'
        ) from None


def date_of_html(page: str) -> date | None:
    """The day of publication that the markup states."""
    found = _DATE.search(page)
    if not found:
        return None
    year, month, day = (int(g) for g in found.groups() if g)
    return date(year, month, day) if iso(year, month, day) else None


def article_of_html(page: str, language: str) -> tuple[str, tuple[str, ...]]:
    """(the text of the article, a paragraph a line; what the reader should know). Raises UsageError if jusText is missing."""
    justext = _justext()
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", page)
    try:
        paragraphs = justext.justext(plain, justext.get_stoplist(_STOPLISTS[language]), length_low=50, length_high=160, max_heading_distance=150)
    except Exception as error:  # lxml and jusText have their own trees of errors for broken pages
        if isinstance(error, ValueError) or type(error).__module__.startswith(("lxml", "justext")):
            raise UsageError(f"this is no HTML that can be read: {error}") from None
        raise
    good = [p.text.strip() for p in paragraphs if not p.is_boilerplate and p.text.strip()]
    title = re.search(r"<h1\b[^>]*>(.*?)</h1>", page, re.IGNORECASE | re.DOTALL)
    if good and title:  # jusText takes a headline that stands apart for a menu
        headline = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", title[1]))).strip()
        good = [headline, *good] if headline and headline not in good else good
    if good:
        return "\n\n".join(good) + "\n", ()
    every = [p.text.strip() for p in paragraphs if p.text.strip()]
    if not every:
        raise UsageError("the page has no text: it may draw its article with a script. Save what the browser shows as plain text.")
    return "\n\n".join(every) + "\n", ("no paragraph of the page looks like an article: all of its text was read",)
