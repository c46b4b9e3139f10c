"""What an S3 store's failures look like from here; real servers, broken from outside."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from server.core.objects.errors import (
    ObjectStoreFull,
    ObjectStoreRefused,
    ObjectStoreUnavailable,
    StoredDigestMismatch,
)
from server.core.objects.open import open_object_stores, parse_s3_url
from server.core.objects.port import PutResult
from server.core.objects.s3_http import S3Timeouts
from server.core.objects.s3_store import S3Store
from tests.server.core.objects.bodies import chunks, new_key, put, read, sha256
from tests.support.cutting_proxy import cutting_proxy
from tests.support.ports import free_port
from tests.support.stores import S3Server, running_minio, running_seaweedfs
from tests.support.tcp import loopback_server

pytestmark = pytest.mark.fault

DATA = bytes(range(256)) * 5000
# For servers that never answer; a real one on a loaded machine is waited for.
IMPATIENT = S3Timeouts(connect_s=1.0, stall_s=0.5, check_s=0.5)
PATIENT = S3Timeouts(check_s=30.0)


@asynccontextmanager
async def opened(
    url: str, executor: Executor, timeouts: S3Timeouts = PATIENT
) -> AsyncIterator[S3Store]:
    store = S3Store(parse_s3_url(url), executor=executor, timeouts=timeouts)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
async def test_a_stream_cut_by_the_network_is_an_error_and_never_short(
    s3_server: S3Server, executor: Executor, share: float
) -> None:
    async with cutting_proxy(s3_server.port) as proxy:
        url = s3_server.url_at(proxy.port)
        async with open_object_stores(url, executor=executor) as stores:
            key = new_key()
            await put(stores.originals, key, DATA)
            proxy.cut_after_bytes = 600 + int(share * len(DATA))
        async with open_object_stores(url, executor=executor) as stores:
            with pytest.raises(ObjectStoreUnavailable):
                await read(stores.originals, key)
            assert proxy.cuts
            proxy.cut_after_bytes = None
            assert await read(stores.originals, key) == DATA


async def test_a_put_whose_answer_is_lost_can_be_tried_again(
    s3_server: S3Server, executor: Executor
) -> None:
    key = new_key()
    async with cutting_proxy(s3_server.port) as proxy:
        proxy.cut_after_bytes = len(b"HTTP/1.1 100 Continue\r\n\r\n")
        async with opened(s3_server.url_at(proxy.port), executor) as store:
            store._http._bucket_seen = True
            with pytest.raises(ObjectStoreUnavailable):
                await put(store, key, DATA)
            proxy.cut_after_bytes = None
            assert await put(store, key, DATA) in set(PutResult)
            assert await read(store, key) == DATA


@pytest.mark.parametrize("running", [running_seaweedfs, running_minio])
async def test_a_store_that_was_down_serves_again_and_kept_everything(
    running: Callable[[Path], AbstractContextManager[S3Server]], tmp_path: Path, executor: Executor
) -> None:
    with running(tmp_path) as server:
        async with opened(server.url, executor) as store:
            key = new_key()
            await put(store, key, DATA)
            server.stop()
            with pytest.raises(ObjectStoreUnavailable):
                await store.check()
            with pytest.raises(ObjectStoreUnavailable):
                await read(store, key)
            with pytest.raises(ObjectStoreUnavailable):
                await store.stat(key)
            with pytest.raises(ObjectStoreUnavailable):
                await store.delete(key)
            with pytest.raises(ObjectStoreUnavailable):
                await put(store, new_key(), DATA)
            await asyncio.to_thread(server.start)
            await store.check()
            assert await _read_once_back(store, key) == DATA
            assert await put(store, key, DATA) is PutResult.ALREADY_THERE


async def test_opening_succeeds_while_the_store_is_down(executor: Executor) -> None:
    url = f"s3+http://key:secret@127.0.0.1:{free_port()}/bucket"
    async with open_object_stores(url, executor=executor) as stores:
        with pytest.raises(ObjectStoreUnavailable):
            await stores.originals.check()
        with pytest.raises(ObjectStoreUnavailable):
            await put(stores.originals, new_key(), DATA)


async def test_a_store_that_accepts_and_never_answers_is_given_up(executor: Executor) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        loopback_server(swallow) as port,
        opened(f"s3+http://key:secret@127.0.0.1:{port}/bucket", executor, IMPATIENT) as store,
    ):
        with pytest.raises(ObjectStoreUnavailable):
            await store.check()
        store._http._bucket_seen = True
        with pytest.raises(ObjectStoreUnavailable):
            await put(store, new_key(), DATA)
        with pytest.raises(ObjectStoreUnavailable):
            await read(store, new_key())


async def test_a_store_that_stops_reading_a_body_is_given_up(executor: Executor) -> None:
    async def clog(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Reading on only after the client has hung up: until then its body has nowhere to go.
        await given_up.wait()

    given_up = asyncio.Event()
    large = bytes(32 * 1024 * 1024)
    async with (
        loopback_server(clog) as port,
        opened(f"s3+http://key:secret@127.0.0.1:{port}/bucket", executor, IMPATIENT) as store,
    ):
        store._http._bucket_seen = True
        with pytest.raises(ObjectStoreUnavailable, match="no progress"):
            await put(store, new_key(), large)
        given_up.set()


async def test_a_slow_source_is_not_taken_for_a_stalled_store(executor: Executor) -> None:
    received = bytearray()

    async def keep(request: web.Request) -> web.StreamResponse:
        received.extend(await request.read())
        size = len(received) if request.method == "HEAD" else 0
        digest = base64.b64encode(bytes.fromhex(sha256(bytes(received)))).decode()
        return web.Response(headers={"Content-Length": str(size), "x-amz-checksum-sha256": digest})

    async def slow() -> AsyncIterator[bytes]:
        yield DATA[:600_000]
        await asyncio.sleep(3 * IMPATIENT.stall_s)
        yield DATA[600_000:]

    async with _fake(keep, executor, IMPATIENT) as store:
        await store.put(new_key(), slow(), sha256=sha256(DATA), size=len(DATA))
    assert bytes(received) == DATA


async def test_wrong_credentials_are_refused_and_not_worth_a_retry(
    s3_server: S3Server, executor: Executor
) -> None:
    location = replace(parse_s3_url(s3_server.url), secret_key="hunter2-not-the-secret")
    store = S3Store(location, executor=executor)
    await store.open()
    try:
        for call in (store.check(), store.stat("k"), read(store, "k"), put(store, "k", DATA)):
            with pytest.raises(ObjectStoreRefused) as caught:
                await call
            assert not caught.value.retryable
            assert "hunter2" not in str(caught.value)
    finally:
        await store.close()


async def test_a_bucket_that_is_not_there_is_not_taken_for_lost_objects(
    s3_server: S3Server, executor: Executor
) -> None:
    store = S3Store(replace(parse_s3_url(s3_server.url), bucket="no-such-one"), executor=executor)
    await store.open()
    try:
        with pytest.raises(ObjectStoreRefused, match="no bucket"):
            await store.stat("k")
        with pytest.raises(ObjectStoreRefused, match="no bucket"):
            await read(store, "k")
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, "InternalError", ObjectStoreUnavailable),
        (503, "SlowDown", ObjectStoreUnavailable),
        (409, "ConditionalRequestConflict", ObjectStoreUnavailable),
        (429, "TooManyRequests", ObjectStoreUnavailable),
        (507, "XMinioStorageFull", ObjectStoreFull),
        (403, "QuotaExceeded", ObjectStoreFull),
        (403, "AccessDenied", ObjectStoreRefused),
        (301, "PermanentRedirect", ObjectStoreRefused),
    ],
)
async def test_an_answer_means_one_error(
    executor: Executor, status: int, code: str, error: type[Exception]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=f"<Error><Code>{code}</Code></Error>")

    async with _fake(answer, executor) as store:
        with pytest.raises(error):
            await put(store, new_key(), DATA)
        with pytest.raises(error):
            await read(store, new_key())


@pytest.mark.parametrize(
    ("status", "error"), [(503, ObjectStoreUnavailable), (403, ObjectStoreRefused)]
)
async def test_a_bucket_that_cannot_be_made_says_whether_to_try_again(
    executor: Executor, status: int, error: type[Exception]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with _fake(answer, executor) as store:
        store._http._bucket_seen = False
        with pytest.raises(error):
            await store.check()
        with pytest.raises(error):
            await put(store, new_key(), DATA)


@pytest.mark.parametrize("off_by", [-1, 1])
async def test_a_body_of_another_length_than_its_range_is_an_error(
    executor: Executor, off_by: int
) -> None:
    async def lie(request: web.Request) -> web.Response:
        return web.Response(
            status=206,
            headers={"Content-Range": f"bytes 10-109/{len(DATA)}"},
            body=DATA[10 : 110 + off_by],
        )

    async with _fake(lie, executor) as store:
        with pytest.raises(ObjectStoreUnavailable):
            await read(store, new_key(), 10, 100)


async def test_two_who_overwrite_at_once_do_not_delete_each_others_object(
    executor: Executor,
) -> None:
    methods: list[str] = []

    async def others(request: web.Request) -> web.StreamResponse:
        methods.append(request.method)
        await request.read()
        return web.Response(headers={"Content-Length": "5" if request.method == "HEAD" else "0"})

    async with _fake(others, executor) as store:
        store._replaceable = True
        await put(store, new_key(), DATA, overwrite=True)
    assert "DELETE" not in methods


@pytest.mark.parametrize(
    ("size", "recorded", "served"),
    [
        (len(DATA) - 1, None, b""),
        (len(DATA), sha256(b"other"), b""),
        (len(DATA), None, DATA[:-1] + b"!"),
    ],
    ids=["size", "recorded digest", "bytes"],
)
async def test_a_store_that_kept_other_bytes_is_found_out_and_what_it_kept_removed(
    executor: Executor, size: int, recorded: str | None, served: bytes
) -> None:
    deleted: list[str] = []

    async def lie(request: web.Request) -> web.StreamResponse:
        match request.method:
            case "PUT":
                await request.read()
                return web.Response()
            case "HEAD":
                headers = {"Content-Length": str(size)}
                if recorded is not None:
                    headers["x-amz-checksum-sha256"] = base64.b64encode(
                        bytes.fromhex(recorded)
                    ).decode()
                return web.Response(headers=headers)
            case "DELETE":
                deleted.append(request.path)
                return web.Response(status=204)
            case _:
                return web.Response(body=served)

    async with _fake(lie, executor) as store:
        key = new_key()
        with pytest.raises(StoredDigestMismatch):
            await put(store, key, DATA)
        assert deleted == [f"/bucket/{key}"]


async def test_a_digest_the_store_did_not_record_is_read_back(executor: Executor) -> None:
    read_back: list[str] = []

    async def forgetful(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            read_back.append(request.path)
            return web.Response(body=DATA)
        await request.read()
        size = len(DATA) if request.method == "HEAD" else 0
        return web.Response(headers={"Content-Length": str(size)})

    async with _fake(forgetful, executor) as store:
        key = new_key()
        assert await put(store, key, DATA) is PutResult.CREATED
        assert read_back == [f"/bucket/{key}"]


async def test_what_is_put_is_signed_with_its_digest_and_its_condition(executor: Executor) -> None:
    seen: list[dict[str, str]] = []

    async def look(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.Response(status=503)

    async with _fake(look, executor) as store:
        with pytest.raises(ObjectStoreUnavailable):
            await store.put(new_key(), chunks(DATA), sha256=sha256(DATA), size=len(DATA))
    assert seen[0]["If-None-Match"] == "*"
    assert seen[0]["X-Amz-Content-Sha256"] == sha256(DATA)
    signed = seen[0]["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"if-none-match", "x-amz-content-sha256", "x-amz-checksum-sha256"} <= set(signed)


async def test_both_servers_record_digests_so_that_no_put_is_read_back(
    s3_server: S3Server, executor: Executor
) -> None:
    async with opened(s3_server.url, executor) as store:
        key = new_key()
        await put(store, key, DATA)
        stat = await store.stat(key)
        assert stat is not None
        assert stat.sha256 == sha256(DATA)


async def _read_once_back(store: S3Store, key: str) -> bytes:
    """Read as a caller does: what is Unavailable is worth another try.

    SeaweedFS takes new objects before it has found all of its old volumes again.
    """
    for _ in range(150):
        try:
            return await read(store, key)
        except ObjectStoreUnavailable:
            await asyncio.sleep(0.2)
    return await read(store, key)


@asynccontextmanager
async def _fake(
    handler: Callable[[web.Request], object], executor: Executor, timeouts: S3Timeouts = PATIENT
) -> AsyncIterator[S3Store]:
    """Serve one handler for every request, and open a store on it."""
    application = web.Application(client_max_size=0)
    application.router.add_route("*", "/{rest:.*}", handler)  # type: ignore[arg-type]  # any handler
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with opened(
            f"s3+http://key:secret@127.0.0.1:{port}/bucket", executor, timeouts
        ) as store:
            store._http._bucket_seen = True
            yield store
    finally:
        await runner.cleanup()
