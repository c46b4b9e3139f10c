"""``/rtc/{consult_id}``: the WebSocket of a room, in the media role."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from aiohttp import WSMsgType, web

from server.consults.rooms import Rooms
from server.consults.signals import Close, Closed
from server.consults.visit import ConsultRef, Visit, Visitor
from server.core.errors import InvalidInput
from server.core.http import Requires, Route
from server.identity.public import Action, Actor

_log = structlog.get_logger(__name__)

_HEARTBEAT_S: Final = 15.0
_CLOSING_S: Final = 2.0
# An offer of every slot is the longest; the limits of the others are `rooms`'.
_MAX_MESSAGE_BYTES: Final = 256 * 1024


class Consults(Protocol):
    """Knows the open consults: `ConsultService`."""

    async def room_of(self, actor: Actor, consult_id: str) -> ConsultRef:
        """Return the open consult.

        Raises
        ------
        NotFound
            If there is none, or none for this person.
        """
        ...


def room_routes(
    *, rooms: Rooms, consults: Consults, visitor_of: Callable[[web.Request], Visitor]
) -> list[Route]:
    """Make the route of the rooms; ``visitor_of`` tells who the guard let in, and by what."""

    async def enter(request: web.Request) -> web.StreamResponse:
        """Take part in a consult; `signals` says what is spoken."""
        visitor = visitor_of(request)
        consult = await consults.room_of(visitor.actor, request.match_info["consult_id"])
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=False
        )
        if not socket.can_prepare(request):
            raise InvalidInput("this is spoken over a WebSocket")
        async with rooms.visiting(visitor, consult) as visit:
            await socket.prepare(request)
            await _serve(socket, rooms, visit)
        # The others know by now; whoever is slow to hear it keeps nobody waiting.
        await _close(request, socket, await visit.ended())
        return socket

    return [Route("GET", "/rtc/{consult_id}", enter, Requires(Action.CONSULT_JOIN))]


async def _serve(socket: web.WebSocketResponse, rooms: Rooms, visit: Visit) -> None:
    tasks = {
        asyncio.create_task(_send(socket, visit)),
        asyncio.create_task(_receive(socket, rooms, visit)),
        asyncio.create_task(visit.ended()),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        visit.end(Close.GOING_AWAY)


async def _send(socket: web.WebSocketResponse, visit: Visit) -> None:
    try:
        while True:
            await socket.send_str(await visit.next())
    except ConnectionError:
        # The browser is gone.
        visit.end(Close.GOING_AWAY)


async def _receive(socket: web.WebSocketResponse, rooms: Rooms, visit: Visit) -> None:
    # Pings, pongs and the close are dealt with inside.
    try:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                visit.end(Close.POLICY)
                return
            await rooms.receive(visit, message.data)
            # What is waiting already is received without a pause: the others get their turn.
            await asyncio.sleep(0)
    except Exception:  # noqa: BLE001 -- the browser is told, and comes back
        _log.exception("a message of a room failed", consult_id=visit.consult.id)
        visit.end(Close.FAILED)
    visit.end(Close.GOING_AWAY)


async def _close(request: web.Request, socket: web.WebSocketResponse, why: Close) -> None:
    try:
        async with asyncio.timeout(_CLOSING_S):
            if not socket.closed:
                await socket.send_str(Closed(reason=why.reason).model_dump_json())
            await socket.close(code=why, message=why.reason.encode())
    except ConnectionError:
        # The browser was faster.
        _log.debug("a visitor was gone before the farewell")
    except TimeoutError:
        # A client that reads nothing does not read its farewell either.
        if request.transport is not None:
            request.transport.abort()
