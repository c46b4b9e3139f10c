"""The outgoing queue as administrators see it, and what they may do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, select, true, update

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import NotFound
from server.core.paging import Cursor, behind
from server.dicom_node.public import Device, DeviceService
from server.forwarding.models import ForwardJob, ForwardObject, ObjectState, Outage, Priority
from server.identity.public import Actor, act_of
from server.studies.public import Instance, Study

_SHOWN: Final = 100


class JobState(StrEnum):
    """Where a study on its way stands."""

    WAITING = "waiting"
    """Something waits, or is being sent."""
    FAILED = "failed"
    """Something was refused for good, whatever else waits."""
    DONE = "done"
    """Nothing is left to do."""


@dataclass(frozen=True)
class Job:
    """A study on its way to a destination."""

    id: str
    study_id: str
    study_instance_uid: str
    destination_id: str
    destination_ae: str
    state: JobState
    priority: Priority
    waiting: int
    failed: int
    sent: int
    reason: str | None
    queued_at: datetime
    due_at: datetime | None
    is_sending: bool
    changed_at: datetime


@dataclass(frozen=True)
class Trouble:
    """An object that was tried and not taken."""

    sop_instance_uid: str
    is_final: bool
    attempts: int
    due_at: datetime
    status: int | None
    reason: str | None


@dataclass(frozen=True)
class DestinationState:
    """A registered destination, and whether it takes objects."""

    id: str
    ae_title: str
    host: str
    port: int
    tls: bool
    waiting: int
    failed: int
    out_since: datetime | None
    failures: int
    retry_at: datetime | None
    reason: str | None


class ForwardDesk:
    """Shows the queue of a community; ``by`` None is the operator."""

    def __init__(
        self, *, database: Database, devices: DeviceService, audit: AuditTrail, clock: Clock
    ) -> None:
        self._database = database
        self._devices = devices
        self._audit = audit
        self._clock = clock

    async def jobs(
        self, org: str, *, state: JobState | None, limit: int, before: Cursor | None
    ) -> tuple[Sequence[Job], Cursor | None]:
        """Return a page of the queue, what changed last first, and where the next begins."""
        after = behind(before, ForwardJob.changed_at, ForwardJob.id)
        found = await self._jobs(ForwardJob.org == org, _in(state), after, limit=limit + 1)
        more = len(found) > limit
        last = found[limit - 1] if more else None
        return found[:limit], Cursor(last.changed_at, last.id) if last is not None else None

    async def job(self, org: str, job_id: str) -> tuple[Job, Sequence[Trouble]]:
        """Return one, with the first objects that were tried and not taken.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        found = await self._jobs(ForwardJob.org == org, ForwardJob.id == job_id, limit=1)
        if not found:
            raise _nothing()
        async with self._database.reading() as session:
            rows = await session.execute(
                select(
                    Instance.sop_instance_uid,
                    ForwardObject.state,
                    ForwardObject.attempts,
                    ForwardObject.due_at,
                    ForwardObject.status,
                    ForwardObject.reason,
                )
                .join(Instance, Instance.id == ForwardObject.instance_pk)
                .where(ForwardObject.job_id == job_id, ForwardObject.attempts > 0)
                .order_by(ForwardObject.state.desc(), ForwardObject.id)
                .limit(_SHOWN)
            )
            return found[0], [
                Trouble(uid, state == ObjectState.FAILED, attempts, due_at, status, reason)
                for uid, state, attempts, due_at, status, reason in rows
            ]

    async def retry(self, org: str, job_id: str, *, by: Actor | None = None) -> None:
        """Try everything of a study again now, what was refused for good, too.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            destination_id = await self._held(uow, org, job_id)
            await uow.session.execute(
                update(ForwardObject)
                .where(ForwardObject.job_id == job_id)
                .values(state=ObjectState.WAITING, attempts=0, due_at=now)
            )
            await uow.session.execute(
                update(ForwardJob)
                .where(ForwardJob.id == job_id)
                .values(
                    waiting=ForwardJob.waiting + ForwardJob.failed,
                    failed=0,
                    due_at=now,
                    queued_at=now,
                    changed_at=now,
                )
                .execution_options(synchronize_session=False)
            )
            await uow.session.execute(
                update(Outage).where(Outage.destination_id == destination_id).values(retry_at=now)
            )
            self._record(uow, "forward.retry", org, job_id, by)
            await uow.commit()

    async def drop(self, org: str, job_id: str, *, by: Actor | None = None) -> None:
        """Give up what a destination does not have of a study yet.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        async with self._database.unit_of_work() as uow:
            await self._held(uow, org, job_id)
            await uow.session.execute(delete(ForwardObject).where(ForwardObject.job_id == job_id))
            await uow.session.execute(
                update(ForwardJob)
                .where(ForwardJob.id == job_id)
                .values(waiting=0, failed=0, due_at=None, changed_at=self._clock.now())
            )
            self._record(uow, "forward.drop", org, job_id, by)
            await uow.commit()

    async def destinations(self, org: str) -> Sequence[DestinationState]:
        """Return every device with an address, and what waits for it."""
        known = await self._devices.destinations(org)
        async with self._database.reading() as session:
            sums = await session.execute(
                select(
                    ForwardJob.destination_id,
                    func.sum(ForwardJob.waiting),
                    func.sum(ForwardJob.failed),
                )
                .where(ForwardJob.org == org)
                .group_by(ForwardJob.destination_id)
            )
            counts = {each: (int(waiting), int(failed)) for each, waiting, failed in sums}
            outages = {
                each.destination_id: each
                for each in await session.scalars(
                    select(Outage).where(Outage.destination_id.in_(each.actor.id for each in known))
                )
            }
        found = []
        for each in known:
            waiting, failed = counts.get(each.actor.id, (0, 0))
            outage = outages.get(each.actor.id)
            found.append(
                DestinationState(
                    each.actor.id, each.ae_title, each.host, each.port, each.tls, waiting, failed,
                    outage.since if outage else None,
                    outage.failures if outage else 0,
                    outage.retry_at if outage else None,
                    outage.reason if outage else None,
                )
            )  # fmt: skip
        return found

    async def _jobs(self, *conditions: ColumnElement[bool], limit: int) -> list[Job]:
        query = (
            select(ForwardJob, Study.study_instance_uid, Device.ae_title)
            .join(Study, Study.id == ForwardJob.study_pk)
            .join(Device, Device.id == ForwardJob.destination_id)
            .where(*conditions)
            .order_by(ForwardJob.changed_at.desc(), ForwardJob.id.desc())
            .limit(limit)
        )
        now = self._clock.now()
        async with self._database.reading() as session:
            return [
                Job(
                    id=row.id,
                    study_id=row.study_pk,
                    study_instance_uid=study_uid,
                    destination_id=row.destination_id,
                    destination_ae=ae_title,
                    state=_state(row),
                    priority=list(Priority)[row.rank],
                    waiting=row.waiting,
                    failed=row.failed,
                    sent=row.sent,
                    reason=row.reason,
                    queued_at=row.queued_at,
                    due_at=row.due_at,
                    is_sending=row.claimed_until is not None and row.claimed_until >= now,
                    changed_at=row.changed_at,
                )
                for row, study_uid, ae_title in await session.execute(query)
            ]

    async def _held(self, uow: UnitOfWork, org: str, job_id: str) -> str:
        """Hold a job against who queues and who sends; return its destination."""
        found = await uow.session.scalar(
            select(ForwardJob.destination_id)
            .where(ForwardJob.id == job_id, ForwardJob.org == org)
            .with_for_update()
        )
        if found is None:
            raise _nothing()
        return found

    def _record(
        self, uow: UnitOfWork, action: str, org: str, job_id: str, by: Actor | None
    ) -> None:
        self._audit.record(
            uow, act_of(by, action, org=org, object_kind="forward-job", object_id=job_id)
        )


def _in(state: JobState | None) -> ColumnElement[bool]:
    match state:
        case None:
            return true()
        case JobState.WAITING:
            return and_(ForwardJob.waiting > 0, ForwardJob.failed == 0)
        case JobState.FAILED:
            return ForwardJob.failed > 0
        case JobState.DONE:
            return and_(ForwardJob.waiting == 0, ForwardJob.failed == 0)


def _state(row: ForwardJob) -> JobState:
    if row.failed:
        return JobState.FAILED
    return JobState.WAITING if row.waiting else JobState.DONE


def _nothing() -> NotFound:
    return NotFound("there is no such study in the outgoing queue")
