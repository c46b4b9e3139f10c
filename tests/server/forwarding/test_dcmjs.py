"""dcmjs-dimse as a destination: it has our pixels, uncompressed where it takes nothing else."""

import hashlib

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from tests.dicom.dimse.acceptors import listening
from tests.server.forwarding.site import Site
from tests.support.dcmjs_peer import javascript_device
from tests.support.dicom_files import ct_bytes, sample
from tests.support.ports import free_port


async def test_a_device_in_javascript_gets_what_we_forward(site: Site) -> None:
    port = free_port()
    files = [
        ct_bytes(SpecificCharacterSet="GB18030", PatientName="ZHANG^SAN=张^三"),
        sample("JPEG2000.dcm").read_bytes(),
    ]
    await site.route(await site.device("JS", port))
    await site.receive(*files)
    async with javascript_device(port, node_port=0) as device:
        await listening(port)
        async with site.forwarding():
            await site.until_sent(len(files))
        kept = [await device.hears(lambda told: "kept" in told) for _ in files]
    told = {each["kept"]: each for each in kept}
    plain, compressed = (dcmread(DicomBytesIO(data)) for data in files)
    for ds in (plain, compressed):
        pixels = ds.pixel_array.tobytes()
        assert told[ds.SOPInstanceUID]["pixels"] == hashlib.sha256(pixels).hexdigest()
        assert told[ds.SOPInstanceUID]["syntax"] == EXPLICIT_VR_LITTLE_ENDIAN
    (name,) = told[plain.SOPInstanceUID]["name"]
    assert name["Ideographic"] == "张^三"
