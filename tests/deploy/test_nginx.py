"""The TLS proxy's own configuration, run by the real nginx before two small backends."""

import asyncio
import ssl
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.support.peers import require_program
from tests.support.ports import free_port

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"


@dataclass
class Proxied:
    """The running proxy, and what its backends saw."""

    http: str
    https: str
    session: aiohttp.ClientSession
    first_bytes: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def _backend(handler: object) -> AsyncIterator[int]:
    application = web.Application(client_max_size=0)
    application.router.add_route("*", "/{rest:.*}", handler)  # type: ignore[arg-type]  # a handler
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Proxied]:
    nginx = require_program("nginx", "/usr/sbin/nginx")
    openssl = require_program("openssl")
    certificate = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lianzhen -keyout privkey.pem"
    made = await asyncio.create_subprocess_exec(
        openssl, *certificate.split(), "-out", "fullchain.pem", cwd=tmp_path, stderr=PIPE
    )
    _, problems = await made.communicate()
    assert made.returncode == 0, problems
    trust = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
    trust.check_hostname = False
    http_port, https_port = free_port(), free_port()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        found = Proxied(f"http://127.0.0.1:{http_port}", f"https://127.0.0.1:{https_port}", session)

        async def application(request: web.Request) -> web.StreamResponse:
            found.seen.append({"path": request.path, **request.headers})
            async for _ in request.content.iter_any():
                found.first_bytes.set()
            return web.Response(text="web")

        async def media(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(f"media heard {message.data}")
            return socket

        async with _backend(application) as web_port, _backend(media) as media_port:
            text = CONFIGURATION.read_text("utf-8")
            for production, here in {
                "/tmp/": f"{tmp_path}/",  # noqa: S108 - the container's, which we replace
                "/etc/nginx/tls/": f"{tmp_path}/",
                "listen 8080 ": f"listen 127.0.0.1:{http_port} ",
                "listen 8443 ": f"listen 127.0.0.1:{https_port} ",
                "http://web:8080": f"http://127.0.0.1:{web_port}",
                "http://media:8081": f"http://127.0.0.1:{media_port}",
            }.items():
                assert production in text
                text = text.replace(production, here)
            (tmp_path / "nginx.conf").write_text(text, "utf-8")
            process = await asyncio.create_subprocess_exec(
                nginx, "-e", "stderr", "-c", tmp_path / "nginx.conf", "-g", "daemon off;"
            )
            try:
                await _alive(session, found.http, process)
                yield found
            finally:
                process.terminate()
                await process.wait()


async def _alive(
    session: aiohttp.ClientSession, http: str, process: asyncio.subprocess.Process
) -> None:
    while True:
        assert process.returncode is None, "nginx refused its configuration"
        try:
            async with session.get(f"{http}/proxy-alive") as response:
                assert response.status == 200
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)


async def test_plain_http_is_sent_to_https(proxied: Proxied) -> None:
    async with proxied.session.get(
        f"{proxied.http}/studies?x=1", allow_redirects=False
    ) as response:
        assert response.status == 301
        assert response.headers["Location"].startswith("https://")
        assert response.headers["Location"].endswith("/studies?x=1")


async def test_an_upload_reaches_the_application_while_it_is_still_being_sent(
    proxied: Proxied,
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield bytes(1024 * 1024)
        async with asyncio.timeout(30):
            await proxied.first_bytes.wait()
        yield bytes(8 * 1024 * 1024)

    async with proxied.session.post(f"{proxied.https}/dicomweb/studies", data=body()) as response:
        assert (response.status, await response.text()) == (200, "web")


async def test_web_sockets_of_rooms_go_to_the_media_role(proxied: Proxied) -> None:
    async with proxied.session.ws_connect(f"{proxied.https}/rtc/rooms/1") as socket:
        await socket.send_str("offer")
        assert await socket.receive_str() == "media heard offer"
    assert proxied.seen == []


async def test_what_a_client_claims_about_its_origin_is_not_passed_on(proxied: Proxied) -> None:
    forged = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "http"}
    async with proxied.session.get(f"{proxied.https}/api/me", headers=forged) as response:
        assert response.status == 200
    assert proxied.seen[0]["X-Forwarded-For"] == "127.0.0.1"
    assert proxied.seen[0]["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_what_is_for_the_operator_is_not_for_the_world(proxied: Proxied, path: str) -> None:
    async with proxied.session.get(proxied.https + path) as response:
        assert response.status == 404
    assert proxied.seen == []
