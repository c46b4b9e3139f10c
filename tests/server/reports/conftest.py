"""The whole web role with a CT and an ECG of one township, and the people who report them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.core.database import UnitOfWork
from server.identity.models import Role
from server.identity.people import Licence, NewPerson
from server.requests.public import DiagnosisRequest, RequestKind
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes, sample
from tests.support.fakes import ManualClock

TEXT = {"findings": "两肺清晰，未见实变。", "impression": "未见明显异常"}


@dataclass
class Person:
    """Somebody with a token."""

    id: str
    name: str
    headers: dict[str, str]


@dataclass
class Answer:
    """A status and its JSON."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        return str(self.body["code"])


@dataclass
class Site:
    """The application, its two cases, and who works on them."""

    app: RunningApp
    clock: ManualClock
    requests: dict[RequestKind, str] = field(default_factory=dict)

    async def person(
        self,
        login: str,
        place: str,
        *roles: Role,
        licence: str | None = "L-1",
        valid_until: date | None = None,
        signs: bool = True,
    ) -> Person:
        """Make a person with a licence and a token."""
        id_ = await self.app.services.people.create(
            NewPerson(
                institution_id=self.app.institutions[place],
                login=login,
                display_name=f"{login}医师",
                roles=frozenset(roles),
                licence=Licence(licence, "医学影像和放射治疗专业", valid_until)
                if licence
                else None,
                signs_independently=signs and licence is not None,
            )
        )
        secret = (await self.app.services.tokens.create(login)).secret
        return Person(id_, f"{login}医师", {"Authorization": f"Bearer {secret}"})

    async def ask(self, who: Person, method: str, path: str, body: Any = None) -> Answer:
        """Ask over HTTP, and return what JSON says."""
        response = await self.app.client.request(method, path, json=body, headers=who.headers)
        return Answer(response.status, await response.json())

    async def must(self, who: Person, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask, and return the body of a success."""
        answer = await self.ask(who, method, path, body)
        assert answer.status < 300, answer
        return answer.body

    async def claim(self, who: Person, kind: RequestKind) -> None:
        """Let somebody take a case."""
        await self.must(who, "POST", f"/api/requests/{self.requests[kind]}/claim")

    async def save(self, who: Person, kind: RequestKind, base: int = 0, **text: object) -> Answer:
        """Save a draft over a revision."""
        body = {**TEXT, **text, "base_revision": base}
        return await self.ask(who, "PUT", f"/api/requests/{self.requests[kind]}/report", body)

    async def act(self, who: Person, report: dict[str, Any], act: str, body: Any = None) -> Answer:
        """Do something to a report, having seen it as it is given here."""
        name = "version" if act == "acknowledge" else "revision"
        seen = {name: report[name], **(body or {})}
        return await self.ask(who, "POST", f"/api/reports/{report['id']}/{act}", seen)

    async def acted(
        self, who: Person, report: dict[str, Any], act: str, body: Any = None
    ) -> dict[str, Any]:
        """Do something to a report that must succeed."""
        answer = await self.act(who, report, act, body)
        assert answer.status == 200, answer
        return answer.body

    async def pdf(self, who: Person, report: dict[str, Any], query: str = "") -> bytes:
        """Return a report's document."""
        path = f"/api/reports/{report['id']}/document.pdf{query}"
        response = await self.app.client.get(path, headers=who.headers)
        assert response.status == 200, await response.text()
        assert response.content_type == "application/pdf"
        return await response.read()

    async def set_request(self, kind: RequestKind, **values: object) -> None:
        """Change a case behind everybody's back: what a machine or a township would do."""
        async with self.app.services.database.unit_of_work() as uow:
            await self._set(uow, kind, values)
            await uow.commit()

    async def _set(self, uow: UnitOfWork, kind: RequestKind, values: dict[str, object]) -> None:
        request = await uow.session.get(DiagnosisRequest, self.requests[kind])
        assert request is not None
        for name, value in values.items():
            setattr(request, name, value)


@dataclass
class Staff:
    """Who reports: two who write, two who review, and the townships' doctors."""

    reader: Person
    colleague: Person
    reviewer: Person
    second_reviewer: Person
    township: Person
    stranger: Person


@pytest.fixture
async def site(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Site]:
    """A running application with one CT and one ECG of township1."""
    async with running_app(settings_for(tmp_path, database_url), clock=clock) as app:
        await app.receive(ct_bytes())
        await app.receive(sample("waveform_ecg.dcm").read_bytes())
        site = Site(app, clock)
        async with app.services.database.reading() as session:
            for request in await session.scalars(select(DiagnosisRequest)):
                site.requests[RequestKind(request.kind)] = request.id
        assert set(site.requests) == set(RequestKind)
        yield site


@pytest.fixture
async def staff(site: Site) -> Staff:
    """The people of the tests."""
    return Staff(
        reader=await site.person("reader", "county", Role.COUNTY_READER),
        colleague=await site.person("colleague", "county", Role.COUNTY_READER),
        reviewer=await site.person("reviewer", "county", Role.COUNTY_REVIEWER),
        second_reviewer=await site.person("second", "county", Role.COUNTY_REVIEWER),
        township=await site.person("doctor", "township1", Role.TOWNSHIP_DOCTOR),
        stranger=await site.person("stranger", "township2", Role.TOWNSHIP_DOCTOR),
    )
