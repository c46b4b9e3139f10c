"""What can be made again, kept in the derived bucket.

A store that is down, or has lost something or let it rot, costs the time to make it anew, never an
answer: each blob ends in its own digest, and is removed where that is not right. What was made of
an object stands below ``{org}/t/{sha256}/`` and ``{org}/p/{sha256}/``, what was made of a series
below ``{org}/m/{series_pk}/``; a deletion empties them (`server.lifecycle.purge`).
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import structlog

from dicom.encode import LOSSLESS
from server.core.objects.errors import DigestMismatch, ObjectMissing, ObjectStoreError
from server.core.objects.port import ObjectStore, begun
from server.core.objects.seal import SEAL_BYTES, Seal, unsealed
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

    async def is_rotten(self, key: str) -> bool:
        """Tell whether a blob was not what was kept; then it is gone by now.

        Raises
        ------
        ObjectStoreError
            If it cannot be read.
        """
        try:
            async with aclosing(self._unsealed(key)) as blocks:
                async for _ in blocks:
                    pass
        except DigestMismatch:
            return True
        return False

    async def _unsealed(self, key: str) -> AsyncGenerator[bytes, None]:
        seal = Seal()
        try:
            async with (
                aclosing(self._store.get(key, digest=seal)) as stream,
                aclosing(unsealed(stream, seal)) as blocks,
            ):
                async for block in blocks:
                    yield block
        except DigestMismatch:
            _log.warning("derived data rotted and is removed", key=key)
            await self._store.delete(key)
            raise

    @asynccontextmanager
    async def open(self, key: str) -> AsyncIterator[Blocks | None]:
        """Open a stream; None where there is none to be had.

        Raises
        ------
        DigestMismatch
            From the blocks, before the last one, where a large one is not what was kept.
        """
        stream = begun(self._unsealed(key))
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

        await self.keep_stream(key, blocks, digest=hashlib.sha256(blob), size=len(blob))

    async def keep_stream(
        self, key: str, blocks: Callable[[], Blocks], *, digest: "hashlib._Hash", size: int
    ) -> None:
        """Keep a stream of known SHA-256 and size, if the store will."""
        seal = digest.digest()
        whole = digest.copy()
        whole.update(seal)

        async def sealed() -> Blocks:
            async for block in blocks():
                yield block
            yield seal

        try:
            await self._store.put(
                key, sealed(), sha256=whole.hexdigest(), size=size + SEAL_BYTES, overwrite=True
            )
        except ObjectStoreError as error:
            _log.warning("derived data cannot be kept", reason=error.code)
