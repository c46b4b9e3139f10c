"""What people do to requests; every step is checked, written down, audited and told at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from server.identity.public import Actor, act_of
from server.realtime.public import publish
from server.requests.events import CHANGED, occurrence
from server.requests.models import (
    CLAIMED,
    CLOSED,
    DiagnosisRequest,
    RequestEvent,
    RequestKind,
    RequestStatus,
    ReturnReason,
    Risk,
)
from server.requests.schemas import RequestPatch
from server.requests.steps import Steps, locked
from server.requests.urgency import weigh
from server.studies.public import StudyService

_NOT_THERE: Final = "there is no such request"


@dataclass(frozen=True)
class RequestRef:
    """A request as other capabilities know it."""

    id: str
    org: str
    study_id: str
    kind: RequestKind
    modality: str | None
    status: RequestStatus
    risk: Risk
    emergency: bool
    requesting_institution_id: str
    """Who examined (检查单位)."""
    diagnosing_institution_id: str
    """Who reads (诊断单位)."""
    claimed_by: str | None
    """Who holds it, or finished it."""
    received_at: datetime
    due_at: datetime


class RequestService:
    """Finds requests within reach and moves them along their state machine."""

    def __init__(
        self, *, database: Database, studies: StudyService, audit: AuditTrail, clock: Clock
    ) -> None:
        self._database = database
        self._studies = studies
        self._audit = audit
        self._clock = clock
        self._steps = Steps(audit=audit, clock=clock)

    async def of(self, actor: Actor, request_id: str) -> RequestRef:
        """Return one request.

        Raises
        ------
        NotFound
            If there is none, or none whose study ``actor`` may see.
        """
        async with self._database.reading() as session:
            found = await session.scalar(
                select(DiagnosisRequest).where(
                    DiagnosisRequest.id == request_id,
                    DiagnosisRequest.study_pk.in_(self._studies.visible_to(actor)),
                )
            )
        if found is None:
            raise NotFound(_NOT_THERE)
        return _ref(found)

    async def hold(self, uow: UnitOfWork, request_id: str) -> RequestRef:
        """Return a request as it is now, held until the caller's transaction ends."""
        return _ref(await locked(uow.session, request_id))

    async def advance(
        self,
        uow: UnitOfWork,
        ref: RequestRef,
        event: RequestEvent,
        actor: Actor | None,
        reason: str | None = None,
    ) -> RequestRef:
        """Apply ``event`` in the caller's transaction and return what became of the request.

        The row is locked and the table asked again: ``ref`` may be old. It publishes, so call it
        last. ``actor`` None is the system. Who may do it is the caller's to know.

        Raises
        ------
        Conflict
            If the table does not hold it for what the request is now.
        """
        request = await locked(uow.session, ref.id)
        await self._steps.take(uow, request, event, actor, reason=reason)
        return _ref(request)

    async def claim(self, actor: Actor, request_id: str) -> None:
        """Take a request to read it; who holds it already just keeps it.

        Raises
        ------
        NotFound
            If there is none that the actor's institution reads.
        Conflict
            If somebody else holds it, or there is nothing to read any more.
        """
        async with self._database.unit_of_work() as uow:
            await self.claim_in(uow, actor, request_id)
            await uow.commit()

    async def claim_in(self, uow: UnitOfWork, actor: Actor, request_id: str) -> None:
        """`claim` in the caller's transaction; it publishes, so call it last."""
        request = await self._to_read(uow.session, actor, request_id)
        if request.status not in CLAIMED:
            await self._steps.take(uow, request, RequestEvent.CLAIM, actor)
        elif request.claimed_by != actor.id:
            raise Conflict("somebody else has claimed it", code="already-claimed")

    async def release(self, actor: Actor, request_id: str) -> None:
        """Give a claimed request back to all.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; somebody else's; nobody's.
        """
        async with self._database.unit_of_work() as uow:
            request = await self._held(uow.session, actor, request_id)
            await self._steps.take(uow, request, RequestEvent.RELEASE, actor)
            await uow.commit()

    async def open(self, actor: Actor, request_id: str) -> None:
        """Say that the claimant looks at it; a red one stays silent from then on.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; somebody else's; nobody's.
        """
        async with self._database.unit_of_work() as uow:
            request = await self._held(uow.session, actor, request_id)
            if request.status == RequestStatus.RECEIVED:
                await self._steps.take(uow, request, RequestEvent.ACCEPT, actor)
                await uow.commit()

    async def send_back(
        self, actor: Actor, request_id: str, reason: ReturnReason, comment: str | None
    ) -> None:
        """Return a claimed request to the examining side (质控退回), with a reason to act on.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; somebody else's; nobody's.
        InvalidInput
            If the reason says nothing and no comment does.
        """
        comment = _text(comment)
        if reason is ReturnReason.OTHER and comment is None:
            raise InvalidInput("another reason needs words", code="comment-missing")
        async with self._database.unit_of_work() as uow:
            request = await self._held(uow.session, actor, request_id)
            await self._steps.take(
                uow, request, RequestEvent.HOLD, actor, reason=reason.value, comment=comment
            )
            await uow.commit()

    async def give_up(self, actor: Actor, request_id: str, event: RequestEvent) -> None:
        """End a claimed request without a report, for good.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; somebody else's; nobody's, or the table does not hold it.
        """
        async with self._database.unit_of_work() as uow:
            request = await self._held(uow.session, actor, request_id)
            await self._steps.take(uow, request, event, actor)
            await uow.commit()

    async def withdraw(self, actor: Actor, request_id: str, reason: str | None) -> None:
        """Cancel an own request that nobody has claimed.

        Raises
        ------
        NotFound, Conflict
            If it is out of reach, or somebody reads it or has read it.
        """
        async with self._database.unit_of_work() as uow:
            request = await self._own(uow.session, actor, request_id)
            if request.status in CLAIMED:
                raise Conflict("somebody has claimed it", code="already-claimed")
            await self._steps.take(uow, request, RequestEvent.CANCEL, actor, reason=_text(reason))
            await uow.commit()

    async def resume(self, actor: Actor, request_id: str) -> None:
        """Say at the examining side that what was asked for is done.

        Raises
        ------
        NotFound, Conflict
            If it is out of reach, or was not returned.
        """
        async with self._database.unit_of_work() as uow:
            request = await self._own(uow.session, actor, request_id)
            await self._steps.take(uow, request, RequestEvent.RESUME, actor)
            await uow.commit()

    async def update(self, actor: Actor, request_id: str, patch: RequestPatch) -> None:
        """Change what the examining side says of it.

        Raises
        ------
        NotFound, Conflict
            If it is out of reach, or was closed.
        """
        async with self._database.unit_of_work() as uow:
            await self.update_in(uow, actor, request_id, patch)
            await uow.commit()

    async def update_in(
        self, uow: UnitOfWork, actor: Actor, request_id: str, patch: RequestPatch
    ) -> None:
        """`update` in the caller's transaction; it publishes, so call it last."""
        request = await self._own(uow.session, actor, request_id)
        if request.status in CLOSED:
            raise Conflict("the request is closed", code="request-closed")
        if "complaint" in patch.model_fields_set:
            request.complaint = _text(patch.complaint)
        if patch.emergency is not None:
            request.emergency = patch.emergency
            weigh(request)
        await uow.session.flush()
        self._audit.record(
            uow,
            act_of(
                actor,
                "request.update",
                object_kind="request",
                object_id=request.id,
                detail={
                    "changed": sorted(patch.model_fields_set),
                    "emergency": request.emergency,
                },
            ),
        )
        await publish(uow, occurrence(CHANGED, request, self._clock.now()))

    async def _to_read(
        self, session: AsyncSession, actor: Actor, request_id: str
    ) -> DiagnosisRequest:
        """Return a request that the actor's institution reads, locked."""
        request = await locked(session, request_id)
        if (request.org, request.diagnosing_institution_id) != (actor.org, actor.institution_id):
            raise NotFound(_NOT_THERE)
        return request

    async def _held(self, session: AsyncSession, actor: Actor, request_id: str) -> DiagnosisRequest:
        request = await self._to_read(session, actor, request_id)
        if request.status not in CLAIMED:
            raise Conflict("nobody has claimed it", code="not-claimed")
        if request.claimed_by != actor.id:
            raise NotAllowed("somebody else has claimed it", code="not-the-claimant")
        return request

    async def _own(self, session: AsyncSession, actor: Actor, request_id: str) -> DiagnosisRequest:
        request = await locked(session, request_id)
        if (request.org, request.requesting_institution_id) != (actor.org, actor.institution_id):
            raise NotFound(_NOT_THERE)
        return request


def _text(words: str | None) -> str | None:
    return (words or "").strip() or None


def _ref(request: DiagnosisRequest) -> RequestRef:
    return RequestRef(
        id=request.id,
        org=request.org,
        study_id=request.study_pk,
        kind=RequestKind(request.kind),
        modality=request.modality,
        status=RequestStatus(request.status),
        risk=Risk(request.risk),
        emergency=request.emergency,
        requesting_institution_id=request.requesting_institution_id,
        diagnosing_institution_id=request.diagnosing_institution_id,
        claimed_by=request.claimed_by,
        received_at=request.received_at,
        due_at=request.due_at,
    )
