"""Resumable uploads: tus 1.0 (https://tus.io/protocols/resumable-upload), and a look at one."""

import base64
import binascii
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Final

from aiohttp import web

from server.core.errors import Conflict, InvalidInput, UnsupportedMedia
from server.core.http import Requires, Route, json_response, problem
from server.identity.public import ACTOR, Action
from server.intake.schemas import UploadOut
from server.intake.uploads import (
    CHECKSUM_ALGORITHMS,
    Checksum,
    ChecksumMismatch,
    Upload,
    UploadService,
)

_VERSION: Final = "1.0.0"
_MEDIA_TYPE: Final = "application/offset+octet-stream"
_CHECKSUM_MISMATCH: Final = 460  # the protocol's own status
_LOCKED: Final = 423
_CHUNK_BYTES: Final = 256 * 1024


def upload_routes(uploads: UploadService) -> list[Route]:
    """Return the routes of resumable uploads."""

    async def capabilities(_request: web.Request) -> web.Response:
        headers = {
            "Tus-Resumable": _VERSION,
            "Tus-Version": _VERSION,
            "Tus-Extension": "creation,checksum,expiration",
            "Tus-Max-Size": str(uploads.max_bytes),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
        }
        return web.Response(status=204, headers=headers)

    async def create(request: web.Request) -> web.Response:
        _check_version(request)
        upload = await uploads.create(
            request[ACTOR],
            size=_number(request, "Upload-Length"),
            filename=_filename(request.headers.get("Upload-Metadata", "")),
        )
        location = {"Location": f"/api/uploads/{upload.id}"}
        return web.Response(status=201, headers={**_headers(upload), **location})

    async def head(request: web.Request) -> web.Response:
        _check_version(request)
        upload = await uploads.find(request[ACTOR], request.match_info["upload_id"])
        return web.Response(headers={**_headers(upload), "Cache-Control": "no-store"})

    async def append(request: web.Request) -> web.Response:
        _check_version(request)
        if request.content_type != _MEDIA_TYPE:
            raise UnsupportedMedia(f"send the bytes as {_MEDIA_TYPE}")
        try:
            upload = await uploads.append(
                request[ACTOR],
                request.match_info["upload_id"],
                offset=_number(request, "Upload-Offset"),
                chunks=request.content.iter_chunked(_CHUNK_BYTES),
                checksum=_checksum(request.headers.get("Upload-Checksum")),
            )
        except ChecksumMismatch as error:
            return problem(_CHECKSUM_MISMATCH, error.code, error.detail, _tus())
        except Conflict as error:
            status = _LOCKED if error.code == "upload-busy" else 409
            return problem(status, error.code, error.detail, _tus())
        return web.Response(status=204, headers=_headers(upload))

    async def look(request: web.Request) -> web.Response:
        upload = await uploads.find(request[ACTOR], request.match_info["upload_id"])
        return json_response(
            UploadOut(
                id=upload.id,
                offset=upload.offset,
                size=upload.size,
                filename=upload.filename,
                expires_at=upload.expires_at,
                outcome_code=upload.outcome_code,
                outcome_detail=upload.outcome_detail,
                study_instance_uid=upload.study_instance_uid,
                sha256=upload.sha256,
            )
        )

    may_create = Requires(Action.EXAM_CREATE)
    one = "/api/uploads/{upload_id}"
    return [
        Route("OPTIONS", "/api/uploads", capabilities, may_create),
        Route("POST", "/api/uploads", create, may_create),
        Route("HEAD", one, head, may_create),
        Route("PATCH", one, append, may_create),
        Route("GET", one, look, may_create),
    ]


def _tus() -> dict[str, str]:
    return {"Tus-Resumable": _VERSION}


def _headers(upload: Upload) -> Mapping[str, str]:
    headers = {
        **_tus(),
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if upload.outcome_code is not None:
        headers["Upload-Outcome"] = upload.outcome_code
    if upload.study_instance_uid is not None:
        headers["Upload-Study"] = upload.study_instance_uid
    if upload.sha256 is not None:
        headers["Upload-Sha256"] = upload.sha256
    return headers


def _check_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != _VERSION:
        raise web.HTTPPreconditionFailed(
            headers={"Tus-Version": _VERSION}, reason="this server speaks tus 1.0.0"
        )


def _number(request: web.Request, name: str) -> int:
    value = request.headers.get(name, "")
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise InvalidInput(f"{name} must be a number of bytes")
    return int(value)


def _filename(metadata: str) -> str | None:
    """Return the name that Upload-Metadata gives: words and their Base64, parted by commas."""
    for pair in metadata.split(","):
        key, _, encoded = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(encoded, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                raise InvalidInput("Upload-Metadata is not valid Base64 and UTF-8") from None
    return None


def _checksum(header: str | None) -> Checksum | None:
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise InvalidInput(f"Upload-Checksum takes {' or '.join(CHECKSUM_ALGORITHMS)}")
    try:
        return Checksum(algorithm, base64.b64decode(encoded, validate=True))
    except binascii.Error:
        raise InvalidInput("Upload-Checksum is not valid Base64") from None
