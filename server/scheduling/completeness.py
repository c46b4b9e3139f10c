"""Which studies are complete because the devices that make them said so."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Select, and_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from server.scheduling.models import (
    PerformedSeries,
    PerformedStatus,
    PerformedStep,
    PerformedStudy,
    ScheduledExam,
)
from server.studies.public import Series, Study


def studies_of(step_id: str) -> Select[str]:
    """Return the query of the ids of the studies of a step: its institution's own alone."""
    linked = union(
        *(each.where(PerformedStep.id == step_id).with_only_columns(Study.id) for each in _links())
    )
    return select(Study.id).where(Study.id.in_(linked)).order_by(Study.id)


async def ended_studies(session: AsyncSession, study_ids: Collection[str]) -> set[str]:
    """Return those of the studies of which nothing more is to come.

    Every step that makes one has ended, and each series that a completed step lists is here with
    as many objects: devices say that they are done before they have sent all.
    """
    if not study_ids:
        return set()
    found = await session.execute(
        union(*(each.where(Study.id.in_(study_ids)) for each in _links()))
    )
    steps: dict[str, dict[str, PerformedStatus]] = defaultdict(dict)
    for study_id, step_id, status in found:
        steps[study_id][step_id] = PerformedStatus(status)
    ended = {
        study_id
        for study_id, statuses in steps.items()
        if PerformedStatus.IN_PROGRESS not in statuses.values()
    }
    completed = {
        step_id
        for study_id in ended
        for step_id, status in steps[study_id].items()
        if status is PerformedStatus.COMPLETED
    }
    awaited = await _awaited(session, completed)
    return {study_id for study_id in ended if awaited.isdisjoint(steps[study_id])}


def _links() -> tuple[Select[str, str, PerformedStatus], ...]:
    """Return study, step and status, by the study's UID and by the examination it came from."""
    wanted = select(Study.id, PerformedStep.id, PerformedStep.status)
    own = and_(
        PerformedStep.org == Study.org, PerformedStep.institution_id == Study.owner_institution_id
    )
    return (
        wanted.join(
            PerformedStudy, PerformedStudy.study_instance_uid == Study.study_instance_uid
        ).join(PerformedStep, and_(PerformedStep.id == PerformedStudy.step_id, own)),
        wanted.join(ScheduledExam, ScheduledExam.study_pk == Study.id)
        .join(PerformedStudy, PerformedStudy.exam_id == ScheduledExam.id)
        .join(PerformedStep, and_(PerformedStep.id == PerformedStudy.step_id, own)),
    )


async def _awaited(session: AsyncSession, step_ids: Collection[str]) -> set[str]:
    """Return the steps of which a series is not here, or has too few objects."""
    if not step_ids:
        return set()
    listed = await session.execute(
        select(
            PerformedSeries.step_id,
            PerformedSeries.series_instance_uid,
            PerformedSeries.instance_count,
        ).where(PerformedSeries.step_id.in_(step_ids))
    )
    linked = await session.execute(
        union(*(each.where(PerformedStep.id.in_(step_ids)) for each in _links()))
    )
    studies: dict[str, set[str]] = defaultdict(set)
    for study_id, step_id, _ in linked:
        studies[step_id].add(study_id)
    found = await session.execute(
        select(Series.study_pk, Series.series_instance_uid, Series.instance_count).where(
            Series.study_pk.in_(set().union(*studies.values()))
        )
    )
    here = {(study_id, uid): count for study_id, uid, count in found}
    return {
        step_id
        for step_id, uid, count in listed
        if sum(here.get((study_id, uid), 0) for study_id in studies[step_id]) < count
    }
