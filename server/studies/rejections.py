"""Objects taken out of use by rejection notes (IHE RAD, Imaging Object Change Management).

A rejected instance is kept and hidden: `Instance.rejected_as` says by which reason, the strictest
of those in force, and every search, list and retrieval leaves it out. Counts are of what is shown.
"""

import gzip
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.rejection import (
    KEY_OBJECT_SELECTION,
    STRICTEST_FIRST,
    RejectionNote,
    RejectionReason,
    rejection_note,
)
from server.audit.public import AuditTrail
from server.core.database import UnitOfWork
from server.core.ids import Ids
from server.identity.public import act_of
from server.intake.public import Indexed, Prepared
from server.studies.holding import parts
from server.studies.models import Instance, RejectedObject, Rejection, Series, Study

_NO_OBJECTS: Final = {"synchronize_session": False}


def note_of(prepared: Prepared) -> RejectionNote | None:
    """Return what an instance rejects; None where it is no rejection note."""
    if prepared.sop_class_uid != KEY_OBJECT_SELECTION:
        return None
    return rejection_note(orjson.loads(gzip.decompress(prepared.metadata_json_gz)))


async def owners_of(session: AsyncSession, org: str, sop_uids: Collection[str]) -> set[str]:
    """Return whose instances are named by ``sop_uids``."""
    owners: set[str] = set()
    for some in parts(sop_uids):
        found = await session.scalars(
            select(Study.owner_institution_id)
            .join(Series, Series.study_pk == Study.id)
            .join(Instance, Instance.series_pk == Series.id)
            .where(Instance.org == org, Instance.sop_instance_uid.in_(some))
            .distinct()
        )
        owners.update(found)
    return owners


async def reject(
    uow: UnitOfWork,
    each: Indexed,
    note: RejectionNote,
    *,
    audit: AuditTrail,
    ids: Ids,
) -> set[str]:
    """Take out of use what a note that was just indexed names; return the series to count anew."""
    received, prepared = each.arrival.received, each.arrival.prepared
    sender = received.sender
    rejection_id = ids.new()
    await uow.session.execute(
        insert(Rejection).values(
            id=rejection_id,
            org=sender.org,
            institution_id=sender.institution_id,
            instance_pk=each.instance_pk,
            sop_instance_uid=prepared.sop_instance_uid,
            reason=note.reason,
            rejected_by=sender.id[:64],
            rejected_at=received.received_at,
            revoked_at=None,
            revoked_by=None,
        )
    )
    await uow.session.execute(
        insert(RejectedObject),
        [
            {
                "rejection_id": rejection_id,
                "org": sender.org,
                "study_instance_uid": one.study_instance_uid,
                "sop_instance_uid": one.sop_instance_uid,
                "lifted_at": None,
            }
            for one in {one.sop_instance_uid: one for one in note.objects}.values()
        ],
    )
    await uow.session.execute(
        update(Instance)
        .where(Instance.id == each.instance_pk)
        .values(rejected_as=note.reason)
        .execution_options(**_NO_OBJECTS)
    )
    touched = await settle(uow.session, sender.org, [one.sop_instance_uid for one in note.objects])
    audit.record(
        uow,
        act_of(
            sender,
            "instance.reject",
            object_kind="rejection",
            object_id=rejection_id,
            detail={"reason": note.reason, "objects": len(note.objects), "note": each.study_pk},
        ),
    )
    return touched | {each.series_pk}


async def lift(
    session: AsyncSession, org: str, sop_uids: Collection[str], at: datetime
) -> set[str]:
    """Bring back instances whose retention had expired and that were sent again."""
    expired = select(Rejection.id).where(
        Rejection.org == org, Rejection.reason == RejectionReason.RETENTION_EXPIRED
    )
    for some in parts(sop_uids):
        await session.execute(
            update(RejectedObject)
            .where(
                RejectedObject.org == org,
                RejectedObject.sop_instance_uid.in_(some),
                RejectedObject.rejection_id.in_(expired),
                RejectedObject.lifted_at.is_(None),
            )
            .values(lifted_at=at)
            .execution_options(**_NO_OBJECTS)
        )
    return await settle(session, org, sop_uids)


