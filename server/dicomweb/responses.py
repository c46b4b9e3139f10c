"""How DICOMweb answers leave: where we are, what is cached, and multipart bodies in a stream."""

import asyncio
import gzip
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from aiohttp import web

from dicom.frames import ByteRange
from dicom.web.media_types import DICOM_XML, Offer
from dicom.web.multipart import PART_END, MultipartWriter, new_boundary
from dicom.web.native_xml import to_xml
from server.core.errors import InvalidInput
from server.core.http import problem
from server.core.streaming import breaking_off
from server.dicomweb.ranges import Blocks
from server.dicomweb.retrieval import Body

PREFIX: Final = "/dicomweb"
DICOM_JSON: Final = "application/dicom+json"
# Patient data: a browser may keep it for this user, nothing in between may, and it asks again.
CACHE: Final = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding"}
_WORTH_GZIP_BYTES: Final = 4096
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9._\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


@dataclass(frozen=True)
class Part:
    """One part of a multipart answer."""

    content_type: str
    body: Body
    location: str | None = None


def base_url(request: web.Request, public_url: str | None) -> str:
    """Return the address of this service as the client knows it."""
    if public_url is not None:
        return public_url + PREFIX
    if _HOST.fullmatch(request.host) is None:
        raise InvalidInput("the Host header is none", code="bad-host")
    return f"{request.scheme}://{_with_port(request)}{PREFIX}"


def _with_port(request: web.Request) -> str:
    """Return the Host header; dicomweb-client leaves out the port of the server it speaks to."""
    host = request.host
    if request.transport is None or host.rpartition("]")[2].count(":"):
        return host
    address, port, *_ = request.transport.get_extra_info("sockname") or ("", None)
    if host.strip("[]") not in (address, "localhost") or port in (None, 80, 443):
        return host
    return f"{host}:{port}"


def warning(base: str, texts: Sequence[str]) -> dict[str, str]:
    """Return the header that says what an answer lacks; empty where it lacks nothing."""
    return {"Warning": ", ".join(f'299 {base}: "{text}"' for text in texts)} if texts else {}


def digest(*parts: str) -> str:
    """Return an entity tag of what an answer is made from."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def takes_gzip(request: web.Request) -> bool:
    """Tell whether the client accepts gzip (RFC 9110 12.5.3)."""
    for item in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.strip().removeprefix("q=") not in ("0", "0.0", "0.00", "0.000")
    return False


def conditional(request: web.Request, etag: str) -> web.Response | None:
    """Return what a condition of the request ends it with, None where it goes on (RFC 9110 13.2.2).

    That is 412 where the client insists on another state than ``etag`` names, and 304 where it
    has this one. A weak tag may stand for a like state in If-None-Match alone (13.1.1).
    """
    insisted = request.if_match
    if insisted is not None and not any(
        tag.value == "*" or (tag.value == etag and not tag.is_weak) for tag in insisted
    ):
        return problem(412, "another-state", "it is not in the state that If-Match names")
    tags = request.if_none_match or ()
    if any(tag.value in (etag, "*") for tag in tags):
        return web.Response(status=304, headers={"ETag": f'"{etag}"', **CACHE})
    return None


async def send_body(
    request: web.Request, body: Body, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Stream one body as it is, or the stretch of it that the request asks for."""
    if body.open_range is None or body.size is None:
        return await _send(request, [(b"", body)], b"", headers)
    headers = {**headers, "Accept-Ranges": "bytes"}
    asked = _asked_range(request, headers.get("ETag"))
    if asked is None:
        return await _send(request, [(b"", body)], b"", headers)
    where = asked.of(body.size)
    if where is None:
        return problem(
            416,
            "no-such-range",
            f"there are bytes 0 to {body.size - 1}, and no other",
            {"Content-Range": f"bytes */{body.size}"},
        )
    opened = partial(body.open_range, where.offset, where.length)
    last = where.offset + where.length - 1
    headers["Content-Range"] = f"bytes {where.offset}-{last}/{body.size}"
    stretch = Body(where.length, opened)
    return await _send(request, [(b"", stretch)], b"", headers, status=206)


