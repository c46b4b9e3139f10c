"""A gateway that dies before and after each of its steps: nothing lost, nothing twice."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from server.gateway.county import County as CountyClient
from server.gateway.forwarder import Forwarder
from server.gateway.models import OutboundState
from server.gateway.queue import Queue
from server.intake.models import StoredObject
from server.studies.models import Instance
from tests.server.gateway.conftest import County
from tests.support.dicom_files import ct_series, ecg_bytes, large_ct
from tests.support.township import Township, running_township

pytestmark = pytest.mark.fault

STEPS = (
    (Queue, "next"),
    (Queue, "note_compression"),
    (Queue, "note_upload"),
    (Queue, "confirm"),
    (CountyClient, "begin"),
    (CountyClient, "standing"),
    (CountyClient, "append"),
    (Forwarder, "_whole"),
)


class Killed(BaseException):
    """What SIGKILL is to the code it hits: nothing catches it."""


class Reaper:
    """Kills before or after the next call of one step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: tuple[str, str] | None = None
        for owner, name in STEPS:
            monkeypatch.setattr(owner, name, self._wrapped(name, getattr(owner, name)))

    def _wrapped(
        self, name: str, step: Callable[..., Awaitable[object]]
    ) -> Callable[..., Awaitable[object]]:
        async def stepping(*args: object, **keywords: object) -> object:
            self._pass("before", name)
            result = await step(*args, **keywords)
            self._pass("after", name)
            return result

        return stepping

    def _pass(self, when: str, name: str) -> None:
        if self.at == (when, name):
            raise Killed


async def test_a_gateway_that_dies_at_any_step_brings_everything_once(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaper = Reaper(monkeypatch)
    sent = 0
    for when in ("before", "after"):
        for _, name in STEPS:
            data_dir = tmp_path / f"{when}-{name}"
            deaths = 0
            # Twice, so that the second life dies over what the first left behind. How an upload
            # stands is asked only where one was begun.
            first = ("after", "append") if name == "standing" else (when, name)
            for reaper.at in (first, (when, name), None):
                async with running_township(
                    data_dir, county_url=county.url, token=county.token, compression="htj2k"
                ) as town:
                    if not await town.rows():
                        await town.receive_all([*ct_series(1), ecg_bytes(), large_ct(600_000)])
                        sent += 3
                    try:
                        await town.send_all()
                    except Killed:
                        deaths += 1
            assert deaths == 2, (when, name)
            async with running_township(data_dir, county_url=county.url, token="") as town:
                await _nothing_is_left(town)
    async with county.app.services.database.reading() as session:
        assert len(list(await session.scalars(select(Instance.id)))) == sent


async def _nothing_is_left(town: Township) -> None:
    rows = await town.rows()
    assert [row.state for row in rows] == [OutboundState.CONFIRMED] * 3
    assert {row.answer for row in rows} <= {"stored", "duplicate"}
    services = town.gateway.services
    await town.gateway.queue.forget(
        confirmed_before=services.clock.now(), remove=services.spool.remove
    )
    async with services.database.reading() as session:
        assert not list(await session.scalars(select(StoredObject.id)))
