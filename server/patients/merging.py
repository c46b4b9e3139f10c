"""Two records of one person become one, and become two again (IHE PIR; PIX merge).

A merge is a link from the record that is given up to the one that survives; every study, whenever
it came, is shown under the end of its links. Nothing is overwritten, so undoing is exact.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.public import Actor, InstitutionRef, act_of
from server.patients.links import group_of, hold_line, survivors_of
from server.patients.models import Patient, PatientMerge
from server.patients.schemas import (
    KeepingInstitutionOut,
    PatientMergeOut,
    PatientRecordOut,
    PatientRecordPage,
)


class Homes(Protocol):
    """The studies above: `studies`' `StudyHomes`."""

    def within_reach(self, actor: Actor) -> Select[str]:
        """Return the query of the patients of whom a study is within the reach of ``actor``.

        Deleted ones count while they can be restored.
        """
        ...

    async def counts(self, session: AsyncSession, patients: Collection[str]) -> dict[str, int]:
        """Return how many studies each patient has, deleted ones as well but no purged ones."""
        ...

    async def hold(self, session: AsyncSession, patients: Collection[str]) -> None:
        """Hold the studies of ``patients``."""
        ...

    async def follow(self, uow: UnitOfWork, patients: Collection[str]) -> int:
        """Show the studies of ``patients`` where they belong; return how many there are."""
        ...


