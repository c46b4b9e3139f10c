"""What the medical office looks through before it decides."""

from collections.abc import Collection

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.errors import NotFound
from server.identity.public import PersonRef
from server.lifecycle.keeping import Keeping
from server.lifecycle.models import DeletionState, DeletionStep
from server.studies.models import Study
from server.studies.public import StudyService
from tests.server.lifecycle.place import ONE, OTHER, YEARS, Place, office
from tests.support.senders import OTHER_TOWNSHIP


class People:
    """Everybody is called by their id, but nobody knows the other one."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, PersonRef]:
        assert within is None
        return {each: PersonRef(each, f"Dr {each}") for each in ids if each != OTHER.id}


def keeping(place: Place) -> Keeping:
    return Keeping(
        database=place.database,
        lifecycle=place.lifecycle,
        studies=StudyService(place.database, place.institutions, place.clock),
        people=People(),
        clock=place.clock,
    )


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
    page = await keeping(place).of_patient(ONE, await patient_of(place, older), 10)
    assert [each.study.id for each in page.items] == [newer, older]
    first, second = page.items
    assert (first.lifecycle.holds[0].reason, first.holders) == ("case 12", {"one": "Dr one"})
    assert (second.study.description, second.lifecycle.holds, second.holders) == ("CHEST", [], {})
    # A visit keeps the patient's earlier studies as well.
    assert second.lifecycle.retained_until == first.lifecycle.retained_until
    assert not page.more
    assert (await keeping(place).of_patient(ONE, await patient_of(place, older), 1)).more


async def test_a_deleted_study_is_told_until_its_bytes_go(place: Place) -> None:
    study, _ = await place.arrive("A1", PatientName="Wang^Fang")
    patient = await patient_of(place, study)
    place.later(31 * YEARS)
    deletion = await place.lifecycle.request_deletion(ONE, study, "kept long enough")
    (listed,) = (await keeping(place).deletions(OTHER, (), 10)).items
    assert (listed.id, listed.state, listed.study.patient.patient_id) == (
        deletion, DeletionState.REQUESTED, "A1",
    )  # fmt: skip
    assert (listed.requested_by_name, listed.decided_by_name) == ("Dr one", None)
    await place.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "agreed")
    (kept,) = (await keeping(place).of_patient(ONE, patient, 10)).items
    assert kept.lifecycle.is_hidden
    (approved,) = (await keeping(place).deletions(ONE, [DeletionState.APPROVED], 10)).items
    # Who has left is no name.
    assert (approved.decided_by, approved.decided_by_name) == (OTHER.id, None)
    place.later(YEARS)
    await place.purger.run()
    (purged,) = (await keeping(place).deletions(ONE, [DeletionState.PURGED], 10)).items
    assert (purged.study.patient.name, purged.study.description) == (None, None)
    assert purged.study.study_instance_uid
    with pytest.raises(NotFound):
        await keeping(place).of_patient(ONE, patient, 10)


async def test_another_institution_s_patient_is_not_there(place: Place) -> None:
    study, _ = await place.arrive()
    with pytest.raises(NotFound):
        await keeping(place).of_patient(
            office("stranger", OTHER_TOWNSHIP), await patient_of(place, study), 10
        )
