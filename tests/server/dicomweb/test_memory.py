"""A web role in a process of its own: 200 MB pass through it, and its memory does not grow."""

import copy
import json
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from dicom.encode import HTJ2K_LOSSLESS
from server.identity.models import Role
from server.identity.people import Licence, NewPerson
from server.services import build_services
from tests.server.attacks.installation import Attacked, path_of
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes, file_bytes
from tests.support.node_process import ORG, found_site

FRAMES: Final = 400
SIDE: Final = 512
MORE_MIB: Final = 32
"""A sixth of the object, whatever is done with it; it was 5 when written."""


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Attacked]:
    """A web role that has served everything once, so that what it keeps is there already."""
    site = await found_site(tmp_path / "data", migrated_sqlite(tmp_path / "lianzhen.db"))
    services = build_services(site.settings, role="test")
    try:
        county = await services.institutions.get(ORG, "county")
        await services.people.create(
            NewPerson(
                county.id, "reader", "李样板", frozenset({Role.COUNTY_READER}),
                licence=Licence("TEST", "TEST"),
            )
        )  # fmt: skip
        reader = (await services.tokens.create("reader")).secret
    finally:
        await services.database.close()
        services.executor.shutdown()
    web = site.role("web")
    try:
        await web.start()
        found = Attacked(site, web, web, 0, {"technician": site.token, "reader": reader})
        small = dcmread(BytesIO(ct_bytes(SOPInstanceUID=generate_uid())))
        (tmp_path / "small.dcm").write_bytes(file_bytes(small))
        for work in every_work(found, tmp_path / "small.dcm", small, 1).values():
            await work()
        yield found
    finally:
        await site.end()


def large(path: Path) -> Dataset:
    """Write a multi-frame object of 200 MB."""
    ds = dcmread(BytesIO(ct_bytes(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())))
    tile = np.tile(ds.pixel_array, (4, 4)).astype("<i2")
    ds.Rows, ds.Columns, ds.NumberOfFrames = SIDE, SIDE, FRAMES
    ds.PixelData = b"".join((tile + number).tobytes() for number in range(FRAMES))
    path.write_bytes(file_bytes(ds))
    return ds


async def blocks_of(*pieces: bytes | Path) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        with piece.open("rb") as file:
            while block := file.read(1 << 18):
                yield block


async def stored(running: Attacked, kind: str, *pieces: bytes | Path) -> None:
    headers = {"Content-Type": f'multipart/related; type="{kind}"; boundary=b'}
    async with running.asked(
        "POST", "/dicomweb/studies", data=blocks_of(*pieces), headers=headers
    ) as answer:
        assert answer.status == 200, await answer.text()


