"""ICE servers: ours or none, with credentials that coturn itself believes."""

import asyncio
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiortc import RTCIceServer
from pydantic import SecretStr, ValidationError

from server.consults.aiortc_engine import AiortcEngine
from server.consults.engine import Kind
from server.consults.ice import IceServer, IceServers
from server.core.clock import SystemClock
from server.core.settings import RtcSettings
from tests.server.consults.peers import Peer
from tests.support.fakes import ManualClock
from tests.support.peers import require_program
from tests.support.ports import free_port

SECRET = "sentinel0turn"


def servers(*urls: str, ttl_s: int = 600) -> RtcSettings:
    return RtcSettings(turn_urls=urls, turn_secret=SecretStr(SECRET), turn_ttl_s=ttl_s)


def test_without_settings_there_is_no_server_at_all(clock: ManualClock) -> None:
    assert IceServers(RtcSettings(), clock).for_person("p1") == []


def test_a_credential_names_its_end_and_its_person(clock: ManualClock) -> None:
    (server,) = IceServers(servers("turn:t.cn:3478", ttl_s=300), clock).for_person("p1")
    assert server.username == f"{int(clock.now().timestamp()) + 300}:p1"
    assert server.urls == ["turn:t.cn:3478"]
    (later,) = IceServers(servers("turn:t.cn:3478"), clock).for_person("p1")
    assert later.credential != server.credential


@pytest.mark.parametrize(
    "settings",
    [
        {"turn_urls": ["turn:t.cn"]},
        {"turn_secret": SECRET},
        {"turn_urls": ["stun:stun.example.com"], "turn_secret": SECRET},
        {"turn_urls": ["https://t.cn"], "turn_secret": SECRET},
        {"turn_urls": ["turn:t.cn"], "turn_secret": SECRET, "turn_ttl_s": 601},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RtcSettings.model_validate(settings)


@pytest.fixture
async def turn_port(tmp_path: Path) -> AsyncIterator[int]:
    """A coturn that believes us, and relays to whoever is on this machine."""
    turnserver = require_program("turnserver")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        turnserver,
        "-n",
        "--use-auth-secret",
        f"--static-auth-secret={SECRET}",
        "--realm=lianzhen.example.cn",
        f"--listening-port={port}",
        "--listening-ip=127.0.0.1",
        "--relay-ip=127.0.0.1",
        "--allow-loopback-peers",
        "--no-cli",
        "--no-tls",
        "--no-dtls",
        f"--db={tmp_path / 'turn.db'}",
        f"--pidfile={tmp_path / 'turn.pid'}",
        cwd=tmp_path,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                assert process.returncode is None, "turnserver did not start"
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield port
    finally:
        process.terminate()
        await process.wait()


def relay(server: IceServer) -> RTCIceServer:
    return RTCIceServer(urls=server.urls, username=server.username, credential=server.credential)


@pytest.mark.peer("turnserver")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_who_cannot_reach_us_is_seen_through_the_relay(
    turn_port: int, transport: str
) -> None:
    url = f"turn:127.0.0.1:{turn_port}?transport={transport}"
    (server,) = IceServers(servers(url), SystemClock()).for_person("p1")
    engine = AiortcEngine(SystemClock())
    far, near = Peer(brightness=60, relay=relay(server)), Peer(slots=1)
    for name, peer in {"far": far, "near": near}.items():
        connected = await engine.connect(name, await peer.offer(), lambda: None)
        await peer.accept(connected.answer_sdp)
    await far.connected()
    video = next(slot.mid for slot in connected.slots if slot.kind is Kind.VIDEO)
    engine.attach("near", video, "far")
    await near.is_shown(video, 60)
    for peer in (far, near):
        await peer.close()
    await engine.close()


@pytest.mark.peer("turnserver")
async def test_a_credential_that_has_expired_gets_no_relay(turn_port: int) -> None:
    clock = ManualClock()
    clock.advance(time.time() - clock.now().timestamp() - 700)
    (server,) = IceServers(servers(f"turn:127.0.0.1:{turn_port}"), clock).for_person("p1")
    peer = Peer(brightness=60, relay=relay(server))
    offer = await peer.offer()
    assert "typ relay" not in offer
    await peer.close()
