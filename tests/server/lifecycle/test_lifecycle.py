"""Studies are kept as long as they must be, and go only by two people's decision."""

import asyncio
import hashlib
import itertools
from datetime import date, timedelta

import orjson
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from server.audit.models import AuditEvent
from server.core.errors import Conflict, NotAllowed, NotFound
from server.core.objects.errors import ObjectStoreUnavailable
from server.core.settings import RetentionClass
from server.dicomweb.derived import keys_of
from server.intake.arrival import Verdict
from server.intake.models import Quarantined, StoredObject
from server.lifecycle.forgetting import hold
from server.lifecycle.models import (
    TRANSITIONS,
    Deletion,
    DeletionState,
    DeletionStep,
    PurgedObject,
)
from server.lifecycle.retention import _after
from server.lifecycle.service import next_state
from server.patients.models import Patient
from server.studies.models import Instance, NameKey, Study
from tests.server.core.objects.bodies import put
from tests.server.lifecycle.place import ONE, OTHER, YEARS, Place, office
from tests.support.dicom_files import ct_bytes
from tests.support.senders import (
    ORG,
    OTHER_TOWNSHIP,
    send,
)


@pytest.mark.parametrize(("chosen", "years"), [(None, 30), (RetentionClass.OUTPATIENT, 15)])
async def test_a_study_is_kept_by_its_class_from_its_patient_s_last_visit(
    place: Place, chosen: RetentionClass | None, years: int
) -> None:
    study, _ = await place.arrive()
    if chosen is not None:
        await place.lifecycle.set_class(ONE, study, chosen, "never admitted")
    first = await place.lifecycle.of_study(ONE, study)
    today = place.clock.now().date()
    assert first.last_visit == today
    assert first.retained_until.year == today.year + years
    place.later(5 * YEARS)
    await place.arrive("somebody else")
    assert (await place.lifecycle.of_study(ONE, study)).last_visit == today
    await place.arrive()
    later = await place.lifecycle.of_study(ONE, study)
    assert later.last_visit == place.clock.now().date()
    assert later.retained_until > first.retained_until


async def test_what_must_be_kept_or_is_held_is_not_deleted_and_the_try_is_on_record(
    place: Place,
) -> None:
    study, _ = await place.arrive()
    with pytest.raises(Conflict, match="kept until"):
        await place.lifecycle.request_deletion(ONE, study, "no room")
    place.later(31 * YEARS)
    await place.lifecycle.place_hold(ONE, study, "case 12", whole_patient=False)
    with pytest.raises(Conflict, match="legal hold"):
        await place.lifecycle.request_deletion(ONE, study, "no room")
    held = await place.lifecycle.of_study(ONE, study)
    await place.lifecycle.lift_hold(OTHER, study, held.holds[0].id, "case closed")
    assert (await place.lifecycle.of_study(ONE, study)).holds == []
    await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    async with place.database.reading() as session:
        events = await session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action == "deletion.refuse")
            .order_by(AuditEvent.seq)
        )
        told = [(each.outcome, orjson.loads(each.detail)["code"]) for each in events]
    assert told == [("refused", "retained"), ("refused", "legal-hold")]


async def test_what_is_purged_is_not_held(place: Place) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    await place.approved(study)
    # Deleted but not gone yet, it is.
    await place.lifecycle.place_hold(ONE, study, "case 12", whole_patient=False)
    held = await place.lifecycle.of_study(ONE, study)
    await place.lifecycle.lift_hold(ONE, study, held.holds[0].id, "case closed")
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    for whole_patient in (False, True):
        with pytest.raises(Conflict, match="purged"):
            await place.lifecycle.place_hold(ONE, study, "late", whole_patient=whole_patient)


async def test_a_hold_waits_for_the_purge_under_way(place: Place) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    deletion = await place.approved(study)
    async with place.database.unit_of_work() as uow:
        await hold(uow.session, study)
        (await uow.session.get_one(Deletion, deletion)).state = DeletionState.PURGING
        await uow.session.flush()
        placing = asyncio.create_task(
            place.lifecycle.place_hold(ONE, study, "case 12", whole_patient=False)
        )
        await asyncio.sleep(0.2)
        await uow.commit()
    with pytest.raises(Conflict, match="purged"):
        await placing


