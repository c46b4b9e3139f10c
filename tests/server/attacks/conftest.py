"""One installation that every attack of this folder meets: what one breaks, the next feels."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.dicom_node.public import NewDevice
from server.identity.models import Role
from server.identity.people import Licence, NewPerson
from server.migrations.run import migrate
from server.services import build_services
from tests.dicom.dimse.certificates import certificate
from tests.server.attacks.installation import MIB, Attacked
from tests.support.node_process import ORG, found_site
from tests.support.ports import free_port

OBJECT_CAP_MIB = 48
REQUEST_CAP_MIB = 256


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A node and a web role over one SQLite database and file store."""
    folder = tmp_path_factory.mktemp("attacked")
    made = asyncio.run(_found(folder))
    try:
        yield made
    finally:
        asyncio.run(made.site.end())


async def _found(folder: Path) -> Attacked:
    url = f"sqlite:///{folder / 'lianzhen.db'}"
    migrate(url)
    own, client = certificate("node"), certificate("CT1")
    tls_port = free_port()
    site = await found_site(
        folder / "data", url,
        dicom={
            "max_object_bytes": OBJECT_CAP_MIB * MIB,
            "max_matches": 50,
            "tls_port": tls_port,
            "tls_certificate": own.certificate,
            "tls_key": own.key,
            "tls_client_ca": client.certificate,
        },
    )  # fmt: skip
    services = build_services(site.settings, role="test")
    try:
        tokens = {"technician": site.token}
        county = await services.institutions.get(ORG, "county")
        township = await services.institutions.get(ORG, "township1")
        await services.people.create(
            NewPerson(
                county.id, "reader", "李样板", frozenset({Role.COUNTY_READER}),
                licence=Licence("TEST", "TEST"),
            )
        )  # fmt: skip
        tokens["reader"] = (await services.tokens.create("reader")).secret
        await services.devices.register(
            NewDevice(
                ORG, township.id, "CT1",
                certificate_subject="commonName=CT1,organizationName=Clinic",
            )
        )  # fmt: skip
        await services.devices.register(NewDevice(ORG, township.id, "ASKING", may_query=True))
    finally:
        await services.database.close()
        services.executor.shutdown()
    node, web = site.role("node"), site.role("web", http={"max_store_bytes": REQUEST_CAP_MIB * MIB})
    try:
        await node.start()
        await web.start()
    except BaseException:
        await site.end()
        raise
    return Attacked(site, node, web, tls_port, tokens)
