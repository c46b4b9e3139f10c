"""What the medical office looks through before it decides: a patient's studies, and deletions."""

from collections.abc import Collection, Iterable
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound
from server.identity.public import Actor, PersonRef
from server.lifecycle.models import Deletion, DeletionState
from server.lifecycle.schemas import DeletionPage, KeptStudyOut, KeptStudyPage, ListedDeletionOut
from server.lifecycle.service import LifecycleService
from server.studies.public import Study, StudyOut, visible_studies


class Summaries(Protocol):
    """Studies as lists show them: `studies`' `StudyService`."""

    async def summaries(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> dict[str, StudyOut]:
        """Return those that exist, hidden ones as well."""
        ...


class PeopleNames(Protocol):
    """Knows people by id."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, PersonRef]:
        """Return those of ``ids`` that exist."""
        ...


class Keeping:
    """Lists what there is to decide on."""

    def __init__(
        self,
        *,
        database: Database,
        lifecycle: LifecycleService,
        studies: Summaries,
        people: PeopleNames,
        clock: Clock,
    ) -> None:
        self._database = database
        self._lifecycle = lifecycle
        self._studies = studies
        self._people = people
        self._clock = clock

    async def of_patient(self, actor: Actor, patient_id: str, limit: int) -> KeptStudyPage:
        """Return the studies shown under a patient's record, newest first, deleted ones as well.

        Purged ones are the patient's no more.

        Raises
        ------
        NotFound
            If there is none within reach.
        """
        reach = visible_studies(actor, self._clock.now(), hidden=True)
        purged = select(Deletion.study_pk).where(Deletion.state == DeletionState.PURGED)
        query = (
            select(Study.id)
            .where(Study.patient_pk == patient_id, Study.id.in_(reach), Study.id.not_in(purged))
            .order_by(Study.received_at.desc(), Study.id.desc())
            .limit(limit + 1)
        )
        async with self._database.reading() as session:
            ids = (await session.scalars(query)).all()
            shown = await self._studies.summaries(session, ids[:limit])
        if not ids:
            raise NotFound("there is no such patient, or no study of theirs")
        kept = [await self._lifecycle.of_study(actor, each) for each in ids[:limit]]
        names = await self._names(hold.placed_by for each in kept for hold in each.holds)
        items = [
            KeptStudyOut(
                study=shown[each.study_id],
                lifecycle=each,
                holders={
                    hold.placed_by: names[hold.placed_by]
                    for hold in each.holds
                    if hold.placed_by in names
                },
            )
            for each in kept
        ]
        return KeptStudyPage(items=items, more=len(ids) > limit)

    async def deletions(
        self, actor: Actor, states: Collection[DeletionState], limit: int
    ) -> DeletionPage:
        """Return deletions of studies within reach, newest first, with what they are of."""
        found = await self._lifecycle.deletions(actor, states, limit)
        async with self._database.reading() as session:
            shown = await self._studies.summaries(session, {each.study_pk for each in found})
        names = await self._names(
            id_ for each in found for id_ in (each.requested_by, each.decided_by) if id_ is not None
        )
        return DeletionPage(
            items=[
                ListedDeletionOut(
                    **each.model_dump(),
                    study=shown[each.study_pk],
                    requested_by_name=names.get(each.requested_by),
                    decided_by_name=names.get(each.decided_by or ""),
                )
                for each in found
            ]
        )

    async def _names(self, ids: Iterable[str]) -> dict[str, str]:
        return {id_: ref.display_name for id_, ref in (await self._people.refs(set(ids))).items()}
