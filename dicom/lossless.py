"""Lossless compression of native images, checked by decoding (PS3.5 8.2.3, 8.2.4 and A.4).

The image is the same to the last bit, so the SOP Instance UID stays (PS3.3 C.12.4, PS3.4 B.4.1.3):
the compressed object is the instance in another transfer syntax.
"""

import struct
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from dicom import dataset as access
from dicom import encode
from dicom.codestream import DecodeError
from dicom.dimse.store import file_meta_bytes
from dicom.explicit import explicit_bytes, raw_values
from dicom.part10 import Part10Header, read_ranges
from dicom.pixels import Frame, Image, PixelLayout, open_image, read_frame
from dicom.structure import ScanLimits
from dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)


class Compression(StrEnum):
    """How images may be compressed without loss."""

    JPEG_LS = "jpeg-ls"
    HTJ2K = "htj2k"


TRANSFER_SYNTAX: Final = {
    Compression.JPEG_LS: "1.2.840.10008.1.2.4.80",
    Compression.HTJ2K: "1.2.840.10008.1.2.4.201",
}
_PHOTOMETRIC: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL"})
"""What tables 8.2.3-1 and 8.2.4-1 have in common."""
_PIXEL_DATA: Final = 0x7FE00010
_SIGNATURES: Final = (0x4FFE0001, 0xFFFAFFFA)
"""MAC Parameters and Digital Signatures Sequence: another encoding would break them."""
_LIMITS: Final = ScanLimits(inline_bytes=64 * 1024 * 1024)
_MAY_CHANGE: Final = frozenset({(0x00280004,), (0x00280006,)})
"""Photometric Interpretation and Planar Configuration describe the encoding."""
_ELEMENT: Final = struct.Struct("<HH2sHI")
_ITEM: Final = struct.Struct("<HHI")


class NotCompressible(Exception):
    """The object has to go as it is.

    Parameters
    ----------
    reason
        A stable word; never patient data.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def compress(path: Path, into: Path, compression: Compression) -> str:
    """Write a losslessly compressed copy of a Part 10 file, decode it again and compare.

    Parameters
    ----------
    path
        A scanned, sound file of a native little endian transfer syntax.
    into
        Where the copy goes; removed again where anything differs.
    compression
        The codec.

    Returns
    -------
    str
        The transfer syntax of the copy.

    Raises
    ------
    NotCompressible
        ``no-image``, ``compressed-already``, ``unsupported``, ``signed-object``, ``unused-bits``,
        ``codec-failed`` or ``differs``.
    OSError
        Where a file cannot be read or written.
    """
    try:
        image = open_image(path, _LIMITS)
    except DecodeError as error:
        raise NotCompressible("no-image") from error
    _check(image)
    try:
        with into.open("xb") as file:
            _write(cast("BinaryIO", file), image, compression)
        _verify(image, into, compression)
    except (RuntimeError, DecodeError) as error:
        # Codecs derive their errors from RuntimeError: noise, for example, would only grow.
        into.unlink(missing_ok=True)
        raise NotCompressible("codec-failed") from error
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return TRANSFER_SYNTAX[compression]


def encode_frame(values: NDArray[Any], layout: PixelLayout, compression: Compression) -> bytes:
    """Compress the stored values of one frame without loss.

    Parameters
    ----------
    values
        Shape (rows, columns) or (rows, columns, 3), as `dicom.pixels.read_frame` gives them.
    layout
        Of the image: Bits Stored and Pixel Representation are what the codestream will state.
    compression
        The codec.
    """
    frame = Frame(values, layout.photometric)
    try:
        return encode.encode_frame(frame, layout, TRANSFER_SYNTAX[compression])
    except DecodeError as error:
        raise NotCompressible("codec-failed") from error


def _check(image: Image) -> None:
    header, layout = image.header, image.layout
    if header.transfer_syntax_uid not in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN):
        raise NotCompressible("compressed-already")
    found = header.pixel_data
    if found is None or found.tag != _PIXEL_DATA:
        raise NotCompressible("unsupported")
    if any(tag in header.dataset for tag in _SIGNATURES):
        raise NotCompressible("signed-object")
    if (
        layout.photometric not in _PHOTOMETRIC
        or layout.bits_allocated not in (8, 16)
        or not 2 <= layout.bits_stored <= layout.bits_allocated
        or (layout.bits_allocated == 16) != (layout.bits_stored > 8)
        or layout.high_bit != layout.bits_stored - 1
        or (layout.samples == 3 and (layout.signed or layout.bits_stored != layout.bits_allocated))
        or header.bulk
    ):
        raise NotCompressible("unsupported")


def _write(file: BinaryIO, image: Image, compression: Compression) -> None:
    """Write meta information, data set and one fragment a frame (PS3.5 A.4)."""
    header = image.header
    file.write(
        file_meta_bytes(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=TRANSFER_SYNTAX[compression],
            source_ae=(access.text(header.meta, "SourceApplicationEntityTitle") or "")[:16],
        )
    )
    elements: dict[BaseTag, Any] = {
        tag: header.dataset.get_item(tag) for tag in sorted(header.dataset.keys())
    }
    if image.layout.samples == 3:
        elements[Tag(0x00280006)] = _raw(0x00280006, "US", b"\0\0")
        photometric = _photometric(image.layout, compression)
        if photometric != image.layout.photometric:
            elements[Tag(0x00280004)] = _raw(0x00280004, "CS", photometric.encode())
    file.write(explicit_bytes(_part(elements, lambda tag: tag < _PIXEL_DATA)))
    file.write(_ELEMENT.pack(0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF))
    file.write(_ITEM.pack(0xFFFE, 0xE000, 0))
    frames = header.frames
    for number in range(frames.count if frames is not None else 0):
        _check_unused_bits(image, number)
        data = encode_frame(read_frame(image, number).values, image.layout, compression)
        file.write(_ITEM.pack(0xFFFE, 0xE000, len(data) + len(data) % 2))
        file.write(data)
        file.write(b"\0" * (len(data) % 2))
    file.write(_ITEM.pack(0xFFFE, 0xE0DD, 0))
    file.write(explicit_bytes(_part(elements, lambda tag: tag > _PIXEL_DATA)))


def _part(elements: Mapping[BaseTag, Any], wanted: Callable[[int], bool]) -> Dataset:
    return Dataset({tag: element for tag, element in elements.items() if wanted(tag)})


def _photometric(layout: PixelLayout, compression: Compression) -> str:
    """Return what the codestream's components mean: HTJ2K turns RGB to YBR_RCT (PS3.5 8.2.4)."""
    if compression is Compression.HTJ2K and layout.photometric == "RGB":
        return "YBR_RCT"
    return layout.photometric


