"""A node in a process of its own: 200 MB pass through it, and its memory does not grow."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_role, evt

from server.dicom_node.public import NewDevice
from server.services import build_services
from tests.dicom.dimse.node import CT
from tests.server.attacks.installation import Attacked
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes
from tests.support.node_process import ORG, found_site

STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
ARCHIVE_AE: Final = "ARCHIVE1"
FRAMES: Final = 400
SIDE: Final = 512
MORE_MIB: Final = 32
"""A sixth of the object, as with DICOMweb."""


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Attacked]:
    """A node that has taken and given an object, so that what it keeps is there already."""
    site = await found_site(tmp_path / "data", migrated_sqlite(tmp_path / "lianzhen.db"))
    services = build_services(site.settings, role="test")
    try:
        county = await services.institutions.get(ORG, "county")
        await services.devices.register(NewDevice(ORG, county.id, ARCHIVE_AE, may_query=True))
    finally:
        await services.database.close()
        services.executor.shutdown()
    node = site.role("node")
    try:
        await node.start()
        small = image(1)
        await asyncio.to_thread(store, site.dicom_port, small)
        await asyncio.to_thread(get, site.dicom_port, small)
        yield Attacked(site, node, node, 0)
    finally:
        await site.end()


def image(frames: int) -> Dataset:
    """Return an object of half a megabyte a frame."""
    ds = dcmread(BytesIO(ct_bytes(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())))
    ds.Rows, ds.Columns, ds.NumberOfFrames = SIDE, SIDE, frames
    ds.PixelData = ds.PixelData * (16 * frames)
    return ds


def store(port: int, ds: Dataset) -> None:
    entity = AE(ae_title=ARCHIVE_AE)
    entity.add_requested_context(CT, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    try:
        assert association.send_c_store(ds).Status == 0
    finally:
        association.release()


def get(port: int, ds: Dataset) -> None:
    wanted, sizes = Dataset(), list[int]()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", ds.StudyInstanceUID

    def keep(event: evt.Event) -> int:
        sizes.append(len(event.dataset.PixelData))
        return 0

    entity = AE(ae_title=ARCHIVE_AE)
    entity.add_requested_context(STUDY_ROOT_GET)
    entity.add_requested_context(CT, ExplicitVRLittleEndian)
    association = entity.associate(
        "127.0.0.1", port, ext_neg=[build_role(CT, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )  # fmt: skip
    assert association.is_established
    try:
        *_, (status, _) = association.send_c_get(wanted, STUDY_ROOT_GET)
        assert status.Status == 0
        assert sizes == [len(ds.PixelData)]
    finally:
        association.release()


async def test_memory_does_not_grow_with_the_object(running: Attacked) -> None:
    ds = image(FRAMES)
    for work in (store, get):
        with running.bounded(running.node, more_mib=MORE_MIB, cpu_s=120):
            await asyncio.to_thread(work, running.site.dicom_port, ds)
