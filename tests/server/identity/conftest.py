"""A small community and a running door in front of a few routes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.http import (
    Public,
    Requires,
    Route,
    SignedIn,
    add_routes,
    errors_become_problems,
)
from server.core.settings import HttpSettings, IdentitySettings
from server.identity.institutions import InstitutionService, NewInstitution
from server.identity.middleware import Refusals, door, guard
from server.identity.models import Level, Role
from server.identity.passwords import Passwords
from server.identity.people import Licence, NewPerson, PeopleService
from server.identity.policy import Action
from server.identity.public import ACTOR
from server.identity.routes import identity_routes
from server.identity.sessions import SessionService
from server.identity.tokens import TokenService
from tests.support.fakes import CountingIds, ManualClock

PASSWORD = "correct horse battery"
Client = TestClient[web.Request, web.Application]


@dataclass(frozen=True)
class Community:
    """The services of identity over one database, and who is in it."""

    database: Database
    trail: AuditTrail
    clock: ManualClock
    institutions: InstitutionService
    people: PeopleService
    sessions: SessionService
    tokens: TokenService
    county_id: str
    township_id: str

    def refusals(self) -> Refusals:
        """Make the auditor of refusals."""
        return Refusals(database=self.database, trail=self.trail, clock=self.clock)


@pytest.fixture
def trail(clock: ManualClock, ids: CountingIds) -> AuditTrail:
    """An audit trail of a web process."""
    return AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="web")


@pytest.fixture
def passwords() -> Passwords:
    """Password hashing as cheap as it gets."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def community(
    database: Database,
    trail: AuditTrail,
    clock: ManualClock,
    ids: CountingIds,
    passwords: Passwords,
) -> Community:
    """A county hospital with a reader, a township with a technician, an administrator."""
    institutions = InstitutionService(database=database, trail=trail, clock=clock, ids=ids)
    people = PeopleService(
        database=database, trail=trail, clock=clock, ids=ids, passwords=passwords
    )
    county_id = await institutions.create(
        NewInstitution("demo", "COUNTY", "县人民医院", "County Hospital", Level.COUNTY)
    )
    township_id = await institutions.create(
        NewInstitution(
            "demo", "T1", "一镇卫生院", "Township One", Level.TOWNSHIP, parent_id=county_id
        )
    )
    await people.create(
        NewPerson(
            county_id,
            "reader",
            "张医生",
            frozenset({Role.COUNTY_READER, Role.COUNTY_DUTY}),
            Licence("110000000000001", "医学影像和放射治疗专业"),
            signs_independently=True,
        ),
        password=PASSWORD,
    )
    await people.create(
        NewPerson(township_id, "tech", "李技师", frozenset({Role.TOWNSHIP_TECHNICIAN})),
        password=PASSWORD,
    )
    return Community(
        database=database,
        trail=trail,
        clock=clock,
        institutions=institutions,
        people=people,
        sessions=SessionService(
            database=database,
            trail=trail,
            clock=clock,
            ids=ids,
            passwords=passwords,
            settings=IdentitySettings(),
        ),
        tokens=TokenService(database=database, trail=trail, clock=clock, ids=ids),
        county_id=county_id,
        township_id=township_id,
    )


async def _echo(request: web.Request) -> web.Response:
    actor = request.get(ACTOR)
    return web.json_response({"actor": actor.id if actor else None})


def web_app(community: Community, http: HttpSettings, ids: CountingIds) -> web.Application:
    """Put the door in front of the session's routes and one route of each access."""
    visitors = door(
        sessions=community.sessions,
        tokens=community.tokens,
        refusals=community.refusals(),
        http=http,
    )
    app = web.Application(
        middlewares=[errors_become_problems(ids), guard(visitors)],
        client_max_size=http.max_json_bytes,
    )
    add_routes(
        app,
        [
            *identity_routes(sessions=community.sessions, http=http),
            Route("GET", "/open", _echo, Public()),
            Route("POST", "/open", _echo, Public()),
            Route("GET", "/mine", _echo, SignedIn()),
            Route("POST", "/mine", _echo, SignedIn()),
            Route("GET", "/exams/{id}", _echo, Requires(Action.EXAM_READ)),
        ],
    )
    app.router.add_route("GET", "/unlisted", _echo)
    return app


@pytest.fixture
async def client(community: Community, ids: CountingIds) -> AsyncIterator[Client]:
    """A browser on loopback over plain HTTP, behind a trusted proxy of the test's choosing."""
    http = HttpSettings(trusted_proxies=("127.0.0.1",))
    async with TestClient(TestServer(web_app(community, http, ids))) as opened:
        yield opened
