"""An object that a route matches is put in the queue by the transaction that indexes it."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, bindparam, case, insert, select, update

from dicom.rejection import KEY_OBJECT_SELECTION
from server.core.clock import Clock
from server.core.database import Statement, UnitOfWork, insert_unless_there
from server.core.ids import Ids
from server.forwarding.book import RouteBook
from server.forwarding.models import ForwardJob, ForwardObject, ObjectState, Priority
from server.intake.public import Arrival, Indexed

_REMEMBERED: Final = 4096
_JOBS: Final[Table] = ForwardJob.metadata.tables[ForwardJob.__tablename__]
_NOW: Final = bindparam("now", type_=_JOBS.c.due_at.type)
_RANK: Final = bindparam("first", type_=_JOBS.c.rank.type)
_COUNT: Final = (
    update(_JOBS)
    .where(_JOBS.c.id == bindparam("job"))
    .values(
        waiting=_JOBS.c.waiting + bindparam("added", type_=_JOBS.c.waiting.type),
        due_at=_NOW,
        rank=case((_JOBS.c.rank > _RANK, _RANK), else_=_JOBS.c.rank),
        queued_at=case((_JOBS.c.due_at.is_(None), _NOW), else_=_JOBS.c.queued_at),
        changed_at=_NOW,
    )
)
_INSERT: Final = insert(ForwardObject)

_Key = tuple[str, str]
"""Of a destination and a study."""


@dataclass
class _Wanted:
    """What of a study goes to a destination."""

    priority: Priority
    objects: list[Indexed] = field(default_factory=list)


class ForwardFollower:
    """Implements intake's `Follower`."""

    def __init__(self, *, book: RouteBook, clock: Clock, ids: Ids) -> None:
        self._book = book
        self._clock = clock
        self._ids = ids
        self._jobs: OrderedDict[_Key, str] = OrderedDict()
        """Jobs that this process met, by destination and Study Instance UID."""

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        """Queue what goes on to a destination."""
        await self._book.read(uow.session)
        now = self._clock.now()
        wanted = self._wanted(indexed)
        for key in sorted(wanted):
            job_id = await self._job(uow, key, wanted[key], now)
            for statement in _statements({job_id: wanted[key]}, now):
                await uow.session.execute(statement.sql, list(statement.rows))

    async def replaced(self, uow: UnitOfWork, objects: Mapping[str, str]) -> None:
        """Do nothing: it names no object."""
        del uow, objects

    def wants(self, arrival: Arrival) -> bool:
        """Tell whether it goes where nothing of its study went, or the routes must be read."""
        return self._book.is_stale or any(
            _key(destination_id, arrival) not in self._jobs
            for destination_id in self._book.destinations(arrival)
        )

    def further(self, indexed: Sequence[Indexed]) -> Sequence[Statement]:
        """Return what queues further objects of studies of which some were queued before."""
        wanted = self._wanted(indexed)
        jobs = {
            self._jobs[_key(destination_id, each.objects[0].arrival)]: each
            for (destination_id, _), each in sorted(wanted.items(), key=lambda one: one[0])
        }
        return _statements(jobs, self._clock.now())

    def waits_for(self, study_pk: ColumnElement[str]) -> None:
        """Return nothing: no study waits for one."""
        del study_pk

    def _wanted(self, indexed: Sequence[Indexed]) -> Mapping[_Key, _Wanted]:
        found: dict[_Key, _Wanted] = defaultdict(lambda: _Wanted(Priority.LOW))
        for each in indexed:
            if each.hidden and each.arrival.prepared.sop_class_uid != KEY_OBJECT_SELECTION:
                # Rejected before it came; a note goes where what it names went.
                continue
            for destination_id, priority in self._book.destinations(each.arrival).items():
                wanted = found[destination_id, each.study_pk]
                wanted.objects.append(each)
                wanted.priority = min(wanted.priority, priority, key=lambda p: p.rank)
        return found

    async def _job(self, uow: UnitOfWork, key: _Key, wanted: _Wanted, now: datetime) -> str:
        """Return the job of a study and a destination, made where there is none."""
        destination_id, study_pk = key
        arrival = wanted.objects[0].arrival
        await uow.session.execute(
            insert_unless_there(uow.session, ForwardJob).values(
                id=self._ids.new(),
                org=arrival.received.sender.org,
                destination_id=destination_id,
                study_pk=study_pk,
                rank=wanted.priority.rank,
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
        job_id = (
            await uow.session.scalars(
                select(ForwardJob.id).where(
                    ForwardJob.destination_id == destination_id, ForwardJob.study_pk == study_pk
                )
            )
        ).one()
        self._jobs[_key(destination_id, arrival)] = job_id
        if len(self._jobs) > _REMEMBERED:
            self._jobs.popitem(last=False)
        return job_id


def _key(destination_id: str, arrival: Arrival) -> _Key:
    # A device is of one community: the UID alone says which study of it.
    return destination_id, arrival.prepared.study_instance_uid


def _statements(jobs: Mapping[str, _Wanted], now: datetime) -> Sequence[Statement]:
    """Return what queues objects, the jobs in the order given: it is the same everywhere."""
    counts: list[Mapping[str, Any]] = []
    objects: list[Mapping[str, Any]] = []
    for job_id, wanted in jobs.items():
        counts.append(
            {
                "job": job_id,
                "added": len(wanted.objects),
                "first": wanted.priority.rank,
                "now": now,
            }
        )
        objects += [
            {
                "job_id": job_id,
                "instance_pk": each.instance_pk,
                "state": ObjectState.WAITING.value,
                "due_at": now,
                "attempts": 0,
                "status": None,
                "reason": None,
            }
            for each in wanted.objects
        ]
    return [Statement(_COUNT, counts), Statement(_INSERT, objects)] if counts else ()
