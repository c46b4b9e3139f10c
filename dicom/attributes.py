"""The attributes by which studies, series and instances are found (PS3.18 Tables 10.6.1-5)."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.dataset import PersonName

UNKNOWN_TIME: Final = dt.datetime(1900, 1, 1)  # noqa: DTZ001 -- DICOM's wall clock has no zone
"""What our own objects say where nobody knows when a recording was made: its Acquisition DateTime
may not be empty, and any other time would be taken for the recording's. Read as None."""

_LONGEST: Final = 256
"""Characters kept of a text: four times what LO allows, since repaired text is rarely exact."""


@dataclass(frozen=True, slots=True)
class IndexedAttributes:
    """What the index keeps of an instance; None where absent or unreadable.

    Text is repaired (see `dicom.charset`), stripped, without control characters, and at most 256
    characters long. Times are the device's local wall clock, as stored.
    """

    patient_id: str | None
    issuer_of_patient_id: str | None
    patient_name: PersonName | None
    patient_birth_date: dt.date | None
    patient_sex: str | None
    patient_age: str | None

    study_instance_uid: str | None
    study_date: dt.date | None
    study_time: dt.time | None
    accession_number: str | None
    study_id: str | None
    study_description: str | None
    referring_physician_name: PersonName | None
    timezone_offset: str | None

    series_instance_uid: str | None
    modality: str | None
    series_number: int | None
    series_description: str | None
    series_date: dt.date | None
    series_time: dt.time | None
    body_part_examined: str | None
    laterality: str | None
    performed_procedure_step_start_date: dt.date | None
    performed_procedure_step_start_time: dt.time | None
    scheduled_procedure_step_id: str | None
    requested_procedure_id: str | None
    institution_name: str | None
    station_name: str | None
    manufacturer: str | None
    manufacturer_model_name: str | None
    device_serial_number: str | None
    protocol_name: str | None

    sop_class_uid: str | None
    sop_instance_uid: str | None
    instance_number: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    number_of_frames: int | None
    samples_per_pixel: int | None
    photometric_interpretation: str | None
    content_date: dt.date | None
    content_time: dt.time | None
    acquisition_datetime: dt.datetime | None


def attributes(ds: Dataset) -> IndexedAttributes:
    """Read the index attributes of a data set.

    Parameters
    ----------
    ds
        For example ``header.dataset`` of `dicom.part10.scan`.

    Returns
    -------
    IndexedAttributes
        Never raises for what a data set may hold.
    """
    request = next(iter(access.sequence(ds, "RequestAttributesSequence")), Dataset())
    return IndexedAttributes(
        patient_id=_text(ds, "PatientID"),
        issuer_of_patient_id=_text(ds, "IssuerOfPatientID"),
        patient_name=_name(ds, "PatientName"),
        patient_birth_date=access.date(ds, "PatientBirthDate"),
        patient_sex=_text(ds, "PatientSex"),
        patient_age=_text(ds, "PatientAge"),
        study_instance_uid=access.uid(ds, "StudyInstanceUID"),
        study_date=access.date(ds, "StudyDate"),
        study_time=access.time(ds, "StudyTime"),
        accession_number=_text(ds, "AccessionNumber"),
        study_id=_text(ds, "StudyID"),
        study_description=_text(ds, "StudyDescription"),
        referring_physician_name=_name(ds, "ReferringPhysicianName"),
        timezone_offset=_text(ds, "TimezoneOffsetFromUTC"),
        series_instance_uid=access.uid(ds, "SeriesInstanceUID"),
        modality=_text(ds, "Modality"),
        series_number=access.integer(ds, "SeriesNumber"),
        series_description=_text(ds, "SeriesDescription"),
        series_date=access.date(ds, "SeriesDate"),
        series_time=access.time(ds, "SeriesTime"),
        body_part_examined=_text(ds, "BodyPartExamined"),
        laterality=_text(ds, "Laterality"),
        performed_procedure_step_start_date=access.date(ds, "PerformedProcedureStepStartDate"),
        performed_procedure_step_start_time=access.time(ds, "PerformedProcedureStepStartTime"),
        scheduled_procedure_step_id=_text(request, "ScheduledProcedureStepID"),
        requested_procedure_id=_text(request, "RequestedProcedureID"),
        institution_name=_text(ds, "InstitutionName"),
        station_name=_text(ds, "StationName"),
        manufacturer=_text(ds, "Manufacturer"),
        manufacturer_model_name=_text(ds, "ManufacturerModelName"),
        device_serial_number=_text(ds, "DeviceSerialNumber"),
        protocol_name=_text(ds, "ProtocolName"),
        sop_class_uid=access.uid(ds, "SOPClassUID"),
        sop_instance_uid=access.uid(ds, "SOPInstanceUID"),
        instance_number=access.integer(ds, "InstanceNumber"),
        rows=access.integer(ds, "Rows"),
        columns=access.integer(ds, "Columns"),
        bits_allocated=access.integer(ds, "BitsAllocated"),
        number_of_frames=access.integer(ds, "NumberOfFrames"),
        samples_per_pixel=access.integer(ds, "SamplesPerPixel"),
        photometric_interpretation=_text(ds, "PhotometricInterpretation"),
        content_date=access.date(ds, "ContentDate"),
        content_time=access.time(ds, "ContentTime"),
        acquisition_datetime=_acquired_at(ds),
    )


def _text(ds: Dataset, keyword: str) -> str | None:
    found = access.text(ds, keyword)
    return None if found is None else _bounded(found) or None


def _name(ds: Dataset, keyword: str) -> PersonName | None:
    found = access.person_name(ds, keyword)
    if found is None:
        return None
    return PersonName(
        _bounded(found.alphabetic),
        _bounded(found.ideographic),
        _bounded(found.phonetic),
        found.repaired,
    )


def _bounded(value: str) -> str:
    kept = value[: 4 * _LONGEST]
    if not kept.isprintable():
        kept = "".join(char for char in kept if char.isprintable())
    return kept.strip()[:_LONGEST]


def _acquired_at(ds: Dataset) -> dt.datetime | None:
    """Acquisition DateTime, or what its date and time, or those of the content, say."""
    found = access.moment(ds, "AcquisitionDateTime")
    if found is not None:
        return None if found == UNKNOWN_TIME else found
    for kind in ("Acquisition", "Content", "Series", "Study"):
        day = access.date(ds, f"{kind}Date")
        if day is not None:
            return dt.datetime.combine(day, access.time(ds, f"{kind}Time") or dt.time())
    return None
