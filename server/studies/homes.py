"""Studies under the patient they belong to now: their own, or whom that one was merged into.

The objects stay as they were received, and what the index said of a study's patient before is
kept beside it, so that undoing a merge gives back exactly what was there.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.identity.public import Actor
from server.patients.public import Patient, survivors_of
from server.realtime.public import publish
from server.studies.events import UPDATED, study_event
from server.studies.holding import hold
from server.studies.models import ArrivedPatient, Study
from server.studies.names import remember_names
from server.studies.visibility import is_kept, visible_studies

_SHOWN: Final = ("patient_id", "patient_name", "patient_birth_date", "patient_sex")


class StudyHomes:
    """Implements patients' `Homes`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def within_reach(self, actor: Actor) -> Select[str]:
        """Return the query of the patients of whom a study is within the reach of ``actor``.

        Of a deleted one, too, while it can be restored: so that it can be held.
        """
        here = visible_studies(actor, self._clock.now(), hidden=True).where(is_kept())
        seen = here.where(Study.patient_pk == Patient.id)
        arrived = here.join(ArrivedPatient, ArrivedPatient.study_pk == Study.id).where(
            ArrivedPatient.patient_pk == Patient.id
        )
        return select(Patient.id).where(
            Patient.org == actor.org,
            or_(*(each.correlate(Patient).exists() for each in (seen, arrived))),
        )

    async def counts(self, session: AsyncSession, patients: Collection[str]) -> dict[str, int]:
        """Return how many studies each patient has, deleted ones as well but no purged ones."""
        rows = await session.execute(
            select(Study.patient_pk, func.count())
            .where(Study.patient_pk.in_(patients), is_kept())
            .group_by(Study.patient_pk)
        )
        return {row[0]: row[1] for row in rows}

    async def hold(self, session: AsyncSession, patients: Collection[str]) -> None:
        """Hold the studies that arrived under ``patients``."""
        await hold(session, await _arrived_under(session, patients))

    async def follow(self, uow: UnitOfWork, patients: Collection[str]) -> int:
        """Show the studies that arrived under ``patients`` where they belong; return how many."""
        session = uow.session
        roots = await survivors_of(session, patients)
        moved = await _arrived_under(session, patients)
        for study_pk, patient_pk in moved.items():
            root = roots[patient_pk]
            if root == patient_pk:
                await _restore(session, study_pk)
            else:
                await _show_under(session, study_pk, root)
        now = self._clock.now()
        orgs = await session.execute(select(Study.id, Study.org).where(Study.id.in_(moved)))
        await publish(uow, *(study_event(UPDATED, pk, org, now) for pk, org in orgs))
        return len(moved)


async def follow_merges(session: AsyncSession, study_pks: Collection[str]) -> None:
    """Show studies that have just arrived for a merged patient under the survivor.

    Asked after they were inserted: on PostgreSQL the reference to the patient waits for a merge
    under way, so that its end is seen here. The reference to the survivor does the same.
    """
    rows = await session.execute(
        select(Study.id, Study.patient_pk)
        .join(Patient, Patient.id == Study.patient_pk)
        .where(Study.id.in_(study_pks), Patient.merged_into_id.is_not(None))
    )
    for study_pk, patient_pk in rows.all():
        shown = patient_pk
        while (root := (await survivors_of(session, [patient_pk]))[patient_pk]) != shown:
            await _show_under(session, study_pk, root)
            shown = root


async def _arrived_under(session: AsyncSession, patients: Collection[str]) -> Mapping[str, str]:
    own = exists().where(ArrivedPatient.study_pk == Study.id)
    direct = await session.execute(
        select(Study.id, Study.patient_pk).where(Study.patient_pk.in_(patients), ~own)
    )
    moved = await session.execute(
        select(ArrivedPatient.study_pk, ArrivedPatient.patient_pk).where(
            ArrivedPatient.patient_pk.in_(patients)
        )
    )
    return {**{row[0]: row[1] for row in direct}, **{row[0]: row[1] for row in moved}}


async def _restore(session: AsyncSession, study_pk: str) -> None:
    arrived = await session.get(ArrivedPatient, study_pk)
    if arrived is None:
        return
    values = {name: getattr(arrived, name) for name in _SHOWN}
    await session.execute(
        update(Study).where(Study.id == study_pk).values(patient_pk=arrived.patient_pk, **values)
    )
    await session.execute(delete(ArrivedPatient).where(ArrivedPatient.study_pk == study_pk))


async def _show_under(session: AsyncSession, study_pk: str, root: str) -> None:
    columns = [getattr(Study, name) for name in _SHOWN]
    if await session.get(ArrivedPatient, study_pk) is None:
        as_it_is = select(Study.id, Study.patient_pk, *columns).where(Study.id == study_pk)
        await session.execute(
            insert(ArrivedPatient).from_select(["study_pk", "patient_pk", *_SHOWN], as_it_is)
        )
    values = await _facts_of(session, root)
    await session.execute(
        update(Study).where(Study.id == study_pk).values(patient_pk=root, **values)
    )
    if name := values["patient_name"]:
        await remember_names(session, {str(name)})


async def _facts_of(session: AsyncSession, patient_pk: str) -> dict[str, object]:
    """Return how a patient is shown: as the newest study says that arrived under them."""
    own = exists().where(ArrivedPatient.study_pk == Study.id)
    newest = (
        await session.execute(
            select(*(getattr(Study, name) for name in _SHOWN))
            .where(Study.patient_pk == patient_pk, ~own)
            .order_by(Study.received_at.desc(), Study.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if newest is not None:
        return dict(zip(_SHOWN, newest, strict=True))
    patient = await session.get_one(Patient, patient_pk)
    is_numbered = not patient.identifier.startswith("study:")
    return {
        "patient_id": patient.identifier if is_numbered else None,
        "patient_name": patient.name,
        "patient_birth_date": patient.birth_date,
        "patient_sex": patient.sex,
    }