def _raw(tag: int, vr: str, value: bytes) -> RawDataElement:
    return RawDataElement(
        Tag(tag), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )


def _check_unused_bits(image: Image, number: int) -> None:
    """Refuse a frame whose bits above Bits Stored say something, an overlay for example."""
    layout, frames = image.layout, image.header.frames
    unused = layout.bits_allocated - layout.bits_stored
    if not unused or frames is None:
        return
    with image.path.open("rb") as file:
        data = read_ranges(cast("BinaryIO", file), frames.ranges(number))
    raw = np.frombuffer(data, dtype=f"<u{layout.sample_bytes}")
    above = raw >> layout.bits_stored
    extended = np.zeros_like(raw)
    if layout.signed:
        negative = (raw >> (layout.bits_stored - 1) & 1).astype(bool)
        extended[negative] = (1 << unused) - 1
    if above.any() and not np.array_equal(above, extended):
        raise NotCompressible("unused-bits")


def _verify(image: Image, into: Path, compression: Compression) -> None:
    """Read the copy back: every frame, and every value byte for byte, must be the original's."""
    try:
        copy = open_image(into, _LIMITS)
    except DecodeError as error:
        raise NotCompressible("differs") from error
    before, after = image.header, copy.header
    same = (
        after.transfer_syntax_uid == TRANSFER_SYNTAX[compression]
        and _identity(before) == _identity(after)
        and not after.bulk
        and _kept(before.dataset) == _kept(after.dataset)
    )
    frames = before.frames
    if not same or frames is None or after.frames is None or after.frames.count != frames.count:
        raise NotCompressible("differs")
    for number in range(frames.count):
        try:
            was, is_now = read_frame(image, number), read_frame(copy, number)
        except DecodeError as error:
            raise NotCompressible("differs") from error
        if was.photometric != is_now.photometric or not np.array_equal(was.values, is_now.values):
            raise NotCompressible("differs")


def _identity(header: Part10Header) -> tuple[str, ...]:
    return (
        header.sop_class_uid,
        header.sop_instance_uid,
        header.study_instance_uid,
        header.series_instance_uid,
    )


def _kept(dataset: Dataset) -> list[tuple[tuple[int, ...], bytes]]:
    return [
        (path, value + b"\0" * (len(value) % 2))
        for path, value in raw_values(dataset)
        if path not in _MAY_CHANGE
    ]
