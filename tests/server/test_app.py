"""The web role as a whole: health, metrics, the page, headers and what bad requests get."""

import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from server.core.http import errors_become_problems
from server.identity.models import Role
from server.page import PAGES, page_routes
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


async def test_ready_names_each_part(app: RunningApp, tmp_path: Path) -> None:
    response = await app.client.get("/readyz")
    assert response.status == 200
    assert (await response.json())["checks"] == {"database": "ok", "store": "ok", "spool": "ok"}
    (tmp_path / "objects").rename(tmp_path / "unmounted")
    response = await app.client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["checks"] == {"database": "ok", "store": "down", "spool": "ok"}
    assert (await app.client.get("/healthz")).status == 200


async def test_metrics_count_the_backlog_and_name_no_path(app: RunningApp) -> None:
    await app.receive(ct_bytes())
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    await app.client.get("/api/studies/somebody", headers=who)
    text = await (await app.client.get("/metrics", headers=who)).text()
    assert "lianzhen_quarantine_objects 0.0" in text
    assert 'route="/api/studies/{study_id}"' in text
    assert "somebody" not in text


async def test_every_answer_carries_the_security_headers(app: RunningApp) -> None:
    for path in ("/", "/healthz", "/api/session", "/nothing"):
        headers = (await app.client.get(path)).headers
        assert "script-src 'self' 'wasm-unsafe-eval'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


async def test_an_unknown_path_is_a_problem_with_a_code(app: RunningApp) -> None:
    response = await app.client.get("/api/nothing")
    assert response.status == 404
    assert response.content_type == "application/problem+json"
    assert (await response.json())["code"] == "not-found"


async def test_a_nul_in_an_address_is_refused(app: RunningApp) -> None:
    who = await app.token("reader", "county", Role.COUNTY_READER)
    for path in ("/api/studies/%00", "/api/studies?before=%00", "/dicomweb/studies/1%00/series"):
        response = await app.client.get(URL(path, encoded=True), headers=who)
        assert (response.status, (await response.json())["code"]) == (400, "invalid-input"), path


async def test_malformed_json_is_refused_without_a_stack(app: RunningApp) -> None:
    response = await app.client.post(
        "/api/session", data=b"{broken", headers={"Content-Type": "application/json"}
    )
    assert response.status == 400
    text = await response.text()
    assert "Traceback" not in text
    assert (await response.json())["code"] == "invalid-input"


async def test_an_oversized_body_is_refused(app: RunningApp) -> None:
    body = io.BytesIO(b'{"login": "' + b"x" * (2 << 20) + b'", "password": "y"}')
    response = await app.client.post(
        "/api/session", data=body, headers={"Content-Type": "application/json"}
    )
    assert response.status == 413
    assert (await response.json())["code"] == "too-large"


async def test_a_failure_of_ours_is_a_problem_that_names_the_request(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("patient 张三 is in this message")

    monkeypatch.setattr(type(app.services.studies), "page", broken)
    who = await app.token("reader", "county", Role.COUNTY_READER)
    response = await app.client.get("/api/studies", headers=who)
    assert response.status == 500
    body = await response.json()
    assert body["code"] == "internal"
    assert "张三" not in body["detail"]


async def test_the_page_and_its_assets_are_served_and_nothing_beside_them(
    tmp_path: Path, ids: CountingIds
) -> None:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<p>page</p>")
    (dist / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret").write_text("no")
    routes = {(route.method, route.path): route.handler for route in page_routes(dist)}
    assert set(routes) == {("GET", path) for path in (*PAGES, "/assets/{name}")}
    app = web.Application(middlewares=[errors_become_problems(ids)])
    app.router.add_get("/reading/{request_id}", routes["GET", "/reading/{request_id}"])
    app.router.add_get("/assets/{name:.*}", routes["GET", "/assets/{name}"])
    async with TestClient(TestServer(app)) as client:
        assert await (await client.get("/reading/r1")).text() == "<p>page</p>"
        response = await client.get("/assets/a-1.js")
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        (dist / "assets" / "a-1.js.gz").write_bytes(gzip.compress(b"2"))
        response = await client.get("/assets/a-1.js")
        assert (response.headers["Content-Encoding"], await response.text()) == ("gzip", "2")
        for path in ("/assets/..%2f..%2fsecret", "/assets/%2e%2e", "/assets/none.js"):
            assert (await client.get(path)).status == 404
