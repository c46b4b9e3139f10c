"""Being refused a patient's data is audited, too: once an actor, study and hour."""

from datetime import datetime
from typing import Final

from server.audit.chain import AuditRecord, AuditTrail
from server.audit.models import Outcome
from server.audit.reads import Reader
from server.core.clock import Clock
from server.core.database import Database
from server.core.recent import Recent

_REMEMBERED: Final = 10_000


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
