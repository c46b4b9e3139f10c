"""STOW-RS, asked by the real dicomweb-client and by raw HTTP."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from dicom.web.native_xml import from_xml
from server.audit.models import AuditEvent
from server.core.database import Database
from server.intake.prepare import prepare
from server.intake.spool import SpoolFile
from server.studies.models import Instance
from tests.server.dicomweb.site import Site, running_site
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import OTHER_TOWNSHIP, TOWNSHIP, create_institutions

BOUNDARY = "b0undary"
KIND = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
JSON_SEQUENCES = {"failed": "00081198", "other": "0008119A", "stored": "00081199"}


def multipart(*objects: bytes, end: bytes = b"--") -> bytes:
    parts = [
        f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data
        for data in objects
    ]
    return b"".join(parts) + f"\r\n--{BOUNDARY}".encode() + end


async def count(site: Site) -> int:
    async with site.parts.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Instance)) or 0


def spooled(tmp_path: Path) -> int:
    return sum(
        path.is_file() and path.name not in {".lock", "spool-id"}
        for path in (tmp_path / "spool").rglob("*")
    )


async def until(ask: Callable[[], Awaitable[int]], wanted: int) -> None:
    """Wait for what the server does by itself, within reason."""
    async with asyncio.timeout(20):
        while await ask() != wanted:  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.02)


async def post(
    site: Site, body: Any, path: str = "/studies", institution: str = TOWNSHIP, kind: str = KIND
) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": kind}
    async with site.post(path, institution, data=body, headers=headers) as response:
        return response.status, json.loads(await response.read())


def items(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a sequence of the store response, each item's values by tag."""
    found = answer.get(JSON_SEQUENCES[name], {}).get("Value", [])
    return [{tag: one["Value"][0] for tag, one in item.items()} for item in found]


async def test_the_client_stores_and_finds_what_it_stored(site: Site) -> None:
    slices = [dcmread(BytesIO(data)) for data in ct_series(3)]
    client = site.client()
    answer = await site.ask(lambda: client.store_instances(slices))
    assert len(answer.ReferencedSOPSequence) == 3
    assert "FailedSOPSequence" not in answer
    assert answer.RetrieveURL == f"{site.url}/studies/{slices[0].StudyInstanceUID}"
    found = await site.ask(client.search_for_instances)
    assert {one["00080018"]["Value"][0] for one in found} == {ds.SOPInstanceUID for ds in slices}


async def test_the_links_of_the_answer_lead_to_the_bytes(site: Site) -> None:
    data = ct_bytes()
    status, answer = await post(site, multipart(data))
    (stored,) = items(answer, "stored")
    assert status == 200
    async with site.get(stored["00081190"].removeprefix(site.url)) as response:
        assert data in await response.read()


async def test_a_single_object_needs_no_envelope(site: Site) -> None:
    status, answer = await post(site, ct_bytes(), kind="application/dicom")
    assert (status, len(items(answer, "stored"))) == (200, 1)


async def test_the_same_again_is_a_success(site: Site) -> None:
    data = ct_bytes()
    await post(site, multipart(data))
    status, answer = await post(site, multipart(data, data))
    assert (status, len(items(answer, "stored")), await count(site)) == (200, 2, 1)


async def test_good_and_bad_together_are_told_apart(site: Site) -> None:
    one, two = ct_series(2)
    await post(site, multipart(one))
    other_bytes = dcmread(BytesIO(one))
    other_bytes.PatientName = "Else"
    buffer = BytesIO()
    other_bytes.save_as(buffer)
    status, answer = await post(
        site, multipart(two, b"not DICOM", buffer.getvalue(), ct_bytes()[:-100])
    )
    assert status == 202
    assert [item["00081155"] for item in items(answer, "stored")] == [
        str(dcmread(BytesIO(two)).SOPInstanceUID)
    ]
    (conflict,) = items(answer, "failed")
    assert conflict["00081155"] == str(other_bytes.SOPInstanceUID)
    assert conflict["00081197"] == 0x0111
    assert [item["00081197"] for item in items(answer, "other")] == [0xC000, 0xC000]


