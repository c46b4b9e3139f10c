"""The door over HTTP: sign-in, sessions, tokens, CSRF, origins, refusals."""

import asyncio
import io
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.audit.public import Outcome
from server.core.database import Database
from server.core.settings import HttpSettings
from tests.server.identity.conftest import PASSWORD, Client, Community, web_app
from tests.support.fakes import CountingIds


async def sign_in(client: Client, login: str = "reader", password: str = PASSWORD) -> str:
    """Sign in and return the CSRF token."""
    response = await client.post("/api/session", json={"login": login, "password": password})
    assert response.status == 200, await response.text()
    token: str = (await response.json())["csrf_token"]
    return token


async def code_of(client: Client, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return the status and the problem's code of a request."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.request(method, path, headers=shown)
    body = await response.json() if response.content_type.endswith("json") else {}
    return response.status, body.get("code", "")


async def audited(database: Database, action: str) -> list[AuditEvent]:
    """Return the audit rows of an action."""
    async with database.reading() as session:
        found = await session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action == action)
            .order_by(AuditEvent.chain, AuditEvent.seq)
        )
        return list(found.all())


async def test_sign_in_answers_who_one_is_and_sets_a_strict_cookie(client: Client) -> None:
    response = await client.post("/api/session", json={"login": " Reader ", "password": PASSWORD})
    body = await response.json()
    assert body["person"]["display_name"] == "张医生"
    assert body["person"]["roles"] == ["county_duty", "county_reader"]
    assert body["person"]["institution"]["name_en"] == "County Hospital"
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("lianzhen=")
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
    again = await client.get("/api/session")
    assert await again.json() == body


async def test_over_https_the_cookie_is_bound_to_the_host(
    community: Community, ids: CountingIds
) -> None:
    http = HttpSettings(public_url="https://lianzhen.example.cn")
    async with TestClient(TestServer(web_app(community, http, ids))) as client:
        response = await client.post(
            "/api/session",
            json={"login": "reader", "password": PASSWORD},
            headers={"Origin": "https://lianzhen.example.cn"},
        )
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-lianzhen=")
        assert "Secure" in cookie.split("; ")
        plain = f"http://{client.host}:{client.port}"
        assert await code_of(client, "POST", "/open", Origin=plain) == (403, "origin-mismatch")


@pytest.mark.parametrize("login", ["reader", "nobody"])
async def test_wrong_password_and_unknown_login_look_alike(client: Client, login: str) -> None:
    response = await client.post("/api/session", json={"login": login, "password": "wrong one"})
    assert response.status == 401
    body = await response.json()
    assert (body["code"], body["detail"]) == (
        "bad-credentials",
        "login and password do not belong together",
    )
    assert "Set-Cookie" not in response.headers


async def test_guessing_is_throttled_for_the_pair_and_nobody_else(client: Client) -> None:
    async def attempt(password: str, address: str, login: str = "reader") -> tuple[int, str]:
        response = await client.post(
            "/api/session",
            json={"login": login, "password": password},
            headers={"X-Forwarded-For": address},
        )
        return response.status, response.headers.get("Retry-After", "")

    answers = [await attempt("wrong one", "203.0.113.9") for _ in range(20)]
    assert [status for status, _ in answers] == [401] * 10 + [429] * 10
    assert all(1 <= int(wait) <= 300 for _, wait in answers[10:])
    assert (await attempt(PASSWORD, "203.0.113.9"))[0] == 429
    assert (await attempt(PASSWORD, "203.0.113.9", "tech"))[0] == 200
    assert (await attempt(PASSWORD, "198.51.100.7"))[0] == 200


async def test_guesses_made_at_once_do_not_slip_past_the_throttle(client: Client) -> None:
    async def attempt() -> int:
        response = await client.post(
            "/api/session", json={"login": "reader", "password": "wrong one"}
        )
        return response.status

    statuses = await asyncio.gather(*(attempt() for _ in range(20)))
    assert sorted(statuses) == [401] * 10 + [429] * 10


async def test_a_success_clears_the_tries(client: Client) -> None:
    for _ in range(3):
        for _ in range(9):
            response = await client.post(
                "/api/session", json={"login": "reader", "password": "wrong one"}
            )
            assert response.status == 401
        await sign_in(client)


async def test_sign_in_is_audited_without_what_was_typed(
    client: Client, community: Community
) -> None:
    await sign_in(client)
    for login in ("reader", "my secret typed into the wrong field"):
        await client.post("/api/session", json={"login": login, "password": "wrong one"})
    rows = await audited(community.database, "session.sign-in")
    assert [row.outcome for row in rows] == [Outcome.SUCCESS, Outcome.REFUSED, Outcome.REFUSED]
    assert rows[1].object_id == rows[0].actor_id
    assert rows[2].object_id is None
    assert {row.source for row in rows} == {"127.0.0.1"}
    assert not any("secret" in str(row.detail) or "wrong" in str(row.detail) for row in rows)


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "1", '{"login": "reader"}', '{"login": "", "password": "x"}',
     '{"login": "a", "password": "x", "more": 1}'],
)  # fmt: skip
async def test_a_malformed_sign_in_is_400(client: Client, body: str) -> None:
    response = await client.post("/api/session", data=body)
    assert response.status == 400
    assert response.content_type == "application/problem+json"


async def test_a_body_over_the_cap_is_413(client: Client) -> None:
    response = await client.post("/api/session", data=io.BytesIO(b" " * (1 << 20) + b" {}"))
    assert response.status == 413


async def test_no_session_no_entry(client: Client) -> None:
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")
    client.session.cookie_jar.update_cookies({"lianzhen": "made up"}, client.make_url("/"))
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")
    assert (await client.get("/open")).status == 200