async def test_a_hold_on_the_patient_covers_every_study_of_theirs(place: Place) -> None:
    study, _ = await place.arrive()
    other, _ = await place.arrive()
    stranger, _ = await place.arrive("B2")
    place.later(31 * YEARS)
    await place.lifecycle.place_hold(ONE, study, "case 12", whole_patient=True)
    with pytest.raises(Conflict, match="legal hold"):
        await place.lifecycle.request_deletion(ONE, other, "no room")
    await place.lifecycle.request_deletion(ONE, stranger, "kept long enough")


async def test_two_people_delete_and_until_the_bytes_go_it_is_undone(place: Place) -> None:
    study, data = await place.arrive()
    place.later(31 * YEARS)
    deletion = await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    with pytest.raises(NotAllowed, match="does not approve"):
        await place.lifecycle.decide(ONE, deletion, DeletionStep.APPROVE, "myself")
    assert await place.visible(study)
    with pytest.raises(Conflict, match="under way"):
        await place.lifecycle.request_deletion(OTHER, study, "again")
    approved = await place.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "agreed")
    assert approved.purge_after == place.clock.now() + timedelta(days=30)
    assert not await place.visible(study)
    assert await place.purger.run() == 0
    await place.lifecycle.decide(ONE, deletion, DeletionStep.RESTORE, "asked for after all")
    assert await place.visible(study)
    assert await place.read(data) == data


async def test_after_the_window_index_bytes_and_derived_data_are_gone_and_stay_away(
    place: Place,
) -> None:
    study, data = await place.arrive(PatientName="Zhang^San")
    kept, other = await place.arrive("B2", PatientName="Li^Si^Longer", InstanceNumber="12345")
    sha256 = hashlib.sha256(data).hexdigest()
    for key in (*keys_of(ORG, sha256), f"{ORG}/p/other/1-jpeg"):
        await put(place.derived, key, b"made of it")
    place.later(31 * YEARS)
    deletion = await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.purger.run() == 0
    assert await place.keys(place.derived) == [f"{ORG}/p/other/1-jpeg"]
    assert len(await place.keys(place.store)) == 1
    assert await place.read(other) == other
    async with place.database.reading() as session:
        row = await session.get_one(Study, study)
        patient = await session.get_one(Patient, row.patient_pk)
        left = await session.scalar(select(func.count()).select_from(Instance))
        listed = (await session.scalars(select(PurgedObject))).all()
        names = set(await session.scalars(select(NameKey.name)))
    assert (row.patient_name, row.patient_id, patient.name, left) == (None, None, None, 1)
    assert [each.sha256 for each in listed] == [sha256]
    assert names == {"Li^Si^Longer"}
    found = (await place.lifecycle.of_study(ONE, study)).deletions[0]
    assert (found.id, found.state) == (deletion, DeletionState.PURGED)
    assert await place.visible(kept)
    report = await place.scrub()
    assert (report.damaged, report.orphans) == (0, 0)
    again = await send(place.parts.intake, data)
    assert (again.verdict, again.code) == (Verdict.DELETED, "study-deleted")
    async with place.database.reading() as session:
        assert (await session.scalars(select(Quarantined.object_id))).all() == [None]
        assert await session.scalar(select(func.count()).select_from(StoredObject)) == 1


async def test_what_arrives_for_a_deleted_study_is_refused_also_by_who_just_sent_to_it(
    place: Place,
) -> None:
    uid, series = generate_uid(), generate_uid()
    study, first = await place.arrive(StudyInstanceUID=uid, SeriesInstanceUID=series)
    place.later(31 * YEARS)
    await place.approved(study)
    further = ct_bytes(
        PatientID="A1", StudyInstanceUID=uid, SeriesInstanceUID=series,
        SOPInstanceUID=generate_uid(),
    )  # fmt: skip
    assert (await send(place.parts.intake, further)).verdict is Verdict.DELETED
    assert (await send(place.parts.intake, first)).verdict is Verdict.DELETED


async def test_a_hold_placed_in_the_window_stops_the_purge(place: Place) -> None:
    study, data = await place.arrive()
    place.later(31 * YEARS)
    await place.approved(study)
    await place.lifecycle.place_hold(ONE, study, "case 12", whole_patient=False)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 0
    assert await place.read(data) == data


