"""C-FIND on the node: who may ask, what is found, and how it is written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pydicom.config
import pytest
from pydicom import DataElement, dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from dicom.dimse.information_models import (
    PATIENT_ROOT_FIND,
    PATIENT_STUDY_ONLY_FIND,
    STUDY_ROOT_FIND,
)
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.senders import run
from tests.server.dicom_node.test_node import Node, audited, send, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes, ct_series, file_bytes, sample
from tests.support.peers import require_program

PENDING, UNMATCHED, CANCELLED = 0xFF00, 0xFF01, 0xFE00


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path, database_url)
    small = settings.dicom.model_copy(update={"max_matches": 5})
    settings = settings.model_copy(update={"dicom": small})
    services = build_services(settings, role="node")
    async with running(services):
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            for ae_title, may_query in ((code.upper(), True), (f"{code.upper()}-CT", False)):
                await services.devices.register(
                    NewDevice("qinghe", institutions[code], ae_title, may_query=may_query)
                )
        server = dimse_server(services)
        port = await server.start("127.0.0.1", 0)
        yield Node(services, port, institutions)
        await server.close(1)


def identifier(level: str, **keys: object) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds


def odd(keyword: str, vr: str, value: str) -> DataElement:
    """Return an element that its representation forbids."""
    return DataElement(keyword, vr, value, validation_mode=pydicom.config.IGNORE)


def _ask(
    port: int, wanted: Dataset, model: str, ae_title: str, options: bytes = b""
) -> list[tuple[int, Dataset | None]]:
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(model)
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = UID(model), options
    association = entity.associate("127.0.0.1", port, ext_neg=[extended] if options else [])
    assert association.is_established
    try:
        return [(each.Status, found) for each, found in association.send_c_find(wanted, model)]
    finally:
        association.release()


async def ask(
    node: Node,
    wanted: Dataset,
    model: str = STUDY_ROOT_FIND,
    ae_title: str = "TOWNSHIP1",
    options: bytes = b"",
) -> tuple[list[Dataset], int]:
    """Return the matches and the final status."""
    heard = await asyncio.to_thread(_ask, node.port, wanted, model, ae_title, options)
    assert {status for status, found in heard if found is not None} <= {PENDING, UNMATCHED}
    return [found for _, found in heard if found is not None], heard[-1][0]


def exam(**changes: object) -> bytes:
    own = {"StudyInstanceUID": generate_uid(), "SOPInstanceUID": generate_uid()}
    return ct_bytes(**{**own, **changes})


async def test_findscu_finds_a_study(node: Node) -> None:
    program = require_program("findscu")
    await send(node, exam(PatientName="ZHANG^SAN", PatientID="P1", AccessionNumber="A1"))
    await send(node, exam(PatientName="LI^SI", PatientID="P2"))
    code, output = await run(
        program, "-v", "-S", "-aet", "TOWNSHIP1", "-k", "QueryRetrieveLevel=STUDY",
        "-k", "PatientName=zhang*", "-k", "AccessionNumber", "-k", "StudyDate=20000101-20991231",
        "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert code == 0, output
    assert "ZHANG^SAN" in output
    assert "A1" in output
    assert "LI^SI" not in output


async def test_every_level_answers_with_the_keys_asked_and_its_unique_ones(node: Node) -> None:
    files = ct_series(2)
    await send(node, *files)
    (study,), status = await ask(
        node,
        identifier("STUDY", StudyInstanceUID="", NumberOfStudyRelatedInstances=None,
                   ModalitiesInStudy="CT"),
    )  # fmt: skip
    assert status == 0
    assert (study.NumberOfStudyRelatedInstances, study.ModalitiesInStudy) == (2, "CT")
    assert (study.QueryRetrieveLevel, study.RetrieveAETitle) == ("STUDY", "LIANZHEN")
    assert "StudyDate" not in study
    uid = study.StudyInstanceUID
    (series,), _ = await ask(
        node, identifier("SERIES", StudyInstanceUID=uid, Modality="", InstanceAvailability="")
    )
    assert (series.Modality, series.InstanceAvailability) == ("CT", "ONLINE")
    wanted = identifier(
        "IMAGE", StudyInstanceUID=uid, SeriesInstanceUID=series.SeriesInstanceUID,
        SOPInstanceUID="", InstanceNumber="2", SliceThickness="",
    )  # fmt: skip
    (image,), status = await ask(node, wanted)
    assert status == 0
    assert image.InstanceNumber == 2
    assert float(image.SliceThickness) == 5.0
    (patient,), _ = await ask(node, identifier("PATIENT", PatientID=""), PATIENT_ROOT_FIND)
    assert patient.PatientID == study.PatientID


async def test_numbers_match_however_they_are_encoded(node: Node) -> None:
    await send(node, *ct_series(2))
    for keys, count in ((("Rows", 128), 2), (("Rows", 64), 0), (("InstanceNumber", 2), 1)):
        wanted = identifier("IMAGE", SOPInstanceUID="", **dict([keys]))
        assert len((await ask(node, wanted))[0]) == count


async def test_a_patient_is_found_once_whatever_the_number_of_studies(node: Node) -> None:
    for _ in range(3):
        await send(node, exam(PatientID="P1", PatientName="ZHANG^SAN"))
    wanted = identifier("PATIENT", PatientID="P*", PatientName="")
    for model in (PATIENT_ROOT_FIND, PATIENT_STUDY_ONLY_FIND):
        found, status = await ask(node, wanted, model)
        assert [str(each.PatientName) for each in found] == ["ZHANG^SAN"]
        assert status == 0


async def test_a_patient_is_told_once_by_the_newest_that_is_known(node: Node) -> None:
    """Whatever each study lacks; the same number of two issuers is two patients."""
    for said in (
        {"PatientName": "ZHANG^S", "PatientBirthDate": "19700101", "PatientSex": "F"},
        {"PatientName": "ZHANG^SAN", "PatientBirthDate": "", "PatientSex": ""},
        {"PatientName": "ZHAO^LIU", "IssuerOfPatientID": "CITY"},
    ):
        await send(node, exam(PatientID="P1", **said))
    for name in ("WANG^WU", "WANG^LIU"):
        await send(node, exam(PatientID="", PatientName=name))
    wanted = {"PatientID": "P1", "PatientName": "", "PatientBirthDate": "", "PatientSex": ""}
    told, status = await ask(node, identifier("PATIENT", **wanted), PATIENT_ROOT_FIND)
    assert status == 0
    assert [str(each.PatientName) for each in told] == ["ZHAO^LIU", "ZHANG^SAN"]
    assert (told[1].PatientBirthDate, told[1].PatientSex) == ("19700101", "F")
    for name, count in (("ZHANG*", 1), ("Z*", 2), ("WANG*", 2), ("", 4)):
        wanted["PatientID"], wanted["PatientName"] = "", name
        found, _ = await ask(node, identifier("PATIENT", **wanted), PATIENT_ROOT_FIND)
        assert len(found) == count, name
    assert await ask(
        node, identifier("PATIENT", PatientID="P1"), PATIENT_ROOT_FIND, "TOWNSHIP2"
    ) == ([], 0)  # fmt: skip


async def test_of_a_patient_nothing_is_told_from_studies_out_of_reach(node: Node) -> None:
    own = {"PatientID": "P1", "IssuerOfPatientID": "CITY"}
    await send(node, exam(**own, PatientName="ZHANG^SAN", PatientSex=""))
    await send(node, exam(**own, PatientName="ZHANG^S", PatientSex="F"), ae_title="TOWNSHIP2")
    wanted = identifier("PATIENT", PatientID="P1", PatientName="", PatientSex="")
    (told,), _ = await ask(node, wanted, PATIENT_ROOT_FIND)
    assert (told.PatientName, told.PatientSex) == ("ZHANG^SAN", "")


async def test_lists_of_uids_and_sequences_match(node: Node) -> None:
    dataset = dcmread(sample("CT_small.dcm"))
    step = Dataset()
    step.ScheduledProcedureStepID, step.RequestedProcedureID = "STEP7", "PROC7"
    dataset.RequestAttributesSequence = [step]
    await send(node, file_bytes(dataset), exam(), exam())
    first = Dataset()
    first.ScheduledProcedureStepID, first.RequestedProcedureID = "STEP7", ""
    wanted = identifier("SERIES", SeriesInstanceUID="", RequestAttributesSequence=[first])
    (series,), _ = await ask(node, wanted)
    assert series.RequestAttributesSequence[0].RequestedProcedureID == "PROC7"
    uids = [dataset.StudyInstanceUID, generate_uid()]
    found, _ = await ask(node, identifier("STUDY", StudyInstanceUID=uids))
    assert [each.StudyInstanceUID for each in found] == [dataset.StudyInstanceUID]


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192", ""])
async def test_a_han_name_comes_back_in_the_set_the_device_reads(node: Node, charset: str) -> None:
    await send(node, exam(SpecificCharacterSet="GB18030", PatientName="ZHANG^SAN=张^三"))
    wanted = identifier("STUDY", PatientName="*张*" if charset else "ZHANG*")
    if charset:
        wanted.SpecificCharacterSet = charset
    (study,), _ = await ask(node, wanted)
    assert study.SpecificCharacterSet == (charset or "ISO_IR 192")
    assert str(study.PatientName) == "ZHANG^SAN=张^三"


@pytest.mark.parametrize("typed", ["张三", "三", "ZHANG SAN", "zhangsan", "San*", "ZS"])
async def test_a_name_that_no_study_has_literally_is_found_as_people_type_it(
    node: Node, typed: str
) -> None:
    await send(node, exam(SpecificCharacterSet="GB18030", PatientName="=张^三", PatientID="P1"))
    await send(node, exam(PatientName="LI^SI", PatientID="P2"))
    for level, model in (("STUDY", STUDY_ROOT_FIND), ("PATIENT", PATIENT_ROOT_FIND)):
        wanted = identifier(level, PatientID="", PatientName="")
        wanted.SpecificCharacterSet = "ISO_IR 192"
        wanted.PatientName = typed
        found, status = await ask(node, wanted, model)
        assert ([each.PatientID for each in found], status) == (["P1"], 0)


async def test_a_name_that_is_found_literally_is_matched_literally_alone(node: Node) -> None:
    await send(node, exam(PatientName="ZS", PatientID="P1"))
    await send(node, exam(PatientName="ZHANG^SAN", PatientID="P2"))
    found, _ = await ask(node, identifier("STUDY", PatientID="", PatientName="ZS"))
    assert [each.PatientID for each in found] == ["P1"]


@pytest.mark.parametrize("typed", ["Zhang^San^", "ZHANG^SAN=", "Zhang^*^*", "ZHANG^*^*^*"])
async def test_empty_components_at_the_end_of_a_name_count_for_nothing(
    node: Node, typed: str
) -> None:
    await send(node, exam(PatientName="Zhang^San", PatientID="P1"))
    # Pinyin finds this one, too: so nobody but who matches literally is told.
    await send(node, exam(SpecificCharacterSet="ISO_IR 192", PatientName="张^三", PatientID="P2"))
    found, _ = await ask(node, identifier("STUDY", PatientName=typed, PatientID=""))
    assert [each.PatientID for each in found] == ["P1"]


async def test_only_what_the_institution_may_see_is_found(node: Node) -> None:
    await send(node, exam(), ae_title="TOWNSHIP1")
    wanted = identifier("STUDY", StudyInstanceUID="")
    assert len((await ask(node, wanted, ae_title="TOWNSHIP1"))[0]) == 1
    assert await ask(node, wanted, ae_title="TOWNSHIP2") == ([], 0)


async def test_a_device_that_may_only_send_is_refused_and_audited(node: Node) -> None:
    await send(node, exam(), ae_title="TOWNSHIP1-CT")
    wanted = identifier("STUDY", StudyInstanceUID="")
    assert await ask(node, wanted, ae_title="TOWNSHIP1-CT") == ([], 0x0124)
    await until_told(node, "C_FIND_RQ 0124")


async def until_told(node: Node, refused: str) -> dict[str, Any]:
    """Wait for an association's row of the audit that tells a refusal, and return what it tells."""
    async with asyncio.timeout(20):
        while True:
            for row in await audited(node, "dicom.association"):
                detail: dict[str, Any] = orjson.loads(row.detail)
                if refused in detail["refused"]:
                    return detail
            await asyncio.sleep(0.05)


