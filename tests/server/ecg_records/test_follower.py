"""Which arrivals become ECG records, in which state."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select

from server.core.database import Database
from server.ecg_records.follower import EcgFollower
from server.ecg_records.models import EcgInstitution, EcgRecord, ScreeningStatus
from server.realtime.models import Event
from server.studies.models import Instance
from tests.server.ecg_records.conftest import Room
from tests.support.dicom_files import ct_bytes, ecg_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    OTHER_TOWNSHIP,
    TOWNSHIP,
    create_institutions,
    running_intake,
    send,
)


async def test_an_ecg_gets_a_record_and_an_event_with_its_index_rows(room: Room) -> None:
    await room.receive(ecg_bytes(AcquisitionDateTime="20130204113000"))
    (record,) = await room.records()
    async with room.database.reading() as session:
        instance = (await session.scalars(select(Instance))).one()
        event = (await session.scalars(select(Event).where(Event.topic == "ecg.arrived"))).one()
    assert record.status == ScreeningStatus.PENDING
    assert (record.instance_pk, record.object_id) == (instance.id, instance.object_id)
    assert record.owner_institution_id == TOWNSHIP
    assert event.study_id == record.study_pk
    assert event.payload == {"ecg_id": record.id, "study_id": record.study_pk}


async def test_a_wall_clock_without_an_offset_is_chinas(room: Room) -> None:
    await room.receive(ecg_bytes(AcquisitionDateTime="20130204113000"))
    await room.receive(ecg_bytes(AcquisitionDateTime="20130204113000+0100"))
    await room.receive(
        ecg_bytes(AcquisitionDateTime="20130204113000", TimezoneOffsetFromUTC="+0300")
    )
    taken = [record.acquired_at for record in await room.records()]
    assert taken == [datetime(2013, 2, 4, hour, 30, tzinfo=UTC) for hour in (3, 10, 8)]


async def test_an_image_gets_no_record(room: Room) -> None:
    await room.receive(ct_bytes())
    assert await room.records() == []


async def test_the_same_ecg_twice_has_one_record(room: Room) -> None:
    data = ecg_bytes()
    await room.receive(data)
    await room.receive(data)
    assert len(await room.records()) == 1


async def test_an_institution_that_switched_screening_off_gets_no_machine_hints(
    room: Room, clock: ManualClock
) -> None:
    async with room.database.unit_of_work() as uow:
        await uow.session.execute(
            insert(EcgInstitution).values(
                institution_id=TOWNSHIP, screening=False, changed_at=clock.now()
            )
        )
        await uow.commit()
    await room.receive(ecg_bytes(), TOWNSHIP)
    await room.receive(ecg_bytes(), OTHER_TOWNSHIP)
    first, second = await room.records()
    assert (first.status, second.status) == (ScreeningStatus.OFF, ScreeningStatus.PENDING)
    await room.screener.screen(first.id)
    assert (await room.records())[0].screening is None


async def test_the_switch_of_the_whole_installation_is_above_all(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    follower = EcgFollower(screening=False, ids=ids)
    async with running_intake(database, tmp_path, clock, ids, followers=[follower]) as parts:
        await send(parts.intake, ecg_bytes())
        async with database.reading() as session:
            assert (await session.scalars(select(EcgRecord.status))).one() == "off"
