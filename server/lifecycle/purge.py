"""The end of a deletion: index, bytes and all that was made of them go; that they were here stays.

In one transaction the rows go and the objects' digests are written down; then the bytes, which no
row names any more, and at last the deletion is said to be done. A process that dies in between
leaves the list, and the next round goes on.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.objects.port import ObjectStore
from server.core.settings import LifecycleSettings
from server.identity.public import act_of
from server.intake.public import Location, StoredObject, object_key
from server.lifecycle.forgetting import forget_rows, held_for_review, hold, list_objects
from server.lifecycle.models import Deletion, DeletionState, DeletionStep, PurgedObject
from server.lifecycle.retention import holds_on, retention_of
from server.lifecycle.rounds import Failures
from server.lifecycle.service import next_state
from server.realtime.public import publish
from server.studies.public import UPDATED, Instance, Series, Study, study_event

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 20


class Purger:
    """Purges what was deleted and is past its time of recovery."""

    def __init__(
        self,
        *,
        database: Database,
        originals: ObjectStore,
        derived: ObjectStore,
        audit: AuditTrail,
        clock: Clock,
        settings: LifecycleSettings,
    ) -> None:
        self._database = database
        self._originals = originals
        self._derived = derived
        self._audit = audit
        self._clock = clock
        self._settings = settings

    async def run(self) -> int:
        """Purge what is due and return how many studies are gone.

        Raises
        ------
        Exception
            The first that befell a study, a store's most often, once the others are done: the
            study waits for the next round.
        """
        failures = Failures("a purge")
        await self._each(DeletionState.APPROVED, self._forget, failures)
        purged = await self._each(DeletionState.PURGING, self._erase, failures)
        failures.tell()
        return purged

    async def _each(
        self,
        state: DeletionState,
        step: Callable[[str], Awaitable[bool]],
        failures: Failures,
    ) -> int:
        """Take the deletions of a state a step further; return how many went, of so many a round.

        None that waits or fails may stop those behind it.
        """
        done = 0
        for deletion_id in await self._ids(state):
            try:
                done += await step(deletion_id)
            except Exception as error:  # noqa: BLE001 -- told at the end, when all had their turn
                failures.note(error, deletion_id=deletion_id)
            if done == _AT_ONCE or failures.is_store_down:
                break
        return done

    async def _ids(self, state: DeletionState) -> Sequence[str]:
        query = select(Deletion.id).where(Deletion.state == state)
        if state is DeletionState.APPROVED:
            query = query.where(Deletion.purge_after <= self._clock.now())
        async with self._database.reading() as session:
            found = await session.scalars(query.order_by(Deletion.purge_after, Deletion.id))
            return found.all()

    async def _forget(self, deletion_id: str) -> bool:
        """Let the index forget a study, and keep a list of the bytes that are to go."""
        async with self._database.unit_of_work() as uow:
            session = uow.session
            deletion = await session.get_one(Deletion, deletion_id, with_for_update=True)
            study = await hold(session, deletion.study_pk)
            if deletion.state != DeletionState.APPROVED:
                return False
            if (
                await self._must_be_kept(session, study)
                or await holds_on(session, study)
                or await _is_in_a_spool(session, study)
            ):
                _log.info("a purge waits", study_id=study.id)
                return False
            objects = await list_objects(session, deletion_id, study)
            shown = await forget_rows(session, study, objects, self._clock.now())
            deletion.state = next_state(deletion.state, DeletionStep.PURGE)
            await self._tell_shown(uow, study, shown)
            await uow.commit()
        return True

    async def _tell_shown(self, uow: UnitOfWork, study: Study, shown: Mapping[str, str]) -> None:
        """Put on record, and tell, what other studies show again without this one's notes."""
        if not shown:
            return
        detail = {"studies": sorted(shown)}
        self._audit.record(
            uow,
            act_of(
                None, "rejection.lapse", org=study.org, object_kind="study", object_id=study.id,
                detail=detail,
            ),
        )  # fmt: skip
        now = self._clock.now()
        await publish(uow, *(study_event(UPDATED, pk, org, now) for pk, org in shown.items()))

    async def _must_be_kept(self, session: AsyncSession, study: Study) -> bool:
        """Tell whether its time is not over: a visit since, or another class, made it longer."""
        retention = await retention_of(session, study, self._settings.default_class)
        return self._clock.now().date() < retention.until

    async def _erase(self, deletion_id: str) -> bool:
        """Remove the bytes on the list, and say that it is done."""
        async with self._database.reading() as session:
            org = (await session.get_one(Deletion, deletion_id)).org
            objects = (
                await session.scalars(
                    select(PurgedObject).where(PurgedObject.deletion_id == deletion_id)
                )
            ).all()
        for each in objects:
            await self._originals.delete(object_key(org, each.sha256))
            for kind in ("p", "t"):
                await self._delete_derived(f"{org}/{kind}/{each.sha256}/")
        for series_pk in sorted({each.series_pk for each in objects if each.series_pk}):
            await self._delete_derived(f"{org}/m/{series_pk}/")
        async with self._database.unit_of_work() as uow:
            deletion = await uow.session.get_one(Deletion, deletion_id, with_for_update=True)
            if deletion.state != DeletionState.PURGING:
                return False
            deletion.state = next_state(deletion.state, DeletionStep.FINISH)
            deletion.purged_at = self._clock.now()
            detail = {"deletion": deletion_id, "objects": len(objects)}
            self._audit.record(
                uow,
                act_of(
                    None, "deletion.purge", org=org, object_kind="study",
                    object_id=deletion.study_pk, detail=detail,
                ),
            )  # fmt: skip
            await uow.commit()
        return True

    async def _delete_derived(self, prefix: str) -> None:
        async with aclosing(self._derived.keys(prefix)) as keys:
            found = [key async for key in keys]
        for key in found:
            await self._derived.delete(key)


async def _is_in_a_spool(session: AsyncSession, study: Study) -> bool:
    """Tell whether some object is still on its way: only its host may take it from there."""
    indexed = (
        select(Instance.object_id)
        .join(Series, Series.id == Instance.series_pk)
        .where(Series.study_pk == study.id)
    )
    held = held_for_review(study).with_only_columns(StoredObject.id)
    waiting = await session.scalar(
        select(func.count())
        .select_from(StoredObject)
        .where(
            StoredObject.id.in_(indexed) | StoredObject.id.in_(held),
            StoredObject.location == Location.SPOOL,
        )
    )
    return bool(waiting)
