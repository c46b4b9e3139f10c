"""Intake with the ECG capability behind it, as one worker process has it."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from server.audit.public import AuditTrail
from server.core.database import Database
from server.ecg_records.conversion import EcgConverter
from server.ecg_records.follower import EcgFollower
from server.ecg_records.models import EcgRecord
from server.ecg_records.reception import EcgReception
from server.ecg_records.screening import Screener
from server.ecg_records.service import EcgRecordService
from server.ecg_records.workbench import EcgWorkbench, WorkLimits
from server.identity.public import Actor, InstitutionRef
from server.intake.public import Receipt
from server.requests.public import RiskRaiser
from server.studies.public import StudyService
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    NAMES,
    TOWNSHIP,
    IntakeParts,
    create_institutions,
    running_intake,
    send,
)

LIMITS = WorkLimits(memory_bytes=1 << 30, cpu_s=20, wall_s=60)


class Names:
    """The institutions of the tests, by id."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, InstitutionRef]:
        """Return those of ``ids`` that exist."""
        return {id_: InstitutionRef(id_, *NAMES[id_][:2]) for id_ in ids if id_ in NAMES}


@dataclass
class Reads:
    """Remembers who read what."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    async def record_read(self, actor: Actor, study_id: str) -> None:
        """Remember it."""
        self.seen.append((actor.id, study_id))


@dataclass(frozen=True)
class Room:
    """Everything about ECGs of one process."""

    intake: IntakeParts
    database: Database
    screener: Screener
    service: EcgRecordService
    reception: EcgReception
    reads: Reads

    async def receive(self, data: bytes, institution: str = TOWNSHIP) -> Receipt:
        """Send one object through intake."""
        return await send(self.intake.intake, data, institution)

    async def records(self) -> list[EcgRecord]:
        """Return all records, the oldest first, with their screenings."""
        async with self.database.reading() as session:
            query = select(EcgRecord).options(undefer(EcgRecord.screening)).order_by(EcgRecord.id)
            return list(await session.scalars(query))


@pytest.fixture
async def bench() -> AsyncIterator[EcgWorkbench]:
    """One worker process with ordinary limits."""
    opened = EcgWorkbench(workers=1, limits=LIMITS)
    yield opened
    await opened.close()


@pytest.fixture
async def room(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds, bench: EcgWorkbench
) -> AsyncIterator[Room]:
    """The ECG capability behind a running intake."""
    await create_institutions(database, clock)
    follower = EcgFollower(screening=True, ids=ids)
    async with running_intake(
        database, tmp_path, clock, ids, followers=[follower], converter=EcgConverter(bench)
    ) as intake:
        audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="worker")
        reads = Reads()
        yield Room(
            intake=intake,
            database=database,
            screener=Screener(
                database=database,
                originals=intake.originals,
                bench=bench,
                studies=StudyService(database, Names(), clock),
                audit=audit,
                clock=clock,
                sequel=RiskRaiser(audit=audit, clock=clock),
            ),
            service=EcgRecordService(
                database=database,
                studies=StudyService(database, Names(), clock),
                reads=reads,
                originals=intake.originals,
                bench=bench,
            ),
            reads=reads,
            reception=EcgReception(intake=intake.intake, database=database, audit=audit),
        )
