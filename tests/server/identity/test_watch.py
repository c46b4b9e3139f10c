"""Open sockets fall with the session or token that opened them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from server.core.http import Requires, add_routes
from server.core.settings import HttpSettings
from server.identity.actors import Actor
from server.identity.admission import Credential
from server.identity.middleware import visitor_of
from server.identity.models import Role
from server.identity.people import NewPerson
from server.identity.policy import Action
from server.identity.watch import CredentialWatch
from server.realtime.hub import Hub
from server.realtime.routes import event_routes
from server.realtime.tail import EventTail
from tests.server.identity.conftest import PASSWORD, Client, Community, web_app
from tests.server.identity.test_door import code_of, sign_in
from tests.server.realtime.test_ws import close_code
from tests.support.fakes import CountingIds


class Nobody:
    """An audience that hears nothing: only who may stay is asked here."""

    async def may_hear(self, listener: Actor, org: str, study_id: str | None) -> bool:
        """Say no."""
        return False


@pytest.fixture
async def client(community: Community, ids: CountingIds) -> AsyncIterator[Client]:
    """A browser at a door that leads to live events."""
    tail = EventTail(community.database)
    hub: Hub[Actor, Credential] = Hub(
        database=community.database,
        tail=tail,
        audience=Nobody(),
        watch=CredentialWatch(community.sessions, community.tokens),
    )
    app = web_app(community, HttpSettings(), ids)
    access = Requires(Action.EVENTS_LISTEN)
    add_routes(app, event_routes(hub=hub, access=access, visitor_of=visitor_of))
    await tail.start()
    await hub.start()
    async with TestClient(TestServer(app)) as opened:
        yield opened
        await hub.stop()
    await tail.stop()


async def _sign_out(community: Community, client: Client, csrf: str) -> None:
    await client.delete("/api/session", headers={"X-CSRF-Token": csrf})


async def _disable(community: Community, client: Client, csrf: str) -> None:
    await community.people.disable("reader")


async def _idle(community: Community, client: Client, csrf: str) -> None:
    community.clock.advance(1_800)


@pytest.mark.parametrize("end", [_sign_out, _disable, _idle])
async def test_a_socket_closes_when_its_session_ends(
    client: Client,
    community: Community,
    end: Callable[[Community, Client, str], Awaitable[None]],
) -> None:
    csrf = await sign_in(client)
    origin = f"http://{client.host}:{client.port}"
    async with client.ws_connect("/ws", origin=origin) as socket:
        await end(community, client, csrf)
        assert await close_code(socket) == 4401


async def test_a_socket_closes_when_its_token_ends(client: Client, community: Community) -> None:
    token = await community.tokens.create("reader", ttl=timedelta(hours=1))
    bearer = {"Authorization": f"Bearer {token.secret}"}
    async with client.ws_connect("/ws", headers=bearer) as socket:
        community.clock.advance(3_600)
        assert await close_code(socket) == 4401


async def test_who_may_not_listen_or_comes_from_elsewhere_is_refused(
    client: Client, community: Community
) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert (await code_of(client, "GET", "/ws", **upgrade))[0] == 401
    await community.people.create(
        NewPerson(community.township_id, "auditor", "审计", frozenset({Role.AUDITOR})),
        password=PASSWORD,
    )
    await client.post("/api/session", json={"login": "auditor", "password": PASSWORD})
    own = f"http://{client.host}:{client.port}"
    assert await code_of(client, "GET", "/ws", Origin=own, **upgrade) == (403, "not-allowed")
    await sign_in(client, "reader")
    assert await code_of(client, "GET", "/ws", Origin="https://evil.example", **upgrade) == (
        403,
        "origin-mismatch",
    )


async def test_a_session_that_is_kept_does_not_idle_out_and_an_ended_one_stays_ended(
    client: Client, community: Community
) -> None:
    watch = CredentialWatch(community.sessions, community.tokens)
    kept = await community.sessions.sign_in("reader", PASSWORD, source="127.0.0.1")
    ended = await community.sessions.sign_in("reader", PASSWORD, source="127.0.0.1")
    await community.sessions.sign_out(ended.secret, by=ended.admission.actor)
    both = {kept.admission.credential, ended.admission.credential}
    for _ in range(3):
        community.clock.advance(1_700)
        await watch.keep(both)
    assert await watch.alive(both) == {kept.admission.credential}
    community.clock.advance(1_800)
    # Who has idled out is not brought back.
    await watch.keep(both)
    assert await watch.alive(both) == set()
