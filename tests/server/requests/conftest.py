"""Intake with ECGs and requests behind it, and the people who work through a list."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, false, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database
from server.ecg_records.follower import EcgFollower
from server.ecg_records.models import EcgRecord, RecordSeverity, ScreeningStatus
from server.identity.institutions import InstitutionService
from server.identity.models import Person
from server.identity.passwords import Passwords
from server.identity.people import PeopleService
from server.identity.public import Actor, ActorKind, Role
from server.intake.public import Follower
from server.realtime.models import Event
from server.requests.follower import RequestFollower
from server.requests.listing import Sought
from server.requests.models import DiagnosisRequest, RequestTransition
from server.requests.public import NoConsults, RequestService, RiskRaiser, Worklist
from server.requests.schemas import ReportRef, RequestOut, WorklistPage
from server.scheduling.public import ExamArrivals
from server.studies.public import StudyService
from tests.support.dicom_files import ecg_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    COUNTY,
    ORG,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    IntakeParts,
    create_institutions,
    running_intake,
    send,
)


def person(name: str, institution: str, role: Role) -> Actor:
    """Return somebody of an institution."""
    return Actor(ActorKind.PERSON, name, ORG, institution, frozenset({role}), "127.0.0.1")


READER = person("reader", COUNTY, Role.COUNTY_READER)
SECOND_READER = person("second-reader", COUNTY, Role.COUNTY_READER)
TECHNICIAN = person("technician", TOWNSHIP, Role.TOWNSHIP_TECHNICIAN)
STRANGER = person("stranger", OTHER_TOWNSHIP, Role.TOWNSHIP_DOCTOR)
# A reader's role at another place: the role lets in, the place does not.
READER_ELSEWHERE = person("reader-elsewhere", OTHER_TOWNSHIP, Role.COUNTY_READER)
PEOPLE = (READER, SECOND_READER, TECHNICIAN, STRANGER, READER_ELSEWHERE)


@dataclass
class Reads:
    """Remembers who read what."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    async def record_read(self, actor: Actor, study_id: str) -> None:
        """Remember it."""
        self.seen.append((actor.id, study_id))


