"""Moving old studies' objects to the cold store, and back when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, or_, select, update

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.objects.errors import ObjectStoreError
from server.core.objects.tiered import TieredStore
from server.core.settings import LifecycleSettings
from server.identity.public import Actor, act_of
from server.intake.public import Location, StoredObject, object_key
from server.lifecycle.rounds import Failures
from server.studies.public import Instance, Series, Study

_log = structlog.get_logger(__name__)
_STUDIES_A_ROUND: Final = 50


@dataclass(frozen=True)
class _Moved:
    org: str
    sha256: str
    size: int


class Tiering:
    """Moves studies between the stores."""

    def __init__(
        self,
        *,
        database: Database,
        store: TieredStore | None,
        audit: AuditTrail,
        clock: Clock,
        settings: LifecycleSettings,
    ) -> None:
        """Make it; without a cold store it has nothing to do."""
        self._database = database
        self._store = store
        self._audit = audit
        self._clock = clock
        self._settings = settings

    async def run(self) -> int:
        """Move what is due, both ways, and return how many studies.

        Raises
        ------
        ObjectStoreError
            The first that befell a study, once the others are moved: it is read from where it was
            and waits for the next round.
        """
        if self._store is None:
            return 0
        moved = 0
        failures = Failures("moving a study")
        for is_due, to_cold in ((self._is_recalled(), False), (self._is_old(), True)):
            for study_id, org in await self._due(is_due):
                if failures.is_store_down:
                    break
                try:
                    moved += await self._move(self._store, study_id, org, to_cold=to_cold)
                except ObjectStoreError as error:
                    failures.note(error, study_id=study_id)
        failures.tell()
        return moved

    async def recall(self, actor: Actor, study_id: str) -> None:
        """Have a study's objects moved back to the first store in the next round."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(Study).where(Study.id == study_id).values(recalled_at=self._clock.now())
            )
            self._audit.record(
                uow, act_of(actor, "study.recall", object_kind="study", object_id=study_id)
            )
            await uow.commit()

    def _is_old(self) -> ColumnElement[bool]:
        before = self._clock.now() - timedelta(days=self._settings.cold_after_days)
        return (
            (Study.last_received_at < before)
            & or_(Study.recalled_at.is_(None), Study.recalled_at < before)
            # An object that came later is in the first store again.
            & or_(Study.cold_at.is_(None), Study.cold_at < Study.last_received_at)
        )

    def _is_recalled(self) -> ColumnElement[bool]:
        return Study.cold_at.is_not(None) & (Study.recalled_at > Study.cold_at)

    async def _due(self, is_due: ColumnElement[bool]) -> Sequence[tuple[str, str]]:
        waiting = (
            select(Series.study_pk)
            .join(Instance, Instance.series_pk == Series.id)
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .where(
                Series.study_pk == Study.id,
                (StoredObject.location == Location.SPOOL) | StoredObject.damaged_at.is_not(None),
            )
        )
        async with self._database.reading() as session:
            rows = await session.execute(
                select(Study.id, Study.org)
                .where(is_due, Study.deleted_at.is_(None), ~waiting.exists())
                .order_by(Study.last_received_at)
                .limit(_STUDIES_A_ROUND)
            )
            return [(study_id, org) for study_id, org in rows]

    async def _move(self, store: TieredStore, study_id: str, org: str, *, to_cold: bool) -> bool:
        async with self._database.reading() as session:
            rows = await session.execute(
                select(StoredObject.org, StoredObject.sha256, StoredObject.size)
                .join(Instance, Instance.object_id == StoredObject.id)
                .join(Series, Series.id == Instance.series_pk)
                .where(Series.study_pk == study_id)
            )
            objects = [_Moved(*row) for row in rows]
            seen = await session.scalar(select(Study.last_received_at).where(Study.id == study_id))
        for each in objects:
            key = object_key(each.org, each.sha256)
            await store.move(key, sha256=each.sha256, size=each.size, to_cold=to_cold)
        return await self._done(study_id, org, len(objects), seen, to_cold=to_cold)

    async def _done(
        self, study_id: str, org: str, count: int, seen: datetime | None, *, to_cold: bool
    ) -> bool:
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            done = await uow.session.scalar(
                update(Study)
                .where(Study.id == study_id, Study.last_received_at == seen)
                .values(cold_at=now if to_cold else None)
                .returning(Study.id)
            )
            if done is None:
                return False
            detail = {"objects": count, "to": "cold" if to_cold else "store"}
            self._audit.record(
                uow,
                act_of(
                    None, "study.tier", org=org, object_kind="study", object_id=study_id,
                    detail=detail,
                ),
            )  # fmt: skip
            await uow.commit()
        _log.info("a study was moved", study_id=study_id, **detail)
        return True
