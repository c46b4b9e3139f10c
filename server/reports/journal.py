"""Every act on a report: its audit row and its event, in the transaction that does it."""

from typing import Final

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.identity.public import Actor, act_of
from server.realtime.public import Occurrence, publish
from server.reports.models import Report

CHANGED: Final = "report.changed"
ISSUED: Final = "report.issued"
"""The examining side has something new to read and print."""


class ReportJournal:
    """Tells the audit and everybody who listens."""

    def __init__(self, *, audit: AuditTrail, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def write(
        self,
        uow: UnitOfWork,
        actor: Actor,
        action: str,
        report: Report,
        *,
        topic: str | None,
        **detail: str,
    ) -> None:
        """Record an act and publish it under ``topic``; last, just before the commit."""
        await uow.session.flush()
        record = act_of(
            actor,
            action,
            object_kind="report",
            object_id=report.id,
            detail={
                "request_id": report.request_id,
                "status": str(report.status),
                "revision": report.revision,
                "version": report.version,
                **detail,
            },
        )
        self._audit.record(uow, record)
        if topic is None:
            return
        occurrence = Occurrence(
            org=report.org,
            topic=topic,
            at=self._clock.now(),
            study_id=report.study_pk,
            payload={
                "report_id": report.id,
                "request_id": report.request_id,
                "study_id": report.study_pk,
                "status": str(report.status),
                "version": report.version,
            },
        )
        await publish(uow, occurrence)
