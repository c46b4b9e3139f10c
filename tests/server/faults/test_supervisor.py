"""All roles under one parent: a killed one comes back, and none outlives the parent."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tests.support.ledger import SUCCESS, Ledger, ct_slices, send
from tests.support.node_process import Site, environment_of, wait_until


@contextmanager
def served(site: Site, log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``lianzhen serve``, and leave nothing of it behind."""
    with log.open("wb") as output:
        parent = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", *arguments],
            env=os.environ | environment_of(site.values),
            stdout=output,
            stderr=output,
        )
    try:
        yield parent
    finally:
        children = started_in(log)
        parent.kill()
        parent.wait()
        for pid, _ in children:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def children_of(log: Path) -> dict[int, str]:
    """Return the roles that a parent last started, by process id, as its log tells."""
    latest = {role: pid for pid, role in started_in(log)}
    return {pid: role for role, pid in latest.items()}


def started_in(log: Path) -> list[tuple[int, str]]:
    """Return every child that a parent ever started, and its role."""
    entries = [
        orjson.loads(line) for line in log.read_bytes().splitlines() if line.startswith(b"{")
    ]
    return [(each["pid"], each["role"]) for each in entries if each.get("event") == "started"]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def receives(site: Site) -> bool:
    """Whether the node takes an object."""
    ledger = Ledger()
    return await send(site.dicom_port, ct_slices(1), ledger) and ledger.answers == {SUCCESS: 1}


async def test_a_killed_role_comes_back_and_a_stop_ends_them_all(
    embedded_site: Site, tmp_path: Path
) -> None:
    with served(embedded_site, tmp_path / "serve.log") as parent:
        await wait_until(lambda: receives(embedded_site), "the node to receive")
        before = children_of(tmp_path / "serve.log")
        assert sorted(before.values()) == ["media", "node", "web", "worker"]
        killed = next(pid for pid, role in before.items() if role == "node")
        os.kill(killed, signal.SIGKILL)
        await wait_until(lambda: receives(embedded_site), "the node to receive again")
        after = children_of(tmp_path / "serve.log")
        assert sorted(after.values()) == ["media", "node", "web", "worker"]
        assert before.keys() - after.keys() == {killed}
        parent.terminate()
        assert await asyncio.to_thread(parent.wait, 60) == 0
        assert not [pid for pid in before | after if is_running(pid)]


async def test_no_role_outlives_a_killed_parent(embedded_site: Site, tmp_path: Path) -> None:
    with served(embedded_site, tmp_path / "serve.log") as parent:
        await wait_until(lambda: receives(embedded_site), "the node to receive")
        children = children_of(tmp_path / "serve.log")
        assert len(children) == 4
        parent.kill()
        parent.wait()
        try:
            await wait_until(
                lambda: not any(map(is_running, children)), "the children to end with their parent"
            )
        finally:
            for pid in filter(is_running, children):
                os.kill(pid, signal.SIGKILL)