async def test_what_was_asked_is_audited_once_an_association(node: Node) -> None:
    await ask(node, identifier("STUDY", PatientName="SECRET*"))
    row = await until_audited(node, "dicom.association")
    detail = orjson.loads(row.detail)
    assert (detail["queries"], detail["matches"], detail["stored"]) == (1, 0, 0)
    assert "SECRET" not in row.detail


async def test_a_query_for_everything_is_cut_and_says_so(node: Node) -> None:
    await send(node, *[exam() for _ in range(6)])
    found, status = await ask(node, identifier("STUDY", StudyInstanceUID=""))
    assert (len(found), status) == (5, 0xA700)
    row = await until_told(node, "C_FIND_RQ A700")
    assert row["matches"] == 5


async def test_optional_keys_of_patients_studies_and_series_are_answered(node: Node) -> None:
    own = {"PatientID": "P1", "IssuerOfPatientID": "CITY", "SeriesInstanceUID": generate_uid()}
    for _ in range(2):
        await send(node, exam(**own, SeriesDate="20260102", ProtocolName="THORAX"))
    await send(node, exam(PatientID="P1"))
    counts = dict.fromkeys(
        (f"NumberOfPatientRelated{each}" for each in ("Studies", "Series", "Instances")), ""
    )
    for level, model, count in (
        ("PATIENT", PATIENT_ROOT_FIND, 1), ("STUDY", STUDY_ROOT_FIND, 2),
    ):  # fmt: skip
        wanted = identifier(level, PatientID="P1", IssuerOfPatientID="CITY", **counts)
        found, status = await ask(node, wanted, model)
        assert (len(found), status) == (count, 0)
        assert found[0].IssuerOfPatientID == "CITY"
        assert [found[0][keyword].value for keyword in counts] == [2, 2, 2]
    found, _ = await ask(
        node,
        identifier("SERIES", IssuerOfPatientID="CITY", SOPClassesInStudy="", SeriesDate="",
                   ProtocolName=""),
    )  # fmt: skip
    assert len(found) == 2
    assert found[0].SOPClassesInStudy == "1.2.840.10008.5.1.4.1.1.2"
    assert (found[0].SeriesDate, found[0].ProtocolName) == ("20260102", "THORAX")
    wanted = identifier("STUDY", SOPClassesInStudy="1.2", StudyInstanceUID="")
    heard = await asyncio.to_thread(_ask, node.port, wanted, STUDY_ROOT_FIND, "TOWNSHIP1")
    assert [status for status, _ in heard] == [UNMATCHED] * 3 + [0]