async def settle(session: AsyncSession, org: str, sop_uids: Collection[str]) -> set[str]:
    """Show or hide instances as the rejections in force say; return the series that changed.

    A rejection is in force for what the institution owns that made it, in the study it names. Those
    studies must be held: what is on its way to them is not seen.
    """
    touched: set[str] = set()
    for some in parts(sop_uids):
        found = await session.execute(
            select(Instance.id, Instance.series_pk, Instance.rejected_as, Rejection.reason)
            .join(Series, Series.id == Instance.series_pk)
            .join(Study, Study.id == Series.study_pk)
            .outerjoin(
                RejectedObject,
                and_(
                    RejectedObject.org == Instance.org,
                    RejectedObject.sop_instance_uid == Instance.sop_instance_uid,
                    RejectedObject.study_instance_uid == Study.study_instance_uid,
                    RejectedObject.lifted_at.is_(None),
                ),
            )
            .outerjoin(
                Rejection,
                and_(
                    Rejection.id == RejectedObject.rejection_id,
                    Rejection.revoked_at.is_(None),
                    Rejection.institution_id == Study.owner_institution_id,
                ),
            )
            .where(
                Instance.org == org,
                Instance.sop_instance_uid.in_(some),
                Instance.id.not_in(select(Rejection.instance_pk)),
            )
        )
        before: dict[str, tuple[str, str | None]] = {}
        reasons: defaultdict[str, set[str]] = defaultdict(set)
        for pk, series_pk, hidden_as, reason in found:
            before[pk] = (series_pk, hidden_as)
            if reason is not None:
                reasons[pk].add(reason)
        changes: defaultdict[str | None, list[str]] = defaultdict(list)
        for pk, (series_pk, was) in before.items():
            now = strictest(reasons[pk])
            if now != was:
                changes[now].append(pk)
                touched.add(series_pk)
        for changed, pks in changes.items():
            await session.execute(
                update(Instance)
                .where(Instance.id.in_(pks))
                .values(rejected_as=changed)
                .execution_options(**_NO_OBJECTS)
            )
    return touched


def strictest(reasons: Iterable[str]) -> RejectionReason | None:
    """Return the strictest of some reasons, None for none."""
    given = set(reasons)
    return next((each for each in STRICTEST_FIRST if each in given), None)


async def count_anew(
    session: AsyncSession, series_pks: Collection[str], at: datetime
) -> Mapping[str, str]:
    """Count what is shown of some series and their studies; return those studies' communities.

    The series' revision changes with its time, since a count may come back to what it was. The
    studies must be held: what is on its way to them is not counted.
    """
    shown = (
        select(func.count())
        .where(Instance.series_pk == Series.id, Instance.rejected_as.is_(None))
        .scalar_subquery()
    )
    # In one order everywhere, as intake counts.
    for series_pk in sorted(series_pks):
        await session.execute(
            update(Series)
            .where(Series.id == series_pk)
            .values(instance_count=shown, last_received_at=at)
            .execution_options(**_NO_OBJECTS)
        )
    studies: dict[str, str] = {}
    for some in parts(series_pks):
        found = await session.execute(
            select(Study.id, Study.org)
            .join(Series, Series.study_pk == Study.id)
            .where(Series.id.in_(some))
        )
        studies.update((pk, org) for pk, org in found)
    for study_pk in sorted(studies):
        rows = (
            await session.execute(
                select(Series.modality, Series.instance_count).where(
                    Series.study_pk == study_pk, Series.instance_count > 0
                )
            )
        ).all()
        await session.execute(
            update(Study)
            .where(Study.id == study_pk)
            .values(
                series_count=len(rows),
                instance_count=sum(row.instance_count for row in rows),
                modalities=modalities(row.modality for row in rows),
            )
            .execution_options(**_NO_OBJECTS)
        )
    return studies


def modalities(found: Iterable[str | None]) -> str:
    """Return modalities as `Study.modalities` holds them."""
    names = sorted({name for name in found if name})[:8]
    return "\\" + "\\".join(names) + "\\" if names else ""


async def emptied_by(
    session: AsyncSession, note_pks: Sequence[str]
) -> Mapping[str, RejectionReason]:
    """Return the studies of which notes left nothing to show, and why."""
    found = await session.execute(
        select(Study.id, Rejection.reason)
        .join(Series, Series.study_pk == Study.id)
        .join(Instance, Instance.series_pk == Series.id)
        .join(
            RejectedObject,
            and_(
                RejectedObject.org == Instance.org,
                RejectedObject.sop_instance_uid == Instance.sop_instance_uid,
                RejectedObject.study_instance_uid == Study.study_instance_uid,
            ),
        )
        .join(Rejection, Rejection.id == RejectedObject.rejection_id)
        .where(Rejection.instance_pk.in_(note_pks), Study.instance_count == 0)
        .distinct()
    )
    return {study_pk: RejectionReason(reason) for study_pk, reason in found}
