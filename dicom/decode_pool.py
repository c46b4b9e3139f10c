"""A pool of decoding processes that may die without harm (see `dicom.decode_worker`)."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dicom.codestream import DecodeError, DecodeFault
from dicom.encapsulated import Document
from dicom.frames import ByteRange
from dicom.page_words import Language
from dicom.render import Picture, RenderOptions
from dicom.worker_pool import PoolClosed, WorkerDied, WorkerPool
from dicom.worker_process import LENGTH

_SLICE_OF_LIMIT: Final = 0.1
"""Long work stops after such a part of a request's CPU time, and others get their turn."""
_MOST_SLICES: Final = 1000


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
        self._slice_s = _SLICE_OF_LIMIT * cpu_seconds

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
                "window": wanted.window and astuple(wanted.window),
                "viewport": wanted.viewport,
                "region": wanted.region and astuple(wanted.region),
            }
        )
        width, height = int(head["width"]), int(head["height"])
        return Picture(data, wanted.picture_type, width, height, head["shown_ms"])

    async def native_frame(self, path: Path, frame: int) -> NativeFrame:
        """Decode a frame to its stored values; raises as `render` does."""
        head, data = await self._request({"kind": "native", "path": str(path), "frame": frame})
        return NativeFrame(data, tuple(head["shape"]), str(head["dtype"]))

    async def page(self, path: Path, language: Language, base: str) -> bytes:
        """Write a structured report or an encapsulated document as a page (see `dicom.page`).

        Parameters
        ----------
        path
            The file.
        language
            Of the page's own words.
        base
            Address of the DICOMweb service, for links to what the report refers to.

        Raises
        ------
        DecodeError
            As `render` does; ``unsupported`` for any other object.
        """
        wanted = {"kind": "page", "path": str(path), "language": language, "base": base}
        return (await self._request(wanted))[1]

    async def document(self, path: Path) -> Document:
        """Find the document that an object wraps (see `dicom.encapsulated`); raises as `page`."""
        head, _ = await self._request({"kind": "document", "path": str(path)})
        return Document(head["media_type"], ByteRange(*head["place"]))

    async def transcode(self, path: Path, target: str, into: Path) -> None:
        """Write a file in another transfer syntax (see `dicom.transcode.transcode`).

        Raises
        ------
        DecodeError
            As `render` does; ``overrun``, too, where it would go on without end.
        """
        frame: int | None = 0
        for _ in range(_MOST_SLICES):
            frame, _ = await self._work_on("transcode", path, target, into, frame=frame)
            if frame is None:
                return
        raise DecodeError(DecodeFault.OVERRUN, "the object takes too long")

    async def transcode_frames(
        self, path: Path, target: str, into: Path, frames: Sequence[int]
    ) -> list[int]:
        """Append frames in another encoding to a file; return their lengths in bytes.

        Raises as `transcode` does; ``frames`` are indices from 0.
        """
        lengths: list[int] = []
        for _ in range(_MOST_SLICES):
            left = list(frames[len(lengths) :])
            _, written = await self._work_on("transcode-frames", path, target, into, frames=left)
            lengths.extend(written)
            if len(lengths) == len(frames):
                return lengths
        raise DecodeError(DecodeFault.OVERRUN, "the frames take too long")

    async def _work_on(
        self, kind: str, path: Path, target: str, into: Path, **more: object
    ) -> tuple[int | None, list[int]]:
        request = {"kind": kind, "path": str(path), "target": target, "into": str(into), **more}
        head, _ = await self._request({**request, "slice_s": self._slice_s})
        return head["next_frame"], head["lengths"]

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
