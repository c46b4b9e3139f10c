"""Who called and was not let in, as the audit has it: whoever sets a device up looks here first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from server.audit.public import AuditEvent, Outcome
from server.core.clock import Clock
from server.core.database import Database

_WITHIN: Final = timedelta(days=1)
_MOST: Final = 20


@dataclass(frozen=True)
class Stranger:
    """A title and an address that were refused, and when last."""

    ae_title: str
    address: str
    last_at: datetime


async def strangers(database: Database, clock: Clock) -> list[Stranger]:
    """Return who was refused within a day, the last first."""
    last_at = func.max(AuditEvent.at)
    async with database.reading() as session:
        found = await session.execute(
            select(AuditEvent.source, last_at)
            .where(
                AuditEvent.at > clock.now() - _WITHIN,
                AuditEvent.action == "dicom.associate",
                AuditEvent.outcome == Outcome.REFUSED,
            )
            .group_by(AuditEvent.source)
            .order_by(last_at.desc())
            .limit(_MOST)
        )
        rows = [(source, at) for source, at in found if source]
    parted = [(*source.rpartition("@")[::2], at) for source, at in rows]
    return [Stranger(*each) for each in parted]
