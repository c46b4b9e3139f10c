"""Studies are kept as long as they must be, and go only by two people's decision."""

import hashlib
import itertools
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import Conflict, NotAllowed, NotFound
from server.core.objects.errors import DigestMismatch, ObjectStoreUnavailable
from server.core.objects.file_store import FileStore
from server.core.objects.port import ObjectStore
from server.core.objects.tiered import TieredStore
from server.core.settings import LifecycleSettings, RetentionClass
from server.dicomweb.derived import keys_of
from server.identity.public import Actor, ActorKind, Role
from server.intake.arrival import Verdict
from server.intake.models import Quarantined, StoredObject
from server.intake.scrub import Scrub, ScrubReport
from server.lifecycle.models import (
    TRANSITIONS,
    DeletionState,
    DeletionStep,
    PurgedObject,
)
from server.lifecycle.public import LifecycleService, Purger, Tiering
from server.lifecycle.retention import _after
from server.lifecycle.service import next_state
from server.patients.models import Patient
from server.patients.public import PatientMergeService
from server.realtime.models import Event
from server.scheduling.public import PerformedSteps
from server.studies.models import Instance, NameKey, Rejection, Study
from server.studies.public import StudyHomes, visible_studies
from tests.server.core.objects.bodies import put
from tests.server.dicom_node.test_performed import begun
from tests.support.dicom_files import ct_bytes, rejection_note
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    COUNTY,
    ORG,
    OTHER_TOWNSHIP,
    IntakeParts,
    create_institutions,
    device,
    running_intake,
    send,
)

SETTINGS = LifecycleSettings(recovery_days=30, cold_after_days=700)
YEARS = timedelta(days=366)


def office(name: str, institution: str = COUNTY) -> Actor:
    roles = frozenset({Role.MEDICAL_OFFICE})
    return Actor(ActorKind.PERSON, name, ORG, institution, roles, "127.0.0.1")


ONE, OTHER = office("one"), office("other")


@dataclass
class Place:
    """Intake over two stores, and the services under test."""

    parts: IntakeParts
    lifecycle: LifecycleService
    purger: Purger
    tiering: Tiering
    store: TieredStore
    derived: FileStore
    database: Database
    clock: ManualClock
    audit: AuditTrail

    async def arrive(self, number: str = "A1", **changes: object) -> tuple[str, bytes]:
        """Receive a study, have it drained, and return its id and bytes."""
        own: dict[str, object] = {
            "StudyInstanceUID": generate_uid(),
            "SOPInstanceUID": generate_uid(),
            **changes,
        }
        data = ct_bytes(PatientID=number, **own)
        assert (await send(self.parts.intake, data)).verdict.kept
        while await self.parts.drain.drain_once():
            pass
        async with self.database.reading() as session:
            found = await session.scalar(
                select(Study.id).where(Study.study_instance_uid == own["StudyInstanceUID"])
            )
        assert found is not None
        return found, data

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by.total_seconds())

    async def visible(self, study_id: str) -> bool:
        """Tell whether lists and searches show a study."""
        async with self.database.reading() as session:
            query = visible_studies(ONE, self.clock.now()).where(Study.id == study_id)
            return await session.scalar(query) is not None

    async def approved(self, study_id: str) -> str:
        """Have a study's deletion asked for and approved."""
        deletion = await self.lifecycle.request_deletion(ONE, study_id, "kept long enough")
        await self.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "agreed")
        return deletion

    async def keys(self, store: ObjectStore) -> list[str]:
        """Return what a store holds."""
        async with aclosing(store.keys()) as keys:
            return [key async for key in keys]

    async def read(self, data: bytes) -> bytes:
        """Read an object back."""
        async with self.database.reading() as session:
            object_id = await session.scalar(
                select(StoredObject.id).where(
                    StoredObject.sha256 == hashlib.sha256(data).hexdigest()
                )
            )
        assert object_id is not None
        async with self.parts.originals.open(object_id) as blocks:
            return b"".join([block async for block in blocks])

    async def scrub(self) -> ScrubReport:
        """Scrub both stores."""
        with ThreadPoolExecutor(2) as executor:
            work = Scrub(
                spool=self.parts.spool, store=self.store, database=self.database,
                audit=self.audit, clock=self.clock, executor=executor,
            )  # fmt: skip
            return await work.run()


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    clock, ids = ManualClock(), CountingIds()
    await create_institutions(database, clock)
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="web")
    with ThreadPoolExecutor(4) as executor:
        stores = [FileStore(tmp_path / name, executor=executor) for name in ("objects", "cold")]
        tiered = TieredStore(*stores)
        derived = FileStore(tmp_path / "derived", executor=executor, replaceable=True)
        await derived.open()
        async with running_intake(database, tmp_path, clock, ids, store=tiered) as parts:
            yield Place(
                parts,
                LifecycleService(
                    database=database, audit=audit, clock=clock, ids=ids, settings=SETTINGS
                ),
                Purger(
                    database=database, originals=tiered, derived=derived, audit=audit,
                    clock=clock, settings=SETTINGS,
                ),
                Tiering(
                    database=database, store=tiered, audit=audit, clock=clock, settings=SETTINGS
                ),
                tiered, derived, database, clock, audit,
            )  # fmt: skip
        await derived.close()


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


