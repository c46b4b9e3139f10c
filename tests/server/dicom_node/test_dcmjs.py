"""dcmjs-dimse, in both directions: it stores, tells what it performs, asks and hears."""

import asyncio
import hashlib
from pathlib import Path

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from dicom.dimse.requestor import associate
from dicom.dimse.scu import Scu, echo_proposal
from server.dicom_node.models import CommitmentState
from server.dicom_node.public import DeviceAddress, NewDevice
from tests.dicom.dimse.acceptors import address as called
from tests.dicom.dimse.acceptors import listening as until_listening
from tests.server.dicom_node.commitment import conftest
from tests.server.dicom_node.commitment.committing import CT, Committing, until_state
from tests.server.dicom_node.test_node import send
from tests.server.dicom_node.test_performed import complete, steps
from tests.server.dicom_node.test_worklist import schedule
from tests.support.dcmjs_peer import javascript_device
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.ports import free_port

node = conftest.node

BEGUN = {
    "PatientName": "ZHANG^SAN", "PatientID": "P1", "PerformedProcedureStepID": "PPS1",
    "PerformedStationAETitle": "JS", "PerformedProcedureStepStartDate": "20261126",
    "PerformedProcedureStepStartTime": "093000", "PerformedProcedureStepStatus": "IN PROGRESS",
    "Modality": "CT", "PerformedSeriesSequence": [],
}  # fmt: skip


async def test_a_device_in_javascript_stores_performs_and_is_committed_to(
    node: Committing, tmp_path: Path
) -> None:
    port, paths = free_port(), []
    await node.services.devices.register(
        NewDevice(
            "qinghe", node.institutions["township1"], "JS",
            address=DeviceAddress("127.0.0.1", port),
        )
    )  # fmt: skip
    for number, data in enumerate(ct_series(2)):
        paths.append(tmp_path / f"{number}.dcm")
        await asyncio.to_thread(paths[-1].write_bytes, data)
    files = [dcmread(DicomBytesIO(await asyncio.to_thread(path.read_bytes))) for path in paths]
    references = [
        {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": str(each.SOPInstanceUID)}
        for each in files
    ]
    study = str(files[0].StudyInstanceUID)
    scheduled = {
        "StudyInstanceUID": study, "AccessionNumber": "", "ScheduledProcedureStepID": "",
    }  # fmt: skip
    series = {
        "SeriesInstanceUID": str(files[0].SeriesInstanceUID),
        "ReferencedImageSequence": references,
    }
    begun = BEGUN | {"ScheduledStepAttributesSequence": [scheduled]}
    ended = {
        "PerformedProcedureStepStatus": "COMPLETED",
        "PerformedProcedureStepEndDate": "20261126",
        "PerformedProcedureStepEndTime": "094500",
        "PerformedSeriesSequence": [series],
    }
    wanted = {"TransactionUID": "1.2.3", "ReferencedSOPSequence": references}
    async with javascript_device(port, node.port) as device:
        await until_listening(port)
        async with associate(called(port, called_ae="JS"), echo_proposal()) as requestor:
            assert await Scu(requestor).echo() == 0
        await device.perform(
            {"ask": "echo"},
            {"ask": "create", "uid": "1.2.9", "data": begun},
            *({"ask": "store", "path": str(path)} for path in paths),
            {"ask": "set", "uid": "1.2.9", "data": ended},
        )
        for ask in ("echo", "create", "store", "store", "set"):
            assert await device.answer(ask) == 0
        assert [each.status for each in await steps(node)] == ["COMPLETED"]
        assert await complete(node) == {study}
        await device.perform({"ask": "commit", "data": wanted})
        assert await device.answer("commit") == 0
        told = await device.hears(lambda told: "event" in told)
        await until_state(node, CommitmentState.DELIVERED)
    assert told["event"] == 1
    assert told["information"]["TransactionUID"] == "1.2.3"
    assert len(told["information"]["ReferencedSOPSequence"]) == 2


async def test_a_device_in_javascript_finds_and_gets_and_moves_nowhere_else(
    node: Committing,
) -> None:
    here, port = node.institutions["township1"], free_port()
    await node.services.devices.register(
        NewDevice("qinghe", here, "JS", may_query=True, may_see_worklist=True)
    )
    data = ct_bytes(SpecificCharacterSet="GB18030", PatientName="ZHANG^SAN=张^三")
    image = dcmread(DicomBytesIO(data))
    await send(node, data)
    exam = await schedule(node)
    study = str(image.StudyInstanceUID)
    keys = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "张三", "StudyInstanceUID": ""}
    line = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "", "StudyInstanceUID": ""}
    async with javascript_device(port, node.port) as device:
        await device.perform({"ask": "find", "keys": keys}, {"ask": "worklist", "keys": line})
        (found,), status = await device.answers("find")
        assert (status, found["StudyInstanceUID"]) == (0, study)
        assert "张^三" in str(found["PatientName"])
        (step,), status = await device.answers("worklist")
        assert (status, step["StudyInstanceUID"]) == (0, exam.study_instance_uid)
        assert "张^小东" in str(step["PatientName"])

        await device.perform({"ask": "get", "study": study})
        assert await device.answer("get") == 0
        kept = await device.hears(lambda told: "kept" in told)
        assert kept["kept"] == image.SOPInstanceUID
        assert kept["pixels"] == hashlib.sha256(image.PixelData).hexdigest()

        await device.perform({"ask": "move", "study": study, "to": "NOBODY"})
        assert await device.answer("move") == 0xA801
