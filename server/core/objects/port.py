"""The object store port: what the application asks of any place that keeps objects."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from server.core.objects.errors import InvalidObjectKey, ObjectRangeOutside

# One block of a stream, in both directions: large enough that a hop to the executor is
# cheap beside it, small enough that hundreds of streams fit into memory.
BLOCK_BYTES = 512 * 1024

MAX_KEY_LENGTH = 512
MAX_SEGMENT_LENGTH = 255

# No segment starts with a dot: that forbids "..", and keeps ".tmp" for the file store.
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PutResult(StrEnum):
    """What a put found; either way the store now holds the announced bytes, read-back checked."""

    CREATED = "created"
    ALREADY_THERE = "already_there"


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store knows of an object without reading it."""

    size_bytes: int
    # Recorded by the store when it took the bytes; None where it keeps no such record.
    sha256: str | None = None


class Digest(Protocol):
    """Something of `hashlib`, or like it."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""


class ObjectStore(Protocol):
    """A bucket of immutable objects (or, where built so, of replaceable ones)."""

    async def open(self) -> None:
        """Take local resources; succeeds while a remote store is down."""

    async def close(self) -> None:
        """Give the resources back."""

    async def check(self) -> None:
        """Raise unless the store answers now; cheap, and bounded in time."""

    async def put(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        sha256: str,
        size: int,
        overwrite: bool = False,
    ) -> PutResult:
        """Keep the stream under the key durably, or keep nothing of it and raise.

        An existing object is never replaced: one with the announced digest is ALREADY_THERE (and
        the stream may be left unread), any other raises StoredDigestMismatch. ``overwrite`` is for
        stores built ``replaceable``. Trying again after an error is the caller's.
        """

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
        digest: Digest | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Stream exactly the range asked for, or raise; never fewer bytes in silence.

        Every block has gone into ``digest``, away from the loop, before it comes.
        """

    async def stat(self, key: str) -> ObjectStat | None:
        """Return what is known of the object, None where there is none."""

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""

    def keys(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """Yield every key below ``prefix``, which is empty or ends in a slash; for background work.

        Never on a request's path, which the index serves.
        """


@runtime_checkable
class LinkingStore(Protocol):
    """A store whose objects may be files here."""

    def link(self, key: str, name: Path) -> bool:
        """Give an object's file a second name; False where there is none on that disk. Blocks."""

    def adopt(self, key: str, name: Path, *, sha256: str, size: int) -> bool:
        """Make a file of this disk an object under a second name, as `put` would its bytes. Blocks.

        False where only `put` can tell or do: on another disk, or where something has that key.

        Raises
        ------
        DigestMismatch
            If the file is not what is announced.
        """


@asynccontextmanager
async def begun(blocks: AsyncGenerator[bytes, None]) -> AsyncIterator[AsyncIterator[bytes]]:
    """Hold a stream with its first block in hand, so that errors come before any answer begins."""
    async with aclosing(blocks):
        first = await anext(blocks, None)

        async def body() -> AsyncIterator[bytes]:
            if first is not None:
                yield first
            async for block in blocks:
                yield block

        yield body()


def reading(
    store: ObjectStore,
    key: str,
    *,
    start: int = 0,
    length: int | None = None,
    digest: Digest | None = None,
) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """Open a range with its first block in hand."""
    return begun(store.get(key, start=start, length=length, digest=digest))


def check_key(key: str) -> str:
    """Return the key, or raise InvalidObjectKey where it could escape or surprise a store."""
    segments = key.split("/")
    if len(key) > MAX_KEY_LENGTH or not all(
        len(segment) <= MAX_SEGMENT_LENGTH and _SEGMENT.fullmatch(segment) for segment in segments
    ):
        raise InvalidObjectKey(f"not an object key: {key[:80]!r}")
    return key


def check_announced(sha256: str, size: int) -> None:
    """Raise ValueError unless digest and size are what a put can be checked against."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("sha256 must be 64 lower-case hexadecimal digits")
    if size < 0:
        raise ValueError(f"size must not be negative, not {size}")


def range_end(key: str, size: int, start: int, length: int | None) -> int:
    """Return where the range ends in an object of ``size`` bytes; raise where it lies outside."""
    end = size if length is None else start + length
    if not 0 <= start <= end <= size:
        raise ObjectRangeOutside(f"bytes {start}+{length} of {key}, which has {size}")
    return end
