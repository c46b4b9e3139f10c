"""Pictures of studies, series, instances and frames, and the small ones that lists show."""

from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import generate_uid

from dicom.encode import RLE_LOSSLESS
from server.dicomweb.asking import MOST_FRAMES
from server.dicomweb.derived import keys_of, thumbnail_key, transcode_key
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.server.dicomweb.test_transcoding import answer, parts_of
from tests.support.dicom_files import changed, ct_bytes, ct_series, file_bytes, sample
from tests.support.senders import ORG


async def picture(site: Site, path: str) -> NDArray[Any]:
    status, kind, body = await answer(site, path, "image/png")
    assert (status, kind) == (200, "image/png"), body
    return np.asarray(imagecodecs.png_decode(body))


def with_report(slices: list[bytes]) -> list[bytes]:
    """Add a report to the study of some slices."""
    patient = dcmread(BytesIO(slices[0])).PatientID
    report = changed(
        sample("test-SR.dcm"), StudyInstanceUID=uids(slices[0])[0], PatientID=patient,
        SeriesInstanceUID=generate_uid(), SOPInstanceUID=generate_uid(),
    )  # fmt: skip
    return [report, *slices]


async def test_a_series_is_drawn_picture_by_picture(site: Site) -> None:
    slices = ct_series(3)
    for data in with_report(slices):
        assert (await site.send(data)).verdict.kept
    study, series, _ = uids(slices[0])
    for path in (f"/studies/{study}/rendered", f"/studies/{study}/series/{series}/rendered"):
        for accept in ("image/png", 'multipart/related; type="image/png"'):
            status, kind, body = await answer(site, path, accept)
            assert status == 200
            assert kind.startswith('multipart/related; type="image/png"; boundary=')
            parts = parts_of(kind, body)
            assert [imagecodecs.png_decode(each).shape for _, each in parts] == [(128, 128)] * 3


async def test_frames_are_drawn_in_the_order_asked_for(site: Site) -> None:
    data = changed(sample("SC_rgb_rle_2frame.dcm"))
    await site.send(data)
    path = f"{path_of(data)}/frames"
    one, two = [await picture(site, f"{path}/{number}/rendered") for number in (1, 2)]
    status, kind, body = await answer(site, f"{path}/2,1/rendered", "image/png")
    assert status == 200
    drawn = [imagecodecs.png_decode(each) for _, each in parts_of(kind, body)]
    assert np.array_equal(drawn[0], two)
    assert np.array_equal(drawn[1], one)
    for numbers in ("3", "1,3"):
        assert (await answer(site, f"{path}/{numbers}/rendered", "image/png"))[0] == 404


async def test_an_instance_of_several_frames_is_drawn_whole_where_that_is_asked_for(
    site: Site,
) -> None:
    for told, shown_cs in (
        ({"FrameTime": "40"}, 4), ({"CineRate": 8}, 12), ({}, 10), ({"FrameTime": "1"}, 2),
    ):  # fmt: skip
        data = changed(sample("SC_rgb_rle_2frame.dcm"), SOPInstanceUID=generate_uid(), **told)
        assert (await site.send(data)).verdict.kept
        path = f"{path_of(data)}/rendered"
        one, two = [
            imagecodecs.gif_decode((await answer(site, path_of_frame, "image/gif"))[2])
            for path_of_frame in (f"{path_of(data)}/frames/{number}/rendered" for number in (1, 2))
        ]
        status, kind, body = await answer(site, path, "image/gif")
        assert (status, kind, body[:6]) == (200, "image/gif", b"GIF89a")
        assert np.array_equal(imagecodecs.gif_decode(body, index=None), [one, two])
        assert not np.array_equal(one, two)
        assert b"NETSCAPE2.0" in body
        assert body.count(b"!\xf9\x04\x04" + shown_cs.to_bytes(2, "little") + b"\0\0,") == 2
    one, two = [await picture(site, f"{path_of(data)}/frames/{each}/rendered") for each in (1, 2)]
    for accept in (
        'multipart/related; type="image/png"', "multipart/related; type=image/png, */*; q=0.1",
    ):  # fmt: skip
        status, kind, body = await answer(site, path, accept)
        assert (status, kind.partition("; b")[0]) == (200, 'multipart/related; type="image/png"')
        drawn = [imagecodecs.png_decode(each) for _, each in parts_of(kind, body)]
        assert np.array_equal(drawn, [one, two])
    assert np.array_equal(await picture(site, path), one)
    assert (await answer(site, path, "*/*"))[1] == "image/jpeg"