async def test_nothing_but_bad_is_a_conflict(site: Site) -> None:
    status, answer = await post(site, multipart(b"not DICOM"))
    assert (status, len(items(answer, "other"))) == (409, 1)


async def test_an_object_of_another_study_than_the_path_is_refused(site: Site) -> None:
    data = ct_bytes()
    study = str(dcmread(BytesIO(data)).StudyInstanceUID)
    status, answer = await post(site, multipart(data), f"/studies/{generate_uid()}")
    assert status == 409
    assert items(answer, "failed")[0]["00081197"] == 0xC409
    assert await count(site) == 0
    status, _ = await post(site, multipart(data), f"/studies/{study}")
    assert (status, await count(site)) == (200, 1)


async def test_a_study_of_another_institution_takes_nothing(site: Site) -> None:
    one, two = ct_series(2)
    await post(site, multipart(one))
    status, answer = await post(site, multipart(two), institution=OTHER_TOWNSHIP)
    assert (status, items(answer, "failed")[0]["00081197"]) == (409, 0x0124)


async def test_a_request_is_one_audit_row_whatever_it_brings(site: Site) -> None:
    await post(site, multipart(*ct_series(5), b"not DICOM"))
    async with site.parts.database.reading() as session:
        (row,) = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "dicomweb.store")
        )
    assert (row.actor_id, row.outcome) == (f"person-{TOWNSHIP}", "failed")
    assert orjson.loads(row.detail)["counts"] == {"refused": 1, "stored": 5}


