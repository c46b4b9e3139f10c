"""Orthanc as a client of the node: it stores here, asks for what is here, and has it back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import generate_uid

from server.dicom_node.public import DeviceAddress, NewDevice
from tests.server.dicom_node import test_retrieve
from tests.server.dicom_node.test_node import Node, send
from tests.server.dicom_node.test_retrieve import uids_of
from tests.server.forwarding.test_orthanc import contents
from tests.support.dicom_files import ct_bytes, ct_series, file_bytes
from tests.support.orthanc import Orthanc, orthanc

node = test_retrieve.node


@pytest.fixture
async def peer(node: Node, tmp_path: Path) -> AsyncIterator[Orthanc]:
    knows = {"lianzhen": ("LIANZHEN", node.port)}
    async with orthanc(tmp_path, knows=knows, DefaultEncoding="Utf8") as running:
        await node.services.devices.register(
            NewDevice(
                "qinghe", node.institutions["township1"], "ORTHANC", may_query=True,
                address=DeviceAddress("127.0.0.1", running.dicom_port),
            )
        )  # fmt: skip
        yield running


def zhang_san() -> list[bytes]:
    """Return a study of two series, the first of two slices."""
    files = []
    for number, data in enumerate(ct_series(3)):
        ds = dcmread(DicomBytesIO(data))
        ds.SpecificCharacterSet, ds.PatientName = "GB18030", "ZHANG^SAN=张^三"
        ds.PatientID, ds.StudyDescription = "P3", "胸部平扫"
        if number == 2:
            ds.SeriesInstanceUID = generate_uid()
        # Orthanc does not pass it on.
        del ds.DataSetTrailingPadding
        files.append(file_bytes(ds))
    return files


async def test_orthanc_stores_finds_and_retrieves_at_every_level(node: Node, peer: Orthanc) -> None:
    await send(node, ct_bytes(PatientName="LI^SI", PatientID="P4"))
    files = zhang_san()
    ds = uids_of(files[0])
    await peer.keep(*files)
    stored = await peer.post("/modalities/lianzhen/store", await peer.get("/instances"))
    assert stored["FailedInstancesCount"] == 0

    (study,) = await peer.find("Study", PatientName="张三", StudyDescription="")
    assert study["StudyInstanceUID"] == ds.StudyInstanceUID
    assert (study["PatientID"], study["StudyDescription"]) == ("P3", "胸部平扫")
    assert study["PatientName"] == "ZHANG^SAN=张^三"

    one_study = {"StudyInstanceUID": str(ds.StudyInstanceUID)}
    one_series = {**one_study, "SeriesInstanceUID": str(ds.SeriesInstanceUID)}
    one_object = {**one_series, "SOPInstanceUID": str(ds.SOPInstanceUID)}
    assert len(await peer.find("Series", **one_study)) == 2
    assert len(await peer.find("Instance", **one_series)) == 2
    for level, keys, expected in (
        # Orthanc names the level PATIENT in Study Root, which has no such level.
        ("Patient", {"PatientID": "P3"}, files),
        ("Study", one_study, files),
        ("Series", one_series, files[:2]),
        ("Instance", one_object, files[:1]),
    ):
        received = await peer.retrieve(level, **keys)
        assert contents(*received.values()) == contents(*expected), level
