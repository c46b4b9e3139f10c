"""How long a study must be kept: by its class, from its patient's last visit.

At least fifteen years for outpatients (门急诊病历), thirty for inpatients (住院病历), from the last
visit or discharge (医疗机构病历管理规定 2013, article 29). How long that is for a study is computed
when it is asked, so every visit extends it by itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.lifecycle.models import LegalHold
from server.studies.public import RetentionClass, Study

YEARS: Final[Mapping[RetentionClass, int]] = {
    RetentionClass.OUTPATIENT: 15,
    RetentionClass.INPATIENT: 30,
}


@dataclass(frozen=True)
class Retention:
    """Until when a study is kept, and by what."""

    retention_class: RetentionClass
    last_visit: date
    until: date


async def retentions_of(
    session: AsyncSession, studies: Collection[Study], default: RetentionClass
) -> dict[str, Retention]:
    """Return until when each of ``studies`` must be kept, by its id."""
    visit = aliased(Study)
    rows = await session.execute(
        select(Study.id, func.max(visit.study_date), func.max(visit.received_at))
        .join(visit, visit.patient_pk == Study.patient_pk)
        .where(Study.id.in_({each.id for each in studies}))
        .group_by(Study.id)
    )
    visits = {id_: max(received.date(), dated or date.min) for id_, dated, received in rows}
    return {each.id: _retention(each, visits[each.id], default) for each in studies}


async def retention_of(session: AsyncSession, study: Study, default: RetentionClass) -> Retention:
    """Return until when ``study`` must be kept."""
    return (await retentions_of(session, [study], default))[study.id]


async def holds_of(session: AsyncSession, studies: Collection[Study]) -> dict[str, list[LegalHold]]:
    """Return the holds in force that cover each of ``studies``, by its id."""
    held = aliased(Study)
    rows = await session.execute(
        select(LegalHold, held.patient_pk)
        .join(held, held.id == LegalHold.study_pk)
        .where(
            LegalHold.lifted_at.is_(None),
            or_(
                LegalHold.study_pk.in_({each.id for each in studies}),
                LegalHold.whole_patient
                & held.patient_pk.in_({each.patient_pk for each in studies}),
            ),
        )
        .order_by(LegalHold.placed_at, LegalHold.id)
    )
    found = rows.all()
    return {
        each.id: [
            hold
            for hold, patient in found
            if hold.study_pk == each.id or (hold.whole_patient and patient == each.patient_pk)
        ]
        for each in studies
    }


async def holds_on(session: AsyncSession, study: Study) -> list[LegalHold]:
    """Return the holds in force that cover ``study``."""
    return (await holds_of(session, [study]))[study.id]


def _retention(study: Study, last_visit: date, default: RetentionClass) -> Retention:
    chosen = RetentionClass(study.retention_class) if study.retention_class else default
    return Retention(chosen, last_visit, _after(last_visit, YEARS[chosen]))


def _after(day: date, years: int) -> date:
    year = min(day.year + years, MAXYEAR)
    try:
        return day.replace(year=year)
    except ValueError:
        # 29 February: the right outlasts the day before.
        return date(year, 3, 1)
