"""One step of a request: checked against the table, written down, audited and told at once."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.core.errors import NotFound
from server.identity.public import Actor, act_of
from server.realtime.public import publish
from server.requests.events import ALARM_ANSWERED, ALARM_RAISED, CHANGED, occurrence
from server.requests.models import (
    CLOSED,
    DiagnosisRequest,
    RequestEvent,
    RequestStatus,
    RequestTransition,
    ReturnReason,
    Risk,
    status_after,
)
from server.requests.urgency import is_alarm


class Steps:
    """Moves requests along their state machine, in the transactions of others."""

    def __init__(self, *, audit: AuditTrail, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def take(
        self,
        uow: UnitOfWork,
        request: DiagnosisRequest,
        event: RequestEvent,
        actor: Actor | None,
        *,
        reason: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Take the step that ``event`` is; the request must be locked.

        It publishes, so it comes last in its transaction. ``actor`` None is the system.

        Raises
        ------
        Conflict
            If the table does not hold it.
        """
        before, risk, now = RequestStatus(request.status), Risk(request.risk), self._clock.now()
        after = status_after(before, event)
        request.status = after
        request.transitions += 1
        _mark(request, event, actor, now)
        if event is RequestEvent.HOLD:
            request.return_reason = ReturnReason(reason) if reason else None
            request.return_comment = comment
        await uow.session.flush()
        await uow.session.execute(
            insert(RequestTransition).values(
                request_id=request.id,
                number=request.transitions,
                at=now,
                event=event,
                from_status=before,
                to_status=after,
                actor_kind=actor.kind.value if actor else "system",
                actor_id=actor.id[:64] if actor else None,
                institution_id=actor.institution_id if actor else None,
                reason=reason,
                comment=comment,
            )
        )
        self._audit.record(
            uow,
            act_of(
                actor,
                f"request.{event}",
                org=request.org,
                object_kind="request",
                object_id=request.id,
                detail={"from": before.value, "to": after.value},
            ),
        )
        told = [CHANGED]
        if is_alarm(before, risk) and not is_alarm(after, risk):
            told.append(ALARM_ANSWERED)
        if is_alarm(after, risk) and not is_alarm(before, risk):
            told.append(ALARM_RAISED)
        await publish(uow, *(occurrence(topic, request, now) for topic in told))


def _mark(
    request: DiagnosisRequest, event: RequestEvent, actor: Actor | None, now: datetime
) -> None:
    """Keep on the request itself who holds it and since when."""
    match event:
        case RequestEvent.CLAIM:
            request.claimed_by = actor.id if actor else None
            request.claimed_at, request.opened_at = now, None
        case RequestEvent.ACCEPT | RequestEvent.START:
            request.opened_at = request.opened_at or now
        case RequestEvent.RELEASE | RequestEvent.HOLD:
            request.claimed_by = request.claimed_at = request.opened_at = None
        case RequestEvent.RECALL:
            request.claimed_by = request.claimed_at = request.opened_at = None
            request.closed_at = None
        case RequestEvent.RESUME:
            request.return_reason = request.return_comment = None
        case RequestEvent.REOPEN:
            # Who changes a report goes on with the case, whoever finished it.
            request.claimed_by, request.claimed_at = actor.id if actor else None, now
            request.closed_at = None
        case _ if request.status in CLOSED:
            request.closed_at = now
        case _:
            pass


async def locked(session: AsyncSession, request_id: str) -> DiagnosisRequest:
    """Return a request that nobody else changes until the transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    # SQLite has one writer: its transaction is the lock.
    found = await session.scalar(
        select(DiagnosisRequest)
        .where(DiagnosisRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("there is no such request")
    return found
