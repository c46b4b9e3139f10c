"""Kinds of false labels of text, kept with each series: who looks after devices sees why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Update, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.studies.models import LONGEST_REPAIRS, Series

_PARTED: Final = "; "


def together(kinds: Iterable[str]) -> str | None:
    """Return kinds as one text, None where there is none."""
    return _PARTED.join(kinds) or None


def tell_repair(series_pk: str, kind: str) -> Update:
    """Return what adds a kind to those of a series, once, while there is room for it."""
    told = Series.charset_repair
    # What stands there is looked at in the statement itself: several processes may add at once.
    knows = (_PARTED + told + _PARTED).contains(_PARTED + kind + _PARTED, autoescape=True)
    fits = func.length(told) <= LONGEST_REPAIRS - len(_PARTED + kind)
    return (
        update(Series)
        .where(Series.id == series_pk, or_(told.is_(None), ~knows & fits))
        .values(charset_repair=case((told.is_(None), kind), else_=told + (_PARTED + kind)))
        .execution_options(synchronize_session=False)
    )


async def repairs_of(session: AsyncSession, study_ids: Sequence[str]) -> Mapping[str, str]:
    """Return the kinds that the series of studies have, of those that have any."""
    rows = await session.execute(
        select(Series.study_pk, Series.charset_repair)
        .where(Series.study_pk.in_(study_ids), Series.charset_repair.is_not(None))
        .order_by(Series.series_number, Series.id)
    )
    kinds: dict[str, dict[str, None]] = {}
    for study_pk, told in rows:
        kinds.setdefault(study_pk, {}).update(dict.fromkeys((told or "").split(_PARTED)))
    return {study_pk: _PARTED.join(each) for study_pk, each in kinds.items()}
