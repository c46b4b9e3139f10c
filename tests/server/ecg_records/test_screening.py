"""From arrival to result: once, durably, and never silently."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from sqlalchemy import select, update

from ecg import read, screen
from ecg.findings import RULES_VERSION
from server.audit.models import AuditEvent
from server.core.errors import Unavailable
from server.core.workflows import WorkflowEngine
from server.ecg_records.jobs import SCREENING_QUEUE, ScreeningJobs
from server.ecg_records.models import EcgRecord, ScreeningStatus
from server.ecg_records.screening import Screener
from server.intake.models import StoredObject
from server.realtime.models import Event
from tests.server.ecg_records.conftest import Room
from tests.support.dicom_files import ecg_bytes, sample
from tests.support.senders import OTHER_TOWNSHIP, TOWNSHIP
from tests.support.st_elevation import elevated_ecg_bytes

_PATIENCE_S = 60


@asynccontextmanager
async def working(
    room: Room, url: str, screener: Screener | None = None
) -> AsyncIterator[tuple[ScreeningJobs, WorkflowEngine]]:
    """Run a worker's workflows."""
    engine = WorkflowEngine(url, executor_id="worker-1", queues=[SCREENING_QUEUE])
    jobs = ScreeningJobs(engine=engine, screener=screener or room.screener, database=room.database)
    jobs.register()
    await engine.start()
    try:
        yield jobs, engine
    finally:
        await engine.stop(grace_s=0)


async def settled(room: Room, status: ScreeningStatus) -> EcgRecord:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            (record,) = await room.records()
            if record.status == status:
                return record
            await asyncio.sleep(0.05)


async def finished_workflow(engine: WorkflowEngine, ecg_id: str) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            status = await engine.status(f"screen-ecg:{ecg_id}:{RULES_VERSION}")
            if status is not None and status.state.finished:
                return
            await asyncio.sleep(0.05)


async def events_and_audits(room: Room) -> tuple[list[Event], list[AuditEvent]]:
    async with room.database.reading() as session:
        events = list(await session.scalars(select(Event).where(Event.topic == "ecg.screened")))
        audits = list(
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "ecg.screen"))
        )
    return events, audits


async def test_an_arrived_ecg_is_screened_once_and_stored_as_the_library_says(
    room: Room, database_url: str
) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (arrived,) = await room.records()
    async with working(room, database_url) as (jobs, _):
        for _ in range(3):
            await jobs.enqueue(arrived.id)
        record = await settled(room, ScreeningStatus.SCREENED)
    expected = screen(read(sample("waveform_ecg.dcm"))).to_dict()
    assert record.screening == expected
    assert record.rules_version == RULES_VERSION
    assert record.severity is not None
    measurements = expected["measurements"]
    assert isinstance(measurements, dict)
    assert record.heart_rate_bpm == measurements["heart_rate_bpm"]
    assert record.findings is not None
    assert {"code", "text_zh", "text_en", "severity"} == set(record.findings[0])
    events, audits = await events_and_audits(room)
    assert [event.payload["ecg_id"] for event in events] == [record.id]
    assert [(audit.outcome, audit.institution_id) for audit in audits] == [("success", TOWNSHIP)]


async def test_a_damaged_ecg_fails_with_one_clear_line_and_is_audited(
    room: Room, database_url: str
) -> None:
    await room.receive(ecg_bytes(WaveformSequence=[]))
    (arrived,) = await room.records()
    async with working(room, database_url) as (jobs, _):
        await jobs.enqueue(arrived.id)
        record = await settled(room, ScreeningStatus.FAILED)
    assert record.failure
    assert "\n" not in record.failure
    assert (record.severity, record.screening) == (None, None)
    events, audits = await events_and_audits(room)
    assert [event.payload["ecg_id"] for event in events] == [record.id]
    assert [(audit.outcome, orjson.loads(audit.detail)["failure"]) for audit in audits] == [
        ("failed", record.failure)
    ]


async def screened(room: Room, data: bytes, institution: str = TOWNSHIP) -> EcgRecord:
    await room.receive(data, institution)
    newest = (await room.records())[-1]
    await room.screener.screen(newest.id)
    return (await room.records())[-1]


async def test_what_changed_since_the_patients_ecg_before_is_stored_for_the_worklist(
    room: Room,
) -> None:
    before = ecg_bytes(AcquisitionDateTime="20261120080000")
    first = await screened(room, before)
    assert first.changes is None
    same = await screened(room, ecg_bytes(AcquisitionDateTime="20261121080000"))
    assert same.changes == []
    elevated = await screened(room, elevated_ecg_bytes(AcquisitionDateTime="20261122080000"))
    assert elevated.changes
    assert {"code", "text_zh", "text_en", "severity"} == set(elevated.changes[0])
    assert elevated.changes[0]["severity"] == "red"
    assert "st_rise" in {change["code"] for change in elevated.changes}


