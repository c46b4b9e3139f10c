"""The scrub finds what rotted, what is gone and what nobody was promised, on every store."""

import errno
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from blake3 import blake3
from pydicom import dcmread
from sqlalchemy import select

from dicom.frames import FrameIndex
from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import Unavailable
from server.core.ids import RandomIds
from server.core.objects.errors import (
    ObjectStoreError,
    ObjectStoreRefused,
    ObjectStoreUnavailable,
)
from server.core.objects.file_io import FileReader
from server.core.objects.file_store import FileStore
from server.core.objects.port import ObjectStore
from server.intake.arrival import Verdict
from server.intake.drain import object_key
from server.intake.models import StoredObject
from server.intake.scrub import Condition, Scrub, ScrubReport
from server.studies.models import Instance
from tests.server.core.objects.bodies import put
from tests.support.dicom_files import ct_series, rewrapped
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import ORG, IntakeParts, create_institutions, running_intake, send

pytestmark = pytest.mark.fault

CLOCK = ManualClock()


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[IntakeParts]:
    await create_institutions(database, CLOCK)
    async with running_intake(database, tmp_path, CLOCK, CountingIds()) as running:
        yield running


async def scrub(parts: IntakeParts, *, remove_orphans: bool = False) -> ScrubReport:
    with ThreadPoolExecutor(2) as executor:
        work = Scrub(
            spool=parts.spool,
            store=parts.store,
            database=parts.database,
            audit=AuditTrail(key=b"k" * 32, clock=CLOCK, ids=RandomIds(), role="scrub"),
            clock=CLOCK,
            executor=executor,
        )
        return await work.run(remove_orphans=remove_orphans)


def file_of(parts: IntakeParts, tmp_path: Path, data: bytes) -> Path:
    return tmp_path / "objects" / object_key(ORG, hashlib.sha256(data).hexdigest())


async def read(parts: IntakeParts, data: bytes) -> bytes:
    async with parts.database.reading() as session:
        object_id = await session.scalar(
            select(StoredObject.id).where(StoredObject.sha256 == hashlib.sha256(data).hexdigest())
        )
    assert object_id is not None
    async with parts.originals.open(object_id) as blocks:
        return b"".join([block async for block in blocks])


async def sent_and_drained(parts: IntakeParts, count: int = 3) -> list[bytes]:
    files = ct_series(count)
    for each in files:
        await send(parts.intake, each)
    while await parts.drain.drain_once():
        pass
    return files


async def test_what_is_whole_is_said_to_be(parts: IntakeParts) -> None:
    files = await sent_and_drained(parts)
    await send(parts.intake, ct_series(1)[0])
    report = await scrub(parts)
    assert (report.checked, report.damaged, report.orphans) == (4, 0, 0)
    assert report.checked_bytes > sum(map(len, files))
    assert await read(parts, files[0]) == files[0]


@pytest.mark.parametrize(
    ("damage", "condition"), [("rot", Condition.OTHER_BYTES), ("loss", Condition.MISSING)]
)
async def test_rot_and_loss_are_found_refused_and_healed_by_sending_again(
    parts: IntakeParts, tmp_path: Path, damage: str, condition: Condition
) -> None:
    files = await sent_and_drained(parts)
    path = file_of(parts, tmp_path, files[1])
    if damage == "rot":
        path.chmod(0o640)
        path.write_bytes(files[1][:-1] + b"\xff")
    else:
        path.unlink()
    report = await scrub(parts)
    assert report.damaged_keys == [(path.relative_to(tmp_path / "objects").as_posix(), condition)]
    with pytest.raises(Unavailable, match="damaged"):
        await read(parts, files[1])
    assert await read(parts, files[0]) == files[0]
    receipt = await send(parts.intake, files[1])
    assert receipt.verdict is Verdict.DUPLICATE
    assert await read(parts, files[1]) == files[1]
    assert await parts.drain.drain_once() == 1
    assert path.read_bytes() == files[1]
    assert (await scrub(parts)).damaged == 0


async def test_damage_is_healed_by_the_same_data_set_in_another_wrapping(
    parts: IntakeParts, tmp_path: Path
) -> None:
    first, second = await sent_and_drained(parts, 2)
    file_of(parts, tmp_path, first).unlink()
    assert (await scrub(parts)).damaged == 1
    again = rewrapped(first)
    receipt = await send(parts.intake, again)
    assert receipt.verdict is Verdict.STORED
    assert await parts.drain.drain_once() == 1
    assert (await scrub(parts)).damaged == 0
    assert await read(parts, again) == again
    sop_instance_uid = str(dcmread(BytesIO(first)).SOPInstanceUID)
    async with parts.database.reading() as session:
        instance = (
            await session.scalars(
                select(Instance).where(Instance.sop_instance_uid == sop_instance_uid)
            )
        ).one()
        kept = await session.get_one(StoredObject, instance.object_id)
        digests = set(await session.scalars(select(StoredObject.sha256)))
    assert kept.sha256 == hashlib.sha256(again).hexdigest()
    dataset = again[instance.dataset_offset :]
    assert blake3(dataset).hexdigest() == instance.dataset_blake3
    assert instance.frames is not None
    (frame,) = FrameIndex.from_bytes(instance.frames).ranges(0)
    assert again[frame.offset :][: frame.length] == dcmread(BytesIO(first)).PixelData
    assert digests == {hashlib.sha256(each).hexdigest() for each in (again, second)}
    for wrapping in (first, again):
        assert (await send(parts.intake, wrapping)).verdict is Verdict.DUPLICATE


