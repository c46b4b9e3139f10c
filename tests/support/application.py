"""The whole web role in this process, with one county and two townships in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from pydantic import SecretStr

from server.app import SERVICES, build_app
from server.core.clock import Clock
from server.core.settings import DatabaseSettings, DicomSettings, Settings, SpoolSettings
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from server.identity.people import PHYSICIANS, Licence, NewPerson
from server.identity.public import Actor, ActorKind
from server.intake.public import Receipt
from server.services import Services

ORG = "qinghe"
PLACES = {
    "county": (Level.COUNTY, None),
    "township1": (Level.TOWNSHIP, "county"),
    "township2": (Level.TOWNSHIP, "county"),
}


def settings_for(data_dir: Path, database_url: str | None = None) -> Settings:
    """Return settings for tests: everything below ``data_dir``."""
    return Settings(
        data_dir=data_dir,
        database=DatabaseSettings(url=SecretStr(database_url) if database_url else None),
        spool=SpoolSettings(min_free_bytes=1),
        dicom=DicomSettings(port=0),
    )


@dataclass
class RunningApp:
    """The application under test, its client, and who lives in it."""

    client: TestClient[Request, Application]
    services: Services
    institutions: dict[str, str]

    async def token(
        self, login: str, place: str, *roles: Role, signs: bool = False
    ) -> dict[str, str]:
        """Make a person with roles at a place; return the header that speaks for them."""
        physician = not PHYSICIANS.isdisjoint(roles)
        await self.services.people.create(
            NewPerson(
                login=login,
                display_name=login,
                institution_id=self.institutions[place],
                roles=frozenset(roles),
                licence=Licence("TEST", "TEST") if physician else None,
                signs_independently=signs,
            )
        )
        secret = (await self.services.tokens.create(login)).secret
        return {"Authorization": f"Bearer {secret}"}

    def device(self, place: str = "township1") -> Actor:
        """Return a device of a place."""
        return Actor(
            kind=ActorKind.DEVICE,
            id=f"device-{place}",
            org=ORG,
            institution_id=self.institutions[place],
            roles=frozenset(),
            source=f"{place.upper()}@127.0.0.1",
        )

    async def receive(self, data: bytes, place: str = "township1") -> Receipt:
        """Take an object in, as the DICOM node would."""
        incoming = self.services.intake.begin(self.device(place))
        incoming.write(data)
        return await incoming.finish()


@asynccontextmanager
async def running_app(
    settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[RunningApp]:
    """Run the web role over a migrated database."""
    app = build_app(settings, clock=clock)
    async with TestClient(TestServer(app)) as client:
        services = app[SERVICES]
        institutions: dict[str, str] = {}
        for code, (level, parent) in PLACES.items():
            institutions[code] = await services.institutions.create(
                NewInstitution(
                    org=ORG,
                    code=code,
                    name_zh=f"{code} 医院",
                    name_en=f"{code} hospital",
                    level=level,
                    parent_id=institutions[parent] if parent else None,
                )
            )
        yield RunningApp(client, services, institutions)
