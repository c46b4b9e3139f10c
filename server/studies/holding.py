"""Studies held first of all, so that who indexes and who rejects take turns.

On PostgreSQL a statement that waits for a row then goes on with what it saw of other rows before
it waited. So whatever is asked about a study is asked behind the statement that holds it, and no
series, instance or rejection of it changes hands before. SQLite has one writer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.studies.models import Study

_AT_ONCE: Final = 500


@dataclass(frozen=True)
class HeldStudy:
    """A study as it is until the transaction ends."""

    id: str
    org: str
    uid: str
    owner: str
    is_deleted: bool


async def hold_studies(
    session: AsyncSession, orgs: Collection[str], uids: Collection[str]
) -> Sequence[HeldStudy]:
    """Hold the studies of some communities with some UIDs; rows may be added that refer to them."""
    pks: list[str] = []
    for some in parts(uids):
        found = await session.scalars(
            select(Study.id).where(Study.org.in_(orgs), Study.study_instance_uid.in_(some))
        )
        pks += found
    return await hold(session, pks)


async def hold(session: AsyncSession, pks: Collection[str]) -> Sequence[HeldStudy]:
    """Hold studies by their keys; rows may be added that refer to them."""
    held: list[HeldStudy] = []
    # In one order everywhere: two that hold the same studies must not wait in a ring.
    for some in parts(pks):
        rows = await session.execute(
            select(
                Study.id,
                Study.org,
                Study.study_instance_uid,
                Study.owner_institution_id,
                Study.deleted_at.is_not(None),
            )
            .where(Study.id.in_(some))
            .order_by(Study.id)
            .with_for_update(key_share=True)
        )
        held += (HeldStudy(*row) for row in rows)
    return held


def parts(values: Collection[str]) -> Iterable[Sequence[str]]:
    """Part a list, in order, for the statements that name them all."""
    ordered = sorted(set(values))
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
