"""Byte streams cut, unwrapped and turned into what a client may be given."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from dicom.frames import ByteRange
from server.core.errors import Unavailable

Blocks = AsyncIterator[bytes]

_ITEM: Final = b"\xfe\xff\x00\xe0"
_ITEM_HEADER_BYTES: Final = 8


async def only(blocks: Blocks, start: int, ranges: Sequence[ByteRange]) -> Blocks:
    """Yield the bytes of ``ranges``, in order, from a stream that begins at offset ``start``."""
    position = start
    waiting = list(ranges)
    async for block in blocks:
        end = position + len(block)
        while waiting and waiting[0].offset < end:
            first, last = waiting[0].offset, waiting[0].offset + waiting[0].length
            yield block[max(first - position, 0) : last - position]
            if last > end:
                break
            waiting.pop(0)
        position = end


async def swapped(blocks: Blocks, width: int) -> Blocks:
    """Turn the bytes of each word around: what is served is little endian (PS3.18 8.7.3.3)."""
    left = b""
    async for block in blocks:
        data = left + block
        whole = len(data) - len(data) % width
        left = data[whole:]
        words = bytearray(whole)
        for at in range(width):
            words[at::width] = data[width - 1 - at : whole : width]
        yield bytes(words)
    if left:
        yield left


async def shifted(blocks: Blocks, bits: int, shift: int) -> Blocks:
    """Give a frame of single bits that begins inside a byte a byte boundary of its own."""
    number = int.from_bytes(b"".join([block async for block in blocks]), "little") >> shift
    yield (number & ((1 << bits) - 1)).to_bytes((bits + 7) // 8, "little")


async def fragments(blocks: Blocks) -> Blocks:
    """Yield the bytes inside the items of encapsulated data, without the offset table."""
    buffer = bytearray()
    items = 0
    left_in_item = 0
    async for block in blocks:
        buffer += block
        while buffer:
            if left_in_item:
                part = bytes(buffer[:left_in_item])
                del buffer[: len(part)]
                left_in_item -= len(part)
                if items > 1:
                    yield part
                continue
            if len(buffer) < _ITEM_HEADER_BYTES:
                break
            if buffer[:4] != _ITEM:
                return
            items += 1
            left_in_item = int.from_bytes(buffer[4:_ITEM_HEADER_BYTES], "little")
            del buffer[:_ITEM_HEADER_BYTES]
    raise Unavailable("the object is shorter than its index says", code="bytes-missing")
