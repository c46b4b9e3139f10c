"""What every object store keeps, whichever it is."""

import asyncio
import hashlib
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from server.core.objects.errors import (
    DigestMismatch,
    InvalidObjectKey,
    ObjectMissing,
    ObjectRangeOutside,
    StoredDigestMismatch,
)
from server.core.objects.open import ObjectStores
from server.core.objects.port import PutResult, reading
from tests.server.core.objects.bodies import chunks, new_key, put, read, sha256

DATA = bytes(range(256)) * 5000  # 1.28 MB: several blocks, the last one not full


@pytest.mark.parametrize("size", [0, 1, 65536, 262144, 262145, 524288, len(DATA)])
async def test_what_was_put_is_read_again(stores: ObjectStores, size: int) -> None:
    key, data = new_key(), DATA[:size]
    assert await put(stores.originals, key, data) is PutResult.CREATED
    assert await read(stores.originals, key) == data
    stat = await stores.originals.stat(key)
    assert stat is not None
    assert stat.size_bytes == size
    assert stat.sha256 in {None, sha256(data)}


async def test_the_same_object_again_is_already_there(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    assert await put(stores.originals, key, DATA) is PutResult.ALREADY_THERE
    assert await read(stores.originals, key) == DATA


@pytest.mark.parametrize("other", [b"other bytes", b"", DATA[:-1] + b"!"])
async def test_other_bytes_under_the_same_key_are_refused_and_change_nothing(
    stores: ObjectStores, other: bytes
) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    with pytest.raises(StoredDigestMismatch):
        await put(stores.originals, key, other)
    assert await read(stores.originals, key) == DATA


async def test_of_twenty_puts_at_once_exactly_one_creates(stores: ObjectStores) -> None:
    key = new_key()
    results = await asyncio.gather(*(put(stores.originals, key, DATA) for _ in range(20)))
    assert Counter(results) == {PutResult.CREATED: 1, PutResult.ALREADY_THERE: 19}
    assert await read(stores.originals, key) == DATA


async def test_of_twenty_different_puts_at_once_one_wins_whole(stores: ObjectStores) -> None:
    key = new_key()
    bodies = [bytes([i]) * 300_000 for i in range(20)]
    results = await asyncio.gather(
        *(put(stores.originals, key, body) for body in bodies), return_exceptions=True
    )
    won = [body for body, result in zip(bodies, results, strict=True) if result == "created"]
    assert Counter(type(result) for result in results) == {PutResult: 1, StoredDigestMismatch: 19}
    assert await read(stores.originals, key) == won[0]


@pytest.mark.parametrize("size", [0, 1, 1000, len(DATA)])
async def test_a_wrong_digest_leaves_nothing(stores: ObjectStores, size: int) -> None:
    key = new_key()
    with pytest.raises(DigestMismatch):
        await stores.originals.put(key, chunks(DATA[:size]), sha256=sha256(b"else"), size=size)
    await _assert_absent(stores, key)


@pytest.mark.parametrize("off_by", [1, -1, 300_000])
async def test_a_stream_of_another_length_leaves_nothing(stores: ObjectStores, off_by: int) -> None:
    key = new_key()
    with pytest.raises(DigestMismatch):
        await stores.originals.put(key, chunks(DATA), sha256=sha256(DATA), size=len(DATA) + off_by)
    await _assert_absent(stores, key)


async def test_a_failing_source_is_reported_as_itself_and_leaves_nothing(
    stores: ObjectStores,
) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield DATA[:700_000]
        raise LookupError("the spool file is gone")

    key = new_key()
    with pytest.raises(LookupError, match="the spool file is gone"):
        await stores.originals.put(key, failing(), sha256=sha256(DATA), size=len(DATA))
    await _assert_absent(stores, key)


async def test_a_cancelled_put_leaves_nothing_and_the_next_succeeds(stores: ObjectStores) -> None:
    under_way = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield DATA[:700_000]
        under_way.set()
        await asyncio.Event().wait()

    key = new_key()
    task = asyncio.create_task(
        stores.originals.put(key, stuck(), sha256=sha256(DATA), size=len(DATA))
    )
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _assert_absent(stores, key)
    assert await put(stores.originals, key, DATA) is PutResult.CREATED


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, 0),
        (0, 1),
        (0, None),
        (0, len(DATA)),
        (len(DATA) - 1, 1),
        (len(DATA) - 1, None),
        (len(DATA), None),
        (len(DATA), 0),
        (262_143, 2),
        (100_000, 700_001),
    ],
)
async def test_a_range_is_exact(stores: ObjectStores, start: int, length: int | None) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    expected = DATA[start:] if length is None else DATA[start : start + length]
    assert await read(stores.originals, key, start, length) == expected


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, len(DATA) + 1),
        (len(DATA) - 1, 2),
        (len(DATA), 1),
        (len(DATA) + 1, None),
        (len(DATA) + 1, 0),
        (-1, 1),
        (-1, None),
        (0, -1),
    ],
)
async def test_a_range_not_wholly_inside_is_an_error_and_never_short(
    stores: ObjectStores, start: int, length: int | None
) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    with pytest.raises(ObjectRangeOutside):
        await read(stores.originals, key, start, length)


