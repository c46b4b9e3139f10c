"""A report's document: the archived bytes of a version, or a preview of what is under way."""

import hashlib
from typing import Protocol

from sqlalchemy import select

from server.core.database import Database
from server.core.errors import NotFound, Unavailable
from server.identity.public import Actor
from server.reports.issuing import Issue, Printer
from server.reports.models import UNDER_WAY, Report, ReportDocument, ReportStatus, ReportVersion
from server.reports.views import ReportViews, writes_there


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


class ReportDocuments:
    """Gives documents to who may see the report."""

    def __init__(
        self, *, database: Database, views: ReportViews, printer: Printer, reads: ReadAudit
    ) -> None:
        self._database = database
        self._views = views
        self._printer = printer
        self._reads = reads

    async def document(self, actor: Actor, report_id: str, number: int | None) -> bytes:
        """Return the PDF of version ``number``, None for the latest; that it was read is recorded.

        The diagnosing side gets a watermarked preview while nothing was issued.

        Raises
        ------
        NotFound
            If no such report is within reach, or it has no such version.
        Unavailable
            If the archived bytes are not those that were signed, or a preview cannot be printed.
        """
        report, ref = await self._views.of_id(actor, report_id)
        await self._reads.record_read(actor, report.study_pk)
        if number is None and not report.version and writes_there(actor, ref):
            return await self._preview(actor, report)
        return await self._archived(report, number or report.version)

    async def _archived(self, report: Report, number: int) -> bytes:
        async with self._database.reading() as session:
            found = (
                await session.execute(
                    select(ReportDocument.pdf, ReportDocument.sha256)
                    .join(ReportVersion, ReportVersion.id == ReportDocument.version_id)
                    .where(ReportVersion.report_id == report.id, ReportVersion.number == number)
                )
            ).one_or_none()
        if found is None:
            raise NotFound("the report has no such version")
        if hashlib.sha256(found.pdf).hexdigest() != found.sha256:
            raise Unavailable(
                "the archived document is damaged; tell the operator", code="document-damaged"
            )
        return bytes(found.pdf)

    async def _preview(self, actor: Actor, report: Report) -> bytes:
        if report.status not in UNDER_WAY:
            raise NotFound("there is nothing to print")
        issue = Issue(
            number=report.version + 1,
            status=ReportStatus.PRELIMINARY,
            signer_id=None,
            at=report.updated_at,
        )
        return await self._printer.print(actor, report, issue)
