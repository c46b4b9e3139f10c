"""A visit: one open WebSocket of a room, with what waits to be sent and why it ends."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from server.consults.bucket import Bucket
from server.consults.signals import Close, CursorAt, ServerMessage, ViewSet
from server.core.clock import Clock
from server.identity.public import Actor, Credential, InstitutionRef

_WAITING_AT_MOST: Final = 256
_PER_SECOND: Final = 100.0
_BURST: Final = 200.0
_SURPLUS_PER_SECOND: Final = 50.0
_SURPLUS_BURST: Final = 500.0


@dataclass(frozen=True)
class Visitor:
    """Who comes, and by which credential."""

    actor: Actor
    credential: Credential
    display_name: str
    institution: InstitutionRef


@dataclass(frozen=True)
class ConsultRef:
    """The consult whose room is visited."""

    id: str
    study_id: str
    study_instance_uid: str


class Visit:
    """Somebody's connection to a room; its id is the participant's."""

    def __init__(self, visit_id: str, visitor: Visitor, consult: ConsultRef, clock: Clock) -> None:
        self.id = visit_id
        self.visitor = visitor
        self.consult = consult
        self.seated = False
        self.connection = 0
        """Which of their media connections counts, for they may join again."""
        self.came_at: datetime | None = None
        """When they came in, once that may be written down and their going must be."""
        self._waiting: OrderedDict[Hashable, str] = OrderedDict()
        self._numbers = count()
        self._something = asyncio.Event()
        self._ended: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._budget = Bucket(clock, per_second=_PER_SECOND, burst=_BURST)
        self._surplus = Bucket(clock, per_second=_SURPLUS_PER_SECOND, burst=_SURPLUS_BURST)

    @property
    def is_over(self) -> bool:
        """Whether the visitor is sent away."""
        return self._ended.done()

    def end(self, why: Close) -> None:
        """Send the visitor away; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(why)

    async def ended(self) -> Close:
        """Wait until the visitor is sent away and return why."""
        return await asyncio.shield(self._ended)

    def put(self, message: ServerMessage, text: str | None = None) -> None:
        """Let a message wait to be sent; ``text`` is the same message, already written.

        A newer cursor or view takes the place of an older one that still waits.
        """
        key: Hashable = next(self._numbers)
        if isinstance(message, CursorAt):
            key = ("cursor", message.participant_id)
        elif isinstance(message, ViewSet):
            key = "view"
        self._waiting.pop(key, None)
        self._waiting[key] = text or message.model_dump_json()
        if len(self._waiting) > _WAITING_AT_MOST:
            self.end(Close.TRY_AGAIN)
        self._something.set()

    async def next(self) -> str:
        """Wait for the next message to send."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        return self._waiting.popitem(last=False)[1]

    def allows(self, cost: float) -> bool:
        """Tell whether the visitor may say something that costs so much, and count it."""
        return self._budget.takes(cost)

    def is_flooding(self) -> bool:
        """Tell, of a message more than is allowed, whether there are too many of those as well."""
        return not self._surplus.takes(1.0)
