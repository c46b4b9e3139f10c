"""The patrol: a scrub without end, so slow that nobody notices it.

One cycle takes the time that the settings give it; large objects take their share of it. What was
read is written down in a file, so that a process that ends goes on there when it starts again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import timedelta
from pathlib import Path
from typing import Final

import orjson
import structlog

from server.core.clock import Clock
from server.core.errors import LianzhenError
from server.core.objects.errors import ObjectStoreError
from server.intake.scrub import Scrub, ScrubReport

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 10
_EACH_BYTES: Final = 64 * 1024
"""So much reading is the finding of an object worth."""
_REST: Final = timedelta(hours=1)
"""Between two cycles of an archive that has nothing to read, and after a store did not answer."""


class Patrol:
    """Checks one object after the other, and begins again.

    Parameters
    ----------
    path
        Of the file that says how far it is.
    cycle
        In which everything is read once; longer where reading would take more than half of it.
    afterwards
        What else is to be looked at, once a cycle.
    """

    def __init__(
        self,
        scrub: Scrub,
        *,
        path: Path,
        cycle: timedelta,
        clock: Clock,
        executor: Executor,
        afterwards: Callable[[], Awaitable[object]],
    ) -> None:
        self._scrub = scrub
        self._path = path
        self._cycle_s = cycle.total_seconds()
        self._rest_s = min(self._cycle_s, _REST.total_seconds())
        self._clock = clock
        self._executor = executor
        self._afterwards = afterwards
        self._after = ""
        self._report = ScrubReport()
        self._s_per_byte: float | None = None
        """None at the beginning of a cycle, which measures it."""

    async def run(self) -> None:
        """Go on until cancelled; what fails is tried again after a while."""
        await self._blocking(self._remember)
        while True:
            try:
                pause_s = await self._go_on()
            except Exception as error:  # noqa: BLE001 -- nothing may end it but its process
                expected = isinstance(error, LianzhenError | ObjectStoreError | OSError)
                _log.warning("the patrol waits", reason=str(error), exc_info=not expected)
                pause_s = self._rest_s
            await asyncio.sleep(pause_s)

    async def _go_on(self) -> float:
        """Check some objects, or end the cycle, and return how long to wait then, in seconds."""
        if self._s_per_byte is None:
            count, size = await self._scrub.extent()
            self._s_per_byte = self._cycle_s / max(1, size + count * _EACH_BYTES)
        read_before, began_s = _read_bytes(self._report), self._clock.monotonic_s()
        after = await self._scrub.step(self._report, self._after, most=_AT_ONCE, parallel=1)
        if after is None:
            await self._end_cycle()
            return self._rest_s
        self._after = after
        await self._blocking(self._write_down)
        share_s = (_read_bytes(self._report) - read_before) * self._s_per_byte
        return max(share_s, self._clock.monotonic_s() - began_s)

    async def _end_cycle(self) -> None:
        report = self._report
        await self._scrub.conclude(report)
        tell = _log.info if report.is_clean and not report.orphans else _log.error
        tell("the patrol has read everything once", **report.counts)
        self._after, self._report, self._s_per_byte = "", ScrubReport(), None
        await self._blocking(self._write_down)
        await self._afterwards()

    def _remember(self) -> None:
        try:
            kept = orjson.loads(self._path.read_bytes())
            self._report, self._after = ScrubReport(**kept["counts"]), str(kept["after"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the patrol begins anew", reason=str(error))

    def _write_down(self) -> None:
        # Not synced: what a power cut takes is read once more.
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps({"after": self._after, "counts": self._report.counts}))
        new.replace(self._path)

    async def _blocking(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _read_bytes(report: ScrubReport) -> int:
    seen = report.checked + report.unreadable + report.elsewhere
    return report.checked_bytes + seen * _EACH_BYTES
