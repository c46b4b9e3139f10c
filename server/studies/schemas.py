"""Wire types of studies."""

from datetime import date

from pydantic import BaseModel

from dicom.rejection import RejectionReason
from server.core.wire import UtcTime
from server.patients.public import PatientOut


class InstitutionOut(BaseModel):
    """An institution as lists show it."""

    id: str
    name_zh: str
    name_en: str


class PreviewOut(BaseModel):
    """The instance that stands for a study in a list."""

    series_instance_uid: str
    sop_instance_uid: str


class StudyOut(BaseModel):
    """A study as the list shows it."""

    id: str
    study_instance_uid: str
    patient: PatientOut
    modalities: list[str]
    description: str | None
    study_date: date | None
    received_at: UtcTime
    institution: InstitutionOut
    series_count: int
    instance_count: int
    preview: PreviewOut | None
    charset_repair: str | None
    """Where its device labels text falsely: the label, an arrow, how the text was read; several
    kinds with semicolons between."""


class RejectedObjectOut(BaseModel):
    """An instance that a note names."""

    sop_instance_uid: str
    series_instance_uid: str | None
    """None where it has not come yet."""
    hidden: bool


class RejectionOut(BaseModel):
    """A rejection note (IHE RAD, Imaging Object Change Management)."""

    id: str
    reason: RejectionReason
    """113001 quality, 113037 patient safety, 113038 worklist entry, 113039 retention expired."""
    sop_instance_uid: str
    """Of the note."""
    institution: InstitutionOut
    rejected_by: str
    rejected_at: UtcTime
    revoked_at: UtcTime | None
    objects: list[RejectedObjectOut]


class RejectionList(BaseModel):
    """The rejection notes about a study, the newest first."""

    items: list[RejectionOut]


class StudyPage(BaseModel):
    """One page of studies, newest first."""

    items: list[StudyOut]
    next: str | None
