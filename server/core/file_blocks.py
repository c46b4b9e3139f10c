"""Local files, read in blocks beside the loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from server.core.errors import Unavailable
from server.core.objects.file_io import FileReader
from server.core.objects.port import BLOCK_BYTES, Digest


@asynccontextmanager
async def opened(
    path: Path, executor: Executor, mode: Literal["rb", "wb"] = "rb"
) -> AsyncIterator[BinaryIO]:
    """Open a file, and close it also where whoever asked is gone before it is open."""
    opening = asyncio.get_running_loop().run_in_executor(executor, partial(_open, path, mode))
    try:
        file = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    with file:
        yield file


async def read_blocks(
    file: BinaryIO, executor: Executor, *, start: int = 0, length: int | None = None
) -> AsyncIterator[bytes]:
    """Yield the bytes from ``start``, ``length`` of them or all there are.

    Raises
    ------
    Unavailable
        If there are fewer than ``length``.
    """
    loop = asyncio.get_running_loop()
    file.seek(start)
    left = length
    while left is None or left > 0:
        wanted = BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)
        block = await loop.run_in_executor(executor, file.read, wanted)
        if not block:
            if left is not None:
                raise Unavailable("the object is shorter than its index says")
            return
        if left is not None:
            left -= len(block)
        yield block


def file_blocks(
    path: Path,
    executor: Executor,
    *,
    start: int = 0,
    length: int | None = None,
    digest: Digest | None = None,
) -> AsyncGenerator[bytes, None]:
    """Return a file's bytes as `read_blocks` does, its first block in the visit that opens it.

    Every block has gone into ``digest`` before it comes.
    """

    def end_of(size: int) -> int:
        end = max(size, start) if length is None else start + length
        if end > max(size, start):
            raise _too_short(start, end)
        return end

    return range_blocks(path, executor, start, end_of, short=_too_short, digest=digest)


async def range_blocks(
    path: Path,
    executor: Executor,
    start: int,
    end_of: Callable[[int], int],
    *,
    short: Callable[[int, int], Exception],
    digest: Digest | None = None,
) -> AsyncGenerator[bytes, None]:
    """Yield the blocks of a file from ``start`` on.

    Parameters
    ----------
    end_of
        Tells where to end in a file of so many bytes, or raises.
    short
        Makes the error of a file that ended at the first of two offsets, before the second.
    digest
        Takes in every block before it comes.
    """
    loop = asyncio.get_running_loop()
    reader = FileReader(path, digest)
    try:
        end, block = await loop.run_in_executor(executor, reader.begin, end_of, start)
        while start < end:
            if not block:
                raise short(start, end)
            start += len(block)
            yield block
            if start < end:
                block = await loop.run_in_executor(executor, reader.read, start, end)
    finally:
        if not reader.is_closed:
            await asyncio.shield(loop.run_in_executor(executor, reader.close))


def _too_short(_start: int, _end: int) -> Unavailable:
    return Unavailable("the object is shorter than its index says")


def _open(path: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    return path.open(mode)


def _close(opening: asyncio.Future[BinaryIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
