"""An HTTP proxy before an object store that meddles with what concerns originals."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from tests.support.stores import S3Server

_OF_ONE_CONNECTION = {"Connection", "Transfer-Encoding", "Content-Length", "Expect"}
Meddle = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


@dataclass
class StoreProxy:
    """Hands every request on, or has ``meddle`` answer those about originals."""

    to: URL
    session: ClientSession
    port: int = 0
    meddle: Meddle | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        body = await request.read()
        if self.meddle is None or "/i/" not in request.path:
            return await self.hand_on(request, body)
        return await self.meddle(request, body)

    async def hand_on(self, request: web.Request, body: bytes) -> web.Response:
        """Ask the store."""
        headers = {k: v for k, v in request.headers.items() if k not in _OF_ONE_CONNECTION}
        url = self.to.join(URL(request.raw_path, encoded=True))
        async with self.session.request(
            request.method, url, headers=headers, data=body or None
        ) as answer:
            content = await answer.read()
            kept = {k: v for k, v in answer.headers.items() if k not in _OF_ONE_CONNECTION}
            if request.method == "HEAD":
                kept["Content-Length"] = str(answer.content_length or 0)
            return web.Response(status=answer.status, headers=kept, body=content or None)


@asynccontextmanager
async def store_proxy(store: S3Server) -> AsyncIterator[StoreProxy]:
    """Run a proxy that meddles with nothing yet."""
    async with ClientSession(auto_decompress=False) as session:
        proxy = StoreProxy(URL(f"http://127.0.0.1:{store.port}"), session)
        application = web.Application(client_max_size=1 << 24)
        application.router.add_route("*", "/{rest:.*}", proxy.handle)
        async with TestServer(application) as server:
            assert server.port is not None
            proxy.port = server.port
            yield proxy
