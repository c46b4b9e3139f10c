"""Routes of UPS-RS (PS3.18 11)."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from dicom.uids import is_uid
from dicom.web.media_types import DICOM_JSON, DICOM_XML
from dicom.web.query import Query, QueryError, parse_query
from server.core.errors import InvalidInput, UnsupportedMedia
from server.core.http import Requires, Route
from server.dicomweb.public import (
    DESCRIBED,
    DESCRIBED_ALONE,
    PREFIX,
    accept_of,
    base_url,
    chosen,
    send_described,
)
from server.identity.public import ACTOR, Action
from server.workitems import bodies
from server.workitems.document import document
from server.workitems.service import Changed, WorkitemService

_USUAL_LIMIT: Final = 100
_MOST: Final = 1000
_KINDS: Final = frozenset({DICOM_JSON, "application/json", DICOM_XML})
_UNKEPT: Final = {"Cache-Control": "no-store"}
WORKITEM: Final = f"{PREFIX}/workitems/{{workitem}}"


def workitem_routes(workitems: WorkitemService, public_url: str | None) -> list[Route]:
    """Return the routes of workitems."""

    async def search(request: web.Request) -> web.StreamResponse:
        """Search workitems within reach, the most urgent first."""
        offer = chosen(DESCRIBED, accept_of(request))
        query = _query(request)
        limit = min(query.limit if query.limit is not None else _USUAL_LIMIT, _MOST)
        steps, more = await workitems.search(request[ACTOR], query, limit=limit)
        base = base_url(request, public_url)
        if not steps:
            return web.Response(status=204, headers=_UNKEPT)
        headers = dict(_UNKEPT)
        if more:
            headers |= warning(base, "There are additional results that can be requested")
        found = [document(step, base) for step in steps]
        return await send_described(request, found, offer, headers)

    async def create(request: web.Request) -> web.StreamResponse:
        """Ask for the reading of an own study that nobody was asked for yet."""
        uid = next((name for name in request.query if is_uid(name)), None)
        named = uid or request.query.get("AffectedSOPInstanceUID")
        new = bodies.new_workitem(await _body(request), named)
        created = await workitems.create(request[ACTOR], new)
        base = base_url(request, public_url)
        location = f"{base}/workitems/{created}"
        return web.Response(
            status=201, headers={"Content-Location": location, "Location": location}
        )

    async def retrieve(request: web.Request) -> web.StreamResponse:
        """Return one workitem; that it was read is recorded."""
        offer = chosen(DESCRIBED_ALONE, accept_of(request))
        step = await workitems.one(request[ACTOR], request.match_info["workitem"])
        found = [document(step, base_url(request, public_url))]
        return await send_described(request, found, offer, _UNKEPT)

    async def update(request: web.Request) -> web.StreamResponse:
        """Change priority and comments before, or tell progress meanwhile."""
        ds = await _body(request)
        patch, progress = bodies.change(ds)
        transaction_uid = request.query.get("transaction-uid") or next(
            (name for name in request.query if is_uid(name)), None
        )
        await workitems.update(
            request[ACTOR],
            request.match_info["workitem"],
            transaction_uid=transaction_uid,
            patch=patch,
            progress=progress,
        )
        return web.Response(status=200)

    async def change_state(request: web.Request) -> web.StreamResponse:
        """Take a workitem, or end one that was taken."""
        state, transaction_uid = bodies.state_change(await _body(request))
        changed = await workitems.change_state(
            request[ACTOR], request.match_info["workitem"], state, transaction_uid
        )
        headers = _was_so(changed, base_url(request, public_url), state)
        return web.Response(status=200, headers=headers)

    async def cancel(request: web.Request) -> web.StreamResponse:
        """Cancel a workitem, or ask its performer to."""
        ds = await _body(request) if request.can_read_body else {}
        changed = await workitems.cancel(
            request[ACTOR], request.match_info["workitem"], bodies.cancellation_reason(ds)
        )
        headers = _was_so(changed, base_url(request, public_url), "CANCELED")
        return web.Response(status=200 if changed.was_so else 202, headers=headers)

    read, examine = Requires(Action.WORKLIST_READ), Requires(Action.REQUEST_UPDATE)
    perform = Requires(Action.REQUEST_CLAIM)
    return [
        Route("GET", f"{PREFIX}/workitems", search, read),
        Route("POST", f"{PREFIX}/workitems", create, examine),
        Route("GET", WORKITEM, retrieve, read),
        Route("POST", WORKITEM, update, Requires(Action.WORKITEM_UPDATE)),
        Route("PUT", f"{WORKITEM}/state", change_state, perform),
        Route("POST", f"{WORKITEM}/cancelrequest", cancel, examine),
    ]


async def _body(request: web.Request) -> bodies.Json:
    if request.content_type not in _KINDS:
        raise UnsupportedMedia(f"a body of {DICOM_JSON} or {DICOM_XML} is wanted")
    return bodies.dataset(request.content_type, await request.read())


def _query(request: web.Request) -> Query:
    try:
        return parse_query(request.query.items())
    except QueryError as error:
        raise InvalidInput(str(error), code="bad-query") from error


def _was_so(changed: Changed, base: str, state: str) -> Mapping[str, str]:
    if not changed.was_so:
        return {}
    return warning(base, f"The UPS is already in the requested state of {state}")


def warning(base: str, text: str) -> dict[str, str]:
    """Return the header that says what an answer lacks (PS3.18 8.4.3)."""
    return {"Warning": f'299 {base}: "{text}"'}
