"""Worklists: what waits for an institution, the most urgent first, and one request as shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound
from server.ecg_records.public import EcgRecord, ScreeningStatus, findings_out
from server.identity.public import Actor, InstitutionDirectory, PersonDirectory
from server.requests.directories import ConsultDirectory, ReportDirectory
from server.requests.listing import (
    Place,
    Sought,
    View,
    ordered,
    place_of,
    study_carries,
)
from server.requests.models import (
    CLAIMED,
    CLOSED,
    WAITING,
    DiagnosisRequest,
    RequestKind,
    RequestStatus,
    Risk,
)
from server.requests.risk import risk_of
from server.requests.schemas import RequestOut, RiskCounts, WorklistPage
from server.requests.urgency import is_ringing, rings
from server.scheduling.public import ended_studies
from server.studies.public import Study, StudyService

# Where its device does not say so, a study is complete when nothing more of it came for so long.
_SILENT_FOR: Final = timedelta(seconds=60)


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


class Worklist:
    """Shows requests; what is done to them is `RequestService`'s."""

    def __init__(
        self,
        *,
        database: Database,
        studies: StudyService,
        institutions: InstitutionDirectory,
        people: PersonDirectory,
        reads: ReadAudit,
        reports: ReportDirectory,
        consults: ConsultDirectory,
        clock: Clock,
    ) -> None:
        self._database = database
        self._studies = studies
        self._institutions = institutions
        self._people = people
        self._reads = reads
        self._reports = reports
        self._consults = consults
        self._clock = clock

    async def page(
        self, actor: Actor, sought: Sought, *, limit: int, after: Place | None
    ) -> WorklistPage:
        """Return the requests behind a place, and how many the view has of each risk."""
        within = self._within(actor, sought)
        query = ordered(select(DiagnosisRequest).where(*within), sought, after)
        if sought.risk is not None:
            query = query.where(DiagnosisRequest.risk == sought.risk)
        async with self._database.reading() as session:
            found = list(await session.scalars(query.limit(limit + 1)))
            requests = found[:limit]
            items = await self._out(session, requests)
            counts = await session.execute(
                select(DiagnosisRequest.risk, func.count())
                .where(*within)
                .group_by(DiagnosisRequest.risk)
            )
            counted = {str(risk): count for risk, count in counts}
        more = len(found) > limit
        return WorklistPage(
            items=items,
            next=place_of(requests[-1], sought).encode() if more else None,
            counts=RiskCounts(**counted),
        )

    async def one(self, actor: Actor, request_id: str) -> RequestOut:
        """Return one request; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none whose study ``actor`` may see.
        """
        async with self._database.reading() as session:
            found = await session.scalar(
                select(DiagnosisRequest).where(
                    DiagnosisRequest.id == request_id,
                    DiagnosisRequest.study_pk.in_(self._studies.visible_to(actor)),
                )
            )
            if found is None:
                raise NotFound("there is no such request")
            (shown,) = await self._out(session, [found])
        await self._reads.record_read(actor, found.study_pk)
        return shown

    def _within(self, actor: Actor, sought: Sought) -> list[ColumnElement[bool]]:
        """Return the conditions of scope and search, without the risk."""
        seen = self._studies.visible_to(actor).where(Study.id == DiagnosisRequest.study_pk)
        conditions = [
            seen.correlate(DiagnosisRequest).exists(),
            DiagnosisRequest.org == actor.org,
            or_(
                DiagnosisRequest.diagnosing_institution_id == actor.institution_id,
                DiagnosisRequest.requesting_institution_id == actor.institution_id,
            ),
            *self._in_view(actor, sought.view),
        ]
        if sought.ringing:
            conditions.append(rings(self._clock.now()))
        if sought.kind is not None:
            conditions.append(DiagnosisRequest.kind == sought.kind)
        if sought.institution_id is not None:
            conditions.append(DiagnosisRequest.requesting_institution_id == sought.institution_id)
        if sought.text is not None and (text := sought.text.strip()):
            conditions.append(study_carries(text))
        return conditions

    def _in_view(self, actor: Actor, view: View) -> list[ColumnElement[bool]]:
        status = DiagnosisRequest.status
        match view:
            case View.OPEN:
                return [status.in_(WAITING)]
            case View.MINE:
                return [status.in_(CLAIMED), DiagnosisRequest.claimed_by == actor.id]
            case View.REVIEW:
                # Its reader may have given the case back to all after submitting.
                return [
                    status.in_(WAITING),
                    DiagnosisRequest.id.in_(self._reports.awaiting_review()),
                ]
            case View.RETURNED:
                return [status == RequestStatus.ON_HOLD]
            case View.DONE:
                return [status.in_(CLOSED)]

    async def _out(
        self, session: AsyncSession, requests: Sequence[DiagnosisRequest]
    ) -> list[RequestOut]:
        if not requests:
            return []
        now = self._clock.now()
        study_pks = [each.study_pk for each in requests]
        ids = [each.id for each in requests]
        studies = await self._studies.summaries(session, study_pks)
        last_received = await _last_received(session, study_pks)
        ended = await ended_studies(session, study_pks)
        ecgs = await _ecgs(session, study_pks, self._studies.hidden_instances())
        reports = await self._reports.summaries(session, ids)
        consults = await self._consults.open_consults(session, ids)
        institutions = await self._institutions.refs(
            {each.requesting_institution_id for each in requests}
            | {each.diagnosing_institution_id for each in requests},
            session,
        )
        people = await self._people.refs(
            {each.claimed_by for each in requests if each.claimed_by}, session
        )
        items = []
        for each in requests:
            study, ecg = studies[each.study_pk], ecgs.get(each.study_pk)
            items.append(
                RequestOut(
                    id=each.id,
                    kind=RequestKind(each.kind),
                    status=RequestStatus(each.status),
                    risk=Risk(each.risk),
                    ringing=is_ringing(each, now),
                    emergency=each.emergency,
                    complaint=each.complaint,
                    study_id=study.id,
                    study_instance_uid=study.study_instance_uid,
                    ecg_id=ecg.id if ecg is not None else None,
                    patient=study.patient,
                    modalities=study.modalities,
                    description=study.description,
                    examining=institutions[each.requesting_institution_id],
                    diagnosing=institutions[each.diagnosing_institution_id],
                    hints=findings_out(ecg.findings if ecg is not None else None),
                    changes=findings_out(ecg.changes if ecg is not None else None),
                    screening_status=ScreeningStatus(ecg.status) if ecg is not None else None,
                    images_complete=each.kind == RequestKind.ECG
                    or each.study_pk in ended
                    or last_received[each.study_pk] + _SILENT_FOR <= now,
                    acquired_at=each.acquired_at or (ecg.acquired_at if ecg is not None else None),
                    received_at=each.received_at,
                    due_at=each.due_at,
                    claimed_by=people.get(each.claimed_by) if each.claimed_by else None,
                    claimed_at=each.claimed_at,
                    opened_at=each.opened_at,
                    closed_at=each.closed_at,
                    return_reason=each.return_reason,
                    return_comment=each.return_comment,
                    preview=study.preview,
                    series_count=study.series_count,
                    instance_count=study.instance_count,
                    report=reports.get(each.id),
                    consult_id=consults.get(each.id),
                )
            )
        return items


async def _last_received(session: AsyncSession, study_pks: Sequence[str]) -> Mapping[str, datetime]:
    found = await session.execute(
        select(Study.id, Study.last_received_at).where(Study.id.in_(study_pks))
    )
    return {row.id: row.last_received_at for row in found}


async def _ecgs(
    session: AsyncSession, study_pks: Sequence[str], hidden: Select[str]
) -> Mapping[str, EcgRecord]:
    """Return for each study that has ECGs the worst, and of those the newest."""
    found = await session.scalars(
        select(EcgRecord).where(
            EcgRecord.study_pk.in_(study_pks), EcgRecord.instance_pk.not_in(hidden)
        )
    )

    def order(record: EcgRecord) -> tuple[Any, ...]:
        return (-risk_of(record.status, record.severity).rank, record.received_at, record.id)

    worst: dict[str, EcgRecord] = {}
    for record in found:
        known = worst.get(record.study_pk)
        if known is None or order(record) > order(known):
            worst[record.study_pk] = record
    return worst
