"""Reports, their issued versions with the printed bytes, and what reviewers said."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base
from server.core.errors import Conflict
from server.requests.public import RequestKind


class ReportStatus(StrEnum):
    """Where a report stands: FHIR R4 DiagnosticReport.status, and `RETURNED`.

    An issued report that is being changed goes through the first three again, while its issued
    version stays what the examining side has.
    """

    REGISTERED = "registered"
    """A draft."""
    PRELIMINARY = "preliminary"
    """Submitted for review."""
    RETURNED = "returned"
    """Given back to its author, with comments."""
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    APPENDED = "appended"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class ReportEvent(StrEnum):
    """What may happen to a report."""

    SUBMIT = "submit"
    RETURN = "return"
    SIGN = "sign"
    REOPEN = "reopen"
    """Somebody wants to change what was issued."""
    SIGN_AMENDED = "sign-amended"
    SIGN_CORRECTED = "sign-corrected"
    SIGN_APPENDED = "sign-appended"
    CANCEL = "cancel"
    ENTER_IN_ERROR = "enter-in-error"


DRAFTS: Final = frozenset({ReportStatus.REGISTERED, ReportStatus.RETURNED})
"""What its author may write in."""
UNDER_WAY: Final = DRAFTS | {ReportStatus.PRELIMINARY}
"""What is not signed yet."""
ISSUED: Final = frozenset(
    {ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.CORRECTED, ReportStatus.APPENDED}
)

REPORT_TRANSITIONS: Final[Mapping[tuple[ReportStatus, ReportEvent], ReportStatus]] = {
    (ReportStatus.REGISTERED, ReportEvent.SUBMIT): ReportStatus.PRELIMINARY,
    (ReportStatus.RETURNED, ReportEvent.SUBMIT): ReportStatus.PRELIMINARY,
    (ReportStatus.PRELIMINARY, ReportEvent.RETURN): ReportStatus.RETURNED,
    (ReportStatus.REGISTERED, ReportEvent.SIGN): ReportStatus.FINAL,
    (ReportStatus.RETURNED, ReportEvent.SIGN): ReportStatus.FINAL,
    (ReportStatus.PRELIMINARY, ReportEvent.SIGN): ReportStatus.FINAL,
    (ReportStatus.REGISTERED, ReportEvent.SIGN_AMENDED): ReportStatus.AMENDED,
    (ReportStatus.RETURNED, ReportEvent.SIGN_AMENDED): ReportStatus.AMENDED,
    (ReportStatus.PRELIMINARY, ReportEvent.SIGN_AMENDED): ReportStatus.AMENDED,
    (ReportStatus.REGISTERED, ReportEvent.SIGN_CORRECTED): ReportStatus.CORRECTED,
    (ReportStatus.RETURNED, ReportEvent.SIGN_CORRECTED): ReportStatus.CORRECTED,
    (ReportStatus.PRELIMINARY, ReportEvent.SIGN_CORRECTED): ReportStatus.CORRECTED,
    (ReportStatus.REGISTERED, ReportEvent.SIGN_APPENDED): ReportStatus.APPENDED,
    (ReportStatus.RETURNED, ReportEvent.SIGN_APPENDED): ReportStatus.APPENDED,
    (ReportStatus.PRELIMINARY, ReportEvent.SIGN_APPENDED): ReportStatus.APPENDED,
    (ReportStatus.FINAL, ReportEvent.REOPEN): ReportStatus.REGISTERED,
    (ReportStatus.AMENDED, ReportEvent.REOPEN): ReportStatus.REGISTERED,
    (ReportStatus.CORRECTED, ReportEvent.REOPEN): ReportStatus.REGISTERED,
    (ReportStatus.APPENDED, ReportEvent.REOPEN): ReportStatus.REGISTERED,
    (ReportStatus.REGISTERED, ReportEvent.CANCEL): ReportStatus.CANCELLED,
    (ReportStatus.PRELIMINARY, ReportEvent.CANCEL): ReportStatus.CANCELLED,
    (ReportStatus.RETURNED, ReportEvent.CANCEL): ReportStatus.CANCELLED,
    (ReportStatus.FINAL, ReportEvent.ENTER_IN_ERROR): ReportStatus.ENTERED_IN_ERROR,
    (ReportStatus.AMENDED, ReportEvent.ENTER_IN_ERROR): ReportStatus.ENTERED_IN_ERROR,
    (ReportStatus.CORRECTED, ReportEvent.ENTER_IN_ERROR): ReportStatus.ENTERED_IN_ERROR,
    (ReportStatus.APPENDED, ReportEvent.ENTER_IN_ERROR): ReportStatus.ENTERED_IN_ERROR,
}


def status_after(status: ReportStatus, event: ReportEvent) -> ReportStatus:
    """Return what ``event`` makes of ``status``.

    Raises
    ------
    Conflict
        If the table does not hold it.
    """
    after = REPORT_TRANSITIONS.get((status, event))
    if after is None:
        raise Conflict(f"a report that is {status} cannot {event}", code="report-state-conflict")
    return after


class AmendmentKind(StrEnum):
    """How an issued report is changed (FHIR R4 DiagnosticReport.status)."""

    AMENDED = "amended"
    CORRECTED = "corrected"
    """What was issued was wrong."""
    APPENDED = "appended"
    """Text is added, and none of it changed."""


SIGNING_EVENT: Final[Mapping[AmendmentKind | None, ReportEvent]] = {
    None: ReportEvent.SIGN,
    AmendmentKind.AMENDED: ReportEvent.SIGN_AMENDED,
    AmendmentKind.CORRECTED: ReportEvent.SIGN_CORRECTED,
    AmendmentKind.APPENDED: ReportEvent.SIGN_APPENDED,
}


class Report(Base):
    """The report of one request as it stands: the text being written, or the one last issued."""

    __tablename__ = "reports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(ForeignKey("diagnosis_requests.id"), unique=True)
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), index=True)
    kind: Mapped[RequestKind] = mapped_column(String(16))
    requesting_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    diagnosing_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    status: Mapped[ReportStatus] = mapped_column(String(20))
    revision: Mapped[int]
    """Counts every save: who writes over a text they have not seen is refused."""
    version: Mapped[int] = mapped_column(default=0)
    """How many versions the examining side was given."""
    findings: Mapped[str] = mapped_column(Text)
    impression: Mapped[str] = mapped_column(Text)
    critical: Mapped[bool | None]
    """Whether a physician confirmed a critical value (危急值); None: nobody has decided."""
    author_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    writer_ids: Mapped[list[str]] = mapped_column(JSON)
    """Everybody who wrote in this draft: none of them reviews it."""
    amendment: Mapped[AmendmentKind | None] = mapped_column(String(16))
    amendment_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    status_at: Mapped[datetime]


class ReportVersion(Base):
    """What the examining side was given: a signed text, or the preliminary one of an emergency.

    It never changes, but for the acknowledgement of who received it.
    """

    __tablename__ = "report_versions"
    __table_args__ = (UniqueConstraint("report_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    number: Mapped[int]
    status: Mapped[ReportStatus] = mapped_column(String(20))
    findings: Mapped[str] = mapped_column(Text)
    impression: Mapped[str] = mapped_column(Text)
    critical: Mapped[bool | None]
    amendment: Mapped[AmendmentKind | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(500))
    author_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    signer_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    signed_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


class ReportDocument(Base):
    """The printed form of a version, made as it was signed: the archived copy is this one."""

    __tablename__ = "report_documents"

    version_id: Mapped[str] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    pdf: Mapped[bytes] = mapped_column(LargeBinary)


class ReportComment(Base):
    """What a reviewer said on giving a report back."""

    __tablename__ = "report_comments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), index=True)
    by_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(String(1000))


Index("ix_reports_diagnosing", Report.diagnosing_institution_id, Report.status_at, Report.id)
Index("ix_reports_requesting", Report.requesting_institution_id, Report.status_at, Report.id)
