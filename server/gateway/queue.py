"""The queue: who is sent next, and how each ended."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from server.audit.public import AuditRecord, AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotFound
from server.gateway.models import TRANSITIONS, Outbound, OutboundEvent, OutboundState, Rank
from server.identity.public import Actor, act_of
from server.intake.public import Conversion, Location, Quarantined, StoredObject

_OLDEST_EVERY: Final = 4
"""One turn in so many is the oldest's, however large: small before large starves nobody."""
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Kept:
    """Bytes in the spool."""

    object_id: str
    spool_name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Item:
    """An object whose turn it is."""

    number: int
    org: str
    rank: Rank
    original: Kept
    compressed: Kept | None
    is_conversion: bool
    """Whether the original is an ECG in its maker's format: the county makes its own twin."""
    compression: str | None
    upload_path: str | None

    @property
    def goes(self) -> Kept:
        """What is sent."""
        return self.compressed or self.original


class Queue:
    """Reads and writes the outbox's rows for whoever sends."""

    def __init__(self, *, database: Database, audit: AuditTrail, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._turn = 0

    async def next(self, *, emergencies_only: bool, passed_over: Collection[int]) -> Item | None:
        """Return whose turn it is: by rank, small before large, each fourth time the oldest."""
        self._turn += 1
        oldest = self._turn % _OLDEST_EVERY == 0
        order = [Outbound.rank, *(() if oldest else (Outbound.size,)), Outbound.number]
        conditions = [
            Outbound.state == OutboundState.WAITING,
            Outbound.number.not_in(sorted(passed_over)),
        ]
        if emergencies_only:
            conditions.append(Outbound.rank == Rank.EMERGENCY)
        return await self._item(conditions, order)

    async def is_waiting_before(self, rank: Rank) -> bool:
        """Tell whether somebody of a better rank came meanwhile."""
        async with self._database.reading() as session:
            found = await session.scalar(
                select(Outbound.number)
                .where(Outbound.state == OutboundState.WAITING, Outbound.rank < rank)
                .limit(1)
            )
        return found is not None

    async def _item(
        self, conditions: Sequence[ColumnElement[bool]], order: Sequence[Any]
    ) -> Item | None:
        original, compressed = aliased(StoredObject), aliased(StoredObject)
        # What the county gets of a conversion is the file it was made from.
        sent_object = func.coalesce(Conversion.source_object_id, Outbound.object_id)
        async with self._database.reading() as session:
            found = (
                await session.execute(
                    select(Outbound, original, compressed, Conversion.object_id)
                    .outerjoin(Conversion, Conversion.object_id == Outbound.object_id)
                    .join(original, original.id == sent_object)
                    .outerjoin(compressed, compressed.id == Outbound.compressed_object_id)
                    .where(*conditions)
                    .order_by(*order)
                    .limit(1)
                )
            ).first()
        if found is None:
            return None
        row, one, other, converted = found
        return Item(
            number=row.number,
            org=one.org,
            rank=Rank(row.rank),
            original=_kept(one),
            compressed=_kept(other) if other is not None else None,
            is_conversion=converted is not None,
            compression=row.compression,
            upload_path=row.upload_path,
        )

    async def note_compression(
        self, item: Item, compression: str, copy: Kept | None = None, *, spool_id: str = ""
    ) -> None:
        """Write down how an object goes; a compressed copy becomes an object of its own."""
        values: dict[str, object] = {"compression": compression[:32]}
        async with self._database.unit_of_work() as uow:
            if copy is not None:
                await uow.session.execute(
                    insert(StoredObject).values(
                        id=copy.object_id, org=item.org, sha256=copy.sha256, size=copy.size,
                        location=Location.SPOOL, spool_id=spool_id, spool_name=copy.spool_name,
                        received_at=self._clock.now(), stored_at=None, damaged_at=None,
                    )
                )  # fmt: skip
                values["compressed_object_id"] = copy.object_id
            await _set(uow, item.number, values)
            await uow.commit()

    async def note_upload(self, number: int, upload_path: str | None) -> None:
        """Write down where an upload was begun, before its first byte leaves."""
        async with self._database.unit_of_work() as uow:
            await _set(uow, number, {"upload_path": upload_path})
            await uow.commit()

    async def drop_copy(self, number: int) -> None:
        """Give up a compressed copy that is damaged: the original goes instead."""
        async with self._database.unit_of_work() as uow:
            await _set(
                uow,
                number,
                {
                    "compressed_object_id": None,
                    "compression": "copy-damaged",
                    "upload_path": None,
                },
            )
            await uow.commit()

    async def note_damage(self, kept: Kept) -> None:
        """Write down that bytes rotted here: intake heals them with what is sent again."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(StoredObject)
                .where(StoredObject.id == kept.object_id)
                .values(damaged_at=self._clock.now())
            )
            await uow.commit()

    async def note_attempt(self, number: int, fault: str, detail: str) -> None:
        """Write down that a try failed and another will follow."""
        async with self._database.unit_of_work() as uow:
            values = {"answer": fault[:64], "answer_detail": detail[:500]}
            await _set(uow, number, {**values, "attempts": Outbound.attempts + 1})
            await uow.commit()

    async def confirm(self, number: int, answer: str) -> None:
        """Write down that the county keeps an object and said its digest."""
        await self._settle(number, OutboundEvent.CONFIRM, answer, None)

    async def refuse(self, number: int, answer: str, detail: str) -> None:
        """Write down that an object will not get there unless somebody does something."""
        await self._settle(number, OutboundEvent.REFUSE, answer, detail)

    async def _settle(
        self, number: int, event: OutboundEvent, answer: str, detail: str | None
    ) -> None:
        state = TRANSITIONS[OutboundState.WAITING, event]
        confirmed = state is OutboundState.CONFIRMED
        async with self._database.unit_of_work() as uow:
            await _set(
                uow,
                number,
                {
                    "state": state,
                    "answer": answer[:64],
                    "answer_detail": detail[:500] if detail else None,
                    "confirmed_at": self._clock.now() if confirmed else None,
                    "attempts": Outbound.attempts + 1,
                },
            )
            if not confirmed:
                self._audit.record(
                    uow,
                    act_of(
                        None,
                        "gateway.forward",
                        outcome=Outcome.REFUSED,
                        object_kind="outbound",
                        object_id=str(number),
                        detail={"code": answer},
                    ),
                )
            await uow.commit()

    async def send_again(self, actor: Actor, number: int) -> None:
        """Put a refused object back in line.

        Raises
        ------
        NotFound
            If there is none of this number.
        Conflict
            If it is not refused, or its bytes are gone.
        """
        async with self._database.unit_of_work() as uow:
            row = await uow.session.get(Outbound, number)
            if row is None:
                raise NotFound("there is no such object")
            if row.state != OutboundState.REFUSED or row.object_id is None:
                raise Conflict("the object is not refused", code="not-refused")
            row.state = TRANSITIONS[OutboundState.REFUSED, OutboundEvent.SEND_AGAIN]
            row.upload_path, row.answer, row.answer_detail = None, None, None
            self._audit.record(uow, _told(actor, "gateway.send-again", row))
            await uow.commit()

    async def hurry(self, actor: Actor, study_instance_uid: str) -> int:
        """Let what waits of a study go first; return how many objects that are."""
        async with self._database.unit_of_work() as uow:
            rows = list(
                await uow.session.scalars(
                    select(Outbound).where(
                        Outbound.study_instance_uid == study_instance_uid,
                        Outbound.state == OutboundState.WAITING,
                    )
                )
            )
            if not rows:
                raise NotFound("nothing of this study waits")
            for row in rows:
                row.rank = Rank.EMERGENCY
            self._audit.record(uow, _told(actor, "gateway.hurry", rows[0]))
            await uow.commit()
        return len(rows)

    async def forget(self, *, confirmed_before: datetime, remove: Callable[[str], None]) -> int:
        """Give up the bytes of what was confirmed long enough ago; return how many objects.

        First the rows, then the files: a file without a row is swept, a row without a file lies.
        """
        async with self._database.unit_of_work() as uow:
            rows = list(
                await uow.session.scalars(
                    select(Outbound)
                    .where(
                        Outbound.state == OutboundState.CONFIRMED,
                        Outbound.object_id.is_not(None),
                        Outbound.confirmed_at <= confirmed_before,
                    )
                    .limit(_AT_ONCE)
                )
            )
            ids = {id_ for row in rows for id_ in (row.object_id, row.compressed_object_id) if id_}
            made_of = await uow.session.scalars(
                select(Conversion.source_object_id).where(Conversion.object_id.in_(ids))
            )
            ids |= set(made_of)
            for row in rows:
                row.object_id, row.compressed_object_id = None, None
            await uow.session.flush()
            await uow.session.execute(delete(Conversion).where(Conversion.object_id.in_(ids)))
            reviewed = select(Quarantined.object_id).where(Quarantined.object_id.is_not(None))
            gone = await uow.session.scalars(
                delete(StoredObject)
                .where(StoredObject.id.in_(ids), StoredObject.id.not_in(reviewed))
                .returning(StoredObject.spool_name)
            )
            names = [name for name in gone if name is not None]
            await uow.commit()
        for name in names:
            remove(name)
        return len(rows)

    async def forget_records(self, *, confirmed_before: datetime) -> int:
        """Forget the rows of what was confirmed and given up long ago; return how many."""
        async with self._database.unit_of_work() as uow:
            done = await uow.session.scalars(
                delete(Outbound)
                .where(
                    Outbound.state == OutboundState.CONFIRMED,
                    Outbound.object_id.is_(None),
                    Outbound.confirmed_at <= confirmed_before,
                )
                .returning(Outbound.number)
            )
            count = len(list(done))
            await uow.commit()
        return count


def _kept(row: StoredObject) -> Kept:
    if row.spool_name is None:
        raise RuntimeError("a gateway's objects are all in its spool")
    return Kept(row.id, row.spool_name, row.sha256, row.size)


async def _set(uow: UnitOfWork, number: int, values: dict[str, Any]) -> None:
    await uow.session.execute(
        update(Outbound)
        .where(Outbound.number == number)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _told(actor: Actor, action: str, row: Outbound) -> AuditRecord:
    return act_of(actor, action, object_kind="outbound", object_id=str(row.number))
