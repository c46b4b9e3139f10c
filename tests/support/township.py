"""A township: a gateway over its own data, with a registered device, before a county's server."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from sqlalchemy import select

from server.core.clock import Clock
from server.core.settings import DatabaseSettings, GatewaySettings, Settings, SpoolSettings
from server.dicom_node.public import NewDevice
from server.gateway.models import Line, Outbound, OutboundState
from server.gateway_process import Gateway, build_gateway
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.identity.public import Actor, ActorKind
from server.intake.public import Accepted, Receipt
from server.migrations.run import migrate
from server.services import build_services
from tests.support.node_process import DEVICE_AE, ORG, Site, site_at


async def found_township(
    data_dir: Path, *, county_url: str, token: str, **sections: Mapping[str, Any]
) -> Site:
    """Found a gateway that is to send to ``county_url`` with ``token``."""
    url = f"sqlite:///{data_dir / 'lianzhen.db'}"
    migrate(url)
    write_token(data_dir, token)
    gateway = {"county_url": county_url, **sections.pop("gateway", {})}
    site = site_at(data_dir, url, None, {"gateway": gateway, **sections})
    services = build_services(site.settings, role="test")
    try:
        township = await services.institutions.create(
            NewInstitution(ORG, "township1", "马渡镇卫生院", "Madu", Level.TOWNSHIP)
        )
        await services.devices.register(NewDevice(ORG, township, DEVICE_AE))
    finally:
        await services.database.close()
        services.executor.shutdown()
    return site


def write_token(data_dir: Path, token: str) -> None:
    """Put a token where a gateway reads it."""
    (data_dir / "gateway-token").write_text(f"{token}\n")


async def outbound(site: Site) -> dict[str, Outbound]:
    """Return the rows of a gateway's outbox by SOP Instance UID."""
    services = build_services(site.settings, role="test")
    try:
        async with services.database.reading() as session:
            return {row.sop_instance_uid: row for row in await session.scalars(select(Outbound))}
    finally:
        await services.database.close()
        services.executor.shutdown()


async def are_confirmed(site: Site, count: int) -> bool:
    """Whether so many objects were sent here, and the county confirmed every one."""
    rows = await outbound(site)
    return len(rows) == count and all(row.state == OutboundState.CONFIRMED for row in rows.values())


@dataclass
class Township:
    """A gateway in this process, which sends when it is told."""

    gateway: Gateway
    institution: str
    data_dir: Path

    async def receive(
        self, data: bytes, source: str = f"{DEVICE_AE}@127.0.0.1", *, exam: bool = False
    ) -> Receipt:
        """Take an object in, as its node would, or as its watched folder would."""
        sender = Actor(ActorKind.DEVICE, "device", ORG, self.institution, frozenset(), source)
        accepted = Accepted.EXAM if exam else Accepted.DICOM
        incoming = self.gateway.services.intake.begin(sender, accepted=accepted)
        incoming.write(data)
        return await incoming.finish()

    async def receive_all(self, files: Sequence[bytes]) -> list[str]:
        """Take objects in, and return their SOP Instance UIDs."""
        for data in files:
            assert (await self.receive(data)).verdict.kept
        return [str(dcmread(DicomBytesIO(data)).SOPInstanceUID) for data in files]

    async def send_all(self) -> None:
        """Send until nothing waits; what fails raises."""
        while await self.gateway.forwarder.send_next():
            continue

    async def rows(self) -> list[Outbound]:
        """Return what is on its way, in the order it came."""
        async with self.gateway.services.database.reading() as session:
            return list(await session.scalars(select(Outbound).order_by(Outbound.number)))

    async def row(self) -> Outbound:
        """Return the one object that is on its way."""
        (found,) = await self.rows()
        return found

    async def line(self) -> Line:
        """Return what is known of the line."""
        async with self.gateway.services.database.reading() as session:
            return (await session.scalars(select(Line))).one()


@asynccontextmanager
async def running_township(
    data_dir: Path,
    *,
    county_url: str,
    token: str,
    clock: Clock | None = None,
    **gateway_settings: Any,
) -> AsyncIterator[Township]:
    """Run a gateway's parts, without its forwarder's loop and its node."""
    data_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 -- a test's own folder
    url = f"sqlite:///{data_dir / 'gateway.db'}"
    migrate(url)
    write_token(data_dir, token)
    gateway = build_gateway(
        Settings(
            data_dir=data_dir,
            database=DatabaseSettings(url=SecretStr(url)),
            spool=SpoolSettings(min_free_bytes=1),
            gateway=GatewaySettings(county_url=county_url, **gateway_settings),
        ),
        clock=clock,
    )
    services = gateway.services
    known = await services.institutions.list(ORG)
    institution = (
        known[0].id
        if known
        else await services.institutions.create(
            NewInstitution(ORG, "township1", "马渡镇卫生院", "Madu", Level.TOWNSHIP)
        )
    )
    await gateway.line.open()
    services.spool.open()
    services.committer.start()
    try:
        yield Township(gateway, institution, data_dir)
    finally:
        await gateway.county.close()
        if gateway.compressor is not None:
            await gateway.compressor.close()
        await services.committer.close()
        services.spool.close()
        await services.bench.close()
        await services.database.close()
        services.executor.shutdown()
