"""Orthanc as a destination: what it has is what we stored, whatever happened in between."""

from pathlib import Path

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from server.forwarding.desk import JobState
from server.forwarding.public import Conditions
from tests.server.forwarding.site import Site, uid_of, until
from tests.support.dicom_files import ct_series, ecg_bytes, sample
from tests.support.orthanc import orthanc
from tests.support.ports import free_port


def contents(*files: bytes) -> dict[str, dict[str, object]]:
    """Return what is in each file: Orthanc writes sequences and group lengths its own way."""
    found = {}
    for data in files:
        ds = dcmread(DicomBytesIO(data))
        elements = ds.to_json_dict()
        found[str(ds.SOPInstanceUID)] = {
            tag: value for tag, value in elements.items() if not tag.endswith("0000")
        }
    return found


async def test_orthanc_has_what_we_stored(site: Site, tmp_path: Path) -> None:
    files = [*ct_series(5), sample("JPEG2000.dcm").read_bytes(), ecg_bytes()]
    async with orthanc(tmp_path) as archive:
        await site.route(await site.device("ORTHANC", archive.dicom_port))
        await site.receive(*files)
        async with site.forwarding():
            await site.until_sent(len(files))
        assert contents(*(await archive.instances()).values()) == contents(*files)
    assert {job.state for job in await site.jobs()} == {JobState.DONE}


async def test_orthanc_is_away_for_a_while_and_comes_back_with_what_it_has(
    site: Site, tmp_path: Path
) -> None:
    port = free_port()
    before, after = ct_series(3), ct_series(3)
    await site.route(await site.device("ORTHANC", port), Conditions(modalities=("CT",)))
    async with site.forwarding():
        async with orthanc(tmp_path, port):
            await site.receive(*before)
            await site.until_sent(3)
        await site.receive(*after)

        async def out() -> bool:
            return (await site.destinations())["ORTHANC"].failures > 0

        await until(out, "Orthanc to be missed")
        async with orthanc(tmp_path, port) as again:
            await site.until_sent(6)
            assert set(await again.instances()) == {uid_of(data) for data in (*before, *after)}
    assert (await site.destinations())["ORTHANC"].out_since is None


async def test_orthanc_that_takes_no_compression_gets_plain_pixels(
    site: Site, tmp_path: Path
) -> None:
    async with orthanc(tmp_path, AcceptedTransferSyntaxes=["1.2.840.10008.1.2"]) as archive:
        await site.route(await site.device("ORTHANC", archive.dicom_port))
        await site.receive(sample("JPEG2000.dcm").read_bytes(), *ct_series(1))
        async with site.forwarding():
            await site.until_sent(2)
        assert len(await archive.instances()) == 2


async def test_what_orthanc_forwarded_to_us_does_not_go_back(site: Site, tmp_path: Path) -> None:
    async with orthanc(tmp_path) as archive:
        device = await site.device("ORTHANC", archive.dicom_port)
        await site.route(device)
        await site.receive(*ct_series(2), sender=site.actor(device, "ORTHANC"))
        await site.receive(*ct_series(1))
        async with site.forwarding():
            await site.until_sent(1)
        assert len(await archive.instances()) == 1
