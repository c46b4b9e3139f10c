"""Durable consumers: hear every event at least once, in order, also what happened while down."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import delete, func, select, update

from server.core.clock import Clock
from server.core.database import Database, insert_unless_there
from server.core.errors import Unavailable
from server.realtime.models import Event, EventCursor
from server.realtime.tail import EventRecord, EventTail, events_after

_log = structlog.get_logger(__name__)

_POLL_S: Final = 5.0
_FIRST_RETRY_S: Final = 1.0
_LONGEST_RETRY_S: Final = 60.0
KEPT: Final = timedelta(days=7)
_DELETED_AT_ONCE: Final = 1_000

Handler = Callable[[EventRecord], Awaitable[None]]


class DurableConsumer:
    """Hands each event of its topics to ``handler``; its cursor moves after that succeeded.

    A crash in between repeats the event, so the handler's effect must be idempotent. A handler that
    fails is tried again, slower each time, and what comes after waits: order is kept. Two processes
    with the same name share the cursor; each may see an event the other is handling.
    """

    def __init__(
        self,
        name: str,
        handler: Handler,
        *,
        topics: Collection[str],
        database: Database,
        tail: EventTail,
        first_retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        self._name = name
        self._handler = handler
        self._topics = frozenset(topics)
        self._database = database
        self._tail = tail
        self._first_retry_s = first_retry_s
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on where the cursor stands; a new name starts at the oldest event kept."""
        self._unsubscribe = self._tail.subscribe(self._wake_up)
        self._task = asyncio.create_task(self._run(), name=f"consumer-{self._name}")

    async def stop(self) -> None:
        """Finish the event at hand and end."""
        self._stopping.set()
        self._wake.set()
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            await self._task

    async def _wake_up(self, _event: EventRecord) -> None:
        self._wake.set()

    async def _run(self) -> None:
        retry_s = self._first_retry_s
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                await self._catch_up()
                retry_s = self._first_retry_s
                wait_s = _POLL_S
            except Unavailable:
                _log.warning("events cannot be consumed; trying again", consumer=self._name)
                wait_s = self._first_retry_s
            except Exception:  # noqa: BLE001 -- whatever a handler raises, the event is tried again
                _log.exception("a consumer failed; trying again", consumer=self._name)
                wait_s, retry_s = retry_s, min(2 * retry_s, _LONGEST_RETRY_S)
                await self._pause(self._stopping, wait_s)
                continue
            await self._pause(self._wake, wait_s)

    @staticmethod
    async def _pause(until: asyncio.Event, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await until.wait()

    async def _catch_up(self) -> None:
        cursor = await self._cursor()
        while not self._stopping.is_set():
            async with self._database.reading() as session:
                events = await events_after(session, cursor)
            if not events:
                return
            for event in events:
                if event.topic not in self._topics and event is not events[-1]:
                    # Passed over without a commit of its own: writers need the database more.
                    continue
                if event.topic in self._topics:
                    await self._handler(event)
                if not await self._moved(cursor, event.id):
                    # Another process with this name was faster: go on where it stands.
                    self._wake.set()
                    return
                cursor = event.id
                if self._stopping.is_set():
                    return

    async def _cursor(self) -> int:
        query = select(EventCursor.last_id).where(EventCursor.consumer == self._name)
        async with self._database.reading() as session:
            found = await session.scalar(query)
        if found is not None:
            return found
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                insert_unless_there(uow.session, EventCursor).values(consumer=self._name, last_id=0)
            )
            await uow.commit()
        async with self._database.reading() as session:
            return await session.scalar(query) or 0

    async def _moved(self, before: int, after: int) -> bool:
        async with self._database.unit_of_work() as uow:
            moved = await uow.session.scalar(
                update(EventCursor)
                .where(EventCursor.consumer == self._name, EventCursor.last_id == before)
                .values(last_id=after)
                .returning(EventCursor.last_id)
            )
            await uow.commit()
        return moved is not None


async def prune(database: Database, clock: Clock) -> int:
    """Delete events older than a week that every durable consumer has passed; return how many.

    A consumer that was given up keeps everything until its row in ``event_cursors`` is deleted.
    """
    oldest_kept = clock.now() - KEPT
    deleted = 0
    while True:
        async with database.unit_of_work() as uow:
            passed = await uow.session.scalar(select(func.min(EventCursor.last_id)))
            old = select(Event.id).where(Event.at < oldest_kept)
            if passed is not None:
                old = old.where(Event.id <= passed)
            gone = await uow.session.scalars(
                delete(Event)
                .where(Event.id.in_(old.order_by(Event.id).limit(_DELETED_AT_ONCE)))
                .returning(Event.id)
            )
            count = len(gone.all())
            await uow.commit()
        deleted += count
        if count < _DELETED_AT_ONCE:
            return deleted
