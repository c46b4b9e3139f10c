"""Reading a patient's data is audited: once a person, study and hour."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

import structlog
from sqlalchemy import delete

from server.audit.chain import AuditRecord, AuditTrail
from server.audit.fallback import FallbackLog, FallbackRead
from server.audit.models import AuditedRead
from server.core.clock import Clock
from server.core.database import Database, SQLAlchemyError, UnitOfWork, insert_unless_there
from server.core.errors import Unavailable
from server.core.ids import Ids
from server.core.recent import Recent

_log = structlog.get_logger(__name__)

_REMEMBERED: Final = 50_000
_KEPT: Final = timedelta(days=2)
_IMPORTED_AT_ONCE: Final = 500

_Key = tuple[str, str, datetime]


class Reader(Protocol):
    """Who reads, as far as the audit must know; an `Actor` is one."""

    @property
    def kind(self) -> str:
        """Person, device or system."""
        ...

    @property
    def id(self) -> str:
        """Their id."""
        ...

    @property
    def org(self) -> str:
        """Their community."""
        ...

    @property
    def institution_id(self) -> str:
        """Their institution."""
        ...

    @property
    def roles(self) -> AbstractSet[str]:
        """What they do."""
        ...

    @property
    def source(self) -> str:
        """Where they come from."""
        ...


class ReadAudit:
    """Audits reads; what was audited this hour costs nothing but a look into memory."""

    def __init__(
        self,
        *,
        database: Database,
        trail: AuditTrail,
        clock: Clock,
        ids: Ids,
        fallback: FallbackLog,
        emergency_roles: AbstractSet[str],
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._fallback = fallback
        self._emergency_roles = emergency_roles
        self._audited: Recent[_Key, bool] = Recent(clock=clock, keep_s=3_600, capacity=_REMEMBERED)
        self._under_way: dict[_Key, asyncio.Task[None]] = {}

    async def record_read(self, reader: Reader, study_id: str) -> None:
        """Audit that the reader reads the study; call it before the first byte is answered.

        Raises
        ------
        Unavailable
            If it cannot be written down: nobody reads unseen. Emergency roles read on, and a local
            file remembers.
        """
        hour = _hour(self._clock.now())
        key = (reader.id, study_id, hour)
        if self._audited.get(key) is not None:
            return
        task = self._under_way.get(key)
        if task is None:
            # Many frames are asked for at once: one writes, the others wait for it.
            task = asyncio.create_task(self._write(reader, study_id, hour))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        await asyncio.shield(task)

    async def import_fallback(self) -> int:
        """Bring what the fallback file remembers into the chain; call it at every start.

        Returns how many reads it brought. A line that was tampered with is audited as such.
        """
        total = 0
        # What an import of before left behind comes first, then the file itself.
        while (imported := await self._import_file()) is not None:
            total += imported
        if total:
            _log.info("imported reads of the fallback file", count=total)
        return total

    async def prune(self) -> None:
        """Forget which reads of past days were audited; the chain keeps the acts themselves."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                delete(AuditedRead).where(AuditedRead.hour < self._clock.now() - _KEPT)
            )
            await uow.commit()

    def _end(self, key: _Key, done: asyncio.Task[None]) -> None:
        del self._under_way[key]
        # Asked for here too: whoever waited may have gone away.
        if not done.cancelled() and done.exception() is None:
            self._audited.put(key, value=True)

    async def _write(self, reader: Reader, study_id: str, hour: datetime) -> None:
        now = self._clock.now()
        read = FallbackRead(
            at=now,
            actor_kind=str(reader.kind),
            actor_id=reader.id,
            org=reader.org,
            institution_id=reader.institution_id,
            source=reader.source,
            study_id=study_id,
        )
        try:
            async with self._database.unit_of_work() as uow:
                await self._add(uow, read, hour, late=False)
                await uow.commit()
        except (Unavailable, SQLAlchemyError) as error:
            if self._emergency_roles.isdisjoint(reader.roles):
                raise _unseen() from error
            try:
                await asyncio.to_thread(self._fallback.append, read)
            except OSError as disk_error:
                _log.exception("neither database nor fallback file can be written")
                raise _unseen() from disk_error
            _log.warning("an emergency read went to the fallback file", actor_id=reader.id)

    async def _import_file(self) -> int | None:
        imported = 0
        with self._fallback.taken() as lines:
            if lines is None:
                return None
            while batch := tuple(islice(lines, _IMPORTED_AT_ONCE)):
                imported += await self._import(batch)
        return imported

    async def _import(self, batch: Sequence[FallbackRead | None]) -> int:
        imported = 0
        async with self._database.unit_of_work() as uow:
            for read in batch:
                if read is None:
                    self._trail.record(uow, AuditRecord("audit.fallback-damaged"))
                else:
                    imported += await self._add(uow, read, _hour(read.at), late=True)
            await uow.commit()
        return imported

    async def _add(
        self, uow: UnitOfWork, read: FallbackRead, hour: datetime, *, late: bool
    ) -> bool:
        """Add the act to the transaction unless this hour knows of it; tell whether it was new."""
        added = await uow.session.scalar(
            insert_unless_there(uow.session, AuditedRead)
            .values(id=self._ids.new(), person_id=read.actor_id, study_id=read.study_id, hour=hour)
            .returning(AuditedRead.id)
        )
        if added is None:
            return False
        self._trail.record(
            uow,
            AuditRecord(
                action="study.read",
                actor_kind=read.actor_kind,
                actor_id=read.actor_id,
                org=read.org,
                institution_id=read.institution_id,
                source=read.source,
                object_kind="study",
                object_id=read.study_id,
                detail={"late": True, "read_at": read.at.isoformat()} if late else {},
            ),
        )
        return True


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _unseen() -> Unavailable:
    return Unavailable(
        "the read cannot be audited now, so nothing is shown; try again", code="audit-unavailable"
    )
