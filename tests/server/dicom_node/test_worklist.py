"""The modality worklist on the node, asked by DCMTK and pynetdicom."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, time
from pathlib import Path

import orjson
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE

from dicom.dimse.information_models import MODALITY_WORKLIST_FIND
from server.dicom_node.models import DeviceCharset
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from server.identity.public import Actor, ActorKind
from server.node import dimse_server
from server.scheduling.schemas import ScheduledExamIn, ScheduledExamOut, ScheduledPatientIn
from server.services import build_services, running
from tests.dicom.dimse.senders import run
from tests.server.dicom_node.test_node import Node, send, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes
from tests.support.orthanc import orthanc
from tests.support.peers import require_program

PENDING, UNMATCHED = 0xFF00, 0xFF01
CHARSETS = {f"READS-{each.name}": each for each in DeviceCharset}


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path, database_url)
    small = settings.dicom.model_copy(update={"max_matches": 5})
    services = build_services(settings.model_copy(update={"dicom": small}), role="node")
    async with running(services):
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            for ae_title, sees in ((code.upper(), True), (f"{code.upper()}-CT", False)):
                await services.devices.register(
                    NewDevice("qinghe", institutions[code], ae_title, may_see_worklist=sees)
                )
        for ae_title, charset in CHARSETS.items():
            await services.devices.register(
                NewDevice(
                    "qinghe", institutions["township1"], ae_title,
                    may_see_worklist=True, charset=charset,
                )
            )  # fmt: skip
        server = dimse_server(services)
        port = await server.start("127.0.0.1", 0)
        yield Node(services, port, institutions)
        await server.close(1)


async def schedule(
    node: Node,
    name: str = "张小东",
    patient_id: str = "P1",
    place: str = "township1",
    **said: object,
) -> ScheduledExamOut:
    doctor = Actor(
        ActorKind.PERSON, "doctor", "qinghe", node.institutions[place],
        frozenset({Role.TOWNSHIP_DOCTOR}), "127.0.0.1",
    )  # fmt: skip
    exam = {
        "modality": "DX",
        "description": "胸部正位",
        "start_date": date(2026, 11, 26),
        "start_time": time(9, 30),
    }
    patient = ScheduledPatientIn(
        name=name, patient_id=patient_id, birth_date=date(1956, 3, 2), sex="M"
    )
    return await node.services.scheduling.schedule(
        doctor, ScheduledExamIn(patient=patient, **(exam | said))
    )


def wanted(charset: str = "", step: dict[str, str] | None = None, **keys: str) -> Dataset:
    """Return what a device asks: the common return keys, with values where given."""
    ds = Dataset()
    if charset:
        ds.SpecificCharacterSet = charset
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
        "StudyInstanceUID", "RequestedProcedureID", "RequestedProcedureDescription",
        "RequestedProcedurePriority", "PregnancyStatus",
    ):  # fmt: skip
        setattr(ds, keyword, None)
    item = Dataset()
    for keyword in (
        "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "Modality",
        "ScheduledProcedureStepStartTime", "ScheduledProcedureStepID",
        "ScheduledProcedureStepDescription", "ScheduledPerformingPhysicianName",
        "ScheduledProcedureStepStatus",
    ):  # fmt: skip
        setattr(item, keyword, (step or {}).get(keyword, ""))
    # Devices ask for codes, too, in sequences of their own.
    code = Dataset()
    code.CodeValue = code.CodeMeaning = ""
    item.ScheduledProtocolCodeSequence = [code]
    ds.ScheduledProcedureStepSequence = [item]
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds


def changed(identifier: Dataset, keys: dict[str, str]) -> Dataset:
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def _ask(port: int, identifier: Dataset, ae_title: str) -> Iterator[tuple[int, Dataset | None]]:
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(MODALITY_WORKLIST_FIND)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    try:
        for status, found in association.send_c_find(identifier, MODALITY_WORKLIST_FIND):
            yield status.Status, found
    finally:
        association.release()


async def ask(
    node: Node, identifier: Dataset, ae_title: str = "TOWNSHIP1"
) -> tuple[list[Dataset], int]:
    heard = await asyncio.to_thread(lambda: list(_ask(node.port, identifier, ae_title)))
    return [found for _, found in heard if found is not None], heard[-1][0]


async def found_ids(node: Node, identifier: Dataset, ae_title: str = "TOWNSHIP1") -> list[str]:
    found, status = await ask(node, identifier, ae_title)
    assert status == 0
    return [str(each.PatientID) for each in found]


async def test_findscu_gets_the_whole_line(node: Node) -> None:
    program = require_program("findscu")
    exam = await schedule(node, station_ae="TOWNSHIP1", accession_number="A7", emergency=True)
    step = "ScheduledProcedureStepSequence[0]"
    code, output = await run(
        program, "-v", "-W", "-aet", "TOWNSHIP1", "-k", "SpecificCharacterSet=ISO_IR 192",
        "-k", "PatientName", "-k", "PatientID", "-k", "PatientBirthDate", "-k", "PatientSex",
        "-k", "AccessionNumber", "-k", "StudyInstanceUID", "-k", "RequestedProcedureID",
        "-k", "RequestedProcedurePriority", "-k", "RequestedProcedureDescription",
        "-k", f"{step}.ScheduledStationAETitle=TOWNSHIP1", "-k", f"{step}.Modality=DX",
        "-k", f"{step}.ScheduledProcedureStepStartDate=20261126",
        "-k", f"{step}.ScheduledProcedureStepStartTime",
        "-k", f"{step}.ScheduledProcedureStepID",
        "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert code == 0, output
    said = re.sub(r"\s+", " ", output)
    for text in (
        "[ISO_IR 192]", "[ZHANG^XIAODONG=张^小东", "[P1", "[19560302]", "[M ]", "[A7]", "[STAT]",
        "[胸部正位]", "[TOWNSHIP1 ]", "[DX]", "[20261126]", "[093000]",
        f"[{exam.study_instance_uid}", f"[{exam.requested_procedure_id}]",
    ):  # fmt: skip
        assert text in said, (text, output)


async def test_orthanc_gets_what_its_institution_shall_examine(node: Node, tmp_path: Path) -> None:
    exam = await schedule(node, patient_id="P1")
    await schedule(node, patient_id="P2", modality="CT")
    await schedule(node, patient_id="P3", place="township2")
    await node.services.devices.register(
        NewDevice("qinghe", node.institutions["township1"], "ORTHANC", may_see_worklist=True)
    )
    step = {"Modality": "DX", "ScheduledProcedureStepStartDate": "20261126"}
    query = {
        "SpecificCharacterSet": "ISO_IR 192", "PatientName": "", "PatientID": "",
        "StudyInstanceUID": "", "ScheduledProcedureStepSequence": [step],
    }  # fmt: skip
    knows = {"lianzhen": ("LIANZHEN", node.port)}
    async with orthanc(tmp_path, knows=knows, DefaultEncoding="Utf8") as peer:
        (line,) = await peer.post("/modalities/lianzhen/find-worklist", query)
    assert line["PatientName"] == "ZHANG^XIAODONG=张^小东"
    assert (line["PatientID"], line["StudyInstanceUID"]) == ("P1", exam.study_instance_uid)
    assert line["ScheduledProcedureStepSequence"][0]["Modality"] == "DX"


async def test_a_device_sees_its_own_institution_s_steps_alone(node: Node) -> None:
    await schedule(node, patient_id="P1")
    await schedule(node, patient_id="P2", place="township2")
    assert await found_ids(node, wanted()) == ["P1"]
    assert await found_ids(node, wanted(), "TOWNSHIP2") == ["P2"]


async def test_a_device_that_is_not_registered_for_it_is_refused(node: Node) -> None:
    await schedule(node)
    assert await ask(node, wanted(), "TOWNSHIP1-CT") == ([], 0x0124)


async def test_what_is_scheduled_for_any_device_is_for_the_one_that_asks(node: Node) -> None:
    await schedule(node, patient_id="P1")
    await schedule(node, patient_id="P2", station_ae="OTHER-DR")
    own = wanted(step={"ScheduledStationAETitle": "TOWNSHIP1"})
    (step,), _ = await ask(node, own)
    assert step.PatientID == "P1"
    item = step.ScheduledProcedureStepSequence[0]
    assert item.ScheduledStationAETitle == "TOWNSHIP1"
    assert item.ScheduledProcedureStepStatus == "SCHEDULED"
    assert len(item.ScheduledProtocolCodeSequence) == 0
    assert set(await found_ids(node, wanted())) == {"P1", "P2"}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"ScheduledProcedureStepStartDate": "20261126"}, ["1", "2"]),
        ({"ScheduledProcedureStepStartDate": "20261127-"}, ["3"]),
        ({"ScheduledProcedureStepStartDate": "-20261126"}, ["1", "2"]),
        ({"ScheduledProcedureStepStartTime": "1000-1800"}, ["2"]),
        # Both ranges are one period: from ten on the first day to six on the last.
        (
            {
                "ScheduledProcedureStepStartDate": "20261126-20261127",
                "ScheduledProcedureStepStartTime": "1000-0830",
            },
            ["2", "3"],
        ),
        (
            {
                "ScheduledProcedureStepStartDate": "20261126",
                "ScheduledProcedureStepStartTime": "-1000",
            },
            ["1"],
        ),
        ({"Modality": "CT"}, ["3"]),
        ({"ScheduledPerformingPhysicianName": "LI*"}, ["3"]),
        ({"ScheduledPerformingPhysicianName": "王*"}, []),
    ],
)
async def test_steps_are_found_by_when_and_how(
    node: Node, keys: dict[str, str], found: list[str]
) -> None:
    await schedule(node, patient_id="1")
    await schedule(node, patient_id="2", start_time=time(14))
    await schedule(
        node, patient_id="3", start_date=date(2026, 11, 27), start_time=time(8), modality="CT",
        performing_physician="李四",
    )  # fmt: skip
    assert await found_ids(node, wanted("ISO_IR 192", step=keys)) == found


@pytest.mark.parametrize(
    "name", ["张小东", "张^小东", "小东", "ZHANG*", "zhangxiaodong", "Zhang Xiao", "ZXD", "*东"]
)
async def test_a_patient_is_found_as_the_name_is_typed(node: Node, name: str) -> None:
    await schedule(node, patient_id="P1")
    await schedule(node, name="李四", patient_id="P2")
    assert await found_ids(node, wanted("GB18030", PatientName=name)) == ["P1"]


async def test_a_patient_is_found_by_numbers(node: Node) -> None:
    exam = await schedule(node, patient_id="P1")
    await schedule(node, patient_id="P2")
    for keys in (
        {"PatientID": "P1"},
        {"AccessionNumber": exam.accession_number},
        {"RequestedProcedureID": exam.requested_procedure_id},
        {"StudyInstanceUID": exam.study_instance_uid},
    ):
        assert await found_ids(node, changed(wanted(), keys)) == ["P1"], keys
    assert set(await found_ids(node, wanted(PatientID="P?"))) == {"P1", "P2"}


@pytest.mark.parametrize(
    ("asked", "label"),
    [("GB18030", "GB18030"), ("ISO_IR 192", "ISO_IR 192"), ("", "ISO_IR 192"),
     ("ISO_IR 100", "ISO_IR 192")],
)  # fmt: skip
async def test_a_device_is_answered_in_the_set_it_asks_in(
    node: Node, asked: str, label: str
) -> None:
    await schedule(node)
    (found,), _ = await ask(node, wanted(asked))
    assert found.SpecificCharacterSet == label
    assert str(found.PatientName) == "ZHANG^XIAODONG=张^小东"
    assert found.RequestedProcedureDescription == "胸部正位"


@pytest.mark.parametrize("charset", DeviceCharset)
async def test_a_device_is_answered_in_what_it_is_registered_to_read(
    node: Node, charset: DeviceCharset
) -> None:
    await schedule(node)
    (found,), _ = await ask(node, wanted("ISO_IR 192"), f"READS-{charset.name}")
    item = found.ScheduledProcedureStepSequence[0]
    said = (str(found.PatientName), found.RequestedProcedureDescription,
            item.ScheduledProcedureStepDescription)  # fmt: skip
    if charset is DeviceCharset.ASCII:
        assert "SpecificCharacterSet" not in found
        assert said == ("ZHANG^XIAODONG", "XIONG BU ZHENG WEI", "XIONG BU ZHENG WEI")
    else:
        assert found.SpecificCharacterSet == charset.value
        assert said == ("ZHANG^XIAODONG=张^小东", "胸部正位", "胸部正位")


async def test_a_sign_that_a_device_cannot_read_is_told_by_its_reading(node: Node) -> None:
    await schedule(node, name="王𠮷")
    (found,), _ = await ask(node, wanted(), "READS-GBK")
    assert str(found.PatientName) == "WANG^?"


async def test_images_take_their_line_off_the_worklist(node: Node) -> None:
    exam = await schedule(node)
    (found,), _ = await ask(node, wanted())
    image = ct_bytes(
        StudyInstanceUID=found.StudyInstanceUID, PatientID=str(found.PatientID),
        AccessionNumber=found.AccessionNumber,
    )  # fmt: skip
    assert found.StudyInstanceUID == exam.study_instance_uid
    assert await send(node, image) == [0]
    assert await found_ids(node, wanted()) == []


async def test_a_step_s_keys_all_come_where_the_sequence_is_asked_for_as_such(node: Node) -> None:
    await schedule(node)
    identifier = Dataset()
    identifier.ScheduledProcedureStepSequence = []
    (found,), status = await ask(node, identifier)
    assert status == 0
    item = found.ScheduledProcedureStepSequence[0]
    assert (item.Modality, item.ScheduledProcedureStepStartDate) == ("DX", "20261126")
    assert "PatientID" not in found


async def test_a_key_that_is_not_matched_is_said(node: Node) -> None:
    await schedule(node)
    heard = await asyncio.to_thread(
        lambda: list(_ask(node.port, wanted(PregnancyStatus=4), "TOWNSHIP1"))  # type: ignore[arg-type]
    )
    assert [status for status, _ in heard] == [UNMATCHED, 0]


async def test_too_much_is_cut_and_says_so(node: Node) -> None:
    for number in range(6):
        await schedule(node, patient_id=f"P{number}")
    found, status = await ask(node, wanted())
    assert (len(found), status) == (5, 0xA700)


@pytest.mark.parametrize(
    "keys", [{"ScheduledProcedureStepStartDate": "soon"}, {"ScheduledProcedureStepStartTime": "9"}]
)
async def test_a_value_that_its_representation_forbids_is_refused(
    node: Node, keys: dict[str, str]
) -> None:
    program = require_program("findscu")
    (each,) = keys.items()
    _, output = await run(
        program, "-d", "-W", "-aet", "TOWNSHIP1",
        "-k", f"ScheduledProcedureStepSequence[0].{each[0]}={each[1]}",
        "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert "0xa900" in output.lower()


async def test_what_was_asked_is_audited_without_a_name(node: Node) -> None:
    await schedule(node)
    await ask(node, wanted("ISO_IR 192", PatientName="张小东"))
    row = await until_audited(node, "dicom.association")
    detail = orjson.loads(row.detail)
    assert (detail["queries"], detail["matches"]) == (1, 1)
    assert "张" not in row.detail
