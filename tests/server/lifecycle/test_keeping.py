"""What the medical office looks through before it decides."""

import itertools
from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.errors import NotFound
from server.core.paging import Cursor, decode_cursor
from server.identity.public import PersonRef
from server.lifecycle.keeping import Keeping
from server.lifecycle.models import DeletionState, DeletionStep
from server.patients.public import PatientMergeService
from server.studies.models import Study
from server.studies.public import StudyHomes, StudyService
from tests.server.lifecycle.place import ONE, OTHER, YEARS, Place, office
from tests.support.fakes import CountingIds
from tests.support.senders import OTHER_TOWNSHIP


class People:
    """Everybody is called by their id, but nobody knows the other one."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, PersonRef]:
        return {each: PersonRef(each, f"Dr {each}") for each in ids if each != OTHER.id}


def keeping(place: Place) -> Keeping:
    return Keeping(
        database=place.database,
        lifecycle=place.lifecycle,
        studies=StudyService(place.database, place.institutions, place.clock),
        people=People(),
        clock=place.clock,
    )


def merges(place: Place) -> PatientMergeService:
    return PatientMergeService(
        database=place.database, institutions=place.institutions, homes=StudyHomes(place.clock),
        audit=place.audit, clock=place.clock, ids=CountingIds(),
    )  # fmt: skip


async def patient_of(place: Place, study_id: str) -> str:
    async with place.database.reading() as session:
        found = await session.scalar(select(Study.patient_pk).where(Study.id == study_id))
    assert found is not None
    return found


async def test_a_patient_s_studies_are_told_with_holds_and_deletions(place: Place) -> None:
    older, _ = await place.arrive("A1", StudyDescription="CHEST")
    place.later(31 * YEARS)
    newer, _ = await place.arrive("A1")
    await place.arrive("A2")
    await place.lifecycle.place_hold(ONE, newer, "case 12", whole_patient=False)
    page = await keeping(place).of_patient(ONE, await patient_of(place, older), limit=10)
    assert [each.study.id for each in page.items] == [newer, older]
    first, second = page.items
    assert (first.lifecycle.holds[0].reason, first.holders) == ("case 12", {"one": "Dr one"})
    assert (second.study.description, second.lifecycle.holds, second.holders) == ("CHEST", [], {})
    # A visit keeps the patient's earlier studies as well.
    assert second.lifecycle.retained_until == first.lifecycle.retained_until
    assert page.next is None


async def test_a_deleted_study_is_told_until_its_bytes_go(place: Place) -> None:
    study, _ = await place.arrive("A1", PatientName="Wang^Fang")
    patient = await patient_of(place, study)
    place.later(31 * YEARS)
    deletion = await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    (listed,) = (await keeping(place).deletions(OTHER, (), limit=10)).items
    assert (listed.id, listed.state, listed.study.patient.patient_id) == (
        deletion, DeletionState.REQUESTED, "A1",
    )  # fmt: skip
    assert (listed.requested_by_name, listed.decided_by_name) == ("Dr one", None)
    await place.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "agreed")
    (kept,) = (await keeping(place).of_patient(ONE, patient, limit=10)).items
    assert kept.lifecycle.is_hidden
    (approved,) = (await keeping(place).deletions(ONE, [DeletionState.APPROVED], limit=10)).items
    # Who has left is no name.
    assert (approved.decided_by, approved.decided_by_name) == (OTHER.id, None)
    place.later(YEARS)
    await place.purger.run()
    (purged,) = (await keeping(place).deletions(ONE, [DeletionState.PURGED], limit=10)).items
    assert (purged.study.patient.name, purged.study.description) == (None, None)
    assert purged.study.study_instance_uid
    with pytest.raises(NotFound):
        await keeping(place).of_patient(ONE, patient, limit=10)


async def test_another_institution_s_patient_is_not_there(place: Place) -> None:
    study, _ = await place.arrive()
    with pytest.raises(NotFound):
        await keeping(place).of_patient(
            office("stranger", OTHER_TOWNSHIP), await patient_of(place, study), limit=10
        )


async def test_a_patient_s_studies_and_deletions_come_page_by_page(place: Place) -> None:
    studies = [(await place.arrive("A1"))[0] for _ in range(5)]
    patient = await patient_of(place, studies[0])
    place.later(31 * YEARS)
    asked = {await place.lifecycle.request_deletion(ONE, each, "long enough") for each in studies}
    kept, after = [], None
    while True:
        page = await keeping(place).of_patient(ONE, patient, limit=2, before=decode_cursor(after))
        kept.append([each.study.id for each in page.items])
        if (after := page.next) is None:
            break
    # All came, and were asked for, at one time: it is their ids that part them.
    assert [len(each) for each in kept] == [2, 2, 1]
    assert sorted(itertools.chain(*kept)) == sorted(studies)
    told, after = [], None
    while True:
        listed = await keeping(place).deletions(ONE, (), limit=2, before=decode_cursor(after))
        told.append([each.id for each in listed.items])
        if (after := listed.next) is None:
            break
    assert [len(each) for each in told] == [2, 2, 1]
    assert set(itertools.chain(*told)) == asked


async def test_behind_the_last_study_is_an_empty_page(place: Place) -> None:
    study, _ = await place.arrive()
    last = Cursor(datetime(1990, 1, 1, tzinfo=UTC), study)
    patient = await patient_of(place, study)
    page = await keeping(place).of_patient(ONE, patient, limit=10, before=last)
    assert (page.items, page.next) == ([], None)


async def test_many_studies_are_asked_for_as_one_is(place: Place) -> None:
    asked: list[str] = []
    patient = await patient_of(place, (await place.arrive("A1"))[0])
    counts = []
    for _ in range(2):
        event.listen(Engine, "before_cursor_execute", hear := lambda *said: asked.append(said[2]))
        try:
            page = await keeping(place).of_patient(ONE, patient, limit=10)
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
        counts.append((len(page.items), sum(each.startswith("SELECT") for each in asked)))
        asked.clear()
        for _ in range(3):
            await place.arrive("A1")
    (one, few), (four, many) = counts
    assert (one, four) == (1, 4)
    assert few == many


async def test_a_hold_is_told_at_each_study_it_covers_and_at_no_other(place: Place) -> None:
    first, _ = await place.arrive("A1")
    second, _ = await place.arrive("A1")
    stranger, _ = await place.arrive("B2")
    await place.lifecycle.place_hold(ONE, first, "all", whole_patient=True)
    await place.lifecycle.place_hold(ONE, second, "this", whole_patient=False)
    await place.lifecycle.place_hold(ONE, stranger, "else", whole_patient=True)
    page = await keeping(place).of_patient(ONE, await patient_of(place, first), limit=10)
    told = {each.study.id: {hold.reason for hold in each.lifecycle.holds} for each in page.items}
    assert told == {first: {"all"}, second: {"all", "this"}}
    # It is lifted from any of them: the one it was placed on may be out of reach, or gone.
    whole = next(each for each in page.items[0].lifecycle.holds if each.whole_patient)
    await place.lifecycle.lift_hold(ONE, second, whole.id, "closed")
    assert (await place.lifecycle.of_study(ONE, first)).holds == []


async def test_a_patient_is_found_until_the_last_study_is_purged(place: Place) -> None:
    study, _ = await place.arrive("A1", PatientName="Wang^Fang")
    place.later(31 * YEARS)
    await place.approved(study)
    patient = await patient_of(place, study)
    (found,) = (await merges(place).find(ONE, "A1", 10)).items
    assert (found.id, found.study_count) == (patient, 1)
    stranger = office("stranger", OTHER_TOWNSHIP)
    assert (await merges(place).find(stranger, "A1", 10)).items == []
    place.later(YEARS)
    await place.purger.run()
    assert (await merges(place).find(ONE, f"study:{patient}", 10)).items == []
    with pytest.raises(NotFound):
        await merges(place).one(ONE, patient)


async def test_purged_studies_are_not_counted(place: Place) -> None:
    gone, _ = await place.arrive("A1")
    await place.arrive("A1")
    place.later(31 * YEARS)
    await place.approved(gone)
    (before,) = (await merges(place).find(ONE, "A1", 10)).items
    place.later(YEARS)
    await place.purger.run()
    (after,) = (await merges(place).find(ONE, "A1", 10)).items
    assert (before.study_count, after.study_count) == (2, 1)
