"""QIDO-RS searches: within reach, newest study first, and stable from page to page."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row, Select

from dicom.web.query import Query
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import InvalidInput
from server.dicomweb.access import Target
from server.dicomweb.attributes import ATTRIBUTES, Attribute, Level, json_value, tag_of
from server.dicomweb.matching import condition
from server.dicomweb.metadata import absolute
from server.identity.public import Actor
from server.studies.public import Instance, Series, Study, visible_studies

Json = dict[str, Any]

USUAL_LIMIT: Final = 100
MOST_MATCHES: Final = 1000

_SPECIFIC_CHARACTER_SET: Final = "00080005"
_UTF_8: Final[Json] = {"vr": "CS", "Value": ["ISO_IR 192"]}
_INSTANCE_AVAILABILITY: Final = "00080056"
_ONLINE: Final[Json] = {"vr": "CS", "Value": ["ONLINE"]}
_RETRIEVE_URL: Final = "00081190"
_UID_KEYS: Final = {
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}


@dataclass(frozen=True)
class Search:
    """What is asked for."""

    level: Level
    query: Query
    within: Target | None = None
    """The study or series that the path names."""

    @property
    def limit(self) -> int:
        """The size of the page."""
        return min(self.query.limit if self.query.limit is not None else USUAL_LIMIT, MOST_MATCHES)


@dataclass(frozen=True)
class Found:
    """A page of matches as a JSON array, and whether there are more."""

    body: bytes
    more: bool


class SearchService:
    """Searches studies, series and instances."""

    def __init__(self, *, database: Database, clock: Clock, executor: Executor) -> None:
        self._database = database
        self._clock = clock
        self._executor = executor

    async def search(self, actor: Actor, search: Search, base: str) -> Found:
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
        # The reach is part of the one query: as a list of ids it would be made anew for each.
        reach = visible_studies(actor, self._clock.now()).with_only_columns(*columns)
        query = _joined(reach, search.level).where(*_conditions(search))
        query = query.order_by(*_ORDER[: 2 * (search.level + 1)])
        query = query.offset(search.query.offset).limit(search.limit + 1)
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        body = await asyncio.get_running_loop().run_in_executor(
            self._executor, _body, chosen, rows[: search.limit], from_metadata, base, search.level
        )
        return Found(body, more=len(rows) > search.limit)


_ORDER: Final = (
    Study.received_at.desc(),
    Study.id.desc(),
    Series.series_number,
    Series.id,
    Instance.instance_number,
    Instance.id,
)


def _joined(query: Select[*tuple[Any, ...]], level: Level) -> Select[*tuple[Any, ...]]:
    query = query.select_from(Study)
    if level >= Level.SERIES:
        query = query.join(Series, Series.study_pk == Study.id)
    if level is Level.INSTANCE:
        query = query.join(Instance, Instance.series_pk == Series.id)
    return query


def _conditions(search: Search) -> list[Any]:
    conditions = []
    if search.within is not None:
        conditions.append(Study.study_instance_uid == search.within.study_uid)
        if search.within.series_uid is not None:
            conditions.append(Series.series_instance_uid == search.within.series_uid)
    for keyword, match in search.query.matches.items():
        attribute = ATTRIBUTES.get(keyword)
        if attribute is None or attribute.level > search.level:
            raise InvalidInput(f"{keyword} is no key of this search", code="unknown-key")
        conditions.append(condition(attribute, match))
    return conditions


def _chosen(search: Search) -> list[Attribute]:
    """Choose the columns to answer with: the required ones, those matched, those asked for."""
    # What the path says already need not be said of each (PS3.18 Tables 10.6.3-4 and 10.6.3-5).
    least = Level.STUDY
    if search.within is not None:
        least = Level.SERIES if search.within.series_uid is None else Level.INSTANCE
    query = search.query
    asked = {*query.include, *query.matches, *_UID_KEYS.values()}
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


def _body(
    chosen: Sequence[Attribute],
    rows: Sequence[Row[*tuple[Any, ...]]],
    from_metadata: Sequence[str],
    base: str,
    level: Level,
) -> bytes:
    return orjson.dumps([_match(chosen, row, from_metadata, base, level) for row in rows])


def _match(
    chosen: Sequence[Attribute],
    row: Row[*tuple[Any, ...]],
    from_metadata: Sequence[str],
    base: str,
    level: Level,
) -> Json:
    match: Json = {_SPECIFIC_CHARACTER_SET: _UTF_8, _INSTANCE_AVAILABILITY: _ONLINE}
    uids = {}
    for attribute, value in zip(chosen, row, strict=False):
        if attribute.keyword == _UID_KEYS[attribute.level]:
            uids[attribute.level] = value
        if len(attribute.tags) == 1:
            match[attribute.tags[0]] = json_value(attribute, value)
        elif value is not None:
            sequence = match.setdefault(attribute.tags[0], {"vr": "SQ", "Value": [{}]})
            sequence["Value"][0][attribute.tags[1]] = json_value(attribute, value)
    url = base
    for each, name in zip(Level, ("studies", "series", "instances"), strict=True):
        if each <= level:
            url += f"/{name}/{uids[each]}"
    match[_RETRIEVE_URL] = {"vr": "UR", "Value": [url]}
    if from_metadata:
        metadata = orjson.loads(absolute(row[-1], f"{url}/".encode()))
        for tag in from_metadata:
            if tag in metadata:
                match.setdefault(tag, metadata[tag])
    return dict(sorted(match.items()))
