"""Data sets written in Explicit VR Little Endian as a stream (PS3.5 7.1.2, PS3.10 7.1).

Values that are bytes stay those bytes, so charsets and odd contents survive; long values are
copied from wherever they are, a block at a time. Sequences have undefined length, so that nothing
has to be known before it is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from dicom.dataset import nested_items
from dicom.structure import BulkValue
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom.values import TEXT_VRS, Stored, stored

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
LONGEST_VALUE: Final = 0xFFFFFFFE
"""PS3.5 7.1.1: a length is even and of 32 bits."""
ITEM: Final = b"\xfe\xff\x00\xe0"
SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0" + bytes(4)
_ITEM_END: Final = b"\xfe\xff\x0d\xe0" + bytes(4)
_ENDLESS: Final = UNDEFINED_LENGTH.to_bytes(4, "little")
_LONGEST_SHORT: Final = 0xFFFE
_LONG_VRS: Final = frozenset(str(vr) for vr in EXPLICIT_VR_LENGTH_32)
_WORDS: Final = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OL", "OF"), 4),
    **dict.fromkeys(("UV", "SV", "FD", "OV", "OD"), 8),
}
_BLOCK: Final = 1 << 20
_SETTLED: Final = {"OB or OW": "OW", "US or OW": "OW", "US or SS": "US", "US or SS or OW": "US"}


@dataclass(frozen=True, slots=True)
class LongValue:
    """A value that is copied as a stream.

    Parameters
    ----------
    vr
        Two letters.
    length
        In bytes; None for fragments, whose delimiter the blocks include.
    blocks
        Gives the value, little endian.
    """

    vr: str
    length: int | None
    blocks: Callable[[], Iterable[bytes]]


LongValues = Mapping[tuple[int, ...], LongValue]
"""By path: tags and item indices by turns (see `dicom.structure.BulkValue`)."""
_ByPlace = Mapping[tuple[int, ...], Mapping[int, LongValue]]
"""The same by the path of the data set they stand in, then by tag."""


def raw_element(tag: int, vr: str, value: bytes) -> RawDataElement:
    """Make an element of little endian bytes; an odd value is padded (PS3.5 6.2)."""
    value = _even(vr, value)
    return RawDataElement(BaseTag(tag), vr, len(value), value, 0, False, True)


def long_value(
    file: BinaryIO, found: BulkValue, *, little: bool, word_bytes: int | None = None
) -> LongValue:
    """Refer to a value that stands in a file; its words are as wide as its VR says unless told."""
    vr = _SETTLED.get(found.vr, found.vr)
    width = 1 if little or found.encapsulated else word_bytes or _WORDS.get(vr, 1)
    return LongValue(
        vr,
        None if found.encapsulated else found.length,
        lambda: _blocks(file, found.offset, found.length, width),
    )


def _blocks(file: BinaryIO, offset: int, length: int, width: int) -> Iterator[bytes]:
    while length:
        file.seek(offset)
        block = file.read(min(length, _BLOCK))
        if not block:
            raise EOFError("the file ends within a value")
        if width > 1 and len(block) < length:
            block = block[: len(block) - len(block) % width] or block
        yield _little(block, width)
        offset += len(block)
        length -= len(block)


def _little(data: bytes, width: int) -> bytes:
    if width == 1 or len(data) % width:
        return data
    return np.frombuffer(data, dtype=f">u{width}").astype(f"<u{width}").tobytes()


def write_opening(out: BinaryIO, ds: Dataset, transfer_syntax_uid: str) -> None:
    """Write an empty preamble and the file meta information of an object (PS3.10 7.1)."""
    sop_class, instance = (_plain_uid(ds, tag) for tag in (0x00080016, 0x00080018))
    meta = b"".join(
        _element(tag, vr, value)
        for tag, vr, value in (
            (0x00020001, "OB", b"\0\1"),
            (0x00020002, "UI", sop_class),
            (0x00020003, "UI", instance),
            (0x00020010, "UI", transfer_syntax_uid.encode()),
            (0x00020012, "UI", IMPLEMENTATION_CLASS_UID.encode()),
            (0x00020013, "SH", IMPLEMENTATION_VERSION_NAME.encode()),
        )
    )
    out.write(bytes(128) + b"DICM")
    out.write(_element(0x00020000, "UL", len(meta).to_bytes(4, "little")) + meta)


def _plain_uid(ds: Dataset, tag: int) -> bytes:
    found = stored(ds, tag)
    value = b"" if found is None else found.value
    return value.strip(b"\0 ") if isinstance(value, bytes) else b""


def write_elements(
    out: BinaryIO,
    ds: Dataset,
    long: LongValues,
    *,
    above: int = 0,
    below: int = 1 << 32,
) -> None:
    """Write the elements of a data set whose tags lie between two others.

    Parameters
    ----------
    out
        Written at its position.
    ds
        Its values are bytes or sequences; group lengths and groups 0000 and 0002 are left out.
    long
        Values that stand elsewhere, of this data set and those nested in it.
    above, below
        Only tags greater than the one and less than the other.

    Raises
    ------
    TypeError
        If a value is neither.
    """
    by_place: dict[tuple[int, ...], dict[int, LongValue]] = {}
    for path, value in long.items():
        by_place.setdefault(path[:-1], {})[path[-1]] = value
    _write_elements(out, ds, by_place, (), above, below)


def _write_elements(
    out: BinaryIO, ds: Dataset, long: _ByPlace, path: tuple[int, ...], above: int, below: int
) -> None:
    elsewhere = long.get(path, {})
    keys = cast("Iterable[BaseTag]", ds.keys())
    tags = {int(tag) for tag in keys if tag.group not in (0, 2) and tag.element} | set(elsewhere)
    for tag in sorted(tags):
        if not above < tag < below:
            continue
        if tag in elsewhere:
            _write_long(out, tag, elsewhere[tag])
            continue
        found = stored(ds, tag)
        if found is None:
            continue
        if found.vr == "SQ":
            _write_sequence(out, ds, found, long, (*path, tag))
        elif isinstance(found.value, bytes):
            width = 1 if found.little_endian else _WORDS.get(found.vr, 1)
            out.write(_element(tag, found.vr, _little(found.value, width)))
        else:
            raise TypeError(f"({tag:08X}) is neither bytes nor a sequence")


def _write_sequence(
    out: BinaryIO, ds: Dataset, found: Stored, long: _ByPlace, path: tuple[int, ...]
) -> None:
    items = nested_items(ds, found)
    if not items:
        out.write(_element(path[-1], "SQ", b""))
        return
    out.write(header(path[-1], "SQ", None))
    for index, item in enumerate(items):
        out.write(ITEM + _ENDLESS)
        _write_elements(out, item, long, (*path, index), 0, 1 << 32)
        out.write(_ITEM_END)
    out.write(SEQUENCE_END)


def _write_long(out: BinaryIO, tag: int, value: LongValue) -> None:
    vr = value.vr
    if value.length is not None and vr not in _LONG_VRS and value.length > _LONGEST_SHORT:
        vr = "UN"
    odd = value.length is not None and value.length % 2
    out.write(header(tag, vr, value.length and value.length + value.length % 2))
    out.writelines(value.blocks())
    if odd:
        out.write(_padding(vr))


def header(tag: int, vr: str, length: int | None) -> bytes:
    """Return an element's header; a length of None is undefined.

    Raises
    ------
    ValueError
        If the length does not fit.
    """
    start = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode()
    size = UNDEFINED_LENGTH if length is None else length
    if length is not None and length > (LONGEST_VALUE if vr in _LONG_VRS else _LONGEST_SHORT):
        raise ValueError(f"a value of {length} bytes")
    if vr in _LONG_VRS:
        return start + bytes(2) + size.to_bytes(4, "little")
    return start + size.to_bytes(2, "little")


def _element(tag: int, vr: str, value: bytes) -> bytes:
    if vr not in _LONG_VRS and len(value) > _LONGEST_SHORT:
        # What does not fit its VR's length field is written as UN (PS3.5 6.2.2).
        vr = "UN"
    value = _even(vr, value)
    return header(tag, vr, len(value)) + value


def _even(vr: str, value: bytes) -> bytes:
    return value + _padding(vr) if len(value) % 2 else value


def _padding(vr: str) -> bytes:
    return b" " if vr in TEXT_VRS and vr != "UI" else b"\0"
