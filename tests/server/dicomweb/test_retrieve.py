"""WADO-RS, asked by the real dicomweb-client and by raw HTTP."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError
from pydicom import dcmread
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.core.database import Database
from server.core.objects.errors import DigestMismatch, ObjectStoreUnavailable
from server.intake.models import StoredObject
from server.studies.models import Instance, Study
from tests.server.dicomweb.site import Site, running_site
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import COUNTY, OTHER_TOWNSHIP, TOWNSHIP, create_institutions

ANY_SYNTAX = (("application/dicom", "*"),)


def uids(data: bytes) -> tuple[str, str, str]:
    """Return study, series and instance UID of a file."""
    ds = dcmread(BytesIO(data), stop_before_pixels=True)
    return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID)


def path_of(data: bytes) -> str:
    study, series, instance = uids(data)
    return f"/studies/{study}/series/{series}/instances/{instance}"


async def test_an_instance_comes_back_byte_for_byte(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    async with site.get(path_of(data)) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith(
            'multipart/related; type="application/dicom"; boundary='
        )
        body = await response.read()
        assert len(body) == int(response.headers["Content-Length"])
    assert body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0] == data


async def test_the_client_retrieves_instance_series_and_study(site: Site) -> None:
    slices = ct_series(3)
    for data in slices:
        await site.send(data)
    study, series, instance = uids(slices[1])
    client = site.client()
    one = await site.ask(lambda: client.retrieve_instance(study, series, instance))
    whole = await site.ask(lambda: client.retrieve_series(study, series))
    everything = await site.ask(lambda: list(client.iter_study(study, ANY_SYNTAX)))
    assert one == dcmread(BytesIO(slices[1]))
    assert [ds.InstanceNumber for ds in whole] == [1, 2, 3]
    assert [ds.PixelData for ds in everything] == [dcmread(BytesIO(d)).PixelData for d in slices]


async def test_metadata_of_instance_series_and_study_agree(site: Site) -> None:
    slices = ct_series(3)
    for data in slices:
        await site.send(data)
    study, series, instance = uids(slices[0])
    client = site.client()
    one = await site.ask(lambda: client.retrieve_instance_metadata(study, series, instance))
    several = await site.ask(lambda: client.retrieve_series_metadata(study, series))
    again = await site.ask(lambda: client.retrieve_series_metadata(study, series))
    everything = await site.ask(lambda: client.retrieve_study_metadata(study))
    assert several == again == everything
    assert several[0] == one
    assert one["00280010"] == {"vr": "US", "Value": [128]}
    assert one["7FE00010"]["BulkDataURI"] == f"{site.url}{path_of(slices[0])}/bulkdata/7FE00010"


@pytest.mark.parametrize("piece_bytes", [7, 1000, 1 << 20])
async def test_metadata_are_the_same_in_whatever_pieces_they_leave(
    site: Site, monkeypatch: pytest.MonkeyPatch, piece_bytes: int
) -> None:
    slices = ct_series(2)
    for data in slices:
        await site.send(data)
    study, series, _ = uids(slices[0])
    other = ct_bytes(StudyInstanceUID=study, SOPInstanceUID=generate_uid())
    await site.send(other)
    told: dict[str, list[Any]] = {}
    for uid in (series, uids(other)[1]):
        path = f"/studies/{study}/series/{uid}/metadata"
        async with site.get(path, headers={"Accept-Encoding": "gzip"}) as response:
            told[uid] = await response.json(content_type=None)
    monkeypatch.setattr("server.dicomweb.metadata._PIECE_BYTES", piece_bytes)
    every = [each for several in told.values() for each in several]
    for coding in ("gzip", "identity"):
        headers = {"Accept-Encoding": coding}
        for uid, several in told.items():
            path = f"/studies/{study}/series/{uid}/metadata"
            async with site.get(path, headers=headers) as response:
                assert await response.json(content_type=None) == several
        async with site.get(f"/studies/{study}/metadata", headers=headers) as response:
            assert sorted(map(str, await response.json(content_type=None))) == sorted(
                map(str, every)
            )


async def test_metadata_is_rebuilt_when_the_series_grows(site: Site) -> None:
    slices = ct_series(2)
    await site.send(slices[0])
    study, series, _ = uids(slices[0])
    client = site.client()
    first = await site.ask(lambda: client.retrieve_series_metadata(study, series))
    await site.send(slices[1])
    second = await site.ask(lambda: client.retrieve_series_metadata(study, series))
    assert (len(first), len(second)) == (1, 2)


async def test_metadata_is_there_while_the_derived_store_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(*args: object, **kwargs: object) -> None:
        raise ObjectStoreUnavailable("down")

    async def get(*args: object, **kwargs: object) -> AsyncIterator[bytes]:
        for block in (b"1-1\n", b""):
            if not block:
                raise ObjectStoreUnavailable("down")
            yield block

    monkeypatch.setattr(site.derived, "put", put)
    monkeypatch.setattr(site.derived, "get", get)
    data = ct_bytes()
    await site.send(data)
    study, series, _ = uids(data)
    found = await site.ask(lambda: site.client().retrieve_series_metadata(study, series))
    assert len(found) == 1


async def test_gzip_is_passed_on_only_to_those_who_take_it(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    study, series, _ = uids(data)
    path = f"/studies/{study}/series/{series}/metadata"
    bodies = {}
    for accepted in ("gzip", "identity", "gzip;q=0"):
        headers = {"Accept-Encoding": accepted}
        async with site.get(path, headers=headers) as response:
            bodies[accepted] = (response.headers.get("Content-Encoding"), await response.json())
    assert bodies["gzip"][0] == "gzip"
    assert bodies["identity"][0] is bodies["gzip;q=0"][0] is None
    assert bodies["gzip"][1] == bodies["identity"][1]


async def test_an_unchanged_answer_is_not_sent_again(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    study, series, _ = uids(data)
    for path in (
        path_of(data),
        f"{path_of(data)}/metadata",
        f"/studies/{study}/series/{series}/metadata",
        f"{path_of(data)}/frames/1",
        f"{path_of(data)}/bulkdata/7FE00010",
        f"{path_of(data)}/rendered",
    ):
        async with site.get(path) as response:
            assert response.status == 200
            tag = response.headers["ETag"]
        async with site.get(path, headers={"If-None-Match": tag}) as response:
            assert (response.status, await response.read()) == (304, b"")
        async with site.get(path, headers={"If-None-Match": '"other"'}) as response:
            assert response.status == 200


async def test_another_institution_finds_nothing_and_is_audited_once(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    study, series, _ = uids(data)
    for path in (path_of(data), f"/studies/{study}", f"/studies/{study}/series/{series}/metadata"):
        async with site.get(path, OTHER_TOWNSHIP) as response:
            assert response.status == 404
            assert (await response.json())["code"] == "not-found"
    async with site.parts.database.reading() as session:
        study_pk = await session.scalar(select(Study.id))
        refused = list(
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "study.read"))
        )
    assert [(one.object_id, one.outcome, one.institution_id) for one in refused] == [
        (study_pk, "refused", OTHER_TOWNSHIP)
    ]
    assert site.reads.seen == []


async def test_what_does_not_exist_is_not_audited(site: Site) -> None:
    async with site.get("/studies/1.2.3") as response:
        assert response.status == 404
    async with site.parts.database.reading() as session:
        assert await session.scalar(select(AuditEvent.action)) is None


async def test_the_county_that_reads_for_a_township_may_retrieve(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    async with site.get(path_of(data), COUNTY) as response:
        assert response.status == 200


async def test_each_request_is_one_audited_read(site: Site) -> None:
    slices = ct_series(2)
    for data in slices:
        await site.send(data)
    study, series, _ = uids(slices[0])
    async with site.parts.database.reading() as session:
        study_pk = await session.scalar(select(Study.id))
    for path in (
        f"/studies/{study}",
        f"/studies/{study}/metadata",
        f"/studies/{study}/series/{series}/metadata",
        f"{path_of(slices[0])}/frames/1",
        f"{path_of(slices[0])}/rendered",
        f"{path_of(slices[0])}/bulkdata/7FE00010",
    ):
        async with site.get(path) as response:
            assert response.status == 200
            await response.read()
    assert site.reads.seen == [(TOWNSHIP, study_pk)] * 6


async def test_nothing_is_shown_where_the_read_cannot_be_audited(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    site.reads.broken = True
    for path in (path_of(data), f"{path_of(data)}/metadata", f"{path_of(data)}/frames/1"):
        async with site.get(path) as response:
            assert response.status == 503
            assert (await response.json())["code"] == "audit-unavailable"


async def test_a_path_that_is_no_uid_is_refused(site: Site) -> None:
    for study in ("1.2%27%20OR%201=1", "..%2F..%2Fetc", "1.2.3%00", "9" * 65, "%E4%B8%AD", "1..2"):
        for path in (f"/studies/{study}", f"/studies/{study}/metadata", f"/studies/{study}/series"):
            async with site.get(path) as response:
                assert response.status in (400, 404), study
                assert response.content_type == "application/problem+json"


async def test_a_preamble_that_is_a_program_is_not_passed_on(site: Site) -> None:
    data = b"MZ" + ct_bytes()[2:]
    await site.send(data)
    async with site.get(path_of(data)) as response:
        body = await response.read()
        assert response.headers["Content-Disposition"] == "attachment"
    assert body.partition(b"\r\n\r\n")[2].startswith(bytes(128) + b"DICM")
    assert data[128:] in body


async def test_bytes_that_are_gone_are_an_honest_failure(site: Site, tmp_path: Path) -> None:
    data = ct_bytes()
    await site.send(data)
    async with site.parts.database.reading() as session:
        name = await session.scalar(select(StoredObject.spool_name))
    assert name is not None
    site.parts.spool.path(name).unlink()
    for path in (path_of(data), f"{path_of(data)}/frames/1"):
        async with site.get(path) as response:
            assert response.status == 503
            assert "Retry-After" in response.headers


async def test_rotten_bytes_are_an_honest_failure(site: Site, tmp_path: Path) -> None:
    data = ct_bytes()
    await site.send(data)
    assert await site.parts.drain.drain_once() == 1
    (stored,) = [each for each in (tmp_path / "objects").rglob("*") if each.is_file()]
    stored.chmod(0o640)
    stored.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    for path in (path_of(data), f"{path_of(data)}/frames/1", f"{path_of(data)}/rendered"):
        async with site.get(path) as response:
            assert response.status == 503
            assert (await response.json())["code"] == "bytes-damaged"


async def test_links_name_the_public_address_where_one_is_set(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_site(
        database, tmp_path, clock, ids, public_url="https://lianzhen.example.cn"
    ) as site:
        data = ct_bytes()
        await site.send(data)
        async with site.get(f"{path_of(data)}/metadata") as response:
            uri = (await response.json())[0]["7FE00010"]["BulkDataURI"]
    assert uri.startswith("https://lianzhen.example.cn/dicomweb/studies/")


async def test_a_host_header_that_is_none_is_refused(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    headers = {"Host": 'x"},{"evil'}
    async with site.get(f"{path_of(data)}/metadata", headers=headers) as response:
        assert response.status == 400


async def test_an_answer_that_cannot_go_on_breaks_off_and_never_looks_whole(site: Site) -> None:
    slices = ct_series(3)
    for data in slices:
        await site.send(data)
    study, _, last = uids(slices[2])
    async with site.parts.database.reading() as session:
        name = await session.scalar(
            select(StoredObject.spool_name)
            .join(Instance, Instance.object_id == StoredObject.id)
            .where(Instance.sop_instance_uid == last)
        )
    assert name is not None
    site.parts.spool.path(name).unlink()
    async with site.get(f"/studies/{study}") as response:
        assert response.status == 200
        with pytest.raises(ClientError):
            await response.read()
    async with site.get(path_of(slices[0])) as response:
        assert response.status == 200


async def test_a_store_that_lies_in_the_middle_never_ends_in_an_error_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ct_bytes()
    await site.send(data)
    await site.parts.drain.drain_once()

    async def get(*args: object, **kwargs: object) -> AsyncIterator[bytes]:
        for block in (data[:500], data[500:1000], b""):
            if not block:
                raise DigestMismatch("other bytes than announced")
            yield block

    monkeypatch.setattr(site.parts.store, "get", get)
    async with site.get(path_of(data)) as response:
        assert response.status == 200
        with pytest.raises(ClientError):
            await response.read()
