"""The attributes by which searches find and answer, and the columns that hold them.

PS3.18 Tables 10.6.1-5 (required keys) and 10.6.3-3 to 10.6.3-5 (required answers), PS3.4 Tables
C.6-1 to C.6-5, and a few more that a list of exams shows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import IntEnum, StrEnum
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from server.studies.computed import (
    classes_in,
    instances_of,
    issuer_of,
    newest,
    series_of,
    studies_of,
)
from server.studies.models import Instance, Series, Study

Column = InstrumentedAttribute[Any] | ColumnElement[Any]
_TAG: Final = re.compile(r"[0-9A-F]{8}", re.ASCII)


class Level(IntEnum):
    """What a search is for; a level answers with the attributes of those above it."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    INSTANCE = 3


class AttributeKind(StrEnum):
    """How a column is compared."""

    UID = "uid"
    TEXT = "text"
    MOMENT = "moment"
    NUMBER = "number"
    PERSON_NAME = "person_name"
    SET = "set"
    """Several codes between backslashes."""


_KINDS: Final = {
    "UI": AttributeKind.UID,
    "DA": AttributeKind.MOMENT,
    "TM": AttributeKind.MOMENT,
    "IS": AttributeKind.NUMBER,
    "US": AttributeKind.NUMBER,
    "PN": AttributeKind.PERSON_NAME,
}


@dataclass(frozen=True)
class Attribute:
    """One attribute of the index."""

    keyword: str
    """Of an attribute within a sequence: the sequence's, a dot, its own."""
    tags: tuple[str, ...]
    """In eight hexadecimal digits; more than one within a sequence."""
    vr: str
    level: Level
    column: Column
    kind: AttributeKind
    always: bool
    """Whether it is answered unasked."""
    is_key: bool
    """Whether searches find by it."""


_OF_PATIENT: Final[Mapping[str, Callable[[ColumnElement[str]], ColumnElement[Any]]]] = {
    "IssuerOfPatientID": issuer_of,
    "NumberOfPatientRelatedStudies": studies_of,
    "NumberOfPatientRelatedSeries": series_of,
    "NumberOfPatientRelatedInstances": instances_of,
}
_ONLY_ANSWERED: Final = frozenset(
    {
        "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries",
        "NumberOfPatientRelatedInstances", "SOPClassesInStudy",
    }
)  # fmt: skip
"""To find by these, all studies would have to be counted."""
_LATER: Final = _ONLY_ANSWERED | {
    "PatientAge", "BodyPartExamined", "Manufacturer", "StationName", "InstitutionName",
    "IssuerOfPatientID",
}  # fmt: skip
_SETS: Final = frozenset({"ModalitiesInStudy", "SOPClassesInStudy"})
_COLUMNS: Final[Mapping[Level, Mapping[str, Column]]] = {
    Level.PATIENT: {
        "PatientName": Study.patient_name,
        "PatientID": Study.patient_id,
        "PatientBirthDate": Study.patient_birth_date,
        "PatientSex": Study.patient_sex,
        **{keyword: found(Study.patient_pk.expression) for keyword, found in _OF_PATIENT.items()},
    },
    Level.STUDY: {
        "StudyDate": Study.study_date,
        "StudyTime": Study.study_time,
        "AccessionNumber": Study.accession_number,
        "ModalitiesInStudy": Study.modalities,
        "SOPClassesInStudy": classes_in(Study.id.expression),
        "ReferringPhysicianName": Study.referring_physician,
        "TimezoneOffsetFromUTC": Study.timezone_offset,
        "StudyDescription": Study.description,
        "PatientAge": Study.patient_age,
        "StudyInstanceUID": Study.study_instance_uid,
        "StudyID": Study.study_id,
        "NumberOfStudyRelatedSeries": Study.series_count,
        "NumberOfStudyRelatedInstances": Study.instance_count,
    },
    Level.SERIES: {
        "Modality": Series.modality,
        "SeriesDescription": Series.description,
        "SeriesInstanceUID": Series.series_instance_uid,
        "SeriesNumber": Series.series_number,
        "BodyPartExamined": Series.body_part,
        "Manufacturer": Series.manufacturer,
        "StationName": Series.station_name,
        "InstitutionName": Series.institution_name,
        "PerformedProcedureStepStartDate": Series.performed_date,
        "PerformedProcedureStepStartTime": Series.performed_time,
        "RequestAttributesSequence.ScheduledProcedureStepID": Series.scheduled_step_id,
        "RequestAttributesSequence.RequestedProcedureID": Series.requested_procedure_id,
        "NumberOfSeriesRelatedInstances": Series.instance_count,
    },
    Level.INSTANCE: {
        "SOPClassUID": Instance.sop_class_uid,
        "SOPInstanceUID": Instance.sop_instance_uid,
        "AvailableTransferSyntaxUID": Instance.transfer_syntax_uid,
        "InstanceNumber": Instance.instance_number,
        "NumberOfFrames": Instance.frame_count,
        "Rows": Instance.rows,
        "Columns": Instance.columns,
        "BitsAllocated": Instance.bits_allocated,
    },
}


