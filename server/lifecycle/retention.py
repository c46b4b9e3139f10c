"""How long a study must be kept: by its class, from its patient's last visit.

At least fifteen years for outpatients (门急诊病历), thirty for inpatients (住院病历), from the last
visit or discharge (医疗机构病历管理规定 2013, article 29). How long that is for a study is computed
when it is asked, so every visit extends it by itself.
"""

from collections.abc import Mapping
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


async def retention_of(session: AsyncSession, study: Study, default: RetentionClass) -> Retention:
    """Return until when ``study`` must be kept."""
    dated, received = (
        await session.execute(
            select(func.max(Study.study_date), func.max(Study.received_at)).where(
                Study.patient_pk == study.patient_pk
            )
        )
    ).one()
    visits = [received.date(), *([dated] if dated is not None else [])]
    chosen = RetentionClass(study.retention_class) if study.retention_class else default
    last_visit = max(visits)
    return Retention(chosen, last_visit, _after(last_visit, YEARS[chosen]))


async def holds_on(session: AsyncSession, study: Study) -> list[LegalHold]:
    """Return the holds in force that cover ``study``."""
    held = aliased(Study)
    found = await session.scalars(
        select(LegalHold)
        .join(held, held.id == LegalHold.study_pk)
        .where(
            LegalHold.lifted_at.is_(None),
            or_(
                LegalHold.study_pk == study.id,
                LegalHold.whole_patient & (held.patient_pk == study.patient_pk),
            ),
        )
        .order_by(LegalHold.placed_at, LegalHold.id)
    )
    return list(found)


def _after(day: date, years: int) -> date:
    year = min(day.year + years, MAXYEAR)
    try:
        return day.replace(year=year)
    except ValueError:
        # 29 February: the right outlasts the day before.
        return date(year, 3, 1)
