"""Stored pixel values of one frame, out of a file that is not trusted (PS3.3 C.7.6.3)."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.codestream import (
    Claim,
    Codec,
    DecodeError,
    DecodeFault,
    codec_of,
    decode_codestream,
)
from dicom.faults import DicomFormatError
from dicom.frames import ByteRange
from dicom.part10 import Part10Header, inflate, read_ranges, scan
from dicom.structure import ScanLimits
from dicom.uids import ENCAPSULATED_UNCOMPRESSED, EXPLICIT_VR_BIG_ENDIAN

MOST_FRAME_BYTES: Final = 512 * 1024 * 1024
SCAN_LIMITS: Final = ScanLimits(inline_bytes=4 * 1024 * 1024)
"""Colour tables of 65,536 entries are 128 KB, and must stand in the data set."""
_FLOAT_TAGS: Final = {0x7FE00008: "f4", 0x7FE00009: "f8"}
_SUBSAMPLED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_COLOUR_AFTER_DECODING: Final = {"YBR_RCT": "RGB", "YBR_ICT": "RGB"}


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How the stored values of an image are laid out.

    Parameters
    ----------
    rows, columns, samples
        Shape of a frame.
    bits_allocated, bits_stored, high_bit, signed
        Of a sample.
    photometric
        Photometric Interpretation.
    planar
        True where each colour stands in a plane of its own.
    float_type
        NumPy code of float pixel data, else None.
    """

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: bool
    float_type: str | None

    @property
    def sample_bytes(self) -> int:
        """Bytes a sample takes once decoded; packed bits take one each."""
        return max(self.bits_allocated // 8, 1)


@dataclass(frozen=True, slots=True)
class Frame:
    """The stored values of one frame.

    Parameters
    ----------
    values
        Shape (rows, columns) or (rows, columns, 3); sign extended, unused bits removed.
    photometric
        What the values mean now: colour transforms that belong to a codec are undone.
    words
        As decoded, with the bits that are no pixel's; None where there are none such.
    """

    values: NDArray[Any]
    photometric: str
    words: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A scanned file that holds an image."""

    path: Path
    header: Part10Header
    layout: PixelLayout


def open_image(path: Path, limits: ScanLimits = SCAN_LIMITS) -> Image:
    """Scan a file within ``limits`` and check what it claims about its pixels.

    Raises
    ------
    DecodeError
        ``bad-file``, ``not-an-image``, ``unsupported`` or ``too-large``.
    OSError
        Where the file cannot be read.
    """
    try:
        header = scan(path, limits)
    except DicomFormatError as error:
        raise DecodeError(DecodeFault.BAD_FILE, error.code) from error
    if header.pixel_data is None:
        raise DecodeError(DecodeFault.NOT_AN_IMAGE, "there is no pixel data")
    if header.frames is None:
        raise DecodeError(DecodeFault.UNSUPPORTED, "the frames cannot be told apart")
    return Image(path, header, _layout(header.dataset, header.pixel_data.tag))


def _layout(ds: Dataset, pixel_tag: int) -> PixelLayout:
    rows, columns = access.integer(ds, "Rows") or 0, access.integer(ds, "Columns") or 0
    samples = access.integer(ds, "SamplesPerPixel") or 1
    float_type = _FLOAT_TAGS.get(pixel_tag)
    allocated = access.integer(ds, "BitsAllocated") or 0
    stored = access.integer(ds, "BitsStored") or allocated
    high_bit = access.integer(ds, "HighBit")
    if rows <= 0 or columns <= 0:
        raise DecodeError(DecodeFault.NOT_AN_IMAGE, "the image has no size")
    if samples not in (1, 3) or (allocated not in (1, 8, 16, 32) and float_type is None):
        raise DecodeError(DecodeFault.UNSUPPORTED, f"{samples} samples a pixel of {allocated} bits")
    layout = PixelLayout(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=min(stored, allocated) if stored > 0 else allocated,
        high_bit=stored - 1 if high_bit is None else high_bit,
        signed=access.integer(ds, "PixelRepresentation") == 1,
        photometric=access.text(ds, "PhotometricInterpretation") or "MONOCHROME2",
        planar=access.integer(ds, "PlanarConfiguration") == 1,
        float_type=float_type,
    )
    if rows * columns * samples * layout.sample_bytes > MOST_FRAME_BYTES:
        raise DecodeError(DecodeFault.TOO_LARGE, f"{rows} x {columns} pixels of {samples} samples")
    return layout


def read_frame(image: Image, frame: int) -> Frame:
    """Read and decode one frame.

    Parameters
    ----------
    image
        From `open_image`.
    frame
        Index from 0.

    Raises
    ------
    DecodeError
        ``no-such-frame``, ``unsupported``, ``false-claim`` or ``corrupt``.
    """
    index = image.header.frames
    if index is None or not 0 <= frame < index.count:
        raise DecodeError(DecodeFault.NO_SUCH_FRAME, f"frame {frame}")
    data = _read(image, index.ranges(frame))
    if not index.encapsulated:
        if _is_swapped(image):
            data = _unswapped(image, index.ranges(frame)[0])
        return _native(image, data, index.bit_shift(frame))
    layout = image.layout
    if image.header.transfer_syntax_uid == ENCAPSULATED_UNCOMPRESSED:
        return _native(image, _cut_to_size(data, layout), 0)
    codec = codec_of(image.header.transfer_syntax_uid)
    raw = decode_codestream(
        data,
        codec,
        Claim(layout.rows, layout.columns, layout.samples),
        layout.sample_bytes,
        stored_as_rgb=layout.photometric == "RGB",
    )
    photometric = _COLOUR_AFTER_DECODING.get(layout.photometric, layout.photometric)
    if codec is Codec.JPEG and layout.samples == 3:
        # The decoder has turned YCbCr into RGB already.
        photometric = "RGB"
    return Frame(_sign_extended(raw, layout), photometric, raw)


def read_cells(image: Image, frame: int) -> Frame:
    """Read one frame as `read_frame` does, and of native data every bit that is allocated.

    What stands beyond Bits Stored, such as an overlay of old, is lost otherwise.
    """
    index = image.header.frames
    if index is None or index.encapsulated:
        return read_frame(image, frame)
    layout = image.layout
    whole = replace(layout, bits_stored=layout.bits_allocated, high_bit=layout.bits_allocated - 1)
    return read_frame(replace(image, layout=whole), frame)


def _read(image: Image, ranges: tuple[ByteRange, ...]) -> bytes:
    if sum(part.length for part in ranges) > MOST_FRAME_BYTES:
        raise DecodeError(DecodeFault.TOO_LARGE, "the frame's bytes")
    if image.header.deflated:
        with inflate(image.path, image.header, SCAN_LIMITS) as file:
            return read_ranges(file, ranges)
    with image.path.open("rb") as file:
        return read_ranges(cast("BinaryIO", file), ranges)


def _cut_to_size(data: bytes, layout: PixelLayout) -> bytes:
    """Take the padding off a native frame that stands in fragments."""
    pixels = layout.rows * layout.columns
    if layout.float_type is not None:
        size = pixels * np.dtype(layout.float_type).itemsize
    elif layout.bits_allocated == 1:
        size = (pixels + 7) // 8
    elif layout.samples == 3 and layout.photometric in _SUBSAMPLED:
        size = 2 * pixels
    else:
        size = pixels * layout.samples * layout.sample_bytes
    if len(data) < size:
        raise DecodeError(DecodeFault.CORRUPT, f"a frame of {len(data)} bytes, {size} are claimed")
    return data[:size]


def _is_swapped(image: Image) -> bool:
    """Tell whether 8-bit samples stand in big endian words, and so in pairs swapped (PS3.5 A.3)."""
    found = image.header.pixel_data
    return (
        found is not None
        and found.vr == "OW"
        and image.layout.bits_allocated == 8
        and image.header.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
    )


def _unswapped(image: Image, frame: ByteRange) -> bytes:
    found = image.header.pixel_data
    lead = 0 if found is None else (frame.offset - found.offset) % 2
    length = lead + frame.length + (lead + frame.length) % 2
    words = _read(image, (ByteRange(frame.offset - lead, length),))
    plain = np.frombuffer(words, dtype=">u2").astype("<u2").tobytes()
    return plain[lead : lead + frame.length]


def _native(image: Image, data: bytes, bit_shift: int) -> Frame:
    layout = image.layout
    order = ">" if image.header.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<"
    shape = (layout.rows, layout.columns)
    if layout.float_type is not None:
        floats = np.frombuffer(data, dtype=f"{order}{layout.float_type}").reshape(shape)
        return Frame(floats.astype(np.float64), layout.photometric)
    if layout.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
        count = layout.rows * layout.columns
        return Frame(bits[bit_shift : bit_shift + count].reshape(shape), layout.photometric)
    flat = np.frombuffer(data, dtype=f"{order}u{layout.sample_bytes}")
    if layout.samples == 1:
        words = flat.reshape(shape)
        return Frame(_sign_extended(words, layout), layout.photometric, words)
    if layout.photometric in _SUBSAMPLED:
        return Frame(_upsample_422(flat, layout), layout.photometric)
    if layout.photometric == "YBR_PARTIAL_420":
        raise DecodeError(DecodeFault.UNSUPPORTED, "native YBR_PARTIAL_420")
    if layout.planar:
        return Frame(np.moveaxis(flat.reshape(3, *shape), 0, -1), layout.photometric)
    return Frame(flat.reshape(*shape, 3), layout.photometric)


def _upsample_422(flat: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Spread Y1 Y2 Cb Cr over two pixels (PS3.3 C.7.6.3.1.2)."""
    if layout.columns % 2:
        raise DecodeError(DecodeFault.UNSUPPORTED, "YBR_FULL_422 of an odd width")
    pairs = flat.reshape(layout.rows, layout.columns // 2, 4)
    out = np.empty((layout.rows, layout.columns, 3), dtype=flat.dtype)
    out[:, 0::2, 0] = pairs[..., 0]
    out[:, 1::2, 0] = pairs[..., 1]
    out[:, :, 1] = np.repeat(pairs[..., 2], 2, axis=1)
    out[:, :, 2] = np.repeat(pairs[..., 3], 2, axis=1)
    return out


def _sign_extended(raw: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Keep Bits Stored below High Bit, as two's complement where Pixel Representation says so.

    A decoder may have given signed values already; the same bits come out again.
    """
    if layout.samples > 1:
        return raw
    width = 8 * raw.dtype.itemsize
    stored = min(layout.bits_stored, width)
    kind = "i" if layout.signed else "u"
    if stored == width and raw.dtype.kind == kind:
        return raw
    low_bit = max(min(layout.high_bit, width - 1) + 1 - stored, 0)
    native = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if stored == width:
        return cast("NDArray[Any]", native.view(f"{kind}{raw.dtype.itemsize}"))
    bits = native.view(f"u{raw.dtype.itemsize}")
    lifted = bits << np.array(width - stored - low_bit, dtype=bits.dtype)
    shift = np.array(width - stored, dtype=f"{kind}{raw.dtype.itemsize}")
    return cast("NDArray[Any]", lifted.view(f"{kind}{raw.dtype.itemsize}") >> shift)
