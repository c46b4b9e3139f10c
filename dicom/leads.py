"""ECG lead names and their codes (PS3.16 CID 3001, ISO/IEEE 11073-10102, EN 1064 5.4.3.4)."""

import re
from typing import Final

LEAD_NUMBERS: Final = {
    "I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "V7": 9, "V2R": 10,
    "V3R": 11, "V4R": 12, "V5R": 13, "V6R": 14, "V7R": 15, "X": 16, "Y": 17, "Z": 18, "CC5": 19,
    "CM5": 20, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64, "-aVR": 65, "V8": 66, "V9": 67,
    "V8R": 68, "V9R": 69, "D": 70, "A": 71, "J": 72, "ES": 131, "AS": 132, "AI": 133,
}  # fmt: skip
"""Lead name to its number: code ``2:N`` of MDC, ``5.6.3-9-N`` of SCPECG, lead id of SCP-ECG."""

UNSPECIFIED_LEADS: Final = frozenset({"2:0", "131072", "5.6.3-9-0"})
"""Codes that say it is none of those: a label such as ``V1 2`` then does not mean V1."""

_DERIVED: Final = {
    31: "I", 32: "II", 33: "V1", 34: "V2", 35: "V3", 36: "V4", 37: "V5", 38: "V6", 111: "III",
    112: "aVR", 113: "aVL", 114: "aVF",
}  # fmt: skip
_NAMES: Final = {number: name for name, number in LEAD_NUMBERS.items()} | _DERIVED
_BY_TEXT: Final = {name.upper(): name for name in LEAD_NUMBERS}
_MDC_ECG: Final = 2 << 16
"""A code in full is its partition (2, ECG) times 65536 plus the number (11073-10101 5.2)."""
_CODE: Final = re.compile(r"(?:2:|5\.6\.3-9-)(\d{1,3})", re.ASCII)
_TEXT: Final = re.compile(
    r"(?:MDC_ECG_LEAD_|DERIVED LEAD |LEAD[ _:-]*|ECG[ _:-]+)?([A-Z0-9]{1,4})(?:[ ,(].*)?"
)


def lead_of_code(code_value: str) -> str | None:
    """Return the lead of a coded channel source, or None.

    Parameters
    ----------
    code_value
        ``2:1`` or ``131073`` of MDC, ``5.6.3-9-1`` of SCPECG. Reconstructed leads bear the name
        of the lead they stand for.
    """
    found = _CODE.fullmatch(code_value)
    if found is not None:
        return _NAMES.get(int(found.group(1)))
    if code_value.isascii() and code_value.isdigit() and len(code_value) <= 6:
        return _NAMES.get(int(code_value) - _MDC_ECG)
    return lead_of_text(code_value) if code_value.upper().startswith("MDC_ECG_LEAD_") else None


def lead_of_text(text: str) -> str | None:
    """Return the lead that a label means (``Lead V1``, ``aVR, augmented voltage``), or None."""
    found = _TEXT.fullmatch(text.strip().upper())
    return None if found is None else _BY_TEXT.get(found.group(1))
