"""A put that kills its own process right before one system call: run by test_file_store."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server.core import durable
from server.core.objects.file_store import FileStore
from tests.server.core.objects.bodies import put

DATA = bytes(range(256)) * 5000


def kill_before(call: str) -> None:
    """Replace a call the file store makes by SIGKILL."""

    def killed(*_args: object, **_kwargs: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    targets: dict[str, tuple[object, str]] = {
        "write": (os, "write"),
        "fsync": (os, "fsync"),
        "link": (os, "link"),
        "sync_directory": (durable, "sync_directory"),
        "unlink": (Path, "unlink"),
    }
    owner, name = targets[call]
    setattr(owner, name, killed)


async def put_and_die(root: Path, key: str, arm: Callable[[], None]) -> None:
    """Put with everything in order but the armed call; directories are synced before arming."""
    with ThreadPoolExecutor(1) as executor:
        store = FileStore(root, executor=executor)
        await store.open()
        await put(store, f"{key}-before", b"so that the directories are there")
        arm()
        await put(store, key, DATA)


if __name__ == "__main__":
    asyncio.run(put_and_die(Path(sys.argv[1]), sys.argv[2], lambda: kill_before(sys.argv[3])))
