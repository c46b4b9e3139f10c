"""Candidates of a search by an index of their own, before it is asked who may see them.

Neither database knows how many studies a name, a modality or a span of days finds, and both judge
reach one study after another. So what is rare is listed first by the index that finds it, newest
first and without reach, and only what is listed is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, ColumnElement, String, any_, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.web.query import Exact, Match, Query, Range
from server.core.paging import Cursor, behind
from server.studies.models import Series, Study
from server.studies.names import NameMatch

_MOST: Final = 3000
"""Candidates that are listed."""
_SHORT: Final = timedelta(days=7)


@dataclass(frozen=True)
class Narrowed:
    """What a search asks beside its own conditions."""

    conditions: Sequence[ColumnElement[bool]]
    is_all: bool = True
    """Whether nothing fulfils the search but what fulfils these, too."""
    otherwise: Sequence[ColumnElement[bool]] = ()
    """What to ask instead where too few did."""


async def narrowed(
    session: AsyncSession,
    org: str,
    query: Query,
    conditions: Sequence[ColumnElement[bool]],
    by_name: NameMatch | None,
    after: Cursor | None,
) -> Narrowed:
    """Return how a search for studies or what is in them is narrowed, name and modality included.

    Parameters
    ----------
    conditions
        What is asked of studies beside the name.
    """
    rare = await _of_rare_modality(session, query)
    if rare is not None:
        named = () if by_name is None else (by_name.of(Study.patient_name),)
        return Narrowed((_is_one_of(session, rare), *named))
    otherwise = [] if by_name is None else [by_name.of(Study.patient_name)]
    days = query.matches.get("StudyDate")
    if by_name is not None and not _is_short(days) and await by_name.are_few(session):
        listed = [*conditions, _is_named(session, by_name)]
    elif isinstance(days, Range):
        listed = [*conditions, *otherwise]
    else:
        return Narrowed(otherwise)
    candidates = select(Study.id).where(
        Study.org == org, *listed, behind(after, Study.received_at, Study.id)
    )
    newest = candidates.order_by(Study.received_at.desc(), Study.id.desc()).limit(_MOST + 1)
    ids = (await session.scalars(newest)).all()
    return Narrowed([_is_one_of(session, ids[:_MOST])], len(ids) <= _MOST, otherwise)


def _is_short(days: Match | None) -> bool:
    """Tell whether days find so few studies that each may be asked for its name."""
    match days:
        case Range(date() as low, date() as high):
            return high - low <= _SHORT
        case _:
            return False


def _is_named(session: AsyncSession, by_name: NameMatch) -> ColumnElement[bool]:
    """Return the condition on studies; an array keeps PostgreSQL from asking it of each study."""
    if _on_postgresql(session):
        return Study.patient_name == any_(func.array(by_name.names().scalar_subquery()))
    return Study.patient_name.in_(by_name.names())


def _on_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _is_one_of(session: AsyncSession, ids: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition on studies; to PostgreSQL thousands go as one value."""
    if _on_postgresql(session):
        return Study.id == any_(literal(list(ids), ARRAY(String(32))))
    return Study.id.in_(ids)


def behind_place(at: ColumnElement[datetime], study_pk: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition on studies of `behind`, in a query that is made once."""
    return tuple_(Study.received_at, Study.id) < tuple_(at, study_pk)


def is_narrowed(query: Query) -> bool:
    """Tell whether a search without names or modalities is narrowed."""
    return isinstance(query.matches.get("StudyDate"), Range)


async def _of_rare_modality(session: AsyncSession, query: Query) -> Sequence[str] | None:
    """Return the studies that a series may let match, None where they are many or not known so."""
    asked = query.matches.get("ModalitiesInStudy")
    if not isinstance(asked, Exact):
        return None
    # A modality is written in capitals (PS3.3 C.7.3.1.1.1); who asks may type it in small letters.
    spelt = {asked.value, asked.value.upper(), asked.value.lower()}
    found = await session.scalars(
        select(Series.study_pk).where(Series.modality.in_(sorted(spelt))).limit(_MOST + 1)
    )
    studies = found.all()
    return None if len(studies) > _MOST else sorted(set(studies))
