"""WFDB records by the product's reader; MIT-format annotations, which the product never needs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg import EcgSignal, read

SKIP, NUM, SUB, CHN, AUX = 59, 60, 61, 62, 63
BEAT_CODES = frozenset(
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41},
)  # WFDB ecgcodes.h: what isqrs() accepts
VF_ON, VF_OFF, VF_WAVE = 32, 33, 31


@dataclass(frozen=True)
class Annotations:
    """One annotation file: sample indices, WFDB codes, sub types and auxiliary notes."""

    sample: NDArray[np.int64]
    code: NDArray[np.int64]
    number: NDArray[np.int64]
    aux: tuple[str, ...]

    def beats(self) -> NDArray[np.int64]:
        """Return the samples of all beat annotations."""
        return self.sample[np.isin(self.code, list(BEAT_CODES))]


def read_record(stem: Path) -> EcgSignal:
    """Read ``stem``.hea and its signal files, by the product's own reader."""
    return read(stem.with_name(stem.name + ".hea"))


def read_annotations(path: Path) -> Annotations:
    """Read one MIT-format annotation file."""
    words = np.frombuffer(path.read_bytes(), "<u2").astype(np.int64).tolist()
    sample: list[int] = []
    code: list[int] = []
    number: list[int] = []
    aux: list[str] = []
    at, now = 0, 0
    while at < len(words) and words[at] != 0:
        kind, delta = words[at] >> 10, words[at] & 0x3FF
        at += 1
        match kind:
            case 59:
                step = (words[at] << 16) | words[at + 1]
                now += step - (1 << 32) if step >= 1 << 31 else step
                at += 2
            case 60:
                number[-1] = delta - 1024 if delta > 511 else delta
            case 61 | 62:
                pass
            case 63:
                chunk = np.array(words[at : at + (delta + 1) // 2], "<u2").tobytes()[:delta]
                aux[-1] = chunk.rstrip(b"\0").decode("latin-1")
                at += (delta + 1) // 2
            case _:
                now += delta
                sample.append(now)
                code.append(kind)
                number.append(0)
                aux.append("")
    return Annotations(
        np.array(sample, np.int64), np.array(code, np.int64), np.array(number, np.int64), tuple(aux)
    )
