"""A node that commits, over both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import commitment_courier, dimse_server
from server.services import build_services, running
from tests.server.dicom_node.commitment.committing import Committing
from tests.support.application import settings_for


@pytest.fixture
async def node(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Committing]:
    monkeypatch.setattr("server.dicom_node.courier._EVERY_S", 0.1)
    services = build_services(settings_for(tmp_path, database_url), role="node")
    courier = commitment_courier(services)
    async with running(services), courier.running():
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            await services.devices.register(NewDevice("qinghe", institutions[code], code.upper()))
        server = dimse_server(services, courier)
        port = await server.start("127.0.0.1", 0)
        yield Committing(services, port, institutions, courier)
        await server.close(1)
