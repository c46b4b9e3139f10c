"""Compressed frames: what a codestream claims to be, and its decoding (PS3.5 8.2 and annex A.4).

Decoders trust what they are given: an 80 KB run-length frame that claims 65535 x 65535 pixels ends
in an abort of the process. So the claims of data set and codestream are compared first.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicom.uids import TRANSFER_SYNTAXES


class DecodeFault(StrEnum):
    """Why a frame was not rendered. The values are stable."""

    NOT_AN_IMAGE = "not-an-image"
    NO_SUCH_FRAME = "no-such-frame"
    NO_SUCH_REGION = "no-such-region"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    FALSE_CLAIM = "false-claim"
    CORRUPT = "corrupt"
    BAD_FILE = "bad-file"
    CRASHED = "crashed"
    OVERRUN = "overrun"


class DecodeError(Exception):
    """A frame that cannot be decoded or rendered.

    Parameters
    ----------
    code
        The stable reason.
    message
        One English sentence; never patient data.
    """

    def __init__(self, code: DecodeFault, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Codec(StrEnum):
    """Families of compression that are decoded."""

    RLE = "rle"
    JPEG = "jpeg"
    JPEG_LOSSLESS = "jpeg-lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    HTJ2K = "htj2k"


_JPEG: Final = "1.2.840.10008.1.2.4."
CODECS: Final = {
    "1.2.840.10008.1.2.5": Codec.RLE,
    f"{_JPEG}50": Codec.JPEG,
    f"{_JPEG}51": Codec.JPEG,
    f"{_JPEG}57": Codec.JPEG_LOSSLESS,
    f"{_JPEG}70": Codec.JPEG_LOSSLESS,
    f"{_JPEG}80": Codec.JPEG_LS,
    f"{_JPEG}81": Codec.JPEG_LS,
    f"{_JPEG}90": Codec.JPEG_2000,
    f"{_JPEG}91": Codec.JPEG_2000,
    f"{_JPEG}201": Codec.HTJ2K,
    f"{_JPEG}202": Codec.HTJ2K,
    f"{_JPEG}203": Codec.HTJ2K,
}
_RLE_HEADER: Final = 64
_RLE_MOST_EXPANSION: Final = 64
"""Two bytes of PackBits make 128 at most (PS3.5 G.3.1)."""
_NO_FRAME_HEADER: Final = frozenset({0xC4, 0xC8, 0xCC})
"""DHT, JPG and DAC share the range of the start-of-frame markers (ISO/IEC 10918-1 B.1.1.3)."""
_JFIF_BYTES: Final = 14
_ADOBE_BYTES: Final = 12
"""A shorter marker names no colour space, and decoders guess (ISO/IEC 10918-5, -6)."""
_SOS: Final = b"\xff\xda"
_EOI: Final = b"\xff\xd9"
"""EOC of JPEG 2000 as well (ISO/IEC 15444-1 A.4.4)."""
_JPEG_MOST_PIXELS: Final = 8 * 64
"""A byte holds at least one bit for each of eight blocks (ISO/IEC 10918-1 F.1.2)."""
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Claim:
    """Size of an image, as a data set or a codestream states it."""

    rows: int
    columns: int
    samples: int


def codec_of(transfer_syntax_uid: str) -> Codec:
    """Return the compression of a transfer syntax.

    Raises
    ------
    DecodeError
        ``unsupported``.
    """
    codec = CODECS.get(transfer_syntax_uid)
    if codec is None:
        known = "registered" if transfer_syntax_uid in TRANSFER_SYNTAXES else "private"
        raise DecodeError(
            DecodeFault.UNSUPPORTED, f"no decoder for the {known} syntax {transfer_syntax_uid}"
        )
    return codec


def decode_codestream(
    data: bytes, codec: Codec, expected: Claim, sample_bytes: int, *, stored_as_rgb: bool
) -> NDArray[Any]:
    """Decode one compressed frame.

    Parameters
    ----------
    data
        The frame's fragments joined.
    codec
        Its compression.
    expected
        What the data set claims; the codestream must claim the same.
    sample_bytes
        Bytes a sample, from Bits Allocated; run lengths have no other record of it.
    stored_as_rgb
        True where Photometric Interpretation says that a JPEG stream holds RGB components.

    Returns
    -------
    ndarray
        Integers, shape (rows, columns) or (rows, columns, samples).

    Raises
    ------
    DecodeError
        ``false-claim`` or ``corrupt``.
    """
    if codec is Codec.RLE:
        _check_rle(data, expected, sample_bytes)
    else:
        claimed = _claim(data, codec)
        if claimed != expected:
            raise DecodeError(
                DecodeFault.FALSE_CLAIM,
                f"the data set claims {expected}, the codestream {claimed}",
            )
        _check_end(data, codec, expected)
    try:
        found = _decode(data, codec, expected, sample_bytes, stored_as_rgb=stored_as_rgb)
    except DecodeError:
        raise
    except (RuntimeError, ValueError, MemoryError, IndexError, TypeError, OSError) as error:
        # imagecodecs derives its errors from RuntimeError, but lets NumPy's through.
        raise DecodeError(DecodeFault.CORRUPT, f"the {codec} decoder gave up") from error
    shape = (expected.rows, expected.columns) + (expected.samples,) * (expected.samples > 1)
    if found.shape != shape or found.dtype.kind not in "iu":
        raise DecodeError(DecodeFault.CORRUPT, f"{found.shape} decoded where {shape} was claimed")
    return found


def _decode(
    data: bytes, codec: Codec, expected: Claim, sample_bytes: int, *, stored_as_rgb: bool
) -> NDArray[Any]:
    match codec:
        case Codec.RLE:
            flat = imagecodecs.dicomrle_decode(data, f"<u{sample_bytes}")
            planes = np.frombuffer(flat, dtype=f"<u{sample_bytes}").reshape(
                expected.samples, expected.rows, expected.columns
            )
            return planes[0] if expected.samples == 1 else np.moveaxis(planes, 0, -1)
        case Codec.JPEG | Codec.JPEG_LOSSLESS:
            return _decode_jpeg(data, expected, stored_as_rgb=stored_as_rgb)
        case Codec.JPEG_LS:
            return imagecodecs.jpegls_decode(data)
        case Codec.JPEG_2000:
            return imagecodecs.jpeg2k_decode(data)
        case Codec.HTJ2K:
            return imagecodecs.htj2k_decode(data, planar=False)


def _decode_jpeg(data: bytes, expected: Claim, *, stored_as_rgb: bool) -> NDArray[Any]:
    if _sof_marker(data) in (0xC3, 0xC7):
        return imagecodecs.jpegsof3_decode(data)
    space = None
    if expected.samples == 3 and stored_as_rgb and not _says_its_colours(data):
        space = "RGB"
    return imagecodecs.jpeg8_decode(data, colorspace=space)


def _claim(data: bytes, codec: Codec) -> Claim:
    if codec in (Codec.JPEG_2000, Codec.HTJ2K):
        return _claim_of_jpeg_2000(data)
    for marker, body in _segments(data):
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER) or marker == 0xF7:
            if len(body) < 6:
                break
            _, rows, columns, samples = struct.unpack_from(">BHHB", body)
            return Claim(rows, columns, samples)
    raise DecodeError(DecodeFault.CORRUPT, "no frame header in the codestream")


def _check_end(data: bytes, codec: Codec, expected: Claim) -> None:
    """Refuse a cut frame, whose decoder would fill in what is missing without a word.

    That of JPEG-LS would look for it for seconds. The marker cannot stand among coded bytes
    (ISO/IEC 10918-1 B.1.1.5, 14495-1 A.1, 15444-1 B.10.1).
    """
    match codec:
        case Codec.JPEG | Codec.JPEG_LOSSLESS | Codec.JPEG_LS:
            whole = data.rfind(_EOI) > data.rfind(_SOS)
        case Codec.HTJ2K:
            whole = data.rstrip(b"\0").endswith(_EOI)
        case _:
            # The other decoders tell.
            whole = True
    if not whole:
        raise DecodeError(DecodeFault.CORRUPT, f"the {codec} codestream is cut")
    if codec is Codec.JPEG and expected.rows * expected.columns > len(data) * _JPEG_MOST_PIXELS:
        raise DecodeError(
            DecodeFault.FALSE_CLAIM, f"{len(data)} bytes cannot hold the claimed {expected}"
        )


def _sof_marker(data: bytes) -> int:
    for marker, _ in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER:
            return marker
    return 0


def _says_its_colours(data: bytes) -> bool:
    """Tell whether a JFIF or Adobe marker names the colour space (then it is believed)."""
    return any(
        (marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= _JFIF_BYTES)
        or (marker == 0xEE and body.startswith(b"Adobe") and len(body) >= _ADOBE_BYTES)
        for marker, body in _segments(data)
    )


def _segments(data: bytes) -> list[tuple[int, bytes]]:
    """Return the marker segments up to the first scan (ISO/IEC 10918-1 B.1.1.4)."""
    found: list[tuple[int, bytes]] = []
    pos = 2
    while pos + 4 <= len(data) and data[pos] == 0xFF:
        marker = data[pos + 1]
        if marker == 0xFF or marker in _STANDALONE:
            pos += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
        found.append((marker, data[pos + 4 : pos + 2 + length]))
        if marker == 0xDA or length < 2:
            break
        pos += 2 + length
    return found


def _claim_of_jpeg_2000(data: bytes) -> Claim:
    # SIZ follows SOC at once (ISO/IEC 15444-1 A.5.1); a JP2 file has boxes before it.
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 42 > len(data):
        raise DecodeError(DecodeFault.CORRUPT, "no size marker in the codestream")
    x_end, y_end, x_start, y_start = struct.unpack_from(">4I", data, at + 8)
    (samples,) = struct.unpack_from(">H", data, at + 40)
    return Claim(y_end - y_start, x_end - x_start, samples)


def _check_rle(data: bytes, expected: Claim, sample_bytes: int) -> None:
    """Compare a run-length frame's header with the claimed image (PS3.5 G.5)."""
    if len(data) < _RLE_HEADER:
        raise DecodeError(DecodeFault.CORRUPT, "no run-length header")
    segments, *offsets = struct.unpack_from("<16I", data)
    wanted = expected.samples * sample_bytes
    if segments != wanted:
        raise DecodeError(
            DecodeFault.FALSE_CLAIM, f"{segments} run-length segments where {wanted} are claimed"
        )
    bounds = [*offsets[:segments], len(data)]
    if bounds[0] != _RLE_HEADER or any(b <= a for a, b in pairwise(bounds)):
        raise DecodeError(DecodeFault.CORRUPT, "run-length segments out of order")
    plane = expected.rows * expected.columns
    shortest = min(b - a for a, b in pairwise(bounds))
    if plane > shortest * _RLE_MOST_EXPANSION:
        raise DecodeError(
            DecodeFault.FALSE_CLAIM, f"{shortest} run-length bytes cannot hold {plane} pixels"
        )
