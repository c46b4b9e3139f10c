"""The store answers, but wrongly: intake goes on, and once the store is well it gets everything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import func, select

from server.core.clock import SystemClock
from server.core.database import open_database
from server.core.objects.open import parse_s3_url
from server.core.objects.s3_http import S3Timeouts
from server.core.objects.s3_store import S3Store
from server.core.settings import DatabaseSettings
from server.intake.models import Location, StoredObject
from server.intake.public import Verdict
from server.migrations.run import migrate
from tests.support.cutting_proxy import cutting_proxy
from tests.support.fakes import CountingIds
from tests.support.ledger import Ledger, Slice, compare, ct_slices
from tests.support.node_process import wait_until
from tests.support.senders import IntakeParts, create_institutions, running_intake, send
from tests.support.store_proxy import store_proxy
from tests.support.stores import S3Server, running_seaweedfs

STALLED_S = 1.0
IMPATIENT = S3Timeouts(connect_s=1.0, stall_s=STALLED_S, check_s=STALLED_S)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@dataclass
class Front:
    """What intake takes for its store."""

    port: int
    has_met: Callable[[], bool]
    heal: Callable[[], None]


@asynccontextmanager
async def cut(store: S3Server, mode: str) -> AsyncIterator[Front]:
    """Run a line to the store that is cut within what is put, or instead of the answer."""
    async with cutting_proxy(store.port) as proxy:
        if mode == "cut in the body":
            proxy.cut_after_sent_bytes = 20_000
        else:
            proxy.cut_after_bytes = len(b"HTTP/1.1 100 Continue\r\n\r\n")

        def heal() -> None:
            proxy.cut_after_bytes = proxy.cut_after_sent_bytes = None

        yield Front(proxy.port, lambda: proxy.cuts > 0, heal)


@asynccontextmanager
async def misbehaving(store: S3Server, mode: str) -> AsyncIterator[Front]:
    """Run something before the store that answers otherwise until it is healed."""
    async with store_proxy(store) as proxied:
        met, well = asyncio.Event(), asyncio.Event()

        async def meddle(request: web.Request, body: bytes) -> web.StreamResponse:
            if well.is_set():
                return await proxied.hand_on(request, body)
            met.set()
            match mode:
                case "503":
                    return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")
                case "silent":
                    await well.wait()
                case "slow":
                    await asyncio.sleep(STALLED_S / 4)
                case "damaged on the way" if request.method == "PUT":
                    body = body[:-1] + bytes([body[-1] ^ 1])
            answer = await proxied.hand_on(request, body)
            if mode == "another digest" and request.method == "HEAD":
                answer.headers["x-amz-checksum-sha256"] = "A" * 43 + "="
            return answer

        proxied.meddle = meddle
        yield Front(proxied.port, met.is_set, well.set)


@asynccontextmanager
async def taking_in(root: Path, store: S3Store) -> AsyncIterator[IntakeParts]:
    """Run intake and its drain over a database of their own."""
    url, ids, clock = f"sqlite:///{root / 'lianzhen.db'}", CountingIds(), SystemClock()
    migrate(url)
    database = open_database(DatabaseSettings(url=SecretStr(url)))
    try:
        await create_institutions(database, clock)
        async with running_intake(database, root, clock, ids, store=store) as parts:
            draining = asyncio.create_task(parts.drain.run())
            try:
                yield parts
            finally:
                parts.drain.stop()
                await draining
    finally:
        await database.close()


@pytest.mark.parametrize(
    "mode",
    [
        "slow", "silent", "503", "cut in the body", "cut in the answer",
        "damaged on the way", "another digest",
    ],
)  # fmt: skip
async def test_intake_goes_on_and_the_backlog_drains_once_the_store_is_well(
    store: S3Server, executor: Executor, tmp_path: Path, mode: str
) -> None:
    ledger, slices = Ledger(), ct_slices(8)
    before = cut if mode.startswith("cut") else misbehaving
    async with before(store, mode) as front:
        kept = S3Store(
            parse_s3_url(store.url_at(front.port)), executor=executor, timeouts=IMPATIENT
        )
        async with taking_in(tmp_path, kept) as parts:
            await take(parts, slices[:4], ledger)
            await wait_until(front.has_met, "the drain to meet it")
            await take(parts, slices[4:], ledger)
            if mode != "slow":
                assert await waiting(parts) == 8
            await compare(parts, ledger)
            front.heal()

            async def is_drained() -> bool:
                return await waiting(parts) == 0

            await wait_until(is_drained, "the store to have everything")
            assert len(ledger.kept) == 8
            # Read from the store now, which verifies nothing for us.
            await compare(parts, ledger)


async def take(parts: IntakeParts, slices: list[Slice], ledger: Ledger) -> None:
    """Send slices, each of which is answered with success."""
    for each in slices:
        ledger.sent[each.uid] = each.sha256
        assert (await send(parts.intake, each.file)).verdict is Verdict.STORED
        ledger.kept.add(each.uid)


async def waiting(parts: IntakeParts) -> int:
    """Return how many objects are not in the store yet."""
    async with parts.database.reading() as session:
        return (
            await session.scalar(
                select(func.count())
                .select_from(StoredObject)
                .where(StoredObject.location == Location.SPOOL)
            )
            or 0
        )
