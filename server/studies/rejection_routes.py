"""Routes of rejection notes; rejecting itself is storing one, by C-STORE or STOW-RS."""

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r204, r404, r409

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.identity.public import ACTOR, Action
from server.studies.rejection_service import RejectionService
from server.studies.schemas import RejectionList


def rejection_routes(rejections: RejectionService) -> list[Route]:
    """Return the routes of rejection notes."""

    @inject_params.and_request
    async def list_rejections(
        request: web.Request, study_id: str, /
    ) -> r200[RejectionList] | r404[Problem]:
        """List what rejection notes took out of use of one study.

        Tags: studies
        """
        return json_response(await rejections.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def revoke(
        request: web.Request, rejection_id: str, /
    ) -> r204[None] | r404[Problem] | r409[Problem]:
        """Show again what a rejection note took out of use.

        Tags: studies
        """
        await rejections.revoke(request[ACTOR], rejection_id)
        return web.Response(status=204)

    return [
        Route(
            "GET",
            "/api/studies/{study_id}/rejections",
            list_rejections,
            Requires(Action.REJECTED_READ),
        ),
        Route(
            "POST",
            "/api/rejections/{rejection_id}/revoke",
            revoke,
            Requires(Action.REJECTION_REVOKE),
        ),
    ]
