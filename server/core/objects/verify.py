"""Hold a stream to its announced digest and size before its last block is let through."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable
from concurrent.futures import Executor
from typing import Protocol

from server.core.objects.errors import DigestMismatch
from server.core.objects.port import BLOCK_BYTES, Digest


class Sha256(Digest, Protocol):
    """What `hashlib.sha256` makes."""

    def hexdigest(self) -> str:
        """Return the digest of all that was taken in."""
        ...


async def verified_blocks(
    stream: AsyncIterable[bytes], *, sha256: str, size: int, executor: Executor
) -> AsyncGenerator[bytes, None]:
    """Yield the stream in blocks, the last one only once digest and size have proved right.

    Whoever sends the blocks on with their total announced thus never completes a wrong object,
    whether the receiver checks digests or not.
    """
    loop = asyncio.get_running_loop()
    digest = hashlib.sha256()
    gathered = bytearray()
    withheld = b""
    seen = 0
    async for chunk in stream:
        seen += len(chunk)
        if seen > size:
            raise DigestMismatch(f"more than the announced {size} bytes came")
        gathered += chunk
        if len(gathered) >= BLOCK_BYTES:
            block = bytes(gathered)
            gathered.clear()
            await loop.run_in_executor(executor, digest.update, block)
            if withheld:
                yield withheld
            withheld = block
    if seen < size:
        raise DigestMismatch(f"the stream ended after {seen} of {size} bytes")
    last = bytes(gathered)
    await loop.run_in_executor(executor, digest.update, last)
    if digest.hexdigest() != sha256:
        raise DigestMismatch(f"announced sha256 {sha256}, received {digest.hexdigest()}")
    for block in (withheld, last):
        if block:
            yield block


async def held_to(
    digest: Sha256, stream: AsyncIterable[bytes], *, sha256: str, size: int, start: int, end: int
) -> AsyncGenerator[bytes, None]:
    """Yield the bytes from ``start`` to ``end`` of a whole object, the last after all proved right.

    Parameters
    ----------
    digest
        Has taken in each block of the stream, which begins at 0, before it comes.

    Raises
    ------
    DigestMismatch
        If the object is not the one of ``size`` bytes with this ``sha256``.
    """
    withheld = b""
    at = 0
    async for block in stream:
        part = block[max(start - at, 0) : max(end - at, 0)]
        at += len(block)
        if part:
            if withheld:
                yield withheld
            withheld = part
    if at != size or digest.hexdigest() != sha256:
        raise DigestMismatch(
            f"{size} bytes, sha256 {sha256} expected; {at}, {digest.hexdigest()} found"
        )
    if withheld:
        yield withheld


async def sha256_of(stream: AsyncIterable[bytes], *, executor: Executor) -> str:
    """Return the SHA-256 of everything the stream yields, hashed away from the loop."""
    loop = asyncio.get_running_loop()
    digest = hashlib.sha256()
    async for block in stream:
        await loop.run_in_executor(executor, digest.update, block)
    return digest.hexdigest()
