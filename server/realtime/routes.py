"""``/ws``: live events for browsers."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

import structlog
from aiohttp import WSMsgType, web
from pydantic import Field

from server.core.errors import Unavailable
from server.core.http import Access, Route, inject_params
from server.realtime.hub import C, Close, Hub, L, Subscription

_log = structlog.get_logger(__name__)

_HEARTBEAT_S: Final = 20.0
_CLOSING_S: Final = 2.0
_MAX_MESSAGE_BYTES: Final = 1024

After = Annotated[int | None, Field(ge=0, lt=2**63)]


def event_routes(
    *, hub: Hub[L, C], access: Access, visitor_of: Callable[[web.Request], tuple[L, C]]
) -> list[Route]:
    """Make the route of live events; ``visitor_of`` tells who the guard let in, and by what."""

    @inject_params.and_request
    async def listen(request: web.Request, after: After = None) -> web.StreamResponse:
        """Hear events; with ``after``, first those after that number, or ``resync``."""
        listener, credential = visitor_of(request)
        async with hub.listening(listener, credential, after) as subscription:
            socket = web.WebSocketResponse(
                heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=False
            )
            await socket.prepare(request)
            await _serve(request, socket, hub, subscription)
            return socket

    return [Route("GET", "/ws", listen, access)]


async def _serve(
    request: web.Request,
    socket: web.WebSocketResponse,
    hub: Hub[L, C],
    subscription: Subscription[L, C],
) -> None:
    tasks = {
        asyncio.create_task(_send(socket, hub, subscription)),
        asyncio.create_task(_receive(socket, subscription)),
        asyncio.create_task(subscription.closed()),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        subscription.close(Close.GOING_AWAY)
        await _close(request, socket, await subscription.closed())


async def _send(
    socket: web.WebSocketResponse, hub: Hub[L, C], subscription: Subscription[L, C]
) -> None:
    try:
        async for message in hub.messages(subscription):
            await socket.send_str(message)
    except ConnectionError:
        # The browser is gone.
        subscription.close(Close.GOING_AWAY)
    except Unavailable:
        subscription.close(Close.TRY_AGAIN)
    except Exception:  # noqa: BLE001 -- the browser comes back with `after` and misses nothing
        _log.exception("sending events failed")
        subscription.close(Close.FAILED)


async def _receive(socket: web.WebSocketResponse, subscription: Subscription[L, C]) -> None:
    # Pings, pongs and the close are dealt with inside; a client of ours says nothing else.
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            subscription.close(Close.POLICY)
            return
    subscription.close(Close.GOING_AWAY)


async def _close(request: web.Request, socket: web.WebSocketResponse, why: Close) -> None:
    try:
        async with asyncio.timeout(_CLOSING_S):
            await socket.close(code=why, message=why.name.lower().replace("_", "-").encode())
    except TimeoutError:
        # A client that reads nothing does not read its farewell either.
        if request.transport is not None:
            request.transport.abort()
