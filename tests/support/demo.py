"""The demonstration as a child process, and what its visitors do."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest

from tests.support.peers import require_program
from tests.support.ports import free_port


@dataclass
class Demo:
    """A running demonstration."""

    process: asyncio.subprocess.Process
    data_dir: Path
    http: str
    dicom_port: int
    media_port: int

    def logins(self) -> dict[str, str]:
        """Return the password of each of its people."""
        found: dict[str, str] = json.loads((self.data_dir / "demo-logins.json").read_text())
        return found

    def bearer(self, login: str) -> dict[str, str]:
        """Return the header that speaks for one of its people."""
        tokens = json.loads((self.data_dir / "demo-tokens.json").read_text())
        return {"Authorization": f"Bearer {tokens[login]}"}

    async def get(self, login: str, path: str) -> tuple[int, str, bytes]:
        """Return status, media type and body."""
        async with (
            aiohttp.ClientSession(headers=self.bearer(login)) as session,
            session.get(self.http + path) as response,
        ):
            return response.status, response.content_type, await response.read()

    async def items(self, login: str, path: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        status, _, body = await self.get(login, path)
        assert status == 200, body
        found: list[dict[str, Any]] = json.loads(body)["items"]
        return found


@asynccontextmanager
async def running_demo(
    data_dir: Path,
    *,
    end_with: signal.Signals = signal.SIGINT,
    lan_host: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Demo]:
    """Run ``lianzhen demo`` as a child until it says that it is ready."""
    http_port, media_port, dicom_port = free_port(), free_port(), free_port()
    environment = os.environ | {
        "LIANZHEN_DATA_DIR": str(data_dir),
        "LIANZHEN_HTTP__PORT": str(http_port),
        "LIANZHEN_HTTP__MEDIA_PORT": str(media_port),
        "LIANZHEN_HTTP__WORKER_PORT": "0",
        "LIANZHEN_DICOM__PORT": str(dicom_port),
        "LIANZHEN_SPOOL__MIN_FREE_BYTES": "1",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    options = ["--host", lan_host] if lan_host else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "demo", *options,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(120):
            while not said or "Ctrl-C" not in said[-1]:
                line = await process.stdout.readline()
                assert line, "the demonstration ended:\n" + "".join(said)
                said.append(line.decode())
        reader = asyncio.create_task(process.stdout.read())
        address = f"https://{lan_host}" if lan_host else "http://127.0.0.1"
        yield Demo(process, data_dir, f"{address}:{http_port}", dicom_port, media_port)
        if end_with is signal.SIGKILL:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.send_signal(end_with)
        assert await asyncio.wait_for(process.wait(), 60) == (
            -signal.SIGKILL if end_with is signal.SIGKILL else 0
        )
        await reader
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def storescu(demo: Demo, *files: Path) -> None:
    """Send files with DCMTK as the township's device."""
    subprocess.run(
        [
            require_program("storescu"), "-aet", "TOWNSHIP1", "-aec", "LIANZHEN",
            "127.0.0.1", str(demo.dicom_port), *files,
        ],
        check=True, timeout=60,
    )  # fmt: skip


async def until(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until ``check`` holds."""
    for _ in range(300):
        if await check():
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{what} did not happen within 30 s")
