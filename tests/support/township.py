"""A township: a gateway over its own data, with a registered device, before a county's server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.dicom_node.public import NewDevice
from server.gateway.models import Outbound, OutboundState
from server.identity.institutions import NewInstitution
from server.identity.models import Level
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
