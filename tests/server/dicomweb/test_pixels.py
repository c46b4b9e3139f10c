"""Frames, bulk values and pictures of every image in pydicom's wheel."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import imagecodecs
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

from tests.server.dicomweb.site import Site
from tests.support.dicom_files import ct_bytes, file_bytes, sample
from tests.support.senders import OTHER_TOWNSHIP

# A frame for each, as PS3.18 Table 8.7.3-2 names it.
MEDIA_TYPES: Final = {
    "1.2.840.10008.1.2": "application/octet-stream",
    "1.2.840.10008.1.2.1": "application/octet-stream",
    "1.2.840.10008.1.2.1.99": "application/octet-stream",
    "1.2.840.10008.1.2.2": "application/octet-stream",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
}


def images() -> list[tuple[str, bytes, Dataset]]:
    """Return every image of the wheel, each as an instance of its own."""
    found: list[tuple[str, bytes, Dataset]] = []
    for path in sorted(sample("CT_small.dcm").parent.glob("*.dcm")):
        try:
            ds = dcmread(path)
        except Exception:  # noqa: BLE001, S112  some of the wheel's files are broken on purpose
            continue
        # That one's Number of Frames is no number, which pydicom itself trips over.
        if (
            path.name == "badVR.dcm"
            or "PixelData" not in ds
            or "TransferSyntaxUID" not in ds.file_meta
        ):
            continue
        ds.SOPInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        ds.StudyInstanceUID = generate_uid()
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        try:
            found.append((path.name, file_bytes(ds), ds))
        except Exception:  # noqa: BLE001, S112  and some cannot be written again
            continue
    return found


def path_of(ds: Dataset) -> str:
    return (
        f"/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}"
    )


def expected_frames(ds: Dataset) -> list[bytes]:
    """Cut the frames as pydicom does."""
    count = int(ds.get("NumberOfFrames") or 1)
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return list(generate_frames(ds.PixelData, number_of_frames=count))
    data = ds.PixelData
    if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian and ds["PixelData"].VR == "OW":
        width = 4 if ds.BitsAllocated == 32 else 2
        data = np.frombuffer(data, f">u{width}").astype(f"<u{width}").tobytes()
    samples = 2 if ds.PhotometricInterpretation == "YBR_FULL_422" else ds.SamplesPerPixel
    size = ds.Rows * ds.Columns * samples * ds.BitsAllocated // 8
    return [data[size * at : size * (at + 1)] for at in range(count)]


async def frames(site: Site, ds: Dataset, numbers: Sequence[int]) -> list[bytes]:
    client = site.client()
    return await site.ask(
        lambda: client.retrieve_instance_frames(
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, numbers
        )
    )


async def test_every_frame_of_every_wheel_image_comes_as_it_is_stored(site: Site) -> None:
    seen, wrong, refused = set(), [], []
    for name, data, ds in images():
        if not (await site.send(data)).verdict.kept:
            refused.append(name)
            continue
        syntax = str(ds.file_meta.TransferSyntaxUID)
        expected = expected_frames(ds)
        numbers = [*range(1, len(expected) + 1)]
        if await frames(site, ds, numbers) != expected:
            wrong.append((name, syntax))
        async with site.get(f"{path_of(ds)}/frames/1") as response:
            body = await response.read()
            kind = response.headers["Content-Type"]
        assert f'type="{MEDIA_TYPES[syntax]}"' in kind
        if syntax in body.decode("latin_1"):
            seen.add(syntax)
    assert wrong == []
    assert refused == ["MR_truncated.dcm"]
    assert seen >= {syntax for syntax in MEDIA_TYPES if ".4." in syntax}


async def test_every_bulk_value_that_metadata_names_can_be_retrieved(site: Site) -> None:
    data = ct_bytes()
    ds = dcmread(BytesIO(data))
    ds.EncryptedContent = bytes(range(256)) * 400
    item = Dataset()
    item.EncapsulatedDocument = b"%PDF" + bytes(100_000)
    ds.ReferencedImageSequence = [Dataset(), item]
    data = file_bytes(ds)
    await site.send(data)
    client = site.client()
    metadata = await site.ask(
        lambda: client.retrieve_instance_metadata(
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
        )
    )
    uris = {
        "pixels": metadata["7FE00010"]["BulkDataURI"],
        "top": metadata["04000520"]["BulkDataURI"],
        "nested": metadata["00081140"]["Value"][1]["00420011"]["BulkDataURI"],
    }
    found = {
        name: b"".join(await site.ask(lambda uri=uri: client.retrieve_bulkdata(uri)))  # type: ignore[misc]
        for name, uri in uris.items()
    }
    assert found["pixels"] == ds.PixelData
    assert found["top"] == ds.EncryptedContent
    assert found["nested"].rstrip(b"\0") == item.EncapsulatedDocument.rstrip(b"\0")
    async with site.get(f"{path_of(ds)}/bulkdata/00100010") as response:
        assert (response.status, (await response.json())["code"]) == (404, "no-such-value")
    async with site.get(f"{path_of(ds)}/bulkdata/7FE00010", OTHER_TOWNSHIP) as response:
        assert response.status == 404


async def test_a_frame_alone_may_come_without_an_envelope(site: Site) -> None:
    ds = dcmread(sample("MR_small_jpeg_ls_lossless.dcm"))
    await site.send(sample("MR_small_jpeg_ls_lossless.dcm").read_bytes())
    (expected,) = expected_frames(ds)
    for accept in ("image/jls", "application/octet-stream; transfer-syntax=*"):
        headers = {"Accept": accept}
        async with site.get(f"{path_of(ds)}/frames/1", headers=headers) as response:
            assert response.content_type == accept.partition(";")[0]
            assert await response.read() == expected


async def test_frames_in_a_syntax_that_nobody_makes_are_declined(site: Site) -> None:
    ds = dcmread(sample("MR_small_jpeg_ls_lossless.dcm"))
    await site.send(sample("MR_small_jpeg_ls_lossless.dcm").read_bytes())
    for accept in (
        'multipart/related; type="image/jpeg"',
        'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.2',
    ):
        headers = {"Accept": accept}
        async with site.get(f"{path_of(ds)}/frames/1", headers=headers) as response:
            assert response.status == 406


async def test_frames_that_are_not_there_are_not_found(site: Site) -> None:
    data = sample("SC_rgb_rle_2frame.dcm").read_bytes()
    ds = dcmread(BytesIO(data))
    await site.send(data)
    assert len(await frames(site, ds, [2, 1, 2])) == 3
    for numbers, status in (
        ("3", 404), ("1,3", 404), ("999999999", 404),
        ("0", 400), ("-1", 400), ("1,", 400), ("x", 400), (",".join(["1"] * 10_001), 400),
    ):  # fmt: skip
        async with site.get(f"{path_of(ds)}/frames/{numbers}") as response:
            assert response.status in (status, 400 if len(numbers) > 8000 else status), numbers


async def test_an_object_without_pixels_has_no_frames(site: Site) -> None:
    data = sample("rtplan.dcm").read_bytes()
    ds = dcmread(BytesIO(data))
    await site.send(data)
    async with site.get(f"{path_of(ds)}/frames/1") as response:
        assert (response.status, (await response.json())["code"]) == (404, "no-frames")
    async with site.get(f"{path_of(ds)}/rendered") as response:
        assert (response.status, (await response.json())["code"]) == (
            406,
            "unrenderable-not-an-image",
        )


async def test_single_bit_frames_begin_on_a_byte(site: Site) -> None:
    ds = dcmread(sample("CT_small.dcm"))
    bits = np.random.default_rng(5).integers(0, 2, (3, 5, 5), dtype=np.uint8)
    ds.Rows = ds.Columns = 5
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit, ds.PixelRepresentation, ds.NumberOfFrames = 0, 0, 3
    del ds.PixelPaddingValue
    ds.PixelData = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds["PixelData"].VR = "OB"
    await site.send(file_bytes(ds))
    found = await frames(site, ds, [1, 2, 3])
    assert found == [np.packbits(one.ravel(), bitorder="little").tobytes() for one in bits]


async def test_big_endian_frames_of_odd_length_keep_their_bytes_apart(site: Site) -> None:
    ds = dcmread(sample("SC_rgb_small_odd_big_endian.dcm"))
    pixels = np.arange(27 * 2, dtype=np.uint8)
    ds.NumberOfFrames = 2
    ds.PixelData = pixels.view("<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    assert (await site.send(file_bytes(ds))).verdict.kept
    assert await frames(site, ds, [1, 2]) == [pixels[:27].tobytes(), pixels[27:].tobytes()]


async def test_frames_read_on_when_the_object_has_moved_to_the_store(site: Site) -> None:
    for name in ("SC_rgb_rle_2frame.dcm", "image_dfl.dcm"):
        data = sample(name).read_bytes()
        ds = dcmread(BytesIO(data))
        await site.send(data)
        before = await frames(site, ds, [1])
        await site.parts.drain.drain_once()
        assert await frames(site, ds, [1]) == before == expected_frames(ds)[:1]


async def test_every_wheel_image_is_drawn_or_honestly_declined(site: Site) -> None:
    declined = {}
    for name, data, ds in images():
        if not (await site.send(data)).verdict.kept:
            continue
        headers = {"Accept": "image/png"}
        async with site.get(f"{path_of(ds)}/rendered", headers=headers) as response:
            if response.status == 200:
                assert response.content_type == "image/png"
                assert response.headers["Cache-Control"].startswith("private")
                picture = imagecodecs.png_decode(await response.read())
                assert picture.shape[:2] == (ds.Rows, ds.Columns), name
            else:
                declined[name] = (response.status, (await response.json())["code"])
    # Its codestream is of another size than its Rows and Columns.
    assert declined == {
        "JPEG2000-embedded-sequence-delimiter.dcm": (406, "unrenderable-false-claim")
    }


async def test_pictures_are_of_the_kind_size_and_window_asked_for(site: Site) -> None:
    data = ct_bytes()
    ds = dcmread(BytesIO(data))
    await site.send(data)
    client = site.client()
    uids = (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    jpeg = await site.ask(lambda: client.retrieve_instance_rendered(*uids, ("image/jpeg",)))
    png = await site.ask(
        lambda: client.retrieve_instance_frames_rendered(*uids, [1], ("image/png",))
    )
    assert imagecodecs.jpeg_decode(jpeg).shape == (128, 128)
    assert imagecodecs.png_decode(png).shape == (128, 128)
    sizes = {}
    for query in ("viewport=64,64", "quality=5", "quality=95", "accept=image/png"):
        async with site.get(f"{path_of(ds)}/rendered?{query}") as response:
            assert response.status == 200, query
            sizes[query] = await response.read()
    assert imagecodecs.jpeg_decode(sizes["viewport=64,64"]).shape == (64, 64)
    assert len(sizes["quality=5"]) < len(sizes["quality=95"])
    assert sizes["accept=image/png"] == png
    async with site.get(f"{path_of(ds)}/rendered?window=40,1,linear&accept=image/png") as response:
        picture = imagecodecs.png_decode(await response.read())
    assert set(np.unique(picture)) <= {0, 255}


async def test_a_picture_that_cannot_be_is_refused(site: Site) -> None:
    data = ct_bytes()
    ds = dcmread(BytesIO(data))
    await site.send(data)
    for query in (
        "viewport=0,0", "viewport=x", "viewport=1", "viewport=99999,1", "window=1", "window=1,0",
        "window=1,2,cubic", "viewport=9,9,1", "viewport=9,9,-1,0,5,5", "viewport=9,9,500,0,5,5",
        "window=nan,1", "quality=0", "quality=101",
    ):  # fmt: skip
        async with site.get(f"{path_of(ds)}/rendered?{query}") as response:
            assert response.status == 400, query


async def test_a_damaged_frame_is_declined_and_the_next_is_drawn(site: Site) -> None:
    ds = dcmread(sample("MR_small_jpeg_ls_lossless.dcm"))
    broken = bytearray(file_bytes(ds))
    at = broken.rindex(b"\xff\xda") + 20
    broken[at : at + 1500] = b"\xa5" * 1500
    await site.send(bytes(broken))
    async with site.get(f"{path_of(ds)}/rendered") as response:
        assert response.status in (200, 406)
    good = dcmread(BytesIO(ct_bytes()))
    await site.send(ct_bytes())
    async with site.get(f"{path_of(good)}/rendered") as response:
        assert response.status == 200
    assert ExplicitVRLittleEndian == good.file_meta.TransferSyntaxUID
