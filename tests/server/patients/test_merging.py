"""Two records become one and two again; the studies follow, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select, update

from dicom.web.query import parse_query
from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, InvalidInput, NotFound
from server.identity.institutions import InstitutionService
from server.identity.public import Actor, ActorKind, Role
from server.patients.models import Patient
from server.patients.public import PatientMergeService
from server.realtime.models import Event
from server.studies.models import ArrivedPatient, Study
from server.studies.public import Level, Search, StudyHomes, StudySearch, hold_studies
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.gate import Gate
from tests.support.senders import (
    COUNTY,
    ORG,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    IntakeParts,
    create_institutions,
    running_intake,
    send,
)

CLOCK = ManualClock()


def office(institution: str = COUNTY) -> Actor:
    roles = frozenset({Role.MEDICAL_OFFICE})
    return Actor(ActorKind.PERSON, f"office-{institution}", ORG, institution, roles, "127.0.0.1")


@dataclass
class Place:
    """Intake, and the service under test over the same database."""

    parts: IntakeParts
    merges: PatientMergeService
    database: Database

    async def arrive(self, number: str, name: str, institution: str = TOWNSHIP) -> str:
        """Receive a study of a patient and return its UID."""
        uid = generate_uid()
        data = ct_bytes(
            SpecificCharacterSet="ISO_IR 192", PatientID=number, PatientName=name,
            PatientBirthDate="19600102", PatientSex="M", StudyInstanceUID=uid,
            SOPInstanceUID=generate_uid(),
        )  # fmt: skip
        receipt = await send(self.parts.intake, data, institution)
        assert receipt.verdict.kept
        return str(uid)

    async def record(self, number: str) -> str:
        """Return the id of the record with a number."""
        async with self.database.reading() as session:
            found = await session.scalar(select(Patient.id).where(Patient.identifier == number))
        assert found is not None
        return found

    async def shown(self) -> dict[str, tuple[object, ...]]:
        """Return under whom each study is shown."""
        async with self.database.reading() as session:
            return {
                study.study_instance_uid: (
                    study.patient_pk, study.patient_id, study.patient_name,
                    study.patient_birth_date, study.patient_sex,
                )
                for study in await session.scalars(select(Study))
            }  # fmt: skip

    async def kept_aside(self) -> int:
        """Return of how many studies the arrival is kept beside the index."""
        async with self.database.reading() as session:
            return len((await session.scalars(select(ArrivedPatient))).all())


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    await create_institutions(database, CLOCK)
    ids = CountingIds()
    async with running_intake(database, tmp_path, CLOCK, ids) as parts:
        audit = AuditTrail(key=b"k" * 32, clock=CLOCK, ids=ids, role="web")
        institutions = InstitutionService(database=database, trail=audit, clock=CLOCK, ids=ids)
        merges = PatientMergeService(
            database=database, institutions=institutions, homes=StudyHomes(CLOCK), audit=audit,
            clock=CLOCK, ids=ids,
        )  # fmt: skip
        yield Place(parts, merges, database)


async def test_a_merge_shows_the_studies_under_the_survivor_and_undoing_it_is_exact(
    place: Place,
) -> None:
    first = await place.arrive("A1", "Zhang^San=张三")
    second = await place.arrive("B2", "Zhang^Shan=张珊")
    before = await place.shown()
    gone, stays = await place.record("A1"), await place.record("B2")
    await place.merges.merge(office(), gone, stays, "one person, two cards")
    merged = await place.shown()
    assert merged[first] == merged[second] == before[second]
    one = await place.merges.one(office(), gone)
    assert (one.survivor_id, one.study_count) == (stays, 0)
    assert (await place.merges.one(office(), stays)).study_count == 2
    await place.merges.unmerge(office(), gone, "two persons after all")
    assert await place.shown() == before
    assert await place.kept_aside() == 0
    history = (await place.merges.one(office(), gone)).merges
    assert [(each.reason, each.undo_reason) for each in history] == [
        ("one person, two cards", "two persons after all")
    ]


async def test_searches_find_the_survivor_alone(place: Place) -> None:
    uid = await place.arrive("A1", "Zhang^San")
    await place.arrive("B2", "Li^Si")
    await place.merges.merge(office(), await place.record("A1"), await place.record("B2"), "same")
    searches = StudySearch(database=place.database, clock=CLOCK)

    async def found(**keys: str) -> set[str]:
        query = parse_query(keys.items())
        page = await searches.page(office(), Search(Level.STUDY, query, 10))
        column = [each.keyword for each in page.attributes].index("StudyInstanceUID")
        return {row[column] for row in page.rows}

    assert await found(PatientID="A1") == set()
    assert uid in await found(PatientID="B2")
    assert uid in await found(PatientName="Li*")
    assert await found(PatientName="Zhang*") == set()


async def test_what_arrives_later_for_the_merged_number_follows(place: Place) -> None:
    await place.arrive("A1", "Zhang^San")
    await place.arrive("B2", "Li^Si")
    gone, stays = await place.record("A1"), await place.record("B2")
    await place.merges.merge(office(), gone, stays, "same")
    late = await place.arrive("A1", "Zhang^San^Late")
    assert (await place.shown())[late][:3] == (stays, "B2", "Li^Si")
    await place.merges.unmerge(office(), gone, "not the same")
    assert (await place.shown())[late][:3] == (gone, "A1", "Zhang^San^Late")


async def test_a_chain_is_followed_to_its_end_and_undone_in_any_order(place: Place) -> None:
    first = await place.arrive("A1", "A")
    second = await place.arrive("B2", "B")
    await place.arrive("C3", "C")
    before = await place.shown()
    a, b, c = [await place.record(number) for number in ("A1", "B2", "C3")]
    await place.merges.merge(office(), a, b, "same")
    await place.merges.merge(office(), b, c, "same")
    shown = await place.shown()
    assert {shown[first][1], shown[second][1]} == {"C3"}
    await place.merges.unmerge(office(), a, "not a")
    shown = await place.shown()
    assert (shown[first], shown[second][1]) == (before[first], "C3")
    await place.merges.merge(office(), a, c, "after all")
    await place.merges.unmerge(office(), b, "not b")
    await place.merges.unmerge(office(), a, "not a")
    assert await place.shown() == before


async def test_undoing_the_upper_merge_leaves_the_lower(place: Place) -> None:
    first = await place.arrive("A1", "A")
    second = await place.arrive("B2", "B")
    await place.arrive("C3", "C")
    a, b, c = [await place.record(number) for number in ("A1", "B2", "C3")]
    await place.merges.merge(office(), a, b, "same")
    await place.merges.merge(office(), b, c, "same")
    await place.merges.unmerge(office(), b, "not b")
    shown = await place.shown()
    assert (shown[first][:3], shown[second][:3]) == ((b, "B2", "B"), (b, "B2", "B"))


async def test_what_cannot_be_merged_is_refused(place: Place) -> None:
    await place.arrive("A1", "A")
    await place.arrive("B2", "B")
    await place.arrive("D4", "D", OTHER_TOWNSHIP)
    a, b, d = [await place.record(number) for number in ("A1", "B2", "D4")]
    with pytest.raises(InvalidInput, match="themselves"):
        await place.merges.merge(office(), a, a, "same")
    with pytest.raises(Conflict, match="not merged"):
        await place.merges.unmerge(office(), a, "never was")
    with pytest.raises(NotFound):
        await place.merges.merge(office(TOWNSHIP), a, d, "not of ours")
    with pytest.raises(NotFound):
        await place.merges.one(office(OTHER_TOWNSHIP), a)
    await place.merges.merge(office(), a, b, "same")
    for pair in ((a, d), (d, a), (b, a)):
        with pytest.raises(Conflict, match="before"):
            await place.merges.merge(office(), *pair, "same")
    assert (await place.merges.find(office(OTHER_TOWNSHIP), "A1", 10)).items == []
    assert [each.id for each in (await place.merges.find(office(), "D4", 10)).items] == [d]


async def test_arrivals_while_they_are_merged_all_follow(place: Place) -> None:
    await place.arrive("A1", "A")
    await place.arrive("B2", "B")
    gone, stays = await place.record("A1"), await place.record("B2")
    arrivals = [asyncio.create_task(place.arrive("A1", "A")) for _ in range(12)]
    await asyncio.sleep(0)
    await place.merges.merge(office(), gone, stays, "same")
    await asyncio.gather(*arrivals)
    assert {each[:2] for each in (await place.shown()).values()} == {(stays, "B2")}


class GatedHomes(StudyHomes):
    """Homes that keep a merge open behind what it moved."""

    def __init__(self) -> None:
        super().__init__(CLOCK)
        self.gate = Gate()
        self.gate.is_shut = True

    async def follow(self, uow: UnitOfWork, patients: Collection[str]) -> int:
        """Move them, and wait."""
        moved = await super().follow(uow, patients)
        await self.gate.wait()
        return moved


def gated(place: Place) -> tuple[PatientMergeService, Gate]:
    homes, ids = GatedHomes(), CountingIds()
    audit = AuditTrail(key=b"k" * 32, clock=CLOCK, ids=ids, role="web")
    institutions = InstitutionService(database=place.database, trail=audit, clock=CLOCK, ids=ids)
    service = PatientMergeService(
        database=place.database, institutions=institutions, homes=homes, audit=audit, clock=CLOCK,
        ids=ids,
    )  # fmt: skip
    return service, homes.gate


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_merge_does_not_take_along_what_is_being_undone(place: Place) -> None:
    first = await place.arrive("A1", "A")
    await place.arrive("B2", "B")
    await place.arrive("C3", "C")
    before = await place.shown()
    a, b, c = [await place.record(number) for number in ("A1", "B2", "C3")]
    await place.merges.merge(office(), a, b, "same")
    service, gate = gated(place)
    undoing = asyncio.create_task(service.unmerge(office(), a, "not a"))
    await gate.reached.wait()
    merging = asyncio.create_task(place.merges.merge(office(), b, c, "same"))
    await gate.open_behind(merging, place.database)
    await asyncio.gather(undoing, merging)
    assert (await place.shown())[first] == before[first]
    await place.merges.unmerge(office(), b, "not b")
    assert await place.shown() == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_arrives_while_its_survivor_is_merged_follows_to_the_end(place: Place) -> None:
    for number in ("A1", "B2", "C3"):
        await place.arrive(number, number)
    a, b, c = [await place.record(number) for number in ("A1", "B2", "C3")]
    await place.merges.merge(office(), a, b, "same")
    service, gate = gated(place)
    merging = asyncio.create_task(service.merge(office(), b, c, "same"))
    await gate.reached.wait()
    arriving = asyncio.create_task(place.arrive("A1", "A"))
    await gate.open_behind(arriving, place.database)
    await merging
    late = await arriving
    assert (await place.shown())[late][:2] == (c, "C3")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("step", ["merge", "unmerge"])
async def test_who_holds_a_study_may_change_its_patient_beside_a_merge(
    place: Place, step: str
) -> None:
    """As a purge does, and who indexes what else came of the patient."""
    uid = await place.arrive("A1", "A")
    await place.arrive("B2", "B")
    a, b = [await place.record(number) for number in ("A1", "B2")]
    if step == "unmerge":
        await place.merges.merge(office(), a, b, "same")
    gate = Gate()
    gate.is_shut = True

    async def change() -> None:
        async with place.database.unit_of_work() as uow:
            await hold_studies(uow.session, [ORG], [uid])
            await gate.wait()
            await uow.session.execute(update(Patient).where(Patient.id == a).values(name="A"))
            await uow.commit()

    changing = asyncio.create_task(change())
    await gate.reached.wait()
    if step == "merge":
        merging = asyncio.create_task(place.merges.merge(office(), a, b, "same"))
    else:
        merging = asyncio.create_task(place.merges.unmerge(office(), a, "not the same"))
    await gate.open_behind(merging, place.database)
    await asyncio.gather(changing, merging)
    assert (await place.shown())[uid][0] == (b if step == "merge" else a)


async def test_merges_and_their_undoing_are_on_record(place: Place) -> None:
    await place.arrive("A1", "A")
    await place.arrive("B2", "B")
    gone, stays = await place.record("A1"), await place.record("B2")
    await place.merges.merge(office(), gone, stays, "same")
    await place.merges.unmerge(office(), gone, "other")
    async with place.database.reading() as session:
        events = (
            await session.scalars(
                select(AuditEvent)
                .where(AuditEvent.action.startswith("patient."))
                .order_by(AuditEvent.seq)
            )
        ).all()
        told = (await session.scalars(select(Event).where(Event.topic == "study.updated"))).all()
    assert [
        (each.action, each.object_id, orjson.loads(each.detail)["reason"]) for each in events
    ] == [("patient.merge", gone, "same"), ("patient.unmerge", gone, "other")]
    assert len(told) == 2
