"""Searches of the index: within reach, newest study first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.web.query import Exact, Match, Query, Range, Wildcard
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import InvalidInput
from server.core.paging import Cursor
from server.identity.public import Actor
from server.studies.attributes import ATTRIBUTES, Attribute, Level, tag_of
from server.studies.matching import condition, period
from server.studies.models import Instance, Series, Study
from server.studies.names import NameMatch, name_match
from server.studies.visibility import visible_studies

UNIQUE_KEYS: Final = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}

_DAYS_AND_TIMES: Final = (
    ("StudyDate", "StudyTime"),
    ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime"),
)


@dataclass(frozen=True)
class Search:
    """What is asked for, and how many matches at most."""

    level: Level
    query: Query
    limit: int
    within: tuple[str | None, str | None] = (None, None)
    """UIDs of the study and of the series in which to search."""
    after: Cursor | None = None
    """The study behind which to begin; of searches for studies alone."""


@dataclass(frozen=True)
class Page:
    """Matches, and whether there are more.

    Each row holds the values of ``attributes``, and last, where ``from_metadata`` names tags that
    an instance's own metadata alone can answer, that metadata (DICOM JSON, gzipped). Where more
    studies follow, ``last`` is the key of the last one here.
    """

    attributes: Sequence[Attribute]
    from_metadata: Sequence[str]
    rows: Sequence[Row[*tuple[Any, ...]]]
    more: bool
    last: Cursor | None = None


class StudySearch:
    """Searches patients, studies, series and instances."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, actor: Actor, search: Search) -> Page:
        """Return what matches ``search`` among what ``actor`` may see.

        Raises
        ------
        InvalidInput
            If a key is none of this level, or its value none of its kind.
        """
        chosen = _chosen(search)
        from_metadata = _from_metadata(search)
        columns: list[Any] = [attribute.column for attribute in chosen]
        if from_metadata:
            columns.append(Instance.metadata_json_gz)
        if search.level is Level.STUDY:
            columns.extend((Study.received_at, Study.id))
        # The reach is part of the one query: as a list of ids it would be made anew for each.
        reach = visible_studies(actor, self._clock.now()).with_only_columns(*columns)
        by_name, conditions = _conditions(search)
        query = _joined(reach, search.level).where(*conditions)
        if search.after is not None:
            query = query.where(_behind(search.after))
        if search.level is Level.PATIENT:
            query = query.distinct().order_by(*columns)
        else:
            query = query.order_by(*_ORDER[: 2 * search.level])
        query = query.offset(search.query.offset).limit(search.limit + 1)
        async with self._database.reading() as session:
            if by_name is not None:
                query = query.where(await _named(session, actor.org, by_name, search.level))
            rows = (await session.execute(query)).all()
        more = len(rows) > search.limit
        shown = rows[: search.limit]
        last = Cursor(*shown[-1][-2:]) if more and shown and search.level is Level.STUDY else None
        return Page(chosen, from_metadata, shown, more, last)


_ORDER: Final = (
    Study.received_at.desc(),
    Study.id.desc(),
    Series.series_number,
    Series.id,
    Instance.instance_number,
    Instance.id,
)


def _behind(after: Cursor) -> ColumnElement[bool]:
    same_moment = and_(Study.received_at == after.at, Study.id < after.id)
    return or_(Study.received_at < after.at, same_moment)


def _joined(query: Select[*tuple[Any, ...]], level: Level) -> Select[*tuple[Any, ...]]:
    query = query.select_from(Study)
    if level >= Level.SERIES:
        query = query.join(Series, Series.study_pk == Study.id)
    if level is Level.INSTANCE:
        query = query.join(Instance, Instance.series_pk == Series.id)
    return query


async def _named(
    session: AsyncSession, org: str, by_name: NameMatch, level: Level
) -> ColumnElement[bool]:
    if level is Level.PATIENT:
        # All of them are sorted in any case, so all are found by their names.
        return Study.patient_name.in_(by_name.names())
    return await by_name.among_studies(session, org)


def _conditions(search: Search) -> tuple[NameMatch | None, list[ColumnElement[bool]]]:
    """Return what is asked of the patient's name, and all else."""
    by_name = None
    conditions: list[ColumnElement[bool]] = []
    study_uid, series_uid = search.within
    if study_uid is not None:
        conditions.append(Study.study_instance_uid == study_uid)
    if series_uid is not None:
        conditions.append(Series.series_instance_uid == series_uid)
    together = _periods(search)
    conditions += [each for found in together.values() for each in found]
    for keyword, match in search.query.matches.items():
        if any(keyword in pair for pair in together):
            continue
        attribute = ATTRIBUTES.get(keyword)
        if attribute is None or attribute.level > search.level:
            raise InvalidInput(f"{keyword} is no key of this search", code="unknown-key")
        literally = condition(attribute, match)
        if keyword == "PatientName":
            by_name = _name_match(match, fuzzy=search.query.fuzzy)
        if keyword != "PatientName" or by_name is None:
            conditions.append(literally)
    return by_name, conditions


def _periods(search: Search) -> dict[tuple[str, str], list[ColumnElement[bool]]]:
    """Return the pairs of date and time that are asked for as one period each."""
    found: dict[tuple[str, str], list[ColumnElement[bool]]] = {}
    if not search.query.combined_times:
        return found
    for day, at in _DAYS_AND_TIMES:
        days, times = search.query.matches.get(day), search.query.matches.get(at)
        dated, timed = ATTRIBUTES[day], ATTRIBUTES[at]
        if dated.level > search.level:
            continue
        if isinstance(days, Range) and isinstance(times, Range):
            found[day, at] = period(dated.column, timed.column, days, times)
    return found


def _name_match(match: Match, *, fuzzy: bool) -> NameMatch | None:
    match match:
        case Exact(value) | Wildcard(value):
            return name_match(value, fuzzy=fuzzy)
        case _:
            return None


def _chosen(search: Search) -> list[Attribute]:
    """Choose the columns to answer with: the required ones, those matched, those asked for."""
    # What the path says already need not be said of each (PS3.18 Tables 10.6.3-4 and 10.6.3-5).
    study_uid, series_uid = search.within
    least = Level.PATIENT
    if study_uid is not None:
        least = Level.SERIES if series_uid is None else Level.INSTANCE
    query = search.query
    asked = {*query.include, *query.matches, *UNIQUE_KEYS.values()}
    return [
        attribute
        for keyword, attribute in ATTRIBUTES.items()
        if attribute.level <= search.level
        and (
            keyword in asked
            or keyword.partition(".")[0] in asked
            or (attribute.level >= least and (attribute.always or query.include_all))
        )
    ]


def _from_metadata(search: Search) -> Sequence[str]:
    """Return the tags that only an instance's own metadata can answer."""
    if search.level is not Level.INSTANCE:
        return ()
    asked = {
        keyword.partition(".")[0] for keyword in search.query.include if keyword not in ATTRIBUTES
    }
    return sorted(tag_of(keyword) for keyword in asked)