async def test_what_was_restored_from_a_backup_is_read_again(
    parts: IntakeParts, tmp_path: Path
) -> None:
    files = await sent_and_drained(parts, 1)
    path = file_of(parts, tmp_path, files[0])
    kept = path.rename(tmp_path / "backup")
    assert (await scrub(parts)).damaged == 1
    kept.rename(path)
    report = await scrub(parts)
    assert (report.damaged, report.restored) == (0, 1)
    assert await read(parts, files[0]) == files[0]


async def test_rot_in_the_spool_is_found(parts: IntakeParts, tmp_path: Path) -> None:
    data = ct_series(1)[0]
    await send(parts.intake, data)
    async with parts.database.reading() as session:
        name = await session.scalar(select(StoredObject.spool_name))
    assert name is not None
    parts.spool.path(name).write_bytes(data[:-1])
    assert (await scrub(parts)).damaged == 1
    await send(parts.intake, data)
    assert await read(parts, data) == data


async def test_an_orphan_is_told_and_removed_only_when_asked(parts: IntakeParts) -> None:
    files = await sent_and_drained(parts, 1)
    orphan = object_key(ORG, hashlib.sha256(b"nobody's").hexdigest())
    await put(parts.store, orphan, b"nobody's")
    report = await scrub(parts)
    assert (report.orphan_keys, report.removed, report.damaged) == ([orphan], 0, 0)
    assert await parts.store.stat(orphan) is not None
    assert (await scrub(parts, remove_orphans=True)).removed == 1
    assert await parts.store.stat(orphan) is None
    assert await read(parts, files[0]) == files[0]


async def test_what_lies_in_another_host_s_spool_is_counted_and_left_to_it(
    parts: IntakeParts,
) -> None:
    await send(parts.intake, ct_series(1)[0])
    async with parts.database.unit_of_work() as uow:
        row = (await uow.session.scalars(select(StoredObject))).one()
        row.spool_id = "another"
        await uow.commit()
    report = await scrub(parts)
    assert (report.checked, report.elsewhere, report.damaged) == (0, 1, 0)


async def test_what_a_scrub_found_is_audited(parts: IntakeParts, tmp_path: Path) -> None:
    files = await sent_and_drained(parts, 2)
    file_of(parts, tmp_path, files[0]).unlink()
    await scrub(parts)
    async with parts.database.reading() as session:
        event = (
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "objects.scrub"))
        ).one()
    detail = orjson.loads(event.detail)
    assert (event.outcome, detail["checked"], detail["damaged"]) == ("failed", 2, 1)


async def test_a_store_that_is_gone_marks_nothing(parts: IntakeParts, tmp_path: Path) -> None:
    files = await sent_and_drained(parts, 1)
    objects = tmp_path / "objects"
    away = objects.rename(tmp_path / "unmounted")
    with pytest.raises(Exception, match="objects"):
        await scrub(parts)
    away.rename(objects)
    assert await read(parts, files[0]) == files[0]


@pytest.mark.parametrize(
    "error",
    [
        ObjectStoreUnavailable("[Errno 5] Input/output error"),
        ObjectStoreRefused("403 AccessDenied"),
    ],
)
async def test_one_object_that_cannot_be_read_is_told_and_the_others_are_checked(
    parts: IntakeParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ObjectStoreError
) -> None:
    files = await sent_and_drained(parts)
    bad, rotten = (file_of(parts, tmp_path, each) for each in files[:2])
    unreadable = bad.relative_to(tmp_path / "objects").as_posix()
    rotten.chmod(0o640)
    rotten.write_bytes(b"other")
    get = parts.store.get

    async def failing(key: str, **given: Any) -> AsyncIterator[bytes]:
        if key == unreadable:
            raise error
        async for block in get(key, **given):
            yield block

    with monkeypatch.context() as patch:
        patch.setattr(parts.store, "get", failing)
        report = await scrub(parts)
    assert (report.checked, report.damaged, report.unreadable) == (2, 1, 1)
    assert report.unreadable_keys == [unreadable]
    assert await read(parts, files[0]) == files[0]
    async with parts.database.reading() as session:
        event = (
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "objects.scrub"))
        ).one()
    assert (event.outcome, orjson.loads(event.detail)["unreadable"]) == ("failed", 1)


async def test_a_spool_file_that_cannot_be_read_is_told(
    parts: IntakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(parts.intake, ct_series(1)[0])

    def begin(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(FileReader, "begin", begin)
    report = await scrub(parts)
    assert (report.checked, report.damaged, report.unreadable) == (0, 0, 1)


async def test_keys_of_a_file_store_are_those_of_its_objects(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        store: ObjectStore = FileStore(tmp_path / "objects", executor=executor)
        await store.open()
        for key in ("a/1", "a/2", "b"):
            await put(store, key, key.encode())
        async with aclosing(store.keys()) as keys:
            assert sorted([key async for key in keys]) == ["a/1", "a/2", "b"]
