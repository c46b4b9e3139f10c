"""The last block is let through only when everything was right."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.objects.errors import DigestMismatch
from server.core.objects.port import BLOCK_BYTES
from server.core.objects.verify import sha256_of, verified_blocks
from tests.server.core.objects.bodies import sha256

pytestmark = pytest.mark.fault


async def _stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def _chunks(sizes: list[int]) -> list[bytes]:
    return [bytes([i % 251]) * size for i, size in enumerate(sizes)]


sizes = st.lists(
    st.one_of(
        st.integers(0, 70_000),
        st.sampled_from([BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES]),
    ),
    max_size=12,
)


@given(sizes)
async def test_a_right_stream_comes_through_unchanged_however_it_is_cut(sizes: list[int]) -> None:
    chunks = _chunks(sizes)
    data = b"".join(chunks)
    with ThreadPoolExecutor(1) as executor:
        blocks = verified_blocks(
            _stream(chunks), sha256=sha256(data), size=len(data), executor=executor
        )
        assert b"".join([block async for block in blocks]) == data


@given(sizes, st.integers(-2, 2), st.booleans())
async def test_a_wrong_stream_never_comes_through_whole(
    sizes: list[int], off_by: int, same_digest: bool
) -> None:
    chunks = _chunks(sizes)
    data = b"".join(chunks)
    announced = len(data) + off_by
    if announced < 0 or (off_by == 0 and same_digest):
        return
    digest = sha256(data) if same_digest else sha256(data + b"!")
    passed = bytearray()

    async def pass_on() -> None:
        with ThreadPoolExecutor(1) as executor:
            async for block in verified_blocks(
                _stream(chunks), sha256=digest, size=announced, executor=executor
            ):
                passed.extend(block)

    with pytest.raises(DigestMismatch):
        await pass_on()
    assert len(passed) < max(announced, 1)


async def test_the_digest_of_a_stream() -> None:
    chunks = _chunks([1, 2, 300_000])
    with ThreadPoolExecutor(1) as executor:
        assert await sha256_of(_stream(chunks), executor=executor) == sha256(b"".join(chunks))
