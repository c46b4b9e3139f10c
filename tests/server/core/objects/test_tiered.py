"""Two stores that are one to who reads: file before S3, as a county would have it."""

import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import aclosing
from pathlib import Path

import pytest

from server.core.objects.errors import ObjectMissing, ObjectStoreError
from server.core.objects.file_store import FileStore
from server.core.objects.open import build_cold_store
from server.core.objects.tiered import TieredStore
from tests.server.core.objects.bodies import put, read
from tests.support.stores import S3Server

pytestmark = pytest.mark.fault

DATA = b"an object" * 100_000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
async def tiered(
    seaweedfs: S3Server, tmp_path: Path, executor: Executor
) -> AsyncIterator[TieredStore]:
    hot = FileStore(tmp_path / "objects", executor=executor)
    store = build_cold_store(seaweedfs.url, hot, executor=executor)
    await store.open()
    yield store
    await store.close()


async def move(store: TieredStore, key: str, *, to_cold: bool) -> None:
    await store.move(key, sha256=SHA256, size=len(DATA), to_cold=to_cold)


async def test_what_was_moved_is_read_and_known_as_before(tiered: TieredStore) -> None:
    key = "tiered/moved"
    await put(tiered, key, DATA)
    await move(tiered, key, to_cold=True)
    assert await tiered.hot.stat(key) is None
    assert await read(tiered, key) == DATA
    assert await read(tiered, key, 9, 9) == b"an object"
    found = await tiered.stat(key)
    assert found is not None
    assert found.size_bytes == len(DATA)
    await move(tiered, key, to_cold=True)
    await move(tiered, key, to_cold=False)
    assert await tiered.cold.stat(key) is None
    assert await read(tiered, key) == DATA
    await tiered.delete(key)


async def test_deleting_leaves_it_in_neither(tiered: TieredStore) -> None:
    key = "tiered/deleted"
    await put(tiered.cold, key, DATA)
    await put(tiered.hot, key, DATA)
    await tiered.delete(key)
    assert await tiered.stat(key) is None
    with pytest.raises(ObjectMissing):
        await read(tiered, key)


async def test_moving_what_is_nowhere_is_an_error(tiered: TieredStore) -> None:
    with pytest.raises(ObjectMissing):
        await move(tiered, "tiered/nowhere", to_cold=True)


async def test_bytes_that_are_others_stay_where_they_are(tiered: TieredStore) -> None:
    key = "tiered/other"
    await put(tiered, key, DATA[:-1] + b"!")
    with pytest.raises(ObjectStoreError):
        await move(tiered, key, to_cold=True)
    assert await tiered.cold.stat(key) is None
    assert await tiered.hot.stat(key) is not None


async def test_a_reader_under_way_reads_on_while_it_is_moved(tiered: TieredStore) -> None:
    key = "tiered/read"
    await put(tiered, key, DATA)
    async with aclosing(tiered.get(key)) as blocks:
        first = await anext(blocks)
        await move(tiered, key, to_cold=True)
        rest = [block async for block in blocks]
    assert b"".join([first, *rest]) == DATA
    await tiered.delete(key)
