"""XLI, the compression of waveforms in Philips Sierra ECG XML.

One chunk a lead: an 8-byte header (uint32 length of what follows, 2 bytes unused, int16 first
difference), then LZW with codes of 10 bits, most significant bit first. The decoded bytes are all
high bytes, then all low bytes, of int16 values: two samples, then second differences plus 64.
Source: description and sample files of the Sierra ECG Tools project.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError

CODE_BITS: Final = 10
LAST_CODE: Final = (1 << CODE_BITS) - 2
DIFFERENCE_BIAS: Final = 64


def _codes(packed: bytes) -> NDArray[np.int32]:
    """Return the 10-bit codes, four to five bytes, up to the end code; the rest is padding."""
    padded = packed + bytes(-len(packed) % 5)
    b = np.frombuffer(padded, np.uint8).reshape(-1, 5).astype(np.int32)
    quads = (
        b[:, 0] << 2 | b[:, 1] >> 6,
        (b[:, 1] & 0x3F) << 4 | b[:, 2] >> 4,
        (b[:, 2] & 0x0F) << 6 | b[:, 3] >> 2,
        (b[:, 3] & 0x03) << 8 | b[:, 4],
    )
    codes = np.stack(quads, axis=1).ravel()[: len(packed) * 8 // CODE_BITS]
    ends = np.flatnonzero(codes > LAST_CODE)
    return codes[: ends[0]] if len(ends) else codes


def lzw(packed: bytes, most: int) -> bytes:
    """Return what LZW with 10-bit codes packed, up to the end code 1023 or the end.

    Raises
    ------
    EcgFormatError
        If a code has no meaning, or there are more than ``most`` bytes.
    """
    table = [bytes((value,)) for value in range(256)]
    codes = _codes(packed)
    out: list[bytes] = []
    previous = b""
    # Each code but the first sets one: the table is full after these.
    filling = LAST_CODE + 2 - len(table)
    for code in codes[:filling].tolist():
        if code < len(table):
            piece = table[code]
        elif previous and code == len(table):
            piece = previous + previous[:1]
        else:
            raise EcgFormatError(f"the compressed samples hold the code {code}, which is not set")
        out.append(piece)
        if previous:
            table.append(previous + piece[:1])
        previous = piece
    rest = codes[filling:]
    lengths = np.array([len(piece) for piece in table])
    # Reckoned before it is made, for a few bytes may stand for very many.
    if sum(map(len, out)) + int(lengths[rest].sum()) > most:
        raise EcgFormatError("the compressed samples are longer than they state")
    out.extend(map(table.__getitem__, rest.tolist()))
    return b"".join(out)


def _undifferenced(decoded: bytes, first: int) -> NDArray[np.int16]:
    """Return samples from two samples and second differences; arithmetic is modulo 65,536."""
    half = len(decoded) // 2
    both = np.frombuffer(decoded, np.uint8).astype(np.int64)
    values = ((both[:half] << 8 | both[half : 2 * half]) ^ 0x8000) - 0x8000
    second = np.concatenate(([first], values[2:-1] - DIFFERENCE_BIAS))
    slopes = values[1] - values[0] - np.cumsum(second)
    values[2:] = values[1] + np.cumsum(slopes)
    return values.astype(np.uint16).astype(np.int16)


def decode_xli(content: bytes, n_leads: int, n_samples: int) -> list[NDArray[np.int16]]:
    """Return the samples of each lead, shape (n_samples,) each.

    Raises
    ------
    EcgFormatError
        If the content is damaged, or holds fewer leads or samples.
    """
    cursor = Cursor(content, "XLI")
    leads: list[NDArray[np.int16]] = []
    for _ in range(n_leads):
        size = cursor.unsigned(4)
        cursor.take(2)
        first = cursor.signed(2)
        decoded = lzw(cursor.take(size), 2 * n_samples + 2)
        if len(decoded) < 2 * max(n_samples, 3):
            raise EcgFormatError("a lead's compressed samples end early")
        leads.append(_undifferenced(decoded, first)[:n_samples])
    return leads
