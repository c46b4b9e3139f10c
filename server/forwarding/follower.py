"""An object that a route matches is put in the queue by the transaction that indexes it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, insert, update

from server.core.clock import Clock
from server.core.database import UnitOfWork, insert_unless_there
from server.core.ids import Ids
from server.forwarding.book import RouteBook
from server.forwarding.models import ForwardJob, ForwardObject, ObjectState, Priority
from server.intake.public import Arrival, Indexed

_Key = tuple[str, str]
"""Of a destination and a study."""


class ForwardFollower:
    """Implements intake's `Follower`."""

    def __init__(self, *, book: RouteBook, clock: Clock, ids: Ids) -> None:
        self._book = book
        self._clock = clock
        self._ids = ids

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        """Queue what goes on to a destination."""
        await self._book.read(uow.session)
        wanted: dict[_Key, list[Indexed]] = defaultdict(list)
        priorities: dict[_Key, Priority] = {}
        for each in indexed:
            for destination_id, priority in self._book.destinations(each.arrival).items():
                key = destination_id, each.study_pk
                wanted[key].append(each)
                priorities[key] = min(priorities.get(key, priority), priority, key=lambda p: p.rank)
        now = self._clock.now()
        # In one order everywhere: two processes that queue the same must not wait in a ring.
        for key in sorted(wanted):
            await self._queue(uow, key, wanted[key], priorities[key], now)

    def wants(self, arrival: Arrival) -> bool:
        """Tell whether a route matches, or may since the routes were read last."""
        return self._book.is_stale or bool(self._book.destinations(arrival))

    def waits_for(self, study_pk: ColumnElement[str]) -> None:
        """Return nothing: no study waits for one."""
        del study_pk

    async def _queue(
        self,
        uow: UnitOfWork,
        key: _Key,
        objects: Sequence[Indexed],
        priority: Priority,
        now: datetime,
    ) -> None:
        destination_id, study_pk = key
        session = uow.session
        await session.execute(
            insert_unless_there(session, ForwardJob).values(
                id=self._ids.new(),
                org=objects[0].arrival.received.sender.org,
                destination_id=destination_id,
                study_pk=study_pk,
                rank=priority.rank,
                queued_at=now,
                due_at=None,
                waiting=0,
                failed=0,
                sent=0,
                reason=None,
                changed_at=now,
                claimed_by=None,
                claimed_until=None,
            )
        )
        job_id = await session.scalar(
            update(ForwardJob)
            .where(ForwardJob.destination_id == destination_id, ForwardJob.study_pk == study_pk)
            .values(
                waiting=ForwardJob.waiting + len(objects),
                due_at=now,
                rank=case((ForwardJob.rank > priority.rank, priority.rank), else_=ForwardJob.rank),
                queued_at=case((ForwardJob.due_at.is_(None), now), else_=ForwardJob.queued_at),
                changed_at=now,
            )
            .returning(ForwardJob.id)
            .execution_options(synchronize_session=False)
        )
        await session.execute(
            insert(ForwardObject),
            [
                {
                    "job_id": job_id,
                    "instance_pk": each.instance_pk,
                    "state": ObjectState.WAITING,
                    "due_at": now,
                    "attempts": 0,
                    "status": None,
                    "reason": None,
                }
                for each in objects
            ],
        )
