"""Everything that stands around a report's text is gathered, and the whole is printed."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import select

from server.core.database import Database
from server.ecg_records.public import EcgDetailOut, PaperStyle, ScreeningStatus, UnreadableEcg
from server.identity.public import Actor, PersonDirectory
from server.reports.fonts import PrintingFont
from server.reports.models import Report, ReportStatus
from server.reports.printing import printed
from server.reports.sheet import EcgFacts, ReportFacts
from server.requests.public import RequestOut
from server.studies.public import Study

_log = structlog.get_logger(__name__)
_ON_A_REPORT: Final = PaperStyle(heading=False)


class RequestCases(Protocol):
    """Tells what is known of a case: `RequestService`."""

    async def one(self, actor: Actor, request_id: str) -> RequestOut:
        """Return a request within reach, or raise `NotFound`."""
        ...


class EcgPapers(Protocol):
    """Draws ECGs, and knows what the machine saw: `EcgRecordService`."""

    async def one(self, actor: Actor, ecg_id: str) -> EcgDetailOut:
        """Return an ECG with its screening."""
        ...

    async def paper(self, actor: Actor, ecg_id: str, style: PaperStyle) -> str:
        """Return its drawing as SVG, or raise `UnreadableEcg`."""
        ...


@dataclass(frozen=True)
class Issue:
    """What makes of a text a version: as what, by whom and when."""

    number: int
    status: ReportStatus
    signer_id: str | None
    """None where nobody has signed."""
    at: datetime


class Printer:
    """Prints reports; the fonts are read once."""

    def __init__(
        self,
        *,
        database: Database,
        requests: RequestCases,
        ecgs: EcgPapers,
        people: PersonDirectory,
        font: PrintingFont,
        executor: Executor,
    ) -> None:
        self._database = database
        self._requests = requests
        self._ecgs = ecgs
        self._people = people
        self._font = font
        self._executor = executor

    async def print(self, actor: Actor, report: Report, issue: Issue) -> bytes:
        """Return the text of ``report`` as the document of ``issue``.

        Raises
        ------
        Unavailable
            If the recording's bytes or the Chinese font are out of reach: try again.
        """
        facts = await self._facts(actor, report, issue)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, printed, facts, self._font)

    async def _facts(self, actor: Actor, report: Report, issue: Issue) -> ReportFacts:
        case = await self._requests.one(actor, report.request_id)
        async with self._database.reading() as session:
            accession_number = await session.scalar(
                select(Study.accession_number).where(Study.id == report.study_pk)
            )
        signer_id = issue.signer_id
        names = await self._people.refs({report.author_id, signer_id or report.author_id})
        reviewed = signer_id is not None and signer_id != report.author_id
        return ReportFacts(
            report_id=report.id,
            number=issue.number,
            status=issue.status,
            amendment=report.amendment,
            reason=report.amendment_reason,
            kind=report.kind,
            emergency=case.emergency,
            critical=bool(report.critical),
            findings=report.findings,
            impression=report.impression,
            author=names[report.author_id].display_name,
            reviewer=names[signer_id].display_name if reviewed and signer_id else None,
            submitted_at=report.status_at if report.status == ReportStatus.PRELIMINARY else None,
            signed_at=issue.at,
            patient=case.patient,
            accession_number=accession_number,
            modalities=case.modalities,
            description=case.description,
            complaint=case.complaint,
            examined_at=case.acquired_at,
            received_at=case.received_at,
            examining_zh=case.examining.name_zh,
            diagnosing_zh=case.diagnosing.name_zh,
            ecg=await self._ecg(actor, case.ecg_id) if case.ecg_id is not None else None,
        )

    async def _ecg(self, actor: Actor, ecg_id: str) -> EcgFacts:
        record = await self._ecgs.one(actor, ecg_id)
        try:
            drawing = await self._ecgs.paper(actor, ecg_id, _ON_A_REPORT)
        except UnreadableEcg as error:
            # What the reader could read is reported; the page says that the drawing is missing.
            _log.warning("an ECG cannot be drawn on its report", ecg_id=ecg_id, reason=error.detail)
            drawing = None
        if record.status != ScreeningStatus.SCREENED:
            return EcgFacts(drawing_svg=drawing, measurements={})
        screening: dict[str, Any] = record.screening or {}
        return EcgFacts(
            drawing_svg=drawing,
            measurements=screening.get("measurements", {}),
            rules_version=screening.get("rules_version"),
            hints_zh=[each.text_zh for each in record.findings],
        )
