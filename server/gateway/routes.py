"""The gateway's page and what it asks: how things are is for everybody, names are not."""

from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from server.core.errors import InvalidInput
from server.core.http import Public, Requires, Route, json_response
from server.gateway.forwarder import Forwarder
from server.gateway.overview import Overview
from server.gateway.queue import Queue
from server.gateway.schemas import SendingOut
from server.identity.public import ACTOR, Action

_PAGE: Final = Path(__file__).parent / "page"
_FILES: Final = {"/": "gateway.html", "/gateway.css": "gateway.css", "/gateway.js": "gateway.js"}


def gateway_routes(*, overview: Overview, queue: Queue, forwarder: Forwarder) -> list[Route]:
    """Return the routes of the page, of what it shows and of its buttons."""

    async def look(_request: web.Request) -> web.Response:
        found = await overview.read()
        progress = forwarder.progress
        return json_response(
            found.model_copy(
                update={
                    "sending": SendingOut(offset=progress.offset, size=progress.size)
                    if progress is not None
                    else None,
                    "bytes_per_s": round(forwarder.bytes_per_s)
                    if forwarder.bytes_per_s is not None
                    else found.bytes_per_s,
                }
            )
        )

    async def objects(_request: web.Request) -> web.Response:
        return json_response(await overview.objects())

    async def send_again(request: web.Request) -> web.Response:
        text = request.match_info["number"]
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise InvalidInput("an object's number is a number")
        await queue.send_again(request[ACTOR], int(text))
        forwarder.wake()
        return web.Response(status=204)

    async def hurry(request: web.Request) -> web.Response:
        await queue.hurry(request[ACTOR], request.match_info["study"])
        forwarder.wake()
        return web.Response(status=204)

    async def wake(_request: web.Request) -> web.Response:
        forwarder.wake()
        return web.Response(status=204)

    may = Requires(Action.GATEWAY_OPERATE)
    return [
        *(Route("GET", path, _file(name), Public()) for path, name in _FILES.items()),
        Route("GET", "/api/gateway", look, Public()),
        Route("GET", "/api/gateway/objects", objects, may),
        Route("POST", "/api/gateway/objects/{number}/send-again", send_again, may),
        Route("POST", "/api/gateway/studies/{study}/hurry", hurry, may),
        Route("POST", "/api/gateway/wake", wake, may),
    ]


def _file(name: str) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_PAGE / name, headers={"Cache-Control": "no-cache"})

    return handler
