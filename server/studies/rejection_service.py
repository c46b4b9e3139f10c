"""What people do with rejection notes: see what they took out of use, and bring it back."""

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.rejection import RejectionReason
from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotFound
from server.identity.public import Actor, InstitutionRef, act_of
from server.realtime.public import publish
from server.studies.events import UPDATED, study_event
from server.studies.holding import hold_studies
from server.studies.models import Instance, RejectedObject, Rejection, Series, Study
from server.studies.rejections import count_anew, settle
from server.studies.schemas import (
    InstitutionOut,
    RejectedObjectOut,
    RejectionList,
    RejectionOut,
)
from server.studies.service import InstitutionNames, StudyService


class RestorationFollower(Protocol):
    """A capability that does something about studies that are shown again: `requests`."""

    async def restored(self, uow: UnitOfWork, study_pks: Collection[str], actor: Actor) -> None:
        """Do it, in the transaction that shows them."""
        ...


class RejectionService:
    """Lists and revokes rejections within reach."""

    def __init__(
        self,
        *,
        database: Database,
        studies: StudyService,
        institutions: InstitutionNames,
        follower: RestorationFollower,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._database = database
        self._studies = studies
        self._institutions = institutions
        self._follower = follower
        self._audit = audit
        self._clock = clock

    async def of_study(self, actor: Actor, study_id: str) -> RejectionList:
        """Return the rejections of a study's instances, the newest first.

        Raises
        ------
        NotFound
            If there is no such study, or none that ``actor`` may see.
        """
        async with self._database.reading() as session:
            study = await session.scalar(
                select(Study).where(
                    Study.id == study_id, Study.id.in_(self._studies.visible_to(actor))
                )
            )
            if study is None:
                raise NotFound("there is no such study")
            found = await session.scalars(
                select(Rejection)
                .where(
                    Rejection.org == study.org,
                    Rejection.id.in_(
                        select(RejectedObject.rejection_id).where(
                            RejectedObject.org == study.org,
                            RejectedObject.study_instance_uid == study.study_instance_uid,
                        )
                    ),
                )
                .order_by(Rejection.rejected_at.desc(), Rejection.id)
            )
            return RejectionList(items=await self._out(session, study, found.all()))

    async def revoke(self, actor: Actor, rejection_id: str) -> None:
        """Show again what a note rejected, unless another one hides it as well.

        Raises
        ------
        NotFound, Conflict
            If there is none within reach; if it was revoked before.
        """
        now = self._clock.now()
        named = RejectedObject.rejection_id == rejection_id
        async with self._database.unit_of_work() as uow:
            # Before the rejection, as whoever indexes what it names.
            studies_named = await uow.session.scalars(
                select(RejectedObject.study_instance_uid).where(named).distinct()
            )
            await hold_studies(uow.session, [actor.org], studies_named.all())
            rejection = await uow.session.scalar(
                select(Rejection)
                .where(
                    Rejection.id == rejection_id,
                    Rejection.org == actor.org,
                    Rejection.instance_pk.in_(
                        select(Instance.id)
                        .join(Series, Series.id == Instance.series_pk)
                        .where(Series.study_pk.in_(self._studies.visible_to(actor)))
                    ),
                )
                .with_for_update()
            )
            if rejection is None:
                raise NotFound("there is no such rejection")
            if rejection.revoked_at is not None:
                raise Conflict("it was revoked before", code="revoked-already")
            rejection.revoked_at, rejection.revoked_by = now, actor.id[:64]
            await uow.session.flush()
            uids = await uow.session.scalars(select(RejectedObject.sop_instance_uid).where(named))
            touched = await settle(uow.session, actor.org, uids.all())
            studies = await count_anew(uow.session, touched, now)
            self._audit.record(
                uow,
                act_of(
                    actor,
                    "rejection.revoke",
                    object_kind="rejection",
                    object_id=rejection_id,
                    detail={"reason": rejection.reason, "studies": sorted(studies)},
                ),
            )
            await self._follower.restored(uow, studies, actor)
            await publish(
                uow,
                *(study_event(UPDATED, pk, org, now) for pk, org in studies.items()),
            )
            await uow.commit()

    async def _out(
        self, session: AsyncSession, study: Study, rejections: Sequence[Rejection]
    ) -> list[RejectionOut]:
        refs = await self._institutions.refs({each.institution_id for each in rejections}, session)
        named = await session.execute(
            select(
                RejectedObject.rejection_id,
                RejectedObject.sop_instance_uid,
                Series.series_instance_uid,
                Instance.rejected_as,
            )
            .outerjoin(
                Instance,
                and_(
                    Instance.org == RejectedObject.org,
                    Instance.sop_instance_uid == RejectedObject.sop_instance_uid,
                ),
            )
            .outerjoin(Series, Series.id == Instance.series_pk)
            .where(
                RejectedObject.rejection_id.in_([each.id for each in rejections]),
                RejectedObject.study_instance_uid == study.study_instance_uid,
            )
            .order_by(RejectedObject.sop_instance_uid)
        )
        objects: dict[str, list[RejectedObjectOut]] = {}
        for rejection_id, sop_uid, series_uid, rejected_as in named:
            objects.setdefault(rejection_id, []).append(
                RejectedObjectOut(
                    sop_instance_uid=sop_uid,
                    series_instance_uid=series_uid,
                    hidden=rejected_as is not None,
                )
            )
        return [
            RejectionOut(
                id=each.id,
                reason=RejectionReason(each.reason),
                sop_instance_uid=each.sop_instance_uid,
                institution=_institution(refs[each.institution_id]),
                rejected_by=each.rejected_by,
                rejected_at=each.rejected_at,
                revoked_at=each.revoked_at,
                objects=objects.get(each.id, []),
            )
            for each in rejections
        ]


def _institution(ref: InstitutionRef) -> InstitutionOut:
    return InstitutionOut(id=ref.id, name_zh=ref.name_zh, name_en=ref.name_en)
