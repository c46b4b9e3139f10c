"""Who hears of workitems, and what they hear (PS3.18 11.10 to 11.13, PS3.4 CC.2.3 and CC.2.4)."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import orjson
from sqlalchemy import delete, select

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, insert_unless_there
from server.core.errors import InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.public import Actor, act_of
from server.requests.public import CHANGED, OPENED, RequestStatus
from server.workitems.document import encoded
from server.workitems.models import WorkitemSubscription
from server.workitems.service import CANCEL_REQUESTED, WorkitemService
from server.workitems.states import STEP_STATES
from server.workitems.uids import GLOBAL_SUBSCRIPTION

_UPS_EVENT: Final = "1.2.840.10008.5.1.4.34.6.4"
_STATE_REPORT, _CANCEL_REQUESTED = 1, 2
"""Event types (PS3.4 Table CC.2.4-1)."""
_AE_TITLE: Final = 16


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

    async def subscribe(self, actor: Actor, ae_title: str, uid: str) -> None:
        """Let an AE of the actor's institution hear of a workitem within reach, or of all.

        Raises
        ------
        InvalidInput, NotFound
            If the AE title is none; if there is no such workitem.
        """
        _check(ae_title)
        if uid != GLOBAL_SUBSCRIPTION:
            await self._workitems.state_of(actor, uid)
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                insert_unless_there(uow.session, WorkitemSubscription).values(
                    id=self._ids.new(),
                    org=actor.org,
                    institution_id=actor.institution_id,
                    ae_title=ae_title,
                    uid=uid,
                    created_by=actor.id[:64],
                    created_at=self._clock.now(),
                )
            )
            self._audit.record(
                uow,
                act_of(
                    actor,
                    "workitem.subscribe",
                    object_kind="workitem",
                    object_id=uid,
                    detail={"ae_title": ae_title},
                ),
            )
            await uow.commit()

    async def unsubscribe(self, actor: Actor, ae_title: str, uid: str) -> None:
        """Let an AE hear of it no more; `NotFound` where it did not."""
        async with self._database.unit_of_work() as uow:
            gone = await uow.session.scalar(
                delete(WorkitemSubscription)
                .where(
                    WorkitemSubscription.institution_id == actor.institution_id,
                    WorkitemSubscription.ae_title == ae_title,
                    WorkitemSubscription.uid == uid,
                )
                .returning(WorkitemSubscription.id)
            )
            if gone is None:
                raise NotFound("there is no such subscription")
            await uow.commit()

    async def reports(
        self, actor: Actor, ae_title: str, events: AsyncIterator[str]
    ) -> AsyncIterator[str]:
        """Yield the event reports of an AE: how its workitems stand, then each change."""
        counted = _counter()
        for uid in await self._subscribed(actor, ae_title):
            if uid != GLOBAL_SUBSCRIPTION:
                state = await self._workitems.state_of(actor, uid)
                yield _report(counted(), uid, _STATE_REPORT, {"ProcedureStepState": state})
        async for message in events:
            event = orjson.loads(message)
            if event["topic"] not in _TYPES:
                continue
            request_id = event["payload"]["request_id"]
            uid = (await self._workitems.uids([request_id]))[request_id]
            # Read anew each time: a subscription made meanwhile counts.
            if not {uid, GLOBAL_SUBSCRIPTION} & await self._subscribed(actor, ae_title):
                continue
            kind = _TYPES[event["topic"]]
            state = STEP_STATES[RequestStatus(event["payload"]["status"])].value
            said = {"ProcedureStepState": state} if kind == _STATE_REPORT else {}
            yield _report(counted(), uid, kind, said)

    async def _subscribed(self, actor: Actor, ae_title: str) -> set[str]:
        async with self._database.reading() as session:
            found = await session.scalars(
                select(WorkitemSubscription.uid).where(
                    WorkitemSubscription.institution_id == actor.institution_id,
                    WorkitemSubscription.ae_title == ae_title,
                )
            )
            return set(found)


_TYPES: Final = {
    OPENED: _STATE_REPORT,
    CHANGED: _STATE_REPORT,
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