async def size_of(running: Attacked, path: str, accept: str, **more: str) -> int:
    size = 0
    headers = {"Accept": accept, **more}
    async with running.asked("GET", path, who="reader", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        async for block in answer.content.iter_chunked(1 << 18):
            size += len(block)
    return size


def works(running: Attacked, path: Path, ds: Dataset, frames: int) -> Mapping[str, Any]:
    """Return what is done with an object, by name."""
    pixels, size = path.with_suffix(".pixels"), len(ds.PixelData)
    pixels.write_bytes(ds.PixelData)
    del ds.PixelData
    told = json.loads(ds.to_json())
    told["7FE00010"] = {"vr": "OW", "BulkDataURI": "pixels"}
    told["00080018"] = {"vr": "UI", "Value": [generate_uid()]}
    head = "\r\n--b\r\nContent-Type: {}\r\nContent-Location: {}\r\n\r\n"
    where = path_of(_head_of(path))
    numbers = ",".join(str(number) for number in range(1, frames + 1))
    related = 'multipart/related; type="{}"; transfer-syntax={}'

    async def store() -> None:
        start = head.format("application/dicom", "").encode()
        await stored(running, "application/dicom", start, path, b"\r\n--b--")

    async def store_described() -> None:
        described = head.format("application/dicom+json", "").encode() + json.dumps([told]).encode()
        start = head.format("application/octet-stream", "pixels").encode()
        await stored(running, "application/dicom+json", described, start, pixels, b"\r\n--b--")

    async def retrieve() -> None:
        assert await size_of(running, where, related.format("application/dicom", "*")) > size

    async def retrieve_frames() -> None:
        accept = related.format("application/octet-stream", "*")
        assert await size_of(running, f"{where}/frames/{numbers}", accept) > size

    async def transcode() -> None:
        accept = related.format("application/dicom", HTJ2K_LOSSLESS)
        assert await size_of(running, where, accept) > size / 20

    async def transcode_frames() -> None:
        accept = related.format("image/jls", "*")
        assert await size_of(running, f"{where}/frames/{numbers}", accept) > size / 20

    return {
        each.__name__: each
        for each in (
            store, store_described, retrieve, retrieve_frames, transcode, transcode_frames,
        )
    }  # fmt: skip


def other_works(running: Attacked, path: Path, ds: Dataset) -> Mapping[str, Any]:
    """Return what more is done with an object that is stored, and with it deflated."""
    deflated, other_uid, size = path.with_suffix(".deflated"), generate_uid(), len(ds.PixelData)
    _deflate(deflated, ds, other_uid)
    where = path_of(_head_of(path))
    related = 'multipart/related; type="application/dicom"; transfer-syntax={}'

    async def retrieve_study() -> None:
        study = where.partition("/series/")[0]
        assert await size_of(running, study, related.format("*")) > size

    async def retrieve_by_uri() -> None:
        names = dict(
            zip(("studyUID", "seriesUID", "objectUID"), where.split("/")[3::2], strict=True)
        )
        query = {"requestType": "WADO", "contentType": "application/dicom", "transferSyntax": "*"}
        assert (
            await size_of(running, f"/dicomweb/wado?{urlencode({**query, **names})}", "*/*") > size
        )

    async def retrieve_bulk() -> None:
        value = f"{where}/bulkdata/7FE00010"
        assert await size_of(running, value, "application/octet-stream") >= size

    async def store_deflated() -> None:
        start = b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n"
        await stored(running, "application/dicom", start, deflated, b"\r\n--b--")

    async def retrieve_deflated() -> None:
        plain = related.format(ExplicitVRLittleEndian)
        assert await size_of(running, f"{where.rpartition('/')[0]}/{other_uid}", plain) > size

    several = (retrieve_study, retrieve_by_uri, retrieve_bulk, store_deflated, retrieve_deflated)
    return {each.__name__: each for each in several}


def every_work(running: Attacked, path: Path, ds: Dataset, frames: int) -> Mapping[str, Any]:
    more = other_works(running, path, ds)
    return {**works(running, path, ds, frames), **more}


def _deflate(path: Path, ds: Dataset, sop_instance_uid: str) -> None:
    """Write an object of its own in Deflated Explicit VR Little Endian."""
    other = copy.copy(ds)
    other.file_meta = copy.deepcopy(ds.file_meta)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    other.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    other.save_as(path)


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 16)


async def test_memory_does_not_grow_with_the_object(running: Attacked, tmp_path: Path) -> None:
    ds = large(tmp_path / "large.dcm")
    for name, work in every_work(running, tmp_path / "large.dcm", ds, FRAMES).items():
        with running.bounded(running.web, more_mib=MORE_MIB, cpu_s=120):
            await work()
        assert running.web.is_alive, name


async def test_memory_does_not_grow_with_the_metadata_of_a_series(running: Attacked) -> None:
    """Of some 80 MB; as they are kept, they are much less."""
    study, series = generate_uid(), generate_uid()
    for number in range(100):
        text = dcmread(
            BytesIO(
                ct_bytes(
                    StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number,
                    SOPInstanceUID=generate_uid(),
                )
            )
        )  # fmt: skip
        block = text.private_block(0x0009, "LIANZHEN TEST", create=True)
        for each in range(20):
            block.add_new(each, "UT", f"{number} " * 15_000)
        status, _ = await running.stow(file_bytes(text))
        assert status == 200
    for path in (f"/dicomweb/studies/{study}/series/{series}", f"/dicomweb/studies/{study}"):
        for coding in ("gzip", "identity"):
            accept = {"Accept-Encoding": coding}
            with running.bounded(running.web, more_mib=MORE_MIB, cpu_s=60):
                size = await size_of(
                    running, f"{path}/metadata", "application/dicom+json", **accept
                )
            assert size > 50_000_000
