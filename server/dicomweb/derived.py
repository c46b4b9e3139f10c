"""What can be made again, kept in the derived bucket.

A store that is down or has lost something costs the time to make it anew, never an answer. What was
made of an object stands below ``{org}/t/{sha256}/`` and ``{org}/p/{sha256}/``, which a deletion
empties (`server.lifecycle.purge`).
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from dicom.encode import LOSSLESS
from server.core.objects.errors import ObjectMissing, ObjectStoreError
from server.core.objects.port import ObjectStore, reading
from server.dicomweb.ranges import Blocks

_log = structlog.get_logger(__name__)


def transcode_key(org: str, sha256: str, transfer_syntax_uid: str) -> str:
    """Name an object in another transfer syntax by the digest of the one it was made from."""
    return f"{org}/t/{sha256}/{transfer_syntax_uid}"


def thumbnail_key(org: str, sha256: str) -> str:
    """Name an object's thumbnail of the usual size."""
    return f"{org}/p/{sha256}/thumbnail"


def keys_of(org: str, sha256: str) -> list[str]:
    """Return every key under which something made of one object may be kept: few, and all known."""
    return [thumbnail_key(org, sha256), *(transcode_key(org, sha256, each) for each in LOSSLESS)]


class Derived:
    """Keeps blobs and streams under keys that name what they were made from."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def get(self, key: str) -> bytes | None:
        """Return a small blob; None where there is none to be had."""
        async with self.open(key) as blocks:
            if blocks is None:
                return None
            try:
                return b"".join([block async for block in blocks])
            except ObjectStoreError as error:
                _log.warning("derived data cannot be read", reason=error.code)
                return None

    @asynccontextmanager
    async def open(self, key: str) -> AsyncIterator[Blocks | None]:
        """Open a stream; None where there is none to be had."""
        stream = reading(self._store, key)
        try:
            blocks = await stream.__aenter__()
        except ObjectStoreError as error:
            if not isinstance(error, ObjectMissing):
                _log.warning("derived data cannot be read", reason=error.code)
            yield None
            return
        try:
            yield blocks
        finally:
            await stream.__aexit__(None, None, None)

    async def keep(self, key: str, blob: bytes) -> None:
        """Keep a small blob, if the store will."""

        async def blocks() -> Blocks:
            yield blob

        await self.keep_stream(key, blocks, sha256=hashlib.sha256(blob).hexdigest(), size=len(blob))

    async def keep_stream(
        self, key: str, blocks: Callable[[], Blocks], *, sha256: str, size: int
    ) -> None:
        """Keep a stream of known digest and size, if the store will."""
        try:
            await self._store.put(key, blocks(), sha256=sha256, size=size, overwrite=True)
        except ObjectStoreError as error:
            _log.warning("derived data cannot be kept", reason=error.code)
