"""STOW-RS of metadata and bulk data: what one server gives, another takes."""

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import generate_uid
from sqlalchemy import select

from dicom.web.native_xml import to_xml
from server.audit.models import AuditEvent
from server.core.database import Database
from server.intake.public import Spool
from tests.server.dicomweb.site import Site, running_site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.server.dicomweb.test_store import count, items, spooled
from tests.server.dicomweb.test_transcoding import answer
from tests.support.dicom_files import changed, ct_bytes, ct_series, sample
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import create_institutions

Part = tuple[str, str, bytes]
"""Content-Type, Content-Location and body."""
OCTETS: Final = "application/octet-stream"


async def store(
    site: Site, parts: Sequence[Part], kind: str = "application/dicom+json", path: str = "/studies"
) -> tuple[int, dict[str, Any]]:
    body = b"".join(
        f"\r\n--b\r\nContent-Type: {each}\r\nContent-Location: {where}\r\n\r\n".encode() + data
        for each, where, data in parts
    )
    headers = {"Content-Type": f'multipart/related; type="{kind}"; boundary=b'}
    async with site.post(path, data=BytesIO(body + b"\r\n--b--"), headers=headers) as response:
        return response.status, json.loads(await response.read())


def described(ds: Dataset, **uris: str) -> dict[str, Any]:
    """Return a data set as JSON, some of its values elsewhere."""
    found: dict[str, Any] = json.loads(ds.to_json(bulk_data_threshold=1 << 30))
    for keyword, uri in uris.items():
        element = ds[keyword]
        found[f"{element.tag:08X}"] = {"vr": element.VR, "BulkDataURI": uri}
    return found


def metadata(*several: dict[str, Any]) -> Part:
    return "application/dicom+json", "", json.dumps(several).encode()


async def stored(site: Site, data: bytes) -> Dataset:
    """Return what the server now has under the UIDs of an object."""
    _, _, body = await answer(site, path_of(data), "application/dicom; transfer-syntax=*")
    return dcmread(BytesIO(body))


