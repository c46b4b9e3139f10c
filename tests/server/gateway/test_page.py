"""The gateway's page: who may see and do what, and what the buttons change."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.core.http import ACCESS
from server.gateway.models import OutboundState, Rank
from server.gateway_process import build_gateway_app
from server.identity.models import Role
from server.identity.people import PHYSICIANS, Licence, NewPerson
from tests.support.dicom_files import ct_series, ecg_bytes
from tests.support.township import Township, running_township

PUBLIC = {
    ("GET", "/"), ("GET", "/gateway.css"), ("GET", "/gateway.js"), ("GET", "/healthz"),
    ("GET", "/readyz"), ("GET", "/api/gateway"), ("POST", "/api/session"),
}  # fmt: skip
OPERATORS = {Role.TOWNSHIP_TECHNICIAN, Role.TOWNSHIP_DOCTOR, Role.SYSTEM_ADMINISTRATOR}
FOR_OPERATORS = {
    ("GET", "/api/gateway/objects"): 200,
    ("POST", "/api/gateway/objects/{number}/send-again"): 409,
    ("POST", "/api/gateway/studies/{study}/hurry"): 404,
    ("POST", "/api/gateway/wake"): 204,
}
SIGNED_IN = {("GET", "/api/session"), ("DELETE", "/api/session")}
PASSWORD = "a long enough password"


@dataclass
class Page:
    """A gateway that received, and cannot send."""

    town: Township
    client: TestClient[Request, Application]

    async def person(self, login: str, *roles: Role) -> None:
        """Make somebody who may sign in."""
        licensed = not PHYSICIANS.isdisjoint(roles)
        await self.town.gateway.services.people.create(
            NewPerson(
                self.town.institution, login, login, frozenset(roles),
                licence=Licence("TEST", "TEST") if licensed else None,
            ),
            password=PASSWORD,
        )  # fmt: skip

    async def token(self, login: str, *roles: Role) -> dict[str, str]:
        """Make somebody, and return the header that speaks for them."""
        await self.person(login, *roles)
        secret = (await self.town.gateway.services.tokens.create(login)).secret
        return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with running_township(tmp_path, county_url="http://127.0.0.1:9", token="none") as town:
        await town.receive_all([*ct_series(2), ecg_bytes()])
        async with TestClient(TestServer(build_gateway_app(town.gateway))) as client:
            yield Page(town, client)


async def test_every_route_is_in_the_table(page: Page) -> None:
    listed = page.client.app[ACCESS]
    assert set(listed) == PUBLIC | set(FOR_OPERATORS) | SIGNED_IN


def _filled(path: str) -> str:
    return path.replace("{number}", "1").replace("{study}", "1.2.3")


async def test_a_stranger_sees_figures_and_no_names(page: Page) -> None:
    for method, path in [*FOR_OPERATORS, *SIGNED_IN]:
        assert (await page.client.request(method, _filled(path))).status == 401, path
    shown = await (await page.client.get("/api/gateway")).text()
    assert '"waiting":3' in shown
    for row in await page.town.rows():
        for private in filter(None, (row.patient_name, row.patient_id, row.study_instance_uid)):
            assert private not in shown


@pytest.mark.parametrize("role", Role)
async def test_only_the_township_and_its_administrator_operate_it(page: Page, role: Role) -> None:
    who = await page.token("somebody", role)
    for (method, path), answer in FOR_OPERATORS.items():
        response = await page.client.request(method, _filled(path), headers=who)
        assert response.status == (answer if role in OPERATORS else 403), (path, role)


async def test_a_browser_must_show_the_token_of_its_own_page(page: Page) -> None:
    await page.person("technician", Role.TOWNSHIP_TECHNICIAN)
    credentials = {"login": "technician", "password": PASSWORD}
    session = await (await page.client.post("/api/session", json=credentials)).json()
    assert (await page.client.post("/api/gateway/wake")).status == 403
    headers = {"X-CSRF-Token": session["csrf_token"]}
    foreign = {**headers, "Origin": "http://evil.example"}
    assert (await page.client.post("/api/gateway/wake", headers=foreign)).status == 403
    assert (await page.client.post("/api/gateway/wake", headers=headers)).status == 204


async def test_what_was_refused_is_sent_again_when_somebody_says_so(page: Page) -> None:
    who = await page.token("technician", Role.TOWNSHIP_TECHNICIAN)
    number = (await page.town.rows())[0].number
    await page.town.gateway.queue.refuse(
        number, "uid-conflict", "already stored with other content"
    )
    shown: Mapping[str, object] = await (
        await page.client.get("/api/gateway/objects", headers=who)
    ).json()
    assert isinstance(shown["refused"], list)
    (refused,) = shown["refused"]
    assert (refused["answer"], refused["advice"]["fault"]) == ("uid-conflict", "refused")
    path = f"/api/gateway/objects/{number}/send-again"
    assert (await page.client.post(path, headers=who)).status == 204
    assert (await page.town.rows())[0].state == OutboundState.WAITING
    async with page.town.gateway.services.database.reading() as session:
        audited = await session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("gateway."))
        )
        assert list(audited) == ["gateway.forward", "gateway.send-again"]


async def test_a_study_is_hurried_as_a_whole(page: Page) -> None:
    who = await page.token("doctor", Role.TOWNSHIP_DOCTOR)
    study = (await page.town.rows())[0].study_instance_uid
    response = await page.client.post(f"/api/gateway/studies/{study}/hurry", headers=who)
    assert response.status == 204
    assert [row.rank for row in await page.town.rows()] == [Rank.EMERGENCY] * 3
