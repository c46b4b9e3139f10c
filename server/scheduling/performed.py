"""Performed procedure steps (PS3.4 F.7): what devices say of the examinations they make."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Select, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.uids import new_uid
from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotFound
from server.core.ids import Ids
from server.identity.public import Actor, act_of
from server.realtime.public import Occurrence, publish
from server.scheduling.completeness import studies_of
from server.scheduling.models import (
    PERFORMED_TRANSITIONS,
    PerformedEvent,
    PerformedSeries,
    PerformedStatus,
    PerformedStep,
    PerformedStudy,
    ScheduledExam,
)
from server.scheduling.step_attributes import (
    Attributes,
    ScheduledItem,
    changed,
    check_created,
    packed,
    scheduled_items,
    series_counts,
    status_of,
    text,
    unpacked,
)

STEP_TOPIC: Final = "study.performed"
"""A device began, finished or broke off what makes the images of a study."""
_EVENTS: Final = {
    None: PerformedEvent.CHANGE,
    PerformedStatus.IN_PROGRESS: PerformedEvent.CHANGE,
    PerformedStatus.COMPLETED: PerformedEvent.COMPLETE,
    PerformedStatus.DISCONTINUED: PerformedEvent.DISCONTINUE,
}
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Said:
    """A step's attributes as they are kept, and how many objects are in each series."""

    packed: bytes
    series: Mapping[str, int]


