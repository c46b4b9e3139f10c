"""Streams to put, and small shorthands over the port."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing

from server.core.objects.port import ObjectStore, PutResult


def new_key() -> str:
    """Return a key no other test uses."""
    return f"o1/i/{uuid.uuid4().hex[:2]}/{uuid.uuid4().hex}"


def sha256(data: bytes) -> str:
    """Return the hexadecimal digest."""
    return hashlib.sha256(data).hexdigest()


async def chunks(data: bytes, chunk_bytes: int = 65536) -> AsyncIterator[bytes]:
    """Stream the bytes."""
    for start in range(0, len(data), chunk_bytes):
        yield data[start : start + chunk_bytes]


async def put(store: ObjectStore, key: str, data: bytes, *, overwrite: bool = False) -> PutResult:
    """Put the bytes, announced as they are."""
    return await store.put(
        key, chunks(data), sha256=sha256(data), size=len(data), overwrite=overwrite
    )


async def read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    """Read a range whole."""
    async with aclosing(store.get(key, start=start, length=length)) as blocks:
        return b"".join([block async for block in blocks])
