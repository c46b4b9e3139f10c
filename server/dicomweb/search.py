"""QIDO-RS searches: a page of matches in the DICOM JSON model (PS3.18 10.6.3 and F.2)."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from server.core.paging import Cursor
from server.dicomweb.metadata import absolute
from server.identity.public import Actor
from server.studies.public import (
    UNIQUE_KEYS,
    Attribute,
    Level,
    Page,
    Search,
    StudySearch,
    values_of,
)

Json = dict[str, Any]

USUAL_LIMIT: Final = 100
MOST_MATCHES: Final = 1000
MOST_BYTES: Final = 16 << 20
"""Of a page in JSON: all attributes of a thousand objects could be of any size."""

_FEW: Final = 8

_SPECIFIC_CHARACTER_SET: Final = "00080005"
_UTF_8: Final[Json] = {"vr": "CS", "Value": ["ISO_IR 192"]}
_INSTANCE_AVAILABILITY: Final = "00080056"
_ONLINE: Final[Json] = {"vr": "CS", "Value": ["ONLINE"]}
_RETRIEVE_URL: Final = "00081190"
_PATHS: Final = {Level.STUDY: "studies", Level.SERIES: "series", Level.INSTANCE: "instances"}


@dataclass(frozen=True)
class Found:
    """A page of matches, each in JSON, and whether there are more, of studies behind which."""

    matches: Sequence[bytes]
    more: bool
    last: Cursor | None


class SearchService:
    """Answers searches."""

    def __init__(
        self, *, searches: StudySearch, executor: Executor, most_bytes: int = MOST_BYTES
    ) -> None:
        self._searches = searches
        self._executor = executor
        self._most_bytes = most_bytes

    async def search(self, actor: Actor, search: Search, base: str) -> Found:
        """Return what matches ``search`` among what ``actor`` may see, as much as a page may hold.

        Raises
        ------
        InvalidInput
            If a key's value is none of its kind.
        """
        page = await self._searches.page(actor, replace(search, most_bytes=self._most_bytes))
        if len(page.rows) <= _FEW and not page.from_metadata and not page.whole:
            # A visit of a thread would cost more.
            matches = _matches(page, base, self._most_bytes)
        else:
            matches = await asyncio.get_running_loop().run_in_executor(
                self._executor, _matches, page, base, self._most_bytes
            )
        more = page.more or len(matches) < len(page.rows)
        return Found(matches, more, page.place_behind(len(matches)) if more else None)


def _matches(page: Page, base: str, most_bytes: int) -> list[bytes]:
    found: list[bytes] = []
    for row in page.rows:
        match = orjson.dumps(_match(page, row, base, page.level))
        most_bytes -= len(match)
        if found and most_bytes < 0:
            break
        found.append(match)
    return found


def _match(page: Page, row: tuple[Any, ...], base: str, level: Level) -> Json:
    match: Json = {_SPECIFIC_CHARACTER_SET: _UTF_8, _INSTANCE_AVAILABILITY: _ONLINE}
    uids = {}
    for attribute, value in zip(page.attributes, row, strict=False):
        if attribute.keyword == UNIQUE_KEYS[attribute.level]:
            uids[attribute.level] = value
        if len(attribute.tags) == 1:
            match[attribute.tags[0]] = json_value(attribute, value)
        elif value is not None:
            sequence = match.setdefault(attribute.tags[0], {"vr": "SQ", "Value": [{}]})
            sequence["Value"][0][attribute.tags[1]] = json_value(attribute, value)
    url = base
    for each, name in _PATHS.items():
        if each <= level:
            url += f"/{name}/{uids[each]}"
    match[_RETRIEVE_URL] = {"vr": "UR", "Value": [url]}
    if page.from_metadata or page.whole:
        metadata = orjson.loads(absolute(row[-1], f"{url}/".encode()))
        for tag in metadata if page.whole else page.from_metadata:
            # A reference leads to an instance's own value.
            if tag in metadata and (level is Level.INSTANCE or "BulkDataURI" not in metadata[tag]):
                match.setdefault(tag, metadata[tag])
    return dict(sorted(match.items()))


def json_value(attribute: Attribute, value: Any) -> Json:  # noqa: ANN401 -- a column's
    """Return a column's value as a DICOM JSON element."""
    values: list[Any] = values_of(attribute, value)
    if attribute.vr == "PN":
        values = [_person_name(name) for name in values]
    return {"vr": attribute.vr, "Value": values} if values else {"vr": attribute.vr}


def _person_name(text: str) -> dict[str, str]:
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
    return {kind: group for kind, group in groups if group}
