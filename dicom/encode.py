"""Lossless compression of single frames (PS3.5 8.2, annex G): what `dicom.codestream` undoes."""

from typing import Any, Final

import imagecodecs
import jpeg_ls
import numpy as np
from numpy.typing import NDArray

from dicom.codestream import CODECS, Codec, DecodeError, DecodeFault
from dicom.pixels import Frame, PixelLayout
from dicom.uids import TRANSFER_SYNTAXES

RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
HTJ2K_LOSSLESS: Final = "1.2.840.10008.1.2.4.201"

LOSSLESS: Final = (JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, RLE_LOSSLESS)
"""What frames can be compressed to."""

_BITS: Final = {
    JPEG_LS_LOSSLESS: (8, 16),
    JPEG_2000_LOSSLESS: (8, 16),
    HTJ2K_LOSSLESS: (8, 16),
    RLE_LOSSLESS: (8, 16, 32),
}
_RLE_SEGMENTS: Final = 15
_RLE_HEADER: Final = 64
_APP8: Final = b"\xff\xe8"
_SIZ: Final = b"\xff\x4f\xff\x51"
_DEPTH_AT: Final = 42
"""From SOC to the first component's Ssiz (ISO/IEC 15444-1 table A.9)."""


def can_encode(transfer_syntax_uid: str, bits_allocated: int | None) -> bool:
    """Tell whether integer samples of so many bits can be compressed to that syntax."""
    return bits_allocated in _BITS.get(transfer_syntax_uid, ())


def photometric_after(transfer_syntax_uid: str, photometric: str) -> str:
    """Return the Photometric Interpretation of a frame once compressed.

    JPEG 2000 turns RGB into luminance and colour, reversibly (PS3.5 8.2.4).
    """
    if photometric == "YBR_FULL_422":
        # Subsampled pairs have been spread over all pixels.
        photometric = "YBR_FULL"
    if photometric == "RGB" and CODECS[transfer_syntax_uid] in (Codec.JPEG_2000, Codec.HTJ2K):
        return "YBR_RCT"
    return photometric


def encode_frame(frame: Frame, layout: PixelLayout, transfer_syntax_uid: str) -> bytes:
    """Compress a frame without loss.

    Parameters
    ----------
    frame
        From `dicom.pixels.read_cells`: all allocated bits are kept, those behind Bits Stored, too.
    layout
        Of its image.
    transfer_syntax_uid
        One of `LOSSLESS`.

    Returns
    -------
    bytes
        The codestream, of even length.

    Raises
    ------
    DecodeError
        ``unsupported`` where the syntax cannot hold such pixels, ``corrupt`` where the codec fails.
    """
    if not can_encode(transfer_syntax_uid, layout.bits_allocated):
        known = transfer_syntax_uid if transfer_syntax_uid in TRANSFER_SYNTAXES else "the syntax"
        raise DecodeError(
            DecodeFault.UNSUPPORTED, f"{known} holds no samples of {layout.bits_allocated} bits"
        )
    values = np.ascontiguousarray(frame.values)
    try:
        data = _encode(values, frame.photometric, layout, transfer_syntax_uid)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise DecodeError(DecodeFault.CORRUPT, "the encoder gave up") from error
    return data + bytes(len(data) % 2)


def _encode(
    values: NDArray[Any], photometric: str, layout: PixelLayout, transfer_syntax_uid: str
) -> bytes:
    is_rgb = photometric == "RGB"
    precision = _precision(values, layout)
    match CODECS[transfer_syntax_uid]:
        case Codec.JPEG_LS:
            return _jpeg_ls(values, precision)
        case Codec.JPEG_2000:
            return bytes(
                imagecodecs.jpeg2k_encode(
                    values, codecformat="J2K", reversible=True, mct=is_rgb, bitspersample=precision
                )
            )
        case Codec.HTJ2K:
            return _htj2k(values, precision, is_rgb=is_rgb)
        case _:
            return _run_lengths(values)


