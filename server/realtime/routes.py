"""``/ws``: live events for browsers."""

from collections.abc import Callable
from typing import Annotated

from aiohttp import web
from pydantic import Field

from server.core.http import Access, Route, inject_params
from server.realtime.hub import C, Hub, L
from server.realtime.socket import serve_socket

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
            return await serve_socket(request, hub.messages(subscription), subscription)

    return [Route("GET", "/ws", listen, access)]
