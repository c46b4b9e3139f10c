"""Routes of exports."""

from typing import Final

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r400, r404, r409, r413, r503

from dicom.confidentiality import Option
from server.core.http import Problem, Requires, Route, inject_params
from server.core.streaming import send_stream
from server.exports.anonymous import Deidentification
from server.exports.service import StudyExporter
from server.identity.public import ACTOR, Action

# The library reads a repeated parameter only where its type is a list; nothing changes this one.
_NO_OPTIONS: Final[list[Option]] = []


def export_routes(exporter: StudyExporter) -> list[Route]:
    """Return the routes of exports."""

    @inject_params.and_request
    async def export_study(
        request: web.Request,
        study_id: str,
        /,
        deidentify: bool = False,
        option: list[Option] = _NO_OPTIONS,
        leave_out_burned_in: bool = False,
    ) -> (
        r200[bytes] | r400[Problem] | r404[Problem] | r409[Problem] | r413[Problem] | r503[Problem]
    ):
        """Return a study as a ZIP with DICOMDIR; that it was exported is recorded.

        De-identified by PS3.15 Annex E if asked, with options of its profile. Objects with writing
        in their pixels are refused (409) or left out.

        Tags: studies
        """
        how = Deidentification(frozenset(option), leave_out_burned_in) if deidentify else None
        export = await exporter.export(request[ACTOR], study_id, how)
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{export.name}"',
            "Cache-Control": "private, no-store",
        }
        return await send_stream(request, export.blocks, headers, size=export.size)

    return [
        Route("GET", "/api/studies/{study_id}/export", export_study, Requires(Action.EXAM_EXPORT))
    ]
