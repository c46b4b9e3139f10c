"""Is it alive, is it ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from server.core.http import Public, Route

Check = Callable[[], Awaitable[None]]
_CHECK_TIMEOUT_S: Final = 5.0


def public_health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """Return ``/healthz``, and ``/readyz`` over ``checks``."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        names = list(checks)
        results = await asyncio.gather(*(_holds(checks[name]) for name in names))
        states = dict(zip(names, ("ok" if ok else "down" for ok in results), strict=True))
        ready = all(results)
        return web.json_response(
            {"status": "ready" if ready else "not-ready", "checks": states},
            status=200 if ready else 503,
            headers={"Cache-Control": "no-store"},
        )

    return [
        Route("GET", "/healthz", healthz, Public()),
        Route("GET", "/readyz", readyz, Public()),
    ]


async def _holds(check: Check) -> bool:
    try:
        await asyncio.wait_for(check(), _CHECK_TIMEOUT_S)
    except Exception:  # noqa: BLE001 -- whatever the reason, it is not ready
        return False
    return True
