"""C-MOVE and C-GET of what the receiver does not take as it is stored: converted without loss."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, build_role, evt

from dicom.dimse.information_models import STUDY_ROOT_GET
from dicom.encode import JPEG_LS_LOSSLESS
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.acceptors import storescp
from tests.dicom.dimse.senders import run
from tests.server.dicom_node.test_node import Node, send
from tests.server.dicom_node.test_retrieve import counts, destination, study_of
from tests.support.application import settings_for
from tests.support.dicom_files import sample
from tests.support.peers import require_program

JPEG_2000 = "1.2.840.10008.1.2.4.91"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    services = build_services(settings_for(tmp_path, database_url), role="node")
    async with running(services):
        here = await services.institutions.create(
            NewInstitution("qinghe", "township1", "township1", "township1", Level.TOWNSHIP)
        )
        await services.devices.register(NewDevice("qinghe", here, "TOWNSHIP1", may_query=True))
        server = dimse_server(services)
        yield Node(services, await server.start("127.0.0.1", 0), {"township1": here})
        await server.close(1)


def read(data: bytes) -> Dataset:
    return dcmread(DicomBytesIO(data))


def keys(ds: Dataset) -> list[str]:
    return [
        "-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={ds.StudyInstanceUID}",
        "-k", f"SeriesInstanceUID={ds.SeriesInstanceUID}",
        "-k", f"SOPInstanceUID={ds.SOPInstanceUID}",
    ]  # fmt: skip


def assert_same_pixels(folder: Path, stored: Dataset, syntax: str) -> None:
    (path,) = folder.iterdir()
    found = dcmread(path)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found.SOPInstanceUID == stored.SOPInstanceUID
    assert found.PatientName == stored.PatientName
    assert np.array_equal(found.pixel_array, stored.pixel_array)


@pytest.mark.parametrize(
    ("name", "option", "syntax"),
    [
        ("JPEG2000.dcm", "+xi", IMPLICIT_VR_LITTLE_ENDIAN),
        ("JPEG2000.dcm", "+xe", EXPLICIT_VR_LITTLE_ENDIAN),
        ("MR_small_RLE.dcm", "+xi", IMPLICIT_VR_LITTLE_ENDIAN),
        ("MR_small_bigendian.dcm", "+xi", IMPLICIT_VR_LITTLE_ENDIAN),
        ("SC_rgb_jpeg_dcmtk.dcm", "+xi", IMPLICIT_VR_LITTLE_ENDIAN),
    ],
)
async def test_an_old_archive_gets_what_it_can_read(
    node: Node, tmp_path: Path, name: str, option: str, syntax: str
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    data = sample(name).read_bytes()
    assert await send(node, data) == [0]
    async with storescp(folder, option, "-aet", "ARCHIVE") as port:
        await destination(node, port)
        code, output = await run(
            require_program("movescu"), "-v", "-S", *keys(read(data)), "-aet", "TOWNSHIP1",
            "-aem", "ARCHIVE", "127.0.0.1", str(node.port),
        )  # fmt: skip
    assert code == 0, output
    assert_same_pixels(folder, read(data), syntax)


async def test_getscu_without_any_codec_gets_an_image(node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    data = sample("JPEG2000.dcm").read_bytes()
    assert await send(node, data) == [0]
    code, output = await run(
        require_program("getscu"), "-v", "-S", "+x=", "-aet", "TOWNSHIP1", "-od", folder,
        *keys(read(data)), "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert code == 0, output
    assert_same_pixels(folder, read(data), EXPLICIT_VR_LITTLE_ENDIAN)


def _get(
    port: int, study: Dataset, sop_class: str, syntaxes: Sequence[str]
) -> tuple[Dataset, list[Dataset]]:
    entity = AE(ae_title="TOWNSHIP1")
    entity.add_requested_context(STUDY_ROOT_GET)
    for syntax in syntaxes:
        entity.add_requested_context(sop_class, syntax)
    received = []

    def store(event: evt.Event) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        received.append(ds)
        return 0

    association = entity.associate(
        "127.0.0.1", port,
        ext_neg=[build_role(sop_class, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )  # fmt: skip
    assert association.is_established
    try:
        *_, (status, _) = association.send_c_get(study, STUDY_ROOT_GET)
        return status, received
    finally:
        association.release()


async def get(node: Node, data: bytes, *syntaxes: str) -> tuple[Dataset, list[Dataset]]:
    """Retrieve with a context for each syntax; return the last status, and what came."""
    sop_class = str(read(data).SOPClassUID)
    return await asyncio.to_thread(_get, node.port, study_of(data), sop_class, syntaxes)


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("JPEG2000.dcm", JPEG_LS_LOSSLESS),
        ("CT_small.dcm", IMPLICIT_VR_LITTLE_ENDIAN),
        ("CT_small.dcm", JPEG_LS_LOSSLESS),
        ("waveform_ecg.dcm", IMPLICIT_VR_LITTLE_ENDIAN),
    ],
)
async def test_a_peer_gets_what_it_proposed(node: Node, name: str, syntax: str) -> None:
    data = sample(name).read_bytes()
    assert await send(node, data) == [0]
    status, (found,) = await get(node, data, syntax)
    stored = read(data)
    assert (status.Status, counts(status)) == (0, (None, 1, 0, 0))
    assert found.file_meta.TransferSyntaxUID == syntax
    if "PixelData" in stored:
        assert np.array_equal(found.pixel_array, stored.pixel_array)
    else:
        assert np.array_equal(found.waveform_array(0), stored.waveform_array(0))


@pytest.mark.parametrize(
    "syntaxes",
    [(JPEG_2000,), (JPEG_2000, EXPLICIT_VR_LITTLE_ENDIAN), (EXPLICIT_VR_LITTLE_ENDIAN, JPEG_2000)],
)
async def test_what_is_taken_as_it_is_stored_is_sent_so(
    node: Node, syntaxes: tuple[str, ...]
) -> None:
    data = sample("JPEG2000.dcm").read_bytes()
    assert await send(node, data) == [0]
    _, (found,) = await get(node, data, *syntaxes)
    assert found.file_meta.TransferSyntaxUID == JPEG_2000
    assert found.PixelData == read(data).PixelData


@pytest.mark.parametrize(
    ("name", "syntax"),
    [("CT_small.dcm", JPEG_BASELINE), ("waveform_ecg.dcm", JPEG_LS_LOSSLESS)],
)
async def test_what_would_lose_or_cannot_be_compressed_fails_with_a_reason(
    node: Node, name: str, syntax: str
) -> None:
    data = sample(name).read_bytes()
    assert await send(node, data) == [0]
    status, received = await get(node, data, syntax)
    assert (status.Status, counts(status), received) == (0xA702, (None, 0, 1, 0), [])
    assert "no context" in status.ErrorComment


async def test_pixels_that_are_not_what_they_claim_fail_and_the_others_come(node: Node) -> None:
    whole = sample("JPEG2000.dcm").read_bytes()
    at = whole.index(b"\xff\x4f\xff\x51")
    uid = str(read(whole).SOPInstanceUID).encode()
    damaged = (whole[: at + 4] + b"\0" * 60 + whole[at + 64 :]).replace(
        uid, uid[:-1] + (b"8" if uid[-1:] == b"9" else b"9")
    )
    assert await send(node, damaged, whole) == [0, 0]
    status, received = await get(node, whole, EXPLICIT_VR_LITTLE_ENDIAN)
    assert (status.Status, counts(status)) == (0xB000, (None, 1, 1, 0))
    assert "cannot be given" in status.ErrorComment
    assert [each.SOPInstanceUID for each in received] == [uid.decode()]
