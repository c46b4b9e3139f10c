"""The forwarder before a real county: resumed, summed, confirmed, and in the right order."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select

from server.gateway.faults import Fault, LineFault
from server.gateway.models import OutboundState, Rank
from server.intake.models import Quarantined, StoredObject, UploadSession
from server.intake.public import Verdict
from server.studies.models import Instance
from tests.server.gateway.conftest import County
from tests.support.cutting_proxy import cutting_proxy
from tests.support.dicom_files import (
    changed,
    ct_bytes,
    ct_series,
    ecg_bytes,
    large_ct,
    rewrapped,
    sample,
)
from tests.support.fakes import ManualClock
from tests.support.ledger import read
from tests.support.ports import free_port
from tests.support.senders import device
from tests.support.township import Township, running_township, write_token

SCP = Path(__file__).resolve().parents[2] / "data" / "ecg" / "scp" / "anon000007.scp"


async def stored(county: County) -> dict[str, bytes]:
    """Return the county's objects by SOP Instance UID."""
    services = county.app.services
    async with services.database.reading() as session:
        rows = list(await session.execute(select(Instance.sop_instance_uid, Instance.object_id)))
    return {uid: await read(services, object_id) for uid, object_id in rows}


async def begun_uploads(county: County) -> int:
    """Return how many uploads were ever begun at the county."""
    async with county.app.services.database.reading() as session:
        return len(list(await session.scalars(select(UploadSession.id))))


