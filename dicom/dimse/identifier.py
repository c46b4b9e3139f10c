"""Identifiers and their like: the small data sets of messages (PS3.7 9.1.2 and 10.1)."""

import io
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom.faults import DicomFormatError
from dicom.source import ByteSource
from dicom.structure import ScanLimits
from dicom.uids import IMPLICIT_VR_LITTLE_ENDIAN
from dicom.walker import Walker

LIMITS: Final = replace(ScanLimits(), max_depth=8, max_elements=4096, require_pixel_data=False)
NORMALIZED_LIMITS: Final = replace(LIMITS, max_elements=131_072)
"""Of a DIMSE-N data set: a storage commitment lists every instance of a study."""


class IdentifierError(ValueError):
    """An identifier whose bytes contradict themselves; the message holds none of its values."""


def decode_identifier(
    content: bytes, transfer_syntax_uid: str, limits: ScanLimits = LIMITS
) -> Dataset:
    """Read an identifier.

    Parameters
    ----------
    content
        In little endian, implicit or explicit.
    transfer_syntax_uid
        As negotiated.
    limits
        What it may cost.

    Raises
    ------
    IdentifierError
        If it is damaged, too deep, or has more elements than any message needs.
    """
    implicit = transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
    walker = Walker(ByteSource(io.BytesIO(content)), limits, implicit=implicit, little=True)
    try:
        return walker.walk(0, len(content)).dataset
    except DicomFormatError as error:
        raise IdentifierError(f"the identifier is damaged: {error.code}") from error


def encode_identifier(ds: Dataset, transfer_syntax_uid: str) -> bytes:
    """Return a data set's bytes in a little endian transfer syntax."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
    write_dataset(buffer, ds)
    return buffer.getvalue()
