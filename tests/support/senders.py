"""Who sends in tests, and intake as one process has it."""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.ids import Ids
from server.core.objects.file_store import FileStore
from server.core.objects.port import ObjectStore
from server.identity.models import Institution, Level, Ownership
from server.identity.public import Actor, ActorKind, InstitutionRef
from server.intake.commit import Committer
from server.intake.drain import Drain
from server.intake.originals import Originals
from server.intake.public import Converter, Follower, Receipt, Refusal
from server.intake.service import IntakeLimits, IntakeService
from server.intake.spool import Spool
from server.patients.public import PatientService
from server.studies.index import CountyDirectory
from server.studies.public import StudyIndex

ORG = "qinghe"
TOWNSHIP, OTHER_TOWNSHIP, COUNTY = "township1", "township2", "county"
NAMES = {
    COUNTY: ("青禾县人民医院", "Qinghe County Hospital", Level.COUNTY, None),
    TOWNSHIP: ("马渡镇卫生院", "Madu Township Hospital", Level.TOWNSHIP, COUNTY),
    OTHER_TOWNSHIP: ("石桥镇卫生院", "Shiqiao Township Hospital", Level.TOWNSHIP, COUNTY),
}


def device(institution_id: str = TOWNSHIP) -> Actor:
    """Return a registered device of an institution."""
    return Actor(
        kind=ActorKind.DEVICE,
        id=f"device-{institution_id}",
        org=ORG,
        institution_id=institution_id,
        roles=frozenset(),
        source=f"{institution_id.upper()}@127.0.0.1",
    )


async def create_institutions(database: Database, clock: Clock) -> None:
    """Make a county and its two townships."""
    async with database.unit_of_work() as uow:
        for code, (zh, en, level, parent) in NAMES.items():
            await uow.session.execute(
                insert(Institution).values(
                    id=code, org=ORG, code=code, parent_id=parent, name_zh=zh, name_en=en,
                    level=level, ownership=Ownership.PUBLIC, created_at=clock.now(),
                )
            )  # fmt: skip
        await uow.commit()


class Counties:
    """Every township's exams are read by the one county."""

    async def county_of(
        self, institution_id: str, within: AsyncSession | None = None
    ) -> InstitutionRef | None:
        """Return the county."""
        return InstitutionRef(COUNTY, *NAMES[COUNTY][:2])


async def send(intake: IntakeService, data: bytes, institution: str = TOWNSHIP) -> Receipt:
    """Send one object as a device of an institution would, in pieces."""
    incoming = intake.begin(device(institution))
    for start in range(0, len(data), 10_000):
        incoming.write(data[start : start + 10_000])
    return await incoming.finish()


class NoConverter:
    """Takes DICOM alone."""

    async def convert(self, path: Path, into: Path) -> Refusal:
        """Refuse it."""
        return Refusal("unknown-format", "nothing is converted here")


@dataclass(frozen=True)
class IntakeParts:
    """Intake with everything below it, for one process."""

    intake: IntakeService
    spool: Spool
    store: ObjectStore
    drain: Drain
    originals: Originals
    database: Database


@asynccontextmanager
async def running_intake(
    database: Database,
    root: Path,
    clock: Clock,
    ids: Ids,
    *,
    store: ObjectStore | None = None,
    max_object_bytes: int = 1 << 30,
    max_quarantine_bytes: int = 1 << 30,
    min_free_bytes: int = 1,
    followers: Sequence[Follower] = (),
    counties: CountyDirectory | None = None,
    converter: Converter | None = None,
) -> AsyncIterator[IntakeParts]:
    """Run intake over a real database and store."""
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="test")
    index = StudyIndex(
        patients=PatientService(clock, ids), counties=counties or Counties(), audit=audit, ids=ids,
        followers=followers,
    )  # fmt: skip
    with ThreadPoolExecutor(4) as executor:
        spool = Spool(root / "spool", min_free_bytes=min_free_bytes, ids=ids, executor=executor)
        spool.open()
        kept = store or FileStore(root / "objects", executor=executor)
        await kept.open()
        committer = Committer(
            database, index, audit, ids, max_quarantine_bytes=max_quarantine_bytes
        )
        committer.start()
        parts = IntakeParts(
            intake=IntakeService(
                spool=spool,
                committer=committer,
                database=database,
                executor=executor,
                clock=clock,
                ids=ids,
                limits=IntakeLimits(max_object_bytes, max_quarantine_bytes),
                converter=converter or NoConverter(),
            ),
            spool=spool,
            store=kept,
            drain=Drain(
                spool=spool, store=kept, database=database, clock=clock, executor=executor,
                lock_path=root / "spool" / "drain.lock",
            ),
            originals=Originals(
                spool=spool, store=kept, database=database, clock=clock, executor=executor,
            ),
            database=database,
        )  # fmt: skip
        try:
            yield parts
        finally:
            await committer.close()
            await kept.close()
            spool.close()
