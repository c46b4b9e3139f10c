"""Objects in an S3 bucket: MinIO, SeaweedFS and their like."""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterable
from concurrent.futures import Executor
from contextlib import aclosing
from http import HTTPStatus

import aiohttp

from server.core.objects.errors import (
    ObjectMissing,
    ObjectStoreRefused,
    ObjectStoreUnavailable,
    StoredDigestMismatch,
)
from server.core.objects.port import (
    BLOCK_BYTES,
    Digest,
    ObjectStat,
    PutResult,
    check_announced,
    check_key,
    range_end,
)
from server.core.objects.s3_http import S3Http, S3Location, S3Timeouts, refusal
from server.core.objects.verify import sha256_of, verified_blocks

_CHECKSUM = "x-amz-checksum-sha256"
_DEFAULT_TIMEOUTS = S3Timeouts()
_LISTED_AT_ONCE = 1000


class S3Store:
    """An object store behind the S3 API."""

    def __init__(
        self,
        location: S3Location,
        *,
        executor: Executor,
        replaceable: bool = False,
        timeouts: S3Timeouts = _DEFAULT_TIMEOUTS,
    ) -> None:
        self._http = S3Http(location, executor=executor, timeouts=timeouts)
        self._executor = executor
        self._replaceable = replaceable

    def __repr__(self) -> str:
        """Name the bucket, never the credentials."""
        return f"S3Store({self._http.location!r})"

    async def open(self) -> None:
        """Open the session; the store may be down."""
        await self._http.open()

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()

    async def check(self) -> None:
        """Raise unless the store answers for the bucket in time."""
        await self._http.check()

    async def put(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        sha256: str,
        size: int,
        overwrite: bool = False,
    ) -> PutResult:
        """Send with If-None-Match and the digest signed, then ask for what the store recorded."""
        check_key(key)
        check_announced(sha256, size)
        if overwrite and not self._replaceable:
            raise ValueError("this store keeps what it has: overwrite is for derived data")
        await self._http.ensure_bucket()
        result = await self._send(key, stream, sha256=sha256, size=size, overwrite=overwrite)
        if overwrite:
            # The store verified the signed digest; what it holds by now may be another writer's.
            return result
        try:
            await self._read_back(key, sha256=sha256, size=size)
        except StoredDigestMismatch:
            if result is PutResult.CREATED:
                await self.delete(key)
            raise
        return result

    async def get(
        self,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
        digest: Digest | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Stream a range; a body that ends early is an error, whatever the store says."""
        check_key(key)
        if start < 0 or (length is not None and length <= 0):
            await self._check_empty_range(key, start, length)
            return
        headers = {}
        if (start, length) != (0, None):
            last = "" if length is None else str(start + length - 1)
            headers["Range"] = f"bytes={start}-{last}"
        loop = asyncio.get_running_loop()
        async with self._http.request("GET", key, headers=headers) as response:
            due = await self._bytes_due(response, key, start, length, ranged=bool(headers))
            if due == 0:
                return
            async for block in response.content.iter_chunked(BLOCK_BYTES):
                due -= len(block)
                if due < 0:
                    raise ObjectStoreUnavailable(f"{key}: more bytes than the range has")
                if digest is not None:
                    await loop.run_in_executor(self._executor, digest.update, block)
                yield block
            if due:
                raise ObjectStoreUnavailable(f"{key}: the stream was cut {due} bytes early")

    async def stat(self, key: str) -> ObjectStat | None:
        """Return size and, where the store recorded it, digest."""
        check_key(key)
        async with self._http.request(
            "HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"}
        ) as response:
            match response.status:
                case HTTPStatus.OK:
                    return ObjectStat(_content_length(response), _recorded_sha256(response))
                case HTTPStatus.NOT_FOUND:
                    await self._missing(key)
                    return None
                case _:
                    raise await refusal(response, key)

    async def delete(self, key: str) -> None:
        """Delete; what is not there stays so."""
        check_key(key)
        async with self._http.request("DELETE", key) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                await self._missing(key)
            elif response.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
                raise await refusal(response, key)

    async def keys(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """List the bucket, a thousand keys at a time."""
        await self._http.ensure_bucket()
        after = ""
        while page := await self._http.keys(prefix, after, _LISTED_AT_ONCE):
            for key in page:
                yield key
            after = page[-1]

    async def _send(
        self, key: str, stream: AsyncIterable[bytes], *, sha256: str, size: int, overwrite: bool
    ) -> PutResult:
        upload = _Upload(stream, sha256=sha256, size=size, executor=self._executor)
        if size == 0:
            await upload.drain()
        headers = {_CHECKSUM: base64.b64encode(bytes.fromhex(sha256)).decode("ascii")}
        if not overwrite:
            headers["If-None-Match"] = "*"
        stall_s = self._http.timeouts.stall_s
        try:
            async with (
                asyncio.timeout(stall_s) as watchdog,
                self._http.request(
                    "PUT",
                    key,
                    headers=headers,
                    body=upload.body(watchdog, stall_s) if size else None,
                    body_size=size,
                    body_sha256=sha256,
                ) as response,
            ):
                match response.status:
                    case HTTPStatus.OK:
                        return PutResult.CREATED
                    case HTTPStatus.PRECONDITION_FAILED:
                        return PutResult.ALREADY_THERE
                    case HTTPStatus.NOT_FOUND:
                        # Created again, an emptied store would look like one that lost nothing.
                        raise ObjectStoreRefused(f"{key}: the bucket went away")
                    case _:
                        raise await refusal(response, key)
        except TimeoutError:
            raise ObjectStoreUnavailable(f"{key}: no progress for {stall_s:g} s") from None
        except ObjectStoreUnavailable:
            # aiohttp reports a body that raised as a connection error of its own.
            if upload.failure is not None:
                raise upload.failure from None
            raise

    async def _read_back(self, key: str, *, sha256: str, size: int) -> None:
        found = await self.stat(key)
        if found is None:
            raise ObjectStoreUnavailable(f"{key}: accepted, but not there")
        stored = found.sha256
        if stored is None and found.size_bytes == size:
            async with aclosing(self.get(key)) as blocks:
                stored = await sha256_of(blocks, executor=self._executor)
        if found.size_bytes != size or stored != sha256:
            raise StoredDigestMismatch(
                f"{key}: announced {size} bytes, sha256 {sha256}; "
                f"stored {found.size_bytes}, {stored}"
            )

    async def _bytes_due(
        self,
        response: aiohttp.ClientResponse,
        key: str,
        start: int,
        length: int | None,
        *,
        ranged: bool,
    ) -> int:
        match response.status:
            case HTTPStatus.OK if not ranged:
                return _content_length(response)
            case HTTPStatus.OK:
                raise ObjectStoreUnavailable(f"{key}: the store ignored the range")
            case HTTPStatus.PARTIAL_CONTENT:
                return range_end(key, _total_size(response), start, length) - start
            case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                await self._check_empty_range(key, start, length)
                return 0
            case HTTPStatus.NOT_FOUND:
                raise await self._missing(key)
            case _:
                raise await refusal(response, key)

    async def _check_empty_range(self, key: str, start: int, length: int | None) -> None:
        """Raise unless the range, which has no byte, lies inside the object."""
        found = await self.stat(key)
        if found is None:
            raise ObjectMissing(key)
        if range_end(key, found.size_bytes, start, length) > start:
            raise ObjectStoreUnavailable(f"{key}: the store refused a range it has")

    async def _missing(self, key: str) -> ObjectMissing:
        """Return the error for a 404, once sure that only the key is missing, not the bucket."""
        async with self._http.request("HEAD", None) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                raise ObjectStoreRefused(f"there is no bucket {self._http.location.bucket}")
            if response.status != HTTPStatus.OK:
                raise await refusal(response, f"bucket {self._http.location.bucket}")
        return ObjectMissing(key)


class _Upload:
    """The body of one put: verified, watched for stalls, its own failure kept for the caller."""

    def __init__(
        self, stream: AsyncIterable[bytes], *, sha256: str, size: int, executor: Executor
    ) -> None:
        self._blocks = verified_blocks(stream, sha256=sha256, size=size, executor=executor)
        self.failure: Exception | None = None

    async def drain(self) -> None:
        """Verify a stream that has no bytes to send."""
        async with aclosing(self._blocks):
            async for _ in self._blocks:
                raise RuntimeError("an empty stream yielded a block")

    async def body(self, watchdog: asyncio.Timeout, stall_s: float) -> AsyncGenerator[bytes, None]:
        """Yield the blocks; the clock stands still while the source is being read."""
        loop = asyncio.get_running_loop()
        try:
            async with aclosing(self._blocks):
                watchdog.reschedule(None)
                async for block in self._blocks:
                    watchdog.reschedule(loop.time() + stall_s)
                    yield block
                    watchdog.reschedule(None)
                watchdog.reschedule(loop.time() + stall_s)
        except Exception as error:
            self.failure = error
            raise


def _content_length(response: aiohttp.ClientResponse) -> int:
    if response.content_length is None:
        raise ObjectStoreUnavailable("the store did not say how long the object is")
    return response.content_length


def _total_size(response: aiohttp.ClientResponse) -> int:
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if not total.isdecimal():
        raise ObjectStoreUnavailable("the store did not say which range it sends")
    return int(total)


def _recorded_sha256(response: aiohttp.ClientResponse) -> str | None:
    recorded = response.headers.get(_CHECKSUM)
    if recorded is None or response.headers.get("x-amz-checksum-type") == "COMPOSITE":
        return None
    try:
        return base64.b64decode(recorded, validate=True).hex()
    except ValueError:
        return None
