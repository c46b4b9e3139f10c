"""All bulk data and all pixel data of a study, a series or an instance."""

from contextlib import AbstractAsyncContextManager
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import generate_uid

from dicom.encode import JPEG_LS_LOSSLESS
from server.intake.public import Originals
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.server.dicomweb.test_transcoding import answer, parts_of
from tests.support.dicom_files import changed, ct_series, file_bytes, sample

OCTETS: Final = 'multipart/related; type="application/octet-stream"'


async def test_every_value_of_a_study_comes_with_its_address(site: Site) -> None:
    slices = []
    for data in ct_series(2):
        ds = dcmread(BytesIO(data))
        ds.EncapsulatedDocument = b"%PDF" + bytes(100_000)
        slices.append(file_bytes(ds))
        await site.send(slices[-1])
    study, series, _ = uids(slices[0])
    expected = {}
    for data in slices:
        ds = dcmread(BytesIO(data))
        for tag, value in (("00420011", ds.EncapsulatedDocument), ("7FE00010", ds.PixelData)):
            expected[f"{site.url}{path_of(data)}/bulkdata/{tag}"] = value
    for path in (f"/studies/{study}", f"/studies/{study}/series/{series}"):
        status, kind, body = await answer(site, f"{path}/bulkdata", OCTETS)
        assert status == 200
        found = {
            next(line for line in head.split("\r\n") if "Location" in line).partition(": ")[2]: part
            for head, part in parts_of(kind, body)
        }
        assert found == expected
    status, kind, body = await answer(site, f"{path_of(slices[0])}/pixeldata", OCTETS)
    assert [part for _, part in parts_of(kind, body)] == [dcmread(BytesIO(slices[0])).PixelData]
    async with site.get(f"{path_of(slices[0])}/pixeldata") as response:
        tag = response.headers["ETag"]
    headers = {"If-None-Match": tag}
    async with site.get(f"{path_of(slices[0])}/pixeldata", headers=headers) as response:
        assert response.status == 304


async def test_frames_come_as_stored_or_as_accepted(site: Site) -> None:
    data = changed(sample("SC_rgb_rle_2frame.dcm"))
    await site.send(data)
    ds = dcmread(BytesIO(data))
    path = f"{path_of(data)}/pixeldata"
    _, kind, body = await answer(site, path, f"{OCTETS}; transfer-syntax=*")
    stored = [part for _, part in parts_of(kind, body)]
    assert stored == list(generate_frames(ds.PixelData, number_of_frames=2))
    _, kind, body = await answer(site, path, OCTETS)
    assert [part for _, part in parts_of(kind, body)] == [each.tobytes() for each in ds.pixel_array]
    _, kind, body = await answer(site, path, 'multipart/related; type="image/jls"')
    heads = [head for head, _ in parts_of(kind, body)]
    assert all(f"image/jls; transfer-syntax={JPEG_LS_LOSSLESS}" in head for head in heads)
    assert len(heads) == 2


async def test_frames_in_another_syntax_are_made_of_one_reading(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A thousand frames must not fetch their object from the store a thousand times."""
    study, series = generate_uid(), generate_uid()
    several = [
        changed(
            sample("SC_rgb_rle_2frame.dcm"),
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            SOPInstanceUID=generate_uid(),
        )
        for _ in range(2)
    ]
    for data in several:
        await site.send(data)
    frames = [each.tobytes() for each in dcmread(BytesIO(several[0])).pixel_array]
    readings: list[str] = []
    as_file = Originals.as_file

    def counted(self: Originals, object_id: str) -> AbstractAsyncContextManager[Path]:
        # What was made of the one before is gone by now.
        assert len(scratch()) <= 1
        readings.append(object_id)
        return as_file(self, object_id)

    def scratch() -> list[Path]:
        return [
            path for path in (tmp_path / "spool").glob("*/scratch-files/**/*") if path.is_file()
        ]

    monkeypatch.setattr(Originals, "as_file", counted)
    status, kind, body = await answer(site, f"/studies/{study}/pixeldata", OCTETS)
    assert status == 200
    assert [part for _, part in parts_of(kind, body)] == 2 * frames
    assert len(readings) == len(set(readings)) == 2
    assert scratch() == []


async def test_what_is_not_there_is_said(site: Site) -> None:
    report = changed(sample("test-SR.dcm"))
    await site.send(report)
    data = changed(sample("SC_rgb_rle_2frame.dcm"))
    await site.send(data)
    assert (await answer(site, f"{path_of(report)}/bulkdata", OCTETS))[0] == 404
    assert (await answer(site, f"{path_of(report)}/pixeldata", OCTETS))[0] == 404
    assert (await answer(site, f"{path_of(data)}/pixeldata", "image/png"))[0] == 406
    assert (await answer(site, "/studies/1.2.3/bulkdata", OCTETS))[0] == 404
