"""WADO-URI, as older viewers and links in reports ask."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from dicom.encode import RLE_LOSSLESS
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import uids
from tests.support.dicom_files import changed, ct_bytes, sample
from tests.support.senders import OTHER_TOWNSHIP


async def ask(
    site: Site, data: bytes, accept: str = "*/*", /, **more: object
) -> tuple[int, str, bytes]:
    names = dict(zip(("studyUID", "seriesUID", "objectUID"), uids(data), strict=True))
    query = urlencode({"requestType": "WADO", **names, **more}, doseq=True)
    async with site.get(f"/wado?{query}", headers={"Accept": accept}) as response:
        return response.status, response.headers["Content-Type"], await response.read()


async def test_an_object_comes_as_it_is_or_in_the_syntax_asked_for(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    assert await ask(site, data, contentType="application/dicom") == (
        200,
        "application/dicom",
        data,
    )
    compressed = changed(sample("MR_small_jpeg_ls_lossless.dcm"))
    await site.send(compressed)
    pixels = dcmread(BytesIO(compressed)).pixel_array
    for asked, given in (
        (None, EXPLICIT_VR_LITTLE_ENDIAN), (RLE_LOSSLESS, RLE_LOSSLESS),
        ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.80"), ("*", "1.2.840.10008.1.2.4.80"),
        (f"1.2.840.10008.1.2.4.50, {RLE_LOSSLESS}", RLE_LOSSLESS),
        (f"{RLE_LOSSLESS},1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.80"),
    ):  # fmt: skip
        more = {} if asked is None else {"transferSyntax": asked}
        status, kind, body = await ask(site, compressed, contentType="application/dicom", **more)
        assert (status, kind) == (200, "application/dicom")
        found = dcmread(BytesIO(body))
        assert found.file_meta.TransferSyntaxUID == given
        assert np.array_equal(found.pixel_array, pixels)


async def test_a_picture_is_the_default_of_one_frame_and_the_object_of_several(site: Site) -> None:
    still, moving = ct_bytes(), changed(sample("SC_rgb_rle_2frame.dcm"))
    report = changed(sample("test-SR.dcm"))
    for data in (still, moving, report):
        await site.send(data)
    assert (await ask(site, still))[1] == "image/jpeg"
    assert (await ask(site, moving))[1] == "application/dicom"
    assert (await ask(site, report))[1] == "application/dicom"
    assert (await ask(site, moving, contentType="image/png", frameNumber=2))[1] == "image/png"
    assert (await ask(site, still, contentType="image/png,application/dicom"))[1] == "image/png"
    drawn = {"contentType": "image/png", "frameNumber": 3}
    assert (await ask(site, moving, **drawn))[0] == 400
    assert (await ask(site, moving, **{**drawn, "frameNumber": [1, 2]}))[0] == 400
    assert (await ask(site, report, contentType="image/jpeg"))[0] == 406
    assert (await ask(site, still, "video/mp4"))[0] == 406


async def test_a_picture_is_drawn_as_asked(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    window: dict[str, Any] = {"contentType": "image/png", "windowCenter": 0, "windowWidth": 2000}

    async def drawn(**more: object) -> NDArray[Any]:
        return np.asarray(imagecodecs.png_decode((await ask(site, data, **window, **more))[2]))

    whole = await drawn()
    assert whole.shape == (128, 128)
    assert (await drawn(rows=32)).shape == (32, 32)
    assert (await drawn(rows=64, columns=16)).shape == (16, 16)
    assert np.array_equal(await drawn(region="0.25,0.5,0.75,1"), whole[64:128, 32:96])
    assert np.array_equal(await drawn(annotation="patient", charset="UTF-8"), whole)
    small = await ask(site, data, imageQuality=5)
    assert len(small[2]) < len((await ask(site, data, imageQuality=95))[2])


async def test_what_is_wrong_is_said(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    for more in (
        {"requestType": "X"}, {"studyUID": ""}, {"studyUID": "../x"}, {"windowCenter": 5},
        {"windowCenter": "x", "windowWidth": 1}, {"windowCenter": 1, "windowWidth": 0},
        {"rows": 0}, {"rows": "x"}, {"rows": 99_999}, {"imageQuality": 101}, {"region": "0,0,1"},
        {"region": "0.5,0,0.5,1"}, {"region": "nan,0,1,1"}, {"anonymize": "yes"},
        {"presentationUID": "1.2.3"}, {"frameNumber": 0},
        {"contentType": "application/dicom", "frameNumber": 1},
        {"contentType": "application/dicom", "transferSyntax": "x"},
        {"contentType": "application/dicom", "transferSyntax": "*,"},
        {"contentType": "nonsense"}, {"frameNumber": 1},
    ):  # fmt: skip
        status, kind, _ = await ask(site, data, **more)
        assert (status, kind.partition(";")[0]) == (400, "application/problem+json"), more
    assert (await ask(site, data, objectUID="1.2.3"))[0] == 404
    lossy = {"contentType": "application/dicom", "transferSyntax": "1.2.840.10008.1.2.4.50"}
    assert (await ask(site, data, **lossy))[0] == 406
    names = dict(zip(("studyUID", "seriesUID", "objectUID"), uids(data), strict=True))
    query = urlencode({"requestType": "WADO", **names})
    async with site.get(f"/wado?{query}", OTHER_TOWNSHIP) as response:
        assert response.status == 404
