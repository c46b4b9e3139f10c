"""Who may be in a room, looked at again for as long as they are there."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol

import structlog

from server.consults.signals import Close
from server.consults.visit import ConsultRef, Visit
from server.core.clock import Clock
from server.identity.public import Actor, Credential

_log = structlog.get_logger(__name__)

# A revocation holds within 5 s, the check itself included.
_WATCH_EVERY_S: Final = 2.0
# Who talks to people touches no page; a consult must not end because nobody clicked.
_KEEP_EVERY_S: Final = 60.0


class Members(Protocol):
    """Knows whose room it is, and writes down who was there: `ConsultService`."""

    async def may_stay(self, actor: Actor, consult_id: str) -> bool:
        """Tell whether the consult is open, and for this person."""
        ...

    async def entered(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        """Write down that somebody came in; an error means that they must not."""
        ...

    async def left(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        """Write down that somebody went who came at ``at``, unless they have come again since."""
        ...


class Watch(Protocol):
    """Knows whose session or token is still good."""

    async def alive(self, credentials: Collection[Credential]) -> Collection[Credential]:
        """Return those of the credentials that are good now."""
        ...

    async def keep(self, credentials: Collection[Credential]) -> None:
        """Keep sessions from idling out."""
        ...


class Doorkeeper:
    """Sends away whose session ended, or whose consult was closed to them."""

    def __init__(self, members: Members, watch: Watch, clock: Clock) -> None:
        self._members = members
        self._watch = watch
        self._clock = clock
        self._kept_s = clock.monotonic_s()

    async def run(self, visits: Callable[[], tuple[Visit, ...]], stopping: asyncio.Event) -> None:
        """Look at all visits every other second until ``stopping``."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_EVERY_S):
                    await stopping.wait()
                    return
            try:
                await self._look(visits())
            except Exception:  # noqa: BLE001 -- a database out of reach must not end a consult
                _log.exception("visits could not be checked; trying again")

    async def _look(self, visits: tuple[Visit, ...]) -> None:
        if not visits:
            return
        alive = await self._watch.alive({visit.visitor.credential for visit in visits})
        may_stay: dict[tuple[str, str], bool] = {}
        for visit in visits:
            actor, consult_id = visit.visitor.actor, visit.consult.id
            if visit.visitor.credential not in alive:
                visit.end(Close.SESSION_ENDED)
                continue
            key = (consult_id, actor.institution_id)
            if key not in may_stay:
                may_stay[key] = await self._members.may_stay(actor, consult_id)
            if not may_stay[key]:
                visit.end(Close.CONSULT_CLOSED)
        now_s = self._clock.monotonic_s()
        if now_s - self._kept_s >= _KEEP_EVERY_S:
            self._kept_s = now_s
            here = [visit for visit in visits if visit.seated and not visit.is_over]
            await self._watch.keep({visit.visitor.credential for visit in here})
