"""A file as text: its encoding, and a normalised copy whose every character knows where it came from."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from keruen.errors import UsageError, did_you_mean, quote
from keruen.reading.wordlists import LANGUAGES

__all__ = ["Mapped", "Source", "language_of", "read_source"]

LARGEST = 20_000_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLANKS = dict.fromkeys("\u00a0\u202f\u2007\u2009\u200a\u2008\u2002\u2003\u2004\u2005\u2006\u205f\u3000", "\u00a0")
_GONE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")
_VIETNAMESE = frozenset("ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ")
_ONLY_VIETNAMESE = frozenset("ăđơưằẳẵắặầẩẫấậềểễếệồổỗốộờởỡớợừửữứựảạẻẹẽỉịĩỏọủụũỷỵỹ")


@dataclass(frozen=True)
class Source:
    """What a file holds. ``text`` is what offsets count in; ``notes`` tell what was guessed."""

    name: str
    text: str
    encoding: str
    html: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapped:
    """Text in NFC with plain blanks and without invisible characters; ``origin[i]`` is where character i began.

    Composition is by Unicode Standard Annex 15, cluster by cluster (a base and its combining marks), so that
    offsets into the original survive it.
    """

    text: str
    origin: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Mapped:
        out: list[str] = []
        origin: list[int] = []
        i, n = 0, len(text)
        while i < n:
            j = i + 1
            while j < n and unicodedata.combining(text[j]):
                j += 1
            cluster = text[i:j]
            if cluster[0] not in _GONE:
                plain = _BLANKS.get(cluster, cluster if cluster.isascii() else unicodedata.normalize("NFC", cluster))
                out.append(plain)
                origin += [i] * len(plain)
            i = j
        origin.append(n)
        return cls("".join(out), tuple(origin))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of the normalised text lies in the original."""
        if end <= start:
            return self.origin[start], self.origin[start]
        last = self.origin[end - 1]
        stop = next((self.origin[k] for k in range(end, len(self.origin)) if self.origin[k] > last), self.origin[-1])
        return self.origin[start], stop


def read_source(path: Path) -> Source:
    """The text of a file. Raises UsageError for what is no text, OSError for what cannot be read."""
    if path.is_dir():
        raise UsageError(f"'{path}' is a folder; keruen read takes one file of text or HTML")
    if not path.exists():
        near = did_you_mean(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [])
        raise UsageError(f"there is no file '{path}'. {near}".strip())
    if path.stat().st_size > LARGEST:
        raise UsageError(f"'{path}' has {path.stat().st_size:,} bytes; an article has fewer than {LARGEST:,}")
    data = path.read_bytes()
    _refuse(data, path)
    text, encoding, notes = _decode(data, path)
    if not text.strip():
        raise UsageError(f"'{path}' is empty: there is nothing to read")
    head = text[:2000].lstrip().lower()
    html = path.suffix.lower() in (".html", ".htm", ".xhtml") or head.startswith(("<!doctype html", "<html")) or "<body" in head
    return Source(path.name, text, encoding, html, notes)


def _refuse(data: bytes, path: Path) -> None:
    for magic, what, remedy in (
        (b"%PDF", "a PDF", "Save its text first, for instance with pdftotext."),
        (b"PK\x03\x04", "a packed file (docx, xlsx, zip)", "Save it as plain text."),
        (b"\xd0\xcf\x11\xe0", "an old Office file", "Save it as plain text."),
        (b"{\\rtf", "an RTF file", "Save it as plain text."),
        (b"\x1f\x8b", "packed with gzip", "Unpack it first."),
        (b"\x89PNG", "a picture", "keruen reads text, not pictures."),
        (b"\xff\xd8\xff", "a picture", "keruen reads text, not pictures."),
    ):
        if data.startswith(magic):
            raise UsageError(f"'{path}' is {what}, not text or HTML. {remedy}")


def _decode(data: bytes, path: Path) -> tuple[str, str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding), encoding, ()
            except UnicodeDecodeError as error:
                raise UsageError(f"'{path}' says it is {encoding} and breaks at byte {error.start:,}") from None
    zeros = data[:4000].count(0)
    if zeros > len(data[:4000]) // 5 and len(data) % 2 == 0:
        encoding = "utf-16-le" if data[1:4000:2].count(0) >= data[0:4000:2].count(0) else "utf-16-be"
        try:
            return data.decode(encoding), encoding, (f"no mark of its encoding: taken for {encoding}",)
        except UnicodeDecodeError:
            pass
    if zeros or sum(b < 9 or 13 < b < 32 for b in data[:4000]) > len(data[:4000]) // 50:
        raise UsageError(f"'{path}' is binary, not text or HTML")
    declared = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)", data[:4000], re.IGNORECASE)
    if declared:
        try:
            return data.decode(name := declared[1].decode("ascii")), name.lower(), ()
        except (LookupError, UnicodeDecodeError):
            pass
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        guesses = {e: data.decode(e, errors="replace") for e in ("windows-1251", "windows-1258", "windows-1252")}
        best = max(guesses, key=lambda e: _likely(guesses[e], e))
        return guesses[best], best, (f"not utf-8 (byte {error.start:,}): taken for {best}. If words look wrong, save it as utf-8.",)


def _likely(text: str, encoding: str) -> float:
    """Share of the letters beyond ASCII that belong to the language the encoding is for, inside words of one script."""
    beyond = [c for c in unicodedata.normalize("NFC", text) if ord(c) > 127 and not c.isspace()]
    if not beyond:
        return 0.0
    if encoding == "windows-1251":
        lower = sum("а" <= c <= "я" or c == "ё" for c in beyond)
        ascii_letters = sum(c.isascii() and c.isalpha() for c in text)
        return lower / len(beyond) if lower > ascii_letters / 3 else 0.2 * lower / len(beyond)
    if encoding == "windows-1258":
        return 1.01 * sum(c.lower() in _VIETNAMESE for c in beyond) / len(beyond)
    return 0.9 * sum(c.isalpha() or c in "‘’“”–—…«»°€£" for c in beyond) / len(beyond)


def language_of(text: str) -> tuple[str, str]:
    """(vi, en or ru; a word on how sure that is, empty when there is no doubt)"""
    letters = [c for c in text.lower() if c.isalpha()]
    if not letters:
        return LANGUAGES[1], "no letters: read as English"
    cyrillic = sum("\u0400" <= c <= "\u04ff" for c in letters) / len(letters)
    vietnamese = sum(c in _ONLY_VIETNAMESE for c in letters) / len(letters)
    if cyrillic > 0.4:
        kazakh = sum(c in "әғқңөұүһі" for c in letters) / len(letters)
        return "ru", "Kazakh letters: read by the rules of Russian, expect misses" if kazakh > 0.04 else ""
    if vietnamese > 0.04:
        return "vi", ""
    if sum(c.isascii() for c in letters) / len(letters) < 0.97:
        return "en", f"the language of {quote(text.strip(), 30)} is not known: read as English; give --language"
    return "en", ""
