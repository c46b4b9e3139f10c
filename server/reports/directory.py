"""What worklists show of reports."""

from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.reports.models import Report, ReportStatus
from server.requests.public import ReportRef


class RequestReports:
    """Implements requests' `ReportDirectory`."""

    async def summaries(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> dict[str, ReportRef]:
        """Return the report of each request that has one."""
        found = await session.execute(
            select(Report.request_id, Report.id, Report.status).where(
                Report.request_id.in_(request_ids)
            )
        )
        return {row.request_id: ReportRef(id=row.id, status=row.status) for row in found}

    def awaiting_review(self) -> Select[str]:
        """Return the query of the ids of the requests whose report waits for a second person."""
        return select(Report.request_id).where(Report.status == ReportStatus.PRELIMINARY)
