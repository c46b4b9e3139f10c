"""What UPS clients do with workitems; every change is an event of the request's own table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.web.query import Query
from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotAllowed, NotFound
from server.identity.public import (
    Action,
    Actor,
    InstitutionDirectory,
    PersonDirectory,
    act_of,
)
from server.realtime.public import publish
from server.requests.public import (
    CLAIMED,
    DiagnosisRequest,
    RequestKind,
    RequestPatch,
    RequestService,
    RequestStatus,
    occurrence,
)
from server.scheduling.public import ended_studies
from server.studies.public import Study
from server.workitems.document import Step
from server.workitems.models import Workitem
from server.workitems.reach import NOT_THERE, find, within_reach
from server.workitems.search import conditions
from server.workitems.states import CHANGES, STEP_STATES, StepState
from server.workitems.uids import request_id_of, uid_of

CANCEL_REQUESTED: Final = "request.cancel-requested"
"""The examining side asks who performs a workitem to cancel it (PS3.4 CC.2.2)."""
# As the worklist has it: a study is complete when nothing more of it came for so long.
_SILENT_FOR: Final = timedelta(seconds=60)


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


class RequestOpener(Protocol):
    """Opens the requests of studies that have none: `requests`' follower."""

    async def restored(self, uow: UnitOfWork, study_pks: Collection[str], actor: Actor) -> None:
        """Open them, in the caller's transaction."""
        ...


@dataclass(frozen=True)
class NewWorkitem:
    """A reading that is asked for (PS3.18 11.4)."""

    uid: str | None
    study_instance_uid: str
    emergency: bool
    complaint: str | None


@dataclass(frozen=True)
class Changed:
    """How a change of state ended; ``was_so`` where nothing had to be changed."""

    was_so: bool


