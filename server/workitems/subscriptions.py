"""Who hears of workitems, and what they hear (PS3.18 11.10 to 11.13, PS3.4 CC.2.3 and CC.2.4)."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork, insert_unless_there
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.public import Actor, act_of
from server.realtime.public import publish
from server.requests.public import CHANGED, OPENED, DiagnosisRequest, RequestStatus, occurrence
from server.workitems.document import encoded
from server.workitems.filters import conditions_of
from server.workitems.models import Workitem, WorkitemSubscription
from server.workitems.reach import find, matches
from server.workitems.service import CANCEL_REQUESTED, WorkitemService
from server.workitems.states import STEP_STATES, StepState, statuses_of
from server.workitems.uids import FILTERED_SUBSCRIPTION, GLOBAL_SUBSCRIPTION, request_id_of

SUBSCRIBED: Final = "workitem.subscribed"
"""An AE hears at once how the workitem stands that it subscribes to (PS3.4 Table CC.2.3-2)."""
_GLOBAL: Final = frozenset({GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION})
_ENDED: Final = [*statuses_of(StepState.COMPLETED), *statuses_of(StepState.CANCELED)]
_NONE: Final = "there is no such subscription"
_UPS_EVENT: Final = "1.2.840.10008.5.1.4.34.6.4"
_STATE_REPORT, _CANCEL_REQUESTED = 1, 2
"""Event types (PS3.4 Table CC.2.4-1)."""
_AE_TITLE: Final = 16
_MOST: Final = 1000
"""Subscriptions that an institution holds: each is looked through when one more is made."""


class SubscriptionService:
    """Subscribes AEs of an institution and turns our events into theirs."""

    def __init__(
        self,
        *,
        database: Database,
        workitems: WorkitemService,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._workitems = workitems
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def subscribe(
        self, actor: Actor, ae_title: str, uid: str, match_keys: str | None = None
    ) -> None:
        """Let an AE of the actor's institution hear of a workitem within reach, or of all.

        ``match_keys`` (`filters.filter_of`) go with the filtered subscription, which they are of;
        asked again, it is of the new ones, and what was suspended goes on.

        Raises
        ------
        InvalidInput, NotFound, Conflict
            If the AE title is none; if there is no such workitem; if the institution holds as many
            subscriptions as it may, all of them to what goes on.
        """
        _check(ae_title)
        async with self._database.unit_of_work() as uow:
            if uid not in _GLOBAL:
                row = await find(uow.session, actor, uid, self._clock.now())
                await self._tell(uow, row[0], actor, ae_title)
            await _make_room(uow.session, actor, ae_title, uid)
            await self._put(uow.session, actor, ae_title, uid)
            await uow.session.execute(
                update(WorkitemSubscription)
                .where(*_of(actor, ae_title), WorkitemSubscription.uid == uid)
                .values(filter=match_keys, suspended_at=None)
            )
            self._record(uow, actor, "workitem.subscribe", ae_title, uid)
            await uow.commit()

    async def unsubscribe(self, actor: Actor, ae_title: str, uid: str) -> None:
        """Let an AE hear of it no more; of nothing, where that is all (PS3.4 Table CC.2.3-2).

        Of a workitem it hears no more even where a global subscription of its goes on.

        Raises
        ------
        NotFound
            If it did not hear of it.
        """
        async with self._database.unit_of_work() as uow:
            session = uow.session
            found = await self._subscriptions(session, actor, ae_title)
            own = found.get(uid)
            heard = own is not None and (uid in _GLOBAL or own.suspended_at is None)
            if uid not in _GLOBAL and own is None and _GLOBAL & found.keys():
                await find(session, actor, uid, self._clock.now())
                heard = True
            if not heard:
                raise NotFound(_NONE)
            gone = delete(WorkitemSubscription).where(*_of(actor, ae_title))
            if uid == GLOBAL_SUBSCRIPTION:
                await session.execute(gone)
            elif uid == FILTERED_SUBSCRIPTION or not _GLOBAL & found.keys():
                await session.execute(gone.where(WorkitemSubscription.uid == uid))
            else:
                await self._put(session, actor, ae_title, uid)
                await self._suspend(session, actor, ae_title, uid)
            self._record(uow, actor, "workitem.unsubscribe", ae_title, uid)
            await uow.commit()

    async def suspend(self, actor: Actor, ae_title: str, uid: str) -> None:
        """Let a global subscription take in no more workitems (PS3.18 11.12).

        Raises
        ------
        InvalidInput, NotFound
            If that is none; if the AE has none.
        """
        if uid not in _GLOBAL:
            raise InvalidInput("global subscriptions alone are suspended", code="ups-not-global")
        async with self._database.unit_of_work() as uow:
            if uid not in await self._subscriptions(uow.session, actor, ae_title):
                raise NotFound(_NONE)
            await self._suspend(uow.session, actor, ae_title, uid)
            self._record(uow, actor, "workitem.suspend", ae_title, uid)
            await uow.commit()

    async def reports(
        self, actor: Actor, ae_title: str, events: AsyncIterator[str]
    ) -> AsyncIterator[str]:
        """Yield the event reports of an AE: how its workitems stand, then each change."""
        counted = _counter()
        async with self._database.reading() as session:
            found = await self._subscriptions(session, actor, ae_title)
        for uid, each in found.items():
            if uid not in _GLOBAL and each.suspended_at is None:
                state = await self._workitems.state_of(actor, uid)
                yield _report(counted(), uid, _STATE_REPORT, {"ProcedureStepState": state})
        async for message in events:
            event = orjson.loads(message)
            if event["topic"] not in _TYPES:
                continue
            payload = event["payload"]
            request_id = payload["request_id"]
            uid = (await self._workitems.uids([request_id]))[request_id]
            if event["topic"] == SUBSCRIBED:
                who = payload["institution_id"], payload["ae_title"]
                hears = who == (actor.institution_id, ae_title)
            else:
                hears = await self._hears(actor, ae_title, request_id, uid)
            if not hears:
                continue
            kind = _TYPES[event["topic"]]
            state = STEP_STATES[RequestStatus(payload["status"])].value
            said = {"ProcedureStepState": state} if kind == _STATE_REPORT else {}
            yield _report(counted(), uid, kind, said)

    async def _hears(self, actor: Actor, ae_title: str, request_id: str, uid: str) -> bool:
        """Tell whether an AE is subscribed now: a subscription made meanwhile counts.

        What it says of a workitem itself goes before what it says of all (PS3.4 CC.2.3.1).
        Deviation from PS3.4 CC.2.3.3.1: a filter is matched at each event, and not once for all
        when the subscription or the workitem is made.
        """
        async with self._database.reading() as session:
            found = await self._subscriptions(session, actor, ae_title)
            if uid in found:
                return found[uid].suspended_at is None
            for each in found.values():
                if each.uid not in _GLOBAL:
                    continue
                if each.filter is None and each.suspended_at is None:
                    return True
                wanted = conditions_of(each.filter) if each.filter is not None else []
                if each.suspended_at is not None:
                    wanted.append(DiagnosisRequest.received_at <= each.suspended_at)
                if await matches(session, actor, request_id, wanted, self._clock.now()):
                    return True
        return False

    async def _subscriptions(
        self, session: AsyncSession, actor: Actor, ae_title: str
    ) -> Mapping[str, WorkitemSubscription]:
        found = await session.scalars(select(WorkitemSubscription).where(*_of(actor, ae_title)))
        return {each.uid: each for each in found}

    async def _put(self, session: AsyncSession, actor: Actor, ae_title: str, uid: str) -> None:
        await session.execute(
            insert_unless_there(session, WorkitemSubscription).values(
                id=self._ids.new(),
                org=actor.org,
                institution_id=actor.institution_id,
                ae_title=ae_title,
                uid=uid,
                created_by=actor.id[:64],
                created_at=self._clock.now(),
            )
        )

    async def _suspend(self, session: AsyncSession, actor: Actor, ae_title: str, uid: str) -> None:
        await session.execute(
            update(WorkitemSubscription)
            .where(
                *_of(actor, ae_title),
                WorkitemSubscription.uid == uid,
                WorkitemSubscription.suspended_at.is_(None),
            )
            .values(suspended_at=self._clock.now())
        )

    async def _tell(
        self, uow: UnitOfWork, request: DiagnosisRequest, actor: Actor, ae_title: str
    ) -> None:
        who = {"institution_id": actor.institution_id, "ae_title": ae_title}
        await publish(uow, occurrence(SUBSCRIBED, request, self._clock.now(), **who))

    def _record(self, uow: UnitOfWork, actor: Actor, action: str, ae_title: str, uid: str) -> None:
        detail = {"ae_title": ae_title}
        self._audit.record(
            uow, act_of(actor, action, object_kind="workitem", object_id=uid, detail=detail)
        )


async def _make_room(session: AsyncSession, actor: Actor, ae_title: str, uid: str) -> None:
    """Forget subscriptions to what has ended, where the institution holds as many as it may."""
    held = WorkitemSubscription.institution_id == actor.institution_id
    rows = await session.execute(
        select(WorkitemSubscription.ae_title, WorkitemSubscription.uid).where(held)
    )
    there = {(title, each) for title, each in rows}
    if len(there) < _MOST or (ae_title, uid) in there:
        return
    uids = {each for _, each in there}
    unnamed = {id_: each for each in uids if (id_ := request_id_of(each)) is not None}
    found = await session.execute(
        select(DiagnosisRequest.id, Workitem.uid)
        .outerjoin(Workitem, Workitem.request_id == DiagnosisRequest.id)
        .where(
            DiagnosisRequest.org == actor.org,
            DiagnosisRequest.status.in_(_ENDED),
            or_(Workitem.uid.in_(uids), DiagnosisRequest.id.in_(unnamed)),
        )
    )
    ended = [named or unnamed[id_] for id_, named in found]
    if not ended:
        raise Conflict(
            f"{_MOST} subscriptions of this institution go on: end some first",
            code="too-many-subscriptions",
        )
    await session.execute(
        delete(WorkitemSubscription).where(held, WorkitemSubscription.uid.in_(ended))
    )


def _of(actor: Actor, ae_title: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        WorkitemSubscription.institution_id == actor.institution_id,
        WorkitemSubscription.ae_title == ae_title,
    )


_TYPES: Final = {
    OPENED: _STATE_REPORT,
    CHANGED: _STATE_REPORT,
    SUBSCRIBED: _STATE_REPORT,
    CANCEL_REQUESTED: _CANCEL_REQUESTED,
}


def _check(ae_title: str) -> None:
    plain = ae_title.isascii() and ae_title.isprintable() and "\\" not in ae_title
    if not plain or not 0 < len(ae_title.strip()) <= _AE_TITLE:
        raise InvalidInput("an AE title has 1 to 16 printable ASCII characters", code="bad-ae")


def _counter() -> Callable[[], int]:
    count = 0

    def counted() -> int:
        nonlocal count
        count = count % 0xFFFF + 1
        return count

    return counted


def _report(message_id: int, uid: str, event_type: int, said: dict[str, Any]) -> str:
    # Command elements have no keyword in the dictionary of data elements.
    command = {
        "00000002": {"vr": "UI", "Value": [_UPS_EVENT]},
        "00000110": {"vr": "US", "Value": [message_id]},
        "00001000": {"vr": "UI", "Value": [uid]},
        "00001002": {"vr": "US", "Value": [event_type]},
    }
    return orjson.dumps(command | encoded(said)).decode()
