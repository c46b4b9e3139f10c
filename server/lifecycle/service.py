"""Retention classes, legal holds, and deletions that one person asks for and another approves."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotAllowed, NotFound
from server.core.ids import Ids
from server.core.paging import Cursor, behind
from server.core.settings import LifecycleSettings
from server.identity.public import Actor, act_of
from server.lifecycle.models import (
    GONE,
    OPEN,
    TRANSITIONS,
    Deletion,
    DeletionState,
    DeletionStep,
    LegalHold,
)
from server.lifecycle.retention import holds_of, holds_on, retention_of, retentions_of
from server.lifecycle.schemas import DeletionOut, HoldOut, LifecycleOut
from server.studies.public import RetentionClass, Study, visible_studies


class _Protected(Conflict):
    """A study may not be deleted now."""


class LifecycleService:
    """What the medical office decides on the keeping of studies."""

    def __init__(
        self,
        *,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
        settings: LifecycleSettings,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._settings = settings

    async def of_study(self, actor: Actor, study_id: str) -> LifecycleOut:
        """Return how long a study is kept and what was decided on it.

        Raises
        ------
        NotFound
            If there is no such study within reach, hidden ones included.
        """
        async with self._database.reading() as session:
            study = await self._study(session, actor, study_id)
            return (await self.of_studies(session, [study]))[study.id]

    async def of_studies(
        self, session: AsyncSession, studies: Collection[Study]
    ) -> dict[str, LifecycleOut]:
        """Return what `of_study` does, by id, of studies that are known to be within reach."""
        retentions = await retentions_of(session, studies, self._settings.default_class)
        holds = await holds_of(session, studies)
        deletions: dict[str, list[DeletionOut]] = {each.id: [] for each in studies}
        for row in await session.scalars(
            select(Deletion)
            .where(Deletion.study_pk.in_(deletions))
            .order_by(Deletion.requested_at.desc(), Deletion.id.desc())
        ):
            deletions[row.study_pk].append(_out(row))
        return {
            study.id: LifecycleOut(
                study_id=study.id,
                retention_class=retentions[study.id].retention_class,
                last_visit=retentions[study.id].last_visit,
                retained_until=retentions[study.id].until,
                holds=[
                    HoldOut.model_validate(each, from_attributes=True) for each in holds[study.id]
                ],
                deletions=deletions[study.id],
                is_hidden=study.deleted_at is not None,
                cold_since=study.cold_at,
            )
            for study in studies
        }

    async def deletions(
        self,
        session: AsyncSession,
        actor: Actor,
        states: Collection[DeletionState],
        *,
        limit: int,
        before: Cursor | None,
    ) -> tuple[list[DeletionOut], Cursor | None]:
        """Return a page of deletions within reach, newest first, and where the next begins."""
        reach = visible_studies(actor, self._clock.now(), hidden=True)
        query = select(Deletion).where(
            Deletion.study_pk.in_(reach), Deletion.state.in_(states or OPEN)
        )
        query = query.where(behind(before, Deletion.requested_at, Deletion.id))
        query = query.order_by(Deletion.requested_at.desc(), Deletion.id.desc()).limit(limit + 1)
        found = (await session.scalars(query)).all()
        last = found[limit - 1] if len(found) > limit else None
        after = Cursor(last.requested_at, last.id) if last is not None else None
        return [_out(each) for each in found[:limit]], after

    async def set_class(
        self, actor: Actor, study_id: str, chosen: RetentionClass, reason: str
    ) -> None:
        """Say by which class a study is kept."""
        async with self._database.unit_of_work() as uow:
            study = await self._study(uow.session, actor, study_id)
            await uow.session.execute(
                update(Study).where(Study.id == study.id).values(retention_class=chosen)
            )
            before = study.retention_class
            detail = {"class": chosen, "before": before, "reason": reason}
            self._record(uow, actor, "study.retention", study.id, detail)
            await uow.commit()

    async def place_hold(
        self, actor: Actor, study_id: str, reason: str, *, whole_patient: bool
    ) -> None:
        """Let nothing of a study, or of its patient, be deleted until the hold is lifted.

        Raises
        ------
        NotFound
            If there is no such study within reach, hidden ones included.
        Conflict
            If it is purged: nothing is left to keep.
        """
        async with self._database.unit_of_work() as uow:
            study = await self._study(uow.session, actor, study_id, lock=True)
            gone = select(Deletion.id).where(
                Deletion.study_pk == study.id, Deletion.state.in_(GONE)
            )
            if await uow.session.scalar(gone) is not None:
                raise Conflict("the study is purged", code="purged")
            hold = LegalHold(
                id=self._ids.new(), org=actor.org, study_pk=study.id, whole_patient=whole_patient,
                reason=reason, placed_by=actor.id, placed_at=self._clock.now(),
            )  # fmt: skip
            uow.session.add(hold)
            detail = {"hold": hold.id, "whole_patient": whole_patient, "reason": reason}
            self._record(uow, actor, "study.hold", study.id, detail)
            await uow.commit()

    async def lift_hold(self, actor: Actor, study_id: str, hold_id: str, reason: str) -> None:
        """Lift a hold.

        Raises
        ------
        NotFound
            If the study has no such hold in force.
        """
        async with self._database.unit_of_work() as uow:
            study = await self._study(uow.session, actor, study_id)
            holds = {each.id: each for each in await holds_on(uow.session, study)}
            if hold_id not in holds:
                raise NotFound("there is no such hold in force")
            await uow.session.execute(
                update(LegalHold)
                .where(LegalHold.id == hold_id)
                .values(lifted_by=actor.id, lifted_at=self._clock.now(), lift_reason=reason)
            )
            self._record(uow, actor, "study.unhold", study.id, {"hold": hold_id, "reason": reason})
            await uow.commit()

    async def request_deletion(self, actor: Actor, study_id: str, reason: str) -> str:
        """Ask that a study be deleted; somebody else decides.

        Raises
        ------
        Conflict
            If it is held, must still be kept, or its deletion is under way.
        """
        async with (
            self._refusals_on_record(actor, study_id),
            self._database.unit_of_work() as uow,
        ):
            study = await self._study(uow.session, actor, study_id, lock=True)
            await self._check(uow.session, study)
            under_way = await uow.session.scalar(
                select(Deletion.id).where(Deletion.study_pk == study.id, Deletion.state.in_(OPEN))
            )
            if under_way is not None:
                raise Conflict("its deletion is under way already", code="deletion-under-way")
            deletion = Deletion(
                id=self._ids.new(), org=actor.org, study_pk=study.id,
                state=DeletionState.REQUESTED, reason=reason, requested_by=actor.id,
                requested_at=self._clock.now(),
            )  # fmt: skip
            uow.session.add(deletion)
            detail = {"deletion": deletion.id, "reason": reason}
            self._record(uow, actor, "deletion.request", study.id, detail)
            await uow.commit()
            return deletion.id

    async def decide(
        self, actor: Actor, deletion_id: str, step: DeletionStep, reason: str
    ) -> DeletionOut:
        """Approve, reject, withdraw or restore.

        Raises
        ------
        NotFound
            If there is no such deletion within reach.
        NotAllowed
            If who asked for it would approve it, or another would withdraw it.
        Conflict
            If it stands otherwise, or, to approve, if the study is held or must still be kept.
        """
        now = self._clock.now()
        async with (
            self._refusals_on_record(actor, await self._study_of(deletion_id)),
            self._database.unit_of_work() as uow,
        ):
            deletion, study = await self._deletion(uow.session, actor, deletion_id)
            state = next_state(deletion.state, step)
            is_requester = deletion.requested_by == actor.id
            if step is DeletionStep.APPROVE and is_requester:
                raise NotAllowed("who asked for it does not approve it", code="same-person")
            if step is DeletionStep.WITHDRAW and not is_requester:
                raise NotAllowed("who asked for it withdraws it", code="not-the-requester")
            values: dict[str, Any] = {
                "state": state, "decided_by": actor.id, "decided_at": now,
                "decision_reason": reason,
            }  # fmt: skip
            if step is DeletionStep.APPROVE:
                await self._check(uow.session, study)
                values["purge_after"] = now + timedelta(days=self._settings.recovery_days)
                await _hide(uow.session, study.id, now)
            elif step is DeletionStep.RESTORE:
                await _hide(uow.session, study.id, None)
            await uow.session.execute(
                update(Deletion).where(Deletion.id == deletion.id).values(**values)
            )
            detail = {"deletion": deletion.id, "reason": reason}
            self._record(uow, actor, f"deletion.{step}", study.id, detail)
            await uow.commit()
        async with self._database.reading() as session:
            return _out(await session.get_one(Deletion, deletion_id))

    async def _check(self, session: AsyncSession, study: Study) -> None:
        holds = await holds_on(session, study)
        if holds:
            raise _Protected(f"the study is under {len(holds)} legal hold(s)", code="legal-hold")
        retention = await retention_of(session, study, self._settings.default_class)
        if self._clock.now().date() < retention.until:
            raise _Protected(f"the study is to be kept until {retention.until}", code="retained")

    @asynccontextmanager
    async def _refusals_on_record(self, actor: Actor, study_id: str | None) -> AsyncIterator[None]:
        """Record a refusal in a transaction of its own, behind the one that it ended."""
        try:
            yield
        except (_Protected, NotAllowed) as refusal:
            async with self._database.unit_of_work() as uow:
                self._audit.record(
                    uow,
                    act_of(
                        actor, "deletion.refuse", outcome=Outcome.REFUSED, object_kind="study",
                        object_id=study_id, detail={"code": refusal.code},
                    ),
                )  # fmt: skip
                await uow.commit()
            raise

    async def _study(
        self, session: AsyncSession, actor: Actor, study_id: str, *, lock: bool = False
    ) -> Study:
        reach = visible_studies(actor, self._clock.now(), hidden=True)
        query = select(Study).where(Study.id == study_id, Study.id.in_(reach))
        found = await session.scalar(query.with_for_update(of=Study) if lock else query)
        if found is None:
            raise NotFound("there is no such study")
        return found

    async def _deletion(
        self, session: AsyncSession, actor: Actor, deletion_id: str
    ) -> tuple[Deletion, Study]:
        found = await session.scalar(
            select(Deletion).where(Deletion.id == deletion_id).with_for_update()
        )
        if found is None or found.org != actor.org:
            raise NotFound("there is no such deletion")
        return found, await self._study(session, actor, found.study_pk, lock=True)

    async def _study_of(self, deletion_id: str) -> str | None:
        async with self._database.reading() as session:
            return await session.scalar(select(Deletion.study_pk).where(Deletion.id == deletion_id))

    def _record(
        self, uow: UnitOfWork, actor: Actor, action: str, study_id: str, detail: dict[str, Any]
    ) -> None:
        self._audit.record(
            uow, act_of(actor, action, object_kind="study", object_id=study_id, detail=detail)
        )


def next_state(state: DeletionState, step: DeletionStep) -> DeletionState:
    """Return where a step leads.

    Raises
    ------
    Conflict
        If it may not be taken from there.
    """
    found = TRANSITIONS.get((DeletionState(state), step))
    if found is None:
        raise Conflict(f"a deletion that is {state} cannot {step}", code="deletion-state")
    return found


async def _hide(session: AsyncSession, study_id: str, at: datetime | None) -> None:
    await session.execute(update(Study).where(Study.id == study_id).values(deleted_at=at))


def _out(deletion: Deletion) -> DeletionOut:
    return DeletionOut.model_validate(deletion, from_attributes=True)
