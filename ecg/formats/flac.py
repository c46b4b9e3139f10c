"""FLAC streams (RFC 9639), decoded by PyAV where it is installed.

FLAC is a signal file format of WFDB and nothing else here, so PyAV is imported only when one comes:
`ecg` needs it for no other purpose. The decoded samples are proved by the stream's own MD5.
"""

import hashlib
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.channels import check_size
from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError

NAME: Final = "WFDB: FLAC"


def _info(raw: bytes) -> tuple[int, int, int, bytes]:
    """Return channels, bits, samples (0 if unknown) and MD5 of STREAMINFO (RFC 9639, 8.2)."""
    cursor = Cursor(raw, NAME, "big")
    if cursor.take(4) != b"fLaC" or cursor.unsigned(1) & 0x7F or cursor.unsigned(3) != 34:
        raise cursor.refusal("it does not begin as FLAC does")
    cursor.take(10)
    packed = cursor.unsigned(8)
    channels, bits = (packed >> 41 & 0x07) + 1, (packed >> 36 & 0x1F) + 1
    return channels, bits, packed & ((1 << 36) - 1), cursor.take(16)


def decode_flac(raw: bytes, n_channels: int, bits: int, count: int | None) -> NDArray[np.int64]:
    """Return all samples of a FLAC stream, shape (n_samples, n_channels).

    Parameters
    ----------
    n_channels, bits
        What it must have.
    count
        Samples a channel that are needed; None for as many as it says.

    Raises
    ------
    EcgFormatError
        If it is damaged, has other channels or another width, is too large for its file, or PyAV is
        not installed.
    """
    channels, found_bits, total, digest = _info(raw)
    if (channels, found_bits) != (n_channels, bits):
        raise EcgFormatError(
            f"{NAME}: {channels} channels of {found_bits} bits where the header says "
            f"{n_channels} of {bits}"
        )
    if total == 0 or (count is not None and total < count):
        raise EcgFormatError(f"{NAME}: the stream holds {total} of {count} samples")
    check_size(total * channels, len(raw), "WFDB")
    try:
        import av  # noqa: PLC0415 -- ecg reads all else without it
    except ImportError as error:
        raise EcgFormatError(f"{NAME}: signal files need the package av") from error
    pieces: list[NDArray[np.int32]] = []
    held = 0
    try:
        with av.open(io.BytesIO(raw), "r", format="flac") as container:
            for frame in container.decode(audio=0):
                piece = frame.to_ndarray().reshape(-1, channels)
                held += len(piece)
                if held > total:
                    break
                # FFmpeg puts the sample into the high bits of 16 or 32.
                pieces.append(piece.astype(np.int32) >> (8 * piece.dtype.itemsize - bits))
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise EcgFormatError(f"{NAME}: the stream is damaged") from error
    samples = np.concatenate(pieces) if pieces else np.zeros((0, channels), np.int32)
    width = (bits + 7) // 8
    stored = samples.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :width].tobytes()
    # MD5 is FLAC's checksum, no protection.
    if any(digest) and hashlib.md5(stored, usedforsecurity=False).digest() != digest:
        raise EcgFormatError(f"{NAME}: the stream is damaged: its MD5 differs")
    return samples.astype(np.int64)
