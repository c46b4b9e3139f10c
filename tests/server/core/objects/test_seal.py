"""A stream that ends in its own digest is given without it, and never whole where it is other."""

import hashlib
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.objects.errors import DigestMismatch
from server.core.objects.seal import Seal, unsealed


async def opened(blocks: Sequence[bytes]) -> list[bytes]:
    seal = Seal()

    async def stream() -> AsyncIterator[bytes]:
        for block in blocks:
            seal.update(block)
            yield block

    return [block async for block in unsealed(stream(), seal)]


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    blocks = []
    for size in sizes:
        blocks.append(data[:size])
        data = data[size:]
    return [block for block in (*blocks, data) if block]


@given(st.binary(max_size=300), st.lists(st.integers(1, 80)))
async def test_a_sealed_stream_comes_back_however_it_is_cut(data: bytes, sizes: list[int]) -> None:
    blocks = cut(data + hashlib.sha256(data).digest(), sizes)
    assert b"".join(await opened(blocks)) == data


@given(st.binary(max_size=300), st.lists(st.integers(1, 80)), st.data())
async def test_one_other_byte_anywhere_is_found(
    data: bytes, sizes: list[int], drawn: st.DataObject
) -> None:
    whole = bytearray(data + hashlib.sha256(data).digest())
    whole[drawn.draw(st.integers(0, len(whole) - 1))] ^= 1
    with pytest.raises(DigestMismatch):
        await opened(cut(bytes(whole), sizes))


@pytest.mark.parametrize("blocks", [[], [b""], [b"x" * 31], [b"x" * 32]])
async def test_what_has_no_seal_is_refused(blocks: list[bytes]) -> None:
    with pytest.raises(DigestMismatch):
        await opened(blocks)
