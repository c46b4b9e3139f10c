"""A study that arrives opens a request, in the transaction that indexes it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.uids import ECG_SOP_CLASSES
from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Statement, UnitOfWork, insert_unless_there
from server.core.ids import Ids
from server.ecg_records.public import acquired_at
from server.identity.public import Actor, InstitutionRef, act_of
from server.intake.public import Arrival, Indexed
from server.realtime.public import Occurrence, publish
from server.requests.events import OPENED
from server.requests.models import (
    BACK_IN_LINE,
    DiagnosisRequest,
    RequestEvent,
    RequestKind,
    RequestStatus,
    RequestTransition,
    Risk,
    status_after,
)
from server.requests.rejections import RejectionHolds
from server.requests.steps import Steps
from server.requests.urgency import due_at, priority_of
from server.scheduling.public import ArrivedStudy, ExamArrivals, Order
from server.studies.public import ArrivedPatient, Instance, Series, Study

_OPENED_AS: Final = status_after(RequestStatus.DRAFT, RequestEvent.SUBMIT)


class CountyDirectory(Protocol):
    """Knows which county reads for an institution."""

    async def county_of(
        self, institution_id: str, within: AsyncSession | None = None
    ) -> InstitutionRef | None:
        """Return the nearest county institution above (or at) ``institution_id``."""
        ...


@dataclass(frozen=True)
class _First:
    """What the first arrivals of a study say of it."""

    kind: RequestKind
    modality: str | None
    sender: Actor
    acquired_at: datetime | None
    received_at: datetime


class RequestFollower:
    """Implements intake's `Follower`."""

    def __init__(
        self,
        *,
        counties: CountyDirectory,
        exams: ExamArrivals,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._counties = counties
        self._exams = exams
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._steps = Steps(audit=audit, clock=clock)
        self._holds = RejectionHolds(self._steps)

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        """Open a request for each study that has none, and put what was done with back in line.

        A study of which rejection notes left nothing goes back to the examining side.
        """
        firsts = _firsts([each for each in indexed if not each.hidden])
        emptied = await self._holds.emptied(uow, indexed)
        if not firsts and not emptied:
            return
        # Every row is held before the first event: who holds the turn of events waits for none.
        back = await uow.session.scalars(
            select(DiagnosisRequest)
            .where(DiagnosisRequest.study_pk.in_(firsts), DiagnosisRequest.status.in_(BACK_IN_LINE))
            .order_by(DiagnosisRequest.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        again = list(back)
        await self._open(uow, firsts)
        for request in again:
            event = BACK_IN_LINE[RequestStatus(request.status)]
            await self._steps.take(uow, request, event, None)
        await self._holds.hold(uow, emptied)

    async def restored(self, uow: UnitOfWork, study_pks: Collection[str], actor: Actor) -> None:
        """Put studies back in line that are shown again; open a request where there was none."""
        found = await uow.session.execute(
            select(Study.id, Series.modality, Instance.sop_class_uid)
            .join(Series, Series.study_pk == Study.id)
            .join(Instance, Instance.series_pk == Series.id)
            .where(
                Study.id.in_(study_pks),
                Instance.rejected_as.is_(None),
                Study.id.not_in(select(DiagnosisRequest.study_pk)),
            )
            .order_by(Instance.received_at, Instance.id)
        )
        now = self._clock.now()
        firsts: dict[str, _First] = {}
        for study_pk, modality, sop_class_uid in found:
            is_ecg = sop_class_uid in ECG_SOP_CLASSES
            if study_pk not in firsts or is_ecg:
                kind = RequestKind.ECG if is_ecg else RequestKind.IMAGING
                firsts[study_pk] = _First(kind, modality, actor, None, now)
        await self._holds.resume(uow, study_pks, actor)
        await self._open(uow, firsts)

    async def replaced(self, uow: UnitOfWork, objects: Mapping[str, str]) -> None:
        """Do nothing: it names no object."""
        del uow, objects

    def wants(self, arrival: Arrival) -> bool:
        """None in particular: a study's first instance opens its request."""
        del arrival
        return False

    def further(self, indexed: Sequence[Indexed]) -> Sequence[Statement]:
        """Return nothing: what it follows it looks at."""
        del indexed
        return ()

    def waits_for(self, study_pk: ColumnElement[str]) -> ColumnElement[bool]:
        """Return whether a study's request goes back in line when more of it comes."""
        return exists().where(
            DiagnosisRequest.study_pk == study_pk,
            or_(*(DiagnosisRequest.status == status for status in BACK_IN_LINE)),
        )

    async def _open(self, uow: UnitOfWork, firsts: dict[str, _First]) -> None:
        known = await uow.session.scalars(
            select(DiagnosisRequest.study_pk).where(DiagnosisRequest.study_pk.in_(firsts))
        )
        for study_pk in known:
            del firsts[study_pk]
        if not firsts:
            return
        found = await uow.session.execute(
            select(
                Study.id,
                Study.org,
                Study.owner_institution_id,
                Study.study_instance_uid,
                Study.accession_number,
                Study.patient_id.label("shown"),
                ArrivedPatient.patient_id.label("arrived"),
            )
            .outerjoin(ArrivedPatient, ArrivedPatient.study_pk == Study.id)
            .where(Study.id.in_(firsts))
        )
        studies = [
            ArrivedStudy(
                *row[:5],
                patient_ids=frozenset(filter(None, (row.shown, row.arrived))),
                sender=firsts[row.id].sender,
            )
            for row in found
        ]
        orders = await self._exams.arrived(uow, studies)
        rows = [
            self._row(
                study,
                await self._counties.county_of(study.institution_id, uow.session),
                firsts[study.pk],
                orders.get(study.pk),
            )
            for study in studies
        ]
        # Another process may be first where a study is older than its request.
        opened = await uow.session.scalars(
            insert_unless_there(uow.session, DiagnosisRequest)
            .values(rows)
            .returning(DiagnosisRequest.id)
        )
        new = set(opened)
        await self._tell(uow, [row for row in rows if row["id"] in new], firsts)

    def _row(
        self,
        study: ArrivedStudy,
        county: InstitutionRef | None,
        first: _First,
        order: Order | None,
    ) -> dict[str, Any]:
        risk, emergency = Risk.ROUTINE, order is not None and order.emergency
        owner = study.institution_id
        return {
            "id": self._ids.new(),
            "org": study.org,
            "study_pk": study.pk,
            "kind": first.kind,
            "modality": first.modality[:16] if first.modality else None,
            "requesting_institution_id": owner,
            "diagnosing_institution_id": county.id if county is not None else owner,
            "status": _OPENED_AS,
            "transitions": 1,
            "risk": risk,
            "emergency": emergency,
            "priority": priority_of(risk, emergency=emergency),
            "complaint": order.complaint if order is not None else None,
            "acquired_at": first.acquired_at,
            "received_at": first.received_at,
            "due_at": due_at(
                first.kind,
                first.modality,
                risk=risk,
                emergency=emergency,
                acquired_at=first.acquired_at,
                received_at=first.received_at,
            ),
        }

    async def _tell(
        self, uow: UnitOfWork, rows: Sequence[dict[str, Any]], firsts: dict[str, _First]
    ) -> None:
        if not rows:
            return
        transitions = []
        for row in rows:
            sender = firsts[row["study_pk"]].sender
            transitions.append(
                {
                    "request_id": row["id"],
                    "number": 1,
                    "at": row["received_at"],
                    "event": RequestEvent.SUBMIT,
                    "from_status": RequestStatus.DRAFT,
                    "to_status": _OPENED_AS,
                    "actor_kind": sender.kind.value,
                    "actor_id": sender.id[:64],
                    "institution_id": sender.institution_id,
                }
            )
            self._audit.record(
                uow,
                act_of(
                    sender,
                    "request.submit",
                    object_kind="request",
                    object_id=row["id"],
                    detail={"diagnosing": row["diagnosing_institution_id"]},
                ),
            )
        await uow.session.execute(insert(RequestTransition), transitions)
        await publish(
            uow,
            *(
                Occurrence(
                    org=row["org"],
                    topic=OPENED,
                    at=row["received_at"],
                    study_id=row["study_pk"],
                    payload={
                        "request_id": row["id"],
                        "study_id": row["study_pk"],
                        "status": row["status"].value,
                    },
                )
                for row in rows
            ),
        )


def _firsts(indexed: Sequence[Indexed]) -> dict[str, _First]:
    """Return what each study's first arrival says; one ECG makes the study an ECG's."""
    ecgs = {
        each.study_pk for each in indexed if each.arrival.prepared.sop_class_uid in ECG_SOP_CLASSES
    }
    firsts: dict[str, _First] = {}
    for each in indexed:
        received, prepared = each.arrival.received, each.arrival.prepared
        if each.study_pk not in firsts:
            firsts[each.study_pk] = _First(
                kind=RequestKind.ECG if each.study_pk in ecgs else RequestKind.IMAGING,
                modality=prepared.attributes.modality,
                sender=received.sender,
                acquired_at=acquired_at(prepared.attributes),
                received_at=received.received_at,
            )
    return firsts
