"""One shipment in words: ``8542.31 DE KZ via RU by road 2024-05-01 contract 2023-11-01 500 kg for assembly of meters``."""

from __future__ import annotations

import re

from keruen.errors import UsageError, quote
from keruen.screening.shipment import COLUMNS, MODES, Bad, Reader, Shipment

__all__ = ["read_sentence"]

EXAMPLE = "8542.31 DE KZ via RU 2024-05-01"
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_COUNTRY = re.compile(r"[A-Za-z]{2,3}([;,>][A-Za-z]{2,3})*")


def read_sentence(text: str) -> Shipment:
    """HS code, origin, destination; then in any order ``via RU;BY``, ``by road``, a date, ``contract DATE``, a quantity with its unit,
    and last ``for`` an end use. Raises UsageError with what is wrong."""
    head, _, use = f" {text.strip()} ".partition(" for ")
    words = head.replace(" to ", " ").split()
    code = ""
    while words and re.fullmatch(r"[\d.]+", words[0]):
        code += words.pop(0)
    cells = dict.fromkeys(COLUMNS, "")
    cells.update(shipment="it", hs=code, end_use=use.strip())
    if len(words) < 2:
        raise UsageError(f"found {quote(text)}, expected a code, an origin and a destination first, as in: {EXAMPLE}")
    cells["origin"], cells["destination"] = words.pop(0), words.pop(0)
    while words:
        word = words.pop(0)
        if word == "via":
            via = []
            while words and _COUNTRY.fullmatch(words[0].rstrip(",;")) and words[0] not in ("by", "on", "via", "kg"):
                via += [w for w in re.split(r"[;,>]", words.pop(0)) if w]
            cells["via"] = ";".join(via)
            if not via:
                raise UsageError(f"found nothing behind via in {quote(text)}, expected countries such as RU or PL;BY;RU")
        elif word in ("by", "on", "contract") and words:
            cells[{"by": "mode", "on": "date", "contract": "contract_date"}[word]] = words.pop(0)
        elif _DAY.fullmatch(word):
            cells["date"] = word
        elif re.fullmatch(r"[\d.]+", word):
            cells["quantity"], cells["unit"] = word, words.pop(0) if words and not _DAY.fullmatch(words[0]) else ""
        elif word in MODES:
            cells["mode"] = word
        else:
            raise UsageError(f"found {quote(word)} in {quote(text)}, expected: {EXAMPLE} [by road] [contract 2023-11-01] [500 kg] [for END USE]")
    try:
        return Reader({c: i for i, c in enumerate(COLUMNS)}, len(COLUMNS)).read(list(cells.values()))
    except Bad as error:
        raise UsageError(str(error)) from None
