"""What stands before a DICOM file's own bytes, and what may be served of it."""

from collections.abc import AsyncIterator
from typing import Final

_PREAMBLE_BYTES: Final = 128
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


async def without_preamble(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Zero a preamble that makes a Part 10 file something else, too (PS3.10 7.1).

    TIFF, which the standard itself foresees, stays: it is data, and the digest stays the same.
    """
    head = b""
    async for block in blocks:
        if len(head) >= _PREAMBLE_BYTES + 4:
            yield block
            continue
        head += block
        if len(head) >= _PREAMBLE_BYTES + 4:
            yield _zeroed(head)
    if len(head) < _PREAMBLE_BYTES + 4:
        yield head


def _zeroed(head: bytes) -> bytes:
    if head[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] != b"DICM" or head.startswith(_TIFF):
        return head
    return bytes(_PREAMBLE_BYTES) + head[_PREAMBLE_BYTES:]
