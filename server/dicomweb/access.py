"""Which instances a request may have, and the audit of who had or was refused them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from dicom.rejection import RejectionReason
from dicom.uids import is_uid
from server.audit.public import AuditTrail, ReadRefusals
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import InvalidInput, NotFound
from server.identity.public import Action, Actor
from server.intake.public import StoredObject
from server.studies.public import Instance, Series, Study, visible_studies

_Columns = TypeVarTuple("_Columns")


class ReadAudit(Protocol):
    """Records that somebody read a patient's data."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record that ``actor`` reads a study; raise `Unavailable` where that cannot be kept."""
        ...


@dataclass(frozen=True)
class Target:
    """What a path names: a study, one of its series, or one of its instances."""

    study_uid: str
    series_uid: str | None = None
    sop_uid: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no UID; it would never be found, and perhaps be echoed."""
        for uid in (self.study_uid, self.series_uid, self.sop_uid):
            if uid is not None and not is_uid(uid):
                raise InvalidInput("the path holds something that is no UID", code="bad-uid")


@dataclass(frozen=True)
class StoredInstance:
    """An instance that the request may have, and where its bytes are."""

    pk: str
    org: str
    study_pk: str
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    bits_allocated: int | None
    """Of its pixels; None where it has none."""
    frame_count: int | None
    object_id: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PixelInstance(StoredInstance):
    """An instance with what the index knows of where its values stand."""

    rows: int | None
    columns: int | None
    frames: bytes | None
    bulk_values: dict[str, Any] | None


@dataclass(frozen=True)
class StoredSeries:
    """A series that the request may have; its revision grows with every instance."""

    pk: str
    org: str
    study_pk: str
    study_uid: str
    series_uid: str
    instance_count: int
    last_received_at: datetime

    @property
    def revision(self) -> str:
        """A word that changes whenever the series does."""
        return f"{self.instance_count}-{round(self.last_received_at.timestamp() * 1e6)}"


_INSTANCE_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Instance.id,
    Instance.org,
    Series.study_pk,
    Study.study_instance_uid,
    Series.series_instance_uid,
    Instance.sop_instance_uid,
    Instance.sop_class_uid,
    Instance.transfer_syntax_uid,
    Instance.bits_allocated,
    Instance.frame_count,
    Instance.object_id,
    StoredObject.sha256,
    StoredObject.size,
)


class StudyAccess:
    """Finds what a path names among what the actor may see; every find is an audited read."""

    def __init__(
        self, *, database: Database, reads: ReadAudit, audit: AuditTrail, clock: Clock
    ) -> None:
        self._database = database
        self._reads = reads
        self._refusals = ReadRefusals(database=database, trail=audit, clock=clock)
        self._clock = clock

    async def instances(self, actor: Actor, target: Target) -> Sequence[StoredInstance]:
        """Return the instances of ``target`` in reading order, at least one.

        Raises
        ------
        NotFound
            If there is nothing of that name within the actor's reach.
        """
        rows = await self._instances(actor, target, *_INSTANCE_COLUMNS)
        return [StoredInstance(*row) for row in rows]

    async def instance(self, actor: Actor, target: Target) -> PixelInstance:
        """Return the one instance that ``target`` names; raises as above."""
        return (await self.pixel_instances(actor, target))[0]

    async def pixel_instances(self, actor: Actor, target: Target) -> Sequence[PixelInstance]:
        """Return what `instances` does, with what the index knows of values; raises as above."""
        columns = (Instance.rows, Instance.columns, Instance.frames, Instance.bulk_values)
        rows = await self._instances(actor, target, *_INSTANCE_COLUMNS, *columns)
        return [PixelInstance(*row) for row in rows]

    async def _instances(
        self, actor: Actor, target: Target, *columns: InstrumentedAttribute[Any]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        query = (
            visible_studies(actor, self._clock.now())
            .with_only_columns(*columns)
            .select_from(Study)
            .join(Series, Series.study_pk == Study.id)
            .join(Instance, Instance.series_pk == Series.id)
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .order_by(
                Series.series_number, Series.id, Instance.instance_number, Instance.sop_instance_uid
            )
        )
        shown: ColumnElement[bool] = Instance.rejected_as.is_(None)
        if target.sop_uid is not None:
            query = query.where(
                Instance.org == actor.org, Instance.sop_instance_uid == target.sop_uid
            )
            if actor.may(Action.REJECTED_READ):
                # By its name alone, and only what was not good enough (IHE RAD, IOCM).
                shown = or_(shown, Instance.rejected_as == RejectionReason.QUALITY)
        query = query.where(shown)
        rows = await self._find(actor, target, query)
        await self._reads.record_read(actor, rows[0].study_pk)
        return rows

    async def series(self, actor: Actor, target: Target) -> Sequence[StoredSeries]:
        """Return the series of ``target`` in reading order, at least one; raises as above."""
        query = (
            visible_studies(actor, self._clock.now())
            .with_only_columns(
                Series.id,
                Study.org,
                Series.study_pk,
                Study.study_instance_uid,
                Series.series_instance_uid,
                Series.instance_count,
                Series.last_received_at,
            )
            .select_from(Study)
            .join(Series, Series.study_pk == Study.id)
            .where(Series.instance_count > 0)
            .order_by(Series.series_number, Series.id)
        )
        rows = await self._find(actor, target, query)
        await self._reads.record_read(actor, rows[0].study_pk)
        return [StoredSeries(*row) for row in rows]

    async def _find(
        self, actor: Actor, target: Target, query: Select[*_Columns]
    ) -> Sequence[Row[*_Columns]]:
        query = query.where(Study.study_instance_uid == target.study_uid)
        if target.series_uid is not None:
            query = query.where(Series.series_instance_uid == target.series_uid)
        in_reach = visible_studies(actor, self._clock.now())
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
            if rows:
                return rows
            hidden = await session.scalar(
                select(Study.id).where(
                    Study.org == actor.org,
                    Study.study_instance_uid == target.study_uid,
                    Study.id.not_in(in_reach.where(Study.study_instance_uid == target.study_uid)),
                )
            )
        if hidden is not None:
            await self._refusals.record(actor, hidden)
        raise NotFound("there is no such study, series or instance")
