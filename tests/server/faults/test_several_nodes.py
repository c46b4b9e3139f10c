"""Several node processes behind one port: a study whose slices come to both is one, and whole."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.server.faults.test_supervisor import is_running, served, started_in
from tests.support.ledger import SUCCESS, Ledger, Sender, check, ct_slices, is_drained
from tests.support.node_process import Site, found_site, wait_until

_SENDERS = 8


async def test_a_study_that_comes_to_two_processes_is_whole_even_when_one_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    site = await found_site(tmp_path / "data", database_url, dicom={"processes": 2})
    log = tmp_path / "serve.log"
    with served(site, log, "--role", "node") as parent:
        await wait_until(lambda: _ready(log) == 2, "two processes to serve")
        (killed, _), (other, _) = started_in(log)
        ledger, slices = Ledger(), ct_slices(120)
        senders = [
            Sender(site.dicom_port, slices[seed::_SENDERS], ledger, seed)
            for seed in range(_SENDERS)
        ]
        await wait_until(
            lambda: all(_is_connected(pid, site) for pid in (killed, other)), "both to be called"
        )
        await wait_until(lambda: ledger.answers[SUCCESS] >= 20, "both to receive")
        os.kill(killed, signal.SIGKILL)
        await asyncio.gather(*(each.finish() for each in senders))
        await wait_until(lambda: _ready(log) == 3, "the killed one to come back")
        assert is_running(other)
        assert ledger.kept == {each.uid for each in slices}
        await wait_until(lambda: is_drained(site), "everything to be drained")
        await check(site, ledger)
        parent.terminate()
        assert await asyncio.to_thread(parent.wait, 60) == 0
        assert not [pid for pid, _ in started_in(log) if is_running(pid)]


def _ready(log: Path) -> int:
    """Return how many processes have ever been ready."""
    return log.read_bytes().count(b'"event": "ready"')


def _is_connected(pid: int, site: Site) -> bool:
    """Whether a process has a connection that came in at the node's port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port, established = f":{site.dicom_port:04X}", "01"
    came_in = {row[9] for row in rows if row[1].endswith(port) and row[3] == established}
    return not came_in.isdisjoint(_sockets(pid))


def _sockets(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield descriptor.readlink().name.removeprefix("socket:[").rstrip("]")
        except FileNotFoundError:
            continue
