"""The outgoing queue in the database: claimed a study at a time, settled object by object.

A claim runs out unless it is renewed, so that the work of a worker that died is taken up; one that
starts again takes its own claims back at once. What was sent and not yet settled when it died is
sent once more, which every archive must bear (PS3.4 annex B says nothing of it; all do).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Select,
    Update,
    delete,
    func,
    not_,
    or_,
    select,
    update,
)

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork, insert_unless_there
from server.forwarding.leaving import may_leave
from server.forwarding.models import (
    ForwardJob,
    ForwardObject,
    ObjectState,
    Outage,
    Priority,
)
from server.identity.public import act_of
from server.intake.public import StoredObject
from server.studies.public import Instance, Series, Study

_REASON_LENGTH: Final = 300
_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True)
class Backoff:
    """How long to wait after a failure: twice as long each time, up to a bound."""

    first_s: float = 5.0
    longest_s: float = 600.0

    def after(self, failures: int) -> timedelta:
        """Return how long to wait after so many failures, the first being 1."""
        return timedelta(seconds=min(self.first_s * 2 ** min(failures - 1, 30), self.longest_s))


@dataclass(frozen=True)
class Claim:
    """A study that this worker sends to a destination, and nobody else until it lets go."""

    job_id: str
    org: str
    destination_id: str
    study_pk: str
    priority: Priority
    was_out: bool
    """Whether the destination took nothing the last time."""


@dataclass(frozen=True)
class QueuedObject:
    """An object to send, and where its bytes are."""

    id: int
    attempts: int
    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str
    bits_allocated: int | None
    object_id: str
    dataset_offset: int
    size: int


@dataclass(frozen=True)
class NotTaken:
    """An object that was tried and not taken."""

    object: QueuedObject
    status: int | None
    reason: str
    is_final: bool
    """Whether it is not tried again."""


class ForwardQueue:
    """What one worker takes from the queue, and what became of it."""

    def __init__(
        self,
        *,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        worker: str,
        lease: timedelta,
        backoff: Backoff,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._worker = worker
        self._lease = lease
        self._backoff = backoff

    async def take_back(self) -> None:
        """Let go of what an earlier process of this worker had claimed."""
        await self._change(
            update(ForwardJob)
            .where(ForwardJob.claimed_by == self._worker)
            .values(claimed_by=None, claimed_until=None)
        )

    async def claim(self, busy: Collection[str]) -> Claim | None:
        """Claim the most urgent study that is due, of a destination that is not ``busy``.

        None where nothing is due, or another worker was faster.
        """
        now = self._clock.now()
        query = (
            select(
                ForwardJob.id,
                ForwardJob.org,
                ForwardJob.destination_id,
                ForwardJob.study_pk,
                ForwardJob.rank,
                Outage.since,
            )
            .outerjoin(Outage, Outage.destination_id == ForwardJob.destination_id)
            .where(
                ForwardJob.due_at <= now,
                _unclaimed(now),
                or_(Outage.retry_at.is_(None), Outage.retry_at <= now),
                ForwardJob.destination_id.not_in(busy),
            )
            .order_by(ForwardJob.rank, ForwardJob.queued_at, ForwardJob.id)
            .limit(1)
        )
        async with self._database.reading() as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        claimed = await self._change(
            update(ForwardJob)
            .where(ForwardJob.id == found.id, _unclaimed(now))
            .values(claimed_by=self._worker, claimed_until=now + self._lease)
        )
        if not claimed:
            return None
        return Claim(*found[:4], list(Priority)[found.rank], was_out=found.since is not None)

    async def renew(self, claim: Claim) -> None:
        """Hold on to a claim."""
        await self._change(self._mine(claim).values(claimed_until=self._clock.now() + self._lease))

    async def load(self, claim: Claim, most: int) -> Sequence[QueuedObject]:
        """Return what is due of a study and may leave, in order of arrival."""
        query = (
            select(
                ForwardObject.id,
                ForwardObject.attempts,
                Instance.sop_class_uid,
                Instance.sop_instance_uid,
                Instance.transfer_syntax_uid,
                Instance.bits_allocated,
                Instance.object_id,
                Instance.dataset_offset,
                StoredObject.size,
            )
            .join(Instance, Instance.id == ForwardObject.instance_pk)
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .join(Series, Series.id == Instance.series_pk)
            .join(Study, Study.id == Series.study_pk)
            .where(
                may_leave(),
                ForwardObject.job_id == claim.job_id,
                ForwardObject.state == ObjectState.WAITING,
                ForwardObject.due_at <= self._clock.now(),
            )
            .order_by(ForwardObject.id)
            .limit(most)
        )
        async with self._database.reading() as session:
            return [QueuedObject(*row) for row in await session.execute(query)]

    async def settle(
        self, claim: Claim, sent: Sequence[QueuedObject], not_taken: Sequence[NotTaken]
    ) -> None:
        """Write down what became of objects; one that somebody dropped meanwhile is not counted."""
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            # The job's row first, as who queues does.
            await uow.session.execute(_held(claim))
            gone = await _count(
                uow, delete(ForwardObject).where(ForwardObject.id.in_([each.id for each in sent]))
            )
            failed = 0
            for each in not_taken:
                attempts = each.object.attempts + 1
                changed = await _count(
                    uow,
                    update(ForwardObject)
                    .where(
                        ForwardObject.id == each.object.id,
                        ForwardObject.state == ObjectState.WAITING,
                    )
                    .values(
                        state=ObjectState.FAILED if each.is_final else ObjectState.WAITING,
                        attempts=attempts,
                        due_at=now + self._backoff.after(attempts),
                        status=each.status,
                        reason=each.reason[:_REASON_LENGTH],
                    ),
                )
                failed += changed if each.is_final else 0
            changes: dict[str, Any] = {
                "sent": ForwardJob.sent + gone,
                "waiting": ForwardJob.waiting - gone - failed,
                "failed": ForwardJob.failed + failed,
                "changed_at": now,
            }
            if not_taken:
                changes["reason"] = not_taken[-1].reason[:_REASON_LENGTH]
            await _count(
                uow, update(ForwardJob).where(ForwardJob.id == claim.job_id).values(**changes)
            )
            await uow.commit()

    async def let_go(self, claim: Claim, *, sent: int, not_taken: int) -> None:
        """Give a claim back, without what may not leave; what left the house is on record."""
        async with self._database.unit_of_work() as uow:
            # Held first: what is queued meanwhile is then seen by the next statement.
            await uow.session.execute(_held(claim))
            # Else it would be due for ever.
            await _count(uow, _kept_back(claim))
            # Counted anew: who deletes a study takes its objects out of the queue as well.
            rows = await uow.session.execute(
                select(ForwardObject.state, func.count(), func.min(ForwardObject.due_at))
                .where(ForwardObject.job_id == claim.job_id)
                .group_by(ForwardObject.state)
            )
            left = {state: (count, due_at) for state, count, due_at in rows}
            waiting, due_at = left.get(ObjectState.WAITING, (0, None))
            failed, _ = left.get(ObjectState.FAILED, (0, None))
            await _count(
                uow,
                self._mine(claim).values(
                    waiting=waiting, failed=failed, due_at=due_at,
                    claimed_by=None, claimed_until=None,
                ),
            )  # fmt: skip
            if sent or not_taken:
                self._audit.record(
                    uow,
                    act_of(
                        None,
                        "study.forward",
                        outcome=Outcome.FAILED if not_taken else Outcome.SUCCESS,
                        org=claim.org,
                        object_kind="study",
                        object_id=claim.study_pk,
                        detail={
                            "destination_id": claim.destination_id,
                            "sent": sent,
                            "not_taken": not_taken,
                        },
                    ),
                )
            await uow.commit()

    async def out(self, destination_id: str, reason: str) -> int:
        """Leave a destination alone for a while; return how often in a row that was so."""
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                insert_unless_there(uow.session, Outage).values(
                    destination_id=destination_id, since=now, failures=0, retry_at=now, reason=""
                )
            )
            failures = await uow.session.scalar(
                update(Outage)
                .where(Outage.destination_id == destination_id)
                .values(failures=Outage.failures + 1, reason=reason[:_REASON_LENGTH])
                .returning(Outage.failures)
                .execution_options(synchronize_session=False)
            )
            count = int(failures or 1)
            await uow.session.execute(
                update(Outage)
                .where(Outage.destination_id == destination_id)
                .values(retry_at=now + self._backoff.after(count))
            )
            await uow.commit()
        return count

    async def back(self, destination_id: str) -> None:
        """A destination takes objects again."""
        await self._change(delete(Outage).where(Outage.destination_id == destination_id))

    async def prune(self) -> None:
        """Forget studies of which nothing waits, a month after the last word on them."""
        await self._change(
            delete(ForwardJob).where(
                ForwardJob.waiting == 0,
                ForwardJob.failed == 0,
                ForwardJob.changed_at < self._clock.now() - _KEPT,
            )
        )

    def _mine(self, claim: Claim) -> Update:
        return update(ForwardJob).where(
            ForwardJob.id == claim.job_id, ForwardJob.claimed_by == self._worker
        )

    async def _change(self, statement: Update | Delete) -> int:
        async with self._database.unit_of_work() as uow:
            count = await _count(uow, statement)
            await uow.commit()
        return count


async def _count(uow: UnitOfWork, statement: Update | Delete) -> int:
    """Execute a statement, and return how many rows it changed."""
    # The session holds no rows as objects: there are none to refresh.
    result = await uow.session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount


def _held(claim: Claim) -> Select[str]:
    return select(ForwardJob.id).where(ForwardJob.id == claim.job_id).with_for_update()


def _kept_back(claim: Claim) -> Delete:
    queued = (
        select(ForwardObject.instance_pk)
        .join(Instance, Instance.id == ForwardObject.instance_pk)
        .join(Series, Series.id == Instance.series_pk)
        .join(Study, Study.id == Series.study_pk)
        .where(ForwardObject.job_id == claim.job_id, not_(may_leave()))
    )
    return delete(ForwardObject).where(
        ForwardObject.job_id == claim.job_id, ForwardObject.instance_pk.in_(queued)
    )


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(ForwardJob.claimed_until.is_(None), ForwardJob.claimed_until < now)
