"""A small WFDB reader for the development data: formats 16, 212 and 16 with a byte offset.

Enough for MIT-BIH, LUDB, PTB-XL and the CinC files; no part of the product.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SKIP, NUM, SUB, CHN, AUX = 59, 60, 61, 62, 63
BEAT_CODES = frozenset(
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41},
)  # WFDB ecgcodes.h: what isqrs() accepts
VF_ON, VF_OFF, VF_WAVE = 32, 33, 31


@dataclass(frozen=True)
class Record:
    """One WFDB record: microvolts (n_leads, n_samples), rate, lead names, header comments."""

    samples_uv: NDArray[np.float64]
    fs_hz: float
    leads: tuple[str, ...]
    comments: tuple[str, ...]


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


def _unpack_212(raw: bytes) -> NDArray[np.int16]:
    triples = np.frombuffer(raw[: len(raw) // 3 * 3], np.uint8).reshape(-1, 3).astype(np.int16)
    first = triples[:, 0] | ((triples[:, 1] & 0x0F) << 8)
    second = triples[:, 2] | ((triples[:, 1] & 0xF0) << 4)
    both = np.stack([first, second], axis=1).ravel()
    return np.where(both > 2047, both - 4096, both).astype(np.int16)


def read_record(stem: Path) -> Record:
    """Read ``stem``.hea and its one signal file."""
    lines = stem.with_name(stem.name + ".hea").read_text().splitlines()
    comments = tuple(line[1:].strip() for line in lines if line.startswith("#"))
    body = [line for line in lines if line and not line.startswith("#")]
    head = body[0].split()
    n_leads, fs_hz = int(head[1]), float(head[2].split("/")[0].split("(")[0])
    specs = [line.split() for line in body[1 : 1 + n_leads]]
    raw = stem.with_name(specs[0][0]).read_bytes()
    fmt, _, offset = specs[0][1].partition("+")
    raw = raw[int(offset or 0) :]
    match fmt:
        case "212":
            digital = _unpack_212(raw)
        case "16" | "16x1":
            digital = np.frombuffer(raw, "<i2")
        case _:
            raise ValueError(f"WFDB format {fmt} is not read here")
    digital = digital[: len(digital) // n_leads * n_leads].reshape(-1, n_leads).T
    samples = np.empty(digital.shape)
    for row, spec in enumerate(specs):
        gain_text = spec[2].split("/")[0] if len(spec) > 2 else "200"
        gain, _, base = gain_text.partition("(")
        zero = float(base.rstrip(")")) if base else float(spec[4]) if len(spec) > 4 else 0.0
        samples[row] = (digital[row] - zero) / float(gain) * 1000.0
    names = tuple(" ".join(spec[8:]) if len(spec) > 8 else f"ch{i}" for i, spec in enumerate(specs))
    return Record(samples, fs_hz, names, comments)


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
