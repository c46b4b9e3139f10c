"""QIDO-RS: searches of studies, series and instances (PS3.18 10.6)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from dicom.web.media_types import DICOM_XML
from dicom.web.native_xml import to_xml
from dicom.web.query import Query, QueryError, parse_query
from server.core.errors import InvalidInput
from server.core.http import Requires, Route
from server.core.paging import decode_cursor
from server.dicomweb import negotiation
from server.dicomweb.access import Target
from server.dicomweb.asking import accept_of
from server.dicomweb.responses import PREFIX, base_url, send_json, send_xml, warning
from server.dicomweb.search import MOST_MATCHES, USUAL_LIMIT, Found, SearchService
from server.identity.public import ACTOR, Action
from server.studies.public import ATTRIBUTES, Level, Search

_AFTER: Final = "after"
"""Where the next page begins: a parameter of ours, which the Link header gives."""
_NOT_DONE: Final = {
    "emptyvaluematching": "Empty Value Matching",
    "multiplevaluematching": "Multiple Value Matching",
}
_MOST_NAMED: Final = 8
_LEVELS: Final = {
    "/studies": Level.STUDY,
    "/studies/{study}/series": Level.SERIES,
    "/studies/{study}/instances": Level.INSTANCE,
    "/studies/{study}/series/{series}/instances": Level.INSTANCE,
    "/series": Level.SERIES,
    "/instances": Level.INSTANCE,
}


def search_routes(searches: SearchService, public_url: str | None) -> list[Route]:
    """Return the routes of searches."""

    def handler_of(level: Level) -> Handler:
        async def search(request: web.Request) -> web.StreamResponse:
            """Search what is within reach, newest study first."""
            offer = negotiation.chosen(negotiation.DESCRIBED, accept_of(request))
            after = decode_cursor(request.query.get(_AFTER))
            if after is not None and level is not Level.STUDY:
                raise InvalidInput("after goes with studies only", code="bad-cursor")
            query = _query(request)
            limit = min(query.limit if query.limit is not None else USUAL_LIMIT, MOST_MATCHES)
            wanted = Search(level, query, limit, _within(request), after)
            base = base_url(request, public_url)
            found = await searches.search(request[ACTOR], wanted, base)
            headers = {"Cache-Control": "no-store", **_warning(wanted, found, base)}
            if found.more and found.matches:
                headers["Link"] = _next_link(request, wanted, found, base)
            if not found.matches:
                # PS3.18 Table 10.6.3-1.
                return web.Response(status=204, headers=headers)
            if offer.media_type == DICOM_XML:
                return await send_xml(request, _documents(found), headers)
            body = b"[" + b",".join(found.matches) + b"]"
            return await send_json(request, body, {**headers, "Content-Type": offer.media_type})

        return search

    read = Requires(Action.EXAM_READ)
    return [
        Route("GET", f"{PREFIX}{path}", handler_of(level), read) for path, level in _LEVELS.items()
    ]


async def _documents(found: Found) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    for match in found.matches:
        yield await loop.run_in_executor(None, _document, match)


def _document(match: bytes) -> bytes:
    return to_xml(orjson.loads(match))


def _query(request: web.Request) -> Query:
    try:
        return parse_query((name, value) for name, value in request.query.items() if name != _AFTER)
    except QueryError as error:
        raise InvalidInput(str(error), code="bad-query") from error


def _within(request: web.Request) -> tuple[str | None, str | None]:
    found = request.match_info
    if "study" not in found:
        return None, None
    target = Target(found["study"], found.get("series"))
    return target.study_uid, target.series_uid


def _next_link(request: web.Request, search: Search, found: Found, base: str) -> str:
    """Lead to the next page (RFC 8288): of studies behind the last one, however deep that is."""
    kept = [
        (name, value)
        for name, value in request.query.items()
        if name.lower() != "offset" and name != _AFTER
    ]
    if found.last is not None:
        kept.append((_AFTER, found.last.encode()))
    else:
        kept.append(("offset", str(search.query.offset + len(found.matches))))
    path = request.path.removeprefix(PREFIX)
    return f'<{base}{path}?{urlencode(kept)}>; rel="next"'


def _warning(search: Search, found: Found, base: str) -> dict[str, str]:
    """Say what the answer lacks (PS3.18 8.3, 8.3.4.2 and 8.3.4.4 to 8.3.4.6)."""
    warnings = []
    query = search.query
    if found.more and 0 < len(found.matches) < search.limit:
        warnings.append(
            "The results were limited by their size. There are additional results that can be "
            f"requested with offset={query.offset + len(found.matches)}"
        )
    elif found.more:
        warnings.append("There are additional results that can be requested")
    others = [each for each in query.matches if each != "PatientName" and each in ATTRIBUTES]
    if query.fuzzy and any(ATTRIBUTES[keyword].vr == "PN" for keyword in others):
        warnings.append(
            "The fuzzymatching parameter is only supported for PatientName. "
            "Only literal matching has been performed of other names"
        )
    for option, meaning in _NOT_DONE.items():
        if option in query.unsupported:
            warnings.append(
                f"The {option} parameter is not supported. {meaning} has not been performed"
            )
    if search.unmatched:
        warnings.append(
            f"Parameters that do not match have been ignored: {_some(search.unmatched)}"
        )
    if search.unanswered:
        warnings.append(f"Fields that are not answered here: {_some(search.unanswered)}")
    return warning(base, warnings)


def _some(names: Sequence[str]) -> str:
    """Name a few: a header holds no more."""
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"