async def test_a_key_that_is_not_matched_is_said(node: Node) -> None:
    await send(node, exam())
    wanted = identifier("STUDY", StudyInstanceUID="", Modality="CT")
    heard = await asyncio.to_thread(_ask, node.port, wanted, STUDY_ROOT_FIND, "TOWNSHIP1")
    assert [status for status, _ in heard] == [UNMATCHED, 0]
    assert heard[0][1] is not None
    assert heard[0][1].Modality == ""


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        (identifier("PATIENT", PatientID=""), STUDY_ROOT_FIND),
        (identifier("SERIES", Modality=""), PATIENT_STUDY_ONLY_FIND),
        (identifier("", PatientID=""), STUDY_ROOT_FIND),
        (identifier("WARD", PatientID=""), STUDY_ROOT_FIND),
    ],
    ids=["patient in study root", "series without", "no level", "other level"],
)
async def test_an_identifier_that_makes_no_sense_is_refused(
    node: Node, wanted: Dataset, model: str
) -> None:
    assert await ask(node, wanted, model) == ([], 0xA900)


@pytest.mark.parametrize(
    "key", ["StudyDate=yesterday", "StudyInstanceUID=1.2.x", "StudyID=" + "A" * 300]
)
async def test_a_value_that_its_representation_forbids_is_refused(node: Node, key: str) -> None:
    program = require_program("findscu")
    _, output = await run(
        program, "-d", "-S", "-aet", "TOWNSHIP1", "-k", "QueryRetrieveLevel=STUDY", "-k", key,
        "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert "0xa900" in output.lower()


async def test_odd_values_in_the_index_are_told_as_they_are(node: Node) -> None:
    dataset = dcmread(sample("CT_small.dcm"))
    dataset.add(odd("AccessionNumber", "SH", "A" * 40))
    dataset.add(odd("Modality", "CS", "ct scan!"))
    assert await send(node, file_bytes(dataset)) == [0]
    program = require_program("findscu")
    code, output = await run(
        program, "-v", "-S", "-aet", "TOWNSHIP1", "-k", "QueryRetrieveLevel=SERIES",
        "-k", "AccessionNumber", "-k", "Modality", "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert code == 0, output
    assert "A" * 40 in output
    assert "ct scan!" in output


async def test_names_are_matched_by_what_they_sound_like_where_that_is_negotiated(
    node: Node,
) -> None:
    await send(node, exam(PatientName="WANG^FANG", PatientID="P1"))
    await send(
        node, exam(SpecificCharacterSet="ISO_IR 192", PatientName="王^芳", PatientID="P2")
    )  # fmt: skip
    wanted = identifier("STUDY", PatientName="WANG^FANG", PatientID="")
    literal, _ = await ask(node, wanted)
    assert {each.PatientID for each in literal} == {"P1"}
    fuzzy, _ = await ask(node, wanted, options=b"\1\0\1\0\0")
    assert {each.PatientID for each in fuzzy} == {"P1", "P2"}


async def test_dates_and_times_are_one_period_where_that_is_negotiated(node: Node) -> None:
    for number, (day, at) in enumerate(
        (("20260704", "1200"), ("20260705", "0900"), ("20260705", "1030"), ("20260706", "0300"),
         ("20260707", "1700"), ("20260707", "1900")), 1,
    ):  # fmt: skip
        await send(node, exam(StudyDate=day, StudyTime=f"{at}00", PatientID=f"P{number}"))
    wanted = identifier("STUDY", StudyDate="20260705-20260707", StudyTime="1000-1800", PatientID="")
    apart, _ = await ask(node, wanted)
    assert {each.PatientID for each in apart} == {"P3", "P5"}
    together, _ = await ask(node, wanted, options=b"\1\1")
    assert {each.PatientID for each in together} == {"P3", "P4", "P5"}
