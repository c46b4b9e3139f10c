"""Bytes that were found damaged give way to good ones that were sent again."""

from collections.abc import Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.intake.arrival import Received
from server.intake.models import Conversion, Location, Quarantined, StoredObject


async def heal(
    session: AsyncSession,
    files: Mapping[tuple[str, str], Received],
    objects: Mapping[tuple[str, str], str],
) -> set[str]:
    """Let files that were sent again, byte for byte, stand for what a scrub found damaged.

    Both are by community and digest. Return the ids of those files.
    """
    damaged = await session.scalars(
        select(StoredObject).where(
            StoredObject.id.in_([objects[key] for key in files if key in objects]),
            StoredObject.damaged_at.is_not(None),
        )
    )
    healed = set()
    for row in damaged:
        file = files[row.org, row.sha256]
        row.location, row.stored_at, row.damaged_at = Location.SPOOL, None, None
        row.spool_id, row.spool_name = file.spool_id, file.spool_name
        healed.add(file.object_id)
    return healed


async def give_up(session: AsyncSession, replaced: Mapping[str, str]) -> None:
    """Forget damaged objects for which another now stands, by their ids.

    Whoever names them for the index names the other by now. What is left of their bytes is then an
    orphan, which a scrub tells of; the quarantine keeps what it holds for review.
    """
    for damaged, good in replaced.items():
        await session.execute(
            update(Conversion).where(Conversion.object_id == damaged).values(object_id=good)
        )
    held = select(Quarantined.object_id).where(Quarantined.object_id.is_not(None))
    await session.execute(
        delete(StoredObject).where(StoredObject.id.in_(replaced), StoredObject.id.not_in(held))
    )
