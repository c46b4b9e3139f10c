"""Being refused a patient's data is audited, too: once an actor, study and hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from server.audit.chain import AuditRecord, AuditTrail
from server.audit.models import AuditEvent, Outcome
from server.audit.reads import Reader
from server.core.clock import Clock
from server.core.database import Database
from server.core.recent import Recent

_REMEMBERED: Final = 10_000
_LISTED: Final = 20


@dataclass(frozen=True)
class RefusedSource:
    """Who was refused, as ``source`` of the audit names them, and when last."""

    source: str
    last_at: datetime


async def refused_sources(
    database: Database, action: str, *, since: datetime
) -> list[RefusedSource]:
    """Return who was refused an action since a time, the last first, a screenful at most."""
    last_at = func.max(AuditEvent.at)
    async with database.reading() as session:
        found = await session.execute(
            select(AuditEvent.source, last_at)
            .where(
                AuditEvent.at > since,
                AuditEvent.action == action,
                AuditEvent.outcome == Outcome.REFUSED,
                AuditEvent.source.is_not(None),
            )
            .group_by(AuditEvent.source)
            .order_by(last_at.desc())
            .limit(_LISTED)
        )
        return [RefusedSource(source or "", at) for source, at in found]


class ReadRefusals:
    """Audits refused reads; guessing must not fill the log."""

    def __init__(self, *, database: Database, trail: AuditTrail, clock: Clock) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._audited: Recent[tuple[str, str, datetime], bool] = Recent(
            clock=clock, keep_s=3_600, capacity=_REMEMBERED
        )

    async def record(self, reader: Reader, study_id: str) -> None:
        """Audit that the reader asked for a study beyond their reach."""
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        key = (reader.id, study_id, hour)
        if self._audited.get(key) is not None:
            return
        async with self._database.unit_of_work() as uow:
            self._trail.record(
                uow,
                AuditRecord(
                    action="study.read",
                    outcome=Outcome.REFUSED,
                    actor_kind=str(reader.kind),
                    actor_id=reader.id,
                    org=reader.org,
                    institution_id=reader.institution_id,
                    source=reader.source,
                    object_kind="study",
                    object_id=study_id,
                ),
            )
            await uow.commit()
        self._audited.put(key, value=True)