async def test_a_study_with_a_rejection_note_is_purged_with_it(place: Place) -> None:
    study, data = await place.arrive()
    assert (await send(place.parts.intake, rejection_note(data))).verdict.kept
    while await place.parts.drain.drain_once():
        pass
    place.later(31 * YEARS)
    await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []


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
        assert (await session.scalars(select(Quarantined.object_id))).all() == [None]


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
        database=place.database, homes=StudyHomes(place.clock), audit=place.audit,
        clock=place.clock, ids=CountingIds(),
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
    assert (await place.lifecycle.deletions(stranger, (), 10)).items == []
    assert len((await place.lifecycle.deletions(ONE, (), 10)).items) == 1


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


async def test_old_studies_move_to_the_cold_store_and_are_read_as_before(place: Place) -> None:
    study, data = await place.arrive()
    place.later(timedelta(days=701))
    fresh, _ = await place.arrive("B2", PatientName="Somebody^Much^Longer")
    assert await place.tiering.run() == 1
    assert await place.tiering.run() == 0
    assert len(await place.keys(place.store.cold)) == len(await place.keys(place.store.hot)) == 1
    assert await place.read(data) == data
    assert (await place.lifecycle.of_study(ONE, study)).cold_since == place.clock.now()
    assert (await place.lifecycle.of_study(ONE, fresh)).cold_since is None
    report = await place.scrub()
    assert (report.checked, report.damaged, report.orphans) == (2, 0, 0)
    place.later(timedelta(hours=1))
    await place.tiering.recall(ONE, study)
    assert await place.tiering.run() == 1
    assert await place.keys(place.store.cold) == []
    assert await place.read(data) == data
    assert await place.tiering.run() == 0


async def test_rotten_bytes_are_not_moved(place: Place, tmp_path: Path) -> None:
    _, data = await place.arrive()
    (key,) = await place.keys(place.store)
    path = tmp_path / "objects" / key
    path.chmod(0o640)
    path.write_bytes(data[:-1] + b"\xff")
    place.later(timedelta(days=701))
    with pytest.raises(Exception, match="sha256"):
        await place.tiering.run()
    assert await place.keys(place.store.cold) == []
    assert await place.keys(place.store.hot) == [key]


async def test_rotten_bytes_keep_no_other_study_from_being_moved(
    place: Place, tmp_path: Path
) -> None:
    rotten, data = await place.arrive()
    (key,) = await place.keys(place.store)
    path = tmp_path / "objects" / key
    path.chmod(0o640)
    path.write_bytes(data[:-1] + b"\xff")
    place.later(timedelta(hours=1))
    whole, other = await place.arrive("B2", PatientName="Somebody^Much^Longer")
    place.later(timedelta(days=701))
    with pytest.raises(DigestMismatch):
        await place.tiering.run()
    assert await place.keys(place.store.hot) == [key]
    assert len(await place.keys(place.store.cold)) == 1
    assert await place.read(other) == other
    cold = [(await place.lifecycle.of_study(ONE, each)).cold_since for each in (rotten, whole)]
    assert cold == [None, place.clock.now()]


async def test_a_store_that_is_down_is_not_asked_for_every_study(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await place.arrive(f"C{number}", PatientName=f"Somebody^{'x' * number}")
    place.later(timedelta(days=701))
    asked: list[str] = []

    async def down(key: str, **_: object) -> None:
        asked.append(key)
        raise ObjectStoreUnavailable("down")

    with monkeypatch.context() as broken:
        broken.setattr(place.store, "move", down)
        with pytest.raises(ObjectStoreUnavailable):
            await place.tiering.run()
    assert len(asked) == 5
    assert await place.tiering.run() == 7


async def test_a_move_that_died_between_copy_and_removal_is_finished(place: Place) -> None:
    study, data = await place.arrive()
    (key,) = await place.keys(place.store)
    await put(place.store.cold, key, data)
    place.later(timedelta(days=701))
    assert await place.tiering.run() == 1
    assert await place.keys(place.store.hot) == []
    assert await place.read(data) == data
    assert (await place.lifecycle.of_study(ONE, study)).cold_since is not None


async def test_a_cold_study_is_purged_from_where_it_is(place: Place) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    assert await place.tiering.run() == 1
    await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []


def test_a_leap_day_s_study_is_kept_a_day_longer_not_shorter() -> None:
    assert _after(date(2024, 2, 29), 15) == date(2039, 3, 1)
    assert _after(date(9990, 1, 1), 30).year == 9999
