"""The door: no request reaches a handler that the route's access does not let in."""

import hmac
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.audit.public import AuditTrail, Outcome
from server.core.addresses import ClientAddresses
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotAllowed, NotFound, NotSignedIn, Unavailable
from server.core.http import Public, Requires, SignedIn, access_of
from server.core.recent import Recent
from server.core.settings import HttpSettings
from server.identity.actors import Actor, act_of
from server.identity.admission import Admission, Credential
from server.identity.cookies import OwnOrigin, SessionCookie
from server.identity.policy import Action
from server.identity.public import ACTOR
from server.identity.sessions import SessionService
from server.identity.tokens import TokenService

_log = structlog.get_logger(__name__)

# Set beside ACTOR, for this capability's own routes and for whoever watches a long connection.
ADMISSION: Final = web.RequestKey("ADMISSION", Admission)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Refusals:
    """Audits refusals, one row a person, route and minute, so that nobody floods the chain."""

    def __init__(self, *, database: Database, trail: AuditTrail, clock: Clock) -> None:
        self._database = database
        self._trail = trail
        self._told: Recent[tuple[str, str], bool] = Recent(clock=clock, keep_s=60, capacity=4096)

    async def tell(self, actor: Actor, method: str, route: str, action: str | None) -> None:
        """Write the refusal down, unless it was a moment ago."""
        if not self._told.first((actor.id, f"{method} {route}"), value=True):
            return
        record = act_of(
            actor,
            action or "request",
            outcome=Outcome.REFUSED,
            object_kind="route",
            object_id=f"{method} {route}"[:128],
        )
        try:
            async with self._database.unit_of_work() as uow:
                self._trail.record(uow, record)
                await uow.commit()
        except Unavailable:
            # The refusal holds all the same.
            _log.warning("a refusal could not be audited", route=route, actor_id=actor.id)


@dataclass(frozen=True)
class Door:
    """What the guard needs to know a visitor."""

    sessions: SessionService
    tokens: TokenService
    refusals: Refusals
    addresses: ClientAddresses
    cookie: SessionCookie
    origin: OwnOrigin

    async def admit(self, request: web.Request) -> Admission:
        """Return who asks.

        Raises
        ------
        NotSignedIn
            If nobody we know does.
        NotAllowed
            If a browser asks on behalf of another site.
        """
        source = self.addresses.of(request)
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            scheme, _, secret = authorization.partition(" ")
            admission = None
            if scheme.lower() == "bearer" and secret.strip():
                admission = await self.tokens.authenticate(secret.strip(), source=source)
            if admission is None:
                raise NotSignedIn("the token is not valid", code="bad-token")
            return admission
        secret_of_cookie = self.cookie.read(request)
        if secret_of_cookie is not None:
            admission = await self.sessions.authenticate(secret_of_cookie, source=source)
            if admission is not None:
                self._check_intent(request, admission)
                return admission
        raise NotSignedIn("sign in first")

    def _check_intent(self, request: web.Request, admission: Admission) -> None:
        """Make sure that our own page asks, not another site by way of the browser's cookie."""
        if "websocket" in request.headers.get("Upgrade", "").lower():
            self.origin.check(request, required=True)
        if request.method in _SAFE:
            return
        self.origin.check(request, required=False)
        shown = request.headers.get("X-CSRF-Token", "").encode()
        expected = (admission.csrf_token or "").encode()
        if not expected or not hmac.compare_digest(shown, expected):
            raise NotAllowed("the X-CSRF-Token header is missing or wrong", code="csrf-mismatch")


def door(
    *,
    sessions: SessionService,
    tokens: TokenService,
    refusals: Refusals,
    http: HttpSettings,
) -> Door:
    """Make the door for the way people reach us."""
    return Door(
        sessions=sessions,
        tokens=tokens,
        refusals=refusals,
        addresses=ClientAddresses(http.trusted_proxies),
        cookie=SessionCookie(http),
        origin=OwnOrigin(http),
    )


def guard(door: Door) -> Middleware:
    """Make the middleware that denies by default; it belongs right inside the error middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is None:
            # No such path or method: there is nothing to guard, and the router says so.
            return await handler(request)
        access = access_of(request)
        if isinstance(access, Public):
            if request.method not in _SAFE:
                door.origin.check(request, required=False)
            return await handler(request)
        admission = await door.admit(request)
        actor = admission.actor
        with structlog.contextvars.bound_contextvars(actor_id=actor.id):
            if isinstance(access, Requires):
                allowed = actor.may(Action(access.action))
            else:
                allowed = isinstance(access, SignedIn)
            if not allowed:
                action = access.action if isinstance(access, Requires) else None
                await door.refusals.tell(actor, request.method, resource.canonical, action)
                raise NotAllowed("your roles do not allow this")
            request[ACTOR] = actor
            request[ADMISSION] = admission
            try:
                return await handler(request)
            except NotFound:
                # Perhaps it is there, and out of this person's reach: who tries is on record.
                if isinstance(access, Requires):
                    method, route = request.method, resource.canonical
                    await door.refusals.tell(actor, method, route, access.action)
                raise

    return middleware


def visitor_of(request: web.Request) -> tuple[Actor, Credential]:
    """Return who the guard let in, and by which credential, for whoever watches a connection."""
    return request[ACTOR], request[ADMISSION].credential
