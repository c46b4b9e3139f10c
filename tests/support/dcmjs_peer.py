"""dcmjs-dimse as a peer: a device in JavaScript that asks our node and is called by it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.peers import missing, require_program

_HOME = Path(__file__).parent / "dcmjs"
_PENDING = {0xFF00, 0xFF01}
_WAIT_S = 60.0
"""How long a test waits before it gives up; nothing is measured."""


class JavaScriptDevice:
    """A running device; its AE title is JS."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._heard: list[dict[str, Any]] = []

    async def perform(self, *steps: dict[str, Any]) -> None:
        """Let it ask our node, on one association."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(steps).encode() + b"\n")
        await self._process.stdin.drain()

    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first thing it tells that is wanted."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_WAIT_S):
            while True:
                for each in self._heard:
                    if wanted(each):
                        self._heard.remove(each)
                        return each
                line = await self._process.stdout.readline()
                assert line, f"it ended; before, it told {self._heard}"
                self._heard.append(json.loads(line))

    async def answer(self, ask: str) -> int:
        """Return the status of its next request of a kind."""
        _, status = await self.answers(ask)
        return status

    async def answers(self, ask: str) -> tuple[list[dict[str, Any]], int]:
        """Return what its next request of a kind finds, and the final status."""
        found: list[dict[str, Any]] = []
        while True:
            told = await self.hears(lambda told: told.get("ask") == ask)
            if told["status"] not in _PENDING:
                return found, told["status"]
            if "found" in told:
                found.append(told["found"])


@asynccontextmanager
async def javascript_device(port: int, node_port: int) -> AsyncIterator[JavaScriptDevice]:
    """Run it, listening on ``port``."""
    program = require_program("node")
    if not (_HOME / "node_modules" / "dcmjs-dimse").is_dir():
        missing("dcmjs-dimse (make setup-dev)")
    process = await asyncio.create_subprocess_exec(
        program, _HOME / "peer.js", str(port), str(node_port),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield JavaScriptDevice(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
