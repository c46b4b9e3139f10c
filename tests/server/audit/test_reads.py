"""Nobody reads a patient's data unseen; an emergency is never kept waiting for the audit."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, text

from server.audit.fallback import FILE_NAME, FallbackLog
from server.audit.models import AuditEvent, Outcome
from server.audit.reads import ReadAudit
from server.core.database import Database, UnitOfWork
from server.core.errors import Unavailable
from server.identity.public import EMERGENCY_ROLES, Actor, ActorKind, Role
from tests.server.audit.conftest import KEY, Audit

READER = Actor(ActorKind.PERSON, "p1", "demo", "i1", frozenset({Role.COUNTY_READER}), "10.0.0.9")
EMERGENCY = Actor(ActorKind.PERSON, "p2", "demo", "i1", frozenset({Role.CATH_TEAM}), "10.0.0.8")


@dataclass
class Faulty(Database):
    """A database whose writing can be taken away."""

    real: Database
    down: bool = False
    writes: int = field(default=0)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        self.writes += 1
        if self.down:
            raise Unavailable("the database is down")
        async with self.real.unit_of_work() as uow:
            yield uow


@pytest.fixture
def faulty(audit: Audit) -> Faulty:
    """The audit's database, up."""
    return Faulty(audit.database)


@pytest.fixture
def reads(audit: Audit, faulty: Faulty) -> ReadAudit:
    """The auditor of reads of one process."""
    return another_process(audit, faulty)


def another_process(audit: Audit, faulty: Faulty) -> ReadAudit:
    return ReadAudit(
        database=faulty,
        trail=audit.another_trail(),
        clock=audit.clock,
        ids=audit.ids,
        fallback=FallbackLog(audit.directory, KEY),
        emergency_roles=EMERGENCY_ROLES,
    )


async def rows(audit: Audit) -> list[AuditEvent]:
    async with audit.database.reading() as session:
        found = await session.scalars(
            select(AuditEvent).order_by(AuditEvent.at, AuditEvent.chain, AuditEvent.seq)
        )
        return list(found.all())


async def test_a_read_is_audited_once_an_hour_over_all_processes(
    audit: Audit, faulty: Faulty, reads: ReadAudit
) -> None:
    other = another_process(audit, faulty)
    for _ in range(3):
        await reads.record_read(READER, "s1")
        await other.record_read(READER, "s1")
    await other.record_read(READER, "s2")
    await other.record_read(EMERGENCY, "s1")
    audit.clock.advance(3_600)
    await reads.record_read(READER, "s1")
    found = await rows(audit)
    assert [(row.actor_id, row.object_id) for row in found] == [
        ("p1", "s1"), ("p1", "s2"), ("p2", "s1"), ("p1", "s1"),
    ]  # fmt: skip
    assert {(row.action, row.object_kind, row.outcome) for row in found} == {
        ("study.read", "study", Outcome.SUCCESS)
    }
    assert (await audit.verify()).is_intact


async def test_many_frames_at_once_write_once_and_later_ones_not_at_all(
    reads: ReadAudit, faulty: Faulty, audit: Audit
) -> None:
    await asyncio.gather(*(reads.record_read(READER, "s1") for _ in range(50)))
    await reads.record_read(READER, "s1")
    assert faulty.writes == 1
    assert len(await rows(audit)) == 1


async def test_who_gives_up_waiting_spoils_it_for_nobody(reads: ReadAudit, audit: Audit) -> None:
    first = asyncio.create_task(reads.record_read(READER, "s1"))
    second = asyncio.create_task(reads.record_read(READER, "s1"))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert len(await rows(audit)) == 1


async def test_without_the_audit_a_reader_sees_nothing(
    reads: ReadAudit, faulty: Faulty, audit: Audit
) -> None:
    faulty.down = True
    with pytest.raises(Unavailable) as refused:
        await reads.record_read(READER, "s1")
    assert refused.value.code == "audit-unavailable"
    faulty.down = False
    await reads.record_read(READER, "s1")
    assert len(await rows(audit)) == 1


