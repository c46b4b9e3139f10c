"""Real DICOM files from pydicom's own wheel, and copies of them with other UIDs."""

import hashlib
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid


def sample(name: str) -> Path:
    """Return the path of one of pydicom's own files (in its wheel, never downloaded)."""
    found = get_testdata_file(name, download=False)
    if found is None:
        raise FileNotFoundError(f"pydicom's wheel has no {name}")
    return Path(found)


def ct_bytes(**changes: object) -> bytes:
    """Return pydicom's real CT with changed elements, by keyword."""
    return changed(sample("CT_small.dcm"), **changes)


def ecg_bytes(**changes: object) -> bytes:
    """Return pydicom's real 12-lead ECG, a study and instance of its own, with changed elements."""
    own = {"StudyInstanceUID": generate_uid(), "SOPInstanceUID": generate_uid()}
    return changed(sample("waveform_ecg.dcm"), **{**own, **changes})


def changed(path: Path, **changes: object) -> bytes:
    """Return a file with changed elements, by keyword."""
    dataset = dcmread(path)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    if "SOPInstanceUID" in changes:
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return file_bytes(dataset)


def file_bytes(dataset: Dataset) -> bytes:
    """Return a dataset as a Part 10 file."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def ct_series(count: int) -> list[bytes]:
    """Return a series of CT slices, one study, distinct pixels."""
    study, series = generate_uid(), generate_uid()
    slices = []
    for number in range(1, count + 1):
        dataset = dcmread(sample("CT_small.dcm"))
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number
        slices.append(file_bytes(dataset))
    return slices


def large_ct(padding: int) -> bytes:
    """Return a CT of its own with so many bytes of noise after it, which nothing compresses.

    They are Data Set Trailing Padding (PS3.10 7.2), which may have any length.
    """
    (data,) = ct_series(1)
    noise = hashlib.shake_256(b"padding").digest(padding)
    return data + b"\xfc\xff\xfc\xffOB\0\0" + len(noise).to_bytes(4, "little") + noise
