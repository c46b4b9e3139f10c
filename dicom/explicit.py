"""Scanned data sets written in Explicit VR Little Endian (PS3.5 7.1.2 and A.2).

Values are copied byte for byte and never decoded: text under a false label stays what it was.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

from pydicom.dataset import Dataset

from dicom.values import stored

_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2sHI")
_ITEM: Final = struct.Struct("<HHI")
_LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
_LONGEST_SHORT: Final = 0xFFFE


def explicit_bytes(dataset: Dataset) -> bytes:
    """Return a little endian data set, as `dicom.part10.scan` has it, with its VRs spelled out.

    Group lengths are left out (PS3.5 7.2). A VR that nothing tells becomes UN, and so does one
    whose length field is too short for its value (PS3.5 6.2.2).
    """
    return b"".join(_elements(dataset))


def raw_values(dataset: Dataset) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Yield path and bytes of every value in order; a sequence and an item have none."""
    for tag, _, value in _entries(dataset):
        if isinstance(value, bytes):
            yield (tag,), value
            continue
        yield (tag,), b""
        for index, item in enumerate(value):
            yield (tag, index), b""
            for path, inner in raw_values(item):
                yield (tag, index, *path), inner


def _entries(dataset: Dataset) -> Iterator[tuple[int, str, Any]]:
    for tag in sorted(dataset.keys()):
        found = stored(dataset, tag)
        if found is not None and not (tag.element == 0 and tag.group > 6):
            yield tag, found.vr, found.value


def _elements(dataset: Dataset) -> Iterator[bytes]:
    for tag, vr, value in _entries(dataset):
        where = (tag >> 16, tag & 0xFFFF)
        if not isinstance(value, bytes):
            items = b"".join(map(_item, value))
            yield _LONG.pack(*where, b"SQ", 0, len(items)) + items
            continue
        even = value + b"\0" * (len(value) % 2)
        if vr in _LONG_VRS or len(even) > _LONGEST_SHORT:
            code = vr.encode() if vr in _LONG_VRS else b"UN"
            yield _LONG.pack(*where, code, 0, len(even)) + even
        else:
            yield _SHORT.pack(*where, vr.encode(), len(even)) + even


def _item(dataset: Dataset) -> bytes:
    content = explicit_bytes(dataset)
    return _ITEM.pack(0xFFFE, 0xE000, len(content)) + content
