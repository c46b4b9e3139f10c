"""What a destination does not take as it is stored goes without loss, and only then."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, evt
from pynetdicom.presentation import StoragePresentationContexts

from dicom.encode import HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.dicom.dimse.acceptors import pynetdicom_scp
from tests.server.forwarding.site import Site, until
from tests.support.dicom_files import sample

JPEG_2000 = "1.2.840.10008.1.2.4.91"


@contextmanager
def archive(*syntaxes: str) -> Iterator[tuple[int, list[Dataset]]]:
    """Run a destination that takes every SOP class in these transfer syntaxes."""
    received: list[Dataset] = []

    def store(event: evt.Event) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        received.append(ds)
        return 0

    entity = AE(ae_title="ARCHIVE")
    for context in StoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax or "", list(syntaxes))
    with pynetdicom_scp(entity, [(evt.EVT_C_STORE, store)]) as port:
        yield port, received


async def forwarded(site: Site, name: str, *syntaxes: str) -> tuple[Dataset, Dataset]:
    """Return a file, and what a destination that takes these transfer syntaxes got of it."""
    data = sample(name).read_bytes()
    with archive(*syntaxes) as (port, received):
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(data)
        async with site.forwarding():
            await site.until_sent(1)
    (found,) = received
    return dcmread(DicomBytesIO(data)), found


@pytest.mark.parametrize(
    ("name", "taken", "sent"),
    [
        ("JPEG2000.dcm", (EXPLICIT_VR_LITTLE_ENDIAN, JPEG_2000), JPEG_2000),
        ("JPEG2000.dcm", (EXPLICIT_VR_LITTLE_ENDIAN,), EXPLICIT_VR_LITTLE_ENDIAN),
        ("JPEG2000.dcm", (IMPLICIT_VR_LITTLE_ENDIAN,), IMPLICIT_VR_LITTLE_ENDIAN),
        ("CT_small.dcm", (IMPLICIT_VR_LITTLE_ENDIAN,), IMPLICIT_VR_LITTLE_ENDIAN),
        ("CT_small.dcm", (JPEG_LS_LOSSLESS,), JPEG_LS_LOSSLESS),
        ("CT_small.dcm", (RLE_LOSSLESS,), RLE_LOSSLESS),
        ("MR_small_bigendian.dcm", (EXPLICIT_VR_LITTLE_ENDIAN,), EXPLICIT_VR_LITTLE_ENDIAN),
        ("MR_small_RLE.dcm", (HTJ2K_LOSSLESS,), HTJ2K_LOSSLESS),
    ],
)
async def test_the_pixels_stay_what_they_are(
    site: Site, name: str, taken: tuple[str, ...], sent: str
) -> None:
    stored, found = await forwarded(site, name, *taken)
    assert found.file_meta.TransferSyntaxUID == sent
    assert found.SOPInstanceUID == stored.SOPInstanceUID
    assert found.PatientName == stored.PatientName
    if sent == stored.file_meta.TransferSyntaxUID:
        assert found.PixelData == stored.PixelData
    assert np.array_equal(found.pixel_array, stored.pixel_array)


async def test_a_waveform_goes_to_who_takes_implicit_alone(site: Site) -> None:
    stored, found = await forwarded(site, "waveform_ecg.dcm", IMPLICIT_VR_LITTLE_ENDIAN)
    assert np.array_equal(found.waveform_array(0), stored.waveform_array(0))


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        # No codec compresses a waveform, and none of ours loses what it cannot keep.
        ("waveform_ecg.dcm", JPEG_LS_LOSSLESS),
        ("CT_small.dcm", "1.2.840.10008.1.2.4.50"),
    ],
)
async def test_what_cannot_be_given_so_fails_with_a_reason(
    site: Site, name: str, taken: str
) -> None:
    with archive(taken) as (port, received):
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(sample(name).read_bytes())
        async with site.forwarding(site.forwarder(tries=1)):
            await until(lambda: _failed(site), "it to fail")
    assert received == []
    (job,) = await site.jobs()
    assert "does not take" in (job.reason or "")


async def test_pixels_that_are_not_what_they_claim_fail_and_do_not_stop_the_others(
    site: Site,
) -> None:
    damaged = sample("JPEG2000.dcm").read_bytes()
    at = damaged.index(b"\xff\x4f\xff\x51")
    damaged = damaged[: at + 4] + b"\0" * 60 + damaged[at + 64 :]
    with archive(EXPLICIT_VR_LITTLE_ENDIAN) as (port, received):
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(damaged, sample("CT_small.dcm").read_bytes())
        async with site.forwarding(site.forwarder(tries=1)):
            await site.until_sent(1)
            await until(lambda: _failed(site), "the damaged one to fail")
    assert len(received) == 1
    reasons = [job.reason for job in await site.jobs() if job.failed]
    assert ["it cannot be given in transfer syntax" in str(each) for each in reasons] == [True]


async def _failed(site: Site) -> bool:
    return any(job.failed for job in await site.jobs())
