"""Wire types of studies."""

from datetime import date

from pydantic import BaseModel

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
    """Where its device labels text falsely: the label, an arrow, how the text was read."""


class StudyPage(BaseModel):
    """One page of studies, newest first."""

    items: list[StudyOut]
    next: str | None
