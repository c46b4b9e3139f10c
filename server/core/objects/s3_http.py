"""Signed S3 requests over aiohttp, and what the answers mean.

The minio SDK's signer signs every header we send, If-None-Match and the digest of the body among
them. A presigned URL would cover the host alone and leave the body unsigned, and its put_object
turns If-None-Match into user metadata (7.2.20), which overwrites.
"""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from types import MappingProxyType
from urllib.parse import urlsplit

import aiohttp
import urllib3
import yarl
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.error import MinioException, S3Error
from minio.signer import sign_v4_s3

from server.core.objects.errors import (
    ObjectStoreError,
    ObjectStoreFull,
    ObjectStoreRefused,
    ObjectStoreUnavailable,
)

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_ERROR_BODY_BYTES = 4096
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_RETRYABLE_CODES = frozenset({"RequestTimeout", "SlowDown", "IncompleteBody", "ServiceUnavailable"})
_BUCKET_RACE_CODES = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


@dataclass(frozen=True, slots=True)
class S3Location:
    """Where a bucket is and who may enter; the secret is not in the repr."""

    netloc: str
    secure: bool
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Timeouts:
    """How long to wait for what; a body as a whole may take as long as it moves."""

    connect_s: float = 5.0
    # Between two blocks, in either direction, and for the answer after the last one.
    stall_s: float = 30.0
    check_s: float = 2.0


class S3Http:
    """One bucket over one ClientSession."""

    def __init__(
        self,
        location: S3Location,
        *,
        executor: Executor,
        timeouts: S3Timeouts,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.location = location
        self.timeouts = timeouts
        self._executor = executor
        self._now = now
        self._credentials = Credentials(location.access_key, location.secret_key)
        self._base = f"{'https' if location.secure else 'http'}://{location.netloc}"
        self._session: aiohttp.ClientSession | None = None
        self._bucket_lock = asyncio.Lock()
        self._bucket_seen = False

    async def open(self) -> None:
        """Open the session; no packet is sent."""
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self.timeouts.stall_s,
                sock_connect=self.timeouts.connect_s,
                sock_read=self.timeouts.stall_s,
            ),
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def request(
        self,
        method: str,
        key: str | None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        body: AsyncIterable[bytes] | None = None,
        body_size: int = 0,
        body_sha256: str = EMPTY_SHA256,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one signed request; what the network does to it is ObjectStoreUnavailable."""
        if self._session is None:
            raise RuntimeError("the object store is not open")
        path = f"/{self.location.bucket}" + (f"/{key}" if key is not None else "")
        signed = self._signed(method, path, headers, body_sha256)
        if method == "PUT":
            signed["Content-Length"] = str(body_size)
        try:
            async with self._session.request(
                method,
                yarl.URL(self._base + path, encoded=True),
                headers=signed,
                data=body,
                # The body waits for 100 Continue: a refused put costs no upload, and its answer
                # is not lost in a connection reset while we are still writing.
                expect100=body is not None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type"),
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ObjectStoreUnavailable(
                f"{self.location.netloc}: {type(error).__name__}: {error}"
            ) from error

    async def ensure_bucket(self) -> None:
        """Create the bucket where it is not there; asked of the store once a process."""
        async with self._bucket_lock:
            if not self._bucket_seen:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._executor, self._make_bucket)
                self._bucket_seen = True

    async def check(self) -> None:
        """Ask the store for the bucket, within the time a readiness probe has."""
        try:
            async with asyncio.timeout(self.timeouts.check_s):
                await self.ensure_bucket()
                async with self.request("HEAD", None) as response:
                    if response.status != HTTPStatus.OK:
                        raise await refusal(response, f"bucket {self.location.bucket}")
        except TimeoutError:
            raise ObjectStoreUnavailable(f"{self.location.netloc} did not answer") from None

    def _signed(
        self, method: str, path: str, headers: Mapping[str, str], body_sha256: str
    ) -> dict[str, str]:
        now = self._now()
        to_sign = {
            "Host": self.location.netloc,
            "X-Amz-Content-Sha256": body_sha256,
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            **headers,
        }
        signed = sign_v4_s3(
            method=method,
            url=urlsplit(self._base + path),
            region=self.location.region,
            headers=dict(to_sign),
            credentials=self._credentials,
            content_sha256=body_sha256,
            date=now,
        )
        return {
            **to_sign,
            "Authorization": str(signed["Authorization"]),
            # No compression: ranges and lengths are those of the object. Proxies rewrite this
            # header, so it stays unsigned.
            "Accept-Encoding": "identity",
        }

    async def keys(self, prefix: str, after: str, most: int) -> list[str]:
        """Return the next keys of the bucket that begin so, in order."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._keys, prefix, after, most)

    def _keys(self, prefix: str, after: str, most: int) -> list[str]:
        with self._sdk(self.timeouts.stall_s) as client:
            found = client.list_objects(
                self.location.bucket,
                prefix=prefix or None,
                recursive=True,
                start_after=after or None,
            )
            return [each.object_name for each in islice(found, most) if each.object_name]

    def _make_bucket(self) -> None:
        bucket = self.location.bucket
        with self._sdk(self.timeouts.connect_s) as client:
            try:
                if not client.bucket_exists(bucket):
                    client.make_bucket(bucket)
            except S3Error as error:
                if error.code not in _BUCKET_RACE_CODES:
                    raise

    @contextmanager
    def _sdk(self, answer_s: float) -> Iterator[Minio]:
        """Give the SDK's client, which blocks, with its errors told as ours."""
        location = self.location
        timeout = urllib3.Timeout(connect=self.timeouts.connect_s, read=answer_s)
        with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
            try:
                yield Minio(
                    location.netloc,
                    access_key=location.access_key,
                    secret_key=location.secret_key,
                    secure=location.secure,
                    region=location.region,
                    http_client=pool,
                )
            except S3Error as error:
                said = f"bucket {location.bucket}: {error.code}"
                if error.response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ObjectStoreUnavailable(said) from error
                raise ObjectStoreRefused(said) from error
            except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
                raise ObjectStoreUnavailable(
                    f"bucket {location.bucket}: {type(error).__name__}"
                ) from error


async def refusal(response: aiohttp.ClientResponse, what: str) -> ObjectStoreError:
    """Turn an answer that is no success into the error it means."""
    body = await response.content.read(_ERROR_BODY_BYTES)
    found = _ERROR_CODE.search(body)
    code = found.group(1).decode("ascii") if found else ""
    said = f"{what}: {response.status} {code}".rstrip()
    status = response.status
    if status == HTTPStatus.INSUFFICIENT_STORAGE or "StorageFull" in code or "Quota" in code:
        return ObjectStoreFull(said)
    if (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
        or code in _RETRYABLE_CODES
    ):
        return ObjectStoreUnavailable(said)
    return ObjectStoreRefused(said)
