"""Routes of subscriptions to workitems, and the channel of their event reports (PS3.18 11)."""

from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from server.core.errors import InvalidInput
from server.core.http import Requires, Route
from server.dicomweb.public import PREFIX, base_url
from server.identity.public import ACTOR, Action, Actor
from server.realtime.public import C, Hub, serve_socket
from server.workitems.filters import filter_of
from server.workitems.routes import WORKITEM, warning
from server.workitems.subscriptions import SubscriptionService
from server.workitems.uids import FILTERED_SUBSCRIPTION


def subscription_routes(
    subscriptions: SubscriptionService,
    *,
    hub: Hub[Actor, C],
    visitor_of: Callable[[web.Request], tuple[Actor, C]],
    public_url: str | None,
) -> list[Route]:
    """Return the routes of subscriptions."""

    async def subscribe(request: web.Request) -> web.StreamResponse:
        """Let an AE hear of a workitem, of all, or of all that match."""
        ae_title, uid = request.match_info["ae"], request.match_info["workitem"]
        wants_lock = _flag(request, "deletionlock")
        keys = filter_of(request.query.items()) if uid == FILTERED_SUBSCRIPTION else None
        await subscriptions.subscribe(request[ACTOR], ae_title, uid, keys)
        base = base_url(request, public_url)
        channel = base.replace("http", "ws", 1)
        headers = {"Content-Location": f"{channel}/subscribers/{quote(ae_title, safe='')}"}
        if wants_lock:
            # How long a study and its request are kept is for retention to say, and no client's.
            headers |= warning(base, "Deletion Lock not granted.")
        return web.Response(status=201, headers=headers)

    async def unsubscribe(request: web.Request) -> web.StreamResponse:
        """Let an AE hear of it no more."""
        ae_title, uid = request.match_info["ae"], request.match_info["workitem"]
        await subscriptions.unsubscribe(request[ACTOR], ae_title, uid)
        return web.Response(status=200)

    async def suspend(request: web.Request) -> web.StreamResponse:
        """Let a subscription to all take in no more workitems."""
        ae_title, uid = request.match_info["ae"], request.match_info["workitem"]
        await subscriptions.suspend(request[ACTOR], ae_title, uid)
        return web.Response(status=200)

    async def hear(request: web.Request) -> web.StreamResponse:
        """Open the channel of an AE's event reports."""
        actor, credential = visitor_of(request)
        async with hub.listening(actor, credential, None) as subscription:
            events = hub.messages(subscription)
            reports = subscriptions.reports(actor, request.match_info["ae"], events)
            return await serve_socket(request, reports, subscription)

    read = Requires(Action.WORKLIST_READ)
    return [
        Route("POST", f"{WORKITEM}/subscribers/{{ae}}", subscribe, read),
        Route("DELETE", f"{WORKITEM}/subscribers/{{ae}}", unsubscribe, read),
        Route("POST", f"{WORKITEM}/subscribers/{{ae}}/suspend", suspend, read),
        Route("GET", f"{PREFIX}/subscribers/{{ae}}", hear, read),
    ]


def _flag(request: web.Request, name: str) -> bool:
    said = request.query.get(name, "false")
    if said not in ("true", "false"):
        raise InvalidInput(f"{name} is true or false", code="bad-query")
    return said == "true"
