"""Everything that can go wrong at the county: named, with what to do, and nothing given up."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.core.clock import SystemClock
from server.core.settings import GatewaySettings, SpoolSettings
from server.gateway.faults import ADVICE, Fault, LineFault
from server.gateway.models import OutboundState
from server.identity.models import Role
from server.lan_certificates import LanCertificates, lan_certificates
from tests.server.gateway.conftest import County
from tests.support.application import running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes, ct_series, large_ct
from tests.support.ports import free_port
from tests.support.township import Township, running_township

pytestmark = pytest.mark.fault


async def fault_of(town: Township) -> Fault:
    """Try to send, as the loop does, and return what it was told."""
    with pytest.raises(LineFault) as failed:
        await town.send_all()
    await town.gateway.line.failed(failed.value)
    assert (await town.line()).fault == failed.value.fault
    waiting = [row.state for row in await town.rows()]
    assert waiting
    assert set(waiting) == {OutboundState.WAITING}
    return failed.value.fault


def test_every_fault_says_what_to_do_in_both_languages() -> None:
    assert set(ADVICE) == set(Fault)
    for advice in ADVICE.values():
        assert any("\u4e00" <= char <= "\u9fff" for char in advice.zh)
        assert advice.en.isascii()


async def test_a_line_that_is_down(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with running_township(tmp_path / "t", county_url=url, token="any") as town:
        await town.receive_all([ct_bytes()])
        assert await fault_of(town) is Fault.UNREACHABLE


async def test_a_token_that_is_missing(county: County, tmp_path: Path) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token="") as town:
        await town.receive_all([ct_bytes()])
        assert await fault_of(town) is Fault.TOKEN_MISSING


async def test_an_account_that_may_not_upload(county: County, tmp_path: Path) -> None:
    who = await county.app.token("doctor", "township1", Role.TOWNSHIP_DOCTOR)
    token = who["Authorization"].removeprefix("Bearer ")
    async with running_township(tmp_path / "t", county_url=county.url, token=token) as town:
        await town.receive_all([ct_bytes()])
        assert await fault_of(town) is Fault.NOT_ALLOWED


async def test_a_county_whose_disk_is_full_until_there_is_room_again(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path / "county" / "lianzhen.db")
    settings = settings_for(tmp_path / "county")
    full = settings.model_copy(update={"spool": SpoolSettings(min_free_bytes=1 << 60)})
    async with running_app(full) as app:
        who = await app.token("gateway1", "township1", Role.TOWNSHIP_TECHNICIAN)
        county = County(app, who["Authorization"].removeprefix("Bearer "))
        async with running_township(
            tmp_path / "t", county_url=county.url, token=county.token
        ) as town:
            await town.receive_all([ct_bytes()])
            assert await fault_of(town) is Fault.COUNTY_FULL
            app.services.spool._min_free_bytes = 1
            await town.send_all()
            assert (await town.row()).state == OutboundState.CONFIRMED


async def test_a_county_that_is_stopping(county: County, tmp_path: Path) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive_all([ct_bytes()])
        await county.app.services.committer.close()
        assert await fault_of(town) is Fault.COUNTY_BUSY


async def test_a_file_larger_than_the_county_takes_waits_for_somebody_and_others_go(
    tmp_path: Path,
) -> None:
    migrated_sqlite(tmp_path / "county" / "lianzhen.db")
    settings = settings_for(tmp_path / "county")
    dicom = settings.dicom.model_copy(update={"max_object_bytes": 20_000})
    http = settings.http.model_copy(update={"max_upload_bytes": 20_000})
    small = settings.model_copy(update={"dicom": dicom, "http": http})
    async with running_app(small) as app:
        who = await app.token("gateway1", "township1", Role.TOWNSHIP_TECHNICIAN)
        county = County(app, who["Authorization"].removeprefix("Bearer "))
        async with running_township(
            tmp_path / "t", county_url=county.url, token=county.token
        ) as town:
            await town.receive_all([large_ct(200_000), *ct_series(1)])
            await town.send_all()
            answers = {row.answer: row.state for row in await town.rows()}
    assert answers == {"too-large": OutboundState.REFUSED, "stored": OutboundState.CONFIRMED}


@pytest.mark.parametrize(
    ("status", "headers", "fault"),
    [
        (302, {"Location": "http://portal.example/login"}, Fault.NOT_A_COUNTY),
        (200, {}, Fault.NOT_A_COUNTY),
        (201, {}, Fault.NOT_A_COUNTY),
        (201, {"Tus-Resumable": "1.0.0", "Location": "http://evil.example/x"}, Fault.NOT_A_COUNTY),
        (404, {}, Fault.NOT_A_COUNTY),
        (502, {}, Fault.COUNTY_BUSY),
        (503, {"Retry-After": "999999"}, Fault.COUNTY_BUSY),
        (429, {"Retry-After": "7"}, Fault.COUNTY_BUSY),
        (413, {}, Fault.NOT_A_COUNTY),
    ],
)
async def test_something_else_answers_there(
    tmp_path: Path, status: int, headers: dict[str, str], fault: Fault
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, text="<html>please sign in</html>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with running_township(tmp_path / "t", county_url=url, token="secret") as town:
            await town.receive_all([ct_bytes()])
            assert await fault_of(town) is fault


@asynccontextmanager
async def county_over_tls(tmp_path: Path) -> AsyncIterator[tuple[LanCertificates, str, list[str]]]:
    """Serve something over TLS; yield its certificates, its address and what it was told."""
    certificates = lan_certificates(tmp_path / "tls", "127.0.0.1", SystemClock())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers["Authorization"])
        return web.Response(status=503)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, scheme="https") as server:
        await server.close()
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield certificates, f"https://127.0.0.1:{server.port}", heard
    finally:
        await server.close()


async def test_a_certificate_of_nobody_we_know_gets_not_even_the_token(tmp_path: Path) -> None:
    async with county_over_tls(tmp_path) as (_, url, heard):
        async with running_township(tmp_path / "t", county_url=url, token="secret") as town:
            await town.receive_all([ct_bytes()])
            assert await fault_of(town) is Fault.CERTIFICATE
        assert heard == []


async def test_a_county_s_own_authority_is_believed_when_it_is_named(tmp_path: Path) -> None:
    async with county_over_tls(tmp_path) as (certificates, url, heard):
        async with running_township(
            tmp_path / "t", county_url=url, token="secret", county_ca=certificates.authority
        ) as town:
            await town.receive_all([ct_bytes()])
            assert await fault_of(town) is Fault.COUNTY_BUSY
        assert heard == ["Bearer secret"]


async def test_an_authority_that_is_missing_is_told_as_such(tmp_path: Path) -> None:
    async with running_township(
        tmp_path / "t", county_url="https://127.0.0.1:9", token="x", county_ca=tmp_path / "none.crt"
    ) as town:
        await town.receive_all([ct_bytes()])
        assert await fault_of(town) is Fault.CERTIFICATE


@pytest.mark.parametrize(
    "url", ["http://county.example.cn", "ftp://x", "https://u:p@x", "https://x/path", "x"]
)
def test_a_county_is_reached_over_https_alone(url: str) -> None:
    with pytest.raises(ValueError, match="county_url"):
        GatewaySettings(county_url=url)


async def test_one_object_that_always_fails_does_not_hold_up_the_others(
    county: County, tmp_path: Path
) -> None:
    async with running_township(tmp_path / "t", county_url=county.url, token=county.token) as town:
        await town.receive_all(ct_series(3))
        begin = town.gateway.county.begin
        bad: set[str] = set()

        async def refuses_one(*, size: int, sha256: str) -> str:
            bad.add(sha256 if not bad else "")
            if sha256 in bad:
                raise LineFault(Fault.COUNTY_BUSY, "500 internal")
            return await begin(size=size, sha256=sha256)

        town.gateway.county.begin = refuses_one  # type: ignore[method-assign]
        for _ in range(8):
            try:
                await town.gateway.forwarder.send_next()
            except LineFault:
                continue
        states = [row.state for row in await town.rows()]
    assert states == [OutboundState.WAITING, OutboundState.CONFIRMED, OutboundState.CONFIRMED]
