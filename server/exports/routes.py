"""Routes of exports."""

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r404, r413, r503

from server.core.http import Problem, Requires, Route, inject_params
from server.core.streaming import send_stream
from server.exports.service import StudyExporter
from server.identity.public import ACTOR, Action


def export_routes(exporter: StudyExporter) -> list[Route]:
    """Return the routes of exports."""

    @inject_params.and_request
    async def export_study(
        request: web.Request, study_id: str, /
    ) -> r200[bytes] | r404[Problem] | r413[Problem] | r503[Problem]:
        """Return a study as a ZIP with DICOMDIR; that it was exported is recorded.

        Tags: studies
        """
        export = await exporter.export(request[ACTOR], study_id)
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{export.name}"',
            "Cache-Control": "private, no-store",
        }
        return await send_stream(request, export.blocks, headers, size=export.size)

    return [
        Route("GET", "/api/studies/{study_id}/export", export_study, Requires(Action.EXAM_EXPORT))
    ]