@pytest.mark.parametrize(("start", "length"), [(0, None), (5, None), (0, 0), (3, 4)])
async def test_a_missing_object_says_so(
    stores: ObjectStores, start: int, length: int | None
) -> None:
    key = new_key()
    with pytest.raises(ObjectMissing):
        await read(stores.originals, key, start, length)
    assert await stores.originals.stat(key) is None


async def test_reading_reports_a_missing_object_before_the_body(stores: ObjectStores) -> None:
    with pytest.raises(ObjectMissing):
        async with reading(stores.originals, new_key()):
            pytest.fail("the body was entered")


async def test_reading_yields_the_whole_body(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    async with reading(stores.originals, key, start=3) as blocks:
        assert b"".join([block async for block in blocks]) == DATA[3:]


async def test_a_read_given_up_half_way_leaves_the_store_usable(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    async with aclosing(stores.originals.get(key)) as blocks:
        assert DATA.startswith(await anext(blocks))
    assert await read(stores.originals, key) == DATA


async def test_delete_is_idempotent_and_the_key_can_be_used_again(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    await stores.originals.delete(key)
    await stores.originals.delete(key)
    await _assert_absent(stores, key)
    assert await put(stores.originals, key, b"new") is PutResult.CREATED


async def test_originals_refuse_to_be_overwritten(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    with pytest.raises(ValueError, match="derived"):
        await put(stores.originals, key, b"other", overwrite=True)
    assert await read(stores.originals, key) == DATA


async def test_derived_data_can_be_overwritten_and_is_apart_from_originals(
    stores: ObjectStores,
) -> None:
    key = new_key()
    await put(stores.originals, key, DATA)
    await put(stores.derived, key, b"first")
    assert await put(stores.derived, key, b"second", overwrite=True) is PutResult.CREATED
    assert await read(stores.derived, key) == b"second"
    assert await read(stores.originals, key) == DATA


async def test_derived_data_is_not_overwritten_unasked(stores: ObjectStores) -> None:
    key = new_key()
    await put(stores.derived, key, b"first")
    with pytest.raises(StoredDigestMismatch):
        await put(stores.derived, key, b"second")
    assert await read(stores.derived, key) == b"first"


@pytest.mark.parametrize(
    "key", ["", "/abs", "a//b", "a/../b", "..", "a/.hidden", ".tmp/x", "a b", "a\0b", "é", "a/"]
)
async def test_a_key_that_could_escape_is_refused_by_every_call(
    stores: ObjectStores, key: str
) -> None:
    store = stores.originals
    with pytest.raises(InvalidObjectKey):
        await put(store, key, b"x")
    with pytest.raises(InvalidObjectKey):
        await read(store, key)
    with pytest.raises(InvalidObjectKey):
        await store.stat(key)
    with pytest.raises(InvalidObjectKey):
        await store.delete(key)


@pytest.mark.parametrize("length", [513, 300])
async def test_a_key_too_long_for_some_store_is_refused(stores: ObjectStores, length: int) -> None:
    with pytest.raises(InvalidObjectKey):
        await put(stores.originals, "k" * length, b"x")


async def test_the_longest_key_is_kept(stores: ObjectStores) -> None:
    key = f"{new_key()}/{'k' * 255}/{'m' * 150}"
    assert await put(stores.originals, key, DATA) is PutResult.CREATED
    assert await read(stores.originals, key) == DATA


async def test_a_store_in_order_passes_its_check(stores: ObjectStores) -> None:
    await stores.originals.check()
    await stores.derived.check()


async def test_64_mib_stream_both_ways_in_bounded_memory(stores: ObjectStores) -> None:
    block, blocks = bytes(range(256)) * 4096, 64
    digest = hashlib.sha256(block * blocks).hexdigest()

    async def large() -> AsyncIterator[bytes]:
        for _ in range(blocks):
            yield block

    key = new_key()
    received = hashlib.sha256()
    tracemalloc.start()
    try:
        await stores.originals.put(key, large(), sha256=digest, size=len(block) * blocks)
        async with aclosing(stores.originals.get(key)) as body:
            async for part in body:
                received.update(part)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received.hexdigest() == digest
    assert peak_bytes < 16 * 1024 * 1024


async def _assert_absent(stores: ObjectStores, key: str) -> None:
    assert await stores.originals.stat(key) is None
    with pytest.raises(ObjectMissing):
        await read(stores.originals, key)


async def test_every_key_is_listed_once(stores: ObjectStores) -> None:
    written = {new_key() for _ in range(5)}
    for key in written:
        await put(stores.originals, key, key.encode())
    async with aclosing(stores.originals.keys()) as keys:
        listed = [key async for key in keys]
    assert len(listed) == len(set(listed))
    assert written <= set(listed)
    await stores.originals.delete(min(written))
    async with aclosing(stores.originals.keys()) as keys:
        assert min(written) not in [key async for key in keys]


async def test_keys_below_a_prefix_are_those_alone(stores: ObjectStores) -> None:
    mine, other = new_key(), new_key()
    for key in (f"{mine}/1", f"{mine}/2/3", f"{mine}x", other):
        await put(stores.originals, key, key.encode())
    async with aclosing(stores.originals.keys(f"{mine}/")) as keys:
        assert sorted([key async for key in keys]) == [f"{mine}/1", f"{mine}/2/3"]
    async with aclosing(stores.originals.keys(f"{new_key()}/")) as keys:
        assert [key async for key in keys] == []
