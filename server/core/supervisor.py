"""Roles as child processes: started, watched, restarted when they die, stopped together.

Children are forked from a server process that has imported everything once and runs nothing
(multiprocessing's forkserver), so four roles cost one import. A child knows when its parent is
gone, however it went, and ends.
"""

import asyncio
import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.process
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

_log = structlog.get_logger(__name__)
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 15.0
_HEALTHY_AFTER_S: Final = 30.0
_KILL_AFTER_S: Final = 5.0


def warm_up(preload: Sequence[str]) -> None:
    """Start the fork server, which imports ``preload`` while its parent does other things."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
    multiprocessing.forkserver.ensure_running()


class Supervisor:
    """Runs a child for each name of a role and keeps it running until told to stop.

    ``target`` takes the role's name and must be importable; ``preload`` names the modules to import
    before forking.
    """

    def __init__(
        self,
        roles: Sequence[str],
        target: Callable[[str], None],
        *,
        preload: Sequence[str],
        grace_s: float,
    ) -> None:
        self._roles = tuple(roles)
        self._target = target
        self._grace_s = grace_s
        self._stopping = asyncio.Event()
        self._context = multiprocessing.get_context("forkserver")
        warm_up(preload)
        # The first start also starts the fork server; two at once would start two.
        self._start_turn = asyncio.Lock()

    def stop(self) -> None:
        """Ask every child to drain and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until `stop`; return when every child has ended."""
        async with asyncio.TaskGroup() as group:
            for role in self._roles:
                group.create_task(self._keep(role), name=f"supervise-{role}")

    async def _keep(self, role: str) -> None:
        loop = asyncio.get_running_loop()
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            child = self._context.Process(
                target=_run_child, args=(self._target, role), name=f"lianzhen-{role}"
            )
            async with self._start_turn:
                await asyncio.to_thread(child.start)
            started_s = loop.time()
            _log.info("started", role=role, pid=child.pid)
            await self._ended_or_stopping(child)
            if self._stopping.is_set():
                await self._end(role, child)
                return
            wait_s = _FIRST_WAIT_S if loop.time() - started_s > _HEALTHY_AFTER_S else wait_s
            _log.error("a role died; restarting it", role=role, exit=child.exitcode, wait_s=wait_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _ended_or_stopping(self, child: multiprocessing.process.BaseProcess) -> None:
        tasks = {
            asyncio.create_task(_ended(child)),
            asyncio.create_task(self._stopping.wait()),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self, role: str, child: multiprocessing.process.BaseProcess) -> None:
        if not child.is_alive():
            return
        child.terminate()
        try:
            await asyncio.wait_for(_ended(child), self._grace_s + _KILL_AFTER_S)
        except TimeoutError:
            _log.warning("a role did not end in time; killing it", role=role)
            child.kill()
            await _ended(child)


async def _ended(child: multiprocessing.process.BaseProcess) -> None:
    """Wait for a child's end; its sentinel becomes readable then."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(child.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(child.sentinel)
    child.join()


def _run_child(target: Callable[[str], None], role: str) -> None:
    # Ctrl-C in a terminal reaches every process; the parent alone acts on it, and stops all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"lianzhen-{role}")
    target(role)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM, on SIGINT, and in a child when its parent is gone."""
    loop = asyncio.get_running_loop()
    parent = multiprocessing.parent_process()
    loop.add_signal_handler(signal.SIGTERM, stop)
    if parent is None:
        loop.add_signal_handler(signal.SIGINT, stop)
        return

    def parent_gone() -> None:
        loop.remove_reader(parent.sentinel)
        stop()

    loop.add_reader(parent.sentinel, parent_gone)
