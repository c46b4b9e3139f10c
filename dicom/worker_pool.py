"""A pool of processes for hostile input, which may die without harm and are then replaced."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Final

from dicom.worker_process import LENGTH, PIPE_BYTES

_MOST_ANSWER_BYTES: Final = 1024 * 1024 * 1024
_MOST_DYING_S: Final = 1.0
_PACKAGE_PARENT: Final = str(Path(__file__).resolve().parent.parent)
# One request at a time; idle threads of NumPy's libraries would only take address space.
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class PoolClosed(Exception):
    """We stop; nothing is known of the request."""


class WorkerDied(Exception):
    """The process ended in the middle of a request.

    Parameters
    ----------
    exit_code
        Negative where a signal ended it.
    """

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"the process ended with {exit_code}")
        self.exit_code = exit_code

    @property
    def out_of_time(self) -> bool:
        """Whether it had used up its CPU time."""
        return self.exit_code == -signal.SIGXCPU


class WorkerPool:
    """Hands requests to processes, one each at a time; a process is started when first needed.

    Parameters
    ----------
    module
        Run with ``python -m``; it calls `dicom.worker_process.answer_requests`.
    workers
        Processes at most.
    memory_limit_bytes
        Address space a process may take for its work.
    cpu_limit_s
        CPU time a request may take.
    wall_limit_s
        Time a request may take by the clock, for what waits without working.
    """

    def __init__(
        self,
        module: str,
        *,
        workers: int,
        memory_limit_bytes: int,
        cpu_limit_s: int,
        wall_limit_s: float,
    ) -> None:
        self._command = (sys.executable, "-m", module, str(memory_limit_bytes), str(cpu_limit_s))
        self._workers = workers
        self._wall_limit_s = wall_limit_s
        self._places = asyncio.Semaphore(workers)
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._closed = False

    @property
    def process_ids(self) -> frozenset[int]:
        """The processes now alive, for supervision."""
        return frozenset(worker.pid for worker in self._all)

    async def open(self) -> None:
        """Start all processes, so that the first request need not wait for one."""
        while len(self._all) < self._workers:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End every process; who waits for one gets `PoolClosed`."""
        self._closed = True
        idle, self._idle = self._idle, []
        for worker in idle:
            await self._end(worker)
        for worker in tuple(self._all):
            # Who asked it holds its pipes, and closes them.
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()

    async def ask(self, request: bytes) -> bytes:
        """Return a process's answer.

        Raises
        ------
        WorkerDied
            If the process ended, for whatever reason; the next request gets another.
        TimeoutError
            If the answer took longer than ``wall_limit_s``.
        PoolClosed
            If the pool was closed before or meanwhile.
        """
        async with self._places:
            worker = await self._take()
            try:
                async with asyncio.timeout(self._wall_limit_s):
                    answer = await _exchange(worker, request)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                await _let_end(worker)
                await self._end(worker)
                if self._closed:
                    raise PoolClosed from error
                raise WorkerDied(worker.returncode) from error
            except BaseException:
                # Too late or cancelled: its answer would come to the next request.
                await self._end(worker)
                raise
            if self._closed:
                await self._end(worker)
            else:
                self._idle.append(worker)
            return answer

    async def _take(self) -> Process:
        if self._closed:
            raise PoolClosed
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            await self._end(worker)
        return await self._start()

    async def _start(self) -> Process:
        path = filter(None, (_PACKAGE_PARENT, os.environ.get("PYTHONPATH")))
        worker = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            limit=PIPE_BYTES,
            # What a library prints there could hold what it read.
            stderr=DEVNULL,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(path)},
            # Ctrl-C in a terminal reaches us alone, and we end it in order.
            start_new_session=True,
        )
        self._all.add(worker)
        return worker

    async def _end(self, worker: Process) -> None:
        self._all.discard(worker)
        if worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        # Reading to its end closes the pipe; `wait` alone would leave it to the collector.
        await worker.communicate()


async def _let_end(worker: Process) -> None:
    """Wait for a process whose pipe closed, to learn how it ended.

    ``kill`` polls the process first and, where it just died, takes its exit code away from asyncio,
    which then reports 255.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_MOST_DYING_S):
            await worker.wait()


async def _exchange(worker: Process, request: bytes) -> bytes:
    stdin, stdout = worker.stdin, worker.stdout
    if stdin is None or stdout is None:
        raise ConnectionError("the process has no pipes")
    stdin.write(LENGTH.pack(len(request)) + request)
    await stdin.drain()
    (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
    if length > _MOST_ANSWER_BYTES:
        raise ConnectionError("the answer is too long")
    return await stdout.readexactly(length)
