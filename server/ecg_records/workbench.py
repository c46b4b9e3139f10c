"""A few processes that read, screen and draw ECGs for us, replaced when one dies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from dicom.worker_pool import PoolClosed, WorkerDied, WorkerPool
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.display import DisplayFilter
from ecg.formats import Fault
from ecg.sheet import Layout
from server.core.errors import InvalidInput, Unavailable

_MODULE: Final = "server.ecg_records.screening_worker"
# A worker may have been killed for no fault of the recording; the same recording twice is one.
_TRIES: Final = 2


class UnreadableEcg(InvalidInput):
    """The recording is damaged or hostile, in one line for people, without the patient."""

    default_code = "unreadable-ecg"

    def __init__(self, detail: str, fault: Fault = Fault.UNREADABLE) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True)
class WorkLimits:
    """What one recording may cost; CPU is the smaller bound, the wall clock the last resort."""

    memory_bytes: int
    cpu_s: int
    wall_s: float


@dataclass(frozen=True)
class PaperStyle:
    """How to draw."""

    layout: Layout | None = None
    """None for what suits the leads."""
    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0
    start_s: float = 0.0
    """First second drawn."""
    display_filter: DisplayFilter = DisplayFilter.NONE
    heading: bool = True
    """Whether the patient stands above the paper; a report has its own heading."""


class EcgWorkbench:
    """Hands recordings to worker processes, one each at a time."""

    def __init__(
        self,
        *,
        workers: int,
        limits: WorkLimits,
        critical: CriticalValues = DEFAULT_CRITICAL_VALUES,
    ) -> None:
        self._critical = critical.to_dict()
        self._pool = WorkerPool(
            _MODULE,
            workers=workers,
            memory_limit_bytes=limits.memory_bytes,
            cpu_limit_s=limits.cpu_s,
            wall_limit_s=limits.wall_s,
        )

    async def screen(self, path: Path) -> dict[str, Any]:
        """Read and screen a file; return the JSON object of ``ecg screen --json``.

        Raises
        ------
        UnreadableEcg
            If it is damaged, or takes more than the limits allow.
        """
        answer = await self._ask({"kind": "screen", "path": str(path), "critical": self._critical})
        screening: dict[str, Any] = answer["screening"]
        return screening

    async def paper(self, path: Path, style: PaperStyle, *, findings: bool) -> str:
        """Draw a file on millimetre paper as SVG, with or without the machine's findings.

        Raises
        ------
        UnreadableEcg
            As `screen`, or if the recording lacks the leads of the layout or the second.
        """
        answer = await self._ask(
            {
                "kind": "paper",
                "path": str(path),
                "layout": style.layout,
                "speed_mm_s": style.speed_mm_s,
                "gain_mm_mv": style.gain_mm_mv,
                "start_s": style.start_s,
                "display_filter": style.display_filter,
                "heading": style.heading,
                "findings": findings,
                "critical": self._critical,
            }
        )
        svg: str = answer["svg"]
        return svg

    async def waveform(self, path: Path, *, start_s: float) -> dict[str, Any]:
        """Return a minute of a file's samples (`server.ecg_records.waveform.packed`).

        Raises
        ------
        UnreadableEcg
            As `screen`, or if the recording ends before ``start_s``.
        """
        answer = await self._ask({"kind": "waveform", "path": str(path), "start_s": start_s})
        waveform: dict[str, Any] = answer["waveform"]
        return waveform

    async def convert(self, path: Path, into: Path) -> str | None:
        """Write the DICOM twin of an ECG file to ``into``; return the file's format.

        None where it is of no format that is known.

        Raises
        ------
        UnreadableEcg
            As `screen`, or if no DICOM object holds such an ECG.
        Unavailable
            If the twin cannot be written.
        """
        answer = await self._ask({"kind": "convert", "path": str(path), "into": str(into)})
        if "unwritten" in answer:
            raise Unavailable("the server's disk failed; send again later", code="disk-failed")
        found: str | None = answer["format"]
        return found

    async def compare(self, previous: Path, current: Path) -> dict[str, Any]:
        """Compare two files of one patient; return the comparison and the previous median beat.

        Raises
        ------
        UnreadableEcg
            As `screen`, for either.
        """
        return await self._ask(
            {
                "kind": "compare",
                "path": str(current),
                "previous_path": str(previous),
                "critical": self._critical,
            }
        )

    async def open(self) -> None:
        """Start the workers, so that the first recording need not wait for one."""
        await self._pool.open()

    async def close(self) -> None:
        """End every worker; who waits for one hears that we stop."""
        await self._pool.close()

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_TRIES):
            try:
                answer: dict[str, Any] = orjson.loads(await self._pool.ask(orjson.dumps(request)))
            except TimeoutError:
                raise UnreadableEcg("reading it takes longer than is allowed") from None
            except PoolClosed:
                # Nothing is known of the recording.
                raise Unavailable("the server is stopping; try again", code="stopping") from None
            except WorkerDied:
                continue
            refused = answer.get("refused")
            if refused is not None:
                raise UnreadableEcg(str(refused), Fault(answer.get("fault", Fault.UNREADABLE)))
            return answer
        raise UnreadableEcg("reading it takes more than is allowed")
