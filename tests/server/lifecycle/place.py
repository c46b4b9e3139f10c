"""Intake over two stores, with the services that keep and delete studies."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from pydicom.uid import generate_uid
from sqlalchemy import select

from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.objects.file_store import FileStore
from server.core.objects.port import ObjectStore
from server.core.objects.tiered import TieredStore
from server.core.settings import LifecycleSettings
from server.identity.institutions import InstitutionService
from server.identity.public import Actor, ActorKind, Role
from server.intake.models import StoredObject
from server.intake.scrub import Scrub, ScrubReport
from server.lifecycle.models import (
    DeletionStep,
)
from server.lifecycle.public import LifecycleService, Purger, Tiering
from server.studies.models import Study
from server.studies.public import visible_studies
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    COUNTY,
    ORG,
    IntakeParts,
    send,
)

SETTINGS = LifecycleSettings(recovery_days=30, cold_after_days=700)
YEARS = timedelta(days=366)


def office(name: str, institution: str = COUNTY) -> Actor:
    roles = frozenset({Role.MEDICAL_OFFICE})
    return Actor(ActorKind.PERSON, name, ORG, institution, roles, "127.0.0.1")


ONE, OTHER = office("one"), office("other")


@dataclass
class Place:
    """Intake over two stores, and the services under test."""

    parts: IntakeParts
    lifecycle: LifecycleService
    purger: Purger
    tiering: Tiering
    store: TieredStore
    derived: FileStore
    database: Database
    clock: ManualClock
    audit: AuditTrail

    @property
    def institutions(self) -> InstitutionService:
        """The institutions there are."""
        return InstitutionService(
            database=self.database, trail=self.audit, clock=self.clock, ids=CountingIds()
        )

    async def arrive(self, number: str = "A1", **changes: object) -> tuple[str, bytes]:
        """Receive a study, have it drained, and return its id and bytes."""
        own: dict[str, object] = {
            "StudyInstanceUID": generate_uid(),
            "SOPInstanceUID": generate_uid(),
            **changes,
        }
        data = ct_bytes(PatientID=number, **own)
        assert (await send(self.parts.intake, data)).verdict.kept
        while await self.parts.drain.drain_once():
            pass
        async with self.database.reading() as session:
            found = await session.scalar(
                select(Study.id).where(Study.study_instance_uid == own["StudyInstanceUID"])
            )
        assert found is not None
        return found, data

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by.total_seconds())

    async def visible(self, study_id: str) -> bool:
        """Tell whether lists and searches show a study."""
        async with self.database.reading() as session:
            query = visible_studies(ONE, self.clock.now()).where(Study.id == study_id)
            return await session.scalar(query) is not None

    async def approved(self, study_id: str) -> str:
        """Have a study's deletion asked for and approved."""
        deletion = await self.lifecycle.request_deletion(ONE, study_id, "kept long enough")
        await self.lifecycle.decide(OTHER, deletion, DeletionStep.APPROVE, "agreed")
        return deletion

    async def keys(self, store: ObjectStore) -> list[str]:
        """Return what a store holds."""
        async with aclosing(store.keys()) as keys:
            return [key async for key in keys]

    async def read(self, data: bytes) -> bytes:
        """Read an object back."""
        async with self.database.reading() as session:
            object_id = await session.scalar(
                select(StoredObject.id).where(
                    StoredObject.sha256 == hashlib.sha256(data).hexdigest()
                )
            )
        assert object_id is not None
        async with self.parts.originals.open(object_id) as blocks:
            return b"".join([block async for block in blocks])

    async def scrub(self) -> ScrubReport:
        """Scrub both stores."""
        with ThreadPoolExecutor(2) as executor:
            work = Scrub(
                spool=self.parts.spool, store=self.store, database=self.database,
                audit=self.audit, clock=self.clock, executor=executor,
            )  # fmt: skip
            return await work.run()