@pytest.mark.parametrize("kind", ["application/dicom+json", "application/dicom+xml"])
async def test_pixels_and_other_values_come_beside_their_description(site: Site, kind: str) -> None:
    data = ct_bytes()
    ds = dcmread(BytesIO(data))
    ds.EncapsulatedDocument = b"%PDF" + bytes(range(256)) * 300
    told = described(ds, PixelData="bulk/1", EncapsulatedDocument="http://else.where/bulk/2")
    head = (kind, "", json.dumps([told]).encode())
    if kind.endswith("xml"):
        head = (kind, "", to_xml(told))
    status, reply = await store(
        site,
        [
            head,
            (OCTETS, f"{site.url}/bulk/1", ds.PixelData),
            (OCTETS, "http://else.where/bulk/2", ds.EncapsulatedDocument),
        ],
        kind,
    )
    assert (status, len(items(reply, "stored"))) == (200, 1)
    found = await stored(site, data)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert found.PixelData == ds.PixelData
    assert found.EncapsulatedDocument == ds.EncapsulatedDocument
    assert found.PatientName == ds.PatientName
    assert found.SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize(
    ("name", "kind", "syntax"),
    [
        ("MR_small_RLE.dcm", "image/dicom-rle", "1.2.840.10008.1.2.5"),
        ("MR_small_jpeg_ls_lossless.dcm", "image/jls", "1.2.840.10008.1.2.4.80"),
        ("MR_small_jp2klossless.dcm", "image/jp2", "1.2.840.10008.1.2.4.90"),
        ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg", "1.2.840.10008.1.2.4.50"),
        ("JPGExtended.dcm", "image/jpeg", "1.2.840.10008.1.2.4.51"),
        ("SC_rgb_rle_2frame.dcm", "image/dicom-rle", "1.2.840.10008.1.2.5"),
        ("JPEGLSNearLossless_16.dcm",
         "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.81",
         "1.2.840.10008.1.2.4.81"),
    ],
)  # fmt: skip
async def test_compressed_frames_keep_their_bytes(
    site: Site, name: str, kind: str, syntax: str
) -> None:
    own = {key: generate_uid() for key in ("StudyInstanceUID", "SeriesInstanceUID")}
    data = changed(sample(name), **own)
    ds = dcmread(BytesIO(data))
    sent = list(generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames", 1))))
    parts = [metadata(described(ds, PixelData="p")), *((kind, "p", frame) for frame in sent)]
    status, reply = await store(site, parts)
    assert status == 200, reply
    found = await stored(site, data)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert list(generate_frames(found.PixelData, number_of_frames=len(sent))) == sent


async def test_fragments_may_come_as_they_stand_in_a_file(site: Site) -> None:
    ds = dcmread(sample("SC_rgb_rle_2frame.dcm"))
    told = described(ds, PixelData="p")
    told["00083002"] = {"vr": "UI", "Value": [str(ds.file_meta.TransferSyntaxUID)]}
    status, _ = await store(site, [metadata(told), (OCTETS, "p", ds.PixelData)])
    assert status == 200
    found = await stored(site, sample("SC_rgb_rle_2frame.dcm").read_bytes())
    assert np.array_equal(found.pixel_array, ds.pixel_array)


async def test_what_this_server_gives_it_takes_again(site: Site) -> None:
    """Metadata and bulk data as WADO-RS gave them make the same object in another archive."""
    data = changed(sample("MR_small_jpeg_ls_lossless.dcm"))
    await site.send(data)
    async with site.get(f"{path_of(data)}/metadata") as response:
        (told,) = await response.json()
    async with site.get(f"{path_of(data)}/frames/1", headers={"Accept": "image/jls"}) as response:
        kind, frame = response.headers["Content-Type"], await response.read()
    status, reply = await store(
        site, [metadata(told), (kind, told["7FE00010"]["BulkDataURI"], frame)]
    )
    # The same UID with other bytes: what came first stays.
    assert status == 409
    assert items(reply, "failed")[0]["00081197"] == 0x0111
    renamed = "1.2.826.0.1.3680043.8.498.1"
    told["00080018"] = {"vr": "UI", "Value": [renamed]}
    status, reply = await store(
        site, [metadata(told), (kind, told["7FE00010"]["BulkDataURI"], frame)]
    )
    assert (status, items(reply, "stored")[0]["00081155"]) == (200, renamed)


async def test_each_instance_hears_how_it_ended(site: Site) -> None:
    """One good, one without its value, one that is no data set, one without what names it."""
    one, two, three = (dcmread(BytesIO(data)) for data in ct_series(3))
    broken = described(three, PixelData="p")
    broken["00280010"] = {"vr": "US", "Value": ["many"]}
    nameless = described(two, PixelData="p")
    del nameless["0020000D"]
    short = described(two, PixelData="short")
    status, reply = await store(
        site,
        [
            metadata(
                described(one, PixelData="p"),
                described(two, PixelData="http://169.254.169.254/elsewhere"),
                broken, nameless, short,
            ),
            (OCTETS, "p", one.PixelData), (OCTETS, "short", one.PixelData[:-100]),
        ],
    )  # fmt: skip
    assert status == 202
    assert [each["00081155"] for each in items(reply, "stored")] == [str(one.SOPInstanceUID)]
    failed = [(each["00081155"], each["00081197"]) for each in items(reply, "failed")]
    assert failed == [
        (str(two.SOPInstanceUID), 0xC000), (str(three.SOPInstanceUID), 0xC000),
    ]  # fmt: skip
    assert [each["00081197"] for each in items(reply, "other")] == [0xC000, 0xC000]
    async with site.parts.database.reading() as session:
        (row,) = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "dicomweb.store")
        )
    assert row.outcome == "failed"


async def test_messages_that_are_none_are_refused_whole(site: Site, tmp_path: Any) -> None:
    ds = dcmread(BytesIO(ct_bytes()))
    good = metadata(described(ds, PixelData="p"))
    json_kind, xml_kind = "application/dicom+json", "application/dicom+xml"
    for parts, kind, status in (
        ([(json_kind, "", b"{")], json_kind, 400),
        ([(json_kind, "", b"[5]")], json_kind, 400),
        ([(xml_kind, "", b"<a/>")], xml_kind, 400),
        ([(xml_kind, "", b"<!DOCTYPE a><NativeDicomModel/>")], xml_kind, 400),
        ([(OCTETS, "p", b"pixels")], json_kind, 400),
        ([("no type", "p", b"pixels"), good], json_kind, 400),
        ([good, (OCTETS, "p", ds.PixelData)], "image/jpeg", 415),
    ):
        assert (await store(site, parts, kind))[0] == status, parts[0][2][:20]
    other = "/studies/1.2.3.4"
    status, reply = await store(site, [good, (OCTETS, "p", ds.PixelData)], path=other)
    assert (status, items(reply, "failed")[0]["00081197"]) == (409, 0xC409)
    assert await count(site) == 0
    assert [path for path in (tmp_path / "spool").rglob("*tmp*") if path.is_file()] == []
    assert spooled(tmp_path) <= 1


