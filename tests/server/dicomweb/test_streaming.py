"""Large objects pass through in pieces, in both directions."""

import gc
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from pydicom import dcmread
from sqlalchemy import select

from server.intake.models import StoredObject
from tests.server.dicomweb.site import Site
from tests.support.dicom_files import file_bytes, sample

SIDE: Final = 5800
"""Pixels of 16 bits: 67 MB."""
MOST_BYTES: Final = 20 << 20


def write_large(path: Path) -> tuple[str, str]:
    """Write a large CT; return its path under a study and its digest."""
    ds = dcmread(sample("CT_small.dcm"))
    ds.Rows = ds.Columns = SIDE
    ds.PixelData = hashlib.shake_256(b"pixels").digest(1 << 20) * (SIDE * SIDE * 2 // (1 << 20) + 1)
    ds.PixelData = ds.PixelData[: SIDE * SIDE * 2]
    data = file_bytes(ds)
    path.write_bytes(data)
    series = f"/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
    return f"{series}/instances/{ds.SOPInstanceUID}", hashlib.sha256(data).hexdigest()


async def body_of(path: Path) -> AsyncIterator[bytes]:
    yield b"--b\r\nContent-Type: application/dicom\r\n\r\n"
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            yield block
    yield b"\r\n--b--"


async def test_a_large_object_is_never_whole_in_memory(site: Site, tmp_path: Path) -> None:
    path, digest = write_large(tmp_path / "large.dcm")
    gc.collect()
    tracemalloc.start()
    try:
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        async with site.post(
            "/studies", data=body_of(tmp_path / "large.dcm"), headers={"Content-Type": kind}
        ) as response:
            assert response.status == 200
        stored_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        size = 0
        async with site.get(path) as response:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        frame_size = 0
        async with site.get(f"{path}/frames/1") as response:
            async for chunk in response.content.iter_any():
                frame_size += len(chunk)
        retrieved_peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > frame_size > SIDE * SIDE * 2
    assert stored_peak < MOST_BYTES
    assert retrieved_peak < MOST_BYTES
    async with site.get(f"{path}/metadata") as response:
        assert (await response.json())[0]["00280010"]["Value"] == [SIDE]
    async with site.parts.database.reading() as session:
        assert await session.scalar(select(StoredObject.sha256)) == digest
