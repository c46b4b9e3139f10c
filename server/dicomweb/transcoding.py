"""Instances and frames in another transfer syntax than they are stored in.

Work goes through files, never through memory. What costs time to make and is smaller than the
original, a compressed object, is kept; what is quickly made and large, an uncompressed one, is not.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from dicom.codestream import DecodeError, DecodeFault
from dicom.encode import LOSSLESS
from server.core.errors import LianzhenError, NotAcceptable, Unavailable
from server.core.file_blocks import file_blocks
from server.dicomweb.access import StoredInstance
from server.dicomweb.derived import Derived, transcode_key
from server.dicomweb.ranges import Blocks
from server.dicomweb.retrieval import Body
from server.intake.public import Originals

_T = TypeVar("_T")


class Coder(Protocol):
    """Decodes and encodes files in processes that may die; `dicom.decode_pool.DecodePool` does."""

    async def transcode(self, path: Path, target: str, into: Path) -> None:
        """Write a file in another transfer syntax, or raise `DecodeError`."""
        ...

    async def transcode_frames(
        self, path: Path, target: str, into: Path, frames: Sequence[int]
    ) -> list[int]:
        """Append frames to a file and return their lengths, or raise `DecodeError`."""
        ...


class TranscodingService:
    """Gives what `access` has found in another transfer syntax."""

    def __init__(
        self, *, originals: Originals, derived: Derived, coder: Coder, executor: Executor
    ) -> None:
        self._originals = originals
        self._derived = derived
        self._coder = coder
        self._executor = executor

    def whole(self, instance: StoredInstance, target: str) -> Body:
        """Give an object in the transfer syntax ``target``.

        Opening it raises `NotAcceptable` where the pixels turn out not to be what they claim.
        """

        @asynccontextmanager
        async def opened() -> AsyncIterator[Blocks]:
            key = transcode_key(instance.org, instance.sha256, target)
            keeps = target in LOSSLESS
            if keeps:
                async with self._derived.open(key) as kept:
                    if kept is not None:
                        yield kept
                        return
            async with self._originals.scratch_file() as into:
                await self._transcode(instance, target, into)
                if keeps:
                    digest, size = await self._blocking(partial(_digest, into))
                    await self._derived.keep_stream(
                        key,
                        lambda: file_blocks(into, self._executor, length=size),
                        digest=digest,
                        size=size,
                    )
                yield file_blocks(into, self._executor)

        return Body(None, opened)

    async def _transcode(self, instance: StoredInstance, target: str, into: Path) -> None:
        async with self._originals.as_file(instance.object_id) as path:
            try:
                await self._coder.transcode(path, target, into)
            except DecodeError as error:
                raise _refusal(error) from error

    @asynccontextmanager
    async def frames(
        self, instance: StoredInstance, target: str, numbers: Sequence[int]
    ) -> AsyncIterator[list[Body]]:
        """Give frames by number, from 1.

        Raises
        ------
        NotAcceptable
            If they cannot be decoded.
        """
        async with self._originals.scratch_file() as into:
            async with self._originals.as_file(instance.object_id) as path:
                try:
                    lengths = await self._coder.transcode_frames(
                        path, target, into, [number - 1 for number in numbers]
                    )
                except DecodeError as error:
                    raise _refusal(error) from error
            bodies = []
            start = 0
            for length in lengths:
                bodies.append(Body(length, self._opener(into, start, length)))
                start += length
            yield bodies

    @asynccontextmanager
    async def all_frames(
        self, instance: StoredInstance, target: str, count: int
    ) -> AsyncIterator[list[Body]]:
        """Give all frames as bodies to be opened in their order; raises then, as `frames`.

        The first that is opened makes them all from one reading, and the last takes them away
        again, so that many instances in one answer do not need the room of all.
        """
        async with AsyncExitStack() as made:
            frames: list[Body] = []

            @asynccontextmanager
            async def opened(at: int) -> AsyncIterator[Blocks]:
                if not frames:
                    making = self.frames(instance, target, range(1, count + 1))
                    frames.extend(await made.enter_async_context(making))
                async with frames[at].open() as blocks:
                    yield blocks
                if at + 1 == count:
                    await made.aclose()

            yield [Body(None, partial(opened, at)) for at in range(count)]

    def _opener(
        self, path: Path, start: int, length: int
    ) -> Callable[[], AbstractAsyncContextManager[Blocks]]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Blocks]:
            yield file_blocks(path, self._executor, start=start, length=length)

        return opened

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _digest(path: Path) -> tuple["hashlib._Hash", int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256"), file.tell()


def _refusal(error: DecodeError) -> LianzhenError:
    if error.code is DecodeFault.OVERRUN:
        return Unavailable("the conversion took too long; try again", code="transcode-overrun")
    return NotAcceptable(
        "the pixels cannot be converted; retrieve them as stored (transfer-syntax=*)",
        code=f"untranscodable-{error.code}",
    )
