"""The process in which images are compressed: ``python -m dicom.lossless_worker``.

A request and an answer are JSON; the copy is a file. A decoder that crashes takes nobody along.
"""

import json
from pathlib import Path

from dicom.lossless import Compression, NotCompressible, compress
from dicom.worker_process import answer_requests


def _answer(request: bytes) -> tuple[bytes]:
    wanted = json.loads(request)
    into = Path(wanted["into"])
    try:
        compress(Path(wanted["path"]), into, Compression(wanted["compression"]))
    except NotCompressible as error:
        return (json.dumps({"reason": error.reason}).encode(),)
    except MemoryError:
        return (b'{"reason": "too-large"}',)
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, RuntimeError) as error:
        # Codecs raise any of these; the object then goes as it is.
        return (json.dumps({"reason": f"failed: {type(error).__name__}"}).encode(),)
    return (b"{}",)


if __name__ == "__main__":
    answer_requests(_answer)
