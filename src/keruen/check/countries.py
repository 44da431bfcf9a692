"""The country codes of ISO 3166-1, and what is wrong with a code."""

from __future__ import annotations

import re

__all__ = ["COUNTRIES", "country_remedy"]

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_CODES.split())
# Codes that ISO leaves to its users, and doubled letters: for made-up countries of examples.
_MADE_UP = re.compile(r"([A-Z])\1|Q[M-Z]|X[A-Z]")
_SLIPS = {"UK": "GB", "EL": "GR", "SU": "RU", "YU": "RS", "TP": "TL", "ZR": "CD", "BU": "MM", "FX": "FR"}


def country_remedy(code: str) -> str:
    """What to do about a country code; an empty string where it is good."""
    if code in COUNTRIES or (len(code) == 2 and _MADE_UP.fullmatch(code)):
        return ""
    upper = code.upper()
    if upper in _SLIPS:
        return f"Write {_SLIPS[upper]}."
    if upper != code and not country_remedy(upper):
        return f"Write {upper} in capital letters."
    parts = re.split(r"[,/| ]+", code)
    if 1 < len(parts) < 50 and not any(map(country_remedy, parts)):
        return "Part the codes by ;."
    if re.fullmatch(r"[A-Z]{3}", code):
        return "Write the ISO 3166 code of two letters, not that of three."
    return "Write the ISO 3166 code: two capital letters, such as KZ for Kazakhstan."