def _precision(values: NDArray[Any], layout: PixelLayout) -> int:
    """Return Bits Stored, or Bits Allocated where something stands beyond them (PS3.5 8.1.1)."""
    stored, allocated = layout.bits_stored, 8 * values.dtype.itemsize
    low, high = (-(1 << stored - 1), 1 << stored - 1) if layout.signed else (0, 1 << stored)
    fits = layout.high_bit == stored - 1 and low <= values.min() and values.max() < high
    # Decoders choose their words by the codestream: 8 bits of it are never 16 allocated.
    return stored if fits and stored > allocated - 8 and stored > 1 else allocated


def _jpeg_ls(values: NDArray[Any], precision: int) -> bytes:
    """Compress by ISO/IEC 14495-1, which knows no sign: a negative value goes as its bits."""
    cells = values.view(f"u{values.dtype.itemsize}")
    rows, columns = cells.shape[:2]
    samples = 1 if cells.ndim == 2 else cells.shape[2]
    bits = cells & np.array((1 << precision) - 1, dtype=cells.dtype)
    try:
        return bytes(
            jpeg_ls.encode_buffer(
                bits.tobytes(),
                rows,
                columns,
                samples,
                precision,
                interleave_mode=2 if samples > 1 else None,
            )
        )
    except RuntimeError:
        # It leaves too little room for small images and noise, which come out larger than they are.
        return _without_spiff(bytes(imagecodecs.jpegls_encode(cells, out=2 * cells.nbytes + 4096)))


def _htj2k(values: NDArray[Any], precision: int, *, is_rgb: bool) -> bytes:
    """Compress by ISO/IEC 15444-15; the encoder knows whole bytes only.

    A sample without sign is stored less its DC level shift (ISO/IEC 15444-1 G.1). So one of fewer
    bits is shifted here and encoded with sign; the size marker then says what it is.
    """
    if values.ndim > 2 or precision == 8 * values.dtype.itemsize:
        return bytes(imagecodecs.htj2k_encode(values, reversible=True, rgb=is_rgb))
    signed = values.dtype.kind == "i"
    shifted = values.astype(np.int32) - (0 if signed else 1 << precision - 1)
    stream = bytearray(
        imagecodecs.htj2k_encode(shifted.astype(f"i{values.dtype.itemsize}"), reversible=True)
    )
    if not stream.startswith(_SIZ):
        raise ValueError("the size marker is not where it must stand")
    stream[_DEPTH_AT] = precision - 1 | (0x80 if signed else 0)
    return bytes(stream)


def _without_spiff(stream: bytes) -> bytes:
    """Leave out the SPIFF header (ISO/IEC 14495-1 annex F): the data set says all of it."""
    at = 2
    while stream[at : at + 2] == _APP8:
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return stream[:2] + stream[at:]


def _run_lengths(values: NDArray[Any]) -> bytes:
    """Compress by PS3.5 G.3: a segment a byte of each sample, the most significant first."""
    planes = values[..., np.newaxis] if values.ndim == 2 else values
    width = planes.dtype.itemsize
    if planes.shape[-1] * width > _RLE_SEGMENTS:
        raise ValueError("more segments than the header has room for")
    segments = []
    for sample in range(planes.shape[-1]):
        plane = np.ascontiguousarray(planes[..., sample])
        octets = plane.astype(plane.dtype.newbyteorder("<"), copy=False).view(np.uint8)
        octets = octets.reshape(*plane.shape, width)
        for byte in range(width - 1, -1, -1):
            # No run crosses from one row into the next (G.3.1).
            packed = imagecodecs.packbits_encode(np.ascontiguousarray(octets[..., byte]), axis=-1)
            segments.append(packed + bytes(len(packed) % 2))
    offsets = np.zeros(_RLE_SEGMENTS + 1, dtype="<u4")
    offsets[0] = len(segments)
    ends = _RLE_HEADER + np.cumsum([0, *(len(each) for each in segments[:-1])])
    offsets[1 : len(segments) + 1] = ends
    return offsets.tobytes() + b"".join(segments)