async def test_the_county_gets_the_very_bytes_and_says_their_digest(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        uids = await town.receive_all(ct_series(3))
        await town.send_all()
        rows = await town.rows()
        assert [row.state for row in rows] == [OutboundState.CONFIRMED] * 3
        assert {row.answer for row in rows} == {"stored"}
        there = await stored(county)
        assert set(there) == set(uids)
        async with town.gateway.services.database.reading() as session:
            kept = dict((await session.execute(select(StoredObject.id, StoredObject.sha256))).all())
        for row in rows:
            digest = hashlib.sha256(there[row.sop_instance_uid]).hexdigest()
            assert digest == kept[row.object_id or ""]
        assert (await town.line()).fault is None


@pytest.mark.fault
@pytest.mark.parametrize("cut_at", [1, 900, 150_000, 900_000, 1_900_000])
async def test_a_line_that_is_cut_again_and_again_is_resumed_where_it_stood(
    county: County, tmp_path: Path, cut_at: int
) -> None:
    data = large_ct(2_000_000)
    async with (
        cutting_proxy(county.port) as proxy,
        running_township(
            tmp_path / "t", county_url=f"http://127.0.0.1:{proxy.port}", token=county.token
        ) as town,
    ):
        await town.receive_all([data])
        proxy.cut_after_sent_bytes = cut_at
        with pytest.raises(LineFault) as failed:
            await town.send_all()
        assert failed.value.fault is Fault.UNREACHABLE
        proxy.cut_after_sent_bytes = None
        await town.gateway.county.close()
        await town.send_all()
        assert (await town.row()).state == OutboundState.CONFIRMED
        # What arrived before the cut stays, but for the chunk that was cut.
        assert proxy.sent_bytes < len(data) + 900_000
    assert await begun_uploads(county) <= 2
    (there,) = (await stored(county)).values()
    assert there == data


@pytest.mark.fault
async def test_an_answer_that_is_lost_is_asked_for_and_nothing_sent_twice(
    county: County, tmp_path: Path
) -> None:
    async with (
        cutting_proxy(county.port) as proxy,
        running_township(
            tmp_path / "t", county_url=f"http://127.0.0.1:{proxy.port}", token=county.token
        ) as town,
    ):
        await town.receive_all([ct_bytes()])
        # The answer to the POST arrives, the one to the PATCH does not.
        proxy.cut_after_bytes = 700
        with pytest.raises(LineFault):
            await town.send_all()
        proxy.cut_after_bytes = None
        await town.gateway.county.close()
        sent = proxy.sent_bytes
        await town.send_all()
        assert proxy.sent_bytes - sent < 1_000
        row = await town.row()
        assert (row.state, row.answer) == (OutboundState.CONFIRMED, "stored")
    assert len(await stored(county)) == 1


async def test_emergencies_go_first_then_the_small_and_the_oldest_in_their_turn(
    county: County, tmp_path: Path
) -> None:
    async with running_township(
        tmp_path / "t", county_url=county.url, token=county.token, emergency_sources=("ER-DR",)
    ) as town:
        large = large_ct(400_000)
        await town.receive(large)
        for data in ct_series(4):
            await town.receive(data)
        await town.receive(ecg_bytes())
        await town.receive(_urgent())
        await town.receive(large_ct(300_000), "ER-DR@10.0.0.9")
        rows = await town.rows()
        assert [row.rank for row in rows] == [Rank.ROUTINE] * 5 + [Rank.EMERGENCY] * 3
        order = []
        for _ in rows:
            before = {r.number for r in await town.rows() if r.state == OutboundState.CONFIRMED}
            await town.gateway.forwarder.send_next()
            after = {r.number for r in await town.rows() if r.state == OutboundState.CONFIRMED}
            (number,) = after - before
            order.append(number)
    first = rows[0].number
    assert set(order[:3]) == {row.number for row in rows[5:]}
    assert order[3] == first, "the fourth turn is the oldest's, however large"


async def test_an_emergency_overtakes_an_upload_that_is_under_way(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive(large_ct(1_500_000))
        forwarder = town.gateway.forwarder
        append = town.gateway.county.append
        arrived: list[object] = []

        async def once_in_between(*args: object) -> object:
            standing = await append(*args)  # type: ignore[arg-type]  # handed through
            if not arrived:
                arrived.append(await town.receive(ecg_bytes()))
            return standing

        town.gateway.county.append = once_in_between  # type: ignore[method-assign,assignment]
        assert await forwarder.send_next()
        assert [row.state for row in await town.rows()] == [OutboundState.WAITING] * 2
        assert await forwarder.send_next()
        assert [row.state for row in await town.rows()] == [
            OutboundState.WAITING, OutboundState.CONFIRMED,
        ]  # fmt: skip
        await town.send_all()
        assert {row.state for row in await town.rows()} == {OutboundState.CONFIRMED}
    assert await begun_uploads(county) == 2


@pytest.mark.parametrize("compression", ["htj2k", "jpeg-ls"])
async def test_images_are_compressed_and_the_original_kept_until_its_time_is_over(
    county: County, tmp_path: Path, compression: str
) -> None:
    clock = ManualClock()
    async with running_township(
        tmp_path / "t", county_url=county.url, token=county.token, compression=compression,
        keep_days=2, clock=clock,
    ) as town:  # fmt: skip
        (uid,) = await town.receive_all([ct_bytes()])
        await town.send_all()
        row = await town.row()
        assert (row.state, row.compression) == (OutboundState.CONFIRMED, compression)
        assert set(await stored(county)) == {uid}
        assert len(await _files(town)) == 2
        forget = town.gateway.queue.forget
        remove = town.gateway.services.spool.remove
        assert await forget(confirmed_before=clock.now(), remove=remove) == 1
        assert await _files(town) == []
        assert (await town.row()).object_id is None


async def test_an_ecg_in_its_maker_s_format_goes_as_the_file_it_is(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        assert (await town.receive(SCP.read_bytes(), exam=True)).verdict.kept
        await town.send_all()
        assert (await town.row()).rank == Rank.EMERGENCY
        assert (await town.row()).state == OutboundState.CONFIRMED
        remove = town.gateway.services.spool.remove
        now = town.gateway.services.clock.now()
        assert await town.gateway.queue.forget(confirmed_before=now, remove=remove) == 1
        assert await _files(town) == []
    services = county.app.services
    digest = hashlib.sha256(SCP.read_bytes()).hexdigest()
    async with services.database.reading() as session:
        assert digest in set(await session.scalars(select(StoredObject.sha256)))


async def test_what_the_county_has_with_other_content_is_told_and_kept_here(
    county: County, tmp_path: Path
) -> None:
    await county.app.receive(ct_bytes())
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive(ct_bytes(PatientID="ANOTHER"))
        await town.send_all()
        row = await town.row()
        assert (row.state, row.answer) == (OutboundState.REFUSED, "uid-conflict")
        assert row.answer_detail is not None
        assert len(await _files(town)) == 1
    async with county.app.services.database.reading() as session:
        assert len(list(await session.scalars(select(Quarantined)))) == 1


@pytest.mark.fault
async def test_a_file_that_rotted_here_is_told_and_never_sent(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive_all(ct_series(2))
        first, _ = sorted(await _files(town))
        first.write_bytes(first.read_bytes()[:-1] + b"!")
        await town.send_all()
        states = {row.state: row.answer for row in await town.rows()}
        assert states == {
            OutboundState.REFUSED: "damaged-here", OutboundState.CONFIRMED: "stored",
        }  # fmt: skip
    assert len(await stored(county)) == 1


@pytest.mark.fault
async def test_a_file_that_rotted_here_is_healed_by_sending_it_again(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive_all([ct_bytes()])
        (path,) = await _files(town)
        path.write_bytes(b"rotten")
        await town.send_all()
        assert (await town.row()).answer == "damaged-here"
        await town.receive_all([ct_bytes()])
        await town.send_all()
        assert (await town.row()).state == OutboundState.CONFIRMED
    assert list((await stored(county)).values()) == [ct_bytes()]


@pytest.mark.fault
@pytest.mark.parametrize("was_refused", [True, False])
async def test_a_file_that_rotted_here_is_healed_by_another_wrapping_of_its_data_set(
    county: County, tmp_path: Path, was_refused: bool
) -> None:
    again = rewrapped(ct_bytes())
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive_all([ct_bytes()])
        (path,) = await _files(town)
        path.write_bytes(b"rotten")
        await town.send_all()
        row = await town.row()
        assert (row.state, row.answer) == (OutboundState.REFUSED, "damaged-here")
        if not was_refused:
            # As the staff would, before the device sends it again.
            await town.gateway.queue.send_again(device(), row.number)
        assert (await town.receive(again)).verdict is Verdict.STORED
        await town.send_all()
        assert (await town.row()).state == OutboundState.CONFIRMED
        async with town.gateway.services.database.reading() as session:
            (kept,) = await session.scalars(select(StoredObject.sha256))
    assert kept == hashlib.sha256(again).hexdigest()
    assert list((await stored(county)).values()) == [again]


@pytest.mark.fault
async def test_a_compressed_copy_that_rotted_here_gives_way_to_the_original(
    county: County, tmp_path: Path
) -> None:
    async with running_township(
        tmp_path / "t", county_url=f"http://127.0.0.1:{free_port()}", token=county.token,
        compression="jpeg-ls",
    ) as town:  # fmt: skip
        await town.receive_all([ct_bytes()])
        with pytest.raises(LineFault):
            await town.send_all()
        original, copy = sorted(await _files(town), key=lambda path: -path.stat().st_size)
        copy.unlink()
    async with running_township(
        tmp_path / "t", county_url=county.url, token=county.token, compression="jpeg-ls"
    ) as town:
        await town.send_all()
        row = await town.row()
        assert (row.state, row.compression) == (OutboundState.CONFIRMED, "copy-damaged")
        assert original.exists()
    assert list((await stored(county)).values()) == [ct_bytes()]


async def test_a_token_that_is_replaced_works_without_a_restart(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token="expired") as town:
        await town.receive_all([ct_bytes()])
        with pytest.raises(LineFault) as failed:
            await town.send_all()
        assert failed.value.fault is Fault.TOKEN_REFUSED
        write_token(town.data_dir, county.token)
        await town.send_all()
        assert (await town.row()).state == OutboundState.CONFIRMED


async def test_what_a_device_sends_again_is_asked_of_the_county_again(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        for expected in ("stored", "duplicate"):
            await town.receive_all([ct_bytes()])
            await town.send_all()
            assert (await town.row()).answer == expected
        now = town.gateway.services.clock.now()
        remove = town.gateway.services.spool.remove
        await town.gateway.queue.forget(confirmed_before=now, remove=remove)
        await town.receive_all([ct_bytes()])
        assert (await town.row()).rank == Rank.REPEAT
        await town.send_all()
        assert (await town.row()).answer == "duplicate"
        assert (await town.receive(ct_bytes(PatientID="X"))).code == "uid-conflict"
    assert len(await stored(county)) == 1


def _urgent() -> bytes:
    return changed(sample("MR_small.dcm"), RequestedProcedurePriority="STAT")


async def _files(town: Township) -> list[Path]:
    """Return the files that rows of the gateway name."""
    services = town.gateway.services
    async with services.database.reading() as session:
        names = list(await session.scalars(select(StoredObject.spool_name)))
    found = [services.spool.path(name) for name in names if name is not None]
    assert all(path.exists() for path in found)
    return found
