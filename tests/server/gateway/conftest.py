"""A county's server in this process, before which gateways stand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.identity.models import Role
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite


@dataclass
class County:
    """A county's server, and the token of a township's gateway."""

    app: RunningApp
    token: str

    @property
    def port(self) -> int:
        """Where it listens."""
        port = self.app.client.server.port
        assert port is not None
        return port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def county(tmp_path: Path) -> AsyncIterator[County]:
    root = tmp_path / "county"
    migrated_sqlite(root / "lianzhen.db")
    async with running_app(settings_for(root)) as app:
        who = await app.token("gateway1", "township1", Role.TOWNSHIP_TECHNICIAN)
        yield County(app, who["Authorization"].removeprefix("Bearer "))