@dataclass(frozen=True)
class _Asked:
    """One range of a Range header (RFC 9110 14.1.2): from, to, or the last so many bytes."""

    first: int | None
    last: int | None

    def of(self, size: int) -> ByteRange | None:
        """Return it within a body of ``size`` bytes, None where it lies outside."""
        if self.first is None:
            start = max(size - (self.last or 0), 0)
            end = size
        else:
            start = self.first
            end = size if self.last is None else min(self.last + 1, size)
        return ByteRange(start, end - start) if start < end else None


def _asked_range(request: web.Request, etag: str | None) -> _Asked | None:
    """Return the range asked for; several, and those of another state, are answered with all."""
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found.group(1, 2) == ("", ""):
        return None
    first, last = (int(each) if each else None for each in found.group(1, 2))
    if first is not None and last is not None and last < first:
        return None
    return _Asked(first, last)


async def send_multipart(
    request: web.Request, parts: Sequence[Part], root_type: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Stream parts as multipart/related (RFC 2387)."""
    writer = MultipartWriter(new_boundary(secrets.randbits), root_type)
    pieces = []
    for number, part in enumerate(parts):
        head = writer.begin(
            content_type=part.content_type, length=part.body.size, location=part.location
        )
        pieces.append((PART_END + head if number else head, part.body))
    end = PART_END + writer.end()
    return await _send(request, pieces, end, {**headers, "Content-Type": writer.content_type})


async def send_described(
    request: web.Request,
    several: Sequence[dict[str, Any]],
    offer: Offer,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Send data sets of the JSON model: in one array, each as an XML part, or one as XML alone."""
    loop = asyncio.get_running_loop()
    if offer.media_type != DICOM_XML:
        told = {**headers, "Content-Type": offer.media_type}
        return await send_json(request, orjson.dumps(several), told)
    if not offer.multipart:
        (only,) = several
        told = {"Vary": CACHE["Vary"], **headers, "Content-Type": DICOM_XML}
        return web.Response(body=await loop.run_in_executor(None, to_xml, only), headers=told)

    async def documents() -> AsyncIterator[bytes]:
        for each in several:
            yield await loop.run_in_executor(None, to_xml, each)

    return await send_xml(request, documents(), headers)


async def send_json(
    request: web.Request, body: bytes, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send JSON, gzipped where that is worth it and taken."""
    headers = {"Vary": CACHE["Vary"], **headers}
    if len(body) >= _WORTH_GZIP_BYTES and takes_gzip(request):
        compress = partial(gzip.compress, body, 1, mtime=0)
        body = await asyncio.get_running_loop().run_in_executor(None, compress)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


async def send_xml(
    request: web.Request, documents: AsyncIterator[bytes], headers: Mapping[str, str]
) -> web.StreamResponse:
    """Stream XML documents as the parts of one answer, one in memory at once."""
    writer = MultipartWriter(new_boundary(secrets.randbits), DICOM_XML)
    told = {"Vary": CACHE["Vary"], **headers, "Content-Type": writer.content_type}
    response = web.StreamResponse(headers=told)
    if request.method == "HEAD":
        return response
    # What goes wrong before the first byte is still a proper answer.
    document = await anext(documents, None)
    await response.prepare(request)
    with breaking_off(request):
        while document is not None:
            await response.write(writer.begin(length=len(document)) + document + PART_END)
            document = await anext(documents, None)
        await response.write(writer.end())
        await response.write_eof()
    return response


async def _send(
    request: web.Request,
    pieces: Sequence[tuple[bytes, Body]],
    end: bytes,
    headers: Mapping[str, str],
    *,
    status: int = 200,
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    sizes = [body.size for _, body in pieces if body.size is not None]
    if len(sizes) == len(pieces):
        response.content_length = sum(sizes) + sum(len(head) for head, _ in pieces) + len(end)
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    async with AsyncExitStack() as first:
        # What goes wrong before the first byte is still a proper answer.
        blocks: Blocks | None = await first.enter_async_context(pieces[0][1].open())
        await response.prepare(request)
        with breaking_off(request):
            for head, body in pieces:
                await response.write(head)
                if blocks is not None:
                    await _pour(blocks, response)
                    blocks = None
                    continue
                async with body.open() as more:
                    await _pour(more, response)
            await response.write(end)
            await response.write_eof()
    return response


async def _pour(blocks: Blocks, response: web.StreamResponse) -> None:
    async for block in blocks:
        await response.write(block)
