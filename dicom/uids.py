"""Unique identifiers: validation, generation, and the SOP classes this system names."""

import re
from collections.abc import Callable
from typing import Final

from pydicom._uid_dict import UID_dictionary as _REGISTERED

IMPLEMENTATION_CLASS_UID: Final = "2.25.311077799746578959604438318160476406170"
"""Ours, derived from a random UUID (PS3.5 B.2)."""
IMPLEMENTATION_VERSION_NAME: Final = "LIANZHEN_1"

TWELVE_LEAD_ECG: Final = "1.2.840.10008.5.1.4.1.1.9.1.1"
GENERAL_ECG: Final = "1.2.840.10008.5.1.4.1.1.9.1.2"
AMBULATORY_ECG: Final = "1.2.840.10008.5.1.4.1.1.9.1.3"
GENERAL_32_BIT_ECG: Final = "1.2.840.10008.5.1.4.1.1.9.1.4"

ECG_SOP_CLASSES: Final = frozenset(
    {TWELVE_LEAD_ECG, GENERAL_ECG, AMBULATORY_ECG, GENERAL_32_BIT_ECG}
)
"""ECG waveform storage classes (PS3.4 B.5)."""

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"
"""Native frames, each in fragments of its own (PS3.5 A.4.11)."""
NATIVE_TRANSFER_SYNTAXES: Final = frozenset(
    {
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
    }
)

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_LONGEST = 64
_UUID_BITS = 128


def is_uid(text: str) -> bool:
    """Tell whether ``text`` may stand as a UID.

    Parameters
    ----------
    text
        The value without its padding.

    Returns
    -------
    bool
        True for 1 to 64 characters of digits in components parted by single dots.

    Notes
    -----
    Deviation from PS3.5 9.1: components with leading zeros are let through, because devices in
    the field write them; `is_conforming_uid` tells them apart.
    """
    return len(text) <= _LONGEST and _UID.fullmatch(text) is not None


def is_conforming_uid(text: str) -> bool:
    """Tell whether ``text`` is a UID by the letter of PS3.5 9.1 (no leading zeros)."""
    return is_uid(text) and not any(
        part.startswith("0") and len(part) > 1 for part in text.split(".")
    )


def name_of_uid(uid: str) -> str:
    """Return the name that PS3.6 gives a UID, or the UID itself."""
    entry = _REGISTERED.get(uid)
    return uid if entry is None else entry[0]


def is_structured_report(sop_class_uid: str) -> bool:
    """Tell whether a SOP class is stored as a tree of content items (PS3.3 A.35)."""
    return sop_class_uid.startswith("1.2.840.10008.5.1.4.1.1.88.")


def is_encapsulated_document(sop_class_uid: str) -> bool:
    """Tell whether a SOP class wraps a document of another standard (PS3.3 A.45, A.85)."""
    return sop_class_uid.startswith("1.2.840.10008.5.1.4.1.1.104.")


def new_uid(random_bits: Callable[[int], int]) -> str:
    """Make a UID below the root 2.25 (PS3.5 B.2).

    Parameters
    ----------
    random_bits
        Returns that many random bits as an integer, for example ``secrets.randbits``.

    Returns
    -------
    str
        At most 44 characters. The number is a version 4 UUID (RFC 9562).
    """
    number = random_bits(_UUID_BITS)
    number = number & ~(0xF << 76) | (4 << 76)
    number = number & ~(0b11 << 62) | (0b10 << 62)
    return f"2.25.{number}"


def _transfer_syntaxes(name_pattern: str) -> frozenset[str]:
    return frozenset(
        uid
        for uid, (name, kind, *_) in _REGISTERED.items()
        if kind == "Transfer Syntax" and re.search(name_pattern, name) is not None
    )


TRANSFER_SYNTAXES: Final = _transfer_syntaxes("")
"""Every registered transfer syntax, retired ones included (PS3.6 A.4)."""

VIDEO_TRANSFER_SYNTAXES: Final = _transfer_syntaxes("MPEG|HEVC|SMPTE")
"""Syntaxes whose pixel data is one stream, not one frame after the other (PS3.5 8.2.5-8.2.9)."""

_WITHOUT_FRAGMENTS: Final = NATIVE_TRANSFER_SYNTAXES | _transfer_syntaxes("JPIP")


def is_encapsulated(transfer_syntax_uid: str) -> bool:
    """Tell whether a registered transfer syntax keeps pixel data in fragments (PS3.5 A.4)."""
    return transfer_syntax_uid in TRANSFER_SYNTAXES - _WITHOUT_FRAGMENTS
