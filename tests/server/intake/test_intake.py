"""Intake: what is answered with success is kept, found and readable; nothing else is."""

import asyncio
import errno
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from dicom.part10 import ExpectedObject
from server.audit.models import AuditEvent
from server.core.database import Database, UnitOfWork
from server.core.errors import StorageFull, TooLarge, Unavailable
from server.intake.arrival import Receipt, Verdict
from server.intake.drain import object_key
from server.intake.models import Location, Quarantined, StoredObject
from server.intake.originals import PLACE_COLUMNS, Place
from server.intake.spool import Spool, SpoolFile
from server.realtime.models import Event
from server.studies.models import AccessGrant, Instance, Series, Study
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    COUNTY,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    IntakeParts,
    create_institutions,
    device,
    running_intake,
)

pytestmark = pytest.mark.fault


async def send(parts: IntakeParts, data: bytes, institution: str = TOWNSHIP) -> Receipt:
    incoming = parts.intake.begin(device(institution))
    for start in range(0, len(data), 10_000):
        incoming.write(data[start : start + 10_000])
    return await incoming.finish()


async def count(parts: IntakeParts, model: type) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def read_back(parts: IntakeParts) -> bytes:
    async with parts.database.reading() as session:
        object_id = await session.scalar(select(Instance.object_id))
    assert object_id is not None
    async with parts.originals.open(object_id) as blocks:
        return b"".join([block async for block in blocks])


def spooled_files(parts: IntakeParts, tmp_path: Path) -> list[Path]:
    return [
        path
        for path in (tmp_path / "spool").rglob("*")
        if path.is_file() and path.name not in {".lock", "spool-id", "drain.lock"}
    ]


async def test_a_stored_object_is_indexed_owned_granted_and_readable(parts: IntakeParts) -> None:
    data = ct_bytes()
    receipt = await send(parts, data)
    assert receipt.verdict is Verdict.STORED
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert await read_back(parts) == data
    async with parts.database.reading() as session:
        study = (await session.scalars(select(Study))).one()
        grant = (await session.scalars(select(AccessGrant))).one()
        topics = list(await session.scalars(select(Event.topic)))
    assert study.owner_institution_id == TOWNSHIP
    assert (study.series_count, study.instance_count, study.modalities) == (1, 1, "\\CT\\")
    assert (grant.institution_id, grant.study_pk) == (COUNTY, study.id)
    assert topics == ["study.arrived"]


