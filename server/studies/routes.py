"""Routes of studies."""

from typing import Annotated, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r404
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.core.paging import decode_cursor
from server.identity.public import ACTOR, Action, Actor
from server.studies.schemas import StudyOut, StudyPage
from server.studies.service import StudyService

Limit = Annotated[int, Field(ge=1, le=200)]


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


def study_routes(studies: StudyService, reads: ReadAudit) -> list[Route]:
    """Return the routes of studies."""

    @inject_params.and_request
    async def list_studies(
        request: web.Request, limit: Limit = 50, before: str | None = None
    ) -> r200[StudyPage]:
        """List studies within reach, newest first.

        Tags: studies
        """
        page = await studies.page(request[ACTOR], limit=limit, before=decode_cursor(before))
        return json_response(page)

    @inject_params.and_request
    async def get_study(request: web.Request, study_id: str, /) -> r200[StudyOut] | r404[Problem]:
        """Return one study; that it was read is recorded.

        Tags: studies
        """
        study = await studies.one(request[ACTOR], study_id)
        await reads.record_read(request[ACTOR], study.id)
        return json_response(study)

    read = Requires(Action.EXAM_READ)
    return [
        Route("GET", "/api/studies", list_studies, read),
        Route("GET", "/api/studies/{study_id}", get_study, read),
    ]
