"""Which instances a request may have, and the audit of who had or was refused them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from dicom.rejection import RejectionReason
from dicom.uids import is_uid
from server.audit.public import AuditTrail, ReadRefusals
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import InvalidInput, NotFound
from server.identity.public import Action, Actor
from server.intake.public import PLACE_COLUMNS, Place, StoredObject
from server.studies.public import (
    VISIBLE,
    Instance,
    Series,
    Study,
    reach_of,
    visible_studies,
)


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
        if not all(map(is_uid, self.uids.values())):
            raise InvalidInput("the path holds something that is no UID", code="bad-uid")

    @cached_property
    def uids(self) -> Mapping[str, str]:
        """Those that it has, by name."""
        named = {
            "study_uid": self.study_uid,
            "series_uid": self.series_uid,
            "sop_uid": self.sop_uid,
        }
        return {name: uid for name, uid in named.items() if uid is not None}


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
    place: Place | None
    """Where they were a moment ago; None of several, which are read one after another."""


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
)
_VALUE_COLUMNS: Final = (Instance.rows, Instance.columns, Instance.frames, Instance.bulk_values)
_PLACE_END: Final = len(_INSTANCE_COLUMNS) + len(PLACE_COLUMNS)
_ORDER: Final = (
    Series.series_number,
    Series.id,
    Instance.instance_number,
    Instance.sop_instance_uid,
)


@cache
def _instances_query(
    target: frozenset[str], *, with_values: bool, with_rejected: bool
) -> Select[*tuple[Any, ...]]:
    """Make the query of instances once for each kind of target, by the UIDs that it has."""
    values = _VALUE_COLUMNS if with_values else ()
    query = (
        VISIBLE.with_only_columns(*_INSTANCE_COLUMNS, *PLACE_COLUMNS, *values)
        .select_from(Study)
        .join(Series, Series.study_pk == Study.id)
        .join(Instance, Instance.series_pk == Series.id)
        .join(StoredObject, StoredObject.id == Instance.object_id)
        .order_by(*_ORDER)
    )
    shown: ColumnElement[bool] = Instance.rejected_as.is_(None)
    if "sop_uid" in target:
        query = query.where(
            Instance.org == bindparam("reach_org"),
            Instance.sop_instance_uid == bindparam("sop_uid"),
        )
    if with_rejected:
        shown = or_(shown, Instance.rejected_as == RejectionReason.QUALITY)
    return _within(query.where(shown), target)


@cache
def _series_query(target: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """Make the query of series once for each kind of target."""
    query = (
        VISIBLE.with_only_columns(
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
    return _within(query, target)


def _within(query: Select[*tuple[Any, ...]], target: frozenset[str]) -> Select[*tuple[Any, ...]]:
    query = query.where(Study.study_instance_uid == bindparam("study_uid"))
    if "series_uid" in target:
        query = query.where(Series.series_instance_uid == bindparam("series_uid"))
    return query


_STUDY_PK: Final = 2
"""Where its key stands in a row of either query."""


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
        rows = await self._instances(actor, target, with_values=False)
        return [StoredInstance(*row) for row in rows]

    async def instance(self, actor: Actor, target: Target) -> PixelInstance:
        """Return the one instance that ``target`` names; raises as above."""
        return (await self.pixel_instances(actor, target))[0]

    async def pixel_instances(self, actor: Actor, target: Target) -> Sequence[PixelInstance]:
        """Return what `instances` does, with what the index knows of values; raises as above."""
        rows = await self._instances(actor, target, with_values=True)
        return [PixelInstance(*row) for row in rows]

    async def _instances(
        self, actor: Actor, target: Target, *, with_values: bool
    ) -> Iterator[Iterator[Any]]:
        is_one = target.sop_uid is not None
        query = _instances_query(
            frozenset(target.uids),
            with_values=with_values,
            # By its name alone, and only what was not good enough (IHE RAD, IOCM).
            with_rejected=is_one and actor.may(Action.REJECTED_READ),
        )
        rows = await self._find(actor, target, query)
        await self._reads.record_read(actor, rows[0][_STUDY_PK])
        return (_fields(row, is_one=is_one) for row in rows)

    async def series(self, actor: Actor, target: Target) -> Sequence[StoredSeries]:
        """Return the series of ``target`` in reading order, at least one; raises as above."""
        rows = await self._find(actor, target, _series_query(frozenset(target.uids)))
        await self._reads.record_read(actor, rows[0][_STUDY_PK])
        return [StoredSeries(*row) for row in rows]

    async def _find(
        self, actor: Actor, target: Target, query: Select[*tuple[Any, ...]]
    ) -> Sequence[tuple[Any, ...]]:
        now = self._clock.now()
        rows = await self._database.look_up(query, {**reach_of(actor, now), **target.uids})
        if rows:
            return rows
        in_reach = visible_studies(actor, now)
        async with self._database.reading() as session:
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


def _fields(row: tuple[Any, ...], *, is_one: bool) -> Iterator[Any]:
    """Yield the fields of an instance of a row of `_instances_query`."""
    place = Place(*row[len(_INSTANCE_COLUMNS) : _PLACE_END])
    yield from row[: len(_INSTANCE_COLUMNS)]
    yield from (place.sha256, place.size, place if is_one else None)
    yield from row[_PLACE_END:]