@pytest.mark.fault
@pytest.mark.parametrize("content_length", [True, False])
async def test_a_body_cut_in_the_middle_leaves_only_what_was_complete(
    site: Site, tmp_path: Path, content_length: bool
) -> None:
    one, two = ct_series(2)
    body = multipart(one, two)
    host, port = site.url.removeprefix("http://").partition("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    length = f"Content-Length: {len(body)}" if content_length else "Transfer-Encoding: chunked"
    writer.write(
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {KIND}\r\n"
        f"X-Institution: {TOWNSHIP}\r\n{length}\r\n\r\n".encode()
    )
    cut = body[: len(body) - 5000]
    writer.write(cut if content_length else f"{len(body):x}\r\n".encode() + cut)
    await writer.drain()
    await until(lambda: count(site), 1)
    writer.close()
    await writer.wait_closed()
    await until(lambda: asyncio.to_thread(spooled, tmp_path), 1)
    assert await count(site) == 1
    assert reader.at_eof() or not await reader.read()


@pytest.mark.fault
async def test_a_multipart_without_its_end_is_refused_and_keeps_what_was_whole(
    site: Site, tmp_path: Path
) -> None:
    one, two = ct_series(2)
    body = multipart(one, end=b"") + b"\r\nContent-Type: x\r\n\r\n" + two[:100]
    status, answer = await post(site, body)
    assert (status, answer["code"]) == (400, "bad-multipart")
    assert (await count(site), spooled(tmp_path)) == (1, 1)


async def test_requests_that_are_none_are_refused(site: Site) -> None:
    data = ct_bytes()
    cases = {
        "wrong boundary": (multipart(data), KIND.replace(BOUNDARY, "other"), 400),
        "no boundary": (multipart(data), "multipart/related", 400),
        "empty": (b"", KIND, 400),
        "no parts": (f"--{BOUNDARY}--".encode(), KIND, 400),
        "endless headers": (
            f"--{BOUNDARY}\r\nX: ".encode() + b"x" * 200_000, KIND, 400,
        ),
        "no header": (f"--{BOUNDARY}\r\nnonsense\r\n\r\n".encode() + data, KIND, 400),
        "JSON": (b"{}", "application/dicom+json", 415),
        "XML": (multipart(data), KIND.replace("application/dicom", "application/dicom+xml"), 400),
        "form": (multipart(data), f"multipart/form-data; boundary={BOUNDARY}", 415),
        "no type": (data, "nonsense", 400),
    }  # fmt: skip
    answers = {}
    for name, (body, kind, _) in cases.items():
        answers[name] = (await post(site, body, kind=kind))[0]
    assert answers == {name: status for name, (_, _, status) in cases.items()}
    assert await count(site) == 0


async def test_a_request_past_its_limits_is_cut_off(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    one = len(ct_bytes())
    async with running_site(
        database, tmp_path, clock, ids,
        max_total_bytes=3 * one, max_parts=2, max_object_bytes=2 * one,
    ) as site:  # fmt: skip
        too_many = multipart(*(data[:2000] for data in ct_series(3)))
        too_much = multipart(*(data + bytes(one) for data in ct_series(2)))
        too_large = multipart(ct_bytes() + bytes(2 * one))
        mixed = multipart(ct_bytes()[:500], b"x" * (2 * one + 1))
        assert (await post(site, too_many))[0] == 413
        assert (await post(site, too_much))[0] == 413
        assert (await post(site, too_large))[0] == 413
        status, answer = await post(site, mixed)
        assert (status, [i["00081197"] for i in items(answer, "other")]) == (409, [0xC000, 0xA700])


@pytest.mark.fault
async def test_a_full_disk_is_told_and_nothing_is_promised(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    async with running_site(database, tmp_path, clock, ids, min_free_bytes=1 << 60) as site:
        status, answer = await post(site, multipart(*ct_series(2)))
        assert (status, answer["code"]) == (507, "storage-full")
        assert await count(site) == 0


@pytest.mark.fault
async def test_a_disk_that_fails_in_between_fails_only_what_it_hit(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two = ct_series(2)
    good = SpoolFile.sync
    calls = iter((False, True))

    def sync(self: SpoolFile) -> None:
        if next(calls):
            raise OSError(5, "input/output error")
        good(self)

    monkeypatch.setattr(SpoolFile, "sync", sync)
    status, answer = await post(site, multipart(one, two))
    assert status == 202
    assert [item["00081197"] for item in items(answer, "other")] == [0xA700]
    assert (await count(site), spooled(tmp_path)) == (1, 1)


@pytest.mark.fault
async def test_a_read_only_disk_is_told_as_a_failure_of_ours_and_for_now(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr("server.intake.spool.SpoolFile", broken)
    status, answer = await post(site, multipart(*ct_series(2)))
    assert (status, answer["code"]) == (503, "disk-failed")


async def test_a_fault_of_ours_in_one_object_hides_nothing_of_its_companions(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = ct_series(2)
    good = prepare
    calls = iter((False, True))

    def faulty(*arguments: Any) -> object:
        if next(calls):
            raise RuntimeError("a case nobody thought of")
        return good(*arguments)

    monkeypatch.setattr("server.intake.service.prepare", faulty)
    status, answer = await post(site, multipart(one, two))
    assert status == 202
    assert [item["00081197"] for item in items(answer, "other")] == [0xA700]
    async with site.parts.database.reading() as session:
        (row,) = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "dicomweb.store")
        )
    assert orjson.loads(row.detail)["counts"] == {"error": 1, "stored": 1}


async def test_an_answer_that_nobody_gives_is_declined_before_anything_is_stored(
    site: Site,
) -> None:
    headers = {"Content-Type": KIND, "Accept": "image/png"}
    async with site.post("/studies", data=multipart(ct_bytes()), headers=headers) as response:
        assert response.status == 406
    assert await count(site) == 0


async def test_the_answer_comes_in_xml_for_those_who_want_it(site: Site) -> None:
    data = ct_bytes()
    headers = {"Content-Type": KIND, "Accept": "application/dicom+xml"}
    body = multipart(data, b"not DICOM")
    async with site.post("/studies", data=body, headers=headers) as response:
        assert (response.status, response.content_type) == (202, "application/dicom+xml")
        answer = from_xml(await response.read())
    uid = str(dcmread(BytesIO(data)).SOPInstanceUID)
    assert answer["00081199"]["Value"][0]["00081155"] == {"vr": "UI", "Value": [uid]}
    assert answer["0008119A"]["Value"][0]["00081197"] == {"vr": "US", "Value": ["49152"]}


async def test_a_body_in_many_small_chunks_is_read_all_the_same(site: Site) -> None:
    data = ct_bytes()
    body = multipart(data)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 97):
            yield body[start : start + 97]

    status, answer = await post(site, chunks())
    assert (status, len(items(answer, "stored"))) == (200, 1)
