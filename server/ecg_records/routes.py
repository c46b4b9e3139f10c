"""Routes of ECGs."""

from typing import Annotated, Final

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r400, r404, r409, r413, r422, r503
from pydantic import Field

from ecg.display import DisplayFilter
from ecg.formats.sniff import Format
from ecg.sheet import Layout
from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.core.paging import decode_cursor
from server.core.streaming import send_stream
from server.ecg_records.reception import EcgReception
from server.ecg_records.schemas import (
    EcgDetailOut,
    EcgPage,
    EcgReceivedOut,
    PaperGain,
    PaperLayout,
    PaperSpeed,
    PreviousOut,
    WaveformOut,
)
from server.ecg_records.service import EcgRecordService
from server.ecg_records.workbench import PaperStyle
from server.identity.public import ACTOR, Action

_CHUNK_BYTES: Final = 256 * 1024

Limit = Annotated[int, Field(ge=1, le=200)]
StartS = Annotated[float, Field(ge=0.0, le=1e7)]

_LAYOUTS: Final[dict[PaperLayout, Layout]] = {
    "3x4": Layout.THREE_BY_FOUR,
    "6x2": Layout.SIX_BY_TWO,
    "12x1": Layout.TWELVE_BY_ONE,
}
_PAPER_HEADERS: Final = {
    "Cache-Control": "private, max-age=300",
    # The drawing carries its own style element, and nothing that runs or loads.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; sandbox",
}
SUFFIXES: Final[dict[Format, str]] = {
    Format.DICOM: "dcm",
    Format.SCP: "scp",
    Format.CONTEC: "dat",
    Format.CSV: "csv",
    Format.EDF: "edf",
    Format.MFER: "mwf",
    # A record is several files, which arrive as one archive.
    Format.WFDB: "zip",
    Format.AECG: "xml",
    Format.MUSE: "xml",
    Format.SIERRA: "xml",
    Format.SAPPHIRE: "xml",
    Format.CARDIOSOFT: "xml",
    Format.MORTARA: "xml",
}


def ecg_routes(ecgs: EcgRecordService, reception: EcgReception) -> list[Route]:
    """Return the routes of ECGs."""

    @inject_params.and_request
    async def list_ecgs(
        request: web.Request, limit: Limit = 50, before: str | None = None
    ) -> r200[EcgPage]:
        """List ECGs within reach, newest first.

        Tags: ecgs
        """
        page = await ecgs.page(request[ACTOR], limit=limit, before=decode_cursor(before))
        return json_response(page)

    @inject_params.and_request
    async def get_ecg(request: web.Request, ecg_id: str, /) -> r200[EcgDetailOut] | r404[Problem]:
        """Return one ECG with its whole screening.

        Tags: ecgs
        """
        return json_response(await ecgs.one(request[ACTOR], ecg_id))

    @inject_params.and_request
    async def get_ecg_paper(
        request: web.Request,
        ecg_id: str,
        /,
        layout: PaperLayout | None = None,
        speed: PaperSpeed = "25",
        gain: PaperGain = "10",
        start_s: StartS = 0.0,
        display_filter: DisplayFilter = DisplayFilter.NONE,
    ) -> r200[str] | r400[Problem] | r404[Problem]:
        """Return one ECG on millimetre paper, as SVG: an A4 page, 250 mm from ``start_s``.

        Tags: ecgs
        """
        style = PaperStyle(
            layout=_LAYOUTS[layout] if layout is not None else None,
            speed_mm_s=float(speed),
            gain_mm_mv=float(gain),
            start_s=start_s,
            display_filter=display_filter,
        )
        svg = await ecgs.paper(request[ACTOR], ecg_id, style)
        return web.Response(text=svg, content_type="image/svg+xml", headers=_PAPER_HEADERS)

    @inject_params.and_request
    async def get_ecg_waveform(
        request: web.Request, ecg_id: str, /, start_s: StartS = 0.0
    ) -> r200[WaveformOut] | r400[Problem] | r404[Problem]:
        """Return up to a minute of one ECG's samples.

        Tags: ecgs
        """
        return json_response(await ecgs.waveform(request[ACTOR], ecg_id, start_s=start_s))

    @inject_params.and_request
    async def receive_ecg(
        request: web.Request,
    ) -> (
        r200[EcgReceivedOut]
        | r201[EcgReceivedOut]
        | r400[Problem]
        | r409[Problem]
        | r413[Problem]
        | r422[Problem]
        | r503[Problem]
    ):
        """Take an ECG in: the body is the file, in any format that is read (a WFDB record as zip).

        201 where it is new, 200 where the same file had come before. It is safe, indexed, found
        over DICOMweb and on its way to be screened.

        Tags: ecgs
        """
        found = await reception.take(request[ACTOR], request.content.iter_chunked(_CHUNK_BYTES))
        return json_response(found, status=200 if found.duplicate else 201)

    @inject_params.and_request
    async def get_original(
        request: web.Request, ecg_id: str, /
    ) -> r200[bytes] | r404[Problem] | r503[Problem]:
        """Return the file of one ECG exactly as it arrived, in the format it arrived in.

        Tags: ecgs
        """
        async with ecgs.original(request[ACTOR], ecg_id) as download:
            headers = _original_headers(ecg_id, download.file.format)
            size = download.file.size
            return await send_stream(request, download.blocks, headers, size=size)

    @inject_params.and_request
    async def get_previous_ecg(
        request: web.Request, ecg_id: str, /
    ) -> r200[PreviousOut] | r400[Problem] | r404[Problem]:
        """Return the patient's ECG before this one, and what changed since.

        Tags: ecgs
        """
        return json_response(await ecgs.previous(request[ACTOR], ecg_id))

    read = Requires(Action.EXAM_READ)
    return [
        Route("GET", "/api/ecgs", list_ecgs, read),
        Route("POST", "/api/ecgs", receive_ecg, Requires(Action.EXAM_CREATE)),
        Route("GET", "/api/ecgs/{ecg_id}", get_ecg, read),
        Route("GET", "/api/ecgs/{ecg_id}/paper.svg", get_ecg_paper, read),
        Route("GET", "/api/ecgs/{ecg_id}/waveform", get_ecg_waveform, read),
        Route("GET", "/api/ecgs/{ecg_id}/original", get_original, read),
        Route("GET", "/api/ecgs/{ecg_id}/previous", get_previous_ecg, read),
    ]


def _original_headers(ecg_id: str, arrived_as: str | None) -> dict[str, str]:
    """Name a stranger's file for saving: never opened in the page, never by the sender's name."""
    file_format = Format.DICOM if arrived_as is None else Format(arrived_as)
    dicom = file_format is Format.DICOM
    return {
        "Content-Type": "application/dicom" if dicom else "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{ecg_id}.{SUFFIXES[file_format]}"',
        "Cache-Control": "private, no-cache",
    }
