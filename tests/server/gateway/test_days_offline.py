"""A line that is down for days: what a county forgot is begun anew, and what is full says so."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.gateway.county import Standing
from server.gateway.faults import Fault, LineFault
from server.gateway.models import OutboundState
from server.identity.models import Role
from server.migrations.run import migrate
from tests.server.gateway.conftest import County
from tests.server.gateway.test_forwarder import begun_uploads, stored
from tests.support.application import running_app, settings_for
from tests.support.cutting_proxy import cutting_proxy
from tests.support.dicom_files import ct_series, large_ct
from tests.support.fakes import ManualClock
from tests.support.ledger import OUT_OF_RESOURCES, SUCCESS, Ledger, ct_slices, send
from tests.support.mounts import small_disk
from tests.support.node_process import GATEWAY, wait_until
from tests.support.ports import free_port
from tests.support.township import found_township, outbound, running_township

pytestmark = pytest.mark.fault

DAY_S = 86_400.0
SIZE = 2_000_000


@pytest.fixture
async def county(tmp_path: Path, clock: ManualClock) -> AsyncIterator[County]:
    """A county's server whose days pass when they are told to."""
    root = tmp_path / "county"
    migrate(f"sqlite:///{root / 'lianzhen.db'}")
    async with running_app(settings_for(root), clock=clock) as app:
        who = await app.token("gateway1", "township1", Role.TOWNSHIP_TECHNICIAN)
        yield County(app, who["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("days", [5, 8])
async def test_an_upload_of_days_ago_is_resumed_or_begun_anew_if_the_county_forgot_it(
    county: County, tmp_path: Path, clock: ManualClock, days: int
) -> None:
    """A county keeps the beginning of an upload for 7 days."""
    data = large_ct(SIZE)
    async with (
        cutting_proxy(county.port) as proxy,
        running_township(
            tmp_path / "t", county_url=f"http://127.0.0.1:{proxy.port}", token=county.token,
            clock=clock, keep_days=1,
        ) as town,
    ):  # fmt: skip
        await town.receive_all([data])
        proxy.cut_after_sent_bytes = 900_000
        with pytest.raises(LineFault) as failed:
            await town.send_all()
        assert failed.value.fault is Fault.UNREACHABLE
        begun = (await town.row()).upload_path
        assert begun is not None
        await town.gateway.county.close()

        clock.advance(days * DAY_S)
        await county.app.services.uploads.expire()
        assert await begun_uploads(county) == (1 if days < 7 else 0)
        gave_up = town.gateway.queue.forget(
            confirmed_before=clock.now(), remove=town.gateway.services.spool.remove
        )
        assert await gave_up == 0
        await town.receive_all(ct_series(2))
        proxy.cut_after_sent_bytes, proxy.sent_bytes = None, 0
        await town.send_all()
        rows = await town.rows()
        assert [row.state for row in rows] == [OutboundState.CONFIRMED] * 3
        assert (rows[0].upload_path == begun) is (days < 7)
        assert (proxy.sent_bytes < SIZE) is (days < 7)
    there = await stored(county)
    assert len(there) == 3
    assert data in there.values()


async def test_a_county_that_forgets_while_it_is_sent_to_gets_it_from_the_start(
    county: County, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = large_ct(SIZE)
    async with running_township(
        tmp_path / "t", county_url=county.url, token=county.token, clock=clock
    ) as town:
        await town.receive_all([data])
        append, chunks = town.gateway.county.append, 0

        async def with_a_week_in_between(*args: Any) -> Standing | None:
            nonlocal chunks
            chunks += 1
            if chunks == 2:
                clock.advance(8 * DAY_S)
                await county.app.services.uploads.expire()
            return await append(*args)

        monkeypatch.setattr(town.gateway.county, "append", with_a_week_in_between)
        await town.send_all()
        assert chunks > 3
        assert (await town.row()).state == OutboundState.CONFIRMED
    assert list((await stored(county)).values()) == [data]


async def test_a_gateway_at_its_watermark_refuses_its_devices_and_recovers(tmp_path: Path) -> None:
    """It has been receiving without a line for so long that its disk is nearly full."""
    ledger, slices = Ledger(), ct_slices(8)
    with small_disk(tmp_path / "disk", 24) as disk:
        site = await found_township(
            disk / "township",
            county_url=f"http://127.0.0.1:{free_port()}",
            token="any",
            spool={"min_free_bytes": 8 << 20},
        )
        try:
            gateway = await site.role(GATEWAY).start()
            assert await send(site.dicom_port, slices[:4], ledger)
            assert ledger.answers == {SUCCESS: 4}, gateway.tail()
            filler = disk / "filler"
            filler.write_bytes(bytes(16 << 20))

            async def is_refused() -> bool:
                # How much room there is is looked at once a second.
                ledger.answers.clear()
                assert await send(site.dicom_port, slices[:1], ledger)
                return ledger.answers == {OUT_OF_RESOURCES: 1}

            await wait_until(is_refused, "the gateway to see the watermark")
            ledger.answers.clear()
            assert await send(site.dicom_port, slices[4:], ledger)
            assert ledger.answers == {OUT_OF_RESOURCES: 4}, gateway.tail()
            filler.unlink()
            ledger.answers.clear()
            assert await send(site.dicom_port, slices, ledger)
            assert ledger.answers == {SUCCESS: 8}, gateway.tail()
            assert (await outbound(site)).keys() == ledger.kept
        finally:
            await site.end()
