"""Instances and frames in the transfer syntax that a client asks for."""

import asyncio
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from dicom.encode import HTJ2K_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from dicom.transcode import TARGETS
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.support.dicom_files import changed, ct_bytes, ct_series, file_bytes, sample

DICOM = 'multipart/related; type="application/dicom"'
ANY = f"{DICOM}; transfer-syntax=*"
JPEG_LOSSY = sample("SC_rgb_jpeg_gdcm.dcm")


async def answer(site: Site, path: str, accept: str) -> tuple[int, str, bytes]:
    async with site.get(path, headers={"Accept": accept}) as response:
        return response.status, response.headers["Content-Type"], await response.read()


def parts_of(kind: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return each part's headers and body."""
    boundary = kind.rpartition("boundary=")[2].encode()
    found = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, rest = part.partition(b"\r\n\r\n")
        found.append((head.decode(), rest.removesuffix(b"\r\n")))
    return found


async def test_a_client_gets_the_syntax_it_weighs_most(site: Site) -> None:
    data = JPEG_LOSSY.read_bytes()
    await site.send(data)
    rle = f"{DICOM}; transfer-syntax={RLE_LOSSLESS}"
    stored = str(dcmread(BytesIO(data)).file_meta.TransferSyntaxUID)
    for accept, syntax in (
        (ANY, stored),
        ("*/*", stored),
        (DICOM, EXPLICIT_VR_LITTLE_ENDIAN),
        (f"{DICOM}; transfer-syntax={stored}", stored),
        *((f"{DICOM}; transfer-syntax={each}", each) for each in TARGETS),
        (f"{rle}; q=0.3, {DICOM}; transfer-syntax={JPEG_LS_LOSSLESS}; q=0.8", JPEG_LS_LOSSLESS),
        (f"{ANY}; q=0.1, {DICOM}; transfer-syntax={HTJ2K_LOSSLESS}; q=0.2", HTJ2K_LOSSLESS),
    ):
        status, kind, body = await answer(site, path_of(data), accept)
        assert status == 200, accept
        ((head, part),) = parts_of(kind, body)
        assert f"application/dicom; transfer-syntax={syntax}" in head, accept
        assert dcmread(BytesIO(part)).file_meta.TransferSyntaxUID == syntax
    for accept, status in (
        (f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.50", 406),
        (f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.2", 406),
        ("image/png", 406),
        ("nonsense", 400),
    ):
        assert (await answer(site, path_of(data), accept))[0] == status, accept


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_implicit.dcm", "examples_rgb_color.dcm",
             "SC_rgb_rle_2frame.dcm", "MR_small_jp2klossless.dcm"]
)  # fmt: skip
async def test_the_client_decodes_the_pixels_that_were_sent(
    site: Site, name: str, target: str
) -> None:
    data = changed(sample(name))
    await site.send(data)
    media_type = ("application/dicom", target)
    if target == HTJ2K_LOSSLESS:
        # dicomweb-client knows no High-Throughput JPEG 2000.
        _, kind, body = await answer(site, path_of(data), f"{DICOM}; transfer-syntax={target}")
        found: Dataset = dcmread(BytesIO(parts_of(kind, body)[0][1]))
    else:
        client = site.client()
        found = await site.ask(
            lambda: client.retrieve_instance(*uids(data), media_types=(media_type,))
        )
    sent = dcmread(BytesIO(data))
    assert found.file_meta.TransferSyntaxUID == target
    assert found.PatientName == sent.PatientName
    assert np.array_equal(found.pixel_array, sent.pixel_array)


async def test_an_instance_alone_needs_no_envelope(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    for accept in ("application/dicom", "application/dicom; transfer-syntax=*"):
        status, kind, body = await answer(site, path_of(data), accept)
        assert (status, kind) == (
            200, f"application/dicom; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}",
        )  # fmt: skip
        assert body == data
    status, kind, body = await answer(
        site, path_of(data), f"application/dicom; transfer-syntax={RLE_LOSSLESS}"
    )
    assert np.array_equal(dcmread(BytesIO(body)).pixel_array, dcmread(BytesIO(data)).pixel_array)
    study = path_of(data).partition("/series")[0]
    assert (await answer(site, study, "application/dicom"))[0] == 406


async def test_a_report_among_images_does_not_spoil_the_study(site: Site) -> None:
    slices = ct_series(2)
    study = uids(slices[0])[0]
    report = changed(
        sample("test-SR.dcm"),
        StudyInstanceUID=study, SeriesInstanceUID=generate_uid(), SOPInstanceUID=generate_uid(),
        PatientID=dcmread(BytesIO(slices[0])).PatientID,
    )  # fmt: skip
    for data in (*slices, report):
        assert (await site.send(data)).verdict.kept
    accept = f"{DICOM}; transfer-syntax={JPEG_LS_LOSSLESS}"
    status, kind, body = await answer(site, f"/studies/{study}", accept)
    assert status == 200
    syntaxes = [
        str(dcmread(BytesIO(part)).file_meta.TransferSyntaxUID) for _, part in parts_of(kind, body)
    ]
    assert sorted(syntaxes) == [EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS, JPEG_LS_LOSSLESS]
    assert (await answer(site, path_of(report), accept))[0] == 406


async def test_what_is_compressed_is_kept_and_what_is_not_is_made_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ct_bytes()
    await site.send(data)

    async def keys() -> list[str]:
        every = site.derived.keys()
        return [key async for key in every]

    for target, kept in ((JPEG_2000_LOSSLESS, 1), (EXPLICIT_VR_LITTLE_ENDIAN, 1)):
        accept = f"{DICOM}; transfer-syntax={target}"
        first = parts_of(*(await answer(site, path_of(data), accept))[1:])
        again = parts_of(*(await answer(site, path_of(data), accept))[1:])
        assert first == again
        assert len(await keys()) == kept
    monkeypatch.delattr("dicom.decode_pool.DecodePool.transcode")
    accept = f"{DICOM}; transfer-syntax={JPEG_2000_LOSSLESS}"
    assert (await answer(site, path_of(data), accept))[0] == 200


async def test_frames_come_in_the_encoding_asked_for(site: Site) -> None:
    data = changed(sample("SC_rgb_rle_2frame.dcm"))
    await site.send(data)
    pixels = dcmread(BytesIO(data)).pixel_array
    path = f"{path_of(data)}/frames/2,1"
    for accept, expected in (
        ("application/octet-stream", EXPLICIT_VR_LITTLE_ENDIAN),
        ("application/octet-stream; transfer-syntax=*", RLE_LOSSLESS),
        ("image/jls", JPEG_LS_LOSSLESS),
        ("image/jp2", JPEG_2000_LOSSLESS),
        ("image/jphc", HTJ2K_LOSSLESS),
        ("image/dicom-rle", RLE_LOSSLESS),
    ):
        name, _, parameter = accept.partition(";")
        header = f'multipart/related; type="{name}"' + (parameter and f"; {parameter}")
        status, kind, body = await answer(site, path, header)
        assert status == 200, accept
        parts = parts_of(kind, body)
        assert [f"transfer-syntax={expected}" in head for head, _ in parts] == [True, True], accept
        if expected == EXPLICIT_VR_LITTLE_ENDIAN:
            assert [part for _, part in parts] == [pixels[1].tobytes(), pixels[0].tobytes()]
    status, kind, body = await answer(site, f"{path_of(data)}/frames/1", "image/jls")
    assert (status, kind) == (200, f"image/jls; transfer-syntax={JPEG_LS_LOSSLESS}")
    assert (await answer(site, path, "image/jpeg"))[0] == 406
    assert (await answer(site, f"{path_of(data)}/frames/3", "image/jls"))[0] == 404


async def test_pixel_data_of_a_native_object_stays_one_value(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    status, _, body = await answer(
        site, f"{path_of(data)}/bulkdata/7FE00010", "application/octet-stream"
    )
    assert (status, body) == (200, dcmread(BytesIO(data)).PixelData)


async def test_pixels_that_lie_are_refused_with_what_to_do(site: Site) -> None:
    ds = dcmread(sample("MR_small_RLE.dcm"))
    ds.Rows, ds.Columns = 60_000, 60_000
    ds.SOPInstanceUID = generate_uid()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    data = file_bytes(ds)
    assert (await site.send(data)).verdict.kept
    for path in (path_of(data), f"{path_of(data)}/frames/1"):
        kind = "application/dicom" if path == path_of(data) else "application/octet-stream"
        async with site.get(path, headers={"Accept": kind}) as response:
            assert response.status == 406
            problem = await response.json()
        assert problem["code"].startswith("untranscodable-")
        assert "transfer-syntax=*" in problem["detail"]


async def test_many_at_once_share_the_one_process(site: Site) -> None:
    slices = ct_series(4)
    for data in slices:
        await site.send(data)
    accept = f"{DICOM}; transfer-syntax={HTJ2K_LOSSLESS}"
    found: list[Any] = await asyncio.gather(
        *(answer(site, path_of(data), accept) for data in slices)
    )
    for data, (status, kind, body) in zip(slices, found, strict=True):
        ((_, part),) = parts_of(kind, body)
        made: Dataset = dcmread(BytesIO(part))
        assert status == 200
        assert made.SOPInstanceUID == uids(data)[2]
