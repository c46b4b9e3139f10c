"""C-FIND over the index: what a device asks becomes a search within its institution's reach.

Keys of any level at or above the one asked for may be combined, as in relational queries (PS3.4
C.4.1.3.2.2), whether that was negotiated or not.

A patient's name is matched literally, unless fuzzy semantic matching was negotiated (PS3.4 C.5.1).
Where that finds nobody, the query is answered as if it had been: by Han, pinyin or initials (PS3.4
C.2.2.2.1.1, which lets even literal matching of names disregard case, position, accent "or other
character encoding variants"). A township's keyboard writes what the county's cannot, and an empty
answer would say that there is no such patient.
"""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from pydicom.dataset import Dataset

from dicom.dimse.command import Status
from dicom.dimse.find import FindRefusedError, FindRequest, FoundMatch
from dicom.dimse.identifier import encode_identifier
from dicom.values import charset_of
from dicom.web.query import Match, Query, QueryError, Universal
from server.core.errors import InvalidInput, Unavailable
from server.dicom_node.identifiers import keys_of, label, set_element
from server.dicom_node.levels import LEVELS, level_of
from server.dicom_node.models import DeviceCharset
from server.dicom_node.node import NOT_AUTHORISED, Visit
from server.studies.public import (
    UNIQUE_KEYS,
    Attribute,
    Level,
    Page,
    Search,
    StudySearch,
    is_key,
    values_of,
)

_AT_ONCE: Final = 100


@dataclass(frozen=True)
class _Asked:
    """An identifier, understood."""

    level: Level
    query: Query
    keys: tuple[str, ...]
    """Keywords to answer with, in any case."""
    wants_availability: bool
    charset: str
    """The one the device writes in; it can read it, too."""
    device_charset: DeviceCharset | None
    all_supported: bool


class NodeFind:
    """Answers the queries of devices that may ask."""

    def __init__(
        self, searches: StudySearch, executor: Executor, *, ae_title: str, most: int
    ) -> None:
        self._searches = searches
        self._executor = executor
        self._ae_title = ae_title
        self._most = most

    async def find(self, request: FindRequest[Visit], /) -> AsyncGenerator[FoundMatch, None]:
        """Yield the matches within reach, newest study first."""
        visit = request.peer
        visit.queries += 1
        if not visit.known.may_query:
            raise FindRefusedError(NOT_AUTHORISED, "this device is not registered to query")
        asked = _understood(request)
        try:
            fuzzy_names = request.options.fuzzy_names
            query = replace(
                asked.query, fuzzy=fuzzy_names, combined_times=request.options.combined_times
            )
            search = Search(asked.level, query, self._most)
            page = await self._searches.page(visit.device, search)
            if not page.rows and "PatientName" in asked.query.matches and not fuzzy_names:
                fuzzy = replace(search, query=replace(query, fuzzy=True))
                page = await self._searches.page(visit.device, fuzzy)
        except InvalidInput as error:
            raise FindRefusedError(Status.IDENTIFIER_MISMATCH, error.detail) from error
        except Unavailable as error:
            raise FindRefusedError(Status.OUT_OF_RESOURCES, error.detail) from error
        loop = asyncio.get_running_loop()
        for start in range(0, len(page.rows), _AT_ONCE):
            encoded = await loop.run_in_executor(
                self._executor, self._encoded, page, start, asked, request.transfer_syntax_uid
            )
            for each in encoded:
                visit.matches += 1
                yield FoundMatch(each, all_keys_supported=asked.all_supported)
        if page.more:
            raise FindRefusedError(
                Status.OUT_OF_RESOURCES, f"more than {self._most} matches: narrow the query"
            )

    def _encoded(
        self, page: Page, start: int, asked: _Asked, transfer_syntax_uid: str
    ) -> list[bytes]:
        rows = page.rows[start : start + _AT_ONCE]
        return [
            encode_identifier(self._match(page, row, asked), transfer_syntax_uid) for row in rows
        ]

    def _match(self, page: Page, row: Sequence[Any], asked: _Asked) -> Dataset:
        match = Dataset()
        for keyword in asked.keys:
            # What is not known is sent empty: the key was understood (PS3.4 C.2.2.1.3).
            set_element(match, keyword, [])
        for attribute, value in zip(page.attributes, row, strict=False):
            _put(match, attribute, values_of(attribute, value), asked.keys)
        if page.from_metadata:
            known = orjson.loads(gzip.decompress(row[-1]))
            inline = {
                tag: known[tag]
                for tag in page.from_metadata
                if tag in known and "BulkDataURI" not in known[tag]
            }
            match.update(Dataset.from_json(inline))
        match.QueryRetrieveLevel = _NAMES[asked.level]
        match.RetrieveAETitle = self._ae_title
        if asked.wants_availability:
            match.InstanceAvailability = "ONLINE"
        label(match, asked.charset, asked.device_charset)
        return match


_NAMES: Final[Mapping[Level, str]] = {level: name for name, level in LEVELS.items()}


def _understood(request: FindRequest[Visit]) -> _Asked:
    """Read an identifier.

    Raises
    ------
    FindRefusedError
        If its level is none of the information model, or a key's value none of its VR.
    """
    identifier = request.identifier
    level = level_of(identifier, request.sop_class_uid)
    if level is None:
        raise FindRefusedError(Status.IDENTIFIER_MISMATCH, "no query level of this model")
    matches: dict[str, Match] = {}
    keys: list[str] = []
    all_supported = True
    try:
        for keyword, match in keys_of(identifier):
            if is_key(keyword, level):
                matches[keyword] = match
            elif not isinstance(match, Universal):
                all_supported = False
            keys.append(keyword.partition(".")[0])
    except QueryError as error:
        raise FindRefusedError(Status.IDENTIFIER_MISMATCH, str(error)) from error
    return _Asked(
        level,
        Query(matches, include=tuple(keys)),
        tuple(dict.fromkeys(keys)),
        "InstanceAvailability" in identifier,
        (charset_of(identifier).terms or ("",))[0],
        request.peer.known.charset,
        all_supported,
    )


def _put(
    match: Dataset, attribute: Attribute, values: list[str | int], keys: Sequence[str]
) -> None:
    """Set an attribute that was asked for."""
    outer, _, inner = attribute.keyword.partition(".")
    if outer not in keys and attribute.keyword not in UNIQUE_KEYS.values():
        return
    value = [str(each) for each in values] if attribute.vr == "IS" else values
    if not inner:
        set_element(match, outer, value)
    elif value:
        if not match[outer].value:
            set_element(match, outer, [Dataset()])
        set_element(match[outer].value[0], inner, value)
