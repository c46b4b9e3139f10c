"""A study that somebody sends to a destination, whatever the routes say."""

from sqlalchemy import exists, insert, literal, null, select, update

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork, insert_unless_there
from server.core.errors import InvalidInput, NotFound
from server.core.ids import Ids
from server.dicom_node.public import DeviceService
from server.forwarding.leaving import may_leave
from server.forwarding.models import ForwardJob, ForwardObject, ObjectState, Priority
from server.identity.public import Actor, act_of
from server.studies.public import Instance, Series, Study


class StudySending:
    """Queues whole studies; ``by`` None is the operator."""

    def __init__(
        self,
        *,
        database: Database,
        devices: DeviceService,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._devices = devices
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def send(
        self,
        org: str,
        study_instance_uid: str,
        destination_id: str,
        priority: Priority = Priority.MEDIUM,
        *,
        by: Actor | None = None,
    ) -> str:
        """Queue every object of a study that does not wait already, and return the job's id.

        What the destination has is sent again: it may have lost it. What was rejected is not.

        Raises
        ------
        NotFound
            If there is no such study, or it was deleted.
        InvalidInput
            If the destination is no registered device of this community with an address.
        """
        destination = await self._devices.destination_of(destination_id)
        if destination is None or destination.actor.org != org:
            raise InvalidInput(
                "a study is sent to a device registered with an address (--host and --port)",
                code="no-destination",
            )
        async with self._database.unit_of_work() as uow:
            study_pk = await uow.session.scalar(
                select(Study.id).where(
                    Study.org == org,
                    Study.study_instance_uid == study_instance_uid,
                    Study.deleted_at.is_(None),
                )
            )
            if study_pk is None:
                raise NotFound("there is no such study")
            job_id = await self._queue(uow, org, study_pk, destination_id, priority)
            self._audit.record(
                uow,
                act_of(
                    by,
                    "forward.send",
                    org=org,
                    object_kind="study",
                    object_id=study_pk,
                    detail={"destination_id": destination_id},
                ),
            )
            await uow.commit()
        return job_id

    async def _queue(
        self, uow: UnitOfWork, org: str, study_pk: str, destination_id: str, priority: Priority
    ) -> str:
        now, session = self._clock.now(), uow.session
        await session.execute(
            insert_unless_there(session, ForwardJob).values(
                id=self._ids.new(),
                org=org,
                destination_id=destination_id,
                study_pk=study_pk,
                rank=priority.rank,
                queued_at=now,
                due_at=None,
                waiting=0,
                failed=0,
                sent=0,
                reason=None,
                changed_at=now,
                claimed_by=None,
                claimed_until=None,
            )
        )
        job_id = (
            await session.scalars(
                select(ForwardJob.id)
                .where(ForwardJob.destination_id == destination_id, ForwardJob.study_pk == study_pk)
                .with_for_update()
            )
        ).one()
        there = exists().where(
            ForwardObject.job_id == job_id, ForwardObject.instance_pk == Instance.id
        )
        added = await session.scalars(
            insert(ForwardObject)
            .from_select(
                ["job_id", "instance_pk", "state", "due_at", "attempts", "status", "reason"],
                select(
                    literal(job_id),
                    Instance.id,
                    literal(ObjectState.WAITING.value),
                    literal(now, ForwardObject.due_at.type),
                    literal(0),
                    null(),
                    null(),
                )
                .join(Series, Series.id == Instance.series_pk)
                .join(Study, Study.id == Series.study_pk)
                .where(Study.id == study_pk, may_leave(), ~there)
                .order_by(Series.series_number, Series.id, Instance.instance_number, Instance.id),
            )
            .returning(ForwardObject.id)
        )
        await session.execute(
            update(ForwardJob)
            .where(ForwardJob.id == job_id)
            .values(
                waiting=ForwardJob.waiting + len(added.all()),
                rank=priority.rank,
                due_at=now,
                queued_at=now,
                changed_at=now,
            )
            .execution_options(synchronize_session=False)
        )
        return job_id
