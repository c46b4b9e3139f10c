"""Explicit made implicit: pydicom reads the same data set from both."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom.faults import DicomFormatError
from dicom.implicit import write_implicit
from dicom.transcode import transcode
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from tests.support.dicom_files import sample


def explicit_of(path: Path, tmp_path: Path) -> tuple[Dataset, bytes]:
    """Return a file in Explicit VR Little Endian as a data set, and its encoding."""
    into = tmp_path / "explicit.dcm"
    assert transcode(path, EXPLICIT_VR_LITTLE_ENDIAN, into, 0, 60).next_frame is None
    data = into.read_bytes()
    ds = dcmread(into)
    return ds, data[132 + 12 + ds.file_meta.FileMetaInformationGroupLength :]


def implicit(data: bytes) -> bytes:
    out = BytesIO()
    write_implicit(BytesIO(data), out)
    return out.getvalue()


def read(data: bytes) -> Dataset:
    ds = dcmread(BytesIO(data), force=True)
    assert ds.original_encoding == (True, True)
    return ds


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm", "waveform_ecg.dcm", "reportsi.dcm", "rtplan.dcm", "JPEG2000.dcm",
        "examples_palette.dcm", "test-SR.dcm",
    ],
)  # fmt: skip
def test_the_data_set_stays_the_same(name: str, tmp_path: Path) -> None:
    ds, data = explicit_of(sample(name), tmp_path)
    found = read(implicit(data))
    assert list(found.keys()) == list(ds.keys())
    # Of private elements nobody but their maker knows the VR then.
    for each in (ds, found):
        each.remove_private_tags()
    assert found.to_json_dict() == ds.to_json_dict()


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\x00\x05\x00C",
        b"\x08\x00\x05\x00CS\x0a\x00ISO",
        b"\xe0\x7f\x10\x00OB\0\0\x01",
        b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff",
        b"\x08\x00\x40\x11SQ\0\0\x08\0\0\0\xfe\xff\x00\xe0\0\0\0\0",
        b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\x08\0\0\0",
    ],
)
def test_what_would_become_a_lie_is_refused(data: bytes) -> None:
    with pytest.raises(DicomFormatError):
        implicit(data)
