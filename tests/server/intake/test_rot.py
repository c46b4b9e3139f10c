"""Bytes that rotted are never given whole to anybody, though no scrub has seen them yet."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import select

from server.core.errors import Unavailable
from server.core.objects.file_store import FileStore
from server.core.objects.port import BLOCK_BYTES
from server.intake.drain import object_key
from server.intake.models import StoredObject
from server.intake.originals import PLACE_COLUMNS, Place
from tests.support.dicom_files import ct_bytes, large_ct
from tests.support.fakes import ManualClock
from tests.support.senders import ORG, IntakeParts, send


async def kept(parts: IntakeParts, data: bytes, tmp_path: Path) -> tuple[str, Path]:
    """Have an object in the store, and return its id and file."""
    await send(parts.intake, data)
    assert await parts.drain.drain_once() == 1
    return await only_id(parts), stored_at(tmp_path, data)


async def only_id(parts: IntakeParts) -> str:
    async with parts.database.reading() as session:
        return (await session.scalars(select(StoredObject.id))).one()


def stored_at(tmp_path: Path, data: bytes) -> Path:
    return tmp_path / "objects" / object_key(ORG, hashlib.sha256(data).hexdigest())


def flip(path: Path, at: int) -> None:
    path.chmod(0o640)
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))


async def is_marked(parts: IntakeParts) -> bool:
    async with parts.database.reading() as session:
        return (await session.scalars(select(StoredObject.damaged_at))).one() is not None


async def read(
    parts: IntakeParts, object_id: str, into: list[bytes] | None = None, **part: Any
) -> bytes:
    """Read an object, leaving what comes before an error ``into`` a list."""
    got = [] if into is None else into
    async with parts.originals.open(object_id, **part) as blocks:
        async for block in blocks:
            got.append(block)
    return b"".join(got)


async def test_rot_in_the_store_is_refused_and_marked(parts: IntakeParts, tmp_path: Path) -> None:
    data = ct_bytes()
    object_id, path = await kept(parts, data, tmp_path)
    flip(path, len(data) - 10)
    with pytest.raises(Unavailable) as refused:
        async with parts.originals.open(object_id):
            pytest.fail("an object of one block is refused before any byte")
    assert refused.value.code == "bytes-damaged"
    assert await is_marked(parts)
    await send(parts.intake, data)
    assert await read(parts, object_id) == data
    assert not await is_marked(parts)


async def test_rot_in_the_spool_is_refused_and_marked(parts: IntakeParts) -> None:
    data = ct_bytes()
    await send(parts.intake, data)
    async with parts.database.reading() as session:
        name = (await session.scalars(select(StoredObject.spool_name))).one()
    flip(parts.spool.path(name or ""), 1000)
    object_id = await only_id(parts)
    with pytest.raises(Unavailable):
        await read(parts, object_id)
    assert await is_marked(parts)


async def test_of_a_large_object_the_end_does_not_come(parts: IntakeParts, tmp_path: Path) -> None:
    data = large_ct(4 * BLOCK_BYTES)
    object_id, path = await kept(parts, data, tmp_path)
    assert await read(parts, object_id) == data
    assert await read(parts, object_id, start=200, length=len(data) - 200) == data[200:]
    flip(path, 5000)
    got: list[bytes] = []
    with pytest.raises(Unavailable, match="damaged"):
        await read(parts, object_id, got, start=200, length=len(data) - 200)
    assert 0 < len(b"".join(got)) < len(data) - 200
    assert await is_marked(parts)


@pytest.mark.parametrize("change", [b"", b"more"])
async def test_an_object_of_another_length_is_refused(
    parts: IntakeParts, tmp_path: Path, change: bytes
) -> None:
    data = ct_bytes()
    object_id, path = await kept(parts, data, tmp_path)
    path.chmod(0o640)
    path.write_bytes(data + change if change else data[:-2])
    with pytest.raises(Unavailable):
        await read(parts, object_id)
    assert await is_marked(parts)


async def test_a_stretch_of_a_small_object_is_held_to_all_of_it(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    object_id, path = await kept(parts, data, tmp_path)
    assert await read(parts, object_id, start=100, length=50) == data[100:150]
    flip(path, len(data) - 10)
    with pytest.raises(Unavailable):
        await read(parts, object_id, start=100, length=50)
    assert await is_marked(parts)


@pytest.mark.parametrize("linked", [True, False])
async def test_no_decoder_gets_a_rotten_file(
    parts: IntakeParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    data = ct_bytes()
    object_id, path = await kept(parts, data, tmp_path)
    if not linked:
        monkeypatch.setattr(FileStore, "link", lambda *_: False)
    async with parts.originals.as_file(object_id) as good:
        assert good.read_bytes() == data
    flip(path, 3000)
    with pytest.raises(Unavailable, match="damaged"):
        async with parts.originals.as_file(object_id):
            pytest.fail("a rotten file was given")
    assert await is_marked(parts)
    assert not list(parts.spool.scratch_dir.iterdir())


async def test_a_file_is_not_hashed_for_each_of_its_frames_but_again_after_a_while(
    parts: IntakeParts, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    object_id, _ = await kept(parts, ct_bytes(), tmp_path)
    hashed: list[BinaryIO] = []
    digest = hashlib.file_digest

    def counted(file: Any, name: str) -> object:
        hashed.append(file)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    for wait_s, times in ((0, 1), (30, 1), (31, 2)):
        clock.advance(wait_s)
        async with parts.originals.as_file(object_id):
            assert len(hashed) == times


async def test_what_was_sent_again_is_not_marked_for_what_was_read_before(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    object_id, path = await kept(parts, data, tmp_path)
    async with parts.database.reading() as session:
        before = Place(*(await session.execute(select(*PLACE_COLUMNS))).one())
    flip(path, 3000)
    with pytest.raises(Unavailable):
        await read(parts, object_id)
    await send(parts.intake, data)
    with pytest.raises(Unavailable):
        async with parts.originals.open(object_id, place=replace(before, is_damaged=False)):
            pass
    assert not await is_marked(parts)
    assert await read(parts, object_id) == data
