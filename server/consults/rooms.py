"""The rooms of this process: visits come in, what a room decides is carried out."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final, assert_never

import structlog

from server.consults.doorkeeper import Doorkeeper, Members, Watch
from server.consults.engine import Connected, MediaEngine
from server.consults.incoming import may_be_cursor, parsed
from server.consults.room import Attach, Detach, Effect, Room, Send, Withhold
from server.consults.signals import (
    ClientMessage,
    Close,
    Cursor,
    Description,
    Error,
    Ice,
    Institution,
    Join,
    Lead,
    Leave,
    Mute,
    Participant,
    SetView,
)
from server.consults.visit import ConsultRef, Visit, Visitor
from server.core.clock import Clock
from server.core.errors import InvalidInput, LianzhenError, Throttled, Unavailable
from server.core.ids import Ids

_log = structlog.get_logger(__name__)

_JOINS_WITHIN_S: Final = 15.0
_FAREWELL_S: Final = 5.0
_VISITS_AT_MOST: Final = 512
_VISITS_A_ROOM: Final = 16
_VISITS_A_PERSON: Final = 4
_EMPTY_ROOMS_KEPT: Final = 256
_OFFER_BYTES: Final = 192 * 1024
# Of 100 a second: a connection is dear, and so is a long message.
_JOIN_COST: Final = 50.0
_BYTES_A_TOKEN: Final = 2048


class Rooms:
    """One a media process."""

    def __init__(
        self,
        *,
        engine: MediaEngine,
        members: Members,
        watch: Watch,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._engine = engine
        self._members = members
        self._clock = clock
        self._ids = ids
        self._rooms: dict[str, Room] = {}
        self._visits: dict[str, Visit] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._doorkeeper = Doorkeeper(members, watch, clock)
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def people(self) -> int:
        """How many people are in rooms."""
        return sum(visit.seated for visit in self._visits.values())

    async def start(self) -> None:
        """Watch who may stay."""
        self._watcher = asyncio.create_task(
            self._doorkeeper.run(lambda: tuple(self._visits.values()), self._stopping),
            name="room-watch",
        )

    async def stop(self) -> None:
        """Send everybody away and let nobody in."""
        self._stopping.set()
        for visit in self._visits.values():
            visit.end(Close.GOING_AWAY)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._empty.wait()
        if self._watcher is not None:
            await self._watcher
        if self._chores:
            await asyncio.wait(self._chores, timeout=_FAREWELL_S)
        await self._engine.close()

    @asynccontextmanager
    async def visiting(self, visitor: Visitor, consult: ConsultRef) -> AsyncIterator[Visit]:
        """Be at a room's door while inside; `receive` of a ``join`` leads in.

        Raises
        ------
        Throttled
            If there are too many connections already.
        Unavailable
            If the process is stopping.
        """
        self._check_room_for(visitor, consult)
        visit = Visit(self._ids.new(), visitor, consult, self._clock)
        self._visits[visit.id] = visit
        self._empty.clear()
        loop = asyncio.get_running_loop()
        deadline = loop.call_later(_JOINS_WITHIN_S, self._send_away_unless_seated, visit)
        try:
            yield visit
        finally:
            deadline.cancel()
            visit.end(Close.GOING_AWAY)
            del self._visits[visit.id]
            try:
                await self._depart(visit)
            finally:
                if not self._visits:
                    self._empty.set()

    async def receive(self, visit: Visit, text: str) -> None:
        """Do what a visitor says; what is wrong with it they are told."""
        # Reading a message is most of what it costs: it is paid for before it is read.
        cost = 1.0 + len(text) / _BYTES_A_TOKEN
        if not visit.allows(cost):
            if not may_be_cursor(text) or visit.is_flooding():
                visit.end(Close.POLICY)
            return
        try:
            message = parsed(text)
            if isinstance(message, Join) and not visit.allows(max(_JOIN_COST - cost, 0.0)):
                visit.end(Close.POLICY)
                return
            await self._do(visit, message)
        except LianzhenError as error:
            if not visit.allows(1.0):
                visit.end(Close.POLICY)
            visit.put(Error(code=error.code, detail=error.detail))

    async def _do(self, visit: Visit, message: ClientMessage) -> None:
        if isinstance(message, Join):
            await self._join(visit, message)
            return
        if isinstance(message, Leave):
            visit.end(Close.GOING_AWAY)
            return
        if not visit.seated:
            raise InvalidInput("join first", code="not-joined")
        room = self._rooms[visit.consult.id]
        match message:
            case SetView():
                if message.view.study_instance_uid != visit.consult.study_instance_uid:
                    raise InvalidInput("the consult is about another study", code="another-study")
                self._carry_out(room.look(visit.id, message.view))
            case Lead():
                self._carry_out(room.lead(visit.id))
            case Cursor():
                self._carry_out(room.point(visit.id, message))
            case Mute():
                self._carry_out(room.mute(visit.id, message))
            case Ice():
                pass
            case _:
                assert_never(message)

    async def _join(self, visit: Visit, message: Join) -> None:
        try:
            connected = await self._connected(visit, message.offer)
        except LianzhenError:
            # Of the connection before there is nothing left, whatever was wrong with the new one.
            await self._engine.disconnect(visit.id)
            if visit.seated:
                self._carry_out(self._rooms[visit.consult.id].change_media(visit.id, (), ()))
            raise
        slots, sends = (connected.slots, connected.sends) if connected else ((), frozenset())
        if visit.seated:
            room = self._rooms[visit.consult.id]
            effects = room.change_media(visit.id, slots, sends)
        else:
            try:
                _check_stays(visit)
                visit.came_at = self._clock.now()
                await self._members.entered(visit.visitor.actor, visit.consult, visit.came_at)
                _check_stays(visit)
                # From here to the end of it nobody else comes in between.
                room = self._room(visit.consult.id)
                self._replace_older(visit)
                effects = room.join(self._participant(visit, room.free_color()), slots, sends)
            except LianzhenError:
                await self._engine.disconnect(visit.id)
                raise
            visit.seated = True
        answer = connected.answer_sdp if connected is not None else None
        visit.put(room.welcome(visit.id, answer))
        self._carry_out(effects)

    async def _connected(self, visit: Visit, offer: Description | None) -> Connected | None:
        visit.connection += 1
        if offer is None:
            await self._engine.disconnect(visit.id)
            return None
        if offer.type != "offer" or len(offer.sdp) > _OFFER_BYTES:
            raise InvalidInput("that is no offer", code="bad-offer")
        number = visit.connection
        return await self._engine.connect(
            visit.id, offer.sdp, lambda: self._media_lost(visit, number)
        )

    def _participant(self, visit: Visit, color: str) -> Participant:
        visitor = visit.visitor
        home = visitor.institution
        return Participant(
            id=visit.id,
            person_id=visitor.actor.id,
            display_name=visitor.display_name,
            institution=Institution(id=home.id, name_zh=home.name_zh, name_en=home.name_en),
            color=color,
        )

    def _others(self, visit: Visit) -> list[Visit]:
        """Return the other visits of the same person to the same room."""
        return [
            other
            for other in self._visits.values()
            if other is not visit
            and other.visitor.actor.id == visit.visitor.actor.id
            and other.consult.id == visit.consult.id
        ]

    def _replace_older(self, visit: Visit) -> None:
        for other in self._others(visit):
            other.end(Close.REPLACED)
            _hand_over(other, visit)
            self._unseat(other)

    def _unseat(self, visit: Visit) -> None:
        if visit.seated:
            visit.seated = False
            self._carry_out(self._rooms[visit.consult.id].leave(visit.id))

    async def _depart(self, visit: Visit) -> None:
        self._unseat(visit)
        try:
            await self._engine.disconnect(visit.id)
        finally:
            for other in self._others(visit):
                if other.seated:
                    # The person is here still.
                    _hand_over(visit, other)
            if visit.came_at is not None:
                await self._note_leave(visit, visit.came_at)

    async def _note_leave(self, visit: Visit, came_at: datetime) -> None:
        try:
            await self._members.left(visit.visitor.actor, visit.consult, came_at)
        except Unavailable:
            # They are gone all the same; the next start writes it down.
            _log.warning("a leave could not be written down", consult_id=visit.consult.id)

    def _media_lost(self, visit: Visit, number: int) -> None:
        # Called from inside the engine, which is not to be closed under its own feet.
        self._chore(self._end_media(visit, number))

    async def _end_media(self, visit: Visit, number: int) -> None:
        if visit.connection == number:
            await self._engine.disconnect(visit.id)
        # They may have joined again meanwhile, with a connection that is sound.
        if visit.seated and visit.connection == number:
            self._carry_out(self._rooms[visit.consult.id].change_media(visit.id, (), ()))
            detail = "the audio and video connection was lost; join again"
            visit.put(Error(code="media-lost", detail=detail))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    text = effect.message.model_dump_json()
                    for participant_id in effect.to:
                        visit = self._visits.get(participant_id)
                        if visit is not None:
                            visit.put(effect.message, text)
                case Attach():
                    self._engine.attach(effect.subscriber_id, effect.mid, effect.publisher_id)
                case Detach():
                    self._engine.detach(effect.subscriber_id, effect.mid)
                case Withhold():
                    self._engine.mute(effect.publisher_id, effect.kind, muted=effect.muted)
                case _:
                    assert_never(effect)

    def _room(self, consult_id: str) -> Room:
        room = self._rooms.pop(consult_id, None) or Room()
        # The youngest stands last; the oldest that is empty goes first.
        self._rooms[consult_id] = room
        empty = [each for each, other in self._rooms.items() if not other.participants]
        for each in empty[: max(len(empty) - _EMPTY_ROOMS_KEPT, 0)]:
            del self._rooms[each]
        return room

    def _check_room_for(self, visitor: Visitor, consult: ConsultRef) -> None:
        if self._stopping.is_set():
            raise Unavailable("the server is stopping")
        here = [visit for visit in self._visits.values() if visit.consult.id == consult.id]
        mine = [
            visit for visit in self._visits.values() if visit.visitor.actor.id == visitor.actor.id
        ]
        if (
            len(self._visits) >= _VISITS_AT_MOST
            or len(here) >= _VISITS_A_ROOM
            or len(mine) >= _VISITS_A_PERSON
        ):
            raise Throttled("too many open connections", code="too-many-connections")

    @staticmethod
    def _send_away_unless_seated(visit: Visit) -> None:
        if not visit.seated:
            visit.end(Close.POLICY)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


def _check_stays(visit: Visit) -> None:
    if visit.is_over:
        raise Unavailable("the visit is over")


def _hand_over(gone: Visit, here: Visit) -> None:
    """Let a person's going be written down when their other connection ends."""
    came_at = [each.came_at for each in (gone, here) if each.came_at is not None]
    gone.came_at, here.came_at = None, max(came_at, default=None)
