"""Wire types of reports."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
)

from server.core.http import Problem
from server.core.wire import UtcTime
from server.identity.public import InstitutionRef, PersonRef
from server.patients.public import PatientOut
from server.reports.models import AmendmentKind, ReportStatus
from server.reports.signing import Blocker
from server.requests.public import RequestKind


def _without_nul(text: str) -> str:
    """Refuse what PostgreSQL takes in no text."""
    if "\x00" in text:
        raise ValueError("it has a NUL character in it")
    return text


_NoNul = AfterValidator(_without_nul)
# A page of A4 holds some 1,500 characters; a report of ten pages is a mistake.
ReportText = Annotated[str, Field(max_length=10_000), _NoNul]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), _NoNul
]
Comment = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), _NoNul
]


class TemplateOut(BaseModel):
    """A text to begin with."""

    id: str
    name_zh: str
    name_en: str
    findings: str
    impression: str


class TemplateList(RootModel[list[TemplateOut]]):
    """The templates that fit."""


class DraftIn(BaseModel):
    """What a reader has written, over the revision they saw; 0 where there was none."""

    model_config = ConfigDict(extra="forbid")

    findings: ReportText
    impression: ReportText
    critical: bool | None = None
    base_revision: int = Field(ge=0)


class SeenIn(BaseModel):
    """The revision that a person has before their eyes as they act: no other is meant."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1)


class CommentIn(SeenIn):
    """What a reviewer says on giving a report back."""

    comment: Comment


class ReceiptIn(BaseModel):
    """The version that the examining side has before its eyes."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)


class AmendIn(SeenIn):
    """Why an issued report is changed, and how."""

    reason: Reason
    kind: AmendmentKind = AmendmentKind.AMENDED


class CommentOut(BaseModel):
    """What a reviewer said."""

    by: PersonRef
    at: UtcTime
    text: str


class ReportOut(BaseModel):
    """A report as the person who asks may see it.

    The diagnosing side sees the text being written; everybody else sees the version last issued.
    """

    id: str
    request_id: str
    status: ReportStatus
    revision: int
    version: int
    findings: str
    impression: str
    critical: bool | None
    author: PersonRef
    reviewer: PersonRef | None
    signed_at: UtcTime | None
    amendment: AmendmentKind | None
    amendment_reason: str | None
    comments: list[CommentOut]
    blockers: list[Blocker]
    """What is still missing before the person who asks may sign."""
    updated_at: UtcTime
    document: bool
    """Whether a version was issued, and with it the document to print."""
    acknowledged_at: UtcTime | None


class StaleDraft(Problem):
    """Somebody saved meanwhile: what they saved, to compare and save over."""

    current: ReportOut | None


class ReportListItem(BaseModel):
    """A report as lists show it."""

    id: str
    request_id: str
    study_id: str
    kind: RequestKind
    status: ReportStatus
    version: int
    critical: bool | None
    patient: PatientOut
    modalities: list[str]
    description: str | None
    impression: str
    examining: InstitutionRef
    diagnosing: InstitutionRef
    author: PersonRef
    reviewer: PersonRef | None
    signed_at: UtcTime | None
    updated_at: UtcTime
    document: bool
    acknowledged_at: UtcTime | None


class ReportPage(BaseModel):
    """One page of reports, newest first."""

    items: list[ReportListItem]
    next: str | None


class VersionOut(BaseModel):
    """A version as it was issued."""

    number: int
    status: ReportStatus
    findings: str
    impression: str
    critical: bool | None
    amendment: AmendmentKind | None
    reason: str | None
    author: PersonRef
    reviewer: PersonRef | None
    signed_at: UtcTime
    acknowledged_at: UtcTime | None
    acknowledged_by: PersonRef | None
    document_sha256: str


class VersionList(BaseModel):
    """Every version, the newest first."""

    items: list[VersionOut]
