"""The media role: rooms with audio, video and a shared view, alone on its loop.

A late loop reads as congestion and bitrates collapse, so nothing else runs here: no decoding, no
indexing, no bulk data.
"""

from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from server.consults.aiortc_engine import AiortcEngine
from server.consults.gauges import MediaGauges
from server.consults.rooms import Rooms
from server.consults.socket import room_routes
from server.consults.visit import Visitor
from server.core.health import public_health_routes
from server.core.http import add_routes, errors_become_problems, set_security_headers
from server.core.metrics import metrics_route
from server.core.settings import HttpSettings
from server.identity.middleware import ADMISSION, Refusals, door, guard
from server.identity.public import Action
from server.identity.watch import CredentialWatch
from server.services import Services

# The web role passes people on from this host, and says where they come from.
_THIS_HOST: Final = ("127.0.0.0/8", "::1/128")


def build_media_app(services: Services) -> web.Application:
    """Make the media role's application; its rooms open with it and close with it."""
    settings = services.settings
    http = settings.http.model_copy(
        update={"trusted_proxies": (*settings.http.trusted_proxies, *this_host(settings.http))}
    )
    engine = AiortcEngine(services.clock)
    rooms = Rooms(
        engine=engine,
        members=services.consults,
        watch=CredentialWatch(services.sessions, services.tokens),
        clock=services.clock,
        ids=services.ids,
    )
    refusals = Refusals(database=services.database, trail=services.audit, clock=services.clock)
    app = web.Application(
        middlewares=[
            errors_become_problems(services.ids),
            guard(
                door(
                    sessions=services.sessions,
                    tokens=services.tokens,
                    refusals=refusals,
                    http=http,
                )
            ),
        ]
    )
    app.on_response_prepare.append(set_security_headers(hsts=http.sends_hsts))
    add_routes(
        app,
        [
            *public_health_routes({"database": services.database.check}),
            metrics_route(
                services.registry,
                refresh=[MediaGauges(services.registry, rooms=rooms, engine=engine).refresh],
                action=Action.METRICS_READ,
            ),
            *room_routes(rooms=rooms, consults=services.consults, visitor_of=_visitor_of),
        ],
    )

    async def opened(_app: web.Application) -> AsyncIterator[None]:
        await services.consults.everybody_left()
        await rooms.start()
        yield
        await services.database.close()
        services.executor.shutdown()

    async def farewell(_app: web.Application) -> None:
        # Before the server waits for open connections: a socket never ends by itself.
        await rooms.stop()

    app.cleanup_ctx.append(opened)
    app.on_shutdown.append(farewell)
    return app


def this_host(http: HttpSettings) -> tuple[str, ...]:
    """Return the addresses the web role of this host may come from."""
    try:
        address = ip_address(http.inner_host)
    except ValueError:
        # A name: what it stands for is another's to say, and nobody is believed for it.
        return _THIS_HOST
    return _THIS_HOST if address.is_unspecified else (*_THIS_HOST, str(address))


def _visitor_of(request: web.Request) -> Visitor:
    admission = request[ADMISSION]
    return Visitor(
        actor=admission.actor,
        credential=admission.credential,
        display_name=admission.profile.display_name,
        institution=admission.profile.institution,
    )
