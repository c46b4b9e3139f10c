"""The hub: who listens in this process, what each may hear, and when they are sent away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Hashable
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from typing import Final, Generic, Protocol, TypeVar

import orjson
import structlog
from sqlalchemy import func, select

from server.core.database import Database
from server.core.errors import Throttled, Unavailable
from server.realtime.models import Event
from server.realtime.tail import BATCH, EventRecord, EventTail, events_after, newest_id

_log = structlog.get_logger(__name__)

# A revocation holds within 5 s, the check itself included.
_WATCH_EVERY_S: Final = 2.0
_REPLAYED_AT_MOST: Final = 1_000
# More than the tail reads at once, or one burst would send everybody away; events are shared.
_QUEUED_AT_MOST: Final = 4 * BATCH
_PER_LISTENER: Final = 16
_FAREWELL_S: Final = 5.0


class Close(IntEnum):
    """Why a socket is closed (RFC 6455, 7.4; from 4000 on our own)."""

    GOING_AWAY = 1001
    POLICY = 1008
    FAILED = 1011
    TRY_AGAIN = 1013
    SESSION_ENDED = 4401


class Listener(Protocol):
    """Somebody who listens, as far as the hub must know them."""

    @property
    def id(self) -> str:
        """Their id."""
        ...

    @property
    def org(self) -> str:
        """Their community."""
        ...


L = TypeVar("L", bound=Listener)
L_contra = TypeVar("L_contra", contravariant=True)
C = TypeVar("C", bound=Hashable)


class Audience(Protocol[L_contra]):
    """Knows who may hear of what; the hub has seen to it that the community is theirs."""

    async def may_hear(self, listener: L_contra, org: str, study_id: str | None) -> bool:
        """Tell whether the listener may hear of this study, or of what is about none."""
        ...


class Watch(Protocol[C]):
    """Knows whose session or token is still good."""

    async def alive(self, credentials: Collection[C]) -> Collection[C]:
        """Return those of the credentials that are good now."""
        ...


class Subscription(Generic[L, C]):
    """One open socket's share of the events."""

    def __init__(self, listener: L, credential: C, after: int | None) -> None:
        self.listener = listener
        self.credential = credential
        self.after = after
        self.queue: asyncio.Queue[EventRecord] = asyncio.Queue(_QUEUED_AT_MOST)
        self._closed: asyncio.Future[Close] = asyncio.get_running_loop().create_future()

    def close(self, why: Close) -> None:
        """Send the listener away; the first reason counts."""
        if not self._closed.done():
            self._closed.set_result(why)

    async def closed(self) -> Close:
        """Wait until the listener is sent away and return why."""
        return await asyncio.shield(self._closed)

    def offer(self, event: EventRecord) -> None:
        """Queue an event; who reads too slowly is sent away and comes back with ``after``."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.close(Close.TRY_AGAIN)


class Hub(Generic[L, C]):
    """One a web process."""

    def __init__(
        self,
        *,
        database: Database,
        tail: EventTail,
        audience: Audience[L],
        watch: Watch[C],
    ) -> None:
        self._database = database
        self._tail = tail
        self._audience = audience
        self._watch = watch
        self._open: dict[str, set[Subscription[L, C]]] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    async def start(self) -> None:
        """Listen to the tail and watch the sessions of who listens to us."""
        self._unsubscribe = self._tail.subscribe(self._hear)
        self._watcher = asyncio.create_task(self._watch_sessions(), name="session-watch")

    async def stop(self) -> None:
        """Send everybody away and let nobody in; call it on shutdown, before the tail stops."""
        self._stopping.set()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for subscription in self._everybody():
            subscription.close(Close.GOING_AWAY)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._empty.wait()
        if self._watcher is not None:
            await self._watcher

    @asynccontextmanager
    async def listening(
        self, listener: L, credential: C, after: int | None
    ) -> AsyncIterator[Subscription[L, C]]:
        """Hear events while inside.

        Raises
        ------
        Throttled
            If the listener has too many sockets open.
        Unavailable
            If the process is stopping.
        """
        if self._stopping.is_set():
            raise Unavailable("the server is stopping")
        peers = self._open.setdefault(listener.org, set())
        if sum(peer.listener.id == listener.id for peer in peers) >= _PER_LISTENER:
            raise Throttled("too many open connections", code="too-many-connections")
        subscription = Subscription(listener, credential, after)
        peers.add(subscription)
        self._empty.clear()
        try:
            yield subscription
        finally:
            peers.discard(subscription)
            if not peers and self._open.get(listener.org) is peers:
                del self._open[listener.org]
            if not self._open:
                self._empty.set()

    async def messages(self, subscription: Subscription[L, C]) -> AsyncIterator[str]:
        """Yield what the listener may hear: what came after ``after``, then what comes."""
        sent = -1
        if subscription.after is not None:
            async with self._database.reading() as session:
                oldest = await session.scalar(select(func.min(Event.id)))
                newest = await newest_id(session)
                missed = await events_after(
                    session,
                    subscription.after,
                    limit=_REPLAYED_AT_MOST + 1,
                    org=subscription.listener.org,
                )
            sent = missed[-1].id if missed else subscription.after
            pruned = (newest if oldest is None else oldest - 1) > subscription.after
            if pruned or subscription.after > newest or len(missed) > _REPLAYED_AT_MOST:
                sent = newest
                missed = []
                yield _json(newest, "resync", {})
            for event in missed:
                if await self._may_hear(subscription, event):
                    yield _message(event)
        while True:
            event = await subscription.queue.get()
            # What was replayed may come by once more.
            if event.id > sent and await self._may_hear(subscription, event):
                yield _message(event)

    async def _may_hear(self, subscription: Subscription[L, C], event: EventRecord) -> bool:
        listener = subscription.listener
        return event.org == listener.org and await self._audience.may_hear(
            listener, event.org, event.study_id
        )

    async def _hear(self, event: EventRecord) -> None:
        for subscription in tuple(self._open.get(event.org, ())):
            subscription.offer(event)

    def _everybody(self) -> list[Subscription[L, C]]:
        return [subscription for peers in self._open.values() for subscription in peers]

    async def _watch_sessions(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_EVERY_S):
                    await self._stopping.wait()
                    return
            try:
                await self._send_ended_away()
            except Exception:  # noqa: BLE001 -- a database out of reach must not end the watch
                _log.exception("sessions could not be checked; trying again")

    async def _send_ended_away(self) -> None:
        everybody = self._everybody()
        if not everybody:
            return
        alive = await self._watch.alive({subscription.credential for subscription in everybody})
        for subscription in everybody:
            if subscription.credential not in alive:
                subscription.close(Close.SESSION_ENDED)


def _message(event: EventRecord) -> str:
    about = {} if event.study_id is None else {"study_id": event.study_id}
    return _json(event.id, event.topic, event.payload | about)


def _json(event_id: int, topic: str, payload: dict[str, object]) -> str:
    return orjson.dumps({"id": event_id, "topic": topic, "payload": payload}).decode()
