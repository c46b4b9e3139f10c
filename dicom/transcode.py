"""A Part 10 file in another transfer syntax, without loss, a frame at a time (PS3.5 chapter 8).

The attributes stay as they are, byte for byte where they were explicit little endian; only those
that describe how the pixels are encoded follow the new encoding.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom import dataset as access
from dicom.codestream import CODECS, DecodeError, DecodeFault
from dicom.encode import LOSSLESS, RLE_LOSSLESS, can_encode, encode_frame, photometric_after
from dicom.faults import DicomFormatError
from dicom.part10 import Part10Header, inflate, scan
from dicom.pixels import SCAN_LIMITS, Frame, Image, open_image, read_cells
from dicom.structure import BulkValue
from dicom.uids import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    NATIVE_TRANSFER_SYNTAXES,
)
from dicom.writer import (
    ITEM,
    LONGEST_VALUE,
    SEQUENCE_END,
    LongValues,
    header,
    long_value,
    raw_element,
    write_elements,
    write_opening,
)

TARGETS: Final = (EXPLICIT_VR_LITTLE_ENDIAN, *LOSSLESS)
"""Transfer syntaxes that a file can be given in, beside its own."""

_PIXEL_DATA: Final = 0x7FE00010
_PHOTOMETRIC: Final = 0x00280004
_PLANAR: Final = 0x00280006
_OFFSET_TABLES: Final = (0x7FE00001, 0x7FE00002)
_ICON: Final = 0x00880200


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work has come.

    Parameters
    ----------
    next_frame
        Index of the first frame that is not yet written; None where all is done.
    lengths
        Of the frames written this time, in bytes.
    """

    next_frame: int | None
    lengths: tuple[int, ...] = ()


def can_transcode(source: str, target: str, bits_allocated: int | None) -> bool:
    """Tell whether an object can be given in another transfer syntax.

    Parameters
    ----------
    source, target
        Transfer syntaxes.
    bits_allocated
        Of its pixels, None where it has none.
    """
    if source == target:
        return True
    readable = source in NATIVE_TRANSFER_SYNTAXES or source in CODECS
    if target == EXPLICIT_VR_LITTLE_ENDIAN:
        return readable
    return readable and can_encode(target, bits_allocated)


def transcode(source: Path, target: str, into: Path, frame: int, slice_s: float) -> Progress:
    """Write a file in another transfer syntax, or go on with it.

    Parameters
    ----------
    source
        Any stored Part 10 file.
    target
        One of `TARGETS`.
    into
        Written anew where ``frame`` is 0, else appended to.
    frame
        Index of the frame to go on with.
    slice_s
        CPU time after which to stop between two frames.

    Raises
    ------
    DecodeError
        As of `dicom.pixels.read_frame`; ``too-large`` where the result would not fit its lengths.
    OSError
        Where a file cannot be read or written.
    """
    until = time.process_time() + slice_s
    head = _scanned(source)
    if head.pixel_data is None or (
        target == EXPLICIT_VR_LITTLE_ENDIAN and head.transfer_syntax_uid in NATIVE_TRANSFER_SYNTAXES
    ):
        if target != EXPLICIT_VR_LITTLE_ENDIAN:
            raise DecodeError(DecodeFault.NOT_AN_IMAGE, "there is no pixel data to compress")
        _rewrite(source, head, into)
        return Progress(None)
    image = open_image(source)
    with into.open("r+b" if frame else "w+b") as out:
        out.seek(0, 2)
        return _write_image(image, target, cast("BinaryIO", out), frame, until)


def transcode_frames(
    source: Path, target: str, into: Path, frames: Sequence[int], slice_s: float
) -> Progress:
    """Append frames, one after the other, in another encoding; the index is one of ``frames``.

    Raises as `transcode` does. Native frames are little endian, colours by pixel.
    """
    until = time.process_time() + slice_s
    image = open_image(source)
    lengths: list[int] = []
    with into.open("ab") as out:
        for at, number in enumerate(frames):
            data = _encoded(image, read_cells(image, number), target)
            out.write(data)
            lengths.append(len(data))
            if time.process_time() > until and at + 1 < len(frames):
                return Progress(at + 1, tuple(lengths))
    return Progress(None, tuple(lengths))


def _scanned(source: Path) -> Part10Header:
    try:
        return scan(source, SCAN_LIMITS)
    except DicomFormatError as error:
        raise DecodeError(DecodeFault.BAD_FILE, error.code) from error


@contextmanager
def _values_of(source: Path, head: Part10Header) -> Iterator[BinaryIO]:
    """Open the file that the header's offsets count in."""
    if head.deflated:
        with inflate(source, head, SCAN_LIMITS) as plain:
            yield plain
        return
    with source.open("rb") as file:
        yield cast("BinaryIO", file)


def _long_values(file: BinaryIO, head: Part10Header, bulk: Sequence[BulkValue]) -> LongValues:
    little = head.transfer_syntax_uid != EXPLICIT_VR_BIG_ENDIAN
    return {
        value.path: long_value(file, value, little=little, word_bytes=_word_bytes(head, value))
        for value in bulk
        if value.path[0] not in _OFFSET_TABLES
    }


