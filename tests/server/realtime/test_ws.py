"""Live events over a real WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from server.core.database import Database
from server.core.http import SignedIn, add_routes, errors_become_problems
from server.realtime.hub import Hub
from server.realtime.public import Occurrence, publish
from server.realtime.routes import event_routes
from server.realtime.tail import EventTail
from tests.server.realtime.conftest import PATIENCE_S, Publisher
from tests.support.fakes import CountingIds

Client = TestClient[web.Request, web.Application]


@dataclass(frozen=True)
class Visitor:
    """Somebody whom the test lets in."""

    id: str
    org: str


@dataclass
class World:
    """Who may hear what, and whose session is over."""

    hidden: set[str | None] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    broken: bool = False
    held: asyncio.Event | None = None

    async def may_hear(self, listener: Visitor, org: str, study_id: str | None) -> bool:
        assert listener.org == org
        if self.broken:
            raise RuntimeError("the database is gone")
        if self.held is not None:
            await self.held.wait()
        return study_id not in self.hidden

    async def alive(self, credentials: Collection[str]) -> Collection[str]:
        return [credential for credential in credentials if credential not in self.ended]


@pytest.fixture
def world() -> World:
    """A world in which everybody hears everything of their community."""
    return World()


@pytest.fixture
async def hub(
    database: Database, tail: EventTail, world: World
) -> AsyncIterator[Hub[Visitor, str]]:
    """A running hub."""
    running: Hub[Visitor, str] = Hub(database=database, tail=tail, audience=world, watch=world)
    await running.start()
    yield running
    await running.stop()


def visitor_of(request: web.Request) -> tuple[Visitor, str]:
    """Believe what the test says of itself."""
    name = request.headers.get("X-Who", "zhang")
    return Visitor(name, request.headers.get("X-Org", "demo")), f"session of {name}"


def app_of(hub: Hub[Visitor, str], ids: CountingIds) -> web.Application:
    app = web.Application(middlewares=[errors_become_problems(ids)])
    add_routes(app, event_routes(hub=hub, access=SignedIn(), visitor_of=visitor_of))
    return app


@pytest.fixture
async def client(hub: Hub[Visitor, str], ids: CountingIds) -> AsyncIterator[Client]:
    """A browser."""
    async with TestClient(TestServer(app_of(hub, ids))) as opened:
        yield opened


async def heard(socket: ClientWebSocketResponse, count: int) -> list[str]:
    """Receive so many messages and return their topics."""
    return [(await told(socket))["topic"] for _ in range(count)]


async def told(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """Receive one message."""
    message: dict[str, Any] = await socket.receive_json(timeout=PATIENCE_S)
    return message


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    """Wait until the server closes and return its code."""
    async with asyncio.timeout(PATIENCE_S):
        while (await socket.receive()).type is not WSMsgType.CLOSE:
            pass
    return socket.close_code


async def test_a_browser_hears_what_happens(client: Client, published: Publisher) -> None:
    async with client.ws_connect("/ws") as socket:
        await published("study.arrived", "study.updated")
        first = await told(socket)
        assert first["topic"] == "study.arrived"
        assert first["payload"] == {"study_id": "s1"}
        second = await told(socket)
        assert second["id"] > first["id"]


async def test_another_community_and_hidden_studies_are_not_heard(
    client: Client, published: Publisher, world: World
) -> None:
    world.hidden.update({"s2", None})
    async with client.ws_connect("/ws") as socket:
        await published("elsewhere", org="other")
        await published("hidden", study_id="s2")
        await published("about no study", study_id=None)
        await published("mine")
        assert await heard(socket, 1) == ["mine"]


async def test_a_browser_that_comes_back_misses_nothing_and_hears_nothing_twice(
    client: Client, published: Publisher, world: World
) -> None:
    async with client.ws_connect("/ws") as socket:
        await published("a")
        last = (await told(socket))["id"]
    world.hidden.add("s2")
    await published("b", "c")
    await published("hidden", study_id="s2")
    await published("elsewhere", org="other")
    async with client.ws_connect(f"/ws?after={last}") as socket:
        await published("d")
        assert await heard(socket, 3) == ["b", "c", "d"]
    async with client.ws_connect("/ws?after=0") as socket:
        assert await heard(socket, 4) == ["a", "b", "c", "d"]


async def test_who_was_away_too_long_is_told_to_start_over(
    client: Client, published: Publisher
) -> None:
    await published(*["a"] * 1_001)
    async with client.ws_connect("/ws?after=0") as socket:
        message = await told(socket)
        assert (message["topic"], message["payload"]) == ("resync", {})
        await published("b")
        again = await told(socket)
        assert (again["topic"], again["id"]) == ("b", message["id"] + 1)


async def test_a_number_of_another_database_is_told_to_start_over(
    client: Client, published: Publisher
) -> None:
    await published("a")
    async with client.ws_connect("/ws?after=999999") as socket:
        assert await heard(socket, 1) == ["resync"]
        await published("b")
        assert await heard(socket, 1) == ["b"]


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30])
async def test_a_bad_number_is_400(client: Client, after: str) -> None:
    response = await client.get("/ws", params={"after": after})
    assert response.status == 400


async def test_a_plain_get_is_refused(client: Client) -> None:
    assert (await client.get("/ws")).status == 400


async def test_the_end_of_a_session_closes_its_sockets_alone(
    client: Client, world: World, published: Publisher
) -> None:
    async with (
        client.ws_connect("/ws", headers={"X-Who": "li"}) as li,
        client.ws_connect("/ws", headers={"X-Who": "zhang"}) as zhang,
    ):
        world.ended.add("session of li")
        assert await close_code(li) == 4401
        await published("a")
        assert await heard(zhang, 1) == ["a"]


async def test_a_client_that_talks_is_sent_away(client: Client) -> None:
    async with client.ws_connect("/ws") as socket:
        await socket.send_str("hello")
        assert await close_code(socket) == 1008


async def test_who_does_not_keep_up_is_sent_away(
    client: Client, published: Publisher, world: World
) -> None:
    world.held = asyncio.Event()
    async with client.ws_connect("/ws") as socket:
        await published(*["a"] * 2_002)
        assert await close_code(socket) == 1013


async def test_a_client_that_reads_nothing_is_cut_off(
    client: Client, database: Database, published: Publisher, hub: Hub[Visitor, str]
) -> None:
    async with client.ws_connect("/ws", headers={"X-Who": "stuck"}):
        # More than every buffer on the way holds, so that the server's writing stands still.
        for _ in range(12):
            async with database.unit_of_work() as uow:
                event = Occurrence(
                    "demo", "a", published.clock.now(), payload={"long": "x" * 16_384}
                )
                await publish(uow, *[event] * 500)
                await uow.commit()
        async with asyncio.timeout(PATIENCE_S):
            await hub._empty.wait()


async def test_a_burst_is_heard_completely(client: Client, published: Publisher) -> None:
    async with client.ws_connect("/ws") as socket:
        await published(*(f"t{number}" for number in range(1_500)))
        assert await heard(socket, 1_500) == [f"t{number}" for number in range(1_500)]


async def test_an_audience_that_fails_closes_the_socket(
    client: Client, published: Publisher, world: World
) -> None:
    async with client.ws_connect("/ws") as socket:
        world.broken = True
        await published("a")
        assert await close_code(socket) == 1011


async def test_one_person_holds_a_bounded_number_of_sockets(client: Client) -> None:
    sockets = [await client.ws_connect("/ws") for _ in range(16)]
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/ws")
    assert refused.value.status == 429
    async with client.ws_connect("/ws", headers={"X-Who": "li"}):
        pass
    for socket in sockets:
        await socket.close()


async def test_shutdown_sends_everybody_away(client: Client, hub: Hub[Visitor, str]) -> None:
    async with client.ws_connect("/ws") as socket:
        stopping = asyncio.create_task(hub.stop())
        assert await close_code(socket) == 1001
        await stopping
        assert (await client.get("/ws")).status == 503
