"""WFDB signal files: every storage format of signal(5) of the WFDB Applications Guide.

`unpack` turns bytes into steps; what a format uses to say "not recorded" is in `INVALID`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError
from ecg.formats.flac import decode_flac

Steps = NDArray[np.int64]

FLAC_BITS: Final = {508: 8, 516: 16, 524: 24}
INVALID: Final = {
    16: -(1 << 15),
    24: -(1 << 23),
    32: -(1 << 31),
    61: -(1 << 15),
    80: -(1 << 7),
    160: -(1 << 15),
    212: -(1 << 11),
    310: -(1 << 9),
    311: -(1 << 9),
    508: -(1 << 7),
    516: -(1 << 15),
    524: -(1 << 23),
}
# Bytes that hold 1, 2, 3 ... samples of a packed group; the last is the whole group.
_GROUPS: Final = {
    8: (1,),
    16: (2,),
    24: (3,),
    32: (4,),
    61: (2,),
    80: (1,),
    160: (2,),
    212: (2, 3),
    310: (2, 4, 4),
    311: (2, 3, 4),
}
PACKED: Final = frozenset(_GROUPS)


def bytes_of(code: int, count: int) -> int:
    """Return the bytes that ``count`` samples take in a format of `PACKED`."""
    group = _GROUPS[code]
    whole, rest = divmod(count, len(group))
    return whole * group[-1] + (group[rest - 1] if rest else 0)


def samples_in(code: int, n_bytes: int) -> int:
    """Return the samples that ``n_bytes`` hold at most in a format of `PACKED`."""
    group = _GROUPS[code]
    whole, rest = divmod(n_bytes, group[-1])
    return whole * len(group) + sum(1 for size in group[:-1] if size <= rest)


def _sign(values: Steps, bits: int) -> Steps:
    """Read the low ``bits`` of each value as two's complement."""
    half = 1 << (bits - 1)
    return ((values & ((1 << bits) - 1)) ^ half) - half


def _groups(raw: bytes, size: int) -> NDArray[np.int64]:
    """Return the bytes in rows of ``size``, the last filled up with zeros."""
    padded = raw + bytes(-len(raw) % size)
    return np.frombuffer(padded, np.uint8).reshape(-1, size).astype(np.int64)


def _unpack_24(raw: bytes) -> Steps:
    return _sign(_groups(raw, 3) @ np.array([1, 1 << 8, 1 << 16]), 24)


def _unpack_212(raw: bytes) -> Steps:
    rows = _groups(raw, 3)
    first = rows[:, 0] | (rows[:, 1] & 0x0F) << 8
    second = rows[:, 2] | (rows[:, 1] & 0xF0) << 4
    return _sign(np.stack([first, second], axis=1).ravel(), 12)


def _unpack_310(raw: bytes) -> Steps:
    rows = _groups(raw, 4)
    low, high = rows[:, 0] | rows[:, 1] << 8, rows[:, 2] | rows[:, 3] << 8
    third = low >> 11 | (high >> 11) << 5
    return _sign(np.stack([low >> 1, high >> 1, third], axis=1).ravel(), 10)


def _unpack_311(raw: bytes) -> Steps:
    word = _groups(raw, 4) @ np.array([1, 1 << 8, 1 << 16, 1 << 24])
    return _sign(np.stack([word, word >> 10, word >> 20], axis=1).ravel(), 10)


# Whole bytes: NumPy's type, and what it stores for 0.
_PLAIN: Final = {
    8: ("i1", 0),
    16: ("<i2", 0),
    32: ("<i4", 0),
    61: (">i2", 0),
    80: ("u1", 1 << 7),
    160: ("<u2", 1 << 15),
}
_BITS: Final = {24: _unpack_24, 212: _unpack_212, 310: _unpack_310, 311: _unpack_311}


def unpack(raw: bytes, code: int, count: int) -> Steps:
    """Return the first ``count`` samples of a signal file, channels interleaved, as int64.

    Format 8 yields the differences as they stand.

    Raises
    ------
    EcgFormatError
        If the format is unknown, or the bytes hold fewer samples.
    """
    if code not in PACKED:
        raise EcgFormatError(f"WFDB: storage format {code} is not known")
    wanted = bytes_of(code, count)
    if len(raw) < wanted:
        raise EcgFormatError(
            f"WFDB: the signal file ends after {samples_in(code, len(raw))} of {count} samples"
        )
    if code in _BITS:
        return _BITS[code](raw[:wanted])[:count]
    kind, zero = _PLAIN[code]
    return np.frombuffer(raw[:wanted], kind).astype(np.int64) - zero


def unpack_flac(raw: bytes, code: int, n_channels: int, count: int | None) -> Steps:
    """Return a FLAC signal file's samples (508, 516, 524), shape (n_samples, n_channels).

    Raises
    ------
    EcgFormatError
        If it is damaged, or has other channels, another width or fewer samples.
    """
    samples = decode_flac(raw, n_channels, FLAC_BITS[code], count)
    if count is not None and len(samples) < count:
        raise EcgFormatError(f"WFDB: the signal file ends after {len(samples)} of {count} samples")
    return samples[:count]
