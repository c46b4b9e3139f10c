"""Figures for Prometheus: how long requests take, and whatever capabilities add."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from server.core.http import Requires, Route, route_pattern

_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def time_requests(registry: CollectorRegistry) -> Middleware:
    """Make the middleware that times requests by the route's pattern, never by its path."""
    seconds = Histogram(
        "lianzhen_http_request_seconds",
        "Time to answer a request",
        ("method", "route", "status"),
        buckets=_BUCKETS_S,
        registry=registry,
    )

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started_s = time.monotonic()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            route = route_pattern(request)
            # A client may invent methods; only those of a route are told apart.
            method = request.method if request.match_info.route.resource is not None else "other"
            seconds.labels(method, route, status).observe(time.monotonic() - started_s)

    return middleware


def metrics_route(
    registry: CollectorRegistry,
    *,
    refresh: Sequence[Callable[[], Awaitable[None]]],
    action: str,
) -> Route:
    """Return ``/metrics`` over ``registry``, after each of ``refresh`` has read its figures."""

    async def metrics(_request: web.Request) -> web.Response:
        for each in refresh:
            await each()
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    return Route("GET", "/metrics", metrics, Requires(action))
