"""What the medical office looks through before it decides: a patient's studies, and deletions."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound
from server.core.paging import Cursor, behind
from server.identity.public import Actor, PersonRef
from server.lifecycle.models import Deletion, DeletionState
from server.lifecycle.schemas import (
    DeletionPage,
    KeptStudyOut,
    KeptStudyPage,
    LifecycleOut,
    ListedDeletionOut,
)
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

    async def of_patient(
        self, actor: Actor, patient_id: str, *, limit: int, before: Cursor | None = None
    ) -> KeptStudyPage:
        """Return a page of the studies under a patient's record, newest first, deleted ones too.

        Purged ones are the patient's no more.

        Raises
        ------
        NotFound
            If there is none within reach.
        """
        reach = visible_studies(actor, self._clock.now(), hidden=True)
        purged = select(Deletion.study_pk).where(Deletion.state == DeletionState.PURGED)
        query = select(Study).where(
            Study.patient_pk == patient_id, Study.id.in_(reach), Study.id.not_in(purged)
        )
        query = query.where(behind(before, Study.received_at, Study.id))
        query = query.order_by(Study.received_at.desc(), Study.id.desc()).limit(limit + 1)
        async with self._database.reading() as session:
            found = (await session.scalars(query)).all()
            if not found and before is None:
                raise NotFound("there is no such patient, or no study of theirs")
            studies = found[:limit]
            shown = await self._studies.summaries(session, [each.id for each in studies])
            kept = await self._lifecycle.of_studies(session, studies)
            names = await self._names(
                session, (hold.placed_by for each in kept.values() for hold in each.holds)
            )
        last = studies[-1] if len(found) > limit else None
        return KeptStudyPage(
            items=[_kept(shown[each.id], kept[each.id], names) for each in studies],
            next=Cursor(last.received_at, last.id).encode() if last is not None else None,
        )

    async def deletions(
        self,
        actor: Actor,
        states: Collection[DeletionState],
        *,
        limit: int,
        before: Cursor | None = None,
    ) -> DeletionPage:
        """Return a page of deletions within reach, newest first, with what they are of."""
        async with self._database.reading() as session:
            found, after = await self._lifecycle.deletions(
                session, actor, states, limit=limit, before=before
            )
            shown = await self._studies.summaries(session, {each.study_pk for each in found})
            people = (id_ for each in found for id_ in (each.requested_by, each.decided_by))
            names = await self._names(session, (id_ for id_ in people if id_ is not None))
        return DeletionPage(
            items=[
                ListedDeletionOut(
                    **each.model_dump(),
                    study=shown[each.study_pk],
                    requested_by_name=names.get(each.requested_by),
                    decided_by_name=names.get(each.decided_by or ""),
                )
                for each in found
            ],
            next=after.encode() if after is not None else None,
        )

    async def _names(self, session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
        refs = await self._people.refs(set(ids), session)
        return {id_: ref.display_name for id_, ref in refs.items()}


def _kept(study: StudyOut, lifecycle: LifecycleOut, names: Mapping[str, str]) -> KeptStudyOut:
    placed_by = {hold.placed_by for hold in lifecycle.holds}
    holders = {id_: name for id_, name in names.items() if id_ in placed_by}
    return KeptStudyOut(study=study, lifecycle=lifecycle, holders=holders)
