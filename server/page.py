"""The web client's files, as `npm run build` left them."""

import re
import sys
from pathlib import Path
from typing import Final

from aiohttp import web

from server.core.errors import NotFound, Unavailable
from server.core.http import Public, Route

# An image carries the page beside the installed packages; a checkout builds it in place.
_INSTALLED: Final = Path(sys.prefix) / "share" / "lianzhen" / "web_client"
_BUILT: Final = Path(__file__).resolve().parent.parent / "web_client" / "dist"
DIST: Final = _INSTALLED if _INSTALLED.is_dir() else _BUILT
# The client's own addresses (web_client/src/app/pages.ts): each answers with the page.
PAGES: Final = (
    "/",
    "/worklist",
    "/reading/{request_id}",
    "/ecg/{request_id}",
    "/consult",
    "/consult/{consult_id}",
    "/inbox",
    "/reports",
    "/devices",
    "/forwarding",
    "/records",
)
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def page_routes(dist: Path = DIST) -> list[Route]:
    """Return the routes of the page and its hashed assets."""

    async def index(_request: web.Request) -> web.StreamResponse:
        page = dist / "index.html"
        if not page.is_file():
            raise Unavailable("the web client is not built; run `make setup`", code="no-page")
        return web.FileResponse(page, headers={"Cache-Control": "no-cache"})

    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        file = dist / "assets" / name
        if not _NAME.fullmatch(name) or not file.is_file():
            raise NotFound("there is no such file")
        # The name carries a hash of the content: it never changes.
        return web.FileResponse(
            file, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    return [
        *(Route("GET", path, index, Public()) for path in PAGES),
        Route("GET", "/assets/{name}", asset, Public()),
    ]
