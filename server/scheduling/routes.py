"""Routes of scheduled examinations."""

from datetime import date
from typing import Annotated

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r400, r404, r409
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.identity.public import ACTOR, Action
from server.scheduling.models import ExamStatus
from server.scheduling.schemas import ScheduledExamIn, ScheduledExamList, ScheduledExamOut
from server.scheduling.service import SchedulingService

Limit = Annotated[int, Field(ge=1, le=500)]


def scheduling_routes(exams: SchedulingService) -> list[Route]:
    """Return the routes of scheduled examinations."""

    @inject_params.and_request
    async def schedule(
        request: web.Request, body: ScheduledExamIn
    ) -> r201[ScheduledExamOut] | r400[Problem] | r409[Problem]:
        """Put an examination on the worklist that the institution's devices ask for.

        Tags: scheduling
        """
        return json_response(await exams.schedule(request[ACTOR], body), status=201)

    @inject_params.and_request
    async def list_exams(
        request: web.Request,
        first: date | None = None,
        last: date | None = None,
        status: ExamStatus = ExamStatus.SCHEDULED,
        limit: Limit = 200,
    ) -> r200[ScheduledExamList] | r400[Problem]:
        """List the institution's scheduled examinations within days, the next first.

        Tags: scheduling
        """
        found = await exams.of_days(
            request[ACTOR], first=first, last=last, status=status, limit=limit
        )
        return json_response(found)

    @inject_params.and_request
    async def get_exam(
        request: web.Request, exam_id: str, /
    ) -> r200[ScheduledExamOut] | r404[Problem]:
        """Return one scheduled examination.

        Tags: scheduling
        """
        return json_response(await exams.one(request[ACTOR], exam_id))

    @inject_params.and_request
    async def cancel(
        request: web.Request, exam_id: str, /
    ) -> r200[ScheduledExamOut] | r404[Problem] | r409[Problem]:
        """Take an examination off the worklist.

        Tags: scheduling
        """
        return json_response(await exams.cancel(request[ACTOR], exam_id))

    path, access = "/api/scheduled-exams", Requires(Action.EXAM_SCHEDULE)
    return [
        Route("POST", path, schedule, access),
        Route("GET", path, list_exams, access),
        Route("GET", f"{path}/{{exam_id}}", get_exam, access),
        Route("POST", f"{path}/{{exam_id}}/cancel", cancel, access),
    ]