async def test_sign_out_ends_the_session(client: Client, community: Community) -> None:
    csrf = await sign_in(client)
    kept = {cookie.key: cookie.value for cookie in client.session.cookie_jar}
    response = await client.delete("/api/session", headers={"X-CSRF-Token": csrf})
    assert response.status == 204
    client.session.cookie_jar.update_cookies(kept, client.make_url("/"))
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")
    assert len(await audited(community.database, "session.sign-out")) == 1


async def test_an_idle_session_expires_and_a_used_one_does_not(
    client: Client, community: Community
) -> None:
    await sign_in(client)
    for _ in range(3):
        community.clock.advance(29 * 60)
        assert (await client.get("/mine")).status == 200
    community.clock.advance(30 * 60)
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")


async def test_a_session_in_use_still_ends_at_its_age(client: Client, community: Community) -> None:
    await sign_in(client)
    for _ in range(12 * 3 - 1):
        community.clock.advance(20 * 60)
        assert (await client.get("/mine")).status == 200
    community.clock.advance(20 * 60)
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")


async def test_disabling_a_person_shuts_them_out_within_five_seconds(
    client: Client, community: Community
) -> None:
    await sign_in(client)
    assert (await client.get("/mine")).status == 200
    await community.people.disable("reader")
    community.clock.advance(5)
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")
    response = await client.post("/api/session", json={"login": "reader", "password": PASSWORD})
    assert response.status == 401


async def test_a_new_password_ends_the_sessions(client: Client, community: Community) -> None:
    await sign_in(client)
    await community.people.set_password("reader", "another long one")
    community.clock.advance(5)
    assert await code_of(client, "GET", "/mine") == (401, "not-signed-in")
    await sign_in(client, password="another long one")


async def test_an_unsafe_request_needs_the_csrf_token(client: Client) -> None:
    csrf = await sign_in(client)
    assert await code_of(client, "POST", "/mine") == (403, "csrf-mismatch")
    assert await code_of(client, "POST", "/mine", X_CSRF_Token="guess") == (403, "csrf-mismatch")
    assert await code_of(client, "POST", "/mine", X_CSRF_Token="é") == (403, "csrf-mismatch")
    assert (await code_of(client, "POST", "/mine", X_CSRF_Token=csrf))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Referer": "https://evil.example/x"},
     {"Origin": "http://[broken"}],
)  # fmt: skip
async def test_another_sites_page_is_refused(client: Client, headers: dict[str, str]) -> None:
    csrf = await sign_in(client)
    assert await code_of(client, "POST", "/mine", X_CSRF_Token=csrf, **headers) == (
        403,
        "origin-mismatch",
    )
    response = await client.post(
        "/api/session", json={"login": "reader", "password": PASSWORD}, headers=headers
    )
    assert response.status == 403


async def test_our_own_page_is_let_in(client: Client) -> None:
    csrf = await sign_in(client)
    own = f"http://{client.host}:{client.port}"
    assert (await code_of(client, "POST", "/mine", X_CSRF_Token=csrf, Origin=own))[0] == 200
    assert (await code_of(client, "POST", "/mine", X_CSRF_Token=csrf, Referer=own + "/a"))[0] == 200


async def test_a_websocket_by_cookie_needs_our_origin(client: Client) -> None:
    await sign_in(client)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert await code_of(client, "GET", "/mine", **upgrade) == (403, "origin-mismatch")
    assert await code_of(client, "GET", "/mine", Origin="https://evil.example", **upgrade) == (
        403,
        "origin-mismatch",
    )
    own = f"http://{client.host}:{client.port}"
    assert (await code_of(client, "GET", "/mine", Origin=own, **upgrade))[0] == 200


async def test_a_bearer_token_acts_until_it_expires_or_is_revoked(
    client: Client, community: Community
) -> None:
    token = await community.tokens.create("reader", ttl=timedelta(hours=1))
    bearer = f"Bearer {token.secret}"
    assert (await code_of(client, "POST", "/mine", Authorization=bearer))[0] == 200
    community.clock.advance(3600)
    assert await code_of(client, "GET", "/mine", Authorization=bearer) == (401, "bad-token")

    lasting = await community.tokens.create("reader")
    bearer = f"Bearer {lasting.secret}"
    assert (await code_of(client, "GET", "/mine", Authorization=bearer))[0] == 200
    await community.tokens.revoke(lasting.id)
    community.clock.advance(5)
    assert await code_of(client, "GET", "/mine", Authorization=bearer) == (401, "bad-token")


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Basic cmVhZGVyOng=", "Bearer x"])
async def test_a_bad_token_is_not_saved_by_a_good_cookie(
    client: Client, authorization: str
) -> None:
    await sign_in(client)
    assert await code_of(client, "GET", "/mine", Authorization=authorization) == (401, "bad-token")


async def test_a_route_nobody_listed_is_denied(client: Client) -> None:
    assert (await client.get("/unlisted")).status == 401
    await sign_in(client)
    assert await code_of(client, "GET", "/unlisted") == (403, "not-allowed")
    assert (await client.get("/nowhere")).status == 404


async def test_a_refusal_is_audited_once_a_minute_by_the_routes_pattern(
    client: Client, community: Community
) -> None:
    await sign_in(client, "tech")
    for number in range(5):
        assert (await client.get(f"/exams/{number}")).status == 403
    community.clock.advance(61)
    assert (await client.get("/exams/9")).status == 403
    rows = await audited(community.database, "exam.read")
    assert [(row.outcome, row.object_id) for row in rows] == [
        (Outcome.REFUSED, "GET /exams/{id}")
    ] * 2


async def test_who_may_is_let_in(client: Client) -> None:
    await sign_in(client, "reader")
    assert (await client.get("/exams/1")).status == 200
