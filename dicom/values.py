"""Stored values of single elements, decoded without pydicom's conversion.

pydicom converts an element when it is first touched, warns or raises on values that devices
really write, and loses the bytes that charset repair needs. These functions read the raw bytes
where they are still there, and accept converted values where a data set was built in memory.
"""

import math
import re
import struct
from dataclasses import dataclass
from typing import Any, Final, cast

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR as _dictionary_vr
from pydicom.datadict import keyword_dict, private_dictionary_VR, repeater_has_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from dicom.charset import DEFAULT_CHARSET, Charset, DecodedText, decode, parse_charset

Number = int | float

CHARSET_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Whose text depends on Specific Character Set (PS3.5 6.1.2.2)."""
UNSPLIT_VRS: Final = frozenset({"LT", "ST", "UT", "UR"})
"""Text in which a backslash parts no values (PS3.5 6.2)."""
TEXT_VRS: Final = CHARSET_VRS | frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
)
BINARY_NUMBERS: Final = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
_PACKED: Final = {
    vr: (struct.Struct(f"<{code}"), struct.Struct(f">{code}"), struct.calcsize(f"={code}"))
    for vr, code in BINARY_NUMBERS.items()
}
_PIXEL_REPRESENTATION: Final = 0x00280103
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class NestedDataset(Dataset):
    """An item of a sequence that remembers the character set in force around it.

    Items inherit Specific Character Set from the data set they stand in (PS3.5 7.5.3).
    """

    inherited_charset: Charset = DEFAULT_CHARSET

    def __setattr__(self, name: str, value: object) -> None:
        """Set a keyword as pydicom does, and the data set's own state without its look-ups.

        Keywords begin with a capital. An item has a dozen attributes of state, and a multi-frame
        object has tens of thousands of items.
        """
        if name[0].isupper():
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Stored:
    """One element as it was stored or set.

    Parameters
    ----------
    vr
        Two letters; never an ambiguous form such as ``US or SS``.
    value
        ``bytes`` as in the file, a ``Sequence``, or what a program put in.
    little_endian
        Byte order of ``value`` where it is bytes.
    """

    vr: str
    value: Any
    little_endian: bool = True


def tag_of(keyword: str) -> int:
    """Return the tag of a DICOM keyword.

    Raises
    ------
    KeyError
        If PS3.6 has no such keyword.
    """
    return keyword_dict[keyword]


def raw_item(ds: Dataset, tag: int) -> RawDataElement | DataElement | None:
    """Return an element without converting it, or None where it is absent."""
    return cast("RawDataElement | DataElement | None", ds.get_item(tag))


def charset_of(ds: Dataset) -> Charset:
    """Return the character set in force in a data set or item."""
    found = raw_item(ds, _SPECIFIC_CHARACTER_SET)
    if found is None:
        return ds.inherited_charset if isinstance(ds, NestedDataset) else DEFAULT_CHARSET
    value = found.value
    if isinstance(value, bytes | str):
        return parse_charset(value)
    return parse_charset("\\".join(str(term) for term in value or ()))


def stored(ds: Dataset, tag: int) -> Stored | None:
    """Return an element of a data set, or None where it is absent."""
    found = raw_item(ds, tag)
    if found is None:
        return None
    if isinstance(found, RawDataElement):
        vr = found.VR or "UN"
        if vr == "UN":
            vr = vr_of(ds, tag)
        vr = _settle(ds, vr)
        return Stored(vr, found.value or b"", found.is_little_endian)
    return Stored(_settle(ds, str(found.VR)), found.value)


def vr_of(ds: Dataset, tag: int) -> str:
    """Return the VR that PS3.6 (or the private dictionary) gives a tag, ``UN`` where none."""
    group, element = tag >> 16, tag & 0xFFFF
    if element == 0:
        return "UL"
    if group & 1:
        return _private_vr(ds, tag)
    entry = DicomDictionary.get(tag)
    if entry is not None:
        return entry[0]
    return _dictionary_vr(tag) if repeater_has_tag(tag) else "UN"


def _private_vr(ds: Dataset, tag: int) -> str:
    group, element = tag >> 16, tag & 0xFFFF
    if element < 0x1000:
        return "LO"
    creator = stored(ds, group << 16 | element >> 8)
    names = () if creator is None else texts(creator, DEFAULT_CHARSET)
    try:
        return private_dictionary_VR(tag, names[0].text) if names else "UN"
    except KeyError:
        return "UN"


def _settle(ds: Dataset, vr: str) -> str:
    """Choose one VR where PS3.6 names several (PS3.5 A.1, PS3.3 C.7.6.3)."""
    match vr:
        case "US or SS" | "US or SS or OW":
            sign = stored(ds, _PIXEL_REPRESENTATION)
            return "SS" if sign is not None and numbers(sign) == (1,) else "US"
        case "OB or OW" | "US or OW":
            return "OW"
        case _:
            return vr


def texts(element: Stored, charset: Charset) -> tuple[DecodedText, ...]:
    """Decode the values of a text element.

    Parameters
    ----------
    element
        Any element; numbers set by a program become their decimal text.
    charset
        In force around it.

    Returns
    -------
    tuple of DecodedText
        One a value, without padding. Empty for an empty element.
    """
    value = element.value
    if isinstance(value, bytes):
        if element.vr not in CHARSET_VRS:
            charset = DEFAULT_CHARSET
        whole = decode(value, charset)
        if element.vr in UNSPLIT_VRS:
            text = whole.text.rstrip("\0 ")
            return (DecodedText(text, whole.read_as),) if text else ()
        parts = whole.text.rstrip("\0 ").split("\\")
        if parts == [""]:
            return ()
        return tuple(DecodedText(part.strip("\0 "), whole.read_as) for part in parts)
    return tuple(DecodedText(str(one).strip("\0 ")) for one in _as_values(value))


def plain_texts(vr: str | None, value: object) -> tuple[str, ...] | None:
    """Return what `texts` would, as text, of a stored value in ASCII; None for any other.

    Nearly all text is plain, and most of what a header costs is its text.
    """
    if not isinstance(value, bytes) or vr not in TEXT_VRS:
        return None
    if not value.isascii() or b"\x1b" in value or b"~" in value:
        return None
    text = value.decode("ascii").rstrip("\0 ")
    if not text:
        return ()
    if vr in UNSPLIT_VRS:
        return (text,)
    return tuple([part.strip("\0 ") for part in text.split("\\")])


def plain_numbers(
    vr: str | None, value: object, *, little_endian: bool
) -> tuple[Number | None, ...] | None:
    """Return what `numbers` would, of a stored value of explicit binary VR; None for any other."""
    packed = _PACKED.get(vr or "")
    if packed is None or not isinstance(value, bytes):
        return None
    little, big, width = packed
    if len(value) != width:
        return numbers(Stored(vr or "", value, little_endian))
    (one,) = (little if little_endian else big).unpack(value)
    return (one if math.isfinite(one) else None,)


def _as_values(value: object) -> tuple[object, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, MultiValue | list | tuple):
        return tuple("" if one is None else one for one in value)
    return (value,)


def numbers(element: Stored) -> tuple[Number | None, ...]:
    """Decode the values of a number element (IS, DS or binary).

    Returns
    -------
    tuple
        One a value, None for a value that is no finite number; integers stay ``int``.
        A trailing fragment shorter than a value is left out.
    """
    value = element.value
    code = BINARY_NUMBERS.get(element.vr)
    if isinstance(value, bytes) and code is not None:
        width = struct.calcsize(f"={code}")
        count = len(value) // width
        order = "<" if element.little_endian else ">"
        found = struct.unpack_from(f"{order}{count}{code}", value)
        return tuple(one if math.isfinite(one) else None for one in found)
    if isinstance(value, bytes):
        return tuple(parse_number(one.text) for one in texts(element, DEFAULT_CHARSET))
    return tuple(parse_number(str(one)) for one in _as_values(value))


def parse_number(text: str) -> Number | None:
    """Return what a DS or IS value says, or None where it is no finite number."""
    plain = text.strip()
    if len(plain) > 64 or _NUMBER.fullmatch(plain) is None:
        return None
    try:
        return int(plain)
    except ValueError:
        number = float(plain)
        return number if math.isfinite(number) else None


def items(element: Stored) -> tuple[Dataset, ...]:
    """Return the items of a sequence element; empty for any other."""
    return tuple(element.value) if isinstance(element.value, Sequence) else ()


def raw_bytes(element: Stored) -> bytes | None:
    """Return the bytes of an element that holds bytes, else None."""
    return bytes(element.value) if isinstance(element.value, bytes | bytearray) else None