SHARED: Final[Mapping[Level, frozenset[str]]] = {
    Level.STUDY: frozenset(
        {
            "OtherPatientIDsSequence", "OtherPatientNames", "EthnicGroup",
            "PatientBirthTime", "PatientSize", "PatientWeight", "Occupation", "PregnancyStatus",
            "AdditionalPatientHistory", "PatientComments", "AdmittingDiagnosesDescription",
            "NameOfPhysiciansReadingStudy", "PhysiciansOfRecord", "RequestingPhysician",
            "RequestedProcedureDescription", "ProcedureCodeSequence", "ReferencedStudySequence",
        }
    ),
    Level.SERIES: frozenset(
        {
            "SeriesDate", "SeriesTime", "ProtocolName", "Laterality", "PatientPosition",
            "FrameOfReferenceUID", "OperatorsName", "PerformingPhysicianName",
            "PerformedProcedureStepID", "PerformedProcedureStepDescription",
            "PerformedProtocolCodeSequence", "ManufacturerModelName", "SoftwareVersions",
            "DeviceSerialNumber", "InstitutionAddress", "InstitutionalDepartmentName",
            "PresentationIntentType", "SeriesDescriptionCodeSequence",
        }
    ),
}  # fmt: skip
"""What is the same in all instances and in no column: any one instance's metadata answers it.

Optional keys of PS3.4 Tables C.6-2 to C.6-3 and PS3.3 C.7.1, C.7.2 and C.7.3.
"""


def tag_of(keyword: str) -> str:
    """Return a keyword's tag in eight hexadecimal digits, as attributes without one are named."""
    if _TAG.fullmatch(keyword):
        return keyword
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword")
    return f"{tag:08X}"


def kind_of(vr: str) -> AttributeKind:
    """Return how a column is compared that holds values of a representation."""
    return _KINDS.get(vr, AttributeKind.TEXT)


def _table() -> dict[str, Attribute]:
    found = {}
    for level, columns in _COLUMNS.items():
        for keyword, column in columns.items():
            tags = tuple(tag_of(part) for part in keyword.split("."))
            vr = dictionary_VR(int(tags[-1], 16))
            kind = kind_of(vr)
            if keyword in _SETS:
                kind = AttributeKind.SET
            found[keyword] = Attribute(
                keyword,
                tags,
                vr,
                level,
                column,
                kind,
                always=keyword not in _LATER,
                is_key=keyword not in _ONLY_ANSWERED,
            )
    return found


ATTRIBUTES: Final[Mapping[str, Attribute]] = _table()


def is_key(keyword: str, level: Level) -> bool:
    """Tell whether searches of a level find by an attribute."""
    attribute = ATTRIBUTES.get(keyword)
    return attribute is not None and attribute.is_key and attribute.level <= level


def of_patient(attribute: Attribute, patient_pk: ColumnElement[str]) -> ColumnElement[Any]:
    """Return what is told of a patient who is no study's in the same row."""
    found = _OF_PATIENT.get(attribute.keyword)
    if found is not None:
        return found(patient_pk)
    if not isinstance(attribute.column, InstrumentedAttribute):
        raise TypeError(f"{attribute.keyword} is in no column")
    return newest(attribute.column, patient_pk)


def values_of(attribute: Attribute, value: Any) -> list[str | int]:  # noqa: ANN401 -- a column's
    """Return a column's value as DICOM writes it; a person's name with its equals signs."""
    if value and attribute.kind is AttributeKind.SET:
        return [name for name in value.split("\\") if name]
    return written(value)


def written(value: Any) -> list[str | int]:  # noqa: ANN401 -- a column's
    """Return one value as DICOM writes it, nothing for none."""
    match value:
        case None | "":
            return []
        case date():
            return [f"{value:%Y%m%d}"]
        case time():
            return [f"{value:%H%M%S}" + (f".{value:%f}" if value.microsecond else "")]
        case _:
            return [value]
