"""Compressed copies of what waits, made and checked in a process that may die."""

import json
from pathlib import Path
from typing import Final

from dicom.lossless import Compression
from dicom.worker_pool import WorkerDied, WorkerPool

_CPU_LIMIT_S: Final = 600
"""A multi-frame object is compressed, decoded and compared in one go."""


class Compressor:
    """Makes lossless copies, one at a time."""

    def __init__(self, compression: Compression, *, memory_limit_bytes: int) -> None:
        self.compression = compression
        self._pool = WorkerPool(
            "dicom.lossless_worker",
            workers=1,
            memory_limit_bytes=memory_limit_bytes,
            cpu_limit_s=_CPU_LIMIT_S,
            wall_limit_s=4.0 * _CPU_LIMIT_S,
        )

    async def close(self) -> None:
        """End the process."""
        await self._pool.close()

    async def compress(self, path: Path, into: Path) -> str | None:
        """Write the checked copy; return why there is none, in a stable word."""
        wanted = {"path": str(path), "into": str(into), "compression": self.compression}
        try:
            answer = json.loads(await self._pool.ask(json.dumps(wanted).encode()))
        except WorkerDied:
            return "crashed"
        except TimeoutError:
            return "overrun"
        reason: str | None = answer.get("reason")
        return reason
