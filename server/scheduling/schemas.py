"""Wire types of scheduled examinations."""

from datetime import date, time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.core.wire import UtcTime
from server.scheduling.models import ExamStatus

# No control characters and no backslash, which parts values (PS3.5 6.1.3 and 6.4).
_PLAIN = r"^[^\x00-\x1f\x7f\\]*[^\x00-\x1f\x7f\\\s][^\x00-\x1f\x7f\\]*$"
Short = Annotated[str, Field(min_length=1, max_length=16, pattern=_PLAIN)]
Long = Annotated[str, Field(min_length=1, max_length=64, pattern=_PLAIN)]
# Nor an equals sign, which parts the groups of a name.
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_PLAIN.replace(r"\\", r"\\="))]
Latin = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z' ^.-]+$")]
Modality = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,16}$")]
AeTitle = Annotated[str, Field(pattern=r"^[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?$")]


class ScheduledPatientIn(BaseModel):
    """The patient of an examination, as the one who orders it knows them."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    """As it is written, 张小东; a caret may part family and given name."""
    name_latin: Latin | None = None
    """In Latin letters, ZHANG^XIAODONG; without it, the likeliest reading."""
    patient_id: Long
    birth_date: date | None = None
    sex: Literal["M", "F", "O"] | None = None


class ScheduledPatientOut(BaseModel):
    """The patient of a scheduled examination."""

    name: str
    name_latin: str | None
    patient_id: str
    birth_date: date | None
    sex: str | None


class ScheduledExamIn(BaseModel):
    """An examination to be scheduled."""

    model_config = ConfigDict(extra="forbid")

    patient: ScheduledPatientIn
    modality: Modality
    description: Long
    """The requested procedure, in words."""
    start_date: date
    start_time: time = time()
    """Both by the wall clock of the place."""
    accession_number: Short | None = None
    """Without it, one is made."""
    station_ae: AeTitle | None = None
    """The device that shall examine; without it, whichever of the institution asks."""
    referring_physician: Name | None = None
    performing_physician: Name | None = None
    complaint: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] | None = None
    emergency: bool = False


class ScheduledExamOut(BaseModel):
    """A scheduled examination."""

    id: str
    status: ExamStatus
    patient: ScheduledPatientOut
    modality: str
    description: str
    start_date: date
    start_time: time
    study_instance_uid: str
    accession_number: str
    requested_procedure_id: str
    station_ae: str | None
    referring_physician: str | None
    performing_physician: str | None
    complaint: str | None
    emergency: bool
    study_id: str | None
    """What its images became."""
    created_at: UtcTime


class ScheduledExamList(BaseModel):
    """Scheduled examinations of an institution, the next first."""

    items: list[ScheduledExamOut]
    more: bool
    """Whether there are more than these."""
