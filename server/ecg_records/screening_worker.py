"""The process in which strangers' ECGs are read: ``python -m server.ecg_records.screening_worker``.

Requests and answers are JSON.
"""

from pathlib import Path
from typing import Any

import orjson
import scipy.ndimage
import scipy.signal  # noqa: F401 -- scipy loads its parts late: here, before the first ECG

from dicom.worker_process import answer_requests
from ecg import EcgFormatError, EcgSignal, Screening, read, screen
from ecg.critical import CriticalValues
from ecg.display import DisplayFilter
from ecg.formats.dicom_writer import write_dicom
from ecg.formats.sniff import MAX_BYTES, reader_of
from ecg.render import render
from ecg.serial import compare
from ecg.sheet import Layout
from server.ecg_records.waveform import median_beat, packed


def _answer(request: bytes) -> tuple[bytes]:
    return (orjson.dumps(_perform(orjson.loads(request))),)


def _perform(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    try:
        if request["kind"] == "convert":
            return _converted(path, Path(request["into"]))
        return _done(request, read(path, beside=False))
    except EcgFormatError as error:
        return {"refused": str(error), "fault": error.fault}
    except ValueError as error:
        # A layout or a second that this recording lacks, or a value no check of the reader foresaw.
        return {"refused": str(error)[:300]}
    except MemoryError:
        return {"refused": "reading it takes more memory than is allowed"}
    except (ArithmeticError, LookupError, TypeError, RuntimeError) as error:
        return {"refused": f"its content contradicts itself ({type(error).__name__})"}


def _done(request: dict[str, Any], signal: EcgSignal) -> dict[str, Any]:
    if request["kind"] == "screen":
        return {"screening": _screened(request, signal).to_dict()}
    if request["kind"] == "waveform":
        return {"waveform": packed(signal, float(request["start_s"]))}
    if request["kind"] == "compare":
        previous = _screened(request, read(Path(request["previous_path"])))
        # The archive knows that both are of one patient; institutions' own ids may differ.
        found = compare(previous, _screened(request, signal), matched=True)
        return {"comparison": found.to_dict(), "median": median_beat(previous)}
    layout = request["layout"]
    drawn = render(
        signal,
        _screened(request, signal) if request["findings"] else None,
        layout=Layout(layout) if layout is not None else None,
        speed_mm_s=float(request["speed_mm_s"]),
        gain_mm_mv=float(request["gain_mm_mv"]),
        start_s=float(request["start_s"]),
        heading=bool(request["heading"]),
        display_filter=DisplayFilter(request["display_filter"]),
    )
    return {"svg": drawn}


def _converted(path: Path, into: Path) -> dict[str, Any]:
    content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    try:
        reader = reader_of(content)
    except EcgFormatError:
        return {"format": None}
    twin = write_dicom(reader.read(content), content)
    try:
        into.write_bytes(twin)
    except OSError:
        return {"unwritten": True}
    return {"format": reader.format}


def _screened(request: dict[str, Any], signal: EcgSignal) -> Screening:
    return screen(signal, CriticalValues(**request["critical"]))


if __name__ == "__main__":
    answer_requests(_answer)
