"""Pages end when they are large, and metadata leave one object at a time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientResponse
from pydicom import dcmread
from sqlalchemy import update

from dicom.web.native_xml import from_xml
from dicom.web.query import parse_query
from server.core.database import Database
from server.studies.models import Instance
from server.studies.public import Level, Search, StudySearch
from tests.server.dicomweb.site import Site, person, running_site
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import create_institutions

COUNT = 7
ROOM = 40_000
"""Bytes of a page: some of seven slices with all that is known of them, and not all."""
XML = 'multipart/related; type="application/dicom+xml"'


@pytest.fixture
async def small(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> AsyncIterator[Site]:
    """A server whose pages are small."""
    await create_institutions(database, clock)
    async with running_site(database, tmp_path, clock, ids, most_page_bytes=ROOM) as running:
        yield running


async def page(site: Site, path: str) -> tuple[list[dict[str, Any]], str, str | None, int]:
    """Return matches, warning, the next page's path, and how many bytes that was."""
    async with site.get(path, headers={"Accept-Encoding": "identity"}) as response:
        assert response.status == 200
        size = len(await response.read())
        link = response.headers.get("Link")
        found = await response.json()
    after = link.partition(">")[0].removeprefix(f"<{site.url}") if link is not None else None
    return found, response.headers.get("Warning", ""), after, size


def uids(found: list[dict[str, Any]], tag: str = "00080018") -> list[str]:
    return [each[tag]["Value"][0] for each in found]


async def test_a_page_ends_early_when_it_is_large_and_leads_on(small: Site) -> None:
    for data in ct_series(COUNT):
        await small.send(data)
    whole, warning, after, _ = await page(small, "/instances")
    assert (len(whole), warning, after) == (COUNT, "", None)
    found: list[dict[str, Any]] = []
    path: str | None = "/instances?includefield=all"
    pages = 0
    while path is not None:
        part, warning, path, size = await page(small, path)
        found += part
        pages += 1
        assert size <= ROOM + len(part) + 1
        assert ("limited by their size" in warning) == (path is not None)
        if path is not None:
            assert f"offset={len(found)}" in warning
            assert f"offset={len(found)}" in path
    assert 1 < pages < COUNT
    assert uids(found) == uids(whole)
    # Each is as it would be on a page of its own.
    for at, each in enumerate(found):
        alone, _, _, _ = await page(small, f"/instances?includefield=all&limit=1&offset={at}")
        assert alone == [each]


async def test_a_limit_that_is_met_is_no_matter_of_size(small: Site) -> None:
    for data in ct_series(3):
        await small.send(data)
    part, warning, _, _ = await page(small, "/instances?includefield=all&limit=1")
    assert len(part) == 1
    assert "additional results" in warning
    assert "size" not in warning


async def test_studies_go_on_behind_the_last_that_had_room(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_site(database, tmp_path, clock, ids, most_page_bytes=1) as site:
        for number in range(3):
            await site.send(
                ct_bytes(
                    StudyInstanceUID=f"1.2.{number}",
                    SeriesInstanceUID=f"1.2.{number}.1",
                    SOPInstanceUID=f"1.2.{number}.1.1",
                )
            )
            clock.advance(60)
        found: list[str] = []
        path: str | None = "/studies?includefield=all"
        while path is not None:
            # More than there is room for, and one there is always.
            part, _, path, _ = await page(site, path)
            assert len(part) == 1
            found += uids(part, "0020000D")
        assert found == ["1.2.2", "1.2.1", "1.2.0"]


async def test_a_large_page_comes_in_xml_as_in_json(small: Site) -> None:
    for data in ct_series(COUNT):
        await small.send(data)
    path = "/instances?includefield=all"
    in_json, _, _, _ = await page(small, path)
    async with small.get(path, headers={"Accept": XML}) as response:
        assert "limited by their size" in response.headers["Warning"]
        body = await response.read()
    documents = body.split(b"<?xml")[1:]
    assert len(documents) == len(in_json)


async def test_no_more_metadata_are_read_than_a_page_holds(
    site: Site, database: Database, clock: ManualClock
) -> None:
    for data in ct_series(COUNT):
        await site.send(data)
    searches = StudySearch(database=database, clock=clock)
    search = Search(Level.INSTANCE, parse_query([("includefield", "all")]), 100)
    everything = await searches.page(person(), search)
    assert (len(everything.rows), everything.more) == (COUNT, False)
    room = sum(len(row[-1]) for row in everything.rows[:3])
    three = await searches.page(person(), replace(search, most_bytes=room))
    assert (len(three.rows), three.more) == (3, True)
    assert three.rows == everything.rows[:3]
    one = await searches.page(person(), replace(search, most_bytes=1))
    assert (len(one.rows), one.more) == (1, True)
    enough = await searches.page(person(), replace(search, most_bytes=1 << 20))
    assert (len(enough.rows), enough.more) == (COUNT, False)


async def read_into(body: bytearray, response: ClientResponse) -> None:
    while block := await response.content.readany():
        body += block


async def damage(database: Database, sop_uid: str) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(
            update(Instance)
            .where(Instance.sop_instance_uid == sop_uid)
            .values(metadata_json_gz=b"no gzip")
        )
        await uow.commit()


async def test_metadata_in_xml_leave_one_object_at_a_time(site: Site, database: Database) -> None:
    slices = ct_series(COUNT)
    for data in slices:
        await site.send(data)
    first, last = (dcmread(BytesIO(slices[at])) for at in (0, -1))
    series = f"/studies/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}"
    await damage(database, last.SOPInstanceUID)
    for path in (f"/studies/{first.StudyInstanceUID}/metadata", f"{series}/metadata"):
        body = bytearray()
        async with site.get(path, headers={"Accept": XML}) as response:
            # Those before it are under way when it turns out that one cannot be given.
            assert response.status == 200
            with pytest.raises(ClientError):
                await read_into(body, response)
        parts = bytes(body).split(b"<?xml")[1:]
        documents = [b"<?xml" + each.partition(b"\r\n--")[0] for each in parts]
        assert len(documents) == COUNT - 1
        assert from_xml(documents[0])["00080018"]["Value"] == [first.SOPInstanceUID]
    await damage(database, first.SOPInstanceUID)
    async with site.get(f"{series}/metadata", headers={"Accept": XML}) as response:
        assert response.status == 500