class InstitutionNames(Protocol):
    """Knows institutions by id."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, InstitutionRef]:
        """Return those of ``ids`` that exist."""
        ...


class PatientMergeService:
    """Finds, merges and unmerges patients for who may."""

    def __init__(
        self,
        *,
        database: Database,
        institutions: InstitutionNames,
        homes: Homes,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._institutions = institutions
        self._homes = homes
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def find(self, actor: Actor, text: str, limit: int) -> PatientRecordPage:
        """Return records within reach whose number is ``text`` or whose name holds it."""
        sought = text.strip()
        if not sought:
            raise InvalidInput("say a number or part of a name", code="nothing-sought")
        query = (
            select(Patient)
            .where(
                Patient.id.in_(self._homes.within_reach(actor)),
                or_(
                    Patient.identifier == sought,
                    Patient.name.icontains(sought, autoescape=True),
                    Patient.name_latin.icontains(sought, autoescape=True),
                ),
            )
            .order_by(Patient.name, Patient.id)
            .limit(limit + 1)
        )
        async with self._database.reading() as session:
            found = list(await session.scalars(query))
            items = await self._out(session, found[:limit])
        return PatientRecordPage(items=items, more=len(found) > limit)

    async def one(self, actor: Actor, patient_id: str) -> PatientRecordOut:
        """Return one record.

        Raises
        ------
        NotFound
            If there is none within reach.
        """
        async with self._database.reading() as session:
            patient = await self._within_reach(session, actor, patient_id)
            return (await self._out(session, [patient]))[0]

    async def merge(self, actor: Actor, patient_id: str, into: str, reason: str) -> None:
        """Let one record be given up for another.

        Raises
        ------
        NotFound
            If either is not within reach.
        Conflict
            If they are one already, or either was merged into another.
        """
        if patient_id == into:
            raise InvalidInput("a patient cannot be merged with themselves", code="same-patient")
        async with self._database.unit_of_work() as uow:
            for each in (patient_id, into):
                await self._within_reach(uow.session, actor, each)
            await self._hold_studies(uow.session, patient_id)
            for each in sorted((patient_id, into)):
                patient = await self._within_reach(uow.session, actor, each, lock=True)
                if patient.merged_into_id is not None:
                    raise Conflict(
                        "one of them was merged before: take the survivor, or undo that first",
                        code="merged-before",
                    )
            group = await group_of(uow.session, patient_id)
            await _link(uow.session, patient_id, into)
            await uow.session.execute(
                insert(PatientMerge).values(
                    id=self._ids.new(), org=actor.org, patient_pk=patient_id, into_pk=into,
                    reason=reason, merged_by=actor.id, merged_at=self._clock.now(),
                )
            )  # fmt: skip
            self._record(uow, actor, "patient.merge", patient_id, into, reason)
            await self._homes.follow(uow, group)
            await uow.commit()

    async def unmerge(self, actor: Actor, patient_id: str, reason: str) -> None:
        """Undo a record's merge: its studies are shown as they came.

        Raises
        ------
        NotFound
            If it is not within reach.
        Conflict
            If it was not merged.
        """
        async with self._database.unit_of_work() as uow:
            patient = await self._within_reach(uow.session, actor, patient_id)
            await self._hold_studies(uow.session, patient_id)
            # Whom it was merged into as well: else a merge of theirs takes along what is let go.
            await hold_line(uow.session, patient_id)
            await uow.session.refresh(patient)
            into = patient.merged_into_id
            if into is None:
                raise Conflict("the patient was not merged", code="not-merged")
            group = await group_of(uow.session, patient_id)
            await _link(uow.session, patient_id, None)
            await uow.session.execute(
                update(PatientMerge)
                .where(PatientMerge.patient_pk == patient_id, PatientMerge.undone_at.is_(None))
                .values(undone_by=actor.id, undone_at=self._clock.now(), undo_reason=reason)
            )
            self._record(uow, actor, "patient.unmerge", patient_id, into, reason)
            await self._homes.follow(uow, group)
            await uow.commit()

    async def _hold_studies(self, session: AsyncSession, patient_id: str) -> None:
        """Hold the studies that will move before their patients, as whoever indexes and purges."""
        await self._homes.hold(session, await group_of(session, patient_id))

    def _record(
        self, uow: UnitOfWork, actor: Actor, action: str, patient_id: str, into: str, reason: str
    ) -> None:
        detail = {"into": into, "reason": reason}
        act = act_of(actor, action, object_kind="patient", object_id=patient_id, detail=detail)
        self._audit.record(uow, act)

    async def _within_reach(
        self, session: AsyncSession, actor: Actor, patient_id: str, *, lock: bool = False
    ) -> Patient:
        query = select(Patient).where(
            Patient.id == patient_id, Patient.id.in_(self._homes.within_reach(actor))
        )
        if lock:
            # A study that arrives meanwhile refers to the record, and so waits for our end.
            query = query.with_for_update(of=Patient).execution_options(populate_existing=True)
        found = await session.scalar(query)
        if found is None:
            raise NotFound("there is no such patient")
        return found

    async def _out(
        self, session: AsyncSession, patients: Sequence[Patient]
    ) -> list[PatientRecordOut]:
        ids = [patient.id for patient in patients]
        owners = await self._institutions.refs(
            {patient.owner_institution_id for patient in patients}, session
        )
        counts = await self._homes.counts(session, ids)
        survivors = await survivors_of(session, ids)
        merges = await session.scalars(
            select(PatientMerge)
            .where(PatientMerge.patient_pk.in_(ids) | PatientMerge.into_pk.in_(ids))
            .order_by(PatientMerge.merged_at, PatientMerge.id)
        )
        history = [PatientMergeOut.model_validate(each, from_attributes=True) for each in merges]
        return [
            PatientRecordOut(
                id=patient.id,
                issuer=patient.issuer,
                institution=KeepingInstitutionOut.model_validate(
                    owners[patient.owner_institution_id], from_attributes=True
                ),
                identifier=patient.identifier,
                name=patient.name,
                birth_date=patient.birth_date,
                sex=patient.sex,
                survivor_id=survivors[patient.id],
                study_count=counts.get(patient.id, 0),
                merges=[each for each in history if patient.id in (each.patient_pk, each.into_pk)],
            )
            for patient in patients
        ]


async def _link(session: AsyncSession, patient_id: str, into: str | None) -> None:
    await session.execute(
        update(Patient).where(Patient.id == patient_id).values(merged_into_id=into)
    )
