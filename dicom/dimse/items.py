"""The items that requests and acceptances are made of, each length checked before it is believed.

References
----------
DICOM PS3.8 sections 9.3.2 and 9.3.3.
"""

import struct
from collections.abc import Iterator
from typing import Final

_ITEM_HEADER: Final = struct.Struct(">BxH")


class MalformedRequestError(ValueError):
    """An association request, or its acceptance, whose bytes contradict themselves."""


class OversizedRequestError(ValueError):
    """An association request, or its acceptance, with more items than we agree to look at."""


def decode_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and value of each item.

    Raises
    ------
    MalformedRequestError
        Where a length leaves the data.
    """
    offset, end = 0, len(data)
    while offset < end:
        if end - offset < 4:
            raise MalformedRequestError("an item is cut inside its header")
        kind, length = _ITEM_HEADER.unpack_from(data, offset)
        start = offset + 4
        offset = start + length
        if offset > end:
            raise MalformedRequestError("an item is longer than what holds it")
        yield kind, data[start:offset]


def decode_uid(data: bytes) -> str:
    """Return a UID; padding is not allowed here (PS3.8 annex F) but common, so it is stripped.

    Raises
    ------
    MalformedRequestError
        If it is none.
    """
    raw = data.strip(b"\0 ")
    if not 0 < len(raw) <= 64 or raw.strip(b"0123456789."):
        raise MalformedRequestError("a UID is not one")
    return raw.decode("ascii")
