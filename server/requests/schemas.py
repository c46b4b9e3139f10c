"""Wire types of requests."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from server.core.wire import UtcTime
from server.ecg_records.public import FindingOut, ScreeningStatus
from server.identity.public import InstitutionRef, PersonRef
from server.patients.public import PatientOut
from server.requests.models import RequestKind, RequestStatus, ReturnReason, Risk
from server.studies.public import PreviewOut

# PostgreSQL takes no NUL in a text.
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class ReportRef(BaseModel):
    """A request's report, as lists show it."""

    id: str
    status: str


class RequestOut(BaseModel):
    """A request as lists and pages show it."""

    id: str
    kind: RequestKind
    status: RequestStatus
    risk: Risk
    ringing: bool
    """A red case that nobody looks at: it rings at every reader of the diagnosing side."""
    emergency: bool
    complaint: str | None
    study_id: str
    study_instance_uid: str
    ecg_id: str | None
    patient: PatientOut
    modalities: list[str]
    description: str | None
    examining: InstitutionRef
    diagnosing: InstitutionRef
    hints: list[FindingOut]
    changes: list[FindingOut]
    """What the machine sees changed since the patient's ECG before at the same institution."""
    screening_status: ScreeningStatus | None
    images_complete: bool
    """An ECG is complete at once, a study when its device says so or was silent for 60 s."""
    acquired_at: UtcTime | None
    received_at: UtcTime
    due_at: UtcTime
    claimed_by: PersonRef | None
    claimed_at: UtcTime | None
    opened_at: UtcTime | None
    closed_at: UtcTime | None
    return_reason: ReturnReason | None
    return_comment: str | None
    preview: PreviewOut | None
    series_count: int
    instance_count: int
    report: ReportRef | None
    consult_id: str | None


class RiskCounts(BaseModel):
    """How many requests of a view there are of each risk, whatever page is shown."""

    red: int = 0
    orange: int = 0
    uninterpretable: int = 0
    routine: int = 0


class WorklistPage(BaseModel):
    """One page of a worklist."""

    items: list[RequestOut]
    next: str | None
    counts: RiskCounts


class RequestPatch(BaseModel):
    """What the examining side says; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    complaint: Words | None = None
    emergency: bool | None = None


class ReturnIn(BaseModel):
    """Why a request goes back to the examining side."""

    model_config = ConfigDict(extra="forbid")

    reason: ReturnReason
    comment: Words | None = None
