"""A screening raises its request's risk, in the transaction that stores it; never lowers it."""

from typing import Final

from sqlalchemy import select

from server.audit.public import AuditRecord, AuditTrail
from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.ecg_records.public import RecordSeverity, ScreeningStatus
from server.realtime.public import publish
from server.requests.events import ALARM_RAISED, CHANGED, occurrence
from server.requests.models import DiagnosisRequest, RequestEvent, RequestStatus, Risk
from server.requests.steps import Steps
from server.requests.urgency import is_alarm, weigh

_RISKS: Final = {
    RecordSeverity.RED: Risk.RED,
    RecordSeverity.ORANGE: Risk.ORANGE,
    RecordSeverity.UNINTERPRETABLE: Risk.UNINTERPRETABLE,
    RecordSeverity.ROUTINE: Risk.ROUTINE,
    RecordSeverity.NORMAL: Risk.ROUTINE,
}


def risk_of(status: ScreeningStatus, severity: RecordSeverity | None) -> Risk:
    """Return what a screening says of the risk; what could not be screened is not harmless."""
    if severity is not None:
        return _RISKS[severity]
    return Risk.UNINTERPRETABLE if status == ScreeningStatus.FAILED else Risk.ROUTINE


class RiskRaiser:
    """Implements the screener's `ScreeningSequel`."""

    def __init__(self, *, audit: AuditTrail, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._steps = Steps(audit=audit, clock=clock)

    async def screened(
        self,
        uow: UnitOfWork,
        study_pk: str,
        status: ScreeningStatus,
        severity: RecordSeverity | None,
    ) -> None:
        """Raise the study's request to what the machine saw, and ring where that is red."""
        risk = risk_of(status, severity)
        request = await uow.session.scalar(
            select(DiagnosisRequest).where(DiagnosisRequest.study_pk == study_pk).with_for_update()
        )
        if request is None:
            return
        if risk.rank < Risk(request.risk).rank:
            await self._raise(uow, request, risk)
        if risk is Risk.RED and request.status == RequestStatus.COMPLETED:
            # It was signed while the machine still looked: a red one is never silent.
            await self._steps.take(uow, request, RequestEvent.RECALL, None)

    async def _raise(self, uow: UnitOfWork, request: DiagnosisRequest, risk: Risk) -> None:
        before, now = Risk(request.risk), self._clock.now()
        request.risk = risk
        weigh(request)
        await uow.session.flush()
        self._audit.record(
            uow,
            AuditRecord(
                action="request.raise-risk",
                org=request.org,
                object_kind="request",
                object_id=request.id,
                detail={"from": before.value, "to": risk.value},
            ),
        )
        topics = [CHANGED]
        if is_alarm(RequestStatus(request.status), risk):
            topics.append(ALARM_RAISED)
        await publish(uow, *(occurrence(topic, request, now) for topic in topics))
