"""One open WebSocket of a listener: what it is sent, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from server.core.errors import Unavailable
from server.realtime.hub import C, Close, L, Subscription

_log = structlog.get_logger(__name__)

_HEARTBEAT_S: Final = 20.0
_CLOSING_S: Final = 2.0
_MAX_MESSAGE_BYTES: Final = 1024


async def serve_socket(
    request: web.Request, messages: AsyncIterator[str], subscription: Subscription[L, C]
) -> web.WebSocketResponse:
    """Send ``messages`` until the listener goes, or is sent away."""
    socket = web.WebSocketResponse(
        heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=False
    )
    await socket.prepare(request)
    tasks = {
        asyncio.create_task(_send(socket, messages, subscription)),
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
    return socket


async def _send(
    socket: web.WebSocketResponse, messages: AsyncIterator[str], subscription: Subscription[L, C]
) -> None:
    try:
        async for message in messages:
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
