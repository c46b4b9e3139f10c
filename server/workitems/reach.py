"""Which workitems are within reach: those an institution examined or reads, of studies it sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.uids import is_uid
from server.core.errors import InvalidInput, NotFound
from server.identity.public import Actor
from server.requests.public import DiagnosisRequest
from server.studies.public import Study, visible_studies
from server.workitems.models import Workitem
from server.workitems.uids import request_id_of

NOT_THERE: Final = "there is no such workitem"


def within_reach(actor: Actor, now: datetime) -> Select[DiagnosisRequest, Study, Workitem]:
    """Return the query of all workitems that ``actor`` may see."""
    seen = visible_studies(actor, now).where(Study.id == DiagnosisRequest.study_pk)
    return (
        select(DiagnosisRequest, Study, Workitem)
        .join(Study, Study.id == DiagnosisRequest.study_pk)
        .outerjoin(Workitem, Workitem.request_id == DiagnosisRequest.id)
        .where(
            DiagnosisRequest.org == actor.org,
            or_(
                DiagnosisRequest.diagnosing_institution_id == actor.institution_id,
                DiagnosisRequest.requesting_institution_id == actor.institution_id,
            ),
            seen.correlate(DiagnosisRequest).exists(),
        )
    )


async def find(
    session: AsyncSession, actor: Actor, uid: str, now: datetime
) -> tuple[DiagnosisRequest, Study, Workitem | None]:
    """Return one workitem.

    Raises
    ------
    InvalidInput, NotFound
        If that is no UID; if there is none within reach.
    """
    if not is_uid(uid):
        raise InvalidInput("that is no UID", code="bad-uid")
    unnamed = and_(Workitem.uid.is_(None), DiagnosisRequest.id == (request_id_of(uid) or ""))
    row = (
        await session.execute(within_reach(actor, now).where(or_(Workitem.uid == uid, unnamed)))
    ).one_or_none()
    if row is None:
        raise NotFound(NOT_THERE)
    return row[0], row[1], row[2]


async def matches(
    session: AsyncSession,
    actor: Actor,
    request_id: str,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> bool:
    """Tell whether a request's workitem is within reach and meets all conditions."""
    wanted = within_reach(actor, now).where(DiagnosisRequest.id == request_id, *conditions)
    return (await session.execute(wanted)).first() is not None
