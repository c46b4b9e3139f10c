"""A pool of decoding processes that may die without harm (see `dicom.decode_worker`)."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dicom.codestream import DecodeError, DecodeFault
from dicom.render import Picture, RenderOptions
from dicom.worker_pool import PoolClosed, WorkerDied, WorkerPool
from dicom.worker_process import LENGTH


@dataclass(frozen=True, slots=True)
class NativeFrame:
    """A decoded frame.

    Parameters
    ----------
    data
        Little endian, C order.
    shape
        (rows, columns) or (rows, columns, 3).
    dtype
        NumPy code, for example ``<i2``.
    """

    data: bytes
    shape: tuple[int, ...]
    dtype: str


class DecodePool:
    """Renders frames in killable processes; an asynchronous context manager.

    Parameters
    ----------
    workers
        Processes at most; each is started when first needed.
    memory_limit_bytes
        Address space a process may take for its work.
    cpu_seconds
        CPU time a request may take. Twice that on the wall clock ends it, too.
    """

    def __init__(self, workers: int, memory_limit_bytes: int, cpu_seconds: int) -> None:
        self._pool = WorkerPool(
            "dicom.decode_worker",
            workers=workers,
            memory_limit_bytes=memory_limit_bytes,
            cpu_limit_s=cpu_seconds,
            wall_limit_s=2.0 * cpu_seconds + 5.0,
        )

    async def __aenter__(self) -> Self:
        """Return the pool itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process."""
        await self._pool.close()

    @property
    def process_ids(self) -> frozenset[int]:
        """The processes now alive, for supervision."""
        return self._pool.process_ids

    async def render(self, path: Path, frame: int, options: RenderOptions | None = None) -> Picture:
        """Render a frame of a local Part 10 file.

        Parameters
        ----------
        path
            The file.
        frame
            Index from 0.
        options
            See `dicom.render.RenderOptions`.

        Raises
        ------
        DecodeError
            ``crashed`` where the process died, ``overrun`` where it took too long or too much;
            other codes as of `dicom.render.render_frame`.
        """
        wanted = options or RenderOptions()
        head, data = await self._request(
            {
                "kind": "render",
                "path": str(path),
                "frame": frame,
                "picture_type": wanted.picture_type,
                "quality": wanted.quality,
                "window": wanted.window and (wanted.window.center, wanted.window.width),
                "viewport": wanted.viewport,
            }
        )
        return Picture(data, wanted.picture_type, int(head["width"]), int(head["height"]))

    async def native_frame(self, path: Path, frame: int) -> NativeFrame:
        """Decode a frame to its stored values; raises as `render` does."""
        head, data = await self._request({"kind": "native", "path": str(path), "frame": frame})
        return NativeFrame(data, tuple(head["shape"]), str(head["dtype"]))

    async def _request(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            answer = await self._pool.ask(json.dumps(request).encode())
        except WorkerDied as error:
            fault = DecodeFault.OVERRUN if error.out_of_time else DecodeFault.CRASHED
            raise DecodeError(fault, f"the decoder ended with {error.exit_code}") from error
        except PoolClosed as error:
            raise DecodeError(DecodeFault.CRASHED, "the decoders have been ended") from error
        except TimeoutError as error:
            raise DecodeError(DecodeFault.OVERRUN, "the decoder took too long") from error
        (length,) = LENGTH.unpack_from(answer)
        end = LENGTH.size + length
        head: dict[str, Any] = json.loads(answer[LENGTH.size : end])
        if "code" in head:
            raise DecodeError(DecodeFault(head["code"]), head["message"])
        return head, answer[end:]
