"""The web role for each test, over both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.identity.models import Role
from tests.server.workitems.site import Site
from tests.support.application import running_app, settings_for


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    async with running_app(settings_for(tmp_path, database_url)) as app:
        people = {
            "reader": await app.token("reader", "county", Role.COUNTY_READER),
            "second": await app.token("second", "county", Role.COUNTY_READER),
            "township": await app.token("township", "township1", Role.TOWNSHIP_DOCTOR),
            "stranger": await app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR),
        }
        yield Site(app, people)
