"""Numbers and samples as text files spell them."""

import base64
import binascii
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError

CHARACTERS_AT_ONCE: Final = 1 << 20
LONGEST_NUMBER: Final = 64


def number(text: str | None) -> float | None:
    """Return a finite number, or None for anything else, such as ``"Indeterminate"``."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _any_numbers(text: str) -> NDArray[np.float64]:
    parts: list[NDArray[np.float64]] = []
    at = 0
    while at < len(text):
        stop = min(at + CHARACTERS_AT_ONCE, len(text))
        limit = min(stop + LONGEST_NUMBER, len(text))
        while stop < limit and not text[stop].isspace():
            stop += 1
        tokens = text[at:stop].split()
        try:
            parts.append(np.fromiter(map(float, tokens), np.float64, len(tokens)))
        except ValueError as error:
            raise EcgFormatError("a lead's samples are not numbers") from error
        at = stop
    return np.concatenate(parts) if parts else np.empty(0)


def numbers(text: str) -> NDArray[np.float64]:
    """Return numbers separated by blanks or commas.

    Whole numbers, the rule, are read at once; all else in slices, to bound memory.

    Raises
    ------
    EcgFormatError
        If a part is no number.
    """
    spaced = text.replace(",", " ") if "," in text else text
    if not spaced.strip():
        return np.empty(0)
    try:
        return np.fromstring(spaced, np.int64, sep=" ").astype(np.float64)
    except ValueError:
        return _any_numbers(spaced)


def from_base64(text: str) -> bytes:
    """Return what base64 encodes, line breaks allowed.

    Raises
    ------
    EcgFormatError
        If it is none.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise EcgFormatError("a lead's samples are not base64") from error
