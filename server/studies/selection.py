"""The instances that a retrieval names by unique keys, within reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, true

from server.core.clock import Clock
from server.core.database import Database
from server.identity.public import Actor
from server.intake.public import StoredObject
from server.studies.models import Instance, Series, Study
from server.studies.visibility import visible_studies


@dataclass(frozen=True)
class UniqueKeys:
    """Unique keys of a retrieval (PS3.4 C.4.2.1.4.2); what is empty restricts nothing."""

    patient_id: str = ""
    study_uids: Sequence[str] = ()
    series_uids: Sequence[str] = ()
    sop_uids: Sequence[str] = ()


@dataclass(frozen=True)
class SelectedInstance:
    """An instance within reach, and where its bytes are."""

    study_pk: str
    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str
    bits_allocated: int | None
    object_id: str
    dataset_offset: int
    size: int
    shared: bool
    """Whether it is within the reach of who shall receive it, too."""


@dataclass(frozen=True)
class Selection:
    """What was found, in reading order, whether there is more, and what is beyond reach."""

    instances: Sequence[SelectedInstance]
    more: bool
    hidden_study_pks: Sequence[str]


class InstanceSelector:
    """Selects instances to be sent."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def select(
        self, actor: Actor, keys: UniqueKeys, *, receiver: Actor | None, most: int
    ) -> Selection:
        """Return what ``actor`` may see, marked by whether ``receiver`` may see it as well."""
        reach = visible_studies(actor, self._clock.now())
        shared: ColumnElement[bool] = true()
        if receiver is not None:
            shared = Study.id.in_(visible_studies(receiver, self._clock.now()))
        query = (
            reach.with_only_columns(
                Series.study_pk,
                Instance.sop_class_uid,
                Instance.sop_instance_uid,
                Instance.transfer_syntax_uid,
                Instance.bits_allocated,
                Instance.object_id,
                Instance.dataset_offset,
                StoredObject.size,
                shared.label("shared"),
            )
            .select_from(Study)
            .join(Series, Series.study_pk == Study.id)
            .join(Instance, Instance.series_pk == Series.id)
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .where(Instance.rejected_as.is_(None), *_conditions(actor, keys))
            .order_by(
                Study.received_at, Study.id, Series.series_number, Series.id,
                Instance.instance_number, Instance.sop_instance_uid,
            )
            .limit(most + 1)
        )  # fmt: skip
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
            hidden: Sequence[str] = ()
            if keys.study_uids:
                named = select(Study.id).where(
                    Study.org == actor.org,
                    Study.study_instance_uid.in_(keys.study_uids),
                    Study.id.not_in(reach.where(Study.study_instance_uid.in_(keys.study_uids))),
                )
                hidden = (await session.scalars(named)).all()
        instances = [SelectedInstance(*row[:8], shared=bool(row[8])) for row in rows[:most]]
        return Selection(instances, len(rows) > most, hidden)


def _conditions(actor: Actor, keys: UniqueKeys) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if keys.patient_id:
        conditions.append(Study.patient_id == keys.patient_id)
    columns: tuple[tuple[Any, Sequence[str]], ...] = (
        (Study.study_instance_uid, keys.study_uids),
        (Series.series_instance_uid, keys.series_uids),
        (Instance.sop_instance_uid, keys.sop_uids),
    )
    conditions += [column.in_(uids) for column, uids in columns if uids]
    if keys.sop_uids:
        conditions.append(Instance.org == actor.org)
    return conditions