def _word_bytes(head: Part10Header, value: BulkValue) -> int | None:
    """Return 4 for pixels of 32 bits: as words of OW they are swapped whole (PS3.5 annex D)."""
    wide = access.integer(head.dataset, "BitsAllocated") == 32
    return 4 if wide and value.path == (_PIXEL_DATA,) and value.vr != "OB" else None


def _rewrite(source: Path, head: Part10Header, into: Path) -> None:
    """Write native or no pixel data as they are, around them everything explicit."""
    bulk = head.bulk if head.pixel_data is None else (*head.bulk, head.pixel_data)
    ds = _without(head.dataset, _OFFSET_TABLES)
    with _values_of(source, head) as file, into.open("wb") as out:
        write_opening(cast("BinaryIO", out), ds, EXPLICIT_VR_LITTLE_ENDIAN)
        write_elements(cast("BinaryIO", out), ds, _long_values(file, head, bulk))


def _write_image(image: Image, target: str, out: BinaryIO, frame: int, until: float) -> Progress:
    index = image.header.frames
    count = 0 if index is None else index.count
    frame_bytes = _frame_bytes(image)
    native = target == EXPLICIT_VR_LITTLE_ENDIAN
    if native and count * frame_bytes > LONGEST_VALUE:
        raise DecodeError(DecodeFault.TOO_LARGE, f"{count} frames of {frame_bytes} bytes")
    if frame == 0:
        _write_head(image, target, out, count * frame_bytes)
    lengths: list[int] = []
    while frame < count:
        data = _encoded(image, read_cells(image, frame), target)
        if not native:
            out.write(ITEM + len(data).to_bytes(4, "little"))
        out.write(data)
        lengths.append(len(data))
        frame += 1
        if time.process_time() > until and frame < count:
            return Progress(frame, tuple(lengths))
    _write_tail(image, native, out, count * frame_bytes)
    return Progress(None, tuple(lengths))


def _write_head(image: Image, target: str, out: BinaryIO, pixel_bytes: int) -> None:
    head = image.header
    native = target == EXPLICIT_VR_LITTLE_ENDIAN
    ds, bulk = _described(image, target, read_cells(image, 0))
    write_opening(out, ds, target)
    with _values_of(image.path, head) as file:
        write_elements(out, ds, _long_values(file, head, bulk), below=_PIXEL_DATA)
    wide = image.layout.bits_allocated > 8
    if native:
        length = pixel_bytes + pixel_bytes % 2
        out.write(header(_PIXEL_DATA, "OW" if wide else "OB", length))
        return
    # One fragment a frame needs no offset table, and lengths are not known yet (PS3.5 A.4).
    out.write(header(_PIXEL_DATA, "OB", None) + ITEM + bytes(4))


def _write_tail(image: Image, native: bool, out: BinaryIO, pixel_bytes: int) -> None:
    head = image.header
    out.write(bytes(pixel_bytes % 2) if native else SEQUENCE_END)
    with _values_of(image.path, head) as file:
        bulk = [value for value in head.bulk if value.path[0] > _PIXEL_DATA]
        write_elements(out, head.dataset, _long_values(file, head, bulk), above=_PIXEL_DATA)


def _described(image: Image, target: str, first: Frame) -> tuple[Dataset, Sequence[BulkValue]]:
    """Return the attributes and long values of the file in the new encoding."""
    bulk = image.header.bulk
    dropped = set(_OFFSET_TABLES)
    if target == EXPLICIT_VR_LITTLE_ENDIAN:
        photometric = "YBR_FULL" if first.photometric == "YBR_FULL_422" else first.photometric
        nested = {value.path[0] for value in bulk if value.encapsulated}
        if nested - {_ICON}:
            raise DecodeError(DecodeFault.UNSUPPORTED, "fragments stand inside a sequence")
        # A native syntax allows no icon in fragments (PS3.5 A.4).
        dropped |= nested
        bulk = tuple(value for value in bulk if value.path[0] not in nested)
    else:
        photometric = photometric_after(target, first.photometric)
    ds = _without(image.header.dataset, dropped)
    changes = [raw_element(_PHOTOMETRIC, "CS", photometric.encode())]
    if image.layout.samples > 1:
        changes.append(raw_element(_PLANAR, "US", bytes([target == RLE_LOSSLESS, 0])))
    elements = {**_elements(ds), **{BaseTag(each.tag): each for each in changes}}
    return Dataset(elements), bulk


def _elements(ds: Dataset) -> dict[BaseTag, Any]:
    return {tag: ds.get_item(tag) for tag in cast("Iterable[BaseTag]", ds.keys())}


def _without(ds: Dataset, tags: Collection[int]) -> Dataset:
    return Dataset({tag: found for tag, found in _elements(ds).items() if tag not in tags})


def _frame_bytes(image: Image) -> int:
    layout = image.layout
    return layout.rows * layout.columns * layout.samples * layout.sample_bytes


def _encoded(image: Image, frame: Frame, target: str) -> bytes:
    width = image.layout.sample_bytes
    values = frame.values
    if values.dtype.itemsize > width:
        raise DecodeError(DecodeFault.FALSE_CLAIM, "the samples are wider than Bits Allocated")
    values = np.ascontiguousarray(values.astype(f"<{values.dtype.kind}{width}", copy=False))
    if target == EXPLICIT_VR_LITTLE_ENDIAN:
        return values.tobytes()
    return encode_frame(replace(frame, values=values), image.layout, target)
