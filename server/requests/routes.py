"""Routes of worklists and requests."""

from typing import Annotated

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r400, r403, r404, r409
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.identity.public import ACTOR, Action
from server.requests.listing import Sought, View, decode_place
from server.requests.models import RequestKind, Risk
from server.requests.schemas import RequestOut, RequestPatch, ReturnIn, WorklistPage
from server.requests.service import RequestService
from server.requests.worklist import Worklist

Limit = Annotated[int, Field(ge=1, le=200)]
Text = Annotated[str, Field(max_length=64)]


def request_routes(requests: RequestService, worklist: Worklist) -> list[Route]:
    """Return the routes of worklists and requests."""

    @inject_params.and_request
    async def get_worklist(
        request: web.Request,
        view: View = View.OPEN,
        kind: RequestKind | None = None,
        risk: Risk | None = None,
        institution_id: Text | None = None,
        ringing: bool = False,
        q: Text | None = None,
        limit: Limit = 50,
        after: str | None = None,
    ) -> r200[WorklistPage] | r400[Problem]:
        """List requests within reach, the most urgent first; closed ones the newest first.

        Tags: requests
        """
        sought = Sought(
            view=view, kind=kind, risk=risk, institution_id=institution_id, ringing=ringing, text=q
        )
        page = await worklist.page(request[ACTOR], sought, limit=limit, after=decode_place(after))
        return json_response(page)

    @inject_params.and_request
    async def get_request(
        request: web.Request, request_id: str, /
    ) -> r200[RequestOut] | r404[Problem]:
        """Return one request; that it was read is recorded.

        Tags: requests
        """
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def claim(
        request: web.Request, request_id: str, /
    ) -> r200[RequestOut] | r404[Problem] | r409[Problem]:
        """Take a request to read it; a red one falls silent for all.

        Tags: requests
        """
        await requests.claim(request[ACTOR], request_id)
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def release(
        request: web.Request, request_id: str, /
    ) -> r200[RequestOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Give a request back to all.

        Tags: requests
        """
        await requests.release(request[ACTOR], request_id)
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def open_request(
        request: web.Request, request_id: str, /
    ) -> r200[RequestOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Say that the claimant looks at it.

        Tags: requests
        """
        await requests.open(request[ACTOR], request_id)
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def send_back(
        request: web.Request, request_id: str, /, body: ReturnIn
    ) -> r200[RequestOut] | r400[Problem] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Return a request to the examining side, with a reason to act on.

        Tags: requests
        """
        await requests.send_back(request[ACTOR], request_id, body.reason, body.comment)
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def resume(
        request: web.Request, request_id: str, /
    ) -> r200[RequestOut] | r404[Problem] | r409[Problem]:
        """Say at the examining side that what was asked for is done.

        Tags: requests
        """
        await requests.resume(request[ACTOR], request_id)
        return json_response(await worklist.one(request[ACTOR], request_id))

    @inject_params.and_request
    async def update(
        request: web.Request, request_id: str, /, body: RequestPatch
    ) -> r200[RequestOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Change what the examining side says of it.

        Tags: requests
        """
        await requests.update(request[ACTOR], request_id, body)
        return json_response(await worklist.one(request[ACTOR], request_id))

    path = "/api/requests/{request_id}"
    read, examine, diagnose = (
        Requires(Action.WORKLIST_READ),
        Requires(Action.REQUEST_UPDATE),
        Requires(Action.REQUEST_CLAIM),
    )
    return [
        Route("GET", "/api/worklist", get_worklist, read),
        Route("GET", path, get_request, read),
        Route("PATCH", path, update, examine),
        Route("POST", f"{path}/claim", claim, diagnose),
        Route("POST", f"{path}/release", release, diagnose),
        Route("POST", f"{path}/open", open_request, diagnose),
        Route("POST", f"{path}/return", send_back, diagnose),
        Route("POST", f"{path}/resume", resume, examine),
    ]
