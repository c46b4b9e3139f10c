"""Wire types of patients."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from server.core.wire import UtcTime


class PatientOut(BaseModel):
    """A patient as lists show them."""

    name: str | None
    patient_id: str | None
    sex: str | None
    birth_date: date | None
    age_years: int | None


class PatientMergeOut(BaseModel):
    """One merge, and its undoing if there was one."""

    patient_pk: str
    into_pk: str
    reason: str
    merged_by: str
    merged_at: UtcTime
    undone_by: str | None
    undone_at: UtcTime | None
    undo_reason: str | None


class KeepingInstitutionOut(BaseModel):
    """The institution that a record first came from."""

    id: str
    name_zh: str
    name_en: str


class PatientRecordOut(BaseModel):
    """A patient's record as one issuer keeps it."""

    id: str
    issuer: str
    institution: KeepingInstitutionOut
    identifier: str
    name: str | None
    birth_date: date | None
    sex: str | None
    survivor_id: str
    """Under whom its studies are shown: its own id, unless it was merged."""
    study_count: int
    """Studies shown under it."""
    merges: list[PatientMergeOut]
    """It took part in, oldest first."""


class PatientRecordPage(BaseModel):
    """Records that were found."""

    items: list[PatientRecordOut]
    more: bool


Reason = Annotated[str, Field(min_length=2, max_length=500)]


class MergeIn(BaseModel):
    """Into whom, and why."""

    into: Annotated[str, Field(min_length=1, max_length=32)]
    reason: Reason


class UnmergeIn(BaseModel):
    """Why."""

    reason: Reason
