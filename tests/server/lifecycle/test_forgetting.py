"""What goes with a study that is purged, and what is shown again."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import timedelta
from io import BytesIO

import orjson
from pydicom import dcmread
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.intake.public import Quarantined, Verdict
from server.patients.models import Patient
from server.patients.public import PatientMergeService
from server.realtime.models import Event
from server.scheduling.public import PerformedSteps
from server.studies.models import Instance, NameKey, Rejection, Series, Study
from server.studies.public import StudyHomes
from tests.server.dicom_node.test_performed import begun
from tests.server.lifecycle.place import ONE, YEARS, Place
from tests.support.dicom_files import file_bytes, rejection_note
from tests.support.fakes import CountingIds
from tests.support.senders import (
    device,
    send,
)


async def test_what_was_rejected_goes_with_its_study_and_so_does_the_note(place: Place) -> None:
    study, data = await place.arrive()
    assert (await send(place.parts.intake, rejection_note(data))).verdict.kept
    while await place.parts.drain.drain_once():
        pass
    place.later(31 * YEARS)
    await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []
    async with place.database.reading() as session:
        assert (await session.scalars(select(Rejection.id))).all() == []


async def test_what_conflicts_with_it_goes_from_the_quarantine_and_no_other_does(
    place: Place,
) -> None:
    study, data = await place.arrive(PatientName="Zhang^San")
    other, kept = await place.arrive("B2", PatientName="Li^Si^Longer", InstanceNumber="12345")
    for stored, name in ((data, "Zhang^San^Once^More"), (kept, "Li^Si^Longer^Once^More")):
        ds = dcmread(BytesIO(stored))
        ds.PatientName = name
        conflict = await send(place.parts.intake, file_bytes(ds))
        assert conflict.verdict is Verdict.CONFLICT
    place.later(31 * YEARS)
    await place.approved(study)
    place.later(timedelta(days=31))
    # Its bytes are still in a spool, where only its host may take them.
    assert await place.purger.run() == 0
    while await place.parts.drain.drain_once():
        pass
    assert await place.purger.run() == 1
    async with place.database.reading() as session:
        (left,) = await session.scalars(select(Quarantined))
        own = await session.scalar(
            select(Instance.sop_instance_uid)
            .join(Series, Series.id == Instance.series_pk)
            .where(Series.study_pk == other)
        )
    assert left.sop_instance_uid == own
    bytes_left = [await _content(place, key) for key in await place.keys(place.store)]
    assert len(bytes_left) == 2
    assert not any(b"Zhang^San" in content for content in bytes_left)


async def _content(place: Place, key: str) -> bytes:
    async with aclosing(place.store.get(key)) as blocks:
        return b"".join([block async for block in blocks])


async def test_what_a_purged_note_hid_in_another_study_is_shown_and_counted_again(
    place: Place,
) -> None:
    kept, data = await place.arrive(PatientName="Somebody^Much^Longer")
    note = rejection_note(data, StudyInstanceUID=generate_uid())
    assert (await send(place.parts.intake, note)).verdict.kept
    while await place.parts.drain.drain_once():
        pass
    async with place.database.reading() as session:
        assert (await session.get_one(Study, kept)).instance_count == 0
        (noted,) = await session.scalars(select(Study.id).where(Study.id != kept))
    place.later(31 * YEARS)
    await place.approved(noted)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    async with place.database.reading() as session:
        assert (await session.get_one(Study, kept)).instance_count == 1
        assert (await session.get_one(Study, noted)).instance_count == 0
        assert (await session.scalars(select(Instance.rejected_as))).all() == [None]
        told = await session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "rejection.lapse")
        )
        assert [orjson.loads(each) for each in told] == [{"studies": [kept]}]
        last = (await session.scalars(select(Event).order_by(Event.id.desc()).limit(1))).one()
        assert (last.topic, last.study_id) == ("study.updated", kept)
    assert await place.read(data) == data


async def test_with_a_patient_s_last_study_the_patient_is_forgotten(place: Place) -> None:
    studies = [(await place.arrive())[0] for _ in range(2)]
    place.later(31 * YEARS)
    for study in studies:
        await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 2
    async with place.database.reading() as session:
        (patient,) = await session.scalars(select(Patient))
    assert (patient.identifier, patient.name, patient.name_latin, patient.birth_date) == (
        f"study:{patient.id}", None, None, None,
    )  # fmt: skip


async def test_a_merged_study_s_purge_forgets_the_record_it_arrived_under(place: Place) -> None:
    first, _ = await place.arrive("A1", PatientName="Zhang^San")
    second, _ = await place.arrive("A1", PatientName="Zhang^San", InstanceNumber="12345")
    third, _ = await place.arrive("B2", PatientName="Li^Si")
    async with place.database.reading() as session:
        records = dict((await session.execute(select(Patient.identifier, Patient.id))).all())
    gone, stays = records["A1"], records["B2"]
    merges = PatientMergeService(
        database=place.database, institutions=place.institutions,
        homes=StudyHomes(place.clock), audit=place.audit, clock=place.clock, ids=CountingIds(),
    )  # fmt: skip

    async def purge(study: str) -> None:
        await place.approved(study)
        place.later(timedelta(days=31))
        assert await place.purger.run() == 1

    async def left() -> tuple[dict[str, str | None], set[str], list[str | None]]:
        async with place.database.reading() as session:
            patients = {each.id: each.name for each in await session.scalars(select(Patient))}
            keys = set(await session.scalars(select(NameKey.name)))
            rows = {each.id: each.patient_name for each in await session.scalars(select(Study))}
        return patients, keys, [rows[each] for each in (first, second, third)]

    place.later(31 * YEARS)
    await purge(first)
    both = {gone: "Zhang San", stays: "Li Si"}
    assert await left() == (both, {"Zhang^San", "Li^Si"}, [None, "Zhang^San", "Li^Si"])
    await merges.merge(ONE, gone, stays, "one person")
    await purge(second)
    assert await left() == ({gone: None, stays: "Li Si"}, {"Li^Si"}, [None, None, "Li^Si"])
    await purge(third)
    assert await left() == ({gone: None, stays: None}, set(), [None, None, None])


async def test_what_a_device_said_of_a_step_goes_with_the_last_study_it_was_for(
    place: Place,
) -> None:
    uids = [generate_uid() for _ in range(2)]
    studies = [(await place.arrive(StudyInstanceUID=uid))[0] for uid in uids]
    with ThreadPoolExecutor(1) as executor:
        steps = PerformedSteps(
            database=place.database,
            audit=place.audit,
            clock=place.clock,
            ids=CountingIds(),
            executor=executor,
        )
        both = begun(uids[0])
        both.ScheduledStepAttributesSequence += begun(uids[1]).ScheduledStepAttributesSequence
        told = [begun(uids[0]).to_json_dict(), both.to_json_dict()]
        made = [await steps.create(device(), "", each) for each in told]

        async def said() -> list[dict[str, object]]:
            return [await steps.read(device(), each) for each in made]

        assert await said() == told
        place.later(31 * YEARS)
        for study, left in zip(studies, ([{}, told[1]], [{}, {}]), strict=True):
            await place.approved(study)
            place.later(timedelta(days=31))
            assert await place.purger.run() == 1
            assert await said() == left
