"""The county as a gateway meets it: resumable uploads over HTTPS (tus 1.0), every chunk summed."""

import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import ClientResponse, ClientTimeout
from yarl import URL

from server.gateway.faults import Fault, LineFault, ObjectFault

_TUS: Final = "1.0.0"
_UPLOADS: Final = "/api/uploads"
_CHECKSUM_MISMATCH: Final = 460
_LOCKED: Final = 423
_LONGEST_ANSWER: Final = 64 * 1024
_CONNECT_S: Final = 15.0
_SILENT_S: Final = 60.0
"""A county that takes in a large object syncs it before it answers."""
_LONGEST_RETRY_AFTER_S: Final = 300.0

Body = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Standing:
    """How an upload stands at the county."""

    offset: int
    outcome: str | None = None
    """The stable code of how the county took it, once it has all of it."""
    sha256: str | None = None
    """Of the bytes the county got."""


class County:
    """Speaks to one county's server; an asynchronous context manager's worth of one session."""

    def __init__(self, url: str, *, ca: Path | None, read_token: Callable[[], str]) -> None:
        self._url = URL(url)
        self._ca = ca
        self._read_token = read_token
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Hang up; the next request connects anew, and reads the authorities anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def greet(self) -> None:
        """Make sure that the county is there, speaks tus, and lets us upload."""
        async with self._request("OPTIONS", _UPLOADS, {}) as response:
            if response.status == 204 and "Tus-Version" in response.headers:
                return
            await _expect(response, 204)

    async def begin(self, *, size: int, sha256: str) -> str:
        """Open an upload and return its path.

        Raises
        ------
        LineFault, ObjectFault
        """
        name = base64.b64encode(f"gateway-{sha256[:16]}".encode()).decode()
        headers = {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
        async with self._request("POST", _UPLOADS, headers) as response:
            await _expect(response, 201)
            path = URL(response.headers.get("Location", "")).path
            if not path.startswith(f"{_UPLOADS}/"):
                raise LineFault(Fault.NOT_A_COUNTY, "an upload without an address")
            return path

    async def standing(self, path: str) -> Standing | None:
        """Return how an upload stands, or None where the county does not know it any more."""
        async with self._request("HEAD", path, {}) as response:
            if response.status in (404, 410) and _speaks_tus_or_problem(response):
                return None
            await _expect(response, 200)
            return _standing(response)

    async def append(self, path: str, offset: int, chunk: bytes, body: Body) -> Standing | None:
        """Append a chunk, sent as ``body`` paces it; return how the upload stands then.

        None where it stood elsewhere, or the chunk was damaged on the way: ask `standing`.
        """
        checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
        headers = {
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(chunk)),
        }
        async with self._request("PATCH", path, headers, body) as response:
            if response.status in (404, 409, 410, _LOCKED, _CHECKSUM_MISMATCH):
                return None
            await _expect(response, 204)
            return _standing(response)

    async def detail(self, path: str) -> str:
        """Return in words how an upload ended."""
        async with self._request("GET", path, {}) as response:
            await _expect(response, 200)
            answer = await _json(response)
            return str(answer.get("outcome_detail") or "")

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, headers: dict[str, str], body: Body | None = None
    ) -> AsyncIterator[ClientResponse]:
        try:
            token = self._read_token()
        except OSError as error:
            raise LineFault(Fault.TOKEN_MISSING, error.strerror or "unreadable") from error
        if not token:
            raise LineFault(Fault.TOKEN_MISSING, "the token file is empty")
        sent = {"Tus-Resumable": _TUS, "Authorization": f"Bearer {token}", **headers}
        try:
            async with self._opened().request(
                method,
                self._url.with_path(path),
                headers=sent,
                data=body() if body is not None else None,
                allow_redirects=False,
            ) as response:
                yield response
        except (
            aiohttp.ClientConnectorCertificateError,
            aiohttp.ClientConnectorSSLError,
            ssl.SSLError,
        ) as error:
            await self.close()
            raise LineFault(Fault.CERTIFICATE, _reason(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LineFault(Fault.UNREACHABLE, _reason(error)) from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            try:
                trust: ssl.SSLContext = ssl.create_default_context(cafile=self._ca)
            except (OSError, ssl.SSLError) as error:
                raise LineFault(Fault.CERTIFICATE, f"the CA file: {_reason(error)}") from error
            trust.minimum_version = ssl.TLSVersion.TLSv1_2
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, limit=2),
                timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=_LONGEST_ANSWER,
            )
        return self._session


def _standing(response: ClientResponse) -> Standing:
    offset = response.headers.get("Upload-Offset", "")
    if not (offset.isascii() and offset.isdigit()):
        raise LineFault(Fault.NOT_A_COUNTY, "an upload without an offset")
    return Standing(
        int(offset),
        response.headers.get("Upload-Outcome"),
        response.headers.get("Upload-Sha256"),
    )


async def _expect(response: ClientResponse, status: int) -> None:
    """Raise what any other answer means."""
    if response.status == status:
        if "Tus-Resumable" not in response.headers and response.method != "GET":
            raise LineFault(Fault.NOT_A_COUNTY, f"{response.status} without tus")
        return
    answer = await _json(response)
    code, detail = str(answer.get("code", "")), str(answer.get("detail", ""))
    said = f"{response.status} {code} {detail}".strip()[:300]
    match response.status:
        case 401:
            raise LineFault(Fault.TOKEN_REFUSED, said)
        case 403:
            raise LineFault(Fault.NOT_ALLOWED, said)
        case 413 if code:
            raise ObjectFault(Fault.TOO_LARGE, code, detail)
        case 507:
            raise LineFault(Fault.COUNTY_FULL, said, retry_after_s=_retry_after_s(response))
        case 408 | 425 | 429 | 500 | 502 | 503 | 504:
            raise LineFault(Fault.COUNTY_BUSY, said, retry_after_s=_retry_after_s(response))
        case _:
            raise LineFault(Fault.NOT_A_COUNTY, said)


def _speaks_tus_or_problem(response: ClientResponse) -> bool:
    """Tell our own "there is none" from that of something else at this address."""
    return response.content_type == "application/problem+json" or (
        "Tus-Resumable" in response.headers
    )


async def _json(response: ClientResponse) -> dict[str, object]:
    """Return a small JSON object, or an empty one for anything else."""
    if not response.content_type.endswith("json"):
        return {}
    body = await response.content.read(_LONGEST_ANSWER)
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _retry_after_s(response: ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        return None
    return min(float(value), _LONGEST_RETRY_AFTER_S)


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]
