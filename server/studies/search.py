"""Searches of the index: within reach, newest study first."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from dicom.web.query import Exact, Match, Query, Range, Universal, Wildcard
from server.core.clock import Clock
from server.core.database import Database
from server.core.paging import Cursor, behind
from server.identity.public import Actor
from server.patients.public import Patient
from server.studies.attributes import ATTRIBUTES, SHARED, Attribute, Level, is_key, tag_of
from server.studies.computed import NO_ISSUER
from server.studies.matching import condition, period
from server.studies.models import Instance, Series, Study
from server.studies.names import NameMatch, name_match
from server.studies.narrowing import Narrowed, is_narrowed, narrowed
from server.studies.usual import (
    Kind,
    laid_out,
    matched,
    page_values,
    query_of,
)
from server.studies.visibility import reach_of

UNIQUE_KEYS: Final = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}

_AT_ONCE: Final = 32
"""Rows with metadata that are read in one go."""
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
    most_bytes: int | None = None
    """Of metadata, as they are kept: the page ends before it holds more, but for its first match.
    """

    @property
    def unmatched(self) -> Sequence[str]:
        """Keywords of what shall match and does not narrow the search."""
        return [
            keyword
            for keyword, match in self.query.matches.items()
            if not isinstance(match, Universal) and not is_key(keyword, self.level)
        ]

    @property
    def unanswered(self) -> Sequence[str]:
        """What is asked for and can be no part of an answer of this level."""
        answered = {each.keyword for each in _chosen(self)} | set(_from_metadata(self))
        answered |= {keyword.partition(".")[0] for keyword in answered}
        return [
            *(
                keyword
                for keyword in self.query.include
                if keyword not in answered and tag_of(keyword.partition(".")[0]) not in answered
            ),
            *self.query.unknown,
        ]


@dataclass(frozen=True)
class Page:
    """Matches, and whether there are more.

    Each row holds the values of ``attributes``, and last, where ``from_metadata`` names tags that
    an instance's metadata alone can answer, that metadata (DICOM JSON, gzipped): its own, or those
    of one of its instances; all of it is asked for where ``whole``.
    """

    attributes: Sequence[Attribute]
    from_metadata: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    more: bool
    level: Level
    whole: bool = False

    def place_behind(self, count: int) -> Cursor | None:
        """Return where the studies behind the first ``count`` begin; None of other matches."""
        if self.level is not Level.STUDY or not 0 < count <= len(self.rows):
            return None
        keys = len(self.attributes)
        return Cursor(*self.rows[count - 1][keys : keys + 2])


@dataclass(frozen=True)
class _Asked:
    """What a search asks: of the patient's name, else of studies, and of what is in them."""

    by_name: NameMatch | None
    of_studies: Sequence[ColumnElement[bool]]
    within: Sequence[ColumnElement[bool]]


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
            If a key's value is none of its kind.
        """
        chosen = _chosen(search)
        from_metadata = _from_metadata(search)
        whole = search.level is Level.INSTANCE and search.query.include_all
        keywords = tuple(attribute.keyword for attribute in chosen)
        # The separator of texts that are put together is written into a query when it is run.
        unusual = from_metadata or whole or "SOPClassesInStudy" in keywords
        usual = None if unusual else _usual(search, keywords)
        rows: Sequence[tuple[Any, ...]]
        if usual is not None:
            query, values = usual
            reach = reach_of(actor, self._clock.now())
            rows, more = await self._database.look_up(query, {**reach, **values}), False
        else:
            beside = [_metadata_of(search.level)] if from_metadata or whole else []
            rows, more = await self._built(actor, search, keywords, beside)
        more = more or len(rows) > search.limit
        return Page(chosen, from_metadata, rows[: search.limit], more, search.level, whole)

    async def _built(
        self,
        actor: Actor,
        search: Search,
        keywords: Sequence[str],
        metadata: Sequence[ColumnElement[bytes]],
    ) -> tuple[Sequence[tuple[Any, ...]], bool]:
        """Return the rows of a query for this search alone, and whether some were left."""
        asked = _asked(search, actor.org)
        conditions = [*asked.of_studies, *asked.within]
        if search.after is not None:
            conditions.append(behind(search.after, Study.received_at, Study.id))

        # The reach is part of the one query: as a list of ids it would be made anew for each.
        reach = reach_of(actor, self._clock.now())

        def rows_of(
            beside: Sequence[ColumnElement[bool]],
        ) -> Awaitable[tuple[Sequence[tuple[Any, ...]], bool]]:
            query = laid_out(
                search.level,
                keywords,
                [*conditions, *beside],
                offset=search.query.offset,
                limit=search.limit + 1,
                beside=metadata,
            )
            return _rows(session, query, reach, search.most_bytes if metadata else None)

        async with self._database.reading() as session:
            found = await _narrowed(session, actor.org, search, asked)
            rows, more = await rows_of(found.conditions)
            if not found.is_all and not more and len(rows) <= search.limit:
                # Too few of the newest candidates are within reach.
                return await rows_of(found.otherwise)
            return rows, more


def _usual(
    search: Search, keywords: tuple[str, ...]
) -> tuple[Select[*tuple[Any, ...]], dict[str, Any]] | None:
    """Return the query and the values of a search of a usual kind, None for any other."""
    asked = search.query
    found = (
        None if asked.combined_times or is_narrowed(asked) else matched(asked.matches, search.level)
    )
    if found is None:
        return None
    forms, values = found
    in_study, in_series = (uid is not None for uid in search.within)
    kind = Kind(search.level, keywords, forms, in_study, in_series, search.after is not None)
    # One more than asked for tells whether there are more.
    place = page_values(search.within, search.after, offset=asked.offset, limit=search.limit + 1)
    return query_of(kind), values | place


async def _narrowed(session: AsyncSession, org: str, search: Search, asked: _Asked) -> Narrowed:
    if search.level is not Level.PATIENT:
        return await narrowed(
            session, org, search.query, asked.of_studies, asked.by_name, search.after
        )
    # All of them are put together in any case, so all are found by their names.
    by_name = asked.by_name
    return Narrowed([] if by_name is None else [Study.patient_name.in_(by_name.names())])


async def _rows(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    values: Mapping[str, Any],
    most_bytes: int | None,
) -> tuple[Sequence[tuple[Any, ...]], bool]:
    if most_bytes is not None:
        return await _bounded(session, query, values, most_bytes)
    return (await session.execute(query, values)).all(), False


async def _bounded(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    values: Mapping[str, Any],
    most_bytes: int,
) -> tuple[Sequence[tuple[Any, ...]], bool]:
    """Return rows while their metadata fit, at least one, and whether the rest was left."""
    found: list[Row[*tuple[Any, ...]]] = []
    rows = await session.stream(query.execution_options(yield_per=_AT_ONCE), values)
    try:
        async for row in rows:
            most_bytes -= len(row[-1])
            if found and most_bytes < 0:
                return found, True
            found.append(row)
    finally:
        await rows.close()
    return found, False


def _literally(attribute: Attribute, match: Match, org: str) -> ColumnElement[bool]:
    if attribute.keyword != "IssuerOfPatientID" or isinstance(match, Universal):
        return condition(attribute, match)
    issued = condition(replace(attribute, column=Patient.issuer), match)
    named = Patient.issuer.not_like(f"{NO_ISSUER}%")
    return Study.patient_pk.in_(select(Patient.id).where(Patient.org == org, named, issued))


def _asked(search: Search, org: str) -> _Asked:
    by_name = None
    of_studies: list[ColumnElement[bool]] = []
    within: list[ColumnElement[bool]] = []
    study_uid, series_uid = search.within
    if study_uid is not None:
        of_studies.append(Study.study_instance_uid == study_uid)
    if series_uid is not None:
        within.append(Series.series_instance_uid == series_uid)
    together = _periods(search)
    for (day, _), found in together.items():
        (of_studies if ATTRIBUTES[day].level <= Level.STUDY else within).extend(found)
    for keyword, match in search.query.matches.items():
        if any(keyword in pair for pair in together):
            continue
        if not is_key(keyword, search.level):
            continue
        attribute = ATTRIBUTES[keyword]
        literally = _literally(attribute, match, org)
        if keyword == "PatientName":
            by_name = _name_match(match, fuzzy=search.query.fuzzy)
        if keyword != "PatientName" or by_name is None:
            (of_studies if attribute.level <= Level.STUDY else within).append(literally)
    return _Asked(by_name, of_studies, within)


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
    """Return the tags that only an instance's metadata can answer."""
    query = search.query
    asked = {
        keyword.partition(".")[0]
        for keyword in (*query.include, *query.matches)
        if keyword not in ATTRIBUTES
    }
    if search.level is not Level.INSTANCE:
        shared = {key for level, keys in SHARED.items() if level <= search.level for key in keys}
        asked = shared if query.include_all else asked & shared
    return sorted(tag_of(keyword) for keyword in asked)


def _metadata_of(level: Level) -> ColumnElement[bytes]:
    """Return an instance's metadata, or those of one shown instance of a series or a study."""
    if level is Level.INSTANCE:
        return Instance.metadata_json_gz.expression
    one = aliased(Instance)
    shown = select(one.metadata_json_gz).where(one.rejected_as.is_(None))
    found = shown.order_by(one.instance_number, one.id).limit(1)
    if level is Level.SERIES:
        return found.where(one.series_pk == Series.id).correlate(Series).scalar_subquery()
    # The first of some series: their order would cost a sort of the whole study.
    series = aliased(Series)
    first = select(func.min(series.id)).where(
        series.study_pk == Study.id, series.instance_count > 0
    )
    return (
        found.where(one.series_pk == first.correlate(Study).scalar_subquery())
        .correlate(Study)
        .scalar_subquery()
    )
