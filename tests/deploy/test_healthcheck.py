"""The health check says alive of what answers, and of nothing else."""

import asyncio
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.ports import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


async def check(*arguments: str) -> int:
    """Return the exit code of the script."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, problems = await process.communicate()
    assert problems == b""
    code = process.returncode
    assert code is not None
    return code


@pytest.mark.parametrize(("status", "code"), [(200, 0), (404, 1), (503, 1)])
async def test_http_is_alive_when_it_answers_200(status: int, code: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    application = web.Application()
    application.router.add_get("/healthz", answer)
    async with TestServer(application) as server:
        assert await check("http", str(server.port), "/healthz") == code
        assert await check("tcp", str(server.port)) == 0


@pytest.mark.parametrize("arguments", [["http", "PORT", "/healthz"], ["tcp", "PORT"]])
async def test_a_port_nobody_listens_on_is_dead(arguments: list[str]) -> None:
    port = str(free_port())
    assert await check(*(port if argument == "PORT" else argument for argument in arguments)) == 1


@pytest.mark.parametrize("arguments", [[], ["udp", "1"], ["http", "1"]])
async def test_wrong_usage_is_not_taken_for_dead(arguments: list[str]) -> None:
    assert await check(*arguments) == 2