async def test_another_institutions_recordings_are_not_compared(room: Room) -> None:
    await screened(room, ecg_bytes(AcquisitionDateTime="20261120080000"))
    other = await screened(room, ecg_bytes(AcquisitionDateTime="20261121080000"), OTHER_TOWNSHIP)
    assert other.changes is None


async def test_an_ecg_before_whose_bytes_are_gone_holds_up_nothing(room: Room) -> None:
    await screened(room, ecg_bytes(AcquisitionDateTime="20261120080000"))
    async with room.database.reading() as session:
        for name in await session.scalars(select(StoredObject.spool_name)):
            assert name is not None
            room.intake.spool.remove(name)
    after = await screened(room, ecg_bytes(AcquisitionDateTime="20261121080000"))
    assert (after.status, after.changes) == (ScreeningStatus.SCREENED, None)


async def test_screening_twice_at_once_changes_it_once(room: Room) -> None:
    await room.receive(ecg_bytes())
    (arrived,) = await room.records()
    await asyncio.gather(room.screener.screen(arrived.id), room.screener.screen(arrived.id))
    await room.screener.screen(arrived.id)
    await room.screener.fail(arrived.id, "too late")
    (record,) = await room.records()
    assert (record.status, record.failure) == (ScreeningStatus.SCREENED, None)
    events, audits = await events_and_audits(room)
    assert (len(events), len(audits)) == (1, 1)


async def test_a_worker_that_starts_screens_what_nobody_enqueued(
    room: Room, database_url: str
) -> None:
    await room.receive(ecg_bytes())
    async with working(room, database_url) as (jobs, _):
        assert await jobs.recover() == 1
        await settled(room, ScreeningStatus.SCREENED)
        assert await jobs.recover() == 0


async def test_a_retried_record_is_screened_again_under_the_same_rules(
    room: Room, database_url: str
) -> None:
    await room.receive(ecg_bytes())
    async with working(room, database_url) as (jobs, engine):
        await jobs.recover()
        record = await settled(room, ScreeningStatus.SCREENED)
        async with room.database.unit_of_work() as uow:
            await uow.session.execute(update(EcgRecord).values(status=ScreeningStatus.PENDING))
            await uow.commit()
        await finished_workflow(engine, record.id)
        assert await jobs.recover() == 1
        await settled(room, ScreeningStatus.SCREENED)
    events, _ = await events_and_audits(room)
    assert len(events) == 2


class FlakyScreener(Screener):
    """A screener whose object store is down for the first tries."""

    def __init__(self, inner: Screener, error: Exception, failures: int) -> None:
        self._inner = inner
        self._error = error
        self._left = failures
        self.tries = 0

    async def screen(self, ecg_id: str) -> None:
        """Fail while the store is down."""
        self.tries += 1
        if self._left:
            self._left -= 1
            raise self._error
        await self._inner.screen(ecg_id)

    async def fail(self, ecg_id: str, reason: str) -> None:
        """Record the failure."""
        await self._inner.fail(ecg_id, reason)


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (Unavailable("the store is down"), 2),
        # More than a step's own retries: a full disk must not fail a recording for good.
        (OSError(errno.ENOSPC, "no space left on device"), 4),
    ],
)
async def test_what_is_out_of_reach_is_tried_again_later(
    room: Room, database_url: str, error: Exception, failures: int
) -> None:
    await room.receive(ecg_bytes())
    flaky = FlakyScreener(room.screener, error, failures)
    async with working(room, database_url, flaky) as (jobs, _):
        (arrived,) = await room.records()
        await jobs.enqueue(arrived.id)
        await settled(room, ScreeningStatus.SCREENED)
    assert flaky.tries == failures + 1


async def test_a_fault_of_ours_ends_as_failed_and_not_as_pending_for_ever(
    room: Room, database_url: str
) -> None:
    await room.receive(ecg_bytes())
    flaky = FlakyScreener(room.screener, KeyError("measurements"), failures=1000)
    async with working(room, database_url, flaky) as (jobs, _):
        (arrived,) = await room.records()
        await jobs.enqueue(arrived.id)
        record = await settled(room, ScreeningStatus.FAILED)
    assert record.failure == "the server failed at screening it"
