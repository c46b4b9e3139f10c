"""Routes of consults; what happens in a room is the media role's (`socket`)."""

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r403, r404, r409

from server.consults.schemas import ConsultOut, ConsultPage
from server.consults.service import ConsultService
from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.identity.public import ACTOR, Action


def consult_routes(consults: ConsultService) -> list[Route]:
    """Return the routes of consults."""

    @inject_params.and_request
    async def open_consult(
        request: web.Request, request_id: str, /
    ) -> r200[ConsultOut] | r403[Problem] | r404[Problem]:
        """Open a consult about a case, or return the one that is open.

        Tags: consults
        """
        return json_response(await consults.open(request[ACTOR], request_id))

    @inject_params.and_request
    async def list_consults(request: web.Request) -> r200[ConsultPage]:
        """List the open consults within reach, newest first.

        Tags: consults
        """
        return json_response(await consults.page(request[ACTOR]))

    @inject_params.and_request
    async def get_consult(
        request: web.Request, consult_id: str, /
    ) -> r200[ConsultOut] | r404[Problem]:
        """Return one consult, with fresh credentials for its ICE servers.

        Tags: consults
        """
        return json_response(await consults.one(request[ACTOR], consult_id))

    @inject_params.and_request
    async def close_consult(
        request: web.Request, consult_id: str, /
    ) -> r200[ConsultOut] | r403[Problem] | r404[Problem] | r409[Problem]:
        """Close a consult; its room is empty within seconds.

        Tags: consults
        """
        return json_response(await consults.close(request[ACTOR], consult_id))

    join = Requires(Action.CONSULT_JOIN)
    return [
        Route("POST", "/api/requests/{request_id}/consult", open_consult, join),
        Route("GET", "/api/consults", list_consults, join),
        Route("GET", "/api/consults/{consult_id}", get_consult, join),
        Route("POST", "/api/consults/{consult_id}/close", close_consult, join),
    ]
