"""HTTP at the edge: routes with their access, problem+json, security headers.

Deny by default: a route is added through `add_routes` with the access it needs, and whoever guards
the door (`identity`) refuses a request whose route has none.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_pydantic.decorator import inject_params as _inject_params
from pydantic import BaseModel, ValidationError

from server.core.errors import (
    Conflict,
    InvalidInput,
    LianzhenError,
    NotAcceptable,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StorageFull,
    Throttled,
    TooLarge,
    Unavailable,
    Unprocessable,
    UnsupportedMedia,
)
from server.core.ids import Ids

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Public:
    """Anybody may ask: health, sign-in, the page itself."""


@dataclass(frozen=True)
class SignedIn:
    """Anybody who is signed in may ask."""


@dataclass(frozen=True)
class Requires:
    """Only who may do ``action`` by the policy table may ask."""

    action: str


Access = Public | SignedIn | Requires


@dataclass(frozen=True)
class Route:
    """One method of one path, its handler and the access it needs."""

    method: str
    path: str
    handler: Handler
    access: Access


ACCESS: Final = web.AppKey("ACCESS", dict[tuple[str, str], Access])


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Add ``routes`` and remember what each needs."""
    table = app.setdefault(ACCESS, {})
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
        table[route.method, route.path] = route.access


def access_of(request: web.Request) -> Access | None:
    """Return what the matched route needs; None where nobody said, and then nobody may."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    table = request.app[ACCESS]
    found = table.get((request.method, resource.canonical))
    if found is None and request.method == "HEAD":
        return table.get(("GET", resource.canonical))
    return found


_STATUS: Final[Mapping[type[LianzhenError], HTTPStatus]] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}


class Problem(BaseModel):
    """What every error looks like (RFC 9457), with our stable ``code``."""

    type: str
    title: str
    status: int
    code: str
    detail: str


_KNOWN_STATUSES: Final = frozenset(HTTPStatus)


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an RFC 9457 problem with our stable ``code``."""
    body = Problem(
        type="about:blank",
        # A protocol on top of HTTP may have a status of its own (tus: 460).
        title=HTTPStatus(status).phrase if status in _KNOWN_STATUSES else code,
        status=status,
        code=code,
        detail=detail,
    )
    return web.Response(
        status=status,
        body=body.model_dump_json().encode(),
        content_type="application/problem+json",
        headers=headers,
    )


def problem_of(error: LianzhenError) -> web.Response:
    """Return the problem that an error of ours becomes."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
    headers = {}
    if isinstance(error, Throttled | Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status or HTTPStatus.INTERNAL_SERVER_ERROR, error.code, error.detail, headers)


def json_response(body: BaseModel, *, status: int = 200) -> web.Response:
    """Return a wire type as JSON."""
    return web.Response(
        status=status,
        body=body.model_dump_json().encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _refuse_invalid(error: ValidationError, context: str) -> web.StreamResponse:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return problem(400, InvalidInput.default_code, f"{context}, {where}: {first['msg']}")


class _InjectParams(Protocol):
    """The part of the untyped decorator that we use."""

    def __call__(self, handler: Callable[..., Awaitable[web.StreamResponse]], /) -> Handler: ...

    @property
    def and_request(
        self,
    ) -> Callable[[Callable[..., Awaitable[web.StreamResponse]]], Handler]: ...


# Validated parameters and OpenAPI entries for plain handlers; what does not validate is a 400.
inject_params: Final[_InjectParams] = _inject_params(on_validation_error=_refuse_invalid)


def errors_become_problems(ids: Ids) -> Middleware:
    """Make the outermost middleware: every error leaves as problem+json, and none with a stack."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = ids.new()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if "%00" in request.raw_path:
                    # No name of ours has a NUL in it, and PostgreSQL takes none in a text.
                    raise InvalidInput("the address has a NUL character in it")
                return await handler(request)
            except LianzhenError as error:
                return problem_of(error)
            except web.HTTPException as error:
                if error.status < 400:
                    raise
                return _problem_of_aiohttp(error)
            except (json.JSONDecodeError, UnicodeDecodeError):
                return problem(400, InvalidInput.default_code, "the body is not valid JSON")
            except ConnectionResetError:
                raise
            except Exception:  # noqa: BLE001 -- the outermost door: logged, and no stack goes out
                _log.exception("request failed", method=request.method, path=route_pattern(request))
                return problem(
                    500, "internal", f"the server failed; tell the operator request {request_id}"
                )

    return middleware


def _problem_of_aiohttp(error: web.HTTPException) -> web.Response:
    code = {
        401: NotSignedIn.default_code,
        403: NotAllowed.default_code,
        404: NotFound.default_code,
        405: "method-not-allowed",
        413: TooLarge.default_code,
        415: UnsupportedMedia.default_code,
    }.get(error.status, InvalidInput.default_code if error.status < 500 else "internal")
    # Allow, or what a protocol on top of HTTP has to say; the body is ours.
    headers = {
        name: value for name, value in error.headers.items() if not name.startswith("Content-")
    }
    return problem(error.status, code, error.reason, headers)


def route_pattern(request: web.Request) -> str:
    """Return the route's pattern: the path itself may name a patient."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(none)"


_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def set_security_headers(
    *, hsts: bool
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make the signal that puts the security headers on every response."""
    headers = dict(_SECURITY_HEADERS)
    if hsts:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def on_prepare(_request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.pop("Server", None)

    return on_prepare
