"""``/rtc/`` in the web role: passed on to the media role, for installations without a proxy.

The media role looks at the same cookie, token and Origin again; what is added here is the client's
address, which it believes because it comes from this host.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import aiohttp
from aiohttp import WSMsgType, web

from server.core.addresses import ClientAddresses
from server.core.errors import InvalidInput, Unavailable
from server.core.http import Requires, Route, problem
from server.core.settings import HttpSettings
from server.identity.public import Action

_PASSED_ON: Final = ("Authorization", "Cookie", "Origin", "Referer", "Host", "User-Agent")
_CONNECTS_WITHIN_S: Final = 5.0
_CLOSING_S: Final = 2.0
_HEARTBEAT_S: Final = 20.0
_MAX_MESSAGE_BYTES: Final = 256 * 1024
_TUNNELS_AT_MOST: Final = 512
_GOING_AWAY: Final = 1001
_NEVER_SENT: Final = {1005, 1006, 1015}
_REFUSALS: Final = {
    401: ("not-signed-in", "sign in first"),
    403: ("not-allowed", "your roles do not allow this"),
    404: ("not-found", "there is no such consult"),
    429: ("too-many-connections", "too many open connections"),
    503: ("media-unavailable", "audio, video and the shared view are out of order; try again"),
}
_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- what to do about it


class MediaProxy:
    """Carries WebSockets to the media role on this machine."""

    def __init__(self, http: HttpSettings) -> None:
        host = _ANYWHERE.get(http.inner_host, http.inner_host)
        self._at = f"http://{f'[{host}]' if ':' in host else host}:{http.media_port}"
        self._addresses = ClientAddresses(http.trusted_proxies)
        self._session: aiohttp.ClientSession | None = None
        self._open: set[web.WebSocketResponse] = set()

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the connections while the application runs (a ``cleanup_ctx``)."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTS_WITHIN_S),
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        ) as session:
            self._session = session
            yield

    async def stop(self, _app: web.Application) -> None:
        """Send everybody away (``on_shutdown``): a socket never ends by itself."""
        async with asyncio.TaskGroup() as group:
            for socket in tuple(self._open):
                group.create_task(_close(socket, _GOING_AWAY))

    def routes(self) -> list[Route]:
        """Return the route that is passed on."""
        return [Route("GET", "/rtc/{consult_id}", self._pass_on, Requires(Action.CONSULT_JOIN))]

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        """Take part in a consult."""
        near = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=False
        )
        if not near.can_prepare(request):
            raise InvalidInput("this is spoken over a WebSocket")
        if self._session is None or len(self._open) >= _TUNNELS_AT_MOST:
            raise Unavailable(_REFUSALS[503][1], code="media-unavailable")
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers["X-Forwarded-For"] = self._addresses.of(request)
        # Not the target as it came: that may be a whole address, of anywhere.
        path = f"/rtc/{quote(request.match_info['consult_id'], safe='')}"
        try:
            async with self._session.ws_connect(
                self._at + path, headers=headers, max_msg_size=_MAX_MESSAGE_BYTES
            ) as far:
                await near.prepare(request)
                self._open.add(near)
                try:
                    await _carry(near, far)
                finally:
                    self._open.discard(near)
        except aiohttp.WSServerHandshakeError as refused:
            # It has audited this; whoever asks learns no more than the status.
            code, detail = _REFUSALS.get(refused.status, _REFUSALS[503])
            return problem(refused.status, code, detail)
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            if near.prepared:
                await _close(near, _GOING_AWAY)
                return near
            code, detail = _REFUSALS[503]
            raise Unavailable(detail, code=code) from error
        return near


async def _carry(near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
    """Carry texts both ways until one side closes, and close the other with its code."""
    ways = {
        asyncio.create_task(_pump(near, far)),
        asyncio.create_task(_pump(far, near)),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _close(far, near.close_code or _GOING_AWAY)
        await _close(near, far.close_code or _GOING_AWAY)


async def _pump(source: _Socket, sink: _Socket) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await sink.send_str(message.data)
        else:
            return


async def _close(socket: _Socket, code: int) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(_CLOSING_S):
            # 1006 and its like are told to the application and never sent (RFC 6455, 7.4.1).
            await socket.close(code=_GOING_AWAY if code in _NEVER_SENT else code)