@pytest.mark.parametrize("by", ["a visit", "another class"])
async def test_what_must_be_kept_longer_since_its_deletion_is_not_purged_before(
    place: Place, by: str
) -> None:
    study, data = await place.arrive()
    if by == "another class":
        await place.lifecycle.set_class(ONE, study, RetentionClass.OUTPATIENT, "never admitted")
        place.later(16 * YEARS)
    else:
        place.later(31 * YEARS)
    await place.approved(study)
    if by == "another class":
        await place.lifecycle.set_class(ONE, study, RetentionClass.INPATIENT, "was admitted")
    else:
        await place.arrive(PatientName="Somebody^Much^Longer")
    place.later(timedelta(days=31))
    assert await place.purger.run() == 0
    assert await place.read(data) == data
    place.later(31 * YEARS)
    assert await place.purger.run() == 1


@pytest.mark.fault
async def test_a_purge_that_died_half_way_is_finished(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    await place.approved(study)
    place.later(timedelta(days=31))

    async def down(key: str) -> None:
        raise ObjectStoreUnavailable("down")

    with monkeypatch.context() as broken:
        broken.setattr(place.store, "delete", down)
        with pytest.raises(ObjectStoreUnavailable):
            await place.purger.run()
    found = (await place.lifecycle.of_study(ONE, study)).deletions[0]
    assert found.state is DeletionState.PURGING
    with pytest.raises(Conflict, match="cannot restore"):
        await place.lifecycle.decide(ONE, found.id, DeletionStep.RESTORE, "too late")
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []


async def test_what_was_sent_again_in_the_window_is_purged_from_the_quarantine_too(
    place: Place,
) -> None:
    study, data = await place.arrive()
    place.later(31 * YEARS)
    await place.approved(study)
    assert (await send(place.parts.intake, data)).verdict is Verdict.DELETED
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []
    async with place.database.reading() as session:
        assert (await session.scalars(select(Quarantined.object_id))).all() == []


async def test_a_purge_that_fails_stops_none_behind_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, data = await place.arrive()
    second, _ = await place.arrive("B2", PatientName="Somebody^Much^Longer")
    place.later(31 * YEARS)
    for study in (first, second):
        await place.approved(study)
        place.later(timedelta(hours=1))
    place.later(timedelta(days=31))
    remove = place.store.delete
    sha256 = hashlib.sha256(data).hexdigest()

    async def refused(key: str) -> None:
        if key.endswith(sha256):
            raise ObjectStoreUnavailable("down")
        await remove(key)

    with monkeypatch.context() as broken:
        broken.setattr(place.store, "delete", refused)
        with pytest.raises(ObjectStoreUnavailable):
            await place.purger.run()
    (left,) = await place.keys(place.store)
    assert left.endswith(sha256)
    states = [
        (await place.lifecycle.of_study(ONE, study)).deletions[0].state for study in (first, second)
    ]
    assert states == [DeletionState.PURGING, DeletionState.PURGED]
    assert await place.purger.run() == 1


async def test_another_institution_s_study_is_not_there(place: Place) -> None:
    study, _ = await place.arrive()
    stranger = office("stranger", OTHER_TOWNSHIP)
    place.later(31 * YEARS)
    deletion = await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    for asked in (
        place.lifecycle.of_study(stranger, study),
        place.lifecycle.place_hold(stranger, study, "mine", whole_patient=False),
        place.lifecycle.request_deletion(stranger, study, "mine"),
        place.lifecycle.decide(stranger, deletion, DeletionStep.APPROVE, "mine"),
    ):
        with pytest.raises(NotFound):
            await asked
    async with place.database.reading() as session:
        for who, count in ((stranger, 0), (ONE, 1)):
            found, _ = await place.lifecycle.deletions(session, who, (), limit=10, before=None)
            assert len(found) == count


async def test_only_who_asked_withdraws(place: Place) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    deletion = await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    with pytest.raises(NotAllowed, match="withdraws"):
        await place.lifecycle.decide(OTHER, deletion, DeletionStep.WITHDRAW, "no")
    await place.lifecycle.decide(ONE, deletion, DeletionStep.WITHDRAW, "no")
    with pytest.raises(Conflict, match="cannot approve"):
        await place.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "yes")


def test_every_step_from_every_state_is_as_the_table_says() -> None:
    for state, step in itertools.product(DeletionState, DeletionStep):
        if (state, step) in TRANSITIONS:
            assert next_state(state, step) is TRANSITIONS[state, step]
        else:
            with pytest.raises(Conflict):
                next_state(state, step)


def test_a_leap_day_s_study_is_kept_a_day_longer_not_shorter() -> None:
    assert _after(date(2024, 2, 29), 15) == date(2039, 3, 1)
    assert _after(date(9990, 1, 1), 30).year == 9999
