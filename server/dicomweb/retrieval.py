"""The bytes of instances, of their frames and of their bulk values, streamed from where they are.

Frames are byte ranges that the index knows, so nothing is parsed again. Only a deflated object
has no such ranges: it is inflated to a temporary file first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from dicom.faults import DicomFormatError
from dicom.frames import ByteRange, FrameIndex
from dicom.part10 import inflate, scan
from dicom.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    is_encapsulated,
)
from server.core.errors import NotFound, Unavailable
from server.core.file_blocks import read_blocks
from server.dicomweb.access import PixelInstance, StoredInstance
from server.dicomweb.ranges import Blocks, fragments, only, shifted, swapped
from server.intake.public import Originals, without_preamble

_T = TypeVar("_T")
_OPENING_BYTES: Final = 132
"""A preamble and the prefix behind it."""
_DEFLATED: Final = frozenset({DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95"})
_PIXEL_PATHS: Final = ("7FE00010", "7FE00008", "7FE00009")
_WORD_BYTES: Final = {"OF": 4, "OL": 4, "OD": 8, "OV": 8}

OpenRange = Callable[[int, int], AbstractAsyncContextManager[Blocks]]


@dataclass(frozen=True)
class Body:
    """Bytes that can be opened, once; ``size`` is None where only their end will tell."""

    size: int | None
    open: Callable[[], AbstractAsyncContextManager[Blocks]]
    open_range: OpenRange | None = None
    """Opens bytes from an offset on, so many; None where only all of them can be given."""


@dataclass(frozen=True)
class BulkData:
    """A value that the metadata refers to; encapsulated pixel data is several bodies."""

    bodies: Sequence[Body]
    is_pixel_data: bool
    frame_count: int = 0
    """Of pixel data whose frames can be told apart."""


@dataclass(frozen=True)
class Value(BulkData):
    """A value with the name by which the metadata refer to it; its bodies open by themselves."""

    name: str = ""


@dataclass(frozen=True)
class _Layout:
    """What the index knows of where an instance's values stand."""

    index: FrameIndex | None
    bits_allocated: int | None
    bulk: dict[str, tuple[str, int, int]]

    @property
    def pixel_path(self) -> str | None:
        return next((path for path in _PIXEL_PATHS if path in self.bulk), None)

    def word_bytes(self, path: str) -> int:
        vr = self.bulk[path][0]
        if vr in ("OW", "OB or OW", "US or OW"):
            # Words are of 16 bits, and 32-bit pixels are what they are (PS3.5 Annex D).
            return 4 if path in _PIXEL_PATHS and self.bits_allocated == 32 else 2
        return _WORD_BYTES.get(vr, 1)