async def test_the_same_object_twice_is_a_success_and_is_kept_once(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    assert (await send(parts, data)).verdict is Verdict.STORED
    assert (await send(parts, data)).verdict is Verdict.DUPLICATE
    assert await count(parts, StoredObject) == 1
    assert await count(parts, Instance) == 1
    assert len(spooled_files(parts, tmp_path)) == 1


async def test_the_same_data_set_in_another_wrapping_is_no_conflict(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    await send(parts, data)
    with_preamble = b"II*\0" + data[4:]
    assert (await send(parts, with_preamble)).verdict is Verdict.DUPLICATE
    assert await read_back(parts) == data
    assert len(spooled_files(parts, tmp_path)) == 1
    assert await count(parts, StoredObject) == 1


async def test_twenty_at_once_of_the_same_object_are_kept_once(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    receipts = await asyncio.gather(*(send(parts, data) for _ in range(20)))
    verdicts = sorted(receipt.verdict for receipt in receipts)
    assert verdicts == [Verdict.DUPLICATE] * 19 + [Verdict.STORED]
    assert len(spooled_files(parts, tmp_path)) == 1


async def test_other_bytes_under_a_known_uid_are_quarantined_and_audited(
    parts: IntakeParts,
) -> None:
    first = ct_bytes(PatientName="One")
    await send(parts, first)
    receipt = await send(parts, ct_bytes(PatientName="Two"))
    assert (receipt.verdict, receipt.code) == (Verdict.CONFLICT, "uid-conflict")
    assert await read_back(parts) == first
    async with parts.database.reading() as session:
        quarantined = (await session.scalars(select(Quarantined))).one()
        audited = (
            await session.scalars(
                select(AuditEvent).where(AuditEvent.action == "intake.quarantine")
            )
        ).one()
    assert quarantined.sha256 == receipt.sha256
    assert quarantined.object_id is not None
    assert audited.object_id == quarantined.id


async def test_another_institution_cannot_add_to_a_study(parts: IntakeParts) -> None:
    one, two = ct_series(2)
    await send(parts, one)
    receipt = await send(parts, two, OTHER_TOWNSHIP)
    assert (receipt.verdict, receipt.code) == (Verdict.FOREIGN, "study-of-another")
    assert await count(parts, Instance) == 1


async def test_the_county_that_was_granted_a_study_may_add_to_it(parts: IntakeParts) -> None:
    one, two = ct_series(2)
    await send(parts, one)
    assert (await send(parts, two, COUNTY)).verdict is Verdict.STORED
    assert await count(parts, Study) == 1


async def test_a_truncated_object_is_refused_and_quarantined(parts: IntakeParts) -> None:
    receipt = await send(parts, ct_bytes()[:-500])
    assert receipt.verdict is Verdict.REFUSED
    assert receipt.code == "truncated"
    assert (await count(parts, Instance), await count(parts, Quarantined)) == (0, 1)


async def test_bytes_that_are_not_dicom_are_refused(parts: IntakeParts) -> None:
    receipt = await send(parts, b"%PDF-1.7 not an image")
    assert (receipt.verdict, receipt.code) == (Verdict.REFUSED, "not-dicom")


async def test_an_object_other_than_announced_is_refused(parts: IntakeParts) -> None:
    expected = ExpectedObject("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4")
    incoming = parts.intake.begin(device(), expected)
    incoming.write(ct_bytes())
    receipt = await incoming.finish()
    assert (receipt.verdict, receipt.code) == (Verdict.REFUSED, "uid-mismatch")


async def test_a_full_quarantine_keeps_the_digest_and_not_the_bytes(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids, max_quarantine_bytes=10) as parts:
        receipt = await send(parts, b"not DICOM at all")
        assert receipt.verdict is Verdict.REFUSED
        assert spooled_files(parts, tmp_path) == []
        async with database.reading() as session:
            assert (await session.scalars(select(Quarantined.object_id))).one() is None


async def test_a_full_quarantine_keeps_no_bytes_of_a_conflict_either(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids, max_quarantine_bytes=10) as parts:
        await send(parts, ct_bytes(PatientName="One"))
        receipt = await send(parts, ct_bytes(PatientName="Two"))
        assert receipt.verdict is Verdict.CONFLICT
        assert len(spooled_files(parts, tmp_path)) == 1
        assert await count(parts, StoredObject) == 1
        async with database.reading() as session:
            assert (await session.scalars(select(Quarantined.object_id))).one() is None


async def test_past_the_largest_object_the_rest_is_not_written(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids, max_object_bytes=100) as parts:
        incoming = parts.intake.begin(device())
        with pytest.raises(TooLarge):
            incoming.write(b"x" * 101)
        incoming.abort()
        assert spooled_files(parts, tmp_path) == []


async def test_below_the_watermark_intake_refuses_in_time(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids, min_free_bytes=1 << 60) as parts:
        with pytest.raises(StorageFull):
            parts.intake.begin(device())


async def test_a_failed_sync_is_never_a_success(
    parts: IntakeParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: SpoolFile) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(SpoolFile, "sync", fail)
    with pytest.raises(Unavailable):
        await send(parts, ct_bytes())
    monkeypatch.undo()
    assert await count(parts, Instance) == 0
    assert spooled_files(parts, tmp_path) == []
    assert (await send(parts, ct_bytes())).verdict is Verdict.STORED


async def test_a_commit_that_failed_in_an_unknown_way_may_have_kept_the_object(
    parts: IntakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, commit = ct_bytes(), UnitOfWork.commit

    async def commit_and_fail(self: UnitOfWork) -> None:
        await commit(self)
        raise RuntimeError("the answer was lost")

    monkeypatch.setattr(UnitOfWork, "commit", commit_and_fail)
    with pytest.raises(Unavailable):
        await send(parts, data)
    monkeypatch.undo()
    assert (await send(parts, data)).verdict is Verdict.DUPLICATE
    assert await read_back(parts) == data


async def test_an_aborted_object_leaves_nothing(parts: IntakeParts, tmp_path: Path) -> None:
    incoming = parts.intake.begin(device())
    incoming.write(ct_bytes()[:1000])
    incoming.abort()
    assert spooled_files(parts, tmp_path) == []


async def test_the_drain_moves_bytes_and_they_stay_readable(
    parts: IntakeParts, tmp_path: Path
) -> None:
    data = ct_bytes()
    await send(parts, data)
    assert await parts.drain.drain_once() == 1
    assert spooled_files(parts, tmp_path) == []
    async with parts.database.reading() as session:
        assert (await session.scalars(select(StoredObject.location))).one() == Location.STORE
    assert await read_back(parts) == data
    assert await parts.drain.drain_once() == 0


async def test_who_looked_before_the_drain_reads_all_the_same(parts: IntakeParts) -> None:
    data = ct_bytes()
    await send(parts, data)
    async with parts.database.reading() as session:
        object_id = (await session.scalars(select(StoredObject.id))).one()
        place = Place(*(await session.execute(select(*PLACE_COLUMNS))).one())
    assert await parts.drain.drain_once() == 1
    async with parts.originals.open(object_id, start=2, length=5, place=place) as blocks:
        assert b"".join([block async for block in blocks]) == data[2:7]
    with pytest.raises(Unavailable) as refused:
        async with parts.originals.open(object_id, place=replace(place, is_damaged=True)):
            pass
    assert refused.value.code == "bytes-damaged"


@pytest.mark.parametrize("drained", [False, True])
async def test_a_file_for_a_decoder_keeps_its_bytes_and_leaves_nothing(
    parts: IntakeParts, tmp_path: Path, drained: bool
) -> None:
    data = ct_bytes()
    await send(parts, data)
    if drained:
        assert await parts.drain.drain_once() == 1
    async with parts.database.reading() as session:
        object_id = (await session.scalars(select(StoredObject.id))).one()
        place = Place(*(await session.execute(select(*PLACE_COLUMNS))).one())
    for known in (None, place):
        async with parts.originals.as_file(object_id, place=known) as path:
            assert path.stat().st_nlink == 2
            # What goes on meanwhile: it is moved on, or deleted.
            if known is not None:
                stored = tmp_path / "objects" / object_key(place.org, place.sha256)
                (stored if drained else parts.spool.path(place.spool_name or "")).unlink()
            assert path.read_bytes() == data
        assert not path.exists()
    with pytest.raises(Unavailable):
        async with parts.originals.as_file(object_id, place=place):
            pass


async def test_a_batch_of_lost_files_does_not_stop_the_drain(parts: IntakeParts) -> None:
    slices = ct_series(34)
    for data in slices[:32]:
        await send(parts, data)
    async with parts.database.reading() as session:
        for name in await session.scalars(select(StoredObject.spool_name)):
            assert name is not None
            parts.spool.remove(name)
    for data in slices[32:]:
        await send(parts, data)
    with pytest.raises(Unavailable):
        await parts.drain.drain_once()
    assert await parts.drain.drain_once() == 2
    async with parts.database.reading() as session:
        left = select(func.count()).where(StoredObject.location == Location.SPOOL)
        assert await session.scalar(left) == 32


async def test_a_sweep_that_fails_does_not_stop_the_drain(
    parts: IntakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Spool) -> list[str]:
        raise PermissionError(errno.EACCES, "permission denied")

    monkeypatch.setattr(Spool, "abandoned_files", broken)
    await send(parts, ct_bytes())
    draining = asyncio.create_task(parts.drain.run())
    try:
        async with asyncio.timeout(30):
            while True:
                if await count_stored(parts):
                    break
                await asyncio.sleep(0.05)
    finally:
        parts.drain.stop()
        await draining


async def count_stored(parts: IntakeParts) -> int:
    async with parts.database.reading() as session:
        stored = select(func.count()).where(StoredObject.location == Location.STORE)
        return await session.scalar(stored) or 0


async def test_a_large_series_counts_right(parts: IntakeParts) -> None:
    receipts = await asyncio.gather(*(send(parts, data) for data in ct_series(30)))
    assert {receipt.verdict for receipt in receipts} == {Verdict.STORED}
    async with parts.database.reading() as session:
        study = (await session.scalars(select(Study))).one()
        series = (await session.scalars(select(Series))).one()
    assert (study.series_count, study.instance_count, series.instance_count) == (1, 30, 30)


async def test_one_person_under_two_institutions_is_two_patients(parts: IntakeParts) -> None:
    await send(parts, ct_bytes())
    uid = generate_uid()
    other = ct_bytes(SOPInstanceUID=uid, StudyInstanceUID=generate_uid())
    await send(parts, other, OTHER_TOWNSHIP)
    async with parts.database.reading() as session:
        patients = list(await session.scalars(select(Study.patient_pk)))
    assert len(set(patients)) == 2
