"""Documents of other standards that DICOM objects wrap: PDF, CDA, models (PS3.3 A.45, A.85)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataelem import RawDataElement

from dicom import dataset as access
from dicom.codestream import DecodeError, DecodeFault
from dicom.faults import DicomFormatError
from dicom.frames import ByteRange
from dicom.part10 import Part10Header, inflate, read_ranges, scan

_DOCUMENT: Final = 0x00420011
_HEAD_BYTES: Final = 1024
"""Readers of PDF look for its mark so far (ISO 32000-1 Annex H, note 13)."""
PDF: Final = "application/pdf"
MEDIA_TYPES: Final = {
    "1.2.840.10008.5.1.4.1.1.104.1": PDF,
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}
"""By SOP class; what the object itself says of its type is not believed."""


@dataclass(frozen=True, slots=True)
class Document:
    """Where a document stands.

    Parameters
    ----------
    media_type
        By the SOP class of the object around it.
    place
        In the file; where that is deflated, in the file as `dicom.part10.inflate` gives it.
    """

    media_type: str
    place: ByteRange


def find_document(path: Path) -> Document:
    """Find the document in a file, and check that a PDF is one.

    Raises
    ------
    DecodeError
        ``bad-file``, ``unsupported`` for a SOP class that wraps nothing, ``corrupt`` where the
        document is absent or no PDF.
    OSError
        Where the file cannot be read.
    """
    try:
        header = scan(path)
        media_type = MEDIA_TYPES.get(header.sop_class_uid)
        if media_type is None:
            raise DecodeError(DecodeFault.UNSUPPORTED, "the object wraps no document")
        place = _place(header)
        head = _read(path, header, place._replace(length=min(place.length, _HEAD_BYTES)))
    except DicomFormatError as error:
        raise DecodeError(DecodeFault.BAD_FILE, error.code) from error
    if media_type == PDF and b"%PDF-" not in head:
        raise DecodeError(DecodeFault.CORRUPT, "the document is no PDF")
    return Document(media_type, place)


def _place(header: Part10Header) -> ByteRange:
    offset = length = 0
    for value in header.bulk:
        if value.path == (_DOCUMENT,):
            offset, length = value.offset, value.length
    inline: object = header.dataset.get_item(_DOCUMENT)
    if isinstance(inline, RawDataElement):
        offset, length = inline.value_tell, inline.length
    # The value is padded to an even length; its own is told apart (PS3.3 C.24.2).
    told = access.integer(header.dataset, "EncapsulatedDocumentLength") or 0
    if 0 < told <= length:
        length = told
    if not length:
        raise DecodeError(DecodeFault.CORRUPT, "there is no document")
    return ByteRange(offset, length)


def _read(path: Path, header: Part10Header, place: ByteRange) -> bytes:
    if header.deflated:
        with inflate(path, header) as file:
            return read_ranges(file, (place,))
    with path.open("rb") as plain:
        return read_ranges(plain, (place,))
