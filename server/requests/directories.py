"""What a worklist shows of the capabilities above: they implement it, `app.py` injects it."""

from collections.abc import Collection, Mapping
from typing import Protocol

from sqlalchemy import Select, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.requests.models import DiagnosisRequest
from server.requests.schemas import ReportRef


class ReportDirectory(Protocol):
    """Knows the reports of requests: `reports`."""

    async def summaries(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> Mapping[str, ReportRef]:
        """Return the report of each request that has one."""
        ...

    def awaiting_review(self) -> Select[str]:
        """Return the query of the ids of the requests whose report waits for a second person."""
        ...


class ConsultDirectory(Protocol):
    """Knows the open consults of requests: `consults`."""

    async def open_consults(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> Mapping[str, str]:
        """Return the id of the open consult of each request that has one."""
        ...


class NoReports:
    """Where no reports are written."""

    async def summaries(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> Mapping[str, ReportRef]:
        """Return none."""
        del session, request_ids
        return {}

    def awaiting_review(self) -> Select[str]:
        """Return a query that finds none."""
        return select(DiagnosisRequest.id).where(false())


class NoConsults:
    """Where nobody confers."""

    async def open_consults(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> Mapping[str, str]:
        """Return none."""
        del session, request_ids
        return {}
