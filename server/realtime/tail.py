"""The tail: follows the events table and tells everybody in this process, in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.database import Database
from server.core.errors import Unavailable
from server.realtime.models import Event

_log = structlog.get_logger(__name__)

SQLITE_POLL_S: Final = 0.1
# PostgreSQL wakes us; the poll is for what is written while the listener reconnects.
POSTGRESQL_POLL_S: Final = 5.0
_RETRY_S: Final = 1.0
BATCH: Final = 500


@dataclass(frozen=True)
class EventRecord:
    """One event as it was written."""

    id: int
    org: str
    topic: str
    study_id: str | None
    payload: dict[str, Any]
    at: datetime


_RECORDS: Final = select(
    Event.id, Event.org, Event.topic, Event.study_id, Event.payload, Event.at
).order_by(Event.id)
_AFTER: Final = _RECORDS.where(Event.id > bindparam("last_id")).limit(BATCH)

Subscriber = Callable[[EventRecord], Awaitable[None]]


async def events_after(
    session: AsyncSession, last_id: int, *, limit: int = BATCH, org: str | None = None
) -> Sequence[EventRecord]:
    """Return the events after ``last_id`` in order, at most ``limit``."""
    query = _RECORDS.where(Event.id > last_id).limit(limit)
    if org is not None:
        query = query.where(Event.org == org)
    return [EventRecord(*row) for row in await session.execute(query)]


async def newest_id(session: AsyncSession) -> int:
    """Return the number of the newest event, 0 where there is none."""
    return await session.scalar(select(func.max(Event.id))) or 0


class EventTail:
    """One a process. What is committed anywhere reaches its subscribers once, in order.

    It starts at the end of the table: what must not miss an event while the process is down is a
    `DurableConsumer`. A subscriber hands over quickly; while it waits, the others wait.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscribers: list[Subscriber] = []
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._last_id = 0

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell ``subscriber`` of every event from now on; call what is returned to end it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    async def start(self) -> None:
        """Find the end of the table and follow it from there."""
        async with self._database.reading() as session:
            self._last_id = await newest_id(session)
        self._follower = asyncio.create_task(self._follow(), name="event-tail")
        if not self._database.is_sqlite:
            self._listener = asyncio.create_task(self._listen(), name="event-listener")

    async def stop(self) -> None:
        """End following; returns when nothing runs any more."""
        self._stopping.set()
        self._wake.set()
        # The follower ends by itself, or a query of its would be cut off in the middle.
        if self._listener is not None:
            self._listener.cancel()
        tasks = [task for task in (self._follower, self._listener) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        poll_s = SQLITE_POLL_S if self._database.is_sqlite else POSTGRESQL_POLL_S
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                while await self._dispatch_batch() and not self._stopping.is_set():
                    pass
                wait_s = poll_s
            except Unavailable:
                _log.warning("events cannot be read; trying again")
                wait_s = _RETRY_S
            except Exception:  # noqa: BLE001 -- the one who carries every alarm must not die
                _log.exception("following the events failed; trying again")
                wait_s = _RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _dispatch_batch(self) -> bool:
        """Tell of the next events; tell whether there may be more."""
        # Ten times a second in every process: a query that is made once costs a tenth.
        rows = await self._database.look_up(_AFTER, {"last_id": self._last_id})
        for event in (EventRecord(*row) for row in rows):
            await self._dispatch(event)
            self._last_id = event.id
        return len(rows) == BATCH

    async def _dispatch(self, event: EventRecord) -> None:
        for subscriber in tuple(self._subscribers):
            try:
                await subscriber(event)
            except Exception:  # noqa: BLE001 -- one who fails must not keep the event from others
                _log.exception("a subscriber failed", topic=event.topic, event_id=event.id)

    async def _listen(self) -> None:
        url = self._database.url.set(drivername="postgresql")
        dsn = url.render_as_string(hide_password=False)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    dsn, autocommit=True, connect_timeout=5, keepalives_idle=10
                ) as connection:
                    await connection.execute("LISTEN lianzhen_events")
                    # What was written before this moment was announced to nobody.
                    self._wake.set()
                    async for _ in connection.notifies():
                        self._wake.set()
            except psycopg.Error as error:
                _log.warning("lost the event listener; reconnecting", error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)
