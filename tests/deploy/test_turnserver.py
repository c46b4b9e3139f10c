"""coturn's own configuration, run by the real turnserver: who gets in, and where a relay may go."""

import asyncio
import base64
import hashlib
import hmac
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path

import pytest

from tests.support.peers import require_program
from tests.support.ports import free_port

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "turnserver.conf"
SECRET = "sentinel0turn"
MEDIA_ADDRESS = "172.30.238.10"


@pytest.fixture
async def turn_port(tmp_path: Path) -> AsyncIterator[int]:
    turnserver = require_program("turnserver")
    stunclient = require_program("turnutils_stunclient")
    port = free_port()
    text = CONFIGURATION.read_text("utf-8")
    for production, here in {
        "listening-port=3478": f"listening-port={port}\nlistening-ip=127.0.0.1",
        "pidfile=": f"pidfile={tmp_path}",
    }.items():
        assert production in text
        text = text.replace(production, here)
    (tmp_path / "turnserver.conf").write_text(text, "utf-8")
    process = await asyncio.create_subprocess_exec(
        turnserver,
        "-c",
        tmp_path / "turnserver.conf",
        "--realm=lianzhen.example.cn",
        f"--static-auth-secret={SECRET}",
        f"--db={tmp_path / 'turn.db'}",
        cwd=tmp_path,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        # Asked before the server listens, the client waits for ever.
        ask = ("timeout", "1", str(stunclient), "-p", str(port), "127.0.0.1")
        while "reflexive addr" not in await _output(*ask):
            assert process.returncode is None, "turnserver refused its configuration"
            await asyncio.sleep(0.1)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def test_a_relay_reaches_the_media_role_and_nothing_else(turn_port: int) -> None:
    assert await relay(turn_port, MEDIA_ADDRESS, expires_in_s=60) is Answer.RELAYS
    for elsewhere in ("172.30.238.11", "10.1.2.3", "8.8.8.8", "169.254.169.254"):
        assert await relay(turn_port, elsewhere, expires_in_s=60) is Answer.PEER_FORBIDDEN


async def test_expired_and_forged_credentials_are_refused(turn_port: int) -> None:
    assert await relay(turn_port, MEDIA_ADDRESS, expires_in_s=-60) is Answer.REFUSED
    forged = await relay(turn_port, MEDIA_ADDRESS, expires_in_s=60, secret="guess")
    assert forged is Answer.REFUSED


class Answer(StrEnum):
    """What coturn's own client says became of its request."""

    RELAYS = "channel bind sent"
    PEER_FORBIDDEN = "error 403"
    REFUSED = "Cannot complete Allocation"


async def relay(port: int, peer: str, *, expires_in_s: int, secret: str = SECRET) -> Answer:
    """Allocate a relay as a browser would, and bind a channel to the peer."""
    uclient = require_program("turnutils_uclient")
    user = f"{int(time.time()) + expires_in_s}:doctor"
    digest = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
    password = base64.b64encode(digest).decode("ascii")
    said = await _output(
        *("timeout", "3", str(uclient), "-u", user, "-w", password, "-e", peer, "-r", "9"),
        *("-p", str(port), "-n", "1", "-m", "1", "-c", "-v", "127.0.0.1"),
    )
    for answer in (Answer.REFUSED, Answer.PEER_FORBIDDEN, Answer.RELAYS):
        if answer in said:
            return answer
    raise AssertionError(said)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    return output.decode("utf-8", "replace")


def test_no_tcp_connection_is_relayed() -> None:
    assert "no-tcp-relay" in CONFIGURATION.read_text("utf-8").splitlines()
