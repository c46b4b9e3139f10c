"""Encoded data sets for the tests, written byte by byte where pydicom would refuse."""

import io
import struct
from pathlib import Path

import pydicom.data
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

WHEEL_DATA = Path(pydicom.data.__file__).parent
LONG_VRS = {"OB", "OW", "SQ", "UN", "UT", "OV", "UC"}
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


def wheel_file(name: str) -> Path:
    """Return a file of pydicom's wheel; names are unique but for DICOMDIR trees."""
    return next(path for path in sorted(WHEEL_DATA.rglob(name)) if path.is_file())


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """Encode one explicit little endian element, with a lying length if asked."""
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in LONG_VRS:
        return head + struct.pack("<HI", 0, size) + value
    return head + struct.pack("<H", size) + value


def item(value: bytes, length: int | None = None) -> bytes:
    """Encode one item of a sequence."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value) if length is None else length) + value


SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)


def padded(text: str) -> bytes:
    """Encode a UID with its padding."""
    raw = text.encode()
    return raw + b"\0" * (len(raw) % 2)


def identity(
    sop_class: str = CT_STORAGE,
    instance: str = "1.2.3.4",
    study: str = "1.2.3",
    series: str = "1.2.3.1",
) -> list[bytes]:
    """Encode the four UIDs, in tag order, as separate elements."""
    return [
        element(0x00080016, "UI", padded(sop_class)),
        element(0x00080018, "UI", padded(instance)),
        element(0x0020000D, "UI", padded(study)),
        element(0x0020000E, "UI", padded(series)),
    ]


def meta(transfer_syntax: str = EXPLICIT) -> bytes:
    """Encode a preamble and the least meta information."""
    return b"\0" * 128 + b"DICM" + element(0x00020010, "UI", padded(transfer_syntax))


def part10(*elements: bytes, transfer_syntax: str = EXPLICIT) -> io.BytesIO:
    """Return a file of an identity and more elements."""
    return io.BytesIO(meta(transfer_syntax) + b"".join([*identity(), *elements]))


def saved(ds: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> io.BytesIO:
    """Write a data set as pydicom does, with the identity it lacks."""
    for keyword, value in (
        ("SOPClassUID", CT_STORAGE),
        ("SOPInstanceUID", "1.2.3.4"),
        ("StudyInstanceUID", "1.2.3"),
        ("SeriesInstanceUID", "1.2.3.1"),
    ):
        if keyword not in ds:
            setattr(ds, keyword, value)
    file_meta = FileMetaDataset()
    file_meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax)
    file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    out = io.BytesIO()
    FileDataset(out, ds, file_meta=file_meta, preamble=b"\0" * 128).save_as(out)
    return io.BytesIO(out.getvalue())
