"""Streams that end in their own digest, for what nobody else keeps a digest of."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final

from server.core.objects.errors import DigestMismatch

SEAL_BYTES: Final = hashlib.sha256().digest_size


class Seal:
    """Tells whether what went in ended in the SHA-256 of all before it."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._end = b""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        if len(data) < SEAL_BYTES:
            data = self._end + data
        else:
            self._digest.update(self._end)
        self._digest.update(memoryview(data)[:-SEAL_BYTES])
        self._end = data[-SEAL_BYTES:]

    @property
    def is_right(self) -> bool:
        """Whether it did."""
        return self._end == self._digest.digest()


async def unsealed(stream: AsyncIterable[bytes], seal: Seal) -> AsyncGenerator[bytes, None]:
    """Yield a stream without its seal, the last block only once that proved right.

    Parameters
    ----------
    seal
        Has taken in each block of the stream before it comes.

    Raises
    ------
    DigestMismatch
        If the seal is not that of the stream.
    """
    held = b""
    async for block in stream:
        if held and len(block) >= SEAL_BYTES:
            yield held
            held = block
        else:
            held += block
    if not seal.is_right:
        raise DigestMismatch("the stream does not end in its digest")
    if len(held) > SEAL_BYTES:
        yield held[:-SEAL_BYTES]