class RetrievalService:
    """Opens the bytes of instances that `access` has found."""

    def __init__(self, *, originals: Originals, executor: Executor) -> None:
        self._originals = originals
        self._executor = executor

    def whole(self, instance: StoredInstance) -> Body:
        """Give the object as it was received, but for its preamble."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[Blocks]:
            async with self._originals.open(instance.object_id, place=instance.place) as blocks:
                yield without_preamble(blocks)

        @asynccontextmanager
        async def opened_range(start: int, length: int) -> AsyncIterator[Blocks]:
            if start >= _OPENING_BYTES:
                async with self._originals.open(
                    instance.object_id, start=start, length=length, place=instance.place
                ) as blocks:
                    yield blocks
                return
            # Whether the preamble is passed on is told by what follows it.
            end = min(max(start + length, _OPENING_BYTES), instance.size)
            async with self._originals.open(
                instance.object_id, start=0, length=end, place=instance.place
            ) as blocks:
                yield only(without_preamble(blocks), 0, [ByteRange(start, length)])

        return Body(instance.size, opened, opened_range)

    @asynccontextmanager
    async def frames(
        self, instance: PixelInstance, numbers: Sequence[int]
    ) -> AsyncIterator[list[Body]]:
        """Give frames by number, from 1.

        Raises
        ------
        NotFound
            If one of them is not there, or the instance has no frames that can be told apart.
        """
        layout = _layout(instance)
        path = layout.pixel_path
        if layout.index is None or path is None:
            raise NotFound("the instance has no frames", code="no-frames")
        if not all(1 <= number <= layout.index.count for number in numbers):
            raise NotFound(
                f"frames 1 to {layout.index.count} are there, and no other", code="no-such-frame"
            )
        async with self._ranges(instance) as open_range:
            yield [
                _frame(instance, layout, layout.index, path, number - 1, open_range)
                for number in numbers
            ]

    def values(self, instance: PixelInstance) -> Iterator[Value]:
        """Give every value that the metadata refer to, encapsulated pixel data frame by frame."""
        layout = _layout(instance)
        for path, (_, offset, length) in sorted(layout.bulk.items()):
            is_pixels = path in _PIXEL_PATHS
            index = layout.index if is_pixels else None
            makes: list[_Make] = []
            if is_pixels and is_encapsulated(instance.transfer_syntax_uid):
                if index is not None:
                    makes = [
                        partial(_frame, instance, layout, index, path, frame)
                        for frame in range(index.count)
                    ]
                else:
                    makes = [partial(_stream, offset, length)]
            else:
                width = layout.word_bytes(path) if _is_big_endian(instance) else 1
                makes = [partial(_stretch_at, offset, length, width)]
            bodies = [self._by_itself(instance, make) for make in makes]
            yield Value(bodies, is_pixels, index.count if index is not None else 0, path)

    def _by_itself(self, instance: StoredInstance, make: "_Make") -> Body:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Blocks]:
            async with self._ranges(instance) as open_range, make(open_range).open() as blocks:
                yield blocks

        return Body(make(_nowhere).size, opened)

    @asynccontextmanager
    async def bulk_value(self, instance: PixelInstance, path: str) -> AsyncIterator[BulkData]:
        """Give one value by its path in the metadata; encapsulated pixel data is its frames.

        Raises
        ------
        NotFound
            If the metadata has no such reference.
        """
        layout = _layout(instance)
        found = layout.bulk.get(path)
        if found is None:
            raise NotFound("the metadata refers to no such value", code="no-such-value")
        _, offset, length = found
        if path in _PIXEL_PATHS and is_encapsulated(instance.transfer_syntax_uid):
            if layout.index is not None:
                async with self.frames(instance, range(1, layout.index.count + 1)) as bodies:
                    yield BulkData(bodies, is_pixel_data=True, frame_count=len(bodies))
                return
            async with self._ranges(instance) as open_range:
                yield BulkData([_stream(offset, length, open_range)], is_pixel_data=True)
            return
        width = layout.word_bytes(path) if _is_big_endian(instance) else 1
        async with self._ranges(instance) as open_range:
            value = _stretch(open_range, offset, length, width)
            count = layout.index.count if layout.index is not None else 0
            yield BulkData([value], is_pixel_data=path in _PIXEL_PATHS, frame_count=count)

    @asynccontextmanager
    async def stretch(self, instance: StoredInstance, place: ByteRange) -> AsyncIterator[Body]:
        """Give a stretch of the file, which is inflated first where it is deflated."""
        async with self._ranges(instance) as open_range:
            yield Body(place.length, lambda: open_range(place.offset, place.length))

    @asynccontextmanager
    async def _ranges(self, instance: StoredInstance) -> AsyncIterator[OpenRange]:
        if instance.transfer_syntax_uid not in _DEFLATED:
            yield lambda start, length: self._originals.open(
                instance.object_id, start=start, length=length, place=instance.place
            )
            return
        async with self._originals.as_file(instance.object_id) as path:
            with ExitStack() as opened:
                try:
                    plain = await self._blocking(lambda: _inflated(path, opened))
                except DicomFormatError as error:
                    raise Unavailable(
                        "the object's bytes are damaged", code="bytes-damaged"
                    ) from error
                yield lambda start, length: self._file_range(plain, start, length)

    @asynccontextmanager
    async def _file_range(self, file: BinaryIO, start: int, length: int) -> AsyncIterator[Blocks]:
        yield read_blocks(file, self._executor, start=start, length=length)

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


_Make = Callable[[OpenRange], Body]


def _nowhere(_start: int, _length: int) -> AbstractAsyncContextManager[Blocks]:
    raise NotImplementedError("only the size is asked for")


def _stretch_at(offset: int, length: int, width: int, open_range: OpenRange) -> Body:
    return _stretch(open_range, offset, length, width)


def _stream(offset: int, length: int, open_range: OpenRange) -> Body:
    return Body(None, lambda: _unwrapped(open_range, offset, length))


def _layout(instance: PixelInstance) -> _Layout:
    bulk = {
        path: (vr, offset, length)
        for path, (vr, offset, length) in (instance.bulk_values or {}).items()
    }
    index = FrameIndex.from_bytes(instance.frames) if instance.frames else None
    return _Layout(index, instance.bits_allocated, bulk)


def _inflated(path: Path, opened: ExitStack) -> BinaryIO:
    return opened.enter_context(inflate(path, scan(path)))


def _is_big_endian(instance: StoredInstance) -> bool:
    return instance.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN


def _frame(
    instance: StoredInstance,
    layout: _Layout,
    index: FrameIndex,
    path: str,
    frame: int,
    open_range: OpenRange,
) -> Body:
    ranges = index.ranges(frame)
    size = sum(each.length for each in ranges)
    if index.encapsulated:
        return Body(size, lambda: _joined(open_range, ranges))
    where = ranges[0]
    if index.frame_bits % 8:
        bits, shift = index.frame_bits, index.bit_shift(frame)
        return Body((bits + 7) // 8, lambda: _shifted(open_range, where, bits, shift))
    width = layout.word_bytes(path) if _is_big_endian(instance) else 1
    if (where.offset - index.offset) % width or size % width:
        return Body(size, lambda: _words_around(open_range, where, index.offset, width))
    return _stretch(open_range, where.offset, where.length, width)


def _stretch(open_range: OpenRange, offset: int, length: int, width: int) -> Body:
    """Give bytes that stand together, in words of ``width``; part of them where that is 1."""
    within: OpenRange = lambda start, size: open_range(offset + start, size)  # noqa: E731
    return Body(
        length,
        lambda: _native(open_range, offset, length, width),
        within if width == 1 else None,
    )


@asynccontextmanager
async def _native(
    open_range: OpenRange, offset: int, length: int, width: int
) -> AsyncIterator[Blocks]:
    async with open_range(offset, length) as blocks:
        yield blocks if width == 1 else swapped(blocks, width)


@asynccontextmanager
async def _words_around(
    open_range: OpenRange, where: ByteRange, origin: int, width: int
) -> AsyncIterator[Blocks]:
    """Read whole words around a frame that begins or ends inside one, then cut."""
    start = where.offset - (where.offset - origin) % width
    end = where.offset + where.length
    end += -(end - origin) % width
    async with open_range(start, end - start) as blocks:
        yield only(swapped(blocks, width), start, [where])


@asynccontextmanager
async def _joined(open_range: OpenRange, ranges: Sequence[ByteRange]) -> AsyncIterator[Blocks]:
    """Read a frame's fragments at one go, and leave out what stands between them."""
    start = ranges[0].offset
    end = ranges[-1].offset + ranges[-1].length
    async with open_range(start, end - start) as blocks:
        yield blocks if len(ranges) == 1 else only(blocks, start, ranges)


@asynccontextmanager
async def _shifted(
    open_range: OpenRange, where: ByteRange, bits: int, shift: int
) -> AsyncIterator[Blocks]:
    async with open_range(where.offset, where.length) as blocks:
        yield shifted(blocks, bits, shift)


@asynccontextmanager
async def _unwrapped(open_range: OpenRange, offset: int, length: int) -> AsyncIterator[Blocks]:
    async with open_range(offset, length) as blocks:
        yield fragments(blocks)