async def test_what_was_accepted_in_an_envelope_alone_comes_in_one(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    for path in (f"{path_of(data)}/rendered", f"{path_of(data)}/frames/1/rendered"):
        for accept in ('multipart/related; type="image/jpeg"', "multipart/related"):
            status, kind, body = await answer(site, path, accept)
            assert (status, kind.partition("; b")[0]) == (
                200, 'multipart/related; type="image/jpeg"',
            )  # fmt: skip
            ((_, jpeg),) = parts_of(kind, body)
            assert imagecodecs.jpeg_decode(jpeg).shape == (128, 128)
    thumbnail = f"{path_of(data)}/thumbnail"
    assert (await answer(site, thumbnail, 'multipart/related; type="image/jpeg"'))[0] == 406


async def test_more_frames_than_leave_at_once_are_not_begun(site: Site) -> None:
    ds = dcmread(BytesIO(ct_bytes()))
    ds.Rows, ds.Columns, ds.NumberOfFrames = 1, 1, MOST_FRAMES + 1
    ds.PixelData = bytes(2 * (MOST_FRAMES + 1))
    data = file_bytes(ds)
    assert (await site.send(data)).verdict.kept
    path = f"{path_of(data)}/rendered"
    assert (await answer(site, path, "image/gif"))[0] == 406
    assert (await answer(site, path, "image/png"))[0] == 200


async def test_a_viewport_cuts_and_flips(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    path = f"{path_of(data)}/rendered?window=0,2000"
    whole = await picture(site, path)
    part = await picture(site, f"{path}&viewport=500,500,10,20,40,30")
    assert np.array_equal(part, whole[20:50, 10:50])
    assert np.array_equal(
        await picture(site, f"{path}&viewport=500,500,10,20,-40,-30"), part[::-1, ::-1]
    )
    assert np.array_equal(await picture(site, f"{path}&viewport=500,500,,,,"), whole)
    small = await picture(site, f"{path}&viewport=20,20,10,20,40,30")
    assert small.shape == (15, 20)


async def test_windows_have_the_shapes_of_the_standard(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    ds = dcmread(BytesIO(data))
    values = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    for name, shown in (
        ("linear", (values - 39.5) / 399 + 0.5),
        ("linear-exact", (values - 40) / 400 + 0.5),
        ("sigmoid", 1 / (1 + np.exp(-4 * (values - 40) / 400))),
    ):
        found = await picture(site, f"{path_of(data)}/rendered?window=40,400,{name}")
        expected = np.rint(np.clip(shown, 0, 1) * 255)
        assert np.abs(found - expected).max() <= 1, name


async def test_what_is_not_drawn_is_not_heeded_and_gifs_are_made(site: Site) -> None:
    for data in (ct_bytes(), changed(sample("examples_rgb_color.dcm"))):
        await site.send(data)
        path = f"{path_of(data)}/rendered?annotation=patient,technique&iccprofile=yes&charset=utf-8"
        whole = await picture(site, path)
        status, kind, body = await answer(site, path, "image/gif")
        assert (status, kind, body[:4]) == (200, "image/gif", b"GIF8")
        drawn = np.asarray(imagecodecs.gif_decode(body)).astype(int)
        shown = whole if whole.ndim == 3 else np.repeat(whole[..., np.newaxis], 3, axis=-1)
        step = 1 if whole.ndim == 2 else 86
        assert np.abs(drawn.reshape(shown.shape) - shown).max() <= step


async def test_what_a_picture_lacks_of_what_was_asked_is_said(site: Site) -> None:
    data = ct_bytes()
    await site.send(data)
    path, names = (
        path_of(data),
        zip(("studyUID", "seriesUID", "objectUID"), uids(data), strict=True),
    )
    uri = "/wado?requestType=WADO&" + "&".join(f"{name}={uid}" for name, uid in names)
    for start in (f"{path}/rendered?", f"{path}/frames/1/rendered?", f"{uri}&"):
        for query, lacking in (
            ("", ()), ("iccprofile=no", ()), ("annotation=patient", ("annotation",)),
            ("annotation=technique,patient%0A", ("annotation",)),
            ("iccprofile=srgb", ("iccprofile",)),
            ("annotation=patient&iccprofile=displayp3", ("annotation", "iccprofile")),
        ):  # fmt: skip
            async with site.get(f"{start}{query}", headers={"Accept": "image/png"}) as response:
                assert response.status == 200
                told = response.headers.get("Warning", "")
            assert told.count("299 http://") == len(lacking), (query, told)
            assert all(name in told for name in lacking)
        for query in ("annotation=", "annotation=patient,nonsense", "iccprofile=", "iccprofile=x"):
            async with site.get(f"{start}{query}", headers={"Accept": "image/png"}) as response:
                assert response.status == 400, (start, query)


async def test_a_thumbnail_stands_for_its_study(site: Site) -> None:
    slices = ct_series(5)
    for data in with_report(slices):
        await site.send(data)
    study, series, _ = uids(slices[0])
    middle = await picture(site, f"{path_of(slices[2])}/thumbnail?viewport=32,32")
    for path in (f"/studies/{study}", f"/studies/{study}/series/{series}"):
        assert np.array_equal(await picture(site, f"{path}/thumbnail?viewport=32,32"), middle)
    assert middle.shape == (32, 32)
    whole = await picture(site, f"{path_of(slices[2])}/thumbnail?viewport=9999,9999")
    assert whole.shape == (128, 128)
    status, kind, _ = await answer(site, f"/studies/{study}/thumbnail", "*/*")
    assert (status, kind) == (200, "image/jpeg")


async def test_a_thumbnail_of_frames_is_that_of_the_middle_one(site: Site) -> None:
    data = changed(sample("SC_rgb_rle_2frame.dcm"))
    await site.send(data)
    path = path_of(data)
    first = await picture(site, f"{path}/frames/1/thumbnail")
    assert np.array_equal(await picture(site, f"{path}/thumbnail"), first)
    for frames, status in (("3", 404), ("1,2", 400), ("x", 400)):
        assert (await answer(site, f"{path}/frames/{frames}/thumbnail", "*/*"))[0] == status


async def test_a_thumbnail_is_drawn_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ct_bytes()
    receipt = await site.send(data)
    first = await answer(site, f"{path_of(data)}/thumbnail", "image/jpeg")
    for query in ("viewport=64,64", "quality=50", "window=1,2", "accept=image/png"):
        assert (await answer(site, f"{path_of(data)}/thumbnail?{query}", "*/*"))[0] == 200
    await answer(site, path_of(data), "application/dicom; transfer-syntax=1.2.840.10008.1.2.5")
    # What is kept of an object is known beforehand: nobody fills the store by asking, and it goes
    # when the object goes.
    every = site.derived.keys()
    assert {key async for key in every} == {
        thumbnail_key(ORG, receipt.sha256), transcode_key(ORG, receipt.sha256, RLE_LOSSLESS),
    }  # fmt: skip
    assert {thumbnail_key(ORG, "x"), transcode_key(ORG, "x", RLE_LOSSLESS)} < set(keys_of(ORG, "x"))
    # Where a purge looks for them.
    places = tuple(f"{ORG}/{kind}/x/" for kind in ("p", "t"))
    assert all(key.startswith(places) for key in keys_of(ORG, "x"))
    monkeypatch.delattr("dicom.decode_pool.DecodePool.render")
    assert await answer(site, f"{path_of(data)}/thumbnail", "image/jpeg") == first


async def test_what_has_no_image_has_no_picture(site: Site) -> None:
    report = changed(sample("test-SR.dcm"))
    await site.send(report)
    study, series, _ = uids(report)
    for path, status in (
        (f"/studies/{study}/thumbnail", 404), (f"{path_of(report)}/thumbnail", 404),
        (f"/studies/{study}/series/{series}/rendered", 406), ("/studies/1.2/thumbnail", 404),
    ):  # fmt: skip
        async with site.get(path) as response:
            assert response.status == status, path
            assert (await response.json())["detail"]


async def test_the_client_fetches_pictures_of_a_series(site: Site) -> None:
    slices = ct_series(2)
    for data in slices:
        await site.send(data)
    study, series, _ = uids(slices[0])
    client = site.client()
    jpeg = await site.ask(lambda: client.retrieve_series_rendered(study, series, ("image/jpeg",)))
    assert b"\xff\xd8\xff" in jpeg
