"""Local files, read in blocks beside the loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import pytest

from server.core.errors import Unavailable
from server.core.file_blocks import file_blocks, opened
from server.core.objects.port import BLOCK_BYTES


async def read(path: Path, **part: Any) -> list[bytes]:
    with ThreadPoolExecutor(1) as executor:
        return [block async for block in file_blocks(path, executor, **part)]


async def test_a_file_comes_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = bytes(range(256)) * (BLOCK_BYTES // 128)
    path.write_bytes(content)
    blocks = await read(path)
    assert [len(block) for block in blocks] == [BLOCK_BYTES, BLOCK_BYTES]
    assert b"".join(blocks) == content
    assert await read(path, start=3, length=5) == [content[3:8]]
    assert await read(path, start=len(content)) == []
    assert await read(path, length=0) == []


async def test_less_than_was_asked_for_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123")
    with pytest.raises(Unavailable, match="shorter"):
        await read(path, start=1, length=3)


async def test_what_is_open_too_late_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123")
    made: list[BinaryIO] = []
    begun, may_go_on = Event(), Event()

    def slowly(path: Path, mode: str) -> BinaryIO:
        begun.set()
        assert may_go_on.wait(20)
        made.append(path.open("rb"))
        return made[0]

    monkeypatch.setattr("server.core.file_blocks._open", slowly)
    with ThreadPoolExecutor(2) as executor:

        async def enter() -> None:
            async with opened(path, executor):
                raise AssertionError("nobody waits any more")

        entering = asyncio.create_task(enter())
        await asyncio.get_running_loop().run_in_executor(executor, begun.wait)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        may_go_on.set()
    while not made or not made[0].closed:  # noqa: ASYNC110 -- told by a thread
        await asyncio.sleep(0.01)
