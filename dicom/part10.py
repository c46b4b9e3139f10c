"""Bounded reading of DICOM Part 10 files from anybody (PS3.10 chapter 7).

`scan` walks the whole structure of a file, without reading pixel data, and either returns what is
needed to index and serve it, or refuses it with a stable code.
"""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.faults import DicomFormatError, FormatFault
from dicom.frames import ByteRange, FrameIndex, index_encapsulated, index_native
from dicom.opening import Opening, read_opening
from dicom.source import ByteSource
from dicom.structure import BulkValue, ScanLimits, Walked
from dicom.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    NATIVE_TRANSFER_SYNTAXES,
    VIDEO_TRANSFER_SYNTAXES,
    is_conforming_uid,
    is_encapsulated,
    is_uid,
)
from dicom.walker import Walker

DEFAULT_LIMITS: Final = ScanLimits()
_DEFLATED: Final = frozenset({DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95"})
_CHUNK: Final = 64 * 1024
_IN_MEMORY: Final = 4 * 1024 * 1024
_EXTENDED_OFFSET_TABLE: Final = 0x7FE00001
_SAMPLE_BITS: Final = {0x7FE00008: 32, 0x7FE00009: 64}
_SUBSAMPLED: Final = {"YBR_FULL_422": 16, "YBR_PARTIAL_422": 16, "YBR_PARTIAL_420": 12}
"""Bits a pixel of 8-bit native data with fewer colour than luminance samples (C.7.6.3.1.2)."""


@dataclass(frozen=True, slots=True)
class Part10Header:
    """What a scan knows of a file.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid, transfer_syntax_uid
        Validated.
    dataset_offset, size
        Where the data set begins, and the size of the file, in bytes.
    deflated
        True where the data set is deflated. Offsets below then count in the file as `inflate`
        gives it.
    preamble_is_zero
        False for a file that may be read as something else, too (PS3.10 7.1).
    nonconforming_uids
        How many of the five UIDs have components with leading zeros.
    meta_agrees
        False where the file meta information names another SOP class or instance than the data
        set does; the data set counts.
    meta
        File Meta Information (group 0002).
    dataset
        Without pixel data and without the values in ``bulk``.
    pixel_data
        Where the pixel data stands, or None.
    frames
        Its frames, or None without pixel data and where the frames cannot be told apart (video).
    bulk
        Values that were too long to read.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int
    size: int
    deflated: bool
    preamble_is_zero: bool
    nonconforming_uids: int
    meta_agrees: bool
    meta: Dataset
    dataset: Dataset
    pixel_data: BulkValue | None
    frames: FrameIndex | None
    bulk: tuple[BulkValue, ...]


@dataclass(frozen=True, slots=True)
class ExpectedObject:
    """What the sender said it would send: a C-STORE request's affected SOP."""

    sop_class_uid: str
    sop_instance_uid: str


def scan(
    path: str | Path | BinaryIO,
    limits: ScanLimits = DEFAULT_LIMITS,
    *,
    transfer_syntax: str | None = None,
    expected: ExpectedObject | None = None,
    identified: bool = True,
) -> Part10Header:
    """Check the whole structure of a Part 10 file and return its header.

    Parameters
    ----------
    path
        A file, or an open seekable binary file (left open).
    limits
        What it may cost.
    transfer_syntax
        For a bare data set without meta information, or where that lacks the syntax.
    expected
        Refuse an object that is another one than was announced.
    identified
        Refuse an object that its four UIDs do not name; otherwise those are empty in the header.
        For who wants the content alone, and neither stores nor sends the object.

    Raises
    ------
    DicomFormatError
        With the code of the first fault found. Nothing else is raised for any content.
    OSError
        Where the file cannot be read.
    """
    if isinstance(path, str | Path):
        with Path(path).open("rb", buffering=0) as file:
            return _scan_file(cast("BinaryIO", file), limits, transfer_syntax, expected, identified)
    return _scan_file(path, limits, transfer_syntax, expected, identified)


def _scan_file(
    file: BinaryIO,
    limits: ScanLimits,
    transfer_syntax: str | None,
    expected: ExpectedObject | None,
    identified: bool,
) -> Part10Header:
    source = ByteSource(file)
    opening = read_opening(source, limits, transfer_syntax)
    syntax = access.text(opening.meta, "TransferSyntaxUID") or transfer_syntax
    if syntax is None:
        raise DicomFormatError(FormatFault.MISSING_TRANSFER_SYNTAX, "no transfer syntax is named")
    if not is_uid(syntax):
        raise DicomFormatError(FormatFault.BAD_UID, "the transfer syntax is no UID")
    if syntax not in _DEFLATED:
        return _scan_dataset(source, opening, syntax, limits, expected, identified)
    with _inflated(file, source.size, opening.dataset_offset, limits) as plain:
        header = _scan_dataset(ByteSource(plain), opening, syntax, limits, expected, identified)
    return replace(header, deflated=True, size=source.size)


@contextmanager
def inflate(
    path: str | Path, header: Part10Header, limits: ScanLimits = DEFAULT_LIMITS
) -> Iterator[BinaryIO]:
    """Open a deflated file as if it were not deflated, the offsets being those of ``header``.

    Raises
    ------
    DicomFormatError
        ``deflate-bomb`` or ``bad-deflate``.
    """
    with (
        Path(path).open("rb", buffering=0) as file,
        _inflated(cast("BinaryIO", file), header.size, header.dataset_offset, limits) as plain,
    ):
        yield plain


def read_ranges(file: BinaryIO, ranges: tuple[ByteRange, ...]) -> bytes:
    """Read byte ranges of a file and join them.

    Raises
    ------
    DicomFormatError
        ``truncated`` where the file ends before.
    """
    source = ByteSource(file)
    return b"".join(source.read_apart(offset, length) for offset, length in ranges)


def _scan_dataset(
    source: ByteSource,
    opening: Opening,
    syntax: str,
    limits: ScanLimits,
    expected: ExpectedObject | None,
    identified: bool,
) -> Part10Header:
    walker = Walker(
        source,
        limits,
        implicit=syntax == IMPLICIT_VR_LITTLE_ENDIAN,
        little=syntax != EXPLICIT_VR_BIG_ENDIAN,
    )
    walked = walker.walk(opening.dataset_offset, source.size)
    ds = walked.dataset
    sop_class, instance, study, series = (
        _required_uid(ds, keyword) if identified else access.uid(ds, keyword) or ""
        for keyword in (
            "SOPClassUID",
            "SOPInstanceUID",
            "StudyInstanceUID",
            "SeriesInstanceUID",
        )
    )
    if expected is not None and (expected.sop_class_uid, expected.sop_instance_uid) != (
        sop_class,
        instance,
    ):
        raise DicomFormatError(
            FormatFault.UID_MISMATCH, "the object is another one than was announced"
        )
    return Part10Header(
        sop_class_uid=sop_class,
        sop_instance_uid=instance,
        study_instance_uid=study,
        series_instance_uid=series,
        transfer_syntax_uid=syntax,
        dataset_offset=opening.dataset_offset,
        size=source.size,
        deflated=False,
        preamble_is_zero=opening.preamble_is_zero,
        nonconforming_uids=sum(
            not is_conforming_uid(uid) for uid in (sop_class, instance, study, series, syntax)
        ),
        meta_agrees=_agrees(opening.meta, sop_class, instance),
        meta=opening.meta,
        dataset=ds,
        pixel_data=walked.pixel_data,
        frames=_frames(source, walked, syntax, limits),
        bulk=tuple(walked.bulk),
    )


def _required_uid(ds: Dataset, keyword: str) -> str:
    found = access.element(ds, keyword)
    value = b"" if found is None else found.value
    if not isinstance(value, bytes) or not value.strip(b"\0 "):
        raise DicomFormatError(FormatFault.MISSING_UID, f"{keyword} is missing")
    # Padding stands at the end only; a NUL or a blank inside is no padding (PS3.5 9.1).
    text = value.rstrip(b"\0 ").lstrip(b" ").decode("latin_1")
    if not is_uid(text):
        raise DicomFormatError(FormatFault.BAD_UID, f"{keyword} is no UID")
    return text


def _agrees(meta: Dataset, sop_class: str, instance: str) -> bool:
    said_class = access.text(meta, "MediaStorageSOPClassUID")
    said_instance = access.text(meta, "MediaStorageSOPInstanceUID")
    return said_class in (None, sop_class) and said_instance in (None, instance)


def _frames(
    source: ByteSource, walked: Walked, syntax: str, limits: ScanLimits
) -> FrameIndex | None:
    found = walked.pixel_data
    if found is None:
        if limits.require_pixel_data and _describes_an_image(walked.dataset):
            raise DicomFormatError(
                FormatFault.PIXEL_DATA_MISSING, "an image is described, its pixel data is absent"
            )
        return None
    if syntax in NATIVE_TRANSFER_SYNTAXES and found.encapsulated:
        raise DicomFormatError(FormatFault.BAD_PIXEL_DATA, "fragments in a native transfer syntax")
    if is_encapsulated(syntax) and not found.encapsulated:
        raise DicomFormatError(
            FormatFault.BAD_PIXEL_DATA, "no fragments in an encapsulated transfer syntax"
        )
    count = access.integer(walked.dataset, "NumberOfFrames") or 1
    if count < 1:
        raise DicomFormatError(FormatFault.BAD_PIXEL_DATA, f"{count} frames")
    if walked.fragments is None:
        frame_bits = _native_frame_bits(walked.dataset, found.tag)
        if frame_bits is None:
            return None
        return index_native(found.offset, found.length, frame_bits, count)
    if not walked.fragments.starts:
        raise DicomFormatError(FormatFault.PIXEL_DATA_TRUNCATED, "no fragment")
    if syntax in VIDEO_TRANSFER_SYNTAXES:
        return None
    table = _extended_table(source, walked, limits)
    return index_encapsulated(source, walked.fragments, count, table)


def _native_frame_bits(ds: Dataset, pixel_tag: int) -> int | None:
    rows, columns = access.integer(ds, "Rows"), access.integer(ds, "Columns")
    bits = _SAMPLE_BITS.get(pixel_tag) or access.integer(ds, "BitsAllocated")
    if not rows or not columns or not bits or min(rows, columns, bits) < 0:
        return None
    samples = access.integer(ds, "SamplesPerPixel") or 1
    pixel_bits = max(samples, 1) * bits
    if samples == 3 and bits == 8:
        photometric = access.text(ds, "PhotometricInterpretation") or ""
        pixel_bits = _SUBSAMPLED.get(photometric, pixel_bits)
    return rows * columns * pixel_bits


def _describes_an_image(ds: Dataset) -> bool:
    if access.element(ds, "PixelDataProviderURL") is not None:
        return False
    return all(access.integer(ds, keyword) for keyword in ("Rows", "Columns", "BitsAllocated"))


def _extended_table(source: ByteSource, walked: Walked, limits: ScanLimits) -> bytes | None:
    inline = access.binary(walked.dataset, "ExtendedOffsetTable")
    if inline:
        return inline
    for bulk in walked.bulk:
        if bulk.path == (_EXTENDED_OFFSET_TABLE,) and bulk.length <= 8 * limits.max_fragments:
            return source.read_apart(bulk.offset, bulk.length)
    return None


@contextmanager
def _inflated(
    file: BinaryIO, size: int, dataset_offset: int, limits: ScanLimits
) -> Iterator[BinaryIO]:
    """Write the opening and the inflated data set (PS3.5 A.5) to a temporary file."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as plain:
        file.seek(0)
        plain.write(file.read(dataset_offset))
        _inflate_into(file, size - dataset_offset, plain, limits.max_inflated_bytes)
        plain.seek(0)
        yield cast("BinaryIO", plain)


def _inflate_into(
    file: BinaryIO, compressed: int, plain: IO[bytes], max_inflated_bytes: int
) -> None:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    written = 0
    pending = b""
    while not engine.eof:
        if not pending:
            pending = file.read(min(_CHUNK, compressed))
            compressed -= len(pending)
            if not pending:
                raise DicomFormatError(FormatFault.TRUNCATED, "the deflated data set is cut")
        try:
            part = engine.decompress(pending, _CHUNK)
        except zlib.error as error:
            raise DicomFormatError(FormatFault.BAD_DEFLATE, "not a deflate stream") from error
        pending = engine.unconsumed_tail
        written += len(part)
        if written > max_inflated_bytes:
            raise DicomFormatError(
                FormatFault.DEFLATE_BOMB, f"more than {max_inflated_bytes} bytes once inflated"
            )
        plain.write(part)