@dataclass
class Reports:
    """The reports of the tests: `reports` has its own."""

    known: dict[str, ReportRef] = field(default_factory=dict)

    async def summaries(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> Mapping[str, ReportRef]:
        """Return those of these requests."""
        return {id_: ref for id_, ref in self.known.items() if id_ in request_ids}

    def awaiting_review(self) -> Select[str]:
        """Return the preliminary ones."""
        waiting = [id_ for id_, ref in self.known.items() if ref.status == "preliminary"]
        query = select(DiagnosisRequest.id)
        return query.where(DiagnosisRequest.id.in_(waiting) if waiting else false())


@dataclass(frozen=True)
class Room:
    """Everything about requests of one process."""

    intake: IntakeParts
    database: Database
    clock: ManualClock
    service: RequestService
    worklist: Worklist
    studies: StudyService
    risks: RiskRaiser
    reads: Reads
    reports: Reports

    async def receive(self, data: bytes, institution: str = TOWNSHIP) -> None:
        """Send one object through intake."""
        receipt = await send(self.intake.intake, data, institution)
        assert receipt.verdict.kept, receipt

    async def request(self, data: bytes | None = None) -> str:
        """Send an ECG, or what is given, and return the id of the request it opened."""
        known = {each.id for each in await self.requests()}
        await self.receive(data or ecg_bytes())
        (new,) = [each.id for each in await self.requests() if each.id not in known]
        return new

    async def requests(self) -> list[DiagnosisRequest]:
        """Return all requests, the oldest first."""
        async with self.database.reading() as session:
            query = select(DiagnosisRequest).order_by(DiagnosisRequest.id)
            return list(await session.scalars(query))

    async def of(self, request_id: str) -> DiagnosisRequest:
        """Return one request."""
        async with self.database.reading() as session:
            return await session.get_one(DiagnosisRequest, request_id)

    async def steps(self, request_id: str) -> list[RequestTransition]:
        """Return a request's transitions in order."""
        async with self.database.reading() as session:
            query = select(RequestTransition).where(RequestTransition.request_id == request_id)
            return list(await session.scalars(query.order_by(RequestTransition.number)))

    async def topics(self) -> list[str]:
        """Return the topics of all events about requests, in order."""
        async with self.database.reading() as session:
            topics = await session.scalars(select(Event.topic).order_by(Event.id))
            return [each for each in topics if each.startswith(("request.", "alarm."))]

    async def audited(self) -> list[AuditEvent]:
        """Return the audited acts on requests, in order."""
        async with self.database.reading() as session:
            query = select(AuditEvent).where(AuditEvent.object_kind == "request")
            return list(await session.scalars(query.order_by(AuditEvent.chain, AuditEvent.seq)))

    async def screened(self, request_id: str, severity: RecordSeverity | None) -> None:
        """Let the machine judge a request's ECG, as the screener's transaction does."""
        request = await self.of(request_id)
        status = ScreeningStatus.SCREENED if severity else ScreeningStatus.FAILED
        async with self.database.unit_of_work() as uow:
            await uow.session.execute(
                update(EcgRecord)
                .where(EcgRecord.study_pk == request.study_pk)
                .values(status=status, severity=severity)
            )
            await self.risks.screened(uow, request.study_pk, status, severity)
            await uow.commit()

    async def shown(self, request_id: str, actor: Actor = READER) -> RequestOut:
        """Return one request as people see it."""
        return await self.worklist.one(actor, request_id)

    async def page(self, actor: Actor = READER, **sought: Any) -> WorklistPage:
        """Return the first page of what somebody looks for."""
        return await self.worklist.page(actor, Sought(**sought), limit=200, after=None)

    async def ids(self, actor: Actor = READER, **sought: Any) -> list[str]:
        """Return the ids of the first page of what somebody looks for."""
        return [item.id for item in (await self.page(actor, **sought)).items]


@pytest.fixture
async def room(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> AsyncIterator[Room]:
    """The requests of a running intake."""
    await create_institutions(database, clock)
    await _create_people(database, clock)
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="web")
    institutions = InstitutionService(database=database, trail=audit, clock=clock, ids=ids)
    followers: list[Follower] = [
        RequestFollower(
            counties=institutions,
            exams=ExamArrivals(audit=audit, clock=clock),
            audit=audit,
            clock=clock,
            ids=ids,
        ),
        EcgFollower(screening=True, ids=ids),
    ]
    studies = StudyService(database, institutions, clock)
    reads, reports = Reads(), Reports()
    async with running_intake(
        database, tmp_path, clock, ids, followers=followers, counties=institutions
    ) as intake:
        yield Room(
            intake=intake,
            database=database,
            clock=clock,
            service=RequestService(database=database, studies=studies, audit=audit, clock=clock),
            worklist=Worklist(
                database=database,
                studies=studies,
                institutions=institutions,
                people=PeopleService(
                    database=database, trail=audit, clock=clock, ids=ids, passwords=Passwords()
                ),
                reads=reads,
                reports=reports,
                consults=NoConsults(),
                clock=clock,
            ),
            studies=studies,
            risks=RiskRaiser(audit=audit, clock=clock),
            reads=reads,
            reports=reports,
        )


async def _create_people(database: Database, clock: ManualClock) -> None:
    async with database.unit_of_work() as uow:
        for each in PEOPLE:
            await uow.session.execute(
                insert(Person).values(
                    id=each.id, institution_id=each.institution_id, login=each.id,
                    display_name=f"{each.id} 医师", created_at=clock.now(),
                )
            )  # fmt: skip
        await uow.commit()


async def at_once(*acts: Awaitable[None]) -> list[BaseException | None]:
    """Do things at the same time; return how each ended."""
    return list(await asyncio.gather(*acts, return_exceptions=True))
