"""What was refused and kept for review: who may look at it, and how it goes."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, or_, select

from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import Conflict, NotFound
from server.core.objects.port import ObjectStore
from server.core.paging import Cursor, behind
from server.identity.public import Actor, act_of
from server.intake.public import Conversion, Location, Quarantined, StoredObject, object_key
from server.lifecycle.schemas import QuarantinedOut, QuarantinePage
from server.studies.public import Instance

_NEWEST: Final = (
    select(Quarantined, StoredObject.size)
    .outerjoin(StoredObject, StoredObject.id == Quarantined.object_id)
    .order_by(Quarantined.received_at.desc(), Quarantined.id.desc())
)


class Quarantine:
    """The objects of a community that were refused."""

    def __init__(self, *, database: Database, originals: ObjectStore, audit: AuditTrail) -> None:
        self._database = database
        self._originals = originals
        self._audit = audit

    async def list(self, org: str, *, limit: int) -> Sequence[QuarantinedOut]:
        """Return what a community has there, the newest first."""
        async with self._database.reading() as session:
            rows = await session.execute(_NEWEST.where(Quarantined.org == org).limit(limit))
            return [_out(held, size) for held, size in rows]

    async def page(self, actor: Actor, *, limit: int, before: Cursor | None) -> QuarantinePage:
        """Return what the actor's institution sent, the newest before a cursor."""
        query = _NEWEST.where(
            Quarantined.org == actor.org,
            Quarantined.owner_institution_id == actor.institution_id,
            behind(before, Quarantined.received_at, Quarantined.id),
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query.limit(limit + 1))).all()
        items = [_out(held, size) for held, size in rows[:limit]]
        last = items[-1] if len(rows) > limit else None
        return QuarantinePage(
            items=items, next=Cursor(last.received_at, last.id).encode() if last else None
        )

    async def remove(self, org: str, held_id: str) -> bool:
        """Forget one, with its bytes unless something else names them; tell whether they went.

        Raises
        ------
        NotFound
            If there is no such object in the community's quarantine.
        Conflict
            If its bytes are still in a spool, where only its host may take them.
        """
        async with self._database.unit_of_work() as uow:
            session = uow.session
            held = await session.get(Quarantined, held_id, with_for_update=True)
            if held is None or held.org != org:
                raise NotFound(f"community {org} has nothing {held_id} in quarantine")
            await session.execute(delete(Quarantined).where(Quarantined.id == held_id))
            alone = None
            if held.object_id is not None:
                alone = await session.scalar(
                    select(StoredObject)
                    .where(StoredObject.id == held.object_id, ~_is_named())
                    .with_for_update()
                )
            if alone is not None:
                if alone.location != Location.STORE:
                    raise Conflict("its bytes are on their way to the store; try again later")
                await session.execute(delete(StoredObject).where(StoredObject.id == alone.id))
                # Before the row is gone for others: the same bytes, sent again, wait for us.
                await self._originals.delete(object_key(org, alone.sha256))
            detail = {
                "sha256": held.sha256, "reason": held.reason, "bytes_removed": alone is not None,
            }  # fmt: skip
            self._audit.record(
                uow,
                act_of(
                    None, "quarantine.remove", org=org, object_kind="quarantine",
                    object_id=held_id, detail=detail,
                ),
            )  # fmt: skip
            await uow.commit()
        return alone is not None


def _out(held: Quarantined, size: int | None) -> QuarantinedOut:
    return QuarantinedOut(
        id=held.id,
        received_at=held.received_at,
        institution_id=held.owner_institution_id,
        source=held.source,
        reason=held.reason,
        detail=held.detail,
        sop_instance_uid=held.sop_instance_uid,
        size=size,
    )


def _is_named() -> ColumnElement[bool]:
    """Tell of an object whether the index, a conversion or the quarantine names it."""
    return or_(
        select(Instance.id).where(Instance.object_id == StoredObject.id).exists(),
        select(Quarantined.id).where(Quarantined.object_id == StoredObject.id).exists(),
        select(Conversion.object_id)
        .where(
            or_(
                Conversion.object_id == StoredObject.id,
                Conversion.source_object_id == StoredObject.id,
            )
        )
        .exists(),
    )
