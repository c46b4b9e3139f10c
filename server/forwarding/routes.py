"""HTTP routes of forwarding: what goes where, and how far it is."""

from typing import Annotated

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204, r400, r404
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.core.paging import decode_cursor
from server.forwarding.desk import ForwardDesk, JobState
from server.forwarding.schemas import (
    DestinationList,
    DestinationOut,
    ForwardJobDetailOut,
    ForwardJobOut,
    ForwardJobPage,
    RouteIn,
    RouteList,
    RouteOut,
    StudySendingIn,
    TroubleOut,
)
from server.forwarding.sending import StudySending
from server.forwarding.service import RouteService
from server.identity.public import ACTOR, Action

Limit = Annotated[int, Field(ge=1, le=200)]
_ROUTES = "/api/forwarding/routes"
_JOBS = "/api/forwarding/jobs"


def forwarding_routes(
    service: RouteService, desk: ForwardDesk, sending: StudySending
) -> list[Route]:
    """Return the routes of forwarding."""
    manage = Requires(Action.FORWARDING_MANAGE)
    return [
        *_of_routes(service, manage),
        *_of_jobs(desk, manage),
        _sending_route(desk, sending, manage),
    ]


def _of_routes(service: RouteService, manage: Requires) -> list[Route]:
    @inject_params.and_request
    async def list_routes(request: web.Request) -> r200[RouteList]:
        """List the routes of the community, the oldest first.

        Tags: forwarding
        """
        found = await service.list(request[ACTOR].org)
        return json_response(RouteList(items=[RouteOut.of(each) for each in found]))

    @inject_params.and_request
    async def create_route(request: web.Request, body: RouteIn) -> r201[RouteOut] | r400[Problem]:
        """Make a route; it holds within five seconds for what arrives from then on.

        Tags: forwarding
        """
        who = request[ACTOR]
        route_id = await service.create(who.org, body.route(), by=who)
        return json_response(RouteOut.of(await service.one(who.org, route_id)), status=201)

    @inject_params.and_request
    async def change_route(
        request: web.Request, route_id: str, /, body: RouteIn
    ) -> r200[RouteOut] | r400[Problem] | r404[Problem]:
        """Make a route another one; what is queued already goes on.

        Tags: forwarding
        """
        who = request[ACTOR]
        await service.change(who.org, route_id, body.route(), by=who)
        return json_response(RouteOut.of(await service.one(who.org, route_id)))

    @inject_params.and_request
    async def remove_route(request: web.Request, route_id: str, /) -> r204[None] | r404[Problem]:
        """Take a route back; what is queued already goes on.

        Tags: forwarding
        """
        await service.remove(request[ACTOR].org, route_id, by=request[ACTOR])
        return web.Response(status=204)

    return [
        Route("GET", _ROUTES, list_routes, manage),
        Route("POST", _ROUTES, create_route, manage),
        Route("PUT", f"{_ROUTES}/{{route_id}}", change_route, manage),
        Route("DELETE", f"{_ROUTES}/{{route_id}}", remove_route, manage),
    ]


def _of_jobs(desk: ForwardDesk, manage: Requires) -> list[Route]:
    @inject_params.and_request
    async def list_destinations(request: web.Request) -> r200[DestinationList]:
        """List the devices objects may be sent to, and what waits for each.

        Tags: forwarding
        """
        found = await desk.destinations(request[ACTOR].org)
        return json_response(DestinationList(items=[DestinationOut.of(each) for each in found]))

    @inject_params.and_request
    async def list_jobs(
        request: web.Request,
        state: JobState | None = None,
        limit: Limit = 50,
        before: str | None = None,
    ) -> r200[ForwardJobPage]:
        """List the studies on their way, what changed last first.

        Tags: forwarding
        """
        found, after = await desk.jobs(
            request[ACTOR].org, state=state, limit=limit, before=decode_cursor(before)
        )
        return json_response(
            ForwardJobPage(
                items=[ForwardJobOut.of(each) for each in found],
                next=after.encode() if after is not None else None,
            )
        )

    @inject_params.and_request
    async def get_job(
        request: web.Request, job_id: str, /
    ) -> r200[ForwardJobDetailOut] | r404[Problem]:
        """Return one, with what was not taken.

        Tags: forwarding
        """
        return json_response(await _detail(desk, request[ACTOR].org, job_id))

    @inject_params.and_request
    async def retry_job(
        request: web.Request, job_id: str, /
    ) -> r200[ForwardJobDetailOut] | r404[Problem]:
        """Try everything of it again now, what was refused for good, too.

        Tags: forwarding
        """
        await desk.retry(request[ACTOR].org, job_id, by=request[ACTOR])
        return json_response(await _detail(desk, request[ACTOR].org, job_id))

    @inject_params.and_request
    async def drop_job(request: web.Request, job_id: str, /) -> r204[None] | r404[Problem]:
        """Give up what the destination does not have yet.

        Tags: forwarding
        """
        await desk.drop(request[ACTOR].org, job_id, by=request[ACTOR])
        return web.Response(status=204)

    return [
        Route("GET", "/api/forwarding/destinations", list_destinations, manage),
        Route("GET", _JOBS, list_jobs, manage),
        Route("GET", f"{_JOBS}/{{job_id}}", get_job, manage),
        Route("POST", f"{_JOBS}/{{job_id}}/retry", retry_job, manage),
        Route("DELETE", f"{_JOBS}/{{job_id}}", drop_job, manage),
    ]


def _sending_route(desk: ForwardDesk, sending: StudySending, manage: Requires) -> Route:
    @inject_params.and_request
    async def send_study(
        request: web.Request, body: StudySendingIn
    ) -> r200[ForwardJobDetailOut] | r400[Problem] | r404[Problem]:
        """Send a whole study to a destination, whatever the routes say; what it has, again.

        Tags: forwarding
        """
        who = request[ACTOR]
        job_id = await sending.send(
            who.org, body.study_instance_uid, body.destination_id, body.priority, by=who
        )
        return json_response(await _detail(desk, who.org, job_id))

    return Route("POST", _JOBS, send_study, manage)


async def _detail(desk: ForwardDesk, org: str, job_id: str) -> ForwardJobDetailOut:
    job, troubles = await desk.job(org, job_id)
    return ForwardJobDetailOut(
        job=ForwardJobOut.of(job), troubles=[TroubleOut.of(each) for each in troubles]
    )