class WorkitemService:
    """Workitems within reach: those an institution examined or reads."""

    def __init__(
        self,
        *,
        database: Database,
        requests: RequestService,
        opener: RequestOpener,
        institutions: InstitutionDirectory,
        people: PersonDirectory,
        reads: ReadAudit,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._database = database
        self._requests = requests
        self._opener = opener
        self._institutions = institutions
        self._people = people
        self._reads = reads
        self._audit = audit
        self._clock = clock

    async def search(self, actor: Actor, query: Query, *, limit: int) -> tuple[list[Step], bool]:
        """Return what matches, the most urgent first, and whether there is more."""
        found = (
            within_reach(actor, self._clock.now())
            .where(*conditions(query))
            .order_by(DiagnosisRequest.priority, DiagnosisRequest.due_at, DiagnosisRequest.id)
            .offset(query.offset)
            .limit(limit + 1)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(found)).all()
            steps = await self._steps(session, rows[:limit])
        return steps, len(rows) > limit

    async def one(self, actor: Actor, uid: str) -> Step:
        """Return one workitem; that it was read is recorded. `NotFound` beyond reach."""
        async with self._database.reading() as session:
            row = await find(session, actor, uid, self._clock.now())
            (step,) = await self._steps(session, [row])
        await self._reads.record_read(actor, step.study.id)
        return step

    async def create(self, actor: Actor, new: NewWorkitem) -> str:
        """Ask for the reading of an own study that nobody was asked for yet; return its UID.

        Raises
        ------
        NotFound
            If the institution has no such study.
        Conflict
            If its reading is asked for already, or the UID is taken.
        """
        async with self._database.unit_of_work() as uow:
            study_pk = await uow.session.scalar(
                select(Study.id)
                .where(
                    Study.org == actor.org,
                    Study.owner_institution_id == actor.institution_id,
                    Study.study_instance_uid == new.study_instance_uid,
                    Study.instance_count > 0,
                    Study.deleted_at.is_(None),
                )
                .with_for_update()
            )
            if study_pk is None:
                raise NotFound("the institution has no such study")
            query = select(DiagnosisRequest).where(DiagnosisRequest.study_pk == study_pk)
            if await uow.session.scalar(query) is not None:
                raise Conflict("the study's reading is asked for already", code="workitem-exists")
            if new.uid is not None and await _taken(uow.session, actor.org, new.uid):
                raise Conflict("a workitem has this UID already", code="workitem-exists")
            await self._opener.restored(uow, [study_pk], actor)
            request = await uow.session.scalar(query)
            if request is None:
                raise NotFound("the institution has no such study")
            uid = new.uid or uid_of(request.id)
            uow.session.add(_named(request, uid))
            await uow.session.flush()
            if new.emergency or new.complaint:
                patch = RequestPatch(emergency=new.emergency, complaint=new.complaint)
                await self._requests.update_in(uow, actor, request.id, patch)
            await uow.commit()
        return uid

    async def change_state(
        self, actor: Actor, uid: str, state: StepState, transaction_uid: str
    ) -> Changed:
        """Take a workitem, or cancel one that was taken with the same Transaction UID.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; another's; or PS3.4 Table CC.1.1-2 does not hold the change.
        """
        async with self._database.reading() as session:
            row = await find(session, actor, uid, self._clock.now())
        request, workitem = row[0], row[2]
        now = STEP_STATES[RequestStatus(request.status)]
        if now is state and state in {StepState.COMPLETED, StepState.CANCELED}:
            return Changed(was_so=True)
        if now in {StepState.COMPLETED, StepState.CANCELED}:
            raise Conflict(f"the workitem is {now} and stays so", code="ups-final")
        if state is StepState.SCHEDULED:
            raise Conflict("only creating it makes a workitem SCHEDULED", code="ups-not-scheduled")
        if now is StepState.SCHEDULED and state is not StepState.IN_PROGRESS:
            raise Conflict("the workitem is not yet IN PROGRESS", code="ups-not-in-progress")
        if now is StepState.IN_PROGRESS and state is StepState.IN_PROGRESS:
            raise Conflict("the workitem is IN PROGRESS already", code="ups-in-progress")
        if now is StepState.IN_PROGRESS:
            _check_lock(request, workitem, transaction_uid)
        if state is StepState.COMPLETED:
            raise Conflict(
                "the final state requirements are not met: a signed report completes it",
                code="ups-not-final",
            )
        match CHANGES[now, state]:
            case _ if state is StepState.IN_PROGRESS:
                await self._take(actor, request.id, uid, transaction_uid)
            case event:
                await self._requests.give_up(actor, request.id, event)
        return Changed(was_so=False)

    async def cancel(self, actor: Actor, uid: str, reason: str | None) -> Changed:
        """Cancel an own workitem that nobody performs; ask the performer of another.

        Raises
        ------
        NotFound, Conflict
            If it is out of reach; or completed.
        """
        async with self._database.reading() as session:
            row = await find(session, actor, uid, self._clock.now())
        request = row[0]
        if request.requesting_institution_id != actor.institution_id:
            raise NotFound(NOT_THERE)
        match STEP_STATES[RequestStatus(request.status)]:
            case StepState.CANCELED:
                return Changed(was_so=True)
            case StepState.COMPLETED:
                raise Conflict("the workitem is COMPLETED and stays so", code="ups-final")
            case StepState.SCHEDULED:
                await self._requests.withdraw(actor, request.id, reason)
            case StepState.IN_PROGRESS:
                await self._ask_to_cancel(actor, request)
        return Changed(was_so=False)

    async def update(
        self,
        actor: Actor,
        uid: str,
        *,
        transaction_uid: str | None,
        patch: RequestPatch | None,
        progress: tuple[int | None, str | None] | None,
    ) -> None:
        """Change what the examining side says before, or what the performer says meanwhile.

        Raises
        ------
        NotFound, NotAllowed, Conflict
            If it is out of reach; another's to change; or in a state that does not allow it.
        """
        async with self._database.reading() as session:
            row = await find(session, actor, uid, self._clock.now())
        request, workitem = row[0], row[2]
        state = STEP_STATES[RequestStatus(request.status)]
        if state in {StepState.COMPLETED, StepState.CANCELED}:
            raise Conflict(f"the workitem is {state} and stays so", code="ups-final")
        if state is StepState.IN_PROGRESS:
            _check_lock(request, workitem, transaction_uid or "")
        if patch is not None:
            if not actor.may(Action.REQUEST_UPDATE):
                raise NotAllowed("the examining side alone says how urgent it is, and why")
            await self._requests.update(actor, request.id, patch)
        if progress is not None:
            if state is not StepState.IN_PROGRESS or request.claimed_by != actor.id:
                raise NotAllowed("its performer alone tells its progress", code="not-the-claimant")
            await self._tell_progress(request.id, progress)

    async def state_of(self, actor: Actor, uid: str) -> str:
        """Return the state of a workitem within reach; `NotFound` beyond it."""
        async with self._database.reading() as session:
            row = await find(session, actor, uid, self._clock.now())
        return STEP_STATES[RequestStatus(row[0].status)].value

    async def uids(self, request_ids: Collection[str]) -> Mapping[str, str]:
        """Return the UID of each request."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(Workitem.request_id, Workitem.uid).where(
                    Workitem.request_id.in_(request_ids)
                )
            )
            named = {row.request_id: row.uid for row in found}
        return {each: named.get(each) or uid_of(each) for each in request_ids}

    async def _take(self, actor: Actor, request_id: str, uid: str, transaction_uid: str) -> None:
        """Claim and lock at once: what is claimed and not locked nobody could end or take."""
        async with self._database.unit_of_work() as uow:
            session = uow.session
            request = await session.get_one(DiagnosisRequest, request_id, with_for_update=True)
            workitem = await session.get(Workitem, request_id, with_for_update=True)
            if workitem is None:
                workitem = _named(request, uid)
                session.add(workitem)
            if workitem.transaction_uid and workitem.locked_at == request.claimed_at:
                raise Conflict("the workitem is IN PROGRESS already", code="ups-in-progress")
            await session.flush()
            await self._requests.claim_in(uow, actor, request_id)
            workitem.transaction_uid, workitem.locked_at = transaction_uid, request.claimed_at
            workitem.progress_percent = workitem.progress_description = None
            await session.flush()
            await uow.commit()

    async def _tell_progress(self, request_id: str, said: tuple[int | None, str | None]) -> None:
        async with self._database.unit_of_work() as uow:
            workitem = await uow.session.get_one(Workitem, request_id)
            workitem.progress_percent, workitem.progress_description = said
            await uow.session.flush()
            await uow.commit()

    async def _ask_to_cancel(self, actor: Actor, request: DiagnosisRequest) -> None:
        async with self._database.unit_of_work() as uow:
            self._audit.record(
                uow,
                act_of(actor, "request.ask-to-cancel", object_kind="request", object_id=request.id),
            )
            await publish(uow, occurrence(CANCEL_REQUESTED, request, self._clock.now()))
            await uow.commit()

    async def _steps(self, session: AsyncSession, rows: Sequence[Any]) -> list[Step]:
        requests = [row[0] for row in rows]
        institutions = await self._institutions.refs(
            {each.diagnosing_institution_id for each in requests}
            | {each.requesting_institution_id for each in requests},
            session,
        )
        people = await self._people.refs(
            {each.claimed_by for each in requests if each.claimed_by}, session
        )
        ended = await ended_studies(session, {each.study_pk for each in requests})
        now = self._clock.now()
        return [
            Step(
                request=request,
                study=study,
                workitem=workitem,
                diagnosing=institutions[request.diagnosing_institution_id].name_zh,
                requesting=institutions[request.requesting_institution_id].name_zh,
                performer=(
                    people[request.claimed_by].display_name
                    if request.claimed_by in people
                    else None
                ),
                is_ready=request.kind == RequestKind.ECG
                or study.id in ended
                or study.last_received_at + _SILENT_FOR <= now,
            )
            for request, study, workitem in rows
        ]


async def _taken(session: AsyncSession, org: str, uid: str) -> bool:
    named = await session.scalar(
        select(Workitem.request_id).where(Workitem.org == org, Workitem.uid == uid)
    )
    request_id = request_id_of(uid)
    derived = await session.get(DiagnosisRequest, request_id) if request_id else None
    return named is not None or derived is not None


def _named(request: DiagnosisRequest, uid: str) -> Workitem:
    return Workitem(
        request_id=request.id,
        org=request.org,
        uid=uid,
        transaction_uid=None,
        locked_at=None,
        progress_percent=None,
        progress_description=None,
    )


def _check_lock(request: DiagnosisRequest, workitem: Workitem | None, transaction_uid: str) -> None:
    """Refuse who does not hold a workitem (PS3.4 CC.1.1: the Transaction UID is the lock)."""
    if (
        workitem is None
        or request.status not in CLAIMED
        or workitem.locked_at != request.claimed_at
        or workitem.transaction_uid != transaction_uid
    ):
        raise Conflict("the Transaction UID is not that of its performer", code="ups-wrong-lock")
