"""The process in which strangers' ECGs are read: ``python -m server.ecg_records.screening_worker``.

Requests and answers are JSON.
"""

from pathlib import Path
from typing import Any

import orjson

from dicom.worker_process import answer_requests
from ecg import EcgFormatError, read, screen
from ecg.render import render
from ecg.sheet import Layout


def _answer(request: bytes) -> tuple[bytes]:
    return (orjson.dumps(_perform(orjson.loads(request))),)


def _perform(request: dict[str, Any]) -> dict[str, Any]:
    try:
        signal = read(Path(request["path"]))
        if request["kind"] == "screen":
            return {"screening": screen(signal).to_dict()}
        layout = request["layout"]
        drawn = render(
            signal,
            screen(signal) if request["findings"] else None,
            layout=Layout(layout) if layout is not None else None,
            speed_mm_s=float(request["speed_mm_s"]),
            gain_mm_mv=float(request["gain_mm_mv"]),
        )
    except EcgFormatError as error:
        return {"refused": str(error)}
    except ValueError as error:
        # A layout that this recording does not have, or a value no check of the reader foresaw.
        return {"refused": str(error)[:300]}
    except MemoryError:
        return {"refused": "reading it takes more memory than is allowed"}
    except (ArithmeticError, LookupError, TypeError, RuntimeError) as error:
        return {"refused": f"its content contradicts itself ({type(error).__name__})"}
    return {"svg": drawn}


if __name__ == "__main__":
    answer_requests(_answer)
