"""Orthanc's DICOMweb plugin: it stores here, searches and retrieves here, and answers as we do."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread

from dicom.encode import JPEG_LS_LOSSLESS
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.server.dicomweb.test_transcoding import answer, parts_of
from tests.support.dicom_files import changed, ct_series, sample
from tests.support.orthanc import Orthanc, orthanc
from tests.support.peers import missing
from tests.support.senders import TOWNSHIP

PLUGIN: Final = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@pytest.fixture
async def peer(site: Site, tmp_path: Path) -> AsyncIterator[Orthanc]:
    """An Orthanc that knows this server as ``ours``."""
    if not PLUGIN.exists():
        missing("Orthanc's DICOMweb plugin")
    server = {"Url": f"{site.url}/", "HttpHeaders": {"X-Institution": TOWNSHIP}}
    web = {"Enable": True, "Servers": {"ours": server}}
    async with orthanc(tmp_path, Plugins=[str(PLUGIN)], DicomWeb=web) as running:
        yield running


async def given(peer: Orthanc, data: bytes) -> str:
    """Give Orthanc an object; return its name for it."""
    async with peer.session.post(f"{peer.url}/instances", data=data) as response:
        assert response.status == 200
        return str((await response.json())["ID"])


async def test_orthanc_stores_here_what_it_has(site: Site, peer: Orthanc) -> None:
    files = [*ct_series(2), changed(sample("SC_rgb_rle_2frame.dcm"))]
    names = [await given(peer, data) for data in files]
    await peer.post("/dicom-web/servers/ours/stow", {"Resources": names, "Synchronous": True})
    for data in files:
        _, kind, body = await answer(site, path_of(data), "*/*")
        ((_, part),) = parts_of(kind, body)
        found, sent = dcmread(BytesIO(part)), dcmread(BytesIO(data))
        assert found.PixelData == sent.PixelData
        assert found.PatientName == sent.PatientName


async def test_orthanc_searches_and_retrieves_here(site: Site, peer: Orthanc) -> None:
    files = [*ct_series(3), changed(sample("MR_small_jpeg_ls_lossless.dcm"))]
    for data in files:
        await site.send(data)
    study = uids(files[0])[0]
    found = await peer.post(
        "/dicom-web/servers/ours/qido",
        {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study}},
    )
    assert [each["0020000D"]["Value"] for each in found] == [study]
    for study in {uids(data)[0] for data in files}:
        await peer.post(
            "/dicom-web/servers/ours/retrieve",
            {"Resources": [{"Study": study}], "Synchronous": True},
        )
    kept = {uid: dcmread(BytesIO(file)) for uid, file in (await peer.instances()).items()}
    for data in files:
        assert np.array_equal(kept[uids(data)[2]].pixel_array, dcmread(BytesIO(data)).pixel_array)


async def test_both_say_the_same_of_the_same_object(site: Site, peer: Orthanc) -> None:
    data = changed(sample("MR_small_jpeg_ls_lossless.dcm"))
    await site.send(data)
    await given(peer, data)
    study, series, instance = uids(data)
    theirs, ours = DICOMwebClient(f"{peer.url}/dicom-web"), site.client()

    def asked(client: DICOMwebClient) -> tuple[Any, ...]:
        (metadata,) = client.retrieve_series_metadata(study, series)
        (found,) = client.search_for_instances(study, series)
        frames = client.retrieve_instance_frames(
            study, series, instance, [1], (("image/jls", JPEG_LS_LOSSLESS),)
        )
        said = {
            tag: element
            for tag, element in metadata.items()
            # What either adds of its own, or refers to by its own address.
            if tag not in ("00080005", "7FE00010") and element.get("Value")
        }
        return found["00080018"], found["00280010"], frames, said

    found, expected = await site.ask(lambda: asked(ours)), await site.ask(lambda: asked(theirs))
    assert found[:3] == expected[:3]
    assert found[3].keys() == expected[3].keys()
    different = {
        tag for tag, element in found[3].items() if element["Value"] != expected[3][tag]["Value"]
    }
    # Orthanc writes decimal strings as numbers of its own making.
    assert all(found[3][tag]["vr"] in ("DS", "IS", "PN") for tag in different)
