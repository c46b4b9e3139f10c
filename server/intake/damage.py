"""Objects whose bytes are gone or others: the mark that readers are refused by."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.intake.models import Location, StoredObject

Found = tuple[str, Location, str | None]
"""An object's id, and the place and spool name at which it was read."""


async def mark_damaged(session: AsyncSession, found: Sequence[Found], now: datetime) -> None:
    """Mark objects as damaged, unless their bytes have moved since they were read.

    Whatever stands for them elsewhere, sent again perhaps, is not what was read.
    """
    if not found:
        return
    here = or_(
        *(
            and_(
                StoredObject.id == object_id,
                StoredObject.location == location,
                StoredObject.spool_name.is_not_distinct_from(spool_name),
            )
            for object_id, location, spool_name in found
        )
    )
    await session.execute(
        update(StoredObject).where(here, StoredObject.damaged_at.is_(None)).values(damaged_at=now)
    )