@pytest.mark.parametrize("role", Role)
async def test_only_emergency_roles_read_on(
    reads: ReadAudit, faulty: Faulty, audit: Audit, role: Role
) -> None:
    faulty.down = True
    actor = Actor(ActorKind.PERSON, "p9", "demo", "i1", frozenset({role}), "10.0.0.7")
    emergencies = {"county_duty", "cath_team", "stroke_team", "emergency_doctor", "chief_on_duty"}
    if role.value in emergencies:
        await reads.record_read(actor, "s1")
        assert (audit.directory / FILE_NAME).read_bytes().count(b"\n") == 1
        return
    with pytest.raises(Unavailable):
        await reads.record_read(actor, "s1")
    assert not (audit.directory / FILE_NAME).exists()


async def test_what_the_fallback_remembers_is_imported_at_the_next_start(
    reads: ReadAudit, faulty: Faulty, audit: Audit
) -> None:
    faulty.down = True
    await reads.record_read(EMERGENCY, "s1")
    await reads.record_read(EMERGENCY, "s1")
    await reads.record_read(EMERGENCY, "s2")
    happened_at = audit.clock.now()
    assert (audit.directory / FILE_NAME).stat().st_mode & 0o777 == 0o600
    audit.clock.advance(7_200)
    faulty.down = False
    assert await another_process(audit, faulty).import_fallback() == 2
    found = await rows(audit)
    assert [(row.object_id, row.actor_id, row.source) for row in found] == [
        ("s1", "p2", "10.0.0.8"), ("s2", "p2", "10.0.0.8"),
    ]  # fmt: skip
    assert json.loads(found[0].detail) == {"late": True, "read_at": happened_at.isoformat()}
    assert list(audit.directory.iterdir()) == []
    assert await another_process(audit, faulty).import_fallback() == 0
    assert (await audit.verify()).is_intact


async def test_an_import_that_fails_is_made_up_for_without_doubles(
    reads: ReadAudit, faulty: Faulty, audit: Audit
) -> None:
    faulty.down = True
    await reads.record_read(EMERGENCY, "s1")
    with pytest.raises(Unavailable):
        await reads.import_fallback()
    await reads.record_read(EMERGENCY, "s2")
    faulty.down = False
    assert await reads.import_fallback() == 2
    assert [row.object_id for row in await rows(audit)] == ["s1", "s2"]


async def test_a_fallback_line_that_was_tampered_with_is_told(
    reads: ReadAudit, faulty: Faulty, audit: Audit
) -> None:
    faulty.down = True
    await reads.record_read(EMERGENCY, "s1")
    file = audit.directory / FILE_NAME
    forged = file.read_bytes().replace(b"s1", b"s9")
    file.write_bytes(file.read_bytes() + forged + b"torn in the mid")
    await reads.record_read(EMERGENCY, "s2")
    faulty.down = False
    assert await reads.import_fallback() == 2
    found = await rows(audit)
    assert sorted((row.action, row.object_id) for row in found if row.object_id) == [
        ("study.read", "s1"), ("study.read", "s2"),
    ]  # fmt: skip
    assert [row.action for row in found].count("audit.fallback-damaged") == 2


@pytest.mark.fault
async def test_with_neither_database_nor_disk_nobody_reads(
    audit: Audit, faulty: Faulty, tmp_path: Path
) -> None:
    faulty.down = True
    reads = ReadAudit(
        database=faulty,
        trail=audit.trail,
        clock=audit.clock,
        ids=audit.ids,
        fallback=FallbackLog(tmp_path / "gone", KEY),
        emergency_roles=EMERGENCY_ROLES,
    )
    with pytest.raises(Unavailable):
        await reads.record_read(EMERGENCY, "s1")


@pytest.mark.fault
async def test_a_real_lock_on_the_database_lets_the_emergency_through(
    database: Database, reads: ReadAudit, audit: Audit
) -> None:
    async with database.unit_of_work() as uow:
        if database.is_sqlite:
            await uow.session.execute(text("SELECT 1"))
        else:
            await uow.session.execute(text("LOCK TABLE audited_reads IN EXCLUSIVE MODE"))
        await reads.record_read(EMERGENCY, "s1")
    assert (audit.directory / FILE_NAME).exists()


async def test_pruning_keeps_the_acts(reads: ReadAudit, audit: Audit) -> None:
    await reads.record_read(READER, "s1")
    audit.clock.advance(3 * 86_400)
    await reads.prune()
    assert len(await rows(audit)) == 1
    async with audit.database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM audited_reads")) == 0
