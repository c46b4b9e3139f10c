"""What is rejected while it arrives, and arrives while that is taken back, on PostgreSQL.

SQLite has one writer: there, one of the two is always first.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, select

from dicom.rejection import RejectionReason
from server.audit.public import AuditTrail
from server.core.database import Database, Statement, UnitOfWork
from server.identity.institutions import InstitutionService
from server.identity.public import Actor, ActorKind, Role
from server.intake.public import Arrival, Indexed, Verdict
from server.studies.models import Instance, Rejection, Study
from server.studies.public import RejectionService, StudyService
from tests.support.dicom_files import ct_series, rejection_note
from tests.support.fakes import CountingIds, ManualClock
from tests.support.gate import Gate
from tests.support.senders import ORG, TOWNSHIP, create_institutions, running_intake, send

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class GateKeeper(Gate):
    """A follower at whose gate intake and revocation wait."""

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        del uow, indexed
        await self.wait()

    async def restored(self, uow: UnitOfWork, study_pks: Collection[str], actor: Actor) -> None:
        del uow, study_pks, actor
        await self.wait()

    async def replaced(self, uow: UnitOfWork, objects: Mapping[str, str]) -> None:
        del uow, objects

    def wants(self, arrival: Arrival) -> bool:
        del arrival
        return False

    def further(self, indexed: Sequence[Indexed]) -> Sequence[Statement]:
        del indexed
        return ()

    def waits_for(self, study_pk: ColumnElement[str]) -> None:
        del study_pk


async def shown(database: Database, sop_number: int) -> tuple[RejectionReason | None, int]:
    """Return why an instance is hidden, and how many its study counts."""
    async with database.reading() as session:
        reason = select(Instance.rejected_as).where(Instance.instance_number == sop_number)
        count = (await session.scalars(select(Study.instance_count))).one()
        return (await session.scalars(reason.where(Instance.rows.is_not(None)))).one(), count


@pytest.mark.parametrize("met", [True, False], ids=["without a look", "by looking"])
async def test_what_arrives_while_it_is_rejected_is_hidden(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds, met: bool
) -> None:
    await create_institutions(database, clock)
    first, second = ct_series(2)
    gate = GateKeeper()
    async with (
        running_intake(database, tmp_path / "a", clock, ids, followers=[gate]) as one,
        running_intake(database, tmp_path / "b", clock, ids) as other,
    ):
        await send((other if met else one).intake, first)
        gate.is_shut = True
        rejecting = asyncio.create_task(send(one.intake, rejection_note(second)))
        await gate.reached.wait()
        arriving = asyncio.create_task(send(other.intake, second))
        await gate.open_behind(arriving, database)
        verdicts = [(await each).verdict for each in (rejecting, arriving)]
    assert verdicts == [Verdict.STORED, Verdict.STORED]
    assert await shown(database, 2) == (RejectionReason.QUALITY, 1)


async def test_what_arrives_while_its_rejection_is_taken_back_is_shown(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> None:
    await create_institutions(database, clock)
    first, second = ct_series(2)
    gate = GateKeeper()
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="test")
    institutions = InstitutionService(database=database, trail=audit, clock=clock, ids=ids)
    rejections = RejectionService(
        database=database,
        studies=StudyService(database, institutions, clock),
        institutions=institutions,
        follower=gate,
        audit=audit,
        clock=clock,
    )
    admin = Actor(
        ActorKind.PERSON, "admin", ORG, TOWNSHIP, frozenset({Role.SYSTEM_ADMINISTRATOR}), "here"
    )
    async with running_intake(database, tmp_path, clock, ids) as parts:
        await send(parts.intake, first)
        await send(parts.intake, rejection_note(second))
        async with database.reading() as session:
            rejection = (await session.scalars(select(Rejection.id))).one()
        gate.is_shut = True
        revoking = asyncio.create_task(rejections.revoke(admin, rejection))
        await gate.reached.wait()
        arriving = asyncio.create_task(send(parts.intake, second))
        await gate.open_behind(arriving, database)
        await revoking
        assert (await arriving).verdict is Verdict.STORED
    assert await shown(database, 2) == (None, 2)