async def test_the_value_need_not_follow_its_description(site: Site) -> None:
    data = ct_bytes()
    ds = dcmread(BytesIO(data))
    status, _ = await store(
        site,
        [(OCTETS, "http://[bad", ds.PixelData), metadata(described(ds, PixelData="http://[bad"))],
    )
    assert status == 200
    assert uids(data)[2] in path_of(data)


async def test_a_message_past_its_limits_is_cut_off(
    database: Database, tmp_path: Any, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    ds = dcmread(BytesIO(ct_bytes()))
    good = metadata(described(ds, PixelData="p"))
    async with running_site(
        database, tmp_path, clock, ids, max_total_bytes=100_000, max_parts=3
    ) as site:
        for parts in (
            [good, (OCTETS, "p", bytes(200_000))],
            [("application/dicom+json", "", bytes(200_000))],
            [good, *((OCTETS, "p", b"x"),) * 4],
        ):
            assert (await store(site, parts))[0] == 413


async def test_metadata_that_would_swell_are_refused_before_they_do(site: Site) -> None:
    for swelling in (b"{}", b"[]", b"1"):
        document = b"[" + b",".join([swelling] * 2_100_000) + b"]"
        status, problem = await store(site, [("application/dicom+json", "", document)])
        assert (status, problem["code"]) == (413, "metadata-too-large")


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("application/dicom+json", b"[" + b",".join([b"{}"] * 600_000) + b"]"),
        ("application/dicom+json", b"[]" + b" " * (17 << 20)),
        (
            "application/dicom+xml",
            (
                b'<NativeDicomModel><DicomAttribute tag="00100020" vr="LO">'
                b'<Value number="1100000"/></DicomAttribute></NativeDicomModel>'
            ),
        ),
    ],
    ids=["values", "bytes", "numbers"],
)
async def test_metadata_count_through_the_whole_message(
    site: Site, kind: str, document: bytes
) -> None:
    status, problem = await store(site, [(kind, "", document)] * 2)
    assert (status, problem["code"]) == (413, "metadata-too-large")


async def test_a_sop_class_that_is_no_text_fails_its_own_instance(site: Site) -> None:
    one, two = (dcmread(BytesIO(data)) for data in ct_series(2))
    odd = described(two, PixelData="p")
    odd["00080016"] = {"vr": "SQ", "Value": [{"00080016": {"vr": "UI", "Value": ["1.2"]}}]}
    message = [metadata(odd, described(one, PixelData="p")), (OCTETS, "p", one.PixelData)]
    status, reply = await store(site, message)
    assert (status, len(items(reply, "stored"))) == (202, 1)
    status, reply = await store(site, [metadata(odd), (OCTETS, "p", two.PixelData)])
    assert (status, items(reply, "stored")) == (409, [])


async def test_one_part_named_time_and_again_makes_no_larger_object(
    database: Database,
    tmp_path: Any,
    clock: ManualClock,
    ids: CountingIds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many references to one part are as large as the object they make, and refused before."""
    await create_institutions(database, clock)
    ds = dcmread(BytesIO(ct_bytes()))
    told = described(ds, PixelData="p")
    wave = {"54001010": {"vr": "OW", "BulkDataURI": "p"}}
    told["54000100"] = {"vr": "SQ", "Value": [wave] * 20}
    message = [metadata(told), (OCTETS, "p", ds.PixelData)]
    room = 10 * len(ds.PixelData)

    def write(*_: object) -> None:
        raise AssertionError("written before it was weighed")

    monkeypatch.setattr("server.dicomweb.composing._write", write)
    async with running_site(database, tmp_path, clock, ids, max_object_bytes=room) as site:
        status, reply = await store(site, message)
        assert (status, items(reply, "failed")[0]["00081197"]) == (409, 0xA700)
    async with running_site(database, tmp_path, clock, ids) as site:
        monkeypatch.setattr(Spool, "free_bytes", room)
        status, problem = await store(site, message)
        assert (status, problem["code"]) == (503, "no-room")
    assert spooled(tmp_path) == 0
