"""Local files, read in blocks beside the loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from server.core.errors import Unavailable
from server.core.objects.file_io import FileReader
from server.core.objects.port import BLOCK_BYTES


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


async def file_blocks(
    path: Path, executor: Executor, *, start: int = 0, length: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Yield a file's bytes as `read_blocks` does, its first block in the visit that opens it."""
    loop = asyncio.get_running_loop()
    reader = FileReader(path)

    def end_of(size: int) -> int:
        end = max(size, start) if length is None else start + length
        if end > max(size, start):
            raise Unavailable("the object is shorter than its index says")
        return end

    try:
        end, block = await loop.run_in_executor(executor, reader.begin, end_of, start)
        while start < end:
            if not block:
                raise Unavailable("the object is shorter than its index says")
            start += len(block)
            yield block
            if start < end:
                block = await loop.run_in_executor(executor, reader.read, start, end)
    finally:
        if not reader.is_closed:
            await asyncio.shield(loop.run_in_executor(executor, reader.close))


def _open(path: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    return path.open(mode)


def _close(opening: asyncio.Future[BinaryIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