class PerformedSteps:
    """Keeps the steps of an institution's devices; others' are not there.

    A step may list every image of a large study: what takes time with that runs in the executor,
    and outside of any transaction.
    """

    def __init__(
        self,
        *,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
        executor: Executor,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._executor = executor

    async def create(self, device: Actor, sop_instance_uid: str, attributes: Attributes) -> str:
        """Begin a step, and return its SOP instance UID: ours where none is given.

        Raises
        ------
        AttributesError
            If it may not begin so.
        Conflict
            If there is one of that UID.
        """
        said = await self._run(_begun, attributes)
        now, uid = self._clock.now(), sop_instance_uid or new_uid(secrets.randbits)
        step = PerformedStep(
            id=self._ids.new(),
            org=device.org,
            institution_id=device.institution_id,
            device_id=device.id[:64],
            sop_instance_uid=uid,
            status=PerformedStatus.IN_PROGRESS,
            attributes_json_gz=said.packed,
            created_at=now,
            changed_at=now,
            ended_at=None,
        )
        async with self._database.unit_of_work() as uow:
            uow.session.add(step)
            try:
                await uow.session.flush()
            except IntegrityError as error:
                raise Conflict("there is a step of this UID", code="step-exists") from error
            exams = await self._link(uow, step, attributes)
            await self._list_series(uow, step, said.series)
            await self._tell(uow, device, step, "create", {"exams": exams})
        return uid

    async def change(self, device: Actor, sop_instance_uid: str, changes: Attributes) -> None:
        """Change a step, or end it.

        Raises
        ------
        AttributesError
            If a change is not allowed, or a completed step lacks what it must have.
        NotFound
            If the device's institution has no such step.
        Conflict
            If it has ended.
        """
        # Again where another change came between.
        while not await self._changed(device, sop_instance_uid, changes):
            pass

    async def _changed(self, device: Actor, sop_instance_uid: str, changes: Attributes) -> bool:
        """Change a step as it is now; False where it was another when that was to be written."""
        async with self._database.reading() as session:
            before = await session.scalar(
                select(PerformedStep).where(
                    PerformedStep.org == device.org,
                    PerformedStep.sop_instance_uid == sop_instance_uid,
                )
            )
        if before is None:
            raise NotFound("there is no such step")
        if before.institution_id != device.institution_id:
            async with self._database.unit_of_work() as uow:
                await self._record(uow, device, before, "change", {}, Outcome.REFUSED)
                await uow.commit()
            raise NotFound("there is no such step")
        event = _EVENTS[status_of(changes)]
        after = PERFORMED_TRANSITIONS.get((PerformedStatus(before.status), event))
        if after is None:
            raise Conflict("the step has ended", code="step-ended")
        said = await self._run(_merged, before.attributes_json_gz, changes)
        async with self._database.unit_of_work() as uow:
            step = await uow.session.get(PerformedStep, before.id, with_for_update=True)
            if step is None or step.attributes_json_gz != before.attributes_json_gz:
                return False
            step.status, step.changed_at = after, self._clock.now()
            step.attributes_json_gz = said.packed
            if event is not PerformedEvent.CHANGE:
                step.ended_at = step.changed_at
            await uow.session.flush()
            await self._list_series(uow, step, said.series)
            await self._tell(uow, device, step, event.value, {"series": len(said.series)})
        return True

    async def read(self, device: Actor, sop_instance_uid: str) -> dict[str, Any]:
        """Return all that was said of a step; `NotFound` outside of the device's institution."""
        async with self._database.reading() as session:
            step = await session.scalar(
                select(PerformedStep).where(
                    PerformedStep.org == device.org,
                    PerformedStep.institution_id == device.institution_id,
                    PerformedStep.sop_instance_uid == sop_instance_uid,
                )
            )
        if step is None:
            raise NotFound("there is no such step")
        return await self._run(unpacked, step.attributes_json_gz)

    async def _run(self, work: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    async def _link(
        self, uow: UnitOfWork, step: PerformedStep, attributes: Attributes
    ) -> list[str]:
        """Link the step to its studies and to the examinations that were scheduled as them."""
        items: dict[str, ScheduledItem] = {}
        for item in scheduled_items(attributes):
            items.setdefault(item.study_instance_uid, item)
        patient_id, exam = text(attributes, "PatientID"), ScheduledExam
        # Asked once: a write transaction must not last as long as a device's list.
        found = await uow.session.scalars(
            select(exam).where(
                exam.institution_id == step.institution_id,
                or_(
                    exam.study_instance_uid.in_(items),
                    exam.step_id.in_({each.scheduled_step_id for each in items.values()}),
                    and_(
                        exam.accession_number.in_(
                            {each.accession_number for each in items.values()}
                        ),
                        exam.patient_id == patient_id,
                    ),
                ),
            )
        )
        exams = list(found)
        rows = [
            {
                "step_id": step.id,
                "study_instance_uid": item.study_instance_uid,
                "exam_id": _exam_of(item, patient_id, exams),
            }
            for item in items.values()
        ]
        await uow.session.execute(insert(PerformedStudy), rows)
        return [exam_id for row in rows if (exam_id := row["exam_id"])]

    async def _list_series(
        self, uow: UnitOfWork, step: PerformedStep, series: Mapping[str, int]
    ) -> None:
        await uow.session.execute(delete(PerformedSeries).where(PerformedSeries.step_id == step.id))
        rows = [
            {"step_id": step.id, "series_instance_uid": uid, "instance_count": count}
            for uid, count in series.items()
        ]
        if rows:
            await uow.session.execute(insert(PerformedSeries), rows)

    async def _tell(
        self,
        uow: UnitOfWork,
        device: Actor,
        step: PerformedStep,
        verb: str,
        detail: dict[str, object],
    ) -> None:
        """Audit what happened, tell those who may see its studies, and commit."""
        study_pks = list(await uow.session.scalars(studies_of(step.id)))
        await self._record(uow, device, step, verb, {**detail, "studies": study_pks})
        await publish(
            uow,
            *(
                Occurrence(
                    org=step.org,
                    topic=STEP_TOPIC,
                    at=step.changed_at,
                    study_id=study_pk,
                    payload={"study_id": study_pk, "status": str(step.status)},
                )
                for study_pk in study_pks
            ),
        )
        await uow.commit()

    async def _record(
        self,
        uow: UnitOfWork,
        device: Actor,
        step: PerformedStep,
        verb: str,
        detail: dict[str, object],
        outcome: Outcome = Outcome.SUCCESS,
    ) -> None:
        self._audit.record(
            uow,
            act_of(
                device,
                f"step.{verb}",
                outcome=outcome,
                object_kind="performed_step",
                object_id=step.id,
                detail=detail,
            ),
        )


async def forget_performed(session: AsyncSession, step_ids: Select[str]) -> None:
    """Forget all that devices said of steps, but that there were such."""
    await session.execute(
        update(PerformedStep)
        .where(PerformedStep.id.in_(step_ids))
        .values(attributes_json_gz=packed({}))
        .execution_options(synchronize_session=False)
    )


def _exam_of(item: ScheduledItem, patient_id: str, exams: Iterable[ScheduledExam]) -> str | None:
    """Return the examination an item means: its UID says it best, then the step's own number."""
    meant = [
        (
            exam.study_instance_uid != item.study_instance_uid,
            exam.step_id != item.scheduled_step_id,
            exam.id,
        )
        for exam in exams
        if exam.study_instance_uid == item.study_instance_uid
        or exam.step_id == item.scheduled_step_id
        or (exam.accession_number, exam.patient_id) == (item.accession_number, patient_id)
    ]
    return min(meant)[-1] if meant else None


def _begun(attributes: Attributes) -> _Said:
    check_created(attributes)
    return _Said(packed(attributes), series_counts(attributes))


def _merged(before: bytes, changes: Attributes) -> _Said:
    after = changed(unpacked(before), changes)
    return _Said(packed(after), series_counts(after))
