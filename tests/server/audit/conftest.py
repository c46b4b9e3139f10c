"""An audit trail over one database and a folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from server.audit.anchors import Anchors
from server.audit.chain import AuditRecord, AuditTrail
from server.audit.verify import AuditReport, Damage, verify
from server.core.database import Database
from tests.support.fakes import CountingIds, ManualClock

KEY = b"k" * 32


@dataclass(frozen=True)
class Audit:
    """What a process needs to audit, and the means to verify it."""

    database: Database
    clock: ManualClock
    ids: CountingIds
    directory: Path
    trail: AuditTrail
    anchors: Anchors

    async def record(self, *records: AuditRecord, trail: AuditTrail | None = None) -> None:
        """Commit acts in one transaction."""
        async with self.database.unit_of_work() as uow:
            for record in records:
                (trail or self.trail).record(uow, record)
            await uow.commit()

    def another_trail(self) -> AuditTrail:
        """Return the trail of another process."""
        return AuditTrail(key=KEY, clock=self.clock, ids=self.ids, role="node")

    def new_anchors(self) -> Anchors:
        """Return the anchors of another process."""
        return Anchors(
            database=self.database, key=KEY, clock=self.clock, directory=self.directory, every_s=300
        )

    async def verify(self) -> AuditReport:
        """Verify everything."""
        return await verify(self.database, KEY, self.directory)

    async def damage(self) -> set[Damage]:
        """Verify everything and return the kinds of damage found."""
        return {finding.damage for finding in (await self.verify()).findings}


@pytest.fixture
def audit(database: Database, clock: ManualClock, ids: CountingIds, tmp_path: Path) -> Audit:
    """The audit of one web process."""
    directory = tmp_path / "anchors"
    directory.mkdir()
    return Audit(
        database=database,
        clock=clock,
        ids=ids,
        directory=directory,
        trail=AuditTrail(key=KEY, clock=clock, ids=ids, role="web"),
        anchors=Anchors(database=database, key=KEY, clock=clock, directory=directory, every_s=300),
    )
