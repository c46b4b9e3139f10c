"""The DICOM JSON model (PS3.18 Annex F), out of scanned or built data sets.

Text is UTF-8 in JSON, so Specific Character Set always says ISO_IR 192 and false labels are
repaired on the way. A value that cannot be decoded costs that value, never the data set.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import orjson
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom.charset import Charset, DecodedText, Repairs
from dicom.dataset import nested_items, parse_person_name
from dicom.structure import BulkValue
from dicom.uids import is_uid
from dicom.values import (
    BINARY_NUMBERS,
    CHARSET_VRS,
    TEXT_VRS,
    Number,
    Stored,
    charset_of,
    numbers,
    parse_number,
    plain_numbers,
    plain_texts,
    raw_bytes,
    stored,
    texts,
)

Json = dict[str, Any]
BulkUri = Callable[[BulkValue], str]

_LEFT_OUT: Final = (0x0000, 0x0002, 0xFFFE)
_PLAIN: Final = TEXT_VRS - {"PN"}
_LONGEST_SHARED: Final = 64
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_UTF_8: Final[Json] = {"vr": "CS", "Value": ["ISO_IR 192"]}
_SAFE_INTEGER: Final = 2**53 - 1
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


@dataclass(frozen=True, slots=True)
class _Walk:
    """What holds for a data set and all its items."""

    bulk: Mapping[tuple[int, ...], Sequence[BulkValue]]
    bulk_uri: BulkUri | None
    repairs: Repairs


def to_json(
    ds: Dataset,
    bulk: Iterable[BulkValue] = (),
    bulk_uri: BulkUri | None = None,
    repairs: Repairs | None = None,
) -> Json:
    """Turn a data set into the DICOM JSON model.

    Parameters
    ----------
    ds
        Group 0002, group lengths and delimiters in it are left out (PS3.18 F.2.1).
    bulk
        Values that stand in the file only, such as ``header.bulk`` and ``header.pixel_data``.
    bulk_uri
        Gives the ``BulkDataURI`` of one of them. Without it they are left out.
    repairs
        Hears of each text whose label was false.

    Returns
    -------
    dict
        Tag in eight hexadecimal digits to ``{"vr", "Value" | "InlineBinary" | "BulkDataURI"}``;
        the latter are not to be changed, others have them too.
    """
    grouped: dict[tuple[int, ...], list[BulkValue]] = {}
    if bulk_uri is not None:
        for value in bulk:
            grouped.setdefault(value.path[:-1], []).append(value)
    return _dataset(ds, (), _Walk(grouped, bulk_uri, repairs or Repairs()))


def to_bytes(
    ds: Dataset,
    bulk: Iterable[BulkValue] = (),
    bulk_uri: BulkUri | None = None,
    repairs: Repairs | None = None,
) -> bytes:
    """Return `to_json` serialised as UTF-8."""
    return orjson.dumps(to_json(ds, bulk, bulk_uri, repairs))


def _dataset(ds: Dataset, path: tuple[int, ...], walk: _Walk) -> Json:
    charset = charset_of(ds)
    result: Json = {}
    # Items come as they are stored; iterating over the data set itself would convert them.
    for tag, raw in cast("Iterable[tuple[BaseTag, RawDataElement | DataElement]]", ds.items()):
        if tag >> 16 in _LEFT_OUT or tag & 0xFFFF == 0:
            continue
        if isinstance(raw, RawDataElement) and (plain := _plain(raw)) is not None:
            result[f"{tag:08X}"] = plain
            continue
        found = stored(ds, tag)
        if found is None:
            continue
        if found.vr == "SQ":
            result[f"{tag:08X}"] = _sequence(ds, found, (*path, int(tag)), walk)
        else:
            result[f"{tag:08X}"] = _element(found, charset, walk.repairs)
    if walk.bulk_uri is not None:
        for value in walk.bulk.get(path, ()):
            vr = "OW" if value.vr in ("OB or OW", "US or OW") else value.vr
            result[f"{value.tag:08X}"] = {"vr": vr, "BulkDataURI": walk.bulk_uri(value)}
    if not path or f"{_SPECIFIC_CHARACTER_SET:08X}" in result:
        result[f"{_SPECIFIC_CHARACTER_SET:08X}"] = _UTF_8
    return dict(sorted(result.items()))


def _plain(found: RawDataElement) -> Json | None:
    """Turn the commonest elements into what `element_to_json` makes of them, in a tenth of it.

    The instances of a series have most of their elements in common: those are made once, and what
    is returned is not to be changed.
    """
    value = found.value
    if isinstance(value, bytes) and len(value) <= _LONGEST_SHARED:
        return _shared(found.VR, value, found.is_little_endian)
    return _made(found.VR, value, found.is_little_endian)


@lru_cache(maxsize=4096)
def _shared(vr: str | None, value: bytes, little: bool) -> Json | None:
    return _made(vr, value, little)


def _made(vr: str | None, value: bytes | None, little: bool) -> Json | None:
    values: Sequence[Any] | None
    if vr in _PLAIN:
        values = plain_texts(vr, value)
        if values and vr == "UI":
            values = [value for value in values if is_uid(value)]
        elif values and vr in ("IS", "DS"):
            values = [_number(parse_number(value)) for value in values]
        elif values:
            values = [value or None for value in values]
    else:
        values = plain_numbers(vr, value, little_endian=little)
        if values is not None and vr in ("UV", "SV", "UL", "SL"):
            values = [_number(value) for value in values]
    if values is None:
        return None
    if all(value is None for value in values):
        return {"vr": vr}
    return {"vr": vr, "Value": list(values)}


def _sequence(ds: Dataset, found: Stored, path: tuple[int, ...], walk: _Walk) -> Json:
    items = nested_items(ds, found)
    if not items:
        return {"vr": "SQ"}
    return {
        "vr": "SQ",
        "Value": [_dataset(item, (*path, index), walk) for index, item in enumerate(items)],
    }


def _element(found: Stored, charset: Charset, repairs: Repairs) -> Json:
    """Turn one element that is no sequence into its JSON object.

    It has no value key where it is empty, and where its bytes do not fit its VR.
    """
    vr = found.vr
    values: list[Any] = []
    if vr in CHARSET_VRS:
        several = texts(found, charset)
        # All values of an element are read alike.
        if several:
            repairs.note(charset, several[0])
        values = [_person_name(each) if vr == "PN" else each.text or None for each in several]
    elif vr in ("IS", "DS") or vr in BINARY_NUMBERS:
        values = [_number(value) for value in numbers(found)]
    elif vr == "AT":
        values = _tags(found)
    elif vr == "UI":
        # A value that is no UID would end up in somebody's URL.
        values = [value.text for value in texts(found, charset) if is_uid(value.text)]
    elif vr in TEXT_VRS:
        values = [value.text or None for value in texts(found, charset)]
    else:
        data = raw_bytes(found)
        if data:
            return {
                "vr": vr,
                "InlineBinary": base64.b64encode(_little_endian(found, data)).decode(),
            }
    if all(value is None for value in values):
        return {"vr": vr}
    return {"vr": vr, "Value": values}


def _person_name(value: DecodedText) -> Json | None:
    name = parse_person_name(value)
    if name is None:
        return None
    groups = (name.alphabetic, name.ideographic, name.phonetic)
    return {key: group for key, group in zip(_NAME_GROUPS, groups, strict=True) if group}


def _number(value: Number | None) -> Number | str | None:
    # Larger integers would lose digits in a reader that has doubles only (PS3.18 F.2.3).
    if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
        return str(value)
    return value


def _tags(found: Stored) -> list[Any]:
    if isinstance(found.value, bytes):
        order = "little" if found.little_endian else "big"
        halves = [
            int.from_bytes(found.value[at : at + 2], "little" if order == "little" else "big")
            for at in range(0, len(found.value) // 4 * 4, 2)
        ]
        return [
            f"{group:04X}{number:04X}"
            for group, number in zip(halves[::2], halves[1::2], strict=True)
        ]
    several = found.value if isinstance(found.value, list | tuple) else [found.value]
    return [f"{int(value):08X}" for value in several if isinstance(value, int)]


_WORD_BYTES: Final = {"OW": 2, "OL": 4, "OF": 4, "OV": 8, "OD": 8}


def _little_endian(found: Stored, data: bytes) -> bytes:
    """Swap words of big endian data: inline binary is little endian (PS3.18 F.2.7)."""
    width = _WORD_BYTES.get(found.vr, 1)
    if found.little_endian or width == 1 or len(data) % width:
        return data
    swapped = bytearray(len(data))
    for at in range(width):
        swapped[at::width] = data[width - 1 - at :: width]
    return bytes(swapped)
